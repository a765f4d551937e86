"""How often an appointment or a task comes again, and the instances that are not as the series is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from itertools import islice

_DAY = timedelta(days=1)
_LAST_YEAR = 4500
_MOST = 5000


class Frequency(Enum):
    """In what units instances follow each other."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"


@dataclass(frozen=True, slots=True)
class Recurrence:
    """The pattern of a series.

    Which fields say something depends on the frequency: daily, `weekdays` for "every weekday"; weekly,
    `weekdays`; monthly and yearly, `month_day`, or `weekdays` with `position`.

    Attributes:
        frequency: In what units.
        interval: How many of them lie between instances, 1 or more.
        weekdays: Days of the week in order, 0 is Sunday.
        month_day: Day of the month, 1 to 31; a shorter month has the instance on its last day. -1 for the last
            day as such.
        position: Which of the weekdays in a month, 1 to 4, -1 for the last; 0 where `month_day` says the day.
        count: Number of instances; None when another rule ends them.
        until: The day of the last instance; None when another rule ends them.
        first_weekday: On which day a week begins, 0 is Sunday.
        calendar: Whose months and years are meant: a number of Windows' calendars, 0 for the default (Gregorian).
        hijri: Months are those of the Hijri calendar, in the way in which old versions of Outlook say so.
        regenerating: A task: the next instance comes an interval after the last one is done.
    """

    frequency: Frequency
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    month_day: int = 0
    position: int = 0
    count: int | None = None
    until: date | None = None
    first_weekday: int = 0
    calendar: int = 0
    hijri: bool = False
    regenerating: bool = False

    @property
    def is_gregorian(self) -> bool:
        """Days can be told: months are those of the Gregorian calendar, and dates do not wait for a task."""
        return not self.hijri and self.calendar in _GREGORIAN and not self.regenerating

    def days(self, first: date) -> Iterator[date]:
        """Yield the days of the instances in order; none where the calendar is another than the Gregorian.

        Args:
            first: The day of the first instance, from which intervals are counted.
        """
        if not self.is_gregorian or self.interval < 1:
            return
        for number, day in enumerate(self._all_days(first)):
            if self.count is not None and number >= self.count:
                return
            if self.until is not None and day > self.until:
                return
            yield day

    def last_day(self, first: date) -> date | None:
        """Return the day of the last instance; None where there is none, or it is too far to be counted."""
        if self.until is not None:
            return self.until
        if self.count is None or not 0 < self.count <= _MOST:
            return None
        return next(islice(self.days(first), self.count - 1, None), None)

    def _all_days(self, first: date) -> Iterator[date]:
        if self.frequency is Frequency.DAILY and not self.weekdays:
            step = timedelta(days=min(self.interval, 999_999))
            while first.year <= _LAST_YEAR:
                yield first
                first += step
        elif self.frequency in (Frequency.DAILY, Frequency.WEEKLY):
            yield from self._week_days(first)
        else:
            yield from self._month_days(first)

    def _week_days(self, first: date) -> Iterator[date]:
        offsets = sorted((weekday - self.first_weekday) % 7 for weekday in self.weekdays)
        interval = self.interval if self.frequency is Frequency.WEEKLY else 1
        week = first - (first.isoweekday() - self.first_weekday) % 7 * _DAY
        while offsets and week.year <= _LAST_YEAR:
            for offset in offsets:
                day = week + offset * _DAY
                if day >= first:
                    yield day
            week += timedelta(weeks=min(interval, 200_000))

    def _month_days(self, first: date) -> Iterator[date]:
        step = self.interval * (12 if self.frequency is Frequency.YEARLY else 1)
        month = first.year * 12 + first.month - 1
        while month < _LAST_YEAR * 12:
            year, number = divmod(month, 12)
            day = self._day_in(year, number + 1)
            if day is not None and day >= first:
                yield day
            month += step

    def _day_in(self, year: int, month: int) -> date | None:
        last = (date(year + month // 12, month % 12 + 1, 1) - _DAY).day
        if not self.position:
            return date(year, month, last if self.month_day == -1 else min(max(self.month_day, 1), last))
        days = [day for day in range(1, last + 1) if date(year, month, day).isoweekday() % 7 in self.weekdays]
        try:
            return date(year, month, days[self.position - 1 if self.position > 0 else self.position])
        except IndexError:
            return None


# Numbers of Windows' calendars that count the same months.
_GREGORIAN = frozenset({0, 1, 2, 9, 10, 11, 12})
