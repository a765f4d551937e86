"""Random changes and faults over every pair of kinds of store in memory; `tests.machine` says what must hold."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.exchange import PAIRS
from tests.machine import SyncMachine


def converge(kinds: str, examples: int, steps: int) -> None:
    machine = type(f"Machine_{kinds}", (SyncMachine,), {"kinds": kinds})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, suppress_health_check=list(HealthCheck), deadline=None
        ),
    )


@pytest.mark.parametrize("kinds", sorted(PAIRS))
def test_random_changes_converge(kinds: str) -> None:
    converge(kinds, 30, 25)


@pytest.mark.slow
@pytest.mark.parametrize("kinds", sorted(PAIRS))
def test_many_random_changes_converge(kinds: str) -> None:
    converge(kinds, 250, 40)
