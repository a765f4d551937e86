"""What a store was seen to hold, compared with the base: the differences become changes.

A listing is streamed into a scratch table and compared there, so a folder of any size takes the same memory. The
changes found and the cursor that they were found up to are committed together; from then on they wait in the state file
until they are dealt with, whatever becomes of the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from itertools import islice
from typing import TypeVar

from mailconnector.sync.flags import to_text
from mailconnector.sync.one_to_one import match
from mailconnector.sync.rules import Change, Side
from mailconnector.sync.state import State
from mailconnector.sync.store import Changes, ItemState, SyncStore

PAGE = 1000
"""Items that are held in memory at a time."""

T = TypeVar("T")


def pages(stream: Iterable[T], size: int = 0) -> Iterator[list[T]]:
    """Cut a stream into lists, of `PAGE` elements unless a size is given."""
    iterator = iter(stream)
    while page := list(islice(iterator, size or PAGE)):
        yield page


def record(state: State, folder: int, side: Side, found: Changes) -> None:
    """Compare what `changes` answered with the base. Call it in a transaction.

    Args:
        state: Where the base is.
        folder: The pair of folders.
        side: Whose store was asked.
        found: The answer; its streams are used up.
    """
    _fill(state, found.items)
    if not found.complete:
        state.db.execute("DELETE FROM temp.vanished")
        for page in pages(found.vanished):
            state.db.executemany("INSERT OR IGNORE INTO temp.vanished VALUES (?)", [(id_,) for id_ in page])
    _compare(state, folder, side, complete=found.complete)


def drain(state: State, folder: int, side: Side) -> None:
    """Record that every item of one side is gone, because its folder is. Call it in a transaction."""
    _lose(state, folder, side, "IS NOT NULL")


def rematch(state: State, folder: int, side: Side, store: SyncStore, store_folder: str, found: Changes) -> None:
    """Find again, by identity, the items whose ids became void. Call it in a transaction.

    Args:
        state: Where the base is.
        folder: The pair of folders.
        side: Whose ids became void.
        store: Its store.
        store_folder: The folder's id there.
        found: A complete listing.
    """
    _fill(state, found.items)
    db, s, key = state.db, side.value, (folder, side.value)
    for page in id_pages(state, "SELECT rowid, id FROM temp.seen WHERE name IS NULL AND rowid > :after", {}):
        db.executemany(
            "UPDATE temp.seen SET name=?, digest=?, title=? WHERE id=?",
            [(*_identity(item), item.id) for item in store.identify(store_folder, page)],
        )
    apart = db.execute("SELECT name FROM change WHERE folder=? AND side=? AND apart AND name != ''", key).fetchall()
    db.execute("DELETE FROM change WHERE folder=? AND side=?", key)
    db.execute(f"UPDATE item SET {s}_id=NULL WHERE folder=?", (folder,))
    # First those that agree in content as well, then those that are at least the same item.
    for lost, here in ((f"{s}_revision", "revision"), ("''", "''")):
        found_pairs = match(
            state,
            f"SELECT name, {lost}, row FROM item WHERE folder=:folder AND {s}_id IS NULL AND name != ''",
            f"""SELECT name, {here}, rowid FROM temp.seen WHERE name != '' AND NOT EXISTS
            (SELECT 1 FROM item WHERE folder=:folder AND {s}_id=seen.id)""",
            {"folder": folder},
        )
        db.executemany(f"UPDATE item SET {s}_id=(SELECT id FROM temp.seen WHERE rowid=?2) WHERE row=?1", found_pairs)
    # The others are gone. Their ids only have to differ from every id that a store might give.
    db.execute(f"UPDATE item SET {s}_id='\n' || row WHERE folder=? AND {s}_id IS NULL", (folder,))
    _compare(state, folder, side, complete=True)
    db.executemany(
        "UPDATE change SET apart=1 WHERE folder=? AND side=? AND kind='new' AND name=?",
        [(*key, *name) for name in apart],
    )


def enlarge(state: State, folder: int, max_size: int | None) -> None:
    """Ask for the rest of the partial items that are wanted whole now. Call it in a transaction, after `record`."""
    state.db.execute(
        """INSERT INTO change (folder, side, id, kind, flags, revision, size, date)
        SELECT i.folder, 'remote', i.remote_id, 'edited', i.remote_flags, i.remote_revision, i.size, i.date FROM item i
        WHERE i.folder=? AND i.partial AND (? IS NULL OR i.size <= ?) ON CONFLICT (folder, side, id)
        DO UPDATE SET kind='edited' WHERE kind='flags'""",
        (folder, max_size, max_size),
    )


def drop_older(state: State, folder: int, since: date) -> None:
    """Leave remote items alone that were received before a day. Call it in a transaction, after linking."""
    midnight = datetime.combine(since, time(), UTC).timestamp()
    state.db.execute(
        "DELETE FROM change WHERE folder=? AND side='remote' AND kind='new' AND date < ?", (folder, midnight)
    )


def identify_new(state: State, folder: int, side: Side, store: SyncStore, store_folder: str) -> None:
    """Find out the identities of new items that the listing did not tell."""
    # NOT INDEXED: read in the order of the listing, page after page, without sorting for each.
    wanted = (
        "SELECT row, id FROM change NOT INDEXED WHERE row > :after AND folder=:folder AND side=:side AND kind='new'"
        " AND name IS NULL"
    )
    for page in id_pages(state, wanted, {"folder": folder, "side": side.value}):
        known = [(*_identity(item), folder, side.value, item.id) for item in store.identify(store_folder, page)]
        with state.transaction() as db:
            db.executemany("UPDATE change SET name=?, digest=?, title=? WHERE folder=? AND side=? AND id=?", known)


def has(state: State, folder: int, side: Side, change: Change) -> bool:
    """Tell whether a folder has such a change on one side."""
    found = state.db.execute(
        "SELECT 1 FROM change WHERE folder=? AND side=? AND kind=? LIMIT 1", (folder, side.value, change.value)
    )
    return found.fetchone() is not None


def timestamp(when: datetime | None) -> float | None:
    """Return a time as it is stored."""
    return None if when is None else when.timestamp()


def _identity(item: ItemState) -> tuple[str | None, str, str]:
    if item.identity is None:
        return None, "", ""
    return item.identity.name, item.identity.digest, item.identity.title


def id_pages(state: State, query: str, values: Mapping[str, object]) -> Iterator[list[str]]:
    """Read the ids that a query gives with ascending numbers, a page at a time, while the pages' rows are changed."""
    after = 0
    while rows := state.db.execute(f"{query} ORDER BY 1 LIMIT {PAGE}", {**values, "after": after}).fetchall():
        after = rows[-1][0]
        yield [row[1] for row in rows]


def _fill(state: State, items: Iterable[ItemState]) -> None:
    state.db.execute("DELETE FROM temp.seen")
    for page in pages(items):
        state.db.executemany(
            "INSERT OR REPLACE INTO temp.seen VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(i.id, to_text(i.flags), i.revision, i.size, timestamp(i.date), *_identity(i), i.partial) for i in page],
        )


def _compare(state: State, folder: int, side: Side, *, complete: bool) -> None:
    db, s, key = state.db, side.value, (folder, side.value)
    # An item that the listing does not name keeps the names that were asked for before, as long as it is the same.
    named = "excluded.name IS NOT NULL OR revision != excluded.revision"
    db.execute(
        f"""INSERT INTO change (folder, side, id, kind, flags, revision, size, date, name, digest, title, partial)
        SELECT ?, ?, s.id,
        CASE WHEN i.row IS NULL THEN 'new' WHEN i.{s}_revision != s.revision THEN 'edited' ELSE 'flags' END,
        s.flags, s.revision, s.size, s.date, s.name, s.digest, s.title, s.partial
        FROM temp.seen s LEFT JOIN item i ON i.folder=? AND i.{s}_id=s.id
        WHERE i.row IS NULL OR i.{s}_revision != s.revision OR i.{s}_flags != s.flags ORDER BY s.rowid
        ON CONFLICT (folder, side, id) DO UPDATE SET kind=excluded.kind, flags=excluded.flags, size=excluded.size,
        date=excluded.date, kept=(kept AND revision=excluded.revision), revision=excluded.revision,
        name=iif({named}, excluded.name, name), digest=iif({named}, excluded.digest, digest),
        title=iif({named}, excluded.title, title), partial=excluded.partial""",
        (*key, folder),
    )
    # What is as it was again.
    db.execute(
        f"""DELETE FROM change WHERE row IN (
        SELECT c.row FROM temp.seen s JOIN item i ON i.folder=? AND i.{s}_id=s.id
        JOIN change c ON c.folder=? AND c.side=? AND c.id=s.id
        WHERE c.kind != 'new' AND i.{s}_revision=s.revision AND i.{s}_flags=s.flags)""",
        (folder, *key),
    )
    _lose(state, folder, side, "NOT IN (SELECT id FROM temp.seen)" if complete else "IN (SELECT id FROM temp.vanished)")


def _lose(state: State, folder: int, side: Side, gone: str) -> None:
    s, key = side.value, (folder, side.value)
    state.db.execute(f"DELETE FROM change WHERE folder=? AND side=? AND kind='new' AND id {gone}", key)
    state.db.execute(
        f"""INSERT INTO change (folder, side, id, kind, flags, revision, size, date)
        SELECT folder, ?, {s}_id, 'gone', {s}_flags, {s}_revision, size, date FROM item WHERE folder=? AND {s}_id {gone}
        ON CONFLICT (folder, side, id) DO UPDATE SET kind='gone', kept=0""",
        (s, folder),
    )
