"""What RTF is made of: tokens, groups within one another, and bytes in the charsets that words and fonts name.

The readers of RTF bodies (`rtf_body`, `rtf_html`) go through the same tokens and differ in what they make of them.
Damaged RTF has tokens too: what is none is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Generic, TypeAlias, TypeVar

from mailconnector.mapi.codepages import codec_for_codepage

_TOKEN = re.compile(
    rb"\\([A-Za-z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9A-Fa-f]{2})|\\([^A-Za-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\",
    re.DOTALL,
)
_WORD, _NUMBER, _BYTE, _SYMBOL, _BRACE, _TEXT = range(1, 7)

_DEFAULT_CODEC = "cp1252"

_MAX_GROUPS = 10_000
_MAX_FALLBACK = 100

_FONT_PAGES = {
    77: 10000, 128: 932, 129: 949, 130: 1361, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258, 177: 1255,
    178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250, 254: 437, 255: 850,
}  # fmt: skip

_DOCUMENT_CODECS = {b"mac": "mac_roman", b"pc": "cp437", b"pca": "cp850"}

NOT_BODY = frozenset(
    b"fonttbl colortbl stylesheet info pict object objdata header headerl headerr headerf footer footerl footerr "
    b"footnote listtable listoverridetable revtbl rsidtbl generator themedata colorschememapping datastore "
    b"latentstyles xmlnstbl filetbl mhtmltag private fldinst bkmkstart bkmkend template".split()
)
"""Words that begin a group without text of the body."""

WORDS = {
    b"par": "\n", b"line": "\n", b"sect": "\n", b"page": "\n", b"row": "\n", b"cell": "\t", b"tab": "\t",
    b"lquote": "\u2018", b"rquote": "\u2019", b"ldblquote": "\u201c", b"rdblquote": "\u201d", b"bullet": "\u2022",
    b"endash": "\u2013", b"emdash": "\u2014", b"emspace": " ", b"enspace": " ",
}  # fmt: skip
"""What control words say as text."""

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


class TokenKind(Enum):
    r"""What a token is.

    Attributes:
        BYTES: Text, in the charset that holds there.
        WORD: A control word, with its number.
        STAR: What makes the destination that follows one that may be left out (\*).
        SYMBOL: Another control symbol.
        BRACE: The beginning or the end of a group.
    """

    BYTES = "bytes"
    WORD = "word"
    STAR = "star"
    SYMBOL = "symbol"
    BRACE = "brace"


Token: TypeAlias = tuple[TokenKind, bytes, int | None]
"""What a token is; its bytes, of words and symbols without the backslash; the number of a word that has one."""


def tokens(rtf: bytes) -> Iterator[Token]:
    r"""Go through RTF; line ends are no text, and what \bin announces is left out."""
    match_at = _TOKEN.match
    position = 0
    while match := match_at(rtf, position):
        position = match.end()
        last = match.lastindex
        if last == _TEXT:
            yield TokenKind.BYTES, match[_TEXT], None
        elif last == _BRACE:
            yield TokenKind.BRACE, match[_BRACE], None
        elif last == _BYTE:
            yield TokenKind.BYTES, bytes.fromhex(match[_BYTE].decode("ascii")), None
        elif last == _SYMBOL:
            symbol = match[_SYMBOL]
            yield TokenKind.STAR if symbol == b"*" else TokenKind.SYMBOL, symbol, None
        elif last is not None:
            number = int(match[_NUMBER]) if last == _NUMBER else None
            if match[_WORD] == b"bin":
                position += max(0, number or 0)
            else:
                yield TokenKind.WORD, match[_WORD], number


GroupT = TypeVar("GroupT")


class Groups(Generic[GroupT]):
    """The groups around a place; those within the deepest that are kept share its state.

    Args:
        outermost: What holds at the beginning.

    Attributes:
        now: What holds here, until the end of the group.
    """

    def __init__(self, outermost: GroupT) -> None:
        self.now = outermost
        self._outer: list[GroupT] = []
        self._beyond = 0

    def brace(self, brace: bytes) -> None:
        """Go into a group, or out of one."""
        if brace == b"{":
            if len(self._outer) >= _MAX_GROUPS:
                self._beyond += 1
            else:
                self._outer.append(self.now)
        elif self._beyond:
            self._beyond -= 1
        elif self._outer:
            self.now = self._outer.pop()


class Charsets:
    """The charsets of a document and of its fonts.

    Attributes:
        document: Codec of the document.
    """

    def __init__(self) -> None:
        self.document = _DEFAULT_CODEC
        self._fonts: dict[int, str] = {}

    def document_word(self, word: bytes, value: int | None) -> bool:
        """Take a word that says in which charset the document is; tell whether it is one."""
        if word == b"ansicpg" and value is not None:
            self.document = codec_for_codepage(value)
        elif word in _DOCUMENT_CODECS:
            self.document = _DOCUMENT_CODECS[word]
        else:
            return False
        return True

    def define_font(self, font: int, charset: int | None) -> None:
        r"""Take the \fcharset of a font; 0 and 1 mean the document's own."""
        if charset in _FONT_PAGES:
            self._fonts[font] = codec_for_codepage(_FONT_PAGES[charset])

    def of_font(self, font: int) -> str:
        """Return the codec of what is written in a font."""
        return self._fonts.get(font, self.document)


class Pending:
    r"""Bytes of text that are collected, so that characters of several bytes are whole.

    Whatever changes the codec takes them first.

    Attributes:
        skip: Characters to leave out: after \u they are for readers without Unicode.
    """

    def __init__(self) -> None:
        self.skip = 0
        self._data = bytearray()
        self._codec = _DEFAULT_CODEC

    def kept(self, data: bytes) -> bytes:
        """Return what of some bytes is not to be left out."""
        if not self.skip:
            return data
        skipped = min(self.skip, len(data))
        self.skip -= skipped
        return data[skipped:]

    def add(self, data: bytes, codec: str) -> None:
        """Collect bytes."""
        if not self._data:
            self._codec = codec
        self._data += data

    def taken(self) -> str:
        """Return the text of what was collected."""
        if not self._data:
            return ""
        text = bytes(self._data).decode(self._codec, "replace")
        self._data.clear()
        return text


def fallback_of(value: int | None) -> int:
    r"""Return how many characters follow a \u for other readers, from the number of \uc."""
    return min(max(value or 0, 0), _MAX_FALLBACK)
