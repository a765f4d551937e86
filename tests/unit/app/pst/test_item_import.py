"""Calendars, cards, .msg files and TNEF streams into a PST: folders of the right kind, each item once."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from mailconnector import formats, mapping
from mailconnector.app.errors import AppUsageError
from mailconnector.app.pst.importing import ImportedSource, import_source
from mailconnector.app.pst.source_kinds import SourceKind, kind_in_directory
from mailconnector.app.pst.sources import open_source, open_sources
from mailconnector.items import Contact, Item, Mail, Note, mail_of
from mailconnector.mapi import msg, tags, tnef
from mailconnector.mapi.named import PS_PUBLIC_STRINGS, NamedTag, PropertyName
from mailconnector.mapi.objects import MessageObject
from mailconnector.mapi.types import PropertyType
from mailconnector.pst import Folder, Store

EVENT = (
    "BEGIN:VEVENT\r\nUID:{uid}\r\nSUMMARY:{summary}\r\nDTSTART:20240301T100000Z\r\nLOCATION:{place}\r\nEND:VEVENT\r\n"
)
TASK = "BEGIN:VTODO\r\nUID:{uid}\r\nSUMMARY:{summary}\r\nEND:VTODO\r\n"
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{name}\r\nN:{name};;;;\r\nEND:VCARD\r\n"
CUSTOM = NamedTag(PropertyName(PS_PUBLIC_STRINGS, "Custom"), PropertyType.BINARY)
MAIL = b"From: a@example.org\r\nSubject: mail\r\n\r\nbody\r\n"


def event(uid: str, summary: str = "meet", place: str = "here") -> str:
    return EVENT.format(uid=uid, summary=summary, place=place)


def calendar(*parts: str) -> bytes:
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{''.join(parts)}END:VCALENDAR\r\n".encode()


def saved(message_class: str, subject: str) -> MessageObject:
    return MessageObject({tags.PidTagMessageClass: message_class, tags.PidTagSubject: subject})


@pytest.fixture(params=["unicode", "ansi"])
def store(request: pytest.FixtureRequest) -> Store:
    return Store.create(io.BytesIO(), format=request.param, usual_folders=True)


@pytest.fixture
def plain() -> Store:
    return Store.create(io.BytesIO())


def bring(store: Store, path: Path, folder: tuple[str, ...] | None = None, **more: bool) -> ImportedSource:
    return import_source(store, open_source(path), folder, **more)  # type: ignore[arg-type]


def items(folder: Folder) -> list[Item]:
    return [mapping.from_mapi(message.to_object()) for message in folder.messages()]


def subjects(store: Store, path: str) -> list[str]:
    return [mail_of(item).subject for item in items(store.folder_at(path))]


def test_each_kind_goes_into_outlooks_own_folder_for_it(tmp_path: Path, store: Store) -> None:
    (tmp_path / "a.ics").write_bytes(calendar(event("1"), TASK.format(uid="2", summary="do")))
    (tmp_path / "b.vcf").write_bytes(CARD.format(name="Eva").encode() * 1)
    (tmp_path / "c.msg").write_bytes(msg.build(saved("IPM.StickyNote", "note")))
    (tmp_path / "winmail.dat").write_bytes(tnef.build(saved("IPM.Activity", "call")))
    (tmp_path / "d.eml").write_bytes(MAIL)
    result = [
        import_source(store, source, None)
        for source in open_sources(tmp_path / name for name in ("a.ics", "b.vcf", "c.msg", "winmail.dat", "d.eml"))
    ]
    assert [one.kind for one in result] == [
        SourceKind.CALENDAR, SourceKind.CARDS, SourceKind.MSG, SourceKind.TNEF, SourceKind.MAIL
    ]  # fmt: skip
    assert [one.imported for one in result] == [2, 1, 1, 1, 1]
    assert subjects(store, "Calendar") == ["meet"]
    assert subjects(store, "Tasks") == ["do"]
    assert subjects(store, "Contacts") == ["Eva"]
    assert subjects(store, "Notes") == ["note"]
    assert subjects(store, "Journal") == ["call"]
    assert subjects(store, "Inbox") == ["mail"]


def test_a_folder_that_is_made_is_of_the_kind_of_its_first_item(tmp_path: Path, plain: Store) -> None:
    path = tmp_path / "a.ics"
    path.write_bytes(calendar(event("1"), TASK.format(uid="2", summary="do")))
    result = bring(plain, path, ("Work", "Plans"))
    assert result.folders == {"Work/Plans": 1, "Work/Plans/Tasks": 1}
    assert plain.folder_at("Work/Plans").container_class == "IPF.Appointment"
    assert plain.folder_at("Work/Plans/Tasks").container_class == "IPF.Task"


def test_items_of_another_kind_go_into_a_folder_inside(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "a.vcf"
    path.write_bytes(CARD.format(name="Eva").encode())
    bring(store, path, ("Inbox",))
    assert subjects(store, "Inbox/Contacts") == ["Eva"]
    assert items(store.folder_at("Inbox")) == []
    mail = tmp_path / "a.eml"
    mail.write_bytes(MAIL)
    bring(store, mail, ("Contacts",))
    assert subjects(store, "Contacts") == ["mail"], "mail may lie anywhere"


def test_a_second_import_changes_nothing(tmp_path: Path, store: Store) -> None:
    (tmp_path / "a.ics").write_bytes(calendar(event("1"), event("2"), TASK.format(uid="", summary="no uid")))
    (tmp_path / "b.vcf").write_bytes((CARD.format(name="Eva") + CARD.format(name="Ida")).encode())
    first = bring(store, tmp_path)
    assert (first.imported, first.present) == (5, 0)
    second = bring(store, tmp_path)
    assert (second.imported, second.updated, second.present, second.folders) == (0, 0, 5, {})
    third = bring(store, tmp_path, update=True)
    assert (third.imported, third.updated, third.present) == (0, 0, 5)


def test_update_takes_what_the_file_says_and_keeps_what_it_cannot(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "a.ics"
    path.write_bytes(calendar(event("1", place="here"), event("2")))
    bring(store, path, ("Calendar",))
    (first, _) = store.folder_at("Calendar").messages()
    with store.transaction():
        first.set_properties({CUSTOM: b"only Outlook knows"})
    path.write_bytes(calendar(event("1", place="there"), event("2")))
    result = bring(store, path, ("Calendar",), update=True)
    assert (result.imported, result.updated, result.present) == (0, 1, 1)
    found = {item.mail.subject + item.location: item for item in items(store.folder_at("Calendar"))}  # type: ignore[union-attr]
    assert found.keys() == {"meetthere", "meethere"}
    assert found["meetthere"].mail.leftover[CUSTOM] == b"only Outlook knows"  # type: ignore[union-attr]


def test_one_uid_for_everything_loses_nothing(tmp_path: Path, store: Store) -> None:
    """Some programs write the same UID everywhere."""
    (tmp_path / "1.msg").write_bytes(msg.build(saved("IPM.StickyNote", "one")))
    (tmp_path / "a.vcf").write_bytes(
        "".join([CARD.format(name=n).replace("FN", "UID:1\r\nFN") for n in "abc"]).encode()
    )
    assert bring(store, tmp_path / "a.vcf").imported == 3
    again = bring(store, tmp_path / "a.vcf")
    assert (again.imported, again.present) == (0, 3)
    # Without any id nobody knows whether it is the same.
    assert [bring(store, tmp_path / "1.msg").imported for _ in range(2)] == [1, 1]


def test_broken_entries_are_passed_over_and_kept(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "a.ics"
    path.write_bytes(calendar(event("1"), event("2").replace("END:VEVENT\r\n", ""), event("3")))
    kept: list[tuple[bytes, str]] = []
    result = import_source(store, open_source(path), None, keep_broken=lambda data, suffix: kept.append((data, suffix)))
    assert (result.imported, result.failed) == (2, 1)
    assert result.failures[0].place == f"{path}, line 9"
    ((data, suffix),) = kept
    assert suffix == ".ics"
    assert b"UID:2" in data
    assert b"UID:1" not in data


def test_a_directory_of_calendars_and_cards(tmp_path: Path, plain: Store) -> None:
    (tmp_path / "Calendar.ics").write_bytes(calendar(event("1"), event("2")))
    (tmp_path / "Friends").mkdir()
    (tmp_path / "Friends" / "eva.vcf").write_bytes(CARD.format(name="Eva").encode())
    (tmp_path / "Friends" / "photo.doc").write_bytes(msg.SIGNATURE + bytes(600))
    (tmp_path / "Nothing").mkdir()
    result = bring(plain, tmp_path, ())
    assert (result.imported, result.skipped) == (3, 1)
    assert [
        (folder.name, folder.container_class) for folder in plain.ipm_subtree.folders() if folder.content_count
    ] == [
        ("Calendar", "IPF.Appointment"),
        ("Friends", "IPF.Contact"),
    ]
    assert plain.folder_at("Nothing").content_count == 0


def test_messages_that_hold_items_are_items(tmp_path: Path, store: Store) -> None:
    contact = Contact(
        Mail("IPM.Contact", subject="Eva", message_id="<eva@example.org>"), full_name="Eva", profession="Cook"
    )
    note = Note(Mail("IPM.StickyNote", subject="milk", text="milk", message_id="<n@example.org>"))
    both: list[Item] = [contact, note]
    for number, item in enumerate(both):
        (tmp_path / f"{number}.eml").write_bytes(formats.render_item(item))
    (tmp_path / "2.eml").write_bytes(MAIL)
    assert bring(store, tmp_path).imported == 3
    (eva,) = items(store.folder_at("Contacts"))
    assert isinstance(eva, Contact)
    assert (eva.full_name, eva.profession) == ("Eva", "Cook")
    assert subjects(store, "Notes") == ["milk"]
    again = bring(store, tmp_path)
    assert (again.imported, again.present) == (1, 2)


def test_a_message_with_a_calendar_is_an_appointment_where_appointments_are(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(
        b"From: a@example.org\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: text/calendar; charset=utf-8\r\n\r\n"
        + calendar(event("1"))
    )
    bring(store, path, ("Calendar",))
    bring(store, path, ("Inbox",))
    assert [type(item).__name__ for path in ("Calendar", "Inbox") for item in items(store.folder_at(path))] == [
        "Appointment",
        "Mail",
    ]


def test_a_message_with_a_broken_calendar_is_imported_as_it_is_and_told(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(
        b"From: a@example.org\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: text/calendar\r\n\r\nno calendar\r\n"
    )
    result = bring(store, path, ("Calendar",))
    assert (result.imported, result.failed) == (1, 0)
    (notice,) = result.notices
    assert notice.place == str(path)
    assert isinstance(items(store.folder_at("Calendar"))[0], Mail)


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.ics", b"\xef\xbb\xbfBEGIN:VCALENDAR\r\n", SourceKind.CALENDAR),
        ("a.txt", b"\r\nbegin:vcard\r\n", SourceKind.CARDS),
        ("a.vcf", "\ufeffBEGIN:VCARD\r\n".encode("utf-16-le"), SourceKind.CARDS),
        ("a.msg", msg.SIGNATURE, SourceKind.MSG),
        ("a.oft", msg.SIGNATURE, SourceKind.MSG),
        ("a.doc", msg.SIGNATURE, None),
        ("winmail.dat", tnef.SIGNATURE, SourceKind.TNEF),
        ("a.eml", MAIL, SourceKind.MAIL),
        ("a.eml", b"", SourceKind.MAIL),
        ("a.mbox", b"", SourceKind.MBOX),
        ("a", b"", None),
        ("a.txt", b"Note: no mail\r\n", None),
    ],
)
def test_what_a_file_in_a_directory_is(name: str, data: bytes, kind: SourceKind | None) -> None:
    assert kind_in_directory(name, data) is kind


def test_a_document_is_refused_where_it_is_read(tmp_path: Path, plain: Store) -> None:
    path = tmp_path / "a.doc"
    path.write_bytes(msg.SIGNATURE + bytes(600))
    result = bring(plain, path, ("In",))
    assert (result.imported, result.failed) == (0, 1)
    path.write_bytes(b"\x89PNG")
    with pytest.raises(AppUsageError, match="nothing that can be imported"):
        open_source(path)
