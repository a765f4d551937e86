"""Objects that Kolab's own library (python3-kolabformat) wrote are read, and what we write it reads."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailconnector import formats
from mailconnector.formats import ItemForm
from mailconnector.formats.item.forms import ServerMessage
from mailconnector.formats.kolab import message as kolab_message
from mailconnector.formats.mail.mime import parse
from mailconnector.formats.mail.structure import Budget, scan
from mailconnector.formats.syntax.xml_tree import render_xml
from mailconnector.items import (
    Appointment,
    Attachment,
    Contact,
    DistributionList,
    FolderKind,
    Importance,
    Item,
    JournalEntry,
    Mail,
    Note,
    Sensitivity,
    Task,
    mail_of,
    with_mail,
)
from mailconnector.items.appointment import Attendee, Busy, Response, Role
from mailconnector.items.contact import Gender, MailingAddress, PersonName, PhoneRole, PostalAddress
from mailconnector.items.recurrence import Frequency
from mailconnector.items.task import TaskStatus
from mailconnector.items.zones import LocalTime
from mailconnector.mapping import from_mapi, to_mapi

PYTHON = "/usr/bin/python3"
SCRIPT = Path(__file__).with_name("kolab_oracle.py")
CONTENT_TYPES = {
    "event": "application/calendar+xml",
    "task": "application/calendar+xml",
    "journal": "application/calendar+xml",
    "contact": "application/vcard+xml",
    "distribution-list": "application/vcard+xml",
    "note": "application/vnd.kolab+xml",
}
FOLDERS = {
    "event": FolderKind.CALENDAR,
    "task": FolderKind.TASKS,
    "journal": FolderKind.JOURNAL,
    "contact": FolderKind.CONTACTS,
    "distribution-list": FolderKind.CONTACTS,
    "note": FolderKind.NOTES,
}
BESIDE = Attachment("beside.txt", "text/plain", b"content\r\n", content_id="beside.1@kolab")


def has_library() -> bool:
    try:
        return subprocess.run([PYTHON, "-c", "import kolabformat"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(not has_library(), reason="python3-kolabformat is not installed for the system's Python"),
]


def oracle(*arguments: str, given: object = None) -> Any:
    done = subprocess.run(
        [PYTHON, str(SCRIPT), *arguments],
        input=json.dumps(given).encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout.decode().rpartition("\n@@")[2])


@pytest.fixture(scope="module")
def objects() -> dict[str, tuple[str, str]]:
    """Return (kind, XML) of the objects that the library wrote, by their names."""
    return {name: (kind, xml) for name, kind, xml in oracle("write")}


def message(kind: str, xml: str) -> bytes:
    """Return a message with an object as Kolab's programs write it."""
    files = [BESIDE] if "beside.1@kolab" in xml else []
    return kolab_message.write_message(Mail(), kind, "3.0", CONTENT_TYPES[kind], xml.encode(), files, f"{kind}-uid")


def read(objects: dict[str, tuple[str, str]], name: str) -> Item:
    kind, xml = objects[name]
    found = formats.parse_item(message(kind, xml), FOLDERS[kind])
    assert found.problem is None
    return found.item


def written(item: Item, kind: str) -> str:
    """Return the object in the message of an item."""
    data = formats.render_item(item, form=ItemForm.AUTHOR)
    server = ServerMessage(parse(data), scan(data, Budget()), FOLDERS[kind])
    assert server.header("X-Kolab-Type") == f"application/x-vnd.kolab.{kind}"
    assert server.header("X-Kolab-Mime-Version") == "3.0"
    found = kolab_message.read_object(server, frozenset({CONTENT_TYPES[kind]}))
    return render_xml(found.root).decode()


def fields(kind: str, *documents: str) -> list[dict[str, Any]]:
    """Return what the library reads in some objects, without an error."""
    found = oracle("read", given=[[kind, document] for document in documents])
    assert [(one["error"], one["message"], one["valid"]) for one in found] == [(0, "", True)] * len(documents)
    return [one["fields"] for one in found]


def without_files(found: Any) -> Any:
    """Return fields without the content of files that are parts of the message now."""
    if isinstance(found, list):
        return [without_files(one) for one in found]
    if not isinstance(found, dict):
        return found
    found = {name: without_files(value) for name, value in found.items()}
    if "files" in found:
        found["files"] = [[label, kind] for label, _, _, kind in found["files"]]
    return found


# -- What the library wrote is read ------------------------------------------------------------------------------------


def check_files(mail: Mail) -> None:
    assert [(one.name, one.content_type, one.content(), one.reference) for one in mail.attachments] == [
        ("beside.txt", "text/plain", b"content\r\n", ""),
        ("within.bin", "application/octet-stream", b"hello", ""),
        ("link", "text/html", b"", "http://example.com/file"),
    ]


def check_common(item: Item, uid: str) -> None:
    mail = mail_of(item)
    assert mail.message_id == f"<{uid}>"
    assert mail.subject == "Planning; with, \\ marks <&>"
    assert mail.text == "First line\nsecond"
    assert mail.sensitivity is Sensitivity.PRIVATE
    assert mail.flags.keywords == ("Work", "Be,ta")


def test_an_event_is_read(objects: dict[str, tuple[str, str]]) -> None:
    item = read(objects, "event")
    assert isinstance(item, Appointment)
    check_common(item, "event-1")
    check_files(item.mail)
    assert (item.start, item.end) == (datetime(2024, 3, 4, 8, tzinfo=UTC), datetime(2024, 3, 4, 9, 30, tzinfo=UTC))
    assert item.zone is not None
    assert item.zone.name == "W. Europe Standard Time"
    assert (item.uid, item.location, item.sequence, item.busy) == ("event-1", "Room 1", 3, Busy.TENTATIVE)
    assert item.mail.importance is Importance.HIGH
    assert item.reminder is not None
    assert item.reminder.minutes == 15
    recurrence = item.recurrence
    assert recurrence is not None
    assert (recurrence.frequency, recurrence.interval, recurrence.count) == (Frequency.WEEKLY, 2, 10)
    assert recurrence.weekdays == (1, 3)
    assert item.deleted == (date(2024, 3, 18), date(2024, 4, 1))
    assert item.organizer is not None
    assert (item.organizer.name, item.organizer.email) == ("The Chief", "chief@example.com")
    people = [(one.address.name, one.address.email, one.role, one.response) for one in item.attendees[1:]]
    assert people == [
        ("Ann Other", "ann@example.com", Role.REQUIRED, Response.ACCEPTED),
        ("Bob", "bob@example.com", Role.OPTIONAL, Response.NOT_RESPONDED),
        ("Room", "room@example.com", Role.RESOURCE, Response.TENTATIVE),
    ]
    (changed,) = item.changed
    assert changed.original == LocalTime(datetime(2024, 3, 6, 9))
    assert changed.start == LocalTime(datetime(2024, 3, 6, 11))
    assert (changed.subject, changed.location) == ("Moved", None)
    assert changed.item is not None
    assert changed.item.mail.text == "Another text"
    assert [one.address.email for one in changed.item.attendees] == ["chief@example.com", "ann@example.com"]
    check_files(changed.item.mail)


def test_whole_days_end_on_their_last_day(objects: dict[str, tuple[str, str]]) -> None:
    item = read(objects, "whole_days")
    assert isinstance(item, Appointment)
    check_common(item, "event-2")
    assert (item.start, item.end, item.busy) == (date(2024, 3, 4), date(2024, 3, 6), Busy.FREE)
    assert item.recurrence is not None
    assert (item.recurrence.frequency, item.recurrence.until) == (Frequency.YEARLY, date(2030, 3, 4))


def test_dates_are_counted_out(objects: dict[str, tuple[str, str]]) -> None:
    item = read(objects, "counted_out")
    assert isinstance(item, Appointment)
    assert item.recurrence is not None
    days = [day for day in item.recurrence.days(date(2024, 3, 4)) if day not in item.deleted]
    assert days == [date(2024, 3, 4), date(2024, 3, 7), date(2024, 3, 9)]


def test_a_task_is_read(objects: dict[str, tuple[str, str]]) -> None:
    item = read(objects, "todo")
    assert isinstance(item, Task)
    check_common(item, "todo-1")
    check_files(item.mail)
    assert (item.start, item.due, item.percent_complete) == (date(2024, 3, 4), date(2024, 3, 5), 0.4)
    assert (item.status, item.mail.importance) == (TaskStatus.IN_PROGRESS, Importance.LOW)
    assert item.reminder == datetime(2024, 3, 5, 7, tzinfo=UTC)
    assert item.recurrence is not None


def test_a_journal_entry_is_read(objects: dict[str, tuple[str, str]]) -> None:
    item = read(objects, "journal")
    assert isinstance(item, JournalEntry)
    check_common(item, "journal-1")
    check_files(item.mail)
    assert item.start == datetime(2024, 3, 4, 8, tzinfo=UTC)


def test_a_contact_is_read(objects: dict[str, tuple[str, str]]) -> None:
    item = read(objects, "contact")
    assert isinstance(item, Contact)
    assert item.mail.message_id == "<contact-1>"
    assert item.name == PersonName("Dr.", "Ann", "B.", "Cee", "Jr.", "Annie")
    assert (item.company, item.department, item.job_title) == ("Firm; Sons", "Department", "Head of things")
    assert (item.profession, item.manager, item.assistant) == ("Engineer", "The Manager", "The Assistant")
    assert (item.spouse, item.children) == ("Bob", ("Kid", "Kid 2"))
    assert [one.address for one in item.emails] == ["ann@example.com", "ann@home.example", "third@example.com"]
    assert item.phones == {
        PhoneRole.BUSINESS: "+49 1",
        PhoneRole.MOBILE: "+49 2",
        PhoneRole.HOME: "+49 3",
        PhoneRole.BUSINESS_FAX: "+49 4",
        PhoneRole.PAGER: "+49 5",
        PhoneRole.TTY: "+49 6",
        PhoneRole.CAR: "+49 8",
        PhoneRole.HOME_FAX: "+49 9",
    }
    assert item.work == PostalAddress("Street 1", "Berlin", "BE", "10115", "Germany")
    assert item.home == PostalAddress("Lane 2", "Ulm", "", "89073")
    assert item.mailing is MailingAddress.HOME
    assert (item.web_page, item.free_busy_url) == ("http://example.com/", "http://example.com/fb")
    assert (item.im_address, item.language, item.gender) == ("xmpp:ann@example.com", "de", Gender.FEMALE)
    assert (item.birthday, item.anniversary) == (date(1980, 5, 6), date(2005, 7, 8))
    assert (item.mail.text, item.mail.flags.keywords) == ("A note\nof two lines", ("Friends", "A,b"))
    assert item.photo is not None
    assert (item.photo.content_type, item.photo.content()[-5:]) == ("image/png", b"photo")


def test_a_list_is_read(objects: dict[str, tuple[str, str]]) -> None:
    item = read(objects, "distribution_list")
    assert isinstance(item, DistributionList)
    assert (item.mail.message_id, item.name) == ("<list-1>", "The list")
    assert [(one.name, one.address) for one in item.members] == [
        ("Ann Other", "ann@example.com"),
        ("", "bob@example.com"),
    ]


def test_a_note_is_read(objects: dict[str, tuple[str, str]]) -> None:
    item = read(objects, "note")
    assert isinstance(item, Note)
    assert (item.mail.message_id, item.mail.subject) == ("<note-1>", "The title")
    assert item.mail.text == "The title\nbold text\nline"
    assert (item.mail.sensitivity, item.mail.flags.keywords) == (Sensitivity.CONFIDENTIAL, ("Work",))
    check_files(item.mail)


# -- What we write the library reads -----------------------------------------------------------------------------------


def test_what_was_not_changed_is_what_it_was(objects: dict[str, tuple[str, str]]) -> None:
    for name, (kind, xml) in objects.items():
        before, after = fields(kind, xml, written(read(objects, name), kind))
        assert without_files(after) == without_files(before), name


def test_what_was_in_a_pst_is_what_it_was(objects: dict[str, tuple[str, str]]) -> None:
    for name, (kind, xml) in objects.items():
        stored = from_mapi(to_mapi(read(objects, name)))
        before, after = fields(kind, xml, written(stored, kind))
        assert without_files(after) == without_files(before), name


def test_what_was_changed_is_read_and_the_rest_stays(objects: dict[str, tuple[str, str]]) -> None:
    for name, (kind, xml) in objects.items():
        item = read(objects, name)
        mail = replace(mail_of(item), sensitivity=Sensitivity.CONFIDENTIAL, subject="New title", text="New title\nnew")
        item = with_mail(item, mail)
        expected: dict[str, Any] = {"summary": "New title", "description": "New title\nnew", "class": 2}
        if isinstance(item, Appointment) and isinstance(item.start, datetime) and isinstance(item.end, datetime):
            hour = timedelta(hours=1)
            ann = Attendee(replace(item.attendees[1].address), response=Response.DECLINED) if item.attendees else None
            people = (item.attendees[0], ann, *item.attendees[2:]) if ann else ()
            item = replace(item, location="Elsewhere", busy=Busy.FREE, attendees=people, end=item.end + hour)
            expected |= {"location": "Elsewhere", "transparent": True}
        elif isinstance(item, Task):
            item = replace(item, status=TaskStatus.COMPLETE, percent_complete=1.0)
            expected |= {"percent": 100, "status": 2}
        elif isinstance(item, Contact):
            phones = item.phones | {PhoneRole.MOBILE: "+49 22", PhoneRole.CALLBACK: "+49 33"}
            item = replace(item, phones=phones, work=replace(item.work, city="Hamburg"), birthday=date(1981, 5, 6))
            expected = {"birthday": "1981-05-06", "note": "New title\nnew"}
        elif isinstance(item, DistributionList):
            item = replace(item, name="New name", members=item.members[:1])
            expected = {"name": "New name", "members": [["ann@example.com", "Ann Other", ""], ["", "", "contact-1"]]}
        elif isinstance(item, Note):
            expected["description"] = "new"
        before, after = fields(kind, xml, written(item, kind))
        assert {field: after[field] for field in expected} == expected, name
        assert after["customs"].items() >= before["customs"].items()
        for kept in ("comment", "url", "parents", "urls", "keys", "crypto", "languages", "places", "uid", "created"):
            assert after.get(kept) == before.get(kept)
        if kind == "contact":
            assert [32, "+49 22"] in after["phones"]
            assert "+49 33" in [number for _, number in after["phones"]]
            assert [64, "+49 7"] in after["phones"]
            assert [one[0] for one in after["firms"]] == ["Firm; Sons", "Another firm"]
            assert after["firms"][0][3] == "logo"
            assert after["firms"][0][5][0][2] == "Hamburg"
        if name == "event":
            assert after["end"] == "2024-03-04 11:30:00 Europe/Berlin"
            assert [one[2] for one in after["people"]] == [2, 0, 3]
            assert len(after["alarms"]) == 2
            assert after["exceptions"][0]["summary"] == "Moved"
        again = formats.parse_item(formats.render_item(item, form=ItemForm.AUTHOR), FOLDERS[kind])
        assert again.problem is None
        assert type(again.item) is type(item)


def test_what_kolab_has_changed_since_wins(objects: dict[str, tuple[str, str]]) -> None:
    item = read(objects, "counted_out")
    assert isinstance(item, Appointment)
    away = replace(item, busy=Busy.OUT_OF_OFFICE, mail=replace(item.mail, html="<b>First line</b><br>second"))
    xml = written(away, "event")
    assert "OOF" in xml
    again = formats.parse_item(message("event", xml), FolderKind.CALENDAR).item
    assert isinstance(again, Appointment)
    assert (again.busy, again.mail.html) == (Busy.OUT_OF_OFFICE, "<b>First line</b><br>second")
    edited = xml.replace("<description><text>First", "<description><text>Last")
    edited = edited.replace("<summary>", "<transp><text>TRANSPARENT</text></transp><summary>", 1)
    again = formats.parse_item(message("event", edited), FolderKind.CALENDAR).item
    assert isinstance(again, Appointment)
    assert (again.busy, again.mail.html, again.mail.text) == (Busy.FREE, None, "Last line\nsecond")
