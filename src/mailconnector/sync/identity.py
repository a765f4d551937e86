"""By what an item is known again, taken from the item itself: for stores that have no cheaper way."""

from __future__ import annotations

from hashlib import blake2b

from mailconnector.items import Item, Mail, readable
from mailconnector.sync.store import Identity


def identify(item: Item) -> Identity:
    """Return an item's identity.

    Its name is the Message-ID; without one it is made of the author, the date and the subject. The digest is that of
    what a reader sees: the subject, the bodies, and the names and sizes of the attachments.
    """
    mail = readable(item)
    seen = blake2b(digest_size=12)
    for part in (mail.subject, mail.text, mail.html):
        seen.update(b"-" if part is None else b"+" + part.encode("utf-8", "surrogatepass"))
        seen.update(b"\0")
    seen.update(mail.rtf or b"")
    for attachment in mail.attachments:
        seen.update(f"\0{attachment.name}\0{attachment.size()}".encode("utf-8", "surrogatepass"))
    return Identity(mail.message_id.strip() or _made_up(mail), seen.hexdigest(), mail.subject)


def _made_up(mail: Mail) -> str:
    author = mail.author.email.casefold() if mail.author else ""
    when = mail.date.timestamp() if mail.date else ""
    text = f"{author}\0{when}\0{mail.subject}"
    return "made-up:" + blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
