"""The IMAP client: IMAP4rev1 and rev2 with the extensions that synchronising and sharing live on. No items.

How it is built, from below; each module knows those above it in this list only:

    framing     bytes -> frames: lines and literals, bounded                    no I/O
    syntax      a cursor over a frame: atoms, strings, lists                     no I/O
    responses   the values that a server's answers become                        no I/O
    fetching    frames -> `Fetched`, the fast path                               no I/O
    parsing     frames -> all other values                                       no I/O
    commands    commands -> bytes and literals                                   no I/O
    protocol    the session: states, tags, literals that have to be asked for    no I/O
    stream      a socket, TLS, compression, deadlines
    connection  the protocol over the stream: one command, or many at once
    session     STARTTLS, login, ID, ENABLE
    mailboxes, selected, uploads, access, annotations, quotas, watching         the commands by what they are about
    client      the face of it all

Beside them: errors, names, sets, dates, rights, capabilities, searching, sasl, quirks.
"""

from mailconnector.imap.client import ImapClient
from mailconnector.imap.connection import Timeouts
from mailconnector.imap.errors import (
    ImapBadError,
    ImapByeError,
    ImapCommandError,
    ImapConnectionError,
    ImapError,
    ImapExistsError,
    ImapLimitError,
    ImapLoginError,
    ImapNameError,
    ImapNoError,
    ImapNotFoundError,
    ImapOvertakenError,
    ImapPermissionError,
    ImapProtocolError,
    ImapQuotaError,
    ImapThrottledError,
    ImapTimeoutError,
    ImapTlsError,
    ImapUidValidityError,
    ImapUnsupportedError,
    ImapUsageError,
)
from mailconnector.imap.framing import Limits
from mailconnector.imap.mailboxes import MailboxInfo
from mailconnector.imap.responses import Fetched, StatusItems
from mailconnector.imap.rights import Rights
from mailconnector.imap.sasl import Password, Token
from mailconnector.imap.selected import Changes, KnownState, SelectedMailbox
from mailconnector.imap.sets import UidSet
from mailconnector.imap.stream import Endpoint, Security
from mailconnector.imap.uploads import Appended, Upload

__all__ = [
    "Appended",
    "Changes",
    "Endpoint",
    "Fetched",
    "ImapBadError",
    "ImapByeError",
    "ImapClient",
    "ImapCommandError",
    "ImapConnectionError",
    "ImapError",
    "ImapExistsError",
    "ImapLimitError",
    "ImapLoginError",
    "ImapNameError",
    "ImapNoError",
    "ImapNotFoundError",
    "ImapOvertakenError",
    "ImapPermissionError",
    "ImapProtocolError",
    "ImapQuotaError",
    "ImapThrottledError",
    "ImapTimeoutError",
    "ImapTlsError",
    "ImapUidValidityError",
    "ImapUnsupportedError",
    "ImapUsageError",
    "KnownState",
    "Limits",
    "MailboxInfo",
    "Password",
    "Rights",
    "Security",
    "SelectedMailbox",
    "StatusItems",
    "Timeouts",
    "Token",
    "UidSet",
    "Upload",
]
