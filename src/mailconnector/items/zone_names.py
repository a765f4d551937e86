"""Windows' zones and IANA's: their names, and their rules.

Windows names its zones itself, and keeps a pair of changes for each year; IANA's data has single transitions.
The table of names is that of the Unicode CLDR as `tzlocal` ships it; the transitions are those of `zoneinfo`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from tzlocal.windows_tz import tz_win, win_tz

from mailconnector.items.zones import Change, Zone, ZoneRule

_STEP = timedelta(days=4)
_LOOK_AHEAD = 12
_FIRST_YEAR, _LAST_YEAR = 1601, 4500

# CLDR's names for it are those of territories without a place in them.
_UTC_NAMES = {"UTC": "Etc/UTC", "tzone://Microsoft/Utc": "Etc/UTC", "Coordinated Universal Time": "Etc/UTC"}

_Changes = tuple[tuple[datetime, timedelta], ...]


def iana_of_windows(name: str) -> str:
    """Return IANA's name of a zone of Windows'; "" when it has none."""
    return _UTC_NAMES.get(name) or win_tz.get(name, "")


def windows_of_iana(name: str) -> str:
    """Return Windows' name of a zone of IANA's; "" when it has none."""
    return "UTC" if name in ("UTC", "Etc/UTC", "GMT") else tz_win.get(name, "")


def zone_info(name: str) -> ZoneInfo | None:
    """Return the zone of an IANA name; None when it is not known."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # What is no name at all may be a folder, or too long for one.
        return None


@lru_cache(maxsize=16384)
def _transitions(name: str, year: int) -> tuple[timedelta, _Changes]:
    """Return (offset at the year's beginning, changes as `ZoneRule.changes` has them) of an IANA zone."""
    zone = ZoneInfo(name)

    def offset(moment: datetime) -> timedelta:
        return moment.astimezone(zone).utcoffset() or timedelta()

    first = datetime(year, 1, 1, tzinfo=UTC)
    # The year is that of the local time, which began up to a day before.
    at = first - offset(first)
    end = datetime(year + 1, 1, 1, tzinfo=UTC) - offset(datetime(year + 1, 1, 1, tzinfo=UTC))
    begin_offset = offset(at)
    found = []
    while at < end:
        then = min(at + _STEP, end)
        if offset(at) != offset(then):
            low, high = at, then
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                middle = max(middle, low + timedelta(seconds=1))
                if offset(middle) == offset(low):
                    low = middle
                else:
                    high = middle
            if high < end:
                found.append((high.replace(tzinfo=None), offset(high)))
        at = then
    return begin_offset, tuple(found)


def _fits(rule: ZoneRule, name: str, year: int) -> bool:
    """Tell whether a rule says what IANA's data says of a year."""
    begin, changes = _transitions(name, year)
    made = rule.changes(year)
    if not made:
        return not changes and begin == rule.standard
    if tuple(made) == changes:
        return begin == made[-1][1]
    # A single change is written with a second one at the turn of the year, which changes nothing then.
    (opening, before), *rest = made
    return before == begin and abs(opening - datetime(year, 1, 1)) <= timedelta(days=1) and tuple(rest) == changes


def _forms(local: datetime) -> Iterator[Change]:
    """Yield the ways to name a day of a month by its weekday."""
    time = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
    weekday = local.isoweekday() % 7
    week = (local.day - 1) // 7 + 1
    if (local + timedelta(days=7)).month != local.month:
        yield Change(local.month, 5, weekday, time)
    if week < 5:
        yield Change(local.month, week, weekday, time)


def _rule(name: str, year: int) -> ZoneRule | None:
    """Return the rule for a year of an IANA zone, of those that fit it the one that fits the next years too."""
    begin, changes = _transitions(name, year)
    if not changes:
        return ZoneRule(year, begin)
    if len(changes) > 2:
        return None
    if len(changes) == 1:
        turn = datetime(year, 1, 1)
        before, after, at = begin, changes[0][1], changes[0][0]
        opening = Change(1, 1, turn.isoweekday() % 7, timedelta())
        closing = next(_forms(at + before))
        if after > before:
            return ZoneRule(year, before, after, opening, closing)
        return ZoneRule(year, after, before, closing, opening)
    (first, middle), (second, end) = changes
    if end != begin:
        return None
    offsets = sorted((begin, middle))
    candidates = []
    for one in _forms(first + begin):
        for other in _forms(second + middle):
            to_daylight, to_standard = (one, other) if middle > begin else (other, one)
            candidates.append(ZoneRule(year, offsets[0], offsets[1], to_standard, to_daylight))
    return max(candidates, key=lambda rule: sum(_fits(rule, name, later) for later in range(year, year + _LOOK_AHEAD)))


def zone_of_iana(name: str, first: int, last: int) -> Zone | None:
    """Return an IANA zone by rules, with Windows' name where it has one.

    A year that pairs of changes cannot express, such as one with four, keeps the rule of the year before.

    Args:
        name: IANA's name.
        first: The first year for which the rules have to hold, 1601 at least.
        last: The last one, 4500 at most.

    Returns:
        The zone; None when the name is not known, or nothing is expressible.
    """
    if zone_info(name) is None:
        return None
    rules: list[ZoneRule] = []
    for year in range(max(first, _FIRST_YEAR), min(last, _LAST_YEAR) + 1):
        if rules and _fits(rules[-1], name, year):
            continue
        rule = _rule(name, year)
        if rule is not None:
            rules.append(rule)
    return Zone(windows_of_iana(name) or name, tuple(rules)) if rules else None


def iana_of_zone(zone: Zone, year: int) -> str:
    """Return IANA's name of a zone: the one its name means, if it has its rules in a year; else one that has.

    Args:
        zone: The zone.
        year: The year whose changes have to be the same, to the second.

    Returns:
        IANA's name; "" when no zone has the rules.
    """
    return iana_by_name(zone, year) or _iana_of_rule(zone.rule_of(year), year)


def iana_by_name(zone: Zone, year: int) -> str:
    """Return IANA's name that a zone's name means; "" when it means none, or one with other rules in a year."""
    rule = zone.rule_of(year)
    for name in (iana_of_windows(zone.name), zone.name):
        if name and zone_info(name) is not None and 1 < year < 9999 and _fits(rule, name, year):
            return name
    return ""


@lru_cache(maxsize=256)
def _iana_of_rule(rule: ZoneRule, year: int) -> str:
    # First the zones for which Windows' ones stand, then all: the names are of better known places.
    if not 1 < year < 9999:
        return ""
    preferred = dict.fromkeys(["Etc/UTC", *win_tz.values()])
    known = available_timezones()
    for name in [*(one for one in preferred if one in known), *sorted(known & tz_win.keys())]:
        if _fits(rule, name, year):
            return name
    return ""
