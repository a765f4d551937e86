"""Where exported items go: each folder in a place of its own, in the form that was asked for.

Nothing that exists is overwritten.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from mailconnector.app.pst.entry_targets import CalendarTarget, CardTarget
from mailconnector.app.pst.file_names import safe_name
from mailconnector.app.pst.files_written import NumberedFiles, make_directory
from mailconnector.app.pst.folder_kinds import is_free
from mailconnector.app.pst.folder_place import FolderPlace
from mailconnector.app.pst.mail_targets import MAILDIR_PARTS, MaildirTarget, MboxTarget, MessageTarget
from mailconnector.app.pst.message_targets import msg_target, tnef_target
from mailconnector.app.pst.outgoing import Lost, Outgoing

# Endings that files beside the directories have.
_RESERVED_SUFFIXES = (".mbox", ".eml", ".ics", ".vcf", ".msg", ".tnef")


class ExportFormat(StrEnum):
    """In which form items are written."""

    EML = "eml"
    MBOX = "mbox"
    MAILDIR = "maildir"
    NATIVE = "native"
    ICS = "ics"
    VCF = "vcf"
    MSG = "msg"
    TNEF = "tnef"

    @property
    def reserved_names(self) -> tuple[str, ...]:
        """Names that no folder's directory may have."""
        return MAILDIR_PARTS if self is ExportFormat.MAILDIR else ()


class FolderTarget(Protocol):
    """Takes the items of one folder."""

    def add(self, outgoing: Outgoing) -> Lost | None:
        """Write an item, and return what of it is lost; None when the form has no place for such items.

        Raises:
            AppDiskError: the system refused.
            FormatError: it cannot be written.
            MapiError: it cannot be written, or not read.
            PstError: it is damaged.
        """

    def close(self) -> None:
        """End what has been written.

        Raises:
            AppDiskError: the system refused.
        """


def folder_name(name: str, number: int) -> str:
    """Return the directory name of a folder; it cannot be mistaken for one of a file that is written beside it."""
    found = safe_name(name, f"folder {number}")
    return found + "_" if found.casefold().endswith(_RESERVED_SUFFIXES) else found


def open_target(place: FolderPlace, form: ExportFormat) -> FolderTarget:
    """Make the place of a folder.

    Raises:
        AppDiskError: the system refused.
    """
    return _TARGETS[form](place)


class _Native:
    """Each item in the form of its kind: a calendar, cards, and everything else as messages."""

    def __init__(self, place: FolderPlace) -> None:
        files = NumberedFiles(place.path)
        self._path = place.path
        self._is_empty = True
        self._calendar = CalendarTarget(place, files)
        self._cards = CardTarget(place, files)
        self._messages = MessageTarget(files)

    def add(self, outgoing: Outgoing) -> Lost | None:
        """Write an item."""
        lost = None
        if not is_free(outgoing.item):
            lost = self._calendar.add(outgoing)
            if lost is None:
                lost = self._cards.add(outgoing)
        if lost is None:
            lost = self._messages.add(outgoing)
        self._is_empty = False
        return lost

    def close(self) -> None:
        """End the files."""
        try:
            self._calendar.close()
        finally:
            self._cards.close()
        if self._is_empty:
            # A folder without items is one all the same.
            make_directory(self._path)


def _in_directory(make: Callable[[NumberedFiles], FolderTarget]) -> Callable[[FolderPlace], FolderTarget]:
    def open_directory(place: FolderPlace) -> FolderTarget:
        # A folder without items is one all the same.
        make_directory(place.path)
        return make(NumberedFiles(place.path))

    return open_directory


_TARGETS: dict[ExportFormat, Callable[[FolderPlace], FolderTarget]] = {
    ExportFormat.EML: _in_directory(MessageTarget),
    ExportFormat.MBOX: lambda place: MboxTarget(place.path),
    ExportFormat.MAILDIR: lambda place: MaildirTarget(place.path),
    ExportFormat.NATIVE: _Native,
    ExportFormat.ICS: lambda place: CalendarTarget(place, NumberedFiles(place.path)),
    ExportFormat.VCF: lambda place: CardTarget(place, NumberedFiles(place.path)),
    ExportFormat.MSG: _in_directory(msg_target),
    ExportFormat.TNEF: _in_directory(tnef_target),
}
