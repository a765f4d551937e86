"""Both sides looked at with other eyes than synchronisation's: every item of the PST beside those of the server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from mailconnector import formats, mapping, pst
from mailconnector.app.account.connecting import connect
from mailconnector.app.account.model import Account
from mailconnector.app.pst.folder_walk import walk_folders
from mailconnector.app.sync.paths import folder_paths
from mailconnector.imap import ImapClient
from mailconnector.items import FolderKind, Item
from mailconnector.mapping.container_classes import kind_of
from mailconnector.pst import Folder, Message, PstError
from mailconnector.sync import State
from mailconnector.sync.flags import flags_of
from mailconnector.sync.identity import identify

_USUAL = {"Inbox": "INBOX", "Sent Items": "Sent", "Deleted Items": "Trash"}
_IGNORED = frozenset(("\\Recent",))


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as a reader sees it.

    Attributes:
        name: its Message-ID, or what stands for it.
        digest: of its subject, bodies and attachments.
        flags: its marks.
        title: its subject.
    """

    name: str
    digest: str
    flags: frozenset[str]
    title: str


@dataclass(frozen=True, slots=True)
class FolderView:
    """A folder on both sides.

    Attributes:
        path: its names in the PST; those on the server where it is not there.
        mailbox: its name on the server; empty where it is not there.
        in_pst: how many messages the PST holds there; None where there is no such folder.
        on_server: how many the server holds; None likewise.
        differences: what is not the same on both sides, in words.
    """

    path: tuple[str, ...]
    mailbox: str
    in_pst: int | None
    on_server: int | None
    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether both sides hold the same, marks included."""
        return not self.differences


def compare(account: Account) -> tuple[FolderView, ...]:
    """Read every message of both sides of an account, and compare.

    Raises:
        PstError: the PST cannot be read.
        ImapError: the server cannot be.
        SecretError: there is no password.
    """
    kinds, local = _pst_side(account.pst_path)
    with connect(account) as client:
        mailboxes = _mailboxes(client)
        pairs = _pairs(account, list(local), mailboxes)
        kind_of_mailbox = {mailbox: kinds.get(path, FolderKind.MAIL) for path, mailbox in pairs}
        remote = {mailbox: _mailbox(client, mailbox, kind_of_mailbox[mailbox]) for mailbox in mailboxes}
    views = []
    for path, mailbox in pairs:
        # Folders that hold nothing anywhere and are not on both sides are nobody's: Outlook's journal, its outbox ...
        if not ((path in local and mailbox in remote) or local.get(path) or remote.get(mailbox)):
            continue
        here, there = local.get(path), remote.get(mailbox)
        views.append(
            FolderView(
                path,
                mailbox if there is not None else "",
                None if here is None else len(here),
                None if there is None else len(there),
                tuple(_differences(here, there)),
            )
        )
    return tuple(sorted(views, key=lambda view: view.path))


def _differences(here: list[Seen] | None, there: list[Seen] | None) -> Iterator[str]:
    if here is None:
        yield "only on the server"
        return
    if there is None:
        yield "only in the PST"
        return
    ours, theirs = Counter(here), Counter(there)
    only_here, only_there = list((ours - theirs).elements()), list((theirs - ours).elements())
    for one in list(only_here):
        twin = next((other for other in only_there if other.name == one.name), None)
        if twin is not None:
            only_here.remove(one)
            only_there.remove(twin)
            what = "marks" if twin.digest == one.digest else "content"
            yield f"{one.title}: other {what}"
    yield from (f"{one.title}: only in the PST" for one in only_here)
    yield from (f"{one.title}: only on the server" for one in only_there)


def _pairs(account: Account, local: list[tuple[str, ...]], remote: list[str]) -> list[tuple[tuple[str, ...], str]]:
    """Return which folder of the PST belongs to which mailbox, by what the state knows, else by the names."""
    found: list[tuple[tuple[str, ...], str]] = []
    if account.state_path.exists():
        with closing(State(str(account.state_path))) as state:
            paths = folder_paths(state)
            found = [(paths[pair.row], pair.remote.id or "") for pair in state.folders()]
    known_here, known_there = {path for path, _ in found}, {mailbox for _, mailbox in found}
    for path in local:
        if path not in known_here:
            mailbox = "/".join(path)
            found.append((path, _USUAL.get(mailbox, mailbox)))
            known_there.add(found[-1][1])
    return [*found, *((tuple(mailbox.split("/")), mailbox) for mailbox in remote if mailbox not in known_there)]


def _pst_side(path: Path) -> tuple[dict[tuple[str, ...], FolderKind], dict[tuple[str, ...], list[Seen]]]:
    """Return the kind of each folder, and what it holds."""
    kinds: dict[tuple[str, ...], FolderKind] = {}
    seen: dict[tuple[str, ...], list[Seen]] = {}
    with pst.open_store(path) as store:
        for walked in walk_folders(store.ipm_subtree, _raise):
            if walked.path and not walked.folder.is_search_folder:
                kinds[walked.path] = kind_of(walked.folder.container_class)
                seen[walked.path] = [_seen_in_pst(message) for message in walked.folder.messages()]
    return kinds, seen


def _raise(folder: Folder, error: PstError) -> None:
    raise error


def _seen_in_pst(message: Message) -> Seen:
    content = message.to_object()
    return _seen(mapping.from_mapi(content), flags_of(mapping.read_flags(content.properties)))


def _mailboxes(client: ImapClient) -> list[str]:
    own = client.mailboxes.list(subscriptions=False)
    return [info.name for info in own if info.selectable and not info.name.startswith(("shared/", "Public/"))]


def _mailbox(client: ImapClient, mailbox: str, kind: FolderKind) -> list[Seen]:
    selected = client.select(mailbox, read_only=True)
    return [
        _seen(formats.parse_item(message.body, kind).item, (message.flags or frozenset()) - _IGNORED)
        for message in selected.fetch(None)
        if message.body is not None
    ]


def _seen(item: Item, flags: frozenset[str]) -> Seen:
    found = identify(item)
    return Seen(found.name, found.digest, flags, found.title)
