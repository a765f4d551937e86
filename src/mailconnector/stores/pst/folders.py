"""The folders of a PST file as synchronisation sees them: which are listed, and what each is for.

Listed are the folders for mail below the top that users see, and the folders that lead to them. Not listed, with all
that is below them, are the Outbox, hidden folders and news feeds; search folders hold nothing of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib import resources

from mailconnector.items import FolderKind
from mailconnector.mapi import tags
from mailconnector.mapi.objects import Properties, PropertyKey
from mailconnector.mapi.values import Value
from mailconnector.pst import Folder, PstDiskError, PstError, Store
from mailconnector.stores.pst.index import IndexedFolder, NodePlace, clean_text
from mailconnector.sync.store import SpecialUse

MAIL_CLASS = "IPF.Note"
_LONGEST_NAME = 255
_MAX_DEPTH = 256
_KINDS = {
    "ipf.note": FolderKind.MAIL,
    "ipf.imap": FolderKind.MAIL,
    "ipf.appointment": FolderKind.CALENDAR,
    "ipf.contact": FolderKind.CONTACTS,
    "ipf.task": FolderKind.TASKS,
    "ipf.stickynote": FolderKind.NOTES,
    "ipf.journal": FolderKind.JOURNAL,
}
# Below IPF.Note, but no mail: the news feeds, and what the social connector collects.
_NO_MAIL = ("ipf.note.outlookhomepage", "ipf.note.socialconnector")
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
# Which of PidTagAdditionalRenEntryIds is Junk Email ([MS-OXOSFLD] 2.2.4).
_JUNK_AT = 4
# What the root folder and the Inbox both have ([MS-OXOSFLD] 2.2.3).
_DEFAULT_FOLDER_IDS: tuple[PropertyKey, ...] = (
    tags.PidTagIpmAppointmentEntryId,
    tags.PidTagIpmContactEntryId,
    tags.PidTagIpmJournalEntryId,
    tags.PidTagIpmNoteEntryId,
    tags.PidTagIpmTaskEntryId,
    tags.PidTagIpmDraftsEntryId,
    tags.PidTagAdditionalRenEntryIds,
)


def read_folders(store: Store, nodes: Iterable[NodePlace], known: Mapping[int, IndexedFolder]) -> list[IndexedFolder]:
    """Return the folders below the top that users see, parents first.

    Args:
        store: The store.
        nodes: The nodes of all its folders.
        known: The folders as they were; of those whose nodes are the same, nothing is read.
    """
    top = store.ipm_subtree.nid
    below: dict[int, list[NodePlace]] = {}
    for node in nodes:
        below.setdefault(node.parent, []).append(node)
    found: dict[int, IndexedFolder] = {}
    level = [top]
    for _ in range(_MAX_DEPTH):
        nodes = [node for parent in level for node in below.get(parent, ()) if node.nid not in found]
        found |= {node.nid: _folder_of(store, node, known.get(node.nid)) for node in nodes if node.nid != top}
        level = [node.nid for node in nodes if node.nid != top]
    uses = special_folders(store, found, top)
    return list(_listed(found, uses, top).values())


def _folder_of(store: Store, node: NodePlace, old: IndexedFolder | None) -> IndexedFolder:
    if old is not None and old.bid_data == node.bid_data:
        return replace(old, parent=node.parent)
    try:
        properties = store.folder(node.nid).properties
        name = properties.text(tags.PidTagDisplayName)
        container_class = properties.text(tags.PidTagContainerClass)
        hidden = properties.get(tags.PidTagAttributeHidden) is True
    except PstDiskError:
        raise
    except PstError:
        # Damaged: it is there all the same, and what is in it can be read.
        if old is not None:
            return replace(old, parent=node.parent, bid_data=node.bid_data)
        name, container_class, hidden = "", "", False
    mark, count = (old.mark, old.count) if old is not None else (0, 0)
    shown = clean_text(" ".join(name.replace("\0", "").split("\n"))) or f"{node.nid:x}"
    return IndexedFolder(
        node.nid, node.bid_data, node.parent, shown, container_class, hidden, kind_of(container_class),
        mark=mark, count=count,
    )  # fmt: skip


def kind_of(container_class: str) -> FolderKind:
    """Return what a folder of a container class is for; without a class, mail."""
    folded = container_class.casefold()
    for name, kind in _KINDS.items():
        if folded == name or folded.startswith(f"{name}."):
            return kind
    return FolderKind.MAIL


def _is_mail(folder: IndexedFolder) -> bool:
    folded = folder.container_class.casefold()
    if any(folded == name or folded.startswith(f"{name}.") for name in _NO_MAIL):
        return False
    return not folded or (folder.kind is FolderKind.MAIL and folded.startswith(("ipf.note", "ipf.imap")))


def _listed(found: Mapping[int, IndexedFolder], uses: Mapping[int, SpecialUse], top: int) -> dict[int, IndexedFolder]:
    """Say of folders, parents first, which are listed."""
    result: dict[int, IndexedFolder] = {}
    shut: set[int] = set()  # folders below which nothing is listed
    for nid, folder in found.items():
        special = uses.get(nid)
        no_feed = _is_mail(folder) or folder.kind is not FolderKind.MAIL
        if folder.parent in shut or folder.hidden or special is SpecialUse.OUTBOX or not no_feed:
            shut.add(nid)
        mail = nid not in shut and _is_mail(folder)
        result[nid] = replace(folder, special=special, listed=mail, selectable=mail)
    for nid, folder in reversed(result.items()):
        parent = folder.parent
        if result[nid].listed and parent != top and not result[parent].listed:
            result[parent] = replace(result[parent], listed=True, selectable=False)
    return result


# -- what folders are for ----------------------------------------------------------------------------------------------


def special_folders(store: Store, folders: Mapping[int, IndexedFolder], top: int) -> dict[int, SpecialUse]:
    """Return what folders are for: by the entry ids that Outlook goes by, else by the names that it gives them.

    Args:
        store: The store.
        folders: The folders below the top.
        top: NID of the top.
    """
    places = _noted_places(store)
    uses: dict[int, SpecialUse] = {}
    for use, nids in places.items():
        for nid in nids:
            if nid in folders and nid not in uses:
                uses[nid] = use
                break
    missing = set(SpecialUse) - set(uses.values())
    for nid, folder in folders.items():
        if folder.parent == top and nid not in uses and not folder.hidden and _is_mail(folder):
            named = _names().get(_folded(folder.name))
            if named in missing:
                uses[nid] = named
                missing.discard(named)
    return uses


def _noted_places(store: Store) -> dict[SpecialUse, list[int]]:
    """Return where the store says that its special folders are, the surest place first."""
    inbox = None
    places: dict[SpecialUse, list[int]] = {}
    try:
        inbox = store.receive_folder
        for use, (tag, _) in _IN_STORE.items():
            places[use] = _nids(store, store.properties.get(tag))
    except PstDiskError:
        raise
    except PstError:
        pass  # damaged: names are left
    if inbox is not None:
        places[SpecialUse.INBOX] = [inbox.nid]
    for folder in (store.root, *([inbox] if inbox is not None else [])):
        try:
            properties = folder.properties
            places.setdefault(SpecialUse.DRAFTS, []).extend(_nids(store, properties.get(tags.PidTagIpmDraftsEntryId)))
            others = properties.get(tags.PidTagAdditionalRenEntryIds)
        except PstDiskError:
            raise
        except PstError:
            continue
        if isinstance(others, list) and len(others) > _JUNK_AT:
            places.setdefault(SpecialUse.JUNK, []).extend(_nids(store, others[_JUNK_AT]))
    return places


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
        use: What it is for; nothing is noted for purposes that Outlook keeps no mail folder for.
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
    elif use in (SpecialUse.DRAFTS, SpecialUse.JUNK):
        inbox = store.receive_folder
        for holder in (store.root, *([inbox] if inbox is not None else [])):
            if use is SpecialUse.DRAFTS:
                holder.set_properties({tags.PidTagIpmDraftsEntryId: entry_id})
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
def _names() -> dict[str, SpecialUse]:
    text = resources.files("mailconnector.stores.pst").joinpath("specials.tsv").read_text("utf-8")
    names: dict[str, SpecialUse] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            use, *called = line.split("\t")
            names |= {_folded(name): SpecialUse(use) for name in called}
    return names


def _folded(name: str) -> str:
    return name.strip().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").casefold()


# -- names -------------------------------------------------------------------------------------------------------------


def fitted_name(name: str, taken: Iterable[str], codec: str = "") -> str:
    """Return a name, or the nearest that a folder can have: Outlook takes two that differ by case only for one.

    Args:
        name: The name.
        taken: The names of the folders beside it.
        codec: In an ANSI file, the codec of its names.
    """
    shown = "".join(
        "_" if ord(character) < 0x20 or character == "\x7f" else character for character in clean_text(name)
    )
    if codec:
        shown = "".join(character if _encodes(character, codec) else "_" for character in shown)
    fitted = _cut(shown.strip(), _LONGEST_NAME) or "_"
    used = {one.casefold() for one in taken}
    candidate, number = fitted, 2
    while candidate.casefold() in used:
        end = f" ({number})"
        candidate, number = _cut(fitted, _LONGEST_NAME - len(end)) + end, number + 1
    return candidate


def _cut(name: str, length: int) -> str:
    """Return a name cut to a number of UTF-16 code units."""
    while len(name.encode("utf-16-le")) // 2 > length:
        name = name[:-1].rstrip()
    return name


def _encodes(character: str, codec: str) -> bool:
    try:
        return character.encode(codec).decode(codec) == character
    except UnicodeError:
        return False
