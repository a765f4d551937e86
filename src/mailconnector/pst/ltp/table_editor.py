"""Making and changing tables (Table Contexts, [MS-PST] 2.3.4); ``table_context`` has their layout and reads them.

:func:`write_table` makes a table of a few rows at once, as messages have for recipients and attachments;
:class:`TableEditor` changes tables of any size row by row, as folders have.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from mailconnector.pst import disk
from mailconnector.pst.errors import PstFormatError, PstFullError
from mailconnector.pst.ltp import bth
from mailconnector.pst.ltp.heap import CLIENT_TC, HEADER_SIZE, MAX_ITEM, HeapEditor, pack_simple
from mailconnector.pst.ltp.node import NodeEditor
from mailconnector.pst.ltp.table_context import (
    COLUMN,
    FIXED_SIZES,
    INFO,
    OWN_CELLS,
    ROW_ID,
    ROW_VERSION,
    VERSION_AT,
    Column,
    TableInfo,
    gather_columns,
    read_columns,
    read_info,
)


@lru_cache(maxsize=256)
def lay_out(tags: tuple[int, ...]) -> TableInfo:
    """Lay out the rows of a new table with these columns.

    Row id and row version come first; the others follow by width (8 and 4 bytes together, 2, 1), each group in the
    order that is given, which is that of their bits too. That is how the templates of real files are laid out.
    """
    order = [ROW_ID, ROW_VERSION, *(tag for tag in tags if tag not in (ROW_ID, ROW_VERSION))]
    places = {}
    at = 0
    ends = []
    for widths in ((8, 4), (2,), (1,)):
        for tag in order:
            if _width(tag) in widths:
                places[tag] = at
                at += _width(tag)
        ends.append(at)
    bits = {tag: bit for bit, tag in enumerate(order)}
    columns = tuple(
        Column(tag, places[tag], _width(tag), bits[tag], FIXED_SIZES.get(tag & 0xFFFF, 0)) for tag in sorted(order)
    )
    stored = b"".join([COLUMN.pack(column.tag, column.at, column.size, column.bit) for column in columns])
    width = at + (len(order) + 7) // 8
    return TableInfo((ends[0], ends[1], ends[2], width), 0, 0, gather_columns(columns, stored))


def _width(tag: int) -> int:
    return FIXED_SIZES.get(tag & 0xFFFF, 4)


@lru_cache(maxsize=256)
def _simple_info(tags: tuple[int, ...]) -> tuple[TableInfo, bytes]:
    """Lay out the rows of a new table of one heap block, and return its TCINFO as it is stored too."""
    info = lay_out(tags)._replace(hid_row_index=1 << 5, hnid_rows=4 << 5)
    return info, _pack_info(info)


def _pack_info(info: TableInfo) -> bytes:
    head = INFO.pack(CLIENT_TC, len(info.columns), *info.ends, info.hid_row_index, info.hnid_rows, 0)
    return head + info.column_set.stored


def build_row(
    info: TableInfo, row_id: int, version: int, cells: Mapping[int, bytes | None], store: Callable[[bytes], int]
) -> bytes:
    """Return a new row.

    Args:
        info: the table's layout.
        row_id: the row's id.
        version: PidTagLtpRowVer.
        cells: stored bytes by tag; those for which the table has no column, and None, are passed over.
        store: stores a value that does not stand in the row and returns its HNID.
    """
    present = {tag: data for tag, data in cells.items() if data is not None}
    layout, places, marks = _plan_row(info.column_set.stored, info.ends, tuple(present))
    values = [present[tag] if fixed else store(present[tag]) if present[tag] else 0 for tag, fixed in places]
    return layout.pack(row_id, version, *values, marks)


@lru_cache(maxsize=1024)
def _plan_row(
    stored: bytes, ends: tuple[int, int, int, int], tags: tuple[int, ...]
) -> tuple[struct.Struct, tuple[tuple[int, int], ...], bytes]:
    """Plan the rows of a table that have these cells: most rows have one of a few sets of them.

    Args:
        stored: rgTCOLDESC.
        ends: rgib.
        tags: the tags of the cells.

    Returns:
        The structure of the row, the cells in the order in which it takes them as (tag, size of a value that stands in
        the row or 0 for an HNID), and the CEB.

    Raises:
        PstFormatError: columns overlap.
    """
    columns = read_columns(stored, ends[2], ends[3])
    assert not isinstance(columns, str)
    found = {columns.by_id[tag >> 16]: tag for tag in tags if tag >> 16 in columns.by_id}
    cells = sorted((column.at, column, tag) for column, tag in found.items() if column.at >= OWN_CELLS)
    parts = ["<II"]
    end = OWN_CELLS
    marks = bytearray(ends[3] - ends[2])
    marks[0] = 0xC0  # row id and row version exist
    for at, column, tag in cells:
        if at < end:
            raise PstFormatError(f"a table's column {tag:#010x} overlaps another one")
        parts.append(f"{at - end}x" + (f"{column.fixed}s" if column.fixed else "I"))
        end = at + (column.fixed or 4)
        marks[column.bit >> 3] |= 0x80 >> (column.bit & 7)
    parts.append(f"{ends[2] - end}x{len(marks)}s")
    return struct.Struct("".join(parts)), tuple((tag, column.fixed) for _, column, tag in cells), bytes(marks)


class PackedTable(NamedTuple):
    """A table of one heap block.

    Attributes:
        data: the block.
        versions: the offset of the four bytes of each row's version, in order.
    """

    data: bytes
    versions: range


def pack_table(
    columns: tuple[int, ...], rows: Sequence[tuple[int, int, Mapping[int, bytes | None]]], layout: disk.Layout
) -> PackedTable | None:
    """Return a new table of a few rows, (row id, version, cells) each, with ids that grow; None if it is too large."""
    width = layout.row_number_size
    info, stored_info = _simple_info(columns)
    size = info.row_size
    if not rows or max(len(rows) * (4 + width), len(rows) * size) > MAX_ITEM:
        return None
    # The header of the index, its leaf, TCINFO, the row matrix, then the values row by row.
    items: list[bytes] = [b"", b"", b"", b""]
    too_large = False

    def store(data: bytes) -> int:
        nonlocal too_large
        too_large = too_large or len(data) > MAX_ITEM
        items.append(data)
        return len(items) << 5

    items[3] = b"".join([build_row(info, *row, store) for row in rows])
    items[1] = b"".join(
        [row[0].to_bytes(4, "little") + number.to_bytes(width, "little") for number, row in enumerate(rows)]
    )
    items[0] = bth.header_bytes(4, width, 0, 2 << 5)
    items[2] = stored_info
    packed = None if too_large else pack_simple(CLIENT_TC, items, 3 << 5, layout.block_data_max)
    if packed is None:
        return None
    first = HEADER_SIZE + sum(map(len, items[:3])) + VERSION_AT
    return PackedTable(packed, range(first, first + len(rows) * size, size))


def with_versions(table: PackedTable, version: Callable[[], int]) -> bytes:
    """Return the block of a packed table with other versions of its rows, each of which is asked for in turn."""
    data = bytearray(table.data)
    for at in table.versions:
        data[at : at + 4] = version().to_bytes(4, "little")
    return bytes(data)


def write_table(
    node: NodeEditor, columns: tuple[int, ...], rows: Sequence[tuple[int, int, Mapping[int, bytes | None]]]
) -> None:
    """Make a new node's data a table of a few rows, (row id, version, cells) each, with ids that grow."""
    packed = pack_table(columns, rows, node.db.layout)
    if packed is not None:
        node.set_data(packed.data)
        return
    table = TableEditor(node, columns)
    for row in rows:
        table.put_row(*row)
    table.flush()


class TableEditor:
    """A table whose rows are added, changed and deleted. Nothing is in the node before :meth:`flush`.

    Args:
        node: a node that holds a table, or an empty one when ``columns`` are given.
        columns: tags of the columns of a new table.
    """

    def __init__(self, node: NodeEditor, columns: Sequence[int] | None = None) -> None:
        self.node = node
        self._heap = heap = HeapEditor(node, CLIENT_TC)
        if columns is not None:
            info = lay_out(tuple(columns))
            index = bth.new_bth(heap, 4, node.db.layout.row_number_size)
            info = info._replace(hid_row_index=index)
            self._root = heap.add(_pack_info(info))
            heap.set_user_root(self._root)
        else:
            self._root = heap.user_root
            info = read_info(heap.item(self._root), node.nid)
        self.info = info
        self.by_id = info.by_id
        for at, tag in enumerate((ROW_ID, ROW_VERSION)):
            column = self.by_id.get(tag >> 16)
            if column is None or column[:3] != (tag, 4 * at, 4) or info.row_size > node.db.layout.block_data_max:
                raise PstFormatError("a table's rows do not begin with row id and row version", nid=node.nid)
        self._index = bth.BthEditor(heap, info.hid_row_index, 4)
        self._per_block = node.db.layout.block_data_max // info.row_size
        self._rows: NodeEditor | None = None  # of a row matrix in a subnode
        self._blocks: dict[int, bytearray] = {}  # of it, changed
        self.count = self._count_rows()

    def _count_rows(self) -> int:
        hnid = self.info.hnid_rows
        size = self.info.row_size
        if not hnid:
            return 0
        if not hnid & disk.NID_TYPE_MASK:
            return len(self._heap.item(hnid)) // size
        self._rows = rows = self.node.edit_subnode(hnid)
        count = rows.block_count
        if not count:
            return 0
        return (count - 1) * self._per_block + len(rows.block(count - 1)) // size

    # -- rows as bytes ---------------------------------------------------------------------------------------------

    def _read(self, number: int) -> bytes:
        size = self.info.row_size
        if self._rows is None:
            row = self._heap.item(self.info.hnid_rows)[number * size : (number + 1) * size]
        else:
            index, at = divmod(number, self._per_block)
            block = self._blocks.get(index) or self._rows.block(index)
            row = bytes(block[at * size : (at + 1) * size])
        if len(row) != size:
            raise PstFormatError(f"a table has no row {number}", nid=self.node.nid)
        return row

    def _write(self, number: int, row: bytes) -> None:
        """Set a row, or append one."""
        size = self.info.row_size
        if self._rows is None:
            hnid = self.info.hnid_rows
            matrix = self._heap.item(hnid) if hnid else b""
            matrix = matrix[: number * size] + row + matrix[(number + 1) * size :]
            if len(matrix) <= MAX_ITEM:
                self._set_rows(self._heap.replace(hnid, matrix) if hnid else self._heap.add(matrix))
                return
            if hnid:
                self._heap.remove(hnid)
            nid = self.node.new_subnode_nid(disk.NID_TYPE_LTP)
            self.node.put_subnode(nid, 0)
            self._rows = NodeEditor(self.node.db, nid=nid)
            self._set_rows(nid)
            for at in range(0, len(matrix), self._per_block * size):
                self._blocks[at // (self._per_block * size)] = bytearray(matrix[at : at + self._per_block * size])
            return
        index, at = divmod(number, self._per_block)
        block = self._block(index)
        if len(block) < at * size:
            raise PstFormatError(f"a table has no row {number - 1}", nid=self.node.nid)
        block[at * size : (at + 1) * size] = row

    def _block(self, index: int) -> bytearray:
        """Return a block of the row matrix to be changed, without the padding that a full one has."""
        block = self._blocks.get(index)
        if block is None:
            assert self._rows is not None
            data = self._rows.block(index) if index < self._rows.block_count else b""
            block = bytearray(data[: self._per_block * self.info.row_size])
            self._blocks[index] = block
        return block

    def _set_rows(self, hnid: int) -> None:
        if hnid != self.info.hnid_rows:
            self.info = self.info._replace(hnid_rows=hnid)
            if self._heap.replace(self._root, _pack_info(self.info)) != self._root:
                raise PstFormatError("a TCINFO has moved", nid=self.node.nid)

    # -- changes ---------------------------------------------------------------------------------------------------

    def number_of(self, row_id: int) -> int | None:
        """Return the number of the row with an id, or None."""
        entry = self._index.find(row_id)
        if entry is None:
            return None
        number = int.from_bytes(entry, "little")
        if number >= self.count:
            raise PstFormatError(f"a table's index names row {number} of {self.count}", nid=self.node.nid)
        return number

    def put_row(self, row_id: int, version: int, cells: Mapping[int, bytes | None]) -> None:
        """Add a row, or change cells of the one that there is.

        Args:
            row_id: its id.
            version: PidTagLtpRowVer.
            cells: stored bytes by tag; columns that the table does not have are passed over, and so is a difference in
                type. None makes a cell not exist. Cells that are not named stay as they are.
        """
        number = self.number_of(row_id)
        if number is None:
            self._add_row(row_id, version, cells)
            return
        row = bytearray(self._read(number))
        column = self.by_id[ROW_VERSION >> 16]
        row[column.at : column.at + 4] = version.to_bytes(4, "little")
        self._mark(row, column, exists=True)
        for tag, data in cells.items():
            found = self.by_id.get(tag >> 16)
            if found is not None and found.at >= OWN_CELLS:
                self._put_cell(row, found, data)
        self._write(number, bytes(row))

    def _add_row(self, row_id: int, version: int, cells: Mapping[int, bytes | None]) -> None:
        width = self._index.entry
        if self.count >= 1 << 8 * width:
            raise PstFullError(
                f"this folder of an ANSI file holds no more than {1 << 8 * width} items",
                nid=self.node.nid,
                hint="Spread the items over several folders, or use a file of the Unicode format.",
            )
        row = build_row(self.info, row_id, version, cells, self._store)
        self._index.put(row_id, self.count.to_bytes(width, "little"))
        self.count += 1
        self._write(self.count - 1, row)

    def _store(self, data: bytes) -> int:
        return self.node.add_value(data) if len(data) > MAX_ITEM else self._heap.add(data)

    def _mark(self, row: bytearray, column: Column, *, exists: bool) -> None:
        at = self.info.ends[2] + (column.bit >> 3)
        mask = 0x80 >> (column.bit & 7)
        row[at] = row[at] | mask if exists else row[at] & ~mask

    def _put_cell(self, row: bytearray, column: Column, data: bytes | None) -> None:
        size = column.size
        if column.fixed:
            value = b"" if data is None else data[: column.fixed]
        else:
            old = int.from_bytes(row[column.at : column.at + 4], "little")
            mask = row[self.info.ends[2] + (column.bit >> 3)] & 0x80 >> (column.bit & 7)
            value = self._put_value(old if mask else 0, data or b"").to_bytes(4, "little")
        row[column.at : column.at + size] = value.ljust(size, b"\0")
        self._mark(row, column, exists=data is not None)

    def _put_value(self, old: int, data: bytes) -> int:
        if old & disk.NID_TYPE_MASK:
            self.node.drop_subnode(old)
            old = 0
        if len(data) > MAX_ITEM:
            if old:
                self._heap.remove(old)
            return self.node.add_value(data)
        if not data:
            if old:
                self._heap.remove(old)
            return 0
        return self._heap.replace(old, data) if old else self._heap.add(data)

    def delete_row(self, row_id: int) -> bool:
        """Delete a row: the last one takes its place. Says whether there was such a row."""
        number = self.number_of(row_id)
        if number is None:
            return False
        row = bytearray(self._read(number))
        for column in self.info.columns:
            if not column.fixed:
                self._put_cell(row, column, None)
        last = self.count - 1
        if number != last:
            moved = self._read(last)
            self._write(number, moved)
            self._index.put(int.from_bytes(moved[:4], "little"), number.to_bytes(self._index.entry, "little"))
        self._index.remove(row_id)
        self.count = last
        self._cut(last)
        return True

    def _cut(self, count: int) -> None:
        """Make the row matrix ``count`` rows long."""
        size = self.info.row_size
        if self._rows is None:
            hnid = self.info.hnid_rows
            matrix = self._heap.item(hnid)[: count * size]
            if matrix:
                self._set_rows(self._heap.replace(hnid, matrix))
            else:
                self._heap.remove(hnid)
                self._set_rows(0)
            return
        blocks = -(-count // self._per_block)
        if not blocks:
            nid = self.info.hnid_rows
            self._blocks.clear()
            self._rows.cut_blocks(0)
            self.node.put_subnode(nid, *self._rows.save())
            self._rows = None
            self.node.drop_subnode(nid)
            self._set_rows(0)
            return
        for index in [index for index in self._blocks if index >= blocks]:
            del self._blocks[index]
        if self._rows.block_count > blocks:
            self._rows.cut_blocks(blocks)
        del self._block(blocks - 1)[(count - (blocks - 1) * self._per_block) * size :]

    @property
    def held_bytes(self) -> int:
        """Bytes that are held in memory until :meth:`flush`, about."""
        return self._heap.held_bytes + sum(map(len, self._blocks.values()))

    def flush(self) -> None:
        """Put the changes into the node, which is still to be saved."""
        if self._rows is not None and self._blocks:
            for index in sorted(self._blocks):
                self._rows.set_block(index, bytes(self._blocks[index]))
            self._blocks.clear()
        if self._rows is not None:
            nid = self.info.hnid_rows
            self.node.put_subnode(nid, *self._rows.save())
            self._rows = self.node.edit_subnode(nid)
        self._heap.flush()
