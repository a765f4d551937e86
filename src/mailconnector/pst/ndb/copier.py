"""Copying nodes from one file into another, block by block, without looking at what they mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from mailconnector.pst import disk
from mailconnector.pst.disk import Layout
from mailconnector.pst.errors import PstFormatError
from mailconnector.pst.ndb import blocks
from mailconnector.pst.ndb.blocks import SubnodeEntry
from mailconnector.pst.ndb.writing import NodeWriter

MAX_DEPTH = 200  # of subnodes in subnodes; two for each message in a message


class BlockSource(Protocol):
    """Where blocks are copied from."""

    layout: Layout

    def read_block(self, bid: int) -> bytes:
        """Return the plain data of a block.

        Raises:
            PstFormatError: it is missing or damaged.
        """

    def is_shared(self, bid: int) -> bool:
        """Say whether there is more than one reference to a block."""


class NodeCopier:
    """Copies data trees and subnode trees into a database that has a transaction running.

    A block that is shared in the source is shared in the target. Each block is copied once at most, so a tree that
    leads back to itself, or to the same blocks over and over, ends in an error.

    Args:
        source: where the blocks are.
        target: the database that takes them; it may be of another variant only if no value needs re-cutting, so give
            one of the same variant.
        limit: how many blocks the source has.
    """

    def __init__(self, source: BlockSource, target: NodeWriter, limit: int) -> None:
        self.source = source
        self.target = target
        self.copied = 0
        self._limit = limit
        self._shared: dict[int, int] = {}

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Undo what the body of the with statement copied and wrote when it fails; the error goes on.

        Such attempts do not lie within each other.
        """
        known = len(self._shared)
        try:
            with self.target.savepoint():
                yield
        except BaseException:
            while len(self._shared) > known:
                self._shared.popitem()
            raise

    def data(self, bid: int) -> int:
        """Copy a data tree and return its new BID, with a reference for the caller; 0 for BID 0.

        Raises:
            PstFormatError: it is damaged.
        """
        if not bid:
            return 0
        bid &= ~1
        known = self._again(bid)
        if known:
            return known
        data = self._read(bid)
        if not bid & disk.BID_INTERNAL:
            return self._note(bid, self.target.write_block(data))
        top = blocks.decode_data_tree(self.source.layout, data, bid)
        leaves: list[int] = []
        for child in top.bids:
            if top.level == 1:
                leaves.append(self._leaf(child))
            else:
                below = blocks.decode_data_tree(self.source.layout, self._read(child & ~1), child)
                if below.level != 1:
                    raise PstFormatError("an XXBLOCK refers to an XXBLOCK", bid=child)
                leaves += [self._leaf(leaf) for leaf in below.bids]
        return self._note(bid, self.target.write_tree(leaves, top.total))

    def _leaf(self, bid: int) -> int:
        if bid & disk.BID_INTERNAL:
            raise PstFormatError("a data tree refers to an internal block as data", bid=bid)
        bid &= ~1
        return self._again(bid) or self._note(bid, self.target.write_block(self._read(bid)))

    def subnodes(self, bid: int, depth: int = 0) -> int:
        """Copy a subnode tree, all that hangs on it included, and return its new BID; 0 for BID 0.

        Raises:
            PstFormatError: it is damaged.
        """
        if not bid:
            return 0
        bid &= ~1
        known = self._again(bid)
        if known:
            return known
        if depth >= MAX_DEPTH:
            raise PstFormatError(f"subnodes lie more than {MAX_DEPTH} deep in each other", bid=bid)
        level, entries = blocks.decode_subnodes(self.source.layout, self._read(bid), bid)
        leaves = [entries]
        if level:
            leaves = []
            for _, child in entries:
                below, leaf = blocks.decode_subnodes(self.source.layout, self._read(child & ~1), child)
                if below:
                    raise PstFormatError("a SIBLOCK refers to a SIBLOCK", bid=child)
                leaves.append(leaf)
        # Of two entries with one NID readers see the last.
        found = {entry[0] & 0xFFFFFFFF: entry for leaf in leaves for entry in leaf}
        return self._note(bid, self.target.write_subnodes([self._entry(entry, depth) for entry in found.values()]))

    def _entry(self, entry: tuple[int, ...], depth: int) -> SubnodeEntry:
        nid, data, sub = entry
        return SubnodeEntry(nid & 0xFFFFFFFF, self.data(data), self.subnodes(sub, depth + 1))

    def _read(self, bid: int) -> bytes:
        self.copied += 1
        if self.copied > self._limit:
            raise PstFormatError("trees of blocks lead back to themselves", bid=bid)
        return self.source.read_block(bid)

    def _again(self, bid: int) -> int:
        """Return the new BID of a shared block that was copied before, with one more reference; else 0."""
        new = self._shared.get(bid, 0)
        self.target.add_reference(new)
        return new

    def _note(self, bid: int, new: int) -> int:
        if self.source.is_shared(bid):
            self._shared[bid] = new
        return new
