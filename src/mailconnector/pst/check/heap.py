"""Heap-on-Node and BTree-on-Heap under check ([MS-PST] 2.3.1, 2.3.2). Nothing here raises.

Every item that is fetched is marked, so that an item used twice, or by nothing, comes to light.
"""

import struct
from array import array
from collections.abc import Iterator
from itertools import pairwise

from mailconnector.pst import disk
from mailconnector.pst.check.node import NodeView
from mailconnector.pst.ltp.heap import CLIENT_BTH, MAX_ITEM, SIGNATURE, fill_level, header_size

_HEADER = struct.Struct("<HBBI4s")
_BTH_HEADER = struct.Struct("<BBBBI")
_MAX_LEVELS = 8
_FIRST_BITMAP = 8
_BITMAP_EVERY = 128


class Heap:
    """A heap whose blocks have been verified. Use :func:`open_heap`."""

    def __init__(self, view: NodeView, client: int, user_root: int) -> None:
        self.view = view
        self.client = client
        self.user_root = user_root
        self.sound = True  # while no block was found damaged
        self._index_bits = view.source.layout.hid_index_bits
        self._starts: list[array[int] | None] = []
        self._used: list[bytearray] = []
        self._single: bytes | None = None

    def item(self, hid: int, what: str, *ids: int) -> bytes | None:
        """Return an item, or None when there is none such or it was given out before, which is reported.

        Args:
            hid: its HID.
            what: what refers to it, for the report; ``ids`` are put into it with ``%``.
            ids: see there.
        """
        index = (hid >> 5 & (1 << self._index_bits) - 1) - 1
        number = hid >> 5 + self._index_bits
        starts = self._starts[number] if number < len(self._starts) else None
        if starts is None or hid & disk.NID_TYPE_MASK or not 0 <= index < len(starts) - 1:
            if number >= len(self._starts) or self._starts[number] is not None:
                self.view.report("heap-item-missing", f"{what % ids} is the heap item {hid:#x}, which does not exist")
            return None
        used = self._used[number]
        if used[index]:
            # Given out once only: this is what keeps a BTH with a circle in it from being walked for ever.
            self.view.report("heap-item-shared", f"{what % ids} is the heap item {hid:#x}, which is in use already")
            return None
        used[index] = 1
        data = self._single if self._single is not None else self.view.block(number)
        return None if data is None else data[starts[index] : starts[index + 1]]

    def report_leaks(self) -> None:
        """Report the items that nothing was found to refer to. To be called when all has been looked at."""
        if not self.sound:
            return
        items = size = 0
        for used, starts in zip(self._used, self._starts, strict=True):
            if starts is None or used.count(0) == 0:
                continue
            at = used.find(0)
            while at >= 0:
                length = starts[at + 1] - starts[at]
                items += bool(length)
                size += length
                at = used.find(0, at + 1)
        if items:
            self.view.report("heap-leak", f"{items} heap items of {size} bytes are in use by nothing")

    # -- verifying -------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Verify every block."""
        view = self.view
        count = view.block_count
        levels: list[int] = []
        for index in range(count):
            data = view.block(index)
            if data is None:
                view.report("heap-lost", f"block {index} of a heap cannot be read: the items in it are lost")
                self._add(None)
                continue
            if count == 1:
                self._single = data
            free = self._block(index, data, last=index == count - 1)
            if index == 0:
                levels = _nibbles(data[8:12])
            elif index % _BITMAP_EVERY == _FIRST_BITMAP:
                levels = _nibbles(data[2:66])
            at = index if index < _FIRST_BITMAP else (index - _FIRST_BITMAP) % _BITMAP_EVERY
            if view.source.is_4k:
                continue
            if free is not None and at < len(levels) and abs(levels[at] - fill_level(free)) > 1:
                view.report(
                    "heap-fill-level", f"heap block {index} has {free} bytes left and the fill level {levels[at]}"
                )

    def _add(self, starts: "array[int] | None") -> None:
        self._starts.append(starts)
        self._used.append(bytearray(len(starts) - 1 if starts else 0))
        self.sound = self.sound and starts is not None

    def _block(self, index: int, data: bytes, *, last: bool) -> int | None:
        """Verify a block and return its free bytes, None when it is damaged."""
        view = self.view
        layout = view.source.layout
        size = len(data)
        at = data[0] | data[1] << 8 if size >= 2 else 0
        head = header_size(index)
        if at + 6 > size or at < head or at & 1:
            view.report("heap-page-map", f"the page map of heap block {index} would be at {at} of {size} bytes")
            self._add(None)
            return None
        count, cfree = struct.unpack_from("<HH", data, at)
        end = at + 6 + 2 * count
        if end > size:
            view.report("heap-page-map", f"the page map of heap block {index} claims {count} items")
            self._add(None)
            return None
        starts = array("H", data[at + 4 : end])
        if any(left > right for left, right in pairwise(starts)) or starts[-1] > at:
            view.report("heap-page-map", f"the items of heap block {index} are out of order or outside of it")
            self._add(None)
            return None
        self._add(starts)
        empty = len(starts) - len(set(starts))
        if empty != cfree:
            view.report("heap-free-count", f"cFree of heap block {index} is {cfree}, and {empty} items are empty")
        if starts[0] != head or starts[-1] + (starts[-1] & 1) != at:
            view.report(
                "heap-page-map",
                f"heap block {index} has items from {starts[0]} to {starts[-1]} between {head} and {at}",
            )
        longest = max((right - left for left, right in pairwise(starts)), default=0)
        if longest > MAX_ITEM and not view.source.is_4k:
            view.report("heap-item-size", f"heap block {index} has an item of {longest} bytes")
        if not last and size != layout.block_data_max:
            view.report("heap-block-size", f"heap block {index}, which is not the last, has {size} bytes")
        free: int = layout.block_data_max - end
        return free


def _nibbles(data: bytes) -> list[int]:
    return [nibble for byte in data for nibble in (byte & 15, byte >> 4)]


def open_heap(view: NodeView, client: int | None) -> Heap | None:
    """Verify the heap of a node.

    Args:
        view: the node.
        client: the bClientSig that is due, None for any.

    Returns:
        The heap, or None when there is none that can be used, which is reported.
    """
    if not view.bid_data:
        view.report("heap-lost", "a node that should hold a heap holds nothing")
        return None
    first = view.block(0) if view.block_count else None
    if first is None:
        view.report("heap-lost", "the first block of a node's heap cannot be read: all that the node holds is lost")
        return None
    if len(first) < _HEADER.size or first[2] != SIGNATURE:
        view.report("heap-lost", "a node that should hold a heap holds something else")
        return None
    _, _, kind, root, _ = _HEADER.unpack_from(first)
    if client is not None and kind != client:
        view.report("heap-kind", f"a heap is of kind {kind:#x} where {client:#x} is due")
        return None
    heap = Heap(view, kind, root)
    heap.load()
    return heap


def walk_bth(heap: Heap, hid: int, key: int, entries: tuple[int, ...], what: str) -> Iterator[tuple[int, bytes]]:
    """Verify a BTH and yield (cbEnt, bytes of whole records) of each leaf item, in order.

    Args:
        heap: the heap that holds it.
        hid: the item with its header.
        key: cbKey, in bytes. Keys are little endian numbers, but GUIDs of 16 bytes, sorted bytewise.
        entries: the values of cbEnt that are due.
        what: what the BTH is, for reports.
    """
    view = heap.view
    header = heap.item(hid, f"the header of {what}")
    if header is None:
        return
    if len(header) != _BTH_HEADER.size:
        view.report("bth-header", f"the header of {what} has {len(header)} bytes")
        return
    kind, key_size, size, levels, root = _BTH_HEADER.unpack(header)
    if kind != CLIENT_BTH or key_size != key or size not in entries or levels > _MAX_LEVELS:
        view.report(
            "bth-header",
            f"the header of {what} has type {kind:#x}, keys of {key_size}, data of {size}, {levels} levels",
        )
        return
    if not root:
        if levels:
            view.report("bth-header", f"{what} is empty and has {levels} levels of index")
        return
    last = -1
    for leaf in _leaves(heap, root, levels, key, size, what, None):
        keys = _keys(leaf, key, size)
        if (keys and keys[0] <= last) or any(left >= right for left, right in pairwise(keys)):
            view.report("bth-order", f"the records of {what} are out of order")
        if keys:
            last = max(last, keys[-1])
        yield size, leaf


def _keys(data: bytes, key: int, size: int) -> list[int]:
    if key == 2 and size == 6:
        return list(struct.unpack("<" + "H6x" * (len(data) // 8), data))
    width = key + size
    return [_key(data[at : at + key]) for at in range(0, len(data), width)]


def _key(data: bytes) -> int:
    return int.from_bytes(data, "big" if len(data) == 16 else "little")


def _leaves(heap: Heap, hid: int, level: int, key: int, size: int, what: str, first: int | None) -> Iterator[bytes]:
    data = heap.item(hid, f"a part of {what}")
    if data is None:
        heap.view.report("bth-lost", f"a part of {what} is lost")
        return
    width = key + (4 if level else size)
    if len(data) % width:
        heap.view.report("bth-item", f"a part of {what} is not a whole number of records")
        data = data[: len(data) // width * width]
    if not data:
        heap.view.report("bth-item", f"a part of {what} has no records")
        return
    if first is not None and _key(data[:key]) != first:
        heap.view.report("bth-key", f"a part of {what} is listed under another key than its first")
    if not level:
        yield data
        return
    for at in range(0, len(data), width):
        below = int.from_bytes(data[at + key : at + width], "little")
        yield from _leaves(heap, below, level - 1, key, size, what, _key(data[at : at + key]))
