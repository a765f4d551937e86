"""Items that came to both sides by other ways, as a calendar does that somebody has copied, or that a lost state knew.

Two of one name are one item, each linked once, in the order they were listed: first those that are the same, then those
of which people see the same, then the others. What is to be merged is merged by the rules of two edits of which nobody
knows what the item was before (`merging.make`): so what only one of the two has comes to both, and where they say
different things, both are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import blake2b

from mailconnector.items import Item
from mailconnector.items.field_groups import OWN, grouping
from mailconnector.sync import bases, pairs
from mailconnector.sync.flags import from_text, to_text
from mailconnector.sync.one_to_one import match
from mailconnector.sync.rules import Side
from mailconnector.sync.sightings import id_pages
from mailconnector.sync.state import State
from mailconnector.sync.store import Failure, SyncStore

_NEW = "FROM change c WHERE c.folder=:folder AND c.side={} AND c.kind='new' AND c.name != '' AND NOT c.apart"
_UNREAD = "unread"


def compare(
    state: State, folder: int, side: Side, store: SyncStore, store_folder: str, *, merges: bool
) -> list[Failure]:
    """Find out by fetching what namesakes on both sides hold, for `link`.

    Read are those that have another namesake on their own side: which of them is which, only their content tells. What
    is to be merged is read as well where the store does not tell its digest.

    Args:
        state: Where the changes are.
        folder: The pair of folders.
        side: Which side of it.
        store: Its store.
        store_folder: The folder's id there.
        merges: As of `link`.

    Returns:
        What could not be read. It is not linked; `postpone` has it looked at later.
    """
    key = {"folder": folder, "side": side.value, "other": side.other.value}
    here, there = _NEW.format(":side"), _NEW.format(":other")
    several = " UNION ".join(f"SELECT c.name {new} GROUP BY c.name HAVING count(*) > 1" for new in (here, there))
    unknown = "c.digest=''" if merges else "0"
    wanted = (
        f"SELECT c.row, c.id {here} AND c.row > :after AND NOT c.partial AND c.name IN (SELECT c.name {there})"
        f" AND ({unknown} OR c.name IN ({several}))"
    )
    with state.transaction() as db:
        db.execute(f"DELETE FROM temp.whole WHERE row IN (SELECT c.row {here})", key)
    failures: list[Failure] = []
    for page in id_pages(state, wanted, key):
        found: list[tuple[str, str, str]] = []
        for got in store.fetch(store_folder, page):
            if isinstance(got, Failure):
                failures.append(got)
                found.append((got.id, "", _UNREAD))
            else:
                digest = got.state.identity.digest if got.state.identity is not None else ""
                found.append((got.state.id, *(("", digest) if got.is_mail else (digest, _whole(got.item)))))
        with state.transaction() as db:
            for id_, digest, whole in found:
                place = (folder, side.value, id_)
                if digest:
                    db.execute("UPDATE change SET digest=? WHERE folder=? AND side=? AND id=?", (digest, *place))
                db.execute(
                    "INSERT INTO temp.whole SELECT row, ? FROM change WHERE folder=? AND side=? AND id=?",
                    (whole, *place),
                )
    return failures


def postpone(state: State, folder: int, side: Side, failure: Failure, now: float, wait: Callable[[int], float]) -> None:
    """Leave an item that could not be read, and all its namesakes, as they are for now.

    Args:
        state: Where the changes are.
        folder: The pair of folders.
        side: Where the item is.
        failure: Why it could not be read.
        now: The time, POSIX seconds.
        wait: Returns for how many seconds, by the number of attempts.
    """
    name, attempts = state.db.execute(
        "SELECT name, attempts FROM change WHERE folder=? AND side=? AND id=?", (folder, side.value, failure.id)
    ).fetchone()
    state.db.execute(
        "UPDATE change SET attempts=?, next_try=?, error=? WHERE folder=? AND kind='new' AND name=?",
        (attempts + 1, now + wait(attempts + 1), str(failure.error), folder, name),
    )


def link(state: State, folder: int, *, merges: bool) -> Iterator[str]:
    """Pair namesakes and yield their titles. Call it in a transaction, after `compare` of both sides.

    Args:
        state: Where the changes are.
        folder: The pair of folders.
        merges: Two of one name and of different contents are one item that was edited on both sides, of which nobody
            knows what it was before; else they are two.
    """
    differ = "(l.digest != r.digest AND '' NOT IN (l.digest, r.digest))"
    # The same; the same as far as people see; at least the same item.
    whole = "(SELECT w.digest FROM temp.whole w WHERE w.row=c.row)"
    unread = f"SELECT x.name FROM temp.whole w JOIN change x ON x.row=w.row WHERE w.digest='{_UNREAD}'"
    for by, condition in ((whole, f"{whole} != ''"), ("c.digest", "c.digest != ''"), ("''", "1")):
        here = f"SELECT c.name, {by}, c.row {_NEW} AND {condition} AND c.name NOT IN ({unread} AND x.folder=:folder)"
        left, right = here.format("'local'"), here.format("'remote'")
        for local, remote in match(state, left, right, {"folder": folder}):
            row = state.db.execute(
                f"""SELECT {differ},
                l.id, l.flags, l.revision, r.id, r.flags, r.revision, l.name,
                iif({differ}, '', coalesce(nullif(l.digest, ''), r.digest)), coalesce(nullif(r.title, ''), l.title),
                r.size, r.date, l.partial
                FROM change l, change r WHERE l.row=? AND r.row=?""",
                (local, remote),
            ).fetchone()
            if merges or not row[0]:
                _link(state, folder, row[1:], edited=row[0])
                yield row[9]


def _link(
    state: State,
    folder: int,
    row: tuple[str, str, str, str, str, str, str, str, str, int, float | None, bool],
    *,
    edited: bool,
) -> None:
    local, local_flags, local_revision, remote, remote_flags, remote_revision = row[:6]
    # No base is known: what either side has was set there, so both get all of it.
    base = to_text(from_text(local_flags) & from_text(remote_flags))
    pairs.forget_changes(state, folder, Side.LOCAL, [local])
    pairs.forget_changes(state, folder, Side.REMOTE, [remote])
    known = ("", "") if edited else (local_revision, remote_revision)
    new: pairs.PairRow = (folder, local, base, known[0], remote, base, known[1], *row[6:])
    pair = pairs.add_one(state, new)
    if edited:
        bases.store(state, pair, bases.NOTHING)
    pairs.settle(state, pair, Side.LOCAL, local_flags, local_revision)
    pairs.settle(state, pair, Side.REMOTE, remote_flags, remote_revision)


def _whole(item: Item) -> str:
    """Return a digest of everything of an item that programs do not write for themselves."""
    kind, found = type(item), blake2b(digest_size=12)
    for path, one in sorted(bases.fields_of(item).items()):
        if not path.startswith(OWN) and not grouping(kind, path)[1]:
            found.update(path.encode("utf-8", "surrogatepass") + b"\0" + one)
    return found.hexdigest()
