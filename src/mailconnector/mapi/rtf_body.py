"""What an RTF body says: the HTML or the text that it was made from ([MS-OXRTFEX]), or its plain text.

Outlook and Exchange keep HTML and text inside RTF so that they come out again as they went in: the words
"fromhtml1" and "fromtext" near the beginning say so. Tags stand in groups {\\*\\htmltag ...}, text stands as
text, and what makes the RTF look right without being in the original stands between \\htmlrtf and \\htmlrtf0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from mailconnector.mapi.codepages import codec_for_codepage


class RtfOrigin(Enum):
    """What an RTF body was made from."""

    HTML = "html"
    TEXT = "text"
    RTF = "rtf"


@dataclass(frozen=True, slots=True)
class RtfBody:
    """What an RTF body says.

    Attributes:
        origin: What it was made from.
        content: The HTML where it was made from HTML, else plain text; "\\n" ends its lines.
    """

    origin: RtfOrigin
    content: str


TOKEN = re.compile(
    rb"\\([A-Za-z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9A-Fa-f]{2})|\\([^A-Za-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\",
    re.DOTALL,
)
"""Control word with its number and delimiting blank; \\'hh; other control symbol; brace; line end (no text); text."""

_ORIGIN = re.compile(rb"\\from(html1|text)(?![A-Za-z0-9])")
_ORIGIN_WITHIN = 600
_SURROGATE = re.compile("[\ud800-\udfff]")

NOT_BODY = frozenset(
    b"fonttbl colortbl stylesheet info pict object objdata header headerl headerr headerf footer footerl footerr "
    b"footnote listtable listoverridetable revtbl rsidtbl generator themedata colorschememapping datastore "
    b"latentstyles xmlnstbl filetbl mhtmltag private fldinst bkmkstart bkmkend template".split()
)
"""Words that begin a group without text of the body."""

FONT_PAGES = {
    77: 10000, 128: 932, 129: 949, 130: 1361, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258, 177: 1255,
    178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250, 254: 437, 255: 850,
}  # fmt: skip
"""Code pages of fonts' \\fcharset numbers; 0 and 1 mean the document's own."""

DOCUMENT_CODECS = {b"mac": "mac_roman", b"pc": "cp437", b"pca": "cp850"}
"""Words that say in which charset a document is that names no code page."""

MAX_GROUPS = 10_000
"""Groups within one another; those within the deepest share its state."""

WORDS = {
    b"par": "\n", b"line": "\n", b"sect": "\n", b"page": "\n", b"row": "\n", b"cell": "\t", b"tab": "\t",
    b"lquote": "\u2018", b"rquote": "\u2019", b"ldblquote": "\u201c", b"rdblquote": "\u201d", b"bullet": "\u2022",
    b"endash": "\u2013", b"emdash": "\u2014", b"emspace": " ", b"enspace": " ",
}  # fmt: skip
"""What control words say as text."""

_AS_HTML = {
    b"par": "\n", b"line": "\n", b"tab": "\t", b"lquote": "&lsquo;", b"rquote": "&rsquo;", b"ldblquote": "&ldquo;",
    b"rdblquote": "&rdquo;", b"bullet": "&bull;", b"endash": "&ndash;", b"emdash": "&mdash;",
}  # fmt: skip
SYMBOLS = {
    b"~": "\xa0",
    b"_": "\xad",
    b"-": "",
    b"\\": "\\",
    b"{": "{",
    b"}": "}",
    b"\r": "\n",
    b"\n": "\n",
    b"\t": "\t",
}
"""What control symbols say as text."""

_SYMBOLS_AS_HTML = SYMBOLS | {b"~": "&nbsp;", b"_": "&shy;"}


@dataclass(frozen=True, slots=True)
class _Group:
    """What holds until the end of a group.

    Attributes:
        silent: Its text is no part of the body.
        in_tag: Its text is part of an HTML tag.
        hidden: Between \\htmlrtf and \\htmlrtf0.
        fonts: It is the font table.
        codec: How its bytes are decoded.
        fallback: Characters after \\u that are there for readers without Unicode.
    """

    silent: bool = False
    in_tag: bool = False
    hidden: bool = False
    fonts: bool = False
    codec: str = "cp1252"
    fallback: int = 1


def origin_of(rtf: bytes) -> RtfOrigin:
    """Return what an RTF body was made from, by the word near its beginning."""
    match = _ORIGIN.search(rtf, 0, _ORIGIN_WITHIN)
    if match is None:
        return RtfOrigin.RTF
    return RtfOrigin.HTML if match[1] == b"html1" else RtfOrigin.TEXT


def read_rtf(rtf: bytes) -> RtfBody:
    """Return what an RTF body says; damaged RTF gives what can be read of it.

    Args:
        rtf: Uncompressed RTF.
    """
    origin = origin_of(rtf)
    content = "".join(_Reader(rtf, origin is RtfOrigin.HTML).pieces())
    if _SURROGATE.search(content):
        content = content.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return RtfBody(origin, content.replace("\0", ""))


class _Reader:
    """Goes through the tokens of one RTF body."""

    def __init__(self, rtf: bytes, as_html: bool) -> None:
        self.rtf = rtf
        self.as_html = as_html
        self.words = _AS_HTML if as_html else WORDS
        self.symbols = _SYMBOLS_AS_HTML if as_html else SYMBOLS
        self.group = _Group()
        self.outer: list[_Group] = []
        self.beyond = 0
        self.document_codec = "cp1252"
        self.font_codecs: dict[int, str] = {}
        self.font = 0
        self.skip = 0
        self.starred = False
        self.raw = bytearray()
        self.raw_codec = "cp1252"

    def pieces(self) -> Iterator[str]:
        """Yield the content piece by piece."""
        position = 0
        while match := TOKEN.match(self.rtf, position):
            position = match.end()
            if match[6] is not None:
                self._bytes(match[6])
                continue
            if match[3] is not None:
                self._bytes(bytes.fromhex(match[3].decode("ascii")))
                continue
            if match[1] == b"bin":
                position += max(0, int(match[2] or 0))
                continue
            text = self._token(match)
            if text is None:
                continue
            yield self._flushed()
            yield text
        yield self._flushed()

    def _token(self, match: re.Match[bytes]) -> str | None:
        """Take a token that is no text; return what it means in the content, if anything."""
        if match[5] is not None:
            self._brace(match[5])
            return ""
        if match[1] is not None:
            return self._word(match[1], match[2])
        if match[4] == b"*":
            self.starred = True
            return None
        if match[4] is None or self._is_silent():
            return None
        if self.skip:
            self.skip -= 1
            return None
        return self.symbols.get(match[4])

    def _brace(self, brace: bytes) -> None:
        self.starred = False
        self.skip = 0
        if brace == b"{":
            if len(self.outer) >= MAX_GROUPS:
                self.beyond += 1
            else:
                self.outer.append(self.group)
        elif self.beyond:
            self.beyond -= 1
        elif self.outer:
            self.group = self.outer.pop()

    def _word(self, word: bytes, digits: bytes | None) -> str | None:
        value = int(digits) if digits is not None else None
        starred, self.starred = self.starred, False
        if word == b"htmltag" and starred:
            self.group = replace(self.group, in_tag=True, silent=not self.as_html, codec=self.document_codec)
        elif word == b"htmlrtf":
            self.group = replace(self.group, hidden=self.as_html and value != 0)
            return ""
        elif starred or word in NOT_BODY:
            self.group = replace(self.group, silent=True, fonts=word == b"fonttbl" or self.group.fonts)
        elif word == b"u" and value is not None:
            return self._unicode(value)
        elif self._sets_charset(word, value):
            return ""
        elif not self._is_silent():
            return self.words.get(word)
        return None

    def _unicode(self, value: int) -> str | None:
        self.skip = self.group.fallback
        return None if self._is_silent() else chr(value & 0xFFFF)

    def _sets_charset(self, word: bytes, value: int | None) -> bool:
        """Take a word that says how bytes are to be decoded."""
        if word == b"uc":
            self.group = replace(self.group, fallback=min(max(value or 0, 0), 100))
        elif word == b"ansicpg" and value is not None:
            self.document_codec = codec_for_codepage(value)
            self.group = replace(self.group, codec=self.document_codec)
        elif word in DOCUMENT_CODECS:
            self.document_codec = DOCUMENT_CODECS[word]
            self.group = replace(self.group, codec=self.document_codec)
        elif word == b"f" and value is not None:
            self.font = value
            if not self.group.fonts and not self.group.in_tag:
                self.group = replace(self.group, codec=self.font_codecs.get(value, self.document_codec))
        elif word == b"fcharset" and self.group.fonts and value in FONT_PAGES:
            self.font_codecs[self.font] = codec_for_codepage(FONT_PAGES[value])
        elif word == b"plain" and not self.group.in_tag:
            self.group = replace(self.group, codec=self.document_codec)
        else:
            return False
        return True

    def _is_silent(self) -> bool:
        return self.group.silent or self.group.hidden

    def _bytes(self, data: bytes) -> None:
        if self.skip:
            skipped = min(self.skip, len(data))
            self.skip -= skipped
            data = data[skipped:]
        if not data or self._is_silent():
            return
        if not self.raw:
            # Whatever changes the codec flushes first.
            self.raw_codec = self.group.codec
        self.raw += data

    def _flushed(self) -> str:
        """Return the text of the bytes that were collected, so that characters of several bytes are whole."""
        if not self.raw:
            return ""
        text = bytes(self.raw).decode(self.raw_codec, "replace")
        self.raw.clear()
        return text
