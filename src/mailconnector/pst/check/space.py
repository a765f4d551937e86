"""One pass through the file in the order of offsets: map pages, tree pages and blocks, and the room that they take.

Every block is read and verified here, so that later stages need not look at trailers again. What the allocation maps
say is compared with what lies in each map's range ([MS-PST] 2.2.2.7.2, 2.6.1.3).
"""

from collections.abc import Iterator
from heapq import merge

from mailconnector.pst import disk
from mailconnector.pst.check.source import BlockState, Source
from mailconnector.pst.check.trees import TreePage
from mailconnector.pst.crc import compute_crc, compute_signature
from mailconnector.pst.disk import AMAP_BYTES, AMAP_COVERAGE, AMAP_SLOTS, FIRST_AMAP, SLOT
from mailconnector.pst.errors import PstFormatError
from mailconnector.pst.ndb import blocks
from mailconnector.pst.ndb.allocation import bits_to_free, read_dlist, slots_mask

_WINDOW = 1 << 20
PAGE_SLOTS = 8
_MAP_NAMES = {
    disk.PTYPE_AMAP: "AMap",
    disk.PTYPE_PMAP: "PMap",
    disk.PTYPE_FMAP: "FMap",
    disk.PTYPE_FPMAP: "FPMap",
}
_MAP, _PAGE, _BLOCK = range(3)
_Extent = tuple[int, int, int, int]  # offset, kind, bytes, and the page type, the page's BID or the block's row


def check_space(source: Source, pages: list[TreePage]) -> None:
    """Verify every block and map page, and what the maps say of the room in the file."""
    walk = _Pass(source)
    table = source.blocks
    order = sorted(range(len(table)), key=table.ibs.__getitem__)
    if not source.is_4k:
        walk.maps = True
    total = source.layout.block_total
    extents = merge(
        walk.map_extents() if walk.maps else iter(()),
        ((page.ib, _PAGE, source.layout.page_size, page.bid) for page in pages),
        ((table.ibs[row], _BLOCK, total(table.cbs[row]), row) for row in order),
    )
    for extent in extents:
        walk.take(extent)
    walk.finish()


class _Pass:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.findings = source.findings
        self.maps = False
        self._end = 0  # of what was taken so far
        self._window = b""
        self._window_at = 0
        self._map_index = -1
        self._free: int | None = None  # of the current AMap
        self._used = 0  # slots in its range
        self._sum = 0  # free slots of all AMaps
        self._free_slots: dict[int, int] = {}  # by AMap, those with room
        self._lost_map = False
        self._reserved = 0  # pages of the current PMap's range that it keeps for pages to come, a one for each
        self._reserved_pages = 0  # of all PMaps
        self._file_end = min(source.size, max(source.header.root.ibFileEof, disk.FIRST_AMAP))

    def map_extents(self) -> Iterator[_Extent]:
        """Yield the map pages that the file must have."""
        layout = self.source.layout
        index = 0
        while (offset := disk.amap_offset(index)) < self._file_end:
            for ptype in disk.map_pages(layout, index):
                if offset < self._file_end:
                    yield offset, _MAP, layout.page_size, ptype
                offset += layout.page_size
            index += 1

    def take(self, extent: _Extent) -> None:
        """Take the next thing in the file."""
        offset, kind, size, what = extent
        source = self.source
        source.progress("blocks", min(offset, source.size), source.size)
        if kind == _MAP and what == disk.PTYPE_AMAP:
            self._finish_map()
            self._map_index = disk.amap_index(offset)
            self._used = 0
        if offset < self._end:
            self._overlap(extent)
        self._end = max(self._end, offset + size)
        if kind == _MAP:
            self._map_page(offset, what)
        elif kind == _BLOCK:
            self._block(what, offset, size)
        if not self.maps:
            return
        index, inside = divmod(offset - FIRST_AMAP, AMAP_COVERAGE)
        slot = inside // SLOT
        slots = -(-size // SLOT)
        if index != self._map_index or slot + slots > AMAP_SLOTS:
            return  # outside of the file, or across the next map: reported as such
        mask = slots_mask(slot, slots)
        self._used |= mask
        if self._free is not None and self._free & mask:
            bid = what if kind == _PAGE else source.blocks.bids[what] if kind == _BLOCK else None
            self.findings.add(
                "space-marked-free",
                f"{size} bytes are in use and marked as free in the allocation map",
                bid=bid,
                offset=offset,
            )

    def _overlap(self, extent: _Extent) -> None:
        offset, kind, _, what = extent
        bid = what if kind == _PAGE else self.source.blocks.bids[what] if kind == _BLOCK else None
        name = ("a map page", "a page of a tree", "a block")[kind]
        self.findings.add("overlap", f"{name} overlaps what begins before it", bid=bid, offset=offset)

    # -- map pages -------------------------------------------------------------------------------------------------

    def _map_page(self, offset: int, ptype: int) -> None:
        layout = self.source.layout
        name = _MAP_NAMES[ptype]
        page = self.source.read_range(offset, layout.page_size)
        if page is None:
            self.findings.add("map-page", f"the {name} page is missing: the file ends", offset=offset)
            if ptype == disk.PTYPE_AMAP:
                self._free, self._lost_map = None, True
            return
        self.source.page_count += 1
        kind, repeat, signature, *ends = layout.page_trailer.unpack_from(page, layout.page_crc_size)
        bid, crc = ends if layout.trailer_bid_first else (ends[1], ends[0])
        problems = []
        if (kind, repeat) != (ptype, ptype):
            problems.append(f"is marked {kind:#x}/{repeat:#x}")
        if crc != compute_crc(memoryview(page)[: layout.page_crc_size]):
            problems.append("has a wrong CRC")
        if signature:
            problems.append(f"has the signature {signature:#x}, not 0")
        if bid != offset:
            problems.append(f"has the BID {bid:#x}, not its offset")
        for problem in problems:
            self.findings.add("map-page", f"the {name} page {problem}", bid=bid, offset=offset)
        bits = page[layout.map_bits_at : layout.map_bits_at + AMAP_BYTES]
        if ptype == disk.PTYPE_AMAP:
            lost = kind != ptype or self.source.header.root.fAMapValid == disk.INVALID_AMAP
            self._free = None if lost else bits_to_free(bits)
            self._lost_map = self._lost_map or lost
            if layout.map_bits_at and any(page[: layout.map_bits_at]):
                self.findings.add("map-page", "the padding of an AMap page is not zero", offset=offset)
        elif ptype == disk.PTYPE_PMAP:
            self._reserved = 0 if kind != ptype else bits_to_free(bits)
            self._reserved_pages += self._reserved.bit_count()

    def _finish_map(self) -> None:
        """Compare what an AMap says with what lies in its range."""
        free, index = self._free, self._map_index
        if free is None or index < 0:
            return
        offset = disk.amap_offset(index)
        inside = min((self._file_end - offset) // SLOT, AMAP_SLOTS)
        real = slots_mask(0, inside)
        self._sum += (free & real).bit_count()
        if free & real:
            self._free_slots[index] = (free & real).bit_count()
        reserved = self._reserved_slots(index) & real
        if reserved & self._used:
            self.findings.add(
                "page-marked-free",
                "a place that is in use is kept by a PMap for pages to come",
                offset=offset + (AMAP_SLOTS - (reserved & self._used).bit_length()) * SLOT,
            )
        leaked = ~free & ~self._used & ~reserved & real
        if leaked and self.source.header.root.fAMapValid != disk.INVALID_AMAP:
            self.findings.add(
                "space-leaked",
                f"{leaked.bit_count() * SLOT} bytes in the range of one allocation map are taken and hold nothing",
                offset=offset + (AMAP_SLOTS - leaked.bit_length()) * SLOT,
            )

    def _reserved_slots(self, index: int) -> int:
        """Return the slots of an AMap's range that its PMap keeps for pages to come ([MS-PST] 2.2.2.7.3).

        Outlook before 2007 SP2 takes pages from the AMap eight at a time, and marks in the PMap those not used yet.
        """
        if not self._reserved:
            return 0
        pages = AMAP_SLOTS // PAGE_SLOTS
        part = self._reserved >> (disk.PMAP_EVERY - 1 - index % disk.PMAP_EVERY) * pages & (1 << pages) - 1
        bits = bin(part)[2:].zfill(pages)
        return int("".join([bit * PAGE_SLOTS for bit in bits]), 2)

    def finish(self) -> None:
        """Compare sums, once everything was seen."""
        if not self.maps:
            return
        self._finish_map()
        source = self.source
        root = source.header.root
        if root.fAMapValid != disk.INVALID_AMAP and not self._lost_map and root.cbAMapFree != self._sum * SLOT:
            self.findings.add(
                "free-count",
                f"cbAMapFree is {root.cbAMapFree}, while the allocation maps have {self._sum * SLOT} free bytes",
            )
        if root.fAMapValid != disk.INVALID_AMAP and root.cbPMapFree != self._reserved_pages * source.layout.page_size:
            self.findings.add(
                "free-pages-count",
                f"cbPMapFree is {root.cbPMapFree}, while the PMaps keep {self._reserved_pages} pages for later",
            )
        header = source.header
        live = self._reserved_pages or root.fAMapValid == disk.VALID_AMAP1
        if not live and any(byte != 0xFF for byte in header.rgbFM + header.rgbFP):
            self.findings.add("old-maps", "rgbFM and rgbFP of the header are not filled with ones")
        self._density_list()

    def _density_list(self) -> None:
        """Compare the density list with the maps where it is valid; it is a hint and may be stale (2.2.2.7.4)."""
        source = self.source
        page = source.read_range(disk.DLIST_OFFSET, source.layout.page_size)
        named = None if page is None else read_dlist(source.layout, page)
        for index, slots in (named or {}).items():
            real = self._free_slots.get(index, 0)
            if real != slots:
                self.findings.add(
                    "density-list",
                    f"the density list gives the allocation map {index} {slots} free slots; it has {real}",
                    offset=disk.DLIST_OFFSET,
                )

    # -- blocks ----------------------------------------------------------------------------------------------------

    def _block(self, row: int, offset: int, size: int) -> None:
        """Verify a block ([MS-PST] 2.2.2.8.1)."""
        source = self.source
        layout, table = source.layout, source.blocks
        bid, cb = table.bids[row], table.cbs[row]
        table.states[row] = BlockState.BAD
        if offset % layout.block_align:
            self.findings.add(
                "block-misaligned",
                f"a block does not begin at a multiple of {layout.block_align} bytes",
                bid=bid,
                offset=offset,
            )
        if not cb or cb > layout.block_data_max:
            self.findings.add("block-size", f"the BBT lists a block of {cb} bytes", bid=bid, offset=offset)
            return
        if offset < FIRST_AMAP or offset + size > self._file_end:
            self.findings.add(
                "block-outside", f"a block of {cb} bytes lies outside of the file", bid=bid, offset=offset
            )
            if offset + size > source.size:
                return
        at = offset - self._window_at
        if at < 0 or at + size > len(self._window):
            self._window = source.read_range(offset, min(_WINDOW, source.size - offset)) or b""
            self._window_at = offset
            at = 0
        raw = self._window[at : at + size]
        table.states[row] = self._block_trailer(raw, bid, offset, cb)
        if source.is_4k and table.states[row] == BlockState.SOUND:
            self._inflated(raw, row)

    def _block_trailer(self, raw: bytes, bid: int, offset: int, cb: int) -> BlockState:
        """Verify a block's trailer and data."""
        layout = self.source.layout
        own, signature, *ends = layout.block_trailer.unpack_from(raw, len(raw) - layout.block_trailer.size)
        own_bid, crc = ends if layout.trailer_bid_first else (ends[1], ends[0])
        problems = []
        if own != cb:
            problems.append(("block-trailer", f"a block says that it has {own} bytes, the BBT says {cb}"))
        if (own_bid ^ bid) & ~1:
            problems.append(("block-trailer", f"a block's BID is {own_bid:#x}, the BBT says another"))
        elif signature != compute_signature(offset, own_bid):
            problems.append(("block-trailer", "a block's signature is wrong"))
        if crc != compute_crc(memoryview(raw)[:cb]):
            problems.append(("block-crc", "a block's CRC is wrong"))
        for code, text in problems:
            self.findings.add(code, text, bid=bid, offset=offset)
        if not problems:
            return BlockState.SOUND
        only_crc = all(code == "block-crc" for code, _ in problems) and not self.source.is_4k
        return BlockState.DOUBTFUL if only_crc else BlockState.BAD

    def _inflated(self, raw: bytes, row: int) -> None:
        """Note the size of a block's plain data in a 4K file, where blocks may be compressed."""
        source = self.source
        table = source.blocks
        try:
            data = blocks.decode_block(
                source.layout, source.header.bCryptMethod, raw, table.bids[row], table.ibs[row], table.cbs[row]
            )
        except PstFormatError as error:
            self.findings.add("block-crc", error.message, bid=table.bids[row], offset=table.ibs[row])
            table.states[row] = BlockState.BAD
        else:
            table.sizes[row] = len(data)
