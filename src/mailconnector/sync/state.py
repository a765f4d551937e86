"""What is remembered between two runs, in one SQLite file beside the profile.

The file holds the pairs of folders and items as they were (the base), the changes that were found and not yet dealt
with, the journal of effects under way, and the log. `sightings`, `pairs`, `journal` and `log` know those tables; this
module knows the file, its transactions, its schema and the pairs of folders.

Every commit leaves a state from which the next run can go on. Commits are flushed to the disk (synchronous=FULL), since
the journal must not be younger than the effects it speaks of.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Any, Self

from mailconnector.items import FolderKind
from mailconnector.sync.errors import StateError
from mailconnector.sync.rules import Side
from mailconnector.sync.store import FolderState, SpecialUse

VOID = "\n"
"""A validity that no folder has."""

_SCRATCH = """
CREATE TEMP TABLE seen (id TEXT PRIMARY KEY, flags TEXT, revision TEXT, size INTEGER, date REAL, name TEXT, digest TEXT,
  title TEXT, partial INTEGER);
CREATE TEMP TABLE vanished (id TEXT PRIMARY KEY);
CREATE TEMP TABLE lefts (name TEXT, part TEXT, n INTEGER, ref INTEGER, PRIMARY KEY (name, part, n)) WITHOUT ROWID;
CREATE TEMP TABLE rights (name TEXT, part TEXT, n INTEGER, ref INTEGER, PRIMARY KEY (name, part, n)) WITHOUT ROWID;
CREATE TEMP TABLE whole (row INTEGER PRIMARY KEY, digest TEXT);
CREATE TEMP TABLE todo (seq INTEGER PRIMARY KEY, pair INTEGER, local_id TEXT, remote_id TEXT);
"""


@dataclass(frozen=True, slots=True)
class FolderEnd:
    """One side of a pair of folders, as it was at the last synchronisation.

    Attributes:
        id: The folder's id; None when there is none on this side.
        parent: Id of the folder it was in.
        name: Its name.
        validity: What its items' ids were valid under.
        cursor: Up to where its changes are known.
    """

    id: str | None
    parent: str = ""
    name: str = ""
    validity: str = ""
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class FolderPair:
    """A folder that is on both sides, or shall be.

    Attributes:
        row: Its number in the state file.
        kind: What sort of items it is for.
        special: What it is for, if anything special.
        local: Its local side.
        remote: Its remote side.
        view: Which part of it was wanted when it was last listed.
        visited: When it was last visited, POSIX seconds.
        owner: Whose the remote folder is, where it is not the user's own.
        hidden: The user does not want to see it.
    """

    row: int
    kind: FolderKind
    special: SpecialUse | None
    local: FolderEnd
    remote: FolderEnd
    view: str
    visited: float
    owner: str = ""
    hidden: bool = False

    def end(self, side: Side) -> FolderEnd:
        """Return one side."""
        return self.local if side is Side.LOCAL else self.remote


class State:
    """An open state file.

    Args:
        path: The file; it is created when it is not there. ":memory:" keeps nothing.

    Raises:
        StateError: The file is no state file, is damaged, or is of a newer version.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._dry = False
        try:
            self.db = sqlite3.connect(path, isolation_level=None, timeout=10.0, check_same_thread=False)
            self.db.execute("PRAGMA journal_mode=WAL")
            self.db.execute("PRAGMA synchronous=FULL")
            self.db.execute("PRAGMA cache_size=-16384")
            migrate(self.db, migrations(), path)
            self.db.executescript(_SCRATCH)
        except sqlite3.DatabaseError as error:
            raise StateError(
                f"the state file cannot be used: {error}",
                path=path,
                hint="Remove it to start anew: items that are on both sides are recognised and nothing is doubled.",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a transaction that was not committed is undone."""
        self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Make the changes of a `with` block together or not at all."""
        if self._dry:
            yield self.db
            return
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield self.db
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.commit()

    def commit(self) -> None:
        """End a transaction; what it wrote is on the disk when this returns."""
        self.db.execute("COMMIT")

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Undo at the end of a `with` block everything that it wrote."""
        self.db.execute("BEGIN")
        self._dry = True
        try:
            yield
        finally:
            self._dry = False
            self.db.execute("ROLLBACK")

    # -- pairs of folders --------------------------------------------------------------------------------------------

    def folders(self) -> list[FolderPair]:
        """Return every pair of folders."""
        return [_folder_pair(row) for row in self.db.execute(f"SELECT {_FOLDER_COLUMNS} FROM folder ORDER BY row")]

    def folder(self, row: int) -> FolderPair:
        """Return one pair of folders."""
        found = self.db.execute(f"SELECT {_FOLDER_COLUMNS} FROM folder WHERE row=?", (row,)).fetchone()
        return _folder_pair(found)

    def new_folder(self, kind: FolderKind, special: SpecialUse | None) -> int:
        """Write down a pair of folders with neither side yet, and return its number."""
        row = self.db.execute(
            "INSERT INTO folder (kind, special) VALUES (?, ?)", (kind.value, special.value if special else "")
        ).lastrowid
        assert row is not None
        return row

    def bind(self, row: int, side: Side, state: FolderState) -> None:
        """Set one side of a pair of folders; its items are not known yet."""
        s = side.value
        self._take_id(row, side, state.id)
        self.db.execute(
            f"UPDATE folder SET {s}_id=?, {s}_parent=?, {s}_name=?, {s}_validity=?, {s}_cursor='' WHERE row=?",
            (state.id, state.parent, state.name, state.validity, row),
        )
        if side is Side.REMOTE:
            self.db.execute("UPDATE folder SET owner=? WHERE row=?", (state.owner, row))
        else:
            self.db.execute("UPDATE folder SET hidden=0 WHERE row=?", (row,))

    def place(self, row: int, side: Side, state: FolderState) -> None:
        """Write down where one side of a pair of folders is now, and its id, which may have changed with its place."""
        s = side.value
        self._take_id(row, side, state.id)
        self.db.execute(
            f"UPDATE folder SET {s}_id=?, {s}_parent=?, {s}_name=? WHERE row=?",
            (state.id, state.parent, state.name, row),
        )
        if side is Side.REMOTE:  # it may have been moved to, or out of, what is somebody else's
            self.db.execute("UPDATE folder SET owner=? WHERE row=?", (state.owner, row))

    def set_place(self, row: int, side: Side, parent: str, name: str) -> None:
        """Write down where one side of a pair of folders was when the other followed it."""
        s = side.value
        self.db.execute(f"UPDATE folder SET {s}_parent=?, {s}_name=? WHERE row=?", (parent, name, row))

    def renumber(self, row: int, side: Side, state: FolderState) -> None:
        """Write down that a folder has another id now; its items are what they were."""
        s = side.value
        old = self.db.execute(f"SELECT {s}_id FROM folder WHERE row=?", (row,)).fetchone()[0]
        if old != state.id:
            self._take_id(row, side, state.id)
            self.db.execute(f"UPDATE folder SET {s}_id=? WHERE row=?", (state.id, row))
            self.db.execute(f"UPDATE folder SET {s}_parent=? WHERE {s}_parent=?", (state.id, old))

    def rebind(self, row: int, side: Side, state: FolderState) -> None:
        """Put another folder in the place of one that is gone; its items' ids are void."""
        self.renumber(row, side, state)
        self.place(row, side, state)
        s = side.value
        self.db.execute(f"UPDATE folder SET {s}_validity=?, {s}_cursor='' WHERE row=?", (VOID, row))

    def scanned(self, row: int, side: Side, validity: str, cursor: str) -> None:
        """Write down up to where a folder's changes are known."""
        s = side.value
        self.db.execute(f"UPDATE folder SET {s}_validity=?, {s}_cursor=? WHERE row=?", (validity, cursor, row))

    def _take_id(self, row: int, side: Side, id_: str) -> None:
        """Take an id off the pair that has it: where paths are ids, it is that of a folder which is gone."""
        s = side.value
        self.db.execute(f"UPDATE folder SET {s}_id='\n' || row WHERE {s}_id=? AND row != ?", (id_, row))

    def unbind(self, row: int, side: Side) -> None:
        """Take one side off a pair of folders."""
        s = side.value
        self.db.execute(f"UPDATE folder SET {s}_id=NULL, {s}_cursor='', {s}_validity='' WHERE row=?", (row,))

    def hide(self, row: int) -> None:
        """Write down that the user does not want to see a folder, and forget what is known of its items."""
        for table in ("item", "change"):
            self.db.execute(f"DELETE FROM {table} WHERE folder=?", (row,))
        self.unbind(row, Side.LOCAL)
        self.db.execute("UPDATE folder SET hidden=1, remote_cursor='' WHERE row=?", (row,))

    def show(self, row: int) -> None:
        """Write down that the user wants to see a folder again."""
        self.db.execute("UPDATE folder SET hidden=0 WHERE row=?", (row,))

    def visit(self, row: int, view: str, now: float) -> None:
        """Write down that a pair of folders was visited."""
        self.db.execute("UPDATE folder SET view=?, visited=? WHERE row=?", (view, now, row))

    def drop_folder(self, row: int) -> None:
        """Forget a pair of folders with all that is known of its items."""
        for table in ("item", "change"):
            self.db.execute(f"DELETE FROM {table} WHERE folder=?", (row,))
        self.db.execute("DELETE FROM folder WHERE row=?", (row,))

    # -- single facts ------------------------------------------------------------------------------------------------

    def fact(self, name: str) -> str:
        """Return a remembered value; empty when there is none."""
        found = self.db.execute("SELECT value FROM fact WHERE name=?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def set_fact(self, name: str, value: str) -> None:
        """Remember a value."""
        self.db.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))


def migrations() -> list[str]:
    """Return the scripts that make the schema, in order; a state file's version is how many of them it has seen."""
    files = resources.files("mailconnector.sync") / "migrations"
    names = sorted(entry.name for entry in files.iterdir() if entry.name.endswith(".sql"))
    return [(files / name).read_text(encoding="utf-8") for name in names]


def migrate(db: sqlite3.Connection, scripts: Sequence[str], path: str) -> None:
    """Bring a state file up to date, each step in a transaction of its own.

    Args:
        db: The open file, in autocommit mode.
        scripts: Every script that there is.
        path: The file's name, for the error.

    Raises:
        StateError: The file has seen more scripts than there are.
    """
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > len(scripts):
        raise StateError(
            f"the state file is of version {version}, this program knows {len(scripts)}",
            path=path,
            hint="A newer version of the program wrote it. Use that one.",
        )
    for number in range(version, len(scripts)):
        db.executescript(f"BEGIN; {scripts[number]}; PRAGMA user_version={number + 1}; COMMIT;")


_FOLDER_COLUMNS = (
    "row, kind, special, local_id, local_parent, local_name, local_validity, local_cursor,"
    " remote_id, remote_parent, remote_name, remote_validity, remote_cursor, view, visited, owner, hidden"
)


def _folder_pair(row: tuple[Any, ...]) -> FolderPair:
    return FolderPair(
        row[0],
        FolderKind(row[1]),
        SpecialUse(row[2]) if row[2] else None,
        FolderEnd(*row[3:8]),
        FolderEnd(*row[8:13]),
        row[13],
        row[14],
        row[15],
        bool(row[16]),
    )
