"""Single messages, mbox files and the files of a Maildir, read one message at a time."""

import base64
import binascii
import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from mailconnector.app.pst.found import Found, FoundMessage, LostEntry
from mailconnector.app.pst.source_kinds import SourceKind
from mailconnector.formats.errors import FormatError
from mailconnector.formats.mail import mailbox
from mailconnector.items import Flags

MAX_MESSAGE = 256 << 20
"""Bytes of the largest message that is read; servers stop far below."""

MAILDIR_PARTS = ("cur", "new", "tmp")
"""The directories that a Maildir has."""

# The state of mail whose source keeps none: it was somebody's, and is not new.
_KEPT = Flags(seen=True)
# A shifted part of a name in modified UTF-7 ([RFC 3501] 5.1.3).
_SHIFTED = re.compile(r"&([A-Za-z0-9+,]*)-")
_KEYWORDS_FILE = "dovecot-keywords"
_KEYWORDS_SIZE = 4096


def read_mail_file(path: Path, kind: SourceKind, folders: tuple[str, ...], before: int) -> Iterator[Found]:
    """Yield the messages of a file.

    Args:
        path: the file.
        kind: a message or an mbox.
        folders: names of the folders below the target that it belongs into.
        before: bytes of the source that came before it.

    Raises:
        OSError: the system refused to read.
    """
    if kind is SourceKind.MBOX:
        yield from _read_mbox(path, folders, before)
    else:
        yield _read_mail(path, folders, before, _KEPT, None)


def _read_mail(
    path: Path, folders: tuple[str, ...], before: int, flags: Flags, received: datetime | None
) -> FoundMessage | LostEntry:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_MESSAGE:
            return LostEntry(str(path), f"a message of {size:,} bytes is too large", before + size)
        return FoundMessage(str(path), folders, file.read(MAX_MESSAGE), flags, received, before + size)


def _read_mbox(path: Path, folders: tuple[str, ...], before: int) -> Iterator[Found]:
    with path.open("rb") as file:
        number = 0
        try:
            for number, message in enumerate(mailbox.read_mbox(file), 1):
                place = f"{path}, message {number}"
                flags = message.flags or _KEPT
                yield FoundMessage(place, folders, message.data, flags, message.received, before + message.offset)
        except FormatError as error:
            size = os.fstat(file.fileno()).st_size
            yield LostEntry(f"{path}, behind message {number}", str(error), before + size)


# -- Maildirs ----------------------------------------------------------------------------------------------------------


def is_maildir(path: Path) -> bool:
    """Tell whether a directory is a Maildir."""
    return (path / "cur").is_dir() and (path / "new").is_dir()


def maildir_folder(name: str) -> tuple[str, ...]:
    """Return the folder names that a directory like ".Archive.2001" stands for."""
    return tuple(_SHIFTED.sub(_unshifted, part) for part in name.split(".") if part)


def _unshifted(match: re.Match[str]) -> str:
    coded = match[1].replace(",", "/")
    if not coded:
        return "&"
    try:
        return base64.b64decode(coded + "=" * (-len(coded) % 4)).decode("utf-16-be")
    except (binascii.Error, UnicodeDecodeError):
        return match[0]


def maildir_keywords(maildir: Path) -> tuple[str, ...]:
    """Return what the letters "a", "b" ... in the names of a Maildir's files mean: lines "number keyword"."""
    try:
        text = (maildir / _KEYWORDS_FILE).read_bytes()[:_KEYWORDS_SIZE].decode("utf-8", "replace")
    except OSError:
        return ()
    found = [line.partition(" ") for line in text.splitlines()]
    words = {int(number): word for number, _, word in found if number.isascii() and number.isdigit()}
    return tuple(words.get(number, "") for number in range(26))


def read_delivered(
    path: Path, folders: tuple[str, ...], before: int, keywords: Sequence[str]
) -> FoundMessage | LostEntry:
    """Read a message of a Maildir, whose name holds its flags and whose time is that of its delivery."""
    flags = mailbox.parse_maildir_name(path.name, keywords).flags if path.parent.name == "cur" else Flags()
    try:
        received = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return _read_mail(path, folders, before, flags, received)
    except (OSError, ValueError, OverflowError) as error:
        return LostEntry(str(path), getattr(error, "strerror", None) or str(error), before)
