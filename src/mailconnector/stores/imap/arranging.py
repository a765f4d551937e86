"""Moving a user's special folders between the top and the Inbox, with all that is in them.

A folder is renamed where the server does that. Where it does not, or where there is one already, its messages are moved
a folder at a time, and what is empty then goes. It may end anywhere: what was moved stays so, and what was not is found
where it was and moved by the next try. A server without MOVE copies, and may end between the copy and the deletion:
what is in the new place already is then only deleted from the old one.

A folder of which the server itself says what it is for stays where the server has it: many make it anew otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from mailconnector.imap import Fetched, ImapClient, ImapCommandError, ImapError, ImapNoError, MailboxInfo, UidSet
from mailconnector.imap.selected import SUMMARY
from mailconnector.items import FolderKind
from mailconnector.stores.imap.companions import name_for
from mailconnector.stores.imap.errors import translated
from mailconnector.stores.imap.folders import INBOX, Layout, Sorts, special_by_name, states
from mailconnector.stores.imap.kinds import (
    ENTRIES,
    KindBook,
    annotated,
    content_kind,
    listed_entries,
    told,
)
from mailconnector.sync.store import ROOT, SpecialUse

_AT_ONCE = 500  # messages moved by one command
_NAMING = (*SUMMARY, "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]")


class Where(Enum):
    """Where special folders stand: beside the Inbox, or in it."""

    BESIDE = "beside"
    UNDER = "under"


@dataclass(frozen=True, slots=True)
class Relocation:
    """A folder that is to stand elsewhere.

    Attributes:
        use: What it is for.
        source: The mailbox.
        target: Its name there.
        messages: How many are in it, those of the folders in it aside.
        is_there: There is a folder at the target; the messages join those in it.
    """

    use: SpecialUse
    source: str
    target: str
    messages: int
    is_there: bool


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How a server's special folders stand.

    Attributes:
        where: Where they are to stand.
        moves: What has to be moved for it.
        fixed: Names of those that stand elsewhere and that the server keeps there.
    """

    where: Where
    moves: tuple[Relocation, ...]
    fixed: tuple[str, ...]


class Arranger:
    """Arranges the special folders of the user who is logged in.

    Args:
        client: The session; nobody else uses it.
    """

    def __init__(self, client: ImapClient) -> None:
        self._client = client

    def plan(self, where: Where | None = None) -> Arrangement:
        """Find out what has to be moved.

        Args:
            where: Where the folders are to stand; None for where the server has the ones that it knows, and without
                any beside the Inbox.

        Raises:
            SyncError: The server refuses, or is not to be had.
        """
        try:
            return self._plan(where)
        except ImapError as error:
            raise translated(error) from error

    def carry_out(self, move: Relocation, progress: Callable[[int], None] = lambda count: None) -> None:
        """Move one folder.

        Args:
            move: Of the plan.
            progress: Told how many messages were moved, each time.

        Raises:
            SyncError: The server refuses, or the line is lost; what was moved stays so, and another try goes on.
        """
        try:
            self._relocate(move.source, move.target, progress)
            self._take_along(move.source, move.target, progress)
        except ImapError as error:
            raise translated(error, move.source) from error

    # -- planning ----------------------------------------------------------------------------------------------------

    def _plan(self, where: Where | None) -> Arrangement:
        client = self._client
        layout = Layout.of(client.mailboxes.namespaces())
        listed = client.mailboxes.list(status=True, subscriptions=False, metadata=listed_entries(client))
        infos = [info for info in listed if layout.is_own(info.name)]
        sorts = Sorts(annotated(client, infos, KindBook()), self._look)
        specials = {state.id: state.special for state in states(infos, layout, sorts) if state.special}
        known = [info for info in infos if info.name in specials and info.special_uses and info.name != INBOX]
        if where is None:
            in_inbox = [layout.split(info.name)[0] == INBOX for info in known]
            where = Where.UNDER if in_inbox and all(in_inbox) else Where.BESIDE
        wrong, right = (ROOT, INBOX) if where is Where.UNDER else (INBOX, ROOT)
        names = {info.name for info in infos}
        moves: list[Relocation] = []
        fixed: list[str] = []
        for info in infos:
            parent, name = layout.split(info.name)
            if parent != wrong or info.name == INBOX or not layout.separator or not info.selectable:
                continue
            use = specials.get(info.name) or _other(info, name, sorts)
            if use is None:
                continue
            target = layout.join(right, name)
            if info.special_uses:
                fixed.append(info.name)
            elif target != info.name:
                count = (info.status.messages if info.status else None) or 0
                moves.append(Relocation(use, info.name, target, count, target in names))
        return Arrangement(where, tuple(moves), tuple(fixed))

    def _look(self, info: MailboxInfo) -> FolderKind | None:
        if not (info.status and info.status.messages):
            return None
        with suppress(ImapCommandError):
            return content_kind(self._client, info.name)
        return None

    # -- moving ------------------------------------------------------------------------------------------------------

    def _relocate(self, source: str, target: str, progress: Callable[[int], None]) -> None:
        boxes = self._client.mailboxes
        kinds = self._kinds(source)
        subscribed = boxes.subscribed()
        self._leave()
        if not boxes.exists(target):
            try:
                boxes.rename(source, target)
            except ImapNoError:
                if not boxes.exists(target):
                    boxes.create(target)
            else:
                self._keep(target, kinds)
                self._subscribe([name for name in subscribed if name == source or self._is_in(name, source)], source,
                                target)  # fmt: skip
                return
        self._keep(target, kinds)
        self._subscribe([source], source, target)
        self._move_messages(source, target, progress)
        for child in self._children(source):
            self._relocate(child, target + child[len(source) :], progress)
        self._leave()
        if not self._children(source) and boxes.status(source).messages == 0:
            boxes.delete(source)

    def _take_along(self, source: str, target: str, progress: Callable[[int], None]) -> None:
        """Move the companion of a folder, in which its private items are, beside the folder.

        Ended before that, it is found and brought by the owner's next synchronisation (`companions.reunite`).
        """
        companion = name_for(source)
        if not self._client.mailboxes.exists(companion):
            return
        if self._client.annotations.available and told(self._kinds(companion).values()).companion is None:
            return
        self._relocate(companion, name_for(target), progress)

    def _move_messages(self, source: str, target: str, progress: Callable[[int], None]) -> None:
        client = self._client
        if not client.session.has("MOVE"):
            self._delete_moved(source, target)
        while True:
            selected = client.select(source)
            uids = UidSet.of(sorted(selected.search())[:_AT_ONCE])
            if not uids:
                return
            selected.move(uids, target)
            progress(len(list(uids)))

    def _delete_moved(self, source: str, target: str) -> None:
        """Delete messages that an earlier try has copied and not deleted."""
        there = Counter(_key(message) for message in self._client.select(target, read_only=True).fetch(None, _NAMING))
        selected = self._client.select(source)
        copied: list[int] = []
        for message in list(selected.fetch(None, _NAMING)) if there else []:
            key = _key(message)
            if message.uid and key[2:] and there[key]:
                there[key] -= 1
                copied.append(message.uid)
        if copied:
            selected.remove(UidSet.of(copied))

    def _children(self, mailbox: str) -> list[str]:
        """Return the mailboxes directly in another one."""
        layout = Layout.of(self._client.mailboxes.namespaces())
        pattern = f"{mailbox}{layout.separator}%"
        return [info.name for info in self._client.mailboxes.list(pattern, subscriptions=False) if info.selectable]

    def _is_in(self, name: str, mailbox: str) -> bool:
        return Layout.of(self._client.mailboxes.namespaces()).is_below(name, mailbox)

    def _leave(self) -> None:
        """Select nothing: servers refuse to rename or delete what is in use."""
        session = self._client.session
        if session.connection.protocol.mailbox is not None and session.has("UNSELECT"):
            session.run(session.line("UNSELECT"))

    def _kinds(self, mailbox: str) -> dict[str, bytes]:
        annotations = self._client.annotations
        with suppress(ImapCommandError):
            return annotations.get(mailbox, ENTRIES) if annotations.available else {}
        return {}

    def _keep(self, mailbox: str, kinds: dict[str, bytes]) -> None:
        """Have a mailbox be of the kinds that it was of before it was moved."""
        if kinds and self._kinds(mailbox) != kinds:
            for entry, value in kinds.items():
                with suppress(ImapCommandError):
                    self._client.annotations.set(mailbox, {entry: value})

    def _subscribe(self, mailboxes: Sequence[str], source: str, target: str) -> None:
        for name in mailboxes:
            with suppress(ImapCommandError):
                self._client.mailboxes.subscribe(name, on=False)
            with suppress(ImapCommandError):
                self._client.mailboxes.subscribe(target + name[len(source) :], on=True)


def _other(info: MailboxInfo, name: str, sorts: Sorts) -> SpecialUse | None:
    """Return what a folder is for that is not the special one, as the one that a move left behind half empty is not."""
    use = sorts.of(info).use
    if use is not None:
        return use
    named = [found for found, _ in special_by_name(name) if found.kind is not FolderKind.MAIL]
    return next((found for found in named if sorts.fits(info, found)), None)


def _key(message: Fetched) -> tuple[object, ...]:
    """Return by what a copy of a message is known; without a Message-ID it is not."""
    for name, value in message.other.items():
        if name.startswith("BODY[HEADER") and isinstance(value, bytes) and value.strip():
            return message.size, message.internal_date, value.strip()
    return message.size, message.internal_date
