"""Flags as sets, and how two sides' changes merge."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.items import Flags
from mailconnector.sync.flags import (
    ALL_FLAGS,
    EVERY_FLAG,
    FLAGGED,
    FORWARDED,
    SEEN,
    FlagDomain,
    FlagSet,
    flags_of,
    from_text,
    kept,
    merge,
    to_flags,
    to_text,
)

SETS = st.frozensets(st.sampled_from((SEEN, FLAGGED, "red", "Blue category")))


def test_every_field_has_its_name() -> None:
    flags = Flags(True, True, True, True, True, True, ("a b", "c"))
    assert to_flags(flags_of(flags)) == flags
    assert flags_of(Flags()) == frozenset()


@given(SETS | st.frozensets(st.text(min_size=1)) | st.frozensets(st.text(st.sampled_from("\n\x1ben"), min_size=1)))
def test_text_and_back(names: FlagSet) -> None:
    assert from_text(to_text(names)) == names


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        (ALL_FLAGS, {SEEN, "red"}),
        (frozenset((SEEN,)), {SEEN}),
        (frozenset(("red", FLAGGED)), {"red"}),
        (frozenset(), set()),
        (frozenset(("\\*",)), {"red"}),
    ],
)
def test_a_side_keeps_what_it_can(domain: FlagSet, expected: set[str]) -> None:
    assert kept(frozenset((SEEN, "red")), FlagDomain(domain)) == expected


@given(SETS, SETS, SETS)
def test_both_sides_get_both_changes(base: FlagSet, local: FlagSet, remote: FlagSet) -> None:
    to_local, to_remote = merge(local, base, remote, base, EVERY_FLAG, EVERY_FLAG)
    assert to_local == to_remote
    assert to_local == (base | local | remote) - (base - local) - (base - remote)


@given(SETS, SETS)
def test_a_change_made_twice_is_made_once(base: FlagSet, local: FlagSet) -> None:
    # A run that was killed after sending the flags sees them on the other side as a change there.
    assert merge(local, base, local, base, EVERY_FLAG, EVERY_FLAG) == (local, local)


def test_what_a_side_cannot_hold_is_not_lost_on_the_other() -> None:
    domain = FlagDomain(frozenset((SEEN,)))
    to_local, to_remote = merge(frozenset(("red",)), frozenset(), frozenset(), frozenset(), EVERY_FLAG, domain)
    assert to_local == {"red"}
    assert not to_remote
    to_local, to_remote = merge(to_local, to_local, frozenset((SEEN,)), to_remote, EVERY_FLAG, domain)
    assert to_local == {"red", SEEN}
    assert to_remote == {SEEN}


def test_a_keyword_that_does_not_fit_stays_on_the_side_that_has_it() -> None:
    domain = FlagDomain(ALL_FLAGS, lambda name: len(name) <= 5)
    assert kept(frozenset((SEEN, "short", "longer")), domain) == {SEEN, "short"}
    assert kept(frozenset(("longer",)), replace(domain, flags=domain.flags | {"longer"})) == {"longer"}
    both = frozenset(("short", "longer"))
    to_local, to_remote = merge(both, frozenset(), frozenset(), frozenset(), EVERY_FLAG, domain)
    assert (to_local, to_remote) == (both, frozenset(("short",)))
    # Afterwards each side is as it was, and nothing is to do.
    assert merge(to_local, to_local, to_remote, to_remote, EVERY_FLAG, domain) == (to_local, to_remote)


def test_a_keyword_that_a_side_cannot_have_was_not_cleared_there() -> None:
    full = FlagDomain(ALL_FLAGS, keywords=frozenset(("old",)))
    base = frozenset((SEEN, FORWARDED, "old", "new"))
    now: FlagSet = frozenset()
    assert merge(base, base, now, base, EVERY_FLAG, full) == (frozenset(("new",)), now)
    assert merge(base, base, now, base, EVERY_FLAG, full.unchangeable()) == (frozenset(("new",)), now)
    assert merge(base, base, now, base, EVERY_FLAG, EVERY_FLAG) == (now, now)
    # Set there after all, and cleared there after that.
    assert merge(base, base, frozenset(("new",)), now, EVERY_FLAG, full) == (base, frozenset(("new",)))
