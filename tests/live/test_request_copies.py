"""Copies of meeting requests by the running connector, on servers whose filters cannot be used."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path

import pytest

from mailconnector.app.account.profile import Profile
from mailconnector.app.delegate.requests import COPY_FIELD
from mailconnector.lab import CyrusServer, DovecotServer, MailServer, SmtpServer
from mailconnector.sync import State
from tests.live.accounts import Answer, command, process, profile_on
from tests.live.office import Office, sending_office, stranger
from tests.live.test_delegates import PLAIN, REQUEST, comes, deliver, received

CANCEL = REQUEST.replace(b"<meeting@", b"<cancel@").replace(b"REQUEST", b"CANCEL")
REPLY = REQUEST.replace(b"<meeting@", b"<reply@").replace(b"REQUEST", b"REPLY")
RETURNED = (
    b"From: carol@localhost\r\nSubject: Fwd\r\nMessage-ID: <returned@localhost>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="o"\r\n\r\n--o\r\nContent-Type: text/plain\r\n\r\nSee this.\r\n'
    b"--o\r\nContent-Type: message/rfc822\r\n\r\n" + REQUEST + b"\r\n--o--\r\n"
)
# No parameter tells the method, and the calendar is base64.
BARE = (
    b"From: carol@localhost\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\nMessage-ID: <bare@localhost>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/calendar; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"QkVHSU46VkNBTEVOREFSDQpNRVRIT0Q6UkVRVUVTVA0KRU5EOlZDQUxFTkRBUg0K\r\n"
)


@pytest.fixture
def office(sending: tuple[MailServer, SmtpServer], tmp_path: Path) -> Office:
    """Four users who can send; alice has the main folders."""
    made = sending_office(*sending, tmp_path, tls=True)
    made.quiet(made.alice)
    return made


def closed_port() -> int:
    """A port where nobody listens: a server without filters."""
    with socket.create_server(("127.0.0.1", 0)) as line:
        return int(line.getsockname()[1])


def delegate(office: Office, verb: str, *arguments: object, port: int = 0, code: int = 0) -> Answer:
    more = () if verb == "list" else ("--sieve-port", port or closed_port(), "--yes")
    answer = command("delegate", verb, "--profile", office.profile, *arguments, *more)
    assert answer.code == code, answer.out + answer.err
    return answer


def raw(office: Office, user: str, name: str) -> bytes:
    with stranger(office.server, user) as one:
        one.client.select("INBOX", readonly=True)
        _, found = one.client.search(None, "HEADER", "Message-ID", f"<{name}@localhost>")
        return one.fetched(found[0].split()[0], "(BODY.PEEK[])")


def test_new_requests_go_to_the_delegate_once_as_they_are_and_nothing_else_does(office: Office) -> None:
    deliver(office, office.alice, REQUEST.replace(b"<meeting@", b"<before@"))
    said = delegate(office, "add", office.alice, office.bob, "--requests")
    assert "Mail Connector sends meeting requests on" in said.out
    assert "The server's filter cannot do it" in said.out
    told = delegate(office, "list", office.alice, "--json").json
    assert (told["requests_by"], told["delegates"][0]["requests"]) == ("connector", True)
    for message in (REQUEST, PLAIN, CANCEL, REPLY, RETURNED, BARE):
        deliver(office, office.alice, message)
    outcome = office.sync(office.alice)
    assert sorted(copy["title"] for copy in outcome["copies"]) == ["Café", "Meeting", "Meeting"]
    assert received(office, office.bob) == ["bare", "cancel", "meeting"]
    assert received(office, office.alice) == ["bare", "before", "cancel", "meeting", "plain", "reply", "returned"]
    # The message is what it was, behind what tells who sent it on.
    copy, original = raw(office, office.bob, "meeting"), raw(office, office.alice, "meeting")
    start = original.index(b"From: carol@localhost")
    assert copy.endswith(original[start:])
    for field in (b"Resent-From", b"Resent-To", b"Resent-Date", b"Resent-Message-ID", COPY_FIELD.encode()):
        assert field + b": " in copy[: copy.index(b"From: carol@localhost")]
    # It is done once: whatever comes into the Inbox again, however often it is looked at.
    with stranger(office.server, office.alice) as alice:
        alice.client.select("INBOX")
        alice.client.copy("1:*", "Drafts")
        alice.client.select("Drafts")
        alice.client.copy("1:*", "INBOX")
    for _ in range(2):
        assert office.sync(office.alice)["copies"] == []
    assert received(office, office.bob) == ["bare", "cancel", "meeting"]
    assert delegate(office, "list", office.alice, "--json").json["copies"]["sent"] == 3
    delegate(office, "remove", office.alice, office.bob)
    deliver(office, office.alice, REQUEST.replace(b"<meeting@", b"<after@"))
    office.sync(office.alice)
    assert received(office, office.bob) == ["bare", "cancel", "meeting"]


def test_two_who_are_each_others_delegates_do_not_send_it_to_and_fro(office: Office) -> None:
    office.quiet(office.bob)
    delegate(office, "add", office.alice, office.bob, "--requests")
    delegate(office, "add", office.bob, office.alice, "--requests")
    delegate(office, "add", office.bob, office.carol, "--requests")
    deliver(office, office.alice, REQUEST)
    deliver(office, office.bob, REQUEST.replace(b"carol@", office.alice.encode() + b"@").replace(b"<meeting", b"<own"))
    for _ in range(3):
        for user in (office.alice, office.bob):
            office.sync(user)
    assert received(office, office.alice) == ["meeting"]  # what she sent to bob does not come back
    assert received(office, office.bob) == ["meeting", "own"]
    assert received(office, office.carol) == ["own"]  # and a copy goes no further


def test_filter_and_connector_take_over_from_each_other_and_nothing_comes_twice(office: Office) -> None:
    assert isinstance(office.server, DovecotServer | CyrusServer)
    if not office.server.has_sieve:
        pytest.skip("this server has no filters")
    port = office.server.ports["sieve"]
    delegate(office, "add", office.alice, office.bob, "--requests")
    deliver(office, office.alice, REQUEST.replace(b"<meeting@", b"<one@"))  # before the filter, not yet looked at
    made = delegate(office, "add", office.alice, office.bob, "--requests", "--json", port=port).json
    assert (made["requests"], made["requests_by"]) == ("", "filter")
    deliver(office, office.alice, REQUEST.replace(b"<meeting@", b"<two@"))
    office.sync(office.alice)
    assert office.sync(office.alice)["copies"] == []
    comes(office, office.bob, "one", "two")
    # A filter that does not answer may work still: it is not doubled.
    said = delegate(office, "add", office.alice, office.carol, "--requests", code=1)
    assert "could not be arranged" in said.err
    told = delegate(office, "list", office.alice, "--json").json
    assert told["requests_by"] == "filter"
    assert {one["login"]: one["requests"] for one in told["delegates"]} == {office.bob: True, office.carol: False}
    said = delegate(office, "add", office.alice, office.bob, "--requests-by", "connector")
    assert "If its rule works still" in said.err  # it does, and the next try finds it
    delegate(office, "add", office.alice, office.bob, "--requests", port=port)
    made = delegate(
        office, "add", office.alice, office.carol, "--requests", "--requests-by", "connector", "--json", port=port
    ).json
    assert (made["requests"], made["requests_by"]) == ("", "connector")
    deliver(office, office.alice, REQUEST.replace(b"<meeting@", b"<three@"))
    office.sync(office.alice)
    assert received(office, office.bob) == ["one", "three", "two"]
    assert received(office, office.carol) == ["three"]


def test_another_connector_of_the_owners_makes_none(office: Office, tmp_path: Path) -> None:
    delegate(office, "add", office.alice, office.bob, "--requests")
    other = tmp_path / "other"
    other.mkdir()
    smtp = {"host": "127.0.0.1", "port": 1, "security": "none"}
    profile = profile_on(office.server, other, office.alice, smtp=smtp)
    elsewhere = Office(office.server, profile, office.alice, office.bob, office.carol, office.dave)
    deliver(office, office.alice, REQUEST)
    assert elsewhere.sync(office.alice)["copies"] == []
    told = delegate(elsewhere, "list", office.alice, "--json").json
    assert told["requests_by"] == "elsewhere"
    office.sync(office.alice)
    assert received(office, office.bob) == ["meeting"]
    # It takes over when it is told to, from there on.
    delegate(elsewhere, "add", office.alice, office.bob, "--requests", "--requests-by", "connector")
    deliver(office, office.alice, REQUEST.replace(b"<meeting@", b"<second@"))
    assert office.sync(office.alice)["copies"] == []
    failed = elsewhere.sync(office.alice, code=1)
    assert failed["copies_waiting"] == 1
    assert "nothing listens" in failed["copies_failed"][0]["reason"]


def test_what_it_knows_of_copies_is_damaged_which_is_told_until_it_is_to_begin_anew(office: Office) -> None:
    delegate(office, "add", office.alice, office.bob, "--requests")
    deliver(office, office.alice, REQUEST)
    account = Profile.load(office.profile).account(office.alice)
    with closing(State(str(account.state_path))) as state:
        state.set_fact("app.delegate.copies", "{")
    for _ in range(2):
        outcome = office.sync(office.alice, code=1)
        assert "damaged" in outcome["copies_failed"][0]["reason"]
    said = delegate(office, "list", office.alice, code=2)
    assert "delegate add" in said.err
    delegate(office, "add", office.alice, office.bob, "--requests")
    deliver(office, office.alice, REQUEST.replace(b"<meeting@", b"<second@"))
    office.sync(office.alice)
    assert received(office, office.bob) == ["second"]


def test_without_a_server_to_send_by_it_says_so(office: Office, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    profile = profile_on(office.server, alone, office.alice)
    less = Office(office.server, profile, office.alice, office.bob, office.carol, office.dave)
    said = delegate(less, "add", office.alice, office.bob, "--requests", code=1)
    assert "--smtp-host" in said.err
    (one,) = delegate(less, "list", office.alice, "--json").json["delegates"]
    assert (one["roles"], one["requests"]) == ({"calendar": "editor", "tasks": "editor"}, False)


def test_the_service_sends_it_on_as_it_comes(office: Office) -> None:
    delegate(office, "add", office.alice, office.bob, "--requests")
    running = process("run", office.alice, "--profile", office.profile)
    try:
        assert running.stdout is not None
        running.stdout.readline()  # the first round
        deliver(office, office.alice, REQUEST)
        while "sent on to delegates" not in (line := running.stdout.readline()):
            assert line, running.stderr.read() if running.stderr else ""
        assert received(office, office.bob) == ["meeting"]
    finally:
        running.terminate()
        running.communicate(timeout=30)
