"""Out of the Outbox: what goes, what stays and why, and that nothing goes twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailconnector import pst
from mailconnector.app.account.model import Account
from mailconnector.app.account.profile import Profile
from mailconnector.app.account.steps import StepError, StepName
from mailconnector.app.errors import AppUsageError
from mailconnector.app.send.authorship import NotAllowedError
from mailconnector.app.send.delivering import Choice
from mailconnector.app.send.fates import Fate, OutboxReport, Told
from mailconnector.app.send.ledger import Ledger, LetterState, next_try
from mailconnector.app.send.outbox import Outbox
from mailconnector.app.send.sending import Wanted, send_item
from mailconnector.app.send.tending import have_sent, outbox_letters, take_back
from mailconnector.app.sync.accounts import LiveProfile, job_for
from mailconnector.app.sync.round import Wish, run_round
from mailconnector.app.sync.status import account_status
from mailconnector.app.sync.verdict import Verdict
from mailconnector.items import Address
from mailconnector.mapi import tags
from mailconnector.mapi.types import FileTime
from mailconnector.mapping import to_mapi
from mailconnector.pst import PstDiskError, PstNotFoundError
from mailconnector.smtp import SmtpClient
from mailconnector.sync import Request, Trigger
from tests.exchange import folder_named
from tests.scripted_smtp import hang_up
from tests.unit.app.send.sending import (
    FROM_ME,
    NOW,
    READ,
    SUBMITTED,
    UNSENT,
    User,
    filetime,
    letter,
    new_user,
    no_connection,
)
from tests.unit.app.sync.jobs import World

ALICE = Address("Alice", "alice@x.example")
SENT = "Sent Items"


def test_what_lies_ready_goes_and_is_filed_as_outlook_does(user: User) -> None:
    nid = user.put(letter(bcc=(Address("", "dave@x.example"),)), PidTagClientSubmitTime=filetime(NOW))
    told = user.one()
    assert (told.fate, told.accepted) == (Fate.SENT, ("carol@x.example", "dave@x.example"))
    assert len(user.went) == 1
    assert user.folder_of(nid) == SENT
    properties = user.properties(nid)
    assert properties[tags.PidTagMessageFlags] == READ | FROM_ME
    assert properties[tags.PidTagInternetMessageId] == told.message_id == f"<{b'0123456789abcdef'.hex()}@x.example>"
    assert properties[tags.PidTagClientSubmitTime] == properties[tags.PidTagMessageDeliveryTime] == filetime(NOW)
    (kept,) = user.in_folder(SENT)
    assert [one.email for one in kept.bcc] == ["dave@x.example"]
    assert f"Message-ID: {told.message_id}".encode() in user.went[0]
    assert user.deliver().letters == ()
    assert len(user.went) == 1


def test_in_a_file_of_old_as_well(tmp_path: Path) -> None:
    user = new_user(tmp_path, format="ansi")
    nid = user.put(letter(subject="Grüße"))
    assert user.one().fate is Fate.SENT
    assert user.folder_of(nid) == SENT
    assert user.properties(nid)[tags.PidTagMessageFlags] == READ | FROM_ME


@pytest.mark.parametrize("flags", [UNSENT | READ, READ])
def test_what_the_user_has_not_sent_stays(user: User, flags: int) -> None:
    nid = user.put(letter(), flags)
    assert user.deliver().letters == ()
    assert (user.folder_of(nid), user.went) == ("Outbox", [])
    assert [one.fate for one in outbox_letters(user.account)] == [Fate.OPEN]
    with pytest.raises(AppUsageError, match="not sent by its user"):
        have_sent(user.account, user.job, nid)


@pytest.mark.parametrize("name", ["PidTagDeferredSendTime", "PidTagDeferredDeliveryTime"])
def test_not_before_its_time(user: User, name: str) -> None:
    due = NOW + timedelta(hours=1)
    nid = user.put(letter(), **{name: filetime(due)})
    told = user.one(Choice(insist=True))
    assert (told.fate, told.again, user.went) == (Fate.DEFERRED, due, [])
    assert not told.is_trouble
    user.later(hours=2)
    assert user.one().fate is Fate.SENT
    assert user.folder_of(nid) == SENT


def test_where_the_copy_goes(user: User) -> None:
    elsewhere = user.put(letter(message_id="<1@x.example>"), PidTagSentMailEntryId=user.folder_id("Drafts"))
    nowhere = user.put(letter(message_id="<2@x.example>"), PidTagDeleteAfterSubmit=True)
    unknown = user.put(letter(message_id="<3@x.example>"), PidTagSentMailEntryId=bytes(24))
    assert [one.fate for one in user.deliver().letters] == [Fate.SENT] * 3
    assert (user.folder_of(elsewhere), user.folder_of(unknown)) == ("Drafts", SENT)
    assert [mail.message_id for mail in user.in_folder(SENT)] == ["<3@x.example>"]
    with pytest.raises(PstNotFoundError):
        user.folder_of(nowhere)


def test_on_behalf_of_who_allows_it(user: User) -> None:
    user.trusts = frozenset({"alice@x.example"})
    nid = user.put(letter(author=ALICE))
    assert user.one().fate is Fate.SENT
    assert b"From: Alice <alice@x.example>\r\nSender: Bob <bob@x.example>" in user.went[0]
    assert user.servers[0].said[1].startswith("MAIL FROM:<bob@x.example>")
    properties = user.properties(nid)
    assert properties[tags.PidTagSentRepresentingEmailAddress] == "alice@x.example"
    assert properties[tags.PidTagSenderEmailAddress] == "bob@x.example"
    assert user.folder_of(nid) == SENT


def test_a_message_in_a_name_that_one_may_not_use_stays_with_its_reason(user: User) -> None:
    nid = user.put(letter(author=ALICE))
    for choice in (None, None, Choice(insist=True)):
        told = user.one(choice)
        assert (told.fate, told.is_trouble, user.folder_of(nid)) == (Fate.REFUSED, True, "Outbox")
        assert "alice@x.example does not let you" in told.reason
    assert user.asked == ["alice@x.example"] * 2
    assert user.servers == []
    user.trusts = frozenset({"alice@x.example"})
    assert user.one(Choice(insist=True)).fate is Fate.SENT


def test_an_edit_makes_it_another_try(user: User) -> None:
    nid = user.put(letter(to=()))
    assert user.one().reason.startswith("the message has no recipients")
    assert user.one().fate is Fate.REFUSED
    from_item = to_mapi(letter(message_id="<2@x.example>"))
    with_rows = from_item.recipients[0].properties
    with pst.open_store(user.account.pst_path, writable=True) as store, store.message(nid).edit() as draft:
        draft.set_recipients([with_rows])
        draft.set(tags.PidTagLastModificationTime, FileTime.from_datetime(NOW + timedelta(minutes=1)))
    assert user.one().fate is Fate.SENT


class TestSomeRecipients:
    def test_refused_for_good_the_others_get_it_and_the_user_is_told(self, user: User) -> None:
        people = tuple(Address("", f"{name}@x.example") for name in ("carol", "nobody"))
        nid = user.put(letter(to=people))
        user.answers["RCPT"] = ["250 ok", "550 5.1.1 no such user"]
        told = user.one()
        assert (told.fate, told.accepted) == (Fate.PARTLY, ("carol@x.example",))
        assert [one.recipient for one in told.refused] == ["nobody@x.example"]
        assert user.folder_of(nid) == SENT
        (note,) = user.in_folder("Inbox")
        assert note.subject == "Undeliverable: Hello"
        assert "nobody@x.example\n        550 5.1.1 no such user" in (note.text or "")
        assert not note.flags.seen

    def test_refused_for_now_it_stays_for_them_alone(self, user: User) -> None:
        people = tuple(Address("", f"{name}@x.example") for name in ("carol", "full", "nobody"))
        nid = user.put(letter(to=people))
        user.answers["RCPT"] = ["250 ok", "452 full", "550 no"]
        told = user.one()
        assert (told.fate, told.accepted, user.folder_of(nid)) == (Fate.WAITING, ("carol@x.example",), "Outbox")
        assert "full@x.example: 452" in told.reason
        assert user.one().fate is Fate.WAITING
        assert len(user.went) == 1
        user.answers["RCPT"] = ["250 ok"]
        user.later(minutes=2)
        told = user.one()
        assert (told.fate, told.accepted) == (Fate.PARTLY, ("carol@x.example", "full@x.example"))
        assert [line for line in user.servers[-1].said if line.startswith("RCPT")] == ["RCPT TO:<full@x.example>"]
        assert len(user.in_folder("Inbox")) == 1

    def test_all_refused_it_stays(self, user: User) -> None:
        nid = user.put(letter())
        user.answers["RCPT"] = "550 no such user"
        assert (user.one().fate, user.folder_of(nid)) == (Fate.REFUSED, "Outbox")
        assert user.in_folder("Inbox") == []
        user.answers["RCPT"] = "250 ok"
        assert user.one().fate is Fate.REFUSED
        assert user.one(Choice(insist=True)).fate is Fate.SENT


@pytest.mark.parametrize(
    ("answers", "fate"),
    [
        ({"MAIL": "451 later"}, Fate.WAITING),
        ({"MAIL": "553 5.7.1 not yours"}, Fate.REFUSED),
        ({"END": "452 full"}, Fate.WAITING),
        ({"END": "554 spam"}, Fate.REFUSED),
        ({"DATA": hang_up}, Fate.WAITING),
        ({"END": hang_up}, Fate.UNKNOWN),
    ],
)
def test_a_server_that_does_not_take_it(user: User, answers: dict[str, Any], fate: Fate) -> None:
    nid = user.put(letter())
    user.answers = answers
    told = user.one()
    assert (told.fate, user.folder_of(nid)) == (fate, "Outbox")
    assert told.reason
    assert (told.again is not None) == (fate is Fate.WAITING)
    user.answers = {}
    assert user.one().fate is fate
    user.later(minutes=2)
    before = len(user.went)
    assert (user.one().fate is Fate.SENT) == (fate is Fate.WAITING)
    assert len(user.went) == before + (fate is Fate.WAITING)


def test_waits_grow_and_a_wrong_password_waits_long(user: User) -> None:
    user.put(letter())
    user.down = no_connection()
    waits = []
    for _ in range(8):
        told = user.one()
        assert told.again is not None
        waits.append(round((told.again - user.now).total_seconds() / 60))
        user.now = told.again
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    user.down = StepError(StepName.LOGIN, "refused")
    told = user.one()
    assert told.again == user.now + timedelta(hours=1)


def test_without_a_connection_each_is_tried_once(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        user.put(letter(message_id=f"<{number}@x.example>"))
    user.down = no_connection()
    tries: list[int] = []
    connect = user._connect

    def counted(account: Account) -> SmtpClient:
        tries.append(1)
        return connect(account)

    monkeypatch.setattr(user, "_connect", counted)
    assert [one.fate for one in user.deliver().letters] == [Fate.WAITING] * 3
    assert len(tries) == 1


class TestUnknown:
    def test_it_is_held_until_its_user_decides(self, user: User) -> None:
        nid = user.put(letter())
        user.answers = {"END": hang_up}
        assert user.one().fate is Fate.UNKNOWN
        user.answers = {}
        user.later(days=3)
        for choice in (None, Choice(insist=True), Choice(frozenset((nid,)), insist=True)):
            assert user.one(choice).fate is Fate.UNKNOWN
        assert [one.fate for one in outbox_letters(user.account)] == [Fate.UNKNOWN]
        assert len(user.went) == 1
        assert user.one(Choice(frozenset((nid,)), insist=True, again=True)).fate is Fate.SENT
        assert len(user.went) == 2

    def test_it_had_gone(self, user: User) -> None:
        nid = user.put(letter())
        user.answers = {"END": hang_up}
        user.one()
        assert have_sent(user.account, user.job, nid).accepted == ("carol@x.example",)
        assert user.folder_of(nid) == SENT
        assert user.properties(nid)[tags.PidTagMessageFlags] == READ | FROM_ME
        assert user.deliver().letters == ()
        with pytest.raises(AppUsageError):
            have_sent(user.account, user.job, nid)

    def test_it_is_taken_back(self, user: User) -> None:
        nid = user.put(letter())
        user.answers = {"END": hang_up}
        user.one()
        take_back(user.account, user.job, nid)
        assert user.folder_of(nid) == "Drafts"
        assert user.properties(nid)[tags.PidTagMessageFlags] == UNSENT | READ
        assert user.deliver().letters == ()


class Killed(BaseException):
    """The program ends."""


class TestCutOff:
    def test_before_the_end_it_goes_next_time(self, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
        user.put(letter())

        def die(self: Ledger, entry: Any) -> Any:
            raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(Ledger, "put", die)
            with pytest.raises(Killed):
                user.deliver()
        assert user.went == []
        assert user.one().fate is Fate.SENT
        assert len(user.went) == 1

    def test_while_the_answer_is_awaited_nobody_knows(self, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
        nid = user.put(letter())
        put = Ledger.put

        def die(self: Ledger, entry: Any) -> Any:
            if entry.state is not LetterState.UNDER_WAY:
                raise Killed
            return put(self, entry)

        with monkeypatch.context() as patched:
            patched.setattr(Ledger, "put", die)
            with pytest.raises(Killed):
                user.deliver()
        assert len(user.went) == 1
        told = user.one(Choice(insist=True))
        assert (told.fate, user.folder_of(nid), len(user.went)) == (Fate.UNKNOWN, "Outbox", 1)

    @pytest.mark.parametrize("error", [Killed, PstDiskError("full")])
    def test_before_it_is_filed_it_is_filed_next_time(
        self, user: User, monkeypatch: pytest.MonkeyPatch, error: Any
    ) -> None:
        people = tuple(Address("", f"{name}@x.example") for name in ("carol", "nobody"))
        nid = user.put(letter(to=people))
        user.answers["RCPT"] = ["250 ok", "550 no"]

        def die(*arguments: Any) -> None:
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(Outbox, "tell", die)
            if error is Killed:
                with pytest.raises(Killed):
                    user.deliver()
            else:
                assert user.deliver().error is error
        assert user.folder_of(nid) == "Outbox"
        assert user.one().fate is Fate.PARTLY
        assert (user.folder_of(nid), len(user.went), len(user.in_folder("Inbox"))) == (SENT, 1, 1)

    def test_after_it_is_filed_nothing_is_left_to_do(self, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
        nid = user.put(letter())
        put = Ledger.put

        def die(self: Ledger, entry: Any) -> Any:
            if entry.state is LetterState.FILED:
                raise Killed
            return put(self, entry)

        with monkeypatch.context() as patched:
            patched.setattr(Ledger, "put", die)
            with pytest.raises(Killed):
                user.deliver()
        assert user.folder_of(nid) == SENT
        assert user.deliver().letters == ()
        assert len(user.went) == 1


def test_a_pst_that_is_brought_back_from_a_copy_sends_nothing_twice(user: User) -> None:
    nid = user.put(letter())
    copy = user.account.pst_path.read_bytes()
    assert user.one().fate is Fate.SENT
    user.account.pst_path.write_bytes(copy)
    assert [one.fate for one in outbox_letters(user.account)] == [Fate.UNKNOWN]
    told = user.one(Choice(insist=True))
    assert (told.fate, user.folder_of(nid), len(user.went)) == (Fate.UNKNOWN, "Outbox", 1)
    assert "of the same id went on 2026-11-02" in told.reason


def test_a_message_without_an_id_gets_one_before_it_goes(user: User) -> None:
    headers = b"From: bob@x.example\r\nTo: carol@x.example\r\n"
    nid = user.put(letter(headers=headers))
    user.answers = {"END": hang_up}
    first = user.one()
    assert first.fate is Fate.UNKNOWN
    assert user.properties(nid)[tags.PidTagInternetMessageId] == first.message_id
    user.answers = {}
    assert user.one().fate is Fate.UNKNOWN


def test_without_a_server_to_send_by(tmp_path) -> None:
    user = new_user(tmp_path, smtp=None)
    user.put(letter())
    report = user.deliver()
    assert isinstance(report.error, AppUsageError)
    assert "--smtp-host" in report.error.hint


class TestOneMessage:
    def send(self, user: User, **values: Any) -> Any:
        wanted = Wanted(values.pop("on_behalf_of", ""), values.pop("again", False))
        try:
            return send_item(letter(**values), user.account, user.job, wanted, user.means)
        finally:
            user._open.close()

    def test_it_goes(self, user: User) -> None:
        told = self.send(user, message_id="<1@x.example>", bcc=(ALICE,))
        assert told.fate is Fate.SENT
        (kept,) = user.in_folder(SENT)
        assert (kept.message_id, kept.bcc[0].email, kept.flags.seen) == ("<1@x.example>", "alice@x.example", True)
        with pytest.raises(AppUsageError, match="was sent already"):
            self.send(user, message_id="<1@x.example>")
        assert self.send(user, message_id="<1@x.example>", again=True).fate is Fate.SENT
        assert len(user.went) == 2

    def test_on_behalf(self, user: User) -> None:
        with pytest.raises(NotAllowedError, match="does not let you"):
            self.send(user, on_behalf_of="alice@x.example")
        assert user.in_folder("Outbox") == []
        user.trusts = frozenset({"alice@x.example"})
        assert self.send(user, on_behalf_of="alice@x.example").fate is Fate.SENT
        assert b"From: alice@x.example\r\nSender: Bob <bob@x.example>" in user.went[0]

    def test_what_does_not_go_now_lies_in_the_outbox(self, user: User) -> None:
        user.down = no_connection()
        assert self.send(user).fate is Fate.WAITING
        (kept,) = user.in_folder("Outbox")
        user.down = None
        assert user.one(Choice(insist=True)).fate is Fate.SENT
        assert user.in_folder("Outbox") == []
        assert user.in_folder(SENT)[0].message_id == kept.message_id


def test_when_something_is_to_be_sent_again(user: User) -> None:
    due = NOW + timedelta(hours=1)
    user.put(letter(), PidTagDeferredSendTime=filetime(due))
    assert next_try(user.account.outbox_path) is None
    user.one()
    assert next_try(user.account.outbox_path) == due.timestamp()
    user.later(hours=2)
    user.down = no_connection()
    user.one()
    assert next_try(user.account.outbox_path) == user.now.timestamp() + 60
    user.later(minutes=1)
    user.down = None
    assert user.one().fate is Fate.SENT
    assert next_try(user.account.outbox_path) is None


def test_a_time_that_its_user_takes_away_holds_no_more(user: User) -> None:
    nid = user.put(letter(), PidTagDeferredSendTime=filetime(NOW + timedelta(hours=1)))
    assert user.one().fate is Fate.DEFERRED
    with pst.open_store(user.account.pst_path, writable=True) as store, store.message(nid).edit() as draft:
        draft.delete(tags.PidTagDeferredSendTime)
    assert user.one().fate is Fate.SENT


def test_what_its_user_opens_again_is_not_sent_and_not_known_any_more(user: User) -> None:
    nid = user.put(letter())
    user.answers = {"END": hang_up}
    assert user.one().fate is Fate.UNKNOWN
    with pst.open_store(user.account.pst_path, writable=True) as store, store.message(nid).edit() as draft:
        draft.set(tags.PidTagMessageFlags, UNSENT | READ)
    user.answers = {}
    assert user.deliver().letters == ()
    with pst.open_store(user.account.pst_path, writable=True) as store, store.message(nid).edit() as draft:
        draft.set(tags.PidTagMessageFlags, SUBMITTED | UNSENT | READ)
    assert user.one().fate is Fate.SENT


class TestRounds:
    def account(self, user: User, outbox: str) -> User:
        with Profile.change(user.account.profile) as draft:
            draft.set("bob", ("outbox",), outbox)
        account = Profile.load(user.account.profile).account("bob")
        return replace(user, account=account, job=job_for(account))

    def test_only_where_it_is_wanted(self, user: User) -> None:
        user.put(letter())
        job = self.account(user, "leave").job
        assert job.send is not None and job.send_again is not None
        assert job.send(True, lambda: False) is None
        assert job.send_again() is None
        job = self.account(user, "send").job
        assert job.send is not None and job.send_again is not None
        report = job.send(True, lambda: False)
        # There is no password: it waits, and the round says so.
        assert report is not None
        assert [one.fate for one in report.letters] == [Fate.WAITING]
        assert "NO_SECRET" in str(report.problem)
        assert job.send_again() is not None

    def test_run_sees_what_becomes_of_the_profile(self, user: User) -> None:
        user.put(letter())
        (job,) = LiveProfile(Profile.load(user.account.profile)).jobs(None)
        assert job.send is not None
        assert job.send(False, lambda: False) is None
        self.account(user, "send")
        assert job.send(False, lambda: False) is not None

    def test_what_does_not_go_keeps_nothing_else_back(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        world.put(world.local, 1)
        refused = Told(36, "T", Fate.REFUSED, reason="not allowed", hint="Ask.")
        asked: list[bool] = []

        def send(demanded: bool, cancelled: Any) -> OutboxReport:
            asked.append(demanded)
            return OutboxReport((refused, Told(40, "U", Fate.SENT)))

        job = replace(world.job(), send=send)
        outcome = run_round(job, Wish(Request(Trigger.PUSH)))
        assert outcome.verdict is Verdict.PARTLY
        assert outcome.done == 2
        assert len(list(world.remote.changes(folder_named(world.remote, "Inbox"), "").items)) == 1
        last = account_status(job).last
        assert last is not None
        assert (last.problem, last.hint) == ("T in the Outbox: refused: not allowed", "Ask.")
        run_round(job, Wish(Request(Trigger.DEMAND)))
        run_round(job, Wish(Request(rehearse=True)))
        run_round(job, Wish(folder=("Inbox",)))
        assert asked == [False, True]
