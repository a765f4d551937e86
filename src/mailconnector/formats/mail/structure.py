"""The MIME structure of a message, by offsets ([RFC 2045], [RFC 2046]): a lean scanner that copies no bodies.

It knows nothing of charsets and transfer encodings, and nothing makes it fail: a message is a tree of parts
whatever its bytes are. What it bounds is in `Budget`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mailconnector.formats.mail import parameters

MAX_DEPTH = 40
"""Levels of multiparts and attached messages within one another; what lies deeper stays one opaque part."""

MAX_PARTS = 10_000
"""Parts in one message, those of attached messages included; the rest of a multipart stays one part."""

# Lines of the form "name: value" with their continuation lines, as many as there are.
_LINES = re.compile(rb"(?:[!-9;-~]+[ \t]*:[^\n]*(?:\n|\Z)(?:[ \t][^\n]*(?:\n|\Z))*)*")
_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:((?:[^\n]*\n[ \t])*[^\n]*)", re.MULTILINE)
# A line that is no field does not end the header if one of these comes next.
_USUAL_FIELD = re.compile(
    rb"(?:content-|x-|received|return-path|from|to|cc|subject|date|message-id|mime-version|reply-to|sender"
    rb"|in-reply-to|references|delivered-to|list-|dkim-|arc-|authentication-)[\w-]*[ \t]*:",
    re.IGNORECASE,
)
_FROM_LINE = re.compile(rb">?From [^\n]*\n")
_EMPTY_LINES = re.compile(rb"[\r\n]+")
_MAX_STRAY_LINES = 100
# Fields whose later occurrences add to the first one, against the rules.
_JOINED = frozenset({b"to", b"cc", b"bcc", b"references"})


@dataclass(slots=True)
class Budget:
    """How many parts may still be made; one budget serves a message and those attached to it."""

    parts: int = MAX_PARTS


@dataclass(slots=True)
class Part:
    """One part of a message, or the whole message.

    Attributes:
        data: The bytes that the offsets count in.
        start: Where the header begins.
        header_end: Where the header ends, before the empty line.
        body: Where the body begins.
        end: Where the body ends.
        fields: Raw value of each header field by its lower-case name.
        stray: Lines that are no fields stand in the header.
        kind: Lower-case "type/subtype".
        parameters: Parameters of the content type.
        parts: Parts of a multipart.
    """

    data: bytes
    start: int
    header_end: int
    body: int
    end: int
    fields: dict[bytes, bytes]
    stray: bool
    kind: str
    parameters: parameters.Parameters
    parts: list[Part] = field(default_factory=list)


def scan(data: bytes, budget: Budget, depth: int = 0) -> Part:
    """Return the tree of a message's parts.

    Args:
        data: A whole message; line ends may be LF or CRLF. A line of an mbox file before it is passed over.
        budget: Counted down by the parts that are made.
        depth: Levels above this message.
    """
    start = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    while match := _FROM_LINE.match(data, start):
        start = match.end()
    empty_lines = _EMPTY_LINES.match(data, start)
    if empty_lines and _USUAL_FIELD.match(data, empty_lines.end()):
        start = empty_lines.end()
    return _part(data, start, len(data), "text/plain", budget, depth)


def field_values(block: bytes) -> dict[bytes, bytes]:
    """Return the raw value of each field of a header block by its lower-case name: the first one of each.

    Fields of recipients that stand more than once, against the rules, are joined. Zeros, which nothing can keep, are
    left out.
    """
    if b"\0" in block:
        block = block.replace(b"\0", b"")
    values: dict[bytes, bytes] = {}
    for name, value in _FIELD.findall(block):
        name = name.lower()
        if name not in values:
            values[name] = value
        elif name in _JOINED:
            values[name] += (b" " if name == b"references" else b", ") + value
    return values


def _part(data: bytes, start: int, end: int, default: str, budget: Budget, depth: int) -> Part:
    budget.parts -= 1
    body, header_end, stray = _header(data, start, end)
    fields = field_values(data[start:header_end])
    kind, values = content_type(fields.get(b"content-type"), default)
    part = Part(data, start, header_end, body, end, fields, stray, kind, values)
    if kind.startswith("multipart/"):
        if depth < MAX_DEPTH:
            _split(part, budget, depth)
        if not part.parts:
            # Without parts it is what its bytes are: nearly always text whose boundary was lost.
            part.kind = "text/plain" if depth < MAX_DEPTH else "application/octet-stream"
    return part


def _header(data: bytes, start: int, end: int) -> tuple[int, int, bool]:
    """Return where the body begins, where the header ends, and whether it holds lines that are no fields."""
    position = start
    for stray in range(_MAX_STRAY_LINES):
        match = _LINES.match(data, position, end)
        position = match.end() if match else position
        if position >= end:
            return end, end, stray > 0
        if data.startswith(b"\r\n", position):
            return position + 2, position, stray > 0
        if data.startswith(b"\n", position):
            return position + 1, position, stray > 0
        line_end = data.find(b"\n", position, end) + 1
        if not line_end or not (_FROM_LINE.match(data, position, end) or _USUAL_FIELD.match(data, line_end, end)):
            return position, position, stray > 0
        position = line_end
    return position, position, True


def content_type(raw: bytes | None, default: str = "text/plain") -> tuple[str, parameters.Parameters]:
    """Return the type and the parameters of a raw Content-Type value, or of a part that has none."""
    if raw is None:
        return default, {}
    kind, values = parameters.parse(raw)
    main, slash, sub = kind.partition("/")
    if main and slash and sub:
        return kind, values
    if main in ("", "text"):
        return "text/plain", values
    if main in ("multipart", "message"):
        return "multipart/mixed" if main == "multipart" else "message/rfc822", values
    return "application/octet-stream", values


def _split(part: Part, budget: Budget, depth: int) -> None:
    """Find the parts between the boundaries."""
    data, end = part.data, part.end
    boundary = part.parameters.get("boundary", "").encode("utf-8", "replace")
    if not boundary:
        boundary = _guessed_boundary(data, part.body, end)
        if not boundary:
            return
    default = "message/rfc822" if part.kind == "multipart/digest" else "text/plain"
    delimiter = b"--" + boundary
    start = -1
    position = data.find(delimiter, part.body, end)
    while position >= 0:
        after = position + len(delimiter)
        if position == part.body or data[position - 1] == 0x0A:
            line_end = data.find(b"\n", after, end)
            tail = data[after : line_end if line_end >= 0 else end][:200].strip()
            if not tail or tail.startswith(b"--"):
                if start >= 0:
                    part_end = position - (2 if data[position - 2] == 0x0D else 1)
                    _add(part, start, max(start, part_end), default, budget, depth)
                start = -1
                if tail:
                    return
                start = line_end + 1 if line_end >= 0 else end
                if budget.parts <= 1:
                    break
        position = data.find(delimiter, after, end)
    if 0 <= start < end or (start == end and not part.parts):
        _add(part, start, end, default, budget, depth)


def _add(part: Part, start: int, end: int, default: str, budget: Budget, depth: int) -> None:
    part.parts.append(_part(part.data, start, end, default, budget, depth + 1))


def _guessed_boundary(data: bytes, start: int, end: int) -> bytes:
    """Return the boundary of a multipart that does not name it: its first line that looks like one."""
    position = start
    for _ in range(20):
        line_end = data.find(b"\n", position, end)
        if line_end < 0:
            return b""
        line = data[position:line_end].strip()
        if line.startswith(b"--") and 2 < len(line) <= 72 and data.find(b"\n" + line, line_end - 1, end) > 0:
            return line[2:]
        position = line_end + 1
    return b""
