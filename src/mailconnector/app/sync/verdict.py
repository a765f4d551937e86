"""How a synchronisation ended, in one word: what a face shows, what a script acts on, and what `run` does next."""

from collections.abc import Iterator
from enum import Enum

from mailconnector.app.errors import AppDiskError, AppInUseError, SecretError
from mailconnector.imap import (
    ImapConnectionError,
    ImapLimitError,
    ImapLoginError,
    ImapProtocolError,
    ImapThrottledError,
    ImapTlsError,
)
from mailconnector.pst import PstDiskError, PstError, PstFullError, PstLockedError
from mailconnector.sync import AccountError, Radius, Report, StoreError


class Verdict(Enum):
    """How it ended; the later ones outweigh the earlier ones.

    Attributes:
        IN_STEP: Both sides hold the same.
        HELD: All else is done, but deletions wait for a word from the user.
        PARTLY: Some items or folders failed; they are tried again.
        STOPPED: The user ended it early; the next run goes on there.
        IN_USE: The PST, or the account, is in use by another program.
        LOST: The server could not be reached, or the connection broke; the next run goes on there.
        DISK: The disk refused, or is full.
        REFUSED: The account does not work until the user does something (password, certificate, rights).
        UNUSABLE: The profile, the PST or the state file cannot be used so.
    """

    IN_STEP = "in step"
    HELD = "deletions held"
    PARTLY = "partly done"
    STOPPED = "stopped"
    IN_USE = "in use"
    LOST = "connection lost"
    DISK = "disk error"
    REFUSED = "account refused"
    UNUSABLE = "unusable"

    @property
    def weight(self) -> int:
        """Its place in the order."""
        return _ORDER.index(self)

    @property
    def passes(self) -> bool:
        """Whether it may be otherwise in a while, without anybody doing anything about the account."""
        return self in (Verdict.IN_USE, Verdict.LOST, Verdict.DISK)


_ORDER = tuple(Verdict)


def worst(verdicts: Iterator[Verdict]) -> Verdict:
    """Return the one that outweighs the others; IN_STEP for none."""
    return max(verdicts, key=lambda verdict: verdict.weight, default=Verdict.IN_STEP)


def verdict_of_report(report: Report) -> Verdict:
    """Return how a run ended that took place."""
    found = [_verdict_of_trouble(trouble.radius, trouble.error) for trouble in report.troubles]
    if report.held:
        found.append(Verdict.HELD)
    if report.cancelled:
        found.append(Verdict.STOPPED)
    return worst(iter(found))


def _verdict_of_trouble(radius: Radius, error: Exception) -> Verdict:
    return Verdict.PARTLY if radius in (Radius.ITEM, Radius.FOLDER) else verdict_of_error(error)


def verdict_of_error(error: BaseException) -> Verdict:
    """Return how a run ended that an error ended. What caused the error tells more than what it became."""
    for each in reversed(list(_causes(error))):
        if isinstance(each, PstLockedError | AppInUseError):
            return Verdict.IN_USE
        if isinstance(each, PstDiskError | PstFullError | AppDiskError):
            return Verdict.DISK
        if isinstance(each, ImapLoginError | ImapTlsError | SecretError):
            return Verdict.REFUSED
        if isinstance(each, ImapConnectionError | ImapThrottledError | ImapProtocolError | ImapLimitError):
            return Verdict.LOST
        if isinstance(each, PstError):
            return Verdict.UNUSABLE
    if isinstance(error, StoreError):
        return Verdict.LOST
    return Verdict.REFUSED if isinstance(error, AccountError) else Verdict.UNUSABLE


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        seen.append(current)
        yield current
        current = current.__cause__
