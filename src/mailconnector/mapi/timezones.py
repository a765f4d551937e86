"""Time zone blobs of appointments: the rules by which local times were meant.

PidLidTimeZoneStruct has one pair of rules ([MS-OXOCAL] 2.2.1.39); PidLidAppointmentTimeZoneDefinitionRecur and
its kin (2.2.1.41) name the zone as Windows does, and have rules by year. A bias is in minutes, and what local
time lacks: UTC = local time + bias.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

from mailconnector.mapi.types import MapiError


class TimeZoneFormatError(MapiError):
    """A time zone blob is malformed, or has values that it has no room for.

    Attributes:
        reason: What is wrong, in a few words.
    """

    reason: str

    def __init__(self, reason: str) -> None:
        super().__init__(f"time zone: {reason}")
        self.reason = reason


def _pack(layout: struct.Struct, *values: int | bytes) -> bytes:
    try:
        return layout.pack(*values)
    except struct.error:
        raise TimeZoneFormatError(f"{values!r:.80} has no room in its fields") from None


@dataclass(frozen=True, slots=True)
class SystemTime:
    """When the clocks are changed: Windows' SYSTEMTIME.

    OFFSET  SIZE  FIELD
    0       2     wYear          0: each year
    2       2     wMonth         0: never
    4       2     wDayOfWeek     0 is Sunday
    6       2     wDay           each year: which of the weekdays in the month, 5 is the last; else the day
    8       2     wHour
    10      2     wMinute
    12      2     wSecond
    14      2     wMilliseconds
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<8H")

    year: int = 0
    month: int = 0
    day_of_week: int = 0
    day: int = 0
    hour: int = 0
    minute: int = 0
    second: int = 0
    milliseconds: int = 0

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Take 16 bytes apart.

        Raises:
            TimeZoneFormatError: They are not as many.
        """
        if len(data) != cls.LAYOUT.size:
            raise TimeZoneFormatError(f"{len(data)} bytes are no SYSTEMTIME")
        return cls(*cls.LAYOUT.unpack(data))

    def to_bytes(self) -> bytes:
        """Return the 16 bytes.

        Raises:
            TimeZoneFormatError: A value has no room in its field.
        """
        return _pack(
            self.LAYOUT,
            self.year,
            self.month,
            self.day_of_week,
            self.day,
            self.hour,
            self.minute,
            self.second,
            self.milliseconds,
        )


@dataclass(frozen=True, slots=True)
class TimeZoneStruct:
    """PidLidTimeZoneStruct, [MS-OXOCAL] 2.2.1.39.

    OFFSET  SIZE  FIELD
    0       4     lBias
    4       4     lStandardBias
    8       4     lDaylightBias
    12      2     wStandardYear
    14      16    stStandardDate
    30      2     wDaylightYear
    32      16    stDaylightDate

    Attributes:
        bias: Minutes.
        standard_bias: Minutes that are added to it in standard time, nearly always 0.
        daylight_bias: Minutes that are added to it in daylight saving time, nearly always -60.
        standard_date: When standard time begins, in local daylight saving time.
        daylight_date: When daylight saving time begins, in local standard time.
        standard_year: Year in which the rule begins; 0 for all.
        daylight_year: The same.
        tail: What follows.
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<3iH16sH16s")

    bias: int
    standard_bias: int = 0
    daylight_bias: int = 0
    standard_date: SystemTime = SystemTime()
    daylight_date: SystemTime = SystemTime()
    standard_year: int = 0
    daylight_year: int = 0
    tail: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Take a blob apart.

        Raises:
            TimeZoneFormatError: It is shorter than 48 bytes.
        """
        if len(data) < cls.LAYOUT.size:
            raise TimeZoneFormatError(f"{len(data)} bytes, a rule has {cls.LAYOUT.size}")
        bias, standard_bias, daylight_bias, standard_year, standard, daylight_year, daylight = cls.LAYOUT.unpack_from(
            data
        )
        return cls(
            bias,
            standard_bias,
            daylight_bias,
            SystemTime.parse(standard),
            SystemTime.parse(daylight),
            standard_year,
            daylight_year,
            data[cls.LAYOUT.size :],
        )

    def to_bytes(self) -> bytes:
        """Return the blob.

        Raises:
            TimeZoneFormatError: A value has no room in its field.
        """
        fixed = _pack(
            self.LAYOUT,
            self.bias,
            self.standard_bias,
            self.daylight_bias,
            self.standard_year,
            self.standard_date.to_bytes(),
            self.daylight_year,
            self.daylight_date.to_bytes(),
        )
        return fixed + self.tail


RECURRING_RULE = 0x0001
"""The flag of the rule that PidLidTimeZoneStruct has as well (TZRULE_FLAG_RECUR_CURRENT_TZREG)."""

EFFECTIVE_RULE = 0x0002
"""The flag of the rule that is in force at the time of writing (TZRULE_FLAG_EFFECTIVE_TZREG)."""


@dataclass(frozen=True, slots=True)
class TimeZoneRule:
    """A TZRule, [MS-OXOCAL] 2.2.1.41.1.

    OFFSET  SIZE  FIELD
    0       1     Major version    2
    1       1     Minor version    1
    2       2     Reserved         0x003E, the bytes that follow
    4       2     TZRule flags
    6       2     wYear
    8       14    X
    22      4     lBias
    26      4     lStandardBias
    30      4     lDaylightBias
    34      16    stStandardDate
    50      16    stDaylightDate

    Attributes:
        flags: `RECURRING_RULE`, `EFFECTIVE_RULE`.
        year: The first year for which the rule holds.
        unused: X.
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<2BHHH14s3i16s16s")

    flags: int
    year: int
    bias: int
    standard_bias: int = 0
    daylight_bias: int = 0
    standard_date: SystemTime = SystemTime()
    daylight_date: SystemTime = SystemTime()
    unused: bytes = bytes(14)
    major: int = 2
    minor: int = 1
    reserved: int = 0x003E

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Take the 66 bytes of a rule apart.

        Raises:
            TimeZoneFormatError: They are not as many.
        """
        if len(data) != cls.LAYOUT.size:
            raise TimeZoneFormatError(f"{len(data)} bytes, a rule has {cls.LAYOUT.size}")
        major, minor, reserved, flags, year, unused, bias, standard_bias, daylight_bias, standard, daylight = (
            cls.LAYOUT.unpack(data)
        )
        return cls(
            flags,
            year,
            bias,
            standard_bias,
            daylight_bias,
            SystemTime.parse(standard),
            SystemTime.parse(daylight),
            unused,
            major,
            minor,
            reserved,
        )

    def to_bytes(self) -> bytes:
        """Return the 66 bytes.

        Raises:
            TimeZoneFormatError: A value has no room in its field.
        """
        return _pack(
            self.LAYOUT,
            self.major,
            self.minor,
            self.reserved,
            self.flags,
            self.year,
            self.unused,
            self.bias,
            self.standard_bias,
            self.daylight_bias,
            self.standard_date.to_bytes(),
            self.daylight_date.to_bytes(),
        )


@dataclass(frozen=True, slots=True)
class TimeZoneDefinition:
    """PidLidAppointmentTimeZoneDefinitionRecur and its kin, [MS-OXOCAL] 2.2.1.41.

    OFFSET  SIZE  FIELD
    0       1     Major version    2
    1       1     Minor version    1
    2       2     cbHeader         bytes from Reserved to cRules, both included
    4       2     Reserved         2
    6       2     cchKeyName
    8       2n    KeyName          in UTF-16
    +0      2     cRules
    +2      66n   TZRules

    Attributes:
        key_name: Windows' name of the zone, "W. Europe Standard Time".
        rules: In the order of their years.
        header_tail: What a longer header has behind cRules.
        tail: What follows the rules.
    """

    HEAD: ClassVar[struct.Struct] = struct.Struct("<2BHHH")

    key_name: str
    rules: tuple[TimeZoneRule, ...]
    header_tail: bytes = b""
    tail: bytes = b""
    major: int = 2
    minor: int = 1
    reserved: int = 2

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Take a blob apart.

        Raises:
            TimeZoneFormatError: It is malformed.
        """
        if len(data) < cls.HEAD.size:
            raise TimeZoneFormatError(f"{len(data)} bytes are no definition")
        major, minor, header_size, reserved, length = cls.HEAD.unpack_from(data)
        name_end = cls.HEAD.size + 2 * length
        header_end = 4 + header_size
        if not name_end + 2 <= header_end <= len(data):
            raise TimeZoneFormatError(f"a header of {header_size} bytes with a name of {length} characters")
        count = int.from_bytes(data[name_end : name_end + 2], "little")
        size = TimeZoneRule.LAYOUT.size
        end = header_end + count * size
        if end > len(data):
            raise TimeZoneFormatError(f"{count} rules in {len(data) - header_end} bytes")
        return cls(
            data[cls.HEAD.size : name_end].decode("utf-16-le", "surrogatepass"),
            tuple([TimeZoneRule.parse(data[at : at + size]) for at in range(header_end, end, size)]),
            data[name_end + 2 : header_end],
            data[end:],
            major,
            minor,
            reserved,
        )

    def to_bytes(self) -> bytes:
        """Return the blob.

        Raises:
            TimeZoneFormatError: A value has no room in its field.
        """
        name = self.key_name.encode("utf-16-le", "surrogatepass")
        if len(self.rules) > 0xFFFF:
            raise TimeZoneFormatError(f"{len(self.rules)} rules are too many")
        header_size = 2 + 2 + len(name) + 2 + len(self.header_tail)
        return b"".join(
            [
                _pack(self.HEAD, self.major, self.minor, header_size, self.reserved, len(name) // 2),
                name,
                len(self.rules).to_bytes(2, "little"),
                self.header_tail,
                *[rule.to_bytes() for rule in self.rules],
                self.tail,
            ]
        )
