"""Freed space is used again; files grow over many allocation maps; an ANSI file stops before 2 GB."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from mailconnector import pst
from mailconnector.mapi.objects import AttachmentObject, MessageObject
from mailconnector.pst import PstFullError, Store, disk
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device
from tests.oracle import examples, soundness
from tests.oracle.contents import differences, read_store

Format = Literal["unicode", "ansi"]
FORMATS = pytest.mark.parametrize("format_", ["unicode", "ansi"])
_ZEROS = bytes(1 << 20)


class Zeros(io.RawIOBase):
    """A stream of zeros, for attachments larger than memory."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.left = size

    def read(self, size: int = -1) -> bytes:
        count = min(self.left, len(_ZEROS), size if size >= 0 else self.left)
        self.left -= count
        return _ZEROS[:count]


def large(size: int) -> MessageObject:
    """Return a message with an attachment of that many bytes."""
    data = Zeros(size)
    return MessageObject({0x0037001F: "large"}, [], [AttachmentObject({0x37050003: 1}, data=data)])  # type: ignore[arg-type]


@FORMATS
def test_freed_space_is_used_again(format_: Format):
    file = io.BytesIO()
    with Store.create(file, format=format_) as store:
        sizes = []
        for cycle in range(12):
            made = [
                store.ipm_subtree.add_message(examples.make_message(number, 9000, wide=False)) for number in range(20)
            ]
            sizes.append(len(file.getvalue()))
            for message in made:
                message.delete()
            assert cycle < 2 or sizes[-1] <= sizes[1] + disk.AMAP_COVERAGE
    assert soundness.faults(file) == set()


@FORMATS
def test_past_the_first_fmap(format_: Format, tmp_path: Path):
    """An FMap page stands behind AMap 128: past 32 MB the map pages are placed around it."""
    path = tmp_path / "large.pst"
    with pst.create_store(path, format=format_, encryption="none") as store:
        store.ipm_subtree.add_message(large(30 << 20))
        store.ipm_subtree.add_message(large(6 << 20))
        for number in range(30):
            store.ipm_subtree.add_message(examples.make_message(number, 9000, wide=False))
    assert path.stat().st_size > disk.amap_offset(disk.FMAP_FIRST + 8)
    with path.open("rb") as file:
        assert soundness.faults(file) == set()


def test_an_ansi_file_that_would_pass_its_limit():
    """With a limit of 2 MB in the place of 2 GB: a clear error, and what was there stands."""
    file = io.BytesIO()
    Store.create(file, format="ansi").close()
    limit = 2 << 20
    db = NodeDatabase.open(Device(file), writable=True)
    db.layout = replace(disk.ANSI, file_limit=limit)
    with Store(db) as store:
        for number in range(3):
            store.ipm_subtree.add_message(examples.make_message(number, 3000, wide=False))
        before = read_store(store)
        with pytest.raises(PstFullError, match="limit"):
            store.ipm_subtree.add_message(large(3 << 20))
        with pytest.raises(PstFullError), store.transaction():
            for number in range(1000):
                store.ipm_subtree.add_message(examples.make_message(4, 90_000 + number, wide=False))
        assert differences(read_store(store), before) == []
        assert len(file.getvalue()) <= limit
        store.ipm_subtree.add_message(examples.make_message(9, 10, wide=False))
    assert soundness.faults(file) == set()


@pytest.mark.slow
def test_a_unicode_file_past_two_gigabytes(tmp_path: Path):
    """The first FPMap page stands behind AMap 8,192, near 2.08 GB."""
    path = tmp_path / "huge.pst"
    with pst.create_store(path, encryption="none") as store:
        for _ in range(5):
            store.ipm_subtree.add_message(large(450 << 20))
        store.ipm_subtree.add_message(examples.make_message(1, 9000, wide=True))
    assert path.stat().st_size > disk.amap_offset(disk.FPMAP_FIRST + 1)
    with path.open("rb") as file:
        assert soundness.faults(file) == set()


@pytest.mark.slow
def test_an_ansi_file_up_to_two_gigabytes(tmp_path: Path):
    path = tmp_path / "full.pst"
    with pst.create_store(path, format="ansi", encryption="none") as store:
        for _ in range(4):
            store.ipm_subtree.add_message(large(450 << 20))
        with pytest.raises(PstFullError):
            store.ipm_subtree.add_message(large(450 << 20))
        store.ipm_subtree.add_message(examples.make_message(1, 9000, wide=False))
    assert path.stat().st_size < 1 << 31
    with path.open("rb") as file:
        assert soundness.faults(file) == set()
