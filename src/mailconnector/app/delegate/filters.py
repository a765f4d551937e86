"""The user's filter on the server: read, and changed without harm to what is the user's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from mailconnector.app.account.connecting import credentials
from mailconnector.app.account.model import Account
from mailconnector.app.delegate.record import Delegate
from mailconnector.app.delegate.script import NEEDED, SCRIPT_NAME, with_rule
from mailconnector.app.errors import AppError, AppUsageError
from mailconnector.imap import Security, sasl
from mailconnector.sieve import SieveClient

DEFAULT_PORT = 4190


class NoFilterError(AppError):
    """The server has no filters, or none that can do what is wanted."""


def connect_filters(account: Account, host: str = "", port: int = DEFAULT_PORT) -> SieveClient:
    """Connect to the ManageSieve server of an account and log in as to its IMAP server.

    Args:
        account: the account.
        host: the server; empty for where the mailbox is.
        port: its port.

    Raises:
        SieveError: there is no session to be had.
        SecretError: the password or token cannot be had.
    """
    server = account.imap_server
    client = SieveClient(host or server.host, port)
    try:
        if server.endpoint.security is not Security.PLAIN:
            client.start_tls(server.endpoint.tls_context())
        secret = credentials(server)
        names = sasl.choose(client.mechanisms, secret, private=client.private)
        if not names:
            raise NoFilterError("the server of filters offers no login for these credentials", hint="Ask its operator.")
        client.login(sasl.mechanism(names[0], secret, host=server.host, port=port))
    except BaseException:
        client.close()
        raise
    return client


def plan_requests_to(client: SieveClient, delegates: Sequence[Delegate]) -> Callable[[], None]:
    """Work out how meeting requests are sent on to these delegates, and to nobody else; the user's own rules stay.

    Returns:
        What does it. It raises `SieveError` where the server refuses it; nothing was changed then.

    Raises:
        NoFilterError: the server's filters lack an extension for that.
        AppUsageError: the user has scripts, and none is active: which one is meant is not to be guessed.
        SieveError: the server does not answer.
    """
    missing = [name for name in NEEDED if name not in client.extensions]
    if missing and delegates:
        raise NoFilterError(f"the server's filters cannot do that: they lack {', '.join(missing)}")
    scripts = client.scripts()
    active = next((script.name for script in scripts if script.active), None)
    if active is None:
        if not delegates:
            return _nothing
        if any(script.name == SCRIPT_NAME for script in scripts) or not scripts:
            return partial(_begin, client, with_rule("", delegates))
        raise AppUsageError(
            "your filters on the server are switched off",
            hint="Switch one on, or delete them: " + ", ".join(script.name for script in scripts) + ".",
        )
    before = client.script(active)
    after = with_rule(before, delegates)
    if after == before:
        return _nothing
    if not after.strip() and active == SCRIPT_NAME:
        return partial(_end, client)
    return partial(client.put, active, after)


def _nothing() -> None:
    return None


def _begin(client: SieveClient, text: str) -> None:
    client.put(SCRIPT_NAME, text)
    client.activate(SCRIPT_NAME)


def _end(client: SieveClient) -> None:
    client.activate("")
    client.delete(SCRIPT_NAME)
