"""Text, parameters, dates and addresses in header fields."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.formats.mail import addresses, dates, parameters, words
from mailconnector.items import Address
from tests.unit.items.mails import lines, moments, people


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"=?ISO-8859-1?Q?Andr=E9?= Pirard", "André Pirard"),
        (b"a =?utf-8?Q?b?= =?utf-8?Q?c?= d", "a bc d"),
        (b"=?utf-8?Q?b?=\r\n\t=?iso-8859-1?Q?=E9?=", "bé"),
        (b"=?utf-8?B?4oI=?= =?utf-8?B?rA==?=", "€"),
        (b"=?utf-8?B?4o?= =?utf-8?B?Ks?=", "€"),
        (b"=?utf-8?Q?=e2=82?= =?utf-8?Q?=ac?=", "€"),
        (b"=?utf-8?Q?foo bar?=", "foo bar"),
        (b"=?utf-8?Q?what?_now?=", "what? now"),
        (b"=?us-ascii*en?Q?lang?=", "lang"),
        (b"=?nonsense?Q?a=E9?=", "aé"),
        (b"=?utf-8?b?SGVsbG8?=x", "Hellox"),
        (b"=?utf-8?q?=0D=0AX:_y?=", " X: y"),
        (b"=?utf-8?q?open", "=?utf-8?q?open"),
        (b"  blanks\r\n around ", "blanks around"),
        ("8-bit é".encode(), "8-bit é"),
        (b"8-bit \xe9", "8-bit é"),
        (b"\x1b$B8l\x1b(B", "語"),
        (b"zero\0es", "zeroes"),
    ],
)
def test_unstructured_text(raw: bytes, text: str) -> None:
    assert words.unstructured(raw) == text


def test_8_bit_text_is_in_the_charset_of_the_body_if_not_in_utf_8() -> None:
    assert words.unstructured("привет".encode("koi8-r"), "koi8-r") == "привет"


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff")))
def test_any_text_is_read_as_it_was_written(text: str) -> None:
    field = words.field("X-Test", text)
    assert field.isascii()
    assert all(len(line) <= 998 for line in field.split(b"\r\n"))
    assert words.unstructured(field.partition(b":")[2]) == text


def test_encoded_words_are_short_and_whole() -> None:
    for text in ("Grüße " * 40, "日本語" * 40, "x" * 5000, "👍" * 50):
        field = words.field("Subject", text)
        assert field.endswith(b"\r\n")
        for line in field[:-2].split(b"\r\n"):
            assert len(line) <= words.LINE
            for word in re.findall(r"=\?\S+?\?[bq]\?\S*?\?=", line.decode("ascii")):
                assert len(word) <= 75
                assert "\ufffd" not in words.decoded(word)


@pytest.mark.parametrize(
    ("raw", "value", "found"),
    [
        (b'text/html; charset="utf-8"; name="a;b.txt"', "text/html", {"charset": "utf-8", "name": "a;b.txt"}),
        (b'multipart/mixed;;\r\n Boundary="=_ _= 12(26)"', "multipart/mixed", {"boundary": "=_ _= 12(26)"}),
        (b"a/b; name*0*=utf-8''%e2%82; name*1*=%ac; name*2=\"x y\"", "a/b", {"name": "€x y"}),
        (b"a/b; name*1=b; name*0=a", "a/b", {"name": "ab"}),
        (b"a/b; filename*=iso-8859-1'en'%A3%20rates", "a/b", {"filename": "£ rates"}),
        (b"a/b; name=x; name*=utf-8''y", "a/b", {"name": "y"}),
        (b"image/png; name=my file.png; x", "image/png", {"name": "my file.png", "x": ""}),
        (b"text/plain; charset=utf-8 format=flowed", "text/plain", {"charset": "utf-8"}),
        (b'attachment; filename="C:\\temp\\x.doc"', "attachment", {"filename": "C:\\temp\\x.doc"}),
        (b'attachment; filename="say \\"hi\\".txt"', "attachment", {"filename": 'say "hi".txt'}),
        (b'attachment; filename="=?utf-8?Q?=C3=A9.txt?="', "attachment", {"filename": "é.txt"}),
        (b'text/plain; charset="utf-8', "text/plain", {"charset": "utf-8"}),
        (b"a/b; name=\xe9.pdf", "a/b", {"name": "é.pdf"}),
        (b" TEXT ", "text", {}),
        (b"", "", {}),
    ],
)
def test_parameters(raw: bytes, value: str, found: dict[str, str]) -> None:
    assert parameters.parse(raw) == (value, found)


@given(lines.map(lambda text: " ".join(text.split(" ")).strip()), st.booleans())
def test_parameters_are_read_as_they_were_written(content: str, as_words: bool) -> None:
    field = parameters.field("Content-Type", "a/b", [("name", content), ("x", "y z")], as_words=as_words)
    assert field.isascii()
    assert all(len(line) <= words.LINE for line in field.split(b"\r\n"))
    assert parameters.parse(field.partition(b":")[2]) == ("a/b", {"name": words.cleaned(content), "x": "y z"})


@pytest.mark.parametrize(
    ("text", "year", "month", "day", "clock", "offset"),
    [
        ("Fri, 21 Nov 1997 09:55:06 -0600", 1997, 11, 21, (9, 55, 6), -360),
        ("21 Nov 97 09:55 GMT", 1997, 11, 21, (9, 55, 0), 0),
        ("Thu, 19 Sep 91 12:41:43 EDT", 1991, 9, 19, (12, 41, 43), -240),
        ("Wed, 20 Sep 1995 00:19:00 (EDT) -0400", 1995, 9, 20, (0, 19, 0), -240),
        ("Fri, 23 Aug 2002 2:32:53 -0400", 2002, 8, 23, (2, 32, 53), -240),
        ("Fri Nov 21 09:55:06 1997", 1997, 11, 21, (9, 55, 6), 0),
        ("Fri Nov 21 09:55:06 CET 1997", 1997, 11, 21, (9, 55, 6), 60),
        ("2020-01-02T03:04:05.123Z", 2020, 1, 2, (3, 4, 5), 0),
        ("2020-01-02 03:04:05+02:00", 2020, 1, 2, (3, 4, 5), 120),
        ("2020/1/2", 2020, 1, 2, (0, 0, 0), 0),
        ("21-Nov-1997 09.55.06 +0100", 1997, 11, 21, (9, 55, 6), 60),
        ("Nov 21, 1997 9:55 PM", 1997, 11, 21, (21, 55, 0), 0),
        ("21 Nov 1997 12:55:06 AM -0500", 1997, 11, 21, (0, 55, 6), -300),
        ("Mon, 1 Jan 100 00:00:00 GMT", 2000, 1, 1, (0, 0, 0), 0),
        ("Mon, 1 Jan 49 00:00:00 +0000", 2049, 1, 1, (0, 0, 0), 0),
        ("Tue, 1 Feb 2000 24:00:00 +0000", 2000, 2, 2, (0, 0, 0), 0),
        ("Tue, 1 Feb 2000 23:59:60 +0000", 2000, 2, 1, (23, 59, 59), 0),
        ("Tue, 1 février 2000 10:00", 2000, 2, 1, (10, 0, 0), 0),
        ("1 Jan 1970 00:00:00 -2500", 1970, 1, 1, (0, 0, 0), 0),
        ("Sun, 06 Nov 1994 08:49:37 GMT+0100 (CET)", 1994, 11, 6, (8, 49, 37), 60),
        ("Mon, 13 Nov 2017 08:01:13 +0530", 2017, 11, 13, (8, 1, 13), 330),
    ],
)
def test_dates(text: str, year: int, month: int, day: int, clock: tuple[int, int, int], offset: int) -> None:
    found = dates.parse(text)
    assert found is not None
    assert found == datetime(year, month, day, *clock, tzinfo=timezone(timedelta(minutes=offset)))
    assert found.utcoffset() == timedelta(minutes=offset)


@pytest.mark.parametrize(
    "text", ["", "never", "Sat, 32 Jan 2000 00:00:00 GMT", "1 Jan 1500 00:00:00 +0000", "1 Foo 2000", "12:00"]
)
def test_what_is_no_date(text: str) -> None:
    assert dates.parse(text) is None


@given(moments())
def test_dates_are_read_as_they_were_written(moment: datetime) -> None:
    found = dates.parse(dates.text_of(moment))
    assert found == moment
    assert found is not None
    assert found.utcoffset() == moment.utcoffset()


def test_a_date_is_written_in_whole_seconds() -> None:
    moment = datetime(2020, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC)
    assert dates.text_of(moment) == "Sat, 29 Feb 2020 23:59:59 +0000"
    assert dates.text_of(moment.astimezone(timezone(timedelta(minutes=-90)))) == "Sat, 29 Feb 2020 22:29:59 -0130"


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("a@b.example", [("", "a@b.example")]),
        ("<a@b.example>", [("", "a@b.example")]),
        ("Some One <a@b.example>", [("Some One", "a@b.example")]),
        ('"One, Some" <a@b>, b@c', [("One, Some", "a@b"), ("", "b@c")]),
        ("nsb (Nathaniel Borenstein)", [("Nathaniel Borenstein", "nsb")]),
        ("a@b (x (y) z)", [("x (y) z", "a@b")]),
        ("abel, bianchi, stornett@flash", [("", "abel"), ("", "bianchi"), ("", "stornett@flash")]),
        ("=?utf-8?Q?J=C3=BCrgen?= <k@y>", [("Jürgen", "k@y")]),
        ("=?utf-8?Q?Doe, John?= <a@b>", [("Doe, John", "a@b")]),
        ("=?utf-8?B?Sm9obiA8YUBiPg==?=", [("John", "a@b")]),
        ("undisclosed-recipients:;", []),
        ("Undisclosed recipients: ;", []),
        ("<Undisclosed Recipients>", []),
        ("unlisted-recipients:; (no To-header on input)", []),
        ('Team: a@b, "C D" <c@d>;, e@f', [("", "a@b"), ("C D", "c@d"), ("", "e@f")]),
        ('"Everybody at home":;', [("Everybody at home", "")]),
        ("Foo <a@b, Bar <c@d>", [("Foo", "a@b"), ("Bar", "c@d")]),
        ("Smith (foo <a@b>", [("Smith (foo", "a@b")]),
        ("<@r1,@r2:u@d>", [("", "u@d")]),
        ('"john doe"@x.example', [("", '"john doe"@x.example')]),
        ("john @ x.example", [("", "john@x.example")]),
        ("Joe Joe joe@x.example", [("Joe Joe", "joe@x.example")]),
        ("mailto:foo@bar", [("", "foo@bar")]),
        ("x@[127.0.0.1]", [("", "x@[127.0.0.1]")]),
        ("<a@b><c@d>", [("", "a@b"), ("", "c@d")]),
        ("a@b;c@d", [("", "a@b"), ("", "c@d")]),
        ('a"b <c@d>', [("ab", "c@d")]),
        ('"a\\"b" <x@y>', [('a"b', "x@y")]),
        ("'a@b' <'a@b'>", [("'a@b'", "a@b")]),
        ('"a@b" <a@b>', [("", "a@b")]),
        ("ü@ü.example", [("", "ü@ü.example")]),
        ("", []),
        ("<>", []),
        (",,;", []),
    ],
)
def test_addresses(raw: str, found: list[tuple[str, str]]) -> None:
    assert [(one.name, one.email) for one in addresses.parse(raw.encode())] == found


def test_addresses_that_are_no_internet_ones_are_written_as_if_and_come_back() -> None:
    exchange = Address("Somebody", "/o=Org/ou=First/cn=Recipients/cn=a_b+c", "EX")
    fax = Address("", "+49 (30) 123", "FAX")
    field = addresses.field("To", [exchange, fax])
    assert b"IMCEAEX-_o+3DOrg_ou+3DFirst_cn+3DRecipients_cn+3Da+5Fb+2Bc@foreign.invalid" in field
    assert addresses.parse(field.partition(b":")[2]) == (exchange, fax)


@pytest.mark.parametrize(
    ("email", "spelled"),
    [
        ("a.b@c.example", "a.b@c.example"),
        ("docomo..user.@c.example", "docomo..user.@c.example"),
        ("all staff@c.example", '"all staff"@c.example'),
        ('"all staff"@c.example', '"all staff"@c.example'),
        ("root", "root"),
        ("two words", "IMCEASMTP-two+20words@foreign.invalid"),
        ("a@b>c", "IMCEASMTP-a+40b+3Ec@foreign.invalid"),
        ("a\r\nBcc: x@y", "IMCEASMTP-a+0D+0ABcc+3A+20x+40y@foreign.invalid"),
    ],
)
def test_how_addresses_are_spelled(email: str, spelled: str) -> None:
    assert addresses.spelled(Address("", email)) == spelled


@given(people)
def test_people_are_read_as_they_were_written(found: tuple[Address, ...]) -> None:
    if found:
        field = addresses.field("To", found)
        assert field.isascii()
        assert addresses.parse(field.partition(b":")[2]) == found
