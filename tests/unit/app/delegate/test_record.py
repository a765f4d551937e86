"""What is written down of delegates."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.app.delegate.record import (
    Delegate,
    Place,
    Record,
    own_value,
    read_own,
    read_seen,
    seen_value,
)

BOB = Delegate("bob", "bob@example.org", {"calendar": "editor", "tasks": "reviewer"}, on_behalf=True, requests=True)
CAROL = Delegate("carol", "carol@example.org", {"tasks": "editor"})
BOTH = {"bob": BOB, "carol": CAROL}
COPIED = Delegate("dave", "dave@example.org", requests=True, since=Place(7, 12))


@pytest.mark.parametrize(
    "record", [Record(BOTH), Record(BOTH).having(COPIED), Record({"dave": COPIED}, "connector 1", Place(7, 30))]
)
def test_what_is_written_is_read(record: Record) -> None:
    assert read_own(own_value(record)) == record


def test_without_delegates_nothing_is_written() -> None:
    assert own_value(Record()) is None
    assert own_value(Record(BOTH, "connector 1").without("bob").without("carol")) is None
    assert read_own(None) == Record()


def test_who_gets_copies() -> None:
    assert Record(BOTH).having(COPIED).copied_to == [BOB, COPIED]
    assert Record(BOTH).without("bob").copied_to == []


def test_a_folder_tells_its_own_delegates_alone() -> None:
    assert read_seen(seen_value("alice@example.org", BOTH, "calendar")) == ("alice@example.org", frozenset({"bob"}))
    assert read_seen(seen_value("alice@example.org", BOTH, "tasks")) == ("alice@example.org", frozenset({"bob"}))
    assert seen_value("alice@example.org", BOTH, "journal") is None
    assert read_seen(seen_value("alice@example.org", {"carol": CAROL}, "tasks"))[1] == frozenset()


@pytest.mark.parametrize(
    "value",
    [b"", b"{", b"[]", b'{"delegates": 5}', b'{"delegates": {"bob": 1}}', b"\xff", b"[" * 50_000, b'"' + b"x" * 70_000],
)
def test_what_makes_no_sense_is_nothing(value: bytes) -> None:
    assert read_own(value) == Record()
    assert read_seen(value) == ("", frozenset())


@pytest.mark.parametrize("place", [[], [1], [1, 2, 3], ["1", 2], [True, 1], [-1, 2], [1, 1 << 40], {"1": 2}, "12"])
def test_a_place_that_makes_no_sense_is_none(place: object) -> None:
    entry = {"requests": True, "since": place}
    value = json.dumps({"delegates": {"dave": entry}, "copier": 5, "until": place}).encode()
    assert read_own(value) == Record({"dave": Delegate("dave", requests=True)})


@given(st.binary(max_size=300))
def test_anything_is_read_without_harm(value: bytes) -> None:
    read_own(value)
    read_seen(value)
