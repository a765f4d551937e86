"""What others share appears in one's PST by itself, and goes again: four users, four PST files."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes
from typing import Any, cast

import pytest

from mailconnector import pst
from mailconnector.app.account.connecting import connect
from mailconnector.app.sync.accounts import job_for
from mailconnector.app.sync.job import WaitingStore
from mailconnector.app.sync.round import Onlooker, run_round
from mailconnector.imap import Upload
from mailconnector.lab import DovecotServer
from mailconnector.mapi import MessageObject, reading, tags
from mailconnector.stores import ImapStore
from mailconnector.sync import Conflict
from tests.live.accounts import account_of, messages
from tests.live.office import Office, stranger


def put(office: Office, user: str, mailbox: str, first: int, count: int = 3) -> None:
    with connect(account_of(office.profile, user)) as client:
        for outcome in client.uploads.append_many(mailbox, (Upload(data) for data in messages(count, first))):
            assert outcome.error is None


def shared(office: Office, *names: str) -> tuple[str, ...]:
    """The path of alice's folder in somebody else's PST."""
    return ("Shared folders", office.alice, *names)


def named(*numbers: int) -> list[str]:
    return sorted(f"number-{number}" for number in numbers)


def on_server(office: Office, mailbox: str) -> list[str]:
    """The Message-IDs in one of alice's folders, read by a stranger."""
    with stranger(office.server, office.alice) as alice:
        alice.client.select(f'"{office.mine(*mailbox.split("/"))}"', readonly=True)
        _, found = alice.client.search(None, "ALL")
        names = []
        for number in found[0].split():
            text = alice.fetched(number, "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
            names.append(text.decode().partition("<")[2].partition("@")[0])
        return sorted(names)


def folder_at(store: pst.Store, path: tuple[str, ...]) -> pst.Folder:
    folder = store.ipm_subtree
    for name in path:
        folder = folder.folder(name)
    return folder


def message_in(store: pst.Store, path: tuple[str, ...], number: int) -> pst.Message:
    (found,) = [
        message
        for message in folder_at(store, path).messages()
        if reading.text(message.to_object().properties, tags.PidTagInternetMessageId)
        == f"<number-{number}@example.org>"
    ]
    return found


@contextmanager
def outlook(office: Office, user: str) -> Iterator[pst.Store]:
    """A user's PST file, changed as the user's mail program changes it."""
    with pst.open_store(account_of(office.profile, user).pst_path, writable=True) as store, store.transaction():
        yield store


def rewrite(office: Office, user: str, path: tuple[str, ...], number: int, text: str) -> None:
    """Give a message another text."""
    with outlook(office, user) as store:
        message_in(store, path, number).set_properties({tags.PidTagBody: text, tags.PidTagSubject: text})


def subjects(office: Office, user: str, path: tuple[str, ...]) -> list[str]:
    """The subjects in a folder of a user's PST."""
    with pst.open_store(account_of(office.profile, user).pst_path) as store:
        found = folder_at(store, path).messages()
        return sorted(reading.text(message.to_object().properties, tags.PidTagSubject) for message in found)


def subjects_there(office: Office, mailbox: str) -> list[str]:
    """The subjects in one of alice's folders on the server."""
    with stranger(office.server, office.alice) as alice:
        alice.client.select(f'"{office.mine(*mailbox.split("/"))}"', readonly=True)
        _, found = alice.client.search(None, "ALL")
        texts = [alice.fetched(number, "(BODY.PEEK[HEADER])") for number in found[0].split()]
    return sorted(str(message_from_bytes(text)["Subject"]) for text in texts)


def test_what_is_granted_appears_and_what_is_revoked_goes(office: Office) -> None:
    put(office, office.alice, office.mine("Proj"), 0, 30)
    put(office, office.alice, office.mine("Proj", "Plans"), 100)
    office.quiet(office.bob)
    assert not any(path[0] == "Shared folders" for path in office.held(office.bob))
    office.share("grant", office.alice, "Proj", office.bob, "editor", "--below", "--yes")
    office.quiet(office.bob)
    held = office.held(office.bob)
    assert held[shared(office, "Proj")] == named(*range(30))
    assert held[shared(office, "Proj", "Plans")] == named(100, 101, 102)
    office.quiet(office.carol)
    assert not any(path[0] == "Shared folders" for path in office.held(office.carol))
    # Alice's own PST has them where she has them, and nothing else.
    office.quiet(office.alice)
    assert office.held(office.alice)[("Proj",)] == named(*range(30))
    # It goes again: all of it, without a question, and nobody loses anything.
    office.share("revoke", office.alice, "Proj", office.bob, "--below", "--yes")
    outcome = office.sync(office.bob)
    assert not outcome["held"]
    assert {clash["conflict"] for clash in outcome["conflicts"]} == {"withdrawn"}
    office.quiet(office.bob)
    assert not any(path[0] == "Shared folders" for path in office.held(office.bob))
    assert on_server(office, "Proj") == named(*range(30))
    office.quiet(office.alice)
    assert office.held(office.alice)[("Proj",)] == named(*range(30))


def test_a_deep_folder_alone_and_the_inbox(office: Office) -> None:
    put(office, office.alice, office.mine("Proj", "Plans"), 0)
    put(office, office.alice, "INBOX", 10)
    office.share("grant", office.alice, "Proj/Plans", office.bob, "reviewer")
    office.share("grant", office.alice, "INBOX", office.bob, "reviewer")
    office.quiet(office.bob)
    held = office.held(office.bob)
    assert held[shared(office, "Proj", "Plans")] == named(0, 1, 2)
    assert held[shared(office, "Inbox")] == named(10, 11, 12)
    assert sum(path[0] == "Shared folders" for path in held) == 2


def test_an_edit_where_one_may_only_read_is_kept_aside_and_nothing_is_sent(office: Office) -> None:
    put(office, office.alice, office.mine("Proj"), 0)
    office.share("grant", office.alice, "Proj", office.bob, "lookup,read")
    office.quiet(office.bob)
    before = subjects_there(office, "Proj")
    rewrite(office, office.bob, shared(office, "Proj"), 1, "bob's own words")
    with outlook(office, office.bob) as store:
        folder = folder_at(store, shared(office, "Proj"))
        folder.add_message(MessageObject({tags.PidTagMessageClass: "IPM.Note", tags.PidTagSubject: "bob's note"}))
        message_in(store, shared(office, "Proj"), 2).delete()
    outcome = office.sync(office.bob)
    assert {clash["conflict"] for clash in outcome["conflicts"]} == {"not allowed"}
    office.quiet(office.bob)
    assert subjects_there(office, "Proj") == before == subjects(office, office.bob, shared(office, "Proj"))
    assert subjects(office, office.bob, ("Not sent",)) == ["bob's note", "bob's own words"]


def test_rights_that_are_taken_while_one_edits(office: Office) -> None:
    put(office, office.alice, office.mine("Proj"), 0)
    office.share("grant", office.alice, "Proj", office.bob, "editor")
    office.quiet(office.bob)
    rewrite(office, office.bob, shared(office, "Proj"), 0, "sent in time")
    office.quiet(office.bob)
    assert "sent in time" in subjects_there(office, "Proj")
    rewrite(office, office.bob, shared(office, "Proj"), 1, "too late")
    office.share("revoke", office.alice, "Proj", office.bob)
    office.sync(office.bob)
    office.quiet(office.bob)
    assert subjects(office, office.bob, ("Not sent",)) == ["too late"]
    assert not any(path[0] == "Shared folders" for path in office.held(office.bob))
    assert "too late" not in subjects_there(office, "Proj")


def test_the_owner_and_a_guest_edit_and_both_files_come_to_the_same(office: Office) -> None:
    put(office, office.alice, office.mine("Proj"), 0, 6)
    office.share("grant", office.alice, "Proj", office.bob, "editor")
    for user in (office.alice, office.bob):
        office.quiet(user)
    ours, theirs = ("Proj",), shared(office, "Proj")
    rewrite(office, office.alice, ours, 0, "by alice")
    rewrite(office, office.bob, theirs, 1, "by bob")
    rewrite(office, office.alice, ours, 2, "both, alice")
    rewrite(office, office.bob, theirs, 2, "both, bob")
    with outlook(office, office.alice) as store:
        message_in(store, ours, 3).delete()
        message_in(store, ours, 4).delete()
    rewrite(office, office.bob, theirs, 4, "kept by bob")
    with outlook(office, office.bob) as store:
        message_in(store, theirs, 5).delete()
    for _ in range(3):
        for user in (office.alice, office.bob):
            office.sync(user)
    for user in (office.alice, office.bob):
        office.quiet(user)
    expected = sorted(["by alice", "by bob", "both, alice", "both, bob", "kept by bob"])
    assert subjects(office, office.alice, ours) == expected
    assert subjects(office, office.bob, theirs) == expected
    assert subjects_there(office, "Proj") == expected


def test_what_one_deletes_in_ones_own_file_is_hidden_and_shown_again(office: Office) -> None:
    put(office, office.alice, office.mine("Proj"), 0, 30)
    office.share("grant", office.alice, "Proj", office.bob, "owner")
    office.quiet(office.bob)
    with outlook(office, office.bob) as store:
        folder_at(store, shared(office, "Proj")).delete()
    outcome = office.sync(office.bob)
    assert {clash["conflict"] for clash in outcome["conflicts"]} == {"hidden"}
    assert not outcome["held"]
    office.quiet(office.bob)
    assert on_server(office, "Proj") == named(*range(30))
    assert shared(office, "Proj") not in office.held(office.bob)
    hidden = office.share("show", office.bob, "--json").json["hidden"]
    assert [one["folder"] for one in hidden] == ["/".join(shared(office, "Proj"))]
    office.share("show", office.bob, "/".join(shared(office, "Proj")))
    office.quiet(office.bob)
    assert office.held(office.bob)[shared(office, "Proj")] == named(*range(30))


def test_a_calendar_of_somebody_else_is_a_calendar(office: Office) -> None:
    with connect(account_of(office.profile, office.alice)) as client:
        client.mailboxes.create(office.mine("Diary"))
        client.annotations.set(office.mine("Diary"), {"/shared/vendor/kolab/folder-type": b"event"})
    office.share("grant", office.alice, "Diary", office.bob, "reviewer")
    office.quiet(office.bob)
    with pst.open_store(account_of(office.profile, office.bob).pst_path) as store:
        assert folder_at(store, shared(office, "Diary")).container_class == "IPF.Appointment"


def test_seen_is_each_ones_own_or_not_as_the_server_has_it(office: Office) -> None:
    put(office, office.alice, office.mine("Proj"), 0, 1)
    office.share("grant", office.alice, "Proj", office.bob, "reviewer")
    office.quiet(office.bob)
    office.quiet(office.alice)
    with outlook(office, office.bob) as store:
        message_in(store, shared(office, "Proj"), 0).set_read()
    for user in (office.bob, office.alice, office.bob):
        office.quiet(user)
    with stranger(office.server, office.bob) as bob:
        bob.client.select(f'"{office.theirs(office.alice, "Proj")}"', readonly=True)
        assert b"\\Seen" in bob.fetched(b"1", "(FLAGS)")
    with stranger(office.server, office.alice) as alice:
        alice.client.select(f'"{office.mine("Proj")}"', readonly=True)
        assert b"\\Seen" not in alice.fetched(b"1", "(FLAGS)")


def test_everybodys_folder_is_seen_by_everybody(office: Office) -> None:
    put(office, office.alice, office.mine("Private"), 0, 1)
    office.share("grant", office.alice, "Private", "anyone", "reviewer", "--yes")
    office.share("grant", office.alice, "Private", office.dave, "reviewer", "--deny")
    for user, sees in ((office.bob, True), (office.carol, True), (office.dave, False)):
        office.quiet(user)
        assert (shared(office, "Private") in office.held(user)) is sees


class Meanwhile:
    """A store in which something happens just before the first items are added to a folder."""

    def __init__(self, store: ImapStore, event: Callable[[], None]) -> None:
        self._store = store
        self._event: Callable[[], None] | None = event

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def add(self, folder: str, deliveries: Any) -> Any:
        event, self._event = self._event, None
        if event is not None:
            event()
        return self._store.add(folder, deliveries)


def test_rights_that_are_taken_in_the_middle_of_a_run(office: Office) -> None:
    put(office, office.alice, office.mine("Proj"), 0)
    office.share("grant", office.alice, "Proj", office.bob, "editor")
    office.quiet(office.bob)
    with outlook(office, office.bob) as store:
        folder = folder_at(store, shared(office, "Proj"))
        folder.add_message(MessageObject({tags.PidTagMessageClass: "IPM.Note", tags.PidTagSubject: "too late"}))

    def take() -> None:
        with stranger(office.server, office.alice) as alice:
            alice.put(office.mine("Proj"), office.bob, "lr")

    job = job_for(account_of(office.profile, office.bob))
    plain = job.open_remote

    def open_remote() -> WaitingStore:
        return cast("WaitingStore", Meanwhile(cast("ImapStore", plain()), take))

    outcome = run_round(replace(job, open_remote=open_remote))
    assert outcome.report is not None
    if isinstance(office.server, DovecotServer):
        # A session that goes on does not see that rights were taken: it was in time.
        office.quiet(office.bob)
        assert "too late" in subjects_there(office, "Proj")
        assert subjects(office, office.bob, shared(office, "Proj")) == subjects_there(office, "Proj")
        return
    assert "too late" not in subjects_there(office, "Proj")
    # What failed is tried again after a while; by then the rights are known.
    later = Onlooker(clock=lambda: time.time() + 100_000)
    outcome = run_round(job, None, later)
    assert outcome.report is not None
    assert [clash.conflict for clash in outcome.report.clashes] == [Conflict.NOT_ALLOWED]
    assert subjects(office, office.bob, ("Not sent",)) == ["too late"]
    assert subjects(office, office.bob, shared(office, "Proj")) == subjects_there(office, "Proj")


@pytest.mark.parametrize("by", ["the PST", "another program"])
def test_a_shared_folder_that_its_owner_renames_is_there_for_others_under_its_new_name(office: Office, by: str) -> None:
    put(office, office.alice, office.mine("Proj"), 0)
    put(office, office.alice, office.mine("Proj", "Plans"), 10)
    office.share("grant", office.alice, "Proj", office.bob, "editor", "--below", "--yes")
    for user in (office.alice, office.bob):
        office.quiet(user)
    if by == "the PST":
        with outlook(office, office.alice) as store:
            folder_at(store, ("Proj",)).rename("Entwürfe")
    else:
        with stranger(office.server, office.alice) as alice:
            assert alice.client.rename(f'"{office.mine("Proj")}"', f'"{office.mine("Entw&APw-rfe")}"')[0] == "OK"
    office.quiet(office.alice)
    office.quiet(office.bob)
    held = office.held(office.bob)
    assert held[shared(office, "Entwürfe")] == named(0, 1, 2)
    assert held[shared(office, "Entwürfe", "Plans")] == named(10, 11, 12)
    assert sum(path[0] == "Shared folders" for path in held) == 2
    # What makes the server look leaves nothing behind.
    with stranger(office.server, office.alice) as alice:
        assert not any("mailconnector" in who for who in alice.entries("INBOX"))


def test_the_folders_of_others_stand_under_a_name_in_the_language_of_the_pst(office: Office) -> None:
    put(office, office.alice, office.mine("Proj"), 0)
    office.share("grant", office.alice, "Proj", office.bob, "editor", "--yes")
    office.quiet(office.bob)
    assert office.held(office.bob)[shared(office, "Proj")] == named(0, 1, 2)
    # Outlook names its folders anew when its language is another one.
    with outlook(office, office.bob) as store:
        folder_at(store, ("Inbox",)).rename("Posteingang")
    office.quiet(office.bob)
    held = office.held(office.bob)
    assert held["Freigegebene Ordner", office.alice, "Proj"] == named(0, 1, 2)
    assert not any(path[0] == "Shared folders" for path in held)
    with outlook(office, office.bob) as store:
        folder = folder_at(store, ("Freigegebene Ordner", office.alice, "Proj"))
        folder.add_message(MessageObject({tags.PidTagMessageClass: "IPM.Note", tags.PidTagSubject: "from bob"}))
    office.quiet(office.bob)
    assert len(on_server(office, "Proj")) == 4


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 8))])
def test_whatever_owner_and_guest_do_in_one_folder_both_files_and_the_server_come_to_the_same(
    office: Office, seed: int
) -> None:
    dice = random.Random(f"{seed} {office.server.kind}")
    paths = {office.alice: ("Proj",), office.bob: shared(office, "Proj")}
    put(office, office.alice, office.mine("Proj"), 0, 8)
    office.share("grant", office.alice, "Proj", office.bob, "editor")
    for user in paths:
        office.quiet(user)
    # Each message is told by its number; what is known of it is who touched it, and how last.
    edits: dict[int, list[str]] = {}
    deleted: set[int] = set()
    added: list[str] = []
    for step in range(14):
        user = dice.choice(list(paths))
        with outlook(office, user) as store:
            folder = folder_at(store, paths[user])
            here = [n for n in range(8) if any(_is_number(message, n) for message in folder.messages())]
            number, deed = (dice.choice(here) if here else 0), dice.choice(["edit", "edit", "delete", "add", "read"])
            text = f"{deed} {step}"
            if deed == "add" or not here:
                folder.add_message(
                    MessageObject(
                        {tags.PidTagMessageClass: "IPM.Note", tags.PidTagSubject: text, tags.PidTagBody: text}
                    )
                )
                added.append(text)
            elif deed == "delete":
                message_in(store, paths[user], number).delete()
                deleted.add(number)
            elif deed == "read":
                message_in(store, paths[user], number).set_read()
            else:
                message_in(store, paths[user], number).set_properties({tags.PidTagBody: text, tags.PidTagSubject: text})
                edits.setdefault(number, []).append(text)
        if dice.random() < 0.4:
            office.sync(dice.choice(list(paths)))
    for _ in range(3):
        for user in paths:
            office.sync(user)
    for user in paths:
        office.quiet(user)
    there = subjects_there(office, "Proj")
    for user, path in paths.items():
        assert subjects(office, user, path) == there, user
    assert len(set(there)) == len(there)  # nothing is doubled
    assert set(added) <= set(there)
    for number in range(8):
        if number not in deleted:  # untouched, or the last edit of it is there
            assert (edits[number][-1] if number in edits else f"number {number}") in there


def _is_number(message: pst.Message, number: int) -> bool:
    name = reading.text(message.to_object().properties, tags.PidTagInternetMessageId)
    return name == f"<number-{number}@example.org>"
