"""A node or subnode as the LTP layer sees it: data blocks by number, and subnodes by NID.

:class:`NodeReader` reads; :class:`NodeEditor` also changes. An editor takes the node's old trees apart on the first
change, so that it owns a reference to each part that stays, and puts them together again in :meth:`NodeEditor.save`.
Parts that are shared with another node (a copied message) stay as they are for that one.
"""

from collections.abc import Iterable, Iterator

from mailconnector.pst import disk
from mailconnector.pst.errors import PstFormatError
from mailconnector.pst.ndb.blocks import SubnodeEntry
from mailconnector.pst.ndb.database import NodeDatabase


class NodeReader:
    """The data and the subnodes of a node.

    Args:
        db: the node database.
        bid_data: the BID of the node's data, 0 for none.
        bid_sub: the BID of its subnode tree, 0 for none.
        nid: the node's NID, for messages of errors.
    """

    def __init__(self, db: NodeDatabase, bid_data: int, bid_sub: int, nid: int) -> None:
        self.db = db
        self.nid = nid
        self.bid_data = bid_data
        self.bid_sub = bid_sub
        self._leaves: list[int] | None = None
        self._subnodes: dict[int, SubnodeEntry] | None = None

    @property
    def block_count(self) -> int:
        """Number of data blocks."""
        if self._leaves is None:
            self._leaves = self.db.leaves(self.bid_data)
        return len(self._leaves)

    def block(self, index: int) -> bytes:
        """Return a data block's data.

        Raises:
            PstFormatError: there is no such block, or it is damaged.
        """
        if self._leaves is None:
            self._leaves = self.db.leaves(self.bid_data)
        if index >= len(self._leaves):
            raise PstFormatError(f"a node has no data block {index}", nid=self.nid, bid=self.bid_data)
        return self.db.read_leaf(self._leaves[index])

    @property
    def subnodes(self) -> dict[int, SubnodeEntry]:
        """The subnodes by NID. Not to be changed."""
        if self._subnodes is None:
            self._subnodes = self.db.subnodes(self.bid_sub)
        return self._subnodes

    def subnode(self, nid: int) -> SubnodeEntry:
        """Return a subnode's entry.

        Raises:
            PstFormatError: the node refers to a subnode that it does not have.
        """
        entry = self.subnodes.get(nid)
        if entry is None:
            raise PstFormatError(f"a node refers to its subnode {nid:#x}, which it does not have", nid=self.nid)
        return entry

    def read_subnode(self, nid: int) -> bytes:
        """Return all the data of a subnode."""
        return self.db.read_data(self.subnode(nid).bid_data)


class NodeEditor(NodeReader):
    """A node that is being changed, inside a transaction. A new node has no BIDs yet."""

    def __init__(self, db: NodeDatabase, bid_data: int = 0, bid_sub: int = 0, nid: int = 0) -> None:
        super().__init__(db, bid_data, bid_sub, nid)
        self._data: list[int | bytes] | None = None  # once changed: a block's BID, or its new data
        self._subs: dict[int, SubnodeEntry] | None = None  # once changed

    # -- data ------------------------------------------------------------------------------------------------------

    @property
    def block_count(self) -> int:
        """Number of data blocks."""
        return super().block_count if self._data is None else len(self._data)

    def block(self, index: int) -> bytes:
        """Return a data block's data."""
        if self._data is None:
            return super().block(index)
        if index >= len(self._data):
            raise PstFormatError(f"a node has no data block {index}", nid=self.nid, bid=self.bid_data)
        item = self._data[index]
        return item if isinstance(item, bytes) else self.db.read_leaf(item)

    def _own_data(self) -> list[int | bytes]:
        if self._data is None:
            self._data = list(self.db.detach_tree(self.bid_data))
            self.bid_data = 0
            self._leaves = None
        return self._data

    def set_block(self, index: int, data: bytes) -> None:
        """Replace a data block, or append one with the next index. All but the last must be full when saved."""
        items = self._own_data()
        if index == len(items):
            # What was the last block until now may be short, though nobody is going to change it.
            last = items[-1] if items else b""
            if isinstance(last, int) and self.db.block(last).cb < self.db.layout.block_data_max:
                items[-1] = self.db.read_leaf(last)
                self.db.release(last)
            items.append(data)
            return
        if index > len(items):
            raise PstFormatError(f"a node has no data block {index}", nid=self.nid)
        old = items[index]
        if isinstance(old, int):
            self.db.release(old)
        items[index] = data

    def cut_blocks(self, count: int) -> None:
        """Keep the first ``count`` data blocks only."""
        items = self._own_data()
        for old in items[count:]:
            if isinstance(old, int):
                self.db.release(old)
        del items[count:]

    def set_data(self, data: bytes) -> None:
        """Replace all the data."""
        if self._data is not None or self.bid_data:
            self.cut_blocks(0)
        limit = self.db.layout.block_data_max
        if 0 < len(data) <= limit:
            self._own_data().append(data)
            return
        self._own_data().extend(data[at : at + limit] for at in range(0, len(data), limit))

    # -- subnodes --------------------------------------------------------------------------------------------------

    @property
    def subnodes(self) -> dict[int, SubnodeEntry]:
        """The subnodes by NID. Not to be changed but through the methods."""
        return super().subnodes if self._subs is None else self._subs

    def own_subnodes(self) -> dict[int, SubnodeEntry]:
        """Take over the references of the subnodes: needed before one of them is edited in place."""
        if self._subs is None:
            self._subs = self.db.detach_subnodes(self.bid_sub)
            self.bid_sub = 0
            self._subnodes = None
        return self._subs

    def put_subnode(self, nid: int, bid_data: int, bid_sub: int = 0) -> None:
        """Add a subnode or set its BIDs; the references to the new BIDs pass to the node, old ones are the caller's."""
        self.own_subnodes()[nid] = SubnodeEntry(nid, bid_data, bid_sub)

    def new_subnode_nid(self, type_: int) -> int:
        """Give out a NID of a type that no subnode has."""
        nid = self.db.new_nid(type_)
        while nid in self.subnodes:  # real files have headers that say less than what was given out
            nid = self.db.new_nid(type_)
        return nid

    def add_value(self, data: bytes | Iterable[bytes]) -> int:
        """Store a value in a new subnode of type LTP and return its NID."""
        nid = self.new_subnode_nid(disk.NID_TYPE_LTP)
        bid = self.db.write_data(data) if isinstance(data, bytes) else self.db.write_stream(data)
        self.put_subnode(nid, bid)
        return nid

    def drop_subnode(self, nid: int) -> None:
        """Remove a subnode and release what it holds. A subnode that is not there is passed over."""
        entry = self.own_subnodes().pop(nid, None)
        if entry is not None:
            self.db.release(entry.bid_data)
            self.db.release(entry.bid_sub)

    def edit_subnode(self, nid: int) -> "NodeEditor":
        """Return an editor for a subnode; after its :meth:`save`, give the BIDs to :meth:`put_subnode`."""
        self.own_subnodes()
        entry = self.subnode(nid)
        return NodeEditor(self.db, entry.bid_data, entry.bid_sub, nid)

    # -- saving ----------------------------------------------------------------------------------------------------

    def save(self) -> tuple[int, int]:
        """Write what has changed and return the node's (bidData, bidSub), whose references are the caller's."""
        db = self.db
        if self._data is not None:
            full = db.layout.block_data_max
            leaves = []
            last = 0
            for index, item in enumerate(self._data):
                if isinstance(item, bytes):
                    last = len(item)
                    if index + 1 < len(self._data):
                        item = item.ljust(full, b"\0")
                    leaves.append(db.write_block(item))
                else:
                    leaves.append(item)
            if self._data and isinstance(self._data[-1], int):
                last = db.block(self._data[-1]).cb
            self.bid_data = db.write_tree(leaves, (len(leaves) - 1) * full + last if leaves else 0)
            self._data = None
            self._leaves = None
        if self._subs is not None:
            self.bid_sub = db.write_subnodes(self._subs.values())
            self._subs = None
            self._subnodes = None
        return self.bid_data, self.bid_sub

    def iter_dirty(self) -> Iterator[bytes]:
        """Yield the data blocks that are held in memory until they are saved."""
        for item in self._data or ():
            if isinstance(item, bytes):
                yield item
