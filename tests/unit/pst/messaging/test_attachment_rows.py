"""Rows of the attachment table against the attachments, where another writer listed more than we would."""

import io
from typing import BinaryIO, cast

import pytest

from mailconnector.mapi.objects import AttachmentObject, MessageObject, Properties
from mailconnector.pst import Store, disk
from mailconnector.pst.check import check
from mailconnector.pst.ltp.node import NodeEditor, NodeReader
from mailconnector.pst.ltp.property_context import PropertyContext
from mailconnector.pst.ltp.table_context import ROW_ID, ROW_VERSION, TableContext
from mailconnector.pst.ltp.table_editor import write_table
from mailconnector.pst.ndb.device import Device

TIME, COMMENT, CHANGED, LONG_NAME = 0x30070040, 0x3004001F, 0x30080040, 0x3707001F
COLUMNS = (ROW_ID, ROW_VERSION, 0x0E200003, 0x3704001F, 0x37050003, 0x370B0003, LONG_NAME, TIME, COMMENT, 0x0E300102)
IN_ROW_ONLY = 0x0E300102


def make(file: io.BytesIO) -> tuple[Store, int]:
    """Return a store with a message of two attachments, whose table has columns that ours would not have."""
    store = Store.create(file)
    message = MessageObject({0x0037001F: "with two"})
    for name in ("one", "two"):
        properties: Properties = {
            0x3704001F: f"{name}.txt",
            COMMENT: f"about {name}",
            LONG_NAME: f"{name} at length.txt",
        }
        message.attachments.append(AttachmentObject(properties, data=b"content"))
    nid = store.ipm_subtree.add_message(message).nid
    with store._session.change():
        entry = store.db.node(nid)
        node = NodeEditor(store.db, entry.bid_data, entry.bid_sub, nid)
        rows = []
        for one in sorted(sub for sub in node.subnodes if disk.nid_type(sub) == disk.NID_TYPE_ATTACHMENT):
            pc = PropertyContext(NodeReader(store.db, *node.subnode(one)[1:], one))
            cells = {tag: pc.raw(tag >> 16) for tag in COLUMNS if tag >> 16 in pc}
            rows.append((one, store._session.row_version(), {**cells, IN_ROW_ONLY: b"of the row"}))
        node.drop_subnode(disk.NID_ATTACHMENT_TABLE)
        table = NodeEditor(store.db, nid=disk.NID_ATTACHMENT_TABLE)
        write_table(table, COLUMNS, rows)
        node.put_subnode(disk.NID_ATTACHMENT_TABLE, *table.save())
        store.db.put_node(nid, *node.save(), entry.nid_parent)
    assert check(Device(io.BytesIO(file.getvalue()))).codes - {"message-size", "message-row-size"} == set()
    return store, nid


def contents(attachment: AttachmentObject) -> bytes:
    data = attachment.data
    return data if isinstance(data, bytes) else cast("BinaryIO", data).read()


def rows_of(store: Store, nid: int) -> list[dict[int, bytes | None]]:
    reader = store._session.reader(nid)
    table = TableContext(NodeReader(store.db, *reader.subnode(disk.NID_ATTACHMENT_TABLE)[1:], nid))
    return [{tag: row.raw(tag) for tag in row.tags()} for row in table.rows()]


@pytest.mark.parametrize("which", [0, 1])
def test_an_edited_attachment_has_all_its_cells(which: int):
    file = io.BytesIO()
    store, nid = make(file)
    with store:
        with store.message(nid).edit() as draft:
            number = draft.attachment_nids[which]
            with draft.edit_attachment(number) as attachment:
                attachment.set(COMMENT, "another")
                attachment.delete(LONG_NAME)
        rows = rows_of(store, nid)
        assert rows[which][COMMENT] == "another".encode("utf-16-le")
        assert LONG_NAME not in rows[which] and LONG_NAME in rows[1 - which]
        assert all(TIME in row and COMMENT in row for row in rows)
        assert all(row[IN_ROW_ONLY] == b"of the row" for row in rows)
    assert "attachment-row" not in check(Device(file)).codes


def test_a_further_attachment_fills_the_foreign_columns():
    file = io.BytesIO()
    store, nid = make(file)
    with store:
        with store.message(nid).edit() as draft:
            draft.add_attachment(AttachmentObject({COMMENT: "the third", 0x37140003: 4}, data=b"more"))
        rows = rows_of(store, nid)
        assert [row[COMMENT] for row in rows][2] == "the third".encode("utf-16-le")
        assert all(TIME in row for row in rows)
    assert "attachment-row" not in check(Device(file)).codes


def test_a_new_column_is_filled_for_those_that_were_there():
    """A message of two attachments with a flag that no table listed; a third brings the column."""
    file = io.BytesIO()
    store, nid = make(file)
    with store:
        with store.message(nid).edit() as draft, draft.edit_attachment(draft.attachment_nids[0]) as attachment:
            attachment.set(0x37140003, 7)
        assert [row.get(0x37140003) for row in rows_of(store, nid)] == [b"\7\0\0\0", None]
        with store.message(nid).edit() as draft:
            draft.remove_attachment(draft.attachment_nids[1])
        assert len(rows_of(store, nid)) == 1
    assert "attachment-row" not in check(Device(file)).codes


def test_a_further_attachment_takes_no_place_of_another_where_the_header_counts_too_low():
    file = io.BytesIO()
    store, nid = make(file)
    with store:
        counters = list(store.db.header.rgnid)
        counters[disk.NID_TYPE_ATTACHMENT] -= 2  # as real files have it
        object.__setattr__(store.db.header, "rgnid", tuple(counters))
        with store.message(nid).edit() as draft:
            draft.add_attachment(AttachmentObject({COMMENT: "the third"}, data=b"more"))
    with Store.open(io.BytesIO(file.getvalue())) as opened:
        attachments = [one.to_object() for one in opened.message(nid).attachments()]
        assert [one.properties[COMMENT] for one in attachments] == ["about one", "about two", "the third"]
        assert [contents(one) for one in attachments] == [b"content", b"content", b"more"]
    assert check(Device(io.BytesIO(file.getvalue()))).codes - {"message-size", "message-row-size"} == set()
