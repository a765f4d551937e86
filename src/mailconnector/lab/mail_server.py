"""An IMAP server with users: what those that hold mail have in common."""

import secrets
import sys
from importlib import resources
from pathlib import Path
from typing import ClassVar

from mailconnector.lab.processes import find_program
from mailconnector.lab.server import Server

USERS = ("alice", "bob", "carol", "dave")
GROUPS = {"alice": "staff", "bob": "staff", "carol": "guests", "dave": "guests"}
"""The group that each of them is in, for access control lists."""
TEST_USER = "test-"
"""How the names of the users begin that come into being as they are asked for."""


class MailServer(Server):
    """An IMAP server with mail delivery over LMTP and the users alice, bob, carol and dave.

    The passwords are no secret: it listens on the loopback address only, and is not for mail that matters.
    """

    users: ClassVar[tuple[str, ...]] = USERS
    domain: ClassVar[str] = "localhost"

    @property
    def imap_port(self) -> int:
        """The port for IMAP in the clear and with STARTTLS."""
        return self._ports["imap"]

    @property
    def imaps_port(self) -> int:
        """The port for IMAP over TLS from the first byte."""
        return self._ports["imaps"]

    @property
    def lmtp_port(self) -> int:
        """The port that takes mail for delivery, without authentication."""
        return self._ports["lmtp"]

    def password(self, user: str) -> str:
        """Return the password of a user."""
        return f"secret-{user}"

    def address(self, user: str) -> str:
        """Return the mail address of a user."""
        return f"{user}@{self.domain}"

    def fresh_user(self) -> str:
        """Return the name of a user that nobody has used, with empty mailboxes: what a test wants."""
        return f"{TEST_USER}{secrets.token_hex(5)}"

    def write_sendmail(self) -> Path:
        """Write the program that filters send mail on with, and return its path."""
        # A Python that the account of the servers may run too.
        python = find_program("python3", (Path("/usr/bin"), Path("/usr/local/bin"), Path("/bin")))
        values: dict[str, object] = {"python": python or sys.executable, "lmtp": self.lmtp_port}
        text = resources.files("mailconnector.lab").joinpath("sendmail.py.in").read_text()
        program = self.home / "sendmail"
        write_private(program, fill_in(text, values))
        program.chmod(0o700)
        return program


def fill_in(template: str, values: dict[str, object]) -> str:
    """Return a configuration with each @NAME@ replaced by its value.

    Raises:
        KeyError: a name has no value.
    """
    parts = template.split("@")
    parts[1::2] = [str(values[name]) for name in parts[1::2]]
    return "".join(parts)


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read."""
    path.touch(mode=0o600)
    path.write_text(text)
