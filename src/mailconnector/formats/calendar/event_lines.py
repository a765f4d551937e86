"""Appointments written as events of a calendar ([RFC 5545] 3.6.1, [RFC 5546], [MS-OXCICAL])."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from mailconnector.formats.calendar.events import (
    ANSWER,
    ANSWERS,
    BUSY,
    CANCELED,
    MEETING,
    OWN_FIELDS,
    PRIVATE,
    REMINDER_FIELDS,
    REPLY_TIME,
    REQUEST,
    is_private,
)
from mailconnector.formats.calendar.fields import put_fields
from mailconnector.formats.calendar.lines import Component, Line
from mailconnector.formats.calendar.mail import alarm, made_uid, person_line, put_mail
from mailconnector.formats.calendar.patterns import put_rule
from mailconnector.formats.calendar.values import when_line, written_email, written_time, written_utc
from mailconnector.formats.calendar.zones import ZONE_NAME, iana_name, tzid_of, zone_component
from mailconnector.items import Address, Importance
from mailconnector.items.appointment import Appointment, Attendee, Busy, ChangedInstance, Reminder, Response, Role, When
from mailconnector.items.zones import UTC_ZONE, LocalTime, Zone

_MINUTE = timedelta(minutes=1)
_STATUS = {Response.ORGANIZER: "ACCEPTED", Response.NOT_RESPONDED: "NEEDS-ACTION"} | {
    response: name for name, (response, _) in ANSWERS.items()
}
_BUSY_NAMES = {busy: name for name, busy in BUSY.items()}
_ROLES = {Role.OPTIONAL: "OPT-PARTICIPANT", Role.RESOURCE: "NON-PARTICIPANT"}
_ENDINGS = {ending.casefold(): name for name, (_, ending) in ANSWERS.items()}


def put_events(calendar: Component, item: Appointment, *, inline: bool, uid: str) -> None:
    """Write an appointment into a calendar: its zones, itself, and its changed instances.

    Args:
        calendar: The VCALENDAR.
        item: The appointment.
        inline: Attached files are written into the calendar.
        uid: The UID of an item that has none; empty for one that is made of its content.
    """
    method = method_of(item)
    if method:
        calendar.add("METHOD", method)
    writer = _Writer(item)
    event = writer.event(item, inline=inline)
    events = [event, *(writer.instance(one, inline=inline) for one in item.changed if item.recurrence is not None)]
    made = item.uid or uid or made_uid(event)
    for one in events:
        one.lines.insert(0, Line("UID", made))
    calendar.parts += [zone_component(tzid, zone) for tzid, zone in sorted(writer.zones.items())]
    calendar.parts += events


def method_of(item: Appointment) -> str:
    """Return the METHOD of a message about a meeting; "" for an appointment."""
    folded = item.message_class.casefold()
    if folded.startswith(REQUEST.casefold()):
        return "REQUEST"
    if folded.startswith(CANCELED.casefold()):
        return "CANCEL"
    if folded.startswith(ANSWER.casefold()):
        return "COUNTER" if item.is_counter_proposal else "REPLY"
    return ""


class _Writer:
    """Writes an appointment and its instances, and remembers the zones that they name."""

    def __init__(self, item: Appointment) -> None:
        self.item = item
        self.zones: dict[str, Zone] = {}
        self.is_floating = isinstance(item.start, LocalTime)
        start = self.local_start()
        self.year = 0 if start is None else start.year

    def tzid(self, zone: Zone | None) -> str:
        """Return the name of a zone, which is defined in the calendar; "" for UTC."""
        if zone is None or zone == UTC_ZONE or not self.year:
            return ""
        name = tzid_of(zone, self.year)
        self.zones[name] = zone
        return name

    def when(self, name: str, when: When, zone: Zone | None) -> Line:
        timed = isinstance(when, datetime)
        return when_line(name, when, zone, self.tzid(zone) if timed else "")

    def event(self, item: Appointment, *, inline: bool) -> Component:
        """Return the series, or the single event."""
        event = Component("VEVENT")
        self.put_times(event, item)
        start = self.local_start()
        if item.recurrence is not None and start is not None:
            zone = None if item.is_all_day or self.is_floating else item.zone
            put_rule(event, item.recurrence, start, is_day=item.is_all_day, zone=zone, floating=self.is_floating)
            event.lines += [self.at("EXDATE", datetime.combine(day, start.time())) for day in item.deleted]
        elif item.instance is not None:
            time = start.time() if start is not None else datetime.min.time()
            event.lines.append(self.at("RECURRENCE-ID", datetime.combine(item.instance, time)))
        self.put_rest(event, item, inline=inline)
        return event

    def put_times(self, event: Component, item: Appointment) -> None:
        if item.start is None:
            return
        start = self.when("DTSTART", item.start, item.zone)
        event.lines.append(start)
        if item.end is not None:
            event.lines.append(self.when("DTEND", item.end, item.end_zone or item.zone))
        if item.is_all_day:
            event.add("X-MICROSOFT-CDO-ALLDAYEVENT", "TRUE")
        if item.zone is not None and not start.parameter("TZID"):
            name = "UTC" if item.zone == UTC_ZONE else tzid_of(item.zone, self.year)
            if not iana_name(name):
                # Rules that no name says have to stand somewhere.
                self.zones[name] = item.zone
            is_plain = item.zone == UTC_ZONE and item.recurrence is not None and isinstance(item.start, datetime)
            event.add_text(ZONE_NAME, "" if is_plain else name)

    def local_start(self) -> datetime | None:
        start = self.item.start
        return None if start is None else self.local(start)

    def local(self, when: When) -> datetime:
        """Return a naive time by the clocks of the series' zone."""
        if isinstance(when, LocalTime):
            return when.moment
        if isinstance(when, datetime):
            try:
                return (self.item.zone or UTC_ZONE).to_local(when).replace(fold=0)
            except OverflowError:
                return when.replace(tzinfo=None)
        return datetime(when.year, when.month, when.day)

    def moment(self, local: datetime) -> When:
        """Return a naive time by the clocks of the series' zone as items have it."""
        if self.item.is_all_day:
            return local.date()
        return self.timed(local)

    def timed(self, local: datetime) -> When:
        if self.is_floating or self.item.is_all_day:
            return LocalTime(local)
        try:
            return (self.item.zone or UTC_ZONE).to_utc(local)
        except OverflowError:
            return LocalTime(local)

    def at(self, name: str, local: datetime) -> Line:
        """Return a property with a naive time by the clocks of the series' zone, be it one that they leave out."""
        tzid = "" if self.item.is_all_day or self.is_floating else self.tzid(self.item.zone)
        if tzid:
            return Line(name, written_time(local), (("TZID", (tzid,)),))
        return self.when(name, self.moment(local), self.item.zone)

    def instance(self, one: ChangedInstance, *, inline: bool) -> Component:
        """Return a changed instance."""
        event = Component("VEVENT")
        event.lines.append(self.at("RECURRENCE-ID", one.original.moment))
        item = _applied(one, self.item)
        all_day = self.item.is_all_day if one.all_day is None else one.all_day
        start: When = one.start.moment.date() if all_day else self.timed(one.start.moment)
        end: When = one.end.moment.date() if all_day else self.timed(one.end.moment)
        if all_day and start == end:
            end = one.end.moment.date() + timedelta(days=1)
        item = replace(item, start=start, end=end, end_zone=None, zone=self.item.zone)
        self.put_times(event, item)
        self.put_rest(event, item, inline=inline)
        return event

    def put_rest(self, event: Component, item: Appointment, *, inline: bool) -> None:
        put_mail(event, item.mail, inline=inline)
        event.add_text("LOCATION", item.location)
        event.add("TRANSP", "TRANSPARENT" if item.busy is Busy.FREE else "OPAQUE")
        event.add("X-MICROSOFT-CDO-BUSYSTATUS", _BUSY_NAMES[item.busy])
        if item.intended_busy is not None:
            event.add("X-MICROSOFT-CDO-INTENDEDSTATUS", _BUSY_NAMES[item.intended_busy])
        if item.mail.importance is not Importance.NORMAL:
            event.add("X-MICROSOFT-CDO-IMPORTANCE", str(int(item.mail.importance)))
        if item.is_cancelled:
            event.add("STATUS", "CANCELLED")
        elif item.busy is Busy.TENTATIVE:
            event.add("STATUS", "TENTATIVE")
        event.add("SEQUENCE", str(item.sequence))
        if not item.may_propose:
            event.add("X-MICROSOFT-DISALLOW-COUNTER", "TRUE")
        self.put_people(event, item)
        put_fields(event, item, OWN_FIELDS)
        for one, follows in ((MEETING, bool(item.attendees)), (PRIVATE, is_private(item.mail))):
            if getattr(item, one.field) != follows:
                event.add(one.name, one.written(getattr(item, one.field)))
        if item.reminder is not None:
            part = alarm(item.mail.subject, item.reminder.minutes * _MINUTE)
            put_fields(part, item.reminder, REMINDER_FIELDS)
            event.parts.append(part)

    def put_people(self, event: Component, item: Appointment) -> None:
        people = list(item.attendees)
        leader = next((one.address for one in people if one.is_organizer), None)
        folded = item.message_class.casefold()
        if folded.startswith(ANSWER.casefold()):
            # An answer is from an attendee, and its recipient is the organizer.
            leader = leader or next((one.address for one in people), None)
            ending = folded[len(ANSWER) :].partition(".")[0]
            author = item.mail.author or Address()
            status = _ENDINGS.get(ending, "TENTATIVE")
            people = [Attendee(author, response=ANSWERS[status][0])]
        elif leader is None and (item.is_meeting or people):
            leader = item.mail.author
        if leader is not None:
            by = item.mail.sender
            sent_by = written_email(by.email, by.kind) if by is not None and not folded.startswith("ipm.sched") else ""
            event.lines.append(person_line("ORGANIZER", leader, {"SENT-BY": sent_by}))
        event.lines += [_attendee_line(one) for one in people if not one.is_organizer]


def _applied(one: ChangedInstance, series: Appointment) -> Appointment:
    """Return the series as an instance of it has it."""
    mail = series.mail
    item = replace(series, recurrence=None, deleted=(), changed=(), pattern_text="")
    if one.item is not None:
        own = one.item.mail
        mail = replace(
            mail,
            text=own.text if (own.text, own.html) != (None, None) else mail.text,
            html=own.html if (own.text, own.html) != (None, None) else mail.html,
            attachments=own.attachments,
            flags=replace(mail.flags, keywords=own.flags.keywords or mail.flags.keywords),
        )
        item = replace(item, attendees=one.item.attendees or series.attendees)
    if one.subject is not None:
        mail = replace(mail, subject=one.subject)
    reminder = series.reminder
    if one.has_reminder is False:
        reminder = None
    elif one.reminder_minutes is not None or (one.has_reminder and reminder is None):
        minutes = 15 if one.reminder_minutes is None else max(one.reminder_minutes, 0)
        reminder = replace(reminder or Reminder(), minutes=minutes, due=None)
    return replace(
        item,
        mail=mail,
        location=series.location if one.location is None else one.location,
        busy=series.busy if one.busy is None else one.busy,
        label=series.label if one.label is None else one.label,
        reminder=reminder,
    )


def _attendee_line(attendee: Attendee) -> Line:
    status = _STATUS.get(attendee.response, "")
    parameters = {
        "CUTYPE": "RESOURCE" if attendee.role is Role.RESOURCE else "",
        "ROLE": _ROLES.get(attendee.role, "REQ-PARTICIPANT"),
        "PARTSTAT": status,
        "RSVP": "TRUE" if attendee.response in (Response.NONE, Response.NOT_RESPONDED) else "",
        REPLY_TIME: "" if attendee.replied is None else written_utc(attendee.replied),
    }
    return person_line("ATTENDEE", attendee.address, parameters)
