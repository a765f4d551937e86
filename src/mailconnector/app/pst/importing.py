"""Items into a PST: a source becomes the items of folders of the right kind, in one transaction."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from mailconnector import formats, mapping
from mailconnector.app.folder_path import join_path
from mailconnector.app.progress import Progress, no_progress
from mailconnector.app.pst.folder_kinds import NAMES, default_path, is_free, kind_of_folder
from mailconnector.app.pst.found import Found, FoundFolder, FoundItem, FoundMessage, LostEntry, SkippedFile
from mailconnector.app.pst.known_items import KnownItems
from mailconnector.app.pst.source_kinds import SourceKind
from mailconnector.app.pst.sources import Source
from mailconnector.formats import FormatError
from mailconnector.items import FolderKind, Item, field_groups, merging
from mailconnector.items.belonging import kind_of_item
from mailconnector.mapi import MapiError
from mailconnector.mapping.container_classes import class_of
from mailconnector.pst import Folder, PstNotFoundError, PstUsageError, Store

MAX_FAILURES = 1000
"""Failures of a source that are told one by one; more are only counted."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An item that was passed over: where it stands, and why."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImportedSource:
    """The outcome for one source.

    Attributes:
        source: its path, or how many files it is.
        files: its paths.
        kind: what it was taken for.
        imported: items that are in the PST now and were not before.
        updated: items that were there, and were brought up to date.
        present: items that were there already, and stayed as they are.
        failed: items that were passed over.
        skipped: files in a directory that are nothing that can be imported.
        folders: paths of the folders that took items, with how many.
        failures: the first of those that failed.
        notices: what was imported otherwise than it should be, and why.
    """

    source: str
    files: tuple[str, ...]
    kind: SourceKind
    imported: int
    updated: int
    present: int
    failed: int
    skipped: int
    folders: dict[str, int]
    failures: tuple[Failure, ...]
    notices: tuple[Failure, ...]


def import_source(
    store: Store,
    source: Source,
    folder: tuple[str, ...] | None,
    progress: Progress = no_progress,
    *,
    update: bool = False,
    keep_broken: Callable[[bytes, str], None] | None = None,
) -> ImportedSource:
    """Bring the items of a source into a folder, which is made if it is missing; all in one transaction.

    An item that is broken is passed over. Any other error, and what ``progress`` raises, leaves the PST as it was.

    A folder takes the items for whose kind it is, and mail; one that is made has the kind of its first item. Other
    items go into a folder inside of it, named after their kind. Items but mail that a folder has already, by their
    UIDs, are not imported again.

    Args:
        store: the open PST, writable.
        source: where the items come from.
        folder: names of the folder, from below the top that the user sees; None for Outlook's own folder of each kind.
        progress: is told the bytes of the source.
        update: bring items that are there already up to date, field by field; what a file cannot say stays.
        keep_broken: is given the entries of files that cannot be read, with the suffix of the name of such a file.

    Raises:
        PstUsageError: the folder is one that takes no messages.
        PstFullError: the file cannot take more.
        PstDiskError: the system refused to write.
    """
    run = _Import(store, folder, update=update, keep_broken=keep_broken)
    total = source.size()
    stage = f"Importing {source.name}"
    progress(stage, 0, total)
    with store.transaction():
        if folder is not None:
            run.note_folder((), FolderKind.MAIL)
        for found in source.read():
            run.take(found)
            if not isinstance(found, FoundFolder | SkippedFile):
                progress(stage, min(found.progress, total), total)
        run.make_empty_folders()
    progress(stage, total, total)
    return run.outcome(source)


class _Import:
    def __init__(
        self,
        store: Store,
        target: tuple[str, ...] | None,
        *,
        update: bool,
        keep_broken: Callable[[bytes, str], None] | None,
    ) -> None:
        self._store = store
        self._target = target
        self._update = update
        self._keep_broken = keep_broken
        self._noted: dict[tuple[str, ...], FolderKind] = {}
        self._folders: dict[tuple[str, ...], tuple[Folder, FolderKind]] = {}
        self._known: dict[int, KnownItems] = {}
        self._imported = self._updated = self._present = self._failed = self._skipped = 0
        self._filled: Counter[str] = Counter()
        self._failures: list[Failure] = []
        self._notices: list[Failure] = []

    def take(self, found: Found) -> None:
        """Do what is to be done with one thing that a source has."""
        match found:
            case FoundMessage():
                self._add_message(found)
            case FoundItem():
                self._add(found.item, found.folders, found.place, found.file)
            case LostEntry():
                self._fail(found.place, found.reason)
                if found.data and self._keep_broken is not None:
                    self._keep_broken(found.data, found.suffix)
            case FoundFolder():
                self.note_folder(found.folders, found.kind)
            case SkippedFile():
                self._skipped += 1

    def outcome(self, source: Source) -> ImportedSource:
        """Return what came of it."""
        return ImportedSource(
            source.name,
            tuple(map(str, source.paths)),
            source.kind,
            self._imported,
            self._updated,
            self._present,
            self._failed,
            self._skipped,
            dict(self._filled),
            tuple(self._failures),
            tuple(self._notices),
        )

    # -- folders -----------------------------------------------------------------------------------------------------

    def note_folder(self, names: tuple[str, ...], kind: FolderKind) -> None:
        """Note a folder that has to be there in the end; its first item is surer to say what it is for."""
        if names or self._target is not None:
            path = (*(self._target or ()), *names)
            self._noted.setdefault(path, kind)
            if self._found(path) is not None:
                self._folder(path, kind)  # says at once if it takes no items

    def make_empty_folders(self) -> None:
        """Make those that nothing came into."""
        for path, kind in self._noted.items():
            self._folder(path, kind)

    def _path(self, names: tuple[str, ...], item: Item) -> tuple[str, ...]:
        """Return the path of the folder that an item goes into."""
        kind = kind_of_item(item)
        if self._target is None and not names:
            return default_path(self._store, kind)
        path = (*(self._target or ()), *names)
        _, of_folder = self._folder(path, kind)
        if is_free(item) or of_folder is kind:
            return path
        return (*path, NAMES[kind])

    def _folder(self, path: tuple[str, ...], kind: FolderKind) -> tuple[Folder, FolderKind]:
        known = self._folders.get(path)
        if known is None:
            folder = self._found(path) or self._made(path, kind)
            if folder.is_search_folder:
                raise PstUsageError("messages cannot be put into a search folder", nid=folder.nid)
            known = self._folders[path] = folder, kind_of_folder(folder)
        return known

    def _found(self, path: tuple[str, ...]) -> Folder | None:
        try:
            return self._store.folder_at(path)
        except PstNotFoundError:
            return None

    def _made(self, path: tuple[str, ...], kind: FolderKind) -> Folder:
        folder = self._store.ipm_subtree
        for name in path:
            try:
                folder = folder.folder(name)
            except PstNotFoundError:
                folder = folder.create_folder(name, class_of(kind))
        return folder

    # -- items -------------------------------------------------------------------------------------------------------

    def _add_message(self, found: FoundMessage) -> None:
        try:
            read = formats.parse_item(found.data, self._kind(found.folders), flags=found.flags, received=found.received)
        except FormatError as error:
            self._fail(found.place, str(error))
            return
        if read.problem is not None:
            self._notices.append(Failure(found.place, str(read.problem)))
        self._add(read.item, found.folders, found.place, found.place)

    def _kind(self, names: tuple[str, ...]) -> FolderKind:
        """Return what the folder is for that a message goes into, as far as it is there."""
        path = (*(self._target or ()), *names)
        if path not in self._folders and self._found(path) is None:
            return FolderKind.MAIL
        return self._folder(path, FolderKind.MAIL)[1]

    def _add(self, item: Item, names: tuple[str, ...], place: str, file: str) -> None:
        path = self._path(names, item)
        folder, _ = self._folder(path, kind_of_item(item))
        try:
            done = self._put(folder, item, file)
        except (FormatError, MapiError, PstUsageError) as error:
            self._fail(place, str(error))
            return
        if done:
            self._filled[join_path(path)] += 1

    def _put(self, folder: Folder, item: Item, file: str) -> bool:
        """Put an item into a folder; False when it is there already."""
        if is_free(item):
            folder.add_message(mapping.to_mapi(item))
            self._imported += 1
            return True
        known = self._known_in(folder)
        nid = known.take(item, file)
        if nid is None:
            folder.add_message(mapping.to_mapi(item))
            self._imported += 1
            return True
        if not self._update:
            self._present += 1
            return False
        before = mapping.from_mapi(self._store.message(nid).to_object())
        merged = merging.merge(before, before, item).item
        if not _differ(before, merged):
            self._present += 1
            return False
        # The contents of its attachments are still read from the old one.
        known.replaced(item, nid, folder.add_message(mapping.to_mapi(merged)).nid)
        self._store.message(nid).delete()
        self._updated += 1
        return True

    def _known_in(self, folder: Folder) -> KnownItems:
        known = self._known.get(folder.nid)
        if known is None:
            known = self._known[folder.nid] = KnownItems(self._store, folder)
        return known

    def _fail(self, place: str, reason: str) -> None:
        """Count an item that is passed over."""
        self._failed += 1
        if len(self._failures) < MAX_FAILURES:
            self._failures.append(Failure(place, reason))


def _differ(one: Item, other: Item) -> bool:
    """Tell whether two items differ in more than what programs write for themselves, as the time of writing."""
    mine, theirs = merging.field_digests(one), merging.field_digests(other)
    changed = {path for path in mine.keys() | theirs.keys() if mine.get(path) != theirs.get(path)}
    return type(one) is not type(other) or any(
        path.startswith(field_groups.OWN) or not field_groups.grouping(type(other), path)[1] for path in changed
    )
