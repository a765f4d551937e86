"""Damages of nodes, the message store, folders, messages and attachments."""

from __future__ import annotations

import struct
from collections.abc import Callable

from mailconnector.mapi.types import PropertyType
from mailconnector.pst import disk
from mailconnector.pst.ltp import bth
from mailconnector.pst.ltp.heap import pack_simple
from mailconnector.pst.ltp.node import NodeEditor
from mailconnector.pst.ltp.property_context import StoredValue, pack_object
from mailconnector.pst.ltp.table_editor import TableEditor
from tests.unit.pst.check.damages import (
    ACTIVITY,
    ASSOCIATED,
    BINARY,
    CONTENTS,
    HIERARCHY,
    NAMES,
    QUEUE,
    STORE,
    STRING,
    TOP_HIERARCHY,
    Damage,
    data_of,
    forging,
    in_database,
    in_property,
    in_row,
    number,
    registrar,
    without_row,
)
from tests.unit.pst.check.specimen import (
    ATTACHMENT,
    BIG_ATTACHMENT,
    COUNT,
    FOLDER,
    HIDDEN,
    INNER,
    INNER_ATTACHMENT,
    PLAIN,
    PLAIN_2,
    RICH,
    SUBFOLDER,
    Specimen,
    Values,
)

CASES: list[tuple[str, Damage]] = []
case = registrar(CASES)

# -- nodes -------------------------------------------------------------------------------------------------------------

case("node-type")(in_database(lambda database: database.put_node(0x8000 | 0x1E, 0, 0, 0)))
case("node-id")(in_database(lambda database: database.put_node(0x8000_0001, 0, 0, 0)))
case("node-missing")(in_database(lambda database: database.delete_node(0x610)))
case("node-missing-usual")(in_database(lambda database: database.delete_node(disk.NID_OUTGOING_QUEUE)))
case("node-parent")(forging(lambda forge: forge.set_node(PLAIN, parent=0x9002)))
case("node-parent")(forging(lambda forge: forge.set_node(PLAIN, parent=RICH)))
case("node-parent")(forging(lambda forge: forge.set_node(disk.NID_ROOT_FOLDER, parent=0)))
case("node-parent-set")(forging(lambda forge: forge.set_node(CONTENTS, parent=FOLDER)))
case("folder-circle")(forging(lambda forge: forge.set_node(FOLDER, parent=SUBFOLDER)))
case("folder-table-missing")(in_database(lambda database: database.delete_node(SUBFOLDER + 0xB)))
case("table-stray")(in_database(lambda database: database.put_node(0x900D, 0, 0, 0)))
case("search-part-missing")(in_database(lambda database: database.delete_node(0x2227)))
case("search-table-missing")(in_database(lambda database: database.delete_node(0x2230)))
case("queue-length")(data_of(QUEUE, bytes(7)))
case("queue-entry")(data_of(QUEUE, b"\0\0\xff\0" + bytes(16)))
case("list-length")(data_of(ACTIVITY, b"\x23\x22\0\0\0"))
case("list-entry")(data_of(ACTIVITY, b"\x22\x99\0\0"))


@case("queue-head")
def _(specimen: Specimen) -> None:
    data_of(QUEUE, bytes(20))(specimen)
    specimen.forge(lambda forge: forge.set_node(QUEUE, parent=40))


# -- the store ---------------------------------------------------------------------------------------------------------

case("property-missing")(in_property(STORE, 0x35E0, None))
case("property-missing")(in_property(FOLDER, 0x3603, None))
case("property-missing")(in_property(PLAIN, 0x0E07, None))
case("property-missing-usual")(in_property(PLAIN, 0x300B, None))
case("tag-type")(in_property(FOLDER, 0x3602, StoredValue(PropertyType.ERROR_CODE, bytes(4))))
case("record-key")(in_property(STORE, 0x0FF9, StoredValue(BINARY, b"short")))
case("entry-id")(in_property(STORE, 0x35E0, StoredValue(BINARY, bytes(24))))
case("receive-folder")(in_row(disk.NID_RECEIVE_FOLDER_TABLE, 1, 90, {0x66050003: b"\x22\x99\0\0"}))
case("receive-default")(in_row(disk.NID_RECEIVE_FOLDER_TABLE, 1, 90, {0x001A001F: "IPM".encode("utf-16-le")}))
case("outgoing-lost")(in_row(disk.NID_OUTGOING_QUEUE, 0x209984, 90, {}))
case("names-stream")(in_property(NAMES, 3, StoredValue(BINARY, b"12345")))
case("names-buckets")(in_property(NAMES, 1, number(0)))
case("names-bucket")(in_property(NAMES, 0x1005, StoredValue(BINARY, bytes(8))))
case("names-entry")(in_property(NAMES, 2, StoredValue(BINARY, b"")))


def folder_id(pid: int, nid: int) -> Damage:
    """Point an entry id of the store to a folder."""

    def damage(specimen: Specimen) -> None:
        def change(values: Values) -> None:
            entry_id = values[0x35E0].data
            values[pid] = StoredValue(BINARY, entry_id[:20] + struct.pack("<I", nid))

        specimen.properties(STORE, change)

    return damage


case("entry-id")(folder_id(0x35E0, 0x9902))
case("entry-id")(folder_id(0x35E3, PLAIN))
case("entry-id-stale")(folder_id(0x36D0, 0x9902))


def names(change: Callable[[bytearray], None]) -> Damage:
    """Change the entry stream of the name-to-id map: key 4, kind 2, index 2 bytes an entry."""

    def damage(specimen: Specimen) -> None:
        def in_map(node: NodeEditor) -> None:
            nid = next(nid for nid in node.subnodes if len(node.read_subnode(nid)) // 8 >= 500)
            data = bytearray(node.read_subnode(nid))
            change(data)
            node.db.release(node.own_subnodes()[nid].bid_data)
            node.put_subnode(nid, node.db.write_data(bytes(data)))

        specimen.node(NAMES, in_map)

    return damage


case("names-order")(names(lambda data: data.__setitem__(slice(-2, None), b"\xff\x70")))
case("names-number-twice")(names(lambda data: data.__setitem__(slice(-8, -4), data[-16:-12])))
case("names-entry")(names(lambda data: data.__setitem__(slice(-2, None), data[-10:-8])))


@case("names-twice")
def _(specimen: Specimen) -> None:
    def change(data: bytearray) -> None:
        named = [at for at in range(0, len(data), 8) if data[at + 4] & 1]
        data[-8:-2] = data[named[0] : named[0] + 6]

    names(change)(specimen)


@case("id-map-stale")
def _(specimen: Specimen) -> None:
    items = [struct.pack("<I", 2 << 5), bth.header_bytes(16, 4, 0, 3 << 5), bytes(16) + struct.pack("<I", 0x209984)]
    data_of(0xC01, pack_simple(0x9C, items, 1 << 5, 8176) or b"")(specimen)


# -- folders and messages ----------------------------------------------------------------------------------------------

case("folder-lost")(in_row(HIERARCHY, 0x9902, 90, {}))
case("folder-unlisted")(without_row(HIERARCHY, SUBFOLDER))
case("folder-row")(in_row(TOP_HIERARCHY, FOLDER, 90, {0x36020003: struct.pack("<I", 99)}))
case("folder-row")(in_property(SUBFOLDER, 0x3001, StoredValue(STRING, "Else".encode("utf-16-le"))))
case("folder-count")(in_property(FOLDER, 0x3602, number(COUNT + 1)))
case("folder-count")(in_property(FOLDER, 0x3603, number(7)))
case("folder-subfolders")(in_property(FOLDER, 0x360A, StoredValue(PropertyType.BOOLEAN, b"\0")))
case("message-lost")(in_row(CONTENTS, 0x209984, 90, {}))
case("message-lost")(in_row(ASSOCIATED, PLAIN, 90, {}))
case("message-unlisted")(without_row(CONTENTS, PLAIN))
case("message-unlisted")(without_row(ASSOCIATED, HIDDEN))
case("message-row")(in_row(CONTENTS, PLAIN, 90, {0x0037001F: b"x\0"}))
case("message-row")(in_row(CONTENTS, PLAIN, 90, {0x0037001F: None}))
case("message-row")(in_property(PLAIN, 0x0037, None))
case("message-row-size")(in_property(PLAIN, 0x0E08, number(5)))
case("message-attach-flag")(in_property(PLAIN, 0x0E07, number(0x10)))
case("row-twice")(in_row(SUBFOLDER + 0xC, PLAIN, 90, {}))
case("row-parent")(forging(lambda forge: forge.set_node(PLAIN, parent=SUBFOLDER)))
case("row-parent")(forging(lambda forge: forge.set_node(SUBFOLDER, parent=disk.NID_IPM_SUBTREE)))
case("row-version-high")(in_row(CONTENTS, PLAIN, 0x7FFFFFFF, {}))
case("search-row-stale")(in_row(0x2230, 0x209984, 90, {}))


@case("row-version-twice")
def _(specimen: Specimen) -> None:
    def change(table: TableEditor) -> None:
        for nid in (PLAIN, PLAIN_2):
            table.put_row(nid, 5, {})

    specimen.table(CONTENTS, change)


@case("row-version-local")
def _(specimen: Specimen) -> None:
    def change(table: TableEditor) -> None:
        for nid in (ATTACHMENT, BIG_ATTACHMENT):
            table.put_row(nid, 5, {})

    specimen.table(RICH, change, disk.NID_ATTACHMENT_TABLE)


def without_subnode(nid: int) -> Damage:
    """Drop a subnode of the rich message."""
    return lambda specimen: specimen.node(RICH, lambda node: node.drop_subnode(nid))


def object_in(nid: int) -> StoredValue:
    """Return the value of an object of five bytes in a subnode."""
    return StoredValue(PropertyType.OBJECT, pack_object(nid, 5))


case("recipients-missing")(without_subnode(disk.NID_RECIPIENT_TABLE))
case("attachment-lost")(without_subnode(ATTACHMENT))
case("attachment-unlisted")(without_subnode(disk.NID_ATTACHMENT_TABLE))
case("attachment-unlisted")(without_row(RICH, ATTACHMENT, disk.NID_ATTACHMENT_TABLE))
case("attachment-row")(in_property(RICH, 0x3704, StoredValue(STRING, b"b\0"), ATTACHMENT))
case("attachment-size")(in_property(RICH, 0x0E20, number(1), ATTACHMENT))
case("attachment-size")(in_property(RICH, 0x0E20, number(1), INNER_ATTACHMENT))
case("attachment-method")(in_property(RICH, 0x3705, number(9), ATTACHMENT))
case("attachment-embedded")(in_property(RICH, 0x3705, number(5), ATTACHMENT))
case("attachment-embedded")(in_property(RICH, 0x3701, object_in(0x20F004), INNER_ATTACHMENT))
case("object-size")(in_property(RICH, 0x3701, object_in(INNER), INNER_ATTACHMENT))
case("property-missing")(in_property(RICH, 0x001A, None, INNER_ATTACHMENT, INNER))
case("attachment-size")(in_property(RICH, 0x3701, StoredValue(BINARY, b"longer"), INNER_ATTACHMENT, INNER, 0x8085))


@case("message-depth")
def _(specimen: Specimen) -> None:
    """A hundred copies of a message, each an attachment of the one before."""

    def nest(node: NodeEditor) -> None:
        below = node.edit_subnode(INNER_ATTACHMENT)
        inner = below.subnode(INNER)
        bids = inner.bid_data, inner.bid_sub
        database = node.db
        for _ in range(110):
            message = NodeEditor(database, 0, 0, INNER)
            message.set_data(database.read_data(inner.bid_data))
            attachment = NodeEditor(database, 0, 0, INNER_ATTACHMENT)
            attachment.set_data(b"".join(below.block(at) for at in range(below.block_count)))
            attachment.put_subnode(INNER, *bids)
            message.put_subnode(INNER_ATTACHMENT, *attachment.save())
            bids = message.save()
        below.put_subnode(INNER, *bids)
        node.put_subnode(INNER_ATTACHMENT, *below.save())

    specimen.node(RICH, nest)
