"""The folders of a PST file as synchronisation sees them: which are listed, what each holds, and what it is for.

Listed are the folders below the top that users see, for mail, calendars, contacts, tasks, notes and journals, and the
folders that lead to them. Not listed, with all that is below them, is what Outlook keeps for itself: the Outbox, hidden
folders, news feeds, its settings, the lists of names that its programs gather, and what it notes of its own troubles
with servers (Sync Issues); search folders hold nothing of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from mailconnector.mapi import tags
from mailconnector.mapping.container_classes import KINDS, kind_of
from mailconnector.pst import PstDiskError, PstError, Store
from mailconnector.stores.pst.index import IndexedFolder, NodePlace, clean_text
from mailconnector.stores.pst.specials import special_folders, troubles
from mailconnector.sync.store import SpecialUse

_LONGEST_NAME = 255
_MAX_DEPTH = 256
# Below the classes of mail and of contacts, but filled by programs for themselves: the news feeds, what the social
# connector collects, and the names that Outlook and its messengers keep at hand.
_MACHINERY = (
    "ipf.note.outlookhomepage",
    "ipf.note.socialconnector",
    "ipf.contact.moc",
    "ipf.contact.galcontacts",
    "ipf.contact.recipientcache",
    "ipf.contact.organizationalcontacts",
    "ipf.contact.peopleconnect",
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
    usable = {nid: folder for nid, folder in found.items() if not folder.hidden and _is_users(folder.container_class)}
    uses = special_folders(store, usable, top)
    return list(_listed(found, uses, troubles(store)).values())


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


def _is_users(container_class: str) -> bool:
    """Tell by its class whether a folder is for items that users keep."""
    folded = container_class.casefold()
    return not folded or (_is_below(folded, KINDS) and not _is_below(folded, _MACHINERY))


def _is_below(folded: str, names: Iterable[str]) -> bool:
    return any(folded == name or folded.startswith(f"{name}.") for name in names)


def _listed(
    found: Mapping[int, IndexedFolder], uses: Mapping[int, SpecialUse], shut_out: Collection[int]
) -> dict[int, IndexedFolder]:
    """Say of folders, parents first, which are listed."""
    result: dict[int, IndexedFolder] = {}
    shut: set[int] = set()  # folders below which nothing is listed
    for nid, folder in found.items():
        special = uses.get(nid)
        noted = nid in shut_out and special is None  # a note that calls the Inbox an issue is wrong
        machinery = folder.hidden or noted or special is SpecialUse.OUTBOX
        if folder.parent in shut or machinery or not _is_users(folder.container_class):
            shut.add(nid)
        listed = nid not in shut
        result[nid] = replace(folder, special=special, listed=listed, selectable=listed)
    return result


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
