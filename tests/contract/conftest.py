"""Every kind of sync store that the contract is held against.

A kind is a function that makes an empty store. A store that needs more than memory joins by another parameter here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from mailconnector.items import Item
from mailconnector.pst.care import check_file
from mailconnector.stores.memory import MemoryStore
from mailconnector.sync import SyncStore
from tests.contract import imap_subject, pst_subject
from tests.exchange import FILE, POOR, SERVER, TWIN


@dataclass(frozen=True, slots=True)
class Subject:
    """A store to be tested.

    Attributes:
        store: The store, empty.
        edit: Changes an item's content as its user would, from outside of synchronisation; returns the item's id.
        crash: Ends the store without warning and opens it again.
    """

    store: SyncStore
    edit: Callable[[str, str, Item], str]
    crash: Callable[[], SyncStore]


def _memory(kind: str) -> Subject:
    store = MemoryStore({"file": FILE, "server": SERVER, "poor": POOR, "twin": TWIN}[kind])

    def crash() -> SyncStore:
        store.crash()
        return store

    return Subject(store, store.edit, crash)


_MEMORY = ("file", "server", "poor", "twin")


@pytest.fixture(
    params=[
        *(f"memory-{kind}" for kind in _MEMORY),
        *(f"pst-{kind}" for kind in pst_subject.FORMATS),
        *(f"imap-{server}" for server in imap_subject.SERVERS),
        *(f"shared-{server}" for server in imap_subject.SHARING),
        *(f"hiding-{server}" for server in imap_subject.SHARING),
    ]
)
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    """An empty store of each kind."""
    sort, _, kind = str(request.param).partition("-")
    if sort == "memory":
        yield _memory(kind)
        return
    if sort == "pst":
        file = pst_subject.PstFile(tmp_path, kind)
        yield Subject(cast("SyncStore", file), file.edit, file.crash)
        file.close()
        assert check_file(file.path).codes == frozenset()
        return
    if sort == "shared":
        if kind == "dovecot" and "renamed" in request.node.name:
            pytest.skip("Dovecot 2.3 leaves a folder that was renamed out of others' listings")
        with imap_subject.shared_place(request.getfixturevalue(kind)) as (place, edit):
            yield Subject(cast("SyncStore", place), edit, lambda: cast("SyncStore", place))
        return
    if sort == "hiding":
        with imap_subject.mailbox(request.getfixturevalue(kind)) as mailbox:
            hiding = imap_subject.HidingPlace(mailbox)
            yield Subject(cast("SyncStore", hiding), hiding.edit, lambda: cast("SyncStore", hiding.crash()))
        return
    with imap_subject.mailbox(request.getfixturevalue(kind)) as mailbox:
        yield Subject(mailbox.open(), mailbox.edit, mailbox.open)
