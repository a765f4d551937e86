"""Items of every type, and what all of them have."""

from __future__ import annotations

from dataclasses import replace

from mailconnector.items.appointment import Appointment
from mailconnector.items.contact import Contact
from mailconnector.items.distribution_list import DistributionList
from mailconnector.items.journal_entry import JournalEntry
from mailconnector.items.mail import GenericItem, Mail
from mailconnector.items.note import Note
from mailconnector.items.post import Post
from mailconnector.items.task import Task

Item = Mail | GenericItem | Appointment | Contact | DistributionList | Task | Note | JournalEntry | Post
"""Any item; what is of no class that is known is a `GenericItem`."""


def mail_of(item: Item) -> Mail:
    """Return the mail that an item is or carries: its text is what the user wrote, and may be missing."""
    return item if isinstance(item, Mail) else item.mail


def with_mail(item: Item, mail: Mail) -> Item:
    """Return an item with another mail."""
    return mail if isinstance(item, Mail) else replace(item, mail=mail)


def without_bodies(item: Item) -> Item:
    """Return an item with no more than what its header says."""
    return with_mail(item, replace(mail_of(item), text=None, html=None, rtf=None, attachments=(), original=b""))
