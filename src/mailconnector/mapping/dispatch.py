"""Which module maps which message class."""

from __future__ import annotations

from mailconnector.items import GenericItem, Item
from mailconnector.mapi import reading, tags
from mailconnector.mapi.objects import MessageObject
from mailconnector.mapping import generic, mail

# Classes that are mail, with all below them.
_MAIL = ("ipm.note", "ipm.post", "report")


def is_mail(message_class: str) -> bool:
    """Tell whether a message class is mail: a note, a report on one, or a post, or derived from these."""
    folded = message_class.lower()
    return not folded or folded == "ipm" or any(folded == one or folded.startswith(f"{one}.") for one in _MAIL)


def to_mapi(item: Item, *, own_addresses: frozenset[str] = frozenset()) -> MessageObject:
    """Return an item as a MAPI message, as Outlook itself would store it.

    Args:
        item: Any item.
        own_addresses: Lower-case addresses of the mailbox's owner: mail by them is marked as one's own.
    """

    def embed(inner: Item) -> MessageObject:
        return to_mapi(inner, own_addresses=own_addresses)

    if isinstance(item, GenericItem):
        return generic.to_object(item, embed, own_addresses)
    return mail.to_object(item, embed, own_addresses)


def from_mapi(message: MessageObject) -> Item:
    """Return a MAPI message as an item: a `Mail`, or for a class that is not known a `GenericItem`.

    Attachments that the message gives as streams are read when they are wanted; their store must stay open.
    """
    if is_mail(reading.text(message.properties, tags.PidTagMessageClass)):
        return mail.from_object(message, from_mapi)
    return generic.from_object(message, from_mapi)
