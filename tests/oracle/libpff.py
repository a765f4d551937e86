"""What libpff reads of a PST file beside what the engine reads: every property of every item, byte for byte.

libpff gives each item (message store, name-to-id map, folder, message, recipient table, attachment) as record sets of
entries with an id, a type and the stored bytes. Its Python module does not lead into embedded messages; those are
compared with the help of the program `pffexport`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

import pypff

from mailconnector.pst import Folder, MessageContent, Store, disk
from mailconnector.pst.ltp.property_context import PropertyContext
from mailconnector.pst.ltp.table_context import TableContext

Entry = tuple[int, int, bytes]
"""Property id, type and stored bytes."""


def differences(file: BinaryIO, store: Store) -> list[str]:
    """Return where libpff and the engine do not agree about a file, a sentence each.

    Args:
        file: the file, for libpff.
        store: the same file, opened by the engine.
    """
    foreign = pypff.file()
    file.seek(0)
    foreign.open_file_object(file)
    try:
        return list(_Comparison(store).of_file(foreign))
    finally:
        foreign.close()


def entries_of(record_set: Any) -> Counter[Entry]:
    """Return the entries of one of libpff's record sets."""
    return Counter((entry.entry_type, entry.value_type, entry.data or b"") for entry in record_set.entries)


def stored_properties(pc: PropertyContext) -> Counter[Entry]:
    """Return the entries of a property context, as libpff gives them."""
    return Counter((pid, ptype, pc.raw(pid)) for pid, ptype in pc.types().items())


def stored_rows(table: TableContext) -> list[Counter[Entry]]:
    """Return the cells of each row of a table, as libpff gives them.

    libpff does not look at a row's cell existence bitmap ([MS-PST] 2.3.4.4.1): it gives a cell for every column. The
    cells that the bitmap denies are given here too, as the zeros or the empty value that a writer leaves there.
    """
    rows = []
    for row in table.rows():
        cells = Counter((tag >> 16, tag & 0xFFFF, row.raw(tag) or b"") for tag in row.tags())
        for column in table.info.columns:
            if column.tag not in row:
                cells[column.tag >> 16, column.tag & 0xFFFF, bytes(column.fixed)] += 1
        rows.append(cells)
    return rows


class _Comparison:
    def __init__(self, store: Store) -> None:
        self.store = store

    def of_file(self, foreign: Any) -> Iterator[str]:
        store = self.store
        yield from self._properties("the store", foreign.message_store, store.properties.pc)
        yield from self._properties("the names", foreign.name_to_id_map, store._session.properties(0x61))
        yield from self._folder(foreign.root_folder, store.root, 0)

    def _properties(self, what: str, item: Any, pc: PropertyContext) -> Iterator[str]:
        sets = [entries_of(record_set) for record_set in item.record_sets]
        if len(sets) != 1:
            yield f"{what}: libpff has {len(sets)} record sets"
            return
        yield from _unequal(what, sets[0], stored_properties(pc))

    def _folder(self, item: Any, folder: Folder, depth: int) -> Iterator[str]:
        what = f"folder {folder.nid:#x}"
        yield from self._properties(what, item, folder.properties.pc)
        theirs = {below.identifier: below for below in item.sub_folders}
        ours = {below.nid: below for below in folder.folders()}
        if theirs.keys() != ours.keys():  # libpff gives them in the order of their NIDs
            yield f"{what}: libpff has the folders {sorted(theirs)}, we have {sorted(ours)}"
        for nid in theirs.keys() & ours.keys():
            if depth < 64:
                yield from self._folder(theirs[nid], ours[nid], depth + 1)
        items = {below.identifier: below for below in item.sub_items}
        for associated in () if folder.is_search_folder else (False, True):
            for nid in folder.message_nids(associated=associated):
                found = items.pop(nid, None)
                if found is None:
                    yield f"{what}: libpff does not have message {nid:#x}"
                else:
                    yield from self._message(found, self.store.message(nid), f"message {nid:#x}")
        yield from (f"{what}: libpff has {nid:#x} too" for nid in items if nid not in ours)

    def _message(self, item: Any, message: MessageContent, what: str) -> Iterator[str]:
        yield from self._properties(what, item, message.properties.pc)
        if not hasattr(item, "recipients"):
            return  # libpff does not know the message class, and gives the properties alone
        table = message._table(disk.NID_RECIPIENT_TABLE)
        ours = stored_rows(table) if table is not None else []
        theirs = [entries_of(record_set) for record_set in item.recipients.record_sets] if item.recipients else []
        if len(ours) != len(theirs):
            yield f"{what}: libpff has {len(theirs)} recipients, we have {len(ours)}"
        for number, (their, our) in enumerate(zip(theirs, ours, strict=False)):
            yield from _unequal(f"{what}, recipient {number}", their, our)
        attachments = list(item.attachments) if item.number_of_attachments else []
        nids = message.attachment_nids
        if [one.identifier for one in attachments] != nids:
            yield f"{what}: libpff has the attachments {[one.identifier for one in attachments]}, we have {nids}"
            return
        for one, nid in zip(attachments, nids, strict=True):
            attachment = message.attachment(nid)
            yield from self._properties(f"{what}, attachment {nid:#x}", one, attachment.properties.pc)
            stream = attachment.open()
            if attachment.method == 1 and stream is not None:
                data = stream.read()
                if one.size != len(data) or one.read_buffer(one.size) != data:
                    yield f"{what}, attachment {nid:#x}: the data differs"


def _unequal(what: str, theirs: Counter[Entry], ours: Counter[Entry]) -> Iterator[str]:
    for name, left in (("only libpff has", theirs - ours), ("only we have", ours - theirs)):
        for (pid, ptype, data), count in left.items():
            yield f"{what}: {name} {pid:#06x} of type {ptype:#06x}, {len(data)} bytes {data[:16].hex()}, {count} times"


def counts(file: BinaryIO) -> dict[int, tuple[int, int]]:
    """Return the number of messages and folders in each folder but the search folders, by NID."""
    found: dict[int, tuple[int, int]] = {}

    def walk(item: Any) -> None:
        if disk.nid_type(item.identifier) != disk.NID_TYPE_SEARCH_FOLDER:
            found[item.identifier] = item.number_of_sub_messages, item.number_of_sub_folders
        for below in item.sub_folders:
            walk(below)

    foreign = pypff.file()
    foreign.open_file_object(file)
    try:
        walk(foreign.root_folder)
    finally:
        foreign.close()
    return found
