"""Table Context ([MS-PST] 2.3.4): rows of cells in a heap, with a BTH from row id to row number.

::

    TCINFO     0 bType 1, 1 cCols 1, 2 rgib 4 * 2 (ends of the 8/4-byte, 2-byte, 1-byte cells and of the CEB),
               10 hidRowIndex 4, 14 hnidRows 4, 18 hidIndex 4, 22 rgTCOLDESC
    TCOLDESC   0 tag 4, 4 ibData 2, 6 cbData 1, 7 iBit 1

A row begins with its id; cells of up to eight bytes stand in the row, others hold an HNID. The row matrix is a heap
item while it is small and a subnode afterwards; there each block holds as many whole rows as fit.

What a search over the whole store has found (node 0x730) stands in a table of another kind, 0xAC, which [MS-PST] does
not describe (measured, and as libpff reads it). Its columns are in a heap item or a subnode of their own, and each
column whose values are not in the row has a heap of kind 0xA5 for them, in a subnode of the table::

    TCINFO     0 bType 1, 1 zero 1, 2 rgib 4 * 2, 10 hidRowIndex 4, 14 hnidRows 4, 18 zero 4, 22 cCols 2,
               24 hnidColumns 4, 28 not known 12
    column     0 tag 4, 4 ibData 2, 6 cbData 2, 8 iBit 2, 10 zero 2, 12 NID of the heap 4, zero where there is none
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from mailconnector.mapi import types
from mailconnector.mapi.types import PropertyType
from mailconnector.mapi.values import DECODERS, Value, ValueFormatError
from mailconnector.pst import disk
from mailconnector.pst.errors import PstFormatError
from mailconnector.pst.ltp import bth
from mailconnector.pst.ltp.heap import CLIENT_TC, CLIENT_TC_COLUMN, CLIENT_WIDE_TC, HeapReader
from mailconnector.pst.ltp.node import NodeReader

INFO = struct.Struct("<BB4HIII")
COLUMN = struct.Struct("<IHBB")
WIDE_INFO = struct.Struct("<BB4HIIIHI12s")
WIDE_COLUMN = struct.Struct("<IHHHHI")
_INTEGER32, _BOOLEAN = int(PropertyType.INTEGER32), int(PropertyType.BOOLEAN)
_ROW_IDS = {2: struct.Struct("<IH"), 4: struct.Struct("<II")}  # TCROWID
VERSION_AT = 4  # the offset of a row's version in it
OWN_CELLS = 8  # bytes of a row before the cells that mirror an object: row id and row version
_MARKS_MAX = 256
_CELL_COST = 16  # bytes that a cell costs beside what it holds
ROW_ID = 0x67F20003
ROW_VERSION = 0x67F30003
FIXED_SIZES: dict[int, int] = {int(PropertyType.NULL): 4, **types.FIXED_SIZES}


class Column(NamedTuple):
    """TCOLDESC. ``fixed`` is the size of a value that stands in the row, 0 for an HNID."""

    tag: int
    at: int
    size: int
    bit: int
    fixed: int


class Columns(NamedTuple):
    """The columns of a table.

    Attributes:
        sorted: in the order of their tags.
        by_id: by property id.
        stored: as they are stored (rgTCOLDESC).
        mirrored: the tags of those that mirror an object: all but row id and row version.
        by_marks: what :meth:`existing` has found so far; most rows have one of a few sets of cells.
    """

    sorted: tuple[Column, ...]
    by_id: dict[int, Column]
    stored: bytes
    mirrored: tuple[int, ...]
    by_marks: dict[bytes, tuple[Column, ...]]

    def existing(self, marks: bytes) -> tuple[Column, ...]:
        """Return the columns whose cells exist in a row with this CEB, but for row id and version."""
        found = self.by_marks.get(marks)
        if found is None:
            if len(self.by_marks) >= _MARKS_MAX:
                self.by_marks.clear()
            found = self.by_marks[marks] = tuple(
                column
                for column in self.sorted
                if marks[column.bit >> 3] & 0x80 >> (column.bit & 7) and column.tag not in (ROW_ID, ROW_VERSION)
            )
        return found


class TableInfo(NamedTuple):
    """TCINFO."""

    ends: tuple[int, int, int, int]
    hid_row_index: int
    hnid_rows: int
    column_set: Columns

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns in the order of their tags."""
        return self.column_set.sorted

    @property
    def by_id(self) -> dict[int, Column]:
        """The columns by property id. Not to be changed."""
        return self.column_set.by_id

    @property
    def row_size(self) -> int:
        """Bytes of a row."""
        return self.ends[3]


def read_info(data: bytes, nid: int) -> TableInfo:
    """Decode a TCINFO.

    Raises:
        PstFormatError: it is damaged.
    """
    if len(data) < INFO.size:
        raise PstFormatError("a table's TCINFO is truncated", nid=nid)
    kind, count, end4, end2, end1, end, hid_row_index, hnid_rows, _ = INFO.unpack_from(data)
    if kind != CLIENT_TC or len(data) < INFO.size + count * COLUMN.size:
        raise PstFormatError("a table's TCINFO is damaged", nid=nid)
    if not 4 <= end4 <= end2 <= end1 <= end or end - end1 < (count + 7) // 8:
        raise PstFormatError(f"a table's rows are laid out impossibly ({end4}, {end2}, {end1}, {end})", nid=nid)
    columns = read_columns(data[INFO.size : INFO.size + count * COLUMN.size], end1, end)
    if isinstance(columns, str):
        raise PstFormatError(columns, nid=nid)
    return TableInfo((end4, end2, end1, end), hid_row_index, hnid_rows, columns)


def read_wide_info(heap: HeapReader) -> tuple[TableInfo, dict[int, int]]:
    """Decode the TCINFO of a table of kind 0xAC, and its columns.

    Returns:
        The TCINFO, and by tag the NIDs of the columns' heaps.

    Raises:
        PstFormatError: it is damaged.
    """
    node = heap.node
    data = heap.item(heap.user_root)
    if len(data) < WIDE_INFO.size or data[0] != CLIENT_WIDE_TC:
        raise PstFormatError("a table's TCINFO is damaged", nid=node.nid)
    _, _, end4, end2, end1, end, hid_row_index, hnid_rows, _, count, hnid_columns, _ = WIDE_INFO.unpack_from(data)
    if not 4 <= end4 <= end2 <= end1 <= end or end - end1 < (count + 7) // 8:
        raise PstFormatError(f"a table's rows are laid out impossibly ({end4}, {end2}, {end1}, {end})", nid=node.nid)
    is_item = not hnid_columns & disk.NID_TYPE_MASK
    described = heap.item(hnid_columns) if is_item else node.read_subnode(hnid_columns)
    if len(described) < count * WIDE_COLUMN.size:
        raise PstFormatError(f"a table's {count} columns are described in {len(described)} bytes", nid=node.nid)
    columns = []
    heaps = {}
    for tag, offset, size, bit, _, nid in WIDE_COLUMN.iter_unpack(described[: count * WIDE_COLUMN.size]):
        wrong = column_fault(tag, offset, size, bit, end1, end)
        if wrong:
            raise PstFormatError(wrong, nid=node.nid)
        columns.append(Column(tag, offset, size, bit, FIXED_SIZES.get(tag & 0xFFFF, 0)))
        if nid:
            heaps[tag] = nid
    return TableInfo((end4, end2, end1, end), hid_row_index, hnid_rows, gather_columns(columns, described)), heaps


@lru_cache(maxsize=256)
def read_columns(data: bytes, end1: int, end: int) -> Columns | str:
    """Decode rgTCOLDESC, or say what is wrong with it. Most tables of a store have one of a few sets of columns.

    Args:
        data: the column descriptors.
        end1: the end of the one-byte cells (TCI_1b).
        end: the size of a row (TCI_bm).
    """
    columns = []
    for tag, offset, size, bit in COLUMN.iter_unpack(data):
        wrong = column_fault(tag, offset, size, bit, end1, end)
        if wrong:
            return wrong
        columns.append(Column(tag, offset, size, bit, FIXED_SIZES.get(tag & 0xFFFF, 0)))
    return gather_columns(columns, data)


def gather_columns(columns: Sequence[Column], stored: bytes) -> Columns:
    """Return columns as a set."""
    mirrored = tuple(column.tag for column in columns if column.at >= OWN_CELLS)
    return Columns(tuple(columns), {column.tag >> 16: column for column in columns}, stored, mirrored, {})


def column_fault(tag: int, offset: int, size: int, bit: int, end1: int, end: int) -> str:
    """Say what is wrong with a column's place in its rows; nothing when all is well."""
    if size not in (1, 2, 4, 8) or offset + size > end1 or bit >= (end - end1) * 8:
        return f"a table's column {tag:#010x} lies outside its rows"
    if size < (FIXED_SIZES.get(tag & 0xFFFF, 0) or 4):
        return f"a table's column {tag:#010x} is {size} bytes wide"
    return ""


class Row:
    """One row of a table. Cells are decoded when they are asked for."""

    __slots__ = ("_data", "_table")

    def __init__(self, table: "TableContext", data: bytes) -> None:
        self._table = table
        self._data = data

    @property
    def row_id(self) -> int:
        """dwRowID: for a folder's tables, the NID of the object that the row stands for."""
        return int.from_bytes(self._data[:4], "little")

    def __contains__(self, tag: int) -> bool:
        column = self._table.by_id.get(tag >> 16)
        return column is not None and self._exists(column)

    def _exists(self, column: Column) -> bool:
        data = self._data
        return bool(data[self._table.info.ends[2] + (column.bit >> 3)] & 0x80 >> (column.bit & 7))

    def tags(self) -> list[int]:
        """Return the tags of the cells that exist."""
        return [column.tag for column in self._table.info.columns if self._exists(column)]

    def raw(self, tag: int) -> bytes | None:
        """Return a cell's bytes as they are stored, or None when it does not exist. The type is not compared."""
        column = self._table.by_id.get(tag >> 16)
        if column is None or not self._exists(column):
            return None
        return self._table.cell(column, self._data)

    def get(self, tag: int, default: Value = None) -> Value:
        """Return a cell's value, or ``default`` when it does not exist. The type is not compared."""
        table = self._table
        column = table.by_id.get(tag >> 16)
        if column is None:
            return default
        data = self._data
        _, at, _, bit, fixed = column
        if not data[table.marks_at + (bit >> 3)] & 0x80 >> (bit & 7):
            return default
        return table.decode(column, data[at : at + fixed] if fixed else table.cell(column, data))

    def items(self) -> Iterator[tuple[int, Value]]:
        """Yield (tag, value) of every cell that exists."""
        table = self._table
        data = self._data
        marks = table.marks_at
        for column in table.info.columns:
            tag, at, _, bit, fixed = column
            if data[marks + (bit >> 3)] & 0x80 >> (bit & 7):
                ptype = tag & 0xFFFF
                if ptype == _INTEGER32:
                    number = int.from_bytes(data[at : at + 4], "little")
                    yield tag, number - ((number & 0x80000000) << 1)
                elif ptype == _BOOLEAN:
                    yield tag, data[at] != 0
                elif fixed:
                    yield tag, table.decode(column, data[at : at + fixed])
                else:
                    yield tag, table.decode(column, table.cell(column, data))


class TableContext:
    """The rows of a table.

    Args:
        node: the node whose heap is a TC.
        codec: the Python codec of its PtypString8 cells.

    Raises:
        PstFormatError: the node holds no TC, or a damaged one.
    """

    def __init__(self, node: NodeReader, codec: str = "cp1252") -> None:
        self.node = node
        self.codec = codec
        self._heap = HeapReader(node, CLIENT_TC, CLIENT_WIDE_TC)
        self._column_nids: dict[int, int] = {}  # of a table of kind 0xAC
        self._column_heaps: dict[int, HeapReader] = {}
        if self._heap.client == CLIENT_WIDE_TC:
            self.info, self._column_nids = read_wide_info(self._heap)
        else:
            self.info = read_info(self._heap.item(self._heap.user_root), node.nid)
        if self.info.row_size > node.db.layout.block_data_max:
            raise PstFormatError(f"a table's rows are {self.info.row_size} bytes wide", nid=node.nid)
        self.by_id = self.info.by_id
        self.marks_at = self.info.ends[2]  # where the CEB begins in a row
        self._index: dict[int, int] | None = None

    @property
    def index(self) -> dict[int, int]:
        """Row number by row id, in the order of row ids."""
        if self._index is None:
            # ANSI files have 2 bytes for a row number by the specification; some tables in them have 4 (measured).
            entry, levels, root = bth.read_header(self._heap, self.info.hid_row_index, 4, None)
            record = _ROW_IDS.get(entry)
            if record is None:
                raise PstFormatError(f"a table's row numbers are {entry} bytes wide", nid=self.node.nid)
            index: dict[int, int] = {}
            for leaf in bth.leaves(self._heap, levels, root, 4, entry):
                index.update(record.iter_unpack(leaf))
            self._index = index
        return self._index

    def __len__(self) -> int:
        return len(self.index)

    def rows(self) -> Iterator[Row]:
        """Yield the rows in the order of the row matrix.

        Raises:
            PstFormatError: the row matrix is damaged or does not have the rows that the index names.
        """
        for data in self._rows():
            yield Row(self, data)

    def _rows(self) -> Iterator[bytes]:
        left = len(self.index)
        size = self.info.row_size
        for block in self._row_blocks():
            for at in range(0, len(block) - size + 1, size):
                if not left:
                    return
                left -= 1
                yield block[at : at + size]
        if left:
            raise PstFormatError(f"a table has {left} rows less than its index names", nid=self.node.nid)

    def read_rows(self, spend: Callable[[int], None]) -> list[dict[int, Value]]:
        """Return the rows in the order of the row matrix: every cell that exists by its tag, but row id and version.

        Args:
            spend: called for each row with the bytes of its values; may raise to end it.

        Raises:
            PstFormatError: the row matrix is damaged or does not have the rows that the index names.
        """
        # What Row.items() does, for tables that are read whole.
        found: list[dict[int, Value]] = []
        existing = self.info.column_set.existing
        marks_at, end = self.marks_at, self.info.row_size
        items = self._heap.first_items if not self._column_nids else []
        count = len(items)
        for data in self._rows():
            cells: dict[int, Value] = {}
            size = 0
            for column in existing(data[marks_at:end]):
                tag, at, _, _, fixed = column
                ptype = tag & 0xFFFF
                if ptype == _INTEGER32:
                    number = int.from_bytes(data[at : at + 4], "little")
                    cells[tag] = number - ((number & 0x80000000) << 1)
                elif ptype == _BOOLEAN:
                    cells[tag] = data[at] != 0
                elif fixed:
                    cells[tag] = self.decode(column, data[at : at + fixed])
                else:
                    hnid = int.from_bytes(data[at : at + 4], "little")
                    number = hnid >> 5
                    value = items[number - 1] if 0 < number <= count and not hnid & disk.NID_TYPE_MASK else None
                    if value is None:
                        value = self.cell(column, data)
                    size += len(value)
                    cells[tag] = self.decode(column, value)
            spend(size + _CELL_COST * len(cells))
            found.append(cells)
        return found

    def _row_blocks(self) -> Iterator[bytes]:
        hnid = self.info.hnid_rows
        if not hnid:
            return
        if not hnid & disk.NID_TYPE_MASK:
            yield self._heap.item(hnid)
        else:
            db = self.node.db
            for bid in db.leaves(self.node.subnode(hnid).bid_data):
                yield db.read_leaf(bid)

    def row(self, row_id: int) -> Row | None:
        """Return the row with an id, or None."""
        number = self.index.get(row_id)
        if number is None:
            return None
        size = self.info.row_size
        hnid = self.info.hnid_rows
        if hnid and not hnid & disk.NID_TYPE_MASK:
            block = self._heap.item(hnid)
        else:
            per = self.node.db.layout.block_data_max // size
            leaves = self.node.db.leaves(self.node.subnode(hnid).bid_data) if hnid else []
            if number // per >= len(leaves):
                raise PstFormatError(f"a table has no row {number}", nid=self.node.nid)
            block = self.node.db.read_leaf(leaves[number // per])
            number %= per
        data = block[number * size : (number + 1) * size]
        if len(data) != size:
            raise PstFormatError(f"a table has no row {number}", nid=self.node.nid)
        return Row(self, data)

    def cell(self, column: Column, row: bytes) -> bytes:
        """Return the bytes of a cell of a row."""
        if column.fixed:
            return row[column.at : column.at + column.fixed]
        hnid = int.from_bytes(row[column.at : column.at + 4], "little")
        if not hnid:
            return b""
        heap = self._heap if not self._column_nids else self._column_heap(column.tag)
        if not hnid & disk.NID_TYPE_MASK:
            return heap.item(hnid)
        return heap.node.read_subnode(hnid)

    def _column_heap(self, tag: int) -> HeapReader:
        """Return the heap of a column's values."""
        nid = self._column_nids.get(tag)
        if nid is None:
            return self._heap
        heap = self._column_heaps.get(nid)
        if heap is None:
            entry = self.node.subnode(nid)
            node = NodeReader(self.node.db, entry.bid_data, entry.bid_sub, self.node.nid)
            heap = self._column_heaps[nid] = HeapReader(node, CLIENT_TC_COLUMN)
        return heap

    def decode(self, column: Column, data: bytes) -> Value:
        """Return the value of a cell's bytes."""
        decode = DECODERS.get(column.tag & 0xFFFF)
        if decode is None:
            return data
        try:
            return decode(data, self.codec)
        except ValueFormatError as error:
            raise PstFormatError(
                f"the cell {column.tag:#010x} cannot be decoded: {error}", nid=self.node.nid
            ) from error
