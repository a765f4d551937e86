"""The transaction: what it allows in which state, and what stands after a commit that failed at any write."""

import io
from dataclasses import replace
from typing import Any

import pytest

from mailconnector.pst import disk
from mailconnector.pst.disk import ANSI, UNICODE, Layout
from mailconnector.pst.errors import PstDiskError, PstUsageError
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device

NID = disk.make_nid(0x1000, disk.NID_TYPE_NORMAL_MESSAGE)
layouts = pytest.mark.parametrize("layout", [ANSI, UNICODE], ids=["ansi", "unicode"])


class FullFile(io.BytesIO):
    """A file that can be written ``left`` times."""

    left = 1 << 30

    def write(self, data: Any, /) -> int:
        if not self.left:
            raise OSError(28, "No space left on device")
        self.left -= 1
        return super().write(data)


def with_content(layout: Layout, content: bytes) -> FullFile:
    file = FullFile()
    db = NodeDatabase.create(Device(file), layout, 0)
    db.put_node(NID, db.write_data(content), 0, 0)
    db.commit()
    return file


def opened(file: io.BytesIO, *, writable: bool = True) -> NodeDatabase:
    return NodeDatabase.open(Device(file), writable=writable)


def content(db: NodeDatabase) -> bytes:
    return db.read_data(db.node(NID).bid_data)


@layouts
def test_a_commit_that_fails_at_any_write(layout: Layout) -> None:
    ends = []
    for left in range(100):
        file = with_content(layout, b"old")
        db = opened(file)
        db.begin()
        db.delete_node(NID)
        db.put_node(NID, db.write_data(b"new" * 10_000), 0, 0)
        file.left = left
        try:
            db.commit()
        except PstDiskError:
            file.left = 1 << 30
        else:
            break
        assert not db.in_transaction
        if db.broken:
            with pytest.raises(PstUsageError):
                db.begin()
        else:
            assert content(db) == b"old"
            db.begin()
            db.rollback()
        again = opened(file)
        ends.append((db.broken, content(again)))
        again.begin()
        again.put_node(NID + 32, again.write_data(b"more"), 0, 0)
        again.commit()
        again.rebuild_maps()  # finds overlaps
    else:
        pytest.fail("the commit never came to its end")
    # The header's own write is the one whose failure leaves the old state in the file and this object out of use.
    before = [end for end in ends if not end[0]]
    assert ends == [*before, (True, b"old"), *[(True, b"new" * 10_000)] * (len(ends) - len(before) - 1)]
    assert {old for _, old in before} == {b"old"}
    assert len(ends) - len(before) > 3
    assert content(opened(file)) == b"new" * 10_000


@layouts
def test_a_recovery_that_fails_at_any_write(layout: Layout) -> None:
    header = disk.unpack_header(with_content(layout, b"old").getvalue()[: disk.HEADER_READ_SIZE])
    unsound = replace(header, root=replace(header.root, fAMapValid=disk.INVALID_AMAP)).pack()
    for left in range(100):
        file = with_content(layout, b"old")
        file.seek(0)
        file.write(unsound)
        file.left = left
        last = True
        try:
            db = opened(file)
        except PstDiskError:
            last = False
        file.left = 1 << 30
        if not last:
            db = opened(file)
        assert db.header.root.fAMapValid == disk.VALID_AMAP2
        assert content(db) == b"old"
        db.begin()
        db.put_node(NID + 32, db.write_data(b"more"), 0, 0)
        db.commit()
        db.rebuild_maps()  # finds overlaps
        if last:
            break
    assert 3 < left < 99


@layouts
def test_states_of_a_transaction(layout: Layout) -> None:
    file = with_content(layout, b"old")
    db = opened(file)
    for step in (db.commit, db.rollback):
        with pytest.raises(PstUsageError):
            step()
    db.begin()
    with pytest.raises(PstUsageError):
        db.begin()
    before = file.getvalue()
    db.commit()  # of nothing writes nothing
    assert file.getvalue() == before
    with pytest.raises(PstUsageError):
        opened(file, writable=False).begin()


@layouts
def test_a_rollback_cuts_off_what_the_transaction_appended(layout: Layout) -> None:
    file = with_content(layout, b"old")
    size = len(file.getvalue())
    db = opened(file)
    db.begin()
    db.put_node(NID + 32, db.write_data(bytes(6 << 20)), 0, 0)
    assert len(file.getvalue()) > size
    db.rollback()
    assert len(file.getvalue()) == size
    assert content(db) == b"old"


@layouts
def test_a_file_whose_creation_was_given_up_has_no_header(layout: Layout) -> None:
    file = FullFile()
    NodeDatabase.create(Device(file), layout, 0).rollback()
    assert file.getvalue()[:4] != disk.MAGIC
