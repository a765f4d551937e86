"""The paths of an account's folders, from what the state file knows of them."""

from mailconnector.sync import Side, State
from mailconnector.sync.state import FolderPair

_DEEPEST = 1000
_SIDES = (Side.LOCAL, Side.REMOTE)


def folder_paths(state: State) -> dict[int, tuple[str, ...]]:
    """Return the path of each pair of folders, by its number: the local names where there is a local folder."""
    pairs = state.folders()
    lines = {side: _lines(pairs, side) for side in _SIDES}
    return {pair.row: lines[Side.LOCAL].get(pair.row) or lines[Side.REMOTE].get(pair.row) or () for pair in pairs}


def resolve(state: State, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the path of the folder that a user means: by its local or its remote name, the case of letters aside.

    A path that is not known is returned as it is: the folder may be new.
    """
    pairs, paths = state.folders(), folder_paths(state)
    exact = [path for path in paths.values() if path == wanted]
    if exact:
        return exact[0]
    for side in _SIDES:
        for row, path in _lines(pairs, side).items():
            if _folded(path) == _folded(wanted):
                return paths[row]
    return wanted


def _lines(pairs: list[FolderPair], side: Side) -> dict[int, tuple[str, ...]]:
    by_id = {pair.end(side).id: pair for pair in pairs if pair.end(side).id is not None}
    found = {}
    for pair in pairs:
        if pair.end(side).id is None:
            continue
        names: list[str] = []
        above: FolderPair | None = pair
        while above is not None and len(names) < _DEEPEST:
            names.append(above.end(side).name)
            above = by_id.get(above.end(side).parent)
        found[pair.row] = tuple(reversed(names))
    return found


def _folded(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.casefold() for name in path)
