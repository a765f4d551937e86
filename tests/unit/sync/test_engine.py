"""Whole runs over two stores in memory, one behaviour each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from mailconnector.items import Mail
from mailconnector.stores.memory import MemoryStore, Traits
from mailconnector.sync import (
    Answer,
    Brake,
    Conflict,
    FolderError,
    FolderOptions,
    ItemError,
    Mode,
    Radius,
    Request,
    Settings,
    Side,
    State,
    Step,
    StoreError,
    Trigger,
    Watcher,
    log,
    synchronise,
)
from mailconnector.sync.flags import FLAGGED, SEEN, FlagSet
from mailconnector.sync.plan import text
from mailconnector.sync.store import (
    Capabilities,
    Changes,
    FlagChange,
    FolderState,
    Outcome,
    Removal,
    Rights,
    SpecialUse,
    Status,
)
from tests.cuts import Killed, Steps, broken
from tests.exchange import (
    PAIRS,
    Exchange,
    bodies,
    contents,
    exchange,
    folder_named,
    item_named,
    items,
    mail,
    remove,
    tree,
)


@pytest.fixture(params=sorted(PAIRS))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Exchange:
    return exchange(tmp_path / "state.db", request.param)


@pytest.fixture
def plain(tmp_path: Path) -> Exchange:
    return exchange(tmp_path / "state.db", "twins")


def fill(world: Exchange, *numbers: int) -> None:
    for number in numbers:
        world.remote.put(folder_named(world.remote, "*inbox"), mail(number))
    world.remote.barrier()
    world.settle()


def equal(world: Exchange) -> None:
    assert contents(world.local) == contents(world.remote)
    assert tree(world.local) == tree(world.remote)


class Watched(MemoryStore):
    """A store that notes which folders are opened."""

    opened: list[str]

    def changes(self, folder: str, cursor: str) -> Changes:
        self.opened.append(folder)
        return super().changes(folder, cursor)


def watch(world: Exchange) -> list[str]:
    """Note from now on which folders are opened."""
    opened: list[str] = []
    for store in (world.local, world.remote):
        store.__class__ = Watched
        assert isinstance(store, Watched)
        store.opened = opened
    return opened


def test_mail_goes_both_ways(world: Exchange) -> None:
    world.remote.put(folder_named(world.remote, "*inbox"), mail(1), frozenset((SEEN, "red")))
    world.local.put(folder_named(world.local, "*inbox"), mail(2), frozenset((FLAGGED,)))
    report = world.run()
    assert report.done == {(Step.ADD, Side.LOCAL): 1, (Step.ADD, Side.REMOTE): 1}
    assert report.bytes_moved == 2 * len("mail 1body 1")
    equal(world)
    assert world.settle().is_quiet


def test_a_run_with_nothing_to_do_opens_no_folder(plain: Exchange) -> None:
    for number in range(30):
        plain.remote.create_folder("", f"F{number}")
    fill(plain, 1, 2)
    opened = watch(plain)
    assert plain.run().is_quiet
    assert not opened


def change_all_sorts(world: Exchange) -> None:
    """Everything that makes an effect, in either direction."""
    for side, numbers in ((Side.LOCAL, (1, 2, 3, 4)), (Side.REMOTE, (5, 6, 7, 8))):
        store = world.side(side)
        inbox, archive = folder_named(store, "*inbox"), folder_named(store, "Archive")
        store.put(inbox, mail(numbers[0] + 20))
        store.edit(inbox, item_named(store, inbox, numbers[0]), mail(numbers[0], f"new {numbers[0]}"))
        remove(store, inbox, item_named(store, inbox, numbers[1]))
        for number in numbers[2:]:
            (state,) = store.identify(inbox, [item_named(store, inbox, number)])
            if number % 2:
                store.set_flags(inbox, [FlagChange(state.id, frozenset((SEEN,)), frozenset(), state.flags)])
            else:
                store.move(inbox, archive, [Removal(state.id, state.revision)])
        store.barrier()


@pytest.mark.parametrize("kinds", ["twins", "file-server", "server-file"])
def test_a_run_after_one_with_effects_opens_no_folder(kinds: str, tmp_path: Path) -> None:
    world = exchange(tmp_path / "state.db", kinds)
    world.remote.create_folder("", "Archive")
    fill(world, *range(1, 9))
    change_all_sorts(world)
    report = world.run()
    assert {step for step, _ in report.done} >= {Step.ADD, Step.REPLACE, Step.DELETE, Step.MOVE, Step.FLAGS}
    assert not report.troubles
    opened = watch(world)
    assert world.run().is_quiet
    assert not opened
    equal(world)


def foreign_edit(store: MemoryStore) -> None:
    inbox = folder_named(store, "*inbox")
    store.edit(inbox, item_named(store, inbox, 3), mail(3, "foreign"))


def foreign_mark(store: MemoryStore) -> None:
    inbox = folder_named(store, "*inbox")
    for number in (3, 4):  # one that the run has marked itself
        (state,) = store.identify(inbox, [item_named(store, inbox, number)])
        store.set_flags(inbox, [FlagChange(state.id, frozenset((FLAGGED,)), frozenset(), state.flags)])


def foreign_deletion(store: MemoryStore) -> None:
    inbox = folder_named(store, "*inbox")
    remove(store, inbox, item_named(store, inbox, 3))


def foreign_mail(store: MemoryStore) -> None:
    store.put(folder_named(store, "*inbox"), mail(30))


def foreign_ids(store: MemoryStore) -> None:
    store.renew(folder_named(store, "*inbox"))


@pytest.mark.parametrize("meanwhile", [foreign_edit, foreign_mark, foreign_deletion, foreign_mail, foreign_ids])
@pytest.mark.parametrize("kinds", ["twins", "file-server", "server-file"])
def test_what_others_change_while_a_run_makes_its_own_changes_is_not_missed(
    kinds: str, meanwhile: Callable[[MemoryStore], None], tmp_path: Path
) -> None:
    world = exchange(tmp_path / "state.db", kinds)
    fill(world, 1, 2, 3, 4)
    for side in Side:
        store = world.side(side)
        inbox = folder_named(store, "*inbox")
        store.put(inbox, mail(10 if side is Side.LOCAL else 11))
        (state,) = store.identify(inbox, [item_named(store, inbox, 4 if side is Side.LOCAL else 2)])
        store.set_flags(inbox, [FlagChange(state.id, frozenset((SEEN,)), frozenset(), state.flags)])
        store.barrier()
    listed: list[MemoryStore] = []

    class Busy:
        """The remote store, to which something happens when it is listed after the run's own changes."""

        def __init__(self, store: MemoryStore) -> None:
            self._store = store

        def __getattr__(self, name: str) -> Any:
            return getattr(self._store, name)

        def folders(self) -> Iterable[FolderState]:
            if self._store is world.remote:
                listed.append(self._store)
                if len(listed) == 2:
                    meanwhile(self._store)
            return self._store.folders()

    world.run(wrap=Busy)
    assert len(listed) == 2
    wanted = contents(world.remote)
    world.settle()
    equal(world)
    assert contents(world.remote) == wanted


def test_edits_on_both_sides_are_both_kept(world: Exchange) -> None:
    fill(world, 1)
    for side in Side:
        store = world.side(side)
        folder = folder_named(store, "*inbox")
        store.edit(folder, item_named(store, folder, 1), mail(1, f"by {side.value}"))
    report = world.run()
    assert [clash.conflict for clash in report.clashes] == [Conflict.BOTH_EDITED]
    world.settle()
    equal(world)
    assert bodies(world.local) == {"by local": 1, "by remote": 1}


def test_an_edit_beats_a_delete(world: Exchange) -> None:
    fill(world, 1, 2)
    local, remote = folder_named(world.local, "*inbox"), folder_named(world.remote, "*inbox")
    world.local.edit(local, item_named(world.local, local, 1), mail(1, "edited"))
    remove(world.remote, remote, item_named(world.remote, remote, 1))
    report = world.run()
    assert [clash.conflict for clash in report.clashes] == [Conflict.EDIT_BEATS_DELETE]
    world.settle()
    equal(world)
    assert bodies(world.remote) == {"edited": 1, "body 2": 1}


def test_mail_that_came_to_both_by_other_ways_is_kept_once(world: Exchange) -> None:
    for store, marks in ((world.local, frozenset((SEEN,))), (world.remote, frozenset((FLAGGED,)))):
        for number in (1, 2, 2):
            store.put(folder_named(store, "*inbox"), mail(number), marks)
    world.local.put(folder_named(world.local, "*inbox"), mail(2))
    report = world.run()
    assert report.done[Step.LINK, Side.REMOTE] == 3
    world.settle()
    equal(world)
    assert bodies(world.remote) == {"body 1": 1, "body 2": 3}
    assert all({SEEN, FLAGGED} == set(flags) for _, _, body, flags in contents(world.remote) if body == "body 1")


def arrive(world: Exchange, number: int, *, body: str = "", flags: FlagSet = frozenset(), times: int = 1) -> None:
    """The user's own mail program receives a mail."""
    for _ in range(times):
        world.local.put(folder_named(world.local, "*inbox"), mail(number, body), flags, arrived=True)
    world.local.barrier()


def test_mail_that_the_mail_program_receives_after_us_is_kept_once(world: Exchange) -> None:
    fill(world, 1, 2)
    arrive(world, 1, flags=frozenset((SEEN,)))
    rehearsed = world.run(rehearse=True)
    report = world.run()
    assert report.done == rehearsed.done
    assert report.done[Step.DELETE, Side.LOCAL] == 1
    assert [(clash.conflict, clash.title) for clash in report.clashes] == [(Conflict.KEPT_ONCE, "mail 1")]
    world.settle()
    equal(world)
    assert bodies(world.local) == {"body 1": 1, "body 2": 1}
    assert {flags for _, _, body, flags in contents(world.remote) if body == "body 1"} == {(SEEN,)}


def test_what_the_user_copied_is_not_thrown_away(plain: Exchange) -> None:
    fill(plain, 1)
    plain.local.put(folder_named(plain.local, "*inbox"), mail(1))
    plain.settle()
    equal(plain)
    assert bodies(plain.remote) == {"body 1": 2}


def test_a_copy_of_what_the_mail_program_received_is_not_thrown_away(plain: Exchange) -> None:
    arrive(plain, 1)
    plain.settle()
    arrive(plain, 1)  # a copy has the marks of what it was made of
    plain.settle()
    equal(plain)
    assert bodies(plain.remote) == {"body 1": 2}


def test_what_arrived_with_another_content_is_not_thrown_away(plain: Exchange) -> None:
    fill(plain, 1)
    arrive(plain, 1, body="with a footer")
    plain.settle()
    equal(plain)
    assert bodies(plain.remote) == {"body 1": 1, "with a footer": 1}


def test_two_copies_on_the_server_stay_two(plain: Exchange) -> None:
    fill(plain, 1, 1)
    arrive(plain, 1, times=2)
    plain.settle()
    equal(plain)
    assert bodies(plain.remote) == {"body 1": 2}


def test_known_contents_that_differ_are_not_taken_for_one(plain: Exchange) -> None:
    for store in (plain.local, plain.remote):
        store.put(folder_named(store, "*inbox"), mail(1, "mine" if store is plain.local else "theirs"))
    plain.settle()
    equal(plain)
    assert bodies(plain.local) == {"mine": 1, "theirs": 1}


def test_void_ids_are_matched_without_sending_anything(world: Exchange) -> None:
    fill(world, 1, 2, 3, 4, 5)
    folder = folder_named(world.remote, "*inbox")
    world.remote.renew(folder)
    world.remote.put(folder, mail(6))
    gone = item_named(world.remote, folder, 2)
    remove(world.remote, folder, gone)
    report = world.run()
    assert report.done == {(Step.ADD, Side.LOCAL): 1, (Step.DELETE, Side.LOCAL): 1}
    world.settle()
    equal(world)
    local = folder_named(world.local, "*inbox")
    world.local.set_flags(
        local, [FlagChange(item_named(world.local, local, 4), frozenset((SEEN,)), frozenset(), frozenset())]
    )
    world.settle()
    equal(world)


def test_a_lost_state_file_doubles_nothing(world: Exchange) -> None:
    fill(world, 1, 2, 3)
    for file in world.path.parent.glob("state.db*"):
        file.unlink()
    report = world.run()
    assert report.done == {(Step.LINK, Side.REMOTE): 3}
    world.settle()
    equal(world)


# -- folders ----------------------------------------------------------------------------------------------------------


def test_folders_that_differ_by_case_stay_two(world: Exchange) -> None:
    if not world.remote.capabilities.case_sensitive:
        pytest.skip("only a remote side that tells case apart has such folders")
    for name in ("Work", "WORK"):
        folder = world.remote.create_folder("", name)
        world.remote.put(folder.id, mail(len(name) + ord(name[1])))
    world.settle()
    names = {state.name for state in world.local.folders()} - {"Inbox"}
    expected = {"Work", "WORK"} if world.local.capabilities.case_sensitive else {"Work", "WORK (2)"}
    assert names == expected
    assert {state.name for state in world.remote.folders()} == {"INBOX", "Work", "WORK"}
    assert bodies(world.local) == bodies(world.remote)


@pytest.mark.parametrize("side", Side)
def test_a_name_that_changes_its_case_only_is_followed(world: Exchange, side: Side) -> None:
    fill(world, 1)
    for store in (world.local, world.remote):
        store.put(store.create_folder("", "work").id, mail(2))
        store.barrier()
    world.settle()
    store = world.side(side)
    store.move_folder(folder_named(store, "work"), "", "Work")
    store.barrier()
    world.settle()
    equal(world)
    assert ("Work",) in tree(world.local)
    assert bodies(world.local) == {"body 1": 1, "body 2": 1}


def test_a_name_that_one_side_cannot_have_is_not_a_rename(tmp_path: Path) -> None:
    world = exchange(tmp_path / "state.db", "file-poor")
    folder = world.local.create_folder("", "in/out")
    world.local.put(folder.id, mail(1))
    world.local.barrier()
    world.settle()
    assert {state.name for state in world.local.folders()} == {"Inbox", "in/out"}
    assert {state.name for state in world.remote.folders()} == {"INBOX", "in_out"}


def test_special_folders_are_paired_whatever_their_names(world: Exchange) -> None:
    drafts = world.local.create_folder("", "Entwürfe", special=SpecialUse.DRAFTS)
    inbox = folder_named(world.remote, "*inbox")
    world.remote.create_folder(inbox, "Drafts", special=SpecialUse.DRAFTS)
    world.local.put(drafts.id, mail(1))
    world.local.barrier()
    world.settle()
    assert bodies(world.remote) == {"body 1": 1}
    world.local.move_folder(drafts.id, "", "Brouillons")
    world.local.barrier()
    world.settle()
    assert {state.name for state in world.remote.folders()} == {"INBOX", "Drafts"}


def test_a_folder_that_holds_no_items_is_followed_but_not_opened(plain: Exchange) -> None:
    made = plain.remote.create_folder("", "Above")
    plain.remote.configure(made.id, replace(made, selectable=False))
    below = plain.remote.create_folder(made.id, "Below")
    plain.remote.put(below.id, mail(1))
    plain.settle()
    assert tree(plain.local) == [("*inbox",), ("Above",), ("Above", "Below")]


@pytest.mark.parametrize("side", Side)
def test_a_folder_that_holds_no_items_is_made_to_hold_what_the_other_side_has(world: Exchange, side: Side) -> None:
    other = world.side(side.other)
    made = other.create_folder("", "Above")
    other.configure(made.id, replace(made, selectable=False))
    other.create_folder(made.id, "Below")
    other.barrier()
    world.settle()
    here = world.side(side)
    here.put(folder_named(here, "Above"), mail(2))
    here.barrier()
    rehearsed = world.run(rehearse=True)
    assert [(action.step, action.side, action.path) for action in rehearsed.folders] == [
        (Step.CREATE, side.other, ("Above",))
    ]
    report = world.run()
    assert not report.troubles
    assert [(action.step, action.side) for action in report.folders] == [(Step.CREATE, side.other)]
    world.settle()
    equal(world)
    assert bodies(other) == {"body 2": 1}


def test_a_folder_that_cannot_be_made_to_hold_items_leaves_them_where_they_are(plain: Exchange) -> None:
    class Refusing(MemoryStore):
        def make_selectable(self, folder: str) -> FolderState:
            raise FolderError("not here", folder=folder)

    made = plain.remote.create_folder("", "Above")
    plain.remote.configure(made.id, replace(made, selectable=False))
    fill(plain, 1)
    plain.local.put(folder_named(plain.local, "Above"), mail(2))
    plain.remote.__class__ = Refusing
    report = plain.run()
    (trouble,) = report.troubles
    assert trouble.folder == ("Above",)
    assert "not here" in str(trouble.error)
    assert trouble.error.hint
    assert bodies(plain.local) == {"body 1": 1, "body 2": 1}


def test_deleting_a_folder_spares_what_the_other_side_did_not_want(plain: Exchange) -> None:
    old = plain.remote.create_folder("", "Old")
    plain.remote.put(old.id, mail(1), date=datetime(2001, 1, 1, tzinfo=UTC))
    plain.remote.put(old.id, mail(2))
    plain.settings = Settings(default=FolderOptions(since=date(2020, 1, 1)))
    plain.settle()
    local = folder_named(plain.local, "Old")
    remove(plain.local, local, item_named(plain.local, local, 2))
    plain.local.delete_folder(local)
    plain.settle()
    # The old mail was never here, so deleting the folder here cannot have meant it.
    assert bodies(plain.remote) == {"body 1": 1}
    assert tree(plain.local) == tree(plain.remote)


# -- caution ----------------------------------------------------------------------------------------------------------


def emptied(world: Exchange, count: int = 4) -> Exchange:
    fill(world, *range(count))
    folder = folder_named(world.local, "*inbox")
    for number in range(count):
        remove(world.local, folder, item_named(world.local, folder, number))
    world.local.barrier()
    return world


def test_an_emptied_side_waits_for_a_word(world: Exchange) -> None:
    emptied(world)
    report = world.run()
    (held,) = report.held
    assert (held.side, held.deletions, held.items, held.emptied) == (Side.REMOTE, 4, 4, True)
    assert set(held.titles) == {"mail 0", "mail 1", "mail 2", "mail 3"}
    assert sum(bodies(world.remote).values()) == 4
    assert world.run().held == report.held
    world.run(answers={held.row: Answer.DELETE})
    assert not bodies(world.remote)


def test_an_emptied_side_can_be_filled_again(world: Exchange) -> None:
    emptied(world)
    world.run(answer_all=Answer.RESTORE)
    world.settle()
    assert sum(bodies(world.local).values()) == 4
    equal(world)


def test_a_store_without_folders_deletes_nothing(world: Exchange) -> None:
    fill(world, 1, 2, 3)
    world.remote.create_folder("", "Empty")
    world.settle()
    world.local = MemoryStore(world.local.traits)
    report = world.run()
    assert report.held
    assert all(held.emptied for held in report.held)
    assert len(list(world.remote.folders())) == 2
    assert sum(bodies(world.remote).values()) == 3
    for _ in range(3):
        world.run(answer_all=Answer.RESTORE)
    assert sum(bodies(world.local).values()) == 3


def test_a_new_empty_file_in_the_place_of_the_old_one_deletes_nothing(world: Exchange) -> None:
    fill(world, 1, 2, 3)
    world.local = MemoryStore(world.local.traits)
    world.local.create_folder("", "Inbox", special=SpecialUse.INBOX)
    report = world.run()
    assert [held.emptied for held in report.held] == [True]
    world.run(answer_all=Answer.RESTORE)
    world.settle()
    assert sum(bodies(world.local).values()) == 3
    equal(world)


def test_too_many_deletions_in_one_folder_are_held(plain: Exchange) -> None:
    plain.settings = Settings(brake=Brake(share=0.5, free=2))
    plain.local.put(plain.local.create_folder("", "Other").id, mail(99))
    emptied(plain, 4)
    plain.remote.put(folder_named(plain.remote, "*inbox"), mail(50))
    report = plain.run()
    (held,) = report.held
    assert (held.folder, held.deletions, held.emptied) == (("Inbox",), 4, False)
    assert report.done == {(Step.ADD, Side.LOCAL): 1}, "the rest goes on"
    assert plain.run(answers={held.row: Answer.DELETE}).done == {(Step.DELETE, Side.REMOTE): 4}


def test_the_trash_may_be_emptied(plain: Exchange) -> None:
    plain.settings = Settings(brake=Brake(share=0.5, free=2))
    fill(plain, 1)
    trash = plain.remote.create_folder("", "Trash", special=SpecialUse.TRASH).id
    for number in range(5):
        plain.remote.put(trash, mail(10 + number))
    plain.settle()
    for number in range(5):
        remove(plain.remote, trash, item_named(plain.remote, trash, 10 + number))
    report = plain.run()
    assert not report.held
    assert report.done == {(Step.DELETE, Side.LOCAL): 5}
    for number in range(2):  # but not when nothing is left anywhere
        plain.remote.put(trash, mail(20 + number))
    plain.settle()
    inbox = folder_named(plain.remote, "*inbox")
    remove(plain.remote, inbox, item_named(plain.remote, inbox, 1))
    for number in range(2):
        remove(plain.remote, trash, item_named(plain.remote, trash, 20 + number))
    assert {held.folder for held in plain.run().held} == {("Inbox",), ("Trash",)}


def test_small_deletions_in_many_folders_are_held_together(plain: Exchange) -> None:
    plain.settings = Settings(brake=Brake(share=0.5, free=4))
    for name in "ABC":
        folder = plain.remote.create_folder("", name).id
        for number in range(3):
            plain.remote.put(folder, mail(ord(name) * 10 + number))
    plain.settle()
    for name in "AB":
        folder = folder_named(plain.local, name)
        for number in range(3):
            remove(plain.local, folder, item_named(plain.local, folder, ord(name) * 10 + number))
    report = plain.run()
    assert [(held.folder, held.deletions, held.items) for held in report.held] == [(("A",), 3, 3), (("B",), 3, 3)]
    assert sum(bodies(plain.remote).values()) == 9
    plain.run(answer_all=Answer.DELETE)
    equal(plain)


# -- read-only folders -----------------------------------------------------------------------------------------------


def test_edits_in_a_read_only_folder_are_kept_and_taken_back(world: Exchange) -> None:
    fill(world, 1, 2, 3)
    world.remote.configure(folder_named(world.remote, "*inbox"), rights=Rights.NONE)
    before = contents(world.remote)
    folder = folder_named(world.local, "*inbox")
    world.local.edit(folder, item_named(world.local, folder, 1), mail(1, "mine"))
    world.local.put(folder, mail(4))
    remove(world.local, folder, item_named(world.local, folder, 2))
    (state,) = world.local.identify(folder, [item_named(world.local, folder, 3)])
    world.local.set_flags(folder, [FlagChange(state.id, frozenset((SEEN,)), frozenset(), state.flags)])
    world.local.barrier()
    report = world.run()
    assert [clash.conflict for clash in report.clashes] == [Conflict.NOT_ALLOWED] * 3
    world.settle()
    assert contents(world.remote) == before
    assert contents(world.local, flags=False) == contents(world.remote, flags=False)
    kept = items(world.local, folder_named(world.local, "Not sent"))
    assert sorted(got.item.text or "" for got in kept if isinstance(got.item, Mail)) == ["body 4", "mine"]
    assert "Not sent" not in {state.name for state in world.remote.folders()}
    (state,) = world.local.identify(folder, [state.id])
    assert state.flags == {SEEN}, "what cannot be sent stays here"


# -- options ----------------------------------------------------------------------------------------------------------


def test_large_items_come_as_headers_and_whole_when_wanted(world: Exchange) -> None:
    folder = folder_named(world.remote, "*inbox")
    world.remote.put(folder, mail(1, "long " * 100))
    world.remote.put(folder, mail(2))
    world.settings = Settings(default=FolderOptions(max_size=50))
    world.settle()
    assert bodies(world.local) == {"": 1, "body 2": 1}
    world.settings = Settings()
    world.settle()
    equal(world)


@pytest.mark.parametrize("kinds", ["file-server", "file-poor", "twins"])
def test_headers_are_known_as_such_when_the_state_is_lost(kinds: str, tmp_path: Path) -> None:
    world = exchange(tmp_path / "state.db", kinds)
    folder = folder_named(world.remote, "*inbox")
    for number in (1, 2, 3):
        world.remote.put(folder, mail(number, "long " * 100))
    world.settings = Settings(default=FolderOptions(max_size=50))
    world.settle()
    for file in world.path.parent.glob("state.db*"):
        file.unlink()
    world.settle()
    assert bodies(world.local) == {"": 3}
    # One is edited here, one deleted there; neither makes headers go up.
    local = folder_named(world.local, "*inbox")
    world.local.edit(local, item_named(world.local, local, 1), mail(1, "mine"))
    world.local.barrier()
    remove(world.remote, folder, item_named(world.remote, folder, 2))
    world.settle()
    assert bodies(world.remote) == {"long " * 100: 2}
    assert bodies(world.local) == {"": 1, "mine": 1, "long " * 100: 1}  # the edit was put aside
    world.settings = Settings()
    world.settle()
    equal(world)
    assert bodies(world.local) == {"long " * 100: 2, "mine": 1}


def test_headers_without_their_mail_stay_where_they_are(world: Exchange) -> None:
    folder = folder_named(world.remote, "*inbox")
    world.remote.put(folder, mail(1, "long " * 100))
    world.settings = Settings(default=FolderOptions(max_size=50))
    world.settle()
    for file in world.path.parent.glob("state.db*"):
        file.unlink()
    remove(world.remote, folder, item_named(world.remote, folder, 1))
    world.remote.barrier()
    world.settle()
    assert not bodies(world.remote)
    assert bodies(world.local) == {"": 1}


def test_old_items_stay_where_they_are_until_wanted(world: Exchange) -> None:
    folder = folder_named(world.remote, "*inbox")
    world.remote.put(folder, mail(1), date=datetime(2001, 1, 1, tzinfo=UTC))
    world.remote.put(folder, mail(2), date=datetime(2026, 1, 1, tzinfo=UTC))
    world.settings = Settings(default=FolderOptions(since=date(2020, 1, 1)))
    world.settle()
    assert bodies(world.local) == {"body 2": 1}
    world.settings = Settings()
    world.settle()
    equal(world)


@pytest.mark.parametrize(
    ("mode", "visited"),
    [
        (Mode.SELECTION, {Trigger.DEMAND, Trigger.SELECTION}),
        (Mode.START, {Trigger.DEMAND, Trigger.SELECTION, Trigger.START}),
        (Mode.PUSH, {Trigger.DEMAND, Trigger.SELECTION, Trigger.START, Trigger.PUSH}),
        (Mode.DEMAND, {Trigger.DEMAND}),
        (Mode.NEVER, set()),
    ],
)
def test_a_mode_says_which_runs_visit_a_folder(mode: Mode, visited: set[Trigger]) -> None:
    options = FolderOptions(mode=mode)
    assert {trigger for trigger in Trigger if options.visited(trigger, last=0.0, now=1e9)} == visited


def test_an_interval_is_waited_for() -> None:
    options = FolderOptions(mode=Mode.INTERVAL, minutes=10)
    assert not options.visited(Trigger.TIMER, last=1000.0, now=1599.0)
    assert options.visited(Trigger.TIMER, last=1000.0, now=1600.0)


def test_only_the_folders_asked_for_are_visited(plain: Exchange) -> None:
    for name in ("A", "B", "C"):
        plain.remote.put(plain.remote.create_folder("", name).id, mail(ord(name)))
    plain.settings = Settings(folders={("C",): FolderOptions(mode=Mode.NEVER)})
    plain.run(only=frozenset((("A",),)))
    assert bodies(plain.local) == {f"body {ord('A')}": 1}
    plain.settle()
    assert tree(plain.local) == [("*inbox",), ("A",), ("B",)]


# -- errors -----------------------------------------------------------------------------------------------------------


class Choosy(MemoryStore):
    """A store that refuses one item, and one folder."""

    refuse_item = "mail 1"
    refused = 0

    def add(self, folder, deliveries):
        outcomes = []
        for delivery in deliveries:
            if delivery.item.subject == self.refuse_item:
                self.refused += 1
                outcomes.append(Outcome(Status.FAILED, error=ItemError("too large", folder=folder)))
            else:
                outcomes.extend(super().add(folder, [delivery]))
        return outcomes


def test_an_item_that_fails_is_tried_again_later_and_later(plain: Exchange) -> None:
    plain.local = Choosy()
    plain.local.create_folder("", "Inbox", special=SpecialUse.INBOX)
    for number in (1, 2):
        plain.remote.put(folder_named(plain.remote, "*inbox"), mail(number))
    report = plain.run()
    assert [(trouble.radius, str(trouble.error)) for trouble in report.troubles] == [(Radius.ITEM, "too large")]
    assert bodies(plain.local) == {"body 2": 1}, "the rest goes on"
    assert plain.run().is_quiet, "its time has not come"
    plain.now += 60
    assert plain.run().troubles
    plain.now += 60
    assert plain.run().is_quiet, "the second wait is longer"
    plain.now += 60
    plain.local.refuse_item = ""
    plain.run()
    equal(plain)
    assert plain.local.refused == 2


def test_a_store_that_breaks_down_ends_the_run_with_a_report(plain: Exchange) -> None:
    fill(plain, 1)
    plain.remote.put(folder_named(plain.remote, "*inbox"), mail(2))
    report = plain.run(wrap=Steps(1, broken).wrap)
    assert [trouble.radius for trouble in report.troubles] == [Radius.STORE]
    assert isinstance(report.troubles[0].error, StoreError)
    plain.settle()
    equal(plain)


class Closed(MemoryStore):
    """A store with a folder that cannot be read for now."""

    closed = ""

    def identify(self, folder, ids):
        self.refuse(folder)
        return super().identify(folder, ids)

    def find(self, folder, names):
        self.refuse(folder)
        return super().find(folder, names)

    def refuse(self, folder: str) -> None:
        if folder == self.closed:
            raise FolderError("closed", folder=folder)


def test_a_folder_that_cannot_be_read_does_not_stop_the_others(plain: Exchange) -> None:
    plain.local, plain.remote = Closed(), MemoryStore()
    for name in "AB":
        for store in (plain.local, plain.remote):
            store.put(store.create_folder("", name).id, mail(ord(name)))
    plain.local.closed = folder_named(plain.local, "A")
    report = plain.run()
    assert [(trouble.radius, trouble.folder) for trouble in report.troubles] == [(Radius.FOLDER, ("A",))]
    assert report.done == {(Step.LINK, Side.REMOTE): 1}
    plain.local.closed = ""
    plain.settle()
    equal(plain)
    assert set(bodies(plain.local).values()) == {1}


def test_what_cannot_be_resumed_now_is_resumed_later(plain: Exchange) -> None:
    plain.local = Closed()
    plain.local.create_folder("", "Inbox", special=SpecialUse.INBOX)
    other = plain.remote.create_folder("", "Other").id
    plain.settle()
    inbox = folder_named(plain.remote, "*inbox")
    plain.remote.put(inbox, mail(1))
    plain.remote.put(other, mail(2))
    with pytest.raises(Killed):  # after the first addition, before its outcome is written
        plain.run(wrap=Steps(2).wrap)
    plain.local.closed = folder_named(plain.local, "*inbox")
    report = plain.run()
    assert {trouble.folder for trouble in report.troubles} == {("Inbox",)}
    assert report.done == {(Step.ADD, Side.LOCAL): 1}, "the other folder's"
    plain.local.closed = ""
    plain.settle()
    equal(plain)
    assert bodies(plain.local) == {"body 1": 1, "body 2": 1}


def test_a_batch_is_fetched_while_another_is_stored(tmp_path: Path) -> None:
    asked: list[int] = []
    overlaps: list[bool] = []
    more = threading.Event()

    class Source(MemoryStore):
        def fetch(self, folder, ids, *, headers_only=False):
            asked.append(len(ids))
            for number, got in enumerate(super().fetch(folder, ids, headers_only=headers_only)):
                if number >= 4:
                    more.set()
                yield got

    class Target(MemoryStore):
        def add(self, folder, deliveries):
            overlaps.append(more.wait(30.0))
            return super().add(folder, deliveries)

    traits = Traits(capabilities=Capabilities(batch_items=4, fetches_ahead=True))
    local, remote = Target(traits), Source(traits)
    for store in (local, remote):
        store.create_folder("", "Inbox", special=SpecialUse.INBOX)
    for number in range(12):
        remote.put(folder_named(remote, "Inbox"), mail(number))
    with State(str(tmp_path / "state.db")) as state:
        synchronise(state, local, remote)
    assert asked == [12]  # in one go
    assert overlaps == [True, True, True]
    assert contents(local) == contents(remote)


def test_what_came_before_the_source_broke_down_is_stored(tmp_path: Path) -> None:
    class Source(MemoryStore):
        broken = True

        def fetch(self, folder, ids, *, headers_only=False):
            for number, got in enumerate(super().fetch(folder, ids, headers_only=headers_only)):
                if self.broken and number == 6:
                    raise StoreError("nothing answers any more")
                yield got

    for fetches_ahead in (False, True):
        traits = Traits(capabilities=Capabilities(batch_items=4, fetches_ahead=fetches_ahead))
        local, remote = MemoryStore(traits), Source(traits)
        for store in (local, remote):
            store.create_folder("", "Inbox", special=SpecialUse.INBOX)
        for number in range(12):
            remote.put(folder_named(remote, "Inbox"), mail(number))
        with State(str(tmp_path / f"state-{fetches_ahead}.db")) as state:
            report = synchronise(state, local, remote)
            assert [type(one.error) for one in report.troubles] == [StoreError]
            assert sum(bodies(local).values()) == 6
            remote.broken = False
            synchronise(state, local, remote)
        assert contents(local) == contents(remote)


def test_a_run_can_be_cancelled_between_batches(tmp_path: Path) -> None:
    local, remote = MemoryStore(Traits(capabilities=Capabilities(batch_items=2))), MemoryStore()
    for store in (local, remote):
        store.create_folder("", "Inbox", special=SpecialUse.INBOX)
    for number in range(9):
        remote.put(folder_named(remote, "Inbox"), mail(number))
    with State(str(tmp_path / "state.db")) as state:
        seen = iter([False, False, False, True])
        report = synchronise(state, local, remote, watcher=Watcher(cancelled=lambda: next(seen)))
        assert report.cancelled
        assert 0 < sum(bodies(local).values()) < 9
        synchronise(state, local, remote)
    assert contents(local) == contents(remote)


# -- rehearsal, log ---------------------------------------------------------------------------------------------------


def test_a_rehearsal_tells_and_does_nothing(plain: Exchange) -> None:
    fill(plain, 1, 2)
    here, there = folder_named(plain.local, "*inbox"), folder_named(plain.remote, "*inbox")
    plain.remote.put(there, mail(3))
    plain.local.put(plain.local.create_folder("", "New").id, mail(4))
    remove(plain.local, here, item_named(plain.local, here, 1))
    before = contents(plain.local), contents(plain.remote)
    lines: list[str] = []
    with State(str(plain.path)) as state:
        dump = list(state.db.iterdump())
        report = synchronise(
            state,
            plain.local,
            plain.remote,
            plain.settings,
            Request(rehearse=True),
            Watcher(on_action=lambda path, action: lines.append(f"{'/'.join(path)}: {text(action)}")),
        )
        assert list(state.db.iterdump()) == dump
    assert (contents(plain.local), contents(plain.remote)) == before
    assert report.rehearsed
    assert sorted(lines) == [
        "Inbox: add      local  mail 3 2026-01-01 (12 bytes)",
        "Inbox: delete   remote mail 1 2026-01-01 (12 bytes)",
        "New: add      remote mail 4 2026-01-01 (12 bytes)",
        "New: create   remote folder New",
    ]
    done = plain.run()
    assert done.done == report.done


def test_the_log_tells_what_was_changed_when(plain: Exchange) -> None:
    fill(plain, 1)
    first = datetime.fromtimestamp(plain.now, UTC)
    plain.now += 10 * 86400
    folder = folder_named(plain.local, "*inbox")
    remove(plain.local, folder, item_named(plain.local, folder, 1))
    plain.settle()
    with State(str(plain.path)) as state:
        entries = [(entry.step, entry.side, entry.folder, entry.title) for entry in log.read(state)]
        assert entries == [("add", "local", "Inbox", "mail 1"), ("delete", "remote", "Inbox", "mail 1")]
        assert [entry.step for entry in log.read(state, since=first)] == ["delete"]
        assert not list(log.read(state, folder="Other"))
    plain.now += 25 * 86400
    plain.run()
    with State(str(plain.path)) as state:
        assert [entry.step for entry in log.read(state)] == ["delete"], "older than a month"


def test_the_log_tells_why_a_deleted_folder_came_back(plain: Exchange) -> None:
    made = plain.local.create_folder("", "Again")
    plain.local.put(made.id, mail(1))
    plain.settle()
    there = folder_named(plain.remote, "Again")
    remove(plain.remote, there, item_named(plain.remote, there, 1))
    plain.remote.delete_folder(there)
    plain.local.put(made.id, mail(2))
    plain.settle()
    with State(str(plain.path)) as state:
        entries = [entry for entry in log.read(state, folder="Again") if entry.step == Step.CREATE.value]
    assert [entry.note for entry in entries] == ["", Conflict.FOLDER_STAYS.value]


def test_moves_send_nothing(world: Exchange) -> None:
    fill(world, 1)
    target = world.local.create_folder("", "Archive")
    world.settle()
    folder = folder_named(world.local, "*inbox")
    (state,) = world.local.identify(folder, [item_named(world.local, folder, 1)])
    world.local.move(folder, target.id, [Removal(state.id, state.revision)])
    world.local.barrier()
    report = world.run(answer_all=Answer.DELETE)
    if world.remote.capabilities.moves:
        assert report.done == {(Step.MOVE, Side.REMOTE): 1}
        assert report.bytes_moved == 0
    world.settle()
    equal(world)
    assert bodies(world.remote) == {"body 1": 1}
