"""The errors of the IMAP client. Each says which connection, command or mailbox it speaks of, and what to do.

No error carries a password: commands describe themselves without their secrets before they get here.
"""

from __future__ import annotations

from mailconnector.errors import MailConnectorError, Obstacle


class ImapError(MailConnectorError):
    """Base of every error that the IMAP client raises.

    Attributes:
        server: ``host:port`` of the connection, if known.
    """

    def __init__(self, message: str, *, server: str = "", hint: str = "") -> None:
        self.message = message
        self.server = server
        super().__init__(f"{message} ({server})" if server else message, hint=hint)


class ImapUsageError(ImapError):
    """The client was asked for something that cannot be said in IMAP, or not in this state of the session."""


class ImapOvertakenError(ImapUsageError):
    """Another command was run while a stream of answers was still being read; the rest of the stream is lost."""


class ImapUnsupportedError(ImapError):
    """The server lacks an extension, and there is no correct way without it. ``capability`` names it."""

    def __init__(self, capability: str, *, server: str = "", hint: str = "") -> None:
        self.capability = capability
        super().__init__(f"the server does not offer {capability}", server=server, hint=hint)


class ImapLimitError(ImapError):
    """The server sent, or we were to send, more than a limit allows. ``limit`` is in bytes or pieces.

    Raised for what a server sends, the connection is over: what follows could not be told apart.
    """

    obstacle = Obstacle.LOST

    def __init__(self, message: str, *, limit: int, server: str = "", hint: str = "") -> None:
        self.limit = limit
        super().__init__(message, server=server, hint=hint)


class ImapConnectionError(ImapError):
    """The connection could not be made, or was lost. What was under way may or may not have been done."""

    obstacle = Obstacle.LOST


class ImapNameError(ImapConnectionError):
    """The server's name is not known to the name service."""


class ImapTlsError(ImapConnectionError):
    """The connection cannot be made private: the certificate, the protocol, or STARTTLS is at fault."""

    obstacle = Obstacle.REFUSED


class ImapTimeoutError(ImapConnectionError):
    """The server did not answer in time. ``seconds`` says how long was waited."""

    def __init__(self, message: str, *, seconds: float, server: str = "", hint: str = "") -> None:
        self.seconds = seconds
        super().__init__(message, server=server, hint=hint)


class ImapByeError(ImapConnectionError):
    """The server closed the session and said why in ``text``; ``code`` is its response code, or empty."""

    def __init__(self, text: str, *, code: str = "", server: str = "", hint: str = "") -> None:
        self.text = text
        self.code = code
        super().__init__(f"the server closed the session: {text or 'no reason given'}", server=server, hint=hint)


class ImapProtocolError(ImapError):
    """The server sent something that is not IMAP, or that contradicts what it said before. The connection is over.

    Attributes:
        data: the beginning of what could not be read.
    """

    obstacle = Obstacle.LOST

    def __init__(self, message: str, *, data: bytes = b"", server: str = "", hint: str = "") -> None:
        self.data = data[:200]
        super().__init__(f"{message}: {self.data!r}" if data else message, server=server, hint=hint)


class ImapCommandError(ImapError):
    """The server refused one command; the session goes on.

    Attributes:
        command: the command's name, as ``UID STORE``.
        mailbox: the mailbox concerned, if the command names one.
        code: the response code's name in upper case, as ``NOPERM``, or empty.
        text: the server's own words.
    """

    def __init__(
        self, text: str, *, command: str, mailbox: str = "", code: str = "", server: str = "", hint: str = ""
    ) -> None:
        self.command = command
        self.mailbox = mailbox
        self.code = code
        self.text = text
        subject = f"{command} of {mailbox!r}" if mailbox else command
        label = f"[{code}] " if code else ""
        super().__init__(f"{subject} was refused: {label}{text}", server=server, hint=hint)


class ImapNoError(ImapCommandError):
    """The server answered NO: the command was understood and could not be done."""


class ImapBadError(ImapCommandError):
    """The server answered BAD: it did not understand the command, which is a fault of ours or of the server."""


class ImapNotFoundError(ImapNoError):
    """The mailbox, or the other thing named, does not exist."""


class ImapExistsError(ImapNoError):
    """A mailbox of that name exists already."""


class ImapPermissionError(ImapNoError):
    """The rights on the mailbox do not allow it."""


class ImapQuotaError(ImapNoError):
    """The account or the mailbox is full."""


class ImapThrottledError(ImapNoError):
    """The server asks for patience: too much at once, in use, or out of service. The same may succeed later."""

    obstacle = Obstacle.LOST


class ImapLoginError(ImapCommandError):
    """The login was refused: the user name, the password or the token is wrong, or the account is closed."""

    obstacle = Obstacle.REFUSED


class ImapUidValidityError(ImapError):
    """The mailbox was made anew while it was selected: every UID known of it is void.

    Attributes:
        mailbox: its name.
        expected: the UIDVALIDITY that was known.
        found: the one that the server gives now.
    """

    def __init__(self, mailbox: str, *, expected: int, found: int, server: str = "") -> None:
        self.mailbox = mailbox
        self.expected = expected
        self.found = found
        super().__init__(
            f"the mailbox {mailbox!r} has the UIDVALIDITY {found} now and had {expected}",
            server=server,
            hint="Match its messages by content.",
        )


_BY_CODE: dict[str, type[ImapNoError]] = {
    "NONEXISTENT": ImapNotFoundError,
    "TRYCREATE": ImapNotFoundError,
    "ALREADYEXISTS": ImapExistsError,
    "NOPERM": ImapPermissionError,
    "OVERQUOTA": ImapQuotaError,
    "THROTTLED": ImapThrottledError,
    "UNAVAILABLE": ImapThrottledError,
    "INUSE": ImapThrottledError,
}

_HINTS: dict[str, str] = {
    "NONEXISTENT": "Look whether the folder still exists on the server.",
    "TRYCREATE": "Create the folder first.",
    "ALREADYEXISTS": "Choose another name.",
    "NOPERM": "Ask the owner of the folder for the right.",
    "OVERQUOTA": "Delete mail on the server, or ask for more space.",
    "THROTTLED": "Wait a while; the server limits how much may be done at once.",
    "UNAVAILABLE": "Try again later; a part of the server is out of service.",
    "INUSE": "Try again later; another program holds the folder.",
    "LIMIT": "The server sets a limit, of flags on a message or messages in a folder; ask for a higher one.",
}


def refusal(
    kind: str, text: str, *, command: str, mailbox: str = "", code: str = "", server: str = ""
) -> ImapCommandError:
    """Make the error for a tagged NO or BAD.

    Args:
        kind: ``NO`` or ``BAD``.
        text: the server's words.
        command: the command's name without its arguments.
        mailbox: the mailbox that the command names, or empty.
        code: the response code's name in upper case, or empty (RFC 5530 and the extensions).
        server: ``host:port``.
    """
    if kind == "BAD":
        return ImapBadError(
            text,
            command=command,
            mailbox=mailbox,
            code=code,
            server=server,
            hint="The server does not understand a command of ours; please report it with the server's name.",
        )
    error = _BY_CODE.get(code, ImapNoError)
    return error(text, command=command, mailbox=mailbox, code=code, server=server, hint=_HINTS.get(code, ""))


_LATER = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "THROTTLED"})


def login_refusal(kind: str, text: str, *, command: str, code: str = "", server: str = "") -> ImapCommandError:
    """Make the error for a refused login; a server that cannot look the password up is no wrong password."""
    if code in _LATER:
        hint = "Try again later; end other programs that use this account." if code == "LIMIT" else _HINTS[code]
        return ImapThrottledError(text, command=command, code=code, server=server, hint=hint)
    hint = {
        "EXPIRED": "The password has expired: set a new one.",
        "AUTHORIZATIONFAILED": "The password is right, but this account may not be used in this way.",
        "PRIVACYREQUIRED": "Use TLS or STARTTLS for this account.",
        "CONTACTADMIN": "Ask the administrator of the server.",
    }.get(code, "Check the user name and the password; some servers want a password made for this program.")
    return ImapLoginError(text, command=command, code=code, server=server, hint=hint)
