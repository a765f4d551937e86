"""Which new items are not new: known again by their identity.

All of it is bookkeeping in the state file. Functions that write are called in a transaction. Where there are several
items of one name, each is matched once, in the order they were listed.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from mailconnector.sync import pairs
from mailconnector.sync.one_to_one import match
from mailconnector.sync.rules import Side
from mailconnector.sync.state import State

_NEW = "c.kind='new' AND c.name != '' AND NOT c.apart"


@dataclass(frozen=True, slots=True)
class Move:
    """A pair that turned up in another folder on one side, or on both.

    Attributes:
        pair: The pair of items.
        folder: The pair of folders that it was in.
        places: By side that it was moved on: the pair of folders and the id that it has now.
    """

    pair: int
    folder: int
    places: dict[Side, tuple[int, str]]


def match_reappeared(state: State, folder: int, side: Side) -> int:
    """Find pairs that are gone from a folder and there again under another id, and return how many.

    This is how an edit looks in a store whose items cannot be changed: the old one is deleted, a new one added.
    """
    s = side.value
    found = match(
        state,
        f"""SELECT i.name, '', i.row FROM change c JOIN item i ON i.folder=c.folder AND i.{s}_id=c.id
        WHERE c.folder=:folder AND c.side='{s}' AND c.kind='gone' AND i.name != ''""",
        f"SELECT c.name, '', c.row FROM change c WHERE c.folder=:folder AND c.side='{s}' AND {_NEW}",
        {"folder": folder},
    )
    count = 0
    for pair, row in found:
        count += 1
        old, before, has_base = state.db.execute(
            f"""SELECT i.{s}_id, iif(i.partial, '', i.digest), coalesce(length(b.digests), 0) > 0
            FROM item i LEFT JOIN base b ON b.pair=i.row WHERE i.row=?""",
            (pair,),
        ).fetchone()
        new, flags, revision, digest = state.db.execute(
            "SELECT id, flags, revision, digest FROM change WHERE row=?", (row,)
        ).fetchone()
        pairs.forget_changes(state, folder, side, [old, new])
        state.db.execute(f"UPDATE item SET {s}_id=? WHERE row=?", (new, pair))
        if has_base or ("" not in (before, digest) and before != digest):
            # Whatever the revision says: a store may make it of no more than a size and a date. Of an item other than
            # mail, the digest does not tell all that there is of it either.
            state.db.execute(f"UPDATE item SET {s}_revision='' WHERE row=?", (pair,))
        pairs.settle(state, pair, side, flags, revision)
    return count


def find_moves(state: State, by_id: dict[Side, bool]) -> list[Move]:
    """Find pairs that are gone from one folder and new in another; nothing is written.

    Args:
        state: Where the changes are.
        by_id: Whether the ids of a side's items survive a move.
    """
    moves: dict[int, Move] = {}
    for side in Side:
        s = side.value
        if not state.db.execute(f"SELECT 1 FROM change WHERE side='{s}' AND kind='gone' LIMIT 1").fetchone():
            continue
        for pair, row in _moved(state, side, by_id=by_id[side]):
            old = state.db.execute("SELECT folder FROM item WHERE row=?", (pair,)).fetchone()[0]
            new, id_ = state.db.execute("SELECT folder, id FROM change WHERE row=?", (row,)).fetchone()
            if old != new:
                moves.setdefault(pair, Move(pair, old, {})).places[side] = (new, id_)
    return list(moves.values())


def _moved(state: State, side: Side, *, by_id: bool) -> Iterator[tuple[int, int]]:
    """Yield the rows of pairs that are gone on a side, each with the row of what is new there and the same."""
    s = side.value
    gone = f"""FROM change c JOIN item i ON i.folder=c.folder AND i.{s}_id=c.id
        WHERE c.side='{s}' AND c.kind='gone' AND i.row NOT IN (SELECT pair FROM intent WHERE pair > 0)"""
    new = f"FROM change c WHERE c.side='{s}'"
    seen: list[tuple[int, int]] = []
    if by_id:
        left, right = f"SELECT c.id, '', i.row {gone}", f"SELECT c.id, '', c.row {new} AND c.kind='new' AND NOT c.apart"
        seen.extend(match(state, left, right, {}))
        yield from seen
    # What was copied and then deleted has another id even there.
    done = {"pairs": json.dumps([pair for pair, _ in seen]), "rows": json.dumps([row for _, row in seen])}
    yield from match(
        state,
        f"SELECT i.name, '', i.row {gone} AND i.name != '' AND i.row NOT IN (SELECT value FROM json_each(:pairs))",
        f"SELECT c.name, '', c.row {new} AND {_NEW} AND c.row NOT IN (SELECT value FROM json_each(:rows))",
        done,
    )


def find_origins(state: State, folders: Collection[int]) -> list[int]:
    """Return those of some folders that hold pairs of whose names there are new items elsewhere: they may be moved."""
    marks = ", ".join("?" * len(folders))
    found = state.db.execute(
        f"""SELECT DISTINCT folder FROM item WHERE folder IN ({marks}) AND name != ''
        AND name IN (SELECT name FROM change WHERE kind='new')""",
        tuple(folders),
    )
    return [row[0] for row in found]


def has_lost_sight(state: State) -> bool:
    """Tell whether anything is gone on one side, and gone or edited on the other: it may have been moved."""
    for side in Side:
        s, o = side.value, side.other.value
        found = state.db.execute(
            f"""SELECT 1 FROM change c JOIN item i ON i.folder=c.folder AND i.{s}_id=c.id
            JOIN change o ON o.folder=i.folder AND o.side='{o}' AND o.id=i.{o}_id
            WHERE c.side='{s}' AND c.kind='gone' AND o.kind IN ('gone', 'edited') LIMIT 1"""
        )
        if found.fetchone() is not None:
            return True
    return False


def find_torn(state: State, closed: Collection[int]) -> set[tuple[int, Side, str]]:
    """Find what is new on both sides and has the name of a pair whose folder could not be looked into.

    Each side may have moved that pair to another folder.

    Args:
        state: Where the changes are.
        closed: The rows of the folders that could not be looked into.

    Returns:
        The row of a folder, the side and the id there.
    """
    marks = ", ".join("?" * len(closed))
    found = state.db.execute(
        f"""WITH torn AS (SELECT name FROM change WHERE kind='new'
        AND name IN (SELECT name FROM item WHERE folder IN ({marks}) AND name != '')
        GROUP BY name HAVING count(DISTINCT side) > 1)
        SELECT folder, side, id FROM change WHERE kind='new' AND name IN torn""",
        tuple(closed),
    )
    return {(folder, Side(side), id_) for folder, side, id_ in found}
