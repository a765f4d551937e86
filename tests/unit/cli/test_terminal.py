"""Text that is safe to show."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.cli.terminal import clean, clean_lines, counted, size_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("a\r\nb\tc", "a  b c"),
        ("\x9b31m", "\\x9b31m"),
        ("abc\u202edcba", "abc\\u202edcba"),
        ("\ud800", "\\ud800"),
        ("[bold]x[/bold]", "[bold]x[/bold]"),
        ("\u00e9\u4e2d\U0001f600", "\u00e9\u4e2d\U0001f600"),
    ],
)
def test_clean(text, shown):
    assert clean(text) == shown


@given(st.text(st.characters()))
def test_nothing_that_a_terminal_acts_upon_is_left(text):
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in clean(text))
    lines = clean_lines(text).replace("\n", "")
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in lines)


def test_limit():
    assert clean("abcdef", 4) == "abc\u2026"
    assert clean("abcd", 4) == "abcd"


def test_figures():
    assert size_text(1) == "1 byte"
    assert size_text(1536) == "1.5 KB"
    assert size_text(5 << 30) == "5.0 GB"
    assert counted(1, "message") == "1 message"
    assert counted(2000, "property", "properties") == "2,000 properties"
