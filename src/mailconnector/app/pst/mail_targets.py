"""Where exported mail goes: single files, mbox files or Maildirs, each folder in a place of its own.

Nothing that exists is overwritten. A file gets its name when it is whole, except an mbox, which grows.
"""

import contextlib
import itertools
import os
import socket
import sys
import time
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol, Self

from mailconnector.app.errors import AppDiskError, AppUsageError
from mailconnector.app.pst.file_names import safe_name
from mailconnector.formats import mailbox
from mailconnector.items import Mail

_MBOX_SUFFIX, _MAIL_SUFFIX = ".mbox", ".eml"
# The names of Maildir's own directories, and endings that files beside the directories have.
RESERVED_NAMES = ("cur", "new", "tmp")
_RESERVED_SUFFIXES = (_MBOX_SUFFIX, _MAIL_SUFFIX)
_NUMBER_DIGITS = 5
_FLAGS_MARK = ":2,"  # Windows takes no colon in a name; ";" is what programs write there


class MailFormat(StrEnum):
    """In which form mail is written."""

    EML = "eml"
    MBOX = "mbox"
    MAILDIR = "maildir"


def folder_name(name: str, number: int) -> str:
    """Return the directory name of a folder; it cannot be mistaken for one of a file that is written beside it."""
    found = safe_name(name, f"folder {number}")
    return found + "_" if found.casefold().endswith(_RESERVED_SUFFIXES) else found


class FolderTarget(Protocol):
    """Takes the mail of one folder."""

    def add(self, mail: Mail, data: bytes) -> None:
        """Write a message.

        Args:
            mail: what it is.
            data: its bytes, with CRLF line ends.

        Raises:
            AppDiskError: the system refused.
        """

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...


def open_target(top: Path, parts: tuple[str, ...], kind: MailFormat) -> FolderTarget:
    """Make the place of a folder.

    Args:
        top: the directory of the whole export.
        parts: the directory names of the folder below it.
        kind: the form of the mail.

    Raises:
        AppDiskError: the system refused.
    """
    return _TARGETS[kind](top.joinpath(*parts))


def prepare_directory(path: Path) -> None:
    """Make the directory of an export.

    Raises:
        AppUsageError: there is something in it already.
        AppDiskError: the system refused.
    """
    try:
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            what = "is not empty" if path.is_dir() else "is no directory"
            raise AppUsageError(
                f"{path} {what}", path=str(path), hint="Nothing is overwritten: name a new or an empty directory."
            )
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _disk_error(path, error) from error


def _disk_error(path: Path, error: OSError) -> AppDiskError:
    return AppDiskError(f"cannot write {path}: {error.strerror or error}", path=str(path))


class _Directory:
    """A directory of single files."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number = 0
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _disk_error(path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def add(self, mail: Mail, data: bytes) -> None:
        self._number += 1
        number = f"{self._number:0{_NUMBER_DIGITS}}"
        subject = safe_name(mail.subject, "")
        name = f"{number} {subject}".rstrip() + _MAIL_SUFFIX
        _write_new(self._path / name, data, _moment(mail))


class _Mbox:
    """One file, with the folders inside the folder in a directory beside it."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + _MBOX_SUFFIX)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = self._path.open("xb")
        except OSError as error:
            raise _disk_error(self._path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            self._file.close()
        except OSError as error:
            raise _disk_error(self._path, error) from error

    def add(self, mail: Mail, data: bytes) -> None:
        author = mail.sender or mail.author
        sender = author.email if author is not None and "@" in author.email else ""
        try:
            self._file.write(mailbox.mbox_entry(data, sender=sender, received=_moment(mail), flags=mail.flags))
        except OSError as error:
            raise _disk_error(self._path, error) from error


class _Maildir:
    """A Maildir, with the folders inside the folder as Maildirs below it."""

    _counter = itertools.count(1)

    def __init__(self, path: Path) -> None:
        self._path = path
        self._host = socket.gethostname()
        try:
            for part in RESERVED_NAMES:
                (path / part).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _disk_error(path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def add(self, mail: Mail, data: bytes) -> None:
        unique = mailbox.maildir_unique(
            nanoseconds=time.time_ns(), process=os.getpid(), count=next(self._counter), host=self._host
        )
        name = mailbox.maildir_name(mailbox.MaildirName(unique, mail.flags))
        if sys.platform == "win32":
            name = name.replace(_FLAGS_MARK, ";2,")
        waiting = self._path / "tmp" / unique
        # Line ends of a mail in a Maildir are those of the system's own text files.
        _write_new(waiting, data.replace(b"\r\n", b"\n"), _moment(mail))
        try:
            waiting.rename(self._path / "cur" / name)
        except OSError as error:
            raise _disk_error(self._path / "cur" / name, error) from error


_TARGETS: dict[MailFormat, Callable[[Path], FolderTarget]] = {
    MailFormat.EML: _Directory,
    MailFormat.MBOX: _Mbox,
    MailFormat.MAILDIR: _Maildir,
}


def _moment(mail: Mail) -> datetime | None:
    return mail.received or mail.date


def _write_new(path: Path, data: bytes, moment: datetime | None) -> None:
    """Write a file that must not be there yet; its time becomes that of the message."""
    try:
        with path.open("xb") as file:
            file.write(data)
    except OSError as error:
        raise _disk_error(path, error) from error
    if moment is not None:
        with contextlib.suppress(OSError, OverflowError, ValueError):
            os.utime(path, (moment.timestamp(), moment.timestamp()))
