"""The name-to-id map: which property id, from 0x8000 on, stands for which named property ([MS-PST] 2.4.7).

The map is a PC of streams: GUIDs (0x0002), entries (0x0003), strings (0x0004), and a hash table of buckets from 0x1000
on. An entry (NAMEID) is ``dwPropertyID 4, N | wGuid << 1 2, wPropIdx 2``.
"""

import secrets
import struct
from uuid import UUID

from mailconnector.mapi.named import PS_MAPI, PS_PUBLIC_STRINGS, PropertyName
from mailconnector.mapi.types import PropertyType
from mailconnector.pst.crc import compute_crc
from mailconnector.pst.errors import PstFormatError, PstTooLargeError
from mailconnector.pst.ltp.node import NodeEditor
from mailconnector.pst.ltp.property_context import PropertyContext, StoredValue, write_properties

FIRST_ID = 0x8000
_LAST_ID = 0xFFFE
_LAST_GUID = 0x7FFF
_ENTRY = struct.Struct("<IHH")
_BUCKET_COUNT, _GUIDS, _ENTRIES, _STRINGS, _BUCKETS = 0x0001, 0x0002, 0x0003, 0x0004, 0x1000
_DEFAULT_BUCKETS = 251
_NO_GUID = UUID(int=0)
_KNOWN_GUIDS = {0: _NO_GUID, 1: PS_MAPI, 2: PS_PUBLIC_STRINGS}


class NameMap:
    """The named properties of a store. Names are only added; whatever takes some back makes a new map.

    Args:
        pc: the PC of node 0x61.

    Raises:
        PstFormatError: the map's streams are damaged.

    Attributes:
        token: another one for each map, whosever it is.
    """

    def __init__(self, pc: PropertyContext | None) -> None:
        self._names: dict[int, PropertyName] = {}
        self._ids: dict[PropertyName, int] = {}
        self._guids: dict[UUID, int] = {guid: index for index, guid in _KNOWN_GUIDS.items()}
        self.token = secrets.token_bytes(8)
        self.dirty = False
        self._streams = {_GUIDS: bytearray(), _ENTRIES: bytearray(), _STRINGS: bytearray()}
        self._buckets: dict[int, bytearray] = {}
        self._bucket_count = _DEFAULT_BUCKETS
        if pc is not None:
            self._load(pc)
        self._next = max(self._names, default=FIRST_ID - 1) + 1

    def _load(self, pc: PropertyContext) -> None:
        if _BUCKET_COUNT in pc:
            self._bucket_count = int.from_bytes(pc.raw(_BUCKET_COUNT)[:4], "little") or _DEFAULT_BUCKETS
        if self._bucket_count > 0x7000:
            raise PstFormatError(f"the name-to-id map claims {self._bucket_count} buckets", nid=pc.node.nid)
        for pid, stream in self._streams.items():
            if pid in pc:
                stream += pc.raw(pid)
        left = pc.node.db.size_limit()
        for pid in pc.types():
            if pid >= _BUCKETS:
                self._buckets[pid] = bytearray(pc.raw(pid))
                left -= len(self._buckets[pid])
                if left < 0:
                    raise PstFormatError("the name-to-id map's buckets are larger than the file", nid=pc.node.nid)
        guids = bytes(self._streams[_GUIDS])
        for at in range(0, len(guids) - 15, 16):
            self._guids.setdefault(UUID(bytes_le=guids[at : at + 16]), at // 16 + 3)
        by_index = {index: guid for guid, index in self._guids.items()}
        entries = bytes(self._streams[_ENTRIES])
        strings = bytes(self._streams[_STRINGS])
        left = 2 * len(strings)  # each name stands there once
        for at in range(0, len(entries) - _ENTRY.size + 1, _ENTRY.size):
            key, kind, index = _ENTRY.unpack_from(entries, at)
            guid = by_index.get(kind >> 1)
            if guid is None or index > _LAST_ID - FIRST_ID:
                continue
            if kind & 1:
                length = int.from_bytes(strings[key : key + 4], "little")
                text = strings[key + 4 : key + 4 + length]
                left -= length
                if key + 4 + length > len(strings) or length & 1 or left < 0:
                    raise PstFormatError("a name in the name-to-id map lies outside its stream", nid=pc.node.nid)
                name = PropertyName(guid, text.decode("utf-16-le", "surrogatepass"))
            else:
                name = PropertyName(guid, key)
            self._names[FIRST_ID + index] = name
            self._ids.setdefault(name, FIRST_ID + index)

    def __len__(self) -> int:
        return len(self._names)

    def name_of(self, pid: int) -> PropertyName | None:
        """Return the name of a property id, or None."""
        return self._names.get(pid)

    def find(self, name: PropertyName) -> int | None:
        """Return the property id of a name, or None when the store does not know it."""
        return self._ids.get(name)

    def items(self) -> list[tuple[int, PropertyName]]:
        """Return (property id, name) of every named property."""
        return sorted(self._names.items(), key=lambda item: item[0])

    def define(self, name: PropertyName) -> int:
        """Return the property id of a name, which is given one if it has none.

        Raises:
            PstTooLargeError: all ids are used up.
        """
        found = self._ids.get(name)
        if found is not None:
            return found
        pid = self._next
        if pid > _LAST_ID:
            raise PstTooLargeError("the store has all the named properties that it can have")
        self._next += 1
        self._names[pid] = name
        self._ids[name] = pid
        self._append(name, pid - FIRST_ID)
        self.dirty = True
        return pid

    def _append(self, name: PropertyName, index: int) -> None:
        guid = self._guids.get(name.guid)
        if guid is None:
            guids = self._streams[_GUIDS]
            guids += bytes(-len(guids) % 16)
            guid = len(guids) // 16 + 3
            if guid > _LAST_GUID:
                raise PstTooLargeError("the store has all the property sets that it can have")
            guids += name.guid.bytes_le
            self._guids[name.guid] = guid
        kind = guid << 1
        if isinstance(name.name, str):
            text = name.name.encode("utf-16-le", "surrogatepass")
            strings = self._streams[_STRINGS]
            key = len(strings)
            strings += struct.pack("<I", len(text)) + text + b"\0" * (-len(text) % 4)
            kind |= 1
            hashed = compute_crc(text)
        else:
            key = hashed = name.name
        self._streams[_ENTRIES] += _ENTRY.pack(key, kind, index)
        bucket = _BUCKETS + (hashed ^ kind) % self._bucket_count
        self._buckets.setdefault(bucket, bytearray()).extend(_ENTRY.pack(hashed, kind, index))

    def write(self, node: NodeEditor) -> None:
        """Make a node's data the PC of this map; the node's old subnodes are dropped."""
        for nid in list(node.own_subnodes()):
            node.drop_subnode(nid)
        values = {_BUCKET_COUNT: StoredValue(PropertyType.INTEGER32, struct.pack("<I", self._bucket_count))}
        # Microsoft's repair tool takes an empty stream for an invalid HNID: it is left out.
        for pid, stream in self._streams.items():
            if stream:
                values[pid] = StoredValue(PropertyType.BINARY, bytes(stream))
        for pid, bucket in self._buckets.items():
            values[pid] = StoredValue(PropertyType.BINARY, bytes(bucket))
        write_properties(node, values)
        self.dirty = False
