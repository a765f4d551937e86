"""Random changes and faults over every pair of kinds of store in memory; `tests.machine` says what must hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from mailconnector.items import JournalEntry, Task
from mailconnector.sync import Radius, Side
from tests.exchange import PAIRS, folder_named
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
    with _found("file-server") as machine:
        machine.add_to_both()
        machine.edit_thing(by_other=False, pick=1, side=Side.LOCAL, which=63)
        machine.be_killed(at=at)
        machine.have_faults(at=1, radius=Radius.FOLDER)
        machine.edit_thing(by_other=False, pick=1, side=Side.LOCAL, which=53)
        machine.check_all()


@pytest.mark.parametrize("at", range(26, 38))
def test_what_another_program_drops_after_a_killed_run_comes_back(at: int) -> None:
    with _found("file-server") as machine:
        machine.add_to_both()
        machine.edit_thing(by_other=False, pick=1, side=Side.LOCAL, which=63)
        machine.be_killed(at=at)
        machine.edit_thing(by_other=True, pick=59, side=Side.REMOTE, which=44)
        machine.check_all()


@pytest.mark.parametrize("at", range(18, 30))
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("kinds", sorted(PAIRS))
def test_what_a_killed_run_has_sent_and_others_have_edited_is_merged(kinds: str, side: Side, at: int) -> None:
    with _found(kinds) as machine:
        machine.edit_thing(by_other=False, pick=0, side=side, which=0)
        machine.be_killed(at=at)
        machine.edit_thing_on_both_sides(by_other=False, other=1, pick=0, which=0)
        machine.check_all()


@pytest.mark.parametrize("at", range(1, 14))
@pytest.mark.parametrize("kinds", sorted(PAIRS))
def test_what_an_interrupted_run_has_added_is_merged_though_ids_became_void(kinds: str, at: int) -> None:
    with _found(kinds) as machine:
        machine.add_thing(kind=Task, side=Side.LOCAL)
        machine.lose_connection(at=at)
        machine.renew(pick=0)
        machine.edit_thing_on_both_sides(by_other=False, other=1, pick=2, which=0)
        machine.check_all()


@pytest.mark.parametrize("at", range(28, 38))
@pytest.mark.parametrize("kinds", sorted(PAIRS))
def test_an_edit_of_what_was_there_is_not_taken_for_what_a_killed_run_has_added(kinds: str, at: int) -> None:
    with _found(kinds) as machine:
        machine.edit_thing_on_both_sides(by_other=False, other=1, pick=1, which=1)
        machine.be_killed(at=at)
        machine.edit_thing_on_both_sides(by_other=False, other=0, pick=1, which=2)
        machine.check_all()


@pytest.mark.parametrize("at", range(1, 7))
@pytest.mark.parametrize("kinds", sorted(PAIRS))
def test_what_people_do_not_see_is_an_edit_after_an_interrupted_run_as_well(kinds: str, at: int) -> None:
    with _found(kinds) as machine:
        machine.edit_thing(by_other=False, pick=0, side=Side.REMOTE, which=0)
        machine.lose_connection(at=at)
        machine.edit_thing(by_other=False, pick=0, side=Side.LOCAL, which=2)
        machine.check_all()


@pytest.mark.parametrize("kinds", sorted(PAIRS))
def test_a_folder_that_is_renamed_for_its_name_is_taken_is_created_all_the_same(kinds: str) -> None:
    with _found(kinds) as machine:
        machine.create_folder(name="A", pick=1, side=Side.LOCAL)
        machine.create_folder(name="B", pick=0, side=Side.LOCAL)
        machine.be_killed(at=0)
        machine.move_folder(goal=39, name="B", pick=1, side=Side.LOCAL)
        machine.create_folder(name="B", pick=1, side=Side.REMOTE)
        machine.move_folder(goal=28, name="B", pick=1, side=Side.REMOTE)
        machine.check_all()


@pytest.mark.parametrize("at", range(1, 12))
@pytest.mark.parametrize("kinds", sorted(PAIRS))
def test_edits_of_what_people_do_not_see_around_an_interrupted_run_are_both_kept(kinds: str, at: int) -> None:
    with _found(kinds) as machine:
        machine.edit_thing(by_other=False, pick=0, side=Side.LOCAL, which=2)
        machine.lose_connection(at=at)
        machine.edit_thing(by_other=False, pick=0, side=Side.REMOTE, which=2)
        for side in Side:  # the two may clash, whatever came of the first one
            machine.touched[side] |= machine.touched[side.other]
        machine.check_all()


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("kinds", sorted(PAIRS))
def test_a_folder_takes_the_name_of_one_that_is_gone(kinds: str, side: Side) -> None:
    with _found(kinds) as machine:
        machine.create_folder(name="A", pick=1, side=side)
        machine.create_folder(name="B", pick=1, side=side)
        machine.check_all()
        other = machine.exchange.side(side.other)
        other.delete_folder(folder_named(other, "B"))
        store = machine.exchange.side(side)
        store.move_folder(folder_named(store, "B"), "", "C")
        store.move_folder(folder_named(store, "A"), "", "B")
        store.create_folder("", "A")
        for one in (store, other):
            one.barrier()
        machine.check_all()
        # By their paths alone, nobody can tell that B is what was A.
        if store.capabilities.stable_folder_ids:
            assert {state.name for state in other.folders()} >= {"A", "B", "C"}


@pytest.mark.parametrize("kinds", sorted(PAIRS))
def test_copies_that_differ_in_what_people_do_not_see_are_told_apart_without_a_state(kinds: str) -> None:
    with _found(kinds) as machine:
        machine.edit_thing_on_both_sides(by_other=False, other=4, pick=1, which=4)
        machine.lose_state(edited=None, pick=0, which=0)
        machine.edit_thing_on_both_sides(by_other=False, other=0, pick=1, which=0)
        machine.check_all()


@pytest.mark.parametrize("kinds", sorted(PAIRS))
def test_two_mails_of_one_name_are_told_apart_without_a_state(kinds: str) -> None:
    with _found(kinds) as machine:
        machine.add(flagged=True, pick=0, side=Side.REMOTE)
        machine.check_all()
        machine.edit(pick=0, side=Side.LOCAL)
        machine.edit(pick=0, side=Side.REMOTE)
        machine.lose_state(edited=Side.LOCAL, pick=0, which=0)
        machine.edit(pick=0, side=Side.LOCAL)
        machine.check_all()


@pytest.mark.parametrize("radius", [Radius.ITEM, Radius.FOLDER, Radius.STORE])
@pytest.mark.parametrize("at", range(5))
@pytest.mark.parametrize("kinds", sorted(PAIRS))
def test_copies_are_not_linked_before_they_could_be_compared(kinds: str, at: int, radius: Radius) -> None:
    with _found(kinds) as machine:
        machine.add_thing_to_both(kind=JournalEntry, other=1, which=0)
        machine.have_faults(at=at, radius=radius)
        machine.check_all()


@pytest.mark.parametrize("at", range(1, 24))
@pytest.mark.parametrize("kinds", sorted(PAIRS))
def test_what_each_side_moved_elsewhere_is_one_whatever_could_not_be_looked_into(kinds: str, at: int) -> None:
    with _found(kinds) as machine:
        for name in "ABC":
            machine.create_folder(name=name, pick=1, side=Side.LOCAL)
        machine.add(flagged=False, pick=1, side=Side.LOCAL)
        machine.check_all()
        machine.move(goal=2, pick=0, side=Side.LOCAL)
        machine.move(goal=3, pick=0, side=Side.REMOTE)
        machine.have_faults(at=at, radius=Radius.FOLDER)
        machine.check_all()


@contextmanager
def _found(kinds: str) -> Iterator[SyncMachine]:
    """A machine for steps that were found by machines."""
    machine = type(f"Found_{kinds}", (SyncMachine,), {"kinds": kinds})()
    assert isinstance(machine, SyncMachine)
    try:
        yield machine
    finally:
        machine.end()
