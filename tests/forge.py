"""PST files taken apart and changed behind their checksums: for tests of hostile files, and for the fuzzer.

A :class:`Forge` finds the pages, blocks and nodes of a file as far as they can be found; what is changed through it
gets its CRC, signature and trailer made anew, so that a reader does not stop at these.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from mailconnector.pst import crypt, disk
from mailconnector.pst.crc import compute_crc, compute_signature
from mailconnector.pst.disk import Header

_MAX_PAGES = 4000


class Place(NamedTuple):
    """An entry of a B-tree page: where it stands in the file, and what it says."""

    page: int  # offset of the page
    at: int  # offset of the entry
    values: tuple[int, ...]


class Forge:
    """A PST file that is being forged.

    Attributes:
        data: the file as it stands.
        pages: by offset, the page type and the BID of each page of the two trees.
        blocks: by BID (bit 0 cleared), the BBT entry.
        nodes: by NID, the NBT entry.
        links: the entries of the index pages of both trees.
    """

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self.layout = disk.layout_of(data)
        self.pages: dict[int, tuple[int, int]] = {}
        self.blocks: dict[int, Place] = {}
        self.nodes: dict[int, Place] = {}
        self.links: list[Place] = []
        self.header: Header = disk.unpack_header(self._sealed_header())
        root = self.header.root
        self._walk(disk.PTYPE_NBT, root.bidNBT, root.ibNBT)
        self._walk(disk.PTYPE_BBT, root.bidBBT, root.ibBBT)

    # -- the header ------------------------------------------------------------------------------------------------

    def _sealed_header(self) -> bytes:
        head = bytearray(self.data[: disk.HEADER_READ_SIZE])
        struct.pack_into("<I", head, 4, compute_crc(head[8 : 8 + 471]))
        if self.layout.wide:
            struct.pack_into("<I", head, 524, compute_crc(head[8 : 8 + 516]))
        return bytes(head)

    def seal_header(self) -> None:
        """Make the header's CRCs right."""
        self.data[: disk.HEADER_READ_SIZE] = self._sealed_header()

    def set_header(self, **fields: Any) -> None:
        """Set fields of HEADER, and of its ROOT."""
        own = {name: value for name, value in fields.items() if hasattr(self.header, name)}
        root = replace(self.header.root, **{name: fields[name] for name in fields.keys() - own.keys()})
        self.header = replace(self.header, root=root, **own)
        packed = self.header.pack()
        self.data[: len(packed)] = packed

    # -- pages -----------------------------------------------------------------------------------------------------

    def _walk(self, ptype: int, bid: int, ib: int) -> None:
        layout = self.layout
        pending = [(bid, ib)]
        while pending:
            bid, ib = pending.pop()
            if ib in self.pages or ib + layout.page_size > len(self.data) or len(self.pages) >= _MAX_PAGES:
                continue
            self.pages[ib] = ptype, bid
            count, _, _, level = layout.btpage_meta.unpack_from(self.data, ib + layout.btpage_meta_at)
            entry = layout.entry_struct(ptype, level)
            for at in range(ib, ib + min(count * entry.size, layout.btpage_meta_at - entry.size + 1), entry.size):
                values = entry.unpack_from(self.data, at)
                place = Place(ib, at, values)
                if level:
                    self.links.append(place)
                    pending.append((values[1], values[2]))
                elif ptype == disk.PTYPE_BBT:
                    self.blocks[values[0] & ~1] = place
                else:
                    self.nodes[values[0] & 0xFFFFFFFF] = place

    def add_page(self, ptype: int, level: int, entries: Sequence[tuple[int, ...]], bid: int) -> int:
        """Put a B-tree page behind the end of the file and return its offset."""
        layout = self.layout
        ib = -(-len(self.data) // layout.page_size) * layout.page_size
        structure = layout.entry_struct(ptype, level)
        body = b"".join(structure.pack(*entry) for entry in entries).ljust(layout.btpage_meta_at, b"\0")
        body += layout.btpage_meta.pack(len(entries), layout.fanout(ptype, level), structure.size, level)
        self.data += bytes(ib - len(self.data)) + disk.pack_page(layout, body, ptype, bid, ib)
        self.pages[ib] = ptype, bid
        return ib

    def seal_page(self, ib: int, ptype: int | None = None) -> None:
        """Give a page a right trailer; the type and BID that it was reached with stay."""
        layout = self.layout
        known, bid = self.pages.get(ib, (ptype, ib))
        page = disk.pack_page(layout, bytes(self.data[ib : ib + layout.page_crc_size]), known or 0, bid, ib)
        self.data[ib : ib + layout.page_size] = page

    def level(self, ib: int) -> int:
        """Return the level of a page."""
        return int(self.layout.btpage_meta.unpack_from(self.data, ib + self.layout.btpage_meta_at)[3])

    def set_meta(self, ib: int, *, count: int | None = None, level: int | None = None) -> None:
        """Set cEnt or cLevel of a page."""
        meta, at = self.layout.btpage_meta, ib + self.layout.btpage_meta_at
        old_count, most, size, old_level = meta.unpack_from(self.data, at)
        new = (old_count if count is None else count, most, size, old_level if level is None else level)
        meta.pack_into(self.data, at, *new)
        self.seal_page(ib)

    def set_entry(self, place: Place, values: tuple[int, ...]) -> Place:
        """Replace an entry of a page."""
        entry = self.layout.entry_struct(self.pages[place.page][0], self.level(place.page))
        entry.pack_into(self.data, place.at, *values)
        self.seal_page(place.page)
        return place._replace(values=values)

    def set_node(self, nid: int, *, data: int | None = None, sub: int | None = None, parent: int | None = None) -> None:
        """Set the BIDs or the parent of a node."""
        place = self.nodes[nid]
        new = (data, sub, parent)
        old = place.values
        values = (old[0], *(was if now is None else now for was, now in zip(old[1:4], new, strict=True)))
        self.nodes[nid] = self.set_entry(place, values)

    # -- blocks ----------------------------------------------------------------------------------------------------

    def block(self, bid: int) -> bytes:
        """Return the decoded data of a block; compressed data stays so."""
        bid, ib, size, _ = self.blocks[bid & ~1].values
        data = bytes(self.data[ib : ib + size])
        return data if bid & disk.BID_INTERNAL else crypt.decode(self.header.bCryptMethod, data, bid & 0xFFFFFFFF)

    def room(self, bid: int) -> int:
        """Return how many bytes of data a block can take where it stands."""
        size = self.blocks[bid & ~1].values[2]
        return min(self.layout.block_total(size) - self.layout.block_trailer.size, self.layout.block_data_max)

    def set_block(self, bid: int, data: bytes) -> None:
        """Replace the data of a block, in its place: there must be room for it."""
        place = self.blocks[bid & ~1]
        bid, ib, size, cref = place.values
        layout = self.layout
        total = layout.block_total(size)
        assert len(data) <= total - layout.block_trailer.size
        if len(data) != size:
            self.blocks[bid & ~1] = self.set_entry(place, (bid, ib, len(data), cref))
        stored = data if bid & disk.BID_INTERNAL else crypt.encode(self.header.bCryptMethod, data, bid & 0xFFFFFFFF)
        self._store(bid, ib, stored, total)

    def move_block(self, bid: int, data: bytes) -> None:
        """Give a block other data of any size, in a place behind the end of the file."""
        place = self.blocks[bid & ~1]
        bid, _, _, cref = place.values
        layout = self.layout
        ib = -(-len(self.data) // layout.block_align) * layout.block_align
        self.data += bytes(ib - len(self.data) + layout.block_total(len(data)))
        self.blocks[bid & ~1] = self.set_entry(place, (bid, ib, len(data), cref))
        stored = data if bid & disk.BID_INTERNAL else crypt.encode(self.header.bCryptMethod, data, bid & 0xFFFFFFFF)
        self._store(bid, ib, stored, layout.block_total(len(data)))

    def _store(self, bid: int, ib: int, stored: bytes, total: int) -> None:
        layout = self.layout
        crc = compute_crc(stored)
        ends = (bid, crc) if layout.trailer_bid_first else (crc, bid)
        trailer = bytearray(layout.block_trailer.pack(len(stored), compute_signature(ib, bid), *ends))
        # A block that shrinks ends sooner: readers look for the trailer where its size says.
        total = min(total, layout.block_total(len(stored)))
        if layout is disk.UNICODE_4K:
            trailer[18:20] = self.data[ib + total - 6 : ib + total - 4]
        self.data[ib : ib + total] = stored.ljust(total - len(trailer), b"\0") + trailer

    def patch(self, bid: int, at: int, new: bytes) -> None:
        """Overwrite a part of a block's data."""
        data = self.block(bid)
        self.set_block(bid, (data[:at] + new + data[at + len(new) :])[: len(data)])

    def change(self, bid: int, change: Callable[[bytes], bytes]) -> None:
        """Replace a block's data by what a function makes of it."""
        self.set_block(bid, change(self.block(bid)))

    # -- nodes -----------------------------------------------------------------------------------------------------

    def data_bid(self, nid: int) -> int:
        """Return the BID of a node's data."""
        return self.nodes[nid].values[1]

    def sub_bid(self, nid: int) -> int:
        """Return the BID of a node's subnode tree."""
        return self.nodes[nid].values[2]

    def subnodes(self, bid: int) -> list[tuple[int, ...]]:
        """Return the entries of an SLBLOCK."""
        data, layout = self.block(bid), self.layout
        count = layout.sl_head.unpack_from(data)[2]
        return [
            layout.sl_entry.unpack_from(data, layout.sl_head.size + at * layout.sl_entry.size) for at in range(count)
        ]

    def set_subnodes(self, bid: int, entries: Sequence[tuple[int, ...]]) -> None:
        """Replace the entries of an SLBLOCK."""
        layout = self.layout
        body = b"".join(layout.sl_entry.pack(*entry) for entry in entries)
        self.set_block(bid, layout.sl_head.pack(disk.BTYPE_SLBLOCK, 0, len(entries)) + body)

    def heap_item(self, bid: int, hid: int) -> tuple[int, int]:
        """Return where an item of the heap whose first block this is begins and ends in the block."""
        data = self.block(bid)
        at = int.from_bytes(data[:2], "little")
        start, end = struct.unpack_from("<HH", data, at + 4 + 2 * ((hid >> 5) - 1))
        return start, end

    def property_record(self, bid: int, pid: int) -> int:
        """Return where the record of a property stands in the block of a PC of one block and one leaf."""
        data = self.block(bid)
        start, _ = self.heap_item(bid, int.from_bytes(data[4:8], "little"))
        leaf, end = self.heap_item(bid, int.from_bytes(data[start + 4 : start + 8], "little"))
        for at in range(leaf, end, 8):
            if int.from_bytes(data[at : at + 2], "little") == pid:
                return at
        raise KeyError(pid)

    def reseal(self) -> None:
        """Give the header, every page and every block that can be found a right trailer."""
        layout = self.layout
        self.seal_header()
        for ib in self.pages:
            self.seal_page(ib)
        for bid, ib, size, _ in [place.values for place in self.blocks.values()]:
            if 0 < size <= layout.block_data_max and ib + layout.block_total(size) <= len(self.data):
                self._store(bid, ib, bytes(self.data[ib : ib + size]), layout.block_total(size))
