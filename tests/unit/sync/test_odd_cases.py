"""What happens rarely: folders that change under a run, clocks that go back, items that look like others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mailconnector.items import Mail
from mailconnector.stores.memory import MemoryStore
from mailconnector.sync import FolderError, FolderOptions, ItemError, Mode, Side, Step, Trigger, engine
from mailconnector.sync.flags import FLAGGED
from mailconnector.sync.store import FlagChange, Outcome, Status
from tests.exchange import PAIRS, Exchange, bodies, contents, exchange, folder_named, item_named, items, mail, remove

YEARS = 10 * 365 * 86400.0


@pytest.fixture(params=sorted(PAIRS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Exchange:
    return exchange(tmp_path / "state.db", request.param)


def put(store: MemoryStore, folder: str, *mails: Mail) -> None:
    for one in mails:
        store.put(folder_named(store, folder), one)
    store.barrier()


class Disturbed:
    """A store in which something happens before its first addition."""

    def __init__(self, store: MemoryStore, event: Any) -> None:
        self.store, self.event = store, event

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def add(self, folder: str, deliveries: Any) -> Any:
        event, self.event = self.event, None
        if event:
            event(folder)
        return self.store.add(folder, deliveries)


def test_a_folder_that_vanishes_in_a_run_loses_nothing(world: Exchange) -> None:
    for store in (world.local, world.remote):
        store.create_folder("", "A")
        store.barrier()
    world.settle()
    put(world.remote, "*inbox", mail(1))
    put(world.remote, "A", *map(mail, range(10, 20)))

    def vanish(folder: str) -> None:
        world.local.delete_folder(folder_named(world.local, "A"))
        world.local.barrier()

    disturbed = Disturbed(world.local, vanish)
    report = world.run(wrap=lambda store: disturbed if store is world.local else store)
    assert [type(trouble.error) for trouble in report.troubles] == [FolderError]
    assert bodies(world.local)["body 1"] == 1
    world.settle()
    assert contents(world.local) == contents(world.remote)
    assert len(bodies(world.remote)) == 11


def test_rights_that_are_taken_in_a_run_lose_nothing(world: Exchange) -> None:
    put(world.local, "*inbox", *map(mail, range(10)))

    def refuse(folder: str) -> None:
        raise FolderError("you may not write here any more", folder=folder)

    disturbed = Disturbed(world.remote, refuse)
    report = world.run(wrap=lambda store: disturbed if store is world.remote else store)
    assert report.troubles
    world.settle()
    assert contents(world.local) == contents(world.remote)
    assert len(bodies(world.remote)) == 10


def test_what_failed_under_a_wrong_clock_is_tried_again(world: Exchange) -> None:
    put(world.remote, "*inbox", mail(1))

    class Refusing(Disturbed):
        def add(self, folder: str, deliveries: Any) -> Any:
            return [Outcome(Status.FAILED, error=ItemError("not now")) for _ in deliveries]

    now = world.now
    world.now += YEARS
    assert world.run(wrap=lambda store: Refusing(store, None) if store is world.local else store).troubles
    world.now = now
    world.run()
    world.now += 2 * world.settings.retry_last
    assert world.run().done == {(Step.ADD, Side.LOCAL): 1}


def test_a_visit_by_a_wrong_clock_does_not_keep_an_interval_from_ending() -> None:
    options = FolderOptions(mode=Mode.INTERVAL, minutes=5)
    assert options.visited(Trigger.TIMER, last=YEARS, now=1000.0)
    assert not options.visited(Trigger.TIMER, last=900.0, now=1000.0)


def test_two_contents_under_one_name_stay_two(world: Exchange) -> None:
    put(world.remote, "*inbox", mail(1, "one"), mail(1, "two"))
    world.settle()
    assert bodies(world.local) == {"one": 1, "two": 1}
    inbox = folder_named(world.local, "*inbox")
    (first,) = [got.state for got in items(world.local, inbox) if getattr(got.item, "text") == "one"]  # noqa: B009
    remove(world.local, inbox, first.id)
    world.local.barrier()
    world.settle()
    assert bodies(world.remote) == {"two": 1}


def test_one_mail_in_two_folders_stays_in_both(world: Exchange) -> None:
    world.remote.create_folder("", "A")
    for folder in ("*inbox", "A"):
        put(world.remote, folder, mail(1))
    world.settle()
    inbox = folder_named(world.local, "*inbox")
    remove(world.local, inbox, item_named(world.local, inbox, 1))
    world.local.barrier()
    world.settle()
    assert [path for path, *_ in contents(world.remote)] == [("A",)]


def test_equal_mail_without_a_name_stays_as_many(world: Exchange) -> None:
    nameless = replace(mail(1), message_id="")
    put(world.remote, "*inbox", nameless, nameless)
    put(world.local, "*inbox", nameless)
    world.settle()
    assert bodies(world.local) == bodies(world.remote) == {"body 1": 2}
    for file in world.path.parent.glob("state.db*"):
        file.unlink()
    world.settle()
    assert bodies(world.local) == bodies(world.remote) == {"body 1": 2}


def test_an_item_larger_than_a_batch_goes_by_itself(tmp_path: Path) -> None:
    world = exchange(tmp_path / "state.db", "twins")
    capabilities = replace(world.local.capabilities, batch_bytes=100)
    world.local.traits = replace(world.local.traits, capabilities=capabilities)
    put(world.remote, "*inbox", mail(1), mail(2, "long " * 100), mail(3), mail(4))
    batches: list[list[int]] = []

    class Counting(Disturbed):
        def add(self, folder: str, deliveries: Any) -> Any:
            batches.append([delivery.size for delivery in deliveries])
            return self.store.add(folder, deliveries)

    world.run(wrap=lambda store: Counting(store, None) if store is world.local else store)
    assert [len(batch) for batch in batches] == [1, 1, 2]
    assert contents(world.local) == contents(world.remote)


@pytest.mark.parametrize("page", [1, 3, 7])
def test_pages_in_which_different_things_are_done(world: Exchange, page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_PAGE", page)
    put(world.remote, "*inbox", *map(mail, range(20)))
    put(world.local, "*inbox", *map(mail, range(20, 30)))
    world.settle()
    assert contents(world.local) == contents(world.remote)
    inbox = {side: folder_named(side, "*inbox") for side in (world.local, world.remote)}
    for number in range(100, 130):
        put(world.remote, "*inbox", mail(number))
        if number % 7 == 0:
            old = item_named(world.remote, inbox[world.remote], number - 100)
            expected = next(got.state.flags for got in items(world.remote, inbox[world.remote]) if got.state.id == old)
            world.remote.set_flags(inbox[world.remote], [FlagChange(old, frozenset({FLAGGED}), frozenset(), expected)])
        if number % 9 == 0:
            remove(world.remote, inbox[world.remote], item_named(world.remote, inbox[world.remote], number - 100 + 1))
            put(world.local, "*inbox", mail(number + 100))
    world.remote.barrier()
    report = world.run()
    added = sum(count for (step, _), count in report.done.items() if step is Step.ADD)
    assert added == 30 + 3
    assert report.done[Step.DELETE, Side.LOCAL] == 3
    world.settle()
    assert contents(world.local) == contents(world.remote)
