"""The conversation index, which orders the messages of a thread: [MS-OXOMSG] 2.2.1.3.

OFFSET  SIZE  FIELD
0       1     Reserved  1
1       5     Current FILETIME  when the thread began, big endian (see below)
6       16    GUID  of the thread, big endian
22      5*n   Response Levels  one a reply, each:
              bit  39     DC  which bits of the delay follow
              bits 38-8   Time Delta  bits 48-18 of the delay's ticks (DC 0), or bits 53-23 (DC 1)
              bits 7-0    Random

Which 40 bits of the time are kept differs. Outlook keeps bits 55-16, so that the reserved byte stands for the
time's highest byte, which is 1 until the year 2057; Exchange keeps bits 63-24, so that a second 1 follows the
first. The two are told apart by that byte: in Outlook's form a 1 there would mean the year 1830.

The specification counts each delay from the beginning of the thread; in files that Outlook wrote it counts
from the message replied to.
"""

from __future__ import annotations

import secrets
import struct
import uuid
from dataclasses import dataclass, replace
from typing import Self

from mailconnector.mapi.types import FileTime, MapiError

_HEADER_SIZE = 22
_LEVEL_SIZE = 5
_LEVEL = struct.Struct(">IB")
_COARSE = 0x8000_0000
_DELTA_BITS = 0x7FFF_FFFF
_FINE_SHIFT = 18
_COARSE_SHIFT = 23
_FINE_LIMIT = 1 << _FINE_SHIFT + 31


class ConversationIndexFormatError(MapiError):
    """A conversation index is malformed.

    Attributes:
        size: Bytes of the malformed value.
    """

    size: int

    def __init__(self, size: int) -> None:
        super().__init__(f"conversation index of {size} bytes: want 22 and a multiple of 5 more")
        self.size = size


@dataclass(frozen=True, slots=True)
class ResponseLevel:
    """One reply.

    Attributes:
        delay: Ticks (100 ns) since the message replied to, cut to what is stored: 26 ms, or 0.84 s from 1.78
            years on.
        random: Tells replies of the same moment apart, 0-255.
        coarse: The delay is stored in the longer unit.
    """

    delay: int
    random: int
    coarse: bool = False

    @classmethod
    def between(cls, earlier: int, later: int, random: int) -> Self:
        """Return the level of a reply that is written at a moment to a message of an earlier one."""
        delay = max(0, later - earlier)
        coarse = delay >= _FINE_LIMIT
        shift = _COARSE_SHIFT if coarse else _FINE_SHIFT
        return cls((delay >> shift & _DELTA_BITS) << shift, random, coarse)

    def to_bytes(self) -> bytes:
        """Return the five bytes."""
        shift, code = (_COARSE_SHIFT, _COARSE) if self.coarse else (_FINE_SHIFT, 0)
        return _LEVEL.pack(code | self.delay >> shift & _DELTA_BITS, self.random)


@dataclass(frozen=True, slots=True)
class ConversationIndex:
    """A PidTagConversationIndex value, taken apart without loss.

    Attributes:
        head: The six bytes of the reserved byte and the time.
        guid: The thread.
        levels: The replies from the thread's first message to this one.
    """

    head: bytes
    guid: uuid.UUID
    levels: tuple[ResponseLevel, ...] = ()

    @classmethod
    def new(cls, moment: FileTime | None = None, guid: uuid.UUID | None = None) -> Self:
        """Begin a thread, as Outlook does it.

        Args:
            moment: When it begins, before 2057; now, if not given.
            guid: The thread's id; a new one, if not given.
        """
        ticks = FileTime.now() if moment is None else moment
        return cls(b"\x01" + (ticks >> 16 & (1 << 40) - 1).to_bytes(5, "big"), guid or uuid.uuid4())

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Take a PidTagConversationIndex value apart.

        Raises:
            ConversationIndexFormatError: It is shorter than a header, or ends inside a response level.
        """
        if len(data) < _HEADER_SIZE or (len(data) - _HEADER_SIZE) % _LEVEL_SIZE:
            raise ConversationIndexFormatError(len(data))
        levels = []
        for delta, random in _LEVEL.iter_unpack(data[_HEADER_SIZE:]):
            coarse = bool(delta & _COARSE)
            shift = _COARSE_SHIFT if coarse else _FINE_SHIFT
            levels.append(ResponseLevel((delta & _DELTA_BITS) << shift, random, coarse))
        return cls(bytes(data[:6]), uuid.UUID(bytes=bytes(data[6:22])), tuple(levels))

    def to_bytes(self) -> bytes:
        """Return the PidTagConversationIndex value."""
        return b"".join([self.head, self.guid.bytes, *[level.to_bytes() for level in self.levels]])

    @property
    def began(self) -> FileTime:
        """When the thread began, cut to 6.6 ms (Outlook's form) or 1.7 s (Exchange's)."""
        if self.head[1] == 1:
            return FileTime(int.from_bytes(self.head[1:], "big") << 24)
        return FileTime(int.from_bytes(self.head, "big") << 16)

    @property
    def written(self) -> FileTime:
        """When this message was written: the beginning and all delays."""
        return FileTime(self.began + sum(level.delay for level in self.levels))

    def child(self, moment: FileTime | None = None, random: int | None = None) -> Self:
        """Return the index of a reply to this message.

        Args:
            moment: When it is written; now, if not given. Not before this message.
            random: Tells replies of the same moment apart, 0-255; drawn, if not given.
        """
        ticks = FileTime.now() if moment is None else moment
        level = ResponseLevel.between(self.written, ticks, secrets.randbelow(256) if random is None else random & 0xFF)
        return replace(self, levels=(*self.levels, level))
