"""Mail's charset names and the Windows code pages that MAPI numbers them by ([MS-OXCMAIL] 2.2.3.3.1)."""

from __future__ import annotations

UTF_8 = 65001
US_ASCII = 20127

# The first name of a number is the one that is given back.
_PAGES = {
    "utf-8": UTF_8,
    "us-ascii": US_ASCII,
    "windows-874": 874,
    "shift_jis": 932,
    "gb2312": 936,
    "euc-kr": 949,
    "big5": 950,
    "macintosh": 10000,
    "x-mac-cyrillic": 10007,
    "x-mac-ce": 10029,
    "koi8-r": 20866,
    "koi8-u": 21866,
    "iso-8859-13": 28603,
    "iso-8859-15": 28605,
    "iso-2022-jp": 50220,
    "iso-2022-kr": 50225,
    "euc-jp": 51932,
    "hz-gb-2312": 52936,
    "gb18030": 54936,
    **{f"iso-8859-{part}": 28590 + part for part in range(1, 10)},
    **{f"windows-{page}": page for page in range(1250, 1259)},
    **{f"ibm{page}": page for page in (437, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869)},
}
_NAMES = {page: name for name, page in _PAGES.items()} | {
    50221: "iso-2022-jp",
    50222: "iso-2022-jp",
    20932: "euc-jp",
    51936: "gb2312",
    20936: "gb2312",
    51949: "euc-kr",
    38598: "iso-8859-8",
}


def page_of(charset: str) -> int:
    """Return the code page of a charset's lower-case name; UTF-8's for one that has none."""
    return _PAGES.get(charset, UTF_8)


def charset_of(page: int) -> str:
    """Return the charset's name of a code page; "utf-8" for one that mail is not written in."""
    return _NAMES.get(page, "utf-8")
