"""Random changes of every kind, compared with a model in memory, on new stores and on copies of real files."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mailconnector.mapi.named import NamedTag
from mailconnector.mapi.objects import Properties, PropertyKey
from mailconnector.mapi.values import Value
from mailconnector.pst import MessageDraft, PstUsageError, Store, disk
from tests.oracle import examples, libpff, soundness
from tests.oracle.contents import (
    ASSOCIATED,
    FLAGS,
    METHOD,
    READ,
    AttachmentContents,
    MessageContents,
    StoreContents,
    attachment_contents,
    canonical,
    canonical_key,
    contents_of,
    differences,
    digest_of,
    read_store,
)

# Few and small draws, from which everything else is made: a hundred changes have to fit into one example.
NUMBERS = st.integers(0, 255)
SIZES = st.sampled_from(examples.SIZES)
_FIXED_FOLDERS = {disk.NID_ROOT_FOLDER, disk.NID_IPM_SUBTREE, disk.NID_SEARCH_ROOT, disk.NID_DELETED_ITEMS}
_EMBEDDED = 5
_MAX_DEPTH = 8


class Refused(Exception):
    """Raised by the test in the middle of a change."""


class StoreMachine(RuleBasedStateMachine):
    """A store and its model; each rule changes both in the same way."""

    def __init__(self, file: io.BytesIO, finished: list[bytes] | None = None) -> None:
        super().__init__()
        self.finished = finished
        self.file = file
        self.known = _faults(file.getvalue())
        self.store = Store.open(file, writable=True)
        self.wide = self.store.format == "unicode"
        self.model = read_store(self.store)
        self.saved: StoreContents | None = None  # the model as it was when the running transaction began
        self.transaction: AbstractContextManager[Store] | None = None
        self.names = 0

    # -- what there is to choose from --------------------------------------------------------------------------------

    def folders(self) -> list[int]:
        """Ordinary folders."""
        return [nid for nid in sorted(self.model.folders) if disk.nid_type(nid) == disk.NID_TYPE_NORMAL_FOLDER]

    def pick_folder(self, pick: int) -> int:
        found = self.folders()
        return found[pick % len(found)]

    def pick_message(self, pick: int) -> int:
        found = sorted(self.model.messages)
        return found[pick % len(found)]

    def has_messages(self) -> bool:
        return bool(self.model.messages)

    def has_attachments(self) -> bool:
        return any(message.attachments for _, message in self.model.messages.values())

    def pick_attachment(self, pick: int, *, embedded: bool = False) -> tuple[int, int]:
        found = [
            (nid, number)
            for nid, (_, message) in sorted(self.model.messages.items())
            for number, attachment in enumerate(message.attachments)
            if not embedded or attachment.embedded is not None
        ]
        return found[pick % len(found)] if found else (0, 0)

    def message(self, nid: int) -> MessageContents:
        return self.model.messages[nid][1]

    def put(self, nid: int, message: MessageContents) -> None:
        self.model.messages[nid] = self.model.messages[nid][0], message

    def above(self, nid: int) -> list[int]:
        """The folder itself and those that it is in."""
        found = [nid]
        while found[-1] != disk.NID_ROOT_FOLDER:
            found.append(self.model.folders[found[-1]][0])
        return found

    def depth(self, nid: int) -> int:
        return len(self.above(nid)) - 1

    # -- folders -----------------------------------------------------------------------------------------------------

    @rule(pick=NUMBERS, kind=st.sampled_from((None, "IPF.Note", "IPF.Contact")))
    def create_folder(self, pick: int, kind: str | None) -> None:
        parent = self.pick_folder(pick)
        if self.depth(parent) > _MAX_DEPTH:
            return
        self.names += 1
        name = f"{examples.make_text(pick, 8, wide=self.wide).strip()} {self.names}"
        made = self.store.folder(parent).create_folder(name, kind)
        properties: Properties = {0x3001001F: name}
        if kind is not None:
            properties[0x3613001F] = kind
        assert made.nid not in self.model.folders
        self.model.folders[made.nid] = parent, properties

    @rule(pick=NUMBERS, other=NUMBERS)
    def rename_folder(self, pick: int, other: int) -> None:
        nid = self.pick_folder(pick)
        parent, properties = self.model.folders[nid]
        if other % 4 or nid == disk.NID_ROOT_FOLDER:
            self.names += 1
            name = f"renamed {self.names}"
        else:
            name = str(self.model.folders[self.pick_folder(other)][1][0x3001001F])
        beside = [
            below[1].get(0x3001001F) for one, below in self.model.folders.items() if below[0] == parent and one != nid
        ]
        if nid != disk.NID_ROOT_FOLDER and (name in beside or not name):
            with pytest.raises(PstUsageError):
                self.store.folder(nid).rename(name)
            return
        self.store.folder(nid).rename(name)
        self.model.folders[nid] = parent, {**properties, 0x3001001F: name}

    @rule(pick=NUMBERS, which=st.sampled_from(examples.FOLDER_KEYS), seed=NUMBERS, size=SIZES)
    def set_folder_property(self, pick: int, which: PropertyKey, seed: int, size: int) -> None:
        nid = self.pick_folder(pick)
        value = examples.make_value(which, seed, min(size, 8200), wide=self.wide)
        self.store.folder(nid).set_properties({which: value})
        parent, properties = self.model.folders[nid]
        self.model.folders[nid] = parent, _with(properties, which, value)

    @rule(pick=NUMBERS, which=st.sampled_from(examples.FOLDER_KEYS))
    def delete_folder_property(self, pick: int, which: PropertyKey) -> None:
        nid = self.pick_folder(pick)
        self.store.folder(nid).delete_properties(which)
        parent, properties = self.model.folders[nid]
        self.model.folders[nid] = parent, _without(properties, which)

    @rule(pick=NUMBERS, into=NUMBERS)
    def move_folder(self, pick: int, into: int) -> None:
        nid, place = self.pick_folder(pick), self.pick_folder(into)
        parent, properties = self.model.folders[nid]
        name = properties[0x3001001F]
        taken = any(
            below == place and one != nid and other.get(0x3001001F) == name
            for one, (below, other) in self.model.folders.items()
        )
        impossible = nid in _FIXED_FOLDERS or nid in self.above(place)
        if self.depth(place) > _MAX_DEPTH:
            return
        if impossible or (taken and parent != place):
            with pytest.raises(PstUsageError):
                self.store.folder(nid).move_to(self.store.folder(place))
            return
        self.store.folder(nid).move_to(self.store.folder(place))
        self.model.folders[nid] = place, properties

    @rule(pick=NUMBERS)
    def delete_folder(self, pick: int) -> None:
        nid = self.pick_folder(pick)
        gone = {nid}
        while more := {one for one, (parent, _) in self.model.folders.items() if parent in gone} - gone:
            gone |= more
        if nid in _FIXED_FOLDERS:
            with pytest.raises(PstUsageError):
                self.store.folder(nid).delete()
            return
        # What the files were made for is not to be gone after a few steps.
        if sum(1 for place, _ in self.model.messages.values() if place in gone) > 5 or gone & _FIXED_FOLDERS:
            return
        self.store.folder(nid).delete()
        for one in gone:
            del self.model.folders[one]
        for one in [one for one, (place, _) in self.model.messages.items() if place in gone]:
            del self.model.messages[one]

    @rule(which=st.sampled_from(examples.STORE_KEYS), seed=NUMBERS, size=SIZES)
    def set_store_property(self, which: PropertyKey, seed: int, size: int) -> None:
        value = examples.make_value(which, seed, min(size, 8200), wide=self.wide)
        self.store.set_properties({which: value})
        self.model.properties = _with(self.model.properties, which, value)

    # -- messages ----------------------------------------------------------------------------------------------------

    @rule(pick=NUMBERS, seed=NUMBERS, count=st.sampled_from((2, 10, 50)))
    def add_messages(self, pick: int, seed: int, count: int) -> None:
        for number in range(count if len(self.model.messages) < 200 else 1):
            self.add_message(pick + number // 7, seed + number, 30, associated=number % 8 == 7)

    @rule(pick=NUMBERS, seed=NUMBERS, size=SIZES, associated=st.booleans())
    def add_message(self, pick: int, seed: int, size: int, associated: bool) -> None:
        place = self.pick_folder(pick)
        message = examples.make_message(seed, size, wide=self.wide, associated=associated)
        nid = self.store.folder(place).add_message(message).nid
        assert nid not in self.model.messages
        wanted = contents_of(examples.make_message(seed, size, wide=self.wide, associated=associated))
        if associated:
            wanted.properties[FLAGS] = _number(wanted.properties[FLAGS]) | ASSOCIATED
        self.model.messages[nid] = place, wanted

    @precondition(has_messages)
    @rule(pick=NUMBERS, which=st.sampled_from(examples.MESSAGE_KEYS), seed=NUMBERS, size=SIZES)
    def set_property(self, pick: int, which: PropertyKey, seed: int, size: int) -> None:
        nid = self.pick_message(pick)
        value = examples.make_value(which, seed, size, wide=self.wide)
        self.store.message(nid).set_properties({which: value})
        message = self.message(nid)
        self.put(nid, replace(message, properties=_with(message.properties, which, value)))

    @precondition(has_messages)
    @rule(pick=NUMBERS, which=st.sampled_from(examples.MESSAGE_KEYS[1:]))
    def delete_property(self, pick: int, which: PropertyKey) -> None:
        nid = self.pick_message(pick)
        with self.store.message(nid).edit() as draft:
            draft.delete(which)
        message = self.message(nid)
        self.put(nid, replace(message, properties=_without(message.properties, which)))

    @precondition(has_messages)
    @rule(pick=NUMBERS, read=st.booleans())
    def set_read(self, pick: int, read: bool) -> None:
        nid = self.pick_message(pick)
        self.store.message(nid).set_read(read)
        message = self.message(nid)
        flags = _number(message.properties.get(FLAGS, 0)) & ~READ | read
        self.put(nid, replace(message, properties={**message.properties, FLAGS: flags}))

    @precondition(has_messages)
    @rule(pick=NUMBERS, into=NUMBERS)
    def move_message(self, pick: int, into: int) -> None:
        nid, place = self.pick_message(pick), self.pick_folder(into)
        self.store.message(nid).move_to(self.store.folder(place))
        self.model.messages[nid] = place, self.message(nid)

    @precondition(has_messages)
    @rule(pick=NUMBERS, into=NUMBERS)
    def copy_message(self, pick: int, into: int) -> None:
        nid, place = self.pick_message(pick), self.pick_folder(into)
        copy = self.store.message(nid).copy_to(self.store.folder(place))
        assert copy.nid not in self.model.messages
        self.model.messages[copy.nid] = place, self.message(nid)

    @precondition(has_messages)
    @rule(pick=NUMBERS)
    def delete_message(self, pick: int) -> None:
        nid = self.pick_message(pick)
        self.store.message(nid).delete()
        del self.model.messages[nid]

    # -- recipients and attachments ----------------------------------------------------------------------------------

    @precondition(has_messages)
    @rule(pick=NUMBERS, seed=NUMBERS, which=st.sampled_from(examples.RECIPIENT_KEYS), size=SIZES)
    def add_recipient(self, pick: int, seed: int, which: PropertyKey, size: int) -> None:
        nid = self.pick_message(pick)
        properties = examples.make_recipient(seed, wide=self.wide).properties
        properties[which] = examples.make_value(which, seed, min(size, 4000), wide=self.wide)
        with self.store.message(nid).edit() as draft:
            draft.add_recipient(properties)
        message = self.message(nid)
        self.put(nid, replace(message, recipients=(*message.recipients, canonical(properties))))

    @precondition(has_messages)
    @rule(pick=NUMBERS, number=NUMBERS)
    def remove_recipient(self, pick: int, number: int) -> None:
        nid = self.pick_message(pick)
        rows = list(self.message(nid).recipients)
        if not rows:
            return
        del rows[number % len(rows)]
        with self.store.message(nid).edit() as draft:
            draft.remove_recipient(number % (len(rows) + 1))
        self.put(nid, replace(self.message(nid), recipients=tuple(rows)))

    @precondition(has_messages)
    @rule(pick=NUMBERS, seed=NUMBERS, count=st.sampled_from((0, 1, 5, 60)))
    def set_recipients(self, pick: int, seed: int, count: int) -> None:
        nid = self.pick_message(pick)
        rows = [examples.make_recipient(seed + number, wide=self.wide).properties for number in range(count)]
        with self.store.message(nid).edit() as draft:
            draft.set_recipients(rows)
        self.put(nid, replace(self.message(nid), recipients=tuple(map(canonical, rows))))

    @precondition(has_messages)
    @rule(pick=NUMBERS, seed=NUMBERS, size=SIZES, stream=st.booleans())
    def add_attachment(self, pick: int, seed: int, size: int, stream: bool) -> None:
        nid = self.pick_message(pick)
        if len(self.message(nid).attachments) > 40:
            return
        attachment = examples.make_attachment(seed, size, wide=self.wide)
        wanted = attachment_contents(attachment)
        if stream and isinstance(attachment.data, bytes):
            attachment.data = io.BytesIO(attachment.data)
        with self.store.message(nid).edit() as draft:
            draft.add_attachment(attachment)
        message = self.message(nid)
        self.put(nid, replace(message, attachments=(*message.attachments, wanted)))

    @precondition(has_attachments)
    @rule(pick=NUMBERS)
    def remove_attachment(self, pick: int) -> None:
        nid, number = self.pick_attachment(pick)
        with self.store.message(nid).edit() as draft:
            draft.remove_attachment(draft.attachment_nids[number])
        attachments = list(self.message(nid).attachments)
        del attachments[number]
        self.put(nid, replace(self.message(nid), attachments=tuple(attachments)))

    @precondition(has_attachments)
    @rule(pick=NUMBERS, which=st.sampled_from(examples.ATTACHMENT_KEYS), seed=NUMBERS, size=SIZES)
    def edit_attachment(self, pick: int, which: PropertyKey, seed: int, size: int) -> None:
        nid, number = self.pick_attachment(pick)
        value = examples.make_value(which, seed, min(size, 8200), wide=self.wide)
        with (
            self.store.message(nid).edit() as draft,
            draft.edit_attachment(draft.attachment_nids[number]) as attachment,
        ):
            if seed % 3:
                attachment.set(which, value)
            else:
                attachment.delete(which)
        old = self.message(nid).attachments[number]
        properties = _with(old.properties, which, value) if seed % 3 else _without(old.properties, which)
        self._put_attachment(nid, number, replace(old, properties=properties))

    @precondition(has_attachments)
    @rule(pick=NUMBERS, seed=NUMBERS, size=SIZES)
    def replace_attachment(self, pick: int, seed: int, size: int) -> None:
        nid, number = self.pick_attachment(pick)
        old = self.message(nid).attachments[number]
        data = examples.make_value(0x37010102, seed, size, wide=self.wide)
        assert isinstance(data, bytes)
        with (
            self.store.message(nid).edit() as draft,
            draft.edit_attachment(draft.attachment_nids[number]) as attachment,
        ):
            if seed % 4:
                attachment.set_data(data)
            else:
                attachment.set_embedded(examples.make_message(seed, size, wide=self.wide))
        method = _number(old.properties.get(METHOD, 0))
        if seed % 4:
            method = 1 if method in (0, _EMBEDDED) else method
            new = AttachmentContents({**old.properties, METHOD: method}, digest_of(data))
        else:
            message = contents_of(examples.make_message(seed, size, wide=self.wide))
            new = AttachmentContents({**old.properties, METHOD: _EMBEDDED}, None, message)
        self._put_attachment(nid, number, new)

    @precondition(has_attachments)
    @rule(pick=NUMBERS, which=st.sampled_from(examples.MESSAGE_KEYS), seed=NUMBERS, size=SIZES)
    def edit_embedded(self, pick: int, which: PropertyKey, seed: int, size: int) -> None:
        nid, number = self.pick_attachment(pick, embedded=True)
        if not nid:
            return
        old = self.message(nid).attachments[number]
        assert old.embedded is not None
        value = examples.make_value(which, seed, size, wide=self.wide)
        with (
            self.store.message(nid).edit() as draft,
            draft.edit_attachment(draft.attachment_nids[number]) as attachment,
            attachment.edit_embedded() as embedded,
        ):
            embedded.set(which, value)
            embedded.add_attachment(examples.make_attachment(seed, size, wide=self.wide, depth=2))
        added = attachment_contents(examples.make_attachment(seed, size, wide=self.wide, depth=2))
        changed = replace(
            old.embedded,
            properties=_with(old.embedded.properties, which, value),
            attachments=(*old.embedded.attachments, added),
        )
        self._put_attachment(nid, number, replace(old, embedded=changed))

    def _put_attachment(self, nid: int, number: int, attachment: AttachmentContents) -> None:
        attachments = list(self.message(nid).attachments)
        attachments[number] = attachment
        self.put(nid, replace(self.message(nid), attachments=tuple(attachments)))

    # -- changes that fail -------------------------------------------------------------------------------------------

    @precondition(has_messages)
    @rule(pick=NUMBERS, seed=NUMBERS, size=SIZES)
    def give_up_an_edit(self, pick: int, seed: int, size: int) -> None:
        """An exception out of the middle of a change takes that change back, and it alone."""

        def spoil(draft: MessageDraft) -> None:
            draft.set(0x1000001F, examples.make_text(seed, size, wide=self.wide))
            draft.set(NamedTag(examples.MESSAGE_KEYS[-1].name, 0x0102), bytes(size))  # type: ignore[union-attr]
            draft.add_attachment(examples.make_attachment(seed, size, wide=self.wide))
            draft.add_recipient(examples.make_recipient(seed, wide=self.wide).properties)
            raise Refused

        with pytest.raises(Refused), self.store.message(self.pick_message(pick)).edit() as draft:
            spoil(draft)

    @rule(pick=NUMBERS, seed=NUMBERS, size=SIZES)
    def add_what_cannot_be_stored(self, pick: int, seed: int, size: int) -> None:
        """A value that does not fit its type, behind attachments that are written already."""
        message = examples.make_message(seed, size, wide=self.wide)
        bad = examples.make_message(seed, size, wide=self.wide)
        bad.properties[0x00390040] = "no time"
        message.attachments.append(replace(examples.make_attachment(1, 10, wide=self.wide), embedded=bad))
        with pytest.raises(PstUsageError):
            self.store.folder(self.pick_folder(pick)).add_message(message)

    # -- transactions ------------------------------------------------------------------------------------------------

    def in_transaction(self) -> bool:
        return self.transaction is not None

    @precondition(lambda self: self.transaction is None)
    @rule()
    def begin(self) -> None:
        self.saved = self.model.copy()
        self.transaction = self.store.transaction()
        self.transaction.__enter__()

    @precondition(in_transaction)
    @rule()
    def commit(self) -> None:
        assert self.transaction is not None
        transaction, self.transaction = self.transaction, None
        transaction.__exit__(None, None, None)

    @precondition(in_transaction)
    @rule()
    def roll_back(self) -> None:
        assert self.transaction is not None and self.saved is not None
        transaction, self.transaction = self.transaction, None
        error = Refused()
        assert not transaction.__exit__(Refused, error, error.__traceback__)
        self.model = self.saved

    @precondition(lambda self: self.transaction is None)
    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store.open(self.file, writable=True)

    @rule()
    def compare(self) -> None:
        """Everything is read back, in the middle of a transaction too."""
        assert _unexpected(differences(read_store(self.store), self.model)) == []

    # -- at the end --------------------------------------------------------------------------------------------------

    def finish(self) -> bytes:
        """Commit what runs, prove the file, and return it."""
        if self.transaction is not None:
            self.commit()
        self.compare()
        self.store.close()
        data = self.file.getvalue()
        assert sorted(_faults(data) - self.known) == []
        with Store.open(io.BytesIO(data)) as store:
            assert _unexpected(differences(read_store(store), self.model)) == []
            assert libpff.differences(io.BytesIO(data), store) == []
        return data

    def teardown(self) -> None:
        if sys.exception() is None:
            data = self.finish()
            if self.finished is not None:
                self.finished.append(data)


def _faults(data: bytes) -> set[str]:
    """Return what is wrong with a file. By how much its sum of free bytes is wrong does not count."""
    return {
        re.sub("cbAMapFree is .* more", "cbAMapFree is more", fault) for fault in soundness.faults(io.BytesIO(data))
    }


def _number(value: Value) -> int:
    assert isinstance(value, int)
    return value


def _same_property(key: PropertyKey, other: PropertyKey) -> bool:
    if isinstance(key, NamedTag) or isinstance(other, NamedTag):
        return isinstance(key, NamedTag) and isinstance(other, NamedTag) and key.name == other.name
    return key >> 16 == other >> 16


def _without(properties: Properties, key: PropertyKey) -> Properties:
    return {other: value for other, value in properties.items() if not _same_property(key, other)}


def _with(properties: Properties, key: PropertyKey, value: Value) -> Properties:
    return {**_without(properties, key), canonical_key(key): value}


def _unexpected(found: list[str]) -> list[str]:
    """Leave out PidTagDisplayTo and its kin: the store keeps them in step with the recipients, the model does not."""
    return [line for line in found if not re.search("0x0e0[234]001[ef] is ", line)]


def run(
    make: Callable[[], io.BytesIO], *, runs: int, steps: int, shrink: bool = False, finished: list[bytes] | None = None
) -> None:
    """Run the machine several times on files that `make` gives; to shrink what fails takes minutes.

    The first run is Hypothesis' simplest one, of a few steps that change nothing. ``finished`` takes the changed files.
    """
    run_state_machine_as_test(
        cast("type[StoreMachine]", lambda: StoreMachine(make(), finished)),
        settings=settings(
            max_examples=runs,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
        ),
    )


def new_store(format_: Literal["unicode", "ansi"], encryption: Literal["none", "permute", "cyclic"]) -> io.BytesIO:
    """Return an empty store; one in three has the usual folders."""
    file = io.BytesIO()
    Store.create(file, format=format_, encryption=encryption, usual_folders=encryption == "cyclic").close()
    return file


def changeable(path: Path) -> io.BytesIO:
    """Return a copy in memory of a real file, or skip where its variant can only be read."""
    file = io.BytesIO(path.read_bytes())
    with Store.open(file) as store:
        if store.format == "unicode4k":
            pytest.skip("files of the 4K format can only be read")
    return file


@pytest.mark.parametrize("format_", ["unicode", "ansi"])
def test_a_change_that_fails_half_way_is_never_committed(format_: Literal["unicode", "ansi"]):
    """Reading inside a change writes open tables; when the change then fails, the transaction can only be given up."""
    file = new_store(format_, "permute")
    with Store.open(file, writable=True) as store:
        before = read_store(store)
        with pytest.raises(PstUsageError, match="half-way"), store.transaction():
            made = store.ipm_subtree.add_message(examples.make_message(1, 10, wide=False))
            with pytest.raises(Refused), made.edit():
                store.ipm_subtree.message_nids()
                raise Refused
            with pytest.raises(PstUsageError, match="half-way"):
                made.set_read()
        assert differences(read_store(store), before) == []
        store.ipm_subtree.add_message(examples.make_message(2, 10, wide=False))
    assert soundness.faults(file) == set()


@pytest.mark.parametrize("encryption", ["none", "permute", "cyclic"])
@pytest.mark.parametrize("format_", ["unicode", "ansi"])
def test_new_store(format_: Literal["unicode", "ansi"], encryption: Literal["none", "permute", "cyclic"]):
    run(lambda: new_store(format_, encryption), runs=6, steps=60)


def test_real_file(pst_sample: Path, tmp_path: Path):
    """About a hundred random changes to each file that Outlook, or another program, wrote."""
    content = changeable(pst_sample).getvalue()
    finished: list[bytes] = []
    run(lambda: io.BytesIO(content), runs=2, steps=100, finished=finished)
    changed = tmp_path / "changed.pst"
    # readpst names a folder by the store's name, however long it is, and neither program reads a file with a password.
    for path, data in ((tmp_path / "old.pst", content), (changed, finished[-1])):
        file = io.BytesIO(data)
        with Store.open(file, writable=True) as store:
            store.set_properties({0x3001001F: "changed", 0x67FF0003: 0})
        path.write_bytes(file.getvalue())
    for program in ("lspst", "readpst"):
        if shutil.which(program):
            assert ends_of(program, changed, tmp_path / "new") <= ends_of(
                program, tmp_path / "old.pst", tmp_path / "old"
            )


def ends_of(program: str, path: Path, directory: Path) -> int:
    """Have a stranger read a file and return how it ends; it reads no file with a password, for one."""
    directory.mkdir(exist_ok=True)
    # Into mailboxes: in files of their own, it would take the attachments' names as they are, however long.
    into = ("-j", "0", "-q", "-r", "-D", "-o", str(directory)) if program == "readpst" else ()
    done = subprocess.run([program, *into, str(path)], capture_output=True, timeout=120, check=False)
    return done.returncode


@pytest.mark.slow
@pytest.mark.parametrize("format_", ["unicode", "ansi"])
def test_new_store_at_length(format_: Literal["unicode", "ansi"]):
    run(lambda: new_store(format_, "permute"), runs=100, steps=150, shrink=True)


@pytest.mark.slow
def test_real_file_at_length(pst_sample: Path):
    content = changeable(pst_sample).getvalue()
    run(lambda: io.BytesIO(content), runs=20, steps=150, shrink=True)
