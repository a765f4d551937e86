"""Special folders of an account's server, put beside the Inbox or in it, while nobody synchronises the account."""

from collections.abc import Iterator
from contextlib import contextmanager

from mailconnector.app.account.connecting import connect
from mailconnector.app.account.model import Account
from mailconnector.app.lock import held_lock
from mailconnector.app.sync.accounts import job_for
from mailconnector.imap import ImapError
from mailconnector.stores.imap.arranging import Arranger
from mailconnector.stores.imap.errors import translated


@contextmanager
def arranger_of(account: Account) -> Iterator[Arranger]:
    """Give what arranges an account's special folders; no round of it runs meanwhile.

    Raises:
        AppInUseError: the account is being synchronised.
        SyncError: the server is not to be had.
        SecretError: the password or token cannot be had.
    """
    with held_lock(job_for(account).lock_path, f"the account {account.key}"):
        try:
            client = connect(account)
        except ImapError as error:
            raise translated(error) from error
        with client:
            yield Arranger(client)
