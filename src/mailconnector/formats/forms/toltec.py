"""Messages of Toltec's connector for Outlook: Kolab's envelope, and the whole item of Outlook as a TNEF stream.

Beside the stream may stand an object of Kolab's version 2 for other programs; the stream says more. What an item of one
keeps (`FORM_SOURCE`) is the header block, an empty line, and that object.
"""

from __future__ import annotations

from dataclasses import replace

from mailconnector.formats.errors import FormatError
from mailconnector.formats.item.forms import FORM, FORM_SOURCE, ServerMessage, content_of, source_of, with_source
from mailconnector.formats.kolab import v2 as kolab_v2
from mailconnector.formats.kolab.message import FILE, KINDS, TYPE, TYPES, kind_of
from mailconnector.formats.mail import fields
from mailconnector.formats.mail.entities import attachment_entity, binary_entity, multipart, text_entity
from mailconnector.formats.mail.mime import CONTENT_FIELDS
from mailconnector.formats.mail.structure import Part
from mailconnector.formats.syntax.xml_tree import render_xml
from mailconnector.items import Attachment, Item, Mail, mail_of, message_id_of, with_mail
from mailconnector.items.headers import fields as header_fields
from mailconnector.items.readable import summary
from mailconnector.mapi import tnef
from mailconnector.mapi.values import ValueFormatError
from mailconnector.mapping import from_mapi, to_mapi

NAME = "toltec"

_STREAMS = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_NOT_KEPT = CONTENT_FIELDS | {b"mime-version", b"content-length", b"lines", b"date", b"message-id"}
_FILE = "winmail.dat"


class ToltecFormatError(FormatError):
    """The stream of a message is damaged, or holds a mail."""


def matches(message: ServerMessage) -> bool:
    """Tell whether a message is of Toltec's, with a stream in it."""
    return message.header("X-Library").strip().lower().startswith("toltec") and _stream(message) is not None


def _stream(message: ServerMessage) -> Part | None:
    return next((leaf for leaf in message.leaves() if leaf.kind in _STREAMS), None)


def read(message: ServerMessage) -> Item:
    """Return the item of a message.

    Raises:
        ToltecFormatError: Its stream is damaged.
    """
    part = _stream(message)
    try:
        item = from_mapi(tnef.parse(content_of(part) if part is not None else b"", lenient=True))
    except (tnef.TnefFormatError, ValueFormatError) as error:
        raise ToltecFormatError(f"a Toltec message has a damaged TNEF stream: {error}") from error
    if isinstance(item, Mail):
        raise ToltecFormatError("a Toltec message has a TNEF stream without an item")
    uid = message.mail.subject.strip() if kind_of(message) else ""
    mail = mail_of(item)
    item = with_mail(item, replace(mail, message_id=f"<{uid}>" if uid else mail.message_id))
    kept = [whole for whole, name, _ in header_fields(message.mail.headers) if name.lower() not in _NOT_KEPT]
    types = {TYPE + kind for kind in KINDS}
    xml = next((one.content() for one in message.mail.attachments if one.content_type in types), b"")
    return with_source(item, NAME, b"".join([*kept, b"\r\n", xml]))


def write(item: Item) -> bytes | None:
    """Return the message of an item; None when it is not known how its author wrote it."""
    source = source_of(item)
    header, found, xml = source.partition(b"\r\n\r\n")
    kind = TYPES.get(type(item))
    if not found or kind is None:
        return None
    mail = mail_of(item)
    leftover = {key: value for key, value in mail.leftover.items() if key not in (FORM, FORM_SOURCE)}
    bare = with_mail(item, replace(mail, leftover=leftover))
    try:
        stream = tnef.build(to_mapi(bare))
    except ValueFormatError as error:
        raise ToltecFormatError(f"a property of '{mail.subject}' has a value that is not of its type") from error
    entities = [text_entity(mail.text or summary(item), "plain", "utf-8")]
    if xml:
        content = render_xml(kolab_v2.document(bare, kind, xml))
        entities.append(attachment_entity(Attachment(FILE, TYPE + kind, content)))
    described = f'Content-Type: application/ms-tnef; name="{_FILE}"\r\n'
    described += f'Content-Disposition: attachment; filename="{_FILE}"\r\n'
    entities.append(binary_entity(described.encode("ascii"), stream))
    written = Mail(date=mail.date, message_id=message_id_of(item))
    whole = multipart("mixed", entities)
    made = [header, b"\r\n", *(fields.WRITERS[name](written) for name in (b"date", b"message-id"))]
    return b"".join([*made, b"MIME-Version: 1.0\r\n", whole.header, b"\r\n", whole.body])
