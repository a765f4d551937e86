"""INTERNALDATE: ``" 7-Feb-2002 21:52:25 -0800"`` (RFC 9051 section 9, date-time), and the dates of SEARCH."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

from mailconnector.imap.errors import ImapUsageError

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBERS = {name.upper().encode(): number for number, name in enumerate(_MONTHS, 1)}
# Cyrus sends a space before a day of two digits as well; others send no seconds or no zone.
_DATE = re.compile(
    rb"\s*([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4}) ([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?(?: ?([+-])([0-9]{2})([0-9]{2}))?"
)


_MOST_ZONES = 100
_ZONES: dict[bytes, timezone] = {}  # those met so far, as they are written


def _zone(sign: bytes, hours: int, minutes: int) -> timezone:
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if sign == b"-" else offset)


def parse_internal_date(data: bytes) -> datetime | None:
    """Return the aware datetime, or None for what is no date: a server's slip is no reason to lose a message.

    A missing zone is taken as UTC, a leap second as the second before.
    """
    if len(data) == 26 and data[11] == data[20] == 0x20 and data[12:14].isdigit():  # as nearly all servers write it
        zone = _ZONES.get(data[21:])
        number = _NUMBERS.get(data[3:6].upper())
        if zone and number:
            try:
                return datetime(
                    int(data[7:11]),
                    number,
                    int(data[:2]),
                    int(data[12:14]),
                    int(data[15:17]),
                    int(data[18:20]),
                    0,
                    zone,
                )
            except ValueError:
                pass  # looked at more closely below
    match = _DATE.match(data)
    if match is None:
        return None
    day, month, year, hour, minute, second, sign, hours, minutes = match.groups()
    try:
        zone = _zone(sign, int(hours), int(minutes)) if sign else UTC
        if sign and len(_ZONES) < _MOST_ZONES:
            _ZONES[sign + hours + minutes] = zone
        number = _NUMBERS[month.upper()]
        return datetime(int(year), number, int(day), int(hour), int(minute), min(int(second or 0), 59), tzinfo=zone)
    except (KeyError, ValueError):
        return None


def format_internal_date(when: datetime) -> bytes:
    """Write an aware datetime as APPEND wants it, quotes included. Fractions of a second are dropped.

    Raises:
        ImapUsageError: the datetime has no zone.
    """
    offset = when.utcoffset()
    if offset is None:
        raise ImapUsageError("an INTERNALDATE needs a time zone")
    minutes, seconds = divmod(offset.days * 86_400 + offset.seconds, 60)
    if seconds or offset.microseconds:  # zones of the nineteenth century have seconds
        when = when.astimezone(UTC)
        minutes = 0
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    day = f"{when.day:2d}-{_MONTHS[when.month - 1]}-{when.year:04d}"
    return (f'"{day} {when.hour:02d}:{when.minute:02d}:{when.second:02d} {sign}{hours:02d}{rest:02d}"').encode("ascii")


def format_search_date(day: date) -> bytes:
    """Write a day as SEARCH SINCE and BEFORE want it: ``1-Feb-1994``."""
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year:04d}".encode("ascii")
