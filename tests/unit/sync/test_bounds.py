"""A run holds a few batches in memory, however many items there are."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from mailconnector.stores.memory import MemoryStore, Traits
from mailconnector.sync import State, engine, sightings, synchronise
from mailconnector.sync.flags import SEEN
from mailconnector.sync.store import (
    Capabilities,
    Changes,
    Delivery,
    Failure,
    Fetched,
    Identity,
    ItemState,
    Outcome,
    SpecialUse,
    Status,
)
from tests.exchange import mail

TRAITS = Traits(capabilities=Capabilities(fetches_ahead=True, batch_items=50))


class Endless(MemoryStore):
    """A store whose items are made when they are asked for, and which keeps none of those that it is given."""

    def __init__(self, count: int, *, named: bool = False) -> None:
        super().__init__(TRAITS)
        self.count = count
        self.named = named
        self.taken = 0
        self.create_folder("", "Inbox", special=SpecialUse.INBOX)

    def changes(self, folder: str, cursor: str) -> Changes:
        everything = (self.state(number, named=False) for number in range(self.count))
        return Changes(everything, f"{self.count}", validity=super().changes(folder, "").validity)

    def state(self, number: int, *, named: bool = True) -> ItemState:
        identity = Identity(f"<{number}@example.org>", f"{number}", f"mail {number}") if named else None
        return ItemState(f"{number}", frozenset((SEEN,)), "r", 10_000, None, identity)

    def identify(self, folder: str, ids: Sequence[str]) -> Iterable[ItemState]:
        return (self.state(int(id_)) for id_ in ids)

    def fetch(self, folder: str, ids: Sequence[str], *, headers_only: bool = False) -> Iterator[Fetched | Failure]:
        return (Fetched(self.state(int(id_)), mail(int(id_))) for id_ in ids)

    def add(self, folder: str, deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        first = self.taken
        self.taken += len(deliveries)
        return [Outcome(Status.DONE, f"new {first + number}", "r") for number in range(len(deliveries))]


CASES = pytest.mark.parametrize(("here", "there"), [(0, 1), (1, 1)], ids=["copied", "linked"])


def peak_of_a_run(here: int, there: int, path: Path) -> tuple[int, int]:
    """The number of items that something was done to, and the most bytes in use."""
    local, remote = Endless(here), Endless(there)
    with State(str(path)) as state:
        tracemalloc.start()
        try:
            report = synchronise(state, local, remote)
            return sum(report.done.values()), tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


@CASES
def test_memory_is_bounded(here: int, there: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_PAGE", 100)
    monkeypatch.setattr(sightings, "PAGE", 100)
    count, peak = peak_of_a_run(2500 * here, 2500 * there, tmp_path / "state.db")
    assert count == 2500
    # One list of 2,500 titles and names would be more than that.
    assert peak < 900_000


@pytest.mark.slow
@CASES
def test_memory_is_bounded_with_200000_items(here: int, there: int, tmp_path: Path) -> None:
    count, peak = peak_of_a_run(200_000 * here, 200_000 * there, tmp_path / "state.db")
    assert count == 200_000
    assert peak < 16 << 20
