"""Items of every type between PST files by way of real servers: folders of their kinds, and what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mailconnector.imap import UidSet, Upload
from mailconnector.items import (
    Appointment,
    Contact,
    DistributionList,
    FolderKind,
    GenericItem,
    Item,
    JournalEntry,
    Mail,
    Note,
    Post,
    Task,
    mail_of,
)
from mailconnector.lab import MailServer
from mailconnector.stores.imap.kinds import ENTRIES, PRIVATE
from mailconnector.sync.store import ROOT, Fetched, FolderState, SpecialUse
from tests.contract import imap_subject
from tests.contract.imap_subject import connect
from tests.live.pairs import RealExchange, real_exchange
from tests.unit.items.edits import EDITS, KINDS, sample

PLACES: dict[type, SpecialUse] = {
    Appointment: SpecialUse.CALENDAR,
    Contact: SpecialUse.CONTACTS,
    DistributionList: SpecialUse.CONTACTS,
    Task: SpecialUse.TASKS,
    Note: SpecialUse.NOTES,
    JournalEntry: SpecialUse.JOURNAL,
    Post: SpecialUse.INBOX,
    GenericItem: SpecialUse.INBOX,
}
"""Where items of each type lie."""


@pytest.fixture(params=["dovecot", "cyrus", "cyrus_inbox", "dovecot_plain"])
def any_server(request: pytest.FixtureRequest) -> MailServer:
    server = request.getfixturevalue(str(request.param))
    assert isinstance(server, MailServer)
    return server


@contextmanager
def exchanges(path: Path, server: MailServer, *formats: str) -> Iterator[list[RealExchange]]:
    """PST files that are kept in step with one user's mailbox."""
    worlds: list[RealExchange] = []
    try:
        for number, format in enumerate(formats):
            user = worlds[0].mailbox.user if worlds and worlds[0].mailbox else ""
            worlds.append(real_exchange(path / str(number), server, user, format))
        yield worlds
    finally:
        for world in worlds:
            world.close()


def special(store: Any, use: SpecialUse) -> str:
    (found,) = [state.id for state in store.folders() if state.special is use]
    return str(found)


def folders(store: Any) -> dict[str, FolderState]:
    return {state.name: state for state in store.folders()}


def items(store: Any) -> dict[str, Item]:
    """Every item of a store by its type and place."""
    found: dict[str, Item] = {}
    for state in store.folders():
        if state.selectable:
            ids = [item.id for item in store.changes(state.id, "").items]
            for got in store.fetch(state.id, ids):
                assert isinstance(got, Fetched), got
                name = f"{state.special or state.name} {type(got.item).__name__} {mail_of(got.item).message_id}"
                assert name not in found, name
                found[name] = got.item
    return found


def quiet(world: RealExchange) -> None:
    report = world.settle()
    assert report.is_quiet
    assert not report.troubles


def test_every_type_goes_through_a_server_into_another_file(any_server: MailServer, tmp_path: Path) -> None:
    with exchanges(tmp_path, any_server, "unicode", "unicode") as (first, second):
        team = first.local.create_folder(ROOT, "Team", kind=FolderKind.CALENDAR).id
        first.local.put(team, sample(Appointment, "team"))
        for kind, use in PLACES.items():
            first.local.put(special(first.local, use), sample(kind))
        quiet(first)
        quiet(second)
        ours, theirs = items(first.local), items(second.local)
        assert len(ours) == len(PLACES) + 1
        assert theirs == ours
        assert folders(second.local)["Team"].kind is FolderKind.CALENDAR
        assert {name: state.special for name, state in folders(second.local).items()} == {
            name: state.special for name, state in folders(first.local).items()
        }
