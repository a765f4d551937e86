"""Moves: each side follows what was moved on the other, so that an item keeps its marks and is not sent again.

A move is found when its pair is gone from one folder and new in another (`matching.find_moves`). What both sides moved
to the same folder is known to be there, before new items are linked; then, for each way between two folders, batches of
items are moved, with their intents in the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from mailconnector.sync import carrying, journal, log, matching, pairs
from mailconnector.sync.errors import FolderError, ItemError
from mailconnector.sync.folder_sync import FolderSync
from mailconnector.sync.journal import Intent
from mailconnector.sync.plan import ItemAction, ItemView, SideView, Terms, plan_move
from mailconnector.sync.rules import Change, Conflict, Side, Step
from mailconnector.sync.sightings import pages
from mailconnector.sync.state import State
from mailconnector.sync.store import Removal, Status


class _Way(NamedTuple):
    """From where to where, as pairs of folders, and on which side."""

    side: Side
    start: int
    target: int


class _Found(NamedTuple):
    """A pair that was moved: what of it is where, and the side whose place holds, with the way to it."""

    view: ItemView
    leader: Side
    start: int
    target: int


@dataclass(frozen=True, slots=True)
class Moves:
    """The moves of one run.

    Attributes:
        state: What is remembered.
        folder_sync: The folders, and how one is made that is missing.
        terms: What the folders allow that were listed. Those that are not among them are left alone.
        check: Called between batches; raises what ends the run.
        rehearse: Called with the row of a folder and each action, instead of doing it; None to do it.
        unmoved: Pairs that were moved and could not be followed, though they might have been: they are not gone.
    """

    state: State
    folder_sync: FolderSync
    terms: Mapping[int, Terms]
    check: Callable[[], None]
    rehearse: Callable[[int, ItemAction], None] | None
    unmoved: set[int] = field(default_factory=set, init=False)
    _stuck: set[tuple[int, Side, str]] = field(default_factory=set, init=False)

    def settle(self) -> None:
        """Know what both sides moved to the same folder."""
        settled = [found for found in self._found() if found.start == found.target]
        if self.rehearse is not None:
            for view, leader, _, target in settled:
                self._rehearse(target, target, ItemAction(Step.MOVE, leader.other, view, target=target))
        elif settled:
            with self.state.transaction():
                for view, _, _, target in settled:
                    pairs.rehome(self.state, view.pair or 0, target, {side: view.side(side).id for side in Side})

    def follow(self) -> None:
        """Let each side follow what was moved on the other."""
        planned: dict[_Way, list[ItemAction]] = {}
        for view, leader, start, target in self._found():
            if start == target:
                continue
            action = plan_move(view, target, self.terms[start], self.terms[target])
            if view.partial and leader is Side.LOCAL:
                self.unmoved.add(view.pair or 0)  # until it is done
                if action is None:  # its headers go back: what there is of it is on the server
                    action = ItemAction(Step.MOVE, leader, view, target=view.folder, conflict=Conflict.NOT_ALLOWED)
                    start, target = target, view.folder
            if action is not None:
                planned.setdefault(_Way(action.side, start, target), []).append(action)
        for way, actions in planned.items():
            try:
                self._go(way, actions)
            except (FolderError, ItemError) as error:
                self.folder_sync.tally.trouble(error, self.folder_sync.folders.path(way.start))
                self._leave(way, actions)

    def adrift(self, closed: Collection[int]) -> set[tuple[int, Side, str]]:
        """Return what belongs to pairs that could not be followed, or may belong to one.

        Args:
            closed: The rows of the folders that could not be looked into: each side may have moved what is in them, or
                moved something there.

        Returns:
            The row of a folder, the side and the id there.
        """
        if not closed:
            return self._stuck
        moved = {(row, side, id_) for move in self._moved() for side, (row, id_) in move.places.items()}
        return self._stuck | moved | matching.find_torn(self.state, closed)

    def _leave(self, way: _Way, actions: Iterable[ItemAction]) -> None:
        """Have what could not be moved left where it is on both sides."""
        for action in actions:
            self.unmoved.add(action.view.pair or 0)
            self._stuck.add((way.start, way.side, action.view.side(way.side).id))
            self._stuck.add((way.target, way.side.other, action.view.side(way.side.other).id))

    def _moved(self) -> list[matching.Move]:
        stores = self.folder_sync.folders.stores
        return matching.find_moves(
            self.state, {side: store.capabilities.ids_survive_moves for side, store in stores.items()}
        )

    def _found(self) -> Iterator[_Found]:
        for move in self._moved():
            if not all(row in self.terms for row in (move.folder, *(place[0] for place in move.places.values()))):
                continue
            view = pairs.view_pair(self.state, move.pair)
            ends = {side: view.side(side) for side in Side}
            for side, (_, id_) in move.places.items():
                ends[side] = SideView(Change.MOVED, id_, ends[side].flags, ends[side].base_flags, ends[side].revision)
            if any(end.change is Change.GONE for end in ends.values()):
                continue
            view = replace(view, local=ends[Side.LOCAL], remote=ends[Side.REMOTE])
            leader = Side.REMOTE if Side.REMOTE in move.places else Side.LOCAL
            start = move.places.get(leader.other, (move.folder, ""))[0]
            yield _Found(view, leader, start, move.places[leader][0])

    def _rehearse(self, start: int, target: int, action: ItemAction) -> None:
        assert self.rehearse is not None
        self.rehearse(start, action)
        for side in Side:
            for folder in (action.view.folder, start, target):
                pairs.forget_changes(self.state, folder, side, [action.view.side(side).id])

    def _go(self, way: _Way, actions: list[ItemAction]) -> None:
        if self.rehearse is not None:
            for action in actions:
                self._rehearse(way.start, way.target, action)
            return
        store = self.folder_sync.folders.stores[way.side]
        origin, goal = self.folder_sync.ensure(way.start, way.side), self.folder_sync.ensure(way.target, way.side)
        for batch in pages(actions, store.capabilities.batch_items):
            self._move(way, origin, goal, batch)
            self.check()

    def _move(self, way: _Way, origin: str, goal: str, batch: list[ItemAction]) -> None:
        side, start, target = way
        store, state = self.folder_sync.folders.stores[side], self.state
        removals = [Removal(action.view.side(side).id, self._revision_now(start, side, action)) for action in batch]
        intents = [
            Intent(
                Step.MOVE,
                target,
                side,
                action.view.pair,
                action.view.side(side.other).id,
                removal.id,
                {"name": action.view.name, "from": start, "revision": removal.revision},
            )
            for action, removal in zip(batch, removals, strict=True)
        ]
        numbers = journal.begin(state, intents)
        outcomes = list(carrying.move(store, origin, goal, removals))
        store.barrier()
        missing = [
            intent.data["name"]
            for intent, outcome in zip(intents, outcomes, strict=True)
            if outcome.status is Status.DONE and not outcome.id and intent.data["name"]
        ]
        found = pairs.unknown(state, target, side, store.find(goal, missing)) if missing else {}
        with state.transaction():
            for action, intent, number, outcome in zip(batch, intents, numbers, outcomes, strict=True):
                id_ = outcome.id
                if outcome.status is Status.DONE:
                    if not id_ and found.get(intent.data["name"]):
                        id_ = found[intent.data["name"]].pop(0).id
                    if not id_:
                        self._leave(way, [action])  # its intent tells the next run
                        continue
                    pairs.rehome(state, action.view.pair or 0, target, {side: id_, side.other: intent.source_id})
                    self.unmoved.discard(action.view.pair or 0)
                    self._tell(action, target)
                elif outcome.status is not Status.FAILED or not _can_be_sent(action):
                    self._leave(way, [action])
                journal.end(state, [number])

    def _revision_now(self, start: int, side: Side, action: ItemAction) -> str:
        """Return the revision of an item where it is now: in the folder it was in, or where it was moved to."""
        there = action.view.side(side)
        row = self.state.db.execute(
            "SELECT revision FROM change WHERE folder=? AND side=? AND id=?", (start, side.value, there.id)
        ).fetchone()
        return str(row[0]) if row else there.revision

    def _tell(self, action: ItemAction, target: int) -> None:
        tally, path = self.folder_sync.tally, self.folder_sync.folders.path(target)
        tally.done[Step.MOVE, action.side] += 1
        if action.conflict:
            tally.clash(action.conflict, path, action.view.title)
        row = (self.folder_sync.clock(), "move", action.side.value, "/".join(path), action.view.title, "")
        log.write(self.state, [row])


def _can_be_sent(action: ItemAction) -> bool:
    """Tell whether what cannot be moved may be deleted where it was and sent where it is to be: it is the same."""
    return not {action.view.local.change, action.view.remote.change} <= {Change.MOVED, Change.EDITED}
