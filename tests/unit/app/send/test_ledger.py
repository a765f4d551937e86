"""The file that says what has gone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from mailconnector.app.errors import AppDiskError
from mailconnector.app.send.ledger import Entry, Ledger, LedgerError, LetterState, NotDelivered, next_try

ENTRY = Entry(
    "<1@x>",
    36,
    LetterState.WAITING,
    title="T",
    version="v",
    reason="r",
    hint="h",
    attempts=2,
    next_try=30.0,
    at=10.0,
    stake=("s@x",),
    accepted=("a@x",),
    refused=(NotDelivered("n@x", "550"),),
)


def test_what_is_put_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "x.sqlite"
    assert next_try(path) is None
    with Ledger(path) as ledger:
        assert ledger.put(ENTRY) == ENTRY
    with Ledger(path) as ledger:
        assert ledger.get("<1@x>") == ENTRY
        assert ledger.entries() == [ENTRY]
        assert ledger.get("<2@x>") is None
    assert next_try(path) == 30.0


@pytest.mark.parametrize(
    ("state", "present", "after"),
    [
        (LetterState.WAITING, True, LetterState.WAITING),
        (LetterState.WAITING, False, None),
        (LetterState.REFUSED, False, None),
        (LetterState.UNKNOWN, True, LetterState.UNKNOWN),
        (LetterState.UNKNOWN, False, None),
        (LetterState.UNDER_WAY, True, LetterState.UNKNOWN),
        (LetterState.UNDER_WAY, False, None),
        (LetterState.GONE, True, LetterState.GONE),
        (LetterState.GONE, False, LetterState.FILED),
        (LetterState.FILED, False, LetterState.FILED),
    ],
)
def test_before_a_run(tmp_path: Path, state: LetterState, present: bool, after: LetterState | None) -> None:
    with Ledger(tmp_path / "x.sqlite") as ledger:
        ledger.put(Entry("<1@x>", 36, state, at=100.0))
        ledger.settle({36} if present else set(), 200.0)
        found = ledger.get("<1@x>")
        assert (found and found.state) == after
        ledger.settle({36}, 100 * 86_400.0)
        assert (ledger.get("<1@x>") is None) == (after in (None, LetterState.FILED))


def test_what_is_no_ledger(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(LedgerError):
        Ledger(other)
    newer = tmp_path / "newer"
    with sqlite3.connect(newer) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(LedgerError, match="newer"):
        Ledger(newer)
    with pytest.raises(AppDiskError):
        Ledger(other / "below" / "x.sqlite")


@pytest.mark.parametrize(
    "change",
    ["state='elsewhere'", "next_try='soon'", "stake='x'", "accepted='5'", "refused='[[\"a\"]]'"],
)
def test_a_damaged_entry_is_told(tmp_path: Path, change: str) -> None:
    path = tmp_path / "x.sqlite"
    with Ledger(path) as ledger:
        ledger.put(ENTRY)
    with sqlite3.connect(path) as db:
        db.execute(f"UPDATE letter SET {change}")
    db.close()
    with Ledger(path) as ledger:
        with pytest.raises(LedgerError, match="damaged"):
            ledger.get("<1@x>")
        with pytest.raises(LedgerError, match="damaged"):
            ledger.entries()
