"""Meeting requests among the messages of a mailbox, found without fetching the messages (iMIP, RFC 6047).

A meeting request is a message with a part text/calendar of its own whose method is REQUEST or CANCEL; one that is
forwarded or returned in another message is none. The server tells the parts (BODYSTRUCTURE, RFC 9051 section 7.5.2),
and of most calendars the method; where it does not, the part itself is looked into.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import quopri
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import getaddresses
from itertools import takewhile

from mailconnector.imap import SelectedMailbox, UidSet

METHODS = frozenset({"REQUEST", "CANCEL"})
COPY_FIELD = "X-MailConnector-Copy"
"""The header field of a copy that we have sent on; its value is the owner's address (see `resending`)."""
REDIRECTED_FIELD = "X-Sieve-Redirected-From"
"""The header field in which Dovecot's filters say whose filter has sent a message on."""

_HAVING = ("From", "Sender", "Resent-From", "Resent-Sender", REDIRECTED_FIELD)
_LARGEST_CALENDAR = 1 << 20  # bytes of a part that is looked into
_MOST_PARTS = 200
_LOOKED_INTO = 5  # calendars of one message
_METHOD = re.compile(rb"^METHOD(?:;[^:\r\n]*)?:[ \t]*([A-Za-z-]+)[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)

Structure = object
"""What the server says of a message's parts: bytes, None, and tuples of these."""


@dataclass(frozen=True, slots=True)
class CalendarPart:
    """A part text/calendar of a message.

    Attributes:
        section: its number, as "1.2" (RFC 9051 section 6.4.5).
        method: the parameter, in capitals; empty where there is none.
        encoding: its transfer encoding, in lower case.
        size: its bytes, as they are encoded.
    """

    section: str
    method: str
    encoding: str
    size: int


@dataclass(frozen=True, slots=True)
class Request:
    """A meeting request or its cancellation.

    Attributes:
        uid: its UID.
        name: what tells it from other messages, wherever it is moved to: made of its Message-ID, else of its header.
        subject: its subject.
        had_by: the addresses, in lower case, of those who have it: whom it is from, and who sent it on.
        is_copy: it came as a copy of what somebody else has got.
        arrived: when it was delivered, POSIX seconds.
    """

    uid: int
    name: str
    subject: str
    had_by: frozenset[str]
    is_copy: bool
    arrived: float


def calendar_parts(structure: Structure) -> list[CalendarPart]:
    """Return the calendars of a message by what the server says of its parts; those in messages in it are not its."""
    found: list[CalendarPart] = []
    seen = 0
    waiting: list[tuple[str, Structure]] = [("", structure)]
    while waiting and seen < _MOST_PARTS:
        section, part = waiting.pop()
        seen += 1
        if not isinstance(part, tuple) or not part:
            continue
        if isinstance(part[0], tuple):
            parts = takewhile(lambda one: isinstance(one, tuple), part[:_MOST_PARTS])
            numbered = [(f"{section}.{number}".lstrip("."), one) for number, one in enumerate(parts, 1)]
            waiting.extend(reversed(numbered))
        elif len(part) >= 7 and _word(part[0]) == "text" and _word(part[1]) == "calendar":
            parameters = part[2] if isinstance(part[2], tuple) else ()
            named = dict(zip(map(_word, parameters[::2]), map(_word, parameters[1::2]), strict=False))
            size = _word(part[6])
            found.append(
                CalendarPart(
                    section or "1",
                    named.get("method", "").upper(),
                    _word(part[5]),
                    int(size) if size.isdigit() and len(size) < 12 else 0,
                )
            )
    return found


def method_of(part: CalendarPart, content: bytes) -> str:
    """Return the method that a calendar has inside, in capitals; empty for none."""
    data = content
    try:
        if part.encoding == "base64":
            data = base64.b64decode(re.sub(rb"[^A-Za-z0-9+/=]", b"", content) + b"===")
        elif part.encoding == "quoted-printable":
            data = quopri.decodestring(content)
    except (ValueError, binascii.Error):
        return ""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", "replace").encode("utf-8")
    match = _METHOD.search(data)
    return match[1].decode("ascii").upper() if match else ""


def find_requests(mailbox: SelectedMailbox, uids: UidSet) -> list[Request]:
    """Return the meeting requests among some messages, in the order of their UIDs.

    Raises:
        ImapError: the server does not answer, or refuses.
    """
    asked = ("BODYSTRUCTURE", "INTERNALDATE")
    answers = {one.uid: one for one in mailbox.fetch(uids, asked) if one.uid and "BODYSTRUCTURE" in one.other}
    found = []
    for uid, answer in sorted(answers.items()):
        parts = calendar_parts(answer.other["BODYSTRUCTURE"])
        if parts and answer.internal_date is not None and _is_wanted(mailbox, uid, parts):
            header = _content(mailbox, uid, "HEADER")
            if header is not None:
                found.append(read_request(uid, header, answer.internal_date.timestamp()))
    return found


def read_request(uid: int, header: bytes, arrived: float) -> Request:
    """Return what the header of a meeting request tells."""
    fields = BytesHeaderParser(policy=compat32).parsebytes(header)
    mark = "".join(str(fields.get("Message-ID") or "").split())
    # Two headers are one only if every byte is the same.
    name = hashlib.sha256(mark.encode("utf-8", "replace") if mark else b"header\n" + header).hexdigest()[:32]
    texts = [str(value) for field in _HAVING for value in fields.get_all(field, ())]
    had_by = frozenset(address.lower() for _, address in getaddresses(texts) if address)
    subject = _readable(str(fields.get("Subject") or ""))
    return Request(uid, name, subject, had_by, COPY_FIELD in fields, arrived)


def _is_wanted(mailbox: SelectedMailbox, uid: int, parts: Sequence[CalendarPart]) -> bool:
    if any(part.method for part in parts):
        return any(part.method in METHODS for part in parts)
    for part in parts[:_LOOKED_INTO]:
        if part.size <= _LARGEST_CALENDAR:
            content = _content(mailbox, uid, part.section)
            if content is not None and method_of(part, content) in METHODS:
                return True
    return False


def _content(mailbox: SelectedMailbox, uid: int, section: str) -> bytes | None:
    for answer in mailbox.fetch(UidSet.of((uid,)), (f"BODY.PEEK[{section}]",)):
        value = answer.other.get(f"BODY[{section}]")
        if answer.uid == uid and isinstance(value, bytes):
            return value
    return None


def _word(value: object) -> str:
    return bytes(value).decode("ascii", "replace").lower() if isinstance(value, bytes) else ""


def _readable(text: str) -> str:
    try:
        found = str(make_header(decode_header(text)))
    except (ValueError, LookupError, UnicodeError):
        found = text
    return " ".join(found.split())[:200]
