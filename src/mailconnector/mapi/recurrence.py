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

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import ClassVar, Self

from mailconnector.mapi.recurrence_exceptions import (
    ExceptionInfo,
    ExtendedException,
    OverrideFlags,
    extended_bytes,
    info_bytes,
    read_info,
    with_extended,
)
from mailconnector.mapi.recurrence_fields import (
    BlobReader,
    RecurrenceFormatError,
    array_bytes,
    block_bytes,
    packed,
)

__all__ = [
    "NEVER_ENDS",
    "AppointmentRecurrence",
    "EndType",
    "ExceptionInfo",
    "ExtendedException",
    "Frequency",
    "OverrideFlags",
    "PatternType",
    "RecurrenceFormatError",
    "RecurrencePattern",
    "minutes_of",
    "moment_of",
    "parse_appointment",
]

READER_VERSION = 0x3004
READER_VERSION_2 = 0x3006
WRITER_VERSION_2 = 0x3009
NEVER_ENDS = 0x5AE980DF
"""The EndDate of a series without an end: 4500-12-31T23:59."""

_EPOCH = datetime(1601, 1, 1)
_LAST = (datetime(9999, 12, 31, 23, 59) - _EPOCH) // timedelta(minutes=1)


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
        reader = BlobReader(data)
        return cls._read(reader, whole=True)

    @classmethod
    def _read(cls, reader: BlobReader, *, whole: bool) -> Self:
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
        head = packed(
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
            specific = packed("<I", self.days)
        elif self.pattern_type in _MONTH_DAYS:
            specific = packed("<I", self.day)
        elif self.pattern_type in _MONTH_NTHS:
            specific = packed("<2I", self.days, self.nth)
        elif self.pattern_type == PatternType.DAY:
            specific = b""
        else:
            raise RecurrenceFormatError(f"pattern type 0x{self.pattern_type:04X} is not known")
        return b"".join(
            [
                head,
                specific,
                packed("<3I", self.end_type, self.count, self.first_weekday),
                array_bytes(self.deleted),
                array_bytes(self.modified),
                packed("<2I", self.start, self.end),
                self.tail,
            ]
        )


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
        reader = BlobReader(data)
        return cls._read(RecurrencePattern._read(reader, whole=False), reader)

    @classmethod
    def _read(cls, pattern: RecurrencePattern, reader: BlobReader) -> Self:
        reader_version, writer_version, start, end, count = reader.numbers("<4IH")
        infos = [read_info(reader) for _ in range(count)]
        where = reader.position
        reserved_1: bytes | None = None
        reserved_2 = b""
        try:
            reserved_1 = reader.block()
            infos_extended = [with_extended(info, reader, writer_version) for info in infos]
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
        pieces = [self.pattern.to_bytes(), packed("<4IH", *head)]
        pieces += map(info_bytes, self.exceptions)
        if self.reserved_1 is not None:
            pieces.append(block_bytes(self.reserved_1))
            pieces += [extended_bytes(info, self.writer_version) for info in self.exceptions]
            pieces.append(block_bytes(self.reserved_2))
        return b"".join([*pieces, self.tail])


def parse_appointment(data: bytes) -> AppointmentRecurrence | RecurrencePattern:
    """Take PidLidAppointmentRecur apart; one of an old version that ends after it is a pattern alone.

    Raises:
        RecurrenceFormatError: It is malformed.
    """
    reader = BlobReader(data)
    pattern = RecurrencePattern._read(reader, whole=False)
    if not reader.rest():
        return pattern
    return AppointmentRecurrence._read(pattern, reader)
