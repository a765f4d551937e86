"""The errors of the client of SMTP. Each says whether the message may have gone, and whether trying again may help.

No error carries a password: what was said at a login never gets here.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailconnector.errors import MailConnectorError, Obstacle


class SmtpError(MailConnectorError):
    """Base of every error of this room. But for `SmtpUnknownError` it means: the message did not go to anybody.

    Attributes:
        server: ``host:port``.
    """

    def __init__(self, message: str, *, server: str = "", hint: str = "") -> None:
        super().__init__(f"{server}: {message}" if server else message, hint=hint)
        self.message = message
        self.server = server

    @property
    def lasting(self) -> bool:
        """Whether trying the same again leads to the same."""
        return True


class SmtpUsageError(SmtpError):
    """What was asked for cannot be said in SMTP: an address with the end of a line in it, no recipients ..."""


class SmtpUnsupportedError(SmtpError):
    """The server lacks an extension that the message needs. ``extension`` names it."""

    def __init__(self, extension: str, message: str, *, server: str = "", hint: str = "") -> None:
        super().__init__(message, server=server, hint=hint)
        self.extension = extension


class SmtpConnectionError(SmtpError):
    """The connection was lost before the message was complete, so the server has thrown away what it had of it."""

    obstacle = Obstacle.LOST

    @property
    def lasting(self) -> bool:
        """Whether trying the same again leads to the same: it need not."""
        return False


class SmtpTimeoutError(SmtpConnectionError):
    """The server did not answer in time. ``seconds`` says how long was waited."""

    def __init__(self, message: str, *, seconds: float, server: str = "", hint: str = "") -> None:
        super().__init__(message, server=server, hint=hint)
        self.seconds = seconds


class SmtpProtocolError(SmtpError):
    """The server said something that is not SMTP. The connection is over.

    Attributes:
        data: the beginning of it.
    """

    obstacle = Obstacle.LOST

    def __init__(self, message: str, *, data: bytes = b"", server: str = "", hint: str = "") -> None:
        self.data = data[:200]
        super().__init__(f"{message}: {self.data!r}" if data else message, server=server, hint=hint)

    @property
    def lasting(self) -> bool:
        """Whether trying the same again leads to the same: it need not."""
        return False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A recipient whom the server did not take.

    Attributes:
        recipient: the address.
        code: the reply's code.
        text: the server's words.
    """

    recipient: str
    code: int
    text: str

    @property
    def lasting(self) -> bool:
        """Whether trying again leads to the same."""
        return self.code >= 500


class SmtpRefusedError(SmtpError):
    """The server refused a command; the session goes on, but for the code 421.

    Attributes:
        command: its name: GREETING, EHLO, STARTTLS, MAIL, RCPT, DATA, or END for the complete message.
        code: the reply's code (RFC 5321 section 4.2).
        status: its enhanced code, as "5.7.1" (RFC 3463); empty for none.
        text: the server's words.
        refused: with RCPT, each recipient and why; not one was taken.
    """

    def __init__(
        self,
        command: str,
        code: int,
        text: str,
        *,
        status: str = "",
        refused: tuple[Refusal, ...] = (),
        server: str = "",
    ) -> None:
        self.command = command
        self.code = code
        self.status = status
        self.text = text
        self.refused = refused
        what = _WHAT.get(command, command)
        super().__init__(f"{what} was refused: {code} {text}", server=server, hint=_hint(command, code))

    @property
    def lasting(self) -> bool:
        """Whether the server says that trying again leads to the same; of recipients, whether it does of all."""
        return all(one.lasting for one in self.refused) if self.refused else self.code >= 500


class SmtpLoginError(SmtpRefusedError):
    """The server does not let us in."""

    obstacle = Obstacle.REFUSED


class SmtpUnknownError(SmtpError):
    """The connection was lost when the message was complete and before the answer: it may have gone, or not.

    Sending it again may give it to its recipients twice.

    Attributes:
        recipients: those whom the server had taken.
    """

    def __init__(self, message: str, *, recipients: tuple[str, ...], server: str = "") -> None:
        super().__init__(
            message,
            server=server,
            hint="Find out from a recipient whether it came, before you send it again.",
        )
        self.recipients = recipients


_WHAT = {
    "GREETING": "the connection",
    "MAIL": "the sender",
    "RCPT": "every recipient",
    "DATA": "the message",
    "END": "the message",
    "AUTH": "the login",
}


def _hint(command: str, code: int) -> str:
    if code < 500:
        return "Try again later; the server says that this passes."
    if code in (530, 535, 538) and command != "AUTH":
        return "The server wants a login, or another one: check the login of the account."
    if command == "MAIL":
        return "The server may let you send from your own address only, or the message is too large for it."
    if command == "RCPT":
        return "Check the addresses."
    return "The server's words say what it minds."
