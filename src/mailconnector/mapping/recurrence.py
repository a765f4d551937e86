"""Recurrence patterns of items and MAPI's blobs of them ([MS-OXOCAL] 2.2.1.44)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from mailconnector.items.appointment import Busy, ChangedInstance
from mailconnector.items.recurrence import Frequency, Recurrence
from mailconnector.items.zones import LocalTime
from mailconnector.mapi import recurrence as blob
from mailconnector.mapi.recurrence import (
    NEVER_ENDS,
    AppointmentRecurrence,
    EndType,
    ExceptionInfo,
    ExtendedException,
    OverrideFlags,
    PatternType,
    RecurrenceFormatError,
    RecurrencePattern,
    minutes_of,
    moment_of,
)

_DAY_MINUTES = 24 * 60
_WEEK_MINUTES = 7 * _DAY_MINUTES
_LAST_POSITION = 5
_WITHOUT_END_COUNT = 10

_FREQUENCIES: dict[int, Frequency] = {
    blob.Frequency.DAILY: Frequency.DAILY,
    blob.Frequency.WEEKLY: Frequency.WEEKLY,
    blob.Frequency.MONTHLY: Frequency.MONTHLY,
    blob.Frequency.YEARLY: Frequency.YEARLY,
}
_STORED_FREQUENCIES = {frequency: number for number, frequency in _FREQUENCIES.items()}
_HIJRI = {
    PatternType.MONTH: PatternType.HIJRI_MONTH,
    PatternType.MONTH_NTH: PatternType.HIJRI_MONTH_NTH,
    PatternType.MONTH_END: PatternType.HIJRI_MONTH_END,
}
_GREGORIAN = {hijri: gregorian for gregorian, hijri in _HIJRI.items()}


def read_pattern(pattern: RecurrencePattern) -> Recurrence | None:
    """Return the recurrence of a pattern; None when it has values that no recurrence has."""
    frequency = _FREQUENCIES.get(pattern.frequency)
    if frequency is None or pattern.period < 1:
        return None
    kind = PatternType(pattern.pattern_type)
    interval = _interval(frequency, kind, pattern.period)
    if interval is None:
        return None
    count: int | None = None
    until: date | None = None
    if pattern.end_type == EndType.COUNT:
        count = pattern.count
    elif pattern.end_type == EndType.DATE:
        try:
            until = moment_of(pattern.end).date()
        except RecurrenceFormatError:
            return None
    monthly = _GREGORIAN.get(kind, kind)
    return Recurrence(
        frequency,
        interval,
        weekdays=tuple([day for day in range(7) if pattern.days >> day & 1]),
        month_day=-1 if monthly is PatternType.MONTH_END else pattern.day,
        position=-1 if pattern.nth == _LAST_POSITION else pattern.nth,
        count=count,
        until=until,
        first_weekday=pattern.first_weekday if pattern.first_weekday < 7 else 0,
        calendar=pattern.calendar_type,
        hijri=kind in _GREGORIAN,
        regenerating=pattern.sliding != 0,
    )


def _interval(frequency: Frequency, kind: PatternType, period: int) -> int | None:
    """Return the interval that a period says; None when it says none, or type and frequency do not agree."""
    if kind is PatternType.DAY:
        return period // _DAY_MINUTES if frequency is Frequency.DAILY and period % _DAY_MINUTES == 0 else None
    if kind is PatternType.WEEK:
        return period if frequency in (Frequency.DAILY, Frequency.WEEKLY) else None
    if frequency is Frequency.YEARLY:
        return period // 12 if period % 12 == 0 else None
    return period if frequency is Frequency.MONTHLY else None


def make_pattern(
    recurrence: Recurrence, first: date, deleted: tuple[date, ...] = (), changed: tuple[ChangedInstance, ...] = ()
) -> RecurrencePattern:
    """Return the pattern of a recurrence.

    Args:
        recurrence: The recurrence.
        first: The day of the first instance.
        deleted: Days without an instance.
        changed: Changed instances.

    Raises:
        RecurrenceFormatError: A value has no room in a pattern.
    """
    kind = _kind(recurrence)
    period = recurrence.interval
    if kind is PatternType.DAY:
        period *= _DAY_MINUTES
    elif recurrence.frequency is Frequency.YEARLY:
        period *= 12
    end_type, count = EndType.NEVER, _WITHOUT_END_COUNT
    if recurrence.count is not None:
        end_type, count = EndType.COUNT, recurrence.count
    elif recurrence.until is not None:
        end_type = EndType.DATE
        count = sum(1 for _ in _bounded(recurrence, first))
    last = recurrence.last_day(first)
    gone = sorted({*deleted, *(one.original.moment.date() for one in changed)})
    return RecurrencePattern(
        frequency=_STORED_FREQUENCIES[recurrence.frequency],
        pattern_type=_HIJRI[kind] if recurrence.hijri and kind in _HIJRI else kind,
        calendar_type=recurrence.calendar,
        first_date_time=_first_date_time(recurrence, kind, period, first),
        period=period,
        sliding=1 if recurrence.regenerating else 0,
        days=sum(1 << day for day in recurrence.weekdays),
        day=31 if recurrence.month_day == -1 else recurrence.month_day,
        nth=_LAST_POSITION if recurrence.position == -1 else recurrence.position,
        end_type=end_type,
        count=count,
        first_weekday=recurrence.first_weekday,
        deleted=tuple(map(_midnight, gone)),
        modified=tuple(sorted(_midnight(one.start.moment.date()) for one in changed)),
        start=_midnight(first),
        end=NEVER_ENDS if last is None else _midnight(last),
    )


def _bounded(recurrence: Recurrence, first: date) -> list[date]:
    days = []
    for day in recurrence.days(first):
        days.append(day)
        if len(days) >= 999:
            break
    return days


def _kind(recurrence: Recurrence) -> PatternType:
    if recurrence.frequency is Frequency.DAILY:
        return PatternType.WEEK if recurrence.weekdays else PatternType.DAY
    if recurrence.frequency is Frequency.WEEKLY:
        return PatternType.WEEK
    if recurrence.position:
        return PatternType.MONTH_NTH
    return PatternType.MONTH_END if recurrence.month_day == -1 else PatternType.MONTH


def _first_date_time(recurrence: Recurrence, kind: PatternType, period: int, first: date) -> int:
    """Return the base from which periods are counted ([MS-OXOCAL] 2.2.1.44.1, FirstDateTime)."""
    if recurrence.regenerating or period < 1:
        return 0
    if kind is PatternType.DAY:
        return _midnight(first) % period
    if kind is PatternType.WEEK:
        week = _midnight(first) - (first.isoweekday() - recurrence.first_weekday) % 7 * _DAY_MINUTES
        return week % (period * _WEEK_MINUTES)
    months = ((first.year - 1601) * 12 + first.month - 1) % period
    return _midnight(date(1601 + months // 12, months % 12 + 1, 1))


def _midnight(day: date) -> int:
    return minutes_of(datetime(day.year, day.month, day.day))


def read_appointment(data: bytes) -> tuple[Recurrence, tuple[date, ...], tuple[ChangedInstance, ...]] | None:
    """Return (recurrence, deleted days, changed instances) of PidLidAppointmentRecur; None when it is malformed."""
    try:
        parsed = blob.parse_appointment(data)
        pattern = parsed.pattern if isinstance(parsed, AppointmentRecurrence) else parsed
        recurrence = read_pattern(pattern)
        infos = parsed.exceptions if isinstance(parsed, AppointmentRecurrence) else ()
        changed = tuple(sorted(map(_read_info, infos), key=lambda one: one.original.moment))
        gone = {moment_of(one).date() for one in pattern.deleted}
    except RecurrenceFormatError:
        return None
    if recurrence is None:
        return None
    return recurrence, tuple(sorted(gone - {one.original.moment.date() for one in changed})), changed


def _read_info(info: ExceptionInfo) -> ChangedInstance:
    extended = info.extended
    return ChangedInstance(
        LocalTime(moment_of(info.original_start)),
        LocalTime(moment_of(info.start)),
        LocalTime(moment_of(info.end)),
        subject=_text(info.subject, extended.subject if extended else None),
        location=_text(info.location, extended.location if extended else None),
        busy=Busy(info.busy_status) if info.busy_status in set(Busy) else None,
        has_reminder=None if info.reminder_set is None else info.reminder_set != 0,
        reminder_minutes=info.reminder_delta,
        all_day=None if info.sub_type is None else info.sub_type != 0,
        label=info.color,
        state=info.meeting_type,
        has_attachments=None if info.attachment is None else info.attachment != 0,
        has_body=info.has_body,
    )


def _text(narrow: bytes | None, wide: str | None) -> str | None:
    if narrow is None:
        return None
    return (narrow.decode("cp1252", "replace") if wide is None else wide).replace("\0", "")


def appointment_bytes(
    recurrence: Recurrence,
    start: datetime,
    end: datetime,
    deleted: tuple[date, ...],
    changed: tuple[ChangedInstance, ...],
) -> bytes:
    """Return PidLidAppointmentRecur.

    Args:
        recurrence: The recurrence.
        start: Naive start of the first instance, by the clocks of its zone.
        end: Its end.
        deleted: Days without an instance.
        changed: Changed instances, which stand in the order of their new starts.

    Raises:
        RecurrenceFormatError: A value has no room in the blob.
    """
    midnight = datetime(start.year, start.month, start.day)
    minute = timedelta(minutes=1)
    return AppointmentRecurrence(
        make_pattern(recurrence, start.date(), deleted, changed),
        (start - midnight) // minute,
        (end - midnight) // minute,
        tuple([_info(one) for one in sorted(changed, key=lambda one: one.start.moment)]),
    ).to_bytes()


def _info(one: ChangedInstance) -> ExceptionInfo:
    times = (minutes_of(one.start.moment), minutes_of(one.end.moment), minutes_of(one.original.moment))
    texts = one.subject is not None or one.location is not None
    return ExceptionInfo(
        *times,
        subject=_narrow(one.subject),
        meeting_type=one.state,
        reminder_delta=one.reminder_minutes,
        reminder_set=None if one.has_reminder is None else int(one.has_reminder),
        location=_narrow(one.location),
        busy_status=one.busy,
        attachment=None if one.has_attachments is None else int(one.has_attachments),
        sub_type=None if one.all_day is None else int(one.all_day),
        color=one.label,
        other_flags=OverrideFlags.BODY if one.has_body else 0,
        extended=ExtendedException(
            times=times if texts else (0, 0, 0), subject=one.subject or "", location=one.location or ""
        ),
    )


def _narrow(text: str | None) -> bytes | None:
    return None if text is None else text.encode("cp1252", "replace")
