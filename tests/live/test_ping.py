"""`account ping` against real servers: what works, and what users get wrong, each with an exit code of its own."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mailconnector import imap
from mailconnector.app.account.connecting import connect
from mailconnector.app.account.managing import NewPst, add_account, edit_account
from mailconnector.app.account.model import Account
from mailconnector.app.account.ping import ping
from mailconnector.app.account.steps import Outcome, ServerPing, StepName
from mailconnector.cli.main import app
from mailconnector.lab import CyrusServer, DovecotServer, MailServer, SmtpServer
from tests.keyring_memory import MemoryKeyring, installed

SECONDS = 30.0  # of a server that is there: it may have much else to do
_SECURITIES = ("tls", "starttls", "none")


@dataclass
class Profiles:
    """Makes accounts on real servers in a profile of the test's own."""

    path: Path

    def account(
        self, server: MailServer, user: str, security: str = "tls", smtp: SmtpServer | None = None, **changes: Any
    ) -> Account:
        """Add an account, its password by a command; `changes` are to the IMAP server's table."""
        table = {
            "host": "localhost",
            "port": server.imaps_port if security == "tls" else server.imap_port,
            "security": security,
            "login": user,
            "ca_file": str(server.home / "ca.pem"),
            "secret": {"command": ["echo", server.password(user)]},
        }
        values: dict[str, Any] = {"address": server.address(user), "pst": "a.pst", "imap": {**table, **changes}}
        if smtp is not None:
            values["smtp"] = {
                "host": "localhost",
                "port": smtp.smtp_port,
                "security": "starttls",
                "ca_file": str(smtp.home / "ca.pem"),
            }
        return add_account(self.path, "one", values)


@pytest.fixture
def profiles(tmp_path: Path) -> Profiles:
    return Profiles(tmp_path / "profile.toml")


@pytest.fixture(params=["dovecot", "cyrus"])
def server(request: pytest.FixtureRequest) -> MailServer:
    """Each of the mail servers in turn."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, DovecotServer | CyrusServer)
    return found


def tried(account: Account) -> ServerPing:
    return ping(account.imap_server, seconds=SECONDS)


def failure(account: Account) -> tuple[StepName, str, str]:
    failed = tried(account).failed
    assert failed is not None
    return failed.name, failed.text, failed.hint


@pytest.mark.parametrize("security", _SECURITIES)
def test_all_is_well(profiles: Profiles, server: MailServer, security: str) -> None:
    account = profiles.account(server, "alice", security)
    found = tried(account)
    assert found.failed is None
    by_name = {step.name: step for step in found.steps}
    assert set(by_name) == set(StepName)
    assert by_name[StepName.TLS].outcome is (Outcome.WARNING if security == "none" else Outcome.OK)
    assert by_name[StepName.LOGIN].text == "as alice"
    assert "UIDPLUS" in by_name[StepName.CAPABILITIES].text
    with connect(account) as client:
        assert client.mailboxes.exists("INBOX")


def test_a_wrong_password(profiles: Profiles, server: MailServer) -> None:
    account = profiles.account(server, "alice", secret={"command": ["echo", "wrong"]})
    step, text, hint = failure(account)
    assert step is StepName.LOGIN
    assert "alice was refused" in text
    assert "wrong" not in text
    assert "password" in hint
    with pytest.raises(imap.ImapLoginError):
        connect(account)


def test_an_untrusted_certificate(profiles: Profiles, server: MailServer) -> None:
    for security in ("tls", "starttls"):
        account = profiles.account(server, "alice", security, ca_file=None)
        step, text, hint = failure(account)
        assert step is StepName.TLS
        assert text.endswith("is issued by Mail Connector lab CA, whom this computer does not know")
        assert "--imap-ca-file" in hint
        profiles.path.unlink()


def test_tls_where_there_is_none_and_the_other_way_round(profiles: Profiles, server: MailServer) -> None:
    account = profiles.account(server, "alice", port=server.imap_port)
    step, _, hint = failure(account)
    assert step is StepName.TLS
    assert "--imap-security starttls" in hint
    changed = edit_account(
        profiles.path, "one", {("imap", "port"): server.imaps_port, ("imap", "security"): "starttls"}
    ).account
    found = ping(changed.imap_server, seconds=1.0).failed
    assert found is not None
    assert found.name is StepName.PROTOCOL
    assert "--imap-security tls" in found.hint


def test_smtp(profiles: Profiles, dovecot: DovecotServer, smtp: SmtpServer) -> None:
    account = profiles.account(dovecot, "bob", smtp=smtp)
    outgoing = account.smtp_server
    assert outgoing is not None
    found = ping(outgoing, seconds=SECONDS)
    assert found.failed is None
    assert found.steps[-1].text.startswith("8BITMIME, SIZE")
    table: list[tuple[dict[tuple[str, ...], Any], StepName]] = [
        ({("smtp", "port"): dovecot.imap_port}, StepName.PROTOCOL),
        ({("smtp", "port"): smtp.smtps_port, ("smtp", "security"): "tls"}, StepName.LOGIN),
        ({("smtp", "ca_file"): None}, StepName.TLS),
        ({("smtp", "security"): "none", ("smtp", "port"): smtp.smtp_port}, StepName.LOGIN),
        ({("smtp", "security"): "starttls", ("smtp", "login"): "nobody"}, StepName.TLS),
    ]
    for changes, step in table:
        outgoing = edit_account(profiles.path, "one", changes).account.smtp_server
        assert outgoing is not None
        failed = ping(outgoing, secret=lambda one: imap.Password(one.login, "wrong"), seconds=SECONDS).failed
        assert (failed.name if failed else None) is step


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_the_command(profiles: Profiles, dovecot: DovecotServer, smtp: SmtpServer, silent: int) -> None:
    profiles.account(dovecot, "carol", smtp=smtp)

    def command(*arguments: str) -> tuple[int, dict[str, Any]]:
        options = ["--json", "--profile", str(profiles.path), *arguments]
        done = CliRunner().invoke(app, ["account", "ping", *options])
        assert dovecot.password("carol") not in done.output
        return done.exit_code, json.loads(done.stdout)

    code, found = command("one")
    assert code == 0
    assert [one["service"] for one in found["accounts"][0]["servers"]] == ["imap", "smtp"]
    assert all(one["ok"] for one in found["accounts"][0]["servers"])
    table: list[tuple[dict[tuple[str, ...], Any], int, str]] = [
        ({("imap", "port"): silent, ("imap", "security"): "starttls"}, 14, "protocol"),
        ({("imap", "host"): "nowhere.invalid"}, 11, "name"),
        ({("imap", "host"): "localhost", ("imap", "port"): 1}, 12, "connection"),
        ({("imap", "port"): dovecot.imap_port, ("imap", "ca_file"): None}, 13, "tls"),
        ({("imap", "security"): "none", ("imap", "login"): "nobody"}, 15, "login"),
        ({("imap", "secret"): {"variable": "NO_SUCH_VARIABLE_HERE"}}, 10, "secret"),
    ]
    for changes, expected, step in table:
        edit_account(profiles.path, "one", changes)
        # What says nothing is waited for to the end.
        code, found = command("--only", "imap", "--timeout", "1" if step == "protocol" else "30")
        assert code == expected
        assert found["accounts"][0]["servers"][0]["failed"] == step


def test_a_new_pst_beside_it(profiles: Profiles, dovecot: DovecotServer) -> None:
    account = profiles.account(dovecot, "dave")
    values = account.model_dump(exclude={"key", "profile", "folders", "sync", "smtp"}, exclude_none=True)
    added = add_account(profiles.path, "two", {**values, "pst": "two.pst"}, new_pst=NewPst("ansi"))
    assert tried(added).failed is None


def test_a_new_account_is_tried(tmp_path: Path, dovecot: DovecotServer, smtp: SmtpServer) -> None:
    ca = str(dovecot.home / "ca.pem")
    imap_options = ["--imap-host", "localhost", "--imap-port", str(dovecot.imaps_port), "--imap-ca-file", ca]
    smtp_options = ["--smtp-host", "localhost", "--smtp-port", str(smtp.smtps_port), "--smtp-ca-file", ca]
    options = [*imap_options, *smtp_options, "--login", "bob", "--create-pst", "unicode", "--password-stdin"]
    command = ["account", "add", "--profile", str(tmp_path / "p.toml"), "--address", dovecot.address("bob"), *options]
    with installed(MemoryKeyring()):
        done = CliRunner().invoke(app, command, input=dovecot.password("bob") + "\n")
    assert done.exit_code == 0, done.output
    assert dovecot.password("bob") not in done.output
    assert done.stdout.count("as bob\n") == 2
    assert (tmp_path / "localhost.pst").exists()
