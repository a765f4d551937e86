"""Mail into a PST: a source becomes the messages of a folder, in one transaction."""

from dataclasses import dataclass

from mailconnector import formats, mapping
from mailconnector.app.progress import Progress, no_progress
from mailconnector.app.pst.mail_sources import FoundFolder, FoundMail, LostMail, MailSource, SkippedFile, SourceKind
from mailconnector.formats import FormatError
from mailconnector.mapi import MapiError
from mailconnector.pst import Folder, PstUsageError, Store

MAX_FAILURES = 1000
"""Failures of a source that are told one by one; more are only counted."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A message that was passed over: where it stands, and why."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImportedSource:
    """The outcome for one source.

    Attributes:
        source: its path, or how many files it is.
        files: its paths.
        kind: what it was taken for.
        imported: messages that are in the PST now.
        failed: messages that were passed over.
        skipped: files in a directory that are no mail.
        failures: the first of those that failed.
    """

    source: str
    files: tuple[str, ...]
    kind: SourceKind
    imported: int
    failed: int
    skipped: int
    failures: tuple[Failure, ...]


def import_source(
    store: Store, source: MailSource, folder: tuple[str, ...], progress: Progress = no_progress
) -> ImportedSource:
    """Bring the mail of a source into a folder, which is made if it is missing; all in one transaction.

    A message that is broken is passed over. Any other error, and what ``progress`` raises, leaves the PST as it was.

    Args:
        store: the open PST, writable.
        source: where the mail comes from.
        folder: names of the folder, from below the top that the user sees.
        progress: is told the bytes of the source.

    Raises:
        PstUsageError: the folder is one that takes no messages.
        PstFullError: the file cannot take more.
        PstDiskError: the system refused to write.
    """
    run = _Import(store, folder)
    total = source.size()
    stage = f"Importing {source.name}"
    progress(stage, 0, total)
    with store.transaction():
        run.folder_for(())
        for found in source.read():
            match found:
                case FoundMail():
                    run.add(found)
                    progress(stage, min(found.progress, total), total)
                case LostMail():
                    run.fail(found.place, found.reason)
                    progress(stage, min(found.progress, total), total)
                case FoundFolder():
                    run.folder_for(found.folders)
                case SkippedFile():
                    run.skipped += 1
    progress(stage, total, total)
    return ImportedSource(
        source.name,
        tuple(map(str, source.paths)),
        source.kind,
        run.imported,
        run.failed,
        run.skipped,
        tuple(run.failures),
    )


class _Import:
    def __init__(self, store: Store, target: tuple[str, ...]) -> None:
        self._store = store
        self._target = target
        self._folders: dict[tuple[str, ...], Folder] = {}
        self.imported = self.failed = self.skipped = 0
        self.failures: list[Failure] = []

    def folder_for(self, names: tuple[str, ...]) -> Folder:
        found = self._folders.get(names)
        if found is None:
            found = self._store.folder_at((*self._target, *names), create=True)
            if found.is_search_folder:
                raise PstUsageError("messages cannot be put into a search folder", nid=found.nid)
            self._folders[names] = found
        return found

    def add(self, found: FoundMail) -> None:
        folder = self.folder_for(found.folders)
        try:
            item = formats.parse(found.data, flags=found.flags, received=found.received)
            folder.add_message(mapping.to_mapi(item))
        except (FormatError, MapiError, PstUsageError) as error:
            self.fail(found.place, str(error))
        else:
            self.imported += 1

    def fail(self, place: str, reason: str) -> None:
        self.failed += 1
        if len(self.failures) < MAX_FAILURES:
            self.failures.append(Failure(place, reason))
