"""Contacts, lists, tasks, notes and posts that Outlook stored: property by property the same after they were items."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailconnector import pst
from mailconnector.items import Item
from mailconnector.mapi import named, reading, rtf, tags
from mailconnector.mapi.named import name_of_named
from mailconnector.mapi.objects import MessageObject, Properties, PropertyKey, find, get
from mailconnector.mapi.tags import name_of
from mailconnector.mapi.values import Value
from mailconnector.mapping import from_mapi, to_mapi
from tests.msg_files import MsgFile

CLASSES = ("ipm.contact", "ipm.distlist", "ipm.task", "ipm.stickynote", "ipm.activity", "ipm.post")

# Each is explained in docs/formats/outlook-items.md.
DROPPED = {
    "PidTagMessageSize", "PidTagHasAttachments", "PidTagDisplayTo", "PidTagDisplayCc", "PidTagDisplayBcc",
    "PidTagAccess", "PidTagAccessLevel", "PidTagObjectType", "PidTagEntryId", "PidTagRecordKey", "PidTagInstanceKey",
    "PidTagStoreEntryId", "PidTagStoreRecordKey", "PidTagParentEntryId", "PidTagMappingSignature",
    "PidTagStoreSupportMask",
    "PidTagPstBodyPrefix", "PidTagReplItemid", "PidTagReplChangenum", "PidTagReplVersionHistory", "PidTagReplFlags",
    "PidTagReplCopiedfromVersionhistory", "PidTagReplCopiedfromItemid",
    "PidTagSubjectPrefix", "PidTagNormalizedSubject",
    "PidTagRtfSyncBodyCrc", "PidTagRtfSyncBodyCount", "PidTagRtfSyncBodyTag", "PidTagRtfSyncPrefixCount",
    "PidTagRtfSyncTrailingCount", "PidTagRtfInSync",
}  # fmt: skip
MADE = {
    "PidTagConversationTopic", "PidTagConversationIndex", "PidTagInternetMessageId", "PidTagInternetCodepage",
    "PidTagImportance", "PidTagPriority", "PidTagSensitivity", "PidTagIconIndex", "PidTagNativeBody",
    "PidTagRtfInSync", "PidTagBody", "PidTagHtml",
    "PidTagSentRepresentingSmtpAddress", "PidTagSenderSmtpAddress", "PidTagMessageDeliveryTime",
}  # fmt: skip
# Other forms of a body that is there as HTML.
BODIES = {"PidTagBodyHtml", "PidTagRtfCompressed"}
FALSE_IS_NONE = {"PidTagOriginatorDeliveryReportRequested", "PidTagReadReceiptRequested"}
OUT_OF_STEP = {"PidLidAddressBookProviderEmailList", "PidLidAddressBookProviderArrayType"}


def name(key: PropertyKey) -> str:
    found = name_of(key) if isinstance(key, int) else name_of_named(key.name)
    return found or repr(key)


def is_ours(message: MessageObject) -> bool:
    kind = reading.text(message.properties, tags.PidTagMessageClass).lower()
    return any(kind == one or kind.startswith(f"{one}.") for one in CLASSES)


def same(tag: PropertyKey, before: Value, after: Value) -> bool:
    if tag == tags.PidTagRtfCompressed and isinstance(before, bytes) and isinstance(after, bytes):
        return rtf.decompress(before) == rtf.decompress(after)
    return before == after


def differences(before: Properties, after: Properties) -> Iterator[str]:
    """Yield what is not the same, beyond what is known and explained."""
    for key, value in before.items():
        what = name(key)
        if find(after, key) is not None:
            if not same(key, value, get(after, key)):
                yield f"{what}: {value!r:.80} -> {get(after, key)!r:.80}"
        elif what in FALSE_IS_NONE:
            if value is not False:
                yield f"{what} was {value!r}"
        elif what in BODIES:
            if tags.PidTagHtml not in after:
                yield f"{what} is lost"
        elif what in OUT_OF_STEP:
            if any(
                find(before, one) is not None for one in (named.PidLidEmail1EmailAddress, named.PidLidFax2EmailAddress)
            ):
                yield f"{what} is lost"
        elif what not in DROPPED:
            yield f"{what} is lost: {value!r:.80}"
    yield from (f"{name(key)} is new" for key in after if find(before, key) is None and name(key) not in MADE)


def check(message: MessageObject) -> Item:
    item = from_mapi(message)
    again = to_mapi(item)
    assert list(differences(message.properties, again.properties)) == []
    assert len(again.recipients) == len(message.recipients)
    assert [attachment.properties for attachment in again.attachments] == [
        {**attachment.properties} for attachment in message.attachments
    ]
    assert from_mapi(again) == item
    return item


def test_items_of_a_pst_come_back(pst_sample: Path) -> None:
    with pst.open_store(pst_sample) as store:
        for folder in store.walk():
            if not folder.is_search_folder:
                for message in folder.messages():
                    found = message.to_object()
                    if is_ours(found):
                        check(found)


@pytest.mark.parametrize(
    "file",
    [
        "ruby-msg__Swetlana_Novikova.msg",
        "ruby-msg__contact-plain.msg",
        "ruby-msg__contact-unicode.msg",
        "ruby-msg__note.msg",
        "ruby-msg__test_Blammo.msg",
        "tika__testMSG_Contact.msg",
        "tika__testMSG_Post.msg",
        "tika__testMSG_StickyNote.msg",
        "tika__testMSG_Task.msg",
    ],
)
def test_items_that_outlook_saved_come_back(samples: Path, file: str) -> None:
    saved = MsgFile(samples / "msg" / file)
    message = saved.message()
    saved.close()
    assert is_ours(message)
    check(message)
