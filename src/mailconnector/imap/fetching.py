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
    rb"|BODY\[\] (\{)[0-9]{1,20}\+?\}\Z"
)
_WHOLE = frozenset({"BODY[]", "BINARY[]", "RFC822"})
_MOST_FLAG_SETS = 4096


class FetchReader:
    """Reads FETCH responses; keeps the flag sets seen, since most messages have one of a few."""

    def __init__(self) -> None:
        self._flag_sets: dict[bytes, frozenset[str]] = {}

    def quick(self, frame: Frame) -> Fetched | None:  # noqa: PLR0912 - one loop, for speed
        """Read a response that has the usual shape; None for anything else."""
        count = len(frame)
        if count not in (1, 3):
            return None
        line = frame[0]
        head = _HEAD.match(line)
        if head is None:
            return None
        uid = flags = modseq = date = size = body = message_id = None
        position, end = head.end(), len(line)
        match_at = _ATTRIBUTE.match
        while True:
            match = match_at(line, position)
            if match is None:
                return None
            group = match.lastindex
            position = match.end()
            if group == 1:
                uid = int(match[1])
            elif group == 2:
                flags = self._flag_sets.get(match[2]) or self.flag_set(match[2])
            elif group == 3:
                date = parse_internal_date(match[3])
            elif group == 4:
                size = int(match[4])
            elif group == 5:
                modseq = int(match[5])
            elif group == 6:
                message_id = match[6].decode("ascii")
            else:
                if count != 3 or body is not None:
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
        sequence = int(head[1])
        if (uid is not None and not 0 < uid <= MAX_NUMBER) or not 0 < sequence <= MAX_NUMBER:
            return None
        if count == 3 and body is None:
            return None
        return Fetched(sequence, uid, flags, modseq, date, size, body, message_id)

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
