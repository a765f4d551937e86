"""From an account to a session with its submission server."""

from __future__ import annotations

from mailconnector.app.account.connecting import credentials
from mailconnector.app.account.dialing import begin_tls, dial, resolve
from mailconnector.app.account.model import Account
from mailconnector.app.account.smtp_talk import SmtpTalk
from mailconnector.app.errors import AppUsageError
from mailconnector.smtp import SmtpClient

DEFAULT_SECONDS = 60.0


def connect_smtp(account: Account, *, seconds: float = DEFAULT_SECONDS) -> SmtpClient:
    """Connect to an account's submission server and log in.

    >>> with connect_smtp(account) as client:
    ...     client.submit(account.address, ["bob@example.org"], message)

    Args:
        account: whose server.
        seconds: how long to wait for each answer.

    Raises:
        AppUsageError: the account has no submission server.
        SecretError: the password or token cannot be had.
        StepError: the name, the connection, TLS or the login is at fault; it says which, and what to do.
    """
    server = account.smtp_server
    if server is None:
        raise AppUsageError(
            f"the account {account.key} has no server to send by",
            path=str(account.profile),
            hint=f"Run `mailconnector account edit {account.key} --smtp-host HOST`.",
        )
    # A password that is missing is not worth a connection.
    secret = credentials(server)
    line = dial(server, resolve(server, seconds), seconds)
    if server.security == "tls":
        line = begin_tls(server, line, seconds)
    talk = SmtpTalk(server, line, seconds)
    try:
        talk.greet()
        if server.security == "starttls":
            talk.begin_tls()
        talk.login(secret)
    except BaseException:
        talk.client.close()
        raise
    return talk.client
