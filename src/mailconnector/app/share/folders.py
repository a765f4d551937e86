"""The folders that rights can be asked about and set on: found by the path that a user writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass

from mailconnector.app.errors import AppUsageError
from mailconnector.app.folder_path import join_path
from mailconnector.app.sync.job import Job
from mailconnector.app.sync.paths import folder_paths
from mailconnector.imap import ImapClient, MailboxInfo
from mailconnector.imap.responses import Namespaces
from mailconnector.imap.rights import Rights
from mailconnector.items import FolderKind
from mailconnector.stores.imap.companions import Companion, find
from mailconnector.stores.imap.folders import Layout, Sorts, states
from mailconnector.stores.imap.kinds import KindBook, annotated, listed_entries
from mailconnector.sync import State
from mailconnector.sync.store import SpecialUse
from mailconnector.sync.tree import Tree


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on the server.

    Attributes:
        mailbox: its full name there.
        path: the names that lead to it, as the PST has them where it is there.
        owner: its owner's login; empty for a folder of nobody in particular.
        own: it is the account's.
        mine: what the account may do with it; None where the server does not tell.
        selectable: it is a folder of its own, not just a name that others stand in.
        use: what it is for, if it is one of the account's main folders.
        kind: what sort of items it holds, as far as that is told.
        companion: where its private items are, if they are hidden from others.
    """

    mailbox: str
    path: tuple[str, ...]
    owner: str
    own: bool
    mine: Rights | None
    selectable: bool = True
    use: SpecialUse | None = None
    kind: FolderKind = FolderKind.MAIL
    companion: Companion | None = None

    @property
    def shown(self) -> str:
        """Its path as users write it."""
        return join_path(self.path)


class FolderIndex:
    """The folders that an account sees on its server.

    Args:
        folders: all of them.
        separator: what stands between their names; empty where no folder is in another.
    """

    def __init__(self, folders: Iterable[Folder], separator: str) -> None:
        self._folders = {folder.mailbox: folder for folder in folders}
        self._separator = separator

    @property
    def separator(self) -> str:
        """What stands between the names of folders; empty where no folder is in another."""
        return self._separator

    @property
    def all(self) -> list[Folder]:
        """All folders, by their paths."""
        return sorted(self._folders.values(), key=lambda folder: folder.path)

    def find(self, path: tuple[str, ...]) -> Folder:
        """Return the folder that a user means: by its path in the PST or on the server, the case of letters aside.

        Raises:
            AppUsageError: there is none.
        """
        for same in (_exact, _folded):
            for folder in self.all:
                names = tuple(folder.mailbox.split(self._separator)) if self._separator else (folder.mailbox,)
                if same(path) in (same(folder.path), same(names), same((folder.mailbox,))):
                    return folder
        raise AppUsageError(
            f"the server shows no folder {join_path(path)}",
            hint="`mailconnector share list ACCOUNT --all` shows those that it does.",
        )

    def below(self, folder: Folder) -> list[Folder]:
        """Return the folders in a folder, and in those, from the top down."""
        if not self._separator:
            return []
        start = folder.mailbox + self._separator
        found = [other for other in self._folders.values() if other.mailbox.startswith(start)]
        return sorted(found, key=lambda other: other.path)


def _exact(path: tuple[str, ...]) -> tuple[str, ...]:
    return path


def _folded(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.casefold() for name in path)


def look(client: ImapClient, job: Job, login: str) -> FolderIndex:
    """Find out which folders there are.

    Args:
        client: a session with the server.
        job: the account, whose state file knows what the folders are called in the PST.
        login: the account's login.

    Raises:
        ImapError: the server does not answer.
        StateError: the state file cannot be used.
    """
    namespaces = client.mailboxes.namespaces()
    infos = client.mailboxes.list(subscriptions=False, rights=True, metadata=listed_entries(client))
    layout = Layout.of(namespaces)
    sorts = annotated(client, infos, KindBook())
    companions = find(infos, sorts, layout, annotated=client.annotations.available)
    # A companion is no folder that anybody shares: rights on it would show what it is there to hide.
    infos = [info for info in infos if info.name not in companions.mailboxes]
    tree = Tree(states(infos, layout, Sorts(sorts)))
    local = _local_paths(job)
    found = []
    for info in infos:
        path = local.get(info.name) or (tree.path(info.name) if info.name in tree else _plain_path(info))
        own = layout.is_own(info.name)
        owner = login if own else owner_of(info.name, namespaces)
        use = tree[info.name].special if info.name in tree else None
        kind = tree[info.name].kind if info.name in tree else FolderKind.MAIL
        pair = companions.pairs.get(info.name)
        found.append(Folder(info.name, path, owner, own, info.rights, info.selectable, use, kind, pair))
    return FolderIndex(found, layout.separator)


def owner_of(mailbox: str, namespaces: Namespaces) -> str:
    """Return whose a mailbox of another namespace is: the name behind the prefix; empty where it is nobody's."""
    for space in sorted(namespaces.others, key=lambda space: -len(space.prefix)):
        if space.prefix and mailbox.startswith(space.prefix):
            rest = mailbox[len(space.prefix) :]
            return rest.split(space.separator)[0] if space.separator else rest
    return ""


def _plain_path(info: MailboxInfo) -> tuple[str, ...]:
    return tuple(filter(None, info.name.split(info.separator))) if info.separator else (info.name,)


def _local_paths(job: Job) -> Mapping[str, tuple[str, ...]]:
    """Return what the folders on the server are called in the PST, as far as they have been synchronised."""
    if not job.state_path.exists():
        return {}
    with closing(State(str(job.state_path))) as state:
        paths = folder_paths(state)
        return {pair.remote.id: paths[pair.row] for pair in state.folders() if pair.remote.id and paths.get(pair.row)}
