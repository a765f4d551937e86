from __future__ import annotations

import pytest

from mailconnector.imap.errors import ImapLimitError
from mailconnector.imap.framing import Framer, Limits


def test_a_line_is_a_frame():
    assert Framer().feed(b"* OK hi\r\na1 OK done\r\n") == [(b"* OK hi",), (b"a1 OK done",)]


def test_a_literal_stands_between_two_lines():
    frames = Framer().feed(b"* 1 FETCH (BODY[] {7}\r\na)\r\n{9} UID 3)\r\n")
    assert frames == [(b"* 1 FETCH (BODY[] {7}", b"a)\r\n{9}", b" UID 3)")]


def test_an_empty_literal_and_a_literal8():
    assert Framer().feed(b"* X {0}\r\n ~{2}\r\n\0\r)\r\n") == [(b"* X {0}", b"", b" ~{2}", b"\0\r", b")")]


def test_bytes_arrive_one_by_one():
    framer, frames = Framer(), []
    for byte in b'* LIST () "/" {3}\r\n\xe9\r\n\r\n* 2 EXISTS\r\n':
        frames += framer.feed(bytes([byte]))
    assert frames == [(b'* LIST () "/" {3}', b"\xe9\r\n", b""), (b"* 2 EXISTS",)]
    assert framer.idle


def test_idle_only_between_responses():
    framer = Framer()
    framer.feed(b"* 1 FETCH (BODY[] {3}\r\n")
    assert not framer.idle
    framer.feed(b"abc)\r\n")
    assert framer.idle


def test_a_line_may_end_in_a_bare_line_feed():
    assert Framer().feed(b"* 2 EXISTS\n") == [(b"* 2 EXISTS",)]


@pytest.mark.parametrize(
    "line", [b"* OK it costs {12}", b"a1 NO [ALERT] no {3}", b"* BYE {1}", b"* NO [X] {1}", b"+ send {5}"]
)
def test_the_words_of_a_status_announce_nothing(line):
    assert Framer().feed(line + b"\r\n* 1 EXISTS\r\n") == [(line,), (b"* 1 EXISTS",)]


def test_a_response_code_may_hold_a_literal():
    frames = Framer().feed(b"* NO [BADCHARSET ({3}\r\nabc)] no\r\n")
    assert frames == [(b"* NO [BADCHARSET ({3}", b"abc", b")] no")]


@pytest.mark.parametrize("size", [b"11", b"99999999999999999999", b"4294967296"])
def test_a_literal_beyond_the_limit(size):
    with pytest.raises(ImapLimitError):
        Framer(Limits(literal=10)).feed(b"* 1 FETCH (BODY[] {" + size + b"}\r\n")


def test_a_line_beyond_the_limit_is_noticed_before_its_end():
    framer = Framer(Limits(line=100))
    framer.feed(b"x" * 90)
    with pytest.raises(ImapLimitError):
        framer.feed(b"x" * 20)


def test_a_whole_line_beyond_the_limit():
    with pytest.raises(ImapLimitError):
        Framer(Limits(line=100)).feed(b"x" * 101 + b"\r\n")


def test_too_many_literals():
    with pytest.raises(ImapLimitError):
        Framer(Limits(literals=5)).feed(b"{1}\r\na " * 10)


def test_nothing_is_reserved_for_what_is_only_announced():
    framer = Framer()
    assert framer.feed(b"* 1 FETCH (BODY[] {1000000000}\r\nabc") == []
