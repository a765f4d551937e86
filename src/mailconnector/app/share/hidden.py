"""Other people's folders that the user deleted in the PST: they are left alone until they are wanted again."""

from __future__ import annotations

from contextlib import closing

from mailconnector.app.errors import AppUsageError
from mailconnector.app.folder_path import join_path
from mailconnector.app.lock import held_lock
from mailconnector.app.sync.job import Job
from mailconnector.app.sync.paths import folder_paths
from mailconnector.sync import State


def hidden_folders(job: Job) -> list[tuple[str, ...]]:
    """Return the paths of the folders that are hidden, those in them left out.

    Raises:
        StateError: the state file cannot be used.
    """
    if not job.state_path.exists():
        return []
    with closing(State(str(job.state_path))) as state:
        paths = folder_paths(state)
        return sorted(paths[pair.row] for pair in state.folders() if pair.hidden)


def show_folder(job: Job, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Have a hidden folder appear again with the next run, and those in it and above it.

    Returns:
        The folders that will.

    Raises:
        AppUsageError: no such folder is hidden.
        AppInUseError: the account is being synchronised.
        StateError: the state file cannot be used.
    """
    if not job.state_path.exists():
        raise AppUsageError("no folder is hidden: the account was never synchronised")
    wanted = _folded(path)
    with (
        held_lock(job.lock_path, f"the account {job.account}", wait=30.0),
        closing(State(str(job.state_path))) as state,
    ):
        paths = folder_paths(state)
        found = {}
        for pair in state.folders():
            mine = _folded(paths[pair.row])
            if pair.hidden and (mine[: len(wanted)] == wanted or wanted[: len(mine)] == mine):
                found[pair.row] = paths[pair.row]
        if not found:
            raise AppUsageError(
                f"no folder {join_path(path)} is hidden",
                hint="`mailconnector share show ACCOUNT` lists those that are.",
            )
        with state.transaction():
            for row in found:
                state.show(row)
    return sorted(found.values())


def _folded(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.casefold() for name in path)
