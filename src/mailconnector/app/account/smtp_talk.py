"""The steps on the way to an SMTP server that it takes part in; each failure with its reason and what to do."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from types import TracebackType

from mailconnector import imap
from mailconnector.app.account.dialing import begin_tls
from mailconnector.app.account.extensions import known_from_smtp, missing_from_smtp
from mailconnector.app.account.model import Server
from mailconnector.app.account.refusals import no_way_in, refused_hint, silence, stranger
from mailconnector.app.account.steps import Missing, StepError, StepName
from mailconnector.imap import sasl
from mailconnector.smtp import (
    SmtpClient,
    SmtpError,
    SmtpLoginError,
    SmtpProtocolError,
    SmtpRefusedError,
    SmtpTimeoutError,
    SmtpUnsupportedError,
)

_LATER = frozenset((421, 451, 454))


class SmtpTalk:
    """A session on a line that is connected already.

    Attributes:
        client: the session itself, for whoever has something to send.
    """

    def __init__(self, server: Server, sock: socket, seconds: float) -> None:
        self._server = server
        self._seconds = seconds
        self.client = SmtpClient(sock, str(server), timeout=seconds)

    def __enter__(self) -> SmtpTalk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.__exit__(kind, error, trace)

    def greet(self) -> str:
        """Wait for the greeting and say EHLO.

        Raises:
            StepError: no greeting comes, or it is not an SMTP server's.
        """
        with self._translated(StepName.PROTOCOL):
            return self.client.greet()

    def begin_tls(self) -> ssl.SSLSocket:
        """Make the line private by STARTTLS.

        Raises:
            StepError: it cannot be.
        """
        with self._translated(StepName.TLS):
            self.client.start_tls(lambda line: begin_tls(self._server, line, self._seconds))
        line = self.client.line
        assert isinstance(line, ssl.SSLSocket)
        return line

    def login(self, credentials: imap.Password | imap.Token) -> str:
        """Log in.

        Raises:
            StepError: the server does not let us in; the hint tells which of the reasons it is.
        """
        offered = self.client.mechanisms
        names = sasl.choose(offered, credentials, private=self.client.private)
        if not names:
            if not offered and not self.client.private:
                message = "the server takes no password in plain text"
                raise StepError(StepName.LOGIN, message, hint="Set --smtp-security tls or starttls.")
            raise no_way_in(self._server, credentials, offered)
        for name in names:
            try:
                self._try(name, credentials)
                break
            except SmtpLoginError as error:
                # 504: offered, but not taken; the next may be.
                if error.code != 504 or name == names[-1]:
                    raise self._not_let_in(error, credentials) from error
        return f"as {credentials.user}"

    def capabilities(self) -> tuple[str, tuple[Missing, ...]]:
        """Return what the server has, and what it lacks.

        Raises:
            StepError: the line broke.
        """
        with self._translated(StepName.CAPABILITIES):
            self.client.hello()
        found = self.client.extensions.keys()
        text = ", ".join(known_from_smtp(found)) or "none of the extensions that matter"
        limit = self.client.size_limit
        if limit is not None:
            text += f"; messages up to {limit / (1 << 20):,.0f} MB"
        return text, missing_from_smtp(found)

    def _try(self, name: str, credentials: imap.Password | imap.Token) -> None:
        mechanism = sasl.mechanism(name, credentials, host=self._server.host, port=self._server.port)
        with self._translated(StepName.LOGIN):
            try:
                self.client.login(mechanism)
            except imap.ImapError as error:
                message = f"the server's part in the login makes no sense: {error}"
                hint = "Do not go on: this may not be your server."
                raise StepError(StepName.LOGIN, message, hint=hint) from error

    def _not_let_in(self, error: SmtpLoginError, credentials: imap.Password | imap.Token) -> StepError:
        message = f"{credentials.user} was refused: {error.code} {error.text}"
        if error.code in _LATER:
            return StepError(StepName.LOGIN, message, hint="The server cannot check logins now: try again later.")
        if error.code in (530, 538) and not self.client.private:
            return StepError(StepName.LOGIN, message, hint="Set --smtp-security tls or starttls.")
        return StepError(StepName.LOGIN, message, hint=refused_hint(self._server, credentials))

    @contextmanager
    def _translated(self, step: StepName) -> Iterator[None]:
        try:
            yield
        except SmtpLoginError:
            raise
        except SmtpTimeoutError as error:
            raise silence(self._server, self._seconds) from error
        except SmtpProtocolError as error:
            raise stranger(self._server, error.data) from error
        except SmtpUnsupportedError as error:
            raise StepError(step, error.message, hint=_NO_TLS) from error
        except SmtpRefusedError as error:
            raise _refused(step, error) from error
        except SmtpError as error:
            raise StepError(step, error.message, hint="Try again; check the port.") from error


_NO_TLS = "Try --smtp-security tls, or ask the operator of the server for TLS."


def _refused(step: StepName, error: SmtpRefusedError) -> StepError:
    said = f"{error.code} {error.text}"
    if error.command == "GREETING":
        hint = "Try again later, or from another place; the server's operator knows more."
        return StepError(step, f"the server turns us away: {said}", hint=hint)
    if error.command == "STARTTLS":
        return StepError(step, f"the server refuses STARTTLS: {said}", hint=_NO_TLS)
    return StepError(step, f"the server refuses {error.command}: {said}", hint="It is too old, or no mail server.")
