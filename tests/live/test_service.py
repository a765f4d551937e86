"""The service on a real server and a real PST: it outlives the server, and keeps nothing of what it did."""

from __future__ import annotations

import gc
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailconnector.app.account.profile import Profile
from mailconnector.app.sync.accounts import job_for
from mailconnector.app.sync.service import Event, EventKind, Service, Times
from mailconnector.app.sync.verdict import Verdict
from mailconnector.lab import DovecotServer, LabMissingError
from mailconnector.pst import PstLockedError
from mailconnector.sync import Trigger
from tests.live.accounts import account_of, in_pst, messages, profile_on, upload

FAST = Times(look=0.2, settle=0.05, retry_first=0.2, retry_last=1.0)


@pytest.fixture
def server() -> Iterator[DovecotServer]:
    """One that may be stopped and started: its folder and ports stay."""
    folder = Path(f"/tmp/mc-service-{os.getpid()}")
    server = DovecotServer(folder)
    try:
        server.start()
    except LabMissingError as error:
        pytest.skip(f"{error} {error.hint}")
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Told:
    """The events of a service."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._changed = threading.Condition()

    def __call__(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait(self, kind: EventKind, verdict: Verdict | None = None, trigger: Trigger | None = None) -> None:
        """Wait for an event of a kind, and forget those before it."""

        def there() -> bool:
            return any(
                event.kind is kind
                and trigger in (None, event.trigger)
                and (verdict is None or (event.outcome is not None and event.outcome.verdict is verdict))
                for event in self.events
            )

        with self._changed:
            assert self._changed.wait_for(there, 120), self.events
            self.events.clear()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_it_outlives_the_server_and_keeps_nothing(server, tmp_path):
    user = server.fresh_user()
    profile = profile_on(server, tmp_path, user)
    Profile.load(profile).make_data_directory()
    account = account_of(profile, user)
    upload(account, "INBOX", messages(20))
    told = Told()
    service = Service([job_for(account)], told, FAST)
    service.start()
    try:
        told.wait(EventKind.ENDED, Verdict.IN_STEP)
        open_before = 0
        for number in range(25):
            upload(account, "INBOX", messages(1, first=100 + number))
            service.ask(user)
            told.wait(EventKind.ENDED, Verdict.IN_STEP, Trigger.DEMAND)
            if number == 5:
                gc.collect()
                open_before = descriptors()
        gc.collect()
        # A round may be under way that a push has begun: it has the PST, its index, the state and a connection open.
        assert descriptors() <= open_before + 12
        assert in_pst_soon(account) == 45
        server.stop()
        service.ask(user)
        told.wait(EventKind.ENDED, Verdict.LOST)
        server.start()
        upload(account, "INBOX", messages(1, first=500))
        told.wait(EventKind.ENDED, Verdict.IN_STEP)
        deadline = time.monotonic() + 90
        while in_pst_soon(account) < 46:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        service.stop()
        assert service.join(30), "a wait at the server would last ten minutes"
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith(("account ", "watch "))]


def in_pst_soon(account) -> int:
    """How many messages the PST holds, once nobody writes to it."""
    deadline = time.monotonic() + 90
    while True:
        try:
            return in_pst(account).total()
        except PstLockedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
