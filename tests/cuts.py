"""Runs that end in the middle: killed, or with a store that breaks down, at a chosen step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mailconnector.stores.memory import MemoryStore
from mailconnector.sync import State, StoreError

EFFECTS = frozenset(
    ("add", "replace", "set_flags", "delete", "move", "create_folder", "move_folder", "delete_folder", "barrier")
)
LISTS = frozenset(("add", "replace", "set_flags", "delete", "move"))


class Killed(BaseException):
    """The process ends here."""


class Steps:
    """Counts the steps of a run and ends it at one of them.

    Each effect has a step before it, one in its middle if it is about several items, and one after it; each commit
    of the state file one before it and one after it.

    Args:
        at: The step to end at; None to count only.
        error: What ends it.
    """

    def __init__(self, at: int | None = None, error: Callable[[], BaseException] = Killed) -> None:
        self.at = at
        self.error = error
        self.count = 0
        self.commits: set[int] = set()

    def step(self, *, commit: bool = False) -> None:
        """Be at the next step."""
        self.count += 1
        if commit:
            self.commits.add(self.count)
        if self.count == self.at:
            raise self.error()

    def wrap(self, store: MemoryStore) -> CutStore:
        """A store whose effects are counted."""
        return CutStore(store, self)

    def open_state(self, path: str) -> State:
        """A state file whose commits are counted."""
        state = CutState(path)
        state.steps = self
        return state


class CutStore:
    """A store that ends the run at a step."""

    def __init__(self, store: MemoryStore, steps: Steps) -> None:
        self._store = store
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name not in EFFECTS:
            return found

        def effect(*args: Any, **more: Any) -> Any:
            self._steps.step()
            if name in LISTS and len(args[-1]) > 1:
                half = len(args[-1]) // 2
                outcomes = list(found(*args[:-1], args[-1][:half], **more))
                self._steps.step()
                outcomes += found(*args[:-1], args[-1][half:], **more)
            else:
                outcomes = found(*args, **more)
            self._steps.step()
            return outcomes

        return effect


class CutState(State):
    """A state file that ends the run at a commit."""

    steps: Steps

    def commit(self) -> None:
        """Commit, unless the run ends before."""
        self.steps.step(commit=True)
        super().commit()
        self.steps.step(commit=True)


def broken() -> StoreError:
    """The connection is lost."""
    return StoreError("the connection is lost")
