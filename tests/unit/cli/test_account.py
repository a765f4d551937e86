"""The commands `account ...`: what they do to the profile, what they say, and that no secret is ever shown."""

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from keyring.backends.fail import Keyring as NoKeyring
from typer.testing import CliRunner

from mailconnector import pst
from mailconnector.app.account.found import Discovery, FoundServer
from mailconnector.app.account.profile import Profile
from mailconnector.cli import account_add
from mailconnector.cli.main import app
from tests.keyring_memory import MemoryKeyring, installed

WORD = "rumpelstilzchen-9"
ENTRY = ("mailconnector:imap.example.org", "alice@example.org")
HOSTS = ("--imap-host", "imap.example.org", "--smtp-host", "smtp.example.org", "--smtp-security", "starttls")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "profile.toml"


@pytest.fixture
def keys():
    """A keyring in memory in the place of the system's."""
    backend = MemoryKeyring()
    with installed(backend):
        yield backend


@pytest.fixture
def account(run, path):
    """A function that runs `mailconnector account`, on the profile of the test."""

    def command(name, *arguments):
        done = run("account", name, *arguments, "--profile", path)
        assert WORD not in done.out + done.err
        return done

    return command


@pytest.fixture
def one(account, path, keys):
    """The profile with an account in it."""
    keys.entries[ENTRY] = WORD
    done = account("add", "one", "--address", "alice@example.org", "--name", "Alice", *HOSTS, "--no-ping")
    assert done.code == 0
    return path


class TestAdd:
    def test_all_by_options(self, account, path, tmp_path):
        options = [
            "--reply-to",
            "office@example.org",
            "--organization",
            "Example",
            "--imap-port",
            1993,
            "--login",
            "al",
        ]
        options += ["--auth", "oauth2", "--secret-command", "token al", "--imap-ca-file", tmp_path / "ca.pem"]
        options += [
            "--smtp-port",
            25,
            "--pst",
            tmp_path / "mine.pst",
            "--create-pst",
            "ansi",
            "--no-mapping",
            "--no-ping",
        ]
        done = account("add", "one", "--address", "alice@example.org", "--name", "Alice", *HOSTS, *options)
        assert done.code == 0
        assert "Added the account one" in done.out
        assert "no file of certificates" in done.err
        found = Profile.load(path).account("one")
        assert (found.name, found.reply_to, found.organization) == ("Alice", "office@example.org", "Example")
        server = found.imap_server
        assert (server.port, server.login, server.auth, server.secret.command) == (1993, "al", "oauth2", "token al")
        assert found.smtp_server is not None
        assert (found.smtp_server.port, found.smtp_server.security) == (25, "starttls")
        assert (found.pst, found.mapping) == ("mine.pst", False)
        with pst.open_store(tmp_path / "mine.pst") as store:
            assert store.format == "ansi"

    def test_a_password_from_stdin(self, path, keys):
        command = ["account", "add", "--profile", str(path), "--address", "alice@example.org", *HOSTS]
        done = _with_input([*command, "--password-stdin", "--no-ping", "--json"], f"{WORD}\nmore\n")
        assert done.exit_code == 0
        assert WORD not in done.output
        assert WORD not in path.read_text()
        assert keys.entries == {ENTRY: WORD}
        assert '"account": "example"' in done.stdout
        empty = _with_input([*command, "two", "--password-stdin", "--no-ping"], "")
        assert empty.exit_code == 2
        assert "no password on the standard input" in empty.stderr

    def test_without_a_keyring(self, path):
        command = ["account", "add", "--profile", str(path), "--address", "alice@example.org", *HOSTS]
        with installed(NoKeyring()):
            done = _with_input([*command, "--password-stdin"], f"{WORD}\n")
        assert done.exit_code == 6
        assert "--secret-command" in done.stderr
        assert WORD not in done.output
        assert not path.exists()

    def test_what_is_missing(self, account):
        done = account("add", "one", *HOSTS)
        assert done.code == 2
        assert "--address is missing" in done.err
        done = account("add", "one", "--address", "alice", *HOSTS, "--no-ping")
        assert done.code == 2
        assert "no mail address" in done.err

    def test_a_name_twice(self, account, one):
        done = account("add", "ONE", "--address", "bob@example.org", *HOSTS)
        assert done.code == 2
        assert "already" in done.err

    def test_the_pst_of_another(self, account, one, tmp_path):
        done = account("add", "two", "--address", "b@example.org", *HOSTS, "--pst", tmp_path / "one.pst", "--no-ping")
        assert done.code == 2
        assert "PST of the account one" in done.err

    def test_two_secrets(self, account):
        done = account("add", "--address", "a@b.c", *HOSTS, "--secret-command", "x", "--secret-variable", "Y")
        assert done.code == 2
        assert "only one of" in done.err

    def test_servers_that_do_not_work_are_told_by_the_exit_code(self, account, path):
        options = ["--imap-host", "nowhere.invalid", "--secret-variable", "NO_SUCH_VARIABLE_HERE"]
        done = account("add", "--address", "a@nowhere.invalid", *options)
        assert done.code == 11
        assert "there is no server of the name nowhere.invalid" in done.out
        assert "The account was added" in done.err
        assert Profile.load(path).account().smtp_server is None

    def test_plain_text_is_warned_of(self, account):
        done = account("add", "--address", "a@b.c", *HOSTS, "--imap-security", "none", "--no-ping")
        assert done.code == 0
        assert "plain text" in done.err


def _found(service, host, *, vouched=True, security="tls", **changes):
    values = {"port": 4711, "login": None, "auth": "password", "source": "a test"} | changes
    return FoundServer(service=service, host=host, security=security, vouched=vouched, **values)


class TestFinding:
    @pytest.fixture
    def finds(self, monkeypatch):
        """A function that says what is found from an address."""

        def set_servers(*servers):
            found = Discovery({server.service: server for server in servers}, ("DNS: nothing",))
            monkeypatch.setattr(account_add, "discover", lambda address, **options: found)

        return set_servers

    def test_the_address_is_enough(self, account, path, finds):
        finds(_found("imap", "imap.example.org", login="al", auth="oauth2"), _found("smtp", "smtp.example.org"))
        done = account("add", "--address", "alice@example.org", "--no-ping")
        assert done.code == 0
        assert "Found: IMAP imap.example.org:4711, tls (a test)" in done.err
        found = Profile.load(path).account("example")
        assert (found.imap_server.port, found.imap_server.login, found.imap_server.auth) == (4711, "al", "oauth2")
        assert found.smtp_server is not None

    def test_what_the_user_says_stands(self, account, path, finds):
        finds(_found("imap", "imap.example.org"), _found("smtp", "smtp.example.org"))
        options = ["--imap-port", 993, "--no-smtp", "--login", "al", "--no-ping"]
        assert account("add", "--address", "alice@example.org", *options).code == 0
        found = Profile.load(path).account()
        assert (found.imap_server.port, found.imap_server.login, found.smtp_server) == (993, "al", None)

    def test_what_nobody_vouches_for_wants_a_word(self, account, path, finds):
        finds(_found("imap", "imap.elsewhere.example", vouched=False))
        done = account("add", "--address", "alice@example.org", "--no-ping")
        assert done.code == 2
        assert "can be deceived" in done.err
        assert "--imap-host imap.elsewhere.example" in done.err
        assert not path.exists()
        assert account("add", "--address", "alice@example.org", "--no-ping", "--yes").code == 0

    def test_nothing_is_found(self, account, finds):
        finds()
        done = account("add", "--address", "alice@example.org")
        assert done.code == 2
        assert "no IMAP server was found" in done.err
        assert "DNS: nothing" in done.err


class TestAsking:
    """What is asked where somebody is there; at a real terminal, see the end of this module."""

    @pytest.fixture
    def asks(self, monkeypatch, path):
        """A function that adds an account with answers to what is asked."""
        monkeypatch.setattr(account_add, "at_terminal", lambda: True)

        def add(servers, *answers, options=()):
            found = Discovery({server.service: server for server in servers}, ())
            monkeypatch.setattr(account_add, "discover", lambda address, **options: found)
            command = ["account", "add", "one", "--profile", str(path), "--address", "alice@example.org", "--no-ping"]
            done = _with_input([*command, *options], "\n".join(answers) + "\n")
            assert done.exit_code == 0, done.output
            return done, Profile.load(path).account("one")

        return add

    def test_what_was_found_is_taken_or_not(self, asks):
        servers = [_found("imap", "imap.example.org"), _found("smtp", "smtp.elsewhere.example", vouched=False)]
        done, account = asks(servers, "Alice", "", "", "none", "", "n", options=["--secret-variable", "MAIL_PASSWORD"])
        assert account.imap_server.host == "imap.example.org"
        assert account.smtp_server is None
        assert "nothing but the name service names it" in done.stderr
        assert not account.pst_path.exists()

    def test_servers_are_named(self, asks, tmp_path):
        answers = ["Alice", "imap.example.org", "none", "smtp.example.org", "what?", "starttls"]
        done, account = asks([], *answers, "", "y", "ansi", options=["--secret-variable", "MAIL_PASSWORD"])
        assert (account.imap_server.security, account.imap_server.port) == ("none", 143)
        assert account.smtp_server is not None
        assert (account.smtp_server.host, account.smtp_server.port) == ("smtp.example.org", 587)
        assert "plain text" in done.stderr
        with pst.open_store(tmp_path / "one.pst") as store:
            assert store.format == "ansi"

    def test_a_command_takes_the_place_of_a_keyring(self, asks, tmp_path):
        with installed(NoKeyring()):
            done, account = asks(
                [], "", "pass mail", options=[*HOSTS, "--create-pst", "unicode", "--pst", str(tmp_path / "one.pst")]
            )
        assert "no keyring" in done.stderr
        assert account.imap_server.secret.command == "pass mail"

    def test_a_token_comes_from_a_command(self, asks, keys, tmp_path):
        options = [*HOSTS, "--create-pst", "unicode", "--pst", str(tmp_path / "one.pst"), "--auth", "oauth2"]
        _, account = asks([], "", "token alice", options=options)
        assert (account.imap_server.auth, account.imap_server.secret.command) == ("oauth2", "token alice")


class TestListAndShow:
    def test_nothing(self, account):
        done = account("list")
        assert (done.code, done.out) == (0, "")
        assert "account add" in done.err
        assert account("list", "--json").json["accounts"] == []
        assert account("show").code == 2

    def test_what_is_there(self, account, one):
        done = account("list")
        assert "alice@example.org" in done.out
        assert "imap.example.org:993, smtp.example.org:587" in done.out
        shown = account("show").out
        assert "Alice <alice@example.org>" in shown
        assert "imap.example.org:993, tls, as alice@example.org, password from the keyring" in shown
        assert "not made yet" in shown

    def test_for_programs(self, account, one, tmp_path):
        found = account("show", "one", "--json").json
        assert found == account("list", "--json").json["accounts"][0]
        assert found["pst"] == str(tmp_path / "one.pst")
        assert found["servers"]["smtp"] == {
            "host": "smtp.example.org",
            "port": 587,
            "security": "starttls",
            "login": "alice@example.org",
            "auth": "password",
            "secret": "keyring",
            "ca_file": None,
        }
        assert found["sync"]["mode"] == "push"

    def test_folders(self, account, one):
        assert (
            account("edit", "one", "--set", 'folders."Inbox/2026".since=2026-01-01', "--set", "sync.minutes=5").code
            == 0
        )
        assert account("edit", "one", "--set", "sync.mode=interval", "--set", "sync.max_size=5 MB").code == 0
        shown = account("show").out
        assert "mode interval, every 5 minutes, since 2026-01-01, headers only above 5.0 MB" in shown
        assert account("show", "--json").json["folders"]["Inbox/2026"]["since"] == "2026-01-01"

    def test_a_broken_profile(self, account, one):
        one.write_text(one.read_text().replace('"imap.example.org"', "3"))
        done = account("list")
        assert done.code == 2
        assert "line 9: accounts.one.imap.host is to be a text in quotes" in done.err

    def test_control_characters_are_not_passed_on(self, account, one):
        done = account("show", "\x1b[2Jevil")
        assert done.code == 2
        assert "\x1b" not in done.err


class TestEdit:
    def test_single_values(self, account, one):
        before = one.read_text()
        done = account("edit", "one", "--imap-port", 1993, "--no-mapping", "--set", "sync.brake_share=0.3")
        assert done.code == 0
        found = Profile.load(one).account()
        assert (found.imap_server.port, found.mapping, found.settings().brake.share) == (1993, False, 0.3)
        done = account("edit", "one", "--unset", "imap.port", "--unset", "sync.brake_share", "--mapping", "--json")
        assert done.json["servers"]["imap"]["port"] == 993
        assert one.read_text() == before.replace(
            "[accounts.one.imap]", "mapping = true\n\n[accounts.one.imap]"
        ).replace("\n\nmapping", "\nmapping")

    def test_no_smtp(self, account, one):
        assert account("edit", "one", "--no-smtp").code == 0
        assert Profile.load(one).account().smtp_server is None
        done = account("edit", "one", "--no-smtp", "--smtp-port", 25)
        assert done.code == 2
        assert "contradict" in done.err

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((), "nothing to change"),
            (("--set", "imap.port"), "KEY=VALUE"),
            (("--set", "imap..port=1"), "is no key"),
            (("--set", "imap.prot=1"), "did you mean port"),
            (("--set", f"imap.password={WORD}"), "is not kept in the profile"),
            (("--unset", "imap.host"), "accounts.one.imap is missing"),
            (("--password",), "--password-stdin"),
        ],
    )
    def test_what_cannot_be(self, account, one, arguments, message):
        before = one.read_text()
        done = account("edit", "one", *arguments)
        assert done.code == 2
        assert message in done.err
        assert one.read_text() == before

    def test_another_server_is_another_account(self, account, one):
        found = Profile.load(one)
        found.make_data_directory()
        found.account().state_path.write_text("known")
        done = account("edit", "one", "--imap-host", "imap.elsewhere.example")
        assert done.code == 0
        assert "deletes nothing" in done.err
        assert "--password" in done.err
        assert not found.account().state_path.exists()

    def test_a_new_password(self, one, keys):
        done = _with_input(["account", "edit", "one", "--profile", str(one), "--password-stdin"], "new-word\n")
        assert done.exit_code == 0
        assert keys.entries == {ENTRY: "new-word"}
        assert "new-word" not in done.output + one.read_text()

    def test_from_the_keyring_to_a_command_and_back(self, account, one):
        assert account("edit", "one", "--secret-command", "pass show mail").code == 0
        assert Profile.load(one).account().imap_server.secret.command == "pass show mail"
        assert account("edit", "one", "--unset", "imap.secret").code == 0
        assert Profile.load(one).account().imap_server.secret.keyring


class TestRemove:
    def test_it_says_what_stays_and_wants_a_word(self, account, one, tmp_path, keys):
        pst.create_store(tmp_path / "one.pst").close()
        done = account("remove", "one")
        assert done.code == 2
        assert f"Stays: the PST {tmp_path / 'one.pst'}" in done.err
        assert "Goes: the password of alice@example.org at imap.example.org" in done.err
        assert "--yes" in done.err
        assert list(Profile.load(one).accounts) == ["one"]
        done = account("remove", "one", "--yes")
        assert done.code == 0
        assert "The PST stays" in done.out
        assert (tmp_path / "one.pst").exists()
        assert keys.entries == {}
        assert not Profile.load(one).accounts

    def test_for_programs(self, account, one):
        found = account("remove", "one", "--yes", "--json").json
        assert found == {
            "account": "one",
            "pst": None,
            "removed_files": [],
            "removed_passwords": ["alice@example.org at imap.example.org"],
        }


class TestPing:
    def test_each_step_is_shown(self, account, one):
        account("edit", "one", "--imap-host", "nowhere.invalid", "--no-smtp")
        done = account("ping")
        assert done.code == 11
        assert "one: IMAP nowhere.invalid:993, tls" in done.out
        lines = [line.split()[:2] for line in done.out.splitlines()]
        assert ["failed", "name"] in lines
        assert ["skipped", "login"] in lines
        assert "Check the name" in done.out

    def test_for_programs(self, account, one):
        account("edit", "one", "--imap-host", "nowhere.invalid")
        done = account("ping", "--only", "imap", "--json")
        (server,) = done.json["accounts"][0]["servers"]
        assert (server["service"], server["ok"], server["failed"]) == ("imap", False, "name")
        assert server["steps"][0]["hint"]

    def test_without_an_account(self, account):
        assert account("ping").code == 2


def _with_input(arguments, text):
    return CliRunner().invoke(app, arguments, input=text, env={"COLUMNS": "500"})


class Terminal:
    """The command at a terminal of its own."""

    def __init__(self, *arguments: str, home: Path) -> None:
        ours, theirs = pty.openpty()
        root = Path(__file__).parents[3]
        environment = {
            **os.environ,
            "MAILCONNECTOR_HOME": str(home),
            "PYTHON_KEYRING_BACKEND": "tests.keyring_memory.MemoryKeyring",
            "PYTHONPATH": str(root),
            "TERM": "dumb",
            "COLUMNS": "200",
        }
        command = [sys.executable, "-m", "mailconnector", "account", *arguments]
        self._process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        self._line = ours
        self.seen = ""

    def answer(self, question: str, text: str) -> None:
        """Wait for a question, and answer it."""
        start = len(self.seen)
        self._read(lambda: question in self.seen[start:])
        os.write(self._line, text.encode())

    def end(self) -> int:
        """Wait for the end and return the exit code."""
        self._read(lambda: False)
        os.close(self._line)
        return self._process.wait(60)

    def _read(self, enough) -> None:
        deadline = time.monotonic() + 60
        while not enough():
            assert time.monotonic() < deadline, self.seen
            if select.select([self._line], [], [], 1.0)[0]:
                try:
                    data = os.read(self._line, 4096)
                except OSError:  # how Linux tells that the other side was closed
                    data = b""
                if not data:
                    return
                self.seen += data.decode()

    def stop(self) -> None:
        """End it, if it has not ended."""
        self._process.kill()
        self._process.wait()


@pytest.fixture
def terminal(tmp_path):
    """A function that runs `mailconnector account` at a terminal."""
    started = []

    def start(*arguments):
        started.append(Terminal(*arguments, home=tmp_path))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")
def test_at_a_terminal_what_is_missing_is_asked_for(terminal, tmp_path):
    terminal = terminal("add", "--imap-host", "imap.example.org", "--no-smtp", "--no-ping")
    terminal.answer("Your name", "Alice\n")
    terminal.answer("mail address", "alice@example.org\n")
    terminal.answer("call the account [example]", "\n")
    terminal.answer(f"PST file [{tmp_path}/example.pst]", "\n")
    terminal.answer("Make it? [Y/n]", "\n")
    terminal.answer("[unicode]", "ansi\n")
    terminal.answer("Password for alice@example.org at imap.example.org", f"{WORD}\n")
    assert terminal.end() == 0
    assert WORD not in terminal.seen
    found = Profile.load(tmp_path).account("example")
    assert (found.name, found.address, found.imap_server.secret.keyring) == ("Alice", "alice@example.org", True)
    with pst.open_store(tmp_path / "example.pst") as store:
        assert store.format == "ansi"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")
def test_stopping_at_a_question_changes_nothing(terminal, tmp_path):
    terminal = terminal("add", "--imap-host", "imap.example.org", "--no-smtp")
    terminal.answer("Your name", "\x04")
    assert terminal.end() == 130
    assert "nothing was changed" in terminal.seen
    assert not (tmp_path / "profile.toml").exists()
