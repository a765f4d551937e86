"""What a PST store does with items: what it writes, what it notices, what it keeps when things go wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailconnector import pst
from mailconnector.items import Address, Attachment, Item, Mail, mail_of, message_id_of, with_mail
from mailconnector.mapi import named, tags
from mailconnector.mapi.objects import Properties
from mailconnector.pst import care, disk
from mailconnector.stores import PstStore
from mailconnector.sync import AccountError, StoreError
from mailconnector.sync.flags import ANSWERED, DELETED, DRAFT, FLAGGED, FORWARDED, SEEN
from mailconnector.sync.store import Delivery, Failure, Fetched, FlagChange, Identity, Removal, Replacement, Status
from tests.unit.items.edits import KINDS, sample
from tests.unit.stores.pst.pst_files import WHEN, PstFile, delivery, got, inbox, mail, put, told


@pytest.fixture
def file(tmp_path: Path) -> PstFile:
    return PstFile(tmp_path)


# -- what is written ---------------------------------------------------------------------------------------------------


def test_a_mail_comes_back_as_it_was_delivered(file: PstFile) -> None:
    sent = Mail(
        subject="Re: Grüße",
        author=Address("Älice", "alice@example.org"),
        to=(Address("Bob", "bob@example.org"),),
        date=datetime(2026, 3, 1, tzinfo=UTC),
        message_id="<1@example.org>",
        text="plain\n",
        html="<p>rich</p>",
        attachments=(Attachment("a.bin", data=b"\0" * 9000), Attachment("in.eml", "message/rfc822", item=mail(7))),
    )
    with file.open(own_addresses=frozenset(("alice@example.org",))) as store:
        folder = inbox(store)
        (state,) = put(store, folder, sent)
        assert state.identity == Identity("<1@example.org>", delivery(sent).identity.digest)
        assert state.identity is not None
        assert state.identity.title == "Re: Grüße"
        assert state.date == WHEN
        read = got(store, folder, state.id)
    assert (read.subject, read.text, read.html, read.received) == (sent.subject, sent.text, sent.html, WHEN)
    assert [one.content() for one in read.attachments[:1]] == [b"\0" * 9000]
    inner = read.attachments[1].item
    assert isinstance(inner, Mail)
    assert inner.text == "body 7"
    file.assert_sound()


def test_a_partial_mail_shows_that_it_is_a_header(file: PstFile) -> None:
    with file.open() as store:
        folder = inbox(store)
        bare = replace(mail(1), text=None)
        (done,) = store.add(folder, [delivery(bare, partial=True)])
        store.barrier()
        store.replace(folder, [Replacement(done.id, done.revision, delivery(mail(1)))])
        (other,) = store.add(folder, [delivery(bare, partial=True)])
    with pst.open_store(file.path) as read:
        header, whole = read.message(int(other.id, 16)).properties, read.message(int(done.id, 16)).properties
        assert (header.get(named.PidLidHeaderItem), header.get(named.PidLidRemoteTransferSize)) == (1, 4321)
        assert whole.get(named.PidLidHeaderItem) is None


def test_headers_alone_are_told_from_whole_mail(file: PstFile) -> None:
    with file.open() as store:
        folder = inbox(store)
        bare = replace(mail(1), text=None)
        (header,) = store.add(folder, [delivery(bare, partial=True)])
        put(store, folder, mail(2))
        told_at_once = {state.id: state.partial for state in store.changes(folder, "").items}
    file.lose_index()
    with file.open() as store:
        states = {state.id: state for state in store.changes(folder, "").items}
        assert {id_: state.partial for id_, state in states.items()} == told_at_once
        assert [id_ for id_, partial in told_at_once.items() if partial] == [header.id]
        (state,) = store.identify(folder, [header.id])
        assert state.identity == Identity("<1@example.org>", "")
        (done,) = store.replace(folder, [Replacement(header.id, state.revision, delivery(mail(1)))])
        assert done.status is Status.DONE
        assert not any(state.partial for state in store.changes(folder, "").items)


def test_an_item_that_cannot_be_stored_fails_alone(file: PstFile) -> None:
    wrong: Properties = {tags.PidTagInternetCodepage: "no number"}
    with file.open() as store:
        folder = inbox(store)
        good, bad, fine = store.add(
            folder, [delivery(one) for one in (mail(1), replace(mail(2), leftover=wrong), mail(3))]
        )
        assert (good.status, bad.status, fine.status) == (Status.DONE, Status.FAILED, Status.DONE)
        assert bad.error is not None
        assert bad.error.folder == folder
        store.barrier()
        assert set(told(store.changes(folder, ""))[0]) == {good.id, fine.id}
        (refused,) = store.replace(
            folder, [Replacement(good.id, good.revision, delivery(replace(mail(1), leftover=wrong)))]
        )
        assert refused.status is Status.FAILED
        assert got(store, folder, good.id).text == "body 1"
    with pst.open_store(file.path) as read:
        assert read.folder_at("Inbox").content_count == 2
    file.assert_sound()


def test_replacing_keeps_the_message_and_nothing_of_its_content(file: PstFile) -> None:
    old = replace(
        mail(1, "x" * 9000),
        to=(Address("Bob", "bob@example.org"),),
        attachments=(Attachment("old.bin", data=b"old" * 5000), Attachment("two.bin", data=b"2")),
    )
    with file.open() as store:
        folder = inbox(store)
        (state,) = put(store, folder, old)
    with pst.open_store(file.path) as read:
        before = read.message(int(state.id, 16)).properties.to_dict()
    with file.open() as store:
        new = replace(mail(1, "new"), attachments=(Attachment("new.bin", data=b"new"),))
        (done,) = store.replace(folder, [Replacement(state.id, state.revision, delivery(new, frozenset((SEEN,))))])
        assert done.id == state.id
        assert done.revision != state.revision
    with pst.open_store(file.path) as read:
        message = read.message(int(state.id, 16))
        after = message.properties.to_dict()
        assert [after[tag] == before[tag] for tag in (tags.PidTagCreationTime, tags.PidTagSearchKey)] == [True, True]
        assert [one.name for one in message.attachments()] == ["new.bin"]
        assert message.recipients == []
        assert (message.properties.text(tags.PidTagBody), message.is_read) == ("new", True)
        assert read.folder_at("Inbox").unread_count == 0
        rows = list(read.folder_at("Inbox").rows())
        assert [row.get(tags.PidTagMessageSize) for row in rows] == [message.properties.get(tags.PidTagMessageSize)]
    file.assert_sound()


@pytest.mark.parametrize("format", ["unicode", "ansi"])
def test_every_flag_can_be_set_and_cleared(tmp_path: Path, format: str) -> None:
    file = PstFile(tmp_path, "ansi" if format == "ansi" else "unicode")
    every = frozenset((SEEN, ANSWERED, FLAGGED, DRAFT, FORWARDED, "red", "Größe"))
    with file.open() as store:
        folder = inbox(store)
        (state,) = put(store, folder, mail(1, "long " * 2000))
        for flag in sorted(every):
            (done,) = store.set_flags(folder, [FlagChange(state.id, frozenset((flag,)), frozenset(), frozenset())])
            (now,) = store.identify(folder, [state.id])
            assert (done.status, done.revision, now.flags) == (Status.DONE, state.revision, frozenset((flag,)))
            store.set_flags(folder, [FlagChange(state.id, frozenset(), frozenset((flag,)), now.flags)])
            (now,) = store.identify(folder, [state.id])
            assert now.flags == frozenset()
        store.set_flags(folder, [FlagChange(state.id, every | {DELETED}, frozenset(), frozenset())])
        (now,) = store.identify(folder, [state.id])
        assert now.flags == every
    file.lose_index()
    with file.open() as store:
        (now,) = store.identify(folder, [state.id])
        assert (now.flags, now.revision) == (every, state.revision)
        (refused,) = store.set_flags(folder, [FlagChange(state.id, frozenset(), every, frozenset((SEEN,)))])
        assert refused.status is Status.CHANGED
    file.assert_sound()


def test_a_completed_flag_is_none_until_it_is_set_again(file: PstFile) -> None:
    with file.open() as store:
        folder = inbox(store)
        (state,) = put(store, folder, mail(1))
        store.set_flags(folder, [FlagChange(state.id, frozenset((FLAGGED,)), frozenset(), frozenset())])
    completed: Properties = {tags.PidTagFlagStatus: 1, named.PidLidTaskStatus: 2, named.PidLidTaskComplete: True}
    file.outside(lambda opened: opened.message(int(state.id, 16)).set_properties(completed))
    with file.open() as store:
        (now,) = store.identify(folder, [state.id])
        assert (now.flags, now.revision) == (frozenset(), state.revision)
        store.set_flags(folder, [FlagChange(state.id, frozenset((FLAGGED,)), frozenset(), frozenset())])
    with pst.open_store(file.path) as read:
        properties = read.message(int(state.id, 16)).properties
        assert properties.get(tags.PidTagFlagStatus) == 2
        assert (properties.get(named.PidLidTaskStatus), properties.get(named.PidLidTaskComplete)) == (0, False)


# -- what is noticed ---------------------------------------------------------------------------------------------------


def test_nothing_is_looked_at_when_nothing_changed(file: PstFile) -> None:
    with file.open() as store:
        folder = inbox(store)
        put(store, folder, mail(1))
        cursors = [state.cursor for state in store.folders()]
    with file.open() as store:
        assert [state.cursor for state in store.folders()] == cursors
        assert store.refresh() is False
    # Not even messages: one that has become unreadable meanwhile stays what it was.
    _spoil(file, folder)
    with file.open() as store:
        assert [state.cursor for state in store.folders()] == cursors


def test_what_outlook_does_is_noticed(file: PstFile) -> None:
    with file.open() as store:
        folder = inbox(store)
        read, edited, gone, moved, same = put(store, folder, *map(mail, range(5)))
        other = store.create_folder("", "Other").id
        store.barrier()
        cursors = {state.id: state.cursor for state in store.folders()}

    def change(opened: pst.Store) -> None:
        opened.message(int(read.id, 16)).set_read()
        opened.message(int(edited.id, 16)).set_properties({tags.PidTagBody: "other"})
        opened.message(int(gone.id, 16)).delete()
        opened.message(int(moved.id, 16)).move_to(opened.folder(int(other, 16)))

    file.outside(change)
    with file.open() as store:
        items, vanished = told(store.changes(folder, cursors[folder]))
        assert (set(items), vanished) == ({read.id, edited.id}, {gone.id, moved.id})
        assert (items[read.id].flags, items[read.id].revision) == (frozenset((SEEN,)), read.revision)
        assert items[edited.id].revision != edited.revision
        assert items[edited.id].identity == Identity("<1@example.org>", "")
        items, vanished = told(store.changes(other, cursors[other]))
        assert (set(items), vanished) == ({moved.id}, set())
        assert items[moved.id].revision == moved.revision
        assert {state.id: state.count for state in store.folders() if state.count} == {folder: 3, other: 1}
        assert same.id in told(store.changes(folder, ""))[0]
        again = store.changes(folder, store.changes(folder, cursors[folder]).cursor)
        assert told(again) == ({}, set())


@pytest.mark.parametrize("kind", KINDS)
def test_an_item_that_outlook_edits_keeps_its_name(kind: type, file: PstFile) -> None:
    item: Item = with_mail(sample(kind), replace(mail_of(sample(kind)), message_id="<its-mail@example.org>"))
    with file.open() as store:
        folder = inbox(store)
        (written,) = put(store, folder, item)
        cursor = next(state.cursor for state in store.folders() if state.id == folder)
    file.outside(lambda opened: opened.message(int(written.id, 16)).set_properties({tags.PidTagBody: "other"}))
    with file.open() as store:
        (edited,) = store.changes(folder, cursor).items
        assert edited.revision != written.revision
        assert edited.identity == Identity(message_id_of(item), "", edited.identity.title if edited.identity else "")


def test_a_message_that_went_and_came_back_is_told_again(file: PstFile) -> None:
    with file.open() as store:
        folder = inbox(store)
        (state,) = put(store, folder, mail(1))
    file.outside(lambda opened: opened.message(int(state.id, 16)).move_to(opened.folder_at("Calendar")))
    with file.open() as store:
        found = store.changes(folder, "")
        assert told(found)[0] == {}
    file.outside(lambda opened: opened.message(int(state.id, 16)).move_to(opened.folder_at("Inbox")))
    with file.open() as store:
        items, vanished = told(store.changes(folder, found.cursor))
        assert (set(items), vanished) == ({state.id}, set())


def test_saving_a_message_that_is_the_same_is_no_change(file: PstFile) -> None:
    with file.open() as store:
        folder = inbox(store)
        (state,) = put(store, folder, mail(1))
        cursor = store.changes(folder, "").cursor
    file.outside(lambda opened: opened.message(int(state.id, 16)).set_properties({tags.PidTagChangeKey: b"k" * 22}))
    with file.open() as store:
        assert told(store.changes(folder, cursor)) == ({}, set())


def test_an_index_that_was_not_saved_costs_a_look(file: PstFile) -> None:
    with file.open() as store:
        folder = inbox(store)
        first, second = put(store, folder, mail(1), mail(2))
        cursor = store.changes(folder, "").cursor
    file.keep("before")
    with file.open() as store:
        (added,) = put(store, folder, mail(3))
        store.set_flags(folder, [FlagChange(first.id, frozenset((SEEN,)), frozenset(), frozenset())])
        store.delete(folder, [Removal(second.id, second.revision)])
    file.put_back("before", index=True)  # the process died behind the file's commit
    with file.open() as store:
        items, vanished = told(store.changes(folder, cursor))
        assert (set(items), vanished) == ({first.id, added.id}, {second.id})
        assert items[added.id].revision == added.revision
        assert items[first.id].flags == {SEEN}


@pytest.mark.parametrize("lost", [True, False])
def test_an_index_that_is_lost_or_damaged_is_made_anew(file: PstFile, lost: bool) -> None:
    with file.open() as store:
        folder = inbox(store)
        before = {state.id: state for state in put(store, folder, *map(mail, range(20)))}
        validity = next(state.validity for state in store.folders())
        cursor = store.changes(folder, "").cursor
    file.lose_index()
    if not lost:
        file.index.write_bytes(b"SQLite format 3\0" + b"damaged" * 1000)
    with file.open() as store:
        found = store.changes(folder, cursor)
        after, _ = told(found)
        assert found.complete
        assert found.validity == validity
        assert {id_: state.revision for id_, state in after.items()} == {
            id_: state.revision for id_, state in before.items()
        }


def test_a_cursor_from_before_a_crash_hides_nothing_that_the_crash_undid(file: PstFile) -> None:
    store = file.open()
    folder = inbox(store)
    (state,) = put(store, folder, mail(1))
    store.delete(folder, [Removal(state.id, state.revision)])
    found = store.changes(folder, "")
    assert told(found)[0] == {}
    store.abandon()
    with file.open() as store:
        again = store.changes(folder, found.cursor)
        assert again.complete
        assert set(told(again)[0]) == {state.id}


def test_an_older_file_makes_ids_void_that_can_be_given_again(file: PstFile) -> None:
    with file.open() as store:
        folder = inbox(store)
        put(store, folder, mail(1))
        validity = store.changes(folder, "").validity
    file.keep("old")
    with file.open() as store:
        put(store, folder, mail(2))
    file.put_back("old", file=True)
    with file.open() as store:
        renewed = store.changes(folder, "")
        assert renewed.validity != validity
        assert len(told(renewed)[0]) == 1
    with file.open() as store:
        assert store.changes(folder, "").validity == renewed.validity


def test_two_ways_of_one_file_are_told_apart(file: PstFile) -> None:
    with file.open() as store:
        folder = inbox(store)
    file.keep("fork")
    with file.open() as store:
        put(store, folder, mail(1))
        validity = store.changes(folder, "").validity
    file.keep("one")
    file.put_back("fork", file=True, index=True)
    with file.open() as store:
        put(store, folder, mail(2), mail(3))
    file.put_back("one", index=True)  # the index of one way, the file of the other
    with file.open() as store:
        found = store.changes(folder, "")
        assert found.validity != validity
        assert {item.identity.name for item in found.items if item.identity} == {"<2@example.org>", "<3@example.org>"}


def test_compacting_voids_no_ids(file: PstFile) -> None:
    with file.open() as store:
        folder = inbox(store)
        before = put(store, folder, *map(mail, range(30)))
        cursor = store.changes(folder, "")
    care.compact_file(file.path)
    with file.open() as store:
        found = store.changes(folder, cursor.cursor)
        assert (found.validity, told(found)) == (cursor.validity, ({}, set()))
        assert [state.id for state in store.changes(folder, "").items] == [state.id for state in before]


def test_another_file_has_another_validity(file: PstFile) -> None:
    with file.open() as store:
        folder = inbox(store)
        put(store, folder, mail(1))
        validity = store.changes(folder, "").validity
    file.path.unlink()
    pst.create_store(file.path, usual_folders=True).close()
    with file.open() as store:
        found = store.changes(inbox(store), "")
        assert found.validity != validity
        assert told(found)[0] == {}


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def _spoil(file: PstFile, folder: str, number: int = 0) -> str:
    """Damage the data of one of a folder's messages, and return its id."""
    with pst.open_store(file.path) as read:
        nid = read.folder(int(folder, 16)).message_nids()[number]
        entry = read.db.block(read.db.node(nid).bid_data)
    content = bytearray(file.path.read_bytes())
    content[entry.ib : entry.ib + 8] = b"spoiled!"
    file.path.write_bytes(content)
    return f"{nid:x}"


def test_a_damaged_message_fails_alone(file: PstFile) -> None:
    with file.open() as store:
        folder = inbox(store)
        put(store, folder, *map(mail, range(3)))
    bad = _spoil(file, folder, 1)
    file.lose_index()
    with file.open() as store:
        items, _ = told(store.changes(folder, ""))
        assert len(items) == 3
        found = {got.id if isinstance(got, Failure) else got.state.id: got for got in store.fetch(folder, list(items))}
        failure = found[bad]
        assert isinstance(failure, Failure)
        assert failure.error.item == bad
        assert sum(isinstance(got, Fetched) for got in found.values()) == 2
        (failed,) = store.set_flags(folder, [FlagChange(bad, frozenset((SEEN,)), frozenset(), items[bad].flags)])
        assert failed.status is Status.FAILED
        (other,) = set(items) - {bad, *(id_ for id_ in items if items[id_].identity == Identity("<0@example.org>"))}
        (done,) = store.set_flags(folder, [FlagChange(other, frozenset((SEEN,)), frozenset(), frozenset())])
        assert done.status is Status.DONE
    with file.open() as store:
        assert told(store.changes(folder, ""))[0][bad].revision == items[bad].revision


def test_an_attachment_that_cannot_be_read_fails_in_time(file: PstFile) -> None:
    with file.open() as store:
        folder = inbox(store)
        content = bytes(range(256)) * 100
        (state,) = put(store, folder, replace(mail(1), attachments=(Attachment("a.bin", data=content),)))
    with pst.open_store(file.path) as read:
        db = read.db
        (block,) = [one for one in db.all_blocks() if one.cb == len(content) % db.layout.block_data_max]
    data = bytearray(file.path.read_bytes())
    data[block.ib] ^= 0xFF
    file.path.write_bytes(data)
    with file.open() as store:
        (found,) = store.fetch(folder, [state.id])
        assert isinstance(found, Failure)


def test_a_file_that_is_open_elsewhere_is_in_use(file: PstFile) -> None:
    with file.open(), pytest.raises(StoreError, match="in use") as raised:
        file.open()
    assert raised.value.hint


def test_what_cannot_be_synchronised_is_said(tmp_path: Path) -> None:
    with pytest.raises(AccountError):
        PstStore.open(tmp_path / "missing.pst", tmp_path / "index")
    (tmp_path / "text.pst").write_bytes(b"hello" * 1000)
    with pytest.raises(AccountError):
        PstStore.open(tmp_path / "text.pst", tmp_path / "index")


def test_a_full_file_ends_the_run_and_keeps_what_was_there(tmp_path: Path) -> None:
    file = PstFile(tmp_path, "ansi")
    with file.open() as store:
        folder = inbox(store)
        (state,) = put(store, folder, mail(1))
    store = file.open()
    # The last id of a message was given out: the format has no more of them.
    header = store._store.db.header
    counters = list(header.rgnid)
    counters[disk.NID_TYPE_NORMAL_MESSAGE] = (1 << 27) - 1
    object.__setattr__(header, "rgnid", tuple(counters))
    with pytest.raises(StoreError) as raised:
        store.add(folder, [delivery(mail(2))])
    assert raised.value.hint
    store.close()
    with file.open() as store:
        assert set(told(store.changes(folder, ""))[0]) == {state.id}
    file.assert_sound()


def test_an_error_inside_gives_up_what_was_not_durable(file: PstFile) -> None:
    class StopError(Exception):
        pass

    with file.open() as store:
        folder = inbox(store)
    with pytest.raises(StopError), file.open() as store:
        store.add(folder, [delivery(mail(1))])
        store.barrier()
        store.add(folder, [delivery(mail(2))])
        raise StopError
    with file.open() as store:
        names = {item.identity.name for item in store.changes(folder, "").items if item.identity}
        assert names == {"<1@example.org>"}


def test_a_moment_before_1970_is_kept(file: PstFile) -> None:
    with file.open() as store:
        folder = inbox(store)
        early = datetime(1969, 7, 20, 20, 17, 40, 123456, tzinfo=UTC)
        (done,) = store.add(folder, [Delivery(mail(1), frozenset(), early, 1, Identity("<1@example.org>"))])
        (state,) = store.identify(folder, [done.id])
        assert state.date == early


def test_an_item_too_large_for_the_format_fails_alone(file: PstFile) -> None:
    # More columns than a table can have.
    crowd: Properties = {0x6700001F + (number << 16): "x" for number in range(240)}
    with file.open() as store:
        folder = inbox(store)
        wide = replace(mail(1), to=(Address("Bob", "bob@example.org", leftover=crowd),))
        outcomes = store.add(folder, [delivery(wide), delivery(mail(2))])
        assert [outcome.status for outcome in outcomes] == [Status.FAILED, Status.DONE]
    file.assert_sound()


def test_what_outlook_received_itself_is_told_from_what_was_delivered(file: PstFile) -> None:
    received: Properties = {
        tags.PidTagTransportMessageHeaders: "Subject: mail\r\n",
        named.PidLidInternetAccountName: "bob@example.org",
        named.PidLidInternetAccountStamp: "00000003",
    }
    composed: Properties = {named.PidLidInternetAccountName: "bob@example.org"}
    with file.open() as store:
        folder = inbox(store)
        delivered = put(store, folder, mail(1), mail(2), replace(mail(3), leftover=received))
        assert not any(state.arrived for state in delivered)

    def change(opened: pst.Store) -> None:
        opened.message(int(delivered[0].id, 16)).set_properties(received)
        opened.message(int(delivered[1].id, 16)).set_properties(composed)

    file.outside(change)
    with file.open() as store:
        states = list(store.identify(folder, [state.id for state in delivered]))
        assert [state.arrived for state in states] == [True, False, False]
        assert states[2].revision == delivered[2].revision


def test_a_fetched_item_does_not_need_the_store(file: PstFile) -> None:
    large = Attachment("large.bin", data=bytes(range(256)) * 40_000)
    with file.open() as store:
        folder = inbox(store)
        (state,) = put(store, folder, replace(mail(1), attachments=(large, Attachment("small.bin", data=b"small"))))
        read = got(store, folder, state.id)
        store.delete(folder, [Removal(state.id, state.revision)])
    assert [one.content() for one in read.attachments] == [large.content(), b"small"]
    assert [one.size() for one in read.attachments] == [large.size(), 5]


def test_categories_of_any_text_last_in_an_ansi_file(tmp_path: Path) -> None:
    file = PstFile(tmp_path, "ansi")
    every = frozenset(("Größe", "Жук", "R&D", "R&-", "&BDY-", "日本", "plain"))
    with file.open() as store:
        folder = inbox(store)
        forged = frozenset(("&" + "-" * 5000, "&-" * 100))
        plain, russian, other = store.add(
            folder, [delivery(mail(1), every), delivery(mail(2, "Жук и жаба"), every), delivery(mail(3), forged)]
        )
        store.set_flags(folder, [FlagChange(plain.id, frozenset(("Ёлка",)), frozenset(("plain",)), every)])
    file.lose_index()
    with file.open() as store:
        flags = {state.id: state.flags for state in store.identify(folder, [plain.id, russian.id])}
        assert next(iter(store.identify(folder, [other.id]))).flags == forged
        assert flags == {plain.id: (every | {"Ёлка"}) - {"plain"}, russian.id: every}
    with pst.open_store(file.path) as read:
        # What the message's code page has is there as Outlook shows it.
        stored = read.message(int(russian.id, 16)).properties.get(named.PidNameKeywords)
        assert isinstance(stored, list)
        assert "Жук" in stored
