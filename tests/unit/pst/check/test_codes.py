"""Each finding's code is provoked: one place of a sound file is damaged, and the check names just that."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from tests.forge import Forge
from tests.unit.pst.check.specimen import (
    ATTACHMENT,
    BIG_ATTACHMENT,
    COUNT,
    FOLDER,
    HIDDEN,
    INNER,
    INNER_ATTACHMENT,
    PLAIN,
    PLAIN_2,
    RICH,
    SUBFOLDER,
    WIDE,
    Specimen,
    Values,
    column,
    heap_item,
    record,
    records,
    user_root,
)

from mailconnector.mapi.types import PropertyType
from mailconnector.pst import disk
from mailconnector.pst.check.findings import codes
from mailconnector.pst.ltp import bth
from mailconnector.pst.ltp.heap import CLIENT_PC, pack_simple
from mailconnector.pst.ltp.node import NodeEditor
from mailconnector.pst.ltp.property_context import StoredValue, pack_object
from mailconnector.pst.ltp.table_editor import TableEditor
from mailconnector.pst.ndb import blocks
from mailconnector.pst.ndb.database import NodeDatabase

Damage = Callable[[Specimen], None]
CASES: list[tuple[str, Damage]] = []

HIERARCHY, CONTENTS, ASSOCIATED = FOLDER + 0xB, FOLDER + 0xC, FOLDER + 0xD
TOP_HIERARCHY = disk.NID_IPM_SUBTREE + 0xB
STORE, NAMES, QUEUE, ACTIVITY = 0x21, 0x61, 0x1E1, 0x201
INT32, BINARY, STRING = PropertyType.INTEGER32, PropertyType.BINARY, PropertyType.STRING


def case(code: str) -> Callable[[Damage], Damage]:
    """Register a damage with the code that it is to be found by."""

    def register(damage: Damage) -> Damage:
        CASES.append((code, damage))
        return damage

    return register


def number(value: int) -> StoredValue:
    return StoredValue(INT32, struct.pack("<I", value))


def header(**fields: Any) -> Damage:
    return lambda specimen: specimen.forge(lambda forge: forge.set_header(**fields))


def poke(offset: int, value: int) -> Damage:
    """Set a byte of the file, checksums left alone."""

    def damage(specimen: Specimen) -> None:
        specimen.data[offset] = value

    return damage


def sealed(offset: int, value: int) -> Damage:
    """Set a byte of the header and make its CRCs right."""

    def damage(specimen: Specimen) -> None:
        def change(forge: Forge) -> None:
            forge.data[offset] = value
            forge.seal_header()

        specimen.forge(change)

    return damage


def in_property(nid: int, pid: int, value: StoredValue | None, *path: int) -> Damage:
    """Set or remove a property, nothing else made to fit."""

    def damage(specimen: Specimen) -> None:
        def change(values: Values) -> None:
            if value is None:
                del values[pid]
            else:
                values[pid] = value

        specimen.properties(nid, change, *path)

    return damage


def in_row(nid: int, row: int, version: int, cells: dict[int, bytes | None], *path: int) -> Damage:
    """Add or change a row of a table."""
    return lambda specimen: specimen.table(nid, lambda table: table.put_row(row, version, cells), *path)


def without_row(nid: int, row: int, *path: int) -> Damage:
    def damage(specimen: Specimen) -> None:
        def change(table: TableEditor) -> None:
            assert table.delete_row(row)

        specimen.table(nid, change, *path)

    return damage


def in_heap(nid: int, change: Callable[[bytearray], None], *path: int, index: int = 0) -> Damage:
    """Change bytes in the first block of a node's heap."""
    return lambda specimen: specimen.block(nid, change, *path, index=index)


def in_record(nid: int, pid: int, at: int, new: bytes, *path: int) -> Damage:
    """Change the record of a property: wPropId at 0, wPropType at 2, dwValueHnid at 4."""

    def change(data: bytearray) -> None:
        place = record(data, pid) + at
        data[place : place + len(new)] = new

    return in_heap(nid, change, *path)


def in_column(nid: int, tag: int, at: int, new: bytes) -> Damage:
    """Change the TCOLDESC of a column: tag at 0, ibData at 4, cbData at 6, iBit at 7."""

    def change(data: bytearray) -> None:
        place = column(data, tag) + at
        data[place : place + len(new)] = new

    return in_heap(nid, change)


def in_info(nid: int, at: int, new: bytes) -> Damage:
    """Change bytes of a TCINFO, or of the BTHHEADER of a PC."""

    def change(data: bytearray) -> None:
        place = user_root(data).start + at
        data[place : place + len(new)] = new

    return in_heap(nid, change)


def data_of(nid: int, data: bytes) -> Damage:
    """Replace all the data of a node."""
    return lambda specimen: specimen.node(nid, lambda node: node.set_data(data))


def in_database(change: Callable[[NodeDatabase], object]) -> Damage:
    return lambda specimen: specimen.database(lambda database: change(database) and None)


def forging(change: Callable[[Forge], object]) -> Damage:
    return lambda specimen: specimen.forge(lambda forge: change(forge) and None)


# -- the header and the file -------------------------------------------------------------------------------------------

case("header-crc")(poke(20, 0xEE))
case("header-crc")(poke(520, 0xEE))
case("header-sentinel")(sealed(512, 0))
case("header-encoding")(sealed(513, 7))
case("header-reserved")(header(bPlatformCreate=2))
case("header-reserved")(header(wVerClient=20))
case("file-longer")(lambda specimen: specimen.data.extend(bytes(512)))
case("file-truncated")(lambda specimen: specimen.data.__delitem__(slice(-512, None)))
case("file-size")(header(ibFileEof=0x42400 - 64))
case("file-size")(header(ibFileEof=512))
case("file-size-off-grid")(header(ibFileEof=0x42400 - 512, fAMapValid=1))
case("maps-invalid")(header(fAMapValid=0))
case("maps-invalid")(header(fAMapValid=9))
case("last-map")(header(ibAMapLast=disk.FIRST_AMAP + disk.AMAP_COVERAGE))
case("old-maps")(header(rgbFM=bytes(128)))
case("block-counter-low")(header(bidNextB=4))
case("page-counter-low")(header(bidNextP=2))
case("free-count")(header(cbAMapFree=64))
case("free-pages-count")(header(cbPMapFree=512))
case("abandoned-count")(header(qwUnused=3 << 32))
case("row-version-high")(header(dwUnique=2))


@case("block-counter-odd")
def _(specimen: Specimen) -> None:
    specimen.forge(lambda forge: forge.set_header(bidNextB=forge.header.bidNextB + 2))


@case("header-torn")
def _(specimen: Specimen) -> None:
    specimen.data[disk.SHADOW_OFFSET : disk.SHADOW_OFFSET + 564] = specimen.data[:564]
    specimen.data[:564] = bytes(564)


@case("header-torn")
def _(specimen: Specimen) -> None:
    specimen.data[disk.SHADOW_OFFSET : disk.SHADOW_OFFSET + 564] = specimen.data[:564]
    specimen.data[40] ^= 1


@case("shadow-left")
def _(specimen: Specimen) -> None:
    specimen.data[disk.SHADOW_OFFSET : disk.SHADOW_OFFSET + 564] = specimen.data[:564]


def counter(kind: int) -> Damage:
    def change(forge: Forge) -> None:
        forge.set_header(rgnid=tuple(0x20 if at == kind else old for at, old in enumerate(forge.header.rgnid)))

    return forging(change)


case("nid-counter-low")(counter(disk.NID_TYPE_NORMAL_MESSAGE))
case("nid-counter-low")(counter(disk.NID_TYPE_CONTENTS_TABLE))
case("subnode-counter-low")(counter(disk.NID_TYPE_LTP))

# -- pages -------------------------------------------------------------------------------------------------------------

AMAP = disk.FIRST_AMAP
PMAP = AMAP + 512
case("map-page")(poke(AMAP + 100, 0x5A))
case("map-page")(poke(AMAP + 496, 0x5A))
case("map-page")(poke(AMAP + 498, 0x5A))
case("map-page")(poke(AMAP + 504, 0x5A))
case("map-page")(poke(PMAP + 100, 0x5A))


def map_bits(ib: int, ptype: int, change: Callable[[bytearray], None]) -> Damage:
    """Change the bitmap of a map page and make its trailer right."""

    def damage(specimen: Specimen) -> None:
        bits = specimen.data[ib : ib + 496]
        change(bits)
        specimen.data[ib : ib + 512] = disk.pack_page(disk.UNICODE, bytes(bits), ptype, ib, ib)

    return damage


case("space-marked-free")(map_bits(AMAP, disk.PTYPE_AMAP, lambda bits: bits.__setitem__(4, 0)))
case("space-leaked")(map_bits(AMAP, disk.PTYPE_AMAP, lambda bits: bits.__setitem__(-1, 1)))
case("page-marked-free")(map_bits(PMAP, disk.PTYPE_PMAP, lambda bits: bits.__setitem__(0, 0)))
case("free-pages-count")(map_bits(PMAP, disk.PTYPE_PMAP, lambda bits: bits.__setitem__(-1, 0xFE)))


@case("density-list")
def _(specimen: Specimen) -> None:
    at = disk.DLIST_OFFSET
    body = bytearray(specimen.data[at : at + 496])
    body[11] ^= 0x40
    bid = int.from_bytes(specimen.data[at + 504 : at + 512], "little")
    specimen.data[at : at + 512] = disk.pack_page(disk.UNICODE, bytes(body), disk.PTYPE_DLIST, bid, at)


def leaf(forge: Forge, ptype: int = disk.PTYPE_NBT) -> int:
    """Return the offset of a leaf page."""
    return next(ib for ib, (kind, _) in sorted(forge.pages.items()) if kind == ptype and not forge.level(ib))


def in_leaf(at: int, ptype: int = disk.PTYPE_NBT) -> Damage:
    def damage(specimen: Specimen) -> None:
        specimen.data[leaf(Forge(bytes(specimen.data)), ptype) + at] ^= 0x5A

    return damage


case("page-crc")(in_leaf(500))
case("page-crc")(in_leaf(12, disk.PTYPE_BBT))
case("page-trailer")(in_leaf(497))
case("page-trailer")(in_leaf(498))
case("page-trailer")(in_leaf(504))
case("tree-page-lost")(in_leaf(496))
case("tree-page-empty")(forging(lambda forge: forge.set_meta(leaf(forge), count=0)))
case("tree-page-layout")(forging(lambda forge: forge.set_meta(leaf(forge), count=100)))
case("tree-level")(forging(lambda forge: forge.set_meta(leaf(forge), level=2)))
case("tree-level")(forging(lambda forge: forge.set_meta(leaf(forge, disk.PTYPE_BBT), level=12)))


@case("tree-page-layout")
def _(specimen: Specimen) -> None:
    def change(forge: Forge) -> None:
        ib = leaf(forge)
        forge.data[ib + 489] = 3  # cEntMax
        forge.seal_page(ib)

    specimen.forge(change)


def link(change: Callable[[Forge, tuple[int, ...]], tuple[int, ...]]) -> Damage:
    """Change the second entry of an index page of the NBT."""

    def forge_link(forge: Forge) -> None:
        place = [place for place in forge.links if forge.pages[place.page][0] == disk.PTYPE_NBT][1]
        forge.set_entry(place, change(forge, place.values))

    return forging(forge_link)


case("tree-page-lost")(link(lambda forge, old: (old[0], old[1], 1 << 40)))
case("tree-page-lost")(link(lambda forge, old: (old[0], old[1], 1 << 63)))
case("tree-page-shared")(link(lambda forge, old: (old[0], *forge.links[0].values[1:])))
case("tree-key")(link(lambda forge, old: (old[0] - 1, *old[1:])))
case("page-trailer")(link(lambda forge, old: (old[0], old[1] + 1, old[2])))


@case("page-misaligned")
def _(specimen: Specimen) -> None:
    def change(forge: Forge) -> None:
        place = next(place for place in forge.links if forge.pages[place.page][0] == disk.PTYPE_NBT)
        key, bid, ib = place.values
        target = len(forge.data) - 1024 + 64
        body = bytes(forge.data[ib : ib + 496])
        forge.data[target : target + 512] = disk.pack_page(disk.UNICODE, body, disk.PTYPE_NBT, bid, target)
        forge.set_entry(place, (key, bid, target))

    specimen.forge(change)


@case("tree-order")
def _(specimen: Specimen) -> None:
    def change(forge: Forge) -> None:
        ib = leaf(forge)
        page = forge.data[ib + 32 : ib + 96]
        forge.data[ib + 32 : ib + 96] = page[32:] + page[:32]
        forge.seal_page(ib)

    specimen.forge(change)


# -- blocks and references ---------------------------------------------------------------------------------------------


def entry(nid: int, change: Callable[[Forge, tuple[int, ...]], tuple[int, ...]]) -> Damage:
    """Change the BBT entry of a node's data: bid, ib, cb, cRef."""

    def forge_entry(forge: Forge) -> None:
        place = forge.blocks[forge.data_bid(nid)]
        forge.set_entry(place, change(forge, place.values))

    return forging(forge_entry)


case("block-misaligned")(entry(STORE, lambda forge, old: (old[0], old[1] + 8, *old[2:])))
case("block-size")(entry(STORE, lambda forge, old: (*old[:2], 0, old[3])))
case("block-size")(entry(STORE, lambda forge, old: (*old[:2], 9000, old[3])))
case("block-outside")(entry(STORE, lambda forge, old: (old[0], 1 << 40, *old[2:])))
case("block-outside")(entry(STORE, lambda forge, old: (old[0], 64, *old[2:])))
case("block-trailer")(entry(STORE, lambda forge, old: (*old[:2], old[2] - 1, old[3])))
case("overlap")(entry(STORE, lambda forge, old: (old[0], forge.blocks[forge.data_bid(NAMES)].values[1], *old[2:])))
case("reference-count-low")(entry(0x60E, lambda forge, old: (*old[:3], old[3] - 1)))
case("reference-count-high")(entry(STORE, lambda forge, old: (*old[:3], old[3] + 1)))
case("block-missing")(forging(lambda forge: forge.set_node(STORE, data=0x7FFFFFF0)))
case("block-orphan")(forging(lambda forge: forge.set_node(RICH, sub=0)))
case("bid-reserved-bit")(forging(lambda forge: forge.set_node(STORE, data=forge.data_bid(STORE) | 1)))
case("reference-kind")(forging(lambda forge: forge.set_node(RICH, sub=forge.data_bid(RICH))))
case("reference-kind")(forging(lambda forge: forge.set_node(RICH, data=forge.sub_bid(RICH))))


def in_block(nid: int, at: int) -> Damage:
    """Flip bits of a node's block in the file, ``at`` from its beginning, from its end when below zero."""

    def damage(specimen: Specimen) -> None:
        forge = Forge(bytes(specimen.data))
        _, ib, size, _ = forge.blocks[forge.data_bid(nid)].values
        specimen.data[ib + (at if at >= 0 else disk.UNICODE.block_total(size) + at)] ^= 0x5A

    return damage


case("block-crc")(in_block(STORE, 40))
case("block-crc")(in_block(STORE, -10))
case("block-trailer")(in_block(STORE, -2))
case("block-trailer")(in_block(STORE, -14))
case("block-trailer")(in_block(STORE, -16))


@case("block-abandoned")
def _(specimen: Specimen) -> None:
    def change(forge: Forge) -> None:
        place = forge.blocks[forge.sub_bid(HIDDEN)]
        forge.set_node(HIDDEN, sub=0)
        forge.set_entry(place, (*place.values[:3], 1))

    specimen.forge(change)


def subnodes(change: Callable[[int, list[tuple[int, ...]]], list[tuple[int, ...]]]) -> Damage:
    """Change the SLBLOCK of the rich message."""

    def forge_entries(forge: Forge) -> None:
        bid = forge.sub_bid(RICH)
        forge.set_subnodes(bid, change(bid, forge.subnodes(bid)))

    return forging(forge_entries)


case("reference-circle")(subnodes(lambda bid, old: [(*old[0][:2], bid), *old[1:]]))
case("subnode-order")(subnodes(lambda bid, old: [old[1], old[0], *old[2:]]))
case("subnode-empty")(subnodes(lambda bid, old: [*old[:-1], (old[-1][0], 0, 0)]))
case("subnode-tree-empty")(subnodes(lambda bid, old: []))
case("subnode-tree")(forging(lambda forge: forge.patch(forge.sub_bid(RICH), 0, b"\x09")))
case("subnode-tree")(forging(lambda forge: forge.patch(forge.sub_bid(RICH), 2, b"\xff\xff")))


@case("subnode-order")
def _(specimen: Specimen) -> None:
    """A SIBLOCK that lists its SLBLOCK under another NID than its first."""

    def change(database: NodeDatabase) -> None:
        node = database.node(HIDDEN)
        entries = database.detach_subnodes(node.bid_sub)
        leaf = database.write_subnodes(entries.values())
        index = blocks.encode_subnodes(database.layout, 1, [(min(entries) - 0x20, leaf)])
        database.put_node(HIDDEN, node.bid_data, database.write_block(index, internal=True), node.nid_parent)

    specimen.database(change)


def big_tree(forge: Forge) -> int:
    """Return the BID of the XBLOCK of the large attachment's data."""
    below = {nid: sub for nid, _, sub in forge.subnodes(forge.sub_bid(RICH))}[BIG_ATTACHMENT]
    return forge.subnodes(below)[0][1]


def data_tree(change: Callable[[int, tuple[int, ...]], tuple[int, int, tuple[int, ...]]]) -> Damage:
    """Change an XBLOCK: given are lcbTotal and the BIDs, wanted are cLevel, lcbTotal and the BIDs."""

    def forge_tree(forge: Forge) -> None:
        bid = big_tree(forge)
        old = blocks.decode_data_tree(forge.layout, forge.block(bid), bid)
        forge.set_block(bid, blocks.encode_data_tree(forge.layout, *change(old.total, old.bids)))

    return forging(forge_tree)


case("data-tree-total")(data_tree(lambda total, bids: (1, total + 1, bids)))
case("data-tree-gap")(data_tree(lambda total, bids: (1, total, (bids[-1], *bids[:-1]))))
case("data-tree-single")(data_tree(lambda total, bids: (1, 8176, bids[:1])))
case("data-tree")(data_tree(lambda total, bids: (9, total, bids)))
case("reference-kind")(data_tree(lambda total, bids: (2, total, bids)))
case("data-tree-tail")(forging(lambda forge: forge.patch(big_tree(forge), 2, b"\2")))


@case("tree-block-lost")
def _(specimen: Specimen) -> None:
    forge = Forge(bytes(specimen.data))
    _, ib, _, _ = forge.blocks[big_tree(forge) & ~1].values
    specimen.data[ib + 3] ^= 1


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

# -- nodes -------------------------------------------------------------------------------------------------------------

case("node-type")(in_database(lambda database: database.put_node(0x8000 | 0x1E, 0, 0, 0)))
case("node-missing")(in_database(lambda database: database.delete_node(0x610)))
case("node-missing-usual")(in_database(lambda database: database.delete_node(disk.NID_OUTGOING_QUEUE)))
case("node-parent")(forging(lambda forge: forge.set_node(PLAIN, parent=0x9002)))
case("node-parent")(forging(lambda forge: forge.set_node(PLAIN, parent=RICH)))
case("node-parent")(forging(lambda forge: forge.set_node(disk.NID_ROOT_FOLDER, parent=0)))
case("node-parent-set")(forging(lambda forge: forge.set_node(CONTENTS, parent=FOLDER)))
case("folder-circle")(forging(lambda forge: forge.set_node(FOLDER, parent=SUBFOLDER)))
case("folder-table-missing")(in_database(lambda database: database.delete_node(SUBFOLDER + 0xB)))
case("table-stray")(in_database(lambda database: database.put_node(0x900D, 0, 0, 0)))
case("search-part-missing")(in_database(lambda database: database.delete_node(0x2227)))
case("search-table-missing")(in_database(lambda database: database.delete_node(0x2230)))
case("queue-length")(data_of(QUEUE, bytes(7)))
case("queue-entry")(data_of(QUEUE, b"\0\0\xff\0" + bytes(16)))
case("list-length")(data_of(ACTIVITY, b"\x23\x22\0\0\0"))
case("list-entry")(data_of(ACTIVITY, b"\x22\x99\0\0"))


@case("queue-head")
def _(specimen: Specimen) -> None:
    data_of(QUEUE, bytes(20))(specimen)
    specimen.forge(lambda forge: forge.set_node(QUEUE, parent=40))


# -- the store ---------------------------------------------------------------------------------------------------------

case("property-missing")(in_property(STORE, 0x35E0, None))
case("property-missing")(in_property(FOLDER, 0x3603, None))
case("property-missing")(in_property(PLAIN, 0x0E07, None))
case("property-missing-usual")(in_property(PLAIN, 0x300B, None))
case("tag-type")(in_property(FOLDER, 0x3602, StoredValue(PropertyType.ERROR_CODE, bytes(4))))
case("record-key")(in_property(STORE, 0x0FF9, StoredValue(BINARY, b"short")))
case("entry-id")(in_property(STORE, 0x35E0, StoredValue(BINARY, bytes(24))))
case("receive-folder")(in_row(disk.NID_RECEIVE_FOLDER_TABLE, 1, 90, {0x66050003: b"\x22\x99\0\0"}))
case("receive-default")(in_row(disk.NID_RECEIVE_FOLDER_TABLE, 1, 90, {0x001A001F: "IPM".encode("utf-16-le")}))
case("outgoing-lost")(in_row(disk.NID_OUTGOING_QUEUE, 0x209984, 90, {}))
case("names-stream")(in_property(NAMES, 3, StoredValue(BINARY, b"12345")))
case("names-buckets")(in_property(NAMES, 1, number(0)))
case("names-bucket")(in_property(NAMES, 0x1005, StoredValue(BINARY, bytes(8))))
case("names-entry")(in_property(NAMES, 2, StoredValue(BINARY, b"")))


def folder_id(pid: int, nid: int) -> Damage:
    """Point an entry id of the store to a folder."""

    def damage(specimen: Specimen) -> None:
        def change(values: Values) -> None:
            entry_id = values[0x35E0].data
            values[pid] = StoredValue(BINARY, entry_id[:20] + struct.pack("<I", nid))

        specimen.properties(STORE, change)

    return damage


case("entry-id")(folder_id(0x35E0, 0x9902))
case("entry-id")(folder_id(0x35E3, PLAIN))
case("entry-id-stale")(folder_id(0x36D0, 0x9902))


def names(change: Callable[[bytearray], None]) -> Damage:
    """Change the entry stream of the name-to-id map: key 4, kind 2, index 2 bytes an entry."""

    def damage(specimen: Specimen) -> None:
        def in_map(node: NodeEditor) -> None:
            nid = next(nid for nid in node.subnodes if len(node.read_subnode(nid)) // 8 >= 500)
            data = bytearray(node.read_subnode(nid))
            change(data)
            node.db.release(node.own_subnodes()[nid].bid_data)
            node.put_subnode(nid, node.db.write_data(bytes(data)))

        specimen.node(NAMES, in_map)

    return damage


case("names-order")(names(lambda data: data.__setitem__(slice(-2, None), b"\xff\x70")))
case("names-number-twice")(names(lambda data: data.__setitem__(slice(-8, -4), data[-16:-12])))
case("names-entry")(names(lambda data: data.__setitem__(slice(-2, None), data[-10:-8])))


@case("names-twice")
def _(specimen: Specimen) -> None:
    def change(data: bytearray) -> None:
        named = [at for at in range(0, len(data), 8) if data[at + 4] & 1]
        data[-8:-2] = data[named[0] : named[0] + 6]

    names(change)(specimen)


@case("id-map-stale")
def _(specimen: Specimen) -> None:
    items = [struct.pack("<I", 2 << 5), bth.header_bytes(16, 4, 0, 3 << 5), bytes(16) + struct.pack("<I", 0x209984)]
    data_of(0xC01, pack_simple(0x9C, items, 1 << 5, 8176) or b"")(specimen)


# -- folders and messages ----------------------------------------------------------------------------------------------

case("folder-lost")(in_row(HIERARCHY, 0x9902, 90, {}))
case("folder-unlisted")(without_row(HIERARCHY, SUBFOLDER))
case("folder-row")(in_row(TOP_HIERARCHY, FOLDER, 90, {0x36020003: struct.pack("<I", 99)}))
case("folder-row")(in_property(SUBFOLDER, 0x3001, StoredValue(STRING, "Else".encode("utf-16-le"))))
case("folder-count")(in_property(FOLDER, 0x3602, number(COUNT + 1)))
case("folder-count")(in_property(FOLDER, 0x3603, number(7)))
case("folder-subfolders")(in_property(FOLDER, 0x360A, StoredValue(PropertyType.BOOLEAN, b"\0")))
case("message-lost")(in_row(CONTENTS, 0x209984, 90, {}))
case("message-lost")(in_row(ASSOCIATED, PLAIN, 90, {}))
case("message-unlisted")(without_row(CONTENTS, PLAIN))
case("message-unlisted")(without_row(ASSOCIATED, HIDDEN))
case("message-row")(in_row(CONTENTS, PLAIN, 90, {0x0037001F: b"x\0"}))
case("message-row")(in_row(CONTENTS, PLAIN, 90, {0x0037001F: None}))
case("message-row")(in_property(PLAIN, 0x0037, None))
case("message-row-size")(in_property(PLAIN, 0x0E08, number(5)))
case("message-attach-flag")(in_property(PLAIN, 0x0E07, number(0x10)))
case("row-twice")(in_row(SUBFOLDER + 0xC, PLAIN, 90, {}))
case("row-parent")(forging(lambda forge: forge.set_node(PLAIN, parent=SUBFOLDER)))
case("row-parent")(forging(lambda forge: forge.set_node(SUBFOLDER, parent=disk.NID_IPM_SUBTREE)))
case("row-version-high")(in_row(CONTENTS, PLAIN, 0x7FFFFFFF, {}))
case("search-row-stale")(in_row(0x2230, 0x209984, 90, {}))


@case("row-version-twice")
def _(specimen: Specimen) -> None:
    def change(table: TableEditor) -> None:
        for nid in (PLAIN, PLAIN_2):
            table.put_row(nid, 5, {})

    specimen.table(CONTENTS, change)


@case("row-version-local")
def _(specimen: Specimen) -> None:
    def change(table: TableEditor) -> None:
        for nid in (ATTACHMENT, BIG_ATTACHMENT):
            table.put_row(nid, 5, {})

    specimen.table(RICH, change, disk.NID_ATTACHMENT_TABLE)


case("recipients-missing")(
    lambda specimen: specimen.node(RICH, lambda node: node.drop_subnode(disk.NID_RECIPIENT_TABLE))
)
case("attachment-lost")(lambda specimen: specimen.node(RICH, lambda node: node.drop_subnode(ATTACHMENT)))
case("attachment-unlisted")(without_row(RICH, ATTACHMENT, disk.NID_ATTACHMENT_TABLE))
case("attachment-unlisted")(
    lambda specimen: specimen.node(RICH, lambda node: node.drop_subnode(disk.NID_ATTACHMENT_TABLE))
)
case("attachment-row")(in_property(RICH, 0x3704, StoredValue(STRING, b"b\0"), ATTACHMENT))
case("attachment-size")(in_property(RICH, 0x0E20, number(1), ATTACHMENT))
case("attachment-size")(in_property(RICH, 0x0E20, number(1), INNER_ATTACHMENT))
case("attachment-method")(in_property(RICH, 0x3705, number(9), ATTACHMENT))
case("attachment-embedded")(in_property(RICH, 0x3705, number(5), ATTACHMENT))
case("attachment-embedded")(
    in_property(RICH, 0x3701, StoredValue(PropertyType.OBJECT, pack_object(0x20F004, 5)), INNER_ATTACHMENT)
)
case("object-size")(
    in_property(RICH, 0x3701, StoredValue(PropertyType.OBJECT, pack_object(INNER, 5)), INNER_ATTACHMENT)
)
case("property-missing")(in_property(RICH, 0x001A, None, INNER_ATTACHMENT, INNER))
case("attachment-size")(in_property(RICH, 0x3701, StoredValue(BINARY, b"longer"), INNER_ATTACHMENT, INNER, 0x8085))


@case("message-depth")
def _(specimen: Specimen) -> None:
    """A hundred copies of a message, each an attachment of the one before."""

    def nest(node: NodeEditor) -> None:
        below = node.edit_subnode(INNER_ATTACHMENT)
        inner = below.subnode(INNER)
        bids = inner.bid_data, inner.bid_sub
        database = node.db
        for _ in range(110):
            message = NodeEditor(database, 0, 0, INNER)
            message.set_data(database.read_data(inner.bid_data))
            attachment = NodeEditor(database, 0, 0, INNER_ATTACHMENT)
            attachment.set_data(b"".join(below.block(at) for at in range(below.block_count)))
            attachment.put_subnode(INNER, *bids)
            message.put_subnode(INNER_ATTACHMENT, *attachment.save())
            bids = message.save()
        below.put_subnode(INNER, *bids)
        node.put_subnode(INNER_ATTACHMENT, *below.save())

    specimen.node(RICH, nest)


# -- the tests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", ["unicode", "ansi"])
def test_the_undamaged_file_has_no_finding_at_all(variant: Any) -> None:
    report = Specimen(variant).report()
    assert report.findings == ()
    assert report.clean
    counts = report.counts
    assert (counts.messages, counts.associated, counts.embedded) == (COUNT, 1, 1)
    assert (counts.attachments, counts.recipients, counts.search_folders) == (4, 2, 1)


@pytest.mark.parametrize(("code", "damage"), CASES, ids=[f"{code}-{at}" for at, (code, _) in enumerate(CASES)])
def test_damage_is_found_by_its_code(code: str, damage: Damage) -> None:
    specimen = Specimen()
    before = bytes(specimen.data)
    damage(specimen)
    assert specimen.data != before
    assert code in {finding.code for finding in specimen.report().findings}


def test_every_code_of_the_check_is_provoked() -> None:
    repairs = {code for code in codes() if code.startswith("lost-")}
    repairs |= {"header-lost", "damaged-value", "replaced-node", "recovered-item"}
    assert {code for code, _ in CASES} == set(codes()) - repairs


def test_findings_name_the_place() -> None:
    specimen = Specimen()
    in_property(RICH, 0x0E20, number(1), ATTACHMENT)(specimen)
    (finding,) = [finding for finding in specimen.report().findings if finding.code == "attachment-size"]
    assert finding.nid == RICH
    assert f"subnode {ATTACHMENT:#x}" in finding.text
    in_block(STORE, 40)(specimen)
    (finding,) = [finding for finding in specimen.report().findings if finding.code == "block-crc"]
    forge = Forge(bytes(specimen.data))
    assert (finding.bid, finding.offset) == forge.blocks[forge.data_bid(STORE)].values[:2]
