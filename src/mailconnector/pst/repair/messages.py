"""Writing anew what damaged messages still hold: properties, recipients, attachments, messages in messages.

What comes out is sound by itself: sizes, marks and tables are made to fit what is left.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from mailconnector.mapi.types import FileTime, PropertyType
from mailconnector.pst import disk
from mailconnector.pst.check.messages import MAX_DEPTH, ROW_ONLY
from mailconnector.pst.check.node import NodeView
from mailconnector.pst.check.properties import KNOWN_TYPES, Properties, open_properties
from mailconnector.pst.check.references import HIGHEST_INDEX
from mailconnector.pst.check.tables import ROW_ID, ROW_VERSION, Row, open_table
from mailconnector.pst.ltp.node import NodeEditor, NodeReader
from mailconnector.pst.ltp.property_context import PropertyContext, StoredValue, pack_object
from mailconnector.pst.ltp.table_context import FIXED_SIZES
from mailconnector.pst.ltp.table_editor import write_table
from mailconnector.pst.messaging.templates import templates
from mailconnector.pst.repair.values import Values, ValueWriter, integer, is_value, number

_CLASS, _FLAGS, _SIZE, _CREATED, _MODIFIED = 0x001A, 0x0E07, 0x0E08, 0x3007, 0x3008
_HAS_ATTACHMENTS: Final = 0x10
_ATTACH_SIZE, _ATTACH_DATA, _ATTACH_METHOD, _RENDERING = 0x0E20, 0x3701, 0x3705, 0x370B
_NOTHING, _BY_VALUE, _EMBEDDED, _OLE, _LAST_METHOD = 0, 1, 5, 6, 7
_MOST_COLUMNS: Final = 250
_OWN_SUBNODES: Final = frozenset(
    {
        disk.NID_TYPE_LTP,
        disk.NID_TYPE_ATTACHMENT,
        disk.NID_TYPE_ATTACHMENT_TABLE,
        disk.NID_TYPE_RECIPIENT_TABLE,
        disk.NID_TYPE_NORMAL_MESSAGE,
    }
)


class Written(NamedTuple):
    """An object that was written: its BIDs, and its size as it is noted elsewhere."""

    bid_data: int
    bid_sub: int
    size: int


class MessageWriter:
    """Brings messages over into a new file.

    Args:
        values: brings over properties.
    """

    def __init__(self, values: ValueWriter) -> None:
        self._values = values
        self._lose = values.lose
        self._source = values.source
        self._target = values.target
        self._path: set[tuple[int, int]] = set()

    def message(self, view: NodeView, row: Callable[[], Mapping[int, bytes | None]] | None = None) -> Written | None:
        """Write a message; None when nothing of it is left.

        Args:
            view: the damaged message.
            row: gives the cells of its row in a contents table, which serve when its own properties are lost.
        """
        properties = open_properties(view)
        node = NodeEditor(self._target, nid=view.nid)
        values = {} if properties is None else self._values.values(properties, node, "message")
        # Every message has these two; where one is missing, others may be.
        whole = _CLASS in values and _FLAGS in values
        if not whole:
            for pid, value in row_values(row() if row is not None else {}).items():
                if self._values.is_known(pid):
                    values.setdefault(pid, value)
        rows = self._recipients(view, node)
        count = self._attachments(view, node)
        if not whole:
            if properties is None and not values and not rows and not count:
                for nid in list(node.own_subnodes()):
                    node.drop_subnode(nid)
                return None
            self._lose("lost-properties", "properties are lost; what the folder lists of the message was taken", view)
        self._values.other_subnodes(view, node, _OWN_SUBNODES)
        self._complete(values, count)
        values[_SIZE] = integer(0)
        size = self._values.put(node, values)
        values[_SIZE] = integer(size)
        self._values.put(node, values)
        bids = node.save()
        return Written(*bids, size)

    def _complete(self, values: Values, attachments: int) -> None:
        """Add what a message must have, and make its flags fit its attachments."""
        wide = self._source.layout.wide
        text = StoredValue(PropertyType.STRING, "IPM.Note".encode("utf-16-le"))
        values.setdefault(_CLASS, text if wide else StoredValue(PropertyType.STRING8, b"IPM.Note"))
        now = StoredValue(PropertyType.TIME, FileTime.now().to_bytes(8, "little"))
        values.setdefault(_CREATED, now)
        values.setdefault(_MODIFIED, now)
        flags = (number(values, _FLAGS) or 0) & ~_HAS_ATTACHMENTS
        values[_FLAGS] = integer(flags | (_HAS_ATTACHMENTS if attachments else 0))

    # -- recipients ------------------------------------------------------------------------------------------------

    def _recipients(self, view: NodeView, node: NodeEditor) -> int:
        """Write the recipient table, if there was one; return how many recipients it has."""
        entry = view.subnodes.get(disk.NID_RECIPIENT_TABLE)
        if entry is None:
            return 0
        rows, columns = self.rows(view.below(entry))
        if rows is None:
            self._lose("lost-recipients", "the recipients of a message are lost", view)
        stored = [
            (row.row_id, at, {tag: _cell(tag, data) for tag, data in row.cells.items()})
            for at, row in enumerate(sorted(rows or (), key=lambda row: row.row_id), start=1)
        ]
        table = NodeEditor(self._target, nid=disk.NID_RECIPIENT_TABLE)
        write_table(table, self.columns("recipients", columns), stored)
        node.put_subnode(disk.NID_RECIPIENT_TABLE, *table.save())
        return len(stored)

    def rows(self, view: NodeView) -> tuple[list[Row] | None, frozenset[int]]:
        """Return the rows of a table that can be read, None when it cannot be read at all, and its columns."""
        table = open_table(view)
        if table is None:
            return None, frozenset()
        rows = list(table.rows())
        if len(rows) < len(table):
            self._lose("lost-rows", f"{len(table) - len(rows)} of the {len(table)} rows of a table are lost", view)
        return rows, table.tags

    def columns(self, template: str, more: Iterable[int]) -> tuple[int, ...]:
        """Return the columns of a template, and of others those of other properties and of known types."""
        tags = list(templates(ansi=not self._source.layout.wide)[template].columns)
        own = {tag >> 16 for tag in (*tags, ROW_ID, ROW_VERSION)}
        for tag in sorted(more):
            if tag >> 16 not in own and tag & 0xFFFF in KNOWN_TYPES:
                own.add(tag >> 16)
                tags.append(tag)
        return tuple(tags[:_MOST_COLUMNS])

    # -- attachments -----------------------------------------------------------------------------------------------

    def _attachments(self, view: NodeView, node: NodeEditor) -> int:
        """Write the attachments and their table, and return how many there are."""
        nids = sorted(
            nid
            for nid in view.subnodes
            if disk.nid_type(nid) == disk.NID_TYPE_ATTACHMENT and disk.nid_index(nid) < HIGHEST_INDEX
        )
        columns: frozenset[int] = frozenset()
        entry = view.subnodes.get(disk.NID_ATTACHMENT_TABLE)
        if entry is not None:
            rows, columns = self.rows(view.below(entry))
            for row in rows or ():
                if row.row_id not in view.subnodes:
                    self._lose("lost-attachment", f"the attachment {row.row_id:#x} does not exist any more", view)
        made = [nid for nid in nids if self._attachment(view, node, nid)]
        if made:
            tags = self.columns("attachments", columns)
            table = NodeEditor(self._target, nid=disk.NID_ATTACHMENT_TABLE)
            write_table(table, tags, [(nid, at, self._mirror(node, nid, tags)) for at, nid in enumerate(made, start=1)])
            node.put_subnode(disk.NID_ATTACHMENT_TABLE, *table.save())
        return len(made)

    def _mirror(self, node: NodeEditor, nid: int, tags: tuple[int, ...]) -> dict[int, bytes | None]:
        """Return the cells of an attachment's row."""
        entry = node.subnode(nid)
        pc = PropertyContext(NodeReader(self._target, entry.bid_data, entry.bid_sub, nid))
        types = pc.types()
        return {tag: pc.raw(tag >> 16) for tag in tags if types.get(tag >> 16) == tag & 0xFFFF}

    def _attachment(self, view: NodeView, node: NodeEditor, nid: int) -> bool:
        """Write an attachment; say whether anything of it was left."""
        properties = open_properties(view.below(view.subnodes[nid]))
        if properties is None:
            self._lose("lost-attachment", f"the attachment {nid:#x} is lost", view)
            return False
        own = NodeEditor(self._target, nid=nid)
        values = self._values.values(properties, own, "attachment")
        size = self._content(properties, own, values)
        values.setdefault(_RENDERING, integer(0xFFFFFFFF))
        values[_ATTACH_SIZE] = integer(0)
        for value in values.values():
            if value.type != PropertyType.OBJECT:
                size += self._values.size_of(value, own)
        values[_ATTACH_SIZE] = integer(size)
        self._values.put(own, values)
        node.put_subnode(nid, *own.save())
        return True

    def _content(self, properties: Properties, node: NodeEditor, values: Values) -> int:
        """Write the object of an attachment and set a method that fits; return the object's size."""
        view = properties.view
        method = number(values, _ATTACH_METHOD)
        written = None
        if _ATTACH_DATA in properties.objects:
            nid = properties.objects[_ATTACH_DATA][0]
            if method is None:
                method = _EMBEDDED if disk.nid_type(nid) == disk.NID_TYPE_NORMAL_MESSAGE else _OLE
            entry = view.subnodes.get(nid)
            if entry is not None:
                below = view.below(entry)
                written = self._embedded(below) if method == _EMBEDDED else self._storage(below)
            if written is not None:
                node.put_subnode(nid, written.bid_data, written.bid_sub)
                values[_ATTACH_DATA] = StoredValue(PropertyType.OBJECT, pack_object(nid, written.size))
        if written is None and (method == _EMBEDDED or _ATTACH_DATA in properties.objects):
            self._lose("lost-attachment", "the object in an attachment is lost", view)
            method = _NOTHING
        if method is None or method > _LAST_METHOD:
            method = _BY_VALUE if _ATTACH_DATA in values else _NOTHING
        values[_ATTACH_METHOD] = integer(method)
        return 0 if written is None else written.size

    def _embedded(self, view: NodeView) -> Written | None:
        """Write a message in a message; None when nothing of it is left, or it lies within itself."""
        key = view.bid_data, view.bid_sub
        if key in self._path or len(self._path) >= MAX_DEPTH:
            return None
        self._path.add(key)
        try:
            return self.message(view)
        finally:
            self._path.discard(key)

    def _storage(self, view: NodeView) -> Written | None:
        rows = self._source.leaves(view.bid_data)
        if rows is None or not all(self._source.is_readable(row) for row in rows):
            return None
        bid = self._target.write_stream(self._values.parts(rows))
        return Written(bid, 0, self._target.data_size(bid))


def row_values(cells: Mapping[int, bytes | None]) -> Values:
    """Return the cells of a row as properties of the object that it stood for."""
    found: Values = {}
    for tag, data in cells.items():
        value = None if tag >> 16 in ROW_ONLY else _cell(tag, data)
        if value is not None:
            found[tag >> 16] = StoredValue(tag & 0xFFFF, value)
    return found


def _cell(tag: int, data: bytes | None) -> bytes | None:
    """Return what a cell holds if that can be a value of its type, else None."""
    ptype = tag & 0xFFFF
    if data is None or ptype not in KNOWN_TYPES:
        return None
    size = FIXED_SIZES.get(ptype)
    if size is not None:
        return data if len(data) == size else None
    if not is_value(ptype, data):
        return None
    return data[: len(data) & ~1] if ptype == PropertyType.STRING else data
