"""Messages of every make, well-formed and broken: wire, item, MAPI, PST and back, byte for byte."""

from __future__ import annotations

import base64
import functools
import io
import quopri
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector import pst
from mailconnector.formats import MimeFormatError, parse, render
from mailconnector.items import Mail
from mailconnector.mapping import from_mapi, to_mapi
from tests.unit.items.mails import bodies, mail_of, mails, without_headers

# Python's codec for each label; what a label has no room for becomes "?".
CHARSETS = {
    "us-ascii": "ascii", "utf-8": "utf-8", "UTF8": "utf-8", "unicode-1-1-utf-7": "utf-7", "utf-16": "utf-16",
    "utf-16le": "utf-16-le", "iso-8859-1": "latin-1", "iso-8859-2": "iso8859-2", "iso-8859-8-i": "iso8859-8",
    "iso-8859-15": "iso8859-15", "windows-1250": "cp1250", "windows-1251": "cp1251", "windows-1252": "cp1252",
    "windows-1255": "cp1255", "windows-1256": "cp1256", "koi8-r": "koi8-r", "koi8-u": "koi8-u",
    "macintosh": "mac-roman", "x-mac-cyrillic": "mac-cyrillic", "x-mac-ce": "mac-latin2", "iso-2022-jp": "iso2022_jp",
    "shift_jis": "shift_jis", "iso-2022-kr": "iso2022_kr", "euc-jp": "euc_jp", "euc-kr": "euc_kr",
    "ks_c_5601-1987": "cp949", "gb2312": "gb2312", "gbk": "gbk", "gb18030": "gb18030", "hz-gb-2312": "hz",
    "big5": "big5", "big5-hkscs": "big5hkscs", "tis-620": "tis-620", "ibm866": "cp866",
}  # fmt: skip
_LABELS = [*sorted(CHARSETS), "unknown-8bit", "x-unknown", "utf-8", ""]
_ENCODINGS = ("", "7bit", "8bit", "binary", "base64", "Quoted-Printable", "x-uuencode", "x-nonsense")
_TEXTS = st.one_of(
    bodies, st.sampled_from(["Größe €5", "Привет, мир", "日本語テキスト", "한국어", "中文字符", "שלום", "مرحبا", "ไทย"])
)
_LINE_ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"])
_JUNK = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [b"--b", b"--b--", b"--", b"\0", b"From x\r\n", b"\xef\xbb\xbf", b"begin 644 x\r\nM\r\nend\r\n", b"."]
    ),
)


@st.composite
def parts(draw: st.DrawFn, depth: int = 2) -> bytes:
    """Return an entity: header, empty line, body."""
    kind = draw(
        st.sampled_from(["plain", "plain", "html", "file", "multipart", "message"] if depth else ["plain", "file"])
    )
    if kind == "multipart":
        sub = draw(st.sampled_from(["mixed", "alternative", "related", "digest", "report", "signed", "appledouble"]))
        boundary = draw(st.sampled_from(["b", "bb", "=_b", "a b"]))
        inner = draw(st.lists(parts(depth=depth - 1), max_size=3))
        lines = [f'Content-Type: multipart/{sub}; boundary="{boundary}"\r\n\r\n'.encode(), draw(_JUNK)]
        lines += [b"\r\n--" + boundary.encode() + b"\r\n" + one for one in inner]
        lines.append(
            draw(st.sampled_from([b"\r\n--" + boundary.encode() + b"--\r\n", b"", b"\r\n--" + boundary.encode()]))
        )
        return b"".join([*lines, draw(_JUNK)])
    if kind == "message":
        return b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n" + draw(parts(depth=depth - 1))
    label, encoding = draw(st.sampled_from(_LABELS)), draw(st.sampled_from(_ENCODINGS))
    content = draw(st.binary(max_size=300))
    if kind != "file":
        content = draw(_TEXTS).replace("\n", "\r\n").encode(CHARSETS.get(label, "utf-8"), "replace")
    media = {"plain": "text/plain", "html": "text/html"}.get(kind, "application/octet-stream")
    header = f"Content-Type: {media}" + (f"; charset={label}" if label else "")
    if kind == "file":
        name = draw(
            st.sampled_from(["a.bin", '"a b.bin"', "=?utf-8?q?=C3=A9.bin?=", '"é.bin"', "smime.p7s", "winmail.dat"])
        )
        header += f"\r\nContent-Disposition: attachment; filename={name}"
    if encoding:
        header += f"\r\nContent-Transfer-Encoding: {encoding}"
    return header.encode() + b"\r\n\r\n" + _encoded(content, encoding.lower(), draw(st.sampled_from([57, 45, 54])))


def _encoded(content: bytes, encoding: str, width: int) -> bytes:
    if encoding == "base64":
        pieces = [base64.b64encode(content[at : at + width]) for at in range(0, len(content), width)]
        return b"\r\n".join(pieces) + b"\r\n" * (width != 45)
    if encoding == "quoted-printable":
        return quopri.encodestring(content.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    return content


_FIELDS = st.sampled_from(
    [
        b"From: A <a@b.example>\r\n", b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n", b"Subject: \xe9\xff raw\r\n",
        b"SUBJECT:no blank\r\n", b"To: a@b.example,\r\n\t\"C, D\" <c@d.example>\r\n",
        b"Date: Sat, 29 Feb 2020 12:00:00 +0100\r\n",
        b"Date: nonsense\r\n", b"Message-ID: <1@x>\r\n", b"References: <1@x> <2@x>\r\n", b"X-Priority: 1\r\n",
        b"Importance: low\r\n", b"Sensitivity: private\r\n", b"Received: by x; Sat, 29 Feb 2020 12:00:01 +0000\r\n",
        b"Thread-Index: AdXvH\r\n", b"List-Id: <x.example>\r\n", b"no field at all\r\n", b"Bcc: e@f.example\r\n",
        b"Disposition-Notification-To: <a@b.example>\r\n", b"X-Nul: a\0b\r\n", b"Content-Length: 5\r\n",
        b"X-Empty:\r\n",
        b"MIME-Version: 1.0\r\n", b"Lines: 3\r\n", b"Reply-To: <r@s.example>\r\n", b"Sender: <s@t.example>\r\n",
    ]
)  # fmt: skip


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """Return a message with line ends of one kind."""
    data = b"".join(draw(st.lists(_FIELDS, max_size=6))) + draw(parts())
    return data.replace(b"\r\n", draw(_LINE_ENDS))


def as_sent(data: bytes) -> bytes:
    """Return what was sent of what a file holds: all its lines end in CRLF."""
    if b"\r\n" in data:
        return data
    return data.replace(b"\n", b"\r\n") if b"\n" in data else data.replace(b"\r", b"\r\n")


@functools.cache
def _store(store_format: Literal["unicode", "ansi"]) -> pst.Folder:
    store = pst.Store.create(io.BytesIO(), format=store_format)
    return store.folder_at(("Inbox",), create=True)


def through_a_store(mail: Mail, store_format: Literal["unicode", "ansi"]) -> Mail:
    """Return a mail as it comes out of a PST."""
    message = _store(store_format).add_message(to_mapi(mail))
    return mail_of(from_mapi(message.to_object()))


@given(messages())
def test_messages_come_back_byte_for_byte(data: bytes) -> None:
    try:
        mail = parse(data)
    except MimeFormatError:
        assert not data.strip()
        return
    written = render(mail)
    if not (b"\r\n" not in data and b"binary" in data):
        assert written == as_sent(data)
    assert render(from_mapi(to_mapi(mail))) == written


@pytest.mark.parametrize("store_format", ["unicode", "ansi"])
@given(data=messages())
def test_messages_come_back_from_a_store(store_format: Literal["unicode", "ansi"], data: bytes) -> None:
    if not data.strip():
        return
    mail = parse(data)
    assert render(through_a_store(mail, store_format)) == render(mail)


@given(messages(), bodies)
def test_changed_mail_is_written_anew_and_says_so(data: bytes, text: str) -> None:
    if not data.strip():
        return
    changed = replace(parse(data), text=text, html=None, rtf=None, attachments=(), original=b"")
    again = parse(render(changed))
    assert (again.text or "") == text or "begin " in text
    renamed = replace(parse(data), subject="another subject")
    assert parse(render(renamed)).subject == "another subject"


@given(mails())
def test_mail_of_outlook_stays_what_its_first_rendering_made_it(mail: Mail) -> None:
    """Rendered once, read from the server, kept, and rendered again: the same bytes, also from another store."""
    message = _store("unicode").add_message(to_mapi(mail))
    stored = mail_of(from_mapi(message.to_object()))
    first = render(stored)
    assert render(from_mapi(message.to_object())) == first
    read = parse(first, flags=stored.flags, received=stored.received)
    assert render(through_a_store(read, "unicode")) == first
    assert without_headers(parse(render(through_a_store(read, "ansi")), flags=read.flags, received=read.received)) == (
        without_headers(read)
    )


@pytest.mark.parametrize(("label", "codec"), CHARSETS.items())
def test_charsets_are_read_and_come_back(label: str, codec: str) -> None:
    samples = ("Grüße", "Привет", "日本語", "한국어", "中文", "שלום", "مرحبا", "สวัสดี", "Zażółć", "plain")
    text = "\n".join(one for one in samples if one.encode(codec, "ignore").decode(codec) == one) + "\n"
    raw = text.replace("\n", "\r\n").encode(codec)
    for encoding, body in (("base64", base64.encodebytes(raw).replace(b"\n", b"\r\n")), ("8bit", raw)):
        if encoding == "8bit" and codec.startswith("utf-16"):
            continue
        head = f"Content-Type: text/plain; charset={label}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
        data = head.encode() + body
        mail = parse(data)
        assert mail.text == text
        assert render(through_a_store(mail, "ansi")) == data
