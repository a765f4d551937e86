"""Changed instances of a series, which Outlook keeps in hidden attachments of it ([MS-OXOCAL] 2.2.10)."""

from __future__ import annotations

from datetime import UTC, date, datetime

from mailconnector.items.appointment import Appointment, ChangedInstance
from mailconnector.items.zones import LocalTime
from mailconnector.mapi import named, reading, tags
from mailconnector.mapi.global_ids import GlobalIdFormatError, GlobalObjectId
from mailconnector.mapi.objects import AttachmentObject, MessageObject, Properties
from mailconnector.mapi.types import FileTime
from mailconnector.mapping.attachments import EMBEDDED, file_time_of
from mailconnector.mapping.leftovers import combined

INSTANCE_CLASS = "ipm.ole.class.{00061055-0000-0000-c000-000000000046}"
"""Message class of a changed instance, in lower case."""

_EXCEPTION = 0x2
"""PidTagAttachmentFlags of an attachment that is an instance (afException)."""


def divided(
    attachments: list[AttachmentObject], changed: tuple[ChangedInstance, ...]
) -> tuple[dict[LocalTime, AttachmentObject], list[AttachmentObject]]:
    """Return (attachments that are changed instances, by the original start; the other attachments)."""
    starts: dict[LocalTime, list[LocalTime]] = {}
    for one in changed:
        starts.setdefault(one.start, []).append(one.original)
    days = {one.original.moment.date(): one.original for one in changed}
    found: dict[LocalTime, AttachmentObject] = {}
    others = []
    for attachment in attachments:
        original: LocalTime | None = None
        if attachment.embedded is not None and _is_instance(attachment, attachment.embedded):
            # The attachment says the instance's present start by local clocks, the message the original day.
            local = reading.moment(attachment.properties, tags.PidTagExceptionStartTime)
            day = _instance_day(attachment.embedded)
            if day is not None:
                original = days.get(day)
            if original is None and local is not None:
                # Two instances may have been moved to the same time.
                same_start = starts.get(LocalTime(local.replace(tzinfo=None)), [])
                original = next((one for one in same_start if one not in found), None)
        if original is None or original in found:
            others.append(attachment)
        else:
            found[original] = attachment
    return found, others


def _is_instance(attachment: AttachmentObject, embedded: MessageObject) -> bool:
    if reading.number(attachment.properties, tags.PidTagAttachmentFlags) & _EXCEPTION:
        return True
    return is_instance_class(reading.text(embedded.properties, tags.PidTagMessageClass))


def is_instance_class(message_class: str) -> bool:
    """Tell whether a message class is that of a changed instance."""
    return message_class.lower() == INSTANCE_CLASS


def _instance_day(message: MessageObject) -> date | None:
    try:
        return GlobalObjectId.parse(reading.data(message.properties, named.PidLidGlobalObjectId)).day()
    except GlobalIdFormatError:
        return None


# Ids of what an attachment table says of its rows, and of the content itself.
OF_THE_TABLE = frozenset({0x0E20, 0x0E21, 0x0FF6, 0x0FF9, 0x3701, 0x67F2, 0x67F3})


def instance_object(one: ChangedInstance, series: Appointment, embedded: MessageObject) -> AttachmentObject:
    made = instance_properties(one, series, embedded)
    properties = combined(made, one.leftover)
    for key in (tags.PidTagExceptionStartTime, tags.PidTagExceptionEndTime):
        # What is left over is finer than a minute, or outdated.
        left = properties.get(key)
        want = made.get(key)
        if isinstance(left, FileTime) and isinstance(want, FileTime) and abs(left - want) >= _TICKS_A_MINUTE:
            properties[key] = want
    return AttachmentObject(properties, embedded=embedded)


_TICKS_A_MINUTE = 600_000_000


def instance_properties(one: ChangedInstance, series: Appointment, embedded: MessageObject) -> Properties:
    properties: Properties = {
        tags.PidTagAttachMethod: EMBEDDED,
        tags.PidTagAttachmentFlags: _EXCEPTION,
        tags.PidTagAttachmentHidden: True,
        tags.PidTagAttachmentLinkId: 0,
        tags.PidTagAttachFlags: 0,
        tags.PidTagAttachEncoding: b"",
        tags.PidTagRenderingPosition: -1,
        tags.PidTagDisplayName: reading.text(embedded.properties, tags.PidTagSubject) or "Untitled",
    }
    for key, moment in (
        (tags.PidTagExceptionStartTime, one.start.moment.replace(tzinfo=UTC)),
        (tags.PidTagExceptionEndTime, one.end.moment.replace(tzinfo=UTC)),
        (tags.PidTagExceptionReplaceTime, _moment_of_instance(one.original, series)),
    ):
        stored = file_time_of(moment)
        if stored is not None:
            properties[key] = stored
    return properties


def _moment_of_instance(original: LocalTime, series: Appointment) -> datetime:
    if isinstance(series.start, LocalTime) or series.zone is None:
        return original.moment.replace(tzinfo=UTC)
    try:
        return series.zone.to_utc(original.moment)
    except OverflowError:
        return original.moment.replace(tzinfo=UTC)
