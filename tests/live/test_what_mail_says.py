"""What a message says is in the PST file's properties where Outlook looks for it, and on the next server as it was."""

from __future__ import annotations

import base64
import email
import email.policy
from pathlib import Path

import pytest

from mailconnector import pst
from mailconnector.lab import CyrusServer, DovecotServer
from mailconnector.mapi import MessageObject, named, reading, tags
from tests.live.journeys import Format, Letter, new_file, stop, stored

# Label, Python's codec, and a text that the charset has.
CHARSETS = [
    ("us-ascii", "ascii", "plain"),
    ("utf-8", "utf-8", "Grüße 日本語 😀"),
    ("utf-7", "utf-7", "Grüße"),
    ("iso-8859-1", "iso-8859-1", "Grüße, façade"),
    ("iso-8859-2", "iso-8859-2", "Łódź, žluťoučký"),
    ("iso-8859-3", "iso-8859-3", "ĉiuĵaŭde"),
    ("iso-8859-4", "iso-8859-4", "ķēķis"),
    ("iso-8859-5", "iso-8859-5", "Привет"),
    ("iso-8859-6", "iso-8859-6", "مرحبا"),
    ("iso-8859-7", "iso-8859-7", "Καλημέρα"),
    ("iso-8859-8-i", "iso-8859-8", "שלום"),
    ("iso-8859-9", "iso-8859-9", "İstanbul şişe"),
    ("iso-8859-10", "iso-8859-10", "Þórður"),
    ("iso-8859-13", "iso-8859-13", "šķērsām"),
    ("iso-8859-14", "iso-8859-14", "ẁŵẅ"),
    ("iso-8859-15", "iso-8859-15", "10 € œuvre"),
    ("iso-8859-16", "iso-8859-16", "țară"),
    ("windows-1250", "cp1250", "Příliš žluťoučký"),
    ("windows-1251", "cp1251", "Съешь ещё"),
    ("windows-1252", "cp1252", "“quoted” – €"),
    ("windows-1253", "cp1253", "Καλημέρα"),
    ("windows-1254", "cp1254", "Iğdır"),
    ("windows-1255", "cp1255", "שלום"),
    ("windows-1256", "cp1256", "مرحبا بكم"),
    ("windows-1257", "cp1257", "ąčęėįšųūž"),
    ("windows-1258", "cp1258", "Đà"),
    ("windows-874", "cp874", "สวัสดี"),
    ("tis-620", "cp874", "สวัสดี"),
    ("koi8-r", "koi8-r", "Привет"),
    ("koi8-u", "koi8-u", "Їжак"),
    ("ibm866", "cp866", "Привет"),
    ("macintosh", "mac-roman", "Grüße"),
    ("shift_jis", "cp932", "日本語①髙"),
    ("iso-2022-jp", "iso-2022-jp", "日本語"),
    ("euc-jp", "euc-jp", "日本語"),
    ("gb2312", "gb2312", "简体中文"),
    ("gbk", "gbk", "簡体中文"),
    ("gb18030", "gb18030", "简体中文㐀"),
    ("hz-gb-2312", "hz", "简体中文"),
    ("big5", "big5", "繁體中文"),
    ("euc-kr", "euc-kr", "한국어"),
    ("ks_c_5601-1987", "cp949", "한국어 뷁"),
    ("iso-2022-kr", "iso-2022-kr", "한국어"),
]


def through(
    letters: list[bytes], format_: Format, dovecot: DovecotServer, cyrus: CyrusServer, path: Path
) -> dict[str, MessageObject]:
    """Send messages to another server by way of a PST, where they have to arrive as they were; return what it holds."""
    file = new_file(path / "mail.pst", format_)
    alice, bob = stop(dovecot, path / "alice", file), stop(cyrus, path / "bob", file)
    alice.put("INBOX", [Letter(each, frozenset(), None) for each in letters])
    alice.sync()
    bob.sync()
    assert sorted(one.data for one in bob.letters("INBOX")) == sorted(letters)
    return {reading.text(one.properties, tags.PidTagInternetMessageId): one for _, one in stored(file)}


@pytest.mark.parametrize("format_", ["unicode", "ansi"])
def test_every_charset(format_: Format, dovecot: DovecotServer, cyrus: CyrusServer, tmp_path: Path) -> None:
    letters = []
    for label, codec, text in CHARSETS:
        word = base64.b64encode(text.encode(codec)).decode()
        letters.append(
            f"From: =?{label}?B?{word}?= <a@example.org>\r\nTo: b@example.org\r\nSubject: =?{label}?B?{word}?=\r\n"
            f"Message-ID: <{label}@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset={label}\r\n"
            f"Content-Transfer-Encoding: 8bit\r\n\r\n".encode()
            + text.encode(codec)
            + b"\r\n"
        )
    held = through(letters, format_, dovecot, cyrus, tmp_path)
    assert len(held) == len(CHARSETS)
    for label, _, text in CHARSETS:
        properties = held[f"<{label}@example.org>"].properties
        for tag in (tags.PidTagSubject, tags.PidTagSenderName):
            assert reading.text(properties, tag) == text, label
        assert reading.text(properties, tags.PidTagBody).strip() == text, label


CALENDAR = (
    "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VEVENT\r\nUID:1@example.org\r\n"
    "DTSTAMP:20261101T100000Z\r\nDTSTART:20261102T100000Z\r\nSUMMARY:Treffen über Köln\r\nEND:VEVENT\r\n"
    "END:VCALENDAR\r\n"
)
SAID = (
    "From: Alice <alice@example.org>\r\nSender: office@example.org\r\nReply-To: list@example.org\r\n"
    "To: b@example.org\r\n"
    "Date: Mon, 02 Nov 2026 10:00:00 +0100\r\nSubject: Re: all of it\r\nMessage-ID: <said@example.org>\r\n"
    "In-Reply-To: <before@example.org>\r\nReferences: <first@example.org>\r\n <before@example.org>\r\n"
    "Thread-Topic: all of it\r\nThread-Index: AdNST+6DXK4xfZYaRzuyUbaIacENgAHGVF+A\r\n"
    "X-Priority: 1 (Highest)\r\nImportance: high\r\nSensitivity: Company-Confidential\r\n"
    "Disposition-Notification-To: Alice <alice@example.org>\r\nReturn-Receipt-To: alice@example.org\r\n"
    "X-Custom:   odd \tspacing\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/alternative; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\ncome\r\n'
    "--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>come <b>all</b></p>\r\n"
    '--b\r\nContent-Type: text/calendar; charset="utf-8"; method=REQUEST\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
    f"{CALENDAR}--b--\r\n"
).encode()


@pytest.mark.parametrize("format_", ["unicode", "ansi"])
def test_headers_receipts_threads_and_calendars(
    format_: Format, dovecot: DovecotServer, cyrus: CyrusServer, tmp_path: Path
) -> None:
    message = through([SAID], format_, dovecot, cyrus, tmp_path)["<said@example.org>"]
    properties = message.properties
    assert reading.number(properties, tags.PidTagImportance) == 2
    assert reading.number(properties, tags.PidTagSensitivity) == 3
    assert properties[tags.PidTagReadReceiptRequested] is True
    assert properties[tags.PidTagOriginatorDeliveryReportRequested] is True
    index = base64.b64decode("AdNST+6DXK4xfZYaRzuyUbaIacENgAHGVF+A")
    assert properties[tags.PidTagConversationIndex] == index
    texts = {
        tags.PidTagConversationTopic: "all of it",
        tags.PidTagSubject: "Re: all of it",
        tags.PidTagInReplyToId: "<before@example.org>",
        tags.PidTagSentRepresentingSmtpAddress: "alice@example.org",
        tags.PidTagSenderSmtpAddress: "office@example.org",
    }
    assert {tag: reading.text(properties, tag) for tag in texts} == texts
    assert "<first@example.org>" in reading.text(properties, tags.PidTagInternetReferences)
    assert "X-Custom:   odd \tspacing" in reading.text(properties, tags.PidTagTransportMessageHeaders)
    (calendar,) = message.attachments
    assert reading.text(calendar.properties, tags.PidTagAttachMimeTag) == "text/calendar"


def test_what_outlook_wrote_says_so_on_the_server_and_is_written_once(
    dovecot: DovecotServer, cyrus: CyrusServer, tmp_path: Path
) -> None:
    file = new_file(tmp_path / "mail.pst")
    index = bytes.fromhex("01d3524fee83") + bytes(range(16))
    with pst.open_store(file, writable=True) as store, store.transaction():
        store.folder_at("Drafts").add_message(
            MessageObject(
                {
                    tags.PidTagMessageClass: "IPM.Note",
                    tags.PidTagSubject: "Größe",
                    tags.PidTagBody: "Text\r\n",
                    tags.PidTagHtml: "<p>Größe</p>".encode(),
                    tags.PidTagInternetCodepage: 65001,
                    tags.PidTagImportance: 0,
                    tags.PidTagSensitivity: 2,
                    tags.PidTagReadReceiptRequested: True,
                    tags.PidTagConversationIndex: index,
                    tags.PidTagSenderName: "Alice",
                    tags.PidTagSenderEmailAddress: "alice@example.org",
                    tags.PidTagSenderAddressType: "SMTP",
                    tags.PidTagMessageFlags: 0x8,
                }
            )
        )
    alice, bob = stop(dovecot, tmp_path / "alice", file), stop(cyrus, tmp_path / "bob", file)
    alice.sync()
    bob.sync()
    (there,), (elsewhere,) = alice.letters("Drafts"), bob.letters("Drafts")
    assert there.data == elsewhere.data
    assert "\\draft" in there.flags
    said = email.message_from_bytes(there.data, policy=email.policy.default)
    assert said["Subject"] == "Größe"
    assert said["Importance"].lower() == "low"
    assert said["Sensitivity"].lower() == "private"
    assert base64.b64decode(said["Thread-Index"]) == index
    assert "alice@example.org" in said["Disposition-Notification-To"]
    html = said.get_body(("html",))
    assert html is not None
    assert "Größe" in html.get_content()
    assert alice.is_quiet()


def test_a_category_that_the_server_cannot_hold_keeps_its_mail_from_nothing(
    dovecot: DovecotServer, tmp_path: Path
) -> None:
    file = new_file(tmp_path / "mail.pst")
    categories = named.PidNameKeywords
    long, short = "A category of far more letters than fits into a keyword", "Short"
    with pst.open_store(file, writable=True) as store, store.transaction():
        inbox = store.folder_at("Inbox")
        message = inbox.add_message(
            MessageObject({tags.PidTagMessageClass: "IPM.Note", tags.PidTagSubject: "One", categories: [long, short]})
        )
    alice = stop(dovecot, tmp_path / "alice", file)
    alice.sync()
    (there,) = alice.letters("INBOX")
    assert there.flags - {"\\seen"} == {"short"}
    assert alice.is_quiet()
    with pst.open_store(file, writable=True) as store:
        assert store.message(message.nid).properties.get(categories) == [long, short]
        store.message(message.nid).set_properties({categories: [long, short, long + "!", "More"]})
    alice.sync()
    (there,) = alice.letters("INBOX")
    assert there.flags - {"\\seen"} == {"short", "more"}
    assert alice.is_quiet()
    with pst.open_store(file) as store:
        assert store.message(message.nid).properties.get(categories) == [long, short, long + "!", "More"]
