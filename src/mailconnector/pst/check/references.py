"""Data trees and subnode trees of all nodes, and the reference counts that follow from them ([MS-PST] 2.2.2.8.3).

Each internal block is taken apart once, when it is reached first; a second way to it counts as a reference and is
held against what the block was reached as before. cRef of a block is the number of references plus one (measured).
"""

from itertools import pairwise
from typing import Final, NamedTuple

from mailconnector.pst import disk
from mailconnector.pst.check.source import BlockState, Role, Source
from mailconnector.pst.errors import PstFormatError
from mailconnector.pst.ndb import blocks

HIGHEST_INDEX: Final = 1 << 26  # of a NID; the counters are a bit wider
_OPEN = 0x80  # in a role: the block is being taken apart, so that reaching it again closes a circle


class _Task(NamedTuple):
    bid: int
    is_data: bool
    role: int | None  # what it must be by the block above it
    nid: int


def check_references(source: Source) -> list[int]:
    """Follow all that the NBT refers to, and compare the reference counts.

    Returns:
        The highest NID index in use, nodes and subnodes taken together, of each of the 32 types.
    """
    walk = _Walk(source)
    total = len(source.nodes)
    for done, node in enumerate(source.nodes):
        if not done & 0xFF:
            source.progress("references", done, total)
        walk.raise_index(node.nid)
        walk.follow(node.bid_data, node.bid_sub, node.nid)
    walk.follow_abandoned()
    walk.compare()
    walk.check_counters()
    return walk.highest()


class _Walk:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.findings = source.findings
        self.layout = source.layout
        self.full = source.layout.block_data_max
        self._highest = [0] * 32  # index of each NID type
        self._highest_sub = [0] * 32

    def highest(self) -> list[int]:
        """Return the highest index of each type of NID."""
        return [max(pair) for pair in zip(self._highest, self._highest_sub, strict=True)]

    def raise_index(self, nid: int, *, owner: int | None = None) -> None:
        """Note a NID that is in use: of a node, or of a subnode of the node ``owner``."""
        if disk.nid_index(nid) >= HIGHEST_INDEX:
            if owner is None:
                self.findings.add("node-id", "no file has so many nodes of a type that one gets this id", nid=nid)
            else:
                self.findings.add("subnode-id", f"no subnode gets the id {nid:#x}", nid=owner)
            return
        highest = self._highest if owner is None else self._highest_sub
        kind = nid & disk.NID_TYPE_MASK
        highest[kind] = max(highest[kind], nid >> 5)

    def follow(self, bid_data: int, bid_sub: int, nid: int) -> None:
        """Follow the data and the subnodes of a node, subnodes of subnodes included."""
        stack: list[_Task | int] = []  # a number: the row of a block all of which has been followed
        if bid_sub:
            stack.append(_Task(bid_sub, False, None, nid))
        if bid_data:
            stack.append(_Task(bid_data, True, None, nid))
        roles = self.source.blocks.roles
        while stack:
            task = stack.pop()
            if isinstance(task, int):
                roles[task] &= ~_OPEN
            else:
                self._reach(task, stack)

    def _reach(self, task: _Task, stack: list[_Task | int]) -> None:
        source = self.source
        table = source.blocks
        bid = task.bid
        row = table.find(bid)
        if row < 0:
            self.findings.add("block-missing", "a block that is referred to is not in the BBT", nid=task.nid, bid=bid)
            return
        if bid & 1:
            self.findings.add("bid-reserved-bit", "a reference has the reserved bit 0 set", nid=task.nid, bid=bid)
        table.references[row] += 1
        role = table.roles[row]
        if role:
            if role & _OPEN:
                self.findings.add("reference-circle", "a tree leads back to itself", nid=task.nid, bid=bid)
            elif not self._fits(task, role):
                self._mismatch(task, Role(role))
            return
        if not bid & disk.BID_INTERNAL:
            table.roles[row] = Role.DATA
            if not self._fits(task, Role.DATA):
                self._mismatch(task, Role.DATA)
            return
        data = source.read_row(row)
        if data is None:
            # Known to be bad and reported; it is reached all the same.
            table.roles[row] = Role.XBLOCK if task.is_data else Role.SLBLOCK
            self.findings.add(
                "tree-block-lost", "a block of a data or subnode tree cannot be read", nid=task.nid, bid=bid
            )
            return
        if data[0] == disk.BTYPE_XBLOCK:
            self._data_tree(task, row, data, stack)
        else:
            self._subnode_tree(task, row, data, stack)

    def _fits(self, task: _Task, role: int) -> bool:
        if task.role is not None:
            return role == task.role
        if task.is_data:
            return role in (Role.DATA, Role.XBLOCK, Role.XXBLOCK)
        return role in (Role.SLBLOCK, Role.SIBLOCK)

    def _mismatch(self, task: _Task, role: Role) -> None:
        wanted = Role(task.role).name if task.role is not None else "data" if task.is_data else "a subnode tree"
        self.findings.add("reference-kind", f"a reference to {wanted} leads to {role.name}", nid=task.nid, bid=task.bid)

    # -- data trees ------------------------------------------------------------------------------------------------

    def _data_tree(self, task: _Task, row: int, data: bytes, stack: list[_Task | int]) -> None:
        table = self.source.blocks
        try:
            level, total, bids = blocks.decode_data_tree(self.layout, data, task.bid)
        except PstFormatError as error:
            table.roles[row] = Role.XBLOCK
            self.findings.add("data-tree", error.message, nid=task.nid, bid=task.bid)
            return
        role = Role.XBLOCK if level == 1 else Role.XXBLOCK
        table.roles[row] = role | _OPEN
        if not self._fits(task, role):
            self._mismatch(task, role)
        stack.append(row)
        below = Role.DATA if level == 1 else Role.XBLOCK
        stack += [_Task(bid, True, below, task.nid) for bid in reversed(bids)]
        if len(bids) < 2:
            self.findings.add("data-tree-single", f"a data tree has {len(bids)} entries", nid=task.nid, bid=task.bid)
        if len(data) != self.layout.xblock_head.size + len(bids) * (8 if self.layout.wide else 4):
            self.findings.add("data-tree-tail", "a data tree block is longer than its entries", bid=task.bid)
        if level == 1:
            self._leaf_sizes(task, total, bids)
        else:
            self._upper_sizes(task, total, bids)

    def _leaf_sizes(self, task: _Task, total: int, bids: tuple[int, ...]) -> None:
        table = self.source.blocks
        found = 0
        known = True
        for at, bid in enumerate(bids):
            row = table.find(bid)
            if row < 0:
                known = False
                continue
            size = table.sizes[row]
            found += size
            known = known and table.states[row] == BlockState.SOUND
            if at + 1 < len(bids) and size != self.full and known:
                self.findings.add(
                    "data-tree-gap",
                    f"a block that is not the last of its data tree has {size} bytes instead of {self.full}",
                    nid=task.nid,
                    bid=bid,
                )
        if known and found != total:
            self.findings.add(
                "data-tree-total", f"lcbTotal is {total}; the blocks have {found} bytes", nid=task.nid, bid=task.bid
            )

    def _upper_sizes(self, task: _Task, total: int, bids: tuple[int, ...]) -> None:
        found = 0
        whole = self.full * self.layout.bids_per_xblock
        for at, bid in enumerate(bids):
            size = self.source.data_size(bid)
            if size is None:
                return  # it is reported where it is reached
            found += size
            if at + 1 < len(bids) and size != whole:
                self.findings.add(
                    "data-tree-gap",
                    f"an XBLOCK that is not the last of its data tree has {size} bytes instead of {whole}",
                    nid=task.nid,
                    bid=bid,
                )
        if found != total:
            self.findings.add(
                "data-tree-total", f"lcbTotal is {total}; the XBLOCKs have {found} bytes", nid=task.nid, bid=task.bid
            )

    # -- subnode trees ---------------------------------------------------------------------------------------------

    def _subnode_tree(self, task: _Task, row: int, data: bytes, stack: list[_Task | int]) -> None:
        table = self.source.blocks
        try:
            level, entries = blocks.decode_subnodes(self.layout, data, task.bid)
        except PstFormatError as error:
            table.roles[row] = Role.SLBLOCK
            self.findings.add("subnode-tree", error.message, nid=task.nid, bid=task.bid)
            return
        role = Role.SIBLOCK if level else Role.SLBLOCK
        table.roles[row] = role | _OPEN
        if not self._fits(task, role):
            self._mismatch(task, role)
        stack.append(row)
        nids = [entry[0] & 0xFFFFFFFF for entry in entries]
        if not nids:
            self.findings.add("subnode-tree-empty", "a subnode block has no entries", nid=task.nid, bid=task.bid)
        if any(left >= right for left, right in pairwise(nids)):
            self.findings.add(
                "subnode-order", "the NIDs of a subnode block are out of order", nid=task.nid, bid=task.bid
            )
        if level:
            self._index_keys(task, nids, [entry[1] for entry in entries])
            stack += [_Task(entry[1], False, Role.SLBLOCK, task.nid) for entry in reversed(entries)]
            return
        for nid, bid_data, bid_sub in reversed(entries):
            self.raise_index(nid & 0xFFFFFFFF, owner=task.nid)
            if bid_sub:
                stack.append(_Task(bid_sub, False, None, task.nid))
            if bid_data:
                stack.append(_Task(bid_data, True, None, task.nid))
            else:
                self.findings.add("subnode-empty", f"the subnode {nid:#x} has no data", nid=task.nid, bid=task.bid)

    def _index_keys(self, task: _Task, nids: list[int], bids: list[int]) -> None:
        """Check that each entry of a SIBLOCK names the first NID of its SLBLOCK, and that those follow each other."""
        last = -1
        for key, bid in zip(nids, bids, strict=True):
            data = self.source.read_block(bid) if bid & disk.BID_INTERNAL else None
            try:
                below = None if data is None else blocks.decode_subnodes(self.layout, data, bid)
            except PstFormatError:
                below = None
            if below is None or below[0] or not below[1]:
                return  # it is reported where it is reached
            first, end = below[1][0][0] & 0xFFFFFFFF, below[1][-1][0] & 0xFFFFFFFF
            if first != key or first <= last:
                self.findings.add(
                    "subnode-order",
                    f"a SIBLOCK lists the subnodes from {first:#x} on as those from {key:#x} on",
                    nid=task.nid,
                    bid=task.bid,
                )
            last = end

    # -- sums ------------------------------------------------------------------------------------------------------

    def follow_abandoned(self) -> None:
        """Follow the blocks to which no reference is left.

        Outlook gives blocks up by setting cRef to 1 and frees them later; meanwhile the upper half of qwUnused, in ANSI
        files dwReserved of ROOT, counts them (measured in all seven files that have some).
        """
        table = self.source.blocks
        header = self.source.header
        count = 0
        # A block has a higher BID than those that it refers to, so that what is on top comes first.
        for row in range(len(table) - 1, -1, -1):
            # In 4K files cRef of such blocks is not 1 (measured).
            if not table.roles[row] and (table.crefs[row] == 1 or self.source.is_4k):
                count += 1
                bid = table.bids[row]
                self.findings.add(
                    "block-abandoned",
                    "a block that was given up and is still to be freed",
                    bid=bid,
                    offset=table.ibs[row],
                )
                if bid & disk.BID_INTERNAL:
                    data = self.source.read_row(row)
                    is_data = data is not None and data[0] == disk.BTYPE_XBLOCK
                    self.follow(bid if is_data else 0, 0 if is_data else bid, 0)
                    table.references[row] -= 1
        noted = header.qwUnused >> 32 if self.layout.wide else header.root.dwReserved
        if noted != count:
            self.findings.add(
                "abandoned-count", f"the header counts {noted} blocks that were given up, and there are {count}"
            )

    def compare(self) -> None:
        """Compare the reference counts."""
        table = self.source.blocks
        for row, (references, cref) in enumerate(zip(table.references, table.crefs, strict=True)):
            bid, ib = table.bids[row], table.ibs[row]
            if not references and cref != 1 and not self.source.is_4k:
                self.findings.add(
                    "block-orphan", f"a block with cRef {cref} that nothing refers to", bid=bid, offset=ib
                )
            elif cref != references + 1 and not self.source.is_4k:
                # In 4K files Outlook counts more references to shared empty tables than there are (measured).
                low = cref < references + 1
                self.findings.add(
                    "reference-count-low" if low else "reference-count-high",
                    f"a block with {references} references has cRef {cref} instead of {references + 1}",
                    bid=bid,
                    offset=ib,
                )

    def check_counters(self) -> None:
        """Check that rgnid covers the NIDs that are in use (2.2.2.6)."""
        if self.source.is_4k:
            return
        for kind, counter in enumerate(self.source.header.rgnid):
            name = disk.NID_TYPE_NAMES.get(kind, f"{kind:#x}")
            for highest, code, what in (
                (self._highest[kind], "nid-counter-low", "a node"),
                (self._highest_sub[kind], "subnode-counter-low", "a subnode"),
            ):
                if highest > counter:
                    self.findings.add(
                        code, f"{what} of type {name} has the index {highest:#x}, above the header's {counter:#x}"
                    )
