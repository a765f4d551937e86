"""How an account's folders are synchronised: shown, and changed in the profile."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from mailconnector.app.account.profile import Account, Profile
from mailconnector.app.folder_path import join_path, split_path
from mailconnector.app.sync.job import Job
from mailconnector.app.sync.paths import folder_paths, resolve
from mailconnector.app.sync.status import FolderStatus
from mailconnector.sync import FolderOptions, State
from mailconnector.sync.renames import Rename

OPTION_NAMES = ("mode", "minutes", "since", "max_size", "form")


@dataclass(frozen=True, slots=True)
class FolderChoice:
    """How a folder is synchronised.

    Attributes:
        path: its path; empty for the account's default.
        options: how.
        own: the names of the options that are its own; the others are the account's default.
    """

    path: tuple[str, ...]
    options: FolderOptions
    own: tuple[str, ...]


def meant_folder(job: Job, wanted: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """Return the path of the folder that a user means, and whether there is one, as far as anybody knows yet.

    Raises:
        StateError: the state file cannot be used.
    """
    if not wanted or not job.state_path.exists():
        return wanted, True
    with closing(State(str(job.state_path))) as state:
        path = resolve(state, wanted)
        known = set(folder_paths(state).values())
        return path, path in known or not known


def folder_choice(account: Account, path: tuple[str, ...]) -> FolderChoice:
    """Return how a folder is synchronised, or for an empty path how all are that have no options of their own."""
    settings = account.settings()
    if not path:
        table: Any = account.sync
        options = settings.default
    else:
        table = next((found for name, found in account.folders.items() if split_path(name) == path), None)
        options = settings.options(path)
    return FolderChoice(path, options, tuple(name for name in OPTION_NAMES if getattr(table, name, None) is not None))


def set_folder_options(profile: Profile, account: Account, path: tuple[str, ...], values: Mapping[str, Any]) -> Account:
    """Write options of a folder into the profile, its comments kept, and return the account as it is then.

    Args:
        profile: the profile.
        account: whose folder.
        path: which; empty for the account's default.
        values: by their names in `OPTION_NAMES`; None takes the folder's own away, so that the default holds.

    Raises:
        ProfileError: a value is not as it has to be; nothing was changed.
        ProfileLockedError: another program is changing the profile.
        AppDiskError: the system refused.
    """
    spelled = next((name for name in account.folders if split_path(name) == path), join_path(path))
    table = ("folders", spelled) if path else ("sync",)
    with Profile.change(profile.path) as draft:
        for name, value in values.items():
            draft.set(account.key, (*table, name), value)
    return Profile.load(profile.path).account(account.key)


def follow_renames(account: Account, renames: Iterable[Rename]) -> None:
    """Have the options of folders follow them to their new paths; those of folders in them that nobody knows, too.

    Raises:
        ProfileError: the profile cannot be changed; nothing was.
        ProfileLockedError: another program is changing the profile.
        AppDiskError: the system refused.
    """
    moved = {rename.before: rename.after for rename in renames}
    with Profile.change(account.profile) as draft:
        # What is in the file now: it may have been edited since the round began.
        names = {}
        for name in draft.folder_names(account.key):
            path = split_path(name)
            above = next((path[:end] for end in range(len(path), 0, -1) if path[:end] in moved), ())
            if above:
                names[name] = join_path(moved[above] + path[len(above) :])
        draft.rename_folders(account.key, names)


def listed_folders(account: Account, known: tuple[FolderStatus, ...]) -> list[tuple[FolderChoice, FolderStatus | None]]:
    """Return the folders of an account: those known from its state, and those that only the profile names."""
    by_path: dict[tuple[str, ...], FolderStatus | None] = {folder.path: folder for folder in known}
    for name in account.folders:
        by_path.setdefault(split_path(name), None)
    return [(folder_choice(account, path), by_path[path]) for path in sorted(by_path)]
