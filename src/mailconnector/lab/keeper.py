"""The keeper: a small process that stands between us and one server, and ends it when we are gone.

It is run by its path in an interpreter of its own, without the package, so it uses the standard library only. It starts
the server in a session of its own and then waits for one of:

- the end of its standard input, the other end of which its starter holds: however the starter dies, the pipe closes.
  A starter that is alive and merely done says a word first. Not watched where the server is to stay;
- SIGTERM;
- the end of the server.

Then every process of the server's group is ended. The server is waited for only after the last signal, so its number
cannot have passed to a stranger in between. A temporary folder is removed where there is no starter any more to do it.
"""

import contextlib
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_GRACE = 5.0  # seconds from asking a server to end to ending it


def start_time(pid: int) -> int:
    """Return when a process was started, in clock ticks since boot: with its number, a name nobody else ever has.

    Raises:
        OSError: there is no such process.
    """
    # The second field is the program's name in brackets and may hold anything; starttime is the 22nd, see proc(5).
    return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19])


def keep(orders: dict[str, Any]) -> int:
    """Start the server, wait for its end or ours, and clean up.

    Args:
        orders: `command`, `environment`, `cwd`, `log` (a file that its output is added to), `state` (a file for the
            numbers of the processes), `stay`, `remove` (a temporary folder or null), and `user` and `group` (numbers
            or null) to run it as.

    Returns:
        The exit code of the server, or 0 when it was told to end.
    """
    waker, woken = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda *_: None)
    with Path(orders["log"]).open("ab") as log:
        server = subprocess.Popen(
            orders["command"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=orders["cwd"],
            env=orders["environment"],
            start_new_session=True,
            user=orders["user"],
            group=orders["group"],
            extra_groups=None if orders["user"] is None else [],
        )
    orphaned = False
    try:
        _write_state(Path(orders["state"]), server.pid)
        with selectors.DefaultSelector() as selector:
            selector.register(os.pidfd_open(server.pid), selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            if not orders["stay"]:
                selector.register(sys.stdin, selectors.EVENT_READ)
            ready = {key.fileobj for key, _ in selector.select()}
            orphaned = sys.stdin in ready and not sys.stdin.buffer.read(1)
    finally:
        # What is in a temporary folder need not be left in good order.
        told = _end_group(server.pid, 0.0 if orders["remove"] else _GRACE)
        code = server.wait()
        Path(orders["state"]).unlink(missing_ok=True)
        if orphaned and orders["remove"]:
            shutil.rmtree(orders["remove"], ignore_errors=True)
    return 0 if told else code or 1


def _write_state(path: Path, server: int) -> None:
    state = {"keeper": [os.getpid(), start_time(os.getpid())], "server": [server, start_time(server)]}
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(state))
    fresh.replace(path)


def _end_group(leader: int, grace: float) -> bool:
    """End the processes of a group whose leader is our child and was not waited for; tell whether it still ran."""
    ran = not _has_ended(leader)
    deadline = time.monotonic() + grace
    with contextlib.suppress(ProcessLookupError):
        if grace:
            os.kill(leader, signal.SIGTERM)
        while not _has_ended(leader) and time.monotonic() < deadline:
            time.sleep(0.005)
        os.killpg(leader, signal.SIGKILL)
    return ran


def _has_ended(child: int) -> bool:
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


if __name__ == "__main__":
    raise SystemExit(keep(json.loads(sys.argv[1])))
