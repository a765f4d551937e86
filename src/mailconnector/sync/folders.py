"""Keeping the two trees of folders alike.

A folder is paired with its counterpart once, by special use or by its place, and then known by its id on each side; a
pair remembers its place on each side apart, because a store may have had to give it another name. What changed on
either side is looked up in `rules`; creating and moving go from the top down. A folder that was deleted on one side
is emptied item by item, by the same rules as every other deletion, and removed when nothing is left in it: so what is
new in it survives, with the folder.

Folders of other owners are the user's to see, not to delete, rename or move: see `rules.FOREIGN_FOLDER_RULES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from mailconnector.sync import journal, log, pairs, renames
from mailconnector.sync.errors import FolderError, FolderNotEmptyError
from mailconnector.sync.journal import Intent
from mailconnector.sync.plan import FolderAction
from mailconnector.sync.renames import Rename
from mailconnector.sync.report import Tally
from mailconnector.sync.rules import (
    FOLDER_RULES,
    FOREIGN_FOLDER_RULES,
    SPECIAL_FOLDER_RULES,
    Change,
    Conflict,
    Side,
    Step,
)
from mailconnector.sync.state import FolderPair, State
from mailconnector.sync.store import ROOT, FolderState, Rights, SpecialUse, SyncStore
from mailconnector.sync.tree import Tree

KEPT_FACT = "kept_folder"
_DEEPEST = 1000
_SIDES = (Side.LOCAL, Side.REMOTE)


@dataclass(slots=True)
class _Task:
    pair: int
    step: Step
    side: Side
    depth: int
    conflict: Conflict | None = None
    waited: int = 0


@dataclass(slots=True)
class FolderSync:
    """The folders of an account during one run.

    Attributes:
        state: Where the pairs are.
        stores: The two stores.
        tally: Where the report is collected.
        clock: Returns the time, POSIX seconds.
        kept_name: Name of the local folder for edits that may not be sent.
        excluded: Tells from a path whether a folder is never synchronised.
        rehearsal: Nothing is to be done.
        trees: The folders of each store.
        drained: Pairs of folders that are gone on a side, with that side.
        withdrawn: Those of them that are somebody else's, who does not share them any more.
        left_alone: Folders by side that could not be searched for what an earlier run began: whose items they hold is
            not known, and they are not listed in this run.
    """

    state: State
    stores: dict[Side, SyncStore]
    tally: Tally
    clock: Callable[[], float]
    kept_name: str
    excluded: Callable[[tuple[str, ...]], bool]
    rehearsal: bool
    trees: dict[Side, Tree] = field(default_factory=dict)
    drained: dict[int, Side] = field(default_factory=dict)
    withdrawn: set[int] = field(default_factory=set)
    left_alone: set[tuple[Side, str]] = field(default_factory=set)
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

    def all_pairs(self) -> list[FolderPair]:
        """Return the pairs of folders as they are now, except those never synchronised, or hidden."""
        return [
            pair
            for pair in self._pairs.values()
            if not self.excluded(self.choice_path(pair.row)) and not self._is_hidden(pair)
        ]

    def _is_hidden(self, pair: FolderPair) -> bool:
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

    def has(self, row: int) -> bool:
        """Tell whether there is such a pair of folders."""
        return row in self._pairs

    def is_paired(self, side: Side, id_: str) -> bool:
        """Tell whether a folder belongs to a pair."""
        return id_ in self._by_id[side]

    def present(self, row: int, side: Side) -> str | None:
        """Return the id of a pair's folder on one side; None when it is not there."""
        id_ = self._pairs[row].end(side).id
        return id_ if id_ is not None and id_ in self.trees[side] else None

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

    # -- planning and doing ------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Pair new folders, then create and move what has to be, from the top down."""
        self._link()
        tasks = self._plan()
        tasks.sort(key=lambda task: task.depth)
        while tasks:
            task = tasks.pop(0)
            try:
                if task.step is Step.MOVE and self._is_in_the_way(task, tasks):
                    task.waited += 1
                    tasks.append(task)
                    continue
                self._do(task)
            except FolderError as error:
                self.tally.trouble(error, self.path(task.pair))

    def ensure(self, row: int, side: Side) -> str:
        """Return the id of a pair's folder on one side; create it, and those it is in, where it is missing."""
        present = self.present(row, side)
        if present is not None:
            return present
        source = self.present(row, side.other)
        pair = self._pairs[row]
        if side is Side.REMOTE and pair.owner:
            raise FolderError(
                "the folder is not shared with you any more", folder=str(row), hint="Move what is yours to another one."
            )
        if source is None:
            raise FolderError("the folder is gone on both sides", folder=str(row))
        if self._is_hidden(pair):
            raise FolderError("the folder is hidden", folder=source)
        state = self.trees[side.other][source]
        parent = self._counterpart(state.parent, side)
        self._require(parent, side, Rights.CHILDREN)
        name = self._free_name(row, side, parent, state.name)
        intent = Intent(Step.CREATE, row, side, data={"parent": parent, "name": name})
        (number,) = journal.begin(self.state, [intent])
        made = self.stores[side].create_folder(parent, name, kind=pair.kind, special=pair.special)
        self.stores[side].barrier()
        self.trees[side].put(made)
        conflict = Conflict.FOLDER_STAYS if pair.end(side).id is not None else None
        with self.state.transaction():
            if pair.end(side).id is not None:
                pairs.void(self.state, row, side)
            self.state.bind(row, side, made)
            self.state.place(row, side.other, self.trees[side.other][source])
            journal.end(self.state, [number])
            self._did(Step.CREATE, side, row, self.trees[side].path(made.id), conflict)
        self.drained.pop(row, None)
        self.reload(row)
        return made.id

    def open_up(self, row: int, side: Side) -> bool:
        """Let a pair's folder on one side hold items; tell whether it does now.

        Raises:
            FolderError: It cannot be, for the reason that its store gives.
        """
        mine = self.trees[side][self.present(row, side) or ""]
        path = self.path(row)
        if self.rehearsal:
            self.tally.rehearse(FolderAction(Step.CREATE, side, path), path)
            return False
        try:
            made = self.stores[side].make_selectable(mine.id)
        except FolderError as error:
            raise FolderError(
                f"it has items, but the folder {'/'.join(self.trees[side].path(mine.id))} cannot hold any: {error}",
                folder=mine.id,
                hint="They stay where they are. Move them into another folder, or have that one made to hold mail.",
            ) from error
        self.stores[side].barrier()
        self.trees[side].put(replace(mine, selectable=True, validity=made.validity, cursor="", count=made.count))
        with self.state.transaction():
            self._did(Step.CREATE, side, row, path, None)
        return True

    def finish_drained(self) -> None:
        """Remove the folders that are gone on one side and have been emptied on the other, from the bottom up."""
        rows = sorted(self.drained, key=self._depth, reverse=True)
        for row in rows:
            side = self.drained[row].other
            id_ = self.present(row, side)
            if id_ is None or pairs.count(self.state, row) or pairs.has_changes(self.state, row):
                continue
            path = self.path(row)
            if self.rehearsal:
                self.tally.rehearse(FolderAction(Step.DELETE, side, path), path)
                continue
            try:
                self._delete(row, side, id_, path)
            except FolderNotEmptyError as error:
                if row in self.withdrawn:
                    error.hint = error.hint or "It is not shared with you any more. Move what is yours to another one."
                    self.tally.trouble(error, path)
                    continue
                # Something in it was never ours to delete, or came in this moment.
                try:
                    self.ensure(row, side.other)
                except FolderError as error:
                    self.tally.trouble(error, path)
            except FolderError as error:
                self.tally.trouble(error, path)

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

    def kept_folder(self) -> str:
        """Return the id of the local folder for edits that may not be sent; create it where it is missing."""
        store = self.stores[Side.LOCAL]
        for state in store.folders():
            if state.id == self.state.fact(KEPT_FACT) or (state.parent == ROOT and state.name == self.kept_name):
                return state.id
        made = store.create_folder(ROOT, store.fit_name(ROOT, self.kept_name))
        store.barrier()
        with self.state.transaction():
            self.state.set_fact(KEPT_FACT, made.id)
        return made.id

    # -- listing -----------------------------------------------------------------------------------------------------

    def _list(self, side: Side) -> None:
        states = list(self.stores[side].folders())
        hidden: frozenset[str] = frozenset()
        if side is Side.LOCAL:
            known = self.state.fact(KEPT_FACT)
            hidden = frozenset(
                state.id
                for state in states
                if state.id == known or (state.parent == ROOT and state.name == self.kept_name)
            )
        self.trees[side] = Tree(states, hidden)

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

    # -- pairing and planning ----------------------------------------------------------------------------------------

    def _link(self) -> None:
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

    def _plan(self) -> list[_Task]:
        tasks: list[_Task] = []
        vanished = {side: self.has_vanished(side) for side in _SIDES}
        for pair in self.all_pairs():
            changes = (self._change(pair, Side.LOCAL), self._change(pair, Side.REMOTE))
            if Change.ABSENT in changes:
                # On one side only: noted in an earlier run that did not come to create the other.
                side = Side.LOCAL if changes[0] is Change.ABSENT else Side.REMOTE
                present = self.present(pair.row, side.other)
                step = Step.CREATE if present is not None else Step.FORGET
                tasks.append(_Task(pair.row, step, side, self._depth(pair.row)))
                continue
            own = SPECIAL_FOLDER_RULES if pair.special else FOLDER_RULES
            rule = (FOREIGN_FOLDER_RULES if pair.owner else own)[changes]
            for step, side in rule.steps:
                if step is Step.DRAIN:
                    self.drained[pair.row] = side.other
                elif step is Step.WITHDRAW:
                    self.drained[pair.row] = side.other
                    self.withdrawn.add(pair.row)
                elif step is Step.RESTORE and vanished[side]:
                    self.drained[pair.row] = side  # all is gone: the brake will ask
                elif step is Step.MOVE and self._is_same_place(pair):
                    tasks.append(_Task(pair.row, Step.LINK, side, 0))
                else:
                    depth = self.trees[side.other].depth(pair.end(side.other).id or "")
                    tasks.append(_Task(pair.row, step, side, depth, rule.conflict))
        return tasks

    def _change(self, pair: FolderPair, side: Side) -> Change:
        end = pair.end(side)
        if end.id is None:
            return Change.ABSENT
        if end.id not in self.trees[side]:
            return Change.GONE
        state = self.trees[side][end.id]
        return Change.SAME if (state.parent, state.name) == (end.parent, end.name) else Change.MOVED

    def _is_same_place(self, pair: FolderPair) -> bool:
        """Tell whether a folder that moved on either side is now at the same place on both."""
        local, remote = (self.trees[side][pair.end(side).id or ""] for side in _SIDES)
        if local.name != remote.name:
            return False
        if ROOT in (local.parent, remote.parent):
            return local.parent == remote.parent
        row = self._by_id[Side.LOCAL].get(local.parent)
        return row is not None and row == self._by_id[Side.REMOTE].get(remote.parent)

    def _depth(self, row: int) -> int:
        return max(self.trees[side].depth(self.present(row, side) or "") for side in _SIDES)

    # -- effects -----------------------------------------------------------------------------------------------------

    def _do(self, task: _Task) -> None:
        if task.step is Step.FORGET:
            with self.state.transaction():
                self.state.drop_folder(task.pair)
            self.reload()
        elif task.step is Step.LINK:
            self._record(task.pair)
        elif task.step is Step.CREATE:
            self._create(task.pair, task.side)
        elif task.step is Step.RESTORE:
            with self.state.transaction():
                pairs.readd_all(self.state, task.pair, task.side)
            self._create(task.pair, task.side, Conflict.FOLDER_STAYS)
        elif task.step is Step.MOVE:
            self._move(task)
        elif task.step is Step.HIDE:
            self._hide(task)

    def _record(self, row: int) -> None:
        with self.state.transaction():
            for side in _SIDES:
                self.state.place(row, side, self.trees[side][self.present(row, side) or ""])
        self.reload()

    def _create(self, row: int, side: Side, conflict: Conflict | None = None) -> None:
        if self.rehearsal:
            path = self.path(row)
            self.tally.rehearse(FolderAction(Step.CREATE, side, path, conflict=conflict), path)
        else:
            self.ensure(row, side)

    def _move(self, task: _Task) -> None:
        row, side = task.pair, task.side
        path = self.path(row)
        if self.rehearsal:
            place = self.trees[side.other].path(self.present(row, side.other) or "")
            self.tally.rehearse(FolderAction(Step.MOVE, side, path, place, task.conflict), path)
            return
        conflict = task.conflict
        source = self.trees[side.other][self.present(row, side.other) or ""]
        parent = self._counterpart(source.parent, side)
        if self.trees[side].is_below(parent, self.present(row, side) or ""):
            # Each side put one of two folders into the other. The place on the side that cannot follow holds.
            side, conflict = side.other, Conflict.REMOTE_PLACE
            source = self.trees[side.other][self.present(row, side.other) or ""]
            parent = self._counterpart(source.parent, side)
            if self.trees[side].is_below(parent, self.present(row, side) or ""):
                raise FolderError("two folders lie in each other", folder=source.id)
        mine = self.trees[side][self.present(row, side) or ""]
        path = self.trees[side].path(mine.id)
        if Rights.CHANGE not in mine.rights:
            self._record(row)
            self.tally.clash(Conflict.NOT_ALLOWED, path)
            return
        self._require(parent, side, Rights.CHILDREN)
        name = self._free_name(row, side, parent, source.name)
        source = self.trees[side.other][self.present(row, side.other) or ""]
        intent = Intent(
            Step.MOVE,
            row,
            side,
            data={"parent": parent, "name": name, "source_parent": source.parent, "source_name": source.name},
        )
        (number,) = journal.begin(self.state, [intent])
        moved = self.stores[side].move_folder(mine.id, parent, name)
        self.stores[side].barrier()
        self.trees[side].put(moved, old=mine.id)
        with self.state.transaction():
            self.state.renumber(row, side, moved)
            self.state.place(row, side, moved)
            self.state.place(row, side.other, source)
            journal.end(self.state, [number])
            self._did(Step.MOVE, side, row, path, conflict, self.trees[side].path(moved.id))
        self.reload()
        if not self.stores[side].capabilities.stable_folder_ids:
            self._list(side)
            self._reunite(side)

    def _hide(self, task: _Task) -> None:
        path = self.path(task.pair)
        if self.rehearsal:
            self.tally.rehearse(FolderAction(Step.HIDE, task.side, path, conflict=task.conflict), path)
            return
        with self.state.transaction():
            self.state.hide(task.pair)
            self._did(Step.HIDE, task.side, task.pair, path, task.conflict)
        self.reload()

    def _delete(self, row: int, side: Side, id_: str, path: tuple[str, ...]) -> None:
        intent = Intent(Step.DELETE, row, side, target_id=id_, data={"folder": True})
        (number,) = journal.begin(self.state, [intent])
        try:
            self.stores[side].delete_folder(id_)
        except FolderError:
            with self.state.transaction():
                journal.end(self.state, [number])
            raise
        self.stores[side].barrier()
        self.trees[side].remove(id_)
        with self.state.transaction():
            self.state.drop_folder(row)
            journal.end(self.state, [number])
            self._did(Step.DELETE, side, row, path, Conflict.WITHDRAWN if row in self.withdrawn else None)
        del self.drained[row]
        self.reload()

    def _did(
        self,
        step: Step,
        side: Side,
        row: int,
        path: tuple[str, ...],
        conflict: Conflict | None,
        target: tuple[str, ...] = (),
    ) -> None:
        self.tally.folders.append(FolderAction(step, side, path, target, conflict))
        if conflict:
            self.tally.clash(conflict, path)
        note = "/".join(target) if target else ""
        log.write(self.state, [(self.clock(), step.value, side.value, "/".join(path), "", note)])

    # -- places ------------------------------------------------------------------------------------------------------

    def _counterpart(self, parent: str, side: Side) -> str:
        """Return the id on one side of a folder of the other; create it where it is missing."""
        if parent == ROOT:
            return ROOT
        row = self._by_id[side.other].get(parent)
        if row is None:
            raise FolderError("the folder above it is not synchronised", folder=parent)
        return self.ensure(row, side)

    def _require(self, parent: str, side: Side, right: Rights) -> None:
        if parent != ROOT and right not in self.trees[side][parent].rights:
            raise FolderError("no folder may be created there", folder=parent)

    def _is_in_the_way(self, task: _Task, others: list[_Task]) -> bool:
        """Tell whether the name that a folder shall get is held by one that will give it up."""
        source = self.trees[task.side.other][self.present(task.pair, task.side.other) or ""]
        row = self._by_id[task.side.other].get(source.parent)
        parent = ROOT if source.parent == ROOT else (self.present(row, task.side) if row is not None else None)
        holder = self.trees[task.side].named(parent, source.name) if parent is not None else None
        if holder is None or task.waited > len(others):
            return False
        held_by = self._by_id[task.side].get(holder.id)
        return held_by != task.pair and any(
            o.pair == held_by and o.step is Step.MOVE and o.side is task.side for o in others
        )

    def _free_name(self, row: int, side: Side, parent: str, name: str) -> str:
        """Return a name for a folder on one side; where its own is taken, both sides get a new one."""
        store, other = self.stores[side], self.stores[side.other]
        own = self.present(row, side) or ""
        taken = self.trees[side].named(parent, name)
        if taken is None or taken.id == own:
            return store.fit_name(parent, name, folder=own)
        source = self.trees[side.other][self.present(row, side.other) or ""]
        fitted = store.fit_name(parent, name, folder=own)
        if Rights.CHANGE not in source.rights or source.special is not None:
            return fitted
        there = other.fit_name(source.parent, fitted, folder=source.id)
        (number,) = journal.begin(
            self.state,
            [Intent(Step.MOVE, row, side.other, data={"parent": source.parent, "name": there, "rename": True})],
        )
        moved = other.move_folder(source.id, source.parent, there)
        other.barrier()
        self.trees[side.other].put(moved, old=source.id)
        with self.state.transaction():
            self.state.renumber(row, side.other, moved)
            journal.end(self.state, [number])
            path = self.trees[side.other].path(moved.id)
            self._did(Step.MOVE, side.other, row, path, Conflict.NAME_TAKEN)
        self.reload()
        return store.fit_name(parent, there, folder=own)


def _by_validity(validity: str, special: SpecialUse | None, parent: str, name: str) -> object:
    return validity or None


def _by_special(validity: str, special: SpecialUse | None, parent: str, name: str) -> object:
    return special


def _by_place(validity: str, special: SpecialUse | None, parent: str, name: str) -> object:
    return parent, name
