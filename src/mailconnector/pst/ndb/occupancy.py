"""What lives in a range of the file, told by what stands there: a guard against allocation maps that are wrong.

An AMap that calls a live block free would have a writer overwrite it. The two trees say what lives, but by ids and not
by place, so that a range can be compared with them only by walking both trees, which takes the longer the larger the
file is. Here the range itself is read: every block and page carries its BID, and a signature of BID and offset, and for
each that stands on slots which the map calls free, the trees of the committed state are asked whether it lives. That
takes up to some milliseconds for an AMap's range, whatever the size of the file. A block whose own trailer is
destroyed is not seen; it is lost in any case.
"""

import re
import struct
from collections.abc import Callable, Iterator

from mailconnector.pst import disk
from mailconnector.pst.crc import compute_signature
from mailconnector.pst.disk import AMAP_COVERAGE, AMAP_SLOTS, SLOT, Layout, Root
from mailconnector.pst.errors import PstFormatError
from mailconnector.pst.ndb.btree import BTree, PageRef, decode_page

_ONES = re.compile("1+")
_PAGE_TYPES = (disk.PTYPE_BBT, disk.PTYPE_NBT)


class Occupancy:
    """The live blocks and pages of a file's committed state.

    Args:
        layout: the file's variant.
        root: the committed roots.
        read: reads bytes of the file.

    Attributes:
        root: the committed roots.
    """

    def __init__(self, layout: Layout, root: Root, read: Callable[[int, int], bytes]) -> None:
        self.root = root
        self._layout = layout
        self._read = read
        self._trees = {
            disk.PTYPE_NBT: BTree(layout, disk.PTYPE_NBT, PageRef(root.bidNBT, root.ibNBT), read),
            disk.PTYPE_BBT: BTree(layout, disk.PTYPE_BBT, PageRef(root.bidBBT, root.ibBBT), read),
        }
        trailer = layout.block_trailer
        self._spaced = struct.Struct(f"<{SLOT - trailer.size}x{trailer.format.removeprefix('<')}")

    def taken(self, index: int, free: int) -> int:
        """Return which of an AMap's slots that are called free hold something that lives.

        Args:
            index: the AMap.
            free: a one for each slot that is called free, the lowest slot in the highest bit.

        Raises:
            PstFormatError: a tree is damaged.
        """
        start = disk.amap_offset(index)
        data = self._read(start, AMAP_COVERAGE)
        taken = 0
        for slot, count in (*self._blocks(start, data, free), *self._pages(start, data, free)):
            taken |= ((1 << count) - 1) << (AMAP_SLOTS - slot - count)
        return taken & free

    def _blocks(self, start: int, data: bytes, free: int) -> Iterator[tuple[int, int]]:
        """Yield (first slot, slots) of the live blocks that stand on free slots."""
        layout = self._layout
        most, bid_first, bbt = layout.block_data_max, layout.trailer_bid_first, self._trees[disk.PTYPE_BBT]
        longest = layout.block_total(most) // SLOT
        for last, (cb, signature, one, other) in self._trailers(data, free, longest - 1):
            if not 0 < cb <= most:
                continue
            count = layout.block_total(cb) // SLOT
            slot = last + 1 - count
            bid = one if bid_first else other
            if slot < 0 or signature != compute_signature(start + slot * SLOT, bid):
                continue
            if not free & ((1 << count) - 1) << (AMAP_SLOTS - slot - count):
                continue
            entry = bbt.find(bid & ~1) or bbt.find(bid | 1)
            if entry is not None and entry[1] == start + slot * SLOT:
                yield slot, count

    def _trailers(self, data: bytes, free: int, beyond: int) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Yield (slot, its end as a block's trailer) where a block that stands on free slots can end.

        Args:
            data: the range.
            free: the free slots.
            beyond: how many slots behind a free one a block can reach.
        """
        done = 0
        for run in _ONES.finditer(f"{free:0{AMAP_SLOTS}b}"):
            begin, end = max(run.start(), done), min(run.end() + beyond, AMAP_SLOTS)
            if begin < end:
                yield from enumerate(self._spaced.iter_unpack(data[begin * SLOT : end * SLOT]), begin)
                done = end

    def _pages(self, start: int, data: bytes, free: int) -> Iterator[tuple[int, int]]:
        """Yield (first slot, slots) of the live tree pages that stand on free slots."""
        size, at = self._layout.page_size, self._layout.page_crc_size
        count = size // SLOT
        for slot in range(0, AMAP_SLOTS, count):
            if not free & ((1 << count) - 1) << (AMAP_SLOTS - slot - count):
                continue
            place = slot * SLOT
            ptype = data[place + at]
            if ptype not in _PAGE_TYPES or data[place + at + 1] != ptype:
                continue
            if self._is_live_page(ptype, data[place : place + size], start + place):
                yield slot, count

    def _is_live_page(self, ptype: int, data: bytes, ib: int) -> bool:
        tree = self._trees[ptype]
        if ib == tree.root.ib:
            return True
        try:
            page = decode_page(self._layout, data, ptype, None, ib)
        except PstFormatError:
            return False
        return bool(page.keys) and tree.has_page(page.keys[0], page.level, ib)
