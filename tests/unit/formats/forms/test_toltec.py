"""Messages of Toltec's connector, and those of Bynari's kind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailconnector.formats import ItemForm, parse, parse_item, render_item
from mailconnector.formats.item.forms import content_of, form_of, leaves_of
from mailconnector.formats.kolab import v2 as kolab_v2
from mailconnector.formats.mail.entities import attachment_entity, binary_entity, multipart, text_entity
from mailconnector.formats.mail.structure import Budget, scan
from mailconnector.formats.syntax.xml_tree import parse_xml, render_xml
from mailconnector.items import (
    Appointment,
    Attachment,
    Contact,
    FolderKind,
    Item,
    Mail,
    mail_of,
    message_id_of,
    with_mail,
)
from mailconnector.mapi import tnef
from mailconnector.mapping import from_mapi, to_mapi
from tests.unit.items.examples import APPOINTMENT, CONTACT, ENTRY, LIST, NOTE, TASK

KINDS: dict[str, Item] = {
    "event": APPOINTMENT,
    "contact": CONTACT,
    "task": TASK,
    "journal": ENTRY,
    "distribution-list": LIST,
    "note": NOTE,
}


def stored(item: Item) -> Item:
    """Return an item as a PST gives it."""
    return from_mapi(to_mapi(with_mail(item, replace(mail_of(item), message_id="<uid-1>"))))


def message(kind: str, item: Item, stream: bytes = b"", *, xml: bool = True) -> bytes:
    """Return a message as Toltec's connector writes it."""
    item = stored(item)
    parts = [text_entity("This is an item of Outlook.", "plain", "us-ascii")]
    if xml:
        root = kolab_v2.document(item, kind, b"")
        root.add("odd", "kept")
        parts.append(attachment_entity(Attachment("kolab.xml", f"application/x-vnd.kolab.{kind}", render_xml(root))))
    header = b'Content-Type: application/ms-tnef; name="winmail.dat"\r\n'
    parts.append(binary_entity(header, stream or tnef.build(to_mapi(item))))
    whole = multipart("mixed", parts)
    return b"".join(
        [
            b"Subject: uid-1\r\nFrom: Ann <ann@example.com>\r\nX-Library: Toltec Connector 2\r\nX-Odd: kept\r\n",
            f"X-Kolab-Type: application/x-vnd.kolab.{kind}\r\nMIME-Version: 1.0\r\n".encode("ascii"),
            whole.header,
            b"\r\n",
            whole.body,
        ]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_item_is_read_and_written(kind: str) -> None:
    item = KINDS[kind]
    found = parse_item(message(kind, item), FolderKind.CALENDAR)
    assert found.problem is None
    read = found.item
    assert (type(read), form_of(read)) == (type(item), "toltec")
    expected = to_mapi(stored(item)).properties
    got = to_mapi(read).properties
    assert {key for key, value in expected.items() if got.get(key) != value} == set()
    edited = with_mail(read, replace(mail_of(read), subject="Other", text="Other"))
    written = render_item(edited, form=ItemForm.AUTHOR)
    assert b"X-Library: Toltec Connector 2\r\n" in written
    assert b"X-Odd: kept\r\n" in written
    again = parse_item(written, FolderKind.CALENDAR).item
    assert (type(again), form_of(again)) == (type(item), "toltec")
    assert mail_of(again).text == "Other"
    assert message_id_of(again) == message_id_of(read)
    xml = next(leaf for leaf in leaves_of(scan(written, Budget())) if leaf.kind.startswith("application/x-vnd"))
    root = parse_xml(content_of(xml))
    assert root.said("odd") == "kept"
    assert "Other" in root.said("body") + root.said("summary")


def test_without_an_object_there_is_none_afterwards() -> None:
    read = parse_item(message("event", APPOINTMENT, xml=False), FolderKind.CALENDAR).item
    written = render_item(read, form=ItemForm.AUTHOR)
    assert [leaf.kind for leaf in leaves_of(scan(written, Budget()))] == ["text/plain", "application/ms-tnef"]


def test_a_damaged_stream_is_kept_as_mail() -> None:
    data = message("event", APPOINTMENT, b"damaged")
    found = parse_item(data, FolderKind.CALENDAR)
    assert isinstance(found.item, Mail)
    assert found.problem is not None


BYNARI_EVENT = (
    b"Subject: Lunch\r\nFrom: boss@example.com\r\nTo: boss@example.com\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nEat\r\n"
    b"--b\r\nContent-Type: text/calendar; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:bynari-1\r\nSUMMARY:Lunch\r\nDTSTART:20100304T110000Z\r\n"
    b"DTEND:20100304T120000Z\r\nDESCRIPTION:Caf=C3=A9\r\nX-BYNARI-ODD:kept\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n--b--\r\n"
)
BYNARI_CONTACT = (
    b"Subject: Ann Cee\r\nFrom: boss@example.com\r\nTo: boss@example.com\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nAnn\r\n"
    b"--b\r\nContent-Type: text/x-vcard; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:bynari-2\r\nFN:Ann Cee\r\nN:Cee;Ann;;;\r\nX-BYNARI-ODD:kept=C3=A9\r\n"
    b"END:VCARD\r\n--b--\r\n"
)


def test_events_of_bynaris_kind() -> None:
    found = parse_item(BYNARI_EVENT, FolderKind.CALENDAR)
    assert found.problem is None
    item = found.item
    assert isinstance(item, Appointment)
    assert (item.mail.subject, item.mail.text, item.uid) == ("Lunch", "Café", "bynari-1")
    mail = replace(item.mail, subject="Dinner")
    written = parse(render_item(replace(item, mail=mail), form=ItemForm.AUTHOR))
    assert written.subject == "Dinner"
    (part,) = written.attachments
    assert part.content_type == "text/calendar"
    assert b"X-BYNARI-ODD:kept" in part.content()


def test_contacts_of_bynaris_kind() -> None:
    found = parse_item(BYNARI_CONTACT, FolderKind.CONTACTS)
    assert found.problem is None
    item = found.item
    assert isinstance(item, Contact)
    assert (item.name.surname, item.mail.message_id) == ("Cee", "<bynari-2>")
    written = parse(render_item(replace(item, company="Firm"), form=ItemForm.AUTHOR))
    (part,) = written.attachments
    assert "X-BYNARI-ODD:kepté" in part.content().decode()
    assert b"ORG:Firm" in part.content()
