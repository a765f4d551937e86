"""One round of an account: what it reports, what it remembers, how it ends."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mailconnector.app.errors import AppInUseError, AppUsageError
from mailconnector.app.lock import held_lock
from mailconnector.app.sync.round import Count, Onlooker, Wish, run_round
from mailconnector.app.sync.status import account_status
from mailconnector.app.sync.verdict import Verdict, verdict_of_error, worst
from mailconnector.imap import ImapConnectionError, ImapLoginError
from mailconnector.pst import PstLockedError
from mailconnector.sync import AccountError, Answer, ItemError, Mode, Request, Settings, Side, StoreError
from mailconnector.sync.options import FolderOptions
from mailconnector.sync.store import Failure
from tests.exchange import contents, folder_named, item_named, remove
from tests.unit.app.sync.jobs import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_round_brings_both_sides_into_step_and_counts_by_folder(world):
    world.put(world.remote, 1, 2)
    world.put(world.local, 3)
    world.remote.create_folder("", "Projects")
    world.put(world.remote, 4, folder="Projects")
    outcome = run_round(world.job())
    assert outcome.verdict is Verdict.IN_STEP
    assert set(outcome.counts) == {
        Count("Inbox", "local", "add", 2),
        Count("Inbox", "remote", "add", 1),
        Count("Projects", "local", "add", 1),
    }
    assert outcome.report is not None
    assert [action.path for action in outcome.report.folders] == [("Projects",)]
    assert contents(world.local) == contents(world.remote)
    assert world.open == 0
    again = run_round(world.job())
    assert (again.verdict, again.counts) == (Verdict.IN_STEP, ())


def test_a_rehearsal_counts_what_would_be_done_and_does_nothing(world):
    world.put(world.remote, 1, 2)
    seen = []
    wish = Wish(Request(rehearse=True))
    outcome = run_round(world.job(), wish, Onlooker(action=lambda path, action: seen.append((path, action.step.value))))
    assert outcome.counts == (Count("Inbox", "local", "add", 2),)
    assert seen == [(("Inbox",), "add")] * 2
    assert not contents(world.local)
    assert account_status(world.job()).last is None


def test_one_folder_is_found_by_its_remote_name_and_in_any_case(world):
    run_round(world.job())
    world.put(world.remote, 1)
    world.remote.create_folder("", "Other")
    world.put(world.remote, 2, folder="Other")
    outcome = run_round(world.job(), Wish(folder=("INBOX",)))
    assert outcome.verdict is Verdict.IN_STEP
    assert outcome.counts == (Count("Inbox", "local", "add", 1),)


def test_the_folders_in_a_folder_come_along_when_wanted(world):
    above = world.local.create_folder("", "Above").id
    world.local.create_folder(world.local.create_folder(above, "In").id, "Deep")
    world.local.create_folder("", "Beside")
    run_round(world.job())
    world.put(world.local, 1, folder="Above")
    world.put(world.local, 2, folder="In")
    world.put(world.local, 3, folder="Deep")
    world.put(world.local, 4, folder="Beside")
    run_round(world.job(), Wish(folder=("above", "in")))
    assert {path for path, *_ in contents(world.remote)} == {("Above", "In")}
    run_round(world.job(), Wish(folder=("above",), subfolders=True))
    assert {path for path, *_ in contents(world.remote)} == {("Above",), ("Above", "In"), ("Above", "In", "Deep")}


def test_the_folders_in_one_that_is_left_alone_can_be_named_by_it(world):
    above = world.local.create_folder("", "Above").id
    world.local.create_folder(above, "In")
    run_round(world.job())
    world.settings = replace(world.settings, folders={("Above",): FolderOptions(mode=Mode.NEVER)})
    world.put(world.local, 1, folder="Above")
    world.put(world.local, 2, folder="In")
    assert run_round(world.job(), Wish(folder=("Above",), subfolders=True)).error is None
    assert {path for path, *_ in contents(world.remote)} == {("Above", "In")}


def test_a_folder_that_is_nowhere_is_an_error(world):
    outcome = run_round(world.job(), Wish(folder=("Nowhere",)))
    assert outcome.verdict is Verdict.UNUSABLE
    assert isinstance(outcome.error, AppUsageError)
    assert "Nowhere" in str(outcome.error)


def test_held_deletions_are_remembered_until_they_are_answered(world):
    world.settings = world.settings.__class__(default=FolderOptions(mode=Mode.PUSH))
    world.put(world.remote, *range(30))
    world.remote.create_folder("", "Other")
    world.put(world.remote, 99, folder="Other")
    run_round(world.job())
    inbox = folder_named(world.remote, "Inbox")
    for number in range(25):
        remove(world.remote, inbox, item_named(world.remote, inbox, number))
    outcome = run_round(world.job())
    assert outcome.verdict is Verdict.HELD
    assert outcome.report is not None
    (held,) = outcome.report.held
    assert (held.deletions, held.items, held.side) == (25, 30, Side.LOCAL)
    assert len(contents(world.local)) == 31
    # A round of another folder does not look at them; they wait on.
    assert run_round(world.job(), Wish(folder=("Other",))).verdict is Verdict.IN_STEP
    status = account_status(world.job())
    assert [(one.row, one.deletions) for one in status.held] == [(held.row, 25)]
    (inbox_status,) = [folder for folder in status.folders if folder.path == ("Inbox",)]
    assert (inbox_status.held, inbox_status.waiting, inbox_status.in_step) == (25, 25, False)
    answered = run_round(world.job(), Wish(Request(answers={held.row: Answer.DELETE})))
    assert answered.verdict is Verdict.IN_STEP
    assert len(contents(world.local)) == 6
    assert account_status(world.job()).held == ()


def test_restoring_brings_everything_back(world):
    world.put(world.remote, *range(30))
    run_round(world.job())
    inbox = folder_named(world.remote, "Inbox")
    for number in range(30):
        remove(world.remote, inbox, item_named(world.remote, inbox, number))
    assert run_round(world.job()).verdict is Verdict.HELD
    assert run_round(world.job(), Wish(Request(answer_all=Answer.RESTORE))).verdict is Verdict.IN_STEP
    assert len(contents(world.remote)) == 30


def test_a_failed_item_is_shown_with_its_reason_and_next_try(world, monkeypatch):
    world.put(world.remote, 1, 2)
    bad = item_named(world.remote, folder_named(world.remote, "Inbox"), 1)
    whole = world.remote.fetch

    def fetch(folder, ids, *, headers_only=False):
        for id_ in ids:
            if id_ == bad:
                yield Failure(id_, ItemError("it cannot be read", item=id_))
            else:
                yield from whole(folder, [id_], headers_only=headers_only)

    monkeypatch.setattr(world.remote, "fetch", fetch)
    outcome = run_round(world.job())
    assert outcome.verdict is Verdict.PARTLY
    assert outcome.counts == (Count("Inbox", "local", "add", 1),)
    status = account_status(world.job())
    (failed,) = status.failed
    assert (failed.folder, failed.reason, failed.attempts) == (("Inbox",), "it cannot be read", 1)
    assert status.last is not None
    assert failed.next_try > status.last.at
    assert status.last.problem == "it cannot be read"


def test_what_the_account_refuses_is_in_the_outcome_and_remembered(world):
    world.refuse = lambda: ImapLoginError("no", command="LOGIN", hint="Check the password.")
    outcome = run_round(world.job())
    assert outcome.verdict is Verdict.REFUSED
    assert world.open == 0
    last = account_status(world.job()).last
    assert last is not None
    assert (last.verdict, last.hint) == (Verdict.REFUSED, "Check the password.")
    world.refuse = None
    run_round(world.job())
    last = account_status(world.job()).last
    assert last is not None
    assert last.verdict is Verdict.IN_STEP


def test_a_stop_ends_between_batches_and_the_next_round_goes_on(world):
    world.put(world.remote, *range(40))
    world.local.traits = world.local.traits.__class__(capabilities=world.local.capabilities.__class__(batch_items=5))
    asked = iter(range(1000))
    outcome = run_round(world.job(), onlooker=Onlooker(cancelled=lambda: next(asked) > 5))
    assert outcome.verdict is Verdict.STOPPED
    assert 0 < len(contents(world.local)) < 40
    assert run_round(world.job()).verdict is Verdict.IN_STEP
    assert contents(world.local) == contents(world.remote)


def test_the_lock_names_its_holder_and_goes_with_its_process(tmp_path):
    path = tmp_path / "lock"
    program = (
        "import sys, pathlib\n"
        "from mailconnector.app.lock import held_lock\n"
        "with held_lock(pathlib.Path(sys.argv[1]), 'it'):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        name = f"it is in use by mailconnector \\(process {holder.pid}\\)"
        with pytest.raises(AppInUseError, match=name), held_lock(path, "it"):
            raise AssertionError
        holder.kill()
        holder.wait()
    with held_lock(path, "it"):
        pass


def test_a_round_waits_for_another_to_end(world):
    release = threading.Event()
    released = threading.Timer(0.3, release.set)
    held = threading.Event()

    def hold():
        with held_lock(world.job().lock_path, "it"):
            held.set()
            release.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    assert run_round(world.job()).verdict is Verdict.IN_USE
    released.start()
    assert run_round(world.job(), Wish(wait=10)).verdict is Verdict.IN_STEP
    holder.join()
    released.join()


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (StoreError("gone"), Verdict.LOST),
        (caused(StoreError("gone"), ImapConnectionError("cut")), Verdict.LOST),
        (caused(AccountError("no"), ImapLoginError("no", command="LOGIN")), Verdict.REFUSED),
        (caused(StoreError("in use"), PstLockedError("in use", owner="Outlook")), Verdict.IN_USE),
        (AppUsageError("no"), Verdict.UNUSABLE),
    ],
)
def test_what_caused_an_error_tells_how_it_ended(error, verdict):
    assert verdict_of_error(error) is verdict


def test_the_worst_verdict_counts():
    assert worst(iter((Verdict.HELD, Verdict.LOST, Verdict.IN_STEP))) is Verdict.LOST
    assert worst(iter(())) is Verdict.IN_STEP


def test_a_state_file_that_breaks_in_the_middle_is_an_outcome(world):
    job = world.job()
    whole = job.open_local

    def open_local():
        with closing(sqlite3.connect(job.state_path)) as db:
            db.execute("DROP TABLE change")
        return whole()

    outcome = run_round(replace(job, open_local=open_local))
    assert outcome.verdict is Verdict.DISK
    assert "state file" in str(outcome.error)


def test_a_number_that_nothing_held_has_is_an_error(world):
    run_round(world.job())
    outcome = run_round(world.job(), Wish(Request(answers={77: Answer.DELETE})))
    assert outcome.verdict is Verdict.UNUSABLE
    assert "number 77" in str(outcome.error)


def test_a_folder_that_is_left_alone_is_not_synchronised_by_name_either(world):
    run_round(world.job())
    world.settings = Settings(folders={("Inbox",): FolderOptions(mode=Mode.NEVER)})
    world.put(world.remote, 1)
    outcome = run_round(world.job(), Wish(folder=("inbox",)))
    assert outcome.verdict is Verdict.UNUSABLE
    assert "is left alone" in str(outcome.error)


def test_a_wish_that_cannot_be_granted_says_nothing_of_the_account(world):
    world.put(world.remote, 1)
    assert run_round(world.job()).verdict is Verdict.IN_STEP
    for wish in (Wish(Request(answers={3: Answer.DELETE})), Wish(folder=("Nowhere",))):
        outcome = run_round(world.job(), wish)
        assert outcome.verdict is Verdict.UNUSABLE
        assert isinstance(outcome.error, AppUsageError)
        last = account_status(world.job()).last
        assert last is not None
        assert (last.verdict, last.problem) == (Verdict.IN_STEP, "")
