"""What became of the effects that an earlier run began and did not see the end of.

It is found out by looking: an item that was to be added is there under its name and was not there before, or it is not,
and then `strays` looks whether it was moved since. Once an intent is resolved, the state is what it would be if the run
had ended between two effects; whatever was not done is planned anew. Deleting, and changing flags, can be planned anew
whether they were done or not.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field, replace

from mailconnector.items import Item
from mailconnector.sync import bases, journal, pairs, strays
from mailconnector.sync.errors import FolderError, ItemError
from mailconnector.sync.folders import Folders
from mailconnector.sync.journal import Intent
from mailconnector.sync.merging import comes_after, has_lost, has_other
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
        side: Of which store it is a folder.
        found: By name: what was not there when it was listed.
        targets: By id: what was to be replaced.
        contents: By id: those of both that are items other than mail.
        renewed: Names of what was there when it was listed, and is not any more: what was found may have come of it.
    """

    side: Side
    found: dict[str, list[ItemState]] = field(default_factory=dict)
    targets: dict[str, ItemState] = field(default_factory=dict)
    contents: dict[str, Item] = field(default_factory=dict)
    renewed: set[str] = field(default_factory=set)

    def may_be(self, intent: Intent, item: ItemState) -> bool:
        """Tell whether an item is what was sent, as far as is known; a program may have dropped fields since."""
        known, digest = item.identity.digest if item.identity is not None else "", intent.data.get("digest", "")
        if digest and known and known != digest:
            return False
        return item.id not in self.contents or not has_other(self.contents[item.id], _sent(intent))

    def trusted(self, intent: Intent, item: ItemState) -> str:
        """Return the revision that is known to hold what was sent; empty, so that it counts as edited, if it is not."""
        if intent.data["partial"]:
            return item.revision
        # On the local side, everything is known that there is.
        content = self.contents.get(item.id) if self.side is Side.REMOTE else None
        is_poorer = content is not None and has_lost(content, _sent(intent))
        return "" if is_poorer or not self.may_be(intent, item) else item.revision


def _sent(intent: Intent) -> dict[str, bytes]:
    """Return the digests of the fields that were sent; none of a mail."""
    return bases.unpack(bases.from_text(intent.data["base"])) if "base" in intent.data else {}


def _resume_items(state: State, folders: Folders, row: int, side: Side, group: list[Intent]) -> list[Intent]:
    """Resolve the intents of one folder; return those whose items are not in it, and stay in the journal for now."""
    store = folders.stores[side]
    folder = folders.present(row, side) if folders.has(row) else None
    if folder is not None and folders.trees[side][folder].validity != folders.pair(row).end(side).validity:
        folder = None  # every id is void: what was added is linked by name after the items were matched anew
    seen = _look(state, store, folder, group) if folder is not None else _Seen(side)
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
            if not _resume_move(state, folders, store, folder, intent, seen):
                missing.append(intent)
        else:
            edited = _edited_since(state, intent, seen)
            new, old = _take(seen, intent, edited), seen.targets.get(intent.target_id)
            if new is not None:
                new = replace(new, revision=seen.trusted(intent, new))
            if intent.step is Step.ADD and new is not None:
                _resume_add(state, intent, new)
            elif intent.step is Step.REPLACE and (new is not None or _is_other(old, intent)):
                _resume_replace(state, store, folder, intent, new, old, seen, edited)
            else:
                missing.append(intent)
    return missing


def _look(state: State, store: SyncStore, folder: str, group: list[Intent]) -> _Seen:
    row, side = group[0].folder, group[0].side
    seen = _Seen(side)
    names = [i.data["name"] for i in group if i.step in (Step.ADD, Step.REPLACE, Step.MOVE) and i.data["name"]]
    if names:
        there = list(store.find(folder, list(dict.fromkeys(names))))
        seen.found.update(pairs.unknown(state, row, side, there))
        seen.renewed.update(pairs.gone(state, row, side, seen.found, [item.id for item in there]))
    replaced = [i.target_id for i in group if i.step is Step.REPLACE]
    if replaced:
        seen.targets.update({item.id: item for item in store.identify(folder, replaced)})
    _read(store, folder, group, seen)
    return seen


def _read(store: SyncStore, folder: str, group: list[Intent], seen: _Seen) -> None:
    """Find out by fetching what the store does not tell: whether what is there is still what was sent."""
    sent = [intent for intent in group if "base" in intent.data]
    wanted = {item.id for intent in sent for item in seen.found.get(intent.data["name"], ())}
    wanted |= {intent.target_id for intent in sent if _is_other(seen.targets.get(intent.target_id), intent)}
    wanted |= {item.id for some in seen.found.values() for item in some if item.identity and not item.identity.digest}
    known: dict[str, ItemState] = {}
    for got in store.fetch(folder, sorted(wanted)) if wanted else ():
        if isinstance(got, Fetched):
            known[got.state.id] = got.state
            if not got.is_mail:
                seen.contents[got.state.id] = got.item
    for name, items in seen.found.items():
        seen.found[name] = [known.get(item.id, item) for item in items]


def _is_other(old: ItemState | None, intent: Intent) -> bool:
    """Tell whether what was to be replaced is there and was changed in its place."""
    return old is not None and intent.step is Step.REPLACE and old.revision != intent.data["expected"]


def _edited_since(state: State, intent: Intent, seen: _Seen) -> set[str]:
    """Return the ids of items that are what was to be put in place of another one, edited since."""
    base, sent = bases.load(state, intent.pair), _sent(intent)
    if intent.step is not Step.REPLACE or base is None or not sent:
        return set()
    ids = [item.id for item in seen.found.get(intent.data["name"], ())] + [intent.target_id]
    return {id_ for id_ in ids if id_ in seen.contents and comes_after(seen.contents[id_], base, sent)}


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
    seen: _Seen,
    edited: Container[str],
) -> None:
    if not pairs.exists(state, intent.pair):
        new = old = None
    if new is not None and old is not None:
        store.delete(folder, [Removal(old.id, intent.data["expected"])])
        store.barrier()
    with state.transaction():
        if new is not None:
            finish_replacement(state, intent, new.id, new.revision)
        elif old is not None and _is_other(old, intent):
            # Changed in place: by us if it has what we sent, else by the user, and then both edits are kept.
            if old.identity is not None and old.identity.digest and seen.may_be(intent, old):
                finish_replacement(state, intent, old.id, seen.trusted(intent, old))
            elif old.id in edited:
                finish_replacement(state, intent, old.id, "")
        journal.end(state, [intent.row])


def _resume_move(
    state: State,
    folders: Folders,
    store: SyncStore,
    folder: str,
    intent: Intent,
    seen: _Seen,
) -> bool:
    """Resolve a move; tell whether it is resolved. It is not where a copy may be elsewhere by now."""
    new: str | None = None
    if store.capabilities.ids_survive_moves:
        new = next((item.id for item in store.identify(folder, [intent.target_id])), None)
    else:
        item = _take(seen, intent)
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


def _take(seen: _Seen, intent: Intent, edited: Container[str] = ()) -> ItemState | None:
    """Take from the items that were not there before one that the intent may have made.

    Args:
        seen: The items.
        intent: The intent.
        edited: The ids of those that are surely what it made, edited since.
    """
    name = intent.data["name"]
    items = seen.found.get(name, [])
    for item in items:
        if seen.may_be(intent, item) or item.id in edited:
            items.remove(item)
            return item
    if items and intent.step is not Step.REPLACE and name not in seen.renewed:
        # Ours, and edited since: nothing else of that name came in between. Of an item that was to be replaced, it may
        # be what its user made of the old one, and then both edits are to be kept.
        return items.pop(0)
    return None
