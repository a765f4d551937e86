"""The file as the checks see it: what its trees say, held in columns, and readers that never raise.

The columns take some thirty bytes a block and twenty a node, so that a file of many gigabytes is checked in a small
fraction of its size. What cannot be read is given as None: the stage that met the damage first has reported it.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

from mailconnector.pst import crypt, disk
from mailconnector.pst.check.findings import Findings, Progress
from mailconnector.pst.disk import Header, Layout
from mailconnector.pst.errors import PstFormatError
from mailconnector.pst.ndb import blocks
from mailconnector.pst.ndb.blocks import SubnodeEntry
from mailconnector.pst.ndb.device import Device
from mailconnector.pst.ndb.lookup import NodeEntry

_CACHED_BLOCKS = 256
_CACHED_TREES = 256
_CACHED_LEAVES = 20_000
_EFFORT = 200_000
_EFFORT_A_BLOCK = 64


class BlockState(IntEnum):
    """What is known of a block."""

    UNREAD = 0
    SOUND = 1
    BAD = 2
    DOUBTFUL = 3  # its trailer is right but for the CRC: some of its bytes may be wrong


class Role(IntEnum):
    """What a block was reached as."""

    UNREACHED = 0
    DATA = 1
    XBLOCK = 2
    XXBLOCK = 3
    SLBLOCK = 4
    SIBLOCK = 5


class Column(NamedTuple):
    """TCOLDESC: where the cells of a column stand in a row."""

    tag: int
    at: int
    size: int
    bit: int
    fixed: int  # bytes of a value that stands in the row, 0 for an HNID


class RowLayout(NamedTuple):
    """How the rows of a table are laid out: the columns, and rgib of the TCINFO."""

    columns: tuple[Column, ...]
    ends: tuple[int, ...]
    tags: frozenset[int]


class BlockTable:
    """The leaf entries of the BBT in columns, sorted by BID (bit 0, which readers ignore, cleared)."""

    def __init__(self) -> None:
        self.bids = array("Q")
        self.ibs = array("Q")
        self.cbs = array("H")
        self.crefs = array("H")
        self.sizes = array("H")  # bytes of plain data; other than cbs in 4K files only
        self.states = bytearray()
        self.roles = bytearray()
        self.references = array("I")

    def __len__(self) -> int:
        return len(self.bids)

    def add(self, entries: Iterable[tuple[int, ...]]) -> None:
        """Take leaf entries of the BBT: bid, ib, cb, cRef."""
        for bid, ib, cb, cref in entries:
            self.bids.append(bid & ~1)
            self.ibs.append(ib)
            self.cbs.append(cb)
            self.crefs.append(cref)

    def settle(self) -> None:
        """Bring the entries in order; of several with one BID the first stays."""
        order = _order(self.bids)
        if order is not None:
            self.bids, self.ibs = _pick(self.bids, order), _pick(self.ibs, order)
            self.cbs, self.crefs = _pick(self.cbs, order), _pick(self.crefs, order)
        self.sizes = array("H", self.cbs)
        count = len(self.bids)
        self.states = bytearray(count)
        self.roles = bytearray(count)
        self.references = array("I", bytes(4 * count))

    def find(self, bid: int) -> int:
        """Return the row of a block, or -1."""
        bid &= ~1
        row = bisect_left(self.bids, bid)
        return row if row < len(self.bids) and self.bids[row] == bid else -1


def _order(keys: "array[int]") -> list[int] | None:
    """Return the rows in the order of their keys, the first of each key only; None when they are so already."""
    last = -1
    for key in keys:
        if key <= last:
            break
        last = key
    else:
        return None
    first: dict[int, int] = {}
    for row, key in enumerate(keys):
        first.setdefault(key, row)
    return [first[key] for key in sorted(first)]


def _pick(column: "array[int]", rows: list[int]) -> "array[int]":
    return array(column.typecode, [column[row] for row in rows])


class NodeTable:
    """The leaf entries of the NBT in columns, sorted by NID."""

    def __init__(self) -> None:
        self.nids = array("I")
        self.data = array("Q")
        self.subs = array("Q")
        self.parents = array("I")

    def __len__(self) -> int:
        return len(self.nids)

    def __iter__(self) -> Iterator[NodeEntry]:
        return map(NodeEntry, self.nids, self.data, self.subs, self.parents)

    def __contains__(self, nid: int) -> bool:
        return self._row(nid) >= 0

    def add(self, entries: Iterable[tuple[int, ...]]) -> None:
        """Take leaf entries of the NBT: nid (its upper half is padding), bidData, bidSub, nidParent."""
        for nid, data, sub, parent in entries:
            self.nids.append(nid & 0xFFFFFFFF)
            self.data.append(data)
            self.subs.append(sub)
            self.parents.append(parent)

    def settle(self) -> None:
        """Bring the entries in order; of several with one NID the first stays."""
        order = _order(self.nids)
        if order is not None:
            self.nids, self.parents = _pick(self.nids, order), _pick(self.parents, order)
            self.data, self.subs = _pick(self.data, order), _pick(self.subs, order)

    def _row(self, nid: int) -> int:
        row = bisect_left(self.nids, nid)
        return row if row < len(self.nids) and self.nids[row] == nid else -1

    def find(self, nid: int) -> NodeEntry | None:
        """Return a node's entry, or None."""
        row = self._row(nid)
        return NodeEntry(nid, self.data[row], self.subs[row], self.parents[row]) if row >= 0 else None


class Source:
    """A file that is being checked.

    Args:
        device: the file.
        header: its header, as far as it could be read.
        findings: takes what is found.
        progress: is told how far the check is.

    Attributes:
        blocks: the BBT.
        nodes: the NBT.
        layouts: by TCINFO, the layouts of tables that were found sound.
        complete: sets of properties and columns that lacked nothing.
        lost_nodes: ranges of NIDs, the end not in them, whose entries in the NBT are lost.
        lost_blocks: likewise of BIDs in the BBT.
        trusting: whether data blocks with a wrong CRC are read as if they were sound. A repair sets it.
        doubted: the rows of the block table that were read in this way.
    """

    def __init__(self, device: Device, header: Header, findings: Findings, progress: Progress | None = None) -> None:
        self.device = device
        self.header = header
        self.layout: Layout = header.layout
        self.findings = findings
        self.size = device.size()
        self.blocks = BlockTable()
        self.nodes = NodeTable()
        self.page_count = 0
        self.lost_nodes: list[tuple[int, int]] = []
        self.lost_blocks: list[tuple[int, int]] = []
        self.trusting = False
        self.doubted: set[int] = set()
        self.layouts: dict[bytes, RowLayout] = {}
        self.complete: set[tuple[str, bool, frozenset[int]]] = set()
        self._progress = progress
        self._cache: dict[int, bytes] = {}
        self._leaves: dict[int, list[int]] = {}
        self._effort = 0

    @property
    def is_4k(self) -> bool:
        """Whether this is an OST with pages of 4,096 bytes, of which less is known."""
        return self.layout is disk.UNICODE_4K

    @property
    def is_ost(self) -> bool:
        """Whether the file is the cache of a mailbox, to which the rules for folders of a PST do not apply."""
        return self.header.wMagicClient == disk.MAGIC_CLIENT_OST

    def progress(self, stage: str, done: int, total: int) -> None:
        """Tell how far the check is."""
        if self._progress is not None:
            self._progress(stage, done, total)

    def read_range(self, offset: int, size: int) -> bytes | None:
        """Return bytes of the file, or None when they are not all there."""
        if offset + size > self.size:
            return None
        try:
            return self.device.read(offset, size)
        except PstFormatError:  # the file has become shorter meanwhile
            return None

    def read_block(self, bid: int) -> bytes | None:
        """Return the plain data of a block that is known to be sound, else None."""
        row = self.blocks.find(bid)
        return None if row < 0 else self.read_row(row)

    def read_row(self, row: int) -> bytes | None:
        """Return the plain data of the block in a row of the block table."""
        table = self.blocks
        state = table.states[row]
        if state == BlockState.BAD:
            return None
        bid = table.bids[row]
        if state == BlockState.DOUBTFUL:
            return self._read_doubtful(row) if self.trusting and not bid & disk.BID_INTERNAL else None
        data = self._cache.get(bid)
        if data is not None:
            return data
        cb, ib = table.cbs[row], table.ibs[row]
        try:
            raw = self.device.read(ib, self.layout.block_total(cb))
            data = blocks.decode_block(self.layout, self.header.bCryptMethod, raw, bid, ib, cb)
        except PstFormatError:
            return None
        if len(self._cache) >= _CACHED_BLOCKS:
            for old in list(self._cache)[: _CACHED_BLOCKS // 2]:
                del self._cache[old]
        self._cache[bid] = data
        return data

    def _read_doubtful(self, row: int) -> bytes | None:
        table = self.blocks
        self.doubted.add(row)
        raw = self.read_range(table.ibs[row], table.cbs[row])
        return None if raw is None else crypt.decode(self.header.bCryptMethod, raw, table.bids[row] & 0xFFFFFFFF)

    def is_readable(self, row: int) -> bool:
        """Say whether the data of a block can be read."""
        state = self.blocks.states[row]
        return state == BlockState.SOUND or (self.trusting and state == BlockState.DOUBTFUL)

    def leaves(self, bid: int) -> list[int] | None:
        """Return the rows of the data blocks under a BID, or None when the tree cannot be followed.

        The tree was verified, and what is wrong with it reported, by :mod:`~mailconnector.pst.check.references`.
        """
        if not bid:
            return []
        known = self._leaves.get(bid)
        if known is not None or self._effort < 0:
            return known
        found: list[int] = []
        whole = self._collect(bid, 3, found)
        if not self._spend(len(found)) or not whole:
            return None
        if bid & disk.BID_INTERNAL:
            self._remember(bid, found)
        return found

    def _remember(self, bid: int, found: list[int]) -> None:
        """Keep the leaves of a data tree: copies of a message refer to the same ones."""
        if len(self._leaves) >= _CACHED_TREES or len(found) > _CACHED_LEAVES:
            self._leaves.clear()
        if len(found) <= _CACHED_LEAVES:
            self._leaves[bid] = found

    def _spend(self, effort: int) -> bool:
        """Count what following trees costs; say whether it is still in proportion to the file.

        In a real file each block is followed a few times. A malicious one may have each of its nodes refer to all of
        its blocks.
        """
        if self._effort >= 0:
            self._effort -= effort
            if self._effort < 0:
                self.findings.add(
                    "check-limited", "the nodes refer to the same blocks so often that not all could be looked at"
                )
        return self._effort >= 0

    def settle(self) -> None:
        """Bring what the trees say in order, once both have been read."""
        self.nodes.settle()
        self.blocks.settle()
        self._effort = _EFFORT + _EFFORT_A_BLOCK * (len(self.blocks) + len(self.nodes))

    def _collect(self, bid: int, depth: int, found: list[int]) -> bool:
        row = self.blocks.find(bid)
        if row < 0 or not depth or len(found) > len(self.blocks) + self.size // disk.SLOT:
            return False
        if not bid & disk.BID_INTERNAL:
            found.append(row)
            return True
        data = self.read_row(row)
        if data is None:
            return False
        try:
            below = blocks.decode_data_tree(self.layout, data, bid).bids
        except PstFormatError:
            return False
        return all(self._collect(child, depth - 1, found) for child in below)

    def data_size(self, bid: int) -> int | None:
        """Return the bytes of data under a BID, or None when that cannot be told."""
        if not bid:
            return 0
        row = self.blocks.find(bid)
        if row < 0:
            return None
        if not bid & disk.BID_INTERNAL:
            return self.blocks.sizes[row]
        data = self.read_row(row)
        head = self.layout.xblock_head
        if data is None or len(data) < head.size:
            return None
        btype, level, _, total = head.unpack_from(data)
        return int(total) if btype == disk.BTYPE_XBLOCK and level in (1, 2) else None

    def read_data(self, bid: int, limit: int) -> bytes | None:
        """Return the data under a BID, or None when it cannot be read or is larger than ``limit``."""
        size = self.data_size(bid)
        rows = None if size is None or size > limit else self.leaves(bid)
        if rows is None or not self._spend(len(rows)):
            return None
        parts = []
        for row in rows:
            part = self.read_row(row)
            if part is None:
                return None
            parts.append(part)
        data = b"".join(parts)
        return data if len(data) == size else None

    def subnodes(self, bid: int) -> dict[int, SubnodeEntry] | None:
        """Return the subnodes that a subnode BID leads to, or None when they cannot be read."""
        found: dict[int, SubnodeEntry] = {}
        if not bid:
            return found
        if not self._spend(1):
            return None
        top = self._subnode_block(bid)
        if top is None:
            return None
        level, entries = top
        leaves = [entries]
        if level:
            leaves = []
            for _, child in entries:
                below = self._subnode_block(child)
                if below is None or below[0]:
                    return None
                leaves.append(below[1])
        for leaf in leaves:
            for nid, data, sub in leaf:
                found[nid & 0xFFFFFFFF] = SubnodeEntry(nid & 0xFFFFFFFF, data, sub)
        return found if self._spend(len(found) // 16) else None

    def _subnode_block(self, bid: int) -> tuple[int, list[tuple[int, ...]]] | None:
        data = self.read_block(bid) if bid & disk.BID_INTERNAL else None
        try:
            return None if data is None else blocks.decode_subnodes(self.layout, data, bid)
        except PstFormatError:
            return None
