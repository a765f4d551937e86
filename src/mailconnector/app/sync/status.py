"""How an account stands: its last round, and what waits in each folder. Read from the state file alone."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from mailconnector.app.sync.job import Job
from mailconnector.app.sync.paths import folder_paths
from mailconnector.app.sync.remembered import LastRound, held_deletions, last_in_step, last_round
from mailconnector.sync import FolderOptions, State
from mailconnector.sync.report import Held

LISTED = 1000
"""So many failed items are listed; more are only counted."""


@dataclass(frozen=True, slots=True)
class FailedItem:
    """An item that could not be synchronised and is going to be tried again.

    Attributes:
        folder: path of its folder.
        side: where it was found to have changed: "local" or "remote".
        title: what a user calls it; empty when unknown.
        reason: why it failed.
        attempts: how often it was tried.
        next_try: when it is tried again, in UTC, if a round takes place then.
    """

    folder: tuple[str, ...]
    side: str
    title: str
    reason: str
    attempts: int
    next_try: datetime


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """How a pair of folders stands.

    Attributes:
        path: its path.
        options: how it is synchronised.
        items: items that both sides have.
        waiting: changes that were found and not yet dealt with, failed ones included.
        failed: items that failed.
        held: deletions that wait for a word from the user.
        visited: when it was last looked into, in UTC; None for never.
        one_sided: the side that it is missing on: "local" or "remote"; empty where it is on both.
    """

    path: tuple[str, ...]
    options: FolderOptions
    items: int
    waiting: int
    failed: int
    held: int
    visited: datetime | None
    one_sided: str = ""

    @property
    def in_step(self) -> bool:
        """Whether nothing waits there, as far as the last visit could see."""
        return self.visited is not None and not self.waiting


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """How an account stands.

    Attributes:
        account: its name.
        last: how its last round ended; None when there was none.
        in_step_at: when the last round began that left both sides in step.
        folders: its folders, by path.
        failed: items that failed, at most `LISTED`.
        held: deletions that wait for a word from the user.
        unfinished: effects of a round that was cut off; the next one finds out what became of them.
    """

    account: str
    last: LastRound | None
    in_step_at: datetime | None
    folders: tuple[FolderStatus, ...] = ()
    failed: tuple[FailedItem, ...] = ()
    held: tuple[Held, ...] = ()
    unfinished: int = 0


def account_status(job: Job) -> AccountStatus:
    """Return how an account stands.

    Raises:
        StateError: the state file cannot be used.
    """
    if not job.state_path.exists():
        return AccountStatus(job.account, None, None)
    settings = job.settings()
    with closing(State(str(job.state_path))) as state:
        paths = folder_paths(state)
        held = held_deletions(state)
        items = _counts(state, "SELECT folder, count(*) FROM item GROUP BY folder")
        waiting = _counts(state, "SELECT folder, count(*) FROM change GROUP BY folder")
        failed = _counts(state, "SELECT folder, count(*) FROM change WHERE error != '' GROUP BY folder")
        folders = [
            FolderStatus(
                paths[pair.row],
                settings.options(paths[pair.row]),
                items.get(pair.row, 0),
                waiting.get(pair.row, 0),
                failed.get(pair.row, 0),
                sum(each.deletions for each in held if each.row == pair.row),
                datetime.fromtimestamp(pair.visited, UTC) if pair.visited else None,
                "local" if pair.local.id is None else "remote" if pair.remote.id is None else "",
            )
            for pair in state.folders()
        ]
        return AccountStatus(
            job.account,
            last_round(state),
            last_in_step(state),
            tuple(sorted(folders, key=lambda folder: folder.path)),
            tuple(_failed_items(state, paths)),
            held,
            int(state.db.execute("SELECT count(*) FROM intent").fetchone()[0]),
        )


def _counts(state: State, query: str) -> dict[int, int]:
    return dict(state.db.execute(query).fetchall())


def _failed_items(state: State, paths: dict[int, tuple[str, ...]]) -> Sequence[FailedItem]:
    rows = state.db.execute(
        """SELECT c.folder, c.side, coalesce(nullif(c.title, ''), i.title, ''), c.error, c.attempts, c.next_try
        FROM change c LEFT JOIN item i ON i.folder=c.folder
        AND ((c.side='local' AND i.local_id=c.id) OR (c.side='remote' AND i.remote_id=c.id))
        WHERE c.error != '' ORDER BY c.folder, c.row LIMIT ?""",
        (LISTED,),
    )
    return [
        FailedItem(paths.get(folder, ()), side, title, error, attempts, datetime.fromtimestamp(next_try, UTC))
        for folder, side, title, error, attempts, next_try in rows
    ]
