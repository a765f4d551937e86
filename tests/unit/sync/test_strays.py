"""What an interrupted run had added, and its user moved elsewhere before the next run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mailconnector.stores.memory import MemoryStore
from mailconnector.sync import FolderError, Radius
from mailconnector.sync.store import Removal
from tests.cuts import Killed
from tests.exchange import Exchange, bodies, contents, exchange, folder_named, item_named, items, mail, tree

TARGET = "Elsewhere"


def begun(path: Path, kinds: str) -> Exchange:
    """A world with a second folder, in step."""
    world = exchange(path, kinds)
    world.local.create_folder("", TARGET)
    world.local.barrier()
    world.settle()
    return world


def move_all(store: MemoryStore, target: str = TARGET) -> None:
    inbox = folder_named(store, "*inbox")
    removals = [Removal(got.state.id, got.state.revision) for got in items(store, inbox)]
    store.move(inbox, folder_named(store, target), removals)


def cut_off(path: Path, *, after: bool) -> Exchange:
    """A world whose run was killed before or after it had added mail 1 to the local Inbox."""
    world = begun(path, "twins")
    world.remote.put(folder_named(world.remote, TARGET), mail(9))
    world.settle()
    world.remote.put(folder_named(world.remote, "*inbox"), mail(1))

    class Cut:
        def __init__(self, store: MemoryStore) -> None:
            self.store = store

        def __getattr__(self, name: str) -> object:
            return getattr(self.store, name)

        def add(self, *args: object) -> object:
            if after:
                self.store.add(*args)  # type: ignore[arg-type]
            raise Killed

    with pytest.raises(Killed):
        world.run(wrap=lambda store: Cut(store) if store is world.local else store)
    return world


def test_a_copy_of_what_was_there_before_is_not_taken_for_it(tmp_path: Path) -> None:
    world = begun(tmp_path / "state.db", "twins")
    for folder in ("*inbox", TARGET):
        world.remote.put(folder_named(world.remote, folder), mail(1))
    world.settle()
    third = world.remote.create_folder("", "Third").id
    world.remote.put(third, mail(1))

    class Cut:
        def __getattr__(self, name: str) -> object:
            return getattr(world.local, name)

        def add(self, *args: object) -> object:
            raise Killed

    with pytest.raises(Killed):
        world.run(wrap=lambda store: Cut() if store is world.local else store)
    world.local.put(world.local.create_folder("", "Copies").id, mail(1))
    world.settle()
    # Each of the copies stays where it was made.
    assert {path for path, *_ in contents(world.local)} == {("*inbox",), (TARGET,), ("Third",), ("Copies",)}
    assert contents(world.local) == contents(world.remote)


def test_another_content_under_its_name_is_not_taken_for_it(tmp_path: Path) -> None:
    world = cut_off(tmp_path / "state.db", after=False)
    world.local.put(folder_named(world.local, TARGET), mail(1, "another"))
    world.settle()
    assert contents(world.local) == contents(world.remote)
    assert bodies(world.local) == {"body 1": 1, "body 9": 1, "another": 1}
    assert {text: path for path, _, text, _ in contents(world.local)}["another"] == (TARGET,)


def test_it_is_looked_for_again_when_a_folder_cannot_be_searched(tmp_path: Path) -> None:
    world = cut_off(tmp_path / "state.db", after=True)
    move_all(world.local)
    shut = folder_named(world.local, TARGET)

    class Closed:
        def __init__(self, store: MemoryStore) -> None:
            self.store = store

        def __getattr__(self, name: str) -> object:
            return getattr(self.store, name)

        def find(self, folder: str, names: list[str]) -> object:
            if folder == shut:
                raise FolderError("closed for now", folder=folder)
            return self.store.find(folder, names)

    report = world.run(wrap=lambda store: Closed(store) if store is world.local else store)
    assert [trouble.radius for trouble in report.troubles] == [Radius.FOLDER]
    assert not report.done
    world.settle()
    assert bodies(world.local) == bodies(world.remote) == {"body 1": 1, "body 9": 1}
    assert contents(world.local) == contents(world.remote)
    assert tree(world.local) == tree(world.remote)


def test_a_mark_made_meanwhile_is_not_lost(tmp_path: Path) -> None:
    world = cut_off(tmp_path / "state.db", after=True)
    move_all(world.local)
    folder = folder_named(world.local, TARGET)
    entry = world.local._folder(folder).entries[item_named(world.local, folder, 1)]
    world.local._put(
        world.local._folder(folder), item_named(world.local, folder, 1), replace(entry, flags=frozenset(("red",)))
    )
    world.settle()
    assert ((TARGET,), "<1@example.org>", "body 1", ("red",)) in contents(world.remote)
