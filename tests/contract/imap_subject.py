"""Mailboxes on real servers as subjects of the contract, each with a new user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from mailconnector.formats import render_item
from mailconnector.imap import Endpoint, ImapClient, Password, Security, UidSet, Upload
from mailconnector.items import Item
from mailconnector.lab import MailServer
from mailconnector.stores import ImapStore

SERVERS = ("dovecot", "cyrus", "cyrus_inbox", "dovecot_condstore", "dovecot_plain")
"""The fixtures of the servers, see `tests.servers`."""


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
        store = ImapStore(partial(connect, self.server, self.user, self.port), parsers=parsers)
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


@contextmanager
def mailbox(server: MailServer, port: int = 0) -> Iterator[Mailbox]:
    """A new user's mailbox."""
    subject = Mailbox(server, server.fresh_user(), port)
    try:
        yield subject
    finally:
        for store in subject.stores:
            store.close()
