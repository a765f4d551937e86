"""Calendars, cards, .msg files and TNEF streams (winmail.dat), read as items."""

import os
from collections.abc import Iterator
from pathlib import Path

from mailconnector import mapping
from mailconnector.app.pst.found import Found, FoundFolder, FoundItem, LostEntry
from mailconnector.app.pst.source_kinds import SourceKind
from mailconnector.formats.entry_files import CalendarFile, CardFile
from mailconnector.formats.errors import FormatError
from mailconnector.items import FolderKind
from mailconnector.mapi import MapiError, msg, tnef

MAX_FILE = 256 << 20
"""Bytes of the largest .msg file or TNEF stream that is read."""

KINDS = frozenset({SourceKind.CALENDAR, SourceKind.CARDS, SourceKind.MSG, SourceKind.TNEF})
"""What is read here."""


def read_item_file(
    path: Path, kind: SourceKind, folders: tuple[str, ...], before: int, *, may_be_folder: bool = False
) -> Iterator[Found]:
    """Yield the items of a file.

    Args:
        path: the file.
        kind: what it is, one of `KINDS`.
        folders: names of the folders below the target that it belongs into.
        before: bytes of the source that came before it.
        may_be_folder: whether a calendar or a file of several cards is a folder of its own, named as the file is.

    Raises:
        OSError: the system refused to read.
    """
    if kind in (SourceKind.CALENDAR, SourceKind.CARDS):
        yield from _entries(path, kind, folders, before, may_be_folder=may_be_folder)
        return
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(MAX_FILE) if size <= MAX_FILE else b""
    place = str(path)
    if size > MAX_FILE:
        yield LostEntry(place, f"a file of {size:,} bytes is too large", before + size)
        return
    try:
        message = msg.parse(data) if kind is SourceKind.MSG else tnef.parse(data, lenient=True)
        item = mapping.from_mapi(message)
    except MapiError as error:
        yield LostEntry(place, str(error), before + size)
        return
    yield FoundItem(place, place, folders, item, before + size)


def _entries(
    path: Path, kind: SourceKind, folders: tuple[str, ...], before: int, *, may_be_folder: bool
) -> Iterator[Found]:
    with path.open("rb") as file:
        try:
            entries = CalendarFile(file) if kind is SourceKind.CALENDAR else CardFile(file)
        except FormatError as error:
            yield LostEntry(str(path), str(error), before + os.fstat(file.fileno()).st_size)
            return
        if may_be_folder and (len(entries) != 1 or (isinstance(entries, CalendarFile) and entries.name)):
            folders = (*folders, path.stem)
            yield FoundFolder(folders, FolderKind.CALENDAR if kind is SourceKind.CALENDAR else FolderKind.CONTACTS)
        for entry in entries.entries():
            place = str(path) if len(entries) == 1 else f"{path}, line {entry.line}"
            if entry.problem is not None:
                whole = entry.data if len(entries) > 1 else b""
                yield LostEntry(place, str(entry.problem), before + entry.position, whole, f".{kind}")
            for item in entry.items:
                yield FoundItem(place, str(path), folders, item, before + entry.position)
