"""Mails to bytes and back: nothing is lost, and nothing changes from one writing to the next."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace

from hypothesis import given

from mailconnector.formats import parse, render
from mailconnector.items import Mail
from tests.unit.items.mails import mails, without_headers


@given(mails())
def test_a_mail_is_read_as_it_was_written(mail: Mail) -> None:
    data = render(mail)
    read = parse(data, flags=mail.flags, received=mail.received)
    assert without_headers(read) == mail


@given(mails())
def test_a_mail_that_was_read_is_written_the_same_again(mail: Mail) -> None:
    first = parse(render(mail), flags=mail.flags, received=mail.received)
    data = render(first)
    assert data == render(mail)
    assert parse(data, flags=mail.flags, received=mail.received) == first


@given(mails())
def test_what_is_written_is_clean_mail(mail: Mail) -> None:
    data = render(mail)
    assert data.isascii()
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert b"\0" not in data
    assert max(map(len, data.split(b"\r\n"))) <= 998
    header = data.partition(b"\r\n\r\n")[0]
    assert all(re.match(rb"[!-9;-~]+: |[ \t]", line) for line in header.split(b"\r\n"))


@given(mails(depth=0))
def test_the_standard_library_reads_the_same(mail: Mail) -> None:
    message = email.message_from_bytes(render(mail), policy=email.policy.compat32)
    assert not message.defects
    found = [part for part in message.walk() if not part.is_multipart()]
    # RTF has HTML beside it.
    html = mail.html if mail.html is not None else mail.rtf
    expected = sum(body is not None for body in (mail.text, html, mail.rtf)) + len(mail.attachments)
    assert len(found) == max(expected, 1)
    contents = [part.get_payload(decode=True) for part in found]
    for attachment in mail.attachments:
        assert attachment.content() in contents


_ODD = (
    b"Subject: kept\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\n\r\nHello\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nOdd \r\n--b--\r\n"
)
# What the first version of the layout had of it.
_FIRST_LAYOUT = bytes.fromhex(
    "01c08c669eafa763facb2229dbf28be9f1ffffffff000000000000000000070000002d2d620d0a0d0a0100000000000000000500000075"
    "74662d38000000000000000000270000000d0a2d2d620d0a436f6e74656e742d547970653a206d6573736167652f7266633832320d0a0d"
    "0a050000000000000000100000004de82569f94fbfeb3f767dc0a9936aaa000000000000000000090000000d0a2d2d622d2d0d0a"
)
_FIRST_INNER_LAYOUT = bytes.fromhex("01ee7a0020c0c07e0b3e7aa1ffa53d03dfffffffff010000000000000000050000007574662d38")


def test_a_layout_of_the_first_version_still_counts() -> None:
    mail = parse(_ODD)
    assert mail.layout[:1] == b"\2"
    attachment = mail.attachments[0]
    assert isinstance(attachment.item, Mail)
    inner = replace(attachment.item, layout=_FIRST_INNER_LAYOUT)
    kept = replace(mail, layout=_FIRST_LAYOUT, attachments=(replace(attachment, item=inner),))
    assert render(kept) == _ODD
    assert render(replace(kept, text="Changed")) != _ODD


def test_a_header_whose_lines_end_in_two_ways_is_written_as_it_was() -> None:
    data = b'To:"1\nTo:"<<e\r\n\r\nHello\r\n'
    assert render(parse(data)) == data
