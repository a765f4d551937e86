"""The receive folder table: which folder gets messages of which class ([MS-PST] 2.7.1, [MS-OXCSTOR] 2.2.1.2).

A row has a message class and the NID of a folder. The row of the empty class is for messages of any other class; every
store has it, and in a new one it names the root folder (measured).
"""

import struct

from mailconnector.mapi.types import PropertyType
from mailconnector.pst import disk
from mailconnector.pst.messaging.session import Session

MESSAGE_CLASS_CELL = 0x001A
FOLDER_CELL = 0x66050003
_FOLDER_ID_CELL = 0x67F40014  # of the folder on the server; OSTs only (measured)


def forget_folders(session: Session, gone: set[int]) -> None:
    """Take folders that were deleted out of the table.

    A class that had one of them goes by the row of the empty class from now on, and that row goes back to the root
    folder: what a client makes anew, it finds as in a new store.

    Args:
        session: the store's session, inside a transaction.
        gone: the NIDs of the folders.
    """
    if not session.has_node(disk.NID_RECEIVE_FOLDER_TABLE):
        return
    stale = [row for row in session.table(disk.NID_RECEIVE_FOLDER_TABLE).rows() if row.get(FOLDER_CELL) in gone]
    if not stale:
        return
    table = session.editor(disk.NID_RECEIVE_FOLDER_TABLE)
    for row in stale:
        if row.get(MESSAGE_CLASS_CELL << 16 | PropertyType.STRING):
            table.delete_row(row.row_id)
        else:
            root = struct.pack("<I", disk.NID_ROOT_FOLDER)
            table.put_row(row.row_id, session.row_version(), {FOLDER_CELL: root, _FOLDER_ID_CELL: None})


def default_folder(session: Session) -> int | None:
    """Return the NID of the folder that mail arrives in; None where the table names none, or the root folder.

    It stands in the row of the empty class, in old stores in that of "IPM" or "IPM.Note".
    """
    if not session.has_node(disk.NID_RECEIVE_FOLDER_TABLE):
        return None
    found: dict[str, int] = {}
    for row in session.table(disk.NID_RECEIVE_FOLDER_TABLE).rows():
        name, nid = row.get(MESSAGE_CLASS_CELL << 16 | PropertyType.STRING), row.get(FOLDER_CELL)
        if isinstance(nid, int) and nid != disk.NID_ROOT_FOLDER:
            found[name.upper() if isinstance(name, str) else ""] = nid
    return next((found[name] for name in ("", "IPM", "IPM.NOTE") if name in found), None)


def set_default_folder(session: Session, nid: int) -> None:
    """Make a folder the one that mail arrives in.

    Args:
        session: the store's session, inside a transaction.
        nid: the folder's NID.
    """
    rows = list(session.table(disk.NID_RECEIVE_FOLDER_TABLE).rows())
    row_id = next((row.row_id for row in rows if not row.get(MESSAGE_CLASS_CELL << 16 | PropertyType.STRING)), None)
    cells: dict[int, bytes | None] = {FOLDER_CELL: struct.pack("<I", nid)}
    if row_id is None:
        row_id = max((row.row_id for row in rows), default=0) + 1
        cells[MESSAGE_CLASS_CELL << 16 | (PropertyType.STRING8 if session.ansi else PropertyType.STRING)] = b""
    session.editor(disk.NID_RECEIVE_FOLDER_TABLE).put_row(row_id, session.row_version(), cells)
