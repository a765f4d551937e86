"""The header fields that a mail expresses: read from a header, and written into one."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypedDict, cast

from mailconnector.formats.mail import addresses, dates, words
from mailconnector.formats.syntax import transfer
from mailconnector.items import Address, Importance, Mail, Sensitivity
from mailconnector.items.subject import normalized

_ID = re.compile(r"<[^<>]*>")
_BLANKS = re.compile(r"\s+")
_PRIORITY = re.compile(r"\s*([1-5])")

_IMPORTANCE = {
    "low": Importance.LOW,
    "normal": Importance.NORMAL,
    "medium": Importance.NORMAL,
    "high": Importance.HIGH,
    "non-urgent": Importance.LOW,
    "urgent": Importance.HIGH,
}
_SENSITIVITY = {
    "personal": Sensitivity.PERSONAL,
    "private": Sensitivity.PRIVATE,
    "company-confidential": Sensitivity.CONFIDENTIAL,
    "confidential": Sensitivity.CONFIDENTIAL,
}
_SENSITIVITY_NAMES = {
    Sensitivity.PERSONAL: "Personal",
    Sensitivity.PRIVATE: "Private",
    Sensitivity.CONFIDENTIAL: "Company-Confidential",
}


class Envelope(TypedDict):
    """What the header says of a mail, under the names of `Mail`'s fields."""

    subject: str
    author: Address | None
    sender: Address | None
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    date: datetime | None
    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    conversation_topic: str
    conversation_index: bytes
    importance: Importance
    sensitivity: Sensitivity
    read_receipt: bool
    delivery_receipt: bool


def read(fields: Mapping[bytes, bytes], label: str = "") -> Envelope:
    """Return what a header says; nothing fails.

    Args:
        fields: Raw value of each field by its lower-case name.
        label: Charset of 8-bit text that is no UTF-8.
    """

    def people(name: bytes) -> tuple[Address, ...]:
        raw = fields.get(name)
        return addresses.parse(raw, label) if raw is not None else ()

    def text(name: bytes) -> str:
        raw = fields.get(name)
        return words.unstructured(raw, label) if raw is not None else ""

    authors = people(b"from")
    author = authors[0] if authors else None
    senders = people(b"sender")
    subject = text(b"subject")
    topic = text(b"thread-topic")
    raw_date = fields.get(b"date")
    return Envelope(
        subject=subject,
        author=author,
        sender=senders[0] if senders and senders[0] != author else None,
        to=people(b"to"),
        cc=people(b"cc"),
        bcc=people(b"bcc"),
        reply_to=people(b"reply-to"),
        date=dates.parse(words.text_of(raw_date)) if raw_date is not None else None,
        message_id=_one_id(fields.get(b"message-id", b"")),
        in_reply_to=_one_id(fields.get(b"in-reply-to", b"")),
        references=_ids(fields.get(b"references", b"")),
        conversation_topic="" if topic == normalized(subject) else topic,
        conversation_index=transfer.decode_base64(fields[b"thread-index"]) if b"thread-index" in fields else b"",
        importance=_importance(fields),
        sensitivity=_SENSITIVITY.get(_word(fields, b"sensitivity"), Sensitivity.NORMAL),
        read_receipt=b"disposition-notification-to" in fields,
        delivery_receipt=b"return-receipt-to" in fields,
    )


def received(fields: Mapping[bytes, bytes]) -> datetime | None:
    """Return when the last server took the message, as its Received field (the topmost one) says."""
    raw = fields.get(b"received")
    if raw is None:
        return None
    _, semicolon, moment = words.text_of(raw).rpartition(";")
    return dates.parse(moment.strip()) if semicolon else None


def _word(fields: Mapping[bytes, bytes], name: bytes) -> str:
    raw = fields.get(name)
    return words.text_of(raw).strip().lower() if raw is not None else ""


def _one_id(raw: bytes) -> str:
    if not raw:
        return ""
    text = words.text_of(raw)
    found = _ID.search(text)
    return _BLANKS.sub("", found[0]) if found else words.cleaned(text)


def _ids(raw: bytes) -> tuple[str, ...]:
    if not raw:
        return ()
    text = words.text_of(raw)
    found = _ID.findall(text)
    return tuple([_BLANKS.sub("", one) for one in found] if found else words.cleaned(text).split())


def _importance(fields: Mapping[bytes, bytes]) -> Importance:
    for name in (b"importance", b"x-msmail-priority", b"priority"):
        importance = _IMPORTANCE.get(_word(fields, name))
        if importance is not None:
            return importance
    priority = _PRIORITY.match(_word(fields, b"x-priority"))
    if priority is None or priority[1] == "3":
        return Importance.NORMAL
    return Importance.HIGH if priority[1] < "3" else Importance.LOW


def _people(name: str, people: tuple[Address, ...]) -> bytes:
    return addresses.field(name, people) if people else b""


def _author(mail: Mail) -> tuple[Address, ...]:
    return (mail.author,) if mail.author else ()


def _topic(mail: Mail) -> bytes:
    return words.field("Thread-Topic", mail.conversation_topic) if mail.conversation_topic else b""


def _thread_index(mail: Mail) -> bytes:
    if not mail.conversation_index:
        return b""
    coded = binascii.b2a_base64(mail.conversation_index, newline=False).decode("ascii")
    return words.folded("Thread-Index", [coded[start : start + 60] for start in range(0, len(coded), 60)])


def _ids_field(name: str, ids: tuple[str, ...]) -> bytes:
    """Write message ids, which readers expect unencoded whatever they are made of."""
    kept = [words.cleaned(one) for one in ids if words.cleaned(one)]
    return words.folded(name, kept) if kept else b""


def _importance_fields(mail: Mail) -> bytes:
    if mail.importance is Importance.NORMAL:
        return b""
    return b"Importance: high\r\n" if mail.importance is Importance.HIGH else b"Importance: low\r\n"


def _priority_field(mail: Mail) -> bytes:
    if mail.importance is Importance.NORMAL:
        return b""
    return b"X-Priority: 1\r\n" if mail.importance is Importance.HIGH else b"X-Priority: 5\r\n"


def _sensitivity_field(mail: Mail) -> bytes:
    name = _SENSITIVITY_NAMES.get(mail.sensitivity)
    return words.field("Sensitivity", name) if name else b""


def _receipt(name: str, mail: Mail, asked: bool) -> bytes:
    asker = mail.sender or mail.author
    return addresses.field(name, [asker or Address("?")]) if asked else b""


# In the order in which they are written.
WRITERS: dict[bytes, Callable[[Mail], bytes]] = {
    b"from": lambda mail: _people("From", _author(mail)),
    b"sender": lambda mail: _people("Sender", (mail.sender,) if mail.sender else ()),
    b"reply-to": lambda mail: _people("Reply-To", mail.reply_to),
    b"to": lambda mail: _people("To", mail.to),
    b"cc": lambda mail: _people("Cc", mail.cc),
    b"bcc": lambda mail: _people("Bcc", mail.bcc),
    b"subject": lambda mail: words.field("Subject", mail.subject) if mail.subject else b"",
    b"thread-topic": _topic,
    b"thread-index": _thread_index,
    b"date": lambda mail: words.field("Date", dates.text_of(mail.date)) if mail.date else b"",
    b"message-id": lambda mail: _ids_field("Message-ID", (mail.message_id,)),
    b"in-reply-to": lambda mail: _ids_field("In-Reply-To", (mail.in_reply_to,)),
    b"references": lambda mail: _ids_field("References", mail.references),
    b"importance": _importance_fields,
    b"x-priority": _priority_field,
    b"sensitivity": _sensitivity_field,
    b"disposition-notification-to": lambda mail: _receipt("Disposition-Notification-To", mail, mail.read_receipt),
    b"return-receipt-to": lambda mail: _receipt("Return-Receipt-To", mail, mail.delivery_receipt),
}
"""What writes each field of a mail, by lower-case name; b"" where the mail says nothing of it."""

# Which of the mail's fields each header field says.
_SAID_BY: dict[bytes, str] = {
    b"from": "author",
    b"sender": "sender",
    b"reply-to": "reply_to",
    b"to": "to",
    b"cc": "cc",
    b"bcc": "bcc",
    b"subject": "subject",
    b"thread-topic": "conversation_topic",
    b"thread-index": "conversation_index",
    b"date": "date",
    b"message-id": "message_id",
    b"in-reply-to": "in_reply_to",
    b"references": "references",
    b"importance": "importance",
    b"x-priority": "importance",
    b"priority": "importance",
    b"x-msmail-priority": "importance",
    b"sensitivity": "sensitivity",
    b"disposition-notification-to": "read_receipt",
    b"return-receipt-to": "delivery_receipt",
}


def outdated(mail: Mail, envelope: Envelope) -> frozenset[bytes]:
    """Return the names of the header fields that do not say what the mail says, and must be written anew.

    A mail that comes from a store may know less than its header, so what it leaves empty stays; the subject
    and the marks of importance are what a user changes. People are the same when their addresses are: a
    store's display names are not always the author's.
    """
    said = dict(cast(Mapping[str, object], envelope))
    if said["author"] is None and mail.sender is None:
        # A store has an author of all mail: for want of one it is the sender.
        said["author"] = said["sender"]
    return frozenset(name for name, key in _SAID_BY.items() if not _agrees(key, getattr(mail, key), said[key]))


def _agrees(key: str, ours: object, theirs: object) -> bool:
    if ours == theirs:
        return True
    if key in ("subject", "importance", "sensitivity", "read_receipt", "delivery_receipt"):
        return False
    if not ours:
        return True
    if isinstance(ours, datetime) and isinstance(theirs, datetime):
        return abs((ours - theirs).total_seconds()) < 1
    if isinstance(ours, Address):
        return _same_people((ours,), (theirs,) if isinstance(theirs, Address) else ())
    if isinstance(ours, tuple) and isinstance(theirs, tuple) and isinstance(ours[0], Address):
        return _same_people(ours, theirs)
    return False


def _same_people(ours: tuple[Address, ...], theirs: tuple[Address, ...]) -> bool:
    if theirs and not any(address.kind == "SMTP" and address.email for address in ours):
        # Exchange's own addresses say less than the header does.
        return True
    # A store takes a name that looks like an address for one.
    return [(one.email or one.name).casefold() for one in ours] == [
        (one.email or one.name).casefold() for one in theirs
    ]
