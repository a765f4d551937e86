"""HTML from an RTF body that was written as RTF, for readers that know no RTF.

It keeps what mail in RTF has: paragraphs, alignment, indents, fonts, sizes, colours, bold and its kin, links, list
marks, and simple tables. Pictures and objects are left out: they travel as attachments, or stay in the RTF. The same
RTF always gives the same HTML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from html import escape

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

_DEFAULT_SIZE = 24
_TWIPS_PER_POINT = 20
_SURROGATES = re.compile("[\ud800-\udfff]+")
_CONTROLS = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f]+")
_HYPERLINK = re.compile(r'HYPERLINK\s+(?:\\l\s+)?(?:"([^"]*)"|(\S+))', re.IGNORECASE)
_SAFE_LINK = re.compile(r"(?:https?|ftp|mailto|file|news|tel|sip|outlook|onenote|notes):", re.IGNORECASE)
_ALIGNMENTS = {b"ql": "", b"qc": "center", b"qr": "right", b"qj": "justify"}
_SPACES = re.compile("  +")
_MAX_COLORS = 1024

MAX_TOKENS = 1_000_000
"""Words, symbols and pieces of text of an RTF body that is made HTML; far more than people write."""


@dataclass(frozen=True, slots=True)
class _Style:
    """How characters look.

    Attributes:
        size: Half points.
        raised: 1 superscript, -1 subscript.
        color: Place in the colour table; 0 the reader's own.
        link: What they lead to.
    """

    bold: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False
    hidden: bool = False
    raised: int = 0
    size: int = _DEFAULT_SIZE
    color: int = 0
    font: int = -1
    link: str = ""


@dataclass(frozen=True, slots=True)
class _Group:
    """What holds until the end of a group."""

    style: _Style = _Style()
    silent: bool = False
    place: bytes = b""
    codec: str = "cp1252"
    fallback: int = 1


@dataclass(slots=True)
class _Paragraph:
    """A paragraph in the making: pieces of text with their looks, and its own."""

    pieces: list[tuple[_Style, str]] = field(default_factory=list)
    alignment: str = ""
    indent: int = 0
    in_table: bool = False


_TOGGLES: dict[bytes, str] = {
    b"b": "bold", b"i": "italic", b"ul": "underline", b"uld": "underline", b"uldb": "underline", b"ulw": "underline",
    b"strike": "strike", b"striked": "strike", b"v": "hidden",
}  # fmt: skip
_RAISED = {b"super": 1, b"sub": -1, b"nosupersub": 0}
# Destinations whose text this module itself needs.
_TABLES = frozenset({b"fonttbl", b"colortbl", b"fldinst"})


def to_html(rtf: bytes) -> str:
    """Return an HTML document that says what RTF says; damaged RTF gives what can be read of it.

    RTF of more than `MAX_TOKENS` gives "".

    Args:
        rtf: Uncompressed RTF.
    """
    return _Writer(rtf).html()


class _Writer:
    """Goes through the tokens of one RTF body."""

    def __init__(self, rtf: bytes) -> None:
        self.rtf = rtf
        self.groups = Groups(_Group())
        self.charsets = Charsets()
        self.pending = Pending()
        self.font_names: dict[int, str] = {}
        self.colors: list[str] = []
        self.color = [0, 0, 0]
        self.color_is_set = False
        self.instruction = ""
        self.paragraph = _Paragraph()
        self.cell: list[str] = []
        self.row: list[str] = []
        self.rows: list[str] = []
        self.out: list[str] = []
        self.starred = False

    def html(self) -> str:
        for count, (kind, data, number) in enumerate(tokens(self.rtf)):
            if count == MAX_TOKENS:
                return ""
            if kind is TokenKind.BYTES:
                self.pending.add(self.pending.kept(data), self.groups.now.codec)
            elif kind is TokenKind.BRACE:
                self._flush()
                self.starred = False
                self.pending.skip = 0
                self.groups.brace(data)
            elif kind is TokenKind.WORD:
                self._flush()
                self._word(data, number)
            elif kind is TokenKind.STAR:
                self.starred = True
            else:
                self._symbol(data)
        self._flush()
        if self.paragraph.pieces or self.cell:
            self._end_paragraph()
        self._end_table()
        return "<html><body>\n" + "\n".join(self.out) + "\n</body></html>\n"

    def _symbol(self, symbol: bytes) -> None:
        if self.pending.skip:
            self.pending.skip -= 1
            return
        if symbol in b"\r\n":
            self._flush()
            self._end_paragraph()
        elif text := SYMBOLS.get(symbol):
            self._text(text)

    def _word(self, word: bytes, value: int | None) -> None:
        starred, self.starred = self.starred, False
        if word in _TABLES:
            self.groups.now = replace(self.groups.now, place=word, silent=True)
            if word == b"fldinst":
                self.instruction = ""
        elif word == b"fldrslt":
            self._style(link=_link(self.instruction))
        elif word == b"shppict" or starred or word in NOT_BODY:
            self.groups.now = replace(self.groups.now, silent=True, place=b"")
        elif word == b"u" and value is not None:
            self._text(chr(value & 0xFFFF))
            self.pending.skip = self.groups.now.fallback
        elif not (self._charset(word, value) or self._looks(word, value) or self._layout(word, value)):
            text = WORDS.get(word)
            if text is not None and text != "\n":
                self._text(text)

    def _charset(self, word: bytes, value: int | None) -> bool:
        if word == b"uc":
            self.groups.now = replace(self.groups.now, fallback=fallback_of(value))
        elif self.charsets.document_word(word, value):
            self.groups.now = replace(self.groups.now, codec=self.charsets.document)
        elif word == b"fcharset" and self.groups.now.place == b"fonttbl":
            self.charsets.define_font(self.groups.now.style.font, value)
        elif word == b"f" and value is not None:
            self._style(font=value)
            if self.groups.now.place != b"fonttbl":
                self.groups.now = replace(self.groups.now, codec=self.charsets.of_font(value))
        else:
            return False
        return True

    def _style(self, **changes: object) -> None:
        self.groups.now = replace(self.groups.now, style=replace(self.groups.now.style, **changes))  # type: ignore[arg-type]

    def _looks(self, word: bytes, value: int | None) -> bool:
        """Take a word that says how characters look."""
        if word in _TOGGLES:
            self._style(**{_TOGGLES[word]: value != 0})
        elif word == b"ulnone":
            self._style(underline=False)
        elif word in _RAISED:
            self._style(raised=_RAISED[word] if value != 0 else 0)
        elif word == b"fs":
            self._style(size=min(max(value or _DEFAULT_SIZE, 2), 400))
        elif word == b"cf":
            self._style(color=value or 0)
        elif word == b"plain":
            self.groups.now = replace(
                self.groups.now, style=_Style(link=self.groups.now.style.link), codec=self.charsets.document
            )
        elif word in (b"red", b"green", b"blue") and self.groups.now.place == b"colortbl":
            self.color[(b"red", b"green", b"blue").index(word)] = min(max(value or 0, 0), 255)
            self.color_is_set = True
        else:
            return False
        return True

    def _layout(self, word: bytes, value: int | None) -> bool:
        """Take a word that says how paragraphs lie."""
        if self.groups.now.silent:
            return word in (b"par", b"line", b"cell", b"row")
        if word in (b"par", b"sect", b"page"):
            self._end_paragraph()
        elif word == b"line":
            self._text("\n")
        elif word == b"pard":
            self.paragraph = _Paragraph(self.paragraph.pieces)
        elif word in _ALIGNMENTS:
            self.paragraph.alignment = _ALIGNMENTS[word]
        elif word == b"li":
            self.paragraph.indent = min(max(value or 0, 0), 20_000)
        elif word == b"intbl":
            self.paragraph.in_table = True
        elif word in (b"cell", b"nestcell"):
            self.paragraph.in_table = True
            self._end_paragraph()
            self.row.append("<td>" + "\n".join(self.cell) + "</td>")
            self.cell.clear()
        elif word in (b"row", b"nestrow"):
            self.rows.append("<tr>" + "".join(self.row) + "</tr>")
            self.row.clear()
        else:
            return False
        return True

    def _flush(self) -> None:
        if text := self.pending.taken():
            self._take(text)

    def _text(self, text: str) -> None:
        self._flush()
        self._take(text)

    def _take(self, text: str) -> None:
        place = self.groups.now.place
        if place == b"fonttbl":
            font = self.groups.now.style.font
            name, end, _ = text.partition(";")
            if len(self.font_names) < _MAX_COLORS and (name.strip() or end):
                self.font_names[font] = self.font_names.get(font, "") + name
        elif place == b"colortbl":
            for _ in range(min(text.count(";"), _MAX_COLORS - len(self.colors))):
                self.colors.append("#{:02x}{:02x}{:02x}".format(*self.color) if self.color_is_set else "")
                self.color, self.color_is_set = [0, 0, 0], False
        elif place == b"fldinst":
            self.instruction += text
        elif not self.groups.now.silent and not self.groups.now.style.hidden:
            pieces = self.paragraph.pieces
            if pieces and pieces[-1][0] == self.groups.now.style:
                text = pieces.pop()[1] + text
            pieces.append((self.groups.now.style, text))

    def _end_paragraph(self) -> None:
        paragraph = self.paragraph
        self.paragraph = _Paragraph([], paragraph.alignment, paragraph.indent, paragraph.in_table)
        looks = f"text-align:{paragraph.alignment};" if paragraph.alignment else ""
        if paragraph.indent:
            looks += f"margin-left:{paragraph.indent / _TWIPS_PER_POINT:g}pt;"
        content = "".join([self._piece(style, text) for style, text in paragraph.pieces]) or "&nbsp;"
        whole = f'<div style="{looks}">{content}</div>' if looks else f"<div>{content}</div>"
        if paragraph.in_table:
            self.cell.append(whole)
        else:
            self._end_table()
            self.out.append(whole)

    def _end_table(self) -> None:
        if self.cell or self.row:
            self.rows.append("<tr>" + "".join(self.row) + "".join(f"<td>{one}</td>" for one in self.cell) + "</tr>")
            self.cell.clear()
            self.row.clear()
        if self.rows:
            self.out.append('<table border="1" cellspacing="0">\n' + "\n".join(self.rows) + "\n</table>")
            self.rows.clear()

    def _piece(self, style: _Style, text: str) -> str:
        if _SURROGATES.search(text):
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        out = escape(_CONTROLS.sub("", text), quote=False)
        out = _SPACES.sub(lambda match: "&nbsp;" * (len(match[0]) - 1) + " ", out)
        out = out.replace("\t", "&nbsp;&nbsp;&nbsp; ").replace("\n", "<br>\n").replace("\xa0", "&nbsp;")
        looks = self._font(style)
        if looks:
            out = f'<span style="{looks}">{out}</span>'
        if style.raised:
            out = f"<sup>{out}</sup>" if style.raised > 0 else f"<sub>{out}</sub>"
        for is_set, name in ((style.strike, "s"), (style.underline, "u"), (style.italic, "i"), (style.bold, "b")):
            if is_set:
                out = f"<{name}>{out}</{name}>"
        return f'<a href="{escape(style.link)}">{out}</a>' if style.link else out

    def _font(self, style: _Style) -> str:
        looks = ""
        name = self.font_names.get(style.font, "").strip().replace("'", "").replace('"', "")
        if name:
            looks += f"font-family:'{escape(_CONTROLS.sub('', name))}';"
        if style.size != _DEFAULT_SIZE:
            looks += f"font-size:{style.size / 2:g}pt;"
        if 0 < style.color < len(self.colors) and self.colors[style.color]:
            looks += f"color:{self.colors[style.color]};"
        return looks


def _link(instruction: str) -> str:
    """Return the address in a field's instruction; "" for other fields, and for what could run a script."""
    match = _HYPERLINK.search(instruction[:10_000])
    address = (match[1] or match[2] or "").strip() if match else ""
    return address if _SAFE_LINK.match(address) else ""
