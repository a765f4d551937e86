"""Messages that were prepared are, byte for byte, what drafts write of them."""

import io
import pickle
from functools import cache
from typing import Literal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mailconnector.mapi.named import PS_PUBLIC_STRINGS, PSETID_COMMON, NamedTag, PropertyName
from mailconnector.mapi.objects import AttachmentObject, MessageObject, Properties, RecipientObject
from mailconnector.mapi.types import FileTime
from mailconnector.pst import FingerprintKeys, Fingerprints, Preparer, PstNotFoundError, PstUsageError, Store
from mailconnector.pst.check import check
from mailconnector.pst.ltp.node import NodeEditor
from mailconnector.pst.ltp.table_editor import TableEditor
from mailconnector.pst.messaging.prepared import PreparedMessage
from mailconnector.pst.ndb.device import Device

NOW = FileTime(133_000_000_000_000_000)
KEY = bytes(range(16))
SUBJECT, BODY, HEADERS, HTML = 0x0037001F, 0x1000001F, 0x007D001F, 0x10130102
LETTERS = NamedTag(PropertyName(PS_PUBLIC_STRINGS, "Letters"), 0x001F)
DATA = NamedTag(PropertyName(PSETID_COMMON, 0x8123), 0x0102)
STAMPS: Properties = {0x30070040: NOW, 0x30080040: NOW, 0x300B0102: KEY}


@cache
def empty(encryption: Literal["none", "permute", "cyclic"]) -> bytes:
    file = io.BytesIO()
    Store.create(file, encryption=encryption).close()
    return file.getvalue()


def files(encryption: Literal["none", "permute", "cyclic"]) -> tuple[io.BytesIO, io.BytesIO]:
    """Return two copies of an empty store."""
    return io.BytesIO(empty(encryption)), io.BytesIO(empty(encryption))


def draft_it(file: io.BytesIO, messages: list[MessageObject]) -> list[str]:
    """Write messages by drafts; return their fingerprints."""
    found = []
    with Store.open(file, writable=True) as store, store.transaction():
        fingerprints = Fingerprints(store, (LETTERS,))
        folder = store.ipm_subtree
        for message in messages:
            with folder.compose() as draft:
                draft.fill(MessageObject({**message.properties, **STAMPS}, message.recipients, message.attachments))
            found.append(fingerprints.of_draft(draft))
    return found


def prepare_it(preparer: Preparer, message: MessageObject) -> tuple[PreparedMessage, str]:
    new = preparer.encode(message, lambda: KEY, NOW)
    assert new is not None
    prepared = preparer.pack(new)
    assert prepared is not None
    return prepared, FingerprintKeys(preparer.name_of, (LETTERS,)).of_new(new)


def place_it(file: io.BytesIO, messages: list[MessageObject], *, elsewhere: bool) -> list[str]:
    """Prepare messages and put them in; return their fingerprints."""
    found = []
    with Store.open(file, writable=True) as store, store.transaction():
        own = store.preparer()
        assert own is not None
        folder = store.ipm_subtree
        for message in messages:
            preparer = own
            if elsewhere:
                own.encode(message, lambda: KEY, NOW)  # the store has had a message with these names
                preparer = Preparer(pickle.loads(pickle.dumps(own.form)))
            prepared, fingerprint = prepare_it(preparer, message)
            folder.place(pickle.loads(pickle.dumps(prepared)))
            found.append(fingerprint)
    return found


texts = st.one_of(st.text(max_size=20), st.builds(str.__mul__, st.text(max_size=3), st.integers(1, 9000)))
blobs = st.one_of(
    st.binary(max_size=20), st.builds(bytes.__mul__, st.binary(max_size=3), st.sampled_from([1000, 3580, 8176, 30_000]))
)
properties = st.fixed_dictionaries(
    {},
    optional={
        0x001A001F: st.sampled_from(["", "IPM.Note", "IPM.Note.SMIME"]),
        SUBJECT: st.one_of(st.text(max_size=20), st.sampled_from(["RE: ", "AW:x", "\x01\x05RE: y", ""])),
        BODY: texts,
        0x1000001E: st.text("abc", max_size=5),
        HEADERS: texts,
        HTML: blobs,
        0x0E070003: st.integers(0, 0x1FF),
        0x00170003: st.integers(-3, 3),
        0x0E04001F: st.text(max_size=5),
        0x0E080003: st.just(7),
        0x0FFF0102: st.just(b"entry"),
        0x00390040: st.integers(0, 1 << 60).map(FileTime),
        0x0E060040: st.integers(0, 1 << 60).map(FileTime),
        0x0029000B: st.booleans(),
        0x3FDE0003: st.integers(-(1 << 31), (1 << 31) - 1),
        0x3FFD0003: st.sampled_from([1252, 65001]),
        0x0E170003: st.integers(0, 9),
        0x66010014: st.integers(-(1 << 63), (1 << 63) - 1),
        0x6602101F: st.lists(st.text(max_size=5), max_size=3),
        LETTERS: texts,
        DATA: blobs,
    },
)
recipients = st.lists(
    st.fixed_dictionaries(
        {0x3001001F: st.text(max_size=10), 0x39FE001F: st.text("abc@", max_size=10)},
        optional={
            0x0C150003: st.sampled_from([1, 2, 3, 0x10000001]),
            0x0FFF0102: st.binary(max_size=30),
            0x5FF6001F: st.text(max_size=4),
            LETTERS: st.text(max_size=4),
        },
    ),
    min_size=1,
    max_size=4,
)
messages = st.builds(
    lambda given, people: MessageObject(dict(given), [RecipientObject(dict(one)) for one in people]),
    properties,
    recipients,
)
one_of_each = [
    MessageObject(
        {SUBJECT: "RE: plain", BODY: "b" * 9000, HTML: b"<html>" * 9000, HEADERS: "h" * 2000, LETTERS: "l", DATA: b"d"},
        [RecipientObject({0x3001001F: "A", 0x0C150003: 1}), RecipientObject({0x3001001F: "B", 0x0C150003: 2})],
    ),
    MessageObject({}, [RecipientObject({})]),
]


@pytest.mark.parametrize("encryption", ["none", "permute", "cyclic"])
@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
@given(st.lists(messages, min_size=1, max_size=3))
@example(one_of_each)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_is_placed_is_what_a_draft_writes(
    encryption: Literal["none", "permute", "cyclic"], elsewhere: bool, given_messages: list[MessageObject]
):
    drafted, placed = files(encryption)
    assert draft_it(drafted, given_messages) == place_it(placed, given_messages, elsewhere=elsewhere)
    assert drafted.getvalue() == placed.getvalue()


def test_the_file_is_sound():
    _, file = files("permute")
    place_it(file, one_of_each * 3, elsewhere=True)
    assert check(Device(file)).codes == set()


def test_a_folder_with_columns_of_its_own_gets_its_cells():
    drafted, placed = files("permute")
    for file in (drafted, placed):
        with Store.open(file, writable=True) as store, store._session.change():
            nid = store.ipm_subtree._contents(4)
            store.db.delete_node(nid)
            node = NodeEditor(store.db)
            TableEditor(node, (0x67F20003, 0x67F30003, SUBJECT, BODY, 0x0E070003, 0x3FDE0003)).flush()
            store.db.put_node(nid, *node.save(), 0)
    draft_it(drafted, one_of_each)
    place_it(placed, one_of_each, elsewhere=True)
    assert drafted.getvalue() == placed.getvalue()
    with Store.open(placed) as store:
        assert [row.get(BODY) for row in store.ipm_subtree.rows()] == ["b" * 9000, None]


@pytest.mark.parametrize(
    "message",
    [
        MessageObject({SUBJECT: "nobody"}),
        MessageObject({}, [RecipientObject({})], [AttachmentObject({}, b"")]),
        MessageObject({}, [RecipientObject({})], associated=True),
        MessageObject({HTML: io.BytesIO(b"stream")}, [RecipientObject({})]),  # type: ignore[dict-item]
    ],
)
def test_some_messages_take_a_draft(message: MessageObject):
    with Store.create(io.BytesIO()) as store:
        preparer = store.preparer()
        assert preparer is not None
        assert preparer.encode(message, lambda: KEY, NOW) is None


@pytest.mark.parametrize(
    "message",
    [
        MessageObject({0x66000102 + (n << 16): bytes(3000) for n in range(3)}, [RecipientObject({})]),
        MessageObject({}, [RecipientObject({0x3001001F: "n" * 2000})]),
        MessageObject({}, [RecipientObject({}) for _ in range(100)]),
    ],
    ids=["properties", "name", "recipients"],
)
def test_what_takes_more_blocks_takes_a_draft(message: MessageObject):
    with Store.create(io.BytesIO()) as store:
        preparer = store.preparer()
        assert preparer is not None
        new = preparer.encode(message, lambda: KEY, NOW)
        assert new is not None
        assert preparer.pack(new) is None


def test_nothing_is_prepared_for_an_ansi_file():
    with Store.create(io.BytesIO(), format="ansi") as store:
        assert store.preparer() is None


def test_names_that_nobody_knows_are_refused_elsewhere():
    with Store.create(io.BytesIO()) as store:
        own = store.preparer()
        assert own is not None
        with pytest.raises(PstNotFoundError):
            Preparer(own.form).encode(MessageObject({LETTERS: "x"}, [RecipientObject({})]), lambda: KEY, NOW)


def test_a_value_of_a_wrong_type_is_an_error():
    with Store.create(io.BytesIO()) as store:
        own = store.preparer()
        assert own is not None
        with pytest.raises(PstUsageError):
            own.encode(MessageObject({0x00170003: "high"}, [RecipientObject({})]), lambda: KEY, NOW)


def test_what_was_prepared_before_names_were_given_up_is_refused():
    file = io.BytesIO()
    with Store.create(file) as store:

        class GivenUpError(Exception):
            pass

        with pytest.raises(GivenUpError), store.transaction():
            own = store.preparer()
            assert own is not None
            prepared, _ = prepare_it(own, MessageObject({LETTERS: "x"}, [RecipientObject({})]))
            raise GivenUpError
        with pytest.raises(PstUsageError, match="another state"):
            store.ipm_subtree.place(prepared)
        assert store.ipm_subtree.message_nids() == []
        assert check(Device(file)).codes == set()
