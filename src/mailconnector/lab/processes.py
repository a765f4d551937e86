"""Processes of ours, known by number and start time, so that nothing else is ever signalled; ports; greetings."""

import contextlib
import grp
import json
import os
import pwd
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from mailconnector.lab import keeper
from mailconnector.lab.errors import LabMissingError, LabStartError

HOST = "127.0.0.1"
STATE_FILE = "processes.json"
"""In a server's folder: the processes, as the keeper wrote them down."""

_PAUSE = 0.01
_STOP_DEADLINE = 15.0  # seconds; the keeper itself takes five at most


@dataclass(frozen=True, slots=True)
class Account:
    """The account of the system that a server runs as.

    Attributes:
        uid, gid: its numbers.
        user, group: its names.
        changes: whether it is another than our own.
    """

    uid: int
    gid: int
    user: str
    group: str
    changes: bool

    @classmethod
    def for_servers(cls) -> Self:
        """Return our own account, or for root the one that may do nothing: no mail server of the lab runs as root.

        Raises:
            LabMissingError: the system does not know it by name.
        """
        is_root = os.getuid() == 0
        try:
            entry = pwd.getpwnam("nobody") if is_root else pwd.getpwuid(os.getuid())
            gid = entry.pw_gid if is_root else os.getgid()
            group = grp.getgrgid(gid).gr_name
        except KeyError as error:
            raise LabMissingError(f"The servers have no account to run as: {error.args[0]}.") from error
        return cls(entry.pw_uid, gid, entry.pw_name, group, changes=is_root)

    def own(self, path: Path) -> None:
        """Give it a file or a folder, what is in it included."""
        if not self.changes:
            return
        os.chown(path, self.uid, self.gid)
        if path.is_dir() and not path.is_symlink():
            for inner in path.iterdir():
                self.own(inner)


@dataclass(frozen=True, slots=True)
class Process:
    """A process that may have ended long ago.

    Attributes:
        pid: its number.
        started: when, in clock ticks since boot.
    """

    pid: int
    started: int

    def open(self) -> int | None:
        """Return a descriptor of the process, which the caller closes, or None when it has ended."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return None
        with contextlib.suppress(OSError):
            # What the descriptor names cannot change any more: the start time tells whether it is ours.
            if keeper.start_time(self.pid) == self.started and not _readable(descriptor):
                return descriptor
        os.close(descriptor)
        return None

    def runs(self) -> bool:
        """Tell whether it still runs."""
        descriptor = self.open()
        if descriptor is None:
            return False
        os.close(descriptor)
        return True

    def end(self, how: signal.Signals, seconds: float) -> bool:
        """Send it a signal and wait for its end; tell whether it came."""
        descriptor = self.open()
        if descriptor is None:
            return True
        try:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, how)
            return bool(select.select([descriptor], [], [], seconds)[0])
        finally:
            os.close(descriptor)


def _readable(descriptor: int) -> bool:
    # A process's descriptor becomes readable when the process ends.
    return bool(select.select([descriptor], [], [], 0)[0])


@dataclass(frozen=True, slots=True)
class Kept:
    """A server and its keeper, as the keeper wrote them down."""

    keeper: Process
    server: Process

    @classmethod
    def read(cls, state: Path) -> Self | None:
        """Return what a keeper wrote, or None when there is nothing or nothing sound."""
        try:
            content = json.loads(state.read_bytes())
            found = {name: Process(int(content[name][0]), int(content[name][1])) for name in ("keeper", "server")}
        except (OSError, ValueError, KeyError, IndexError, TypeError):
            return None
        return cls(found["keeper"], found["server"])

    def runs(self) -> bool:
        """Tell whether the server still runs."""
        return self.server.runs()

    def stop(self, server: str = "") -> None:
        """End the server, by its keeper or, where that was killed, directly.

        Raises:
            LabStartError: it would not end.
        """
        self.keeper.end(signal.SIGTERM, _STOP_DEADLINE)
        if not self.server.runs():
            return
        # Its leader being alive, the group is ours and no other's.
        self.server.end(signal.SIGTERM, _STOP_DEADLINE / 3)
        if self.server.runs():
            os.killpg(self.server.pid, signal.SIGKILL)
            if not self.server.end(signal.SIGKILL, _STOP_DEADLINE / 3):
                raise LabStartError(f"Process {self.server.pid} does not end.", server=server)


def start_keeper(
    command: Sequence[str],
    *,
    folder: Path,
    log: Path,
    environment: Mapping[str, str],
    account: Account | None,
    stay: bool,
    remove: bool,
) -> subprocess.Popen[bytes]:
    """Start a keeper and with it a server.

    Args:
        command: the server's, in the foreground.
        folder: where it works, and where `STATE_FILE` is kept.
        log: a file that its output is added to.
        environment: its whole environment.
        account: which account it runs as; None for our own.
        stay: whether it outlives us.
        remove: whether the folder goes with the server when we die first.

    Returns:
        The keeper, for `stop_keeper`.
    """
    orders = {
        "command": list(command),
        "environment": dict(environment),
        "cwd": str(folder),
        "log": str(log),
        "state": str(folder / STATE_FILE),
        "stay": stay,
        "remove": str(folder) if remove else None,
        "user": account.uid if account and account.changes else None,
        "group": account.gid if account and account.changes else None,
    }
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(keeper.__file__)), json.dumps(orders)],
            stdin=subprocess.DEVNULL if stay else subprocess.PIPE,
            stdout=output,
            stderr=output,
            env={"PATH": "/usr/bin:/bin"},
            start_new_session=True,
        )


def stop_keeper(process: subprocess.Popen[bytes]) -> None:
    """End a keeper that we started, and its server, and wait for both."""
    if process.stdin:
        # One byte says that we live and look after the folder ourselves.
        with contextlib.suppress(BrokenPipeError), process.stdin:
            process.stdin.write(b".")
    else:
        process.terminate()
    try:
        process.wait(_STOP_DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback address that nobody listens on at this moment, all of them different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]


def are_free(ports: Sequence[int]) -> bool:
    """Tell whether nobody listens on any of these ports of the loopback address."""
    try:
        with contextlib.ExitStack() as stack:
            for port in ports:
                each = stack.enter_context(socket.socket())
                each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                each.bind((HOST, port))
    except OSError:
        return False
    return True


def await_greeting(port: int, greeting: bytes, until: float, process: subprocess.Popen[bytes]) -> bool:
    """Wait until a server greets.

    Args:
        port: where it listens.
        greeting: how its first line begins; empty where the connection is proof enough.
        until: the deadline on the monotonic clock.
        process: its keeper; the wait ends with it.

    Returns:
        Whether it greeted.
    """
    while process.poll() is None and time.monotonic() < until:
        with (
            contextlib.suppress(OSError),
            socket.create_connection((HOST, port), timeout=max(0.05, until - time.monotonic())) as connection,
        ):
            if connection.recv(512).startswith(greeting) if greeting else True:
                return True
        time.sleep(_PAUSE)
    return False


def find_program(name: str, folders: Sequence[Path]) -> Path | None:
    """Return the program of this name in the first of these folders that has it."""
    return next((folder / name for folder in folders if os.access(folder / name, os.X_OK)), None)


def require_linux() -> None:
    """Make sure that this is Linux: the lab leans on its process descriptors and on Debian's packages.

    Raises:
        LabMissingError: it is not.
    """
    if sys.platform != "linux":
        raise LabMissingError(
            "The private servers run on Linux only.", hint="Use a Linux machine, a container or WSL for them."
        )
