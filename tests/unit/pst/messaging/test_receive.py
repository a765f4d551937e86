"""The receive folder table after folders were deleted."""

import io
import struct
from typing import Literal

import pytest

from mailconnector.pst import Store, disk
from mailconnector.pst.check import check
from mailconnector.pst.ndb.device import Device

FORMATS = ("unicode", "ansi")


def make(file: io.BytesIO, format_: Literal["unicode", "ansi"]) -> Store:
    """Return a store whose receive folder is the Inbox for three classes, and the root folder for a fourth."""
    store = Store.create(file, format=format_, usual_folders=True)
    session = store._session
    string = 0x001A001E if format_ == "ansi" else 0x001A001F
    codec = "ascii" if format_ == "ansi" else "utf-16-le"
    inbox = store.folder_at("Inbox").nid
    rows = (("", inbox), ("IPM", inbox), ("Report.IPM", inbox), ("IPC", disk.NID_ROOT_FOLDER))
    with session.change():
        table = session.editor(disk.NID_RECEIVE_FOLDER_TABLE)
        for number, (name, nid) in enumerate(rows, 1):
            cells = {string: name.encode(codec), 0x66050003: struct.pack("<I", nid)}
            table.put_row(number, session.row_version(), cells)
    return store


def receivers(store: Store) -> dict[object, object]:
    table = store._session.table(disk.NID_RECEIVE_FOLDER_TABLE)
    return {row.get(0x001A001F): row.get(0x66050003) for row in table.rows()}


@pytest.mark.parametrize("format_", FORMATS)
def test_the_deleted_folder_is_named_no_more(format_: Literal["unicode", "ansi"]):
    file = io.BytesIO()
    with make(file, format_) as store:
        inbox = store.folder_at("Inbox").nid
        assert receivers(store) == {"": inbox, "IPM": inbox, "Report.IPM": inbox, "IPC": disk.NID_ROOT_FOLDER}
        store.folder(inbox).delete()
        assert receivers(store) == {"": disk.NID_ROOT_FOLDER, "IPC": disk.NID_ROOT_FOLDER}
    assert "receive-folder" not in check(Device(file)).codes


@pytest.mark.parametrize("format_", FORMATS)
def test_a_receive_folder_inside_the_deleted_one(format_: Literal["unicode", "ansi"]):
    file = io.BytesIO()
    with make(file, format_) as store:
        above = store.ipm_subtree.create_folder("Above")
        store.folder_at("Inbox").move_to(above)
        above.delete()
        assert receivers(store) == {"": disk.NID_ROOT_FOLDER, "IPC": disk.NID_ROOT_FOLDER}


def test_other_folders_leave_the_table_alone():
    file = io.BytesIO()
    with make(file, "unicode") as store:
        before = receivers(store)
        store.folder_at("Drafts").delete()
        assert receivers(store) == before


def test_a_rollback_brings_the_rows_back():
    file = io.BytesIO()
    with make(file, "unicode") as store:
        before = receivers(store)
        with pytest.raises(ZeroDivisionError), store.transaction():
            store.folder_at("Inbox").delete()
            raise ZeroDivisionError
        assert receivers(store) == before
