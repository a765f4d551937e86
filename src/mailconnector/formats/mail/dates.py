"""Dates in header fields ([RFC 5322] 3.3) and what programs write instead of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_MONTHS = {
    name: number + 1
    for number, names in enumerate(
        (
            "jan ene gen janv janvier januar january",
            "feb fev febr fevr fevrier februar february",
            "mar mars mrz maerz march mrt",
            "apr abr avr avril april",
            "may mai mag maj mei",
            "jun juin juni june giu",
            "jul juil juillet juli july lug",
            "aug aou aout ago august",
            "sep sept set september",
            "oct okt out ott october oktober",
            "nov november",
            "dec dez dic decembre december dezember",
        )
    )
    for name in names.split()
}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Minutes east of Greenwich of the names in [RFC 5322] 4.3 and of others that are met.
_ZONES = {
    name: minutes
    for minutes, names in (
        (0, "ut gmt utc z wet"),
        (60, "west bst cet met mez"),
        (120, "cest mest mesz eet"),
        (180, "eest msk"),
        (240, "msd"),
        (330, "ist"),
        (480, "sgt hkt awst"),
        (540, "jst kst"),
        (600, "aest"),
        (660, "aedt"),
        (720, "nzst"),
        (780, "nzdt"),
        (-180, "adt"),
        (-240, "ast edt"),
        (-300, "est cdt"),
        (-360, "cst mdt"),
        (-420, "mst pdt"),
        (-480, "pst akdt"),
        (-540, "akst"),
        (-600, "hst"),
    )
    for name in names.split()
}

# 21 Nov 1997 09:55:06 -0600, with what is usually wrong: hyphens, dots in the time, one digit, no seconds.
_DAY_FIRST = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th)?[\s,.\-/]+([^\W\d_]{3,9})\.?[\s,.\-/]*(\d{2,4})(?!\d)"
    r"(?:[\s,T-]+(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2}))?)?(.*)",
    re.DOTALL,
)
_USUAL = re.compile(
    r"(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) "
    r"([+-])(\d{2})(\d{2})(?:$| \()"
)
# Nov 21 09:55:06 [CET] 1997, as ctime writes, and Nov 21, 1997 [at] 9:55 AM.
_CTIME = re.compile(
    r"([^\W\d_]{3,9})\.?\s+(\d{1,2})(?!\d),?\s+(?:at\s+)?(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?(?:\s*([A-Za-z]{1,5}|[+-]\d{4}))?,?\s+(\d{4})(.*)",
    re.DOTALL,
)
_MONTH_FIRST = re.compile(
    r"([^\W\d_]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?:[\s,]+(?:at\s+)?(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?)?(.*)",
    re.DOTALL,
)
_YEAR_FIRST = re.compile(
    r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T\s,]+(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2})(?:[.,]\d+)?)?)?(.*)",
    re.DOTALL,
)
_OFFSET = re.compile(r"(?:GMT|UTC?|UT)?\s*([+-])\s*(\d{1,2}):?(\d{2})?(?!\d)")
_ZONE = re.compile(r"(?<![A-Za-z])([A-Za-z]{1,4})(?![A-Za-z])")
_COMMENT = re.compile(r"\([^()]*\)")
_HALF_DAY = re.compile(r"(?:^|\s)([ap])\.?m\.?(?![A-Za-z])", re.IGNORECASE)
_LONGEST = 200


def parse(text: str) -> datetime | None:
    """Return the aware datetime that a text means; None when there is none between 1602 and 9998.

    A missing or unknown zone is UTC. Years of two digits are 1950 to 2049 ([RFC 5322] 4.3).
    """
    usual = _USUAL.match(text)
    if usual:
        month = _MONTHS.get(usual[2].lower(), 0)
        minutes = int(usual[8]) * 60 + int(usual[9])
        return _moment(
            int(usual[3]), month, int(usual[1]), (int(usual[4]), int(usual[5]), int(usual[6])),
            -minutes if usual[7] == "-" else minutes,
        )  # fmt: skip
    return _parse_other(_COMMENT.sub(_zone_comment, text[:_LONGEST]))


def _zone_comment(match: re.Match[str]) -> str:
    return f" {match[0][1:-1]} " if match[0][1:-1].lower() in _ZONES else " "


def _parse_other(text: str) -> datetime | None:
    for day_first in _DAY_FIRST.finditer(text):
        month = _month(day_first[2])
        if month:
            return _dated(day_first[3], month, day_first[1], day_first.group(4, 5, 6), day_first[7])
    if (match := _CTIME.search(text)) and (month := _month(match[1])):
        return _dated(match[7], month, match[2], match.group(3, 4, 5), f"{match[6] or ''} {match[8]}")
    if (match := _MONTH_FIRST.search(text)) and (month := _month(match[1])):
        return _dated(match[3], month, match[2], match.group(4, 5, 6), match[7])
    if match := _YEAR_FIRST.search(text):
        return _dated(match[1], int(match[2]), match[3], match.group(4, 5, 6), match[7])
    return None


def _month(name: str) -> int:
    plain = name.lower().replace("é", "e").replace("û", "u").replace("ä", "ae")
    return _MONTHS.get(plain) or _MONTHS.get(plain[:3], 0)


def _dated(year: str, month: int, day: str, clock: tuple[str | None, ...], rest: str) -> datetime | None:
    number = int(year)
    if len(year) == 2:
        number += 2000 if number < 50 else 1900
    elif len(year) == 3:
        number += 1900
    hour, minute, second = (int(part or 0) for part in clock)
    if half := _HALF_DAY.search(rest):
        hour = hour % 12 + (12 if half[1].lower() == "p" else 0)
        rest = rest[: half.start()] + rest[half.end() :]
    return _moment(number, month, int(day), (hour, minute, second), _offset_minutes(rest))


def _offset_minutes(text: str) -> int:
    if written := _OFFSET.search(text):
        ahead = int(written[2]) * 60 + int(written[3] or 0)
        return -ahead if written[1] == "-" else ahead
    for match in _ZONE.finditer(text):
        minutes = _ZONES.get(match[1].lower())
        if minutes is not None:
            return minutes
    return 0


def _moment(year: int, month: int, day: int, clock: tuple[int, int, int], offset: int) -> datetime | None:
    hour, minute, second = clock
    zone = _zone(offset)
    try:
        if hour == 24 or second > 59:
            # Midnight written as 24:00, and leap seconds.
            moment = datetime(year, month, day, hour % 24, minute, min(second, 59), tzinfo=zone)
            moment += timedelta(days=hour // 24)
        else:
            moment = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        return moment if 1601 < year < 9999 else None
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=256)
def _zone(offset: int) -> timezone:
    return timezone(timedelta(minutes=offset)) if 0 < abs(offset) < 24 * 60 else UTC


def text_of(moment: datetime) -> str:
    """Return an aware datetime as a header field says it: in its own zone, cut to seconds."""
    offset = moment.utcoffset() or timedelta(0)
    minutes = round(offset.total_seconds() / 60)
    local = (moment.astimezone(UTC) + timedelta(minutes=minutes)).replace(tzinfo=None)
    sign = "-" if minutes < 0 else "+"
    hours, minutes = divmod(abs(minutes), 60)
    return (
        f"{_DAYS[local.weekday()]}, {local.day:02d} {_MONTH_NAMES[local.month - 1]} {local.year:04d} "
        f"{local.hour:02d}:{local.minute:02d}:{local.second:02d} {sign}{hours:02d}{minutes:02d}"
    )
