"""Two people's PST files on one mailbox: whatever both do at the same time, all three come to the same."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailconnector.stores.memory import MemoryStore
from mailconnector.sync import Answer
from mailconnector.sync.flags import FLAGGED, SEEN
from mailconnector.sync.store import FlagChange, ItemState, Removal
from tests.exchange import FILE, PAIRS, Exchange, bodies, contents, exchange, folder_named, items, mail, remove
from tests.machine import MEMORY

PEOPLE = ("owner", "delegate")
Act = tuple[str, str, int, int]

acts = st.tuples(
    st.sampled_from(PEOPLE),
    st.sampled_from(("put", "edit", "delete", "mark", "unmark", "move", "sync")),
    st.integers(0, 30),
    st.integers(0, 1),
)


class Two:
    """Two stores of their own, and one that both are kept in step with."""

    def __init__(self, directory: Path, kind: str) -> None:
        first = exchange(directory / "owner.db", kind)
        first.remote.create_folder("", "Other")
        first.remote.barrier()
        local = MemoryStore(FILE)
        local.create_folder("", "Inbox", special=next(s.special for s in first.local.folders() if s.special))
        local.barrier()
        self.serial = 0
        self.remote = first.remote
        self.exchanges = {"owner": first, "delegate": replace(first, path=directory / "delegate.db", local=local)}
        self.settle()

    def settle(self) -> None:
        for _ in range(12):
            quiet = True
            for one in self.exchanges.values():
                one.now += 100_000.0
                quiet = one.run(answer_all=Answer.DELETE).is_quiet and quiet
            if quiet:
                return
        raise AssertionError("never quiet")

    def act(self, act: Act) -> None:
        who, what, number, place = act
        one = self.exchanges[who]
        if what == "sync":
            one.now += 100_000.0
            one.run(answer_all=Answer.DELETE)
            return
        folder = folder_named(one.local, ("*inbox", "Other")[place])
        if what == "put":
            self.serial += 1
            one.local.put(folder, mail(1000 + self.serial))
        else:
            found = sorted(one.local.changes(folder, "").items, key=lambda state: state.id)
            if found:
                self._change(one, what, folder, found[number % len(found)])
        one.local.barrier()

    def _change(self, one: Exchange, what: str, folder: str, state: ItemState) -> None:
        store = one.local
        self.serial += 1
        if what == "edit":
            (got,) = [got for got in items(store, folder) if got.state.id == state.id]
            number = int(str(getattr(got.item, "message_id"))[1:].partition("@")[0])  # noqa: B009
            store.edit(folder, state.id, mail(number, f"edited {self.serial}"))
        elif what == "delete":
            remove(store, folder, state.id)
        elif what == "move":
            other = next(f.id for f in store.folders() if f.id != folder and f.name != "Not sent")
            store.move(folder, other, [Removal(state.id, state.revision)])
        else:
            flag = (SEEN, FLAGGED)[self.serial % 2]
            change = (frozenset((flag,)), frozenset()) if what == "mark" else (frozenset(), frozenset((flag,)))
            store.set_flags(folder, [FlagChange(state.id, *change, state.flags)])


def run(kind: str, scenario: Callable[[Two], None]) -> None:
    with tempfile.TemporaryDirectory(prefix="two-clients-", dir=MEMORY) as directory:
        two = Two(Path(directory), kind)
        scenario(two)
        two.settle()
        expected = contents(two.remote)
        for one in two.exchanges.values():
            assert contents(one.local) == expected


@pytest.mark.parametrize("kind", ["file-server", "file-poor"])
@given(taken=st.lists(acts, min_size=4, max_size=25))
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_two_people_do_all_come_to_the_same(kind: str, taken: list[Act]) -> None:
    def scenario(two: Two) -> None:
        for number in range(6):
            two.remote.put(folder_named(two.remote, ("*inbox", "Other")[number % 2]), mail(number))
        two.remote.barrier()
        two.settle()
        for act in taken:
            two.act(act)

    run(kind, scenario)


@pytest.mark.parametrize("kind", ["file-server", "file-poor"])
def test_no_edit_of_two_at_the_same_time_is_lost(kind: str) -> None:
    assert kind in PAIRS

    def scenario(two: Two) -> None:
        two.remote.put(folder_named(two.remote, "*inbox"), mail(1))
        two.remote.barrier()
        two.settle()
        for who, one in two.exchanges.items():
            folder = folder_named(one.local, "*inbox")
            (got,) = items(one.local, folder)
            one.local.edit(folder, got.state.id, mail(1, f"by the {who}"))
            one.local.barrier()
        two.settle()
        assert bodies(two.remote) == {"by the owner": 1, "by the delegate": 1}

    run(kind, scenario)
