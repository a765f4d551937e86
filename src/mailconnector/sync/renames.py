"""Which folders have another path than the one that the user's choices know them by.

Choices (`Settings.folders`) go by paths, and a folder may be renamed or moved on either side. The state file remembers
under which path the choices for each pair of folders are; a run reads them there, whatever the folder is called now,
and tells in its report what should be written under another path. Who keeps the choices does that and says so with
`accept`; until then nothing changes, so it may be ended, or fail, at any point.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mailconnector.sync.state import State

_FACT = "choice_paths"


@dataclass(frozen=True, slots=True)
class Rename:
    """A folder with another path than its choices have.

    Attributes:
        row: The pair of folders.
        before: The path that its choices are under.
        after: Its path now.
    """

    row: int
    before: tuple[str, ...]
    after: tuple[str, ...]


def choice_paths(state: State) -> dict[int, tuple[str, ...]]:
    """Return the paths that the choices for pairs of folders are under."""
    text = state.fact(_FACT)
    return {int(row): tuple(path) for row, path in json.loads(text).items()} if text else {}


def note(state: State, paths: Mapping[int, tuple[str, ...]]) -> dict[int, tuple[str, ...]]:
    """Note the paths of pairs that none are known of, forget pairs that are not given, and return all.

    Call it in a transaction.
    """
    known = choice_paths(state)
    now = {row: known.get(row, path) for row, path in paths.items()}
    if now != known:
        _write(state, now)
    return now


def accept(state: State, renames: Iterable[Rename]) -> None:
    """Note that the choices for some folders are under their new paths now."""
    moved = {rename.row: rename.after for rename in renames}
    with state.transaction():
        _write(state, {**choice_paths(state), **moved})


def _write(state: State, paths: Mapping[int, tuple[str, ...]]) -> None:
    state.set_fact(_FACT, json.dumps(paths, ensure_ascii=False, separators=(",", ":")))
