"""Which folders there are, and which of them belong together.

A folder is paired with its counterpart once, by special use or by its place, and then known by its id on each side; a
pair remembers its place on each side apart, because a store may have had to give it another name. What is done to the
pairs is `folder_sync`; the one folder that is made here is that for edits that may not be sent, which is in no pair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from mailconnector.sync import renames
from mailconnector.sync.renames import Rename
from mailconnector.sync.rules import Side
from mailconnector.sync.state import FolderPair, State
from mailconnector.sync.store import ROOT, FolderState, SpecialUse, SyncStore
from mailconnector.sync.tree import Tree

_KEPT = "kept_folder"
_DEEPEST = 1000
_SIDES = (Side.LOCAL, Side.REMOTE)


@dataclass(slots=True)
class Folders:
    """The folders of an account during one run.

    Attributes:
        state: Where the pairs are.
        stores: The two stores.
        kept_name: Name of the local folder for edits that may not be sent; it has no counterpart.
        excluded: Tells from a path whether a folder is never synchronised.
        trees: The folders of each store.
    """

    state: State
    stores: dict[Side, SyncStore]
    kept_name: str
    excluded: Callable[[tuple[str, ...]], bool]
    trees: dict[Side, Tree] = field(default_factory=dict)
    _chosen: dict[int, tuple[str, ...]] = field(default_factory=dict)
    _pairs: dict[int, FolderPair] = field(default_factory=dict)
    _by_id: dict[Side, dict[str, int]] = field(default_factory=dict)

    def refresh(self) -> None:
        """Read both trees, and find again the pairs whose folders got another id."""
        for side in _SIDES:
            self._list(side)
        self.reload()
        with self.state.transaction():
            self._chosen = renames.note(self.state, {row: self._former_path(row) for row in self._pairs})
        for side in _SIDES:
            self._reunite(side)

    def relist(self, side: Side) -> None:
        """Read one tree again, as the ids of more folders than one may have changed."""
        self._list(side)
        self._reunite(side)

    def pair_new(self) -> None:
        """Pair folders that are new on both sides, from the top down; then note those that are on one side only."""
        for local in self._unpaired(Side.LOCAL):
            remote = self._match(local)
            if remote is not None:
                row = self._by_id[Side.REMOTE].get(remote.id)
                with self.state.transaction():
                    if row is None:
                        row = self.state.new_folder(remote.kind, local.special or remote.special)
                        self.state.bind(row, Side.REMOTE, remote)
                    self.state.bind(row, Side.LOCAL, local)
                self.reload(row)
        for half in [pair for pair in self._pairs.values() if pair.local.id and not pair.remote.id]:
            if self.present(half.row, Side.LOCAL):
                remote = self._match(self.trees[Side.LOCAL][half.local.id or ""])
                if remote is not None and remote.id not in self._by_id[Side.REMOTE]:
                    with self.state.transaction():
                        self.state.bind(half.row, Side.REMOTE, remote)
                    self.reload(half.row)
        with self.state.transaction():
            for side in _SIDES:
                for state in self._unpaired(side):
                    row = self.state.new_folder(state.kind, state.special)
                    self.state.bind(row, side, state)
        self.reload()

    def reload(self, row: int | None = None) -> None:
        """Read the pairs anew from the state, or one of them."""
        if row is None:
            self._pairs = {pair.row: pair for pair in self.state.folders()}
            self._by_id = {side: {} for side in _SIDES}
            for pair in self._pairs.values():
                self._index(pair)
            return
        old = self._pairs.get(row)
        if old is not None:
            for side in _SIDES:
                self._by_id[side].pop(old.end(side).id or "", None)
        self._pairs[row] = self.state.folder(row)
        self._index(self._pairs[row])

    def all_pairs(self) -> list[FolderPair]:
        """Return the pairs of folders as they are now, except those never synchronised, or hidden."""
        return [
            pair
            for pair in self._pairs.values()
            if not self.excluded(self.choice_path(pair.row)) and not self.is_hidden(pair)
        ]

    def is_hidden(self, pair: FolderPair) -> bool:
        """Tell whether the user does not want to see a folder, or one that it is in."""
        tree = self.trees[Side.REMOTE]
        for _ in range(_DEEPEST):
            if pair.hidden:
                return True
            there = pair.remote.id
            above = tree[there].parent if there is not None and there in tree else pair.remote.parent
            row = self._by_id[Side.REMOTE].get(above)
            if not pair.owner or row is None:
                return False
            pair = self._pairs[row]
        return False

    def pair(self, row: int) -> FolderPair:
        """Return one pair of folders."""
        return self._pairs[row]

    def has(self, row: int) -> bool:
        """Tell whether there is such a pair of folders."""
        return row in self._pairs

    def row(self, side: Side, id_: str) -> int | None:
        """Return the pair that a folder of one side belongs to."""
        return self._by_id[side].get(id_)

    def present(self, row: int, side: Side) -> str | None:
        """Return the id of a pair's folder on one side; None when it is not there."""
        id_ = self._pairs[row].end(side).id
        return id_ if id_ is not None and id_ in self.trees[side] else None

    def listed(self, row: int, side: Side) -> FolderState:
        """Return a pair's folder on one side as it was listed.

        Raises:
            KeyError: It is not there.
        """
        return self.trees[side][self._pairs[row].end(side).id or ""]

    def depth(self, row: int) -> int:
        """Return how many folders a pair's folder is in, on the side where it lies deeper."""
        return max(self.trees[side].depth(self.present(row, side) or "") for side in _SIDES)

    def path(self, row: int) -> tuple[str, ...]:
        """Return the names down to a folder: the local ones where there is a local folder."""
        for side in _SIDES:
            id_ = self.present(row, side)
            if id_ is not None:
                return self.trees[side].path(id_)
        return (self._pairs[row].local.name or self._pairs[row].remote.name,)

    def choice_path(self, row: int) -> tuple[str, ...]:
        """Return the path that the user's choices for a pair of folders are under."""
        return self._chosen.get(row) or self.path(row)

    def renames(self) -> list[Rename]:
        """Return the folders whose paths are not those that the user's choices are under."""
        return [
            Rename(row, before, self.path(row))
            for row, before in self._chosen.items()
            if self.has(row) and any(self.present(row, side) for side in _SIDES) and before != self.path(row)
        ]

    def has_vanished(self, side: Side) -> bool:
        """Tell whether a side has not one of the user's own folders left that it had."""
        had = [pair.row for pair in self._pairs.values() if pair.end(side).id is not None and not pair.owner]
        return bool(had) and not any(self.present(row, side) for row in had)

    def kept_folder(self) -> str:
        """Return the id of the local folder for edits that may not be sent; create it where it is missing."""
        store = self.stores[Side.LOCAL]
        for state in self._kept(store.folders()):
            return state.id
        made = store.create_folder(ROOT, store.fit_name(ROOT, self.kept_name))
        store.barrier()
        with self.state.transaction():
            self.state.set_fact(_KEPT, made.id)
        return made.id

    def is_excluded(self, side: Side, id_: str) -> bool:
        """Tell whether a folder is never synchronised: by its path, as it was before those above it were renamed."""
        names: list[str] = []
        tree = self.trees[side]
        while id_ != ROOT and id_ in tree and len(names) < _DEEPEST:
            before = self._chosen.get(self._by_id[side].get(id_, 0))
            if before is not None:
                names[:0] = before
                break
            names.insert(0, tree[id_].name)
            id_ = tree[id_].parent
        return self.excluded(tuple(names))

    def _former_path(self, row: int) -> tuple[str, ...]:
        """Return the path of a folder when it was last synchronised."""
        side = Side.LOCAL if self._pairs[row].local.id is not None else Side.REMOTE
        names: list[str] = []
        above: int | None = row
        while above is not None and len(names) < _DEEPEST:
            end = self._pairs[above].end(side)
            names.insert(0, end.name)
            above = self._by_id[side].get(end.parent)
        return tuple(names)

    def _list(self, side: Side) -> None:
        states = list(self.stores[side].folders())
        kept = self._kept(states) if side is Side.LOCAL else []
        self.trees[side] = Tree(states, frozenset(state.id for state in kept))

    def _kept(self, states: Iterable[FolderState]) -> list[FolderState]:
        known = self.state.fact(_KEPT)
        return [s for s in states if s.id == known or (s.parent == ROOT and s.name == self.kept_name)]

    def _index(self, pair: FolderPair) -> None:
        for side in _SIDES:
            id_ = pair.end(side).id
            if id_ is not None:
                self._by_id[side][id_] = pair.row

    def _unpaired(self, side: Side) -> list[FolderState]:
        tree = self.trees[side]
        found = [state for state in tree if state.id not in self._by_id[side] and not self.is_excluded(side, state.id)]
        return sorted(found, key=lambda state: tree.depth(state.id))

    def _reunite(self, side: Side) -> None:
        """Find pairs whose folder has another id now: renamed in a store of names, or deleted and made anew."""
        for trace in (_by_validity, _by_special, _by_place):
            if trace is _by_validity and self.stores[side].capabilities.stable_folder_ids:
                continue
            lost: dict[object, list[int]] = {}
            for pair in self._pairs.values():
                if pair.end(side).id is not None and self.present(pair.row, side) is None:
                    end = pair.end(side)
                    key = trace(end.validity, pair.special, end.parent, end.name)
                    # One owner's folder never becomes another's.
                    whose = pair.owner if side is Side.REMOTE else ""
                    lost.setdefault(key and (key, whose), []).append(pair.row)
            new: dict[object, list[FolderState]] = {}
            for state in self._unpaired(side):
                key = trace(state.validity, state.special, state.parent, state.name)
                new.setdefault(key and (key, state.owner), []).append(state)
            with self.state.transaction():
                for key, rows in lost.items():
                    states = new.get(key, [])
                    if key is not None and len(rows) == 1 and len(states) == 1:
                        # By its validity it is the same folder; else it is another one in its place, whose items
                        # have to be matched by what they are.
                        if trace is _by_validity:
                            self.state.renumber(rows[0], side, states[0])
                        else:
                            self.state.rebind(rows[0], side, states[0])
            self.reload()

    def _match(self, local: FolderState) -> FolderState | None:
        """Return the remote folder that a new local one is to be paired with: new as well, or noted but alone."""
        tree = self.trees[Side.REMOTE]
        taken = {pair.remote.id for pair in self._pairs.values() if pair.local.id is not None}
        free = [state for state in tree if state.id not in taken]
        if local.special is not None:
            if any(p.special is local.special and p.local.id and p.remote.id for p in self._pairs.values()):
                return None
            special = next((state for state in free if state.special is local.special), None)
            if special is not None:
                return special
        if local.parent == ROOT:
            parent = ROOT
        else:
            row = self._by_id[Side.LOCAL].get(local.parent)
            found = self.present(row, Side.REMOTE) if row is not None else None
            if found is None:
                return None
            parent = found
        here = [state for state in free if state.parent == parent and (state.special is None or local.special is None)]
        exact = next((state for state in here if state.name == local.name), None)
        if exact is not None or all(store.capabilities.case_sensitive for store in self.stores.values()):
            return exact
        alike = [state for state in here if state.name.casefold() == local.name.casefold()]
        return alike[0] if len(alike) == 1 else None


def _by_validity(validity: str, special: SpecialUse | None, parent: str, name: str) -> object:
    return validity or None


def _by_special(validity: str, special: SpecialUse | None, parent: str, name: str) -> object:
    return special


def _by_place(validity: str, special: SpecialUse | None, parent: str, name: str) -> object:
    return parent, name
