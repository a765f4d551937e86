"""What UID SEARCH looks for (RFC 9051 section 6.4.4), put together with ``&``, ``|`` and ``~``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from mailconnector.imap.commands import CommandLine, flag_bytes
from mailconnector.imap.dates import format_search_date
from mailconnector.imap.sets import UidSet

_SYSTEM = {
    b"\\SEEN": b"SEEN",
    b"\\ANSWERED": b"ANSWERED",
    b"\\FLAGGED": b"FLAGGED",
    b"\\DELETED": b"DELETED",
    b"\\DRAFT": b"DRAFT",
}


@dataclass(frozen=True, slots=True)
class _Text:
    data: bytes


@dataclass(frozen=True, slots=True)
class Query:
    """A condition that messages meet or not."""

    parts: tuple[bytes | _Text, ...]

    def __and__(self, other: Query) -> Query:
        return Query((*self.parts, *other.parts))

    def __or__(self, other: Query) -> Query:
        return Query((b"OR", b"(", *self.parts, b")", b"(", *other.parts, b")"))

    def __invert__(self) -> Query:
        return Query((b"NOT", b"(", *self.parts, b")"))

    def add_to(self, line: CommandLine, *, utf8: bool = False) -> CommandLine:
        """Add the condition to a command.

        Args:
            line: the command.
            utf8: all text is UTF-8 in this session, and saying so is an error (RFC 6855 section 3).
        """
        if not utf8 and any(isinstance(part, _Text) and not part.data.isascii() for part in self.parts):
            line.raw(b"CHARSET UTF-8")
        for part in self.parts:
            if isinstance(part, _Text):
                line.string(part.data)
            elif part == b"(":
                line.open()
            elif part == b")":
                line.close()
            else:
                line.raw(part)
        return line


ALL = Query((b"ALL",))
"""Every message."""


def uids(numbers: UidSet) -> Query:
    """Messages of these UIDs; the set must fit into a line, see `UidSet.split`."""
    return Query((b"UID", bytes(numbers)))


def flagged(flag: str) -> Query:
    """Messages with a flag or keyword. Raises `ImapUsageError` for what is no flag."""
    data = flag_bytes(flag)
    system = _SYSTEM.get(data.upper())
    return Query((system,)) if system else Query((b"KEYWORD", data))


def header(name: str, value: str) -> Query:
    """Messages whose header field holds a text."""
    return Query((b"HEADER", _Text(name.encode("ascii")), _Text(value.encode("utf-8"))))


def since(day: date) -> Query:
    """Messages that arrived on a day or later, in the server's time zone."""
    return Query((b"SINCE", format_search_date(day)))


def before(day: date) -> Query:
    """Messages that arrived before a day, in the server's time zone."""
    return Query((b"BEFORE", format_search_date(day)))


def larger(size: int) -> Query:
    """Messages of more than so many bytes."""
    return Query((b"LARGER", b"%d" % size))


def smaller(size: int) -> Query:
    """Messages of fewer than so many bytes."""
    return Query((b"SMALLER", b"%d" % size))


def changed_since(modseq: int) -> Query:
    """Messages whose mod-sequence is at least so high; needs CONDSTORE (RFC 7162 section 3.1.5)."""
    return Query((b"MODSEQ", b"%d" % modseq))
