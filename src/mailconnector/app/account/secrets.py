"""Passwords and tokens: from the system's keyring, a command, or an environment variable. None is ever shown."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO

import keyring
import keyring.errors

from mailconnector.app.account.model import Server
from mailconnector.app.errors import SecretError

_COMMAND_SECONDS = 60.0
_MOST_BYTES = 64 << 10
_ALTERNATIVES = (
    "Other ways: --secret-command PROGRAM (as a password manager's), or --secret-variable NAME; "
    "`mailconnector account edit` takes them too."
)


def read_secret(server: Server, *, environment: Mapping[str, str] | None = None) -> str:
    """Return the password or token of a server.

    Args:
        server: whose.
        environment: where variables are looked up; None for the process's.

    Raises:
        SecretError: it cannot be had.
    """
    secret = server.secret
    if secret.command is not None:
        return _from_command(secret.command)
    if secret.variable is not None:
        value = (os.environ if environment is None else environment).get(secret.variable)
        if not value:
            raise SecretError(
                f"the environment variable {secret.variable} for {server.login} at {server.host} is not set",
                hint=f"Set {secret.variable} to the {_word(server)} before you run the command.",
            )
        return value
    return _from_keyring(server)


def has_keyring() -> bool:
    """Tell whether there is a keyring to keep passwords in."""
    return keyring.get_keyring().priority > 0


def kept_secret(server: Server) -> str | None:
    """Return the password or token in the keyring; None where there is none, or no keyring."""
    try:
        with _keyring():
            return keyring.get_password(_service(server), server.login)
    except SecretError:
        return None


def keep_secret(server: Server, secret: str) -> None:
    """Put a password or token into the keyring.

    Raises:
        SecretError: there is no keyring, or it refused.
    """
    with _keyring():
        keyring.set_password(_service(server), server.login, secret)


def forget_secret(server: Server) -> bool:
    """Remove a password or token from the keyring, and say whether there was one. No keyring is no error."""
    try:
        with _keyring():
            keyring.delete_password(_service(server), server.login)
    except SecretError:
        return False
    return True


def _service(server: Server) -> str:
    return f"mailconnector:{server.keyring_host.lower()}"


def _word(server: Server) -> str:
    return "token" if server.auth == "oauth2" else "password"


def _from_keyring(server: Server) -> str:
    with _keyring():
        value = keyring.get_password(_service(server), server.login)
    if not value:
        raise SecretError(
            f"the keyring has no {_word(server)} for {server.login} at {server.keyring_host}",
            hint=f"Run `mailconnector account edit ACCOUNT --password` to keep it there. {_ALTERNATIVES}",
        )
    return value


@contextmanager
def _keyring() -> Iterator[None]:
    """Translate what a keyring raises."""
    try:
        yield
    except keyring.errors.NoKeyringError as error:
        raise SecretError("this machine has no keyring to keep passwords in", hint=_ALTERNATIVES) from error
    except keyring.errors.KeyringError as error:
        # What a backend says is its own trouble, a locked collection or no bus; none repeats the password.
        raise _refused(str(error) or type(error).__name__) from error
    except Exception as error:
        # Backends are programs of others, and let through whatever their bus or their system raises.
        raise _refused(type(error).__name__) from error


def _refused(reason: str) -> SecretError:
    return SecretError(f"the keyring refused: {reason}", hint=f"Unlock the keyring and try again. {_ALTERNATIVES}")


def _from_command(command: str | tuple[str, ...]) -> str:
    """Run a command and return its first line. It may ask the user: it has our terminal."""
    shell = isinstance(command, str)
    name = "the command for the password" if shell else f"the command {command[0]} for the password"
    try:
        process = subprocess.Popen(command, shell=shell, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SecretError(f"{name} cannot be run: {reason}", hint="Check its name and place.") from error
    assert process.stdout is not None and process.stderr is not None
    out, err = _Reader(process.stdout), _Reader(process.stderr)
    try:
        code = process.wait(_COMMAND_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise SecretError(
            f"{name} did not end within {_COMMAND_SECONDS:g} seconds", hint="Run it by hand to see what it waits for."
        ) from error
    finally:
        process.kill()
        process.wait()
    said = " ".join(err.data()[-2000:].decode("utf-8", "replace").split())
    if code != 0:
        raise SecretError(
            f"{name} failed with the exit code {code}" + (f": {said}" if said else ""),
            hint="Run it by hand to see why.",
        )
    try:
        value = out.data().split(b"\n", 1)[0].rstrip(b"\r").decode()
    except UnicodeDecodeError:
        # Not chained: the error would carry what was read.
        raise SecretError(f"{name} wrote something that is not UTF-8 text") from None
    if not value:
        raise SecretError(
            f"{name} wrote nothing" + (f" but, to its errors: {said}" if said else ""),
            hint="The password is to be the first line of its output.",
        )
    return value


class _Reader:
    """Reads a pipe in a thread up to a bound, and then closes it: a command that never stops talking is stopped."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._data = b""
        self._thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._thread.start()

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe:
            self._data = pipe.read(_MOST_BYTES)

    def data(self) -> bytes:
        """What was read; of a pipe that a child of the command's keeps open, nothing."""
        self._thread.join(1.0)
        return self._data
