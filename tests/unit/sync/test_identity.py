from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.formats import parse_item, render_item
from mailconnector.items import (
    Appointment,
    Attachment,
    Contact,
    Flags,
    FolderKind,
    Item,
    JournalEntry,
    Mail,
    Task,
    essence_of,
    mail_of,
    message_id_of,
    with_mail,
)
from mailconnector.items.contact import ContactEmail, PersonName
from mailconnector.items.zones import LocalTime
from mailconnector.mapi import tags
from mailconnector.mapping import from_mapi, to_mapi
from mailconnector.sync.identity import identify, title_of
from tests.unit.items import forms
from tests.unit.items.appointments import appointments
from tests.unit.items.edits import EDITS, KINDS, sample

_ANY: st.SearchStrategy[Item] = st.one_of(
    appointments(), forms.contacts(), forms.distribution_lists, forms.tasks, forms.notes, forms.journal_entries
)
# What is a mark, or what people do not see.
_UNSEEN = ("custom", "window")


def stored(item: Item) -> Item:
    """An item as it comes back from a PST."""
    return from_mapi(to_mapi(item))


def served(item: Item) -> Item:
    """An item as it comes back from a server."""
    return parse_item(render_item(item), FolderKind.MAIL).item


@pytest.mark.parametrize("kind", KINDS)
def test_an_item_is_known_again_whichever_store_it_comes_from(kind: type) -> None:
    item = sample(kind)
    # A store gives a message that is new an id, and keeps it.
    here = stored(item)
    assert identify(served(here)) == identify(here)
    assert identify(stored(served(here))) == identify(here)
    assert identify(served(stored(served(item)))) == identify(served(item))


@given(_ANY)
def test_any_item_is_known_again(item: Item) -> None:
    here = stored(item)
    assert identify(served(here)) == identify(here)
    assert identify(stored(served(here))) == identify(here)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in KINDS for name in EDITS[kind]])
def test_an_edit_changes_the_digest_and_not_the_name(kind: type, name: str) -> None:
    item = sample(kind)
    edited = EDITS[kind][name](item, 1)
    assert identify(edited).name == identify(item).name
    assert (identify(edited).digest == identify(item).digest) is (name in _UNSEEN)


def test_what_is_no_content_does_not_count() -> None:
    item: Appointment = sample(Appointment)
    marked = replace(item, mail=replace(item.mail, flags=Flags(seen=True, keywords=("Red",))))
    assert essence_of(marked) == essence_of(item)
    bare = replace(item, mail=replace(item.mail, leftover={}, headers=b"Subject: x\r\n"))
    assert essence_of(bare) == essence_of(item)
    assert essence_of(replace(item, uid="other")) == essence_of(item)


def test_of_files_names_and_sizes_count() -> None:
    def with_file(name: str, data: bytes) -> Item:
        item: Task = sample(Task)
        return replace(item, mail=replace(item.mail, attachments=(Attachment(name, data=data),)))

    assert essence_of(with_file("a", b"1")) == essence_of(with_file("a", b"2"))
    assert len({essence_of(with_file(*one)) for one in (("a", b"1"), ("b", b"1"), ("a", b"12"))}) == 3


# -- Names -----------------------------------------------------------------------------------------------------------


def plain(kind: Any, **mail: Any) -> Any:
    item = sample(kind)
    return with_mail(item, Mail(item.message_class, **mail))


def test_an_entry_of_a_calendar_has_the_name_that_all_its_copies_have() -> None:
    item: Appointment = sample(Appointment)
    assert message_id_of(item) == "<one@calendar.example>"
    # A message about it is a message.
    request = replace(item, mail=replace(item.mail, message_class="IPM.Schedule.Meeting.Request"))
    assert message_id_of(request) == "<one@example.com>"
    assert message_id_of(replace(request, mail=replace(request.mail, message_id=""))) == "<one@calendar.example>"


def test_an_item_without_an_id_has_one_of_its_key() -> None:
    key = bytes(range(16))
    item = plain(Contact, leftover={tags.PidTagSearchKey: key})
    assert message_id_of(item) == f"<{key.hex()}@mailconnector.invalid>" == mail_of(stored(item)).message_id
    for name in EDITS[Contact]:
        assert message_id_of(EDITS[Contact][name](item, 1)) == message_id_of(item)


def test_without_a_key_class_time_and_subject_say_which_item_it_is() -> None:
    made = {tags.PidTagCreationTime: 133_000_000_000_000_000}
    names = {
        message_id_of(plain(Contact, subject="a")),
        message_id_of(plain(Contact, subject="b")),
        message_id_of(plain(Task, subject="a")),
        message_id_of(plain(Task, subject="a", leftover=made)),
        message_id_of(plain(Task, subject="a", leftover={tags.PidTagSearchKey: b"short"})),
    }
    assert len(names) == 4
    assert all(name.startswith("<") and name.endswith("@mailconnector.invalid>") for name in names)


# -- Titles ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "title"),
    [
        (Mail(subject="Hello"), "Hello"),
        (sample(Task), "Write one"),
        (sample(Contact), "Eva one"),
        (Contact(Mail(), PersonName(), company="Example Ltd."), "Example Ltd."),
        (Contact(Mail(), email1=ContactEmail("a@example.com")), "a@example.com"),
        (Contact(Mail(subject="Somebody")), "Somebody"),
        (Contact(Mail(), file_as="A\nB"), "A, B"),
        (sample(Appointment), "Review one (2026-03-02 09:00)"),
        (Appointment(Mail(), date(2026, 3, 2)), "(2026-03-02)"),
        (Appointment(Mail(subject="x"), LocalTime(datetime(2026, 3, 2, 9))), "x (2026-03-02 09:00)"),
        (Appointment(Mail(subject="x"), datetime(2026, 3, 2, 9, tzinfo=UTC)), "x (2026-03-02 09:00 UTC)"),
        (Appointment(Mail(subject="x")), "x"),
        (replace(sample(Appointment), start=datetime.max.replace(tzinfo=UTC)), "Review one (9999-12-31 23:59 UTC)"),
        (sample(JournalEntry), "Call one (2026-03-02 08:00 UTC)"),
    ],
)  # fmt: skip
def test_titles_are_what_users_call_items(item: Item, title: str) -> None:
    assert title_of(item) == identify(item).title == title
