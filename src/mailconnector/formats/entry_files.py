"""Files of many calendar entries, or of many cards, cut into entries that are read a few at a time.

A first pass finds where the entries are; of a calendar, what belongs to one UID is one entry, wherever it stands. What
is held in memory is an index, and the entries that are just being read. An entry that is broken does no harm to others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import BinaryIO

from mailconnector.formats import calendar, card
from mailconnector.formats.calendar import lines as calendar_lines
from mailconnector.formats.card import lines as card_lines
from mailconnector.formats.errors import FormatError
from mailconnector.formats.item.parts import with_uid
from mailconnector.items import Item
from mailconnector.items.message_ids import MADE_DOMAIN

MAX_ENTRIES = 200_000
"""Entries of a file."""

_MAX_HEAD = 64 << 10  # bytes of a calendar's own properties
_MAX_ZONES = 4 << 20  # bytes of the time zones of a file
_MAX_UID = 64 << 10  # bytes of a UID by which its entries are found
_MAX_DEPTH = 16
_PIECE = 1 << 20  # bytes of a line that are looked at at once
_BATCH_ENTRIES, _BATCH_BYTES = 100, 256 << 10
_BOUNDARY = re.compile(rb"(BEGIN|END)[ \t]*:[ \t]*([A-Za-z0-9-]{1,60})[ \t]*\r?\n?\Z", re.IGNORECASE)
_UID = re.compile(rb"UID[:;]", re.IGNORECASE)
_NAME = re.compile(rb"X-WR-CALNAME(?:;[^:\n]*)?:([^\n]*)", re.IGNORECASE)
_TZID = re.compile(rb"^TZID[ \t]*(?:;[^:\n]*)?:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_NAMED = re.compile(rb';[ \t]*TZID[ \t]*=[ \t]*(?:"([^"\r\n]*)"|([^;:,\r\n]*))', re.IGNORECASE)
_ESCAPED = re.compile(rb"\\(.)")
_FOLD = re.compile(rb"\r?\n[ \t]")
_ENTRIES = frozenset(name.encode("ascii") for name in calendar.COMPONENTS.values())
_AGENT = re.compile(rb"AGENT[^:]*:[ \t]*\r?\n?\Z", re.IGNORECASE)
_BLANK = (b" ", b"\t")


class EntryFileError(FormatError):
    """A file has more entries than anybody has, or an entry is not what it should be.

    Attributes:
        reason: What is wrong, in a few words.
    """

    reason: str

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class FileEntry:
    """An entry of a file.

    Attributes:
        line: The line that it begins with, counted from 1.
        position: Bytes of the file up to its end.
        data: The entry as it stands, as a file of its own; nothing of one that is larger than is read.
        items: What it is; nothing when it is broken.
        problem: Why it is broken.
    """

    line: int
    position: int
    data: bytes
    items: tuple[Item, ...] = ()
    problem: FormatError | None = None


@dataclass(slots=True)
class _Span:
    start: int
    end: int
    line: int
    is_whole: bool = True


@dataclass(slots=True)
class _Calendar:
    """A calendar of a file: its own lines, its time zones in their order by name, and where its entries are."""

    head: list[bytes] = field(default_factory=list)
    zones: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)
    entries: list[list[_Span]] = field(default_factory=list)
    by_uid: dict[tuple[bytes, bytes], list[_Span]] = field(default_factory=dict)
    room: int = _MAX_HEAD

    def add_head(self, line: bytes) -> None:
        """Take one of its own lines."""
        self.room -= len(line)
        if self.room >= 0:
            self.head.append(line)


@dataclass(frozen=True, slots=True)
class _Mark:
    """A line that begins or ends a component, or that names an entry.

    Attributes:
        start: Offset of the line.
        end: Offset behind it.
        number: Of the line, from 1.
        text: The line; the first piece of one that is endless.
    """

    start: int
    end: int
    number: int
    text: bytes


def _lines(file: BinaryIO) -> Iterator[_Mark]:
    """Yield the lines of a file; of one that is endless only its first piece has text."""
    file.seek(0)
    position = number = 0
    begins = True
    while piece := file.readline(_PIECE):
        if begins:
            number += 1
            yield _Mark(position, position + len(piece), number, piece.removeprefix(b"\xef\xbb\xbf"))
        position += len(piece)
        begins = piece.endswith(b"\n")


class CalendarFile:
    """A file of calendars ([RFC 5545]).

    Args:
        file: It is read where it is looked for; it must stay open.

    Raises:
        EntryFileError: It has too many entries.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._calendars: list[_Calendar] = []
        self._end = self._count = 0
        self._room = _MAX_ZONES
        self._scan()

    @property
    def name(self) -> str:
        """What the file calls its calendar; "" when it does not."""
        for one in self._calendars:
            for line in one.head:
                if found := _NAME.match(line):
                    return found[1].decode("utf-8", "replace").replace("\\", "").strip()
        return ""

    def __len__(self) -> int:
        """Return the number of its entries."""
        return sum(len(one.entries) for one in self._calendars)

    def _scan(self) -> None:
        open_ones: list[bytes] = []  # names of the components that a line is in
        one = _Calendar()
        span = _Span(0, 0, 0)
        uid = b""
        in_uid = False
        for mark in _lines(self._file):
            self._end = mark.end
            folded = mark.text.startswith(_BLANK)
            if in_uid and folded:
                if len(uid) < _MAX_UID:
                    uid += mark.text.strip()
                continue
            in_uid = False
            found = None if folded else _BOUNDARY.match(mark.text)
            if found is None:
                if len(open_ones) == 1:
                    one.add_head(mark.text)
                elif len(open_ones) == 2 and not uid and _UID.match(mark.text):
                    uid, in_uid = mark.text.partition(b":")[2].strip(), True
                continue
            name = found[2].upper()
            if found[1].upper() == b"BEGIN":
                if len(open_ones) > 1 and name in _ENTRIES:
                    # Entries are in no others: the one before has no end.
                    span.end, span.is_whole = mark.start, False
                    self._keep(one, open_ones[1], uid, span)
                    del open_ones[1:]
                if not open_ones and name == b"VCALENDAR":
                    one = _Calendar()
                    self._calendars.append(one)
                elif len(open_ones) == 1:
                    span, uid = _Span(mark.start, mark.end, mark.number), b""
                if open_ones or name == b"VCALENDAR":
                    open_ones.append(name)
                if len(open_ones) > _MAX_DEPTH:
                    raise EntryFileError("components in one another without end")
                continue
            while name in open_ones:
                closed = open_ones.pop()
                if len(open_ones) == 1:
                    # One that is not closed ends where the calendar does.
                    span.end = mark.end if closed == name else mark.start
                    self._keep(one, closed, uid, span)
                if closed == name:
                    break
        if len(open_ones) > 1:
            span.end, span.is_whole = self._end, False
            self._keep(one, open_ones[1], uid, span)

    def _keep(self, one: _Calendar, name: bytes, uid: bytes, span: _Span) -> None:
        if name == b"VTIMEZONE":
            self._room -= span.end - span.start
            if self._room >= 0 and span.is_whole:
                tzid, data = self._zone(span)
                # Of several of a name the last counts, as when the whole is read.
                one.zones[tzid] = one.zones.get(tzid, (len(one.zones),))[0], data
        if name not in _ENTRIES:
            return
        self._count += 1
        if self._count > MAX_ENTRIES:
            raise EntryFileError(f"more than {MAX_ENTRIES:,} entries")
        # One that is broken must not break the others of its UID.
        known = one.by_uid.get((name, uid)) if uid and span.is_whole else None
        if known is None:
            known = []
            one.entries.append(known)
            if uid and span.is_whole:
                one.by_uid[name, uid] = known
        known.append(span)

    def _zone(self, span: _Span) -> tuple[bytes, bytes]:
        at = self._file.tell()
        data = self._read(span)
        self._file.seek(at)
        found = _TZID.search(_FOLD.sub(b"", data))
        return (_ESCAPED.sub(rb"\1", found[1]).strip() if found else b"", data)

    def _read(self, span: _Span) -> bytes:
        self._file.seek(span.start)
        data = self._file.read(span.end - span.start)
        return data if data.endswith(b"\n") else data + b"\r\n"

    def entries(self) -> Iterator[FileEntry]:
        """Yield the entries in the order in which they begin; of one that is several, all that is.

        A file in which no line begins a calendar is one entry: it has another encoding, or is none.
        """
        if not self._calendars:
            self._file.seek(0)
            yield _parsed(FileEntry(1, self._end, self._file.read(calendar_lines.LARGEST + 1)))
            return
        for one in self._calendars:
            batch: list[tuple[FileEntry, bytes]] = []
            for spans in one.entries:
                size = sum(span.end - span.start for span in spans)
                if size > calendar_lines.LARGEST:
                    yield from _read_batch(one, batch)
                    batch = []
                    yield _too_large(spans[0].line, spans[-1].end, size, calendar_lines.LARGEST)
                    continue
                data = b"".join(map(self._read, spans))
                entry = FileEntry(spans[0].line, spans[-1].end, _file_of(one, data))
                if not all(span.is_whole for span in spans):
                    yield from _read_batch(one, batch)
                    batch = []
                    yield _broken(entry, EntryFileError("the file ends within it"))
                    continue
                batch.append((entry, data))
                if len(batch) >= _BATCH_ENTRIES or sum(len(text) for _, text in batch) > _BATCH_BYTES:
                    yield from _read_batch(one, batch)
                    batch = []
            yield from _read_batch(one, batch)


def _file_of(one: _Calendar, entries: bytes) -> bytes:
    """Return a calendar with some of the entries of another, and the zones that they name."""
    named = {quoted.strip() or bare.strip() for quoted, bare in _NAMED.findall(_FOLD.sub(b"", entries))}
    zones = [data for _, data in sorted(one.zones[name] for name in named if name in one.zones)]
    return b"".join([b"BEGIN:VCALENDAR\r\n", *one.head, *zones, entries, b"END:VCALENDAR\r\n"])


def _read_batch(one: _Calendar, batch: list[tuple[FileEntry, bytes]]) -> Iterator[FileEntry]:
    """Read entries together, since each has the same zones; one by one where that does not tell which is which."""
    items: list[Item] = []
    if len(batch) > 1:
        try:
            items = list(calendar.parse(_file_of(one, b"".join([data for _, data in batch]))))
        except FormatError:
            items = []
    for at, (entry, _) in enumerate(batch):
        if len(items) == len(batch):
            yield _known(entry, [items[at]])
        else:
            yield _parsed(entry)


def _parsed(entry: FileEntry) -> FileEntry:
    try:
        return _known(entry, calendar.parse(entry.data))
    except FormatError as error:
        return _broken(entry, error)


def _known(entry: FileEntry, items: Iterable[Item]) -> FileEntry:
    return replace(entry, items=tuple([with_uid(item, _made_id(entry.data, at)) for at, item in enumerate(items)]))


def _made_id(data: bytes, number: int) -> str:
    """Return the message id of an entry without a UID, the same whenever the file is read."""
    return f"<{blake2b(data + b'%d' % number, digest_size=16).hexdigest()}@{MADE_DOMAIN}>"


def _broken(entry: FileEntry, problem: FormatError) -> FileEntry:
    return replace(entry, problem=problem)


def _too_large(line: int, position: int, size: int, most: int) -> FileEntry:
    return FileEntry(line, position, b"", problem=EntryFileError(f"{size:,} bytes, at most {most:,} are read"))


class CardFile:
    """A file of cards.

    Args:
        file: It is read where it is looked for; it must stay open.

    Raises:
        EntryFileError: It has too many cards.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._spans: list[_Span] = []
        self._end = 0
        self._scan()
        if not self._spans:
            # Another encoding or other line ends: it is for the reader of cards to say what it is.
            self._spans.append(_Span(0, self._end, 1))

    def __len__(self) -> int:
        """Return the number of its cards."""
        return len(self._spans)

    def _scan(self) -> None:
        depth = 0
        before = b""
        for mark in _lines(self._file):
            self._end = mark.end
            found = _BOUNDARY.match(mark.text)
            begins = ends = False
            if found is not None and found[2].upper() == b"VCARD":
                begins, ends = found[1].upper() == b"BEGIN", found[1].upper() == b"END"
            # Only an agent's card is within another; elsewhere the one before has no end.
            if begins and not (depth and _AGENT.match(before)):
                depth = 0
                self._spans.append(_Span(mark.start, mark.end, mark.number))
            depth += begins
            if depth:
                self._spans[-1].end = mark.end
            depth -= ends and depth > 0
            before = mark.text
            if len(self._spans) > MAX_ENTRIES:
                raise EntryFileError(f"more than {MAX_ENTRIES:,} cards")

    def entries(self) -> Iterator[FileEntry]:
        """Yield the cards in their order."""
        for span in self._spans:
            if (size := span.end - span.start) > card_lines.MAX_FILE:
                yield _too_large(span.line, span.end, size, card_lines.MAX_FILE)
                continue
            self._file.seek(span.start)
            entry = FileEntry(span.line, span.end, self._file.read(span.end - span.start))
            try:
                yield _known(entry, card.parse(entry.data))
            except FormatError as error:
                yield _broken(entry, error)
