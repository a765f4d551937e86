"""Whatever bytes come, reading ends, soon, with a mail or with the room's own error."""

from __future__ import annotations

import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.formats import MailboxFormatError, MimeFormatError, parse, read_mbox, render
from mailconnector.formats.mail import addresses
from mailconnector.items import Mail
from mailconnector.mapping import from_mapi, to_mapi
from tests.unit.items.mails import mail_of, mails

_PIECES = st.sampled_from(
    [
        *(b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b";", b",", b"<", b">", b'"', b"\\", b"(", b")", b"@", b"="),
        *(b"?", b"--", b"\xff", b"\xc3\xa9", b"\x1b$B", b"--b", b"--b--", b"--c", b"From ", b"From: ", b"To: "),
        *(b"Subject: ", b"Date: ", b"Received: ;", b"Content-Type: ", b"multipart/mixed; boundary=b"),
        *(b"multipart/alternative; boundary=c", b"multipart/related", b"multipart/signed; boundary=b"),
        *(b"multipart/report; boundary=b", b"message/rfc822", b"message/delivery-status", b"application/pkcs7-mime"),
        *(b"message/external-body; access-type=url; url=x", b"text/html; charset=", b"text/plain; charset=utf-7"),
        *(b"text/enriched", b"Content-Transfer-Encoding: ", b"base64", b"quoted-printable", b"x-uuencode"),
        *(b"Content-Disposition: inline; filename*0*=a'b'%", b"=?utf-8?q?=", b"=?utf-8?b?gg", b"?=", b"begin 644 x\n"),
        *(b"\nend\n", b"M'XL", b"<a@b>", b"Thread-Index: ", b"+2AE-", b"31 Feb 2000 25:61:61 +9999"),
        b"Content-Class: urn:content-class:custom.IPM.X",
    ]
)


@given(st.one_of(st.binary(max_size=300), st.lists(_PIECES, max_size=60).map(b"".join)))
def test_any_bytes_are_a_mail_or_an_error(data: bytes) -> None:
    try:
        mail = parse(data)
    except MimeFormatError:
        assert not data.strip()
        return
    written = render(mail)
    again = parse(written)
    assert mail_of(from_mapi(to_mapi(mail))) is not None
    assert render(parse(render(again))) == render(again)


@given(mails(depth=0), st.data())
def test_a_damaged_mail_is_still_a_mail(mail: Mail, data: st.DataObject) -> None:
    whole = bytearray(render(mail))
    for _ in range(data.draw(st.integers(1, 8))):
        position = data.draw(st.integers(0, len(whole) - 1))
        action = data.draw(st.sampled_from(["cut", "change", "insert"]))
        if action == "cut":
            del whole[position : position + data.draw(st.integers(1, 40))]
        elif action == "change":
            whole[position] = data.draw(st.integers(0, 255))
        else:
            whole[position:position] = data.draw(_PIECES)
        if not whole.strip():
            return
    assert render(parse(bytes(whole)))


@pytest.mark.parametrize(
    "data",
    [
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000)),
        b"Content-Type: message/rfc822\r\n\r\n" * 5000 + b"Subject: x\r\n\r\nend",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 200_000,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b" * 1_000_000,
        b"Content-Type: multipart/mixed\r\n\r\n" + b"--x" * 1_000_000,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n\r\n" + b"-" * 3_000_000,
        b"\r\n" * 1_000_000 + b"x",
        b"X: y\r\n" * 500_000,
        b"x\r\n" * 500_000,
        b"X" * 3_000_000,
        b"Subject:" + b" =?utf-8?q?a?=" * 100_000,
        b"Subject:" + b"=?" * 1_000_000,
        b"Subject:" + b"=?utf-8?q?" * 200_000,
        b"Subject: " + b"\t " * 1_000_000 + b"x",
        b"Content-Type: text/plain" + b";" * 1_000_000,
        b'Content-Type: text/plain; name="' + b"\\" * 1_000_000,
        b"Content-Type: text/plain; " + b"; ".join(b"a*%d=b" % n for n in range(100_000)),
        b"Date: " + b"1 " * 1_000_000,
        b"References: " + b"<" * 1_000_000,
        b"References: " + b"<a@b> " * 200_000,
        b"Content-Type: text/enriched\r\n\r\n" + b"<param>" * 300_000,
        b"Content-Type: text/html\r\n\r\n" + b"<meta " * 300_000,
        b"\r\n" + b"begin 644 x\n" * 200_000,
        b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=A" * 1_000_000,
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"= " * 1_000_000,
        b"Content-Type: message/delivery-status\r\n\r\n" + b"Action:" * 300_000,
    ],
    ids=lambda data: data[:40].decode("ascii", "replace"),
)
def test_reading_takes_no_longer_than_the_size_allows(data: bytes) -> None:
    start = time.process_time()
    mail = parse(data)
    assert time.process_time() - start < 20
    assert mail.headers or mail.text is not None or mail.attachments


@pytest.mark.parametrize(
    "text",
    [
        piece * 60_000
        for piece in ('"\\', "(", '<"', "<", "a ", '"<', "=?a?q?", ":", "[ ", "<a,", "a@b ", ",<", "=?a?q?b?=")
    ],
    ids=lambda text: text[:6],
)
def test_addresses_take_no_longer_than_the_size_allows(text: str) -> None:
    start = time.process_time()
    addresses.parse(text.encode("ascii"))
    assert time.process_time() - start < 5


def test_nothing_is_no_mail() -> None:
    for data in (b"", b"\r\n\r\n", b" \t\n"):
        with pytest.raises(MimeFormatError) as caught:
            parse(data)
        assert caught.value.hint


def test_depth_and_number_of_parts_are_bounded() -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(100))
    mail = parse(deep + b"\r\nthe end")
    assert [one.content_type for one in mail.attachments] == ["application/octet-stream"]
    assert b"the end" in mail.attachments[0].content()
    nested = parse(b"Content-Type: message/rfc822\r\n\r\n" * 100 + b"\r\nthe end")
    levels = 0
    while nested.attachments and isinstance(nested.attachments[0].item, Mail):
        nested = nested.attachments[0].item
        levels += 1
    assert 30 < levels < 50
    assert b"the end" in nested.attachments[0].content()
    many = parse(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 20_000)
    assert 9_000 < len(many.attachments) < 10_001
    assert many.attachments[-1].content().count(b"x") > 9_000


@given(
    st.one_of(st.binary(max_size=200), st.lists(_PIECES, max_size=40).map(b"".join)).map(
        lambda data: b"From x\n" + data
    )
)
def test_any_mbox_can_be_gone_through(data: bytes) -> None:
    messages = list(read_mbox(io.BytesIO(data)))
    assert messages
    assert [message.offset for message in messages] == sorted({message.offset for message in messages})


@given(st.binary(max_size=50))
def test_what_is_no_mbox_is_refused(data: bytes) -> None:
    stream = io.BytesIO(data)
    if not data.strip(b"\r\n"):
        assert list(read_mbox(stream)) == []
    elif not data.lstrip(b"\r\n").startswith(b"From "):
        with pytest.raises(MailboxFormatError):
            list(read_mbox(stream))


@pytest.mark.parametrize(
    "data",
    [
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(10_000)),
        b"Content-Type: message/rfc822\r\n\r\n" * 10_000,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\nA: b\r\n\r\nx\r\n" * 100_000,
        b"Subject: " + b"=?utf-8?q?a" * 100_000 + b"\r\n\r\nx",
        b"To: " + b"=?utf-8?q?a" * 20_000 + b"\r\n\r\nx",
        b"Content-Transfer-Encoding: base64\r\n\r\n" + b"A=" * 500_000,
        b"Subject: " + b"a" * 10_000_000 + b"\r\n\r\nx",
        b"\r\n" + b"a" * 10_000_000,
        b"\0" * 1_000_000,
        b"a\r" * 500_000,
    ],
)
def test_messages_made_to_cost_much_do_not_and_come_back(data: bytes) -> None:
    begin = time.process_time()
    written = render(from_mapi(to_mapi(parse(data))))
    assert time.process_time() - begin < 20
    assert written == (data if b"\r\n" in data else data.replace(b"\r", b"\r\n"))
