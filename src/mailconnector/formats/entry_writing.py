"""Items as calendars and cards for files: one alone, or many in one file, each time zone once."""

from __future__ import annotations

from dataclasses import replace

from mailconnector.formats import card
from mailconnector.formats.calendar import CalendarItem
from mailconnector.formats.calendar import lines as calendar_lines
from mailconnector.formats.calendar.documents import PRODUCT, component
from mailconnector.formats.calendar.lines import Component, Line
from mailconnector.items import Contact, DistributionList, message_id_of
from mailconnector.mapi import reading, tags

_TZID = "TZID"


def calendar_of(item: CalendarItem) -> bytes:
    """Return an item as a calendar of its own, the files that are attached to it within."""
    return calendar_lines.render(_component(item))


def card_of(item: Contact | DistributionList) -> bytes:
    """Return an item as a card."""
    revised = reading.moment(item.mail.leftover, tags.PidTagLastModificationTime) or item.mail.date
    return card.render(item, uid=message_id_of(item).strip("<>"), revised=revised)


def _component(item: CalendarItem) -> Component:
    message_id = message_id_of(item)
    made = component(replace(item, mail=replace(item.mail, message_id=message_id)))
    for part in made.parts:
        if part.name != "VTIMEZONE" and part.first("UID") is None:
            # Its author wrote none; without it nobody would know the entry again.
            part.lines.insert(0, Line("UID", calendar_lines.escaped(message_id.strip("<>"))))
    return made


class JoinedCalendar:
    """One calendar of many items. Zones that differ and have one name get names of their own.

    Args:
        name: What programs shall call the calendar.
    """

    TAIL = b"END:VCALENDAR\r\n"
    """What ends it."""

    def __init__(self, name: str = "") -> None:
        self._name = name
        self._zones: dict[str, Component] = {}

    def add(self, item: CalendarItem) -> bytes:
        """Return the entries of an item."""
        made = _component(item)
        renamed = {
            zone.text(_TZID): name
            for zone in made.parts
            if zone.name == "VTIMEZONE" and (name := self._zone(zone)) != zone.text(_TZID)
        }
        entries = [part for part in made.parts if part.name != "VTIMEZONE"]
        if renamed:
            entries = [_with_zones(part, renamed) for part in entries]
        return b"".join(map(calendar_lines.render, entries))

    def _zone(self, zone: Component) -> str:
        """Return the name under which the calendar has a zone."""
        wanted = name = zone.text(_TZID)
        number = 2
        while name in self._zones and not _is_same(self._zones[name], zone):
            name = f"{wanted} ({number})"
            number += 1
        if name not in self._zones:
            lines = [Line(_TZID, calendar_lines.escaped(name)) if line.name == _TZID else line for line in zone.lines]
            self._zones[name] = Component(zone.name, lines, zone.parts)
        return name

    def head(self) -> bytes:
        """Return what comes before the entries, the zones of all that were added among it."""
        made = Component("VCALENDAR")
        made.add("VERSION", "2.0")
        made.add("PRODID", PRODUCT)
        made.add_text("X-WR-CALNAME", self._name)
        made.parts = list(self._zones.values())
        return calendar_lines.render(made).removesuffix(self.TAIL)


def _is_same(one: Component, other: Component) -> bool:
    return one.parts == other.parts and _named(one) == _named(other)


def _named(zone: Component) -> list[Line]:
    # When it was written does not make it another zone.
    return [line for line in zone.lines if line.name not in (_TZID, "LAST-MODIFIED")]


def _with_zones(part: Component, renamed: dict[str, str]) -> Component:
    lines = [
        replace(
            line,
            parameters=tuple(
                [
                    (name, tuple([renamed.get(value, value) for value in values]) if name == _TZID else values)
                    for name, values in line.parameters
                ]
            ),
        )
        for line in part.lines
    ]
    return Component(part.name, lines, [_with_zones(inner, renamed) for inner in part.parts])
