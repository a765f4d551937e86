"""A message as it is sent on to a delegate: its own bytes, behind a few header fields that say who sent it on.

As with `redirect` of Sieve (RFC 5228 section 4.2) nothing of the message itself is changed: From, To and Message-ID
stay the organizer's, so that the delegate's program takes it for the request that it is, and signatures hold (fields in
front do not matter to DKIM, RFC 6376 section 5.4). But a filter is the server itself, and we hand the message to a
submission server as its owner. The fields of RFC 5322 section 3.6.6 are what mail has for somebody who brings a message
into the mail again, and tell a submission server why the author is not the one who logged in (RFC 6409 section 8.1).
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from email.utils import format_datetime

from mailconnector.app.delegate.requests import COPY_FIELD


def resent(message: bytes, *, owner: str, to: str, name: str, now: datetime) -> bytes:
    """Return a message as it is sent on.

    Args:
        message: as it is in the owner's mailbox.
        owner: the owner's address.
        to: the delegate's address.
        name: what tells the message from others; copies of it to one address have one Resent-Message-ID.
        now: when, aware.
    """
    mark = hashlib.sha256(f"{name} {to.lower()}".encode()).hexdigest()[:32]
    fields = (
        ("Resent-From", f"<{owner}>"),
        ("Resent-To", f"<{to}>"),
        ("Resent-Date", format_datetime(now)),
        ("Resent-Message-ID", f"<{mark}@{owner.rpartition('@')[2]}>"),
        (COPY_FIELD, f"<{owner}>"),
    )
    head = "".join(f"{field}: {' '.join(value.split())}\r\n" for field, value in fields)
    return head.encode("utf-8") + message
