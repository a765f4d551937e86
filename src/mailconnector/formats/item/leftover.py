"""The MAPI properties of an item that travel in its message as a TNEF stream, and the contents that they leave to it.

The stream has the whole item as `mapping` makes it, but for the contents of attachments that the message has in its
parts already, photos of cards among them. Instead of such a content stands its digest (`CONTENT`), by which it is found
among the parts again, in whatever order they are and however deep in attached messages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from hashlib import blake2b

from mailconnector.formats.errors import FormatError
from mailconnector.formats.item.forms import content_of, leaves_of
from mailconnector.formats.mail.entities import Entity, binary_entity
from mailconnector.formats.mail.structure import MAX_DEPTH, Budget, Part, scan
from mailconnector.formats.mail.tnef_parts import LEFTOVER_FIELD
from mailconnector.formats.syntax.transfer import decode_base64
from mailconnector.mapi import tags, tnef
from mailconnector.mapi.objects import AttachmentObject, MessageObject, PropertyKey, find
from mailconnector.mapi.types import NAMED_ID_FIRST, PropertyType
from mailconnector.mapi.values import ValueFormatError
from mailconnector.mapping import own

CONTENT = own.tag("ContentDigest", PropertyType.BINARY)
"""Of an attachment in a stream: the digest of its content, which is in a part of the message."""

CARD_KINDS = frozenset({"text/vcard", "text/x-vcard", "text/directory"})
"""Content types of cards."""

_NAMELESS = own.tag("Nameless", PropertyType.BOOLEAN)

NAME = "mailconnector.dat"

_FOLD = re.compile(rb"\r?\n[ \t]")
_FILE = re.compile(
    rb"^(?:PHOTO|KEY)[^\r\n]*?(?:;base64,|ENCODING=B[^:\r\n]*:)([A-Za-z0-9+/=]+)", re.MULTILINE | re.IGNORECASE
)
_DIGEST = 16
_SHORT = 8


class LeftoverFormatError(FormatError):
    """The TNEF stream of an item's message is damaged."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"what Outlook alone knows of the item is damaged: {reason}",
            hint="The item has what its calendar, card or text says.",
        )


def digest_of(content: bytes) -> bytes:
    """Return by what a content is known."""
    return blake2b(content, digest_size=_DIGEST).digest()


def contents_of(root: Part) -> dict[bytes, bytes]:
    """Return the contents in a message's parts, and in messages and cards among them, by their digests."""
    found: dict[bytes, bytes] = {}
    budget = Budget()
    waiting = [(root, 0)]
    while waiting:
        part, depth = waiting.pop()
        for leaf in leaves_of(part):
            content = content_of(leaf)
            found.setdefault(digest_of(content), content)
            if leaf.kind == "message/rfc822" and depth < MAX_DEPTH and budget.parts > 0:
                waiting.append((scan(content, budget, depth), depth + 1))
            elif leaf.kind in CARD_KINDS:
                found |= {digest_of(one): one for one in _held(content)}
    return found


def _held(card: bytes) -> Iterator[bytes]:
    """Yield the files that are written within a card, be it damaged elsewhere."""
    for found in _FILE.finditer(_FOLD.sub(b"", card)):
        yield decode_base64(found[1])


def pack(message: MessageObject, contents: Collection[bytes]) -> bytes:
    """Return the stream of a message.

    Args:
        message: The whole message; it is not changed.
        contents: Digests of the contents that stand elsewhere.

    Raises:
        ValueFormatError: A value does not fit its property's type.
    """
    return tnef.build(_without(message, contents))


def _without(message: MessageObject, contents: Collection[bytes]) -> MessageObject:
    attachments = [_attachment_without(one, contents) for one in message.attachments]
    # What a store has under an id of its own without a name means nothing elsewhere.
    properties = {key: value for key, value in message.properties.items() if _has_place(key)}
    return MessageObject(properties, message.recipients, attachments, message.associated)


def _has_place(key: PropertyKey) -> bool:
    return not isinstance(key, int) or key >> 16 < NAMED_ID_FIRST


def _attachment_without(attachment: AttachmentObject, contents: Collection[bytes]) -> AttachmentObject:
    properties = attachment.properties
    if find(properties, tags.PidTagAttachFilename) is None:
        # The stream gives every attachment a name.
        properties = {**properties, _NAMELESS: True}
    if attachment.embedded is not None:
        return AttachmentObject(properties, embedded=_without(attachment.embedded, contents))
    data = attachment.data
    if data is not None and not isinstance(data, bytes):
        data.seek(0)
        data = data.read()
    digest = None if data is None else digest_of(data)
    if digest is None or digest not in contents:
        return AttachmentObject(properties, data=data)
    return AttachmentObject({**properties, CONTENT: digest})


def unpack(stream: bytes, contents: Mapping[bytes, bytes]) -> MessageObject:
    """Return the message of a stream, without attachments whose contents somebody has taken away.

    Args:
        stream: What `pack` gave.
        contents: The contents that stand elsewhere, by their digests.

    Raises:
        LeftoverFormatError: The stream is damaged.
    """
    try:
        message = tnef.parse(stream)
    except (tnef.TnefFormatError, ValueFormatError) as error:
        raise LeftoverFormatError(str(error)) from error
    _fill(message, contents.get)
    return message


def _fill(message: MessageObject, content: Callable[[bytes], bytes | None]) -> None:
    kept: list[AttachmentObject] = []
    for attachment in message.attachments:
        if attachment.embedded is not None:
            _fill(attachment.embedded, content)
        if attachment.properties.pop(_NAMELESS, False):
            attachment.properties.pop(tags.PidTagAttachFilename, None)
        digest = attachment.properties.pop(CONTENT, None)
        if isinstance(digest, bytes):
            attachment.data = content(digest)
            if attachment.data is None:
                continue
        kept.append(attachment)
    message.attachments = kept


def leftover_entity(stream: bytes) -> Entity:
    """Return a stream as the last part of a message; `parse` leaves it closed."""
    header = (
        f'Content-Type: application/ms-tnef; name="{NAME}"\r\nContent-Disposition: attachment; filename="{NAME}"\r\n'
    ).encode("ascii")
    entity = binary_entity(header, stream)
    return Entity(entity.header + b"X-MailConnector-Leftover: " + short_digest(stream) + b"\r\n", entity.body)


def short_digest(stream: bytes) -> bytes:
    """Return what stands beside a stream to tell whether it is whole."""
    return blake2b(stream, digest_size=_SHORT).hexdigest().encode("ascii")


def is_leftover(part: Part) -> bool:
    """Tell whether a part is an item's stream."""
    return LEFTOVER_FIELD in part.fields


def stream_of(part: Part) -> bytes:
    """Return the stream of a part.

    Raises:
        LeftoverFormatError: It is not what was written.
    """
    stream = content_of(part)
    if part.fields[LEFTOVER_FIELD].strip() != short_digest(stream):
        raise LeftoverFormatError("the stream has changed")
    return stream
