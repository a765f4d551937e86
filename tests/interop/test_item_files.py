"""Real calendars, cards, .msg files and TNEF streams go into a PST and out again; strangers read what is written."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import icalendar
import pyolecf
import pytest
import vobject

from mailconnector import mapping, pst
from mailconnector.app.pst.exporting import export_folder
from mailconnector.app.pst.found import FoundItem
from mailconnector.app.pst.importing import import_source
from mailconnector.app.pst.sources import open_source
from mailconnector.app.pst.targets import ExportFormat
from mailconnector.items import OLE_STORAGE, Appointment, Attachment, Item, Mail, mail_of, message_id_of, with_mail
from mailconnector.items.field_groups import grouping
from mailconnector.items.merging import field_digests
from mailconnector.mapi import compound, msg, tags
from mailconnector.mapi.objects import AttachmentObject, MessageObject

pytestmark = pytest.mark.interop

KINDS = ("ics", "vcf", "msg", "oft", "tnef")
# Calendars with an event that begins at what is no time.
AT_NO_TIME = {"icalendar__broken_dtstart.ics", "icalendar__issue_1081_invalid_start_and_end.ics"}
# Of an event without a UID: MAPI has no place for which instance it is.
NOT_KEPT: dict[type, set[str]] = {Appointment: {"instance"}}


def digests(item: Item) -> dict[str, bytes]:
    """Return the fields of an item, without what programs write for themselves."""
    kept = NOT_KEPT.get(type(item), set())
    mail = mail_of(item)
    # The storage of an OLE object is the same, its sectors may lie otherwise (tests/unit/mapi/test_msg.py).
    found = field_digests(
        with_mail(item, replace(mail, attachments=tuple([one for one in mail.attachments if not is_ole(one)])))
    )
    return {path: digest for path, digest in found.items() if path not in kept and not grouping(type(item), path)[1]}


def is_ole(attachment: Attachment) -> bool:
    return attachment.content_type == OLE_STORAGE


def counted(items: Iterator[Item]) -> Counter[tuple[object, ...]]:
    """Return items by all that they say."""
    return Counter(
        (type(item).__name__, "" if isinstance(item, Mail) else message_id_of(item), *sorted(digests(item).items()))
        for item in items
    )


def items_of(store: pst.Store) -> Iterator[Item]:
    for folder in store.walk():
        if not folder.is_search_folder:
            for message in folder.messages():
                yield mapping.from_mapi(message.to_object())


def found_in(samples: Path) -> Iterator[Item]:
    for kind in KINDS:
        for found in open_source(samples / kind).read():
            if isinstance(found, FoundItem):
                yield found.item


@pytest.fixture(scope="module", params=["unicode", "ansi"])
def filled(request: pytest.FixtureRequest, samples: Path) -> pst.Store:
    """A store with everything that the sample files hold."""
    store = pst.Store.create(io.BytesIO(), format=request.param, usual_folders=True)
    for kind in KINDS:
        result = import_source(store, open_source(samples / kind), None)
        assert result.imported > 2
        assert {Path(one.place).name for one in result.failures} == (AT_NO_TIME if kind == "ics" else set())
    return store


def test_all_that_files_say_is_in_the_pst(samples: Path, filled: pst.Store) -> None:
    expected = counted(found_in(samples))
    assert expected.total() > 150
    assert counted(items_of(filled)) == expected


def again(store: pst.Store, path: Path, form: ExportFormat) -> pst.Store:
    """Return a store of what another one's files hold."""
    summary = export_folder(store, store.ipm_subtree, path, form)
    assert (summary.failed, summary.left_out) == (0, {})
    fresh = pst.Store.create(io.BytesIO(), usual_folders=True)
    result = import_source(fresh, open_source(path), ())
    assert (result.failed, result.imported) == (0, summary.exported)
    return fresh


def test_msg_files_bring_all_of_it_back(tmp_path: Path, filled: pst.Store) -> None:
    fresh = again(filled, tmp_path / "msg", ExportFormat.MSG)
    assert counted(items_of(fresh)) == counted(items_of(filled))


def test_calendars_and_cards_bring_back_what_they_can_say(tmp_path: Path, filled: pst.Store) -> None:
    fresh = again(filled, tmp_path / "native", ExportFormat.NATIVE)

    def by_id(store: pst.Store) -> Counter[tuple[str, str]]:
        return Counter(
            (type(item).__name__, item.subject if isinstance(item, Mail) else message_id_of(item))
            for item in items_of(store)
        )

    assert by_id(fresh) == by_id(filled)
    events = cards = 0
    for path in (tmp_path / "native").rglob("*.ics"):
        for one in icalendar.Calendar.from_ical(path.read_bytes(), multiple=True):
            events += len(one.walk("VEVENT")) + len(one.walk("VTODO")) + len(one.walk("VJOURNAL"))
    for path in (tmp_path / "native").rglob("*.vcf"):
        cards += sum(1 for _ in vobject.readComponents(path.read_text("utf-8")))
    assert events > 100
    assert cards > 20


# -- .msg files and strangers ------------------------------------------------------------------------------------------


def test_libolecf_reads_every_stream(samples: Path) -> None:
    """olefile reads them in the unit tests; this is a reader of another author."""
    for path in sorted((samples / "msg").iterdir())[::4]:
        data = msg.build(msg.parse(path.read_bytes()))
        stranger = pyolecf.file()
        stranger.open_file_object(io.BytesIO(data))
        compare(compound.parse(data), stranger.get_root_item())
        stranger.close()


def compare(storage: compound.Storage, item: pyolecf.item) -> None:
    found = {one.name: one for one in item.sub_items}
    assert found.keys() == storage.entries.keys()
    for name, entry in storage.entries.items():
        if isinstance(entry, bytes):
            assert found[name].size == len(entry)
            assert not entry or found[name].read(len(entry)) == entry
        else:
            compare(entry, found[name])


@pytest.mark.skipif(shutil.which("msgconvert") is None, reason="needs msgconvert (libemail-outlook-message-perl)")
def test_msgconvert_makes_mail_of_it(tmp_path: Path) -> None:
    message = MessageObject(
        {
            tags.PidTagMessageClass: "IPM.Note",
            tags.PidTagSubject: "To all of you",
            tags.PidTagBody: "Hello\r\nworld\r\n",
            tags.PidTagSenderName: "Eva",
            tags.PidTagSenderEmailAddress: "eva@example.org",
        },
        attachments=[
            AttachmentObject(
                {
                    tags.PidTagAttachMethod: 1,
                    tags.PidTagAttachLongFilename: "data.bin",
                    tags.PidTagAttachMimeTag: "application/octet-stream",
                },
                bytes(range(256)) * 40,
            )
        ],
    )
    path = tmp_path / "a.msg"
    path.write_bytes(msg.build(message))
    done = subprocess.run(["msgconvert", "--outfile", "-", str(path)], capture_output=True, check=True, timeout=120)
    mail = message_from_bytes(done.stdout, policy=policy.default)
    assert mail["Subject"] == "To all of you"
    assert "eva@example.org" in mail["From"]
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().split() == ["Hello", "world"]
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == "data.bin"
    assert attached.get_content() == bytes(range(256)) * 40
