"""Random changes and faults over every pair of kinds of store in memory; `tests.machine` says what must hold."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from mailconnector.items import Task
from mailconnector.sync import Radius, Side
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


@pytest.mark.parametrize("at", range(26, 38))
def test_what_a_killed_run_has_sent_is_not_taken_for_an_edit_of_others(at: int) -> None:
    machine = _found("file-server")
    try:
        machine.add_to_both()
        machine.edit_thing(by_other=False, pick=1, side=Side.LOCAL, which=63)
        machine.be_killed(at=at)
        machine.have_faults(at=1, radius=Radius.FOLDER)
        machine.edit_thing(by_other=False, pick=1, side=Side.LOCAL, which=53)
        machine.check_all()
    finally:
        machine.end()


@pytest.mark.parametrize("at", range(26, 38))
def test_what_another_program_drops_after_a_killed_run_comes_back(at: int) -> None:
    machine = _found("file-server")
    try:
        machine.add_to_both()
        machine.edit_thing(by_other=False, pick=1, side=Side.LOCAL, which=63)
        machine.be_killed(at=at)
        machine.edit_thing(by_other=True, pick=59, side=Side.REMOTE, which=44)
        machine.check_all()
    finally:
        machine.end()


@pytest.mark.parametrize("at", range(18, 30))
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("kinds", sorted(PAIRS))
def test_what_a_killed_run_has_sent_and_others_have_edited_is_merged(kinds: str, side: Side, at: int) -> None:
    machine = _found(kinds)
    try:
        machine.edit_thing(by_other=False, pick=0, side=side, which=0)
        machine.be_killed(at=at)
        machine.edit_thing_on_both_sides(by_other=False, other=1, pick=0, which=0)
        machine.check_all()
    finally:
        machine.end()


@pytest.mark.parametrize("at", range(1, 14))
@pytest.mark.parametrize("kinds", sorted(PAIRS))
def test_what_an_interrupted_run_has_added_is_merged_though_ids_became_void(kinds: str, at: int) -> None:
    machine = _found(kinds)
    try:
        machine.add_thing(kind=Task, side=Side.LOCAL)
        machine.lose_connection(at=at)
        machine.renew(pick=0)
        machine.edit_thing_on_both_sides(by_other=False, other=1, pick=2, which=0)
        machine.check_all()
    finally:
        machine.end()


def _found(kinds: str) -> SyncMachine:
    """A machine for steps that were found by machines."""
    machine = type(f"Found_{kinds}", (SyncMachine,), {"kinds": kinds})()
    assert isinstance(machine, SyncMachine)
    return machine
