"""Time zones of calendars ([RFC 5545] 3.6.5): VTIMEZONE and TZID, from and to the zones of items.

A TZID that is a name of IANA's or Windows' means that zone, whatever rules stand beside it: so do all programs that
wrote them. Other zones are what their VTIMEZONE says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache

from mailconnector.formats.calendar.lines import Component, Line
from mailconnector.formats.calendar.values import moment_of, written_time
from mailconnector.items.zone_names import iana_by_name, iana_of_windows, iana_of_zone, zone_info, zone_of_iana
from mailconnector.items.zones import UTC_ZONE, Change, Zone, ZoneRule

ZONE_NAME = "X-MAILCONNECTOR-TZID"
"""The property with the zone of whole days, of floating times and of times that are written in UTC."""

_OFFSET = re.compile(r"([+-]?)(\d\d)(\d\d)(\d\d)?")
_BY_DAY = re.compile(r"([+-]?\d{0,2})(SU|MO|TU|WE|TH|FR|SA)")
_WEEKDAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
# What programs put before the name of a zone: /mozilla.org/20050126_1/Europe/Berlin.
_PREFIX = re.compile(r"/[^/]+/(?:Tzfile/|[\d_.]+/)?")
_LONGEST_NAME = 200
_YEARS_AHEAD = 11
_MOST_OBSERVANCES = 2000
_FIRST_YEAR = 1601
_YEAR_OF_COMPARISON = 2023
# As Outlook marks a zone of a known name that has rules of its own.
_OTHER_RULES = " 1"
_DAY = timedelta(days=1)


class Zones:
    """The zones of a calendar.

    Args:
        calendar: The VCALENDAR.
    """

    def __init__(self, calendar: Component) -> None:
        self.components = {part.text("TZID"): part for part in calendar.parts if part.name == "VTIMEZONE"}

    def zone(self, tzid: str, year: int) -> Zone | None:
        """Return the zone that a TZID means, by its rules from a year on; None when nothing says what it means."""
        if not tzid or len(tzid) > _LONGEST_NAME:
            return None
        name = iana_name(tzid)
        if name:
            return named_zone(name, year)
        component = self.components.get(tzid)
        name = tzid.removesuffix(_OTHER_RULES)
        return None if component is None else _zone_of(name if iana_name(name) else tzid, component, year)


def iana_name(tzid: str) -> str:
    """Return IANA's name that a TZID means; "" when it means none."""
    for name in (tzid, iana_of_windows(tzid), tzid.lstrip("/"), _PREFIX.sub("", tzid, count=1)):
        if name and _is_known(name):
            return name
    return ""


@lru_cache(maxsize=1024)
def _is_known(name: str) -> bool:
    return zone_info(name) is not None


@lru_cache(maxsize=512)
def named_zone(name: str, year: int) -> Zone | None:
    """Return an IANA zone by its rules of the years around one."""
    if name in ("UTC", "Etc/UTC", "GMT", "Etc/GMT"):
        return UTC_ZONE
    return zone_of_iana(name, max(year - 1, 1601), year + _YEARS_AHEAD)


def zone_names(component: Component) -> set[str]:
    """Return the names of the zones that a component and those within it speak of."""
    names = {line.parameter("TZID") for line in component.lines} | {component.text(ZONE_NAME).strip()}
    return names.union(*map(zone_names, component.parts)) - {""}


# -- Reading -----------------------------------------------------------------------------------------------------------


def _zone_of(tzid: str, component: Component, year: int) -> Zone | None:
    """Return the zone of a VTIMEZONE: its rules in a year, which are taken for those of all others."""
    observances = [part for part in component.parts if part.name in ("STANDARD", "DAYLIGHT")][:_MOST_OBSERVANCES]
    current: dict[str, tuple[datetime, timedelta, Change | None]] = {}
    for part in observances:
        for onset, offset, change in _onsets(part, year):
            known = current.get(part.name)
            if known is None or onset >= known[0]:
                current[part.name] = (onset, offset, change)
    if not current:
        # All begin later; the first one says what was before.
        return None
    standard, daylight = current.get("STANDARD"), current.get("DAYLIGHT")
    if standard is None or daylight is None:
        only = standard or daylight
        return None if only is None else Zone(tzid, (ZoneRule(_FIRST_YEAR, only[1]),))
    if standard[2] is None or daylight[2] is None or standard[1] == daylight[1]:
        later = max(standard, daylight, key=lambda one: one[0])
        return Zone(tzid, (ZoneRule(_FIRST_YEAR, later[1]),))
    return Zone(tzid, (ZoneRule(_FIRST_YEAR, standard[1], daylight[1], standard[2], daylight[2]),))


def _onsets(part: Component, year: int) -> Iterator[tuple[datetime, timedelta, Change | None]]:
    """Yield (last onset up to a year's end, offset from then on, the yearly change or None)."""
    first = moment_of(part.text("DTSTART"))
    offset = _offset_of(part.text("TZOFFSETTO"))
    if first is None or offset is None:
        return
    change = _change_of(part.text("RRULE"), first.local)
    rule_end = _until_year(part.text("RRULE"))
    if change is not None and first.local.year <= year <= rule_end:
        yield change.in_year(year) or first.local, offset, change
        return
    if change is not None and rule_end < year:
        yield change.in_year(min(rule_end, 9998)) or first.local, offset, None
        return
    moments = [first.local]
    for line in part.all("RDATE"):
        moments += [one.local for one in map(moment_of, line.value.split(",")[:_MOST_OBSERVANCES]) if one is not None]
    past = [moment for moment in moments if moment.year <= year]
    if past or change is None:
        last = max(past, default=first.local)
        once = None
        if last.year == year:
            time = timedelta(hours=last.hour, minutes=last.minute, seconds=last.second)
            once = Change(last.month, last.day, last.isoweekday() % 7, time, year=year)
        yield last, offset, once
    else:
        yield first.local, offset, change


def _change_of(rule: str, first: datetime) -> Change | None:
    """Return the change of a yearly rule; None when it is none that a zone can have."""
    parts = _parts(rule)
    if parts.get("FREQ") != "YEARLY" or parts.get("INTERVAL", "1") != "1":
        return None
    time = timedelta(hours=first.hour, minutes=first.minute, seconds=first.second)
    try:
        month = int(parts.get("BYMONTH", str(first.month)))
    except ValueError:
        return None
    match = _BY_DAY.fullmatch(parts.get("BYDAY", ""))
    if not 1 <= month <= 12 or match is None:
        return None
    weekday = _WEEKDAYS.index(match[2])
    if match[1] not in ("", "+", "-"):
        week = int(match[1])
        week = 5 if week == -1 else week
        return Change(month, week, weekday, time) if 1 <= week <= 5 else None
    # "The first Sunday on or after the 8th": BYMONTHDAY=8,9,10,11,12,13,14.
    try:
        days = sorted(map(int, parts.get("BYMONTHDAY", "").split(",")))
    except ValueError:
        return None
    if len(days) == 7 and days[0] % 7 == 1 and days == list(range(days[0], days[0] + 7)):
        return Change(month, days[0] // 7 + 1, weekday, time)
    last = (date(2001, month % 12 + 1, 1) - _DAY).day
    return Change(month, 5, weekday, time) if len(days) == 7 and days[-1] in (last, 29) else None


def _parts(rule: str) -> dict[str, str]:
    pairs = (one.partition("=") for one in rule.upper().split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _until_year(rule: str) -> int:
    until = moment_of(_parts(rule).get("UNTIL", ""))
    return 9999 if until is None else until.local.year


def _offset_of(value: str) -> timedelta | None:
    match = _OFFSET.fullmatch(value.strip())
    if match is None:
        return None
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]), seconds=int(match[4] or 0))
    return None if offset >= _DAY else -offset if match[1] == "-" else offset


# -- Writing -----------------------------------------------------------------------------------------------------------


def tzid_of(zone: Zone, year: int) -> str:
    """Return the name under which a calendar has a zone: IANA's where one has the rules, else the zone's own."""
    if zone == UTC_ZONE:
        return ""
    found = iana_by_name(zone, year)
    if found:
        return found
    own = re.sub(r'[\x00-\x1f\x7f";:,]', "", zone.name)[:_LONGEST_NAME] or "Local"
    if iana_name(own):
        # Other rules than those that the name has for everybody.
        return own + _OTHER_RULES
    # One look through all zones for each rule: the year in it is always the same one.
    found = iana_of_zone(zone, _YEAR_OF_COMPARISON)
    return iana_by_name(Zone(found, zone.rules), year) or own if found else own


def zone_component(tzid: str, zone: Zone) -> Component:
    """Return the VTIMEZONE of a zone."""
    component = Component("VTIMEZONE", [Line("TZID", tzid)])
    rules = zone.rules
    before = rules[0].standard
    for number, rule in enumerate(rules):
        since = _FIRST_YEAR if number == 0 else max(rule.since, _FIRST_YEAR)
        until = rules[number + 1].since - 1 if number + 1 < len(rules) else None
        changes = [("STANDARD", rule.to_standard, rule.daylight, rule.standard)]
        changes.append(("DAYLIGHT", rule.to_daylight, rule.standard, rule.daylight))
        if any(one is None or one.in_year(one.year or since) is None for _, one, _, _ in changes):
            first = datetime(since, 1, 1)
            component.parts.append(_observance("STANDARD", first, before, rule.standard))
            before = rule.standard
            continue
        for name, change, offset_from, offset_to in changes:
            onset = change.in_year(change.year or since) if change else None
            if change is None or onset is None:
                continue
            part = _observance(name, onset, offset_from, offset_to)
            last = None if until is None or change.year else change.in_year(until)
            if not change.year and until != since:
                part.lines.append(Line("RRULE", _rule(change, None if last is None else last - offset_from)))
            component.parts.append(part)
        before = _offset_at_end(rule)
    return component


def _offset_at_end(rule: ZoneRule) -> timedelta:
    is_yearly = rule.to_standard is not None and not rule.to_standard.year
    return rule.offset_of(datetime(2001, 12, 31, 23)) if is_yearly else rule.standard


def _observance(name: str, onset: datetime, offset_from: timedelta, offset_to: timedelta) -> Component:
    return Component(
        name,
        [
            Line("DTSTART", written_time(onset)),
            Line("TZOFFSETFROM", _written_offset(offset_from)),
            Line("TZOFFSETTO", _written_offset(offset_to)),
        ],
    )


def _rule(change: Change, until: datetime | None) -> str:
    day = f"{-1 if change.week == 5 else change.week}{_WEEKDAYS[change.weekday]}"
    text = f"FREQ=YEARLY;BYDAY={day};BYMONTH={change.month}"
    return text if until is None else f"{text};UNTIL={written_time(until)}Z"


def _written_offset(offset: timedelta) -> str:
    seconds = abs(offset) // timedelta(seconds=1)
    sign = "-" if offset < timedelta() else "+"
    tail = f"{seconds % 60:02}" if seconds % 60 else ""
    return f"{sign}{seconds // 3600:02}{seconds // 60 % 60:02}{tail}"
