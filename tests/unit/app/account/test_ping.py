"""Trying servers that misbehave: each failure is told apart, says what to do, and ends in time."""

import base64
import contextlib
import socket

import pytest

from mailconnector import imap
from mailconnector.app.account import dialing
from mailconnector.app.account.model import Secret, Server
from mailconnector.app.account.ping import ping
from mailconnector.app.account.refusals import no_way_in
from mailconnector.app.account.steps import Outcome, Step, StepName
from mailconnector.app.errors import SecretError

SECONDS = 0.4
WORD = "hunter2-zebra"
GREETING = b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] Hello\r\n"


def server(port, service="imap", security="none", **changes):
    values = {
        "service": service,
        "host": "127.0.0.1",
        "port": port,
        "security": security,
        "login": "alice",
        "auth": "password",
        "secret": Secret(keyring=True),
        "ca_file": None,
        "keyring_host": "127.0.0.1",
    }
    return Server(**{**values, **changes})


def trial(one, secret=lambda server: imap.Password("alice", WORD)):
    found = ping(one, secret=secret, seconds=SECONDS)
    assert WORD not in repr(found)
    return found


def failure(one, step, **options):
    """Try a server that is to fail at a step, and return what is said of it."""
    found = trial(one, **options)
    assert found.failed is not None
    assert found.failed.name is step
    assert found.failed.hint
    assert found.failed.seconds < SECONDS * 3
    assert {each.name for each in found.steps} == set(StepName)
    after = found.steps[found.steps.index(found.failed) + 1 :]
    assert all(each.outcome is Outcome.SKIPPED for each in after)
    return found.failed.text, found.failed.hint


@pytest.fixture
def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return port


class TestTheWayThere:
    def test_no_such_name(self):
        text, hint = failure(server(993, host="nowhere.invalid"), StepName.NAME)
        assert text == "there is no server of the name nowhere.invalid"
        assert "mistakes" in hint

    @pytest.mark.parametrize("host", ["a" * 64 + ".example.org", "a..b"])
    def test_no_name_at_all(self, host):
        failure(server(993, host=host), StepName.NAME)

    def test_a_name_service_that_does_not_answer(self, monkeypatch):
        def silent(*args, **options):
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

        monkeypatch.setattr(socket, "getaddrinfo", silent)
        text, hint = failure(server(993, host="imap.example.org"), StepName.NAME)
        assert "cannot say where" in text
        assert "online" in hint

    def test_a_closed_port(self, closed_port):
        text, hint = failure(server(closed_port), StepName.CONNECTION)
        assert f"nothing listens on the port {closed_port}" in text
        assert "993 (tls), 143 (starttls)" in hint

    def test_the_next_address_is_tried(self, closed_port):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            places: list[dialing.Address] = [
                (socket.AF_INET, ("127.0.0.1", closed_port)),
                (socket.AF_INET, ("127.0.0.1", port)),
            ]
            with dialing.dial(server(port), places, SECONDS) as sock:
                assert sock.getpeername()[1] == port

    def test_a_server_that_lets_nobody_in(self):
        # A full queue of connections is what a firewall that drops packets looks like.
        with socket.socket() as listener, contextlib.ExitStack() as queue:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            for _ in range(4):
                waiting = queue.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(listener.getsockname())
            text, hint = failure(server(listener.getsockname()[1]), StepName.CONNECTION)
        assert "did not answer within" in text
        assert "firewall" in hint

    def test_tls_with_a_server_in_the_open(self, scripted):
        text, hint = failure(server(scripted(GREETING).port, security="tls"), StepName.TLS)
        assert "does not speak TLS from the start" in text
        assert "--imap-security starttls" in hint

    def test_tls_with_a_silent_server(self, scripted):
        text, hint = failure(server(scripted(b"").port, security="tls"), StepName.TLS)
        assert "did not begin TLS within" in text
        assert "--imap-security starttls" in hint

    def test_tls_with_a_server_that_hangs_up(self, scripted):
        text, _ = failure(server(scripted(b"", hang_up=True).port, security="tls"), StepName.TLS)
        assert "hung up" in text

    def test_certificates_that_cannot_be_read(self, scripted, tmp_path):
        greetings = {"tls": b"", "starttls": b"* OK [CAPABILITY IMAP4rev1 STARTTLS] Hello\r\n"}
        for security, greeting in greetings.items():
            one = server(scripted(greeting).port, security=security, ca_file=tmp_path / "none.pem")
            text, _ = failure(one, StepName.TLS)
            assert "none.pem cannot be read" in text


@pytest.mark.parametrize(
    ("greeting", "who"),
    [
        (b"220 mail.example.org ESMTP\r\n", "an SMTP or FTP server"),
        (b"+OK POP3 ready\r\n", "a POP3 server"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "a web server"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "an SSH server"),
        (b"\x00\x01\x02 garbage\r\n", "not an IMAP server"),
        (b"x" * 70000 + b"\r\n", "not an IMAP server"),
    ],
)
def test_something_else_than_imap(scripted, greeting, who):
    text, _ = failure(server(scripted(greeting).port), StepName.PROTOCOL)
    assert who in text


@pytest.mark.parametrize(
    ("greeting", "who"),
    [
        (GREETING, "an IMAP server, not an SMTP server"),
        (b"+OK POP3 ready\r\n", "a POP3 server"),
        (b"\x00\x01\x02 garbage\r\n", "not an SMTP server"),
        (b"x" * 70000 + b"\r\n", "not an SMTP server"),
        (b"250 what\r\n", "not an SMTP server"),
    ],
)
def test_something_else_than_smtp(scripted, greeting, who):
    text, _ = failure(server(scripted(greeting).port, "smtp"), StepName.PROTOCOL)
    assert who in text


@pytest.mark.parametrize("service", ["imap", "smtp"])
class TestSilence:
    def test_it_never_greets(self, scripted, service):
        text, hint = failure(server(scripted(b"").port, service), StepName.PROTOCOL)
        assert "took the connection and said nothing" in text
        assert f"--{service}-security tls" in hint

    def test_it_stops_in_the_middle(self, scripted, service):
        begins = {"imap": (GREETING, b"@TAG@ "), "smtp": (b"220 hello\r\n", b"250-")}[service]
        found = trial(server(scripted(*begins).port, service))
        assert found.failed is not None

    def test_it_hangs_up(self, scripted, service):
        text, _ = failure(server(scripted(b"", hang_up=True).port, service), StepName.PROTOCOL)
        assert text


class TestImap:
    def test_it_turns_us_away(self, scripted):
        text, hint = failure(server(scripted(b"* BYE too many connections\r\n").port), StepName.PROTOCOL)
        assert "too many connections" in text
        assert "later" in hint

    def test_no_starttls(self, scripted):
        text, hint = failure(server(scripted(GREETING).port, security="starttls"), StepName.TLS)
        assert "does not offer STARTTLS" in text
        assert "TLS" in hint

    def test_no_login_in_the_open(self, scripted):
        greeting = b"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Hello\r\n"
        one = scripted(greeting)
        text, hint = failure(server(one.port), StepName.LOGIN)
        assert "no password in plain text" in text
        assert "starttls" in hint
        assert one.heard == b""

    def test_a_wrong_password(self, scripted):
        text, hint = failure(
            server(scripted(GREETING, b"@TAG@ NO [AUTHENTICATIONFAILED] no such luck\r\n").port), StepName.LOGIN
        )
        assert text == "alice was refused: no such luck"
        assert "password" in hint

    def test_a_password_where_tokens_are_taken_too(self, scripted):
        greeting = b"* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 AUTH=PLAIN SASL-IR] Hello\r\n"
        _, hint = failure(server(scripted(greeting, b"@TAG@ NO no\r\n").port), StepName.LOGIN)
        assert "--imap-auth oauth2" in hint

    def test_a_refused_token(self, scripted):
        greeting = b"* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR] Hello\r\n"
        trouble = base64.b64encode(b'{"status":"400"}')
        one = scripted(greeting, b"+ " + trouble + b"\r\n", b"@TAG@ NO expired\r\n")
        text, hint = failure(
            server(one.port, auth="oauth2"), StepName.LOGIN, secret=lambda server: imap.Token("alice", WORD)
        )
        assert text == "alice was refused: expired"
        assert "token" in hint

    @pytest.mark.parametrize(
        ("credentials", "offered", "expected"),
        [
            (imap.Password("alice", WORD), {"XOAUTH2"}, "wants OAuth 2"),
            (imap.Password("alice", WORD), {"GSSAPI"}, "no login that is known here"),
            (imap.Password("alice", WORD), set(), "(it offers none)"),
            (imap.Token("alice", WORD), {"PLAIN"}, "takes no OAuth 2 token"),
        ],
    )
    def test_no_way_in(self, credentials, offered, expected):
        error = no_way_in(server(993), credentials, frozenset(offered))
        assert expected in str(error)
        assert error.hint
        assert error.step is StepName.LOGIN

    def test_a_server_that_is_too_old(self, scripted):
        one = scripted(
            b"* OK [CAPABILITY IMAP4 AUTH=PLAIN SASL-IR] Hello\r\n",
            b"@TAG@ OK in\r\n",
            b"* CAPABILITY IMAP4\r\n@TAG@ OK\r\n",
        )
        text, _ = failure(server(one.port), StepName.CAPABILITIES)
        assert "neither IMAP4rev1 nor IMAP4rev2" in text

    def test_what_a_plain_server_lacks(self, scripted):
        one = scripted(
            GREETING,
            b"@TAG@ OK in\r\n",
            b"* CAPABILITY IMAP4rev1 UIDPLUS\r\n@TAG@ OK\r\n",
            b"* BYE\r\n@TAG@ OK\r\n",
        )
        found = trial(server(one.port))
        assert found.failed is None
        step = found.steps[-1]
        assert (step.name, step.outcome, step.text) == (StepName.CAPABILITIES, Outcome.WARNING, "UIDPLUS")
        missing = {each.name: each.meaning for each in step.missing}
        assert "UIDPLUS" not in missing
        assert {"CONDSTORE", "IDLE", "MOVE", "LITERAL+"} <= set(missing)
        assert all(missing.values())
        tls = next(each for each in found.steps if each.name is StepName.TLS)
        assert tls.outcome is Outcome.WARNING

    def test_an_address_as_the_user_name_may_be_too_much(self, scripted):
        one = scripted(GREETING, b"@TAG@ NO no\r\n")
        _, hint = failure(
            server(one.port), StepName.LOGIN, secret=lambda server: imap.Password("alice@example.org", WORD)
        )
        assert "--imap-login alice." in hint


class TestSmtp:
    EHLO = b"250-mail.example.org\r\n250-SIZE 10485760\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n"

    def test_a_login(self, scripted):
        one = scripted(b"220 hello\r\n", self.EHLO, b"235 in\r\n", self.EHLO, b"221 bye\r\n")
        found = trial(server(one.port, "smtp"))
        assert found.failed is None
        assert found.steps[-1].text == "8BITMIME, SIZE; messages up to 10 MB"
        assert [each.name for each in found.steps[-1].missing] == ["SMTPUTF8", "DSN"]
        assert base64.b64encode(f"\0alice\0{WORD}".encode()) in one.heard

    def test_the_next_way_where_one_is_not_taken(self, scripted):
        one = scripted(
            b"220 hello\r\n", self.EHLO, b"504 no\r\n", b"334 VXNlcg==\r\n", b"334 UGFzcw==\r\n", b"235 in\r\n"
        )
        found = trial(server(one.port, "smtp"))
        login = next(each for each in found.steps if each.name is StepName.LOGIN)
        assert login.outcome is Outcome.OK
        assert base64.b64encode(WORD.encode()) in one.heard

    def test_a_token(self, scripted):
        ehlo = b"250-mail\r\n250 AUTH XOAUTH2\r\n"
        trouble = b"334 " + base64.b64encode(b'{"status":"401"}') + b"\r\n"
        one = scripted(b"220 hello\r\n", ehlo, trouble, b"535 5.7.8 expired\r\n")
        token = imap.Token("alice", WORD)
        text, hint = failure(server(one.port, "smtp", auth="oauth2"), StepName.LOGIN, secret=lambda server: token)
        assert text == "alice was refused: 535 5.7.8 expired"
        assert "token" in hint
        assert one.heard.endswith(b"\r\n\r\n")

    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            (b"535 5.7.8 wrong\r\n", "user name and the password"),
            (b"454 4.7.0 later\r\n", "later"),
            (b"538 5.7.11 not in the open\r\n", "starttls"),
        ],
    )
    def test_refusals(self, scripted, answer, expected):
        _, hint = failure(server(scripted(b"220 hello\r\n", self.EHLO, answer).port, "smtp"), StepName.LOGIN)
        assert expected in hint

    @pytest.mark.parametrize(
        ("ehlo", "expected"),
        [
            (b"250 mail\r\n", "no password in plain text"),
            (b"250-mail\r\n250 AUTH XOAUTH2\r\n", "wants OAuth 2"),
            (b"250-mail\r\n250 AUTH GSSAPI\r\n", "no login that is known here"),
        ],
    )
    def test_no_way_in(self, scripted, ehlo, expected):
        text, _ = failure(server(scripted(b"220 hello\r\n", ehlo).port, "smtp"), StepName.LOGIN)
        assert expected in text

    def test_no_starttls(self, scripted):
        one = scripted(b"220 hello\r\n", self.EHLO)
        text, hint = failure(server(one.port, "smtp", "starttls"), StepName.TLS)
        assert "does not offer STARTTLS" in text
        assert "--smtp-security tls" in hint

    def test_starttls_refused(self, scripted):
        one = scripted(b"220 hello\r\n", b"250-mail\r\n250 STARTTLS\r\n", b"454 not now\r\n")
        text, _ = failure(server(one.port, "smtp", "starttls"), StepName.TLS)
        assert "454 not now" in text

    def test_turned_away(self, scripted):
        text, hint = failure(server(scripted(b"554 5.7.1 blocked\r\n").port, "smtp"), StepName.PROTOCOL)
        assert "554 5.7.1 blocked" in text
        assert "another place" in hint


def test_a_secret_that_cannot_be_had(scripted):
    def none(server):
        raise SecretError("no keyring", hint="Use a command.")

    text, hint = failure(server(scripted(GREETING).port), StepName.SECRET, secret=none)
    assert (text, hint) == ("no keyring", "Use a command.")


def test_without_a_login_it_ends_before_it(scripted):
    found = ping(server(scripted(GREETING, b"* BYE\r\n@TAG@ OK\r\n").port), secret=None, seconds=SECONDS)
    assert [each.name for each in found.steps] == [StepName.NAME, StepName.CONNECTION, StepName.PROTOCOL, StepName.TLS]
    assert found.failed is None


def test_each_step_is_told_as_it_ends(scripted):
    heard: list[Step] = []
    found = ping(server(scripted(b"").port), secret=None, seconds=SECONDS, listener=heard.append)
    assert tuple(heard) == found.steps
