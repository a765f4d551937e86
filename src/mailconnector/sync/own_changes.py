"""What a run changed itself, listed before it ends, so that the next one does not find it different from what is known.

It is the listing that the next run would begin with, compared with the base in the same way: what others changed
meanwhile is found by it, and waits. Where it cannot be had, the next run opens the folders once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from mailconnector.sync import journal, sightings
from mailconnector.sync.errors import SyncError
from mailconnector.sync.folders import Folders
from mailconnector.sync.rules import Side, Step
from mailconnector.sync.state import State

_BOTH = (Side.LOCAL, Side.REMOTE)
# Steps that change items on the side that they are done to, and on what sides besides.
_EFFECTS: Mapping[Step, tuple[Side, ...]] = {
    Step.ADD: (),
    Step.REPLACE: (),
    Step.DELETE: (),
    Step.MOVE: (),
    Step.MERGE: _BOTH,
    Step.FLAGS: _BOTH,
}


def list_own(
    state: State,
    folders: Folders,
    rows: Iterable[int],
    done: Iterable[tuple[Step, Side]],
    cancelled: Callable[[], bool],
) -> None:
    """List the folders that a run changed, and note up to where they are known.

    Args:
        state: Where the changes are.
        folders: Both trees.
        rows: The pairs of folders that were listed in this run and are not to be removed.
        done: The steps that were done, each with its side.
        cancelled: Asked between folders whether to end.
    """
    if journal.pending(state):
        return  # ids that are not known yet would be taken for new
    sides = {side for step, where in done if step in _EFFECTS for side in (where, *_EFFECTS[step])}
    for side in _BOTH:
        if side in sides:
            with suppress(SyncError):
                _list(state, folders, rows, side, cancelled)


def _list(state: State, folders: Folders, rows: Iterable[int], side: Side, cancelled: Callable[[], bool]) -> None:
    store = folders.stores[side]
    listed = {folder.id: folder for folder in store.folders()}
    for row in rows:
        if cancelled():
            return
        known = state.folder(row).end(side) if folders.has(row) else None
        now = listed.get(known.id or "") if known is not None else None
        if known is None or now is None:
            continue
        if not now.cursor or now.cursor == known.cursor or now.validity != known.validity:
            continue
        found = store.changes(now.id, known.cursor)
        if not found.complete and found.validity == known.validity:
            with state.transaction():
                sightings.record(state, row, side, found)
                state.scanned(row, side, found.validity, found.cursor)
