"""The certificate that a server shows, for people who have to decide whether to trust it."""

from __future__ import annotations

import hashlib
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509

from mailconnector.app.account.model import Server

_MOST_LINE = 2000
_MOST_LINES = 100


@dataclass(frozen=True, slots=True)
class Certificate:
    """What stands in a certificate.

    Attributes:
        subject: whom it was made out to.
        issuer: who made it out.
        names: the servers that it is for.
        begins: when it becomes valid.
        ends: when it ceases to be.
        fingerprint: SHA-256, as people compare it.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    begins: datetime
    ends: datetime
    fingerprint: str

    @property
    def is_own(self) -> bool:
        """Whether it vouches for itself."""
        return self.subject == self.issuer


def read_certificate(data: bytes) -> Certificate | None:
    """Return what stands in a certificate in DER; None where it cannot be read."""
    try:
        found = x509.load_der_x509_certificate(data)
        try:
            extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            names = (
                *extension.get_values_for_type(x509.DNSName),
                *(str(address) for address in extension.get_values_for_type(x509.IPAddress)),
            )
        except x509.ExtensionNotFound:
            names = ()
        return Certificate(
            subject=_readable(found.subject),
            issuer=_readable(found.issuer),
            names=names,
            begins=found.not_valid_before_utc,
            ends=found.not_valid_after_utc,
            fingerprint=":".join(f"{byte:02X}" for byte in hashlib.sha256(data).digest()),
        )
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return None


def _readable(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()


def shown_certificate(server: Server, timeout: float) -> Certificate | None:
    """Ask a server once more for its certificate, without trusting it; nothing is said to it but that TLS may begin.

    Args:
        server: which.
        timeout: seconds for each wait.

    Returns:
        What it shows; None where it shows nothing.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((server.host, server.port), timeout) as sock:
            if server.security == "starttls":
                _ask_for_tls(sock, server.service)
            with context.wrap_socket(sock, server_hostname=server.host) as line:
                data = line.getpeercert(binary_form=True)
    except (OSError, ValueError, UnicodeError):
        return None
    return read_certificate(data) if data else None


def _ask_for_tls(sock: socket.socket, service: str) -> None:
    """Say what makes the server begin TLS.

    Raises:
        OSError: it does not.
    """
    # Unbuffered: what follows the answer is TLS and not ours to read.
    with sock.makefile("rwb", buffering=0) as file:
        if service == "imap":
            _await(file, b"* ")
            sock.sendall(b"a STARTTLS\r\n")
            _await(file, b"a OK")
        else:
            _await(file, b"220 ")
            sock.sendall(b"EHLO localhost\r\n")
            _await(file, b"250 ")
            sock.sendall(b"STARTTLS\r\n")
            _await(file, b"220 ")


def _await(file: socket.SocketIO, beginning: bytes) -> None:
    for _ in range(_MOST_LINES):
        line = file.readline(_MOST_LINE)
        if line.startswith(beginning):
            return
        if not line:
            break
    raise OSError("no such answer")


def distrust(error: ssl.SSLCertVerificationError, host: str, shown: Certificate | None) -> tuple[str, str]:
    """Say why a certificate is not trusted, and what to do.

    Args:
        error: what OpenSSL says; its codes are those of X509_verify_cert_error_string(3).
        host: the name that was asked for.
        shown: the certificate, if it is known.
    """
    what = f"the certificate for {shown.subject}" if shown else "the certificate"
    own_authority = (
        "If it is your own server's or your organisation's, save the certificate of its authority and name it: "
        "--{service}-ca-file FILE. If not, somebody may be listening: do not go on."
    )
    if shown:
        own_authority += f" Its SHA-256 fingerprint is {shown.fingerprint}."
    match error.verify_code:
        case 9:
            since = f" before {shown.begins:%Y-%m-%d}" if shown else " yet"
            return f"{what} is not valid{since}", "Check this computer's clock."
        case 10:
            when = f" on {shown.ends:%Y-%m-%d}" if shown else ""
            late = shown is not None and shown.ends < datetime.now(UTC)
            hint = "Ask the operator of the server to renew it" + (
                ", and check this computer's clock." if late else "."
            )
            return f"{what} expired{when}", hint
        case 18:
            return f"{what} is self-signed: nobody else vouches for it", own_authority
        case 19 | 20 | 21 | 2:
            issuer = f"{shown.issuer}, whom" if shown else "somebody whom"
            return f"{what} is issued by {issuer} this computer does not know", own_authority
        case 62 | 64:
            names = f" and is for {', '.join(shown.names[:5])}" if shown and shown.names else ""
            return (
                f"{what} is not made out to {host}{names}",
                "Use a name from the certificate as the server's, if it is the server that you mean.",
            )
        case 23:
            return f"{what} was revoked", "Do not go on; ask the operator of the server."
        case _:
            return f"{what} is not to be trusted: {error.verify_message}", own_authority
