"""What a folder is made for."""

from __future__ import annotations

from enum import Enum


class FolderKind(Enum):
    """What sort of items a folder is made for; a message without a mark of its own is read accordingly."""

    MAIL = "mail"
    CALENDAR = "calendar"
    CONTACTS = "contacts"
    TASKS = "tasks"
    NOTES = "notes"
    JOURNAL = "journal"
