"""Global object ids: by what all copies of a meeting know each other, and the UID that iCalendar has for it.

PidLidGlobalObjectId of an exception says which instance of its series it is; PidLidCleanGlobalObjectId has no
instance and is the same for the whole series ([MS-OXOCAL] 2.2.1.27, 2.2.1.28; [MS-OXCICAL] 2.1.3.1.1.20.26).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar, Self

from mailconnector.mapi.types import MapiError

BYTE_ARRAY_ID = bytes.fromhex("040000008200e00074c5b7101a82e008")
"""What every global object id begins with."""

_FOREIGN = b"vCal-Uid\x01\x00\x00\x00"
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_LONGEST_UID = 4096


class GlobalIdFormatError(MapiError):
    """A global object id is malformed, or a UID cannot become one.

    Attributes:
        reason: What is wrong, in a few words.
    """

    reason: str

    def __init__(self, reason: str) -> None:
        super().__init__(f"global object id: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class GlobalObjectId:
    """A global object id, [MS-OXOCAL] 2.2.1.27.

    OFFSET  SIZE  FIELD
    0       16    ByteArrayID
    16      1     YH             the year of the instance, its high byte first; all 0 for none
    17      1     YL
    18      1     M
    19      1     D
    20      8     CreationTime   file time
    28      8     X
    36      4     Size
    40      ...   Data

    Attributes:
        data: What makes it unique: made by Outlook, or "vCal-Uid" and a foreign program's UID.
        instance: (year, month, day) as they stand; (0, 0, 0) for the series itself.
        creation_time: Ticks as they stand.
        unused: X.
        tail: What follows.
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct(">16sHBB8s8s4s")

    data: bytes
    instance: tuple[int, int, int] = (0, 0, 0)
    creation_time: int = 0
    unused: bytes = bytes(8)
    tail: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Take a global object id apart.

        Raises:
            GlobalIdFormatError: It is malformed.
        """
        if len(data) < cls.LAYOUT.size:
            raise GlobalIdFormatError(f"{len(data)} bytes, at least {cls.LAYOUT.size} wanted")
        uid, year, month, day, created, unused, size_bytes = cls.LAYOUT.unpack_from(data)
        if uid != BYTE_ARRAY_ID:
            raise GlobalIdFormatError(f"begins with {uid.hex()}")
        end = cls.LAYOUT.size + int.from_bytes(size_bytes, "little")
        if end > len(data):
            raise GlobalIdFormatError(f"{end - cls.LAYOUT.size} bytes in {len(data) - cls.LAYOUT.size}")
        return cls(
            data[cls.LAYOUT.size : end],
            (year, month, day),
            int.from_bytes(created, "little"),
            unused,
            data[end:],
        )

    def to_bytes(self) -> bytes:
        """Return the bytes.

        Raises:
            GlobalIdFormatError: A value has no room in its field.
        """
        try:
            head = self.LAYOUT.pack(
                BYTE_ARRAY_ID,
                *self.instance,
                self.creation_time.to_bytes(8, "little"),
                self.unused,
                len(self.data).to_bytes(4, "little"),
            )
        except (struct.error, OverflowError):
            raise GlobalIdFormatError(f"{self.instance} or {self.creation_time} has no room") from None
        return head + self.data + self.tail

    @classmethod
    def from_uid(cls, uid: str) -> Self:
        """Return the id of a series with a UID of iCalendar's.

        One that Outlook made is a global object id in hexadecimal; any other is wrapped.

        Raises:
            GlobalIdFormatError: The UID is empty, too long, or has a zero character.
        """
        if not uid or len(uid) > _LONGEST_UID or "\0" in uid:
            raise GlobalIdFormatError(f"no UID: {uid!r:.60}")
        if _HEX.fullmatch(uid):
            raw = bytes.fromhex(uid)
            if raw.startswith(BYTE_ARRAY_ID):
                try:
                    return replace(cls.parse(raw), instance=(0, 0, 0))
                except GlobalIdFormatError:
                    pass  # It only begins like one.
        try:
            return cls(_FOREIGN + uid.encode("utf-8") + b"\0")
        except UnicodeEncodeError:
            raise GlobalIdFormatError(f"no UID: {uid!r:.60}") from None

    def uid(self) -> str:
        """Return the UID of iCalendar's, which is the same for a series and its instances."""
        if self.data.startswith(_FOREIGN):
            try:
                foreign = self.data[len(_FOREIGN) :].partition(b"\0")[0].decode("utf-8")
            except UnicodeDecodeError:
                foreign = ""
            if foreign:
                return foreign
        return self.clean().to_bytes().hex().upper()

    def clean(self) -> Self:
        """Return the id of the series."""
        return replace(self, instance=(0, 0, 0))

    def of_day(self, day: date) -> Self:
        """Return the id of the instance whose original start lies on a day."""
        return replace(self, instance=(day.year, day.month, day.day))

    def day(self) -> date | None:
        """Return the day of the instance; None for a series, or if it is no date."""
        try:
            return date(*self.instance)
        except ValueError:
            return None
