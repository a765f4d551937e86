"""What the private servers have in common: a folder, ports, certificates, a start that waits, a stop that is sure."""

import contextlib
import json
import os
import shutil
import stat
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from types import TracebackType
from typing import ClassVar, Self

from mailconnector.lab.certificates import make_certificates
from mailconnector.lab.errors import LabFolderError, LabStartError
from mailconnector.lab.processes import (
    HOST,
    STATE_FILE,
    Account,
    Kept,
    are_free,
    await_greeting,
    free_ports,
    require_linux,
    start_keeper,
    stop_keeper,
)

PORTS_FILE = "ports.json"
"""In a server's folder: its ports by name."""

_START_DEADLINE = 20.0  # seconds
_ATTEMPTS = 3
# A unix socket's path may have 107 bytes, and the longest that a server adds to its folder's is about fifty.
_LONGEST_FOLDER = 56
_LOG_TAIL = 64 * 1024


@dataclass(frozen=True, slots=True)
class Launch:
    """How a server is started.

    Attributes:
        command: its program, which must stay in the foreground, and arguments.
        environment: its whole environment.
        greetings: for each port that is to answer before the start counts, how the first line begins.
        drops: whether it runs as the servers' account where we are root.
    """

    command: Sequence[str]
    greetings: Mapping[int, bytes]
    environment: Mapping[str, str] = field(default_factory=lambda: {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    drops: bool = True


class Server(ABC):
    """A real server of one's own: on the loopback address, on free ports, in a folder, for as long as the `with` lasts.

    It ends with the `with`, and also when this process dies in whatever way. With `stay` it goes on instead, until
    `standing.down` ends it, and its folder can be used again later: the same mail is there then, and the same ports
    where they are still free.

    Args:
        folder: where it keeps everything; short, as unix sockets' paths are bounded. None for a temporary one.
        stay: whether it outlives us; needs a folder.

    Raises (from `start` and entering):
        LabMissingError: it is not installed; the hint says how to.
        LabStartError: it ended or did not greet; `log` has what it said.
        LabFolderError: the folder cannot be used.
    """

    kind: ClassVar[str]
    """What the server is called in messages and files."""
    services: ClassVar[tuple[str, ...]]
    """The names of its ports."""

    host = HOST

    def __init__(self, folder: Path | None = None, *, stay: bool = False) -> None:
        if stay and folder is None:
            raise LabFolderError("A server that stays needs a folder.", Path(), server=self.kind)
        self._given = folder
        self._stay = stay
        self._folder: Path | None = None
        self._keeper: Popen[bytes] | None = None
        self._ports: dict[str, int] = {}
        self.account = Account.for_servers()

    @abstractmethod
    def check(self) -> None:
        """Make sure that what the server is made of is there, before anything is written.

        Raises:
            LabMissingError: it is not.
        """

    @abstractmethod
    def _prepare(self) -> Launch:
        """Write the configuration into `home`, whose owner `account` becomes after it, and say how to start."""

    def _make_certificates(self, folder: Path) -> None:
        """Put `ca.pem`, `server.pem` and `server.key` into a folder, unless they are there."""
        make_certificates(folder)

    # -- start and stop ------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Start it and wait until it greets. `with` does this."""
        require_linux()
        self.check()
        self._folder = self._make_folder()
        try:
            self._start_in(self._folder)
        except BaseException:
            self._remove_temporary()
            raise
        return self

    def stop(self) -> None:
        """End it and wait for that; a temporary folder goes. `with` does this unless the server is to stay."""
        if self._keeper is not None:
            stop_keeper(self._keeper)
            if self._folder is not None and (left := Kept.read(self._folder / STATE_FILE)):
                left.stop(self.kind)
            self._keeper = None
        self._remove_temporary()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stay and error is None:
            # The keeper belongs to nobody from here on. A process object that is dropped while its process runs warns.
            if self._keeper is not None:
                self._keeper.returncode = 0
            self._keeper = None
            return
        self.stop()

    def _start_in(self, folder: Path) -> None:
        if (kept := Kept.read(folder / STATE_FILE)) and kept.runs():
            raise LabFolderError(f"A server runs in {folder} already.", folder, server=self.kind)
        self.home.mkdir(exist_ok=True)
        self._make_certificates(self.home)
        shutil.copyfile(self.home / "ca.pem", self.ca_file)
        # Between choosing free ports and listening on them somebody else may take one.
        for attempt in range(_ATTEMPTS):
            self._choose_ports(folder, reuse=attempt == 0)
            launch = self._prepare()
            self.account.own(self.home)
            if self._launch(folder, launch):
                return
            log = self.log_tail()
            self._end_processes()
            if "in use" not in log:
                break
        raise LabStartError(
            f"{self.kind} did not start: {_last_line(log)}", server=self.kind, log=log, hint="The log says more."
        )

    def _end_processes(self) -> None:
        if self._keeper is not None:
            stop_keeper(self._keeper)
            self._keeper = None

    def _launch(self, folder: Path, launch: Launch) -> bool:
        self._keeper = start_keeper(
            launch.command,
            folder=folder,
            log=self.log_file,
            environment=launch.environment,
            account=self.account if launch.drops else None,
            stay=self._stay,
            remove=self._given is None,
        )
        until = time.monotonic() + _START_DEADLINE
        try:
            return all(
                await_greeting(port, greeting, until, self._keeper) for port, greeting in launch.greetings.items()
            )
        except BaseException:
            self._end_processes()
            raise

    def _choose_ports(self, folder: Path, *, reuse: bool) -> None:
        file = folder / PORTS_FILE
        with contextlib.suppress(OSError, ValueError):
            known = json.loads(file.read_bytes())
            if reuse and sorted(known) == sorted(self.services) and are_free(list(known.values())):
                self._ports = known
                return
        self._ports = dict(zip(self.services, free_ports(len(self.services)), strict=True))
        file.write_text(json.dumps(self._ports))

    # -- where it is ---------------------------------------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """The folder it lives in.

        Raises:
            LabStartError: it was not started.
        """
        if self._folder is None:
            raise LabStartError(f"{self.kind} was not started.", server=self.kind)
        return self._folder

    @property
    def home(self) -> Path:
        """What the server itself may write: configuration, mail, sockets."""
        return self.folder / "s"

    @property
    def ports(self) -> Mapping[str, int]:
        """The ports by name."""
        return dict(self._ports)

    @property
    def ca_file(self) -> Path:
        """The certificate, in a PEM file, of the authority that signed the server's: what a client has to trust."""
        return self.folder / "ca.pem"

    @property
    def log_file(self) -> Path:
        """What the server writes of what it does."""
        return self.folder / "log"

    def log_tail(self, lines: int = 40) -> str:
        """Return the last lines of the log."""
        try:
            with self.log_file.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_TAIL))
                text = file.read().decode(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    # -- the folder ----------------------------------------------------------------------------------------------------

    def _make_folder(self) -> Path:
        if self._given is None:
            # Not where TMPDIR says: that may be deep.
            made = Path(tempfile.mkdtemp(prefix="mc-lab-", dir="/tmp"))
            made.chmod(_folder_mode())
            return made
        folder = self._given.absolute()
        if len(os.fsencode(folder)) > _LONGEST_FOLDER:
            raise LabFolderError(
                f"The path {folder} is too long for a server's sockets.",
                folder,
                server=self.kind,
                hint=f"Choose one of at most {_LONGEST_FOLDER} bytes.",
            )
        make_private_folder(folder, server=self.kind)
        return folder

    def _remove_temporary(self) -> None:
        if self._given is None and self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def make_private_folder(folder: Path, *, server: str = "") -> None:
    """Make a folder that nobody else can write to or list, or make sure that an existing one is ours alone.

    Raises:
        LabFolderError: it cannot be made, or belongs to somebody else.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise LabFolderError(f"{folder} is somebody else's.", folder, server=server, hint="Choose another folder.")
        folder.chmod(_folder_mode())
    except OSError as error:
        raise LabFolderError(f"{folder} cannot be used: {error.strerror}.", folder, server=server) from error


def _folder_mode() -> int:
    # Root's servers run as another account, which has to get through to its part.
    return 0o711 if os.getuid() == 0 else 0o700


def _last_line(log: str) -> str:
    return next((line for line in reversed(log.splitlines()) if line.strip()), "it wrote nothing")
