"""The errors of synchronisation. Each says how far it reaches, so that a run can go on with all the rest."""

from __future__ import annotations

from enum import Enum

from mailconnector.errors import MailConnectorError, Obstacle


class Radius(Enum):
    """How far an error reaches.

    Attributes:
        ITEM: One item; it is tried again later, the folder goes on.
        FOLDER: One folder of one store; the other folders go on.
        STORE: The store cannot go on for now (connection lost, disk full); the run ends, the next one resumes it.
        ACCOUNT: Nothing will go until the user does something (password, state of a newer version).
    """

    ITEM = "item"
    FOLDER = "folder"
    STORE = "store"
    ACCOUNT = "account"


class SyncError(MailConnectorError):
    """Base of every error that a sync store or the sync core raises.

    Attributes:
        radius: How far it reaches.
    """

    radius = Radius.ACCOUNT


class ItemError(SyncError):
    """One item cannot be read or written.

    Attributes:
        folder: Id of its folder in the store concerned.
        item: Id of the item; empty when it has none yet.
    """

    radius = Radius.ITEM

    def __init__(self, message: str, *, folder: str = "", item: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.folder = folder
        self.item = item


class FolderError(SyncError):
    """One folder cannot be opened, read or changed.

    Attributes:
        folder: Id of the folder in the store concerned.
    """

    radius = Radius.FOLDER

    def __init__(self, message: str, *, folder: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.folder = folder


class FolderNotEmptyError(FolderError):
    """A folder that should go still holds items or folders; nothing of it was removed."""


class StoreError(SyncError):
    """The store broke down in the middle; what was done since the last barrier may have happened or not."""

    obstacle = Obstacle.LOST

    radius = Radius.STORE


class AccountError(SyncError):
    """The store refuses to work until the user does something."""

    obstacle = Obstacle.REFUSED

    radius = Radius.ACCOUNT


class StateError(SyncError):
    """The state file cannot be used: damaged, or written by a newer version.

    Attributes:
        path: The file.
    """

    radius = Radius.ACCOUNT

    def __init__(self, message: str, *, path: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path
