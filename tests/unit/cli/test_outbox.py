"""`send` and `outbox` as a user runs them, with a server that says what a test has it say; a process that is killed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mailconnector import pst
from mailconnector.app.errors import AppUsageError
from mailconnector.app.send.fates import Fate, OutboxReport, Told
from mailconnector.app.send.ledger import NotDelivered
from mailconnector.app.sync.round import Outcome
from mailconnector.app.sync.verdict import Verdict
from mailconnector.cli.sync_report import outcome_json, print_outcome
from mailconnector.mapi import tags
from mailconnector.mapping import to_mapi
from tests.scripted_smtp import Server, hang_up, silent
from tests.unit.app.send.sending import letter
from tests.unit.cli.conftest import HOSTILE

LETTER = b"From: bob@x.example\r\nTo: carol@x.example\r\nMessage-ID: <1@x.example>\r\nSubject: Hello\r\n\r\nHi\r\n"


class Listening:
    """A submission server on a port of this machine, in plain text; it answers one session after another."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.server = Server(
            {
                "GREETING": ["220 hello"],
                "EHLO": ["250-me\r\n250-8BITMIME\r\n250 AUTH PLAIN"],
                "AUTH": ["235 welcome"],
                "DATA": ["354 go"],
                "QUIT": ["221 bye"],
            }
        )
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self.server.serve, args=(line,), daemon=True).start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._socket.close()


@pytest.fixture
def listening() -> Iterator[Listening]:
    made = Listening()
    yield made
    made.close()


@pytest.fixture
def bob(listening: Listening, tmp_path: Path) -> Path:
    """A profile with an account that sends by that server."""
    profile = tmp_path / "profile.toml"
    profile.write_text(
        '[accounts.bob]\naddress = "bob@x.example"\npst = "bob.pst"\n'
        '[accounts.bob.imap]\nhost = "127.0.0.1"\nsecret = { command = ["printf", "secret"] }\n'
        f'[accounts.bob.smtp]\nhost = "127.0.0.1"\nport = {listening.port}\nsecurity = "none"\n'
    )
    pst.create_store(tmp_path / "bob.pst", usual_folders=True).close()
    return profile


def put(profile: Path, **values: Any) -> str:
    message = to_mapi(letter(**values))
    message.properties[tags.PidTagMessageFlags] = 0x0D
    with pst.open_store(profile.parent / "bob.pst", writable=True) as store, store.transaction():
        return f"{store.folder_at('Outbox').add_message(message).nid:#x}"


def subjects(profile: Path, folder: str) -> list[str]:
    with pst.open_store(profile.parent / "bob.pst") as store:
        return [message.subject for message in store.folder_at(folder).messages()]


def test_send_a_file(run, bob, listening, tmp_path):
    file = tmp_path / "x.eml"
    file.write_bytes(LETTER)
    shown = run("send", file, "--profile", bob, "--dry-run")
    assert (shown.code, listening.server.messages) == (0, [])
    assert "carol@x.example" in shown.out and "Nothing was sent." in shown.out
    done = run("send", file, "--profile", bob)
    assert (done.code, done.out) == (0, "Sent: Hello, to carol@x.example\n")
    assert [message.count(b"Subject: Hello") for message in listening.server.messages] == [1]
    assert subjects(bob, "Sent Items") == ["Hello"]
    twice = run("send", file, "--profile", bob)
    assert (twice.code, len(listening.server.messages)) == (2, 1)
    assert "was sent already" in twice.err and "--again" in twice.err
    assert run("send", tmp_path / "none.eml", "--profile", bob).code == 2
    other = run("send", file, "--profile", bob, "--again", "--on-behalf-of", "alice@x.example")
    assert (other.code, subjects(bob, "Outbox")) == (7, [])  # nobody is there to ask who lets bob


def test_the_outbox(run, bob, listening):
    assert run("outbox", "list", "--profile", bob).out == "The Outbox is empty.\n"
    id_ = put(bob)
    listed = run("outbox", "list", "--profile", bob)
    assert listed.code == 0 and id_ in listed.out and "lies ready" in listed.out and "--outbox send" in listed.out
    listening.server.answers["RCPT"] = ["550 5.1.1 no such user"]
    refused = run("outbox", "send", "--profile", bob)
    assert refused.code == 1
    assert "Not sent: Hello" in refused.out and f"outbox retry bob {id_}" in refused.out
    told = json.loads(run("outbox", "list", "--profile", bob, "--json").out)["letters"]
    assert [(one["id"], one["fate"]) for one in told] == [(id_, "refused")]
    listening.server.answers["RCPT"] = ["250 ok"]
    assert "Sent: Hello" in run("outbox", "retry", "bob", id_, "--profile", bob).out
    assert run("outbox", "send", "--profile", bob).out == "Nothing lies ready in the Outbox.\n"
    assert run("outbox", "retry", "bob", id_, "--profile", bob).code == 2
    assert run("outbox", "gone", "bob", "much", "--profile", bob).code == 2
    back = put(bob, subject="Wait")
    assert run("outbox", "back", "bob", back, "--profile", bob).out == "Taken back: Wait\n"
    assert subjects(bob, "Drafts") == ["Wait"]


def test_what_may_have_gone_goes_again_only_by_a_clear_word(run, bob, listening):
    id_ = put(bob)
    listening.server.answers["END"] = [hang_up, "250 ok"]
    lost = run("outbox", "send", "--profile", bob)
    assert lost.code == 1
    assert "Nobody knows whether it went: Hello" in lost.out and f"outbox gone bob {id_}" in lost.out
    assert run("outbox", "send", "--profile", bob).code == 1
    asked = run("outbox", "retry", "bob", id_, "--profile", bob)
    assert asked.code == 2 and "--yes" in asked.err
    assert len(listening.server.messages) == 1
    assert run("outbox", "retry", "bob", id_, "--yes", "--profile", bob).code == 0
    assert len(listening.server.messages) == 2


def test_a_process_that_is_killed_while_it_awaits_the_answer(run, bob, listening):
    id_ = put(bob)
    listening.server.answers["END"] = [silent, "250 ok"]
    sending = subprocess.Popen(
        [sys.executable, "-m", "mailconnector", "outbox", "send", "bob", "--profile", str(bob)], env={**os.environ}
    )
    try:
        for _ in range(300):
            if listening.server.messages:
                break
            threading.Event().wait(0.1)
    finally:
        sending.kill()
        sending.wait()
    assert len(listening.server.messages) == 1
    told = run("outbox", "send", "bob", "--profile", bob, "--json")
    assert [one["fate"] for one in json.loads(told.out)["letters"]] == ["unknown"]
    assert len(listening.server.messages) == 1
    assert run("outbox", "gone", "bob", id_, "--profile", bob).code == 0
    assert (subjects(bob, "Outbox"), subjects(bob, "Sent Items")) == ([], ["Hello"])


def test_what_a_run_says_of_the_outbox(capsys):
    told = (
        Told(0x24, f"Hello {HOSTILE}", Fate.PARTLY, "<1@x>", ("carol@x",), (NotDelivered("n@x", "550 \x1b[2J no"),)),
        Told(0x44, "", Fate.WAITING, reason="nothing listens", hint="Check.", again=datetime(2026, 1, 1, tzinfo=UTC)),
    )
    outcome = Outcome("bob", datetime.now(UTC), 1.0, Verdict.PARTLY, outbox=OutboxReport(told, AppUsageError("no way")))
    print_outcome(outcome)
    out = capsys.readouterr().out
    assert "\x1b[2J" not in out and "550 \\x1b[2J no" in out
    assert "Sent in part: Hello" in out and "to carol@x" in out
    assert "Waits: (without a subject), until" in out and "nothing listens" in out
    assert "The Outbox: no way" in out
    assert [one["fate"] for one in outcome_json(outcome)["outbox"]] == ["partly", "waiting"]
    assert outcome.outbox is not None and str(outcome.outbox.problem) == "no way"
    assert outcome.done == 1
    # What is wrong with all of the account is told once.
    print_outcome(replace(outcome, error=AppUsageError("no way")))
    assert capsys.readouterr().out.count("no way") == 1
