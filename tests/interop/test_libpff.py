"""What we read of real files is what libpff reads of them: every property of every item, byte for byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mailconnector import pst
from tests.oracle import libpff, pffexport

pytestmark = pytest.mark.interop


def test_libpff_reads_the_same(pst_sample: Path):
    """Folders, messages (FAI too), recipients, attachments and the names' streams agree in both directions.

    Three of libpff's own ways are allowed for, and only these: it sorts a folder's folders by NID; it gives the cells
    that a row's existence bitmap denies (as what a writer leaves there, zeros or nothing); and of messages whose class
    it does not know it gives the properties alone.
    """
    with pst.open_store(pst_sample) as store, pst_sample.open("rb") as file:
        assert libpff.differences(file, store) == []


@pytest.mark.skipif(not shutil.which(pffexport.PROGRAM), reason="pffexport (Debian's pff-tools) is not installed")
def test_pffexport_finds_the_same_embedded_messages_and_names(pst_sample: Path, tmp_path: Path):
    """Embedded messages to any depth, and what the ids of named properties stand for."""
    dump = pffexport.export(pst_sample, tmp_path / "dump")
    with pst.open_store(pst_sample) as store:
        assert pffexport.embedded_record_sets(dump) == pffexport.embedded_in(store)
        ours = {(pid, name.name) for pid, name in store.names.items()}
        assert pffexport.names(dump) - ours == set()


def test_counts_are_those_of_libpff(pst_sample: Path):
    """What a folder says of itself, PidTagContentCount, and what libpff counts in it is what we list."""
    listed = {}
    with pst.open_store(pst_sample) as store:
        for folder in store.walk():
            if not folder.is_search_folder:
                listed[folder.nid] = len(folder.message_nids()), len(list(folder.folders()))
    with pst_sample.open("rb") as file:
        assert libpff.counts(file) == listed
