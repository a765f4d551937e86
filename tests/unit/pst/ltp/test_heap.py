"""Heaps: items that come, change and go over many blocks, against a dictionary."""

import io
import struct
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailconnector.pst import disk
from mailconnector.pst.disk import ANSI, UNICODE, Layout
from mailconnector.pst.errors import PstFormatError, PstFullError
from mailconnector.pst.ltp.heap import (
    CLIENT_PC,
    MAX_ITEM,
    HeapEditor,
    HeapReader,
    fill_level,
    header_size,
    pack_simple,
    page_map,
)
from mailconnector.pst.ltp.node import NodeEditor, NodeReader
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device

LAYOUTS = [ANSI, UNICODE]
NID = 0x10004


class Heap:
    """A heap in a database, which is flushed, saved and opened again."""

    def __init__(self, layout: Layout) -> None:
        self.db = NodeDatabase.create(Device(io.BytesIO()), layout, 0)
        self.node = NodeEditor(self.db, nid=NID)
        self.editor = HeapEditor(self.node, CLIENT_PC)
        self.model: dict[int, bytes] = {}

    def add(self, data: bytes) -> None:
        hid = self.editor.add(data)
        assert hid not in self.model
        assert hid & disk.NID_TYPE_MASK == 0
        self.model[hid] = data

    def replace(self, hid: int, data: bytes) -> None:
        del self.model[hid]
        new = self.editor.replace(hid, data)
        assert new not in self.model
        self.model[new] = data

    def remove(self, hid: int) -> None:
        del self.model[hid]
        self.editor.remove(hid)

    def save(self) -> None:
        if not self.model and not self.node.block_count:
            return
        self.editor.set_user_root(min(self.model, default=0))
        self.editor.flush()
        bids = self.node.save()
        self.check(NodeReader(self.db, *bids, NID))
        self.node = NodeEditor(self.db, *bids, NID)
        self.editor = HeapEditor(self.node, CLIENT_PC)

    def check(self, node: NodeReader) -> None:
        """Compare what was written with the model, and each block with what [MS-PST] and the measured files say."""
        reader = HeapReader(node, CLIENT_PC)
        assert reader.user_root == min(self.model, default=0)
        for hid, data in self.model.items():
            assert reader.item(hid) == data
            assert self.editor.item(hid) == data
        alive = dict.fromkeys(hid >> 16 for hid in self.model)
        levels: list[int] = []
        free = []
        for number in range(node.block_count):
            block = node.block(number)
            assert len(block) == self.db.layout.block_data_max or number == node.block_count - 1
            starts = page_map(block, NID)
            assert starts[0] == header_size(number)
            lengths = [end - start for start, end in pairwise(starts)]
            at = int.from_bytes(block[:2], "little")
            assert at == starts[-1] + (starts[-1] & 1)
            assert int.from_bytes(block[at + 2 : at + 4], "little") == lengths.count(0)
            used = {(hid >> 5 & 0x7FF) - 1 for hid in self.model if hid >> 16 == number}
            assert {index for index, length in enumerate(lengths) if length} == used
            if number == 0:
                levels += [nibble for byte in block[8:12] for nibble in (byte & 15, byte >> 4)]
            elif header_size(number) == 66:
                levels += [nibble for byte in block[2:66] for nibble in (byte & 15, byte >> 4)]
            free.append(self.db.layout.block_data_max - at - 4 - 2 * len(starts))
        assert alive.keys() <= set(range(node.block_count))
        for number, room in enumerate(free):
            # What counts is that a full block is never taken for one with room.
            assert abs(levels[number] - fill_level(room)) <= 1
        assert not any(levels[len(free) :])


steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, MAX_ITEM)),
        st.tuples(st.just("many"), st.integers(1, 60)),
        st.tuples(st.just("large"), st.integers(2000, MAX_ITEM)),
        st.tuples(st.just("replace"), st.integers(0, 1 << 20)),
        st.tuples(st.just("remove"), st.integers(0, 1 << 20)),
        st.tuples(st.just("save"), st.just(0)),
    ),
    max_size=60,
)


@settings(max_examples=60)
@given(st.sampled_from(LAYOUTS), steps)
def test_a_heap_agrees_with_a_dictionary(layout: Layout, steps: list[tuple[str, int]]) -> None:
    heap = Heap(layout)
    for number, (step, value) in enumerate(steps):
        fill = bytes([number + 1])
        hids = list(heap.model)
        if step in ("add", "large"):
            heap.add(fill * value)
        elif step == "many":
            for _ in range(value):
                heap.add(fill * 20)
        elif step == "replace" and hids:
            heap.replace(hids[value % len(hids)], fill * (value % MAX_ITEM + 1))
        elif step == "remove" and hids:
            heap.remove(hids[value % len(hids)])
        elif step == "save":
            heap.save()
    heap.save()


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_blocks_with_fill_levels(layout: Layout) -> None:
    """Blocks 8 and 136 have the fill levels of the 128 blocks from them on."""
    heap = Heap(layout)
    for number in range(2 * 140):
        heap.add(bytes([number & 0xFF]) * 3500)
        if number in (15, 16, 17, 18, 271, 272, 273):
            heap.save()
    heap.save()
    assert heap.node.block_count == 140
    hids = list(heap.model)
    for hid in (hids[0], hids[17], hids[40], hids[272], hids[279]):
        heap.remove(hid)
        heap.save()
    # The room that this made is found again, from the fill levels alone.
    for _ in range(5):
        heap.add(b"x" * 3400)
    heap.save()
    assert heap.node.block_count == 140
    assert {hid >> 16 for hid, data in heap.model.items() if len(data) == 3400} == {hid >> 16 for hid in
            (hids[0], hids[17], hids[40], hids[272], hids[279])}  # fmt: skip


def test_an_item_that_is_too_large() -> None:
    heap = Heap(UNICODE)
    heap.add(b"x" * MAX_ITEM)
    with pytest.raises(PstFullError):
        heap.editor.add(b"x" * (MAX_ITEM + 1))


@given(st.lists(st.binary(max_size=200), max_size=60), st.sampled_from([8176, 8180]))
def test_simple_heaps(items: list[bytes], capacity: int) -> None:
    packed = pack_simple(CLIENT_PC, items, 0x20, capacity)
    total = 12 + sum(map(len, items))
    total += (total & 1) + 6 + 2 * len(items)
    if packed is None:
        assert total > capacity
        return
    assert len(packed) == total <= capacity
    db = NodeDatabase.create(Device(io.BytesIO()), UNICODE, 0)
    reader = HeapReader(NodeReader(db, db.write_data(packed), 0, NID), CLIENT_PC)
    assert [reader.item(number << 5) for number in range(1, len(items) + 1)] == items
    with pytest.raises(PstFormatError):
        reader.item(len(items) + 1 << 5)
    with pytest.raises(PstFormatError):
        reader.item(0x21)


def test_the_wrong_kind_of_heap() -> None:
    db = NodeDatabase.create(Device(io.BytesIO()), UNICODE, 0)
    packed = pack_simple(0x7C, [b"x"], 0x20, 8176)
    assert packed is not None
    with pytest.raises(PstFormatError, match="kind"):
        HeapReader(NodeReader(db, db.write_data(packed), 0, NID), CLIENT_PC)
    with pytest.raises(PstFormatError, match="none"):
        HeapReader(NodeReader(db, db.write_data(b"no heap at all"), 0, NID), CLIENT_PC)
    with pytest.raises(PstFormatError):
        HeapReader(NodeReader(db, 0, 0, NID), CLIENT_PC)


@given(st.integers(0, 8192))
def test_fill_levels_say_at_least_how_much_is_free(free: int) -> None:
    bounds = (3584, 2560, 2048, 1792, 1536, 1280, 1024, 768, 512, 256, 128, 64, 32, 16, 8, 0)
    level = fill_level(free)
    assert bounds[level] <= free
    assert level == 0 or free < bounds[level - 1]


@given(st.binary(max_size=64))
def test_page_maps_of_anything(data: bytes) -> None:
    try:
        starts = page_map(data, NID)
    except PstFormatError:
        return
    at = struct.unpack_from("<H", data)[0]
    assert len(starts) == struct.unpack_from("<H", data, at)[0] + 1
