"""Recurrence blobs: how often an appointment or a task comes again, and what is changed in single instances.

PidLidTaskRecurrence is a RecurrencePattern ([MS-OXOCAL] 2.2.1.44.1); PidLidAppointmentRecur is an
AppointmentRecurrencePattern (2.2.1.44.5), which begins with one. Dates and times count the minutes since
1601-01-01T00:00 in the time zone of the appointment.

Structures are kept field by field, so that what was read is written byte for byte. Values that nobody has
described stay numbers; a pattern type that is not known has an unknown length and is an error. Old versions of
Outlook end the blob after the pattern, or after the ExceptionInfos; what follows the last known field is kept
as `tail`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum, IntFlag
from typing import ClassVar, Self

from mailconnector.mapi.types import MapiError

READER_VERSION = 0x3004
READER_VERSION_2 = 0x3006
WRITER_VERSION_2 = 0x3009
NEVER_ENDS = 0x5AE980DF
"""The EndDate of a series without an end: 4500-12-31T23:59."""

# From this version of the writer on, ExtendedException begins with ChangeHighlight.
_WITH_HIGHLIGHT = 0x3009

_EPOCH = datetime(1601, 1, 1)
_LAST = (datetime(9999, 12, 31, 23, 59) - _EPOCH) // timedelta(minutes=1)


class RecurrenceFormatError(MapiError):
    """A recurrence blob is malformed, or has values that it has no room for.

    Attributes:
        reason: What is wrong, in a few words.
    """

    reason: str

    def __init__(self, reason: str) -> None:
        super().__init__(f"recurrence: {reason}")
        self.reason = reason


class Frequency(IntEnum):
    """RecurFrequency."""

    DAILY = 0x200A
    WEEKLY = 0x200B
    MONTHLY = 0x200C
    YEARLY = 0x200D


class PatternType(IntEnum):
    """PatternType; the Hijri ones count the months of the Hijri calendar."""

    DAY = 0x0000
    WEEK = 0x0001
    MONTH = 0x0002
    MONTH_NTH = 0x0003
    MONTH_END = 0x0004
    HIJRI_MONTH = 0x000A
    HIJRI_MONTH_NTH = 0x000B
    HIJRI_MONTH_END = 0x000C


class EndType(IntEnum):
    """EndType; old writers have -1 for a series without an end."""

    DATE = 0x2021
    COUNT = 0x2022
    NEVER = 0x2023
    NEVER_OLD = 0xFFFFFFFF


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


_MONTH_DAYS = (
    PatternType.MONTH,
    PatternType.MONTH_END,
    PatternType.HIJRI_MONTH,
    PatternType.HIJRI_MONTH_END,
)
_MONTH_NTHS = (PatternType.MONTH_NTH, PatternType.HIJRI_MONTH_NTH)


def moment_of(minutes: int) -> datetime:
    """Return the (naive, local) moment that lies some minutes after 1601-01-01T00:00.

    Raises:
        RecurrenceFormatError: It lies past the year 9999.
    """
    if not 0 <= minutes <= _LAST:
        raise RecurrenceFormatError(f"{minutes} minutes are no date")
    return _EPOCH + timedelta(minutes=minutes)


def minutes_of(moment: datetime) -> int:
    """Return a naive, local moment in minutes since 1601-01-01T00:00; seconds are cut off.

    Raises:
        RecurrenceFormatError: It lies before 1601, or past what 32 bits can hold.
    """
    minutes = (moment - _EPOCH) // timedelta(minutes=1)
    if not 0 <= minutes <= 0xFFFFFFFF:
        raise RecurrenceFormatError(f"{moment} does not fit")
    return minutes


class _Reader:
    """Takes fields from the front of a blob, and never reads past its end."""

    __slots__ = ("data", "position")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def numbers(self, layout: str) -> tuple[int, ...]:
        size = struct.calcsize(layout)
        piece = self.take(size)
        found: tuple[int, ...] = struct.unpack(layout, piece)
        return found

    def number(self) -> int:
        return self.numbers("<I")[0]

    def short(self) -> int:
        return self.numbers("<H")[0]

    def array(self) -> tuple[int, ...]:
        count = self.number()
        if count > (len(self.data) - self.position) // 4:
            raise RecurrenceFormatError(f"{count} dates in {len(self.data) - self.position} bytes")
        return self.numbers(f"<{count}I")

    def block(self) -> bytes:
        return self.take(self.number())

    def take(self, size: int) -> bytes:
        piece = self.data[self.position : self.position + size]
        if len(piece) < size:
            raise RecurrenceFormatError(f"ends at {len(self.data)}, {size} bytes wanted at {self.position}")
        self.position += size
        return piece

    def rest(self) -> bytes:
        return self.data[self.position :]


def _pack(layout: str, *values: int) -> bytes:
    try:
        return struct.pack(layout, *values)
    except struct.error:
        raise RecurrenceFormatError(f"{values!r:.80} has no room in its fields") from None


def _array(values: tuple[int, ...]) -> bytes:
    return _pack(f"<I{len(values)}I", len(values), *values)


def _block(data: bytes) -> bytes:
    return _pack("<I", len(data)) + data


@dataclass(frozen=True, slots=True)
class RecurrencePattern:
    """When instances come, [MS-OXOCAL] 2.2.1.44.1.

    OFFSET  SIZE  FIELD
    0       2     ReaderVersion
    2       2     WriterVersion
    4       2     RecurFrequency
    6       2     PatternType
    8       2     CalendarType
    10      4     FirstDateTime
    14      4     Period
    18      4     SlidingFlag
    22      ...   PatternTypeSpecific    0 bytes for days; days of the week (4) for weeks; a day (4) for months;
                                         days of the week (4) and which of them (4) for the nth of a month
    +0      4     EndType
    +4      4     OccurrenceCount
    +8      4     FirstDOW
    +12     4+4n  DeletedInstanceCount, DeletedInstanceDates
    ...     4+4n  ModifiedInstanceCount, ModifiedInstanceDates
    +0      4     StartDate
    +4      4     EndDate

    Attributes:
        frequency: `Frequency`.
        pattern_type: `PatternType`.
        calendar_type: Which calendar months and years are those of; 0 is the default, the Gregorian.
        first_date_time: A base from which whole periods are counted.
        period: Minutes between instances for `DAY`, weeks for `WEEK`, months for the others.
        sliding: Not 0: a task that is made anew when the last one is done.
        days: Bits of the days of the week, Sunday is 1, for `WEEK` and the nth types.
        day: Day of the month, 31 for its last.
        nth: 1 to 4, or 5 for the last, of the days in a month, for the nth types.
        end_type: `EndType`.
        count: Number of instances; 10 where there is no end.
        first_weekday: First day of the week, 0 is Sunday.
        deleted: Midnights of the instances that are not in the pattern any more: deleted and changed ones.
        modified: Midnights of the days to which changed instances have moved.
        start: Midnight of the first instance.
        end: Midnight of the last instance; `NEVER_ENDS` where there is none.
        tail: What follows in a blob that is nothing but a pattern.
    """

    HEAD: ClassVar[str] = "<5H3I"

    frequency: int
    pattern_type: int
    calendar_type: int = 0
    first_date_time: int = 0
    period: int = 1
    sliding: int = 0
    days: int = 0
    day: int = 0
    nth: int = 0
    end_type: int = EndType.NEVER
    count: int = 10
    first_weekday: int = 0
    deleted: tuple[int, ...] = ()
    modified: tuple[int, ...] = ()
    start: int = 0
    end: int = NEVER_ENDS
    reader_version: int = READER_VERSION
    writer_version: int = READER_VERSION
    tail: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Take a blob apart that is a pattern alone, such as PidLidTaskRecurrence.

        Raises:
            RecurrenceFormatError: It is malformed.
        """
        reader = _Reader(data)
        return cls._read(reader, whole=True)

    @classmethod
    def _read(cls, reader: _Reader, *, whole: bool) -> Self:
        reader_version, writer_version, frequency, pattern_type, calendar_type, first, period, sliding = reader.numbers(
            cls.HEAD
        )
        days = day = nth = 0
        if pattern_type == PatternType.WEEK:
            days = reader.number()
        elif pattern_type in _MONTH_DAYS:
            day = reader.number()
        elif pattern_type in _MONTH_NTHS:
            days, nth = reader.numbers("<2I")
        elif pattern_type != PatternType.DAY:
            raise RecurrenceFormatError(f"pattern type 0x{pattern_type:04X} is not known")
        end_type, count, first_weekday = reader.numbers("<3I")
        deleted = reader.array()
        modified = reader.array()
        start, end = reader.numbers("<2I")
        return cls(
            frequency=frequency,
            pattern_type=pattern_type,
            calendar_type=calendar_type,
            first_date_time=first,
            period=period,
            sliding=sliding,
            days=days,
            day=day,
            nth=nth,
            end_type=end_type,
            count=count,
            first_weekday=first_weekday,
            deleted=deleted,
            modified=modified,
            start=start,
            end=end,
            reader_version=reader_version,
            writer_version=writer_version,
            tail=reader.rest() if whole else b"",
        )

    def to_bytes(self) -> bytes:
        """Return the blob.

        Raises:
            RecurrenceFormatError: The pattern type is not known, or a value has no room in its field.
        """
        head = _pack(
            self.HEAD,
            self.reader_version,
            self.writer_version,
            self.frequency,
            self.pattern_type,
            self.calendar_type,
            self.first_date_time,
            self.period,
            self.sliding,
        )
        if self.pattern_type == PatternType.WEEK:
            specific = _pack("<I", self.days)
        elif self.pattern_type in _MONTH_DAYS:
            specific = _pack("<I", self.day)
        elif self.pattern_type in _MONTH_NTHS:
            specific = _pack("<2I", self.days, self.nth)
        elif self.pattern_type == PatternType.DAY:
            specific = b""
        else:
            raise RecurrenceFormatError(f"pattern type 0x{self.pattern_type:04X} is not known")
        return b"".join(
            [
                head,
                specific,
                _pack("<3I", self.end_type, self.count, self.first_weekday),
                _array(self.deleted),
                _array(self.modified),
                _pack("<2I", self.start, self.end),
                self.tail,
            ]
        )


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


@dataclass(frozen=True, slots=True)
class AppointmentRecurrence:
    """PidLidAppointmentRecur, [MS-OXOCAL] 2.2.1.44.5.

    OFFSET  SIZE  FIELD
    0       ...   RecurrencePattern
    +0      4     ReaderVersion2
    +4      4     WriterVersion2
    +8      4     StartTimeOffset
    +12     4     EndTimeOffset
    +16     2     ExceptionCount
    +18     ...   ExceptionInfo, as many
    ...     4+n   ReservedBlock1Size, ReservedBlock1
    ...     ...   ExtendedException, as many
    ...     4+n   ReservedBlock2Size, ReservedBlock2

    Attributes:
        pattern: When instances come; its tail is empty.
        start_offset: Minutes from midnight to the start of an instance.
        end_offset: Minutes from the midnight before the start to the end of an instance.
        exceptions: The changed instances.
        reserved_1: ReservedBlock1; None in a blob that ends after the ExceptionInfos.
        reserved_2: ReservedBlock2.
        tail: What follows.
    """

    pattern: RecurrencePattern
    start_offset: int = 0
    end_offset: int = 0
    exceptions: tuple[ExceptionInfo, ...] = ()
    reserved_1: bytes | None = b""
    reserved_2: bytes = b""
    reader_version: int = READER_VERSION_2
    writer_version: int = WRITER_VERSION_2
    tail: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Take a blob apart.

        Raises:
            RecurrenceFormatError: It is malformed, or ends after the pattern (`parse_appointment` takes that too).
        """
        reader = _Reader(data)
        return cls._read(RecurrencePattern._read(reader, whole=False), reader)

    @classmethod
    def _read(cls, pattern: RecurrencePattern, reader: _Reader) -> Self:
        reader_version, writer_version, start, end, count = reader.numbers("<4IH")
        infos = [_read_info(reader) for _ in range(count)]
        where = reader.position
        reserved_1: bytes | None = None
        reserved_2 = b""
        try:
            reserved_1 = reader.block()
            infos_extended = [_with_extended(info, reader, writer_version) for info in infos]
            reserved_2 = reader.block()
            infos = infos_extended
        except RecurrenceFormatError:
            # A writer that knows no extension, or an other one: what follows is kept as it is.
            reserved_1, reader.position = None, where
        return cls(
            pattern,
            start_offset=start,
            end_offset=end,
            exceptions=tuple(infos),
            reserved_1=reserved_1,
            reserved_2=reserved_2,
            reader_version=reader_version,
            writer_version=writer_version,
            tail=reader.rest(),
        )

    def to_bytes(self) -> bytes:
        """Return the blob.

        Raises:
            RecurrenceFormatError: A value has no room in its field, or an exception lacks its extension.
        """
        head = (self.reader_version, self.writer_version, self.start_offset, self.end_offset, len(self.exceptions))
        pieces = [self.pattern.to_bytes(), _pack("<4IH", *head)]
        pieces += map(_info_bytes, self.exceptions)
        if self.reserved_1 is not None:
            pieces.append(_block(self.reserved_1))
            pieces += [_extended_bytes(info, self.writer_version) for info in self.exceptions]
            pieces.append(_block(self.reserved_2))
        return b"".join([*pieces, self.tail])


def parse_appointment(data: bytes) -> AppointmentRecurrence | RecurrencePattern:
    """Take PidLidAppointmentRecur apart; one of an old version that ends after it is a pattern alone.

    Raises:
        RecurrenceFormatError: It is malformed.
    """
    reader = _Reader(data)
    pattern = RecurrencePattern._read(reader, whole=False)
    if not reader.rest():
        return pattern
    return AppointmentRecurrence._read(pattern, reader)


def _read_info(reader: _Reader) -> ExceptionInfo:
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


def _info_bytes(info: ExceptionInfo) -> bytes:
    pieces = [_pack("<3IH", info.start, info.end, info.original_start, info.flags)]
    for _, name in _FIELDS:
        value: bytes | int | None = getattr(info, name)
        if isinstance(value, bytes):
            pieces += [_pack("<2H", len(value) + 1, len(value)), value]
        elif value is not None:
            pieces.append(_pack("<I", value))
    return b"".join(pieces)


def _with_extended(info: ExceptionInfo, reader: _Reader, writer_version: int) -> ExceptionInfo:
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


def _wide(reader: _Reader) -> str:
    return reader.take(2 * reader.short()).decode("utf-16-le", "surrogatepass")


def _extended_bytes(info: ExceptionInfo, writer_version: int) -> bytes:
    extended = info.extended
    if extended is None:
        raise RecurrenceFormatError("an exception without its extension")
    pieces = [_block(extended.highlight)] if writer_version >= _WITH_HIGHLIGHT else []
    pieces.append(_block(extended.reserved_1))
    flags = info.flags
    if flags & _TEXTS:
        pieces.append(_pack("<3I", *extended.times))
        for bit, text in ((OverrideFlags.SUBJECT, extended.subject), (OverrideFlags.LOCATION, extended.location)):
            if flags & bit:
                wide = text.encode("utf-16-le", "surrogatepass")
                pieces += [_pack("<H", len(wide) // 2), wide]
        pieces.append(_block(extended.reserved_2))
    return b"".join(pieces)
