"""Messages with a calendar or a card and nothing of any program's own: text/calendar or text/vcard, in whatever shape.

What an item of one keeps (`FORM_SOURCE`) is the header block behind a line of words that say how the message was made:

    single       its only part is the calendar or card
    alternative  that stands beside the text, as another form of it
    inline       the files are in the calendar
    text         there is a text
    titled       the subject is that of the item
"""

from __future__ import annotations

import re
from dataclasses import replace

from mailconnector.formats import calendar, card
from mailconnector.formats.item.forms import ServerMessage, source_of, with_source
from mailconnector.formats.item.leftover import CARD_KINDS
from mailconnector.formats.item.parts import CALENDAR_KINDS, one_item, standard_entity
from mailconnector.formats.mail import fields
from mailconnector.formats.mail.entities import Entity, attachment_entity, multipart, text_entity
from mailconnector.formats.mail.mime import CONTENT_FIELDS
from mailconnector.formats.mail.rendering import render
from mailconnector.formats.mail.structure import field_values
from mailconnector.items import (
    Appointment,
    Attachment,
    Contact,
    DistributionList,
    FolderKind,
    Item,
    JournalEntry,
    Placement,
    Task,
    mail_of,
    message_id_of,
    with_mail,
)
from mailconnector.items.headers import fields as header_fields
from mailconnector.items.readable import summary

NAME = "plain"

_OF_NEITHER = frozenset({FolderKind.MAIL, FolderKind.NOTES})
_METHOD = re.compile(rb"^METHOD:([A-Za-z-]{1,40})\r$", re.MULTILINE)
_NOT_KEPT = CONTENT_FIELDS | {b"mime-version", b"content-length", b"lines"}


def matches(message: ServerMessage) -> bool:
    """Tell whether there is a calendar or a card among the parts."""
    return message.kind not in _OF_NEITHER and bool(_kinds(message))


def _kinds(message: ServerMessage) -> frozenset[str]:
    cards_first = message.kind is FolderKind.CONTACTS
    for kinds in (CARD_KINDS, CALENDAR_KINDS) if cards_first else (CALENDAR_KINDS, CARD_KINDS):
        if any(one.content_type in kinds for one in message.mail.attachments):
            return kinds
    return frozenset()


def read(message: ServerMessage) -> Item:
    """Return the item of a message.

    Raises:
        FormatError: The calendar or card is damaged, or is about several items.
    """
    mail = message.mail
    item, number = one_item(mail, _kinds(message))
    part = mail.attachments[number]
    others = [one for at, one in enumerate(mail.attachments) if at != number and not _is_copy(one, part)]
    found = mail_of(item)
    words = []
    if len(message.leaves()) == 1:
        words.append("single")
    if part.placement is Placement.ALTERNATIVE:
        words.append("alternative")
    if not others and any(not one.reference for one in found.attachments):
        words.append("inline")
    if mail.text is not None or mail.html is not None:
        words.append("text")
    if mail.subject == found.subject:
        words.append("titled")
    # A text that the calendar does not have would make all instances of a series others than those it has.
    has_body = (
        found.text is not None or found.html is not None or (isinstance(item, Appointment) and bool(item.changed))
    )
    found = replace(
        found,
        text=found.text if has_body else mail.text,
        html=found.html if has_body else mail.html,
        date=found.date or mail.date,
        received=mail.received,
        attachments=(*found.attachments, *others),
    )
    return with_source(with_mail(item, found), NAME, " ".join(words).encode("ascii") + b"\r\n" + mail.headers)


def _is_copy(one: Attachment, part: Attachment) -> bool:
    """Tell whether an attachment is the calendar or card once more, for programs that want it as a file."""
    return one.item is None and not one.reference and one.content() == part.content()


def write(item: Item) -> bytes | None:
    """Return the message of an item that came in this form; None for an item that is no calendar's and no card's."""
    first, _, headers = source_of(item).partition(b"\r\n")
    words = first.decode("ascii", "replace").split()
    inline = "inline" in words or "single" in words
    if isinstance(item, (Contact, DistributionList)):
        content = card.render(item, card.version_of(item))
    elif isinstance(item, (Appointment, Task, JournalEntry)):
        content = calendar.render(item, inline=inline)
    else:
        return None
    method = _METHOD.search(content)
    standard = standard_entity(item, content, method[1].decode("ascii") if method else "")
    entity = _entity(item, standard, words, inline)
    return b"".join([*_header(item, headers, "titled" in words), entity.header, b"\r\n", entity.body])


def _entity(item: Item, standard: Entity, words: list[str], inline: bool) -> Entity:
    mail = mail_of(item)
    files = [one for one in mail.attachments if one is not (item.photo if isinstance(item, Contact) else None)]
    if isinstance(item, (Appointment, Task, JournalEntry)):
        files = [one for one in files if one.item is not None or not (inline or one.reference)]
    made = [attachment_entity(one, None if one.item is None else render(one.item)) for one in files]
    if "single" in words and not made:
        return standard
    text = [text_entity(mail.text or summary(item), "plain", "utf-8")] if "text" in words else []
    if "alternative" in words and text:
        both = multipart("alternative", [*text, standard])
        return multipart("mixed", [both, *made]) if made else both
    return multipart("mixed", [*text, standard, *made])


def _header(item: Item, headers: bytes, titled: bool) -> list[bytes]:
    mail = mail_of(item)
    if not headers:
        made = replace(mail, message_id=message_id_of(item))
        return [*(write(made) for write in fields.WRITERS.values()), b"MIME-Version: 1.0\r\n"]
    came = fields.read(field_values(headers))["subject"]
    subject = mail.subject if titled else came
    kept = []
    for whole, name, _ in header_fields(headers):
        name = name.lower()
        if name == b"subject":
            whole = whole if subject == came else fields.WRITERS[b"subject"](replace(mail, subject=subject))
        if name not in _NOT_KEPT:
            kept.append(whole)
    if b"subject" not in field_values(headers) and subject:
        kept.append(fields.WRITERS[b"subject"](replace(mail, subject=subject)))
    return [*kept, b"MIME-Version: 1.0\r\n"]
