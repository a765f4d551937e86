"""Appointments, tasks and journal entries as calendars, and back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.formats import FormatError, calendar
from mailconnector.formats.calendar.sources import CALENDAR_TEXT
from mailconnector.items import Flags, JournalEntry, Mail, Task
from mailconnector.items.appointment import Appointment, Attendee, ChangedInstance, Response, Role
from mailconnector.items.zones import LocalTime, Zone
from tests.unit.items.appointments import appointments
from tests.unit.items.forms import journal_entries, tasks


def _zone(zone: Zone | None) -> str | None:
    # Which years have rules of their own depends on when the appointment is; what people see of the name is not said.
    return None if zone is None else zone.name


def _mail(mail: Mail) -> Mail:
    leftover = {key: value for key, value in mail.leftover.items() if key != CALENDAR_TEXT}
    return replace(
        mail,
        text=mail.text or None,
        author=None,
        sender=None,
        flags=Flags(keywords=mail.flags.keywords),
        leftover=leftover,
    )


def _people(item: Appointment) -> tuple[Attendee, ...]:
    """Return attendees as a calendar has them: one organizer, before the others; nobody twice or without a name."""
    found: dict[str, Attendee] = {}
    for one in sorted(item.attendees, key=lambda one: not one.is_organizer):
        if one.is_organizer and found:
            one = replace(one, is_organizer=False)
        if one.is_organizer:
            one = Attendee(one.address, Role.REQUIRED, True, Response.ORGANIZER)
        elif one.response is Response.ORGANIZER:
            one = replace(one, response=Response.ACCEPTED)
        one = replace(one, address=replace(one.address, name=one.address.name.strip()))
        if one.address.kind == "SMTP" and "@" in one.address.email:
            found.setdefault(one.address.email.casefold(), replace(one, address=replace(one.address, leftover={})))
    return tuple(found.values())


def _changed(one: ChangedInstance, item: Appointment) -> ChangedInstance:
    """Return a changed instance as a calendar has it: what is the same as in the series is not said."""
    assert item.start is not None
    time = item.start.moment.time() if isinstance(item.start, LocalTime) else datetime.min.time()
    if isinstance(item.start, datetime) and item.zone is not None:
        time = item.zone.to_local(item.start).time().replace(fold=0)
    all_day = one.all_day if one.all_day not in (None, item.is_all_day) else None
    length = max(one.end.moment - one.start.moment, timedelta())
    start = one.start.moment
    if item.is_all_day if all_day is None else all_day:
        start = datetime.combine(start.date(), datetime.min.time())
        length = timedelta(days=max(length.days, 1))
    elif isinstance(item.start, datetime):
        # Noon: no clock is changed then, nor in the hours of the instance.
        start, length = datetime.combine(start.date(), datetime.min.time()) + timedelta(hours=12), timedelta(hours=1)
    reminds = item.reminder is not None if one.has_reminder is None else one.has_reminder
    minutes = (15 if item.reminder is None else item.reminder.minutes) if one.reminder_minutes is None else (
        one.reminder_minutes
    )  # fmt: skip
    had = None if item.reminder is None else item.reminder.minutes
    return ChangedInstance(
        LocalTime(datetime.combine(one.original.moment.date(), time)),
        LocalTime(start),
        LocalTime(start + length),
        subject=None if one.subject in (None, item.mail.subject) else "Other " + item.mail.subject,
        location=None if one.location in (None, item.location) else item.location + " other",
        busy=None if one.busy is item.busy else one.busy,
        has_reminder=None if reminds == (had is not None) else reminds,
        reminder_minutes=minutes if reminds and minutes != had else None,
        all_day=all_day,
        label=None if one.label == item.label else one.label,
    )


def _sayable(item: Appointment) -> Appointment:
    """Return an appointment as a calendar has it."""
    item = replace(item, attendees=_people(item), is_counter_proposal=False, mail=_mail(item.mail))
    return replace(item, changed=tuple([_changed(one, item) for one in item.changed]))


def _bare(item: Appointment) -> tuple[Appointment, str | None, str | None]:
    plain = replace(item, mail=_mail(item.mail), zone=None, end_zone=None)
    return plain, _zone(item.zone), _zone(item.end_zone)


def _has_instances(item: Appointment) -> bool:
    """Tell whether a series has any instance; one without is no series in a calendar."""
    recurrence, start = item.recurrence, item.start
    if recurrence is None or not recurrence.is_gregorian or start is None:
        return True
    if isinstance(start, LocalTime):
        first = start.moment.date()
    elif isinstance(start, datetime) and item.zone is not None:
        first = item.zone.to_local(start).date()
    else:
        first = start
    return next(iter(recurrence.days(first)), None) is not None


@given(appointments().map(_sayable).filter(_has_instances))
def test_appointments_come_back(item: Appointment) -> None:
    written = calendar.render(item)
    assert calendar.render(item) == written
    (back,) = calendar.parse(written)
    assert isinstance(back, Appointment)
    if not item.uid:
        back = replace(back, uid="")
    assert _bare(back) == _bare(item)
    # What was read is written as it was.
    assert calendar.render(back if item.uid else replace(back, uid="")) == written


_Form = TypeVar("_Form", Task, JournalEntry)


def _plain(item: _Form) -> _Form:
    # Lists have no empty texts.
    companies, contacts = (tuple(filter(None, map(str.strip, one))) for one in (item.companies, item.contacts))
    return replace(item, mail=_mail(item.mail), companies=companies, contacts=contacts)


@given(tasks)
def test_tasks_come_back(item: Task) -> None:
    written = calendar.render(item)
    (back,) = calendar.parse(written)
    assert isinstance(back, Task)
    assert _plain(back) == _plain(item)
    assert calendar.render(back) == written


@given(journal_entries)
def test_journal_entries_come_back(item: JournalEntry) -> None:
    written = calendar.render(item)
    (back,) = calendar.parse(written)
    assert isinstance(back, JournalEntry)
    assert _plain(back) == _plain(item)
    assert calendar.render(back) == written


_SERIES = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//Example//EN\r
BEGIN:VEVENT\r
UID:odd@example.org\r
DTSTAMP:20260101T000000Z\r
DTSTART;TZID=Europe/Berlin:20260113T100000\r
DURATION:PT45M\r
RRULE:FREQ=MONTHLY;BYMONTHDAY=13,26\r
EXDATE;TZID=Europe/Berlin:20260213T100000\r
SUMMARY:Twice a month\r
X-COLOUR;X-TONE=dark:green\r
END:VEVENT\r
END:VCALENDAR\r
"""


def _event(data: bytes) -> bytes:
    # A zone that the calendar names without saying what it is gets its VTIMEZONE.
    return data[data.index(b"BEGIN:VEVENT") :]


def _series() -> Appointment:
    (item,) = calendar.parse(_SERIES)
    assert isinstance(item, Appointment)
    return item


def test_a_rule_that_outlook_lacks_is_counted_out_and_kept() -> None:
    item = _series()
    assert item.recurrence is not None
    shown = [day for day in item.recurrence.days(date(2026, 1, 13)) if day not in item.deleted]
    assert shown[:4] == [date(2026, 1, 13), date(2026, 1, 26), date(2026, 2, 26), date(2026, 3, 13)]
    assert _event(calendar.render(item)) == _event(_SERIES)


def test_an_edit_changes_its_own_property_alone() -> None:
    item = _series()
    written = calendar.render(replace(item, location="Room 7"))
    assert _event(written) == _event(_SERIES.replace(b"END:VEVENT", b"LOCATION:Room 7\r\nEND:VEVENT"))


def test_a_day_deleted_in_outlook_joins_those_of_the_author() -> None:
    item = _series()
    written = calendar.render(replace(item, deleted=tuple(sorted([*item.deleted, date(2026, 3, 26)]))))
    assert b"RRULE:FREQ=MONTHLY;BYMONTHDAY=13,26\r\n" in written
    assert written.count(b"EXDATE") == 2
    assert b"EXDATE;TZID=Europe/Berlin:20260326T100000\r\n" in written


@pytest.mark.parametrize("data", [b"", b"BEGIN:VEVENT\r\nEND:VEVENT", b"\x00\xff" * 50, b"BEGIN:VCALENDAR\n" * 9])
def test_what_is_no_calendar_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(FormatError):
        calendar.parse(data)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=YEARLY;INTERVAL=99999999999999999999",
        "FREQ=MONTHLY;BYDAY=999MO,-7XX",
        "FREQ=DAILY;COUNT=-1;UNTIL=nonsense",
    ],
)
def test_senseless_rules_neither_hang_nor_are_lost(rule: str) -> None:
    data = _SERIES.replace(b"FREQ=MONTHLY;BYMONTHDAY=13,26", rule.encode())
    (item,) = calendar.parse(data)
    assert _event(calendar.render(item)) == _event(data)


@given(st.binary(max_size=200), st.integers(0, len(_SERIES)), st.integers(0, 30))
def test_damaged_calendars_raise_format_errors_only(rubbish: bytes, place: int, gone: int) -> None:
    data = _SERIES[:place] + rubbish + _SERIES[place + gone :]
    try:
        items = calendar.parse(data)
    except FormatError:
        return
    for item in items:
        assert calendar.render(item)
