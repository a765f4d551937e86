"""Tasks and contacts in a PST file: what is a change of theirs, and what is a mark on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from mailconnector import pst
from mailconnector.items import Contact, Item, Mail, Task
from mailconnector.items.contact import PersonName, PhoneRole
from mailconnector.items.task import TaskStatus
from mailconnector.mapi import named, tags
from mailconnector.mapi.types import FileTime
from mailconnector.stores import PstStore
from mailconnector.sync.flags import FLAGGED, FlagSet
from mailconnector.sync.store import Fetched, FlagChange
from tests.unit.stores.pst.pst_files import WHEN, PstFile, delivery, inbox

TAXES = Task(
    Mail(message_class="IPM.Task", subject="Taxes", message_id="<1@x>"),
    status=TaskStatus.IN_PROGRESS,
    percent_complete=0.5,
    start=date(2026, 5, 1),
    due=date(2026, 5, 31),
)
ADA = Contact(
    Mail(message_class="IPM.Contact", subject="Ada King", message_id="<2@x>"),
    name=PersonName(given="Ada", surname="King"),
    phones={PhoneRole.MOBILE: "+44 1"},
)


def stored(store: PstStore, item: Item) -> str:
    folder = inbox(store)
    store.add(folder, [delivery(item)])
    store.barrier()
    (found,) = store.changes(folder, "").items
    return found.id


def again(store: PstStore, id_: str) -> Item:
    (got,) = store.fetch(inbox(store), [id_])
    assert isinstance(got, Fetched)
    return got.item


def revision(store: PstStore) -> str:
    (found,) = store.changes(inbox(store), "").items
    return found.revision


def test_a_flag_leaves_the_dates_of_a_task_alone(tmp_path: Path) -> None:
    with PstFile(tmp_path).open() as store:
        id_ = stored(store, TAXES)
        before = revision(store)
        none: FlagSet = frozenset()
        flag = frozenset({FLAGGED})
        for change in (FlagChange(id_, flag, none, none), FlagChange(id_, none, flag, flag)):
            store.set_flags(inbox(store), [change])
            store.barrier()
            item = again(store, id_)
            assert isinstance(item, Task)
            assert replace(item, mail=TAXES.mail) == TAXES
            assert item.mail.flags.flagged == (change.add == flag)
        assert revision(store) == before


def changed(file: PstFile, change: Callable[[pst.MessageDraft], None]) -> bool:
    """Tell whether a change from outside is one of the item."""
    with file.open() as store:
        before = revision(store)

    def edit(opened: pst.Store) -> None:
        for folder in opened.walk():
            for message in folder.messages():
                with message.edit() as draft:
                    change(draft)

    file.outside(edit)
    with file.open() as store:
        return revision(store) != before


def test_what_a_user_enters_in_a_task_is_a_change_of_it(tmp_path: Path) -> None:
    file = PstFile(tmp_path)
    with file.open() as store:
        stored(store, TAXES)
    due = FileTime.from_datetime(WHEN)
    assert changed(file, lambda draft: draft.set(named.PidLidTaskDueDate, due))
    assert changed(file, lambda draft: draft.set(named.PidLidReminderSet, True))
    assert not changed(file, lambda draft: draft.set(tags.PidTagFlagStatus, 2))


def test_a_contact_comes_back_from_a_file(tmp_path: Path) -> None:
    with PstFile(tmp_path).open() as store:
        item = again(store, stored(store, ADA))
        assert isinstance(item, Contact)
        assert replace(item, mail=ADA.mail) == ADA
