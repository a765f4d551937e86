"""The errors of the client of ManageSieve."""

from mailconnector.errors import MailConnectorError, Obstacle


class SieveError(MailConnectorError):
    """Base of every error of this room.

    Attributes:
        server: ``host:port``.
    """

    def __init__(self, message: str, *, server: str = "", hint: str = "") -> None:
        super().__init__(f"{server}: {message}" if server else message, hint=hint)
        self.server = server


class SieveConnectionError(SieveError):
    """Nothing answers, or the connection is lost; trying again may help."""

    obstacle = Obstacle.LOST


class SieveTlsError(SieveConnectionError):
    """The line cannot be made private."""

    obstacle = Obstacle.REFUSED


class SieveProtocolError(SieveError):
    """What answers does not speak ManageSieve."""

    obstacle = Obstacle.LOST


class SieveLoginError(SieveError):
    """The server does not let us in."""

    obstacle = Obstacle.REFUSED


class SieveRefusedError(SieveError):
    """The server refused a command.

    Attributes:
        code: its response code in capitals, as QUOTA/MAXSIZE or NONEXISTENT; empty for none (RFC 5804 section 1.3).
    """

    def __init__(self, message: str, *, code: str = "", server: str = "", hint: str = "") -> None:
        super().__init__(message, server=server, hint=hint)
        self.code = code


class SieveScriptError(SieveRefusedError):
    """The server does not understand a script."""
