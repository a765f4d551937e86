"""What nodes there are: their types and parents, those that must be there, and plain lists and queues."""

import struct
from typing import Final

from mailconnector.pst import disk
from mailconnector.pst.check.source import NodeTable, Source
from mailconnector.pst.ndb.lookup import NodeEntry

_FOLDER_TABLES: Final = (
    disk.NID_TYPE_HIERARCHY_TABLE,
    disk.NID_TYPE_CONTENTS_TABLE,
    disk.NID_TYPE_ASSOC_CONTENTS_TABLE,
)
# [MS-PST] 2.7.1; the folders among them that may have other NIDs are looked for by their entry ids.
_REQUIRED: Final = (
    disk.NID_MESSAGE_STORE,
    disk.NID_NAME_TO_ID_MAP,
    disk.NID_ROOT_FOLDER,
    disk.NID_SEARCH_MANAGEMENT_QUEUE,
    disk.NID_SEARCH_ACTIVITY_LIST,
    disk.NID_HIERARCHY_TABLE_TEMPLATE,
    disk.NID_CONTENTS_TABLE_TEMPLATE,
    disk.NID_ASSOC_CONTENTS_TABLE_TEMPLATE,
    disk.NID_SEARCH_CONTENTS_TABLE_TEMPLATE,
    disk.NID_RECEIVE_FOLDER_TABLE,
    disk.NID_ATTACHMENT_TABLE,
    disk.NID_RECIPIENT_TABLE,
)
_USUAL: Final = (disk.NID_SEARCH_DOMAIN_OBJECT, disk.NID_OUTGOING_QUEUE)  # in every file of Outlook (measured)
_FIRST_ORDINARY: Final = 0x100 << 5  # below it folders are templates, the root folder apart
# Types beyond [MS-PST] that Outlook uses: templates of newer files, and parts of the folders of an OST (measured).
_TABLE_TEMPLATES: Final = frozenset({0x16, 0x17, 0x18})
_OST_TYPES: Final = frozenset({0x14, 0x15, 0x19})
_KNOWN: Final = frozenset(disk.NID_TYPE_NAMES) | _TABLE_TEMPLATES | _OST_TYPES
_WITH_PARENT: Final = frozenset(
    {
        disk.NID_TYPE_NORMAL_FOLDER,
        disk.NID_TYPE_SEARCH_FOLDER,
        disk.NID_TYPE_NORMAL_MESSAGE,
        disk.NID_TYPE_ASSOC_MESSAGE,
    }
)
_SUD: Final = 20  # bytes of an entry of a queue ([MS-PST] 2.4.8.1.1)
_GATHERER_ENTRY: Final = 28  # likewise of the search gatherer's queue (measured)
_GATHERER_FOLDERS: Final = 0x321
_NID_LISTS: Final = frozenset({disk.NID_SEARCH_ACTIVITY_LIST, disk.NID_SEARCH_DOMAIN_OBJECT, _GATHERER_FOLDERS})
_LIST_LIMIT: Final = 1 << 24
_LAST_SUD_TYPE: Final = 0x12  # 0x0F by the specification; newer Outlooks go on (measured)


def is_ordinary_folder(nid: int) -> bool:
    """Say whether a NID is that of a folder with tables of its own: no template, no search folder."""
    return disk.nid_type(nid) == disk.NID_TYPE_NORMAL_FOLDER and (nid >= _FIRST_ORDINARY or nid == disk.NID_ROOT_FOLDER)


def is_template(node: NodeEntry) -> bool:
    """Say whether a node is a folder that only serves as a pattern for others: it has a low id and no parent."""
    return (
        disk.nid_type(node.nid) in (disk.NID_TYPE_NORMAL_FOLDER, disk.NID_TYPE_SEARCH_FOLDER)
        and node.nid < _FIRST_ORDINARY
        and not node.nid_parent
    )


def is_queue(nid: int) -> bool:
    """Say whether a node is a queue, whose nidParent is the offset of its head ([MS-PST] 2.4.8.3)."""
    return (
        nid in (disk.NID_SEARCH_MANAGEMENT_QUEUE, disk.NID_SEARCH_GATHERER_QUEUE)
        or disk.nid_type(nid) == disk.NID_TYPE_SEARCH_UPDATE_QUEUE
    )


def check_nodes(source: Source) -> None:
    """Check types, parents and companions of all nodes."""
    nodes, findings = source.nodes, source.findings
    for nid in _REQUIRED:
        if nid not in nodes:
            findings.add("node-missing", "a node that every file must have is missing", nid=nid)
    for nid in _USUAL:
        if nid not in nodes:
            findings.add("node-missing-usual", "a node that every file of Outlook has is missing", nid=nid)
    for node in nodes:
        kind = disk.nid_type(node.nid)
        if kind not in _KNOWN:
            findings.add("node-type", f"a node of the unknown type {kind:#x}", nid=node.nid)
        _check_parent(source, node)
        if kind == disk.NID_TYPE_NORMAL_FOLDER and is_ordinary_folder(node.nid):
            for table in _FOLDER_TABLES:
                if disk.sibling_nid(node.nid, table) not in nodes:
                    name = disk.NID_TYPE_NAMES[table].replace("_", " ").lower()
                    findings.add("folder-table-missing", f"a folder has no {name}", nid=node.nid)
        elif kind == disk.NID_TYPE_SEARCH_FOLDER:
            _check_search_folder(source, node.nid)
        elif kind in _FOLDER_TABLES and node.nid >= _FIRST_ORDINARY:
            owner = disk.sibling_nid(node.nid, disk.NID_TYPE_NORMAL_FOLDER)
            if owner not in nodes:
                findings.add("table-stray", "a folder's table without its folder", nid=node.nid)
        if is_queue(node.nid):
            _check_queue(source, node)
        elif node.nid in _NID_LISTS:
            _check_list(source, node)
    _check_circles(source)


def _check_parent(source: Source, node: NodeEntry) -> None:
    kind = disk.nid_type(node.nid)
    parent = node.nid_parent
    if node.nid == disk.NID_ROOT_FOLDER:
        if parent != node.nid:
            source.findings.add("node-parent", f"the root folder's parent is {parent:#x}, not itself", nid=node.nid)
    elif kind not in _WITH_PARENT:
        if parent and not is_queue(node.nid):
            source.findings.add("node-parent-set", f"a node that has no parent names {parent:#x}", nid=node.nid)
    elif is_template(node):
        pass
    elif parent not in source.nodes:
        source.findings.add("node-parent", f"the parent {parent:#x} does not exist", nid=node.nid)
    elif disk.nid_type(parent) != disk.NID_TYPE_NORMAL_FOLDER:
        source.findings.add("node-parent", f"the parent {parent:#x} is no folder", nid=node.nid)


def _check_search_folder(source: Source, nid: int) -> None:
    if nid < _FIRST_ORDINARY:
        return
    for kind, code in (
        (disk.NID_TYPE_SEARCH_UPDATE_QUEUE, "search-part-missing"),
        (disk.NID_TYPE_SEARCH_CRITERIA_OBJECT, "search-part-missing"),
        (disk.NID_TYPE_SEARCH_CONTENTS_TABLE, "search-table-missing"),
    ):
        if disk.sibling_nid(nid, kind) not in source.nodes:
            name = disk.NID_TYPE_NAMES[kind].replace("_", " ").lower()
            source.findings.add(code, f"a search folder has no {name}", nid=nid)


def _check_queue(source: Source, node: NodeEntry) -> None:
    """Check a queue of search updates (2.4.8.3)."""
    size = source.data_size(node.bid_data)
    if size is None:
        return
    gatherer = node.nid == disk.NID_SEARCH_GATHERER_QUEUE
    entry = _GATHERER_ENTRY if gatherer else _SUD
    if size % entry:
        source.findings.add("queue-length", f"a queue of entries of {entry} bytes has {size} bytes", nid=node.nid)
        return
    if node.nid_parent > size or node.nid_parent % entry:
        source.findings.add("queue-head", f"a queue of {size} bytes begins at {node.nid_parent}", nid=node.nid)
        return
    data = None if gatherer else source.read_data(node.bid_data, _LIST_LIMIT)
    if data is not None:
        for at in range(node.nid_parent, size, entry):
            (kind,) = struct.unpack_from("<H", data, at + 2)
            if kind > _LAST_SUD_TYPE:
                source.findings.add("queue-entry", f"the queue's entry at {at} is of type {kind:#x}", nid=node.nid)


def _check_list(source: Source, node: NodeEntry) -> None:
    """Check a list of folders. That of the search domain has a count where a NID has its type (measured)."""
    data = source.read_data(node.bid_data, _LIST_LIMIT)
    if data is None:
        return
    if len(data) % 4:
        source.findings.add("list-length", f"a list of node ids has {len(data)} bytes", nid=node.nid)
    for (nid,) in struct.iter_unpack("<I", data[: len(data) // 4 * 4]):
        folder = disk.sibling_nid(nid, disk.NID_TYPE_NORMAL_FOLDER)
        search = disk.sibling_nid(nid, disk.NID_TYPE_SEARCH_FOLDER)
        if folder not in source.nodes and search not in source.nodes:
            source.findings.add("list-entry", f"a list names the folder {nid:#x}, which does not exist", nid=node.nid)


def _check_circles(source: Source) -> None:
    """Report folders that are not below the root folder though each parent exists."""
    nodes: NodeTable = source.nodes
    safe = {disk.NID_ROOT_FOLDER}
    for node in nodes:
        if disk.nid_type(node.nid) != disk.NID_TYPE_NORMAL_FOLDER or node.nid in safe:
            continue
        path = [node.nid]
        on_path = {node.nid}
        above: NodeEntry | None = node
        while above is not None and above.nid not in safe:
            parent = above.nid_parent
            if parent in on_path:
                source.findings.add("folder-circle", "a folder lies within itself", nid=parent)
                break
            path.append(parent)
            on_path.add(parent)
            above = nodes.find(parent)
        safe.update(path)
