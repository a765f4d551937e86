"""Compound files, the container of .msg files and of OLE objects: storages and streams in one file, [MS-CFB].

OFFSET  SIZE  FIELD (header)
0       8     signature            D0 CF 11 E0 A1 B1 1A E1
8       16    CLSID                zero
24      2     minor version        0x3E
26      2     major version        3 sectors of 512 bytes, 4 of 4096
28      2     byte order           0xFFFE
30      2     sector shift
32      2     mini sector shift    6
34      6     reserved
40      4     directory sectors    0 in version 3
44      4     FAT sectors
48      4     first sector of the directory
52      4     transaction signature
56      4     mini stream cutoff   4096: shorter streams lie in the mini stream
60      4     first sector of the mini FAT
64      4     mini FAT sectors
68      4     first sector of the DIFAT
72      4     DIFAT sectors
76      436   DIFAT                the first 109 sectors of the FAT

A sector belongs to one stream alone and a directory entry to one storage alone; that bounds what a file can name by
what it holds, and rules out cycles. What is written is version 3.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from mailconnector.mapi.types import MapiError

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The first eight bytes of every compound file."""

MAX_NAME = 31
"""UTF-16 code units of the longest name."""

MAX_DEPTH = 128
"""Storages within one another that are read."""

NO_CLASS = uuid.UUID(int=0)

_HEADER = struct.Struct("<8s16sHHHHH6sIIIIIIIII")
_ENTRY = struct.Struct("<64sHBBIII16sIQQIQ")
assert _HEADER.size == 76 and _ENTRY.size == 128

_END, _FREE, _FAT_SECTOR, _DIFAT_SECTOR = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFC
_NOTHING = 0xFFFFFFFF
_STORAGE, _STREAM, _ROOT = 1, 2, 5
_RED, _BLACK = 0, 1
_SECTOR, _MINI_SECTOR, _CUTOFF = 512, 64, 4096
_IN_HEADER = 109
_LARGEST = 0x7FFFFFFF  # bytes of a stream, and of all that is written: version 3 has no more


class CompoundFormatError(MapiError):
    """A compound file is malformed, or what shall be written does not go into one.

    Attributes:
        reason: What is wrong, in a few words.
    """

    reason: str

    def __init__(self, reason: str) -> None:
        super().__init__(f"compound file: {reason}")
        self.reason = reason


Entry: TypeAlias = "Storage | bytes"
"""What stands under a name: a storage, or a stream."""


@dataclass(slots=True)
class Storage:
    """A storage.

    Attributes:
        entries: What is in it, by name; names that differ in case only are one.
        class_id: The kind of object that it is.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    class_id: uuid.UUID = NO_CLASS


def parse(data: bytes) -> Storage:
    """Return the root storage of a compound file.

    A last sector that is cut is read as if zeros followed.

    Raises:
        CompoundFormatError: It is none, or malformed.
    """
    return _Reader(data).root()


@dataclass(frozen=True, slots=True)
class _Listed:
    """An entry of the directory."""

    name: str
    kind: int
    left: int
    right: int
    child: int
    class_id: uuid.UUID
    start: int
    size: int


class _Chains:
    """Sectors of one size and the table that chains them."""

    def __init__(self, data: bytes, first: int, size: int, table: Sequence[int]) -> None:
        self._data = data
        self._first = first  # offset of sector 0
        self._size = size
        self.table = table  # what follows each of them
        self._count = -(-(len(data) - first) // size)
        self._used = bytearray(self._count)

    def take(self, sector: int) -> bytes:
        """Return a sector, which nobody may take again."""
        if sector >= self._count:
            raise CompoundFormatError(f"there is no sector {sector}")
        if self._used[sector]:
            raise CompoundFormatError(f"sector {sector} belongs to two streams")
        self._used[sector] = 1
        at = self._first + sector * self._size
        return self._data[at : at + self._size].ljust(self._size, b"\0")

    def read(self, start: int, size: int | None) -> bytes:
        """Return a stream.

        Args:
            start: Its first sector.
            size: Its bytes; None for all that the chain has.
        """
        pieces: list[bytes] = []
        have = 0
        sector = start
        while (size is None or have < size) and sector != _END:
            pieces.append(self.take(sector))
            have += self._size
            if sector >= len(self.table):
                raise CompoundFormatError(f"sector {sector} is in no table")
            sector = self.table[sector]
        if size is not None and have < size:
            raise CompoundFormatError(f"a stream of {size} bytes ends after {have}")
        return b"".join(pieces)[:size]


class _Reader:
    def __init__(self, data: bytes) -> None:
        if not data.startswith(SIGNATURE) or len(data) < _SECTOR:
            raise CompoundFormatError("no signature")
        head = _HEADER.unpack_from(data)
        self._major, order, shift, mini_shift = head[3:7]
        if order != 0xFFFE or (self._major, shift) not in ((3, 9), (4, 12)) or mini_shift != 6:
            raise CompoundFormatError(f"version {self._major} with sectors of 2^{shift} bytes")
        size = 1 << shift
        fat_count, directory, _, self._cutoff, mini_fat, mini_fat_count, difat, _ = head[9:17]
        # The header fills the place of a sector before sector 0.
        self._chains = _Chains(data, size, size, ())
        numbers = self._fat_sectors(data, size, fat_count, difat)
        table: list[int] = []
        for number in numbers:
            table += struct.unpack(f"<{size // 4}I", self._chains.take(number))
        self._chains.table = table
        self._entries = self._chains.read(directory, None)
        self._seen = bytearray(len(self._entries) // _ENTRY.size)
        self._root = self._entry(0)
        if self._root.kind != _ROOT:
            raise CompoundFormatError("the directory does not begin with the root")
        mini_table: Sequence[int] = ()
        mini = b""
        if self._root.size and mini_fat_count:
            raw = self._chains.read(mini_fat, None)
            mini_table = struct.unpack(f"<{len(raw) // 4}I", raw)
            mini = self._chains.read(self._root.start, self._root.size)
        self._mini = _Chains(mini, 0, _MINI_SECTOR, mini_table)

    def _fat_sectors(self, data: bytes, size: int, count: int, difat: int) -> list[int]:
        """Return where the sectors of the FAT are."""
        found = [one for one in struct.unpack_from(f"<{_IN_HEADER}I", data, _HEADER.size) if one != _FREE]
        while len(found) < count and difat not in (_END, _FREE):
            *numbers, difat = struct.unpack(f"<{size // 4}I", self._chains.take(difat))
            found += [one for one in numbers if one != _FREE]
        if len(found) < count:
            raise CompoundFormatError(f"{count} sectors of the FAT, {len(found)} are listed")
        return found[:count]

    def _entry(self, number: int) -> _Listed:
        if number >= len(self._seen):
            raise CompoundFormatError(f"there is no directory entry {number}")
        if self._seen[number]:
            raise CompoundFormatError(f"directory entry {number} stands in two places")
        self._seen[number] = 1
        raw, length, kind, _, left, right, child, class_id, _, _, _, start, size = _ENTRY.unpack_from(
            self._entries, number * _ENTRY.size
        )
        name = raw[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        if self._major == 3:
            size &= 0xFFFFFFFF  # some writers leave rubbish in the upper half
        return _Listed(name, kind, left, right, child, uuid.UUID(bytes_le=class_id), start, size)

    def root(self) -> Storage:
        found = Storage(class_id=self._root.class_id)
        waiting = [(found, self._root.child, 1)]
        while waiting:
            storage, child, depth = waiting.pop()
            if depth > MAX_DEPTH:
                raise CompoundFormatError(f"more than {MAX_DEPTH} storages in one another")
            known: set[str] = set()
            for entry in self._in_order(child):
                if entry.name.upper() in known:
                    raise CompoundFormatError(f"two entries {entry.name!r:.80} in one storage")
                known.add(entry.name.upper())
                if entry.kind == _STORAGE:
                    inner = Storage(class_id=entry.class_id)
                    storage.entries[entry.name] = inner
                    waiting.append((inner, entry.child, depth + 1))
                elif entry.kind == _STREAM:
                    storage.entries[entry.name] = self._stream(entry)
        return found

    def _in_order(self, top: int) -> Iterator[_Listed]:
        """Yield the entries of a storage; some writers chain them instead of making a tree, so nothing recurses."""
        above: list[_Listed] = []
        number = top
        while number != _NOTHING or above:
            while number != _NOTHING:
                above.append(self._entry(number))
                number = above[-1].left
            entry = above.pop()
            yield entry
            number = entry.right

    def _stream(self, entry: _Listed) -> bytes:
        if not entry.size:
            return b""
        chains = self._mini if entry.size < self._cutoff else self._chains
        return chains.read(entry.start, entry.size)


# -- writing -----------------------------------------------------------------------------------------------------------


def build(root: Storage) -> bytes:
    """Return a compound file; the same storage always gives the same bytes.

    Raises:
        CompoundFormatError: A name is empty or too long, two in a storage are the same, or all of it is too large.
    """
    return _Writer(root).file()


@dataclass(slots=True)
class _Made:
    """An entry of the directory on its way."""

    name: str
    kind: int
    content: Entry
    left: int = _NOTHING
    right: int = _NOTHING
    child: int = _NOTHING
    color: int = _BLACK
    start: int = 0
    size: int = 0

    def packed(self) -> bytes:
        name = self.name.encode("utf-16-le") + b"\0\0"
        class_id = self.content.class_id if isinstance(self.content, Storage) else NO_CLASS
        return _ENTRY.pack(
            name, len(name), self.kind, self.color, self.left, self.right, self.child, class_id.bytes_le, 0, 0, 0,
            self.start, self.size,
        )  # fmt: skip


class _Writer:
    def __init__(self, root: Storage) -> None:
        self._entries = [_Made("Root Entry", _ROOT, root)]
        self._sectors: list[bytes] = []  # each piece fills whole sectors
        self._table: list[int] = []
        self._mini: list[bytes] = []
        self._mini_table: list[int] = []
        self._list()

    def _list(self) -> None:
        """Enter everything into the directory."""
        waiting = [0]
        while waiting:
            number = waiting.pop()
            content = self._entries[number].content
            if isinstance(content, bytes):
                continue
            _check_names(list(content.entries))
            first = len(self._entries)
            for name in sorted(content.entries, key=_order):
                inner = content.entries[name]
                self._entries.append(_Made(name, _STORAGE if isinstance(inner, Storage) else _STREAM, inner))
            last = len(self._entries)
            self._entries[number].child = self._tree(first, last)
            waiting += range(last - 1, first - 1, -1)

    def _tree(self, first: int, last: int) -> int:
        """Make a balanced tree of a storage's entries, which are in order, and return its top.

        All levels are full but the lowest; its entries are red where it is not, so that each way down has as many
        black ones.
        """
        full = (last - first + 1).bit_length() - 1
        top = _NOTHING
        waiting: list[tuple[int, int, int, int, bool]] = [(first, last, 0, 0, False)]
        while waiting:
            first, last, depth, above, is_right = waiting.pop()
            if first == last:
                continue
            middle = (first + last) // 2
            self._entries[middle].color = _RED if depth == full else _BLACK
            if not depth:
                top = middle
            elif is_right:
                self._entries[above].right = middle
            else:
                self._entries[above].left = middle
            waiting += [(first, middle, depth + 1, middle, False), (middle + 1, last, depth + 1, middle, True)]
        return top

    def file(self) -> bytes:
        for entry in self._entries[1:]:
            if isinstance(entry.content, bytes):
                self._put(entry, entry.content)
        root = self._entries[0]
        mini = b"".join(self._mini)
        root.size = len(mini)
        root.start = self._chain(mini) if mini else _END
        mini_table = self._mini_table + [_FREE] * (-len(self._mini_table) % (_SECTOR // 4))
        mini_fat_at = self._chain(struct.pack(f"<{len(mini_table)}I", *mini_table)) if mini_table else _END
        directory = b"".join([entry.packed() for entry in self._entries])
        unused = _ENTRY.pack(b"", 0, 0, 0, _NOTHING, _NOTHING, _NOTHING, bytes(16), 0, 0, 0, 0, 0)
        directory_at = self._chain(directory + unused * (-len(self._entries) % (_SECTOR // _ENTRY.size)))
        fat_at, fat_count, difat_at, difat_count = self._end_with_fat()
        head = _HEADER.pack(
            SIGNATURE, bytes(16), 0x3E, 3, 0xFFFE, 9, 6, bytes(6), 0, fat_count, directory_at, 0, _CUTOFF, mini_fat_at,
            len(mini_table) // (_SECTOR // 4), difat_at if difat_count else _END, difat_count,
        )  # fmt: skip
        listed = [fat_at + number if number < fat_count else _FREE for number in range(_IN_HEADER)]
        return b"".join([head, struct.pack(f"<{_IN_HEADER}I", *listed), *self._sectors])

    def _put(self, entry: _Made, data: bytes) -> None:
        entry.size = len(data)
        if not data:
            entry.start = _END
        elif len(data) >= _CUTOFF:
            entry.start = self._chain(data)
        else:
            count = -(-len(data) // _MINI_SECTOR)
            entry.start = len(self._mini_table)
            self._mini.append(data.ljust(count * _MINI_SECTOR, b"\0"))
            self._mini_table += [*range(entry.start + 1, entry.start + count), _END]

    def _chain(self, data: bytes) -> int:
        """Lay data into sectors that follow one another, and return the first."""
        count = -(-len(data) // _SECTOR)
        start = len(self._table)
        if (start + count) * _SECTOR > _LARGEST:
            raise CompoundFormatError("too large to be written")
        self._sectors.append(data)
        self._sectors.append(bytes(count * _SECTOR - len(data)))
        self._table += [*range(start + 1, start + count), _END]
        return start

    def _end_with_fat(self) -> tuple[int, int, int, int]:
        """Lay the table of all sectors behind them: (first sector, sectors) of the FAT and of what lists it."""
        in_sector = _SECTOR // 4
        used = len(self._table)
        fat = difat = 0
        while True:
            need = -(-(used + fat + difat) // in_sector)
            rest = -(-max(0, need - _IN_HEADER) // (in_sector - 1))
            if (need, rest) == (fat, difat):
                break
            fat, difat = need, rest
        table = [*self._table, *([_FAT_SECTOR] * fat), *([_DIFAT_SECTOR] * difat)]
        table += [_FREE] * (fat * in_sector - len(table))
        self._sectors.append(struct.pack(f"<{len(table)}I", *table))
        at = used + fat
        numbers = list(range(used + _IN_HEADER, at))
        for number in range(difat):
            piece = numbers[number * (in_sector - 1) : (number + 1) * (in_sector - 1)]
            piece += [_FREE] * (in_sector - 1 - len(piece))
            following = at + number + 1 if number + 1 < difat else _END
            self._sectors.append(struct.pack(f"<{in_sector}I", *piece, following))
        return used, fat, at, difat


def _order(name: str) -> tuple[int, bytes]:
    """Return by what names stand in order: shorter ones first, then by their capitals, [MS-CFB] 2.6.4."""
    return len(name.encode("utf-16-le")), name.upper().encode("utf-16-be")


def _check_names(names: list[str]) -> None:
    for name in names:
        try:
            size = len(name.encode("utf-16-le"))
        except UnicodeEncodeError:
            size = 0
        if not 0 < size <= 2 * MAX_NAME or set(name) & set("/\\:!\0"):
            raise CompoundFormatError(f"{name!r:.80} cannot be a name")
    if len({name.upper() for name in names}) < len(names):
        raise CompoundFormatError("two entries of one name in a storage")
