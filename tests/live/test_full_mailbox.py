"""A mailbox that takes no more keywords: its mail is stored all the same, and categories stay in the PST."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailconnector import pst
from mailconnector.imap import UidSet, Upload
from mailconnector.lab import CyrusServer
from mailconnector.mapi import MessageObject, named, tags
from mailconnector.stores import ImapStore
from mailconnector.sync.flags import FLAGGED, SEEN
from mailconnector.sync.identity import identify
from mailconnector.sync.store import Delivery, FlagChange, Removal, Status
from tests.contract.imap_subject import connect
from tests.exchange import mail
from tests.live.journeys import new_file, stop

ROOM = 1  # keywords that the mailbox still takes


def fill_up(server: CyrusServer, user: str, mailbox: str = "INBOX") -> None:
    """Leave little room for keywords, and a message without any."""
    with connect(server, user) as client:
        client.uploads.append(mailbox, Upload(b"Subject: Full\r\nMessage-ID: <full@example.org>\r\n\r\n"))
        selected = client.select(mailbox)
        words = [f"word{number}" for number in range(100 - ROOM)]
        selected.store(UidSet.span(1, 1), words)
        selected.store(UidSet.span(1, 1), words, action="remove")


@pytest.fixture
def store(cyrus: CyrusServer) -> ImapStore:
    user = cyrus.fresh_user()
    fill_up(cyrus, user)
    return ImapStore(lambda: connect(cyrus, user))


def delivery(number: int, *flags: str) -> Delivery:
    item = mail(number)
    return Delivery(item, frozenset(flags), None, 500, identify(item))


def flags_of(store: ImapStore, folder: str = "INBOX") -> dict[str, set[str]]:
    return {state.id: set(state.flags) for state in store.changes(folder, "").items}


def test_messages_are_stored_with_what_lasts(store: ImapStore) -> None:
    with store:
        list(store.folders())
        deliveries = [delivery(1, SEEN, "word1", "a"), delivery(2, "b", FLAGGED), delivery(3), delivery(4, "b", "a")]
        outcomes = store.add("INBOX", deliveries)
        assert [outcome.status for outcome in outcomes] == [Status.DONE] * 4
        wanted = [{SEEN, "word1", "a"}, {FLAGGED}, set[str](), {"a"}]
        found = flags_of(store)
        assert [found[outcome.id] for outcome in outcomes] == wanted
        assert [outcome.flags for outcome in outcomes] == [None, {FLAGGED}, None, {"a"}]
        # It is known to be full now, and not tried again; what it knows goes.
        (outcome,) = store.add("INBOX", [delivery(5, "c", "a")])
        assert outcome.flags == frozenset(("a",))
        assert flags_of(store)[outcome.id] == {"a"}


def test_flags_are_set_as_far_as_they_last(store: ImapStore) -> None:
    with store:
        list(store.folders())
        ids = [outcome.id for outcome in store.add("INBOX", [delivery(1, SEEN), delivery(2, "word2"), delivery(3)])]
        changes = [
            FlagChange(ids[0], frozenset(("a", "b", FLAGGED)), frozenset((SEEN,)), frozenset((SEEN,))),
            FlagChange(ids[1], frozenset(("c",)), frozenset(("word2",)), frozenset(("word2",))),
            FlagChange(ids[2], frozenset(("word3", "a")), frozenset(), frozenset(("other",))),
        ]
        outcomes = store.set_flags("INBOX", changes)
        assert [outcome.status for outcome in outcomes] == [Status.DONE, Status.DONE, Status.CHANGED]
        found = flags_of(store)
        assert [found[id_] for id_ in ids] == [{FLAGGED, "a"}, set(), set()]
        assert [outcome.flags for outcome in outcomes] == [{FLAGGED, "a"}, set(), None]
        assert store.changes("INBOX", "").kept_flags.can_lose("word5")
        assert not store.changes("INBOX", "").kept_flags.can_lose("b")


def test_a_move_into_a_full_mailbox_clears_nothing_elsewhere(store: ImapStore) -> None:
    with store:
        list(store.folders())
        store.create_folder("", "Elsewhere")
        (there,) = store.add("Elsewhere", [delivery(1, "word1", "a", "b")])
        (moved,) = store.move("Elsewhere", "INBOX", [Removal(there.id, there.revision)])
        assert moved.status is Status.DONE
        domain = store.changes("INBOX", "").kept_flags
        lost = {"word1", "a", "b"} - flags_of(store)[moved.id]
        assert lost
        assert not any(domain.can_lose(name) for name in lost)


def test_categories_stay_in_the_pst(cyrus: CyrusServer, tmp_path: Path) -> None:
    file = new_file(tmp_path / "mail.pst")
    key = named.PidNameKeywords

    def put(folder: str, subject: str, *categories: str) -> int:
        message = MessageObject(
            {tags.PidTagMessageClass: "IPM.Note", tags.PidTagSubject: subject, key: list(categories)}
        )
        with pst.open_store(file, writable=True) as opened, opened.transaction():
            return opened.folder_at(folder).add_message(message).nid

    def categories(nid: int) -> set[str]:
        with pst.open_store(file) as opened:
            found = opened.message(nid).properties.get(key)
            return set(map(str, found if isinstance(found, list) else ()))

    def flags(subject: str) -> frozenset[str]:
        (found,) = [one for one in alice.letters("INBOX") if f"Subject: {subject}\r\n".encode() in one.data]
        return found.flags - {"\\seen"}

    user = cyrus.fresh_user()
    alice = stop(cyrus, tmp_path / "alice", file, user)
    fill_up(cyrus, user)
    one, two = put("Inbox", "One", "word1", "a", "b"), put("Inbox", "Two", "c", "d")
    three = put("Drafts", "Three", "word3", "x", "y")
    alice.sync()
    assert flags("One") == {"word1", "a"}
    assert flags("Two") == set()
    assert alice.is_quiet()
    with pst.open_store(file, writable=True) as opened, opened.transaction():
        opened.message(two).set_properties({key: ["c", "e", "word2"]})
    alice.sync()
    assert flags("Two") == {"word2"}
    assert alice.is_quiet()
    # When its user moves a message there, the server drops what it cannot hold.
    with connect(cyrus, user) as client:
        selected = client.select("Drafts")
        selected.move(selected.search(), "INBOX")
    alice.sync()
    assert flags("Three") & {"x", "y"} == set()
    assert alice.is_quiet()
    assert categories(one) == {"word1", "a", "b"}
    assert categories(two) == {"c", "e", "word2"}
    assert categories(three) == {"word3", "x", "y"}
    # What it can hold is cleared in the PST when it is cleared there.
    with connect(cyrus, user) as client:
        selected = client.select("INBOX")
        selected.store(selected.search(), ["word1", "word2", "a"], action="remove")
    alice.sync()
    assert alice.is_quiet()
    assert categories(one) == {"b"}
    assert categories(two) == {"c", "e"}
