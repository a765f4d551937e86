"""The IMAP store before servers that lie, or tell little: a script each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from mailconnector.formats import render
from mailconnector.items import FolderKind, Mail
from mailconnector.stores import ImapStore
from mailconnector.stores.imap.writing import with_crlf
from mailconnector.sync.errors import FolderError, StoreError
from mailconnector.sync.flags import FlagDomain
from mailconnector.sync.identity import identify
from mailconnector.sync.store import (
    ROOT,
    Changes,
    Delivery,
    Failure,
    Fetched,
    FlagChange,
    Removal,
    Rights,
    SpecialUse,
    Status,
)
from tests.unit.imap.scripted import SELECTED, client_of

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DATE = b'INTERNALDATE " 2-Jan-2026 03:04:05 +0000"'
SELECT = (b'C: * SELECT "F"', *SELECTED)
LIST = b"C: * UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)"
DELTA = b"C: * UID FETCH 1:29 (UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ)"
MODSEQ_LIST = b"C: * UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ)"


@contextmanager
def store_of(capabilities: bytes, *steps: bytes, qresync: bool = False) -> Iterator[ImapStore]:
    """Give a store on a connection that goes as written."""
    with client_of(capabilities, *steps) as client:
        if qresync:
            client.session.connection.protocol.enabled = frozenset({"QRESYNC"})
        clients = [client]
        yield ImapStore(clients.pop)


def select(modseq: int, *, exists: int = 3, uid_next: int = 30, condstore: bool = False) -> tuple[bytes, ...]:
    return (
        b'C: * SELECT "F"' + (b" (CONDSTORE)" if condstore else b""),
        b"S: * %d EXISTS" % exists,
        b"S: * OK [UIDVALIDITY 7] ok",
        b"S: * OK [UIDNEXT %d] ok" % uid_next,
        b"S: * OK [HIGHESTMODSEQ %d] ok" % modseq,
        b"S: * OK [PERMANENTFLAGS (\\Deleted \\Seen \\*)] ok",
        b"S: TAG OK [READ-WRITE] selected",
    )


def message(uid: int, flags: bytes = b"", size: int = 10) -> bytes:
    return b"S: * %d FETCH (UID %d FLAGS (%s) %s RFC822.SIZE %d)" % (uid, uid, flags, DATE, size)


def delivery(number: int) -> Delivery:
    item = Mail(message_id=f"<{number}@example.org>", subject="s", text="t")
    return Delivery(item, frozenset(), WHEN, 10, identify(item))


def ids(found: Changes) -> list[str]:
    return [item.id for item in found.items]


def test_a_listing_bears_what_is_said_unasked():
    steps = (
        *SELECT,
        LIST,
        b"S: * 9 FETCH (FLAGS (\\Seen))",
        message(9, b"\\Seen \\Recent Blue"),
        b"S: * 1 EXPUNGE",
        message(3),
        b"S: * 1 FETCH (UID 3 FLAGS (\\Seen))",
        message(9, b"\\Seen Blue"),
        b"S: * 5 EXISTS",
        b'S: * 2 FETCH (UID 4 RFC822.SIZE 5 FLAGS () INTERNALDATE "never")',
        b"S: TAG OK done",
    )
    with store_of(b"", *steps) as store:
        found = store.changes("F", "7:1:1:1")
        assert (found.cursor, found.complete, found.validity) == ("", True, "7")
        items = list(found.items)
    assert [item.id for item in items] == ["9", "3", "9", "4"]
    assert items[0].flags == {"\\Seen", "Blue"}
    assert items[0].revision == f"10:{int(WHEN.timestamp())}"
    assert (items[0].date, items[3].date, items[3].revision) == (WHEN, None, "5:")


@pytest.mark.parametrize("modseq", [0, 1])
def test_a_mod_sequence_of_nothing_is_no_cursor(modseq):
    with store_of(b"CONDSTORE", *select(modseq, condstore=True)) as store:
        assert store.changes("F", "").cursor == ("7:1:30:3" if modseq else "")


def test_nothing_new_is_asked_for_nothing():
    with store_of(b"CONDSTORE", *select(99, condstore=True)) as store:
        found = store.changes("F", "7:99:30:3")
        assert (ids(found), list(found.vanished), found.complete) == ([], [], False)


@pytest.mark.parametrize("cursor", ["7:99:29:2", "7:100:30:3", "7:98:31:3", "8:98:30:3", "nonsense", ""])
def test_a_mod_sequence_that_cannot_be_is_not_trusted(cursor):
    steps = (*select(99, condstore=True), MODSEQ_LIST, message(3), b"S: TAG OK done")
    with store_of(b"CONDSTORE", *steps) as store:
        found = store.changes("F", cursor)
        assert found.complete
        assert ids(found) == ["3"]


def test_with_qresync_the_server_tells_what_vanished():
    steps = (
        *select(99),
        DELTA + b" (CHANGEDSINCE 50 VANISHED)",
        b"S: * VANISHED (EARLIER) 2,5:6,40:50",
        message(3, b"\\Seen"),
        b"S: TAG OK done",
    )
    with store_of(b"QRESYNC", *steps, qresync=True) as store:
        found = store.changes("F", "7:50:28:5")
        assert not found.complete
        assert ids(found) == ["3"]
        assert list(found.vanished) == ["2", "5", "6"]


def test_when_everything_ever_vanished_a_listing_is_taken():
    steps = (
        *select(99, uid_next=4_000_000_000),
        DELTA.replace(b"29", b"3999999999") + b" (CHANGEDSINCE 50 VANISHED)",
        b"S: * VANISHED (EARLIER) 1:2,4:4294967295",
        message(3, b"\\Seen"),
        b"S: TAG OK done",
        MODSEQ_LIST,
        message(3, b"\\Seen"),
        b"S: TAG OK done",
    )
    with store_of(b"QRESYNC", *steps, qresync=True) as store:
        found = store.changes("F", "7:50:28:5")
        assert found.complete
        assert ids(found) == ["3"]


def test_without_qresync_what_vanished_is_searched_for():
    steps = (
        *select(99, condstore=True),
        b"C: * UID SEARCH ALL",
        b"S: * SEARCH 3 9 29",
        b"S: TAG OK done",
        DELTA + b" (CHANGEDSINCE 50)",
        message(29),
        b"S: TAG OK done",
    )
    with store_of(b"CONDSTORE", *steps) as store:
        found = store.changes("F", "7:50:28:4")
        assert not found.complete
        assert ids(found) == ["29"]
        assert set(found.vanished) == {str(uid) for uid in range(1, 29)} - {"3", "9"}


def test_without_qresync_nothing_is_searched_for_when_none_can_have_vanished():
    steps = (*select(99, condstore=True), DELTA + b" (CHANGEDSINCE 50)", message(9), b"S: TAG OK done")
    with store_of(b"CONDSTORE", *steps) as store:
        found = store.changes("F", "7:50:30:3")
        assert (ids(found), list(found.vanished), found.complete) == (["9"], [], False)


@pytest.mark.parametrize("code", [b"APPENDUID 7 99", b"APPENDUID 8 29", b"ALERT"])
def test_a_uid_that_does_not_stand_is_no_id(code):
    asked = (b"C: * UID FETCH 99 ...", b"S: TAG OK nothing there") if b"99" in code else ()
    steps = (
        *SELECT,
        b'C: * APPEND "F" ...',
        b"S: + go",
        *_appended(delivery(1)),
        b"S: TAG OK [" + code + b"] ok",
        *asked,
    )
    with store_of(b"UIDPLUS", *steps) as store:
        (outcome,) = store.add("F", [delivery(1)])
    assert (outcome.status, outcome.id) == (Status.DONE, "")


def test_the_revision_of_an_added_message_is_the_servers():
    told = b"S: * 4 FETCH (UID 29 FLAGS () %s RFC822.SIZE 77)" % DATE
    steps = (
        *SELECT, b'C: * APPEND "F" ...', b"S: + go", *_appended(delivery(1)), b"S: TAG OK [APPENDUID 7 29] ok",
        b"C: * UID FETCH 29 (UID FLAGS INTERNALDATE RFC822.SIZE)", told, b"S: TAG OK done",
    )  # fmt: skip
    with store_of(b"UIDPLUS", *steps) as store:
        (outcome,) = store.add("F", [delivery(1)])
    assert (outcome.id, outcome.revision) == ("29", f"77:{int(WHEN.timestamp())}")


def test_a_full_account_fails_one_message():
    first, second = delivery(1), delivery(2)
    steps = (
        *SELECT,
        b'C: * APPEND "F" ...', b"S: + go", *_appended(first), b"S: TAG NO [OVERQUOTA] full",
        b'C: * APPEND "F" ...', b"S: + go", *_appended(second), b"S: TAG OK done",
    )  # fmt: skip
    with store_of(b"", *steps) as store:
        failed, done = store.add("F", [first, second])
    assert (failed.status, done.status) == (Status.FAILED, Status.DONE)
    assert failed.error is not None
    assert "more space" in failed.error.hint


def test_an_effect_whose_outcome_is_unknown_is_not_repeated():
    steps = (*SELECT, b'C: * APPEND "F" ...', b"S: + go", *_appended(delivery(1)))
    with store_of(b"", *steps) as store, pytest.raises(StoreError):
        store.add("F", [delivery(1)])


def test_flags_that_changed_behind_our_back_are_reported():
    steps = (
        *select(99, condstore=True),
        b"C: * UID FETCH 3,9 ...",
        b"S: * 1 FETCH (UID 3 FLAGS () %s RFC822.SIZE 1 MODSEQ (90))" % DATE,
        b"S: * 2 FETCH (UID 9 FLAGS () %s RFC822.SIZE 1 MODSEQ (80))" % DATE,
        b"S: TAG OK done",
        b"C: * UID STORE 3,9 (UNCHANGEDSINCE 90) +FLAGS.SILENT (\\Seen)",
        b"S: * 1 FETCH (UID 3 MODSEQ (100))",
        b"S: TAG OK [MODIFIED 9] some changed",
    )
    with store_of(b"CONDSTORE", *steps) as store:
        outcomes = store.set_flags(
            "F", [FlagChange(id_, frozenset({"\\Seen"}), frozenset(), frozenset()) for id_ in ("3", "9")]
        )
    assert [outcome.status for outcome in outcomes] == [Status.DONE, Status.CHANGED]


def test_flags_that_cannot_be_stored_fail_alone():
    steps = (
        *SELECT, b"C: * UID FETCH 3 ...", message(3), b"S: TAG OK done",
    )  # fmt: skip
    with store_of(b"", *steps) as store:
        (outcome,) = store.set_flags("F", [FlagChange("3", frozenset({"\\Flagged"}), frozenset(), frozenset())])
    assert outcome.status is Status.FAILED
    assert outcome.error is not None and outcome.error.hint


def test_a_deletion_that_the_server_only_says_it_did_has_failed():
    steps = (
        *SELECT, b"C: * UID FETCH 3 ...", message(3), b"S: TAG OK done",
        b"C: * UID STORE 3 +FLAGS.SILENT (\\Deleted)", b"S: TAG OK done",
        b"C: * UID EXPUNGE 3", b"S: TAG OK done",
        b"C: * UID SEARCH UID 3", b"S: * SEARCH 3", b"S: TAG OK done",
    )  # fmt: skip
    with store_of(b"UIDPLUS", *steps) as store:
        (outcome,) = store.delete("F", [Removal("3", f"10:{int(WHEN.timestamp())}")])
    assert outcome.status is Status.FAILED


def test_a_read_only_folder_allows_nothing():
    steps = (*SELECT[:-1], b"S: TAG OK [READ-ONLY] selected")
    with store_of(b"", *steps) as store:
        found = store.changes("F", "")
        assert not found.rights & (Rights.ADD | Rights.DELETE | Rights.FLAGS)
        assert found.kept_flags == FlagDomain()


def test_a_message_that_the_server_cannot_read_keeps_no_other_back():
    body = b"Subject: s\r\n\r\nt\r\n"
    whole = b"R: * 2 FETCH (UID 9 FLAGS () %s RFC822.SIZE 3 BODY[] {%d}\r\n%s)\r\n" % (DATE, len(body), body)
    steps = (
        *SELECT,
        b"C: * UID FETCH 3,9 ...", whole, b"S: TAG NO [SERVERBUG] cannot read",
        b"C: * UID SEARCH UID 3", b"S: * SEARCH 3", b"S: TAG OK done",
        b"C: * UID FETCH 3 ...", b"S: TAG NO [SERVERBUG] cannot read",
    )  # fmt: skip
    with store_of(b"", *steps) as store:
        good, bad = store.fetch("F", ["3", "9"])
    assert isinstance(good, Fetched) and good.state.id == "9"
    assert isinstance(bad, Failure) and bad.id == "3"


def test_names_are_looked_for_in_all_headers_where_a_server_cannot_search():
    header = b"Message-ID: <1@example.org>\r\n\r\n"
    field = b"BODY[HEADER.FIELDS (MESSAGE-ID DATE FROM SUBJECT CONTENT-TYPE)]"
    told = b"R: * 1 FETCH (UID 3 FLAGS () %s RFC822.SIZE 3 %s {%d}\r\n%s)\r\n" % (DATE, field, len(header), header)
    steps = (
        *SELECT, b"C: * NOOP", b"S: TAG OK", b"C: * UID SEARCH ALL", b"S: * SEARCH 3", b"S: TAG OK",
        b'C: * UID SEARCH HEADER "Message-ID" "<1@example.org>"', b"S: TAG BAD too much",
        b"C: * UID FETCH 3 ...", told, b"S: TAG OK",
    )  # fmt: skip
    with store_of(b"", *steps) as store:
        (found,) = store.find("F", ["<1@example.org>"])
    assert found.id == "3"


def test_ids_that_are_no_uids_are_nowhere():
    with store_of(b"", *SELECT) as store:
        assert list(store.fetch("F", ["x", "0", "-1", "4294967296", "\n7"])) == []
        assert list(store.identify("F", ["x"])) == []
        (outcome,) = store.delete("F", [Removal("x", "")])
        assert outcome.status is Status.MISSING


def test_a_folder_of_no_name_is_no_folder():
    with store_of(b"") as store, pytest.raises(FolderError):
        store.changes("", "")


def test_folders_of_an_old_server_are_listed_and_asked_one_by_one():
    steps = (
        b'C: * LIST "" "*"',
        b'S: * LIST () "." "INBOX"',
        b'S: * LIST (\\Noselect) "." "A"',
        b'S: * LIST () "." "A.B"',
        b"S: TAG OK done",
        b'C: * STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)',
        b"S: * STATUS INBOX (MESSAGES 3 UIDNEXT 30 UIDVALIDITY 7)",
        b"S: TAG OK done",
        b'C: * STATUS "A.B" ...',
        b"S: TAG NO no such thing",
        b'C: * LIST "" ""',
        b'S: * LIST (\\Noselect) "." ""',
        b"S: TAG OK done",
    )
    with store_of(b"", *steps) as store:
        found = {state.id: state for state in store.folders()}
    assert (found["INBOX"].validity, found["INBOX"].count, found["INBOX"].cursor) == ("7", 3, "")
    assert (found["A"].selectable, found["A.B"].parent, found["A.B"].validity) == (False, "A", "")


def _appended(sent: Delivery) -> tuple[bytes, bytes]:
    """The message and the end of the line behind it."""
    return b"L: %d" % len(with_crlf(render(sent.item))), b"C: "


def created(capabilities: bytes, listing: tuple[bytes, ...], *answers: bytes) -> str:
    """Create a Calendar on a server with these mailboxes, and return where it is."""
    steps = (
        b'C: * LIST "" ""', b'S: * LIST (\\Noselect) "/" ""', b"S: TAG OK done",
        b'C: * LIST "" "%"', *listing, b"S: TAG OK done",
        b'C: * LIST "" "INBOX/%"', *[line for line in listing if b"INBOX/" in line], b"S: TAG OK done",
        b'C: * LIST "" "*"', *listing, b"S: TAG OK done",
        *answers,
        b"S: * STATUS x (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 9)", b"S: TAG OK done",
    )  # fmt: skip
    with store_of(capabilities, *steps) as store:
        state = store.create_folder(ROOT, "Calendar", special=SpecialUse.CALENDAR)
    assert (state.kind, state.special) == (FolderKind.CALENDAR, SpecialUse.CALENDAR)
    assert state.parent == ("INBOX" if "/" in state.id else ROOT)
    return state.id


INBOX_LINE, SENT_LINE = b'S: * LIST () "/" INBOX', b'S: * LIST () "/" Sent'


def make(name: bytes, answer: bytes = b"S: TAG OK done") -> tuple[bytes, bytes]:
    return b'C: * CREATE "%s"' % name, answer


def finish(name: bytes) -> tuple[bytes, ...]:
    return (
        b'C: * SUBSCRIBE "%s"' % name,
        b"S: TAG OK done",
        b'C: * STATUS "%s" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)' % name,
    )


def test_special_folders_stand_beside_the_inbox() -> None:
    made = (*make(b"Calendar"), *finish(b"Calendar"))
    assert created(b"", (INBOX_LINE, SENT_LINE), *made) == "Calendar"
    assert created(b"", (INBOX_LINE,), *made) == "Calendar"


def test_special_folders_stand_in_the_inbox_where_the_others_do() -> None:
    made = (*make(b"INBOX/Calendar"), *finish(b"INBOX/Calendar"))
    assert created(b"", (INBOX_LINE, b'S: * LIST () "/" INBOX/Sent'), *made) == "INBOX/Calendar"


def test_special_folders_stand_in_the_inbox_where_nothing_may_be_made_at_the_top() -> None:
    refused = make(b"Calendar", b"S: TAG NO not here")
    made = (*make(b"INBOX/Calendar"), *finish(b"INBOX/Calendar"))
    assert created(b"", (INBOX_LINE, SENT_LINE), *refused, *made) == "INBOX/Calendar"


def test_kinds_are_set_for_the_user_and_for_all() -> None:
    annotated: list[bytes] = []
    for entry, answer in ((b"/private", b"S: TAG NO not yours"), (b"/shared", b"S: TAG OK done")):
        value = b'("%s/vendor/kolab/folder-type" "event.default")' % entry
        annotated += [b'C: * SETMETADATA "Calendar" ' + value, answer]
    made = (*make(b"Calendar"), *annotated, *finish(b"Calendar"))
    assert created(b"METADATA", (INBOX_LINE, SENT_LINE), *made) == "Calendar"
    old: list[bytes] = []
    for attribute in (b"value.priv", b"value.shared"):
        value = b'("%s" "event.default")' % attribute
        old += [b'C: * SETANNOTATION "Calendar" "/vendor/kolab/folder-type" ' + value, b"S: TAG OK done"]
    made = (*make(b"Calendar"), *old, *finish(b"Calendar"))
    assert created(b"ANNOTATEMORE", (INBOX_LINE, SENT_LINE), *made) == "Calendar"
