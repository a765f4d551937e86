"""What the commands of synchronisation say: outcomes, plans, progress, the lines of `run`, moments."""

from __future__ import annotations

import io
import json
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer

from mailconnector.app.sync.round import Count, Onlooker, Outcome, Wish, run_round
from mailconnector.app.sync.service import Event, EventKind
from mailconnector.app.sync.verdict import Verdict
from mailconnector.cli.exits import EXIT_OF_VERDICT, ExitCode, exit_code_of
from mailconnector.cli.log import _moment
from mailconnector.cli.run import _JsonLog, _Log
from mailconnector.cli.sync_plan import action_text
from mailconnector.cli.sync_progress import Rates
from mailconnector.cli.sync_report import outcome_json, print_outcome
from mailconnector.cli.sync_words import (
    CONFLICTS,
    LOG_STEPS,
    STEPS,
    TRIGGERS,
    VERDICTS,
    counts_text,
    moved_text,
    seconds_text,
    when_text,
)
from mailconnector.imap import ImapConnectionError, ImapLoginError
from mailconnector.sieve.errors import SieveProtocolError, SieveScriptError, SieveTlsError
from mailconnector.sync import Conflict, Request, State, Step, Trigger, log
from tests.exchange import folder_named, item_named, mail, remove
from tests.unit.app.sync.jobs import World
from tests.unit.cli.conftest import HOSTILE

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def shown(capsys: pytest.CaptureFixture[str], outcome: Outcome) -> str:
    print_outcome(outcome)
    return capsys.readouterr().out


def test_everything_has_words():
    assert set(VERDICTS) == set(EXIT_OF_VERDICT) == set(Verdict)
    assert set(TRIGGERS) == set(Trigger)
    assert set(CONFLICTS) == set(Conflict)
    assert set(STEPS) <= set(LOG_STEPS) <= {step.value for step in Step} | {"failed", "kept"}


def test_exit_codes_tell_the_ends_apart():
    assert len({code for verdict, code in EXIT_OF_VERDICT.items()}) == len(Verdict)
    assert exit_code_of(ImapLoginError("no", command="LOGIN")) is ExitCode.REFUSED
    assert exit_code_of(ImapConnectionError("cut")) is ExitCode.LOST
    assert exit_code_of(SieveTlsError("no")) is ExitCode.REFUSED
    assert exit_code_of(SieveProtocolError("what?")) is ExitCode.LOST
    assert exit_code_of(SieveScriptError("bad")) is ExitCode.UNUSABLE


def test_a_summary_by_folder_and_direction(world, capsys):
    world.put(world.remote, 1, 2)
    world.put(world.local, 3)
    world.remote.create_folder("", "Projects")
    out = shown(capsys, run_round(world.job()))
    assert re.search(r"^Inbox +2 new +1 new *$", out, re.MULTILINE)
    assert "Folder Projects made in the PST" in out
    assert re.search(r"^work: in step \(", out, re.MULTILINE)
    assert "  to the PST: 2 new\n" in out
    assert "  to the server: 1 new\n" in out
    assert "nothing to do" in shown(capsys, run_round(world.job()))


def test_conflicts_are_told_with_what_was_done(world, capsys):
    world.put(world.remote, 1)
    run_round(world.job())
    for store, body in ((world.local, "mine"), (world.remote, "theirs")):
        inbox = folder_named(store, "Inbox")
        store.edit(inbox, item_named(store, inbox, 1), mail(1, body))
    out = shown(capsys, run_round(world.job()))
    assert "edited on both sides: both are kept, as two items" in out


def test_items_that_are_kept_as_they_came_are_told_of_once(world, capsys, monkeypatch):
    world.put(world.remote, 1)
    fetch = world.remote.fetch

    def noticed(*args, **more):
        return (replace(got, notice="calendar: no VCALENDAR in it") for got in fetch(*args, **more))

    monkeypatch.setattr(world.remote, "fetch", noticed)
    outcome = run_round(world.job())
    assert outcome.verdict is Verdict.IN_STEP
    assert "Kept as it came: Inbox: mail 1: calendar: no VCALENDAR in it" in shown(capsys, outcome)
    assert outcome_json(outcome)["kept"] == [
        {"folder": "Inbox", "title": "mail 1", "reason": "calendar: no VCALENDAR in it"}
    ]
    assert [count.step for count in outcome.counts] == ["add"]  # it is no effect of its own
    with State(str(world.job().state_path)) as state:
        assert [entry.step for entry in log.read(state) if entry.title == "mail 1"] == ["kept", "add"]
    again = run_round(world.job())
    assert again.report is not None
    assert not again.report.notices


def test_held_deletions_are_listed_with_how_to_answer(world, capsys):
    world.put(world.remote, *range(30))
    run_round(world.job())
    inbox = folder_named(world.remote, "Inbox")
    for number in range(30):
        remove(world.remote, inbox, item_named(world.remote, inbox, number))
    outcome = run_round(world.job())
    out = shown(capsys, outcome)
    assert "30 of 30 in the PST" in out
    assert re.search(r"mail \d+, mail \d+", out)
    assert "mailconnector sync work --delete-held" in out
    assert "mailconnector sync work --restore-held" in out
    (held,) = outcome_json(outcome)["held"]
    assert (held["deletions"], held["side"], held["emptied"]) == (30, "local", True)


def test_an_account_that_is_refused_says_what_to_do(world, capsys):
    world.refuse = lambda: ImapLoginError("bad password", command="LOGIN", hint="Check the password.")
    out = shown(capsys, run_round(world.job()))
    assert out.startswith("work: the account is refused: ")
    assert "\n  Check the password.\n" in out


def test_names_that_mean_harm_do_none(world, capsys):
    for store in (world.local, world.remote):
        store.create_folder("", HOSTILE)
    world.remote.put(folder_named(world.remote, HOSTILE), replace(mail(1), subject=HOSTILE))
    lines = []
    wish = Wish(Request(rehearse=True))
    run_round(world.job(), wish, Onlooker(action=lambda path, action: lines.append(action_text(path, action).plain)))
    out = shown(capsys, run_round(world.job(name="w\x1b[2J")))
    for text in (*lines, out):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert any("[bold red]" in line for line in lines)


def test_a_plan_tells_direction_item_and_size(world):
    world.put(world.remote, 1)
    lines = []
    wish = Wish(Request(rehearse=True))
    outcome = run_round(
        world.job(), wish, Onlooker(action=lambda path, action: lines.append(action_text(path, action).plain))
    )
    (line,) = lines
    assert re.fullmatch(r"to the PST +new +Inbox: mail 1  \(2026-01-01, \d+ bytes\)", line)
    assert outcome_json(outcome)["rehearsed"] is True


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ((), ""),
        ((Count("a", "local", "add", 1200), Count("b", "local", "add", 34)), "1,234 new"),
        ((Count("a", "local", "flags", 2), Count("a", "local", "add", 1)), "1 new, 2 marked"),
        ((Count("a", "local", "forget", 9),), ""),
    ],
)
def test_counts_in_words(counts, text):
    assert counts_text(counts) == text


def test_spans_moments_and_amounts():
    assert [seconds_text(s) for s in (0.25, 59.9, 60, 3725)] == ["0.2 s", "59.9 s", "1 min 0 s", "1 h 2 min"]
    local = NOW.astimezone()
    assert when_text(NOW, NOW) == local.strftime("%H:%M:%S")
    assert when_text(NOW - timedelta(days=400), NOW) == (local - timedelta(days=400)).strftime("%Y-%m-%d %H:%M")
    assert moved_text(0, 1.0) == ""
    assert moved_text(2048, 2.0) == "2.0 KB, 1.0 KB/s"


def test_rates_count_from_the_first_item():
    now = 100.0
    rates = Rates(clock=lambda: now)
    assert rates.text() == ""
    rates.take(1000)
    now = 102.0
    for _ in range(199):
        rates.take(1000)
    assert rates.text() == "100 items/s, 97.7 KB/s"


@pytest.mark.parametrize(
    ("text", "ago"), [("2h", timedelta(hours=2)), ("3 d", timedelta(days=3)), ("90min", timedelta(minutes=90))]
)
def test_moments_ago(text, ago):
    found = _moment(text)
    assert found is not None
    assert abs(datetime.now(UTC) - ago - found) < timedelta(seconds=30)


def test_moments_by_date():
    assert _moment(None) is None
    assert _moment("2026-11-20 14:30") == datetime(2026, 11, 20, 14, 30).astimezone(UTC)
    assert _moment("2026-11-20T14:30+00:00") == datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
    for text in ("yesterday", "h", ""):
        with pytest.raises(typer.BadParameter):
            _moment(text)


def ended(verdict: Verdict, *counts: Count, error: ImapConnectionError | None = None, again: float | None = None):
    outcome = Outcome("work", NOW, 0.4, verdict, error=error, counts=counts)
    return Event(EventKind.ENDED, "work", NOW, Trigger.PUSH, (), outcome, again=again)


def test_run_writes_a_line_for_what_is_worth_one(capsys):
    log = _Log(terminal=False)
    quiet = ended(Verdict.IN_STEP)
    for event in (
        Event(EventKind.WATCHING, "work", NOW),
        quiet,  # the first one: it says that all is well
        quiet,
        ended(Verdict.IN_STEP, Count("Inbox", "local", "add", 2)),
        ended(Verdict.LOST, error=ImapConnectionError("cut"), again=5.0),
        ended(Verdict.LOST, error=ImapConnectionError("cut"), again=10.0),
        quiet,
        Event(EventKind.TROUBLE, "work", NOW, error=ImapConnectionError("gone"), again=2.0),
        Event(EventKind.TROUBLE, "work", NOW, error=ImapConnectionError("gone"), again=4.0),
        quiet,
        quiet,
    ):
        log.tell(event)
    assert capsys.readouterr().out.splitlines() == [
        "2026-11-26T12:00:00Z work change: in step (0.4 s)",
        "2026-11-26T12:00:00Z work change: in step; to the PST: 2 new (0.4 s)",
        "2026-11-26T12:00:00Z work change: no connection: cut (0.4 s); next try in 5.0 s",
        "2026-11-26T12:00:00Z work change: in step (0.4 s)",
        "2026-11-26T12:00:00Z work cannot wait at the server: gone; next try in 2.0 s",
        "2026-11-26T12:00:00Z work change: in step (0.4 s)",
    ]


def test_run_writes_json_lines(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    log = _JsonLog()
    log.tell(ended(Verdict.LOST, error=ImapConnectionError("cut"), again=5.0))
    log.tell(Event(EventKind.STOPPED, "work", NOW))
    first, second = (json.loads(line) for line in out.getvalue().splitlines())
    assert (first["event"], first["trigger"], first["again"]) == ("ended", "push", 5.0)
    assert first["outcome"]["verdict"] == "lost"
    assert second == {"event": "stopped", "account": "work", "at": "2026-11-26T12:00:00Z"}
