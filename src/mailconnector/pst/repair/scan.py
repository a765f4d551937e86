"""Finding the parts of a file without its trees: tree pages and blocks by their trailers, the header by the maps.

Pages and blocks carry their BID, a signature of BID and offset, and a CRC, so that those that are whole can be told
from anything else. What has been freed and not overwritten yet looks alive; of two tree pages that speak of one key the
one with the higher BID is the newer.
"""

import struct
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator

from mailconnector.pst import crypt, disk
from mailconnector.pst.check.source import BlockState, Source
from mailconnector.pst.crc import compute_crc, compute_signature
from mailconnector.pst.disk import Header, Layout, Root
from mailconnector.pst.errors import NotAPstError, PstFormatError
from mailconnector.pst.ltp.heap import SIGNATURE
from mailconnector.pst.ndb.btree import Page, decode_page
from mailconnector.pst.ndb.device import Device

_WINDOW = 1 << 20
_MAPS_TRIED = 64
_ENOUGH_HEAPS = 50


def guess_header(device: Device) -> Header:
    """Make up a header for a file whose own is lost, by the allocation maps that it has.

    Raises:
        NotAPstError: there are none.
    """
    size = device.size()
    for layout in (disk.UNICODE, disk.ANSI):
        for index in range(_MAPS_TRIED):
            offset = disk.amap_offset(index)
            if offset + layout.page_size > size:
                break
            page = device.read(offset, layout.page_size)
            try:
                disk.unpack_page(layout, page, disk.PTYPE_AMAP, offset, offset)
            except PstFormatError:
                continue
            return Header(
                layout=layout,
                wVer=disk.VERSION[layout.name],
                bidNextB=disk.BID_STEP,
                bidNextP=1,
                dwUnique=1,
                rgnid=(0x400,) * 32,
                root=Root(size, 0, 0, 0, 0, 0, 0, 0, disk.INVALID_AMAP),
                bCryptMethod=crypt.PERMUTE,
            )
    raise NotAPstError("nothing of an Outlook data file was found in the file")


def guess_encoding(source: Source) -> int:
    """Return the encoding with which the most nodes hold heaps."""
    votes: Counter[int] = Counter({source.header.bCryptMethod: 0})
    tried = 0
    for node in source.nodes:
        row = source.blocks.find(node.bid_data) if node.bid_data else -1
        if row < 0 or node.bid_data & disk.BID_INTERNAL or source.blocks.states[row] != BlockState.SOUND:
            continue
        raw = source.read_range(source.blocks.ibs[row], source.blocks.cbs[row])
        if raw is None or len(raw) < 4:
            continue
        for method in crypt.METHODS:
            votes[method] += crypt.decode(method, raw[:4], source.blocks.bids[row] & 0xFFFFFFFF)[2] == SIGNATURE
        tried += 1
        if tried >= _ENOUGH_HEAPS:
            break
    return max(votes, key=votes.__getitem__)


def find_lost(source: Source) -> None:
    """Add to the source's tables what the trees should say and do not, as far as it is found in the file."""
    if source.lost_nodes:
        source.nodes.add(_find_nodes(source))
    if source.lost_blocks:
        wanted = _Ranges(source.lost_blocks)
        known = {*source.blocks.bids}
        source.blocks.add(
            (bid, ib, cb, 2) for bid, ib, cb in _blocks(source) if bid in wanted and bid & ~1 not in known
        )
    source.settle()


def find_moved(source: Source) -> bool:
    """Look for the blocks that are not where the BBT says; return whether some were found."""
    table = source.blocks
    bad = {table.bids[row]: row for row in range(len(table)) if table.states[row] == BlockState.BAD}
    found = False
    if bad:
        for bid, ib, cb in _blocks(source):
            row = bad.pop(bid & ~1, -1)
            if row >= 0:
                table.ibs[row], table.cbs[row], table.sizes[row] = ib, cb, cb
                found = True
    return found


class _Ranges:
    """A set of numbers, kept as ranges that do not touch."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in ranges:
            self.add(start, end)

    def add(self, start: int, end: int) -> None:
        """Add the numbers from ``start`` on, ``end`` not among them."""
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        if first < last:
            start = min(start, self._starts[first])
            end = max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._starts, number) - 1
        return at >= 0 and number < self._ends[at]


# -- tree pages --------------------------------------------------------------------------------------------------------


def _find_nodes(source: Source) -> Iterator[tuple[int, ...]]:
    """Yield the NBT entries of lost ranges from the newest leaf pages that speak of them."""
    wanted = _Ranges(source.lost_nodes)
    pages = sorted(_pages(source.device, source.layout, source.size, disk.PTYPE_NBT), key=lambda item: -item[0])
    known = set(source.nodes.nids)
    covered = _Ranges()  # keys that newer pages speak of
    for _, page in pages:
        if page.level or not page.keys:
            continue
        for entry in page.entries:
            nid = entry[0] & 0xFFFFFFFF
            if nid in wanted and nid not in known and entry[0] not in covered:
                known.add(nid)
                yield entry
        covered.add(page.keys[0], page.keys[-1] + 1)


def _pages(device: Device, layout: Layout, size: int, ptype: int) -> Iterator[tuple[int, Page]]:
    """Yield (BID, page) of every whole tree page of a type."""
    mark = bytes((ptype, ptype))
    step, at = layout.page_size, layout.page_crc_size
    for start in range(0, size, _WINDOW):
        window = memoryview(device.read(start, min(_WINDOW, size - start)))
        for offset in range(0, len(window) - step + 1, step):
            if window[offset + at : offset + at + 2] != mark:
                continue
            data = bytes(window[offset : offset + step])
            try:
                page = decode_page(layout, data, ptype, None, start + offset)
                bid = disk.unpack_page(layout, data, ptype, None, start + offset)
            except PstFormatError:
                continue
            yield bid, page


# -- blocks ------------------------------------------------------------------------------------------------------------


def _blocks(source: Source) -> Iterator[tuple[int, int, int]]:
    """Yield (BID, offset, bytes of data) of every whole block."""
    layout, device, size = source.layout, source.device, source.size
    trailer, align, most = layout.block_trailer, layout.block_align, layout.block_data_max
    spaced = struct.Struct(f"<{align - trailer.size}x{trailer.format.removeprefix('<')}")
    before = b""
    for start in range(0, size // align * align, _WINDOW):
        window = before + device.read(start, min(_WINDOW, size // align * align - start))
        window_at = start - len(before)
        for number, (cb, signature, *ends) in enumerate(spaced.iter_unpack(window)):
            if not 0 < cb <= most:
                continue
            bid, crc = ends if layout.trailer_bid_first else (ends[1], ends[0])
            end = (number + 1) * align
            at = end - layout.block_total(cb)
            if end <= len(before) or at < 0 or signature != compute_signature(window_at + at, bid):
                continue
            if compute_crc(memoryview(window)[at : at + cb]) == crc:
                yield bid, window_at + at, cb
        before = window[-layout.block_max :]
