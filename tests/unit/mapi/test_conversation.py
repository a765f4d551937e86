"""The conversation index."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.mapi.conversation import (
    ConversationIndex,
    ConversationIndexFormatError,
    ResponseLevel,
)
from mailconnector.mapi.types import FileTime, MapiError

MOMENT = FileTime.from_datetime(datetime(2015, 2, 12, 13, 22, 43, tzinfo=UTC))
GUID = uuid.UUID("c85c39b2-c024-4283-81b1-3c0c5c3fdeb4")
FINE = 1 << 18
COARSE = 1 << 23
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2057, 1, 1), timezones=st.just(UTC))


@given(st.integers(0, 12).flatmap(lambda levels: st.binary(min_size=22 + 5 * levels, max_size=22 + 5 * levels)))
def test_any_bytes_of_the_right_size_round_trip(data: bytes) -> None:
    assert ConversationIndex.parse(data).to_bytes() == data


@given(st.binary(max_size=60).filter(lambda data: len(data) < 22 or (len(data) - 22) % 5 != 0))
def test_other_sizes_are_refused(data: bytes) -> None:
    with pytest.raises(ConversationIndexFormatError) as caught:
        ConversationIndex.parse(data)
    assert caught.value.size == len(data)
    assert isinstance(caught.value, MapiError)


def test_a_thread_that_outlook_began() -> None:
    index = ConversationIndex.parse(bytes.fromhex("01d046c6fc06c85c39b2c024428381b13c0c5c3fdeb4"))
    assert index.guid == GUID
    assert index.levels == ()
    assert index.began.to_datetime() == datetime(2015, 2, 12, 13, 22, 43, 946_496, tzinfo=UTC)
    assert index.written == index.began


def test_a_thread_that_exchange_began() -> None:
    # A second 1 after the first: the time's highest byte is among the five.
    index = ConversationIndex.parse(bytes.fromhex("0101d046c6fcc85c39b2c024428381b13c0c5c3fdeb4"))
    began = index.began.to_datetime()
    assert began is not None
    assert datetime(2015, 2, 12, 13, 22, 42, tzinfo=UTC) < began < datetime(2015, 2, 12, 13, 22, 45, tzinfo=UTC)


def test_a_new_thread_is_as_outlook_begins_it() -> None:
    index = ConversationIndex.new(MOMENT, GUID)
    data = index.to_bytes()
    assert len(data) == 22
    assert data[:3] == b"\x01\xd0\x46"
    assert data[6:] == GUID.bytes
    assert 0 <= MOMENT - index.began < 1 << 16


@given(MOMENTS)
def test_the_beginning_is_kept_to_six_milliseconds(moment: datetime) -> None:
    ticks = FileTime.from_datetime(moment)
    assert 0 <= ticks - ConversationIndex.parse(ConversationIndex.new(ticks).to_bytes()).began < 1 << 16


def test_every_thread_has_its_own_id_and_begins_now() -> None:
    one, other = ConversationIndex.new(), ConversationIndex.new()
    assert one.guid != other.guid
    assert 0 <= FileTime.now() - one.began < 10_000_000 * 60


def test_a_reply_adds_a_level() -> None:
    first = ConversationIndex.new(MOMENT, GUID)
    reply = first.child(FileTime(MOMENT + 3600 * 10_000_000), random=0x42)
    assert reply.to_bytes()[:22] == first.to_bytes()
    assert len(reply.to_bytes()) == 27
    assert reply.levels[0].random == 0x42
    assert not reply.levels[0].coarse
    assert abs(reply.levels[0].delay - 3600 * 10_000_000) < FINE + (1 << 16)
    assert reply.to_bytes()[22:26] == (reply.levels[0].delay >> 18).to_bytes(4, "big")


@given(MOMENTS, st.lists(st.integers(0, 3 * 365 * 86400 * 10_000_000), max_size=6))
def test_the_moment_of_each_message_adds_up(moment: datetime, delays: list[int]) -> None:
    ticks = FileTime.from_datetime(moment)
    index = ConversationIndex.new(ticks)
    for delay in delays:
        ticks = FileTime(ticks + delay)
        index = index.child(ticks)
        assert 0 <= ticks - index.written < COARSE
    assert ConversationIndex.parse(index.to_bytes()) == index


@pytest.mark.parametrize(
    ("delay", "coarse"),
    [(0, False), (FINE, False), ((1 << 49) - FINE, False), (1 << 49, True), ((1 << 54) - COARSE, True)],
)
def test_the_unit_grows_after_1_78_years(delay: int, coarse: bool) -> None:
    first = ConversationIndex.new(MOMENT, GUID)
    reply = first.child(FileTime(first.began + delay), random=0)
    assert reply.levels == (ResponseLevel(delay, 0, coarse),)
    assert bool(reply.to_bytes()[22] & 0x80) is coarse
    assert ConversationIndex.parse(reply.to_bytes()) == reply


def test_a_reply_is_not_written_before_its_message() -> None:
    first = ConversationIndex.new(MOMENT, GUID)
    assert first.child(FileTime(MOMENT - 10**12)).levels[0].delay == 0


def test_replies_of_one_moment_differ_mostly() -> None:
    first = ConversationIndex.new(MOMENT, GUID)
    replies = {first.child(FileTime(MOMENT + 1)).to_bytes() for _ in range(50)}
    assert len(replies) > 10
