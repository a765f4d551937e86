"""What a transaction changes, at its limits; round trips are with the properties of the structures."""

import io
from dataclasses import replace

import pytest

from mailconnector.pst import disk
from mailconnector.pst.disk import ANSI, UNICODE, Layout
from mailconnector.pst.errors import PstFullError, PstNotFoundError, PstUsageError
from mailconnector.pst.ndb import btree, writing
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device

NID = disk.make_nid(0x1000, disk.NID_TYPE_NORMAL_MESSAGE)
OTHER = disk.make_nid(0x1001, disk.NID_TYPE_NORMAL_MESSAGE)


class UndoneError(Exception):
    """Ends a savepoint."""


@pytest.fixture(params=[ANSI, UNICODE], ids=["ansi", "unicode"])
def db(request: pytest.FixtureRequest) -> NodeDatabase:
    """An empty database with a transaction running."""
    layout: Layout = request.param
    database = NodeDatabase.create(Device(io.BytesIO()), layout, 0)
    database.commit()
    database.begin()
    return database


def place(db: NodeDatabase, bid: int) -> int:
    return db.block(bid).ib


def test_a_block_outside_a_transaction_is_refused(db: NodeDatabase) -> None:
    db.rollback()
    with pytest.raises(PstUsageError):
        db.write_block(b"x")


def test_block_ids_that_are_used_up(db: NodeDatabase) -> None:
    most = 1 << (62 if db.layout.wide else 32)
    db.header = replace(db.header, bidNextB=most - 4 * disk.BID_STEP)
    with pytest.raises(PstFullError):
        db.write_block(b"x")


def test_a_counter_of_nids_that_says_less_than_was_given_out(db: NodeDatabase) -> None:
    given = db.new_nid(disk.NID_TYPE_NORMAL_MESSAGE)
    db.put_node(given, 0, 0, 0)
    rgnid = list(db.header.rgnid)
    rgnid[disk.NID_TYPE_NORMAL_MESSAGE] -= 1
    db.header = replace(db.header, rgnid=tuple(rgnid))
    assert db.new_nid(disk.NID_TYPE_NORMAL_MESSAGE) == given + (1 << 5)


def test_nids_that_are_used_up(db: NodeDatabase) -> None:
    rgnid = list(db.header.rgnid)
    rgnid[disk.NID_TYPE_LTP] = (1 << 27) - 1
    db.header = replace(db.header, rgnid=tuple(rgnid))
    with pytest.raises(PstFullError):
        db.new_nid(disk.NID_TYPE_LTP)


def test_the_most_references_of_a_block(db: NodeDatabase) -> None:
    bid = db.write_block(b"x")
    for _ in range(0xFFFF - 2):
        db.add_reference(bid)
    with pytest.raises(PstFullError):
        db.add_reference(bid)
    assert db.block(bid).cref == 0xFFFF


def test_counters_of_a_transaction_do_not_reach_the_committed_header(db: NodeDatabase) -> None:
    db.rollback()
    before = (db.header.bidNextB, db.header.bidNextP, db.header.dwUnique, db.header.rgnid)
    db.begin()
    db.put_node(db.new_nid(disk.NID_TYPE_NORMAL_FOLDER), db.write_block(b"x"), 0, db.next_unique())
    db.rollback()
    assert (db.header.bidNextB, db.header.bidNextP, db.header.dwUnique, db.header.rgnid) == before


def test_room_of_what_the_transaction_wrote_is_free_again_at_once(db: NodeDatabase) -> None:
    first = db.write_block(b"x" * 500)
    at = place(db, first)
    db.release(first)
    assert place(db, db.write_block(b"y" * 500)) == at


def test_room_of_the_committed_state_is_not_written_over(db: NodeDatabase) -> None:
    db.put_node(NID, db.write_block(b"x" * 500), 0, 0)
    db.commit()
    db.begin()
    at = place(db, db.node(NID).bid_data)
    db.delete_node(NID)
    assert place(db, db.write_block(b"y" * 500)) != at
    assert db.device.read(at, 500) == b"x" * 500


def test_an_undone_savepoint_has_back_what_it_freed(db: NodeDatabase) -> None:
    db.put_node(NID, db.write_block(b"x" * 500), 0, 0)
    with pytest.raises(UndoneError), db.savepoint():
        db.delete_node(NID)
        db.put_node(OTHER, db.write_block(b"y" * 500), 0, 0)
        raise UndoneError
    assert db.read_data(db.node(NID).bid_data) == b"x" * 500
    with pytest.raises(PstNotFoundError):
        db.node(OTHER)


def test_a_rollback_ends_the_savepoint_it_is_called_in(db: NodeDatabase) -> None:
    with pytest.raises(UndoneError), db.savepoint():
        db.write_block(b"x" * 500)
        db.rollback()
        raise UndoneError
    db.begin()
    db.put_node(NID, db.write_block(b"y" * 500), 0, 0)
    with pytest.raises(UndoneError), db.savepoint():
        raise UndoneError
    # The room of the block that went with the rollback is not given back a second time.
    db.put_node(OTHER, db.write_block(b"z" * 500), 0, 0)
    assert db.read_data(db.node(NID).bid_data) == b"y" * 500
    assert db.read_data(db.node(OTHER).bid_data) == b"z" * 500


def test_a_savepoint_that_is_rolled_back_may_end_well(db: NodeDatabase) -> None:
    with db.savepoint():
        db.release(db.write_block(b"x" * 500))
        db.rollback()
    assert not db.in_savepoint
    assert not db.in_transaction


def test_many_changes_go_into_the_trees_before_the_commit(db: NodeDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_OVERLAY_MAX", 50)
    before = db.header.bidNextP
    nids = [NID + (number << 5) for number in range(60)]
    with db.savepoint():
        for nid in nids:
            db.put_node(nid, db.write_block(b"%d" % nid), 0, 0)
        assert db.header.bidNextP == before  # a savepoint could not be undone in the trees
    assert db.header.bidNextP > before
    assert [db.read_data(entry.bid_data) for entry in db.nodes()] == [b"%d" % nid for nid in nids]
    db.rollback()
    assert not list(db.nodes())


def test_pages_that_were_written_are_not_all_remembered(db: NodeDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(btree, "_CACHE_PAGES", 20)
    nids = [NID + (number << 5) for number in range(2000)]
    for first in range(0, len(nids), 100):
        for nid in nids[first : first + 100]:
            db.put_node(nid, db.write_block(b"%d" % nid), 0, 0)
        db.commit()
        db.begin()
        for tree in (db._nbt, db._bbt):
            assert len(tree._cache) <= 20
    assert [db.read_data(entry.bid_data) for entry in db.nodes()] == [b"%d" % nid for nid in nids]
