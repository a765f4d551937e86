"""An item of which somebody has changed the parts of its message, beside the TNEF stream that he cannot read."""

from __future__ import annotations

from dataclasses import replace

from mailconnector.formats.item.note_message import title_of
from mailconnector.formats.item.parts import Said, attached_parts, body_of, said_by
from mailconnector.items import Attachment, Contact, GenericItem, Item, Mail, Note, Post, mail_of, with_mail
from mailconnector.items.contact import is_photo
from mailconnector.items.merging import merge


def merged(stored: Item, mail: Mail, before: Mail) -> Item:
    """Return an item with what was changed in the parts of its message.

    Args:
        stored: The item of the TNEF stream.
        mail: The message.
        before: The message that was made of the stored item.

    Raises:
        FormatError: The calendar or card is missing or damaged.
    """
    now, then = said_by(type(stored), mail), said_by(type(stored), before)
    theirs = _with_texts(now.item, then.item, mail, before)
    attachments = _attachments(stored, now, then)
    had = mail_of(stored)
    item = merge(
        stored,
        stored,
        with_mail(theirs, replace(mail_of(theirs), attachments=attachments)),
        their_base=with_mail(then.item, replace(mail_of(then.item), attachments=had.attachments)),
    ).item
    return _without_old_forms(item, had)


def _with_texts(now: Item, then: Item, mail: Mail, before: Mail) -> Item:
    """Return what the message says, its subject and text too where those were changed and the standard part was not."""
    said, said_then = mail_of(now), mail_of(then)
    if isinstance(now, (Mail, GenericItem, Post)):
        return now
    if mail.subject != before.subject and said.subject == said_then.subject:
        said = replace(said, subject=mail.subject)
    if mail.text != before.text and said.text == said_then.text:
        said = replace(said, text=mail.text if isinstance(now, Note) else body_of(mail.text))
    if said.text != said_then.text and said.html == said_then.html:
        # A form of the body that the other program did not know.
        said = replace(said, html=None)
    if isinstance(now, Note) and said.text != said_then.text and mail.subject == before.subject:
        said = replace(said, subject=title_of(said.text))
    return with_mail(now, said)


def _without_old_forms(item: Item, had: Mail) -> Item:
    """Return an item without forms of its body that say what it said before."""
    mail = mail_of(item)
    if mail.text != had.text and mail.html is not None and mail.html == had.html:
        mail = replace(mail, html=None)
    if (mail.text, mail.html) != (had.text, had.html) and mail.rtf is not None and mail.rtf == had.rtf:
        mail = replace(mail, rtf=None)
    return with_mail(item, mail)


def _attachments(stored: Item, now: Said, then: Said) -> tuple[Attachment, ...]:
    """Return the attachments that a message has: those of the stored item that are still there, and new ones."""
    placed = attached_parts(stored)
    theirs = list(now.attachments)
    kept: list[Attachment] = []
    if len(placed) != len(then.attachments):
        # What is in a stream of somebody else's, for one, comes out as several.
        kept = placed if now.attachments == then.attachments else theirs
        theirs = []
    else:
        for one, written in zip(placed, then.attachments, strict=True):
            if written in theirs:
                theirs.remove(written)
                kept.append(one)
    within = list(mail_of(now.item).attachments)
    for one in mail_of(stored).attachments:
        if any(one is other for other in placed):
            continue
        same = _same_within(one, stored, within, mail_of(then.item).attachments)
        if same is not None:
            within.remove(same)
            kept.append(one)
    order = {id(one): at for at, one in enumerate(mail_of(stored).attachments)}
    kept.sort(key=lambda one: order.get(id(one), len(order)))
    known = [one.content() for one in kept if one.item is None and not one.reference]
    new = [one for one in within if one.reference or one.content() not in known]
    return (*kept, *theirs, *new)


def _same_within(
    one: Attachment, stored: Item, within: list[Attachment], before: tuple[Attachment, ...]
) -> Attachment | None:
    """Return the attachment in a calendar or card that is one of the item's; None when it is there no more."""
    if isinstance(stored, Contact) and is_photo(one):
        now, then = (next((other for other in found if is_photo(other)), None) for found in (within, before))
        return now if now is not None and then is not None and now.content() == then.content() else None
    return next((other for other in within if other.reference and other.reference == one.reference), None)
