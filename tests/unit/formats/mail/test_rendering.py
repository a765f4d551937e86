"""Messages from mails: what stays of the header, how the parts are put together, and what is given back untouched."""

from __future__ import annotations

import email
import email.policy
import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailconnector.formats import parse, render
from mailconnector.items import (
    OLE_STORAGE,
    Address,
    Attachment,
    GenericItem,
    Importance,
    Mail,
    Placement,
    StoredContent,
)
from mailconnector.mapping import from_mapi, to_mapi
from tests.unit.items.mails import NOON

AUTHOR = Address("Jürgen Müller", "jm@example.org")
PLAIN = Mail(author=AUTHOR, to=(Address("", "a@b.example"),), subject="Hello", date=NOON, text="Hello\n")


def tree(data: bytes) -> object:
    def shape(part: email.message.Message[str, str]) -> object:
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            return (
                part.get_content_subtype(),
                *[shape(one) for one in part.get_payload() if isinstance(one, email.message.Message)],
            )
        return part.get_content_type()

    return shape(email.message_from_bytes(data, policy=email.policy.compat32))


def test_a_plain_mail() -> None:
    assert render(PLAIN) == (
        b"From: =?utf-8?b?SsO8cmdlbiBNw7xsbGVy?= <jm@example.org>\r\n"
        b"To: a@b.example\r\n"
        b"Subject: Hello\r\n"
        b"Date: Sat, 29 Feb 2020 12:00:00 +0000\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"\r\n"
        b"Hello\r\n"
    )


IMAGE = Attachment("a.png", "image/png", b"PNG", placement=Placement.RELATED, content_id="one@x")
CALENDAR = Attachment(
    "", "text/calendar", b"BEGIN", placement=Placement.ALTERNATIVE, parameters=(("method", "REQUEST"),)
)
FILE = Attachment("b.pdf", "application/pdf", b"PDF")
OCTETS = "application/octet-stream"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "text/plain"),
        ({"text": None, "html": "<p>"}, "text/html"),
        ({"html": "<p>"}, ("alternative", "text/plain", "text/html")),
        (
            {"html": "<p>", "attachments": (IMAGE,)},
            ("alternative", "text/plain", ("related", "text/html", "image/png")),
        ),
        ({"attachments": (FILE,)}, ("mixed", "text/plain", "application/pdf")),
        (
            {"html": "<p>", "attachments": (IMAGE, CALENDAR, FILE)},
            (
                "mixed",
                ("alternative", "text/plain", ("related", "text/html", "image/png"), "text/calendar"),
                "application/pdf",
            ),
        ),
        ({"rtf": b"{\\rtf1}"}, ("alternative", "text/plain", "application/rtf", "text/html")),
        ({"text": None, "attachments": (FILE,)}, "application/pdf"),
        ({"text": None, "attachments": (FILE, FILE)}, ("mixed", "application/pdf", "application/pdf")),
        ({"text": None, "attachments": (IMAGE,)}, "image/png"),
        ({"attachments": (Attachment(item=PLAIN),)}, ("mixed", "text/plain", "message/rfc822")),
        ({"attachments": (replace(FILE, content_type="multipart/mixed"),)}, ("mixed", "text/plain", OCTETS)),
        ({"attachments": (replace(FILE, content_type="no type"),)}, ("mixed", "text/plain", OCTETS)),
    ],
)  # fmt: skip
def test_how_the_parts_are_put_together(fields: dict[str, object], expected: object) -> None:
    mail = replace(PLAIN, **fields)  # type: ignore[arg-type]
    assert tree(render(mail)) == expected


def test_a_mail_without_anything_is_a_header() -> None:
    assert render(Mail()) == b"MIME-Version: 1.0\r\n\r\n"
    assert parse(render(Mail())).text is None


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("short\n", "7bit"),
        ("x" * 998, "7bit"),
        ("x" * 999, "quoted-printable"),
        ("größer als alle " * 30, "quoted-printable"),
        ("日本語" * 30, "base64"),
        ("bell\x07\n", "7bit"),
    ],
)
def test_the_encoding_of_a_text(text: str, encoding: str) -> None:
    data = render(replace(PLAIN, text=text))
    assert f"Content-Transfer-Encoding: {encoding}\r\n".encode() in data
    assert parse(data).text == text


@pytest.mark.parametrize(
    ("charset", "written"), [("iso-8859-1", "iso-8859-1"), ("us-ascii", "utf-8"), ("klingon", "utf-8")]
)
def test_a_text_keeps_its_charset_if_that_has_its_characters(charset: str, written: str) -> None:
    data = render(replace(PLAIN, text="größer", charset=charset))
    assert f"charset={written}\r\n".encode() in data
    assert parse(data).text == "größer"


def test_lone_surrogates_harm_nothing() -> None:
    data = render(replace(PLAIN, subject="a\ud800", text="b\udfff", author=Address("c\udc80", "x@y")))
    mail = parse(data)
    assert (mail.subject, mail.text, mail.author) == ("a?", "b?", Address("c?", "x@y"))


def test_blind_copies_are_left_out_on_the_way_to_others() -> None:
    mail = replace(PLAIN, bcc=(Address("Hidden", "hidden@example.org"),))
    assert b"Bcc: Hidden <hidden@example.org>" in render(mail)
    assert b"hidden" not in render(mail, bcc=False).lower()
    again = parse(render(mail))
    assert b"hidden" not in render(again, bcc=False).lower()


def test_the_boundary_depends_on_the_content_alone_and_is_not_in_it() -> None:
    one = replace(PLAIN, html="<p>")
    boundary = parse(render(one)).headers.partition(b'boundary="')[2].partition(b'"')[0]
    assert boundary.startswith(b"=_")
    assert render(replace(one, subject="other")).count(boundary) == render(one).count(boundary)
    assert boundary not in render(replace(one, html="<p>other"))
    nested = replace(one, attachments=(Attachment(item=one),))
    assert parse(render(nested)).attachments[0].item == parse(render(one))


RECEIVED = (
    b"Received: from x\r\n\tby y; Sat, 29 Feb 2020 12:00:00 +0000\r\n"
    b"Return-Path: <a@b>\r\n"
    b"content-type: text/html; charset=x-odd\r\n"
    b"from: A B <a@b.example>\r\n"
    b"To: c@d (Comment)\r\n"
    b"X-Long: " + b"x" * 300 + b"\r\n"
    b"SUBJECT:  odd   blanks\r\n"
    b"Date: Sat, 29 Feb 2020 13:00:00 +0100 (CET)\r\n"
    b"Message-Id: <1@x>\r\n"
    b"Content-Length: 5\r\n"
    b"X-Last: 1\r\n"
)  # fmt: skip


def kept(mail: Mail) -> list[bytes]:
    return render(mail).partition(b"\r\n\r\n")[0].split(b"\r\n")


def test_a_header_is_written_as_it_came_but_for_the_content() -> None:
    mail = parse(RECEIVED + b"\r\n<p>x")
    assert render(mail) == RECEIVED + b"\r\n<p>x"
    lines = [line for line in RECEIVED.split(b"\r\n") if line and not line.lower().startswith(b"content-")]
    assert kept(replace(mail, html="<p>y")) == [
        *lines,
        b"MIME-Version: 1.0",
        b"Content-Type: text/html; charset=utf-8",
        b"Content-Transfer-Encoding: 7bit",
    ]


def test_what_the_mail_says_otherwise_is_written_in_place_of_the_old() -> None:
    mail = parse(RECEIVED + b"\r\n<p>x")
    before = kept(mail)
    changed = kept(replace(mail, subject="new", importance=Importance.HIGH, to=(Address("New", "n@w"),)))
    assert changed[before.index(b"SUBJECT:  odd   blanks")] == b"Subject: new"
    assert changed[before.index(b"To: c@d (Comment)")] == b"To: New <n@w>"
    assert b"Importance: high" in changed
    assert b"X-Priority: 1" in changed
    assert len(changed) == len(before) + 2
    later = kept(replace(mail, date=datetime(2021, 1, 1, tzinfo=UTC)))
    assert b"Date: Fri, 01 Jan 2021 00:00:00 +0000" in later
    assert len(later) == len(before)


def test_a_store_may_know_less_or_other_names_than_the_header() -> None:
    mail = parse(RECEIVED + b"\r\n<p>x")
    less = replace(mail, author=Address("Other Name", "A@B.example"), to=(), message_id="", date=None)
    assert render(less) == render(mail)
    exchange = replace(mail, to=(Address("C", "/o=x/cn=c", "EX"),))
    assert render(exchange) == render(mail)
    assert b"SUBJECT" not in render(replace(mail, subject=""))


def test_a_changed_importance_leaves_no_old_field_behind() -> None:
    mail = parse(b"X-Priority: 5\r\nPriority: non-urgent\r\nX-MSMail-Priority: Low\r\nSubject: x\r\n\r\n")
    assert mail.importance is Importance.LOW
    assert parse(render(replace(mail, importance=Importance.HIGH))).importance is Importance.HIGH
    normal = render(replace(mail, importance=Importance.NORMAL))
    assert b"riority" not in normal


@pytest.mark.parametrize("header", [b"\xc3\xa9", b"\xe9", b"\xff\x00"])
def test_8_bit_fields_are_written_as_they_came(header: bytes) -> None:
    data = b"X-Note: %b\r\nFrom: %b <a@b>\r\nResent-To: %b <c@d>\r\nSubject: %b\r\n\r\nx" % ((header,) * 4)
    mail = parse(data)
    assert render(mail) == data
    block = data[: data.index(b"\r\n\r\n") + 2]
    assert render(replace(mail, text="y")).startswith(block)
    renamed = render(replace(mail, subject="other"))
    assert b"Subject: other\r\n" in renamed
    assert renamed.startswith(block[: block.index(b"Subject")])


PROTECTED = [
    b"Subject: x\r\nX-Odd: \xff\r\nContent-Length: 7\r\n"
    b'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n boundary=b\r\nMime-Version: 1.0\r\n'
    b"X: y\r\n\r\npreamble\r\n--b\r\n\r\ntext  \r\n--b\r\n"
    b"Content-Type: application/pkcs7-signature\r\n\r\nAA\r\n--b--\r\nepilogue",
    b'Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=b\r\n\r\n'
    b"--b\r\n\r\n\xe9\r\n--b\r\n\r\nSIG\r\n--b--",
    b"Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\n\r\nVersion\r\n--b\r\n\r\nPGP\r\n--b--\r\n",
    b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\nAwQF",
    b"Content-Type: application/x-pkcs7-mime; name=smime.p7m\r\nContent-Transfer-Encoding: 8bit\r\nSubject: x\r\n\r\n"
    b"\x00\x80\xff\r",
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n"
    b"--b\r\n\r\nx\r\n--b--\r\n--a\r\n\r\nfooter\r\n--a--\r\n",
]


@pytest.mark.parametrize("data", PROTECTED)
def test_signed_and_encrypted_mail_is_given_back_byte_for_byte(data: bytes) -> None:
    if b"MIME-Version" not in data and b"Mime-Version" not in data:
        data = b"MIME-Version: 1.0\r\n" + data
    mail = parse(data)
    assert mail.original
    assert render(mail) == data
    attached = parse(render(Mail(text="", attachments=(Attachment(item=mail),))))
    assert attached.attachments[0].item == mail


def test_signed_mail_keeps_its_signature_when_the_header_changes() -> None:
    mail = parse(PROTECTED[0])
    body = PROTECTED[0].partition(b"\r\n\r\n")[2]
    assert render(replace(mail, subject="changed")).endswith(b"\r\n\r\n" + body)
    bare = render(replace(mail, headers=b""))
    assert bare.endswith(b"\r\n\r\n" + body)
    assert parse(bare).original == mail.original


@pytest.mark.parametrize(
    "message_class",
    [
        "REPORT.IPM.Note.NDR",
        "REPORT.IPM.Note.DR",
        "REPORT.IPM.Note.Delayed",
        "REPORT.IPM.Note.IPNRN",
        "REPORT.IPM.Note.IPNNRN",
    ],
)
def test_reports_stay_reports(message_class: str) -> None:
    said = {"NDR": "failed", "DR": "delivered", "Delayed": "delayed", "IPNRN": "displayed", "IPNNRN": "deleted"}
    word = said[message_class.rpartition(".")[2]]
    is_receipt = message_class.endswith("RN")
    kind = "message/disposition-notification" if is_receipt else "message/delivery-status"
    content = f"Disposition: a/b; {word}\r\n" if is_receipt else f"\r\nAction: {word}\r\n"
    mail = Mail(message_class=message_class, text="x", attachments=(Attachment("", kind, content.encode()),))
    data = render(mail)
    assert f"multipart/report; report-type={kind.partition('/')[2]};".encode() in data
    assert b"Content-Class" not in data
    assert parse(data).message_class == message_class
    assert parse(render(parse(data))) == parse(data)


def test_classes_without_a_shape_of_their_own_travel_in_a_field() -> None:
    mail = replace(PLAIN, message_class="IPM.Note.Mine")
    assert b"Content-Class: urn:content-class:custom.IPM.Note.Mine\r\n" in render(mail)
    first = parse(render(mail))
    assert b"Content-Class" not in render(replace(first, message_class="IPM.Note"))
    assert b"Content-Class" not in render(replace(PLAIN, message_class="IPM.bad\r\nX: y"))
    assert render(GenericItem(mail)) == render(mail)


def test_stored_content_and_ole_objects_are_written() -> None:
    stream = io.BytesIO(b"stored")
    attachments = (Attachment("a", "image/png", StoredContent(stream)), Attachment("o", OLE_STORAGE, b"\xd0\xcf"))
    mail = parse(render(replace(PLAIN, attachments=attachments)))
    assert [one.content() for one in mail.attachments] == [b"stored", b"\xd0\xcf"]
    assert mail.attachments[1].content_type == OLE_STORAGE


def test_header_injection_is_impossible() -> None:
    evil = "x\r\nBcc: victim@example.org\r\n\r\nbody"
    mail = Mail(
        subject=evil,
        author=Address(evil, evil),
        message_id=evil,
        in_reply_to=evil,
        references=(evil,),
        conversation_topic=evil,
        message_class=evil,
        charset=evil,
        text="t",
        attachments=(
            Attachment(evil, evil, b"", content_id=evil, location=evil, description=evil, parameters=((evil, evil),)),
            Attachment(evil, reference=evil),
        ),
    )
    data = render(mail)
    read = parse(data)
    assert read.bcc == ()
    assert b"\r\nBcc" not in data
    assert len(read.attachments) == 2


@pytest.mark.parametrize(
    "data",
    [
        b"References: <a@b> <c\0\0@d>\r\nIn-Reply-To: <c\0\0@d>\r\n\r\nx",
        b'To: "a@b.example"\r\n <a@b.example>, "a@b.example"\r\n\r\nx',
        b"Sender: <s@t.example>\r\n\r\nx",
        b"no field\r\nSubject: x\r\n\r\nx",
        b"\0\0\0",
    ],
)
def test_odd_headers_come_back_from_a_message(data: bytes) -> None:
    assert render(parse(data)) == data
    assert render(from_mapi(to_mapi(parse(data)))) == data
