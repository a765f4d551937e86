"""From an account to a session with its IMAP server."""

from __future__ import annotations

from collections.abc import Callable

from mailconnector import imap
from mailconnector.app.account.model import Account, Server
from mailconnector.app.account.secrets import read_secret


def credentials(server: Server) -> imap.Password | imap.Token:
    """Return what a server wants to see at the login.

    Raises:
        SecretError: the password or token cannot be had.
    """
    secret = read_secret(server)
    return imap.Token(server.login, secret) if server.auth == "oauth2" else imap.Password(server.login, secret)


def connect(
    account: Account, *, timeouts: imap.Timeouts | None = None, trace: Callable[[str], None] | None = None
) -> imap.ImapClient:
    """Connect to an account's IMAP server and log in.

    Args:
        account: whose server.
        timeouts: how long to wait.
        trace: is given a line for each command and its end: nothing secret, no content.

    Raises:
        SecretError: the password or token cannot be had.
        ImapError: see `imap.ImapClient.connect`.
    """
    server = account.imap_server
    return imap.ImapClient.connect(server.endpoint, credentials(server), timeouts=timeouts, trace=trace)
