"""A state machine of two stores in sync: random changes on both sides, random faults and kills.

Whatever happens: once nothing happens any more, both sides are equal, nothing is lost, nothing is doubled, and one more
run does nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from mailconnector.stores.memory import MemoryStore
from mailconnector.sync import FolderError, Radius, Side, State
from mailconnector.sync.flags import FLAGGED, SEEN
from mailconnector.sync.store import FlagChange, FolderState, Removal
from tests.cuts import Faults, Killed, Steps, broken
from tests.exchange import Exchange, bodies, contents, exchange, folder_named, mail, tree

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a state file is flushed often
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
        states = [state for state in store.folders() if state.name != "Not sent"]
        return states[pick % len(states)]

    def item(self, store: MemoryStore, pick: int) -> tuple[str, str, str] | None:
        """Folder, id and text of an item."""
        every = [(state.id, item.id) for state in store.folders() for item in store.changes(state.id, "").items]
        if not every:
            return None
        folder, id_ = every[pick % len(every)]
        (got,) = store.fetch(folder, [id_])
        return folder, id_, getattr(got, "item").text  # noqa: B009 - a failure has none

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
        folder = self.folder(self.exchange.remote, pick)
        self.exchange.remote.renew(folder.id)

    # -- what synchronisation does -----------------------------------------------------------------------------------

    @rule()
    def synchronise(self) -> None:
        self.exchange.run()
        self.untouched.clear()

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
        """Nothing is different, lost or doubled once nothing happens any more."""
        self.exchange.settle()
        self.untouched.clear()
        here, there = contents(self.exchange.local), contents(self.exchange.remote)
        assert here == there, (here - there, there - here)
        assert tree(self.exchange.local) == tree(self.exchange.remote)
        found = bodies(self.exchange.local)
        assert self.added - self.given_up <= set(found)
        doubled = [text for text, count in found.items() if count > 1]
        assert not doubled, (doubled, here)
