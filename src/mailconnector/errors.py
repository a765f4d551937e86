"""The root of every error that Mail Connector raises on purpose."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar


class Obstacle(Enum):
    """What stands in the way, by what can be done about it.

    Attributes:
        IN_USE: Another program is at work on it; it passes.
        DISK: The system refuses to read or write, or there is no more room.
        LOST: A server cannot be reached, or does not go on; trying again is safe and may help.
        REFUSED: It does not work until the user does something: password, certificate, rights.
        UNUSABLE: The file, or what was asked for, is no good.
    """

    IN_USE = "in use"
    DISK = "disk"
    LOST = "lost"
    REFUSED = "refused"
    UNUSABLE = "unusable"


class MailConnectorError(Exception):
    """Root of the error tree; each room of the package derives one base error from it.

    Subclasses keep what they know (a node id, an offset, a folder, a UID ...) in attributes. The faces
    turn those into text for a user, and show `hint` beneath it.

    Attributes:
        obstacle: What stands in the way. None says nothing of its own: then those errors tell that it was caused by,
            and if none of them does, what was asked for cannot be done so (UNUSABLE).
        hint: What the user can do about it; empty when there is nothing.

    Args:
        message: What went wrong, in one sentence for a log.
        hint: See above.
    """

    obstacle: ClassVar[Obstacle | None] = None
    hint: str

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
