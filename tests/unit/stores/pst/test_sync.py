"""A PST file kept in step with another store: the whole of synchronisation over a real file."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pypff
import pytest

from mailconnector import formats, pst
from mailconnector.items import Item, Mail, readable
from mailconnector.mapi import tags
from mailconnector.pst.care import check_file
from mailconnector.stores import PstStore
from mailconnector.stores.memory import MemoryStore
from mailconnector.sync import AccountError, Answer, Report, Request, State, SyncStore, synchronise
from mailconnector.sync.flags import FLAGGED, SEEN
from mailconnector.sync.store import Fetched, FlagChange, ItemState, Removal, SpecialUse
from tests.exchange import SERVER
from tests.unit.stores.pst.pst_files import PstFile, delivery, inbox, mail, put


def run(file: PstFile, server: MemoryStore, answer: Answer | None = None) -> Report:
    with State(str(file.folder / "state")) as state, file.open() as store:
        return synchronise(state, store, server, request=Request(answer_all=answer))


def settled(file: PstFile, server: MemoryStore) -> None:
    report = run(file, server)
    assert report.troubles == ()
    assert report.is_quiet, report


def said(store: SyncStore) -> Counter[tuple[str, ...]]:
    """Where each mail of a store is, and what of it every store must keep."""
    found: Counter[tuple[str, ...]] = Counter()
    for folder in store.folders():
        if not folder.selectable:
            continue
        name = folder.special.value if folder.special else folder.name
        for got in store.fetch(folder.id, [item.id for item in store.changes(folder.id, "").items]):
            assert isinstance(got, Fetched)
            item = readable(got.item)
            files = "/".join(f"{one.name}:{one.size()}" for one in item.attachments if one.item is None)
            flags = " ".join(sorted(got.state.flags))
            assert got.state.identity is not None
            found[name, got.state.identity.name, item.subject, item.text or "", files, flags] += 1
    return found


def server_with(*items: Item) -> MemoryStore:
    server = MemoryStore(SERVER)
    home = server.create_folder("", "INBOX", special=SpecialUse.INBOX).id
    for number, item in enumerate(items):
        server.put(home, item, frozenset((SEEN, "red")) if number % 2 else frozenset())
    return server


@pytest.mark.interop
def test_real_mail_goes_into_a_file_and_stays_the_same(samples: Path, tmp_path: Path) -> None:
    items: list[Item] = []
    for path in sorted((samples / "mime").iterdir()):
        if "mbox" in path.name:
            with path.open("rb") as mbox:
                items += [formats.parse(one.data) for one in formats.read_mbox(mbox)]
        else:
            items.append(formats.parse(path.read_bytes()))
    assert len(items) > 30
    file, server = PstFile(tmp_path), server_with(*items)
    first = run(file, server)
    assert first.troubles == ()
    settled(file, server)
    file.assert_sound()
    with file.open() as store:
        ids = [item.id for item in store.changes(inbox(store), "").items]
        assert len(ids) == len(items)
        # What is in the file is the same mail, whoever looks.
        assert {key[:3] for key in said(store)} == {key[:3] for key in said(server)}
    foreign = pypff.file()
    foreign.open(str(file.path))
    try:
        found = Counter(message.subject or "" for message in _messages(foreign.get_root_folder()))
        assert sum(found.values()) == len(items)
    finally:
        foreign.close()
    file.lose_index()
    settled(file, server)


def _messages(folder: Any) -> list[Any]:
    below = [message for one in folder.sub_folders for message in _messages(one)]
    return [*folder.sub_messages, *below]


def test_changes_of_both_sides_meet(tmp_path: Path) -> None:
    file, server = PstFile(tmp_path), server_with(*map(mail, range(12)))
    home = next(iter(server.folders())).id
    run(file, server)
    settled(file, server)
    with file.open() as store:
        ids = [int(item.id, 16) for item in store.changes(inbox(store), "").items]

    def change(opened: pst.Store) -> None:
        opened.message(ids[0]).set_read()
        opened.message(ids[2]).set_properties({tags.PidTagBody: "edited in Outlook"})
        opened.message(ids[3]).delete()
        opened.message(ids[4]).move_to(opened.folder_at("Projects", create=True))

    file.outside(change)
    states = _named(server, home)
    server.set_flags(home, [FlagChange(states["<6@example.org>"].id, frozenset((FLAGGED,)), frozenset(), frozenset())])
    server.delete(home, [Removal(states["<7@example.org>"].id, states["<7@example.org>"].revision)])
    server.edit(home, states["<8@example.org>"].id, mail(8, "edited elsewhere"))
    server.put(home, mail(20))
    report = run(file, server, Answer.DELETE)
    assert report.troubles == ()
    settled(file, server)
    with file.open() as store:
        here, there = said(store), said(server)
        assert here == there
    texts = {key[1]: (key[0], key[3], key[5]) for key in here}
    assert len(texts) == 11
    assert texts["<2@example.org>"][1] == "edited in Outlook"
    assert texts["<8@example.org>"][1] == "edited elsewhere"
    assert texts["<4@example.org>"][0] == "Projects"
    assert (texts["<0@example.org>"][2], texts["<6@example.org>"][2]) == (SEEN, FLAGGED)
    file.assert_sound()


def _named(server: MemoryStore, folder: str) -> dict[str, ItemState]:
    found = server.identify(folder, [item.id for item in server.changes(folder, "").items])
    return {state.identity.name: state for state in found if state.identity is not None}


_KILLED = """
import os, sys
from pathlib import Path
from mailconnector.stores import PstStore
from mailconnector.stores.pst.index import PstIndex
from tests.unit.stores.pst.pst_files import delivery, inbox, mail
if sys.argv[3] == "between":
    PstIndex.commit = lambda self: os.kill(os.getpid(), 9)
store = PstStore.open(Path(sys.argv[1]), Path(sys.argv[2]))
folder = inbox(store)
store.add(folder, [delivery(mail(number)) for number in range(100, 110)])
if sys.argv[3] == "between":
    store.barrier()
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills with a signal")
@pytest.mark.parametrize(("when", "count"), [("before", 3), ("between", 13)])
def test_a_process_that_is_killed_leaves_one_of_two_states(tmp_path: Path, when: str, count: int) -> None:
    """Before the barrier nothing of what it did is there; between the file's commit and the index's all of it is."""
    file = PstFile(tmp_path)
    with file.open() as store:
        folder = inbox(store)
        put(store, folder, *map(mail, range(3)))
        found = store.changes(folder, "")
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(file.path), str(file.index), when],
        cwd=Path(__file__).parents[4],
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL
    with file.open() as store:
        later = store.changes(folder, found.cursor)
        assert (later.complete, later.validity) == (False, found.validity)
        assert len(list(later.items)) == count - 3
        assert len(list(store.changes(folder, "").items)) == count
        put(store, folder, mail(200))
    file.assert_sound()


def test_files_that_outlook_wrote_can_be_synchronised(pst_sample: Path, writable_copy, tmp_path: Path) -> None:
    path, index = writable_copy(pst_sample), tmp_path / "index"
    with pst.open_store(path) as read:
        is_ost = read.db.header.wMagicClient == pst.disk.MAGIC_CLIENT_OST
        below = {folder.nid for folder in read.ipm_subtree.walk()} - {read.ipm_subtree.nid}
    if is_ost:
        with pytest.raises(AccountError):
            PstStore.open(path, index)
        return
    revisions: dict[tuple[str, str], str] = {}
    with PstStore.open(path, index) as store:
        folders = [state for state in store.folders() if state.selectable]
        assert {int(state.id, 16) for state in folders} <= below
        for state in folders:
            items = list(store.changes(state.id, "").items)
            assert len(items) == state.count
            revisions |= {(state.id, item.id): item.revision for item in items}
            # Its flags are changed and changed back; a revision does not notice.
            marked = [item for item in items if not item.revision.startswith("damaged")][:5]
            for flags in (frozenset((FLAGGED, "red")), frozenset((SEEN,))):
                wanted = [FlagChange(item.id, flags - item.flags, item.flags - flags, item.flags) for item in marked]
                assert {outcome.status.value for outcome in store.set_flags(state.id, wanted)} <= {"done"}
                marked = list(store.identify(state.id, [item.id for item in marked]))
                assert all(item.flags == flags for item in marked)
            got = list(store.fetch(state.id, [item.id for item in items[:10]]))
            assert len(got) == len(items[:10])
    with PstStore.open(path, tmp_path / "another index") as store:
        for state in folders:
            for item in store.changes(state.id, "").items:
                assert item.revision == revisions[state.id, item.id]
    if not revisions:
        return
    (folder, first), *_ = revisions
    with pst.open_store(path, writable=True) as opened:
        try:
            opened.message(int(first, 16)).set_properties({tags.PidTagBody: "edited"})
        except pst.PstFormatError:
            return
    with PstStore.open(path, index) as store:
        (item,) = store.identify(folder, [first])
        assert item.revision != revisions[folder, first]


def test_a_delivery_is_found_again_by_its_name(tmp_path: Path) -> None:
    file = PstFile(tmp_path)
    nameless = Mail(subject="no id", text="x", headers=b"Subject: no id\r\n")
    with file.open() as store:
        folder = inbox(store)
        (state,) = put(store, folder, nameless)
        assert state.identity is not None
        name = state.identity.name
        assert name == delivery(nameless).identity.name
    file.lose_index()
    with file.open() as store:
        assert [found.id for found in store.find(folder, [name, "<other@example.org>"])] == [state.id]


def test_mail_of_outlook_goes_to_a_server_once(pst_sample: Path, writable_copy, tmp_path: Path) -> None:
    path, index, state_path = writable_copy(pst_sample), tmp_path / "index", str(tmp_path / "state")
    try:
        PstStore.open(path, index).close()
    except AccountError:
        pytest.skip("an OST file")
    server = server_with()
    reports = []
    for _ in range(2):
        with State(state_path) as state, PstStore.open(path, index) as store:
            reports.append(synchronise(state, store, server))
    assert [report.troubles for report in reports] == [(), ()]
    assert reports[1].is_quiet
    with PstStore.open(path, index) as store:
        assert {key[:3] for key in said(store)} == {key[:3] for key in said(server)}
    assert check_file(path).codes <= check_file(pst_sample).codes
