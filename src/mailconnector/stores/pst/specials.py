"""What the folders of a PST file are for, by the entry ids that Outlook goes by, and by its names for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

from mailconnector.mapi import tags
from mailconnector.mapi.objects import Properties, PropertyKey
from mailconnector.mapi.values import Value
from mailconnector.pst import Folder, PstDiskError, PstError, Store
from mailconnector.pst.messaging.properties import PropertyView
from mailconnector.stores.pst.index import IndexedFolder
from mailconnector.sync.store import SpecialUse

LANGUAGES = ("en", "de", "fr", "it", "es")
"""Those that names of folders are known in, as `specials.tsv` has them for the Inbox and for drafts."""

_ARCHIVE_ENTRY_ID = 0x35FF0102
# Where in the store's properties a folder's entry id is, and its bit of PidTagValidFolderMask.
_IN_STORE: dict[SpecialUse, tuple[int, int]] = {
    SpecialUse.OUTBOX: (tags.PidTagIpmOutboxEntryId, 0x04),
    SpecialUse.TRASH: (tags.PidTagIpmWastebasketEntryId, 0x08),
    SpecialUse.SENT: (tags.PidTagIpmSentMailEntryId, 0x10),
    SpecialUse.ARCHIVE: (_ARCHIVE_ENTRY_ID, 0),
}
_INBOX_BIT = 0x02
_VALID_FOLDER_MASK = 0x35DF0003
# Which of PidTagAdditionalRenEntryIds is Junk Email, before which are Conflicts, Sync Issues, Local Failures and
# Server Failures ([MS-OXOSFLD] 2.2.4).
_JUNK_AT = 4
_SYNC_ISSUES = 4
# Where in the properties of the root folder and of the Inbox, which both have them, a folder's entry id is
# ([MS-OXOSFLD] 2.2.3).
_IN_ROOT: dict[SpecialUse, PropertyKey] = {
    SpecialUse.DRAFTS: tags.PidTagIpmDraftsEntryId,
    SpecialUse.CALENDAR: tags.PidTagIpmAppointmentEntryId,
    SpecialUse.CONTACTS: tags.PidTagIpmContactEntryId,
    SpecialUse.JOURNAL: tags.PidTagIpmJournalEntryId,
    SpecialUse.NOTES: tags.PidTagIpmNoteEntryId,
    SpecialUse.TASKS: tags.PidTagIpmTaskEntryId,
}
_DEFAULT_FOLDER_IDS: tuple[PropertyKey, ...] = (*_IN_ROOT.values(), tags.PidTagAdditionalRenEntryIds)


def special_folders(store: Store, folders: Mapping[int, IndexedFolder], top: int) -> dict[int, SpecialUse]:
    """Return what folders are for: by the entry ids that Outlook goes by, else by the names that it gives them.

    Args:
        store: The store.
        folders: The folders below the top that users see.
        top: NID of the top.
    """
    places = _noted_places(store)
    uses: dict[int, SpecialUse] = {}
    for use, nids in places.items():
        for nid in nids:
            if nid in folders and nid not in uses and folders[nid].kind is use.kind:
                uses[nid] = use
                break
    missing = set(SpecialUse) - set(uses.values())
    for nid, folder in folders.items():
        if folder.parent == top and nid not in uses:
            named = next((use for use in _names().get(_folded(folder.name), ()) if use.kind is folder.kind), None)
            if named in missing:
                uses[nid] = named
                missing.discard(named)
    return uses


def language_of(names: Mapping[SpecialUse, str]) -> str:
    """Return the language of the special folders' names, as "de"; "en" where they are not as Outlook has them."""
    for use in (SpecialUse.INBOX, SpecialUse.DRAFTS):
        for language, name in zip(LANGUAGES, _named()[use], strict=True):
            if _folded(names.get(use, "")) == _folded(name):
                return language
    return LANGUAGES[0]


def troubles(store: Store) -> set[int]:
    """Return the folders in which Outlook notes its troubles with servers."""
    found: set[int] = set()
    for properties in _holders(store):
        others = properties.get(tags.PidTagAdditionalRenEntryIds)
        for one in others[:_SYNC_ISSUES] if isinstance(others, list) else ():
            found.update(_nids(store, one))
    return found


def _noted_places(store: Store) -> dict[SpecialUse, list[int]]:
    """Return where the store says that its special folders are, the surest place first."""
    places: dict[SpecialUse, list[int]] = {}
    try:
        inbox = store.receive_folder
        if inbox is not None:
            places[SpecialUse.INBOX] = [inbox.nid]
        for use, (tag, _) in _IN_STORE.items():
            places[use] = _nids(store, store.properties.get(tag))
    except PstDiskError:
        raise
    except PstError:
        pass  # damaged: names are left
    for properties in _holders(store):
        for use, key in _IN_ROOT.items():
            places.setdefault(use, []).extend(_nids(store, properties.get(key)))
        others = properties.get(tags.PidTagAdditionalRenEntryIds)
        if isinstance(others, list) and len(others) > _JUNK_AT:
            places.setdefault(SpecialUse.JUNK, []).extend(_nids(store, others[_JUNK_AT]))
    return places


def _holders(store: Store) -> Iterator[PropertyView]:
    """Yield the properties of the two folders that say where others are, as far as they can be read."""
    for is_root in (True, False):
        try:
            folder = store.root if is_root else store.receive_folder
            properties = None if folder is None else folder.properties
        except PstDiskError:
            raise
        except PstError:
            continue
        if properties is not None:
            yield properties


def _nids(store: Store, entry_id: Value) -> list[int]:
    """Return the NID in an entry id of this store; nothing for any other value."""
    if isinstance(entry_id, bytes) and len(entry_id) == 24 and entry_id[4:20] == store.record_key:
        return [int.from_bytes(entry_id[20:], "little")]
    return []


def note_special(store: Store, folder: Folder, use: SpecialUse) -> None:
    """Have Outlook find a folder as the one for a purpose. Call it in a transaction.

    Args:
        store: The store.
        folder: The folder.
        use: What it is for; nothing is noted for a purpose that Outlook has no folder for.
    """
    entry_id = store.entry_id(folder.nid)
    if use is SpecialUse.INBOX:
        store.set_receive_folder(folder)
        _add_to_mask(store, _INBOX_BIT)
        noted: Properties = {key: value for key, value in store.root.properties.items() if key in _DEFAULT_FOLDER_IDS}
        if noted:
            folder.set_properties(noted)
    elif use in _IN_STORE:
        tag, bit = _IN_STORE[use]
        store.set_properties({tag: entry_id})
        _add_to_mask(store, bit)
    elif use is SpecialUse.JUNK or use in _IN_ROOT:
        inbox = store.receive_folder
        for holder in (store.root, *([inbox] if inbox is not None else [])):
            if use in _IN_ROOT:
                holder.set_properties({_IN_ROOT[use]: entry_id})
                continue
            others = holder.properties.get(tags.PidTagAdditionalRenEntryIds)
            ids = [one for one in others if isinstance(one, bytes)] if isinstance(others, list) else []
            ids += [b""] * (_JUNK_AT + 1 - len(ids))
            ids[_JUNK_AT] = entry_id
            holder.set_properties({tags.PidTagAdditionalRenEntryIds: list(ids)})


def _add_to_mask(store: Store, bit: int) -> None:
    mask = store.properties.number(_VALID_FOLDER_MASK)
    if bit & ~mask:
        store.set_properties({_VALID_FOLDER_MASK: mask | bit})


@cache
def _names() -> dict[str, list[SpecialUse]]:
    names: dict[str, list[SpecialUse]] = {}
    for use, called in _named().items():
        for name in called:
            names.setdefault(_folded(name), []).append(use)
    return names


@cache
def _named() -> dict[SpecialUse, list[str]]:
    text = resources.files("mailconnector.stores.pst").joinpath("specials.tsv").read_text("utf-8")
    lines = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return {SpecialUse(use): called for use, *called in lines}


def _folded(name: str) -> str:
    return name.strip().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").casefold()
