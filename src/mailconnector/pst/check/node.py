"""A node or subnode under check: its data blocks by number, its subnodes, and findings that say where it is."""

from mailconnector.pst.check.source import Source
from mailconnector.pst.ndb.blocks import SubnodeEntry


class NodeView:
    """What a node holds, as far as it can be read.

    Args:
        source: the file.
        nid: the NID of the node in the NBT.
        bid_data: the BID of the data.
        bid_sub: the BID of the subnodes.
        path: for a subnode, the NIDs that lead to it from the node.
    """

    def __init__(self, source: Source, nid: int, bid_data: int, bid_sub: int, path: tuple[int, ...] = ()) -> None:
        self.source = source
        self.nid = nid
        self.bid_data = bid_data
        self.bid_sub = bid_sub
        self.path = path
        self.rows = source.leaves(bid_data)
        self._subnodes: dict[int, SubnodeEntry] | None = None
        self._seen: set[int] = set()

    def report(self, code: str, text: str, *, bid: int | None = None) -> None:
        """Note a finding about the node."""
        if self.path:
            text = f"subnode {'/'.join(f'{nid:#x}' for nid in self.path)}: {text}"
        self.source.findings.add(code, text, nid=self.nid, bid=bid)

    def block(self, index: int) -> bytes | None:
        """Return a data block, or None when it cannot be read."""
        return self.source.read_row(self.rows[index]) if self.rows is not None else None

    @property
    def block_count(self) -> int:
        """Number of data blocks; 0 when the data tree cannot be followed."""
        return len(self.rows) if self.rows is not None else 0

    @property
    def subnodes(self) -> dict[int, SubnodeEntry]:
        """The subnodes by NID; empty when they cannot be read, which has been reported."""
        if self._subnodes is None:
            self._subnodes = self.source.subnodes(self.bid_sub) or {}
        return self._subnodes

    def use(self, nid: int) -> SubnodeEntry | None:
        """Return a subnode, noting that something refers to it; None when there is none."""
        self._seen.add(nid)
        return self.subnodes.get(nid)

    def is_used(self, nid: int) -> bool:
        """Say whether something was found to refer to a subnode."""
        return nid in self._seen

    def below(self, entry: SubnodeEntry) -> "NodeView":
        """Return the view of a subnode."""
        return NodeView(self.source, self.nid, entry.bid_data, entry.bid_sub, (*self.path, entry.nid))

    def unused(self) -> list[int]:
        """Return the subnodes that nothing was found to refer to."""
        return [nid for nid in self.subnodes if nid not in self._seen]
