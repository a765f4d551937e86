"""Property values to bytes and back."""

from __future__ import annotations

import math
import struct
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.mapi.types import FileTime, MapiError, PropertyType
from mailconnector.mapi.values import DECODERS, ENCODERS, Value, ValueFormatError, decode, encode

# Two surrogates that make a pair are one character, in UTF-16 as in any text from outside.
TEXT = st.text(st.characters(codec="utf-8") | st.sampled_from("\ud800\ud9ff"), max_size=30)
ANSI_TEXT = st.text(st.characters(codec="cp1252"), max_size=30)
BYTES = st.binary(max_size=40)


def signed(bits: int) -> st.SearchStrategy[int]:
    """Return every signed number of so many bits."""
    return st.integers(-(1 << bits - 1), (1 << bits - 1) - 1)


TIMES = st.integers(0, (1 << 64) - 1).map(FileTime)

SCALARS: dict[int, st.SearchStrategy[Any]] = {
    PropertyType.INTEGER16: signed(16),
    PropertyType.INTEGER32: signed(32),
    PropertyType.FLOATING32: st.floats(width=32, allow_nan=False),
    PropertyType.FLOATING64: st.floats(allow_nan=False),
    PropertyType.CURRENCY: signed(64),
    PropertyType.FLOATING_TIME: st.floats(allow_nan=False),
    PropertyType.INTEGER64: signed(64),
    PropertyType.STRING8: ANSI_TEXT,
    PropertyType.STRING: TEXT,
    PropertyType.TIME: TIMES,
    PropertyType.GUID: st.uuids(),
    PropertyType.BINARY: BYTES,
}
VALUES: dict[int, st.SearchStrategy[Any]] = {
    **SCALARS,
    **{0x1000 | kind: st.lists(values, max_size=6) for kind, values in SCALARS.items()},
    PropertyType.NULL: st.none(),
    PropertyType.ERROR_CODE: st.integers(0, (1 << 32) - 1),
    PropertyType.BOOLEAN: st.booleans(),
    PropertyType.OBJECT: BYTES,
    PropertyType.SERVER_ID: BYTES,
    PropertyType.RESTRICTION: BYTES,
    PropertyType.RULE_ACTION: BYTES,
    PropertyType.UNSPECIFIED: BYTES,
    0x0777: BYTES,
}


def test_every_type_is_tried() -> None:
    assert set(PropertyType) <= set(VALUES)
    assert set(DECODERS) == set(ENCODERS) == set(PropertyType) - {PropertyType.UNSPECIFIED}


@pytest.mark.parametrize("property_type", sorted(VALUES))
@given(data=st.data())
def test_values_round_trip(property_type: int, data: st.DataObject) -> None:
    value = data.draw(VALUES[property_type])
    again = decode(property_type, encode(property_type, value))
    assert again == value
    assert type(again) is type(value)


@given(data=st.binary(max_size=64), property_type=st.sampled_from(sorted(VALUES)))
def test_any_bytes_decode_or_are_refused_as_malformed(data: bytes, property_type: int) -> None:
    try:
        value = decode(property_type, data)
    except ValueFormatError as error:
        assert error.property_type == property_type
        assert error.reason
    else:
        # What was read can be written, and reads the same.
        again = decode(property_type, encode(property_type, value))
        assert again == value or "nan" in repr(value)


@pytest.mark.parametrize(
    ("property_type", "data", "value"),
    [
        (PropertyType.INTEGER16, b"\xfe\xff\x00\x00", -2),
        (PropertyType.INTEGER32, b"\x01\x00\x00\x80", -(1 << 31) + 1),
        (PropertyType.FLOATING32, b"\x00\x00\xc0\x3f", 1.5),
        (PropertyType.FLOATING64, struct.pack("<d", 0.1), 0.1),
        (PropertyType.CURRENCY, struct.pack("<q", -12_3456), -123_456),
        (PropertyType.ERROR_CODE, b"\x0f\x01\x04\x80", 0x8004010F),
        (PropertyType.BOOLEAN, b"\x01\x00\x00\x00", True),
        (PropertyType.BOOLEAN, b"\x00", False),
        (PropertyType.BOOLEAN, b"\xff\xff", True),
        (PropertyType.INTEGER64, b"\xff" * 8, -1),
        (PropertyType.TIME, b"\x00\x80\x3e\xd5\xde\xb1\x9d\x01", FileTime(116_444_736_000_000_000)),
        (
            PropertyType.GUID,
            bytes.fromhex("0820060000000000c000000000000046"),
            uuid.UUID("00062008-0000-0000-c000-000000000046"),
        ),
        (PropertyType.STRING, "Grüße 😀".encode("utf-16-le"), "Grüße 😀"),
        (PropertyType.STRING, b"a\x00b", "a"),
        (PropertyType.STRING, b"", ""),
        (PropertyType.STRING, b"\x3d\xd8x\x00", "\ud83dx"),
        (PropertyType.STRING8, b"Gr\xfc\xdfe", "Grüße"),
        (PropertyType.NULL, b"\x00\x00\x00\x00", None),
        (PropertyType.MULTIPLE_INTEGER32, b"\x01\x00\x00\x00\xff\xff\xff\xff", [1, -1]),
        (PropertyType.MULTIPLE_INTEGER32, b"", []),
        (PropertyType.MULTIPLE_BINARY, b"", []),
        (PropertyType.MULTIPLE_BINARY, b"\x00\x00\x00\x00", []),
        # [MS-PST] 2.3.3.4.2: three items, the second empty.
        (
            PropertyType.MULTIPLE_BINARY,
            struct.pack("<4I", 3, 16, 19, 19) + b"abcde",
            [b"abc", b"", b"de"],
        ),
        (
            PropertyType.MULTIPLE_STRING,
            struct.pack("<3I", 2, 12, 16) + "ab".encode("utf-16-le") + "c".encode("utf-16-le"),
            ["ab", "c"],
        ),
        (PropertyType.MULTIPLE_STRING8, struct.pack("<2I", 1, 8) + b"\xe9", ["é"]),
    ],
)
def test_stored_bytes_mean(property_type: int, data: bytes, value: Value) -> None:
    decoded = decode(property_type, data)
    assert decoded == value
    assert type(decoded) is type(value)


def test_string8_follows_the_code_page() -> None:
    assert decode(PropertyType.STRING8, b"\xcf\xf0\xe8\xe2\xe5\xf2", "cp1251") == "Привет"
    assert encode(PropertyType.MULTIPLE_STRING8, ["日本"], "cp932")[8:] == b"\x93\xfa\x96{"
    assert encode(PropertyType.STRING8, "日本", "cp1252") == b"??"


def test_string8_bytes_that_are_no_characters_survive() -> None:
    text = decode(PropertyType.STRING8, b"\x81\xff\x8d", "cp1252")
    assert encode(PropertyType.STRING8, text, "cp1252") == b"\x81\xff\x8d"


@pytest.mark.parametrize("bits", [b"\x01\x00\x00\x00\x00\x00\xf8\x7f", b"\x00\x00\x00\x00\x00\x00\xf8\xff"])
def test_not_a_number_keeps_its_bits(bits: bytes) -> None:
    value = decode(PropertyType.FLOATING64, bits)
    assert isinstance(value, float)
    assert math.isnan(value)
    assert encode(PropertyType.FLOATING64, value) == bits


@pytest.mark.parametrize("view", [bytearray, memoryview])
@pytest.mark.parametrize("property_type", sorted(VALUES))
def test_any_buffer_can_be_decoded(property_type: int, view: Any) -> None:
    data = bytes(range(16))
    if property_type in {
        PropertyType.MULTIPLE_STRING,
        PropertyType.MULTIPLE_STRING8,
        PropertyType.MULTIPLE_BINARY,
    }:
        data = struct.pack("<2I", 1, 8) + b"x\0y\0"
    decoded = decode(property_type, view(data))
    assert decoded == decode(property_type, data)
    assert not isinstance(decoded, (bytearray, memoryview))


@pytest.mark.parametrize(
    ("property_type", "data"),
    [
        (PropertyType.INTEGER16, b"\x01"),
        (PropertyType.INTEGER32, b"\x01\x02\x03"),
        (PropertyType.FLOATING32, b""),
        (PropertyType.FLOATING64, b"\0" * 7),
        (PropertyType.CURRENCY, b"\0" * 4),
        (PropertyType.ERROR_CODE, b"\0" * 3),
        (PropertyType.BOOLEAN, b""),
        (PropertyType.INTEGER64, b"\0" * 7),
        (PropertyType.TIME, b"\0" * 7),
        (PropertyType.GUID, b"\0" * 15),
        (PropertyType.MULTIPLE_INTEGER16, b"\0" * 3),
        (PropertyType.MULTIPLE_TIME, b"\0" * 12),
        (PropertyType.MULTIPLE_GUID, b"\0" * 24),
        (PropertyType.MULTIPLE_BINARY, b"\x01\0\0"),
        # more items than there can be
        (PropertyType.MULTIPLE_BINARY, struct.pack("<2I", 2, 12)),
        (PropertyType.MULTIPLE_STRING, struct.pack("<2I", 0xFFFF_FFFF, 8)),
        # items that begin among the offsets, run backwards, or lie outside
        (PropertyType.MULTIPLE_BINARY, struct.pack("<3I", 2, 8, 12)),
        (PropertyType.MULTIPLE_STRING8, struct.pack("<3I", 2, 14, 12) + b"abcd"),
        (PropertyType.MULTIPLE_BINARY, struct.pack("<2I", 1, 9)),
    ],
)
def test_malformed_values_are_refused(property_type: int, data: bytes) -> None:
    with pytest.raises(ValueFormatError) as caught:
        decode(property_type, data)
    assert caught.value.property_type == property_type
    assert isinstance(caught.value, MapiError)


@pytest.mark.parametrize(
    ("property_type", "value"),
    [
        (PropertyType.INTEGER16, 1 << 15),
        (PropertyType.INTEGER32, 1 << 31),
        (PropertyType.INTEGER64, -(1 << 63) - 1),
        (PropertyType.INTEGER32, 1.5),
        (PropertyType.INTEGER32, "1"),
        (PropertyType.INTEGER32, None),
        (PropertyType.ERROR_CODE, -1),
        (PropertyType.FLOATING32, 1e39),
        (PropertyType.FLOATING64, 10**400),
        (PropertyType.FLOATING64, "1"),
        (PropertyType.TIME, -1),
        (PropertyType.TIME, 1 << 64),
        (PropertyType.NULL, 0),
        (PropertyType.BOOLEAN, "yes"),
        (PropertyType.GUID, b"\0" * 16),
        (PropertyType.STRING, b"x"),
        (PropertyType.STRING8, b"x"),
        (PropertyType.STRING8, None),
        (PropertyType.BINARY, "x"),
        (PropertyType.BINARY, 5),
        (PropertyType.BINARY, [1]),
        (PropertyType.MULTIPLE_INTEGER32, [1 << 31]),
        (PropertyType.MULTIPLE_INTEGER32, 1),
        (PropertyType.MULTIPLE_FLOATING32, [1e39]),
        (PropertyType.MULTIPLE_STRING, "abc"),
        (PropertyType.MULTIPLE_STRING, [b"abc"]),
        (PropertyType.MULTIPLE_GUID, ["x"]),
    ],
)
def test_values_that_do_not_fit_their_type_are_refused(property_type: int, value: Any) -> None:
    with pytest.raises(ValueFormatError):
        encode(property_type, value)
