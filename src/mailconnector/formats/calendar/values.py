"""Values of calendar properties: times, durations, people ([RFC 5545] 3.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from icalendar import vDuration

from mailconnector.formats.calendar.lines import Line
from mailconnector.items.appointment import When
from mailconnector.items.zones import LocalTime, Zone

_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(?:[.,]\d+)?(Z?))?", re.IGNORECASE)
_EXTENDED = re.compile(r"(?<=\d)[-:](?=\d)")
_LONGEST = timedelta(days=400_000)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as a calendar says it.

    Attributes:
        local: Naive; midnight of a whole day.
        is_day: A whole day.
        is_utc: It is in UTC.
        zone: By whose clocks it is; None for UTC's, for whole days, and where none is said.
        tzid: The name that the calendar has for the zone.
    """

    local: datetime
    is_day: bool = False
    is_utc: bool = False
    zone: Zone | None = None
    tzid: str = ""

    def when(self) -> When:
        """Return it as items have it."""
        if self.is_day:
            return self.local.date()
        if self.is_utc:
            return self.local.replace(tzinfo=UTC)
        if self.zone is None:
            return LocalTime(self.local)
        try:
            return self.zone.to_utc(self.local)
        except OverflowError:
            return self.local.replace(tzinfo=UTC)

    def by(self, zone: Zone | None) -> datetime:
        """Return the naive time that the clocks of a zone show; of no zone, or of a whole day, what it says."""
        when = self.when()
        if not isinstance(when, datetime) or zone is None:
            return self.local
        try:
            return zone.to_local(when).replace(fold=0)
        except OverflowError:
            return self.local


def moment_of(value: str, tzid: str = "", zone: Zone | None = None) -> Moment | None:
    """Return a date or a time as it is written; None when it is none.

    Args:
        value: As it is written.
        tzid: Its TZID.
        zone: What the TZID means.
    """
    match = _TIME.fullmatch(_EXTENDED.sub("", value.strip()))
    if match is None:
        return None
    year, month, day, hour, minute, second, utc = match.groups()
    try:
        if hour is None:
            return Moment(datetime(int(year), int(month), int(day)), is_day=True)
        # A leap second is the one before it.
        local = datetime(int(year), int(month), int(day), int(hour), int(minute), min(int(second or 0), 59))
    except ValueError:
        return None
    return Moment(local, is_utc=True) if utc else Moment(local, zone=zone, tzid=tzid)


def duration_of(value: str) -> timedelta | None:
    """Return a duration; None when it is none, or longer than a thousand years."""
    try:
        found: timedelta = vDuration.from_ical(value.strip())
    except (ValueError, OverflowError):
        return None
    return found if abs(found) <= _LONGEST else None


def written_duration(duration: timedelta) -> str:
    """Return a duration as it is written."""
    text: str = vDuration(duration).to_ical().decode("ascii")
    return text


def written_time(local: datetime) -> str:
    """Return a naive time as it is written."""
    return f"{local.year:04}{local.month:02}{local.day:02}T{local.hour:02}{local.minute:02}{local.second:02}"


def written_day(day: date) -> str:
    """Return a day as it is written."""
    return f"{day.year:04}{day.month:02}{day.day:02}"


def written_utc(moment: datetime) -> str:
    """Return an aware moment as it is written, in UTC."""
    return f"{written_time(moment.astimezone(UTC))}Z"


def when_line(name: str, when: When, zone: Zone | None, tzid: str) -> Line:
    """Return a property with a time.

    Args:
        name: The property's.
        when: The time.
        zone: By whose clocks it is written; None for UTC.
        tzid: The name of the zone; empty for UTC.
    """
    if isinstance(when, LocalTime):
        return Line(name, written_time(when.moment))
    if not isinstance(when, datetime):
        return Line(name, written_day(when), (("VALUE", ("DATE",)),))
    if zone is not None and tzid:
        try:
            local = zone.to_local(when)
            # The second of two that look the same can be said in UTC alone.
            if not local.fold and zone.to_utc(local) == when:
                return Line(name, written_time(local), (("TZID", (tzid,)),))
        except OverflowError:
            pass
    return Line(name, written_utc(when))


def email_of(value: str) -> str:
    """Return the address in a CAL-ADDRESS; other URIs are their own address."""
    value = value.strip()
    return value[7:] if value[:7].lower() == "mailto:" else value


def written_email(email: str, kind: str) -> str:
    """Return a CAL-ADDRESS."""
    if not email:
        return "invalid:nomail"
    if kind.upper() == "SMTP" and "@" in email:
        return f"mailto:{email}"
    return email if ":" in email else f"{kind}:{email}"
