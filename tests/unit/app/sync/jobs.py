"""An account over two stores in memory, and a watch on what opens and closes them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailconnector.app.sync.job import Job
from mailconnector.errors import MailConnectorError
from mailconnector.stores.memory import MemoryStore
from mailconnector.sync import FolderOptions, Mode, Settings
from mailconnector.sync.store import SpecialUse
from tests.exchange import folder_named, mail


class Opened:
    """A memory store that was opened and is to be closed."""

    def __init__(self, store: MemoryStore, world: World) -> None:
        self._store = store
        self._world = world
        world.count(+1)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def close(self) -> None:
        self._world.count(-1)

    def interrupt(self) -> None:
        pass  # waits are short here


@dataclass
class World:
    """Two stores with an Inbox each, and an account that keeps them in step."""

    directory: Path
    local: MemoryStore = field(default_factory=MemoryStore)
    remote: MemoryStore = field(default_factory=MemoryStore)
    settings: Settings = field(default_factory=lambda: Settings(default=FolderOptions(mode=Mode.PUSH)))
    refuse: Callable[[], MailConnectorError] | None = None
    open: int = 0
    opened: int = 0
    most_open: int = 0
    local_file: Path | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        for store in (self.local, self.remote):
            store.create_folder("", "Inbox", special=SpecialUse.INBOX)

    def count(self, change: int) -> None:
        with self._lock:
            self.open += change
            self.opened += change > 0
            self.most_open = max(self.most_open, self.open)

    def job(self, name: str = "work") -> Job:
        def open_remote() -> Any:
            if self.refuse is not None:
                raise self.refuse()
            return Opened(self.remote, self)

        return Job(
            name,
            self.directory / f"{name}.sqlite",
            lambda: self.settings,
            lambda: Opened(self.local, self),
            open_remote,
            self.local_file,
        )

    def put(self, store: MemoryStore, *numbers: int, folder: str = "Inbox") -> None:
        for number in numbers:
            store.put(folder_named(store, folder), mail(number))
