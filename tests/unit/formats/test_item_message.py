"""Items as messages on a server: how they are written, and what an edit of a part changes."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta, timezone
from email.message import EmailMessage

import pytest

from mailconnector.formats import FormatError, ItemForm, MimeFormatError, parse, parse_item, render, render_item
from mailconnector.formats.item.forms import with_source
from mailconnector.items import (
    Appointment,
    Attachment,
    Contact,
    Flags,
    FolderKind,
    GenericItem,
    Item,
    Mail,
    Note,
    Placement,
    mail_of,
    message_id_of,
    with_mail,
)
from mailconnector.items.contact import ContactEmail
from mailconnector.items.note import NoteColor
from mailconnector.mapi import named, tags
from mailconnector.mapping import from_mapi, to_mapi
from tests.unit.items.examples import (
    APPOINTMENT,
    CONTACT,
    CUSTOM,
    FORM_MAIL,
    ITEMS,
    LEFT,
    NOTE,
    OWN,
    PDF,
    PHOTO,
    REQUEST,
    TASK,
)


def stored(item: Item) -> Item:
    """Return an item as a PST gives it."""
    return from_mapi(to_mapi(item))


def opened(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def kinds(data: bytes) -> list[str]:
    message = opened(data)
    parts = message.iter_parts() if message.is_multipart() else [message]
    return [part.get_content_type() for part in parts]


def part_of(data: bytes, kind: str) -> EmailMessage:
    found = next(part for part in opened(data).walk() if part.get_content_type() == kind)
    assert isinstance(found, EmailMessage)
    return found


def edited(data: bytes, kind: str, change: Callable[[str], str], **headers: str) -> bytes:
    """Return a message as another program writes it that changes a text part and leaves the others alone."""
    message = email.message_from_bytes(data, policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        if part.get_content_type() == kind:
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            text = payload.decode("utf-8").replace("\r\n", "\n")
            changed = change(text)
            assert changed != text or headers
            del part["Content-Transfer-Encoding"]
            part["Content-Transfer-Encoding"] = "8bit"
            part.set_payload(changed.encode("utf-8"))
            break
    for name, value in headers.items():
        del message[name]
        message[name] = value
    return message.as_bytes()


@pytest.mark.parametrize("name", ITEMS)
def test_an_item_comes_back_exactly(name: str) -> None:
    item = stored(ITEMS[name])
    data = render_item(item)
    for kind in FolderKind:
        read = parse_item(data, kind)
        assert read.problem is None
        assert read.item == item
    assert render_item(item) == data == render_item(parse_item(data).item)
    assert to_mapi(parse_item(data).item) == to_mapi(item)


def test_what_the_parts_are() -> None:
    item = stored(APPOINTMENT)
    data = render_item(item)
    message = opened(data)
    assert kinds(data) == ["text/plain", "text/calendar", "application/pdf", "application/ms-tnef"]
    assert message["Subject"] == "Budget"
    assert message["Message-ID"] == message_id_of(item)
    text = part_of(data, "text/plain").get_content()
    assert text.replace("\r\n", "\n").startswith("What the user wrote.\nTwo lines.\n*~*~*")
    assert "Location: Room 7\r\n" in text
    assert part_of(data, "application/pdf").get_content() == PDF.content()
    assert b"ATTACH" not in part_of(data, "text/calendar").get_payload(decode=True)
    assert kinds(render_item(stored(CONTACT))) == ["text/plain", "text/vcard", "application/pdf", "application/ms-tnef"]


def test_nothing_is_there_twice() -> None:
    """Neither a file in the stream or the calendar, nor a photo in the stream."""
    data = render_item(stored(CONTACT))
    stream = part_of(data, "application/ms-tnef").get_payload(decode=True)
    assert PDF.content() not in stream
    assert PHOTO not in stream
    assert b"PHOTO" in part_of(data, "text/vcard").get_payload(decode=True)


def test_an_attached_item_comes_back_with_all_that_it_has() -> None:
    inner = replace(CONTACT, customer_id="C-2")
    letter = Mail("IPM.Note", subject="Inner", text="x", attachments=(replace(PDF, name="inner.pdf"),), leftover=LEFT)
    attachments = (
        Attachment(content_type="message/rfc822", item=inner),
        Attachment(content_type="message/rfc822", item=letter),
        Attachment("link", "application/pdf", reference="https://files.example/x.pdf"),
    )
    for item in (APPOINTMENT, TASK, CONTACT, CUSTOM, FORM_MAIL):
        held = stored(with_mail(item, replace(mail_of(item), attachments=attachments)))
        data = render_item(held)
        assert parse_item(data).item == held
        assert data.count(b"message/rfc822") >= 2


def test_mail_that_carries_an_item_is_an_item_too() -> None:
    item = stored(Mail(subject="See", attachments=(Attachment(content_type="message/rfc822", item=CONTACT),)))
    assert parse_item(render_item(item)).item == item


def test_plain_mail_stays_plain() -> None:
    letter = Mail(subject="Hello", text="Hi", leftover={named.PidLidSideEffects: 0, tags.PidTagSearchKey: bytes(16)})
    assert render_item(letter) == render(letter)
    data = b"From: a@b.example\r\nSubject: x\r\nX-Odd:  y\r\n\r\nHello\r\n"
    assert render_item(parse_item(data).item) == data
    assert parse_item(data).item == parse(data)
    # What came by the wire goes back as it was, whatever Outlook has put beside it.
    came = replace(parse(data), leftover={OWN: "4711"})
    assert render_item(came) == data


def test_mail_with_a_field_that_a_user_defined_keeps_it() -> None:
    item = stored(Mail(subject="Hello", text="Hi", html="<p>Hi</p>", attachments=(PDF,), leftover={OWN: "4711"}))
    data = render_item(item)
    assert kinds(data) == ["multipart/alternative", "application/pdf", "application/ms-tnef"]
    assert parse_item(data).item == item


def test_a_reader_of_mail_sees_no_stream() -> None:
    for item in ITEMS.values():
        seen = parse(render_item(stored(item)))
        assert all("tnef" not in one.content_type for one in seen.attachments)
        assert render(seen) == render_item(stored(item))


def test_a_note_is_a_text_that_apple_knows() -> None:
    data = render_item(stored(NOTE))
    message = opened(data)
    assert message.get_content_type() == "text/plain"
    assert message.get_content() == "Milk\r\nand bread"
    assert message["Subject"] == "Milk"
    assert message["X-Uniform-Type-Identifier"] == "com.apple.mail-note"
    assert message["X-Universally-Unique-Identifier"]
    assert message["X-Mail-Created-Date"]
    with_file = stored(with_mail(NOTE, replace(NOTE.mail, attachments=(PDF,))))
    assert kinds(render_item(with_file)) == ["text/plain", "application/pdf", "application/ms-tnef"]
    assert parse_item(render_item(with_file)).item == with_file


def test_a_message_about_a_meeting_says_what_to_do_with_it() -> None:
    part = part_of(render_item(stored(REQUEST)), "text/calendar")
    assert part.get_param("method") == "REQUEST"
    text = part.get_payload(decode=True)
    assert b"METHOD:REQUEST" in text
    assert opened(render_item(stored(REQUEST)))["From"] == "Boss <boss@example.org>"


def test_marks_are_those_of_the_server() -> None:
    data = render_item(stored(APPOINTMENT))
    marks = Flags(flagged=True, keywords=("Red",))
    assert mail_of(parse_item(data, flags=marks).item).flags == marks
    assert mail_of(parse_item(data).item).flags == APPOINTMENT.mail.flags


# -- Edits of a part ---------------------------------------------------------------------------------------------------


def test_an_edited_calendar_wins_for_what_it_says() -> None:
    item = stored(APPOINTMENT)
    data = edited(
        render_item(item),
        "text/calendar",
        lambda text: text.replace("SUMMARY:Budget", "SUMMARY:Budgets").replace("LOCATION:Room 7", "LOCATION:Room 8"),
    )
    read = parse_item(data, FolderKind.CALENDAR)
    assert read.problem is None
    found = read.item
    assert isinstance(found, Appointment)
    assert (found.mail.subject, found.location) == ("Budgets", "Room 8")
    assert (found.start, found.zone, found.uid) == (item.start, item.zone, item.uid)  # type: ignore[union-attr]
    assert found.mail.leftover[OWN] == "4711"
    assert found.mail.attachments == item.mail.attachments  # type: ignore[union-attr]
    assert found.mail.rtf == APPOINTMENT.mail.rtf
    again = parse_item(render_item(found))
    assert again.item == found


def test_an_edited_text_is_the_body() -> None:
    for name in ("appointment", "task", "journal", "contact", "list", "item", "post"):
        item = stored(ITEMS[name])
        data = edited(render_item(item), "text/plain", lambda text: text.replace("Two lines.", "Another line."))
        read = parse_item(data)
        assert read.problem is None
        found = mail_of(read.item)
        assert found.text == "What the user wrote.\nAnother line.", name
        assert (found.rtf, found.html) == (None, None)
        assert found.leftover[OWN] == "4711"
        rest = replace(found, text=mail_of(item).text, rtf=mail_of(item).rtf, html=mail_of(item).html)
        kept = {key: value for key, value in found.leftover.items() if key in mail_of(item).leftover}
        assert with_mail(read.item, replace(rest, leftover=kept)) == item, name


def test_an_edited_card_keeps_what_cards_have_no_place_for() -> None:
    item = stored(CONTACT)
    data = edited(render_item(item), "text/vcard", lambda text: text.replace("ada@example.org", "ada.king@example.org"))
    found = parse_item(data, FolderKind.CONTACTS).item
    assert isinstance(found, Contact)
    assert found.email1 == ContactEmail("ada.king@example.org")
    assert found.phones == CONTACT.phones
    assert found.customer_id == "C-1"
    assert found.photo is not None
    assert found.photo.content() == PHOTO
    assert found.mail.leftover[OWN] == "4711"
    assert [one.name for one in found.mail.attachments] == [one.name for one in item.mail.attachments]  # type: ignore[union-attr]


def test_an_edited_task_subject_and_note() -> None:
    task = parse_item(edited(render_item(stored(TASK)), "x/y", str, Subject="Other")).item
    assert task == with_mail(stored(TASK), replace(mail_of(stored(TASK)), subject="Other"))
    note = parse_item(edited(render_item(stored(NOTE)), "text/plain", lambda text: text.replace("Milk", "Tea"))).item
    assert isinstance(note, Note)
    assert (note.mail.text, note.mail.subject) == ("Tea\nand bread", "Tea")
    assert (note.color, note.width) == (NoteColor.PINK, 200)


def test_a_file_taken_away_or_added() -> None:
    two = stored(with_mail(TASK, replace(TASK.mail, attachments=(PDF, replace(PDF, name="b.pdf", data=b"%PDF b")))))
    message = opened(render_item(two))
    parts = list(message.iter_parts())
    taken = next(part for part in parts if part.get_filename() == "plan.pdf")
    payload = message.get_payload()
    assert isinstance(payload, list)
    payload.remove(taken)
    message.add_attachment(b"%PDF c", "application", "pdf", filename="c.pdf")
    read = parse_item(message.as_bytes(policy=email.policy.SMTP))
    assert read.problem is None
    found = mail_of(read.item)
    assert [(one.name, one.content()) for one in found.attachments] == [("b.pdf", b"%PDF b"), ("c.pdf", b"%PDF c")]
    assert found.attachments[0] == mail_of(two).attachments[1]


def test_categories_that_a_calendar_program_changed() -> None:
    data = edited(
        render_item(stored(APPOINTMENT)),
        "text/calendar",
        lambda text: text.replace("CATEGORIES:Blue", "CATEGORIES:Green"),
    )
    assert mail_of(parse_item(data).item).flags.keywords == ("Green",)
    marks = Flags(seen=True, keywords=("Blue", "$Important"))
    assert mail_of(parse_item(data, flags=marks).item).flags.keywords == ("$Important", "Green")


# -- Damage ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ITEMS)
def test_a_damaged_stream_leaves_what_the_parts_say(name: str) -> None:
    item = stored(ITEMS[name])
    data = render_item(item)
    if name == "note":
        at = data.index(b"X-MailConnector-Leftover") + 400
    else:
        at = data.rindex(b"X-MailConnector-Leftover") + 400
    data = data[:at] + (b"QQQQ" if data[at : at + 4] != b"QQQQ" else b"AAAA") + data[at + 4 :]
    read = parse_item(data, FolderKind.CALENDAR)
    assert isinstance(read.problem, FormatError)
    assert type(read.item) is type(item)
    assert mail_of(read.item).subject == mail_of(item).subject
    assert mail_of(read.item).text == mail_of(item).text
    assert OWN not in mail_of(read.item).leftover


@pytest.mark.parametrize("name", ["appointment", "task", "journal", "contact", "list"])
def test_a_damaged_calendar_leaves_the_item_of_the_stream(name: str) -> None:
    item = stored(ITEMS[name])
    data = render_item(item)
    broken = data.replace(b"END:V", b"ENDE:V").replace(b"BEGIN:VCALENDAR", b"BEGIN:NONE")
    read = parse_item(broken)
    assert read.problem is not None
    assert read.item == item
    both = broken.replace(b"X-MailConnector-Leftover: ", b"X-MailConnector-Leftover: 0")
    read = parse_item(both)
    assert read.problem is not None
    assert isinstance(read.item, Mail)
    assert render_item(read.item) == both


def test_mail_that_lost_its_stream_stays_mail_in_every_folder() -> None:
    """A card that is attached to it does not make it a contact, whatever its folder is made for."""
    card = Attachment("eve.vcf", "text/vcard", b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Eve\r\nEND:VCARD\r\n")
    data = render_item(stored(replace(FORM_MAIL, attachments=(card,))))
    broken = data.replace(b"X-MailConnector-Leftover: ", b"X-MailConnector-Leftover: 0")
    for kind in FolderKind:
        read = parse_item(broken, kind)
        assert isinstance(read.problem, FormatError)
        assert isinstance(read.item, Mail)
        assert (read.item.message_class, read.item.attachments[0].name) == ("IPM.Note.Order", "eve.vcf")
        assert render_item(read.item) == broken


def test_a_program_that_drops_the_stream_is_no_damage() -> None:
    message = opened(render_item(stored(APPOINTMENT)))
    payload = message.get_payload()
    assert isinstance(payload, list)
    del payload[-1]
    read = parse_item(message.as_bytes(policy=email.policy.SMTP))
    assert read.problem is None
    assert isinstance(read.item, Appointment)
    assert read.item.location == "Room 7"
    assert read.item.mail.attachments[0].content() == PDF.content()


def test_a_stranger_sends_no_items() -> None:
    """Who knows how our messages are made must not get properties into a mailbox by mail."""
    data = b"Received: from x by y; Thu, 5 Mar 2026 09:00:00 +0000\r\n" + render_item(stored(APPOINTMENT))
    for kind in (FolderKind.MAIL, FolderKind.NOTES):
        read = parse_item(data, kind)
        assert read.item == parse(data)
    found = parse_item(data, FolderKind.CALENDAR).item
    assert isinstance(found, Appointment)
    assert OWN not in found.mail.leftover


def test_what_is_no_message_at_all() -> None:
    with pytest.raises(MimeFormatError):
        parse_item(b" \r\n", FolderKind.CALENDAR)


# -- Messages of other programs ----------------------------------------------------------------------------------------

EVENT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//EN
BEGIN:VEVENT
UID:a@example.org
DTSTAMP:20260101T000000Z
DTSTART:20260305T090000Z
DTEND:20260305T100000Z
SUMMARY:Lunch
X-COLOUR;X-TONE=dark:green
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:c-1\r\nFN:Ada King\r\nN:King;Ada;;;\r\nX-SHOE:39\r\nEND:VCARD\r\n"


def plain(kind: str, content: str, head: str = "") -> bytes:
    return f"{head}Subject: Lunch\r\nContent-Type: {kind}; charset=utf-8\r\n\r\n{content}".encode()


def test_a_calendar_alone_is_an_appointment_and_stays_its_authors() -> None:
    data = plain("text/calendar", EVENT, "From: Eve <eve@example.org>\r\nX-Program: Other\r\nMessage-ID: <x@y>\r\n")
    read = parse_item(data, FolderKind.CALENDAR)
    assert read.problem is None
    item = read.item
    assert isinstance(item, Appointment)
    assert (item.mail.subject, item.mail.message_id) == ("Lunch", "<a@example.org>")
    assert parse_item(data).item == parse(data)
    moved = stored(replace(item, location="Park", mail=replace(item.mail, subject="Dinner")))
    written = render_item(moved, form=ItemForm.AUTHOR)
    message = opened(written)
    assert message.get_content_type() == "text/calendar"
    assert (message["Subject"], message["X-Program"], message["From"]) == ("Dinner", "Other", "Eve <eve@example.org>")
    assert "X-MailConnector-Item" not in message
    content = message.get_content()
    assert "X-COLOUR;X-TONE=dark:green" in content
    assert "LOCATION:Park" in content
    ours = render_item(moved)
    assert kinds(ours) == ["text/plain", "text/calendar", "application/ms-tnef"]
    assert parse_item(ours).item == moved


def test_a_message_without_a_kept_header_is_known_by_the_items_id() -> None:
    item = with_source(
        replace(APPOINTMENT, uid="u@example.org", mail=Mail("IPM.Appointment", subject="Lunch")), "plain"
    )
    written = render_item(item, form=ItemForm.AUTHOR)
    assert opened(written)["Message-ID"] == message_id_of(item) == "<u@example.org>"


def test_a_card_keeps_its_version() -> None:
    data = plain("text/x-vcard", CARD)
    item = parse_item(data, FolderKind.CONTACTS).item
    assert isinstance(item, Contact)
    assert item.mail.message_id == "<c-1>"
    written = render_item(stored(replace(item, company="Engine Ltd")), form=ItemForm.AUTHOR)
    content = opened(written).get_content()
    assert "VERSION:3.0" in content
    assert "X-SHOE:39" in content
    assert "ORG:Engine Ltd" in content
    assert "UID:c-1" in content


@pytest.mark.parametrize("shape", ["mixed", "alternative", "nested"])
def test_calendars_in_multiparts(shape: str) -> None:
    message = EmailMessage(policy=email.policy.SMTP)
    message["Subject"] = "Lunch"
    message.set_content("Bring bread.\n")
    if shape == "mixed":
        message.make_mixed()
    if shape == "nested":
        message.add_alternative("<p>Bring bread.</p>", "html")
    if shape == "mixed":
        message.add_attachment(EVENT, "calendar", filename="event.ics")
    else:
        message.add_alternative(EVENT, "calendar")
    message.add_attachment(b"%PDF", "application", "pdf", filename="menu.pdf")
    read = parse_item(message.as_bytes(), FolderKind.CALENDAR)
    assert read.problem is None
    item = read.item
    assert isinstance(item, Appointment)
    assert item.mail.text == "Bring bread.\n"
    assert [one.name for one in item.mail.attachments] == ["menu.pdf"]
    changed = stored(replace(item, location="Park"))
    written = render_item(changed, form=ItemForm.AUTHOR)
    found = [part.get_content_type() for part in opened(written).walk()]
    assert "text/calendar" in found
    assert "application/pdf" in found
    assert ("multipart/alternative" in found) == (shape != "mixed")
    again = parse_item(written, FolderKind.CALENDAR).item
    assert isinstance(again, Appointment)
    assert (again.location, again.mail.attachments[0].content()) == ("Park", b"%PDF")


@pytest.mark.parametrize(
    ("kind", "content", "folder"),
    [
        ("text/calendar", "BEGIN:NOTHING\r\n", FolderKind.CALENDAR),
        ("text/calendar", EVENT + EVENT.replace("UID:a", "UID:b"), FolderKind.CALENDAR),
        ("text/calendar", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", FolderKind.TASKS),
        ("text/vcard", "BEGIN:VCARD\r\nFN:x\r\n", FolderKind.CONTACTS),
        ("text/vcard", CARD + CARD, FolderKind.CONTACTS),
    ],
)
def test_what_cannot_be_read_is_kept_as_mail(kind: str, content: str, folder: FolderKind) -> None:
    data = plain(kind, content)
    read = parse_item(data, folder)
    assert isinstance(read.problem, FormatError)
    assert isinstance(read.item, Mail)
    assert read.item == parse(data)
    for form in ItemForm:
        assert render_item(read.item, form=form) == data
        assert render_item(stored(read.item), form=form) == data


def test_a_mail_in_a_folder_of_items_is_a_mail() -> None:
    data = b"Subject: x\r\n\r\nHello\r\n"
    for kind in FolderKind:
        if kind is not FolderKind.NOTES:
            read = parse_item(data, kind)
            assert (read.item, read.problem) == (parse(data), None)


def test_placement_is_kept_in_mail_with_a_stream() -> None:
    picture = Attachment("a.png", "image/png", b"\x89PNG1", placement=Placement.RELATED, content_id="a@b")
    item = stored(
        Mail("IPM.Note.Order", subject="s", html='<img src="cid:a@b">', attachments=(PDF, picture), leftover={OWN: "1"})
    )
    data = render_item(item)
    assert parse_item(data).item == item
    taken = edited(data, "text/html", lambda text: text + "<p>more</p>")
    read = parse_item(taken)
    assert read.problem is None
    assert mail_of(read.item).attachments == mail_of(item).attachments
    assert "more" in (mail_of(read.item).html or "")


def test_an_item_of_a_class_of_its_own_stays_one_when_an_edit_drops_the_field_that_says_so():
    item = GenericItem(Mail("IPM.Contract.Order", subject="Budget", text="Two lines.", message_id="<a@example.org>"))
    written = render_item(item)
    line = b"Content-Class: urn:content-class:custom.IPM.Contract.Order\r\n"
    assert line in written
    edited = written.replace(line, b"").replace(b"Subject: Budget", b"Subject: Forecast")
    found = parse_item(edited, FolderKind.MAIL).item
    assert isinstance(found, GenericItem)
    assert (found.message_class, found.mail.subject) == ("IPM.Contract.Order", "Forecast")
    assert isinstance(parse_item(render_item(found), FolderKind.MAIL).item, GenericItem)


def test_an_item_with_rtf_alone_is_written_with_the_text_that_a_store_takes_out_of_it() -> None:
    """Otherwise what is read of the message would have a part more when it is written again."""
    rtf = rb"{\rtf1\ansi First line.\par Second line.}"
    data = render_item(GenericItem(Mail("IPM.Contract", subject="Lease", rtf=rtf, message_id="<a@example.org>")))
    assert [part.get_content_type() for part in opened(data).walk() if not part.is_multipart()] == [
        "text/plain",
        "application/rtf",
        "text/html",
        "application/ms-tnef",
    ]
    assert part_of(data, "text/plain").get_content().split() == ["First", "line.", "Second", "line."]
    read = parse_item(data)
    assert read.problem is None
    assert mail_of(read.item).rtf == rtf
    assert render_item(read.item) == data


def test_the_text_of_an_item_with_rtf_goes_with_its_part_and_the_message_stays() -> None:
    """A program that damaged the stream and cut the text off leaves RTF alone."""
    rtf = rb"{\rtf1\ansi First line.\par Second line.}"
    item = GenericItem(Mail("IPM.Contract", text="First line.\nSecond line.", rtf=rtf, message_id="<a@example.org>"))
    message = opened(render_item(item))
    body, stream = message.iter_parts()
    stream.replace_header("X-MailConnector-Leftover", "0" * 16)
    forms = body.get_payload()
    assert isinstance(forms, list)
    assert kinds(body.as_bytes())[0] == "text/plain"
    del forms[0]
    read = parse_item(message.as_bytes(policy=email.policy.SMTP))
    assert isinstance(read.item, GenericItem)
    assert (read.item.mail.text, read.item.mail.rtf) == (None, rtf)
    written = render_item(read.item)
    assert render_item(parse_item(written).item) == written


@pytest.mark.parametrize("name", ["note", "task", "item"])
def test_times_are_written_in_utc_whatever_zone_they_came_in(name: str) -> None:
    """Items that are the same have one message."""
    item = stored(ITEMS[name])
    mail = mail_of(item)
    assert mail.date is not None
    eastern = mail.date.astimezone(timezone(timedelta(hours=-5)))
    file = Attachment("plan.txt", "text/plain", b"x", created=mail.date, modified=mail.date)
    mail = replace(mail, attachments=(file,))
    moved = replace(mail, date=eastern, attachments=(replace(file, created=eastern, modified=eastern),))
    data = render_item(with_mail(item, moved))
    assert data == render_item(with_mail(item, mail))
    assert opened(data)["Date"].datetime.utcoffset() == timedelta(0)
    assert b"-0500" not in data
