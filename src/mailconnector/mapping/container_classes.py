"""What a folder is for, and its PidTagContainerClass ([MS-OXOSFLD] 2.2.2)."""

from __future__ import annotations

from mailconnector.items import FolderKind

KINDS = {
    "ipf.note": FolderKind.MAIL,
    "ipf.imap": FolderKind.MAIL,
    "ipf.appointment": FolderKind.CALENDAR,
    "ipf.contact": FolderKind.CONTACTS,
    "ipf.task": FolderKind.TASKS,
    "ipf.stickynote": FolderKind.NOTES,
    "ipf.journal": FolderKind.JOURNAL,
}
"""Kinds of folders by their classes in small letters; classes below one of these are of its kind."""

_CLASSES = {
    FolderKind.MAIL: "IPF.Note",
    FolderKind.CALENDAR: "IPF.Appointment",
    FolderKind.CONTACTS: "IPF.Contact",
    FolderKind.TASKS: "IPF.Task",
    FolderKind.NOTES: "IPF.StickyNote",
    FolderKind.JOURNAL: "IPF.Journal",
}


def kind_of(container_class: str) -> FolderKind:
    """Return what a folder of a container class is for; without a class, mail."""
    folded = container_class.casefold()
    for name, kind in KINDS.items():
        if folded == name or folded.startswith(f"{name}."):
            return kind
    return FolderKind.MAIL


def class_of(kind: FolderKind) -> str:
    """Return the container class of a new folder."""
    return _CLASSES[kind]
