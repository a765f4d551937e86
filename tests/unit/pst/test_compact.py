"""Compacting: the same nodes with the same content, without the room between them."""

from __future__ import annotations

import io
from typing import Any

import pytest

from mailconnector.pst import disk
from mailconnector.pst.check import check
from mailconnector.pst.compact import CompactReport, compact
from mailconnector.pst.errors import PstFormatError, PstUsageError
from mailconnector.pst.messaging.store import Store
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device
from tests.forge import Forge
from tests.unit.pst.check.specimen import BIG_ATTACHMENT, FOLDER, INNER_ATTACHMENT, RICH, sound

Content = tuple[bytes, tuple[tuple[int, Any], ...]]


def opened(data: bytes | bytearray) -> NodeDatabase:
    return NodeDatabase.open(Device(io.BytesIO(data)), writable=False)


def content(database: NodeDatabase) -> dict[int, tuple[int, Content]]:
    """Return parent, data and subnodes of every node."""

    def below(bid_data: int, bid_sub: int) -> Content:
        subnodes = sorted(database.subnodes(bid_sub).values())
        return database.read_data(bid_data), tuple((nid, below(data, sub)) for nid, data, sub in subnodes)

    return {node.nid: (node.nid_parent, below(node.bid_data, node.bid_sub)) for node in database.nodes()}


def compacted(data: bytes | bytearray) -> tuple[NodeDatabase, CompactReport]:
    target = io.BytesIO()
    report = compact(opened(data), target)
    return opened(target.getvalue()), report


def with_holes(variant: Any) -> bytes:
    """Return a file from which most messages were deleted, and in which one has a copy that shares its blocks."""
    file = io.BytesIO(sound(variant))
    store = Store.open(file, writable=True)
    folder = store.folder(FOLDER)
    with store.transaction():
        for message in list(folder.messages()):
            if message.nid != RICH:
                message.delete()
        store.message(RICH).copy_to(store.deleted_items)
    return file.getvalue()


@pytest.mark.parametrize("variant", ["unicode", "ansi"])
def test_every_node_is_the_same(variant: Any) -> None:
    new, report = compacted(with_holes(variant))
    old = opened(with_holes(variant))
    assert list(content(new)) == list(content(old))
    assert report.nodes == len(content(old))
    assert new.header.bCryptMethod == old.header.bCryptMethod
    assert new.header.rgnid == old.header.rgnid
    assert new.header.wVer == old.header.wVer
    assert check(new).findings == ()


@pytest.mark.parametrize("variant", ["unicode", "ansi"])
def test_content_and_sharing_stay(variant: Any) -> None:
    data = with_holes(variant)
    old = opened(data)
    new, _ = compacted(data)
    assert content(new) == content(old)
    assert sorted(entry.cref for entry in new.all_blocks()) == sorted(entry.cref for entry in old.all_blocks())
    assert sum(entry.cref > 2 for entry in new.all_blocks()) > 3


def test_the_new_file_has_no_holes() -> None:
    data = with_holes("unicode")
    new, report = compacted(data)
    taken = [(entry.ib, new.layout.block_total(entry.cb)) for entry in new.all_blocks()]
    taken += [(ref.ib, 512) for _, ref in new.tree_pages()]
    used = sum(size for _, size in taken)
    assert max(ib + size for ib, size in taken) - disk.FIRST_AMAP < used + 4096
    assert report.bytes_after <= report.bytes_before == len(data)


def test_blocks_that_nothing_refers_to_are_left_behind() -> None:
    forge = Forge(sound())
    before = len(forge.blocks)
    forge.set_node(RICH, sub=0)
    new, report = compacted(forge.data)
    assert report.blocks == len(list(new.all_blocks())) < before
    assert check(new).codes == {"message-attach-flag", "value-missing"}


def test_a_tree_that_leads_back_to_itself_is_refused() -> None:
    forge = Forge(sound())
    bid = forge.sub_bid(RICH)
    entries = forge.subnodes(bid)
    forge.set_subnodes(bid, [(*entries[0][:2], bid), *entries[1:]])
    with pytest.raises(PstFormatError):
        compacted(forge.data)


def test_blocks_that_multiply_are_refused() -> None:
    """Each of a chain of subnode blocks refers to the next one twice, and says that nobody else does."""
    forge = Forge(sound())
    bid = forge.sub_bid(RICH)
    below = {nid: sub for nid, _, sub in forge.subnodes(bid)}
    chain = [below[BIG_ATTACHMENT], below[INNER_ATTACHMENT]]
    entries = forge.subnodes(bid)
    forge.set_subnodes(bid, [(nid, data, chain[0]) for nid, data, _ in entries])
    forge.set_subnodes(chain[0], [(nid, data, chain[1]) for nid, data, _ in forge.subnodes(chain[0])])
    target = io.BytesIO()
    try:
        compact(opened(forge.data), target)
    except PstFormatError:
        return
    assert len(target.getvalue()) < 2 * len(forge.data)


def test_refusals() -> None:
    store = Store.open(io.BytesIO(sound()), writable=True)
    with pytest.raises(PstUsageError):
        compact(store.db, io.BytesIO(b"something"))
    with store.transaction(), pytest.raises(PstUsageError):
        compact(store.db, io.BytesIO())


def test_progress_is_told() -> None:
    told: list[tuple[str, int, int]] = []
    compact(opened(sound()), io.BytesIO(), progress=lambda stage, done, total: told.append((stage, done, total)))
    assert told
    assert all(0 < done <= total for _, done, total in told)
