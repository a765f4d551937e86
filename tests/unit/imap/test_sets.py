from __future__ import annotations

import pytest

from mailconnector.imap.errors import ImapProtocolError, ImapUsageError
from mailconnector.imap.sets import MAX_NUMBER, UidSet, parse_ranges, spell_out


def test_numbers_become_ranges():
    assert bytes(UidSet.of([5, 1, 2, 3, 9, 10, 2])) == b"1:3,5,9:10"
    assert bytes(UidSet.of([])) == b""
    assert UidSet.of(range(1, 20_001)).ranges == ((1, 20_000),)


@pytest.mark.parametrize("number", [0, -1, MAX_NUMBER + 1])
def test_numbers_out_of_range(number):
    with pytest.raises(ImapUsageError):
        UidSet.of([1, number])


def test_a_huge_range_costs_nothing():
    everything = UidSet.parse(b"1:4294967295")
    assert len(everything) == MAX_NUMBER
    assert 12345678 in everything
    assert everything & UidSet.of([3, 4000000000]) == UidSet.of([3, 4000000000])


def test_parsing_joins_and_turns_round():
    assert UidSet.parse(b"7:5,6:9,1,2") == UidSet(((1, 2), (5, 9)))


@pytest.mark.parametrize(
    "data", [b"1:*", b"*", b"1,", b",1", b"1::2", b"a", b"0", b"1:0", b"4294967296", b"99999999999", b"1 2", b"1:"]
)
def test_what_is_no_set(data):
    with pytest.raises(ImapProtocolError):
        UidSet.parse(data)


def test_copyuid_keeps_the_order():
    assert spell_out(parse_ranges(b"304,319:320,5"), most=10) == [304, 319, 320, 5]


def test_spelling_out_is_bounded():
    with pytest.raises(ImapProtocolError):
        spell_out(parse_ranges(b"1:4294967295"), most=1_000_000)


def test_split_by_length_and_count():
    numbers = UidSet.of(range(1, 4000, 2))
    parts = list(numbers.split(length=100))
    assert all(len(bytes(part)) <= 100 for part in parts)
    assert [number for part in parts for number in part] == list(numbers)
    assert [len(part) for part in UidSet.of(range(1, 1203)).split(count=500)] == [500, 500, 202]


def test_membership():
    some = UidSet.of([1, 2, 3, 7, MAX_NUMBER])
    assert [number in some for number in (0, 1, 3, 4, 6, 7, 8, MAX_NUMBER)] == [0, 1, 1, 0, 0, 1, 0, 1]
    assert "1" not in some
