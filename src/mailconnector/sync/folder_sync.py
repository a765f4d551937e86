"""Keeping the two trees of folders alike.

What changed on either side is looked up in `rules`; creating and moving go from the top down. A folder that was deleted
on one side is emptied item by item, by the same rules as every other deletion, and removed when nothing is left in it:
so what is new in it survives, with the folder.

Folders of other owners are the user's to see, not to delete, rename or move: see `rules.FOREIGN_FOLDER_RULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from mailconnector.sync import journal, log, pairs
from mailconnector.sync.errors import FolderError, FolderNotEmptyError
from mailconnector.sync.folders import Folders
from mailconnector.sync.journal import Intent
from mailconnector.sync.plan import FolderAction
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
from mailconnector.sync.store import ROOT, Rights, SyncStore

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
    """What is done to the folders of an account during one run.

    Attributes:
        folders: The folders and their pairs.
        tally: Where the report is collected.
        clock: Returns the time, POSIX seconds.
        rehearsal: Nothing is to be done.
        drained: Pairs of folders that are gone on a side, with that side.
        withdrawn: Those of them that are somebody else's, who does not share them any more.
    """

    folders: Folders
    tally: Tally
    clock: Callable[[], float]
    rehearsal: bool
    drained: dict[int, Side] = field(default_factory=dict)
    withdrawn: set[int] = field(default_factory=set)
    _state: State = field(init=False)
    _stores: Mapping[Side, SyncStore] = field(init=False)

    def __post_init__(self) -> None:
        self._state, self._stores = self.folders.state, self.folders.stores

    def run(self) -> None:
        """Pair new folders, then create and move what has to be, from the top down."""
        self.folders.pair_new()
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
                self.tally.trouble(error, self.folders.path(task.pair))

    def ensure(self, row: int, side: Side) -> str:
        """Return the id of a pair's folder on one side; create it, and those it is in, where it is missing."""
        present = self.folders.present(row, side)
        if present is not None:
            return present
        source = self.folders.present(row, side.other)
        pair = self.folders.pair(row)
        if side is Side.REMOTE and pair.owner:
            raise FolderError(
                "the folder is not shared with you any more", folder=str(row), hint="Move what is yours to another one."
            )
        if source is None:
            raise FolderError("the folder is gone on both sides", folder=str(row))
        if self.folders.is_hidden(pair):
            raise FolderError("the folder is hidden", folder=source)
        state = self.folders.trees[side.other][source]
        parent = self._counterpart(state.parent, side)
        self._require(parent, side, Rights.CHILDREN)
        name = self._free_name(row, side, parent, state.name)
        source = self.folders.listed(row, side.other).id  # another one, where it was renamed and its path is its id
        intent = Intent(Step.CREATE, row, side, data={"parent": parent, "name": name})
        (number,) = journal.begin(self._state, [intent])
        made = self._stores[side].create_folder(parent, name, kind=pair.kind, special=pair.special)
        self._stores[side].barrier()
        self.folders.trees[side].put(made)
        conflict = Conflict.FOLDER_STAYS if pair.end(side).id is not None else None
        with self._state.transaction():
            if pair.end(side).id is not None:
                pairs.void(self._state, row, side)
            self._state.bind(row, side, made)
            self._state.place(row, side.other, self.folders.trees[side.other][source])
            journal.end(self._state, [number])
            self._did(Step.CREATE, side, row, self.folders.trees[side].path(made.id), conflict)
        self.drained.pop(row, None)
        # A path may be the id that a folder had which is gone.
        self.folders.reload(row if self.folders.row(side, made.id) is None else None)
        return made.id

    def open_up(self, row: int, side: Side) -> bool:
        """Let a pair's folder on one side hold items; tell whether it does now.

        Raises:
            FolderError: It cannot be, for the reason that its store gives.
        """
        mine = self.folders.listed(row, side)
        path = self.folders.path(row)
        if self.rehearsal:
            self.tally.rehearse(FolderAction(Step.CREATE, side, path), path)
            return False
        try:
            made = self._stores[side].make_selectable(mine.id)
        except FolderError as error:
            place = "/".join(self.folders.trees[side].path(mine.id))
            raise FolderError(
                f"it has items, but the folder {place} cannot hold any: {error}",
                folder=mine.id,
                hint="They stay where they are. Move them into another folder, or have that one made to hold mail.",
            ) from error
        self._stores[side].barrier()
        self.folders.trees[side].put(
            replace(mine, selectable=True, validity=made.validity, cursor="", count=made.count)
        )
        with self._state.transaction():
            self._did(Step.CREATE, side, row, path, None)
        return True

    def finish_drained(self) -> None:
        """Remove the folders that are gone on one side and have been emptied on the other, from the bottom up."""
        rows = sorted(self.drained, key=self.folders.depth, reverse=True)
        for row in rows:
            side = self.drained[row].other
            id_ = self.folders.present(row, side)
            if id_ is None or pairs.count(self._state, row) or pairs.has_changes(self._state, row):
                continue
            path = self.folders.path(row)
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

    def _plan(self) -> list[_Task]:
        tasks: list[_Task] = []
        vanished = {side: self.folders.has_vanished(side) for side in _SIDES}
        for pair in self.folders.all_pairs():
            changes = (self._change(pair, Side.LOCAL), self._change(pair, Side.REMOTE))
            if Change.ABSENT in changes:
                # On one side only: noted in an earlier run that did not come to create the other.
                side = Side.LOCAL if changes[0] is Change.ABSENT else Side.REMOTE
                present = self.folders.present(pair.row, side.other)
                step = Step.CREATE if present is not None else Step.FORGET
                tasks.append(_Task(pair.row, step, side, self.folders.depth(pair.row)))
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
                    depth = self.folders.trees[side.other].depth(pair.end(side.other).id or "")
                    tasks.append(_Task(pair.row, step, side, depth, rule.conflict))
        return tasks

    def _change(self, pair: FolderPair, side: Side) -> Change:
        end = pair.end(side)
        if end.id is None:
            return Change.ABSENT
        if end.id not in self.folders.trees[side]:
            return Change.GONE
        state = self.folders.trees[side][end.id]
        return Change.SAME if (state.parent, state.name) == (end.parent, end.name) else Change.MOVED

    def _is_same_place(self, pair: FolderPair) -> bool:
        """Tell whether a folder that moved on either side is now at the same place on both."""
        local, remote = (self.folders.listed(pair.row, side) for side in _SIDES)
        if local.name != remote.name:
            return False
        if ROOT in (local.parent, remote.parent):
            return local.parent == remote.parent
        row = self.folders.row(Side.LOCAL, local.parent)
        return row is not None and row == self.folders.row(Side.REMOTE, remote.parent)

    def _do(self, task: _Task) -> None:
        if task.step is Step.FORGET:
            with self._state.transaction():
                self._state.drop_folder(task.pair)
            self.folders.reload()
        elif task.step is Step.LINK:
            self._record(task.pair)
        elif task.step is Step.CREATE:
            self._create(task.pair, task.side)
        elif task.step is Step.RESTORE:
            with self._state.transaction():
                pairs.readd_all(self._state, task.pair, task.side)
            self._create(task.pair, task.side, Conflict.FOLDER_STAYS)
        elif task.step is Step.MOVE:
            self._move(task)
        elif task.step is Step.HIDE:
            self._hide(task)

    def _record(self, row: int) -> None:
        with self._state.transaction():
            for side in _SIDES:
                self._state.place(row, side, self.folders.listed(row, side))
        self.folders.reload()

    def _create(self, row: int, side: Side, conflict: Conflict | None = None) -> None:
        if self.rehearsal:
            path = self.folders.path(row)
            self.tally.rehearse(FolderAction(Step.CREATE, side, path, conflict=conflict), path)
        else:
            self.ensure(row, side)

    def _move(self, task: _Task) -> None:
        row, side = task.pair, task.side
        path = self.folders.path(row)
        if self.rehearsal:
            place = self.folders.trees[side.other].path(self.folders.present(row, side.other) or "")
            self.tally.rehearse(FolderAction(Step.MOVE, side, path, place, task.conflict), path)
            return
        conflict = task.conflict
        source = self.folders.listed(row, side.other)
        parent = self._counterpart(source.parent, side)
        if self.folders.trees[side].is_below(parent, self.folders.present(row, side) or ""):
            # Each side put one of two folders into the other. The place on the side that cannot follow holds.
            side, conflict = side.other, Conflict.REMOTE_PLACE
            source = self.folders.listed(row, side.other)
            parent = self._counterpart(source.parent, side)
            if self.folders.trees[side].is_below(parent, self.folders.present(row, side) or ""):
                raise FolderError("two folders lie in each other", folder=source.id)
        mine = self.folders.listed(row, side)
        path = self.folders.trees[side].path(mine.id)
        if Rights.CHANGE not in mine.rights:
            self._record(row)
            self.tally.clash(Conflict.NOT_ALLOWED, path)
            return
        self._require(parent, side, Rights.CHILDREN)
        name = self._free_name(row, side, parent, source.name)
        source = self.folders.listed(row, side.other)
        intent = Intent(
            Step.MOVE,
            row,
            side,
            data={"parent": parent, "name": name, "source_parent": source.parent, "source_name": source.name},
        )
        (number,) = journal.begin(self._state, [intent])
        moved = self._stores[side].move_folder(mine.id, parent, name)
        self._stores[side].barrier()
        self.folders.trees[side].put(moved, old=mine.id)
        with self._state.transaction():
            self._state.renumber(row, side, moved)
            self._state.place(row, side, moved)
            self._state.place(row, side.other, source)
            journal.end(self._state, [number])
            self._did(Step.MOVE, side, row, path, conflict, self.folders.trees[side].path(moved.id))
        self.folders.reload()
        if not self._stores[side].capabilities.stable_folder_ids:
            self.folders.relist(side)

    def _hide(self, task: _Task) -> None:
        path = self.folders.path(task.pair)
        if self.rehearsal:
            self.tally.rehearse(FolderAction(Step.HIDE, task.side, path, conflict=task.conflict), path)
            return
        with self._state.transaction():
            self._state.hide(task.pair)
            self._did(Step.HIDE, task.side, task.pair, path, task.conflict)
        self.folders.reload()

    def _delete(self, row: int, side: Side, id_: str, path: tuple[str, ...]) -> None:
        intent = Intent(Step.DELETE, row, side, target_id=id_, data={"folder": True})
        (number,) = journal.begin(self._state, [intent])
        try:
            self._stores[side].delete_folder(id_)
        except FolderError:
            with self._state.transaction():
                journal.end(self._state, [number])
            raise
        self._stores[side].barrier()
        self.folders.trees[side].remove(id_)
        with self._state.transaction():
            self._state.drop_folder(row)
            journal.end(self._state, [number])
            self._did(Step.DELETE, side, row, path, Conflict.WITHDRAWN if row in self.withdrawn else None)
        del self.drained[row]
        self.folders.reload()

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
        note = "/".join(target) if target else conflict.value if conflict else ""
        log.write(self._state, [(self.clock(), step.value, side.value, "/".join(path), "", note)])

    def _counterpart(self, parent: str, side: Side) -> str:
        """Return the id on one side of a folder of the other; create it where it is missing."""
        if parent == ROOT:
            return ROOT
        row = self.folders.row(side.other, parent)
        if row is None:
            raise FolderError("the folder above it is not synchronised", folder=parent)
        return self.ensure(row, side)

    def _require(self, parent: str, side: Side, right: Rights) -> None:
        if parent != ROOT and right not in self.folders.trees[side][parent].rights:
            raise FolderError("no folder may be created there", folder=parent)

    def _is_in_the_way(self, task: _Task, others: list[_Task]) -> bool:
        """Tell whether the name that a folder shall get is held by one that will give it up."""
        source = self.folders.listed(task.pair, task.side.other)
        row = self.folders.row(task.side.other, source.parent)
        parent = ROOT if source.parent == ROOT else (self.folders.present(row, task.side) if row is not None else None)
        holder = self.folders.trees[task.side].named(parent, source.name) if parent is not None else None
        if holder is None or task.waited > len(others):
            return False
        held_by = self.folders.row(task.side, holder.id)
        return held_by != task.pair and any(
            o.pair == held_by and o.step is Step.MOVE and o.side is task.side for o in others
        )

    def _free_name(self, row: int, side: Side, parent: str, name: str) -> str:
        """Return a name for a folder on one side; where its own is taken, both sides get a new one."""
        store, other = self._stores[side], self._stores[side.other]
        own = self.folders.present(row, side) or ""
        taken = self.folders.trees[side].named(parent, name)
        if taken is None or taken.id == own:
            return store.fit_name(parent, name, folder=own)
        source = self.folders.listed(row, side.other)
        fitted = store.fit_name(parent, name, folder=own)
        if Rights.CHANGE not in source.rights or source.special is not None:
            return fitted
        there = other.fit_name(source.parent, fitted, folder=source.id)
        (number,) = journal.begin(
            self._state,
            [Intent(Step.MOVE, row, side.other, data={"parent": source.parent, "name": there, "rename": True})],
        )
        moved = other.move_folder(source.id, source.parent, there)
        other.barrier()
        self.folders.trees[side.other].put(moved, old=source.id)
        with self._state.transaction():
            self._state.renumber(row, side.other, moved)
            journal.end(self._state, [number])
            path = self.folders.trees[side.other].path(moved.id)
            self._did(Step.MOVE, side.other, row, path, Conflict.NAME_TAKEN)
        self.folders.reload()
        return store.fit_name(parent, there, folder=own)
