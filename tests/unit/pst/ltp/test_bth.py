"""BTHs of several levels against a dictionary."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailconnector.pst.disk import ANSI, UNICODE, Layout
from mailconnector.pst.errors import PstFormatError
from mailconnector.pst.ltp import bth
from mailconnector.pst.ltp.heap import CLIENT_PC, HeapEditor, HeapReader
from mailconnector.pst.ltp.node import NodeEditor, NodeReader
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device

NID = 0x10004
layouts = st.sampled_from([ANSI, UNICODE])
widths = st.sampled_from([(2, 6), (4, 2), (4, 4), (4, 32)])


class Tree:
    """A BTH in a heap of its own."""

    def __init__(self, layout: Layout, key: int, entry: int) -> None:
        self.key, self.entry = key, entry
        self.db = NodeDatabase.create(Device(io.BytesIO()), layout, 0)
        self.node = NodeEditor(self.db, nid=NID)
        self.heap = HeapEditor(self.node, CLIENT_PC)
        self.hid = bth.new_bth(self.heap, key, entry)
        self.heap.set_user_root(self.hid)
        self.editor = bth.BthEditor(self.heap, self.hid, key)
        self.model: dict[int, bytes] = {}

    def data_of(self, salt: int) -> bytes:
        return (salt * 2654435761 % (1 << 8 * self.entry)).to_bytes(self.entry, "little")

    def put(self, key: int, salt: int) -> None:
        self.editor.put(key, self.data_of(salt))
        self.model[key] = self.data_of(salt)

    def remove(self, key: int) -> None:
        assert self.editor.remove(key) == (self.model.pop(key, None) is not None)

    def check(self) -> int:
        """Compare with the model, read anew, and return the number of levels."""
        self.heap.flush()
        bids = self.node.save()
        reader = HeapReader(NodeReader(self.db, *bids, NID), CLIENT_PC)
        entry, levels, root = bth.read_header(reader, self.hid, self.key, self.entry)
        assert entry == self.entry
        width = self.key + self.entry
        found: list[tuple[int, bytes]] = []
        for leaf in bth.leaves(reader, levels, root, self.key, self.entry):
            assert leaf
            assert len(leaf) <= 3580
            for at in range(0, len(leaf), width):
                found.append((int.from_bytes(leaf[at : at + self.key], "little"), leaf[at + self.key : at + width]))
        assert found == sorted(self.model.items())
        self.node = NodeEditor(self.db, *bids, NID)
        self.heap = HeapEditor(self.node, CLIENT_PC)
        self.editor = bth.BthEditor(self.heap, self.hid, self.key)
        for key, data in list(self.model.items())[:50]:
            assert self.editor.find(key) == data
        for key in (0, 1, 60_000):
            assert self.editor.find(key) == self.model.get(key)
        return levels


batches = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.lists(st.integers(0, 65_000), max_size=60)),
        st.tuples(
            st.sampled_from(["put", "remove"]),
            st.builds(lambda at, count, step: list(range(at, min(at + count * step, 65_000), step)),
                      st.integers(0, 60_000), st.integers(1, 1500), st.sampled_from([1, 1, 3, 40])),
        ),
        st.tuples(st.just("remove"), st.lists(st.integers(0, 65_000), max_size=20)),
        st.tuples(st.just("check"), st.just([])),
    ),
    max_size=6,
)  # fmt: skip


@settings(max_examples=40)
@given(layouts, widths, batches)
def test_a_bth_agrees_with_a_dictionary(
    layout: Layout, sizes: tuple[int, int], batches: list[tuple[str, list[int]]]
) -> None:
    tree = Tree(layout, *sizes)
    for number, (step, keys) in enumerate(batches):
        if step == "put":
            for key in keys:
                tree.put(key, key + number)
        elif step == "remove":
            for key in keys:
                tree.remove(key)
        else:
            tree.check()
    tree.check()


@pytest.mark.parametrize(
    ("order", "count"), [pytest.param("up", 46_000, marks=pytest.mark.slow), ("down", 24_000), ("mixed", 36_000)]
)
def test_growth_to_three_levels_and_back(order: str, count: int) -> None:
    tree = Tree(UNICODE, 4, 32)
    keys = list(range(count))
    if order == "down":
        keys.reverse()
    elif order == "mixed":
        keys = [at * 7919 % count for at in keys]
    for key in keys:
        tree.put(key, key)
    assert tree.check() >= 2
    for key in keys[: count - 10]:
        tree.remove(key)
    tree.check()
    for key in keys[count - 10 :]:
        tree.remove(key)
    assert tree.check() == 0
    assert not tree.model


@pytest.mark.parametrize("count", [0, 1, 447, 448, 5000])
def test_a_bth_built_at_once(count: int) -> None:
    tree = Tree(UNICODE, 2, 6)
    records = [key.to_bytes(2, "little") + tree.data_of(key) for key in range(count)]
    bth.build(tree.heap, tree.hid, 2, 6, records)
    tree.model = {key: tree.data_of(key) for key in range(count)}
    assert tree.check() == (0 if count <= 447 else 1)


@pytest.mark.parametrize(
    "header", [b"", b"\xb5\2\6\0\0\0\0", b"\xb4\2\6\0\0\0\0\0", b"\xb5\4\6\0\0\0\0\0", b"\xb5\2\0\0\0\0\0\0",
               b"\xb5\2\x21\0\0\0\0\0", b"\xb5\2\6\x09\0\0\0\0", b"\xb5\2\5\0\0\0\0\0"],
)  # fmt: skip
def test_headers_that_are_none(header: bytes) -> None:
    db = NodeDatabase.create(Device(io.BytesIO()), UNICODE, 0)
    heap = HeapEditor(NodeEditor(db, nid=NID), CLIENT_PC)
    hid = heap.add(header or b"short")
    with pytest.raises(PstFormatError):
        bth.read_header(heap, hid, 2, 6)
