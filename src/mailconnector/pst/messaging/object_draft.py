"""What drafts of messages and of attachments share: the stored properties of an object over its node."""

from codecs import utf_16_le_encode
from collections.abc import Iterator, Mapping
from typing import BinaryIO, cast

from mailconnector.mapi.named import PropertyName
from mailconnector.mapi.objects import PropertyKey
from mailconnector.mapi.types import PropertyType
from mailconnector.mapi.values import Value, ValueFormatError, decode
from mailconnector.pst.errors import PstFormatError
from mailconnector.pst.ltp.node import NodeEditor
from mailconnector.pst.ltp.property_context import INLINE_SIZES, PropertyContext, StoredValue
from mailconnector.pst.messaging.composition import CALCULATED
from mailconnector.pst.messaging.message import SUBJECT
from mailconnector.pst.messaging.session import Session, codec_of, encode_value
from mailconnector.pst.messaging.subject import mark_subject

PLAIN = (str, int, bytes)
"""Types of values that are surely no streams."""

_NOT_PLAIN = CALCULATED | {SUBJECT}  # what is not stored as it is given
_STRING, _BINARY = int(PropertyType.STRING), int(PropertyType.BINARY)
_STREAM_PART = 1 << 18
_new_tuple = tuple.__new__  # makes a named tuple in half the time


class ObjectDraft:
    """What drafts of messages and attachments share: stored properties over a node."""

    def __init__(self, session: Session, node: NodeEditor, codec: str) -> None:
        self.session = session
        self.node = node
        self.codec = codec
        self.values: dict[int, StoredValue] = {}
        self.given: set[int] = set()  # ids of the properties that were set by hand

    def load(self) -> None:
        """Take over what the node has."""
        pc = PropertyContext(self.node, self.codec)
        self.codec = codec_of(pc, self.codec)
        self.values = pc.stored()

    def set(self, key: PropertyKey, value: Value | BinaryIO) -> None:
        """Set a property. Values that the store works out itself are passed over.

        Args:
            key: a tag, or a NamedTag for a named property.
            value: of the type that the key names; for PtypBinary and PtypString also a binary stream of stored bytes.

        Raises:
            PstUsageError: the value does not fit the type.
        """
        tag = self.session.stored_tag(key)
        pid = tag >> 16
        if pid in CALCULATED:
            return
        if not isinstance(value, PLAIN) and hasattr(value, "read"):
            nid = self.node.add_value(stream_parts(cast("BinaryIO", value)))
            self.drop(pid)
            self.values[pid] = StoredValue(tag & 0xFFFF, b"", nid)
            return
        if pid == SUBJECT and isinstance(value, str):
            value = mark_subject(value)
        stored = self.session.store_value(tag, value, self.codec)
        if pid in self.values:
            self.drop(pid)
        self.values[pid] = stored
        self.given.add(pid)

    def update(self, properties: Mapping[PropertyKey, Value]) -> None:
        """Set several properties."""
        session, codec = self.session, self.codec
        tag_of, known = session.stored_tag, session.known_tags
        values, given = self.values, self.given
        for key, value in properties.items():
            tag = known.get(key) or tag_of(key)
            pid = tag >> 16
            if pid in values or pid in _NOT_PLAIN or not isinstance(value, PLAIN):
                self.set(key, value)
                continue
            ptype = tag & 0xFFFF
            # The short way for what most values are.
            if ptype == _BINARY and value.__class__ is bytes:
                data = value
            elif ptype == _STRING and value.__class__ is str:
                data = utf_16_le_encode(value, "surrogatepass")[0]
            else:
                data = encode_value(tag, value, codec)
            values[pid] = _new_tuple(StoredValue, (ptype, data, 0))
            given.add(pid)

    def delete(self, key: PropertyKey | PropertyName) -> None:
        """Delete a property; nothing where there is none."""
        pid = self.session.find_id(key)
        if pid is not None:
            self.drop(pid)

    def get(self, key: PropertyKey | PropertyName, default: Value = None) -> Value:
        """Return a property as it would be stored now."""
        pid = self.session.find_id(key)
        if pid is None or pid not in self.values:
            return default
        value = self.values[pid]
        data = self.node.read_subnode(value.nid) if value.nid else value.data
        try:
            return decode(value.type, data, self.codec)
        except ValueFormatError as error:
            raise PstFormatError(f"property {pid:#06x} cannot be decoded: {error}", nid=self.node.nid) from error

    def drop(self, pid: int) -> None:
        """Take a property out, and what it holds beside the property context."""
        old = self.values.pop(pid, None)
        if old is not None and old.nid:
            self.node.drop_subnode(old.nid)

    def put_number(self, pid: int, number: int) -> None:
        """Set an integer property by its id, whoever works it out."""
        self.values[pid] = StoredValue(PropertyType.INTEGER32, (number & 0xFFFFFFFF).to_bytes(4, "little"))

    def number(self, pid: int, default: int = 0) -> int:
        """Return an integer property by its id."""
        value = self.values.get(pid)
        return int.from_bytes(value.data[:4], "little") if value is not None else default

    def put_default(self, pid: int, ptype: PropertyType, data: bytes) -> None:
        """Set a property by its id where it is missing."""
        if pid not in self.values:
            self.values[pid] = StoredValue(ptype, data)

    def value_size(self, value: StoredValue) -> int:
        """Return the bytes of a stored value."""
        if value.nid:
            return self.session.db.data_size(self.node.subnode(value.nid).bid_data)
        return INLINE_SIZES.get(value.type, len(value.data))


def stream_parts(stream: BinaryIO) -> Iterator[bytes]:
    """Yield what is left of a stream in parts of a bounded size."""
    while True:
        part = stream.read(_STREAM_PART)
        if not part:
            return
        yield part
