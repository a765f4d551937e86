"""Whoever follows a PST store by its cursors alone knows what is in it, whatever happens to the file and the index."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mailconnector import pst
from mailconnector.mapi import tags
from mailconnector.mapi.objects import MessageObject
from mailconnector.pst.care import check_file
from mailconnector.stores import PstStore
from mailconnector.sync.flags import DRAFT, FLAGGED, SEEN, FlagSet
from mailconnector.sync.store import Fetched, FlagChange, ItemState, Removal, Replacement, Status
from tests.unit.stores.pst.pst_files import PstFile, delivery, mail

numbers = st.integers(0, 1000)
flag_sets = st.frozensets(st.sampled_from([SEEN, FLAGGED, DRAFT, "red"]))


class Follower:
    """What somebody knows who asked for changes from time to time."""

    def __init__(self) -> None:
        self.cursor = ""
        self.validity = ""
        self.known: dict[str, ItemState] = {}

    def follow(self, store: PstStore, folder: str) -> None:
        found = store.changes(folder, self.cursor)
        if found.complete or found.validity != self.validity:
            assert found.complete
            self.known = {}
        for item in found.items:
            self.known[item.id] = item
        for id_ in found.vanished:
            self.known.pop(id_, None)
        self.cursor, self.validity = found.cursor, found.validity


class Following(RuleBasedStateMachine):
    """Two folders, changed by synchronisation and by Outlook, and followers who ask at different times."""

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp())
        self.file = PstFile(self.place)
        self.followers: dict[str, list[Follower]] = {}
        self.copies = 0

    @initialize()
    def begin(self) -> None:
        self.store = self.file.open()
        self.folders = [self.store.create_folder("", name).id for name in ("A", "B")]
        self.store.barrier()
        self.followers = {folder: [Follower(), Follower()] for folder in self.folders}

    def pick(self, folder: int, number: int) -> ItemState | None:
        items = list(self.store.changes(self.folders[folder], "").items)
        return items[number % len(items)] if items else None

    # -- by synchronisation ------------------------------------------------------------------------------------------

    @rule(folder=st.integers(0, 1), number=numbers, flags=flag_sets)
    def add(self, folder: int, number: int, flags: FlagSet) -> None:
        (done,) = self.store.add(self.folders[folder], [delivery(mail(number), flags)])
        assert done.status is Status.DONE

    @rule(folder=st.integers(0, 1), number=numbers, flags=flag_sets)
    def replace(self, folder: int, number: int, flags: FlagSet) -> None:
        if item := self.pick(folder, number):
            change = Replacement(item.id, item.revision, delivery(mail(number, "other"), flags))
            (done,) = self.store.replace(self.folders[folder], [change])
            assert done.status is Status.DONE

    @rule(folder=st.integers(0, 1), number=numbers, flags=flag_sets)
    def set_flags(self, folder: int, number: int, flags: FlagSet) -> None:
        if item := self.pick(folder, number):
            change = FlagChange(item.id, flags, item.flags - flags, item.flags)
            (done,) = self.store.set_flags(self.folders[folder], [change])
            assert (done.status, done.revision) == (Status.DONE, item.revision)

    @rule(folder=st.integers(0, 1), number=numbers)
    def delete(self, folder: int, number: int) -> None:
        if item := self.pick(folder, number):
            (done,) = self.store.delete(self.folders[folder], [Removal(item.id, item.revision)])
            assert done.status is Status.DONE

    @rule(folder=st.integers(0, 1), number=numbers)
    def move(self, folder: int, number: int) -> None:
        if item := self.pick(folder, number):
            removal = Removal(item.id, item.revision)
            (done,) = self.store.move(self.folders[folder], self.folders[1 - folder], [removal])
            assert (done.status, done.revision) == (Status.DONE, item.revision)

    @rule()
    def barrier(self) -> None:
        self.store.barrier()

    # -- by the world ------------------------------------------------------------------------------------------------

    @rule()
    def crash(self) -> None:
        self.store.abandon()
        self.store = self.file.open()

    @rule(
        folder=st.integers(0, 1), number=numbers, deed=st.sampled_from(["read", "edit", "delete", "move", "out", "add"])
    )
    def outlook(self, folder: int, number: int, deed: str) -> None:
        item = self.pick(folder, number)
        self.store.close()
        with pst.open_store(self.file.path, writable=True) as opened:
            here, there = (opened.folder(int(self.folders[at], 16)) for at in (folder, 1 - folder))
            message = None if item is None else opened.message(int(item.id, 16))
            if deed == "add" or message is None:
                here.add_message(MessageObject({tags.PidTagSubject: f"made {number}"}))
            elif deed == "read":
                message.set_read(not message.is_read)
            elif deed == "edit":
                message.set_properties({tags.PidTagBody: f"edited {number}"})
            elif deed == "delete":
                message.delete()
            else:
                message.move_to(there if deed == "move" else opened.folder_at("Calendar"))
        self.store = self.file.open()

    @rule()
    def outlook_brings_back(self) -> None:
        self.store.close()
        with pst.open_store(self.file.path, writable=True) as opened:
            for message in list(opened.folder_at("Calendar").messages()):
                message.move_to(opened.folder(int(self.folders[0], 16)))
        self.store = self.file.open()

    @rule()
    def lose_the_index(self) -> None:
        self.store.close()
        self.file.lose_index()
        self.store = self.file.open()

    @rule()
    def die_before_the_index_is_saved(self) -> None:
        """The file has what was done since, the index has not."""
        self.copies += 1
        self.store.barrier()
        self.file.keep(f"copy {self.copies}")
        self.add(0, self.copies, frozenset())
        self.delete(1, self.copies)
        self.set_flags(0, self.copies, frozenset(("late",)))
        self.store.close()
        self.file.put_back(f"copy {self.copies}", index=True)
        self.store = self.file.open()

    # -- who follows -------------------------------------------------------------------------------------------------

    @rule(folder=st.integers(0, 1))
    def ask(self, folder: int) -> None:
        self.followers[self.folders[folder]][0].follow(self.store, self.folders[folder])

    @invariant()
    def followers_know(self) -> None:
        counts = {state.id: state.count for state in self.store.folders()}
        for folder, (seldom, always) in self.followers.items():
            now = {item.id: item for item in self.store.changes(folder, "").items}
            always.follow(self.store, folder)
            assert always.known == now
            assert counts[folder] == len(now)
            late = Follower()
            late.cursor, late.validity, late.known = seldom.cursor, seldom.validity, dict(seldom.known)
            late.follow(self.store, folder)
            assert late.known == now

    def teardown(self) -> None:
        try:
            self.store.close()
            assert check_file(self.file.path).codes == frozenset()
            # What is written says what the index says.
            told = {}
            for index in (self.file.index, self.place / "fresh"):
                with PstStore.open(self.file.path, index) as store:
                    told[index] = {
                        (folder, got.state.id, got.state.flags, got.state.revision)
                        for folder in self.folders
                        for got in store.fetch(folder, [item.id for item in store.changes(folder, "").items])
                        if isinstance(got, Fetched)
                    }
            first, second = told.values()
            assert first == second
        finally:
            shutil.rmtree(self.place)


Following.TestCase.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
TestFollowing = Following.TestCase
