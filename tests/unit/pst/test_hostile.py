"""Files made to do harm: each may end in the engine's own errors only, soon, and with little memory."""

import io
import random
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable
from functools import cache

import pytest

from mailconnector.mapi.objects import AttachmentObject, MessageObject, Properties
from mailconnector.pst import Folder, NotAPstError, PstError, PstFormatError, PstFullError, Store, disk
from mailconnector.pst.crc import compute_crc, compute_signature
from mailconnector.pst.disk import ANSI, UNICODE, UNICODE_4K
from mailconnector.pst.ltp.heap import CLIENT_PC, CLIENT_TC
from mailconnector.pst.ndb import blocks
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device
from tests.exercise import Exercise, fill, run, sample_message
from tests.forge import Forge

SECONDS = 60  # a file of this size takes a second or two while memory is traced; the rest is for slow machines
MEMORY_TIMES, MEMORY_ALWAYS = 30, 24 << 20  # of the file's size, and beside that
NAMES_NID = disk.NID_NAME_TO_ID_MAP
FORMATS = ("unicode", "ansi")

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@cache
def full(variant: str = "unicode") -> bytes:
    """Return a store with something of everything."""
    file = io.BytesIO()
    with Store.create(file, format=variant, encryption="none") as store:  # type: ignore[arg-type]
        fill(store)
    return file.getvalue()


@cache
def empty(variant: str = "unicode") -> bytes:
    """Return a store as small as there is."""
    file = io.BytesIO()
    Store.create(file, format=variant, encryption="permute").close()  # type: ignore[arg-type]
    return file.getvalue()


def withstand(data: bytes | bytearray, *, objects: int = 80) -> Exercise:
    """Use a file in every way and hold that to bounds."""
    data = bytes(data)
    tracemalloc.start()
    started = time.monotonic()
    try:
        # The check looks at all of the file, which takes long while memory is traced; flipped bytes are its test.
        exercise = run(data, objects=objects, checked=False)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.monotonic() - started < SECONDS
    assert peak < MEMORY_TIMES * len(data) + MEMORY_ALWAYS, f"{peak} bytes for a file of {len(data)}"
    return exercise


def open_store(forge: Forge, *, writable: bool = False) -> Store:
    return Store.open(io.BytesIO(bytes(forge.data)), writable=writable)


def inbox_messages(store: Store) -> list[int]:
    return store.folder_at("Inbox").message_nids()


@pytest.fixture(params=FORMATS)
def forge(request: pytest.FixtureRequest) -> Forge:
    """A full store of each format, about to be forged."""
    return Forge(full(request.param))


def node_of_first_message(forge: Forge) -> int:
    return inbox_messages(open_store(forge))[0]


# -- the bounds hold for an honest file, and the forge itself is honest ------------------------------------------------


@pytest.mark.parametrize("variant", FORMATS)
def test_an_honest_file_is_used_to_the_end(variant: str) -> None:
    exercise = withstand(full(variant), objects=600)
    assert exercise.read > 40
    assert exercise.changed > 50


def test_a_file_that_is_sealed_again_is_the_same(forge: Forge) -> None:
    before = bytes(forge.data)
    forge.reseal()
    assert bytes(forge.data) == before


# -- trees of pages ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ptype", [disk.PTYPE_NBT, disk.PTYPE_BBT])
def test_a_tree_page_that_is_its_own_child(forge: Forge, ptype: int) -> None:
    root = forge.header.root
    bid, ib = (root.bidNBT, root.ibNBT) if ptype == disk.PTYPE_NBT else (root.bidBBT, root.ibBBT)
    links = [place for place in forge.links if place.page == ib]
    assert links
    for place in links:
        forge.set_entry(place, (place.values[0], bid, ib))
    store = open_store(forge)
    with pytest.raises(PstFormatError, match="level"):
        list(store.db.tree_pages())
    withstand(forge.data)


@pytest.mark.parametrize("leaf", [True, False])
@pytest.mark.parametrize("ptype", [disk.PTYPE_NBT, disk.PTYPE_BBT])
def test_a_tree_in_which_every_page_leads_to_the_next_one_many_times(forge: Forge, ptype: int, leaf: bool) -> None:
    """Eight levels with twenty ways each, all to the same page: 20 ** 7 walks."""
    layout = forge.layout
    entries = [place.values for place in (forge.nodes if ptype == disk.PTYPE_NBT else forge.blocks).values()]
    bid = 0x7000
    ib = forge.add_page(ptype, 0, sorted(entries)[:10] if leaf else [], bid)
    for level in range(1, 8):
        above = [(key, bid, ib) for key in range(layout.fanout(ptype, level))]
        bid += 1
        ib = forge.add_page(ptype, level, above, bid)
    if ptype == disk.PTYPE_NBT:
        forge.set_header(bidNBT=bid, ibNBT=ib)
    else:
        forge.set_header(bidBBT=bid, ibBBT=ib)
    db = open_store(forge).db
    with pytest.raises(PstFormatError, match=r"range|empty"):
        list(db.nodes() if ptype == disk.PTYPE_NBT else db.all_blocks())
    with pytest.raises(PstFormatError):
        list(db.tree_pages())
    forge.set_header(fAMapValid=0)
    with pytest.raises(PstFormatError):
        open_store(forge, writable=True)
    withstand(forge.data)


@pytest.mark.parametrize("count", [0, 1, 255])
def test_page_counts(forge: Forge, count: int) -> None:
    for ib in list(forge.pages):
        forge.set_meta(ib, count=count)
    withstand(forge.data)


@pytest.mark.parametrize("level", [1, 7, 8, 255])
def test_page_levels(forge: Forge, level: int) -> None:
    for ib in list(forge.pages):
        forge.set_meta(ib, level=level)
    exercise = withstand(forge.data)
    assert not exercise.read


def test_change_of_a_tree_whose_pages_are_shared(forge: Forge) -> None:
    """Two parents of one page: the change must neither free it twice nor write a tree out of order."""
    links = [place for place in forge.links if place.page == forge.header.root.ibBBT]
    assert len(links) > 1
    forge.set_entry(links[1], (links[1].values[0], *links[0].values[1:]))
    withstand(forge.data)


# -- blocks ------------------------------------------------------------------------------------------------------------


def big_value(forge: Forge) -> int:
    """Return the BID of the first data tree."""
    return next(bid for bid in forge.blocks if bid & disk.BID_INTERNAL and forge.block(bid)[0] == disk.BTYPE_XBLOCK)


@pytest.mark.parametrize("level", [1, 2])
def test_a_data_tree_that_holds_itself(forge: Forge, level: int) -> None:
    bid = big_value(forge)
    forge.move_block(bid, blocks.encode_data_tree(forge.layout, level, 50_000, [bid] * 7))
    db = open_store(forge).db
    with pytest.raises(PstFormatError):
        db.read_data(bid)
    withstand(forge.data)


@pytest.mark.parametrize("total", [1, 50_000, 0xFFFFFFFF])
def test_a_data_tree_that_names_a_block_a_million_times(forge: Forge, total: int) -> None:
    layout = forge.layout
    trees = [bid for bid in forge.blocks if bid & disk.BID_INTERNAL and forge.block(bid)[0] == disk.BTYPE_XBLOCK]
    leaf = max(
        (bid for bid in forge.blocks if not bid & disk.BID_INTERNAL), key=lambda bid: forge.blocks[bid].values[2]
    )
    per = layout.bids_per_xblock
    forge.move_block(trees[1], blocks.encode_data_tree(layout, 1, min(total, per * 8176), [leaf] * per))
    forge.move_block(trees[0], blocks.encode_data_tree(layout, 2, total, [trees[1]] * per))
    db = open_store(forge).db
    with pytest.raises(PstFormatError):
        db.read_data(trees[0])
    withstand(forge.data)


@pytest.mark.parametrize("count", [0xFFFF, 0])
def test_entry_counts_of_internal_blocks(forge: Forge, count: int) -> None:
    for bid in [bid for bid in forge.blocks if bid & disk.BID_INTERNAL]:
        forge.patch(bid, 2, struct.pack("<H", count))
    withstand(forge.data)


def test_totals_of_data_trees(forge: Forge) -> None:
    for total in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF):
        for bid in [bid for bid in forge.blocks if bid & disk.BID_INTERNAL]:
            if forge.block(bid)[0] == disk.BTYPE_XBLOCK:
                forge.patch(bid, 4, struct.pack("<I", total))
        withstand(forge.data)


def test_a_stream_whose_blocks_are_short_ends_in_an_error(forge: Forge) -> None:
    store = open_store(forge)
    nid = next(message.nid for message in store.folder_at("Inbox/Many").messages() if message.subject == "big")
    body = store.message(nid).properties.pc.subnode_of(0x1000)
    leaf = store.db.leaves(store.message(nid).node.subnode(body).bid_data)[1]
    forge.change(leaf, lambda data: data[:100])
    with pytest.raises(PstFormatError, match="less than it says"):
        open_store(forge).message(nid).to_object()
    stream = open_store(forge).message(nid).properties.open(0x1000001F)
    with pytest.raises(PstFormatError, match="shorter"):
        stream.read()
    withstand(forge.data)


def test_blocks_that_overlap_stop_a_rebuild_of_the_maps(forge: Forge) -> None:
    places = sorted(forge.blocks.values(), key=lambda place: place.values[1])
    first, second = places[3], places[4]
    forge.set_entry(second, (second.values[0], first.values[1], *second.values[2:]))
    withstand(forge.data)
    forge.set_header(fAMapValid=0)
    with pytest.raises(PstFormatError, match="overlaps"):
        open_store(forge, writable=True)


def test_every_block_in_one_place(forge: Forge) -> None:
    ib = next(iter(forge.blocks.values())).values[1]
    for place in list(forge.blocks.values()):
        forge.set_entry(place, (place.values[0], ib, *place.values[2:]))
    withstand(forge.data)


@pytest.mark.parametrize("ib", [0, 1, 0x4400, 0x7FFFFFC0, -64])
def test_blocks_and_pages_out_of_the_file(forge: Forge, ib: int) -> None:
    bits = 64 if forge.layout.wide else 32
    for place in [*list(forge.blocks.values())[::3], *forge.links[::3]]:
        values = list(place.values)
        values[2 if place in forge.links else 1] = ib & (1 << bits) - 1
        forge.set_entry(place, tuple(values))
    withstand(forge.data)


@pytest.mark.parametrize("cref", [0, 1, 0xFFFF])
def test_reference_counts(forge: Forge, cref: int) -> None:
    for bid, place in list(forge.blocks.items()):
        forge.blocks[bid] = forge.set_entry(place, (*place.values[:3], cref))
    withstand(forge.data)


@pytest.mark.parametrize("size", [0, 1, 8193, 0xFFFF])
def test_block_sizes(forge: Forge, size: int) -> None:
    for bid, place in list(forge.blocks.items())[::2]:
        forge.blocks[bid] = forge.set_entry(place, (*place.values[:2], size, place.values[3]))
    withstand(forge.data)


# -- subnode trees, messages in messages -------------------------------------------------------------------------------


def test_a_subnode_tree_that_holds_itself(forge: Forge) -> None:
    for nid in inbox_messages(open_store(forge)):
        sub = forge.sub_bid(nid)
        forge.set_subnodes(sub, [(entry[0], entry[1], sub) for entry in forge.subnodes(sub)])
    withstand(forge.data)


def test_an_index_of_subnodes_that_names_one_block_many_times(forge: Forge) -> None:
    nid = node_of_first_message(forge)
    sub = forge.sub_bid(nid)
    other = next(bid for bid in forge.blocks if bid & 2 and bid != sub and forge.block(bid)[0] == disk.BTYPE_SLBLOCK)
    count = blocks.subnodes_per_block(forge.layout, 1)
    forge.move_block(sub, blocks.encode_subnodes(forge.layout, 1, [(at, other) for at in range(count)]))
    with pytest.raises(PstFormatError, match="twice"):
        open_store(forge).db.subnodes(sub)
    forge.move_block(sub, blocks.encode_subnodes(forge.layout, 1, [(1, sub)]))
    with pytest.raises(PstFormatError, match="SIBLOCK"):
        open_store(forge).db.subnodes(sub)
    withstand(forge.data)


def embedding(variant: str, ways: int, padding: int = 0) -> Forge:
    """Return a file with a message that holds itself in each of its attachments."""
    file = io.BytesIO()
    more: Properties = {0x1000001F: "x" * padding} if padding else {}
    inner = MessageObject({0x0037001F: "inner"})
    outer = MessageObject({0x0037001F: "outer", **more})
    for _ in range(ways):
        outer.attachments.append(AttachmentObject({0x37050003: 5}, embedded=inner))
    with Store.create(file, format=variant, encryption="none") as store:  # type: ignore[arg-type]
        nid = store.ipm_subtree.create_folder("Inbox").add_message(outer).nid
    forge = Forge(file.getvalue())
    for entry in forge.subnodes(forge.sub_bid(nid)):
        if disk.nid_type(entry[0]) == disk.NID_TYPE_ATTACHMENT:
            below = forge.subnodes(entry[2])
            forge.set_subnodes(
                entry[2],
                [
                    (sub[0], forge.data_bid(nid), forge.sub_bid(nid))
                    if disk.nid_type(sub[0]) == disk.NID_TYPE_NORMAL_MESSAGE
                    else sub
                    for sub in below
                ],
            )
    return forge


@pytest.mark.parametrize("ways", [1, 2, 20])
@pytest.mark.parametrize("variant", FORMATS)
def test_a_message_that_holds_itself(variant: str, ways: int) -> None:
    forge = embedding(variant, ways, 50_000 if ways == 2 else 0)
    (message,) = open_store(forge).folder_at("Inbox").messages()
    with pytest.raises(PstFormatError, match=r"circle|many times"):
        message.to_object()
    assert not withstand(forge.data, objects=1000).read


def test_a_message_may_be_asked_for_its_parts_any_number_of_times() -> None:
    """The allowance is one conversion's, not the message's."""
    file = io.BytesIO()
    with Store.create(file) as store:
        message = store.ipm_subtree.add_message(sample_message())
        weight = sum(len(value) for value in message.to_object().properties.values() if isinstance(value, str | bytes))
        for _ in range((4 * len(file.getvalue()) + (1 << 20)) // weight + 10):
            message.properties.to_dict()
        assert message.to_object().recipients == message.to_object().recipients


def test_an_attachment_table_that_names_an_attachment_twice(forge: Forge) -> None:
    nid = node_of_first_message(forge)
    entries = forge.subnodes(forge.sub_bid(nid))
    table = next(entry for entry in entries if entry[0] == disk.NID_ATTACHMENT_TABLE)[1]
    nids = open_store(forge).message(nid).attachment_nids
    data = forge.block(table)
    # In the row matrix and in the index, the first attachment stands where the second one did.
    forge.set_block(table, data.replace(struct.pack("<I", nids[1]), struct.pack("<I", nids[0])))
    with pytest.raises(PstFormatError):
        open_store(forge).message(nid).to_object()
    withstand(forge.data)


# -- heaps, BTHs, property contexts ------------------------------------------------------------------------------------


def heaps(forge: Forge, client: int) -> list[int]:
    """Return the BIDs of the blocks that begin a heap of a kind."""
    found = []
    for bid in forge.blocks:
        data = forge.block(bid)
        if not bid & disk.BID_INTERNAL and len(data) > 12 and data[2] == 0xEC and data[3] == client:
            found.append(bid)
    return found


@pytest.mark.parametrize("at", [0, 2, 3, 4])
@pytest.mark.parametrize("value", [0, 0xFFFF])
def test_heap_headers(forge: Forge, at: int, value: int) -> None:
    for bid in heaps(forge, CLIENT_PC) + heaps(forge, CLIENT_TC):
        forge.patch(bid, at, struct.pack("<H", value))
    withstand(forge.data)


@pytest.mark.parametrize("count", [0, 0x7FF, 0xFFFF])
def test_page_maps_that_claim_other_numbers_of_items(forge: Forge, count: int) -> None:
    for bid in heaps(forge, CLIENT_PC) + heaps(forge, CLIENT_TC):
        forge.patch(bid, int.from_bytes(forge.block(bid)[:2], "little"), struct.pack("<H", count))
    withstand(forge.data)


def overlapping_heap(size: int, client: int) -> bytes:
    """Return a heap block with as many items as fit, each of which is nearly the whole block."""
    count = (size - 16 - 6) // 2 // 2
    at = size - 6 - 2 * count & ~1
    head = struct.pack("<HBBI4s", at, 0xEC, client, 0x20, bytes(4))
    offsets = [12 if number % 2 else at - 1 for number in range(count + 1)]
    return head.ljust(at, b"\x01") + struct.pack(f"<HH{count + 1}H", count, 0, *offsets)


def test_heap_items_that_overlap(forge: Forge) -> None:
    """Two thousand items of nearly 8 KB in a block of 8 KB."""
    for client in (CLIENT_PC, CLIENT_TC):
        for bid in heaps(forge, client)[:40]:
            forge.move_block(bid, overlapping_heap(8000, client))
    exercise = withstand(forge.data)
    assert any("overlap" in error.message for error in exercise.errors)


@pytest.mark.parametrize("levels", [1, 8, 9, 255])
def test_a_bth_that_holds_itself(forge: Forge, levels: int) -> None:
    for bid in heaps(forge, CLIENT_PC):
        data = forge.block(bid)
        root = int.from_bytes(data[4:8], "little")
        start, _ = forge.heap_item(bid, root)
        leaf = int.from_bytes(data[start + 4 : start + 8], "little")
        if not leaf or leaf >> 16:
            continue  # empty, or of several blocks
        first, end = forge.heap_item(bid, leaf)
        # Index records (2 bytes of key, 4 of HID) that all lead to the item that they stand in.
        records = b"".join(struct.pack("<HI", at, leaf) for at in range((end - first) // 6))
        forge.patch(bid, start + 3, bytes([levels]))
        forge.patch(bid, first, records.ljust(end - first, b"\0"))
    assert withstand(forge.data).read <= 1  # the message whose properties take several blocks


def test_a_bth_whose_root_is_its_header(forge: Forge) -> None:
    for bid in heaps(forge, CLIENT_PC) + heaps(forge, CLIENT_TC):
        data = forge.block(bid)
        start, _ = forge.heap_item(bid, int.from_bytes(data[4:8], "little"))
        forge.patch(bid, start + 4, data[4:8])
    withstand(forge.data)


def test_properties_that_all_have_one_large_value(forge: Forge) -> None:
    """A value of 50 KB is the value of 447 properties: 22 MB from a few."""
    store = open_store(forge)
    many = store.folder_at("Inbox/Many")
    nid = max(many.message_nids(), key=lambda nid: len(store.message(nid).properties))
    message = store.message(nid)
    large = next(sub for sub in message.node.subnodes.values() if store.db.data_size(sub.bid_data) > 40_000)
    assert len(message.properties) > 500
    bid = forge.data_bid(nid)
    for leaf in store.db.leaves(bid):
        data = bytearray(forge.block(leaf))
        for pid in range(0x6100, 0x6300):
            at = data.find(struct.pack("<HH", pid, 0x1E if not forge.layout.wide else 0x1F))
            if at >= 0:
                data[at + 4 : at + 8] = struct.pack("<I", large.nid)
        forge.set_block(leaf, bytes(data))
    with pytest.raises(PstFormatError, match="many times"):
        open_store(forge).message(nid).to_object()
    with pytest.raises(PstFormatError, match="many times"):
        open_store(forge).message(nid).properties.to_dict()
    withstand(forge.data)


# -- tables ------------------------------------------------------------------------------------------------------------


def table_infos(forge: Forge) -> list[tuple[int, int]]:
    """Return (BID, place of TCINFO) of every table."""
    return [
        (bid, forge.heap_item(bid, int.from_bytes(forge.block(bid)[4:8], "little"))[0])
        for bid in heaps(forge, CLIENT_TC)
    ]


@pytest.mark.parametrize("end", [0, 1, 8, 0x2000, 0xFFFF])
def test_row_layouts(forge: Forge, end: int) -> None:
    """rgib says how long a row is: nothing, less than its columns, more than a block."""
    for bid, at in table_infos(forge):
        forge.patch(bid, at + 8, struct.pack("<H", end))
    withstand(forge.data)
    for bid, at in table_infos(forge):
        forge.patch(bid, at + 2, struct.pack("<4H", end, end, end, end))
    withstand(forge.data)


def test_rows_longer_than_a_block_are_refused(forge: Forge) -> None:
    for bid, at in table_infos(forge):
        forge.patch(bid, at + 8, b"\xff\xff")
    store = open_store(forge)
    with pytest.raises(PstFormatError, match="65535 bytes wide"):
        list(store.ipm_subtree.folders())
    with pytest.raises(PstFormatError):
        open_store(forge, writable=True).ipm_subtree.create_folder("New")


@pytest.mark.parametrize("count", [0, 1, 255])
def test_column_counts(forge: Forge, count: int) -> None:
    for bid, at in table_infos(forge):
        forge.patch(bid, at + 1, bytes([count]))
    withstand(forge.data)


@pytest.mark.parametrize("hnid", [0, 0x20, 0x40, 0x3F, 0xFFFFFFFF])
@pytest.mark.parametrize("field", [10, 14])
def test_tables_whose_index_or_rows_are_elsewhere(forge: Forge, field: int, hnid: int) -> None:
    for bid, at in table_infos(forge):
        forge.patch(bid, at + field, struct.pack("<I", hnid))
    withstand(forge.data)


def test_a_row_matrix_smaller_than_its_index(forge: Forge) -> None:
    store = open_store(forge)
    folder = store.folder_at("Inbox/Many")
    table = disk.sibling_nid(folder.nid, disk.NID_TYPE_CONTENTS_TABLE)
    matrix = next(
        sub.bid_data for sub in store.db.subnodes(store.db.node(table).bid_sub).values() if sub.nid & 0x1F == 0x1F
    )
    for leaf in store.db.leaves(matrix)[-1:]:
        forge.change(leaf, lambda data: data[:10])
    last = store.db.leaves(matrix)
    if len(last) > 1:
        total = (len(last) - 1) * forge.layout.block_data_max + 10
        forge.patch(matrix, 4, struct.pack("<I", total))
    with pytest.raises(PstFormatError, match="rows less"):
        list(open_store(forge).folder_at("Inbox/Many").rows())
    withstand(forge.data)


def test_cells_that_all_name_one_large_value(forge: Forge) -> None:
    nid = node_of_first_message(forge)
    entries = forge.subnodes(forge.sub_bid(nid))
    table = next(entry for entry in entries if entry[0] == disk.NID_RECIPIENT_TABLE)
    db = open_store(forge).db
    large = max((bid for bid in forge.blocks if bid & 2 and forge.block(bid)[0] == disk.BTYPE_XBLOCK), key=db.data_size)
    # A subnode of the recipient table with a large value; every cell of variable size names it.
    holder = next(bid for bid in forge.blocks if bid & 2 and forge.block(bid)[0] == disk.BTYPE_SLBLOCK)
    forge.move_block(holder, blocks.encode_subnodes(forge.layout, 0, [(0x3F, large, 0)]))
    changed = [(*entry[:2], holder) if entry is table else entry for entry in entries]
    forge.set_subnodes(forge.sub_bid(nid), changed)
    data = bytearray(forge.block(table[1]))
    start, _ = forge.heap_item(table[1], int.from_bytes(data[4:8], "little"))
    count, size = data[start + 1], int.from_bytes(data[start + 8 : start + 10], "little")
    rows, end = forge.heap_item(table[1], int.from_bytes(data[start + 14 : start + 18], "little"))
    for at in range(count):
        tag, offset, _, bit = struct.unpack_from("<IHBB", data, start + 22 + 8 * at)
        if tag & 0xFFFF in (0x1E, 0x1F, 0x102):
            for row in range(rows, end, size):
                struct.pack_into("<I", data, row + offset, 0x3F)
                ends = int.from_bytes(data[start + 6 : start + 8], "little")
                data[row + ends + (bit >> 3)] |= 0x80 >> (bit & 7)
    forge.set_block(table[1], bytes(data))
    assert withstand(forge.data).read


# -- folders -----------------------------------------------------------------------------------------------------------


def test_folders_in_a_circle(forge: Forge) -> None:
    store = open_store(forge)
    inbox, deep = store.folder_at("Inbox"), store.folder_at("Inbox/Deep 0/Deep 1")
    forge.set_node(inbox.nid, parent=deep.nid)
    # What Deep 1 holds is what the folder above the Inbox holds: the Inbox, and so Deep 1 again.
    type_ = disk.NID_TYPE_HIERARCHY_TABLE
    above = forge.data_bid(disk.sibling_nid(store.ipm_subtree.nid, type_))
    forge.set_node(disk.sibling_nid(deep.nid, type_), data=above)
    store = open_store(forge)
    assert len(list(store.walk())) < 50
    with pytest.raises(PstFormatError, match="circle"):
        _ = Folder(store._session, inbox.nid).path
    withstand(forge.data)
    store = open_store(forge, writable=True)
    with pytest.raises(PstError):
        store.folder(inbox.nid).move_to(store.folder(deep.nid))


def test_every_folder_is_every_folder(forge: Forge) -> None:
    tables = [nid for nid in forge.nodes if disk.nid_type(nid) == disk.NID_TYPE_HIERARCHY_TABLE]
    source = max(tables, key=lambda nid: forge.blocks[forge.data_bid(nid) & ~1].values[2] if forge.data_bid(nid) else 0)
    for nid in tables:
        forge.set_node(nid, data=forge.data_bid(source), sub=forge.sub_bid(source))
    assert len(list(open_store(forge).walk())) < 50
    withstand(forge.data)


# -- named properties --------------------------------------------------------------------------------------------------


@pytest.fixture(params=FORMATS)
def names(request: pytest.FixtureRequest) -> tuple[Forge, int, int]:
    """A store, the BID of its name-to-id map, and the place of the PC's leaf in it."""
    forge = Forge(empty(request.param))
    bid = forge.data_bid(NAMES_NID)
    return forge, bid, forge.property_record(bid, 0x0001)


def stream_of(forge: Forge, bid: int, pid: int) -> tuple[int, int]:
    at = forge.property_record(bid, pid)
    return forge.heap_item(bid, int.from_bytes(forge.block(bid)[at + 4 : at + 8], "little"))


@pytest.mark.parametrize("count", [0x7001, 0xFFFFFFFF])
def test_absurd_bucket_counts(names: tuple[Forge, int, int], count: int) -> None:
    forge, bid, at = names
    forge.patch(bid, at + 4, struct.pack("<I", count))
    with pytest.raises(PstFormatError, match="buckets"):
        _ = open_store(forge).names
    withstand(forge.data)


def test_a_bucket_count_that_is_a_stream(names: tuple[Forge, int, int]) -> None:
    """An integer of thousands of digits cannot be printed."""
    forge, bid, at = names
    entries = forge.property_record(bid, 0x0003)
    forge.patch(bid, at + 2, forge.block(bid)[entries + 2 : entries + 8])
    withstand(forge.data)


@pytest.mark.parametrize("offset", [1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_names_at_absurd_offsets(names: tuple[Forge, int, int], offset: int) -> None:
    forge, bid, _ = names
    start, end = stream_of(forge, bid, 0x0003)
    entries = forge.block(bid)[start:end]
    changed = b"".join(
        struct.pack("<IHH", offset if kind & 1 else key, kind, index)
        for key, kind, index in struct.iter_unpack("<IHH", entries)
    )
    forge.patch(bid, start, changed)
    with pytest.raises(PstFormatError, match="outside"):
        _ = open_store(forge).names
    withstand(forge.data)


def test_names_that_are_one_string_over_and_over(names: tuple[Forge, int, int]) -> None:
    forge, bid, _ = names
    start, end = stream_of(forge, bid, 0x0003)
    forge.patch(bid, start, b"".join(struct.pack("<IHH", 0, 5, index) for index in range((end - start) // 8)))
    with pytest.raises(PstFormatError, match="outside"):
        _ = open_store(forge).names
    withstand(forge.data)


def test_a_name_of_half_a_character(names: tuple[Forge, int, int]) -> None:
    forge, bid, _ = names
    start, _ = stream_of(forge, bid, 0x0004)
    forge.patch(bid, start, struct.pack("<I", 3))
    with pytest.raises(PstFormatError):
        _ = open_store(forge).names
    withstand(forge.data)


def test_names_with_ids_beyond_the_last(names: tuple[Forge, int, int]) -> None:
    forge, bid, _ = names
    start, end = stream_of(forge, bid, 0x0003)
    entries = [(key, kind, 0x7FF0 + at) for at, (key, kind, _) in
               enumerate(struct.iter_unpack("<IHH", forge.block(bid)[start:end]))]  # fmt: skip
    forge.patch(bid, start, b"".join(struct.pack("<IHH", *entry) for entry in entries))
    store = open_store(forge, writable=True)
    assert all(pid <= 0xFFFE for pid, _ in store.names.items())
    with pytest.raises(PstFullError):
        store.ipm_subtree.add_message(sample_message())
    withstand(forge.data)


# -- the header, and changes by it -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 0x4400, 1 << 30, (1 << 31) - 1])
def test_file_sizes_in_the_header(forge: Forge, size: int) -> None:
    forge.set_header(ibFileEof=size)
    withstand(forge.data)
    # Consistent with the last AMap, but not with the file.
    count = max((size - disk.FIRST_AMAP) // disk.AMAP_COVERAGE, 1)
    forge.set_header(ibFileEof=disk.amap_offset(count), ibAMapLast=disk.amap_offset(count - 1))
    exercise = withstand(forge.data)
    assert exercise.read
    forge.set_header(fAMapValid=0)
    withstand(forge.data)


def test_a_size_of_exabytes() -> None:
    forge = Forge(full("unicode"))
    count = 1 << 44
    forge.set_header(ibFileEof=disk.amap_offset(count), ibAMapLast=disk.amap_offset(count - 1))
    file = io.BytesIO(bytes(forge.data))
    store = Store.open(file, writable=True)
    with pytest.raises(PstFormatError, match="shorter"):
        store.ipm_subtree.create_folder("New")
    assert file.getvalue() == bytes(forge.data)


def test_giving_up_a_change_leaves_what_lies_behind_the_end(forge: Forge) -> None:
    size = len(forge.data)
    forge.data += b"behind" * 1000
    file = io.BytesIO(bytes(forge.data))
    store = Store.open(file, writable=True)
    with pytest.raises(RuntimeError, match="enough"), store.transaction():
        store.ipm_subtree.create_folder("Many").add_message(sample_message())
        store.db.device.flush()
        raise RuntimeError("enough")
    assert file.getvalue()[size:] == bytes(forge.data[size:])


@pytest.mark.parametrize("bid", [0, 4, 0x81])
def test_block_ids_that_were_given_out_already_are_not_given_out_again(forge: Forge, bid: int) -> None:
    forge.set_header(bidNextB=bid)
    with pytest.raises((PstFormatError, PstFullError)):
        open_store(forge, writable=True).ipm_subtree.create_folder("New")
    withstand(forge.data)


@pytest.mark.parametrize("field", ["bidNextB", "bidNextP"])
def test_the_last_ids(forge: Forge, field: str) -> None:
    last = (1 << (64 if forge.layout.wide else 32)) - 4
    forge.set_header(**{field: last})
    with pytest.raises(PstFullError):
        open_store(forge, writable=True).ipm_subtree.create_folder("New")
    withstand(forge.data)
    forge.set_header(fAMapValid=0)
    with pytest.raises(PstFullError):
        open_store(forge, writable=True)


def test_node_ids_that_were_given_out_already_are_not_given_out_again(forge: Forge) -> None:
    forge.set_header(rgnid=(0x400,) * 32)
    file = io.BytesIO(bytes(forge.data))
    store = Store.open(file, writable=True)
    before = {folder.nid: len(folder.message_nids()) for folder in store.walk() if not folder.is_search_folder}
    texts = [message.subject for message in store.folder_at("Inbox").messages()]
    new = store.ipm_subtree.create_folder("New")
    added = [new.add_message(sample_message()) for _ in range(3)]
    assert new.nid not in before
    store = Store.open(file)
    assert {nid: len(store.folder(nid).message_nids()) for nid in before} == before
    assert [message.subject for message in store.folder_at("Inbox").messages()] == texts
    assert [message.to_object().properties[0x0037001F if forge.layout.wide else 0x0037001E]
            for message in map(store.message, (message.nid for message in added))] == ["RE: sample"] * 3  # fmt: skip


def test_node_ids_that_are_used_up(forge: Forge) -> None:
    forge.set_header(rgnid=(0xFFFFFFFF,) * 32)
    with pytest.raises(PstFullError):
        open_store(forge, writable=True).ipm_subtree.create_folder("New")
    withstand(forge.data)


@pytest.mark.parametrize("fill_byte", [0x00, 0xFF])
def test_allocation_maps_that_are_wrong_from_end_to_end(forge: Forge, fill_byte: int) -> None:
    """All taken: other places are found. All free: what lives is marked before anything is written over it."""
    ib = disk.FIRST_AMAP
    body = bytes(forge.layout.map_bits_at) + bytes([fill_byte]) * disk.AMAP_BYTES
    forge.data[ib : ib + 512] = disk.pack_page(forge.layout, body, disk.PTYPE_AMAP, ib, ib)
    forge.data[disk.DLIST_OFFSET : disk.DLIST_OFFSET + 512] = bytes(512)
    withstand(forge.data)
    file = io.BytesIO(bytes(forge.data))
    store = Store.open(file, writable=True)
    before = [(folder.path, folder.content_count) for folder in store.walk()]
    store.ipm_subtree.create_folder("New")
    after = Store.open(file)
    assert after.folder_at("New").content_count == 0
    assert [(f.path, f.content_count) for f in after.walk() if f.path[-1:] != ("New",)] == before


def test_an_unknown_encoding(forge: Forge) -> None:
    for method in (1, 2, 3, 0xFF):
        forge.set_header(bCryptMethod=method)
        assert not withstand(forge.data).read


# -- everything everywhere ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", FORMATS)
@pytest.mark.parametrize("part", range(4))
def test_truncation(variant: str, part: int) -> None:
    """The file ends at each 4 KB."""
    data = full(variant)
    for size in range(4096 * part, len(data), 4 * 4096):
        run(data[:size], objects=12)
        run(data[:size] + bytes(len(data) - size), objects=12)


def _unused(variant: str) -> set[int]:
    """Return the bytes of a header that nothing reads: the free maps of old, and reserved ones."""
    if variant == "unicode":
        return {*range(252, 512), *range(528, 564)}
    return {*range(200, 460), *range(476, 512)}


@pytest.mark.parametrize("variant", FORMATS)
@pytest.mark.parametrize("value", [0x00, 0xFF])
def test_each_byte_of_the_header(variant: str, value: int) -> None:
    for at in sorted({*range(disk.HEADER_READ_SIZE if variant == "unicode" else 512)} - _unused(variant)):
        data = bytearray(empty(variant))
        if data[at] == value:
            continue
        data[at] = value
        with pytest.raises(PstError):  # as it is: the CRC is wrong, or the magic number
            Store.open(io.BytesIO(bytes(data)))
        try:
            forge = Forge(bytes(data))
        except (NotAPstError, PstFormatError):
            continue
        forge.seal_header()
        run(bytes(forge.data), objects=4)


def flipped(variant: str, seed: int) -> bytes:
    """Return a file in which some bytes of a few structures are others, sealed again."""
    choose = random.Random(seed)
    forge = Forge(full(variant))
    for _ in range(choose.choice((1, 1, 2, 4))):
        if choose.random() < 0.3:
            ib = choose.choice(list(forge.pages))
            for _ in range(choose.choice((1, 2, 8))):
                forge.data[ib + choose.randrange(forge.layout.page_crc_size)] = choose.randrange(256)
            forge.seal_page(ib)
        else:
            bid = choose.choice(list(forge.blocks))
            data = bytearray(forge.block(bid))
            reach = choose.choice((16, 64, len(data)))
            for _ in range(choose.choice((1, 2, 8))):
                data[choose.randrange(min(reach, len(data)))] = choose.randrange(256)
            forge.set_block(bid, bytes(data))
    return bytes(forge.data)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("variant", FORMATS)
def test_flipped_bytes(variant: str, seed: int) -> None:
    for number in range(8):
        run(flipped(variant, 100 * seed + number), objects=40)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1100))
@pytest.mark.parametrize("variant", FORMATS)
def test_flipped_bytes_at_length(variant: str, seed: int) -> None:
    for number in range(12):
        run(flipped(variant, 100 * seed + number), objects=60)


# -- 4K files ----------------------------------------------------------------------------------------------------------


def four_k(parts: dict[int, tuple[bytes, int]]) -> bytes:
    """Return a file of the 4K format: by BID the stored data of each block and the size that its trailer claims."""
    layout = UNICODE_4K
    data = bytearray(0x8000)
    leaves = []
    for bid, (stored, plain) in sorted(parts.items()):
        ib = len(data)
        ends = layout.block_trailer.pack(len(stored), compute_signature(ib, bid), compute_crc(stored), bid)
        trailer = bytearray(ends.ljust(layout.block_trailer.size, b"\0"))
        struct.pack_into("<H", trailer, 18, plain)
        total = layout.block_total(len(stored))
        data += stored.ljust(total - len(trailer), b"\0") + trailer
        leaves.append((bid, ib, len(stored), 2))
    data += bytes(-len(data) % layout.page_size)
    header = disk.Header(
        layout=layout, wVer=36, bidNextB=0x1000, bidNextP=9, dwUnique=1, rgnid=(0x400,) * 32, bCryptMethod=0,
        root=disk.Root(len(data) + 8192, 0x4400, 0, 0, 1, len(data), 2, len(data) + 4096, 2),
    )  # fmt: skip
    data[: layout.header_size] = header.pack()
    for bid, ptype, entries in (
        (1, disk.PTYPE_NBT, [(disk.NID_MESSAGE_STORE, min(parts), 0, 0)]),
        (2, disk.PTYPE_BBT, leaves),
    ):
        structure = layout.entry_struct(ptype, 0)
        body = b"".join(structure.pack(*entry) for entry in entries).ljust(layout.btpage_meta_at, b"\0")
        body += layout.btpage_meta.pack(len(entries), layout.fanout(ptype, 0), structure.size, 0)
        page = disk.pack_page(layout, body, ptype, bid, len(data))
        data += page.ljust(layout.page_size, b"\0")
    return bytes(data)


def read_four_k(data: bytes, bid: int) -> bytes:
    return NodeDatabase.open(Device(io.BytesIO(data)), writable=False).read_data(bid)


def test_compressed_blocks() -> None:
    plain = b"compressible " * 1000
    assert read_four_k(four_k({4: (zlib.compress(plain), len(plain))}), 4) == plain
    assert read_four_k(four_k({4: (b"stored", 6)}), 4) == b"stored"


@pytest.mark.parametrize("claimed", [0, 1, 100, 65535])
def test_a_compressed_bomb(claimed: int) -> None:
    """A block of 60 KB that unpacks to 50 MB: no more is unpacked than the trailer claims."""
    bomb = zlib.compress(bytes(50 << 20), 9)
    data = four_k({4: (bomb, claimed)})
    tracemalloc.start()
    try:
        try:
            assert len(read_four_k(data, 4)) == claimed
        except PstFormatError:
            assert claimed in (0, len(bomb))
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()


def test_a_tree_of_bombs_is_bounded_by_the_file() -> None:
    bomb = zlib.compress(bytes(65000), 9)
    tree = blocks.encode_data_tree(UNICODE_4K, 1, 0xFFFFFFFF, [4] * 8000)
    data = four_k({4: (bomb, 65000), 6: (tree, len(tree))})
    with pytest.raises(PstFormatError, match="larger than the file"):
        read_four_k(data, 6)
    withstand(data)


def test_damaged_compressed_data() -> None:
    packed = zlib.compress(random.Random(1).randbytes(3000))
    for change in (lambda data: data[:-10], lambda data: b"\0" + data[1:], lambda data: data[:99] + bytes(99)):
        damaged: Callable[[bytes], bytes] = change
        with pytest.raises(PstFormatError):
            read_four_k(four_k({4: (damaged(packed), 3000)}), 4)


def test_layouts_under_test_are_those_that_can_be_written() -> None:
    assert {layout.name for layout in (ANSI, UNICODE) if layout.writable} == set(FORMATS)
