"""Where mail comes from: single messages, mbox files, Maildirs, and directories that hold any of these.

What a source is, is told by its content, never by its name. Messages are read one at a time.
"""

import base64
import binascii
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby
from pathlib import Path

from mailconnector.app.errors import AppDiskError, AppUsageError
from mailconnector.formats import mailbox
from mailconnector.formats.errors import FormatError
from mailconnector.items import Flags

MAX_MESSAGE = 256 << 20
"""Bytes of the largest message that is read; servers stop far below."""

_HEAD = 4096
_FIELD = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")
# In a directory there may be anything: there a file is mail when one of these is among its first lines, or when it says
# so by its name.
_MAIL_FIELD = re.compile(
    rb"^(?:from|to|cc|subject|date|received|return-path|delivered-to|message-id|mime-version|reply-to|sender"
    rb"|content-type|x-mozilla-status|x-envelope-from|x-account-key|dkim-signature|arc-seal|authentication-results)"
    rb"[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_PST_MAGIC = b"!BDN"
_MAILDIR_PARTS = ("cur", "new", "tmp")
# The state of mail whose source keeps none: it was somebody's, and is not new.
_KEPT = Flags(seen=True)
# A shifted part of a name in modified UTF-7 ([RFC 3501] 5.1.3).
_SHIFTED = re.compile(r"&([A-Za-z0-9+,]*)-")
_KEYWORDS_FILE = "dovecot-keywords"


class SourceKind(StrEnum):
    """What a source is."""

    MAIL = "eml"
    MBOX = "mbox"
    MAILDIR = "maildir"
    DIRECTORY = "directory"


@dataclass(frozen=True, slots=True)
class FoundMail:
    """A message of a source.

    Attributes:
        place: where it stands, for people: a file, or a file and a number.
        folders: names of the folders below the target that it belongs into.
        data: the message as it stands there.
        flags: what the source knows of its state.
        received: when it reached the mailbox, if the source knows.
        progress: bytes of the source that have been read with it.
    """

    place: str
    folders: tuple[str, ...]
    data: bytes
    flags: Flags
    received: datetime | None
    progress: int


@dataclass(frozen=True, slots=True)
class LostMail:
    """A message, or all the rest of a file, that could not be read."""

    place: str
    reason: str
    progress: int


@dataclass(frozen=True, slots=True)
class FoundFolder:
    """A folder of a source; it comes before what is in it, and may hold nothing."""

    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file in a directory that is no mail."""

    place: str


Found = FoundMail | LostMail | FoundFolder | SkippedFile


@dataclass(frozen=True, slots=True)
class MailSource:
    """A source that has been recognised.

    Attributes:
        kind: what it is.
        paths: where it is; several for single messages that were named one after another.
    """

    kind: SourceKind
    paths: tuple[Path, ...]

    @property
    def name(self) -> str:
        """What to call it."""
        return str(self.paths[0]) if len(self.paths) == 1 else f"{len(self.paths):,} files"

    def size(self) -> int:
        """Return the bytes of all its files."""
        if self.kind in (SourceKind.MAIL, SourceKind.MBOX):
            return sum(map(_size, self.paths))
        return sum(_size(file) for path in self.paths for _, _, files in _walk(path) for file in files)

    def read(self) -> Iterator[Found]:
        """Yield what is in it, in the order of names, folders before what is in them."""
        before = 0
        for path in self.paths:
            if self.kind in (SourceKind.MAIL, SourceKind.MBOX):
                yield from _read_file(path, self.kind, (), before)
                before += _size(path)
            else:
                yield from _read_directory(path)


def open_sources(paths: Iterable[Path]) -> list[MailSource]:
    """Recognise the sources that somebody named. Single messages in a row become one source.

    Raises:
        AppUsageError: there is nothing at a path, or it is no mail.
        AppDiskError: the system refused to read.
    """
    sources: list[MailSource] = []
    for kind, group in groupby(map(open_source, paths), lambda source: source.kind):
        found = list(group)
        if kind is SourceKind.MAIL:
            found = [MailSource(kind, tuple(source.paths[0] for source in found))]
        sources += found
    return sources


def open_source(path: Path) -> MailSource:
    """Recognise a source that somebody named.

    Raises:
        AppUsageError: there is nothing there, or it is no mail.
        AppDiskError: the system refused to read it.
    """
    try:
        if path.is_dir():
            return MailSource(SourceKind.MAILDIR if _is_maildir(path) else SourceKind.DIRECTORY, (path,))
        if not path.exists():
            raise AppUsageError(f"there is no file or directory {path}", path=str(path), hint="Check the name.")
        head = _head(path)
    except OSError as error:
        raise _disk_error(path, error) from error
    kind = _kind_of(head)
    if kind is None:
        hint = "A source is a mail message (.eml), an mbox file, a Maildir, or a directory of these."
        if head.startswith(_PST_MAGIC):
            hint = "This is an Outlook data file. Export it to a directory first, then import that."
        raise AppUsageError(f"{path} is not mail", path=str(path), hint=hint)
    return MailSource(kind, (path,))


def _disk_error(path: Path, error: OSError) -> AppDiskError:
    return AppDiskError(f"cannot read {path}: {error.strerror or error}", path=str(path))


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _kind_of(head: bytes) -> SourceKind | None:
    if head.lstrip(b"\r\n").startswith(b"From ") or not head.strip():
        return SourceKind.MBOX  # an empty file is an mbox of no messages
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    return SourceKind.MAIL if _FIELD.match(start) else None


def _is_maildir(path: Path) -> bool:
    return (path / "cur").is_dir() and (path / "new").is_dir()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


# -- files -------------------------------------------------------------------------------------------------------------


def _read_file(path: Path, kind: SourceKind, folders: tuple[str, ...], before: int) -> Iterator[Found]:
    try:
        if kind is SourceKind.MBOX:
            yield from _read_mbox(path, folders, before)
        else:
            yield _read_mail(path, folders, before, _KEPT, None)
    except OSError as error:
        yield LostMail(str(path), error.strerror or str(error), before + _size(path))


def _read_mail(
    path: Path, folders: tuple[str, ...], before: int, flags: Flags, received: datetime | None
) -> FoundMail | LostMail:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_MESSAGE:
            return LostMail(str(path), f"a message of {size:,} bytes is too large", before + size)
        return FoundMail(str(path), folders, file.read(MAX_MESSAGE), flags, received, before + size)


def _read_mbox(path: Path, folders: tuple[str, ...], before: int) -> Iterator[Found]:
    with path.open("rb") as file:
        number = 0
        try:
            for number, message in enumerate(mailbox.read_mbox(file), 1):
                place = f"{path}, message {number}"
                flags = message.flags or _KEPT
                yield FoundMail(place, folders, message.data, flags, message.received, before + message.offset)
        except FormatError as error:
            yield LostMail(f"{path}, behind message {number}", str(error), before + _size(path))


# -- directories -------------------------------------------------------------------------------------------------------


def _walk(top: Path) -> Iterator[tuple[Path, tuple[str, ...], list[Path]]]:
    """Yield (directory, names of its folder, its files) of a directory and all below it; links are not followed."""
    stack: list[tuple[Path, tuple[str, ...]]] = [(top, ())]
    while stack:
        directory, folders = stack.pop()
        maildir = _is_maildir(directory)
        files: list[Path] = []
        below: list[tuple[Path, tuple[str, ...]]] = []
        for path in _entries(directory):
            if path.is_dir():
                if maildir and path.name in _MAILDIR_PARTS:
                    files += [] if path.name == "tmp" else [file for file in _entries(path) if file.is_file()]
                elif maildir and path.name.startswith("."):
                    below.append((path, (*folders, *_maildir_folder(path.name))))
                elif not path.name.startswith("."):
                    below.append((path, (*folders, path.name.removesuffix(".sbd"))))
            elif path.is_file() and not maildir:
                files.append(path)
        yield directory, folders, files
        stack.extend(reversed(below))


def _entries(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if not path.is_symlink())
    except OSError:
        return []  # what reads the directory's files reports it


def _read_directory(top: Path) -> Iterator[Found]:
    before = 0
    for directory, folders, paths in _walk(top):
        if not os.access(directory, os.R_OK | os.X_OK):
            yield LostMail(str(directory), "the directory cannot be read", before)
            continue
        yield FoundFolder(folders)
        maildir = _is_maildir(directory)
        keywords = _keywords(directory) if maildir else ()
        for path in paths:
            if maildir:
                yield _read_delivered(path, folders, before, keywords)
            else:
                yield from _read_listed(path, folders, before)
            before += _size(path)


def _maildir_folder(name: str) -> tuple[str, ...]:
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


def _keywords(maildir: Path) -> tuple[str, ...]:
    """Return what the letters "a", "b" ... in the names of a Maildir's files mean: lines "number keyword"."""
    try:
        text = (maildir / _KEYWORDS_FILE).read_bytes()[:_HEAD].decode("utf-8", "replace")
    except OSError:
        return ()
    found = [line.partition(" ") for line in text.splitlines()]
    words = {int(number): word for number, _, word in found if number.isascii() and number.isdigit()}
    return tuple(words.get(number, "") for number in range(26))


def _read_delivered(path: Path, folders: tuple[str, ...], before: int, keywords: Sequence[str]) -> FoundMail | LostMail:
    """Read a message of a Maildir, whose name holds its flags and whose time is that of its delivery."""
    flags = mailbox.parse_maildir_name(path.name, keywords).flags if path.parent.name == "cur" else Flags()
    try:
        received = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return _read_mail(path, folders, before, flags, received)
    except (OSError, ValueError, OverflowError) as error:
        return LostMail(str(path), getattr(error, "strerror", None) or str(error), before)


def _read_listed(path: Path, folders: tuple[str, ...], before: int) -> Iterator[Found]:
    try:
        head = _head(path)
    except OSError as error:
        yield LostMail(str(path), error.strerror or str(error), before + _size(path))
        return
    kind = _kind_of(head)
    named = path.suffix.lower() in (".eml", ".mbox")
    if kind is None or not (named or kind is SourceKind.MBOX or _MAIL_FIELD.search(head)) or not (head or named):
        yield SkippedFile(str(path))
    elif kind is SourceKind.MBOX and path.suffix.lower() != ".eml":
        # An mbox is a folder, named as the file is.
        below = (*folders, path.name[: -len(".mbox")] if path.suffix.lower() == ".mbox" else path.name)
        yield FoundFolder(below)
        yield from _read_file(path, kind, below, before)
    else:
        yield from _read_file(path, SourceKind.MAIL if not head.strip() else kind, folders, before)
