"""Mails to bytes and back: nothing is lost, and nothing changes from one writing to the next."""

from __future__ import annotations

import email
import email.policy
import re

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
