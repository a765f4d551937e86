"""Writing the node database: what a running transaction changes in nodes, blocks and trees ([MS-PST] 2.2).

:class:`NodeWriter` puts everything new into free space and remembers the changed entries over the two B-trees, until
they are many or the commit asks for it; then they go into new pages. What the commit makes of it, and how it ends,
is the affair of :mod:`~mailconnector.pst.ndb.database`.

1. No byte that the committed header reaches is written over. What it reaches and the transaction gives up is put down
   in a list; the commit frees it.
2. What the transaction itself has written and gives up is free again at once; inside a savepoint when that has ended,
   since an undone savepoint wants it back.
3. cRef of a block is the number of references to it plus one, as in every measured file. A reference that a method
   returns or is given belongs to who gets it.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import cast

from mailconnector.pst import disk
from mailconnector.pst.disk import Header
from mailconnector.pst.errors import PstFullError, PstTooLargeError, PstUsageError
from mailconnector.pst.ndb import blocks
from mailconnector.pst.ndb.allocation import AllocationMaps
from mailconnector.pst.ndb.blocks import EncodedData, SubnodeEntry
from mailconnector.pst.ndb.btree import BTree, Entry, PageRef
from mailconnector.pst.ndb.device import Device
from mailconnector.pst.ndb.lookup import BlockEntry, NodeSource

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


class NodeWriter(NodeSource):
    """The nodes and blocks of a file, for reading and changing; each change needs a running transaction.

    The counters of :attr:`header` advance in place, though it is frozen: in a transaction it is a copy of its own, and
    a copy for each block would cost more than the block.

    Args:
        device: the file.
        header: its header.
    """

    def __init__(self, device: Device, header: Header) -> None:
        super().__init__(device, header)
        self._base = header  # the committed one
        self._maps: AllocationMaps | None = None
        self._deferred: list[tuple[int, int]] = []  # places of the committed state that the commit frees
        self._new_pages: set[int] = set()
        self._undo: _Undo | None = None  # of the running savepoint: (changes, key, what was there)
        self._freed: list[tuple[int, int]] = []  # what was written in this transaction and freed in the savepoint
        self._written: list[tuple[int, int]] = []  # what was written in the savepoint
        self._id_limit = (1 << 62 if self.layout.wide else 1 << 32) - 16

    # -- nodes -----------------------------------------------------------------------------------------------------

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
        object.__setattr__(self.header, "dwUnique", unique + 1 & 0xFFFFFFFF)
        return unique

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

    # -- blocks ----------------------------------------------------------------------------------------------------

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
        object.__setattr__(header, "bidNextB", bid + disk.BID_STEP)
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

    # -- trees of blocks -------------------------------------------------------------------------------------------

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

        Savepoints inside one another are one: the outermost undoes. A rollback ends them.
        """
        if self._undo is not None:
            yield
            return
        undo: _Undo = []
        self._undo = undo
        mark = len(self._deferred)
        try:
            yield
        except BaseException:
            stands = self._undo is undo and self.in_transaction
            self._undo = None
            self._freed.clear()
            if stands:
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

    # -- the two B-trees -------------------------------------------------------------------------------------------

    def _make_trees(self) -> None:
        """Write two empty trees, for a file that has none."""
        self._nbt = BTree.new(self.layout, disk.PTYPE_NBT, self.device.read, self._write_page)
        self._bbt = BTree.new(self.layout, disk.PTYPE_BBT, self.device.read, self._write_page)

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
        object.__setattr__(header, "bidNextP", bid + 1)
        assert self._maps is not None
        ib = self._maps.allocate(self.layout.page_size, page=True)
        self.device.write(ib, build(bid, ib))
        self._new_pages.add(ib)
        return PageRef(bid, ib)

    def _free_page(self, ib: int) -> None:
        size = self.layout.page_size
        if ib in self._new_pages:
            self._new_pages.discard(ib)
            self._reuse(ib, size)
        else:
            self._deferred.append((ib, size))

    # -- the end of a transaction ----------------------------------------------------------------------------------

    def _free_deferred(self) -> None:
        """Free in the maps what the committed state has and the new one has not. There are no changes after that."""
        assert self._maps is not None
        self._maps.release_all(self._deferred)
        self._deferred.clear()
        self._new_pages.clear()

    def _forget_changes(self) -> None:
        """Give up what was changed since the last commit, and with it the savepoint."""
        self._nbt_changes.clear()
        self._bbt_changes.clear()
        self._deferred.clear()
        self._new_pages.clear()
        self._internal.clear()
        self._undo = None
        self._freed.clear()
        self._written.clear()
