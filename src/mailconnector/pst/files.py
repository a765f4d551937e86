"""PST files by their path: opening, locking, making new ones. The only module of the engine that opens anything.

A reader takes a shared lock and a writer an exclusive one, for as long as the store is open. On Windows the file is
opened with the sharing mode that says the same, which Outlook respects and sets itself; elsewhere it is ``flock``,
which all programs that use this engine respect.
"""

import contextlib
import io
import os
import sys
from pathlib import Path
from typing import BinaryIO, Literal

from mailconnector.pst.errors import PstDiskError, PstLockedError, PstNotFoundError, PstUsageError
from mailconnector.pst.messaging.store import Format, Store

if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes
else:
    import fcntl

TEMPORARY = ".part"
"""What is behind the name of a file that is not whole yet."""


def open_store(path: str | os.PathLike[str], *, writable: bool = False, codepage: int = 1252) -> Store:
    """Open a PST or OST file.

    Args:
        path: where it is.
        writable: whether it is going to be changed: nobody else may then have it open.
        codepage: the Windows code page of its PtypString8 values where a message does not name one.

    Raises:
        PstNotFoundError: there is no such file.
        PstLockedError: another program has it open.
        NotAPstError: it is no PST or OST file.
        PstFormatError: it is damaged.
        PstDiskError: the system refused.
    """
    file = open_locked(Path(path), writable=writable)
    try:
        store = Store.open(file, writable=writable, codepage=codepage)
    except BaseException:
        file.close()
        raise
    store.close_with(file)
    return store


def create_store(
    path: str | os.PathLike[str],
    *,
    format: Format = "unicode",
    encryption: Literal["none", "permute", "cyclic"] = "permute",
    name: str = "Outlook Data File",
    usual_folders: bool = False,
    codepage: int = 1252,
) -> Store:
    """Make a new PST file and open it for changes. See :meth:`Store.create` for the arguments.

    Raises:
        PstUsageError: there is a file at the path already.
        PstDiskError: the system refused.
    """
    target = Path(path)
    if target.exists():
        raise PstUsageError(f"there is a file at {target} already", hint="Choose another name, or remove it first.")
    part = target.with_name(target.name + TEMPORARY)
    try:
        with contextlib.closing(create_file(part)) as file:
            Store.create(
                file, format=format, encryption=encryption, name=name, usual_folders=usual_folders, codepage=codepage
            ).close()
        # Only a whole file gets the name.
        part.rename(target)
    except OSError as error:
        raise PstDiskError(f"cannot make {target}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return open_store(target, writable=True, codepage=codepage)


def create_file(path: Path) -> BinaryIO:
    """Make an empty file for reading and writing; one that is there loses what it holds."""
    return io.FileIO(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600), "r+b")


def open_locked(path: Path, *, writable: bool) -> BinaryIO:
    """Open a file as a raw binary file object with the lock that its use asks for.

    Raises:
        PstNotFoundError: there is no such file.
        PstLockedError: another program has it open.
        PstDiskError: the system refused.
    """
    try:
        return _open_locked(path, writable=writable)
    except FileNotFoundError as error:
        raise PstNotFoundError(f"there is no file {path}", hint="Check the name.") from error
    except OSError as error:
        raise PstDiskError(f"cannot open {path}: {error.strerror or error}") from error


if sys.platform == "win32":

    def _open_locked(path: Path, *, writable: bool) -> BinaryIO:
        """Open a file with the sharing mode of its use: readers among themselves, a writer alone."""
        generic_read, generic_write, share_read, open_existing, sharing_violation = 0x80000000, 0x40000000, 1, 3, 32
        create = ctypes.WinDLL("kernel32", use_last_error=True).CreateFileW
        create.restype = wintypes.HANDLE
        access, share = (generic_read | generic_write, 0) if writable else (generic_read, share_read)
        handle = create(str(path), access, share, None, open_existing, 0x80, None)
        if handle == wintypes.HANDLE(-1).value:
            code = ctypes.get_last_error()
            if code == sharing_violation:
                raise _locked(path, "another program, probably Outlook")
            raise ctypes.WinError(code)
        descriptor = msvcrt.open_osfhandle(handle, os.O_BINARY | (os.O_RDWR if writable else os.O_RDONLY))
        return io.FileIO(descriptor, "r+b" if writable else "rb")

else:

    def _open_locked(path: Path, *, writable: bool) -> BinaryIO:
        file = io.FileIO(path, "r+b" if writable else "rb")
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if writable else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = _owner(file)
            file.close()
            raise _locked(path, owner) from error
        except OSError:
            pass  # a file system without locks: the user was told so in the guide
        return file

    def _owner(file: io.FileIO) -> str:
        """Name the processes that hold a lock on a file, where the system tells (Linux)."""
        status = os.fstat(file.fileno())
        wanted = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
        found = []
        with contextlib.suppress(OSError):
            for line in Path("/proc/locks").read_text("ascii", "replace").splitlines():
                fields = line.split()
                if wanted in fields and "->" not in fields:
                    found.append(_process(fields[4]))
        return " and ".join(dict.fromkeys(found)) or "another program"

    def _process(pid: str) -> str:
        with contextlib.suppress(OSError):
            name = Path(f"/proc/{int(pid)}/comm").read_text("utf-8", "replace").strip()
            return f"{name} (process {pid})"
        return f"process {pid}"


def _locked(path: Path, owner: str) -> PstLockedError:
    hint = "Close the file there (in Outlook: quit Outlook), then try again."
    return PstLockedError(f"{path} is in use by {owner}", owner=owner, hint=hint)
