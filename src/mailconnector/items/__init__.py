"""Items: what the program's own parts speak of, neither wire bytes nor MAPI."""

from mailconnector.items.appointment import Appointment
from mailconnector.items.contact import Contact
from mailconnector.items.distribution_list import DistributionList
from mailconnector.items.folder_kind import FolderKind
from mailconnector.items.item import Item, mail_of, with_mail, without_bodies
from mailconnector.items.journal_entry import JournalEntry
from mailconnector.items.labels import label_of
from mailconnector.items.mail import (
    OLE_STORAGE,
    Address,
    Attachment,
    Flags,
    GenericItem,
    Importance,
    Mail,
    Placement,
    Sensitivity,
    StoredContent,
)
from mailconnector.items.merging import Merged, essence_of, field_digests, merge
from mailconnector.items.message_ids import message_id_of
from mailconnector.items.note import Note
from mailconnector.items.post import Post
from mailconnector.items.readable import readable
from mailconnector.items.task import Task

__all__ = [
    "OLE_STORAGE",
    "Address",
    "Appointment",
    "Attachment",
    "Contact",
    "DistributionList",
    "Flags",
    "FolderKind",
    "GenericItem",
    "Importance",
    "Item",
    "JournalEntry",
    "Mail",
    "Merged",
    "Note",
    "Placement",
    "Post",
    "Sensitivity",
    "StoredContent",
    "Task",
    "essence_of",
    "field_digests",
    "label_of",
    "mail_of",
    "merge",
    "message_id_of",
    "readable",
    "with_mail",
    "without_bodies",
]
