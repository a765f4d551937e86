"""Messages in files as Outlook saves them, .msg and .oft: [MS-OXMSG].

A message is a storage of a compound file. Its streams and storages:

| name                               | what it is                                                           |
|------------------------------------|----------------------------------------------------------------------|
| `__properties_version1.0`          | a head, then 16 bytes a property: tag, flags, value or size          |
| `__substg1.0_TTTTTTTT`             | the value of the property with that tag where 8 bytes are too few    |
| `__substg1.0_TTTTTTTT-NNNNNNNN`    | one of several values                                                |
| `__recip_version1.0_#NNNNNNNN`     | a recipient                                                          |
| `__attach_version1.0_#NNNNNNNN`    | an attachment; in `__substg1.0_3701000D` an embedded message or OLE  |
| `__nameid_version1.0`              | what ids from 0x8000 on mean, for the messages within it as well     |

Strings come as Unicode, whatever they are in the file, and are written so. A property whose stream is missing is not
there.
"""

from __future__ import annotations

import re
import struct
import uuid
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from mailconnector.mapi import compound, tags
from mailconnector.mapi.codepages import codec_for_codepage, codec_for_locale, decode_string8
from mailconnector.mapi.compound import CompoundFormatError, Entry, Storage
from mailconnector.mapi.named import PS_MAPI, PS_PUBLIC_STRINGS, NamedTag, PropertyName
from mailconnector.mapi.objects import (
    AttachmentObject,
    MessageObject,
    Properties,
    PropertyKey,
    RecipientObject,
    type_of,
)
from mailconnector.mapi.types import (
    FIXED_SIZES,
    MULTIPLE,
    NAMED_ID_FIRST,
    MapiError,
    PropertyType,
    make_tag,
    tag_id,
)
from mailconnector.mapi.values import Scalar, Value, ValueFormatError, decode, encode

SIGNATURE = compound.SIGNATURE
"""The first bytes of every .msg file; other compound files begin with them too."""

MAX_DEPTH = 32
"""Messages within one another."""

MAX_VALUES = 65_536
"""Values of a property, and properties of an object."""

MESSAGE_CLASS_ID = uuid.UUID("00020d0b-0000-0000-c000-000000000046")

_PROPERTIES = "__properties_version1.0"
_NAMES = "__nameid_version1.0"
_RECIPIENT, _ATTACHMENT = "__recip_version1.0_#", "__attach_version1.0_#"
_GUIDS, _NAME_ENTRIES, _NAME_STRINGS = "__substg1.0_00020102", "__substg1.0_00030102", "__substg1.0_00040102"
_OBJECT = "__substg1.0_3701000D"
_DATA = "__substg1.0_37010102"
_NUMBER = re.compile(r"[0-9a-f]{8}\Z")

_ROW = struct.Struct("<HHI8s")
_NAME_ENTRY = struct.Struct("<IHH")
# Bytes before the rows: of a message in a file of its own, of one in another, of a recipient or an attachment.
_OWN_HEAD, _EMBEDDED_HEAD, _PART_HEAD = 32, 24, 8
_READ_AND_WRITE = 6  # flags of a row
_UNICODE_OK = 0x00040000  # of PidTagStoreSupportMask: strings are Unicode
_FIRST_GUID = 3  # index of the first property set that the file lists itself
_BUCKETS = 0x1F
_EMBEDDED, _OLE = 5, 6

_ENDING = b"\0\0"
# Types of which each value has a stream, and the bytes of its length in the stream that lists them.
_IN_STREAMS: dict[int, int] = {
    PropertyType.MULTIPLE_STRING: 4,
    PropertyType.MULTIPLE_STRING8: 4,
    PropertyType.MULTIPLE_BINARY: 8,
}
_NO_VALUE = frozenset({PropertyType.UNSPECIFIED, PropertyType.NULL})
_UNICODE: dict[int, PropertyType] = {
    PropertyType.STRING8: PropertyType.STRING,
    PropertyType.MULTIPLE_STRING8: PropertyType.MULTIPLE_STRING,
}


class MsgFormatError(MapiError):
    """A file is no .msg, or a malformed one.

    Attributes:
        reason: What is wrong, in a few words.
    """

    reason: str

    def __init__(self, reason: str) -> None:
        super().__init__(f"message file: {reason}")
        self.reason = reason


def parse(data: bytes) -> MessageObject:
    """Return the message of an .msg or .oft file.

    Raises:
        MsgFormatError: It is none, or malformed.
    """
    try:
        root = _Opened(compound.parse(data))
        if root.stream(_PROPERTIES) is None:
            raise MsgFormatError("a compound file, but no message")
        return _Reader(_names(root)).message(root, 0)
    except (CompoundFormatError, ValueFormatError, struct.error) as error:
        raise MsgFormatError(getattr(error, "reason", str(error))) from error


class _Opened:
    """A storage whose entries are found whatever the case of their names."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._entries: dict[str, Entry] = {name.lower(): entry for name, entry in storage.entries.items()}

    def stream(self, name: str) -> bytes | None:
        found = self._entries.get(name.lower())
        return found if isinstance(found, bytes) else None

    def inner(self, name: str) -> _Opened | None:
        found = self._entries.get(name.lower())
        return _Opened(found) if isinstance(found, Storage) else None

    def numbered(self, prefix: str) -> list[_Opened]:
        """Return the storages whose names are a prefix and a number, in order."""
        found = [
            (name, entry)
            for name, entry in self._entries.items()
            if isinstance(entry, Storage) and name.startswith(prefix) and _NUMBER.fullmatch(name[len(prefix) :])
        ]
        return [_Opened(entry) for _, entry in sorted(found, key=lambda one: one[0])]


def _names(root: _Opened) -> dict[int, PropertyName]:
    """Return what the ids from 0x8000 on mean, [MS-OXMSG] 2.2.3.1."""
    storage = root.inner(_NAMES)
    if storage is None:
        return {}
    guids, entries, strings = (storage.stream(name) or b"" for name in (_GUIDS, _NAME_ENTRIES, _NAME_STRINGS))
    found: dict[int, PropertyName] = {}
    for at in range(0, len(entries) - _NAME_ENTRY.size + 1, _NAME_ENTRY.size):
        number, kind, index = _NAME_ENTRY.unpack_from(entries, at)
        guid = _property_set(kind >> 1, guids)
        if guid is None or index >= NAMED_ID_FIRST:
            continue
        name: int | str = number
        if kind & 1:
            if number + 4 > len(strings):
                continue
            size = int.from_bytes(strings[number : number + 4], "little")
            name = strings[number + 4 : number + 4 + size].decode("utf-16-le", "replace")
        found[NAMED_ID_FIRST + index] = PropertyName(guid, name)
    return found


def _property_set(index: int, guids: bytes) -> uuid.UUID | None:
    if index < _FIRST_GUID:
        return {1: PS_MAPI, 2: PS_PUBLIC_STRINGS}.get(index)
    own = guids[16 * (index - _FIRST_GUID) :][:16]
    return uuid.UUID(bytes_le=own) if len(own) == 16 else None


class _Reader:
    def __init__(self, names: Mapping[int, PropertyName]) -> None:
        self._names = names

    def message(self, folder: _Opened, depth: int, codec: str = "cp1252") -> MessageObject:
        if depth > MAX_DEPTH:
            raise MsgFormatError(f"more than {MAX_DEPTH} messages in one another")
        table = folder.stream(_PROPERTIES) or b""
        # Both heads and nothing else tell which it is: rows have 16 bytes. Some programs take the wrong one.
        head = _OWN_HEAD if len(table) % _ROW.size == 0 else _EMBEDDED_HEAD
        codec = _codec(table, head) or codec
        found = MessageObject(self._properties(folder, table, head, codec))
        for part in folder.numbered(_RECIPIENT):
            found.recipients.append(RecipientObject(self._part(part, codec)))
        for part in folder.numbered(_ATTACHMENT):
            found.attachments.append(self._attachment(part, depth, codec))
        return found

    def _part(self, folder: _Opened, codec: str) -> Properties:
        return self._properties(folder, folder.stream(_PROPERTIES) or b"", _PART_HEAD, codec)

    def _attachment(self, folder: _Opened, depth: int, codec: str) -> AttachmentObject:
        found = AttachmentObject(self._part(folder, codec))
        inner = folder.inner(_OBJECT)
        if inner is None:
            found.data = folder.stream(_DATA)
        elif inner.stream(_PROPERTIES) is not None:
            found.properties.setdefault(tags.PidTagAttachMethod, _EMBEDDED)
            found.embedded = self.message(inner, depth + 1, codec)
        else:
            found.properties.setdefault(tags.PidTagAttachMethod, _OLE)
            found.data = compound.build(inner.storage)
        return found

    def _properties(self, folder: _Opened, table: bytes, head: int, codec: str) -> Properties:
        if len(table) > head + MAX_VALUES * _ROW.size:
            raise MsgFormatError(f"{len(table) // _ROW.size} properties of one object")
        found: Properties = {}
        for at in range(head, len(table) - _ROW.size + 1, _ROW.size):
            kind, number, _, raw = _ROW.unpack_from(table, at)
            tag = make_tag(number, kind)
            if kind in _NO_VALUE or tag in (tags.PidTagAttachDataBinary, tags.PidTagAttachDataObject):
                continue
            value = self._value(folder, tag, raw, codec)
            if value is not None:
                found.setdefault(self._key(number, kind), value)
        return found

    def _key(self, number: int, kind: int) -> PropertyKey:
        kind = _UNICODE.get(kind, kind)
        name = self._names.get(number)
        return make_tag(number, kind) if name is None else NamedTag(name, kind)

    def _value(self, folder: _Opened, tag: int, raw: bytes, codec: str) -> Value:
        kind = tag & 0xFFFF
        if kind in FIXED_SIZES:
            return decode(kind, raw[: FIXED_SIZES[kind]])
        name = f"__substg1.0_{tag:08X}"
        data = folder.stream(name)
        if data is None:
            return None
        if kind in _IN_STREAMS:
            count = len(data) // _IN_STREAMS[kind]
            if count > MAX_VALUES:
                raise MsgFormatError(f"{count} values of a property")
            pieces = [folder.stream(f"{name}-{number:08X}") for number in range(count)]
            values = [_single(kind & ~MULTIPLE, piece or b"", codec) for piece in pieces]
            return values  # type: ignore[return-value]  # All are of the type that `kind` says.
        return _single(kind, data, codec)


def _codec(table: bytes, head: int) -> str:
    """Return the codec of a message's STRING8 values, "" where it does not say: that of its code page or locale."""
    said: dict[int, int] = {}
    for at in range(head, len(table) - _ROW.size + 1, _ROW.size):
        kind, number, _, raw = _ROW.unpack_from(table, at)
        if kind == PropertyType.INTEGER32:
            said[number] = int.from_bytes(raw[:4], "little")
    codepage = said.get(tag_id(tags.PidTagMessageCodepage))
    locale = said.get(tag_id(tags.PidTagMessageLocaleId))
    if codepage:
        return codec_for_codepage(codepage)
    return "" if locale is None else codec_for_locale(locale)


def _single(kind: int, data: bytes, codec: str) -> Value:
    # A string of several ends with a zero; one that is alone need not, but many programs write it.
    if kind == PropertyType.STRING8:
        return decode_string8(data.removesuffix(b"\0"), codec)
    value = decode(kind, data)
    return value.removesuffix("\0") if isinstance(value, str) else value


# -- writing -----------------------------------------------------------------------------------------------------------


def build(message: MessageObject) -> bytes:
    """Return the .msg file of a message; the same message always gives the same bytes.

    Args:
        message: The message; streams of attachments are read whole.

    Raises:
        MsgFormatError: Messages lie too deep in one another, or it is too large.
        ValueFormatError: A value does not fit its property's type.
    """
    names = _NamesMade()
    root = _Writer(names).message(message, 0)
    root.entries[_NAMES] = names.storage()
    root.class_id = MESSAGE_CLASS_ID
    try:
        return compound.build(root)
    except CompoundFormatError as error:
        raise MsgFormatError(error.reason) from error


@dataclass(slots=True)
class _NamesMade:
    """The ids that named properties get in a file."""

    ids: dict[PropertyName, int] = field(default_factory=dict)

    def id_of(self, name: PropertyName) -> int:
        number = self.ids.setdefault(name, NAMED_ID_FIRST + len(self.ids))
        if number > 0xFFFE:
            raise MsgFormatError("more named properties than a file can have")
        return number

    def storage(self) -> Storage:
        """Return what the ids mean: the list, and the same by hash values, by which Outlook looks for a name."""
        guids: dict[uuid.UUID, int] = {PS_MAPI: 1, PS_PUBLIC_STRINGS: 2}
        entries: list[bytes] = []
        strings = bytearray()
        buckets: dict[int, list[bytes]] = {}
        for index, name in enumerate(self.ids):
            guid = guids.setdefault(name.guid, len(guids) + 1)
            kind = guid << 1 | isinstance(name.name, str)
            if isinstance(name.name, int):
                number = hashed = name.name
            else:
                text = name.name.encode("utf-16-le", "replace")
                number, hashed = len(strings), _name_hash(name)
                strings += struct.pack("<I", len(text)) + text + bytes(-len(text) % 4)
            entries.append(_NAME_ENTRY.pack(number, kind, index))
            buckets.setdefault((hashed ^ kind) % _BUCKETS, []).append(_NAME_ENTRY.pack(hashed, kind, index))
        own = [guid.bytes_le for guid in list(guids)[2:]]
        found = Storage({_GUIDS: b"".join(own), _NAME_ENTRIES: b"".join(entries), _NAME_STRINGS: bytes(strings)})
        for bucket, listed in sorted(buckets.items()):
            found.entries[f"__substg1.0_{0x1000 + bucket:04X}0102"] = b"".join(listed)
        return found


def _name_hash(name: PropertyName) -> int:
    """Return the hash of a name that is a string: its CRC-32 without the usual inversions."""
    return zlib.crc32(str(name.name).encode("utf-16-le", "replace"), 0xFFFFFFFF) ^ 0xFFFFFFFF


class _Writer:
    def __init__(self, names: _NamesMade) -> None:
        self._names = names

    def message(self, message: MessageObject, depth: int) -> Storage:
        if depth > MAX_DEPTH:
            raise MsgFormatError(f"more than {MAX_DEPTH} messages in one another")
        storage = Storage()
        counts = len(message.recipients), len(message.attachments)
        head = struct.pack("<8xIIII", *counts, *counts) + bytes(0 if depth else 8)
        mask = message.properties.get(tags.PidTagStoreSupportMask, 0)
        unicode: Properties = {tags.PidTagStoreSupportMask: (mask if isinstance(mask, int) else 0) | _UNICODE_OK}
        self._put(storage, head, {**message.properties, **unicode})
        for number, recipient in enumerate(message.recipients):
            part = Storage()
            self._put(part, bytes(_PART_HEAD), {tags.PidTagRowid: number, **recipient.properties})
            storage.entries[f"{_RECIPIENT}{number:08X}"] = part
        for number, attachment in enumerate(message.attachments):
            storage.entries[f"{_ATTACHMENT}{number:08X}"] = self._attachment(attachment, number, depth)
        return storage

    def _attachment(self, attachment: AttachmentObject, number: int, depth: int) -> Storage:
        part = Storage()
        rows: dict[int, bytes] = {}
        if attachment.embedded is not None:
            part.entries[_OBJECT] = self.message(attachment.embedded, depth + 1)
            rows[tags.PidTagAttachDataObject] = struct.pack("<II", 0xFFFFFFFF, 1)
        elif attachment.data is not None:
            data = attachment.data if isinstance(attachment.data, bytes) else _read(attachment.data)
            storage = _ole_storage(data) if attachment.properties.get(tags.PidTagAttachMethod) == _OLE else None
            if storage is None:
                part.entries[_DATA] = data
                rows[tags.PidTagAttachDataBinary] = struct.pack("<II", len(data), 0)
            else:
                part.entries[_OBJECT] = storage
                rows[tags.PidTagAttachDataObject] = struct.pack("<II", 0xFFFFFFFF, 4)
        properties = {tags.PidTagAttachNumber: number, **attachment.properties}
        for tag in (tags.PidTagAttachDataBinary, tags.PidTagAttachDataObject):
            properties.pop(tag, None)
        self._put(part, bytes(_PART_HEAD), properties, rows)
        return part

    def _put(
        self, storage: Storage, head: bytes, properties: Properties, rows: Mapping[int, bytes] | None = None
    ) -> None:
        """Write the properties of an object into its storage."""
        made = dict(rows or {})
        for key, value in properties.items():
            kind = type_of(key)
            if kind in _NO_VALUE:
                continue
            number = self._names.id_of(key.name) if isinstance(key, NamedTag) else tag_id(key)
            tag = make_tag(number, _UNICODE.get(kind, kind))
            if tag not in made:
                made[tag] = _written(storage, tag, value)
        table = [
            _ROW.pack(tag & 0xFFFF, tag_id(tag), _READ_AND_WRITE, raw.ljust(8, b"\0"))
            for tag, raw in sorted(made.items())
        ]
        storage.entries[_PROPERTIES] = head + b"".join(table)


def _written(storage: Storage, tag: int, value: Value) -> bytes:
    """Put what does not go into a row into streams, and return what stands in the row."""
    kind = tag & 0xFFFF
    if kind in FIXED_SIZES:
        return encode(kind, value)
    name = f"__substg1.0_{tag:08X}"
    if kind in _IN_STREAMS:
        pieces = _pieces(kind, value)
        for number, piece in enumerate(pieces):
            storage.entries[f"{name}-{number:08X}"] = piece
        size = _IN_STREAMS[kind]
        data = b"".join([len(piece).to_bytes(size, "little") for piece in pieces])
    else:
        data = encode(kind, value)
        if kind == PropertyType.STRING:
            size = len(data) + len(_ENDING)
            # The end is counted and not written, unless it would be missed: readers take off a zero.
            storage.entries[name] = data + _ENDING if data.endswith(_ENDING) else data
            return struct.pack("<II", size, 0)
    storage.entries[name] = data
    return struct.pack("<II", len(data), 0)


def _pieces(kind: int, value: Value) -> list[bytes]:
    if not isinstance(value, list):
        raise ValueFormatError(kind, f"cannot hold a {type(value).__name__}")
    ending = _ENDING if kind == PropertyType.MULTIPLE_STRING else b""
    values: list[Scalar] = list(value)
    return [encode(kind & ~MULTIPLE, one) + ending for one in values]


def _ole_storage(data: bytes) -> Storage | None:
    """Return the storage of an OLE object; None when its bytes are none that can be read and written again."""
    try:
        found = compound.parse(data)
        compound.build(found)
    except CompoundFormatError:
        return None
    # Without this it would be taken for a message.
    return None if _Opened(found).stream(_PROPERTIES) is not None else found


def _read(stream: object) -> bytes:
    stream.seek(0)  # type: ignore[attr-defined]
    return bytes(stream.read())  # type: ignore[attr-defined]
