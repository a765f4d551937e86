"""A whole two-way synchronisation of a PST file with a server whose line is cut, at every command and inside of TLS."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mailconnector import formats, mapping, pst
from mailconnector.app.account.connecting import connect
from mailconnector.app.pst.folder_walk import walk_folders
from mailconnector.imap import UidSet
from mailconnector.items import Appointment, Contact, Item, mail_of, with_mail
from mailconnector.lab import CyrusServer, DovecotServer, MailServer
from mailconnector.lab.proxy import CutAfterBytes, CutAtCommand, Fault, FaultyProxy
from mailconnector.mapi import MessageObject, reading, tags
from mailconnector.pst.care import check_file
from tests.live.accounts import account_of, command, messages, profile_on
from tests.live.journeys import Letter, Stop, new_file
from tests.unit.items.edits import sample

Held = Counter[tuple[str, int]]
SAME = {"INBOX": "Inbox", "Sent": "Sent Items", "Trash": "Deleted Items"}


class Line:
    """A PST file and a mailbox with a proxy between them.

    Args:
        server: The server.
        proxy: What the account's connections go through.
        path: A folder for it.
        tls: Whether they are encrypted from the start.
    """

    def __init__(self, server: MailServer, proxy: FaultyProxy, path: Path, *, tls: bool) -> None:
        user = server.fresh_user()
        path.mkdir()
        self.file = new_file(path / "mail.pst")
        imap = {
            "host": server.host,
            "port": proxy.port,
            "security": "tls" if tls else "none",
            "ca_file": str(server.ca_file),
            "login": user,
            "secret": {"command": ["printf", "%s", server.password(user)]},
        }
        self.profile = profile_on(server, path, user, pst=str(self.file), imap=imap)
        account = account_of(self.profile, user)
        port = server.imaps_port if tls else server.imap_port
        self.direct = Stop(
            self.profile, account.model_copy(update={"imap": account.imap.model_copy(update={"port": port})})
        )

    @classmethod
    def changed(cls, server: MailServer, proxy: FaultyProxy, path: Path, *, tls: bool) -> Line:
        """One that was in step once, and was changed on both sides in every way since then."""
        line = cls(server, proxy, path, tls=tls)
        line._fill()
        return line

    def _fill(self) -> None:
        direct = self.direct
        direct.put("Both", letters(0, 8))
        direct.put("Old", letters(8, 10))
        with pst.open_store(self.file, writable=True) as store, store.transaction():
            store.folder_at("Contacts").add_message(mapping.to_mapi(thing(Contact, 60)))
            store.folder_at("Calendar").add_message(mapping.to_mapi(thing(Appointment, 61)))
        direct.sync()
        with connect(direct.account) as client:
            both = client.select("Both")
            first, second, *_ = both.search()
            both.store(both.search(), ["\\Flagged"])
            both.remove(UidSet.of([first]))
            both.move(UidSet.of([second]), "Old")
        direct.put("New there", letters(20, 23))
        direct.put("INBOX", letters(30, 34))
        direct.put("Contacts", [Letter(formats.render_item(thing(Contact, 63)), frozenset(), None)])
        with pst.open_store(self.file, writable=True) as store, store.transaction():
            inbox = store.folder_at("Inbox")
            held = {number(one.to_object()): one for one in store.folder_at("Both").messages()}
            held[3].delete()
            held[4].move_to(inbox)
            held[5].set_properties({tags.PidTagMessageFlags: 1})
            store.folder_at("Calendar").add_message(mapping.to_mapi(thing(Appointment, 62)))
            for message in store.folder_at("Contacts").messages():
                with message.edit() as draft:
                    draft.set(tags.PidTagMobileTelephoneNumber, "555 0199")
            made = store.ipm_subtree.create_folder("New here", "IPF.Note")
            for at in range(40, 43):
                made.add_message(written(at))
                inbox.add_message(written(at + 10))

    def in_pst(self) -> Held:
        """What the PST holds, in folders of every kind."""
        with pst.open_store(self.file) as store:
            return Counter(
                ("/".join(walked.path), number(message.to_object()))
                for walked in walk_folders(store.ipm_subtree, unreadable)
                if walked.path and not walked.folder.is_search_folder
                for message in walked.folder.messages()
            )

    def on_server(self) -> Held:
        """What the server holds."""
        found: Held = Counter()
        for name in self.direct.names():
            for one in self.direct.letters(name):
                found[SAME.get(name, name), int(one.data.split(b"<number-")[1].split(b"@")[0])] += 1
        return found


WANTED: Held = Counter(
    {("Inbox", at): 1 for at in (4, *range(30, 34), *range(50, 53))}
    | {("Both", at): 1 for at in (2, 5, 6, 7)}
    | {("Old", at): 1 for at in (1, 8, 9)}
    | {("New there", at): 1 for at in range(20, 23)}
    | {("New here", at): 1 for at in range(40, 43)}
    | {("Contacts", at): 1 for at in (60, 63)}
    | {("Calendar", at): 1 for at in (61, 62)}
)


def unreadable(folder: object, error: Exception) -> None:
    raise error


def thing(kind: type, at: int) -> Item:
    """A contact or an appointment, with all that the samples of tests have."""
    item = sample(kind, str(at))
    item = with_mail(item, replace(mail_of(item), message_id=f"<number-{at}@example.org>"))
    return replace(item, uid=f"number-{at}@example.org") if isinstance(item, Appointment) else item


def letters(first: int, end: int) -> list[Letter]:
    return [Letter(data, frozenset(), None) for data in messages(end - first, first=first, size=500)]


def written(at: int) -> MessageObject:
    """A message as it is written in Outlook."""
    return MessageObject(
        {
            tags.PidTagMessageClass: "IPM.Note",
            tags.PidTagSubject: f"number {at}",
            tags.PidTagBody: "written",
            tags.PidTagInternetMessageId: f"<number-{at}@example.org>",
        }
    )


def number(message: MessageObject) -> int:
    found = re.search(r"number-(\d+)@", reading.text(message.properties, tags.PidTagInternetMessageId))
    assert found is not None
    return int(found[1])


def cut(line: Line, proxy: FaultyProxy, fault: Fault) -> None:
    """Synchronise over a line that is cut, then over one that is not: all is as it would have been, and stays so."""
    proxy.set(fault)
    first = command("sync", "--profile", line.profile)
    assert proxy.struck, fault
    assert first.code in (0, 1, 7), (fault, first.out)
    for _ in range(3):
        again = command("sync", "--profile", line.profile)
        if again.code == 0:
            break
        make_due(line)
    assert again.code == 0, (fault, again.out)
    assert line.in_pst() == WANTED, fault
    assert line.on_server() == WANTED, fault
    assert line.direct.is_quiet(), fault
    assert check_file(line.file).clean, fault


def make_due(line: Line) -> None:
    """Let the time pass after which what failed is tried again."""
    with closing(sqlite3.connect(line.direct.account.state_path)) as db:
        db.execute("UPDATE change SET next_try = 0")
        db.commit()


@pytest.mark.parametrize(("kind", "parts"), [("dovecot", 4), ("cyrus", 2)])
def test_the_line_is_cut_at_some_commands(
    kind: str, parts: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    at_commands(request.getfixturevalue(kind), tmp_path, parts=parts)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["dovecot", "cyrus"])
def test_the_line_is_cut_at_every_command(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    at_commands(request.getfixturevalue(kind), tmp_path, parts=0)


def at_commands(server: MailServer, path: Path, *, parts: int) -> None:
    """Cut at commands, before, in the middle of, and after what the server does."""
    with FaultyProxy(server.imap_port) as proxy:
        whole = Line.changed(server, proxy, path / "whole", tls=False)
        proxy.set(None)
        whole.direct.sync()
        count = proxy.commands
        assert whole.in_pst() == whole.on_server() == WANTED
        for at in range(1, count + 1, max(1, count // parts) if parts else 1):
            for when in ("before", "middle", "answered") if not parts else (("before", "middle", "answered")[at % 3],):
                line = Line.changed(server, proxy, path / f"{at}{when}", tls=False)
                cut(line, proxy, CutAtCommand(at, when, reset=at % 2 == 0))


def test_the_line_is_cut_somewhere_inside_of_tls(dovecot: DovecotServer, tmp_path: Path) -> None:
    inside_of_tls(dovecot, tmp_path, parts=2)


@pytest.mark.slow
def test_the_line_is_cut_everywhere_inside_of_tls(cyrus: CyrusServer, dovecot: DovecotServer, tmp_path: Path) -> None:
    inside_of_tls(dovecot, tmp_path / "dovecot", parts=40)
    inside_of_tls(cyrus, tmp_path / "cyrus", parts=40)


def inside_of_tls(server: MailServer, path: Path, *, parts: int) -> None:
    """Cut after so many bytes, towards either side."""
    path.mkdir(exist_ok=True)
    with FaultyProxy(server.imaps_port) as proxy:
        whole = Line.changed(server, proxy, path / "whole", tls=True)
        proxy.set(None)
        whole.direct.sync()
        counts = {"client": proxy.bytes_to_client, "server": proxy.bytes_to_server}
        for towards in ("client", "server"):
            for part in range(parts):
                after = counts[towards] * part // parts + 40
                line = Line.changed(server, proxy, path / f"{towards}{part}", tls=True)
                cut(line, proxy, CutAfterBytes(after, towards, reset=part % 2 == 0))


def test_a_first_synchronisation_is_cut_inside_of_tls(dovecot: DovecotServer, tmp_path: Path) -> None:
    count = 400
    with FaultyProxy(dovecot.imaps_port) as proxy:
        for number, part in enumerate((0.0, 0.4, 0.8)):
            line = Line(dovecot, proxy, tmp_path / str(number), tls=True)
            line.direct.put("INBOX", [Letter(data, frozenset(), None) for data in messages(count, size=4000)])
            proxy.set(CutAfterBytes(int(count * 4000 * part)) if part else None)
            first = command("sync", "--profile", line.profile)
            assert first.code in (0, 7)  # it takes up the line again by itself, if it can
            assert proxy.struck is bool(part)
            taken = proxy.bytes_to_client
            proxy.set(None)
            line.direct.sync()
            taken += proxy.bytes_to_client
            held = line.in_pst()
            assert held.total() == len(held) == count
            assert held == line.on_server()
            assert line.direct.is_quiet()
            assert taken < count * 4000 * 1.5, "what had come already came again"
