"""Which messages are meeting requests, by what a server tells of their parts."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.app.delegate.requests import CalendarPart, calendar_parts, method_of, read_request

TEXT = (b"text", b"plain", (b"charset", b"utf-8"), None, None, b"7bit", b"12", b"1")
CALENDAR = (b"TEXT", b"Calendar", (b"charset", b"utf-8", b"METHOD", b"request"), None, None, b"BASE64", b"900", b"20")
BARE = (b"text", b"calendar", None, None, None, b"quoted-printable", b"900", b"20")
ALTERNATIVE = (TEXT, CALENDAR, b"alternative", (b"boundary", b"x"), None, None, None)
FORWARDED = (b"message", b"rfc822", None, None, None, b"7bit", b"2000", (None,) * 10, ALTERNATIVE, b"40")


def test_a_calendar_is_found_at_its_number() -> None:
    assert calendar_parts(ALTERNATIVE) == [CalendarPart("2", "REQUEST", "base64", 900)]
    assert calendar_parts(BARE) == [CalendarPart("1", "", "quoted-printable", 900)]
    mixed = (ALTERNATIVE, TEXT, BARE, b"mixed", (b"boundary", b"y"))
    assert [part.section for part in calendar_parts(mixed)] == ["1.2", "3"]


def test_a_calendar_in_a_message_that_is_attached_is_not_the_messages_own() -> None:
    assert calendar_parts((TEXT, FORWARDED, b"mixed", (b"boundary", b"z"))) == []


@pytest.mark.parametrize(
    "structure", [None, b"x", (), (b"text",), ((),), (((((),),),),), TEXT[:6], (b"text", b"calendar")]
)
def test_what_makes_no_sense_has_no_calendar(structure: object) -> None:
    assert calendar_parts(structure) == []


def test_a_structure_of_any_size_is_gone_through_in_bounds() -> None:
    deep: object = CALENDAR
    for _ in range(500):
        deep = (deep, b"mixed")
    assert calendar_parts(deep) == []
    assert len(calendar_parts((*[CALENDAR] * 5000, b"mixed"))) < 300


_values = st.recursive(st.none() | st.binary(max_size=8), lambda inner: st.lists(inner, max_size=9).map(tuple))


@given(_values)
def test_anything_is_gone_through_without_harm(structure: object) -> None:
    for part in calendar_parts(structure):
        assert part.size >= 0


@pytest.mark.parametrize(
    ("text", "method"),
    [
        (b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n", "REQUEST"),
        (b"BEGIN:VCALENDAR\nmethod;x=y:Cancel\nEND:VCALENDAR\n", "CANCEL"),
        (b"BEGIN:VCALENDAR\r\nDESCRIPTION:METHOD:REQUEST\r\n", ""),
        ("BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\n".encode("utf-16"), "REPLY"),
        (b"", ""),
    ],
)
def test_the_method_that_a_calendar_has_inside(text: bytes, method: str) -> None:
    for encoding, content in (
        ("8bit", text),
        ("base64", base64.encodebytes(text)),
        ("quoted-printable", text.replace(b"=", b"=3D") if text[:1] != b"\xff" else text),
    ):
        assert method_of(CalendarPart("1", "", encoding, len(content)), content) == method


@given(st.binary(max_size=200), st.sampled_from(["base64", "quoted-printable", "7bit", ""]))
def test_any_content_has_some_method_or_none(content: bytes, encoding: str) -> None:
    method_of(CalendarPart("1", "", encoding, 9), content)


def test_what_a_header_tells() -> None:
    header = (
        b"From: Carol <Carol@Example.org>\r\nSender: Office <office@example.org>\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\n"
        b" today\r\nMessage-ID: <one@example.org>\r\nX-Sieve-Redirected-From: dave@example.org\r\n\r\n"
    )
    found = read_request(5, header, 1000.0)
    assert (found.uid, found.subject, found.is_copy, found.arrived) == (5, "Café today", False, 1000.0)
    assert found.had_by == {"carol@example.org", "office@example.org", "dave@example.org"}
    # It is the same message elsewhere, with what servers put in front of it.
    assert read_request(9, b"Received: x\r\n" + header, 2000.0).name == found.name
    assert read_request(9, header.replace(b"<one@", b"<two@"), 1000.0).name != found.name
    assert read_request(1, b"X-MailConnector-Copy: <a@b.org>\r\n" + header, 1.0).is_copy


def test_without_a_message_id_the_whole_header_counts() -> None:
    one, other = (read_request(1, b"From: a@b.org\r\nSubject: %d\r\n\r\n" % n, 1.0) for n in range(2))
    assert one.name != other.name


@given(st.binary(max_size=300))
def test_any_header_is_read(header: bytes) -> None:
    assert len(read_request(1, header, 0.0).name) == 32
