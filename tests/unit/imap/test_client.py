"""The client against scripted servers: what it says, and how it bears what it hears."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import socket
import threading
import time

import pytest

from mailconnector.imap import (
    Endpoint,
    ImapBadError,
    ImapByeError,
    ImapClient,
    ImapConnectionError,
    ImapError,
    ImapExistsError,
    ImapLimitError,
    ImapLoginError,
    ImapNameError,
    ImapNoError,
    ImapNotFoundError,
    ImapOvertakenError,
    ImapPermissionError,
    ImapProtocolError,
    ImapQuotaError,
    ImapThrottledError,
    ImapTimeoutError,
    ImapTlsError,
    ImapUnsupportedError,
    ImapUsageError,
    KnownState,
    Limits,
    Password,
    Rights,
    Security,
    Timeouts,
    Token,
    UidSet,
    Upload,
    searching,
)
from mailconnector.imap.connection import Connection
from mailconnector.imap.responses import Exists, Fetched, Namespace, Vanished
from mailconnector.imap.selected import FLAGS, MESSAGE
from mailconnector.imap.session import Session
from mailconnector.imap.stream import Stream
from tests.unit.imap.scripted import ENDPOINT, SELECTED, client_of, connected

IMPATIENT = Timeouts(connect=1.0, silence=0.2, command=0.5)
SELECT = (b'C: * SELECT "Box"', *SELECTED)
STARTTLS = dataclasses.replace(ENDPOINT, security=Security.STARTTLS)
SECRET = Password("alice", "hunter2")


# Connecting


def test_an_unknown_name():
    with pytest.raises(ImapNameError) as caught:
        ImapClient.connect(Endpoint("no-such-host.invalid"), SECRET)
    assert caught.value.server == "no-such-host.invalid:993"
    assert caught.value.hint


def test_nothing_listens():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    with pytest.raises(ImapConnectionError):
        ImapClient.connect(Endpoint("127.0.0.1", port), SECRET)


@pytest.mark.parametrize("security", list(Security))
def test_a_server_that_accepts_and_says_nothing(security):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
        endpoint = Endpoint("127.0.0.1", server.getsockname()[1], security)
        begun = time.monotonic()
        with pytest.raises(ImapTimeoutError):
            ImapClient.connect(endpoint, SECRET, timeouts=Timeouts(connect=0.3, silence=0.3))
        assert time.monotonic() - begun < 5


def test_no_tls_on_the_other_side():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:

        def answer() -> None:
            sock, _ = server.accept()
            with sock:
                sock.sendall(b"* OK IMAP in the open\r\n")
                sock.recv(4096)

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(ImapTlsError) as caught:
            ImapClient.connect(Endpoint("127.0.0.1", server.getsockname()[1]), SECRET)
    assert "143" in caught.value.hint


def test_starttls_is_never_done_without():
    steps = (b"C: * CAPABILITY", b"S: * CAPABILITY IMAP4rev1", b"S: TAG OK done")
    with connected(*steps) as connection, pytest.raises(ImapTlsError):
        Session(connection, STARTTLS).make_private()


def test_starttls_with_something_slipped_in():
    steps = (
        b"C: * CAPABILITY",
        b"S: * CAPABILITY IMAP4rev1 STARTTLS",
        b"S: TAG OK done",
        b"C: * STARTTLS",
        b"R: TAG OK go\r\n* CAPABILITY IMAP4rev1 AUTH=EVIL\r\n",
    )
    with connected(*steps) as connection:
        session = Session(connection, STARTTLS)
        with pytest.raises(ImapProtocolError):
            session.make_private()
        assert connection.closed


# Logging in


def logged_in(capabilities: bytes, credentials: Password | Token, *steps: bytes) -> None:
    first = (b"C: * CAPABILITY", b"S: * CAPABILITY IMAP4rev1 " + capabilities, b"S: TAG OK done")
    with connected(*first, *steps) as connection:
        Session(connection, ENDPOINT).login(credentials)


AGAIN = (b"C: * CAPABILITY", b"S: * CAPABILITY IMAP4rev1", b"S: TAG OK done")


def test_plain_with_an_initial_response():
    message = base64.b64encode(b"\0alice\0hunter2")
    logged_in(b"AUTH=PLAIN SASL-IR", SECRET, b"C: * AUTHENTICATE PLAIN " + message, b"S: TAG OK in", *AGAIN)


def test_plain_without_an_initial_response():
    message = base64.b64encode(b"\0alice\0hunter2")
    steps = (b"C: * AUTHENTICATE PLAIN", b"S: + ", b"C: " + message, b"S: TAG OK [CAPABILITY IMAP4rev1 IDLE] in")
    logged_in(b"AUTH=PLAIN", SECRET, *steps)


def test_login_where_there_is_nothing_else():
    logged_in(b"", SECRET, b'C: * LOGIN "alice" "hunter2"', b"S: TAG OK in", *AGAIN)


def test_a_password_beyond_ascii_is_a_literal():
    steps = (b'C: * LOGIN "alice" {7}', b"S: + ", b"L: 7", b"C: ", b"S: TAG OK in", *AGAIN)
    logged_in(b"", Password("alice", "gr\u00fc\u00dfe"), *steps)


def test_a_refused_token_is_acknowledged():
    steps = (
        b"C: * AUTHENTICATE XOAUTH2 ...",
        b"S: + eyJzdGF0dXMiOiI0MDEifQ==",
        b"C: ",
        b"S: TAG NO [AUTHENTICATIONFAILED] no",
    )
    with pytest.raises(ImapLoginError):
        logged_in(b"AUTH=XOAUTH2 SASL-IR", Token("alice", "hunter2"), *steps)


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (b"NO [AUTHENTICATIONFAILED] wrong", ImapLoginError),
        (b"NO wrong", ImapLoginError),
        (b"NO [UNAVAILABLE] no user database", ImapThrottledError),
        (b"NO [LIMIT] too many connections", ImapThrottledError),
    ],
)
def test_refused_logins(end, error):
    with pytest.raises(error) as caught:
        logged_in(b"AUTH=PLAIN SASL-IR", SECRET, b"C: * AUTHENTICATE PLAIN ...", b"S: TAG " + end)
    assert "hunter2" not in repr(caught.value) + str(caught.value) + caught.value.hint
    assert caught.value.hint


def test_no_login_in_the_open():
    with pytest.raises(ImapTlsError):
        logged_in(b"LOGINDISABLED", SECRET)


def test_no_way_to_log_in():
    with pytest.raises(ImapUnsupportedError) as caught:
        logged_in(b"AUTH=GSSAPI", Token("alice", "hunter2"))
    assert "GSSAPI" in caught.value.hint


def test_traces_and_errors_tell_no_secret():
    told: list[str] = []
    steps = (b'C: * LOGIN "alice" "hunter2"', b"S: TAG BAD what?")
    with connected(b"C: * CAPABILITY", b"S: * CAPABILITY IMAP4rev1", b"S: TAG OK done", *steps) as connection:
        connection._trace = told.append
        with pytest.raises(ImapLoginError):
            Session(connection, ENDPOINT).login(SECRET)
    assert told and "hunter2" not in "".join(told)


# Refusals, and servers that are gone


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (b"NO no", ImapNoError),
        (b"NO [NONEXISTENT] no", ImapNotFoundError),
        (b"NO [TRYCREATE] no", ImapNotFoundError),
        (b"NO [ALREADYEXISTS] no", ImapExistsError),
        (b"NO [NOPERM] no", ImapPermissionError),
        (b"NO [OVERQUOTA] full", ImapQuotaError),
        (b"NO [THROTTLED] slow", ImapThrottledError),
        (b"NO [INUSE] later", ImapThrottledError),
        (b"NO [LIMIT] too many", ImapNoError),
        (b"BAD what?", ImapBadError),
    ],
)
def test_refusals(end, error):
    with client_of(b"", b'C: * DELETE "Box"', b"S: TAG " + end, b"C: * NOOP", b"S: TAG OK") as client:
        with pytest.raises(error) as caught:
            client.mailboxes.delete("Box")
        assert type(caught.value) is error
        assert (caught.value.command, caught.value.mailbox, caught.value.server) == (
            "DELETE",
            "Box",
            "imap.example.org:143",
        )
        client.noop()  # the session goes on


def test_bye_in_the_middle():
    with client_of(b"", b"C: * NOOP", b"S: * BYE [UNAVAILABLE] maintenance") as client:
        with pytest.raises(ImapByeError) as caught:
            client.noop()
        assert caught.value.code == "UNAVAILABLE"
        assert client.closed
        client.logout()


@pytest.mark.parametrize("last", [b"R: ", b"R: * 1 FET", b"R: * 1 FETCH (BODY[] {100}\r\nabc"])
def test_the_line_is_cut(last):
    with client_of(b"", b"C: * NOOP", last) as client:
        with pytest.raises(ImapConnectionError):
            client.noop()
        assert client.closed


def test_a_server_that_falls_silent():
    stop = b"C: never"
    with pytest.raises(AssertionError), client_of(b"", b"C: * NOOP", stop, timeouts=IMPATIENT) as client:
        with pytest.raises(ImapTimeoutError) as caught:
            client.noop()
        assert caught.value.seconds == IMPATIENT.silence
        assert client.closed


def test_a_server_that_talks_and_never_answers():
    ours, theirs = socket.socketpair()

    def talk() -> None:
        with contextlib.suppress(OSError), theirs:
            while True:
                theirs.sendall(b"* OK still here\r\n")
                time.sleep(0.02)

    threading.Thread(target=talk, daemon=True).start()
    connection = Connection(Stream(ours), timeouts=IMPATIENT)
    connection.greet()
    with pytest.raises(ImapTimeoutError) as caught:
        ImapClient(Session(connection, ENDPOINT)).noop()
    assert caught.value.seconds == IMPATIENT.command


def test_a_slow_line_is_not_a_silent_one():
    ours, theirs = socket.socketpair()
    taken = 0

    def take() -> None:
        nonlocal taken
        with theirs:
            theirs.sendall(b"* OK [CAPABILITY IMAP4rev1 LITERAL+] ready\r\n")
            while not (data := theirs.recv(100_000)).endswith(b"END\r\n"):
                taken += len(data)
                time.sleep(0.03)
            theirs.sendall(b"a1 OK done\r\n")
            theirs.recv(1)

    threading.Thread(target=take, daemon=True).start()
    connection = Connection(Stream(ours), timeouts=Timeouts(silence=0.3, command=30.0))
    connection.greet()
    begun = time.monotonic()
    ImapClient(Session(connection, ENDPOINT)).uploads.append("Box", Upload(b"x" * 3_000_000 + b"END"))
    assert time.monotonic() - begun > 0.5
    assert taken > 2_000_000
    connection.close()


def test_noise():
    with client_of(b"", b"C: * NOOP", b"S: noise") as client, pytest.raises(ImapProtocolError):
        client.noop()


def test_a_response_that_is_too_long():
    with (
        connected(b"C: * NOOP", b"S: * 1 FETCH (BODY[] {5000}", limits=Limits(literal=4999)) as connection,
        pytest.raises(ImapLimitError),
    ):
        session = Session(connection, ENDPOINT)
        ImapClient(session).noop()


def test_alerts_are_kept():
    with client_of(b"", b"C: * NOOP", b"S: * OK [ALERT] disk is nearly full", b"S: TAG OK") as client:
        client.noop()
        assert list(client.session.connection.alerts) == ["disk is nearly full"]


# Mailboxes


def test_listing_without_any_extension():
    steps = (
        b'C: * LIST "" "*"',
        b'S: * LIST (\\Noselect) "/" A',
        b'S: * LIST () "/" "A/&AOk-"',
        b"S: * LIST () NIL INBOX",
        b"S: TAG OK",
        b'C: * LSUB "" "*"',
        b'S: * LSUB () "/" inbox',
        b'S: * LSUB () "/" gone',
        b"S: TAG OK",
        b'C: * STATUS "A/&AOk-" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)',
        b'S: * STATUS "A/&AOk-" (MESSAGES 5)',
        b"S: TAG OK",
        b'C: * STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)',
        b"S: TAG NO gone",
    )
    with client_of(b"", *steps) as client:
        found = client.mailboxes.list(status=True)
    assert [(info.name, info.selectable, info.subscribed, info.status and info.status.messages) for info in found] == [
        ("A", False, False, None),
        ("A/é", True, False, 5),
        ("INBOX", True, True, None),
    ]


def test_a_namespace_is_made_up():
    with client_of(b"", b'C: * LIST "" ""', b'S: * LIST (\\Noselect) "." ""', b"S: TAG OK") as client:
        assert client.mailboxes.namespaces().personal[0].separator == "."
        assert client.mailboxes.namespaces().personal[0].separator == "."


def test_select_tells_a_missing_mailbox_from_other_refusals():
    steps = (b'C: * SELECT "No"', b"S: TAG NO no", b'C: * LIST "" "No"', b"S: TAG OK")
    with client_of(b"", *steps) as client, pytest.raises(ImapNotFoundError):
        client.select("No")


# The selected mailbox


def test_old_changes_do_not_count_for_another_uidvalidity():
    steps = (
        b"C: * ENABLE QRESYNC",
        b"S: * ENABLED QRESYNC",
        b"S: TAG OK",
        b'C: * SELECT "Box" (QRESYNC (6 100))',
        b"S: * OK [HIGHESTMODSEQ 9] ok",
        *SELECTED,
    )
    with client_of(b"ENABLE QRESYNC", *steps) as client:
        client.session.get_ready()
        assert client.select("Box", known=KnownState(6, 100)).changes is None


def test_what_the_mailbox_before_said_is_not_for_the_next():
    steps = (
        b"C: * ENABLE QRESYNC",
        b"S: * ENABLED QRESYNC",
        b"S: TAG OK",
        b'C: * SELECT "Box" (QRESYNC (7 100))',
        b"S: * VANISHED 1:50",
        b"S: * OK [CLOSED] the other one",
        b"S: * OK [HIGHESTMODSEQ 120] ok",
        b"S: * VANISHED (EARLIER) 20:29",
        *SELECTED,
    )
    with client_of(b"ENABLE QRESYNC", *steps) as client:
        client.session.get_ready()
        mailbox = client.select("Box", known=KnownState(7, 100))
    assert mailbox.changes is not None
    assert mailbox.changes.vanished == UidSet.of(range(20, 30))
    assert mailbox.state.exists == 3


FETCH = b"C: * UID FETCH 1:3 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])"


def test_fetching_among_unsolicited_responses():
    steps = (
        *SELECT,
        FETCH,
        b"S: * 1 FETCH (UID 1 BODY[] {1}\r\na FLAGS ())",
        b"S: * 4 EXISTS",
        b"S: * 3 FETCH (FLAGS (\\Seen))",
        b"S: * OK still here",
        b"S: * 2 FETCH (UID 2 FLAGS (\\Seen))",
        b"S: * 3 FETCH (UID 3 BODY[] NIL)",
        b"S: * XYZZY",
        b'S: * 2 FETCH (UID 2 BODY[] "")',
        b"S: TAG OK done",
    )
    with client_of(b"", *steps) as client:
        messages = list(client.select("Box").fetch(UidSet.of([1, 2, 3])))
    assert [(message.uid, message.body) for message in messages] == [(1, b"a"), (2, b"")]


def test_messages_before_a_failure_are_handed_out():
    steps = (*SELECT, FETCH, b"S: * 1 FETCH (UID 1 BODY[] {1}\r\na)", b"S: TAG NO [SERVERBUG] disk error")
    with client_of(b"", *steps) as client:
        messages = client.select("Box").fetch(UidSet.of([1, 2, 3]))
        assert next(messages).uid == 1
        with pytest.raises(ImapNoError):
            next(messages)


def test_messages_that_went_meanwhile_are_no_failure():
    steps = (*SELECT, FETCH, b"S: * 1 FETCH (UID 1 BODY[] {1}\r\na)", b"S: TAG NO [EXPUNGEISSUED] some are gone")
    with client_of(b"", *steps) as client:
        assert len(list(client.select("Box").fetch(UidSet.of([1, 2, 3])))) == 1


def test_a_fetch_that_is_given_up():
    steps = (
        *SELECT,
        FETCH,
        b"R: " + b"".join(b"* %d FETCH (UID %d BODY[] {1}\r\na)\r\n" % (uid, uid) for uid in (1, 2, 3)),
        b"S: TAG OK done",
        b"C: * UID FETCH 2 (UID FLAGS)",
        b"S: * 2 FETCH (UID 2 FLAGS (x))",
        b"S: TAG OK",
    )
    with client_of(b"", *steps) as client:
        mailbox = client.select("Box")
        for message in mailbox.fetch(UidSet.of([1, 2, 3])):
            assert message.uid == 1
            break
        (again,) = mailbox.fetch(UidSet.of([2]), FLAGS)
        assert again.flags == frozenset({"x"})


def test_a_caller_may_take_its_time():
    steps = (
        *SELECT,
        FETCH,
        b"S: * 1 FETCH (UID 1 BODY[] {1}\r\na)",
        b"W: 0.7",
        b"S: * 2 FETCH (UID 2 BODY[] {1}\r\nb)",
        b"S: TAG OK",
    )
    with client_of(b"", *steps, timeouts=Timeouts(silence=1.0, command=0.4)) as client:
        uids = []
        for message in client.select("Box").fetch(UidSet.of([1, 2, 3])):
            uids.append(message.uid)
            time.sleep(0.5)
    assert uids == [1, 2]


def test_fetches_are_cut_and_pipelined():
    steps = [*SELECT]
    for first in (1, 501, 1001):
        steps.append(
            b"C: * UID FETCH %d:%d (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])" % (first, min(first + 499, 1200))
        )
    steps += [b"S: a3 OK done", b"S: * 7 FETCH (UID 700 BODY[] {1}\r\nx)", b"S: a4 OK", b"S: a5 OK"]
    with client_of(b"", *steps) as client:
        assert [message.uid for message in client.select("Box").fetch(UidSet.of(range(1, 1201)), MESSAGE)] == [700]


def test_moving_without_move_and_uidplus_takes_no_other_message():
    steps = (
        *SELECT,
        b'C: * UID COPY 5:6 "Other"',
        b"S: TAG OK",
        b"C: * UID STORE 5:6 +FLAGS.SILENT (\\Deleted)",
        b"S: TAG OK",
        b"C: * UID SEARCH DELETED",
        b"S: * SEARCH 5 6 9",
        b"S: TAG OK",
        b"C: * UID STORE 9 -FLAGS.SILENT (\\Deleted)",
        b"S: TAG OK",
        b"C: * EXPUNGE",
        b"S: * 2 EXPUNGE",
        b"S: * 2 EXPUNGE",
        b"S: TAG OK",
        b"C: * UID STORE 9 +FLAGS.SILENT (\\Deleted)",
        b"S: TAG OK",
        b"C: * UID SEARCH UID 5:6",
        b"S: * SEARCH",
        b"S: TAG OK",
    )
    with client_of(b"", *steps) as client:
        moved = client.select("Box").move(UidSet.of([5, 6]), "Other")
    assert moved.uids is None
    assert not moved.left


def test_move_tells_where_the_messages_went():
    steps = (
        *SELECT,
        b'C: * UID MOVE 5:6 "Other"',
        b"S: * OK [COPYUID 38 5:6 100:101] moved",
        b"S: * 1 EXPUNGE",
        b"S: * 1 EXPUNGE",
        b"S: TAG OK done",
    )
    with client_of(b"MOVE UIDPLUS", *steps) as client:
        mailbox = client.select("Box")
        moved = mailbox.move(UidSet.of([5, 6]), "Other")
    assert (moved.uid_validity, moved.uids) == (38, {5: 100, 6: 101})
    assert mailbox.state.exists == 1


def test_leaving_without_unselect_expunges_nothing():
    steps = (*SELECT, b'C: * EXAMINE "Box"', b"S: * 3 EXISTS", b"S: TAG OK [READ-ONLY] ok", b"C: * CLOSE", b"S: TAG OK")
    with client_of(b"", *steps) as client:
        client.select("Box").close()


# Uploads


def uploads(*bodies: bytes) -> list[Upload]:
    return [Upload(body) for body in bodies]


def test_appending_one_by_one_by_literals_that_are_asked_for():
    steps: list[bytes] = []
    for size in (1, 2):
        steps += [
            b'C: * APPEND "Box" {%d}' % size,
            b"S: + go",
            b"L: %d" % size,
            b"C: ",
            b"S: TAG OK [APPENDUID 7 %d] ok" % size,
        ]
    with client_of(b"", *steps) as client:
        done = list(client.uploads.append_many("Box", uploads(b"a", b"bb")))
    assert [(item.index, item.uid_validity, item.uid) for item in done] == [(0, 7, 1), (1, 7, 2)]


def test_a_refused_batch_is_tried_message_by_message():
    steps = (
        b'C: * APPEND "Box" {1+}',
        b"C:  {1+}".replace(b"C:  ", b"C: a "),
        b"C: b",
        b"S: a2 NO [CANNOT] one of them is bad",
        b'C: * APPEND "Box" {1+}',
        b"C: a",
        b"S: TAG OK [APPENDUID 7 1] ok",
        b'C: * APPEND "Box" {1+}',
        b"C: b",
        b"S: TAG NO [CANNOT] bad",
    )
    with client_of(b"MULTIAPPEND LITERAL+", *steps) as client:
        done = list(client.uploads.append_many("Box", uploads(b"a", b"b")))
    assert [(item.index, item.uid, item.error is not None) for item in done] == [(0, 1, False), (1, None, True)]


def test_a_missing_mailbox_stops_the_upload():
    steps = (b'C: * APPEND "Box" {1+}', b"C: a {1+}", b"C: b", b"S: a2 NO [TRYCREATE] none")
    with client_of(b"MULTIAPPEND LITERAL+", *steps) as client, pytest.raises(ImapNotFoundError):
        list(client.uploads.append_many("Box", uploads(b"a", b"b")))


def test_a_message_longer_than_the_server_takes_is_not_sent():
    steps = (b'C: * APPEND "Box" {1+}', b"C: a", b"S: TAG OK", b'C: * APPEND "Box" {1+}', b"C: b", b"S: TAG OK")
    with client_of(b"MULTIAPPEND LITERAL+ APPENDLIMIT=3", *steps) as client:
        done = {item.index: item for item in client.uploads.append_many("Box", uploads(b"a", b"long", b"b"))}
        with pytest.raises(ImapLimitError):
            client.uploads.append("Box", Upload(b"long"))
    assert isinstance(done[1].error, ImapLimitError)
    assert done[0].error is None and done[0].uid is None and done[2].error is None


def test_replacing():
    steps = (
        *SELECT,
        b'C: * UID REPLACE 4 "Box" (\\Seen) {3+}',
        b"C: new",
        b"S: * OK [APPENDUID 7 31] replaced",
        b"S: * 2 EXPUNGE",
        b"S: TAG OK",
    )
    with client_of(b"REPLACE LITERAL+", *steps) as client:
        done = client.uploads.replace(client.select("Box"), 4, Upload(b"new", frozenset({"\\Seen"})))
    assert done.uid == 31


def test_utf8_headers_after_enable():
    steps = (
        b"C: * ENABLE UTF8=ACCEPT",
        b"S: * ENABLED UTF8=ACCEPT",
        b"S: TAG OK",
        'C: * APPEND "Entwürfe" UTF8 (~{15+}'.encode(),
        "C: Subject: é".encode(),
        b"C: ",
        b"C: )",
        b"S: TAG OK",
    )
    with client_of(b"ENABLE UTF8=ACCEPT LITERAL+", *steps) as client:
        client.session.get_ready()
        client.uploads.append("Entwürfe", Upload("Subject: é\r\n\r\n".encode()))


# Sharing, annotations


def test_an_old_server_is_told_the_old_rights():
    with client_of(b"ACL", b'C: * SETACL "Box" "bob" "lrscd"', b"S: TAG OK") as client:
        client.access.grant("Box", "bob", Rights.parse("lrskxte"))


def test_annotatemore_in_place_of_metadata():
    steps = (
        b'C: * GETANNOTATION "Box" "/vendor/kolab/folder-type" "value.shared"',
        b'S: * ANNOTATION "Box" "/vendor/kolab/folder-type" ("value.shared" "event")',
        b"S: TAG OK",
        b'C: * SETANNOTATION "Box" "/comment" ("value.priv" NIL)',
        b"S: TAG OK",
    )
    with client_of(b"ANNOTATEMORE", *steps) as client:
        entry = "/shared/vendor/kolab/folder-type"
        assert client.annotations.get("Box", [entry]) == {entry: b"event"}
        client.annotations.set("Box", {"/private/comment": None})


def test_nothing_to_share_with():
    with client_of(b"") as client:
        assert client.access.mine("Box") == Rights.parse("lrswipkxtea")
        assert client.quotas.of("Box") == []
        assert not client.annotations.available
        for ask in (lambda: client.access.get("Box"), lambda: client.annotations.get("Box", ["/shared/comment"])):
            with pytest.raises(ImapUnsupportedError):
                ask()


# Waiting


def test_idle():
    steps = (
        *SELECT,
        b"C: * IDLE",
        b"S: + idling",
        b"S: * OK still here",
        b"S: * 4 EXISTS",
        b"C: DONE",
        b"S: * VANISHED 8",
        b"S: TAG OK done",
    )
    with client_of(b"IDLE", *steps) as client:
        client.select("Box")
        assert client.watcher.wait(5.0) == [Exists(4), Vanished(UidSet.of([8]), earlier=False)]


def test_idle_on_a_line_that_is_dead():
    steps = (b"C: * IDLE", b"S: + idling", b"C: DONE", b"C: never")
    with pytest.raises(AssertionError), client_of(b"IDLE", *steps, timeouts=IMPATIENT) as client:
        with pytest.raises(ImapTimeoutError):
            client.watcher.wait(0.1)
        assert client.closed


def test_idle_ended_by_the_server():
    steps = (b"C: * IDLE", b"S: + idling", b"S: TAG NO idled enough", b"C: * NOOP", b"S: TAG OK")
    with client_of(b"IDLE", *steps) as client:
        with pytest.raises(ImapNoError):
            client.watcher.wait(5.0)
        client.noop()


def test_asking_where_there_is_no_idle():
    with client_of(b"", b"C: * NOOP", b"S: * 9 EXISTS", b"S: TAG OK") as client:
        assert client.watcher.wait(0.05) == [Exists(9)]


def test_waiting_is_interrupted_by_another_thread():
    steps = (b"C: * IDLE", b"S: + idling", b"C: DONE", b"S: TAG OK", b"C: * NOOP", b"S: TAG OK")
    with client_of(b"IDLE", *steps) as client:
        timer = threading.Timer(0.1, client.session.connection.interrupt)
        timer.start()
        begun = time.monotonic()
        assert client.watcher.wait(10.0) == []
        assert time.monotonic() - begun < 5
        timer.join()
        client.session.connection.interrupt()  # ends no command
        client.noop()


def test_every_error_has_the_one_root():
    for error in (ImapByeError("x"), ImapTimeoutError("x", seconds=1), ImapLimitError("x", limit=1)):
        assert isinstance(error, ImapError)


# Streams


def test_a_stream_that_another_command_overtook_says_so():
    steps = (
        *SELECT, b"C: * UID FETCH 1:* (UID FLAGS)",
        b"S: * 1 FETCH (UID 3 FLAGS ())", b"S: * 2 FETCH (UID 9 FLAGS ())", b"S: TAG OK done",
        b"C: * NOOP", b"S: TAG OK done",
    )  # fmt: skip
    with client_of(b"", *steps) as client:
        stream = client.select("Box").fetch(None, FLAGS)
        assert next(stream).uid == 3
        client.noop()
        with pytest.raises(ImapOvertakenError):
            next(stream)


def test_a_stream_read_to_its_end_is_overtaken_by_nothing():
    steps = (
        *SELECT, b"C: * UID FETCH 1:* (UID FLAGS)", b"S: * 1 FETCH (UID 3 FLAGS ())", b"S: TAG OK done",
        b"C: * NOOP", b"S: TAG OK done",
    )  # fmt: skip
    with client_of(b"", *steps) as client:
        stream = client.select("Box").fetch(None, FLAGS)
        assert [message.uid for message in stream] == [3]
        client.noop()
        assert next(stream, None) is None


def test_a_delta_is_streamed():
    steps = (
        *SELECT[:-1], b"S: * OK [HIGHESTMODSEQ 90] ok", SELECT[-1],
        b"C: * UID FETCH 1:29 (UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ) (CHANGEDSINCE 50 VANISHED)",
        b"S: * VANISHED (EARLIER) 1:2", b"S: * 4 EXISTS", b"S: * 3 FETCH (UID 9 FLAGS () MODSEQ (60))",
        b"S: * 1 FETCH (FLAGS ())", b"S: TAG OK done",
    )  # fmt: skip
    with client_of(b"QRESYNC", *steps) as client:
        client.session.connection.protocol.enabled = frozenset({"QRESYNC"})
        vanished, changed = client.select("Box").delta(50)
    assert isinstance(vanished, Vanished) and list(vanished.uids) == [1, 2]
    assert isinstance(changed, Fetched) and (changed.uid, changed.modseq) == (9, 60)


def test_a_delta_needs_mod_sequences():
    select = b'C: * SELECT "Box" (CONDSTORE)'
    with client_of(b"CONDSTORE", select, *SELECTED) as client, pytest.raises(ImapUsageError):
        next(client.select("Box").delta(50))


def test_a_survey_is_one_round_trip():
    steps = (
        *SELECT,
        b"C: a3 UNSELECT", b"C: a4 NAMESPACE", b'C: a5 LIST "" "*"',
        b"S: a3 OK left", b'S: * NAMESPACE (("" "/")) NIL NIL', b"S: a4 OK done",
        b'S: * LIST () "/" INBOX', b"S: a5 OK done",
    )  # fmt: skip
    with client_of(b"UNSELECT NAMESPACE", *steps) as client:
        client.select("Box")
        (found,) = client.mailboxes.list(subscriptions=False, survey=True)
        assert found.name == "INBOX"
        assert client.mailboxes.namespaces().personal == (Namespace("", "/"),)
        assert client.session.connection.protocol.mailbox is None


def test_a_survey_without_unselect_looks_at_the_selected_mailbox_anew():
    steps = (
        *SELECT, b"C: a3 NOOP", b'C: a4 LIST "" "*"',
        b"S: * 4 EXISTS", b"S: a3 OK done", b'S: * LIST () "/" INBOX', b"S: a4 OK done",
    )  # fmt: skip
    with client_of(b"", *steps) as client:
        mailbox = client.select("Box")
        client.mailboxes.list(subscriptions=False, survey=True)
        assert mailbox.state.exists == 4


@pytest.mark.parametrize(("enabled", "charset"), [((), b"CHARSET UTF-8 "), (("UTF8=ACCEPT",), b"")])
def test_the_charset_of_a_search_is_named_only_where_it_may_be(enabled, charset):
    steps = (
        *SELECT, b"C: * UID SEARCH " + charset + b'HEADER "Subject" {4+}', b"L: 4", b"C: ",
        b"S: * SEARCH 3", b"S: TAG OK",
    )  # fmt: skip
    with client_of(b"LITERAL+", *steps) as client:
        client.session.connection.protocol.enabled = frozenset(enabled)
        assert list(client.select("Box").search(searching.header("Subject", "gr\u00fc"))) == [3]
