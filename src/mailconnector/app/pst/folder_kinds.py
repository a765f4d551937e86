"""Which folder of a PST an item belongs into: of its kind, and where Outlook has the folder of that kind."""

from mailconnector.items import FolderKind, Item
from mailconnector.items.belonging import kind_of_item
from mailconnector.mapi import tags
from mailconnector.mapi.objects import PropertyKey
from mailconnector.mapi.values import Value
from mailconnector.mapping.container_classes import kind_of
from mailconnector.pst import Folder, PstDiskError, PstError, Store

NAMES = {
    FolderKind.MAIL: "Inbox",
    FolderKind.CALENDAR: "Calendar",
    FolderKind.CONTACTS: "Contacts",
    FolderKind.TASKS: "Tasks",
    FolderKind.NOTES: "Notes",
    FolderKind.JOURNAL: "Journal",
}
"""What a folder of a kind is called where it has to be made."""

# Of the root folder and of the Inbox: the entry id of Outlook's folder of a kind ([MS-OXOSFLD] 2.2.3).
_ENTRY_IDS: dict[FolderKind, PropertyKey] = {
    FolderKind.CALENDAR: tags.PidTagIpmAppointmentEntryId,
    FolderKind.CONTACTS: tags.PidTagIpmContactEntryId,
    FolderKind.TASKS: tags.PidTagIpmTaskEntryId,
    FolderKind.NOTES: tags.PidTagIpmNoteEntryId,
    FolderKind.JOURNAL: tags.PidTagIpmJournalEntryId,
}


def is_free(item: Item) -> bool:
    """Tell whether an item may lie in a folder of any kind, as mail may."""
    return kind_of_item(item) is FolderKind.MAIL


def kind_of_folder(folder: Folder) -> FolderKind:
    """Return what a folder is for, by its container class."""
    return kind_of(folder.container_class)


def default_path(store: Store, kind: FolderKind) -> tuple[str, ...]:
    """Return the path of Outlook's own folder of a kind; of one that has to be made, when there is none."""
    for folder in _candidates(store, kind):
        try:
            if kind_of_folder(folder) is kind and not folder.is_search_folder and (path := _path_below(store, folder)):
                return path
        except PstDiskError:
            raise
        except PstError:
            continue
    return (NAMES[kind],)


def _candidates(store: Store, kind: FolderKind) -> list[Folder]:
    found: list[Folder] = []
    inbox = store.receive_folder
    if kind is FolderKind.MAIL:
        return [] if inbox is None else [inbox]
    for holder in (store.root, inbox):
        if holder is None:
            continue
        try:
            nid = _nid(store, holder.properties.get(_ENTRY_IDS[kind]))
            if nid in store:
                found.append(store.folder(nid))
        except PstDiskError:
            raise
        except PstError:
            continue
    return found


def _nid(store: Store, entry_id: Value) -> int:
    if isinstance(entry_id, bytes) and len(entry_id) == 24 and entry_id[4:20] == store.record_key:
        return int.from_bytes(entry_id[20:], "little")
    return 0


def _path_below(store: Store, folder: Folder) -> tuple[str, ...]:
    """Return the names from below the top that users see to a folder; () when it is not below it."""
    names: list[str] = []
    at: Folder | None = folder
    while at is not None and at != store.ipm_subtree:
        names.append(at.name)
        at = at.parent
        if len(names) > 256:
            return ()
    return tuple(reversed(names)) if at is not None else ()
