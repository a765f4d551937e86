"""Which module maps which message class."""

from __future__ import annotations

from collections.abc import Callable

from mailconnector.items import (
    Appointment,
    Contact,
    DistributionList,
    GenericItem,
    Item,
    JournalEntry,
    Mail,
    Note,
    Post,
    Task,
)
from mailconnector.mapi import reading, tags
from mailconnector.mapi.objects import MessageObject
from mailconnector.mapping import (
    appointment,
    contact,
    distribution_list,
    generic,
    journal_entry,
    mail,
    note,
    post,
    task,
)

# Classes that are mail, with all below them.
_MAIL = ("ipm.note", "ipm.post", "report")
# Classes of the other types, with all below them.
_READERS: dict[str, Callable[[MessageObject, Callable[[MessageObject], Item]], Item]] = {
    **dict.fromkeys(appointment.CLASSES, appointment.from_object),
    "ipm.contact": contact.from_object,
    "ipm.distlist": distribution_list.from_object,
    "ipm.task": task.from_object,
    "ipm.stickynote": note.from_object,
    "ipm.activity": journal_entry.from_object,
    "ipm.post.rss": post.from_object,
}


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

    match item:
        case Mail():
            return mail.to_object(item, embed, own_addresses)
        case Appointment():
            return appointment.to_object(item, embed, own_addresses)
        case Contact():
            return contact.to_object(item, embed, own_addresses)
        case DistributionList():
            return distribution_list.to_object(item, embed, own_addresses)
        case Task():
            return task.to_object(item, embed, own_addresses)
        case Note():
            return note.to_object(item, embed, own_addresses)
        case JournalEntry():
            return journal_entry.to_object(item, embed, own_addresses)
        case Post():
            return post.to_object(item, embed, own_addresses)
        case GenericItem():
            return generic.to_object(item, embed, own_addresses)


def from_mapi(message: MessageObject) -> Item:
    """Return a MAPI message as an item of its class, a `GenericItem` when that is not known.

    Attachments that the message gives as streams are read when they are wanted; their store must stay open.
    """
    message_class = reading.text(message.properties, tags.PidTagMessageClass)
    folded = message_class.lower()
    for one, read in _READERS.items():
        if folded == one or folded.startswith(f"{one}."):
            return read(message, from_mapi)
    if is_mail(message_class):
        return mail.from_object(message, from_mapi)
    return generic.from_object(message, from_mapi)
