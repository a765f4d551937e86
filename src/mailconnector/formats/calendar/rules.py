"""Recurrence rules ([RFC 5545] 3.3.10) and the patterns that Outlook has.

A rule that is a pattern of Outlook's becomes that pattern. Any other set of days (rules of several parts, hours,
extra dates) is counted out: for ten years, and as a weekly pattern whose other days are deleted. That is what Outlook
can show; the rule itself stays in the calendar that the item keeps (`formats.calendar.sources`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from dateutil import rrule

from mailconnector.formats.calendar.values import moment_of, written_day, written_utc
from mailconnector.items.recurrence import Frequency, Recurrence
from mailconnector.items.zones import LocalTime, Zone

_WEEKDAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_FREQUENCIES = {frequency.name: frequency for frequency in Frequency}
_BY_DAY = re.compile(r"([+-]?\d{1,3})?(SU|MO|TU|WE|TH|FR|SA)")
_DAY = timedelta(days=1)
_HORIZON = timedelta(days=3653)
_MOST_INSTANCES = 4000
_LONGEST_RULE = 2000
_MOST_BY_VALUES = 62
_LARGEST_NUMBER = 9999
# The interval and the count that MAPI has room for, and that make sense.
_LARGEST_COUNT = 100_000

# Parts that a pattern may have.
_PATTERN_PARTS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"})
_BY_PARTS = {
    "BYMONTH": "bymonth",
    "BYMONTHDAY": "bymonthday",
    "BYYEARDAY": "byyearday",
    "BYWEEKNO": "byweekno",
    "BYHOUR": "byhour",
    "BYMINUTE": "byminute",
    "BYSECOND": "bysecond",
    "BYSETPOS": "bysetpos",
}
# "The 30th, or the last day": a pattern of Outlook's, which puts the day of a short month on its last one.
_SHORT_MONTHS = {29: "28,29", 30: "28,29,30", 31: "28,29,30,31"}


@dataclass(frozen=True, slots=True)
class Rule:
    """The parts of an RRULE, names and values in capitals."""

    parts: tuple[tuple[str, str], ...]

    def get(self, name: str, default: str = "") -> str:
        """Return a part; the default when it is not there."""
        return dict(self.parts).get(name, default)

    def numbers(self, name: str) -> list[int]:
        """Return a part as numbers.

        Raises:
            ValueError: It is none.
        """
        text = self.get(name)
        return [int(one) for one in text.split(",")][: _MOST_BY_VALUES + 1] if text else []


def rule_of(value: str) -> Rule | None:
    """Return the parts of a rule; None when it has no frequency, or is too long to be read."""
    if len(value) > _LONGEST_RULE:
        return None
    pairs = [one.partition("=") for one in value.upper().split(";") if one.strip()]
    rule = Rule(tuple([(name.strip(), text.strip()) for name, _, text in pairs]))
    return rule if rule.get("FREQ") else None


# -- Patterns ----------------------------------------------------------------------------------------------------------


def pattern_of(rule: Rule, start: datetime, zone: Zone | None) -> Recurrence | None:
    """Return the pattern of a rule; None when Outlook has none like it, or its first day is not the start's.

    Args:
        rule: The rule.
        start: Naive start of the first instance, by the clocks of its zone.
        zone: That zone; None for whole days and times of no zone.
    """
    try:
        found = _pattern(rule, start, zone)
    except ValueError:
        return None
    if found is None or next(iter(found.days(start.date())), None) != start.date():
        return None
    return found


def _pattern(rule: Rule, start: datetime, zone: Zone | None) -> Recurrence | None:
    frequency = _FREQUENCIES.get(rule.get("FREQ"))
    interval = int(rule.get("INTERVAL", "1"))
    names = {name for name, _ in rule.parts}
    if frequency is None or not 1 <= interval <= 999 or not names <= _PATTERN_PARTS or len(names) < len(rule.parts):
        return None
    count = int(rule.get("COUNT")) if rule.get("COUNT") else None
    if count is not None and not 1 <= count <= _LARGEST_COUNT:
        return None
    until = None
    if rule.get("UNTIL"):
        until = _until_day(rule.get("UNTIL"), start, zone)
        if until is None or until < start.date():
            return None
    first_weekday = _WEEKDAYS.index(rule.get("WKST", "MO"))
    days = _days_of(rule, frequency, interval, start)
    if days is None:
        return None
    weekdays, month_day, position = days
    if frequency is Frequency.DAILY and weekdays:
        frequency = Frequency.WEEKLY
    return Recurrence(frequency, interval, weekdays, month_day, position, count, until, first_weekday)


def _until_day(value: str, start: datetime, zone: Zone | None) -> date | None:
    """Return the day of the last instance that begins no later than a moment."""
    moment = moment_of(value)
    if moment is None:
        return None
    local = moment.by(zone)
    if not moment.is_day and local.time() < start.time():
        local -= _DAY
    return local.date()


_Days = tuple[tuple[int, ...], int, int]


def _days_of(rule: Rule, frequency: Frequency, interval: int, start: datetime) -> _Days | None:
    """Return (weekdays, day of the month, position)."""
    by_day = [_BY_DAY.fullmatch(one.strip()) for one in rule.get("BYDAY").split(",")] if rule.get("BYDAY") else []
    matches = [match for match in by_day if match is not None]
    if len(matches) < len(by_day):
        return None
    weekdays = tuple(sorted({_WEEKDAYS.index(match[2]) for match in matches}))
    ordinals = {int(match[1] or 0) for match in matches}
    month_days, months, positions = rule.numbers("BYMONTHDAY"), rule.numbers("BYMONTH"), rule.numbers("BYSETPOS")
    if frequency in (Frequency.DAILY, Frequency.WEEKLY):
        if month_days or months or positions or not ordinals <= {0}:
            return None
        if frequency is Frequency.WEEKLY:
            return weekdays or (start.isoweekday() % 7,), 0, 0
        return (weekdays, 0, 0) if not weekdays or interval == 1 else None
    if frequency is Frequency.YEARLY:
        if months and months != [start.month]:
            return None
        if not months and (month_days or weekdays):
            return None
    elif months:
        return None
    if weekdays:
        return None if month_days else _nth(weekdays, ordinals, positions)
    return _day_of_month(month_days, positions, frequency, start)


def _nth(weekdays: tuple[int, ...], ordinals: set[int], positions: list[int]) -> _Days | None:
    if positions:
        position = positions[0] if len(positions) == 1 and ordinals == {0} else 0
    else:
        position = next(iter(ordinals)) if len(ordinals) == 1 and len(weekdays) == 1 else 0
    return (weekdays, 0, position) if position in (1, 2, 3, 4, -1) else None


def _day_of_month(month_days: list[int], positions: list[int], frequency: Frequency, start: datetime) -> _Days | None:
    if positions:
        written = ",".join(map(str, sorted(month_days)))
        day = next((day for day, text in _SHORT_MONTHS.items() if text == written), 0)
        return ((), day, 0) if day and positions == [-1] else None
    if len(month_days) > 1:
        return None
    day = month_days[0] if month_days else start.day
    if day == -1:
        return (), -1, 0
    # A month that has no such day has no instance, where Outlook has one on its last day.
    longest_always = 28 if frequency is Frequency.MONTHLY or start.month == 2 else 30 + (start.month in _LONG_MONTHS)
    return ((), day, 0) if 1 <= day <= longest_always else None


_LONG_MONTHS = frozenset({1, 3, 5, 7, 8, 10, 12})


def written_rule(recurrence: Recurrence, start: datetime, *, is_day: bool, zone: Zone | None, floating: bool) -> str:
    """Return the RRULE of a pattern; "" when its calendar is another than the Gregorian, or it has no dates.

    Args:
        recurrence: The pattern.
        start: Naive start of the first instance.
        is_day: The instances are whole days.
        zone: By whose clocks they are.
        floating: They are of no zone.
    """
    if not recurrence.is_gregorian:
        return ""
    parts = [f"FREQ={_frequency(recurrence).name}"]
    if recurrence.interval != 1 and not (recurrence.frequency is Frequency.DAILY and recurrence.weekdays):
        parts.append(f"INTERVAL={recurrence.interval}")
    if recurrence.frequency in (Frequency.DAILY, Frequency.WEEKLY):
        if recurrence.weekdays:
            parts.append("BYDAY=" + ",".join(_WEEKDAYS[day] for day in recurrence.weekdays))
    else:
        if recurrence.frequency is Frequency.YEARLY:
            parts.append(f"BYMONTH={start.month}")
        parts += _month_parts(recurrence, start)
    if recurrence.count is not None:
        parts.append(f"COUNT={recurrence.count}")
    elif recurrence.until is not None:
        parts.append(f"UNTIL={_written_until(recurrence.until, start, is_day, zone, floating)}")
    if recurrence.frequency is Frequency.WEEKLY or recurrence.first_weekday != 1:
        parts.append(f"WKST={_WEEKDAYS[recurrence.first_weekday]}")
    return ";".join(parts)


def _frequency(recurrence: Recurrence) -> Frequency:
    is_weekdays = recurrence.frequency is Frequency.DAILY and recurrence.weekdays
    return Frequency.WEEKLY if is_weekdays else recurrence.frequency


def _month_parts(recurrence: Recurrence, start: datetime) -> list[str]:
    if recurrence.position:
        if len(recurrence.weekdays) == 1:
            return [f"BYDAY={recurrence.position}{_WEEKDAYS[recurrence.weekdays[0]]}"]
        days = ",".join(_WEEKDAYS[day] for day in recurrence.weekdays)
        return [f"BYDAY={days}", f"BYSETPOS={recurrence.position}"]
    day = recurrence.month_day or start.day
    yearly_always = recurrence.frequency is Frequency.YEARLY and start.month != 2
    if day in _SHORT_MONTHS and not (yearly_always and day <= 30 + (start.month in _LONG_MONTHS)):
        return [f"BYMONTHDAY={_SHORT_MONTHS[day]}", "BYSETPOS=-1"]
    return [f"BYMONTHDAY={day}"]


def _written_until(until: date, start: datetime, is_day: bool, zone: Zone | None, floating: bool) -> str:
    if is_day:
        return written_day(until)
    local = datetime.combine(until, start.time())
    if floating:
        return f"{written_day(until)}T{local:%H%M%S}"
    try:
        return written_utc(local.replace(tzinfo=UTC) if zone is None else zone.to_utc(local))
    except OverflowError:
        return f"{written_day(until)}T235959Z"


# -- Counting out ------------------------------------------------------------------------------------------------------


def instances_of(rule: Rule, start: datetime, zone: Zone | None) -> list[datetime]:
    """Return the naive starts of the instances of any rule for ten years.

    Rules by the hour or less have none here, for nobody plans so; nor have rules that nobody can read.
    """
    frequency = {name: getattr(rrule, name) for name in ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")}.get(rule.get("FREQ"))
    if frequency is None or rule.get("RSCALE", "GREGORIAN") != "GREGORIAN" or rule.get("SKIP", "OMIT") != "OMIT":
        return []
    try:
        given: dict[str, Any] = {argument: rule.numbers(name) for name, argument in _BY_PARTS.items() if rule.get(name)}
        interval = int(rule.get("INTERVAL", "1"))
        count = int(rule.get("COUNT", str(_MOST_INSTANCES)))
        by_day = [_BY_DAY.fullmatch(one.strip()) for one in rule.get("BYDAY").split(",") if one.strip()]
        if not 1 <= interval <= _LARGEST_NUMBER or any(len(one) > _MOST_BY_VALUES for one in given.values()):
            return []
        if len(by_day) > _MOST_BY_VALUES or None in by_day or count < 1:
            return []
        days = [
            rrule.weekday((_WEEKDAYS.index(match[2]) - 1) % 7, int(match[1]) if match[1] else None)
            for match in by_day
            if match is not None
        ]
        years = max(9987 - start.year, 0) // 400 * 400
        last = start + _HORIZON
        until = moment_of(rule.get("UNTIL"))
        if until is not None:
            last = min(last, until.by(zone) + (_DAY - timedelta(seconds=1) if until.is_day else timedelta()))
        found = rrule.rrule(
            frequency,
            dtstart=_late(start, years).replace(microsecond=0, fold=0),
            interval=interval,
            wkst=(_WEEKDAYS.index(rule.get("WKST", "MO")) - 1) % 7,
            until=_late(last, years),
            byweekday=days or None,
            **given,
        )
        return [_late(one, -years) for one in islice(found, min(count, _MOST_INSTANCES))]
    except (ValueError, OverflowError, TypeError, IndexError):
        return []


def _late(moment: datetime, years: int) -> datetime:
    # Rules without any instance are followed to the year 9999. Days and leap years are the same 400 years later.
    return moment.replace(year=moment.year + years)


@dataclass(frozen=True, slots=True)
class CountedOut:
    """A set of instances as Outlook can have it.

    Attributes:
        recurrence: A weekly pattern.
        deleted: The days of it that have no instance.
        moved: (original start, its true start) of instances at another time of day than the first.
    """

    recurrence: Recurrence
    deleted: tuple[date, ...]
    moved: tuple[tuple[LocalTime, LocalTime], ...]


def counted_out(starts: list[datetime], first: datetime) -> CountedOut | None:
    """Return instances as a weekly pattern with days deleted; None when there is but one.

    Outlook has one instance a day: the first one is taken.

    Args:
        starts: Naive starts.
        first: Start of the series, which none of them precedes.
    """
    by_day: dict[date, datetime] = {}
    for start in sorted({first, *starts})[:_MOST_INSTANCES]:
        if first <= start <= first + _HORIZON:
            by_day.setdefault(start.date(), start)
    days = list(by_day)
    if len(days) < 2:
        return None
    weekdays = tuple(sorted({day.isoweekday() % 7 for day in days}))
    recurrence = Recurrence(Frequency.WEEKLY, 1, weekdays, until=days[-1], first_weekday=1)
    deleted = tuple([day for day in recurrence.days(days[0]) if day not in by_day])
    moved = tuple(
        [
            (LocalTime(datetime.combine(day, first.time())), LocalTime(start))
            for day, start in by_day.items()
            if start.time() != first.time()
        ]
    )
    return CountedOut(recurrence, deleted, moved)
