"""Runs that end in the middle: killed, or with a store that breaks down, at a chosen step."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

from mailconnector.sync import FolderError, ItemError, Radius, State, StoreError
from mailconnector.sync.store import Failure, Outcome, Status

EFFECTS = frozenset(
    (
        "add",
        "replace",
        "set_flags",
        "delete",
        "move",
        "create_folder",
        "move_folder",
        "make_selectable",
        "delete_folder",
        "barrier",
    )
)
OF_FOLDERS = EFFECTS - {"barrier"} | {"changes", "identify", "find", "fetch"}
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

    def wrap(self, store: Any) -> CutStore:
        """A store whose effects are counted."""
        return CutStore(store, self)

    def open_state(self, path: str) -> State:
        """A state file whose commits are counted."""
        state = CutState(path)
        state.steps = self
        return state


class CutStore:
    """A store that ends the run at a step."""

    def __init__(self, store: Any, steps: Steps) -> None:
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


class Faults:
    """Makes one call of a run fail.

    Args:
        at: Which call, counted over both stores.
        radius: How much of it fails: one item, the call with an error of the folder, or the store.
    """

    def __init__(self, at: int, radius: Radius) -> None:
        self.at = at
        self.radius = radius
        self.count = 0

    def wrap(self, store: Any) -> FaultyStore:
        """A store whose calls are counted."""
        return FaultyStore(store, self)

    def is_due(self, name: str) -> bool:
        """Count a call, and tell whether it is the one; it is put off until one that can fail in that way."""
        self.count += 1
        possible = {Radius.ITEM: {*LISTS, "fetch"}, Radius.FOLDER: OF_FOLDERS, Radius.STORE: {*OF_FOLDERS, "folders"}}
        if self.count < self.at or name not in possible[self.radius]:
            return False
        self.at = 1 << 30
        return True


class FaultyStore:
    """A store one of whose calls fails."""

    def __init__(self, store: Any, faults: Faults) -> None:
        self._store = store
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not callable(found):
            return found

        def call(*args: Any, **more: Any) -> Any:
            if not self._faults.is_due(name):
                return found(*args, **more)
            if self._faults.radius is Radius.STORE:
                raise broken()
            if self._faults.radius is Radius.FOLDER:
                raise FolderError("closed for now", folder=args[0])
            if not args[-1]:
                return found(*args, **more)
            first, rest = args[-1][0], args[-1][1:]
            if name == "fetch":
                return chain([Failure(first, ItemError("unreadable for now"))], found(args[0], rest, **more))
            failed = Outcome(Status.FAILED, error=ItemError("refused for now"))
            return [failed, *(found(*args[:-1], rest, **more) if rest else ())]

        return call


def broken() -> StoreError:
    """The connection is lost."""
    return StoreError("the connection is lost")
