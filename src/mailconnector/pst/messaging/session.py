"""What the objects of an open store share: the node database, the names, the code page, and a transaction's work.

Tables that a transaction changes stay open here until they are needed for reading, grow too large, or the transaction
ends; changes of folder counts are collected and written once. :meth:`Session.settle` brings all of that into the nodes.
"""

import secrets
from codecs import utf_16_le_encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, cast

from mailconnector.mapi import codepages
from mailconnector.mapi.named import NamedTag, PropertyName
from mailconnector.mapi.objects import Properties, PropertyKey
from mailconnector.mapi.types import PropertyType
from mailconnector.mapi.values import Value, ValueFormatError, encode
from mailconnector.pst import disk
from mailconnector.pst.errors import PstFormatError, PstUsageError
from mailconnector.pst.ltp.node import NodeEditor, NodeReader
from mailconnector.pst.ltp.property_context import PropertyContext, StoredValue, write_properties
from mailconnector.pst.ltp.table_context import TableContext
from mailconnector.pst.ltp.table_editor import TableEditor
from mailconnector.pst.messaging.names import FIRST_ID, NameMap
from mailconnector.pst.messaging.search import SearchQueue
from mailconnector.pst.messaging.templates import native_tag
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.lookup import NodeEntry

_HELD_MAX = 24 << 20  # bytes of open tables in a transaction
_NAMED = FIRST_ID << 16  # tags from here on are of named properties
_TAGS_MAX = 20_000
_STRING, _STRING8 = int(PropertyType.STRING), int(PropertyType.STRING8)
_KEY_SIZE, _KEYS_AT_ONCE = 16, 64
_CHECK_EVERY = 128  # changes between two looks at that
CONTENT_COUNT, UNREAD_COUNT, SUBFOLDERS = 0x3602, 0x3603, 0x360A
HIDDEN_COUNT, HIDDEN_UNREAD = 0x6635, 0x6636
# Cells that a row has of its own, whatever its object has: status and replication (measured).
ROW_ONLY = frozenset((0x0E17, 0x0E30, 0x0E33, 0x0E34, 0x0E38, 0x0E3C, 0x0E3D, 0x3013, 0x67F1))


class FolderChange(NamedTuple):
    """What a transaction has changed about a folder's counts."""

    items: int = 0
    unread: int = 0
    hidden: int = 0
    hidden_unread: int = 0


class Session:
    """An open store's shared state.

    Args:
        db: the node database.
        codec: the Python codec of PtypString8 values where a message does not name another.
    """

    def __init__(self, db: NodeDatabase, codec: str) -> None:
        self.db = db
        self.codec = codec
        self.ansi = not db.layout.wide
        self._names: NameMap | None = None
        self.known_tags: dict[PropertyKey, int] = {}  # what stored_tag has answered
        self._editors: dict[int, tuple[NodeEditor, TableEditor]] = {}
        self._folder_changes: dict[int, FolderChange] = {}
        self._search: SearchQueue | None = None
        self._random = b""
        self._changes = 0
        self._touched = 0  # how often open tables were asked for
        self._spoilt = False

    # -- reading ---------------------------------------------------------------------------------------------------

    def reader(self, nid: int) -> NodeReader:
        """Return a reader of a node as it stands now."""
        entry = self.db.node(nid)
        return NodeReader(self.db, entry.bid_data, entry.bid_sub, nid)

    def properties(self, nid: int, codec: str | None = None) -> PropertyContext:
        """Return the property context of a node."""
        if self._folder_changes:
            self.settle()
        return PropertyContext(self.reader(nid), codec or self.codec)

    def table(self, nid: int) -> TableContext:
        """Return the table of a node, the running transaction's changes included."""
        if nid in self._editors or self._folder_changes:
            self.settle()
        return TableContext(self.reader(nid), self.codec)

    def has_node(self, nid: int) -> bool:
        """Say whether there is such a node."""
        return self.db.find_node(nid) is not None

    @property
    def names(self) -> NameMap:
        """The name-to-id map."""
        if self._names is None:
            entry = self.db.find_node(disk.NID_NAME_TO_ID_MAP)
            # Not by `properties`, which settles: names are asked for in the middle of changes that may yet fail.
            pc = PropertyContext(self.reader(entry.nid), self.codec) if entry and entry.bid_data else None
            self._names = NameMap(pc)
        return self._names

    def key_of(self, tag: int) -> PropertyKey:
        """Return the key that stands for a stored tag outside the store: ids from 0x8000 on become names."""
        pid = tag >> 16
        if pid >= FIRST_ID:
            name = self.names.name_of(pid)
            if name is not None:
                return NamedTag(name, tag & 0xFFFF)
        return tag

    def keyed(self, values: dict[int, Value]) -> Properties:
        """Return values by their keys outside the store instead of by their stored tags."""
        if any(tag >= _NAMED for tag in values):
            key_of = self.key_of
            return {(key_of(tag) if tag >= _NAMED else tag): value for tag, value in values.items()}
        return cast("Properties", values)

    def find_id(self, key: PropertyKey | PropertyName) -> int | None:
        """Return the property id of a key in this store, None when the store does not know its name."""
        if isinstance(key, int):
            return key >> 16
        return self.names.find(key if isinstance(key, PropertyName) else key.name)

    def stored_tag(self, key: PropertyKey) -> int:
        """Return the tag under which a property is stored; a name that the store does not know is defined."""
        tag = self.known_tags.get(key)
        if tag is None:
            plain = key if isinstance(key, int) else self.names.define(key.name) << 16 | key.type
            tag = native_tag(plain, ansi=self.ansi)
            if len(self.known_tags) < _TAGS_MAX:
                self.known_tags[key] = tag
        return tag

    def store_value(self, tag: int, value: Value, codec: str) -> StoredValue:
        """Encode a value for a stored tag.

        Raises:
            PstUsageError: the value does not fit the type.
        """
        return StoredValue(tag & 0xFFFF, encode_value(tag, value, codec))

    # -- transactions ----------------------------------------------------------------------------------------------

    @contextmanager
    def change(self) -> Iterator[None]:
        """Run the body inside the running transaction, or inside one of its own."""
        if self.db.in_transaction:
            if self._spoilt:
                raise PstUsageError("a change failed half-way: the transaction can only be rolled back")
            touched = self._touched
            inside = self.db.in_savepoint  # then the outer change alone can be undone
            try:
                with self.db.savepoint():
                    yield
            except BaseException:
                # What the node database did is undone; open tables cannot be: they would refer to what is gone.
                if inside or touched != self._touched:
                    self._forget()
                    self._names = None
                    self._spoilt = True
                raise
            self._changes += 1
            if self._changes % _CHECK_EVERY == 0 and self._held_bytes() > _HELD_MAX:
                self.settle()
                self._editors.clear()
            return
        self.begin()
        try:
            yield
            self.commit()
        except BaseException:
            self.abandon()
            raise

    @property
    def is_spoilt(self) -> bool:
        """Whether a change failed half-way, so that the running transaction can only be rolled back."""
        return self._spoilt

    def begin(self) -> None:
        """Begin a transaction."""
        self.db.begin()

    def commit(self) -> None:
        """Write what is open and commit.

        Raises:
            PstUsageError: a change failed half-way before, so nothing is kept.
        """
        if self._spoilt:
            self.abandon()
            raise PstUsageError("a change failed half-way: the transaction was rolled back")
        self.settle()
        self._editors.clear()
        self.db.commit()
        self._forget()

    def abandon(self) -> None:
        """Give up the running transaction, if one still runs."""
        try:
            if self.db.in_transaction and not self.db.broken:
                self.db.rollback()
        finally:
            self._names = None
            self.known_tags.clear()
            self._forget()

    def _forget(self) -> None:
        self._editors.clear()
        self._folder_changes.clear()
        self._search = None
        self._changes = 0
        self._spoilt = False

    def _held_bytes(self) -> int:
        return sum(table.held_bytes for _, table in self._editors.values())

    def settle(self) -> None:
        """Bring the transaction's collected changes into the nodes."""
        if not self.db.in_transaction:
            return
        self._touched += 1
        changes, self._folder_changes = self._folder_changes, {}
        for nid, change in changes.items():
            self._write_counts(nid, change)
        for nid, (node, table) in self._editors.items():
            table.flush()
            entry = self.db.node(nid)
            self.db.put_node(nid, *node.save(), entry.nid_parent)
        if self._names is not None and self._names.dirty:
            entry = self.db.node(disk.NID_NAME_TO_ID_MAP)
            node = NodeEditor(self.db, entry.bid_data, entry.bid_sub, entry.nid)
            self._names.write(node)
            self.db.put_node(entry.nid, *node.save(), entry.nid_parent)
        if self._search is not None:
            self._search.flush()

    # -- tables ----------------------------------------------------------------------------------------------------

    def editor(self, nid: int) -> TableEditor:
        """Return the table of a node, open for changes until the transaction ends."""
        self._touched += 1
        found = self._editors.get(nid)
        if found is None:
            entry = self.db.node(nid)
            node = NodeEditor(self.db, entry.bid_data, entry.bid_sub, nid)
            found = node, TableEditor(node)
            self._editors[nid] = found
        return found[1]

    def drop_editor(self, nid: int) -> None:
        """Forget an open table whose node is going to be deleted, after bringing its changes into the node."""
        found = self._editors.pop(nid, None)
        if found is not None:
            node, table = found
            table.flush()
            self.db.put_node(nid, *node.save(), self.db.node(nid).nid_parent)

    def search_key(self) -> bytes:
        """Give out a new search key of random bytes; many are fetched at once, since each fetch is dear."""
        if not self._random:
            self._random = secrets.token_bytes(_KEYS_AT_ONCE * _KEY_SIZE)
        key, self._random = self._random[:_KEY_SIZE], self._random[_KEY_SIZE:]
        return key

    def row_version(self) -> int:
        """Give out a row version: unique in the store and below dwUnique (measured)."""
        return self.db.next_unique()

    @property
    def search(self) -> SearchQueue:
        """The search management queue of the running transaction."""
        if self._search is None:
            self._search = SearchQueue(self.db)
        return self._search

    # -- folders ---------------------------------------------------------------------------------------------------

    def count(self, folder: int, *, items: int = 0, unread: int = 0, hidden: int = 0, hidden_unread: int = 0) -> None:
        """Note a change of a folder's counts."""
        old = self._folder_changes.get(folder, FolderChange())
        self._folder_changes[folder] = FolderChange(
            old.items + items, old.unread + unread, old.hidden + hidden, old.hidden_unread + hidden_unread
        )

    def forget_counts(self, folder: int) -> None:
        """Drop the collected changes of a folder that is going to be deleted."""
        self._folder_changes.pop(folder, None)

    def _write_counts(self, nid: int, change: FolderChange) -> None:
        def update(values: dict[int, StoredValue]) -> None:
            for pid, delta, needed in (
                (CONTENT_COUNT, change.items, True),
                (UNREAD_COUNT, change.unread, True),
                (HIDDEN_COUNT, change.hidden, False),
                (HIDDEN_UNREAD, change.hidden_unread, False),
            ):
                if pid in values or needed:
                    old = int.from_bytes(values[pid].data[:4], "little") if pid in values else 0
                    count = max(old + delta, 0)
                    values[pid] = StoredValue(PropertyType.INTEGER32, count.to_bytes(4, "little"))

        self.update_folder(nid, update)

    def update_folder(self, nid: int, update: Callable[[dict[int, StoredValue]], None]) -> None:
        """Change a folder's properties, and the row in its parent's hierarchy table with them.

        Args:
            nid: the folder.
            update: changes the folder's stored properties, given by id.
        """
        entry = self.db.node(nid)
        node = NodeEditor(self.db, entry.bid_data, entry.bid_sub, nid)
        values = PropertyContext(node, self.codec).stored()
        before = {value.nid for value in values.values() if value.nid}
        update(values)
        for gone in before - {value.nid for value in values.values()}:
            node.drop_subnode(gone)
        write_properties(node, values)
        bids = node.save()
        self.db.put_node(nid, *bids, entry.nid_parent)
        self.put_folder_row(NodeEntry(nid, *bids, entry.nid_parent))

    def put_folder_row(self, entry: NodeEntry) -> None:
        """Bring a folder's row in its parent's hierarchy table in step with its properties."""
        if entry.nid_parent in (0, entry.nid):
            return
        table_nid = disk.sibling_nid(entry.nid_parent, disk.NID_TYPE_HIERARCHY_TABLE)
        if not self.has_node(table_nid):
            raise PstFormatError("a folder's parent has no hierarchy table", nid=entry.nid_parent)
        pc = PropertyContext(NodeReader(self.db, entry.bid_data, entry.bid_sub, entry.nid), self.codec)

        def cell(pid: int) -> tuple[int, bytes] | None:
            return (pid << 16 | pc.types()[pid], pc.raw(pid)) if pid in pc else None

        table = self.editor(table_nid)
        table.put_row(entry.nid, self.row_version(), row_cells(table, cell, self.codec))


def encode_value(tag: int, value: Value, codec: str) -> bytes:
    """Return the stored bytes of a value for a stored tag.

    Raises:
        PstUsageError: the value does not fit the type.
    """
    ptype = tag & 0xFFFF
    try:
        # Most values of most messages are strings: the short way for them.
        if isinstance(value, str):
            if ptype == _STRING:
                return utf_16_le_encode(value, "surrogatepass")[0]
            if ptype == _STRING8:
                return codepages.encode_string8(value, codec)
        return encode(ptype, value, codec)
    except (ValueFormatError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise PstUsageError(f"the value of property {tag:#010x} does not fit its type: {error}") from error


def row_cells(
    table: TableEditor, cell: Callable[[int], tuple[int, bytes] | None], codec: str
) -> dict[int, bytes | None]:
    """Return the cells of a row that mirrors an object: every column that the object has a property for, else None.

    Args:
        table: the table.
        cell: gives the tag and the stored bytes of the object's property with an id.
        codec: of PtypString8 values.
    """
    cells: dict[int, bytes | None] = {}
    for tag in table.info.column_set.mirrored:
        found = cell(tag >> 16)
        cells[tag] = None if found is None else convert_cell(found[0] & 0xFFFF, tag & 0xFFFF, found[1], codec)
    return cells


def convert_cell(have: int, want: int, data: bytes, codec: str) -> bytes | None:
    """Return a property's stored bytes for a cell of another type, None where they cannot be had in it.

    Args:
        have: the property's type.
        want: the column's type.
        data: the stored bytes.
        codec: of PtypString8 values.
    """
    if have == want:
        return data
    if have == PropertyType.STRING8 and want == PropertyType.STRING:
        return codepages.decode_string8(data, codec).encode("utf-16-le", "surrogatepass")
    if have == PropertyType.STRING and want == PropertyType.STRING8:
        return codepages.encode_string8(data[: len(data) & ~1].decode("utf-16-le", "surrogatepass"), codec)
    return None


def codec_of(pc: PropertyContext, default: str) -> str:
    """Return the codec of an object's PtypString8 values: by PidTagMessageCodepage where it has it."""
    found = pc.get(0x3FFD)
    return codepages.codec_for_codepage(found) if isinstance(found, int) and found > 0 else default
