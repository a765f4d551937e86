"""The state file: its schema, its transactions, what it refuses."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from mailconnector.items import FolderKind
from mailconnector.sync import State, StateError
from mailconnector.sync.rules import Side
from mailconnector.sync.state import migrate, migrations
from mailconnector.sync.store import FolderState, SpecialUse


def test_what_is_committed_is_there_again(tmp_path: Path) -> None:
    path = str(tmp_path / "state.db")
    with State(path) as state, state.transaction():
        row = state.new_folder(FolderKind.CALENDAR, SpecialUse.CALENDAR)
        state.bind(row, Side.REMOTE, FolderState("r1", "", "Calendar", validity="7"))
        state.set_fact("name", "value")
    with State(path) as state:
        (pair,) = state.folders()
        assert (pair.kind, pair.special) == (FolderKind.CALENDAR, SpecialUse.CALENDAR)
        assert (pair.local.id, pair.remote.id, pair.remote.validity) == (None, "r1", "7")
        assert state.fact("name") == "value"


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with State(str(tmp_path / "state.db")) as state:
        with pytest.raises(RuntimeError), state.transaction():
            state.set_fact("name", "value")
            raise RuntimeError
        assert state.fact("name") == ""


def test_a_rehearsal_leaves_nothing(tmp_path: Path) -> None:
    with State(str(tmp_path / "state.db")) as state:
        with state.rehearsal(), state.transaction():
            state.set_fact("name", "value")
            assert state.fact("name") == "value"
        assert state.fact("name") == ""


def test_a_file_of_an_older_version_is_brought_up_to_date(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    scripts = migrations()
    migrate(db, scripts, "state.db")
    db.execute("INSERT INTO fact VALUES ('name', 'value')")
    migrate(db, [*scripts, "ALTER TABLE fact ADD COLUMN more TEXT NOT NULL DEFAULT 'new'"], "state.db")
    assert db.execute("SELECT * FROM fact").fetchall() == [("name", "value", "new")]
    assert db.execute("PRAGMA user_version").fetchone()[0] == len(scripts) + 1
    db.close()


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "state.db")
    State(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(StateError) as raised:
        State(path)
    assert raised.value.path == path
    assert raised.value.hint


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"this is not a database, and long enough to be read as one" * 20)
    with pytest.raises(StateError):
        State(str(path))
