"""FETCH responses made into values: a fast path for the ones we ask for, and a general one for all. No I/O.

A mailbox of 20,000 messages is 20,000 FETCH responses; parsing them value by value would cost more than reading
them from the socket. `FetchReader.quick` knows the shape that servers answer our requests with and gives up on
everything else, which `FetchReader.read` then takes apart by the grammar.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from mailconnector.imap.dates import parse_internal_date
from mailconnector.imap.errors import ImapProtocolError
from mailconnector.imap.framing import Frame
from mailconnector.imap.responses import Fetched
from mailconnector.imap.sets import MAX_NUMBER
from mailconnector.imap.syntax import Cursor, Value

_HEAD = re.compile(rb"\* ([0-9]{1,10}) FETCH \(")
_ATTRIBUTE = re.compile(
    rb"UID ([0-9]{1,10})"
    rb'|FLAGS \(([^()"{\]]*)\)'
    rb'|INTERNALDATE "([^"\\]*)"'
    rb"|RFC822\.SIZE ([0-9]{1,20})"
    rb"|MODSEQ \(([0-9]{1,20})\)"
    rb"|(?:X-GUID |EMAILID \()([A-Za-z0-9_\-]+)\)?"
    rb"|(BODY\[(?:HEADER(?:\.FIELDS \([A-Z0-9\- ]*\))?)?\]) \{[0-9]{1,20}\+?\}\Z"
)
_BODY = 7  # the group of BODY[], BODY[HEADER] and BODY[HEADER.FIELDS (...)]
# The same attributes by their group, with a name each, as parts of a pattern for a whole line.
_PARTS = {
    1: (b"uid", rb"UID (?P<uid>[1-9][0-9]{0,8})"),
    2: (b"flags", rb'FLAGS \((?P<flags>[^()"{\]]*)\)'),
    3: (b"date", rb'INTERNALDATE "(?P<date>[^"\\]*)"'),
    4: (b"size", rb"RFC822\.SIZE (?P<size>[0-9]{1,20})"),
    5: (b"modseq", rb"MODSEQ \((?P<modseq>[0-9]{1,20})\)"),
    6: (b"id", rb"(?:X-GUID |EMAILID \()(?P<id>[A-Za-z0-9_\-]+)\)?"),
}
_BODY_PART = rb"(?P<section>BODY\[(?:HEADER(?:\.FIELDS \([A-Z0-9\- ]*\))?)?\]) \{[0-9]{1,20}\+?\}"
_NAMES = ("number", "uid", "flags", "date", "size", "modseq", "id")
_MOST_SHAPES = 50
_WHOLE = frozenset({"BODY[]", "BINARY[]", "RFC822"})
_MOST_FLAG_SETS = 4096


class FetchReader:
    """Reads FETCH responses; keeps what most of them share: their shape, and one of a few sets of flags."""

    def __init__(self) -> None:
        self._flag_sets: dict[bytes, frozenset[str]] = {}
        self._shape: re.Pattern[bytes] | None = None  # the last response as a pattern: the next one will be alike
        self._shapes: dict[tuple[int, ...], re.Pattern[bytes]] = {}

    def quick(self, frame: Frame) -> Fetched | None:
        """Read a response that has the usual shape; None for anything else."""
        count = len(frame)
        if count not in (1, 3):
            return None
        if self._shape is not None and (alike := self._shape.match(frame[0])):
            body, other = None, _NONE
            if count == 3:
                if frame[2] != b")":
                    return self._piecewise(frame)
                body = frame[1]
                if alike["section"] != b"BODY[]":
                    other, body = _section(alike["section"], body), None
            number, uid, flags, date, size, modseq, message_id = alike.group(*_NAMES)
            return Fetched(
                int(number),
                int(uid) if uid else None,
                None if flags is None else self._flag_sets.get(flags) or self.flag_set(flags),
                int(modseq) if modseq else None,
                parse_internal_date(date) if date else None,
                int(size) if size else None,
                body,
                message_id.decode("ascii") if message_id else None,
                other,
            )
        return self._piecewise(frame)

    def _piecewise(self, frame: Frame) -> Fetched | None:
        """Read a response attribute by attribute, and remember its shape."""
        count = len(frame)
        line = frame[0]
        head = _HEAD.match(line)
        if head is None:
            return None
        values: dict[int, bytes] = {}
        body = None
        position, end = head.end(), len(line)
        while True:
            match = _ATTRIBUTE.match(line, position)
            if match is None or (group := match.lastindex) is None or group in values:
                return None
            values[group] = match[group]
            position = match.end()
            if group == _BODY:
                if count != 3:
                    return None
                body = frame[1]
                line = frame[2]
                if line == b")":
                    break
                position, end = 0, len(line)
            mark = line[position : position + 1]
            if mark == b" ":
                position += 1
            elif mark == b")" and position + 1 == end:
                break
            else:
                return None
        sequence, uid = int(head[1]), int(values.get(1, b"1"))
        if (count == 3) is not (body is not None) or not (0 < uid <= MAX_NUMBER and 0 < sequence <= MAX_NUMBER):
            return None
        if body is None or frame[2] == b")":
            self._remember(tuple(values))
        other = _NONE
        if body is not None and values[_BODY] != b"BODY[]":
            other, body = _section(values[_BODY], body), None
        return Fetched(
            sequence,
            uid if 1 in values else None,
            self.flag_set(values[2]) if 2 in values else None,
            int(values[5]) if 5 in values else None,
            parse_internal_date(values[3]) if 3 in values else None,
            int(values[4]) if 4 in values else None,
            body,
            values[6].decode("ascii") if 6 in values else None,
            other,
        )

    def _remember(self, shape: tuple[int, ...]) -> None:
        """Make the pattern of a whole line with these attributes in this order."""
        pattern = self._shapes.get(shape)
        if pattern is None:
            if len(self._shapes) >= _MOST_SHAPES:
                return
            missing = b"".join(b"(?P<%s>(?!))?" % name for number, (name, _) in _PARTS.items() if number not in shape)
            attributes = b" ".join(_PARTS[group][1] if group != _BODY else _BODY_PART for group in shape)
            end = b"" if _BODY in shape else rb"\)"
            pattern = re.compile(rb"\* (?P<number>[1-9][0-9]{0,8}) FETCH \(" + attributes + missing + end + rb"\Z")
            self._shapes[shape] = pattern
        self._shape = pattern

    def flag_set(self, raw: bytes) -> frozenset[str]:
        """Return the flags of a list without its parentheses; equal lists share one set."""
        if len(self._flag_sets) >= _MOST_FLAG_SETS:
            self._flag_sets.clear()
        flags = frozenset(word.decode("utf-8", "surrogateescape") for word in raw.split())
        self._flag_sets[raw] = flags
        return flags

    def read(self, sequence: int, cursor: Cursor) -> Fetched:
        """Read any FETCH response from its list on.

        Raises:
            ImapProtocolError: it is no FETCH response.
        """
        uid = flags = modseq = date = size = body = message_id = None
        other: dict[str, Value] = {}
        cursor.space()
        cursor.expect(b"(")
        while not cursor.closes():
            name = cursor.attribute()
            if name == "UID":
                uid = cursor.number()
            elif name == "FLAGS":
                flags = self.flag_set(b" ".join(cursor.items(cursor.atom)))
            elif name == "INTERNALDATE":
                date = parse_internal_date(cursor.nstring() or b"")
            elif name == "RFC822.SIZE":
                size = cursor.number()
            elif name == "MODSEQ":
                modseq = cursor.only(cursor.number)
            elif name in _WHOLE:
                body = cursor.nstring()
            elif name in ("X-GUID", "EMAILID", "X-GM-MSGID"):
                message_id = cursor.only(cursor.astring).decode("ascii", "replace")
            else:
                other[name] = cursor.value()
        if not cursor.at_end():
            cursor.fail("the response goes on after its end")
        if uid is not None and not 0 < uid <= MAX_NUMBER:
            raise ImapProtocolError("the server sent a UID that is out of range")
        return Fetched(
            sequence, uid, flags, modseq, date, size, body, message_id, MappingProxyType(other) if other else _NONE
        )


_NONE: MappingProxyType[str, Value] = MappingProxyType({})


def _section(name: bytes, content: bytes) -> MappingProxyType[str, Value]:
    return MappingProxyType({name.decode("ascii"): content})
