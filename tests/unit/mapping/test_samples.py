"""Messages that Outlook and Exchange stored: as items they say the same in every form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailconnector import pst
from mailconnector.formats import parse, render
from mailconnector.mapi.objects import MessageObject
from mailconnector.mapping import from_mapi, to_mapi
from tests.unit.items.mails import mail_of, without_headers


@pytest.fixture
def messages(pst_sample: Path) -> Iterator[Callable[[], Iterator[MessageObject]]]:
    """A function that goes through the messages of a sample file."""
    with pst.open_store(pst_sample) as store:

        def found() -> Iterator[MessageObject]:
            for folder in store.walk():
                if not folder.is_search_folder:
                    for message in folder.messages():
                        yield message.to_object()

        yield found


def test_messages_come_back_from_items(messages: Callable[[], Iterator[MessageObject]]) -> None:
    for message in messages():
        item = from_mapi(message)
        again = to_mapi(item)
        assert from_mapi(again) == item
        assert len(again.recipients) == len(message.recipients)
        assert len(again.attachments) == len(message.attachments)


def test_messages_come_back_from_the_wire(messages: Callable[[], Iterator[MessageObject]]) -> None:
    for message in messages():
        mail = mail_of(from_mapi(message))
        written = render(mail)
        read = parse(written, flags=mail.flags)
        assert render(read) == written
        assert (read.subject, read.text, read.html, read.message_id, read.message_class) == (
            mail.subject, mail.text, mail.html, mail.message_id, mail.message_class
        )  # fmt: skip
        assert [one.size() for one in read.attachments if one.item is None] == [
            one.size() for one in mail.attachments if one.item is None
        ]
        assert without_headers(parse(render(read), flags=mail.flags)) == without_headers(read)
