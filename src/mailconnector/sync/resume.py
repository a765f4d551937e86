"""What became of the effects that an earlier run began and did not see the end of.

It is found out by looking: an item that was to be added is there under its name and was not there before, or it is not,
and then `strays` looks whether it was moved since. Once an intent is resolved, the state is what it would be if the run
had ended between two effects; whatever was not done is planned anew. Deleting, and changing flags, can be planned anew
whether they were done or not.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace

from mailconnector.sync import bases, journal, pairs, strays
from mailconnector.sync.errors import FolderError, ItemError
from mailconnector.sync.folders import Folders
from mailconnector.sync.journal import Intent
from mailconnector.sync.merging import comes_after, has_lost
from mailconnector.sync.records import finish_replacement, new_pair
from mailconnector.sync.report import Tally
from mailconnector.sync.rules import Side, Step
from mailconnector.sync.state import State
from mailconnector.sync.store import Fetched, ItemState, Outcome, Removal, Status, SyncStore


def resume(state: State, folders: Folders, tally: Tally) -> set[tuple[Side, str]]:
    """Resolve every pending intent.

    Args:
        state: Where the intents are.
        folders: The folders and their pairs.
        tally: Where it is told what could not be resolved.

    Returns:
        Folders by side that could not be searched for what an earlier run began. Whose items they hold is not known:
        they are not to be listed in this run.
    """
    intents = journal.pending(state)
    if intents:
        # What is found now must not be undone by a crash after it was written down.
        for store in folders.stores.values():
            store.barrier()
    groups: dict[tuple[int, Side], list[Intent]] = {}
    for intent in intents:
        if intent.step is Step.DELETE and "folder" in intent.data:
            _resume_folder_deletion(state, folders, intent)
        elif intent.pair is None and not intent.source_id and intent.step in (Step.CREATE, Step.MOVE):
            _resume_folder(state, folders, intent)
        else:
            groups.setdefault((intent.folder, intent.side), []).append(intent)
    missing: dict[Side, list[Intent]] = {side: [] for side in Side}
    closed: set[tuple[Side, str]] = set()
    for (row, side), group in groups.items():
        try:
            missing[side] += _resume_items(state, folders, row, side, group)
        except (FolderError, ItemError) as error:
            # Its intents stay in the journal. Were it listed, what they have made would be taken for its users'.
            tally.trouble(error, folders.path(row) if folders.has(row) else ())
            folder = folders.present(row, side) if folders.has(row) else None
            closed |= {(side, folder)} if folder is not None else set()
    for side, some in missing.items():
        if some:
            closed |= {(side, folder) for folder in strays.resolve(state, folders, tally, side, some)}
    return closed


def _resume_folder(state: State, folders: Folders, intent: Intent) -> None:
    side, data, tree = intent.side, intent.data, folders.trees[intent.side]
    there = tree.named(data["parent"], data["name"])
    with state.transaction():
        if there is not None and folders.has(intent.folder):
            present = folders.present(intent.folder, side)
            if intent.step is Step.CREATE and present is None and folders.row(side, there.id) is None:
                if folders.pair(intent.folder).end(side).id is not None:
                    pairs.void(state, intent.folder, side)
                state.bind(intent.folder, side, there)
            elif intent.step is Step.MOVE and present == there.id and "source_name" in data:
                state.place(intent.folder, side, there)
                state.set_place(intent.folder, side.other, data["source_parent"], data["source_name"])
        journal.end(state, [intent.row])
    folders.reload()


def _resume_folder_deletion(state: State, folders: Folders, intent: Intent) -> None:
    """Take a folder that is still there for one that stands where it was: it may have been put aside to be deleted."""
    side = intent.side
    there = folders.present(intent.folder, side) if folders.has(intent.folder) else None
    with state.transaction():
        if there is not None:
            state.place(intent.folder, side, folders.trees[side][there])
        journal.end(state, [intent.row])
    folders.reload()


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is in a folder that intents are about.

    Attributes:
        found: By name: what was not there when it was listed.
        targets: By id: what was to be replaced.
        poorer: The ids of those that have lost fields since they were sent, to a program that does not know them.
        edited: The ids of those that are what was to be put in place of an item, edited since; by the intent's number.
    """

    found: dict[str, list[ItemState]] = field(default_factory=dict)
    targets: dict[str, ItemState] = field(default_factory=dict)
    poorer: set[str] = field(default_factory=set)
    edited: dict[int, set[str]] = field(default_factory=dict)


def _resume_items(state: State, folders: Folders, row: int, side: Side, group: list[Intent]) -> list[Intent]:
    """Resolve the intents of one folder; return those whose items are not in it, and stay in the journal for now."""
    store = folders.stores[side]
    folder = folders.present(row, side) if folders.has(row) else None
    if folder is not None and folders.trees[side][folder].validity != folders.pair(row).end(side).validity:
        folder = None  # every id is void: what was added is linked by name after the items were matched anew
    seen = _look(state, store, folder, group) if folder is not None else _Seen()
    missing: list[Intent] = []
    for intent in group:
        if intent.step is Step.KEEP:
            _resume_keep(state, store, intent)
        elif intent.step not in (Step.ADD, Step.REPLACE, Step.MOVE) or (
            folder is None and intent.step is Step.MOVE and store.capabilities.ids_survive_moves
        ):
            _strike(state, intent)
        elif folder is None:
            missing.append(intent)
        elif intent.step is Step.MOVE:
            if not _resume_move(state, folders, store, folder, intent, seen.found):
                missing.append(intent)
        else:
            edited = seen.edited.get(intent.row, set())
            new, old = _take(seen.found, intent, edited), seen.targets.get(intent.target_id)
            if new is not None:
                new = replace(new, revision="" if new.id in seen.poorer else _trusted_revision(intent, new))
            if intent.step is Step.ADD and new is not None:
                _resume_add(state, intent, new)
            elif intent.step is Step.REPLACE and (
                new is not None or (old is not None and old.revision != intent.data["expected"])
            ):
                _resume_replace(state, store, folder, intent, new, old, edited)
            else:
                missing.append(intent)
    return missing


def _look(state: State, store: SyncStore, folder: str, group: list[Intent]) -> _Seen:
    row, side = group[0].folder, group[0].side
    seen = _Seen()
    names = [i.data["name"] for i in group if i.step in (Step.ADD, Step.REPLACE, Step.MOVE) and i.data["name"]]
    if names:
        seen.found.update(pairs.unknown(state, row, side, store.find(folder, list(dict.fromkeys(names)))))
        sent = {i.data["name"]: i.data["base"] for i in group if side is Side.REMOTE and "base" in i.data}
        seen.poorer.update(_complete(store, folder, seen.found, sent))
    replaced = [i.target_id for i in group if i.step is Step.REPLACE]
    if replaced:
        seen.targets.update({item.id: item for item in store.identify(folder, replaced)})
    for intent in group:
        if intent.step is Step.REPLACE and "base" in intent.data:
            seen.edited[intent.row] = _edited_since(state, store, folder, intent, seen)
    return seen


def _edited_since(state: State, store: SyncStore, folder: str, intent: Intent, seen: _Seen) -> set[str]:
    """Find out by fetching which items are what was to be put in place of another one, edited since."""
    base, digest = bases.load(state, intent.pair), intent.data["digest"]
    there = [*seen.found.get(intent.data["name"], ())]
    old = seen.targets.get(intent.target_id)
    if old is not None and old.revision != intent.data["expected"]:
        there.append(old)
    others = [item.id for item in there if not item.identity or item.identity.digest != digest]
    if base is None or not others:
        return set()
    sent = bases.unpack(bases.from_text(intent.data["base"]))
    return {
        got.state.id
        for got in store.fetch(folder, others)
        if isinstance(got, Fetched) and comes_after(got.item, base, sent)
    }


def _complete(store: SyncStore, folder: str, found: dict[str, list[ItemState]], sent: Mapping[str, str]) -> set[str]:
    """Find out by fetching what the store does not tell: whether what is there is still what was sent.

    Args:
        store: Where it is.
        folder: Where it is.
        found: What is there, by name; completed.
        sent: By name: the fields that were sent, as the journal has them.

    Returns:
        The ids of those that have lost fields since, to a program that does not know them.
    """
    unsure = [item.id for items in found.values() for item in items if item.identity and not item.identity.digest]
    sure: dict[str, ItemState] = {}
    poorer: set[str] = set()
    for got in store.fetch(folder, unsure) if unsure else ():
        if isinstance(got, Fetched):
            sure[got.state.id] = got.state
            base = sent.get(got.state.identity.name) if got.state.identity else None
            if base and has_lost(got.item, bases.unpack(bases.from_text(base))):
                poorer.add(got.state.id)
    for name, items in found.items():
        found[name] = [sure.get(item.id, item) for item in items]
    return poorer


def _strike(state: State, intent: Intent) -> None:
    with state.transaction():
        journal.end(state, [intent.row])


def _resume_add(state: State, intent: Intent, item: ItemState) -> None:
    with state.transaction():
        pair = pairs.add_one(state, new_pair(intent, item.id, item.revision))
        if "base" in intent.data:
            bases.store(state, pair, bases.from_text(intent.data["base"]))
        pairs.forget_changes(state, intent.folder, intent.side.other, [intent.source_id])
        journal.end(state, [intent.row])


def _resume_replace(
    state: State,
    store: SyncStore,
    folder: str,
    intent: Intent,
    new: ItemState | None,
    old: ItemState | None,
    edited: set[str],
) -> None:
    if not pairs.exists(state, intent.pair):
        new = old = None
    if new is not None and old is not None:
        store.delete(folder, [Removal(old.id, intent.data["expected"])])
        store.barrier()
    with state.transaction():
        if new is not None:
            finish_replacement(state, intent, new.id, new.revision)
        elif old is not None and old.revision != intent.data["expected"]:
            # Changed in place: by us if it has what we sent, else by the user, and then both edits are kept.
            digest = old.identity.digest if old.identity is not None else ""
            if digest and digest == intent.data["digest"]:
                finish_replacement(state, intent, old.id, old.revision)
            elif old.id in edited:
                finish_replacement(state, intent, old.id, "")
        journal.end(state, [intent.row])


def _resume_move(
    state: State,
    folders: Folders,
    store: SyncStore,
    folder: str,
    intent: Intent,
    found: dict[str, list[ItemState]],
) -> bool:
    """Resolve a move; tell whether it is resolved. It is not where a copy may be elsewhere by now."""
    new: str | None = None
    if store.capabilities.ids_survive_moves:
        new = next((item.id for item in store.identify(folder, [intent.target_id])), None)
    else:
        item = _take(found, intent)
        if item is None and _was_touched(folders, intent):
            return False
        new = item.id if item is not None else None
        origin = folders.present(intent.data["from"], intent.side) if folders.has(intent.data["from"]) else None
        if new is not None and origin is not None:
            # Copied, and perhaps not yet deleted.
            (outcome,) = store.delete(origin, [Removal(intent.target_id, intent.data["revision"])])
            store.barrier()
            if outcome.status is Status.CHANGED or _is_there_anew(state, store, origin, intent, outcome):
                new = None  # edited there since, and to be moved as it is now
                if item is not None and item.revision == intent.data["revision"]:
                    store.delete(folder, [Removal(item.id, item.revision)])
                    store.barrier()
    with state.transaction():
        if new is not None and pairs.exists(state, intent.pair):
            assert intent.pair is not None
            ids = {intent.side: new, intent.side.other: intent.source_id}
            pairs.rehome(state, intent.pair, intent.folder, ids)
        journal.end(state, [intent.row])
    return True


def _was_touched(folders: Folders, intent: Intent) -> bool:
    """Tell whether anything may have been put into a folder since it was listed."""
    there = folders.trees[intent.side][folders.present(intent.folder, intent.side) or ""]
    return not there.cursor or there.cursor != folders.pair(intent.folder).end(intent.side).cursor


def _is_there_anew(state: State, store: SyncStore, origin: str, intent: Intent, outcome: Outcome) -> bool:
    """Tell whether the original is there under another id: how an edit looks where items cannot be changed."""
    if outcome.status is not Status.MISSING:
        return False
    name = intent.data["name"]
    return bool(pairs.unknown(state, intent.data["from"], intent.side, store.find(origin, [name])))


def _resume_keep(state: State, store: SyncStore, intent: Intent) -> None:
    before, name = set(intent.data["before"]), intent.data["name"]
    done = name and any(item.id not in before for item in store.find(intent.data["kept"], [name]))
    with state.transaction():
        if done:
            pairs.keep(state, intent.folder, intent.target_id, intent.data["revision"])
        journal.end(state, [intent.row])


def _take(found: dict[str, list[ItemState]], intent: Intent, edited: Container[str] = ()) -> ItemState | None:
    """Take from the items that were not there before one that the intent may have made.

    Args:
        found: The items, by name.
        intent: The intent.
        edited: The ids of those that are surely what it made, edited since.
    """
    items = found.get(intent.data["name"], [])
    digest = intent.data.get("digest", "")
    for item in items:
        known = item.identity.digest if item.identity is not None else ""
        if not digest or not known or known == digest or item.id in edited:
            items.remove(item)
            return item
    if items and intent.step is not Step.REPLACE:
        # Ours, and edited since: nothing else of that name came in between. Of an item that was to be replaced, it may
        # be what its user made of the old one, and then both edits are to be kept.
        return items.pop(0)
    return None


def _trusted_revision(intent: Intent, item: ItemState) -> str:
    """Return the revision that is known to hold what was sent; empty, so that it counts as edited, if it does not."""
    if intent.data["partial"]:
        return item.revision
    known = item.identity.digest if item.identity is not None else ""
    return "" if known and intent.data["digest"] and known != intent.data["digest"] else item.revision
