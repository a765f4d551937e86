"""Exported calendars and cards: one file a folder, or one file an item."""

import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

from mailconnector.app.pst.files_written import NumberedFiles, disk_error, make_directory, open_new
from mailconnector.app.pst.folder_kinds import NAMES, is_free
from mailconnector.app.pst.folder_place import FolderPlace
from mailconnector.app.pst.losses import lost_fields
from mailconnector.app.pst.outgoing import Lost, Outgoing
from mailconnector.formats import calendar, card
from mailconnector.formats.calendar import CalendarItem
from mailconnector.formats.entry_writing import JoinedCalendar, calendar_of, card_of
from mailconnector.items import Appointment, Contact, DistributionList, FolderKind, JournalEntry, Task
from mailconnector.items.belonging import kind_of_item


class CalendarTarget:
    """The appointments, tasks and journal entries of a folder: one calendar for each of these kinds.

    What is a message about a meeting, an invitation or an answer, is a calendar of its own: METHOD is said of a whole
    calendar.

    Args:
        place: the folder's.
        files: single files in its directory.
    """

    def __init__(self, place: FolderPlace, files: NumberedFiles) -> None:
        self._place = place
        self._files = files
        self._calendars: dict[FolderKind, _CalendarFile] = {}

    def add(self, outgoing: Outgoing) -> Lost | None:
        """Write an item; None when it has no place in a calendar."""
        item = outgoing.item
        if not isinstance(item, (Appointment, Task, JournalEntry)):
            return None
        alone = calendar_of(item)
        lost = lost_fields(item, alone, calendar.parse)
        if self._place.split or is_free(item):
            self._files.write(outgoing.subject, ".ics", alone)
        else:
            kind = kind_of_item(item)
            if kind not in self._calendars:
                self._calendars[kind] = _CalendarFile(*_file_for(self._place, kind, ".ics"))
            self._calendars[kind].add(item)
        return lost

    def close(self) -> None:
        """Write the calendars."""
        while self._calendars:
            self._calendars.popitem()[1].close()


class _CalendarFile:
    """A calendar of many items. They wait in a file without a name: their zones, which come first, are known last."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._joined = JoinedCalendar(name)
        make_directory(path.parent)
        try:
            self._waiting: BinaryIO = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115
        except OSError as error:
            raise disk_error(path, error) from error

    def add(self, item: CalendarItem) -> None:
        entries = self._joined.add(item)
        try:
            self._waiting.write(entries)
        except OSError as error:
            raise disk_error(self._path, error) from error

    def close(self) -> None:
        try:
            with self._waiting, open_new(self._path) as file:
                file.write(self._joined.head())
                self._waiting.seek(0)
                shutil.copyfileobj(self._waiting, file)
                file.write(JoinedCalendar.TAIL)
        except OSError as error:
            raise disk_error(self._path, error) from error


class CardTarget:
    """The contacts and distribution lists of a folder, as cards.

    Args:
        place: the folder's.
        files: single files in its directory.
    """

    def __init__(self, place: FolderPlace, files: NumberedFiles) -> None:
        self._place = place
        self._files = files
        self._path, _ = _file_for(place, FolderKind.CONTACTS, ".vcf")
        self._file: BinaryIO | None = None

    def add(self, outgoing: Outgoing) -> Lost | None:
        """Write an item; None when it is nothing that a card could say."""
        item = outgoing.item
        if not isinstance(item, (Contact, DistributionList)):
            return None
        data = card_of(item)
        lost = lost_fields(item, data, card.parse)
        if self._place.split:
            self._files.write(outgoing.subject, ".vcf", data)
        else:
            self._join(data)
        return lost

    def _join(self, data: bytes) -> None:
        if self._file is None:
            self._file = open_new(self._path)
        try:
            self._file.write(data)
        except OSError as error:
            raise disk_error(self._path, error) from error

    def close(self) -> None:
        """End the file."""
        file, self._file = self._file, None
        try:
            if file is not None:
                file.close()
        except OSError as error:
            raise disk_error(self._path, error) from error


def _file_for(place: FolderPlace, kind: FolderKind, suffix: str) -> tuple[Path, str]:
    """Return where the items of a kind go, and what to call them.

    The file of a folder's own kind stands beside its directory and is the folder, when it is imported; others stand in
    the directory, and are folders inside of it.
    """
    if kind is place.kind:
        return place.path.with_name(place.path.name + suffix), place.name
    name = f"{NAMES[kind]} in {place.path.name}"
    return place.path / f"{name}{suffix}", name
