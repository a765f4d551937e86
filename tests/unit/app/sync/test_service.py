"""The service: what wakes it, how it waits, that it ends, and that it keeps nothing."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mailconnector.app.send.fates import OutboxReport
from mailconnector.app.sync.service import Event, EventKind, Service, Times
from mailconnector.app.sync.triggers import Backoff, FileWatch
from mailconnector.app.sync.verdict import Verdict
from mailconnector.imap import ImapConnectionError, ImapLoginError
from mailconnector.sync import FolderOptions, Mode, Settings, Trigger
from tests.exchange import contents
from tests.unit.app.sync.jobs import World

FAST = Times(
    look=0.02,
    settle=0.02,
    turn=0.05,
    busy=1.0,
    retry_first=0.02,
    retry_last=0.1,
    refused_first=0.02,
    refused_last=0.1,
    overdue=0.05,
)


class Told:
    """Collects events, and waits for some."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._changed = threading.Condition()

    def __call__(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def ended(self, trigger: Trigger | None = None) -> list[Event]:
        return [e for e in self.events if e.kind is EventKind.ENDED and trigger in (None, e.trigger)]

    def wait(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, 10), self.events


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def serve(told):
    """A function that starts a service; it ends with the test, in time."""
    services = []

    def start(*jobs):
        service = Service(jobs, told, FAST)
        services.append(service)
        service.start()
        return service

    yield start
    for service in services:
        service.stop()
        assert service.join(10)


def same(world: World) -> bool:
    return contents(world.local) == contents(world.remote)


def test_it_begins_with_a_round(world, told, serve):
    world.put(world.remote, 1)
    serve(world.job())
    told.wait(lambda: len(told.ended(Trigger.START)) == 1)
    assert same(world)
    assert [event.kind for event in told.events[:3]] == [EventKind.WATCHING, EventKind.BEGUN, EventKind.ENDED]


def test_a_push_is_followed_once_the_watch_stands(world, told, serve):
    serve(world.job())
    told.wait(lambda: len(told.ended(Trigger.START)) == 1)
    # What changes while nobody waits at this store is not told later, so it is changed until a push is followed.
    deadline = time.monotonic() + 20
    number = 0
    while not any(event.outcome and event.outcome.done for event in told.ended(Trigger.PUSH)):
        assert time.monotonic() < deadline
        number += 1
        world.put(world.remote, number)
        time.sleep(0.05)


def test_a_change_of_the_file_is_followed_when_it_has_come_to_rest(world, told, serve, tmp_path):
    world.local_file = tmp_path / "it.pst"
    world.local_file.write_bytes(b"1")
    serve(world.job())
    told.wait(lambda: len(told.ended(Trigger.START)) == 1)
    time.sleep(0.1)
    before = len(told.ended())
    world.put(world.local, 1)
    world.local_file.write_bytes(b"22")
    told.wait(lambda: len(told.ended()) > before and same(world))


def test_folders_at_intervals_are_looked_into_when_their_time_has_come(world, told, serve):
    world.settings = Settings(default=FolderOptions(mode=Mode.INTERVAL, minutes=0))
    serve(world.job())
    told.wait(lambda: len(told.ended(Trigger.TIMER)) >= 1)
    world.put(world.remote, 1)
    told.wait(lambda: same(world) and bool(contents(world.local)))


def test_a_face_asks_for_a_folder(world, told, serve):
    world.settings = Settings(default=FolderOptions(mode=Mode.SELECTION))
    service = serve(world.job())
    told.wait(lambda: len(told.ended()) == 1)
    world.put(world.remote, 1)
    assert service.ask("work", ("Inbox",), Trigger.SELECTION)
    told.wait(lambda: len(told.ended(Trigger.SELECTION)) == 1)
    assert same(world)
    assert not service.ask("nobody")


@pytest.mark.parametrize(
    "error", [lambda: ImapConnectionError("cut"), lambda: ImapLoginError("no", command="LOGIN")], ids=["lost", "login"]
)
def test_it_tries_again_later_each_time_and_goes_on(world, told, serve, error):
    world.refuse = error
    world.put(world.remote, 1)
    serve(world.job())
    told.wait(lambda: len(told.ended(Trigger.START)) == 3)
    assert all(event.again is not None for event in told.ended(Trigger.START))
    world.refuse = None
    told.wait(lambda: told.ended()[-1].outcome.verdict is Verdict.IN_STEP)
    assert same(world)


def test_one_account_that_fails_leaves_the_others_going(world, told, serve, tmp_path):
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other")
    world.refuse = lambda: ImapConnectionError("cut")
    other.put(other.remote, 1)
    serve(world.job("bad"), other.job("good"))
    told.wait(lambda: any(event.account == "good" for event in told.ended()))
    assert same(other)


def test_it_ends_soon_whatever_it_does(world, told):
    world.refuse = lambda: ImapConnectionError("cut")
    service = Service([world.job()], told, replace(FAST, retry_first=1000.0, retry_last=1000.0))
    service.start()
    told.wait(lambda: bool(told.ended()))
    begun = time.monotonic()
    service.stop()
    assert service.join(5)
    assert time.monotonic() - begun < 2
    assert told.events[-1].kind is EventKind.STOPPED


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors as Linux shows them")
def test_it_keeps_nothing_over_many_rounds(world, told, serve):
    service = serve(world.job())

    def rounds(count: int, first: int) -> None:
        for number in range(first, first + count):
            done = len(told.ended(Trigger.DEMAND))
            world.put(world.remote, number)
            service.ask("work")
            told.wait(lambda done=done: len(told.ended(Trigger.DEMAND)) > done)
        told.events.clear()
        gc.collect()

    def at_rest() -> int:
        # When a round has ended, its loop plans the next, with the state open, and a push may begin one.
        counts = []
        for _ in range(50):
            counts.append(descriptors())
            time.sleep(0.02)
        return min(counts)

    rounds(20, 0)
    open_before, objects_before = at_rest(), len(gc.get_objects())
    rounds(60, 1000)
    assert at_rest() <= open_before + 2
    # The 60 mails that the two stores hold now are some objects each; a round that was kept would be thousands.
    assert len(gc.get_objects()) - objects_before < 60 * 60
    assert world.most_open <= 4
    assert threading.active_count() < 10


def test_waits_grow_and_differ_and_have_an_end():
    backoff = Backoff(5.0, 60.0, chance=lambda: 1.0)
    assert [backoff.fail() for _ in range(6)] == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    backoff.succeed()
    assert backoff.fail() == 5.0
    assert Backoff(5.0, 60.0, chance=lambda: 0.0).fail() == 2.5


def test_a_file_counts_as_changed_when_it_rests(tmp_path):
    path = tmp_path / "it"
    watch = FileWatch(path)
    assert not watch.changed()
    path.write_bytes(b"1")
    assert not watch.changed()
    path.write_bytes(b"22")
    assert not watch.changed()
    assert watch.changed()
    watch.settle()
    assert not watch.changed()
    assert watch.is_known()
    path.unlink()
    assert not watch.changed()
    assert not FileWatch(None).changed()


def test_what_is_to_be_sent_later_wakes_it(world, told, serve):
    asked: list[bool] = []
    due = time.time() + 0.3

    def send(demanded, cancelled):
        asked.append(demanded)
        return OutboxReport()

    def send_again():
        return due if len(asked) < 2 else None

    # No push and no interval: nothing else would.
    world.settings = Settings(default=FolderOptions(mode=Mode.DEMAND))
    service = serve(replace(world.job(), send=send, send_again=send_again))
    told.wait(lambda: len(told.ended(Trigger.PUSH)) == 1)
    assert time.time() >= due
    service.ask("work")
    told.wait(lambda: len(told.ended(Trigger.DEMAND)) == 1)
    assert asked == [False, False, True]
