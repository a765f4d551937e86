"""HTML of RTF bodies."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.mapi import rtf, tags, tnef
from mailconnector.mapi.rtf_body import read_rtf
from mailconnector.mapi.rtf_html import MAX_TOKENS, to_html

HEAD = (
    rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss Arial;}{\f1\fnil\fcharset204 Times New Roman;}}"
    rb"{\colortbl ;\red255\green0\blue0;}"
)


def body(content: bytes) -> str:
    whole = to_html(HEAD + content + b"}")
    return whole.removeprefix("<html><body>\n").removesuffix("\n</body></html>\n")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def text_of(html: str) -> str:
    reader = _Text()
    reader.feed(html)
    reader.close()
    assert not reader.open
    return reader.text


@pytest.mark.parametrize(
    ("content", "html"),
    [
        (rb"plain\par", "<div>plain</div>"),
        (rb"a {\b bold} {\i it}{\ul u}{\strike s}\par", "<div>a <b>bold</b> <i>it</i><u>u</u><s>s</s></div>"),
        (rb"x{\super 2}{\sub 3}\par", "<div>x<sup>2</sup><sub>3</sub></div>"),
        (rb"{\cf1 red}{\cf0 own}\par", '<div><span style="color:#ff0000;">red</span>own</div>'),
        (rb"{\fs20 small}\par", '<div><span style="font-size:10pt;">small</span></div>'),
        (rb"{\f1 \'cf\'f0}\par", "<div><span style=\"font-family:'Times New Roman';\">Пр</span></div>"),
        (rb"\pard\qc middle\par\pard left\par", '<div style="text-align:center;">middle</div>\n<div>left</div>'),
        (rb"\li360 in\par", '<div style="margin-left:18pt;">in</div>'),
        (rb"<&>\par", "<div>&lt;&amp;&gt;</div>"),
        (rb"a\line b\tab c\~d\par", "<div>a<br>\nb&nbsp;&nbsp;&nbsp; c&nbsp;d</div>"),
        (rb"\u8364?\uc2\u-10179 ab\u-8704 cd\par", "<div>€\U0001f600</div>"),
        (rb"{\v hidden}{\*\unknown more}{\pict 0102}seen\par", "<div>seen</div>"),
        (rb"\'93q\'94 \bullet\par", "<div>“q” •</div>"),
        (
            rb'{\field{\*\fldinst HYPERLINK "https://x.example/?a&b"}{\fldrslt here}}\par',
            '<div><a href="https://x.example/?a&amp;b">here</a></div>',
        ),
        (rb'{\field{\*\fldinst HYPERLINK "javascript:alert(1)"}{\fldrslt here}}\par', "<div>here</div>"),
        (
            rb"\trowd\intbl a\cell b\cell\row\pard after\par",
            '<table border="1" cellspacing="0">\n<tr><td><div>a</div></td><td><div>b</div></td></tr>\n</table>\n'
            "<div>after</div>",
        ),
        (rb"no end", "<div>no end</div>"),
        (rb"\par\par", "<div>&nbsp;</div>\n<div>&nbsp;</div>"),
    ],
)
def test_what_mail_in_rtf_has_is_kept(content: bytes, html: str) -> None:
    assert body(content) == html


@given(st.binary(max_size=300))
def test_anything_gives_html_that_is_whole(data: bytes) -> None:
    html = to_html(b"{\\rtf1 " + data)
    html.encode("utf-8")
    if b"<" not in data:
        text_of(html)


def test_groups_without_end_cost_little() -> None:
    assert to_html(b"{\\rtf1 " + b"{" * 200_000 + b"x") == "<html><body>\n<div>x</div>\n</body></html>\n"
    assert to_html(b"{" * (MAX_TOKENS + 1)) == ""


def test_real_rtf_says_the_same_as_its_text(samples: Path) -> None:
    compared = 0
    for path in sorted((samples / "tnef").iterdir()):
        compressed = tnef.parse(path.read_bytes(), lenient=True).properties.get(tags.PidTagRtfCompressed)
        if isinstance(compressed, bytes):
            content = rtf.decompress(compressed)
            assert text_of(to_html(content)).split() == read_rtf(content).content.split(), path.name
            compared += 1
    assert compared >= 3
