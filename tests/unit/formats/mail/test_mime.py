"""Mail from messages of every shape."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailconnector.formats import parse, render
from mailconnector.items import Address, Attachment, Flags, Importance, Mail, Placement, Sensitivity
from mailconnector.mapi import tags, tnef
from mailconnector.mapi.objects import AttachmentObject, MessageObject


def message(*lines: str, header: str = "From: a@b.example\nSubject: test\n") -> bytes:
    return (header + "\n".join(lines)).replace("\n", "\r\n").encode()


def mixed(*parts: str, kind: str = "mixed", more: str = "") -> str:
    inner = "".join(f"--=x\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="=x"{more}\n\nMIME preamble\n{inner}--=x--\nepilogue\n'


def shape(mail: Mail) -> list[tuple[Placement, str, str]]:
    return [(one.placement, one.content_type, one.name) for one in mail.attachments]


TEXT = "Content-Type: text/plain\n\nthe text"
HTML = "Content-Type: text/html\n\n<p>the html"
IMAGE = "Content-Type: image/png; name=a.png\nContent-ID: <one@x>\n\nPNG"
FILE = "Content-Type: application/pdf\nContent-Disposition: attachment; filename=b.pdf\n\nPDF"


def test_the_envelope() -> None:
    mail = parse(
        message(
            "",
            "body",
            header="Received: from x; Sat, 29 Feb 2020 12:00:30 +0000\n"
            "Received: from y; Sat, 29 Feb 2020 12:00:10 +0000\n"
            "From: =?utf-8?q?J=C3=BC?= <a@b>, second@b\nSender: Sec <s@b>\n"
            "To: c@d\nTo: e@f\nCc: g@h\nBcc: i@j\nReply-To: k@l\n"
            "Date: Sat, 29 Feb 2020 13:00:00 +0100\nMessage-ID: <1@x>\nIn-Reply-To: Your message of today <0@x>\n"
            "References: <8@x>\n\t<9@x> junk\nSubject: Re: x\nThread-Topic: x\n"
            "Thread-Index: AQIGQYd8BwKQgsko1bnR3xjxAU5sOA==\nX-Priority: 1 (Highest)\n"
            "Sensitivity: Company-Confidential\nDisposition-Notification-To: a@b\nReturn-Receipt-To: a@b\n",
        ),
        flags=Flags(seen=True, keywords=("x",)),
    )
    assert mail.author == Address("Jü", "a@b")
    assert mail.sender == Address("Sec", "s@b")
    assert [one.email for one in (*mail.to, *mail.cc, *mail.bcc, *mail.reply_to)] == ["c@d", "e@f", "g@h", "i@j", "k@l"]
    assert mail.date == datetime(2020, 2, 29, 12, 0, tzinfo=UTC)
    assert mail.received == datetime(2020, 2, 29, 12, 0, 30, tzinfo=UTC)
    assert (mail.message_id, mail.in_reply_to, mail.references) == ("<1@x>", "<0@x>", ("<8@x>", "<9@x>"))
    assert (mail.subject, mail.conversation_topic) == ("Re: x", "")
    assert mail.conversation_index == base64.b64decode("AQIGQYd8BwKQgsko1bnR3xjxAU5sOA==")
    assert (mail.importance, mail.sensitivity) == (Importance.HIGH, Sensitivity.CONFIDENTIAL)
    assert mail.read_receipt
    assert mail.delivery_receipt
    assert mail.flags == Flags(seen=True, keywords=("x",))
    assert mail.text == "body"


@pytest.mark.parametrize(
    ("field", "importance"),
    [
        ("Importance: Low", Importance.LOW),
        ("X-Priority: 5", Importance.LOW),
        ("X-Priority: 3", Importance.NORMAL),
        ("Priority: urgent", Importance.HIGH),
        ("X-MSMail-Priority: High", Importance.HIGH),
        ("Importance: whatever\nX-Priority: 2", Importance.HIGH),
        ("X-Priority: none", Importance.NORMAL),
    ],
)
def test_importance_in_its_many_fields(field: str, importance: Importance) -> None:
    assert parse(message("", header=f"{field}\n")).importance is importance


def test_the_sender_is_only_there_if_another() -> None:
    assert parse(message("", header="From: A <a@b>\nSender: A <a@b>\n")).sender is None


@pytest.mark.parametrize(
    ("data", "text", "html", "attachments"),
    [
        (message("", "only text"), "only text", None, []),
        (message(HTML), None, "<p>the html", []),
        (message(mixed(TEXT, HTML, kind="alternative")), "the text", "<p>the html", []),
        (
            message(mixed(TEXT, FILE)),
            "the text",
            None,
            [(Placement.ATTACHED, "application/pdf", "b.pdf")],
        ),
        (
            message(mixed(HTML, IMAGE, kind="related")),
            None,
            "<p>the html",
            [(Placement.RELATED, "image/png", "a.png")],
        ),
        (
            message(mixed(TEXT, "Content-Type: text/plain\n\na list's footer")),
            "the text",
            None,
            [(Placement.ATTACHED, "text/plain", "")],
        ),
        (
            message(mixed(TEXT, "Content-Type: text/plain\nContent-Disposition: inline\n\nfooter")),
            "the text",
            None,
            [(Placement.INLINE, "text/plain", "")],
        ),
        (
            message(mixed("Content-Type: text/plain; name=x.txt\n\na file")),
            None,
            None,
            [(Placement.ATTACHED, "text/plain", "x.txt")],
        ),
        (message(FILE), None, None, [(Placement.ATTACHED, "application/pdf", "b.pdf")]),
        (
            message(mixed(TEXT, HTML, "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:", kind="alternative")),
            "the text",
            "<p>the html",
            [(Placement.ALTERNATIVE, "text/calendar", "")],
        ),
        (message(mixed(TEXT, "Content-Type: application/rtf\n\n{\\rtf1 x}", kind="alternative")), "the text", None, []),
        (message("Content-Type: text", "", "no subtype"), "no subtype", None, []),
        (message("Content-Type: no", "", "x"), None, None, [(Placement.ATTACHED, "application/octet-stream", "")]),
        (message("Content-Type: multipart/mixed", "", "no parts at all"), "no parts at all", None, []),
        (message(mixed(TEXT).replace('; boundary="=x"', "").replace("MIME preamble\n", "")), "the text", None, []),
        (
            message(mixed(TEXT, FILE).partition("--=x--")[0]),
            "the text",
            None,
            [(Placement.ATTACHED, "application/pdf", "b.pdf")],
        ),
        (message("no empty line before the body"), "no empty line before the body", None, []),
    ],
)  # fmt: skip
def test_where_bodies_and_attachments_are(
    data: bytes, text: str | None, html: str | None, attachments: list[tuple[Placement, str, str]]
) -> None:
    for one in (data, data.replace(b"\r\n", b"\n")):
        mail = parse(one)
        assert (mail.text, mail.html) == (text, html)
        assert shape(mail) == attachments


def test_nested_multiparts_are_flattened() -> None:
    inner = mixed(TEXT, mixed(HTML, IMAGE, kind="related").replace("=x", "=z"), kind="alternative").replace("=x", "=y")
    mail = parse(message(mixed(inner, FILE)))
    assert (mail.text, mail.html) == ("the text", "<p>the html")
    assert shape(mail) == [(Placement.RELATED, "image/png", "a.png"), (Placement.ATTACHED, "application/pdf", "b.pdf")]
    assert mail.attachments[0].content_id == "one@x"


def test_boundaries_that_begin_alike_are_told_apart() -> None:
    inner = "Content-Type: multipart/mixed; boundary==xx\n\n--=xx\n" + TEXT + "\n--=xx--\n"
    assert parse(message(mixed(inner, FILE))).text == "the text"


def test_the_root_of_a_related_may_be_named() -> None:
    for more in ('; start="<r@x>"', "; type=text/html"):
        mail = parse(
            message(mixed(IMAGE, HTML.replace("\n\n", "\nContent-ID: <r@x>\n\n", 1), kind="related", more=more))
        )
        assert mail.html == "<p>the html"
        assert shape(mail) == [(Placement.RELATED, "image/png", "a.png")]


def test_a_file_among_related_parts_is_attached_unless_the_html_names_it() -> None:
    attached = IMAGE.replace("\n\n", "\nContent-Disposition: attachment\n\n")
    assert shape(parse(message(mixed(HTML, attached, kind="related"))))[0][0] is Placement.ATTACHED
    naming = HTML + '<img src="cid:one@x">'
    assert shape(parse(message(mixed(naming, attached, kind="related"))))[0][0] is Placement.RELATED


def test_what_is_known_of_an_attachment() -> None:
    mail = parse(
        message(
            mixed(
                TEXT,
                "Content-Type: text/x-log; charset=koi8-r; name=old.log; x-y=z\nContent-Transfer-Encoding: base64\n"
                "Content-Disposition: attachment; filename*=utf-8''%C3%A9.log; size=3;\n"
                ' creation-date="Sat, 29 Feb 2020 12:00:00 +0000"; modification-date="Sun, 1 Mar 2020 12:00:00 +0000"\n'
                "Content-ID: <c@x>\nContent-Location: http://x.example/\n a%20b\n"
                "Content-Description: =?utf-8?q?d=C3=A9?=\n\nYWJj",
            )
        )
    )
    assert mail.attachments == (
        Attachment(
            name="é.log",
            content_type="text/x-log",
            data=b"abc",
            content_id="c@x",
            location="http://x.example/a%20b",
            description="dé",
            parameters=(("charset", "koi8-r"), ("x-y", "z")),
            created=datetime(2020, 2, 29, 12, 0, tzinfo=UTC),
            modified=datetime(2020, 3, 1, 12, 0, tzinfo=UTC),
        ),
    )


@pytest.mark.parametrize(
    ("sent", "kept"), [("C:\\\\temp\\\\x.doc", "x.doc"), ("../../etc/passwd", "passwd"), ("dir/", "dir")]
)
def test_file_names_lose_their_paths(sent: str, kept: str) -> None:
    assert parse(message(mixed(TEXT, FILE.replace("b.pdf", f'"{sent}"')))).attachments[0].name == kept


def test_mails_within_mails() -> None:
    inner = "From: in@ner\nSubject: inner\n\ninner text\n"
    mail = parse(
        message(
            mixed(
                TEXT, f"Content-Type: message/rfc822\n\n{inner}", f"content-type: Message/RFC822; name=x.eml\n\n{inner}"
            )
        )
    )
    first, second = mail.attachments
    assert isinstance(first.item, Mail)
    assert first.item.subject == "inner"
    assert first.item.text == "inner text\n"
    assert first.item.headers == b"From: in@ner\r\nSubject: inner\r\n"
    assert (second.name, second.item) == ("x.eml", first.item)
    digest = parse(message(mixed(f"\n{inner}", f"\n{inner}", kind="digest")))
    assert [one.item for one in digest.attachments] == [first.item, first.item]
    encoded = base64.b64encode(inner.encode()).decode()
    mail = parse(message(mixed(f"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{encoded}")))
    assert isinstance(mail.attachments[0].item, Mail)
    assert mail.attachments[0].item.text == "inner text\n"


def test_links_are_attachments_by_reference() -> None:
    mail = parse(
        message(
            mixed(
                TEXT,
                'Content-Type: message/external-body; access-type=URL;\n URL="https://x.example/\n a b"; name=c.pdf\n\n'
                "Content-Type: application/pdf\n",
            )
        )
    )
    (link,) = mail.attachments
    assert (link.reference, link.content_type, link.name) == ("https://x.example/ab", "application/pdf", "c.pdf")


@pytest.mark.parametrize(
    ("fields", "body", "text", "charset"),
    [
        ("Content-Type: text/plain; charset=iso-8859-1", b"\xe9", "é", "iso-8859-1"),
        ("Content-Type: text/plain; charset=unknown-8bit", b"\xc3\xa9", "é", "utf-8"),
        ("Content-Type: text/plain; charset=us-ascii", b"\xe9", "é", "windows-1252"),
        ("", b"\xe9", "é", "windows-1252"),
        ("Content-Transfer-Encoding: quoted-printable", b"=C3=\r\n=A9", "é", "utf-8"),
        ("Content-Transfer-Encoding: base64", b"w6k=", "é", "utf-8"),
        ("Content-Type: text/plain; charset=shift_jis", "①".encode("cp932"), "①", "shift_jis"),
        ("Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64", b"6QA=", "é", "utf-8"),
        ("", b"a\r\nb\nc\rd\0e", "a\nb\nc\nde", "utf-8"),
        ("Content-Type: text/enriched", b"<bold>x</bold> <<y> <param>z</param>", "x <y> ", "utf-8"),
    ],
)
def test_the_text_of_a_body(fields: str, body: bytes, text: str, charset: str) -> None:
    mail = parse(fields.encode() + (b"\r\n" if fields else b"") + b"Subject: x\r\n\r\n" + body)
    assert (mail.text, mail.charset) == (text, charset)


def test_html_says_its_own_charset_where_the_header_does_not() -> None:
    mail = parse(
        b'Content-Type: text/html\r\n\r\n<META http-equiv=x content="text/html; charset=koi8-r">'
        + "да".encode("koi8-r")
    )
    assert mail.html is not None
    assert mail.html.endswith("да")
    assert mail.charset == "koi8-r"


def test_uuencoded_files_in_a_text_become_attachments() -> None:
    mail = parse(message("", "before", "begin 644 dir/cat.txt", "#0V%T", "`", "end", "after", ""))
    assert mail.text == "before\nafter\n"
    assert [(one.name, one.content()) for one in mail.attachments] == [("cat.txt", b"Cat")]


def test_text_that_old_programs_put_before_the_parts_is_not_lost() -> None:
    data = message(mixed(FILE).replace("MIME preamble", "It could not be delivered:\nerror 5"))
    assert parse(data).text == "It could not be delivered:\nerror 5\n"
    assert parse(message(mixed(FILE).replace("MIME preamble", "This is a MIME message"))).text is None


@pytest.mark.parametrize(
    ("status", "message_class"),
    [
        (
            "Content-Type: message/delivery-status\n\nReporting-MTA: x\n\nAction: failed\nStatus: 5.1.1",
            "REPORT.IPM.Note.NDR",
        ),
        ("Content-Type: message/delivery-status\n\nAction: Delayed", "REPORT.IPM.Note.Delayed"),
        ("Content-Type: message/delivery-status\n\nAction: delivered\n\nAction: relayed", "REPORT.IPM.Note.DR"),
        ("Content-Type: message/delivery-status\n\nAction: delivered\n\nAction: failed", "REPORT.IPM.Note.NDR"),
        ("Content-Type: message/delivery-status\n\nStatus: 2.0.0", "REPORT.IPM.Note.DR"),
        ("Content-Type: message/delivery-status\n\nnothing", "REPORT.IPM.Note.NDR"),
        (
            "Content-Type: message/disposition-notification\n\nDisposition: manual-action/MDN-sent-manually; displayed",
            "REPORT.IPM.Note.IPNRN",
        ),
        ("Content-Type: message/disposition-notification\n\nDisposition: x/y; deleted", "REPORT.IPM.Note.IPNNRN"),
        ("Content-Type: message/feedback-report\n\nFeedback-Type: abuse", "IPM.Note"),
    ],
)
def test_reports(status: str, message_class: str) -> None:
    mail = parse(message(mixed(TEXT, status, kind="report")))
    assert mail.message_class == message_class
    assert mail.text == "the text"
    assert len(mail.attachments) == 1


@pytest.mark.parametrize(
    ("value", "message_class"),
    [
        ("urn:content-class:custom.IPM.Note.Mine", "IPM.Note.Mine"),
        ("URN:content-class:custom.ipm.note.mine", "ipm.note.mine"),
        ("urn:content-classes:message", "IPM.Note"),
        ("urn:content-class:custom.IPC.Evil", "IPM.Note"),
        ("urn:content-class:custom.IPM.Note.with blank", "IPM.Note"),
    ],
)
def test_message_classes_that_travel(value: str, message_class: str) -> None:
    assert parse(message("", header=f"Content-Class: {value}\n")).message_class == message_class


SIGNED = message(
    mixed(
        TEXT,
        "Content-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\n\nAAAA",
        kind="signed",
        more="; protocol=\"application/pkcs7-signature\"; micalg=sha-256",
    )
)  # fmt: skip


def test_clear_signed_mail_keeps_its_original() -> None:
    mail = parse(SIGNED)
    assert mail.message_class == "IPM.Note.SMIME.MultipartSigned"
    assert (mail.text, mail.attachments) == ("the text", ())
    content = SIGNED.partition(b"Subject: test\r\n")[2]
    assert mail.original == content
    assert parse(SIGNED.replace(b"\r\n", b"\n")).original == content


def test_opaque_mail_is_one_attachment_and_keeps_an_original_only_if_it_must() -> None:
    blob = bytes(range(200))
    coded = base64.encodebytes(blob).decode().replace("\n", "\r\n")
    head = "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n"
    head += "Content-Transfer-Encoding: base64\n\n"
    mail = parse(message(head) + coded.encode())
    assert mail.message_class == "IPM.Note.SMIME"
    assert mail.attachments[0].content() == blob
    assert mail.attachments[0].parameters == (("smime-type", "enveloped-data"),)
    assert mail.original == b""
    other = parse(message(head) + base64.b64encode(blob))
    assert other.attachments[0].content() == blob
    assert other.original.endswith(b"\r\n\r\n" + base64.b64encode(blob))
    named = parse(message(head.replace("pkcs7-mime", "octet-stream")) + coded.encode())
    assert named.message_class == "IPM.Note.SMIME"


def test_pgp_mail_keeps_its_original_beside_its_parts() -> None:
    signed = message(
        mixed(
            TEXT,
            "Content-Type: application/pgp-signature\n\nSIG",
            kind="signed",
            more='; protocol="application/pgp-signature"',
        )
    )
    mail = parse(signed)
    assert mail.message_class == "IPM.Note"
    assert mail.text == "the text"
    assert [one.content_type for one in mail.attachments] == ["application/pgp-signature"]
    assert mail.original.startswith(b"Content-Type: multipart/signed")
    encrypted = parse(message(mixed("Content-Type: application/pgp-encrypted\n\nVersion: 1", FILE, kind="encrypted")))
    assert encrypted.original
    assert len(encrypted.attachments) == 2
    listed = parse(
        message(
            mixed(signed.decode().replace("\r\n", "\n").partition("Subject: test")[2].strip().replace("=x", "=y"), TEXT)
        )
    )
    assert listed.original
    assert listed.text == "the text"


def test_the_header_is_kept_as_it_came() -> None:
    block = b"Received: from a\r\n\tby b\r\nX-Odd : \xe9\r\nSubject:x\r\n"
    assert parse(block + b"\r\nbody").headers == block
    assert parse(block.replace(b"\r\n", b"\n") + b"\nbody").headers == block
    assert parse(b"From me Mon Jan  1 00:00:00 2001\n>From you\n" + block + b"\r\nbody").headers == block
    assert parse(b"\xef\xbb\xbf" + block + b"\r\nbody").headers == block
    assert parse(b"\r\n\r\n" + block + b"\r\nbody").headers == block
    stray = parse(b"Subject: x\r\nstray line\r\nFrom: a@b\r\n\r\nbody")
    assert stray.headers == b"Subject: x\r\nFrom: a@b\r\n"
    assert stray.text == "body"
    assert parse(b"no header at all").headers == b""


def test_when_it_was_received() -> None:
    data = message(
        "", header="Received: by x; Sat, 29 Feb 2020 12:00:00 +0000\nDate: Sat, 29 Feb 2020 12:00:00 +0000\n"
    )
    assert parse(data).received is None
    later = datetime(2020, 3, 1, tzinfo=UTC)
    assert parse(data, received=later).received == later
    assert parse(message("", header="Received: by x\n")).received is None


def test_a_winmail_dat_shows_what_is_in_it() -> None:
    inner = MessageObject({tags.PidTagSubject: "inner", tags.PidTagMessageClass: "IPM.Note", tags.PidTagBody: "deep"})
    stream = tnef.build(
        MessageObject(
            {tags.PidTagMessageClass: "IPM.Note", tags.PidTagHtml: b"<p>rich</p>", tags.PidTagInternetCodepage: 65001},
            attachments=[
                AttachmentObject({tags.PidTagAttachMethod: 1, tags.PidTagAttachLongFilename: "a.pdf"}, data=b"%PDF"),
                AttachmentObject({tags.PidTagAttachMethod: 5}, embedded=inner),
            ],
        )
    )
    data = (
        b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nplain\r\n--b\r\n"
        b"Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(stream).replace(b"\n", b"\r\n")
        + b"\r\n--b--\r\n"
    )
    mail = parse(data)
    assert (mail.subject, mail.text, mail.html) == ("x", "plain", "<p>rich</p>")
    file, message = mail.attachments
    assert (file.name, file.content_type, file.content()) == ("a.pdf", "application/pdf", b"%PDF")
    assert isinstance(message.item, Mail)
    assert (message.item.subject, message.item.text) == ("inner", "deep")
    assert render(mail) == data
    # Once it is changed, it is written as others read it.
    changed = parse(render(replace(mail, text="changed")))
    assert (changed.text, changed.html) == ("changed", "<p>rich</p>")
    assert [one.name for one in changed.attachments] == ["a.pdf", ""]
    broken = parse(data.replace(base64.b64encode(tnef.SIGNATURE + b"\x01\x00")[:6], b"AAAAAA"))
    assert [one.content_type for one in broken.attachments] == ["application/ms-tnef"]


def test_rtf_has_html_for_others_and_stays_rtf() -> None:
    mail = Mail(text="Hello", rtf=b"{\\rtf1\\ansi {\\b Hello}\\par}")
    written = render(mail)
    assert b"<div><b>Hello</b></div>" in written
    again = parse(written)
    assert (again.text, again.html, again.rtf) == (mail.text, None, mail.rtf)
    assert render(again) == written
