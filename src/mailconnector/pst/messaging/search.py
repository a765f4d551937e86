"""What a writer owes to search folders: descriptors of its changes in the search management queue ([MS-PST] 2.4.8).

Outlook works the queue off when it opens the file. A descriptor (SUD) is ``wFlags 2, wSUDType 2, SUDData 16``. It is
queued when desktop search indexes the store (it has a search gatherer descriptor) or when a folder concerned is in the
search domain; otherwise nobody would read it.
"""

import struct

from mailconnector.pst import disk
from mailconnector.pst.ltp.node import NodeEditor
from mailconnector.pst.ndb.database import NodeDatabase

MSG_ADD, MSG_MOD, MSG_DEL, MSG_MOV = 0x01, 0x02, 0x03, 0x04
FLD_ADD, FLD_MOD, FLD_DEL, FLD_MOV = 0x05, 0x06, 0x07, 0x08
_SUD = struct.Struct("<HH4I")
_NAME_CHANGED = 0x0008
_OUT_TO_IN, _IN_TO_IN, _IN_TO_OUT, _OUT_TO_OUT = 0x0010, 0x0020, 0x0040, 0x0080
_NID_SEARCH_GATHERER_DESCRIPTOR = 0x2A1
_MAX_DOMAIN = 1 << 20


class SearchQueue:
    """The search management queue of a store, as one transaction adds to it."""

    def __init__(self, db: NodeDatabase) -> None:
        self._db = db
        self._held: list[bytes] = []
        self._indexed = db.find_node(_NID_SEARCH_GATHERER_DESCRIPTOR) is not None
        self._exists = db.find_node(disk.NID_SEARCH_MANAGEMENT_QUEUE) is not None
        node = db.find_node(disk.NID_SEARCH_DOMAIN_OBJECT)
        data = b""
        if node is not None and db.data_size(node.bid_data) <= _MAX_DOMAIN:
            data = db.read_data(node.bid_data)
        self._domain = {nid for (nid,) in struct.iter_unpack("<I", data[: len(data) // 4 * 4])}

    def _wanted(self, *folders: int) -> bool:
        return self._exists and (self._indexed or not self._domain.isdisjoint(folders))

    def message(self, kind: int, parent: int, nid: int) -> None:
        """Note that a message was added, modified or deleted."""
        if self._wanted(parent):
            self._held.append(_SUD.pack(0, kind, parent, nid, 0, 0))

    def message_moved(self, nid: int, old: int, new: int) -> None:
        """Note that a message was moved between folders."""
        if self._wanted(old, new):
            self._held.append(_SUD.pack(self._direction(old, new), MSG_MOV, new, nid, old, 0))

    def folder(self, kind: int, parent: int, nid: int, *, renamed: bool = False) -> None:
        """Note that a folder was added, modified, deleted or moved."""
        if self._wanted(parent, nid):
            flags = _NAME_CHANGED if renamed else 0
            data = (parent, nid, 0, 0) if kind in (FLD_ADD, FLD_MOV) else (nid, 0, 0, 0)
            self._held.append(_SUD.pack(flags, kind, *data))

    def _direction(self, old: int, new: int) -> int:
        if old in self._domain:
            return _IN_TO_IN if new in self._domain else _IN_TO_OUT
        return _OUT_TO_IN if new in self._domain else _OUT_TO_OUT

    def flush(self) -> None:
        """Append what is held to the queue's node."""
        if not self._held:
            return
        db = self._db
        entry = db.node(disk.NID_SEARCH_MANAGEMENT_QUEUE)
        node = NodeEditor(db, entry.bid_data, entry.bid_sub, entry.nid)
        full = db.layout.block_data_max
        data = b"".join(self._held)
        at = node.block_count
        if at:
            last = node.block(at - 1)
            if len(last) < full:
                data = last + data
                at -= 1
        for start in range(0, len(data), full):
            node.set_block(at, data[start : start + full])
            at += 1
        db.put_node(entry.nid, *node.save(), entry.nid_parent)
        self._held.clear()
