"""A session with a ManageSieve server: TLS, login, scripts (RFC 5804)."""

from __future__ import annotations

import base64
import binascii
import contextlib
import socket
import ssl
from types import TracebackType

from mailconnector.login import Mechanism
from mailconnector.sieve.errors import (
    SieveConnectionError,
    SieveLoginError,
    SieveProtocolError,
    SieveRefusedError,
    SieveScriptError,
    SieveTlsError,
)
from mailconnector.sieve.protocol import (
    Response,
    Script,
    Word,
    capabilities_of,
    command,
    read_response,
    scripts_of,
)

_CHUNK = 1 << 14
_MOST_CHALLENGES = 10


class SieveClient:
    """A session. It is for one thread; every wait has an end.

    Args:
        host: the server's name.
        port: 4190 by custom.
        timeout: seconds to wait for each piece of an answer.
    """

    def __init__(self, host: str, port: int = 4190, *, timeout: float = 30.0) -> None:
        self.server = f"{host}:{port}"
        self._host = host
        self._buffer = b""
        try:
            self._socket = socket.create_connection((host, port), timeout)
        except OSError as error:
            raise SieveConnectionError(
                f"nothing answers: {error.strerror or error}",
                server=self.server,
                hint="Filters are not to be had there.",
            ) from error
        try:
            self.capabilities = capabilities_of(self._expect(self._response()))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> SieveClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            with contextlib.suppress(SieveConnectionError, SieveProtocolError, SieveRefusedError):
                self._run("LOGOUT")
        self.close()

    def close(self) -> None:
        """Close the line without a word."""
        self._socket.close()

    # -- login -------------------------------------------------------------------------------------------------------

    @property
    def private(self) -> bool:
        """Whether the line is encrypted."""
        return isinstance(self._socket, ssl.SSLSocket)

    @property
    def mechanisms(self) -> frozenset[str]:
        """The ways of logging in that the server offers now, in capitals."""
        return frozenset(self.capabilities.get("SASL", "").upper().split())

    @property
    def extensions(self) -> frozenset[str]:
        """The extensions of the Sieve language that scripts may use, in lower case."""
        return frozenset(self.capabilities.get("SIEVE", "").lower().split())

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Make the line private.

        Raises:
            SieveTlsError: the server does not offer it, or its certificate is not trusted.
        """
        if "STARTTLS" not in self.capabilities:
            raise SieveTlsError("the server does not offer TLS", server=self.server)
        self._run("STARTTLS")
        if self._buffer:  # somebody in the line put words into the server's mouth
            raise SieveTlsError("the server goes on talking before TLS", server=self.server)
        try:
            self._socket = context.wrap_socket(self._socket, server_hostname=self._host)
        except (OSError, ValueError) as error:
            raise SieveTlsError(f"TLS failed: {getattr(error, 'reason', None) or error}", server=self.server) from error
        self.capabilities = capabilities_of(self._expect(self._response()))

    def login(self, login: Mechanism) -> None:
        """Log in.

        Raises:
            SieveLoginError: the server refuses it.
        """
        first = login.first()
        initial = () if first is None else (base64.b64encode(first).decode("ascii"),)
        self._send(command("AUTHENTICATE", login.name, *initial))
        for _ in range(_MOST_CHALLENGES):
            answer = self._challenge()
            if isinstance(answer, Response):
                if answer.status != "OK":
                    raise SieveLoginError(answer.text or "the login is refused", server=self.server)
                login.check()
                return
            self._send(b'"' + base64.b64encode(login.answer(answer)) + b'"\r\n')
        raise SieveProtocolError("the server does not end asking", server=self.server)

    # -- scripts -----------------------------------------------------------------------------------------------------

    def scripts(self) -> tuple[Script, ...]:
        """Return the user's scripts."""
        return scripts_of(self._run("LISTSCRIPTS"))

    def script(self, name: str) -> str:
        """Return a script. Raises `SieveRefusedError` where there is none of that name."""
        lines = self._run("GETSCRIPT", name).lines
        if not lines or not lines[0] or not isinstance(lines[0][0], Word):
            raise SieveProtocolError("the server sends no script", server=self.server)
        return lines[0][0].value.decode("utf-8", "replace")

    def put(self, name: str, text: str) -> None:
        """Store a script under a name; one of that name that is there is replaced, and stays active if it is.

        Raises:
            SieveScriptError: the server does not understand it; nothing was changed.
            SieveRefusedError: it is too large, or there are too many.
        """
        self._run("PUTSCRIPT", name, text.encode("utf-8"), of_script=True)

    def activate(self, name: str) -> None:
        """Make a script the one that runs; with an empty name none does."""
        self._run("SETACTIVE", name)

    def delete(self, name: str) -> None:
        """Delete a script, which must not be active."""
        self._run("DELETESCRIPT", name)

    # -- the line ----------------------------------------------------------------------------------------------------

    def _run(self, name: str, *arguments: str | bytes, of_script: bool = False) -> Response:
        self._send(command(name, *arguments))
        return self._expect(self._response(), of_script=of_script)

    def _expect(self, response: Response, *, of_script: bool = False) -> Response:
        if response.status == "OK":
            return response
        text = response.text or "refused"
        if response.status == "BYE":
            raise SieveConnectionError(f"the server hangs up: {text}", server=self.server)
        if of_script and not response.code.startswith("QUOTA"):
            raise SieveScriptError(text, code=response.code, server=self.server)
        raise SieveRefusedError(text, code=response.code, server=self.server)

    def _response(self) -> Response:
        return read_response(self._line, self._exactly)

    def _challenge(self) -> bytes | Response:
        """Return what a server wants to know next, or how the login ended."""
        line = self._line(1 << 16)
        if line[:1] in (b'"', b"{"):
            if line[:1] == b"{":
                text = self._exactly(_size(line))
                self._line(2)
            else:
                text = line.strip()[1:-1]
            try:
                return base64.b64decode(text, validate=True)
            except binascii.Error as error:
                raise SieveProtocolError("the server asks in no base64", server=self.server) from error
        rest = iter((line,))
        return read_response(lambda most: next(rest, None) or self._line(most), self._exactly)

    def _line(self, most: int) -> bytes:
        while b"\r\n" not in self._buffer:
            if len(self._buffer) > most:
                raise SieveProtocolError("the server sends a line without end", server=self.server)
            self._receive()
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._receive()
        found, self._buffer = self._buffer[:size], self._buffer[size:]
        return found

    def _receive(self) -> None:
        try:
            got = self._socket.recv(_CHUNK)
        except OSError as error:
            raise SieveConnectionError(f"the connection broke: {error}", server=self.server) from error
        if not got:
            raise SieveConnectionError("the server hung up", server=self.server)
        self._buffer += got

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise SieveConnectionError(f"the connection broke: {error}", server=self.server) from error


def _size(line: bytes) -> int:
    digits = line.strip().strip(b"{+}")
    if not digits.isdigit() or len(digits) > 6:
        raise SieveProtocolError("the server announces no sensible size")
    return int(digits)
