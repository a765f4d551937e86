"""Compressed RTF, the form of PidTagRtfCompressed, [MS-OXRTFCP].

OFFSET  SIZE  FIELD
0       4     COMPSIZE  bytes that follow this field
4       4     RAWSIZE   bytes of the RTF
8       4     COMPTYPE  "LZFu" compressed, "MELA" stored
12      4     CRC       of CONTENTS; 0 when stored
16      ...   CONTENTS

LZFu is LZ77 over a ring of 4096 bytes that starts with words usual in RTF. A control byte tells, from its
lowest bit up, what the next eight tokens are: 0 one literal byte, 1 a reference of two bytes, big endian:
twelve bits of position in the ring, four bits of length less 2. A reference to the ring's write position ends
the stream.
"""

from __future__ import annotations

import struct
import zlib

from mailconnector.mapi.types import MapiError

MAXIMUM = 1 << 28
"""Bytes of RTF that `decompress` returns at most, unless told otherwise."""

_HEADER = struct.Struct("<II4sI")
_COMPRESSED = b"LZFu"
_STORED = b"MELA"
_RING = 4096
_SHORTEST = 2
_LONGEST = 17

_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor "
    rb"MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_ORIGIN = _RING - len(_DICTIONARY)
_BITS = tuple(tuple(bool(control >> bit & 1) for bit in range(8)) for control in range(256))


class RtfFormatError(MapiError):
    """Compressed RTF is malformed, or larger than allowed.

    Attributes:
        reason: What is wrong, in a few words.
    """

    reason: str

    def __init__(self, reason: str) -> None:
        super().__init__(f"compressed RTF: {reason}")
        self.reason = reason


def decompress(data: bytes, *, lenient: bool = False, maximum: int = MAXIMUM) -> bytes:
    """Return the RTF bytes of a PidTagRtfCompressed value.

    Args:
        data: The whole value, header included; bytes after its end are ignored.
        lenient: Take what can be read, up to `maximum`, in spite of a wrong checksum, size or end.
        maximum: Longest acceptable result, in bytes.

    Raises:
        RtfFormatError: No header, or an unknown compression; unless lenient, any other defect too.
    """
    if len(data) < _HEADER.size:
        raise RtfFormatError(f"{len(data)} bytes cannot hold a header")
    packed_size, raw_size, kind, crc = _HEADER.unpack_from(data)
    contents = data[_HEADER.size : packed_size + 4]
    if not lenient and packed_size + 4 > len(data):
        raise RtfFormatError(f"{len(data)} bytes of {packed_size + 4}")
    if not lenient and raw_size > maximum:
        raise RtfFormatError(f"{raw_size} bytes of RTF, more than {maximum}")
    if kind == _STORED:
        rtf = contents[: min(raw_size, maximum)]
    elif kind == _COMPRESSED:
        if not lenient and zlib.crc32(contents, 0xFFFFFFFF) ^ 0xFFFFFFFF != crc:
            raise RtfFormatError("checksum does not match")
        rtf = _unpack(contents, maximum if lenient else raw_size, lenient)
    else:
        raise RtfFormatError(f"unknown compression {kind!r}")
    if not lenient and len(rtf) != raw_size:
        raise RtfFormatError(f"{len(rtf)} bytes of RTF, header says {raw_size}")
    return rtf


def _unpack(packed: bytes, limit: int, lenient: bool) -> bytes:
    # The ring is the last 4096 bytes of the output, which begins with the ring's first content (unused,
    # then the dictionary), so that every reference falls inside.
    out = bytearray(_ORIGIN) + _DICTIONARY
    append = out.append
    end = _RING + limit
    at = 0
    size = len(packed)
    ended = False
    while at < size and not ended and len(out) <= end:
        control = packed[at]
        at += 1
        if not control:
            out += packed[at : at + 8]
            at += 8
            continue
        try:
            for reference in _BITS[control]:
                if not reference:
                    append(packed[at])
                    at += 1
                    continue
                token = packed[at] << 8 | packed[at + 1]
                at += 2
                here = len(out)
                distance = (here - _ORIGIN - (token >> 4)) % _RING
                if not distance:
                    ended = True
                    break
                length = (token & 15) + _SHORTEST
                start = here - distance
                if distance >= length:
                    out += out[start : start + length]
                else:
                    out += (out[start:] * (length // distance + 1))[:length]
        except IndexError:
            break
    if not lenient and len(out) > end:
        raise RtfFormatError(f"more than the {limit} bytes of RTF that the header says")
    # A stream that is whole and lacks nothing but its end mark is as good as one that has it.
    if not lenient and not ended and len(out) != end:
        raise RtfFormatError("no end mark")
    return bytes(memoryview(out)[_RING:end])


def compress(rtf: bytes) -> bytes:
    """Return the PidTagRtfCompressed value of RTF bytes, compressed with LZFu."""
    packed = _pack(rtf)
    crc = zlib.crc32(packed, 0xFFFFFFFF) ^ 0xFFFFFFFF
    return _HEADER.pack(len(packed) + 12, len(rtf), _COMPRESSED, crc) + packed


def _pack(rtf: bytes) -> bytes:
    window = _DICTIONARY + rtf
    at = len(_DICTIONARY)
    end = len(window)
    packed = bytearray()
    tokens = bytearray()
    control = 0
    count = 0
    ended = False
    while not ended:
        if at == end:
            tokens += (at % _RING << 4).to_bytes(2, "big")
            control |= 1 << count
            ended = True
        else:
            start, length = _longest_match(window, at, end)
            if length:
                tokens += (start % _RING << 4 | length - _SHORTEST).to_bytes(2, "big")
                control |= 1 << count
                at += length
            else:
                tokens.append(window[at])
                at += 1
        count += 1
        if count == 8 or ended:
            packed.append(control)
            packed += tokens
            tokens.clear()
            control = count = 0
    return bytes(packed)


def _longest_match(window: bytes, at: int, end: int) -> tuple[int, int]:
    """Return start and length of the longest repetition at `at`, the oldest of its kind; length 0 when none.

    A longer match is a match of the shorter piece too, so each search goes on to the right of the last find.
    """
    # One less than the ring: a whole ring away is the write position, which would end the stream.
    left = max(0, at - _RING + 1)
    longest = min(_LONGEST, end - at)
    found = -1
    length = 0
    wanted = _SHORTEST
    while wanted <= longest:
        start = window.find(window[at : at + wanted], left, at + wanted - 1)
        if start < 0:
            break
        length = wanted
        while length < longest and window[start + length] == window[at + length]:
            length += 1
        found = start
        left = start + 1
        wanted = length + 1
    return found, length
