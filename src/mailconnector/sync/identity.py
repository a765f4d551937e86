"""By what an item is known again, taken from the item itself: for stores that have no cheaper way."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b

from mailconnector.items import (
    Appointment,
    Contact,
    Item,
    JournalEntry,
    Mail,
    essence_of,
    mail_of,
    message_id_of,
)
from mailconnector.items.appointment import When
from mailconnector.items.zones import LocalTime, Zone
from mailconnector.sync.store import Identity


def identify(item: Item) -> Identity:
    """Return an item's identity.

    The name of a mail is its Message-ID; without one it is made of the author, the date and the subject. Its digest is
    that of what a reader sees: the subject, the bodies, and the names and sizes of the attachments.

    Other items have the message id that `items` gives them, and a digest of all that people see of them. Both are the
    same whichever store an item comes from.
    """
    if not isinstance(item, Mail):
        return Identity(message_id_of(item), essence_of(item), title_of(item))
    seen = blake2b(digest_size=12)
    for part in (item.subject, item.text, item.html):
        seen.update(b"-" if part is None else b"+" + part.encode("utf-8", "surrogatepass"))
        seen.update(b"\0")
    seen.update(item.rtf or b"")
    for attachment in item.attachments:
        seen.update(f"\0{attachment.name}\0{attachment.size()}".encode("utf-8", "surrogatepass"))
    return Identity(item.message_id.strip() or _made_up(item), seen.hexdigest(), item.subject)


def title_of(item: Item) -> str:
    """Return what a user calls an item: its subject, a contact's name, an appointment's day as well."""
    subject = mail_of(item).subject
    if isinstance(item, Contact):
        known = [item.display_name(), item.filed_under(), item.company, *[one.address for one in item.emails]]
        return next(filter(None, known), subject).replace("\n", ", ")
    if isinstance(item, Appointment) and item.start is not None:
        return f"{subject} ({_shown(item.start, item.zone)})".lstrip()
    if isinstance(item, JournalEntry) and item.start is not None:
        return f"{subject} ({_shown(item.start, None)})".lstrip()
    return subject


def _shown(when: When, zone: Zone | None) -> str:
    if isinstance(when, LocalTime):
        return f"{when.moment:%Y-%m-%d %H:%M}"
    if not isinstance(when, datetime):
        return when.isoformat()
    if zone is not None:
        try:
            return f"{zone.to_local(when):%Y-%m-%d %H:%M}"
        except OverflowError:
            pass
    return f"{when:%Y-%m-%d %H:%M} UTC"


def _made_up(mail: Mail) -> str:
    author = mail.author.email.casefold() if mail.author else ""
    when = mail.date.timestamp() if mail.date else ""
    text = f"{author}\0{when}\0{mail.subject}"
    return "made-up:" + blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
