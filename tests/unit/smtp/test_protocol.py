"""What goes over the line: replies, extensions, addresses, and messages as they are sent."""

from __future__ import annotations

import pytest

from mailconnector.smtp import SmtpProtocolError, SmtpUsageError
from mailconnector.smtp.protocol import extensions_of, has_eight_bits, on_the_line, path, read_reply, size_limit


def reply(*lines: bytes):
    left = iter(lines)
    return read_reply(lambda: next(left))


def test_a_reply_of_several_lines() -> None:
    found = reply(b"550-5.7.1 Not", b"550 5.7.1 here")
    assert (found.code, found.status, found.text) == (550, "5.7.1", "5.7.1 Not 5.7.1 here")
    assert reply(b"250").text == ""
    assert reply(b"250 ok \xe9").text == "ok \ufffd"


@pytest.mark.parametrize(
    "lines", [(b"* OK IMAP",), (b"",), (b"99 no",), (b"250-a", b"251 b"), (b"2500 x",), (b"250_x",), (b"250-a",) * 501]
)
def test_what_is_no_reply(lines: tuple[bytes, ...]) -> None:
    with pytest.raises(SmtpProtocolError):
        reply(*lines)


def test_extensions() -> None:
    found = extensions_of(reply(b"250-me", b"250-size 1000", b"250-AUTH PLAIN", b"250-AUTH=LOGIN", b"250 8BITMIME"))
    assert found == {"SIZE": "1000", "AUTH": "PLAIN LOGIN", "8BITMIME": ""}
    assert size_limit(found) == 1000
    for text in ("", "0", "x", "²", "9" * 30):
        assert size_limit({"SIZE": text}) is None


def test_addresses() -> None:
    assert path("a@example.org") == ("a@example.org", False)
    assert path("a@b\u00fccher.example") == ("a@xn--bcher-kva.example", False)
    assert path("\u00fc@example.org") == ("\u00fc@example.org", True)
    assert path('"a@b"@example.org') == ('"a@b"@example.org', False)


@pytest.mark.parametrize(
    "address", ["", "a", "@b", "a@", "a@b\r\nDATA", "a@b>", "<a@b", "a b@c", "a@b\0", "x" * 999 + "@b"]
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(SmtpUsageError):
        path(address)


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        (b"a\r\n.\r\n..b\r\n", b"a\r\n..\r\n...b\r\n"),
        (b".a\nb\rc", b"..a\r\nb\r\nc\r\n"),
        (b"a\n.\n", b"a\r\n..\r\n"),
        (b"a\r.\rb", b"a\r\n..\r\nb\r\n"),
        (b"a\n\n", b"a\r\n\r\n"),
        (b"", b""),
    ],
)
def test_a_message_on_the_line(message: bytes, sent: bytes) -> None:
    assert on_the_line(message) == sent
    assert b"\r\n.\r\n" not in on_the_line(message)


def test_eight_bits() -> None:
    assert has_eight_bits(b"A: b\r\n\r\nc") == (False, False)
    assert has_eight_bits("A: b\r\n\r\n\u00e9".encode()) == (False, True)
    assert has_eight_bits("A: \u00e9\n\nc".encode()) == (True, True)
