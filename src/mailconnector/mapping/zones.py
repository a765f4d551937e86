"""Time zones of items and MAPI's blobs of them ([MS-OXOCAL] 2.2.1.39 to 2.2.1.43)."""

from __future__ import annotations

from datetime import timedelta

from mailconnector.items.zones import Change, Zone, ZoneRule
from mailconnector.mapi.timezones import (
    EFFECTIVE_RULE,
    RECURRING_RULE,
    SystemTime,
    TimeZoneDefinition,
    TimeZoneFormatError,
    TimeZoneRule,
    TimeZoneStruct,
)

_MINUTE = timedelta(minutes=1)
_MILLISECOND = timedelta(milliseconds=1)
# No clock is further from UTC; a blob that says so is damaged.
_MOST = 24 * 60

# What Outlook and Exchange have in the field that nobody reads.
_UNUSED = bytes.fromhex("0100000001000000000000000000")


def zone_of_definition(data: bytes, description: str) -> Zone | None:
    """Return the zone of PidLidAppointmentTimeZoneDefinitionRecur or its kin; None when it is malformed."""
    try:
        definition = TimeZoneDefinition.parse(data)
    except TimeZoneFormatError:
        return None
    rules = tuple([_rule(rule, rule.year) for rule in definition.rules])
    if not rules or not all(map(_is_sane, rules)):
        return None
    return Zone(definition.key_name, rules, description)


def zone_of_struct(data: bytes, description: str) -> Zone | None:
    """Return the zone of PidLidTimeZoneStruct, which has no name; None when it is malformed."""
    try:
        rule = _rule(TimeZoneStruct.parse(data), 1601)
    except TimeZoneFormatError:
        return None
    return Zone("", (rule,), description) if _is_sane(rule) else None


def _is_sane(rule: ZoneRule) -> bool:
    return all(abs(offset) <= _MOST * _MINUTE for offset in (rule.standard, rule.daylight))


def _rule(stored: TimeZoneRule | TimeZoneStruct, year: int) -> ZoneRule:
    standard = -(stored.bias + stored.standard_bias) * _MINUTE
    to_standard, to_daylight = _change(stored.standard_date), _change(stored.daylight_date)
    if to_standard is None or to_daylight is None:
        return ZoneRule(year, standard)
    return ZoneRule(year, standard, -(stored.bias + stored.daylight_bias) * _MINUTE, to_standard, to_daylight)


def _change(stored: SystemTime) -> Change | None:
    if not 1 <= stored.month <= 12:
        return None
    time = timedelta(hours=stored.hour, minutes=stored.minute, seconds=stored.second, milliseconds=stored.milliseconds)
    return Change(stored.month, stored.day, stored.day_of_week, time, stored.year)


def definition_bytes(zone: Zone, *, recurring: bool) -> bytes:
    """Return a zone as PidLidAppointmentTimeZoneDefinitionRecur, or as the kin that is shown."""
    rules = []
    for number, rule in enumerate(zone.rules, start=1):
        flags = 0
        if number == len(zone.rules):
            flags = EFFECTIVE_RULE | RECURRING_RULE if recurring else EFFECTIVE_RULE
        bias, daylight_bias, standard_date, daylight_date = _stored(rule)
        rules.append(TimeZoneRule(flags, rule.since, bias, 0, daylight_bias, standard_date, daylight_date, _UNUSED))
    return TimeZoneDefinition(zone.name, tuple(rules)).to_bytes()


def struct_bytes(zone: Zone) -> bytes:
    """Return a zone's last rule as PidLidTimeZoneStruct."""
    bias, daylight_bias, standard_date, daylight_date = _stored(zone.rules[-1])
    return TimeZoneStruct(bias, 0, daylight_bias, standard_date, daylight_date).to_bytes()


def _stored(rule: ZoneRule) -> tuple[int, int, SystemTime, SystemTime]:
    bias = -(rule.standard // _MINUTE)
    if rule.to_standard is None or rule.to_daylight is None:
        return bias, 0, SystemTime(), SystemTime()
    return bias, (rule.standard - rule.daylight) // _MINUTE, _moment(rule.to_standard), _moment(rule.to_daylight)


def _moment(change: Change) -> SystemTime:
    # A change at the end of a day has no hour 24.
    time = min(change.time, timedelta(days=1) - _MILLISECOND)
    seconds, rest = divmod(time, timedelta(seconds=1))
    return SystemTime(
        change.year,
        change.month,
        change.weekday,
        change.week,
        seconds // 3600,
        seconds // 60 % 60,
        seconds % 60,
        rest // _MILLISECOND,
    )
