"""Somebody else's folders in memory: a server of which a user sees what is shared, and the user."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mailconnector.stores.memory import MemoryStore
from mailconnector.sync import FolderError
from mailconnector.sync.store import ROOT, FolderState, Rights
from tests.exchange import Exchange, contents, exchange, folder_named, mail

MAY_READ = Rights.FLAGS
MAY_EDIT = Rights.ADD | Rights.DELETE | Rights.FLAGS


@dataclass
class Shared:
    """A server of which a user sees the folders that are shared with him."""

    store: MemoryStore
    withheld: set[str] = field(default_factory=set)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def _out(self, folder: str) -> bool:
        while folder != ROOT:
            if folder in self.withheld:
                return True
            folder = {state.id: state for state in self.store.folders()}[folder].parent
        return False

    def folders(self) -> list[FolderState]:
        return [state for state in self.store.folders() if not self._out(state.id)]

    def _refuse(self, name: str, folder: str, *arguments: Any, **keywords: Any) -> Any:
        if self._out(folder):
            raise FolderError("no such folder", folder=folder)
        return getattr(self.store, name)(folder, *arguments, **keywords)

    def changes(self, folder: str, cursor: str) -> Any:
        return self._refuse("changes", folder, cursor)

    def add(self, folder: str, deliveries: Any) -> Any:
        return self._refuse("add", folder, deliveries)


@dataclass
class Guest:
    """A user to whom alice shares a folder with one below it."""

    world: Exchange
    shared: Shared

    def run(self, **request: Any) -> Any:
        self.world.now += 100_000.0  # whatever failed is due again
        return self.world.run(wrap=lambda store: self.shared if store is self.world.remote else store, **request)

    def settle(self) -> None:
        for _ in range(6):
            report = self.run()
            assert not report.troubles, report.troubles
            if report.is_quiet:
                return
        raise AssertionError(report)

    def there(self, name: str) -> str:
        return folder_named(self.world.remote, name)

    def here(self, name: str) -> str:
        return folder_named(self.world.local, name)

    def allow(self, rights: Rights) -> None:
        for name in ("Proj", "Plans"):
            self.world.remote.configure(self.there(name), rights=rights)


def new_guest(path: Path, kinds: str, count: int = 30) -> Guest:
    """A user to whom alice shares a folder with so many mails in it and a folder below, synchronised once."""
    world = exchange(path, kinds)
    store = world.remote
    top = store.create_folder(ROOT, "Shared folders").id
    owner = store.create_folder(top, "alice").id
    proj = store.create_folder(owner, "Proj").id
    plans = store.create_folder(proj, "Plans").id
    for id_ in (top, owner, proj, plans):
        state = next(one for one in store.folders() if one.id == id_)
        store.configure(id_, replace(state, owner="alice"))
    for number in range(count):
        store.put(proj, mail(number))
    store.put(plans, mail(100))
    store.put(folder_named(store, "*inbox"), mail(200))
    store.barrier()
    found = Guest(world, Shared(store))
    found.settle()
    assert contents(world.local) == contents(store)
    return found
