"""Real messages: all are read, nothing is lost, and they are written the same each time."""

from __future__ import annotations

import email
import email.policy
import io
from dataclasses import replace
from pathlib import Path

import pytest

from mailconnector.formats import parse, read_mbox, render
from mailconnector.formats.mail.mime import CONTENT_FIELDS
from mailconnector.items import Mail
from mailconnector.items.headers import fields
from mailconnector.mapping import from_mapi, to_mapi
from tests.unit.items.mails import mail_of, without_headers


@pytest.fixture(scope="session")
def messages(samples: Path) -> dict[str, bytes]:
    """The sample messages, and those within the sample mbox files, by name."""
    found: dict[str, bytes] = {}
    for path in sorted((samples / "mime").iterdir()):
        data = path.read_bytes()
        if ".mbox." in path.name:
            found |= {f"{path.name}@{one.offset}": one.data for one in read_mbox(io.BytesIO(data))}
        else:
            found[path.name] = data
    return found


def all_mails(mail: Mail) -> list[Mail]:
    inner = [mail_of(one.item) for one in mail.attachments if one.item is not None]
    return [mail, *[deeper for one in inner for deeper in all_mails(one)]]


def test_messages_are_written_as_they_were_read(messages: dict[str, bytes]) -> None:
    assert len(messages) > 60
    for name, data in messages.items():
        mail = parse(data)
        written = render(mail)
        again = parse(written)
        assert without_headers(again) == without_headers(mail), name
        assert render(again) == written, name
        assert parse(render(again)) == again, name
        assert written == (data if b"\r\n" in data else data.replace(b"\n", b"\r\n")), name


def test_line_ends_make_no_difference(messages: dict[str, bytes]) -> None:
    for name, data in messages.items():
        lf = data.replace(b"\r\n", b"\n")
        assert parse(lf.replace(b"\n", b"\r\n")) == parse(lf), name


def test_the_header_stays_but_for_the_content(messages: dict[str, bytes]) -> None:
    for name, data in messages.items():
        for mail in all_mails(parse(data)):
            # Messages within a winmail.dat have no header.
            if mail.original or not mail.headers:
                continue
            mail = replace(mail, layout=b"")
            changing = CONTENT_FIELDS | {b"mime-version", b"content-length", b"lines"}
            before = [one for one, field, _ in fields(mail.headers) if field.lower() not in changing]
            again = [one for one, field, _ in fields(parse(render(mail)).headers) if field.lower() not in changing]
            assert again == before, name


def test_messages_come_back_from_mapi(messages: dict[str, bytes]) -> None:
    for name, data in messages.items():
        mail = parse(data)
        assert from_mapi(to_mapi(mail)) == mail, name


def test_attachments_are_those_that_the_standard_library_finds(messages: dict[str, bytes]) -> None:
    compared = 0
    for name, data in messages.items():
        message = email.message_from_bytes(data, policy=email.policy.compat32)
        if message.defects or any(part.defects for part in message.walk()) or b"ms-tnef" in data:
            continue
        contents = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
        stripped = [content.replace(b"\r\n", b"\n").strip() for content in contents if isinstance(content, bytes)]
        for mail in all_mails(parse(data)):
            for attachment in mail.attachments:
                if attachment.item is None and not attachment.content_type.startswith("message/"):
                    assert attachment.content().replace(b"\r\n", b"\n").strip() in stripped, name
                    compared += 1
    assert compared > 20


def test_calendars_in_mail_are_kept_as_they_are(samples: Path) -> None:
    for path in sorted((samples / "ics").iterdir()):
        calendar = path.read_bytes()
        data = (
            b"Subject: invitation\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n"
            b"--b\r\nContent-Type: text/calendar; charset=utf-8; method=REQUEST\r\n"
            b"Content-Transfer-Encoding: 8bit\r\n\r\n" + calendar + b"\r\n--b--\r\n"
        )
        mail = parse(data)
        (part,) = mail.attachments
        assert part.content().replace(b"\r\n", b"\n") == calendar.replace(b"\r\n", b"\n"), path.name
        assert parse(render(mail)).attachments == mail.attachments, path.name
        assert from_mapi(to_mapi(mail)) == mail, path.name
