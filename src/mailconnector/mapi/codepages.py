"""Windows code pages: which Python codec reads one, and how STRING8 bytes survive a round trip."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from functools import lru_cache

FALLBACK = "cp1252"
"""The codec of an unknown code page: what Outlook assumes in the West."""

# Python has codecs named cpNNN for most; these are the ones with other names.
_CODECS = {
    37: "cp037",
    708: "iso8859_6",
    709: "iso8859_6",
    936: "gbk",
    1200: "utf-16-le",
    1201: "utf-16-be",
    1361: "johab",
    10000: "mac_roman",
    10001: "shift_jis",
    10002: "big5",
    10003: "euc_kr",
    10004: "mac_arabic",
    10006: "mac_greek",
    10007: "mac_cyrillic",
    10008: "gb2312",
    10010: "mac_romanian",
    10017: "mac_cyrillic",
    10029: "mac_latin2",
    10079: "mac_iceland",
    10081: "mac_turkish",
    10082: "mac_croatian",
    12000: "utf-32-le",
    12001: "utf-32-be",
    # US-ASCII: mail that says so often holds more, so it is read as the Latin-1 superset.
    20127: "latin-1",
    20866: "koi8_r",
    20932: "euc_jp",
    20936: "gb2312",
    20949: "euc_kr",
    21866: "koi8_u",
    28591: "latin-1",
    28592: "iso8859_2",
    28593: "iso8859_3",
    28594: "iso8859_4",
    28595: "iso8859_5",
    28596: "iso8859_6",
    28597: "iso8859_7",
    28598: "iso8859_8",
    28599: "iso8859_9",
    28600: "iso8859_10",
    28601: "iso8859_11",
    28603: "iso8859_13",
    28604: "iso8859_14",
    28605: "iso8859_15",
    28606: "iso8859_16",
    38596: "iso8859_6",
    38598: "iso8859_8",
    50220: "iso2022_jp",
    50221: "iso2022_jp_ext",
    50222: "iso2022_jp_ext",
    50225: "iso2022_kr",
    50227: "gbk",
    50229: "big5",
    51932: "euc_jp",
    51936: "gb2312",
    51949: "euc_kr",
    51950: "big5",
    52936: "hz",
    54936: "gb18030",
    65000: "utf-7",
    65001: "utf-8",
}


@lru_cache(maxsize=256)
def codec_for_codepage(codepage: int) -> str:
    """Return the name of the Python codec for a Windows code page number; cp1252 when there is none.

    1200 and 1201 give UTF-16: right for the bytes of a body, while STRING8 values are never UTF-16 (see
    `string8_codec`).
    """
    name = _CODECS.get(codepage)
    if name is not None:
        return name
    try:
        return codecs.lookup(f"cp{codepage}").name
    except LookupError:
        return FALLBACK


# ANSI code pages of languages other than those of the West, by the lower ten bits of a locale id ([MS-LCID]).
_OF_LANGUAGE = {
    **dict.fromkeys((0x05, 0x0E, 0x15, 0x18, 0x1A, 0x1B, 0x1C, 0x24), 1250),  # cs hu pl ro hr sk sq sl
    **dict.fromkeys((0x02, 0x19, 0x22, 0x23, 0x2F), 1251),  # bg ru uk be mk
    **dict.fromkeys((0x01, 0x20, 0x29), 1256),  # ar ur fa
    **dict.fromkeys((0x25, 0x26, 0x27), 1257),  # et lv lt
    0x04: 936, 0x08: 1253, 0x0D: 1255, 0x11: 932, 0x12: 949, 0x1E: 874, 0x1F: 1254, 0x2A: 1258,
}  # fmt: skip
# Where the country decides: Chinese in Taiwan, Hong Kong and Macau; Serbian in Cyrillic letters.
_OF_LOCALE = {0x0404: 950, 0x0C04: 950, 0x1404: 950, 0x0C1A: 1251, 0x1C1A: 1251, 0x281A: 1251, 0x301A: 1251}


def codec_for_locale(locale: int) -> str:
    """Return the name of the Python codec for what Windows calls the ANSI code page of a locale id."""
    return codec_for_codepage(_OF_LOCALE.get(locale & 0xFFFF, _OF_LANGUAGE.get(locale & 0x3FF, 1252)))


def string8_codec(codec: str) -> str:
    """Return the codec for STRING8 values of an object whose code page has the given codec.

    A STRING8 ends at its first zero byte, so it cannot be UTF-16 or UTF-32: objects that claim so mean that
    their strings are Unicode, and what is stored as STRING8 all the same is in the default code page. So is
    what names a codec that is unknown here, or is none for text.
    """
    try:
        "".encode(codec)
    except LookupError:
        return FALLBACK
    return FALLBACK if codecs.lookup(codec).name.startswith(("utf-16", "utf-32")) else codec


ERRORS = "mailconnector.string8"
"""Codec error handler: an undecodable byte B becomes U+DC00+B, and B again; what cannot be encoded is "?"."""


def _keep_bytes(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeDecodeError):
        # The standard "surrogateescape" gives the same for bytes from 0x80 on, but fails below.
        bad = error.object[error.start : error.end]
        return "".join([chr(0xDC00 + byte) for byte in bad]), error.end
    if isinstance(error, UnicodeEncodeError):
        character = ord(error.object[error.start])
        kept = character & 0xFF if 0xDC00 <= character <= 0xDCFF else 0x3F
        return bytes([kept]), error.start + 1
    raise error


codecs.register_error(ERRORS, _keep_bytes)


# The registry's look-up costs more than decoding a usual string, so the codecs' functions are kept.
_decoders: dict[str, Callable[[bytes, str], tuple[str, int]]] = {}
_encoders: dict[str, Callable[[str, str], tuple[bytes, int]]] = {}


@lru_cache(maxsize=256)
def _keeps_ascii(codec: str) -> bool:
    """Say whether ASCII text and its bytes are the same in a codec, so that the quick codec can do the work."""
    text = "".join(map(chr, range(128)))
    name = string8_codec(codec)
    if codecs.lookup(name).name.startswith("iso2022"):  # escape sequences are ASCII and stand for other characters
        return False
    return text.encode(name, ERRORS) == text.encode("ascii") and text.encode("ascii").decode(name, ERRORS) == text


def decode_string8(data: bytes, codec: str) -> str:
    """Return the text of STRING8 bytes; nothing fails and nothing is lost (see `ERRORS`)."""
    if data.__class__ is bytes and data.isascii() and _keeps_ascii(codec):
        return data.decode("ascii")
    decoder = _decoders.get(codec)
    if decoder is None:
        decoder = _decoders[codec] = codecs.getdecoder(string8_codec(codec))
    return decoder(data, ERRORS)[0]


def encode_string8(text: str, codec: str) -> bytes:
    """Return the STRING8 bytes of a text; nothing fails (see `ERRORS`)."""
    if text.isascii() and _keeps_ascii(codec):
        return text.encode("ascii")
    encoder = _encoders.get(codec)
    if encoder is None:
        encoder = _encoders[codec] = codecs.getencoder(string8_codec(codec))
    return encoder(text, ERRORS)[0]
