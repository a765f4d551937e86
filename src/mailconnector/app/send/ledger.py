"""What became of messages that were to be sent, in an SQLite file beside the profile.

1. Before the mark of a message's end goes to the server, the file says that it is under way, and to whom, and is on
   the disk.
2. What was under way when a run ended counts as unknown: it may have gone. It is not sent again by itself.
3. What has gone is remembered for a while after it left the Outbox, so that it does not go twice when the PST is
   brought back from a copy.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Self

from mailconnector.app.errors import AppDiskError, AppError

_VERSION = 1
_KEPT_SECONDS = 60 * 86_400
_SCHEMA = """
CREATE TABLE letter (
  id TEXT PRIMARY KEY, nid INTEGER NOT NULL, state TEXT NOT NULL, title TEXT NOT NULL, version TEXT NOT NULL,
  reason TEXT NOT NULL, hint TEXT NOT NULL, attempts INTEGER NOT NULL, next_try REAL NOT NULL, at REAL NOT NULL,
  stake TEXT NOT NULL, accepted TEXT NOT NULL, refused TEXT NOT NULL
) WITHOUT ROWID;
"""


class LedgerError(AppError):
    """The file of sent messages cannot be used."""


class LetterState(Enum):
    """How far a message is.

    Attributes:
        WAITING: It is to be sent, or sent to those who have not got it yet.
        REFUSED: It was refused, and trying the same again leads to the same.
        UNDER_WAY: All of it was given to the server; the answer is awaited.
        UNKNOWN: The answer never came: it may have gone.
        GONE: The server has taken it; it is still to be filed in the PST.
        FILED: It has gone, and left the Outbox.
    """

    WAITING = "waiting"
    REFUSED = "refused"
    UNDER_WAY = "under way"
    UNKNOWN = "unknown"
    GONE = "gone"
    FILED = "filed"


@dataclass(frozen=True, slots=True)
class NotDelivered:
    """A recipient whom the server refuses for good.

    Attributes:
        recipient: the address.
        text: the server's words, with the code.
    """

    recipient: str
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one message.

    Attributes:
        id: its Message-ID.
        nid: its place in the PST.
        state: how far it is.
        title: what its author calls it.
        version: what it was when that was written down: an edit of it makes it another.
        reason: why it has not gone.
        hint: what to do.
        attempts: how often it was tried.
        next_try: when to try again, POSIX seconds.
        at: when the state was written down, POSIX seconds.
        stake: the recipients of what is under way or unknown.
        accepted: the recipients for whom the server took it.
        refused: those for whom it never will.
    """

    id: str
    nid: int
    state: LetterState = LetterState.WAITING
    title: str = ""
    version: str = ""
    reason: str = ""
    hint: str = ""
    attempts: int = 0
    next_try: float = 0.0
    at: float = 0.0
    stake: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    refused: tuple[NotDelivered, ...] = ()


class Ledger:
    """The open file.

    Args:
        path: where it is, made where it is missing.

    Raises:
        LedgerError: it is none, or of a newer version.
        AppDiskError: the system refuses.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=10.0)
        try:
            with self._translated():
                self._db.execute("PRAGMA synchronous=FULL")
                self._migrate()
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it."""
        self._db.close()

    def get(self, id_: str) -> Entry | None:
        """Return what is known of a message; None when nothing is."""
        with self._translated():
            row = self._db.execute("SELECT * FROM letter WHERE id=?", (id_,)).fetchone()
            return _entry(row) if row is not None else None

    def entries(self) -> list[Entry]:
        """Return what is known of all messages that have not left the Outbox."""
        with self._translated():
            rows = self._db.execute("SELECT * FROM letter WHERE state != 'filed' ORDER BY at, id").fetchall()
            return [_entry(row) for row in rows]

    def put(self, entry: Entry) -> Entry:
        """Write down what is known of a message; it is on the disk when this returns."""
        values = (
            entry.id,
            entry.nid,
            entry.state.value,
            entry.title,
            entry.version,
            entry.reason,
            entry.hint,
            entry.attempts,
            entry.next_try,
            entry.at,
            json.dumps(entry.stake),
            json.dumps(entry.accepted),
            json.dumps([[one.recipient, one.text] for one in entry.refused]),
        )
        with self._translated():
            self._db.execute(f"INSERT OR REPLACE INTO letter VALUES ({','.join('?' * len(values))})", values)
        return entry

    def forget(self, id_: str) -> None:
        """Strike a message out."""
        with self._translated():
            self._db.execute("DELETE FROM letter WHERE id=?", (id_,))

    def settle(self, present: Collection[int], now: float) -> None:
        """Bring the file up to date before a run: what was under way is unknown, what left the Outbox is struck out.

        Args:
            present: the NIDs of what is in the Outbox.
            now: POSIX seconds.
        """
        for entry in self.entries():
            if entry.nid not in present and entry.state is not LetterState.GONE:
                self.forget(entry.id)
            elif entry.nid not in present:
                self.put(replace(entry, state=LetterState.FILED, at=now))
            elif entry.state is LetterState.UNDER_WAY:
                self.put(replace(entry, state=LetterState.UNKNOWN, reason="the program ended while it was being sent"))
        with self._translated():
            self._db.execute("DELETE FROM letter WHERE state='filed' AND at < ?", (now - _KEPT_SECONDS,))

    def _migrate(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > _VERSION:
            raise LedgerError(
                f"{self.path} is of a newer version of this program", path=str(self.path), hint="Use that version."
            )
        if version < _VERSION:
            self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={_VERSION}; COMMIT;")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise AppDiskError(
                f"cannot use {self.path}: {error}", path=str(self.path), hint="See whether the disk is full."
            ) from error
        except (sqlite3.DatabaseError, ValueError, TypeError, RecursionError) as error:
            raise LedgerError(
                f"{self.path} is damaged: {error}",
                path=str(self.path),
                hint="Look what lies in the Outbox before you remove the file: it says what has gone already.",
            ) from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise AppDiskError(f"cannot make {self.path}: {reason}", path=str(self.path)) from error


def _entry(row: Sequence[object]) -> Entry:
    id_, nid, state, title, version, reason, hint, attempts, next_try, at, stake, accepted, refused = row
    return Entry(
        str(id_),
        int(str(nid)),
        LetterState(state),
        str(title),
        str(version),
        str(reason),
        str(hint),
        int(str(attempts)),
        float(str(next_try)),
        float(str(at)),
        tuple(json.loads(str(stake))),
        tuple(json.loads(str(accepted))),
        tuple(NotDelivered(recipient, text) for recipient, text in json.loads(str(refused))),
    )


def next_try(path: Path) -> float | None:
    """Return when the next message is to be tried, POSIX seconds; None where none waits, or nothing was ever sent.

    Raises:
        LedgerError: the file is none.
        AppDiskError: the system refuses.
    """
    if not path.exists():
        return None
    with Ledger(path) as ledger:
        return min((one.next_try for one in ledger.entries() if one.state is LetterState.WAITING), default=None)
