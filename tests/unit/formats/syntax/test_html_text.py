"""HTML in words."""

from __future__ import annotations

import time

import pytest

from mailconnector.formats.syntax.html_text import text_of_html


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain &amp; simple", "plain & simple"),
        ("<p>One\r\n two</p><p>three</p>", "One two\n\nthree"),
        ("a<br>b<BR/>c", "a\nb\nc"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<head><title>t</title><style>p { x }</style></head><body>seen<script>var a = '<b>';</script></body>", "seen"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3"),
        ("a<!-- <p>hidden</p> -->b", "ab"),
        ("<b>bold</b> and <i>more</i>", "bold and more"),
        ("cut <b", "cut"),
        ("cut <!-- open", "cut"),
        ("cut <style>open", "cut"),
    ],
)
def test_words(html: str, text: str) -> None:
    assert text_of_html(html).strip() == text


@pytest.mark.parametrize("piece", ["<", "<p", "<!--", "<style>", "<script></", "<br>", "&#", "<p></p>", "> <"])
def test_it_takes_no_longer_than_the_length_allows(piece: str) -> None:
    start = time.process_time()
    text_of_html(piece * 200_000)
    assert time.process_time() - start < 10
