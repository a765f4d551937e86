"""`mailconnector sync`, `run` and their kin on a real server and a real PST, from the outside."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from mailconnector import pst
from mailconnector.app.account.connecting import connect
from mailconnector.app.account.profile import Account
from mailconnector.app.demo import deeds, letters
from mailconnector.lab import DovecotServer
from mailconnector.lab.processes import STATE_FILE, Kept
from mailconnector.pst.care import check_file
from tests.live.accounts import (
    account_of,
    command,
    in_pst,
    messages,
    on_server,
    process,
    profile_on,
    upload,
)

FOLDERS, MESSAGES = 8, 100

needs_mbsync = pytest.mark.skipif(shutil.which("mbsync") is None, reason="mbsync (Debian's isync) is not installed")


@pytest.fixture
def user(dovecot: DovecotServer) -> str:
    return dovecot.fresh_user()


@pytest.fixture
def profile(dovecot: DovecotServer, user: str, tmp_path: Path) -> Path:
    return profile_on(dovecot, tmp_path, user)


@pytest.fixture
def account(profile: Path, user: str) -> Account:
    return account_of(profile, user)


def known_items(account: Account) -> int:
    """How many pairs of items the state file holds."""
    try:
        with closing(sqlite3.connect(f"file:{account.state_path}?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM item").fetchone()[0])
    except sqlite3.Error:
        return 0


def fill(account: Account) -> int:
    """Put messages into many folders, so that a run has many batches, and return how many they are."""
    for number in range(FOLDERS):
        upload(account, f"Folder {number}", messages(MESSAGES, first=number * MESSAGES))
    return FOLDERS * MESSAGES


def wait_for(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


@needs_mbsync
@pytest.mark.interop
def test_what_the_pst_holds_a_stranger_finds_on_the_server(profile, account, tmp_path):
    now = datetime(2026, 11, 1, 12, tzinfo=UTC)
    deeds.fill_server(account, letters.on_server(now))
    deeds.fill_pst(account, letters.in_pst(now))
    first = command("sync", "--profile", profile, "--json")
    assert first.code == 0, first.out
    (told,) = first.json["accounts"]
    assert told["verdict"] == "in_step"
    assert {"folder": "Newsletters", "side": "local", "step": "add", "count": 40} in told["done"]
    assert in_pst(account) == on_server(account, tmp_path / "one")
    for _ in deeds.change_pst(account, now):
        pass
    with connect(account) as client:
        inbox = client.select("INBOX")
        inbox.store(inbox.search(), ["\\Seen", "\\Answered"])
        client.mailboxes.rename("Newsletters", "Bücher")
    second = command("sync", "--profile", profile)
    assert second.code == 0, second.out
    held = in_pst(account)
    assert held == on_server(account, tmp_path / "two")
    assert ("Bücher",) in {path for path, _, _ in held}
    assert check_file(account.pst_path).clean
    quiet = command("sync", "--profile", profile, "--json")
    assert (quiet.code, quiet.json["accounts"][0]["done"]) == (0, [])


def test_one_account_that_is_refused_leaves_the_other_going(dovecot, tmp_path):
    users = [dovecot.fresh_user(), dovecot.fresh_user()]
    profile = profile_on(dovecot, tmp_path, *users)
    profile.write_text(profile.read_text().replace(f"secret-{users[0]}", "wrong"))
    upload(account_of(profile, users[1]), "INBOX", messages(3))
    answer = command("sync", "--profile", profile)
    assert answer.code == 6
    assert f"{users[0]}: the account is refused" in answer.out
    assert f"{users[1]}: in step" in answer.out
    assert in_pst(account_of(profile, users[1])).total() == 3
    status = command("status", "--profile", profile, "--json")
    assert status.code == 1
    assert [each["last"]["verdict"] for each in status.json["accounts"]] == ["refused", "in_step"]


@needs_mbsync
def test_killed_again_and_again_nothing_is_lost_or_doubled(profile, account, tmp_path):
    count = fill(account)
    with pst.create_store(account.pst_path, usual_folders=True):
        pass
    for least in (1, 250, 400):
        run = process("sync", "--profile", profile)
        try:
            wait_for(partial(_has_done, run, account, least))
        finally:
            run.kill()
            run.communicate()
    assert 0 < known_items(account) < count, "it was killed too late to tell anything"
    answer = command("sync", "--profile", profile)
    assert answer.code == 0, answer.out
    held = in_pst(account)
    assert held.total() == len(held) == count
    assert held == on_server(account, tmp_path / "mbsync")
    assert check_file(account.pst_path).clean


def test_a_server_that_ends_in_the_middle_and_comes_back(tmp_path):
    with _own_server() as server:
        user = server.fresh_user()
        profile = profile_on(server, tmp_path, user)
        account = account_of(profile, user)
        count = fill(account)
        answers: list[tuple[int, str]] = []
        run = threading.Thread(target=lambda: answers.append(command_in_process("sync", "--profile", profile)))
        run.start()
        wait_for(lambda: known_items(account) > 0)
        _kill(server)
        run.join(120)
        (code, out) = answers[0]
        assert code == 7, out
        assert "no connection" in out or "Failed" in out
        assert 0 < known_items(account) < count
        again = command("sync", "--profile", profile)
        assert again.code == 7
        server.start()
        assert command("sync", "--profile", profile).code == 0
        held = in_pst(account)
        assert held.total() == len(held) == count


def _has_done(run: subprocess.Popen[str], account: Account, least: int) -> bool:
    return run.poll() is not None or known_items(account) >= least


def _kill(server: DovecotServer) -> None:
    """End a server as a power failure does; asked to stop, it would first finish what it does."""
    kept = Kept.read(server.folder / STATE_FILE)
    assert kept is not None
    os.killpg(kept.server.pid, signal.SIGKILL)
    server.stop()


@contextmanager
def _own_server() -> Iterator[DovecotServer]:
    folder = Path(f"/tmp/mc-stop-{time.monotonic_ns():x}")
    server = DovecotServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def command_in_process(*arguments: object) -> tuple[int, str]:
    with process(*arguments) as run:
        out, err = run.communicate(timeout=120)
        return run.returncode, out + err


def test_held_deletions_are_listed_and_answered_by_number(profile, account):
    upload(account, "INBOX", messages(30))
    assert command("sync", "--profile", profile).code == 0
    with connect(account) as client:
        inbox = client.select("INBOX")
        inbox.remove(inbox.search())
    held = command("sync", "--profile", profile)
    assert held.code == 5
    assert "30 of 30 in the PST" in held.out
    assert "number 0" in held.out
    assert in_pst(account).total() == 30
    status = command("status", "--profile", profile, "--json")
    assert status.code == 5
    ((one,),) = [each["held"] for each in status.json["accounts"]]
    assert (one["folder"], one["deletions"]) == ("Inbox", 30)
    restored = command("sync", "--profile", profile, "--restore", one["number"])
    assert restored.code == 0, restored.out
    with connect(account) as client:
        assert client.mailboxes.status("INBOX").messages == 30
    with connect(account) as client:
        inbox = client.select("INBOX")
        inbox.remove(inbox.search())
    assert command("sync", "--profile", profile).code == 5
    assert command("sync", "--profile", profile, "--delete-held").code == 0
    assert in_pst(account).total() == 0


def test_a_dry_run_says_what_a_run_then_does(profile, account):
    upload(account, "INBOX", messages(3))
    plan = command("sync", "--profile", profile, "--dry-run")
    assert plan.code == 0
    assert "number 2" in plan.out
    assert "Nothing was changed" in plan.out
    assert command("sync", "--profile", profile).code == 0
    assert in_pst(account).total() == 3


def test_a_pst_that_another_program_has_open(profile, account):
    assert command("sync", "--profile", profile).code == 0
    with pst.open_store(account.pst_path):
        answer = command("sync", "--profile", profile)
    assert answer.code == 3
    assert "is in use by" in answer.out
    assert "Close the file there" in answer.out
    assert command("sync", "--profile", profile).code == 0


def test_a_pst_that_is_gone_is_not_taken_for_an_empty_one(profile, account):
    upload(account, "INBOX", messages(2))
    assert command("sync", "--profile", profile).code == 0
    account.pst_path.rename(account.pst_path.with_suffix(".away"))
    answer = command("sync", "--profile", profile)
    assert answer.code == 2
    assert "is gone" in answer.out
    assert not account.pst_path.exists()


def test_headers_only_and_by_day_and_all_of_it_later(profile, account, user):
    upload(account, "INBOX", [*messages(2), *messages(1, first=10, size=200_000)])
    assert command("folder", "options", user, "Inbox", "--max-size", "100KB", "--profile", profile).code == 0
    assert command("sync", "--profile", profile).code == 0
    size = account.pst_path.stat().st_size
    with pst.open_store(account.pst_path) as store:
        found = {message.subject: message.to_object() for message in store.folder_at("Inbox").messages()}
    assert set(found) == {"number 0", "number 1", "number 10"}
    assert command("folder", "options", user, "INBOX", "--max-size", "all", "--profile", profile).code == 0
    assert "No folder has this name" in command("folder", "options", user, "Nowhere", "--profile", profile).out
    assert command("sync", user, "inbox", "--profile", profile).code == 0
    assert account.pst_path.stat().st_size > size
    listed = command("folder", "list", user, "--profile", profile, "--json").json["accounts"][0]["folders"]
    assert [folder["own"] for folder in listed if folder["folder"] == "Inbox"] == [["max_size"]]


def test_the_log_tells_what_was_changed(profile, account):
    upload(account, "INBOX", messages(2))
    assert command("sync", "--profile", profile).code == 0
    lines = command("log", "--profile", profile, "--since", "1h", "--folder", "inbox", "--json").out.splitlines()
    entries = [json.loads(line) for line in lines]
    assert [(entry["step"], entry["side"], entry["title"]) for entry in entries] == [
        ("add", "local", "number 0"),
        ("add", "local", "number 1"),
    ]
    assert command("log", "--profile", profile, "--since", "2099-01-01").out == ""


class Service:
    """`mailconnector run` in a process of its own, its events read as they come."""

    def __init__(self, profile: Path) -> None:
        self.process = process("run", "--profile", profile, "--json")
        self.events: list[dict] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def ended(self, trigger: str) -> list[dict]:
        return [e for e in list(self.events) if e["event"] == "ended" and e["trigger"] == trigger]

    def stop(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        try:
            return self.process.wait(120)
        finally:
            self.process.kill()
            self.process.wait()
            self._reader.join(10)
            for stream in (self.process.stdout, self.process.stderr):
                if stream is not None:
                    stream.close()


@contextmanager
def writable(account: Account) -> Iterator[pst.Store]:
    """The PST, once the service does not have it open: what it was told last may have begun another round."""
    until = time.monotonic() + 60.0
    while True:
        try:
            opened = pst.open_store(account.pst_path, writable=True)
            break
        except pst.PstLockedError:
            assert time.monotonic() < until
            time.sleep(0.05)
    with opened as store:
        yield store


def test_run_follows_both_sides_and_ends_when_told(profile, account, user):
    upload(account, "INBOX", messages(2))
    service = Service(profile)
    try:
        wait_for(lambda: bool(service.ended("start")))
        with writable(account) as store:
            assert len(list(store.folder_at("Inbox").messages())) == 2
        # From the server: whoever delivers does so until the watch stands, which takes a moment.
        arrived = 0
        while not any(event["outcome"]["done"] for event in service.ended("push")):
            assert arrived < 100
            upload(account, "Another Folder", messages(1, first=100 + arrived))
            arrived += 1
            time.sleep(0.5)
        # From the PST.
        with writable(account) as store:
            store.folder_at("Inbox").create_folder("Made in the PST", "IPF.Note")
        with connect(account) as client:
            wait_for(lambda: client.mailboxes.exists("INBOX/Made in the PST"))
        # A face asks for a folder, beside it; a second service is turned away.
        selected = command("sync", user, "Inbox", "--selected", "--profile", profile)
        assert selected.code == 0, selected.out
        second = command_in_process("run", "--profile", profile)
        assert second[0] == 3
        assert f"in use by mailconnector (process {service.process.pid})" in second[1]
    finally:
        code = service.stop(signal.SIGTERM)
    assert code == 0
    assert command("sync", "--profile", profile).code == 0


def test_ctrl_c_ends_a_sync_between_batches(profile, account):
    count = fill(account)
    run = process("sync", "--profile", profile)
    try:
        wait_for(lambda: known_items(account) > 0 or run.poll() is not None)
        run.send_signal(signal.SIGINT)
        out, _ = run.communicate(timeout=120)
    finally:
        run.kill()
        run.wait()
    assert run.returncode == 130
    assert "the next run goes on from here" in out
    assert known_items(account) < count
    assert command("sync", "--profile", profile).code == 0
    assert in_pst(account).total() == count
