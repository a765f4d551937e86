"""Delegates on real servers: roles, sending on behalf, copies of meeting requests by the server's filter."""

from __future__ import annotations

import smtplib
import time

import pytest

from mailconnector.app.delegate.filters import connect_filters
from mailconnector.lab import CyrusServer, DovecotServer
from mailconnector.sieve import SieveConnectionError, SieveScriptError
from tests.live.accounts import Answer, account_of, command
from tests.live.office import Office, stranger

REQUEST = (
    b"From: carol@localhost\r\nTo: alice@localhost\r\nSubject: Meeting\r\nMessage-ID: <meeting@localhost>\r\n"
    b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain\r\n\r\nLet us meet.\r\n"
    b"--b\r\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n"
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1@localhost\r\n"
    b"DTSTAMP:20261101T100000Z\r\nDTSTART:20261201T100000Z\r\nDTEND:20261201T110000Z\r\nSUMMARY:Meeting\r\n"
    b"END:VEVENT\r\nEND:VCALENDAR\r\n--b--\r\n"
)
PLAIN = b"From: carol@localhost\r\nSubject: Plain\r\nMessage-ID: <plain@localhost>\r\n\r\nHello. METHOD:REQUEST\r\n"


def delegate(office: Office, verb: str, *arguments: object, code: int = 0) -> Answer:
    answer = command("delegate", verb, "--profile", office.profile, *arguments)
    assert answer.code == code, answer.out + answer.err
    return answer


def main_folders(office: Office) -> None:
    """Give alice the folders that Outlook has, by a first synchronisation."""
    office.quiet(office.alice)


def deliver(office: Office, user: str, data: bytes) -> None:
    with smtplib.LMTP(office.server.host, office.server.lmtp_port) as line:
        line.sendmail("carol@localhost", [user], data)


def received(office: Office, user: str) -> list[str]:
    with stranger(office.server, user) as one:
        one.client.select("INBOX", readonly=True)
        _, found = one.client.search(None, "ALL")
        texts = [one.fetched(n, "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])").decode() for n in found[0].split()]
    return sorted(text.partition("<")[2].partition("@")[0] for text in texts)


def comes(office: Office, user: str, *names: str) -> None:
    """Wait until a user's Inbox holds these messages and no others: what filters send on may take its time."""
    until = time.monotonic() + 20.0
    while (found := received(office, user)) != sorted(names) and time.monotonic() < until:
        time.sleep(0.1)
    assert found == sorted(names)


def test_roles_and_what_the_delegate_is_told(office: Office) -> None:
    main_folders(office)
    made = delegate(office, "add", office.alice, office.bob, "--on-behalf", "--yes", "--json").json
    assert made["delegate"]["roles"] == {"calendar": "editor", "tasks": "editor"}
    assert all(change["made"] for change in made["changes"])
    told = delegate(office, "list", office.bob, "--json").json
    (trust,) = told["delegate_of"]
    assert (trust["owner"], trust["address"], trust["on_behalf"]) == (
        office.alice,
        account_of(office.profile, office.alice).address,
        True,
    )
    assert trust["folders"] == [f"Shared folders/{office.alice}/Calendar", f"Shared folders/{office.alice}/Tasks"]
    assert delegate(office, "list", office.carol, "--json").json["delegate_of"] == []
    # What is not named stays; what is named changes.
    made = delegate(
        office, "add", office.alice, office.bob, "--tasks", "none", "--inbox", "reviewer", "--yes", "--json"
    )
    assert made.json["delegate"]["roles"] == {"calendar": "editor", "inbox": "reviewer"}
    assert made.json["delegate"]["on_behalf"]
    with stranger(office.server, office.alice) as alice:
        assert alice.entries(office.mine("Calendar"))[office.bob] == set("lrswipte")
        assert alice.entries("INBOX")[office.bob] == set("lrs")
        assert office.bob not in alice.entries(office.mine("Tasks"))
    # The calendar of the owner is there as a calendar.
    office.quiet(office.bob)
    delegate(office, "remove", office.alice, office.bob, "--yes")
    assert delegate(office, "list", office.alice, "--json").json["delegates"] == []
    assert delegate(office, "list", office.bob, "--json").json["delegate_of"] == []
    with stranger(office.server, office.alice) as alice:
        assert office.bob not in alice.entries(office.mine("Calendar"))
    assert "no delegate" in delegate(office, "remove", office.alice, office.bob, code=2).err


def test_without_a_yes_and_in_a_rehearsal_nothing_is_changed(office: Office) -> None:
    main_folders(office)
    shown = delegate(office, "add", office.alice, office.bob, "--dry-run", "--json").json
    assert {change["folder"] for change in shown["changes"]} == {"Calendar", "Tasks"}
    assert "--yes" in delegate(office, "add", office.alice, office.bob, code=2).err
    refused = delegate(office, "add", office.alice, office.bob, "--requests", "--address", "b b", "--yes", code=2)
    assert "no mail address" in refused.err
    assert delegate(office, "list", office.alice, "--json").json["delegates"] == []
    with stranger(office.server, office.alice) as alice:
        assert office.bob not in alice.entries(office.mine("Calendar"))


def test_without_the_folder_it_says_what_to_do(office: Office) -> None:
    refused = delegate(office, "add", office.alice, office.bob, "--calendar", "editor", "--yes", code=2)
    assert "Synchronise first" in refused.err


@pytest.fixture
def filtering(office: Office) -> Office:
    """An office on a server with filters, with the folders that Outlook has."""
    assert isinstance(office.server, DovecotServer | CyrusServer)
    if not office.server.has_sieve:
        pytest.skip("this server has no filters")
    main_folders(office)
    return office


def test_meeting_requests_go_to_the_delegate_as_well_and_nothing_else_does(filtering: Office) -> None:
    office, port = filtering, filtering.server.ports["sieve"]
    made = delegate(office, "add", office.alice, office.bob, "--requests", "--yes", "--sieve-port", port, "--json").json
    assert made["requests"] == ""
    assert made["delegate"]["address"] == f"{office.bob}@localhost"
    deliver(office, office.alice, REQUEST)
    deliver(office, office.alice, PLAIN)
    assert received(office, office.alice) == ["meeting", "plain"]
    comes(office, office.bob, "meeting")
    # Whoever still gets copies is not forgotten, and a second try tells of the copies alone.
    for _ in range(2):
        failed = delegate(office, "remove", office.alice, office.bob, "--yes", "--sieve-port", 1, code=1)
        assert "could not be arranged" in failed.err
        (kept,) = delegate(office, "list", office.alice, "--json").json["delegates"]
        assert (kept["roles"], kept["requests"]) == ({}, True)
    assert "hanged" not in failed.out  # neither "Changed." nor "Not changed.", nor that there is nothing to change
    assert "nothing to change" not in failed.out
    done = delegate(office, "remove", office.alice, office.bob, "--yes", "--sieve-port", port)
    assert done.out.splitlines()[-1] == "Nobody gets copies of meeting requests any more."
    deliver(office, office.alice, REQUEST.replace(b"<meeting@", b"<second@"))
    comes(office, office.bob, "meeting")
    with connect_filters(account_of(office.profile, office.alice), port=port) as client:
        assert client.scripts() == ()


def test_two_who_are_each_others_delegates_by_filter_get_each_request_once(filtering: Office) -> None:
    office, port = filtering, filtering.server.ports["sieve"]
    office.quiet(office.bob)
    for one, other in ((office.alice, office.bob), (office.bob, office.alice)):
        delegate(office, "add", one, other, "--requests", "--yes", "--sieve-port", port)
    deliver(office, office.alice, REQUEST)
    comes(office, office.bob, "meeting")
    deliver(office, office.bob, REQUEST.replace(b"<meeting@", b"<own@"))
    comes(office, office.alice, "meeting", "own")
    comes(office, office.bob, "meeting", "own")


def test_the_users_own_filter_stays(filtering: Office) -> None:
    office, port = filtering, filtering.server.ports["sieve"]
    account = account_of(office.profile, office.alice)
    junk = office.mine("Junk")
    mine = f'require ["fileinto"];\n\nif header :is "subject" "Plain" {{\n  fileinto "{junk}";\n  stop;\n}}\n'
    with connect_filters(account, port=port) as client:
        client.put("mine", mine)
        client.activate("mine")
        with pytest.raises(SieveScriptError):
            client.put("broken", "if {")
    delegate(office, "add", office.alice, office.bob, "--requests", "--yes", "--sieve-port", port)
    delegate(office, "add", office.alice, office.carol, "--requests", "--yes", "--sieve-port", port)
    with connect_filters(account, port=port) as client:
        for one in (office.bob, office.carol):
            assert client.script("mine").count(f'redirect :copy "{one}@localhost";') == 1
        assert [script.name for script in client.scripts() if script.active] == ["mine"]
    deliver(office, office.alice, REQUEST)
    deliver(office, office.alice, PLAIN)
    assert received(office, office.alice) == ["meeting"]
    comes(office, office.carol, "meeting")
    for who in (office.bob, office.carol):
        delegate(office, "remove", office.alice, who, "--yes", "--sieve-port", port)
    with connect_filters(account, port=port) as client:
        assert client.script("mine") == mine


def test_where_there_are_no_filters_all_else_is_done_and_it_says_so(office: Office) -> None:
    main_folders(office)
    said = delegate(
        office, "add", office.alice, office.bob, "--requests", "--yes", "--sieve-port", office.server.lmtp_port, code=1
    )
    assert "copies of meeting requests could not be arranged" in said.err
    (one,) = delegate(office, "list", office.alice, "--json").json["delegates"]
    assert one["roles"] == {"calendar": "editor", "tasks": "editor"}
    assert not one["requests"]
    with pytest.raises(SieveConnectionError):
        connect_filters(account_of(office.profile, office.alice), port=1)
