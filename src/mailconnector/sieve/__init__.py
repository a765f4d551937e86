"""Filters on a mail server: the client of ManageSieve (RFC 5804). Scripts are text, and nobody here reads them.

errors     what can go wrong
protocol   lines and literals of the protocol; no I/O
client     a session: TLS, login, scripts
"""

from mailconnector.sieve.client import SieveClient
from mailconnector.sieve.errors import (
    SieveConnectionError,
    SieveError,
    SieveLoginError,
    SieveProtocolError,
    SieveRefusedError,
    SieveScriptError,
    SieveTlsError,
)
from mailconnector.sieve.protocol import Script

__all__ = [
    "Script",
    "SieveClient",
    "SieveConnectionError",
    "SieveError",
    "SieveLoginError",
    "SieveProtocolError",
    "SieveRefusedError",
    "SieveScriptError",
    "SieveTlsError",
]
