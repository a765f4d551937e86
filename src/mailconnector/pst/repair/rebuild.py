"""Building the new file: what is whole is copied as it is, what is damaged is written anew from what can be read.

Nodes keep their ids. Messages come first, then the tables that list them, then the folders with their counts, then the
tables that list those, so that each is made from what really stands in the new file.
"""

import struct
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from typing import Final, Literal

from mailconnector.mapi.types import PropertyType
from mailconnector.pst import crypt, disk
from mailconnector.pst.check.findings import Findings
from mailconnector.pst.check.folders import Folders
from mailconnector.pst.check.messages import ROW_ONLY
from mailconnector.pst.check.node import NodeView
from mailconnector.pst.check.nodes import is_queue
from mailconnector.pst.check.properties import open_properties
from mailconnector.pst.check.references import HIGHEST_INDEX
from mailconnector.pst.check.source import Source
from mailconnector.pst.check.tables import open_table
from mailconnector.pst.disk import Layout
from mailconnector.pst.errors import PstFormatError
from mailconnector.pst.ltp.node import NodeEditor, NodeReader
from mailconnector.pst.ltp.property_context import PropertyContext, StoredValue
from mailconnector.pst.ltp.table_editor import TableEditor
from mailconnector.pst.messaging.session import codec_of, row_cells
from mailconnector.pst.messaging.store import Store
from mailconnector.pst.messaging.templates import templates
from mailconnector.pst.ndb.copier import NodeCopier
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device
from mailconnector.pst.ndb.lookup import NodeEntry, NodeSource
from mailconnector.pst.repair.arrangement import FIRST_ORDINARY, Arrangement
from mailconnector.pst.repair.messages import MessageWriter, row_values
from mailconnector.pst.repair.names import count_names, rebuild_names
from mailconnector.pst.repair.values import Values, ValueWriter, integer, number

_NAME, _CONTENT_COUNT, _UNREAD_COUNT, _SUBFOLDERS = 0x3001, 0x3602, 0x3603, 0x360A
_FLAGS, _STATUS, _READ = 0x0E07, 0x0E17, 0x01
_RECORD_KEY, _VALID_FOLDERS, _PASSWORD = 0x0FF9, 0x35DF, 0x67FF
_SUBTREE, _WASTEBASKET, _FINDER = 0x35E0, 0x35E3, 0x35E7
_POINTED_AT: Final = {  # property -> NID in files of Outlook, and the folder's usual name
    _SUBTREE: (disk.NID_IPM_SUBTREE, "Top of Personal Folders"),
    _WASTEBASKET: (disk.NID_DELETED_ITEMS, "Deleted Items"),
    _FINDER: (disk.NID_SEARCH_ROOT, "Search Root"),
}
_VALID_MASK: Final = 0x89  # of the three
_RECOVERED: Final = "Recovered"
_HIERARCHY, _CONTENTS = disk.NID_TYPE_HIERARCHY_TABLE, disk.NID_TYPE_CONTENTS_TABLE
_ASSOCIATED, _SEARCH_TABLE = disk.NID_TYPE_ASSOC_CONTENTS_TABLE, disk.NID_TYPE_SEARCH_CONTENTS_TABLE
_QUEUE, _CRITERIA = disk.NID_TYPE_SEARCH_UPDATE_QUEUE, disk.NID_TYPE_SEARCH_CRITERIA_OBJECT
# Findings about where an object stands rather than about the object.
_OUTER: Final = frozenset(
    {
        "node-parent",
        "node-parent-set",
        "message-unlisted",
        "folder-unlisted",
        "folder-circle",
        "folder-table-missing",
        "search-part-missing",
    }
)
# Findings about the make of an object, behind which there may be a loss.
_STRUCTURE: Final = ("heap-", "bth-", "table-", "tree-", "data-tree", "subnode-", "value-", "block-", "reference-")
_NEWER_TEMPLATES: Final = (0x6B6, 0x6D7, 0x6F8)  # which not every file has
_FLUSH_ROWS: Final = 1000
_HIGHEST_UNIQUE: Final = 0xF0000000
_FIRST_INDEXES: Final = {
    disk.NID_TYPE_SEARCH_FOLDER: 0x4000,
    disk.NID_TYPE_NORMAL_MESSAGE: 0x10000,
    disk.NID_TYPE_ASSOC_MESSAGE: 0x8000,
}


class _Whole:
    """The sound blocks of the damaged file."""

    def __init__(self, source: Source) -> None:
        self.layout: Layout = source.layout
        self._source = source

    def read_block(self, bid: int) -> bytes:
        data = self._source.read_block(bid)
        if data is None:
            raise PstFormatError("a block cannot be read", bid=bid)
        return data

    def is_shared(self, bid: int) -> bool:
        row = self._source.blocks.find(bid)
        return row >= 0 and self._source.blocks.references[row] > 1


class _Pattern:
    """The blocks of a new store, from which special nodes are taken that are lost."""

    def __init__(self, database: NodeSource) -> None:
        self.layout: Layout = database.layout
        self._database = database

    def read_block(self, bid: int) -> bytes:
        return self._database.read_block(bid)

    def is_shared(self, bid: int) -> bool:
        return self._database.block(bid).cref > 2


class Rebuild:
    """The making of the new file.

    Args:
        source: the damaged file, surveyed.
        folders: the check of its folders, done.
        arrangement: where everything belongs.
        highest: the highest NID index of each type.
        target: the new file, empty.
        losses: takes what could not be brought over.
        trust_header: whether the counters in the damaged header may be believed.
    """

    def __init__(
        self,
        source: Source,
        folders: Folders,
        arrangement: Arrangement,
        highest: list[int],
        target: Device,
        losses: Findings,
        *,
        trust_header: bool,
    ) -> None:
        header = source.header
        self.source = source
        self.arrangement = arrangement
        self.losses = losses
        self._by_node = source.findings.by_node
        source.findings = Findings()  # what is found from here on was found before
        source.trusting = True
        self._highest_name = folders.seen.highest_name
        self.db = db = NodeDatabase.create(target, source.layout, header.bCryptMethod)
        base = [_FIRST_INDEXES.get(kind, 0x400) for kind in range(32)]
        known = list(header.rgnid) if trust_header else base
        known = [old if old < HIGHEST_INDEX else 0 for old in known]
        for kind in (disk.NID_TYPE_NORMAL_FOLDER, _HIERARCHY, _CONTENTS, _ASSOCIATED):
            highest[kind] = max(highest[kind], *map(disk.nid_index, arrangement.folders))
        rgnid = [max(indexes) for indexes in zip(base, known, highest, strict=True)]
        unique = header.dwUnique if trust_header and header.dwUnique < _HIGHEST_UNIQUE else 1
        if unique <= folders.highest_version < _HIGHEST_UNIQUE:
            unique = folders.highest_version + 1
            for codes in self._by_node.values():
                codes.discard("row-version-high")  # it is not any more
        db.header = replace(
            db.header, wVer=header.wVer, wMagicClient=header.wMagicClient, rgnid=tuple(rgnid), dwUnique=unique
        )
        store = Store.create(
            BytesIO(),
            format="unicode" if source.layout.wide else "ansi",
            encryption=_METHODS[header.bCryptMethod],
        )
        self._pattern = store.db
        self._pattern_copier = NodeCopier(_Pattern(store.db), db, 1000)
        self._copier = NodeCopier(_Whole(source), db, 2 * len(source.blocks) + 100)
        self._values = ValueWriter(source, db, self._copier, losses)
        self._messages = MessageWriter(self._values)
        view = self._view(disk.NID_NAME_TO_ID_MAP)
        self._old_names = None if view is None else open_properties(view)
        if self._old_names is not None:
            self._values.named = count_names(self._old_names)
        self._rewritten: set[int] = set()
        self._names: dict[int, str] = {}  # of folders that are made anew
        self._rows: dict[int, dict[int, Mapping[int, bytes | None]]] = {}
        self._pointers: dict[int, int] = {}
        self._done = 0

    def run(self) -> None:
        """Build the file and commit it."""
        self._find_pointers()
        self._place_stranded()
        self._special_nodes()
        for nid in list(self.arrangement.messages):
            self._message(nid)
        for nid in list(self.arrangement.searches):
            self._search_folder(nid)
        counts = {nid: self._contents(nid) for nid in self.arrangement.folders}
        below = _by_parent(self.arrangement.folders, self.arrangement.searches)
        for nid in self.arrangement.folders:
            self._folder(nid, *counts[nid], subfolders=bool(below.get(nid)))
        for nid in self.arrangement.folders:
            self._hierarchy(nid, below.get(nid, []))
        self._store()
        self._name_map()
        self._report_doubts()
        self.db.commit()

    # -- nodes -----------------------------------------------------------------------------------------------------

    def _view(self, nid: int) -> NodeView | None:
        node = self.source.nodes.find(nid)
        return None if node is None else NodeView(self.source, nid, node.bid_data, node.bid_sub)

    def _is_sound(self, nid: int, but: frozenset[str] = frozenset()) -> bool:
        """Say whether a node is there and no error or warning was found about it."""
        return nid in self.source.nodes and not self._by_node.get(nid, frozenset()) - but

    def _copy(self, nid: int, parent: int | None = None, but: frozenset[str] = frozenset()) -> bool:
        """Copy a sound node as it is; say whether that was done."""
        node = self.source.nodes.find(nid)
        if node is None or not self._is_sound(nid, but):
            return False
        try:
            with self._copier.attempt():
                bids = self._copier.data(node.bid_data), self._copier.subnodes(node.bid_sub)
        except PstFormatError:
            return False
        self.db.put_node(nid, *bids, node.nid_parent if parent is None else parent)
        return True

    def _copy_pattern(self, nid: int) -> None:
        """Take a node from the new store that serves as a pattern."""
        node = self._pattern.node(nid)
        copier = self._pattern_copier
        self.db.put_node(nid, copier.data(node.bid_data), copier.subnodes(node.bid_sub), node.nid_parent)

    def _write(self, nid: int, node: NodeEditor, values: Values, parent: int) -> None:
        self._values.put(node, values)
        self.db.put_node(nid, *node.save(), parent)

    def _string(self, text: str) -> StoredValue:
        if self.source.layout.wide:
            return StoredValue(PropertyType.STRING, text.encode("utf-16-le", "surrogatepass"))
        return StoredValue(PropertyType.STRING8, text.encode("cp1252", "replace"))

    def _special_nodes(self) -> None:
        """Bring over all nodes that are no part of folders and messages, and make those that must be there."""
        required = {template.nid for template in templates().values() if template.nid not in _NEWER_TEMPLATES} | {
            disk.NID_SEARCH_MANAGEMENT_QUEUE,
            disk.NID_SEARCH_ACTIVITY_LIST,
            disk.NID_SEARCH_DOMAIN_OBJECT,
        }
        for node in self.source.nodes:
            if self._belongs_to_folder(node) or node.nid in (disk.NID_MESSAGE_STORE, disk.NID_NAME_TO_ID_MAP):
                continue
            if disk.nid_index(node.nid) < HIGHEST_INDEX and self._copy(node.nid):
                required.discard(node.nid)
            elif is_queue(node.nid) and disk.nid_index(node.nid) < HIGHEST_INDEX:
                self.losses.add("lost-node", "a queue of search updates was emptied", nid=node.nid)
                self.db.put_node(node.nid, 0, 0, 0)
                required.discard(node.nid)
            elif node.nid not in required:
                self.losses.add("lost-node", "a node of unknown use is lost", nid=node.nid)
        for nid in sorted(required):
            self.losses.add("replaced-node", "a special node was made anew", nid=nid)
            self._copy_pattern(nid)

    def _belongs_to_folder(self, node: NodeEntry) -> bool:
        """Say whether a node is a folder, a message, or a part of a folder."""
        arrangement, nid = self.arrangement, node.nid
        kind = disk.nid_type(nid)
        if nid in arrangement.messages:
            return True
        if kind in (disk.NID_TYPE_NORMAL_FOLDER, _HIERARCHY, _CONTENTS, _ASSOCIATED):
            return disk.sibling_nid(nid, disk.NID_TYPE_NORMAL_FOLDER) in arrangement.folders
        if kind == disk.NID_TYPE_SEARCH_FOLDER:
            return nid in arrangement.searches
        if kind in (_QUEUE, _CRITERIA, _SEARCH_TABLE) and nid >= FIRST_ORDINARY:
            return disk.sibling_nid(nid, disk.NID_TYPE_SEARCH_FOLDER) in arrangement.searches
        return False

    # -- what belongs nowhere --------------------------------------------------------------------------------------

    def _find_pointers(self) -> None:
        """Find the folders that the store points to, and have those made that are not there."""
        folders = self.arrangement.folders
        view = self._view(disk.NID_MESSAGE_STORE)
        store = None if view is None else open_properties(view)
        for pid, (usual, name) in _POINTED_AT.items():
            data = (store.value(pid) if store is not None else None) or b""
            nid = int.from_bytes(data[20:24], "little") if len(data) == 24 else 0
            if nid not in folders:
                if self.source.is_ost:
                    continue  # a mailbox's cache need not have them
                nid = usual
            if nid not in folders:
                folders[nid] = None
                self._names[nid] = name
            if folders[nid] is None:
                folders[nid] = self._pointers.get(_SUBTREE) if pid == _WASTEBASKET else disk.NID_ROOT_FOLDER
            self._pointers[pid] = nid
        self._names.setdefault(disk.NID_ROOT_FOLDER, "")

    def _place_stranded(self) -> None:
        """Put what has lost its place into a folder of its own."""
        arrangement = self.arrangement
        stranded = [
            (table, nid)
            for table in (arrangement.folders, arrangement.searches, arrangement.messages)
            for nid, parent in table.items()
            if parent is None
        ]
        if not stranded:
            return
        recovered = self.db.new_nid(disk.NID_TYPE_NORMAL_FOLDER)
        for table, nid in stranded:
            table[nid] = recovered
            what = "a message" if table is arrangement.messages else "a folder"
            self.losses.add("recovered-item", f"{what} whose place is lost was put into {_RECOVERED!r}", nid=nid)
        arrangement.folders[recovered] = self._pointers.get(_SUBTREE, disk.NID_ROOT_FOLDER)
        self._names[recovered] = _RECOVERED

    # -- messages --------------------------------------------------------------------------------------------------

    def _message(self, nid: int) -> None:
        parent = self.arrangement.messages[nid]
        assert parent is not None
        self._done += 1
        if not self._done & 0x3F:
            self.source.progress("messages", self._done, len(self.arrangement.messages))
        if self._copy(nid, parent, _OUTER):
            return
        self._rewritten.add(nid)
        view = self._view(nid)
        assert view is not None
        try:
            with self._copier.attempt():
                written = self._messages.message(view, lambda: self._row(parent, nid))
        except PstFormatError:
            written = None
        if written is None:
            self.losses.add("lost-message", "nothing of a message can be read", nid=nid)
            del self.arrangement.messages[nid]
        else:
            self.db.put_node(nid, written.bid_data, written.bid_sub, parent)

    def _row(self, folder: int, nid: int) -> Mapping[int, bytes | None]:
        """Return the cells of a damaged object's row in its folder's table."""
        kinds = {disk.NID_TYPE_NORMAL_MESSAGE: _CONTENTS, disk.NID_TYPE_ASSOC_MESSAGE: _ASSOCIATED}
        table_nid = disk.sibling_nid(folder, kinds.get(disk.nid_type(nid), _HIERARCHY))
        rows = self._rows.get(table_nid)
        if rows is None:
            rows = self._rows[table_nid] = {}
            view = self._view(table_nid)
            table = None if view is None else open_table(view)
            for row in table.rows() if table is not None else ():
                if not self._is_sound(row.row_id, _OUTER):
                    rows[row.row_id] = row.cells
        return rows.get(nid, {})

    # -- tables ----------------------------------------------------------------------------------------------------

    def _contents(self, folder: int) -> tuple[int, int]:
        """Bring over or make the contents tables of a folder; return the numbers of items and of unread ones."""
        inside = self._inside.get(folder, [])
        normal = [nid for nid in inside if disk.nid_type(nid) == disk.NID_TYPE_NORMAL_MESSAGE]
        associated = [nid for nid in inside if disk.nid_type(nid) == disk.NID_TYPE_ASSOC_MESSAGE]
        self._table(disk.sibling_nid(folder, _ASSOCIATED), "associated", associated)
        self._table(disk.sibling_nid(folder, _CONTENTS), "contents", normal)
        return len(normal), sum(1 for nid in normal if not self._flags(nid) & _READ)

    @property
    def _inside(self) -> dict[int, list[int]]:
        """The messages of each folder."""
        if self._inside_folders is None:
            self._inside_folders = _by_parent(self.arrangement.messages)
        return self._inside_folders

    _inside_folders: dict[int, list[int]] | None = None

    def _reader(self, nid: int) -> PropertyContext:
        node = self.db.node(nid)
        return PropertyContext(NodeReader(self.db, node.bid_data, node.bid_sub, nid))

    def _flags(self, nid: int) -> int:
        pc = self._reader(nid)
        return int.from_bytes(pc.raw(_FLAGS), "little") if _FLAGS in pc else 0

    def _table(self, nid: int, template: str, objects: list[int]) -> None:
        """Copy the table of a folder when it is sound and lists just these objects, unchanged; else make it anew."""
        view = self._view(nid)
        table = None if view is None else open_table(view)
        listed = set() if table is None else set(table.index)
        for lost in sorted(listed - set(objects)):
            if lost not in self.source.nodes:
                code = "lost-folder" if template == "hierarchy" else "lost-message"
                self.losses.add(code, f"{lost:#x} is listed and does not exist any more", nid=nid)
        if listed == set(objects) and not listed & self._rewritten and self._copy(nid, 0):
            return
        columns = self._messages.columns(template, () if table is None else table.tags)
        own: dict[int, dict[int, bytes]] = {}  # cells that only rows have
        for row in table.rows() if table is not None else ():
            own[row.row_id] = {
                tag >> 16: data for tag, data in row.cells.items() if tag >> 16 in ROW_ONLY and data is not None
            }
        node = NodeEditor(self.db, nid=nid)
        editor = TableEditor(node, columns)
        for done, item in enumerate(sorted(objects), start=1):
            self._put_row(editor, item, own.get(item, {}))
            if not done % _FLUSH_ROWS:
                editor.flush()
        editor.flush()
        self.db.put_node(nid, *node.save(), 0)

    def _put_row(self, editor: TableEditor, nid: int, own: Mapping[int, bytes]) -> None:
        pc = self._reader(nid)
        types = pc.types()
        by_id = editor.info.by_id

        def cell(pid: int) -> tuple[int, bytes] | None:
            if pid in ROW_ONLY:
                data = own.get(pid, bytes(4) if pid == _STATUS else None)
                return None if data is None else (by_id[pid].tag, data)
            return (pid << 16 | types[pid], pc.raw(pid)) if pid in types else None

        editor.put_row(nid, self.db.next_unique(), row_cells(editor, cell, codec_of(pc, "cp1252")))

    # -- folders ---------------------------------------------------------------------------------------------------

    def _folder(self, nid: int, items: int, unread: int, *, subfolders: bool) -> None:
        """Bring over a folder's properties, with counts that fit."""
        parent = self.arrangement.folders[nid]
        assert parent is not None
        view = self._view(nid)
        properties = None if view is None else open_properties(view)
        counts = {_CONTENT_COUNT: items, _UNREAD_COUNT: unread, _SUBFOLDERS: int(subfolders)}
        if (
            properties is not None
            and all(properties.number(pid) == count for pid, count in counts.items())
            and self._copy(nid, parent, _OUTER)
        ):
            return
        self._rewritten.add(nid)
        node = NodeEditor(self.db, nid=nid)
        values = {} if properties is None else self._values.values(properties, node, "folder")
        if _NAME not in values:
            values = row_values(self._row(parent, nid)) | values
            if nid not in self._names:
                self.losses.add("lost-folder", "of a folder only what its parent lists of it is left", nid=nid)
        values.setdefault(_NAME, self._string(self._names.get(nid, f"{_RECOVERED} {nid:x}")))
        values[_CONTENT_COUNT] = integer(items)
        values[_UNREAD_COUNT] = integer(unread)
        values[_SUBFOLDERS] = StoredValue(PropertyType.BOOLEAN, bytes([subfolders]))
        self._write(nid, node, values, parent)

    def _hierarchy(self, nid: int, below: list[int]) -> None:
        self._table(disk.sibling_nid(nid, _HIERARCHY), "hierarchy", below)

    def _search_folder(self, nid: int) -> None:
        """Bring over a search folder and its parts; without its criteria it is of no use and is left out."""
        parent = self.arrangement.searches[nid]
        assert parent is not None
        criteria = disk.sibling_nid(nid, _CRITERIA)
        found = self._copy(nid, parent, _OUTER) or self._copy_values(nid, parent)
        if nid < FIRST_ORDINARY and found:
            return
        if not (found and (self._copy(criteria) or self._copy_values(criteria, 0))):
            self.losses.add("lost-node", "a search folder is lost", nid=nid)
            if self.db.find_node(nid) is not None:
                self.db.delete_node(nid)
            del self.arrangement.searches[nid]
            return
        queue = disk.sibling_nid(nid, _QUEUE)
        if not self._copy(queue):
            self.db.put_node(queue, 0, 0, 0)
        table = disk.sibling_nid(nid, _SEARCH_TABLE)
        if not self._copy(table):
            template = self.db.node(disk.NID_SEARCH_CONTENTS_TABLE_TEMPLATE)
            self.db.add_reference(template.bid_data)
            self.db.add_reference(template.bid_sub)
            self.db.put_node(table, template.bid_data, template.bid_sub, 0)

    def _copy_values(self, nid: int, parent: int) -> bool:
        """Write what can be read of a node that is nothing but properties; say whether there was anything."""
        view = self._view(nid)
        properties = None if view is None else open_properties(view)
        if properties is None:
            return False
        self._rewritten.add(nid)
        node = NodeEditor(self.db, nid=nid)
        what = "folder" if disk.nid_type(nid) == disk.NID_TYPE_SEARCH_FOLDER else "criteria"
        values = self._values.values(properties, node, what)
        if disk.nid_type(nid) == disk.NID_TYPE_SEARCH_FOLDER:
            if _NAME not in values:
                self.losses.add("lost-folder", "the name of a search folder is lost", nid=nid)
                values[_NAME] = self._string(f"{_RECOVERED} {nid:x}")
            for pid in (_CONTENT_COUNT, _UNREAD_COUNT):
                values.setdefault(pid, integer(0))
            values.setdefault(_SUBFOLDERS, StoredValue(PropertyType.BOOLEAN, b"\0"))
        self._write(nid, node, values, parent)
        return True

    # -- the store -------------------------------------------------------------------------------------------------

    def _store(self) -> None:
        """Bring over the properties of the store, with entry ids that lead to its folders."""
        nid = disk.NID_MESSAGE_STORE
        if self._copy(nid):
            return
        view = self._view(nid)
        properties = None if view is None else open_properties(view)
        node = NodeEditor(self.db, nid=nid)
        values = {} if properties is None else self._values.values(properties, node, "store")
        new = self._pattern_values(nid)
        if not values:
            self.losses.add("replaced-node", "the properties of the store are lost, its name among them", nid=nid)
        key = self._record_key(values) or new[_RECORD_KEY].data
        values[_RECORD_KEY] = StoredValue(PropertyType.BINARY, key)
        for pid, folder in self._pointers.items():
            values[pid] = StoredValue(PropertyType.BINARY, bytes(4) + key + struct.pack("<I", folder))
        if self._pointers:
            values[_VALID_FOLDERS] = integer((number(values, _VALID_FOLDERS) or 0) | _VALID_MASK)
        for pid in (_PASSWORD, _NAME):
            values.setdefault(pid, new[pid])
        self._write(nid, node, values, 0)

    def _record_key(self, values: Values) -> bytes | None:
        """Return the store's record key, from the entry ids in the file when the key itself is lost."""
        stored = values.get(_RECORD_KEY)
        if stored is not None and len(stored.data) == 16:
            return stored.data
        for value in values.values():
            if len(value.data) == 24 and not any(value.data[:4]):
                return value.data[4:20]
        return None

    def _pattern_values(self, nid: int) -> Values:
        node = self._pattern.node(nid)
        return PropertyContext(NodeReader(self._pattern, node.bid_data, node.bid_sub, nid)).stored()

    def _name_map(self) -> None:
        """Bring over the name-to-id map, or what can be read of it."""
        nid = disk.NID_NAME_TO_ID_MAP
        if self._copy(nid):
            return
        highest = max(self._highest_name, self._values.highest_name)
        names = rebuild_names(self._old_names, highest, self.losses)
        node = NodeEditor(self.db, nid=nid)
        names.write(node)
        self.db.put_node(nid, *node.save(), 0)

    # -- what is in doubt ------------------------------------------------------------------------------------------

    def _report_doubts(self) -> None:
        """Report what was taken from blocks with a wrong CRC, and objects that came over changed without a word."""
        source, table = self.source, self.source.blocks
        owners = self._owners(source.doubted) if source.doubted else {}
        for row in sorted(source.doubted):
            self.losses.add(
                "doubtful-block",
                "a block with a wrong CRC was read as it is: what came from it may be wrong",
                nid=owners.get(row),
                bid=table.bids[row],
                offset=table.ibs[row],
            )
        for nid in sorted(self._rewritten - self.losses.by_node.keys()):
            codes = sorted(code for code in self._by_node.get(nid, ()) if code.startswith(_STRUCTURE))
            if codes:
                text = f"the object was damaged and was written anew from what could be read ({', '.join(codes)})"
                self.losses.add("rewritten-object", text, nid=nid)

    def _owners(self, rows: set[int]) -> dict[int, int]:
        """Return, for rows of the block table, the node that has each among its data or in its subnodes."""
        owners: dict[int, int] = {}
        for node in self.source.nodes:
            seen: set[int] = set()
            pending = [(node.bid_data, node.bid_sub)]
            while pending:
                bid_data, bid_sub = pending.pop()
                for row in rows.intersection(self.source.leaves(bid_data) or ()):
                    owners.setdefault(row, node.nid)
                if bid_sub and bid_sub not in seen:
                    seen.add(bid_sub)
                    pending += [(data, sub) for _, data, sub in (self.source.subnodes(bid_sub) or {}).values()]
            if len(owners) == len(rows):
                break
        return owners


_METHODS: Final[dict[int, Literal["none", "permute", "cyclic"]]] = {
    crypt.NONE: "none",
    crypt.PERMUTE: "permute",
    crypt.CYCLIC: "cyclic",
}


def _by_parent(*tables: Mapping[int, int | None]) -> dict[int, list[int]]:
    """Return the objects of each parent; nothing is its own child."""
    found: dict[int, list[int]] = {}
    for table in tables:
        for nid, parent in table.items():
            if parent is not None and parent != nid:
                found.setdefault(parent, []).append(nid)
    return found
