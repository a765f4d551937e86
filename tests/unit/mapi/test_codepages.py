"""Code pages, and STRING8 that no code page can lose."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.mapi.codepages import (
    ERRORS,
    codec_for_codepage,
    codec_for_locale,
    decode_string8,
    encode_string8,
    string8_codec,
)

CODEPAGES = [
    *(437, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869, 874),
    *(932, 936, 949, 950, 1361, *range(1250, 1259)),
    *(10000, 10001, 10006, 10007, 10029, 10079, 10081, 20127, 20866, 21866),
    *(*range(28591, 28602), *range(28603, 28607), 38598),
    *(50220, 50221, 50222, 50225, 51932, 51936, 51949, 52936, 54936, 65000, 65001),
]
CODECS = sorted({codec_for_codepage(codepage) for codepage in CODEPAGES})


@pytest.mark.parametrize(
    ("codepage", "codec"),
    [
        (1252, "cp1252"),
        (1250, "cp1250"),
        (874, "cp874"),
        (932, "cp932"),
        (936, "gbk"),
        (949, "cp949"),
        (950, "cp950"),
        (437, "cp437"),
        (10000, "mac_roman"),
        (20866, "koi8_r"),
        (21866, "koi8_u"),
        (28592, "iso8859_2"),
        (28605, "iso8859_15"),
        (50220, "iso2022_jp"),
        (51932, "euc_jp"),
        (51949, "euc_kr"),
        (54936, "gb18030"),
        (65000, "utf-7"),
        (65001, "utf-8"),
        (1200, "utf-16-le"),
        (20127, "latin-1"),
        (0, "cp1252"),
        (-1, "cp1252"),
        (99999, "cp1252"),
    ],
)
def test_windows_code_pages_have_a_codec(codepage: int, codec: str) -> None:
    assert codec_for_codepage(codepage) == codec


@given(st.integers(-(1 << 31), (1 << 32) - 1) | st.integers(0, 66000))
def test_every_number_gives_a_codec_that_exists(codepage: int) -> None:
    assert codecs.lookup(codec_for_codepage(codepage))


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "no such codec", "hex"])
def test_string8_is_never_utf_16_nor_an_unknown_codec(codec: str) -> None:
    assert string8_codec(codec) == "cp1252"
    assert decode_string8(b"caf\xe9", codec) == "café"
    assert encode_string8("café", codec) == b"caf\xe9"


# The others have bytes that stand for no character but switch between character sets.
STATELESS = [name for name in CODECS if not name.startswith(("iso2022", "hz", "utf-7"))]


@pytest.mark.parametrize("codec", STATELESS)
def test_each_byte_survives_alone(codec: str) -> None:
    for byte in range(256):
        data = bytes([byte])
        assert encode_string8(decode_string8(data, codec), codec) == data


@given(st.binary(max_size=40))
def test_bytes_that_are_no_utf_8_survive(data: bytes) -> None:
    assert encode_string8(decode_string8(data, "utf-8"), "utf-8") == data


@given(st.sampled_from(["cp1252", "cp874", "iso8859_8", "koi8_r", "cp437"]), st.binary(max_size=40))
def test_bytes_that_a_single_byte_code_page_lacks_survive(codec: str, data: bytes) -> None:
    assert encode_string8(decode_string8(data, codec), codec) == data


@pytest.mark.parametrize("codec", ["cp932", "gbk", "cp949", "cp950", "euc_jp", "euc_kr", "gb18030"])
@pytest.mark.parametrize("tail", [b"", b" ", b"\n", b"\x00"])
def test_half_of_a_double_byte_character_survives(codec: str, tail: bytes) -> None:
    data = "日本".encode(codec) + b"\xb0" + tail
    assert encode_string8(decode_string8(data, codec), codec) == data


@given(st.sampled_from(CODECS), st.binary(max_size=40))
def test_decoding_never_fails(codec: str, data: bytes) -> None:
    assert isinstance(decode_string8(data, codec), str)


@given(st.sampled_from(CODECS), st.text(st.characters(), max_size=20))
def test_encoding_never_fails(codec: str, text: str) -> None:
    assert isinstance(encode_string8(text, codec), bytes)


@pytest.mark.parametrize(
    ("codec", "text", "data"),
    [
        ("cp1252", "naïve € 日本", b"na\xefve \x80 ??"),
        ("cp1252", "\ud83d x", b"? x"),
        ("cp1252", "\udc81\udc41", b"\x81A"),
        ("cp932", "日本 é", b"\x93\xfa\x96{ ?"),
        ("latin-1", "€", b"?"),
    ],
)
def test_what_a_code_page_lacks_becomes_a_question_mark(codec: str, text: str, data: bytes) -> None:
    assert encode_string8(text, codec) == data


@pytest.mark.parametrize(
    ("codec", "text", "data"),
    [
        ("iso2022_jp", "日本", b"\x1b$BF|K\\\x1b(B"),
        ("hz", "a~b", b"a~~b"),
        ("utf-7", "a+b", b"a+-b"),
        ("cp037", "abc", b"\x81\x82\x83"),
        ("utf-16-le", "abc", b"abc"),
    ],
)
def test_codecs_in_which_ascii_bytes_stand_for_something_else(codec: str, text: str, data: bytes) -> None:
    assert encode_string8(text, codec) == data
    assert decode_string8(data, codec) == text


@given(st.sampled_from(CODECS), st.text(st.characters(max_codepoint=127), max_size=20))
def test_ascii_text_comes_out_as_the_codec_itself_has_it(codec: str, text: str) -> None:
    assert encode_string8(text, codec) == text.encode(string8_codec(codec), ERRORS)
    data = text.encode("ascii")
    assert decode_string8(data, codec) == data.decode(string8_codec(codec), ERRORS)


@pytest.mark.parametrize(
    ("locale", "codec"),
    [(0x0409, "cp1252"), (0x0407, "cp1252"), (0x0419, "cp1251"), (0x0415, "cp1250"), (0x0411, "cp932"),
     (0x0404, "cp950"), (0x0804, "gbk"), (0x0C1A, "cp1251"), (0x241A, "cp1250"), (0, "cp1252")],
)  # fmt: skip
def test_a_locale_has_its_code_page(locale: int, codec: str) -> None:
    assert codec_for_locale(locale) == codec
