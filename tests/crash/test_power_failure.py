"""The writer is stopped before, inside and behind every single write: the file shows the old state or the new one."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Iterator
from typing import Literal

import pytest

from mailconnector.mapi.named import PS_PUBLIC_STRINGS, NamedTag, PropertyName
from mailconnector.pst import NotAPstError, PstDiskError, PstUsageError, Store, disk
from mailconnector.pst.ndb import device
from mailconnector.pst.ndb.database import NodeDatabase
from tests.oracle import examples, soundness
from tests.oracle.contents import StoreContents, differences, read_store
from tests.oracle.recording import RecordingFile

Format = Literal["unicode", "ansi"]
FORMATS = pytest.mark.parametrize("format_", ["unicode", "ansi"])
# The small verifier and the check are asked about one state in so many; every state is read as a whole.
SOUND_EVERY = 9


@pytest.fixture(autouse=True)
def small_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a transaction make many small writes where it would make few large ones."""
    monkeypatch.setattr(device, "_FLUSH_BYTES", 1 << 16)
    monkeypatch.setattr(device, "_JOIN_BYTES", 1 << 14)


def open_recorded(file: RecordingFile) -> Store:
    """Open a store for changes on a file that takes note of every write and barrier."""
    return Store(NodeDatabase.open(device.Device(file, file.barrier), writable=True))


def filled_store(format_: Format) -> bytes:
    """Return a store with some content."""
    file = io.BytesIO()
    with Store.create(file, format=format_, usual_folders=True) as store, store.transaction():
        for name in ("kept", "changed", "gone"):
            folder = store.ipm_subtree.create_folder(name)
            for number in range(12):
                folder.add_message(examples.make_message(number, 600 * number, wide=False, associated=number % 6 == 5))
    return file.getvalue()


def change_much(store: Store) -> None:
    """Make some hundred changes of every kind."""
    top = store.ipm_subtree
    changed, gone, kept = (top.folder(name) for name in ("changed", "gone", "kept"))
    new = top.create_folder("new", "IPF.Contact")
    for number in range(60):
        size = examples.SIZES[number % len(examples.SIZES)] // 4
        new.add_message(examples.make_message(100 + number, size, wide=False, associated=number % 9 == 8))
    for number, message in enumerate(list(changed.messages())):
        message.set_properties({examples.MESSAGE_KEYS[number % 6]: examples.make_value(
            examples.MESSAGE_KEYS[number % 6], number, 5000, wide=False)})  # fmt: skip
        with message.edit() as draft:
            draft.set(NamedTag(PropertyName(PS_PUBLIC_STRINGS, f"crash {number}"), 0x1F), "named")
            draft.add_recipient(examples.make_recipient(number, wide=False).properties)
            draft.add_attachment(examples.make_attachment(number, 9000, wide=False))
            if number % 2:
                draft.remove_attachment(draft.attachment_nids[0])
        message.copy_to(new)
        if number % 3 == 0:
            message.move_to(kept)
        if number % 3 == 1:
            store.message(message.nid).set_read(number % 2 == 0)
        if number % 3 == 2:
            message.delete()
    gone.create_folder("below").add_message(examples.make_message(7, 100, wide=False))
    kept.move_to(new)
    gone.delete()
    changed.rename("other name")
    changed.set_properties({0x3004001F: "a comment"})
    store.set_properties({0x3001001F: "another name"})


def recorded_transaction(before: bytes) -> tuple[RecordingFile, StoreContents, StoreContents]:
    """Run the long transaction; return the record, and what the store held before and behind it."""
    file = RecordingFile(before)
    with open_recorded(file) as store:
        old = read_store(store)
        with store.transaction():
            change_much(store)
        return file, old, read_store(store)


def prove(states: Iterator[tuple[str, bytes]], old: StoreContents | None, new: StoreContents) -> tuple[int, int]:
    """Reopen a file in each of the states; return how many showed the old contents and how many the new."""
    counts = [0, 0]
    seen: dict[bytes, None] = {}
    for number, (what, state) in enumerate(states):
        if state in seen:
            continue
        seen = {state: None}
        file = io.BytesIO(state)
        try:
            store = Store.open(file, writable=True)
        except NotAPstError:
            assert old is None, what
            counts[0] += 1
            continue
        with store:
            found = read_store(store)
            is_new = not differences(found, new)
            assert is_new or (old is not None and not differences(found, old)), what
            counts[is_new] += 1
            if number % SOUND_EVERY == 0:
                # What the writer had put behind the old end does no harm there.
                assert soundness.faults(file) <= {"check: file-longer"}, what
                store.ipm_subtree.create_folder(f"goes on {number}")
                assert soundness.faults(file) <= {"check: file-longer"}, what
    return counts[0], counts[1]


@FORMATS
def test_a_writer_stopped_at_any_write(format_: Format):
    file, old, new = recorded_transaction(filled_store(format_))
    assert sum(map(len, file.events)) > 40
    before, behind = prove(file.cut_states(), old, new)
    # The commit point is one write; what comes behind it are the maps, the valid header and the cleared shadow.
    assert before > 100 and behind > 10


@FORMATS
def test_writes_that_the_disk_loses_or_reorders(format_: Format):
    """Between two barriers any of the writes may have reached the disk, in any order and in part."""
    file, old, new = recorded_transaction(filled_store(format_))
    assert len(file.events) >= 5
    before, behind = prove(file.reordered_states(random.Random(2024), 40), old, new)
    assert before > 20 and behind > 20


@FORMATS
def test_a_recovery_stopped_at_any_write(format_: Format):
    """The recovery of a file that a writer left behind may be cut short too, and the commit that follows it."""
    file, _, new = recorded_transaction(filled_store(format_))
    # Between the commit point and the end: the header is the new one, with fAMapValid 0.
    states = [
        state for _, state in file.cut_states() if _is_invalid(state) and state[disk.SHADOW_OFFSET :][:4] == disk.MAGIC
    ]
    for state in (states[0], states[-1]):
        again = RecordingFile(state)
        with open_recorded(again) as store:
            assert not differences(read_store(store), new)
            recovered = sum(map(len, again.events))
            store.ipm_subtree.create_folder("behind the recovery")
            final = read_store(store)
        assert recovered > 2
        before, behind = prove(again.cut_states(), new, final)
        assert before > 10 and behind > 5
        prove(again.reordered_states(random.Random(7), 10), new, final)


def _is_invalid(state: bytes) -> bool:
    try:
        return disk.unpack_header(state[: disk.HEADER_READ_SIZE]).root.fAMapValid == disk.INVALID_AMAP
    except Exception:
        return False


@FORMATS
def test_a_creation_stopped_at_any_write(format_: Format):
    """Until the first commit is through, the file is no PST file at all; afterwards it is a whole one."""
    file = RecordingFile()
    Store.create(file, format=format_, usual_folders=True).close()
    with Store.open(io.BytesIO(file.getvalue())) as store:
        new = read_store(store)
    prove(file.cut_states(), None, new)


_MADE_UP = re.compile("0x(30070040|30080040|300b0102)")


@FORMATS
def test_a_full_disk(format_: Format):
    """A write is refused: a clear error, the old state, and a store that can be used or says that it cannot."""
    content = filled_store(format_)
    file, old, new = recorded_transaction(content)
    total = file.writes
    outcomes = set()
    # Every write of the commit's end, and one in three of those before.
    for fail_at in sorted({*range(0, total, 3), *range(total - 14, total)}):
        file = RecordingFile(content)
        store = open_recorded(file)
        file.fail_at = fail_at
        with pytest.raises(PstDiskError) as caught, store.transaction():
            change_much(store)
        assert "space" in str(caught.value) and isinstance(caught.value.__cause__, OSError)
        file.fail_at = None
        try:
            store.ipm_subtree.create_folder("afterwards")
            outcomes.add("usable")
            store.ipm_subtree.folder("afterwards").delete()
            assert not differences(read_store(store), old), fail_at
        except PstUsageError as error:
            outcomes.add("refuses")
            assert "open it again" in str(error)
        store.close()
        with Store.open(file, writable=True) as again:
            found = read_store(again)
            # The new state was recorded in another run: the stamps and keys that the engine made up differ.
            beyond = [line for line in differences(found, new) if not _MADE_UP.search(line)]
            assert not differences(found, old) or not beyond, fail_at
        if fail_at % 5 == 0 or fail_at > total - 12:
            assert soundness.faults(file) <= {"check: file-longer"}, fail_at
    assert outcomes == {"usable", "refuses"}
