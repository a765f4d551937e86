"""What lies on the disk: layouts and constants of [MS-PST] section 2.2, for the three variants of the format.

Field names are the specification's. A :class:`Layout` holds what differs between the variants as compiled structures
and sizes; :class:`Header` is the HEADER with its ROOT. Nothing here reads or writes a file.
"""

import struct
from dataclasses import dataclass, field, replace
from typing import Any, Final

from mailconnector.pst.crc import compute_crc, compute_signature
from mailconnector.pst.errors import NotAPstError, PstFormatError

MAGIC: Final = b"!BDN"
MAGIC_CLIENT_PST: Final = b"SM"
MAGIC_CLIENT_OST: Final = b"SO"
MAGIC_CLIENT_PAB: Final = b"AB"
HEADER_READ_SIZE: Final = 564  # of the larger HEADER, the Unicode one
SENTINEL: Final = 0x80
_CRYPT_WIP: Final = 0x10

# Where things stand ([MS-PST] 1.3.2, 2.2.2.7.2): measured from the start of the file, in bytes.
DLIST_OFFSET: Final = 0x4200
FIRST_AMAP: Final = 0x4400
AMAP_BYTES: Final = 496
SLOT: Final = 64  # bytes an AMap bit stands for
AMAP_SLOTS: Final = AMAP_BYTES * 8
AMAP_COVERAGE: Final = AMAP_SLOTS * SLOT  # 253,952 bytes, the AMap page itself included
PMAP_EVERY: Final = 8  # AMaps a PMap stands for
FMAP_FIRST: Final = 128  # the AMap that the first FMap page stands behind; the header covers those before
FMAP_EVERY: Final = 496
FPMAP_FIRST: Final = 8192  # likewise for the FPMap pages (Unicode only)
FPMAP_EVERY: Final = 496 * 64
# The reserved area between HEADER and density list is "transient storage" (2.2.2.7.4); the engine keeps a second copy
# of the header there while it replaces the first one.
SHADOW_OFFSET: Final = 0x2000

PTYPE_BBT: Final = 0x80
PTYPE_NBT: Final = 0x81
PTYPE_FMAP: Final = 0x82
PTYPE_PMAP: Final = 0x83
PTYPE_AMAP: Final = 0x84
PTYPE_FPMAP: Final = 0x85
PTYPE_DLIST: Final = 0x86
MAP_PTYPES: Final = frozenset({PTYPE_FMAP, PTYPE_PMAP, PTYPE_AMAP, PTYPE_FPMAP})

INVALID_AMAP: Final = 0
VALID_AMAP1: Final = 1
VALID_AMAP2: Final = 2

BID_INTERNAL: Final = 0x2
BID_STEP: Final = 4

BTYPE_XBLOCK: Final = 1
BTYPE_SLBLOCK: Final = 2

# NID types ([MS-PST] 2.2.2.1): the low five bits of a NID.
NID_TYPE_MASK: Final = 0x1F
NID_TYPE_HID: Final = 0x00
NID_TYPE_INTERNAL: Final = 0x01
NID_TYPE_NORMAL_FOLDER: Final = 0x02
NID_TYPE_SEARCH_FOLDER: Final = 0x03
NID_TYPE_NORMAL_MESSAGE: Final = 0x04
NID_TYPE_ATTACHMENT: Final = 0x05
NID_TYPE_SEARCH_UPDATE_QUEUE: Final = 0x06
NID_TYPE_SEARCH_CRITERIA_OBJECT: Final = 0x07
NID_TYPE_ASSOC_MESSAGE: Final = 0x08
NID_TYPE_CONTENTS_TABLE_INDEX: Final = 0x0A
NID_TYPE_RECEIVE_FOLDER_TABLE: Final = 0x0B
NID_TYPE_OUTGOING_QUEUE_TABLE: Final = 0x0C
NID_TYPE_HIERARCHY_TABLE: Final = 0x0D
NID_TYPE_CONTENTS_TABLE: Final = 0x0E
NID_TYPE_ASSOC_CONTENTS_TABLE: Final = 0x0F
NID_TYPE_SEARCH_CONTENTS_TABLE: Final = 0x10
NID_TYPE_ATTACHMENT_TABLE: Final = 0x11
NID_TYPE_RECIPIENT_TABLE: Final = 0x12
NID_TYPE_SEARCH_TABLE_INDEX: Final = 0x13
NID_TYPE_LTP: Final = 0x1F
NID_TYPE_NAMES: Final = {
    value: name.removeprefix("NID_TYPE_")
    for name, value in dict(globals()).items()
    if name.startswith("NID_TYPE_") and name != "NID_TYPE_MASK" and isinstance(value, int)
}

# Special nodes ([MS-PST] 2.4.1 and the notes of measured files).
NID_MESSAGE_STORE: Final = 0x21
NID_NAME_TO_ID_MAP: Final = 0x61
NID_ROOT_FOLDER: Final = 0x122
NID_SEARCH_MANAGEMENT_QUEUE: Final = 0x1E1
NID_SEARCH_ACTIVITY_LIST: Final = 0x201
NID_SEARCH_DOMAIN_OBJECT: Final = 0x261
NID_SEARCH_GATHERER_QUEUE: Final = 0x281
NID_HIERARCHY_TABLE_TEMPLATE: Final = 0x60D
NID_CONTENTS_TABLE_TEMPLATE: Final = 0x60E
NID_ASSOC_CONTENTS_TABLE_TEMPLATE: Final = 0x60F
NID_SEARCH_CONTENTS_TABLE_TEMPLATE: Final = 0x610
NID_RECEIVE_FOLDER_TABLE: Final = 0x62B
NID_OUTGOING_QUEUE: Final = 0x64C
NID_ATTACHMENT_TABLE: Final = 0x671
NID_RECIPIENT_TABLE: Final = 0x692
NID_IPM_SUBTREE: Final = 0x8022
NID_SEARCH_ROOT: Final = 0x8042
NID_DELETED_ITEMS: Final = 0x8062
NID_SPAM_SEARCH_FOLDER: Final = 0x2223


def nid_type(nid: int) -> int:
    """Return the type of a NID, its low five bits ([MS-PST] 2.2.2.1)."""
    return nid & NID_TYPE_MASK


def nid_index(nid: int) -> int:
    """Return the index of a NID, the bits above its type."""
    return nid >> 5


def make_nid(index: int, type_: int) -> int:
    """Build a NID from its index and type."""
    return index << 5 | type_


def sibling_nid(nid: int, type_: int) -> int:
    """Return the NID with the same index and another type: a folder's table, for one."""
    return nid & ~NID_TYPE_MASK | type_


def is_internal(bid: int) -> bool:
    """Say whether a BID names an internal block (XBLOCK, SLBLOCK ...), which is never encoded ([MS-PST] 2.2.2.2)."""
    return bool(bid & BID_INTERNAL)


@dataclass(frozen=True, slots=True)
class Layout:
    """What differs between the variants of the format. Sizes are bytes.

    ::

        BTPAGE          ANSI  Unicode  4K     ([MS-PST] 2.2.2.7.7.1)
        rgentries          0        0    0
        cEnt             496      488 4056    (1, 1, 2 bytes wide; then cEntMax of that width, cbEnt, cLevel)
        pageTrailer      500      496 4072
    """

    name: str
    wide: bool
    page_size: int
    page_trailer: struct.Struct  # ptype, ptypeRepeat, wSig, then dwCRC and bid, in the variant's order
    page_crc_size: int  # bytes before the trailer
    trailer_bid_first: bool
    btpage_meta: struct.Struct
    btpage_meta_at: int
    bt_entry: struct.Struct  # btkey, BREF.bid, BREF.ib
    bbt_entry: struct.Struct  # bid, ib, cb, cRef
    nbt_entry: struct.Struct  # nid, bidData, bidSub, nidParent
    block_align: int
    block_max: int  # of a block with its trailer
    block_trailer: struct.Struct  # cb, wSig, then dwCRC and bid, in the variant's order (and more in 4K files)
    sl_head: struct.Struct  # btype, cLevel, cEnt
    sl_entry: struct.Struct  # nid, bidData, bidSub
    si_entry: struct.Struct  # nid, bid
    bid_struct: str
    header_size: int
    header: struct.Struct
    root: struct.Struct
    row_number_size: int  # of TCROWID.dwRowIndex in new tables
    hid_index_bits: int
    file_limit: int
    writable: bool = True
    xblock_head: struct.Struct = field(default=struct.Struct("<BBHI"))  # btype, cLevel, cEnt, lcbTotal
    block_data_max: int = field(init=False)  # bytes of data that one block holds

    def __post_init__(self) -> None:
        object.__setattr__(self, "block_data_max", self.block_max - self.block_trailer.size)

    @property
    def bids_per_xblock(self) -> int:
        """Child BIDs that one XBLOCK or XXBLOCK holds."""
        return (self.block_data_max - self.xblock_head.size) // struct.calcsize(self.bid_struct)

    @property
    def map_bits_at(self) -> int:
        """Where the bitmap of a map page begins."""
        return 0 if self.wide else 4

    def block_total(self, size: int) -> int:
        """Return the bytes that a block of ``size`` data bytes takes in the file, trailer and padding included."""
        align = self.block_align
        return (size + self.block_trailer.size + align - 1) // align * align

    def fanout(self, ptype: int, level: int) -> int:
        """Return how many entries a B-tree page of this kind and level holds."""
        return self.btpage_meta_at // self.entry_struct(ptype, level).size

    def entry_struct(self, ptype: int, level: int) -> struct.Struct:
        """Return the structure of the entries of a B-tree page."""
        if level:
            return self.bt_entry
        return self.bbt_entry if ptype == PTYPE_BBT else self.nbt_entry


# ROOT ([MS-PST] 2.2.2.5)   OFFSET ANSI/Unicode: dwReserved 0/0, ibFileEof 4/4, ibAMapLast 8/12, cbAMapFree 12/20,
# cbPMapFree 16/28, BREFNBT 20/36, BREFBBT 28/52, fAMapValid 36/68, bReserved 37/69, wReserved 38/70
_ROOT_WIDE = struct.Struct("<IQQQQQQQQBBH")
_ROOT_NARROW = struct.Struct("<IIIIIIIIIBBH")
assert (_ROOT_WIDE.size, _ROOT_NARROW.size) == (72, 40)

# HEADER, Unicode ([MS-PST] 2.2.2.6): magic 0, dwCRCPartial 4, wMagicClient 8, wVer 10, wVerClient 12,
# bPlatformCreate 14, bPlatformAccess 15, dwReserved1 16, dwReserved2 20, bidUnused 24, bidNextP 32, dwUnique 40,
# rgnid 44, qwUnused 172, root 180, dwAlign 252, rgbFM 256, rgbFP 384, bSentinel 512, bCryptMethod 513,
# rgbReserved 514, bidNextB 516, dwCRCFull 524, rgbReserved2 + bReserved + rgbReserved3 528
_HEADER_WIDE = struct.Struct("<4sI2sHHBBIIQQI128sQ72sI128s128sBB2sQI36s")
# HEADER, ANSI: as above to 24, then bidNextB 24, bidNextP 28, dwUnique 32, rgnid 36, root 164, rgbFM 204, rgbFP 332,
# bSentinel 460, bCryptMethod 461, rgbReserved 462, ullReserved 464, dwReserved 472, rgbReserved2 ... 476
_HEADER_NARROW = struct.Struct("<4sI2sHHBBIIIII128s40s128s128sBB2sQI36s")
assert (_HEADER_WIDE.size, _HEADER_NARROW.size) == (564, 512)
_CRC_PARTIAL = slice(8, 8 + 471)
_CRC_FULL = slice(8, 8 + 516)

ANSI = Layout(
    name="ansi",
    wide=False,
    page_size=512,
    page_trailer=struct.Struct("<BBHII"),
    page_crc_size=500,
    trailer_bid_first=True,
    btpage_meta=struct.Struct("<BBBB"),
    btpage_meta_at=496,
    bt_entry=struct.Struct("<III"),
    bbt_entry=struct.Struct("<IIHH"),
    nbt_entry=struct.Struct("<IIII"),
    block_align=64,
    block_max=8192,
    block_trailer=struct.Struct("<HHII"),
    sl_head=struct.Struct("<BBH"),
    sl_entry=struct.Struct("<III"),
    si_entry=struct.Struct("<II"),
    bid_struct="I",
    header_size=512,
    header=_HEADER_NARROW,
    root=_ROOT_NARROW,
    row_number_size=2,
    hid_index_bits=11,
    file_limit=0x7FFFFFFF,
)
UNICODE = Layout(
    name="unicode",
    wide=True,
    page_size=512,
    page_trailer=struct.Struct("<BBHIQ"),
    page_crc_size=496,
    trailer_bid_first=False,
    btpage_meta=struct.Struct("<BBBB"),
    btpage_meta_at=488,
    bt_entry=struct.Struct("<QQQ"),
    bbt_entry=struct.Struct("<QQHH4x"),
    nbt_entry=struct.Struct("<QQQI4x"),
    block_align=64,
    block_max=8192,
    block_trailer=struct.Struct("<HHIQ"),
    sl_head=struct.Struct("<BBH4x"),
    sl_entry=struct.Struct("<QQQ"),
    si_entry=struct.Struct("<QQ"),
    bid_struct="Q",
    header_size=564,
    header=_HEADER_WIDE,
    root=_ROOT_WIDE,
    row_number_size=4,
    hid_index_bits=11,
    file_limit=1 << 46,
)
UNICODE_4K = replace(
    UNICODE,
    name="unicode4k",
    page_size=4096,
    page_trailer=struct.Struct("<BBHIQ8x"),
    page_crc_size=4072,
    btpage_meta=struct.Struct("<HHBB"),
    btpage_meta_at=4056,
    bbt_entry=struct.Struct("<QQHH4x"),
    block_align=512,
    block_max=65536,
    block_trailer=struct.Struct("<HHIQ8x"),
    hid_index_bits=14,
    writable=False,
)
assert (ANSI.bids_per_xblock, UNICODE.bids_per_xblock) == (2043, 1021)
assert (ANSI.fanout(PTYPE_BBT, 0), ANSI.fanout(PTYPE_NBT, 0), ANSI.fanout(PTYPE_NBT, 1)) == (41, 31, 41)
assert (UNICODE.fanout(PTYPE_BBT, 0), UNICODE.fanout(PTYPE_NBT, 0), UNICODE.fanout(PTYPE_NBT, 1)) == (20, 15, 20)

_LAYOUTS = {14: ANSI, 15: ANSI, 21: UNICODE, 23: UNICODE, 36: UNICODE_4K}
VERSION = {ANSI.name: 14, UNICODE.name: 23}


@dataclass(frozen=True, slots=True)
class Root:
    """ROOT: where the two trees begin, how large the file is, and whether its maps are valid ([MS-PST] 2.2.2.5)."""

    ibFileEof: int
    ibAMapLast: int
    cbAMapFree: int
    cbPMapFree: int
    bidNBT: int
    ibNBT: int
    bidBBT: int
    ibBBT: int
    fAMapValid: int
    dwReserved: int = 0
    bReserved: int = 0
    wReserved: int = 0


@dataclass(frozen=True, slots=True)
class Header:
    """HEADER ([MS-PST] 2.2.2.6). ``rgnid`` holds the last index given out for each of the 32 NID types."""

    layout: Layout
    wVer: int
    bidNextB: int
    bidNextP: int
    dwUnique: int
    rgnid: tuple[int, ...]
    root: Root
    bCryptMethod: int
    wMagicClient: bytes = MAGIC_CLIENT_PST
    wVerClient: int = 19
    bPlatformCreate: int = 1
    bPlatformAccess: int = 1
    dwReserved1: int = 0
    dwReserved2: int = 0
    bidUnused: int = 0
    qwUnused: int = 0
    rgbFM: bytes = b"\xff" * 128
    rgbFP: bytes = b"\xff" * 128
    rgbReserved: bytes = b"\x00\x00"
    dwReservedAnsi: int = 0
    ullReservedAnsi: int = 0
    tail: bytes = b"\x00" * 36  # rgbReserved2, bReserved, rgbReserved3

    def pack(self) -> bytes:
        """Return the header as it stands in the file, CRCs included."""
        r = self.root
        root = self.layout.root.pack(
            r.dwReserved, r.ibFileEof, r.ibAMapLast, r.cbAMapFree, r.cbPMapFree, r.bidNBT, r.ibNBT, r.bidBBT, r.ibBBT,
            r.fAMapValid, r.bReserved, r.wReserved,
        )  # fmt: skip
        rgnid = struct.pack("<32I", *self.rgnid)
        start = (
            MAGIC, 0, self.wMagicClient, self.wVer, self.wVerClient, self.bPlatformCreate, self.bPlatformAccess,
            self.dwReserved1, self.dwReserved2,
        )  # fmt: skip
        crypt = (SENTINEL, self.bCryptMethod, self.rgbReserved)
        if self.layout.wide:
            packed = bytearray(
                self.layout.header.pack(
                    *start, self.bidUnused, self.bidNextP, self.dwUnique, rgnid, self.qwUnused, root, 0, self.rgbFM,
                    self.rgbFP, *crypt, self.bidNextB, 0, self.tail,
                )
            )  # fmt: skip
            struct.pack_into("<I", packed, 524, compute_crc(packed[_CRC_FULL]))
        else:
            packed = bytearray(
                self.layout.header.pack(
                    *start, self.bidNextB, self.bidNextP, self.dwUnique, rgnid, root, self.rgbFM, self.rgbFP, *crypt,
                    self.ullReservedAnsi, self.dwReservedAnsi, self.tail,
                )
            )  # fmt: skip
        struct.pack_into("<I", packed, 4, compute_crc(packed[_CRC_PARTIAL]))
        return bytes(packed)


def layout_of(data: bytes) -> Layout:
    """Return the layout that the first bytes of a file announce.

    Raises:
        NotAPstError: the bytes do not begin a PST or OST file of a known version.
    """
    if len(data) < 24 or data[:4] != MAGIC:
        raise NotAPstError("this is no Outlook data file: it does not begin with '!BDN'", offset=0)
    client = data[8:10]
    if client not in (MAGIC_CLIENT_PST, MAGIC_CLIENT_OST, MAGIC_CLIENT_PAB):
        raise NotAPstError(f"unknown kind of Outlook data file {client!r}", offset=8)
    version = int.from_bytes(data[10:12], "little")
    layout = _LAYOUTS.get(version)
    if layout is None:
        raise NotAPstError(f"version {version} of the PST format is not known", offset=10)
    return layout


def unpack_header(data: bytes) -> Header:
    """Read a HEADER.

    Args:
        data: the first 564 bytes of the file (512 are enough for an ANSI file).

    Raises:
        NotAPstError: this is no PST or OST file.
        PstFormatError: it is one, but the header is truncated or its CRC is wrong.
    """
    layout = layout_of(data)
    if len(data) < layout.header_size:
        raise PstFormatError("the header is truncated", offset=len(data))
    if int.from_bytes(data[4:8], "little") != compute_crc(data[_CRC_PARTIAL]):
        raise PstFormatError("the header's CRC (dwCRCPartial) is wrong", offset=4)
    if layout.wide and int.from_bytes(data[524:528], "little") != compute_crc(data[_CRC_FULL]):
        raise PstFormatError("the header's CRC (dwCRCFull) is wrong", offset=524)
    fields = layout.header.unpack_from(data)
    common: dict[str, Any]
    if layout.wide:
        _, _, *first, unused, next_p, unique, rgnid, qw, root, _, fm, fp, _, _, reserved, next_b, _, tail = fields
        common = {"bidUnused": unused, "qwUnused": qw}
    else:
        _, _, *first, next_b, next_p, unique, rgnid, root, fm, fp, _, _, reserved, ull, dw, tail = fields
        common = {"ullReservedAnsi": ull, "dwReservedAnsi": dw}
    names = ("wMagicClient", "wVer", "wVerClient", "bPlatformCreate", "bPlatformAccess", "dwReserved1", "dwReserved2")
    common |= zip(names, first, strict=True)
    sentinel_at = 512 if layout.wide else 460
    sentinel, crypt = data[sentinel_at], data[sentinel_at + 1]
    if sentinel != SENTINEL:
        raise PstFormatError(f"the header's sentinel is {sentinel:#x}, not 0x80", offset=sentinel_at)
    if crypt == _CRYPT_WIP:
        raise NotAPstError("the file's data is protected by Windows Information Protection and cannot be read")
    if crypt not in (0, 1, 2):
        raise PstFormatError(f"unknown encoding {crypt} (bCryptMethod)", offset=sentinel_at + 1)
    res, eof, amap, free, pfree, nbt, ib_nbt, bbt, ib_bbt, valid, b_res, w_res = layout.root.unpack(root)
    return Header(
        layout=layout,
        bidNextB=next_b,
        bidNextP=next_p,
        dwUnique=unique,
        rgnid=struct.unpack("<32I", rgnid),
        root=Root(eof, amap, free, pfree, nbt, ib_nbt, bbt, ib_bbt, valid, res, b_res, w_res),
        bCryptMethod=crypt,
        rgbFM=fm,
        rgbFP=fp,
        rgbReserved=reserved,
        tail=tail,
        **common,
    )


def amap_offset(index: int) -> int:
    """Return the offset of the AMap page with this index ([MS-PST] 2.2.2.7.2)."""
    return FIRST_AMAP + index * AMAP_COVERAGE


def amap_index(offset: int) -> int:
    """Return the index of the AMap that covers a place in the file."""
    return (offset - FIRST_AMAP) // AMAP_COVERAGE


def map_pages(layout: Layout, index: int) -> list[int]:
    """Return the page types of the map pages at the start of an AMap's range, in their order there.

    The AMap page comes first; a PMap follows behind every 8th AMap, and an FMap or FPMap page where the maps that the
    header holds end ([MS-PST] 1.3.2, 2.2.2.7; placement of FMap pages measured).
    """
    pages = [PTYPE_AMAP]
    if index % PMAP_EVERY == 0:
        pages.append(PTYPE_PMAP)
    if index >= FMAP_FIRST and (index - FMAP_FIRST) % FMAP_EVERY == 0:
        pages.append(PTYPE_FMAP)
    if layout.wide and index >= FPMAP_FIRST and (index - FPMAP_FIRST) % FPMAP_EVERY == 0:
        pages.append(PTYPE_FPMAP)
    return pages


def pack_page(layout: Layout, body: bytes, ptype: int, bid: int, ib: int) -> bytes:
    """Return a page of the file: ``body``, zero padding, PAGETRAILER ([MS-PST] 2.2.2.7.1)."""
    signature = 0 if ptype in MAP_PTYPES else compute_signature(ib, bid)
    size = layout.page_crc_size
    body = body.ljust(size, b"\0")
    crc = compute_crc(body)
    ends = (bid, crc) if layout.trailer_bid_first else (crc, bid)
    return body + layout.page_trailer.pack(ptype, ptype, signature, *ends)


def unpack_page(layout: Layout, page: bytes, ptype: int, bid: int | None, ib: int) -> int:
    """Check a page's trailer and return its BID.

    Raises:
        PstFormatError: size, type, CRC, BID or signature are wrong.
    """
    if len(page) != layout.page_size:
        raise PstFormatError("a page lies beyond the end of the file", bid=bid, offset=ib)
    kind, repeat, signature, *ends = layout.page_trailer.unpack_from(page, layout.page_crc_size)
    page_bid, crc = ends if layout.trailer_bid_first else (ends[1], ends[0])
    if kind != ptype or repeat != ptype:
        raise PstFormatError(f"a page of type {ptype:#x} is marked {kind:#x}/{repeat:#x}", bid=bid, offset=ib)
    if crc != compute_crc(memoryview(page)[: layout.page_crc_size]):
        raise PstFormatError("a page's CRC is wrong", bid=bid, offset=ib)
    if bid is not None and page_bid != bid:
        raise PstFormatError(f"a page's BID is {page_bid:#x}, not the one that was asked for", bid=bid, offset=ib)
    if ptype not in MAP_PTYPES and signature != compute_signature(ib, page_bid):
        raise PstFormatError("a page's signature is wrong", bid=bid, offset=ib)
    return int(page_bid)
