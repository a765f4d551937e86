"""What is written can be read again: names, sets, dates, rights, strings."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from mailconnector.imap.commands import CommandLine, Literal, quoted
from mailconnector.imap.dates import format_internal_date, parse_internal_date
from mailconnector.imap.names import NameCodec
from mailconnector.imap.rights import Rights
from mailconnector.imap.sets import MAX_NUMBER, UidSet
from mailconnector.imap.syntax import Cursor
from mailconnector.utf7 import decode_utf7, encode_utf7

NUMBERS = st.sets(st.one_of(st.integers(1, 60), st.integers(1, MAX_NUMBER)), max_size=60)
ZONES = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.text(st.characters(codec=None, exclude_categories=()), min_size=1))
def test_names_in_modified_utf7(name):
    raw = encode_utf7(name)
    assert raw.isascii() and all(0x20 <= byte <= 0x7E for byte in raw)
    # A pair of lone surrogates that meet is one character from then on.
    assert decode_utf7(raw) == name.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


@given(st.lists(st.binary(min_size=1, max_size=12), max_size=12), st.booleans())
def test_every_listed_name_can_be_addressed(names, utf8):
    codec = NameCodec()
    codec.utf8 = utf8
    for raw in names:
        if raw.upper() != b"INBOX":
            assert codec.encode(codec.decode(raw)) == raw
    listed = {raw: codec.decode(raw) for raw in names if raw.upper() != b"INBOX"}
    assert len(set(listed.values())) == len(listed)


@given(NUMBERS, NUMBERS)
def test_sets_are_sets(one, other):
    first, second = UidSet.of(one), UidSet.of(other)
    assert UidSet.parse(bytes(first)) == first
    assert set(first) == one and len(first) == len(one)
    assert set(first | second) == one | other
    assert set(first & second) == one & other
    assert set(first - second) == one - other
    assert all((number in first) == (number in one) for number in other)


@given(NUMBERS, st.integers(22, 80), st.integers(1, 20))
def test_parts_of_a_set_make_the_set(numbers, length, count):
    parts = list(UidSet.of(numbers).split(length=length, count=count))
    assert sorted(number for part in parts for number in part) == sorted(numbers)
    assert all(0 < len(part) <= count and len(bytes(part)) <= length for part in parts)


@given(st.datetimes(datetime(1000, 1, 2), datetime(9998, 1, 1), timezones=ZONES))
def test_dates(when):
    written = format_internal_date(when)
    assert len(written) == 28
    assert parse_internal_date(written[1:-1]) == when.replace(microsecond=0)


@given(st.sets(st.sampled_from("lrswipkxtea0n")))
def test_rights(letters):
    assert Rights.parse(Rights(frozenset(letters)).wire()).letters == letters


@given(st.binary(max_size=80))
def test_strings(data):
    parts = CommandLine("X").string(data).command().parts
    literals = [part for part in parts if isinstance(part, Literal)]
    if literals:
        assert literals[0].data == data
    else:
        assert parts == (b"X " + quoted(data),)
        assert Cursor((quoted(data),)).string() == data
