"""Entities of MIME that are written: texts, attachments, multiparts ([RFC 2045], [RFC 2046]).

The same content always gives the same bytes: boundaries come from the content.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from mailconnector.formats.mail import dates, parameters, words
from mailconnector.formats.syntax import charsets, transfer
from mailconnector.items import Attachment, Placement

_KIND = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")
_PARAMETER_NAME = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,60}")
_LONG_LINE = re.compile(rb"[^\n]{999}")
_BARE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")


@dataclass(frozen=True, slots=True)
class Entity:
    """A body with the fields that describe it.

    Attributes:
        header: Its fields, each ended by CRLF.
        body: Encoded.
    """

    header: bytes
    body: bytes

    def whole(self) -> bytes:
        """Return it as bytes, an empty line between header and body."""
        return self.header + b"\r\n" + self.body


def multipart(sub: str, parts: Sequence[Entity], values: Sequence[tuple[str, str]] = ()) -> Entity:
    """Return a multipart.

    Args:
        sub: "mixed", "alternative" ...
        parts: In order.
        values: Parameters of its content type beside the boundary.
    """
    wholes = [part.whole() for part in parts]
    boundary = _boundary(wholes)
    header = parameters.field("Content-Type", f"multipart/{sub}", [*values, ("boundary", boundary)])
    line = b"--" + boundary.encode("ascii")
    pieces: list[bytes] = []
    for whole in wholes:
        pieces += [line, b"\r\n", whole, b"\r\n"]
    return Entity(header, b"".join([*pieces, line, b"--\r\n"]))


def _boundary(wholes: Sequence[bytes]) -> str:
    """Return a boundary that no part holds, and that depends on nothing but the parts."""
    digest = blake2b(digest_size=15)
    for whole in wholes:
        digest.update(len(whole).to_bytes(8, "big"))
        digest.update(whole)
    while True:
        # "=_" cannot stand in base64, nor in quoted-printable.
        boundary = f"=_{digest.hexdigest()}"
        if not any(boundary.encode("ascii") in whole for whole in wholes):
            return boundary
        digest.update(b"+")


def text_entity(text: str, sub: str, charset: str, values: Sequence[tuple[str, str]] = ()) -> Entity:
    r"""Return a text, in the shortest encoding that readers can bear.

    Args:
        text: With "\n" as its line end.
        sub: "plain", "html" ...
        charset: Where it lacks a character, UTF-8 is taken.
        values: Parameters of the content type beside the charset.
    """
    data, name = charsets.encode(text.replace("\n", "\r\n"), charset)
    header = parameters.field("Content-Type", f"text/{sub}", [("charset", name), *values])
    if _is_seven_bit(data):
        return Entity(header + b"Content-Transfer-Encoding: 7bit\r\n", data)
    encoded = transfer.encode_quoted_printable(data)
    if len(encoded) * 3 > len(data) * 5:
        return binary_entity(header, data)
    return Entity(header + b"Content-Transfer-Encoding: quoted-printable\r\n", encoded)


def _is_seven_bit(data: bytes) -> bool:
    return data.isascii() and b"\0" not in data and not _LONG_LINE.search(data) and not _BARE_LINE_END.search(data)


def binary_entity(header: bytes, data: bytes) -> Entity:
    """Return content in base64.

    Args:
        header: Its fields.
        data: The content.
    """
    return Entity(header + b"Content-Transfer-Encoding: base64\r\n", transfer.encode_base64(data))


def attachment_entity(attachment: Attachment, message: bytes | None = None) -> Entity:
    """Return an attachment.

    Args:
        attachment: The attachment.
        message: The bytes of the item that it is; None where it is none.
    """
    disposition = b"".join(_description(attachment))
    if message is not None:
        body = message
        header = parameters.field("Content-Type", "message/rfc822", _name(attachment), as_words=True)
        if not body.isascii():
            header += b"Content-Transfer-Encoding: 8bit\r\n"
        return Entity(header + disposition, body)
    kind = attachment.content_type
    if not _KIND.fullmatch(kind) or kind.startswith("multipart/") or kind in ("message/rfc822", "message/global"):
        kind = "application/octet-stream"
    if attachment.reference:
        values = [("access-type", "URL"), ("URL", attachment.reference), *_name(attachment)]
        header = parameters.field("Content-Type", "message/external-body", values)
        return Entity(header + disposition, f"Content-Type: {kind}\r\n\r\n".encode("ascii"))
    kept = [item for item in attachment.parameters if _PARAMETER_NAME.fullmatch(item[0])]
    header = parameters.field("Content-Type", kind, [*kept, *_name(attachment)], as_words=True)
    data = attachment.content()
    if kind.startswith(("text/", "message/")) and _is_seven_bit(data):
        return Entity(header + b"Content-Transfer-Encoding: 7bit\r\n" + disposition, data)
    coded = binary_entity(header, data)
    return Entity(coded.header + disposition, coded.body)


def _name(attachment: Attachment) -> list[tuple[str, str]]:
    return [("name", attachment.name)] if attachment.name else []


def _description(attachment: Attachment) -> Iterator[bytes]:
    """Yield the fields of an attachment that do not depend on its content."""
    if attachment.content_id:
        yield words.field("Content-ID", f"<{attachment.content_id}>")
    if attachment.location:
        yield words.field("Content-Location", attachment.location)
    if attachment.description:
        yield words.field("Content-Description", attachment.description)
    values = [("filename", attachment.name)] if attachment.name else []
    if attachment.created:
        values.append(("creation-date", dates.text_of(attachment.created)))
    if attachment.modified:
        values.append(("modification-date", dates.text_of(attachment.modified)))
    attached = attachment.placement is Placement.ATTACHED
    if values or attachment.placement is not Placement.ALTERNATIVE:
        yield parameters.field("Content-Disposition", "attachment" if attached else "inline", values)
