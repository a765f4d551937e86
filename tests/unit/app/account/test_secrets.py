"""Passwords: where they come from, what is said where they cannot be had, and that they are never shown."""

import sys
from pathlib import Path

import pytest

from mailconnector import imap
from mailconnector.app.account import secrets
from mailconnector.app.account.connecting import credentials
from mailconnector.app.account.model import Secret, Server
from mailconnector.app.account.secrets import (
    forget_secret,
    has_keyring,
    keep_secret,
    kept_secret,
    read_secret,
)
from mailconnector.app.errors import SecretError
from tests.keyring_memory import MemoryKeyring, installed

WORD = "köpenick-17"


def server(secret=None, **changes):
    values = {
        "service": "imap",
        "host": "imap.example.org",
        "port": 993,
        "security": "tls",
        "login": "alice",
        "auth": "password",
        "secret": secret or Secret(keyring=True),
        "ca_file": None,
        "keyring_host": "Imap.example.org",
    }
    return Server(**{**values, **changes})


def script(tmp_path: Path, text: str) -> tuple[str, ...]:
    file = tmp_path / "script.py"
    file.write_text(text)
    return (sys.executable, str(file))


class TestKeyring:
    def test_what_is_kept_is_found_until_it_is_forgotten(self, keyring_):
        assert has_keyring()
        keep_secret(server(), WORD)
        assert read_secret(server()) == kept_secret(server(keyring_host="IMAP.EXAMPLE.ORG")) == WORD
        assert list(keyring_.entries) == [("mailconnector:imap.example.org", "alice")]
        assert forget_secret(server())
        assert not forget_secret(server())
        with pytest.raises(SecretError, match=r"no password for alice at Imap\.example\.org") as caught:
            read_secret(server())
        assert "--password" in caught.value.hint

    def test_a_machine_without_one(self, no_keyring):
        assert not has_keyring()
        for use in (lambda: read_secret(server()), lambda: keep_secret(server(), WORD)):
            with pytest.raises(SecretError, match="no keyring") as caught:
                use()
            assert "--secret-command" in caught.value.hint
            assert WORD not in str(caught.value)
        assert kept_secret(server()) is None
        assert not forget_secret(server())

    def test_a_locked_one(self, locked_keyring):
        for use in (lambda: read_secret(server()), lambda: keep_secret(server(), WORD)):
            with pytest.raises(SecretError, match="refused: the collection is locked") as caught:
                use()
            assert "Unlock" in caught.value.hint

    def test_one_that_breaks(self):
        class Broken(MemoryKeyring):
            def get_password(self, service, username):
                raise RuntimeError(f"no bus {WORD}")

        with installed(Broken()), pytest.raises(SecretError, match="refused: RuntimeError") as caught:
            read_secret(server())
        assert WORD not in str(caught.value)


class TestVariable:
    def test_it_is_read(self):
        one = server(Secret(variable="MAIL_PASSWORD"))
        assert read_secret(one, environment={"MAIL_PASSWORD": WORD}) == WORD

    @pytest.mark.parametrize("environment", [{}, {"MAIL_PASSWORD": ""}])
    def test_it_is_not_set(self, environment):
        with pytest.raises(SecretError, match=r"MAIL_PASSWORD for alice at imap\.example\.org is not set"):
            read_secret(server(Secret(variable="MAIL_PASSWORD")), environment=environment)


class TestCommand:
    @pytest.mark.parametrize("end", ["", "\\n", "\\r\\n", "\\nlogin: alice\\n"])
    def test_its_first_line(self, tmp_path, end):
        command = script(tmp_path, f"import sys; sys.stdout.buffer.write('{WORD}{end}'.encode())")
        assert read_secret(server(Secret(command=command))) == WORD

    def test_a_line_for_the_shell(self):
        assert read_secret(server(Secret(command=f"echo other | sed s/other/{WORD}/"))) == WORD

    def test_its_errors_are_told_and_its_output_is_not(self, tmp_path):
        text = f"import sys; print('{WORD}'); sys.stderr.write('the safe is locked\\n'); sys.exit(3)"
        with pytest.raises(SecretError, match="exit code 3: the safe is locked") as caught:
            read_secret(server(Secret(command=script(tmp_path, text))))
        assert WORD not in str(caught.value)

    def test_it_says_nothing(self, tmp_path):
        command = script(tmp_path, "import sys; sys.stderr.write('nothing found')")
        with pytest.raises(SecretError, match="wrote nothing but, to its errors: nothing found"):
            read_secret(server(Secret(command=command)))

    def test_it_is_not_there(self):
        with pytest.raises(SecretError, match="cannot be run: No such file"):
            read_secret(server(Secret(command=("/nowhere/at/all",))))

    def test_it_writes_no_text(self, tmp_path):
        command = script(tmp_path, "import sys; sys.stdout.buffer.write(b'secret\\xff\\n')")
        with pytest.raises(SecretError, match="not UTF-8") as caught:
            read_secret(server(Secret(command=command)))
        assert caught.value.__cause__ is None
        assert "secret" not in str(caught.value).replace("password", "")

    def test_it_does_not_end(self, monkeypatch):
        monkeypatch.setattr(secrets, "_COMMAND_SECONDS", 0.2)
        with pytest.raises(SecretError, match=r"did not end within 0\.2 seconds"):
            read_secret(server(Secret(command="sleep 20; echo late")))

    def test_it_never_stops_talking(self, tmp_path):
        text = "import sys\nwhile True: sys.stdout.write('word\\n')"
        with pytest.raises(SecretError, match="exit code"):
            read_secret(server(Secret(command=script(tmp_path, text))))


class TestCredentials:
    def test_a_password(self, keyring_):
        keep_secret(server(), WORD)
        found = credentials(server())
        assert found == imap.Password("alice", WORD)
        assert WORD not in repr(found)

    def test_a_token(self):
        found = credentials(server(Secret(command=("echo", WORD)), auth="oauth2"))
        assert found == imap.Token("alice", WORD)
        assert WORD not in repr(found)
