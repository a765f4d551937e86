"""Calendars as components of content lines ([RFC 5545] 3.1 and 3.4).

Lines and parameters are read and folded by `icalendar`; values stay as they are written, so that a component can be
written again with the same words. The objects that the library makes of whole calendars are not used: they leave
out what they cannot read, and compute every time zone that a file cares to define.

What is bounded: size, number of lines and components, depth. vCalendar 1.0, with its quoted-printable texts, is
turned into the same form.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from icalendar.parser import Contentline, Contentlines

from mailconnector.formats.errors import FormatError
from mailconnector.formats.syntax import charsets
from mailconnector.formats.syntax.line_parameters import Params, head_end, read_parameters, written_parameters

LARGEST = 32 << 20
"""Most bytes of a calendar."""

_MOST_LINES = 400_000
_MOST_COMPONENTS = 20_000
_DEEPEST = 8
_LONGEST_HEAD = 20_000

_NAME = re.compile(r"[A-Z0-9.-]+")
_BLANKS = re.compile(r"[ \t]+")
# Without an escape form, line ends and other controls cannot stand in a value; halves of surrogate pairs in no UTF-8.
_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ITEM = re.compile(r"(?:[^\\,]|\\.|\\\Z)+", re.DOTALL)
_SPECIAL = re.compile(r"[\\;,]")


class CalendarFormatError(FormatError):
    """Bytes are no calendar, or one beyond all measure.

    Attributes:
        reason: What is wrong, in a few words.
    """

    reason: str

    def __init__(self, reason: str) -> None:
        super().__init__(f"calendar: {reason}", hint="The calendar is kept as it is.")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Line:
    """A property.

    Attributes:
        name: In capitals.
        value: As it is written, its escapes kept.
        parameters: (name in capitals, values), in order.
    """

    name: str
    value: str
    parameters: Params = ()

    def parameter(self, name: str) -> str:
        """Return the first value of a parameter; "" when it is not there."""
        for one, values in self.parameters:
            if one == name and values:
                return values[0]
        return ""

    def text(self) -> str:
        """Return the value as text, its escapes resolved ([RFC 5545] 3.3.11)."""
        return unescaped(self.value)

    def texts(self) -> tuple[str, ...]:
        """Return the value as a list of texts."""
        return tuple([unescaped(piece).strip() for piece in _ITEM.findall(self.value)])


@dataclass(slots=True)
class Component:
    """A component: a calendar, an event, an alarm.

    Attributes:
        name: In capitals.
        lines: Its properties, in order.
        parts: The components in it, in order.
    """

    name: str
    lines: list[Line] = field(default_factory=list)
    parts: list[Component] = field(default_factory=list)

    def all(self, name: str) -> list[Line]:
        """Return the properties of a name."""
        return [line for line in self.lines if line.name == name]

    def first(self, name: str) -> Line | None:
        """Return the first property of a name that has a value."""
        for line in self.lines:
            if line.name == name and line.value:
                return line
        return None

    def text(self, name: str) -> str:
        """Return the text of a property; "" when it is not there."""
        line = self.first(name)
        return line.text() if line else ""

    def add(self, name: str, value: str, **parameters: str) -> None:
        """Add a property whose value needs no escapes; empty parameters are left out."""
        given = tuple([(key.replace("_", "-"), (one,)) for key, one in parameters.items() if one])
        self.lines.append(Line(name, value, given))

    def add_text(self, name: str, text: str, **parameters: str) -> None:
        """Add a property with a text; none when that is empty."""
        if text:
            self.add(name, escaped(text), **parameters)


def unescaped(value: str) -> str:
    """Return the text that is written with escapes."""
    if "\\" not in value:
        return value
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)


def escaped(text: str) -> str:
    """Return a text as it is written in a value."""
    text = _SPECIAL.sub(r"\\\g<0>", text.replace("\r\n", "\n").replace("\r", "\n")).replace("\n", "\\n")
    return _CONTROLS.sub("", text)


def parse(data: bytes) -> list[Component]:
    """Return the calendars of a file.

    Lines that cannot be read are left out, components that are never closed end where the one around them does.

    Raises:
        CalendarFormatError: There is no calendar, or it is too large.
    """
    if len(data) > LARGEST:
        raise CalendarFormatError(f"{len(data)} bytes, at most {LARGEST} are read")
    text, _ = charsets.decode(data.removeprefix(b"\xef\xbb\xbf"), "utf-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "QUOTED-PRINTABLE" in text.upper():
        text = _without_soft_ends(text)
    if text.count("\n") > _MOST_LINES:
        raise CalendarFormatError(f"more than {_MOST_LINES} lines")
    # Some programs leave an empty line before the folded rest of a line.
    text = re.sub(r"\n{1,3}(?=[ \t])", "\n", text)
    root = Component("")
    stack = [root]
    count = 0
    for written in Contentlines.from_ical(text.replace("\n", "\r\n")):  # type: ignore[no-untyped-call]
        line = _line(written)
        if line is None:
            continue
        if line.name == "BEGIN":
            count += 1
            if count > _MOST_COMPONENTS or len(stack) > _DEEPEST:
                raise CalendarFormatError("too many components")
            part = Component(line.value.strip().upper())
            stack[-1].parts.append(part)
            stack.append(part)
        elif line.name == "END":
            name = line.value.strip().upper()
            for depth in range(len(stack) - 1, 0, -1):
                if stack[depth].name == name:
                    del stack[depth:]
                    break
        else:
            stack[-1].lines.append(line)
    found = [part for part in root.parts if part.name == "VCALENDAR"]
    if not found:
        raise CalendarFormatError("no VCALENDAR in it")
    return found


def _without_soft_ends(text: str) -> str:
    """Join the lines of quoted-printable values ([vCalendar 1.0] 2.1.3), which are not folded but end in '='."""
    joined: list[str] = []
    is_open = False
    for line in text.split("\n"):
        if is_open:
            joined[-1] = joined[-1][:-1] + line
        else:
            joined.append(line)
        head = joined[-1].partition(":")[0].upper() if not is_open else "QUOTED-PRINTABLE"
        is_open = line.endswith("=") and "QUOTED-PRINTABLE" in head
    return "\n".join(joined)


def _line(written: str) -> Line | None:
    cut = head_end(written, _LONGEST_HEAD)
    if cut < 0:
        return None
    name, _, head = written[:cut].partition(";")
    name = _BLANKS.sub("", name).upper()
    if not _NAME.fullmatch(name):
        return None
    parameters = tuple([(key, tuple(values)) for key, values in read_parameters(head).items()]) if head else ()
    line = Line(name, written[cut + 1 :], parameters)
    return _plain(line) if line.parameter("ENCODING").upper() == "QUOTED-PRINTABLE" else line


def _plain(line: Line) -> Line:
    raw = quopri.decodestring(line.value.encode("utf-8", "replace"))
    text, _ = charsets.decode(raw, line.parameter("CHARSET") or "utf-8")
    parameters = tuple([one for one in line.parameters if one[0] not in ("ENCODING", "CHARSET")])
    # Its semicolons and commas part what they part; only line ends are new.
    return Line(line.name, text.replace("\r\n", "\n").replace("\n", "\\n").replace("\r", ""), parameters)


def render(component: Component) -> bytes:
    """Return a component as bytes, folded."""
    written: bytes = Contentlines(map(Contentline, _written(component))).to_ical()
    return written


def _written(component: Component) -> Iterator[str]:
    yield f"BEGIN:{component.name}"
    for line in component.lines:
        yield f"{line.name}{written_parameters(line.parameters)}:{_CONTROLS.sub('', line.value)}"
    for part in component.parts:
        yield from _written(part)
    yield f"END:{component.name}"
