"""What Kolab's schema of version 3 has no place for, in the one that it has for everything: `x-custom`.

An `x-custom` is a name and a text. Properties with names of their own (X-...) are written as one; whole lines, and
parameters that the schema does not know, as one of this program's with a content line as its text. Whoever edits
the object with Kolab's programs keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mailconnector.formats.calendar import lines as calendar_lines
from mailconnector.formats.calendar.lines import Component, Line
from mailconnector.formats.syntax.xml_tree import Element

LINE = "X-MAILCONNECTOR-LINE"
"""A whole property."""

PARAMETERS = "X-MAILCONNECTOR-PARAMETERS"
"""Parameters of the property that has the same name and value."""

ALARM = "X-MAILCONNECTOR-ALARM"
"""A property of the first alarm."""

_HOLDERS = (LINE, PARAMETERS, ALARM)
_NAME = re.compile(r"X-[A-Z0-9-]{1,60}")
_OWN = "X-MAILCONNECTOR-"


def opened(parts: list[Element], *, text_kind: str = "unknown") -> list[Element]:
    """Return properties with each `x-custom` that has a usual name as a property of that name.

    Args:
        parts: The properties.
        text_kind: Type of the values of this program's own properties; all others are texts.
    """
    return [_opened(part, text_kind) if part.name == "x-custom" else part for part in parts]


def _opened(part: Element, text_kind: str) -> Element:
    name, value = part.first("identifier"), part.first("value")
    if name is None or value is None or len(part.parts) != 2 or not _NAME.fullmatch(name.text):
        return part
    if name.text == "X-XML-ELEMENT":
        return part
    kind = text_kind if name.text.startswith(_OWN) else "text"
    text = value.text if kind == "text" else value.text.replace("\n", "\\n")
    return Element(name.text.lower(), parts=[Element(kind, text)])


def custom(name: str, value: str) -> Element:
    """Return an `x-custom`."""
    return Element("x-custom", parts=[Element("identifier", name), Element("value", value)])


NUMBER = "X-NUMBER"
"""Parameter of a line in `PARAMETERS`: which property of its name it is about, counted from 0."""


def places_of(keys: Sequence[tuple[str, ...]], wanted: Iterable[tuple[tuple[str, ...], str]]) -> dict[int, int]:
    """Return which of some lines are about which properties: the place of the line by that of the property.

    Args:
        keys: For each property its place in the object, its name, and last its value.
        wanted: For each line the same, and the number in its `NUMBER`. A property whose value has been changed since is
            another one.
    """
    numbered: dict[tuple[str, ...], list[int]] = {}
    same: dict[tuple[str, ...], list[int]] = {}
    for place, key in enumerate(keys):
        numbered.setdefault(key[:-1], []).append(place)
        same.setdefault(key, []).append(place)
    found: dict[int, int] = {}
    for number, (key, at) in enumerate(wanted):
        places = numbered.get(key[:-1], [])
        place = places[int(at)] if at.isdecimal() and len(at) < 6 and int(at) < len(places) else -1
        free = [one for one in same.get(key, ()) if one not in found]
        if place in free:
            found[place] = number
        elif free:
            found[free[0]] = number
    return found


def line_text(line: Line) -> str:
    """Return a property of a calendar as the text of a content line, without folds."""
    written = calendar_lines.render(Component("X", [line])).decode("utf-8")
    return written.replace("\r\n ", "").split("\r\n")[1]


def lines_of(texts: Iterable[str]) -> list[Line]:
    """Return the properties of content lines; what is none is left out."""
    text = "".join([f"{one.strip()}\r\n" for one in texts if "\n" not in one.strip() and ":" in one])
    if not text:
        return []
    whole = calendar_lines.parse(f"BEGIN:VCALENDAR\r\n{text}END:VCALENDAR\r\n".encode("utf-8", "replace"))
    return whole[0].lines


def is_own(name: str) -> bool:
    """Tell whether a property is one of this program's, the value of which is written as it stands in a line."""
    return name.startswith(_OWN)


def in_order(parts: list[Element], order: tuple[str, ...]) -> list[Element]:
    """Return properties in the order that a schema wants; those that it does not know at the end."""
    places = {name: place for place, name in enumerate(order)}

    def place(part: Element) -> tuple[int, int]:
        # Those that hold lines stand last: reading them makes lines of them, which are written last again.
        held = part.name == "x-custom" and part.said("identifier") in _HOLDERS
        return places.get(part.name, len(places)), _HOLDERS.index(part.said("identifier")) + 1 if held else 0

    return sorted(parts, key=place)
