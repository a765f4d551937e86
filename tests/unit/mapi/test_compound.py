"""Compound files: what is written is read again, by strangers too, and malformed files raise nothing else."""

from __future__ import annotations

import io
import random
import struct
import uuid
from pathlib import Path

import olefile
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.mapi import compound
from mailconnector.mapi.compound import CompoundFormatError, Storage

# Around the bounds of a mini sector, a sector and the mini stream.
SIZES = st.sampled_from([0, 1, 63, 64, 65, 511, 512, 513, 4095, 4096, 4097, 9000])
STREAMS = st.builds(lambda size, byte: bytes([byte]) * size, SIZES, st.integers(0, 255))
NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="/\\:!\0", max_codepoint=0x2FF),
    min_size=1,
    max_size=31,
)


def folded(names: list[str]) -> bool:
    return len({name.upper() for name in names}) == len(names)


STORAGES = st.recursive(
    st.builds(Storage),
    lambda inner: st.builds(
        Storage,
        st.dictionaries(NAMES, STREAMS | inner, max_size=12).filter(lambda one: folded(list(one))),
        st.uuids(),
    ),
    max_leaves=20,
)


def check_as_a_stranger(storage: Storage, data: bytes) -> None:
    """Have olefile read a file with every complaint an error, and compare."""

    def compare(expected: Storage, path: list[str]) -> None:
        for name, entry in expected.entries.items():
            if isinstance(entry, bytes):
                assert ole.openstream([*path, name]).read() == entry
            else:
                assert ole.get_type([*path, name]) == olefile.STGTY_STORAGE
                compare(entry, [*path, name])

    with olefile.OleFileIO(io.BytesIO(data), raise_defects=olefile.DEFECT_UNSURE) as ole:
        compare(storage, [])
        listed = sum(1 for _ in ole.listdir(streams=True, storages=True))
    assert listed == sum(1 for _ in walk(storage))


def walk(storage: Storage):
    for name, entry in storage.entries.items():
        yield name
        if isinstance(entry, Storage):
            yield from walk(entry)


@given(STORAGES)
def test_what_is_written_is_read_again(storage: Storage) -> None:
    data = compound.build(storage)
    assert compound.parse(data) == storage
    assert compound.build(storage) == data
    check_as_a_stranger(storage, data)


def test_the_table_of_a_large_file_is_itself_listed_in_sectors() -> None:
    storage = Storage({"large": bytes(range(256)) * (32 << 10), "small": b"x"}, uuid.uuid4())
    data = compound.build(storage)
    (listed,) = struct.unpack_from("<I", data, 72)
    assert listed == 1
    assert compound.parse(data) == storage
    check_as_a_stranger(storage, data)


def test_thousands_of_entries_make_a_tree_that_is_not_deep() -> None:
    storage = Storage({f"n{number}": b"%d" % number for number in range(2000)})
    data = compound.build(storage)
    assert compound.parse(data) == storage
    check_as_a_stranger(storage, data)


def depths(data: bytes) -> tuple[int, set[int]]:
    """Return the depth of the root's tree, and how many black entries lie on its ways down."""
    (start,) = struct.unpack_from("<I", data, 48)
    at = 512 * (start + 1)

    def entry(number: int) -> tuple[int, int, int, int]:
        return struct.unpack_from("<BIII", data, at + 128 * number + 67)

    deepest = 0
    blacks: set[int] = set()

    def down(number: int, depth: int, black: int) -> None:
        nonlocal deepest
        deepest = max(deepest, depth)
        if number == 0xFFFFFFFF:
            blacks.add(black)
            return
        color, left, right, _ = entry(number)
        for below in (left, right):
            assert color or below == 0xFFFFFFFF or entry(below)[0], "a red entry below a red one"
            down(below, depth + 1, black + color)

    down(entry(0)[3], 0, 0)
    return deepest, blacks


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 20, 63, 64, 100])
def test_the_tree_of_a_storage_is_red_and_black_as_it_has_to_be(count: int) -> None:
    deepest, blacks = depths(compound.build(Storage({f"n{number}": b"" for number in range(count)})))
    assert len(blacks) == 1
    assert deepest == count.bit_length()


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "n" * 32, "\ud800"])
def test_what_cannot_be_a_name_is_refused(name: str) -> None:
    with pytest.raises(CompoundFormatError, match="cannot be a name"):
        compound.build(Storage({name: b""}))


def test_names_that_differ_in_case_are_one() -> None:
    with pytest.raises(CompoundFormatError, match="two entries"):
        compound.build(Storage({"Name": b"", "NAME": b""}))


def test_a_cut_last_sector_is_read(samples: Path) -> None:
    data = (samples / "msg" / "tika__testMSG_chinese.msg").read_bytes()
    assert len(data) % 512
    check_as_a_stranger(compound.parse(data), data)


def good() -> bytes:
    return compound.build(
        Storage({"a": b"a" * 5000, "b": Storage({"c": b"c" * 100, "d": b"d" * 100}), "e": b"e" * 4096})
    )


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (0, b"no", "no signature"),
        (26, b"\x09", "version"),
        (30, b"\x07", "version"),
        (44, b"\xff\xff\xff\x7f", "are listed"),
        (48, b"\xff\xff\xff\x7f", "there is no sector"),
    ],
)
def test_a_broken_header_is_told(at: int, value: bytes, reason: str) -> None:
    data = bytearray(good())
    data[at : at + len(value)] = value
    with pytest.raises(CompoundFormatError, match=reason):
        compound.parse(bytes(data))


def test_a_list_of_tables_that_runs_in_a_circle_is_told() -> None:
    data = bytearray(good())
    struct.pack_into("<I", data, 44, 0xFFFFFFFF)
    struct.pack_into("<II", data, 68, 0, 0xFFFFFFFF)
    struct.pack_into("<I", data, 512 + 508, 0)  # sector 0 goes on with sector 0
    with pytest.raises(CompoundFormatError, match="two streams"):
        compound.parse(bytes(data))


def test_a_directory_that_runs_in_a_circle_is_told() -> None:
    data = bytearray(good())
    (start,) = struct.unpack_from("<I", data, 48)
    root_child = 512 * (start + 1) + 76
    struct.pack_into("<I", data, root_child, 0)
    with pytest.raises(CompoundFormatError, match="two places"):
        compound.parse(bytes(data))


def test_malformed_files_raise_nothing_else() -> None:
    draw = random.Random(20)
    original = good()
    failed = 0
    for _ in range(3000):
        data = bytearray(original)
        for _ in range(draw.randrange(1, 6)):
            # Where the structure is: header, tables, directory; content is not looked at.
            data[draw.choice((draw.randrange(512), draw.randrange(len(data))))] = draw.choice((0, 1, 0x7F, 0xFE, 0xFF))
        try:
            compound.parse(bytes(data[: draw.randrange(len(data))] if draw.random() < 0.1 else data))
        except CompoundFormatError:
            failed += 1
    assert failed > 300
