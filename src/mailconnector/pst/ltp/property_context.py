"""Property Context ([MS-PST] 2.3.3): a BTH in a heap that maps property ids to types and values.

A record is ``wPropId 2, wPropType 2, dwValueHnid 4``. Values of up to four bytes stand in the record; others in a heap
item (HID) of up to 3,580 bytes or in a subnode (NID). An HNID of 0 is an empty value.
"""

import struct
from codecs import utf_16_le_decode
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from mailconnector.mapi.codepages import decode_string8
from mailconnector.mapi.types import PropertyType
from mailconnector.mapi.values import DECODERS, Value, ValueFormatError
from mailconnector.pst import disk
from mailconnector.pst.errors import PstFormatError
from mailconnector.pst.ltp import bth
from mailconnector.pst.ltp.heap import CLIENT_PC, HEADER_SIZE, MAX_ITEM, HeapEditor, HeapReader, pack_simple
from mailconnector.pst.ltp.node import NodeEditor, NodeReader

_RECORD = struct.Struct("<HHI")
_OBJECT = struct.Struct("<II")
_INLINE = {
    PropertyType.NULL: 4,
    PropertyType.INTEGER16: 2,
    PropertyType.INTEGER32: 4,
    PropertyType.FLOATING32: 4,
    PropertyType.ERROR_CODE: 4,
    PropertyType.BOOLEAN: 1,
}
INLINE_SIZES: dict[int, int] = {int(ptype): size for ptype, size in _INLINE.items()}
_HEAP_HEADER = HEADER_SIZE
_INTEGER32, _BOOLEAN, _OBJECT_TYPE = int(PropertyType.INTEGER32), int(PropertyType.BOOLEAN), int(PropertyType.OBJECT)
_STRING, _BINARY = int(PropertyType.STRING), int(PropertyType.BINARY)
_STRING8 = int(PropertyType.STRING8)
_COMMON = (_STRING, _BINARY, _STRING8)
_SPEND_EVERY = 1 << 16
_ENTRY_COST = 16  # bytes that a value costs beside what it holds
_RECORDS_PER_ITEM = MAX_ITEM // _RECORD.size
_SIMPLE_HEADER = bth.header_bytes(2, 6, 0, 2 << 5)
_FIRST_RECORD = _HEAP_HEADER + len(_SIMPLE_HEADER)  # in a PC of one block the records come first


def size_of(value: Value) -> int:
    """Return about how many bytes a value takes."""
    if isinstance(value, str | bytes):
        return _ENTRY_COST + len(value)
    if isinstance(value, list):
        return _ENTRY_COST + sum(map(size_of, value))
    return _ENTRY_COST


class ObjectRef(NamedTuple):
    """The value of a PtypObject property: a subnode, and the size that is noted for it ([MS-PST] 2.3.3.5)."""

    nid: int
    size: int


class StoredValue(NamedTuple):
    """A value to be written: its type, and its bytes or the NID of the subnode that holds them already."""

    type: int
    data: bytes
    nid: int = 0


class PropertyContext:
    """The properties of a node.

    Args:
        node: the node whose heap is a PC.
        codec: the Python codec of its PtypString8 values.

    Raises:
        PstFormatError: the node holds no PC, or a damaged one.
    """

    def __init__(self, node: NodeReader, codec: str = "cp1252") -> None:
        self.node = node
        self.codec = codec
        self._heap = heap = HeapReader(node, CLIENT_PC)
        _, levels, root = bth.read_header(heap, heap.user_root, 2, 6)
        self._records: dict[int, tuple[int, int]] = {
            pid: (ptype, hnid)
            for leaf in bth.leaves(heap, levels, root, 2, 6)
            for pid, ptype, hnid in _RECORD.iter_unpack(leaf)
        }

    def __contains__(self, pid: int) -> bool:
        return pid in self._records

    def __len__(self) -> int:
        return len(self._records)

    def types(self) -> dict[int, int]:
        """Return the type of each property, by property id."""
        return {pid: ptype for pid, (ptype, _) in self._records.items()}

    def tags(self) -> list[int]:
        """Return the tags (id and type) of the properties in the order of their ids."""
        return [pid << 16 | ptype for pid, (ptype, _) in self._records.items()]

    def raw(self, pid: int) -> bytes:
        """Return a property's bytes as they are stored; the fixed types of up to 4 bytes cut to their size.

        Raises:
            KeyError: there is no such property.
            PstFormatError: its value cannot be found.
        """
        ptype, hnid = self._records[pid]
        size = INLINE_SIZES.get(ptype)
        if size is not None:
            return hnid.to_bytes(4, "little")[:size]
        if not hnid & disk.NID_TYPE_MASK:
            return self._heap.item(hnid) if hnid else b""
        return self.node.read_subnode(hnid)

    def subnode_of(self, pid: int) -> int:
        """Return the NID of the subnode that holds a property's value, 0 when it stands elsewhere."""
        ptype, hnid = self._records[pid]
        return hnid if ptype not in INLINE_SIZES and hnid & disk.NID_TYPE_MASK else 0

    def stored_size(self, pid: int) -> int:
        """Return the size in bytes of a property's value without reading a subnode."""
        nid = self.subnode_of(pid)
        return self.node.db.data_size(self.node.subnode(nid).bid_data) if nid else len(self.raw(pid))

    def value(self, pid: int) -> Value:
        """Return a property's value decoded; that of a PtypObject property as bytes (see :meth:`object`).

        Raises:
            KeyError: there is no such property.
            PstFormatError: its value cannot be found or decoded.
        """
        ptype = self._records[pid][0]
        data = self.raw(pid)
        decode = DECODERS.get(ptype)
        if decode is None:
            return data
        try:
            return decode(data, self.codec)
        except ValueFormatError as error:
            raise PstFormatError(
                f"property {pid:#06x} of type {ptype:#06x} cannot be decoded: {error}", nid=self.node.nid
            ) from error

    def _object(self, pid: int, data: bytes) -> ObjectRef:
        if len(data) != _OBJECT.size:
            raise PstFormatError(f"the object in property {pid:#06x} is damaged", nid=self.node.nid)
        return ObjectRef(*_OBJECT.unpack(data))

    def object(self, pid: int) -> ObjectRef | None:
        """Return the object that a property refers to, or None when it holds none."""
        record = self._records.get(pid)
        return self._object(pid, self.raw(pid)) if record and record[0] == PropertyType.OBJECT else None

    def get(self, pid: int, default: Value = None) -> Value:
        """Return a property's value, or ``default``."""
        return self.value(pid) if pid in self._records else default

    def items(self) -> Iterator[tuple[int, Value]]:
        """Yield (tag, value) of every property but those of type PtypObject."""
        for pid, (ptype, _) in self._records.items():
            if ptype != _OBJECT_TYPE:
                yield pid << 16 | ptype, self.value(pid)

    def read_all(self, spend: Callable[[int], None], *, but: int = 0) -> dict[int, Value]:
        """Return the value of every property but those of type PtypObject, by tag.

        Args:
            spend: called now and then with the bytes of values that were read since; may raise to end it.
            but: the id of a property that is left out.
        """
        # The engine's busiest loop: what value() does, for the types that nearly all properties have.
        items = self._heap.first_items
        count = len(items)
        codec = self.codec
        found: dict[int, Value] = {}
        read = 0
        for pid, (ptype, hnid) in self._records.items():
            tag = pid << 16 | ptype
            if ptype == _INTEGER32:
                found[tag] = hnid - ((hnid & 0x80000000) << 1)
            elif ptype == _BOOLEAN:
                found[tag] = hnid & 0xFF != 0
            elif pid == but:
                continue
            elif ptype in _COMMON:
                # In the first block of a heap the number of an item is all there is to its HID.
                at = hnid >> 5
                data = items[at - 1] if 0 < at <= count and not hnid & disk.NID_TYPE_MASK else None
                if data is None:
                    data = self.raw(pid)
                read += len(data)
                if read > _SPEND_EVERY:
                    spend(read)
                    read = 0
                if ptype == _STRING and not len(data) & 1:
                    found[tag] = utf_16_le_decode(data, "surrogatepass", True)[0]
                elif ptype == _BINARY:
                    found[tag] = data
                elif ptype == _STRING8:
                    found[tag] = decode_string8(data, codec)
                else:
                    found[tag] = self.value(pid)
            elif ptype != _OBJECT_TYPE:
                value = found[tag] = self.value(pid)
                if value.__class__ in (bytes, list):
                    spend(size_of(value))
        spend(read + _ENTRY_COST * len(found))
        return found

    def stored(self) -> dict[int, StoredValue]:
        """Return every property as it is stored, for writing it again; large values stay in their subnodes."""
        result = {}
        for pid, (ptype, _) in self._records.items():
            nid = self.subnode_of(pid)
            result[pid] = StoredValue(ptype, b"" if nid else self.raw(pid), nid)
        return result


class PackedProperties(NamedTuple):
    """A PC of one heap block, whole but for the NIDs of values that are too large for a heap.

    Attributes:
        data: the block.
        large: (property id, offset of the four bytes that take the NID of its value) in the order of the ids.
    """

    data: bytes
    large: tuple[tuple[int, int], ...]


def pack_properties(values: Mapping[int, StoredValue], capacity: int) -> PackedProperties | None:
    """Return the PC of these properties, or None where it takes more than one block.

    Args:
        values: the properties by id.
        capacity: the most bytes of a block.
    """
    if not 0 < len(values) <= _RECORDS_PER_ITEM:
        return None
    items: list[bytes] = [_SIMPLE_HEADER, b""]  # the BTH header and its only leaf, filled in below
    records: list[int] = []  # each a PC record as a number
    large: list[tuple[int, int]] = []
    inline, hid = INLINE_SIZES, 2 << 5  # the HID of the last item
    for pid in sorted(values):
        ptype, data, nid = values[pid]
        if ptype in inline:
            records.append(pid | ptype << 16 | int.from_bytes(data[:4], "little") << 32)
        elif nid or not data:
            records.append(pid | ptype << 16 | nid << 32)
        elif len(data) <= MAX_ITEM:
            items.append(data)
            hid += 1 << 5
            records.append(pid | ptype << 16 | hid << 32)
        else:
            large.append((pid, _FIRST_RECORD + len(records) * _RECORD.size + 4))
            records.append(pid | ptype << 16)
    items[1] = _records_struct(len(records)).pack(*records)
    packed = pack_simple(CLIENT_PC, items, 1 << 5, capacity)
    return None if packed is None else PackedProperties(packed, tuple(large))


def write_properties(node: NodeEditor, values: Mapping[int, StoredValue]) -> None:
    """Make a node's data a PC of these properties. Values over 3,580 bytes go into new subnodes of the node.

    Args:
        node: the node. Subnodes of values that are no longer there must have been dropped by the caller.
        values: the properties by id.
    """
    packed = pack_properties(values, node.db.layout.block_data_max)
    if packed is None:
        _write_large(node, values)
        return
    data = packed.data
    if packed.large:
        whole = bytearray(data)
        for pid, at in packed.large:
            whole[at : at + 4] = node.add_value(values[pid].data).to_bytes(4, "little")
        data = bytes(whole)
    node.set_data(data)


@lru_cache(maxsize=512)
def _records_struct(count: int) -> struct.Struct:
    return struct.Struct(f"<{count}Q")


def _write_large(node: NodeEditor, values: Mapping[int, StoredValue]) -> None:
    """Write a PC that takes several heap blocks, or has no properties."""
    node.cut_blocks(0)
    heap = HeapEditor(node, CLIENT_PC)
    root = bth.new_bth(heap, 2, 6)
    heap.set_user_root(root)
    records = []
    for pid, (ptype, data, nid) in sorted(values.items()):
        if nid:
            hnid = nid
        elif ptype in INLINE_SIZES:
            hnid = int.from_bytes(data[:4], "little")
        elif not data:
            hnid = 0
        else:
            hnid = node.add_value(data) if len(data) > MAX_ITEM else heap.add(data)
        records.append(_RECORD.pack(pid, ptype, hnid))
    bth.build(heap, root, 2, 6, records)
    heap.flush()


def with_inline(data: bytes, values: Mapping[int, StoredValue], pid: int) -> bytes | None:
    """Return the block of a PC of these properties with one inline value as it is now; None where it has several."""
    record = _RECORD.pack(pid, values[pid].type, int.from_bytes(values[pid].data[:4], "little"))
    first = _FIRST_RECORD
    at = data.find(record[:4], first, first + len(values) * _RECORD.size)
    if at >= 0 and (at - first) % _RECORD.size == 0 and data[_HEAP_HEADER:first] == _SIMPLE_HEADER:
        return data[:at] + record + data[at + _RECORD.size :]
    return None


def set_inline(node: NodeEditor, values: Mapping[int, StoredValue], pid: int) -> None:
    """Bring one inline value of a PC that :func:`write_properties` has just written into step with ``values``."""
    changed = with_inline(node.block(0), values, pid)
    if changed is not None:
        node.set_block(0, changed)
        return
    value = values[pid]
    heap = HeapEditor(node, CLIENT_PC)
    number = int.from_bytes(value.data[:4], "little")
    bth.BthEditor(heap, heap.user_root, 2).put(pid, _RECORD.pack(pid, value.type, number)[2:])
    heap.flush()


def pack_object(nid: int, size: int) -> bytes:
    """Return the stored value of a PtypObject property."""
    return _OBJECT.pack(nid, min(size, 0xFFFFFFFF))
