"""What `mailconnector.sync.store` promises, held against every sync store."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailconnector.items import (
    Appointment,
    Contact,
    DistributionList,
    FolderKind,
    Item,
    JournalEntry,
    Mail,
    Note,
    Task,
    message_id_of,
)
from mailconnector.items.merging import field_digests
from mailconnector.sync import FolderError, SyncStore
from mailconnector.sync.errors import FolderNotEmptyError
from mailconnector.sync.flags import FLAGGED, SEEN, FlagSet
from mailconnector.sync.identity import identify
from mailconnector.sync.store import (
    ROOT,
    Delivery,
    Fetched,
    FlagChange,
    Identity,
    ItemState,
    Removal,
    Replacement,
    Status,
)
from tests.contract.conftest import Subject
from tests.exchange import mail
from tests.unit.items.edits import EDITS, KINDS, sample

WHEN = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


def make(store: SyncStore, name: str, parent: str = ROOT) -> str:
    return store.create_folder(parent, store.fit_name(parent, name)).id


def delivery(item: Item, flags: FlagSet = frozenset()) -> Delivery:
    assert isinstance(item, Mail)
    return Delivery(item, flags, WHEN, 100, Identity(item.message_id, "", item.subject))


def put(store: SyncStore, folder: str, *numbers: int) -> list[ItemState]:
    outcomes = store.add(folder, [delivery(mail(number)) for number in numbers])
    assert [outcome.status for outcome in outcomes] == [Status.DONE] * len(numbers)
    store.barrier()
    return [one(store, folder, number) for number in numbers]


def one(store: SyncStore, folder: str, number: int) -> ItemState:
    (found,) = store.find(folder, [f"<{number}@example.org>"])
    return found


def listing(store: SyncStore, folder: str, cursor: str = "") -> tuple[dict[str, ItemState], set[str], str, bool]:
    found = store.changes(folder, cursor)
    return {item.id: item for item in found.items}, set(found.vanished), found.cursor, found.complete


def text_of(store: SyncStore, folder: str, id_: str) -> str | None:
    (got,) = store.fetch(folder, [id_])
    assert isinstance(got, Fetched)
    assert isinstance(got.item, Mail)
    return got.item.text


def test_added_items_are_listed_found_and_fetched(subject: Subject) -> None:
    store = subject.store
    folder = make(store, "F")
    outcomes = store.add(folder, [delivery(mail(1), frozenset((SEEN, "red"))), delivery(mail(2))])
    store.barrier()
    items, vanished, _, complete = listing(store, folder)
    assert complete
    assert not vanished
    assert len(items) == 2
    first = one(store, folder, 1)
    assert first.flags == {SEEN, "red"}
    assert first.id in items
    assert outcomes[0].id in ("", first.id)
    (got,) = store.fetch(folder, [first.id])
    assert isinstance(got, Fetched)
    assert isinstance(got.item, Mail)
    assert (got.item.message_id, got.item.text) == ("<1@example.org>", "body 1")
    assert got.state.identity is not None
    assert got.state.identity.digest
    assert got.state.date == WHEN


def test_headers_only_leave_the_body_out(subject: Subject) -> None:
    folder = make(subject.store, "F")
    (item,) = put(subject.store, folder, 1)
    (got,) = subject.store.fetch(folder, [item.id], headers_only=True)
    assert isinstance(got, Fetched)
    assert isinstance(got.item, Mail)
    assert got.item.subject == "mail 1"
    assert not got.item.text


def test_missing_items_are_left_out(subject: Subject) -> None:
    folder = make(subject.store, "F")
    (item,) = put(subject.store, folder, 1)
    assert [state.id for state in subject.store.identify(folder, [item.id, "no such"])] == [item.id]
    assert len(list(subject.store.fetch(folder, ["no such", item.id]))) == 1
    assert list(subject.store.find(folder, ["<9@example.org>"])) == []


def test_changes_since_a_cursor_name_every_change(subject: Subject) -> None:
    store = subject.store
    folder = make(store, "F")
    gone, marked, edited, same = put(store, folder, 1, 2, 3, 4)
    _, _, cursor, _ = listing(store, folder)
    store.delete(folder, [Removal(gone.id, gone.revision)])
    store.set_flags(folder, [FlagChange(marked.id, frozenset((FLAGGED,)), frozenset(), marked.flags)])
    new_id = subject.edit(folder, edited.id, mail(3, "other"))
    (added,) = put(store, folder, 5)
    items, vanished, after, complete = listing(store, folder, cursor)
    assert {marked.id, new_id, added.id} <= set(items)
    assert items[marked.id].flags == {FLAGGED}
    assert items[marked.id].revision == marked.revision
    assert items[new_id].revision != edited.revision
    gone_ids = {gone.id} | ({edited.id} if new_id != edited.id else set())
    assert gone_ids <= vanished or (complete and not gone_ids & set(items))
    if complete:
        assert items[same.id].revision == same.revision
    items, vanished, _, complete = listing(store, folder, after)
    assert complete or not (items or vanished)


def test_an_unknown_cursor_gives_everything(subject: Subject) -> None:
    folder = make(subject.store, "F")
    put(subject.store, folder, 1, 2)
    items, _, _, complete = listing(subject.store, folder, "what:99")
    assert complete
    assert len(items) == 2


def test_a_folder_that_was_not_touched_keeps_its_cursor(subject: Subject) -> None:
    store = subject.store
    quiet, busy = make(store, "Quiet"), make(store, "Busy")
    put(store, quiet, 1)
    before = {state.id: state.cursor for state in store.folders()}
    put(store, busy, 2)
    after = {state.id: state.cursor for state in store.folders()}
    assert before[quiet] == after[quiet]
    assert after[busy] == "" or before[busy] != after[busy]


def test_replacing_needs_the_expected_revision(subject: Subject) -> None:
    store = subject.store
    folder = make(store, "F")
    (item,) = put(store, folder, 1)
    (refused,) = store.replace(folder, [Replacement(item.id, "not this", delivery(mail(1, "other")))])
    assert refused.status is Status.CHANGED
    assert text_of(store, folder, item.id) == "body 1"
    (done,) = store.replace(
        folder, [Replacement(item.id, item.revision, delivery(mail(1, "other"), frozenset((SEEN,))))]
    )
    store.barrier()
    assert done.status is Status.DONE
    now = one(store, folder, 1)
    assert done.id in ("", now.id)
    assert text_of(store, folder, now.id) == "other"
    assert now.flags == {SEEN}
    assert now.revision != item.revision
    assert done.id == "" or done.revision == now.revision
    (missing,) = store.replace(folder, [Replacement("no such", "", delivery(mail(2)))])
    assert missing.status is Status.MISSING


def test_an_edit_that_keeps_the_size_is_another_revision(subject: Subject) -> None:
    store = subject.store
    folder = make(store, "F")
    (item,) = put(store, folder, 1)
    seen = {item.revision}
    for body in ("body A", "body B", "body C"):
        (done,) = store.replace(folder, [Replacement(item.id, item.revision, delivery(mail(1, body), item.flags))])
        assert done.status is Status.DONE
        store.barrier()
        item = one(store, folder, 1)
        assert text_of(store, folder, item.id) == body
        assert item.date is not None and abs(item.date - WHEN).total_seconds() < 4
        seen.add(item.revision)
    assert len(seen) == 4


def test_a_replaced_item_has_the_digest_that_was_delivered(subject: Subject) -> None:
    store = subject.store
    folder = make(store, "F")
    (item,) = put(store, folder, 1)
    sent = Delivery(mail(1, "other"), frozenset(), WHEN, 100, Identity("<1@example.org>", "a digest"))
    (done,) = store.replace(folder, [Replacement(item.id, item.revision, sent)])
    if done.id != item.id:
        return  # it was added anew, and is known by its new id
    identity = one(store, folder, 1).identity
    assert identity is not None
    assert identity.digest == "a digest"
    subject.edit(folder, item.id, mail(1, "by the user"))
    identity = one(store, folder, 1).identity
    assert identity is not None
    assert identity.digest != "a digest"


def test_flags_are_set_and_cleared(subject: Subject) -> None:
    store = subject.store
    folder = make(store, "F")
    (item,) = put(store, folder, 1)
    store.set_flags(folder, [FlagChange(item.id, frozenset((SEEN, "red")), frozenset(), item.flags)])
    now = one(store, folder, 1)
    assert now.flags == {SEEN, "red"}
    (done, missing) = store.set_flags(
        folder,
        [
            FlagChange(now.id, frozenset((FLAGGED,)), frozenset((SEEN,)), now.flags),
            FlagChange("no such", frozenset((SEEN,)), frozenset(), frozenset()),
        ],
    )
    assert (done.status, missing.status) == (Status.DONE, Status.MISSING)
    assert one(store, folder, 1).flags == {FLAGGED, "red"}


def test_deleting_needs_the_expected_revision(subject: Subject) -> None:
    store = subject.store
    folder = make(store, "F")
    item, other = put(store, folder, 1, 2)
    refused, missing = store.delete(folder, [Removal(item.id, "not this"), Removal("no such", "")])
    assert (refused.status, missing.status) == (Status.CHANGED, Status.MISSING)
    (done,) = store.delete(folder, [Removal(item.id, item.revision)])
    assert done.status is Status.DONE
    assert set(listing(store, folder)[0]) == {other.id}


def test_moving_keeps_content_flags_and_revision(subject: Subject) -> None:
    store = subject.store
    start, goal = make(store, "F"), make(store, "G")
    store.add(start, [delivery(mail(1), frozenset((SEEN,)))])
    item = one(store, start, 1)
    (done,) = store.move(start, goal, [Removal(item.id, item.revision)])
    store.barrier()
    now = one(store, goal, 1)
    assert done.status is Status.DONE
    assert done.id in ("", now.id)
    assert (now.flags, now.revision) == (item.flags, item.revision)
    assert text_of(store, goal, now.id) == "body 1"
    assert not listing(store, start)[0]
    if store.capabilities.ids_survive_moves:
        assert now.id == item.id


def test_ids_are_not_used_again(subject: Subject) -> None:
    store = subject.store
    folder = make(store, "F")
    (item,) = put(store, folder, 1)
    store.delete(folder, [Removal(item.id, item.revision)])
    store.barrier()
    (other,) = put(store, folder, 2)
    assert other.id != item.id


def test_folders_are_created_renamed_moved_and_deleted(subject: Subject) -> None:
    store = subject.store
    top, below = make(store, "Top"), ""
    below = make(store, "Below", top)
    put(store, below, 1)
    other = make(store, "Other")
    moved = store.move_folder(top, other, store.fit_name(other, "Renamed", folder=top))
    states = {state.name: state for state in store.folders()}
    assert (moved.parent, moved.name) == (other, "Renamed")
    assert states["Below"].parent == moved.id
    if store.capabilities.stable_folder_ids:
        assert (moved.id, states["Below"].id) == (top, below)
    assert one(store, states["Below"].id, 1).id
    assert states["Below"].validity == next(s.validity for s in store.folders() if s.name == "Below")
    for full in (moved.id, states["Below"].id):
        with pytest.raises(FolderNotEmptyError):
            store.delete_folder(full)
    item = one(store, states["Below"].id, 1)
    store.delete(states["Below"].id, [Removal(item.id, item.revision)])
    store.delete_folder(states["Below"].id)
    assert "Below" not in {state.name for state in store.folders()}


def test_a_folder_cannot_be_put_into_itself(subject: Subject) -> None:
    store = subject.store
    top = make(store, "Top")
    below = make(store, "Below", top)
    with pytest.raises(FolderError):
        store.move_folder(top, below, "Top")


def test_names_are_made_to_fit(subject: Subject) -> None:
    store = subject.store
    for name in ("plain", "a/b", "Grüße", "..", "x" * 200):
        fitted = store.fit_name(ROOT, name)
        made = store.create_folder(ROOT, fitted)
        assert made.name == fitted
        again = store.fit_name(ROOT, name)
        assert again != fitted
        assert store.fit_name(ROOT, fitted, folder=made.id) == fitted
    upper = store.fit_name(ROOT, "PLAIN")
    assert (upper == "PLAIN") == store.capabilities.case_sensitive


def test_a_missing_folder_is_an_error_of_that_folder(subject: Subject) -> None:
    with pytest.raises(FolderError) as raised:
        subject.store.changes("no such", "")
    assert raised.value.folder == "no such"


def test_what_was_done_before_a_barrier_outlives_a_crash(subject: Subject) -> None:
    store = subject.store
    folder = make(store, "F")
    item, other = put(store, folder, 1, 2)
    store.barrier()
    _, _, cursor, _ = listing(store, folder)
    store.delete(folder, [Removal(item.id, item.revision)])
    store.add(folder, [delivery(mail(3))])
    store.set_flags(folder, [FlagChange(other.id, frozenset((SEEN,)), frozenset(), other.flags)])
    store = subject.crash()
    (folder,) = [state.id for state in store.folders() if state.name == "F"]
    now = listing(store, folder)[0]
    assert other.id in now
    # Undone or not: what the listing shows, a cursor from before the crash must not hide.
    later, vanished, _, complete = listing(store, folder, cursor)
    before = {item.id: item, other.id: other}
    for id_, state in now.items():
        if complete or id_ not in before or before[id_].flags != state.flags:
            assert id_ in later
    for id_ in before:
        if id_ not in now and not complete:
            assert id_ in vanished


def test_waiting_ends(subject: Subject) -> None:
    assert subject.store.wait(0.01) is False


KIND_OF: dict[type, FolderKind] = {
    Appointment: FolderKind.CALENDAR,
    Contact: FolderKind.CONTACTS,
    DistributionList: FolderKind.CONTACTS,
    Task: FolderKind.TASKS,
    Note: FolderKind.NOTES,
    JournalEntry: FolderKind.JOURNAL,
}


def test_items_of_every_type_lie_in_folders_of_every_kind(subject: Subject) -> None:
    store = subject.store
    everywhere = store.create_folder(ROOT, store.fit_name(ROOT, "Everything"), kind=FolderKind.MAIL).id
    for kind in KINDS:
        own = KIND_OF.get(kind, FolderKind.TASKS)
        folder = store.create_folder(ROOT, store.fit_name(ROOT, f"F {kind.__name__}"), kind=own)
        assert folder.kind is own
        item = sample(kind, kind.__name__)
        identity = identify(item)
        assert identity.name == message_id_of(item)
        for place in (folder.id, everywhere):
            outcomes = store.add(place, [Delivery(item, frozenset((SEEN,)), WHEN, 100, identity)])
            assert [outcome.status for outcome in outcomes] == [Status.DONE]
            store.barrier()
            (state,) = store.find(place, [identity.name])
            (got,) = store.fetch(place, [state.id])
            assert isinstance(got, Fetched)
            assert type(got.item) is kind
            assert not got.notice
            assert got.state.identity == identity  # the same name and digest as everywhere
            found, wanted = field_digests(got.item), field_digests(item)
            assert {name: found.get(name) for name in wanted} == wanted
            (named,) = store.identify(place, [state.id])
            assert named.identity is not None
            assert named.identity.name == identity.name
            assert named.identity.digest in ("", identity.digest)


def test_an_edited_item_of_every_type_is_itself_and_another_content(subject: Subject) -> None:
    store = subject.store
    folder = store.create_folder(ROOT, store.fit_name(ROOT, "F"), kind=FolderKind.CALENDAR).id
    for kind in KINDS:
        item: Item = sample(kind, kind.__name__)
        store.add(folder, [Delivery(item, frozenset(), WHEN, 100, identify(item))])
        store.barrier()
        (state,) = store.find(folder, [identify(item).name])
        for change in EDITS[kind].values():
            before, item = item, change(item, 1)
            if identify(item) == identify(before):
                continue  # nothing that people see
            delivery = Delivery(item, frozenset(), WHEN, 100, identify(item))
            (outcome,) = store.replace(folder, [Replacement(state.id, state.revision, delivery)])
            assert outcome.status is Status.DONE
            store.barrier()
            after = state
            (state,) = store.find(folder, [identify(item).name])
            assert state.revision != after.revision
            (got,) = store.fetch(folder, [state.id])
            assert isinstance(got, Fetched)
            assert got.state.identity == identify(item)
            assert got.state.identity.name == identify(before).name
            found, wanted = field_digests(got.item), field_digests(item)
            assert {name: found.get(name) for name in wanted} == wanted


def test_folders_keep_their_kinds_and_places(subject: Subject) -> None:
    store = subject.store
    for kind in FolderKind:
        made = store.create_folder(ROOT, store.fit_name(ROOT, f"of {kind.value}"), kind=kind)
        moved = store.move_folder(made.id, ROOT, store.fit_name(ROOT, f"moved {kind.value}", folder=made.id))
        inner = store.create_folder(moved.id, "inner", kind=kind)
        assert (made.kind, moved.kind, inner.kind) == (kind, kind, kind)
    listed = {state.id: state for state in store.folders()}
    assert {state.name: state.kind.value for state in listed.values() if state.name.startswith("moved ")} == {
        f"moved {kind.value}": kind.value for kind in FolderKind
    }
    assert sorted(state.kind.value for state in listed.values() if state.name == "inner") == sorted(
        kind.value for kind in FolderKind
    )
