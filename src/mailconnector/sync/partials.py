"""Items of which only the headers are here, and that their user moved to where they cannot be followed.

Such an item is gone from its folder; but what is on the server is all there is of its content, so it must not be
deleted there as if its user had deleted it. Before deletions are planned, the folders that were not listed in this run
are asked for those that are missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from mailconnector.sync.errors import FolderError
from mailconnector.sync.rules import Side
from mailconnector.sync.state import State
from mailconnector.sync.store import FolderState, SyncStore


@dataclass(frozen=True, slots=True)
class Displaced:
    """A pair whose headers turned up elsewhere.

    Attributes:
        pair: The pair of items.
        folder: The pair of folders that it was in.
        place: The local folder that its headers are in now.
        title: What a user calls it.
    """

    pair: int
    folder: int
    place: str
    title: str


def displaced(
    state: State, store: SyncStore, rows: Iterable[int], unlisted: Callable[[], Iterable[FolderState]]
) -> list[Displaced]:
    """Find pairs that are gone locally and whose headers are in a folder that was not listed, or may be in one.

    Args:
        state: Where the changes are.
        store: The local store.
        rows: The pairs of folders that were listed.
        unlisted: Returns the local folders that were not.
    """
    missing = {name: (pair, folder, title) for pair, folder, name, title in _missing(state, rows)}
    found: list[Displaced] = []
    for place in unlisted() if missing else ():
        if not place.selectable or place.count == 0:
            continue
        try:
            names = {
                item.identity.name for item in store.find(place.id, list(missing)) if item.partial and item.identity
            }
        except FolderError:
            names = set(missing)
        for name in names & missing.keys():
            pair, folder, title = missing.pop(name)
            found.append(Displaced(pair, folder, place.id, title))
    return found


def _missing(state: State, rows: Iterable[int]) -> Iterator[tuple[int, int, str, str]]:
    s = Side.LOCAL.value
    for row in rows:
        yield from state.db.execute(
            f"""SELECT i.row, i.folder, i.name, i.title FROM change c JOIN item i ON i.folder=c.folder
            AND i.{s}_id=c.id WHERE c.folder=? AND c.side='{s}' AND c.kind='gone' AND i.partial AND i.name != ''""",
            (row,),
        )
