"""Table Context under check ([MS-PST] 2.3.4)."""

import struct
from collections.abc import Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Final, NamedTuple

from mailconnector.mapi.types import PropertyType
from mailconnector.pst import disk
from mailconnector.pst.check.heap import Heap, open_heap, walk_bth
from mailconnector.pst.check.node import NodeView
from mailconnector.pst.check.properties import KNOWN_TYPES, VALUE_LIMIT, fetch_value
from mailconnector.pst.check.source import Column, RowLayout
from mailconnector.pst.ltp.heap import CLIENT_TC, CLIENT_TC_COLUMN, CLIENT_WIDE_TC
from mailconnector.pst.ltp.table_context import FIXED_SIZES, WIDE_COLUMN, WIDE_INFO

_INFO = struct.Struct("<BB4HIII")
_COLUMN = struct.Struct("<IHBB")
_ROW_IDS = {2: struct.Struct("<IH"), 4: struct.Struct("<II")}
ROW_ID: Final = 0x67F20003
ROW_VERSION: Final = 0x67F30003
_MOST_LAYOUTS: Final = 500

# 4K files keep the values of these columns in heaps of their own, in subnodes of the table (measured).
_ELSEWHERE: Final = {0x0042: 0x541, 0x3013: 0x521}


class Row(NamedTuple):
    """A row of a table.

    Attributes:
        row_id: dwRowID.
        version: PidTagLtpRowVer, None when the row has none.
        cells: by tag, the bytes of each cell that exists; None where a value is lost.
    """

    row_id: int
    version: int | None
    cells: dict[int, bytes | None]

    def number(self, tag: int) -> int | None:
        """Return a cell as an unsigned number, or None when it does not exist."""
        data = self.cells.get(tag)
        return None if data is None else int.from_bytes(data[:8], "little")


class Table:
    """A table whose columns and index have been verified; :meth:`rows` verifies the rest. Use :func:`open_table`.

    Args:
        heap: the heap that holds it.
        layout: its columns.
        hnid_rows: where the row matrix is.
        column_heaps: of a table of kind 0xAC, the heap of each column that has one, by tag; None where it is lost.
    """

    def __init__(
        self,
        heap: Heap,
        layout: RowLayout,
        hnid_rows: int,
        column_heaps: Mapping[int, Heap | None] = MappingProxyType({}),
    ) -> None:
        self.heap = heap
        self._column_heaps = column_heaps
        self.view = heap.view
        self.columns, self._ends, self.tags = layout
        self.hnid_rows = hnid_rows
        self.index: dict[int, int] = {}
        self.row_size = self._ends[3]
        self._numbers: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.index)

    def load_index(self, hid: int) -> None:
        """Read and verify the row index (2.3.4.3)."""
        view = self.view
        # ANSI files have 2 bytes for a row number by the specification; some tables in them have 4 (measured).
        sizes = (4,) if view.source.layout.wide else (2, 4)
        for size, leaf in walk_bth(self.heap, hid, 4, sizes, "the row index"):
            for row_id, number in _ROW_IDS[size].iter_unpack(leaf):
                if number in self._numbers:
                    view.report("table-index", f"the rows {self._numbers[number]:#x} and {row_id:#x} are one")
                self.index[row_id] = number
                self._numbers[number] = row_id

    def rows(self) -> Iterator[Row]:
        """Verify and yield every row. When all have been taken, what is left over in the heap is reported."""
        numbers = self._numbers
        count = len(numbers)
        number = 0
        lost = False
        for block, whole in self._blocks():
            if block is None:
                lost = True
                number += whole
                continue
            per = len(block) // self.row_size
            for at in range(min(per, whole)):
                row = block[at * self.row_size : (at + 1) * self.row_size]
                row_id = numbers.get(number)
                if row_id is None:
                    if number < count or any(row):
                        self._stray(number, row)
                else:
                    yield self._row(row, row_id)
                number += 1
        if number < count or (count and max(numbers) >= count):
            self.view.report("table-rows", f"the row index names {count} rows, the row matrix has {number}")
        if not lost:
            self.heap.report_leaks()

    def _stray(self, number: int, row: bytes) -> None:
        row_id = int.from_bytes(row[:4], "little")
        self.view.report("table-rows", f"row {number} (id {row_id:#x}) is in the row matrix and not in the index")

    def _blocks(self) -> Iterator[tuple[bytes | None, int]]:
        """Yield each block of the row matrix, None where it cannot be read, with the rows that it may hold."""
        view = self.view
        hnid = self.hnid_rows
        per = max(view.source.layout.block_data_max // self.row_size, 1)
        if not hnid:
            return
        if not hnid & disk.NID_TYPE_MASK:
            block = self.heap.item(hnid, "the row matrix")
            if block is not None and len(block) % self.row_size:
                view.report("table-matrix", f"the row matrix has {len(block)} bytes, rows have {self.row_size}")
            yield block, len(self.index) if block is None else len(block) // self.row_size
            return
        entry = view.use(hnid)
        if entry is None:
            view.report("table-matrix", f"the row matrix is the subnode {hnid:#x}, which does not exist")
            return
        rows = view.source.leaves(entry.bid_data)
        if rows is None:
            view.report("table-matrix", "the row matrix cannot be read")
            return
        for at, row in enumerate(rows):
            block = view.source.read_row(row)
            if block is None:
                view.report("table-matrix", f"block {at} of the row matrix cannot be read: its rows are lost")
            elif at + 1 == len(rows) and len(block) % self.row_size and len(block) != view.source.layout.block_data_max:
                view.report("table-matrix", f"the last block of the row matrix has {len(block)} bytes")
            yield block, per

    def _row(self, row: bytes, row_id: int) -> Row:
        view = self.view
        own = int.from_bytes(row[:4], "little")
        if own != row_id:
            view.report("table-index", f"the row that the index calls {row_id:#x} calls itself {own:#x}")
        bitmap_at = self._ends[2]
        cells: dict[int, bytes | None] = {}
        for tag, at, size, bit, fixed in self.columns:
            if row[bitmap_at + (bit >> 3)] & 0x80 >> (bit & 7):
                if fixed:
                    cells[tag] = row[at : at + fixed]
                else:
                    hnid = int.from_bytes(row[at : at + 4], "little")
                    if view.source.is_4k and _ELSEWHERE.get(tag >> 16) in view.subnodes:
                        cells[tag] = None
                        continue
                    heap = self._column_heaps.get(tag, self.heap)
                    if heap is None:
                        cells[tag] = None
                        continue
                    found = fetch_value(heap.view, heap, hnid, tag & 0xFFFF, "cell %#010x of row %#x", tag, row_id)
                    cells[tag] = view.source.read_data(found.bid, VALUE_LIMIT) if found.bid else found.data
            elif any(row[at : at + size]):
                view.report("cell-not-zero", f"cell {tag:#010x} of row {row_id:#x} does not exist and is not zero")
        version = cells.get(ROW_VERSION)
        if ROW_ID not in cells or version is None:
            view.report("row-identity", f"the row {row_id:#x} has no id or no version of its own")
        return Row(row_id, None if version is None else int.from_bytes(version, "little"), cells)


def open_table(view: NodeView) -> Table | None:
    """Verify the TC of a node but for its rows; None when there is none that can be used, which is reported."""
    heap = open_heap(view, CLIENT_TC)
    if heap is None:
        return None
    data = heap.item(heap.user_root, "the TCINFO")
    if data is None or len(data) < _INFO.size:
        view.report("table-info", "the TCINFO is missing or truncated")
        return None
    *_, hid_index, hnid_rows, unused = _INFO.unpack_from(data)
    if unused:
        view.report("table-info-reserved", f"hidIndex is {unused:#x}, not 0")
    layout = _layout(view, data)
    if layout is None:
        return None
    table = Table(heap, layout, hnid_rows)
    table.load_index(hid_index)
    return table


def open_wide_table(view: NodeView) -> Table | None:
    """Verify a table of kind 0xAC as :func:`open_table` does one of kind 0x7C; how it is made stands in the reader."""
    heap = open_heap(view, CLIENT_WIDE_TC)
    if heap is None:
        return None
    data = heap.item(heap.user_root, "the TCINFO")
    if data is None or len(data) < WIDE_INFO.size:
        view.report("table-info", "the TCINFO is missing or truncated")
        return None
    kind, _, end4, end2, end1, end, hid_index, hnid_rows, _, count, hnid_columns, _ = WIDE_INFO.unpack_from(data)
    if kind != CLIENT_WIDE_TC or not 8 <= end4 <= end2 <= end1 < end or end - end1 < (count + 7) // 8:
        view.report("table-info", f"rows of type {kind:#x} are laid out impossibly: {end4}, {end2}, {end1}, {end}")
        return None
    found = fetch_value(view, heap, hnid_columns, PropertyType.BINARY, "the columns")
    described = view.source.read_data(found.bid, VALUE_LIMIT) if found.bid else found.data
    if described is None or len(described) != count * WIDE_COLUMN.size:
        size = 0 if described is None else len(described)
        view.report("table-info", f"the {count} columns are described in {size} bytes")
        return None
    columns = []
    heaps: dict[int, Heap | None] = {}
    for tag, at, size, bit, _, nid in WIDE_COLUMN.iter_unpack(described):
        columns.append(Column(tag, at, size, bit, FIXED_SIZES.get(tag & 0xFFFF, 0)))
        if nid:
            entry = view.use(nid)
            if entry is None:
                view.report(
                    "value-missing", f"the heap of column {tag:#010x} is the subnode {nid:#x}, which is missing"
                )
            heaps[tag] = None if entry is None else open_heap(view.below(entry), CLIENT_TC_COLUMN)
    ends = (end4, end2, end1, end)
    if not _columns_fit(view, columns, ends):
        return None
    layout = RowLayout(tuple(columns), ends, frozenset(column.tag for column in columns))
    table = Table(heap, layout, hnid_rows, heaps)
    table.load_index(hid_index)
    return table


def _layout(view: NodeView, data: bytes) -> RowLayout | None:
    """Verify the columns of a TCINFO; None when rows cannot be read by them."""
    key = data[:10] + data[_INFO.size :]
    # Most tables have one of a few layouts: what was found sound once is not verified again.
    known = view.source.layouts.get(key)
    if known is not None:
        return known
    before = len(view.source.findings)
    kind, count, end4, end2, end1, end, *_ = _INFO.unpack_from(data)
    room = (len(data) - _INFO.size) // _COLUMN.size
    if kind != CLIENT_TC or room < count:
        view.report("table-info", f"the TCINFO has type {kind:#x}, {count} columns and room for {room}")
        return None
    if len(data) != _INFO.size + count * _COLUMN.size:
        view.report("table-info", f"the TCINFO of {count} columns has {len(data)} bytes")
    if not 8 <= end4 <= end2 <= end1 < end or end4 & 3 or end2 & 1 or end - end1 < (count + 7) // 8:
        view.report("table-info", f"rows are laid out impossibly: {end4}, {end2}, {end1}, {end} for {count} columns")
        return None
    if end - end1 != (count + 7) // 8:
        view.report("table-bitmap", f"the cell bitmap of {count} columns has {end - end1} bytes")
    columns = []
    for at in range(count):
        tag, offset, size, bit = _COLUMN.unpack_from(data, _INFO.size + at * _COLUMN.size)
        columns.append(Column(tag, offset, size, bit, FIXED_SIZES.get(tag & 0xFFFF, 0)))
    ends = (end4, end2, end1, end)
    if not _columns_fit(view, columns, ends):
        return None
    layout = RowLayout(tuple(columns), ends, frozenset(column.tag for column in columns))
    if len(view.source.findings) == before and len(view.source.layouts) < _MOST_LAYOUTS:
        view.source.layouts[key] = layout
    return layout


def _columns_fit(view: NodeView, columns: list[Column], ends: tuple[int, ...]) -> bool:
    """Check the column descriptions (2.3.4.2, 2.3.4.4.1); say whether rows can be read by them."""
    fits = True
    tags = [column.tag for column in columns]
    if any(left >= right for left, right in pairwise(tags)):
        view.report("column-order", "the columns are not sorted by tag")
    elif len({tag >> 16 for tag in tags}) != len(tags):
        view.report("column-twice", "two columns are of one property")
    if len({column.bit for column in columns}) != len(columns):
        view.report("column-bit", "two columns share a bit")
    groups = {8: (0, ends[0]), 4: (0, ends[0]), 2: (ends[0], ends[1]), 1: (ends[1], ends[2])}
    taken = bytearray(ends[2])
    for tag, at, size, bit, fixed in columns:
        if tag & 0xFFFF not in KNOWN_TYPES:
            view.report("property-type", f"the column {tag:#010x} has a type that is not known")
        if size != (fixed or 4):
            view.report("column-place", f"the column {tag:#010x} is {size} bytes wide")
            fits = fits and size >= (fixed or 4)
        if at + size > ends[2] or bit >= (ends[3] - ends[2]) * 8:
            view.report("column-place", f"the column {tag:#010x} lies outside of the rows")
            fits = False
            continue
        start, end = groups.get(size, (0, 0))
        if not start <= at <= end - size:
            view.report("column-place", f"the column {tag:#010x} of {size} bytes stands at {at} among others")
        if any(taken[at : at + size]):
            view.report("column-place", f"the column {tag:#010x} overlaps another")
        taken[at : at + size] = b"\1" * size
    places = {column.tag: (column.at, column.bit) for column in columns}
    for tag, place in ((ROW_ID, (0, 0)), (ROW_VERSION, (4, 1))):
        if places.get(tag) != place:
            view.report("column-identity", f"the column {tag:#010x} is missing or not in its place")
    return fits
