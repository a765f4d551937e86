"""The root of every error that Mail Connector raises on purpose."""

from __future__ import annotations


class MailConnectorError(Exception):
    """Root of the error tree; each room of the package derives one base error from it.

    Subclasses keep what they know (a node id, an offset, a folder, a UID ...) in attributes. The faces
    turn those into text for a user, and show `hint` beneath it.

    Args:
        message: What went wrong, in one sentence for a log.
        hint: What the user can do about it; empty when there is nothing.
    """

    hint: str

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
