"""Objects of Kolab's format of version 2: read with every field they share with Outlook, written for their author."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings

from mailconnector.formats import ItemForm, parse_item, render_item
from mailconnector.formats.item.forms import ServerMessage
from mailconnector.formats.kolab import message as kolab_message
from mailconnector.formats.kolab import v2 as kolab_v2
from mailconnector.formats.mail.mime import parse
from mailconnector.formats.mail.structure import Budget, scan
from mailconnector.formats.syntax.xml_tree import Element, parse_xml
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
)
from mailconnector.items.appointment import Busy, Response, Role
from mailconnector.items.contact import Gender, MailingAddress, PersonName, PhoneRole, PostalAddress
from mailconnector.items.distribution_list import Member
from mailconnector.items.note import NoteColor
from mailconnector.items.recurrence import Frequency, Recurrence
from mailconnector.items.task import TaskStatus
from mailconnector.mapping import from_mapi, to_mapi
from tests.unit.items.forms import contacts

FOLDERS = {
    "event": FolderKind.CALENDAR,
    "task": FolderKind.TASKS,
    "journal": FolderKind.JOURNAL,
    "contact": FolderKind.CONTACTS,
    "distribution-list": FolderKind.CONTACTS,
    "note": FolderKind.NOTES,
}
COMMON = (
    "<uid>uid-1</uid><body>Text\nof two lines</body><categories>Work, Play</categories>"
    "<creation-date>2009-01-02T03:04:05Z</creation-date>"
    "<last-modification-date>2009-02-02T03:04:05Z</last-modification-date><sensitivity>private</sensitivity>"
    "<inline-attachment>a.txt</inline-attachment><link-attachment>http://example.com/</link-attachment>"
    "<unknown><deep>kept</deep></unknown>"
)
INCIDENCE = (
    COMMON + "<summary>Title</summary><location>Room</location>"
    "<organizer><display-name>Boss</display-name><smtp-address>boss@example.com</smtp-address></organizer>"
    "<attendee><display-name>Ann</display-name><smtp-address>ann@example.com</smtp-address><status>accepted</status>"
    "<request-response>false</request-response><role>optional</role><odd>kept</odd></attendee>"
    "<attendee><display-name>Room 7</display-name><smtp-address>room@example.com</smtp-address><status>none</status>"
    "<request-response>true</request-response><role>resource</role></attendee><alarm>15</alarm>"
)
EVENT = (
    '<event version="1.0">' + INCIDENCE + '<start-date tz="Europe/Berlin">2009-03-02T09:00:00Z</start-date>'
    "<end-date>2009-03-02T10:30:00Z</end-date><show-time-as>outofoffice</show-time-as>"
    "<color-label>must-attend</color-label>"
    '<recurrence cycle="weekly"><interval>2</interval><day>monday</day><day>thursday</day>'
    '<range type="number">10</range><exclusion>2009-03-05</exclusion></recurrence></event>'
)
DAYS = (
    '<event version="1.0"><uid>uid-2</uid><summary>Days</summary><start-date>2009-03-02</start-date>'
    "<end-date>2009-03-03</end-date><show-time-as>free</show-time-as>"
    '<recurrence cycle="yearly" type="weekday"><interval>1</interval><day>monday</day><daynumber>1</daynumber>'
    '<month>march</month><range type="date">2015-12-31</range></recurrence></event>'
)
TASK = (
    '<task version="1.0">' + INCIDENCE + "<start-date>2009-03-02</start-date><due-date>2009-03-04</due-date>"
    "<priority>1</priority><completed>40</completed><status>waiting-on-someone-else</status>"
    "<parent>uid-0</parent></task>"
)
JOURNAL = (
    '<journal version="1.0">' + COMMON + "<summary>Title</summary><start-date>2009-03-02T09:00:00Z</start-date>"
    "<end-date>2009-03-02T10:00:00Z</end-date></journal>"
)
CONTACT = (
    '<contact version="1.0">' + COMMON + "<name><given-name>Ann</given-name><middle-names>B.</middle-names>"
    "<last-name>Cee</last-name><full-name>Dr. Ann B. Cee</full-name><initials>ABC</initials><prefix>Dr.</prefix>"
    "</name><free-busy-url>http://fb</free-busy-url><organization>Firm</organization><web-page>http://web</web-page>"
    "<im-address>ann@im</im-address><department>Dept</department><office-location>7</office-location>"
    "<profession>Engineer</profession><job-title>Head</job-title><manager-name>Boss</manager-name>"
    "<assistant>Asst</assistant><nick-name>Annie</nick-name><spouse-name>Bob</spouse-name>"
    "<birthday>1980-05-06</birthday><anniversary>2005-07-08</anniversary><picture>face.png</picture>"
    "<children>Kid, Kid 2</children><gender>female</gender><language>de</language>"
    "<phone><type>business1</type><number>1</number><odd>kept</odd></phone>"
    "<phone><type>ttytdd</type><number>2</number></phone><phone><type>x-odd</type><number>3</number></phone>"
    "<email><display-name>Ann</display-name><smtp-address>ann@example.com</smtp-address></email>"
    "<email><display-name/><smtp-address>ann@home.example</smtp-address></email>"
    "<address><type>business</type><street>S 1\nback</street><locality>Berlin</locality><region>BE</region>"
    "<postal-code>10115</postal-code><country>Germany</country></address>"
    "<preferred-address>business</preferred-address><latitude>1.5</latitude></contact>"
)
LIST = (
    '<distribution-list version="1.0">' + COMMON + "<display-name>The list</display-name>"
    "<member><display-name>Ann</display-name><smtp-address>ann@example.com</smtp-address></member>"
    "<member><display-name>Bob</display-name><smtp-address>bob@example.com</smtp-address></member></distribution-list>"
)
NOTE = (
    '<note version="1.0">' + COMMON + "<summary>Title</summary><background-color>#ff99cc</background-color>"
    "<foreground-color>#000000</foreground-color></note>"
)
OBJECTS = {
    "event": EVENT,
    "task": TASK,
    "journal": JOURNAL,
    "contact": CONTACT,
    "distribution-list": LIST,
    "note": NOTE,
}
FILES = [Attachment("a.txt", "text/plain", b"content\r\n"), Attachment("face.png", "image/png", b"\x89PNG")]


def message(kind: str, xml: str) -> bytes:
    files = FILES[:2] if kind == "contact" else FILES[:1]
    content_type = f"application/x-vnd.kolab.{kind}"
    return kolab_message.write_message(Mail(), kind, "2.0", content_type, xml.encode(), files, "uid-1")


def read(kind: str, xml: str = "") -> Item:
    found = parse_item(message(kind, xml or OBJECTS[kind]), FOLDERS[kind])
    assert found.problem is None
    return found.item


def written(item: Item, kind: str) -> Element:
    data = render_item(item, form=ItemForm.AUTHOR)
    assert b"X-Kolab-Mime-Version" not in data
    server = ServerMessage(parse(data), scan(data, Budget()), FOLDERS[kind])
    assert kolab_v2.matches(server)
    return kolab_message.read_object(server, frozenset({f"application/x-vnd.kolab.{kind}"})).root


def check_common(item: Item) -> None:
    mail = mail_of(item)
    assert mail.message_id == "<uid-1>"
    assert (mail.sensitivity, mail.flags.keywords) == (Sensitivity.PRIVATE, ("Work", "Play"))
    assert mail.date == datetime(2009, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert [(one.name, one.reference) for one in mail.attachments if one.name != "ContactPicture.jpg"] == [
        ("a.txt", ""),
        ("", "http://example.com/"),
    ]


def test_an_event_is_read() -> None:
    item = read("event")
    assert isinstance(item, Appointment)
    check_common(item)
    assert (item.mail.subject, item.mail.text, item.location) == ("Title", "Text\nof two lines", "Room")
    assert (item.start, item.end) == (datetime(2009, 3, 2, 9, tzinfo=UTC), datetime(2009, 3, 2, 10, 30, tzinfo=UTC))
    assert item.zone is not None
    assert item.zone.name == "W. Europe Standard Time"
    assert (item.busy, item.label, item.uid) == (Busy.OUT_OF_OFFICE, 5, "uid-1")
    assert item.reminder is not None
    assert item.reminder.minutes == 15
    assert item.recurrence == Recurrence(Frequency.WEEKLY, 2, (1, 4), count=10, first_weekday=1)
    assert item.deleted == (date(2009, 3, 5),)
    assert [(one.address.name, one.address.email, one.role, one.response) for one in item.attendees] == [
        ("Boss", "boss@example.com", Role.REQUIRED, Response.ORGANIZER),
        ("Ann", "ann@example.com", Role.OPTIONAL, Response.ACCEPTED),
        ("Room 7", "room@example.com", Role.RESOURCE, Response.NOT_RESPONDED),
    ]


def test_whole_days_end_on_their_last_day() -> None:
    item = read("event", DAYS)
    assert isinstance(item, Appointment)
    assert (item.start, item.end, item.busy) == (date(2009, 3, 2), date(2009, 3, 4), Busy.FREE)
    assert item.recurrence is not None
    assert (item.recurrence.frequency, item.recurrence.weekdays, item.recurrence.position) == (
        Frequency.YEARLY,
        (1,),
        1,
    )
    longer = replace(item, end=date(2009, 3, 5))
    assert written(longer, "event").said("end-date") == "2009-03-04"


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        ('cycle="daily"><interval>3</interval><range type="none"/>', Recurrence(Frequency.DAILY, 3, first_weekday=1)),
        (
            'cycle="monthly" type="daynumber"><interval>1</interval><daynumber>2</daynumber><range/>',
            Recurrence(Frequency.MONTHLY, month_day=2, first_weekday=1),
        ),
        (
            'cycle="monthly" type="weekday"><interval>1</interval><day>monday</day><daynumber>5</daynumber>',
            Recurrence(Frequency.MONTHLY, weekdays=(1,), position=-1, first_weekday=1),
        ),
        (
            'cycle="yearly" type="monthday"><interval>1</interval><daynumber>2</daynumber><month>march</month>',
            Recurrence(Frequency.YEARLY, month_day=2, first_weekday=1),
        ),
    ],
)
def test_recurrences(xml: str, expected: Recurrence) -> None:
    text = DAYS[: DAYS.index("<recurrence")] + f"<recurrence {xml}</recurrence></event>"
    if expected.position == -1:
        text = text.replace("2009-03-02", "2009-03-30").replace("2009-03-03", "2009-03-31")
    item = read("event", text)
    assert isinstance(item, Appointment)
    assert item.recurrence == expected
    fresh = replace(item, mail=replace(item.mail, leftover={}))
    again = kolab_v2.document(fresh, "event", b"")
    assert kolab_v2.item_of(again, "event") == replace(fresh, mail=kolab_v2.item_of(again, "event").mail)  # type: ignore[union-attr]


def test_a_task_is_read() -> None:
    item = read("task")
    assert isinstance(item, Task)
    check_common(item)
    assert (item.start, item.due, item.status) == (date(2009, 3, 2), date(2009, 3, 4), TaskStatus.WAITING)
    assert (item.percent_complete, item.mail.importance) == (0.4, Importance.HIGH)
    assert item.reminder == datetime(2009, 3, 1, 23, 45, tzinfo=UTC)


def test_a_journal_entry_is_read() -> None:
    item = read("journal")
    assert isinstance(item, JournalEntry)
    check_common(item)
    assert (item.start, item.end) == (datetime(2009, 3, 2, 9, tzinfo=UTC), datetime(2009, 3, 2, 10, tzinfo=UTC))


def test_a_contact_is_read() -> None:
    item = read("contact")
    assert isinstance(item, Contact)
    check_common(item)
    assert item.name == PersonName("Dr.", "Ann", "B.", "Cee", "", "Annie", "ABC")
    assert (item.company, item.department, item.office, item.profession) == ("Firm", "Dept", "7", "Engineer")
    assert (item.job_title, item.manager, item.assistant, item.spouse) == ("Head", "Boss", "Asst", "Bob")
    assert (item.children, item.gender, item.language) == (("Kid", "Kid 2"), Gender.FEMALE, "de")
    assert (item.birthday, item.anniversary) == (date(1980, 5, 6), date(2005, 7, 8))
    assert item.phones == {PhoneRole.BUSINESS: "1", PhoneRole.TTY: "2"}
    assert [(one.address, one.display) for one in item.emails] == [("ann@example.com", "Ann"), ("ann@home.example", "")]
    assert item.work == PostalAddress("S 1\nback", "Berlin", "BE", "10115", "Germany")
    assert (item.mailing, item.web_page, item.free_busy_url) == (MailingAddress.WORK, "http://web", "http://fb")
    assert item.im_address == "ann@im"
    assert item.photo is not None
    assert item.photo.content() == b"\x89PNG"


def test_a_list_and_a_note_are_read() -> None:
    item = read("distribution-list")
    assert isinstance(item, DistributionList)
    assert (item.name, item.members) == (
        "The list",
        (Member("Ann", "ann@example.com"), Member("Bob", "bob@example.com")),
    )
    note = read("note")
    assert isinstance(note, Note)
    assert (note.mail.text, note.mail.subject, note.color) == ("Title\nText\nof two lines", "Title", NoteColor.PINK)


@pytest.mark.parametrize("kind", OBJECTS)
@pytest.mark.parametrize("in_pst", [False, True])
def test_what_was_not_changed_is_what_it_was(kind: str, in_pst: bool) -> None:
    before = parse_xml(OBJECTS[kind].encode())
    item = read(kind)
    after = written(from_mapi(to_mapi(item)) if in_pst else item, kind)
    for name in {part.name for part in before.parts} - {"picture"}:
        assert after.all(name) == before.all(name)


def test_what_was_changed_is_said_and_the_rest_stays() -> None:
    item = read("event")
    assert isinstance(item, Appointment)
    ann = replace(item.attendees[1], response=Response.DECLINED)
    people = (item.attendees[0], ann)
    edited = written(replace(item, location="Elsewhere", attendees=people, recurrence=None, deleted=()), "event")
    assert (edited.said("location"), edited.first("recurrence")) == ("Elsewhere", None)
    (attendee,) = edited.all("attendee")
    assert (attendee.said("status"), attendee.said("odd")) == ("declined", "kept")
    assert edited.first("unknown") == parse_xml(EVENT.encode()).first("unknown")

    contact = read("contact")
    assert isinstance(contact, Contact)
    phones = {PhoneRole.BUSINESS: "11", PhoneRole.MOBILE: "4"}
    edited = written(replace(contact, phones=phones, user1="One", birthday=None), "contact")
    said = [(one.said("type"), one.said("number"), one.said("odd")) for one in edited.all("phone")]
    assert said == [("business1", "11", "kept"), ("x-odd", "3", ""), ("mobile", "4", "")]
    assert (edited.said("latitude"), edited.first("birthday")) == ("1.5", None)
    again = parse_item(
        render_item(replace(contact, phones=phones, user1="One"), form=ItemForm.AUTHOR), FolderKind.CONTACTS
    ).item
    assert isinstance(again, Contact)
    assert (again.phones, again.user1) == (phones, "One")


def test_series_that_the_format_does_not_have_come_back() -> None:
    item = read("event")
    assert isinstance(item, Appointment)
    workday = Recurrence(Frequency.MONTHLY, weekdays=(1, 2, 3, 4, 5), position=-1, first_weekday=1)
    item = replace(item, recurrence=workday, deleted=())
    xml = written(item, "event")
    assert xml.first("recurrence") is None
    again = parse_item(render_item(item, form=ItemForm.AUTHOR), FolderKind.CALENDAR).item
    assert isinstance(again, Appointment)
    assert again.recurrence == workday


@settings(max_examples=25)
@given(contacts())
def test_contacts_come_back(item: Contact) -> None:
    item = replace(item, mail=replace(item.mail, message_id="<uid>"))
    root = kolab_v2.document(item, "contact", b"")
    again = kolab_v2.item_of(root, "contact")
    assert isinstance(again, Contact)
    for field in (
        "company",
        "phones",
        "birthday",
        "gender",
        "certificates",
        "user1",
        "file_as_id",
        "office",
        "journal",
    ):
        mine, theirs = getattr(item, field), getattr(again, field)
        assert theirs == (mine.strip() if isinstance(mine, str) else mine) or isinstance(mine, dict)
    assert again.phones == {role: number.strip() for role, number in item.phones.items() if number.strip()}
