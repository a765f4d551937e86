"""Second copies of what we brought: the user's own mail program received it as well, and it shall be kept once.

The rule is narrow, since a copy that the user made must never go. A new local item is a twin of one that is paired in
the same folder when all of this holds:

1. both have the same name (Message-ID) and the same digest; where the store does not tell that, they are fetched;
2. the store tells that the new one arrived by the mail program's own account, and that the paired one did not: we
   brought that. A copy that the user made of it has no such mark; nor is a copy of one that has it a twin, for the one
   that it was made of is not ours;
3. the paired one is still there as we left it. Each paired item has one twin at most, so two copies on the server stay
   two.

The twin's flags are set on the one that stays before the twin is deleted, so nothing the user did to it is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailconnector.sync import journal, pairs
from mailconnector.sync.flags import FlagSet
from mailconnector.sync.journal import Intent
from mailconnector.sync.plan import ItemView, SideView
from mailconnector.sync.rules import Change, Side, Step
from mailconnector.sync.sightings import pages
from mailconnector.sync.state import State
from mailconnector.sync.store import Fetched, FlagChange, ItemState, Removal, Status, SyncStore


@dataclass(frozen=True, slots=True)
class Twin:
    """A second copy.

    Attributes:
        id: The second copy.
        stays: The paired item that it is a copy of.
        flags: What that one has.
        missing: Flags that only the copy has.
        revision: The copy's revision.
        title: What a user calls it.
        size: Bytes.
    """

    id: str
    stays: str
    flags: FlagSet
    missing: FlagSet
    revision: str
    title: str
    size: int


def find(state: State, folder: int, store: SyncStore, store_folder: str) -> list[Twin]:
    """Return the second copies among a folder's new local items; nothing is written."""
    state.db.execute("DELETE FROM temp.lefts")
    state.db.execute(
        """INSERT INTO temp.lefts SELECT name, '', row, row FROM change
        WHERE folder=? AND side='local' AND kind='new' AND name != '' AND NOT apart""",
        (folder,),
    )
    # CROSS: the folder's pairs are read once, and each is looked up among the new ones.
    rows = state.db.execute(
        """SELECT c.id, i.local_id FROM item i CROSS JOIN temp.lefts l ON l.name=i.name AND l.part=''
        JOIN change c ON c.row=l.ref
        LEFT JOIN change mine ON mine.folder=i.folder AND mine.side='local' AND mine.id=i.local_id
        WHERE i.folder=? AND NOT i.partial AND coalesce(mine.kind, 'flags')='flags' ORDER BY c.row, i.row""",
        (folder,),
    )
    found: list[Twin] = []
    taken: set[str] = set()
    for page in pages(rows):
        ids = list(dict.fromkeys(id_ for row in page for id_ in row))
        known = {item.id: item for item in store.identify(store_folder, ids)}
        likely = [pair for pair in page if pair[0] in known and pair[1] in known]
        likely = [(new, stays) for new, stays in likely if is_likely(known[new], known[stays])]
        unsure = {id_: None for pair in likely for id_ in pair if not _digest(known[id_])}
        if unsure:
            for got in store.fetch(store_folder, list(unsure)):
                if isinstance(got, Fetched):
                    known[got.state.id] = replace(known[got.state.id], identity=got.state.identity)
        for new, stays in likely:
            if not {new, stays} & taken and "" != _digest(known[new]) == _digest(known[stays]):
                taken.update((new, stays))
                found.append(_twin(known[new], known[stays]))
    return found


def is_likely(new: ItemState, paired: ItemState) -> bool:
    """Tell whether a new local item may be what the mail program received again of a paired one."""
    if not new.arrived or paired.arrived or new.identity is None or paired.identity is None:
        return False
    return "" != new.identity.name == paired.identity.name


def drop(state: State, folder: int, store: SyncStore, store_folder: str, found: Sequence[Twin]) -> list[Twin]:
    """Delete second copies, their flags first set on what stays, and return those that are gone.

    It can be ended anywhere: a copy that is still there is found again in the next run.
    """
    intents = [Intent(Step.DELETE, folder, Side.LOCAL, target_id=twin.id) for twin in found]
    rows = journal.begin(state, intents)
    marked = [twin for twin in found if twin.missing]
    refused: set[str] = set()
    if marked:
        changes = [FlagChange(twin.stays, twin.missing, frozenset(), twin.flags) for twin in marked]
        outcomes = store.set_flags(store_folder, changes)
        store.barrier()
        refused = {twin.id for twin, one in zip(marked, outcomes, strict=True) if one.status is not Status.DONE}
    wanted = [twin for twin in found if twin.id not in refused]
    removed = store.delete(store_folder, [Removal(twin.id, twin.revision) for twin in wanted])
    store.barrier()
    gone = [twin for twin, one in zip(wanted, removed, strict=True) if one.status is Status.DONE]
    with state.transaction():
        pairs.forget_changes(state, folder, Side.LOCAL, [twin.id for twin in gone])
        journal.end(state, rows)
    return gone


def view(folder: int, twin: Twin) -> ItemView:
    """Return a second copy as planning would see it."""
    return ItemView(folder, None, SideView(Change.NEW, twin.id), SideView(), title=twin.title, size=twin.size)


def _digest(item: ItemState) -> str:
    return item.identity.digest if item.identity is not None else ""


def _twin(new: ItemState, paired: ItemState) -> Twin:
    missing = new.flags - paired.flags
    title = new.identity.title if new.identity else ""
    return Twin(new.id, paired.id, paired.flags, missing, new.revision, title, new.size)
