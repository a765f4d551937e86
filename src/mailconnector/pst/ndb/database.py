"""The node database: an open file, and the transaction that makes changes of it durable ([MS-PST] 2.2, 2.6.1).

Invariants of a transaction:

1. Nothing that the committed header reaches is overwritten before the commit point: new blocks and pages go into free
   space (:mod:`~mailconnector.pst.ndb.writing`), and space that the committed state uses is freed in the maps only
   while the commit writes them.
2. The commit point is one write of the header, with the new roots and fAMapValid 0. Before it the old state stands,
   after it the new one.
3. While the header is replaced, a whole copy of the new one stands, synchronised, in the reserved area (the
   "shadow"). A header that is found torn is restored from it. At rest the shadow is zero.
4. Allocation maps are written only while the header says that they are not valid; they can always be made anew from
   the two trees.
5. A barrier (``Device.sync``) stands between any two of: new data and shadow, header, maps, valid header.

States: idle -> (begin) -> open -> (commit) -> idle, or -> (rollback) -> idle. A commit that fails before the commit
point rolls back; one that fails at it or behind it leaves the database broken: whoever opens the file next finds which
state it holds and brings it into order, and this object refuses further work.
"""

from contextlib import suppress
from dataclasses import replace

from mailconnector.pst import disk
from mailconnector.pst.disk import Header, Layout, Root
from mailconnector.pst.errors import PstDiskError, PstFormatError, PstFullError, PstUsageError
from mailconnector.pst.ndb.allocation import AllocationMaps, read_dlist
from mailconnector.pst.ndb.device import Device
from mailconnector.pst.ndb.lookup import read_header
from mailconnector.pst.ndb.occupancy import Occupancy
from mailconnector.pst.ndb.writing import NodeWriter


class NodeDatabase(NodeWriter):
    """The NDB layer of an open file. Use :meth:`open` or :meth:`create`.

    Attributes:
        writable: whether there can be transactions.
    """

    def __init__(self, device: Device, header: Header, *, writable: bool) -> None:
        super().__init__(device, header)
        self.writable = writable and self.layout.writable
        self._broken: Exception | None = None
        self._occupancy: Occupancy | None = None
        self._size_before = 0  # the file's size when the transaction began

    # -- opening ---------------------------------------------------------------------------------------------------

    @classmethod
    def open(cls, device: Device, *, writable: bool) -> "NodeDatabase":
        """Open a file and, for writing, bring it into order when its last writer died.

        Raises:
            NotAPstError: this is no PST or OST file.
            PstFormatError: the header or the roots are damaged.
        """
        header = read_header(device)
        database = cls(device, header.header, writable=writable)
        if database.writable:
            if header.from_shadow:
                database._write_header(database.header)
                device.sync()
            if header.header.root.fAMapValid == disk.INVALID_AMAP:
                database.recover()
            elif header.shadow_left:
                database._clear_shadow()
        return database

    @classmethod
    def create(cls, device: Device, layout: Layout, crypt_method: int) -> "NodeDatabase":
        """Lay out an empty file: header, one AMap, one PMap and two empty trees. It is left inside a transaction.

        The header is not written before the first commit, so a file whose creation was cut short is no PST file.
        """
        rgnid = [0x400] * 32
        rgnid[disk.NID_TYPE_SEARCH_FOLDER] = 0x4000
        rgnid[disk.NID_TYPE_NORMAL_MESSAGE] = 0x10000
        rgnid[disk.NID_TYPE_ASSOC_MESSAGE] = 0x8000
        header = Header(
            layout=layout,
            wVer=disk.VERSION[layout.name],
            bidNextB=disk.BID_STEP,
            bidNextP=1,
            dwUnique=1,
            rgnid=tuple(rgnid),
            root=Root(disk.FIRST_AMAP, 0, 0, 0, 0, 0, 0, 0, disk.VALID_AMAP2),
            bCryptMethod=crypt_method,
        )
        database = cls(device, header, writable=True)
        database.header = replace(header)
        database.in_transaction = True
        database._size_limit = layout.file_limit
        database._maps = AllocationMaps(layout, 0, 0, device.read, {})
        database._make_trees()
        return database

    # -- transactions ----------------------------------------------------------------------------------------------

    @property
    def broken(self) -> bool:
        """Whether a commit failed at its commit point or behind it: the file must be opened anew."""
        return self._broken is not None

    def begin(self) -> None:
        """Begin a transaction.

        Raises:
            PstUsageError: the file is read-only, a transaction runs already, or the last commit failed half-way.
        """
        if self._broken is not None:
            raise PstUsageError(
                "the last commit could not be finished: close the file and open it again"
            ) from self._broken
        if not self.writable:
            raise PstUsageError(
                "files of the 4K format can only be read"
                if not self.layout.writable
                else "the file was opened for reading"
            )
        if self.in_transaction:
            raise PstUsageError("a transaction is running already")
        if self._maps is None:
            if self.header.root.fAMapValid != disk.VALID_AMAP2:
                self.rebuild_maps()
            else:
                self._maps = self._load_maps()
        last = self._bbt.last_key()
        if self.header.bidNextB % disk.BID_STEP or (last is not None and last >= self.header.bidNextB):
            raise PstFormatError("the header's next block id was given out already", bid=last, hint="Run a repair.")
        if max(self.header.bidNextB, self.header.bidNextP) >= self._id_limit:
            raise PstFullError("the file has used up its block or page ids", hint="Compact the file.")
        self._size_before = self.device.size()
        self._base = self.header
        # The writer's counters advance in place: the committed header must not see that.
        self.header = replace(self.header)
        self.in_transaction = True

    def _load_maps(self) -> AllocationMaps:
        root = self.header.root
        count = (root.ibAMapLast - disk.FIRST_AMAP) // disk.AMAP_COVERAGE + 1
        if (root.ibAMapLast - disk.FIRST_AMAP) % disk.AMAP_COVERAGE or root.ibFileEof != disk.amap_offset(count):
            raise PstFormatError(
                "the header's file size and last AMap do not fit together", offset=root.ibAMapLast, hint="Run a repair."
            )
        if root.ibFileEof > self.device.size():
            raise PstFormatError(
                "the file is shorter than its header says", offset=root.ibFileEof, hint="Run a repair."
            )
        known = read_dlist(self.layout, self.device.read(disk.DLIST_OFFSET, self.layout.page_size))
        maps = AllocationMaps(self.layout, count, root.cbAMapFree, self.device.read, known or {}, self._live_slots)
        if known is None:
            maps.survey()
        return maps

    def _live_slots(self, index: int, free: int) -> int:
        """Return which slots that an AMap calls free hold something of the committed state."""
        root = self._base.root
        if self._occupancy is None or self._occupancy.root != root:
            self._occupancy = Occupancy(self.layout, root, self.device.read)
        return self._occupancy.taken(index, free)

    def commit(self) -> None:
        """Make the transaction's changes durable. See the invariants at the top of this module."""
        if not self.in_transaction:
            raise PstUsageError("no transaction is running")
        if not (self._nbt_changes or self._bbt_changes or self._new_pages) and not self._maps_dirty():
            self.in_transaction = False
            self.header = self._base
            return
        self._make_durable()

    def _maps_dirty(self) -> bool:
        return self._maps is not None and self._maps.is_dirty

    def _make_durable(self) -> None:
        try:
            self._apply_trees()
            self._prepare()
        except BaseException:
            self.rollback()
            raise
        try:
            self._finish()
        except BaseException as error:
            self._broken = error if isinstance(error, Exception) else PstDiskError("the commit was interrupted")
            self.in_transaction = False
            raise

    def _prepare(self) -> None:
        """Everything before the commit point: new blocks, pages and maps behind the old end, and the shadow header."""
        assert self._maps is not None
        maps = self._maps
        for offset, page in maps.new_pages():
            self.device.write(offset, page)
        self._free_deferred()
        bid = self.header.bidNextP
        self._dlist = maps.dlist_page(bid)
        root = replace(
            self.header.root,
            ibFileEof=maps.file_size,
            ibAMapLast=disk.amap_offset(maps.count - 1),
            cbAMapFree=min(max(maps.free_bytes, 0), maps.file_size),  # where it was wrong before, at least possible
            # PMaps stay as they are, and with them the pages that they keep, unless they were made anew.
            cbPMapFree=0 if maps.is_rebuilt else self.header.root.cbPMapFree,
            bidNBT=self._nbt.root.bid,
            ibNBT=self._nbt.root.ib,
            bidBBT=self._bbt.root.bid,
            ibBBT=self._bbt.root.ib,
            fAMapValid=disk.INVALID_AMAP,
        )
        self.header = replace(
            self.header,
            root=root,
            bidNextP=bid + 1,
            dwUnique=self.header.dwUnique + 1 & 0xFFFFFFFF,
            rgbFM=b"\xff" * 128,
            rgbFP=b"\xff" * 128,
        )
        self.device.flush()
        if self.device.size() < root.ibFileEof:
            self.device.truncate(root.ibFileEof)
        self.device.write(disk.SHADOW_OFFSET, self.header.pack())
        self.device.sync()

    def _finish(self) -> None:
        """The commit point and what follows it."""
        assert self._maps is not None
        self._write_header(self.header)
        self.device.sync()
        for offset, page in self._maps.changed_pages():
            self.device.write(offset, page)
        self.device.write(disk.DLIST_OFFSET, self._dlist)
        self.device.sync()
        root = replace(self.header.root, fAMapValid=disk.VALID_AMAP2)
        self.header = replace(self.header, root=root, dwUnique=self.header.dwUnique + 1 & 0xFFFFFFFF)
        self._write_header(self.header)
        self.device.sync()
        self._clear_shadow()
        if self.device.size() > root.ibFileEof:  # what a writer that was killed left behind the end
            self.device.truncate(root.ibFileEof)
        self._maps.committed()
        self._base = self.header
        self._size_limit = max(root.ibFileEof, 1)
        self.in_transaction = False

    def rollback(self) -> None:
        """Give the transaction up: the state is that of before :meth:`begin`."""
        if not self.in_transaction:
            raise PstUsageError("no transaction is running")
        self.in_transaction = False
        self._forget_changes()
        self._maps = None
        self.header = self._base
        self.device.discard()
        if self._base.root.ibNBT:
            self._attach_trees()
            # What stays behind the end when the system refuses is passed over, and goes with the next commit.
            with suppress(PstDiskError):
                if self.device.size() > self._size_before:
                    self.device.truncate(self._size_before)

    def _write_header(self, header: Header) -> None:
        self.device.flush()
        self.device.write(0, header.pack())
        self.device.flush()

    def _clear_shadow(self) -> None:
        self.device.write(disk.SHADOW_OFFSET, bytes(self.layout.header_size))
        self.device.flush()

    # -- recovery --------------------------------------------------------------------------------------------------

    def rebuild_maps(self) -> None:
        """Make the allocation maps anew from the two trees ([MS-PST] 2.6.1.3.7).

        Raises:
            PstFormatError: two blocks or pages overlap, or one lies outside the file.
        """
        root = self.header.root
        last = max(root.ibFileEof, disk.FIRST_AMAP + 1)
        count = -(-(last - disk.FIRST_AMAP) // disk.AMAP_COVERAGE)
        if count > self.device.size() // disk.AMAP_COVERAGE + 2:
            raise PstFormatError("the header's file size is larger than the file", offset=root.ibFileEof)
        maps = AllocationMaps(self.layout, count, 0, self.device.read, {})
        for index in range(count):
            maps.clear(index)
        for _, ref in self.tree_pages():
            if not maps.mark(ref.ib, self.layout.page_size):
                raise PstFormatError("a page overlaps something else or lies outside", bid=ref.bid, offset=ref.ib)
        for entry in self._bbt.walk():
            _, ib, cb, _ = entry
            if not maps.mark(ib, self.layout.block_total(cb)):
                raise PstFormatError("a block overlaps something else or lies outside", bid=entry[0], offset=ib)
        maps.rebuilt()
        self._maps = maps

    def recover(self) -> None:
        """Bring a file into order whose last writer died between the commit point and the end (fAMapValid 0)."""
        self.rebuild_maps()
        self.begin()
        self._make_durable()
