"""The service: keeps accounts in step for as long as it is let. What `mailconnector run` and the faces that stay use.

Each account has a thread that does its rounds one after another, and, where a folder is to follow pushes, one that
waits at the server. Between two rounds no file is open, no lock is held and nothing is kept of the last one, so the PST
is there for Outlook and the account for `mailconnector sync`.
"""

import queue
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

from mailconnector.app.sync.job import Job
from mailconnector.app.sync.round import Onlooker, Outcome, Wish, run_round
from mailconnector.app.sync.server_watch import ServerWatch
from mailconnector.app.sync.triggers import Backoff, FileWatch, due, wants_push
from mailconnector.app.sync.verdict import Verdict
from mailconnector.errors import MailConnectorError
from mailconnector.sync import Request, State, Trigger


class EventKind(Enum):
    """What the service tells of.

    Attributes:
        WATCHING: An account is being looked after; it was told why a round takes place from here on.
        BEGUN: A round begins.
        ENDED: A round has ended.
        TROUBLE: The server cannot be waited at just now.
        STOPPED: An account is no longer looked after.
    """

    WATCHING = "watching"
    BEGUN = "begun"
    ENDED = "ended"
    TROUBLE = "trouble"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that the service tells.

    Attributes:
        kind: what.
        account: whose.
        at: when, in UTC.
        trigger: of BEGUN and ENDED: why the round takes place.
        folder: of BEGUN and ENDED: the one folder that it is about; empty for all.
        outcome: of ENDED: what came of it.
        error: of TROUBLE: what is wrong.
        again: of ENDED and TROUBLE: seconds until the next try, where it failed.
    """

    kind: EventKind
    account: str
    at: datetime
    trigger: Trigger | None = None
    folder: tuple[str, ...] = ()
    outcome: Outcome | None = None
    error: MailConnectorError | None = None
    again: float | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """How long the service waits, in seconds.

    Attributes:
        look: between two looks at the PST file.
        settle: after the server told of something, for more of it.
        turn: one wait at the server.
        end: for a wait at the server to end when the service stops.
        anyway: until folders that follow pushes are looked into without one: a push may get lost with a connection.
        busy: for another program to end its round of the account.
        retry_first: after a round that failed for a reason that may pass.
        retry_last: most of these.
        refused_first: after a round that the account refused: a wrong password tried again and again locks accounts.
        refused_last: most of these.
        overdue: at least, until folders that are to be looked into at intervals are looked into.
    """

    look: float = 2.0
    settle: float = 1.0
    turn: float = 540.0
    end: float = 5.0
    anyway: float = 900.0
    busy: float = 30.0
    retry_first: float = 5.0
    retry_last: float = 900.0
    refused_first: float = 300.0
    refused_last: float = 3600.0
    overdue: float = 15.0


@dataclass(frozen=True, slots=True)
class _Call:
    trigger: Trigger
    folder: tuple[str, ...] = ()


@dataclass(slots=True)
class Service:
    """Keeps accounts in step.

    Attributes:
        jobs: The accounts.
        tell: Called with each event, from the accounts' threads, one at a time.
        times: How long it waits.
        chance: Returns a number from 0 to 1, for waits that differ.
    """

    jobs: Sequence[Job]
    tell: Callable[[Event], None] = lambda event: None
    times: Times = field(default_factory=Times)
    chance: Callable[[], float] = random.random
    _stopping: threading.Event = field(default_factory=threading.Event)
    _telling: threading.Lock = field(default_factory=threading.Lock)
    _loops: "list[_Loop]" = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin; returns at once."""
        for job in self.jobs:
            loop = _Loop(job, self.times, self._tell, self._stopping, self.chance)
            self._loops.append(loop)
            self._threads.append(threading.Thread(target=loop.run, name=f"account {job.account}"))
        for thread in self._threads:
            thread.start()

    def ask(self, account: str, folder: tuple[str, ...] = (), trigger: Trigger = Trigger.DEMAND) -> bool:
        """Ask for a round now, as a face does when the user selects a folder; tell whether there is such an account.

        Args:
            account: its name.
            folder: the one folder; empty for all.
            trigger: why.
        """
        found = [loop for loop in self._loops if loop.job.account == account]
        for loop in found:
            loop.call(_Call(trigger, folder))
        return bool(found)

    def stop(self) -> None:
        """Let rounds end at the next batch, and all else at once; returns at once. Fit for a signal handler."""
        self._stopping.set()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until all has ended; tell whether it has.

        Args:
            timeout: most seconds to wait; None for as long as it takes.
        """
        until = None if timeout is None else time.monotonic() + timeout
        for thread in self._threads:
            thread.join(None if until is None else max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _tell(self, event: Event) -> None:
        with self._telling:
            self.tell(event)


@dataclass(slots=True)
class _Loop:
    job: Job
    times: Times
    tell: Callable[[Event], None]
    stopping: threading.Event
    chance: Callable[[], float]
    _calls: "queue.SimpleQueue[_Call]" = field(default_factory=queue.SimpleQueue)
    _watch: ServerWatch | None = None
    _interval: float | None = None  # POSIX seconds
    _retry: float | None = None

    def call(self, call: _Call) -> None:
        self._calls.put(call)

    def run(self) -> None:
        file = FileWatch(self.job.local_file)
        passing = Backoff(self.times.retry_first, self.times.retry_last, self.chance)
        refused = Backoff(self.times.refused_first, self.times.refused_last, self.chance)
        calls = [_Call(Trigger.START)]
        failed: list[_Call] = []
        retry_at: float | None = None
        self._say(EventKind.WATCHING)
        try:
            while not self.stopping.is_set():
                failed = []
                changed_before = not file.is_known()
                for number, call in enumerate(calls):
                    outcome = self._round(call)
                    again = self._again(outcome, passing, refused)
                    self._say(EventKind.ENDED, trigger=call.trigger, folder=call.folder, outcome=outcome, again=again)
                    if again is not None:
                        failed = calls[number:]
                        retry_at = time.monotonic() + again
                        break
                # A round of one folder saw nothing of what somebody else may have done to others.
                if not changed_before or not all(call.folder for call in calls):
                    file.settle()
                self._plan()
                calls = self._next(file, retry_at if failed else None, failed)
        finally:
            if self._watch is not None:
                self._watch.end()
                self._watch.join(self.times.end)
            self._say(EventKind.STOPPED)

    # -- one round ---------------------------------------------------------------------------------------------------

    def _round(self, call: _Call) -> Outcome:
        self._say(EventKind.BEGUN, trigger=call.trigger, folder=call.folder)
        wish = Wish(Request(call.trigger), call.folder, self.times.busy)
        return run_round(self.job, wish, Onlooker(cancelled=self.stopping.is_set))

    def _again(self, outcome: Outcome, passing: Backoff, refused: Backoff) -> float | None:
        """Return in how many seconds to try again; None when that is not called for."""
        if outcome.verdict.passes:
            return passing.fail()
        if outcome.verdict in (Verdict.REFUSED, Verdict.UNUSABLE):
            return refused.fail()
        passing.succeed()
        refused.succeed()
        return None

    def _plan(self) -> None:
        """Find out what is to be done of itself and when, and whether to wait at the server."""
        try:
            settings = self.job.settings()
            with closing(State(str(self.job.state_path))) as state:
                found = due(state, settings, time.time())
            # A folder that cannot be visited stays overdue: it must not keep us busy.
            soonest = time.time() + self.times.overdue
            self._interval = None if found.interval is None else max(found.interval, soonest)
            push = wants_push(settings)
            anyway = time.time() + self.times.anyway if push else None
            sending = self.job.send_again() if self.job.send_again is not None else None
            sending = None if sending is None else max(sending, soonest)
            self._retry = min((at for at in (found.retry, anyway, sending) if at is not None), default=None)
        except (MailConnectorError, sqlite3.Error):
            return  # the next round says what is wrong
        if push and self._watch is None and not self.stopping.is_set():
            self._watch = ServerWatch(
                self.job.account,
                self.job.open_remote,
                lambda: self.call(_Call(Trigger.PUSH)),
                lambda error, pause: self._say(EventKind.TROUBLE, error=error, again=pause),
                backoff=Backoff(self.times.retry_first, self.times.retry_last, self.chance),
                turn=self.times.turn,
            )
            self._watch.start()
        elif not push and self._watch is not None:
            self._watch.end()
            self._watch = None

    # -- waiting -----------------------------------------------------------------------------------------------------

    def _next(self, file: FileWatch, retry_at: float | None, failed: list[_Call]) -> list[_Call]:
        """Wait until something is to be done and return it; nothing when the service stops."""
        while not self.stopping.is_set():
            called = self._called(self._pause(retry_at))
            # While the account fails, only what the user asks for is tried before its time.
            if retry_at is not None:
                wanted = [call for call in called if call.trigger in (Trigger.DEMAND, Trigger.SELECTION)]
                if wanted or time.monotonic() >= retry_at:
                    return list(dict.fromkeys([*failed, *called]))
                failed = list(dict.fromkeys([*failed, *called]))
                continue
            if called:
                return self._gathered(called)
            now = time.time()
            if self._interval is not None and now >= self._interval:
                return [_Call(Trigger.TIMER)]
            if self._retry is not None and now >= self._retry:
                return [_Call(Trigger.PUSH)]
            if file.changed():
                return [_Call(Trigger.PUSH)]
        return []

    def _pause(self, retry_at: float | None) -> float:
        pauses = [self.times.look]
        if retry_at is not None:
            pauses.append(retry_at - time.monotonic())
        pauses.extend(at - time.time() for at in (self._interval, self._retry) if at is not None and retry_at is None)
        return max(0.0, min(pauses))

    def _called(self, seconds: float) -> list[_Call]:
        """Return what was called for, waiting for it at most so many seconds."""
        found: list[_Call] = []
        until = time.monotonic() + seconds
        while not self.stopping.is_set():
            try:
                # The wait is cut up: nothing can be put into the queue by a signal handler.
                left = until - time.monotonic()
                found.append(self._calls.get(timeout=0.0 if found else max(0.0, min(left, 0.25))))
            except queue.Empty:
                if found or time.monotonic() >= until:
                    break
        return found

    def _gathered(self, calls: list[_Call]) -> list[_Call]:
        """Wait a little for more pushes: a delivery seldom comes alone. What the user asked for does not wait."""
        if all(call.trigger is Trigger.PUSH for call in calls):
            calls = [*calls, *self._called(self.times.settle)]
        return list(dict.fromkeys(calls))

    def _say(
        self,
        kind: EventKind,
        *,
        trigger: Trigger | None = None,
        folder: tuple[str, ...] = (),
        outcome: Outcome | None = None,
        error: MailConnectorError | None = None,
        again: float | None = None,
    ) -> None:
        at = datetime.now(UTC)
        self.tell(Event(kind, self.job.account, at, trigger, folder, outcome, error, again))
