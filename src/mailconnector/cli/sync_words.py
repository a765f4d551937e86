"""The words of synchronisation: what steps, conflicts and ends of rounds are called, and what the user can do."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from mailconnector.app.sync.round import Count
from mailconnector.app.sync.verdict import Verdict
from mailconnector.cli.terminal import size_text
from mailconnector.sync import Conflict, Trigger

TO_SIDE: Mapping[str, str] = {"local": "to the PST", "remote": "to the server"}
ON_SIDE: Mapping[str, str] = {"local": "in the PST", "remote": "on the server"}

# What is counted in summaries, in that order. The steps that are missing keep books only; others follow from them.
STEPS: Mapping[str, str] = {
    "add": "new",
    "replace": "changed",
    "merge": "merged",
    "move": "moved",
    "flags": "marked",
    "delete": "deleted",
    "link": "recognised",
    "keep": "put aside",
    "block": "refused",
}

LOG_STEPS: Mapping[str, str] = {
    **STEPS,
    "create": "folder made",
    "split": "both kept",
    "re-add": "brought back",
    "forget": "forgotten",
    "hide": "hidden",
    "failed": "failed",
    "kept": "kept as it came",
}

CONFLICTS: Mapping[Conflict, str] = {
    Conflict.BOTH_EDITED: "edited on both sides: both are kept, as two items",
    Conflict.MERGED: "edited on both sides: it has both edits",
    Conflict.EDIT_BEATS_DELETE: "edited on one side, deleted on the other: it came back",
    Conflict.DELETE_BEATS_FLAGS: "marked on one side, deleted on the other: it is gone",
    Conflict.REMOTE_PLACE: "moved on both sides: it is where the server has it",
    Conflict.NAME_TAKEN: "its name is taken on the other side: both sides have a new one",
    Conflict.FOLDER_STAYS: "deleted on one side, but needed on the other: it came back",
    Conflict.KEPT_ONCE: "Outlook received it as well: one of the two in the PST is gone",
    Conflict.WITHDRAWN: "it is not shared with you any more: it is gone from the PST, and nowhere else",
    Conflict.HIDDEN: "somebody else's folder, deleted in the PST: it is not shown any more, and stays on the server",
    Conflict.NOT_ALLOWED: "the server does not allow it: a copy was put aside, and the change taken back",
}

VERDICTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.IN_STEP: ("in step", "bold green"),
    Verdict.HELD: ("deletions wait for your word", "bold yellow"),
    Verdict.PARTLY: ("partly in step", "bold yellow"),
    Verdict.STOPPED: ("stopped", "bold yellow"),
    Verdict.IN_USE: ("in use", "bold red"),
    Verdict.LOST: ("no connection", "bold red"),
    Verdict.DISK: ("disk error", "bold red"),
    Verdict.REFUSED: ("the account is refused", "bold red"),
    Verdict.UNUSABLE: ("not possible", "bold red"),
}

TRIGGERS: Mapping[Trigger, str] = {
    Trigger.DEMAND: "asked for",
    Trigger.START: "start",
    Trigger.SELECTION: "selected",
    Trigger.TIMER: "interval",
    Trigger.PUSH: "change",
}


def counts_text(counts: Iterable[Count]) -> str:
    """Return what was done, as "12 new, 3 marked"; empty when it was nothing to speak of."""
    totals = dict.fromkeys(STEPS, 0)
    for count in counts:
        if count.step in totals:
            totals[count.step] += count.times
    return ", ".join(f"{times:,} {STEPS[step]}" for step, times in totals.items() if times)


def seconds_text(seconds: float) -> str:
    """Return a span as people read it."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def when_text(at: datetime, now: datetime | None = None) -> str:
    """Return a moment in local time: the hour alone where it is today."""
    here, today = at.astimezone(), (now or datetime.now(UTC)).astimezone().date()
    return here.strftime("%H:%M:%S" if here.date() == today else "%Y-%m-%d %H:%M")


def moved_text(size: int, seconds: float) -> str:
    """Return how much was sent and how fast; empty for nothing."""
    if not size:
        return ""
    return f"{size_text(size)}, {size_text(round(size / seconds))}/s" if seconds >= 0.05 else size_text(size)
