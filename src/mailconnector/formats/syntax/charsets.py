"""Charsets of mail: what a label means, and text from bytes whatever the label says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Charset:
    """A charset that mail is written in.

    Attributes:
        name: Lower-case IANA name, which is written as a label.
        codecs: Python codecs that read it, the one to try first and to write with in front; the others know
            characters that common mail programs write under the same label.
    """

    name: str
    codecs: tuple[str, ...]


UTF_8 = Charset("utf-8", ("utf-8",))
US_ASCII = Charset("us-ascii", ("ascii",))
LATIN_1 = Charset("iso-8859-1", ("iso8859-1",))
WINDOWS_1252 = Charset("windows-1252", ("cp1252",))

# Labels without their punctuation, so that "ISO_8859-1", "iso8859-1" and "iso-8859-1" are one.
_KNOWN: dict[str, Charset] = {
    label: charset
    for charset, labels in (
        (US_ASCII, "usascii ascii 7bit ansix34 ansix341968 iso646us us cp367 646"),
        (UTF_8, "utf8 utf8mb4 unicode11utf8 xutf8 utf08 unicode utf"),
        (LATIN_1, "iso88591 iso885911987 latin1 l1 8859 isolatin1 cp819 88591 iso8859"),
        (WINDOWS_1252, "windows1252 cp1252 win1252 ansi xansi 1252 westeuropeanwindows"),
        (
            Charset("iso-8859-8", ("iso8859-8", "cp1255")),
            "iso88598 iso88598i iso88598e hebrew logical visual",
        ),
        (Charset("iso-8859-9", ("iso8859-9", "cp1254")), "iso88599 latin5 l5"),
        (Charset("iso-8859-11", ("iso8859-11", "cp874")), "iso885911 tis620 tis6200 tis62025330 88591thai"),
        (Charset("windows-874", ("cp874", "iso8859-11")), "windows874 cp874 dos874"),
        (Charset("koi8-r", ("koi8-r",)), "koi8r koi8 koi xkoi8r cskoi8r"),
        (Charset("koi8-u", ("koi8-u",)), "koi8u koi8ru"),
        (Charset("macintosh", ("mac-roman",)), "macintosh mac macroman xmacroman"),
        (Charset("x-mac-cyrillic", ("mac-cyrillic",)), "xmaccyrillic xmacukrainian maccyrillic"),
        (Charset("x-mac-ce", ("mac-latin2",)), "xmacce maclatin2 xmaccentraleurroman"),
        (
            Charset("iso-2022-jp", ("iso2022_jp", "iso2022_jp_ext", "iso2022_jp_3", "iso2022_jp_2")),
            "iso2022jp iso2022jp1 iso2022jp2 iso2022jp3 iso2022jpms cp50220 cp50221 cp50222 jis",
        ),
        (Charset("iso-2022-kr", ("iso2022_kr",)), "iso2022kr"),
        (
            Charset("shift_jis", ("cp932", "shift_jis_2004")),
            "shiftjis sjis xsjis windows31j mskanji cp932 ms932 shiftjis2004 shiftjisx0213",
        ),
        (Charset("euc-jp", ("euc_jp", "euc_jis_2004")), "eucjp xeucjp ujis cp51932 eucjpms xeuc"),
        (
            Charset("euc-kr", ("cp949", "euc_kr")),
            "euckr ksc56011987 ksc56011989 ksc5601 korean cp949 uhc ms949 windows949",
        ),
        (
            Charset("gb2312", ("gbk", "gb18030")),
            "gb2312 gb231280 euccn xgb chinese cngb gb23121980 gbk xgbk cp936 ms936 windows936",
        ),
        (Charset("gb18030", ("gb18030",)), "gb18030 gb180302000"),
        (Charset("hz-gb-2312", ("hz",)), "hzgb2312 hz"),
        (Charset("big5", ("cp950", "big5hkscs")), "big5 cnbig5 xxbig5 cp950 big5eten windows950 ms950"),
        (Charset("big5-hkscs", ("big5hkscs", "cp950")), "big5hkscs"),
        (Charset("utf-7", ("utf-7",)), "utf7 unicode11utf7 xunicode20utf7"),
        (Charset("utf-16", ("utf-16", "utf-16-le")), "utf16 unicodefffe ucs2 iso10646ucs2"),
        (Charset("utf-16le", ("utf-16-le",)), "utf16le"),
        (Charset("utf-16be", ("utf-16-be",)), "utf16be"),
        (Charset("utf-32", ("utf-32", "utf-32-le")), "utf32 ucs4"),
    )
    for label in labels.split()
}

_PUNCTUATION = re.compile(r"[^a-z0-9]")
_LATIN_NAME = re.compile(r"(?:csiso|iso)?8859(\d{1,2})(?:\d{4})?")
_PAGE_NAME = re.compile(r"(?:windows|win|cp|ibm|cswindows|xcp|dos|msdos)(\d{3,4})")
_WINDOWS_PAGES = frozenset(range(1250, 1259))
_DOS_PAGES = frozenset({437, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869})
_LATIN_PARTS = frozenset({2, 3, 4, 5, 6, 7, 10, 13, 14, 15, 16})

# What ISO 8859-1 text has from 0x80 to 0x9F is never meant as control characters.
_C1 = re.compile("[\x80-\x9f]")
_AS_WINDOWS = {byte: character for byte in range(0x80, 0xA0) if (character := bytes([byte]).decode("cp1252", "ignore"))}
# Never written: few programs read them, or the wire does not carry them.
_READ_ONLY = frozenset({"utf-7", "utf-16", "utf-16le", "utf-16be", "utf-32"})
# Python's decoders of these let lone surrogates through, which no other encoder takes.
_LEAKY = frozenset({"utf-7"})


@lru_cache(maxsize=512)
def lookup(label: str) -> Charset | None:
    """Return the charset that a label means, in whatever spelling; None when it is none of mail's."""
    if len(label) > 64:
        return None
    key = _PUNCTUATION.sub("", label.lower().removeprefix("charset"))
    known = _KNOWN.get(key)
    if known is not None:
        return known
    if (match := _LATIN_NAME.fullmatch(key)) and int(match[1]) in _LATIN_PARTS:
        return Charset(f"iso-8859-{int(match[1])}", (f"iso8859-{int(match[1])}",))
    if match := _PAGE_NAME.fullmatch(key):
        number = int(match[1])
        if number in _WINDOWS_PAGES:
            return Charset(f"windows-{number}", (f"cp{number}",))
        if number in _DOS_PAGES:
            return Charset(f"ibm{number}", (f"cp{number}",))
    return None


def decode(data: bytes, label: str = "") -> tuple[str, str]:
    """Return the text of bytes and the name of the charset in which they really are.

    Whatever the label says, text comes out: a label that is missing, unknown or wrong gives way to UTF-8,
    then to Windows-1252, and in the end unreadable bytes become U+FFFD. The name is "utf-8" where the text
    could not be written again under its label.
    """
    charset = lookup(label) if label else None
    if charset is None or charset is US_ASCII or charset is UTF_8:
        return _decode_by_content(data, charset)
    if charset is LATIN_1:
        text = data.decode("iso8859-1")
        return _decode_by_content(data, None) if _C1.search(text) else (text, LATIN_1.name)
    for codec in charset.codecs:
        try:
            text = data.decode(codec)
        except UnicodeError:
            continue
        is_writable = codec == charset.codecs[0] and charset.name not in _READ_ONLY
        name = charset.name if is_writable else UTF_8.name
        return (_whole(text) if codec in _LEAKY else text), name
    if charset is WINDOWS_1252:
        return _decode_by_content(data, None)
    try:
        return data.decode("utf-8"), UTF_8.name
    except UnicodeDecodeError:
        # The label is right, but some bytes are damaged.
        return _whole(data.decode(charset.codecs[0], "replace")), UTF_8.name


def _decode_by_content(data: bytes, charset: Charset | None) -> tuple[str, str]:
    if data.isascii():
        return data.decode("ascii"), (charset or UTF_8).name
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    try:
        return data.decode("utf-8"), UTF_8.name
    except UnicodeDecodeError:
        if charset is UTF_8 and _is_damaged_utf_8(data):
            return data.decode("utf-8", "replace"), UTF_8.name
        text = data.decode("iso8859-1").translate(_AS_WINDOWS)
        return text, UTF_8.name if _C1.search(text) else WINDOWS_1252.name


def _is_damaged_utf_8(data: bytes) -> bool:
    """Tell UTF-8 with some bytes cut or lost from text in another charset under its label."""
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    return len(text) - len(text.encode("ascii", "ignore")) >= 2 * bad


def _whole(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def encode(text: str, label: str) -> tuple[bytes, str]:
    """Return the bytes of a text and the name of their charset.

    That is the labelled one where it has every character and reads back the same, else UTF-8. Lone
    surrogates, which are no characters, become "?".
    """
    charset = lookup(label)
    if charset is None or charset is UTF_8 or charset.name in _READ_ONLY:
        return text.encode("utf-8", "replace"), UTF_8.name
    try:
        data = text.encode(charset.codecs[0])
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace"), UTF_8.name
    # Some encoders write more than the decoder, or the rules above, give back.
    if charset is not US_ASCII and decode(data, label) != (text, charset.name):
        return text.encode("utf-8", "replace"), UTF_8.name
    return data, charset.name
