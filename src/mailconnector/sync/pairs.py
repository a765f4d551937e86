"""The pairs of items and the changes that wait to be dealt with: how they are read for planning, and what outcomes do.

Functions that write are called in a transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from mailconnector.sync.flags import from_text, to_text
from mailconnector.sync.plan import ItemView, SideView
from mailconnector.sync.rules import Change, Side
from mailconnector.sync.state import State
from mailconnector.sync.store import ItemState

PairRow = tuple[int, str, str, str, str, str, str, str, str, str, int, float | None, bool]
"""Folder; local and remote id, flags, revision; name, digest, title, size, date, partial: the columns of `item`."""

_INSERT = (
    "INSERT INTO item (folder, local_id, local_flags, local_revision, remote_id, remote_flags, remote_revision,"
    " name, digest, title, size, date, partial) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

_VIEWS = """SELECT t.seq, i.row, i.name, i.title, i.size, i.date, coalesce(i.partial, l.partial),
 length(b.digests) > 0,
 t.local_id, i.local_flags, i.local_revision,
 l.kind, l.flags, l.revision, l.kept, l.size, l.date, l.name, l.title,
 t.remote_id, i.remote_flags, i.remote_revision,
 r.kind, r.flags, r.revision, r.kept, r.size, r.date, r.name, r.title
 FROM {todo} t LEFT JOIN item i ON i.row=t.pair LEFT JOIN base b ON b.pair=t.pair
 LEFT JOIN change l ON l.folder=:folder AND l.side='local' AND l.id=t.local_id
 LEFT JOIN change r ON r.folder=:folder AND r.side='remote' AND r.id=t.remote_id
"""
_NEXT = """WHERE t.seq > :after AND (i.row IS NOT NULL OR l.row IS NOT NULL OR r.row IS NOT NULL)
 ORDER BY t.seq LIMIT :limit
"""


# -- reading ---------------------------------------------------------------------------------------------------------


def load_todo(state: State, folder: int, now: float) -> int:
    """Note which items of a folder have something to be done about them, and return how many.

    Left out are those that failed and whose time has not come, and those whose last effect has an unknown outcome.
    """
    db = state.db
    db.execute("DELETE FROM temp.todo")
    for s, o in (("local", "remote"), ("remote", "local")):
        db.execute(
            f"""INSERT INTO temp.todo (pair, local_id, remote_id)
            SELECT i.row, i.local_id, i.remote_id FROM change c JOIN item i ON i.folder=c.folder AND i.{s}_id=c.id
            LEFT JOIN change oc ON oc.folder=i.folder AND oc.side='{o}' AND oc.id=i.{o}_id
            WHERE c.folder=? AND c.side='{s}' AND c.next_try <= ? AND coalesce(oc.next_try, 0) <= ?
            AND NOT ('{s}'='remote' AND oc.row IS NOT NULL) AND i.row NOT IN (SELECT pair FROM intent WHERE pair > 0)
            ORDER BY c.row""",
            (folder, now, now),
        )
        db.execute(
            f"""INSERT INTO temp.todo ({s}_id) SELECT c.id FROM change c
            WHERE c.folder=? AND c.side='{s}' AND c.kind='new' AND c.next_try <= ?
            AND c.id NOT IN (SELECT source_id FROM intent WHERE folder=? AND side='{o}') ORDER BY c.row""",
            (folder, now, folder),
        )
    return int(db.execute("SELECT count(*) FROM temp.todo").fetchone()[0])


def read_todo(state: State, folder: int, after: int, limit: int) -> list[tuple[int, ItemView]]:
    """Return the next of what `load_todo` noted, each with its number."""
    found = _VIEWS.format(todo="temp.todo") + _NEXT
    rows = state.db.execute(found, {"folder": folder, "after": after, "limit": limit}).fetchall()
    return [(row[0], _view(folder, row)) for row in rows]


def view_pair(state: State, pair: int) -> ItemView:
    """Return one pair as planning sees it."""
    folder = state.db.execute("SELECT folder FROM item WHERE row=?", (pair,)).fetchone()[0]
    found = _VIEWS.format(todo="(SELECT 1 AS seq, row AS pair, local_id, remote_id FROM item WHERE row=:pair)")
    return _view(folder, state.db.execute(found, {"folder": folder, "pair": pair}).fetchone())


def count(state: State, folder: int | None = None) -> int:
    """Return how many pairs of items there are, in a folder or in all."""
    if folder is None:
        return int(state.db.execute("SELECT count(*) FROM item").fetchone()[0])
    return int(state.db.execute("SELECT count(*) FROM item WHERE folder=?", (folder,)).fetchone()[0])


def count_deletions(state: State, folder: int | None, side: Side) -> int:
    """Return how many items would be deleted on one side, because they are gone on the other and not edited here."""
    s, o = side.value, side.other.value
    return int(
        state.db.execute(
            f"""SELECT count(*) FROM change c JOIN item i ON i.folder=c.folder AND i.{o}_id=c.id
            LEFT JOIN change mine ON mine.folder=i.folder AND mine.side='{s}' AND mine.id=i.{s}_id
            WHERE c.side='{o}' AND c.kind='gone' {"" if folder is None else "AND c.folder=:folder"}
            AND coalesce(mine.kind, 'flags')='flags'""",
            {"folder": folder},
        ).fetchone()[0]
    )


def sample_deletions(state: State, folder: int, side: Side, limit: int) -> list[str]:
    """Return the titles of some of the items that `count_deletions` counts."""
    o = side.other.value
    rows = state.db.execute(
        f"""SELECT i.title FROM change c JOIN item i ON i.folder=c.folder AND i.{o}_id=c.id
        WHERE c.side='{o}' AND c.kind='gone' AND c.folder=? ORDER BY c.row LIMIT ?""",
        (folder, limit),
    )
    return [row[0] for row in rows]


def folders_with_work(state: State, now: float) -> set[int]:
    """Return the pairs of folders in which changes wait whose time has come."""
    return {row[0] for row in state.db.execute("SELECT DISTINCT folder FROM change WHERE next_try <= ?", (now,))}


def exists(state: State, pair: int | None) -> bool:
    """Tell whether there is such a pair."""
    return state.db.execute("SELECT 1 FROM item WHERE row=?", (pair,)).fetchone() is not None


def is_known(state: State, folder: int, side: Side, id_: str) -> bool:
    """Tell whether an item was there when its folder was last listed, or was put there by us."""
    s = side.value
    found = state.db.execute(
        f"SELECT 1 FROM item WHERE folder=? AND {s}_id=? UNION ALL"
        " SELECT 1 FROM change WHERE folder=? AND side=? AND id=? AND kind='new' LIMIT 1",
        (folder, id_, folder, s, id_),
    )
    return found.fetchone() is not None


# -- outcomes --------------------------------------------------------------------------------------------------------


def add(state: State, rows: Iterable[PairRow]) -> None:
    """Write down new pairs."""
    state.db.executemany(_INSERT, rows)


def add_one(state: State, row: PairRow) -> int:
    """Write down a new pair and return its number."""
    number = state.db.execute(_INSERT, row).lastrowid
    assert number is not None
    return number


def forget_changes(state: State, folder: int, side: Side, ids: Iterable[str]) -> None:
    """Drop what was found on one side of some items: it is dealt with."""
    state.db.executemany(
        "DELETE FROM change WHERE folder=? AND side=? AND id=?", [(folder, side.value, id_) for id_ in ids]
    )


def forget(state: State, views: Sequence[ItemView]) -> None:
    """Drop items with what was found on both sides."""
    for side in Side:
        state.db.executemany(
            "DELETE FROM change WHERE folder=? AND side=? AND id=?",
            [(view.folder, side.value, view.side(side).id) for view in views],
        )
    state.db.executemany("DELETE FROM item WHERE row=?", [(view.pair,) for view in views])


def settle(state: State, pair: int, side: Side, flags: str, revision: str) -> None:
    """Compare one side of a pair, as it is known to be now, with the base."""
    s = side.value
    folder, id_, base_flags, base_revision = state.db.execute(
        f"SELECT folder, {s}_id, {s}_flags, {s}_revision FROM item WHERE row=?", (pair,)
    ).fetchone()
    if revision == base_revision and flags == base_flags:
        forget_changes(state, folder, side, [id_])
        return
    kind = Change.FLAGS if revision == base_revision else Change.EDITED
    state.db.execute(
        """INSERT INTO change (folder, side, id, kind, flags, revision, size, date)
        SELECT ?, ?, ?, ?, ?, ?, size, date FROM item WHERE row=?
        ON CONFLICT (folder, side, id) DO UPDATE SET kind=excluded.kind, flags=excluded.flags,
        kept=(kept AND revision=excluded.revision), revision=excluded.revision, apart=0""",
        (folder, s, id_, kind.value, flags, revision, pair),
    )


def rebase(state: State, pair: int, side: Side, id_: str, revision: str) -> None:
    """Give one side of a pair another id and content as its base."""
    s = side.value
    old = state.db.execute(f"SELECT folder, {s}_id FROM item WHERE row=?", (pair,)).fetchone()
    forget_changes(state, old[0], side, [old[1]])
    state.db.execute(f"UPDATE item SET {s}_id=?, {s}_revision=? WHERE row=?", (id_, revision, pair))


def rehome(state: State, pair: int, folder: int, ids: dict[Side, str]) -> None:
    """Bring a pair into another folder, where it has these ids; what changed about it goes along."""
    db = state.db
    view = view_pair(state, pair)
    now = {}
    for side, id_ in ids.items():
        here = db.execute(
            "SELECT flags, revision FROM change WHERE folder=? AND side=? AND id=? AND kind='new'",
            (folder, side.value, id_),
        ).fetchone()
        seen = view.side(side)
        now[side] = here or (to_text(seen.flags), seen.revision)
        forget_changes(state, view.folder, side, [seen.id])
        forget_changes(state, folder, side, [id_])
    db.execute(
        "UPDATE item SET folder=?, local_id=?, remote_id=? WHERE row=?",
        (folder, ids[Side.LOCAL], ids[Side.REMOTE], pair),
    )
    for side, (flags, revision) in now.items():
        settle(state, pair, side, flags, revision)


def split(state: State, view: ItemView) -> None:
    """Make two items of a pair; each is new to the other side, and they are not linked again."""
    for side in Side:
        end = view.side(side)
        state.db.execute(
            """INSERT INTO change (folder, side, id, kind, flags, revision, size, date, name, title, apart)
            SELECT folder, ?, ?, 'new', ?, ?, size, date, ?, title, 1 FROM item WHERE row=?
            ON CONFLICT (folder, side, id) DO UPDATE SET kind='new', apart=1, name=excluded.name, attempts=0""",
            (side.value, end.id, to_text(end.flags), end.revision, view.name, view.pair),
        )
    state.db.execute("DELETE FROM item WHERE row=?", (view.pair,))


def readd(state: State, view: ItemView, gone: Side) -> None:
    """Take the surviving side of a pair for a new item."""
    alive = view.side(gone.other)
    forget_changes(state, view.folder, gone, [view.side(gone).id])
    state.db.execute(
        """INSERT INTO change (folder, side, id, kind, flags, revision, size, date, name, digest, title, partial)
        SELECT folder, ?, ?, 'new', ?, ?, size, date, name, digest, title, partial FROM item WHERE row=?
        ON CONFLICT (folder, side, id)
        DO UPDATE SET kind='new', name=excluded.name, title=excluded.title, partial=excluded.partial""",
        (gone.other.value, alive.id, to_text(alive.flags), alive.revision, view.pair),
    )
    state.db.execute("DELETE FROM item WHERE row=?", (view.pair,))


def void(state: State, folder: int, side: Side) -> None:
    """Take every item of one side for gone, under an id that no store gives: its folder was replaced by another."""
    s = side.value
    state.db.execute("DELETE FROM change WHERE folder=? AND side=?", (folder, s))
    state.db.execute(f"UPDATE item SET {s}_id='\n' || row WHERE folder=?", (folder,))
    state.db.execute(
        f"""INSERT INTO change (folder, side, id, kind, flags, revision, size, date)
        SELECT folder, ?, {s}_id, 'gone', {s}_flags, {s}_revision, size, date FROM item WHERE folder=?""",
        (s, folder),
    )


def readd_gone(state: State, folder: int, gone: Side) -> None:
    """Take for a new item what survived of every pair of a folder that is gone on one side."""
    g = gone.value
    views = state.db.execute(
        f"""SELECT i.row FROM change c JOIN item i ON i.folder=c.folder AND i.{g}_id=c.id
        WHERE c.folder=? AND c.side='{g}' AND c.kind='gone'""",
        (folder,),
    ).fetchall()
    for (pair,) in views:
        view = view_pair(state, pair)
        if view.side(gone.other).change is not Change.GONE:
            readd(state, view, gone)


def readd_all(state: State, folder: int, gone: Side) -> None:
    """Take the surviving side of every pair of a folder for a new item."""
    a, key = gone.other.value, {"folder": folder, "gone": gone.value, "alive": gone.other.value}
    state.db.execute("DELETE FROM change WHERE folder=:folder AND side=:gone", key)
    state.db.execute(
        f"""INSERT INTO change (folder, side, id, kind, flags, revision, size, date, name, digest, title, partial)
        SELECT folder, :alive, {a}_id, 'new', {a}_flags, {a}_revision, size, date, name, digest, title, partial
        FROM item WHERE folder=:folder ON CONFLICT (folder, side, id)
        DO UPDATE SET kind='new', name=excluded.name, title=excluded.title, partial=excluded.partial
        WHERE kind != 'gone'""",
        key,
    )
    state.db.execute("DELETE FROM change WHERE folder=:folder AND side=:alive AND kind='gone'", key)
    state.db.execute("DELETE FROM item WHERE folder=:folder", key)


def has_changes(state: State, folder: int) -> bool:
    """Tell whether anything waits to be dealt with in a folder."""
    return state.db.execute("SELECT 1 FROM change WHERE folder=? LIMIT 1", (folder,)).fetchone() is not None


def postpone(state: State, view: ItemView, error: str, now: float, wait: float) -> None:
    """Note that something failed, and try it again after some seconds."""
    for side in Side:
        state.db.execute(
            "UPDATE change SET attempts=attempts+1, next_try=?, error=? WHERE folder=? AND side=? AND id=?",
            (now + wait, error, view.folder, side.value, view.side(side).id),
        )


def try_by(state: State, latest: float) -> None:
    """Let nothing wait longer than until a time: the clock may have been wrong when it was postponed."""
    state.db.execute("UPDATE change SET next_try=? WHERE next_try > ?", (latest, latest))


def attempts(state: State, view: ItemView) -> int:
    """Return how often something was tried in vain about an item."""
    rows = [
        state.db.execute(
            "SELECT attempts FROM change WHERE folder=? AND side=? AND id=?",
            (view.folder, side.value, view.side(side).id),
        ).fetchone()
        for side in Side
    ]
    return max((row[0] for row in rows if row), default=0)


def keep(state: State, folder: int, id_: str, revision: str) -> None:
    """Note that a copy of this revision of a local item was put aside."""
    state.db.execute(
        "UPDATE change SET kept=1 WHERE folder=? AND side='local' AND id=? AND revision=?", (folder, id_, revision)
    )


def unknown(state: State, folder: int, side: Side, states: Iterable[ItemState]) -> dict[str, list[ItemState]]:
    """Group by name those items that were not there when the folder was last listed."""
    found: dict[str, list[ItemState]] = {}
    for item in states:
        if item.identity is not None and item.identity.name and not is_known(state, folder, side, item.id):
            found.setdefault(item.identity.name, []).append(item)
    return found


def gone(state: State, folder: int, side: Side, names: Iterable[str], there: Iterable[str]) -> set[str]:
    """Return those names that items had which were there when the folder was last listed, and are not any more.

    Args:
        state: Where the items are.
        folder: The pair of folders.
        side: Which side of it.
        names: The names.
        there: The ids of all items of these names that are there.
    """
    s, present = side.value, set(there)
    known = state.db.execute(
        f"""WITH wanted AS (SELECT value FROM json_each(:names))
        SELECT name, {s}_id FROM item WHERE folder=:folder AND name IN wanted UNION ALL
        SELECT name, id FROM change WHERE folder=:folder AND side=:side AND kind='new' AND name IN wanted""",
        {"folder": folder, "side": s, "names": json.dumps(list(names))},
    )
    return {name for name, id_ in known if id_ not in present}


def _view(folder: int, row: Sequence[Any]) -> ItemView:
    pair = row[1]
    local, remote = row[8:19], row[19:30]
    newer = next((end for end in (remote, local) if end[3] in ("new", "edited")), None)
    return ItemView(
        folder,
        pair,
        _side(local, pair),
        _side(remote, pair),
        (row[3] if pair else newer[10] if newer else "") or "",
        (row[2] if pair else newer[9] if newer else "") or "",
        newer[7] if newer else row[4],
        newer[8] if newer else row[5],
        bool(row[6]),
        bool(row[7]),
    )


def _side(end: Sequence[Any], pair: int | None) -> SideView:
    id_, base_flags, base_revision, kind, flags, revision, kept = end[:7]
    if id_ is None:
        return SideView()
    if kind is None:
        base = from_text(base_flags)
        return SideView(Change.SAME, id_, base, base, base_revision)
    base = from_text(base_flags) if pair else frozenset()
    return SideView(Change(kind), id_, from_text(flags), base, revision, bool(kept))
