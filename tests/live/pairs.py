"""A PST file and a mailbox on a real server, with the ways in which tests of synchronisation handle two stores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mailconnector.items import Item, mail_of
from mailconnector.lab import MailServer
from mailconnector.stores import ImapStore
from mailconnector.sync import Report, Request, Watcher, synchronise
from mailconnector.sync.flags import FlagSet
from mailconnector.sync.identity import identify
from mailconnector.sync.store import Delivery
from tests.contract.imap_subject import Mailbox
from tests.contract.pst_subject import PstFile
from tests.exchange import Exchange

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


class RealStore:
    """A real store with what a user does to it.

    Args:
        store: Returns the store as it is open now.
        edit: Gives an item other content, from outside of synchronisation.
    """

    def __init__(self, store: Callable[[], Any], edit: Callable[[str, str, Item], str]) -> None:
        self._store = store
        self.edit = edit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store(), name)

    def put(self, folder: str, item: Item, flags: FlagSet = frozenset(), date: datetime | None = None) -> None:
        """Add an item, as its user or a delivery does."""
        size = len(mail_of(item).text or "") + 500
        (outcome,) = self.add(folder, [Delivery(item, flags, date or WHEN, size, identify(item))])
        assert outcome.error is None, outcome.error


@dataclass
class RealExchange(Exchange):
    """A PST file, a mailbox, and a connection to it for synchronisation that its user does not share."""

    file: PstFile | None = None
    mailbox: Mailbox | None = None
    connection: ImapStore | None = None

    def run(self, *, wrap: Callable[[Any], Any] = lambda store: store, **request: Any) -> Report:
        """Synchronise once."""
        assert self.file is not None
        self.now += 1.0
        with self.opened() as state:
            return synchronise(
                state,
                wrap(self.file.store),
                wrap(self.connection),
                self.settings,
                Request(**request),
                Watcher(clock=lambda: self.now),
            )

    def crash(self) -> None:
        """End both stores as a killed process leaves them."""
        assert self.file is not None
        assert self.mailbox is not None
        self.file.crash()
        self.connection = self.mailbox.open()

    def close(self) -> None:
        """Close everything."""
        assert self.file is not None
        assert self.mailbox is not None
        self.file.close()
        for store in self.mailbox.stores:
            store.close()
        self.remote.close()  # type: ignore[attr-defined]


def real_exchange(path: Path, server: MailServer, user: str = "", format: str = "unicode") -> RealExchange:
    """A new PST file and a user's mailbox, a new user's without a name, not yet synchronised."""
    path.mkdir(parents=True, exist_ok=True)
    file = PstFile(path, format)
    mailbox = Mailbox(server, user or server.fresh_user())
    users = Mailbox(server, mailbox.user).open()
    local: Any = RealStore(lambda: file.store, file.edit)
    remote: Any = RealStore(lambda: users, mailbox.edit)
    return RealExchange(path / "state.db", local, remote, file=file, mailbox=mailbox, connection=mailbox.open())
