from __future__ import annotations

import pytest

from mailconnector.imap.errors import ImapUsageError
from mailconnector.imap.names import NameCodec
from mailconnector.utf7 import decode_utf7, encode_utf7


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("Sent", b"Sent"),
        ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),  # RFC 3501 section 5.1.3
        ("R&D", b"R&-D"),
        ("Entwürfe", b"Entw&APw-rfe"),
        ("a\tb", b"a&AAk-b"),
        ("😀", b"&2D3eAA-"),
        ("&é&", b"&-&AOk-&-"),
        ("lone \ud800", b"lone &2AA-"),
    ],
)
def test_modified_utf7(name, raw):
    assert encode_utf7(name) == raw
    assert decode_utf7(raw) == name


@pytest.mark.parametrize("raw", [b"&AOk", b"&A-", b"caf\xe9", b"&!!!!-"])
def test_what_is_no_modified_utf7(raw):
    with pytest.raises(ValueError):
        decode_utf7(raw)


@pytest.mark.parametrize(
    "raw",
    [b"caf\xc3\xa9", b"caf\xe9", b"&AOk", b"&AGE-", b"a&-b", b"&U,BTFw-&ZeVnLIqe-", b"\xff\xfe&-", b"x\x01y"],
)
@pytest.mark.parametrize("utf8", [False, True])
def test_every_name_can_be_addressed_under_the_text_it_was_listed_with(raw, utf8):
    codec = NameCodec()
    codec.utf8 = utf8
    assert codec.encode(codec.decode(raw)) == raw


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_two_spellings_of_one_text_stay_apart(order):
    spellings = (b"caf\xc3\xa9", b"&AGMAYQBmAOk-", b"caf&AOk-")
    codec = NameCodec()
    names = {codec.decode(spellings[index]): spellings[index] for index in order}
    assert len(names) == 3
    assert {name: codec.encode(name) for name in names} == names


def test_an_odd_spelling_of_a_plain_name_takes_nothing_from_it():
    codec = NameCodec()
    odd = codec.decode(b"&AGE-")
    assert codec.decode(b"a") == "a" != odd
    assert (codec.encode("a"), codec.encode(odd)) == (b"a", b"&AGE-")


def test_inbox_has_one_spelling():
    assert NameCodec().decode(b"inBox") == "INBOX"
    assert NameCodec().decode(b"Inbox/Sub") == "Inbox/Sub"


def test_utf8_names():
    codec = NameCodec()
    codec.utf8 = True
    assert codec.decode("Entwürfe & Co".encode()) == "Entwürfe & Co"
    assert codec.encode("R&D é") == "R&D é".encode()


@pytest.mark.parametrize("name", ["a\r\nb", "nul\0", "\ud800"])
def test_what_utf8_names_cannot_hold(name):
    codec = NameCodec()
    codec.utf8 = True
    with pytest.raises(ImapUsageError):
        codec.encode(name)


def test_a_name_is_not_empty():
    with pytest.raises(ImapUsageError):
        NameCodec().encode("")
    assert NameCodec().encode_pattern("") == b""
