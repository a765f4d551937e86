"""Heap-on-Node ([MS-PST] 2.3.1): small items in the data blocks of a node, each named by a HID.

::

    HNHDR        0 ibHnpm 2, 2 bSig 1, 3 bClientSig 1, 4 hidUserRoot 4, 8 rgbFillLevel 4     first block
    HNPAGEHDR    0 ibHnpm 2                                                                  others
    HNBITMAPHDR  0 ibHnpm 2, 2 rgbFillLevel 64                                               block 8, 136, 264 ...
    HNPAGEMAP    0 cAlloc 2, 2 cFree 2, 4 rgibAlloc 2 * (cAlloc + 1)

The page map stands at the first even offset behind the last item, and cFree counts the items of length zero (measured).
A block that is not the last is padded to its full size.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, pairwise

from mailconnector.pst import disk
from mailconnector.pst.errors import PstFormatError, PstFullError
from mailconnector.pst.ltp.node import NodeEditor, NodeReader

SIGNATURE = 0xEC
CLIENT_TC = 0x7C
CLIENT_WIDE_TC = 0xAC
CLIENT_TC_COLUMN = 0xA5
CLIENT_BTH = 0xB5
CLIENT_PC = 0xBC
MAX_ITEM = 3580  # bytes; what is larger goes into a subnode

_HEADER = struct.Struct("<HBBI4s")
HEADER_SIZE = _HEADER.size
_FIRST_BITMAP = 8
_BITMAP_EVERY = 128
_MAX_BLOCKS = 1 << 16
_MAX_ITEMS = 0x7FF  # of a block, by the width of hidIndex
_WORTH = 512  # free bytes that make a block worth coming back to
# Lower bounds of free bytes of fill levels 0 to 14 (2.3.1.2); below the last one a block counts as full.
_FILL_LEVELS = (3584, 2560, 2048, 1792, 1536, 1280, 1024, 768, 512, 256, 128, 64, 32, 16, 8)
_FIRST_LEVEL = tuple(bytes((level, 0, 0, 0)) for level in range(16))  # rgbFillLevel of a heap of one block


def fill_level(free: int) -> int:
    """Return the fill level of a block with ``free`` bytes left ([MS-PST] 2.3.1.2)."""
    for level, bound in enumerate(_FILL_LEVELS):
        if free >= bound:
            return level
    return 15


def header_size(index: int) -> int:
    """Return the size of the header of a heap's block."""
    if index == 0:
        return _HEADER.size
    return 66 if index % _BITMAP_EVERY == _FIRST_BITMAP else 2


def page_map(data: bytes, nid: int) -> tuple[int, ...]:
    """Return rgibAlloc of a heap block: where its items begin, and where the last one ends.

    Raises:
        PstFormatError: the page map is damaged.
    """
    size = len(data)
    at = data[0] | data[1] << 8 if size >= 2 else 0
    if at + 4 > size or not at:
        raise PstFormatError("a heap block's page map lies outside the block", nid=nid)
    count = data[at] | data[at + 1] << 8
    if at + 6 + 2 * count > size:
        raise PstFormatError(f"a heap block's page map claims {count} items", nid=nid)
    return _offsets_struct(count + 1).unpack_from(data, at + 4)


@lru_cache(maxsize=512)
def _offsets_struct(count: int) -> struct.Struct:
    return struct.Struct(f"<{count}H")


class HeapReader:
    """The items of a heap.

    Args:
        node: the node whose data blocks hold the heap.
        clients: the values of bClientSig that are expected.

    Raises:
        PstFormatError: this is no heap, or of another kind.
    """

    def __init__(self, node: NodeReader, *clients: int) -> None:
        self.node = node
        self._blocks: dict[int, list[bytes | None]] = {}
        bits = node.db.layout.hid_index_bits
        self._index_mask = (1 << bits) - 1
        self._block_shift = 5 + bits
        first = node.block(0)
        if len(first) < _HEADER.size or first[2] != SIGNATURE:
            raise PstFormatError("a node that should hold a heap holds none", nid=node.nid, bid=node.bid_data)
        self.client = first[3]
        if self.client not in clients:
            raise PstFormatError(
                f"a heap is of kind {self.client:#x} where {clients[0]:#x} is due", nid=node.nid, bid=node.bid_data
            )
        self.first_items = self._split(0, first)
        self.user_root = int.from_bytes(first[4:8], "little")

    def _split(self, number: int, data: bytes) -> list[bytes | None]:
        """Take a block apart into its items; None stands for an item that lies outside the block."""
        starts = page_map(data, self.node.nid)
        if starts[-1] <= len(data) and list(starts) == sorted(starts):
            items: list[bytes | None] = [data[start:end] for start, end in pairwise(starts)]
        else:
            size = len(data)
            if sum(end - start for start, end in pairwise(starts) if start <= end <= size) > size:
                raise PstFormatError(f"the items of heap block {number} overlap", nid=self.node.nid)
            items = [data[start:end] if start <= end <= size else None for start, end in pairwise(starts)]
        self._blocks[number] = items
        return items

    def item(self, hid: int) -> bytes:
        """Return an item.

        Raises:
            PstFormatError: the HID names no item of this heap.
        """
        number = hid >> self._block_shift
        items = self._blocks.get(number)
        if items is None:
            items = self._split(number, self.node.block(number))
        index = (hid >> 5 & self._index_mask) - 1
        if hid & disk.NID_TYPE_MASK or not 0 <= index < len(items):
            raise PstFormatError(f"the heap has no item {hid:#x}", nid=self.node.nid)
        item = items[index]
        if item is None:
            raise PstFormatError(f"the heap's item {hid:#x} lies outside its block", nid=self.node.nid)
        return item


class _Block:
    """A heap block taken apart."""

    __slots__ = ("dirty", "free_items", "items", "used")

    def __init__(self, items: list[bytes], header: int) -> None:
        self.items = items
        self.free_items = [at for at, item in enumerate(items) if not item]
        self.used = header + 6 + 2 * len(items) + sum(map(len, items))
        self.dirty = False


class HeapEditor:
    """A heap that is being built or changed. Changes go into the node's blocks with :meth:`flush`.

    Args:
        node: the node that holds the heap, or will hold it when it has no data.
        client: bClientSig.
    """

    def __init__(self, node: NodeEditor, client: int) -> None:
        self.node = node
        self._client = client
        self._capacity = node.db.layout.block_data_max
        self._blocks: dict[int, _Block] = {}
        self._room: dict[int, int] = {}  # free bytes of the blocks that may take more
        self.user_root = 0
        self._root_changed = False
        self._last_used = 0  # the block that took the last item
        self._count = node.block_count
        if self._count:
            self.user_root = HeapReader(node, client).user_root
            self._load_room()

    def _load_room(self) -> None:
        """Learn which blocks have room: by the fill levels for all but the last, which is looked at."""
        levels: list[int] = []
        first = self.node.block(0)
        levels = [nibble for byte in first[8:12] for nibble in (byte & 15, byte >> 4)]
        for start in range(_FIRST_BITMAP, self._count, _BITMAP_EVERY):
            bitmap = self.node.block(start)[2:66]
            levels += [nibble for byte in bitmap for nibble in (byte & 15, byte >> 4)]
        for index in range(self._count - 1):
            if index < len(levels) and levels[index] < 9:  # at least _WORTH bytes
                self._room[index] = _FILL_LEVELS[levels[index]]
        last = self._count - 1
        self._room[last] = self._capacity - self._load(last).used

    def _load(self, index: int) -> _Block:
        block = self._blocks.get(index)
        if block is None:
            data = self.node.block(index)
            starts = page_map(data, self.node.nid)
            limit = len(data)
            if any(left > right for left, right in pairwise(starts)) or starts[-1] > limit:
                raise PstFormatError(f"the page map of heap block {index} is out of order", nid=self.node.nid)
            items = [data[starts[at] : starts[at + 1]] for at in range(len(starts) - 1)]
            block = _Block(items, header_size(index))
            # The page map may take a byte for its alignment.
            if block.used + (block.used & 1) > self._capacity or len(items) > _MAX_ITEMS:
                raise PstFormatError(f"heap block {index} is overfull", nid=self.node.nid)
            self._blocks[index] = block
        return block

    def item(self, hid: int) -> bytes:
        """Return an item."""
        index = (hid >> 5 & 0x7FF) - 1
        number = hid >> 16
        if number < self._count:
            items = self._load(number).items
            if not hid & disk.NID_TYPE_MASK and 0 <= index < len(items):
                return items[index]
        raise PstFormatError(f"the heap has no item {hid:#x}", nid=self.node.nid)

    def add(self, data: bytes) -> int:
        """Store an item of 1 to 3,580 bytes and return its HID."""
        size = len(data)
        if size > MAX_ITEM:
            raise PstFullError(f"a heap item of {size} bytes", nid=self.node.nid)
        # Mostly, where the last one went. (What _room says of that block is corrected below, once it is full.)
        number = self._last_used
        last = self._blocks.get(number)
        if (
            last is not None
            and not last.free_items
            and last.used + size + 3 <= self._capacity
            and len(last.items) < _MAX_ITEMS
        ):
            last.items.append(data)
            last.used += size + 2
            last.dirty = True
            return number << 16 | len(last.items) << 5
        for number, room in self._room.items():
            if room >= size + 2:
                block = self._load(number)
                free = self._capacity - block.used - 1  # one byte may go to the page map's alignment
                if block.free_items:
                    if free >= size:
                        at = block.free_items.pop()
                        block.items[at] = data
                        block.used += size
                        break
                elif free >= size + 2 and len(block.items) < 0x7FF:
                    at = len(block.items)
                    block.items.append(data)
                    block.used += size + 2
                    break
                self._room[number] = 0 if len(block.items) >= 0x7FF and not block.free_items else max(free - 2, 0)
        else:
            number = self._count
            if number >= _MAX_BLOCKS:
                raise PstFullError("a heap has all the blocks it can have", nid=self.node.nid)
            block = _Block([data], header_size(number))
            self._blocks[number] = block
            self._room = {at: room for at, room in self._room.items() if room >= _WORTH}
            self._count += 1
            at = 0
        block.dirty = True
        self._last_used = number
        room = self._capacity - block.used - 1
        if room < _WORTH and number != self._count - 1:
            self._room.pop(number, None)
        else:
            self._room[number] = room
        return number << 16 | at + 1 << 5

    def replace(self, hid: int, data: bytes) -> int:
        """Give an item new data and return its HID, which changes when the block has no room for it."""
        old = self.item(hid)
        block = self._blocks[hid >> 16]
        grown = len(data) - len(old)
        if len(data) <= MAX_ITEM and data and grown <= self._capacity - block.used - 1:
            if grown or old != data:
                block.items[(hid >> 5 & 0x7FF) - 1] = data
                block.used += grown
                block.dirty = True
                if hid >> 16 in self._room or self._capacity - block.used > _WORTH:
                    self._room[hid >> 16] = self._capacity - block.used - 1
            return hid
        self.remove(hid)
        return self.add(data)

    def remove(self, hid: int) -> None:
        """Free an item."""
        old = self.item(hid)
        block = self._blocks[hid >> 16]
        at = (hid >> 5 & 0x7FF) - 1
        if old:
            block.items[at] = b""
            block.free_items.append(at)
            block.used -= len(old)
            block.dirty = True
            room = self._capacity - block.used - 1
            if room >= _WORTH or hid >> 16 in self._room:
                self._room[hid >> 16] = room

    def set_user_root(self, hid: int) -> None:
        """Set hidUserRoot."""
        self.user_root = hid
        self._root_changed = True

    @property
    def held_bytes(self) -> int:
        """Bytes of items held in memory."""
        return sum(block.used for block in self._blocks.values())

    def flush(self) -> None:
        """Put the changed blocks into the node."""
        changed = {index for index, block in self._blocks.items() if block.dirty}
        if self._root_changed:
            changed.add(0)
        if not changed:
            return
        # The block that was the last one so far is filled up when others follow.
        last = self.node.block_count - 1
        if 0 <= last < self._count - 1:
            changed.add(last)
        # Blocks that carry the fill levels of changed blocks change too.
        for index in list(changed):
            changed.add(0 if index < _FIRST_BITMAP else index - (index - _FIRST_BITMAP) % _BITMAP_EVERY)
        for index in sorted(changed):
            self._load(index)
        for index in sorted(changed):
            self.node.set_block(index, self._pack(index))
        for block in self._blocks.values():
            block.dirty = False
        self._root_changed = False
        if len(self._blocks) > 256:
            last = self._count - 1
            self._blocks = {last: self._blocks[last]} if last in self._blocks else {}

    def _pack(self, index: int) -> bytes:
        items = self._blocks[index].items
        start = header_size(index)
        offsets = [start]
        for item in items:
            start += len(item)
            offsets.append(start)
        at = start + (start & 1)
        if index == 0:
            head = _HEADER.pack(at, SIGNATURE, self._client, self.user_root, self._levels(0, 8))
        elif header_size(index) == 66:
            head = struct.pack("<H64s", at, self._levels(index, _BITMAP_EVERY))
        else:
            head = struct.pack("<H", at)
        cfree = sum(1 for item in items if not item)
        tail = struct.pack(f"<HH{len(offsets)}H", len(items), cfree, *offsets)
        data = b"".join([head, *items, b"\0" * (start & 1), tail])
        return data if index == self._count - 1 else data.ljust(self._capacity, b"\0")

    def _levels(self, start: int, count: int) -> bytes:
        """Return the fill levels of the blocks from ``start`` on, two in a byte, the first in the low half."""
        old = b""
        if start < self.node.block_count:
            data = self.node.block(start)
            old = data[8:12] if start == 0 else data[2:66]
        levels = [nibble for byte in old.ljust(count // 2, b"\0") for nibble in (byte & 15, byte >> 4)]
        for offset in range(count):
            block = self._blocks.get(start + offset)
            if block is not None:
                levels[offset] = fill_level(self._capacity - block.used)
        return bytes(low | high << 4 for low, high in zip(levels[::2], levels[1::2], strict=True))


def pack_simple(client: int, items: Sequence[bytes], user_root: int, capacity: int) -> bytes | None:
    """Return the one block of a heap of these items, or None when one block does not hold them.

    The HID of ``items[i]`` is ``(i + 1) << 5``.
    """
    offsets = list(accumulate(map(len, items), initial=_HEADER.size))
    start = offsets[-1]
    odd = start & 1
    at = start + odd
    total = at + 4 + 2 * len(offsets)
    if total > capacity or len(items) > 0x7FF:
        return None
    level = fill_level(capacity - total)
    head = _HEADER.pack(at, SIGNATURE, client, user_root, _FIRST_LEVEL[level])
    cfree = items.count(b"")
    tail = _page_map_struct(len(offsets)).pack(len(items), cfree, *offsets)
    return b"".join([head, *items, b"\0", tail] if odd else [head, *items, tail])


@lru_cache(maxsize=512)
def _page_map_struct(offsets: int) -> struct.Struct:
    return struct.Struct(f"<HH{offsets}H")
