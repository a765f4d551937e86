"""What the user can choose: when a folder is synchronised, how much of it, and how cautious a run is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum


class Trigger(Enum):
    """Why a run takes place."""

    DEMAND = "demand"
    START = "start"
    SELECTION = "selection"
    TIMER = "timer"
    PUSH = "push"


class Mode(Enum):
    """When a folder is synchronised; whatever the mode, a run on demand takes it along, except for NEVER."""

    SELECTION = "selection"
    START = "start"
    INTERVAL = "interval"
    PUSH = "push"
    DEMAND = "demand"
    NEVER = "never"


class Form(Enum):
    """In which form items are written to the server that another program's items were read from.

    Attributes:
        AUTHOR: In that program's, as far as it can say them.
        OWN: In ours, which says everything, and which every mail program can show.
    """

    AUTHOR = "author"
    OWN = "own"


_TRIGGERS: Mapping[Mode, frozenset[Trigger]] = {
    Mode.SELECTION: frozenset((Trigger.DEMAND, Trigger.SELECTION)),
    Mode.START: frozenset((Trigger.DEMAND, Trigger.START, Trigger.SELECTION)),
    Mode.INTERVAL: frozenset((Trigger.DEMAND, Trigger.START, Trigger.SELECTION, Trigger.TIMER)),
    Mode.PUSH: frozenset((Trigger.DEMAND, Trigger.START, Trigger.SELECTION, Trigger.PUSH)),
    Mode.DEMAND: frozenset((Trigger.DEMAND,)),
    Mode.NEVER: frozenset(),
}


@dataclass(frozen=True, slots=True)
class FolderOptions:
    """How one folder is synchronised.

    Attributes:
        mode: When.
        minutes: How often, in the mode INTERVAL.
        since: Remote items received before that day are left where they are; None takes all. What is here already
            stays and is kept in step.
        max_size: Of remote items above so many bytes only the headers are taken; None takes all.
        form: How changed items are written that came in another program's form; all others are written in ours.
    """

    mode: Mode = Mode.START
    minutes: int = 15
    since: date | None = None
    max_size: int | None = None
    form: Form = Form.AUTHOR

    def visited(self, trigger: Trigger, *, last: float, now: float) -> bool:
        """Tell whether a run visits the folder.

        Args:
            trigger: Why the run takes place.
            last: When the folder was last visited, POSIX seconds.
            now: The time, POSIX seconds.
        """
        if trigger not in _TRIGGERS[self.mode]:
            return False
        # A visit in the future is one by a clock that was wrong.
        return trigger is not Trigger.TIMER or not 0 <= now - last < self.minutes * 60

    @property
    def view(self) -> str:
        """A token that differs when another part of the folder is wanted, and the folder must be listed anew."""
        wanted = f"{self.since} {self.max_size}"
        return "" if wanted == "None None" else hashlib.blake2b(wanted.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Brake:
    """When deletions wait for a word from the user.

    Deletions are held in a folder when there would be more than `free` of them, and more than `share` of its items;
    in all folders when the same is true of all items together, or when one side lost every item, or every folder, that
    it had. All else of the run goes on. Trash and junk are there to be emptied: what goes from them counts only when
    all is gone everywhere.

    Attributes:
        share: Part of the items, 0 to 1.
        free: So many deletions are not held.
    """

    share: float = 0.5
    free: int = 20

    def holds(self, deletions: int, items: int) -> bool:
        """Tell whether so many deletions are too many for so many items."""
        return deletions > self.free and deletions > self.share * items


class Answer(Enum):
    """The user's word on deletions that are held.

    Attributes:
        DELETE: They were meant: delete on the other side as well.
        RESTORE: They were not: bring the items back from the other side.
    """

    DELETE = "delete"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Settings:
    """How an account is synchronised.

    Attributes:
        default: Options of every folder that has none of its own.
        folders: Options by the path of the folder (the local names, the remote ones where there is no local folder).
        brake: When deletions are held.
        kept_folder: Name of the local top folder for edits that may not be sent; it is not synchronised.
        log_days: How long the log of changes goes back.
        retry_first: Seconds before an item that failed is tried again; doubled each time.
        retry_last: Most seconds between two tries.
    """

    default: FolderOptions = FolderOptions()
    folders: Mapping[tuple[str, ...], FolderOptions] = field(default_factory=dict)
    brake: Brake = Brake()
    kept_folder: str = "Not sent"
    log_days: int = 31
    retry_first: float = 60.0
    retry_last: float = 86400.0

    def options(self, path: tuple[str, ...]) -> FolderOptions:
        """Return the options of a folder."""
        return self.folders.get(path, self.default)

    def retry_after(self, attempts: int) -> float:
        """Return how many seconds to wait after so many failed attempts."""
        return min(self.retry_first * 2.0 ** min(attempts - 1, 32), self.retry_last)
