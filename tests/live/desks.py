"""An owner with two PST files and a delegate with one, and a calendar of the owner's whose private items are hidden."""

from __future__ import annotations

import imaplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

from mailconnector.imap import ImapClient
from mailconnector.items import Appointment, FolderKind, Item, Mail, Sensitivity, mail_of, with_mail
from mailconnector.items.appointment import Attendee, Busy, ChangedInstance
from mailconnector.items.mail import Address
from mailconnector.items.zones import LocalTime
from mailconnector.lab import MailServer
from mailconnector.stores.imap.hiding import Hiding
from mailconnector.sync.identity import identify
from mailconnector.sync.store import ROOT, Delivery, Fetched, FolderState
from tests.contract.imap_subject import connect
from tests.exchange import items
from tests.live.pairs import WHEN, RealExchange, real_exchange
from tests.unit.items.edits import sample

SECRET = "Oncologist"
"""A word of every private item, wherever one can have words; nobody but the owner may find it."""

OPEN = "Private appointment"
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def appointment(key: str, *, private: bool = True, start: datetime = START, busy: Busy = Busy.BUSY) -> Appointment:
    """An appointment with words everywhere."""
    item = single(key, start=start, busy=busy)
    return hidden(item) if private else item


def single(key: str, *, start: datetime = START, busy: Busy = Busy.BUSY) -> Appointment:
    """A public one that comes once."""
    return Appointment(
        Mail("IPM.Appointment", subject=f"Lunch {key}", text="At noon.", message_id=f"<{key}@example.org>"),
        start,
        start + HOUR,
        location="Canteen",
        busy=busy,
        uid=f"{key}@example.org",
    )


def series(key: str) -> Appointment:
    """A private series with a day left out, and one that is elsewhere and called otherwise."""
    day = datetime(2026, 3, 16, 9)
    own = single(f"{key}-day", start=datetime(2026, 3, 17, 14, tzinfo=UTC))
    own = replace(own, mail=replace(own.mail, subject=f"{SECRET} day", text=f"{SECRET} day words"), uid="")
    changed = ChangedInstance(
        LocalTime(day),
        LocalTime(day + timedelta(days=1, hours=6)),
        LocalTime(day + timedelta(days=1, hours=7)),
        subject=f"{SECRET} day",
        location=f"{SECRET} place",
        item=own,
        has_body=True,
    )
    item = replace(sample(Appointment, key), deleted=(date(2026, 3, 9),), changed=(changed,), uid=f"{key}@example.org")
    return hidden(item)


def hidden(item: Any) -> Any:
    """The same item, private, and with the secret word in all its words."""
    mail = mail_of(item)
    flags = replace(mail.flags, keywords=(f"{SECRET}s",))
    found = with_mail(
        item,
        replace(
            mail, subject=f"{SECRET} {mail.subject}", text=f"{SECRET}!", sensitivity=Sensitivity.PRIVATE, flags=flags
        ),
    )
    if isinstance(found, Appointment):
        guest = Attendee(Address(f"Dr {SECRET}", f"{SECRET}@example.org"))
        found = replace(found, private=True, location=f"{SECRET} hall", attendees=(guest,), is_meeting=True)
    return found


def public(item: Any) -> Any:
    """The same item, not private any more."""
    item = with_mail(item, replace(mail_of(item), sensitivity=Sensitivity.NORMAL))
    return replace(item, private=False) if isinstance(item, Appointment) else item


@dataclass
class Desks:
    """The owner, the owner's other computer, and the delegate.

    Attributes:
        server: Where their mailboxes are.
        path: Where their files are.
        first: The owner's first PST and mailbox.
        second: The owner's other PST.
        guest: The delegate's.
        calendar: The calendar's mailbox, as the owner sees it.
    """

    server: MailServer
    path: Path
    first: RealExchange
    second: RealExchange
    guest: RealExchange
    calendar: str = ""

    @property
    def owner(self) -> str:
        assert self.first.mailbox is not None
        return self.first.mailbox.user

    @property
    def delegate(self) -> str:
        assert self.guest.mailbox is not None
        return self.guest.mailbox.user

    @contextmanager
    def session(self, user: str = "") -> Iterator[ImapClient]:
        with connect(self.server, user or self.owner) as client:
            yield client

    def hide(self, folder: str = "", kind: FolderKind = FolderKind.CALENDAR) -> int:
        """Hide what is private in a folder, and give the delegate all rights but those on the folder itself."""
        folder = folder or self.calendar
        with self.session() as client:
            names = [info.name for info in client.mailboxes.list()]
            count = Hiding(client, self.owner, names).hide(folder, kind)
            self.grant(client, folder)
        return count

    def grant(self, client: ImapClient, folder: str) -> None:
        rights = client.access.mine(folder)
        client.access.grant(folder, self.delegate, type(rights)(rights.letters - frozenset("ax")))

    def quiet(self, *worlds: RealExchange) -> None:
        """Synchronise until nothing is left to be done, all by turns."""
        chosen = worlds or (self.first, self.second, self.guest)
        for _ in range(3):
            for world in chosen:
                report = world.settle()
                assert not report.troubles, report.troubles
        for world in chosen:
            report = world.run()
            assert report.is_quiet, report
            assert not report.troubles, report.troubles


@contextmanager
def desks(server: MailServer, path: Path) -> Iterator[Desks]:
    """Open them with an empty calendar "Team" of the owner's."""
    worlds: list[RealExchange] = []
    try:
        worlds.append(real_exchange(path / "first", server))
        assert worlds[0].mailbox is not None
        worlds.append(real_exchange(path / "second", server, worlds[0].mailbox.user))
        worlds.append(real_exchange(path / "guest", server))
        first, second, guest = worlds
        made = Desks(server, path, first, second, guest)
        with made.session(made.delegate):
            pass  # a mailbox comes into being with the first login
        made.calendar = made.first.remote.create_folder(ROOT, "Team", kind=FolderKind.CALENDAR).id
        yield made
    finally:
        for world in worlds:
            world.close()


def folder(world: RealExchange, name: str = "Team") -> str:
    """The id of a folder in a PST."""
    (found,) = [state.id for state in world.local.folders() if state.name == name]
    return found


def names(world: RealExchange) -> list[str]:
    """What the folders of a PST are called."""
    return sorted(state.name for state in world.local.folders())


def held(world: RealExchange, name: str = "Team") -> dict[str, Item]:
    """What a PST holds in a folder, by what users call it."""
    found: dict[str, Item] = {}
    for got in items(world.local, folder(world, name)):
        subject = mail_of(got.item).subject
        while subject in found:
            subject += "+"
        found[subject] = got.item
    return found


def fetched(world: RealExchange, subject: str, name: str = "Team") -> Fetched:
    """One item of a PST."""
    (found,) = [got for got in items(world.local, folder(world, name)) if mail_of(got.item).subject == subject]
    return found


def edit(world: RealExchange, subject: str, change: Any, name: str = "Team") -> None:
    """Change an item in a PST as its user does."""
    got = fetched(world, subject, name)
    world.local.edit(folder(world, name), got.state.id, change(got.item))


def all_that_is_seen(server: MailServer, user: str) -> dict[str, list[bytes]]:
    """Every message in every mailbox that a user sees, by a plain session: as it is, and with its parts decoded."""
    seen: dict[str, list[bytes]] = {}
    client = imaplib.IMAP4(server.host, server.imap_port)
    client.login(user, server.password(user))
    _, lines = client.list()
    for line in lines:
        assert isinstance(line, bytes)
        name = line.decode().split(' "', 1)[1].split('" ', 1)[1].strip('"')
        if client.select(f'"{name}"', readonly=True)[0] != "OK":
            continue
        texts = seen.setdefault(name, [])
        _, found = client.search(None, "ALL")
        for number in found[0].split():
            _, parts = client.fetch(number.decode(), "(FLAGS BODY.PEEK[])")
            for part in parts:
                texts.append(b" ".join(part) if isinstance(part, tuple) else part or b"")
                if isinstance(part, tuple):
                    for leaf in message_from_bytes(part[1]).walk():
                        content = leaf.get_payload(decode=True)
                        texts.append(content if isinstance(content, bytes) else b"")
        for key in ("TEXT", "SUBJECT", "BODY"):
            assert client.search(None, key, SECRET)[1] == [b""], (name, key)
    client.logout()
    return seen


def tells_nothing(where: Desks) -> None:
    """Make sure that the delegate finds nothing secret anywhere."""
    for name, texts in all_that_is_seen(where.server, where.delegate).items():
        assert "private items" not in name
        for text in texts:
            for spelt in (SECRET.encode(), SECRET.encode("utf-16-le")):
                assert spelt.lower() not in text.lower(), (name, text)


def delivery(item: Item) -> Delivery:
    """An item on its way into a store."""
    return Delivery(item, frozenset(), WHEN, 500, identify(item))


def states(world: RealExchange) -> dict[str, FolderState]:
    return {state.name: state for state in world.remote.folders()}
