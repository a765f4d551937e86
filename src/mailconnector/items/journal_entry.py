"""A journal entry: what was done, when and with whom ([MS-OXOJRNL])."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailconnector.items.mail import Mail


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A journal entry.

    Attributes:
        mail: Its notes as bodies, its attachments, categories, sensitivity, and what no field expresses.
        entry_type: What Outlook's journal calls the activity ("Phone call"), in the user's language.
        description: The same in words of the program that made the entry.
        start: When it began, aware; None when it is not known.
        end: When it ended, aware; None when it is not known.
        duration: Minutes that it took.
        printed: A document was printed.
        saved: A document was saved.
        routed: A document was routed to others.
        posted: A document was sent or posted.
        has_document: The entry is about a document that is attached to it.
        billing: Billing information.
        mileage: Mileage.
        companies: Linked firms.
        contacts: Names of linked contacts.
    """

    mail: Mail
    entry_type: str = ""
    description: str = ""
    start: datetime | None = None
    end: datetime | None = None
    duration: int = 0
    printed: bool = False
    saved: bool = False
    routed: bool = False
    posted: bool = False
    has_document: bool = False
    billing: str = ""
    mileage: str = ""
    companies: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()

    @property
    def message_class(self) -> str:
        """The item's MAPI message class."""
        return self.mail.message_class
