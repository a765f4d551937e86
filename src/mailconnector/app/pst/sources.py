"""Where items come from: files of messages, of calendar entries or of cards, and directories that hold any of these.

What a source is, is told by its content, never by its name. Items are read one at a time.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from mailconnector.app.errors import AppDiskError, AppUsageError
from mailconnector.app.pst import item_files
from mailconnector.app.pst.found import Found, FoundFolder, LostEntry, SkippedFile
from mailconnector.app.pst.mail_files import (
    MAILDIR_PARTS,
    is_maildir,
    maildir_folder,
    maildir_keywords,
    read_delivered,
    read_mail_file,
)
from mailconnector.app.pst.source_kinds import HEAD, SourceKind, kind_in_directory, kind_of

_PST_MAGIC = b"!BDN"
_OF_DIRECTORIES = frozenset({SourceKind.MAILDIR, SourceKind.DIRECTORY})
# Of these there are many files where there is one.
_SINGLE = frozenset({SourceKind.MAIL, SourceKind.MSG, SourceKind.TNEF, SourceKind.CALENDAR, SourceKind.CARDS})


@dataclass(frozen=True, slots=True)
class Source:
    """A source that has been recognised.

    Attributes:
        kind: what it is.
        paths: where it is; several for single files that were named one after another.
    """

    kind: SourceKind
    paths: tuple[Path, ...]

    @property
    def name(self) -> str:
        """What to call it."""
        return str(self.paths[0]) if len(self.paths) == 1 else f"{len(self.paths):,} files"

    def size(self) -> int:
        """Return the bytes of all its files."""
        if self.kind not in _OF_DIRECTORIES:
            return sum(map(_size, self.paths))
        return sum(_size(file) for path in self.paths for _, _, files in _walk(path) for file in files)

    def read(self) -> Iterator[Found]:
        """Yield what is in it, in the order of names, folders before what is in them."""
        before = 0
        for path in self.paths:
            if self.kind in _OF_DIRECTORIES:
                yield from _read_directory(path)
            else:
                yield from _read_file(path, self.kind, (), before)
                before += _size(path)


def open_sources(paths: Iterable[Path]) -> list[Source]:
    """Recognise the sources that somebody named. Single files of a kind in a row become one source.

    Raises:
        AppUsageError: there is nothing at a path, or nothing that can be imported.
        AppDiskError: the system refused to read.
    """
    sources: list[Source] = []
    for kind, group in groupby(map(open_source, paths), lambda source: source.kind):
        found = list(group)
        if kind in _SINGLE:
            found = [Source(kind, tuple(source.paths[0] for source in found))]
        sources += found
    return sources


def open_source(path: Path) -> Source:
    """Recognise a source that somebody named.

    Raises:
        AppUsageError: there is nothing there, or nothing that can be imported.
        AppDiskError: the system refused to read it.
    """
    try:
        if path.is_dir():
            return Source(SourceKind.MAILDIR if is_maildir(path) else SourceKind.DIRECTORY, (path,))
        if not path.exists():
            raise AppUsageError(f"there is no file or directory {path}", path=str(path), hint="Check the name.")
        head = _head(path)
    except OSError as error:
        raise _disk_error(path, error) from error
    kind = kind_of(head)
    if kind is None:
        hint = (
            "A source is a message (.eml, .msg, winmail.dat), an mbox file, a Maildir, a calendar (.ics), "
            "cards (.vcf), or a directory of these."
        )
        if head.startswith(_PST_MAGIC):
            hint = "This is an Outlook data file. Export it to a directory first, then import that."
        raise AppUsageError(f"{path} is nothing that can be imported", path=str(path), hint=hint)
    return Source(kind, (path,))


def _disk_error(path: Path, error: OSError) -> AppDiskError:
    return AppDiskError(f"cannot read {path}: {error.strerror or error}", path=str(path))


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _read_file(
    path: Path, kind: SourceKind, folders: tuple[str, ...], before: int, *, may_be_folder: bool = False
) -> Iterator[Found]:
    try:
        if kind in item_files.KINDS:
            yield from item_files.read_item_file(path, kind, folders, before, may_be_folder=may_be_folder)
        else:
            yield from read_mail_file(path, kind, folders, before)
    except OSError as error:
        yield LostEntry(str(path), error.strerror or str(error), before + _size(path))


# -- directories -------------------------------------------------------------------------------------------------------


def _walk(top: Path) -> Iterator[tuple[Path, tuple[str, ...], list[Path]]]:
    """Yield (directory, names of its folder, its files) of a directory and all below it; links are not followed."""
    stack: list[tuple[Path, tuple[str, ...]]] = [(top, ())]
    while stack:
        directory, folders = stack.pop()
        maildir = is_maildir(directory)
        files: list[Path] = []
        below: list[tuple[Path, tuple[str, ...]]] = []
        for path in _entries(directory):
            if path.is_dir():
                if maildir and path.name in MAILDIR_PARTS:
                    files += [] if path.name == "tmp" else [file for file in _entries(path) if file.is_file()]
                elif maildir and path.name.startswith("."):
                    below.append((path, (*folders, *maildir_folder(path.name))))
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
            yield LostEntry(str(directory), "the directory cannot be read", before)
            continue
        yield FoundFolder(folders)
        maildir = is_maildir(directory)
        keywords = maildir_keywords(directory) if maildir else ()
        for path in paths:
            if maildir:
                yield read_delivered(path, folders, before, keywords)
            else:
                yield from _read_listed(path, folders, before)
            before += _size(path)


def _read_listed(path: Path, folders: tuple[str, ...], before: int) -> Iterator[Found]:
    try:
        head = _head(path)
    except OSError as error:
        yield LostEntry(str(path), error.strerror or str(error), before + _size(path))
        return
    kind = kind_in_directory(path.name, head)
    if kind is None:
        yield SkippedFile(str(path))
    elif kind is SourceKind.MBOX and path.suffix.lower() != ".eml":
        # An mbox is a folder, named as the file is.
        below = (*folders, path.name[: -len(".mbox")] if path.suffix.lower() == ".mbox" else path.name)
        yield FoundFolder(below)
        yield from _read_file(path, kind, below, before)
    else:
        yield from _read_file(path, kind, folders, before, may_be_folder=True)
