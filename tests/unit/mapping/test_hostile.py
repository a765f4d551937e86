"""Whatever a store says, a message is an item: no value, of whatever type, makes reading it fail."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from mailconnector.formats import parse, render
from mailconnector.mapi import entryid, named, rtf, tags
from mailconnector.mapi.objects import AttachmentObject, MessageObject, Properties, PropertyKey, RecipientObject
from mailconnector.mapi.types import FileTime
from mailconnector.mapi.values import Value
from mailconnector.mapping import attachments as attachment_mapping
from mailconnector.mapping import from_mapi, own, to_mapi
from tests.unit.items.mails import mail_of

_KEYS: st.SearchStrategy[PropertyKey] = st.sampled_from(
    [
        *(value for name, value in vars(tags).items() if name.startswith("PidTag") and value >> 16 < 0x6000),
        *(tag & ~0xFFFF | 0x001E for tag in (tags.PidTagSubject, tags.PidTagBody, tags.PidTagDisplayName)),
        *(named.PidNameKeywords, named.PidLidFlagRequest, named.PidLidImapDeleted, named.PidLidTaskDueDate),
        *(own.HEADER_BYTES, own.MIME_ORIGINAL, own.MIME_ORIGINAL_CHECK, own.CONTENT_PARAMETERS, own.PLACEMENT),
        attachment_mapping.PR_ATTACH_CONTENT_DISPOSITION,
        tags.PidTagAttachmentHidden,
    ]
)
_BYTES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            entryid.OneOffEntryId("n\ud800", "SMTP", "a@b").to_bytes(),
            entryid.AddressBookEntryId("/o=x").to_bytes(),
            entryid.OneOffEntryId("n", "EX", "/o=x").to_bytes()[:30],
            b"\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff",
            rtf.compress(rb"{\rtf1\fromhtml1 {\*\htmltag1 <p>}\u-9999?}"),
            b"Content-Type: multipart/signed\r\n\r\nx",
        ]
    ),
)
_TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["\ud800", "\x01\x05Re: x", "EX", "SMTP", "IPM.Note.SMIME", "IPM.Note.SMIME.MultipartSigned", "/o=x"]
    ),
    st.sampled_from(
        ["REPORT.IPM.Note.NDR", "IPM.Contact", "From: x\r\nX: \ud800\0\r\n\r\nY: z", "a\r\nBcc: b@c", "message/rfc822"]
    ),
)
_VALUES: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 63), 1 << 63),
    st.sampled_from([0, 1, 2, 3, 4, 5, 6, 7, 65001, 50220]),
    st.floats(),
    _TEXTS,
    _BYTES,
    st.integers(0, (1 << 64) - 1).map(FileTime),
    st.builds(uuid.UUID, bytes=st.binary(min_size=16, max_size=16)),
    st.lists(_TEXTS, max_size=3),
    st.lists(_BYTES, max_size=2),
)
_PROPERTIES: st.SearchStrategy[Properties] = st.dictionaries(_KEYS, _VALUES, max_size=25)


def _messages(depth: int) -> st.SearchStrategy[MessageObject]:
    embedded = _messages(depth - 1) if depth else st.none()
    attachment = st.builds(AttachmentObject, _PROPERTIES, st.one_of(st.none(), _BYTES), st.one_of(st.none(), embedded))
    recipient = st.builds(RecipientObject, _PROPERTIES)
    return st.builds(
        MessageObject, _PROPERTIES, st.lists(recipient, max_size=3), st.lists(attachment, max_size=2 if depth else 0)
    )


@given(_messages(2))
def test_any_message_is_an_item_that_can_be_stored_and_written(message: MessageObject) -> None:
    item = from_mapi(message)
    stored = to_mapi(item)
    assert mail_of(from_mapi(stored)).subject == mail_of(item).subject
    written = render(item)
    assert b"\nBcc: b@c" not in written
    again = parse(written)
    assert render(parse(render(again))) == render(again)
