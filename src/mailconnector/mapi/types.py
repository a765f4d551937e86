"""Property types, property tags and file times: the smallest words of MAPI."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Self

from mailconnector.errors import MailConnectorError


class MapiError(MailConnectorError):
    """Base of every error of the MAPI vocabulary: data that is not what its type says."""


class PropertyType(IntEnum):
    """How a property value is stored, [MS-OXCDATA] 2.11.1. `MULTIPLE_X` is `0x1000 | X`."""

    UNSPECIFIED = 0x0000
    NULL = 0x0001
    INTEGER16 = 0x0002
    INTEGER32 = 0x0003
    FLOATING32 = 0x0004
    FLOATING64 = 0x0005
    CURRENCY = 0x0006
    FLOATING_TIME = 0x0007
    ERROR_CODE = 0x000A
    BOOLEAN = 0x000B
    OBJECT = 0x000D
    INTEGER64 = 0x0014
    STRING8 = 0x001E
    STRING = 0x001F
    TIME = 0x0040
    GUID = 0x0048
    SERVER_ID = 0x00FB
    RESTRICTION = 0x00FD
    RULE_ACTION = 0x00FE
    BINARY = 0x0102
    MULTIPLE_INTEGER16 = 0x1002
    MULTIPLE_INTEGER32 = 0x1003
    MULTIPLE_FLOATING32 = 0x1004
    MULTIPLE_FLOATING64 = 0x1005
    MULTIPLE_CURRENCY = 0x1006
    MULTIPLE_FLOATING_TIME = 0x1007
    MULTIPLE_INTEGER64 = 0x1014
    MULTIPLE_STRING8 = 0x101E
    MULTIPLE_STRING = 0x101F
    MULTIPLE_TIME = 0x1040
    MULTIPLE_GUID = 0x1048
    MULTIPLE_BINARY = 0x1102


FIXED_SIZES: dict[int, int] = {
    int(ptype): size
    for ptype, size in (
        (PropertyType.INTEGER16, 2),
        (PropertyType.INTEGER32, 4),
        (PropertyType.FLOATING32, 4),
        (PropertyType.FLOATING64, 8),
        (PropertyType.CURRENCY, 8),
        (PropertyType.FLOATING_TIME, 8),
        (PropertyType.ERROR_CODE, 4),
        (PropertyType.BOOLEAN, 1),
        (PropertyType.INTEGER64, 8),
        (PropertyType.TIME, 8),
    )
}
"""Bytes of the types whose values stand in the row of a property, in tables and in .msg files."""

MULTIPLE = 0x1000
"""The bit that makes a property type multi-valued."""

NAMED_ID_FIRST = 0x8000
"""The first property id that stands for a named property; its meaning is private to one store or object."""


def tag_id(tag: int) -> int:
    """Return the property id, the upper 16 bits of a tag."""
    return tag >> 16


def tag_type(tag: int) -> int:
    """Return the property type, the lower 16 bits of a tag."""
    return tag & 0xFFFF


def make_tag(property_id: int, property_type: int) -> int:
    """Return the tag of a property id and a property type, both below 0x10000."""
    return property_id << 16 | property_type


_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_UNIX_EPOCH_TICKS = 116_444_736_000_000_000
_END = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
_END_TICKS = (_END - _EPOCH) // timedelta(microseconds=1) * 10 + 9


class FileTime(int):
    """A PtypTime value as it is stored: 100 ns ticks since 1601-01-01 UTC, an unsigned 64-bit number.

    It stays an integer, so that every stored value survives, also those that are no date.
    """

    __slots__ = ()

    NONE: int = 0x0CB34557A3DD4000
    """4501-01-01T00:00:00Z, which Outlook stores for "no date" ([MS-OXOCAL], [MS-OXOTASK])."""

    def to_datetime(self) -> datetime | None:
        """Return the aware UTC datetime, cut to microseconds; None for "no date" or past the year 9999."""
        if self == FileTime.NONE or not 0 <= self <= _END_TICKS:
            return None
        return _EPOCH + timedelta(microseconds=self // 10)

    @classmethod
    def from_datetime(cls, moment: datetime) -> Self:
        """Return the file time of an aware datetime.

        Raises:
            ValueError: The datetime is naive, or lies before 1601.
        """
        if moment.utcoffset() is None:
            raise ValueError("a file time needs an aware datetime")
        since = moment - _EPOCH
        if since.days < 0:
            raise ValueError("a file time cannot lie before 1601")
        return cls(((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 10)

    @classmethod
    def now(cls) -> Self:
        """Return the present moment."""
        return cls(time.time_ns() // 100 + _UNIX_EPOCH_TICKS)
