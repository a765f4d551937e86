"""Compacting: the same nodes in a new file, without the room that lies idle in the old one."""

from dataclasses import dataclass, replace
from typing import BinaryIO

from mailconnector.pst.check.findings import Progress
from mailconnector.pst.disk import Layout
from mailconnector.pst.errors import PstFormatError, PstUsageError
from mailconnector.pst.ndb.copier import NodeCopier
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device
from mailconnector.pst.ndb.lookup import NodeSource


@dataclass(frozen=True, slots=True)
class CompactReport:
    """What compacting did.

    Attributes:
        nodes: nodes copied.
        blocks: blocks copied.
        bytes_before: size of the old file.
        bytes_after: size of the new one.
    """

    nodes: int
    blocks: int
    bytes_before: int
    bytes_after: int


def compact(source: NodeSource, target: BinaryIO, *, progress: Progress | None = None) -> CompactReport:
    """Write all that a file holds into a new file, tightly.

    Nodes keep their ids, so that entry ids stay valid, and all that they hold; blocks that are shared stay shared.
    Blocks that nothing refers to are left behind. The old file is not changed. Memory does not grow with its size.

    Args:
        source: the old file, open and without a running transaction; of a store, its ``db``.
        target: an empty file object, open for reading and writing. When an error is raised, it holds no PST file.
        progress: is told how many nodes have been copied.

    Raises:
        PstUsageError: a transaction is running, or the file is a 4K OST, a format that is only read.
        PstFormatError: the file is damaged: it is to be repaired first.
        PstFullError: the target cannot take it.
        PstDiskError: the system refused to read or write.
    """
    if source.in_transaction:
        raise PstUsageError("a file cannot be compacted while a transaction is running")
    if not source.layout.writable:
        raise PstUsageError("files of the 4K format can only be read")
    device = Device(target)
    if device.size():
        raise PstUsageError("the file to be written is not empty")
    new = NodeDatabase.create(device, source.layout, source.header.bCryptMethod)
    header = source.header
    new.header = replace(
        new.header,
        wVer=header.wVer,
        wVerClient=header.wVerClient,
        wMagicClient=header.wMagicClient,
        rgnid=header.rgnid,
        dwUnique=header.dwUnique,
    )
    total = sum(1 for _ in source.nodes())
    blocks = sum(1 for _ in source.all_blocks())
    copier = NodeCopier(_Blocks(source), new, blocks)
    done = 0
    try:
        for node in source.nodes():
            new.put_node(node.nid, copier.data(node.bid_data), copier.subnodes(node.bid_sub), node.nid_parent)
            done += 1
            if progress is not None and not done & 0x3F:
                progress("nodes", done, total)
        new.commit()
    except PstFormatError as error:
        error.hint = error.hint or "The file is damaged: repair it first."
        raise
    return CompactReport(done, copier.copied, source.device.size(), device.size())


class _Blocks:
    """The blocks of an open database."""

    def __init__(self, database: NodeSource) -> None:
        self.layout: Layout = database.layout
        self._database = database

    def read_block(self, bid: int) -> bytes:
        return self._database.read_block(bid)

    def is_shared(self, bid: int) -> bool:
        return self._database.block(bid).cref > 2
