"""Calendars of many programs: read, through MAPI, and written again with the same meaning."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from mailconnector.formats import calendar
from mailconnector.formats.calendar.lines import CalendarFormatError
from mailconnector.formats.calendar.sources import CALENDAR_TEXT
from mailconnector.items.appointment import Appointment
from mailconnector.mapping import appointment as appointment_mapping
from mailconnector.mapping import from_mapi, to_mapi
from tests.unit.formats.calendar.calendars_compared import BROKEN, comparable, events, first_day, instances


def _through_mapi(item: calendar.CalendarItem) -> calendar.CalendarItem:
    if isinstance(item, Appointment):
        return appointment_mapping.from_object(appointment_mapping.to_object(item, to_mapi), from_mapi)
    back = from_mapi(to_mapi(item))
    assert type(back) is type(item)
    return back


def _names(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.[iv]c*"))


def test_calendars_keep_their_meaning_through_mapi(samples: Path) -> None:
    read = 0
    for path in _names(samples / "ics"):
        data = path.read_bytes()
        try:
            items = calendar.parse(data)
        except CalendarFormatError:
            assert path.name in BROKEN, path.name
            continue
        assert path.name not in BROKEN
        again = b"".join(calendar.render(_through_mapi(item)) for item in items)
        read += len(items)
        if items:
            assert events(again) == events(data), path.name
    assert read > 60


# Why Outlook alone, without the calendar that the item keeps, has other instances (docs/formats/calendar.md).
_SHOWN_OTHERWISE = {
    "icalendar__example.ics",  # whole days that end on the day they begin
    "icalendar__invalid_duration.ics",  # left out by the foreign library
    "icalendar__issue_1633_rdate_with_dates_and_tzid.ics",  # an extra date that lacks its time
    "icalendar__rfc_7265_appendix_example_2_ical.ics",  # two instances on one day
    "icalendar__rfc_7529.ics",  # months of other calendars
}


@pytest.mark.interop
def test_calendars_have_the_same_instances_for_ten_years(samples: Path) -> None:
    compared = series = 0
    for path in _names(samples / "ics"):
        data = path.read_bytes()
        if path.name in BROKEN or not re.search(rb"(?m)^(RRULE|RDATE|DURATION|BEGIN:VEVENT)", data):
            continue
        items = [_through_mapi(item) for item in calendar.parse(data)]
        first = first_day(data)
        expected = instances(data, first)
        if expected is None or not any(isinstance(item, Appointment) for item in items):
            continue
        found = [one for item in items for one in instances(calendar.render(item), first) or ()]
        assert sorted(found) == expected, path.name
        shown = [one for item in items for one in instances(calendar.render(_without_source(item)), first) or ()]
        assert (comparable(shown) != comparable(expected)) == (path.name in _SHOWN_OTHERWISE), path.name
        compared += len(expected)
        series += any(isinstance(item, Appointment) and item.recurrence is not None for item in items)
    assert compared > 2000
    assert series > 5


def _without_source(item: calendar.CalendarItem) -> calendar.CalendarItem:
    leftover = {key: value for key, value in item.mail.leftover.items() if key != CALENDAR_TEXT}
    return replace(item, mail=replace(item.mail, leftover=leftover))
