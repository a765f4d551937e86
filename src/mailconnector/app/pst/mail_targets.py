"""Exported messages: single files, mbox files or Maildirs.

A file gets its name when it is whole, except an mbox, which grows.
"""

import itertools
import os
import socket
import sys
import time
from pathlib import Path
from typing import BinaryIO

from mailconnector import formats
from mailconnector.app.pst.files_written import NumberedFiles, disk_error, make_directory, write_new
from mailconnector.app.pst.outgoing import NOTHING_LOST, Lost, Outgoing
from mailconnector.formats.mail import mailbox

MAILDIR_PARTS = ("cur", "new", "tmp")
"""The directories of a Maildir itself."""

_FLAGS_MARK = ":2,"  # Windows takes no colon in a name; ";" is what programs write there


class MessageTarget:
    """A directory of single messages.

    Args:
        files: where they go.
    """

    def __init__(self, files: NumberedFiles) -> None:
        self._files = files

    def add(self, outgoing: Outgoing) -> Lost:
        """Write an item."""
        data = formats.render_item(outgoing.item)
        self._files.write(outgoing.mail.subject, ".eml", data, outgoing.moment)
        return NOTHING_LOST

    def close(self) -> None:
        """There is nothing to be ended."""


class MboxTarget:
    """One file, with the folders inside the folder in a directory beside it.

    Args:
        path: the directory.

    Raises:
        AppDiskError: the system refused.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".mbox")
        make_directory(path.parent)
        try:
            self._file: BinaryIO = self._path.open("xb")
        except OSError as error:
            raise disk_error(self._path, error) from error

    def add(self, outgoing: Outgoing) -> Lost:
        """Write an item."""
        data = formats.render_item(outgoing.item)
        mail = outgoing.mail
        author = mail.sender or mail.author
        sender = author.email if author is not None and "@" in author.email else ""
        entry = mailbox.mbox_entry(data, sender=sender, received=outgoing.moment, flags=mail.flags)
        try:
            self._file.write(entry)
        except OSError as error:
            raise disk_error(self._path, error) from error
        return NOTHING_LOST

    def close(self) -> None:
        """End the file."""
        try:
            self._file.close()
        except OSError as error:
            raise disk_error(self._path, error) from error


class MaildirTarget:
    """A Maildir, with the folders inside the folder as Maildirs below it.

    Args:
        path: the directory.

    Raises:
        AppDiskError: the system refused.
    """

    _counter = itertools.count(1)

    def __init__(self, path: Path) -> None:
        self._path = path
        self._host = socket.gethostname()
        for part in MAILDIR_PARTS:
            make_directory(path / part)

    def add(self, outgoing: Outgoing) -> Lost:
        """Write an item."""
        data = formats.render_item(outgoing.item)
        unique = mailbox.maildir_unique(
            nanoseconds=time.time_ns(), process=os.getpid(), count=next(self._counter), host=self._host
        )
        name = mailbox.maildir_name(mailbox.MaildirName(unique, outgoing.mail.flags))
        if sys.platform == "win32":
            name = name.replace(_FLAGS_MARK, ";2,")
        waiting = self._path / "tmp" / unique
        # Line ends of a mail in a Maildir are those of the system's own text files.
        write_new(waiting, data.replace(b"\r\n", b"\n"), outgoing.moment)
        try:
            waiting.rename(self._path / "cur" / name)
        except OSError as error:
            raise disk_error(self._path / "cur" / name, error) from error
        return NOTHING_LOST

    def close(self) -> None:
        """There is nothing to be ended."""
