"""The CRC of PST files ([MS-PST] 5.3).

The polynomial is the usual one of CRC-32; PST files start from 0 and do not invert the result, so the standard
library's C implementation serves once its own inversions are taken back.
"""

from zlib import crc32 as _crc32

_ALL_ONES = 0xFFFFFFFF


def compute_crc(data: bytes | bytearray | memoryview) -> int:
    """Return the 32-bit CRC of ``data`` as PST pages, blocks and headers store it ([MS-PST] 5.3)."""
    return _crc32(data, _ALL_ONES) ^ _ALL_ONES


def compute_signature(ib: int, bid: int) -> int:
    """Return the 16-bit signature of a page or block from its offset and BID ([MS-PST] 5.5)."""
    mixed = ib ^ bid
    return (mixed >> 16 ^ mixed) & 0xFFFF
