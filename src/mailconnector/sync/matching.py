"""Which new items are not new: known again by their identity.

All of it is bookkeeping in the state file. Functions that write are called in a transaction. Where there are several
items of one name, each is matched once, in the order they were listed.
"""

from __future__ import annotations

from mailconnector.sync import pairs
from mailconnector.sync.flags import from_text, to_text
from mailconnector.sync.pairs import Move
from mailconnector.sync.rules import Side
from mailconnector.sync.state import State

_NEW = "c.kind='new' AND c.name != '' AND NOT c.apart"


def match_reappeared(state: State, folder: int, side: Side) -> int:
    """Find pairs that are gone from a folder and there again under another id, and return how many.

    This is how an edit looks in a store whose items cannot be changed: the old one is deleted, a new one added.
    """
    s = side.value
    found = state.db.execute(
        f"""WITH gone AS (SELECT i.row AS pair, i.name, c.id,
          row_number() OVER (PARTITION BY i.name ORDER BY c.row) AS n
          FROM change c JOIN item i ON i.folder=c.folder AND i.{s}_id=c.id
          WHERE c.folder=:folder AND c.side='{s}' AND c.kind='gone' AND i.name != ''),
        new AS (SELECT c.id, c.name, c.flags, c.revision, row_number() OVER (PARTITION BY c.name ORDER BY c.row) AS n
          FROM change c WHERE c.folder=:folder AND c.side='{s}' AND {_NEW})
        SELECT gone.pair, gone.id, new.id, new.flags, new.revision FROM gone JOIN new USING (name, n)""",
        {"folder": folder},
    ).fetchall()
    for pair, old, new, flags, revision in found:
        pairs.forget_changes(state, folder, side, [old, new])
        state.db.execute(f"UPDATE item SET {s}_id=? WHERE row=?", (new, pair))
        pairs.settle(state, pair, side, flags, revision)
    return len(found)


def link(state: State, folder: int) -> list[str]:
    """Pair items that came to both sides by other ways, and return their titles."""
    titles: list[str] = []
    for by, condition in (("name, digest", "l.digest != ''"), ("name", "l.digest = '' OR r.digest = ''")):
        ends = ", ".join(
            f"""{s} AS (SELECT c.*, row_number() OVER (PARTITION BY {by} ORDER BY c.row) AS n FROM change c
            WHERE c.folder=:folder AND c.side='{side}' AND {_NEW})"""
            for s, side in (("l", "local"), ("r", "remote"))
        )
        found = state.db.execute(
            f"""WITH {ends} SELECT l.id, l.flags, l.revision, r.id, r.flags, r.revision, l.name,
            coalesce(nullif(l.digest, ''), r.digest), coalesce(nullif(r.title, ''), l.title), r.size, r.date
            FROM l JOIN r USING ({by}, n) WHERE {condition}""",
            {"folder": folder},
        ).fetchall()
        for row in found:
            _link(state, folder, row)
            titles.append(row[8])
    return titles


def find_moves(state: State, by_id: dict[Side, bool]) -> list[Move]:
    """Find pairs that are gone from one folder and new in another; nothing is written.

    Args:
        state: Where the changes are.
        by_id: Whether the ids of a side's items survive a move.
    """
    moves: dict[int, Move] = {}
    for side in Side:
        s = side.value
        key = "id" if by_id[side] else "name"
        rows = state.db.execute(
            f"""WITH gone AS (SELECT i.row AS pair, i.name, c.id, c.folder,
              row_number() OVER (PARTITION BY {"c.id" if by_id[side] else "i.name"} ORDER BY c.row) AS n
              FROM change c JOIN item i ON i.folder=c.folder AND i.{s}_id=c.id
              WHERE c.side='{s}' AND c.kind='gone' AND i.row NOT IN (SELECT pair FROM intent WHERE pair > 0)
              {"" if by_id[side] else "AND i.name != ''"}),
            new AS (SELECT c.id, c.name, c.folder, row_number() OVER (PARTITION BY c.{key} ORDER BY c.row) AS n
              FROM change c WHERE c.side='{s}' AND {_NEW if not by_id[side] else "c.kind='new' AND NOT c.apart"})
            SELECT gone.pair, gone.folder, new.folder, new.id FROM gone
            JOIN new ON gone.{key}=new.{key} AND gone.n=new.n WHERE gone.folder != new.folder"""
        )
        for pair, old, new, id_ in rows:
            move = moves.setdefault(pair, Move(pair, old, {}))
            move.places[side] = (new, id_)
    return list(moves.values())


def _link(
    state: State, folder: int, row: tuple[str, str, str, str, str, str, str, str, str, int, float | None]
) -> None:
    local, local_flags, local_revision, remote, remote_flags, remote_revision, name, digest, title, size, date = row
    # No base is known: what either side has was set there, so both get all of it.
    base = to_text(from_text(local_flags) & from_text(remote_flags))
    pairs.forget_changes(state, folder, Side.LOCAL, [local])
    pairs.forget_changes(state, folder, Side.REMOTE, [remote])
    new: pairs.PairRow = (
        folder, local, base, local_revision, remote, base, remote_revision, name, digest, title, size, date, False,
    )  # fmt: skip
    pair = pairs.add_one(state, new)
    pairs.settle(state, pair, Side.LOCAL, local_flags, local_revision)
    pairs.settle(state, pair, Side.REMOTE, remote_flags, remote_revision)
