"""Appointments read from the events of a calendar ([RFC 5545] 3.6.1, [MS-OXCICAL])."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from mailconnector.formats.calendar.fields import OwnField, read_fields
from mailconnector.formats.calendar.lines import CalendarFormatError, Component, Line
from mailconnector.formats.calendar.mail import in_minutes, read_alarm, read_mail, read_person
from mailconnector.formats.calendar.patterns import read_kept
from mailconnector.formats.calendar.rules import counted_out, instances_of, pattern_of, rule_of
from mailconnector.formats.calendar.values import Moment, duration_of, moment_of
from mailconnector.formats.calendar.zones import ZONE_NAME, Zones
from mailconnector.items import Mail, Sensitivity
from mailconnector.items.appointment import (
    Appointment,
    Attendee,
    Busy,
    ChangedInstance,
    Reminder,
    Response,
    Role,
    When,
)
from mailconnector.items.recurrence import Recurrence
from mailconnector.items.zones import UTC_ZONE, LocalTime, Zone

APPOINTMENT = "IPM.Appointment"
REQUEST, CANCELED = "IPM.Schedule.Meeting.Request", "IPM.Schedule.Meeting.Canceled"
ANSWER = "IPM.Schedule.Meeting.Resp."
INSTANCE = "IPM.OLE.CLASS.{00061055-0000-0000-C000-000000000046}"

ANSWERS = {
    "ACCEPTED": (Response.ACCEPTED, "Pos"),
    "DECLINED": (Response.DECLINED, "Neg"),
    "TENTATIVE": (Response.TENTATIVE, "Tent"),
}
BUSY = {
    "FREE": Busy.FREE,
    "TENTATIVE": Busy.TENTATIVE,
    "BUSY": Busy.BUSY,
    "OOF": Busy.OUT_OF_OFFICE,
    "WORKINGELSEWHERE": Busy.ELSEWHERE,
}
OWN_FIELDS = (
    OwnField("label", "X-MAILCONNECTOR-LABEL", int),
    OwnField("response", "X-MAILCONNECTOR-RESPONSE", Response),
    OwnField("replied", "X-MAILCONNECTOR-REPLIED", datetime),
    OwnField("replied_by", "X-MAILCONNECTOR-REPLIED-BY", str),
    OwnField("is_received", "X-MAILCONNECTOR-RECEIVED", bool),
    OwnField("was_sent", "X-MAILCONNECTOR-SENT", bool),
    OwnField("pattern_text", "X-MAILCONNECTOR-PATTERN-TEXT", str),
    OwnField("proposed_start", "X-MAILCONNECTOR-PROPOSED-START", datetime),
    OwnField("proposed_end", "X-MAILCONNECTOR-PROPOSED-END", datetime),
)
MEETING = OwnField("is_meeting", "X-MAILCONNECTOR-MEETING", bool)
"""Said where it does not follow from the attendees."""
PRIVATE = OwnField("private", "X-MAILCONNECTOR-PRIVATE", bool)
"""Said where it does not follow from the class."""
REMINDER_FIELDS = (
    OwnField("due", "X-MAILCONNECTOR-DUE", datetime),
    OwnField("overrides", "X-MAILCONNECTOR-OVERRIDES", bool),
    OwnField("plays_sound", "X-MAILCONNECTOR-PLAYS-SOUND", bool),
    OwnField("sound", "X-MAILCONNECTOR-SOUND", str),
)
REPLY_TIME = "X-MS-OLK-RESPTIME"

_DAY = timedelta(days=1)
_MOST_DATES = 5000
_MOST_INSTANCES = 2000
_MOST_PEOPLE = 10_000
_LARGEST_SEQUENCE = 0x7FFFFFFF


@dataclass(frozen=True, slots=True)
class Times:
    """When an event is.

    Attributes:
        start: Its start; None when it says none.
        end: Its end.
        zone: By whose clocks it is meant.
        end_zone: By whose its end is; None for the same.
    """

    start: Moment | None
    end: When | None
    zone: Zone | None
    end_zone: Zone | None

    def local(self) -> datetime | None:
        """Return the naive start by the clocks of the zone."""
        return None if self.start is None else self.start.by(self.zone).replace(microsecond=0)


def appointment(master: Component, overrides: Iterable[Component], method: str, zones: Zones) -> Appointment:
    """Return the appointment of the events of one UID.

    Args:
        master: The series, or the single event.
        overrides: Events of its instances.
        method: METHOD of the calendar, in capitals.
        zones: The calendar's.

    Raises:
        CalendarFormatError: It says in no way that can be read when it begins.
    """
    begins = master.first("DTSTART")
    if begins is not None and _moment(begins, zones) is None:
        raise CalendarFormatError(f"an event begins at {begins.value!r:.60}, which is no time")
    item, times = _single(master, method, zones)
    start = times.local()
    if start is None:
        return item
    changes = [(moment, part) for part in overrides if (moment := _moment(master_id(part), zones, start.year))]
    item, deleted, moved = _with_series(item, master, times, zones, [one.by(item.zone) for one, _ in changes])
    if item.recurrence is None:
        return item
    days = {one.original.moment.date(): one for one in moved}
    for moment, part in changes[:_MOST_INSTANCES]:
        original = LocalTime(datetime.combine(moment.by(item.zone).date(), start.time()))
        changed = _changed(original, part, item, zones)
        if changed is not None:
            days[original.moment.date()] = changed
    changed_days = tuple([days[day] for day in sorted(days)])
    return replace(item, deleted=tuple([day for day in deleted if day not in days]), changed=changed_days)


def master_id(component: Component) -> Line | None:
    """Return the property that says which instance an event is."""
    return component.first("RECURRENCE-ID")


def _single(component: Component, method: str, zones: Zones) -> tuple[Appointment, Times]:
    """Return an event without its series, and when it is."""
    times = _times(component, zones)
    mail = read_mail(component, APPOINTMENT)
    attendees = _attendees(component)
    organizer = component.first("ORGANIZER")
    author = None if organizer is None else read_person(organizer)
    sender = None
    if organizer is not None and organizer.parameter("SENT-BY"):
        sender = read_person(Line("ORGANIZER", organizer.parameter("SENT-BY")))
    busy, intended = _busy(component)
    status = component.text("STATUS").strip().upper()
    item = Appointment(
        replace(mail, author=author, sender=sender),
        start=None if times.start is None else times.start.when(),
        end=times.end,
        zone=times.zone,
        end_zone=times.end_zone,
        location=component.text("LOCATION").replace("\n", ", "),
        busy=busy,
        intended_busy=intended,
        reminder=_reminder(component, times),
        attendees=attendees,
        is_meeting=bool(attendees),
        is_cancelled=status == "CANCELLED" or method == "CANCEL",
        sequence=_sequence(component),
        uid=component.text("UID").strip(),
        instance=_instance(component, zones, times),
        is_counter_proposal=method == "COUNTER",
        may_propose=component.text("X-MICROSOFT-DISALLOW-COUNTER").strip().upper() != "TRUE",
        private=is_private(mail),
    )
    item = replace(item, **read_fields(component, (*OWN_FIELDS, MEETING, PRIVATE)))
    return _message(item, method), times


def _message(item: Appointment, method: str) -> Appointment:
    """Return an event as the message that a METHOD makes of it ([RFC 5546])."""
    if not item.is_meeting:
        return item
    message_class = {"REQUEST": REQUEST, "CANCEL": CANCELED}.get(method, APPOINTMENT)
    if method in ("REPLY", "COUNTER"):
        answering = next((one for one in item.attendees if not one.is_organizer), None)
        if answering is None:
            return item
        endings = dict(ANSWERS.values())
        ending = endings.get(answering.response, "Tent")
        organizers = tuple([one for one in item.attendees if one.is_organizer])
        mail = replace(item.mail, message_class=ANSWER + ending, author=answering.address)
        return replace(item, mail=mail, attendees=organizers)
    return replace(item, mail=replace(item.mail, message_class=message_class))


# -- Times -------------------------------------------------------------------------------------------------------------


def _moment(line: Line | None, zones: Zones, year: int | None = None) -> Moment | None:
    if line is None:
        return None
    moment = moment_of(line.value)
    tzid = line.parameter("TZID")
    if moment is None or moment.is_day or moment.is_utc or not tzid:
        return moment
    return replace(moment, zone=zones.zone(tzid, moment.local.year if year is None else year), tzid=tzid)


def _times(component: Component, zones: Zones) -> Times:
    start = _moment(component.first("DTSTART"), zones)
    if start is None:
        return Times(None, None, None, None)
    named = zones.zone(component.text(ZONE_NAME).strip(), start.local.year)
    zone = start.zone or named
    if zone is None and start.is_utc and _is_series(component):
        zone = UTC_ZONE
    end = _moment(component.first("DTEND"), zones, start.local.year)
    begins = start.when()
    if end is not None and end.is_day == start.is_day:
        ends = end.when()
    else:
        ends = _later(begins, duration_of(component.text("DURATION")), start)
        end = None
    if type(ends) is not type(begins) or _order(ends) < _order(begins) or (start.is_day and ends == begins):
        ends = _later(begins, None, start)
    end_zone = end.zone if end is not None and end.tzid != start.tzid else None
    return Times(start, ends, zone, None if end_zone == zone else end_zone)


def _is_series(component: Component) -> bool:
    return any(component.first(name) for name in ("RRULE", "RDATE", "RECURRENCE-ID"))


def _later(begins: When, duration: timedelta | None, start: Moment) -> When:
    """Return the end of an event that does not say one; of whole days the day after, without a duration."""
    if duration is None or duration < timedelta():
        duration = _DAY if start.is_day else timedelta()
    try:
        if isinstance(begins, LocalTime):
            return LocalTime(begins.moment + duration)
        if isinstance(begins, datetime):
            # Days of a duration are those of the calendar, which the clocks may make longer.
            days, rest = timedelta(days=duration.days), timedelta(seconds=duration.seconds)
            if start.zone is None or not days:
                return begins + duration
            return start.zone.to_utc(start.zone.to_local(begins) + days) + rest
        return begins + max(duration, _DAY)
    except OverflowError:
        return begins


def _order(when: When) -> datetime:
    if isinstance(when, LocalTime):
        return when.moment
    if isinstance(when, datetime):
        return when.astimezone(UTC).replace(tzinfo=None)
    return datetime(when.year, when.month, when.day)


def _instance(component: Component, zones: Zones, times: Times) -> date | None:
    moment = _moment(master_id(component), zones)
    return None if moment is None else moment.by(times.zone).date()


# -- Series ------------------------------------------------------------------------------------------------------------


def _with_series(
    item: Appointment, master: Component, times: Times, zones: Zones, overridden: list[datetime]
) -> tuple[Appointment, tuple[date, ...], tuple[ChangedInstance, ...]]:
    """Return (the item with its recurrence, days deleted, instances at another time of day)."""
    start = times.local()
    rules = [line.value for line in master.all("RRULE") if line.value.strip()]
    extra = _dates(master.all("RDATE"), times, zones)
    if start is None or master_id(master) is not None:
        return item, (), ()
    zone = None if times.start is None or times.start.is_day else item.zone
    gone = _dates(master.all("EXDATE"), times, zones)
    kept = read_kept(master, start.date())
    if kept is not None and not extra:
        return replace(item, recurrence=kept), _deleted(gone, start), ()
    if not rules and not extra:
        return item, (), ()
    rule = rule_of(rules[0]) if len(rules) == 1 else None
    pattern = None if rule is None or extra or master.first("EXRULE") else pattern_of(rule, start, zone)
    if pattern is not None and _all_known(pattern, start, overridden):
        return replace(item, recurrence=pattern), _deleted(gone, start), ()
    starts = [one for value in rules[:10] if (read := rule_of(value)) for one in instances_of(read, start, zone)]
    excluded = {
        one
        for line in master.all("EXRULE")[:10]
        if (read := rule_of(line.value))
        for one in instances_of(read, start, zone)
    }
    days_gone = {moment.date() for moment, is_day in gone if is_day}
    excluded |= {moment for moment, is_day in gone if not is_day}
    starts = [*starts, start, *(moment for moment, _ in extra)]
    starts = [one for one in starts if one not in excluded and one.date() not in days_gone]
    found = counted_out([*starts, *overridden], start)
    if found is None:
        return item, (), ()
    lengths = _period_lengths(master.all("RDATE"), times, zones)
    of_its_own = {LocalTime(one): LocalTime(one) for one in lengths if one.time() == start.time()}
    length = _length(item)
    moved = tuple(
        [
            ChangedInstance(original, now, LocalTime(now.moment + lengths.get(now.moment, length)))
            for original, now in sorted((of_its_own | dict(found.moved)).items(), key=lambda one: one[0].moment)
        ]
    )
    deleted = found.deleted
    if start not in (*starts, *overridden):
        deleted = (start.date(), *deleted)
    return replace(item, recurrence=found.recurrence), deleted, moved


def _all_known(pattern: Recurrence, start: datetime, overridden: list[datetime]) -> bool:
    """Tell whether all instances that have events of their own are days of a pattern."""
    wanted = {one.date() for one in overridden}
    if not wanted:
        return True
    last = max(wanted)
    for day in pattern.days(start.date()):
        if day > last:
            break
        wanted.discard(day)
    return not wanted


def _deleted(gone: list[tuple[datetime, bool]], start: datetime) -> tuple[date, ...]:
    return tuple(sorted({moment.date() for moment, is_day in gone if is_day or moment.time() == start.time()}))


def _dates(lines: list[Line], times: Times, zones: Zones) -> list[tuple[datetime, bool]]:
    """Return (naive start by the series' clocks, whether a whole day is meant) of RDATE or EXDATE."""
    found: list[tuple[datetime, bool]] = []
    start = times.local()
    for line in lines:
        for value in line.value.split(","):
            moment = _moment(replace(line, value=value.partition("/")[0]), zones, None if start is None else start.year)
            if moment is None or len(found) >= _MOST_DATES:
                continue
            is_day = moment.is_day and times.start is not None and not times.start.is_day
            found.append((moment.by(times.zone).replace(microsecond=0), is_day))
    return found


def _length(item: Appointment) -> timedelta:
    if item.start is None or item.end is None:
        return timedelta()
    return max(_order(item.end) - _order(item.start), timedelta())


def _period_lengths(lines: list[Line], times: Times, zones: Zones) -> dict[datetime, timedelta]:
    """Return how long the instances of RDATE are that say so themselves."""
    found: dict[datetime, timedelta] = {}
    for line in lines:
        for value in line.value.split(",")[:_MOST_DATES]:
            begin, _, end = value.partition("/")
            first, last = (_moment(replace(line, value=one), zones) for one in (begin, end))
            if first is None or first.is_day:
                continue
            local = first.by(times.zone)
            length = duration_of(end) if last is None else last.by(times.zone) - local
            if length is not None and length >= timedelta():
                found[local] = length
    return found


def _changed(original: LocalTime, part: Component, series: Appointment, zones: Zones) -> ChangedInstance | None:
    """Return a changed instance of a series."""
    single, own = _single(part, "", zones)
    if own.start is None:
        start, length = original, _length(series)
        single = replace(single, start=series.start, end=series.end)
        all_day = None
    else:
        start, length = LocalTime(own.start.by(series.zone)), _length(single)
        all_day = single.is_all_day if single.is_all_day != series.is_all_day else None
    try:
        end = LocalTime(start.moment + length)
    except OverflowError:
        return None
    reminder = single.reminder
    had = series.reminder
    has_body = (single.mail.text, single.mail.html) != (series.mail.text, series.mail.html)
    differs = has_body or _people(single) != _people(series) or single.mail.attachments != series.mail.attachments
    differs = differs or single.mail.flags.keywords != series.mail.flags.keywords
    item = None
    if differs:
        mail = replace(single.mail, message_class=INSTANCE, date=None)
        item = replace(
            single,
            mail=mail,
            uid=series.uid,
            instance=original.moment.date(),
            zone=series.zone,
        )
    return ChangedInstance(
        original,
        start,
        end,
        subject=_unless(single.mail.subject, series.mail.subject),
        location=_unless(single.location, series.location),
        busy=None if single.busy is series.busy else single.busy,
        has_reminder=None if (reminder is None) == (had is None) else reminder is not None,
        reminder_minutes=None if reminder is None or (had and had.minutes == reminder.minutes) else reminder.minutes,
        all_day=all_day,
        label=None if single.label == series.label else single.label,
        has_attachments=None if not single.mail.attachments else True,
        has_body=has_body,
        item=item,
    )


def _people(item: Appointment) -> list[tuple[str, Role, Response]]:
    return [(one.address.email.casefold(), one.role, one.response) for one in item.attendees]


def _unless(own: str, series: str) -> str | None:
    return None if own == series else own


def is_private(mail: Mail) -> bool:
    """Tell whether an item of a sensitivity is a private one."""
    return mail.sensitivity in (Sensitivity.PRIVATE, Sensitivity.CONFIDENTIAL)


# -- What is said of it ------------------------------------------------------------------------------------------------


def _busy(component: Component) -> tuple[Busy, Busy | None]:
    intended = BUSY.get(component.text("X-MICROSOFT-CDO-INTENDEDSTATUS").strip().upper())
    said = BUSY.get(component.text("X-MICROSOFT-CDO-BUSYSTATUS").strip().upper())
    shown = component.text("TRANSP").strip().upper()
    if (shown == "TRANSPARENT" and said is not Busy.FREE) or (shown == "OPAQUE" and said is Busy.FREE):
        # Who knows the standard property alone has changed that.
        said = None
    if said is None:
        if shown == "TRANSPARENT":
            said = Busy.FREE
        elif component.text("STATUS").strip().upper() == "TENTATIVE":
            said = Busy.TENTATIVE
    return Busy.BUSY if said is None else said, intended


def _reminder(component: Component, times: Times) -> Reminder | None:
    start = None
    if times.start is not None:
        when = times.start.when()
        start = when if isinstance(when, datetime) else times.start.local.replace(tzinfo=UTC)
    end = None if times.end is None else _order(times.end).replace(tzinfo=UTC)
    before = read_alarm(component, start, end)
    if isinstance(before, datetime):
        before = None if start is None else start - before
    if before is None:
        return None
    said = [read_fields(part, REMINDER_FIELDS) for part in component.parts if part.name == "VALARM"]
    return replace(Reminder(in_minutes(before)), **said[0])


def _sequence(component: Component) -> int:
    text = component.text("SEQUENCE").strip()
    return min(int(text), _LARGEST_SEQUENCE) if text.isdecimal() and len(text) < 12 else 0


def _attendees(component: Component) -> tuple[Attendee, ...]:
    organizer = component.first("ORGANIZER")
    leader = None if organizer is None else read_person(organizer)
    found: dict[str, Attendee] = {}
    for line in component.all("ATTENDEE")[:_MOST_PEOPLE]:
        attendee = _attendee(line)
        key = attendee.address.email.casefold() or attendee.address.name
        if leader is not None and key == (leader.email.casefold() or leader.name):
            attendee = replace(attendee, is_organizer=True, response=Response.ORGANIZER)
        if key:
            found.setdefault(key, attendee)
    people = list(found.values())
    if leader is not None and not any(one.is_organizer for one in people):
        people.insert(0, Attendee(leader, is_organizer=True, response=Response.ORGANIZER))
    return tuple(people)


def _attendee(line: Line) -> Attendee:
    kind, role = line.parameter("CUTYPE").upper(), line.parameter("ROLE").upper()
    if kind in ("RESOURCE", "ROOM"):
        as_what = Role.RESOURCE
    else:
        as_what = Role.OPTIONAL if role in ("OPT-PARTICIPANT", "NON-PARTICIPANT") else Role.REQUIRED
    status = line.parameter("PARTSTAT").upper()
    response = ANSWERS[status][0] if status in ANSWERS else Response.NONE
    if status == "NEEDS-ACTION":
        response = Response.NOT_RESPONDED
    moment = moment_of(line.parameter(REPLY_TIME))
    when = None if moment is None else moment.when()
    return Attendee(read_person(line), as_what, False, response, when if isinstance(when, datetime) else None)
