"""Edits of items on a real server, by programs that do not know what a PST keeps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailconnector.items import Appointment, Contact, Task
from mailconnector.lab import DovecotServer
from mailconnector.sync import Conflict, Side, Step
from tests.exchange import items
from tests.live.pairs import RealExchange, real_exchange
from tests.scenarios import check, find_thing, put_things, things, touch

L, R = Side.LOCAL, Side.REMOTE


@pytest.fixture
def world(dovecot: DovecotServer, tmp_path: Path) -> Iterator[RealExchange]:
    world = real_exchange(tmp_path / "pair", dovecot)
    yield world
    world.close()


def test_an_edit_of_the_same_size_and_date_is_one(world: RealExchange) -> None:
    put_things(R, Task)(world)
    world.settle()
    touch(R, Task, "due")(world)
    assert world.run().done == {(Step.REPLACE, L): 1}
    check(world, world)


def test_an_edit_of_the_same_size_and_date_that_people_do_not_see_is_one(world: RealExchange) -> None:
    put_things(R, Contact)(world)
    touch(R, Contact, "custom", 1)(world)
    world.settle()
    touch(R, Contact, "custom", 2)(world)
    assert world.run().done == {(Step.REPLACE, L): 1}
    check(world, world)
    assert world.run().is_quiet


def test_the_leftover_that_another_program_dropped_comes_back_once(world: RealExchange) -> None:
    put_things(L, Contact, Appointment)(world)
    world.settle()
    before = find_thing(world, L, Contact)[2].item
    touch(R, Contact, "mobile", by_other=True)(world)
    assert world.run().done == {(Step.REPLACE, L): 1, (Step.REPLACE, R): 1}
    for side in Side:
        found = find_thing(world, side, Contact)[2].item
        assert isinstance(found, Contact) and isinstance(before, Contact)
        assert (
            found.mail.leftover.items()
            >= {key: value for key, value in before.mail.leftover.items() if not isinstance(key, int)}.items()
        )
        assert list(found.phones.values()) == ["+1 2", "+49 1"]
    assert world.run().is_quiet


def test_two_copies_that_came_by_other_ways_are_one(world: RealExchange) -> None:
    for side, field in ((L, "job title"), (R, "birthday")):
        put_things(side, Contact, Appointment)(world)
        touch(side, Contact, field)(world)
    report = world.run()
    assert report.done[Step.LINK, R] == 2
    assert [(clash.conflict, clash.title, clash.fields) for clash in report.clashes] == [
        (Conflict.MERGED, "Eva Contact", ())
    ]
    world.settle()
    check(world, world)
    found = find_thing(world, R, Contact)[2].item
    assert isinstance(found, Contact) and found.birthday and found.job_title == "Title 1"


def test_two_copies_that_say_different_things_are_both_kept(world: RealExchange) -> None:
    for number, side in enumerate(Side):
        put_things(side, Appointment)(world)
        touch(side, Appointment, "location", number)(world)
    assert [clash.conflict for clash in world.run().clashes] == [Conflict.BOTH_EDITED]
    world.settle()
    for side in Side:
        store, folder = things(world, side)
        assert len({got.item.location for got in items(store, folder) if isinstance(got.item, Appointment)}) == 2
