"""The items themselves, and what they read of their own fields."""

from __future__ import annotations

import io

import pytest
from hypothesis import given

from mailconnector.items import Attachment, Flags, GenericItem, Mail, StoredContent
from mailconnector.items.headers import fields, first, unfolded
from mailconnector.items.subject import normalized, split_prefix
from tests.unit.items.mails import lines

BLOCK = (
    b"Received: from a\r\n\tby b;\r\n Mon, 1 Jan 2001\r\nSubject : folded\r\n  twice\r\n"
    b"no field at all\r\nX-Empty:\r\nsubject: another\r\n"
)


def test_fields_are_found_with_their_folds() -> None:
    found = fields(BLOCK)
    assert [name for _, name, _ in found] == [b"Received", b"Subject", b"X-Empty", b"subject"]
    assert found[0][0] == b"Received: from a\r\n\tby b;\r\n Mon, 1 Jan 2001\r\n"
    assert b"".join(whole for whole, _, _ in found) == BLOCK.replace(b"no field at all\r\n", b"")


def test_the_first_field_of_a_name_counts() -> None:
    assert first(BLOCK, b"subject") == b"folded  twice"
    assert first(BLOCK, b"x-empty") == b""
    assert first(BLOCK, b"date") is None
    assert unfolded(b" a\r\n b\n\tc \r") == b"a b\tc"


@pytest.mark.parametrize(
    ("subject", "prefix", "rest"),
    [
        ("Re: hello", "Re: ", "hello"),
        ("FW: Re: hello", "FW: ", "Re: hello"),
        ("Antw: hello", "", "Antw: hello"),
        ("R2: hello", "", "R2: hello"),
        ("Re:hello", "", "Re:hello"),
        (": hello", "", ": hello"),
        ("A B: hello", "", "A B: hello"),
        ("回复: hello", "回复: ", "hello"),
        ("", "", ""),
    ],
)
def test_a_prefix_is_short_and_ends_with_a_colon_and_a_blank(subject: str, prefix: str, rest: str) -> None:
    assert split_prefix(subject) == (prefix, rest)


@given(lines)
def test_prefix_and_rest_are_the_subject(subject: str) -> None:
    prefix, rest = split_prefix(subject)
    assert prefix + rest == subject
    assert normalized(subject) == rest


def test_items_are_values() -> None:
    one, other = Mail(subject="x", flags=Flags(seen=True)), Mail(subject="x", flags=Flags(seen=True))
    assert one == other
    assert hash(one) == hash(other)
    assert GenericItem(one).message_class == "IPM.Note"
    with pytest.raises(AttributeError):
        one.subject = "y"  # type: ignore[misc]


def test_stored_content_is_read_when_it_is_wanted() -> None:
    stream = io.BytesIO(b"content")
    content = StoredContent(stream)
    attachment = Attachment(data=content)
    assert attachment.size() == 7
    assert stream.tell() == 0
    assert attachment.content() == b"content"
    assert attachment.content() == b"content"
    assert stream.tell() == 0
    assert content == StoredContent(stream)
    assert content != StoredContent(io.BytesIO(b"content"))
    assert {content: 1}[StoredContent(stream)] == 1
