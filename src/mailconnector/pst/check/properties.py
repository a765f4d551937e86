"""Property Context under check ([MS-PST] 2.3.3), and the rules for stored values that tables share with it."""

import struct
from typing import Final

from mailconnector.mapi.types import PropertyType
from mailconnector.mapi.values import DECODERS, ValueFormatError
from mailconnector.pst import disk
from mailconnector.pst.check.heap import Heap, open_heap, walk_bth
from mailconnector.pst.check.node import NodeView
from mailconnector.pst.ltp.heap import CLIENT_PC, MAX_ITEM
from mailconnector.pst.ltp.property_context import INLINE_SIZES

_RECORD = struct.Struct("<HHI")
_OBJECT = struct.Struct("<II")
VALUE_LIMIT: Final = 1 << 20  # bytes of a value in a subnode that is looked into

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


def check_value(view: NodeView, what: str, ptype: int, data: bytes) -> None:
    """Check the bytes of a value of variable size against its type."""
    if ptype == PropertyType.STRING:
        if len(data) & 1:
            view.report("value-string", f"{what}, a Unicode string, has an odd number of bytes")
    elif ptype in _DECODED:
        try:
            DECODERS[ptype](data, "cp1252")
        except ValueFormatError as error:
            view.report("value-damaged", f"{what} cannot be decoded: {error.reason}")


def stored_value(view: NodeView, heap: Heap, hnid: int, ptype: int, what: str) -> tuple[bytes | None, int]:
    """Fetch a value that an HNID refers to, and check it.

    Returns:
        Its bytes, None when it is lost or larger than `VALUE_LIMIT`; and its size, 0 when that is not known.
    """
    if not hnid:
        if ptype in HEAP_SIZES:
            view.report("value-size", f"{what} of type {ptype:#06x} has no value")
        return b"", 0
    if not hnid & disk.NID_TYPE_MASK:
        data = heap.item(hnid, what)
        if data is not None:
            size = HEAP_SIZES.get(ptype)
            if size is not None and len(data) != size:
                view.report("value-size", f"{what} of type {ptype:#06x} has {len(data)} bytes instead of {size}")
            else:
                check_value(view, what, ptype, data)
        return data, len(data or b"")
    entry = view.subnodes.get(hnid)
    if entry is None:
        view.report("value-missing", f"{what} is the subnode {hnid:#x}, which does not exist")
        return None, 0
    if view.is_used(hnid):
        view.report("subnode-shared", f"{what} is the subnode {hnid:#x}, which is in use already")
    view.use(hnid)
    if ptype in HEAP_SIZES:
        view.report("value-size", f"{what} of type {ptype:#06x} is a subnode")
        return None, 0
    found = view.source.data_size(entry.bid_data)
    if found is None:
        view.report("value-lost", f"{what} cannot be read")
        return None, 0
    if found <= MAX_ITEM:
        view.report("value-small", f"{what} is a subnode of {found} bytes, which the heap could hold")
    if found > VALUE_LIMIT and ptype != PropertyType.STRING:
        return None, found
    data = view.source.read_data(entry.bid_data, VALUE_LIMIT)
    if data is None:
        if found <= VALUE_LIMIT:
            view.report("value-lost", f"{what} cannot be read")
        return None, found
    check_value(view, what, ptype, data)
    return data, found


class Properties:
    """The properties of a node, verified. Use :func:`open_properties`.

    Attributes:
        values: by property id, the bytes as they are stored; None where a value is lost or large.
        types: by property id, the property type.
        sizes: by property id, the bytes of the value.
        objects: by property id, (NID, size) of each PtypObject value ([MS-PST] 2.3.3.5).
    """

    def __init__(self, view: NodeView) -> None:
        self.view = view
        self.values: dict[int, bytes | None] = {}
        self.types: dict[int, int] = {}
        self.sizes: dict[int, int] = {}
        self.objects: dict[int, tuple[int, int]] = {}

    def __contains__(self, pid: int) -> bool:
        return pid in self.types

    def number(self, pid: int) -> int | None:
        """Return a property's value as an unsigned number, or None when it is not there."""
        data = self.values.get(pid)
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
            self.values[pid] = hnid.to_bytes(4, "little")[:size]
            self.sizes[pid] = size
            if ptype == PropertyType.BOOLEAN and hnid > 1:
                self.view.report("value-boolean", f"property {pid:#06x}, a truth value, is {hnid:#x}")
            return
        what = f"property {pid:#06x}"
        if ptype not in KNOWN_TYPES:
            self.view.report("property-type", f"{what} has the type {ptype:#06x}, which is not known")
        data, self.sizes[pid] = stored_value(self.view, heap, hnid, ptype, what)
        self.values[pid] = data
        if ptype == PropertyType.OBJECT and data is not None and len(data) == _OBJECT.size:
            nid, length = _OBJECT.unpack(data)
            self.objects[pid] = nid, length
            if nid and self.view.use(nid) is None:
                self.view.report("value-missing", f"{what} is the subnode {nid:#x}, which does not exist")


def open_properties(view: NodeView) -> Properties | None:
    """Verify the PC of a node; None when there is none that can be used, which is reported."""
    heap = open_heap(view, CLIENT_PC)
    if heap is None:
        return None
    properties = Properties(view)
    properties.load(heap)
    heap.report_leaks()
    return properties
