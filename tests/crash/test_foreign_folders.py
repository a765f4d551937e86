"""Folders of other owners are withdrawn, and deleted here, in runs that end at every step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mailconnector.sync import State
from tests.cuts import Killed, Steps, broken
from tests.exchange import PAIRS, bodies, contents, item_named, mail, remove, tree
from tests.foreign import Guest, Shared, new_guest


def edit(guest: Guest) -> None:
    """Edit a mail and write another one, which are not sent yet."""
    local, proj = guest.world.local, guest.here("Proj")
    local.edit(proj, item_named(local, proj, 1), mail(1, "mine"))
    local.put(proj, mail(300, "new"))


def withdraw(guest: Guest) -> None:
    """Have something to send to a folder when it is withdrawn."""
    edit(guest)
    guest.shared.withheld.add(guest.there("Shared folders"))


def hide(guest: Guest) -> None:
    """Delete what is shared here."""
    local = guest.world.local
    for name in ("Plans", "Proj"):
        for item in list(local.changes(guest.here(name), "").items):
            remove(local, guest.here(name), item.id)
        local.delete_folder(guest.here(name))


def after_withdrawal(guest: Guest) -> None:
    """What was sent before the folder went is with its owner, what was not is put aside, nothing of either is lost."""
    local, remote = bodies(guest.world.local), bodies(guest.world.remote)
    assert tree(guest.world.local) == [("*inbox",)]
    assert set(local) == {"body 200", "mine", "new"}
    assert remote["mine"] == remote["new"] == 0
    assert len(remote) == 5 + 2


def after_hiding(guest: Guest) -> None:
    """The owner has all of it still."""
    assert len(bodies(guest.world.remote)) == 5 + 2
    assert tree(guest.world.local) == [("*inbox",), ("Shared folders",), ("Shared folders", "alice")]


@pytest.mark.parametrize("kinds", sorted(PAIRS))
@pytest.mark.parametrize(("happens", "check"), [(withdraw, after_withdrawal), (hide, after_hiding)])
def test_run_ended_at_every_step(
    happens: Callable[[Guest], None], check: Callable[[Guest], None], kinds: str, memory_path: Callable[[], Path]
) -> None:
    begin = new_guest(memory_path() / "state.db", kinds, 5)
    happens(begin)
    begin.world.local.barrier()
    before = contents(begin.world.remote)

    def copy(path: Path) -> Guest:
        world = begin.world.fork(path)
        return Guest(world, Shared(world.remote, set(begin.shared.withheld)))

    counter = Steps()
    guest = copy(memory_path() / "state.db")
    guest.world.open_state = counter.open_state
    guest.world.run(wrap=lambda store: counter.wrap(guest.shared if store is guest.world.remote else store))
    path = memory_path() / "state.db"
    for at in range(1, counter.count + 1):
        for error in (Killed,) if at in counter.commits else (Killed, broken):
            one = copy(path)
            steps = Steps(at, error)
            one.world.open_state = steps.open_state
            wrapped = {id(one.world.local): one.world.local, id(one.world.remote): one.shared}
            try:
                one.world.run(wrap=lambda store, s=steps, w=wrapped: s.wrap(w[id(store)]))  # type: ignore[misc]
            except BaseException as ended:
                assert isinstance(ended, Killed | type(broken())), (at, ended)
                if isinstance(ended, Killed):
                    one.world.crash()
            one.world.open_state = State
            try:
                one.settle()
                check(one)
                assert contents(one.world.remote) == before
            except AssertionError as wrong:
                raise AssertionError(f"ended at step {at} of {counter.count} by {error.__name__}: {wrong}") from wrong
