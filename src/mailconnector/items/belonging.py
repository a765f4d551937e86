"""Into folders of which kind an item belongs."""

from mailconnector.items.appointment import Appointment
from mailconnector.items.contact import Contact
from mailconnector.items.distribution_list import DistributionList
from mailconnector.items.folder_kind import FolderKind
from mailconnector.items.item import Item
from mailconnector.items.journal_entry import JournalEntry
from mailconnector.items.note import Note
from mailconnector.items.task import Task

_MEETING_MESSAGES = "ipm.schedule."
_KINDS: tuple[tuple[tuple[type, ...], FolderKind], ...] = (
    ((Appointment,), FolderKind.CALENDAR),
    ((Contact, DistributionList), FolderKind.CONTACTS),
    ((Task,), FolderKind.TASKS),
    ((Note,), FolderKind.NOTES),
    ((JournalEntry,), FolderKind.JOURNAL),
)


def kind_of_item(item: Item) -> FolderKind:
    """Return the kind of the folders that an item belongs into; a message about a meeting is mail."""
    if item.message_class.casefold().startswith(_MEETING_MESSAGES):
        return FolderKind.MAIL
    return next((kind for types, kind in _KINDS if isinstance(item, types)), FolderKind.MAIL)
