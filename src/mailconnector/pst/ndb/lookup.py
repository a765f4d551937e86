"""Reading the node database: nodes and blocks by their ids, data trees and subnode trees ([MS-PST] 2.2).

:class:`NodeSource` reads through the changes of a running transaction: entries that it has changed stand in two
dictionaries over the trees.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from mailconnector.pst import disk
from mailconnector.pst.disk import Header, Layout
from mailconnector.pst.errors import NotAPstError, PstFormatError, PstNotFoundError
from mailconnector.pst.ndb import blocks
from mailconnector.pst.ndb.blocks import SubnodeEntry
from mailconnector.pst.ndb.btree import BTree, Entry, PageRef
from mailconnector.pst.ndb.device import Device

_EXPANSION = 64  # a data tree's size over the file's, which compression in 4K files may reach
_INTERNAL_CACHE = 512


class NodeEntry(NamedTuple):
    """NBTENTRY ([MS-PST] 2.2.2.7.7.4). ``nid_parent`` of a queue node is the offset of its head (2.4.8.3)."""

    nid: int
    bid_data: int
    bid_sub: int
    nid_parent: int


class BlockEntry(NamedTuple):
    """BBTENTRY ([MS-PST] 2.2.2.7.7.3): ``cb`` bytes of data at offset ``ib``."""

    bid: int
    ib: int
    cb: int
    cref: int


class NodeSource:
    """The nodes and blocks of a file, for reading.

    Args:
        device: the file.
        header: its header.

    Attributes:
        device: the file.
        header: its header; in a transaction, the one that the commit is going to write.
        layout: the file's variant.
        in_transaction: whether a transaction is running.
    """

    def __init__(self, device: Device, header: Header) -> None:
        self.device = device
        self.header = header
        self.layout: Layout = header.layout
        self.in_transaction = False
        self._nbt_changes: dict[int, Entry | None] = {}
        self._bbt_changes: dict[int, Entry | None] = {}
        self._internal: dict[int, bytes] = {}  # data of internal blocks, which are asked for again and again
        # By the file itself: the header's ibFileEof may say anything.
        self._size_limit = max(device.size(), 1) * (_EXPANSION if header.layout is disk.UNICODE_4K else 1)
        self._attach_trees()

    def _attach_trees(self) -> None:
        root = self.header.root
        self._nbt = BTree(self.layout, disk.PTYPE_NBT, PageRef(root.bidNBT, root.ibNBT), self.device.read)
        self._bbt = BTree(self.layout, disk.PTYPE_BBT, PageRef(root.bidBBT, root.ibBBT), self.device.read)

    # -- looking up ------------------------------------------------------------------------------------------------

    def find_node(self, nid: int) -> NodeEntry | None:
        """Return a node's entry, or None."""
        entry = self._nbt_changes[nid] if nid in self._nbt_changes else self._nbt.find(nid)
        # The upper half of a wide nid is padding: readers ignore it.
        return None if entry is None else NodeEntry(entry[0] & 0xFFFFFFFF, *entry[1:])

    def node(self, nid: int) -> NodeEntry:
        """Return a node's entry.

        Raises:
            PstNotFoundError: there is no such node.
        """
        entry = self.find_node(nid)
        if entry is None:
            raise PstNotFoundError("there is no such node", nid=nid)
        return entry

    def nodes(self) -> Iterator[NodeEntry]:
        """Yield every node in the order of NIDs, as it was when the walk began."""
        for entry in _overlaid(self._nbt.walk(), dict(self._nbt_changes)):
            yield NodeEntry(entry[0] & 0xFFFFFFFF, entry[1], entry[2], entry[3])

    def node_leaves(self) -> Iterator[list[Entry]]:
        """Yield the entries of all nodes, as plain tuples, leaf by leaf: the quickest way to look at all of them."""
        if self._nbt_changes:
            yield list(self.nodes())
            return
        for _, page in self._nbt.pages():
            if not page.level:
                if page.keys and page.keys[-1] > 0xFFFFFFFF:
                    yield [(entry[0] & 0xFFFFFFFF, *entry[1:]) for entry in page.entries]
                else:
                    yield page.entries

    def find_block(self, bid: int) -> BlockEntry | None:
        """Return a block's entry, or None. Bit 0 of a BID is ignored ([MS-PST] 2.2.2.2)."""
        bid &= ~1
        changes = self._bbt_changes
        if not changes:
            entry = self._bbt.find(bid) or self._bbt.find(bid | 1)
        elif bid in changes:
            entry = changes[bid]
        elif bid | 1 in changes:
            entry = changes[bid | 1]
        else:
            entry = self._bbt.find(bid) or self._bbt.find(bid | 1)
        return None if entry is None else BlockEntry._make(entry)

    def block(self, bid: int) -> BlockEntry:
        """Return a block's entry.

        Raises:
            PstFormatError: the BBT has no such block, though something refers to it.
        """
        entry = self.find_block(bid)
        if entry is None:
            raise PstFormatError("a block that is referred to is not in the BBT", bid=bid)
        return entry

    def all_blocks(self) -> Iterator[BlockEntry]:
        """Yield every block in the order of BIDs, as it was when the walk began."""
        return map(BlockEntry._make, _overlaid(self._bbt.walk(), dict(self._bbt_changes)))

    def tree_pages(self) -> Iterator[tuple[int, PageRef]]:
        """Yield (page type, place) of every page of both trees."""
        for tree in (self._nbt, self._bbt):
            for ref, _ in tree.pages():
                yield tree.ptype, ref

    # -- reading ---------------------------------------------------------------------------------------------------

    def read_block(self, bid: int) -> bytes:
        """Return the decoded data of one block.

        Raises:
            PstFormatError: the block is missing or damaged.
        """
        cached = self._internal.get(bid)
        if cached is not None:
            return cached
        entry = self.block(bid)
        layout = self.layout
        if not entry.cb or entry.cb > layout.block_data_max:
            raise PstFormatError(f"a block of {entry.cb} bytes", bid=bid, offset=entry.ib)
        raw = self.device.read(entry.ib, layout.block_total(entry.cb))
        data = blocks.decode_block(layout, self.header.bCryptMethod, raw, entry.bid, entry.ib, entry.cb)
        if bid & disk.BID_INTERNAL:
            if len(self._internal) >= _INTERNAL_CACHE:
                self._internal.clear()
            self._internal[bid] = data
        return data

    def leaves(self, bid: int) -> list[int]:
        """Return the BIDs of the data blocks of a data tree, in order; an empty list for BID 0.

        Raises:
            PstFormatError: the tree is damaged, or larger than the file.
        """
        if not bid:
            return []
        if not bid & disk.BID_INTERNAL:
            return [bid]
        top = blocks.decode_data_tree(self.layout, self.read_block(bid), bid)
        if top.total > self.size_limit():
            raise PstFormatError(f"a data tree of {top.total} bytes is larger than the file", bid=bid)
        # Every block but the last is full (measured), so the size tells their number.
        count = -(-top.total // self.layout.block_data_max)
        found = list(top.bids) if top.level == 1 else self._leaves_below(top.bids, count, bid)
        if len(found) != count:
            raise PstFormatError(f"a data tree of {top.total} bytes has {len(found)} blocks", bid=bid)
        return found

    def _leaves_below(self, children: Iterable[int], most: int, bid: int) -> list[int]:
        """Return the BIDs of the data blocks under an XXBLOCK's children; those beyond ``most`` may be left out."""
        found: list[int] = []
        for child in children:
            if not child & disk.BID_INTERNAL:
                raise PstFormatError("an XXBLOCK refers to a data block", bid=bid)
            below = blocks.decode_data_tree(self.layout, self.read_block(child), child)
            if below.level != 1:
                raise PstFormatError("an XXBLOCK refers to an XXBLOCK", bid=child)
            found += below.bids
            if len(found) > most:
                break
        return found

    def size_limit(self) -> int:
        """Return how many bytes of data one object can have at most: what goes into the file."""
        return self._size_limit

    def data_size(self, bid: int) -> int:
        """Return the bytes of data under a BID without reading them (compressed blocks excepted)."""
        if not bid:
            return 0
        if bid & disk.BID_INTERNAL:
            return blocks.decode_data_tree(self.layout, self.read_block(bid), bid).total
        if self.layout is disk.UNICODE_4K:
            return len(self.read_block(bid))
        changed = self._bbt_changes.get(bid)
        return changed[2] if changed is not None else self.block(bid).cb

    def iter_data(self, bid: int) -> Iterator[bytes]:
        """Yield the data under a BID block by block."""
        if bid & disk.BID_INTERNAL:
            left = self.data_size(bid)
            for leaf in self.leaves(bid):
                data = self.read_leaf(leaf)
                left -= len(data)
                if left < 0:
                    raise PstFormatError("a data tree holds more than it says", bid=bid)
                yield data
            if left:
                raise PstFormatError(f"a data tree holds {left} bytes less than it says", bid=bid)
        elif bid:
            yield self.read_block(bid)

    def read_leaf(self, bid: int) -> bytes:
        """Return the data of a data block that a data tree refers to."""
        if bid & disk.BID_INTERNAL:
            raise PstFormatError("a data tree refers to an internal block as data", bid=bid)
        return self.read_block(bid)

    def read_data(self, bid: int) -> bytes:
        """Return all the data under a BID; empty for BID 0."""
        if bid and not bid & disk.BID_INTERNAL:
            return self.read_block(bid)
        return b"".join(self.iter_data(bid))

    def subnodes(self, bid: int) -> dict[int, SubnodeEntry]:
        """Return the subnodes that a subnode BID leads to, by NID; empty for BID 0.

        Raises:
            PstFormatError: the subnode tree is damaged.
        """
        found: dict[int, SubnodeEntry] = {}
        if not bid:
            return found
        for leaf, _ in self.subnode_blocks(bid):
            if leaf is not None:
                for nid, data, sub in leaf:
                    nid &= 0xFFFFFFFF
                    found[nid] = SubnodeEntry(nid, data, sub)
        return found

    def subnode_blocks(self, bid: int) -> Iterator[tuple[list[tuple[int, ...]] | None, int]]:
        """Yield (entries, BID) of each SLBLOCK under a subnode BID, and (None, BID) for a SIBLOCK above them."""
        if not bid:
            return
        if not bid & disk.BID_INTERNAL:
            raise PstFormatError("a subnode BID names a data block", bid=bid)
        level, entries = blocks.decode_subnodes(self.layout, self.read_block(bid), bid)
        if not level:
            yield entries, bid
            return
        yield None, bid
        if len({child for _, child in entries}) != len(entries):
            raise PstFormatError("a SIBLOCK refers to a block twice", bid=bid)
        for _, child in entries:
            if not child & disk.BID_INTERNAL:
                raise PstFormatError("a SIBLOCK refers to a data block", bid=bid)
            below, leaf = blocks.decode_subnodes(self.layout, self.read_block(child), child)
            if below:
                raise PstFormatError("a SIBLOCK refers to a SIBLOCK", bid=child)
            yield leaf, child

    def references(self, bid: int) -> list[int]:
        """Return the BIDs that an internal block refers to (0 left out)."""
        data = self.read_block(bid)
        if data[:1] == bytes([disk.BTYPE_XBLOCK]):
            return list(blocks.decode_data_tree(self.layout, data, bid).bids)
        level, entries = blocks.decode_subnodes(self.layout, data, bid)
        if level:
            return [entry[1] for entry in entries]
        return [child for entry in entries for child in entry[1:] if child]


class FoundHeader(NamedTuple):
    """A header, and where it was found."""

    header: Header
    from_shadow: bool
    shadow_left: bool


def read_header(device: Device) -> FoundHeader:
    """Read a file's header, or where it is torn the copy that the interrupted writer left.

    Raises:
        NotAPstError: this is no PST or OST file.
        PstFormatError: the header is damaged and there is no copy of it.
    """
    size = device.size()
    data = device.read(0, min(size, disk.HEADER_READ_SIZE))
    shadow = b""
    if size >= disk.SHADOW_OFFSET + disk.HEADER_READ_SIZE:
        shadow = device.read(disk.SHADOW_OFFSET, disk.HEADER_READ_SIZE)
    has_shadow = shadow[:4] == disk.MAGIC
    try:
        return FoundHeader(disk.unpack_header(data), from_shadow=False, shadow_left=has_shadow)
    except (PstFormatError, NotAPstError):
        if has_shadow:
            with suppress(PstFormatError, NotAPstError):  # the copy is torn too: then nothing was committed with it
                return FoundHeader(disk.unpack_header(shadow), from_shadow=True, shadow_left=True)
        raise


def _overlaid(entries: Iterator[Entry], changes: dict[int, Entry | None]) -> Iterator[Entry]:
    """Yield the entries of a tree with changes put over them, in the order of keys."""
    if not changes:
        yield from entries
        return
    added = sorted((key, entry) for key, entry in changes.items() if entry is not None)
    at = 0
    for entry in entries:
        key = entry[0]
        while at < len(added) and added[at][0] <= key:
            yield added[at][1]
            at += 1
        if key not in changes:
            yield entry
    for _, entry in added[at:]:
        yield entry
