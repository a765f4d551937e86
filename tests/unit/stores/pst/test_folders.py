"""Which folders of a PST file are listed, what they are for, and what can be done with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailconnector import pst
from mailconnector.items import Appointment, Contact, FolderKind
from mailconnector.mapi import tags
from mailconnector.mapi.objects import MessageObject, Properties
from mailconnector.mapping.container_classes import kind_of
from mailconnector.pst import care
from mailconnector.stores import PstStore
from mailconnector.stores.pst.folders import fitted_name
from mailconnector.sync import FolderError, FolderNotEmptyError, StoreError
from mailconnector.sync.store import ROOT, Fetched, FolderState, Rights, SpecialUse
from tests.unit.stores.pst.pst_files import PstFile, delivery, inbox, mail, put


@pytest.fixture
def file(tmp_path: Path) -> PstFile:
    return PstFile(tmp_path)


def by_name(store: PstStore) -> dict[str, FolderState]:
    return {state.name: state for state in store.folders()}


def uses(store: PstStore) -> dict[str, SpecialUse]:
    return {state.name: state.special for state in store.folders() if state.special is not None}


USUAL = {
    "Inbox": SpecialUse.INBOX,
    "Sent Items": SpecialUse.SENT,
    "Drafts": SpecialUse.DRAFTS,
    "Deleted Items": SpecialUse.TRASH,
    "Calendar": SpecialUse.CALENDAR,
    "Contacts": SpecialUse.CONTACTS,
    "Tasks": SpecialUse.TASKS,
    "Notes": SpecialUse.NOTES,
    "Journal": SpecialUse.JOURNAL,
}


def test_the_usual_folders_are_listed_with_what_they_are_for(file: PstFile) -> None:
    with file.open() as store:
        assert uses(store) == USUAL
        assert set(by_name(store)) == set(USUAL)  # but not the Outbox
        assert {name: state.kind for name, state in by_name(store).items()} == {
            name: use.kind for name, use in USUAL.items()
        }
        assert all(state.parent == ROOT and Rights.CHANGE not in state.rights for state in store.folders())


def test_entry_ids_count_more_than_names(file: PstFile) -> None:
    def change(opened: pst.Store) -> None:
        opened.folder_at("Sent Items").rename("Versandt")
        opened.folder_at("Inbox").rename("Eingang")
        opened.ipm_subtree.create_folder("Sent Items", "IPF.Note")

    file.outside(change)
    with file.open() as store:
        found = uses(store)
        assert (found["Versandt"], found["Eingang"]) == (SpecialUse.SENT, SpecialUse.INBOX)
        assert "Sent Items" not in found


@pytest.mark.parametrize(
    "names",
    [
        ["Posteingang", "Gesendete Elemente", "Entwürfe", "Junk-E-Mail", "Archiv"],
        ["Boîte de réception", "Éléments envoyés", "Brouillons", "Courrier indésirable", "Archives"],
        ["Posta in arrivo", "Posta inviata", "Bozze", "Posta indesiderata", "Archivio"],
        ["Bandeja de entrada", "Elementos enviados", "Borradores", "Correo no deseado", "Archivo"],
        ["INBOX", "sent items", "DRAFTS", "Junk Email", "archive"],
    ],
)
def test_without_entry_ids_names_tell(tmp_path: Path, names: list[str]) -> None:
    path = tmp_path / "plain.pst"
    with pst.create_store(path) as made:
        for name in names:
            made.ipm_subtree.create_folder(name, "IPF.Note").create_folder("Drafts")
        made.ipm_subtree.create_folder("Boîte d\u2019envoi")  # an Outbox
    with PstStore.open(path, tmp_path / "index") as store:
        found = uses(store)
        kinds = [SpecialUse.INBOX, SpecialUse.SENT, SpecialUse.DRAFTS, SpecialUse.JUNK, SpecialUse.ARCHIVE]
        assert [found[name] for name in names] == kinds
        assert len(found) == 6  # with Deleted Items; what lies deeper is nothing special
        assert "Boîte d\u2019envoi" not in by_name(store)


@pytest.mark.parametrize(
    ("names", "language"),
    [
        (("Posteingang", "Entwürfe"), "de"),
        (("boîte de réception", "Brouillons"), "fr"),
        (("Posta in arrivo", "Bozze"), "it"),
        (("Meine Post", "Borradores"), "es"),
        (("INBOX", "Entwürfe"), "en"),
        (("Postvak IN", "Concepten"), "en"),
    ],
)
def test_special_folders_tell_the_language(tmp_path: Path, names: tuple[str, str], language: str) -> None:
    path = tmp_path / "plain.pst"
    pst.create_store(path).close()
    with PstStore.open(path, tmp_path / "index") as store:
        assert store.language == "en"
        for name, use in zip(names, (SpecialUse.INBOX, SpecialUse.DRAFTS), strict=True):
            store.create_folder(ROOT, name, special=use)
        store.barrier()
    with PstStore.open(path, tmp_path / "index") as store:
        list(store.folders())
        assert store.language == language


@pytest.mark.parametrize("format", ["unicode", "ansi"])
def test_special_folders_are_made_where_outlook_looks(tmp_path: Path, format: str) -> None:
    path = tmp_path / "plain.pst"
    pst.create_store(path, format="ansi" if format == "ansi" else "unicode").close()
    wanted = [SpecialUse.DRAFTS, SpecialUse.SENT, SpecialUse.INBOX, SpecialUse.JUNK, SpecialUse.ARCHIVE]
    with PstStore.open(path, tmp_path / "index") as store:
        made = {use: store.create_folder(ROOT, f"Folder for {use.value}", special=use) for use in wanted}
        assert all(state.special is use for use, state in made.items())
    with pst.open_store(path) as read:
        arrives = read.receive_folder
        assert arrives is not None
        assert arrives.name == "Folder for inbox"
        drafts, sent = (read.entry_id(int(made[use].id, 16)) for use in (SpecialUse.DRAFTS, SpecialUse.SENT))
        assert read.root.properties.get(tags.PidTagIpmDraftsEntryId) == drafts
        assert arrives.properties.get(tags.PidTagIpmDraftsEntryId) == drafts  # though it was made later
        assert read.properties.get(tags.PidTagIpmSentMailEntryId) == sent
        assert read.properties.number(0x35DF0003) & 0x12 == 0x12
        others = arrives.properties.get(tags.PidTagAdditionalRenEntryIds)
        assert isinstance(others, list)
        assert others == [b"", b"", b"", b"", read.entry_id(int(made[SpecialUse.JUNK].id, 16))]
    assert care.check_file(path).codes == frozenset()
    with PstStore.open(path, tmp_path / "another index") as store:
        assert uses(store) == {f"Folder for {use.value}": use for use in wanted} | {"Deleted Items": SpecialUse.TRASH}


def test_entry_ids_of_another_file_mean_nothing(file: PstFile) -> None:
    def change(opened: pst.Store) -> None:
        nid = opened.ipm_subtree.create_folder("Any", "IPF.Note").nid
        foreign = bytes(4) + b"another store!!!" + nid.to_bytes(4, "little")
        opened.set_properties({tags.PidTagIpmSentMailEntryId: foreign})

    file.outside(change)
    with file.open() as store:
        assert "Any" not in uses(store)
        assert uses(store)["Sent Items"] is SpecialUse.SENT  # by its name


def test_hidden_folders_and_feeds_are_not_listed(file: PstFile) -> None:
    hidden: Properties = {tags.PidTagAttributeHidden: True}

    def change(opened: pst.Store) -> None:
        top = opened.ipm_subtree
        top.create_folder("Hidden", "IPF.Note").set_properties(hidden)
        top.folder("Hidden").create_folder("Below hidden", "IPF.Note")
        top.create_folder("Feeds", "IPF.Note.OutlookHomepage").create_folder("Feed", "IPF.Note")
        top.folder("Outbox").create_folder("Below the Outbox", "IPF.Note")
        top.create_folder("Plain").create_folder("Imap", "IPF.Imap")
        top.create_folder("Custom", "IPF.Note.Custom")
        top.create_folder("Configuration", "IPF.Configuration")
        top.create_folder("Quick Contacts", "IPF.Contact.MOC.QuickContacts")
        top.create_folder("Recipient Cache", "IPF.Contact.RecipientCache")
        top.create_folder("Suggested Contacts", "IPF.Contact")
        issues = top.create_folder("Sync Issues", "IPF.Note")
        top.create_folder("Conflicts", "IPF.Note").move_to(issues)
        opened.root.set_properties({tags.PidTagAdditionalRenEntryIds: [b"", opened.entry_id(issues.nid)]})

    file.outside(change)
    with file.open() as store:
        assert set(by_name(store)) - set(USUAL) == {"Plain", "Imap", "Custom", "Suggested Contacts"}


def test_a_note_that_calls_the_inbox_an_issue_hides_nothing(file: PstFile) -> None:
    file.outside(
        lambda opened: opened.root.set_properties(
            {tags.PidTagAdditionalRenEntryIds: [opened.entry_id(opened.folder_at("Inbox").nid)]}
        )
    )
    with file.open() as store:
        assert set(by_name(store)) == set(USUAL)


def test_folders_of_every_kind_hold_items_and_folders_of_any_other(file: PstFile) -> None:
    def change(opened: pst.Store) -> None:
        opened.folder_at("Calendar").create_folder("Mail in it", "IPF.Note")
        opened.folder_at("Calendar").create_folder("Birthdays", "IPF.Appointment.Birthday")
        opened.folder_at("Calendar").add_message(MessageObject({tags.PidTagMessageClass: "IPM.Appointment"}))
        opened.folder_at("Inbox").add_message(MessageObject({tags.PidTagMessageClass: "IPM.Contact"}))

    file.outside(change)
    with file.open() as store:
        found = by_name(store)
        assert found["Mail in it"].parent == found["Birthdays"].parent == found["Calendar"].id
        assert (found["Calendar"].selectable, found["Calendar"].count) == (True, 1)
        assert [found[name].kind.value for name in ("Mail in it", "Birthdays")] == ["mail", "calendar"]
        for name, kind in (("Calendar", Appointment), ("Inbox", Contact)):
            (state,) = store.changes(found[name].id, "").items
            (got,) = store.fetch(found[name].id, [state.id])
            assert isinstance(got, Fetched)
            assert isinstance(got.item, kind)


@pytest.mark.parametrize("kind", list(FolderKind))
@pytest.mark.parametrize("format", ["unicode", "ansi"])
def test_a_folder_of_every_kind_is_made_as_outlook_makes_it(tmp_path: Path, kind: FolderKind, format: str) -> None:
    path = tmp_path / "plain.pst"
    pst.create_store(path, format="ansi" if format == "ansi" else "unicode").close()
    special = next((use for use in SpecialUse if use.value == kind.value), None)
    with PstStore.open(path, tmp_path / "index") as store:
        inbox_id = store.create_folder(ROOT, "Inbox", special=SpecialUse.INBOX).id
        plain = store.create_folder(ROOT, "Plain", kind=kind)
        used = store.create_folder(ROOT, "Used", kind=kind, special=special)
        assert (plain.kind, plain.special, used.kind, used.special) == (kind, None, kind, special)
    with pst.open_store(path) as read:
        classes = {"mail": "IPF.Note", "calendar": "IPF.Appointment", "contacts": "IPF.Contact", "tasks": "IPF.Task",
                   "notes": "IPF.StickyNote", "journal": "IPF.Journal"}  # fmt: skip
        for state in (plain, used):
            found = read.folder(int(state.id, 16))
            assert found.properties.text(tags.PidTagContainerClass) == classes[kind.value]
        if special is not None:
            key = {"calendar": 0x36D00102, "contacts": 0x36D10102, "journal": 0x36D20102, "notes": 0x36D30102,
                   "tasks": 0x36D40102}[kind.value]  # fmt: skip
            for holder in (read.root, read.folder(int(inbox_id, 16))):
                assert holder.properties.get(key) == read.entry_id(int(used.id, 16))
    with PstStore.open(path, tmp_path / "another index") as store:
        found_now = by_name(store)
        assert (found_now["Plain"].kind, found_now["Used"].special) == (kind, special)


@pytest.mark.parametrize(
    "names",
    [
        ["Kalender", "Kontakte", "Aufgaben", "Notizen", "Journal"],
        ["Calendrier", "Contacts", "Tâches", "Notes", "Journal"],
        ["Calendario", "Contatti", "Attività", "Note", "Diario"],
        ["Calendario", "Contactos", "Tareas", "Notas", "Diario"],
        ["CALENDAR", "contacts", "Tasks", "Notes", "journal"],
    ],
)
def test_without_entry_ids_names_and_kinds_tell(tmp_path: Path, names: list[str]) -> None:
    path = tmp_path / "plain.pst"
    uses_here = (SpecialUse.CALENDAR, SpecialUse.CONTACTS, SpecialUse.TASKS, SpecialUse.NOTES, SpecialUse.JOURNAL)
    classes = ("IPF.Appointment", "IPF.Contact", "IPF.Task", "IPF.StickyNote", "IPF.Journal")
    with pst.create_store(path) as made:
        mail_folder = made.ipm_subtree.create_folder("Mail", "IPF.Note")
        for name, container_class in zip(names, classes, strict=True):
            made.ipm_subtree.create_folder(name, container_class)
            mail_folder.create_folder(name, "IPF.Note")
    with PstStore.open(path, tmp_path / "index") as store:
        assert {name: use for name, use in uses(store).items() if use.kind is not FolderKind.MAIL} == dict(
            zip(names, uses_here, strict=True)
        )
    path.unlink()
    with pst.create_store(path) as made:
        for name in names:
            made.ipm_subtree.create_folder(name, "IPF.Note")  # of mail, whatever it is called
    with PstStore.open(path, tmp_path / "mail index") as store:
        assert set(uses(store)) == {"Deleted Items"}


def test_kinds_follow_the_container_class() -> None:
    kinds = {"": "mail", "IPF.Note": "mail", "ipf.appointment.birthday": "calendar", "IPF.StickyNote": "notes"}
    assert {name: kind_of(name).value for name in kinds} == kinds


def test_names_that_differ_by_case_are_one(file: PstFile) -> None:
    with file.open() as store:
        made = store.create_folder(ROOT, "Projects")
        assert store.fit_name(ROOT, "PROJECTS") == "PROJECTS (2)"
        assert store.fit_name(ROOT, "outbox") == "outbox (2)"  # though it is not listed
        assert store.fit_name(ROOT, "PROJECTS", folder=made.id) == "PROJECTS"
        assert store.move_folder(made.id, ROOT, "PROJECTS").name == "PROJECTS"
        with pytest.raises(FolderError):
            store.create_folder(ROOT, "projects")


@pytest.mark.parametrize(
    ("name", "fitted"),
    [
        ("a/b\\c", "a/b\\c"),
        ("line\nbreak\0", "line_break_"),
        ("  ", "_"),
        ("", "_"),
        (" around ", "around"),
        ("x" * 300, "x" * 255),
        ("👍" * 200, "👍" * 127),
        ("lone \ud800", "lone ?"),
    ],
)
def test_names_are_fitted(name: str, fitted: str) -> None:
    assert fitted_name(name, []) == fitted
    again = fitted_name(name, [fitted])
    assert again.endswith(" (2)")
    assert len(again.encode("utf-16-le")) <= 510


def test_an_ansi_file_has_the_names_of_its_code_page(tmp_path: Path) -> None:
    file = PstFile(tmp_path, "ansi")
    with file.open() as store:
        assert store.fit_name(ROOT, "Größe") == "Größe"
        assert store.fit_name(ROOT, "Жук 1") == "___ 1"
        store.create_folder(ROOT, "Größe")
    file.lose_index()
    with file.open() as store:
        assert "Größe" in by_name(store)


def test_moving_past_names_that_are_taken(file: PstFile) -> None:
    with file.open() as store:
        left, right = store.create_folder(ROOT, "Left"), store.create_folder(ROOT, "Right")
        moving = store.create_folder(left.id, "A")
        store.create_folder(left.id, "B")
        store.create_folder(right.id, "A")
        (state,) = put(store, moving.id, mail(1))
        assert store.move_folder(moving.id, right.id, "B").parent == right.id
        store.barrier()
        cursor = store.changes(moving.id, "").cursor
    file.lose_index()
    with file.open() as store:
        found = {state.id: state for state in store.folders()}[moving.id]
        assert (found.parent, found.name, found.count) == (right.id, "B", 1)
        assert cursor != found.cursor
        assert [item.id for item in store.changes(moving.id, "").items] == [state.id]
    file.assert_sound()


def test_what_every_store_has_stays(file: PstFile) -> None:
    with file.open() as store:
        trash = next(state for state in store.folders() if state.special is SpecialUse.TRASH)
        other = store.create_folder(ROOT, "Other")
        with pytest.raises(FolderError):
            store.move_folder(trash.id, other.id, trash.name)
        with pytest.raises(FolderError):
            store.delete_folder(trash.id)
        assert store.create_folder(other.id, "Below").parent == other.id  # the store goes on
    with file.open() as store:
        assert {"Other", "Below"} <= set(by_name(store))


def test_a_folder_with_views_only_is_empty(file: PstFile) -> None:
    with file.open() as store:
        views, full, above = (store.create_folder(ROOT, name) for name in ("Views", "Full", "Above"))

    def change(opened: pst.Store) -> None:
        opened.folder_at("Views").add_message(MessageObject({tags.PidTagSubject: "a view"}, associated=True))
        opened.folder_at("Above").create_folder("Hidden").set_properties({tags.PidTagAttributeHidden: True})

    file.outside(change)
    with file.open() as store:
        put(store, full.id, mail(1))
        for one in (full, above):
            with pytest.raises(FolderNotEmptyError):
                store.delete_folder(one.id)
        store.delete_folder(views.id)
        assert "Views" not in by_name(store)
    with pst.open_store(file.path) as read, pytest.raises(pst.PstNotFoundError):
        read.folder_at("Views")
    file.assert_sound()


def test_a_folder_that_outlook_made_renamed_or_deleted_is_noticed(file: PstFile) -> None:
    with file.open() as store:
        doomed, old = store.create_folder(ROOT, "Doomed"), store.create_folder(ROOT, "Old name")
        put(store, doomed.id, mail(1))

    def change(opened: pst.Store) -> None:
        opened.folder_at("Doomed").delete()
        opened.folder_at("Old name").rename("New name")
        opened.folder_at("New name").move_to(opened.deleted_items)
        opened.ipm_subtree.create_folder("Made", "IPF.Note")

    file.outside(change)
    with file.open() as store:
        found = by_name(store)
        assert "Doomed" not in found
        assert (found["New name"].id, found["New name"].parent) == (old.id, found["Deleted Items"].id)
        assert found["Made"].count == 0
        assert inbox(store) == found["Inbox"].id


def test_a_folder_whose_purpose_cannot_be_noted_is_not_left_half_made(file: PstFile) -> None:
    with file.open() as store:
        put(store, inbox(store), mail(1))
    with pst.open_store(file.path) as read:
        entry = read.db.block(read.db.node(read.root.nid).bid_data)
    content = bytearray(file.path.read_bytes())
    content[entry.ib] ^= 0xFF  # the root folder's properties, where the purpose is noted
    file.path.write_bytes(content)
    with file.open() as store:
        with pytest.raises(StoreError):
            store.create_folder(ROOT, "Junk", special=SpecialUse.JUNK)
        assert "Junk" not in by_name(store)
        store.add(inbox(store), [delivery(mail(2))])  # the store goes on
    file.lose_index()
    with file.open() as store:
        assert "Junk" not in by_name(store)
        assert len(list(store.changes(inbox(store), "").items)) == 2


def test_names_in_another_code_page_can_be_told(tmp_path: Path) -> None:
    file = PstFile(tmp_path, "ansi")
    name = "\u0141\udc81"  # what is read of bytes that the code page does not have
    file.outside(lambda opened: opened.ipm_subtree.create_folder("x").set_properties({0x3001001E: name}))
    with file.open() as store:
        for state in store.folders():
            assert state.name.encode("utf-8")
        assert any("?" in state.name for state in store.folders())
