"""Patterns of items as Outlook writes them, and back."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.items.appointment import ChangedInstance
from mailconnector.items.recurrence import Frequency, Recurrence
from mailconnector.mapi.recurrence import (
    NEVER_ENDS,
    AppointmentRecurrence,
    EndType,
    PatternType,
    RecurrenceFormatError,
    RecurrencePattern,
    minutes_of,
    moment_of,
)
from mailconnector.mapping.recurrence import appointment_bytes, make_pattern, read_appointment, read_pattern
from tests.unit.items.appointments import changed_instances, recurrences

FIRST_DAYS = st.dates(date(1995, 1, 1), date(2024, 12, 31))


@given(recurrences(), FIRST_DAYS)
def test_recurrences_come_back_from_patterns(recurrence: Recurrence, first: date) -> None:
    pattern = make_pattern(recurrence, first)
    assert read_pattern(RecurrencePattern.parse(pattern.to_bytes())) == recurrence
    assert moment_of(pattern.start).date() == first


@given(
    recurrences(),
    st.datetimes(datetime(2000, 1, 1), datetime(2024, 1, 1)),
    st.lists(changed_instances, max_size=3, unique_by=lambda one: one.original.moment.date()),
    st.frozensets(st.dates(date(2000, 1, 1), date(2030, 1, 1)), max_size=3),
)
def test_changed_and_deleted_instances_come_back(
    recurrence: Recurrence, start: datetime, changed: list[ChangedInstance], deleted: frozenset[date]
) -> None:
    in_order = tuple(sorted(changed, key=lambda one: one.original.moment))
    gone = tuple(sorted(deleted - {one.original.moment.date() for one in changed}))
    raw = appointment_bytes(recurrence, start, start.replace(hour=23, minute=59), gone, in_order)
    assert read_appointment(raw) == (recurrence, gone, in_order)


def test_a_pattern_as_outlook_writes_it() -> None:
    # Every Tuesday from 2 August 2016 on, as an Outlook of the time has it.
    pattern = make_pattern(Recurrence(Frequency.WEEKLY, weekdays=(2,)), date(2016, 8, 2))
    assert (pattern.pattern_type, pattern.days, pattern.first_date_time) == (PatternType.WEEK, 0b100, 8640)
    assert (pattern.end_type, pattern.count, pattern.end) == (EndType.NEVER, 10, NEVER_ENDS)
    yearly = make_pattern(Recurrence(Frequency.YEARLY, month_day=14), date(2016, 6, 14))
    assert (yearly.period, yearly.day, yearly.first_date_time) == (12, 14, 217440)
    monthly = make_pattern(Recurrence(Frequency.MONTHLY, weekdays=(1, 2, 3, 4, 5), position=-1), date(2024, 1, 31))
    assert (monthly.pattern_type, monthly.days, monthly.nth) == (PatternType.MONTH_NTH, 0b111110, 5)
    counted = make_pattern(Recurrence(Frequency.WEEKLY, weekdays=(1,), count=10), date(2021, 8, 9))
    assert (counted.end_type, counted.count) == (EndType.COUNT, 10)
    assert moment_of(counted.end) == datetime(2021, 10, 11)
    until = make_pattern(Recurrence(Frequency.DAILY, until=date(2021, 8, 12)), date(2021, 8, 10))
    assert (until.end_type, until.count, until.period) == (EndType.DATE, 3, 1440)


@pytest.mark.parametrize(
    ("frequency", "kind", "period"),
    [
        (0x200A, PatternType.DAY, 1441), (0x200B, PatternType.DAY, 1440), (0x200C, PatternType.WEEK, 1),
        (0x200D, PatternType.MONTH, 13), (0x200A, PatternType.MONTH, 1), (0x200A, PatternType.DAY, 0), (1, 0, 1440),
    ],
)  # fmt: skip
def test_patterns_that_contradict_themselves_are_none(frequency: int, kind: int, period: int) -> None:
    assert read_pattern(RecurrencePattern(frequency, kind, period=period)) is None


def test_damaged_blobs_are_none() -> None:
    assert read_appointment(b"") is None
    assert read_appointment(b"\x04\x30" * 40) is None
    pattern = make_pattern(Recurrence(Frequency.DAILY), date(2020, 1, 1))
    assert read_appointment(AppointmentRecurrence(pattern).to_bytes()) is not None
    assert read_appointment(pattern.to_bytes()) is not None


def test_what_has_no_room_is_an_error() -> None:
    start = datetime(2020, 1, 1, 9)
    with pytest.raises(RecurrenceFormatError):
        appointment_bytes(Recurrence(Frequency.DAILY, 1 << 30), start, start, (), ())
    with pytest.raises(RecurrenceFormatError):
        appointment_bytes(Recurrence(Frequency.DAILY), start, start, (date(1600, 1, 1),), ())
    assert minutes_of(datetime(1601, 1, 1)) == 0
