"""On which days the instances of a series are."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.items.recurrence import Frequency, Recurrence

SUNDAY, MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY = range(7)
WORKDAYS = (MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY)
FIRST = date(2024, 1, 31)  # a Wednesday


def days(recurrence: Recurrence, first: date, most: int = 5) -> list[str]:
    return [day.isoformat() for day in islice(recurrence.days(first), most)]


def test_daily() -> None:
    assert days(Recurrence(Frequency.DAILY, 3), FIRST, 3) == ["2024-01-31", "2024-02-03", "2024-02-06"]
    assert days(Recurrence(Frequency.DAILY, weekdays=WORKDAYS), date(2024, 2, 1), 4) == [
        "2024-02-01", "2024-02-02", "2024-02-05", "2024-02-06"
    ]  # fmt: skip


def test_weekly() -> None:
    every_second = Recurrence(Frequency.WEEKLY, 2, (SUNDAY, WEDNESDAY))
    # A week that begins with Sunday has it before Wednesday, one that begins with Monday after.
    assert days(every_second, FIRST, 4) == ["2024-01-31", "2024-02-11", "2024-02-14", "2024-02-25"]
    from_monday = Recurrence(Frequency.WEEKLY, 2, (SUNDAY, WEDNESDAY), first_weekday=MONDAY)
    assert days(from_monday, FIRST, 4) == ["2024-01-31", "2024-02-04", "2024-02-14", "2024-02-18"]


def test_monthly() -> None:
    assert days(Recurrence(Frequency.MONTHLY, month_day=31), FIRST, 4) == [
        "2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"
    ]  # fmt: skip
    assert days(Recurrence(Frequency.MONTHLY, 12, month_day=-1), date(2023, 2, 28), 2) == ["2023-02-28", "2024-02-29"]
    assert days(Recurrence(Frequency.MONTHLY, month_day=5), FIRST, 1) == ["2024-02-05"]


def test_nth() -> None:
    assert days(Recurrence(Frequency.MONTHLY, weekdays=(TUESDAY,), position=2), FIRST, 2) == [
        "2024-02-13", "2024-03-12"
    ]  # fmt: skip
    assert days(Recurrence(Frequency.MONTHLY, weekdays=WORKDAYS, position=-1), FIRST, 3) == [
        "2024-01-31", "2024-02-29", "2024-03-29"
    ]  # fmt: skip
    assert days(Recurrence(Frequency.MONTHLY, weekdays=(SATURDAY, SUNDAY), position=1), FIRST, 2) == [
        "2024-02-03", "2024-03-02"
    ]  # fmt: skip


def test_yearly() -> None:
    assert days(Recurrence(Frequency.YEARLY, month_day=29), date(2024, 2, 29), 3) == [
        "2024-02-29", "2025-02-28", "2026-02-28"
    ]  # fmt: skip
    assert days(Recurrence(Frequency.YEARLY, 2, (THURSDAY,), position=4), date(2024, 11, 28), 2) == [
        "2024-11-28", "2026-11-26"
    ]  # fmt: skip


def test_ends() -> None:
    assert days(Recurrence(Frequency.DAILY, count=2), FIRST) == ["2024-01-31", "2024-02-01"]
    assert days(Recurrence(Frequency.DAILY, until=date(2024, 2, 1)), FIRST) == ["2024-01-31", "2024-02-01"]
    assert Recurrence(Frequency.WEEKLY, weekdays=(WEDNESDAY,), count=3).last_day(FIRST) == date(2024, 2, 14)
    assert Recurrence(Frequency.DAILY, until=date(2024, 2, 1)).last_day(FIRST) == date(2024, 2, 1)
    assert Recurrence(Frequency.DAILY).last_day(FIRST) is None
    assert Recurrence(Frequency.DAILY, count=4_000_000_000).last_day(FIRST) is None


@pytest.mark.parametrize(
    "recurrence",
    [
        Recurrence(Frequency.MONTHLY, month_day=1, hijri=True),
        Recurrence(Frequency.YEARLY, month_day=1, calendar=8),
        Recurrence(Frequency.DAILY, regenerating=True),
        Recurrence(Frequency.DAILY, 0),
        Recurrence(Frequency.WEEKLY),
    ],
)
def test_days_that_cannot_be_told(recurrence: Recurrence) -> None:
    assert days(recurrence, FIRST) == []


@given(
    st.builds(
        Recurrence,
        st.sampled_from(Frequency),
        st.integers(-1, 1 << 32),
        st.lists(st.integers(0, 6), unique=True).map(lambda found: tuple(sorted(found))),
        st.integers(-1, 40),
        st.integers(-1, 9),
        st.none() | st.integers(0, 1 << 32),
        first_weekday=st.integers(0, 6),
    ),
    st.dates(date(1601, 1, 1), date(4600, 1, 1)),
)
def test_days_are_in_order_from_the_first_on(recurrence: Recurrence, first: date) -> None:
    found = list(islice(recurrence.days(first), 20))
    assert found == sorted(set(found))
    assert all(day >= first for day in found)


@given(st.integers(1, 12), st.dates(date(1900, 1, 1), date(2400, 1, 1)), st.integers(0, 6))
def test_weeks_lie_an_interval_apart(interval: int, first: date, first_weekday: int) -> None:
    weekday = first.isoweekday() % 7
    found = list(islice(Recurrence(Frequency.WEEKLY, interval, (weekday,), first_weekday=first_weekday).days(first), 5))
    assert found == [first + number * timedelta(weeks=interval) for number in range(5)]
