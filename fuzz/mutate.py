"""Mutations that a PST file's checksums do not stop: of pages, blocks, heaps, trees and the header, sealed again."""

import contextlib
import random
import struct
from collections.abc import Callable

from mailconnector.pst import disk
from mailconnector.pst.disk import Header
from tests.forge import Forge

_NUMBERS = (
    *(0, 1, 2, 3, 4, 7, 8, 0x1F, 0x20, 0x7F, 0x80, 0xFF, 0x100, 0x7FF, 0x800, 0x1FEC, 0x1FF0, 0x1FF4, 0x2000),
    *(0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF),
)
_HEADER_NUMBERS = ("bidNextB", "bidNextP", "dwUnique", "bidUnused")
_ROOT_NUMBERS = (
    "ibFileEof",
    "ibAMapLast",
    "cbAMapFree",
    "cbPMapFree",
    "bidNBT",
    "ibNBT",
    "bidBBT",
    "ibBBT",
    "fAMapValid",
)


class Mutator:
    """Changes one file.

    Args:
        data: the file.
        seed: chooses the changes.
        mutate_bytes: changes a run of bytes without regard to what it means.
    """

    def __init__(self, data: bytes, seed: int, mutate_bytes: Callable[[bytes, int], bytes]) -> None:
        self.random = random.Random(seed)
        self.forge = Forge(data)
        self._mutate_bytes = mutate_bytes

    def run(self) -> bytes:
        """Apply a few changes and return the file."""
        kinds: list[tuple[int, Callable[[], None]]] = [
            (2, self._header),
            (3, self._page_entry),
            (1, self._page_meta),
            (1, self._page_bytes),
            (3, self._node),
            (8, self._heap),
            (4, self._internal),
            (4, self._block_bytes),
            (2, self._block_number),
            (1, self._block_size),
            (1, self._swap_blocks),
            (1, self._truncate),
        ]
        weights = [weight for weight, _ in kinds]
        for _ in range(self.random.choice((1, 1, 1, 2, 2, 3, 5))):
            ((_, kind),) = self.random.choices(kinds, weights)
            # What was forged before may leave nothing there to change.
            with contextlib.suppress(LookupError, ValueError, OverflowError, AssertionError, struct.error):
                kind()
        return bytes(self.forge.data)

    # -- choosing --------------------------------------------------------------------------------------------------

    def _number(self, near: int, bits: int) -> int:
        pick = self.random.random()
        if pick < 0.4:
            number = near + self.random.choice((-64, -16, -8, -4, -2, -1, 1, 2, 4, 8, 16, 64, 512))
        elif pick < 0.6:
            number = near ^ 1 << self.random.randrange(bits)
        else:
            number = self.random.choice(_NUMBERS)
        return number & (1 << bits) - 1

    def _bid(self) -> int:
        return self.random.choice(list(self.forge.blocks))

    def _nid(self) -> int:
        return self.random.choice(list(self.forge.nodes))

    def _offset(self) -> int:
        pages = list(self.forge.pages)
        return self.random.choice((*pages, *(place.values[1] for place in self.forge.blocks.values())))

    def _reference(self) -> int:
        """Return something that may stand where a BID, a NID, a HID or an offset is due."""
        pick = self.random.random()
        if pick < 0.6:
            return self._bid()
        if pick < 0.8:
            return self._nid()
        return self._offset() if pick < 0.9 else self._number(0, 32)

    # -- changes ---------------------------------------------------------------------------------------------------

    def _header(self) -> None:
        forge = self.forge
        name = self.random.choice((*_HEADER_NUMBERS, *_ROOT_NUMBERS, "rgnid", "bCryptMethod"))
        header: Header = forge.header
        bits = 64 if forge.layout.wide else 32
        if name == "rgnid":
            at = self.random.randrange(32)
            old = header.rgnid
            forge.set_header(rgnid=(*old[:at], self._number(old[at], 32), *old[at + 1 :]))
        elif name == "bCryptMethod":
            forge.set_header(bCryptMethod=self.random.randrange(3))
        elif name == "fAMapValid":
            forge.set_header(fAMapValid=self.random.randrange(3))
        elif name in _ROOT_NUMBERS:
            near = getattr(header.root, name)
            choice = (
                self._offset() if name.startswith("ib") and self.random.random() < 0.5 else self._number(near, bits)
            )
            forge.set_header(**{name: choice})
        else:
            forge.set_header(**{name: self._number(getattr(header, name), 32 if name == "dwUnique" else bits)})

    def _page_entry(self) -> None:
        forge = self.forge
        place = self.random.choice((*forge.links, *forge.blocks.values(), *forge.nodes.values()))
        values = list(place.values)
        at = self.random.randrange(len(values))
        pick = self.random.random()
        if pick < 0.5:
            values[at] = self._number(values[at], 16 if at > 1 and len(values) == 4 else 32)
        elif pick < 0.8:
            values[at] = self._reference()
        else:
            other = self.random.choice((*forge.links, *forge.blocks.values(), *forge.nodes.values())).values
            values[1 : len(other)] = other[1 : len(values)]
        forge.set_entry(place, tuple(values))

    def _page_meta(self) -> None:
        ib = self.random.choice(list(self.forge.pages))
        if self.random.random() < 0.5:
            self.forge.set_meta(ib, count=self.random.randrange(42))
        else:
            self.forge.set_meta(ib, level=self.random.randrange(9))

    def _page_bytes(self) -> None:
        forge = self.forge
        ib = self.random.choice(list(forge.pages))
        size = forge.layout.page_crc_size
        forge.data[ib : ib + size] = self._mutate_bytes(bytes(forge.data[ib : ib + size]), size).ljust(size, b"\0")
        forge.seal_page(ib)

    def _node(self) -> None:
        forge = self.forge
        nid, field = self._nid(), self.random.randrange(3)
        other = forge.nodes[self._nid()].values[field + 1]
        value = other if self.random.random() < 0.6 else self._reference()
        forge.set_node(nid, **{("data", "sub", "parent")[field]: value})

    def _heap(self) -> None:
        """Change a number in a heap: of its header, its page map, or of an item (BTH, PC record, TCINFO, cell)."""
        forge = self.forge
        heaps = [bid for bid in forge.blocks if not bid & disk.BID_INTERNAL and forge.block(bid)[2:3] == b"\xec"]
        bid = self.random.choice(heaps)
        data = forge.block(bid)
        map_at = int.from_bytes(data[:2], "little")
        count = int.from_bytes(data[map_at : map_at + 2], "little")
        pick = self.random.random()
        if pick < 0.1:
            at, width = self.random.choice(((0, 2), (2, 1), (3, 1), (4, 4), (8, 4), (map_at, 2), (map_at + 2, 2)))
        elif pick < 0.25:
            at, width = map_at + 4 + 2 * self.random.randrange(count + 1), 2
        else:
            number = 1 + min(int(self.random.expovariate(0.4)), count - 1)
            start, end = forge.heap_item(bid, number << 5)
            width = self.random.choice((1, 2, 4, 4, 4))
            at = start + self.random.randrange(max(end - start - width + 1, 1))
            if width == 4:
                at -= (at - start) % 4
        old = int.from_bytes(data[at : at + width], "little")
        if width == 4 and self.random.random() < 0.5:
            new = self.random.choice(
                (
                    self.random.randint(1, count + 1) << 5,
                    self.random.randrange(9) << 16 | 0x20,
                    0x671,
                    0x692,
                    self._nid(),
                )
            )
        else:
            new = self._number(old, 8 * width)
        forge.patch(bid, at, new.to_bytes(width, "little"))

    def _internal(self) -> None:
        """Change an XBLOCK, XXBLOCK, SLBLOCK or SIBLOCK: its head, or the BIDs in it."""
        forge = self.forge
        bid = self.random.choice([bid for bid in forge.blocks if bid & disk.BID_INTERNAL])
        data = forge.block(bid)
        wide = 8 if forge.layout.wide else 4
        if self.random.random() < 0.3:
            at, width = self.random.choice(((0, 1), (1, 1), (2, 2), (4, 4)))
            new = self._number(int.from_bytes(data[at : at + width], "little"), 8 * width)
        else:
            at, width = 8 + wide * self.random.randrange((len(data) - 8) // wide), wide
            new = self._reference() if self.random.random() < 0.7 else bid
        if self.random.random() < 0.2:
            # More entries: the same over again, as many as there is room for.
            room = forge.room(bid)
            data = (data + data[8:] * (room // max(len(data) - 8, 1) + 1))[:room]
            entries = (len(data) - 8) // (wide * (3 if data[0] == disk.BTYPE_SLBLOCK and not data[1] else 1))
            data = data[:2] + struct.pack("<H", entries) + data[4:]
        forge.set_block(bid, (data[:at] + new.to_bytes(width, "little") + data[at + width :])[: forge.room(bid)])

    def _block_bytes(self) -> None:
        forge = self.forge
        bid = self._bid()
        data = forge.block(bid)
        forge.set_block(bid, self._mutate_bytes(data, len(data)).ljust(1, b"\0")[: forge.room(bid)])

    def _block_number(self) -> None:
        forge = self.forge
        bid = self._bid()
        data = forge.block(bid)
        width = self.random.choice((1, 2, 4))
        at = self.random.randrange(min(len(data), self.random.choice((16, 64, 8192))))
        old = int.from_bytes(data[at : at + width], "little")
        forge.patch(bid, at, self._number(old, 8 * width).to_bytes(width, "little"))

    def _block_size(self) -> None:
        forge = self.forge
        bid = self._bid()
        data = forge.block(bid)
        size = self.random.randint(1, forge.room(bid))
        forge.set_block(bid, (data * (size // len(data) + 1))[:size])

    def _swap_blocks(self) -> None:
        forge = self.forge
        one, other = self._bid(), self._bid()
        forge.set_block(one, forge.block(other)[: forge.room(one)])

    def _truncate(self) -> None:
        data = self.forge.data
        del data[self.random.randrange(len(data)) :]
