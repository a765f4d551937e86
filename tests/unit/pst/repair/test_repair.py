"""Repairing: whatever is damaged, the new file is sound, and what was whole is in it as it was."""

from __future__ import annotations

import io
import random
from typing import Any

import pytest

from mailconnector.pst import disk
from mailconnector.pst.check import Severity
from mailconnector.pst.errors import NotAPstError, PstUsageError
from mailconnector.pst.messaging.store import Store
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device
from mailconnector.pst.repair import RepairReport, repair
from tests.forge import Forge
from tests.oracle.contents import differences, read_store
from tests.unit.pst.check import cases_ltp, cases_messaging, cases_ndb
from tests.unit.pst.check.damages import Damage, in_block
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
    sound,
    user_root,
)

CASES = [*cases_ndb.CASES, *cases_ltp.CASES, *cases_messaging.CASES]
Content = tuple[bytes, tuple[tuple[int, Any], ...]]


def repaired(data: bytes | bytearray) -> tuple[RepairReport, Store]:
    target = io.BytesIO()
    report = repair(io.BytesIO(data), target)
    return report, Store.open(target)


def content(database: NodeDatabase, bid_data: int, bid_sub: int) -> Content:
    """Return all that hangs on a node."""
    below = tuple((nid, content(database, data, sub)) for nid, data, sub in sorted(database.subnodes(bid_sub).values()))
    return database.read_data(bid_data), below


def messages(database: NodeDatabase) -> dict[int, Content]:
    kinds = (disk.NID_TYPE_NORMAL_MESSAGE, disk.NID_TYPE_ASSOC_MESSAGE)
    return {
        node.nid: content(database, node.bid_data, node.bid_sub)
        for node in database.nodes()
        if disk.nid_type(node.nid) in kinds
    }


def open_sound(variant: Any = "unicode") -> NodeDatabase:
    return NodeDatabase.open(Device(io.BytesIO(sound(variant))), writable=False)


def codes(report: RepairReport) -> set[str]:
    return {finding.code for finding in report.losses}


@pytest.mark.parametrize("variant", ["unicode", "ansi"])
def test_a_sound_file_comes_over_as_it_is(variant: Any) -> None:
    report, store = repaired(sound(variant))
    assert report.losses == ()
    assert report.complete
    assert report.after.clean
    old = open_sound(variant)
    new = store.db
    assert [node.nid for node in new.nodes()] == [node.nid for node in old.nodes()]
    for node in old.nodes():
        entry = new.node(node.nid)
        assert entry.nid_parent == node.nid_parent
        assert content(new, entry.bid_data, entry.bid_sub) == content(old, node.bid_data, node.bid_sub)


@pytest.mark.parametrize(("code", "damage"), CASES, ids=[f"{code}-{at}" for at, (code, _) in enumerate(CASES)])
def test_the_repaired_file_is_sound_and_has_what_was_whole(code: str, damage: Damage) -> None:
    specimen = Specimen()
    damage(specimen)
    report, store = repaired(specimen.data)
    assert report.after.clean
    old, new = messages(open_sound()), messages(store.db)
    # One damage hurts one message at most; all others keep their ids and everything in them.
    same = [nid for nid in old if new.get(nid) == old[nid]]
    assert len(same) >= len(old) - 2
    for nid in same:
        assert store.message(nid).folder.nid in (FOLDER, SUBFOLDER)


@pytest.mark.parametrize("variant", ["unicode", "ansi"])
def test_without_its_header_a_file_is_found_by_its_pages_and_blocks(variant: Any) -> None:
    data = bytearray(sound(variant))
    data[: disk.FIRST_AMAP] = bytes(disk.FIRST_AMAP)
    report, store = repaired(data)
    assert "header-lost" in report.before.codes
    assert report.after.clean
    assert store.encryption == "permute"
    assert messages(store.db) == messages(open_sound(variant))
    assert store.folder(FOLDER).path == store.ipm_subtree.folder("Letters").path


@pytest.mark.parametrize("variant", ["unicode", "ansi"])
def test_without_any_tree_page_but_the_leaves(variant: Any) -> None:
    forge = Forge(sound(variant))
    for ib in forge.pages:
        if forge.level(ib):
            forge.data[ib : ib + 512] = bytes(512)
    report, store = repaired(forge.data)
    assert report.after.clean
    assert messages(store.db) == messages(open_sound(variant))


def test_without_the_block_tree_the_blocks_are_found_by_their_trailers() -> None:
    forge = Forge(sound())
    for ib, (kind, _) in forge.pages.items():
        if kind == disk.PTYPE_BBT:
            forge.data[ib : ib + 512] = bytes(512)
    report, store = repaired(forge.data)
    assert report.after.clean
    assert messages(store.db) == messages(open_sound())


def lost_nodes(nids: list[int]) -> bytearray:
    """Return the file with nodes taken out of the NBT, nothing else made to fit."""
    forge = Forge(sound())
    for nid in nids:
        forge = Forge(bytes(forge.data))  # where the entries stand now
        place = forge.nodes[nid]
        width = forge.layout.nbt_entry.size
        ib = place.page
        count = forge.layout.btpage_meta.unpack_from(forge.data, ib + forge.layout.btpage_meta_at)[0]
        at = (place.at - ib) // width
        forge.data[ib + at * width : ib + count * width] = forge.data[
            ib + (at + 1) * width : ib + count * width
        ] + bytes(width)
        forge.set_meta(ib, count=count - 1)
    return forge.data


def test_messages_of_a_lost_folder_come_back_with_it() -> None:
    report, store = repaired(lost_nodes([FOLDER]))
    assert report.after.clean
    folder = store.ipm_subtree.folder("Letters")
    assert folder.nid == FOLDER
    assert folder.content_count == COUNT
    assert codes(report) == {"lost-folder"}


def test_what_has_lost_its_place_comes_into_the_folder_recovered() -> None:
    data = lost_nodes([FOLDER, FOLDER + 0xB, FOLDER + 0xC, FOLDER + 0xD])
    report, store = repaired(data)
    assert report.after.clean
    recovered = store.ipm_subtree.folder("Recovered")
    assert recovered.content_count == COUNT
    assert len(recovered.message_nids(associated=True)) == 1
    assert [folder.name for folder in recovered.folders()] == ["Below"]
    assert {"recovered-item", "lost-folder"} <= codes(report)


def test_a_message_that_nothing_is_left_of_is_reported() -> None:
    report, store = repaired(lost_nodes([PLAIN]))
    assert report.after.clean
    assert not report.complete
    assert "lost-message" in codes(report)
    assert store.folder(FOLDER).content_count == COUNT - 1


@pytest.mark.parametrize(
    "nid", [0x21, 0x61, 0x122, 0x60E, 0x62B, 0x671, 0x1E1, 0x201, 0x8022, 0x8042, 0x8062, 0x12D, 0x802D, 0x2223]
)
def test_special_nodes_are_made_anew(nid: int) -> None:
    report, store = repaired(lost_nodes([nid]))
    assert report.after.clean
    assert len(messages(store.db)) == COUNT + 1
    assert store.ipm_subtree.folder("Letters").nid == FOLDER


def test_of_a_message_whose_own_block_is_lost_its_row_is_left() -> None:
    specimen = Specimen()
    forge = Forge(bytes(specimen.data))
    _, ib, size, _ = forge.blocks[forge.data_bid(RICH)].values
    specimen.data[ib : ib + forge.layout.block_total(size)] = bytes(forge.layout.block_total(size))
    report, store = repaired(specimen.data)
    assert report.after.clean
    message = store.message(RICH)
    assert message.subject == "a rich message"
    assert len(message.recipients) == 2
    assert message.attachment_nids == [ATTACHMENT, BIG_ATTACHMENT, INNER_ATTACHMENT]
    assert "lost-properties" in codes(report)


def test_a_flipped_bit_in_a_message_costs_no_property() -> None:
    specimen = Specimen()
    in_block(PLAIN, 60)(specimen)
    report, store = repaired(specimen.data)
    assert report.after.clean
    before = Store.open(io.BytesIO(sound())).message(PLAIN).properties
    assert len(store.message(PLAIN).properties) >= len(before) - 1


def test_a_hole_in_a_large_attachment_leaves_the_rest_of_it() -> None:
    specimen = Specimen()
    forge = Forge(bytes(specimen.data))
    below = {nid: sub for nid, _, sub in forge.subnodes(forge.sub_bid(RICH))}[BIG_ATTACHMENT]
    tree = forge.subnodes(below)[0][1]
    leaf = forge.block(tree)[8 + 8 : 8 + 16]
    _, ib, size, _ = forge.blocks[int.from_bytes(leaf, "little")].values
    specimen.data[ib : ib + forge.layout.block_total(size)] = bytes(forge.layout.block_total(size))
    report, store = repaired(specimen.data)
    assert report.after.clean
    assert "damaged-value" in codes(report)
    stream = store.message(RICH).attachment(BIG_ATTACHMENT).open()
    assert stream is not None
    data = stream.read()
    original = random.Random(1).randbytes(30_000)
    assert len(data) == len(original)
    assert data[:8176] == original[:8176]
    assert data[8176 : 2 * 8176] == bytes(8176)
    assert data[2 * 8176 :] == original[2 * 8176 :]


def test_lost_names_are_replaced_so_that_properties_stay() -> None:
    specimen = Specimen()
    forge = Forge(bytes(specimen.data))
    _, ib, size, _ = forge.blocks[forge.data_bid(0x61)].values
    specimen.data[ib : ib + forge.layout.block_total(size)] = bytes(forge.layout.block_total(size))
    report, store = repaired(specimen.data)
    assert report.after.clean
    assert "lost-name" in codes(report)
    assert len(store.message(RICH).properties) == len(Store.open(io.BytesIO(sound())).message(RICH).properties)


def test_a_message_within_itself_is_cut() -> None:
    forge = Forge(sound())
    bid = forge.sub_bid(RICH)
    below = {nid: sub for nid, _, sub in forge.subnodes(bid)}[INNER_ATTACHMENT]
    inner, data, _ = forge.subnodes(below)[0]
    forge.set_subnodes(below, [(inner, data, bid), *forge.subnodes(below)[1:]])
    report, store = repaired(forge.data)
    assert report.after.clean
    assert store.message(RICH).subject == "a rich message"


@pytest.mark.parametrize("seed", range(40))
def test_random_destruction(seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(sound("ansi" if seed % 3 == 0 else "unicode"))
    used = disk.FIRST_AMAP, 0x1C000
    for _ in range(chance.randrange(1, 8)):
        at = chance.randrange(*used)
        size = chance.choice([1, 1, 1, 64, 512, 5000])
        data[at : at + size] = chance.choice([bytes(size), chance.randbytes(size)])
    if chance.random() < 0.2:
        del data[chance.randrange(*used) :]
    try:
        report, _ = repaired(data)
    except NotAPstError:
        assert data[:4] != disk.MAGIC
        return
    assert report.after.clean


def test_refusals() -> None:
    with pytest.raises(NotAPstError):
        repair(io.BytesIO(bytes(300_000)), io.BytesIO())
    with pytest.raises(NotAPstError):
        repair(io.BytesIO(b""), io.BytesIO())
    with pytest.raises(PstUsageError):
        repair(io.BytesIO(sound()), io.BytesIO(b"something"))


def test_progress_is_told() -> None:
    stages: list[str] = []
    repair(io.BytesIO(sound()), io.BytesIO(), progress=lambda stage, done, total: stages.append(stage))
    assert {"trees", "blocks", "references"} <= set(stages)


def test_losses_have_severities() -> None:
    report, _ = repaired(lost_nodes([PLAIN, HIDDEN, PLAIN_2]))
    assert all(finding.severity in Severity for finding in report.losses)
    assert len([finding for finding in report.losses if finding.code == "lost-message"]) == 3


# -- blocks with a wrong CRC -------------------------------------------------------------------------------------------

Place = tuple[int, tuple[int, ...], int]  # node, path of subnodes, number of the block
PLACES: dict[str, Place] = {
    "a message's properties": (PLAIN, (), 0),
    "a heap of several blocks": (WIDE, (), 0),
    "its last block": (WIDE, (), -1),
    "a large value": (RICH, (BIG_ATTACHMENT, -1), 1),
    "recipients": (RICH, (disk.NID_RECIPIENT_TABLE,), 0),
    "a table of attachments": (RICH, (disk.NID_ATTACHMENT_TABLE,), 0),
    "an attachment": (RICH, (ATTACHMENT,), 0),
    "an attached message": (RICH, (INNER_ATTACHMENT, INNER), 0),
    "a value of an attached message": (RICH, (INNER_ATTACHMENT, INNER, -1), 0),
    "an associated message": (HIDDEN, (), 0),
    "a folder": (FOLDER, (), 0),
    "a table of contents": (FOLDER + 0xC, (), 0),
    "its rows": (FOLDER + 0xC, (-1,), 0),
    "a table of folders": (FOLDER + 0xB, (), 0),
    "the store": (0x21, (), 0),
    "the names": (0x61, (), 0),
}


def block_at(database: NodeDatabase, place: Place) -> tuple[int, int]:
    """Return offset and size of a data block; -1 in a path is any subnode that holds a value or rows."""
    nid, path, index = place
    entry = database.node(nid)
    bid_data, bid_sub = entry.bid_data, entry.bid_sub
    for step in path:
        below = database.subnodes(bid_sub)
        values = [one for one in below if disk.nid_type(one) == disk.NID_TYPE_LTP]
        _, bid_data, bid_sub = below[
            step if step >= 0 else max(values, key=lambda one: database.data_size(below[one].bid_data))
        ]
    block = database.block(database.leaves(bid_data)[index])
    return block.ib, block.cb


@pytest.mark.parametrize("at", [0.02, 0.4])
@pytest.mark.parametrize("what", PLACES)
@pytest.mark.parametrize("variant", ["unicode", "ansi"])
def test_what_comes_from_a_block_with_a_wrong_crc_is_named(variant: Any, what: str, at: float) -> None:
    """What came over is as it was, but for the tables of folders, or the report names the place."""
    data = bytearray(sound(variant))
    offset, size = block_at(open_sound(variant), PLACES[what])
    data[offset + int(size * at)] ^= 0x5A
    report, store = repaired(data)
    assert report.after.clean
    assert "block-crc" in report.before.codes
    old, new = read_store(Store.open(io.BytesIO(sound(variant)))), read_store(store)
    named = [finding for finding in report.losses if finding.nid == PLACES[what][0]]
    assert named or differences(new, old) == []
    if what.startswith(("a table of contents", "its rows", "a table of folders")):
        assert differences(new, old) == []  # made anew from what they list
    else:
        assert named and not report.complete
    doubtful = [finding for finding in report.losses if finding.code == "doubtful-block"]
    assert all(finding.offset == offset and finding.nid == PLACES[what][0] for finding in doubtful)


@pytest.mark.parametrize("count", [2, 30])
def test_many_blocks_with_wrong_crcs(count: int) -> None:
    """Each message that is not as it was is named."""
    data = bytearray(sound())
    database = open_sound()
    nids = [PLAIN + 0x20 * number for number in range(count)]
    for nid in nids:
        offset, size = block_at(database, (nid, (), 0))
        data[offset + size // 3] ^= 0xFF
    report, store = repaired(data)
    assert {finding.nid for finding in report.losses} >= set(nids)
    old, new = messages(open_sound()), messages(store.db)
    assert {nid for nid in old if new.get(nid) != old[nid]} <= set(nids)


def test_an_empty_property_list_behind_sound_checksums_is_named() -> None:
    """The heap's root leads to an empty item: nothing is left but what the folder lists."""
    specimen = Specimen()

    def no_root(block: bytearray) -> None:
        header = user_root(block).start
        block[header + 4 : header + 8] = bytes(4)

    specimen.block(PLAIN, no_root)
    report, store = repaired(specimen.data)
    assert report.after.clean
    assert [finding.code for finding in report.losses if finding.nid == PLAIN] == ["lost-properties"]
    assert store.message(PLAIN).subject == "letter 0"
