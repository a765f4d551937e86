"""Messages and attachments while they are made or changed ([MS-PST] 2.4.5, 2.4.6, 2.6.3.2.6 to 2.6.3.4).

A draft holds the stored properties of its object and edits the object's node; nothing of it counts before
:meth:`MessageDraft.save`, which writes the tables, the calculated sizes and the property context. Embedded messages are
drafts inside the draft of their attachment, and are saved from the inside out.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from mailconnector.mapi import codepages
from mailconnector.mapi.objects import (
    AttachmentObject,
    MessageObject,
    Properties,
)
from mailconnector.mapi.types import FileTime, PropertyType
from mailconnector.pst import disk
from mailconnector.pst.errors import PstFormatError, PstNotFoundError, PstUsageError
from mailconnector.pst.ltp.node import NodeEditor, NodeReader
from mailconnector.pst.ltp.property_context import (
    PropertyContext,
    StoredValue,
    pack_object,
    set_inline,
    write_properties,
)
from mailconnector.pst.ltp.table_context import ROW_ID, ROW_VERSION, Row, TableContext
from mailconnector.pst.ltp.table_editor import TableEditor, write_table
from mailconnector.pst.messaging.composition import (
    CREATED,
    DISPLAY_LISTS,
    SEARCH_KEY,
    complete,
    display_lists,
    recipient_cells,
    stamp,
    table_columns,
)
from mailconnector.pst.messaging.message import (
    ATTACH_DATA,
    ATTACH_METHOD,
    ATTACH_SIZE,
    FLAG_ASSOCIATED,
    FLAG_HASATTACH,
    MAX_DEPTH,
    MESSAGE_FLAGS,
    MESSAGE_SIZE,
    METHOD_EMBEDDED,
    METHOD_NONE,
    METHOD_OLE,
    METHOD_VALUE,
)
from mailconnector.pst.messaging.object_draft import ObjectDraft, stream_parts
from mailconnector.pst.messaging.session import ROW_ONLY, Session, convert_cell
from mailconnector.pst.messaging.templates import templates

_CODEPAGE = 0x3FFD  # PidTagMessageCodepage
_RENDERING_POSITION = 0x370B
_CODEPAGES_TO_TRY = (1252, 1250, 1251, 1253, 1254, 1255, 1256, 1257, 932, 936, 949, 950, 874, 1258, 65001)


class MessageDraft(ObjectDraft):
    """A message that is being made or changed.

    Args:
        session: the store's session, inside a transaction.
        node: the message's node.
        new: whether the node is a new one.
        codec: of PtypString8 values.
        depth: how many messages it is inside.
    """

    def __init__(self, session: Session, node: NodeEditor, *, new: bool, codec: str, depth: int = 0) -> None:
        if depth > MAX_DEPTH:
            raise PstUsageError(f"messages cannot be nested more than {MAX_DEPTH} deep")
        super().__init__(session, node, codec)
        self._depth = depth
        self._new = new
        self._recipients: list[dict[int, bytes]] | None = None
        self._recipients_changed = new
        self._attachments: dict[int, dict[int, bytes]] | None = None
        self._attachment_columns: tuple[int, ...] = ()  # of the table as it was
        self._saved_attachments: set[int] = set()  # those whose rows this draft has made
        self.made: dict[int, AttachmentDraft] = {}  # the attachments that this draft made or changed, by NID
        if new:
            self._recipients = []
            self._attachments = {}
        else:
            self.load()

    # -- recipients ------------------------------------------------------------------------------------------------

    def recipient_rows(self) -> list[dict[int, bytes]]:
        """Return the stored cells of the recipients, in order. Not to be changed."""
        return self._own_recipients()

    def _own_recipients(self) -> list[dict[int, bytes]]:
        if self._recipients is None:
            table = self._table(disk.NID_RECIPIENT_TABLE)
            self._recipients = [_cells(row) for row in table.rows()] if table is not None else []
        return self._recipients

    def _table(self, nid: int) -> TableContext | None:
        entry = self.node.subnodes.get(nid)
        if entry is None or not entry.bid_data:
            return None
        return TableContext(NodeReader(self.session.db, entry.bid_data, entry.bid_sub, nid), self.codec)

    @property
    def recipient_count(self) -> int:
        """The number of recipients."""
        return len(self._own_recipients())

    def add_recipient(self, properties: Properties) -> None:
        """Add a recipient at the end."""
        self._recipients_changed = True
        self._own_recipients().append(self._recipient_cells(properties))

    def set_recipients(self, recipients: Iterable[Properties]) -> None:
        """Replace all recipients."""
        self._recipients_changed = True
        self._recipients = [self._recipient_cells(properties) for properties in recipients]

    def remove_recipient(self, index: int) -> None:
        """Remove the recipient with this number.

        Raises:
            PstNotFoundError: there is none.
        """
        rows = self._own_recipients()
        if not 0 <= index < len(rows):
            raise PstNotFoundError(f"the message has no recipient {index}", nid=self.node.nid)
        self._recipients_changed = True
        del rows[index]

    def _recipient_cells(self, properties: Properties) -> dict[int, bytes]:
        return recipient_cells(properties, self.session.stored_tag, self.codec)

    def _save_recipients(self) -> None:
        rows = self._recipients
        if rows is None or not self._recipients_changed:
            return
        template = templates(ansi=self.session.ansi)["recipients"]
        self.node.drop_subnode(disk.NID_RECIPIENT_TABLE)
        self._save_display_lists(rows)
        db = self.session.db
        entry = None if rows else db.find_node(template.nid)
        if entry is not None and entry.bid_data and not entry.bid_sub:
            # An empty table is the template: its block is shared.
            db.add_reference(entry.bid_data)
            self.node.put_subnode(disk.NID_RECIPIENT_TABLE, entry.bid_data)
            return
        version = self.session.row_version
        table = NodeEditor(db, nid=disk.NID_RECIPIENT_TABLE)
        columns = table_columns(template.columns, rows)
        write_table(table, columns, [(number, version(), cells) for number, cells in enumerate(rows, 1)])
        self.node.put_subnode(disk.NID_RECIPIENT_TABLE, *table.save())

    def _save_display_lists(self, rows: list[dict[int, bytes]]) -> None:
        """Bring PidTagDisplayTo and its kin into step with the recipients, but for those that were set by hand."""
        ansi = self.session.ansi
        lists = display_lists(rows, ansi=ansi)
        for pid in DISPLAY_LISTS:
            if pid not in self.given and (pid in lists or pid in self.values):
                self.drop(pid)
                empty = StoredValue(PropertyType.STRING8 if ansi else PropertyType.STRING, b"")
                self.values[pid] = lists.get(pid, empty)

    # -- attachments -----------------------------------------------------------------------------------------------

    def _own_attachments(self) -> dict[int, dict[int, bytes]]:
        if self._attachments is None:
            table = self._table(disk.NID_ATTACHMENT_TABLE)
            self._attachments = {row.row_id: _cells(row) for row in table.rows()} if table is not None else {}
            self._attachment_columns = tuple(column.tag for column in table.info.columns) if table is not None else ()
        return self._attachments

    @property
    def attachment_nids(self) -> list[int]:
        """The NIDs of the attachments."""
        return list(self._own_attachments())

    def add_attachment(self, attachment: AttachmentObject) -> int:
        """Add an attachment and return its NID."""
        nid = self.node.new_subnode_nid(disk.NID_TYPE_ATTACHMENT)
        draft = AttachmentDraft(
            self.session, NodeEditor(self.session.db, nid=nid), new=True, codec=self.codec, depth=self._depth
        )
        draft.fill(attachment)
        self._put_attachment(nid, draft)
        return nid

    def _put_attachment(self, nid: int, draft: "AttachmentDraft") -> None:
        rows = self._own_attachments()
        kept = {tag: cell for tag, cell in rows.get(nid, {}).items() if tag >> 16 in ROW_ONLY}
        rows[nid] = kept | draft.save()
        self._saved_attachments.add(nid)
        self.made[nid] = draft
        self.node.put_subnode(nid, draft.node.bid_data, draft.node.bid_sub)

    def remove_attachment(self, nid: int) -> None:
        """Remove an attachment.

        Raises:
            PstNotFoundError: there is no such attachment.
        """
        if self._own_attachments().pop(nid, None) is None:
            raise PstNotFoundError("the message has no such attachment", nid=nid)
        self.made.pop(nid, None)
        self.node.drop_subnode(nid)

    @contextmanager
    def edit_attachment(self, nid: int) -> Iterator["AttachmentDraft"]:
        """Change an attachment inside a with statement."""
        if nid not in self._own_attachments():
            raise PstNotFoundError("the message has no such attachment", nid=nid)
        draft = AttachmentDraft(
            self.session, self.node.edit_subnode(nid), new=False, codec=self.codec, depth=self._depth
        )
        yield draft
        self._put_attachment(nid, draft)

    def _save_attachments(self) -> None:
        rows = self._attachments
        if rows is None:
            return
        flags = self.number(MESSAGE_FLAGS)
        self.put_number(MESSAGE_FLAGS, flags | FLAG_HASATTACH if rows else flags & ~FLAG_HASATTACH)
        self.node.drop_subnode(disk.NID_ATTACHMENT_TABLE)
        if not rows:
            return
        template = templates(ansi=self.session.ansi)["attachments"]
        version = self.session.row_version
        table = NodeEditor(self.session.db, nid=disk.NID_ATTACHMENT_TABLE)
        # What Outlook lists beyond the template stays listed, and every row has what its attachment has.
        columns = table_columns((*template.columns, *self._attachment_columns), rows.values())
        usual = all(tag >> 16 in _ATTACHMENT_CELLS or tag in (ROW_ID, ROW_VERSION) for tag in columns)
        for nid, cells in rows.items():
            if not usual or nid not in self._saved_attachments:
                rows[nid] = self._attachment_cells(nid, columns, cells)
        write_table(table, columns, [(nid, version(), cells) for nid, cells in sorted(rows.items())])
        self.node.put_subnode(disk.NID_ATTACHMENT_TABLE, *table.save())

    def _attachment_cells(self, nid: int, columns: tuple[int, ...], old: dict[int, bytes]) -> dict[int, bytes]:
        """Return the cells of a row by what its attachment has; the old ones where that is damaged or missing."""
        entry = self.node.subnodes.get(nid)
        if entry is None:
            return old
        cells: dict[int, bytes] = {}
        try:
            pc = PropertyContext(NodeReader(self.session.db, entry.bid_data, entry.bid_sub, nid), self.codec)
            types = pc.types()
            for tag in columns:
                pid = tag >> 16
                if pid in types:
                    cell = convert_cell(types[pid], tag & 0xFFFF, pc.raw(pid), self.codec)
                else:
                    cell = old.get(tag) if pid in ROW_ONLY else None
                if cell is not None:
                    cells[tag] = cell
        except PstFormatError:
            return old
        return cells

    # -- the whole -------------------------------------------------------------------------------------------------

    def fill(self, message: MessageObject) -> None:
        """Take over a message's properties, recipients and attachments."""
        if self.session.ansi:
            self._choose_codepage(message)
        chosen = self.values.get(_CODEPAGE)
        self.update(message.properties)
        if chosen is not None:
            self.values[_CODEPAGE] = chosen
        if message.associated:
            self.put_number(MESSAGE_FLAGS, self.number(MESSAGE_FLAGS) | FLAG_ASSOCIATED)
        for recipient in message.recipients:
            self.add_recipient(recipient.properties)
        for attachment in message.attachments:
            self.add_attachment(attachment)

    def clear(self) -> None:
        """Take out everything but the creation time and the search key: the message can become another from here."""
        for nid in list(self.node.own_subnodes()):
            self.node.drop_subnode(nid)
        kept = {pid: self.values[pid] for pid in (CREATED, SEARCH_KEY) if pid in self.values}
        self.values = {pid: value for pid, value in kept.items() if not value.nid}
        self.given.clear()
        self.made.clear()
        self._saved_attachments.clear()
        self._recipients, self._recipients_changed = [], True
        self._attachments, self._attachment_columns = {}, ()
        self.codec = self.session.codec
        self._new = True

    def _choose_codepage(self, message: MessageObject) -> None:
        """In an ANSI file: find a code page that has all the characters of the message's strings, and note it."""
        text = "".join(
            value
            for properties in (
                message.properties,
                *(recipient.properties for recipient in message.recipients),
                *(attachment.properties for attachment in message.attachments),
            )
            for value in properties.values()
            if isinstance(value, str)
        )
        if text.isascii():
            return
        wanted = message.properties.get(_CODEPAGE << 16 | PropertyType.INTEGER32)
        first = (wanted,) if isinstance(wanted, int) and wanted > 0 else ()
        for codepage in (*first, *_CODEPAGES_TO_TRY):
            codec = codepages.codec_for_codepage(codepage)
            try:
                text.encode(codec)
            except UnicodeError:
                continue
            self.codec = codec
            self.put_number(_CODEPAGE, codepage)
            return

    def save(self) -> None:
        """Write the message into its node, and the node's blocks."""
        if self._new:
            session = self.session
            complete(self.values, session.search_key, FileTime.now(), ansi=session.ansi)
        self._save_recipients()
        self._save_attachments()
        self.put_number(MESSAGE_SIZE, 0)
        write_properties(self.node, self.values)
        # The size stands in four bytes of its own in the property context: noting it does not change it.
        size = min(sum(map(len, self.node.iter_dirty())) + self._subnodes_size(), 0x7FFFFFFF)
        self.put_number(MESSAGE_SIZE, size)
        set_inline(self.node, self.values, MESSAGE_SIZE)
        self.node.save()

    def row_cells(self, table: TableEditor) -> dict[int, bytes | None]:
        """Return the cells of a row that mirrors the saved message: what it has for each column, or None."""
        cells: dict[int, bytes | None] = {}
        values = self.values
        for tag in table.info.column_set.mirrored:
            value = values.get(tag >> 16)
            if value is None:
                cells[tag] = None
                continue
            ptype, data, nid = value
            if nid:
                data = self.node.read_subnode(nid)
            cells[tag] = data if ptype == tag & 0xFFFF else convert_cell(ptype, tag & 0xFFFF, data, self.codec)
        return cells

    def _subnodes_size(self) -> int:
        total = 0
        db = self.session.db
        pending = list(self.node.subnodes.values())
        seen: set[int] = set()  # a damaged tree may hold itself
        while pending:
            entry = pending.pop()
            total += db.data_size(entry.bid_data)
            if entry.bid_sub and entry.bid_sub not in seen:
                seen.add(entry.bid_sub)
                pending.extend(db.subnodes(entry.bid_sub).values())
        return total


class AttachmentDraft(ObjectDraft):
    """An attachment that is being made or changed; see :class:`MessageDraft` for the arguments."""

    def __init__(self, session: Session, node: NodeEditor, *, new: bool, codec: str, depth: int) -> None:
        super().__init__(session, node, codec)
        self._depth = depth
        self._new = new
        self.embedded: MessageDraft | None = None  # the embedded message, where this draft made or changed it
        if not new:
            self.load()
            self.codec = codec

    def fill(self, attachment: AttachmentObject) -> None:
        """Take over an attachment's properties and content."""
        self.update(attachment.properties)
        if attachment.embedded is not None:
            self.set_embedded(attachment.embedded)
        elif attachment.data is not None:
            self.set_data(attachment.data)

    def set_data(self, data: bytes | BinaryIO) -> None:
        """Set the content: a file's bytes, or for PidTagAttachMethod 6 the OLE storage."""
        self._drop_content()
        method = self.number(ATTACH_METHOD)
        parts = [data] if isinstance(data, bytes) else stream_parts(data)
        if method == METHOD_OLE:
            nid = self.node.add_value(parts)
            size = self.session.db.data_size(self.node.subnode(nid).bid_data)
            self.values[ATTACH_DATA] = StoredValue(PropertyType.OBJECT, pack_object(nid, size))
            return
        if method in (METHOD_NONE, METHOD_EMBEDDED):
            self.put_number(ATTACH_METHOD, METHOD_VALUE)
        if isinstance(data, bytes):
            self.values[ATTACH_DATA] = StoredValue(PropertyType.BINARY, data)
        else:
            nid = self.node.add_value(parts)
            bid = self.node.subnode(nid).bid_data
            if self.session.db.data_size(bid) <= _SMALL_VALUE:
                small = self.session.db.read_data(bid)
                self.node.drop_subnode(nid)
                self.values[ATTACH_DATA] = StoredValue(PropertyType.BINARY, small)
            else:
                self.values[ATTACH_DATA] = StoredValue(PropertyType.BINARY, b"", nid)

    def set_embedded(self, message: MessageObject) -> None:
        """Make the attachment an embedded message."""
        self._drop_content()
        db = self.session.db
        nid = self.node.new_subnode_nid(disk.NID_TYPE_NORMAL_MESSAGE)
        draft = MessageDraft(self.session, NodeEditor(db, nid=nid), new=True, codec=self.codec, depth=self._depth + 1)
        draft.fill(message)
        self._save_embedded(draft)

    @contextmanager
    def edit_embedded(self) -> Iterator[MessageDraft]:
        """Change the embedded message inside a with statement.

        Raises:
            PstNotFoundError: there is none.
        """
        nid = self._target()
        if nid is None or self.number(ATTACH_METHOD) != METHOD_EMBEDDED:
            raise PstNotFoundError("the attachment holds no message", nid=self.node.nid)
        draft = MessageDraft(
            self.session, self.node.edit_subnode(nid), new=False, codec=self.codec, depth=self._depth + 1
        )
        yield draft
        self._save_embedded(draft)

    def _save_embedded(self, draft: MessageDraft) -> None:
        draft.save()
        size = draft.number(MESSAGE_SIZE)
        nid = draft.node.nid
        self.embedded = draft
        self.node.put_subnode(nid, draft.node.bid_data, draft.node.bid_sub)
        self.put_number(ATTACH_METHOD, METHOD_EMBEDDED)
        self.values[ATTACH_DATA] = StoredValue(PropertyType.OBJECT, pack_object(nid, size))

    def _target(self) -> int | None:
        value = self.values.get(ATTACH_DATA)
        if value is None or value.type != PropertyType.OBJECT or len(value.data) < 4:
            return None
        return int.from_bytes(value.data[:4], "little")

    def _drop_content(self) -> None:
        target = self._target()
        self.embedded = None
        if target is not None:
            self.node.drop_subnode(target)
        self.drop(ATTACH_DATA)

    def save(self) -> dict[int, bytes]:
        """Write the attachment into its node, and the node's blocks; return the cells of its row."""
        if self._new:
            self.put_default(ATTACH_METHOD, PropertyType.INTEGER32, METHOD_NONE.to_bytes(4, "little"))
            self.put_default(_RENDERING_POSITION, PropertyType.INTEGER32, b"\xff\xff\xff\xff")
            stamp(self.values, FileTime.now())
        # The size is the sum of the values' sizes, in which an embedded message or OLE object counts with its own
        # (measured).
        self.put_number(ATTACH_SIZE, 0)
        size = 0
        for pid, value in self.values.items():
            whole = pid == ATTACH_DATA and value.type == PropertyType.OBJECT
            size += int.from_bytes(value.data[4:8], "little") if whole else self.value_size(value)
        self.put_number(ATTACH_SIZE, min(size, 0x7FFFFFFF))
        write_properties(self.node, self.values)
        cells = {
            pid << 16 | value.type: self.node.read_subnode(value.nid) if value.nid else value.data
            for pid, value in self.values.items()
            if pid in _ATTACHMENT_CELLS
        }
        self.node.save()
        return cells


_SMALL_VALUE = 3580
_ATTACHMENT_CELLS = frozenset(
    (ATTACH_SIZE, ATTACH_METHOD, _RENDERING_POSITION, 0x3001, 0x3703, 0x3704, 0x3707, 0x370E, 0x3712, 0x3714, 0x7FFA,
     0x7FFB, 0x7FFC, 0x7FFD, 0x7FFE, 0x7FFF)
)  # fmt: skip


def _cells(row: Row) -> dict[int, bytes]:
    """Return the cells of a row, but for its id and version."""
    return {tag: row.raw(tag) or b"" for tag in row.tags() if tag not in (ROW_ID, ROW_VERSION)}
