"""Damages of heaps, BTHs, property contexts and table contexts."""

from __future__ import annotations

import struct
from collections.abc import Callable

from mailconnector.mapi.types import PropertyType
from mailconnector.pst import disk
from mailconnector.pst.ltp import bth
from mailconnector.pst.ltp.heap import CLIENT_PC, pack_simple
from mailconnector.pst.ltp.property_context import StoredValue
from mailconnector.pst.ndb import blocks
from mailconnector.pst.ndb.database import NodeDatabase
from tests.forge import Forge
from tests.unit.pst.check.damages import (
    BINARY,
    CONTENTS,
    HIERARCHY,
    STORE,
    STRING,
    Damage,
    in_block,
    in_column,
    in_database,
    in_heap,
    in_info,
    in_property,
    in_record,
    in_row,
    number,
    registrar,
)
from tests.unit.pst.check.specimen import (
    FOLDER,
    PLAIN,
    RICH,
    WIDE,
    Specimen,
    heap_item,
    record,
    records,
    user_root,
)

CASES: list[tuple[str, Damage]] = []
case = registrar(CASES)

# -- heaps -------------------------------------------------------------------------------------------------------------


def byte(at: int, change: Callable[[int], int]) -> Callable[[bytearray], None]:
    return lambda data: data.__setitem__(at, change(data[at]) & 0xFF)


def page_map(at: int, change: Callable[[int], int]) -> Callable[[bytearray], None]:
    """Change a byte of a heap block's page map."""
    return lambda data: byte(int.from_bytes(data[:2], "little") + at, change)(data)


case("heap-lost")(in_heap(STORE, byte(2, lambda old: 0)))
case("heap-lost")(in_database(lambda database: database.put_node(0x12D, 0, 0, 0)))
case("heap-lost")(in_block(FOLDER, 40))
case("heap-kind")(in_heap(STORE, byte(3, lambda old: 0x7C)))
case("heap-page-map")(in_heap(STORE, byte(1, lambda old: 0xFF)))
case("heap-page-map")(in_heap(STORE, page_map(1, lambda old: 0x7F)))
case("heap-page-map")(in_heap(STORE, page_map(5, lambda old: 0x7F)))
case("heap-free-count")(in_heap(STORE, page_map(2, lambda old: old + 1)))
case("heap-fill-level")(in_heap(STORE, byte(8, lambda old: old ^ 8)))
case("heap-item-missing")(in_record(STORE, 0x3001, 4, struct.pack("<I", 0x7FE0)))
case("heap-item-missing")(in_heap(STORE, lambda data: data.__setitem__(slice(4, 8), struct.pack("<I", 0x7FE0))))
case("heap-item-shared")(in_record(STORE, 0x3001, 4, struct.pack("<I", 0x40)))
case("heap-leak")(in_record(STORE, 0x3001, 4, bytes(4)))


@case("heap-item-size")
def _(specimen: Specimen) -> None:
    records = struct.pack("<HHI", 0x3001, BINARY, 3 << 5)
    items = [bth.header_bytes(2, 6, 0, 2 << 5), records, bytes(4000)]
    packed = pack_simple(CLIENT_PC, items, 1 << 5, 8176)
    assert packed is not None
    specimen.node(disk.sibling_nid(0x2223, 7), lambda node: node.set_data(packed))


@case("heap-block-size")
def _(specimen: Specimen) -> None:
    def change(database: NodeDatabase) -> None:
        node = database.node(WIDE)
        leaves = database.detach_tree(node.bid_data)
        first = database.read_block(leaves[0])
        at = int.from_bytes(first[:2], "little")
        leaves[0] = database.write_block(first[: at + 6 + 2 * int.from_bytes(first[at : at + 2], "little")])
        total = sum(database.block(leaf).cb for leaf in leaves)
        database.put_node(WIDE, database.write_tree(leaves, total), node.bid_sub, node.nid_parent)

    specimen.database(change)


# -- BTHs --------------------------------------------------------------------------------------------------------------

case("bth-header")(in_info(STORE, 0, b"\x00"))
case("bth-header")(in_info(STORE, 1, b"\x04"))
case("bth-header")(in_info(STORE, 2, b"\x05"))
case("bth-header")(in_info(STORE, 3, b"\xff"))
case("bth-header")(in_info(STORE, 2, b"\x00"))
case("bth-lost")(in_info(STORE, 4, struct.pack("<I", 0x7FE0)))


@case("bth-order")
def _(specimen: Specimen) -> None:
    def change(data: bytearray) -> None:
        at = records(data).start
        data[at : at + 16] = data[at + 8 : at + 16] + data[at : at + 8]

    specimen.block(STORE, change)


@case("bth-item")
def _(specimen: Specimen) -> None:
    def change(data: bytearray) -> None:
        root = user_root(data)
        hid = int.from_bytes(data[root.start + 4 : root.start + 8], "little")
        at = int.from_bytes(data[:2], "little") + 4 + 2 * (hid >> 5)
        data[at] = data[at] - 1  # the item ends one byte sooner, and the next begins there

    specimen.block(STORE, change)


@case("bth-key")
def _(specimen: Specimen) -> None:
    node = Forge(bytes(specimen.data))
    first = node.block(blocks.decode_data_tree(node.layout, node.block(node.data_bid(WIDE)), 0).bids[0])
    root = user_root(first)
    hid = int.from_bytes(first[root.start + 4 : root.start + 8], "little")
    assert first[root.start + 3] == 1, "the BTH has two levels"

    def change(data: bytearray) -> None:
        # The index item stands in a later block.
        at = int.from_bytes(data[:2], "little") + 4 + 2 * ((hid >> 5 & 0x7FF) - 1)
        data[int.from_bytes(data[at : at + 2], "little") + 6] ^= 1

    specimen.block(WIDE, change, index=hid >> 16)


# -- properties --------------------------------------------------------------------------------------------------------

case("property-type")(in_record(STORE, 0x35DF, 2, struct.pack("<H", 0x0999)))
case("value-missing")(in_record(STORE, 0x3001, 4, struct.pack("<I", 0x9FFF)))
case("value-size")(in_property(RICH, 0x0E06, StoredValue(PropertyType.TIME, b"123")))
case("value-size")(in_property(RICH, 0x0E06, StoredValue(PropertyType.TIME, b"")))
case("value-string")(in_property(STORE, 0x3001, StoredValue(STRING, b"odd")))
case("value-damaged")(in_property(STORE, 0x6700, StoredValue(PropertyType.MULTIPLE_STRING, b"\xff\xff\xff\xff")))
case("value-boolean")(in_record(FOLDER, 0x360A, 4, struct.pack("<I", 7)))
case("subnode-unused")(in_record(RICH, 0x1013, 4, bytes(4)))
case("named-unknown")(in_property(PLAIN, 0xF000, number(1)))


@case("subnode-shared")
def _(specimen: Specimen) -> None:
    def change(data: bytearray) -> None:
        body, html = record(data, 0x1000), record(data, 0x1013)
        data[body + 4 : body + 8] = data[html + 4 : html + 8]

    specimen.block(RICH, change)


@case("value-lost")
def _(specimen: Specimen) -> None:
    forge = Forge(bytes(specimen.data))
    bids = [data for nid, data, _ in forge.subnodes(forge.sub_bid(RICH)) if disk.nid_type(nid) == disk.NID_TYPE_LTP]
    leaf = blocks.decode_data_tree(forge.layout, forge.block(bids[-1]), 0).bids[0] if bids[-1] & 2 else bids[-1]
    specimen.data[forge.blocks[leaf].values[1] + 5] ^= 1


# -- tables ------------------------------------------------------------------------------------------------------------

case("table-info")(in_info(CONTENTS, 0, b"\x00"))
case("table-info")(in_info(CONTENTS, 1, b"\xff"))
case("table-info")(in_info(CONTENTS, 1, b"\x02"))
case("table-info")(in_info(CONTENTS, 2, b"\xff\xff"))
case("table-info-reserved")(in_info(CONTENTS, 18, b"\x01"))
case("table-bitmap")(in_info(0x12D, 8, b"\xff\x00"))
case("table-matrix")(in_info(CONTENTS, 14, struct.pack("<I", 0x9FFF)))
case("column-order")(in_column(CONTENTS, 0x00170003, 0, struct.pack("<I", 0x7FFF0003)))
case("column-twice")(in_column(CONTENTS, 0x0E040000 | STRING, 0, struct.pack("<I", 0x0E030000 | BINARY)))
case("column-bit")(in_column(CONTENTS, 0x00170003, 7, b"\x01"))
case("column-place")(in_column(CONTENTS, 0x00170003, 4, b"\x04\x00"))
case("column-place")(in_column(CONTENTS, 0x00170003, 4, b"\xff\x7f"))
case("column-place")(in_column(CONTENTS, 0x00170003, 6, b"\x01"))
case("column-identity")(in_column(CONTENTS, 0x67F20003, 7, b"\x09"))
case("column-missing")(in_column(CONTENTS, 0x0E070003, 0, struct.pack("<I", 0x0E0A0003)))
case("column-missing-usual")(in_column(0x60E, 0x30080040, 0, struct.pack("<I", 0x30090040)))
case("tag-type")(in_column(0x60E, 0x00170003, 0, struct.pack("<I", 0x0017000A)))
case("template-rows")(in_row(0x60E, PLAIN, 1, {}))


def row_bytes(at: int, change: Callable[[bytearray, int], None]) -> Damage:
    """Change the row matrix of the folder's hierarchy table, which stands in the heap."""

    def in_matrix(data: bytearray) -> None:
        info = user_root(data).start
        rows = heap_item(data, int.from_bytes(data[info + 14 : info + 18], "little"))
        bitmap = int.from_bytes(data[info + 6 : info + 8], "little")
        change(data, rows.start + (bitmap if at < 0 else at))

    return in_heap(HIERARCHY, in_matrix)


case("table-index")(row_bytes(0, lambda data, at: data.__setitem__(at, data[at] ^ 0x20)))
case("row-identity")(row_bytes(-1, lambda data, at: data.__setitem__(at, data[at] & 0x7F)))
case("row-identity")(row_bytes(-1, lambda data, at: data.__setitem__(at, data[at] & 0xBF)))
case("cell-not-zero")(row_bytes(-1, lambda data, at: data.__setitem__(at, 0xC0)))


def row_index(change: Callable[[bytearray, slice], None]) -> Damage:
    """Change the records of the row index of the folder's contents table: row id and row number, four bytes each."""

    def in_index(data: bytearray) -> None:
        info = user_root(data).start
        head = heap_item(data, int.from_bytes(data[info + 10 : info + 14], "little"))
        assert data[head.start + 3] == 0, "the index has one level"
        change(data, heap_item(data, int.from_bytes(data[head.start + 4 : head.start + 8], "little")))

    return in_heap(CONTENTS, in_index)


case("table-index")(row_index(lambda data, at: data.__setitem__(slice(at.start + 4, at.start + 8), b"\1\0\0\0")))
case("table-rows")(row_index(lambda data, at: data.__setitem__(slice(at.stop - 4, at.stop), b"\xff\0\0\0")))
