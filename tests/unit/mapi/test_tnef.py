"""TNEF streams: what is written is read again, real ones are read, and broken ones raise nothing but their error."""

from __future__ import annotations

import io
import struct
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.mapi import tags, tnef
from mailconnector.mapi.named import PS_PUBLIC_STRINGS, PSETID_APPOINTMENT, NamedTag, PropertyName
from mailconnector.mapi.objects import AttachmentObject, MessageObject, Properties, PropertyKey, RecipientObject
from mailconnector.mapi.types import FileTime, PropertyType
from mailconnector.mapi.values import Value

_CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")
_TEXT = st.text(_CHARACTERS, max_size=20)
_INT32 = st.integers(-(1 << 31), (1 << 31) - 1)
_VALUES: dict[int, st.SearchStrategy[Value]] = {
    PropertyType.INTEGER16: st.integers(-(1 << 15), (1 << 15) - 1),
    PropertyType.INTEGER32: _INT32,
    PropertyType.FLOATING32: st.floats(width=32, allow_nan=False),
    PropertyType.FLOATING64: st.floats(allow_nan=False),
    PropertyType.CURRENCY: st.integers(-(1 << 63), (1 << 63) - 1),
    PropertyType.FLOATING_TIME: st.floats(allow_nan=False),
    PropertyType.ERROR_CODE: st.integers(0, (1 << 32) - 1),
    PropertyType.BOOLEAN: st.booleans(),
    PropertyType.INTEGER64: st.integers(-(1 << 63), (1 << 63) - 1),
    PropertyType.STRING: _TEXT,
    PropertyType.TIME: st.integers(0, (1 << 63) - 1).map(FileTime),
    PropertyType.GUID: st.uuids(),
    PropertyType.BINARY: st.binary(max_size=30),
    PropertyType.MULTIPLE_INTEGER16: st.lists(st.integers(-(1 << 15), (1 << 15) - 1), max_size=3),
    PropertyType.MULTIPLE_INTEGER32: st.lists(_INT32, max_size=3),
    PropertyType.MULTIPLE_FLOATING64: st.lists(st.floats(allow_nan=False), max_size=3),
    PropertyType.MULTIPLE_STRING: st.lists(_TEXT, max_size=3),
    PropertyType.MULTIPLE_TIME: st.lists(st.integers(0, (1 << 63) - 1).map(FileTime), max_size=3),
    PropertyType.MULTIPLE_GUID: st.lists(st.uuids(), max_size=3),
    PropertyType.MULTIPLE_BINARY: st.lists(st.binary(max_size=9), max_size=3),
}
_NAMES = st.one_of(
    st.builds(PropertyName, st.just(PSETID_APPOINTMENT), st.integers(0x8200, 0x82FF)),
    st.builds(PropertyName, st.just(PS_PUBLIC_STRINGS), _TEXT.filter(bool)),
)


@st.composite
def _entries(draw: st.DrawFn) -> tuple[PropertyKey, Value]:
    property_type = draw(st.sampled_from(sorted(_VALUES)))
    value = draw(_VALUES[property_type])
    if draw(st.booleans()):
        return NamedTag(draw(_NAMES), property_type), value
    # Ids that neither an attribute nor the object of an attachment stands for.
    return draw(st.integers(0x6800, 0x6FFF)) << 16 | property_type, value


_properties = st.lists(_entries(), max_size=6).map(Properties)


@st.composite
def _attachments(draw: st.DrawFn, depth: int) -> AttachmentObject:
    properties: Properties = {
        **draw(_properties),
        tags.PidTagAttachFilename: draw(_TEXT),
        tags.PidTagRenderingPosition: draw(_INT32),
    }
    kind = draw(st.sampled_from(["data", "ole", "message"] if depth else ["data", "ole"]))
    if kind == "message":
        properties[tags.PidTagAttachMethod] = 5
        return AttachmentObject(properties, embedded=draw(_messages(depth - 1)))
    properties[tags.PidTagAttachMethod] = 6 if kind == "ole" else 1
    return AttachmentObject(properties, data=draw(st.binary(max_size=50)))


@st.composite
def _messages(draw: st.DrawFn, depth: int = 2) -> MessageObject:
    properties: Properties = {**draw(_properties), tags.PidTagMessageClass: "IPM.Note"}
    return MessageObject(
        properties,
        [RecipientObject(row) for row in draw(st.lists(_properties, max_size=3))],
        draw(st.lists(_attachments(depth), max_size=2)),
    )


@given(_messages())
def test_a_message_is_read_as_it_was_written(message: MessageObject) -> None:
    stream = tnef.build(message)
    assert tnef.parse(stream) == message
    assert tnef.build(message) == stream


@given(_messages(), st.data())
def test_damage_raises_the_format_error_or_nothing(message: MessageObject, data: st.DataObject) -> None:
    stream = bytearray(tnef.build(message))
    for _ in range(data.draw(st.integers(1, 4))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(stream[: data.draw(st.integers(0, len(stream)))])
    for lenient in (False, True):
        try:
            tnef.parse(damaged, lenient=lenient)
        except tnef.TnefFormatError as error:
            assert 0 <= error.offset <= len(damaged) + 16


def test_strings_in_a_code_page_come_as_unicode() -> None:
    properties = struct.pack("<I", 1) + struct.pack("<HHII", 0x1E, 0x3001, 1, 3) + b"\xc6\xee\0\0"
    stream = (
        tnef.SIGNATURE
        + b"\x01\x00"
        + _attribute(0x00069007, struct.pack("<II", 1251, 0))
        + _attribute(0x00018004, b"\xf2\xe5\xec\xe0\0")
        + _attribute(0x00069003, properties)
    )
    assert tnef.parse(stream).properties == {tags.PidTagDisplayName: "Жо", tags.PidTagSubject: "тема"}


def test_attributes_of_microsoft_mail_say_what_no_property_does() -> None:
    date = struct.pack("<7H", 2003, 4, 5, 6, 7, 8, 6)
    name, address = b"Jane Doe\0", b"SMTP:jane@example.org\0"
    sender = struct.pack("<4H", 4, 0, len(name), len(address)) + name + address
    stream = (
        tnef.SIGNATURE
        + b"\x01\x00"
        + _attribute(0x00078008, b"IPM.Microsoft Schedule.MtgReq\0")
        + _attribute(0x00038005, date)
        + _attribute(0x0004800D, b"\x01\x00")
        + _attribute(0x00018009, b"00FFA0\0")
        + _attribute(0x00008000, sender)
    )
    properties = tnef.parse(stream).properties
    assert properties[tags.PidTagMessageClass] == "IPM.Schedule.Meeting.Request"
    submitted = properties[tags.PidTagClientSubmitTime]
    assert isinstance(submitted, FileTime)
    assert str(submitted.to_datetime()) == "2003-04-05 06:07:08+00:00"
    assert properties[tags.PidTagImportance] == 2
    assert properties[tags.PidTagSearchKey] == b"\x00\xff\xa0"
    assert properties[tags.PidTagSenderName] == "Jane Doe"
    assert properties[tags.PidTagSenderAddressType] == "SMTP"
    assert properties[tags.PidTagSenderEmailAddress] == "jane@example.org"


def test_attachments_may_be_streams() -> None:
    file = AttachmentObject({tags.PidTagAttachMethod: 1, tags.PidTagAttachFilename: "a.bin"}, data=io.BytesIO(b"abc"))
    (read,) = tnef.parse(tnef.build(MessageObject(attachments=[file]))).attachments
    assert read.data == b"abc"


def _attribute(number: int, data: bytes) -> bytes:
    return struct.pack("<BII", 1, number, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def _list(key: int, value: str | bytes | int) -> bytes:
    """Return the properties of an attachment, one in all."""
    if isinstance(value, int):
        raw = struct.pack("<i", value)
    else:
        content = value if isinstance(value, bytes) else f"{value}\0".encode("utf-16-le")
        raw = struct.pack("<II", 1, len(content)) + content + bytes(-len(content) % 4)
    return _attribute(0x00069005, struct.pack("<IHH", 1, key & 0xFFFF, key >> 16) + raw)


_PLACE = _attribute(0x00069002, struct.pack("<HiHHI", 1, -1, 0, 0, 0))
_WITHIN = uuid.UUID("00020307-0000-0000-c000-000000000046").bytes_le + tnef.build(MessageObject())


@pytest.mark.parametrize(
    "attributes",
    [
        [_list(0x37070000 | PropertyType.STRING, "a.txt")],
        [_PLACE, _list(tags.PidTagAttachLongFilename, "a.txt")],
        [_PLACE, _list(tags.PidTagDisplayName, "a.txt")],
        [_PLACE, _list(tags.PidTagAttachDataObject, _WITHIN), _attribute(0x0006800F, b"content")],
        [_PLACE, _list(tags.PidTagAttachDataObject, _WITHIN), _list(tags.PidTagAttachMethod, 1)],
    ],
    ids=["no place", "no title", "a display name", "a message and a content", "a message by value"],
)
def test_an_attachment_that_lacks_or_contradicts_something_is_written_as_it_was_read(attributes: list[bytes]) -> None:
    message = tnef.parse(tnef.SIGNATURE + b"\1\0" + b"".join(attributes))
    assert len(message.attachments) == 1
    assert tnef.parse(tnef.build(message)) == message


def test_messages_within_one_another_have_an_end() -> None:
    stream = tnef.build(MessageObject({tags.PidTagSubject: "innermost"}))
    for _ in range(tnef.MAX_DEPTH + 10):
        inner = AttachmentObject({tags.PidTagAttachMethod: 5}, embedded=None)
        value = uuid.UUID("00020307-0000-0000-c000-000000000046").bytes_le + stream
        inner.properties[tags.PidTagAttachDataObject] = value
        stream = tnef.build(MessageObject(attachments=[inner]))
    depth = 0
    message = tnef.parse(stream)
    while message.attachments and message.attachments[0].embedded is not None:
        message = message.attachments[0].embedded
        depth += 1
    assert 1 <= depth <= tnef.MAX_DEPTH
    left = message.attachments[0].data
    assert isinstance(left, bytes)
    assert left.startswith(tnef.SIGNATURE)


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"\x78\x9f\x3e",
        b"PK\x03\x04" + bytes(40),
        tnef.SIGNATURE + b"\0\0" + b"\x09" + bytes(20),
        tnef.SIGNATURE + b"\0\0" + struct.pack("<BII", 1, 0x00069003, 1 << 31) + b"abc",
        tnef.SIGNATURE + b"\0\0" + struct.pack("<BII", 1, 0x00069003, 4) + b"\xff\xff\xff\x7f" + b"\x7c\x03",
        tnef.SIGNATURE + b"\0\0" + struct.pack("<BII", 1, 0x00069004, 4) + b"\xff\xff\xff\x7f" + b"\x7c\x03",
    ],
)
def test_what_is_broken_is_refused(stream: bytes) -> None:
    with pytest.raises(tnef.TnefFormatError):
        tnef.parse(stream)


def test_real_streams_are_written_again(samples: Path) -> None:
    read = 0
    for path in sorted((samples / "tnef").iterdir()):
        message = tnef.parse(path.read_bytes(), lenient=True)
        assert tnef.parse(tnef.build(message)) == message, path.name
        read += bool(message.properties)
    assert read >= 8
