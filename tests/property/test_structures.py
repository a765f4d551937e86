"""The structures of the NDB layer and below: what is written is read back, and random changes agree with a model."""

import io
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailconnector.pst import crypt, disk
from mailconnector.pst.crc import compute_crc, compute_signature
from mailconnector.pst.disk import ANSI, UNICODE, Header, Layout, Root
from mailconnector.pst.errors import NotAPstError, PstFormatError
from mailconnector.pst.ndb import allocation, blocks
from mailconnector.pst.ndb.allocation import AllocationMaps
from mailconnector.pst.ndb.blocks import SubnodeEntry
from mailconnector.pst.ndb.btree import BTree, Entry, PageRef
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device

LAYOUTS = [ANSI, UNICODE]
layouts = st.sampled_from(LAYOUTS)
u16 = st.integers(0, 0xFFFF)
u32 = st.integers(0, 0xFFFFFFFF)
seeds = st.integers(0, 0xFFFFFFFF)


def word(layout: Layout) -> st.SearchStrategy[int]:
    return st.integers(0, 0xFFFFFFFFFFFFFFFF) if layout.wide else u32


# -- CRC, signature, encoding ------------------------------------------------------------------------------------------


def slow_crc(data: bytes) -> int:
    """The CRC bit by bit: the reversed polynomial of CRC-32, from 0, not inverted."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
    return crc


@given(st.binary(max_size=300))
def test_crc(data: bytes) -> None:
    assert compute_crc(data) == slow_crc(data)


def test_crc_of_known_data() -> None:
    assert compute_crc(b"") == 0
    assert compute_crc(b"\x01") == 0x77073096  # an entry of the table that the specification prints


@given(u32, u32)
def test_signature(ib: int, bid: int) -> None:
    value = ib ^ bid
    assert compute_signature(ib, bid) == (value >> 16) ^ (value & 0xFFFF)


def slow_permute(data: bytes, *, encrypt: bool) -> bytes:
    """CryptPermute ([MS-PST] 5.1), a byte at a time."""
    table = crypt._R if encrypt else crypt._I
    return bytes(table[byte] for byte in data)


def slow_cyclic(data: bytes, key: int) -> bytes:
    """CryptCyclic ([MS-PST] 5.2), as its loop is described: the same both ways."""
    word_ = (key ^ key >> 16) & 0xFFFF
    out = bytearray()
    for byte in data:
        low, high = word_ & 0xFF, word_ >> 8 & 0xFF
        byte = crypt._R[byte + low & 0xFF]
        byte = crypt._S[byte + high & 0xFF]
        byte = crypt._I[byte - high & 0xFF]
        out.append(byte - low & 0xFF)
        word_ = word_ + 1 & 0xFFFF
    return bytes(out)


@given(st.binary(max_size=1200), u32)
def test_encodings_agree_with_the_loops_of_the_specification(data: bytes, key: int) -> None:
    assert crypt.encode(crypt.PERMUTE, data, key) == slow_permute(data, encrypt=True)
    assert crypt.decode(crypt.PERMUTE, data, key) == slow_permute(data, encrypt=False)
    assert crypt.encode(crypt.CYCLIC, data, key) == slow_cyclic(data, key)
    assert crypt.encode(crypt.NONE, data, key) == data


@pytest.mark.parametrize("size", [8176, 8180, 16384, 16385, 40_000])
@pytest.mark.parametrize("key", [0, 0xFF, 0xFFFF, 0xFFFE0001, 0x12345678])
def test_long_blocks_too(size: int, key: int) -> None:
    data = bytes(at * 31 & 0xFF for at in range(size))
    assert crypt.encode(crypt.CYCLIC, data, key) == slow_cyclic(data, key)


@given(st.sampled_from(sorted(crypt.METHODS)), st.binary(max_size=9000), u32)
def test_encodings_are_undone(method: int, data: bytes, key: int) -> None:
    assert crypt.decode(method, crypt.encode(method, data, key), key) == data


# -- header and pages --------------------------------------------------------------------------------------------------


@st.composite
def headers(draw: st.DrawFn) -> Header:
    layout = draw(layouts)
    any_word = word(layout)
    byte = st.integers(0, 0xFF)
    root = Root(
        ibFileEof=draw(any_word), ibAMapLast=draw(any_word), cbAMapFree=draw(any_word), cbPMapFree=draw(any_word),
        bidNBT=draw(any_word), ibNBT=draw(any_word), bidBBT=draw(any_word), ibBBT=draw(any_word),
        fAMapValid=draw(byte), dwReserved=draw(u32), bReserved=draw(byte), wReserved=draw(u16),
    )  # fmt: skip
    own = (
        {"bidUnused": draw(any_word), "qwUnused": draw(any_word)}
        if layout.wide
        else {"ullReservedAnsi": draw(st.integers(0, (1 << 64) - 1)), "dwReservedAnsi": draw(u32)}
    )
    return Header(
        layout=layout, wVer=draw(st.sampled_from([21, 23] if layout.wide else [14, 15])), bidNextB=draw(any_word),
        bidNextP=draw(any_word), dwUnique=draw(u32), rgnid=tuple(draw(st.lists(u32, min_size=32, max_size=32))),
        root=root, bCryptMethod=draw(st.integers(0, 2)), wMagicClient=draw(st.sampled_from([b"SM", b"SO", b"AB"])),
        wVerClient=draw(u16), bPlatformCreate=draw(byte), bPlatformAccess=draw(byte), dwReserved1=draw(u32),
        dwReserved2=draw(u32), rgbFM=draw(st.binary(min_size=128, max_size=128)),
        rgbFP=draw(st.binary(min_size=128, max_size=128)), rgbReserved=draw(st.binary(min_size=2, max_size=2)),
        tail=draw(st.binary(min_size=36, max_size=36)), **own,
    )  # fmt: skip


@given(headers(), st.integers(8, 470), st.integers(1, 255))
def test_headers(header: Header, at: int, change: int) -> None:
    packed = header.pack()
    assert len(packed) == header.layout.header_size
    found = disk.unpack_header(packed.ljust(disk.HEADER_READ_SIZE, b"\0"))
    assert found == header
    damaged = bytearray(packed)
    damaged[at] ^= change
    with pytest.raises((PstFormatError, NotAPstError)):
        disk.unpack_header(bytes(damaged))


@given(
    layouts, st.binary(max_size=400), st.sampled_from([0x80, 0x81, 0x84, 0x86]), u32, st.integers(0, 1 << 22), st.data()
)
def test_pages(layout: Layout, body: bytes, ptype: int, bid: int, number: int, data: st.DataObject) -> None:
    ib = number * 512
    page = disk.pack_page(layout, body, ptype, bid, ib)
    assert len(page) == layout.page_size
    assert page.startswith(body)
    assert disk.unpack_page(layout, page, ptype, bid, ib) == bid
    at = data.draw(st.integers(0, len(page) - 1))
    damaged = bytearray(page)
    damaged[at] ^= data.draw(st.integers(1, 255))
    # Nothing looks at the signature of a map page: it has none.
    signature = range(layout.page_crc_size + 2, layout.page_crc_size + 4)
    if ptype in disk.MAP_PTYPES and at in signature:
        return
    with pytest.raises(PstFormatError):
        disk.unpack_page(layout, bytes(damaged), ptype, bid, ib)


# -- B-trees -----------------------------------------------------------------------------------------------------------


class Pages:
    """A place for pages, which counts what lives in it."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.pages: dict[int, bytes] = {}
        self._next = 1

    def read(self, ib: int, size: int) -> bytes:
        return self.pages[ib]

    def write(self, build: Callable[[int, int], bytes]) -> PageRef:
        ref = PageRef(self._next, 0x4400 + self._next * 512)
        self._next += 1
        self.pages[ref.ib] = build(*ref)
        return ref

    def free(self, ib: int) -> None:
        del self.pages[ib]


def new_tree(layout: Layout, ptype: int) -> tuple[BTree, Pages]:
    pages = Pages(layout)
    tree = BTree(layout, ptype, PageRef(0, 0), pages.read)
    (_, bid, ib), *_ = tree._write_level(0, [], pages.write)
    tree.root = PageRef(bid, ib)
    return tree, pages


def tree_entry(ptype: int, key: int, salt: int) -> Entry:
    return (key, salt, salt & 0xFFFF, 2) if ptype == disk.PTYPE_BBT else (key, salt, salt ^ 1, salt & 0xFF)


key_batches = st.lists(
    st.one_of(
        st.lists(st.tuples(st.integers(1, 3000), st.booleans()), max_size=120),
        st.tuples(st.integers(1, 3000), st.integers(1, 900), st.booleans()).map(
            lambda run: [(key, run[2]) for key in range(run[0], run[0] + run[1])]
        ),
    ),
    max_size=8,
)


@settings(max_examples=40)
@given(layouts, st.sampled_from([disk.PTYPE_NBT, disk.PTYPE_BBT]), key_batches)
def test_btree_agrees_with_a_dictionary(layout: Layout, ptype: int, batches: list[list[tuple[int, bool]]]) -> None:
    tree, pages = new_tree(layout, ptype)
    model: dict[int, Entry] = {}
    for number, batch in enumerate(batches, 1):
        changes = {key: tree_entry(ptype, key, key * number & 0xFFFFFF) if put else None for key, put in batch}
        for key, entry in changes.items():
            if entry is None:
                model.pop(key, None)
            else:
                model[key] = entry
        tree.apply(sorted(changes.items(), key=lambda item: item[0]), pages.write, pages.free)
        # Read it through its pages, not through what the writer remembers.
        fresh = BTree(layout, ptype, tree.root, pages.read)
        assert list(fresh.walk()) == [model[key] for key in sorted(model)]
        assert {ref.ib for ref, _ in fresh.pages()} == set(pages.pages)
        assert fresh.last_key() == max(model, default=None)
        for key in (*list(model)[:20], 0, 1, 1500, 3999):
            assert fresh.find(key) == model.get(key)
            assert [entry[0] for entry in fresh.walk(key)] == sorted(each for each in model if each >= key)
        for _, page in fresh.pages():
            assert len(page.entries) <= layout.fanout(ptype, page.level)


@pytest.mark.parametrize("ptype", [disk.PTYPE_NBT, disk.PTYPE_BBT])
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_btree_pages_are_full_after_growth_at_the_end_and_no_emptier_than_half_in_the_middle(
    layout: Layout, ptype: int
) -> None:
    tree, pages = new_tree(layout, ptype)
    for start in range(0, 4000, 97):
        tree.apply([(key, tree_entry(ptype, key, 1)) for key in range(start, start + 97)], pages.write, pages.free)
    fanout = layout.fanout(ptype, 0)
    leaves = [page for _, page in tree.pages() if page.level == 0]
    assert len(leaves) <= -(-4074 // fanout) * 1.05 + 1
    # Thin it out: leaves below half are joined to their neighbours.
    tree.apply([(key, None) for key in range(4074) if key % 5], pages.write, pages.free)
    leaves = [page for _, page in tree.pages() if page.level == 0]
    assert sum(len(page.keys) for page in leaves) / len(leaves) > fanout / 3


# -- allocation maps ---------------------------------------------------------------------------------------------------


class NaiveMap:
    """The slots of a file as a list of booleans."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.taken: list[bool] = []

    def grow_to(self, count: int) -> None:
        while len(self.taken) < count * disk.AMAP_SLOTS:
            index = len(self.taken) // disk.AMAP_SLOTS
            reserved = len(disk.map_pages(self.layout, index)) * 8
            self.taken += [True] * reserved + [False] * (disk.AMAP_SLOTS - reserved)

    def slots(self, offset: int, size: int) -> range:
        first = (offset - disk.FIRST_AMAP) // 64
        assert (offset - disk.FIRST_AMAP) % 64 == 0
        assert first // disk.AMAP_SLOTS == (first + size // 64 - 1) // disk.AMAP_SLOTS, "across two maps"
        return range(first, first + size // 64)


@settings(max_examples=30)
@given(
    layouts,
    st.lists(
        st.one_of(
            st.tuples(st.just("take"), st.integers(1, 128)),
            st.tuples(st.just("many"), st.integers(1, 128)),
            st.tuples(st.just("page"), st.just(8)),
            st.tuples(st.just("give"), st.integers(0, 1 << 20)),
            st.tuples(st.just("again"), st.just(0)),
        ),
        max_size=40,
    ),
)
def test_allocation_agrees_with_a_list_of_slots(layout: Layout, steps: list[tuple[str, int]]) -> None:
    file: dict[int, bytes] = {}

    def read(offset: int, size: int) -> bytes:
        return file[offset][:size]

    maps = AllocationMaps(layout, 0, 0, read, {})
    naive = NaiveMap(layout)
    held: list[tuple[int, int]] = []

    def take(size: int, *, page: bool = False) -> None:
        offset = maps.allocate(size, page=page)
        naive.grow_to(maps.count)
        slots = naive.slots(offset, size)
        assert not any(naive.taken[slot] for slot in slots)
        naive.taken[slots.start : slots.stop] = [True] * len(slots)
        if page:
            assert offset % 512 == 0
        held.append((offset, size))

    for step, number in steps:
        if step in ("take", "page"):
            take(number * 64, page=step == "page")
        elif step == "many":
            for _ in range(40):
                take(number * 64)
        elif step == "give" and held:
            offset, size = held.pop(number % len(held))
            maps.release(offset, size)
            with pytest.raises(PstFormatError):
                maps.release(offset, size)
            slots = naive.slots(offset, size)
            naive.taken[slots.start : slots.stop] = [False] * len(slots)
        elif step == "again":
            # Write the maps, and go on with what the file says.
            file.update(maps.new_pages())
            file.update(maps.changed_pages())
            known = allocation.read_dlist(layout, maps.dlist_page(7))
            assert known is not None
            assert maps.file_size == disk.amap_offset(maps.count)
            free, count = maps.free_bytes, maps.count
            maps = AllocationMaps(layout, count, free, read, known)
        assert maps.free_bytes == naive.taken.count(False) * 64
    for index in range(maps.count):
        bits = allocation.free_to_bits(maps.load(index))
        start = index * disk.AMAP_SLOTS
        expected = naive.taken[start : start + disk.AMAP_SLOTS]
        assert [bool(bits[at >> 3] & 0x80 >> (at & 7)) for at in range(disk.AMAP_SLOTS)] == expected


@given(st.integers(0, (1 << disk.AMAP_SLOTS) - 1), st.integers(1, 200))
def test_the_lowest_run_is_found(free: int, count: int) -> None:
    slots = f"{free:0{disk.AMAP_SLOTS}b}"
    assert allocation.find_run(free, count) == slots.find("1" * count)
    pages = [at for at in range(0, disk.AMAP_SLOTS, 8) if slots[at : at + 8] == "1" * 8]
    assert allocation.find_page(free) == (pages[0] if pages else -1)


@given(layouts, st.dictionaries(st.integers(0, 500), st.integers(1, 3960), max_size=200))
def test_density_lists(layout: Layout, room: dict[int, int]) -> None:
    maps = AllocationMaps(layout, 501, 0, lambda offset, size: b"", room)
    page = maps.dlist_page(9)
    found = allocation.read_dlist(layout, page)
    best = sorted(room.items(), key=lambda item: (-item[1], item[0]))[:119]
    assert found == dict(best)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    damaged = bytearray(page)
    damaged[20] ^= 1
    assert allocation.read_dlist(layout, bytes(damaged)) is None


# -- blocks ------------------------------------------------------------------------------------------------------------


@given(layouts, st.integers(0, 2), st.integers(1, 8176), seeds, st.integers(1, 1 << 20), st.booleans(), st.data())
def test_blocks(
    layout: Layout, method: int, size: int, seed: int, number: int, internal: bool, data: st.DataObject
) -> None:
    plain = bytes((seed * at >> 7) & 0xFF for at in range(size))
    bid = number * 4 | (disk.BID_INTERNAL if internal else 0)
    ib = 0x4800 + number * 64
    raw = blocks.encode_block(layout, method, plain, bid, ib)
    assert len(raw) == layout.block_total(size) <= layout.block_max
    assert len(raw) % 64 == 0
    assert blocks.decode_block(layout, method, raw, bid, ib, size) == plain
    damaged = bytearray(raw)
    at = data.draw(st.integers(0, len(raw) - 1))
    damaged[at] ^= data.draw(st.integers(1, 255))
    padding = range(size, len(raw) - layout.block_trailer.size)
    if at in padding:
        assert blocks.decode_block(layout, method, bytes(damaged), bid, ib, size) == plain
    elif bytes(damaged[-layout.block_trailer.size :]) != raw[-layout.block_trailer.size :]:
        # Bit 0 of a BID means nothing, but the signature is made with it.
        with pytest.raises(PstFormatError):
            blocks.decode_block(layout, method, bytes(damaged), bid, ib, size)
    else:
        with pytest.raises(PstFormatError, match="CRC"):
            blocks.decode_block(layout, method, bytes(damaged), bid, ib, size)


@given(layouts, st.integers(1, 2), u32, st.lists(u32, max_size=1021))
def test_data_tree_blocks(layout: Layout, level: int, total: int, bids: list[int]) -> None:
    packed = blocks.encode_data_tree(layout, level, total, bids)
    assert len(packed) <= layout.block_data_max
    assert blocks.decode_data_tree(layout, packed, 6) == (level, total, tuple(bids))
    if bids:
        with pytest.raises(PstFormatError):
            blocks.decode_data_tree(layout, packed[:-1], 6)


@given(layouts, st.integers(0, 1), st.lists(st.tuples(u32, u32, u32), max_size=300))
def test_subnode_blocks(layout: Layout, level: int, rows: list[tuple[int, int, int]]) -> None:
    entries = [row[:2] if level else row for row in rows]
    packed = blocks.encode_subnodes(layout, level, entries)
    assert blocks.decode_subnodes(layout, packed, 6) == (level, entries)
    if entries:
        with pytest.raises(PstFormatError):
            blocks.decode_subnodes(layout, packed[:-1], 6)


# -- the node database -------------------------------------------------------------------------------------------------


def new_database(layout: Layout, method: int = 0) -> tuple[NodeDatabase, io.BytesIO]:
    file = io.BytesIO()
    return NodeDatabase.create(Device(file), layout, method), file


def reopened(file: io.BytesIO, *, writable: bool = False) -> NodeDatabase:
    return NodeDatabase.open(Device(file), writable=writable)


def patterned(size: int, seed: int) -> bytes:
    """Return bytes of which no two stretches are alike."""
    words = struct.pack(f"<{size // 4 + 1}I", *((at * 2654435761 + seed) & 0xFFFFFFFF for at in range(size // 4 + 1)))
    return words[:size]


def used_slots(db: NodeDatabase) -> dict[int, int]:
    """Return offset and size of everything that the trees say is in the file."""
    places = {ref.ib: db.layout.page_size for _, ref in db.tree_pages()}
    places.update((entry.ib, db.layout.block_total(entry.cb)) for entry in db.all_blocks())
    return places


def assert_maps_match(db: NodeDatabase) -> None:
    """The allocation maps hold what the trees hold, no more and no less."""
    wanted = 0
    for index in range((db.header.root.ibFileEof - disk.FIRST_AMAP) // disk.AMAP_COVERAGE):
        wanted += len(disk.map_pages(db.layout, index)) * 8
    wanted += sum(used_slots(db).values()) // 64
    taken = 0
    offset = disk.FIRST_AMAP
    while offset < db.header.root.ibFileEof:
        page = db.device.read(offset, 512)
        bits = page[db.layout.map_bits_at : db.layout.map_bits_at + disk.AMAP_BYTES]
        taken += int.from_bytes(bits, "big").bit_count()
        offset += disk.AMAP_COVERAGE
    assert taken == wanted
    assert db.header.root.cbAMapFree == (offset - disk.FIRST_AMAP) - taken * 64
    db.rebuild_maps()  # finds overlaps


sizes = st.one_of(
    st.integers(0, 300),
    st.integers(8170, 8190),
    st.integers(16_340, 16_370),
    st.integers(0, 100_000),
)


@settings(max_examples=40)
@given(layouts, st.integers(0, 2), st.lists(st.tuples(sizes, seeds), max_size=6), st.integers(1, 20_000))
def test_data_of_any_size(layout: Layout, method: int, values: list[tuple[int, int]], part: int) -> None:
    db, file = new_database(layout, method)
    datas = [patterned(*value) for value in values]
    for number, data in enumerate(datas):
        pieces: Iterator[bytes] = (data[at : at + part] for at in range(0, len(data), part))
        db.put_node(0x10024 + 32 * number, db.write_data(data), 0, 0)
        db.put_node(0x20024 + 32 * number, db.write_stream(pieces), 0, 0)
    db.commit()
    db = reopened(file, writable=True)
    for number, data in enumerate(datas):
        for base in (0x10024, 0x20024):
            bid = db.node(base + 32 * number).bid_data
            assert db.read_data(bid) == data
            assert db.data_size(bid) == len(data)
            assert len(db.leaves(bid)) == -(-len(data) // layout.block_data_max)
    assert_maps_match(db)
    db = reopened(file, writable=True)
    db.begin()
    for number in range(len(datas)):
        db.delete_node(0x10024 + 32 * number)
        db.delete_node(0x20024 + 32 * number)
    db.commit()
    assert not list(reopened(file).all_blocks())
    assert_maps_match(db)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_a_data_tree_of_two_levels(layout: Layout) -> None:
    size = layout.bids_per_xblock * layout.block_data_max + 12_345
    data = patterned(size, 3)
    db, file = new_database(layout)
    bid = db.write_data(data)
    db.put_node(0x10024, bid, 0, 0)
    db.commit()
    db = reopened(file, writable=True)
    assert blocks.decode_data_tree(layout, db.read_block(bid), bid).level == 2
    assert db.read_data(bid) == data
    assert db.data_size(bid) == size
    db.begin()
    leaves = db.detach_tree(bid)
    assert len(leaves) == layout.bids_per_xblock + 2
    db.put_node(0x10024, db.write_tree(leaves, size), 0, 0)
    db.commit()
    db = reopened(file, writable=True)
    assert db.read_data(db.node(0x10024).bid_data) == data
    assert all(entry.cref == 2 for entry in db.all_blocks())
    assert_maps_match(db)


@settings(max_examples=20)
@given(layouts, st.one_of(st.integers(0, 40), st.integers(300, 800)), seeds)
def test_subnode_trees(layout: Layout, count: int, seed: int) -> None:
    db, file = new_database(layout)
    entries = [
        SubnodeEntry(32 * ((at * 7919 + seed) % 100_003) + 31, db.write_block(b"%d" % at), 0) for at in range(count)
    ]
    bid = db.write_subnodes(entries)
    db.put_node(0x10024, 0, bid, 0)
    db.commit()
    db = reopened(file, writable=True)
    assert list(db.subnodes(bid).values()) == sorted(entries)
    db.begin()
    assert list(db.detach_subnodes(bid).values()) == sorted(entries)
    kept = sorted(entries)[::3]
    for entry in entries:
        if entry not in kept:
            db.release(entry.bid_data)
    db.put_node(0x10024, 0, db.write_subnodes(kept), 0)
    db.commit()
    db = reopened(file, writable=True)
    assert list(db.subnodes(db.node(0x10024).bid_sub).values()) == kept
    assert len(kept) <= blocks.subnodes_per_block(layout, 0)
    assert sum(1 for _ in db.all_blocks()) == len(kept) + (1 if kept else 0)
    assert_maps_match(db)


def test_subnode_trees_of_two_levels_are_tested() -> None:
    assert 300 < blocks.subnodes_per_block(UNICODE, 0) < 800
    assert 300 < blocks.subnodes_per_block(ANSI, 0) < 800


class Undone(Exception):
    """What a savepoint fails with in these tests."""


changes_of_nodes = st.recursive(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 12), st.integers(1, 30_000)),
        st.tuples(st.just("delete"), st.integers(0, 12), st.just(0)),
        st.tuples(st.just("share"), st.integers(0, 12), st.integers(0, 12)),
    ),
    lambda below: st.tuples(st.sampled_from(["keep", "fail"]), st.lists(below, max_size=6), st.just(0)),
    max_leaves=25,
)


@settings(max_examples=60)
@given(
    layouts,
    st.lists(st.tuples(st.sampled_from(["commit", "rollback"]), st.lists(changes_of_nodes, max_size=6)), max_size=5),
)
def test_savepoints_and_transactions_agree_with_a_dictionary(layout: Layout, transactions: list) -> None:
    db, file = new_database(layout)
    db.put_node(0x10004, db.write_data(b"first"), 0, 0)
    db.commit()
    committed = {0x10004: b"first"}

    def run(step: tuple, model: dict[int, bytes]) -> None:
        kind, what, size = step
        if kind in ("keep", "fail"):
            before = dict(model)
            with suppress(Undone), db.savepoint():
                for below in what:
                    run(below, model)
                if kind == "fail":
                    raise Undone
            # Savepoints inside one another are one: what fails inside is undone by the outermost that fails.
            if kind == "fail" and not db.in_savepoint:
                model.clear()
                model.update(before)
            return
        nid = 0x10004 + 32 * what
        if kind == "put":
            data = patterned(size, what)
            if nid in model:
                db.delete_node(nid)
            db.put_node(nid, db.write_data(data), 0, 0)
            model[nid] = data
        elif kind == "delete" and nid in model:
            db.delete_node(nid)
            del model[nid]
        elif kind == "share" and nid in model:
            other = 0x10004 + 32 * size
            if other not in model:
                bid = db.node(nid).bid_data
                db.add_reference(bid)
                db.put_node(other, bid, 0, 0)
                model[other] = model[nid]

    for end, steps in transactions:
        db = reopened(file, writable=True)
        model = dict(committed)
        db.begin()
        for step in steps:
            run(step, model)
        contents = {entry.nid: db.read_data(entry.bid_data) for entry in db.nodes()}
        assert contents == model
        if end == "commit":
            db.commit()
            committed = model
        else:
            db.rollback()
        db = reopened(file, writable=True)
        assert {entry.nid: db.read_data(entry.bid_data) for entry in db.nodes()} == committed
        assert_maps_match(db)


def test_the_header_of_a_transaction_that_was_given_up_is_the_old_one() -> None:
    db, file = new_database(UNICODE)
    db.put_node(0x10004, db.write_data(b"first"), 0, 0)
    db.commit()
    before = file.getvalue()
    header = db.header
    db.begin()
    db.put_node(0x10004, db.write_data(patterned(900_000, 1)), 0, 0)
    db.device.flush()
    assert len(file.getvalue()) > len(before)
    db.rollback()
    assert db.header == header
    assert len(file.getvalue()) == len(before)
    assert db.read_data(db.node(0x10004).bid_data) == b"first"
    assert replace(header) == reopened(file).header
