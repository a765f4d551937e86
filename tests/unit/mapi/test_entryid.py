"""Entry ids of every kind to bytes and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.mapi.entryid import (
    ADDRESS_BOOK_PROVIDER,
    CONTACT_PROVIDER,
    ONE_OFF_PROVIDER,
    WRAPPED_PROVIDER,
    AddressBookEntryId,
    AddressBookType,
    ContactEntryId,
    ContactType,
    EntryId,
    EntryIdFormatError,
    OneOffEntryId,
    OneOffFlags,
    PstEntryId,
    WrappedEntryId,
    WrappedType,
    parse,
    provider,
)
from mailconnector.mapi.types import MapiError

UINT32 = st.integers(0, 0xFFFFFFFF)
WIDE = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)
NARROW = st.text(st.characters(exclude_characters="\0", codec="cp1252"), max_size=20)
KEY = bytes(range(1, 17))

PST_IDS = st.builds(PstEntryId, st.binary(min_size=16, max_size=16), UINT32)
WORDS = st.integers(0, 0x7FFF)
ONE_OFFS = st.builds(OneOffEntryId, WIDE, WIDE, WIDE, WORDS.map(lambda word: word | 0x8000)) | st.builds(
    OneOffEntryId, NARROW, NARROW, NARROW, WORDS
)
ADDRESS_BOOK = st.builds(AddressBookEntryId, NARROW, UINT32)
CONTACTS = st.builds(ContactEntryId, st.binary(max_size=40), UINT32, UINT32)
WRAPPED = st.builds(WrappedEntryId, st.binary(max_size=40), st.integers(0, 255))


@given(PST_IDS | ONE_OFFS | ADDRESS_BOOK | CONTACTS | WRAPPED)
def test_entry_ids_round_trip(entry_id: EntryId) -> None:
    assert type(entry_id).parse(entry_id.to_bytes()) == entry_id


@given(ONE_OFFS | ADDRESS_BOOK | CONTACTS | WRAPPED)
def test_the_kind_is_known_from_the_provider(entry_id: EntryId) -> None:
    assert parse(entry_id.to_bytes()) == entry_id


@given(PST_IDS | ONE_OFFS | ADDRESS_BOOK | CONTACTS | WRAPPED, st.integers(0, 80))
def test_a_truncated_entry_id_is_refused_or_still_whole(entry_id: EntryId, size: int) -> None:
    data = entry_id.to_bytes()[:size]
    try:
        assert type(entry_id).parse(data).to_bytes()
    except EntryIdFormatError as error:
        assert error.reason


@given(
    st.binary(max_size=60),
    st.sampled_from([b"", ONE_OFF_PROVIDER, ADDRESS_BOOK_PROVIDER, CONTACT_PROVIDER, WRAPPED_PROVIDER]),
)
def test_any_bytes_are_an_entry_id_or_refused(data: bytes, uid: bytes) -> None:
    try:
        entry_id = parse(b"\0\0\0\0" + uid + data)
    except EntryIdFormatError as error:
        assert isinstance(error, MapiError)
    else:
        assert parse(entry_id.to_bytes()) == entry_id


def test_the_entry_id_of_a_pst_object() -> None:
    data = bytes(4) + KEY + bytes.fromhex("22800000")
    assert PstEntryId.parse(data) == PstEntryId(KEY, 0x8022)
    assert parse(data) == PstEntryId(KEY, 0x8022)
    assert PstEntryId(KEY, 0x8022).to_bytes() == data
    assert len(data) == PstEntryId.SIZE


def test_a_one_off_in_unicode() -> None:
    data = bytes.fromhex("00000000812b1fa4bea310199d6e00dd010f540200000180") + (
        "Zoë\0SMTP\0zoe@example.org\0".encode("utf-16-le")
    )
    entry_id = OneOffEntryId("Zoë", "SMTP", "zoe@example.org")
    assert OneOffEntryId.parse(data) == entry_id
    assert entry_id.to_bytes() == data
    assert entry_id.flags == OneOffFlags.UNICODE | OneOffFlags.MIME


def test_a_one_off_in_a_code_page() -> None:
    data = bytes.fromhex("00000000812b1fa4bea310199d6e00dd010f540200000110")
    data += b"\xc7\xee\xff\0SMTP\0zoe@example.org\0"
    entry_id = OneOffEntryId.parse(data, "cp1251")
    assert entry_id == OneOffEntryId("Зоя", "SMTP", "zoe@example.org", OneOffFlags.NO_LOOKUP | OneOffFlags.MIME)
    assert entry_id.to_bytes("cp1251") == data
    assert b"???\0SMTP" in entry_id.to_bytes("cp1252")
    assert parse(data, "cp1251") == entry_id


def test_zero_bytes_of_two_characters_do_not_end_a_one_off() -> None:
    # "aĀ": 61 00 00 01
    entry_id = OneOffEntryId("aĀ", "Ā", "")
    assert OneOffEntryId.parse(entry_id.to_bytes()) == entry_id


@pytest.mark.parametrize("flags", [0, OneOffFlags.UNICODE])
@pytest.mark.parametrize("strings", [b"", b"a", b"a\0b", b"a\0\0\0b\0\0\0c\0", b"a\0\0\0b\0\0"])
def test_a_one_off_whose_strings_have_no_end(flags: int, strings: bytes) -> None:
    data = bytes(4) + ONE_OFF_PROVIDER + bytes(2) + flags.to_bytes(2, "little") + strings
    if not flags and strings.count(b"\0") >= 3:
        assert OneOffEntryId.parse(data).display_name == "a"
    else:
        with pytest.raises(EntryIdFormatError, match="no end"):
            OneOffEntryId.parse(data)


def test_an_exchange_user() -> None:
    name = "/o=Example/ou=First Administrative Group/cn=Recipients/cn=zoe"
    data = bytes.fromhex("00000000dca740c8c042101ab4b908002b2fe1820100000000000000") + name.encode() + b"\0"
    assert AddressBookEntryId.parse(data) == AddressBookEntryId(name)
    assert AddressBookEntryId(name).to_bytes() == data
    assert AddressBookEntryId.parse(data[:-1]) == AddressBookEntryId(name)
    listed = AddressBookEntryId(name, AddressBookType.DISTRIBUTION_LIST)
    assert AddressBookEntryId.parse(listed.to_bytes()).type == AddressBookType.DISTRIBUTION_LIST


@pytest.mark.parametrize("padding", [b"", b"\0\0\0"])
def test_an_address_in_a_contact(padding: bytes) -> None:
    contact = PstEntryId(KEY, 0x200024).to_bytes()
    data = bytes.fromhex("00000000fe42aa0a18c71a10e8850b651c24000003000000040000000100000018000000") + contact
    entry_id = ContactEntryId.parse(data + padding)
    assert entry_id == ContactEntryId(contact, 1, ContactType.ADDRESS)
    assert entry_id.to_bytes() == data
    assert parse(entry_id.entry_id) == PstEntryId(KEY, 0x200024)


def test_a_personal_distribution_list() -> None:
    entry_id = ContactEntryId(b"x" * 24, ContactEntryId.DISTRIBUTION_LIST_INDEX, ContactType.DISTRIBUTION_LIST)
    assert entry_id.to_bytes()[20:36] == bytes.fromhex("0300000005000000ff00000018000000")


@pytest.mark.parametrize(
    "body",
    [
        bytes(15),
        bytes.fromhex("02000000040000000100000000000000"),
        bytes.fromhex("030000000400000001000000ffffffff"),
        bytes.fromhex("03000000040000000100000002000000ff"),
    ],
)
def test_a_malformed_address_in_a_contact(body: bytes) -> None:
    with pytest.raises(EntryIdFormatError):
        ContactEntryId.parse(bytes(4) + CONTACT_PROVIDER + body)


@pytest.mark.parametrize(
    ("wrapped_type", "address", "kind"),
    [
        (WrappedType.ONE_OFF, 0, 0x00),
        (WrappedType.CONTACT, 0, 0x83),
        (WrappedType.CONTACT, 4, 0xC3),
        (WrappedType.DISTRIBUTION_LIST, 0, 0xB4),
        (WrappedType.ADDRESS_BOOK_USER, 0, 0xB5),
        (WrappedType.ADDRESS_BOOK_LIST, 0, 0xB6),
    ],
)
def test_a_member_of_a_distribution_list(wrapped_type: WrappedType, address: int, kind: int) -> None:
    entry_id = WrappedEntryId.wrap(b"inside", wrapped_type, address)
    data = bytes.fromhex("00000000c091add3519dcf11a4a900aa0047faa4") + bytes([kind]) + b"inside"
    assert entry_id.to_bytes() == data
    assert WrappedEntryId.parse(data) == entry_id
    assert entry_id.type == wrapped_type
    if wrapped_type == WrappedType.CONTACT:
        assert entry_id.address == address


@pytest.mark.parametrize("kind", [OneOffEntryId, AddressBookEntryId, ContactEntryId, WrappedEntryId])
def test_an_entry_id_of_another_provider_is_refused(kind: type[EntryId]) -> None:
    with pytest.raises(EntryIdFormatError, match="provider"):
        kind.parse(bytes(4) + KEY + bytes(40))


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(EntryIdFormatError, match="unknown provider 0102"):
        parse(bytes(4) + KEY + bytes(26))
    with pytest.raises(EntryIdFormatError, match="19 bytes"):
        provider(bytes(19))
    with pytest.raises(EntryIdFormatError, match="25 bytes"):
        PstEntryId.parse(bytes(25))


@pytest.mark.parametrize("entry_id", [OneOffEntryId("a\0b", "SMTP", "x"), AddressBookEntryId("a\0b")])
def test_a_zero_character_cannot_be_stored(entry_id: EntryId) -> None:
    with pytest.raises(EntryIdFormatError, match="zero"):
        entry_id.to_bytes()
