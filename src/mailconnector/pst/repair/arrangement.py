"""Where everything belongs in a damaged file: folders and their parents, messages and their folders."""

from dataclasses import dataclass, field
from typing import Final

from mailconnector.pst import disk
from mailconnector.pst.check.node import NodeView
from mailconnector.pst.check.nodes import is_ordinary_folder
from mailconnector.pst.check.references import HIGHEST_INDEX
from mailconnector.pst.check.source import Source
from mailconnector.pst.check.tables import open_table

FIRST_ORDINARY: Final = 0x100 << 5  # below it are templates
_MESSAGES: Final = (disk.NID_TYPE_NORMAL_MESSAGE, disk.NID_TYPE_ASSOC_MESSAGE)
_TABLES: Final = (
    disk.NID_TYPE_HIERARCHY_TABLE,
    disk.NID_TYPE_CONTENTS_TABLE,
    disk.NID_TYPE_ASSOC_CONTENTS_TABLE,
)


@dataclass(slots=True)
class Arrangement:
    """What lies where.

    Attributes:
        folders: by NID of every ordinary folder, the NID of its parent, None where it is lost; the root has itself.
        searches: likewise of the search folders.
        messages: by NID of every message, associated ones too, the NID of its folder; None where it is lost.
        missing: folders whose own node is lost while their tables are there.
    """

    folders: dict[int, int | None] = field(default_factory=dict)
    searches: dict[int, int | None] = field(default_factory=dict)
    messages: dict[int, int | None] = field(default_factory=dict)
    missing: set[int] = field(default_factory=set)


def arrange(source: Source) -> Arrangement:
    """Find out where everything belongs: by the parents that nodes name, else by the tables that list them."""
    found = Arrangement()
    for node in source.nodes:
        kind = disk.nid_type(node.nid)
        if disk.nid_index(node.nid) >= HIGHEST_INDEX:
            continue
        owner = disk.sibling_nid(node.nid, disk.NID_TYPE_NORMAL_FOLDER)
        if is_ordinary_folder(node.nid):
            found.folders[node.nid] = node.nid_parent
        elif kind == disk.NID_TYPE_SEARCH_FOLDER and (node.nid >= FIRST_ORDINARY or node.nid_parent):
            found.searches[node.nid] = node.nid_parent
        elif kind in _MESSAGES:
            found.messages[node.nid] = node.nid_parent
        elif kind in _TABLES and is_ordinary_folder(owner) and owner not in source.nodes:
            found.missing.add(owner)
    found.folders.update(dict.fromkeys(found.missing))
    found.folders[disk.NID_ROOT_FOLDER] = disk.NID_ROOT_FOLDER
    unclear: dict[int, dict[int, int | None]] = {}
    for table in (found.folders, found.searches, found.messages):
        for nid, parent in table.items():
            if parent not in found.folders:
                unclear[nid] = table
    for nid, table in unclear.items():
        table[nid] = None
    if unclear:
        _ask_tables(source, found, unclear)
    _cut_circles(found)
    return found


def _ask_tables(source: Source, found: Arrangement, unclear: dict[int, dict[int, int | None]]) -> None:
    """Look for objects without a parent in the tables of all folders."""
    for folder in list(found.folders):
        for kind in _TABLES:
            node = source.nodes.find(disk.sibling_nid(folder, kind))
            if node is None or not node.bid_data:
                continue
            table = open_table(NodeView(source, node.nid, node.bid_data, node.bid_sub))
            if table is None:
                continue
            for nid in table.index:
                if nid in unclear and unclear[nid][nid] is None and nid != folder:
                    unclear[nid][nid] = folder


def _cut_circles(found: Arrangement) -> None:
    """Take the parent from one folder of each circle."""
    safe = {disk.NID_ROOT_FOLDER}
    for start in found.folders:
        path = []
        nid: int | None = start
        while nid is not None and nid not in safe and nid not in path:
            path.append(nid)
            nid = found.folders.get(nid)
        if nid in path and nid is not None:
            found.folders[nid] = None
        safe.update(path)
