"""Which mail travels with its MAPI properties."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from mailconnector.formats import parse
from mailconnector.formats.item.mail_leftover import is_plain
from mailconnector.items import Attachment, Contact, Mail, Note
from mailconnector.mapi import named, tags
from mailconnector.mapi.named import PS_INTERNET_HEADERS, PS_PUBLIC_STRINGS, NamedTag, PropertyName
from mailconnector.mapi.objects import Properties
from mailconnector.mapi.types import FileTime, PropertyType

FIELD = NamedTag(PropertyName(PS_PUBLIC_STRINGS, "Contract number"), PropertyType.STRING)
RECORD = NamedTag(PropertyName(PS_PUBLIC_STRINGS, "urn:schemas:mail:x"), PropertyType.STRING)
HEADER = NamedTag(PropertyName(PS_INTERNET_HEADERS, "x-spam"), PropertyType.STRING)
STRANGE = NamedTag(PropertyName(uuid.UUID(int=7), "x"), PropertyType.STRING)


@pytest.mark.parametrize(
    ("leftover", "plain"),
    [
        ({}, True),
        ({tags.PidTagSearchKey: bytes(16), named.PidLidSideEffects: 0, named.PidLidInternetAccountName: "a"}, True),
        ({RECORD: "x"}, True),
        ({HEADER: "x"}, True),
        ({named.PidLidReminderSet: False}, True),
        ({named.PidLidReminderSet: True}, False),
        ({FIELD: "4711"}, False),
        ({STRANGE: "x"}, False),
        ({named.PidLidVerbStream: b"\x02\x01"}, False),
        ({named.PidLidTaskDueDate: FileTime(1)}, False),
        ({tags.PidTagExpiryTime: FileTime(1)}, False),
    ],
)
def test_what_is_left_over(leftover: Properties, plain: bool) -> None:
    mail = Mail(subject="s", leftover=leftover)
    assert is_plain(mail) == plain
    # Mail that came by the wire has no room for more.
    assert is_plain(replace(mail, headers=b"Subject: s\r\n"))
    assert is_plain(replace(parse(b"Subject: s\r\n\r\nx\r\n"), leftover=leftover))


def test_classes_and_attached_items() -> None:
    assert is_plain(Mail("IPM.Post"))
    assert is_plain(Mail("REPORT.IPM.Note.NDR", headers=b"Subject: s\r\n", leftover={FIELD: "1"}))
    assert is_plain(Mail("IPM.Note.Order"))
    assert not is_plain(Mail("IPM.Note.Order", headers=b"Subject: s\r\n", leftover={FIELD: "1"}))
    assert is_plain(Mail(attachments=(Attachment(item=Mail()),)))
    assert not is_plain(Mail(attachments=(Attachment(item=Contact(Mail("IPM.Contact"))),)))
    assert not is_plain(Mail(attachments=(Attachment(item=Mail(leftover={FIELD: "1"})),)))
    assert not is_plain(Note(Mail("IPM.StickyNote")))
