"""Whether a PST file is sound: by the engine's check, and by a small verifier that shares no code with that.

The small one looks at what no foreign reader notices: allocation maps against the two trees, reference counts, blocks
that nothing refers to, and the tables and counts of the messaging layer against the nodes that they speak of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from mailconnector.pst import disk
from mailconnector.pst.check import check
from mailconnector.pst.ltp.node import NodeReader
from mailconnector.pst.ltp.property_context import PropertyContext
from mailconnector.pst.ltp.table_context import TableContext
from mailconnector.pst.messaging.message import FLAG_READ
from mailconnector.pst.ndb.allocation import bits_to_free
from mailconnector.pst.ndb.database import NodeDatabase
from mailconnector.pst.ndb.device import Device

_COUNT, _UNREAD, _SUBFOLDERS, _FLAGS = 0x3602, 0x3603, 0x360A, 0x0E07
_INTEGER, _BOOLEAN = 3, 11
_TABLES = {
    disk.NID_TYPE_CONTENTS_TABLE: disk.NID_TYPE_NORMAL_MESSAGE,
    disk.NID_TYPE_ASSOC_CONTENTS_TABLE: disk.NID_TYPE_ASSOC_MESSAGE,
    disk.NID_TYPE_HIERARCHY_TABLE: disk.NID_TYPE_NORMAL_FOLDER,
}


def faults(file: BinaryIO) -> set[str]:
    """Return what is wrong with a PST file, a sentence each; of a sound file nothing.

    Of what the engine's check finds only the codes are given, so that a changed file can be compared with what it was.
    """
    return quick_faults(file) | {f"check: {code}" for code in check(Device(file)).codes}


def quick_faults(file: BinaryIO) -> set[str]:
    """Return what the small verifier alone finds."""
    db = NodeDatabase.open(Device(file), writable=False)
    return {*_space_faults(db), *_reference_faults(db), *_folder_faults(db)}


def _space_faults(db: NodeDatabase) -> Iterator[str]:
    """Compare the allocation maps and the header with what the two trees take, slot by slot."""
    layout, root = db.layout, db.header.root
    if db.device.size() < root.ibFileEof:
        yield f"the file has {db.device.size()} bytes, ibFileEof says {root.ibFileEof}"
    if root.fAMapValid != disk.VALID_AMAP2:
        yield f"fAMapValid {root.fAMapValid}"
    taken: dict[int, int] = {}

    def take(offset: int, size: int) -> bool:
        index, inside = divmod(offset - disk.FIRST_AMAP, disk.AMAP_COVERAGE)
        first, count = inside // disk.SLOT, -(-size // disk.SLOT)
        mask = ((1 << count) - 1) << (disk.AMAP_SLOTS - first - count) if first + count <= disk.AMAP_SLOTS else 0
        free = not taken.get(index, 0) & mask and mask > 0
        taken[index] = taken.get(index, 0) | mask
        return free

    count = (root.ibAMapLast - disk.FIRST_AMAP) // disk.AMAP_COVERAGE + 1
    for index in range(count):
        offset = disk.amap_offset(index)
        for number, ptype in enumerate(disk.map_pages(layout, index)):
            at = offset + number * layout.page_size
            if not take(at, layout.page_size):
                yield f"the map page at {at:#x} overlaps something"
            disk.unpack_page(layout, db.device.read(at, layout.page_size), ptype, at, at)
    for _, ref in db.tree_pages():
        if not take(ref.ib, layout.page_size):
            yield f"the tree page at {ref.ib:#x} overlaps something"
        if not ref.bid < db.header.bidNextP:
            yield f"page {ref.bid:#x} is not below bidNextP {db.header.bidNextP:#x}"
    for block in db.all_blocks():
        if not take(block.ib, layout.block_total(block.cb)):
            yield f"block {block.bid:#x} overlaps something"
        if not block.bid & ~3 < db.header.bidNextB:
            yield f"block {block.bid:#x} is not below bidNextB {db.header.bidNextB:#x}"
    if max(taken, default=0) >= count:
        yield "something lies behind the last AMap"
    free_bytes = 0
    for index in range(count):
        page = db.device.read(disk.amap_offset(index), layout.page_size)
        free = bits_to_free(page[layout.map_bits_at :][: disk.AMAP_BYTES])
        free_bytes += free.bit_count() * disk.SLOT
        marked = free ^ ((1 << disk.AMAP_SLOTS) - 1)
        if taken[index] & ~marked:
            yield f"AMap {index} calls {(taken[index] & ~marked).bit_count()} slots free that are used"
        if marked & ~taken[index]:
            yield f"AMap {index} calls {(marked & ~taken[index]).bit_count()} slots used that are free"
    if free_bytes != root.cbAMapFree:
        yield f"cbAMapFree is {root.cbAMapFree - free_bytes} more than the maps have"


def _reference_faults(db: NodeDatabase) -> Iterator[str]:
    """Count the references to every block, and read every block once: that checks its trailer."""
    references: Counter[int] = Counter()
    for node in db.nodes():
        references.update(bid & ~1 for bid in (node.bid_data, node.bid_sub) if bid)
        if disk.nid_index(node.nid) > db.header.rgnid[disk.nid_type(node.nid)]:
            yield f"node {node.nid:#x} is above its rgnid"
    entries = {block.bid & ~1: block for block in db.all_blocks()}
    for bid in entries:
        if bid & disk.BID_INTERNAL:
            references.update(child & ~1 for child in db.references(bid))
        else:
            db.read_block(bid)
    for bid, count in references.items():
        if bid not in entries:
            yield f"block {bid:#x} is referred to and does not exist"
        elif entries[bid].cref != count + 1:
            yield f"block {bid:#x} has cRef {entries[bid].cref} and {count} references"
    for bid in entries.keys() - references.keys():
        yield f"block {bid:#x} belongs to nothing"


def _folder_faults(db: NodeDatabase) -> Iterator[str]:
    """Compare folders' tables and counts with the nodes whose parent the folder is."""
    children: dict[tuple[int, int], set[int]] = {}
    folders = []
    for node in db.nodes():
        kind = disk.nid_type(node.nid)
        if kind == disk.NID_TYPE_NORMAL_FOLDER:
            folders.append(node.nid)
        if kind == disk.NID_TYPE_SEARCH_FOLDER:
            kind = disk.NID_TYPE_NORMAL_FOLDER
        if node.nid_parent not in (0, node.nid):
            children.setdefault((node.nid_parent, kind), set()).add(node.nid)
    for nid in folders:
        pc = PropertyContext(_reader(db, nid))
        for table_type, kind in _TABLES.items():
            table = TableContext(_reader(db, disk.sibling_nid(nid, table_type)))
            rows = {row.row_id: row for row in table.rows()}
            if len(rows) != len(table) or set(table.index) != set(rows):
                yield f"folder {nid:#x}: the index of table {table_type:#x} does not fit its rows"
            if rows.keys() != children.get((nid, kind), set()):
                odd = rows.keys() ^ children.get((nid, kind), set())
                yield f"folder {nid:#x}: table {table_type:#x} and nodes differ by {sorted(map(hex, odd))}"
            yield from _cell_faults(db, nid, table)
            if table_type == disk.NID_TYPE_CONTENTS_TABLE:
                flags = [row.get(_FLAGS << 16 | _INTEGER) for row in rows.values()]
                unread = sum(1 for value in flags if isinstance(value, int) and not value & FLAG_READ)
                if (pc.get(_COUNT), pc.get(_UNREAD)) != (len(rows), unread):
                    counts = (pc.get(_COUNT), pc.get(_UNREAD))
                    yield f"folder {nid:#x} counts {counts}, its table has {(len(rows), unread)}"
            if table_type == disk.NID_TYPE_HIERARCHY_TABLE and pc.get(_SUBFOLDERS) is not bool(rows):
                yield f"folder {nid:#x}: PidTagSubfolders is wrong"


def _cell_faults(db: NodeDatabase, nid: int, table: TableContext) -> Iterator[str]:
    """Compare the cells of each row with the properties of the object that it stands for."""
    for row in table.rows():
        if db.find_node(row.row_id) is None:
            continue
        pc = PropertyContext(_reader(db, row.row_id))
        for column in table.info.columns:
            pid = column.tag >> 16
            if pid in pc and pc.types()[pid] == column.tag & 0xFFFF and row.raw(column.tag) != pc.raw(pid):
                yield f"folder {nid:#x}: cell {column.tag:#010x} of {row.row_id:#x} differs from the object's"


def _reader(db: NodeDatabase, nid: int) -> NodeReader:
    entry = db.node(nid)
    return NodeReader(db, entry.bid_data, entry.bid_sub, nid)
