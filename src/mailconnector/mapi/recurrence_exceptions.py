"""What is changed in single instances of a series ([MS-OXOCAL] 2.2.1.44.2 to 2.2.1.44.4)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntFlag

from mailconnector.mapi.recurrence_fields import BlobReader, RecurrenceFormatError, block_bytes, packed

# From this version of the writer on, ExtendedException begins with ChangeHighlight.
_WITH_HIGHLIGHT = 0x3009


class OverrideFlags(IntFlag):
    """Which fields of an instance are others than the series'."""

    SUBJECT = 0x0001
    MEETING_TYPE = 0x0002
    REMINDER_DELTA = 0x0004
    REMINDER = 0x0008
    LOCATION = 0x0010
    BUSY_STATUS = 0x0020
    ATTACHMENT = 0x0040
    SUB_TYPE = 0x0080
    COLOR = 0x0100
    BODY = 0x0200


@dataclass(frozen=True, slots=True)
class ExtendedException:
    """What ExceptionInfo has no room for, [MS-OXOCAL] 2.2.1.44.4.

    OFFSET  SIZE  FIELD
    0       4     ChangeHighlightSize    with writers from 0x3009 on
    4       ...   ChangeHighlight        the value (4), and what is reserved
    +0      4+n   ReservedBlockEE1Size, ReservedBlockEE1
    and if the subject or the location is another:
    +0      4     StartDateTime
    +4      4     EndDateTime
    +8      4     OriginalStartDate
    ...     2+2n  WideCharSubjectLength, WideCharSubject      with another subject
    ...     2+2n  WideCharLocationLength, WideCharLocation    with another location
    ...     4+n   ReservedBlockEE2Size, ReservedBlockEE2

    Attributes:
        highlight: ChangeHighlight with what is reserved behind it; not there with old writers.
        reserved_1: ReservedBlockEE1.
        times: Start, end and original start; not there without another subject or location.
        subject: The other subject.
        location: The other location.
        reserved_2: ReservedBlockEE2.
    """

    highlight: bytes = bytes(4)
    reserved_1: bytes = b""
    times: tuple[int, int, int] = (0, 0, 0)
    subject: str = ""
    location: str = ""
    reserved_2: bytes = b""

    @property
    def change_highlight(self) -> int:
        """PidLidChangeHighlight of the instance."""
        return int.from_bytes(self.highlight[:4], "little")


@dataclass(frozen=True, slots=True)
class ExceptionInfo:
    """What is changed in one instance, [MS-OXOCAL] 2.2.1.44.2.

    OFFSET  SIZE  FIELD
    0       4     StartDateTime
    4       4     EndDateTime
    8       4     OriginalStartDate
    12      2     OverrideFlags
    and as the flags say:
    +0      2     SubjectLength      1 more than SubjectLength2
    +2      2+n   SubjectLength2, Subject, in the writer's code page
    +0      4     MeetingType
    +0      4     ReminderDelta
    +0      4     ReminderSet
    +0      2     LocationLength     1 more than LocationLength2
    +2      2+n   LocationLength2, Location
    +0      4     BusyStatus
    +0      4     Attachment
    +0      4     SubType
    +0      4     AppointmentColor

    A field is None where the instance has the series' value.

    Attributes:
        start: When the instance begins now.
        end: When it ends now.
        original_start: When it would begin.
        subject: In the writer's code page; `extended` has it in Unicode.
        meeting_type: PidLidAppointmentStateFlags.
        reminder_delta: Minutes before the start.
        reminder_set: Not 0: with a reminder.
        location: In the writer's code page.
        busy_status: PidLidBusyStatus.
        attachment: Not 0: the instance has attachments.
        sub_type: Not 0: all day.
        color: PidLidAppointmentColor.
        other_flags: Bits of OverrideFlags without a field here, `OverrideFlags.BODY` among them.
        extended: Its ExtendedException; None in a blob of an old version.
    """

    start: int
    end: int
    original_start: int
    subject: bytes | None = None
    meeting_type: int | None = None
    reminder_delta: int | None = None
    reminder_set: int | None = None
    location: bytes | None = None
    busy_status: int | None = None
    attachment: int | None = None
    sub_type: int | None = None
    color: int | None = None
    other_flags: int = 0
    extended: ExtendedException | None = field(default_factory=ExtendedException)

    @property
    def flags(self) -> int:
        """OverrideFlags."""
        flags = self.other_flags
        for bit, name in _FIELDS:
            if getattr(self, name) is not None:
                flags |= bit
        return flags

    @property
    def has_body(self) -> bool:
        """The instance has a body of its own."""
        return bool(self.other_flags & OverrideFlags.BODY)


# In the order in which they stand.
_FIELDS: tuple[tuple[OverrideFlags, str], ...] = (
    (OverrideFlags.SUBJECT, "subject"),
    (OverrideFlags.MEETING_TYPE, "meeting_type"),
    (OverrideFlags.REMINDER_DELTA, "reminder_delta"),
    (OverrideFlags.REMINDER, "reminder_set"),
    (OverrideFlags.LOCATION, "location"),
    (OverrideFlags.BUSY_STATUS, "busy_status"),
    (OverrideFlags.ATTACHMENT, "attachment"),
    (OverrideFlags.SUB_TYPE, "sub_type"),
    (OverrideFlags.COLOR, "color"),
)
_TEXTS = OverrideFlags.SUBJECT | OverrideFlags.LOCATION
_KNOWN = sum(bit for bit, _ in _FIELDS)


def read_info(reader: BlobReader) -> ExceptionInfo:
    """Take an ExceptionInfo, without its extension."""
    start, end, original, flags = reader.numbers("<3IH")
    texts: dict[str, bytes] = {}
    numbers: dict[str, int] = {}
    for bit, name in _FIELDS:
        if not flags & bit:
            continue
        if bit & _TEXTS:
            longer, length = reader.numbers("<2H")
            if longer != length + 1:
                raise RecurrenceFormatError(f"{name} of {length} and {longer} bytes")
            texts[name] = reader.take(length)
        else:
            numbers[name] = reader.number()
    return ExceptionInfo(
        start,
        end,
        original,
        subject=texts.get("subject"),
        meeting_type=numbers.get("meeting_type"),
        reminder_delta=numbers.get("reminder_delta"),
        reminder_set=numbers.get("reminder_set"),
        location=texts.get("location"),
        busy_status=numbers.get("busy_status"),
        attachment=numbers.get("attachment"),
        sub_type=numbers.get("sub_type"),
        color=numbers.get("color"),
        other_flags=flags & ~_KNOWN,
        extended=None,
    )


def info_bytes(info: ExceptionInfo) -> bytes:
    """Return an ExceptionInfo, without its extension."""
    pieces = [packed("<3IH", info.start, info.end, info.original_start, info.flags)]
    for _, name in _FIELDS:
        value: bytes | int | None = getattr(info, name)
        if isinstance(value, bytes):
            pieces += [packed("<2H", len(value) + 1, len(value)), value]
        elif value is not None:
            pieces.append(packed("<I", value))
    return b"".join(pieces)


def with_extended(info: ExceptionInfo, reader: BlobReader, writer_version: int) -> ExceptionInfo:
    """Take the ExtendedException of an ExceptionInfo, and return it with that."""
    highlight = reader.block() if writer_version >= _WITH_HIGHLIGHT else b""
    reserved_1 = reader.block()
    times = (0, 0, 0)
    subject = location = ""
    reserved_2 = b""
    if info.flags & _TEXTS:
        start, end, original = reader.numbers("<3I")
        times = (start, end, original)
        if info.flags & OverrideFlags.SUBJECT:
            subject = _wide(reader)
        if info.flags & OverrideFlags.LOCATION:
            location = _wide(reader)
        reserved_2 = reader.block()
    return replace(info, extended=ExtendedException(highlight, reserved_1, times, subject, location, reserved_2))


def _wide(reader: BlobReader) -> str:
    return reader.take(2 * reader.short()).decode("utf-16-le", "surrogatepass")


def extended_bytes(info: ExceptionInfo, writer_version: int) -> bytes:
    """Return the ExtendedException of an ExceptionInfo."""
    extended = info.extended
    if extended is None:
        raise RecurrenceFormatError("an exception without its extension")
    pieces = [block_bytes(extended.highlight)] if writer_version >= _WITH_HIGHLIGHT else []
    pieces.append(block_bytes(extended.reserved_1))
    flags = info.flags
    if flags & _TEXTS:
        pieces.append(packed("<3I", *extended.times))
        for bit, text in ((OverrideFlags.SUBJECT, extended.subject), (OverrideFlags.LOCATION, extended.location)):
            if flags & bit:
                wide = text.encode("utf-16-le", "surrogatepass")
                pieces += [packed("<H", len(wide) // 2), wide]
        pieces.append(block_bytes(extended.reserved_2))
    return b"".join(pieces)
