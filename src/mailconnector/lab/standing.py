"""A lab that stays: a mail server and an SMTP server that go on when the program ends, until they are told to stop."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mailconnector.lab.cyrus import CyrusServer
from mailconnector.lab.dovecot import DovecotServer
from mailconnector.lab.errors import LabFolderError
from mailconnector.lab.mail_server import USERS, MailServer
from mailconnector.lab.processes import HOST, STATE_FILE, Kept
from mailconnector.lab.server import PORTS_FILE, make_private_folder
from mailconnector.lab.smtp import SmtpServer

Kind = Literal["dovecot", "cyrus"]

_KINDS = ("dovecot", "cyrus", "smtp")


@dataclass(frozen=True, slots=True)
class StandingServer:
    """A server of a lab that stays.

    Attributes:
        kind: `dovecot`, `cyrus` or `smtp`.
        folder: where it lives.
        ports: its ports by name: `imap`, `imaps`, `lmtp`, `sieve`; or `smtp`, `smtps`. The last ones where it does
            not run now.
        running: whether it runs.
    """

    kind: str
    folder: Path
    ports: Mapping[str, int]
    running: bool

    @property
    def host(self) -> str:
        """The address that it listens on."""
        return HOST

    @property
    def ca_file(self) -> Path:
        """The certificate of the authority that clients have to trust, PEM."""
        return self.folder / "ca.pem"

    @property
    def log_file(self) -> Path:
        """What the server writes of what it does."""
        return self.folder / "log"


@dataclass(frozen=True, slots=True)
class StandingLab:
    """A lab that stays, as it is now.

    Attributes:
        folder: where it lives, mail included.
        servers: those that were ever started there.
    """

    folder: Path
    servers: tuple[StandingServer, ...]

    @property
    def passwords(self) -> Mapping[str, str]:
        """The users and their passwords."""
        return {user: f"secret-{user}" for user in USERS}

    @property
    def running(self) -> bool:
        """Whether any of the servers runs."""
        return any(server.running for server in self.servers)

    def server(self, *kinds: str) -> StandingServer | None:
        """Return the running server of one of these kinds, else one that does not run, else None."""
        found = [server for server in self.servers if server.kind in kinds]
        return next((server for server in found if server.running), found[0] if found else None)


def default_folder() -> Path:
    """Return where the lab of this user is when nothing else is said: it outlasts a restart of the machine."""
    return Path("/var/tmp", f"mailconnector-lab-{os.getuid()}")


def up(folder: Path | None = None, kind: Kind = "dovecot") -> StandingLab:
    """Start a mail server and an SMTP server that delivers into it; what runs already is left alone.

    In a folder that was used before the mail is what it was, and so are the ports unless somebody else took them.

    Args:
        folder: where; its path may have 48 bytes. None for the default.
        kind: which mail server.

    Raises:
        LabError: it could not be; see `Server`. Nothing is left running then.
    """
    folder = (folder or default_folder()).absolute()
    with _locked(folder):
        lab = status(folder)
        other = next((each for each in lab.servers if each.running and each.kind not in (kind, "smtp")), None)
        if other:
            raise LabFolderError(
                f"In {folder} runs {other.kind} already.",
                folder,
                server=kind,
                hint=f"Stop it first: mailconnector lab down --folder {folder}",
            )
        wanted = [lab.server(kind), lab.server("smtp")]
        if not all(server is not None and server.running for server in wanted):
            # The SMTP server knows the ports of the mail server, which may be others from now on.
            _stop_all(lab)
            mail_server = _mail_server(folder / kind, kind)
            smtp = SmtpServer(mail_server, folder / "smtp", stay=True)
            mail_server.check()
            smtp.check()
            with mail_server, smtp:
                pass
        return status(folder)


def down(folder: Path | None = None) -> StandingLab:
    """End what runs; the mail stays. Processes that the lab did not start are never touched.

    Returns:
        What was there before.

    Raises:
        LabError: a process does not end.
    """
    folder = (folder or default_folder()).absolute()
    lab = status(folder)
    if lab.servers:
        with _locked(folder):
            lab = status(folder)
            _stop_all(lab)
    return lab


def status(folder: Path | None = None) -> StandingLab:
    """Return what is in a folder and what of it runs."""
    folder = (folder or default_folder()).absolute()
    found = []
    for kind in _KINDS:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            place = folder / kind
            ports = {str(name): int(port) for name, port in json.loads((place / PORTS_FILE).read_bytes()).items()}
            kept = Kept.read(place / STATE_FILE)
            found.append(StandingServer(kind, place, ports, kept is not None and kept.runs()))
    return StandingLab(folder, tuple(found))


def _mail_server(folder: Path, kind: Kind) -> MailServer:
    # Somebody's mail is going to be in it: it is written to disk before it is acknowledged.
    if kind == "cyrus":
        return CyrusServer(folder, stay=True, fsync=True)
    return DovecotServer(folder, stay=True, fsync=True)


def _stop_all(lab: StandingLab) -> None:
    for server in reversed(lab.servers):
        if kept := Kept.read(server.folder / STATE_FILE):
            kept.stop(server.kind)
            (server.folder / STATE_FILE).unlink(missing_ok=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    make_private_folder(folder)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
