"""Sending is ended at each of its steps: nothing goes twice, nothing is taken for sent that has not gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mailconnector.app.send.delivering import Choice
from mailconnector.app.send.fates import Fate
from mailconnector.app.send.ledger import Ledger
from mailconnector.app.send.outbox import Outbox
from mailconnector.items import Address
from mailconnector.pst.messaging.session import Session
from mailconnector.smtp import SmtpClient
from tests.unit.app.send.sending import letter, new_user

# Each is a step of its own, before it and after it.
STEPS: tuple[tuple[type, str], ...] = (
    (Ledger, "put"),
    (Ledger, "settle"),
    (Outbox, "file"),
    (Outbox, "tell"),
    (Session, "commit"),
    (SmtpClient, "_send"),
    (SmtpClient, "_reply"),
)


class Killed(BaseException):
    """The program ends."""


@contextmanager
def ended_at(number: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """End the program at a step; gives the steps that were come to."""
    passed: list[str] = []

    def come_to(name: str) -> None:
        passed.append(name)
        if len(passed) == number:
            raise Killed

    def watched(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **options: Any) -> Any:
            come_to(f"before {name}")
            result = original(*arguments, **options)
            come_to(f"after {name}")
            return result

        return step

    with monkeypatch.context() as patched:
        for owner, name in STEPS:
            patched.setattr(owner, name, watched(name, getattr(owner, name)))
        yield passed


def test_ended_at_each_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people = (Address("", "carol@x.example"), Address("", "nobody@x.example"))
    fates = []
    for number in range(1, 200):
        directory = tmp_path / str(number)
        directory.mkdir()
        user = new_user(directory)
        nid = user.put(letter(to=people))
        user.answers = {"RCPT": ["250 ok", "550 no such user"]}
        with ended_at(number, monkeypatch) as passed:
            try:
                user.deliver()
                break
            except Killed:
                pass
        user.answers = {"RCPT": ["250 ok", "550 no such user"]}
        user.deliver(Choice(insist=True))
        told = user.deliver(Choice(insist=True)).letters
        where = user.folder_of(nid)
        went, notes = len(user.went), len(user.in_folder("Inbox"))
        assert went <= 1, passed
        if where == "Sent Items":
            assert (went, notes, told) == (1, 1, ()), passed
        else:
            # Held: the end of the message may have gone.
            assert (where, notes, [one.fate for one in told]) == ("Outbox", 0, [Fate.UNKNOWN]), passed
            assert passed[-1] in {
                "after put",
                "before _send",
                "after _send",
                "before _reply",
                "after _reply",
                "before put",
            }
        fates.append(where)
    else:
        raise AssertionError("it does not end")
    assert fates.count("Sent Items") > len(fates) / 2
    assert "Outbox" in fates
    assert user.folder_of(nid) == "Sent Items"
