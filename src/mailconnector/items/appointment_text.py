"""An appointment in words, for who reads it as a mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mailconnector.items.appointment import Appointment, Attendee, Busy, Role, When
from mailconnector.items.recurrence import Frequency, Recurrence
from mailconnector.items.zones import LocalTime, Zone

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_POSITIONS = {1: "first", 2: "second", 3: "third", 4: "fourth", -1: "last"}
_UNITS = {Frequency.DAILY: "day", Frequency.WEEKLY: "week", Frequency.MONTHLY: "month", Frequency.YEARLY: "year"}
_WORKDAYS = (1, 2, 3, 4, 5)
_ROLES = {Role.REQUIRED: "Required", Role.OPTIONAL: "Optional", Role.RESOURCE: "Resources"}


def appointment_lines(item: Appointment) -> Iterator[str]:
    """Yield what an appointment says beyond its subject and body, a line each."""
    if item.start is not None:
        yield f"Start: {_when(item.start, item.zone)}"
    if item.end is not None:
        yield f"End: {_end(item)}"
    if item.location:
        yield f"Location: {item.location}"
    if item.recurrence is not None:
        yield f"Recurrence: {item.pattern_text or recurrence_text(item.recurrence, item.start)}"
    for one in item.changed:
        yield f"Changed: {one.original.moment:%Y-%m-%d %H:%M} to {one.start.moment:%Y-%m-%d %H:%M}"
    if item.deleted:
        yield f"Not on: {', '.join(day.isoformat() for day in item.deleted)}"
    if item.is_cancelled:
        yield "Cancelled: yes"
    organizer = item.organizer
    if organizer is not None:
        yield f"Organizer: {organizer.name or organizer.email}"
    for role, label in _ROLES.items():
        people = [_guest(one) for one in item.attendees if one.role is role and not one.is_organizer]
        if people:
            yield f"{label}: {'; '.join(people)}"
    if item.busy is not Busy.BUSY:
        yield f"Shown as: {item.busy.name.lower().replace('_', ' ')}"
    if item.reminder is not None:
        yield f"Reminder: {item.reminder.minutes} minutes before"
    if item.private:
        yield "Private: yes"


def recurrence_text(recurrence: Recurrence, start: When | None) -> str:
    """Return a recurrence in words.

    Args:
        recurrence: The recurrence.
        start: The first instance's start, which says the month of a yearly one.
    """
    unit = _UNITS[recurrence.frequency]
    text = f"every {unit}" if recurrence.interval == 1 else f"every {recurrence.interval} {unit}s"
    days = "weekday" if recurrence.weekdays == _WORKDAYS else ", ".join(_DAYS[day] for day in recurrence.weekdays)
    if recurrence.position:
        days = "day" if len(recurrence.weekdays) == len(_DAYS) else days
        text += f" on the {_POSITIONS.get(recurrence.position, '')} {days}"
    elif days:
        text += f" on {days}"
    elif recurrence.month_day:
        text += " on the last day" if recurrence.month_day == -1 else f" on day {recurrence.month_day}"
    month = _month(start)
    if recurrence.frequency is Frequency.YEARLY and month:
        text += f" of {_MONTHS[month - 1]}"
    if recurrence.regenerating:
        text += " after it is done"
    if recurrence.count is not None:
        return f"{text}, {recurrence.count} times"
    return text if recurrence.until is None else f"{text}, until {recurrence.until.isoformat()}"


def _month(start: When | None) -> int:
    if start is None:
        return 0
    return start.moment.month if isinstance(start, LocalTime) else start.month


def _guest(attendee: Attendee) -> str:
    name = attendee.address.name or attendee.address.email
    said = attendee.response.name.lower().replace("_", " ")
    return f"{name} ({said})" if attendee.response else name


def _when(when: When, zone: Zone | None) -> str:
    if isinstance(when, LocalTime):
        return f"{when.moment:%Y-%m-%d %H:%M}"
    if not isinstance(when, datetime):
        return when.isoformat()
    if zone is None:
        return f"{when:%Y-%m-%d %H:%M} UTC"
    try:
        local = zone.to_local(when)
    except OverflowError:
        return f"{when:%Y-%m-%d %H:%M} UTC"
    return f"{local:%Y-%m-%d %H:%M} {zone.name or zone.description}".rstrip()


def _end(item: Appointment) -> str:
    end = item.end
    if end is None or isinstance(end, (datetime, LocalTime)):
        return "" if end is None else _when(end, item.end_zone or item.zone)
    # People count the last day in.
    last = end.toordinal() - 1
    return end.fromordinal(max(last, 1)).isoformat()
