"""One round: an account is brought into step once, and what came of it is remembered for `status`."""

import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from mailconnector.app.delegate.copying import CopyReport, CopyTrouble
from mailconnector.app.errors import AppUsageError
from mailconnector.app.lock import held_lock
from mailconnector.app.send.fates import OutboxReport
from mailconnector.app.sync.counted import counted
from mailconnector.app.sync.job import Job
from mailconnector.app.sync.paths import folder_paths, resolve
from mailconnector.app.sync.remembered import LastRound, held_deletions, remember_held, remember_round
from mailconnector.app.sync.verdict import Verdict, verdict_of_error, worst
from mailconnector.errors import MailConnectorError
from mailconnector.sync import (
    Mode,
    Radius,
    Report,
    Request,
    State,
    StateError,
    Step,
    Trigger,
    Watcher,
    renames,
    synchronise,
)
from mailconnector.sync import log as sync_log
from mailconnector.sync.plan import FolderAction, ItemAction
from mailconnector.sync.report import Progress

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """What was done to the items of one folder on one side, or would be.

    Attributes:
        folder: its path, joined by "/".
        side: "local" or "remote".
        step: the value of a `Step`.
        times: how often.
    """

    folder: str
    side: str
    step: str
    times: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one round.

    Attributes:
        account: the account's name.
        at: when it began, in UTC.
        seconds: how long it took.
        verdict: how it ended.
        report: what synchronisation says of it; None when it could not begin.
        error: why it could not begin; None when it could.
        counts: what was done to items, by folder, side and step.
        copies: the meeting requests that were sent on to delegates; None where this connector does not do that.
        outbox: what became of the Outbox; None where it is left alone.
    """

    account: str
    at: datetime
    seconds: float
    verdict: Verdict
    report: Report | None = None
    error: MailConnectorError | None = None
    counts: tuple[Count, ...] = ()
    copies: CopyReport | None = None
    outbox: OutboxReport | None = None

    @property
    def done(self) -> int:
        """How many changes were made to items and folders, messages sent, and copies sent on."""
        sent = (len(self.copies.sent) if self.copies else 0) + (self.outbox.sent if self.outbox else 0)
        return sum(count.times for count in self.counts) + (len(self.report.folders) if self.report else 0) + sent


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Who looks on while a round goes on.

    Attributes:
        stage: Told what is being done while there is no progress in numbers yet.
        progress: Told how far the synchronisation is, after each batch.
        fetched: Told the bytes of each item that was read from either side. Perhaps from another thread.
        action: Told in a rehearsal of each step, with the path of the folder.
        cancelled: Asked now and then whether to end.
        clock: Returns the time, POSIX seconds.
    """

    stage: Callable[[str], None] = lambda stage: None
    progress: Callable[[Progress], None] = lambda progress: None
    fetched: Callable[[int], None] = lambda size: None
    action: Callable[[Path, ItemAction | FolderAction], None] = lambda path, action: None
    cancelled: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class Wish:
    """What a round shall do.

    Attributes:
        request: as synchronisation takes it; its `only` is left out.
        folder: the path of the one folder to visit, as a user writes it; empty for all.
        subfolders: visit the folders in it as well.
        wait: seconds to wait for another round of the same account to end.
    """

    request: Request = field(default_factory=Request)
    folder: Path = ()
    wait: float = 0.0
    subfolders: bool = False


class WishError(AppUsageError):
    """What was asked for is not there. It says nothing of the account, and `status` does not tell of it."""


def run_round(job: Job, wish: Wish | None = None, onlooker: Onlooker | None = None) -> Outcome:
    """Bring an account into step. Whatever goes wrong with the account is in the outcome and nothing is raised for it.

    Args:
        job: the account.
        wish: what to do; everything by default.
        onlooker: who looks on.
    """
    wish, onlooker = wish or Wish(), onlooker or Onlooker()
    at, begun = datetime.fromtimestamp(onlooker.clock(), UTC), time.monotonic()
    outcome = Outcome(job.account, at, 0.0, Verdict.UNUSABLE)
    try:
        with held_lock(job.lock_path, f"the account {job.account}", wait=wish.wait, cancelled=onlooker.cancelled):
            outcome = _locked_round(job, wish, onlooker, outcome, begun)
    except MailConnectorError as error:
        outcome = replace(outcome, verdict=verdict_of_error(error), error=error)
    except sqlite3.Error as error:
        trouble = StateError(
            f"the state file cannot be read or written: {error}",
            path=str(job.state_path),
            hint="See whether the disk is full, or whether another program has the file.",
        )
        outcome = replace(outcome, verdict=Verdict.DISK, error=trouble)
    return replace(outcome, seconds=time.monotonic() - begun)


def _locked_round(job: Job, wish: Wish, onlooker: Onlooker, outcome: Outcome, begun: float) -> Outcome:
    with closing(State(str(job.state_path))) as state:
        before = sync_log.mark(state)
        planned: Counter[tuple[str, str, str]] = Counter()

        def act(path: Path, action: ItemAction | FolderAction) -> None:
            if isinstance(action, ItemAction):
                planned["/".join(path), action.side.value, action.step.value] += 1
            onlooker.action(path, action)

        # First, so that the copies in Sent Items are on the server after this round.
        outbox = _outbox(job, wish, onlooker)
        outcome = replace(outcome, outbox=outbox)
        try:
            report = _synchronise(job, wish, onlooker, state, act)
            outcome = replace(outcome, report=report, verdict=_verdict_of_report(report))
        except MailConnectorError as error:
            outcome = replace(outcome, error=error, verdict=verdict_of_error(error))
        if outbox is not None and outbox.is_trouble:
            outcome = replace(outcome, verdict=worst(iter((outcome.verdict, Verdict.PARTLY))))
        done = planned if wish.request.rehearse else _done_since(state, before, outcome.report)
        counts = tuple(Count(*key, times) for key, times in done.items() if times > 0)
        if not wish.request.rehearse and not isinstance(outcome.error, WishError):
            outcome = _with_copies(job, onlooker, state, outcome)
        outcome = replace(outcome, counts=counts, seconds=time.monotonic() - begun)
        if not wish.request.rehearse and not isinstance(outcome.error, WishError):
            _remember(state, outcome)
        return outcome


def _outbox(job: Job, wish: Wish, onlooker: Onlooker) -> OutboxReport | None:
    """Send what lies ready, where that is wanted. What does not go keeps nothing else back."""
    if job.send is None or wish.request.rehearse or wish.folder:
        return None
    onlooker.stage("sending")
    return job.send(wish.request.trigger is Trigger.DEMAND, onlooker.cancelled)


def _with_copies(job: Job, onlooker: Onlooker, state: State, outcome: Outcome) -> Outcome:
    """Send meeting requests on to delegates. It needs the server and not the PST, which Outlook may have open."""
    unreachable = outcome.verdict in (Verdict.LOST, Verdict.REFUSED, Verdict.STOPPED)
    if job.copy_requests is None or unreachable:
        return outcome
    try:
        copies = job.copy_requests(state, onlooker.cancelled)
    except MailConnectorError as error:
        copies = CopyReport(troubles=(CopyTrouble("", "", error),))
    if copies is None:
        return outcome
    verdict = worst(iter((outcome.verdict, Verdict.PARTLY))) if copies.troubles else outcome.verdict
    return replace(outcome, copies=copies, verdict=verdict)


def _done_since(state: State, before: int, report: Report | None) -> Counter[tuple[str, str, str]]:
    """Return what the log tells of items; what it tells of folders is in the report."""
    done = Counter({(folder, side, step): times for folder, side, step, times in sync_log.count_since(state, before)})
    for action in report.folders if report else ():
        done["/".join(action.path), action.side.value, action.step.value] -= 1
    return done


def _synchronise(
    job: Job, wish: Wish, onlooker: Onlooker, state: State, act: Callable[[Path, ItemAction | FolderAction], None]
) -> Report:
    watcher = Watcher(act, onlooker.progress, onlooker.cancelled, onlooker.clock)
    request = wish.request
    settings = job.settings()
    if wish.folder:
        path = resolve(state, wish.folder)
        if settings.options(path).mode is Mode.NEVER and not wish.subfolders:
            raise WishError(
                f"the folder {'/'.join(path)} is left alone: its mode is never",
                hint="`mailconnector folder options` changes it.",
            )
        request = replace(request, only=frozenset((path,)), subfolders=wish.subfolders)
    _check_answers(state, request)
    with ExitStack() as stores:
        # The file first: it tells at once whether somebody else has it, and a login costs time.
        onlooker.stage("opening the PST")
        local = stores.enter_context(closing(job.open_local()))
        onlooker.stage("connecting")
        remote = stores.enter_context(closing(job.open_remote()))
        onlooker.stage("comparing folders")
        report = synchronise(
            state,
            counted(local, onlooker.fetched),
            counted(remote, onlooker.fetched),
            settings,
            request,
            watcher,
        )
    _follow(job, state, report)
    if job.announce is not None and not report.rehearsed and any(one.step is Step.MOVE for one in report.folders):
        # Whoever renamed them, here or there: to others they may be gone. It is a courtesy and not worth a failure.
        with suppress(MailConnectorError):
            job.announce()
    known = folder_paths(state).values()
    if (
        request.only
        and not report.troubles
        and not report.rehearsed
        and not any(path in known for path in request.only)
    ):
        raise WishError(
            f"there is no folder {'/'.join(wish.folder)}",
            hint="`mailconnector folder list` shows the folders.",
        )
    return report


def _follow(job: Job, state: State, report: Report) -> None:
    """Have what the user chose for folders follow them to their new paths.

    Where that is not possible now, it is tried again in the next round; until then synchronisation knows them by the
    old ones.
    """
    if report.renames and not report.rehearsed:
        with suppress(MailConnectorError):
            if job.follow is not None:
                job.follow(report.renames)
            renames.accept(state, report.renames)


def _check_answers(state: State, request: Request) -> None:
    known = {held.row for held in held_deletions(state)}
    if unknown := sorted(request.answers.keys() - known):
        raise WishError(
            f"no held deletions have the number {unknown[0]}",
            hint=f"There are: {', '.join(map(str, sorted(known)))}." if known else "None are held.",
        )


def _remember(state: State, outcome: Outcome) -> None:
    problem = outcome.error
    if problem is None and outcome.report is not None and outcome.verdict not in (Verdict.IN_STEP, Verdict.STOPPED):
        problem = next((trouble.error for trouble in outcome.report.troubles), None)
    if problem is None and outcome.outbox is not None:
        problem = outcome.outbox.problem
    if problem is None and outcome.copies is not None:
        problem = next((trouble.error for trouble in outcome.copies.troubles), None)
    remember_round(
        state,
        LastRound(
            outcome.at,
            outcome.seconds,
            outcome.verdict,
            outcome.done,
            outcome.report.bytes_moved if outcome.report else 0,
            str(problem) if problem else "",
            problem.hint if problem else "",
        ),
    )
    if outcome.report is not None:
        remember_held(state, outcome.report)


def _verdict_of_report(report: Report) -> Verdict:
    """Return how a run ended that took place."""
    found = [_verdict_of_trouble(trouble.radius, trouble.error) for trouble in report.troubles]
    if report.held:
        found.append(Verdict.HELD)
    if report.cancelled:
        found.append(Verdict.STOPPED)
    return worst(iter(found))


def _verdict_of_trouble(radius: Radius, error: Exception) -> Verdict:
    return Verdict.PARTLY if radius in (Radius.ITEM, Radius.FOLDER) else verdict_of_error(error)
