"""Time zones as appointments know them: a name, and by which rules the clocks are changed.

A rule holds from its year until that of the next one. Between the changes that a rule names, and across the
turn of the year, the offset from UTC stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A time by the wall clock: of no zone (a floating time), or of one that stands beside it.

    Attributes:
        moment: Naive.
    """

    moment: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """When the clocks are changed, by what they show just before.

    Attributes:
        month: 1 to 12.
        week: Which of the weekdays in the month, 5 for the last one.
        weekday: 0 is Sunday.
        time: Since midnight; may be a whole day.
        year: Not 0: in this year alone, and `week` is the day of the month.
    """

    month: int
    week: int
    weekday: int
    time: timedelta
    year: int = 0

    def in_year(self, year: int) -> datetime | None:
        """Return the (naive, local) moment of the change in a year; None if there is none."""
        if self.year:
            if self.year != year:
                return None
            try:
                return datetime(year, self.month, self.week) + self._time()
            except ValueError:
                return None
        if not 1 <= self.month <= 12 or not 1 <= year < 9999:
            return None
        first = date(year, self.month, 1)
        day = 1 + (self.weekday - first.isoweekday()) % 7 + 7 * (self.week - 1)
        last = (date(year + self.month // 12, self.month % 12 + 1, 1) - timedelta(days=1)).day
        while day > last:
            day -= 7
        return datetime(year, self.month, max(day, 1)) + self._time()

    def _time(self) -> timedelta:
        # Windows has 23:59:59.999 for a change at midnight.
        return -(-self.time // _SECOND) * _SECOND


@dataclass(frozen=True, slots=True)
class ZoneRule:
    """By which rule the clocks are changed each year.

    Attributes:
        since: The first year for which it holds.
        standard: Offset from UTC in standard time, positive to the east.
        daylight: Offset in daylight saving time.
        to_standard: When standard time begins; None where there is one offset only.
        to_daylight: When daylight saving time begins.
    """

    since: int
    standard: timedelta
    daylight: timedelta = timedelta()
    to_standard: Change | None = None
    to_daylight: Change | None = None

    def changes(self, year: int) -> list[tuple[datetime, timedelta]]:
        """Return (naive moment in UTC, offset from then on) of the changes in a year, in order."""
        ends = self.to_standard.in_year(year) if self.to_standard else None
        begins = self.to_daylight.in_year(year) if self.to_daylight else None
        if ends is None or begins is None or self.standard == self.daylight:
            return []
        return sorted([(begins - self.standard, self.daylight), (ends - self.daylight, self.standard)])

    def offset_of(self, local: datetime) -> timedelta:
        """Return the offset at a naive local time.

        A time that comes twice is the earlier one unless its fold is 1; one that is left out counts as daylight
        saving time.
        """
        ends = self.to_standard.in_year(local.year) if self.to_standard else None
        begins = self.to_daylight.in_year(local.year) if self.to_daylight else None
        if ends is None or begins is None:
            return self.standard
        if local.fold:
            ends -= self.daylight - self.standard
        local = local.replace(fold=0)
        saving = begins <= local < ends if begins < ends else not ends <= local < begins
        return self.daylight if saving else self.standard


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone.

    Attributes:
        name: Windows' name of it ("W. Europe Standard Time"), or IANA's; may be empty.
        rules: In the order of their years, at least one; the first one holds for the years before as well.
        description: How the zone is shown to people ("(UTC+01:00) Berlin ..."); may be empty.
    """

    name: str
    rules: tuple[ZoneRule, ...]
    description: str = ""

    def rule_of(self, year: int) -> ZoneRule:
        """Return the rule of a year."""
        found = self.rules[0]
        for rule in self.rules:
            if rule.since <= year:
                found = rule
        return found

    def to_utc(self, local: datetime) -> datetime:
        """Return the aware moment, in UTC, of a naive local time (`ZoneRule.offset_of`).

        Raises:
            OverflowError: It lies outside the years 1 to 9999.
        """
        return (local.replace(fold=0) - self.rule_of(local.year).offset_of(local)).replace(tzinfo=UTC)

    def to_local(self, moment: datetime) -> datetime:
        """Return the naive local time of an aware moment; of two that look the same the later has fold 1.

        Raises:
            OverflowError: It lies outside the years 1 to 9999.
        """
        utc = moment.astimezone(UTC).replace(tzinfo=None)
        rule = self.rule_of(utc.year)
        near = [rule, self.rule_of(utc.year - 1), self.rule_of(utc.year + 1)]
        offsets = dict.fromkeys(offset for one in near for offset in (one.standard, one.daylight))
        for offset in offsets:
            local = utc + offset
            for fold in (0, 1):
                local = local.replace(fold=fold)
                if self.rule_of(local.year).offset_of(local) == offset:
                    return local
        # Rules that contradict themselves at the turn of a year.
        return utc + rule.standard


UTC_ZONE = Zone("UTC", (ZoneRule(1601, timedelta()),))
"""Coordinated universal time."""
