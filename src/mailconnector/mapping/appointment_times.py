"""When an appointment is: its time zone, its series, its times and its reminder ([MS-OXOCAL] 2.2.1.5 and following)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from mailconnector.items.appointment import Appointment, Reminder, When
from mailconnector.items.recurrence import Frequency
from mailconnector.items.zones import UTC_ZONE, LocalTime, Zone
from mailconnector.mapi import named, reading, tags
from mailconnector.mapi.objects import Properties, PropertyKey
from mailconnector.mapi.recurrence import RecurrenceFormatError
from mailconnector.mapi.timezones import TimeZoneFormatError
from mailconnector.mapi.types import PropertyType
from mailconnector.mapping import own
from mailconnector.mapping.appointment_groups import PropertyGroup
from mailconnector.mapping.attachments import file_time_of
from mailconnector.mapping.recurrence import appointment_bytes, read_appointment
from mailconnector.mapping.zones import definition_bytes, struct_bytes, zone_of_definition, zone_of_struct

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_SERIES_WITHOUT_END = datetime(4500, 8, 31, 23, 59, tzinfo=UTC)

FLOATING = own.tag("FloatingTime", PropertyType.BOOLEAN)
"""The times are those of no zone; they are stored as if they were UTC's."""


_ZONE_KEYS: frozenset[PropertyKey] = frozenset(
    {
        named.PidLidTimeZoneStruct,
        named.PidLidTimeZoneDescription,
        named.PidLidAppointmentTimeZoneDefinitionRecur,
        named.PidLidAppointmentTimeZoneDefinitionStartDisplay,
        named.PidLidAppointmentTimeZoneDefinitionEndDisplay,
    }
)


def _read_zone(source: Properties, item: Appointment) -> Appointment:
    description = reading.text(source, named.PidLidTimeZoneDescription)
    series = zone_of_definition(
        reading.data(source, named.PidLidAppointmentTimeZoneDefinitionRecur), description
    ) or zone_of_struct(reading.data(source, named.PidLidTimeZoneStruct), description)
    start = zone_of_definition(reading.data(source, named.PidLidAppointmentTimeZoneDefinitionStartDisplay), description)
    end = zone_of_definition(reading.data(source, named.PidLidAppointmentTimeZoneDefinitionEndDisplay), description)
    zone = series or start
    return replace(item, zone=zone, end_zone=None if end in (start, zone) else end)


def _make_zone(item: Appointment) -> Properties:
    zone = item.zone
    if zone is None:
        return {}
    try:
        properties: Properties = {
            named.PidLidAppointmentTimeZoneDefinitionStartDisplay: definition_bytes(zone, recurring=False),
            named.PidLidAppointmentTimeZoneDefinitionEndDisplay: definition_bytes(
                item.end_zone or zone, recurring=False
            ),
        }
        if item.recurrence is not None:
            properties[named.PidLidAppointmentTimeZoneDefinitionRecur] = definition_bytes(zone, recurring=True)
            properties[named.PidLidTimeZoneStruct] = struct_bytes(zone)
    except TimeZoneFormatError:
        # A zone whose name or offsets no blob has room for; the times are right in UTC all the same.
        return {}
    properties[named.PidLidTimeZoneDescription] = zone.description
    return properties


# -- Recurrence --------------------------------------------------------------------------------------------------------

_RECURRENCE_KEYS: frozenset[PropertyKey] = frozenset(
    {
        named.PidLidAppointmentRecur,
        named.PidLidRecurring,
        named.PidLidRecurrenceType,
        named.PidLidRecurrencePattern,
        named.PidLidIsRecurring,
    }
)
_RECURRENCE_TYPES = {Frequency.DAILY: 1, Frequency.WEEKLY: 2, Frequency.MONTHLY: 3, Frequency.YEARLY: 4}


def _read_recurrence(source: Properties, item: Appointment) -> Appointment:
    text = reading.text(source, named.PidLidRecurrencePattern)
    found = read_appointment(reading.data(source, named.PidLidAppointmentRecur))
    if found is None:
        return replace(item, recurrence=None, deleted=(), changed=(), pattern_text=text)
    recurrence, deleted, changed = found
    items = {one.original: one for one in item.changed}
    changed = tuple(
        [
            replace(one, item=items[one.original].item, leftover=items[one.original].leftover)
            if one.original in items
            else one
            for one in changed
        ]
    )
    return replace(item, recurrence=recurrence, deleted=deleted, changed=changed, pattern_text=text)


def _make_recurrence(item: Appointment) -> Properties:
    properties: Properties = {
        named.PidLidRecurring: item.recurrence is not None,
        named.PidLidIsRecurring: item.recurrence is not None,
        named.PidLidRecurrencePattern: item.pattern_text,
    }
    if item.recurrence is None or item.start is None:
        return properties
    start = _local(item.start, item.zone)
    end = _local(item.start if item.end is None else item.end, item.zone)
    try:
        properties[named.PidLidAppointmentRecur] = appointment_bytes(
            item.recurrence, start, end, item.deleted, item.changed
        )
    except RecurrenceFormatError:
        return {**properties, named.PidLidRecurring: False, named.PidLidIsRecurring: False}
    properties[named.PidLidRecurrenceType] = _RECURRENCE_TYPES[item.recurrence.frequency]
    return properties


# -- Times -------------------------------------------------------------------------------------------------------------

_TIME_KEYS: frozenset[PropertyKey] = frozenset(
    {
        named.PidLidAppointmentStartWhole,
        named.PidLidAppointmentEndWhole,
        named.PidLidAppointmentDuration,
        named.PidLidAppointmentSubType,
        named.PidLidCommonStart,
        named.PidLidCommonEnd,
        named.PidLidClipStart,
        named.PidLidClipEnd,
        tags.PidTagStartDate,
        tags.PidTagEndDate,
        FLOATING,
    }
)


def _read_times(source: Properties, item: Appointment) -> Appointment:
    start = reading.moment(source, named.PidLidAppointmentStartWhole)
    start = start or reading.moment(source, named.PidLidCommonStart) or reading.moment(source, tags.PidTagStartDate)
    end = reading.moment(source, named.PidLidAppointmentEndWhole)
    end = end or reading.moment(source, named.PidLidCommonEnd) or reading.moment(source, tags.PidTagEndDate) or start
    if start is None or end is None:
        return replace(item, start=None, end=None)
    if reading.truth(source, named.PidLidAppointmentSubType):
        days = _days(start, end, item.zone)
        if days is not None:
            return replace(item, start=days[0], end=days[1])
    if reading.truth(source, FLOATING):
        return replace(item, start=LocalTime(start.replace(tzinfo=None)), end=LocalTime(end.replace(tzinfo=None)))
    return replace(item, start=start, end=end)


def _days(start: datetime, end: datetime, zone: Zone | None) -> tuple[date, date] | None:
    """Return the days of an all-day appointment; None when it does not last from midnight to midnight."""
    try:
        if zone is not None:
            first, last = zone.to_local(start), zone.to_local(end)
            if _is_midnight(first) and _is_midnight(last) and first < last:
                return first.date(), last.date()
            return None
        if start < end and (end - start) % _DAY == timedelta():
            # Midnight in a zone that nobody said: whichever midnight is the nearest.
            return (start + _DAY / 2).date(), (end + _DAY / 2).date()
    except OverflowError:
        return None
    return None


def _is_midnight(moment: datetime) -> bool:
    return moment.time().replace(fold=0) == datetime.min.time()


def _local(when: When, zone: Zone | None) -> datetime:
    """Return a naive local time by the clocks of a zone; without a zone UTC's."""
    if isinstance(when, LocalTime):
        return when.moment
    if isinstance(when, datetime):
        try:
            return (zone or UTC_ZONE).to_local(when).replace(fold=0)
        except OverflowError:
            return when.astimezone(UTC).replace(tzinfo=None)
    return datetime(when.year, when.month, when.day)


def _moment(when: When, zone: Zone | None) -> datetime:
    """Return the aware moment of a time."""
    if isinstance(when, datetime):
        return when
    if isinstance(when, LocalTime):
        return when.moment.replace(tzinfo=UTC)
    midnight = datetime(when.year, when.month, when.day)
    try:
        return (zone or UTC_ZONE).to_utc(midnight)
    except OverflowError:
        return midnight.replace(tzinfo=UTC)


def _make_times(item: Appointment) -> Properties:
    if item.start is None:
        return {}
    start = _moment(item.start, item.zone)
    end = start if item.end is None else _moment(item.end, item.zone)
    begins, ends = file_time_of(start), file_time_of(end)
    if begins is None or ends is None:
        return {}
    properties: Properties = {
        named.PidLidAppointmentStartWhole: begins,
        named.PidLidAppointmentEndWhole: ends,
        named.PidLidCommonStart: begins,
        named.PidLidCommonEnd: ends,
        tags.PidTagStartDate: begins,
        tags.PidTagEndDate: ends,
        named.PidLidAppointmentDuration: max(min((end - start) // _MINUTE, 0x7FFFFFFF), 0),
        named.PidLidAppointmentSubType: item.is_all_day,
        named.PidLidClipStart: begins,
        named.PidLidClipEnd: ends,
    }
    if isinstance(item.start, LocalTime):
        properties[FLOATING] = True
    if item.recurrence is not None:
        first = _local(item.start, item.zone).date()
        last = item.recurrence.last_day(first)
        clips = (_moment(first, item.zone), _SERIES_WITHOUT_END if last is None else _moment(last, item.zone))
        for key, moment in zip((named.PidLidClipStart, named.PidLidClipEnd), clips, strict=True):
            stored = file_time_of(moment)
            if stored is not None:
                properties[key] = stored
    return properties


# -- Reminder ----------------------------------------------------------------------------------------------------------

_REMINDER_KEYS: frozenset[PropertyKey] = frozenset(
    {
        named.PidLidReminderSet,
        named.PidLidReminderDelta,
        named.PidLidReminderTime,
        named.PidLidReminderSignalTime,
        named.PidLidReminderOverride,
        named.PidLidReminderPlaySound,
        named.PidLidReminderFileParameter,
    }
)


def _read_reminder(source: Properties, item: Appointment) -> Appointment:
    if not reading.truth(source, named.PidLidReminderSet):
        return replace(item, reminder=None)
    minutes = reading.number(source, named.PidLidReminderDelta, 15)
    due = reading.moment(source, named.PidLidReminderSignalTime)
    if due is not None and due == _due(item, minutes):
        due = None
    return replace(
        item,
        reminder=Reminder(
            minutes,
            due,
            reading.truth(source, named.PidLidReminderOverride),
            reading.truth(source, named.PidLidReminderPlaySound),
            reading.text(source, named.PidLidReminderFileParameter),
        ),
    )


def _due(item: Appointment, minutes: int) -> datetime | None:
    if item.start is None:
        return None
    try:
        return _moment(item.start, item.zone) - minutes * _MINUTE
    except OverflowError:
        return None


def _make_reminder(item: Appointment) -> Properties:
    reminder = item.reminder
    if reminder is None:
        return {named.PidLidReminderSet: False}
    properties: Properties = {named.PidLidReminderSet: True, named.PidLidReminderDelta: reminder.minutes}
    start = None if item.start is None else file_time_of(_moment(item.start, item.zone))
    due = reminder.due or _due(item, reminder.minutes)
    signal = None if due is None else file_time_of(due)
    if start is not None:
        properties[named.PidLidReminderTime] = start
    if signal is not None:
        properties[named.PidLidReminderSignalTime] = signal
    if reminder.overrides or reminder.plays_sound or reminder.sound:
        properties[named.PidLidReminderOverride] = reminder.overrides
        properties[named.PidLidReminderPlaySound] = reminder.plays_sound
        properties[named.PidLidReminderFileParameter] = reminder.sound
    return properties


# In this order: the times need the zone and the recurrence, the reminder the times.
TIME_GROUPS: tuple[PropertyGroup, ...] = (
    PropertyGroup(_RECURRENCE_KEYS, _read_recurrence, _make_recurrence),
    PropertyGroup(_ZONE_KEYS, _read_zone, _make_zone),
    PropertyGroup(_TIME_KEYS, _read_times, _make_times),
    PropertyGroup(_REMINDER_KEYS, _read_reminder, _make_reminder),
)
