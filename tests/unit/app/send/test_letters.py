"""Messages made ready: who they are from, to whom they go, and what others do not get to see."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from mailconnector.app.send.authorship import NotAllowedError, authorship
from mailconnector.app.send.letters import Letter, LetterError, letter_id, made_ready
from mailconnector.formats import parse
from mailconnector.items import Address, Item, mail_of
from tests.unit.app.send.sending import BOB, NOW, User, letter, new_user

ALICE = Address("Alice", "alice@x.example")


def ready(user: User, item: Item) -> tuple[Letter, EmailMessage]:
    made = made_ready(item, user.account, user._may, NOW)
    parsed = message_from_bytes(made.data, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return made, parsed


def test_of_oneself(user: User) -> None:
    made, parsed = ready(user, letter(date=NOW, message_id="<1@x.example>"))
    assert (made.sender, made.recipients, made.message_id) == ("bob@x.example", ("carol@x.example",), "<1@x.example>")
    assert (parsed["From"], parsed["Sender"], parsed["Message-ID"]) == ("Bob <bob@x.example>", None, "<1@x.example>")
    assert user.asked == []


def test_what_is_missing_is_put_in(tmp_path) -> None:
    user = new_user(tmp_path, reply_to="answers@x.example", organization="Büro & Co")
    made, parsed = ready(user, letter(author=None))
    assert parsed["From"] == "Bob <bob@x.example>"
    assert parsed["Reply-To"] == "Bob <answers@x.example>"
    assert parsed["Organization"] == "Büro & Co"
    assert parsed["Date"] == "Mon, 02 Nov 2026 10:00:00 +0000"
    assert parsed["Message-ID"] == made.message_id
    assert made.message_id.endswith("@x.example>")


def test_a_key_of_the_store_makes_the_same_id_each_time(user: User) -> None:
    item = letter(message_id="<30313233@mailconnector.invalid>")
    assert letter_id(item, user.account) == made_ready(item, user.account, user._may, NOW).message_id
    assert letter_id(item, user.account) == "<30313233@x.example>"
    assert letter_id(letter(), user.account) == ""


def test_blind_copies_go_and_nobody_sees_them(user: User) -> None:
    raw = (
        b"From: bob@x.example\r\nTo: carol@x.example\r\nBcc: dave@x.example\r\nReturn-Path: <bob@x.example>\r\n"
        b"Resent-Bcc: eve@x.example\r\nX-Mozilla-Status: 0001\r\nSubject: s\r\nX-Kept: yes\r\n\r\nHi\r\n"
    )
    made, parsed = ready(user, parse(raw))
    assert made.recipients == ("carol@x.example", "dave@x.example")
    assert b"dave" not in made.data and b"eve" not in made.data
    assert [parsed[name] for name in ("Bcc", "Return-Path", "X-Mozilla-Status", "X-Kept")] == [None, None, None, "yes"]
    assert mail_of(made.item).bcc == (Address("", "dave@x.example"),)


@pytest.mark.parametrize("sender", [None, BOB, ALICE, Address("", "mallory@x.example")])
def test_on_behalf_of_who_allows_it(user: User, sender: Address | None) -> None:
    # Outlook: SentRepresenting is the owner, Sender the delegate, or nobody yet.
    user.trusts = frozenset({"alice@x.example"})
    made, parsed = ready(user, letter(author=ALICE, sender=sender))
    assert (parsed["From"], parsed["Sender"]) == ("Alice <alice@x.example>", "Bob <bob@x.example>")
    assert made.sender == "bob@x.example"
    assert "Reply-To" not in parsed


@pytest.mark.parametrize(
    "author", [ALICE, Address("Alice", "/o=x/cn=alice", "EX"), Address("Alice", ""), Address("Bob", "bob@y.example")]
)
def test_not_on_behalf_of_anybody_else_and_never_as_oneself_then(user: User, author: Address) -> None:
    with pytest.raises(NotAllowedError) as caught:
        ready(user, letter(author=author, sender=BOB))
    assert caught.value.owner in (author.email, author.name)
    assert caught.value.hint


def test_further_addresses_of_ones_own(tmp_path) -> None:
    user = new_user(tmp_path, aliases=["Sales@X.example"])
    made, parsed = ready(user, letter(author=Address("Sales", "sales@x.example")))
    assert (parsed["From"], parsed["Sender"], made.sender) == ("Sales <sales@x.example>", None, "sales@x.example")


def test_somebody_elses_sender_is_not_kept_on_a_message_of_ones_own(user: User) -> None:
    raw = b"From: bob@x.example\r\nSender: mallory@x.example\r\nTo: carol@x.example\r\n\r\nHi\r\n"
    assert ready(user, parse(raw))[1]["Sender"] is None
    assert ready(user, letter(sender=ALICE))[1]["Sender"] is None


@pytest.mark.parametrize(
    "raw",
    [
        b"From: bob@x.example, alice@x.example\r\nTo: carol@x.example\r\n\r\nHi\r\n",
        b"From: bob@x.example\r\nFrom: alice@x.example\r\nTo: carol@x.example\r\n\r\nHi\r\n",
    ],
)
def test_a_header_that_says_more_than_the_rule_goes_nowhere(user: User, raw: bytes) -> None:
    with pytest.raises(LetterError):
        ready(user, parse(raw))


@pytest.mark.parametrize(
    "change", [{"to": ()}, {"cc": (Address("Printer", "+49 1", "FAX"),)}, {"bcc": (Address("Somebody", ""),)}]
)
def test_recipients_that_mail_does_not_reach(user: User, change: dict[str, Any]) -> None:
    with pytest.raises(LetterError):
        ready(user, letter(**change))


def test_signed_mail_goes_as_it_was_signed(user: User) -> None:
    body = (
        b"--b\r\nContent-Type: text/plain\r\n\r\nHi  \r\n"
        b"--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n"
    )
    raw = (
        b"From: bob@x.example\r\nTo: carol@x.example\r\nMessage-ID: <1@x.example>\r\n"
        b"Date: Mon, 02 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary="b"\r\n\r\n'
    )
    assert ready(user, parse(raw + body))[0].data == raw + body


def test_the_rule_asks_nobody_about_ones_own_mail(user: User) -> None:
    def never(address: str) -> bool:
        raise AssertionError(address)

    assert authorship(letter(author=replace(BOB, name="")), user.account, never).author == BOB
