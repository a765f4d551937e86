"""Items out of a PST: the folders become directories, and their items files."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from mailconnector.app.folder_path import join_path
from mailconnector.app.progress import Progress, no_progress
from mailconnector.app.pst.file_names import NamesInUse
from mailconnector.app.pst.files_written import prepare_directory
from mailconnector.app.pst.folder_kinds import kind_of_folder
from mailconnector.app.pst.folder_place import FolderPlace
from mailconnector.app.pst.folder_walk import walk_folders
from mailconnector.app.pst.outgoing import Outgoing
from mailconnector.app.pst.targets import ExportFormat, FolderTarget, folder_name, open_target
from mailconnector.errors import MailConnectorError
from mailconnector.formats import FormatError
from mailconnector.items import FolderKind, Mail
from mailconnector.mapi import MapiError
from mailconnector.pst import Folder, PstDiskError, PstError, Store

MAX_FAILURES = 1000
"""Failures of an export that are told one by one; more are only counted."""

_MAX_PATH = 1000  # bytes of a folder's path below the export's directory: systems take 4096, some of them 1024


@dataclass(frozen=True, slots=True)
class LostItem:
    """An item, or a folder's list of its items, that could not be exported."""

    nid: int
    folder: str
    reason: str


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """The outcome of an export.

    Attributes:
        directory: where everything went.
        folders: folders that were written, empty ones among them.
        exported: items that were written.
        others: of these, those that are no mail, by message class.
        left_out: items that the form has no place for, by message class.
        lost: in how many of those that were written a field is missing, by the field's name.
        failed: items and folders that could not be read.
        failures: the first of those that failed.
    """

    directory: str
    folders: int
    exported: int
    others: dict[str, int]
    left_out: dict[str, int]
    lost: dict[str, int]
    failed: int
    failures: tuple[LostItem, ...]


def export_folder(
    store: Store,
    folder: Folder,
    directory: Path,
    form: ExportFormat = ExportFormat.EML,
    progress: Progress = no_progress,
    *,
    split: bool = False,
) -> ExportSummary:
    """Write the items of a folder, and of all below it, into a new directory.

    Search folders are left out: what they find is in other folders. An item that cannot be read is passed over.

    Args:
        store: the open PST.
        folder: the top of what is exported; it becomes the directory itself, unless it is the store's top.
        directory: is made; if it is there it must be empty.
        form: in which items are written.
        progress: is told the items.
        split: write each calendar entry and each card into a file of its own.

    Raises:
        AppUsageError: there is something in the directory.
        AppDiskError: the system refused to write.
        PstDiskError: the system refused to read.
        PstFormatError: the tree of folders is damaged.
    """
    prepare_directory(directory)
    run = _Export(store, form, progress)
    planned = list(run.plan(folder, is_top=folder == store.ipm_subtree))
    for found in planned:
        # The store's top is no place for items: only where there are some, it gets one.
        if found.parts or found.count:
            path = directory.joinpath(*(found.parts or (folder_name(found.folder.name, 1),)))
            with closing(open_target(FolderPlace(path, found.name, run.kind(found.folder), split), form)) as target:
                run.write(found, target)
    return ExportSummary(
        str(directory),
        run.folders,
        run.exported,
        dict(run.others),
        dict(run.left_out),
        dict(run.lost),
        run.failed,
        tuple(run.failures),
    )


@dataclass(frozen=True, slots=True)
class _Planned:
    """A folder with its name and path, the names of its directory, and how many items it says to hold."""

    folder: Folder
    name: str
    path: str
    parts: tuple[str, ...]
    count: int


class _Export:
    def __init__(self, store: Store, form: ExportFormat, progress: Progress) -> None:
        self._store = store
        self._reserved = form.reserved_names
        self._total = 0
        self._progress = progress
        self.folders = self.exported = self.failed = 0
        self.others: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.failures: list[LostItem] = []

    def plan(self, top: Folder, *, is_top: bool) -> Iterator[_Planned]:
        """Yield each folder with the place where it goes."""
        names_in_use: dict[tuple[str, ...], NamesInUse] = {}
        places: dict[int, tuple[str, ...]] = {}
        above = () if is_top else (top.name,)
        for number, walked in enumerate(walk_folders(top, self._fail_folder), 1):
            folder = walked.folder
            parts: tuple[str, ...] = ()
            if not (is_top and folder == top):
                parts = places.get(walked.parent, ())
                name = folder_name(walked.name, number)
                if len("/".join((*parts, name)).encode()) > _MAX_PATH:
                    parts = ()
                parts = (*parts, names_in_use.setdefault(parts, NamesInUse(*self._reserved)).take(name))
            places[folder.nid] = parts
            if folder.is_search_folder:
                continue
            count = self._count(folder)
            self._total += count
            yield _Planned(folder, walked.name, join_path((*above, *walked.path)), parts, count)

    def _count(self, folder: Folder) -> int:
        try:
            return folder.content_count
        except PstDiskError:
            raise
        except PstError:
            return 0  # told already: its name could not be read either

    def kind(self, folder: Folder) -> FolderKind:
        """Return what a folder is for; what cannot be read is taken for mail."""
        try:
            return kind_of_folder(folder)
        except PstDiskError:
            raise
        except PstError:
            return FolderKind.MAIL

    def write(self, planned: _Planned, target: FolderTarget) -> None:
        """Write the items of a folder."""
        self.folders += 1
        stage = f"Exporting {planned.path}"
        for nid in self._nids(planned):
            self._tell(stage)
            self._write_item(planned.path, nid, target)
        self._tell(stage)

    def _tell(self, stage: str) -> None:
        done = self.exported + self.failed + self.left_out.total()
        self._progress(stage, done, max(self._total, done))

    def _nids(self, planned: _Planned) -> list[int]:
        try:
            return planned.folder.message_nids()
        except PstDiskError:
            raise
        except PstError as error:
            self._fail(planned.folder.nid, planned.path, error)
            return []

    def _write_item(self, path: str, nid: int, target: FolderTarget) -> None:
        try:
            outgoing = Outgoing(self._store.message(nid).to_object())
            lost = target.add(outgoing)
            item = outgoing.item
        except PstDiskError:
            raise
        except (PstError, MapiError, FormatError) as error:
            self._fail(nid, path, error)
            return
        if lost is None:
            self.left_out[item.message_class] += 1
            return
        if not isinstance(item, Mail):
            self.others[item.message_class] += 1
        self.lost.update(lost)
        self.exported += 1

    def _fail_folder(self, folder: Folder, error: PstError) -> None:
        self._fail(folder.nid, "", error)

    def _fail(self, nid: int, path: str, error: MailConnectorError) -> None:
        self.failed += 1
        if len(self.failures) < MAX_FAILURES:
            self.failures.append(LostItem(nid, path, str(error)))
