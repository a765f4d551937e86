"""Real mail through a PST: strangers (the email package, tnefparse) find in it what we find, before and after."""

from __future__ import annotations

import email
import email.policy
import io
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage, Message
from pathlib import Path
from typing import Any, Literal

import pytest

from mailconnector import pst
from mailconnector.formats import parse, read_mbox, render
from mailconnector.items import Address, Attachment, Mail
from mailconnector.mapi import tags, tnef
from mailconnector.mapi.objects import MessageObject, Properties, get
from mailconnector.mapi.types import FileTime
from mailconnector.mapping import from_mapi, to_mapi
from tests.unit.items.mails import mail_of

tnefparse = pytest.importorskip("tnefparse")

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def messages(samples: Path) -> dict[str, bytes]:
    """The sample messages as they are sent, with CRLF line ends, by name."""
    found: dict[str, bytes] = {}
    for path in sorted((samples / "mime").iterdir()):
        data = path.read_bytes()
        if ".mbox." in path.name:
            found |= {f"{path.name}@{one.offset}": one.data for one in read_mbox(io.BytesIO(data))}
        else:
            found[path.name] = data
    for path in sorted((samples / "tnef").iterdir()):
        found[path.name] = _with_winmail(path.read_bytes())
    return {name: data if b"\r\n" in data else data.replace(b"\n", b"\r\n") for name, data in found.items()}


def _with_winmail(stream: bytes) -> bytes:
    message = EmailMessage(policy=email.policy.SMTP)
    message["Subject"] = "with a stream"
    message.set_content("what others see\n")
    message.add_attachment(stream, "application", "ms-tnef", filename="winmail.dat")
    return message.as_bytes()


Format = Literal["unicode", "ansi"]


def through_a_store(mails: list[Mail], store_format: Format) -> Iterator[Mail]:
    """Yield mails as they come out of a new PST."""
    store = pst.Store.create(io.BytesIO(), format=store_format)
    folder = store.folder_at(("Inbox",), create=True)
    with store.transaction():
        for mail in mails:
            folder.add_message(to_mapi(mail))
    for message in folder.messages():
        yield mail_of(from_mapi(message.to_object()))


@pytest.mark.parametrize("store_format", ["unicode", "ansi"])
def test_mail_comes_back_byte_for_byte_from_a_store(messages: dict[str, bytes], store_format: Format) -> None:
    read = through_a_store([parse(data) for data in messages.values()], store_format)
    assert len(messages) > 70
    for (name, data), mail in zip(messages.items(), read, strict=True):
        assert render(mail) == data, name


def test_mail_that_is_written_anew_says_the_same(messages: dict[str, bytes]) -> None:
    """Without its layout: the way of mail of which something was changed."""
    compared = 0
    for name, data in messages.items():
        mail = parse(data)
        written = render(_without_layout(mail))
        before, after = (email.message_from_bytes(one, policy=email.policy.compat32) for one in (data, written))
        if any(part.defects for part in before.walk()) or b"ms-tnef" in data or mail.original:
            continue
        compared += 1
        assert not any(part.defects for part in after.walk()), name
        assert set(_names(before)) <= set(_names(after)), name
        found, wanted = _contents(after), _contents(before)
        assert all(content in found for content in wanted), name
    assert compared > 30


def _without_layout(mail: Mail) -> Mail:
    def bare(attachment: Attachment) -> Attachment:
        item = attachment.item
        return replace(attachment, item=_without_layout(item)) if isinstance(item, Mail) else attachment

    return replace(mail, layout=b"", attachments=tuple(map(bare, mail.attachments)))


def _names(message: Message) -> list[str]:
    names = [part.get_filename() for part in message.walk()]
    # The package does not read 8-bit names.
    return sorted(name for name in names if name and name.isascii())


def _contents(message: Message) -> list[bytes]:
    """Return the decoded contents of the parts, texts in UTF-8 with LF line ends and without outer blanks."""
    contents = []
    for part in message.walk():
        content = part.get_payload(decode=True)
        if part.is_multipart() or not isinstance(content, bytes):
            continue
        if part.get_content_maintype() == "text" and not part.get_filename():
            charset = str(part.get_content_charset("utf-8"))
            try:
                content = content.decode(charset).encode()
            except (UnicodeDecodeError, LookupError):
                continue
        contents.append(content.replace(b"\r\n", b"\n").strip())
    return [content for content in contents if content]


def test_bodies_are_those_that_the_email_package_finds(messages: dict[str, bytes]) -> None:
    compared = 0
    for name, data in messages.items():
        message = email.message_from_bytes(data, policy=email.policy.default)
        mail = parse(data)
        if any(part.defects for part in message.walk()) or mail.original or message.get_content_type() == "text/rtf":
            continue
        for kind, ours in (("plain", mail.text), ("html", mail.html)):
            theirs = message.get_body((kind,))
            if theirs is None or ours is None or "ms-tnef" in str(data):
                continue
            try:
                text = str(theirs.get_content())
            except (LookupError, KeyError):
                continue
            if "\ufffd" not in text and "begin 6" not in text:
                assert ours.replace("\0", "").split() == text.replace("\0", "").split(), name
                compared += 1
    assert compared > 30


def test_streams_hold_what_tnefparse_finds(samples: Path) -> None:
    compared = 0
    for path in sorted((samples / "tnef").iterdir()):
        data = path.read_bytes()
        if not data or path.name == "poi__oom.tnef":
            continue
        ours, theirs = tnef.parse(data, lenient=True), tnefparse.TNEF(data)
        _same_stream(ours, theirs, path.name)
        # It reads what we write, too.
        _same_stream(ours, tnefparse.TNEF(tnef.build(ours)), path.name)
        compared += len(ours.attachments)
    assert compared >= 14


def _same_stream(ours: MessageObject, theirs: Any, name: str) -> None:
    files = [bytes(one.data) for one in theirs.attachments if isinstance(one.data, bytes)]
    files = [data for data in files if data and not data.startswith(tnef.SIGNATURE)]
    found = [one.data for one in ours.attachments if isinstance(one.data, bytes) and one.data]
    assert len(found) == len(files), name
    for mine, other in zip(found, files, strict=True):
        # It leaves the kind of an object, 16 bytes, before its content, and takes zeros off its end.
        assert other in (mine, other[:16] + mine.rstrip(b"\0")), name
    html = get(ours.properties, tags.PidTagHtml)
    if isinstance(html, bytes) and theirs.htmlbody:
        theirs_html = theirs.htmlbody if isinstance(theirs.htmlbody, bytes) else theirs.htmlbody.encode("latin-1")
        assert theirs_html == html, name


# What mail keeps of a message that was written in Outlook or Exchange. Times are those of header fields: whole seconds.
_KEPT = (
    tags.PidTagSubject,
    tags.PidTagMessageClass,
    tags.PidTagImportance,
    tags.PidTagSensitivity,
    tags.PidTagInternetMessageId,
    tags.PidTagInReplyToId,
    tags.PidTagInternetReferences,
    tags.PidTagConversationIndex,
    tags.PidTagBody,
    tags.PidTagClientSubmitTime,
    tags.PidTagMessageDeliveryTime,
)


def test_stored_mail_comes_back_from_the_wire(pst_sample: Path) -> None:
    with pst.open_store(pst_sample) as store:
        seen = 0
        for folder in store.walk():
            for message in () if folder.is_search_folder else folder.messages():
                before = message.to_object()
                name = get(before.properties, tags.PidTagMessageClass)
                if isinstance(name, str) and name.lower().startswith(("ipm.note", "report", "ipm.post")):
                    seen += 1
                    if seen <= 40:
                        _compare(before)


def _compare(before: MessageObject) -> None:
    mail = mail_of(from_mapi(before))
    written = render(mail)
    assert render(mail_of(from_mapi(before))) == written
    after = to_mapi(parse(written, flags=mail.flags, received=mail.received))
    for tag in _KEPT:
        expected = _plain(before.properties, tag)
        if expected not in ("", None):
            assert _plain(after.properties, tag) == expected, (tag, mail.subject)
    read = mail_of(from_mapi(after))
    for ours, theirs in ((mail.to, read.to), (mail.cc, read.cc), (mail.bcc, read.bcc)):
        # Names are the header's where there is one.
        # What is no address is a name there, and blanks in an address take quotation marks.
        assert list(map(_reached, ours)) == list(map(_reached, theirs))
    assert list(map(_attached, mail.attachments)) == list(map(_attached, read.attachments))


def _plain(properties: Properties, tag: int) -> object:
    value = get(properties, tag)
    if isinstance(value, FileTime):
        moment = value.to_datetime()
        return moment.replace(microsecond=0) if moment else None
    if isinstance(value, str):
        text = value.replace("\0", "").removeprefix("\x01" + value[1:2] if value.startswith("\x01") else "")
        return "\n".join(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")).strip()
    return value


def _reached(address: Address) -> str:
    if address.kind != "SMTP":
        return ""
    return (address.email if "@" in address.email else address.name or address.email).casefold().replace('"', "")


def _attached(attachment: Attachment) -> tuple[object, ...]:
    if attachment.item is not None:
        inner = mail_of(attachment.item)
        return (attachment.name, inner.subject, inner.text, len(inner.attachments))
    return (attachment.name, attachment.content(), attachment.content_id, attachment.placement)


def test_a_second_store_gets_the_same(messages: dict[str, bytes]) -> None:
    """What came from one store is written to another, and is the same again there."""
    first = list(through_a_store([parse(data) for data in messages.values()], "ansi"))
    for (name, data), mail in zip(messages.items(), through_a_store(first, "unicode"), strict=True):
        assert render(mail) == data, name
