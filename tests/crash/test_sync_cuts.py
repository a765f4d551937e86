"""Every scenario is ended at every step - killed, or by a store that breaks down - resumed, and run again unchanged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mailconnector.sync import State
from tests.cuts import Killed, Steps, broken
from tests.exchange import PAIRS, exchange, made_of
from tests.scenarios import SCENARIOS, check, prepare
from tests.unit.items.edits import KINDS

# What goes other ways with items than with mail: edits, and what is known again.
OF_ITEMS = ("both edited", "edit and delete", "moved and edited")


@pytest.mark.parametrize("kinds", sorted(PAIRS))
@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
def test_run_ended_at_every_step(scenario: str, kinds: str, memory_path: Callable[[], Path]) -> None:
    cut(scenario, kinds, memory_path)


@pytest.mark.parametrize("scenario", OF_ITEMS)
def test_run_with_items_of_every_type_ended_at_every_step(scenario: str, memory_path: Callable[[], Path]) -> None:
    with made_of(*KINDS):
        cut(scenario, "file-poor", memory_path)


def cut(scenario: str, kinds: str, memory_path: Callable[[], Path]) -> None:
    counter = Steps()
    begin = prepare(exchange(memory_path() / "state.db", kinds), scenario)
    wanted = begin.fork(memory_path() / "state.db")
    wanted.open_state = counter.open_state
    wanted.run(wrap=counter.wrap, answer_all=wanted.answer)
    wanted.open_state = State
    wanted.settle()
    check(wanted, wanted)
    path = memory_path() / "state.db"
    for at in range(1, counter.count + 1):
        # A store that breaks down is another case than a kill, but not where the state file is written.
        for error in (Killed,) if at in counter.commits else (Killed, broken):
            world = begin.fork(path)
            steps = Steps(at, error)
            world.open_state = steps.open_state
            try:
                world.run(wrap=steps.wrap, answer_all=world.answer)
            except BaseException as ended:
                assert isinstance(ended, Killed | type(broken())), (at, ended)
                if isinstance(ended, Killed):
                    world.crash()
            world.open_state = State
            try:
                world.settle()
                check(world, wanted)
            except AssertionError as wrong:
                raise AssertionError(f"ended at step {at} of {counter.count} by {error.__name__}: {wrong}") from wrong
