"""The fields that recurrence blobs are made of: little-endian numbers, arrays of dates, and blocks with their size."""

from __future__ import annotations

import struct

from mailconnector.mapi.types import MapiError


class RecurrenceFormatError(MapiError):
    """A recurrence blob is malformed, or has values that it has no room for.

    Attributes:
        reason: What is wrong, in a few words.
    """

    reason: str

    def __init__(self, reason: str) -> None:
        super().__init__(f"recurrence: {reason}")
        self.reason = reason


class BlobReader:
    """Takes fields from the front of a blob, and never reads past its end.

    Each raises `RecurrenceFormatError` where the blob ends before.
    """

    __slots__ = ("data", "position")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def numbers(self, layout: str) -> tuple[int, ...]:
        """Take numbers in a layout of `struct`."""
        size = struct.calcsize(layout)
        piece = self.take(size)
        found: tuple[int, ...] = struct.unpack(layout, piece)
        return found

    def number(self) -> int:
        """Take a number of 32 bits."""
        return self.numbers("<I")[0]

    def short(self) -> int:
        """Take a number of 16 bits."""
        return self.numbers("<H")[0]

    def array(self) -> tuple[int, ...]:
        """Take a count, and so many numbers of 32 bits."""
        count = self.number()
        if count > (len(self.data) - self.position) // 4:
            raise RecurrenceFormatError(f"{count} dates in {len(self.data) - self.position} bytes")
        return self.numbers(f"<{count}I")

    def block(self) -> bytes:
        """Take a size, and so many bytes."""
        return self.take(self.number())

    def take(self, size: int) -> bytes:
        """Take some bytes."""
        piece = self.data[self.position : self.position + size]
        if len(piece) < size:
            raise RecurrenceFormatError(f"ends at {len(self.data)}, {size} bytes wanted at {self.position}")
        self.position += size
        return piece

    def rest(self) -> bytes:
        """Return what is left."""
        return self.data[self.position :]


def packed(layout: str, *values: int) -> bytes:
    """Return numbers in a layout of `struct`.

    Raises:
        RecurrenceFormatError: One has no room in its field.
    """
    try:
        return struct.pack(layout, *values)
    except struct.error:
        raise RecurrenceFormatError(f"{values!r:.80} has no room in its fields") from None


def array_bytes(values: tuple[int, ...]) -> bytes:
    """Return a count, and the numbers in 32 bits each."""
    return packed(f"<I{len(values)}I", len(values), *values)


def block_bytes(data: bytes) -> bytes:
    """Return a size, and the bytes."""
    return packed("<I", len(data)) + data
