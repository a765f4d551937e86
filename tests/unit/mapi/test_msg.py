"""Message files: property by property what a message is, as the foreign reader of its container sees it as well."""

from __future__ import annotations

import io
import random
import struct
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector import pst
from mailconnector.mapi import compound, msg, named, tags
from mailconnector.mapi.compound import Storage
from mailconnector.mapi.msg import MsgFormatError
from mailconnector.mapi.named import NamedTag, PropertyName
from mailconnector.mapi.objects import AttachmentObject, MessageObject, Properties, RecipientObject, type_of, with_type
from mailconnector.mapi.types import FileTime, PropertyType
from tests.msg_files import MsgFile

# What a file says of itself, where the message does not (docs/formats/msg.md).
MADE = {tags.PidTagStoreSupportMask, tags.PidTagRowid, tags.PidTagAttachNumber}
UNICODE = {
    PropertyType.STRING8: PropertyType.STRING,
    PropertyType.MULTIPLE_STRING8: PropertyType.MULTIPLE_STRING,
}


def shown(properties: Properties) -> Properties:
    """Return properties as a file has them: strings as Unicode, nothing of no type."""
    return {
        with_type(key, UNICODE.get(PropertyType(type_of(key)), type_of(key))) if type_of(key) in UNICODE else key: value
        for key, value in properties.items()
        if type_of(key) not in (PropertyType.NULL, PropertyType.UNSPECIFIED)
    }


def content(attachment: AttachmentObject) -> Any:
    """Return the content of an attachment; of an OLE object what is in it, since its sectors may lie otherwise."""
    data = attachment.data
    if data is not None and not isinstance(data, bytes):
        data.seek(0)
        data = data.read()
    if data is not None and attachment.properties.get(tags.PidTagAttachMethod) == 6:
        return compound.parse(data)
    return data


def differences(before: Properties, after: Properties) -> Iterator[str]:
    before = shown(before)
    for key in before.keys() | after.keys():
        if key in MADE and key not in before:
            continue
        if repr(before.get(key)) != repr(after.get(key)) and key != tags.PidTagStoreSupportMask:
            yield f"{key}: {before.get(key)!r:.80} -> {after.get(key)!r:.80}"


def check(before: MessageObject, after: MessageObject) -> int:
    """Compare, and return how many messages that were."""
    assert list(differences(before.properties, after.properties)) == []
    assert len(before.recipients) == len(after.recipients)
    for one, other in zip(before.recipients, after.recipients, strict=True):
        assert list(differences(one.properties, other.properties)) == []
    assert len(before.attachments) == len(after.attachments)
    count = 1
    for mine, again in zip(before.attachments, after.attachments, strict=True):
        assert list(differences(mine.properties, again.properties)) == []
        if mine.embedded is None:
            assert content(mine) == content(again)
        else:
            assert again.embedded is not None
            count += check(mine.embedded, again.embedded)
    return count


def test_every_item_of_a_pst_comes_back(pst_sample: Path) -> None:
    with pst.open_store(pst_sample) as store:
        for folder in store.walk():
            if folder.is_search_folder:
                continue
            for associated in (False, True):
                for message in folder.messages(associated=associated):
                    found = message.to_object()
                    check(found, msg.parse(msg.build(found)))


def test_every_message_file_comes_back(samples: Path) -> None:
    files = [*(samples / "msg").iterdir(), *(samples / "oft").iterdir()]
    count = 0
    for path in files:
        found = msg.parse(path.read_bytes())
        count += check(found, msg.parse(msg.build(found)))
    assert count > len(files) > 45  # some hold others


def plain(properties: Properties) -> Properties:
    """Return properties as the other reader gives them: strings without their ends, nothing without a value."""
    return {
        key: value.rstrip("\0") if isinstance(value, str) else value
        for key, value in shown(properties).items()
        if value != [] and type_of(key) not in (0x1003, 0x000D)
    }


def test_another_reader_sees_the_same_in_what_outlook_saved(samples: Path) -> None:
    for path in (samples / "msg").iterdir():
        # Where the file names no code page the other reader takes one for all; not every file has names.
        if "CP125" in path.name or "HTMLBody" in path.name or path.name == "poi__cyrillic_message.msg":
            continue
        try:
            other = MsgFile(path)
        except OSError:
            continue
        expected = other.message()
        other.close()
        found = msg.parse(path.read_bytes())
        assert plain(found.properties).keys() == plain(expected.properties).keys(), path.name
        assert len(found.recipients) == len(expected.recipients)
        assert [one.properties.keys() for one in found.attachments] == [
            shown(one.properties).keys() for one in expected.attachments
        ]


def test_hash_values_of_names_are_those_that_outlook_writes(samples: Path) -> None:
    """By them Outlook looks for a named property in a file."""
    count = 0
    for path in (samples / "msg").iterdir():
        root = compound.parse(path.read_bytes())
        theirs = root.entries.get("__nameid_version1.0")
        if not isinstance(theirs, Storage):
            continue
        names = msg._names(msg._Opened(root))
        for stream, data in theirs.entries.items():
            bucket = int(stream[12:16], 16)
            if bucket < 0x1000 or not isinstance(data, bytes):
                continue
            for at in range(0, len(data), 8):
                hashed, kind, index = struct.unpack_from("<IHH", data, at)
                name = names[0x8000 + index]
                mine = name.name if isinstance(name.name, int) else msg._name_hash(name)
                assert (mine, 0x1000 + (mine ^ kind) % 0x1F) == (hashed, bucket), f"{path.name} {name}"
                count += 1
    assert count > 800


@pytest.mark.parametrize(
    ("file", "subject"),
    [
        ("poi__ASCII_CP1251_LCID1049.msg", "Subject автоматически Subject"),
        ("poi__ASCII_UTF-8_CP1252_LCID1031.msg", "Subject öäü Subject"),
    ],
)
def test_strings_are_in_the_code_page_of_the_message(samples: Path, file: str, subject: str) -> None:
    assert msg.parse((samples / "msg" / file).read_bytes()).properties[tags.PidTagSubject] == subject


VALUES = st.one_of(
    st.tuples(st.just(PropertyType.STRING), st.text(max_size=40)),
    st.tuples(st.just(PropertyType.BINARY), st.binary(max_size=40)),
    st.tuples(st.just(PropertyType.INTEGER16), st.integers(-(1 << 15), (1 << 15) - 1)),
    st.tuples(st.just(PropertyType.INTEGER32), st.integers(-(1 << 31), (1 << 31) - 1)),
    st.tuples(st.just(PropertyType.INTEGER64), st.integers(-(1 << 63), (1 << 63) - 1)),
    st.tuples(st.just(PropertyType.FLOATING64), st.floats(allow_nan=False)),
    st.tuples(st.just(PropertyType.BOOLEAN), st.booleans()),
    st.tuples(st.just(PropertyType.TIME), st.integers(0, (1 << 64) - 1).map(FileTime)),
    st.tuples(st.just(PropertyType.GUID), st.uuids()),
    st.tuples(st.just(PropertyType.MULTIPLE_STRING), st.lists(st.text(max_size=10), max_size=5)),
    st.tuples(st.just(PropertyType.MULTIPLE_BINARY), st.lists(st.binary(max_size=10), max_size=5)),
    st.tuples(st.just(PropertyType.MULTIPLE_INTEGER32), st.lists(st.integers(-5, 5), max_size=5)),
    st.tuples(st.just(PropertyType.MULTIPLE_GUID), st.lists(st.uuids(), max_size=3)),
)
SETS = st.sampled_from([named.PS_MAPI, named.PS_PUBLIC_STRINGS, named.PS_INTERNET_HEADERS, uuid.UUID(int=5)])
NAMES = st.builds(PropertyName, SETS, st.integers(0, 0xFFFFFFFF) | st.text(min_size=1, max_size=20))


@st.composite
def properties(draw: st.DrawFn) -> Properties:
    found: Properties = {}
    for number in draw(st.sets(st.integers(0x0001, 0x33FF), max_size=6)):
        kind, value = draw(VALUES)
        found[number << 16 | kind] = value
    for name in draw(st.sets(NAMES, max_size=4)):
        kind, value = draw(VALUES)
        found[NamedTag(name, kind)] = value
    return found


def messages(inner: st.SearchStrategy[MessageObject]) -> st.SearchStrategy[MessageObject]:
    files = st.builds(
        lambda given, data: AttachmentObject({**given, tags.PidTagAttachMethod: 1}, data), properties(), st.binary()
    )
    embedded = st.builds(
        lambda given, message: AttachmentObject({**given, tags.PidTagAttachMethod: 5}, None, message),
        properties(),
        inner,
    )
    return st.builds(
        MessageObject,
        properties(),
        st.lists(st.builds(RecipientObject, properties()), max_size=3),
        st.lists(files | embedded, max_size=3),
    )


@given(messages(messages(st.builds(MessageObject, properties()))))
def test_any_message_comes_back(message: MessageObject) -> None:
    data = msg.build(message)
    check(message, msg.parse(data))
    assert msg.build(message) == data


def test_an_ole_object_is_a_storage_in_the_file() -> None:
    drawing = Storage({"\x01Ole": b"ole", "Contents": bytes(5000)}, uuid.UUID(int=7))
    attachment = AttachmentObject({tags.PidTagAttachMethod: 6}, io.BytesIO(compound.build(drawing)))
    data = msg.build(MessageObject({tags.PidTagSubject: "s"}, [], [attachment]))
    part = compound.parse(data).entries["__attach_version1.0_#00000000"]
    assert isinstance(part, Storage)
    assert part.entries["__substg1.0_3701000D"] == drawing
    (again,) = msg.parse(data).attachments
    assert content(again) == drawing


def test_an_ole_object_that_is_none_stays_its_bytes() -> None:
    attachment = AttachmentObject({tags.PidTagAttachMethod: 6}, b"a metafile")
    (again,) = msg.parse(msg.build(MessageObject({}, [], [attachment]))).attachments
    assert again.data == b"a metafile"


def nested(count: int) -> MessageObject:
    message = MessageObject({tags.PidTagSubject: "the inmost"})
    for _ in range(count):
        message = MessageObject({}, [], [AttachmentObject({tags.PidTagAttachMethod: 5}, None, message)])
    return message


def test_messages_in_one_another_have_a_bound() -> None:
    check(nested(msg.MAX_DEPTH), msg.parse(msg.build(nested(msg.MAX_DEPTH))))
    with pytest.raises(MsgFormatError, match="in one another"):
        msg.build(nested(msg.MAX_DEPTH + 1))


def test_a_document_is_no_message() -> None:
    with pytest.raises(MsgFormatError, match="no message"):
        msg.parse(compound.build(Storage({"WordDocument": b"x"})))
    with pytest.raises(MsgFormatError, match="no signature"):
        msg.parse(b"From: somebody")


def test_malformed_files_raise_nothing_else(samples: Path) -> None:
    draw = random.Random(21)
    failed = 0
    for name in ("tika__testMSG_Contact.msg", "tika__testMSG_att_msg.msg", "poi__keywords.msg"):
        original = (samples / "msg" / name).read_bytes()
        for _ in range(400):
            data = bytearray(original)
            for _ in range(draw.randrange(1, 30)):
                data[draw.randrange(len(data))] = draw.randrange(256)
            try:
                msg.build(msg.parse(bytes(data)))
            except MsgFormatError:
                failed += 1
    assert failed > 20
