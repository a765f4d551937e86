"""Calendars ([RFC 5545]) to appointments, tasks and journal entries, and back.

The events of one UID are one appointment: the series, and its changed instances. What an item has no field for stays
in the calendar that it keeps (`sources`), and is written again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from mailconnector.formats.calendar import lines
from mailconnector.formats.calendar.event_lines import put_events
from mailconnector.formats.calendar.events import appointment
from mailconnector.formats.calendar.journal import put_entry, read_entry
from mailconnector.formats.calendar.lines import CalendarFormatError, Component, Line
from mailconnector.formats.calendar.mail import made_uid
from mailconnector.formats.calendar.sources import instance_key, kept, merged_calendar, source_of
from mailconnector.formats.calendar.tasks import put_task, read_task
from mailconnector.formats.calendar.zones import Zones, zone_names
from mailconnector.items import JournalEntry, Task
from mailconnector.items.appointment import Appointment

__all__ = ["COMPONENTS", "CalendarFormatError", "CalendarItem", "parse", "render"]

CalendarItem: TypeAlias = Appointment | Task | JournalEntry
"""An item that is written as a calendar."""

PRODUCT = "-//Mail Connector//Mail Connector//EN"

COMPONENTS: dict[type, str] = {Appointment: "VEVENT", Task: "VTODO", JournalEntry: "VJOURNAL"}
"""Components of a calendar by the types of the items that they are."""

_KINDS = frozenset(COMPONENTS.values())


def parse(data: bytes) -> list[CalendarItem]:
    """Return the items of a calendar in their order; empty when it has none (free and busy times alone).

    Args:
        data: One or more VCALENDAR objects; vCalendar 1.0 is read too.

    Raises:
        CalendarFormatError: It is no calendar, too large, or has an event that begins at what is no time.
    """
    found: list[CalendarItem] = []
    for calendar in lines.parse(data):
        zones = Zones(calendar)
        for group in _groups(calendar):
            found.append(_item(calendar, group, zones))
    return found


def render(item: CalendarItem, *, inline: bool = True) -> bytes:
    """Return an item as a calendar.

    Args:
        item: The item.
        inline: Attached files are written into it; False where they travel beside it.
    """
    return lines.render(component(item, inline=inline))


def component(item: CalendarItem, *, inline: bool = True) -> Component:
    """Return the calendar of an item as it is written: its time zones and its entries."""
    source = source_of(item.mail)
    groups = [] if source is None else _groups(source)
    if source is None or not groups:
        return _made(item, inline=inline, uid=item.mail.message_id.strip("<>"))
    before = _item(source, groups[0], Zones(source))
    uid = groups[0][0].text("UID").strip() or made_uid(groups[0][0])
    made = _made(item, inline=inline, uid=uid)
    if type(before) is not type(item):
        return made
    return merged_calendar(made, _made(before, inline=inline, uid=uid), source)


def _groups(calendar: Component) -> list[list[Component]]:
    """Return the components of each item: the first is the series, or the only one."""
    found: list[list[Component]] = []
    by_uid: dict[tuple[str, str], list[Component]] = {}
    for part in calendar.parts:
        if part.name not in _KINDS:
            continue
        uid = part.text("UID").strip()
        known = by_uid.get((part.name, uid)) if uid and part.name == "VEVENT" else None
        key = instance_key(part)
        if known is not None and (not instance_key(known[0]) or not key):
            keys = {instance_key(one) for one in known}
            if key not in keys:
                known.insert(0 if not key else len(known), part)
                continue
        group = [part]
        found.append(group)
        if known is None:
            by_uid[part.name, uid] = group
    return found


def _item(calendar: Component, group: list[Component], zones: Zones) -> CalendarItem:
    first, *overrides = group
    item: CalendarItem
    if first.name == "VEVENT":
        item = appointment(first, overrides, calendar.text("METHOD").strip().upper(), zones)
    elif first.name == "VTODO":
        item = read_task(first, zones)
    else:
        item = read_entry(first, zones)
    # Zones come along where they are named.
    names = {name for part in group for name in zone_names(part)}
    used = [zones.components[name] for name in sorted(names) if name in zones.components]
    version = [Line(one.name, "2.0") if one.name == "VERSION" else one for one in calendar.lines]
    leftover = kept(Component("VCALENDAR", version, [*used, *group]))
    return replace(item, mail=replace(item.mail, leftover=item.mail.leftover | leftover))


def _made(item: CalendarItem, *, inline: bool, uid: str) -> Component:
    calendar = Component("VCALENDAR")
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", PRODUCT)
    if isinstance(item, Appointment):
        put_events(calendar, item, inline=inline, uid=uid)
    elif isinstance(item, Task):
        put_task(calendar, item, inline=inline, uid=uid)
    else:
        put_entry(calendar, item, inline=inline, uid=uid)
    return calendar
