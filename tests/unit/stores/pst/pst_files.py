"""A PST file with its index, opened, closed and changed from outside, for the tests of its store."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from mailconnector import pst
from mailconnector.items import Item, Mail
from mailconnector.pst.care import check_file
from mailconnector.stores import PstStore
from mailconnector.sync.flags import FlagSet
from mailconnector.sync.identity import identify
from mailconnector.sync.store import Changes, Delivery, Fetched, ItemState, SpecialUse, Status

WHEN = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


class PstFile:
    """A PST file of a test.

    Args:
        folder: Where it is.
        format: Its variant.
    """

    def __init__(self, folder: Path, format: Literal["unicode", "ansi"] = "unicode") -> None:
        self.folder = folder
        self.path = folder / "mail.pst"
        self.index = folder / "profile" / "mail.index"
        pst.create_store(self.path, format=format, usual_folders=True).close()

    def open(self, **options: frozenset[str]) -> PstStore:
        """Open its store."""
        return PstStore.open(self.path, self.index, **options)

    def outside(self, change: Callable[[pst.Store], object]) -> None:
        """Change the closed file as another program does."""
        with pst.open_store(self.path, writable=True) as file:
            change(file)

    def keep(self, name: str) -> None:
        """Keep a copy of the file and its index."""
        kept = self.folder / name
        kept.mkdir()
        shutil.copy(self.path, kept / "mail.pst")
        for found in self.index.parent.glob("mail.index*"):
            shutil.copy(found, kept / found.name)

    def put_back(self, name: str, *, file: bool = False, index: bool = False) -> None:
        """Put a kept copy back."""
        kept = self.folder / name
        if file:
            shutil.copy(kept / "mail.pst", self.path)
        if index:
            self.lose_index()
            for found in kept.glob("mail.index*"):
                shutil.copy(found, self.index.parent / found.name)

    def lose_index(self) -> None:
        """Remove the index."""
        for found in self.index.parent.glob("mail.index*"):
            found.unlink()

    def assert_sound(self) -> None:
        """Have the file checked."""
        assert check_file(self.path).codes == frozenset()


def mail(number: int, text: str = "") -> Mail:
    """A mail by its number."""
    return Mail(subject=f"mail {number}", message_id=f"<{number}@example.org>", text=text or f"body {number}")


def delivery(item: Item, flags: FlagSet = frozenset(), *, partial: bool = False) -> Delivery:
    """An item as another store gives it."""
    return Delivery(item, flags, WHEN, 4321, identify(item), partial)


def inbox(store: PstStore) -> str:
    """The Inbox's id."""
    return next(state.id for state in store.folders() if state.special is SpecialUse.INBOX)


def put(store: PstStore, folder: str, *items: Item) -> list[ItemState]:
    """Add items, durably, and return their states."""
    outcomes = store.add(folder, [delivery(item) for item in items])
    assert [outcome.status for outcome in outcomes] == [Status.DONE] * len(items)
    store.barrier()
    return list(store.identify(folder, [outcome.id for outcome in outcomes]))


def told(found: Changes) -> tuple[dict[str, ItemState], set[str]]:
    """What an answer of `changes` names."""
    return {item.id: item for item in found.items}, set(found.vanished)


def got(store: PstStore, folder: str, id_: str) -> Mail:
    """A fetched mail."""
    (found,) = store.fetch(folder, [id_])
    assert isinstance(found, Fetched)
    assert isinstance(found.item, Mail)
    return found.item
