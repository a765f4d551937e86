"""A small sound PST file with something of everything in it, and the tools to damage it in one place at a time."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from functools import cache

from mailconnector.mapi import tags
from mailconnector.mapi.named import PSETID_COMMON, NamedTag, PropertyName
from mailconnector.mapi.objects import AttachmentObject, MessageObject, RecipientObject
from mailconnector.mapi.types import FileTime, PropertyType
from mailconnector.pst.check import Report, check
from mailconnector.pst.ltp.node import NodeEditor
from mailconnector.pst.ltp.property_context import PropertyContext, StoredValue, write_properties
from mailconnector.pst.ltp.table_editor import TableEditor
from mailconnector.pst.messaging.store import Format, Store
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device
from tests.forge import Forge

Values = dict[int, StoredValue]

FOLDER = 0x80C2  # "Letters"; the folders with lower ids are those of every store
SUBFOLDER = 0x80E2
RICH = 0x200024  # a message with recipients, attachments, another message in it, and large values
INNER = 0x200044  # the message in it
WIDE = 0x200064  # a message with so many properties that its heap has several blocks and its BTH two levels
PLAIN, PLAIN_2 = 0x200084, 0x2000A4  # the first of many small messages
HIDDEN = 0x100028  # an associated message
COUNT = 62  # messages in all
ATTACHMENT, BIG_ATTACHMENT, INNER_ATTACHMENT = 0x8025, 0x8045, 0x8065
MOMENT = FileTime(133_000_000_000_000_000)


def _rich() -> MessageObject:
    inner = MessageObject(
        {tags.PidTagMessageClass: "IPM.Note", tags.PidTagSubject: "within", tags.PidTagBody: "x" * 4000}
    )
    inner.attachments.append(AttachmentObject({tags.PidTagAttachMethod: 1}, data=b"inner data"))
    named = NamedTag(PropertyName(PSETID_COMMON, 0x85A0), PropertyType.TIME)
    return MessageObject(
        {
            tags.PidTagMessageClass: "IPM.Note",
            tags.PidTagSubject: "a rich message",
            tags.PidTagBody: "b" * 3000,
            tags.PidTagHtml: b"<p>" * 3000,
            tags.PidTagMessageDeliveryTime: MOMENT,
            tags.PidTagTransportMessageHeaders: "Received: x\r\n" * 500,
            named: MOMENT,
            NamedTag(PropertyName(PSETID_COMMON, "Keywords"), PropertyType.MULTIPLE_STRING): ["one", "two"],
        },
        recipients=[
            RecipientObject({tags.PidTagDisplayName: name, tags.PidTagRecipientType: 1}) for name in ("Ann", "Bob")
        ],
        attachments=[
            AttachmentObject({tags.PidTagAttachMethod: 1, tags.PidTagAttachFilename: "a.txt"}, data=b"small"),
            AttachmentObject({tags.PidTagAttachMethod: 1}, data=random.Random(1).randbytes(30_000)),
            AttachmentObject({tags.PidTagAttachMethod: 5}, embedded=inner),
        ],
    )


def _wide() -> MessageObject:
    message = MessageObject({tags.PidTagMessageClass: "IPM.Note", tags.PidTagSubject: "many properties"})
    for number in range(500):
        message.properties[NamedTag(PropertyName(PSETID_COMMON, 0x9000 + number), PropertyType.STRING)] = f"{number:20}"
    return message


def sound(variant: Format = "unicode") -> bytes:
    """Return the undamaged file, the same at each call."""
    return _build(variant)


@cache
def _build(variant: Format) -> bytes:
    file = io.BytesIO()
    store = Store.create(file, format=variant)
    folder = store.ipm_subtree.create_folder("Letters")
    folder.create_folder("Below")
    with store.transaction():
        messages = [_rich(), _wide()]
        for number in range(COUNT - 2):
            subject = f"letter {number}"
            messages.append(MessageObject({tags.PidTagMessageClass: "IPM.Note", tags.PidTagSubject: subject}))
        messages.append(MessageObject({tags.PidTagMessageClass: "IPM.Hidden"}, associated=True))
        nids = [folder.add_message(message).nid for message in messages]
    assert [folder.nid, *nids[:4], nids[-1]] == [FOLDER, RICH, WIDE, PLAIN, PLAIN_2, HIDDEN]
    return file.getvalue()


class Specimen:
    """A copy of the file that is being damaged.

    Attributes:
        data: the file.
    """

    def __init__(self, variant: Format = "unicode") -> None:
        self.data = bytearray(sound(variant))

    def report(self) -> Report:
        """Check the file as it is now."""
        return check(Device(io.BytesIO(self.data)))

    # -- behind the checksums --------------------------------------------------------------------------------------

    def forge(self, change: Callable[[Forge], object]) -> None:
        """Change structures of the NDB layer, checksums made right."""
        forge = Forge(bytes(self.data))
        change(forge)
        self.data = forge.data

    # -- through the engine: the layers below stay sound -----------------------------------------------------------

    def database(self, change: Callable[[NodeDatabase], object]) -> None:
        """Change nodes and blocks in a transaction."""
        file = io.BytesIO(self.data)
        database = NodeDatabase.open(Device(file), writable=True)
        database.begin()
        change(database)
        database.commit()
        self.data = bytearray(file.getvalue())

    def node(self, nid: int, change: Callable[[NodeEditor], None], *path: int) -> None:
        """Change a node, or the subnode of it to which a path of NIDs leads."""

        def edit(database: NodeDatabase) -> None:
            entry = database.node(nid)
            node = NodeEditor(database, entry.bid_data, entry.bid_sub, nid)
            descend(node, path)
            database.put_node(nid, *node.save(), entry.nid_parent)

        def descend(node: NodeEditor, left: tuple[int, ...]) -> None:
            if not left:
                change(node)
                return
            below = node.edit_subnode(left[0])
            descend(below, left[1:])
            node.put_subnode(left[0], *below.save())

        self.database(edit)

    def block(self, nid: int, change: Callable[[bytearray], None], *path: int, index: int = 0) -> None:
        """Change bytes of a data block of a node, which keeps its size."""

        def edit(node: NodeEditor) -> None:
            data = bytearray(node.block(index))
            change(data)
            node.set_block(index, bytes(data))

        self.node(nid, edit, *path)

    def properties(self, nid: int, change: Callable[[Values], None], *path: int) -> None:
        """Change the properties of a node; values go to the disk as they are."""

        def edit(node: NodeEditor) -> None:
            values = PropertyContext(node).stored()
            change(values)
            write_properties(node, values)

        self.node(nid, edit, *path)

    def table(self, nid: int, change: Callable[[TableEditor], None], *path: int) -> None:
        """Change rows of a table."""

        def edit(node: NodeEditor) -> None:
            table = TableEditor(node)
            change(table)
            table.flush()

        self.node(nid, edit, *path)


def heap_item(data: bytes | bytearray, hid: int) -> slice:
    """Return where an item of a heap's first block stands."""
    at = int.from_bytes(data[:2], "little") + 4 + 2 * ((hid >> 5) - 1)
    return slice(int.from_bytes(data[at : at + 2], "little"), int.from_bytes(data[at + 2 : at + 4], "little"))


def user_root(data: bytes | bytearray) -> slice:
    """Return where the user root of a heap stands: a BTHHEADER or a TCINFO."""
    return heap_item(data, int.from_bytes(data[4:8], "little"))


def records(data: bytes | bytearray) -> slice:
    """Return where the records of a PC with one leaf stand."""
    root = user_root(data)
    return heap_item(data, int.from_bytes(data[root.start + 4 : root.start + 8], "little"))


def record(data: bytes | bytearray, pid: int) -> int:
    """Return where the record of a property of such a PC stands."""
    leaf = records(data)
    for at in range(leaf.start, leaf.stop, 8):
        if int.from_bytes(data[at : at + 2], "little") == pid:
            return at
    raise KeyError(pid)


def column(data: bytes | bytearray, tag: int) -> int:
    """Return where the TCOLDESC of a column of a table stands."""
    root = user_root(data)
    for at in range(root.start + 22, root.stop, 8):
        if int.from_bytes(data[at : at + 4], "little") == tag:
            return at
    raise KeyError(tag)
