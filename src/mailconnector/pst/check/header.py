"""HEADER and ROOT ([MS-PST] 2.2.2.5, 2.2.2.6), and the copy of the header that an interrupted writer leaves.

A header whose CRC or sentinel is wrong is used all the same, so that the rest of the file can be looked at.
"""

import struct

from mailconnector.pst import disk
from mailconnector.pst.check.findings import Findings
from mailconnector.pst.check.source import Source
from mailconnector.pst.crc import compute_crc
from mailconnector.pst.disk import Header, Layout
from mailconnector.pst.errors import NotAPstError, PstFormatError
from mailconnector.pst.ndb.device import Device

_CRC_PARTIAL = slice(8, 8 + 471)
_CRC_FULL = slice(8, 8 + 516)
_CLIENT_VERSION = 19


def find_header(device: Device, findings: Findings) -> Header:
    """Read a file's header as well as it can be read, and report what is wrong with it.

    Raises:
        NotAPstError: the file is no PST or OST file, or of a version that is not known.
    """
    size = device.size()
    data = device.read(0, min(size, disk.HEADER_READ_SIZE))
    shadow = b""
    if size >= disk.SHADOW_OFFSET + disk.HEADER_READ_SIZE:
        shadow = device.read(disk.SHADOW_OFFSET, disk.HEADER_READ_SIZE)
    copied = shadow[:4] == disk.MAGIC and _is_sound(shadow)
    try:
        layout = disk.layout_of(data)
        if len(data) < layout.header_size:
            raise NotAPstError("the file is shorter than the header of an Outlook data file", offset=len(data))
    except NotAPstError:
        if not copied:
            raise
        findings.add(
            "header-torn",
            "the header is destroyed; the copy that an interrupted writer left is used instead",
            offset=disk.SHADOW_OFFSET,
        )
        return disk.unpack_header(shadow)
    if copied and _is_sound(data):
        findings.add("shadow-left", "an interrupted writer left its copy of the header", offset=disk.SHADOW_OFFSET)
    elif copied:
        findings.add(
            "header-torn",
            "the header is damaged; the copy that an interrupted writer left is used instead",
            offset=disk.SHADOW_OFFSET,
        )
        return disk.unpack_header(shadow)
    return _forgiving(data, layout, findings)


def _is_sound(data: bytes) -> bool:
    try:
        disk.unpack_header(data)
    except (NotAPstError, PstFormatError):
        return False
    return True


def _forgiving(data: bytes, layout: Layout, findings: Findings) -> Header:
    """Unpack a header, after putting right (in memory) the fields for which it would be refused."""
    fixed = bytearray(data)
    if int.from_bytes(data[4:8], "little") != compute_crc(data[_CRC_PARTIAL]):
        findings.add("header-crc", "the header's CRC (dwCRCPartial) is wrong", offset=4)
    if layout.wide and int.from_bytes(data[524:528], "little") != compute_crc(data[_CRC_FULL]):
        findings.add("header-crc", "the header's second CRC (dwCRCFull) is wrong", offset=524)
    sentinel_at = 512 if layout.wide else 460
    if data[sentinel_at] != disk.SENTINEL:
        findings.add(
            "header-sentinel", f"the header's sentinel is {data[sentinel_at]:#x}, not 0x80", offset=sentinel_at
        )
        fixed[sentinel_at] = disk.SENTINEL
    method = data[sentinel_at + 1]
    if method == 0x10:
        raise NotAPstError("the file's data is protected by Windows Information Protection and cannot be read")
    if method not in (0, 1, 2):
        findings.add("header-encoding", f"unknown encoding {method} (bCryptMethod)", offset=sentinel_at + 1)
        fixed[sentinel_at + 1] = 0
    if layout.wide:
        struct.pack_into("<I", fixed, 524, compute_crc(fixed[_CRC_FULL]))
    struct.pack_into("<I", fixed, 4, compute_crc(fixed[_CRC_PARTIAL]))
    return disk.unpack_header(bytes(fixed))


def check_header(source: Source) -> None:
    """Check what the header says of itself and of the file's size."""
    header, findings = source.header, source.findings
    root = header.root
    if (header.bPlatformCreate, header.bPlatformAccess) != (1, 1):
        findings.add(
            "header-reserved",
            f"bPlatformCreate and bPlatformAccess are {header.bPlatformCreate} and {header.bPlatformAccess}, not 1",
            offset=14,
        )
    if header.wVerClient != _CLIENT_VERSION and not source.is_ost:
        findings.add("header-reserved", f"wVerClient is {header.wVerClient}, not {_CLIENT_VERSION}", offset=10)
    if header.qwUnused & 0xFFFFFFFF or any(header.rgbReserved):
        findings.add("header-reserved", "reserved fields of the header are not zero")
    if source.size < root.ibFileEof:
        findings.add(
            "file-truncated",
            f"the file has {source.size} bytes of the {root.ibFileEof} that its header announces",
            offset=source.size,
        )
    elif source.size > root.ibFileEof:
        findings.add(
            "file-longer",
            f"the file has {source.size - root.ibFileEof} bytes behind the end that its header announces",
            offset=root.ibFileEof,
        )
    if source.is_4k:
        return
    check_roots(source)


def check_roots(source: Source) -> None:
    """Check the fields of ROOT that describe the allocation maps."""
    findings = source.findings
    root = source.header.root
    if root.fAMapValid == disk.INVALID_AMAP:
        findings.add("maps-invalid", "the file was not closed properly: its allocation maps are marked as invalid")
    elif root.fAMapValid not in (disk.VALID_AMAP1, disk.VALID_AMAP2):
        findings.add("maps-invalid", f"fAMapValid is {root.fAMapValid}, which has no meaning")
    if root.ibFileEof <= disk.FIRST_AMAP:
        findings.add("file-size", f"the header announces a file of {root.ibFileEof} bytes, which holds no map")
        return
    covered, rest = divmod(root.ibFileEof - disk.FIRST_AMAP, disk.AMAP_COVERAGE)
    if rest:
        findings.add(
            "file-size" if root.fAMapValid == disk.VALID_AMAP2 else "file-size-off-grid",
            f"the file's size of {root.ibFileEof} bytes is not a whole number of allocation map ranges",
            offset=root.ibFileEof,
        )
    last = disk.amap_offset(covered if rest else covered - 1)
    if root.ibAMapLast != last:
        findings.add(
            "last-map", f"ibAMapLast is {root.ibAMapLast:#x}, where the file's size makes it {last:#x}", offset=last
        )


def check_counters(source: Source) -> None:
    """Check that the next BID is above all that are in use ([MS-PST] 2.2.2.6)."""
    header, findings = source.header, source.findings
    if len(source.blocks) and source.blocks.bids[-1] & ~3 >= header.bidNextB & ~1:
        findings.add(
            "block-counter-low",
            f"the next block would get the BID {header.bidNextB:#x}, which is in use or was",
            bid=source.blocks.bids[-1],
        )
    if header.bidNextB & 3:
        findings.add("block-counter-odd", f"bidNextB is {header.bidNextB:#x}, which is no multiple of 4")
