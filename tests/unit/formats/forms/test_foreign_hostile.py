"""Damaged messages of other programs: they are mail then, with a reason, and never anything else that is raised."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailconnector.formats import FormatError, ItemForm, parse_item, render_item
from mailconnector.formats.item.forms import with_source
from mailconnector.formats.kolab.message import write_message
from mailconnector.items import Address, Appointment, Contact, Flags, FolderKind, Item, Mail, Note
from mailconnector.items.appointment import Attendee
from mailconnector.items.contact import PersonName
from tests.unit.formats.forms.test_apple_notes import HTML, PICTURE
from tests.unit.formats.forms.test_toltec import BYNARI_CONTACT, BYNARI_EVENT, KINDS
from tests.unit.formats.forms.test_toltec import message as toltec
from tests.unit.formats.kolab.test_v2 import FOLDERS, OBJECTS
from tests.unit.formats.kolab.test_v2 import message as message_2

CALENDAR_3 = b"""<icalendar xmlns="urn:ietf:params:xml:ns:icalendar-2.0"><vcalendar><properties>
<prodid><text>x</text></prodid><version><text>2.0</text></version><x-kolab-version><text>3.1.0</text></x-kolab-version>
</properties><components><%s><properties><uid><text>uid-1</text></uid><dtstamp><date-time>2024-01-03T03:04:05Z</date-time>
</dtstamp><dtstart><parameters><tzid><text>/kolab.org/Europe/Berlin</text></tzid></parameters>
<date-time>2024-03-04T09:00:00</date-time></dtstart><rrule><recur><freq>WEEKLY</freq><until><date>2025-01-01</date>
</until><interval>2</interval><byday>MO</byday></recur></rrule><exdate><date-time>2024-03-18T09:00:00</date-time></exdate>
<summary><text>Title</text></summary><geo><latitude>1</latitude><longitude>2</longitude></geo>
<organizer><parameters><cn><text>O</text></cn></parameters><cal-address>mailto:%%3Co%%40x.example%%3E</cal-address>
</organizer><attendee><cal-address>mailto:A%%3Ca%%40x.example%%3E</cal-address></attendee>
<attach><parameters><x-label><text>f</text></x-label></parameters><binary>aGVsbG8=</binary></attach>
<x-custom><identifier>X-MAILCONNECTOR-LINE</identifier><value>X-A;B=c:d</value></x-custom>
<x-custom><identifier>X-MAILCONNECTOR-PARAMETERS</identifier><value>ATTENDEE;X-NUMBER=0:x</value></x-custom>
<x-unknown><a><b>c</b></a></x-unknown></properties><components><valarm><properties><action><text>DISPLAY</text></action>
<trigger><duration>-PT15M</duration></trigger></properties></valarm></components></%s></components></vcalendar></icalendar>
"""
CARD_3 = b"""<vcards xmlns="urn:ietf:params:xml:ns:vcard-4.0"><vcard><uid><uri>urn:uuid:uid-1</uri></uid>
<kind><text>%s</text></kind><fn><text>Ann</text></fn><n><surname>Cee</surname><given>Ann</given></n>
<group name="Affiliation"><org><text>Firm</text></org><adr><parameters><type><text>work</text></type></parameters>
<pobox/><ext/><street>S</street><locality/><region/><code/><country/></adr></group><bday><date>19800506</date></bday>
<gender><sex>F</sex></gender><photo><uri>data:image/png;base64,aGVsbG8=</uri></photo>
<tel><parameters><type><text>cell</text></type></parameters><text>1</text></tel>
<member><uri>mailto:A%%3Ca%%40x.example%%3E</uri></member><x-crypto><allowed><text>S/MIME</text></allowed></x-crypto>
<x-custom><identifier>X-MAILCONNECTOR-PARAMETERS</identifier><value>TEL;X-NUMBER=0;TYPE=x-car:1</value></x-custom>
</vcard></vcards>"""
NOTE_3 = b"""<note xmlns="http://kolab.org" version="3.0"><uid>uid-1</uid>
<creation-date>2024-01-02T03:04:05Z</creation-date>
<categories>q</categories><classification>PRIVATE</classification><attachment><parameters><fmttype>text/plain</fmttype>
<x-label>f</x-label></parameters><binary>aGVsbG8=</binary></attachment><summary>Title</summary>
<description>&lt;p&gt;x</description><color>#ffee00</color></note>"""
PARTS_3 = {
    "event": ("application/calendar+xml", CALENDAR_3 % (b"vevent", b"vevent")),
    "task": ("application/calendar+xml", CALENDAR_3 % (b"vtodo", b"vtodo")),
    "journal": ("application/calendar+xml", CALENDAR_3 % (b"vjournal", b"vjournal")),
    "contact": ("application/vcard+xml", CARD_3 % b"individual"),
    "distribution-list": ("application/vcard+xml", CARD_3 % b"group"),
    "note": ("application/vnd.kolab+xml", NOTE_3),
}


def message_3(kind: str, xml: bytes) -> bytes:
    return write_message(Mail(), kind, "3.0", PARTS_3[kind][0], xml, [], "uid-1")


XML = {
    **{f"v2 {kind}": (kind, xml.encode(), 2) for kind, xml in OBJECTS.items()},
    **{f"v3 {kind}": (kind, xml, 3) for kind, (_, xml) in PARTS_3.items()},
}
MESSAGES = {
    "apple": (HTML, FolderKind.NOTES),
    "apple with a picture": (PICTURE, FolderKind.NOTES),
    "bynari event": (BYNARI_EVENT, FolderKind.CALENDAR),
    "bynari contact": (BYNARI_CONTACT, FolderKind.CONTACTS),
    "toltec event": (toltec("event", KINDS["event"]), FolderKind.CALENDAR),
    "toltec contact": (toltec("contact", KINDS["contact"]), FolderKind.CONTACTS),
}
PIECES = [
    b"", b"\x00", b"<", b">", b"&#0;", b"&#xD800;", b"]]>", b"<!DOCTYPE a>", b"9999", b"-1", b"0", b"10000-13-40",
    b"T25:61:61Z",
    b"</text><text>", b"=\r\n", b";", b":", b"\\", b"\r\nEND:VCALENDAR\r\n", b"BEGIN:VEVENT\r\n", b"\xff", b"a" * 300,
    b"urn:uuid:", b"%zz", b"%00", b"cid:", b"P9999999999D", b"FREQ=SECONDLY",
]  # fmt: skip


def check(data: bytes, kind: FolderKind) -> None:
    """Assert that a message is an item or a mail with a reason, and is written for its author, in bounded time."""
    started = time.perf_counter()
    try:
        found = parse_item(data, kind)
    except FormatError:
        return
    if found.problem is not None:
        assert isinstance(found.item, Mail)
        assert isinstance(found.problem, FormatError)
    try:
        written = render_item(found.item, form=ItemForm.AUTHOR)
    except FormatError:
        written = b""
    if written:
        parse_item(written, kind)
    assert time.perf_counter() - started < 10


def damaged(data: bytes, seed: int, hits: int) -> bytes:
    made = random.Random(seed)
    for _ in range(hits):
        at = made.randrange(len(data) + 1)
        end = min(len(data), at + made.choice((0, 1, 4, 30)))
        data = data[:at] + made.choice(PIECES) + data[end:]
    return data


@pytest.mark.parametrize("name", XML)
@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), hits=st.integers(1, 5))
def test_damaged_objects_of_kolab(name: str, seed: int, hits: int) -> None:
    kind, xml, version = XML[name]
    xml = damaged(xml, seed, hits)
    data = message_3(kind, xml) if version == 3 else message_2(kind, xml.decode("utf-8", "replace"))
    check(data, FOLDERS[kind])


@pytest.mark.parametrize("name", MESSAGES)
@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), hits=st.integers(1, 5))
def test_damaged_messages(name: str, seed: int, hits: int) -> None:
    data, kind = MESSAGES[name]
    check(damaged(data, seed, hits), kind)


@pytest.mark.parametrize("name", XML)
def test_whole_objects_are_items(name: str) -> None:
    kind, xml, version = XML[name]
    data = message_3(kind, xml) if version == 3 else message_2(kind, xml.decode())
    found = parse_item(data, FOLDERS[kind])
    assert found.problem is None
    assert not isinstance(found.item, Mail)
    # In a folder of mail it is a mail as ever.
    assert isinstance(parse_item(data, FolderKind.MAIL).item, Mail)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("xml", [b"", b"<event", b"<other/>", b"<!DOCTYPE event><event/>", b"<event/>" * 2])
def test_a_broken_object_is_kept_as_it_is(xml: bytes, version: int) -> None:
    data = message_3("event", xml) if version == 3 else message_2("event", xml.decode() or " ")
    found = parse_item(data, FolderKind.CALENDAR)
    assert isinstance(found.item, Mail)
    assert found.problem is not None
    assert render_item(found.item) == data


def test_many_properties_take_time_that_grows_with_their_number() -> None:
    started = time.perf_counter()
    attendees = b"".join(
        [b"<attendee><cal-address>mailto:%%3Ca%d%%40x.example%%3E</cal-address></attendee>" % n for n in range(3000)]
    )
    customs = b"".join(
        [
            b"<x-custom><identifier>X-MAILCONNECTOR-PARAMETERS</identifier>"
            b"<value>ATTENDEE;X-NUMBER=%d;X-A=b:mailto:%%3Ca%d%%40x.example%%3E</value></x-custom>" % (n, n)
            for n in range(3000)
        ]
    )
    xml = PARTS_3["event"][1].replace(b"<x-unknown>", attendees + customs + b"<x-unknown>")
    found = parse_item(message_3("event", xml), FolderKind.CALENDAR)
    assert found.problem is None
    assert render_item(found.item, form=ItemForm.AUTHOR)
    assert time.perf_counter() - started < 20


def test_half_of_a_surrogate_pair_is_left_out() -> None:
    """MAPI's texts may have one, and no text on the wire can."""
    broken = "a\udc01b"
    address = Address(broken, "ann@example.com")
    event = Appointment(
        Mail("IPM.Appointment", subject=broken, text=broken, flags=Flags(keywords=(broken,))),
        start=datetime(2024, 3, 4, 8, tzinfo=UTC),
        location=broken,
        attendees=(Attendee(address),),
        uid=broken,
    )
    contact = Contact(Mail("IPM.Contact", text=broken), PersonName(given=broken), company=broken)
    items: list[Item] = [event, contact, Note(Mail("IPM.StickyNote", text=broken))]
    for item in items:
        for name in ("kolab-3", "kolab-2", "apple-note", "plain"):
            written = render_item(with_source(item, name), form=ItemForm.AUTHOR)
            assert parse_item(written, FolderKind.CALENDAR).problem is None
