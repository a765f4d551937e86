"""Bodies in MAPI: HTML in its code pages, and what is inside RTF."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.formats.syntax import charsets
from mailconnector.items import Mail
from mailconnector.mapi import rtf, tags
from mailconnector.mapi.charsets import charset_of, page_of
from mailconnector.mapi.file_names import made_name, short_name, type_of_name
from mailconnector.mapi.objects import MessageObject, Properties
from mailconnector.mapi.rtf_body import RtfBody, RtfOrigin, read_rtf
from mailconnector.mapping import from_mapi, to_mapi
from tests.unit.items.mails import mail_of

HTML = RtfOrigin.HTML
FONTS = rb"{\fonttbl{\f0\fswiss Arial;}{\f1\fcharset204 Cyr;}{\f2\fcharset128 Jap;}}"
HEAD = rb"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0" + FONTS + rb"\uc1 "


@pytest.mark.parametrize(
    ("body", "html"),
    [
        (rb"{\*\htmltag64 <p>}\htmlrtf {\b \htmlrtf0 bold{\*\htmltag72 </p>}\htmlrtf }\htmlrtf0 }", "<p>bold</p>"),
        (rb"{\*\htmltag241 <style>\par p \{color:red\}\par </style>}x}", "<style>\np {color:red}\n</style>x"),
        (rb"a\htmlrtf hidden \par\htmlrtf0 b\par c\line d\tab e}", "ab\nc\nd\te"),
        (rb"{\*\htmltag84 &#8364;}\htmlrtf \u8364?\htmlrtf0 \u8364?x\u-10179?\u-8704?}", "&#8364;€x😀"),
        (rb"\'e9\lquote\rquote \ldblquote x\rdblquote}", "é&lsquo;&rsquo;&ldquo;x&rdquo;"),
        (rb"\bullet\endash\emdash\~\_}", "&bull;&ndash;&mdash;&nbsp;&shy;"),
        (rb"\f1 \'e4\'e0{\*\htmltag84 \'e9}{\f0 \'e9}\'e4\plain \'e9}", "даééдé"),
        (rb"\f2 \'93\'fa\'96{\*\htmltag64 <p>}}", "日�<p>"),
        (rb"\f2 \'93\'fa\'96\'7b}", "日本"),
        (rb"{\*\mhtmltag84 <img src=cid:x>}{\*\htmltag84 <img src=y>}", "<img src=y>"),
        (rb"{\*\unknown x{\nested y}}{\pict 0011}z}", "z"),
        (rb"{\uc2 \u26085\'93\'fa\u26412ab\uc0 \u65 b}", "日本Ab"),
        (rb"a\\\{\}b}trailing", "a\\{}btrailing"),
        (rb"{\*\htmltag64 open", "open"),
        (rb"\bin5 }}}}}x}", "x"),
        (rb"\bin-5 x\u65601 ?y\f999 z\'zz}", "xAyzzz"),
    ],
)  # fmt: skip
def test_html_in_rtf(body: bytes, html: str) -> None:
    assert read_rtf(HEAD + body) == RtfBody(HTML, html)


def test_text_in_rtf() -> None:
    text = read_rtf(rb"{\rtf1\ansi\ansicpg1251\fromtext{\fonttbl{\f0 x;}}line one\par \'e4\'e0\par\tab \{x\}}")
    assert text == RtfBody(RtfOrigin.TEXT, "line one\nда\n\t{x}")


def test_plain_rtf_as_text() -> None:
    data = (
        rb"{\rtf1\ansi{\fonttbl{\f0\fcharset0 A;}}{\colortbl;\red0;}{\stylesheet{\s1 Style;}}{\info{\title T}}"
        rb"{\*\generator G;}\pard one\par{\field{\*\fldinst HYPERLINK x}{\fldrslt link}} \lquote q\rquote\cell two\row}"
    )
    assert read_rtf(data) == RtfBody(RtfOrigin.RTF, "one\nlink ‘q’\ttwo\n")


_TOKENS = st.sampled_from(
    [
        *(
            b"{",
            b"}",
            rb"\*",
            rb"\htmltag1 ",
            rb"\htmlrtf ",
            rb"\htmlrtf0 ",
            rb"\'e9",
            rb"\'",
            rb"\u-1?",
            rb"\uc9 ",
            b"x",
        ),
        *(rb"\f1 ", rb"\bin3 ", b"\\", rb"\fonttbl", rb"\fcharset128 ", rb"\ansicpg99999 ", rb"\ansicpg932 ", b"\r\n"),
        *(rb"\par ", b"\0", rb"\u55357 ?"),
    ]
)


@given(st.lists(_TOKENS, max_size=40).map(b"".join), st.sampled_from([HEAD, b"", rb"{\rtf1\fromtext "]))
def test_any_rtf_says_something(body: bytes, head: bytes) -> None:
    content = read_rtf(head + body).content
    assert content.encode("utf-8").decode("utf-8") == content
    assert "\0" not in content


def test_much_nesting_takes_no_longer_than_its_size_allows() -> None:
    assert read_rtf(HEAD + b"{" * 200_000 + b"x" + b"}" * 200_000).content == "x"


def body_of(properties: Properties) -> Mail:
    return mail_of(from_mapi(MessageObject(dict(properties))))


ENCAPSULATED = rtf.compress(HEAD + rb"{\*\htmltag64 <p>}text}")
WRITTEN = rtf.compress(rb"{\rtf1\ansi hello\par}")


@pytest.mark.parametrize(
    ("properties", "text", "html", "has_rtf"),
    [
        ({tags.PidTagBody: "a\r\nb\rc\0"}, "a\nb\nc", None, False),
        ({tags.PidTagHtml: b"<p>"}, None, "<p>", False),
        ({tags.PidTagBodyHtml: "<p>\r\n"}, None, "<p>\n", False),
        ({tags.PidTagRtfCompressed: ENCAPSULATED}, None, "<p>text", False),
        ({tags.PidTagRtfCompressed: ENCAPSULATED, tags.PidTagBody: "text"}, "text", "<p>text", False),
        ({tags.PidTagRtfCompressed: ENCAPSULATED, tags.PidTagHtml: b"<i>"}, None, "<i>", False),
        ({tags.PidTagRtfCompressed: WRITTEN}, "hello\n", None, True),
        ({tags.PidTagRtfCompressed: WRITTEN, tags.PidTagBody: "Hello"}, "Hello", None, True),
        ({tags.PidTagRtfCompressed: WRITTEN, tags.PidTagHtml: b"<p>"}, None, "<p>", False),
        (
            {tags.PidTagRtfCompressed: WRITTEN, tags.PidTagHtml: b"<p>", tags.PidTagNativeBody: 2},
            "hello\n",
            "<p>",
            True,
        ),
        ({tags.PidTagRtfCompressed: rtf.compress(rb"{\rtf1\fromtext plain\par}")}, "plain\n", None, False),
        ({tags.PidTagRtfCompressed: b"damaged", tags.PidTagBody: "x"}, "x", None, False),
        ({tags.PidTagBody: b"wrong type", tags.PidTagHtml: "wrong type"}, None, None, False),
        ({}, None, None, False),
    ],
)  # fmt: skip
def test_the_best_body_is_taken(properties: Properties, text: str | None, html: str | None, has_rtf: bool) -> None:
    mail = body_of(properties)
    assert (mail.text, mail.html, mail.rtf is not None) == (text, html, has_rtf)
    assert from_mapi(to_mapi(mail)) == mail


def test_damaged_rtf_is_left_over() -> None:
    mail = body_of({tags.PidTagRtfCompressed: b"damaged"})
    assert to_mapi(mail).properties[tags.PidTagRtfCompressed] == b"damaged"


@pytest.mark.parametrize(
    ("data", "page", "html", "charset"),
    [
        ("да".encode("cp1251"), 1251, "да", "windows-1251"),
        ("日本".encode("iso2022_jp"), 50220, "日本", "iso-2022-jp"),
        (b"\xe9", 20127, "é", "windows-1252"),
        (b"abc", 20127, "abc", "us-ascii"),
        ("é".encode(), 65001, "é", "utf-8"),
        (b"\xef\xbb\xbf\xc3\xa9", 1252, "é", "utf-8"),
        ("é".encode("utf-16"), 0, "é", "utf-8"),
        (b"<meta charset=koi8-r>" + "да".encode("koi8-r"), 0, "<meta charset=koi8-r>да", "koi8-r"),
        (b"\xe9", 0, "é", "windows-1252"),
        (b"\xe9", 65001, "é", "windows-1252"),
        (b"\xe9", 99999, "é", "utf-8"),
    ],
)
def test_html_in_its_code_page(data: bytes, page: int, html: str, charset: str) -> None:
    mail = body_of({tags.PidTagHtml: data, tags.PidTagInternetCodepage: page})
    assert (mail.html, mail.charset) == (html, charset)


def test_code_pages_and_charsets_are_each_others_inverse() -> None:
    for page in (65001, 20127, 932, 936, 949, 950, 1250, 1258, 28591, 28605, 50220, 51932, 54936, 850):
        assert page_of(charset_of(page)) == page
        charset = charsets.lookup(charset_of(page))
        assert charset is not None
        assert charset.name == charset_of(page)
    assert charset_of(50221) == "iso-2022-jp"
    assert (charset_of(4711), page_of("x-nothing")) == ("utf-8", 65001)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("a.txt", "a.txt"),
        ("UPPER123.TXT", "UPPER123.TXT"),
        ("A long name.docx", "ALONGN~1.DOC"),
        ("name.with.dots.pdf", "NAMEWI~1.PDF"),
        ("Größe.txt", "GRE~1.TXT"),
        ("日本.pdf", "ATT~1.PDF"),
        (".hidden", "HIDDEN~1"),
        ("noextension", "NOEXTE~1"),
    ],
)
def test_short_names(name: str, short: str) -> None:
    assert short_name(name) == short


def test_types_of_names_and_names_of_types() -> None:
    assert type_of_name("a.PDF") == "application/pdf"
    assert type_of_name("a.eml") == "application/octet-stream"
    assert type_of_name("a.unknown") == type_of_name("a") == "application/octet-stream"
    assert made_name(3, "text/plain") == "ATT00003.txt"
    assert made_name(12, "image/jpeg") == "ATT00012.jpg"
    assert made_name(1, "x/y") == "ATT00001.dat"
