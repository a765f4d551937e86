"""Items that were made ready elsewhere: the same in the file as those that were not, and used for nothing else."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mailconnector.items import Address, Attachment, Contact, Item, Mail
from mailconnector.mapi import tags
from mailconnector.mapi.named import PS_PUBLIC_STRINGS, NamedTag, PropertyName
from mailconnector.pst import Folder, PreparedMessage, Store
from mailconnector.stores import PstStore
from mailconnector.stores.pst.preparing import EXPECTED, Ready, message_of
from mailconnector.sync.flags import ANSWERED, DELETED, DRAFT, FLAGGED, FORWARDED, SEEN, FlagSet
from mailconnector.sync.store import Delivery, MadeReady, Status
from tests.unit.stores.pst.pst_files import PstFile, delivery, got, inbox, mail, put

FLAGS = frozenset(("\\Seen", "\\Flagged", "$Forwarded", "a category"))
ME = frozenset(("me@example.org",))


OWN = {tags.PidTagCreationTime, tags.PidTagLastModificationTime, tags.PidTagSearchKey}  # another for each message


STRANGE = {NamedTag(PropertyName(PS_PUBLIC_STRINGS, "x-strange"), 0x1F): "x"}


def made_file(folder: Path) -> PstFile:
    folder.mkdir()
    return PstFile(folder)


def letter(number: int, **more: object) -> Mail:
    made = replace(
        mail(number, "long text " * 900), to=(Address("Me", "me@example.org"),), author=Address("I", "me@example.org")
    )
    return replace(made, **more)  # type: ignore[arg-type]


def elsewhere(store: PstStore, item: Item, flags: FlagSet = frozenset()) -> Delivery:
    """Return a delivery of an item that came from another process, with what was made of it there."""
    preparation = store.preparation
    assert preparation is not None
    given = delivery(item, flags)
    ready = pickle.loads(pickle.dumps(preparation))(item, flags | {DELETED}, given.date)
    here, made = pickle.loads(pickle.dumps((item, ready)))
    return given if made is None else replace(given, content=MadeReady(made, here))


def prepares(store: PstStore) -> bool:
    return store.preparation is not None


def placed(monkeypatch: pytest.MonkeyPatch) -> list[PreparedMessage]:
    """Return a list that takes every message that is put into a folder ready."""
    taken: list[PreparedMessage] = []
    place = Folder.place

    def watched(folder: Folder, message: PreparedMessage) -> object:
        taken.append(message)
        return place(folder, message)

    monkeypatch.setattr(Folder, "place", watched)
    return taken


def test_the_names_that_are_expected_are_those_of_mail() -> None:
    item = Mail(headers=b"X: \xff\r\n", layout=b"x")
    flags = frozenset((ANSWERED, DRAFT, FLAGGED, FORWARDED, SEEN, "a category"))
    keys = message_of(item, flags, None, ME).properties.keys()
    assert {key for key in keys if isinstance(key, NamedTag)} == set(EXPECTED)


def only_drafts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "preparer", lambda store: None)


def content(file: PstFile, ids: Sequence[str]) -> list[object]:
    """Return all that stays the same of items that are stored twice."""
    found: list[object] = []
    with file.open() as store:
        folder = inbox(store)
        for id_ in ids:
            noted = store._index.item(int(id_, 16), store._folder(folder).nid)
            assert noted is not None
            again = store._reader.look(noted)
            assert again._replace(digest=noted.digest) == noted
            item = got(store, folder, id_)
            leftover = {key: value for key, value in item.leftover.items() if key not in OWN}
            found += [noted._replace(nid=0, bid_data=0, bid_sub=0, mark=0, born=0), replace(item, leftover=leftover)]
    return found


def test_what_was_made_elsewhere_is_what_a_draft_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [letter(1), letter(2, html="<p>x</p>" * 2000), letter(3, text="", headers=b"X: y\r\n")]
    ready, drafts = made_file(tmp_path / "ready"), made_file(tmp_path / "drafts")
    taken = placed(monkeypatch)
    with ready.open(own_addresses=ME) as store:
        folder = inbox(store)
        put(store, folder, letter(0, flags=replace(letter(0).flags, keywords=("a category",))))
        store.add(folder, [delivery(letter(0), FLAGS)])  # the file knows the names now
        given = [elsewhere(store, item, FLAGS) for item in items]
        taken.clear()
        outcomes = store.add(folder, given)
        assert taken == [one.ready.message for one in given if isinstance(one.ready, Ready)]
        assert len(taken) == len(items)
    only_drafts(monkeypatch)
    with drafts.open(own_addresses=ME) as store:
        others = store.add(inbox(store), [delivery(item, FLAGS) for item in items])
    assert len(taken) == len(items)
    ids, other_ids = [one.id for one in outcomes], [one.id for one in others]
    assert [one.revision for one in outcomes] == [one.revision for one in others]
    assert content(ready, ids) == content(drafts, other_ids)
    ready.assert_sound()


@pytest.mark.parametrize("what", ["item", "flags", "date", "file", "partial"])
def test_what_was_made_for_something_else_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    file = made_file(tmp_path / "a")
    taken = placed(monkeypatch)
    with file.open() as store, made_file(tmp_path / "b").open() as other:
        folder = inbox(store)
        put(store, folder, letter(0))
        put(other, inbox(other), letter(0))
        given = elsewhere(other if what == "file" else store, letter(1))
        assert isinstance(given.ready, Ready)
        foreign = given.ready.message
        if what == "item":
            given = replace(given, content=letter(2))
        elif what == "flags":
            given = replace(given, flags=FLAGS)
        elif what == "date":
            assert given.date is not None
            given = replace(given, date=given.date + timedelta(1))
        elif what == "partial":
            given = replace(given, partial=True)
        taken.clear()
        (outcome,) = store.add(folder, [given])
        assert outcome.status is Status.DONE
        assert foreign not in taken
        (state,) = store.identify(folder, [outcome.id])
        assert state.flags == given.flags
        assert state.date == given.date
        assert state.identity is not None
        assert state.identity.title == ("mail 2" if what == "item" else "mail 1")
    file.assert_sound()


def test_what_was_made_before_a_roll_back_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = PstFile(tmp_path)
    taken = placed(monkeypatch)
    with file.open() as store:
        folder = inbox(store)
        store.add(folder, [delivery(letter(0))])
        given = elsewhere(store, letter(1))
        assert isinstance(given.ready, Ready)
        store._give_up()
        assert not prepares(store)
        taken.clear()
        (outcome,) = store.add(folder, [given])
        assert outcome.status is Status.DONE
        assert given.ready.message not in taken
        assert prepares(store)
    file.assert_sound()


def test_what_has_attachments_or_an_unknown_name_is_left_to_the_file(tmp_path: Path) -> None:
    with PstFile(tmp_path).open() as store:
        folder = inbox(store)
        assert elsewhere(store, letter(1, leftover=STRANGE)).ready is None  # the file does not know a name of it
        put(store, folder, letter(0, leftover=STRANGE))
        assert isinstance(elsewhere(store, letter(1, leftover=STRANGE)).ready, Ready)
        assert elsewhere(store, letter(1, attachments=(Attachment(name="a", data=b"x"),))).ready is None
        assert elsewhere(store, Contact(mail(2))).ready is None  # it has no recipients


def test_nothing_is_made_for_an_ansi_file(tmp_path: Path) -> None:
    with PstFile(tmp_path, "ansi").open() as store:
        folder = inbox(store)
        put(store, folder, letter(0))
        assert store.preparation is None


def test_mail_is_made_elsewhere_from_the_first_one_on_and_an_unchanged_file_stays_as_it_is(tmp_path: Path) -> None:
    file = PstFile(tmp_path)
    with file.open() as store:
        folder = inbox(store)
    before = file.path.read_bytes()
    with file.open() as store:
        folder = inbox(store)
        given = elsewhere(store, letter(1, layout=b"x", headers=b"X: \xff\r\n"), FLAGS)
        assert isinstance(given.ready, Ready)
        list(store.changes(folder, "").items)
    assert file.path.read_bytes() == before
    with file.open() as store:
        assert inbox(store) == folder
        (outcome,) = store.add(folder, [elsewhere(store, given.item, FLAGS)])
    with file.open() as store:
        assert got(store, folder, outcome.id).layout == b"x"
    file.assert_sound()
