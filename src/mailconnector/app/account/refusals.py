"""Servers that are no good: those of another kind, told by how they begin, silent ones, those without a way in."""

from __future__ import annotations

from mailconnector import imap
from mailconnector.app.account.model import Server
from mailconnector.app.account.steps import StepError, StepName

OAUTH = frozenset(("XOAUTH2", "OAUTHBEARER"))
"""The mechanisms for tokens."""

_STRANGERS = (
    (b"* OK", "an IMAP server"),
    (b"* PREAUTH", "an IMAP server"),
    (b"+OK", "a POP3 server"),
    (b"OK ", "a POP3 server"),  # what is left of it where "+" was read as IMAP's
    (b"HTTP/", "a web server"),
    (b"<", "a web server"),
    (b"SSH-", "an SSH server"),
    (b"220 ", "an SMTP or FTP server"),
    (b"220-", "an SMTP or FTP server"),
    (b'"IMPLEMENTATION"', "a ManageSieve server"),
    (b"\x15\x03", "a server that wants TLS from the start"),
)


def stranger(server: Server, said: bytes) -> StepError:
    """Make the error for a server that does not speak what it should."""
    wanted = server.service.upper()
    who = next((name for start, name in _STRANGERS if said.lstrip().upper().startswith(start)), "")
    beginning = repr(said[:60])[1:] if said else ""
    what = f"{server} is {who}, not an {wanted} server" if who else f"{server} is not an {wanted} server"
    return StepError(
        StepName.PROTOCOL,
        what + (f": it says {beginning}" if beginning else ""),
        hint="Check the server's name and port.",
    )


def silence(server: Server, seconds: float) -> StepError:
    """Make the error for a server that does not greet."""
    hint = "It is overloaded, or no mail server."
    if server.security != "tls":
        hint = f"The port {server.port} may want TLS from the start: try --{server.service}-security tls."
    return StepError(
        StepName.PROTOCOL, f"{server} took the connection and said nothing for {seconds:g} seconds", hint=hint
    )


def no_way_in(server: Server, credentials: imap.Password | imap.Token, offered: frozenset[str]) -> StepError:
    """Make the error for a server with which we have no way of logging in in common.

    Args:
        server: which.
        credentials: ours.
        offered: the mechanisms of the server, in capitals.
    """
    service = server.service
    names = ", ".join(sorted(offered)) or "none"
    message = f"the server offers no login that is known here (it offers {names})"
    hint = f"Some servers offer one after TLS only: check --{service}-security."
    if isinstance(credentials, imap.Token):
        message = f"the server takes no OAuth 2 token (it offers {names})"
        hint = f"Set --{service}-auth password."
    elif offered & OAUTH:
        message = f"the server takes no password, it wants OAuth 2 (it offers {names})"
        hint = f"Set --{service}-auth oauth2, with a command that gives a token: --{service}-secret-command PROGRAM."
    return StepError(StepName.LOGIN, message, hint=hint)


def refused_hint(server: Server, credentials: imap.Password | imap.Token, hint: str = "") -> str:
    """Return what to do about a login that was refused.

    Args:
        server: which refused it.
        credentials: what was refused.
        hint: what the server's answer suggests for a password, if anything.
    """
    if isinstance(credentials, imap.Token):
        text = "Check the user name; the token may have expired: run its command by hand."
    else:
        usual = "Check the user name and the password; some servers want a password made for this program."
        text = hint or usual
    local, at, _ = credentials.user.partition("@")
    if at and local:
        # RFC 6186 section 4: the address first, then what stands before the @.
        text += f" The user name may also be {local} alone: --{server.service}-login {local}."
    return text
