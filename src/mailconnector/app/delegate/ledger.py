"""Which meeting requests this connector has sent on to delegates, and which it is going to: kept beside its state.

It is one value in the state file of the account, written before a message is given to a server and after its answer.
What was under way when the program ended may have gone or not: that is told, and not done again.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from mailconnector.app.delegate.record import Place
from mailconnector.app.errors import AppError
from mailconnector.sync import State

_FACT = "app.delegate.copies"
_KEPT = 60 * 86_400.0  # seconds that copies which were made are remembered
_MOST = 2_000  # of these
_Plain = TypeVar("_Plain", str, int, float)


class CopyLedgerError(AppError):
    """What this connector knew of copies cannot be read."""


class Fate(Enum):
    """What became of a copy.

    Attributes:
        WAITING: It is to be sent.
        SENDING: It was about to be given to the server, and no answer is known.
        SENT: The server has taken it.
        UNKNOWN: Whether the server took it nobody knows; the user was told.
        FAILED: It did not go and is not tried again; the user was told.
        OLD: The message came shortly before copies were to be made, and gets none.
    """

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    OLD = "old"


@dataclass(frozen=True, slots=True)
class Copy:
    """A meeting request for a delegate.

    Attributes:
        name: what tells the message from others, wherever it is moved to; see `requests.Request`.
        to: the delegate's address; empty with OLD, for all of them.
        uid: its UID in the Inbox.
        subject: what it is about, for the user.
        fate: what became of it.
        at: since when, POSIX seconds.
        tries: how often a server has refused it.
    """

    name: str
    to: str
    uid: int
    subject: str
    fate: Fate
    at: float
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Ledger:
    """What this connector knows of copies.

    Attributes:
        copier: its name, which the owner's note tells; see `record`.
        looked: up to where the Inbox was looked through; None where it never was.
        since: messages that arrived before are old ones, though their UID may be new, POSIX seconds.
        copies: the copies, the oldest first.
        pause: no server is tried before, since it could not be reached, POSIX seconds.
        failures: how often in a row it could not.
    """

    copier: str
    since: float
    looked: Place | None = None
    copies: tuple[Copy, ...] = ()
    pause: float = 0.0
    failures: int = 0

    @classmethod
    def new(cls, now: float) -> Ledger:
        """Return one of a connector that has made no copies yet."""
        # The server's clock may be behind ours.
        return cls(uuid.uuid4().hex, now - 3600.0)

    def knows(self, name: str, to: str) -> bool:
        """Tell whether a message was seen to already for an address."""
        return any(copy.name == name and copy.to in (to, "") for copy in self.copies)

    def having(self, copy: Copy) -> Ledger:
        """Return the ledger with a copy, in place of what it says of it."""
        kept = [one for one in self.copies if (one.name, one.to) != (copy.name, copy.to)]
        return replace(self, copies=(*kept, copy))

    def pruned(self, now: float) -> Ledger:
        """Return the ledger without what is old; messages of that time count as old from then on."""
        done = [copy for copy in self.copies if copy.fate is not Fate.WAITING]
        old = {copy for copy in done if copy.at < now - _KEPT} | set(done[: max(0, len(done) - _MOST)])
        if not old:
            return self
        since = max(self.since, *(copy.at for copy in old))
        return replace(self, since=since, copies=tuple(copy for copy in self.copies if copy not in old))


def read_ledger(state: State) -> Ledger | None:
    """Return the ledger; None where this connector makes no copies.

    Raises:
        CopyLedgerError: it is damaged, so nobody knows whether it makes any.
    """
    text = state.fact(_FACT)
    if not text:
        return None
    try:
        content: Any = json.loads(text)
        looked = content["looked"]
        return Ledger(
            _as(str, content["copier"]),
            _as(float, content["since"]),
            None if looked is None else Place(*(_as(int, number) for number in looked)),
            tuple(_copy(*row) for row in content["copies"]),
            _as(float, content["pause"]),
            _as(int, content["failures"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CopyLedgerError(
            "what this connector knew of copies of meeting requests for delegates is damaged, so it makes none",
            hint="`mailconnector delegate add ACCOUNT WHO --requests` begins anew. What was to be sent is not sent.",
        ) from error


def _copy(name: object, to: object, uid: object, subject: object, fate: object, at: object, tries: object) -> Copy:
    return Copy(
        _as(str, name), _as(str, to), _as(int, uid), _as(str, subject), Fate(fate), _as(float, at), _as(int, tries)
    )


def _as(kind: type[_Plain], value: object) -> _Plain:
    """Return a value that has to be of a type; a whole number is one of the reals."""
    if isinstance(value, kind):
        return value
    if kind is float and isinstance(value, int):
        return kind(value)
    raise TypeError


def write_ledger(state: State, ledger: Ledger | None) -> None:
    """Write the ledger down; it is on the disk when this returns. None: this connector makes no copies any more."""
    value = ""
    if ledger is not None:
        looked = ledger.looked
        value = json.dumps(
            {
                "copier": ledger.copier,
                "since": ledger.since,
                "looked": [looked.validity, looked.uid] if looked else None,
                "copies": [
                    [one.name, one.to, one.uid, one.subject, one.fate.value, one.at, one.tries] for one in ledger.copies
                ],
                "pause": ledger.pause,
                "failures": ledger.failures,
            }
        )
    with state.transaction():
        state.set_fact(_FACT, value)
