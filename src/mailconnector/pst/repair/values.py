"""Writing anew what a damaged property context still holds, and reporting what is lost of it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from mailconnector.mapi.types import PropertyType
from mailconnector.mapi.values import DECODERS, ValueFormatError
from mailconnector.pst import disk
from mailconnector.pst.check.findings import Findings
from mailconnector.pst.check.node import NodeView
from mailconnector.pst.check.properties import HEAP_SIZES, KNOWN_TYPES, Properties
from mailconnector.pst.check.references import HIGHEST_INDEX
from mailconnector.pst.check.requirements import wrong_type
from mailconnector.pst.check.source import BlockState, Source
from mailconnector.pst.errors import PstFormatError
from mailconnector.pst.ltp.node import NodeEditor
from mailconnector.pst.ltp.property_context import INLINE_SIZES, StoredValue, write_properties
from mailconnector.pst.messaging.names import FIRST_ID
from mailconnector.pst.ndb.copier import MAX_DEPTH, NodeCopier
from mailconnector.pst.ndb.database import NodeDatabase

Values = dict[int, StoredValue]

_ATTACH_DATA: Final = 0x3701
# Values that are of use with a hole in them (plain text, HTML, headers); it is filled with what does not hurt a reader.
_TEXT: Final = frozenset({0x1000, 0x1013, 0x007D})
_GROWTH: Final = 8  # how much larger than the damaged file the new one may become, by blocks that were shared


def integer(value: int) -> StoredValue:
    """Return the stored form of a PtypInteger32 value."""
    return StoredValue(PropertyType.INTEGER32, (value & 0xFFFFFFFF).to_bytes(4, "little"))


def number(values: Mapping[int, StoredValue], pid: int) -> int | None:
    """Return a stored value as an unsigned number; None when it is not there."""
    return int.from_bytes(values[pid].data[:8], "little") if pid in values else None


class ValueWriter:
    """Brings property values over into a new file.

    Args:
        source: the damaged file, in trusting mode.
        target: the new file, inside a transaction.
        copier: copies what is whole.
        losses: takes what could not be brought over.

    Attributes:
        highest_name: the highest property id that was written.
        named: how many named properties the file has, None when that is not known.
    """

    def __init__(self, source: Source, target: NodeDatabase, copier: NodeCopier, losses: Findings) -> None:
        self.source = source
        self.target = target
        self.copier = copier
        self.losses = losses
        self.highest_name = 0
        self.named: int | None = None
        self._left = source.size * _GROWTH + (1 << 22)

    def lose(self, code: str, text: str, view: NodeView) -> None:
        """Report a loss."""
        where = "/".join(f"{nid:#x}" for nid in view.path)
        self.losses.add(code, f"subnode {where}: {text}" if where else text, nid=view.nid)

    def _spend(self, size: int) -> None:
        """Count what is written, so that blocks which are referred to over and over do not fill the disk."""
        self._left -= size
        if self._left < 0:
            raise PstFormatError("the file refers to the same blocks over and over: it cannot be repaired")

    def values(self, properties: Properties, node: NodeEditor, what: str) -> Values:
        """Return the properties that can be brought over; large ones are written into subnodes of ``node``.

        Args:
            properties: what there is. Objects (PtypObject) are left to the caller.
            node: the new node.
            what: the kind of object, as in the table of required properties.
        """
        found: Values = {}
        view = properties.view
        for pid, ptype in properties.types.items():
            if ptype == PropertyType.OBJECT:
                continue
            data, _, bid = properties.stored(pid)
            impossible = ptype not in KNOWN_TYPES or not self.is_known(pid)
            if impossible or wrong_type(what, pid << 16 | ptype, wide=self.source.layout.wide):
                self.lose("lost-property", f"property {pid:#06x} of type {ptype:#06x} cannot be a property", view)
            elif bid:
                nid = self._large(view, node, pid, ptype, bid)
                if nid:
                    found[pid] = StoredValue(ptype, b"", nid)
            elif data is None or not is_value(ptype, data):
                self.lose("lost-property", f"property {pid:#06x} is lost", view)
            elif ptype == PropertyType.BOOLEAN:
                found[pid] = StoredValue(ptype, b"\1" if any(data) else b"\0")
            else:
                found[pid] = StoredValue(ptype, data[: len(data) & ~1] if ptype == PropertyType.STRING else data)
        return found

    def is_known(self, pid: int) -> bool:
        """Say whether a property id can have a name, or needs none."""
        return self.named is None or pid < FIRST_ID + self.named

    def _large(self, view: NodeView, node: NodeEditor, pid: int, ptype: int, bid: int) -> int:
        """Write a value that stands in a subnode into a new one and return its NID, 0 when it is lost."""
        rows = self.source.leaves(bid)
        whole = rows is not None and all(self.source.is_readable(row) for row in rows)
        if rows is None or not (whole or pid in _TEXT or pid == _ATTACH_DATA):
            self.lose("lost-property", f"property {pid:#06x} is lost", view)
            return 0
        if not whole:
            self.lose("damaged-value", f"property {pid:#06x} has holes where blocks are lost", view)
        elif any(self.source.blocks.states[row] == BlockState.DOUBTFUL for row in rows):
            self.lose("damaged-value", f"property {pid:#06x} has blocks with a wrong CRC", view)
        filler = b" \0" if ptype == PropertyType.STRING else b" " if pid in _TEXT else b"\0"
        return node.add_value(self.parts(rows, filler, even=ptype == PropertyType.STRING))

    def parts(self, rows: list[int], filler: bytes = b"\0", *, even: bool = False) -> Iterator[bytes]:
        """Yield the data of blocks, lost ones filled up; with ``even``, an even number of bytes of each."""
        for row in rows:
            size = self.source.blocks.sizes[row]
            data = self.source.read_row(row) if self.source.is_readable(row) else None
            if data is None:
                data = (filler * size)[:size]
            self._spend(len(data))
            yield data[: len(data) & ~1] if even else data

    def put(self, node: NodeEditor, values: Mapping[int, StoredValue]) -> int:
        """Make a node's data a PC of these properties; return the bytes of it and of all its subnodes."""
        self.highest_name = max(self.highest_name, max(values, default=0))
        write_properties(node, values)
        size = sum(len(node.block(index)) for index in range(node.block_count))
        self._spend(size)
        return size + self._subnodes_size(node.subnodes.values())

    def _subnodes_size(self, entries: Iterable[tuple[int, int, int]]) -> int:
        db = self.target
        return sum(
            db.data_size(data) + (self._subnodes_size(db.subnodes(sub).values()) if sub else 0)
            for _, data, sub in entries
        )

    def size_of(self, value: StoredValue, node: NodeEditor) -> int:
        """Return the bytes of a value of ``node``."""
        if value.nid:
            return self.target.data_size(node.subnode(value.nid).bid_data)
        return INLINE_SIZES.get(value.type, len(value.data))

    def other_subnodes(self, view: NodeView, node: NodeEditor, own: frozenset[int]) -> None:
        """Bring over subnodes of kinds that nobody knows.

        Args:
            view: the damaged node.
            node: the new one.
            own: the types of NIDs that are brought over in other ways.
        """
        for nid, entry in view.subnodes.items():
            if disk.nid_type(nid) in own or nid in node.subnodes:
                continue
            if disk.nid_index(nid) >= HIGHEST_INDEX or not self._is_whole(entry.bid_data, entry.bid_sub):
                self.lose("lost-node", f"the subnode {nid:#x} is lost", view)
            else:
                node.put_subnode(nid, self.copier.data(entry.bid_data), self.copier.subnodes(entry.bid_sub))

    def _is_whole(self, bid_data: int, bid_sub: int, depth: int = 0) -> bool:
        """Say whether some data and subnodes can be copied as they are."""
        source = self.source
        rows = source.leaves(bid_data)
        below = source.subnodes(bid_sub)
        if rows is None or below is None or depth > MAX_DEPTH:
            return False
        self._spend(disk.SLOT * (1 + len(rows) + len(below)))
        return all(source.is_readable(row) for row in rows) and all(
            disk.nid_index(nid) < HIGHEST_INDEX and self._is_whole(data, sub, depth + 1)
            for nid, data, sub in below.values()
        )


def is_value(ptype: int, data: bytes) -> bool:
    """Say whether bytes can be a value of a type."""
    size = HEAP_SIZES.get(ptype)
    if size is not None:
        return len(data) == size
    decode = DECODERS.get(ptype)
    try:
        if decode is not None:
            decode(data, "cp1252")
    except ValueFormatError:
        return False
    return True
