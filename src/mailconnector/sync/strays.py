"""Items that an interrupted run had added, and that their user moved to another folder before the next run.

The journal says that an item was about to be put into a folder; it is not there, or the ids of what is there became
void. It was never added, or it was and is somewhere else now. Every folder of that side that is not as it was last
listed is asked for its name. What is found is ours when its content is what was sent and nothing that was known on that
side has that name and content: what has, may have been copied by its user, and a copy that comes a second time does
less harm than one that is lost.

In the folder itself, where ids became void, an item other than mail is ours also when it was edited since, if it is the
only one of its name and none was there before: it is merged by what was sent.

A stray is paired as if it had been seen in its folder and were gone from there, so that the listing finds it in the
other folder as it finds everything that was moved.

The same can happen to an item that was moved by being copied, where its original is not yet deleted. That is deleted
then, and it was its user who moved the item. Should the copy be one that its user made in this moment, of an item that
was not copied yet, there is one of it instead of two, where the user put it; nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mailconnector.sync import bases, journal, pairs
from mailconnector.sync.errors import FolderError, ItemError
from mailconnector.sync.folders import Folders
from mailconnector.sync.journal import Intent
from mailconnector.sync.records import finish_replacement, new_pair
from mailconnector.sync.report import Tally
from mailconnector.sync.rules import Side, Step
from mailconnector.sync.state import State
from mailconnector.sync.store import Fetched, ItemState, Removal, SyncStore

_NAMES = 500  # looked for at a time


@dataclass(frozen=True, slots=True)
class _Place:
    """An item where it was found: the folder in its store, the pair of folders if there is one, and the item."""

    folder: str
    row: int | None
    item: ItemState


def resolve(state: State, folders: Folders, tally: Tally, side: Side, intents: Sequence[Intent]) -> set[str]:
    """Resolve additions, replacements and moves whose items are not where they were to be put.

    Args:
        state: Where the intents are.
        folders: Both trees.
        tally: Where it is told what could not be searched.
        side: Where the items were to be put.
        intents: All of this side. They stay in the journal when a folder cannot be searched and they are in no other.

    Returns:
        The ids of the folders that could not be searched.
    """
    sought: dict[str, list[Intent]] = {}
    for intent in intents:
        if intent.data["name"] and (intent.step is Step.MOVE or intent.data["digest"]):
            sought.setdefault(intent.data["name"], []).append(intent)
    closed = _search(state, folders, tally, side, sought) if sought else set()
    left = {intent.row for some in sought.values() for intent in some} if closed else set()
    with state.transaction():
        journal.end(state, [intent.row for intent in intents if intent.row not in left])
    return closed


def _search(state: State, folders: Folders, tally: Tally, side: Side, sought: dict[str, list[Intent]]) -> set[str]:
    """Look for strays in every folder that may have one, and return the folders that could not be searched.

    What is found is taken out of `sought`.
    """
    store = folders.stores[side]
    closed: set[str] = set()
    for folder, row in _changed_folders(folders, side):
        names = list(sought)
        void = row is not None and _is_void(folders, row, side)
        for start in range(0, len(names), _NAMES):
            try:
                there = list(store.find(folder, names[start : start + _NAMES]))
                if row is not None and not void:
                    there = [item for item in there if not pairs.is_known(state, row, side, item.id)]
                found = _content_known(store, folder, there)
                for item in found:
                    _take(state, folders, side, _Place(folder, row, item), sought)
                if row is not None and void:
                    _take_edited(state, side, row, found, sought)
            except (FolderError, ItemError) as error:
                tally.trouble(error, folders.trees[side].path(folder))
                closed.add(folder)
                break
    return closed


def _changed_folders(folders: Folders, side: Side) -> Iterator[tuple[str, int | None]]:
    """Return the folders in which something may be that was not there when they were last listed, and their pairs."""
    tree = folders.trees[side]
    rows = {pair.end(side).id: pair for pair in folders.all_pairs()}
    for folder in tree:
        if not folder.selectable or folders.is_excluded(side, folder.id):
            continue
        pair = rows.get(folder.id)
        if pair is None:
            yield folder.id, None
            continue
        end = pair.end(side)
        # Of one that was never listed nobody knows what was there before.
        if pair.visited and not (folder.cursor and (folder.cursor, folder.validity) == (end.cursor, end.validity)):
            yield folder.id, pair.row


def _content_known(store: SyncStore, folder: str, items: list[ItemState]) -> list[ItemState]:
    """Find out by fetching what the store does not tell."""
    unsure = [item.id for item in items if not item.partial and (item.identity is None or not item.identity.digest)]
    if not unsure:
        return items
    sure = {got.state.id: got.state for got in store.fetch(folder, unsure) if isinstance(got, Fetched)}
    return [sure.get(item.id, item) for item in items]


def _take(state: State, folders: Folders, side: Side, place: _Place, sought: dict[str, list[Intent]]) -> None:
    """Pair an item that was found, if it is a stray."""
    item, store = place.item, folders.stores[side]
    if item.identity is None or item.arrived:
        return
    some = sought.get(item.identity.name, [])
    intent = next((intent for intent in some if _is_made_by(state, folders, side, place, intent)), None)
    if intent is None:
        return
    some.remove(intent)
    if not some:
        del sought[item.identity.name]
    if intent.step is Step.MOVE:
        # What it was copied from. That it is gone there and new here is found as everything that was moved is.
        origin = folders.present(intent.data["from"], side) or ""
        store.delete(origin, [Removal(intent.target_id, intent.data["revision"])])
        store.barrier()
        with state.transaction():
            journal.end(state, [intent.row])
        return
    home = folders.present(intent.folder, side)
    if intent.step is Step.REPLACE and home is not None and not _is_void(folders, intent.folder, side):
        # Added, and the old one perhaps not yet deleted.
        store.delete(home, [Removal(intent.target_id, intent.data["expected"])])
        store.barrier()
    # In its own folder, whose ids became void, the listing matches it by name.
    by_id = store.capabilities.ids_survive_moves and place.row != intent.folder
    with state.transaction():
        _pair(state, side, intent, item, by_id=by_id)
        journal.end(state, [intent.row])


def _take_edited(state: State, side: Side, row: int, found: list[ItemState], sought: dict[str, list[Intent]]) -> None:
    """Pair what was added to a folder whose ids became void, and was edited since.

    That holds for items other than mail, which are merged by what was sent: only one of such a name is there, and it
    was not there before.
    """
    there: dict[str, list[ItemState]] = {}
    for item in found:
        if item.identity is not None:
            there.setdefault(item.identity.name, []).append(item)
    for name, items in there.items():
        some = sought.get(name, [])
        if len(some) != 1 or len(items) != 1 or items[0].arrived or items[0].partial:
            continue
        (intent,), (item,) = some, items
        if intent.step is not Step.ADD or intent.folder != row or "base" not in intent.data:
            continue
        if _is_known(state, side, intent):
            continue
        del sought[name]
        with state.transaction():
            # Whatever its revision is, it is not that of what was sent.
            _pair(state, side, intent, replace(item, revision=""), by_id=False)
            journal.end(state, [intent.row])


def _is_known(state: State, side: Side, intent: Intent) -> bool:
    """Tell whether an addition's name was there on its side before, or its source was paired by other ways."""
    s, o = side.value, side.other.value
    known = state.db.execute(
        f"""SELECT 1 FROM item i WHERE i.name=:name
        AND NOT EXISTS (SELECT 1 FROM change c WHERE c.folder=i.folder AND c.side=:side AND c.id=i.{s}_id
        AND c.kind='gone')
        UNION ALL SELECT 1 FROM change WHERE side=:side AND kind='new' AND name=:name
        UNION ALL SELECT 1 FROM item WHERE folder=:home AND {o}_id=:source LIMIT 1""",
        {"name": intent.data["name"], "side": s, "home": intent.folder, "source": intent.source_id},
    )
    return known.fetchone() is not None


def _is_void(folders: Folders, row: int, side: Side) -> bool:
    """Tell whether the ids of a folder's items are not those that are known."""
    home = folders.present(row, side)
    return home is not None and folders.trees[side][home].validity != folders.pair(row).end(side).validity


def _is_made_by(state: State, folders: Folders, side: Side, place: _Place, intent: Intent) -> bool:
    """Tell whether an item is what an intent was about to make."""
    if not folders.has(intent.folder) or (place.row == intent.folder and not _is_void(folders, intent.folder, side)):
        return False
    digest = place.item.identity.digest if place.item.identity is not None else ""
    if intent.step is Step.MOVE:
        copied = _copied_from(folders, side, intent)
        if not digest or digest != copied:
            return False
        intent = replace(intent, data={**intent.data, "digest": digest, "partial": False})
    if place.item.partial != intent.data["partial"] or (not place.item.partial and digest != intent.data["digest"]):
        return False
    s, o = side.value, side.other.value
    key = {
        "name": intent.data["name"],
        "digest": intent.data["digest"],
        "pair": intent.pair,
        "side": s,
        "id": place.item.id,
        "row": place.row,
        "home": intent.folder,
        "source": intent.source_id,
    }
    if intent.step in (Step.REPLACE, Step.MOVE):
        if not pairs.exists(state, intent.pair):
            return False
    elif state.db.execute(f"SELECT 1 FROM item WHERE folder=:home AND {o}_id=:source", key).fetchone():
        return False  # its source was paired by other ways
    known = state.db.execute(
        f"""SELECT 1 FROM item i WHERE i.name=:name AND i.digest IN ('', :digest) AND i.row IS NOT :pair
        AND NOT EXISTS (SELECT 1 FROM change c WHERE c.folder=i.folder AND c.side=:side AND c.id=i.{s}_id
        AND c.kind='gone')
        UNION ALL SELECT 1 FROM change WHERE side=:side AND kind='new'
        AND (name=:name AND digest IN ('', :digest) OR id=:id AND folder=:row) LIMIT 1""",
        key,
    )
    return known.fetchone() is None


def _copied_from(folders: Folders, side: Side, intent: Intent) -> str:
    """Return the digest of what a move is about, where it still is in the folder that it was to leave; else nothing."""
    row = intent.data["from"]
    origin = folders.present(row, side) if folders.has(row) else None
    if origin is None or _is_void(folders, row, side):
        return ""
    for got in folders.stores[side].fetch(origin, [intent.target_id]):
        if isinstance(got, Fetched) and got.state.identity and got.state.revision == intent.data["revision"]:
            return got.state.identity.digest
    return ""


def _pair(state: State, side: Side, intent: Intent, item: ItemState, *, by_id: bool) -> None:
    """Write a stray down as gone from the folder that it was to be in."""
    s = side.value
    if intent.step is Step.ADD:
        row = pairs.add_one(state, new_pair(intent, item.id if by_id else f"\n+{intent.row}", item.revision))
        if "base" in intent.data:
            bases.store(state, row, bases.from_text(intent.data["base"]))
        pairs.forget_changes(state, intent.folder, side.other, [intent.source_id])
    else:
        assert intent.pair is not None
        row = intent.pair
        finish_replacement(state, intent, item.id if by_id else f"\n+{intent.row}", item.revision)
    state.db.execute(
        f"""INSERT INTO change (folder, side, id, kind, flags, revision, size, date)
        SELECT folder, ?, {s}_id, 'gone', {s}_flags, {s}_revision, size, date FROM item WHERE row=?
        ON CONFLICT (folder, side, id) DO UPDATE SET kind='gone', kept=0""",
        (s, row),
    )
