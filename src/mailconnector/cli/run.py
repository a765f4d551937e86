"""`mailconnector run`: accounts are kept in step until the command is ended."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from rich.text import Text

from mailconnector.app.account.profile import Profile
from mailconnector.app.lock import held_lock
from mailconnector.app.sync.accounts import LiveProfile
from mailconnector.app.sync.service import Event, EventKind, Service
from mailconnector.app.sync.verdict import Verdict
from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.options import AnyAccount, AsJson, ProfileFile
from mailconnector.cli.sync_report import outcome_json
from mailconnector.cli.sync_words import TO_SIDE, TRIGGERS, VERDICTS, counts_text, seconds_text
from mailconnector.cli.terminal import clean, counted, print_notice, stdout


@ends_well
def run_command(
    account: AnyAccount = None,
    profile: ProfileFile = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Stay, and keep PST and server in step.

    Folders are synchronised as their modes say (`mailconnector folder options`): at the start, at intervals, or
    whenever the server or the PST changes. The PST is open only while something is synchronised, and the profile is
    read again when it was changed. A line is written for each run that did something or failed; with --json it is an
    object.

    Ends with Ctrl-C or SIGTERM, between two batches.
    """
    live = LiveProfile(Profile.load(profile))
    jobs = live.jobs(account)
    directory = live.profile.make_data_directory()
    with held_lock(directory / "run.lock", f"the profile {live.profile.path}"):
        log = _JsonLog() if as_json else _Log(terminal=stdout().is_terminal)
        service = Service(jobs, log.tell)
        with _signals(service) as told:
            if not as_json:
                print_notice(f"Keeping {_names([job.account for job in jobs])} in step. Ctrl-C ends it.")
            service.start()
            service.join()
    return ExitCode.INTERRUPTED if told.number == signal.SIGINT else ExitCode.OK


def _names(names: list[str]) -> str:
    return names[0] if len(names) == 1 else counted(len(names), "account")


@dataclass(slots=True)
class _Told:
    number: int = 0


@contextmanager
def _signals(service: Service) -> Iterator[_Told]:
    """End the service at SIGINT and SIGTERM; at the second one the process ends as it stands, which harms nothing."""
    told = _Told()

    def end(number: int, frame: FrameType | None) -> None:
        if told.number:
            raise KeyboardInterrupt
        told.number = number
        service.stop()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told
    finally:
        service.stop()
        for number, handler in before.items():
            signal.signal(number, handler)


class _JsonLog:
    """Writes each event as one JSON object on a line."""

    def tell(self, event: Event) -> None:
        """Write an event."""
        value: dict[str, Any] = {
            "event": event.kind.value,
            "account": event.account,
            "at": _stamp(event),
        }
        if event.trigger is not None:
            value |= {"trigger": event.trigger.value, "folder": "/".join(event.folder)}
        if event.outcome is not None:
            value["outcome"] = outcome_json(event.outcome)
        if event.error is not None:
            value |= {"error": str(event.error), "hint": event.error.hint}
        if event.again is not None:
            value["again"] = round(event.again, 1)
        sys.stdout.write(json.dumps(value) + "\n")
        sys.stdout.flush()


@dataclass(slots=True)
class _Log:
    """Writes a line for what is worth one.

    Attributes:
        terminal: Whether somebody looks on, for whom the hour is enough; a file gets the whole time.
    """

    terminal: bool
    _last: dict[str, tuple[Verdict, str]] = field(default_factory=dict)
    _troubled: dict[str, str] = field(default_factory=dict)

    def tell(self, event: Event) -> None:
        """Write a line about an event, or none."""
        line = self._line(event)
        if line is not None:
            stdout().print(line, soft_wrap=True)
            sys.stdout.flush()

    def _line(self, event: Event) -> Text | None:
        if event.kind is EventKind.ENDED and event.outcome is not None:
            return self._ended(event)
        if event.kind is EventKind.TROUBLE and event.error is not None:
            words = str(event.error)
            if self._troubled.get(event.account) == words:
                return None
            self._troubled[event.account] = words
            return self._start(event).append(f"cannot wait at the server: {clean(words)}{self._again(event)}")
        return None

    def _ended(self, event: Event) -> Text | None:
        outcome = event.outcome
        assert outcome is not None
        words, style = VERDICTS[outcome.verdict]
        problem = str(outcome.error) if outcome.error else ""
        if outcome.report is not None and outcome.verdict is not Verdict.IN_STEP:
            problem = next((str(trouble.error) for trouble in outcome.report.troubles), problem)
        if not problem and outcome.outbox is not None:
            problem = str(outcome.outbox.problem or "")
        if not problem and outcome.copies is not None:
            problem = next((str(trouble.error) for trouble in outcome.copies.troubles), "")
        news = (outcome.verdict, problem) != self._last.get(event.account)
        self._last[event.account] = (outcome.verdict, problem)
        if outcome.verdict is Verdict.IN_STEP and self._troubled.pop(event.account, ""):
            news = True  # the server is back
        if not news and not outcome.done:
            return None  # as before, and nothing was done
        text = self._start(event)
        if event.trigger is not None:
            text.append(f"{TRIGGERS[event.trigger]}: ")
        text.append(words, style=style)
        for side in ("local", "remote"):
            done = counts_text(count for count in outcome.counts if count.side == side and count.step != "link")
            text.append(f"; {TO_SIDE[side]}: {done}" if done else "")
        if outcome.report is not None and outcome.report.folders:
            text.append(f"; {counted(len(outcome.report.folders), 'folder change')}")
        if outcome.report is not None and outcome.report.clashes:
            text.append(f"; {counted(len(outcome.report.clashes), 'conflict')}")
        if outcome.outbox is not None and outcome.outbox.sent:
            text.append(f"; {counted(outcome.outbox.sent, 'message')} sent")
        if outcome.copies is not None and outcome.copies.sent:
            text.append(f"; {counted(len(outcome.copies.sent), 'meeting request')} sent on to delegates")
        text.append(f": {clean(problem)}" if problem else "")
        text.append(f" ({seconds_text(outcome.seconds)})", style="dim")
        return text.append(self._again(event))

    def _start(self, event: Event) -> Text:
        if self.terminal:
            text = Text().append(event.at.astimezone().strftime("%H:%M:%S "), style="dim")
            return text.append(f"{clean(event.account)}  ", style="bold")
        return Text(f"{_stamp(event)} {clean(event.account)} ")

    def _again(self, event: Event) -> str:
        return f"; next try in {seconds_text(event.again)}" if event.again is not None else ""


def _stamp(event: Event) -> str:
    return event.at.isoformat(timespec="seconds").replace("+00:00", "Z")
