"""The way to a server in steps: its name, a connection, TLS; each failure with its reason and what to do."""

from __future__ import annotations

import errno
import queue
import socket
import ssl
import threading
from collections.abc import Sequence

from mailconnector import imap
from mailconnector.app import account
from mailconnector.app.account.model import IMAP_PORTS, SMTP_PORTS, Server
from mailconnector.app.account.steps import StepError, StepName

Address = tuple[socket.AddressFamily, tuple[str | int, ...] | tuple[int, bytes]]

_NO_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def resolve(server: Server, timeout: float) -> list[Address]:
    """Return the addresses of a server's name.

    Raises:
        StepError: the name service knows none, or does not answer within `timeout` seconds.
    """
    # The system's call knows no deadline; a thread that still waits then ends with it.
    answers: queue.SimpleQueue[list[Address] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys((family, place) for family, _, _, _, place in found)))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    online = "Check whether this computer is online."
    try:
        answer = answers.get(timeout=timeout)
    except queue.Empty:
        raise StepError(
            StepName.NAME, f"the name service did not answer for {server.host} within {timeout:g} seconds", hint=online
        ) from None
    if isinstance(answer, list):
        return answer
    if isinstance(answer, UnicodeError) or getattr(answer, "errno", None) in _NO_NAME:
        raise StepError(
            StepName.NAME,
            f"there is no server of the name {server.host}",
            hint=f"Check the name for mistakes. {online}",
        ) from answer
    raise StepError(
        StepName.NAME, f"the name service cannot say where {server.host} is: {_reason(answer)}", hint=online
    ) from answer


def dial(server: Server, addresses: Sequence[Address], timeout: float) -> socket.socket:
    """Connect to the first address that answers.

    Raises:
        StepError: none does within `timeout` seconds each.
    """
    failure: OSError = OSError("there is no address")
    for family, place in addresses:
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.settimeout(timeout)
        try:
            sock.connect(place)
        except (OSError, OverflowError) as error:
            sock.close()
            failure = error if isinstance(error, OSError) else OSError(str(error))
        else:
            return sock
    ports = IMAP_PORTS if server.service == "imap" else SMTP_PORTS
    usual = ", ".join(f"{number} ({word})" for word, number in ports.items() if word != "none")
    if isinstance(failure, ConnectionRefusedError):
        message = f"nothing listens on the port {server.port} of {server.host}"
        hint = f"Check the port; usual for {server.service.upper()} are {usual}."
    elif isinstance(failure, TimeoutError) or failure.errno == errno.ETIMEDOUT:
        message = f"{server} did not answer within {timeout:g} seconds"
        hint = f"Check the port, usual are {usual}, and whether a firewall is in the way."
    elif failure.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        message = f"there is no way to {server}: {_reason(failure)}"
        hint = "Check whether this computer is online, and whether a VPN is needed."
    else:
        message, hint = f"no connection to {server}: {_reason(failure)}", "Check the server's name and port."
    raise StepError(StepName.CONNECTION, message, hint=hint) from failure


def trust(server: Server) -> ssl.SSLContext:
    """Return what says whom to trust as a server.

    Raises:
        StepError: the certificates that the profile names cannot be read.
    """
    try:
        return server.endpoint.tls_context()
    except imap.ImapTlsError as error:
        raise StepError(StepName.TLS, error.message, hint=error.hint) from error


def begin_tls(server: Server, sock: socket.socket, timeout: float) -> ssl.SSLSocket:
    """Make a line private. The socket is closed where that fails.

    Raises:
        StepError: the certificate is not trusted, the versions of TLS have nothing in common, there is no TLS ...
    """
    try:
        context = trust(server)
    except StepError:
        sock.close()
        raise
    sock.settimeout(timeout)
    try:
        return context.wrap_socket(sock, server_hostname=server.host)
    except (OSError, ValueError) as error:
        sock.close()
        raise tls_failure(server, error, timeout) from error


def tls_failure(server: Server, error: BaseException, timeout: float) -> StepError:
    """Say why TLS failed."""
    other = "starttls" if server.security == "tls" else "tls"
    plain = f"The port {server.port} may be for another way: try --{server.service}-security {other}."
    message, hint = f"TLS failed: {_reason(error)}", ""
    if isinstance(error, ssl.SSLCertVerificationError):
        why, hint = account.distrust(error, server.host, account.shown_certificate(server, timeout))
        message, hint = why, hint.replace("{service}", server.service)
    elif isinstance(error, TimeoutError):
        message, hint = f"{server} did not begin TLS within {timeout:g} seconds", plain
    elif isinstance(error, ssl.SSLError) and error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"):
        message, hint = f"{server} does not speak TLS from the start", plain
    elif isinstance(error, ssl.SSLError) and error.reason in _VERSION_REASONS:
        message = f"{server} knows only versions of TLS that are not safe any more, or none that this computer knows"
        hint = "TLS 1.2 or later is wanted: ask the operator of the server."
    elif isinstance(error, ssl.SSLError) and error.reason in _CIPHER_REASONS:
        message = f"{server} and this computer have no way of encrypting in common"
        hint = "Ask the operator of the server to bring it up to date."
    elif isinstance(error, ssl.SSLEOFError | ConnectionError):
        message, hint = f"{server} hung up when TLS was to begin", plain
    return StepError(StepName.TLS, message, hint=hint)


_VERSION_REASONS = frozenset(
    ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE", "VERSION_TOO_LOW")
)
_CIPHER_REASONS = frozenset(
    ("SSLV3_ALERT_HANDSHAKE_FAILURE", "NO_SHARED_CIPHER", "DH_KEY_TOO_SMALL", "EE_KEY_TOO_SMALL")
)


def tls_text(line: ssl.SSLSocket) -> str:
    """Describe the protection of a line."""
    cipher = line.cipher()
    shown = account.read_certificate(line.getpeercert(binary_form=True) or b"")
    text = ", ".join(filter(None, (line.version() or "TLS", cipher[0] if cipher else "")))
    return f"{text}; certificate issued by {shown.issuer}, valid to {shown.ends:%Y-%m-%d}" if shown else text


def _reason(error: BaseException) -> str:
    return str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)
