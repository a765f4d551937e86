"""The steps of a trial that an SMTP server takes part in. Nothing is sent."""

from __future__ import annotations

import base64
import binascii
import contextlib
import smtplib
import socket
import ssl
from collections.abc import Iterator
from types import TracebackType

from mailconnector import imap
from mailconnector.app.account.dialing import begin_tls
from mailconnector.app.account.extensions import known_from_smtp, missing_from_smtp
from mailconnector.app.account.model import Server
from mailconnector.app.account.refusals import no_way_in, refused_hint, silence, stranger
from mailconnector.app.account.steps import Missing, StepError, StepName
from mailconnector.imap import sasl

_MOST_CHALLENGES = 10
_PEEKED = 200
_LATER = frozenset((421, 451, 454))


class SmtpTalk:
    """A session on a line that is connected already."""

    def __init__(self, server: Server, sock: socket.socket, seconds: float) -> None:
        self._server = server
        self._seconds = seconds
        sock.settimeout(seconds)
        # Left to itself smtplib asks the name service for our name, which may take its time.
        self._smtp = smtplib.SMTP(local_hostname="localhost", timeout=seconds)
        self._smtp.sock = sock
        self._private = isinstance(sock, ssl.SSLSocket)

    def __enter__(self) -> SmtpTalk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._smtp.quit()
        self._smtp.close()

    def greet(self) -> str:
        """Wait for the greeting and say EHLO.

        Raises:
            StepError: no greeting comes, or it is not an SMTP server's.
        """
        beginning, code, text = self._greeting()
        if code != 220:
            if code in (421, 554):
                raise StepError(
                    StepName.PROTOCOL,
                    f"the server turns us away: {code} {text}",
                    hint="Try again later, or from another place; the server's operator knows more.",
                )
            raise stranger(self._server, beginning)
        self._ehlo(StepName.PROTOCOL)
        return text

    def begin_tls(self) -> ssl.SSLSocket:
        """Make the line private by STARTTLS.

        Raises:
            StepError: it cannot be.
        """
        other = "Try --smtp-security tls, or ask the operator of the server for TLS."
        if not self._smtp.has_extn("starttls"):
            raise StepError(StepName.TLS, "the server does not offer STARTTLS", hint=other)
        code, text = self._ask(StepName.TLS, "STARTTLS")
        if code != 220:
            raise StepError(StepName.TLS, f"the server refuses STARTTLS: {code} {text}", hint=other)
        assert self._smtp.sock is not None
        line = begin_tls(self._server, self._smtp.sock, self._seconds)
        # What came in the open is void, what may still be held of it too (RFC 3207 section 4.2).
        if self._smtp.file is not None:
            self._smtp.file.close()
        self._smtp.sock, self._smtp.file = line, None
        self._private = True
        self._ehlo(StepName.TLS)
        return line

    def login(self, credentials: imap.Password | imap.Token) -> str:
        """Log in.

        Raises:
            StepError: the server does not let us in; the hint tells which of the reasons it is.
        """
        offered = frozenset(self._smtp.esmtp_features.get("auth", "").upper().split())
        names = sasl.choose(offered, credentials, private=self._private)
        if not names:
            if not offered and not self._private:
                message = "the server takes no password in plain text"
                raise StepError(StepName.LOGIN, message, hint="Set --smtp-security tls or starttls.")
            raise no_way_in(self._server, credentials, offered)
        code, text = 0, ""
        for name in names:
            code, text = self._authenticate(name, credentials)
            # 504: offered, but not taken; the next may be.
            if code != 504:
                break
        if code == 235:
            return f"as {credentials.user}"
        message = f"{credentials.user} was refused: {code} {text}"
        if code in _LATER:
            raise StepError(StepName.LOGIN, message, hint="The server cannot check logins now: try again later.")
        if code in (530, 538) and not self._private:
            raise StepError(StepName.LOGIN, message, hint="Set --smtp-security tls or starttls.")
        raise StepError(StepName.LOGIN, message, hint=refused_hint(self._server, credentials))

    def capabilities(self) -> tuple[str, tuple[Missing, ...]]:
        """Return what the server has, and what it lacks.

        Raises:
            StepError: the line broke.
        """
        self._ehlo(StepName.CAPABILITIES)
        found = {name.upper() for name in self._smtp.esmtp_features}
        text = ", ".join(known_from_smtp(found)) or "none of the extensions that matter"
        limit = self._smtp.esmtp_features.get("size", "").strip()
        if limit.isdigit() and 0 < int(limit) < 1 << 62:
            text += f"; messages up to {int(limit) / (1 << 20):,.0f} MB"
        return text, missing_from_smtp(found)

    def _ehlo(self, step: StepName) -> None:
        code, text = self._ask(step, "EHLO")
        if code != 250:
            raise StepError(step, f"the server refuses EHLO: {code} {text}", hint="It is too old, or no mail server.")

    def _greeting(self) -> tuple[bytes, int, str]:
        """Return the beginning of what the server says, and what that is in SMTP."""
        assert self._smtp.sock is not None
        file = self._smtp.sock.makefile("rb")
        # smtplib would read from the file, and tell only a part of what is not SMTP.
        self._smtp.file = file
        with self._translated(StepName.PROTOCOL):
            beginning = file.peek(_PEEKED)[:_PEEKED]
            code, text = self._smtp.getreply()
        return beginning, code, _readable(text)

    def _ask(self, step: StepName, command: str) -> tuple[int, str]:
        """Say something, and return the code and the text of the answer; -1 for what is not SMTP."""
        with self._translated(step):
            code, text = self._smtp.ehlo() if command == "EHLO" else self._smtp.docmd(command)
        return code, _readable(text)

    @contextlib.contextmanager
    def _translated(self, step: StepName) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            raise silence(self._server, self._seconds) from error
        except smtplib.SMTPResponseException as error:
            raise stranger(self._server, b"") from error
        except (OSError, smtplib.SMTPException) as error:
            # smtplib closes the line on a silence, too, and then tells of it in its own words.
            cause = error.__context__
            if isinstance(cause, TimeoutError):
                raise silence(self._server, self._seconds) from error
            raise StepError(step, f"the server hung up: {error}", hint="Try again; check the port.") from error

    def _authenticate(self, name: str, credentials: imap.Password | imap.Token) -> tuple[int, str]:
        # Not smtplib's own way: that knows passwords in ASCII only, and no tokens.
        mechanism = sasl.mechanism(name, credentials, host=self._server.host, port=self._server.port)
        first = mechanism.first()
        line = f"AUTH {name}" if first is None else f"AUTH {name} {base64.b64encode(first).decode() or '='}"
        code, text = self._ask(StepName.LOGIN, line)
        for _ in range(_MOST_CHALLENGES):
            if code != 334:
                break
            try:
                answer = mechanism.answer(base64.b64decode(text))
            except (imap.ImapError, binascii.Error) as error:
                raise StepError(
                    StepName.LOGIN, f"the server's part in the login makes no sense: {error}", hint="Check the server."
                ) from error
            code, text = self._ask(StepName.LOGIN, base64.b64encode(answer).decode())
        if code == 235:
            try:
                mechanism.check()
            except imap.ImapError as error:
                raise StepError(StepName.LOGIN, str(error), hint="Do not go on: this is not your server.") from error
        return code, text


def _readable(text: bytes) -> str:
    return " ".join(text.decode("utf-8", "replace").split())
