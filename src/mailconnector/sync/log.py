"""The log of what synchronisation changed, kept for a while."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from mailconnector.sync.state import State


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One change that was made.

    Attributes:
        at: When, in UTC.
        step: What (the value of a `Step`).
        side: To which side (the value of a `Side`).
        folder: Path of the folder, its names joined by "/".
        title: What a user calls the item; empty for a folder, or when unknown.
        note: More about it: the conflict or the error.
    """

    at: datetime
    step: str
    side: str
    folder: str
    title: str
    note: str


LogRow = tuple[float, str, str, str, str, str]
"""POSIX seconds, step, side, folder, title, note."""


def write(state: State, rows: Iterable[LogRow]) -> None:
    """Add entries; call it in the transaction that writes down what they speak of."""
    state.db.executemany("INSERT INTO log (at, step, side, folder, title, note) VALUES (?, ?, ?, ?, ?, ?)", rows)


def trim(state: State, before: float) -> None:
    """Remove entries from before a time (POSIX seconds)."""
    with state.transaction() as db:
        db.execute("DELETE FROM log WHERE at < ?", (before,))


def mark(state: State) -> int:
    """Return a number for the end of the log as it is now; `count_since` counts from there."""
    return int(state.db.execute("SELECT coalesce(max(row), 0) FROM log").fetchone()[0])


def count_since(state: State, after: int) -> list[tuple[str, str, str, int]]:
    """Return how often each step was written down since a mark, as folder, side, step, times.

    Failures and what was only noticed are left out.
    """
    return state.db.execute(
        "SELECT folder, side, step, count(*) FROM log WHERE row > ? AND step NOT IN ('failed', 'kept')"
        " GROUP BY folder, side, step ORDER BY folder, side, step",
        (after,),
    ).fetchall()


def read(
    state: State, *, since: datetime | None = None, until: datetime | None = None, folder: str | None = None
) -> Iterator[LogEntry]:
    """Return entries, oldest first.

    Args:
        state: Where the log is.
        since: None for all that there is.
        until: None for up to now.
        folder: Path of one folder; None for all.
    """
    rows = state.db.execute(
        "SELECT at, step, side, folder, title, note FROM log WHERE at >= ? AND at < ? AND (? IS NULL OR folder = ?)"
        " ORDER BY row",
        (since.timestamp() if since else 0.0, until.timestamp() if until else 1e12, folder, folder),
    )
    for at, step, side, path, title, note in rows:
        yield LogEntry(datetime.fromtimestamp(at, UTC), step, side, path, title, note)
