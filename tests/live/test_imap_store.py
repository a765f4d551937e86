"""The IMAP store on real servers: what the contract does not ask for, and synchronisation from end to end."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from mailconnector.formats import render
from mailconnector.imap import UidSet, Upload
from mailconnector.items import Address, Mail
from mailconnector.lab import MailServer
from mailconnector.lab.proxy import CutAtCommand, FaultyProxy
from mailconnector.stores import ImapStore
from mailconnector.stores.memory import MemoryStore
from mailconnector.sync import FolderError, State, StoreError, SyncError, synchronise
from mailconnector.sync.errors import AccountError
from mailconnector.sync.flags import FLAGGED, SEEN, FlagSet
from mailconnector.sync.identity import identify
from mailconnector.sync.store import (
    ROOT,
    Delivery,
    Failure,
    Fetched,
    FlagChange,
    ItemState,
    Removal,
    Replacement,
    Rights,
    SpecialUse,
    Status,
)
from tests.contract import imap_subject
from tests.contract.imap_subject import Mailbox, connect
from tests.exchange import SERVER, contents, mail

WHEN = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


@pytest.fixture(params=imap_subject.SERVERS)
def any_server(request: pytest.FixtureRequest) -> MailServer:
    """Each of the servers in turn, with all their extensions and with few."""
    server = request.getfixturevalue(str(request.param))
    assert isinstance(server, MailServer)
    return server


@pytest.fixture
def mailbox(any_server: MailServer) -> Iterator[Mailbox]:
    with imap_subject.mailbox(any_server) as found:
        yield found


def delivery(item: Mail, flags: FlagSet = frozenset()) -> Delivery:
    return Delivery(item, flags, WHEN, 100, identify(item))


def put(store: ImapStore, folder: str, *items: Mail) -> list[str]:
    outcomes = store.add(folder, [delivery(item) for item in items])
    assert [outcome.status for outcome in outcomes] == [Status.DONE] * len(items)
    return [str(id_) for id_ in sorted(int(state.id) for state in store.changes(folder, "").items)][-len(items) :]


def listed(store: ImapStore, folder: str) -> dict[str, FlagSet]:
    return {state.id: state.flags for state in store.changes(folder, "").items}


def synced(store: ImapStore, local: MemoryStore, path: str) -> bool:
    """Synchronise, and tell whether nothing was to be done."""
    with State(path) as state:
        report = synchronise(state, local, store)
    assert not report.troubles, report.troubles
    return report.is_quiet


# -- folders -----------------------------------------------------------------------------------------------------------


def test_the_inbox_and_the_special_folders_are_known(mailbox):
    with mailbox.open() as store:
        found = {state.special: state for state in store.folders() if state.special}
    assert found[SpecialUse.INBOX].name == "INBOX"
    for use in (SpecialUse.SENT, SpecialUse.DRAFTS, SpecialUse.TRASH, SpecialUse.JUNK):
        assert found[use].parent == ROOT
        assert found[use].selectable


def test_names_of_every_kind_come_back_as_they_were(mailbox):
    names = [
        "Grüße & Küsse",
        "台北",
        "a.b",
        "Ω [x] (y) {z}",
        'quo"te',
        "per%cent*",
        "back\\slash",
        "😀",
        " pad ",
        "inbox",
        "#x",
        "~y",
        "new",
        "50% off",
        "a|b^c`d",
    ]
    with mailbox.open() as store:
        fitted = {store.fit_name(ROOT, name): name for name in names}
        for name in fitted:
            store.create_folder(ROOT, name)
        top = {state.name for state in store.folders() if state.parent == ROOT}
        assert fitted.keys() <= top
        for name in ("Grüße & Küsse", "台北", "a.b", "😀"):
            assert name in fitted
        with connect(mailbox.server, mailbox.user) as client:
            subscribed = client.mailboxes.subscribed()
        assert {state.id for state in store.folders() if state.name in fitted} <= subscribed


def test_names_that_differ_by_case_only_are_two(mailbox):
    with mailbox.open() as store:
        made = [store.create_folder(ROOT, name).id for name in ("Case", "CASE")]
        put(store, made[0], mail(1))
        assert [len(listed(store, id_)) for id_ in made] == [1, 0]


def test_subscriptions_follow_a_renamed_folder(mailbox):
    with mailbox.open() as store:
        top = store.create_folder(ROOT, "Top").id
        store.create_folder(top, "Below")
        put(store, top, mail(1))
        moved = store.move_folder(top, ROOT, "Other")
        with connect(mailbox.server, mailbox.user) as client:
            subscribed = client.mailboxes.subscribed()
        ids = {state.id for state in store.folders() if state.name in ("Other", "Below")}
        assert len(ids) == 2
        assert ids <= subscribed
        assert top not in subscribed
        assert len(listed(store, moved.id)) == 1


def test_parents_that_cannot_be_selected_are_shown(dovecot):
    with imap_subject.mailbox(dovecot) as mailbox, mailbox.open() as store:
        with connect(dovecot, mailbox.user) as client:
            client.mailboxes.create("Above/Between/Below")
        states = {state.id: state for state in store.folders()}
        assert states["Above/Between/Below"].parent == "Above/Between"
        assert states["Above/Between"].parent == "Above"
        assert not states["Above/Between"].selectable
        with pytest.raises(FolderError):
            store.add("Above/Between", [delivery(mail(1))])
        for id_ in ("Above/Between/Below", "Above/Between", "Above"):
            store.delete_folder(id_)
        assert not any(state.id.startswith("Above") for state in store.folders())


def test_others_folders_are_shown_under_their_owners_names(dovecot, cyrus, cyrus_inbox):
    for server in (dovecot, cyrus, cyrus_inbox):
        with imap_subject.mailbox(server) as owner, imap_subject.mailbox(server) as guest:
            with owner.open() as store, connect(server, owner.user) as client:
                with connect(server, guest.user):
                    pass  # some servers know a user from the first login on
                shared = store.create_folder(ROOT, "Shared by me").id
                client.access.grant(shared, guest.user, client.access.mine(shared))
            with guest.open() as store:
                found = {state.id: state for state in store.folders()}
                assert [state.name for state in found.values() if not state.owner and state.parent != ROOT] == []
                (theirs,) = [state for state in found.values() if state.name == "Shared by me"]
                above = found[theirs.parent]
                assert (theirs.owner, above.owner, above.name) == (owner.user, owner.user, owner.user)
                assert (found[above.parent].parent, found[above.parent].name) == (ROOT, "Shared folders")
                # It is the owner's to rename and to delete, whatever the guest may do.
                assert theirs.rights == Rights.ALL & ~Rights.CHANGE
                assert not above.selectable


def test_the_inbox_is_neither_renamed_nor_deleted(mailbox):
    with mailbox.open() as store:
        (inbox,) = [state for state in store.folders() if state.special is SpecialUse.INBOX]
        assert Rights.CHANGE not in inbox.rights
        with pytest.raises(FolderError):
            store.move_folder(inbox.id, ROOT, "Elsewhere")
        with pytest.raises(SyncError):
            store.delete_folder(inbox.id)


# -- changes -----------------------------------------------------------------------------------------------------------


def test_a_cursor_says_what_a_listing_says(mailbox):
    with mailbox.open() as store:
        put(store, "INBOX", mail(1), mail(2))
        cursor = store.changes("INBOX", "").cursor
        (state,) = [state for state in store.folders() if state.id == "INBOX"]
        assert state.cursor == cursor
        assert state.count == 2
        again = store.changes("INBOX", cursor)
        assert again.complete is (cursor == "")
        assert cursor == "" or not [*again.items, *again.vanished]
        assert (cursor == "") is ("CONDSTORE" not in store._line.client.capabilities)


def test_what_another_program_does_is_in_the_changes(mailbox):
    with mailbox.open() as store:
        ids = put(store, "INBOX", *(mail(number) for number in range(1, 9)))
        first = store.changes("INBOX", "")
        before = {item.id: item for item in first.items}
        with connect(mailbox.server, mailbox.user) as client:
            other = client.select("INBOX")
            other.store(other.search() & _uids(ids[0]), ["\\Flagged", "Blue"])
            other.remove(_uids(ids[1], ids[7]))
            list(client.uploads.append_many("INBOX", [Upload(render(mail(9)), frozenset(), WHEN)]))
        found = store.changes("INBOX", first.cursor)
        items, vanished = {item.id: item for item in found.items}, set(found.vanished)
        assert items[ids[0]].flags == {FLAGGED, "Blue"}
        assert items[ids[0]].revision == before[ids[0]].revision
        assert len(items.keys() - before.keys()) == 1
        gone = {ids[1], ids[7]}
        assert gone <= vanished if not found.complete else not gone & items.keys()
        if not found.complete:
            assert len(items) == 2
            assert not vanished & set(items)


@pytest.mark.parametrize("left", [3, 1, 0])
def test_the_latest_messages_are_missed_when_they_are_gone(mailbox, left):
    with mailbox.open() as store:
        ids = put(store, "INBOX", *(mail(number) for number in range(5)))
        first = store.changes("INBOX", "")
        assert {item.id for item in first.items} == set(ids)
        with connect(mailbox.server, mailbox.user) as client:
            client.select("INBOX").remove(_uids(*ids[left:]))
        found = store.changes("INBOX", first.cursor)
        items, vanished = {item.id for item in found.items}, set(found.vanished)
        assert items == set(ids[:left]) if found.complete else set(ids[left:]) <= vanished and not items


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_the_changes_lead_to_the_listing(mailbox, seed):
    rnd = random.Random(seed)
    number = 0
    with mailbox.open() as store, connect(mailbox.server, mailbox.user) as client:
        other = store.create_folder(ROOT, "Other").id
        known: dict[str, FlagSet] = {}
        cursor = ""
        for _ in range(12):
            for _ in range(rnd.randrange(4)):
                box = client.select("INBOX")
                there = list(box.search())
                some = UidSet.of(rnd.sample(there, min(len(there), rnd.randrange(1, 4))))
                number += 1
                match rnd.choice(["append", "append", "append", "flag", "unflag", "remove", "move", "add", "delete"]):
                    case "append":
                        uploads = [Upload(render(mail(number * 10 + i))) for i in range(rnd.randrange(1, 4))]
                        list(client.uploads.append_many("INBOX", uploads))
                    case "flag" if some:
                        box.store(some, [rnd.choice(["\\Seen", "\\Flagged", "Blue"])])
                    case "unflag" if some:
                        box.store(some, ["\\Seen", "Blue"], action="remove")
                    case "remove" if some:
                        box.remove(some)
                    case "move" if some:
                        box.move(some, other)
                    case "add":
                        store.add("INBOX", [delivery(mail(number * 10))])
                    case "delete" if some:
                        store.delete("INBOX", [Removal(state.id, state.revision) for state in _states(store, some)])
            told = {state.id: state.cursor for state in store.folders()}["INBOX"]
            found = store.changes("INBOX", cursor)
            assert told == found.cursor
            items = {item.id: item.flags for item in found.items}
            gone = known.keys() - items.keys() if found.complete else set(found.vanished)
            known = {id_: flags for id_, flags in {**known, **items}.items() if id_ not in gone}
            cursor = found.cursor
            assert known == listed(store, "INBOX")


def test_a_stream_goes_on_when_other_commands_come_between(mailbox):
    with mailbox.open() as store:
        ids = put(store, "INBOX", *(mail(number) for number in range(1, 6)))
        seen = []
        for item in store.changes("INBOX", "").items:
            seen.append(item.id)
            assert len(list(store.identify("INBOX", [ids[0]]))) == 1
        assert set(seen) == set(ids)
        seen = []
        for got in store.fetch("INBOX", ids):
            assert isinstance(got, Fetched)
            seen.append(got.state.id)
            assert len(list(store.identify("INBOX", [ids[0]]))) == 1
        assert seen == ids


def test_ids_of_another_mailbox_of_the_same_name_are_refused(dovecot):
    with imap_subject.mailbox(dovecot) as mailbox, mailbox.open() as store:
        folder = store.create_folder(ROOT, "F").id
        (id_,) = put(store, folder, mail(1))
        store.changes("INBOX", "")
        with connect(dovecot, mailbox.user) as client:
            client.mailboxes.delete(folder)
            client.mailboxes.create(folder)
            list(client.uploads.append_many(folder, [Upload(render(mail(2)))]))
        with pytest.raises(FolderError):
            store.delete(folder, [Removal(id_, "")])
        with pytest.raises(FolderError):
            list(store.fetch(folder, [id_]))
        (item,) = store.changes(folder, "").items
        (got,) = store.fetch(folder, [item.id])
        assert isinstance(got, Fetched)
        assert isinstance(got.item, Mail) and got.item.subject == "mail 2"


# -- items -------------------------------------------------------------------------------------------------------------


def test_names_from_headers_are_those_of_the_items(mailbox):
    author = Address("Jürgen", "juergen@example.org")
    items = [
        mail(1),
        Mail(subject="no id, grüße", author=author, date=WHEN, text="a"),
        Mail(subject="", text="nothing but this"),
        Mail(subject="(odd) id", message_id="<odd id\\@example.org>", text="b"),
    ]
    with mailbox.open() as store:
        put(store, "INBOX", *items)
        ids = list(listed(store, "INBOX"))
        whole = {got.state.id: got.state.identity for got in store.fetch("INBOX", ids) if isinstance(got, Fetched)}
        by_header = {state.id: state.identity for state in store.identify("INBOX", ids)}
        assert len(whole) == len(items)
        for id_, identity in whole.items():
            named = by_header[id_]
            assert identity is not None and named is not None
            assert (named.name, named.title, named.digest) == (identity.name, identity.title, "")
            assert identity.digest
            assert [state.id for state in store.find("INBOX", [identity.name, "<none@example.org>"])] == [id_]
        names = [identity.name for identity in whole.values() if identity]
        assert {state.id for state in store.find("INBOX", names)} == set(ids)


def test_names_from_headers_with_faults_are_those_of_the_items(mailbox):
    date = b"Date: Thu, 8 Mar 2005 17:40:36 EDT\r\n"
    faulty = [
        b"\xef\xbb\xbfFrom: <a@example.com>\r\n" + date + b"Subject: byte order mark\r\n\r\nx\r\n",
        b"From: b@example.com\r\n"
        + date
        + b"Subject: \xe9\xe8 raw\r\nContent-Type: text/plain; charset=latin1\r\n\r\nx\r\n",
        b"From: c@example.com\r\nSubject: =?utf-8?q?cut=C3\r\nDate: never\r\n\r\nx\r\n",
        b"Subject: folded\r\n over lines\r\nMessage-ID:\r\n <folded@example.org>\r\n\r\nx\r\n",
        b"Subject: two\r\nMessage-ID: <1@example.org>\r\nMessage-ID: <2@example.org>\r\n\r\nx\r\n",
    ]
    with mailbox.open() as store:
        store.folders()
        with connect(mailbox.server, mailbox.user) as client:
            done = list(client.uploads.append_many("INBOX", [Upload(data) for data in faulty]))
        taken = sum(one.error is None for one in done)
        assert taken >= 3
        ids = list(listed(store, "INBOX"))
        assert len(ids) == taken
        whole = {got.state.id: got.state.identity for got in store.fetch("INBOX", ids) if isinstance(got, Fetched)}
        for state in store.identify("INBOX", ids):
            assert state.identity is not None
            known = whole[state.id]
            assert known is not None
            assert (state.identity.name, state.identity.title) == (known.name, known.title)
            assert [found.id for found in store.find("INBOX", [known.name])] == [state.id]


def test_many_names_are_found(mailbox):
    with mailbox.open() as store:
        put(store, "INBOX", *(mail(number) for number in range(60)))
        found = list(store.find("INBOX", [f"<{number}@example.org>" for number in range(10, 700)]))
        assert len(found) == len({state.id for state in found}) == 50


def test_categories_of_any_text_are_keywords_and_come_back(mailbox):
    marks = frozenset(("Rote Kategorie", "Größe", "a&b", "c(d)", "$Forwarded", SEEN))
    with mailbox.open() as store:
        store.add("INBOX", [delivery(mail(1), marks)])
        ((id_, flags),) = listed(store, "INBOX").items()
        assert flags == marks
        (done,) = store.set_flags("INBOX", [FlagChange(id_, frozenset(("neu »",)), frozenset(("Größe", "a&b")), flags)])
        assert done.status is Status.DONE
        assert listed(store, "INBOX") == {id_: marks - {"Größe", "a&b"} | {"neu »"}}


def test_flags_changed_meanwhile_are_left_alone(mailbox):
    with mailbox.open() as store:
        one, two = put(store, "INBOX", mail(1), mail(2))
        with connect(mailbox.server, mailbox.user) as client:
            client.select("INBOX").store(_uids(one), ["\\Flagged"])
        changed, done = store.set_flags(
            "INBOX", [FlagChange(id_, frozenset((SEEN,)), frozenset(), frozenset()) for id_ in (one, two)]
        )
        assert (changed.status, done.status) == (Status.CHANGED, Status.DONE)
        assert listed(store, "INBOX") == {one: {FLAGGED}, two: {SEEN}}


def test_others_marked_for_deletion_stay(mailbox):
    with mailbox.open() as store:
        one, two, three = put(store, "INBOX", mail(1), mail(2), mail(3))
        with connect(mailbox.server, mailbox.user) as client:
            client.select("INBOX").store(_uids(two), ["\\Deleted"])
        states = {state.id: state for state in store.changes("INBOX", "").items}
        (done,) = store.delete("INBOX", [Removal(one, states[one].revision)])
        assert done.status is Status.DONE
        assert listed(store, "INBOX") == {two: {"\\Deleted"}, three: frozenset()}


def test_a_refused_message_stops_no_other(mailbox):
    bad = Mail(
        subject="bad", message_id="<bad@example.org>", text="x", headers=b"X-Nul: a\0b\r\n", original=b"\0\r\n\r\na\0b"
    )
    with mailbox.open() as store:
        outcomes = store.add("INBOX", [delivery(mail(1)), delivery(bad), delivery(mail(2))])
        assert (outcomes[0].status, outcomes[2].status) == (Status.DONE, Status.DONE)
        assert outcomes[1].status in (Status.DONE, Status.FAILED)
        assert (outcomes[1].error is None) is (outcomes[1].status is Status.DONE)
        assert len(listed(store, "INBOX")) == 2 + (outcomes[1].status is Status.DONE)


def test_a_full_account_fails_its_messages_and_no_more(mailbox):
    # More than the quota of the test servers' users could hold cannot be sent; a quota root says so beforehand.
    big = Mail(subject="big", message_id="<big@example.org>", text="x" * 300_000)
    with mailbox.open() as store:
        before = store._line.client.capabilities
        limited = type(before)(before.names | {"APPENDLIMIT=100000"})
        store._line.client.session.connection.protocol.capabilities = limited
        done, failed, last = store.add("INBOX", [delivery(mail(1)), delivery(big), delivery(mail(2))])
        assert (done.status, failed.status, last.status) == (Status.DONE, Status.FAILED, Status.DONE)
        assert failed.error is not None and failed.error.hint
        assert len(listed(store, "INBOX")) == 2


@pytest.mark.parametrize(("count", "stays"), [(60, False), (5, True)])
def test_of_a_fetch_that_is_given_up_much_is_not_waited_for(mailbox, count, stays):
    with mailbox.open() as store:
        ids = put(store, "INBOX", *(mail(number) for number in range(count)))
        before = store._line.client
        found = store.fetch("INBOX", ids)
        assert isinstance(next(found), Fetched)
        found.close()
        assert (not before.closed) is stays
        assert len(listed(store, "INBOX")) == count
        assert [got.state.id for got in store.fetch("INBOX", ids) if isinstance(got, Fetched)] == ids


def test_messages_are_parsed_in_other_processes_in_their_order(dovecot):
    with imap_subject.mailbox(dovecot) as mailbox:
        with mailbox.open(parsers=2) as store:
            put(store, "INBOX", *(mail(number, "text " * number) for number in range(230)))
            with connect(dovecot, mailbox.user) as client:
                list(client.uploads.append_many("INBOX", [Upload(b"\r\n")]))
            ids = list(listed(store, "INBOX"))
            assert store._parsers is not None
            store._parsers.worth_it = 100
            begun = time.monotonic()
            while not store._parsers.has_answered and time.monotonic() < begun + 60:
                list(store.fetch("INBOX", ids))
            there = list(store.fetch("INBOX", ids))
            assert store._parsers.has_answered
        with mailbox.open() as store:
            here = list(store.fetch("INBOX", ids))
    assert len(here) == 231
    for one, other in zip(here, there, strict=True):
        if isinstance(one, Failure):
            assert isinstance(other, Failure)
            assert (one.id, str(one.error)) == (other.id, str(other.error))
        else:
            assert one == other
    assert sum(isinstance(one, Failure) for one in here) == 1


def test_waiting_hears_of_new_mail(any_server):
    with imap_subject.mailbox(any_server) as mailbox, mailbox.open() as store:
        if not store.capabilities.pushes:
            pytest.skip("this server tells nothing by itself")
        assert store.wait(0.05) is False

        def deliver() -> None:
            time.sleep(0.2)
            with connect(any_server, mailbox.user) as client:
                list(client.uploads.append_many("INBOX", [Upload(render(mail(1)))]))

        thread = threading.Thread(target=deliver)
        thread.start()
        try:
            assert store.wait(20.0) is True
        finally:
            thread.join()
        store._watch.drop()
        assert store.wait(0.05) is True  # nobody knows what came meanwhile
        assert store.wait(0.05) is False
        store.interrupt()


def test_waiting_hears_of_every_mailbox(any_server):
    with (
        imap_subject.mailbox(any_server) as mailbox,
        mailbox.open() as store,
        connect(any_server, mailbox.user) as client,
    ):
        other = client.mailboxes.namespaces().personal[0].prefix + "Other"
        client.mailboxes.create(other)
        store._watch._poll = 0.2
        assert store.wait(0.5) is False
        store.create_folder(ROOT, "Another")
        _heard_once(store)
        client.uploads.append(other, Upload(render(mail(1))))
        _heard_once(store)
        if client.session.has("CONDSTORE"):
            selected = client.select(other)
            selected.store(selected.search(), ["\\Flagged"])
            _heard_once(store)
        client.mailboxes.delete(other)
        _heard_once(store)


def _heard_once(store: ImapStore) -> None:
    assert store.wait(20.0) is True
    deadline = time.monotonic() + 20.0
    while store.wait(0.5):
        assert time.monotonic() < deadline, "it tells the same again and again"


def test_waiting_can_be_interrupted(any_server):
    with imap_subject.mailbox(any_server) as mailbox, mailbox.open() as store:
        store._watch._poll = 0.1
        assert store.wait(0.3) is False
        timer = threading.Timer(1.0, store.interrupt)
        timer.start()
        begun = time.monotonic()
        assert store.wait(60.0) is False
        assert time.monotonic() - begun < 30
        timer.join()


# -- errors ------------------------------------------------------------------------------------------------------------


def test_a_wrong_password_concerns_the_account(dovecot):
    from_elsewhere = imap_subject.Mailbox(dovecot, "alice")
    store = from_elsewhere.open()
    store._line._connect = lambda: imap_subject.connect(_Wrong(dovecot), "alice")  # type: ignore[arg-type]
    with pytest.raises(AccountError) as caught:
        list(store.folders())
    assert caught.value.hint


class _Wrong:
    def __init__(self, server: MailServer) -> None:
        self.host, self.imap_port = server.host, server.imap_port

    def password(self, user: str) -> str:
        return f"not the password of {user}"


def test_what_reads_survives_a_lost_connection(dovecot):
    with (
        FaultyProxy(dovecot.imap_port) as proxy,
        imap_subject.mailbox(dovecot, proxy.port) as mailbox,
        mailbox.open() as store,
    ):
        ids = put(store, "INBOX", *(mail(number) for number in range(20)))
        reads = {
            "folders": lambda: len([state for state in store.folders() if state.id == "INBOX"]) * 20,
            "changes": lambda: len(list(store.changes("INBOX", "").items)),
            "identify": lambda: len(list(store.identify("INBOX", ids))),
            "find": lambda: len(list(store.find("INBOX", [f"<{number}@example.org>" for number in range(20)]))),
            "fetch": lambda: len([got for got in store.fetch("INBOX", ids) if isinstance(got, Fetched)]),
        }
        for name, read in reads.items():
            number = 0
            while number == 0 or proxy.struck:
                number += 1
                proxy.set(CutAtCommand(number, "middle" if number % 2 else "answered"))
                assert read() == 20, (name, number)
            assert number > 1


@pytest.mark.parametrize("when", ["before", "answered"])
@pytest.mark.parametrize("server", ["dovecot", "dovecot_plain", "cyrus"])
@pytest.mark.parametrize("effect", ["add", "replace", "set_flags", "delete", "move"])
def test_what_has_an_effect_is_never_done_twice(request, effect, server, when):
    """Each command of an effect is cut once; then it was done once or not at all, and what is not known is said."""
    real = request.getfixturevalue(server)
    with (
        FaultyProxy(real.imap_port) as proxy,
        imap_subject.mailbox(real, proxy.port) as mailbox,
        mailbox.open() as store,
    ):
        target = store.create_folder(ROOT, "Target").id
        number = 0
        while number == 0 or proxy.struck:
            number += 1
            folder = store.create_folder(ROOT, f"F{number}").id
            put(store, folder, mail(1))
            (item,) = store.changes(folder, "").items
            there = len(listed(store, target))
            list(store.identify(folder, [item.id]))
            proxy.set(CutAtCommand(number, when))
            outcome = None
            with suppress(StoreError):
                outcome = _do(store, effect, folder, target, item.id, item.revision)
            here, moved = len(listed(store, folder)), len(listed(store, target)) - there
            if outcome is not None:
                assert outcome is Status.DONE
                assert (here, moved) == {"add": (2, 0), "delete": (0, 0), "move": (0, 1)}.get(effect, (1, 0))
            else:
                least, most = {"add": (1, 2), "replace": (1, 2), "delete": (0, 1), "move": (1, 2)}.get(effect, (1, 1))
                assert least <= here + moved <= most
                assert effect == "move" or moved == 0
        assert number > 2


@pytest.mark.parametrize("when", ["before", "answered"])
def test_what_is_done_to_folders_is_never_done_twice(dovecot, when):
    with (
        FaultyProxy(dovecot.imap_port) as proxy,
        imap_subject.mailbox(dovecot, proxy.port) as mailbox,
        mailbox.open() as store,
    ):

        def names() -> set[str]:
            return {state.name for state in store.folders()}

        number = 0
        struck = True
        while struck:
            number += 1
            struck = False
            for change, before, after in (
                (lambda n: store.create_folder(ROOT, f"A{n}"), set(), {"A"}),
                (lambda n: store.move_folder(f"A{n}", ROOT, f"B{n}"), {"A"}, {"B"}),
                (lambda n: store.delete_folder(f"B{n}"), {"B"}, set()),
            ):
                for name in "AB":
                    there = f"{name}{number}" in names()
                    if there and name not in before:
                        store.delete_folder(f"{name}{number}")
                    elif not there and name in before:
                        store.create_folder(ROOT, f"{name}{number}")
                proxy.set(CutAtCommand(number, when))
                done = False
                with suppress(StoreError):
                    change(number)
                    done = True
                struck = struck or proxy.struck
                now = {name for name in "AB" if f"{name}{number}" in names()}
                assert now == after if done else now in (before, after)
        assert number > 3


def _do(store: ImapStore, effect: str, folder: str, target: str, id_: str, revision: str) -> Status:
    match effect:
        case "add":
            (done,) = store.add(folder, [delivery(mail(2))])
        case "replace":
            (done,) = store.replace(folder, [Replacement(id_, revision, delivery(mail(1, "other")))])
        case "set_flags":
            (done,) = store.set_flags(folder, [FlagChange(id_, frozenset((SEEN,)), frozenset(), frozenset())])
        case "delete":
            (done,) = store.delete(folder, [Removal(id_, revision)])
        case _:
            (done,) = store.move(folder, target, [Removal(id_, revision)])
    return done.status


# -- from end to end ---------------------------------------------------------------------------------------------------


def test_synchronised_with_memory_in_both_directions(mailbox, tmp_path):
    path = str(tmp_path / "state")
    local = MemoryStore(SERVER)
    inbox = local.create_folder(ROOT, "Inbox", special=SpecialUse.INBOX).id
    projects = local.create_folder(ROOT, "Projekte/2026").id
    for number in range(1, 8):
        local.put(inbox if number % 2 else projects, mail(number), frozenset((SEEN, "Größe")), WHEN)
    with mailbox.open() as store:
        put(store, "INBOX", *(mail(number) for number in range(20, 30)))
        synced(store, local, path)
        assert len(listed(store, "INBOX")) == 14
        assert synced(store, local, path)
        (remote,) = [state.id for state in store.folders() if state.name.startswith("Projekte")]
        assert sorted(listed(store, remote).values(), key=sorted) == [frozenset((SEEN, "Größe"))] * 3
        with connect(mailbox.server, mailbox.user) as client:
            other = client.select("INBOX")
            uids = sorted(other.search())
            other.store(_uids(str(uids[0])), ["\\Flagged"])
            other.remove(_uids(str(uids[1])))
        local.edit(projects, next(iter(local.changes(projects, "").items)).id, mail(2, "edited"))
        assert not synced(store, local, path)
        assert synced(store, local, path)
        assert len(listed(store, "INBOX")) == 13
        texts = {text for _, _, text, _ in contents(local)}
        there = {item.text for state in store.folders() if state.selectable for item in _all(store, state.id)}
        assert texts == there


def test_a_run_with_nothing_changed_takes_one_round_trip(dovecot, tmp_path):
    with (
        FaultyProxy(dovecot.imap_port) as proxy,
        imap_subject.mailbox(dovecot, proxy.port) as mailbox,
        mailbox.open() as store,
    ):
        put(store, "INBOX", *(mail(number) for number in range(30)))
        local, path = MemoryStore(SERVER), str(tmp_path / "state")
        local.create_folder(ROOT, "Inbox", special=SpecialUse.INBOX)
        synced(store, local, path)
        proxy.set(None)
        assert synced(store, local, path)
        assert proxy.commands == 2  # UNSELECT and, without waiting for it, LIST with every folder's STATUS
        assert synced(store, local, path)
        assert proxy.commands == 3
        # A run with effects in either direction leaves nothing for the next one to find.
        inbox = next(state.id for state in local.folders() if state.name == "Inbox")
        local.put(inbox, mail(99))
        first, *_ = sorted(local.changes(inbox, "").items, key=lambda state: int(state.id))
        local.set_flags(inbox, [FlagChange(first.id, frozenset((SEEN,)), frozenset(), first.flags)])
        with connect(mailbox.server, mailbox.user) as client:
            there = client.select("INBOX")
            uids = sorted(there.search())
            there.store(_uids(str(uids[5])), ["\\Flagged"])
            there.remove(_uids(str(uids[6])))
        assert not synced(store, local, path)
        proxy.set(None)
        assert synced(store, local, path)
        assert proxy.commands == 2


def _states(store: ImapStore, uids: UidSet) -> list[ItemState]:
    return list(store.identify("INBOX", [str(uid) for uid in uids]))


def _all(store: ImapStore, folder: str) -> list[Mail]:
    found = store.fetch(folder, list(listed(store, folder)))
    return [got.item for got in found if isinstance(got, Fetched) and isinstance(got.item, Mail)]


def _uids(*ids: str) -> UidSet:
    return UidSet.of(int(id_) for id_ in ids)
