"""Calendars of many programs: read, through MAPI, and written again with the same meaning."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest
import recurring_ical_events

from mailconnector.formats import calendar
from mailconnector.formats.calendar_lines import CalendarFormatError, Component
from mailconnector.formats.calendar_lines import parse as parse_lines
from mailconnector.formats.calendar_sources import CALENDAR_TEXT
from mailconnector.items.appointment import Appointment
from mailconnector.mapping import appointment as appointment_mapping
from mailconnector.mapping import from_mapi, to_mapi

# No calendar at all, or none of it readable.
_BROKEN = {
    "icalendar__fuzz_testcase_invalid_month.ics",
    "icalendar__issue_178_component_with_invalid_name_represented.ics",
    "icalendar__issue_82_expected_output.ics",
}
_SAID = ("SUMMARY", "LOCATION", "DESCRIPTION", "STATUS", "CLASS", "PRIORITY", "URL", "RRULE", "RDATE", "ATTENDEE")
_ALSO_SAID = ("ORGANIZER", "EXDATE", "RECURRENCE-ID", "CATEGORIES", "DTSTART", "DTEND", "DURATION", "DUE", "COMMENT")


def _through_mapi(item: calendar.CalendarItem) -> calendar.CalendarItem:
    if isinstance(item, Appointment):
        return appointment_mapping.from_object(appointment_mapping.to_object(item, to_mapi), from_mapi)
    back = from_mapi(to_mapi(item))
    assert type(back) is type(item)
    return back


def _facts(part: Component) -> tuple[Any, ...]:
    said = [(line.name, line.value.strip(), line.parameter("TZID")) for line in part.lines if line.value.strip()]
    wanted = sorted(one for one in said if one[0] in (*_SAID, *_ALSO_SAID) or one[0].startswith("X-"))
    alarms = [(one.text("ACTION"), one.text("TRIGGER"), one.text("DESCRIPTION")) for one in part.parts]
    return part.name, wanted, alarms


def _events(data: bytes) -> list[tuple[Any, ...]]:
    parts = [part for one in parse_lines(data) for part in one.parts if part.name in ("VEVENT", "VTODO", "VJOURNAL")]
    return sorted((_facts(part) for part in parts), key=repr)


def _instances(data: bytes, first: date) -> list[tuple[str, str, str]] | None:
    """Expand a calendar over ten years by a foreign library; None when it cannot read it."""
    found = []
    try:
        for one in icalendar.Calendar.from_ical(data, multiple=True):
            for event in recurring_ical_events.of(one, skip_bad_series=True).between(
                first, first + timedelta(days=3653)
            ):
                found.append((str(event.get("SUMMARY")), str(event.start), str(event.end)))
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
    return sorted(found)


def _first(data: bytes) -> date:
    years = [
        int(line.value[:4])
        for one in parse_lines(data)
        for part in one.parts
        for line in part.all("DTSTART")
        if line.value[:4].isdecimal()
    ]
    return date(min(years, default=2000), 1, 1)


def _names(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.[iv]c*"))


def test_calendars_keep_their_meaning_through_mapi(samples: Path) -> None:
    read = 0
    for path in _names(samples / "ics"):
        data = path.read_bytes()
        try:
            items = calendar.parse(data)
        except CalendarFormatError:
            assert path.name in _BROKEN, path.name
            continue
        assert path.name not in _BROKEN
        again = b"".join(calendar.render(_through_mapi(item)) for item in items)
        read += len(items)
        if items:
            assert _events(again) == _events(data), path.name
    assert read > 60


# Why Outlook alone, without the calendar that the item keeps, has other instances (docs/formats/calendar.md).
_SHOWN_OTHERWISE = {
    "icalendar__example.ics",  # whole days that end on the day they begin
    "icalendar__invalid_duration.ics",  # left out by the foreign library
    "icalendar__issue_1633_rdate_with_dates_and_tzid.ics",  # an extra date that lacks its time
    "icalendar__rfc_7265_appendix_example_2_ical.ics",  # two instances on one day
    "icalendar__rfc_7529.ics",  # months of other calendars
}


def _comparable(instances: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    return sorted((subject.removeprefix("None"), _moment(start), _moment(end)) for subject, start, end in instances)


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    return text if moment.tzinfo is None else moment.astimezone(UTC).isoformat()


@pytest.mark.interop
def test_calendars_have_the_same_instances_for_ten_years(samples: Path) -> None:
    compared = series = 0
    for path in _names(samples / "ics"):
        data = path.read_bytes()
        if path.name in _BROKEN or not re.search(rb"(?m)^(RRULE|RDATE|DURATION|BEGIN:VEVENT)", data):
            continue
        items = [_through_mapi(item) for item in calendar.parse(data)]
        first = _first(data)
        expected = _instances(data, first)
        if expected is None or not any(isinstance(item, Appointment) for item in items):
            continue
        found = [one for item in items for one in _instances(calendar.render(item), first) or ()]
        assert sorted(found) == expected, path.name
        shown = [one for item in items for one in _instances(calendar.render(_without_source(item)), first) or ()]
        assert (_comparable(shown) != _comparable(expected)) == (path.name in _SHOWN_OTHERWISE), path.name
        compared += len(expected)
        series += any(isinstance(item, Appointment) and item.recurrence is not None for item in items)
    assert compared > 2000
    assert series > 5


def _without_source(item: calendar.CalendarItem) -> calendar.CalendarItem:
    leftover = {key: value for key, value in item.mail.leftover.items() if key != CALENDAR_TEXT}
    return replace(item, mail=replace(item.mail, leftover=leftover))
