"""A mailbox whose ids all became void: its mail is known again, and none of it is downloaded again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailconnector.imap import Upload
from mailconnector.lab import MailServer
from mailconnector.sync import Side, Step
from tests.exchange import folder_named
from tests.live.accounts import messages
from tests.live.pairs import RealExchange, real_exchange

MANY = 400


class Counting:
    """A store that counts what is read from it whole, and what is added to it."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.fetched = self.added = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def fetch(self, folder: str, ids: Any, **more: Any) -> Any:
        self.fetched += len(ids)
        return self.store.fetch(folder, ids, **more)

    def add(self, folder: str, deliveries: Any) -> Any:
        self.added += len(deliveries)
        return self.store.add(folder, deliveries)


def counted(world: RealExchange) -> tuple[list[Counting], Callable[[Any], Counting]]:
    stores: list[Counting] = []

    def wrap(store: Any) -> Counting:
        stores.append(Counting(store))
        return stores[-1]

    return stores, wrap


def recreate(world: RealExchange, name: str) -> None:
    """Put another mailbox with the same messages in the place of one, as a move to another server does."""
    client = world.remote._line.client  # type: ignore[attr-defined]
    aside = name.replace("Many", "Aside")
    client.mailboxes.create(aside)
    old = client.select(name)
    old.copy(old.search(), aside)
    old.close()
    client.mailboxes.delete(name)
    client.mailboxes.rename(aside, name)


@pytest.mark.parametrize("many", [MANY, pytest.param(5000, marks=pytest.mark.slow)])
def test_nothing_is_downloaded_again(mail_server: MailServer, many: int, tmp_path: Path) -> None:
    world = real_exchange(tmp_path, mail_server)
    try:
        folder = world.remote.create_folder("", "Many").id
        uploads = (Upload(data) for data in messages(many, size=200))
        client = world.remote._line.client  # type: ignore[attr-defined]
        assert not any(one.error for one in client.uploads.append_many(folder, uploads))
        assert world.run().done == {(Step.ADD, Side.LOCAL): many}
        before = {state.name: state.validity for state in world.remote.folders()}
        recreate(world, folder)
        after = {state.name: state.validity for state in world.remote.folders()}
        assert before["Many"] != after["Many"]
        stores, wrap = counted(world)
        report = world.run(wrap=wrap)
        assert not report.done, report
        assert not report.troubles
        assert [(store.fetched, store.added) for store in stores] == [(0, 0), (0, 0)]
        assert world.run().is_quiet
        assert sum(1 for _ in world.local.changes(folder_named(world.local, "Many"), "").items) == many
    finally:
        world.close()
