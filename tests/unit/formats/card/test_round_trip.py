"""Whatever a contact or a list holds comes back from its card."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.formats import FormatError, card
from mailconnector.items import Flags, Importance, Mail
from mailconnector.items.contact import Contact
from mailconnector.items.distribution_list import DistributionList
from tests.unit.items.forms import contacts, distribution_lists

VERSIONS = st.sampled_from(["4.0", "3.0"])


def in_card(mail: Mail) -> Mail:
    """Return what of a mail a card holds."""
    words = tuple(dict.fromkeys(filter(None, (one.strip() for one in mail.flags.keywords))))
    return replace(mail, importance=Importance.NORMAL, flags=Flags(keywords=words), leftover={})


def normal(item: Contact | DistributionList) -> Contact | DistributionList:
    return replace(item, mail=in_card(item.mail), source="").titled()


@given(contacts(), VERSIONS, st.booleans())
def test_contacts(item: Contact, version: str, has_photo: bool) -> None:
    item = replace(item, mail=in_card(item.mail)).titled()
    if has_photo:
        item = item.with_photo(b"\x89PNG" + item.company.encode(), "image/png")
    written = card.render(item, version)
    (again,) = card.parse(written)
    assert normal(again) == item
    assert card.version_of(again) == version
    assert card.render(again, version) == written


@given(distribution_lists, VERSIONS)
def test_lists(item: DistributionList, version: str) -> None:
    item = replace(item, mail=in_card(item.mail)).titled()
    written = card.render(item, version)
    (again,) = card.parse(written)
    assert normal(again) == item
    assert card.render(again, version) == written


_PIECES = [
    b"BEGIN:VCARD\r\n",
    b"END:VCARD\r\n",
    b"VERSION:2.1\n",
    b"VERSION:4.0\r\n",
    b"N:a;b\\",
    b";",
    b":",
    b'"',
    b"=\r\n",
    b"TEL;TYPE=",
    b"PHOTO;ENCODING=B:",
    b"NOTE;QUOTED-PRINTABLE:=",
    b"AGENT:\r\n",
    b" ",
    b"\r\n",
    b"\xff\xfe",
    b"^n",
    b"item1.X-ABLabel:x\n",
    b"ADR;LABEL=",
    b"BDAY:19990230\n",
    b"MEMBER:mailto:%F",
    b"KIND:group\n",
    b"\\",
    b"KEY:data:",
]


@given(st.lists(st.one_of(st.sampled_from(_PIECES), st.binary(max_size=6)), max_size=30).map(b"".join), st.booleans())
def test_broken_cards(middle: bytes, whole: bool) -> None:
    data = b"BEGIN:VCARD\r\n" + middle + b"\r\nEND:VCARD\r\n" if whole else middle
    try:
        items = card.parse(data)
    except FormatError:
        return
    for item in items:
        assert len(card.parse(card.render(item))) == 1
        assert len(card.parse(card.render(item, "3.0"))) == 1


@pytest.mark.parametrize(
    "middle",
    [
        b"X;a" + b"=b" * 50_000 + b'"\r\n',
        b";" * 200_000,
        b'N;X="' + b'";' * 50_000,
        b"X:" + b"\\" * 200_001,
        b"A:=" + b"\n" * 200_000,
        b"NOTE;ENCODING=QUOTED-PRINTABLE:" + b"=\r\n" * 100_000,
        b"N" + b",;" * 100_000 + b":",
        b"N:" + b",;" * 100_000,
        b"CATEGORIES:a\n" * 9_000,
        b"EMAIL:a\n" * 4_500 + b"RELATED;VALUE=text;TYPE=child:b\n" * 4_500,
    ],
)
def test_odd_cards_are_read_in_no_time(middle: bytes) -> None:
    begun = time.process_time()
    try:
        items = card.parse(b"BEGIN:VCARD\r\nVERSION:2.1\r\n" + middle + b"\r\nEND:VCARD\r\n")
    except FormatError:
        return
    assert len(items) == 1
    # What grows with the square of the length, or worse, takes minutes.
    assert time.process_time() - begun < 10
