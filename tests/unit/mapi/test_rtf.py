"""Compressed RTF against the specification's examples, real samples and itself."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.mapi.rtf import RtfFormatError, compress, decompress

# [MS-OXRTFCP] 3.1.1 and 3.1.2
SIMPLE = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)
SIMPLE_RTF = b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
CROSSING = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
CROSSING_RTF = b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"

RTF_PIECES = st.sampled_from(
    [b"\\par ", b"\\b ", b"{\\f0 ", b"}", b"\r\n", b"hello ", b"world", b"\\'e9", b"Times New Roman", b"\0"]
)
# Long enough to go around the ring of 4096 bytes several times.
LONG_RTF = st.lists(RTF_PIECES | st.binary(max_size=4), max_size=40).flatmap(
    lambda pieces: st.integers(1, 100).map(lambda times: b"".join(pieces) * times)
)


def packed(contents: bytes, raw_size: int, kind: bytes = b"LZFu", crc: int | None = None) -> bytes:
    """Put a header before compressed contents."""
    if crc is None:
        crc = zlib.crc32(contents, 0xFFFFFFFF) ^ 0xFFFFFFFF
    return struct.pack("<II4sI", len(contents) + 12, raw_size, kind, crc) + contents


@pytest.mark.parametrize(("data", "rtf"), [(SIMPLE, SIMPLE_RTF), (CROSSING, CROSSING_RTF)])
def test_the_examples_of_the_specification(data: bytes, rtf: bytes) -> None:
    assert decompress(data) == rtf
    assert compress(rtf) == data


@given(st.binary(max_size=300) | LONG_RTF)
def test_rtf_round_trips(rtf: bytes) -> None:
    assert decompress(compress(rtf)) == rtf


@pytest.mark.parametrize("size", [0, 1, 2, 7, 8, 9, 17, 18, 4096 - 207, 4096, 4097, 3 * 4096])
@pytest.mark.parametrize("pattern", [b"a", b"ab", b"{\\rtf1\\ansi", bytes(range(256))])
def test_sizes_about_the_edges_of_tokens_and_ring(size: int, pattern: bytes) -> None:
    rtf = (pattern * (size // len(pattern) + 1))[:size]
    assert decompress(compress(rtf)) == rtf


def test_repetition_is_compressed() -> None:
    assert len(compress(b"\\par all work and no play" * 400)) < 1500
    # Seventeen bytes a token of two bytes, and a control byte for eight.
    assert len(compress(b"a" * 17_000)) < 17_000 / 17 * 2.125 + 24


def test_stored_rtf() -> None:
    assert decompress(packed(b"{\\rtf1 x}", 9, b"MELA", 0)) == b"{\\rtf1 x}"
    with pytest.raises(RtfFormatError):
        decompress(packed(b"{\\rtf1 x}", 10, b"MELA", 0))


def test_bytes_after_the_end_are_ignored() -> None:
    assert decompress(SIMPLE + b"\0\0\0") == SIMPLE_RTF
    # Tokens after the end mark, inside the counted size.
    assert decompress(packed(SIMPLE[16:] + b"\0ABCDEFGH", len(SIMPLE_RTF))) == SIMPLE_RTF


def test_a_missing_end_mark_loses_nothing() -> None:
    contents = b"\0{\\rtf1 x}"[:9]
    assert decompress(packed(contents, 8)) == contents[1:]


def test_the_unused_part_of_the_ring_is_zero() -> None:
    # A reference to ring position 300, where nothing was written yet, then the end mark.
    contents = b"\x03" + struct.pack(">HH", 300 << 4 | 1, 210 << 4)
    assert decompress(packed(contents, 3)) == b"\0\0\0"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "header"),
        (SIMPLE[:15], "header"),
        (SIMPLE[:-1], "48 bytes of 49"),
        (SIMPLE[:8] + b"LZFv" + SIMPLE[12:], "unknown compression"),
        (SIMPLE[:-1] + b"\xa1", "checksum"),
        (SIMPLE[:12] + b"\0\0\0\0" + SIMPLE[16:], "checksum"),
        (packed(SIMPLE[16:], len(SIMPLE_RTF) + 1), "header says"),
        (packed(SIMPLE[16:], len(SIMPLE_RTF) - 1), "more than"),
        (packed(SIMPLE[16:-2], len(SIMPLE_RTF) + 5), "no end"),
        (packed(b"", 5), "no end"),
        (packed(b"\xff\x00", 2), "no end"),
        (packed(SIMPLE[16:], 1 << 29), "more than"),
    ],
)
def test_malformed_data_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(RtfFormatError, match=reason):
        decompress(data)


@pytest.mark.parametrize(
    "data",
    [
        SIMPLE[:-2] + b"\0\0",
        SIMPLE[:12] + b"\0\0\0\0" + SIMPLE[16:],
        packed(SIMPLE[16:], 1 << 30),
        packed(SIMPLE[16:], 0),
        b"\xff\xff\xff\xff" + SIMPLE[4:],
    ],
)
def test_lenient_reading_takes_what_is_there(data: bytes) -> None:
    assert decompress(data, lenient=True).startswith(SIMPLE_RTF[:-2])


def test_lenient_reading_of_half_a_value() -> None:
    assert decompress(SIMPLE[:30], lenient=True) == b"{\\rtf1\\ansi\\ansicpg1252"


def test_the_result_is_bounded() -> None:
    data = compress(b"a" * 1_000_000)
    with pytest.raises(RtfFormatError, match="more than 999999"):
        decompress(data, maximum=999_999)
    assert len(decompress(data, lenient=True, maximum=999_999)) == 999_999
    assert len(decompress(data, maximum=1_000_000)) == 1_000_000


@given(st.binary(max_size=200), st.integers(0, 3000), st.sampled_from([b"LZFu", b"MELA", b"XXXX"]), st.booleans())
def test_any_data_decompresses_within_bounds_or_is_refused(
    contents: bytes, raw_size: int, kind: bytes, lenient: bool
) -> None:
    try:
        rtf = decompress(packed(contents, raw_size, kind), lenient=lenient, maximum=2000)
    except RtfFormatError as error:
        assert error.reason
    else:
        assert len(rtf) <= 2000
        assert lenient or len(rtf) == raw_size


@given(st.binary(max_size=100), st.booleans())
def test_any_bytes_are_refused_or_read(data: bytes, lenient: bool) -> None:
    try:
        assert isinstance(decompress(data, lenient=lenient), bytes)
    except RtfFormatError as error:
        assert error.reason


def embedded_rtf(data: bytes) -> Iterator[bytes]:
    """Yield each unbroken compressed RTF value inside a file of another format."""
    at = data.find(b"LZFu")
    while at >= 0:
        if at >= 8:
            size, _raw_size, _kind, crc = struct.unpack_from("<II4sI", data, at - 8)
            contents = data[at + 8 : at - 4 + size]
            # In .msg files a value lies in sectors; one that is not in one piece has another checksum.
            if zlib.crc32(contents, 0xFFFFFFFF) ^ 0xFFFFFFFF == crc and len(contents) == size - 12:
                yield data[at - 8 :]
        at = data.find(b"LZFu", at + 1)


def test_the_values_in_real_messages(samples: Path) -> None:
    found = 0
    for path in [*samples.glob("msg/*"), *samples.glob("oft/*"), *samples.glob("tnef/*")]:
        for data in embedded_rtf(path.read_bytes()):
            rtf = decompress(data)
            assert rtf.startswith(b"{\\rtf1"), path
            assert decompress(compress(rtf)) == rtf, path
            found += 1
    assert found > 20


@pytest.mark.interop
def test_libpff_reads_the_same_from_real_stores(pst_samples: list[Path]) -> None:
    pypff = pytest.importorskip("pypff")
    found = ours = theirs = 0
    for path in pst_samples:
        if path.stat().st_size > 4_000_000:
            continue
        store = pypff.open(str(path))
        for message in messages(store.get_root_folder()):
            data = raw_property(message, 0x1009)
            if not data:
                continue
            rtf = decompress(data)
            assert rtf.rstrip(b"\0") == message.rtf_body.rstrip(b"\0"), path
            ours += len(compress(rtf))
            theirs += len(data)
            found += 1
        store.close()
    assert found > 10
    # As good as the programs that wrote these.
    assert ours <= theirs * 1.01


def messages(folder: Any) -> Iterator[Any]:
    """Yield every message below a libpff folder."""
    for index in range(folder.number_of_sub_messages):
        yield folder.get_sub_message(index)
    for index in range(folder.number_of_sub_folders):
        yield from messages(folder.get_sub_folder(index))


def raw_property(message: Any, property_id: int) -> Any:
    """Return the stored bytes of a libpff message's property."""
    for index in range(message.number_of_record_sets):
        for entry in message.get_record_set(index).entries:
            if entry.entry_type == property_id:
                return entry.data
    return None
