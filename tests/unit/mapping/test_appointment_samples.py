"""Appointments, meetings and messages about them that Outlook and Exchange stored come back with every property.

The exceptions are those of docs/formats/appointments.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mailconnector import pst
from mailconnector.mapi import reading, tags, tnef
from mailconnector.mapi.objects import AttachmentObject, MessageObject, Properties, PropertyKey, find, get
from mailconnector.mapi.types import FileTime
from mailconnector.mapping import appointment as mapping
from mailconnector.mapping import from_mapi, to_mapi
from mailconnector.mapping.leftovers import identity
from tests.msg_files import MsgFile

# What says where and how a message lies in its store, or is made by the store of the rest.
OF_THE_STORE = {
    tag >> 16
    for tag in (
        tags.PidTagMessageSize,
        tags.PidTagPstBodyPrefix,
        tags.PidTagNormalizedSubject,
        tags.PidTagReplItemid,
        tags.PidTagReplChangenum,
        tags.PidTagReplVersionHistory,
        tags.PidTagRead,
        tags.PidTagHasAttachments,
        tags.PidTagAccess,
        tags.PidTagAccessLevel,
        tags.PidTagMappingSignature,
        tags.PidTagStoreRecordKey,
        tags.PidTagRecordKey,
        tags.PidTagObjectType,
        tags.PidTagAttachSize,
        tags.PidTagAttachNumber,
        tags.PidTagStoreSupportMask,
        tags.PidTagInstanceKey,
        tags.PidTagRowid,
    )
}
# Made anew of the text, HTML or RTF that they hold, which is the same.
BODIES = {tag >> 16 for tag in (tags.PidTagRtfCompressed, tags.PidTagRtfInSync, tags.PidTagNativeBody, tags.PidTagHtml)}
# A default that is not written, and texts that are made of the subject and the people.
MADE = {
    tag >> 16
    for tag in (
        tags.PidTagReadReceiptRequested,
        tags.PidTagOriginatorDeliveryReportRequested,
        tags.PidTagSubjectPrefix,
        tags.PidTagDisplayTo,
        tags.PidTagDisplayCc,
        tags.PidTagDisplayBcc,
    )
}
# Kept to a microsecond.
MOMENTS = {tags.PidTagClientSubmitTime >> 16, tags.PidTagMessageDeliveryTime >> 16}


def is_appointment(message: MessageObject) -> bool:
    return reading.text(message.properties, tags.PidTagMessageClass).lower().startswith(mapping.CLASSES)


def differences(before: Properties, after: Properties) -> list[PropertyKey]:
    """Return the properties that did not come back, and are no exceptions."""
    found = []
    for key, value in before.items():
        which = identity(key)
        if which in OF_THE_STORE or which in BODIES:
            continue
        if which in MADE and find(after, key) is None and value in (False, ""):
            continue
        again = get(after, key)
        if which in MOMENTS and isinstance(value, FileTime) and isinstance(again, FileTime):
            if abs(value - again) >= 10:
                found.append(key)
        elif again != value:
            found.append(key)
    return found


def check(message: MessageObject) -> int:
    """Hold what comes back of a message against it; return the number of messages in it."""
    item = from_mapi(message)
    again = to_mapi(item)
    assert differences(message.properties, again.properties) == []
    assert len(again.recipients) == len(message.recipients)
    for row, row_again in zip(message.recipients, again.recipients, strict=True):
        assert differences(row.properties, row_again.properties) == []
    assert len(again.attachments) == len(message.attachments)
    count = 1
    for attachment, attachment_again in zip(message.attachments, again.attachments, strict=True):
        assert differences(attachment.properties, attachment_again.properties) == []
        count += check_content(attachment, attachment_again)
    assert from_mapi(again) == item
    return count


def check_content(attachment: AttachmentObject, again: AttachmentObject) -> int:
    if attachment.embedded is not None:
        assert again.embedded is not None
        return check(attachment.embedded)
    assert content(again) == content(attachment)
    return 0


def content(attachment: AttachmentObject) -> bytes | None:
    if attachment.data is None or isinstance(attachment.data, bytes):
        return attachment.data
    attachment.data.seek(0)
    return attachment.data.read()


def test_appointments_of_stores(pst_sample: Path) -> None:
    with pst.open_store(pst_sample) as store:
        for folder in store.walk():
            if not folder.is_search_folder:
                for message in folder.messages():
                    whole = message.to_object()
                    if is_appointment(whole):
                        check(whole)


def test_a_series_with_changed_instances(samples: Path) -> None:
    with pst.open_store(samples / "pst" / "java-libpst__dist-list.pst") as store:
        found = [
            mapping.from_object(whole, from_mapi)
            for folder in store.walk()
            if not folder.is_search_folder
            for message in folder.messages()
            if is_appointment(whole := message.to_object())
        ]
    (series,) = found
    assert len(series.changed) == 2
    assert len(series.deleted) == 1
    assert series.zone is not None
    for one in series.changed:
        assert one.item is not None
        assert isinstance(one.item.start, type(series.start))
        # The instance says its time in UTC, the series by the clocks of its zone.
        assert one.item.start == series.zone.to_utc(one.start.moment)
        assert one.item.mail.rtf is not None or one.item.mail.text is not None


def test_appointments_of_tnef(samples: Path) -> None:
    found = 0
    for path in sorted((samples / "tnef").iterdir()):
        try:
            message = tnef.parse(path.read_bytes(), lenient=True)
        except tnef.TnefFormatError:
            continue
        for attachment in message.attachments:
            if attachment.embedded is not None and is_appointment(attachment.embedded):
                found += check(attachment.embedded)
    assert found >= 1


@pytest.mark.parametrize("name", ["msg/tika__testMSG_Appointment.msg", "oft/Aspose.Email-for-Java__sample.oft"])
def test_appointments_that_outlook_saved(name: str, samples: Path) -> None:
    file = MsgFile(samples / name)
    try:
        message = file.message()
    finally:
        file.close()
    assert is_appointment(message)
    assert check(message) == 1
