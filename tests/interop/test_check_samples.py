"""What the check says of real files: those that Outlook wrote are clean, and of others each finding is known."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

import pytest

from mailconnector.pst import disk
from mailconnector.pst.check import Severity, check
from mailconnector.pst.compact import compact
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device
from mailconnector.pst.repair import repair

# Files that other programs than Outlook wrote or changed, with what is wrong with them.
EXPECTED: dict[str, dict[str, str]] = {
    # Made by Aspose.Email: it leaves out what Outlook always has (search contents table, search keys of contacts).
    "Aspose.Email-for-.NET__PersonalStorageFile.pst": {
        "names-bucket": "two buckets of the name-to-id map have each other's record",
        "row-version-twice": "each table counts its row versions for itself",
        "row-version-high": "the highest row version is the next one to be given out",
    },
    "Aspose.Email-for-.NET__SampleContacts1.pst": {
        "names-bucket": "two buckets of the name-to-id map have each other's record",
        "row-version-twice": "each table counts its row versions for itself",
    },
    # An Outlook file that a program has put messages and folders into.
    "go-pst__support.pst": {
        "attachment-size": "the sizes of two attachments leave out part of their properties",
        "free-count": "cbAMapFree is that of an empty file of this size",
        "property-missing": "19 folders have no counts",
        "row-version-high": "dwUnique was not advanced with the row versions",
        "row-version-twice": "each table counts its row versions for itself",
        "subnode-counter-low": "rgnid was not advanced with the subnodes",
    },
    # A conversion of the Enron mails by an unknown program.
    "npm_pst-extractor_1.12.0__enron.pst": {
        "attachment-size": "every attachment's size is 11 bytes too large",
        "heap-free-count": "cFree of recipient tables leaves out empty items",
        "names-bucket": "names stand in buckets where they do not belong",
        "node-missing-usual": "there is neither an outgoing queue nor a search domain",
        "property-missing": "the store has no PidTagValidFolderMask",
        "row-version-twice": "two tables use the same version",
        "space-leaked": "736,384 bytes are marked as taken and hold nothing",
    },
}


def test_real_files_have_the_expected_findings(pst_sample: Path) -> None:
    with pst_sample.open("rb") as file:
        report = check(Device(file))
    assert report.codes == set(EXPECTED.get(pst_sample.name, ()))
    assert report.clean == (not report.codes)
    assert report.counts.nodes > 30


@pytest.mark.parametrize("kind", ["repair", "compact"])
def test_what_is_made_of_real_files_is_sound(pst_sample: Path, kind: str) -> None:
    target = io.BytesIO()
    with pst_sample.open("rb") as file:
        old = NodeDatabase.open(Device(file), writable=False)
        if not old.layout.writable:
            pytest.skip("files of the 4K format can only be read")
        nodes = {node.nid for node in old.nodes()}
        if kind == "compact":
            compact(old, target)
            # What is wrong in the nodes themselves stays; what was wrong around them is gone.
            allowed = set(EXPECTED.get(pst_sample.name, ())) - {"free-count", "space-leaked"}
        else:
            report = repair(file, target)
            assert all(finding.severity is not Severity.ERROR for finding in report.losses)
            allowed = set()
    after = check(Device(target))
    assert after.codes <= allowed
    new = NodeDatabase.open(Device(target), writable=False)
    assert nodes <= {node.nid for node in new.nodes()}
    assert new.header.bCryptMethod == old.header.bCryptMethod
    assert new.layout in (disk.ANSI, disk.UNICODE)
    with pst_sample.open("rb") as file:
        assert _seen_by_libpff(target) == _seen_by_libpff(file)


def _seen_by_libpff(file: BinaryIO) -> list[tuple[str, int, list[str]]]:
    """Return name, number of attachments and subjects of the items of each folder, as a stranger reads them."""
    pypff = pytest.importorskip("pypff")
    store = pypff.file()
    store.open_file_object(file)
    found = []
    pending = [store.get_root_folder()]
    while pending:
        folder = pending.pop()
        messages = [folder.get_sub_message(at) for at in range(folder.number_of_sub_messages)]
        attachments = sum(getattr(message, "number_of_attachments", 0) for message in messages)
        subjects = [str(getattr(message, "subject", "")) for message in messages]
        found.append((str(folder.name), attachments, sorted(subjects)))
        pending += [folder.get_sub_folder(at) for at in range(folder.number_of_sub_folders)]
    store.close()
    return sorted(found)
