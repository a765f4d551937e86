"""Recurrence blobs, byte by byte, to structures and back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.mapi.recurrence import (
    NEVER_ENDS,
    AppointmentRecurrence,
    EndType,
    ExceptionInfo,
    ExtendedException,
    Frequency,
    OverrideFlags,
    PatternType,
    RecurrenceFormatError,
    RecurrencePattern,
    minutes_of,
    moment_of,
    parse_appointment,
)

UINT16 = st.integers(0, 0xFFFF)
UINT32 = st.integers(0, 0xFFFFFFFF)
DATES = st.lists(UINT32, max_size=4).map(tuple)
BLOCKS = st.binary(max_size=12)


@st.composite
def patterns(draw: st.DrawFn, tails: st.SearchStrategy[bytes] = BLOCKS) -> RecurrencePattern:
    """Return a pattern of any type, with any values in the fields that its type has."""
    kind = draw(st.sampled_from(PatternType))
    nth = kind in (PatternType.MONTH_NTH, PatternType.HIJRI_MONTH_NTH)
    weekly = kind is PatternType.WEEK
    daily = kind is PatternType.DAY
    return RecurrencePattern(
        frequency=draw(st.sampled_from(Frequency) | UINT16),
        pattern_type=kind,
        calendar_type=draw(UINT16),
        first_date_time=draw(UINT32),
        period=draw(UINT32),
        sliding=draw(UINT32),
        days=draw(UINT32) if weekly or nth else 0,
        day=0 if weekly or nth or daily else draw(UINT32),
        nth=draw(UINT32) if nth else 0,
        end_type=draw(st.sampled_from(EndType) | UINT32),
        count=draw(UINT32),
        first_weekday=draw(UINT32),
        deleted=draw(DATES),
        modified=draw(DATES),
        start=draw(UINT32),
        end=draw(UINT32),
        reader_version=draw(UINT16),
        writer_version=draw(UINT16),
        tail=draw(tails),
    )


WIDE = st.text(max_size=12)


@st.composite
def exceptions(draw: st.DrawFn, writer_version: int) -> ExceptionInfo:
    """Return a changed instance as a writer of some version writes it."""
    numbers = st.none() | UINT32
    subject, location = draw(st.none() | BLOCKS), draw(st.none() | BLOCKS)
    texts = subject is not None or location is not None
    extended = ExtendedException(
        highlight=draw(st.binary(max_size=9)) if writer_version >= 0x3009 else b"",
        reserved_1=draw(BLOCKS),
        times=draw(st.tuples(UINT32, UINT32, UINT32)) if texts else (0, 0, 0),
        subject=draw(WIDE) if subject is not None else "",
        location=draw(WIDE) if location is not None else "",
        reserved_2=draw(BLOCKS) if texts else b"",
    )
    return ExceptionInfo(
        *draw(st.tuples(UINT32, UINT32, UINT32)),
        subject=subject,
        meeting_type=draw(numbers),
        reminder_delta=draw(numbers),
        reminder_set=draw(numbers),
        location=location,
        busy_status=draw(numbers),
        attachment=draw(numbers),
        sub_type=draw(numbers),
        color=draw(numbers),
        other_flags=draw(st.sampled_from([0, OverrideFlags.BODY, 0x8000, 0x8200])),
        extended=extended,
    )


@st.composite
def recurrences(draw: st.DrawFn) -> AppointmentRecurrence:
    """Return a whole recurrence of an appointment."""
    version = draw(st.sampled_from([0x3007, 0x3008, 0x3009, 0x300A]))
    return AppointmentRecurrence(
        draw(patterns(st.just(b""))),
        draw(UINT32),
        draw(UINT32),
        tuple(draw(st.lists(exceptions(version), max_size=3))),
        draw(BLOCKS),
        draw(BLOCKS),
        draw(UINT32),
        version,
        draw(BLOCKS),
    )


@given(patterns())
def test_patterns_come_back(pattern: RecurrencePattern) -> None:
    assert RecurrencePattern.parse(pattern.to_bytes()) == pattern


@given(recurrences())
def test_recurrences_come_back(recurrence: AppointmentRecurrence) -> None:
    assert AppointmentRecurrence.parse(recurrence.to_bytes()) == recurrence
    assert parse_appointment(recurrence.to_bytes()) == recurrence


@given(recurrences(), st.data())
def test_damage_is_read_and_written_as_it_is_or_is_an_error(
    recurrence: AppointmentRecurrence, data: st.DataObject
) -> None:
    raw = bytearray(recurrence.to_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    try:
        read = parse_appointment(damaged)
    except RecurrenceFormatError as error:
        assert error.reason
    else:
        assert read.to_bytes() == damaged


@given(st.binary(max_size=120))
def test_noise_is_an_error_or_comes_back(noise: bytes) -> None:
    with suppress(RecurrenceFormatError):
        assert parse_appointment(noise).to_bytes() == noise


WEEKLY = bytes.fromhex(
    "0430 0430 0b20 0100 0000"  # versions, weekly, weeks, the default calendar
    "00000000 02000000 00000000"  # FirstDateTime, each second week, not sliding
    "0a000000"  # Monday and Wednesday
    "22200000 05000000 01000000"  # five times, the week begins with Monday
    "01000000 20e8cb0c"  # an instance that is not in the pattern any more
    "00000000"
    "60cdcb0c e034cc0c"
)
PATTERN = RecurrencePattern(
    frequency=Frequency.WEEKLY,
    pattern_type=PatternType.WEEK,
    period=2,
    days=0b1010,
    end_type=EndType.COUNT,
    count=5,
    first_weekday=1,
    deleted=(0x0CCBE820,),
    start=0x0CCBCD60,
    end=0x0CCC34E0,
)


def test_layout_of_a_pattern() -> None:
    assert RecurrencePattern.parse(WEEKLY) == PATTERN
    assert PATTERN.to_bytes() == WEEKLY


def test_layout_of_an_appointment() -> None:
    raw = WEEKLY + bytes.fromhex(
        "06300000 09300000 58020000 94020000 0100"
        "10d0cb0c 4cd0cb0c 60cdcb0c 1100"  # another subject, another location
        "0200 0100 41"
        "0300 0200 4243"
        "00000000"
        "04000000 0c000000 00000000"
        "10d0cb0c 4cd0cb0c 60cdcb0c"
        "0100 4100 0200 42004300"
        "00000000 00000000"
    )
    times = (0x0CCBD010, 0x0CCBD04C, 0x0CCBCD60)
    extended = ExtendedException((12).to_bytes(4, "little"), times=times, subject="A", location="BC")
    wanted = AppointmentRecurrence(
        PATTERN, 600, 660, (ExceptionInfo(*times, subject=b"A", location=b"BC", extended=extended),)
    )
    assert AppointmentRecurrence.parse(raw) == wanted
    assert wanted.to_bytes() == raw
    assert extended.change_highlight == 12
    assert wanted.exceptions[0].flags == OverrideFlags.SUBJECT | OverrideFlags.LOCATION


def test_old_versions_end_early() -> None:
    assert parse_appointment(WEEKLY) == PATTERN
    with pytest.raises(RecurrenceFormatError):
        AppointmentRecurrence.parse(WEEKLY)
    raw = WEEKLY + bytes.fromhex("06300000 06300000 58020000 94020000 0100 10d0cb0c 4cd0cb0c 60cdcb0c 0002")
    read = AppointmentRecurrence.parse(raw)
    assert read.reserved_1 is None
    assert read.tail == b""
    assert read.exceptions == (ExceptionInfo(0x0CCBD010, 0x0CCBD04C, 0x0CCBCD60, other_flags=0x200, extended=None),)
    assert read.exceptions[0].has_body
    assert read.to_bytes() == raw
    other = AppointmentRecurrence.parse(raw + b"\xff\xff\xff\xff???")
    assert (other.reserved_1, other.tail) == (None, b"\xff\xff\xff\xff???")


@pytest.mark.parametrize("cut", range(len(WEEKLY)))
def test_a_cut_pattern_is_an_error(cut: int) -> None:
    with pytest.raises(RecurrenceFormatError):
        RecurrencePattern.parse(WEEKLY[:cut])


def test_counts_are_held_against_the_blob() -> None:
    at = WEEKLY.index(bytes.fromhex("01000000 20e8cb0c"))
    with pytest.raises(RecurrenceFormatError, match="4294967295 dates"):
        RecurrencePattern.parse(WEEKLY[:at] + b"\xff" * 4 + WEEKLY[at + 4 :])


def test_an_unknown_pattern_type_is_an_error() -> None:
    with pytest.raises(RecurrenceFormatError, match="0x0007"):
        RecurrencePattern.parse(WEEKLY[:6] + b"\x07\0" + WEEKLY[8:])
    with pytest.raises(RecurrenceFormatError, match="0x0007"):
        replace(PATTERN, pattern_type=7).to_bytes()


def test_lengths_of_a_text_agree() -> None:
    raw = WEEKLY + bytes.fromhex(
        "06300000 09300000 58020000 94020000 0100 10d0cb0c 4cd0cb0c 60cdcb0c 0100 0500 0100 41"
    )
    with pytest.raises(RecurrenceFormatError, match="subject"):
        AppointmentRecurrence.parse(raw)


def test_what_has_no_room_is_an_error() -> None:
    with pytest.raises(RecurrenceFormatError):
        replace(PATTERN, period=-1).to_bytes()
    with pytest.raises(RecurrenceFormatError):
        replace(PATTERN, deleted=(1 << 32,)).to_bytes()
    without = ExceptionInfo(1, 2, 3, extended=None)
    with pytest.raises(RecurrenceFormatError, match="extension"):
        AppointmentRecurrence(PATTERN, exceptions=(without,)).to_bytes()


def test_minutes() -> None:
    assert moment_of(NEVER_ENDS) == datetime(4500, 12, 31, 23, 59)
    assert minutes_of(datetime(1601, 1, 2, 0, 1, 59)) == 24 * 60 + 1
    assert minutes_of(moment_of(0x0CCBCD60)) == 0x0CCBCD60
    with pytest.raises(RecurrenceFormatError):
        minutes_of(datetime(1600, 12, 31))
    with pytest.raises(RecurrenceFormatError):
        moment_of(1 << 33)
    with pytest.raises(RecurrenceFormatError):
        minutes_of(datetime(9999, 12, 31))
