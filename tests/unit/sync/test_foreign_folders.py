"""Folders of other owners: seen when they are shared, gone when they are not, and never deleted for their owners."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mailconnector.sync import Conflict, Side, Step
from mailconnector.sync.store import ROOT
from tests.exchange import PAIRS, bodies, contents, item_named, mail, remove, tree
from tests.foreign import MAY_READ, Guest, new_guest


@pytest.fixture(params=sorted(PAIRS))
def guest(request: pytest.FixtureRequest, tmp_path: Path) -> Guest:
    return new_guest(tmp_path / "state.db", request.param)


def test_what_is_not_shared_any_more_goes_without_a_question_and_nobody_loses_anything(guest: Guest) -> None:
    before = contents(guest.world.remote)
    guest.shared.withheld.add(guest.there("Shared folders"))
    report = guest.run()
    assert not report.held
    assert not report.troubles
    assert {clash.conflict for clash in report.clashes} == {Conflict.WITHDRAWN}
    assert tree(guest.world.local) == [("*inbox",)]
    assert bodies(guest.world.local) == {"body 200": 1}
    assert contents(guest.world.remote) == before
    assert guest.run().is_quiet
    # It is shared again.
    guest.shared.withheld.clear()
    guest.settle()
    assert contents(guest.world.local) == contents(guest.world.remote) == before


def test_one_folder_is_withdrawn_and_the_others_stay(guest: Guest) -> None:
    guest.shared.withheld.add(guest.there("Plans"))
    guest.run()
    assert guest.run().is_quiet
    assert ("Shared folders", "alice", "Proj") in tree(guest.world.local)
    assert ("Shared folders", "alice", "Proj", "Plans") not in tree(guest.world.local)
    assert bodies(guest.world.local)["body 100"] == 0
    assert bodies(guest.world.remote)["body 100"] == 1


def test_what_was_not_sent_yet_is_put_aside_when_the_folder_is_withdrawn(guest: Guest) -> None:
    local, proj = guest.world.local, guest.here("Proj")
    local.edit(proj, item_named(local, proj, 1), mail(1, "mine"))
    local.put(proj, mail(300, "new"))
    remove(local, proj, item_named(local, proj, 2))
    local.barrier()
    guest.shared.withheld.add(guest.there("Shared folders"))
    report = guest.run()
    assert not report.held
    assert {clash.title for clash in report.clashes if clash.conflict is Conflict.NOT_ALLOWED} == {"mail 1", "mail 300"}
    guest.settle()
    assert bodies(local) == {"body 200": 1, "mine": 1, "new": 1}
    assert tree(local, skip="") == [("*inbox",), ("Not sent",)]
    assert bodies(guest.world.remote)["body 2"] == 1
    assert bodies(guest.world.remote)["mine"] == 0


def test_an_edit_where_one_may_only_read_is_not_sent_and_kept(guest: Guest) -> None:
    guest.allow(MAY_READ)
    local, proj = guest.world.local, guest.here("Proj")
    before = contents(guest.world.remote)
    local.edit(proj, item_named(local, proj, 1), mail(1, "mine"))
    local.put(proj, mail(300, "new"))
    remove(local, proj, item_named(local, proj, 2))
    local.barrier()
    report = guest.run()
    assert {clash.conflict for clash in report.clashes} == {Conflict.NOT_ALLOWED}
    guest.settle()
    assert contents(guest.world.remote) == before == contents(local)
    assert bodies(local)["mine"] == bodies(local)["new"] == 1


def test_deleting_the_local_copy_hides_it_and_deletes_nothing(guest: Guest) -> None:
    local = guest.world.local
    before = contents(guest.world.remote)
    for name in ("Plans", "Proj"):
        for item in list(local.changes(guest.here(name), "").items):
            remove(local, guest.here(name), item.id)
        local.delete_folder(guest.here(name))
    local.barrier()
    report = guest.run()
    assert {action.step for action in report.folders} == {Step.HIDE}
    assert {clash.conflict for clash in report.clashes} == {Conflict.HIDDEN}
    assert not report.held
    assert contents(guest.world.remote) == before
    assert guest.run().is_quiet
    # What is new in it, or below it, stays hidden.
    store = guest.world.remote
    store.put(guest.there("Proj"), mail(400))
    made = store.create_folder(guest.there("Proj"), "Later")
    store.configure(made.id, replace(made, owner="alice"))
    store.barrier()
    assert guest.run().is_quiet
    assert tree(local) == [("*inbox",), ("Shared folders",), ("Shared folders", "alice")]
    # Until the user wants it back.
    with guest.world.opened() as state, state.transaction():
        for pair in state.folders():
            state.show(pair.row)
    guest.settle()
    assert contents(local) == contents(store)


def test_moving_and_renaming_here_is_the_users_own_affair(guest: Guest) -> None:
    local = guest.world.local
    before = contents(guest.world.remote)
    local.move_folder(guest.here("Proj"), ROOT, "Alice's")
    local.barrier()
    guest.settle()
    assert contents(guest.world.remote) == before
    assert ("Alice's", "Plans") in tree(local)
    # What happens in it goes there nevertheless.
    guest.world.remote.put(guest.there("Plans"), mail(500))
    local.put(guest.here("Alice's"), mail(501))
    local.barrier()
    guest.settle()
    assert bodies(local)["body 500"] == 1
    assert item_named(guest.world.remote, guest.there("Proj"), 501)


def test_that_all_own_folders_vanished_is_seen_although_shared_ones_are_there(guest: Guest) -> None:
    store = guest.world.remote
    made = store.create_folder(ROOT, "Own")
    store.put(made.id, mail(600))
    store.barrier()
    guest.settle()
    guest.shared.withheld.update(state.id for state in store.folders() if not state.owner and state.parent == ROOT)
    report = guest.run()
    assert report.held
    assert bodies(guest.world.local)["body 600"] == 1


def test_a_folder_made_in_one_that_is_withdrawn_is_reported_and_stays(guest: Guest) -> None:
    guest.shared.withheld.add(guest.there("Shared folders"))
    local = guest.world.local
    local.put(local.create_folder(guest.here("Proj"), "Mine").id, mail(700, "mine"))
    local.barrier()
    for _ in range(3):
        report = guest.run()
        assert report.troubles
        assert any("not shared with you any more" in f"{one.error} {one.error.hint}" for one in report.troubles)
    assert bodies(local)["mine"] == 1
    local.move_folder(guest.here("Mine"), ROOT, "Mine")
    local.barrier()
    guest.settle()
    assert tree(local) == [("*inbox",), ("Mine",)]
    assert bodies(guest.world.remote)["mine"] == 1


def test_a_rehearsal_tells_and_changes_nothing(guest: Guest) -> None:
    guest.shared.withheld.add(guest.there("Shared folders"))
    before = contents(guest.world.local)
    report = guest.run(rehearse=True)
    assert report.done[Step.DELETE, Side.LOCAL] == 31
    assert contents(guest.world.local) == before
