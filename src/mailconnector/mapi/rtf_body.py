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

from mailconnector.mapi.rtf_tokens import (
    NOT_BODY,
    SYMBOLS,
    WORDS,
    Charsets,
    Groups,
    Pending,
    TokenKind,
    fallback_of,
    tokens,
)


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


_ORIGIN = re.compile(rb"\\from(html1|text)(?![A-Za-z0-9])")
_ORIGIN_WITHIN = 600
_SURROGATE = re.compile("[\ud800-\udfff]")

_AS_HTML = {
    b"par": "\n", b"line": "\n", b"tab": "\t", b"lquote": "&lsquo;", b"rquote": "&rsquo;", b"ldblquote": "&ldquo;",
    b"rdblquote": "&rdquo;", b"bullet": "&bull;", b"endash": "&ndash;", b"emdash": "&mdash;",
}  # fmt: skip
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
        self.groups = Groups(_Group())
        self.charsets = Charsets()
        self.pending = Pending()
        self.font = 0
        self.starred = False

    def pieces(self) -> Iterator[str]:
        """Yield the content piece by piece."""
        for kind, data, number in tokens(self.rtf):
            if kind is TokenKind.BYTES:
                data = self.pending.kept(data)
                if data and not self._is_silent():
                    self.pending.add(data, self.groups.now.codec)
                continue
            text = self._token(kind, data, number)
            if text is None:
                continue
            yield self.pending.taken()
            yield text
        yield self.pending.taken()

    def _token(self, kind: TokenKind, data: bytes, number: int | None) -> str | None:
        """Take a token that is no text; return what it means in the content, if anything."""
        if kind is TokenKind.BRACE:
            self.starred = False
            self.pending.skip = 0
            self.groups.brace(data)
            return ""
        if kind is TokenKind.WORD:
            return self._word(data, number)
        if kind is TokenKind.STAR:
            self.starred = True
            return None
        if self._is_silent():
            return None
        if self.pending.skip:
            self.pending.skip -= 1
            return None
        return self.symbols.get(data)

    def _word(self, word: bytes, value: int | None) -> str | None:
        starred, self.starred = self.starred, False
        group = self.groups.now
        if word == b"htmltag" and starred:
            self.groups.now = replace(group, in_tag=True, silent=not self.as_html, codec=self.charsets.document)
        elif word == b"htmlrtf":
            self.groups.now = replace(group, hidden=self.as_html and value != 0)
            return ""
        elif starred or word in NOT_BODY:
            self.groups.now = replace(group, silent=True, fonts=word == b"fonttbl" or group.fonts)
        elif word == b"u" and value is not None:
            self.pending.skip = group.fallback
            return None if self._is_silent() else chr(value & 0xFFFF)
        elif self._sets_charset(word, value):
            return ""
        elif not self._is_silent():
            return self.words.get(word)
        return None

    def _sets_charset(self, word: bytes, value: int | None) -> bool:
        """Take a word that says how bytes are to be decoded."""
        group = self.groups.now
        if word == b"uc":
            self.groups.now = replace(group, fallback=fallback_of(value))
        elif self.charsets.document_word(word, value) or (word == b"plain" and not group.in_tag):
            self.groups.now = replace(group, codec=self.charsets.document)
        elif word == b"f" and value is not None:
            self.font = value
            if not group.fonts and not group.in_tag:
                self.groups.now = replace(group, codec=self.charsets.of_font(value))
        elif word == b"fcharset" and group.fonts:
            self.charsets.define_font(self.font, value)
        else:
            return False
        return True

    def _is_silent(self) -> bool:
        return self.groups.now.silent or self.groups.now.hidden
