"""The message store itself: its properties, the folders that it points to, templates, and the other special nodes."""

from typing import Final

from mailconnector.pst import disk
from mailconnector.pst.check.heap import open_heap, walk_bth
from mailconnector.pst.check.messages import report_unused
from mailconnector.pst.check.names import check_names
from mailconnector.pst.check.node import NodeView
from mailconnector.pst.check.properties import Properties, open_properties
from mailconnector.pst.check.requirements import check_required
from mailconnector.pst.check.source import Source
from mailconnector.pst.check.tables import open_table

_RECORD_KEY: Final = 0x0FF9
_POINTERS: Final = (0x35E0, 0x35E3, 0x35E7)  # IPM subtree, wastebasket, finder
_ENTRY_ID: Final = 24  # bytes ([MS-PST] 2.4.3.2)
_BINARY: Final = 0x0102
_TEMPLATES: Final = {
    disk.NID_HIERARCHY_TABLE_TEMPLATE: "hierarchy",
    disk.NID_CONTENTS_TABLE_TEMPLATE: "contents",
    disk.NID_ASSOC_CONTENTS_TABLE_TEMPLATE: "associated",
    disk.NID_SEARCH_CONTENTS_TABLE_TEMPLATE: "search",
    disk.NID_ATTACHMENT_TABLE: "attachments",
    disk.NID_RECIPIENT_TABLE: "recipients",
}
_RECEIVE_CLASS: Final = (0x001A001F, 0x001A001E)
_RECEIVE_FOLDER: Final = 0x66050003
_OTHER_TABLES: Final = (0x6B6, 0x6D7, 0x6F8)  # templates of newer files; the last two have rows (measured)
_ID_MAP: Final = 0xC01
_ID_MAP_KIND: Final = 0x9C
_KEYS: Final = 0xE01  # a heap of a kind that is not documented


def check_store(source: Source) -> int:
    """Check all that belongs to no folder; return how many named properties the store has."""
    for nid, what in _TEMPLATES.items():
        _check_template(source, nid, what)
    if not source.is_4k:
        for nid in _OTHER_TABLES:
            _check_table(source, nid)
    _check_receive_folders(source)
    _check_outgoing(source)
    _check_id_map(source)
    view = _view(source, _KEYS)
    if view is not None and view.bid_data:
        open_heap(view, None)
    _check_properties(source)
    view = _view(source, disk.NID_NAME_TO_ID_MAP)
    names = None if view is None else open_properties(view)
    if names is None:
        return 0
    check_required(names.view, "names", names.tags(), columns=False)
    return check_names(names)


def _view(source: Source, nid: int) -> NodeView | None:
    node = source.nodes.find(nid)
    return None if node is None else NodeView(source, nid, node.bid_data, node.bid_sub)


def _check_template(source: Source, nid: int, what: str) -> None:
    view = _view(source, nid)
    table = None if view is None else open_table(view)
    if table is None:
        return
    check_required(table.view, what, table.tags, columns=True, usual=not source.is_ost)
    rows = sum(1 for _ in table.rows())
    if rows:
        table.view.report("template-rows", f"the template of a table has {rows} rows")


def _check_table(source: Source, nid: int) -> None:
    view = _view(source, nid)
    table = None if view is None else open_table(view)
    if table is not None:
        for _ in table.rows():
            pass
        report_unused(table.view)


# -- the message store -------------------------------------------------------------------------------------------------


def _check_properties(source: Source) -> None:
    """Check the properties of the message store (2.4.3) and its entry ids."""
    view = _view(source, disk.NID_MESSAGE_STORE)
    store = None if view is None else open_properties(view)
    if store is None:
        return
    if not source.is_ost:
        check_required(store.view, "store", store.tags(), columns=False, usual=True)
    report_unused(store.view)
    key = store.value(_RECORD_KEY)
    if key is None or len(key) != 16:
        store.view.report("record-key", "the record key of the store does not have 16 bytes")
        return
    for pid in _POINTERS:
        if pid in store:
            _check_pointer(source, store, pid, key)
    root = _view(source, disk.NID_ROOT_FOLDER)
    for owner in (store, None if root is None else _quiet(root)):
        if owner is not None:
            _check_other_pointers(source, owner, key)


def _quiet(view: NodeView) -> Properties | None:
    """Return the properties of a node that is verified, and reported on, elsewhere."""
    findings = view.source.findings
    view.source.findings = type(findings)()
    try:
        return open_properties(view)
    finally:
        view.source.findings = findings


def _check_pointer(source: Source, store: Properties, pid: int, key: bytes) -> None:
    data = store.value(pid)
    if data is None or len(data) != _ENTRY_ID or any(data[:4]) or data[4:20] != key:
        store.view.report("entry-id", f"the entry id in property {pid:#06x} is none of this store")
        return
    nid = int.from_bytes(data[20:], "little")
    if nid not in source.nodes or disk.nid_type(nid) not in (
        disk.NID_TYPE_NORMAL_FOLDER,
        disk.NID_TYPE_SEARCH_FOLDER,
    ):
        store.view.report("entry-id", f"property {pid:#06x} points to the folder {nid:#x}, which does not exist")


def _check_other_pointers(source: Source, owner: Properties, key: bytes) -> None:
    """Report, as notes, other entry ids of this store that lead nowhere."""
    for pid, ptype in owner.types.items():
        if ptype == _BINARY and owner.sizes[pid] == _ENTRY_ID and pid not in _POINTERS:
            data = owner.value(pid)
            if data is not None and data[4:20] == key:
                nid = int.from_bytes(data[20:], "little")
                if nid not in source.nodes:
                    owner.view.report("entry-id-stale", f"property {pid:#06x} points to {nid:#x}, which does not exist")


# -- special tables ----------------------------------------------------------------------------------------------------


def _check_receive_folders(source: Source) -> None:
    """Check the table of receive folders: each class has a folder that exists, and there is a default."""
    view = _view(source, disk.NID_RECEIVE_FOLDER_TABLE)
    table = None if view is None else open_table(view)
    if table is None:
        return
    view = table.view
    check_required(view, "receive", table.tags, columns=True)
    default = False
    for row in table.rows():
        nid = row.number(_RECEIVE_FOLDER)
        if nid is None or nid not in source.nodes:
            view.report("receive-folder", f"row {row.row_id:#x} names the folder {nid or 0:#x}, which does not exist")
        default = default or any(row.cells.get(tag, b"-") == b"" for tag in _RECEIVE_CLASS)
    if not default:
        view.report("receive-default", "no folder is named for messages of any class")


def _check_outgoing(source: Source) -> None:
    view = _view(source, disk.NID_OUTGOING_QUEUE)
    table = None if view is None else open_table(view)
    if table is None:
        return
    check_required(table.view, "outgoing", table.tags, columns=True)
    for row in table.rows():
        if row.row_id not in source.nodes:
            table.view.report("outgoing-lost", f"the message {row.row_id:#x} is to be sent and does not exist")


def _check_id_map(source: Source) -> None:
    """Check the map from long ids to NIDs that newer files have (measured, and reported by other writers)."""
    view = _view(source, _ID_MAP)
    heap = None if view is None or not view.bid_data else open_heap(view, _ID_MAP_KIND)
    if heap is None:
        return
    root = heap.item(heap.user_root, "the root of the id map")
    if root is None or len(root) < 4:
        return
    for size, leaf in walk_bth(heap, int.from_bytes(root[:4], "little"), 16, (4,), "the id map"):
        width = 16 + size
        for at in range(16, len(leaf), width):
            nid = int.from_bytes(leaf[at : at + 4], "little")
            if nid and nid not in source.nodes:
                heap.view.report("id-map-stale", f"the id map names the node {nid:#x}, which does not exist")
