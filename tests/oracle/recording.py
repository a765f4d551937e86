"""A file in memory that remembers every write, truncation and barrier, and gives the states that a crash can leave."""

from __future__ import annotations

import errno
import io
import random
from collections.abc import Iterator
from typing import Final, NamedTuple

SECTOR: Final = 512


class Event(NamedTuple):
    """One thing that was done to the file: data written at an offset, or with None the file cut or grown to a size."""

    offset: int
    data: bytes | None

    def apply(self, image: bytearray, upto: int | None = None) -> None:
        """Do it, or only the first `upto` bytes of it, to an image of the file."""
        if self.data is None:
            if len(image) > self.offset:
                del image[self.offset :]
            image.extend(bytes(self.offset - len(image)))
            return
        data = self.data[:upto]
        if len(image) < self.offset:
            image.extend(bytes(self.offset - len(image)))
        image[self.offset : self.offset + len(data)] = data


class RecordingFile(io.BytesIO):
    """A binary file object that can be written back to any moment, and that can be made to fail.

    Attributes:
        events: what was done, a list between each two barriers.
        fail_at: the number of the write, counted from 0, with which the disk is full; None for never.
    """

    def __init__(self, content: bytes = b"") -> None:
        super().__init__(content)
        self.start = content
        self.events: list[list[Event]] = [[]]
        self.fail_at: int | None = None
        self.writes = 0

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._count()
        if data:
            self.events[-1].append(Event(self.tell(), bytes(data)))
        return super().write(data)

    def truncate(self, size: int | None = None) -> int:
        self._count()
        size = self.tell() if size is None else size
        self.events[-1].append(Event(size, None))
        return super().truncate(size)

    def barrier(self) -> None:
        """Take note that everything so far is on the disk: the `sync` of a `Device`."""
        if self.events[-1]:
            self.events.append([])

    def _count(self) -> None:
        self.writes += 1
        if self.fail_at is not None and self.writes > self.fail_at:
            raise OSError(errno.ENOSPC, "No space left on device")

    def cut_states(self) -> Iterator[tuple[str, bytes]]:
        """Yield (what happened, content) for a writer stopped before, inside and behind every single write."""
        image = bytearray(self.start)
        for number, event in enumerate(event for part in self.events for event in part):
            yield f"before write {number}", bytes(image)
            if event.data is not None:
                for upto in _cuts(event, len(event.data)):
                    torn = bytearray(image)
                    event.apply(torn, upto)
                    yield f"in write {number} at {event.offset:#x}, after {upto} bytes", bytes(torn)
            event.apply(image)
        yield "behind the last write", bytes(image)

    def reordered_states(self, chance: random.Random, each: int) -> Iterator[tuple[str, bytes]]:
        """Yield states in which the writes since the last barrier are lost or done in any order, some in part."""
        image = bytearray(self.start)
        for number, part in enumerate(self.events):
            for _ in range(each if part else 0):
                chosen = chance.sample(part, chance.randrange(len(part) + 1))
                torn = bytearray(image)
                for event in chosen:
                    whole = event.data is None or chance.random() < 0.8
                    # A disk loses whole sectors, of which the first may begin inside the write.
                    sectors = 0 if event.data is None else chance.randrange(len(event.data) // SECTOR + 1)
                    event.apply(torn, None if whole else sectors * SECTOR)
                yield f"{len(chosen)} of {len(part)} writes behind barrier {number}", bytes(torn)
            for event in part:
                event.apply(image)


def _cuts(event: Event, size: int) -> list[int]:
    """Return where a write may be cut: single bytes, the boundary of the header's first sector, the middle."""
    wanted = {1, 4, 8, size // 2, size - 1, SECTOR - event.offset % SECTOR, size // 2 // SECTOR * SECTOR}
    return sorted(cut for cut in wanted if 0 < cut < size)
