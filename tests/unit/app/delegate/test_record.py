"""What is written down of delegates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.app.delegate.record import Delegate, own_value, read_own, read_seen, seen_value

BOB = Delegate("bob", "bob@example.org", {"calendar": "editor", "tasks": "reviewer"}, on_behalf=True, requests=True)
CAROL = Delegate("carol", "carol@example.org", {"tasks": "editor"})
BOTH = {"bob": BOB, "carol": CAROL}


def test_what_is_written_is_read() -> None:
    assert read_own(own_value(BOTH)) == BOTH
    assert own_value({}) is None
    assert read_own(None) == {}


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
    assert read_own(value) == {}
    assert read_seen(value) == ("", frozenset())


@given(st.binary(max_size=300))
def test_anything_is_read_without_harm(value: bytes) -> None:
    read_own(value)
    read_seen(value)
