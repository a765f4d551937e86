"""Property contexts: every type, sizes around the limits, and more properties than one heap block holds."""

import datetime
import io
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailconnector.mapi.types import FileTime, PropertyType
from mailconnector.mapi.values import Value, encode
from mailconnector.pst.disk import ANSI, UNICODE, Layout
from mailconnector.pst.errors import PstFormatError
from mailconnector.pst.ltp.node import NodeEditor, NodeReader
from mailconnector.pst.ltp.property_context import (
    ObjectRef,
    PropertyContext,
    StoredValue,
    pack_object,
    set_inline,
    write_properties,
)
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device

NID = 0x10004
LAYOUTS = [ANSI, UNICODE]
T = PropertyType


def numbers(bits: int) -> st.SearchStrategy[int]:
    return st.integers(-(1 << bits - 1), (1 << bits - 1) - 1)


floats = st.floats(allow_nan=False)
float32 = st.floats(allow_nan=False, width=32)
times = st.integers(0, (1 << 64) - 1).map(FileTime)
texts = st.text(st.characters(exclude_characters="\0"), max_size=60)
latin = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60)
guids = st.uuids().map(lambda value: uuid.UUID(int=value.int))
binaries = st.binary(max_size=100)

VALUES: dict[PropertyType, st.SearchStrategy] = {
    T.INTEGER16: numbers(16),
    T.INTEGER32: numbers(32),
    T.FLOATING32: float32,
    T.FLOATING64: floats,
    T.CURRENCY: numbers(64),
    T.FLOATING_TIME: floats,
    T.ERROR_CODE: st.integers(0, 0xFFFFFFFF),
    T.BOOLEAN: st.booleans(),
    T.INTEGER64: numbers(64),
    T.STRING8: latin,
    T.STRING: texts,
    T.TIME: times,
    T.GUID: guids,
    T.SERVER_ID: binaries,
    T.RESTRICTION: binaries,
    T.RULE_ACTION: binaries,
    T.BINARY: binaries,
    T.MULTIPLE_INTEGER16: st.lists(numbers(16), max_size=9),
    T.MULTIPLE_INTEGER32: st.lists(numbers(32), max_size=9),
    T.MULTIPLE_FLOATING32: st.lists(float32, max_size=9),
    T.MULTIPLE_FLOATING64: st.lists(floats, max_size=9),
    T.MULTIPLE_CURRENCY: st.lists(numbers(64), max_size=9),
    T.MULTIPLE_FLOATING_TIME: st.lists(floats, max_size=9),
    T.MULTIPLE_INTEGER64: st.lists(numbers(64), max_size=9),
    T.MULTIPLE_STRING8: st.lists(latin, min_size=1, max_size=9),
    T.MULTIPLE_STRING: st.lists(texts, min_size=1, max_size=9),
    T.MULTIPLE_TIME: st.lists(times, max_size=9),
    T.MULTIPLE_GUID: st.lists(guids, max_size=9),
    T.MULTIPLE_BINARY: st.lists(binaries, min_size=1, max_size=9),
}


def saved(values: dict[int, StoredValue], layout: Layout) -> tuple[PropertyContext, NodeEditor]:
    db = NodeDatabase.create(Device(io.BytesIO()), layout, 0)
    node = NodeEditor(db, nid=NID)
    write_properties(node, values)
    bids = node.save()
    return PropertyContext(NodeReader(db, *bids, NID)), NodeEditor(db, *bids, NID)


def test_every_type_is_tested() -> None:
    assert set(T) - set(VALUES) == {T.UNSPECIFIED, T.NULL, T.OBJECT}


@st.composite
def property_sets(draw: st.DrawFn) -> dict[int, tuple[PropertyType, Value]]:
    pids = draw(st.lists(st.integers(1, 0xFFFE), unique=True, max_size=25))
    return {pid: (kind := draw(st.sampled_from(sorted(VALUES))), draw(VALUES[kind])) for pid in pids}


@settings(max_examples=150)
@given(st.sampled_from(LAYOUTS), property_sets())
def test_values_of_every_type(layout: Layout, wanted: dict[int, tuple[PropertyType, Value]]) -> None:
    pc, _ = saved({pid: StoredValue(kind, encode(kind, value)) for pid, (kind, value) in wanted.items()}, layout)
    assert pc.tags() == [pid << 16 | wanted[pid][0] for pid in sorted(wanted)]
    assert dict(pc.items()) == {pid << 16 | kind: value for pid, (kind, value) in wanted.items()}
    for pid, (kind, value) in wanted.items():
        assert pc.value(pid) == value
        assert type(pc.value(pid)) is type(dict(pc.items())[pid << 16 | kind])
        assert pc.raw(pid) == encode(kind, value)
        assert pc.stored_size(pid) == len(encode(kind, value))
        assert pid in pc
    assert len(pc) == len(wanted)
    assert pc.stored() == {pid: StoredValue(kind, encode(kind, value)) for pid, (kind, value) in wanted.items()}


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@pytest.mark.parametrize("size", [0, 1, 3578, 3579, 3580, 3581, 3582, 8176, 8177, 8180, 8181, 100_000])
def test_sizes_around_the_limits(layout: Layout, size: int) -> None:
    data = bytes(at % 251 for at in range(size))
    text = ("a" * (size // 2)).encode("utf-16-le")
    pc, node = saved(
        {
            0x3701: StoredValue(T.BINARY, data),
            0x1000: StoredValue(T.STRING, text),
            1: StoredValue(T.INTEGER32, b"\1\0\0\0"),
        },
        layout,
    )
    assert pc.raw(0x3701) == pc.value(0x3701) == data
    assert pc.value(0x1000) == "a" * (size // 2)
    assert bool(pc.subnode_of(0x3701)) == (size > 3580)
    assert len(node.subnodes) == (size > 3580) + (len(text) > 3580)
    assert pc.stored_size(0x3701) == size
    assert pc.value(1) == 1


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@pytest.mark.parametrize("count", [0, 1, 446, 447, 448, 1000, 4000])
def test_many_properties(layout: Layout, count: int) -> None:
    values = {pid: StoredValue(T.STRING, f"value {pid}".encode("utf-16-le")) for pid in range(1, count + 1)}
    values[0x7000] = StoredValue(T.BINARY, b"large" * 2000)
    values[0x7001] = StoredValue(T.INTEGER32, b"\x39\5\0\0")
    pc, node = saved(values, layout)
    assert len(pc) == count + 2
    for pid in range(1, count + 1):
        assert pc.value(pid) == f"value {pid}"
    assert pc.raw(0x7000) == b"large" * 2000
    assert pc.value(0x7001) == 1337
    # A value in the record is changed in its place, in a simple PC and in one of many blocks.
    changed = {**values, 0x7001: StoredValue(T.INTEGER32, b"\1\0\0\0")}
    set_inline(node, changed, 0x7001)
    again = PropertyContext(NodeReader(node.db, *node.save(), NID))
    assert again.value(0x7001) == 1
    assert len(again) == count + 2
    assert count == 0 or again.value(count) == f"value {count}"


@settings(max_examples=40)
@given(st.sampled_from(LAYOUTS), st.lists(property_sets(), min_size=2, max_size=4))
def test_a_property_context_that_is_written_again_and_again(
    layout: Layout, sets: list[dict[int, tuple[PropertyType, Value]]]
) -> None:
    pc, node = saved({}, layout)
    assert len(pc) == 0
    for wanted in sets:
        write_properties(node, {pid: StoredValue(kind, encode(kind, value)) for pid, (kind, value) in wanted.items()})
        bids = node.save()
        pc = PropertyContext(NodeReader(node.db, *bids, NID))
        assert dict(pc.items()) == {pid << 16 | kind: value for pid, (kind, value) in wanted.items()}
        node = NodeEditor(node.db, *bids, NID)
    # One block, and the blocks of before are free again.
    assert sum(1 for _ in node.db.all_blocks()) == node.block_count + (1 if node.block_count > 1 else 0)


@settings(max_examples=20)
@given(st.integers(0, 0xFFFFFFFF), st.integers(0, 1 << 40))
def test_objects(nid: int, size: int) -> None:
    pc, _ = saved({0x3701: StoredValue(T.OBJECT, pack_object(nid, size))}, UNICODE)
    assert pc.object(0x3701) == ObjectRef(nid, min(size, 0xFFFFFFFF))
    assert pc.value(0x3701) == pack_object(nid, size)
    assert list(pc.items()) == []
    assert pc.object(0x3702) is None


def test_damaged_values() -> None:
    pc, _ = saved(
        {
            1: StoredValue(T.OBJECT, b"short"),
            2: StoredValue(T.TIME, b"short"),
            3: StoredValue(T.MULTIPLE_STRING, b"\xff\xff\xff\xff"),
            4: StoredValue(0x7777, b"of no known type"),
            5: StoredValue(T.STRING, b"odd"),
            6: StoredValue(T.BINARY, b"", 0x99F),
        },
        UNICODE,
    )
    for pid in (2, 3, 6):
        with pytest.raises(PstFormatError):
            pc.value(pid)
    with pytest.raises(PstFormatError):
        pc.object(1)
    with pytest.raises(PstFormatError):
        dict(pc.items())
    assert pc.value(4) == b"of no known type"
    assert pc.value(5) == "\u646f"
    assert pc.get(7) is None
    with pytest.raises(KeyError):
        pc.value(7)


def test_a_time_is_a_time() -> None:
    ticks = FileTime.from_datetime(datetime.datetime(2002, 5, 1, tzinfo=datetime.UTC))
    pc, _ = saved({0x0E06: StoredValue(T.TIME, encode(T.TIME, ticks))}, ANSI)
    assert isinstance(pc.value(0x0E06), FileTime)
    assert dict(pc.items())[0x0E060040] == ticks
