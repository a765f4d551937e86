"""Tags and file times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.errors import MailConnectorError
from mailconnector.mapi.types import (
    MULTIPLE,
    FileTime,
    MapiError,
    PropertyType,
    make_tag,
    tag_id,
    tag_type,
)


def test_a_tag_is_its_id_above_its_type() -> None:
    assert make_tag(0x0037, PropertyType.STRING) == 0x0037001F
    assert tag_id(0x8F37101F) == 0x8F37
    assert tag_type(0x8F37101F) == 0x101F


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_tags_round_trip(property_id: int, property_type: int) -> None:
    tag = make_tag(property_id, property_type)
    assert (tag_id(tag), tag_type(tag)) == (property_id, property_type)


def test_multi_valued_types_are_their_base_type_with_a_bit() -> None:
    multiple = [member for member in PropertyType if member.name.startswith("MULTIPLE_")]
    assert len(multiple) == 12
    for member in multiple:
        assert member == MULTIPLE | PropertyType[member.name.removeprefix("MULTIPLE_")]


@pytest.mark.parametrize(
    ("ticks", "moment"),
    [
        (0, datetime(1601, 1, 1, tzinfo=UTC)),
        (116_444_736_000_000_000, datetime(1970, 1, 1, tzinfo=UTC)),
        (0x01C5C8D5E8C6D000, datetime(2005, 10, 4, 11, 22, 30, 885_990, tzinfo=UTC)),
        (19, datetime(1601, 1, 1, microsecond=1, tzinfo=UTC)),
        (FileTime.NONE - 1, datetime(4500, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    ],
)
def test_file_times_are_datetimes_in_utc(ticks: int, moment: datetime) -> None:
    converted = FileTime(ticks).to_datetime()
    assert converted == moment
    assert converted is not None
    assert converted.tzinfo is UTC


def test_no_date_is_the_first_day_of_4501() -> None:
    assert FileTime.from_datetime(datetime(4501, 1, 1, tzinfo=UTC)) == FileTime.NONE == 0x0CB34557A3DD4000
    assert FileTime(FileTime.NONE).to_datetime() is None


def test_a_file_time_ends_with_the_year_9999() -> None:
    last = FileTime.from_datetime(datetime.max.replace(tzinfo=UTC))
    assert FileTime(last + 9).to_datetime() == datetime.max.replace(tzinfo=UTC)
    assert FileTime(last + 10).to_datetime() is None
    assert FileTime((1 << 64) - 1).to_datetime() is None


@given(st.datetimes(min_value=datetime(1601, 1, 1), timezones=st.just(UTC)))
def test_datetimes_round_trip(moment: datetime) -> None:
    ticks = FileTime.from_datetime(moment)
    assert ticks == FileTime.NONE or ticks.to_datetime() == moment


@given(st.integers(0, (1 << 64) - 1))
def test_every_stored_value_survives_as_a_number(ticks: int) -> None:
    moment = FileTime(ticks).to_datetime()
    assert int(FileTime(ticks)) == ticks
    assert moment is None or FileTime.from_datetime(moment) == ticks // 10 * 10


def test_another_time_zone_is_the_same_moment() -> None:
    noon = datetime(2024, 5, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert FileTime.from_datetime(noon) == FileTime.from_datetime(datetime(2024, 5, 1, 10, tzinfo=UTC))


def test_what_is_no_file_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        FileTime.from_datetime(datetime(2024, 5, 1))
    with pytest.raises(ValueError, match="1601"):
        FileTime.from_datetime(datetime(1600, 12, 31, tzinfo=UTC))


def test_now_is_now() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    moment = FileTime.now().to_datetime()
    assert moment is not None
    assert before <= moment <= datetime.now(UTC) + timedelta(milliseconds=1)


def test_errors_carry_a_hint() -> None:
    error = MapiError("broken", hint="mend it")
    assert isinstance(error, MailConnectorError)
    assert (str(error), error.hint) == ("broken", "mend it")
    assert MailConnectorError("broken").hint == ""
