"""The client of submission servers (SMTP): bytes and addresses in, and what became of each recipient out.

It knows neither items nor accounts. `client` is a session, `protocol` what goes over the line and does no I/O.
"""

from mailconnector.smtp.client import SmtpClient
from mailconnector.smtp.errors import (
    Refusal,
    SmtpConnectionError,
    SmtpError,
    SmtpLoginError,
    SmtpProtocolError,
    SmtpRefusedError,
    SmtpTimeoutError,
    SmtpUnknownError,
    SmtpUnsupportedError,
    SmtpUsageError,
)
from mailconnector.smtp.protocol import Submitted

__all__ = [
    "Refusal",
    "SmtpClient",
    "SmtpConnectionError",
    "SmtpError",
    "SmtpLoginError",
    "SmtpProtocolError",
    "SmtpRefusedError",
    "SmtpTimeoutError",
    "SmtpUnknownError",
    "SmtpUnsupportedError",
    "SmtpUsageError",
    "Submitted",
]
