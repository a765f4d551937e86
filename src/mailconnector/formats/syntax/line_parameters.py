"""Names and parameters of content lines, which calendars and cards have alike ([RFC 5545] 3.1, [RFC 6350] 3.3).

A parameter is read and written by the library icalendar, with the escapes of [RFC 6868]. Where one ends is found here:
the library takes a backslash for an escape, which in parameters it is not. Version 1.0 of calendars and 2.1 of cards
have parameters without a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from icalendar.parser import Parameters

Params = tuple[tuple[str, tuple[str, ...]], ...]
"""(name in upper case, values), in order."""

# Quotes hide colons and semicolons; a backslash is one of their characters.
_HEAD = re.compile(r'[^":]*(?:"[^"]*"[^":]*)*:')
_PARAM = re.compile(r'(?:"[^"]*"|[^;"])+|"|;')
_NAME = re.compile(r"[^A-Z0-9-]")
_ENCODINGS = frozenset({"QUOTED-PRINTABLE", "BASE64", "B", "7BIT", "8BIT", "BINARY"})
_PLACES = frozenset({"INLINE", "CONTENT-ID", "CID", "URL", "URI"})
# What no line may hold; a tab may stand, and a line end is escaped.
CONTROLS = dict.fromkeys([*range(9), *range(0xB, 0x20), 0x7F, *range(0xD800, 0xE000)])


def head_end(line: str, longest: int) -> int:
    """Return where the colon before a line's value is; -1 when there is none among the first characters."""
    found = _HEAD.match(line, 0, longest)
    # A quotation mark that is not closed is a character as any other.
    return found.end() - 1 if found is not None else line.find(":", 0, longest)


def read_parameters(head: str) -> dict[str, list[str]]:
    """Return the values of parameters by their names, in order; what makes no sense is taken as it is written.

    Args:
        head: What stands between the name of a property and the colon before its value, without the first semicolon.
    """
    found: dict[str, list[str]] = {}
    for piece in _pieces(head):
        name, equals, value = piece.partition("=")
        # Blanks around the sign are somebody's way of writing; without one before it they are what the value says.
        value = value.strip() if name != name.rstrip() else value
        name = name.strip()
        if not equals:
            bare = name.upper()
            key = "ENCODING" if bare in _ENCODINGS else "VALUE" if bare in _PLACES else "TYPE"
            found.setdefault(key, []).extend([name] if name else [])
            continue
        try:
            read = Parameters.from_ical(f"{name}={value}")[name]
            listed = list(read) if isinstance(read, (list, tuple)) else [read]
            values = [str(one).replace("\r\n", "\n") for one in listed]  # on Windows, it gives that system's line ends
        except (ValueError, KeyError):
            values = [value.replace('"', "")]
        found.setdefault(_NAME.sub("-", name.upper()), []).extend(values)
    return found


def _pieces(head: str) -> list[str]:
    pieces = [""]
    for found in _PARAM.finditer(head):
        if found[0] == ";":
            pieces.append("")
        else:
            pieces[-1] += found[0]
    return pieces


def written_parameters(params: Iterable[tuple[str, tuple[str, ...]]]) -> str:
    """Return parameters as they stand behind the name of a property, the first semicolon included; "" for none."""
    made = Parameters()
    for name, values in params:
        clean = [value.replace("\r", "").translate(CONTROLS) for value in values]
        made[name] = clean if len(clean) > 1 else clean[0] if clean else ""
    return ";" + made.to_ical(sorted=False).decode("utf-8") if made else ""
