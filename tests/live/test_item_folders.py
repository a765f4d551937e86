"""Items of every type between PST files by way of real servers: folders of their kinds, and what is in them."""

from __future__ import annotations

import imaplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mailconnector.imap import Upload
from mailconnector.items import (
    Appointment,
    Contact,
    DistributionList,
    FolderKind,
    GenericItem,
    Item,
    JournalEntry,
    Mail,
    Note,
    Post,
    Task,
    mail_of,
)
from mailconnector.items.merging import field_digests
from mailconnector.lab import MailServer
from mailconnector.lab.proxy import FaultyProxy
from mailconnector.stores import ImapStore
from mailconnector.stores.imap.kinds import ENTRIES
from mailconnector.sync import FolderOptions, Form, Settings
from mailconnector.sync.identity import identify
from mailconnector.sync.store import ROOT, Delivery, Fetched, FolderState, Replacement, SpecialUse
from tests.contract import imap_subject
from tests.contract.imap_subject import connect
from tests.live.pairs import RealExchange, real_exchange
from tests.unit.items.edits import EDITS, KINDS, Edit, sample

PLACES: dict[type, SpecialUse] = {
    Appointment: SpecialUse.CALENDAR,
    Contact: SpecialUse.CONTACTS,
    DistributionList: SpecialUse.CONTACTS,
    Task: SpecialUse.TASKS,
    Note: SpecialUse.NOTES,
    JournalEntry: SpecialUse.JOURNAL,
    Post: SpecialUse.INBOX,
    GenericItem: SpecialUse.INBOX,
}
"""Where items of each type lie."""


@pytest.fixture(params=["dovecot", "cyrus", "cyrus_inbox", "dovecot_plain"])
def any_server(request: pytest.FixtureRequest) -> MailServer:
    server = request.getfixturevalue(str(request.param))
    assert isinstance(server, MailServer)
    return server


@contextmanager
def exchanges(path: Path, server: MailServer, *formats: str) -> Iterator[list[RealExchange]]:
    """PST files that are kept in step with one user's mailbox."""
    worlds: list[RealExchange] = []
    try:
        for number, format in enumerate(formats):
            user = worlds[0].mailbox.user if worlds and worlds[0].mailbox else ""
            worlds.append(real_exchange(path / str(number), server, user, format))
        yield worlds
    finally:
        for world in worlds:
            world.close()


def special(store: Any, use: SpecialUse) -> str:
    (found,) = [state.id for state in store.folders() if state.special is use]
    return str(found)


def folders(store: Any) -> dict[str, FolderState]:
    return {state.name: state for state in store.folders()}


def items(store: Any) -> dict[str, Item]:
    """Every item of a store by its type and place."""
    found: dict[str, Item] = {}
    for state in store.folders():
        if state.selectable:
            ids = [item.id for item in store.changes(state.id, "").items]
            for got in store.fetch(state.id, ids):
                assert isinstance(got, Fetched), got
                name = f"{state.special or state.name} {type(got.item).__name__} {mail_of(got.item).message_id}"
                assert name not in found, name
                found[name] = got.item
    return found


def quiet(world: RealExchange) -> None:
    report = world.settle()
    assert report.is_quiet
    assert not report.troubles


def test_every_type_goes_through_a_server_into_another_file(any_server: MailServer, tmp_path: Path) -> None:
    with exchanges(tmp_path, any_server, "unicode", "unicode") as (first, second):
        team = first.local.create_folder(ROOT, "Team", kind=FolderKind.CALENDAR).id
        first.local.put(team, sample(Appointment, "team"))
        for kind, use in PLACES.items():
            first.local.put(special(first.local, use), sample(kind))
        quiet(first)
        quiet(second)
        ours, theirs = items(first.local), items(second.local)
        assert len(ours) == len(PLACES) + 1
        assert theirs == ours
        assert folders(second.local)["Team"].kind is FolderKind.CALENDAR
        assert {name: state.special for name, state in folders(second.local).items()} == {
            name: state.special for name, state in folders(first.local).items()
        }


def test_folders_carry_their_kinds_to_the_server(any_server: MailServer, tmp_path: Path) -> None:
    with exchanges(tmp_path, any_server, "ansi") as (world,):
        above = world.local.create_folder(ROOT, "Projects", kind=FolderKind.MAIL).id
        for kind in FolderKind:
            world.local.create_folder(above, f"of {kind.value}", kind=kind)
        quiet(world)
        assert world.mailbox is not None
        with connect(any_server, world.mailbox.user) as client:
            names = [state.id for state in world.remote.folders() if state.selectable]
            has = client.annotations.available
            values = {name: client.annotations.get(name, ENTRIES) for name in names} if has else {}
        types = {name.split("/")[-1]: {each.decode() for each in found.values()} for name, found in values.items()}
        if has:
            assert types["Calendar"] == {"event.default"}
            assert types["Contacts"] == {"contact.default"}
            assert types["of calendar"] == {"event"}
            assert types["of notes"] == {"note"}
            assert types["of mail"] == types["INBOX"] == set()
        for state in world.remote.folders():
            if state.name.startswith("of ") and has:
                assert state.kind.value == state.name.removeprefix("of ")


def test_what_was_found_out_of_folders_is_remembered(any_server: MailServer, tmp_path: Path) -> None:
    """A run in which nothing changed asks for nothing more, and folders without annotations keep their kinds."""
    with imap_subject.mailbox(any_server) as mailbox:
        book = tmp_path / "kinds.json"

        def listed() -> dict[str, FolderKind]:
            with ImapStore(partial(connect, any_server, mailbox.user), book=book) as store:
                return {state.id: state.kind for state in store.folders()}

        with ImapStore(partial(connect, any_server, mailbox.user), book=book) as store:
            team = store.create_folder(ROOT, "Team", kind=FolderKind.CALENDAR).id
            assert store.move_folder(team, ROOT, "Crew").kind is FolderKind.CALENDAR
            assert [state.kind for state in store.folders() if state.name == "Crew"] == [FolderKind.CALENDAR]
        first = listed()
        assert FolderKind.CALENDAR in first.values()
        with (
            FaultyProxy(any_server.imap_port) as proxy,
            ImapStore(partial(connect, any_server, mailbox.user, proxy.port), book=book) as store,
        ):
            statuses = 0 if store._line.client.session.has("LIST-STATUS") else len(first)
            proxy.set(None)
            assert {state.id: state.kind for state in store.folders()} == first
            assert proxy.commands <= 2 + statuses  # NAMESPACE and LIST, in one round trip


def test_folders_are_known_by_content_where_nothing_else_tells(any_server: MailServer) -> None:
    with imap_subject.mailbox(any_server) as mailbox:
        with connect(any_server, mailbox.user) as client:
            prefix = "INBOX/" if any_server.kind == "cyrus" and not client.mailboxes.exists("Sent") else ""
            for name, data in {
                "Dates": b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
                "Chores": b"BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:1\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
                "Notes": b"",
                "People": b"BEGIN:VCARD\r\nFN:A\r\nEND:VCARD\r\n",
            }.items():
                client.mailboxes.create(prefix + name)
                sort = "text/plain" if not data else "text/vcard" if b"VCARD" in data else "text/calendar"
                head = b"From: a@example.org\r\nSubject: s\r\nContent-Type: %s\r\n\r\n" % sort.encode()
                list(client.uploads.append_many(prefix + name, [Upload(head + data)]))
        with mailbox.open() as store:
            found = {state.name: (state.kind.value, state.special) for state in store.folders()}
        assert [found[name] for name in ("Dates", "Chores", "People")] == [
            ("calendar", None), ("tasks", None), ("contacts", None)]  # fmt: skip
        assert found["Notes"] == ("mail", None)  # whatever it is called


FOREIGN = {
    "event": b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Other//EN\r\nBEGIN:VEVENT\r\nUID:foreign-1\r\n"
    b"DTSTAMP:20260101T000000Z\r\nDTSTART:20260302T080000Z\r\nDTEND:20260302T090000Z\r\nSUMMARY:From elsewhere\r\n"
    b"END:VEVENT\r\nEND:VCALENDAR\r\n",
    "broken": b"BEGIN:VEVENT\r\nUID:foreign-2\r\nDTSTART:tomorrow or so\r\n",
}
CARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:foreign-3\r\nN:Doe;Jane;;;\r\nFN:Jane Doe\r\nTEL:+1 2\r\nEND:VCARD\r\n"
BROKEN_CARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nN:Roe;Jo"


def foreign(content_type: str, body: bytes, subject: str = "s") -> bytes:
    head = f"From: Other <other@example.org>\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: {content_type}"
    return head.encode() + b"; charset=utf-8\r\n\r\n" + body


def test_items_of_other_programs_come_and_broken_ones_stay_as_they_are(any_server: MailServer, tmp_path: Path) -> None:
    with exchanges(tmp_path, any_server, "unicode") as (world,):
        quiet(world)
        calendar, contacts = (special(world.remote, use) for use in (SpecialUse.CALENDAR, SpecialUse.CONTACTS))
        put = {
            calendar: [foreign("text/calendar", FOREIGN["event"]), foreign("text/calendar", FOREIGN["broken"], "odd")],
            contacts: [foreign("text/vcard", CARD), foreign("text/vcard", BROKEN_CARD, "half")],
        }
        assert world.mailbox is not None
        with imaplib.IMAP4(any_server.host, any_server.imap_port) as other:
            other.login(world.mailbox.user, any_server.password(world.mailbox.user))
            for folder, messages in put.items():
                for data in messages:
                    other.append(f'"{folder}"', "", None, data)
        report = world.run()
        assert not report.troubles
        assert sorted(notice.title for notice in report.notices) == ["half", "odd"]
        assert all(notice.text for notice in report.notices)
        assert world.settle().is_quiet  # said once
        here = items(world.local)
        (event,) = (item for item in here.values() if isinstance(item, Appointment))
        (person,) = (item for item in here.values() if isinstance(item, Contact))
        assert (event.mail.subject, event.uid) == ("From elsewhere", "foreign-1")
        assert (person.name.surname, person.mail.message_id) == ("Doe", "<foreign-3>")
        plain = {mail_of(item).subject: item for item in here.values() if isinstance(item, Mail)}
        assert {name: item.attachments[0].data for name, item in plain.items()} == {
            "odd": FOREIGN["broken"], "half": BROKEN_CARD}  # fmt: skip
        with connect(any_server, world.mailbox.user) as client:
            for folder, messages in put.items():
                there = [got.body for got in client.select(folder).fetch(None)]
                assert there == messages  # nothing of them was touched
        # One that a user edits in Outlook goes back, and the others stay.
        edit(world, SpecialUse.CALENDAR, event, replace(event, location="Room 9"))
        quiet(world)
        again = items(world.remote)
        assert [item.location for item in again.values() if isinstance(item, Appointment)] == ["Room 9"]


@pytest.mark.parametrize("form", list(Form))
def test_items_of_other_programs_go_back_in_the_form_that_is_chosen(
    form: Form, dovecot: MailServer, tmp_path: Path
) -> None:
    with exchanges(tmp_path, dovecot, "unicode") as (world,):
        world.settings = Settings(folders={("Calendar",): FolderOptions(form=form)})
        quiet(world)
        assert world.mailbox is not None
        with connect(dovecot, world.mailbox.user) as client:
            list(client.uploads.append_many("Calendar", [Upload(foreign("text/calendar", FOREIGN["event"]))]))
        quiet(world)
        (event,) = items(world.local).values()
        assert isinstance(event, Appointment)
        edit(world, SpecialUse.CALENDAR, event, replace(event, location="Room 9"))
        quiet(world)
        with connect(dovecot, world.mailbox.user) as client:
            (message,) = client.select("Calendar").fetch(None)
        assert b"LOCATION:Room 9" in (message.body or b"")
        assert (b"X-MailConnector-Item:" in (message.body or b"")) is (form is Form.OWN)
        (now,) = items(world.remote).values()
        assert isinstance(now, Appointment)
        assert (now.location, now.uid, now.mail.subject) == ("Room 9", "foreign-1", "From elsewhere")


def edit(world: RealExchange, use: SpecialUse, old: Item, new: Item, *, remote: bool = False) -> None:
    """Give an item other content, as another program that has the store open does."""
    store = world.remote if remote else world.local
    folder = special(store, use)
    (state,) = store.find(folder, [identify(old).name])
    if remote:
        world.remote.edit(folder, state.id, new)
        return
    size, identity = state.size, identify(new)
    change = Replacement(state.id, state.revision, Delivery(new, state.flags, state.date, size, identity))
    (outcome,) = world.local.replace(folder, [change])
    assert outcome.error is None
    world.local.barrier()


@pytest.mark.parametrize("kind", KINDS)
def test_edits_go_both_ways_and_those_that_meet_are_merged(kind: type, dovecot: MailServer, tmp_path: Path) -> None:
    use, (here, *_, there) = PLACES[kind], EDITS[kind].values()
    with exchanges(tmp_path, dovecot, "unicode", "unicode") as (first, second):
        first.local.put(special(first.local, use), sample(kind))
        quiet(first)
        quiet(second)

        wanted: Item = sample(kind)

        def edited(world: RealExchange, change: Edit, number: int) -> None:
            nonlocal wanted
            (old,) = items(world.local).values()
            edit(world, use, old, change(old, number))
            wanted = change(wanted, number)

        def check() -> None:
            expected = field_digests(wanted)
            for world in (first, second):
                (now,) = items(world.local).values()
                found = field_digests(now)  # and what a store gives each of its items
                assert {name: found.get(name) for name in expected} == expected

        edited(first, here, 1)
        quiet(first)
        quiet(second)
        edited(second, there, 2)
        quiet(second)
        quiet(first)
        check()
        edited(first, here, 3)
        edited(second, there, 4)
        quiet(first)
        assert not second.run().troubles
        quiet(second)
        quiet(first)
        check()


@pytest.mark.parametrize("kind", KINDS)
def test_every_edit_arrives(kind: type, dovecot: MailServer, tmp_path: Path) -> None:
    """Each on its own: what an item has no field for, as well."""
    use = PLACES[kind]
    with exchanges(tmp_path, dovecot, "unicode", "unicode") as (first, second):
        changes = EDITS[kind]
        for name in changes:
            first.local.put(special(first.local, use), sample(kind, name.replace(" ", ".")))
        quiet(first)
        quiet(second)
        wanted = {}
        for name, change in changes.items():
            old = sample(kind, name.replace(" ", "."))
            edit(first, use, old, change(old, 1))
            wanted[identify(old).name] = field_digests(change(old, 1))
        quiet(first)
        quiet(second)
        for item in items(second.local).values():
            found, expected = field_digests(item), wanted.pop(identify(item).name)
            assert {field: found.get(field) for field in expected} == expected
        assert not wanted
