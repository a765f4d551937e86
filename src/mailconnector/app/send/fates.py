"""What became of messages in the Outbox: what a face shows and what `run` goes by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from mailconnector.app.errors import AppError
from mailconnector.app.send.ledger import NotDelivered
from mailconnector.errors import MailConnectorError


class NotSentError(AppError):
    """A message has not gone as meant, or not to everybody."""


class Fate(Enum):
    """What became of a message.

    Attributes:
        SENT: It has gone to all its recipients, and left the Outbox.
        PARTLY: It has gone to some; the server refuses the others for good. A note in the Inbox says so.
        WAITING: It is tried again by itself.
        DEFERRED: Its time has not come.
        READY: It lies ready, and nobody has tried to send it yet.
        OPEN: Its user has not sent it, or has opened it again.
        REFUSED: It stays in the Outbox until its user changes it, or has it tried again.
        UNKNOWN: It may have gone, or not: its user decides.
    """

    SENT = "sent"
    PARTLY = "sent in part"
    WAITING = "waiting"
    DEFERRED = "deferred"
    READY = "ready"
    OPEN = "not sent"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one message.

    Attributes:
        nid: its place in the PST.
        title: what its author calls it.
        fate: what became of it.
        message_id: its id; empty where it has none yet.
        accepted: the recipients for whom the server took it.
        refused: those for whom it never will.
        reason: why it has not gone.
        hint: what to do.
        again: when it is tried again, or is to go.
    """

    nid: int
    title: str
    fate: Fate
    message_id: str = ""
    accepted: tuple[str, ...] = ()
    refused: tuple[NotDelivered, ...] = ()
    reason: str = ""
    hint: str = ""
    again: datetime | None = None

    @property
    def is_trouble(self) -> bool:
        """Whether its user should know that it has not gone as meant."""
        return self.fate in (Fate.PARTLY, Fate.WAITING, Fate.REFUSED, Fate.UNKNOWN)


@dataclass(frozen=True, slots=True)
class OutboxReport:
    """What became of the Outbox.

    Attributes:
        letters: what became of each message that was looked at.
        error: why the Outbox could not be looked at, or not to its end.
    """

    letters: tuple[Told, ...] = ()
    error: MailConnectorError | None = None

    @property
    def sent(self) -> int:
        """How many messages have gone."""
        return sum(one.fate in (Fate.SENT, Fate.PARTLY) for one in self.letters)

    @property
    def is_trouble(self) -> bool:
        """Whether something has not gone as meant."""
        return self.error is not None or any(one.is_trouble for one in self.letters)

    @property
    def problem(self) -> MailConnectorError | None:
        """The first thing that has not gone as meant; None where all has."""
        first = next((one for one in self.letters if one.is_trouble), None)
        if self.error is not None or first is None:
            return self.error
        reason = first.reason or "; ".join(f"{one.recipient}: {one.text}" for one in first.refused)
        return NotSentError(
            f"{first.title or 'a message'} in the Outbox: {first.fate.value}: {reason}", hint=first.hint
        )
