"""Time zones by rules, beside the same zones of IANA's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzlocal.windows_tz import win_tz

from mailconnector.items.zone_names import iana_of_windows, iana_of_zone, windows_of_iana, zone_info, zone_of_iana
from mailconnector.items.zones import UTC_ZONE, Change, Zone, ZoneRule

HOUR = timedelta(hours=1)
BERLIN = Zone(
    "W. Europe Standard Time",
    (ZoneRule(1601, HOUR, 2 * HOUR, Change(10, 5, 0, 3 * HOUR), Change(3, 5, 0, 2 * HOUR)),),
)
# With rules by years, the southern summer, half an hour, no changes, a change at midnight, and moves at odd times.
NAMES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Havana",
    "Africa/Casablanca",
    "Pacific/Chatham",
    "America/Santiago",
    "Asia/Tehran",
    "Africa/Cairo",
    "Antarctica/Troll",
    "America/Whitehorse",
    "Asia/Almaty",
    "Etc/UTC",
]
# Before, Morocco had years with four changes, which no rule can say.
FIRST, LAST = 2019, 2028
MOMENTS = st.datetimes(datetime(FIRST, 1, 2), datetime(LAST, 12, 30), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)


@pytest.mark.parametrize("name", NAMES)
@given(moment=MOMENTS)
def test_rules_say_what_the_zone_says(name: str, moment: datetime) -> None:
    zone = zone_of_iana(name, FIRST, LAST)
    assert zone is not None
    wanted = moment.astimezone(ZoneInfo(name))
    local = zone.to_local(moment)
    assert (local, local.fold) == (wanted.replace(tzinfo=None), wanted.fold)
    assert zone.to_utc(local) == moment


@pytest.mark.parametrize("name", NAMES)
def test_the_hours_around_each_change(name: str) -> None:
    zone, known = zone_of_iana(name, FIRST, LAST), ZoneInfo(name)
    assert zone is not None
    for year in range(FIRST + 1, LAST):
        for at, _ in zone.rule_of(year).changes(year):
            for minutes in range(-180, 181, 15):
                moment = at.replace(tzinfo=UTC) + timedelta(minutes=minutes)
                local = zone.to_local(moment)
                assert local == moment.astimezone(known).replace(tzinfo=None)
                assert zone.to_utc(local) == moment


def test_rules_change_with_the_years() -> None:
    zone = zone_of_iana("America/New_York", 2000, 2030)
    assert zone is not None
    assert zone.name == "Eastern Standard Time"
    assert [rule.since for rule in zone.rules] == [2000, 2007]
    assert zone.rules[1].to_daylight == Change(3, 2, 0, 2 * HOUR)
    assert zone.rules[1].to_standard == Change(11, 1, 0, 2 * HOUR)
    assert zone.rule_of(1990) == zone.rules[0]
    assert zone.rule_of(2050) == zone.rules[1]


def test_a_zone_of_iana_is_the_rule_that_windows_has() -> None:
    zone = zone_of_iana("Europe/Berlin", 2020, 2030)
    assert zone is not None
    assert zone.name == BERLIN.name
    assert zone.rules[0].to_standard == BERLIN.rules[0].to_standard
    assert zone.rules[0].to_daylight == BERLIN.rules[0].to_daylight
    assert len(zone.rules) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_zone_is_found_by_its_name(name: str) -> None:
    zone = zone_of_iana(name, FIRST, LAST)
    assert zone is not None
    found = zone_info(iana_of_zone(zone, 2024))
    assert found is not None
    start = datetime(2024, 1, 1, tzinfo=UTC)
    for hours in range(0, 24 * 365, 11):
        moment = start + hours * HOUR
        assert moment.astimezone(found).replace(tzinfo=None) == zone.to_local(moment)


def test_a_zone_without_a_known_name_is_found_by_its_rules() -> None:
    assert iana_of_zone(Zone("Customized Time Zone", BERLIN.rules), 2024) in (
        "Europe/Berlin",
        "Europe/Budapest",
        "Europe/Paris",
        "Europe/Warsaw",
    )
    assert iana_of_zone(Zone("", (ZoneRule(1601, 5.5 * HOUR),)), 2024) != ""
    assert iana_of_zone(Zone("", (ZoneRule(1601, 0.25 * HOUR),)), 2024) == ""


def test_a_name_with_other_rules_is_not_believed() -> None:
    # As if Berlin had the clocks of New York.
    eastern = zone_of_iana("America/New_York", 2024, 2024)
    assert eastern is not None
    assert iana_of_zone(Zone(BERLIN.name, eastern.rules), 2024) == "America/New_York"


def test_names_both_ways() -> None:
    assert iana_of_windows("W. Europe Standard Time") == "Europe/Berlin"
    assert windows_of_iana("Europe/Vienna") == "W. Europe Standard Time"
    assert iana_of_windows("UTC") == "Etc/UTC"
    assert windows_of_iana("Etc/UTC") == windows_of_iana("UTC") == "UTC"
    assert iana_of_windows("No Such Time") == windows_of_iana("No/Where") == ""
    for name in win_tz:
        assert zone_info(iana_of_windows(name)) is not None


@pytest.mark.parametrize("name", ["", "No/Where", "/etc/passwd", "../x", "Europe", "x" * 5000, "a\0b"])
def test_what_is_no_zone(name: str) -> None:
    assert zone_info(name) is None
    assert zone_of_iana(name, 2020, 2021) is None


def test_midnight_as_windows_writes_it() -> None:
    late = timedelta(hours=23, minutes=59, seconds=59, milliseconds=999)
    assert Change(3, 5, 4, late).in_year(2024) == datetime(2024, 3, 29)
    assert Change(3, 5, 4, 24 * HOUR).in_year(2024) == datetime(2024, 3, 29)


def test_a_change_in_one_year_alone() -> None:
    change = Change(3, 31, 0, 2 * HOUR, year=2024)
    assert change.in_year(2024) == datetime(2024, 3, 31, 2)
    assert change.in_year(2025) is None
    assert Change(2, 31, 0, 2 * HOUR, year=2024).in_year(2024) is None


@given(
    st.integers(-5, 70000), st.integers(-5, 300), st.integers(-5, 300), st.timedeltas(-48 * HOUR, 48 * HOUR),
    st.integers(-3, 12000),
)  # fmt: skip
def test_no_change_makes_a_failure(month: int, week: int, weekday: int, time: timedelta, year: int) -> None:
    Change(month, week, weekday, time).in_year(year)


def test_local_times_twice_and_never() -> None:
    twice = datetime(2024, 10, 27, 2, 30)
    assert BERLIN.to_utc(twice) == datetime(2024, 10, 27, 0, 30, tzinfo=UTC)
    assert BERLIN.to_utc(twice.replace(fold=1)) == datetime(2024, 10, 27, 1, 30, tzinfo=UTC)
    assert BERLIN.to_utc(datetime(2024, 3, 31, 2, 30)) == datetime(2024, 3, 31, 0, 30, tzinfo=UTC)
    assert UTC_ZONE.to_utc(twice) == twice.replace(tzinfo=UTC)
