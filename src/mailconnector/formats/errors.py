"""The base error of reading and writing the wire formats."""

from __future__ import annotations

from mailconnector.errors import MailConnectorError


class FormatError(MailConnectorError):
    """Bytes are not in the format that they were read as."""
