"""What an error of the IMAP client means for synchronisation: how far it reaches."""

from __future__ import annotations

from mailconnector.imap import (
    ImapCommandError,
    ImapError,
    ImapLoginError,
    ImapTlsError,
    ImapUidValidityError,
    ImapUnsupportedError,
    ImapUsageError,
)
from mailconnector.imap.errors import ImapThrottledError
from mailconnector.sync.errors import AccountError, FolderError, ItemError, StoreError, SyncError

_USERS = (ImapLoginError, ImapTlsError, ImapUnsupportedError)


def translated(error: ImapError, folder: str = "", *, hint: str = "") -> SyncError:
    """Return the error of synchronisation that an error of the client is.

    A login or certificate that is refused concerns the account, a refused command the folder that it names, and
    everything else the store: the line is lost, or the server asks for patience.

    Args:
        error: What the client raised.
        folder: Which folder was being worked on; empty for none.
        hint: What to do, where the error does not say.
    """
    hint = error.hint or hint
    if isinstance(error, _USERS):
        return AccountError(str(error), hint=hint)
    refused = isinstance(error, ImapCommandError | ImapUsageError | ImapUidValidityError)
    # A mailbox that another program holds says nothing of the others.
    slow = isinstance(error, ImapThrottledError) and error.code != "INUSE"
    if refused and folder and not slow:
        return FolderError(str(error), folder=folder, hint=hint)
    return StoreError(str(error), hint=hint)


def of_item(error: Exception, folder: str, item: str = "") -> ItemError:
    """Return the error of one item that something else's error is."""
    return ItemError(str(error), folder=folder, item=item, hint=getattr(error, "hint", ""))
