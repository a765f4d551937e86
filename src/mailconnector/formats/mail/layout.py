"""How the bytes of a message are put together, so that they come again from the mail that was read of them.

A mail has what a message says: texts, attachments. How that was written (boundaries, encodings, the headers of parts,
what stands around them) is its layout: the body of the message as a list of pieces, most of which only name a text or
an attachment and how it is encoded. What cannot be written again from the mail, such as somebody's way of
quoted-printable, is kept as it came. A digest tells whether the mail still says what it said then.

OFFSET  SIZE  FIELD
0       1     version: which digest it has (2: SHA-256, 1: BLAKE2b, which is no longer written)
1       16    digest of what the mail says
17      4     size of the head, little endian as all numbers; 0xFFFFFFFF: it is the header block and an empty line
21      ...   head: everything before the body
...     13    a piece: kind (1), number (4), width (4), size (4)
...     size  its payload
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from hashlib import blake2b, sha256
from typing import Protocol

from mailconnector.formats.syntax import charsets, transfer
from mailconnector.items import Attachment, Item, Mail, readable

_CHECK = 16
_USUAL_HEAD = 0xFFFFFFFF
_START = struct.Struct("<B16sI")
_PIECE = struct.Struct("<BIII")


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


# The digest of what a mail says, by version. Where the processor helps, SHA-256 takes less than half the time.
_VERSION = 2
_DIGESTS: dict[int, Callable[[], _Digest]] = {
    1: partial(blake2b, digest_size=_CHECK),
    2: partial(sha256, usedforsecurity=False),
}


class PieceKind(IntEnum):
    """What a piece of a body is written from.

    The payload of a text is its charset's name; that of an item a digest of its bytes, of the others nothing.
    """

    LITERAL = 0
    TEXT = 1
    HTML = 2
    RTF = 3
    DATA = 4
    ITEM = 5
    BLOB = 6
    ORIGINAL = 7


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a message's body that is written from the mail.

    Attributes:
        start: Where it begins in the message.
        end: Where it ends.
        kind: What it is.
        number: Which of the attachments.
        width: Length of its base64 lines; 0 when it is not encoded.
        payload: See `PieceKind`; the decoded content of a blob.
    """

    start: int
    end: int
    kind: PieceKind
    number: int = 0
    width: int = 0
    payload: bytes = b""


def text_piece(raw: bytes, start: int, kind: PieceKind, text: str, charset: str) -> Piece | None:
    """Return the piece of a text that stands in a body unencoded; None when it would be written otherwise."""
    return Piece(start, start + len(raw), kind, payload=charset.encode("ascii")) if _same(text, charset, raw) else None


def base64_piece(
    raw: bytes, start: int, kind: PieceKind, content: bytes, *, number: int = 0, payload: bytes = b""
) -> Piece | None:
    """Return the piece of base64 in lines of one length; None when it is written in another way.

    Args:
        raw: What stands in the body.
        start: Where that begins in the message.
        kind: What it is.
        content: What it says.
        number: Which of the attachments.
        payload: The piece's.
    """
    size = len(raw)
    while size and raw[size - 1] in b"\r\n":
        size -= 1
    width = transfer.base64_width(raw, size, content)
    return Piece(start, start + size, kind, number, width, payload) if width else None


def encoded_text_piece(
    raw: bytes, start: int, kind: PieceKind, content: bytes, text: str, charset: str
) -> Piece | None:
    """Return the piece of a text in base64; None when it would be written otherwise.

    Args:
        raw: What stands in the body.
        start: Where that begins in the message.
        kind: Which text.
        content: What the base64 says.
        text: The text that was read from that.
        charset: In which charset.
    """
    if not _same(text, charset, content):
        return None
    return base64_piece(raw, start, kind, content, payload=charset.encode("ascii"))


def item_piece(raw: bytes, start: int, number: int) -> Piece:
    """Return the piece of an attached message."""
    return Piece(start, start + len(raw), PieceKind.ITEM, number, payload=_digest(raw))


def _same(text: str, charset: str, raw: bytes) -> bool:
    try:
        return _encoded(text, charset) == raw
    except UnicodeEncodeError:
        return False


def _encoded(text: str, charset: str) -> bytes:
    known = charsets.lookup(charset) or charsets.UTF_8
    return text.replace("\n", "\r\n").encode(known.codecs[0])


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_CHECK).digest()


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail says, as far as its layout depends on it."""

    headers: bytes
    message_class: str
    text: str | None
    html: str | None
    rtf: bytes | None
    attachments: Sequence[Attachment]

    def check(self, version: int = _VERSION) -> bytes:
        """Return a digest of it, as a version of the layout has it."""
        digest = _DIGESTS[version]()
        digest.update(self.headers)
        digest.update(f"{self.message_class}\0{len(self.attachments)}".encode("utf-8", "replace"))
        for piece in (self.text, self.html):
            if piece is None:
                digest.update(b"-")
            else:
                data = piece.encode("utf-8", "replace")
                digest.update(b"+%d\0" % len(data))
                digest.update(data)
        if self.rtf is not None:
            digest.update(b"+%d\0" % len(self.rtf))
            digest.update(self.rtf)
        for attachment in self.attachments:
            names = (attachment.name, attachment.content_type, attachment.content_id, attachment.reference)
            digest.update("\0".join(names).encode("utf-8", "replace"))
            if attachment.item is not None:
                digest.update(_item_check(attachment.item, version))
            else:
                data = attachment.content()
                digest.update(b"+%d\0" % len(data))
                digest.update(data)
        return digest.digest()[:_CHECK]


def _item_check(item: Item, version: int) -> bytes:
    mail = readable(item)
    subject = mail.subject.encode("utf-8", "replace")
    return _digest(b"\0".join([subject, mail.original, mail.layout, content_of(mail).check(version)]))


def content_of(mail: Mail) -> Content:
    """Return what a mail says."""
    return Content(mail.headers, mail.message_class, mail.text, mail.html, mail.rtf, mail.attachments)


def build(data: bytes, body: int, head: bytes | None, pieces: Sequence[Piece], content: Content) -> bytes:
    """Return the layout of a message.

    Args:
        data: The message.
        body: Where its body begins.
        head: What stands before that; None where it is the mail's header block and an empty line.
        pieces: What of the body is written from the mail.
        content: What the mail says.
    """
    size = _USUAL_HEAD if head is None else len(head)
    out = [_START.pack(_VERSION, content.check(), size), head or b""]
    position = body
    for piece in sorted(pieces, key=lambda piece: piece.start):
        if piece.start > position:
            out += (_PIECE.pack(PieceKind.LITERAL, 0, 0, piece.start - position), data[position : piece.start])
        out += (_PIECE.pack(piece.kind, piece.number, piece.width, len(piece.payload)), piece.payload)
        position = piece.end
    if position < len(data):
        out += (_PIECE.pack(PieceKind.LITERAL, 0, 0, len(data) - position), data[position:])
    return b"".join(out)


def written(mail: Mail, render: Callable[[Item], bytes]) -> tuple[bytes | None, bytes] | None:
    """Return (head, body) of a message that was read as a mail; None when the mail says something else now.

    The head is None where it is the mail's header block and an empty line.

    Args:
        mail: The mail.
        render: Writes an attached item.
    """
    layout = mail.layout
    if len(layout) < _START.size:
        return None
    version, check, head_size = _START.unpack_from(layout)
    if version not in _DIGESTS or check != content_of(mail).check(version):
        return None
    head: bytes | None = None
    position = _START.size
    if head_size != _USUAL_HEAD:
        position += head_size
        head = layout[_START.size : position]
    out: list[bytes] = []
    while position + _PIECE.size <= len(layout):
        kind, number, width, size = _PIECE.unpack_from(layout, position)
        position += _PIECE.size
        payload = layout[position : position + size]
        position += size
        piece = _written_piece(mail, kind, number, payload, render)
        if piece is None:
            return None
        out.append(transfer.encode_base64_lines(piece, width) if width else piece)
    return head, b"".join(out)


def _written_piece(mail: Mail, kind: int, number: int, payload: bytes, render: Callable[[Item], bytes]) -> bytes | None:
    if kind in (PieceKind.LITERAL, PieceKind.BLOB):
        return payload
    if kind in (PieceKind.TEXT, PieceKind.HTML):
        text = mail.text if kind == PieceKind.TEXT else mail.html
        try:
            return None if text is None else _encoded(text, payload.decode("ascii"))
        except UnicodeError:
            return None
    if kind == PieceKind.RTF:
        return mail.rtf
    if kind == PieceKind.ORIGINAL:
        return mail.original[2:] if mail.original.startswith(b"\r\n") else mail.original.partition(b"\r\n\r\n")[2]
    if number >= len(mail.attachments):
        return None
    attachment = mail.attachments[number]
    if kind == PieceKind.DATA:
        return attachment.content()
    if kind == PieceKind.ITEM and attachment.item is not None:
        message = render(attachment.item)
        return message if _digest(message) == payload else None
    return None
