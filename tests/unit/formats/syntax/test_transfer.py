"""Content transfer encodings, intact and damaged."""

from __future__ import annotations

import base64
import binascii
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.formats.syntax import transfer


@given(st.binary(max_size=400))
def test_base64_comes_back_in_short_lines(data: bytes) -> None:
    encoded = transfer.encode_base64(data)
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))
    assert transfer.decode_base64(encoded) == data


def _in_lines(data: bytes, width: int) -> bytes:
    coded = base64.b64encode(data)
    return b"\r\n".join(coded[at : at + width] for at in range(0, len(coded), width))


@given(st.binary(max_size=300), st.integers(1, 90))
def test_base64_in_lines_of_a_width(data: bytes, width: int) -> None:
    encoded = _in_lines(data, width)
    assert transfer.encode_base64_lines(data, width) == encoded
    found = transfer.base64_width(encoded + b"\r\n", len(encoded), data)
    assert found == min(width, len(encoded))
    if found:
        assert transfer.encode_base64_lines(data, found) == encoded


@pytest.mark.parametrize("width", [1, 4, 57, 60, 63, 76, 998, 200_000])
@pytest.mark.parametrize("size", [65_535, 65_536, 65_664, 65_665, 131_328, 150_001])
def test_base64_in_lines_over_several_chunks(width: int, size: int) -> None:
    data = random.Random(size).randbytes(size)
    encoded = _in_lines(data, width)
    assert transfer.encode_base64_lines(data, width) == encoded
    assert transfer.base64_width(encoded, len(encoded), data) == min(width, len(encoded))
    for wrong in (data[:-3], data + b"\0", data[:-1] + bytes([data[-1] ^ 1]), bytes([data[0] ^ 1]) + data[1:]):
        assert not transfer.base64_width(encoded, len(encoded), wrong)


@given(st.binary(min_size=1, max_size=200), st.integers(1, 40), st.data())
def test_base64_that_is_written_in_another_way_has_no_width(data: bytes, width: int, draw: st.DataObject) -> None:
    encoded = _in_lines(data, width)
    at = draw.draw(st.integers(0, len(encoded)))
    raw = encoded[:at] + draw.draw(st.sampled_from([b"\r\n", b"\n", b"\r", b" ", b"=", b"A"])) + encoded[at:]
    found = transfer.base64_width(raw, len(raw), data)
    assert not found or transfer.encode_base64_lines(data, found) == raw


@given(st.binary(min_size=3, max_size=60), st.binary(max_size=60))
def test_base64_is_read_without_its_padding_and_in_pieces(first: bytes, second: bytes) -> None:
    one, two = base64.b64encode(first), base64.b64encode(second)
    assert transfer.decode_base64(one.rstrip(b"=")) == first
    if one.endswith(b"="):
        assert transfer.decode_base64(one + b"\r\n" + two) == first + second
    assert transfer.decode_base64(b"*" + b"!".join(one[n : n + 1] for n in range(len(one))) + b"\x80") == first
    assert first.startswith(transfer.decode_base64(one[:-3]))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n")), st.integers(0, 3))
def test_quoted_printable_comes_back_in_short_lines(line: str, ends: int) -> None:
    data = (line + "\r\n" + line + "\r\n" * ends).encode()
    encoded = transfer.encode_quoted_printable(data)
    assert encoded.isascii()
    assert b"\n" not in encoded.replace(b"\r\n", b"")
    assert all(len(one) <= 76 for one in encoded.split(b"\r\n"))
    assert transfer.decode_quoted_printable(encoded) == data


@pytest.mark.parametrize(
    ("encoded", "data"),
    [
        (b"a=3Db", b"a=b"),
        (b"a=\r\nb", b"ab"),
        (b"a= \t\r\nb", b"ab"),
        (b"a=\nb", b"ab"),
        (b"100=% =XY", b"100=% =XY"),
        (b"=c3=a9", b"\xc3\xa9"),
        (b"end=", b"end"),
    ],
)
def test_quoted_printable_well_and_badly_made(encoded: bytes, data: bytes) -> None:
    assert transfer.decode_quoted_printable(encoded) == data


def _uuencoded(data: bytes, name: bytes = b"x.bin") -> bytes:
    lines = [binascii.b2a_uu(data[start : start + 45]) for start in range(0, len(data), 45)]
    return b"begin 644 " + name + b"\n" + b"".join(lines) + b"`\nend\n"


@given(st.binary(max_size=300))
def test_uuencode_is_read(data: bytes) -> None:
    encoded = _uuencoded(data)
    assert transfer.decode_uu(encoded) == data
    assert transfer.decode_uu(encoded.replace(b"\n", b"\r\n")) == data
    assert transfer.decode(encoded, b" X-UUEncode ") == data


def test_uuencoded_files_in_a_text_are_taken_out() -> None:
    first, second = _uuencoded(b"one").decode("ascii"), _uuencoded(b"two" * 50, b"second file.txt").decode("ascii")
    text, files = transfer.uu_files(f"before\n{first}between\n{second}after\nbegin 644 nothing\nbegin at once\n")
    assert text == "before\nbetween\nafter\nbegin 644 nothing\nbegin at once\n"
    assert files == [("x.bin", b"one"), ("second file.txt", b"two" * 50)]


def test_unknown_encodings_leave_the_body_as_it_is() -> None:
    for name in (b"7bit", b"8bit", b"binary", b"", b"x-unknown", b"gzip64"):
        assert transfer.decode(b"a=3Db", name) == b"a=3Db"
    assert transfer.decode(b"YQ==", b' "Base64";') == b"a"
