"""The table of cases of synchronisation: what both sides have in common, and what happened since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

from mailconnector.items import Appointment, Contact, FolderKind, Mail, Task
from mailconnector.items.field_groups import grouping
from mailconnector.stores.memory import MemoryStore
from mailconnector.sync import Answer, FolderOptions, Settings, Side
from mailconnector.sync.bases import fields_of
from mailconnector.sync.flags import FLAGGED, SEEN
from mailconnector.sync.store import Fetched, FlagChange, Removal, Rights
from tests.exchange import (
    Exchange,
    bodies,
    contents,
    folder_named,
    item_named,
    items,
    mail,
    remove,
    tree,
)
from tests.unit.items.edits import EDITS, bare, sample

Act = Callable[[Exchange], None]


def inbox(world: Exchange, side: Side) -> str:
    return folder_named(world.side(side), "*inbox")


def put(side: Side, *numbers: int, folder: str = "*inbox") -> Act:
    def act(world: Exchange) -> None:
        store = world.side(side)
        for number in numbers:
            store.put(folder_named(store, folder), mail(number))

    return act


def edit(side: Side, number: int, text: str) -> Act:
    def act(world: Exchange) -> None:
        store, folder = world.side(side), inbox(world, side)
        store.edit(folder, item_named(store, folder, number), mail(number, text))

    return act


def delete(side: Side, *numbers: int) -> Act:
    def act(world: Exchange) -> None:
        store, folder = world.side(side), inbox(world, side)
        for number in numbers:
            remove(store, folder, item_named(store, folder, number))

    return act


def mark(side: Side, number: int, flag: str) -> Act:
    def act(world: Exchange) -> None:
        store, folder = world.side(side), inbox(world, side)
        (state,) = store.identify(folder, [item_named(store, folder, number)])
        store.set_flags(folder, [FlagChange(state.id, frozenset((flag,)), frozenset(), state.flags)])

    return act


def move(side: Side, number: int, target: str) -> Act:
    def act(world: Exchange) -> None:
        store, folder = world.side(side), inbox(world, side)
        (state,) = store.identify(folder, [item_named(store, folder, number)])
        store.move(folder, folder_named(store, target), [Removal(state.id, state.revision)])

    return act


def make_folder(side: Side, name: str, parent: str = "") -> Act:
    def act(world: Exchange) -> None:
        store = world.side(side)
        store.create_folder(folder_named(store, parent) if parent else "", name)

    return act


def rename(side: Side, name: str, new: str, parent: str = "") -> Act:
    def act(world: Exchange) -> None:
        store = world.side(side)
        store.move_folder(folder_named(store, name), folder_named(store, parent) if parent else "", new)

    return act


def close_folder(side: Side, name: str) -> Act:
    """Let a folder be one that can hold no items."""

    def act(world: Exchange) -> None:
        store = world.side(side)
        (state,) = [state for state in store.folders() if state.name == name]
        store.configure(state.id, replace(state, selectable=False))

    return act


def drop_folder(side: Side, name: str) -> Act:
    def act(world: Exchange) -> None:
        store = world.side(side)
        folder = folder_named(store, name)
        for got in items(store, folder):
            remove(store, folder, got.state.id)
        store.delete_folder(folder)

    return act


def read_only(world: Exchange) -> None:
    world.remote.configure(inbox(world, Side.REMOTE), rights=Rights.NONE)


def put_large(world: Exchange) -> None:
    for number in (30, 31):
        world.remote.put(inbox(world, Side.REMOTE), mail(number, f"{number} " + "long " * 100))


def put_old(world: Exchange) -> None:
    for number in (40, 41):
        world.remote.put(inbox(world, Side.REMOTE), mail(number), date=datetime(2001, 1, 1, tzinfo=UTC))


def arrive(*numbers: int) -> Act:
    def act(world: Exchange) -> None:
        for number in numbers:
            world.local.put(inbox(world, Side.LOCAL), mail(number), frozenset((SEEN,)), arrived=True)

    return act


def options(since: date | None = None, max_size: int | None = None) -> Act:
    def act(world: Exchange) -> None:
        world.settings = Settings(default=FolderOptions(since=since, max_size=max_size))

    return act


def answer(word: Answer) -> Act:
    def act(world: Exchange) -> None:
        world.answer = word

    return act


def things(world: Exchange, side: Side) -> tuple[MemoryStore, str]:
    store = world.side(side)
    if "Things" not in {state.name for state in store.folders()}:
        store.create_folder("", "Things", kind=FolderKind.CONTACTS)
    return store, folder_named(store, "Things")


def put_things(side: Side, *kinds: type) -> Act:
    """Add an item of each type to a folder that is not for mail."""

    def act(world: Exchange) -> None:
        store, folder = things(world, side)
        for kind in kinds:
            store.put(folder, sample(kind, kind.__name__))

    return act


def find_thing(world: Exchange, side: Side, kind: type) -> tuple[MemoryStore, str, Fetched]:
    store, folder = things(world, side)
    (found,) = [got for got in items(store, folder) if isinstance(got.item, kind)]
    return store, folder, found


def touch(side: Side, kind: type, field: str, number: int = 1, *, by_other: bool = False) -> Act:
    """Edit a field of the item of a type, as its user does, or with a program that knows nothing of MAPI."""

    def act(world: Exchange) -> None:
        store, folder, found = find_thing(world, side, kind)
        item = EDITS[kind][field](found.item, number)
        store.edit(folder, found.state.id, bare(item) if by_other else item)

    return act


def replace_thing(side: Side, kind: type, field: str) -> Act:
    """Edit as programs do that delete the message and write another one of the same item."""

    def act(world: Exchange) -> None:
        store, folder, found = find_thing(world, side, kind)
        remove(store, folder, found.state.id)
        store.put(folder, bare(EDITS[kind][field](found.item, 1)), found.state.flags)

    return act


def close_things(world: Exchange) -> None:
    store, folder = things(world, Side.REMOTE)
    store.configure(folder, rights=Rights.NONE)


def renew(world: Exchange) -> None:
    world.remote.renew(inbox(world, Side.REMOTE))


L, R = Side.LOCAL, Side.REMOTE
BASE: tuple[Act, ...] = (put(R, 1, 2, 3, 4), put(L, 5), make_folder(L, "A"), make_folder(R, "B"))
THINGS: tuple[Act, ...] = (put_things(L, Contact, Appointment), put_things(R, Task))
SCENARIOS: dict[str, tuple[tuple[Act, ...], tuple[Act, ...]]] = {
    # name: what both sides have in common, what happened since
    "first": ((), (*BASE, put(L, 10, folder="A"), put(R, 11, folder="B"))),
    "new on both": (BASE, (put(L, 6, 7), put(R, 8, 9))),
    "same on both": (BASE, (put(L, 6, 7), put(R, 7, 6))),
    "flags": (BASE, (mark(L, 1, SEEN), mark(R, 1, FLAGGED), mark(L, 2, "red"), mark(R, 3, SEEN))),
    "edits": (BASE, (edit(L, 1, "new 1"), edit(R, 2, "new 2"), edit(R, 3, "new 3"))),
    "edit and flags": (BASE, (edit(L, 1, "new 1"), mark(R, 1, SEEN), edit(R, 2, "new 2"), mark(L, 2, SEEN))),
    "both edited": (BASE, (edit(L, 1, "mine"), edit(R, 1, "theirs"))),
    "deletes": (BASE, (delete(L, 1, 2), delete(R, 3, 4))),
    "edit and delete": (BASE, (edit(L, 1, "new 1"), delete(R, 1), delete(L, 2), edit(R, 2, "new 2"))),
    "moves": (BASE, (move(L, 1, "A"), move(L, 2, "A"), move(R, 3, "B"), mark(R, 1, SEEN))),
    "moved to two places": (BASE, (move(L, 1, "A"), move(R, 1, "B"))),
    "moved and edited": (BASE, (move(L, 1, "A"), edit(R, 1, "new 1"))),
    "moved alike and edited": (BASE, (edit(L, 1, "new 1"), move(L, 1, "A"), move(R, 1, "A"))),
    "new folders": (BASE, (make_folder(L, "C", "A"), make_folder(R, "D", "B"), put(L, 6, folder="C"))),
    "renamed folders": (BASE, (rename(L, "A", "A2"), rename(R, "B", "B2", "*inbox"))),
    "renamed twice": (BASE, (rename(L, "A", "A2"), rename(R, "A", "A3"))),
    "into each other": (BASE, (rename(L, "A", "A", "B"), rename(R, "B", "B", "A"))),
    "names exchanged": (BASE, (rename(L, "A", "X"), rename(L, "B", "A"), rename(L, "X", "B"))),
    "closed folder": (
        (*BASE, make_folder(R, "C"), close_folder(R, "C")),
        (put(L, 6, 7, folder="C"), move(L, 1, "C")),
    ),
    "name taken": (BASE, (rename(L, "A", "C"), make_folder(R, "C"), put(R, 6, folder="C"))),
    "deleted folder": (BASE, (drop_folder(L, "A"), drop_folder(R, "B"))),
    "deleted full folder": ((*BASE, put(L, 6, 7, folder="A")), (drop_folder(R, "A"),)),
    "deleted folder with news": ((*BASE, put(L, 6, folder="A")), (drop_folder(R, "A"), put(L, 7, folder="A"))),
    "deleted and made anew": (BASE, (drop_folder(L, "A"), make_folder(L, "A"), put(L, 6, folder="A"))),
    "read only": (
        (*BASE, read_only),
        (edit(L, 1, "mine"), put(L, 6), delete(L, 2), edit(R, 3, "theirs"), edit(L, 3, "mine 3"), mark(R, 4, SEEN)),
    ),
    "headers only": ((*BASE, put_large), (options(max_size=100), put(R, 6))),
    "large ones come": ((*BASE, options(max_size=100)), (put_large, put(R, 6))),
    "large ones completed": ((*BASE, options(max_size=100), put_large), (options(), mark(L, 30, SEEN))),
    "large one edited": ((*BASE, options(max_size=100), put_large), (edit(L, 30, "mine"), mark(R, 31, FLAGGED))),
    "old ones left": ((*BASE, options(since=date(2020, 1, 1))), (put_old, put(R, 6))),
    "old ones wanted": ((*BASE, options(since=date(2020, 1, 1)), put_old), (options(), put(R, 6))),
    "old ones no more wanted": ((*BASE, put_old), (options(since=date(2020, 1, 1)), delete(R, 40))),
    "received twice": (BASE, (arrive(1, 2, 5), put(R, 6), move(L, 3, "A"))),
    "emptied on purpose": (BASE, (delete(L, 1, 2, 3, 4, 5), answer(Answer.DELETE))),
    "emptied by mistake": (BASE, (delete(L, 1, 2, 3, 4, 5), answer(Answer.RESTORE), put(R, 6))),
    "emptied by mistake there": (BASE, (delete(R, 1, 2, 3, 4, 5), answer(Answer.RESTORE), mark(L, 1, SEEN))),
    "fields merged": (
        THINGS,
        (
            *(touch(L, Contact, "birthday"), touch(R, Contact, "mobile")),
            *(touch(L, Appointment, "eva"), touch(R, Appointment, "jan"), touch(L, Task, "custom")),
        ),
    ),
    "fields clash": (
        THINGS,
        (
            *(touch(L, Contact, "mobile", 1), touch(R, Contact, "mobile", 2), touch(R, Contact, "birthday")),
            *(touch(L, Task, "due"), touch(R, Task, "due")),
        ),
    ),
    "fields merged, read only": (
        THINGS,
        (
            *(close_things, touch(L, Contact, "text"), touch(R, Contact, "mobile")),
            *(touch(R, Task, "due", by_other=True), touch(L, Appointment, "text")),
        ),
    ),
    "fields by others": (
        THINGS,
        (
            *(touch(R, Contact, "job title", by_other=True), touch(L, Contact, "custom")),
            touch(R, Task, "due", by_other=True),
        ),
    ),
    "replaced by others": (THINGS, (replace_thing(R, Appointment, "text"), touch(L, Appointment, "label"))),
    "void ids": (BASE, (renew, delete(R, 1), put(R, 6), put(L, 7), edit(L, 2, "new 2"))),
}


def prepare(world: Exchange, scenario: str) -> Exchange:
    """Bring two empty stores to where the run to be cut begins."""
    before, since = SCENARIOS[scenario]
    for act in before:
        act(world)
    world.local.barrier()
    world.remote.barrier()
    if before:
        world.settle()
    for act in since:
        act(world)
    world.local.barrier()
    world.remote.barrier()
    return world


def check(world: Exchange, wanted: Exchange) -> None:
    here, there = contents(world.local), contents(world.remote)
    if world.settings == Settings():
        assert here == there, (here - there, there - here)
    assert tree(world.local) == tree(world.remote)
    for found, store in ((here, wanted.local), (there, wanted.remote)):
        expected = contents(store)
        assert found == expected, (found - expected, expected - found)
    assert bodies(world.local) == bodies(wanted.local)
    assert fields(world.local) == fields(wanted.local)
    assert fields(world.remote) == fields(wanted.remote)
    if world.settings == Settings() and "Not sent" not in {state.name for state in world.local.folders()}:
        assert fields(world.local) == fields(world.remote)


def fields(store: MemoryStore) -> Counter[tuple[str, str]]:
    """The fields of all items but mail: type, path and digest; without what stores write for themselves."""
    return Counter(
        (type(got.item).__name__, f"{path} {digest.hex()}")
        for state in store.folders()
        for got in items(store, state.id)
        if not isinstance(got.item, Mail)
        for path, digest in fields_of(got.item).items()
        if not grouping(type(got.item), path)[1]
    )
