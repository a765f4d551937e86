"""The errors of the use cases."""

from mailconnector.errors import MailConnectorError, Obstacle


class AppError(MailConnectorError):
    """Base of every error that a use case raises itself; those of the rooms below pass through.

    Attributes:
        path: the file or directory concerned; empty when it is about none.
    """

    def __init__(self, message: str, *, path: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path


class AppUsageError(AppError):
    """What was asked for cannot be done with these files, and nothing was done."""


class AppDiskError(AppError):
    """The operating system refused to read or write a file beside the PST; the cause is chained."""

    obstacle = Obstacle.DISK


class AppInUseError(AppError):
    """Another program is at work on the same thing."""

    obstacle = Obstacle.IN_USE


class SecretError(AppError):
    """The password or token of a server could not be had; the reason, and never a part of it, is in the message."""

    obstacle = Obstacle.REFUSED


class ProfileLockedError(AppInUseError):
    """Another process is changing the profile, and does not end."""
