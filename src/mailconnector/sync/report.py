"""What a run did, and what it could not do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from mailconnector.sync.errors import Radius, SyncError
from mailconnector.sync.plan import FolderAction, ItemAction
from mailconnector.sync.renames import Rename
from mailconnector.sync.rules import Conflict, Side, Step

LISTED = 1000
"""So many conflicts and failures are listed; beyond that they are only counted, and found in the log."""


@dataclass(frozen=True, slots=True)
class Clash:
    """Two changes that did not go together.

    Attributes:
        conflict: Which case, and so what was done.
        folder: Path of the folder.
        title: What a user calls the item; empty for a folder.
        fields: Which of its fields were edited on both sides, where that is known (paths of `items.field_digests`).
    """

    conflict: Conflict
    folder: tuple[str, ...]
    title: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that failed and will be tried again.

    Attributes:
        radius: How far it reaches.
        folder: Path of the folder; empty when it is about none.
        title: What a user calls the item; empty when it is about none.
        error: What went wrong.
    """

    radius: Radius
    folder: tuple[str, ...]
    title: str
    error: SyncError


@dataclass(frozen=True, slots=True)
class Notice:
    """An item that is kept as it came, as it could not be read as what its folder is made for.

    Attributes:
        folder: Path of the folder.
        title: What a user calls the item.
        text: Why.
    """

    folder: tuple[str, ...]
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Held:
    """Deletions that wait for a word from the user.

    Attributes:
        row: The pair of folders; the key of the answer.
        folder: Its path.
        side: Where would be deleted.
        deletions: How many.
        items: Of how many.
        titles: Some of them.
        emptied: They are held because the other side lost everything.
    """

    row: int
    folder: tuple[str, ...]
    side: Side
    deletions: int
    items: int
    titles: tuple[str, ...]
    emptied: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a run.

    Attributes:
        done: How many items each step was done to, by side.
        folders: What was done to folders.
        clashes: Conflicts.
        troubles: What failed.
        held: What waits for the user.
        bytes_moved: Bytes of content sent to either side.
        folders_visited: How many pairs of folders were opened.
        cancelled: The user ended it early.
        rehearsed: Nothing was done, this is what would have been (the first steps of it, where one needs another).
        renames: Folders whose paths are not those that the user's choices are under; see `renames`.
        notices: Items that were kept as they came; each is told once, when it comes or changes.
    """

    done: Mapping[tuple[Step, Side], int]
    folders: tuple[FolderAction, ...]
    clashes: tuple[Clash, ...]
    troubles: tuple[Trouble, ...]
    held: tuple[Held, ...]
    bytes_moved: int
    folders_visited: int
    cancelled: bool
    rehearsed: bool
    renames: tuple[Rename, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def is_quiet(self) -> bool:
        """Nothing was done, nothing failed, nothing waits."""
        return not (self.done or self.folders or self.clashes or self.troubles or self.held or self.cancelled)


class Phase(Enum):
    """What a run is doing."""

    FOLDERS = "folders"
    LISTING = "listing"
    ITEMS = "items"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        phase: What it is doing.
        folder: Path of the folder.
        done: So many are dealt with: of the folder's items in the phase ITEMS, of all folders while listing.
        total: Of how many.
        bytes_moved: Bytes of content sent since the run began.
    """

    phase: Phase
    folder: tuple[str, ...]
    done: int
    total: int
    bytes_moved: int


@dataclass(slots=True)
class Tally:
    """Collects a report while a run goes on."""

    done: Counter[tuple[Step, Side]] = field(default_factory=Counter)
    folders: list[FolderAction] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    bytes_moved: int = 0
    folders_visited: int = 0
    renames: list[Rename] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def clash(self, conflict: Conflict, folder: tuple[str, ...], title: str = "", fields: tuple[str, ...] = ()) -> None:
        """Note a conflict."""
        if len(self.clashes) < LISTED:
            self.clashes.append(Clash(conflict, folder, title, fields))

    def trouble(self, error: SyncError, folder: tuple[str, ...] = (), title: str = "") -> None:
        """Note an error."""
        if len(self.troubles) < LISTED:
            self.troubles.append(Trouble(error.radius, folder, title, error))

    def notice(self, text: str, folder: tuple[str, ...], title: str) -> None:
        """Note that an item is kept as it came."""
        if len(self.notices) < LISTED:
            self.notices.append(Notice(folder, title, text))

    def rehearse(self, action: ItemAction | FolderAction, folder: tuple[str, ...]) -> None:
        """Note what would be done."""
        if isinstance(action, FolderAction):
            self.folders.append(action)
        else:
            self.done[action.step, action.side] += 1
        if action.conflict:
            self.clash(action.conflict, folder, action.view.title if isinstance(action, ItemAction) else "")

    def report(self, *, cancelled: bool, rehearsed: bool) -> Report:
        """Return what was collected."""
        return Report(
            dict(self.done),
            tuple(self.folders),
            tuple(self.clashes),
            tuple(self.troubles),
            tuple(self.held),
            self.bytes_moved,
            self.folders_visited,
            cancelled,
            rehearsed,
            tuple(self.renames),
            tuple(self.notices),
        )
