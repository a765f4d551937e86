"""Where the file has room: AMap pages, their neighbours, and the density list ([MS-PST] 2.2.2.7.2 to 2.2.2.7.6).

An AMap's bitmap is held as one integer of 3,968 bits in which a one means a free slot of 64 bytes; the slot with the
lowest address is the highest bit, so that a run of free slots is found by shifting the integer over itself.

Only AMaps that are needed are read: those that the density list names, those that something is freed in, and the last
one. Before anything is put into a range that the file had already, what the map calls free is compared with what stands
there (:mod:`~mailconnector.pst.ndb.occupancy`), so that a map that another writer left wrong costs no block. Nothing of
this is written before :meth:`AllocationMaps.changed_pages` is asked for it at a commit. The older maps (PMap, FMap,
FPMap) are kept where they must be, filled with ones as Outlook has done since 2007 SP2.
"""

import struct
from collections.abc import Callable, Iterable, Iterator

from mailconnector.pst import disk
from mailconnector.pst.disk import AMAP_BYTES, AMAP_COVERAGE, AMAP_SLOTS, FIRST_AMAP, SLOT, Layout
from mailconnector.pst.errors import PstFormatError, PstFullError

_ALL_FREE = (1 << AMAP_SLOTS) - 1
_PAGE_SLOTS = 8
# Ones where a page may begin: pages are aligned to 512 bytes of the file, and AMaps start so aligned.
_PAGE_STARTS = int.from_bytes(b"\x80" * AMAP_BYTES, "big")
_DLIST_ENTRIES = 119  # that 476 bytes hold
_DLIST_HEAD = struct.Struct("<BBHI")
_BACKFILL_COMPLETE = 0x01
_FREE_SLOTS_SHIFT = 20


def find_run(free: int, count: int) -> int:
    """Return the first slot of the lowest run of ``count`` free slots, or -1.

    Args:
        free: an AMap's free slots, a one for each, the lowest slot in the highest bit.
        count: 1 to 3,968.
    """
    run = free
    have = 1
    while run and have < count:
        step = min(have, count - have)
        run &= run << step
        have += step
    return AMAP_SLOTS - run.bit_length() if run else -1


def find_page(free: int) -> int:
    """Return the first slot of the lowest free 512-byte page, or -1."""
    run = free & free << 1
    run &= run << 2
    run &= run << 4
    run &= _PAGE_STARTS
    return AMAP_SLOTS - run.bit_length() if run else -1


def slots_mask(slot: int, count: int) -> int:
    """Return the bits of ``count`` slots from ``slot`` on."""
    return ((1 << count) - 1) << (AMAP_SLOTS - slot - count)


def bits_to_free(bits: bytes) -> int:
    """Return an AMap's free slots from its bitmap, in which a one means taken."""
    return int.from_bytes(bits, "big") ^ _ALL_FREE


def free_to_bits(free: int) -> bytes:
    """The reverse of :func:`bits_to_free`."""
    return (free ^ _ALL_FREE).to_bytes(AMAP_BYTES, "big")


def reserved_free(layout: Layout, index: int) -> int:
    """Return the free slots of an AMap range that holds nothing but its map pages."""
    return _ALL_FREE & ~slots_mask(0, len(disk.map_pages(layout, index)) * _PAGE_SLOTS)


class AllocationMaps:
    """The allocation maps of a file, as one transaction changes them.

    Args:
        layout: the file's variant.
        count: how many AMaps the file has.
        free_bytes: cbAMapFree.
        read: reads a page of the file.
        candidates: AMaps known to have room, best first, with the slots they had.
        taken: says which of an AMap's slots that are called free hold something that lives; None when that need not be
            asked, because the maps are made from what lives.
    """

    def __init__(
        self,
        layout: Layout,
        count: int,
        free_bytes: int,
        read: Callable[[int, int], bytes],
        candidates: dict[int, int],
        taken: Callable[[int, int], int] | None = None,
    ) -> None:
        self.layout = layout
        self.count = count
        self.free_bytes = free_bytes
        self.committed_count = count
        self._read = read
        self._taken = taken
        self._trusted: set[int] = set()  # AMaps that were compared with what stands in their ranges
        self._free: dict[int, int] = {}
        self._dirty: set[int] = set()
        self._candidates = {index: slots for index, slots in candidates.items() if index < count}
        if count:
            self._candidates.setdefault(count - 1, 0)
        # What an AMap could not serve, so that it is not asked in vain again: the smallest run, and whether a page.
        self._failed: dict[int, int] = {}
        self._no_page: set[int] = set()
        self._current = count - 1
        # The rest of the run that the last block was taken from, marked as taken: the next block goes there at once.
        self._gap_at = self._gap_size = 0

    def load(self, index: int) -> int:
        """Return the free slots of an AMap, read if it has not been."""
        if self._gap_size:
            self._close_gap()
        free = self._free.get(index)
        if free is None:
            offset = disk.amap_offset(index)
            page = self._read(offset, self.layout.page_size)
            disk.unpack_page(self.layout, page, disk.PTYPE_AMAP, offset, offset)
            at = self.layout.map_bits_at
            # The map pages' own places are never free, whatever the map says.
            free = bits_to_free(page[at : at + AMAP_BYTES]) & reserved_free(self.layout, index)
            self._free[index] = free
        return free

    def _trust(self, index: int) -> int:
        """Return the free slots of an AMap that was compared with its range; live slots called free are taken."""
        free = self.load(index)
        if index not in self._trusted:
            self._trusted.add(index)
            if self._taken is not None and index < self.committed_count:
                wrong = self._taken(index, free)
                if wrong:
                    free ^= wrong
                    self._free[index] = free
                    self._dirty.add(index)
                    self.free_bytes -= wrong.bit_count() * SLOT
        return free

    def allocate(self, size: int, *, page: bool = False) -> int:
        """Take room for ``size`` bytes (a multiple of 64, at most 8,192) and return its offset.

        Raises:
            PstFullError: the file would pass its format's limit.
        """
        if size <= self._gap_size and not page:
            offset = self._gap_at
            self._gap_at += size
            self._gap_size -= size
            self.free_bytes -= size
            return offset
        slots = size // SLOT
        offset = self._take(self._current, slots, page) if self._current >= 0 else -1
        if offset >= 0:
            return offset
        for index in self._candidates:
            if index not in self._no_page if page else self._failed.get(index, AMAP_SLOTS + 1) > slots:
                offset = self._take(index, slots, page)
                if offset >= 0:
                    self._current = index
                    return offset
        self._grow()
        return self._take(self._current, slots, page)

    def _take(self, index: int, slots: int, page: bool) -> int:
        free = self.load(index)
        slot = find_page(free) if page else find_run(free, slots)
        if slot >= 0 and index not in self._trusted:
            # Only now: a map that has no room by its own word has none in truth either.
            free = self._trust(index)
            slot = find_page(free) if page else find_run(free, slots)
        if slot < 0:
            if page:
                self._no_page.add(index)
            else:
                self._failed[index] = min(self._failed.get(index, AMAP_SLOTS + 1), slots)
            return -1
        self._dirty.add(index)
        self.free_bytes -= slots * SLOT
        offset = disk.amap_offset(index) + slot * SLOT
        if not page:
            # Take the whole run: the slots up to the first one behind it that is not free.
            rest = AMAP_SLOTS - slot
            run = rest - (~free & ((1 << rest) - 1)).bit_length()
            self._gap_at = offset + slots * SLOT
            self._gap_size = (run - slots) * SLOT
            slots = run
        self._free[index] = free & ~slots_mask(slot, slots)
        return offset

    def _close_gap(self) -> None:
        """Mark what is left of the run that blocks are taken from as free."""
        index, inside = divmod(self._gap_at - FIRST_AMAP, AMAP_COVERAGE)
        self._free[index] |= slots_mask(inside // SLOT, self._gap_size // SLOT)
        self._gap_size = 0

    def release_all(self, places: Iterable[tuple[int, int]]) -> None:
        """Give back places (offset, size) of the committed state.

        Raises:
            PstFormatError: no allocation can lie there, or two of them overlap.
        """
        found = [(offset, size, self._locate(offset, size)) for offset, size in places]
        # First all wrong maps are put right: what is given back here lives in the committed state as well.
        for _, _, (index, mask) in found:
            if self.load(index) & mask:
                self._trust(index)
        for offset, size, _ in found:
            self.release(offset, size)

    def release(self, offset: int, size: int) -> None:
        """Give back what lies at ``offset``.

        Raises:
            PstFormatError: the place is not taken, or no allocation can lie there.
        """
        index, mask = self._locate(offset, size)
        free = self.load(index)
        if free & mask:
            raise PstFormatError("a place that is freed is not marked as taken", offset=offset)
        self._free[index] = free | mask
        self._dirty.add(index)
        self._failed.pop(index, None)
        self._no_page.discard(index)
        self._candidates.setdefault(index, 0)
        self.free_bytes += size

    def _locate(self, offset: int, size: int) -> tuple[int, int]:
        """Return the AMap of a place, and a one for each of its slots."""
        if offset < FIRST_AMAP or offset % SLOT or size % SLOT:
            raise PstFormatError("something lies where nothing can be allocated", offset=offset)
        index, inside = divmod(offset - FIRST_AMAP, AMAP_COVERAGE)
        slot, slots = inside // SLOT, size // SLOT
        if index >= self.count or slot + slots > AMAP_SLOTS:
            raise PstFormatError("something reaches beyond its allocation map", offset=offset)
        return index, slots_mask(slot, slots)

    def mark(self, offset: int, size: int) -> bool:
        """Mark a place as taken while maps are rebuilt; return False when it was taken already or cannot be."""
        index, inside = divmod(offset - FIRST_AMAP, AMAP_COVERAGE)
        slot, slots = inside // SLOT, size // SLOT
        if offset < FIRST_AMAP or inside % SLOT or size % SLOT or slot + slots > AMAP_SLOTS or index >= self.count:
            return False
        mask = slots_mask(slot, slots)
        free = self._free[index]
        if free & mask != mask:
            return False
        self._free[index] = free ^ mask
        self.free_bytes -= size
        return True

    def clear(self, index: int) -> None:
        """Make an AMap's range empty but for its map pages, as the start of a rebuild."""
        free = reserved_free(self.layout, index)
        self._free[index] = free
        self._dirty.add(index)
        self.free_bytes += free.bit_count() * SLOT

    def _grow(self) -> None:
        index = self.count
        if disk.amap_offset(index) + AMAP_COVERAGE > self.layout.file_limit:
            raise PstFullError(
                f"the file cannot grow beyond {self.layout.file_limit / 2**30:.0f} GB: that is the limit of its format",
                offset=disk.amap_offset(index),
                hint="Put further items into a new file of the Unicode format.",
            )
        self.count += 1
        self.clear(index)
        self._candidates[index] = 0
        self._current = index

    def survey(self) -> None:
        """Find out which AMaps have room by reading all of them, for a file without a valid density list."""
        for index in range(self.count):
            slots = self.load(index).bit_count()
            if slots:
                self._candidates[index] = slots
        self._free.clear()

    @property
    def is_dirty(self) -> bool:
        """Whether anything was taken or given back since the last commit."""
        return bool(self._dirty)

    @property
    def file_size(self) -> int:
        """ibFileEof: the bytes that the AMaps cover, and what lies before them."""
        return disk.amap_offset(self.count)

    def new_pages(self) -> Iterator[tuple[int, bytes]]:
        """Yield (offset, page) of every map page behind what the file had: they replace nothing."""
        if self._gap_size:
            self._close_gap()
        for index in range(self.committed_count, self.count):
            yield from self._map_pages(index)

    def changed_pages(self) -> Iterator[tuple[int, bytes]]:
        """Yield (offset, page) of the changed map pages that the file has already."""
        if self._gap_size:
            self._close_gap()
        for index in sorted(self._dirty):
            if index < self.committed_count:
                yield from self._map_pages(index, amap_only=not self._rebuilt)

    _rebuilt = False

    def rebuilt(self) -> None:
        """Note that all maps were made anew: the older kinds of map pages are written too."""
        self._rebuilt = True

    @property
    def is_rebuilt(self) -> bool:
        """Whether all maps were made anew since the last commit."""
        return self._rebuilt

    def _map_pages(self, index: int, *, amap_only: bool = False) -> Iterator[tuple[int, bytes]]:
        layout = self.layout
        offset = disk.amap_offset(index)
        for ptype in disk.map_pages(layout, index):
            bits = free_to_bits(self._free[index]) if ptype == disk.PTYPE_AMAP else b"\xff" * AMAP_BYTES
            body = bytes(layout.map_bits_at) + bits
            yield offset, disk.pack_page(layout, body, ptype, offset, offset)
            if amap_only:
                return
            offset += layout.page_size

    def dlist_page(self, bid: int) -> bytes:
        """Return the density list: the AMaps known to have room, those with most first ([MS-PST] 2.2.2.7.4)."""
        if self._gap_size:
            self._close_gap()
        known = dict(self._candidates)
        for index, free in self._free.items():
            known[index] = free.bit_count()
        entries = sorted(((slots, -index) for index, slots in known.items() if slots), reverse=True)[:_DLIST_ENTRIES]
        words = [min(slots, 0xFFF) << _FREE_SLOTS_SHIFT | -index for slots, index in entries if -index < 1 << 20]
        body = _DLIST_HEAD.pack(_BACKFILL_COMPLETE, len(words), 0, max(self.count - 1, 0)) + struct.pack(
            f"<{len(words)}I", *words
        )
        return disk.pack_page(self.layout, body, disk.PTYPE_DLIST, bid, disk.DLIST_OFFSET)

    def committed(self) -> None:
        """Note that the file has what the maps say."""
        self._dirty.clear()
        self._rebuilt = False
        self.committed_count = self.count
        if len(self._free) > 4096:
            for index, free in list(self._free.items()):
                if index in self._candidates:
                    self._candidates[index] = free.bit_count()
            self._free.clear()


def read_dlist(layout: Layout, page: bytes) -> dict[int, int] | None:
    """Return the AMap indexes and free slots that a density list names, or None when it is not valid."""
    try:
        disk.unpack_page(layout, page, disk.PTYPE_DLIST, None, disk.DLIST_OFFSET)
    except PstFormatError:
        return None
    _, count, _, _ = _DLIST_HEAD.unpack_from(page)
    if count > _DLIST_ENTRIES + 1:
        return None
    words = struct.unpack_from(f"<{count}I", page, _DLIST_HEAD.size)
    return {word & 0xFFFFF: word >> _FREE_SLOTS_SHIFT for word in words}
