"""Messages and their attachments, for reading ([MS-PST] 2.4.5, 2.4.6). Changes go through a draft: see ``draft``."""

from collections.abc import Iterator
from typing import BinaryIO

from mailconnector.mapi.objects import (
    AttachmentObject,
    MessageObject,
    Properties,
    RecipientObject,
)
from mailconnector.mapi.types import PropertyType
from mailconnector.pst import disk
from mailconnector.pst.errors import PstFormatError
from mailconnector.pst.ltp.node import NodeReader
from mailconnector.pst.ltp.property_context import PropertyContext
from mailconnector.pst.ltp.table_context import TableContext
from mailconnector.pst.messaging.properties import Allowance, PropertyView, open_data
from mailconnector.pst.messaging.session import Session, codec_of
from mailconnector.pst.messaging.subject import plain_subject

MESSAGE_CLASS, SUBJECT, MESSAGE_FLAGS, MESSAGE_SIZE = 0x001A, 0x0037, 0x0E07, 0x0E08
ATTACH_DATA, ATTACH_METHOD, ATTACH_SIZE = 0x3701, 0x3705, 0x0E20
FLAG_READ, FLAG_HASATTACH, FLAG_ASSOCIATED = 0x01, 0x10, 0x40
METHOD_NONE, METHOD_VALUE, METHOD_EMBEDDED, METHOD_OLE = 0, 1, 5, 6
MAX_DEPTH = 64  # messages inside messages
_OBJECT_COST, _STREAM_COST = 256, 1 << 16
_MAX_EMBEDDED = 20_000  # embedded messages opened below one message: a forged file can refer to a part many times


class Nesting:
    """How deep a message lies inside others, and how many have been opened below the outermost one."""

    __slots__ = ("_opened", "depth")

    def __init__(self, depth: int = 0, opened: list[int] | None = None) -> None:
        self.depth = depth
        self._opened = [0] if opened is None else opened

    def deeper(self, nid: int) -> "Nesting":
        """Return the nesting of a message embedded in this one.

        Raises:
            PstFormatError: too deep, or too many.
        """
        self._opened[0] += 1
        if self.depth >= MAX_DEPTH or self._opened[0] > _MAX_EMBEDDED:
            raise PstFormatError("messages are nested too deep, or in a circle", nid=nid)
        return Nesting(self.depth + 1, self._opened)


class MessageContent:
    """A message's content, wherever its node stands: a message of a folder, or one embedded in an attachment.

    Args:
        session: the store's session.
        node: the message's node.
        nesting: where it lies inside others.
    """

    def __init__(self, session: Session, node: NodeReader, nesting: Nesting | None = None) -> None:
        self._session = session
        self._nesting = nesting or Nesting()
        self._properties: PropertyView | None = None
        self.node = node

    @property
    def properties(self) -> PropertyView:
        """The message's properties, read when they are first asked for.

        Raises:
            PstFormatError: the node holds no message.
        """
        if self._properties is None:
            pc = PropertyContext(self.node, self._session.codec)
            pc.codec = codec_of(pc, self._session.codec)
            self._properties = PropertyView(self._session, pc)
        return self._properties

    @property
    def codec(self) -> str:
        """The Python codec of the message's PtypString8 values."""
        return self.properties.pc.codec

    @property
    def subject(self) -> str:
        """The subject as the user sees it."""
        return plain_subject(self.properties.text(SUBJECT << 16))

    @property
    def message_class(self) -> str:
        """The message class, as IPM.Note."""
        return self.properties.text(MESSAGE_CLASS << 16)

    @property
    def flags(self) -> int:
        """PidTagMessageFlags."""
        return self.properties.number(MESSAGE_FLAGS << 16)

    @property
    def is_read(self) -> bool:
        """Whether the message has been read."""
        return bool(self.flags & FLAG_READ)

    def _table(self, nid: int) -> TableContext | None:
        entry = self.node.subnodes.get(nid)
        if entry is None or not entry.bid_data:
            return None
        return TableContext(NodeReader(self.node.db, entry.bid_data, entry.bid_sub, nid), self.codec)

    @property
    def recipients(self) -> list[Properties]:
        """The recipients: the cells of each row of the recipient table, in its order."""
        return self._recipients(Allowance(self.node.db))

    def _recipients(self, allowance: Allowance) -> list[Properties]:
        table = self.recipient_table()
        if table is None:
            return []
        return [self._session.keyed(cells) for cells in table.read_rows(allowance.spend)]

    def recipient_table(self) -> TableContext | None:
        """Return the recipient table as it is stored, or None."""
        return self._table(disk.NID_RECIPIENT_TABLE)

    @property
    def attachment_nids(self) -> list[int]:
        """The NIDs of the attachments, in the order of the attachment table."""
        table = self._table(disk.NID_ATTACHMENT_TABLE)
        nids = [] if table is None else [row.row_id for row in table.rows()]
        if len(set(nids)) != len(nids):
            raise PstFormatError("a message's attachment table names an attachment twice", nid=self.node.nid)
        return nids

    def attachments(self) -> Iterator["Attachment"]:
        """Yield the attachments.

        Raises:
            PstFormatError: one is missing or damaged.
        """
        for nid in self.attachment_nids:
            yield self.attachment(nid)

    def attachment(self, nid: int) -> "Attachment":
        """Return an attachment by its NID."""
        entry = self.node.subnode(nid)
        return Attachment(
            self._session, NodeReader(self.node.db, entry.bid_data, entry.bid_sub, nid), self.codec, self._nesting
        )

    def to_object(self) -> MessageObject:
        """Return the whole message as plain data; the subject without its mark. Contents of attachments are streams.

        Raises:
            PstFormatError: it is damaged, or names more data than the file can hold.
        """
        return self._to_object(Allowance(self.node.db))

    def _to_object(self, allowance: Allowance) -> MessageObject:
        properties = self.properties.read_all(allowance)
        for key in (SUBJECT << 16 | PropertyType.STRING, SUBJECT << 16 | PropertyType.STRING8):
            stored = properties.get(key)
            if isinstance(stored, str):
                properties[key] = plain_subject(stored)
        return MessageObject(
            properties=properties,
            recipients=[RecipientObject(row) for row in self._recipients(allowance)],
            attachments=[attachment._to_object(allowance) for attachment in self.attachments()],
            associated=bool(self.flags & FLAG_ASSOCIATED),
        )


class Attachment:
    """An attachment ([MS-PST] 2.4.6.2): properties, and data or an embedded message.

    Args:
        session: the store's session.
        node: the attachment's subnode.
        codec: the message's codec.
        nesting: of the message.
    """

    def __init__(self, session: Session, node: NodeReader, codec: str, nesting: Nesting) -> None:
        self._session = session
        self._nesting = nesting
        self.node = node
        self.properties = PropertyView(session, PropertyContext(node, codec))

    @property
    def nid(self) -> int:
        """The NID of the attachment within its message."""
        return self.node.nid

    @property
    def method(self) -> int:
        """PidTagAttachMethod: 1 by value, 2 to 4 by reference, 5 embedded message, 6 OLE."""
        return self.properties.number(ATTACH_METHOD << 16)

    @property
    def name(self) -> str:
        """The file name: the long one, else the short one, else the display name."""
        for pid in (0x3707, 0x3704, 0x3001):
            found = self.properties.text(pid << 16)
            if found:
                return found
        return ""

    def open(self) -> BinaryIO | None:
        """Return the data as a stream: the file's bytes, or the OLE storage; None when the attachment has none."""
        pc = self.properties.pc
        target = pc.object(ATTACH_DATA)
        if target is not None:
            if self.method == METHOD_EMBEDDED:
                return None
            return open_data(self.node.db, self.node.subnode(target.nid).bid_data)
        return self.properties.open(ATTACH_DATA << 16) if ATTACH_DATA in pc else None

    @property
    def data_size(self) -> int:
        """The size of the data in bytes, as it is noted or stored."""
        target = self.properties.pc.object(ATTACH_DATA)
        return target.size if target is not None else self.properties.size_of(ATTACH_DATA << 16)

    @property
    def embedded(self) -> MessageContent | None:
        """The embedded message, or None."""
        target = self.properties.pc.object(ATTACH_DATA)
        if target is None or self.method != METHOD_EMBEDDED:
            return None
        entry = self.node.subnode(target.nid)
        reader = NodeReader(self.node.db, entry.bid_data, entry.bid_sub, entry.nid)
        return MessageContent(self._session, reader, self._nesting.deeper(self.node.nid))

    def to_object(self) -> AttachmentObject:
        """Return the attachment as plain data; its content is a stream."""
        return self._to_object(Allowance(self.node.db))

    def _to_object(self, allowance: Allowance) -> AttachmentObject:
        pc = self.properties.pc
        properties = self._session.keyed(pc.read_all(allowance.spend, but=ATTACH_DATA))
        embedded = self.embedded
        data = self.open()
        # Open streams have their buffers, and every object costs something.
        allowance.spend(_OBJECT_COST + (min(self.data_size, _STREAM_COST) if data is not None else 0))
        return AttachmentObject(
            properties=properties,
            data=data,
            embedded=embedded._to_object(allowance) if embedded is not None else None,
        )
