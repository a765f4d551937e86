"""What calendars say and when their events are, for comparisons: by our own lines, and by foreign libraries."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import icalendar
import recurring_ical_events

from mailconnector.formats.calendar.lines import Component
from mailconnector.formats.calendar.lines import parse as parse_lines

BROKEN = frozenset(
    {
        "icalendar__broken_dtstart.ics",
        "icalendar__fuzz_testcase_invalid_month.ics",
        "icalendar__issue_1081_invalid_start_and_end.ics",
        "icalendar__issue_178_component_with_invalid_name_represented.ics",
        "icalendar__issue_82_expected_output.ics",
    }
)
"""Samples that are no calendar at all, or have an event that begins at no time."""

_SAID = ("SUMMARY", "LOCATION", "DESCRIPTION", "STATUS", "CLASS", "PRIORITY", "URL", "RRULE", "RDATE", "ATTENDEE")
_ALSO_SAID = ("ORGANIZER", "EXDATE", "RECURRENCE-ID", "CATEGORIES", "DTSTART", "DTEND", "DURATION", "DUE", "COMMENT")


def events(data: bytes) -> list[tuple[Any, ...]]:
    """Return what the entries of a calendar say, in a fixed order."""
    parts = [part for one in parse_lines(data) for part in one.parts if part.name in ("VEVENT", "VTODO", "VJOURNAL")]
    return sorted((_facts(part) for part in parts), key=repr)


def _facts(part: Component) -> tuple[Any, ...]:
    said = [(line.name, line.value.strip(), line.parameter("TZID")) for line in part.lines if line.value.strip()]
    wanted = sorted(one for one in said if one[0] in (*_SAID, *_ALSO_SAID) or one[0].startswith("X-"))
    alarms = [(one.text("ACTION"), one.text("TRIGGER"), one.text("DESCRIPTION")) for one in part.parts]
    return part.name, wanted, alarms


def instances(data: bytes, first: date) -> list[tuple[str, str, str]] | None:
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


def first_day(data: bytes) -> date:
    """Return the first day of the year in which a calendar begins."""
    years = [
        int(line.value[:4])
        for one in parse_lines(data)
        for part in one.parts
        for line in part.all("DTSTART")
        if line.value[:4].isdecimal()
    ]
    return date(min(years, default=2000), 1, 1)


def comparable(found: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Return instances with their times in UTC, where they have a zone."""
    return sorted((subject.removeprefix("None"), _moment(start), _moment(end)) for subject, start, end in found)


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    return text if moment.tzinfo is None else moment.astimezone(UTC).isoformat()
