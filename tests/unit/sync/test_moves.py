"""Items that were moved: on both sides, with an edit, where a store cannot move, and with only their headers here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mailconnector.stores.memory import MemoryStore
from mailconnector.sync import (
    Conflict,
    FolderError,
    FolderOptions,
    Mode,
    Settings,
    Side,
    Step,
    Trigger,
    carrying,
)
from mailconnector.sync.flags import FLAGGED, SEEN
from mailconnector.sync.store import Outcome, Removal, Rights, Status
from tests.cuts import Killed, Steps
from tests.exchange import (
    PAIRS,
    POOR,
    Exchange,
    bodies,
    contents,
    exchange,
    folder_named,
    item_named,
    items,
    mail,
    tree,
)


@pytest.fixture(params=sorted(PAIRS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Exchange:
    made = exchange(tmp_path / "state.db", request.param)
    made.remote.put(folder_named(made.remote, "*inbox"), mail(1), frozenset((FLAGGED,)))
    for name in ("A", "B"):
        made.remote.create_folder("", name)
    made.remote.barrier()
    made.settle()
    return made


def move(store: MemoryStore, source: str, target: str, number: int = 1) -> None:
    """Move a mail as its user does, where the store can; else as mail programs do: copy it, and delete the old one."""
    folder, goal = folder_named(store, source), folder_named(store, target)
    (state,) = store.identify(folder, [item_named(store, folder, number)])
    store.move(folder, goal, [Removal(state.id, state.revision)])
    store.barrier()


def edit(store: MemoryStore, folder: str, text: str) -> None:
    place = folder_named(store, folder)
    store.edit(place, item_named(store, place, 1), mail(1, text))
    store.barrier()


def copy(store: MemoryStore, source: str, target: str) -> None:
    """Move a mail by copying it and deleting the old one: the new one has another id in every store."""
    folder, goal = folder_named(store, source), folder_named(store, target)
    (state,) = store.identify(folder, [item_named(store, folder, 1)])
    store.put(goal, mail(1), state.flags, state.date)
    store.delete(folder, [Removal(state.id, state.revision)])
    store.barrier()


def equal(world: Exchange) -> None:
    assert contents(world.local) == contents(world.remote)
    assert tree(world.local) == tree(world.remote)


@pytest.mark.parametrize("side", Side)
def test_what_was_copied_and_deleted_is_moved(world: Exchange, side: Side) -> None:
    copy(world.side(side), "*inbox", "A")
    report = world.run()
    assert report.done[Step.MOVE, side.other] == 1
    assert not {Step.ADD, Step.DELETE} & {step for step, _ in report.done}
    world.settle()
    equal(world)


@pytest.mark.parametrize("side", Side)
def test_a_run_for_one_folder_looks_where_its_new_items_come_from(world: Exchange, side: Side) -> None:
    move(world.side(side), "*inbox", "A")
    report = world.run(only=frozenset({("A",)}))
    assert report.done == {(Step.MOVE, side.other): 1}
    world.settle()
    equal(world)


@pytest.mark.parametrize("only", ["A", "B", "Inbox"])
def test_a_run_for_one_folder_does_not_double_what_each_side_moved_elsewhere(world: Exchange, only: str) -> None:
    move(world.local, "*inbox", "A")
    move(world.remote, "*inbox", "B")
    world.run(only=frozenset({(only,)}))
    world.settle()
    equal(world)
    assert sum(contents(world.local).values()) == 1


def test_a_folder_whose_time_has_not_come_is_looked_into_for_what_may_be_there(world: Exchange) -> None:
    world.settings = Settings(folders={("B",): FolderOptions(Mode.DEMAND)})
    edit(world.local, "*inbox", "edited")
    move(world.remote, "*inbox", "B")
    world.run(trigger=Trigger.START)
    equal(world)
    assert bodies(world.local) == {"edited": 1}
    # Without such a question it is left alone.
    world.remote.put(folder_named(world.remote, "B"), mail(2))
    world.remote.barrier()
    assert not world.run(trigger=Trigger.START).done


def test_a_run_for_one_folder_does_not_look_into_what_holds_only_folders(world: Exchange) -> None:
    there = folder_named(world.remote, "A")
    world.remote.configure(there, replace(world.remote._folder(there).state, selectable=False))
    edit(world.local, "*inbox", "edited")
    folder = folder_named(world.remote, "*inbox")
    (got,) = items(world.remote, folder)
    world.remote.delete(folder, [Removal(got.state.id, got.state.revision)])
    world.remote.barrier()
    report = world.run(only=frozenset({("Inbox",)}))
    assert not report.troubles
    equal(world)
    assert bodies(world.local) == {"edited": 1}


def test_what_is_gone_waits_while_a_folder_cannot_be_looked_into(world: Exchange) -> None:
    edit(world.local, "*inbox", "edited")
    move(world.remote, "*inbox", "B")

    def wrap(store: MemoryStore) -> Any:
        return Closed(store, folder_named(store, "B")) if store is world.remote else store

    report = world.run(wrap=wrap)
    assert not report.done and [trouble.folder for trouble in report.troubles] == [("B",)]
    world.settle()
    equal(world)
    assert bodies(world.local) == {"edited": 1}


class Closed:
    """A store with a folder that cannot be listed."""

    def __init__(self, store: MemoryStore, folder: str) -> None:
        self._store, self._folder = store, folder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def changes(self, folder: str, cursor: str) -> Any:
        if folder == self._folder:
            raise FolderError("not now", folder=folder)
        return self._store.changes(folder, cursor)


@pytest.mark.parametrize("only", ["B", "Inbox"])
def test_a_run_for_one_folder_does_not_double_what_was_edited_and_moved(world: Exchange, only: str) -> None:
    edit(world.local, "*inbox", "edited")
    move(world.remote, "*inbox", "B")
    world.run(only=frozenset({(only,)}))
    world.settle()
    equal(world)
    assert bodies(world.local) == {"edited": 1}


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("first", ["edited", "moved"])
def test_moved_to_one_place_on_both_sides_and_edited_on_one(world: Exchange, side: Side, first: str) -> None:
    if first == "edited":
        edit(world.side(side), "*inbox", "new")
    move(world.local, "*inbox", "A")
    move(world.remote, "*inbox", "A")
    if first == "moved":
        edit(world.side(side), "A", "new")
    report = world.run()
    assert not report.clashes
    world.settle()
    equal(world)
    assert bodies(world.local) == {"new": 1}


@pytest.mark.parametrize("edited", Side)
def test_moved_on_one_side_and_edited_on_the_other_is_one(world: Exchange, edited: Side) -> None:
    edit(world.side(edited), "*inbox", "new")
    move(world.side(edited.other), "*inbox", "A")
    world.settle()
    equal(world)
    assert bodies(world.local) == {"new": 1}
    assert [got.item.text for got in items(world.local, folder_named(world.local, "A"))] == ["new"]  # type: ignore[union-attr]


# -- a store that cannot move ----------------------------------------------------------------------------------------


def poor(*numbers: int) -> tuple[MemoryStore, str, str, list[Removal]]:
    store = MemoryStore(POOR)
    folder, target = (store.create_folder("", name).id for name in ("A", "B"))
    for number in numbers:
        store.put(folder, mail(number), frozenset((SEEN, "red")))
    states = list(store.changes(folder, "").items)
    return store, folder, target, [Removal(state.id, state.revision) for state in states]


def test_items_are_carried_with_their_flags() -> None:
    store, folder, target, removals = poor(1, 2, 3)
    before = list(store.changes(folder, "").items)
    odd = [replace(removals[0], revision="another"), removals[1], Removal("77", "x"), removals[2]]
    outcomes = carrying.move(store, folder, target, odd)
    assert [outcome.status for outcome in outcomes] == [Status.CHANGED, Status.DONE, Status.MISSING, Status.DONE]
    assert [got.state.id for got in items(store, folder)] == [before[0].id]
    there = items(store, target)
    assert [(got.item.message_id, got.state.flags, got.state.date) for got in there] == [  # type: ignore[union-attr]
        (f"<{number}@example.org>", frozenset((SEEN, "red")), before[0].date) for number in (2, 3)
    ]


@pytest.mark.parametrize("status", [Status.CHANGED, Status.MISSING])
def test_what_somebody_changes_in_this_moment_is_not_doubled(status: Status) -> None:
    store, folder, target, removals = poor(1)
    store.traits = replace(store.traits, tells_ids=True)

    class Busy:
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def delete(self, place: str, asked: list[Removal]) -> Any:
            return [Outcome(status)] if place == folder else store.delete(place, asked)

    (outcome,) = carrying.move(Busy(), folder, target, removals)  # type: ignore[arg-type]
    assert outcome.status is status
    assert not items(store, target)
    assert len(items(store, folder)) == 1


def test_a_copy_whose_original_was_edited_before_the_next_run_goes(tmp_path: Path) -> None:
    """Ended between the copy and the deletion, and edited then."""
    for at in range(1, 100):
        world = exchange(tmp_path / f"{at}.db", "file-poor")
        world.remote.put(folder_named(world.remote, "*inbox"), mail(1))
        world.remote.create_folder("", "A")
        world.settle()
        move(world.local, "*inbox", "A")
        try:
            world.run(wrap=Steps(at).wrap)
        except Killed:
            world.crash()
        inbox = folder_named(world.remote, "*inbox")
        if not list(world.remote.find(inbox, ["<1@example.org>"])):
            break  # it is moved
        edit(world.remote, "*inbox", "new")
        world.settle()
        equal(world)
        assert bodies(world.local) == {"new": 1}, at
    assert at > 3


# -- headers only ----------------------------------------------------------------------------------------------------


@pytest.fixture
def headers(tmp_path: Path) -> Exchange:
    """A mail of which only the headers are here, and two more folders."""
    world = exchange(tmp_path / "state.db", "file-server")
    world.remote.put(folder_named(world.remote, "*inbox"), mail(1, "long " * 100))
    for name in ("A", "B"):
        world.remote.create_folder("", name)
    world.settings = Settings(default=FolderOptions(max_size=50))
    world.settle()
    assert bodies(world.local) == {"": 1}
    return world


WHOLE = {"long " * 100: 1}


@pytest.mark.parametrize("then", [FolderOptions(max_size=50), FolderOptions()])
def test_a_rehearsal_of_headers_that_go_back_lists_nothing_else(headers: Exchange, then: FolderOptions) -> None:
    headers.remote.configure(folder_named(headers.remote, "A"), rights=Rights.ALL & ~Rights.ADD)
    move(headers.local, "*inbox", "A")
    headers.settings = Settings(default=then)
    assert headers.run(rehearse=True).done == {(Step.MOVE, Side.LOCAL): 1}
    headers.settle()
    assert len(items(headers.local, folder_named(headers.local, "*inbox"))) == 1


def test_headers_go_back_where_their_mail_may_not_follow(headers: Exchange) -> None:
    headers.remote.configure(folder_named(headers.remote, "A"), rights=Rights.ALL & ~Rights.ADD)
    move(headers.local, "*inbox", "A")
    report = headers.run()
    assert [clash.conflict for clash in report.clashes] == [Conflict.NOT_ALLOWED]
    assert report.done == {(Step.MOVE, Side.LOCAL): 1}
    headers.settle()
    assert bodies(headers.remote) == WHOLE
    assert len(items(headers.local, folder_named(headers.local, "*inbox"))) == 1
    headers.settings = Settings()
    headers.settle()
    equal(headers)


def test_a_mail_whose_move_fails_is_not_deleted(headers: Exchange) -> None:
    class Refusing(MemoryStore):
        def move(self, folder: str, target: str, removals: Any) -> Any:
            raise FolderError("no", folder=folder)

    move(headers.local, "*inbox", "A")
    headers.remote.__class__ = Refusing
    assert headers.run().troubles
    assert bodies(headers.remote) == WHOLE
    headers.remote.__class__ = MemoryStore
    headers.settle()
    assert bodies(headers.remote) == WHOLE
    assert items(headers.remote, folder_named(headers.remote, "A"))


def test_a_mail_whose_headers_went_to_a_folder_that_a_run_does_not_look_into(headers: Exchange) -> None:
    move(headers.local, "*inbox", "A")
    report = headers.run(only=frozenset({("Inbox",)}))
    assert "moved to A" in str(report.troubles[0].error)
    assert bodies(headers.remote) == WHOLE
    headers.settle()
    assert bodies(headers.remote) == WHOLE
    assert items(headers.remote, folder_named(headers.remote, "A"))
    headers.settings = replace(headers.settings, folders={("B",): FolderOptions(Mode.NEVER)})
    move(headers.local, "A", "B")
    for _ in range(2):
        (trouble,) = headers.run().troubles
        assert "moved to B" in str(trouble.error)
        assert bodies(headers.remote) == WHOLE
    move(headers.local, "B", "*inbox")
    headers.settle()
    assert bodies(headers.remote) == WHOLE
    assert items(headers.remote, folder_named(headers.remote, "*inbox"))


def test_a_mail_whose_headers_were_deleted_is_deleted(headers: Exchange) -> None:
    folder = folder_named(headers.local, "*inbox")
    (state,) = headers.local.identify(folder, [item_named(headers.local, folder, 1)])
    headers.local.delete(folder, [Removal(state.id, state.revision)])
    headers.local.barrier()
    headers.settle()
    assert not bodies(headers.remote)
