"""HTML in words, for text parts beside it and for readers that know no HTML."""

from __future__ import annotations

import html
import re

_TAG = re.compile(r"[/!?]?\s*([A-Za-z][A-Za-z0-9]*)?")
_UNSEEN = frozenset({"style", "script", "title"})
_LINES = frozenset(
    {"p", "div", "tr", "li", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre", "blockquote"}
)
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6"})
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_EMPTY_LINES = re.compile(r"\n{3,}")


def text_of_html(source: str) -> str:
    r"""Return what HTML says, its blocks on lines of their own, with "\n" as the line end.

    It takes time that grows with the length alone, whatever is not closed.
    """
    out: list[str] = []
    position = 0
    while (start := source.find("<", position)) >= 0:
        _add(out, source[position:start])
        if source.startswith("<!--", start):
            end = source.find("-->", start)
            position = len(source) if end < 0 else end + 3
            continue
        end = source.find(">", start)
        if end < 0:
            position = len(source)
            break
        match = _TAG.match(source, start + 1)
        name = (match[1] or "").lower() if match else ""
        position = end + 1
        if name in _UNSEEN and source[start + 1] != "/":
            close = re.compile(rf"</{name}[^<>]*>", re.IGNORECASE).search(source, position)
            position = len(source) if close is None else close.end()
        elif name == "br":
            out.append("\n")
        elif name in _LINES:
            _end_line(out, twice=name in _PARAGRAPHS and source[start + 1] == "/")
        elif name in ("td", "th"):
            _add(out, " ")
    _add(out, source[position:])
    lines = [line.strip() for line in "".join(out).split("\n")]
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


def _add(out: list[str], piece: str) -> None:
    text = _BLANKS.sub(" ", html.unescape(piece) if "&" in piece else piece)
    if text == " " and (not out or out[-1].endswith(("\n", " "))):
        return
    if text:
        out.append(text)


def _end_line(out: list[str], *, twice: bool) -> None:
    if out and not out[-1].endswith("\n"):
        out.append("\n")
    if twice and out:
        out.append("\n")
