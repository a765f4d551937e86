"""A session with a submission server: greeting, TLS, login, messages (RFC 5321, RFC 6409).

It begins on a line that is connected already: how a name becomes a line, and whom to trust, is the caller's. smtplib is
not used: it does not tell whether the line broke before a message was complete or after, on which it depends whether
the message may be sent again.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from types import TracebackType

from mailconnector.login import Mechanism
from mailconnector.smtp.errors import (
    Refusal,
    SmtpConnectionError,
    SmtpError,
    SmtpLoginError,
    SmtpProtocolError,
    SmtpRefusedError,
    SmtpTimeoutError,
    SmtpUnknownError,
    SmtpUnsupportedError,
    SmtpUsageError,
)
from mailconnector.smtp.protocol import (
    MOST_LINE,
    Reply,
    Submitted,
    chunks,
    extensions_of,
    has_eight_bits,
    on_the_line,
    path,
    read_reply,
    size_limit,
)

DEFAULT_SECONDS = 60.0
END_SECONDS = 600.0
"""How long a server may think about a complete message (RFC 5321 section 4.5.3.2.6)."""

_READ = 1 << 14
_WRITE = 1 << 16
_MOST_CHALLENGES = 10
_MOST_RECIPIENTS = 10_000
_TOGETHER = 50  # recipients that are named before their answers are read; more could stop both sides
# Whoever reads headers of mail does not need to know this computer's name or its address.
_NAME = "[127.0.0.1]"


class SmtpClient:
    """A session. It is for one thread; every wait has an end.

    >>> client = SmtpClient(line, "smtp.example.org:587")
    >>> client.greet()
    >>> client.start_tls(lambda line: context.wrap_socket(line, server_hostname="smtp.example.org"))
    >>> client.login(mechanism)
    >>> client.submit("alice@example.org", ["bob@example.org"], message).accepted
    ('bob@example.org',)

    Args:
        line: connected, with TLS or without.
        server: ``host:port``, for errors.
        timeout: seconds to wait for each answer.
        end_timeout: seconds to wait for the answer to a complete message; None for as long as that may take.

    Attributes:
        extensions: what the server can do now: parameters by names in capitals; empty before `greet`.
    """

    def __init__(
        self,
        line: socket.socket,
        server: str,
        *,
        timeout: float = DEFAULT_SECONDS,
        end_timeout: float | None = None,
    ) -> None:
        self.server = server
        self.extensions: dict[str, str] = {}
        self._socket = line
        self._timeout = timeout
        self._end_timeout = END_SECONDS if end_timeout is None else end_timeout
        self._buffer = b""
        self._open = True

    def __enter__(self) -> SmtpClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.quit()
        self.close()

    def quit(self) -> None:
        """Say goodbye and close the line. What goes wrong with that is nobody's concern."""
        if self._open:
            with contextlib.suppress(SmtpError):
                self._ask("QUIT", timeout=min(self._timeout, 5.0))
        self.close()

    def close(self) -> None:
        """Close the line without a word; a second time does nothing."""
        self._open = False
        self._socket.close()

    @property
    def is_open(self) -> bool:
        """Whether the line can be used still."""
        return self._open

    @property
    def line(self) -> socket.socket:
        """The line, for what it knows of the certificate and the cipher."""
        return self._socket

    @property
    def private(self) -> bool:
        """Whether the line is encrypted."""
        return isinstance(self._socket, ssl.SSLSocket)

    @property
    def mechanisms(self) -> frozenset[str]:
        """The ways of logging in that the server offers now, in capitals."""
        return frozenset(self.extensions.get("AUTH", "").upper().split())

    @property
    def size_limit(self) -> int | None:
        """How many bytes a message may have; None where the server does not say."""
        return size_limit(self.extensions)

    # -- getting ready -----------------------------------------------------------------------------------------------

    def greet(self) -> str:
        """Wait for the greeting, say EHLO, and return the greeting's text.

        Raises:
            SmtpRefusedError: the server turns us away, or is too old.
            SmtpProtocolError: it is no SMTP server.
            SmtpConnectionError: no greeting comes.
        """
        greeting = self._reply(self._timeout)
        if greeting.code != 220:
            if greeting.code < 400:
                # Servers of other protocols begin with numbers, too.
                self.close()
                data = f"{greeting.code} {greeting.text}".encode()
                raise SmtpProtocolError("the server does not greet as SMTP servers do", data=data, server=self.server)
            raise self._refused("GREETING", greeting)
        self.hello()
        return greeting.text

    def hello(self) -> None:
        """Say EHLO, and learn what the server can do now. Raises what `greet` does."""
        self.extensions = extensions_of(self._expect("EHLO", 250, f"EHLO {_NAME}"))

    def start_tls(self, begin: Callable[[socket.socket], ssl.SSLSocket]) -> None:
        """Make the line private (RFC 3207).

        Args:
            begin: makes a line private, and verifies whose it is; what it raises passes through.

        Raises:
            SmtpUnsupportedError: the server does not offer it.
            SmtpRefusedError: it refuses.
            SmtpProtocolError: it goes on talking in the open.
        """
        if "STARTTLS" not in self.extensions:
            raise SmtpUnsupportedError("STARTTLS", "the server does not offer STARTTLS", server=self.server)
        self._expect("STARTTLS", 220, "STARTTLS")
        if self._buffer:  # somebody in the line put words into the server's mouth
            self.close()
            raise SmtpProtocolError("the server goes on talking before TLS", data=self._buffer, server=self.server)
        self._open = False  # until there is TLS; whoever fails to begin it closes the line
        try:
            self._socket = begin(self._socket)
        except BaseException:
            self._socket.close()
            raise
        self._open = True
        # What was said in the open is void (RFC 3207 section 4.2).
        self.hello()

    def login(self, login: Mechanism) -> None:
        """Log in (RFC 4954).

        Raises:
            SmtpLoginError: the server refuses it. The code 504 says that another mechanism may do.
            SmtpProtocolError: its part in the login makes no sense.
        """
        first = login.first()
        line = f"AUTH {login.name}"
        if first is not None:
            line += f" {base64.b64encode(first).decode('ascii') or '='}"
        reply = self._ask(line)
        for _ in range(_MOST_CHALLENGES):
            if reply.code != 334:
                break
            try:
                challenge = base64.b64decode(reply.text, validate=True)
            except (binascii.Error, ValueError) as error:
                raise SmtpProtocolError("the server asks in no base64", server=self.server) from error
            reply = self._ask(base64.b64encode(login.answer(challenge)).decode("ascii"))
        if reply.code != 235:
            if reply.code == 421:
                self.close()
            raise SmtpLoginError("AUTH", reply.code, reply.text, status=reply.status, server=self.server)
        login.check()

    # -- messages ----------------------------------------------------------------------------------------------------

    def submit(
        self,
        sender: str,
        recipients: Sequence[str],
        message: bytes,
        *,
        ending: Callable[[Sequence[str]], None] = lambda accepted: None,
    ) -> Submitted:
        """Give the server a message. It goes to those recipients that the server takes.

        Args:
            sender: where failures are reported to; empty for nowhere.
            recipients: the addresses.
            message: its bytes, of which nothing is changed but line ends: the caller leaves Bcc out.
            ending: called with the recipients that were taken, when all of the message has gone but the mark of its
                end. What it raises passes through, and the message does not go.

        Raises:
            SmtpUsageError: an address cannot be said, or there is none.
            SmtpUnsupportedError: the message needs what the server does not have, or is too large for it.
            SmtpRefusedError: the server refuses the sender, the message, or every recipient.
            SmtpConnectionError: the line broke before the message was complete: it did not go.
            SmtpUnknownError: the line broke after that: it may have gone.
        """
        recipients = list(dict.fromkeys(recipients))
        if not 0 < len(recipients) <= _MOST_RECIPIENTS:
            raise SmtpUsageError(
                "there is nobody to send to" if not recipients else "there are too many recipients", server=self.server
            )
        content = on_the_line(message)
        origin, wide = path(sender) if sender else ("", False)
        options, unreachable = self._options(message, len(content), wide, recipients)
        named = [one for one in recipients if one not in {refusal.recipient for refusal in unreachable}]
        accepted, refused = self._name(f"MAIL FROM:<{origin}>{options}", named)
        refused += unreachable
        if not accepted:
            self._reset()
            worst = next((one for one in refused if not one.lasting), refused[0])
            raise SmtpRefusedError("RCPT", worst.code, worst.text, refused=tuple(refused), server=self.server)
        reply = self._ask("DATA")
        if reply.code != 354:
            self._reset(reply)
            raise self._refused("DATA", reply)
        try:
            self._send_content(content)
            ending(accepted)
        except BaseException:
            # The server must never take what it has for complete.
            self.close()
            raise
        reply = self._end(tuple(accepted))
        if reply.code // 100 != 2:
            raise self._refused("END", reply)
        return Submitted(tuple(accepted), tuple(refused), reply.text)

    def _options(self, message: bytes, size: int, wide: bool, recipients: Sequence[str]) -> tuple[str, list[Refusal]]:
        """Return the parameters of MAIL, and the recipients that cannot be named on this server."""
        options = ""
        if "SIZE" in self.extensions:
            limit = self.size_limit
            if limit is not None and size > limit:
                raise SmtpUnsupportedError(
                    "SIZE",
                    f"the message has {size / (1 << 20):,.1f} MB, and the server takes {limit / (1 << 20):,.1f} MB",
                    server=self.server,
                    hint="Send large files in another way, or in several messages.",
                )
            options += f" SIZE={size}"
        header, anywhere = has_eight_bits(message)
        utf8 = "SMTPUTF8" in self.extensions
        if wide and not utf8:
            raise SmtpUnsupportedError(
                "SMTPUTF8", "the server takes no sender with letters other than English ones", server=self.server
            )
        if anywhere and not utf8 and "8BITMIME" not in self.extensions:
            raise SmtpUnsupportedError(
                "8BITMIME",
                "the message has letters as they are, and the server takes them encoded only",
                server=self.server,
                hint="Have it written in quoted-printable or base64.",
            )
        if anywhere and "8BITMIME" in self.extensions:
            options += " BODY=8BITMIME"
        unreachable = [one for one in recipients if path(one)[1]]
        if utf8 and (wide or header or unreachable):
            return options + " SMTPUTF8", []
        words = "the server takes no addresses with letters other than English ones"
        return options, [Refusal(one, 553, words) for one in unreachable]

    def _name(self, mail: str, recipients: Sequence[str]) -> tuple[list[str], list[Refusal]]:
        """Name the sender and the recipients; several in one go where the server can (RFC 2920)."""
        accepted: list[str] = []
        refused: list[Refusal] = []
        lines = {one: f"RCPT TO:<{path(one)[0]}>" for one in recipients}
        together = _TOGETHER if "PIPELINING" in self.extensions else 1
        reply = self._ask(mail)
        if reply.code // 100 != 2:
            self._reset(reply)
            raise self._refused("MAIL", reply)
        for part in chunks(recipients, together):
            self._send("".join(f"{lines[one]}\r\n" for one in part).encode("utf-8"))
            for one in part:
                reply = self._reply(self._timeout)
                if reply.code == 421:
                    raise self._refused("RCPT", reply)
                if reply.code // 100 == 2:
                    accepted.append(one)
                else:
                    refused.append(Refusal(one, reply.code, reply.text))
        return accepted, refused

    def _send_content(self, content: bytes) -> None:
        view = memoryview(content)
        try:
            for start in range(0, len(view), _WRITE):
                self._send(view[start : start + _WRITE])
        except SmtpConnectionError as error:
            # A server that has enough hangs up, and may have said why.
            with contextlib.suppress(SmtpError):
                reply = self._reply(1.0)
                raise self._refused("DATA", reply) from error
            raise

    def _end(self, accepted: tuple[str, ...]) -> Reply:
        try:
            self._send(b".\r\n")
        except SmtpConnectionError:
            self.close()
            raise  # what the system did not take cannot have arrived
        try:
            return self._reply(self._end_timeout)
        except SmtpError as error:
            self.close()
            raise SmtpUnknownError(
                f"nobody knows whether the message went: {error.message}", recipients=accepted, server=self.server
            ) from error

    def _reset(self, reply: Reply | None = None) -> None:
        """Have the server forget a message that does not go."""
        if reply is None or reply.code != 421:
            with contextlib.suppress(SmtpError):
                self._ask("RSET")

    # -- the line ----------------------------------------------------------------------------------------------------

    def _expect(self, command: str, code: int, line: str) -> Reply:
        reply = self._ask(line)
        if reply.code != code:
            raise self._refused(command, reply)
        return reply

    def _refused(self, command: str, reply: Reply) -> SmtpRefusedError:
        if reply.code == 421:
            self.close()
        return SmtpRefusedError(command, reply.code, reply.text, status=reply.status, server=self.server)

    def _ask(self, line: str, *, timeout: float | None = None) -> Reply:
        self._send(line.encode("utf-8") + b"\r\n")
        return self._reply(self._timeout if timeout is None else timeout)

    def _reply(self, timeout: float) -> Reply:
        deadline = time.monotonic() + timeout
        try:
            return read_reply(lambda: self._line(deadline, timeout))
        except SmtpProtocolError as error:
            self.close()
            raise SmtpProtocolError(
                "the server says something that is not SMTP", data=error.data, server=self.server
            ) from error

    def _line(self, deadline: float, timeout: float) -> bytes:
        while b"\n" not in self._buffer[: MOST_LINE + 1]:
            if len(self._buffer) > MOST_LINE:
                raise SmtpProtocolError("the server sends a line without end", data=self._buffer)
            self._receive(deadline, timeout)
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.removesuffix(b"\r")

    def _receive(self, deadline: float, timeout: float) -> None:
        try:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            got = self._socket.recv(_READ)
        except TimeoutError as error:
            if self._buffer and not self._buffer[:1].isdigit():
                raise SmtpProtocolError("the server says something else", data=self._buffer) from error
            raise self._silent(timeout) from error
        except OSError as error:
            raise self._broken(error) from error
        if not got:
            self.close()
            if self._buffer:
                raise SmtpProtocolError("the server hung up in the middle of a line", data=self._buffer)
            raise SmtpConnectionError("the server hung up", server=self.server, hint="Try again.")
        self._buffer += got

    def _send(self, data: bytes | memoryview) -> None:
        try:
            self._socket.settimeout(self._timeout)
            self._socket.sendall(data)
        except TimeoutError as error:
            raise self._silent(self._timeout) from error
        except OSError as error:
            raise self._broken(error) from error

    def _silent(self, seconds: float) -> SmtpTimeoutError:
        self.close()
        return SmtpTimeoutError(
            f"the server did not answer within {seconds:g} seconds",
            seconds=seconds,
            server=self.server,
            hint="Try again later.",
        )

    def _broken(self, error: OSError) -> SmtpConnectionError:
        reason = getattr(error, "reason", None) or error.strerror or error
        return SmtpConnectionError(f"the connection broke: {reason}", server=self.server, hint="Try again.")
