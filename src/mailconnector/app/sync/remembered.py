"""What a round leaves in the state file for those who ask afterwards: how it ended, and what waits for the user."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mailconnector.app.sync.verdict import Verdict
from mailconnector.sync import Radius, Report, Side, State, pairs
from mailconnector.sync.report import Held

_LAST, _IN_STEP, _HELD = "app.last_round", "app.in_step", "app.held"


@dataclass(frozen=True, slots=True)
class LastRound:
    """How the last round ended.

    Attributes:
        at: when it began, in UTC.
        seconds: how long it took.
        verdict: how it ended.
        done: changes that it made.
        bytes_moved: bytes of content that it sent to either side.
        problem: what went wrong first; empty when nothing did.
        hint: what to do about it.
    """

    at: datetime
    seconds: float
    verdict: Verdict
    done: int
    bytes_moved: int
    problem: str = ""
    hint: str = ""


def remember_round(state: State, last: LastRound) -> None:
    """Write down how a round ended."""
    value = {
        "at": last.at.timestamp(),
        "seconds": last.seconds,
        "verdict": last.verdict.value,
        "done": last.done,
        "bytes": last.bytes_moved,
        "problem": last.problem,
        "hint": last.hint,
    }
    with state.transaction():
        state.set_fact(_LAST, json.dumps(value))
        if last.verdict is Verdict.IN_STEP:
            state.set_fact(_IN_STEP, str(last.at.timestamp()))


def last_round(state: State) -> LastRound | None:
    """Return how the last round ended; None when there was none."""
    value = _load(state, _LAST, {})
    try:
        return LastRound(
            datetime.fromtimestamp(value["at"], UTC),
            value["seconds"],
            Verdict(value["verdict"]),
            value["done"],
            value["bytes"],
            value["problem"],
            value["hint"],
        )
    except (KeyError, ValueError, TypeError):
        return None


def last_in_step(state: State) -> datetime | None:
    """Return when the last round began that ended with both sides in step; None when there was none."""
    try:
        return datetime.fromtimestamp(float(state.fact(_IN_STEP)), UTC)
    except ValueError:
        return None


def remember_held(state: State, report: Report) -> None:
    """Write down which deletions wait for the user; those of folders that the round did not look at wait on."""
    found = {(held.row, held.side): held for held in report.held}
    broke_off = report.cancelled or any(t.radius in (Radius.STORE, Radius.ACCOUNT) for t in report.troubles)
    for old in held_deletions(state):
        if (old.row, old.side) not in found and (broke_off or pairs.count_deletions(state, old.row, old.side)):
            found[old.row, old.side] = old
    value = [
        {
            "row": held.row,
            "folder": list(held.folder),
            "side": held.side.value,
            "deletions": held.deletions,
            "items": held.items,
            "titles": list(held.titles),
            "emptied": held.emptied,
        }
        for held in found.values()
    ]
    with state.transaction():
        state.set_fact(_HELD, json.dumps(value))


def held_deletions(state: State) -> tuple[Held, ...]:
    """Return the deletions that wait for a word from the user."""
    try:
        return tuple(
            Held(
                each["row"],
                tuple(each["folder"]),
                Side(each["side"]),
                each["deletions"],
                each["items"],
                tuple(each["titles"]),
                each["emptied"],
            )
            for each in _load(state, _HELD, [])
        )
    except (KeyError, ValueError, TypeError):
        return ()


def _load(state: State, name: str, default: Any) -> Any:
    try:
        return json.loads(state.fact(name) or "null") or default
    except ValueError:
        return default
