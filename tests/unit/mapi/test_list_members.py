"""Members of a distribution list as a stream, and their checksum."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.mapi.list_members import ListStreamFormatError, build, checksum, parse

_PAIRS = st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), max_size=5)


@given(_PAIRS)
def test_members_come_back(members: list[tuple[bytes, bytes]]) -> None:
    assert parse(build(members)) == members


def test_the_stream_of_a_member() -> None:
    stream = build([(b"abc", b"de")])
    head = struct.unpack_from("<HH6I", stream)
    assert (head[0], head[1], head[3:]) == (1, 0, (0, 1, 3, 2, 0))
    assert stream[28:] == b"\3\0\0\0abc\2\0\0\0de" + bytes(4) + bytes(8)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(27),
        b"\2" + build([])[1:],
        build([(b"abc", b"")])[:-13],
        struct.pack("<HH6I", 1, 0, 0, 0, 0xFFFFFFFF, 0, 0, 0) + bytes(40),
        struct.pack("<HH6I", 1, 0, 0, 0, 1, 0, 0, 0) + b"\xff" * 12,
    ],
)
def test_malformed_streams_are_format_errors(data: bytes) -> None:
    with pytest.raises(ListStreamFormatError):
        parse(data)


@given(st.binary(max_size=80))
def test_any_bytes_are_members_or_a_format_error(data: bytes) -> None:
    with suppress(ListStreamFormatError):
        parse(b"\1" + data)


def test_the_checksum_begins_with_zero_and_is_signed() -> None:
    assert checksum([]) == 0
    assert checksum([b"\0\0"]) == 0
    assert checksum([b"a", b"b"]) == checksum([b"ab"])
    # The CRC of a single byte 0x80 without an initial value and a final inversion is the polynomial itself.
    assert checksum([b"\x80"]) == 0xEDB88320 - (1 << 32)
