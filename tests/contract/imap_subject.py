"""Mailboxes on real servers as subjects of the contract, each with a new user."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from mailconnector.formats import render_item
from mailconnector.imap import Endpoint, ImapClient, Password, Security, UidSet, Upload
from mailconnector.items import FolderKind, Item, Mail, Sensitivity
from mailconnector.lab import MailServer
from mailconnector.stores import ImapStore
from mailconnector.stores.imap.companions import name_for
from mailconnector.stores.imap.hiding import Hiding
from mailconnector.sync.store import ROOT, Delivery, FolderState, Outcome, Replacement, SpecialUse
from mailconnector.sync.tree import Tree

SERVERS = ("dovecot", "cyrus", "cyrus_inbox", "dovecot_condstore", "dovecot_plain")
"""The fixtures of the servers, see `tests.servers`."""
SHARING = ("dovecot", "cyrus")
"""Those that a folder is shared on, and that private items are hidden on."""


def connect(server: MailServer, user: str, port: int = 0) -> ImapClient:
    """Log in, in the clear; over another port if one is given."""
    endpoint = Endpoint(server.host, port or server.imap_port, Security.PLAIN)
    return ImapClient.connect(endpoint, Password(user, server.password(user)))


@dataclass
class Mailbox:
    """A user's mailbox, and what happens to it from outside of synchronisation."""

    server: MailServer
    user: str
    port: int = 0
    stores: list[ImapStore] = field(default_factory=list)

    def open(self, *, parsers: int = 0) -> ImapStore:
        """Return a store over it; the one that was open is left as a crash leaves it."""
        for store in self.stores:
            store._line.drop()
        store = ImapStore(partial(connect, self.server, self.user, self.port), parsers=parsers, login=self.user)
        self.stores.append(store)
        return store

    def edit(self, folder: str, id_: str, item: Item) -> str:
        """Put other content in the place of a message, as mail programs do: add it, and delete the old one."""
        with connect(self.server, self.user) as client:
            mailbox = client.select(folder)
            (old,) = mailbox.fetch(UidSet.of([int(id_)]))
            flags = frozenset(flag for flag in old.flags or () if flag != "\\Recent")
            list(client.uploads.append_many(folder, [Upload(render_item(item), flags, old.internal_date)]))
            mailbox.remove(UidSet.of([int(id_)]))
            return str(max(mailbox.search()))


class SharedPlace:
    """A store whose top is a folder that somebody else shares, with all rights.

    What happens to items from outside of synchronisation is done by the owner, in a session of the owner's.
    """

    def __init__(self, store: ImapStore, top: str) -> None:
        self._store = store
        self._top = top

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def folders(self) -> list[FolderState]:
        """List what is in the shared folder."""
        found = list(self._store.folders())
        tree = Tree(found)
        return [self._here(state) for state in found if state.id != self._top and tree.is_below(state.id, self._top)]

    def fit_name(self, parent: str, name: str, *, folder: str = "") -> str:
        return self._store.fit_name(parent or self._top, name, folder=folder)

    def create_folder(
        self, parent: str, name: str, *, kind: FolderKind = FolderKind.MAIL, special: SpecialUse | None = None
    ) -> FolderState:
        return self._here(self._store.create_folder(parent or self._top, name, kind=kind, special=special))

    def move_folder(self, folder: str, parent: str, name: str) -> FolderState:
        return self._here(self._store.move_folder(folder, parent or self._top, name))

    def _here(self, state: FolderState) -> FolderState:
        return replace(state, parent=ROOT) if state.parent == self._top else state


@contextmanager
def shared_place(server: MailServer) -> Iterator[tuple[SharedPlace, Callable[[str, str, Item], str]]]:
    """A folder that a new user shares with another one, as that one's store, and a way for its owner to edit items."""
    with mailbox(server) as owner, mailbox(server) as guest:
        with connect(server, guest.user):
            pass  # some servers know a user from the first login on
        with owner.open() as store, connect(server, owner.user) as client:
            mine = store.create_folder(ROOT, "Ours").id
            client.access.grant(mine, guest.user, client.access.mine(mine))
        store = guest.open()
        (top,) = [state.id for state in store.folders() if state.owner == owner.user and state.name == "Ours"]

        def edit(folder: str, id_: str, item: Item) -> str:
            return owner.edit(mine + folder[len(top) :], id_, item)

        yield SharedPlace(store, top), edit


class HidingPlace:
    """A store each of whose folders has a companion, and every other of whose mails is private.

    Args:
        mailbox: Its mailbox.
    """

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._store = mailbox.open()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def crash(self) -> HidingPlace:
        """Open the store anew."""
        self._store = self._mailbox.open()
        self._store.folders()
        return self

    def create_folder(
        self, parent: str, name: str, *, kind: FolderKind = FolderKind.MAIL, special: SpecialUse | None = None
    ) -> FolderState:
        made = self._store.create_folder(parent, name, kind=kind, special=special)
        with connect(self._mailbox.server, self._mailbox.user) as client:
            Hiding(client, self._mailbox.user, []).hide(made.id, kind)
        return next(state for state in self._store.folders() if state.id == made.id)

    def add(self, folder: str, deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        return self._store.add(folder, [self._delivered(one) for one in deliveries])

    def replace(self, folder: str, replacements: Sequence[Replacement]) -> Sequence[Outcome]:
        changed = [replace(one, delivery=self._delivered(one.delivery)) for one in replacements]
        return self._store.replace(folder, changed)

    def edit(self, folder: str, id_: str, item: Item) -> str:
        """Put other content in the place of an item, where it is."""
        start, _, uid = id_.rpartition(".")
        place = folder if not start else name_for(folder)
        now = self._mailbox.edit(place, uid, self._marked(item))
        return f"{start}.{now}" if start else now

    def _delivered(self, one: Delivery) -> Delivery:
        return replace(one, content=self._marked(one.item))

    def _marked(self, item: Item) -> Item:
        is_odd = isinstance(item, Mail) and sum(item.message_id.encode()) % 2 == 1
        return replace(item, sensitivity=Sensitivity.PRIVATE) if isinstance(item, Mail) and is_odd else item


@contextmanager
def mailbox(server: MailServer, port: int = 0) -> Iterator[Mailbox]:
    """A new user's mailbox."""
    subject = Mailbox(server, server.fresh_user(), port)
    try:
        yield subject
    finally:
        for store in subject.stores:
            store.close()
