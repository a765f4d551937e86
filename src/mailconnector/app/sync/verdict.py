"""How a synchronisation ended, in one word: what a face shows, what a script acts on, and what `run` does next."""

from collections.abc import Iterator, Mapping
from enum import Enum

from mailconnector.errors import MailConnectorError, Obstacle


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


_OF_OBSTACLE: Mapping[Obstacle, Verdict] = {
    Obstacle.IN_USE: Verdict.IN_USE,
    Obstacle.DISK: Verdict.DISK,
    Obstacle.LOST: Verdict.LOST,
    Obstacle.REFUSED: Verdict.REFUSED,
    Obstacle.UNUSABLE: Verdict.UNUSABLE,
}


def verdict_of_error(error: BaseException) -> Verdict:
    """Return how a run ended that an error ended. What caused the error tells more than what it became."""
    for each in reversed(list(_causes(error))):
        if isinstance(each, MailConnectorError) and each.obstacle is not None:
            return _OF_OBSTACLE[each.obstacle]
    return Verdict.UNUSABLE


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        seen.append(current)
        yield current
        current = current.__cause__
