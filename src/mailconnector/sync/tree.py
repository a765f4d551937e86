"""A store's folders as a tree, as they were listed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailconnector.sync.store import ROOT, FolderState

_DEEPEST = 1000


class Tree:
    """The folders of one store.

    Args:
        states: The listing. A folder whose parent is not in it stands at the top.
        hidden: Ids of folders to leave out, with all below them.
    """

    def __init__(self, states: Iterable[FolderState], hidden: frozenset[str] = frozenset()) -> None:
        every = {state.id: state for state in states}
        self._states = {id_: state for id_, state in every.items() if not _is_below(id_, hidden, every)}

    def __contains__(self, id_: object) -> bool:
        return id_ in self._states

    def __iter__(self) -> Iterator[FolderState]:
        return iter(list(self._states.values()))

    def __len__(self) -> int:
        return len(self._states)

    def __getitem__(self, id_: str) -> FolderState:
        return self._states[id_]

    def put(self, state: FolderState, *, old: str = "") -> None:
        """Add a folder, or show one where it is now."""
        if old:
            self._states.pop(old, None)
        self._states[state.id] = state

    def remove(self, id_: str) -> None:
        """Take a folder out."""
        self._states.pop(id_, None)

    def path(self, id_: str) -> tuple[str, ...]:
        """Return the names from the top down to a folder."""
        return tuple(state.name for state in self._line(id_))

    def depth(self, id_: str) -> int:
        """Return how many folders a folder is in."""
        return len(self._line(id_)) - 1

    def is_below(self, id_: str, ancestor: str) -> bool:
        """Tell whether a folder is another one, or somewhere in it."""
        return any(state.id == ancestor for state in self._line(id_))

    def children(self, parent: str) -> list[FolderState]:
        """Return the folders directly in a folder."""
        return [state for state in self._states.values() if state.parent == parent]

    def named(self, parent: str, name: str) -> FolderState | None:
        """Return the folder of exactly that name in a folder."""
        return next((state for state in self._states.values() if state.parent == parent and state.name == name), None)

    def _line(self, id_: str) -> list[FolderState]:
        line: list[FolderState] = []
        while id_ != ROOT and id_ in self._states and len(line) < _DEEPEST:
            line.append(self._states[id_])
            id_ = self._states[id_].parent
        return line[::-1]


def _is_below(id_: str, hidden: frozenset[str], every: dict[str, FolderState]) -> bool:
    for _ in range(_DEEPEST):
        if id_ in hidden:
            return True
        if id_ not in every:
            return False
        id_ = every[id_].parent
    return True  # a ring of parents: no such folder can be reached
