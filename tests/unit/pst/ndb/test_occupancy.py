"""Allocation maps that call what lives free: a writer takes none of it, and puts the maps right where it writes."""

from __future__ import annotations

import io
import random
import struct
from dataclasses import replace
from typing import Literal

import pytest

from mailconnector.mapi.objects import AttachmentObject, MessageObject
from mailconnector.pst import Store, disk
from mailconnector.pst.check import check
from mailconnector.pst.ndb.allocation import bits_to_free, free_to_bits, reserved_free
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device
from mailconnector.pst.ndb.occupancy import Occupancy
from tests.oracle import soundness
from tests.oracle.contents import differences, read_store

FORMATS = ("unicode", "ansi")
Format = Literal["unicode", "ansi"]


def message(seed: int, size: int = 3000) -> MessageObject:
    chance = random.Random(seed)
    made = MessageObject({0x0037001F: f"message {seed}", 0x1000001F: "text " * (size // 10)})
    made.attachments.append(AttachmentObject({0x3704001F: "a"}, data=chance.randbytes(size)))
    return made


def filled(format_: Format, count: int = 60) -> io.BytesIO:
    """Return a store of a few AMaps, with holes where messages were deleted."""
    file = io.BytesIO()
    with Store.create(file, format=format_) as store:
        with store.transaction():
            nids = [store.ipm_subtree.add_message(message(seed, 12_000)).nid for seed in range(count)]
        with store.transaction():
            for nid in nids[::5]:
                store.message(nid).delete()
    return file


def free_of(file: io.BytesIO, index: int) -> int:
    db = NodeDatabase.open(Device(file), writable=False)
    page = db.device.read(disk.amap_offset(index), db.layout.page_size)
    return bits_to_free(page[db.layout.map_bits_at :][: disk.AMAP_BYTES]) & reserved_free(db.layout, index)


def call_free(file: io.BytesIO, index: int, slots: int) -> None:
    """Mark slots of an AMap as free, and count them in the header."""
    db = NodeDatabase.open(Device(file), writable=False)
    free = free_of(file, index)
    new = (free | slots) & reserved_free(db.layout, index)
    at = disk.amap_offset(index)
    body = bytes(db.layout.map_bits_at) + free_to_bits(new)
    root = replace(db.header.root, cbAMapFree=db.header.root.cbAMapFree + (new ^ free).bit_count() * disk.SLOT)
    file.seek(at)
    file.write(disk.pack_page(db.layout, body, disk.PTYPE_AMAP, at, at))
    file.seek(0)
    file.write(replace(db.header, root=root).pack())


def amaps(file: io.BytesIO) -> int:
    root = NodeDatabase.open(Device(file), writable=False).header.root
    return (root.ibAMapLast - disk.FIRST_AMAP) // disk.AMAP_COVERAGE + 1


@pytest.mark.parametrize("format_", FORMATS)
def test_of_sound_maps_nothing_is_taken_though_what_was_deleted_looks_alive(format_: Format):
    file = filled(format_)
    db = NodeDatabase.open(Device(file), writable=False)
    occupancy = Occupancy(db.layout, db.header.root, db.device.read)
    assert amaps(file) > 2
    for index in range(amaps(file)):
        assert occupancy.taken(index, free_of(file, index)) == 0
        # Were all of it called free, everything that lives would be found.
        everything = reserved_free(db.layout, index)
        assert occupancy.taken(index, everything) == everything & ~free_of(file, index)


@pytest.mark.parametrize("format_", FORMATS)
def test_a_writer_takes_nothing_that_lives(format_: Format):
    file = filled(format_)
    with Store.open(file) as store:
        before = read_store(store)
    for index in range(amaps(file)):
        call_free(file, index, (1 << disk.AMAP_SLOTS) - 1)
    assert "space-unmarked" in check(Device(file)).codes or not check(Device(file)).clean
    with Store.open(file, writable=True) as store:
        with store.transaction():
            made = [store.ipm_subtree.add_message(message(seed, 9000)).nid for seed in range(1000, 1060)]
        for nid in made:
            store.message(nid).delete()
        assert {kind for kind in differences(read_store(store), before) if not kind.startswith("folder")} == set()


@pytest.mark.parametrize("format_", FORMATS)
def test_the_maps_are_right_where_something_was_written(format_: Format):
    """One AMap alone is wrong, and all that is written goes into it: the file is sound afterwards."""
    file = filled(format_, 12)
    last = amaps(file) - 1
    call_free(file, last, (1 << disk.AMAP_SLOTS) - 1)
    assert not check(Device(file)).clean
    with Store.open(file, writable=True) as store:
        store.ipm_subtree.add_message(message(99, 500))
    if amaps(file) == last + 1:
        assert soundness.faults(file) == set()


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("seed", range(6))
def test_random_slots_called_free(format_: Format, seed: int):
    """Single slots, runs, parts of blocks: messages are deleted, changed and added all the same."""
    chance = random.Random(seed)
    file = filled(format_, 30)
    for index in range(amaps(file)):
        for _ in range(40):
            run = chance.choice((1, 1, 3, 8, 60, 700))
            call_free(file, index, ((1 << run) - 1) << chance.randrange(disk.AMAP_SLOTS - run))
    with Store.open(file, writable=True) as store:
        nids = store.ipm_subtree.message_nids()
        kept = {nid: read_store(store).messages[nid] for nid in nids[10:]}
        for nid in nids[:10]:
            store.message(nid).delete()
        for number in range(25):
            store.ipm_subtree.add_message(message(5000 + number, chance.choice((100, 4000, 30_000))))
        now = read_store(store).messages
        assert {nid: now[nid] for nid in kept} == kept
        assert store.ipm_subtree.content_count == len(nids) - 10 + 25
    faults = {fault for fault in soundness.quick_faults(file) if "slots free that are used" not in fault}
    assert {fault for fault in faults if not fault.startswith("cbAMapFree")} == set()


def test_a_rollback_leaves_the_wrong_map_as_it_was():
    file = filled("unicode", 12)
    call_free(file, 0, (1 << disk.AMAP_SLOTS) - 1)
    before = file.getvalue()
    with Store.open(file, writable=True) as store, pytest.raises(ZeroDivisionError), store.transaction():
        store.ipm_subtree.add_message(message(7))
        raise ZeroDivisionError
    with Store.open(io.BytesIO(before)) as old, Store.open(file) as new:
        assert differences(read_store(new), read_store(old)) == []
    assert struct.unpack_from("<I", file.getvalue(), disk.FIRST_AMAP) == struct.unpack_from(
        "<I", before, disk.FIRST_AMAP
    )
