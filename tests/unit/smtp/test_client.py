"""A session with a server that says what a test has it say: what goes, what does not, and what nobody knows."""

from __future__ import annotations

import pytest

from mailconnector.smtp import (
    SmtpConnectionError,
    SmtpError,
    SmtpLoginError,
    SmtpProtocolError,
    SmtpRefusedError,
    SmtpTimeoutError,
    SmtpUnknownError,
    SmtpUnsupportedError,
    SmtpUsageError,
)
from tests.scripted_smtp import Answer, hang_up, session, silent

MESSAGE = b"From: a@x.example\r\nSubject: s\r\n\r\nHello\r\n.\r\nBye\r\n"


def test_a_message_goes() -> None:
    with session("SIZE 1000|8BITMIME") as (client, server):
        assert client.greet() == "hello"
        sent = client.submit("a@x.example", ["b@x.example", "c@x.example", "b@x.example"], MESSAGE)
        client.quit()
    assert (sent.accepted, sent.refused, sent.text) == (("b@x.example", "c@x.example"), (), "ok")
    assert server.messages == [MESSAGE.replace(b"\r\n.\r\n", b"\r\n..\r\n")]
    assert server.said[1:] == [
        "MAIL FROM:<a@x.example> SIZE=49",
        "RCPT TO:<b@x.example>",
        "RCPT TO:<c@x.example>",
        "DATA",
        "QUIT",
    ]
    assert not client.is_open


def test_many_recipients_are_named_without_waiting_for_each() -> None:
    people = [f"u{number}@x.example" for number in range(120)]
    with session("PIPELINING") as (client, server):
        client.greet()
        assert client.submit("a@x.example", people, MESSAGE).accepted == tuple(people)
    assert [line for line in server.said if line.startswith("RCPT")] == [f"RCPT TO:<{one}>" for one in people]


def test_some_recipients_are_refused_and_the_others_get_it() -> None:
    with session(RCPT=["250 ok", "550 5.1.1 nobody", "451 4.3.0 later"]) as (client, server):
        client.greet()
        sent = client.submit("a@x.example", ["b@x.example", "c@x.example", "d@x.example"], MESSAGE)
    assert sent.accepted == ("b@x.example",)
    assert [(one.recipient, one.code, one.lasting) for one in sent.refused] == [
        ("c@x.example", 550, True),
        ("d@x.example", 451, False),
    ]
    assert len(server.messages) == 1


@pytest.mark.parametrize(
    ("answers", "command", "lasting"),
    [
        ({"MAIL": "553 5.7.1 not yours"}, "MAIL", True),
        ({"MAIL": "452 4.3.1 full"}, "MAIL", False),
        ({"RCPT": "550 no"}, "RCPT", True),
        ({"RCPT": ["550 no", "450 later"]}, "RCPT", False),
        ({"DATA": "554 no"}, "DATA", True),
        ({"END": "552 too much"}, "END", True),
        ({"END": "451 later"}, "END", False),
    ],
)
def test_a_refusal_says_whether_to_try_again_and_the_session_goes_on(answers, command: str, lasting: bool) -> None:
    with session(**answers) as (client, server):
        client.greet()
        with pytest.raises(SmtpRefusedError) as caught:
            client.submit("a@x.example", ["b@x.example", "c@x.example"], MESSAGE)
        assert (caught.value.command, caught.value.lasting) == (command, lasting)
        assert caught.value.hint
        server.answers |= {"MAIL": ["250 ok"], "RCPT": ["250 ok"], "DATA": ["354 go"], "END": ["250 taken"]}
        assert client.submit("a@x.example", ["b@x.example"], MESSAGE).text == "taken"
    if command != "END":
        assert "RSET" in server.said
        assert len(server.messages) == 1


@pytest.mark.parametrize("where", ["MAIL", "RCPT", "DATA"])
def test_a_line_that_breaks_before_the_end_leaves_no_doubt(where: str) -> None:
    with session(**{where: hang_up}) as (client, server):
        client.greet()
        with pytest.raises(SmtpConnectionError) as caught:
            client.submit("a@x.example", ["b@x.example"], MESSAGE)
        assert not caught.value.lasting
    assert server.messages == []


@pytest.mark.parametrize("end", [hang_up, silent, "gibberish"])
def test_what_became_of_a_complete_message_without_an_answer_nobody_knows(end: Answer) -> None:
    with session(END=end) as (client, server):
        client._end_timeout = 0.3
        client.greet()
        with pytest.raises(SmtpUnknownError) as caught:
            client.submit("a@x.example", ["b@x.example"], MESSAGE)
        assert caught.value.recipients == ("b@x.example",)
        assert not client.is_open
    assert len(server.messages) == 1


def test_the_last_word_before_the_end_can_stop_it() -> None:
    asked: list[tuple[str, ...]] = []

    def stop(accepted) -> None:
        asked.append(tuple(accepted))
        raise OSError("the disk is full")

    with session(RCPT=["250 ok", "550 no"]) as (client, server):
        client.greet()
        with pytest.raises(OSError, match="disk"):
            client.submit("a@x.example", ["b@x.example", "c@x.example"], MESSAGE, ending=stop)
        assert not client.is_open
    assert asked == [("b@x.example",)]
    assert server.messages == []


def test_what_the_server_lacks_is_told_before_anything_is_sent() -> None:
    with session("SIZE 40") as (client, server):
        client.greet()
        for sender, message, extension in [
            ("a@x.example", MESSAGE, "SIZE"),
            ("a@x.example", b"S: x\r\n\r\n\xc3\xa9\r\n", "8BITMIME"),
            ("\u00fc@x.example", b"S: x\r\n", "SMTPUTF8"),
        ]:
            with pytest.raises(SmtpUnsupportedError) as caught:
                client.submit(sender, ["b@x.example"], message)
            assert caught.value.extension == extension
        with pytest.raises(SmtpRefusedError) as refused:
            client.submit("a@x.example", ["\u00fc@x.example"], b"S: x\r\n")
        assert refused.value.lasting
        for people in ([], ["b@x.example\r\nRCPT TO:<c@x.example>"]):
            with pytest.raises(SmtpUsageError):
                client.submit("a@x.example", people, b"S: x\r\n")
    assert not any("<c@x.example>" in line for line in server.said)


def test_letters_of_all_the_world() -> None:
    with session("SMTPUTF8|8BITMIME") as (client, server):
        client.greet()
        client.submit("a@x.example", ["\u00fc@b\u00fccher.example"], "S: \u00e9\r\n\r\n\u00e9\r\n".encode())
    assert server.said[1:3] == [
        "MAIL FROM:<a@x.example> BODY=8BITMIME SMTPUTF8",
        "RCPT TO:<\u00fc@b\u00fccher.example>",
    ]


class Plain:
    name = "PLAIN"

    def __init__(self) -> None:
        self.checks = 0

    def first(self) -> bytes | None:
        return b"\0u\0p"

    def answer(self, challenge: bytes) -> bytes:
        return b"again"

    def check(self) -> None:
        self.checks += 1


def test_login() -> None:
    with session("AUTH PLAIN LOGIN", AUTH=["535 5.7.8 no", "334 ", "334 !"], YWDHAW4=["x"]) as (client, server):
        client.greet()
        assert client.mechanisms == {"PLAIN", "LOGIN"}
        login = Plain()
        with pytest.raises(SmtpLoginError, match=r"5\.7\.8 no"):
            client.login(login)
        assert login.checks == 0
        server.answers["YWDHAW4="] = ["235 welcome"]
        client.login(login)
        assert login.checks == 1
        with pytest.raises(SmtpProtocolError):
            client.login(login)
    assert server.said[1] == "AUTH PLAIN AHUAcA=="


@pytest.mark.parametrize(
    ("greeting", "error"),
    [
        ("554 go away", SmtpRefusedError),
        ("* OK IMAP", SmtpProtocolError),
        ("221 FTP", SmtpProtocolError),
        (hang_up, SmtpConnectionError),
        (silent, SmtpTimeoutError),
        ("220 " + "x" * 10_000, SmtpProtocolError),
    ],
)
def test_greetings(greeting: Answer, error: type[SmtpError]) -> None:
    with session(GREETING=greeting) as (client, _):
        client._timeout = 0.3
        with pytest.raises(error):
            client.greet()


def test_tls_is_begun_once_and_never_left_out() -> None:
    with session(STARTTLS="220 go") as (client, _):
        client.greet()
        with pytest.raises(SmtpUnsupportedError):
            client.start_tls(lambda line: line)  # type: ignore[arg-type, return-value]
    with session("STARTTLS", STARTTLS="454 not now") as (client, _):
        client.greet()
        with pytest.raises(SmtpRefusedError):
            client.start_tls(lambda line: line)  # type: ignore[arg-type, return-value]
    with session("STARTTLS", STARTTLS="220 go\r\n250 injected") as (client, _):
        client.greet()
        with pytest.raises(SmtpProtocolError, match="before TLS"):
            client.start_tls(lambda line: line)  # type: ignore[arg-type, return-value]
        assert not client.is_open
