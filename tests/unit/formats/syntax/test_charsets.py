"""Labels of charsets, and text from bytes whatever the label says."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.formats.syntax import charsets

LABELS = [
    *("utf-8", "us-ascii", "iso-8859-1", "iso-8859-2", "iso-8859-15", "windows-1250", "windows-1251", "windows-1252"),
    *("koi8-r", "koi8-u", "shift_jis", "euc-jp", "iso-2022-jp", "euc-kr", "iso-2022-kr", "gb2312", "gb18030", "big5"),
    *("hz-gb-2312", "macintosh", "ibm850", "windows-874", "iso-8859-11", "utf-7", "utf-16", "unknown-8bit", ""),
]


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("UTF8", "utf-8"),
        ("ISO_8859-1:1987", "iso-8859-1"),
        ("Latin1", "iso-8859-1"),
        ("x-sjis", "shift_jis"),
        ("Windows-31J", "shift_jis"),
        ("ks_c_5601-1987", "euc-kr"),
        ("GBK", "gb2312"),
        ("cp-850", "ibm850"),
        ("CP1251", "windows-1251"),
        ("iso-8859-8-i", "iso-8859-8"),
        ("ISO8859-15", "iso-8859-15"),
        ("ansi_x3.4-1968", "us-ascii"),
        ("charset=utf-8", "utf-8"),
    ],
)
def test_labels_in_any_spelling(label: str, name: str) -> None:
    charset = charsets.lookup(label)
    assert charset is not None
    assert charset.name == name
    for codec in charset.codecs:
        codecs.lookup(codec)


@pytest.mark.parametrize(
    "label", ["rot13", "zlib", "base64", "idna", "unicode_escape", "x" * 1000, "unknown-8bit", "cp99"]
)
def test_python_codecs_that_are_no_charsets_are_unknown(label: str) -> None:
    assert charsets.lookup(label) is None


@pytest.mark.parametrize(
    ("data", "label", "text", "name"),
    [
        ("é".encode(), "utf-8", "é", "utf-8"),
        ("é".encode(), "us-ascii", "é", "utf-8"),
        (b"\xe9", "us-ascii", "é", "windows-1252"),
        (b"\xe9", "utf-8", "é", "windows-1252"),
        (b"\x93x\x94", "iso-8859-1", "“x”", "windows-1252"),
        ("it’s".encode(), "iso-8859-1", "it’s", "utf-8"),
        (b"\xe9t\xe9", "iso-8859-1", "été", "iso-8859-1"),
        (b"\x81\x8d", "windows-1252", "\x81\x8d", "utf-8"),
        ("привет".encode("koi8-r"), "koi8-r", "привет", "koi8-r"),
        ("да".encode(), "koi8", "п╢п╟", "koi8-r"),
        ("①".encode("cp932"), "shift_jis", "①", "shift_jis"),
        ("镕".encode("gbk"), "gb2312", "镕", "gb2312"),
        ("日本".encode("iso2022_jp"), "iso-2022-jp", "日本", "iso-2022-jp"),
        (b"abc", "iso-2022-jp", "abc", "iso-2022-jp"),
        (b"abc", "", "abc", "utf-8"),
        (b"\xef\xbb\xbf\xc3\xa9", "", "é", "utf-8"),
        ("ä".encode("utf-16"), "utf-16", "ä", "utf-8"),
        (b"+AOQ-", "utf-7", "ä", "utf-8"),
        ("grün und blau und rot".encode()[:-1] + b"\xc3", "utf-8", "grün und blau und ro�", "utf-8"),
    ],
)
def test_text_from_bytes(data: bytes, label: str, text: str, name: str) -> None:
    assert charsets.decode(data, label) == (text, name)


@given(st.binary(max_size=80), st.sampled_from(LABELS))
def test_all_bytes_are_text_that_can_be_written(data: bytes, label: str) -> None:
    text, name = charsets.decode(data, label)
    encoded, written = charsets.encode(text, name)
    if text.startswith("\ufeff"):
        return
    assert charsets.decode(encoded, written)[0] == text


@given(st.text(max_size=60), st.sampled_from(LABELS))
def test_all_text_can_be_written_under_any_label(text: str, label: str) -> None:
    encoded, name = charsets.encode(text, label)
    whole = text.encode("utf-8", "replace").decode("utf-8")
    if not text.startswith("\ufeff"):
        assert charsets.decode(encoded, name) == (whole, name)
