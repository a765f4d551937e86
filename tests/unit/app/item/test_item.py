"""One item of an account: found, shown, and its two sides compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from mailconnector.app.errors import AppInUseError, AppUsageError
from mailconnector.app.item.comparing import Changed, Comparison, compare
from mailconnector.app.item.finding import find_pair, opened_sides
from mailconnector.app.item.showing import view_of
from mailconnector.app.lock import held_lock
from mailconnector.app.sync.job import Job
from mailconnector.items import Appointment, Attachment, Contact, FolderKind, Item, Mail, Task, field_digests
from mailconnector.items.appointment import ChangedInstance, Response
from mailconnector.items.contact import PhoneRole
from mailconnector.items.recurrence import Frequency, Recurrence
from mailconnector.items.zones import LocalTime
from mailconnector.stores.memory import MemoryStore
from mailconnector.sync import Settings, Side
from mailconnector.sync.bases import fields_of
from tests.exchange import Exchange, exchange, folder_named, items, remove
from tests.unit.items.edits import EDITS, KINDS, LEFT_OUT, sample

L, R = Side.LOCAL, Side.REMOTE


class _Open:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def close(self) -> None:
        """Nothing to give back."""


@pytest.fixture
def world(tmp_path: Path) -> Exchange:
    world = exchange(tmp_path / "state.db")
    world.local.create_folder("", "Contacts", kind=FolderKind.CONTACTS)
    for key in ("Jones", "Smith", "Smithers"):
        world.local.put(folder_named(world.local, "Contacts"), sample(Contact, key))
    world.local.barrier()
    world.settle()
    return world


def job(world: Exchange) -> Job:
    stores: Any = {side: _Open(world.side(side)) for side in Side}
    return Job("me", world.path, Settings, lambda: stores[L], lambda: stores[R])


def edit(world: Exchange, side: Side, key: str, change: Callable[[Any], Item]) -> None:
    store = world.side(side)
    folder = folder_named(store, "Contacts")
    (got,) = [one for one in items(store, folder) if isinstance(one.item, Contact) and one.item.name.surname == key]
    store.edit(folder, got.state.id, change(got.item))
    store.barrier()


def compared(world: Exchange, key: str) -> Comparison:
    with opened_sides(job(world), "contacts", key) as sides:
        assert sides.here is not None and sides.there is not None
        return compare(sides.here, sides.there, sides.pair.base)


# -- Finding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["Eva Jones", "eva jones", "jone", "Jones@example.com", "<Jones@example.com>", "1"])
def test_an_item_is_found_by_what_it_is_called(world: Exchange, wanted: str) -> None:
    with world.opened() as state:
        pair = find_pair(state, ("CONTACTS",), wanted)
    assert (pair.title, pair.folder) == ("Eva Jones", ("Contacts",))


def test_the_whole_title_comes_before_a_part_of_it(world: Exchange) -> None:
    with world.opened() as state:
        assert find_pair(state, ("Contacts",), "Eva Smith").name == "<Smith@example.com>"
        with pytest.raises(AppUsageError, match="2 items of Contacts are called smith") as refused:
            find_pair(state, ("Contacts",), "smith")
        assert refused.value.hint == "Name one by its number: 2: Eva Smith; 3: Eva Smithers"
        with pytest.raises(AppUsageError, match="no items of Contacts are called Nobody") as refused:
            find_pair(state, ("Contacts",), "Nobody")
        assert "1: Eva Jones" in refused.value.hint
        with pytest.raises(AppUsageError, match="there is no folder Nowhere"):
            find_pair(state, ("Nowhere",), "1")


def test_an_account_that_was_never_in_step_has_no_items(world: Exchange) -> None:
    world.path.unlink()
    with pytest.raises(AppUsageError, match="never synchronised"), opened_sides(job(world), "Contacts", "1"):
        pass


def test_nobody_reads_while_a_round_goes_on(world: Exchange) -> None:
    with (
        held_lock(job(world).lock_path, "the account"),
        pytest.raises(AppInUseError),
        opened_sides(job(world), "Contacts", "1"),
    ):
        pass


def test_an_item_that_was_replaced_on_the_server_is_found_by_its_name(world: Exchange) -> None:
    edit(world, R, "Jones", lambda item: replace(item, company="New"))  # under another id, which no round has seen yet
    with opened_sides(job(world), "Contacts", "Jones") as sides:
        assert sides.here == sample(Contact, "Jones")
        assert sides.there == replace(sample(Contact, "Jones"), company="New")


def test_what_is_gone_is_none(world: Exchange) -> None:
    folder = folder_named(world.remote, "Contacts")
    for got in items(world.remote, folder):
        remove(world.remote, folder, got.state.id)
    with opened_sides(job(world), "Contacts", "Jones") as sides:
        assert sides.here is not None and sides.there is None


# -- Comparing -------------------------------------------------------------------------------------------------------


def test_who_changed_what() -> None:
    item: Contact = sample(Contact)
    here = replace(item, company="A", job_title="same", office="ours", mail=replace(item.mail, charset="latin-1"))
    there = replace(item, company="B", job_title="same", phones={**item.phones, PhoneRole.MOBILE: "9"})
    found = compare(here, there, fields_of(item))
    assert {one.path: (one.changed, one.here, one.there, one.minor) for one in found.differences} == {
        "company": (Changed.BOTH, "A", "B", False),
        "job_title": (Changed.ALIKE, "same", "same", False),
        "office": (Changed.HERE, "ours", "", False),
        "phones.mobile": (Changed.THERE, "+1 3", "9", False),
        "charset": (Changed.HERE, "latin-1", "", True),
    }
    assert found.is_known and found.clashes == ("company",)
    assert compare(here, here, fields_of(here)) == Comparison((), True, ())


def test_without_a_base_only_differences_are_told() -> None:
    item: Contact = sample(Contact)
    found = compare(replace(item, company="A"), item, None)
    assert [(one.path, one.changed) for one in found.differences] == [("company", Changed.UNKNOWN)]
    assert not found.is_known and found.clashes == ()
    assert compare(item, item.mail, fields_of(item)).clashes == ("type",)
    mail = Mail(subject="a")
    assert compare(mail, replace(mail, subject="b"), None).clashes == ()


def test_the_two_sides_of_an_account(world: Exchange) -> None:
    assert compared(world, "Jones") == Comparison((), True, ())
    edit(world, L, "Jones", lambda item: replace(item, office="3"))
    found = compared(world, "Jones")
    assert [(one.label, one.changed, one.here, one.there) for one in found.differences] == [
        ("office", Changed.HERE, "3", "")
    ]
    world.settle()
    assert compared(world, "Jones") == Comparison((), True, ())


# -- Showing ---------------------------------------------------------------------------------------------------------


def shown(item: Item) -> dict[str, str]:
    view = view_of(item)
    return {fact.label: fact.words for fact in (*view.facts, *view.people, *view.files)}


def test_all_of_an_appointment_is_shown() -> None:
    moved = ChangedInstance(
        LocalTime(_at(16, 9)), LocalTime(_at(16, 11)), LocalTime(_at(16, 12)), location="Room 2", has_body=True
    )
    item: Appointment = LEFT_OUT(EDITS[Appointment]["file"](sample(Appointment), 1), 0)
    item = EDITS[Appointment]["jan"](replace(item, changed=(moved,)), 1)
    view, facts = view_of(item), shown(item)
    assert (view.type, view.message_class, view.title) == (
        "appointment", "IPM.Appointment", "Review one (2026-03-02 09:00)",
    )  # fmt: skip
    assert view.facts[0].path == "subject"
    assert facts["start"] == "2026-03-02 09:00 W. Europe Standard Time"
    assert facts["recurrence"] == "every week on Monday, 20 times"
    assert facts["reminder"] == "15 minutes before"
    assert facts["day left out 2026-03-09"] == "2026-03-09"
    assert facts["changed instance of 2026-03-16T09:00:00"] == (
        "2026-03-16 11:00 to 2026-03-16 12:00, location: Room 2, a text of its own"
    )
    assert facts["attendee jan@example.com"] == "Jan <jan@example.com> (required, accepted)"
    assert facts["attendee eva@example.com"] == "Eva <eva@example.com> (organizer)"
    assert facts["attachment file 1.txt"] == "text/plain, 1 bytes"
    assert (view.text, view.text_form) == ("As agreed.\n", "text")
    assert ("PidLidSideEffects", "16 (0x10)") in [(fact.label, fact.words) for fact in view.leftover]


def test_other_items_are_shown() -> None:
    contact = shown(sample(Contact))
    assert contact["business address"] == "Main Street, Springfield"
    assert (contact["e-mail 1"], contact["mobile phone"]) == ("eva@example.com", "+1 3")
    pattern = Recurrence(Frequency.WEEKLY, 2, weekdays=(1,))
    task = shown(replace(sample(Task), recurrence=pattern, percent_complete=0.5))
    assert (task["recurrence"], task["percent complete"]) == ("every 2 weeks on Monday", "0.5")
    inner = Attachment("a.msg", item=Mail(subject="within"))
    link = Attachment("b", reference="https://example.com/b")
    mail = shown(Mail(subject="s", attachments=(inner, link)))
    assert (mail["attachment a.msg"], mail["attachment b"]) == (
        "an item: within", "a link to https://example.com/b",
    )  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_an_item_is_left_out(kind: type) -> None:
    for name in EDITS[kind]:
        item = EDITS[kind][name](sample(kind), 1)
        view = view_of(item)
        paths = {fact.path for fact in (*view.facts, *view.people, *view.files, *view.leftover)}
        lists = {"text", "html", "rtf", "words", "message_class", "attendees", "members", "attachments"}
        assert field_digests(item).keys() - paths <= lists


def test_rtf_is_shown_in_plain_text() -> None:
    view = view_of(Mail(rtf=rb"{\rtf1\ansi Bring \b cake\b0 .}"))
    assert (view.text.strip(), view.text_form) == ("Bring cake.", "rtf")


def test_responses_have_words() -> None:
    item: Appointment = sample(Appointment)
    people = tuple(replace(one, response=said) for one, said in zip(item.attendees, Response, strict=False))
    assert len(shown(replace(item, attendees=people))) == len(shown(item))


def _at(day: int, hour: int) -> datetime:
    return datetime(2026, 3, day, hour)
