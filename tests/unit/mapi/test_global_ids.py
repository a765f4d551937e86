"""Global object ids to bytes, to UIDs, and back."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.mapi.global_ids import BYTE_ARRAY_ID, GlobalIdFormatError, GlobalObjectId

UINT8 = st.integers(0, 0xFF)
IDS = st.builds(
    GlobalObjectId,
    st.binary(max_size=30),
    st.tuples(st.integers(0, 0xFFFF), UINT8, UINT8),
    st.integers(0, (1 << 64) - 1),
    st.binary(min_size=8, max_size=8),
    st.binary(max_size=5),
)
UIDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=60)

OWN = BYTE_ARRAY_ID + bytes.fromhex("07e9 03 04 0102030405060708 0000000000000000 02000000 abcd")


@given(IDS)
def test_ids_come_back(one: GlobalObjectId) -> None:
    assert GlobalObjectId.parse(one.to_bytes()) == one


@given(UIDS)
def test_foreign_uids_come_back(uid: str) -> None:
    one = GlobalObjectId.from_uid(uid)
    assert one.uid() == uid
    assert GlobalObjectId.parse(one.to_bytes()) == one


@given(IDS)
def test_own_ids_come_back_from_their_uid(one: GlobalObjectId) -> None:
    again = GlobalObjectId.from_uid(one.uid())
    assert again == one.clean()
    assert again.uid() == one.uid()


def test_layout() -> None:
    one = GlobalObjectId.parse(OWN)
    assert one == GlobalObjectId(b"\xab\xcd", (2025, 3, 4), 0x0807060504030201)
    assert one.day() == date(2025, 3, 4)
    assert one.to_bytes() == OWN
    assert one.uid() == "040000008200E00074C5B7101A82E00800000000" + "0102030405060708" + "0" * 16 + "02000000ABCD"
    assert one.clean().day() is None
    assert one.clean().of_day(date(2025, 3, 4)) == one


def test_layout_of_a_foreign_uid() -> None:
    raw = BYTE_ARRAY_ID + bytes(20) + bytes.fromhex("10000000") + b"vCal-Uid\x01\0\0\0a@b\0"
    assert GlobalObjectId.from_uid("a@b").to_bytes() == raw
    assert GlobalObjectId.parse(raw).uid() == "a@b"


def test_a_uid_that_only_looks_like_an_id_is_foreign() -> None:
    for uid in (BYTE_ARRAY_ID.hex(), OWN.hex()[:-2], "abc", "00ff"):
        assert GlobalObjectId.from_uid(uid).data == b"vCal-Uid\x01\0\0\0" + uid.encode() + b"\0"


def test_the_uid_of_an_instance_is_that_of_its_series() -> None:
    assert GlobalObjectId.from_uid(OWN.hex()).uid() == GlobalObjectId.parse(OWN).uid()


@pytest.mark.parametrize("cut", range(len(OWN)))
def test_a_cut_id_is_an_error(cut: int) -> None:
    with pytest.raises(GlobalIdFormatError):
        GlobalObjectId.parse(OWN[:cut])


def test_what_is_no_id() -> None:
    with pytest.raises(GlobalIdFormatError, match="begins"):
        GlobalObjectId.parse(b"x" + OWN[1:])
    for uid in ("", "a\0b", "x" * 5000, "\ud800"):
        with pytest.raises(GlobalIdFormatError):
            GlobalObjectId.from_uid(uid)
    with pytest.raises(GlobalIdFormatError):
        GlobalObjectId(b"", (1 << 16, 0, 0)).to_bytes()
    with pytest.raises(GlobalIdFormatError):
        GlobalObjectId(b"", creation_time=1 << 64).to_bytes()
