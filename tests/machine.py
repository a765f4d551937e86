"""A state machine of two stores in sync: random changes on both sides, random faults and kills.

Whatever happens: once nothing happens any more, both sides are equal, nothing is lost, nothing is doubled, and one more
run does nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from mailconnector.items import (
    Appointment,
    Contact,
    DistributionList,
    FolderKind,
    GenericItem,
    Item,
    JournalEntry,
    Note,
    Post,
    Task,
    message_id_of,
)
from mailconnector.items.field_groups import grouping
from mailconnector.stores.memory import MemoryStore
from mailconnector.sync import FolderError, Radius, Side, State, Step
from mailconnector.sync.bases import fields_of
from mailconnector.sync.flags import FLAGGED, SEEN
from mailconnector.sync.store import Fetched, FlagChange, FolderState, Removal
from tests.cuts import Faults, Killed, Steps, broken
from tests.exchange import Exchange, bodies, contents, exchange, folder_named, items, mail, path_of, tree
from tests.unit.items.edits import EDITS, bare, sample

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a state file is flushed often
THINGS = "Things"
# Of each type: edits that write another value each time.
FIELDS: dict[type, tuple[str, ...]] = {
    Appointment: ("text", "location", "custom", "file"),
    Contact: ("job title", "birthday", "mobile", "business", "custom"),
    DistributionList: ("member", "billing"),
    GenericItem: ("text", "subject", "custom"),
    JournalEntry: ("duration", "type"),
    Note: ("text", "window"),
    Post: ("channel", "subject"),
    Task: ("due", "owner", "companies", "text"),
}
HIDDEN = ("custom",)
"""What people do not see of an item."""
FOREIGN = (Appointment, Contact, Task)
"""Types that programs edit which know nothing of MAPI."""
PICK = st.integers(0, 63)
SIDE = st.sampled_from(Side)


class SyncMachine(RuleBasedStateMachine):
    """Two stores, their users, and a connection that fails."""

    kinds = "file-server"

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="sync-machine-", dir=MEMORY))
        self.exchange = self.begin()
        self.serial = 0
        self.added: set[str] = set()
        self.given_up: set[str] = set()  # deleted, or edited away, by a user
        # On both sides by other ways, and not yet seen by a run: where a store knows no digests, these are one item by
        # their name alone, so their users leave them as they came.
        self.untouched: set[int] = set()
        # The same of items other than mail, which are compared by what people see of them.
        self.unlinked: set[str] = set()
        # Of items other than mail, by name: what was written into their fields, and nobody wrote over.
        self.written: dict[str, set[tuple[str, bytes]]] = {}
        # Since all was equal: which fields of which items were edited on a side; an empty one for deleted.
        self.touched: dict[Side, set[tuple[str, str]]] = {side: set() for side in Side}
        self.doubled: set[str] = set()
        for store in (self.exchange.local, self.exchange.remote):
            store.create_folder("", THINGS, kind=FolderKind.CONTACTS)
            store.barrier()
        for kind in (Appointment, Contact):
            self.add_thing(Side.LOCAL, kind)
        self.exchange.run()

    def begin(self) -> Exchange:
        """The two stores."""
        return exchange(self.directory / "state.db", self.kinds)

    def end(self) -> None:
        """Leave nothing of them."""
        shutil.rmtree(self.directory)

    def teardown(self) -> None:
        try:
            self.check()
        finally:
            self.end()

    def text(self) -> str:
        """The text of the mail that is being written; another one each time."""
        return f"text {self.serial}"

    # -- choosing ----------------------------------------------------------------------------------------------------

    def folder(self, store: MemoryStore, pick: int) -> FolderState:
        """A folder for mail."""
        states = [state for state in store.folders() if state.name not in ("Not sent", THINGS)]
        return states[pick % len(states)]

    def item(self, store: MemoryStore, pick: int) -> tuple[str, str, str] | None:
        """Folder, id and text of an item."""
        every = [
            (state.id, item.id)
            for state in store.folders()
            if state.name != THINGS
            for item in store.changes(state.id, "").items
        ]
        if not every:
            return None
        folder, id_ = every[pick % len(every)]
        (got,) = store.fetch(folder, [id_])
        return folder, id_, getattr(got, "item").text  # noqa: B009 - a failure has none

    def thing(self, store: MemoryStore, pick: int) -> tuple[str, Fetched] | None:
        """An item other than mail, and its folder."""
        folder = folder_named(store, THINGS)
        every = items(store, folder)
        return (folder, every[pick % len(every)]) if every else None

    # -- what users do -----------------------------------------------------------------------------------------------

    @rule(side=SIDE, pick=PICK, flagged=st.booleans())
    def add(self, side: Side, pick: int, flagged: bool) -> None:
        store = self.exchange.side(side)
        self.serial += 1
        text = self.text()
        self.added.add(text)
        store.put(
            self.folder(store, pick).id, mail(self.serial, text), frozenset((FLAGGED,)) if flagged else frozenset()
        )
        store.barrier()

    @rule()
    def add_to_both(self) -> None:
        self.serial += 1
        text = self.text()
        self.added.add(text)
        self.untouched.add(self.serial)
        for side in Side:
            store = self.exchange.side(side)
            store.put(folder_named(store, "*inbox"), mail(self.serial, text))
            store.barrier()

    @rule(side=SIDE, pick=PICK)
    def edit(self, side: Side, pick: int) -> None:
        store = self.exchange.side(side)
        found = self.item(store, pick)
        if found:
            folder, id_, old = found
            (got,) = store.identify(folder, [id_])
            assert got.identity is not None
            number = int(got.identity.name.strip("<>").split("@")[0])
            if number in self.untouched:
                return
            self.serial += 1
            text = self.text()
            self.added.add(text)
            self.given_up.add(old)
            store.edit(folder, id_, mail(number, text))
            store.barrier()

    @rule(side=SIDE, pick=PICK)
    def delete(self, side: Side, pick: int) -> None:
        store = self.exchange.side(side)
        found = self.item(store, pick)
        if found:
            folder, id_, old = found
            self.given_up.add(old)
            (state,) = store.identify(folder, [id_])
            store.delete(folder, [Removal(id_, state.revision)])
            store.barrier()

    @rule(side=SIDE, pick=PICK, goal=PICK)
    def move(self, side: Side, pick: int, goal: int) -> None:
        store = self.exchange.side(side)
        found = self.item(store, pick)
        there = self.folder(store, goal)
        if found and int(found[2].split()[1]) not in self.untouched and found[0] != there.id:
            folder, id_, _ = found
            (state,) = store.identify(folder, [id_])
            store.move(folder, there.id, [Removal(id_, state.revision)])
            store.barrier()

    @rule(pick=PICK, goal=PICK, other=PICK)
    def move_on_both_sides(self, pick: int, goal: int, other: int) -> None:
        """Move an item on each side, mostly to another folder."""
        found = self.item(self.exchange.local, pick)
        if found:
            every = [self.item(self.exchange.remote, number) for number in range(len(self.added))]
            same = [number for number, one in enumerate(every) if one is not None and one[2] == found[2]]
            self.move(Side.LOCAL, pick, goal)
            if same:
                self.move(Side.REMOTE, same[0], other)

    @rule(side=SIDE, kind=st.sampled_from(sorted(FIELDS, key=lambda kind: kind.__name__)))
    def add_thing(self, side: Side, kind: type) -> None:
        self.serial += 1
        store = self.exchange.side(side)
        item = sample(kind, f"{kind.__name__}-{self.serial}")
        store.put(folder_named(store, THINGS), item)
        store.barrier()
        self.written[message_id_of(item)] = set()

    @rule(kind=st.sampled_from(sorted(FIELDS, key=lambda kind: kind.__name__)), which=PICK, other=PICK)
    def add_thing_to_both(self, kind: type, which: int, other: int) -> None:
        """Put an item on both sides, as somebody does who has copied a calendar by other ways, and edit both."""
        self.serial += 1
        item = sample(kind, f"{kind.__name__}-{self.serial}")
        name = message_id_of(item)
        self.written[name] = set()
        self.unlinked.add(name)
        for side, field in ((Side.LOCAL, which), (Side.REMOTE, other)):
            store = self.exchange.side(side)
            folder = folder_named(store, THINGS)
            store.put(folder, item)
            store.barrier()
            (found,) = [got for got in items(store, folder) if _name(got) == name]
            if field % 4:
                self.change_thing(side, folder, found, field)
            # Nobody knows which of them is the older one: what differs is kept twice.
            self.touched[side].add((name, "both"))

    @rule(edited=st.sampled_from((None, *Side)), pick=PICK, which=PICK)
    def lose_state(self, edited: Side | None, pick: int, which: int) -> None:
        """Begin anew without a state file: all is known again, and nothing doubled."""
        self.check_all()
        self.exchange.path.unlink(missing_ok=True)
        if edited is not None:
            found = self.thing(self.exchange.side(edited), pick)
            if found is not None:
                name = _name(found[1])
                self.unlinked.add(name)
                for side in Side:
                    self.touched[side].add((name, "both"))
                self.change_thing(edited, *found, which)
        report = self.exchange.run()
        if edited is None:
            assert {step for step, _ in report.done} <= {Step.LINK, Step.FLAGS}, report
            assert not report.clashes, report
        self.check_all()

    @rule(side=SIDE, pick=PICK, which=PICK, by_other=st.booleans())
    def edit_thing(self, side: Side, pick: int, which: int, by_other: bool) -> None:
        """Edit a field, as the user does, or on the server with a program that drops what it does not know."""
        found = self.thing(self.exchange.side(side), pick)
        if found is not None:
            self.change_thing(side, *found, which, by_other=by_other)

    @rule(pick=PICK, which=PICK, other=PICK, by_other=st.booleans())
    def edit_thing_on_both_sides(self, pick: int, which: int, other: int, by_other: bool) -> None:
        found = self.thing(self.exchange.local, pick)
        if found is not None:
            folder = folder_named(self.exchange.remote, THINGS)
            same = [got for got in items(self.exchange.remote, folder) if _name(got) == _name(found[1])]
            self.change_thing(Side.LOCAL, *found, which)
            for got in same[:1]:
                self.change_thing(Side.REMOTE, folder, got, other, by_other=by_other)

    def change_thing(self, side: Side, folder: str, got: Fetched, which: int, *, by_other: bool = False) -> None:
        kind: type = type(got.item)
        name = _name(got)
        fields = [field for field in FIELDS[kind] if field not in HIDDEN or name not in self.unlinked]
        field = fields[which % len(fields)]
        self.serial += 1
        item = EDITS[kind][field](got.item, self.serial)
        # What another program has dropped here, and the user writes anew, does not come back beside that.
        anew = {path for path, _ in seen(item)} - {path for path, _ in seen(got.item)}
        self.written[name] -= {(path, value) for path, value in self.written[name] if path in anew}
        self.written[name] -= seen(got.item) - seen(item)
        self.written[name] |= seen(item) - seen(got.item)
        self.touched[side].add((name, field))
        if by_other and side is Side.REMOTE and kind in FOREIGN and name not in self.unlinked:
            # What the local side has not got yet is lost with the program that drops it. Of copies of one name that are
            # written again here, nobody can tell which is which, and so which of them has it on the local side.
            local = items(self.exchange.local, folder_named(self.exchange.local, THINGS))
            known = [seen(one.item) for one in local if _name(one) == name]
            kept = known[0] if len(known) == 1 else frozenset()
            self.written[name] -= (seen(item) - seen(bare(item))) - kept
            item = bare(item)
        self.exchange.side(side).edit(folder, got.state.id, item)
        self.exchange.side(side).barrier()

    @rule(side=SIDE, pick=PICK)
    def delete_thing(self, side: Side, pick: int) -> None:
        store = self.exchange.side(side)
        found = self.thing(store, pick)
        if found:
            folder, got = found
            self.written[message_id_of(got.item)] -= seen(got.item)
            # What a program has dropped here before, and did not come back in between, goes with the other side's item.
            # Of copies of one name, nobody can tell which it was that the program has written, once another is gone.
            other = self.exchange.side(side.other)
            there = [one.item for one in items(other, folder_named(other, THINGS)) if _name(one) == _name(got)]
            for copy in items(store, folder):
                if _name(copy) == _name(got):
                    paths = {path for path, _ in seen(copy.item)}
                    dropped = {(path, value) for item in there for path, value in seen(item) if path not in paths}
                    self.written[_name(got)] -= dropped
            store.delete(folder, [Removal(got.state.id, got.state.revision)])
            store.barrier()
            self.touched[side].add((message_id_of(got.item), ""))

    @rule(side=SIDE, pick=PICK, flag=st.sampled_from((SEEN, FLAGGED, "red")))
    def mark(self, side: Side, pick: int, flag: str) -> None:
        store = self.exchange.side(side)
        found = self.item(store, pick)
        if found:
            folder, id_, _ = found
            (state,) = store.identify(folder, [id_])
            change = frozenset((flag,))
            add, clear = (frozenset(), change) if flag in state.flags else (change, frozenset())
            store.set_flags(folder, [FlagChange(id_, add, clear, state.flags)])
            store.barrier()

    @rule(side=SIDE, pick=PICK, name=st.sampled_from("ABC"))
    def create_folder(self, side: Side, pick: int, name: str) -> None:
        store = self.exchange.side(side)
        parent = "" if pick % 2 else self.folder(store, pick).id
        store.create_folder(parent, store.fit_name(parent, name))
        store.barrier()

    @rule(side=SIDE, pick=PICK, goal=PICK, name=st.sampled_from("ABC"))
    def move_folder(self, side: Side, pick: int, goal: int, name: str) -> None:
        store = self.exchange.side(side)
        folder = self.folder(store, pick)
        parent = "" if goal % 2 else self.folder(store, goal).id
        if folder.special is None:
            try:
                store.move_folder(folder.id, parent, store.fit_name(parent, name, folder=folder.id))
            except FolderError:
                return  # into itself
            store.barrier()

    @rule(side=SIDE, pick=PICK)
    def delete_folder(self, side: Side, pick: int) -> None:
        store = self.exchange.side(side)
        folder = self.folder(store, pick)
        if folder.special is None:
            self.delete_tree(store, folder.id)
            store.barrier()

    def delete_tree(self, store: MemoryStore, folder: str) -> None:
        for child in list(store.folders()):
            if child.parent == folder:
                self.delete_tree(store, child.id)
        for state in list(store.changes(folder, "").items):
            (got,) = store.fetch(folder, [state.id])
            self.given_up.add(getattr(got, "item").text)  # noqa: B009
            store.delete(folder, [Removal(state.id, state.revision)])
        store.delete_folder(folder)

    @rule(pick=PICK)
    def renew(self, pick: int) -> None:
        remote = self.exchange.remote
        folder = folder_named(remote, THINGS) if pick % 4 == 0 else self.folder(remote, pick).id
        remote.renew(folder)

    # -- what synchronisation does -----------------------------------------------------------------------------------

    @rule()
    def synchronise(self) -> None:
        self.exchange.run()
        self.untouched.clear()
        self.unlinked.clear()

    @rule(pick=PICK)
    def synchronise_one_folder(self, pick: int) -> None:
        paths = sorted(
            {path_of(self.exchange.local, state.id, by_use=False) for state in self.exchange.local.folders()}
        )
        self.exchange.run(only=frozenset((paths[pick % len(paths)],)))

    @rule(at=st.integers(1, 60))
    def be_killed(self, at: int) -> None:
        steps = Steps(at)
        self.exchange.open_state = steps.open_state
        try:
            self.exchange.run(wrap=steps.wrap)
        except Killed:
            self.exchange.crash()
        finally:
            self.exchange.open_state = State

    @rule(at=st.integers(1, 40))
    def lose_connection(self, at: int) -> None:
        steps = Steps(at, broken)
        self.exchange.run(wrap=steps.wrap)

    @rule(at=st.integers(1, 60), radius=st.sampled_from((Radius.ITEM, Radius.FOLDER, Radius.STORE)))
    def have_faults(self, at: int, radius: Radius) -> None:
        self.exchange.run(wrap=Faults(at, radius).wrap)

    @precondition(lambda self: self.serial > 3)
    @rule()
    def check(self) -> None:
        """Look now and then; the first steps would take most of the time."""
        self.check_all()

    def check_all(self) -> None:
        """Nothing is different, lost or doubled once nothing happens any more."""
        self.exchange.settle()
        self.untouched.clear()
        self.unlinked.clear()
        here, there = contents(self.exchange.local), contents(self.exchange.remote)
        assert here == there, (here - there, there - here)
        assert tree(self.exchange.local) == tree(self.exchange.remote)
        found = Counter(dict.fromkeys(bodies(self.exchange.local), 0))
        for (path, _, text, _), count in contents(self.exchange.local, flags=False, skip="").items():
            found[text] += count if path != (THINGS,) else 0
        assert self.added - self.given_up <= set(found)
        doubled = [text for text, count in found.items() if count > 1]
        assert not doubled, (doubled, here)
        self.check_things()

    def check_things(self) -> None:
        """Both sides have the same, with each edit that nobody wrote over, and one of each unless edits clash."""
        every: dict[Side, Counter[frozenset[tuple[str, bytes]]]] = {}
        there: dict[str, list[Any]] = {name: [] for name in self.written}
        for side in Side:
            store = self.exchange.side(side)
            found = [got.item for got in items(store, folder_named(store, THINGS))]
            every[side] = Counter(seen(item) for item in found)
            if side is Side.LOCAL:
                for item in found:
                    there[message_id_of(item)].append(item)
        assert every[Side.LOCAL] == every[Side.REMOTE], every[Side.LOCAL] - every[Side.REMOTE]
        for name, values in self.written.items():
            known = frozenset[tuple[str, bytes]]().union(*map(seen, there[name]))
            assert values <= known, (name, values - known)
            if len(there[name]) > 1:
                both = self.touched[Side.LOCAL] & self.touched[Side.REMOTE]
                assert name in self.doubled or any(one == name for one, _ in both), name
                self.doubled.add(name)
        for fields in self.touched.values():
            fields.clear()


def _name(got: Fetched) -> str:
    return message_id_of(got.item)


def seen(item: Item) -> frozenset[tuple[str, bytes]]:
    """The fields of an item that somebody edits."""
    return frozenset((path, digest) for path, digest in fields_of(item).items() if not grouping(type(item), path)[1])
