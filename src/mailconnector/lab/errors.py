"""The errors of the lab."""

from pathlib import Path

from mailconnector.errors import MailConnectorError


class LabError(MailConnectorError):
    """Base of every error of the lab: a private server could not be had.

    Attributes:
        server: which one, "dovecot" for instance; empty when it is about none of them.
    """

    def __init__(self, message: str, *, server: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.server = server


class LabMissingError(LabError):
    """Programs that the server is made of are not on this machine.

    Attributes:
        packages: what Debian calls the packages they come with.
    """

    def __init__(self, message: str, *, server: str = "", packages: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__(message, server=server, hint=hint)
        self.packages = packages


class LabStartError(LabError):
    """A server ended at once, did not greet in time, or could not be stopped.

    Attributes:
        log: the end of what it wrote.
    """

    def __init__(self, message: str, *, server: str = "", log: str = "", hint: str = "") -> None:
        super().__init__(message, server=server, hint=hint)
        self.log = log


class LabFolderError(LabError):
    """A folder that a server was to live in cannot be used.

    Attributes:
        path: the folder.
    """

    def __init__(self, message: str, path: Path, *, server: str = "", hint: str = "") -> None:
        super().__init__(message, server=server, hint=hint)
        self.path = path
