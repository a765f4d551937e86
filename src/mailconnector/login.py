"""One login under way, as every transport asks for it (SASL, RFC 4422); the mechanisms are in `imap.sasl`."""

from __future__ import annotations

from typing import Protocol


class Mechanism(Protocol):
    """One way of logging in, which knows the secret."""

    @property
    def name(self) -> str:
        """The mechanism's name in capitals."""
        ...

    def first(self) -> bytes | None:
        """What the client says unasked; None where the server begins."""
        ...

    def answer(self, challenge: bytes) -> bytes:
        """What the client says to a challenge.

        Raises:
            MailConnectorError: the challenge makes no sense.
        """
        ...

    def check(self) -> None:
        """Look whether the server has proved itself, after it said yes.

        Raises:
            MailConnectorError: it has not.
        """
        ...
