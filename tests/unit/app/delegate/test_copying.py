"""Copies of meeting requests: found once, sent once, whatever goes wrong and whenever the program ends.

The servers are in memory: an Inbox that answers what is asked of it, and a submission server that keeps what it took.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes
from typing import Any, cast

import pytest

from mailconnector.app.delegate.copying import Copying, CopyReport
from mailconnector.app.delegate.ledger import Copy, CopyLedgerError, Fate, Ledger, read_ledger, write_ledger
from mailconnector.app.delegate.record import OWN_ENTRY, Delegate, Place, Record, own_value
from mailconnector.app.errors import SecretError
from mailconnector.imap import Fetched, ImapProtocolError, UidSet
from mailconnector.imap.protocol import MailboxState
from mailconnector.smtp import SmtpConnectionError, SmtpRefusedError, SmtpUnknownError, Submitted
from mailconnector.sync import State

NOW = 1_800_000_000.0
CALENDAR = (b"text", b"calendar", (b"method", b"REQUEST"), None, None, b"7bit", b"90", b"5")
PLAIN = (b"text", b"plain", None, None, None, b"7bit", b"90", b"5")


@dataclass(frozen=True)
class Mail:
    name: str
    structure: object = CALENDAR
    arrived: float = NOW
    header: bytes = b""

    @property
    def head(self) -> bytes:
        return (
            b"From: carol@x.org\r\nSubject: %s\r\nMessage-ID: <%s@x.org>\r\n" % ((self.name.encode(),) * 2)
            + self.header
        )


@dataclass
class Server:
    """A mail server and a submission server."""

    record: Record
    validity: int = 7
    inbox: dict[int, Mail] = field(default_factory=dict)
    next_uid: int = 1
    took: list[tuple[str, str]] = field(default_factory=list)
    bytes_taken: list[bytes] = field(default_factory=list)
    event: Callable[[str], None] = lambda name: None
    logins: int = 0

    def deliver(self, *mails: Mail) -> None:
        for mail in mails:
            self.inbox[self.next_uid] = mail
            self.next_uid += 1

    def renumber(self) -> None:
        self.validity += 1
        mails = list(self.inbox.values())
        self.inbox, self.next_uid = {}, 1
        self.deliver(*mails)

    # -- as an IMAP session

    closed = False
    annotations = property(lambda self: self)
    state = property(lambda self: MailboxState("INBOX", uid_validity=self.validity, uid_next=self.next_uid))

    def logout(self) -> None:
        pass

    def get(self, mailbox: str, entries: Sequence[str]) -> dict[str, bytes | None]:
        return {OWN_ENTRY: own_value(self.record)}

    def select(self, name: str, *, read_only: bool) -> Server:
        assert read_only
        return self

    def search(self, query: Any) -> UidSet:
        if query.parts[0] == b"UID":
            first, _, last = query.parts[1].partition(b":")
            return UidSet.of(uid for uid in self.inbox if int(first) <= uid <= int(last or first))
        return UidSet.of(self.inbox)

    def fetch(self, uids: UidSet, items: Sequence[str]) -> Iterator[Fetched]:
        for uid in uids:
            if uid not in self.inbox:
                continue
            mail = self.inbox[uid]
            if mail.structure is None and "BODYSTRUCTURE" in items:
                raise ImapProtocolError("lists are nested too deep")
            when = datetime.fromtimestamp(mail.arrived, UTC)
            other = {"BODYSTRUCTURE": mail.structure, "BODY[HEADER]": mail.head + b"\r\n"}
            body = mail.head + b"\r\nMETHOD:REQUEST\r\n" if "BODY.PEEK[]" in items else None
            yield Fetched(1, uid, internal_date=when, body=body, other=cast("Any", other))

    # -- as a submission server

    is_open = True

    @contextmanager
    def submission(self) -> Iterator[Server]:
        self.logins += 1
        self.event("login")
        yield self

    def submit(self, sender: str, to: Sequence[str], message: bytes, *, ending: Callable[[Any], None]) -> Submitted:
        assert sender == "alice@x.org"
        self.event("begin")
        ending(to)
        self.event("end")
        name = str(message_from_bytes(message)["Message-ID"]).strip("<>").partition("@")[0]
        self.took.append((name, to[0]))
        self.bytes_taken.append(message)
        self.event("answer")
        return Submitted(tuple(to))


def delegate(login: str, uid: int = 1, validity: int = 7) -> Delegate:
    return Delegate(login, f"{login}@x.org", requests=True, since=Place(validity, uid))


@pytest.fixture
def state() -> Iterator[State]:
    with State(":memory:") as opened:
        write_ledger(opened, Ledger("me", NOW - 3600))
        yield opened


@pytest.fixture
def server() -> Server:
    return Server(Record({"bob": delegate("bob")}, "me"))


def run(server: Server, state: State, now: float = NOW, cancelled: Callable[[], bool] = lambda: False) -> CopyReport:
    as_client: Any = server
    report = Copying("alice@x.org", state, lambda: as_client, as_client.submission, cancelled, lambda: now).run()
    assert report is not None
    return report


def fates(state: State) -> dict[str, Fate]:
    ledger = read_ledger(state)
    assert ledger is not None
    return {copy.name[:4] if not copy.subject else copy.subject: copy.fate for copy in ledger.copies}


def test_a_connector_that_does_not_do_it_asks_nobody() -> None:
    with State(":memory:") as opened:
        nobody: Any = None
        assert Copying("alice@x.org", opened, nobody, nobody).run() is None


def test_what_is_new_goes_once_and_unchanged(server: Server, state: State) -> None:
    server.deliver(Mail("one"), Mail("plain", PLAIN), Mail("two"))
    report = run(server, state)
    assert [copy.subject for copy in report.sent] == ["one", "two"]
    assert (report.waiting, report.troubles) == (0, ())
    assert run(server, state).sent == ()
    assert server.took == [("one", "bob@x.org"), ("two", "bob@x.org")]
    assert server.bytes_taken[0].endswith(Mail("one").head + b"\r\nMETHOD:REQUEST\r\n")
    head = message_from_bytes(server.bytes_taken[0])
    assert (head["Resent-From"], head["Resent-To"]) == ("<alice@x.org>", "<bob@x.org>")


def test_each_gets_what_comes_from_their_time_on(server: Server, state: State) -> None:
    server.deliver(Mail("early"), Mail("middle"))
    server.record = Record({"bob": delegate("bob", 2), "dave": delegate("dave", 3)}, "me")
    server.deliver(Mail("late"))
    run(server, state)
    assert sorted(server.took) == [("late", "bob@x.org"), ("late", "dave@x.org"), ("middle", "bob@x.org")]


def test_copies_old_mail_and_what_the_delegate_wrote_are_left_alone(server: Server, state: State) -> None:
    server.deliver(
        Mail("copy", header=b"X-MailConnector-Copy: <dave@x.org>\r\n"),
        Mail("old", arrived=NOW - 90_000),
        Mail("his", header=b"Sender: Bob <BOB@x.org>\r\n"),
        Mail("redirected", header=b"X-Sieve-Redirected-From: bob@x.org\r\n"),
        Mail("real"),
    )
    run(server, state)
    assert server.took == [("real", "bob@x.org")]


def test_what_came_just_before_does_not_go_when_it_comes_into_the_inbox_again(server: Server, state: State) -> None:
    server.deliver(Mail("before", arrived=NOW - 60))
    server.record = Record({"bob": delegate("bob", 2)}, "me")
    run(server, state)
    server.deliver(Mail("before", arrived=NOW - 60), Mail("after"))
    run(server, state)
    assert server.took == [("after", "bob@x.org")]


def test_what_is_moved_out_and_in_goes_once(server: Server, state: State) -> None:
    server.deliver(Mail("one"))
    run(server, state)
    server.inbox.clear()
    server.deliver(Mail("one"), Mail("one"))
    run(server, state)
    assert server.took == [("one", "bob@x.org")]


def test_when_the_server_numbers_anew_nothing_goes_twice_and_nothing_is_missed(server: Server, state: State) -> None:
    server.deliver(Mail("one"), Mail("ancient", arrived=NOW - 90_000))
    run(server, state)
    server.event = refusing("login", 1)
    server.deliver(Mail("two"))
    assert run(server, state).waiting == 1
    server.deliver(Mail("three"))
    server.renumber()
    server.event = lambda name: None
    run(server, state, NOW + 1000)
    run(server, state, NOW + 1000)
    assert server.took == [("one", "bob@x.org"), ("two", "bob@x.org"), ("three", "bob@x.org")]


def refusing(at: str, times: int, error: BaseException | None = None) -> Callable[[str], None]:
    left = [times]

    def event(name: str) -> None:
        if name == at and left[0] > 0:
            left[0] -= 1
            raise error or SmtpConnectionError("the server hung up")

    return event


def test_a_server_that_cannot_be_reached_is_left_alone_for_a_while(server: Server, state: State) -> None:
    server.deliver(Mail("one"))
    server.event = refusing("login", 2, SecretError("there is no password"))
    report = run(server, state)
    assert (report.waiting, [str(one.error) for one in report.troubles]) == (1, ["there is no password"])
    assert (run(server, state, NOW + 10).troubles, server.logins) == ((), 1)
    assert len(run(server, state, NOW + 100).troubles) == 1
    assert (run(server, state, NOW + 160).waiting, server.logins) == (1, 2)  # the second pause is longer
    assert run(server, state, NOW + 1000).sent != ()
    assert server.took == [("one", "bob@x.org")]


def test_what_a_server_refuses_for_good_is_told_and_given_up(server: Server, state: State) -> None:
    server.deliver(Mail("one"), Mail("two"))
    server.event = refusing("begin", 1, SmtpRefusedError("RCPT", 550, "no such user"))
    report = run(server, state)
    assert [(one.subject, one.to) for one in report.troubles] == [("one", "bob@x.org")]
    assert server.took == [("two", "bob@x.org")]
    assert fates(state) == {"one": Fate.FAILED, "two": Fate.SENT}
    assert run(server, state).troubles == ()


def test_what_a_server_refuses_for_now_is_tried_again_and_not_for_ever(server: Server, state: State) -> None:
    server.deliver(Mail("one"))
    busy = SmtpRefusedError("MAIL", 451, "later")
    server.event = refusing("begin", 1, busy)
    assert (run(server, state).waiting, server.took) == (1, [])
    assert run(server, state, NOW + 100).sent != ()
    server.deliver(Mail("two"))
    server.event = refusing("begin", 1000, busy)
    now = NOW
    for _ in range(40):
        now += 86_400 / 2
        run(server, state, now)
    assert fates(state)["two"] is Fate.FAILED


def test_a_message_that_is_gone_meanwhile_is_told(server: Server, state: State) -> None:
    server.deliver(Mail("one"))
    server.event = refusing("login", 1)
    run(server, state)
    server.inbox.clear()
    (trouble,) = run(server, state, NOW + 100).troubles
    assert "not in your Inbox any more" in str(trouble.error)
    assert fates(state) == {"one": Fate.FAILED}


def test_an_answer_that_never_came_is_told_once_and_nothing_is_repeated(server: Server, state: State) -> None:
    server.deliver(Mail("one"))
    server.event = refusing("answer", 1, SmtpUnknownError("nobody knows", recipients=("bob@x.org",)))
    (trouble,) = run(server, state).troubles
    assert (trouble.subject, trouble.to) == ("one", "bob@x.org")
    report = run(server, state)
    assert (report.troubles, report.sent) == ((), ())
    assert (server.took, fates(state)) == ([("one", "bob@x.org")], {"one": Fate.UNKNOWN})


def test_many_at_once_go_in_several_runs(server: Server, state: State) -> None:
    server.deliver(*(Mail(f"n{number}") for number in range(250)))
    first = run(server, state)
    assert (len(first.sent), first.waiting) == (100, 150)
    run(server, state)
    run(server, state)
    assert Counter(server.took) == Counter((f"n{number}", "bob@x.org") for number in range(250))


def test_a_message_whose_form_cannot_be_read_keeps_no_other_back(server: Server, state: State) -> None:
    server.deliver(*(Mail(f"n{number}") for number in range(9)), Mail("bad", structure=None), Mail("last"))
    report = run(server, state)
    (trouble,) = report.troubles
    assert str(trouble.error).startswith("the message with the UID 10")
    assert len(server.took) == 10
    assert run(server, state).troubles == ()


def test_who_is_no_delegate_any_more_gets_nothing_that_waits(server: Server, state: State) -> None:
    server.record = server.record.having(delegate("dave"))
    server.deliver(Mail("one"))
    server.event = refusing("login", 1)
    assert run(server, state).waiting == 2
    server.record = server.record.without("bob")
    run(server, state, NOW + 100)
    assert server.took == [("one", "dave@x.org")]


def test_a_connector_that_hands_over_ends_where_the_other_begins(server: Server, state: State) -> None:
    server.deliver(Mail("mine"))
    server.record = replace(server.record, copier="", until=Place(7, 2)).having(
        Delegate("dave", "d@x.org", requests=True)
    )
    server.deliver(Mail("the filter's"))
    run(server, state)
    assert server.took == [("mine", "bob@x.org")]
    assert read_ledger(state) is None


@pytest.mark.parametrize("record", [Record(), Record({"bob": delegate("bob")}, "somebody else")])
def test_a_connector_that_is_not_the_one_any_more_ends(server: Server, state: State, record: Record) -> None:
    server.record = record
    server.deliver(Mail("one"))
    run(server, state)
    assert (server.took, read_ledger(state)) == ([], None)


class Killed(BaseException):
    pass


@pytest.mark.parametrize("what", ["login", "begin", "end", "answer", "write"])
@pytest.mark.parametrize("at", range(1, 12))
def test_ended_anywhere_nothing_goes_twice_and_what_may_not_have_gone_is_told(
    server: Server, state: State, what: str, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.record = server.record.having(delegate("dave"))
    server.deliver(Mail("one"), Mail("two"))
    count = [0]

    def event(name: str) -> None:
        if name == what:
            count[0] += 1
            if count[0] == at:
                raise Killed

    plain = State.set_fact

    def set_fact(self: State, name: str, value: str) -> None:
        plain(self, name, value)
        event("write")  # the transaction is undone

    server.event = event
    monkeypatch.setattr(State, "set_fact", set_fact)
    with suppress(Killed):
        run(server, state)
    monkeypatch.setattr(State, "set_fact", plain)
    server.event = lambda name: None
    told = [(one.subject, one.to) for one in run(server, state).troubles]
    wanted = {(name, to) for name in ("one", "two") for to in ("bob@x.org", "dave@x.org")}
    assert set(server.took) | set(told) == wanted
    assert max(Counter(server.took).values()) == 1
    assert len(told) <= 1  # what was under way, and nothing else
    again = run(server, state)
    assert (again.sent, again.troubles, again.waiting) == ((), (), 0)


def test_the_ledger_is_written_read_and_kept_in_bounds(state: State) -> None:
    copies = tuple(Copy(f"{n}", "b@x.org", n, "Größe", Fate.SENT, NOW - 90 * 86_400 * (n < 5)) for n in range(2500))
    ledger = replace(
        Ledger("me", NOW - 1e8), looked=Place(1, 2), copies=(*copies, replace(copies[0], fate=Fate.WAITING))
    )
    write_ledger(state, ledger)
    assert read_ledger(state) == ledger
    pruned = ledger.pruned(NOW)
    assert len(pruned.copies) == 2001
    assert pruned.since == NOW  # so that what is forgotten is not taken for new
    assert any(copy.fate is Fate.WAITING for copy in pruned.copies)
    assert replace(ledger, copies=()).pruned(NOW).since == ledger.since


def test_no_ledger_is_no_damaged_one(state: State) -> None:
    write_ledger(state, None)
    assert read_ledger(state) is None


SOUND = '{"copier": "me", "since": 1.5, "looked": [1, 2], "copies": [%s], "pause": 0, "failures": 0}'


def test_whole_seconds_are_seconds(state: State) -> None:
    state.set_fact("app.delegate.copies", SOUND % '["n", "b@x.org", 1, "s", "sent", 3, 0]')
    ledger = read_ledger(state)
    assert ledger is not None
    assert ledger == Ledger("me", 1.5, Place(1, 2), (Copy("n", "b@x.org", 1, "s", Fate.SENT, 3.0),))


@pytest.mark.parametrize(
    "text",
    [
        *("x", "[]", "{}", "null", "0", '{"copier": 1}', "[" * 100_000),
        SOUND.replace('"me"', "1") % "",
        SOUND.replace("[1, 2]", "[1]") % "",
        SOUND.replace("[1, 2]", '["1", 2]') % "",
        *(
            SOUND % row
            for row in (
                "1",
                '["n", "b@x.org", 1, "s", "sent", 1.0]',
                '["n", "b@x.org", 1, "s", "gone", 1.0, 0]',
                '["n", "b@x.org", 1, "s", "sent", "1", 0]',
                '["n", null, 1, "s", "sent", 1.0, 0]',
            )
        ),
    ],
)
def test_a_damaged_ledger_is_told_and_nothing_is_sent(server: Server, state: State, text: str) -> None:
    server.deliver(Mail("one"))
    with state.transaction():
        state.set_fact("app.delegate.copies", text)
    with pytest.raises(CopyLedgerError) as raised:
        run(server, state)
    assert "delegate add" in raised.value.hint
    assert server.took == []
    assert state.fact("app.delegate.copies") == text  # so that it is told again
