"""A run that merges two edits is killed at each of its steps, and a third edit is made before the next run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mailconnector.items import Contact
from mailconnector.sync import Side
from tests.cuts import Killed, Steps
from tests.exchange import exchange
from tests.unit.items.edits import sample
from tests.unit.sync.test_merging import L, R, begin, both, edit, shared, there


@pytest.mark.parametrize("kinds", ["file-server", "file-poor", "server-file"])
@pytest.mark.parametrize("by", Side)
def test_a_run_that_was_killed_and_a_third_edit(kinds: str, by: Side, memory_path: Callable[[], Path]) -> None:
    start = begin(exchange(memory_path() / "state.db", kinds))
    shared(start, sample(Contact))
    edit(start, L, lambda item: replace(item, company="1"))
    edit(start, R, lambda item: replace(item, job_title="2"))
    at, killed = 0, True
    path = memory_path() / "state.db"
    while killed:
        at, killed = at + 1, False
        world, steps = start.fork(path), Steps(at)
        opened, world.open_state = world.open_state, steps.open_state
        try:
            world.run(wrap=steps.wrap)
        except Killed:
            killed = True
            world.crash()
        world.open_state = opened
        is_one = len(there(world.side(by))) == 1  # else it is being replaced: both are there for a moment
        if is_one:
            edit(world, by, lambda item: replace(item, office="3"))
        world.settle()
        found = both(world)
        assert (found.company, found.job_title, found.office) == ("1", "2", "3" if is_one else ""), at
    assert at > 10
