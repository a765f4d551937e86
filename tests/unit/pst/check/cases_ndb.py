"""Damages of the header, pages, blocks and references."""

from __future__ import annotations

from collections.abc import Callable

from mailconnector.pst import disk
from mailconnector.pst.ndb import blocks
from mailconnector.pst.ndb.database import NodeDatabase
from tests.forge import Forge
from tests.unit.pst.check.damages import (
    NAMES,
    STORE,
    Damage,
    forging,
    header,
    in_block,
    poke,
    registrar,
    sealed,
)
from tests.unit.pst.check.specimen import (
    BIG_ATTACHMENT,
    FOLDER,
    HIDDEN,
    RICH,
    Specimen,
)

CASES: list[tuple[str, Damage]] = []
case = registrar(CASES)

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
case("subnode-id")(subnodes(lambda bid, old: [*old[:-1], (0xFFFFFFFF, *old[-1][1:])]))
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


@case("check-limited")
def _(specimen: Specimen) -> None:
    """Three hundred messages each of which refers to one block more than half a million times."""

    def change(database: NodeDatabase) -> None:
        layout = database.layout
        leaf = database.write_block(b"x")
        below = database.write_block(blocks.encode_data_tree(layout, 1, 1021, [leaf] * 1021), internal=True)
        for index in range(300):
            tree = blocks.encode_data_tree(layout, 2, 600 * 1021, [below] * 600)
            nid = disk.make_nid(0x18000 + index, disk.NID_TYPE_NORMAL_MESSAGE)
            database.put_node(nid, database.write_block(tree, internal=True), 0, FOLDER)

    specimen.database(change)
