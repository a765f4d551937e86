"""Strategies that make appointments for round trips, in the form in which a reader gives them back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from mailconnector.items import Mail
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
from mailconnector.items.recurrence import Frequency, Recurrence
from mailconnector.items.zone_names import zone_of_iana
from mailconnector.items.zones import LocalTime, Zone
from tests.unit.items.mails import lines, people

_WEEKDAYS = st.lists(st.integers(0, 6), min_size=1, unique=True).map(lambda days: tuple(sorted(days)))
_ENDS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.integers(1, 300).map(lambda count: {"count": count}),
    st.dates(date(2025, 1, 1), date(2040, 1, 1)).map(lambda day: {"until": day}),
)
_MONTHS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.integers(1, 31).map(lambda day: {"month_day": day}),
    st.just({"month_day": -1}),
    st.builds(
        lambda days, nth: {"weekdays": days, "position": nth}, _WEEKDAYS, st.sampled_from([1, 2, 3, 4, -1])
    ),
)  # fmt: skip


_DAILY: st.SearchStrategy[dict[str, Any]] = st.just({}) | _WEEKDAYS.map(lambda days: {"weekdays": days})


@st.composite
def recurrences(draw: st.DrawFn) -> Recurrence:
    """Return any recurrence that has a pattern."""
    frequency = draw(st.sampled_from(Frequency))
    fields: dict[str, Any]
    if frequency is Frequency.DAILY:
        fields = draw(_DAILY)
    elif frequency is Frequency.WEEKLY:
        fields = {"weekdays": draw(_WEEKDAYS)}
    else:
        fields = {**draw(_MONTHS), "hijri": draw(st.booleans())}
    return Recurrence(
        frequency,
        draw(st.integers(1, 99)),
        first_weekday=draw(st.integers(0, 6)),
        calendar=draw(st.integers(0, 23)),
        regenerating=draw(st.booleans()),
        **fields,
        **draw(_ENDS),
    )


local_times = st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)).map(
    lambda moment: LocalTime(moment.replace(second=0, microsecond=0))
)
_TEXT = st.none() | st.text(max_size=20).map(lambda text: text.replace("\0", ""))
_FLAG = st.none() | st.booleans()
changed_instances = st.builds(
    ChangedInstance, local_times, local_times, local_times, _TEXT, _TEXT, st.none() | st.sampled_from(Busy),
    _FLAG, st.none() | st.integers(0, 9999), _FLAG, st.none() | st.integers(0, 10),
    st.none() | st.integers(0, 7), _FLAG, st.booleans(),
)  # fmt: skip


moments = st.datetimes(datetime(1995, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)
_days = st.dates(date(1995, 1, 1), date(2030, 1, 1))
_ZONES = [zone_of_iana(name, 2000, 2030) for name in ("Europe/Berlin", "America/New_York", "Asia/Kathmandu")]
zones: st.SearchStrategy[Zone] = st.builds(
    replace, st.sampled_from([zone for zone in _ZONES if zone is not None]), description=lines
)
reminders = st.builds(
    Reminder, st.integers(0, 40320), st.none() | moments, st.booleans(), st.booleans(), lines.map(str.strip)
)


@st.composite
def attendees(draw: st.DrawFn) -> Attendee:
    """Return somebody who is invited."""
    address = draw(people.filter(bool))[0]
    return Attendee(
        address,
        draw(st.sampled_from(Role)),
        draw(st.booleans()),
        draw(st.sampled_from(Response)),
        draw(st.none() | moments),
    )


@st.composite
def spans(draw: st.DrawFn, kinds: str = "aware local days") -> tuple[When, When]:
    """Return start and end, of one of the kinds."""
    kind = draw(st.sampled_from(kinds.split()))
    length = draw(st.integers(0, 5000))
    if kind == "aware":
        start = draw(moments)
        return start, start + timedelta(minutes=length)
    if kind == "local":
        local = draw(local_times)
        return local, LocalTime(local.moment + timedelta(minutes=length))
    day = draw(_days)
    return day, day + timedelta(days=1 + length % 9)


@st.composite
def appointments(draw: st.DrawFn) -> Appointment:
    """Return an appointment, a meeting or a series."""
    start, end = draw(spans())
    zone = None if isinstance(start, LocalTime) else draw(zones)
    recurrence = draw(st.none() | recurrences())
    changed: tuple[ChangedInstance, ...] = ()
    deleted: tuple[date, ...] = ()
    if recurrence is not None:
        found = draw(st.lists(changed_instances, max_size=2, unique_by=lambda one: one.original.moment.date()))
        changed = tuple(sorted(found, key=lambda one: one.original.moment))
        gone = draw(st.frozensets(_days, max_size=2)) - {one.original.moment.date() for one in changed}
        deleted = tuple(sorted(gone))
    return Appointment(
        Mail("IPM.Appointment", subject=draw(lines)),
        start,
        end,
        zone,
        location=draw(lines),
        busy=draw(st.sampled_from(Busy)),
        intended_busy=draw(st.none() | st.sampled_from(Busy)),
        reminder=draw(st.none() | reminders),
        attendees=tuple(draw(st.lists(attendees(), max_size=3))),
        is_meeting=draw(st.booleans()),
        is_received=draw(st.booleans()),
        is_cancelled=draw(st.booleans()),
        was_sent=draw(st.booleans()),
        response=draw(st.sampled_from(Response)),
        replied=draw(st.none() | moments),
        replied_by=draw(lines),
        sequence=draw(st.integers(0, 99)),
        uid=draw(st.sampled_from(["", "a@b.example", "5f0c7a5e-0000-4000-8000-000000000001"])),
        recurrence=recurrence,
        deleted=deleted,
        changed=changed,
        pattern_text=draw(lines),
        proposed_start=draw(st.none() | moments),
        proposed_end=draw(st.none() | moments),
        is_counter_proposal=draw(st.booleans()),
        may_propose=draw(st.booleans()),
        label=draw(st.integers(0, 10)),
        private=draw(st.booleans()),
    )
