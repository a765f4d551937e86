"""The two B-trees of the file, NBT and BBT ([MS-PST] 2.2.2.7.7): look-up, walk, and copy-on-write change in bulk.

A page is decoded into its keys and its entries (tuples in the order of the entry structure). Pages never change in
place: :meth:`BTree.apply` writes the changed pages anew, from the leaves up, and gives the new root; the pages that it
replaced are handed back to be freed. Depth, counts and order of keys are bounded while reading, so that a damaged tree
ends in an error and never in a loop.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

from mailconnector.pst.disk import Layout, pack_page, unpack_page
from mailconnector.pst.errors import PstFormatError

MAX_DEPTH = 8  # a tree of eight levels would hold more blocks than any file
_CACHE_PAGES = 3000
_BEYOND = 1 << 64  # above every key

Entry = tuple[int, ...]
_key = itemgetter(0)


class Page(NamedTuple):
    """A decoded B-tree page. ``entries[i][0] == keys[i]``; at level 0 they are leaf entries, else (key, bid, ib)."""

    level: int
    keys: list[int]
    entries: list[Entry]


class PageRef(NamedTuple):
    """BREF: the BID and the offset of a page."""

    bid: int
    ib: int


def decode_page(layout: Layout, page: bytes, ptype: int, bid: int | None, ib: int) -> Page:
    """Decode a B-tree page after checking its trailer and its metadata.

    Raises:
        PstFormatError: anything about the page is wrong.
    """
    unpack_page(layout, page, ptype, bid, ib)
    count, count_max, entry_size, level = layout.btpage_meta.unpack_from(page, layout.btpage_meta_at)
    if level >= MAX_DEPTH:
        raise PstFormatError(f"a B-tree page has level {level}", bid=bid, offset=ib)
    entry = layout.entry_struct(ptype, level)
    if entry_size != entry.size or count > count_max or count * entry.size > layout.btpage_meta_at:
        raise PstFormatError(
            f"a B-tree page's counts are wrong (cEnt {count}, cEntMax {count_max}, cbEnt {entry_size})",
            bid=bid,
            offset=ib,
        )
    entries: list[Entry] = list(entry.iter_unpack(memoryview(page)[: count * entry.size]))
    keys = [item[0] for item in entries]
    if any(left >= right for left, right in pairwise(keys)):
        raise PstFormatError("the keys of a B-tree page are out of order", bid=bid, offset=ib)
    return Page(level, keys, entries)


class BTree:
    """One of the two trees.

    Args:
        layout: the file's variant.
        ptype: the page type, which tells NBT from BBT.
        root: where the root page is.
        read: reads a page of the file.
    """

    def __init__(self, layout: Layout, ptype: int, root: PageRef, read: Callable[[int, int], bytes]) -> None:
        self.layout = layout
        self.ptype = ptype
        self.root = root
        self._read = read
        self._cache: dict[int, Page] = {}
        self._last: Page | None = None  # the leaf of the last find: its neighbours are mostly asked for next

    @classmethod
    def new(
        cls,
        layout: Layout,
        ptype: int,
        read: Callable[[int, int], bytes],
        write: Callable[[Callable[[int, int], bytes]], PageRef],
    ) -> "BTree":
        """Write an empty tree; ``write`` is as in :meth:`apply`."""
        tree = cls(layout, ptype, PageRef(0, 0), read)
        ((_, bid, ib),) = tree._write_level(0, [], write)
        tree.root = PageRef(bid, ib)
        return tree

    def page(self, ref: PageRef, level: int | None = None) -> Page:
        """Return a page; ``level`` is what its parent expects of it."""
        page = self._cache.get(ref.ib)
        if page is None:
            data = self._read(ref.ib, self.layout.page_size)
            page = decode_page(self.layout, data, self.ptype, ref.bid, ref.ib)
            self._keep(ref.ib, page)
        if level is not None and page.level != level:
            raise PstFormatError(
                f"a B-tree page has level {page.level} where {level} is due", bid=ref.bid, offset=ref.ib
            )
        return page

    def _keep(self, ib: int, page: Page) -> None:
        """Remember a page that was read or written; those that came first are forgotten when there are many."""
        if len(self._cache) >= _CACHE_PAGES:
            for key in list(self._cache)[: _CACHE_PAGES // 2]:
                del self._cache[key]
        self._cache[ib] = page

    def find(self, key: int) -> Entry | None:
        """Return the leaf entry with this key, or None."""
        last = self._last
        if last is not None:
            _, keys, entries = last
            if keys and keys[0] <= key <= keys[-1]:
                at = bisect_left(keys, key)
                return entries[at] if keys[at] == key else None
        page = self.page(self.root)
        level, keys, entries = page
        cached = self._cache.get
        while level:
            at = bisect_right(keys, key) - 1
            if at < 0:
                return None
            _, bid, ib = entries[at]
            below = cached(ib)
            page = self.page(PageRef(bid, ib), level - 1) if below is None or below[0] != level - 1 else below
            level, keys, entries = page
        self._last = page
        at = bisect_left(keys, key)
        return entries[at] if at < len(keys) and keys[at] == key else None

    def has_page(self, key: int, level: int, ib: int) -> bool:
        """Say whether the page at an offset is the tree's page of a level on the way to a key."""
        ref, page = self.root, self.page(self.root)
        while page.level > level:
            at = bisect_right(page.keys, key) - 1
            if at < 0:
                return False
            _, bid, below = page.entries[at]
            ref = PageRef(bid, below)
            page = self.page(ref, page.level - 1)
        return page.level == level and ref.ib == ib

    def walk(self, first: int = 0) -> Iterator[Entry]:
        """Yield the leaf entries with keys from ``first`` on, in order."""
        last = -1
        for _, page in self._pages(self.root, None, first, -1, _BEYOND):
            if page.level:
                continue
            at = bisect_left(page.keys, first)
            if at < len(page.keys) and page.keys[at] <= last:
                raise PstFormatError("the leaves of a B-tree are out of order")
            yield from page.entries[at:]
            if page.keys:
                last = page.keys[-1]

    def pages(self) -> Iterator[tuple[PageRef, Page]]:
        """Yield every page of the tree, parents first."""
        return self._pages(self.root, None, 0, -1, _BEYOND)

    def _pages(
        self, ref: PageRef, level: int | None, first: int, low: int, high: int
    ) -> Iterator[tuple[PageRef, Page]]:
        """Yield a page and those below it. Its keys lie from ``low`` on and below ``high``: so no page comes twice."""
        page = self.page(ref, level)
        if not page.keys:
            if level is not None:
                raise PstFormatError("a B-tree page below the root is empty", bid=ref.bid, offset=ref.ib)
        elif page.keys[0] < low or page.keys[-1] >= high:
            raise PstFormatError("a B-tree page has keys outside its range", bid=ref.bid, offset=ref.ib)
        yield ref, page
        if page.level and page.keys:
            start = max(bisect_right(page.keys, first) - 1, 0)
            ends = [*page.keys[start + 1 :], high]
            for (key, bid, ib), end in zip(page.entries[start:], ends, strict=True):
                yield from self._pages(PageRef(bid, ib), page.level - 1, first, key, end)

    def last_key(self) -> int | None:
        """Return the largest key of the tree."""
        page = self.page(self.root)
        while page.level:
            if not page.entries:
                return None
            _, bid, ib = page.entries[-1]
            page = self.page(PageRef(bid, ib), page.level - 1)
        return page.keys[-1] if page.keys else None

    def apply(
        self,
        changes: Sequence[tuple[int, Entry | None]],
        write: Callable[[Callable[[int, int], bytes]], PageRef],
        free: Callable[[int], None],
    ) -> None:
        """Put a batch of changes into the tree and move :attr:`root` to the new one.

        Args:
            changes: (key, new entry or None for a removal), sorted by key.
            write: allocates a page, calls what it is given with (bid, ib) for the page's bytes, and writes it.
            free: takes the offset of a page that the tree no longer uses.
        """
        if not changes:
            return
        root_level = self.page(self.root).level
        entries = self._apply(self.root, root_level, changes, write, free)
        level = root_level
        while len(entries) > 1:
            level += 1
            entries = self._write_level(level, entries, write)
        if not entries:
            entries = self._write_level(0, [], write)
            level = 0
        _, bid, ib = entries[0]
        root = PageRef(bid, ib)
        # A root with a single child is one level too many.
        page = self.page(root)
        while page.level and len(page.entries) == 1:
            self.release(root, free)
            _, bid, ib = page.entries[0]
            root = PageRef(bid, ib)
            page = self.page(root)
        self.root = root

    def release(self, ref: PageRef, free: Callable[[int], None]) -> None:
        """Free one page and forget it."""
        self._cache.pop(ref.ib, None)
        self._last = None
        free(ref.ib)

    def _apply(
        self,
        ref: PageRef,
        level: int,
        changes: Sequence[tuple[int, Entry | None]],
        write: Callable[[Callable[[int, int], bytes]], PageRef],
        free: Callable[[int], None],
    ) -> list[Entry]:
        """Apply changes below one page; return the entries (key, bid, ib) that stand for it in its parent."""
        page = self.page(ref, level)
        if level == 0:
            merged: list[Entry] = self._merge(page, changes)
        else:
            merged = []
            start = 0
            small = self.layout.fanout(self.ptype, level - 1) // 2
            for at, entry in enumerate(page.entries):
                stop = (
                    bisect_left(changes, page.keys[at + 1], lo=start, key=_key)
                    if at + 1 < len(page.entries)
                    else len(changes)
                )
                child = PageRef(entry[1], entry[2])
                if stop > start:
                    merged += self._apply(child, level - 1, changes[start:stop], write, free)
                    start = stop
                    self._join_small(merged, level - 1, small, write, free)
                else:
                    merged.append(entry)
            if any(left[0] >= right[0] for left, right in pairwise(merged)):
                raise PstFormatError("the pages below a B-tree page overlap", bid=ref.bid, offset=ref.ib)
        self.release(ref, free)
        # Entries that came in at the end will be followed by more: the page before them stays full. Elsewhere a page
        # that overflows is split evenly.
        appended = not page.entries or not merged or merged[-1] != page.entries[-1]
        return self._write_level(level, merged, write, even=not appended) if merged else []

    def _merge(self, page: Page, changes: Sequence[tuple[int, Entry | None]]) -> list[Entry]:
        table: dict[int, Entry] = dict(zip(page.keys, page.entries, strict=True))
        grown = False
        for key, entry in changes:
            if entry is None:
                table.pop(key, None)
            else:
                grown = grown or key not in table
                table[key] = entry
        return sorted(table.values()) if grown else list(table.values())

    def _join_small(
        self,
        siblings: list[Entry],
        level: int,
        small: int,
        write: Callable[[Callable[[int, int], bytes]], PageRef],
        free: Callable[[int], None],
    ) -> None:
        """Join the last two pages of a row of siblings when one of them is less than half full."""
        if len(siblings) < 2:
            return
        left, right = (PageRef(entry[1], entry[2]) for entry in siblings[-2:])
        entries_left, entries_right = self.page(left, level).entries, self.page(right, level).entries
        fanout = self.layout.fanout(self.ptype, level)
        if min(len(entries_left), len(entries_right)) >= small or len(entries_left) + len(entries_right) > fanout:
            return
        joined = entries_left + entries_right
        self.release(left, free)
        self.release(right, free)
        siblings[-2:] = self._write_level(level, joined, write)

    def _write_level(
        self,
        level: int,
        entries: list[Entry],
        write: Callable[[Callable[[int, int], bytes]], PageRef],
        *,
        even: bool = False,
    ) -> list[Entry]:
        layout = self.layout
        structure = layout.entry_struct(self.ptype, level)
        fanout = layout.fanout(self.ptype, level)
        step = -(-len(entries) // -(-len(entries) // fanout)) if even and entries else fanout
        up: list[Entry] = []
        for start in range(0, len(entries), step) or range(1):
            part = entries[start : start + step]
            pack = structure.pack
            body = b"".join([pack(*entry) for entry in part]).ljust(layout.btpage_meta_at, b"\0")
            body += layout.btpage_meta.pack(len(part), fanout, structure.size, level)

            def build(bid: int, ib: int, body: bytes = body) -> bytes:
                return pack_page(layout, body, self.ptype, bid, ib)

            ref = write(build)
            self._keep(ref.ib, Page(level, [entry[0] for entry in part], part))
            up.append((part[0][0] if part else 0, ref.bid, ref.ib))
        return up
