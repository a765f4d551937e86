"""One program at a time: a lock on a file of its own, which the system gives back when the program that holds it dies.

A synchronisation holds the one beside its account's state, no longer than a round, so that `sync` works beside `run`; a
change of the profile holds the one beside the profile.
"""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mailconnector.app.errors import AppDiskError, AppInUseError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_PAUSE = 0.1
# Windows lets nobody read bytes that are locked, so one far behind the text is.
_LOCKED_BYTE = 1 << 30


@contextmanager
def held_lock(
    path: Path, what: str, *, wait: float = 0.0, cancelled: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Hold a lock for the length of a `with` block.

    Args:
        path: its file, made where it is missing; it stays.
        what: what is locked, for the error.
        wait: seconds to wait for somebody else to give it back.
        cancelled: asked while waiting whether to give up.

    Raises:
        AppInUseError: somebody else holds it.
        AppDiskError: the file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    except OSError as error:
        raise AppDiskError(f"cannot make {path}: {error.strerror or error}", path=str(path)) from error
    try:
        until = time.monotonic() + wait
        while not _take(descriptor):
            if time.monotonic() >= until or cancelled():
                raise AppInUseError(
                    f"{what} is in use by {_owner(descriptor)}",
                    path=str(path),
                    hint="Wait for it to end, or stop it.",
                )
            time.sleep(_PAUSE)
        _sign(descriptor, f"mailconnector (process {os.getpid()})")
        try:
            yield
        finally:
            _sign(descriptor, "")
    finally:
        os.close(descriptor)


def _sign(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, text.encode())


def _owner(descriptor: int) -> str:
    text = b""
    with contextlib.suppress(OSError):
        os.lseek(descriptor, 0, os.SEEK_SET)
        text = os.read(descriptor, 200)
    return text.decode("utf-8", "replace").strip() or "another program"


if sys.platform == "win32":

    def _take(descriptor: int) -> bool:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:

    def _take(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass  # a file system without locks
        return True
