"""An edit by a program of the author's meets one made in Outlook: both are in the item, and in the object."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailconnector.formats import ItemForm, parse_item, render_item
from mailconnector.formats.item.forms import content_of, leaves_of
from mailconnector.formats.mail.structure import Budget, scan
from mailconnector.items import Appointment, Contact, FolderKind
from mailconnector.items.contact import PhoneRole
from mailconnector.items.merging import field_digests, merge
from mailconnector.mapi import tags
from mailconnector.mapping import from_mapi, to_mapi
from tests.unit.formats.forms.test_foreign_hostile import PARTS_3, message_3
from tests.unit.formats.kolab.test_v2 import FOLDERS, OBJECTS
from tests.unit.formats.kolab.test_v2 import message as message_2


def xml_in(message: bytes) -> bytes:
    return next(
        content_of(leaf) for leaf in leaves_of(scan(message, Budget())) if "kolab" in leaf.parameters.get("name", "")
    )


@pytest.mark.parametrize("version", [2, 3])
def test_both_edits_of_an_event_are_kept(version: int) -> None:
    xml = OBJECTS["event"].encode() if version == 2 else PARTS_3["event"][1]

    def read(xml: bytes) -> Appointment:
        data = message_2("event", xml.decode()) if version == 2 else message_3("event", xml)
        item = parse_item(data, FolderKind.CALENDAR).item
        assert isinstance(item, Appointment)
        return item

    base = read(xml)
    # The PST has it, with properties of its own, and somebody moves it there.
    stored = from_mapi(to_mapi(base))
    assert isinstance(stored, Appointment)
    leftover = {**stored.mail.leftover, tags.PidTagSearchKey: bytes(16)}
    ours = replace(
        stored,
        location="Moved here",
        end=datetime(2024, 3, 4, 11, tzinfo=UTC) if version == 3 else datetime(2009, 3, 2, 12, tzinfo=UTC),
        mail=replace(stored.mail, leftover=leftover),
    )
    # Elsewhere somebody gives it another title, and a property that nobody else knows.
    edited = xml.replace(b"Title", b"Other title").replace(b"kept", b"changed").replace(b"<b>c</b>", b"<b>d</b>")
    theirs = read(edited)
    merged = merge(field_digests(stored), ours, theirs, their_base=field_digests(base))
    assert merged.clashes == ()
    item = merged.item
    assert isinstance(item, Appointment)
    assert (item.mail.subject, item.location, item.end) == ("Other title", "Moved here", ours.end)
    assert item.mail.leftover[tags.PidTagSearchKey] == bytes(16)
    written = render_item(item, form=ItemForm.AUTHOR)
    again = parse_item(written, FolderKind.CALENDAR).item
    assert isinstance(again, Appointment)
    assert (again.mail.subject, again.location, again.end) == ("Other title", "Moved here", ours.end)
    assert (b"changed" if version == 2 else b"<b>d</b>") in xml_in(written)


def test_both_edits_of_a_contact_are_kept() -> None:
    kind, xml = "contact", PARTS_3["contact"][1]
    base = parse_item(message_3(kind, xml), FolderKind.CONTACTS).item
    stored = from_mapi(to_mapi(base))
    assert isinstance(stored, Contact)
    ours = replace(stored, phones=stored.phones | {PhoneRole.HOME: "7"}, user1="One")
    theirs = parse_item(message_3(kind, xml.replace(b"<text>Firm", b"<text>Another firm")), FolderKind.CONTACTS).item
    merged = merge(field_digests(stored), ours, theirs, their_base=field_digests(base))
    assert merged.clashes == ()
    again = parse_item(render_item(merged.item, form=ItemForm.AUTHOR), FolderKind.CONTACTS).item
    assert isinstance(again, Contact)
    assert (again.company, again.phones[PhoneRole.HOME], again.user1) == ("Another firm", "7", "One")
    assert b"x-crypto" in xml_in(render_item(merged.item, form=ItemForm.AUTHOR))


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("kind", OBJECTS)
def test_turned_over_to_ours_and_back_nothing_is_lost(kind: str, version: int) -> None:
    xml = OBJECTS[kind].encode() if version == 2 else PARTS_3[kind][1]
    data = message_2(kind, xml.decode()) if version == 2 else message_3(kind, xml)
    item = parse_item(data, FOLDERS[kind]).item
    ours = parse_item(render_item(item), FOLDERS[kind])
    assert ours.problem is None
    assert render_item(ours.item, form=ItemForm.AUTHOR) == render_item(item, form=ItemForm.AUTHOR)
