"""The line to the server: a socket, TLS and compression, with a deadline on every wait.

The socket does not block. Reading and writing go on together, so that a server that talks while we send a batch of
messages never stops us, nor we it.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import time
import zlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from mailconnector.imap.errors import ImapConnectionError, ImapNameError, ImapTimeoutError, ImapTlsError

_READ = 1 << 18
_WRITE = 1 << 17
_INFLATED = 1 << 20  # bytes that one read may become, so that a small one cannot fill the memory


class Security(Enum):
    """How the line is made private."""

    TLS = "tls"
    """TLS from the first byte; port 993."""
    STARTTLS = "starttls"
    """TLS after a command in the open; port 143. Never falls back to plain text."""
    PLAIN = "plain"
    """No TLS at all: only where the user asked for it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server is and how to talk to it.

    Attributes:
        host: name or address.
        port: 993 for `Security.TLS`, 143 for the others, by custom.
        security: how the line is made private.
        ca_file: certificates to trust beside nothing else; None for those of the system.
        context: a TLS context to use as it is, in place of one that verifies by `ca_file`.
    """

    host: str
    port: int = 993
    security: Security = Security.TLS
    ca_file: Path | None = None
    context: ssl.SSLContext | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def tls_context(self) -> ssl.SSLContext:
        """Return the context for this server.

        Raises:
            ImapTlsError: `ca_file` cannot be read.
        """
        if self.context is not None:
            return self.context
        try:
            return ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file else None)
        except OSError as error:
            raise ImapTlsError(
                f"the certificates in {self.ca_file} cannot be read: {error.strerror or error}",
                server=str(self),
                hint="Name a file of certificates in PEM format.",
            ) from error


class Stream:
    """A connected socket.

    Attributes:
        server: ``host:port``, for errors.
        private: whether TLS is on.
        sent: bytes given to the network so far, before compression and TLS.
        received: bytes taken from it so far, after them.
    """

    def __init__(self, sock: socket.socket, server: str = "") -> None:
        self.server = server
        self.private = isinstance(sock, ssl.SSLSocket)
        self.sent = 0
        self.received = 0
        self._socket = sock
        self._outgoing: deque[bytes] = deque()
        self._view: memoryview | None = None
        self._deflate: zlib._Compress | None = None
        self._inflate: zlib._Decompress | None = None
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._mask = selectors.EVENT_READ
        self._begin()

    @classmethod
    def connect(cls, endpoint: Endpoint, *, timeout: float) -> Stream:
        """Connect, and begin TLS where it comes first. `timeout` is in seconds, for each address and for TLS.

        Raises:
            ImapNameError: the name is not known.
            ImapConnectionError: nothing answers there.
            ImapTimeoutError: nothing answers in time.
            ImapTlsError: the line cannot be made private.
        """
        server = str(endpoint)
        try:
            sock = socket.create_connection((endpoint.host, endpoint.port), timeout)
        except (socket.gaierror, UnicodeError) as error:
            raise ImapNameError(
                f"no server of the name {endpoint.host!r} is known",
                server=server,
                hint="Check the server's name, and whether this machine is online.",
            ) from error
        except TimeoutError as error:
            raise ImapTimeoutError(
                "the server does not answer",
                seconds=timeout,
                server=server,
                hint="Check the port, and whether a firewall is in the way.",
            ) from error
        except (OSError, OverflowError) as error:
            raise ImapConnectionError(
                f"no connection: {getattr(error, 'strerror', None) or error}",
                server=server,
                hint="Check the server's name and port.",
            ) from error
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if endpoint.security is Security.TLS:
                sock = _with_tls(sock, endpoint, timeout)
        except BaseException:
            sock.close()
            raise
        return cls(sock, server)

    @property
    def tls(self) -> ssl.SSLSocket | None:
        """The socket, for what it knows of the certificate and the cipher, once the line is private."""
        return self._socket if isinstance(self._socket, ssl.SSLSocket) else None

    def start_tls(self, endpoint: Endpoint, *, timeout: float) -> None:
        """Begin TLS on a line that was open until now.

        Raises:
            ImapTlsError: the line cannot be made private; it is closed then.
        """
        self._selector.unregister(self._socket)
        try:
            self._socket = _with_tls(self._socket, endpoint, timeout)
        except BaseException:
            self._socket.close()
            raise
        self.private = True
        self._begin()

    def start_compression(self) -> None:
        """Deflate both directions from now on (RFC 4978)."""
        self._deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)

    def write(self, pieces: Iterable[bytes]) -> None:
        """Put bytes in line; `read` sends them while it waits, `drain` sends what the network takes at once."""
        if self._deflate is None:
            self._outgoing.extend(pieces)
            return
        deflated = [self._deflate.compress(piece) for piece in pieces]
        if deflated:
            self._outgoing.extend((*deflated, self._deflate.flush(zlib.Z_SYNC_FLUSH)))

    def read(self, timeout: float, *, interruptible: bool = False) -> bytes | None:
        """Send what is in line and wait for bytes.

        Args:
            timeout: most seconds to wait.
            interruptible: whether `interrupt` ends it; otherwise that is kept for the next wait that is.

        Returns:
            What came; nothing at the end of the stream; None when nothing came in time or `interrupt` was called.

        Raises:
            ImapConnectionError: the connection broke.
        """
        deadline = time.monotonic() + timeout
        while True:
            if self._inflate and self._inflate.unconsumed_tail:
                return self._inflated(self._inflate.unconsumed_tail)
            blocked = self.drain()
            try:
                data = self._socket.recv(_READ)
                if self._inflate is None or not data:
                    self.received += len(data)
                    return data
                if plain := self._inflated(data):
                    return plain
                continue
            except (BlockingIOError, ssl.SSLWantReadError):
                pass
            except ssl.SSLWantWriteError:
                blocked = True
            except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
                return b""
            except OSError as error:
                raise self._broken(error) from error
            if not self._wait(deadline - time.monotonic(), writing=blocked, interruptible=interruptible):
                return None

    def drain(self) -> bool:
        """Send what the network takes at once; say whether something is left."""
        try:
            while True:
                if self._view is None:
                    if not self._outgoing:
                        return False
                    self._view = memoryview(self._next_block())
                count = self._socket.send(self._view)
                self.sent += count
                self._view = self._view[count:] if count < len(self._view) else None
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return True
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            # The server has hung up; what it said before, its BYE, may still be read.
            self._outgoing.clear()
            self._view = None
            return False
        except OSError as error:
            raise self._broken(error) from error

    def interrupt(self) -> None:
        """Wake `read` from another thread."""
        with contextlib.suppress(OSError):
            self._wake_in.send(b"!")

    def close(self) -> None:
        """Close the socket; a second time does nothing."""
        self._selector.close()
        for sock in (self._socket, self._wake_in, self._wake_out):
            sock.close()

    def _begin(self) -> None:
        self._socket.setblocking(False)
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._mask = selectors.EVENT_READ

    def _next_block(self) -> bytes:
        """Join the small pieces in line: each write may be a packet and a TLS record of its own."""
        first = self._outgoing.popleft()
        if len(first) >= _WRITE or not self._outgoing:
            return first
        block, size = [first], len(first)
        while self._outgoing and size < _WRITE:
            piece = self._outgoing.popleft()
            block.append(piece)
            size += len(piece)
        return b"".join(block)

    def _wait(self, timeout: float, *, writing: bool, interruptible: bool) -> bool:
        mask = selectors.EVENT_READ | (selectors.EVENT_WRITE if writing else 0)
        if mask != self._mask:
            self._selector.modify(self._socket, mask)
            self._mask = mask
        if not interruptible:
            return bool(self._selector.select(max(0.0, timeout)))
        self._selector.register(self._wake_out, selectors.EVENT_READ)
        ready = self._selector.select(max(0.0, timeout))
        self._selector.unregister(self._wake_out)
        if any(key.fileobj is self._wake_out for key, _ in ready):
            with contextlib.suppress(BlockingIOError):
                self._wake_out.recv(4096)
            return False
        return bool(ready)

    def _inflated(self, data: bytes) -> bytes:
        assert self._inflate is not None
        try:
            plain = self._inflate.decompress(data, _INFLATED)
        except zlib.error as error:
            raise ImapConnectionError(f"the compressed stream is damaged: {error}", server=self.server) from error
        self.received += len(plain)
        return plain

    def _broken(self, error: OSError) -> ImapConnectionError:
        return ImapConnectionError(
            f"the connection broke: {error.strerror or error}", server=self.server, hint="Try again."
        )


def _with_tls(sock: socket.socket, endpoint: Endpoint, timeout: float) -> ssl.SSLSocket:
    server = str(endpoint)
    context = endpoint.tls_context()
    sock.settimeout(timeout)
    try:
        return context.wrap_socket(sock, server_hostname=endpoint.host)
    except ssl.SSLCertVerificationError as error:
        raise ImapTlsError(
            f"the server's certificate is not to be trusted: {error.verify_message}",
            server=server,
            hint="Check the server's name. If the server has a certificate of its own making, name its CA file.",
        ) from error
    except TimeoutError as error:
        raise ImapTimeoutError(
            "the server does not begin TLS",
            seconds=timeout,
            server=server,
            hint="Port 993 wants TLS from the start, port 143 STARTTLS.",
        ) from error
    except ValueError as error:
        raise ImapTlsError(f"TLS cannot be used with this name: {error}", server=server) from error
    except (ConnectionError, ssl.SSLEOFError) as error:
        # A server that ends or begins just now; one that speaks something else answers with it.
        raise ImapConnectionError(
            f"the connection broke while TLS began: {error.strerror or error}",
            server=server,
            hint="Try again; if it stays so: port 993 wants TLS from the start, port 143 STARTTLS.",
        ) from error
    except OSError as error:
        raise ImapTlsError(
            f"TLS failed: {getattr(error, 'reason', None) or error.strerror or error}",
            server=server,
            hint="Port 993 wants TLS from the start, port 143 STARTTLS.",
        ) from error
