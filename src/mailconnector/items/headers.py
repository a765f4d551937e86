"""Reading the header block that a mail keeps as it came ([RFC 5322] 2.2)."""

from __future__ import annotations

import re

# Name, optional blanks, colon, then the value up to a line end that no blank follows.
_FIELD = re.compile(rb"^(([!-9;-~]+)[ \t]*:((?:[^\n]*\n[ \t])*[^\n]*)\n?)", re.MULTILINE)


def fields(block: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """Return (whole field with its line ends, name, raw value) of every field, in order.

    Lines that belong to no field are passed over. The name is spelled as it is written; the raw value is
    still folded and keeps its blanks.
    """
    return _FIELD.findall(block)


def unfolded(value: bytes) -> bytes:
    """Return a raw value on one line, without its outer blanks."""
    return value.replace(b"\r\n", b"").replace(b"\n", b"").strip(b" \t\r")


def first(block: bytes, name: bytes) -> bytes | None:
    """Return the unfolded value of the first field of a (lower-case) name; None when there is none."""
    for _, found, value in fields(block):
        if found.lower() == name:
            return unfolded(value)
    return None
