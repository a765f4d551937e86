"""BTree-on-Heap ([MS-PST] 2.3.2): sorted records with fixed keys in the items of a heap, over several levels.

``BTHHEADER: 0 bType 1, 1 cbKey 1, 2 cbEnt 1, 3 bIdxLevels 1, 4 hidRoot 4``. Index records are key and HID (4 bytes) of
the item on the level below.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from mailconnector.pst.errors import PstFormatError
from mailconnector.pst.ltp.heap import CLIENT_BTH, MAX_ITEM, HeapEditor

_HEADER = struct.Struct("<BBBBI")
_MAX_LEVELS = 8


class Items(Protocol):
    """What a BTH is read from: a heap, open for reading or for changes."""

    def item(self, hid: int) -> bytes:
        """Return an item of the heap."""


def read_header(heap: Items, hid: int, key: int, entry: int | None) -> tuple[int, int, int]:
    """Return (cbEnt, bIdxLevels, hidRoot) of the BTH whose header is the item ``hid``.

    Raises:
        PstFormatError: there is no such BTH, or its records are not of the sizes that are due.
    """
    data = heap.item(hid)
    if len(data) < _HEADER.size:
        raise PstFormatError(f"the BTH header {hid:#x} is truncated")
    kind, key_size, entry_size, levels, root = _HEADER.unpack_from(data)
    if kind != CLIENT_BTH or key_size != key or not 0 < entry_size <= 32 or levels > _MAX_LEVELS:
        raise PstFormatError(f"the BTH header {hid:#x} is damaged")
    if entry is not None and entry_size != entry:
        raise PstFormatError(f"the BTH {hid:#x} has entries of {entry_size} bytes, not {entry}")
    return entry_size, levels, root


def leaves(heap: Items, levels: int, root: int, key: int, entry: int) -> Iterable[bytes]:
    """Return the leaf items of a BTH in order. Every item is visited once at most.

    Raises:
        PstFormatError: an item is of a wrong size, or is reached twice.
    """
    if not root:
        return ()
    if not levels:  # as most are
        data = heap.item(root)
        if len(data) % (key + entry):
            raise PstFormatError(f"the BTH item {root:#x} is not a whole number of records")
        return (data,)
    return _leaves(heap, levels, root, key, entry, set())


def _leaves(heap: Items, level: int, hid: int, key: int, entry: int, seen: set[int]) -> Iterator[bytes]:
    if hid in seen:
        raise PstFormatError(f"a BTH reaches its item {hid:#x} twice")
    seen.add(hid)
    data = heap.item(hid)
    width = key + (4 if level else entry)
    if len(data) % width:
        raise PstFormatError(f"the BTH item {hid:#x} is not a whole number of records")
    if not level:
        yield data
        return
    for at in range(key, len(data), width):
        below = int.from_bytes(data[at : at + 4], "little")
        yield from _leaves(heap, level - 1, below, key, entry, seen)


class BthEditor:
    """A BTH whose records are changed one by one. Keys are integers, stored little endian.

    Args:
        heap: the heap that holds it.
        hid: the item with its header.
        key: cbKey.
    """

    def __init__(self, heap: HeapEditor, hid: int, key: int) -> None:
        self.heap = heap
        self.hid = hid
        self._key = key
        self.entry, self._levels, self._root = read_header(heap, hid, key, None)

    def _path(self, key: int) -> list[tuple[int, int]]:
        """Return (hid, index of the record followed) from the root to the leaf that is to hold a key."""
        path: list[tuple[int, int]] = []
        hid = self._root
        for level in range(self._levels, 0, -1):
            data = self.heap.item(hid)
            width = self._key + 4
            if not data or len(data) % width or len(path) > level + _MAX_LEVELS:
                raise PstFormatError(f"the BTH item {hid:#x} is damaged")
            at = max(self._search(data, width, key, after=True) - 1, 0)
            path.append((hid, at))
            hid = int.from_bytes(data[at * width + self._key : at * width + width], "little")
        if len(self.heap.item(hid)) % (self._key + self.entry):
            raise PstFormatError(f"the BTH item {hid:#x} is not a whole number of records")
        path.append((hid, 0))
        return path

    def _search(self, data: bytes, width: int, key: int, *, after: bool) -> int:
        """Return the index of the first record whose key is not below ``key``; with ``after``, is above it."""
        low, high = 0, len(data) // width
        size = self._key
        # Keys mostly grow: look at the end first.
        if high and int.from_bytes(data[(high - 1) * width : (high - 1) * width + size], "little") < key:
            return high
        while low < high:
            middle = (low + high) // 2
            here = int.from_bytes(data[middle * width : middle * width + size], "little")
            if here < key or (after and here == key):
                low = middle + 1
            else:
                high = middle
        return low

    def find(self, key: int) -> bytes | None:
        """Return the data of a record, or None."""
        if not self._root:
            return None
        hid, _ = self._path(key)[-1]
        data = self.heap.item(hid)
        width = self._key + self.entry
        at = self._search(data, width, key, after=False) * width
        if data[at : at + self._key] == key.to_bytes(self._key, "little"):
            return data[at + self._key : at + width]
        return None

    def put(self, key: int, entry: bytes) -> None:
        """Insert a record or replace its data."""
        record = key.to_bytes(self._key, "little") + entry
        if not self._root:
            self._set_root(self.heap.add(record), 0)
            return
        path = self._path(key)
        hid, _ = path[-1]
        data = self.heap.item(hid)
        width = len(record)
        at = self._search(data, width, key, after=False) * width
        if data[at : at + self._key] == record[: self._key]:
            self._store(path, data[:at] + record + data[at + width :], width)
        else:
            self._store(path, data[:at] + record + data[at:], width)

    def remove(self, key: int) -> bool:
        """Remove a record; say whether there was one."""
        if not self._root:
            return False
        path = self._path(key)
        hid, _ = path[-1]
        data = self.heap.item(hid)
        width = self._key + self.entry
        at = self._search(data, width, key, after=False) * width
        if data[at : at + self._key] != key.to_bytes(self._key, "little"):
            return False
        self._store(path, data[:at] + data[at + width :], width)
        return True

    def _set_root(self, root: int, levels: int) -> None:
        self._root, self._levels = root, levels
        header = _HEADER.pack(CLIENT_BTH, self._key, self.entry, levels, root)
        if self.heap.replace(self.hid, header) != self.hid:
            raise PstFormatError("a BTH header has moved")

    def _store(self, path: list[tuple[int, int]], data: bytes, width: int) -> None:
        """Give the last item of a path new data: split it, drop it, or note its new HID or first key above it."""
        hid, _ = path.pop()
        key = self._key
        if not data:
            self.heap.remove(hid)
            pieces: list[tuple[bytes, int]] = []
        else:
            limit = MAX_ITEM // width * width
            if len(data) > limit:
                # Growth at the end leaves the left piece full.
                cut = limit if data[:limit] == self.heap.item(hid)[:limit] else len(data) // width // 2 * width
                left, right = data[:cut], data[cut:]
                new = self.heap.replace(hid, left)
                pieces = [(left[:key], new), (right[:key], self.heap.add(right))]
            else:
                pieces = [(data[:key], self.heap.replace(hid, data))]
        if not path:
            if not pieces:
                self._set_root(0, 0)
            elif len(pieces) == 1:
                if pieces[0][1] != self._root:
                    self._set_root(pieces[0][1], self._levels)
            else:
                index = b"".join(first + struct.pack("<I", child) for first, child in pieces)
                self._set_root(self.heap.add(index), self._levels + 1)
            return
        parent, at = path[-1]
        above = self.heap.item(parent)
        wide = key + 4
        records = b"".join(first + struct.pack("<I", child) for first, child in pieces)
        if above[at * wide : at * wide + wide] != records:
            self._store(path, above[: at * wide] + records + above[at * wide + wide :], wide)


def new_bth(heap: HeapEditor, key: int, entry: int) -> int:
    """Create an empty BTH and return the HID of its header."""
    return heap.add(_HEADER.pack(CLIENT_BTH, key, entry, 0, 0))


def header_bytes(key: int, entry: int, levels: int, root: int) -> bytes:
    """Return a BTHHEADER."""
    return _HEADER.pack(CLIENT_BTH, key, entry, levels, root)


def build(heap: HeapEditor, hid: int, key: int, entry: int, records: Sequence[bytes]) -> None:
    """Fill an empty BTH with records (key and data, sorted) at once."""
    width = key + entry
    level = 0
    rows = list(records)
    while True:
        per = MAX_ITEM // width
        made = [(rows[at][:key], heap.add(b"".join(rows[at : at + per]))) for at in range(0, len(rows), per)]
        if len(made) <= 1:
            root = made[0][1] if made else 0
            break
        rows = [first + struct.pack("<I", child) for first, child in made]
        width = key + 4
        level += 1
    if heap.replace(hid, header_bytes(key, entry, level, root)) != hid:
        raise PstFormatError("a BTH header has moved")
