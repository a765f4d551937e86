from __future__ import annotations

import pytest

from mailconnector.imap.commands import Command, CommandLine
from mailconnector.imap.errors import (
    ImapByeError,
    ImapConnectionError,
    ImapLimitError,
    ImapProtocolError,
    ImapUidValidityError,
    ImapUsageError,
)
from mailconnector.imap.protocol import MailboxState, Protocol, State
from mailconnector.imap.responses import Condition, Continuation, Exists, Tagged

NOOP = CommandLine("NOOP").command()


def greeted(capabilities: bytes = b"IMAP4rev1") -> Protocol:
    protocol = Protocol()
    protocol.receive(b"* OK [CAPABILITY " + capabilities + b"] ready\r\n")
    return protocol


def output(protocol: Protocol) -> bytes:
    return b"".join(protocol.take_output())


@pytest.mark.parametrize(
    ("greeting", "state"),
    [(b"* OK hi", State.CONNECTED), (b"* PREAUTH hi", State.AUTHENTICATED), (b"* BYE full", State.CLOSED)],
)
def test_greetings(greeting, state):
    protocol = Protocol()
    protocol.receive(greeting + b"\r\n")
    assert protocol.state is state


@pytest.mark.parametrize(
    "greeting", [b"* NO hi", b"220 smtp.example.org ESMTP", b"HTTP/1.1 400 Bad Request", b"\x16\x03"]
)
def test_what_is_no_greeting(greeting):
    protocol = Protocol()
    with pytest.raises(ImapProtocolError):
        protocol.receive(greeting + b"\r\n")
    assert protocol.state is State.CLOSED


def test_nothing_is_sent_before_the_greeting_or_after_the_end():
    with pytest.raises(ImapUsageError):
        Protocol().send(NOOP)
    protocol = greeted()
    protocol.end_of_stream()
    with pytest.raises(ImapUsageError):
        protocol.send(NOOP)


def test_commands_are_pipelined():
    protocol = greeted()
    tags = [protocol.send(NOOP), protocol.send(NOOP)]
    assert output(protocol) == b"a1 NOOP\r\na2 NOOP\r\n"
    assert list(protocol.in_flight) == tags
    responses = protocol.receive(b"* 4 EXISTS\r\na1 OK done\r\n")
    assert responses == [Exists(4), Tagged(b"a1", "OK", None, "done")]
    assert list(protocol.in_flight) == tags[1:]


def login() -> Command:
    return CommandLine("LOGIN").literal(b"alice").literal(b"secret").command()


def test_a_literal_waits_to_be_asked_for_and_holds_the_line():
    protocol = greeted()
    protocol.send(login())
    protocol.send(NOOP)
    assert output(protocol) == b"a1 LOGIN {5}\r\n"
    assert protocol.receive(b"+ go\r\n") == []
    assert output(protocol) == b"alice {6}\r\n"
    protocol.receive(b"+\r\n")
    assert output(protocol) == b"secret\r\na2 NOOP\r\n"


def test_a_refused_literal_is_not_sent():
    protocol = greeted()
    protocol.send(login())
    protocol.send(NOOP)
    output(protocol)
    protocol.receive(b"a1 NO [TOOBIG] no\r\n")
    assert output(protocol) == b"a2 NOOP\r\n"


def test_literal_plus_and_minus():
    protocol = greeted(b"IMAP4rev1 LITERAL+")
    protocol.send(login())
    assert output(protocol) == b"a1 LOGIN {5+}\r\nalice {6+}\r\nsecret\r\n"
    protocol = greeted(b"IMAP4rev1 LITERAL-")
    protocol.send(CommandLine("X").literal(b"x" * 4096).literal(b"y" * 4097).command())
    assert output(protocol) == b"a1 X {4096+}\r\n" + b"x" * 4096 + b" {4097}\r\n"


def test_idle_holds_the_line_until_it_ends():
    protocol = greeted()
    protocol.send(Command("IDLE", (b"IDLE",), continued=True))
    protocol.send(NOOP)
    assert output(protocol) == b"a1 IDLE\r\n"
    assert protocol.receive(b"+ idling\r\n* 5 EXISTS\r\n") == [Continuation(b"idling"), Exists(5)]
    protocol.reply(b"DONE")
    assert output(protocol) == b"DONE\r\n"
    protocol.receive(b"a1 OK done\r\n")
    assert output(protocol) == b"a2 NOOP\r\n"


@pytest.mark.parametrize("noise", [b"+ more\r\n", b"a9 OK done\r\n", b"noise\r\n", b"a2 OK not sent yet\r\n"])
def test_what_a_server_must_not_say(noise):
    protocol = greeted()
    if noise.startswith(b"a2"):
        protocol.send(login())
        protocol.send(NOOP)
    with pytest.raises(ImapProtocolError):
        protocol.receive(noise)
    assert protocol.state is State.CLOSED


def test_what_came_before_the_noise_is_handed_out():
    protocol = greeted()
    assert protocol.receive(b"* 3 EXISTS\r\nnoise\r\n* 4 EXISTS\r\n") == [Exists(3)]
    with pytest.raises(ImapProtocolError):
        protocol.receive(b"* 5 EXISTS\r\n")


def test_bye():
    protocol = greeted()
    protocol.send(NOOP)
    assert protocol.receive(b"* BYE [UNAVAILABLE] going down\r\n* 1 EXISTS\r\n") == [
        Condition("BYE", protocol.bye.code if protocol.bye else None, "going down")
    ]
    error = protocol.end_of_stream()
    assert isinstance(error, ImapByeError)
    assert (error.code, error.text) == ("UNAVAILABLE", "going down")


def test_the_end_of_the_stream():
    assert isinstance(greeted().end_of_stream(), ImapConnectionError)
    protocol = greeted()
    protocol.send(CommandLine("LOGOUT").command())
    assert protocol.receive(b"* BYE bye\r\na1 OK done\r\n")[-1] == Tagged(b"a1", "OK", None, "done")
    assert protocol.end_of_stream() is None


def selecting() -> tuple[Protocol, MailboxState]:
    protocol = greeted()
    protocol.authenticated()
    state = MailboxState("Box")
    protocol.send(CommandLine("SELECT").raw(b"Box").command(), selects=state)
    return protocol, state


def test_select():
    protocol, state = selecting()
    protocol.receive(
        b"* FLAGS (\\Seen Blue)\r\n* 172 EXISTS\r\n* OK [UIDVALIDITY 3857529045] ok\r\n* OK [UIDNEXT 4392] ok\r\n"
        b"* OK [PERMANENTFLAGS (\\Deleted \\Seen \\*)] ok\r\n* OK [HIGHESTMODSEQ 715194045007] ok\r\n"
        b"* OK [MAILBOXID (F22)] ok\r\na1 OK [READ-ONLY] done\r\n"
    )
    assert protocol.state is State.SELECTED
    assert protocol.mailbox is state
    assert (state.exists, state.uid_validity, state.uid_next, state.highest_modseq) == (
        172,
        3857529045,
        4392,
        715194045007,
    )
    assert state.read_only and state.new_keywords and state.mailbox_id == "F22"
    protocol.receive(b"* 1 EXPUNGE\r\n* VANISHED 3:5\r\n* VANISHED (EARLIER) 7:9\r\n")
    assert state.exists == 168


def test_a_failed_select_leaves_nothing_selected():
    protocol, state = selecting()
    protocol.receive(b"* OK [UIDVALIDITY 1] ok\r\na1 OK done\r\n")
    protocol.send(CommandLine("SELECT").raw(b"No").command(), selects=state)
    protocol.receive(b"a2 NO no such mailbox\r\n")
    assert protocol.mailbox is None
    assert protocol.state is State.AUTHENTICATED


def test_more_expunges_than_messages():
    protocol, state = selecting()
    protocol.receive(b"* 1 EXISTS\r\na1 OK done\r\n* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n* VANISHED 1:4294967295\r\n")
    assert state.exists == 0


def test_another_uidvalidity_in_the_middle_of_a_session():
    protocol, _ = selecting()
    protocol.receive(b"* OK [UIDVALIDITY 1] ok\r\na1 OK done\r\n")
    with pytest.raises(ImapUidValidityError) as caught:
        protocol.receive(b"* OK [UIDVALIDITY 2] new\r\n")
    assert (caught.value.mailbox, caught.value.expected, caught.value.found) == ("Box", 1, 2)


def test_enable_switches_names():
    protocol = greeted()
    protocol.receive(b"* ENABLED UTF8=ACCEPT QRESYNC\r\n")
    assert protocol.names.utf8
    assert "QRESYNC" in protocol.enabled


def test_what_was_said_before_tls_does_not_count():
    protocol = greeted(b"IMAP4rev1 LITERAL+")
    protocol.private_from_now()
    assert not protocol.capabilities
    protocol.receive(b"* OK half a li")
    with pytest.raises(ImapProtocolError):
        protocol.private_from_now()


def test_limits_end_the_session():
    protocol = greeted()
    with pytest.raises(ImapLimitError):
        protocol.receive(b"* 1 FETCH (BODY[] {99999999999}\r\n")
    assert protocol.state is State.CLOSED
