"""Everything that stands in one node of a PST, by name: properties, table, recipients, attachments, subnodes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailconnector.app.errors import AppUsageError
from mailconnector.app.folder_path import split_path
from mailconnector.app.pst.readable_values import type_name
from mailconnector.mapi import tags
from mailconnector.mapi.codepages import decode_string8
from mailconnector.mapi.named import PropertyName, name_of_named
from mailconnector.mapi.objects import PropertyKey
from mailconnector.mapi.types import PropertyType
from mailconnector.mapi.values import Value
from mailconnector.pst import PstDiskError, PstError, PstNotFoundError, Store, disk
from mailconnector.pst.ltp.heap import CLIENT_BTH, CLIENT_PC, CLIENT_TC, SIGNATURE
from mailconnector.pst.ltp.node import NodeReader
from mailconnector.pst.ltp.property_context import PropertyContext
from mailconnector.pst.ltp.table_context import Row, TableContext
from mailconnector.pst.messaging.session import codec_of

SHORT_VALUE = 400
"""Characters or bytes of a value that are given unless all are asked for."""

SHORT_TABLE = 50
"""Rows of a table that are given unless all are asked for."""

_NUMBER = re.compile(r"0x[0-9a-fA-F]{1,8}|[0-9]{1,10}")
_NODE_NAMES = {
    value: name.removeprefix("NID_").replace("_", " ").lower()
    for name, value in vars(disk).items()
    if name.startswith("NID_") and not name.startswith("NID_TYPE") and isinstance(value, int)
}
# Of these only a prefix is read unless all is asked for.
_LONG_TYPES = {
    PropertyType.STRING: 2,
    PropertyType.STRING8: 1,
    PropertyType.BINARY: 1,
}


@dataclass(frozen=True, slots=True)
class DumpedValue:
    """A property, or a cell of a row.

    Attributes:
        tag: tag as it is stored.
        name: canonical name, or the set and the name of a named property; empty when unknown.
        type: name of the type.
        size: bytes as stored.
        value: the value; only its beginning when `truncated`.
        truncated: whether it goes on.
        error: why it cannot be read; empty when it can.
    """

    tag: int
    name: str
    type: str
    size: int
    value: Value
    truncated: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class DumpedRow:
    """A row of a table."""

    row_id: int
    cells: tuple[DumpedValue, ...]


@dataclass(frozen=True, slots=True)
class DumpedTable:
    """A table: its columns by tag and name, the first of its rows or all of them, and how many it has."""

    columns: tuple[tuple[int, str], ...]
    rows: tuple[DumpedRow, ...]
    count: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class DumpedSubnode:
    """A subnode: its NID, kind, and bytes of data."""

    nid: int
    kind: str
    size: int


@dataclass(frozen=True, slots=True)
class NodeDump:
    """A node.

    Attributes:
        nid: its NID.
        within: NIDs of the nodes that it is a subnode of, outermost first; empty for a node of the file.
        kind: name of its type.
        name: what this very node is for, if it is one that every file has.
        parent: NID of its parent; 0 for none.
        bid_data: BID of its data.
        bid_sub: BID of its subnodes.
        size: bytes of data.
        content: "properties", "table", "tree", "data" or "nothing".
        properties: what a property context holds.
        table: what a table context holds.
        recipients: recipient table of a message.
        attachments: attachment table of a message.
        subnodes: its subnodes.
        data: beginning of the data where it is neither properties nor table.
        error: why its content cannot be read; empty when it can.
    """

    nid: int
    within: tuple[int, ...]
    kind: str
    name: str
    parent: int
    bid_data: int
    bid_sub: int
    size: int
    content: str
    properties: tuple[DumpedValue, ...] = ()
    table: DumpedTable | None = None
    recipients: DumpedTable | None = None
    attachments: DumpedTable | None = None
    subnodes: tuple[DumpedSubnode, ...] = field(default=())
    data: bytes = b""
    error: str = ""


def find_nids(store: Store, text: str) -> tuple[int, ...]:
    """Return the NIDs that a user's word for a node leads through.

    Args:
        store: the open PST.
        text: "store"; a NID, decimal or with 0x; NIDs divided by "/" for subnodes; or the path of a folder.

    Raises:
        PstNotFoundError: there is no such folder.
    """
    if text == "store":
        return (disk.NID_MESSAGE_STORE,)
    parts = text.split("/")
    if all(_NUMBER.fullmatch(part) for part in parts):
        try:
            first = int(parts[0], 0)
        except ValueError:
            first = int(parts[0])
        nids = (first, *(int(part, 0) for part in parts[1:]))
        if store.db.find_node(nids[0]) is not None:
            return nids
        if parts[0].startswith("0x"):
            raise PstNotFoundError("there is no such node", nid=nids[0], hint="`pst ls --messages` lists the NIDs.")
    return (store.folder_at(split_path(text)).nid,)


def dump_node(store: Store, nids: tuple[int, ...], *, full: bool = False) -> NodeDump:
    """Return what stands in a node.

    Args:
        store: the open PST.
        nids: NID of the node, or of a node and of subnodes each inside the one before.
        full: give all of long values and tables, not their beginnings.

    Raises:
        PstNotFoundError: there is no such node.
        AppUsageError: the node has no such subnode.
    """
    entry = store.db.node(nids[0])
    node = NodeReader(store.db, entry.bid_data, entry.bid_sub, entry.nid)
    codec = store.codec
    for nid in nids[1:]:
        codec = _codec(node, codec)
        below = node.subnodes.get(nid)
        if below is None:
            raise AppUsageError(f"node {node.nid:#x} has no subnode {nid:#x}", hint="`pst show` lists its subnodes.")
        node = NodeReader(store.db, below.bid_data, below.bid_sub, nid)
    return _Dump(store, node, codec, full=full).dump(nids[:-1], entry.nid_parent if len(nids) == 1 else 0)


def _codec(node: NodeReader, codec: str) -> str:
    """Return the codec of the parts of a node: that of the message, if it is one that names it."""
    try:
        return codec_of(PropertyContext(node, codec), codec)
    except PstDiskError:
        raise
    except PstError:
        return codec


class _Dump:
    def __init__(self, store: Store, node: NodeReader, codec: str, *, full: bool) -> None:
        self._store = store
        self._node = node
        self._codec = _codec(node, codec)
        self._full = full

    def dump(self, within: tuple[int, ...], parent: int) -> NodeDump:
        node = self._node
        kind = ""
        properties: tuple[DumpedValue, ...] = ()
        table: DumpedTable | None = None
        data, error, size = b"", "", 0
        subnodes: tuple[DumpedSubnode, ...] = ()
        try:
            size = node.db.data_size(node.bid_data)
            subnodes = tuple(self._subnodes())
            kind = self._content()
            if kind == "properties":
                properties = tuple(self._properties())
            elif kind == "table":
                table = self._table(node)
            elif kind == "data":
                data = self._beginning(node.bid_data, size if self._full else SHORT_VALUE)
        except PstDiskError:
            raise
        except PstError as found:
            error = str(found)
        return NodeDump(
            nid=node.nid,
            within=within,
            kind=disk.NID_TYPE_NAMES.get(disk.nid_type(node.nid), "").replace("_", " ").lower(),
            name="" if within else _NODE_NAMES.get(node.nid, ""),
            parent=parent,
            bid_data=node.bid_data,
            bid_sub=node.bid_sub,
            size=size,
            content=kind,
            properties=properties,
            table=table,
            recipients=self._own_table(disk.NID_RECIPIENT_TABLE),
            attachments=self._own_table(disk.NID_ATTACHMENT_TABLE),
            subnodes=subnodes,
            data=data,
            error=error,
        )

    def _content(self) -> str:
        if not self._node.bid_data:
            return "nothing"
        first = self._node.block(0)
        if len(first) >= 12 and first[2] == SIGNATURE:
            known = {CLIENT_PC: "properties", CLIENT_TC: "table", CLIENT_BTH: "tree"}
            return known.get(first[3], "data")
        return "data"

    def _beginning(self, bid: int, wanted: int) -> bytes:
        found = bytearray()
        for part in self._node.db.iter_data(bid):
            found += part
            if len(found) >= wanted:
                break
        return bytes(found[:wanted])

    def _subnodes(self) -> Iterator[DumpedSubnode]:
        for entry in self._node.subnodes.values():
            kind = disk.NID_TYPE_NAMES.get(disk.nid_type(entry.nid), "").replace("_", " ").lower()
            yield DumpedSubnode(entry.nid, kind, self._node.db.data_size(entry.bid_data))

    # -- properties ------------------------------------------------------------------------------------------------

    def _properties(self) -> Iterator[DumpedValue]:
        pc = PropertyContext(self._node, self._codec)
        for tag in pc.tags():
            pid, ptype = tag >> 16, tag & 0xFFFF
            size = 0
            value: Value = None
            truncated = False
            error = ""
            try:
                size = pc.stored_size(pid)
                if ptype == PropertyType.OBJECT:
                    target = pc.object(pid)
                    value = target.nid if target is not None else None
                elif self._is_long(ptype, size):
                    value, truncated = self._prefix(pc, pid, ptype), True
                else:
                    value = pc.value(pid)
            except PstDiskError:
                raise
            except PstError as found:
                error = str(found)
            yield DumpedValue(tag, self.name_of(tag), type_name(ptype), size, value, truncated, error)

    def _is_long(self, ptype: int, size: int) -> bool:
        return not self._full and ptype in _LONG_TYPES and size > SHORT_VALUE * _LONG_TYPES[PropertyType(ptype)]

    def _prefix(self, pc: PropertyContext, pid: int, ptype: int) -> Value:
        nid = pc.subnode_of(pid)
        data = self._beginning(self._node.subnode(nid).bid_data, 2 * SHORT_VALUE) if nid else pc.raw(pid)
        return self._shortened(data, ptype)

    def _shortened(self, data: bytes, ptype: int) -> Value:
        if ptype == PropertyType.STRING:
            return data[: 2 * SHORT_VALUE].decode("utf-16-le", "replace")
        if ptype == PropertyType.STRING8:
            return decode_string8(data[:SHORT_VALUE], self._codec)
        return data[:SHORT_VALUE]

    def name_of(self, tag: int) -> str:
        """Return the name of a tag as it is stored here; empty when it has none."""
        key = self._store.key_of(tag)
        return key_name(key)

    # -- tables ----------------------------------------------------------------------------------------------------

    def _own_table(self, nid: int) -> DumpedTable | None:
        if disk.nid_type(self._node.nid) not in (disk.NID_TYPE_NORMAL_MESSAGE, disk.NID_TYPE_ASSOC_MESSAGE):
            return None
        try:
            entry = self._node.subnodes.get(nid)
            if entry is None or not entry.bid_data:
                return None
            return self._table(NodeReader(self._node.db, entry.bid_data, entry.bid_sub, nid))
        except PstDiskError:
            raise
        except PstError as found:
            return DumpedTable((), (), 0, str(found))

    def _table(self, node: NodeReader) -> DumpedTable:
        table = TableContext(node, self._codec)
        columns = tuple((column.tag, self.name_of(column.tag)) for column in table.info.columns)
        rows: list[DumpedRow] = []
        error = ""
        try:
            for row in table.rows():
                if len(rows) >= SHORT_TABLE and not self._full:
                    break
                rows.append(DumpedRow(row.row_id, tuple(self._cells(row))))
        except PstDiskError:
            raise
        except PstError as found:
            error = str(found)
        return DumpedTable(columns, tuple(rows), len(table), error)

    def _cells(self, row: Row) -> Iterator[DumpedValue]:
        for tag in row.tags():
            ptype = tag & 0xFFFF
            data = b""
            value: Value = None
            truncated = False
            error = ""
            try:
                data = row.raw(tag) or b""
                truncated = self._is_long(ptype, len(data))
                value = self._shortened(data, ptype) if truncated else row.get(tag)
            except PstDiskError:
                raise
            except PstError as found:
                error = str(found)
            yield DumpedValue(tag, self.name_of(tag), type_name(ptype), len(data), value, truncated, error)


def key_name(key: PropertyKey) -> str:
    """Return the canonical name of a key; a named property without one by its set and its own name; else empty."""
    if isinstance(key, int):
        return tags.name_of(key) or ""
    return name_of_named(key.name) or _plain_name(key.name)


def _plain_name(name: PropertyName) -> str:
    own = name.name if isinstance(name.name, str) else f"{name.name:#06x}"
    return f"{{{name.guid}}} {own}"
