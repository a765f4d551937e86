"""TNEF, the stream of MAPI properties that Outlook and Exchange send as winmail.dat: [MS-OXTNEF].

OFFSET  SIZE  FIELD
0       4     TNEFSignature  0x223E9F78
4       2     LegacyKey
6       ...   attributes, each:
0       1     level     1 message, 2 attachment
1       4     id        high word the type, low word the name
5       4     length    of the data
9       ...   data
...     2     checksum  sum of the data's bytes

Attributes that say something of the message on their own come from Microsoft Mail; everything else is in property
lists in attMsgProps, attRecipTable and attAttachment. attAttachRenddata begins an attachment. Where an attribute and a
property speak of the same, the property counts. Strings come as Unicode, whatever they are in the stream.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from mailconnector.mapi import tags
from mailconnector.mapi.codepages import codec_for_codepage, decode_string8, encode_string8
from mailconnector.mapi.named import NamedTag, PropertyName
from mailconnector.mapi.objects import (
    AttachmentObject,
    MessageObject,
    Properties,
    PropertyKey,
    RecipientObject,
    get,
    type_of,
)
from mailconnector.mapi.types import MULTIPLE, NAMED_ID_FIRST, FileTime, MapiError, PropertyType
from mailconnector.mapi.values import Value, ValueFormatError, decode, encode

SIGNATURE = b"\x78\x9f\x3e\x22"
"""The first four bytes of every TNEF stream."""

MAX_DEPTH = 32
"""Messages within one another that are read; a deeper one stays the stream that it is."""

MAX_ENTRIES = 65_536
"""Properties in a list, rows of recipients, and attachments of a message."""

_ATTRIBUTE = struct.Struct("<BII")
_UINT16 = struct.Struct("<H")
_UINT32 = struct.Struct("<I")
_DATE = struct.Struct("<7H")
_TRIPLE = struct.Struct("<4H")
_KEY = 0x0001
_NESTED_SHARE = 4
# Line ends and zeros behind the stream, which programs that send it as lines of text leave there.
_PADDING = b"\r\n\0"
_MESSAGE, _ATTACHMENT = 1, 2
_BY_VALUE, _EMBEDDED, _OLE = 1, 5, 6
_NO_PLACE = -1  # PidTagRenderingPosition of what is not shown within the text

_VERSION = 0x00089006
_CODEPAGE = 0x00069007
_CLASS = 0x00078008
_FROM = 0x00008000
_PRIORITY = 0x0004800D
_MESSAGE_ID = 0x00018009
_MSG_PROPS = 0x00069003
_RECIP_TABLE = 0x00069004
_REND_DATA = 0x00069002
_ATTACH_DATA = 0x0006800F
_ATTACH_TITLE = 0x00018010
_ATTACH_META_FILE = 0x00068011
_ATTACH_PROPS = 0x00069005

_STRINGS: dict[int, int] = {
    0x00018004: tags.PidTagSubject,
    0x0002800C: tags.PidTagBody,
    0x00070600: tags.PidTagOriginalMessageClass,
    _ATTACH_TITLE: tags.PidTagAttachFilename,
    0x00069001: tags.PidTagAttachTransportName,
}
_DATES: dict[int, int] = {
    0x00038005: tags.PidTagClientSubmitTime,
    0x00038006: tags.PidTagMessageDeliveryTime,
    0x00038020: tags.PidTagLastModificationTime,
    0x00030006: 0x00600040,  # PidTagStartDate
    0x00030007: 0x00610040,  # PidTagEndDate
    0x00038012: tags.PidTagCreationTime,
    0x00038013: tags.PidTagLastModificationTime,
}
_KEYS: dict[int, int] = {
    _MESSAGE_ID: tags.PidTagSearchKey,
    0x0001800A: 0x00250102,  # PidTagParentKey
    0x0001800B: tags.PidTagConversationKey,
}
_ON_ATTACHMENTS = frozenset({_ATTACH_TITLE, 0x00069001, 0x00038012, 0x00038013})
# Message classes of Microsoft Mail, which Exchange still writes ([MS-OXTNEF] 2.1.3.3.1).
_CLASSES = {
    "ipm.microsoft mail.note": "IPM.Note",
    "ipm.microsoft mail.read receipt": "REPORT.IPM.Note.IPNRN",
    "ipm.microsoft mail.non-delivery": "REPORT.IPM.Note.NDR",
    "ipm.microsoft schedule.mtgreq": "IPM.Schedule.Meeting.Request",
    "ipm.microsoft schedule.mtgrespp": "IPM.Schedule.Meeting.Resp.Pos",
    "ipm.microsoft schedule.mtgrespn": "IPM.Schedule.Meeting.Resp.Neg",
    "ipm.microsoft schedule.mtgrespa": "IPM.Schedule.Meeting.Resp.Tent",
    "ipm.microsoft schedule.mtgcncl": "IPM.Schedule.Meeting.Canceled",
}
_IMPORTANCE = {1: 2, 2: 1, 3: 0}

_IID_MESSAGE = uuid.UUID("00020307-0000-0000-c000-000000000046").bytes_le
_IID_STORAGE = uuid.UUID("0000000b-0000-0000-c000-000000000046").bytes_le

# Bytes that a single value of a fixed type takes, its padding included; the other types have a length.
_FIXED: dict[int, int] = {
    PropertyType.NULL: 4,
    PropertyType.INTEGER16: 4,
    PropertyType.INTEGER32: 4,
    PropertyType.FLOATING32: 4,
    PropertyType.FLOATING64: 8,
    PropertyType.CURRENCY: 8,
    PropertyType.FLOATING_TIME: 8,
    PropertyType.ERROR_CODE: 4,
    PropertyType.BOOLEAN: 4,
    PropertyType.INTEGER64: 8,
    PropertyType.TIME: 8,
    PropertyType.GUID: 16,
}
_UNICODE: dict[int, int] = {
    PropertyType.STRING8: PropertyType.STRING,
    PropertyType.MULTIPLE_STRING8: PropertyType.MULTIPLE_STRING,
}


class TnefFormatError(MapiError):
    """A TNEF stream is malformed.

    Attributes:
        offset: Where in the stream.
        reason: What is wrong, in a few words.
    """

    offset: int
    reason: str

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(f"TNEF stream at {offset}: {reason}")
        self.offset = offset
        self.reason = reason


def parse(data: bytes, *, lenient: bool = False) -> MessageObject:
    """Return the message of a TNEF stream.

    Args:
        data: The whole stream.
        lenient: Take what can be read in spite of a wrong checksum, a cut end or a broken property.

    Raises:
        TnefFormatError: It is no TNEF; unless lenient, any other defect too.
    """
    return _Reader(data, lenient, 0, _Room(_NESTED_SHARE * len(data))).message


@dataclass(slots=True)
class _Room:
    """How many bytes of messages within messages may still be read, which bounds what nesting costs."""

    left: int


@dataclass(frozen=True, slots=True)
class _Attribute:
    offset: int
    level: int
    id: int
    data: bytes


def _attributes(data: bytes, lenient: bool) -> Iterator[_Attribute]:
    if not data.startswith(SIGNATURE) or len(data) < 6:
        raise TnefFormatError(0, "no signature")
    position = 6
    while position < len(data):
        start = position + _ATTRIBUTE.size
        if start > len(data):
            if lenient or not data[position:].strip(_PADDING):
                return
            raise TnefFormatError(position, "cut in an attribute's head")
        level, number, length = _ATTRIBUTE.unpack_from(data, position)
        content = data[start : start + length]
        rest = data[start + length : start + length + 2]
        if level not in (_MESSAGE, _ATTACHMENT):
            if lenient:
                return
            raise TnefFormatError(position, f"level {level}")
        if not lenient and (len(content) < length or len(rest) < 2):
            raise TnefFormatError(position, f"{length} bytes of an attribute, {len(data) - start} are left")
        if not lenient and int.from_bytes(rest, "little") != sum(content) & 0xFFFF:
            raise TnefFormatError(position, "wrong checksum")
        yield _Attribute(start, level, number, content)
        position = start + length + 2


class _Reader:
    """Reads one stream."""

    def __init__(self, data: bytes, lenient: bool, depth: int, room: _Room) -> None:
        self.lenient = lenient
        self.depth = depth
        self.room = room
        self.codec = "cp1252"
        self.message = MessageObject()
        # What attributes say, for want of a property.
        self.said: Properties = {}
        self.attachment: AttachmentObject | None = None
        self.attachment_said: Properties = {}
        for attribute in _attributes(data, lenient):
            try:
                self._take(attribute)
            except TnefFormatError:
                if not lenient:
                    raise
            except (ValueFormatError, struct.error, UnicodeError) as error:
                if not lenient:
                    raise TnefFormatError(attribute.offset, str(error)) from error
        self._end_attachment()
        for key, value in self.said.items():
            self.message.properties.setdefault(key, value)

    def _take(self, attribute: _Attribute) -> None:
        if attribute.id == _CODEPAGE and len(attribute.data) >= 4:
            page = int.from_bytes(attribute.data[:4], "little")
            self.codec = codec_for_codepage(page) if page else self.codec
        elif attribute.id == _MSG_PROPS:
            properties, _ = self._properties(attribute, 0)
            self.message.properties |= properties
        elif attribute.id == _RECIP_TABLE:
            self._recipients(attribute)
        elif attribute.id == _REND_DATA:
            self._end_attachment()
            if len(self.message.attachments) >= MAX_ENTRIES:
                raise TnefFormatError(attribute.offset, "too many attachments")
            self._begin_attachment(attribute.data)
        elif attribute.id in (_ATTACH_DATA, _ATTACH_META_FILE, _ATTACH_PROPS):
            self._attached(attribute)
        else:
            self._simple(attribute)

    def _begin_attachment(self, data: bytes) -> None:
        method = _OLE if data[:2] == b"\x02\x00" else _BY_VALUE
        self.attachment = AttachmentObject({tags.PidTagAttachMethod: method})
        if len(data) >= 6:
            (position,) = struct.unpack_from("<i", data, 2)
            self.attachment_said = {tags.PidTagRenderingPosition: position}

    def _end_attachment(self) -> None:
        attachment = self.attachment
        if attachment is None:
            return
        if attachment.embedded is not None:
            # Broken streams have another content or method for it as well.
            attachment.data = None
            attachment.properties[tags.PidTagAttachMethod] = _EMBEDDED
        # As in the streams that are written: each has a place there, and a name if anything says one.
        usual: Properties = {tags.PidTagRenderingPosition: _NO_PLACE}
        if title := _title(attachment.properties):
            usual[tags.PidTagAttachFilename] = title
        for key, value in (usual | self.attachment_said).items():
            attachment.properties.setdefault(key, value)
        self.message.attachments.append(attachment)
        self.attachment = None
        self.attachment_said = {}

    def _attached(self, attribute: _Attribute) -> None:
        if self.attachment is None:
            # Some programs leave out what begins an attachment.
            self._begin_attachment(b"")
        assert self.attachment is not None
        if attribute.id == _ATTACH_DATA:
            self.attachment.data = attribute.data
        elif attribute.id == _ATTACH_META_FILE:
            self.attachment_said[tags.PidTagAttachRendering] = attribute.data
        else:
            properties, _ = self._properties(attribute, 0)
            self._put_object(self.attachment, properties)
            self.attachment.properties |= properties

    def _put_object(self, attachment: AttachmentObject, properties: Properties) -> None:
        """Take the content of an attachment out of its properties."""
        value = properties.pop(tags.PidTagAttachDataObject, None)
        data = properties.pop(tags.PidTagAttachDataBinary, None)
        if isinstance(data, bytes) and not attachment.data:
            attachment.data = data
        if not isinstance(value, bytes):
            return
        content = value[16:]
        if value[:16] == _IID_MESSAGE and content.startswith(SIGNATURE):
            self.room.left -= len(content)
            if self.depth < MAX_DEPTH and self.room.left >= 0:
                attachment.data = None
                attachment.embedded = _Reader(content, self.lenient, self.depth + 1, self.room).message
                properties[tags.PidTagAttachMethod] = _EMBEDDED
                return
            properties[tags.PidTagAttachMethod] = _BY_VALUE
        attachment.data = content

    def _recipients(self, attribute: _Attribute) -> None:
        count = _number(attribute.data, 0)
        position = 4
        if count > MAX_ENTRIES:
            raise TnefFormatError(attribute.offset, f"{count} recipients")
        for _ in range(min(count, len(attribute.data) // 4)):
            row, position = self._properties(attribute, position)
            self.message.recipients.append(RecipientObject(row))

    def _simple(self, attribute: _Attribute) -> None:
        """Take an attribute that says one thing of the message or the attachment."""
        said = self.attachment_said if attribute.id in _ON_ATTACHMENTS and self.attachment else self.said
        data = attribute.data
        if attribute.id in _STRINGS:
            said[_STRINGS[attribute.id]] = self._text(data)
        elif attribute.id in _DATES:
            moment = _moment(data)
            if moment is not None:
                said[_DATES[attribute.id]] = moment
        elif attribute.id == _CLASS:
            name = self._text(data)
            said[tags.PidTagMessageClass] = _CLASSES.get(name.lower(), name)
        elif attribute.id in _KEYS:
            try:
                said[_KEYS[attribute.id]] = bytes.fromhex(self._text(data))
            except ValueError:
                return
        elif attribute.id == _PRIORITY and len(data) >= 2:
            said[tags.PidTagImportance] = _IMPORTANCE.get(int.from_bytes(data[:2], "little"), 1)
        elif attribute.id == _FROM:
            self._sender(data)

    def _sender(self, data: bytes) -> None:
        if len(data) < _TRIPLE.size:
            return
        _, _, name_size, address_size = _TRIPLE.unpack_from(data)
        name = self._text(data[_TRIPLE.size : _TRIPLE.size + name_size])
        kind, _, email = self._text(data[_TRIPLE.size + name_size :][:address_size]).rpartition(":")
        self.said[tags.PidTagSenderName] = name
        if email:
            self.said[tags.PidTagSenderAddressType] = kind.upper() or "SMTP"
            self.said[tags.PidTagSenderEmailAddress] = email

    def _text(self, data: bytes) -> str:
        return decode_string8(data.partition(b"\0")[0], self.codec)

    def _properties(self, attribute: _Attribute, position: int) -> tuple[Properties, int]:
        """Return the properties of a list, and where it ends."""
        data = attribute.data
        properties: Properties = {}
        count = _number(data, position)
        position += 4
        if count > MAX_ENTRIES:
            raise TnefFormatError(attribute.offset, f"{count} properties")
        for _ in range(count):
            if position + 4 > len(data):
                break
            try:
                key, value, position = self._property(data, position)
            except (ValueFormatError, TnefFormatError, struct.error) as error:
                if self.lenient:
                    # What follows cannot be found without knowing how long this one is.
                    return properties, len(data)
                raise TnefFormatError(attribute.offset + position, str(error)) from error
            if key is not None:
                properties.setdefault(key, value)
        return properties, position

    def _property(self, data: bytes, position: int) -> tuple[PropertyKey | None, Value, int]:
        property_type, number = struct.unpack_from("<HH", data, position)
        position += 4
        name: PropertyName | None = None
        if number >= NAMED_ID_FIRST:
            name, position = _name(data, position)
        if property_type == PropertyType.UNSPECIFIED:
            raise TnefFormatError(position, "a property without a type")
        value, position = self._value(data, position, property_type)
        shown = _UNICODE.get(property_type, property_type)
        if property_type == PropertyType.NULL:
            return None, None, position
        return (NamedTag(name, shown) if name is not None else number << 16 | shown), value, position

    def _value(self, data: bytes, position: int, property_type: int) -> tuple[Value, int]:
        single = property_type & ~MULTIPLE
        is_multiple = bool(property_type & MULTIPLE)
        size = _FIXED.get(single)
        if size is not None and not is_multiple:
            return decode(single, _slice(data, position, size)), position + size
        count = _number(data, position)
        position += 4
        if count * 4 > len(data) - position:
            raise TnefFormatError(position, f"{count} values in {len(data) - position} bytes")
        values: list[Value] = []
        for _ in range(count):
            if size is None:
                length = _number(data, position)
                raw = _slice(data, position + 4, length)
                position += 4 + length + -length % 4
            else:
                raw = _slice(data, position, size)
                position += size
            values.append(self._single(single, raw))
        if is_multiple:
            return values, position  # type: ignore[return-value]  # All are of the type that `single` says.
        if not values:
            raise TnefFormatError(position, "a property without a value")
        return values[0], position

    def _single(self, single: int, raw: bytes) -> Value:
        if single == PropertyType.STRING:
            text = decode(single, raw)
            return text.partition("\0")[0] if isinstance(text, str) else text
        if single == PropertyType.STRING8:
            return decode_string8(raw.partition(b"\0")[0], self.codec)
        return decode(single, raw)


def _number(data: bytes, position: int) -> int:
    return int(_UINT32.unpack_from(data, position)[0])


def _slice(data: bytes, position: int, size: int) -> bytes:
    piece = data[position : position + size]
    if len(piece) < size:
        raise TnefFormatError(position, f"{size} bytes of a value, {len(piece)} are left")
    return piece


def _name(data: bytes, position: int) -> tuple[PropertyName, int]:
    guid = uuid.UUID(bytes_le=_slice(data, position, 16))
    kind, number = struct.unpack_from("<II", data, position + 16)
    position += 24
    if kind == 0:
        return PropertyName(guid, number), position
    text = _slice(data, position, number).decode("utf-16-le", "replace").partition("\0")[0]
    return PropertyName(guid, text), position + number + -number % 4


def _moment(data: bytes) -> FileTime | None:
    """Return a DTR: year, month, day, hour, minute, second, day of the week; taken as UTC."""
    if len(data) < 12:
        return None
    year, month, day, hour, minute, second, _ = _DATE.unpack(data[:14].ljust(14, b"\0"))
    try:
        return FileTime.from_datetime(datetime(year, month, day, hour, minute, second, tzinfo=UTC))
    except ValueError:
        return None


def build(message: MessageObject, *, codepage: int = 1252) -> bytes:
    """Return the TNEF stream of a message; the same message always gives the same bytes.

    All properties go into the lists, strings as Unicode; what every reader looks for (the message class, the content
    and the names of attachments) stands in attributes too.

    Args:
        message: The message; streams of attachments are read whole.
        codepage: Windows code page of the strings in attributes; what it lacks becomes "?" there.

    Raises:
        ValueFormatError: A value does not fit its property's type.
    """
    codec = codec_for_codepage(codepage)
    out = [SIGNATURE, _UINT16.pack(_KEY)]
    out += _attribute(_MESSAGE, _VERSION, _UINT32.pack(0x00010000))
    out += _attribute(_MESSAGE, _CODEPAGE, struct.pack("<II", codepage, 0))
    name = get(message.properties, tags.PidTagMessageClass)
    if isinstance(name, str):
        out += _attribute(_MESSAGE, _CLASS, encode_string8(name, codec) + b"\0")
    out += _attribute(_MESSAGE, _MSG_PROPS, _property_list(message.properties))
    if message.recipients:
        rows = b"".join([_property_list(recipient.properties) for recipient in message.recipients])
        out += _attribute(_MESSAGE, _RECIP_TABLE, _UINT32.pack(len(message.recipients)) + rows)
    for attachment in message.attachments:
        out += _built_attachment(attachment, codepage, codec)
    return b"".join(out)


def _built_attachment(attachment: AttachmentObject, codepage: int, codec: str) -> Iterator[bytes]:
    position = get(attachment.properties, tags.PidTagRenderingPosition)
    is_ole = attachment.properties.get(tags.PidTagAttachMethod) == _OLE
    yield from _attribute(
        _ATTACHMENT,
        _REND_DATA,
        struct.pack("<HiHHI", 2 if is_ole else 1, position if isinstance(position, int) else _NO_PLACE, 0, 0, 0),
    )
    data = attachment.data
    content = data if data is None or isinstance(data, bytes) else _read(data)
    properties = dict(attachment.properties)
    if attachment.embedded is not None:
        properties[tags.PidTagAttachDataObject] = _IID_MESSAGE + build(attachment.embedded, codepage=codepage)
    elif content is not None and is_ole:
        properties[tags.PidTagAttachDataObject] = _IID_STORAGE + content
    elif content is not None:
        yield from _attribute(_ATTACHMENT, _ATTACH_DATA, content)
    if title := _title(attachment.properties):
        yield from _attribute(_ATTACHMENT, _ATTACH_TITLE, encode_string8(title, codec) + b"\0")
    yield from _attribute(_ATTACHMENT, _ATTACH_PROPS, _property_list(properties))


def _title(properties: Properties) -> str:
    """Return by what readers call an attachment; "" when nothing says."""
    for tag in (tags.PidTagAttachLongFilename, tags.PidTagAttachFilename, tags.PidTagDisplayName):
        title = get(properties, tag)
        if isinstance(title, str) and title:
            return title
    return ""


def _read(stream: object) -> bytes:
    stream.seek(0)  # type: ignore[attr-defined]
    return bytes(stream.read())  # type: ignore[attr-defined]


def _attribute(level: int, number: int, data: bytes) -> tuple[bytes, bytes, bytes]:
    return _ATTRIBUTE.pack(level, number, len(data)), data, _UINT16.pack(sum(data) & 0xFFFF)


def _property_list(properties: Properties) -> bytes:
    out: list[bytes] = []
    count = 0
    for key, value in properties.items():
        property_type = type_of(key)
        property_type = (
            _UNICODE.get(PropertyType(property_type), property_type) if property_type in _UNICODE else property_type
        )
        if property_type in (PropertyType.NULL, PropertyType.UNSPECIFIED):
            continue
        if isinstance(key, NamedTag):
            # Any id from 0x8000 on will do: the name is what counts.
            out.append(struct.pack("<HH", property_type, NAMED_ID_FIRST + (count & 0x7FFF)))
            out.append(_built_name(key.name))
        else:
            out.append(struct.pack("<HH", property_type, key >> 16))
        out.append(_built_value(property_type, value))
        count += 1
    return b"".join([_UINT32.pack(count), *out])


def _built_name(name: PropertyName) -> bytes:
    if isinstance(name.name, int):
        return name.guid.bytes_le + struct.pack("<II", 0, name.name)
    text = name.name.encode("utf-16-le", "replace") + b"\0\0"
    return name.guid.bytes_le + struct.pack("<II", 1, len(text)) + text + bytes(-len(text) % 4)


def _built_value(property_type: int, value: Value) -> bytes:
    single = property_type & ~MULTIPLE
    size = _FIXED.get(single)
    if not property_type & MULTIPLE:
        raw = _built_single(single, value)
        return raw.ljust(size, b"\0") if size is not None else _UINT32.pack(1) + _sized(raw)
    if not isinstance(value, list):
        raise ValueFormatError(property_type, f"cannot hold a {type(value).__name__}")
    items = [_built_single(single, item) for item in value]
    packed = [item.ljust(size, b"\0") if size is not None else _sized(item) for item in items]
    return b"".join([_UINT32.pack(len(items)), *packed])


def _built_single(single: int, value: Value) -> bytes:
    raw = encode(single, value)
    return raw + b"\0\0" if single == PropertyType.STRING else raw


def _sized(raw: bytes) -> bytes:
    return _UINT32.pack(len(raw)) + raw + bytes(-len(raw) % 4)
