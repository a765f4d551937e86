"""Items out of a PST: each in the form that was asked for, nothing lost in silence, and in again."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import icalendar
import pytest
import vobject

from mailconnector import mapping
from mailconnector.app.errors import AppUsageError
from mailconnector.app.pst.exporting import ExportSummary, export_folder
from mailconnector.app.pst.importing import import_source
from mailconnector.app.pst.sources import open_source
from mailconnector.app.pst.targets import ExportFormat, folder_name
from mailconnector.items import Appointment, Contact, Flags, Item, JournalEntry, Mail, Note, Task, mail_of, with_mail
from mailconnector.items.merging import field_digests
from mailconnector.mapi import msg, tnef
from mailconnector.mapi.named import PS_PUBLIC_STRINGS, NamedTag, PropertyName
from mailconnector.mapi.types import PropertyType
from mailconnector.pst import Store

START = datetime(2024, 3, 1, 10, tzinfo=UTC)
ITEMS: dict[str, list[Item]] = {
    "Inbox": [Mail("IPM.Note", subject="mail", text="body\n")],
    "Calendar": [
        Appointment(
            Mail("IPM.Appointment", subject=f"meet {n}", rtf=None), start=START, end=START, uid=f"u{n}@example.org"
        )
        for n in range(2)
    ],
    "Contacts": [
        Contact(Mail("IPM.Contact", subject="Eva", message_id="<eva@example.org>"), full_name="Eva", hobbies="chess"),
        Contact(Mail("IPM.Contact", subject="Ida", message_id="<ida@example.org>"), full_name="Ida"),
    ],
    "Tasks": [Task(Mail("IPM.Task", subject="do", message_id="<t@example.org>"))],
    "Notes": [Note(Mail("IPM.StickyNote", subject="milk", text="milk", message_id="<n@example.org>"))],
    "Journal": [JournalEntry(Mail("IPM.Activity", subject="call", message_id="<j@example.org>"), start=START)],
}
COUNT = sum(map(len, ITEMS.values()))


@pytest.fixture
def store() -> Store:
    store = Store.create(io.BytesIO(), usual_folders=True)
    for name, items in ITEMS.items():
        for item in items:
            # Single messages have no state, and come in as read.
            seen = with_mail(item, replace(mail_of(item), flags=Flags(seen=True)))
            store.folder_at(name).add_message(mapping.to_mapi(seen))
    return store


def export(store: Store, path: Path, form: ExportFormat, *, split: bool = False) -> ExportSummary:
    return export_folder(store, store.ipm_subtree, path, form, split=split)


def files(path: Path) -> list[str]:
    return sorted(str(one.relative_to(path)) for one in path.rglob("*") if one.is_file())


def digests(store: Store) -> dict[str, list[dict[str, bytes]]]:
    """Return what the items are, without what a message has of its own when it is written."""
    found = {}
    for name in ITEMS:
        items = [mapping.from_mapi(one.to_object()) for one in store.folder_at(name).messages()]
        found[name] = [
            {path: digest for path, digest in field_digests(item).items() if not path.startswith("leftover")}
            for item in sorted(items, key=lambda one: mail_of(one).subject)
        ]
    return found


@pytest.mark.parametrize("form", [ExportFormat.MSG, ExportFormat.EML, ExportFormat.MBOX, ExportFormat.MAILDIR])
def test_what_keeps_all_of_an_item_brings_it_back(tmp_path: Path, store: Store, form: ExportFormat) -> None:
    summary = export(store, tmp_path / "out", form)
    assert (summary.exported, summary.failed, summary.left_out, summary.lost) == (COUNT, 0, {}, {})
    again = Store.create(io.BytesIO(), usual_folders=True)
    result = import_source(again, open_source(tmp_path / "out"), ())
    assert (result.imported, result.failed) == (COUNT, 0)
    before, after = digests(store), digests(again)
    soft = {
        "message_id",
        "date",
        "received",
        "conversation_topic",
        "conversation_index",
        "headers",
        "charset",
        "layout",
    }
    for name in ITEMS:
        strip = [[{k: v for k, v in one.items() if k not in soft} for one in side[name]] for side in (before, after)]
        assert strip[0] == strip[1], name


def test_tnef_is_a_file_an_item(tmp_path: Path, store: Store) -> None:
    export(store, tmp_path / "out", ExportFormat.TNEF)
    assert len(files(tmp_path / "out")) == COUNT
    for path in (tmp_path / "out").rglob("*.tnef"):
        assert mapping.from_mapi(tnef.parse(path.read_bytes())).message_class.startswith("IPM.")


def test_native_writes_each_as_its_kind(tmp_path: Path, store: Store) -> None:
    out = tmp_path / "out"
    summary = export(store, out, ExportFormat.NATIVE)
    assert summary.exported == COUNT
    assert files(out) == [
        "Calendar.ics", "Contacts.vcf", "Inbox/00001 mail.eml", "Journal.ics", "Notes/00001 milk.eml", "Tasks.ics",
    ]  # fmt: skip
    assert (out / "Drafts").is_dir()
    events = icalendar.Calendar.from_ical((out / "Calendar.ics").read_bytes())
    assert events["X-WR-CALNAME"] == "Calendar"
    assert [one["UID"] for one in events.walk("VEVENT")] == ["u0@example.org", "u1@example.org"]
    cards = list(vobject.readComponents((out / "Contacts.vcf").read_text("utf-8")))
    assert [one.fn.value for one in cards] == ["Eva", "Ida"]
    again = Store.create(io.BytesIO())
    result = import_source(again, open_source(out), None)
    assert (result.imported, result.failed) == (COUNT, 0)
    classes = {folder.name: folder.container_class for folder in again.ipm_subtree.folders() if folder.content_count}
    assert classes == {
        "Inbox": "IPF.Note", "Calendar": "IPF.Appointment", "Contacts": "IPF.Contact", "Tasks": "IPF.Task",
        "Notes": "IPF.StickyNote", "Journal": "IPF.Journal",
    }  # fmt: skip


def test_calendars_and_cards_say_what_they_leave_out(tmp_path: Path, store: Store) -> None:
    summary = export(store, tmp_path / "ics", ExportFormat.ICS)
    assert (summary.exported, summary.failed) == (4, 0)
    assert summary.left_out == {"IPM.Note": 1, "IPM.Contact": 2, "IPM.StickyNote": 1}
    assert files(tmp_path / "ics") == ["Calendar.ics", "Journal.ics", "Tasks.ics"]
    summary = export(store, tmp_path / "vcf", ExportFormat.VCF)
    assert summary.exported == 2
    assert files(tmp_path / "vcf") == ["Contacts.vcf"]


def test_what_a_card_cannot_say_is_counted(tmp_path: Path, store: Store) -> None:
    custom = NamedTag(PropertyName(PS_PUBLIC_STRINGS, "Custom"), PropertyType.BINARY)
    with store.transaction():
        for message in store.folder_at("Contacts").messages():
            message.set_properties({custom: b"only Outlook knows"})
    assert export(store, tmp_path / "vcf", ExportFormat.VCF).lost["leftover"] == 2
    assert export(store, tmp_path / "msg", ExportFormat.MSG).lost == {}


def test_split_writes_a_file_each(tmp_path: Path, store: Store) -> None:
    export(store, tmp_path / "out", ExportFormat.NATIVE, split=True)
    assert [one for one in files(tmp_path / "out") if one.endswith((".ics", ".vcf"))] == [
        "Calendar/00001 meet 0.ics", "Calendar/00002 meet 1.ics", "Contacts/00001 Eva.vcf", "Contacts/00002 Ida.vcf",
        "Journal/00001 call.ics", "Tasks/00001 do.ics",
    ]  # fmt: skip
    again = Store.create(io.BytesIO(), usual_folders=True)
    assert import_source(again, open_source(tmp_path / "out"), None).imported == COUNT
    assert again.folder_at("Calendar").content_count == 2


def test_an_invitation_is_a_calendar_of_its_own(tmp_path: Path, store: Store) -> None:
    request = Appointment(
        Mail("IPM.Schedule.Meeting.Request", subject="come"),
        start=START,
        end=START,
        uid="r@example.org",
        is_meeting=True,
    )
    store.folder_at("Calendar").add_message(mapping.to_mapi(request))
    export(store, tmp_path / "out", ExportFormat.ICS)
    assert files(tmp_path / "out")[:2] == ["Calendar.ics", "Calendar/00001 come.ics"]
    alone = icalendar.Calendar.from_ical((tmp_path / "out" / "Calendar" / "00001 come.ics").read_bytes())
    assert alone["METHOD"] == "REQUEST"
    assert "METHOD" not in (tmp_path / "out" / "Calendar.ics").read_text("utf-8")


def test_items_that_are_of_another_kind_than_their_folder_have_a_file_in_it(tmp_path: Path, store: Store) -> None:
    store.folder_at("Inbox").add_message(mapping.to_mapi(ITEMS["Calendar"][0]))
    export(store, tmp_path / "out", ExportFormat.NATIVE)
    assert "Inbox/Calendar in Inbox.ics" in files(tmp_path / "out")
    again = Store.create(io.BytesIO())
    import_source(again, open_source(tmp_path / "out"), None)
    assert again.folder_at("Inbox").container_class == "IPF.Note"
    assert again.folder_at("Inbox").content_count == 1
    assert again.folder_at("Inbox/Calendar in Inbox").container_class == "IPF.Appointment"


def test_a_file_for_other_kinds_does_not_stand_in_the_way_of_a_folder(tmp_path: Path, store: Store) -> None:
    inbox = store.folder_at("Inbox")
    inbox.add_message(mapping.to_mapi(ITEMS["Calendar"][0]))
    inner = inbox.create_folder("Calendar in Inbox", "IPF.Appointment")
    inner.add_message(mapping.to_mapi(ITEMS["Calendar"][1]))
    summary = export(store, tmp_path / "out", ExportFormat.ICS)
    assert summary.failed == 0
    assert {"Inbox/Calendar in Inbox.ics", "Inbox/Calendar in Inbox (2).ics"} < set(files(tmp_path / "out"))


def test_msg_files_have_every_property(tmp_path: Path, store: Store) -> None:
    export(store, tmp_path / "out", ExportFormat.MSG)
    (path,) = (tmp_path / "out" / "Tasks").iterdir()
    (message,) = store.folder_at("Tasks").messages()
    found = msg.parse(path.read_bytes())
    assert found.properties.items() >= message.to_object().properties.items()


def test_nothing_is_overwritten(tmp_path: Path, store: Store) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x").write_bytes(b"")
    with pytest.raises(AppUsageError, match="not empty"):
        export(store, tmp_path / "out", ExportFormat.NATIVE)


def test_a_folder_cannot_be_taken_for_a_file_beside_it() -> None:
    assert [folder_name(name, 1) for name in ("Mine.ics", "Mine.VCF", "a.mbox", "Mine")] == [
        "Mine.ics_", "Mine.VCF_", "a.mbox_", "Mine"
    ]  # fmt: skip
