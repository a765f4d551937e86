"""Items as objects of Kolab, version 3, and back: nothing that iCalendar and vCard have is lost in them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from mailconnector.formats import calendar, card
from mailconnector.formats.calendar.sources import CALENDAR_TEXT
from mailconnector.formats.kolab import calendar as kolab_calendar
from mailconnector.formats.kolab import card as kolab_card
from mailconnector.formats.syntax.xml_tree import parse_xml
from mailconnector.items import Attachment, JournalEntry, Mail, Task
from mailconnector.items.appointment import Appointment
from mailconnector.items.contact import Contact
from mailconnector.items.distribution_list import DistributionList
from tests.unit.items.appointments import appointments
from tests.unit.items.forms import contacts, distribution_lists, journal_entries, tasks

KINDS = {Appointment: "event", Task: "task", JournalEntry: "journal"}
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)


def without_source(mail: Mail) -> Mail:
    leftover = {key: value for key, value in mail.leftover.items() if key != CALENDAR_TEXT}
    return replace(mail, leftover=leftover, message_id="")


def plain(item: calendar.CalendarItem) -> calendar.CalendarItem:
    if isinstance(item, Appointment):
        changed = [
            one if one.item is None else replace(one, item=replace(one.item, mail=without_source(one.item.mail)))
            for one in item.changed
        ]
        item = replace(item, changed=tuple(changed))
    return replace(item, mail=without_source(item.mail))


def check(item: calendar.CalendarItem) -> None:
    """Assert that an object holds what a calendar holds, also when it is written again, and with other words."""
    item = replace(item, mail=replace(item.mail, message_id="<a-uid>", attachments=()))
    (expected,) = calendar.parse(calendar.render(item, inline=False))
    kind = KINDS[type(item)]
    written = kolab_calendar.write(item)
    again = kolab_calendar.read(parse_xml(written), kind)
    assert plain(again) == plain(expected)
    assert kolab_calendar.write(again) == written
    edited = replace(again, mail=replace(again.mail, subject="Other words"))
    last = kolab_calendar.read(parse_xml(kolab_calendar.write(edited)), kind)
    assert plain(last) == plain(edited)


@settings(max_examples=25)
@given(appointments())
def test_appointments(item: Appointment) -> None:
    check(item)


@settings(max_examples=25)
@given(tasks)
def test_tasks(item: Task) -> None:
    check(item)


@settings(max_examples=25)
@given(journal_entries)
def test_journal_entries(item: JournalEntry) -> None:
    check(item)


def check_card(item: Contact | DistributionList) -> None:
    item = replace(item, mail=replace(item.mail, message_id="<a-uid>"))
    (expected,) = card.parse(card.render(item))
    kind = "contact" if isinstance(item, Contact) else "distribution-list"
    written = kolab_card.write(item)
    again = kolab_card.read(parse_xml(written), kind)
    assert again.mail.message_id == "<a-uid>"
    assert replace(again, source="", mail=replace(again.mail, message_id="")) == replace(expected, source="")
    assert kolab_card.read(parse_xml(kolab_card.write(again)), kind) == again
    source = kolab_card.kept(parse_xml(written))
    assert kolab_card.read(parse_xml(kolab_card.write(again, source)), kind) == again
    assert kolab_card.write(again, source) == written


@settings(max_examples=25)
@given(contacts(), st.booleans())
def test_contacts(item: Contact, has_photo: bool) -> None:
    check_card(item.with_photo(b"\x89PNG photo", "image/png") if has_photo else item)


@settings(max_examples=25)
@given(distribution_lists)
def test_lists(item: DistributionList) -> None:
    check_card(item)


@settings(max_examples=25)
@given(contacts(), contacts())
def test_an_edited_contact(before: Contact, after: Contact) -> None:
    """Whatever is changed in a contact, the object says it, and what nobody knows stays."""
    root = parse_xml(kolab_card.write(replace(before, mail=replace(before.mail, message_id="<a-uid>"))))
    root.parts[0].add("x-unknown").add("text", "kept")
    read = kolab_card.read(parse_xml(kolab_card.kept(root)), "contact")
    edited = replace(after, source=read.source, mail=replace(after.mail, message_id="<a-uid>"))
    written = kolab_card.write(edited, kolab_card.kept(root))
    (expected,) = card.parse(card.render(edited))
    again = kolab_card.read(parse_xml(written), "contact")
    assert replace(again, source="", mail=replace(again.mail, message_id="")) == replace(expected, source="")
    assert parse_xml(written).parts[0].first("x-unknown") is not None


@settings(max_examples=25)
@given(appointments(), WORDS)
def test_files_that_travel_beside_it(item: Appointment, name: str) -> None:
    file = Attachment(name.strip(), "text/plain", reference="cid:one@example")
    item = replace(item, mail=replace(item.mail, message_id="<a-uid>", attachments=(file,)))
    again = kolab_calendar.read(parse_xml(kolab_calendar.write(item)), "event")
    assert [(one.reference, one.content_type) for one in again.mail.attachments] == [("cid:one@example", "text/plain")]
