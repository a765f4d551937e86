"""Property Context under check ([MS-PST] 2.3.3), and the rules for stored values that tables share with it."""

import struct
from typing import Final, NamedTuple

from mailconnector.mapi.types import PropertyType
from mailconnector.mapi.values import DECODERS, ValueFormatError
from mailconnector.pst import disk
from mailconnector.pst.check.heap import Heap, open_heap, walk_bth
from mailconnector.pst.check.node import NodeView
from mailconnector.pst.check.source import Source
from mailconnector.pst.ltp.heap import CLIENT_PC
from mailconnector.pst.ltp.property_context import INLINE_SIZES

_RECORD = struct.Struct("<HHI")
_OBJECT = struct.Struct("<II")
VALUE_LIMIT: Final = 1 << 22  # bytes of a value in a subnode that is looked into

_FIXED = {
    PropertyType.FLOATING64: 8,
    PropertyType.CURRENCY: 8,
    PropertyType.FLOATING_TIME: 8,
    PropertyType.INTEGER64: 8,
    PropertyType.TIME: 8,
    PropertyType.GUID: 16,
    PropertyType.OBJECT: 8,
}
HEAP_SIZES: Final[dict[int, int]] = {int(ptype): size for ptype, size in _FIXED.items()}
KNOWN_TYPES: Final = frozenset(int(ptype) for ptype in PropertyType if ptype != PropertyType.UNSPECIFIED)
_DECODED: Final = frozenset(ptype for ptype in KNOWN_TYPES if ptype & 0x1000)


def check_value(view: NodeView, ptype: int, data: bytes, what: str, *ids: int) -> None:
    """Check the bytes of a value of variable size against its type; ``what % ids`` says what it is."""
    if ptype == PropertyType.STRING:
        if len(data) & 1:
            view.report("value-string", f"{what % ids}, a Unicode string, has an odd number of bytes")
    elif ptype in _DECODED:
        try:
            DECODERS[ptype](data, "cp1252")
        except ValueFormatError as error:
            view.report("value-damaged", f"{what % ids} cannot be decoded: {error.reason}")


class Stored(NamedTuple):
    """Where a value is: its bytes when they stand in the heap, or the BID of its subnode's data.

    ``data`` is None when the value is lost or stands in a subnode; ``size`` is 0 when it is lost.
    """

    data: bytes | None
    size: int
    bid: int = 0


def fetch_value(view: NodeView, heap: Heap, hnid: int, ptype: int, what: str, *ids: int) -> Stored:
    """Find the value that an HNID refers to ([MS-PST] 2.3.3.2), and check it.

    Args:
        view: the node.
        heap: its heap.
        hnid: where the value is.
        ptype: the property type.
        what: the property or cell, for reports; ``ids`` are put into it with ``%``.
        ids: see there.
    """
    size = HEAP_SIZES.get(ptype)
    if not hnid:
        if size is not None:
            view.report("value-size", f"{what % ids} of type {ptype:#06x} has no value")
        return _EMPTY
    if not hnid & disk.NID_TYPE_MASK:
        data = heap.item(hnid, what, *ids)
        if data is None:
            return _LOST
        if size is None:
            check_value(view, ptype, data, what, *ids)
        elif len(data) != size:
            view.report("value-size", f"{what % ids} of type {ptype:#06x} has {len(data)} bytes instead of {size}")
        return Stored(data, len(data))
    return _subnode_value(view, hnid, ptype, what % ids)


_EMPTY: Final = Stored(b"", 0)
_LOST: Final = Stored(None, 0)


def _subnode_value(view: NodeView, nid: int, ptype: int, what: str) -> Stored:
    if view.is_used(nid):
        view.report("subnode-shared", f"{what} is the subnode {nid:#x}, which is in use already")
        return _LOST
    entry = view.use(nid)
    if entry is None:
        view.report("value-missing", f"{what} is the subnode {nid:#x}, which does not exist")
        return _LOST
    if ptype in HEAP_SIZES:
        view.report("value-size", f"{what} of type {ptype:#06x} is a subnode")
        return _LOST
    found = view.source.data_size(entry.bid_data)
    if found is None or not _is_sound(view.source, entry.bid_data):
        view.report("value-lost", f"{what} cannot be read")
        return Stored(None, found or 0, entry.bid_data)
    if ptype in _DECODED and found <= VALUE_LIMIT:
        check_value(view, ptype, view.source.read_data(entry.bid_data, VALUE_LIMIT) or b"", what.replace("%", "%%"))
    elif ptype == PropertyType.STRING and found & 1:
        view.report("value-string", f"{what}, a Unicode string, has an odd number of bytes")
    return Stored(None, found, entry.bid_data)


def _is_sound(source: Source, bid: int) -> bool:
    """Say whether every block of some data can be read."""
    rows = source.leaves(bid)
    return rows is not None and all(source.is_readable(row) for row in rows)


class Properties:
    """The properties of a node, verified. Use :func:`open_properties`.

    Attributes:
        types: by property id, the property type.
        sizes: by property id, the bytes of the value.
        objects: by property id, (NID, size) of each PtypObject value ([MS-PST] 2.3.3.5).
    """

    def __init__(self, view: NodeView) -> None:
        self.view = view
        self.types: dict[int, int] = {}
        self.sizes: dict[int, int] = {}
        self.objects: dict[int, tuple[int, int]] = {}
        self._values: dict[int, bytes | None] = {}
        self._bids: dict[int, int] = {}

    def __contains__(self, pid: int) -> bool:
        return pid in self.types

    def tags(self) -> set[int]:
        """Return the tags of all properties."""
        return {pid << 16 | ptype for pid, ptype in self.types.items()}

    def stored(self, pid: int) -> Stored:
        """Return where a value is."""
        return Stored(self._values[pid], self.sizes[pid], self._bids.get(pid, 0))

    def value(self, pid: int) -> bytes | None:
        """Return a value as it is stored; None when it is absent, lost or larger than `VALUE_LIMIT`."""
        bid = self._bids.get(pid)
        return self.view.source.read_data(bid, VALUE_LIMIT) if bid else self._values.get(pid)

    def number(self, pid: int) -> int | None:
        """Return a property's value as an unsigned number, or None when it is not there."""
        data = self._values.get(pid)
        return None if data is None else int.from_bytes(data[:8], "little")

    def load(self, heap: Heap) -> None:
        """Read and verify all records."""
        for _, leaf in walk_bth(heap, heap.user_root, 2, (6,), "the property list"):
            for pid, ptype, hnid in _RECORD.iter_unpack(leaf):
                self._record(heap, pid, ptype, hnid)

    def _record(self, heap: Heap, pid: int, ptype: int, hnid: int) -> None:
        self.types[pid] = ptype
        size = INLINE_SIZES.get(ptype)
        if size is not None:
            self._values[pid] = hnid.to_bytes(4, "little")[:size]
            self.sizes[pid] = size
            if ptype == PropertyType.BOOLEAN and hnid > 1:
                self.view.report("value-boolean", f"property {pid:#06x}, a truth value, is {hnid:#x}")
            return
        if ptype not in KNOWN_TYPES:
            self.view.report("property-type", f"property {pid:#06x} has the type {ptype:#06x}, which is not known")
        data, self.sizes[pid], bid = fetch_value(self.view, heap, hnid, ptype, "property %#06x", pid)
        self._values[pid] = data
        if bid:
            self._bids[pid] = bid
        if ptype == PropertyType.OBJECT and data is not None and len(data) == _OBJECT.size:
            nid, length = _OBJECT.unpack(data)
            self.objects[pid] = nid, length
            if nid and self.view.use(nid) is None:
                self.view.report("value-missing", f"property {pid:#06x} is the subnode {nid:#x}, which does not exist")


def open_properties(view: NodeView) -> Properties | None:
    """Verify the PC of a node; None when there is none that can be used, which is reported."""
    heap = open_heap(view, CLIENT_PC)
    if heap is None:
        return None
    properties = Properties(view)
    properties.load(heap)
    heap.report_leaks()
    return properties
