"""What sort of items mailboxes hold: what annotations and messages say, and how it is remembered."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from mailconnector.formats import render_item
from mailconnector.items import Appointment, Contact, DistributionList, FolderKind, JournalEntry, Note, Task
from mailconnector.stores.imap.kinds import PRIVATE, SHARED, KindBook, Told, folder_type, message_kind, told
from mailconnector.sync.store import SpecialUse
from tests.unit.items.edits import KINDS, sample


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], Told()),
        ([b""], Told()),
        ([b"event"], Told(FolderKind.CALENDAR)),
        ([b"EVENT.Default "], Told(FolderKind.CALENDAR, SpecialUse.CALENDAR)),
        ([b"contact.default", b"mail"], Told(FolderKind.CONTACTS, SpecialUse.CONTACTS)),
        ([b"unheard.of", b"task"], Told(FolderKind.TASKS)),
        ([b"note.confidential"], Told(FolderKind.NOTES)),
        ([b"mail.drafts"], Told(FolderKind.MAIL, SpecialUse.DRAFTS)),
        ([b"mail.inbox"], Told(FolderKind.MAIL)),
        ([b"configuration", b"event"], Told(machinery=True)),
        ([b"\xff\x00journal", b"journal"], Told(FolderKind.JOURNAL)),
    ],
)
def test_what_annotations_say(values, expected):
    assert told(values) == expected


@pytest.mark.parametrize("kind", list(FolderKind))
def test_every_kind_has_its_folder_type(kind):
    assert told([folder_type(kind, default=False)]) == Told(kind)
    if kind is not FolderKind.MAIL:
        assert told([folder_type(kind, default=True)]).use is SpecialUse(kind.value)


def calendar(component: str) -> bytes:
    return f"BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nEND:VTIMEZONE\r\nBEGIN:{component}\r\n".encode()


def message(content_type: str, body: bytes, *fields: str) -> bytes:
    header = ["From: a@example.org", "Subject: s", f"Content-Type: {content_type}", *fields, "", ""]
    return "\r\n".join(header).encode() + body


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (message("text/plain", b"text"), FolderKind.MAIL),
        (message("text/calendar", calendar("VEVENT")), FolderKind.CALENDAR),
        (message("text/calendar", calendar("VTODO")), FolderKind.TASKS),
        (message("text/calendar", calendar("VJOURNAL")), FolderKind.JOURNAL),
        (message("text/calendar", b"BEGIN:VCALENDAR\r\n"), FolderKind.MAIL),
        (
            message("text/calendar", base64.b64encode(calendar("VTODO")), "Content-Transfer-Encoding: base64"),
            FolderKind.TASKS,
        ),
        (message("Text/X-VCard", b"BEGIN:VCARD"), FolderKind.CONTACTS),
        (message("text/plain", b"n", "X-Uniform-Type-Identifier: com.apple.mail-note"), FolderKind.NOTES),
        (message("text/plain", b"n", "X-Kolab-Type: application/x-vnd.kolab.event"), FolderKind.CALENDAR),
        (message("text/plain", b"n", "X-Kolab-Type: application/x-vnd.kolab.distribution-list"), FolderKind.CONTACTS),
        (message("text/plain", b"n", "X-Kolab-Type: application/x-vnd.kolab.contact.distlist"), FolderKind.CONTACTS),
        (message("text/plain", b"n", "X-Kolab-Type: application/pdf"), FolderKind.MAIL),
        (b"", FolderKind.MAIL),
    ],
)
def test_what_messages_are(data, kind):
    assert message_kind(data) is kind


@pytest.mark.parametrize("kind", KINDS)
def test_items_of_ours_are_what_they_are(kind):
    places = {
        Appointment: FolderKind.CALENDAR,
        Contact: FolderKind.CONTACTS,
        DistributionList: FolderKind.CONTACTS,
        Task: FolderKind.TASKS,
        Note: FolderKind.NOTES,
        JournalEntry: FolderKind.JOURNAL,
    }
    assert message_kind(render_item(sample(kind))) is places.get(kind, FolderKind.MAIL)


def test_an_invitation_is_mail():
    invitation = sample(Appointment)
    asked = replace(invitation, mail=replace(invitation.mail, message_class="IPM.Schedule.Meeting.Request"))
    assert message_kind(render_item(asked)) is FolderKind.MAIL
    body = b"--b\r\n\r\nCome!\r\n--b\r\nContent-Type: text/calendar\r\n\r\n" + calendar("VEVENT") + b"--b--\r\n"
    assert message_kind(message("multipart/alternative; boundary=b", body)) is FolderKind.MAIL


def test_a_book_remembers(tmp_path):
    path = tmp_path / "kinds.json"
    book = KindBook(path)
    assert book.needs("7 A")
    book.note_types({"7 A": {SHARED: b"task", PRIVATE: b"event.default"}, "7 B": {}}, all_asked=True)
    book.note_look("7 B", FolderKind.NOTES)
    book.note_look("7 gone", FolderKind.NOTES)
    book.save(["7 A", "7 B"])
    again = KindBook(path)
    assert not again.needs("7 A") and not again.needs("7 B") and again.needs("8 A")
    assert again.types("7 A") == Told(FolderKind.CALENDAR, SpecialUse.CALENDAR)
    assert again.types("7 B") == again.types("8 A") == Told()
    assert (again.look("7 B"), again.look("7 gone")) == (FolderKind.NOTES, None)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    again.save(["7 A", "7 B"])
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before  # nothing new, nothing written


def test_what_was_asked_for_is_believed_for_a_day(tmp_path, monkeypatch):
    path = tmp_path / "kinds.json"
    book = KindBook(path)
    book.note_types({"7 A": {SHARED: b"task"}}, all_asked=True)
    book.save(["7 A"])
    now = path.stat().st_mtime
    monkeypatch.setattr("time.time", lambda: now + 86_500)
    assert KindBook(path).needs("7 A")
    monkeypatch.setattr("time.time", lambda: now - 86_500)  # by a clock that was wrong
    assert KindBook(path).needs("7 A")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"asked": "x", "types": {}, "looks": {}}', '{"asked": 1, "types": {"a": 1}, "looks": {}}']
)
def test_a_book_that_cannot_be_read_costs_another_look(tmp_path, text):
    path = tmp_path / "kinds.json"
    path.write_text(text)
    assert KindBook(path).needs("7 A")
    path.unlink()
    path.mkdir()
    book = KindBook(path)
    book.note_look("7 A", FolderKind.TASKS)
    book.save(["7 A"])
    assert book.look("7 A") is FolderKind.TASKS
