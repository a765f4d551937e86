"""The pages of the two B-trees, NBT and BBT ([MS-PST] 2.2.2.7.7), and the entries that they lead to."""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from mailconnector.pst import disk
from mailconnector.pst.check.source import Source
from mailconnector.pst.crc import compute_crc, compute_signature
from mailconnector.pst.ndb.btree import MAX_DEPTH, Entry, PageRef

_ALL_KEYS = 1 << 64
_NAMES = {disk.PTYPE_NBT: "NBT", disk.PTYPE_BBT: "BBT"}


class TreePage(NamedTuple):
    """A page of a tree that was found."""

    ib: int
    bid: int


def read_trees(source: Source) -> list[TreePage]:
    """Read both trees into the source's tables, report what is wrong with them, and return their pages by offset."""
    root = source.header.root
    nbt = _Walk(source, disk.PTYPE_NBT, source.nodes.add, source.lost_nodes)
    nbt.start(PageRef(root.bidNBT, root.ibNBT))
    bbt = _Walk(source, disk.PTYPE_BBT, source.blocks.add, source.lost_blocks)
    bbt.start(PageRef(root.bidBBT, root.ibBBT))
    source.settle()
    pages = sorted(nbt.pages + bbt.pages)
    source.page_count += len(pages)
    highest = max((page.bid for page in pages), default=0)
    if highest >= source.header.bidNextP:
        source.findings.add(
            "page-counter-low",
            f"the next page would get the BID {source.header.bidNextP:#x}, which is in use or was",
            bid=highest,
        )
    return pages


class _Walk:
    def __init__(
        self, source: Source, ptype: int, take: Callable[[list[Entry]], None], lost: list[tuple[int, int]]
    ) -> None:
        self.source = source
        self.ptype = ptype
        self.name = _NAMES[ptype]
        self._take = take
        self._lost = lost
        self.pages: list[TreePage] = []
        self._seen: set[int] = set()
        self._last = -1

    def _report(self, code: str, text: str, ref: PageRef) -> None:
        self.source.findings.add(code, f"{self.name}: {text}", bid=ref.bid, offset=ref.ib)

    def start(self, root: PageRef) -> None:
        """Walk the tree from its root."""
        if self.source.size == 0 or not root.ib:
            self._report("tree-page-lost", "the header names no root page", root)
            self._lost.append((0, _ALL_KEYS))
        elif not self._page(root, None, None, _ALL_KEYS):
            self._lost.append((0, _ALL_KEYS))

    def _page(self, ref: PageRef, level: int | None, first: int | None, end: int) -> bool:
        """Read a page and all below it, and say whether the page could be used.

        Args:
            ref: where it is.
            level: the level that its parent expects, None for the root.
            first: the key that its parent lists it under, None for the root.
            end: the key at which the next page begins.
        """
        source = self.source
        layout = source.layout
        source.progress("trees", min(len(self.pages) * layout.page_size, source.size), source.size)
        if ref.ib in self._seen:
            self._report("tree-page-shared", "a page is reached twice", ref)
            return False
        self._seen.add(ref.ib)
        if ref.ib % layout.page_size and not source.is_4k:
            self._report("page-misaligned", "a page does not begin at a multiple of its size", ref)
        data = source.read_range(ref.ib, layout.page_size)
        if data is None:
            self._report("tree-page-lost", "a page lies beyond the end of the file", ref)
            return False
        kind, repeat, signature, *ends = layout.page_trailer.unpack_from(data, layout.page_crc_size)
        bid, crc = ends if layout.trailer_bid_first else (ends[1], ends[0])
        if kind != self.ptype:
            self._report("tree-page-lost", f"what should be a page is marked {kind:#x}/{repeat:#x}", ref)
            return False
        if repeat != kind:
            self._report("page-trailer", f"a page's type is {kind:#x} and is repeated as {repeat:#x}", ref)
        if bid != ref.bid:
            self._report("page-trailer", f"a page's BID is {bid:#x}, not the one by which it was reached", ref)
        if signature != compute_signature(ref.ib, bid):
            self._report("page-trailer", "a page's signature is wrong", ref)
        self.pages.append(TreePage(ref.ib, ref.bid))
        if crc == compute_crc(memoryview(data)[: layout.page_crc_size]):
            return self._entries(data, ref, level, first, end)
        self._report("page-crc", "a page's CRC is wrong", ref)
        # What it says is used when it may be true, and may not be all of it.
        self._lost.append((first or 0, end))
        return self._is_plausible(data, level, first) and self._entries(data, ref, level, first, end)

    def _is_plausible(self, data: bytes, level: int | None, first: int | None) -> bool:
        """Say whether a page with a wrong CRC has entries in order, under the key and of the level that are due."""
        layout = self.source.layout
        count, _, _, own = layout.btpage_meta.unpack_from(data, layout.btpage_meta_at)
        if own >= MAX_DEPTH or (level is not None and own != level):
            return False
        entry = layout.entry_struct(self.ptype, own)
        count = min(count, layout.fanout(self.ptype, own))
        keys = [item[0] for item in entry.iter_unpack(memoryview(data)[: count * entry.size])]
        return (first is None or keys[:1] == [first]) and all(left < right for left, right in pairwise(keys))

    def _entries(self, data: bytes, ref: PageRef, level: int | None, first: int | None, end: int) -> bool:
        layout = self.source.layout
        count, most, size, own = layout.btpage_meta.unpack_from(data, layout.btpage_meta_at)
        if own >= MAX_DEPTH or (level is not None and own != level):
            self._report(
                "tree-level", f"a page has level {own}" + ("" if level is None else f" where {level} is due"), ref
            )
            if own >= MAX_DEPTH or level is None:
                return False
            own = level
        entry = layout.entry_struct(self.ptype, own)
        room = layout.fanout(self.ptype, own)
        if size != entry.size or most != room:
            self._report(
                "tree-page-layout",
                f"a page of level {own} has {most} entries of {size} bytes where {room} of {entry.size} are due",
                ref,
            )
        if count > room:
            self._report("tree-page-layout", f"a page claims {count} entries and has room for {room}", ref)
            count = room
        if not count and level is not None:
            self._report("tree-page-empty", "a page below the root has no entries", ref)
            return False
        found: list[Entry] = list(entry.iter_unpack(memoryview(data)[: count * entry.size]))
        if first is not None and found and found[0][0] != first:
            self._report("tree-key", f"a page begins with the key {found[0][0]:#x} and is listed under {first:#x}", ref)
        if not own:
            self._leaf(found, ref)
            return True
        keys = [item[0] for item in found]
        if any(left >= right for left, right in pairwise(keys)):
            self._report("tree-order", "the keys of a page are out of order", ref)
        for at, (key, bid, ib) in enumerate(found):
            until = keys[at + 1] if at + 1 < len(keys) else end
            if not self._page(PageRef(bid, ib), own - 1, key, until):
                self._lost.append((key, until))
        return True

    def _leaf(self, found: list[Entry], ref: PageRef) -> None:
        last = self._last
        for item in found:
            if item[0] <= last:
                what = "occurs twice" if item[0] == last else "is out of order"
                self._report("tree-order", f"the key {item[0]:#x} {what}", ref)
            last = item[0]
        self._last = max(last, self._last)
        self._take(found)
