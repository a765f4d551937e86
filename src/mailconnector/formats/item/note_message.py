"""A sticky note as a message that Apple's Notes and every mail client can read.

It is one text/plain part with Apple's header fields, as long as the note has no attachments and its leftover is of the
usual size: that stands in a field of the header then, since programs for notes expect nothing behind the text.
"""

from __future__ import annotations

import binascii
import re
import uuid
from collections.abc import Iterator

from mailconnector.formats.item.leftover import LeftoverFormatError, short_digest
from mailconnector.formats.mail import dates, words
from mailconnector.formats.mail.entities import Entity
from mailconnector.formats.syntax import transfer
from mailconnector.items import Note, message_id_of

LONGEST_FIELD = 24 << 10
"""Bytes of the largest stream that stands in a header; servers keep a thousand lines of it."""

APPLE_KIND = "com.apple.mail-note"
"""By what Apple's programs know a note."""

_NAMESPACE = uuid.UUID("6d8f3c1e-5a0b-4b62-9f3e-2c7a54d1e0b7")
_LINE = 72
_FIRST_LINE = re.compile(r"\S[^\n]*")
_LONGEST_SUBJECT = 255


def fields_of(note: Note) -> Iterator[bytes]:
    """Yield the header fields by which programs for notes know one."""
    yield words.field("X-Uniform-Type-Identifier", APPLE_KIND)
    identity = str(uuid.uuid5(_NAMESPACE, message_id_of(note))).upper()
    yield words.field("X-Universally-Unique-Identifier", identity)
    if note.mail.date is not None:
        yield words.field("X-Mail-Created-Date", dates.text_of(note.mail.date))


def title_of(text: str | None) -> str:
    """Return the title of a note: its first line that is not empty."""
    found = _FIRST_LINE.search(text or "")
    return " ".join(found[0].split())[:_LONGEST_SUBJECT] if found else ""


def leftover_field(stream: bytes) -> bytes:
    """Return a TNEF stream as a field of the header."""
    coded = binascii.b2a_base64(stream, newline=False).decode("ascii")
    pieces = [coded[at : at + _LINE] for at in range(0, len(coded), _LINE)]
    return words.folded("X-MailConnector-Leftover", [short_digest(stream).decode("ascii"), *pieces])


def stream_of_field(value: bytes) -> bytes:
    """Return the TNEF stream of a field's raw value.

    Raises:
        LeftoverFormatError: It is not what was written.
    """
    digest, _, coded = value.strip().partition(b" ")
    stream = transfer.decode_base64(coded)
    if digest.strip() != short_digest(stream):
        raise LeftoverFormatError("the stream has changed")
    return stream


def is_single(entities: list[Entity], stream: bytes) -> bool:
    """Tell whether a note's message is its text alone, the stream in the header."""
    return len(entities) == 1 and len(stream) <= LONGEST_FIELD
