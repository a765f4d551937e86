"""Real items through messages on a server: property by property the same, and readable to strangers.

What a message does not bring back is in docs/formats/item-messages.md: strings up to a zero character alone, and
strings of a code page as Unicode. Beyond that, what comes out is what `mapping` alone gives, whose own exceptions are
in docs/formats/outlook-items.md and appointments.md.
"""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import icalendar
import pytest
import vobject

from mailconnector import pst
from mailconnector.formats import ItemForm, calendar, card, parse_item, render_item
from mailconnector.formats.calendar import lines as calendar_lines
from mailconnector.formats.calendar.lines import Component
from mailconnector.formats.card import lines as card_lines
from mailconnector.formats.item.mail_leftover import has_more, is_plain
from mailconnector.items import Contact, DistributionList, FolderKind, Item, mail_of
from mailconnector.mapi import tnef
from mailconnector.mapi.objects import AttachmentObject, MessageObject, Properties, type_of, with_type
from mailconnector.mapi.types import PropertyType
from mailconnector.mapping import from_mapi, to_mapi
from tests.msg_files import MsgFile
from tests.unit.formats.calendar.calendars_compared import BROKEN, events, first_day, instances

tnefparse = pytest.importorskip("tnefparse")

pytestmark = pytest.mark.interop

_UNICODE = {
    PropertyType.STRING8: PropertyType.STRING,
    PropertyType.MULTIPLE_STRING8: PropertyType.MULTIPLE_STRING,
}


_TEXT = "see below"


def comparable(message: MessageObject) -> MessageObject:
    """Return a message with its contents in memory, and its strings as every message on a server has them."""
    attachments = []
    for one in message.attachments:
        embedded = None if one.embedded is None else comparable(one.embedded)
        data = one.data
        if data is not None and not isinstance(data, bytes):
            data.seek(0)
            data = data.read()
        attachments.append(AttachmentObject(_plain(one.properties), data, embedded))
    rows = [replace(row, properties=_plain(row.properties)) for row in message.recipients]
    return MessageObject(_plain(message.properties), rows, attachments)


def _plain(properties: Properties) -> Properties:
    found: Properties = {}
    for key, value in properties.items():
        if isinstance(key, int) and key >> 16 >= 0x8000:
            continue
        kind = PropertyType(type_of(key)) if type_of(key) in tuple(PropertyType) else None
        key = with_type(key, _UNICODE.get(kind, type_of(key))) if kind is not None else key
        found[key] = value.partition("\0")[0] if isinstance(value, str) else value
    return found


def check(message: MessageObject) -> str:
    """Hold what comes back of a message against it; return its type."""
    item = from_mapi(message)
    if is_plain(item):
        mail = mail_of(item)
        assert mail.headers or mail.layout or not has_more(mail.leftover)
        return "plain mail"
    data = render_item(item)
    read = parse_item(data)
    assert read.problem is None
    assert comparable(to_mapi(read.item)) == comparable(to_mapi(item))
    assert render_item(parse_item(render_item(read.item)).item) == render_item(read.item)
    read_by_strangers(data, item)
    return type(item).__name__


def read_by_strangers(data: bytes, item: Item) -> None:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert not message.defects
    parts = {part.get_content_type(): part.get_payload(decode=True) for part in message.walk()}
    contents = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
    stream: Any = parts.get("application/ms-tnef")
    if stream is not None:
        seen = tnefparse.TNEF(stream)
        assert len(seen.attachments) == len(to_mapi(item).attachments)
        # It shows bodies apart, and each value of several as a property.
        plain = {key >> 16 for key in to_mapi(item).properties if isinstance(key, int)} - {
            0x1000,
            0x1009,
            0x1013,
            0x3FD9,
        }
        plain = {number for number in plain if number < 0x8000}
        assert plain <= {one.name for one in seen.mapiprops}
    for one in mail_of(item).attachments:
        if one.item is None and not one.reference and not isinstance(item, Contact):
            # Lines of text have the line ends of a message there.
            assert one.content() in contents or one.content_type.startswith("text/")
            assert stream is None or one.size() < 100 or one.content() not in stream
    if "text/calendar" in parts:
        calendars: Any = parts["text/calendar"]
        for component in icalendar.Calendar.from_ical(calendars, multiple=True):
            assert [one for one in component.walk() if one.name in ("VEVENT", "VTODO", "VJOURNAL")]
            assert not [error for one in component.walk() for error in one.errors]
    if "text/vcard" in parts:
        written: Any = parts["text/vcard"]
        shown = vobject.readOne(written.decode("utf-8")).fn.value
        if isinstance(item, Contact) and item.display_name():
            assert shown == item.display_name()


def test_items_of_a_store(pst_sample: Path) -> None:
    with pst.open_store(pst_sample) as store:
        for folder in store.walk():
            if not folder.is_search_folder:
                for message in folder.messages():
                    check(message.to_object())


def test_items_that_outlook_saved(samples: Path) -> None:
    found: list[str] = []
    for path in sorted([*(samples / "msg").glob("*.msg"), *(samples / "oft").iterdir()]):
        file = MsgFile(path)
        found.append(check(file.message()))
        file.close()
    assert set(found) >= {"Contact", "Appointment", "Task", "Note", "Mail"}


def test_items_of_streams(samples: Path) -> None:
    found: list[str] = []
    for path in sorted((samples / "tnef").iterdir()):
        try:
            message = tnef.parse(path.read_bytes(), lenient=True)
        except tnef.TnefFormatError:
            continue
        for one in (message, *[one.embedded for one in message.attachments if one.embedded is not None]):
            found.append(check(one))
    assert len(found) > 8


# -- Calendars and cards of other programs -----------------------------------------------------------------------------


def entries(data: bytes) -> Iterator[bytes]:
    """Yield a calendar for each entry of a file: what is of one UID, in its author's words."""
    for whole in calendar_lines.parse(data):
        zones = [part for part in whole.parts if part.name == "VTIMEZONE"]
        found: dict[object, list[Component]] = {}
        for at, part in enumerate(whole.parts):
            if part.name in ("VEVENT", "VTODO", "VJOURNAL"):
                uid = part.text("UID").strip()
                found.setdefault((part.name, uid) if uid and part.name == "VEVENT" else at, []).append(part)
        for parts in found.values():
            yield calendar_lines.render(Component("VCALENDAR", whole.lines, [*zones, *parts]))


def message_with(kind: str, content: bytes, *, alone: bool) -> bytes:
    head = b"From: Eve <eve@example.org>\r\nSubject: An item\r\nMIME-Version: 1.0\r\n"
    part = f"Content-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode() + content
    if alone:
        return head + part
    text = f"Content-Type: text/plain\r\n\r\n{_TEXT}\r\n".encode()
    return (
        head + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + text + b"--b\r\n" + part + b"\r\n--b--\r\n"
    )


def standard(data: bytes, kind: str) -> bytes:
    message = email.message_from_bytes(data, policy=email.policy.default)
    found = next(part.get_payload(decode=True) for part in message.walk() if part.get_content_type() == kind)
    assert isinstance(found, bytes)
    return found


def through_mapi(item: Item) -> Item:
    return from_mapi(to_mapi(item))


def files_of(item: Item) -> list[bytes]:
    return sorted(one.content() for one in mail_of(item).attachments)


@pytest.mark.parametrize("form", ItemForm)
def test_calendars_keep_their_meaning(samples: Path, form: ItemForm) -> None:
    compared = expanded = 0
    for path in sorted((samples / "ics").glob("*.[iv]c*")):
        if path.name in BROKEN:
            continue
        for number, entry in enumerate(entries(path.read_bytes())):
            data = message_with("text/calendar", entry, alone=bool(number % 2))
            read = parse_item(data, FolderKind.CALENDAR)
            if len(calendar.parse(entry)) != 1:
                # Two events of one UID that are no series and its instances.
                assert read.problem is not None
                continue
            assert read.problem is None, path.name
            written = render_item(through_mapi(read.item), form=form)
            content = standard(written, "text/calendar")
            said, before = events(content), events(entry)
            if not number % 2:
                # What stood in the message alone.
                said = [_without_text(one) for one in said]
            assert said == before, path.name
            first = first_day(entry)
            expected = instances(entry, first)
            assert expected is None or instances(content, first) == expected, path.name
            again = parse_item(written, FolderKind.CALENDAR)
            assert again.problem is None
            assert files_of(again.item) == files_of(read.item)
            compared += 1
            expanded += len(expected or ())
            if form is ItemForm.OWN:
                assert again.item == through_mapi(read.item)
    assert compared > 60
    assert expanded > 2000


def _without_text(facts: tuple[Any, ...]) -> tuple[Any, ...]:
    name, said, alarms = facts
    return name, [one for one in said if one[:2] != ("DESCRIPTION", _TEXT)], alarms


@pytest.mark.parametrize("form", ItemForm)
def test_cards_keep_their_fields(samples: Path, form: ItemForm) -> None:
    compared = 0
    for path in sorted((samples / "vcf").iterdir()):
        data = path.read_bytes()
        for number, piece in enumerate(data.split(b"END:VCARD")[:-1]):
            one = piece.lstrip() + b"END:VCARD\r\n"
            alone = bool(number % 2)
            read = parse_item(message_with("text/vcard", one, alone=alone), FolderKind.CONTACTS)
            assert read.problem is None
            written = render_item(through_mapi(read.item), form=form)
            again = parse_item(written, FolderKind.CONTACTS)
            assert again.problem is None
            if form is ItemForm.OWN:
                assert again.item == through_mapi(read.item)
            (before,) = card.parse(one)
            (after,) = card.parse(standard(written, "text/vcard"))
            assert meant(after) == meant(through_mapi_card(before)), path.name
            compared += 1
    assert compared >= 20


def through_mapi_card(item: Contact | DistributionList) -> Contact | DistributionList:
    again = through_mapi(item)
    assert isinstance(again, Contact | DistributionList)
    return again


def meant(item: Contact | DistributionList) -> Contact | DistributionList:
    """Return an item without what its message adds: the version of its card, its UID, the message's text."""
    lines = [one for one in card_lines.parse_kept(item.source)[1] if one.name not in ("UID", "PRODID")]
    mail = replace(item.mail, leftover={}, message_id="", text=None if item.mail.text == _TEXT else item.mail.text)
    return replace(item, source=card_lines.kept(card_lines.V4, lines), mail=mail)
