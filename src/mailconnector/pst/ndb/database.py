"""The node database: nodes and blocks by their ids, and the transaction that changes them ([MS-PST] 2.2, 2.6.1).

Invariants of a transaction:

1. Nothing that the committed header reaches is overwritten before the commit point: new blocks and pages go into free
   space, and space that the committed state uses is freed in the maps only while the commit writes them.
2. The commit point is one write of the header, with the new roots and fAMapValid 0. Before it the old state stands,
   after it the new one.
3. While the header is replaced, a whole copy of the new one stands, synchronised, in the reserved area (the
   "shadow"). A header that is found torn is restored from it. At rest the shadow is zero.
4. Allocation maps are written only while the header says that they are not valid; they can always be made anew from
   the two trees.
5. A barrier (``Device.sync``) stands between any two of: new data and shadow, header, maps, valid header.
6. cRef of a block is the number of references to it plus one, as in every measured file.

States: idle -> (begin) -> open -> (commit) -> idle, or -> (rollback) -> idle. A commit that fails before the commit
point rolls back; one that fails behind it leaves the database broken: the file holds the new state, whoever opens it
next recovers the maps, and this object refuses further work.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import cast

from mailconnector.pst import disk
from mailconnector.pst.disk import Header, Layout, Root
from mailconnector.pst.errors import PstDiskError, PstFormatError, PstFullError, PstTooLargeError, PstUsageError
from mailconnector.pst.ndb import blocks
from mailconnector.pst.ndb.allocation import AllocationMaps, read_dlist
from mailconnector.pst.ndb.blocks import EncodedData, SubnodeEntry
from mailconnector.pst.ndb.btree import BTree, Entry, PageRef
from mailconnector.pst.ndb.device import Device
from mailconnector.pst.ndb.lookup import BlockEntry, NodeSource, read_header
from mailconnector.pst.ndb.occupancy import Occupancy

_OVERLAY_MAX = 30_000  # changed entries held before they go into new tree pages
_TREE_MAX = 0xFFFFFFFF  # lcbTotal is 32 bits wide
_NODE_TYPES = frozenset(
    (
        disk.NID_TYPE_NORMAL_FOLDER,
        disk.NID_TYPE_SEARCH_FOLDER,
        disk.NID_TYPE_NORMAL_MESSAGE,
        disk.NID_TYPE_ASSOC_MESSAGE,
    )
)
_FOLDER_TABLES = (
    disk.NID_TYPE_HIERARCHY_TABLE,
    disk.NID_TYPE_CONTENTS_TABLE,
    disk.NID_TYPE_ASSOC_CONTENTS_TABLE,
)
_ABSENT = object()
_Undo = list[tuple[dict[int, Entry | None], int, object]]


class NodeDatabase(NodeSource):
    """The NDB layer of an open file. Use :meth:`open` or :meth:`create`."""

    def __init__(self, device: Device, header: Header, *, writable: bool) -> None:
        super().__init__(device, header)
        self.writable = writable and self.layout.writable
        self._broken: Exception | None = None
        self._maps: AllocationMaps | None = None
        self._deferred: list[tuple[int, int]] = []  # places of the committed state that the commit frees
        self._new_pages: set[int] = set()
        self._undo: _Undo | None = None  # of the running savepoint: (changes, key, what was there)
        self._freed: list[tuple[int, int]] = []  # what was written in this transaction and freed in the savepoint
        self._written: list[tuple[int, int]] = []  # what was written in the savepoint
        self._base = header
        self._occupancy: Occupancy | None = None
        self._size_before = 0  # the file's size when the transaction began
        self._id_limit = (1 << 62 if self.layout.wide else 1 << 32) - 16

    # -- opening ---------------------------------------------------------------------------------------------------

    @classmethod
    def open(cls, device: Device, *, writable: bool) -> "NodeDatabase":
        """Open a file and, for writing, bring it into order when its last writer died.

        Raises:
            NotAPstError: this is no PST or OST file.
            PstFormatError: the header or the roots are damaged.
        """
        header = read_header(device)
        database = cls(device, header.header, writable=writable)
        if database.writable:
            if header.from_shadow:
                database._write_header(database.header)
                device.sync()
            if header.header.root.fAMapValid == disk.INVALID_AMAP:
                database.recover()
            elif header.shadow_left:
                database._clear_shadow()
        return database

    @classmethod
    def create(cls, device: Device, layout: Layout, crypt_method: int) -> "NodeDatabase":
        """Lay out an empty file: header, one AMap, one PMap and two empty trees. It is left inside a transaction.

        The header is not written before the first commit, so a file whose creation was cut short is no PST file.
        """
        rgnid = [0x400] * 32
        rgnid[disk.NID_TYPE_SEARCH_FOLDER] = 0x4000
        rgnid[disk.NID_TYPE_NORMAL_MESSAGE] = 0x10000
        rgnid[disk.NID_TYPE_ASSOC_MESSAGE] = 0x8000
        header = Header(
            layout=layout,
            wVer=disk.VERSION[layout.name],
            bidNextB=disk.BID_STEP,
            bidNextP=1,
            dwUnique=1,
            rgnid=tuple(rgnid),
            root=Root(disk.FIRST_AMAP, 0, 0, 0, 0, 0, 0, 0, disk.VALID_AMAP2),
            bCryptMethod=crypt_method,
        )
        database = cls(device, header, writable=True)
        database.header = replace(header)
        database.in_transaction = True
        database._size_limit = layout.file_limit
        database._maps = AllocationMaps(layout, 0, 0, device.read, {})
        for ptype in (disk.PTYPE_NBT, disk.PTYPE_BBT):
            tree = BTree(layout, ptype, PageRef(0, 0), device.read)
            (_, bid, ib), *_ = tree._write_level(0, [], database._write_page)
            tree.root = PageRef(bid, ib)
            if ptype == disk.PTYPE_NBT:
                database._nbt = tree
            else:
                database._bbt = tree
        return database

    # -- writing nodes ---------------------------------------------------------------------------------------------

    def _count(self, **counters: int | tuple[int, ...]) -> None:
        """Advance counters of the header. :meth:`begin` gave the transaction a copy of its own, so this is in place."""
        for name, value in counters.items():
            object.__setattr__(self.header, name, value)

    def new_nid(self, type_: int) -> int:
        """Give out the next NID of a type ([MS-PST] 2.2.2.6, rgnid).

        Raises:
            PstFullError: all NIDs of the type are used up.
        """
        rgnid = self.header.rgnid
        index = rgnid[type_] + 1
        # A damaged header may say less than what was given out.
        while type_ in _NODE_TYPES and index < 1 << 27 and self.find_node(disk.make_nid(index, type_)) is not None:
            index += 1
        if index >= 1 << 27:
            raise PstFullError(f"all ids of type {type_:#x} are used up")
        # A folder's tables have its index: their counters go with it, as in every measured file.
        also = _FOLDER_TABLES if type_ == disk.NID_TYPE_NORMAL_FOLDER else ()
        for at in (type_, *also):
            rgnid = (*rgnid[:at], index, *rgnid[at + 1 :])
        object.__setattr__(self.header, "rgnid", rgnid)
        return disk.make_nid(index, type_)

    def next_unique(self) -> int:
        """Give out dwUnique and advance it."""
        unique = self.header.dwUnique
        self._count(dwUnique=unique + 1 & 0xFFFFFFFF)
        return unique

    @property
    def broken(self) -> bool:
        """Whether a commit failed behind its commit point: the file must be opened anew."""
        return self._broken is not None

    def put_node(self, nid: int, bid_data: int, bid_sub: int, nid_parent: int) -> None:
        """Set a node's entry. References are the caller's affair: those to the new BIDs now belong to the node."""
        self._set(self._nbt_changes, nid, (nid, bid_data, bid_sub, nid_parent))
        self._spill()

    def delete_node(self, nid: int) -> None:
        """Delete a node and release what it holds."""
        old = self.node(nid)
        self._set(self._nbt_changes, nid, None)
        self.release(old.bid_data)
        self.release(old.bid_sub)

    def size_limit(self) -> int:
        """Return how many bytes of data one object can have at most; what the transaction adds is counted."""
        return self._size_limit if self._maps is None else max(self._size_limit, self._maps.file_size)

    # -- writing blocks --------------------------------------------------------------------------------------------

    def write_block(self, data: bytes, *, internal: bool = False) -> int:
        """Write a block of 1 to 8,176 (ANSI 8,180) bytes and return its BID, with one reference for the caller."""
        bid, ib = self._new_block(len(data), internal=internal)
        self.device.write(ib, blocks.encode_block(self.layout, self.header.bCryptMethod, data, bid, ib))
        return bid

    def write_encoded(self, encoded: EncodedData) -> int:
        """Write a data block whose data are encoded as this file has them, and return its BID like `write_block`."""
        bid, ib = self._new_block(len(encoded.data), internal=False)
        self.device.write(ib, blocks.finish_block(self.layout, *encoded, bid, ib))
        return bid

    def _new_block(self, size: int, *, internal: bool) -> tuple[int, int]:
        """Give a block of so many bytes of data a BID, a place and an entry; return BID and offset."""
        if not self.in_transaction:
            raise PstUsageError("a change was asked for outside a transaction")
        header = self.header
        bid = header.bidNextB
        if bid >= self._id_limit:
            raise PstFullError("the file has used up its block ids", hint="Compact the file.")
        object.__setattr__(header, "bidNextB", bid + disk.BID_STEP)  # as _count does, which is slower
        if internal:
            bid |= disk.BID_INTERNAL
        total = self.layout.block_total(size)
        assert self._maps is not None
        ib = self._maps.allocate(total)
        changes = self._bbt_changes
        if self._undo is not None:
            self._undo.append((changes, bid, changes.get(bid, _ABSENT)))  # as _set does
            self._written.append((ib, total))
        changes[bid] = (bid, ib, size, 2)
        return bid, ib

    def write_data(self, data: bytes) -> int:
        """Write data of any size as a block or a data tree; return its BID, 0 for no data."""
        limit = self.layout.block_data_max
        if len(data) <= limit:
            return self.write_block(data) if data else 0
        if len(data) > _TREE_MAX:
            raise PstTooLargeError("a single value of more than 4 GB does not fit into a PST file")
        leaves = []
        for at in range(0, len(data), limit):
            leaves.append(self.write_block(data[at : at + limit]))
            self._spill()
        return self.write_tree(leaves, len(data))

    def write_stream(self, parts: Iterable[bytes]) -> int:
        """Write data that comes in parts of any size; return its BID, 0 for no data."""
        limit = self.layout.block_data_max
        leaves: list[int] = []
        total = 0
        held = b""
        for part in parts:
            total += len(part)
            if total > _TREE_MAX:
                raise PstTooLargeError("a single value of more than 4 GB does not fit into a PST file")
            held = held + part if held else part
            if len(held) >= limit:
                view = memoryview(held)
                at = 0
                while len(held) - at >= limit:
                    leaves.append(self.write_block(bytes(view[at : at + limit])))
                    at += limit
                held = bytes(view[at:])
                self._spill()
        if held:
            leaves.append(self.write_block(held))
        return self.write_tree(leaves, total)

    def write_tree(self, leaves: list[int], total: int) -> int:
        """Put data blocks under an XBLOCK or XXBLOCK when they are several; return the BID of the whole."""
        if len(leaves) <= 1:
            return leaves[0] if leaves else 0
        if total > _TREE_MAX:
            raise PstTooLargeError("a single value of more than 4 GB does not fit into a PST file")
        layout = self.layout
        per = layout.bids_per_xblock
        if len(leaves) <= per:
            return self.write_block(blocks.encode_data_tree(layout, 1, total, leaves), internal=True)
        groups = [leaves[at : at + per] for at in range(0, len(leaves), per)]
        if len(groups) > per:
            raise PstTooLargeError("a single value is too large for a PST file")
        full = layout.block_data_max
        tops = []
        left = total
        for group in groups:
            size = min(len(group) * full, left)
            left -= size
            tops.append(self.write_block(blocks.encode_data_tree(layout, 1, size, group), internal=True))
        return self.write_block(blocks.encode_data_tree(layout, 2, total, tops), internal=True)

    def detach_tree(self, bid: int) -> list[int]:
        """Take a data tree apart: give up a reference to it and gain one to each of its data blocks, in order."""
        leaves = self.leaves(bid)
        self._detach(bid)
        return leaves

    def detach_subnodes(self, bid: int) -> dict[int, SubnodeEntry]:
        """Take a subnode tree apart: give up a reference to it and gain those that its entries have."""
        entries = self.subnodes(bid)
        self._detach(bid)
        return entries

    def _detach(self, bid: int) -> None:
        """Give up a reference to a block of BIDs; the blocks below its internal blocks gain what it had."""
        if not bid & disk.BID_INTERNAL:
            return
        data = self.read_block(bid)
        below = self.references(bid)
        # Only the upper level of a tree of two refers to blocks that are taken apart as well.
        deeper = below if data[1] == (2 if data[0] == disk.BTYPE_XBLOCK else 1) else []
        entry = self.block(bid)
        if entry.cref > 2:
            for child in below:
                self.add_reference(child)
            self._set(self._bbt_changes, entry.bid, (entry.bid, entry.ib, entry.cb, entry.cref - 1))
        else:
            self._free_block(entry)
        for child in deeper:
            self._detach(child)

    def write_subnodes(self, entries: Iterable[SubnodeEntry]) -> int:
        """Write a subnode tree; it takes over the references of its entries. Returns its BID, 0 when empty."""
        rows = sorted(entries)
        if not rows:
            return 0
        layout = self.layout
        per = blocks.subnodes_per_block(layout, 0)
        if len(rows) <= per:
            return self.write_block(blocks.encode_subnodes(layout, 0, rows), internal=True)
        index = []
        for at in range(0, len(rows), per):
            part = rows[at : at + per]
            index.append((part[0].nid, self.write_block(blocks.encode_subnodes(layout, 0, part), internal=True)))
        if len(index) > blocks.subnodes_per_block(layout, 1):
            raise PstTooLargeError(f"{len(rows)} subnodes are more than one item can hold")
        return self.write_block(blocks.encode_subnodes(layout, 1, index), internal=True)

    # -- references ------------------------------------------------------------------------------------------------

    def add_reference(self, bid: int) -> None:
        """Count one more reference to a block; nothing for BID 0."""
        if bid:
            entry = self.block(bid)
            if entry.cref >= 0xFFFF:
                raise PstFullError("a block has too many references", bid=bid)
            self._set(self._bbt_changes, entry.bid, (entry.bid, entry.ib, entry.cb, entry.cref + 1))

    def release(self, bid: int) -> None:
        """Count one reference less; with the last one the block goes, and what it refers to loses a reference."""
        pending = [bid] if bid else []
        while pending:
            entry = self.block(pending.pop())
            if entry.cref > 2:
                self._set(self._bbt_changes, entry.bid, (entry.bid, entry.ib, entry.cb, entry.cref - 1))
                continue
            if entry.bid & disk.BID_INTERNAL:
                pending += self.references(entry.bid)
            self._free_block(entry)

    def _free_block(self, entry: BlockEntry) -> None:
        self._internal.pop(entry.bid, None)
        self._set(self._bbt_changes, entry.bid, None)
        size = self.layout.block_total(entry.cb)
        if entry.bid & ~3 < self._base.bidNextB:
            self._deferred.append((entry.ib, size))
        elif self._undo is not None:
            self._freed.append((entry.ib, size))
        else:
            self._reuse(entry.ib, size)

    def _reuse(self, ib: int, size: int) -> None:
        """Give back the room of something that this transaction wrote and has no use for any more."""
        assert self._maps is not None
        self.device.forget(ib)
        self._maps.release(ib, size)

    def _set(self, changes: dict[int, Entry | None], key: int, entry: Entry | None) -> None:
        if self._undo is not None:
            self._undo.append((changes, key, changes.get(key, _ABSENT)))
        changes[key] = entry

    @property
    def in_savepoint(self) -> bool:
        """Whether a savepoint is open."""
        return self._undo is not None

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what the body of the with statement did when it fails; the transaction then goes on without it.

        Savepoints inside one another are one: the outermost undoes.
        """
        if self._undo is not None:
            yield
            return
        self._undo = []
        mark = len(self._deferred)
        try:
            yield
        except BaseException:
            undo, self._undo = self._undo, None
            self._freed.clear()
            if self.in_transaction:
                self._take_back(undo, mark)
            raise
        self._undo = None
        self._written.clear()
        freed, self._freed = self._freed, []
        for ib, size in freed:
            self._reuse(ib, size)
        self._spill()

    def _take_back(self, undo: _Undo, mark: int) -> None:
        del self._deferred[mark:]
        self._internal.clear()
        for ib, size in self._written:
            self._reuse(ib, size)
        self._written.clear()
        for changes, key, old in reversed(undo):
            if old is _ABSENT:
                changes.pop(key, None)
            else:
                changes[key] = cast("Entry | None", old)

    # -- transactions ----------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin a transaction.

        Raises:
            PstUsageError: the file is read-only, a transaction runs already, or the last commit failed half-way.
        """
        if self._broken is not None:
            raise PstUsageError(
                "the last commit could not be finished: close the file and open it again"
            ) from self._broken
        if not self.writable:
            raise PstUsageError(
                "files of the 4K format can only be read"
                if not self.layout.writable
                else "the file was opened for reading"
            )
        if self.in_transaction:
            raise PstUsageError("a transaction is running already")
        if self._maps is None:
            if self.header.root.fAMapValid != disk.VALID_AMAP2:
                self.rebuild_maps()
            else:
                self._maps = self._load_maps()
        last = self._bbt.last_key()
        if self.header.bidNextB % disk.BID_STEP or (last is not None and last >= self.header.bidNextB):
            raise PstFormatError("the header's next block id was given out already", bid=last, hint="Run a repair.")
        if max(self.header.bidNextB, self.header.bidNextP) >= self._id_limit:
            raise PstFullError("the file has used up its block or page ids", hint="Compact the file.")
        self._size_before = self.device.size()
        self._base = self.header
        # Counters advance in place (_count): the committed header must not see that.
        self.header = replace(self.header)
        self.in_transaction = True

    def _load_maps(self) -> AllocationMaps:
        root = self.header.root
        count = (root.ibAMapLast - disk.FIRST_AMAP) // disk.AMAP_COVERAGE + 1
        if (root.ibAMapLast - disk.FIRST_AMAP) % disk.AMAP_COVERAGE or root.ibFileEof != disk.amap_offset(count):
            raise PstFormatError(
                "the header's file size and last AMap do not fit together", offset=root.ibAMapLast, hint="Run a repair."
            )
        if root.ibFileEof > self.device.size():
            raise PstFormatError(
                "the file is shorter than its header says", offset=root.ibFileEof, hint="Run a repair."
            )
        known = read_dlist(self.layout, self.device.read(disk.DLIST_OFFSET, self.layout.page_size))
        maps = AllocationMaps(self.layout, count, root.cbAMapFree, self.device.read, known or {}, self._live_slots)
        if known is None:
            maps.survey()
        return maps

    def _live_slots(self, index: int, free: int) -> int:
        """Return which slots that an AMap calls free hold something of the committed state."""
        root = self._base.root
        if self._occupancy is None or self._occupancy.root != root:
            self._occupancy = Occupancy(self.layout, root, self.device.read)
        return self._occupancy.taken(index, free)

    def commit(self) -> None:
        """Make the transaction's changes durable. See the invariants at the top of this module."""
        if not self.in_transaction:
            raise PstUsageError("no transaction is running")
        if not (self._nbt_changes or self._bbt_changes or self._new_pages) and not self._maps_dirty():
            self.in_transaction = False
            self.header = self._base
            return
        try:
            self._apply_trees()
            self._prepare()
        except BaseException:
            self.rollback()
            raise
        try:
            self._finish()
        except BaseException as error:
            self._broken = error if isinstance(error, Exception) else PstDiskError("the commit was interrupted")
            self.in_transaction = False
            raise

    def _maps_dirty(self) -> bool:
        return self._maps is not None and self._maps.is_dirty

    def _prepare(self) -> None:
        """Everything before the commit point: new blocks, pages and maps behind the old end, and the shadow header."""
        assert self._maps is not None
        maps = self._maps
        self._new_pages.clear()
        for offset, page in maps.new_pages():
            self.device.write(offset, page)
        maps.release_all(self._deferred)
        self._deferred.clear()
        bid = self.header.bidNextP
        self._dlist = maps.dlist_page(bid)
        root = replace(
            self.header.root,
            ibFileEof=maps.file_size,
            ibAMapLast=disk.amap_offset(maps.count - 1),
            cbAMapFree=min(max(maps.free_bytes, 0), maps.file_size),  # where it was wrong before, at least possible
            # PMaps stay as they are, and with them the pages that they keep, unless they were made anew.
            cbPMapFree=0 if maps.is_rebuilt else self.header.root.cbPMapFree,
            bidNBT=self._nbt.root.bid,
            ibNBT=self._nbt.root.ib,
            bidBBT=self._bbt.root.bid,
            ibBBT=self._bbt.root.ib,
            fAMapValid=disk.INVALID_AMAP,
        )
        self.header = replace(
            self.header,
            root=root,
            bidNextP=bid + 1,
            dwUnique=self.header.dwUnique + 1 & 0xFFFFFFFF,
            rgbFM=b"\xff" * 128,
            rgbFP=b"\xff" * 128,
        )
        self.device.flush()
        if self.device.size() < root.ibFileEof:
            self.device.truncate(root.ibFileEof)
        self.device.write(disk.SHADOW_OFFSET, self.header.pack())
        self.device.sync()

    def _finish(self) -> None:
        """The commit point and what follows it."""
        assert self._maps is not None
        self._write_header(self.header)
        self.device.sync()
        for offset, page in self._maps.changed_pages():
            self.device.write(offset, page)
        self.device.write(disk.DLIST_OFFSET, self._dlist)
        self.device.sync()
        root = replace(self.header.root, fAMapValid=disk.VALID_AMAP2)
        self.header = replace(self.header, root=root, dwUnique=self.header.dwUnique + 1 & 0xFFFFFFFF)
        self._write_header(self.header)
        self.device.sync()
        self._clear_shadow()
        if self.device.size() > root.ibFileEof:  # what a writer that was killed left behind the end
            self.device.truncate(root.ibFileEof)
        self._maps.committed()
        self._base = self.header
        self._size_limit = max(root.ibFileEof, 1)
        self.in_transaction = False

    def rollback(self) -> None:
        """Give the transaction up: the state is that of before :meth:`begin`."""
        if not self.in_transaction:
            raise PstUsageError("no transaction is running")
        self.in_transaction = False
        self._nbt_changes.clear()
        self._bbt_changes.clear()
        self._deferred.clear()
        self._new_pages.clear()
        self._internal.clear()
        self._maps = None
        self.header = self._base
        self.device.discard()
        if self._base.root.ibNBT:
            self._attach_trees()
            # What stays behind the end when the system refuses is passed over, and goes with the next commit.
            with suppress(PstDiskError):
                if self.device.size() > self._size_before:
                    self.device.truncate(self._size_before)

    def _write_header(self, header: Header) -> None:
        self.device.flush()
        self.device.write(0, header.pack())
        self.device.flush()

    def _clear_shadow(self) -> None:
        self.device.write(disk.SHADOW_OFFSET, bytes(self.layout.header_size))
        self.device.flush()

    # -- trees and maps --------------------------------------------------------------------------------------------

    def _spill(self) -> None:
        if self._undo is None and len(self._bbt_changes) + len(self._nbt_changes) > _OVERLAY_MAX:
            self._apply_trees()

    def _apply_trees(self) -> None:
        """Put the changed entries into new pages of the two trees."""
        for tree, changes in ((self._nbt, self._nbt_changes), (self._bbt, self._bbt_changes)):
            if changes:
                tree.apply(sorted(changes.items(), key=lambda item: item[0]), self._write_page, self._free_page)
                changes.clear()

    def _write_page(self, build: Callable[[int, int], bytes]) -> PageRef:
        header = self.header
        bid = header.bidNextP
        if bid >= self._id_limit:
            raise PstFullError("the file has used up its page ids", hint="Compact the file.")
        self._count(bidNextP=bid + 1)
        assert self._maps is not None
        ib = self._maps.allocate(self.layout.page_size, page=True)
        self.device.write(ib, build(bid, ib))
        self._new_pages.add(ib)
        return PageRef(bid, ib)

    def _free_page(self, ib: int) -> None:
        size = self.layout.page_size
        if ib in self._new_pages:
            assert self._maps is not None
            self._new_pages.discard(ib)
            self.device.forget(ib)
            self._maps.release(ib, size)
        else:
            self._deferred.append((ib, size))

    def rebuild_maps(self) -> None:
        """Make the allocation maps anew from the two trees ([MS-PST] 2.6.1.3.7).

        Raises:
            PstFormatError: two blocks or pages overlap, or one lies outside the file.
        """
        root = self.header.root
        last = max(root.ibFileEof, disk.FIRST_AMAP + 1)
        count = -(-(last - disk.FIRST_AMAP) // disk.AMAP_COVERAGE)
        if count > self.device.size() // disk.AMAP_COVERAGE + 2:
            raise PstFormatError("the header's file size is larger than the file", offset=root.ibFileEof)
        maps = AllocationMaps(self.layout, count, 0, self.device.read, {})
        for index in range(count):
            maps.clear(index)
        for _, ref in self.tree_pages():
            if not maps.mark(ref.ib, self.layout.page_size):
                raise PstFormatError("a page overlaps something else or lies outside", bid=ref.bid, offset=ref.ib)
        for entry in self._bbt.walk():
            _, ib, cb, _ = entry
            if not maps.mark(ib, self.layout.block_total(cb)):
                raise PstFormatError("a block overlaps something else or lies outside", bid=entry[0], offset=ib)
        maps.rebuilt()
        self._maps = maps

    def recover(self) -> None:
        """Bring a file into order whose last writer died between the commit point and the end (fAMapValid 0)."""
        self.rebuild_maps()
        self.begin()
        try:
            self._prepare()
        except BaseException:
            self.rollback()
            raise
        try:
            self._finish()
        except BaseException as error:
            self._broken = error if isinstance(error, Exception) else PstDiskError("the recovery was interrupted")
            self.in_transaction = False
            raise
