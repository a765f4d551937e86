"""Blocks as bytes: data blocks, XBLOCK and XXBLOCK, SLBLOCK and SIBLOCK ([MS-PST] 2.2.2.8).

Pure functions between a block's bytes in the file and what they say; :mod:`~mailconnector.pst.ndb.lookup` finds the
blocks, and :mod:`~mailconnector.pst.ndb.writing` stores them.
"""

import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from mailconnector.pst import crypt, disk
from mailconnector.pst.crc import compute_crc, compute_signature
from mailconnector.pst.disk import Layout
from mailconnector.pst.errors import PstFormatError


class SubnodeEntry(NamedTuple):
    """SLENTRY: one subnode ([MS-PST] 2.2.2.8.3.3.1.1)."""

    nid: int
    bid_data: int
    bid_sub: int


class DataTreeBlock(NamedTuple):
    """XBLOCK (level 1) or XXBLOCK (level 2)."""

    level: int
    total: int  # lcbTotal: the bytes of data below it
    bids: tuple[int, ...]


class EncodedData(NamedTuple):
    """The data of a block as it stands in the file, and its CRC: all of a data block that has not to do with its place.

    Attributes:
        data: encoded, without padding.
        crc: of that.
    """

    data: bytes
    crc: int


def encode_data(method: int, data: bytes) -> EncodedData | None:
    """Return the data of a data block as it stands in the file; None when that depends on the block's BID."""
    if method == crypt.CYCLIC:
        return None
    encoded = crypt.encode(method, data, 0)
    return EncodedData(encoded, compute_crc(encoded))


def encode_block(layout: Layout, method: int, data: bytes, bid: int, ib: int) -> bytes:
    """Return a block as it stands in the file: encoded data, padding, BLOCKTRAILER ([MS-PST] 2.2.2.8.1)."""
    if method and not bid & disk.BID_INTERNAL:
        data = crypt.encode(method, data, bid & 0xFFFFFFFF)
    return finish_block(layout, data, compute_crc(data), bid, ib)


def finish_block(layout: Layout, data: bytes, crc: int, bid: int, ib: int) -> bytes:
    """Return a block as it stands in the file from its encoded data and their CRC."""
    size = len(data)
    trailer = layout.block_trailer
    ends = (bid, crc) if layout.trailer_bid_first else (crc, bid)
    end = trailer.pack(size, compute_signature(ib, bid), *ends)
    padding = layout.block_total(size) - trailer.size - size
    return b"".join((data, bytes(padding), end)) if padding else data + end


def decode_block(layout: Layout, method: int, raw: bytes, bid: int, ib: int, size: int) -> bytes:
    """Return the data of a block after checking its trailer.

    Args:
        layout: the file's variant.
        method: bCryptMethod.
        raw: the block as it stands in the file.
        bid: its BID by the BBT.
        ib: its offset.
        size: its data size by the BBT (compressed size in 4K files).

    Raises:
        PstFormatError: size, signature, BID or CRC are wrong, or compressed data is damaged.
    """
    trailer = layout.block_trailer
    at = len(raw) - trailer.size
    if layout.trailer_bid_first:
        cb, signature, block_bid, crc = trailer.unpack_from(raw, at)
    else:
        cb, signature, crc, block_bid = trailer.unpack_from(raw, at)
    if cb != size:
        raise PstFormatError(f"a block's size is {cb}, the BBT says {size}", bid=bid, offset=ib)
    # Bit 0 of a BID is reserved; readers must ignore it (2.2.2.2).
    if (block_bid ^ bid) & ~1:
        raise PstFormatError(f"a block's BID is {block_bid:#x}, the BBT says another", bid=bid, offset=ib)
    if signature != compute_signature(ib, block_bid):
        raise PstFormatError("a block's signature is wrong", bid=bid, offset=ib)
    data = raw[:size]
    if compute_crc(data) != crc:
        raise PstFormatError("a block's CRC is wrong", bid=bid, offset=ib)
    if layout is disk.UNICODE_4K:
        (plain,) = struct.unpack_from("<H", raw, at + 18)
        if plain != size:
            return _inflate(data, plain, bid, ib)
    if method and not bid & disk.BID_INTERNAL:
        return crypt.decode(method, data, block_bid & 0xFFFFFFFF)
    return data


def _inflate(data: bytes, size: int, bid: int, ib: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(data, max(size, 1))  # 0 would be no limit
    except zlib.error as error:
        raise PstFormatError(f"a compressed block is damaged: {error}", bid=bid, offset=ib) from error
    if len(plain) != size:
        raise PstFormatError("a compressed block is shorter than it should be", bid=bid, offset=ib)
    return plain


def decode_data_tree(layout: Layout, data: bytes, bid: int) -> DataTreeBlock:
    """Decode an XBLOCK or XXBLOCK ([MS-PST] 2.2.2.8.3.2)."""
    head = layout.xblock_head
    if len(data) < head.size:
        raise PstFormatError("a data tree block is truncated", bid=bid)
    btype, level, count, total = head.unpack_from(data)
    size = struct.calcsize(layout.bid_struct)
    if btype != disk.BTYPE_XBLOCK or level not in (1, 2) or head.size + count * size > len(data):
        raise PstFormatError(f"a data tree block has type {btype}, level {level}, {count} entries", bid=bid)
    return DataTreeBlock(level, total, struct.unpack_from(f"<{count}{layout.bid_struct}", data, head.size))


def encode_data_tree(layout: Layout, level: int, total: int, bids: Sequence[int]) -> bytes:
    """Encode an XBLOCK or XXBLOCK."""
    head = layout.xblock_head.pack(disk.BTYPE_XBLOCK, level, len(bids), total)
    return head + struct.pack(f"<{len(bids)}{layout.bid_struct}", *bids)


def decode_subnodes(layout: Layout, data: bytes, bid: int) -> tuple[int, list[tuple[int, ...]]]:
    """Decode an SLBLOCK or SIBLOCK; return its level and its entries ([MS-PST] 2.2.2.8.3.3).

    The entries of level 0 are (nid, bidData, bidSub), those of level 1 (nid, bid).
    """
    head = layout.sl_head
    if len(data) < head.size:
        raise PstFormatError("a subnode block is truncated", bid=bid)
    btype, level, count = head.unpack_from(data)
    entry = layout.si_entry if level else layout.sl_entry
    end = head.size + count * entry.size
    if btype != disk.BTYPE_SLBLOCK or level > 1 or end > len(data):
        raise PstFormatError(f"a subnode block has type {btype}, level {level}, {count} entries", bid=bid)
    return level, list(entry.iter_unpack(memoryview(data)[head.size : end]))


def encode_subnodes(layout: Layout, level: int, entries: Sequence[tuple[int, ...]]) -> bytes:
    """Encode an SLBLOCK (level 0) or SIBLOCK (level 1)."""
    pack = (layout.si_entry if level else layout.sl_entry).pack
    head = layout.sl_head.pack(disk.BTYPE_SLBLOCK, level, len(entries))
    return head + b"".join([pack(*entry) for entry in entries])


def subnodes_per_block(layout: Layout, level: int) -> int:
    """Return how many entries an SLBLOCK or SIBLOCK holds."""
    entry = layout.si_entry if level else layout.sl_entry
    return (layout.block_data_max - layout.sl_head.size) // entry.size
