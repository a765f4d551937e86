"""The steps of a trial that an IMAP server takes part in."""

from __future__ import annotations

import socket
import ssl
from types import TracebackType

from mailconnector import imap
from mailconnector.app.account.dialing import tls_failure, trust
from mailconnector.app.account.extensions import known_from_imap, missing_from_imap
from mailconnector.app.account.model import Server
from mailconnector.app.account.refusals import OAUTH, no_way_in, refused_hint, silence, stranger
from mailconnector.app.account.steps import Missing, StepError, StepName
from mailconnector.imap.connection import Connection
from mailconnector.imap.session import Session
from mailconnector.imap.stream import Stream


class ImapTalk:
    """A session on a line that is connected already."""

    def __init__(self, server: Server, sock: socket.socket, seconds: float) -> None:
        self._server = server
        self._seconds = seconds
        timeouts = imap.Timeouts(connect=seconds, silence=seconds, command=seconds)
        self._connection = Connection(Stream(sock, str(server)), timeouts=timeouts)
        self._session = Session(self._connection, server.endpoint)

    def __enter__(self) -> ImapTalk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._session.logout()
        else:
            self._connection.close()

    def greet(self) -> str:
        """Wait for the greeting.

        Raises:
            StepError: none comes, or it is not an IMAP server's.
        """
        try:
            greeting = self._connection.greet()
            if not self._session.capabilities:
                self._session.ask_capabilities()
        except imap.ImapProtocolError as error:
            raise stranger(self._server, error.data) from error
        except imap.ImapTimeoutError as error:
            raise silence(self._server, self._seconds) from error
        except imap.ImapByeError as error:
            hint = error.hint or "Try again later; the server may let in only so many connections from one place."
            raise StepError(StepName.PROTOCOL, error.message, hint=hint) from error
        except imap.ImapError as error:
            raise StepError(StepName.PROTOCOL, error.message, hint=error.hint or "Check the port.") from error
        return greeting.text

    def begin_tls(self) -> ssl.SSLSocket:
        """Make the line private by STARTTLS.

        Raises:
            StepError: it cannot be.
        """
        trust(self._server)
        try:
            self._session.make_private()
        except imap.ImapConnectionError as error:
            if isinstance(error.__cause__, ssl.SSLError | OSError):
                raise tls_failure(self._server, error.__cause__, self._seconds) from error
            hint = "Try --imap-security tls, or ask the operator of the server for TLS."
            raise StepError(StepName.TLS, error.message, hint=error.hint or hint) from error
        except imap.ImapError as error:
            raise StepError(StepName.TLS, error.message, hint="Try --imap-security tls.") from error
        line = self._connection.stream.tls
        assert line is not None
        return line

    def login(self, credentials: imap.Password | imap.Token) -> str:
        """Log in.

        Raises:
            StepError: the server does not let us in; the hint tells which of the reasons it is.
        """
        offered = self._session.capabilities.mechanisms
        try:
            self._session.login(credentials)
        except imap.ImapLoginError as error:
            hint = refused_hint(self._server, credentials, error.hint)
            if isinstance(credentials, imap.Password) and offered & OAUTH:
                hint += " It also takes OAuth 2: --imap-auth oauth2 and --imap-secret-command PROGRAM."
            text = error.text or "no reason given"
            raise StepError(StepName.LOGIN, f"{credentials.user} was refused: {text}", hint=hint) from error
        except imap.ImapUnsupportedError as error:
            raise no_way_in(self._server, credentials, offered) from error
        except imap.ImapTlsError as error:
            message = "the server takes no password in plain text"
            raise StepError(StepName.LOGIN, message, hint="Set --imap-security tls or starttls.") from error
        except imap.ImapError as error:
            raise StepError(StepName.LOGIN, error.message, hint=error.hint or "Try again later.") from error
        return f"as {credentials.user}"

    def capabilities(self) -> tuple[str, tuple[Missing, ...]]:
        """Return what the server is and has, and what it lacks.

        Raises:
            StepError: it is too old, or the line broke.
        """
        try:
            self._session.get_ready()
        except imap.ImapError as error:
            raise StepError(StepName.CAPABILITIES, error.message, hint=error.hint or "Try again.") from error
        found = self._session.capabilities
        if "IMAP4REV1" not in found and "IMAP4REV2" not in found:
            raise StepError(
                StepName.CAPABILITIES,
                "the server speaks neither IMAP4rev1 nor IMAP4rev2",
                hint="It is too old, or too odd, to synchronise with.",
            )
        who = " ".join(self._session.identity.get(field) or "" for field in ("name", "version")).strip()
        text = ", ".join(known_from_imap(found)) or "none of the extensions that matter"
        return (f"{who}: {text}" if who else text), missing_from_imap(found)
