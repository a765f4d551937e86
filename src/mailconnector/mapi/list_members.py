"""Members of a personal distribution list as one stream, PidLidDistributionListStream ([MS-OXOCNTC] 2.2.2.2.4).

OFFSET  SIZE  FIELD
0       2     StreamVersion        1
2       2     Reserved             0
4       4     BuildVersion         of Outlook
8       4     DistListStreamFlags
12      4     CountOfEntries
16      4     TotalEntryIdSize
20      4     TotalOneOffSize
24      4     TotalExtraSize
28      ...   for each member: EntryIdSize (4), EntryIdData, OneOffEntryIdSize (4), OneOffEntryIdData,
              ExtraMemberInfoSize (4), ExtraMemberInfoData
...     4     Terminator1          0
...     4     Terminator2          0
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from mailconnector.mapi.types import MapiError

_HEAD = struct.Struct("<HH6I")
_SIZE = struct.Struct("<I")
_VERSION = 1
_BUILD = 0x000C1A97
_TERMINATORS = bytes(8)
_ALL_ONES = 0xFFFFFFFF


class ListStreamFormatError(MapiError):
    """A stream of list members is malformed.

    Attributes:
        reason: What is wrong, in a few words.
    """

    reason: str

    def __init__(self, reason: str) -> None:
        super().__init__(f"stream of list members: {reason}")
        self.reason = reason


def parse(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return the (entry id, one-off entry id) of each member.

    Raises:
        ListStreamFormatError: It is of another version, or ends too early.
    """
    if len(data) < _HEAD.size:
        raise ListStreamFormatError(f"{len(data)} bytes cannot hold its head")
    version, _, _, _, count, *_ = _HEAD.unpack_from(data)
    if version != _VERSION:
        raise ListStreamFormatError(f"version {version}")
    # Each member takes three sizes at least.
    if count > (len(data) - _HEAD.size) // (3 * _SIZE.size):
        raise ListStreamFormatError(f"{count} members in {len(data)} bytes")
    members = []
    at = _HEAD.size
    for _ in range(count):
        entry, at = _block(data, at)
        one_off, at = _block(data, at)
        _, at = _block(data, at)
        members.append((entry, one_off))
    return members


def _block(data: bytes, at: int) -> tuple[bytes, int]:
    if at + _SIZE.size > len(data):
        raise ListStreamFormatError(f"a size at {at} of {len(data)} bytes")
    size: int = _SIZE.unpack_from(data, at)[0]
    end = at + _SIZE.size + size
    if end > len(data):
        raise ListStreamFormatError(f"{size} bytes at {at} of {len(data)}")
    return data[at + _SIZE.size : end], end


def build(members: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return the stream of the (entry id, one-off entry id) of members."""
    sizes = [sum(len(member[which]) for member in members) for which in (0, 1)]
    parts = [_HEAD.pack(_VERSION, 0, _BUILD, 0, len(members), *sizes, 0)]
    for entry, one_off in members:
        parts += [_SIZE.pack(len(entry)), entry, _SIZE.pack(len(one_off)), one_off, _SIZE.pack(0)]
    return b"".join([*parts, _TERMINATORS])


def checksum(entries: Sequence[bytes]) -> int:
    """Return PidLidDistributionListChecksum of the entry ids in PidLidDistributionListMembers ([MS-OXOCNTC] 2.2.2.2.3).

    It is a CRC-32 that begins with zero and is not inverted at the end, as a signed number.
    """
    crc = _ALL_ONES
    for entry in entries:
        crc = zlib.crc32(entry, crc)
    return (crc ^ _ALL_ONES ^ 0x80000000) - 0x80000000
