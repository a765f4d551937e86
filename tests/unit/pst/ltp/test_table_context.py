"""Table contexts: random rows against dictionaries, with the row matrix in the heap and in a subnode."""

import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailconnector.pst.disk import ANSI, UNICODE, Layout
from mailconnector.pst.errors import PstFormatError
from mailconnector.pst.ltp import bth
from mailconnector.pst.ltp.heap import CLIENT_TC, HeapEditor
from mailconnector.pst.ltp.node import NodeEditor, NodeReader
from mailconnector.pst.ltp.table_context import ROW_ID, ROW_VERSION, TableContext
from mailconnector.pst.ltp.table_editor import TableEditor, lay_out, write_table
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device

NID = 0x60E
COLUMNS = (0x0E070003, 0x0E080014, 0x0E1B000B, 0x00360002, 0x0037001F, 0x0E060040, 0x30130102, 0x0E38101F)
WIDTHS = {0x0E070003: 4, 0x0E080014: 8, 0x0E1B000B: 1, 0x00360002: 2, 0x0E060040: 8}
Rows = dict[int, dict[int, bytes]]


class Table:
    """A table that is saved and opened again, and what it should hold."""

    def __init__(self, layout: Layout) -> None:
        self.db = NodeDatabase.create(Device(io.BytesIO()), layout, 0)
        self.node = NodeEditor(self.db, nid=NID)
        self.editor = TableEditor(self.node, COLUMNS)
        self.model: Rows = {}
        self.versions: dict[int, int] = {}
        self._version = 0

    def put(self, row_id: int, cells: dict[int, bytes | None]) -> None:
        self._version += 1
        self.editor.put_row(row_id, self._version, cells)
        row = self.model.setdefault(row_id, {})
        self.versions[row_id] = self._version
        for tag, data in cells.items():
            if data is None:
                row.pop(tag, None)
            else:
                row[tag] = data

    def delete(self, row_id: int) -> None:
        assert self.editor.delete_row(row_id) == (self.model.pop(row_id, None) is not None)

    def save(self) -> TableContext:
        self.editor.flush()
        bids = self.node.save()
        table = TableContext(NodeReader(self.db, *bids, NID))
        self.check(table)
        # An editor takes the node apart: nobody reads it from here on.
        self.node = NodeEditor(self.db, *bids, NID)
        self.editor = TableEditor(self.node)
        assert self.editor.count == len(self.model)
        return table

    def check_whole(self, table: TableContext) -> None:
        """Check that reading all rows at once gives what they give one by one, a damaged value included."""
        spent: list[int] = []
        try:
            rows = [dict(row.items()) for row in table.rows()]
        except PstFormatError:
            with pytest.raises(PstFormatError):
                table.read_rows(spent.append)
            return
        for row in rows:
            del row[ROW_ID], row[ROW_VERSION]
        assert table.read_rows(spent.append) == rows
        sizes = [len(data) for cells in self.model.values() for tag, data in cells.items() if tag not in WIDTHS]
        assert sum(spent) >= sum(sizes)

    def check(self, table: TableContext) -> None:
        assert len(table) == len(self.model)
        assert table.index.keys() == self.model.keys()
        assert sorted(table.index.values()) == list(range(len(self.model)))
        seen = set()
        for number, row in enumerate(table.rows()):
            seen.add(row.row_id)
            assert table.index[row.row_id] == number
            cells = {tag: row.raw(tag) for tag in row.tags() if tag not in (ROW_ID, ROW_VERSION)}
            assert cells == self.model[row.row_id]
            assert row.get(ROW_VERSION) == self.versions[row.row_id]
        assert seen == self.model.keys()
        self.check_whole(table)
        for row_id in [*list(self.model)[:5], 0x99999]:
            found = table.row(row_id)
            assert (found is None) == (row_id not in self.model)
            assert found is None or found.row_id == row_id


texts = st.one_of(st.integers(0, 60), st.integers(3570, 3590), st.integers(8100, 9000)).map(
    lambda size: bytes(at % 250 + 1 for at in range(size))
)
cells = st.fixed_dictionaries(
    {},
    optional={
        tag: st.none() | (st.binary(min_size=WIDTHS[tag], max_size=WIDTHS[tag]) if tag in WIDTHS else texts)
        for tag in COLUMNS
    },
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 30), cells),
        st.tuples(st.just("many"), st.integers(1, 4000), st.integers(1, 500)),
        st.tuples(st.just("delete"), st.integers(1, 30), st.just(0)),
        st.tuples(st.just("thin"), st.integers(1, 4), st.just(0)),
        st.tuples(st.just("save"), st.just(0), st.just(0)),
    ),
    max_size=14,
)


@settings(max_examples=60)
@given(st.sampled_from([ANSI, UNICODE]), steps)
def test_a_table_agrees_with_dictionaries(layout: Layout, steps: list) -> None:
    table = Table(layout)
    for step, number, value in steps:
        if step == "put":
            table.put(number, value)
        elif step == "many":
            for row_id in range(number, number + value):
                table.put(row_id, {0x0E070003: row_id.to_bytes(4, "little"), 0x0037001F: b"%d" % row_id})
        elif step == "delete":
            table.delete(number)
        elif step == "thin":
            for row_id in [row_id for row_id in table.model if row_id % 4 < number]:
                table.delete(row_id)
        else:
            table.save()
    table.save()


@pytest.mark.parametrize("layout", [ANSI, UNICODE], ids=lambda layout: layout.name)
def test_the_row_matrix_moves_to_a_subnode_and_back(layout: Layout) -> None:
    table = Table(layout)
    where = []
    for count in (1, 40, 400, 1200):
        for row_id in range(1, count + 1):
            table.put(row_id * 32, {0x0037001F: b"subject", 0x0E080014: bytes(8)})
        where.append(bool(table.save().info.hnid_rows & 0x1F))
    assert where == [False, False, True, True]
    for count in (600, 70, 1, 0):
        for row_id in range(count + 1, 1201):
            table.delete(row_id * 32)
        table.save()
    assert table.editor.info.hnid_rows == 0
    assert not table.node.subnodes
    table.put(5, {0x0037001F: b"again"})
    assert not table.save().info.hnid_rows & 0x1F


def test_values_over_the_heap_limit_and_their_going() -> None:
    table = Table(UNICODE)
    for row_id in range(1, 6):
        table.put(row_id, {0x0037001F: b"x" * 9000, 0x30130102: b"y" * 3581})
    table.save()
    assert len(table.node.subnodes) == 10
    table.put(1, {0x0037001F: b"short", 0x30130102: None})
    table.delete(2)
    table.save()
    assert len(table.node.subnodes) == 6
    for row_id in (1, 3, 4, 5):
        table.delete(row_id)
    table.save()
    assert not table.node.subnodes


@settings(max_examples=40)
@given(st.sampled_from([ANSI, UNICODE]), st.lists(cells, max_size=12))
def test_tables_written_at_once(layout: Layout, rows: list[dict[int, bytes | None]]) -> None:
    table = Table(layout)
    node = NodeEditor(table.db, nid=NID)
    write_table(node, COLUMNS, [(number * 32, number, row) for number, row in enumerate(rows, 1)])
    bids = node.save()
    table.model = {
        number * 32: {tag: data for tag, data in row.items() if data is not None} for number, row in enumerate(rows, 1)
    }
    table.versions = {number * 32: number for number in range(1, len(rows) + 1)}
    table.check(TableContext(NodeReader(table.db, *bids, NID)))
    table.node = NodeEditor(table.db, *bids, NID)
    table.editor = TableEditor(table.node)
    table.put(7, {0x0037001F: b"one more"})
    table.save()


@given(st.lists(st.sampled_from([0x0003, 0x000B, 0x0002, 0x0040, 0x001F, 0x0102, 0x0005, 0x0014]), max_size=60))
def test_layouts(types: list[int]) -> None:
    tags = tuple(0x3000 + at << 16 | ptype for at, ptype in enumerate(types))
    info = lay_out(tags)
    assert [column.tag for column in info.columns] == sorted((*tags, ROW_ID, ROW_VERSION))
    assert sorted(column.bit for column in info.columns) == list(range(len(tags) + 2))
    taken: set[int] = set()
    for column in info.columns:
        place = set(range(column.at, column.at + column.size))
        assert not place & taken
        taken |= place
        group = {8: 0, 4: 0, 2: 1, 1: 2}[column.size]
        assert (info.ends[group - 1] if group else 0) <= column.at
        assert column.at + column.size <= info.ends[group]
    assert taken == set(range(info.ends[2]))
    assert info.row_size == info.ends[2] + (len(tags) + 9) // 8


def test_a_column_that_the_table_does_not_have_is_passed_over() -> None:
    table = Table(UNICODE)
    table.editor.put_row(32, 1, {0x7FFF001F: b"nowhere", 0x0037001F: b"here", ROW_ID: b"\xff\xff\xff\xff"})
    table.model[32] = {0x0037001F: b"here"}
    table.versions[32] = 1
    table.save()


def test_columns_that_overlap_are_refused_when_a_row_is_added() -> None:
    table = Table(UNICODE)
    table.put(1, {0x0E070003: b"abcd"})
    table.save()
    heap = HeapEditor(table.node, CLIENT_TC)
    info = bytearray(heap.item(heap.user_root))
    at = info.index(struct.pack("<I", 0x0E070003))
    info[at + 4 : at + 6] = info[info.index(struct.pack("<I", 0x0037001F)) + 4 :][:2]
    heap.replace(heap.user_root, bytes(info))
    heap.flush()
    editor = TableEditor(NodeEditor(table.db, *table.node.save(), NID))
    editor.put_row(2, 2, {0x0E070003: b"abcd"})
    with pytest.raises(PstFormatError):
        editor.put_row(3, 3, {0x0E070003: b"abcd", 0x0037001F: b"text"})


def test_a_table_without_row_ids_cannot_be_changed() -> None:
    db = NodeDatabase.create(Device(io.BytesIO()), UNICODE, 0)
    with pytest.raises(PstFormatError):
        TableEditor(NodeEditor(db, db.write_data(b"no table"), 0, NID))


# -- tables of kind 0xAC -----------------------------------------------------------------------------------------------

WIDE_TAGS = (0x0037001F, 0x0E070003, 0x0E300102, ROW_ID, ROW_VERSION)
SUBJECT_HEAP, BINARY_HEAP, COLUMNS_NID, LARGE = 0x8041, 0x8061, 0x8021, 0x9F


def wide_table(
    *, columns_in_heap: bool = False, spoil: str = "", rows: int = 3, row_subnode: bool = False
) -> tuple[NodeDatabase, NodeEditor]:
    """Return a table of kind 0xAC: a subject and a binary column with heaps of their own, flags in the row."""
    db = NodeDatabase.create(Device(io.BytesIO()), UNICODE, 0)
    node = NodeEditor(db, nid=0x730)
    heap = HeapEditor(node, 0xAC)
    column_heaps = {SUBJECT_HEAP: NodeEditor(db, nid=SUBJECT_HEAP), BINARY_HEAP: NodeEditor(db, nid=BINARY_HEAP)}
    editors = {nid: HeapEditor(editor, 0xA5) for nid, editor in column_heaps.items()}
    places = {ROW_ID: (0, 0, 0), ROW_VERSION: (4, 1, 0), 0x0E070003: (8, 2, 0)}
    places |= {0x0037001F: (12, 3, SUBJECT_HEAP), 0x0E300102: (16, 40 if spoil == "bit" else 4, BINARY_HEAP)}
    matrix = b""
    for number in range(rows):
        subject = editors[SUBJECT_HEAP].add(f"subject {number}".encode("utf-16-le"))
        binary = editors[BINARY_HEAP].add(bytes([number]) * 9)
        if number == 2:
            binary = LARGE
        matrix += struct.pack("<5IB", 0x40 + number, number + 1, number, subject, binary, 0b11111000)
    column_heaps[BINARY_HEAP].put_subnode(LARGE, db.write_data(b"large" * 2000))
    described = b"".join(
        struct.pack("<IHHHHI", tag, at, 4, bit, 0, nid) for tag in WIDE_TAGS for at, bit, nid in [places[tag]]
    )
    if spoil == "columns":
        described = described[:-1]
    index = bth.new_bth(heap, 4, 4)
    bth.build(heap, index, 4, 4, [struct.pack("<II", 0x40 + number, number) for number in range(rows)])
    hnid_columns = heap.add(described) if columns_in_heap else COLUMNS_NID
    if not columns_in_heap:
        node.put_subnode(COLUMNS_NID, db.write_data(described))
    hnid_rows = 0x3F if row_subnode else heap.add(matrix) if matrix else 0
    if row_subnode:
        node.put_subnode(0x3F, db.write_data(matrix))
    ends = (20, 20, 20, 21)
    kind = 0x7C if spoil == "kind" else 0xAC
    info = struct.pack("<BB4HIIIHI12s", kind, 0, *ends, index, hnid_rows, 0, len(WIDE_TAGS), hnid_columns, bytes(12))
    heap.set_user_root(heap.add(info[:-1] if spoil == "short" else info))
    heap.flush()
    for nid, editor in editors.items():
        editor.flush()
        if not (spoil == "heap" and nid == BINARY_HEAP):
            node.put_subnode(nid, *column_heaps[nid].save())
    return db, node


@pytest.mark.parametrize("row_subnode", [False, True])
@pytest.mark.parametrize("columns_in_heap", [False, True])
def test_columns_with_heaps_of_their_own(columns_in_heap: bool, row_subnode: bool) -> None:
    db, node = wide_table(columns_in_heap=columns_in_heap, row_subnode=row_subnode)
    table = TableContext(NodeReader(db, *node.save(), 0x730))
    assert len(table) == 3
    found = [dict(row.items()) for row in table.rows()]
    assert [cells[0x0037001F] for cells in found] == ["subject 0", "subject 1", "subject 2"]
    assert [cells[0x0E300102] for cells in found] == [b"\0" * 9, b"\1" * 9, b"large" * 2000]
    assert [cells[0x0E070003] for cells in found] == [0, 1, 2]
    row = table.row(0x41)
    assert row is not None and row.get(0x0037001F) == "subject 1" and row.row_id == 0x41


def test_an_empty_table_of_kind_ac() -> None:
    db, node = wide_table(rows=0)
    table = TableContext(NodeReader(db, *node.save(), 0x730))
    assert len(table) == 0 and not list(table.rows())


@pytest.mark.parametrize("spoil", ["columns", "kind", "short", "bit"])
def test_a_damaged_table_of_kind_ac(spoil: str) -> None:
    db, node = wide_table(spoil=spoil)
    with pytest.raises(PstFormatError):
        TableContext(NodeReader(db, *node.save(), 0x730))


def test_a_column_whose_heap_is_missing_spoils_its_own_cells_alone() -> None:
    db, node = wide_table(spoil="heap")
    row = next(TableContext(NodeReader(db, *node.save(), 0x730)).rows())
    assert row.get(0x0037001F) == "subject 0"
    with pytest.raises(PstFormatError, match="0x8061"):
        row.get(0x0E300102)


def test_a_table_of_kind_ac_cannot_be_changed() -> None:
    db, node = wide_table()
    with pytest.raises(PstFormatError, match="0xac"):
        TableEditor(NodeEditor(db, *node.save(), 0x730))
