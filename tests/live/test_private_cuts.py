"""The line is cut while items become private, public, or come and go: nothing is lost, doubled, or seen by others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

import pytest

from mailconnector.imap import ImapError
from mailconnector.items import Appointment, FolderKind, Item, mail_of
from mailconnector.lab import MailServer
from mailconnector.lab.proxy import CutAtCommand, FaultyProxy
from mailconnector.stores import ImapStore
from mailconnector.stores.imap import companions
from mailconnector.stores.imap.hiding import Hiding
from mailconnector.stores.imap.kinds import ENTRIES
from mailconnector.sync import SyncError
from mailconnector.sync.store import Fetched, Removal, Replacement
from tests.contract.imap_subject import connect
from tests.live.desks import (
    HOUR,
    OPEN,
    SECRET,
    START,
    Desks,
    appointment,
    delivery,
    desks,
    edit,
    fetched,
    folder,
    held,
    hidden,
    public,
    single,
    tells_nothing,
)

When: TypeAlias = Literal["before", "middle", "answered"]

PRIVATE, PUBLIC = f"{SECRET} Lunch one", "Lunch two"


@dataclass
class Line:
    """Desks whose first PST is synchronised through a proxy."""

    desk: Desks
    proxy: FaultyProxy

    def run(self, fault: CutAtCommand | None) -> int:
        """Synchronise over a line that may be cut; return how many commands it took."""
        self.proxy.set(fault)
        with suppress(SyncError):
            self.desk.first.run()
        return self.proxy.commands

    def mend(self) -> None:
        """Synchronise over a line that is not cut, with another store, as after the end of the program."""
        self.proxy.set(None)
        self.desk.first.crash()
        report = self.desk.first.settle()
        assert not report.troubles, report.troubles

    def seen_by(self, user: str) -> list[str]:
        """What another store of a user's shows in the calendar."""
        return sorted(mail_of(got.item).subject for got in self.fetched_by(user))

    def fetched_by(self, user: str) -> list[Fetched]:
        with ImapStore(partial(connect, self.desk.server, user), login=user) as store:
            (team,) = [state.id for state in store.folders() if state.name == "Team"]
            ids = [state.id for state in store.changes(team, "").items]
            return [got for got in store.fetch(team, ids) if isinstance(got, Fetched)]

    def check(self, mine: list[str], theirs: list[str]) -> None:
        assert sorted(held(self.desk.first)) == self.seen_by(self.desk.owner) == sorted(mine)
        assert self.seen_by(self.desk.delegate) == sorted(theirs)
        tells_nothing(self.desk)


@pytest.fixture(params=["dovecot", "cyrus"])
def server(request: pytest.FixtureRequest) -> MailServer:
    found = request.getfixturevalue(str(request.param))
    assert isinstance(found, MailServer)
    return found


@pytest.fixture
def line(server: MailServer, tmp_path: Path) -> Iterator[Line]:
    """With a private appointment and a public one, all in step."""
    with desks(server, tmp_path) as desk, FaultyProxy(server.imap_port) as proxy:
        desk.first.remote.put(desk.calendar, appointment("one"))
        desk.first.remote.put(desk.calendar, single("two", start=START + HOUR))
        desk.hide()
        assert desk.first.mailbox is not None
        desk.first.mailbox.port = proxy.port
        desk.first.crash()
        desk.first.settle()
        made = Line(desk, proxy)
        made.check([PRIVATE, PUBLIC], [OPEN, PUBLIC])
        yield made


Deed = Callable[[Line], None]


def hide(line: Line) -> None:
    edit(line.desk.first, PUBLIC, hidden)


def show(line: Line) -> None:
    edit(line.desk.first, PRIVATE, lambda item: public(named(item, "Lunch one")))


def add(line: Line) -> None:
    line.desk.first.local.put(folder(line.desk.first), appointment("three", start=START + 3 * HOUR))


def delete(line: Line) -> None:
    got = fetched(line.desk.first, PRIVATE)
    line.desk.first.local.delete(folder(line.desk.first), [Removal(got.state.id, got.state.revision)])


def later(item: Item) -> Item:
    assert isinstance(item, Appointment)
    return replace(item, start=START + 8 * HOUR, end=START + 9 * HOUR)


def postpone(line: Line) -> None:
    edit(line.desk.first, PRIVATE, later)


def nudge(line: Line) -> None:
    """The delegate moves the placeholder."""
    with ImapStore(partial(connect, line.desk.server, line.desk.delegate)) as store:
        (team,) = [state.id for state in store.folders() if state.name == "Team"]
        ids = [state.id for state in store.changes(team, "").items]
        for got in list(store.fetch(team, ids)):
            if isinstance(got, Fetched) and mail_of(got.item).subject == OPEN:
                (outcome,) = store.replace(
                    team, [Replacement(got.state.id, got.state.revision, delivery(later(got.item)))]
                )
                assert outcome.error is None


def named(item: Item, subject: str) -> Item:
    """The same without its secrets."""
    assert isinstance(item, Appointment)
    mail = replace(item.mail, subject=subject, text="No secret.", flags=replace(item.mail.flags, keywords=()))
    return replace(item, mail=mail, location="", attendees=(), is_meeting=False)


DEEDS: dict[str, tuple[Deed, list[str], list[str], bool]] = {
    "made private": (hide, [PRIVATE, f"{SECRET} {PUBLIC}"], [OPEN, OPEN], False),
    "made public": (show, ["Lunch one", PUBLIC], ["Lunch one", PUBLIC], False),
    "new": (add, [PRIVATE, PUBLIC, f"{SECRET} Lunch three"], [OPEN, OPEN, PUBLIC], False),
    "deleted": (delete, [PUBLIC], [PUBLIC], False),
    "postponed": (postpone, [PRIVATE, PUBLIC], [OPEN, PUBLIC], True),
    "moved by the delegate": (nudge, [PRIVATE, PUBLIC], [OPEN, PUBLIC], True),
}
"""What is done, what the owner then has, what the delegate sees, and whether the private one is at another time."""


def reset(line: Line) -> None:
    """Have things be as they were before a deed."""
    first = line.desk.first
    for subject in list(held(first)):
        got = fetched(first, subject)
        first.local.delete(folder(first), [Removal(got.state.id, got.state.revision)])
    first.settle()
    first.local.put(folder(first), appointment("one"))
    first.local.put(folder(first), single("two", start=START + HOUR))
    first.local.barrier()
    line.mend()
    line.check([PRIVATE, PUBLIC], [OPEN, PUBLIC])


def cut_at(line: Line, name: str, fault: CutAtCommand | None) -> int:
    deed, mine, theirs, moved = DEEDS[name]
    deed(line)
    line.desk.first.local.barrier()
    count = line.run(fault)
    tells_nothing(line.desk)
    line.mend()
    line.check(mine, theirs)
    if moved:
        for user, subject in ((line.desk.owner, PRIVATE), (line.desk.delegate, OPEN)):
            (got,) = [one for one in line.fetched_by(user) if mail_of(one.item).subject == subject]
            assert isinstance(got.item, Appointment)
            assert got.item.start == START + 8 * HOUR, (name, fault)
    assert line.desk.first.run().is_quiet
    return count


def cut_everywhere(line: Line, name: str, step: int) -> None:
    count = cut_at(line, name, None)
    every: tuple[When, ...] = ("middle", "answered", "before")
    for turn, at in enumerate(range(1, count + 1, step)):
        for when in every if step == 1 else (every[turn % 3],):
            reset(line)
            cut_at(line, name, CutAtCommand(at, when, reset=at % 2 == 0))


@pytest.mark.parametrize("name", DEEDS)
def test_the_line_is_cut_at_some_commands(line: Line, name: str) -> None:
    cut_everywhere(line, name, step=11)


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEDS)
def test_the_line_is_cut_at_every_command(line: Line, name: str) -> None:
    cut_everywhere(line, name, step=1)


def hiding_is_cut(server: MailServer, path: Path, at: int, when: When) -> int:
    """Hide and show a folder's items over a line that is cut; try again; return how many commands it took."""
    with desks(server, path) as desk, FaultyProxy(server.imap_port) as proxy:
        line = Line(desk, proxy)
        for number in range(3):
            desk.first.remote.put(desk.calendar, appointment(str(number), start=START + number * HOUR))
        desk.first.remote.put(desk.calendar, single("two"))
        mine = sorted([PUBLIC, *(f"{SECRET} Lunch {number}" for number in range(3))])
        companion = companions.name_for(desk.calendar)

        def hide_it(port: int) -> None:
            with connect(server, desk.owner, port) as client:
                Hiding(client, desk.owner, []).hide(desk.calendar, FolderKind.CALENDAR)

        def show_it(port: int) -> None:
            with ImapStore(partial(connect, server, desk.owner), login=desk.owner) as store:
                store.folders()
                pair = store._private.companion(desk.calendar)
            if pair is not None:
                with connect(server, desk.owner, port) as client:
                    Hiding(client, desk.owner, []).show(pair)

        proxy.set(CutAtCommand(at, when) if at else None)
        with suppress(SyncError, ImapError):
            hide_it(proxy.port)
        hidden_by = proxy.commands
        with desk.session() as client:
            there = client.mailboxes.exists(companion)
            marked = there and client.annotations.get(companion, [ENTRIES[0]])
        if not marked:
            hide_it(0)
        assert line.seen_by(desk.owner) == mine
        with desk.session() as client:
            desk.grant(client, desk.calendar)
        tells_nothing(desk)
        assert line.seen_by(desk.delegate) == sorted([PUBLIC, OPEN, OPEN, OPEN])
        if at > hidden_by or not at:
            proxy.set(CutAtCommand(max(1, at - hidden_by), when) if at else None)
            with suppress(SyncError, ImapError):
                show_it(proxy.port)
            shown_by = proxy.commands
            assert line.seen_by(desk.owner) == mine
            show_it(0)
            assert line.seen_by(desk.owner) == line.seen_by(desk.delegate) == mine
            with desk.session() as client:
                assert not client.mailboxes.exists(companion)
            return hidden_by + shown_by
        return hidden_by


@pytest.mark.parametrize("when", ["middle"])
def test_hiding_and_showing_is_cut_at_some_commands(server: MailServer, tmp_path: Path, when: When) -> None:
    count = hiding_is_cut(server, tmp_path / "whole", 0, when)
    for at in range(2, count + 1, 15):
        hiding_is_cut(server, tmp_path / str(at), at, when)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "middle", "answered"])
def test_hiding_and_showing_is_cut_at_every_command(server: MailServer, tmp_path: Path, when: When) -> None:
    count = hiding_is_cut(server, tmp_path / "whole", 0, when)
    for at in range(1, count + 1):
        hiding_is_cut(server, tmp_path / str(at), at, when)
