"""What the parts of an item's message say: written of an item, and read again, its MAPI properties aside.

| item | parts |
|---|---|
| appointment, task, journal entry | its text, text/calendar, its attachments |
| contact, list | its text, text/vcard, its attachments |
| note | its text, its attachments |
| everything else | what a mail has |

A text is what the user wrote, then a line of stars (`RULE`), then the fields of the item, a line each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mailconnector.formats import calendar, card
from mailconnector.formats.errors import FormatError
from mailconnector.formats.item.leftover import CARD_KINDS
from mailconnector.formats.mail.entities import Entity, attachment_entity, text_entity
from mailconnector.formats.mail.rendering import parts_of, render
from mailconnector.formats.syntax import charsets
from mailconnector.formats.syntax.html_text import text_of_html
from mailconnector.items import (
    Appointment,
    Attachment,
    Contact,
    DistributionList,
    GenericItem,
    Item,
    JournalEntry,
    Mail,
    Note,
    Placement,
    Post,
    Task,
    mail_of,
    message_id_of,
    with_mail,
)
from mailconnector.items.readable import summary
from mailconnector.mapi import reading, tags

TYPES: dict[str, type] = {
    "mail": Mail,
    "item": GenericItem,
    "appointment": Appointment,
    "contact": Contact,
    "list": DistributionList,
    "task": Task,
    "note": Note,
    "journal": JournalEntry,
    "post": Post,
}
"""Types of items by the names that messages have for them."""

CALENDAR_KINDS = frozenset({"text/calendar", "text/x-vcalendar", "application/ics"})
"""Content types of calendars."""

RULE = "*~*~*~*~*~*~*~*~*~*"
"""The line between what the user wrote and the fields of the item, as Outlook has it in its messages about meetings."""

_CALENDARS = (Appointment, Task, JournalEntry)
_CARDS = (Contact, DistributionList)
_NAMES = {
    Appointment: "appointment.ics",
    Task: "task.ics",
    JournalEntry: "journal.ics",
    Contact: "contact.vcf",
    DistributionList: "list.vcf",
}


class ItemFormatError(FormatError):
    """A calendar or a card is not the one item that a message should be."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the parts of a message say.

    Attributes:
        item: The item, its attachments those that the standard part itself has.
        attachments: Those that are parts of the message.
    """

    item: Item
    attachments: tuple[Attachment, ...] = ()


def type_name(item: Item) -> str:
    """Return what messages call an item's type."""
    return next(name for name, kind in TYPES.items() if type(item) is kind)


# -- writing -----------------------------------------------------------------------------------------------------------


def entities_of(item: Item) -> list[Entity]:
    """Return the parts of an item's message, in their order."""
    if isinstance(item, (Mail, GenericItem, Post)):
        return parts_of(mail_of(item))
    text = item_text(item)
    made = [text_entity(text, "plain", "utf-8")] if text or isinstance(item, Note) else []
    if isinstance(item, _CALENDARS + _CARDS):
        made.append(standard_entity(item, standard_of(item)))
    return made + [
        attachment_entity(one, None if one.item is None else render(one.item)) for one in attached_parts(item)
    ]


def standard_of(item: Item) -> bytes:
    """Return the calendar or the card of an item, without the files that are attached to it."""
    message_id = message_id_of(item)
    if isinstance(item, _CARDS):
        changed = reading.moment(item.mail.leftover, tags.PidTagLastModificationTime)
        return card.render(item, uid=message_id.strip("<>"), revised=changed)
    assert isinstance(item, _CALENDARS)
    return calendar.render(replace(item, mail=replace(item.mail, message_id=message_id)), inline=False)


def standard_entity(item: Item, content: bytes, method: str = "") -> Entity:
    """Return a calendar or a card as a part of a message.

    Args:
        item: What it is about.
        content: The calendar or card.
        method: METHOD of the calendar, where the item does not tell.
    """
    values: list[tuple[str, str]] = []
    if isinstance(item, Appointment):
        method = calendar.method_of(item) or method
    if method:
        values.append(("method", method))
    if type(item) in calendar.COMPONENTS:
        values.append(("component", calendar.COMPONENTS[type(item)]))
    sub = "vcard" if isinstance(item, _CARDS) else "calendar"
    entity = text_entity(content.decode("utf-8").replace("\r\n", "\n"), sub, "utf-8", values)
    disposition = f"Content-Disposition: inline; filename={_NAMES[type(item)]}\r\n".encode("ascii")
    return Entity(entity.header + disposition, entity.body)


def item_text(item: Item) -> str:
    """Return the text of an item for who reads it as a mail; a note's is its own alone."""
    mail = mail_of(item)
    own = text_of_html(mail.html) if mail.text is None and mail.html is not None else mail.text
    if isinstance(item, Note):
        return own or ""
    fields = summary(item)
    if not fields:
        return own or ""
    return f"{RULE}\n{fields}" if own is None else f"{own}\n{RULE}\n{fields}"


def attached_parts(item: Item) -> list[Attachment]:
    """Return the attachments of an item that are parts of its message, in their order.

    A photo is in the card, a link in the calendar.
    """
    found = mail_of(item).attachments
    if isinstance(item, (Mail, GenericItem, Post)):
        mail = mail_of(item)
        related = [one for one in found if one.placement is Placement.RELATED and mail.html is not None]
        forms = [one for one in found if one.placement is Placement.ALTERNATIVE]
        return [*related, *forms, *[one for one in found if one not in related and one not in forms]]
    if isinstance(item, Contact):
        photo = item.photo
        return [one for one in found if one is not photo]
    if isinstance(item, _CALENDARS):
        return [one for one in found if one.item is not None or not one.reference]
    return list(found)


# -- reading -----------------------------------------------------------------------------------------------------------


def said_by(kind: type, mail: Mail) -> Said:
    """Return what the parts of a message say of an item.

    Args:
        kind: The item's type.
        mail: The message as a mail.

    Raises:
        FormatError: The calendar or card is missing or damaged, or is not one such item.
    """
    bare = replace(mail, headers=b"", layout=b"", original=b"", received=None, leftover={})
    if kind is Mail:
        return Said(replace(bare, attachments=()), mail.attachments)
    if kind is GenericItem:
        return Said(GenericItem(replace(bare, attachments=())), mail.attachments)
    if kind is Post:
        return Said(Post(replace(bare, message_class="IPM.Post.RSS", attachments=())), mail.attachments)
    if kind is Note:
        return Said(_note(mail), mail.attachments)
    kinds = CARD_KINDS if kind in _CARDS else CALENDAR_KINDS
    item, number = one_item(mail, kinds)
    if type(item) is not kind:
        raise ItemFormatError("a calendar or a card is about another sort of item than its message")
    return Said(item, tuple([one for at, one in enumerate(mail.attachments) if at != number]))


def _note(mail: Mail) -> Note:
    return Note(
        Mail("IPM.StickyNote", subject=mail.subject, text=mail.text, html=mail.html, charset=mail.charset,
             date=mail.date, message_id=mail.message_id, flags=mail.flags)
    )  # fmt: skip


def one_item(mail: Mail, kinds: frozenset[str]) -> tuple[Item, int]:
    """Return the item of the first calendar or card among a message's parts, and which of its attachments that is.

    The item's message id is its UID.

    Raises:
        FormatError: There is none, it is damaged, or it has several items.
    """
    number = next((at for at, one in enumerate(mail.attachments) if one.content_type in kinds), None)
    if number is None:
        raise ItemFormatError("a message has lost its calendar or card", hint="It is kept as it is.")
    part = mail.attachments[number]
    reader: Callable[[bytes], Sequence[Item]] = card.parse if part.content_type in CARD_KINDS else calendar.parse
    items = reader(in_utf_8(part))
    if len(items) != 1:
        raise ItemFormatError(
            f"a message has {len(items)} items in its calendar or card",
            hint="It is kept as a mail. Import the file that is attached to it, to have them as items.",
        )
    return with_uid(items[0], mail.message_id), number


def in_utf_8(part: Attachment) -> bytes:
    """Return a text part's content in UTF-8 as far as its charset tells."""
    content = part.content()
    charset = dict(part.parameters).get("charset", "")
    if not charset or charset.lower() in ("utf-8", "us-ascii", "utf8"):
        return content
    text, _ = charsets.decode(content, charset)
    return text.encode("utf-8", "replace")


def with_uid(item: Item, message_id: str) -> Item:
    """Return an item whose message id is the UID in its calendar or card.

    Args:
        item: What was read of a calendar or card.
        message_id: For want of a UID.
    """
    uid = uid_of(item)
    mail = mail_of(item)
    return with_mail(item, replace(mail, message_id=f"<{uid}>" if uid else message_id))


def uid_of(item: Item) -> str:
    """Return the UID in the calendar or card that an item came from; "" when it has none."""
    if isinstance(item, Appointment) and item.uid:
        return item.uid
    return card.uid_of(item) if isinstance(item, _CARDS) else calendar.uid_of(mail_of(item))


def body_of(text: str | None) -> str | None:
    """Return what the user wrote of a text, what stands before the last rule in it."""
    if text is None:
        return None
    before, rule, _ = f"\n{text}".rpartition(f"\n{RULE}\n")
    if not rule:
        return text
    return before[1:] if before else None
