"""What an error of the PST engine means for synchronisation: how far it reaches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailconnector.errors import MailConnectorError
from mailconnector.pst import (
    NotAPstError,
    PstDiskError,
    PstError,
    PstFormatError,
    PstFullError,
    PstLockedError,
    PstNotFoundError,
    Store,
    open_store,
)
from mailconnector.sync.errors import AccountError, FolderError, StoreError, SyncError

REPAIR = "Close it everywhere and repair it: mailconnector pst repair FILE"


@contextmanager
def done() -> Iterator[None]:
    """Behind a change of the file: an error is no longer that of an item or a folder of which nothing was done."""
    try:
        yield
    except (PstFullError, PstDiskError, SyncError):
        raise
    except MailConnectorError as error:
        raise StoreError(f"a change could not be finished: {error}", hint=error.hint or REPAIR) from error


@contextmanager
def of_folder(folder: str) -> Iterator[None]:
    """Have what the engine refuses be an error of a folder."""
    try:
        yield
    except (PstFullError, PstDiskError, SyncError):
        raise
    except PstError as error:
        raise FolderError(str(error), folder=folder, hint=error.hint) from error


def open_for_sync(path: Path) -> Store:
    """Open a PST file for writing.

    Raises:
        StoreError: It is in use, or the system refuses.
        AccountError: There is no such file, or it is none.
    """
    try:
        return open_store(path, writable=True)
    except PstLockedError as error:
        raise StoreError(
            f"{path} is in use by {error.owner}",
            hint=error.hint or "Close the program that has it open, then try again.",
        ) from error
    except PstNotFoundError as error:
        raise AccountError(f"there is no file {path}", hint="Check the account's settings.") from error
    except NotAPstError as error:
        raise AccountError(f"{path} is no PST file: {error}", hint="Check the account's settings.") from error
    except PstFormatError as error:
        raise AccountError(f"{path} is damaged: {error}", hint=error.hint or REPAIR) from error
    except PstError as error:
        raise StoreError(f"cannot open {path}: {error}", hint=error.hint) from error
