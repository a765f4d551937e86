"""The errors of the PST engine. Each carries the place it speaks of; nothing else is raised for a malformed file."""

from mailconnector.errors import MailConnectorError, Obstacle


class PstError(MailConnectorError):
    """Base of every error that the PST engine raises.

    Attributes:
        nid: the node concerned, if known.
        bid: the block or page concerned, if known.
        offset: the place in the file in bytes, if known.
    """

    obstacle = Obstacle.UNUSABLE

    def __init__(
        self,
        message: str,
        *,
        nid: int | None = None,
        bid: int | None = None,
        offset: int | None = None,
        hint: str = "",
    ) -> None:
        self.message = message
        self.nid = nid
        self.bid = bid
        self.offset = offset
        place = ", ".join(
            f"{name} {value:#x}"
            for name, value in (("nid", nid), ("bid", bid), ("offset", offset))
            if value is not None
        )
        super().__init__(f"{message} ({place})" if place else message)
        self.hint = hint


class NotAPstError(PstError):
    """The file is no PST or OST file, or of a version that is not known."""


class PstFormatError(PstError):
    """Something in the file contradicts the format: the place is given as far as it is known."""


class PstNotFoundError(PstError):
    """A node, folder, message or property that was asked for does not exist."""


class PstUsageError(PstError):
    """The engine was asked for something that this store or this moment does not allow."""


class PstFullError(PstError):
    """The file cannot take more: its format's limit is reached. Nothing of the running transaction was kept."""

    obstacle = Obstacle.DISK


class PstTooLargeError(PstFullError):
    """One object is more than the format, or this store's names, have room for; smaller ones still fit."""


class PstLockedError(PstError):
    """Another program holds the file. ``owner`` says who, as far as the system tells."""

    obstacle = Obstacle.IN_USE

    def __init__(self, message: str, *, owner: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.owner = owner


class PstDiskError(PstError):
    """The operating system refused to read or write the file; the cause is chained."""

    obstacle = Obstacle.DISK
