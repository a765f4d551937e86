"""Every recurrence, time zone and global object id that Outlook and Exchange stored is written byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from mailconnector import pst
from mailconnector.mapi import named, tnef
from mailconnector.mapi.global_ids import GlobalObjectId
from mailconnector.mapi.objects import MessageObject, PropertyKey
from mailconnector.mapi.recurrence import RecurrencePattern, parse_appointment
from mailconnector.mapi.timezones import TimeZoneDefinition, TimeZoneStruct

READERS: dict[PropertyKey, Callable[[bytes], bytes]] = {
    named.PidLidAppointmentRecur: lambda raw: parse_appointment(raw).to_bytes(),
    named.PidLidTaskRecurrence: lambda raw: RecurrencePattern.parse(raw).to_bytes(),
    named.PidLidTimeZoneStruct: lambda raw: TimeZoneStruct.parse(raw).to_bytes(),
    named.PidLidAppointmentTimeZoneDefinitionRecur: lambda raw: TimeZoneDefinition.parse(raw).to_bytes(),
    named.PidLidAppointmentTimeZoneDefinitionStartDisplay: lambda raw: TimeZoneDefinition.parse(raw).to_bytes(),
    named.PidLidAppointmentTimeZoneDefinitionEndDisplay: lambda raw: TimeZoneDefinition.parse(raw).to_bytes(),
    named.PidLidGlobalObjectId: lambda raw: GlobalObjectId.parse(raw).to_bytes(),
    named.PidLidCleanGlobalObjectId: lambda raw: GlobalObjectId.parse(raw).to_bytes(),
}


def blobs(message: MessageObject) -> Iterator[tuple[PropertyKey, bytes]]:
    """Yield the blobs of a message, and of those that are attached to it."""
    for key in READERS:
        value = message.properties.get(key)
        if isinstance(value, bytes):
            yield key, value
    for attachment in message.attachments:
        if attachment.embedded is not None:
            yield from blobs(attachment.embedded)


def test_blobs_of_stores(pst_sample: Path) -> None:
    with pst.open_store(pst_sample) as store:
        for folder in store.walk():
            if not folder.is_search_folder:
                for message in folder.messages():
                    for key, raw in blobs(message.to_object()):
                        assert READERS[key](raw) == raw
                        if key == named.PidLidCleanGlobalObjectId:
                            assert GlobalObjectId.from_uid(GlobalObjectId.parse(raw).uid()).to_bytes() == raw


def test_blobs_of_tnef(samples: Path) -> None:
    found = []
    for path in sorted((samples / "tnef").iterdir()):
        try:
            message = tnef.parse(path.read_bytes(), lenient=True)
        except tnef.TnefFormatError:
            continue
        for key, raw in blobs(message):
            found.append(key)
            assert READERS[key](raw) == raw
    assert named.PidLidAppointmentRecur in found
