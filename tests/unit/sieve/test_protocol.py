"""Lines and literals of ManageSieve."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.sieve import Script, SieveProtocolError
from mailconnector.sieve.protocol import MOST_LITERAL, Response, capabilities_of, command, read_response, scripts_of


def read(data: bytes) -> Response:
    place = 0

    def line(most: int) -> bytes:
        nonlocal place
        end = data.find(b"\r\n", place)
        if end < 0:
            raise SieveProtocolError("no more")
        found, place = data[place:end], end + 2
        return found

    def exactly(size: int) -> bytes:
        nonlocal place
        found, place = data[place : place + size], place + size
        return found

    return read_response(line, exactly)


def test_a_greeting_tells_what_the_server_can_do() -> None:
    greeting = read(
        b'"IMPLEMENTATION" "Example \\"one\\""\r\n"SASL" "PLAIN SCRAM-SHA-1"\r\n"SIEVE" "fileinto copy body"\r\n'
        b'"STARTTLS"\r\n"VERSION" "1.0"\r\nOK "welcome"\r\n'
    )
    assert (greeting.status, greeting.text) == ("OK", "welcome")
    assert capabilities_of(greeting) == {
        "IMPLEMENTATION": 'Example "one"',
        "SASL": "PLAIN SCRAM-SHA-1",
        "SIEVE": "fileinto copy body",
        "STARTTLS": "",
        "VERSION": "1.0",
    }


def test_scripts_are_listed_with_the_active_one() -> None:
    listed = read(b'"mine" ACTIVE\r\n{5}\r\nother\r\n"b\\\\s"\r\nOK\r\n')
    assert scripts_of(listed) == (Script("mine", True), Script("other", False), Script("b\\s", False))


def test_a_script_comes_as_a_literal_with_ends_of_lines_in_it() -> None:
    script = b'keep;\r\nOK "not yet"'
    got = read(b'{%d}\r\n%s\r\nOK "done"\r\n' % (len(script), script))
    assert got.lines[0][0].value == script
    assert got.text == "done"


def test_refusals_have_a_code() -> None:
    got = read(b'NO (QUOTA/MAXSIZE) "too large"\r\n')
    assert (got.status, got.code, got.text) == ("NO", "QUOTA/MAXSIZE", "too large")
    got = read(b'BYE (REFERRAL "sieve://other") {9}\r\ngo there.\r\n')
    assert (got.status, got.code, got.text) == ("BYE", "REFERRAL", "go there.")


@pytest.mark.parametrize(
    "data", [b'"never ends\r\n', b"{99999999999}\r\n", b"{%d}\r\n" % (MOST_LITERAL + 1), b"))\r\n", b"220 ready\r\n"]
)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(SieveProtocolError):
        read(data)


@given(st.binary(max_size=200))
def test_anything_else_is_an_answer_or_refused(data: bytes) -> None:
    with contextlib.suppress(SieveProtocolError):
        assert read(data + b"\r\nOK\r\n").status in ("OK", "NO", "BYE")


def test_commands() -> None:
    assert command("PUTSCRIPT", 'my "one"', b"keep;\r\n") == b'PUTSCRIPT "my \\"one\\"" {7+}\r\nkeep;\r\n\r\n'
    with pytest.raises(SieveProtocolError):
        command("SETACTIVE", 'a"\r\nLOGOUT')


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=50))
def test_a_string_is_read_as_it_was_sent(text: str) -> None:
    got = read(command("X", text).removeprefix(b"X ") + b"OK\r\n")
    assert got.lines[0][0].value.decode() == text
