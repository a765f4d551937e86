"""Folders with every kind of name go from a server into a PST file, on to another server, and from a PST to servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailconnector import pst
from mailconnector.app.account.connecting import connect
from mailconnector.lab import CyrusServer, DovecotServer, LabMissingError, MailServer
from mailconnector.lab.server import Launch
from mailconnector.mapi import MessageObject, tags
from mailconnector.sync.store import Removal
from tests.exchange import folder_named, items, mail
from tests.live.accounts import messages
from tests.live.journeys import Letter, Stop, new_file, stop
from tests.live.pairs import real_exchange

# The name, and what it has to be called in a PST; names that Dovecot and Cyrus both take.
NAMES = {
    "Grüße & Küsse": "Grüße & Küsse",
    "台北 (2026)": "台北 (2026)",
    "😀 emoji": "😀 emoji",
    "R&D-": "R&D-",
    "dots.and.more": "dots.and.more",
    "[brackets] + plus": "[brackets] + plus",
    "it's # 1": "it's # 1",
    "é" * 60: "é" * 60,
}


@pytest.fixture(params=["dovecot", "cyrus"])
def servers(
    request: pytest.FixtureRequest, dovecot: DovecotServer, cyrus: CyrusServer
) -> tuple[MailServer, MailServer]:
    """Both servers, either first."""
    return (dovecot, cyrus) if request.param == "dovecot" else (cyrus, dovecot)


def letter(number: int) -> Letter:
    return Letter(messages(1, first=number)[0], frozenset(), None)


def by_path(file: Path) -> dict[tuple[str, ...], int]:
    """How many messages each mail folder of a PST file holds."""
    with pst.open_store(file) as store:
        top = store.ipm_subtree.path
        return {folder.path[len(top) :]: folder.content_count for folder in store.ipm_subtree.walk()}


# Made on the server for the folders that every PST has.
OF_ITEMS = {"Calendar", "Contacts", "Journal", "Notes", "Tasks"}


def of_mail(at: Stop) -> set[str]:
    """The names of the mailboxes for mail."""
    return {name for name in at.names() if name.rpartition("/")[2] not in OF_ITEMS}


def numbers(at: Stop, mailbox: str) -> list[int]:
    """The numbers of the messages in a mailbox."""
    return sorted(int(one.data.split(b"<number-")[1].split(b"@")[0]) for one in at.letters(mailbox))


def test_names_of_a_server_reach_another_by_way_of_a_pst(
    servers: tuple[MailServer, MailServer], tmp_path: Path
) -> None:
    file = new_file(tmp_path / "mail.pst")
    alice, bob = (stop(server, tmp_path / str(at), file) for at, server in enumerate(servers))
    for number, name in enumerate(NAMES):
        alice.put(f"{name}/{name[:40]}", [letter(number)])
    alice.sync()
    held = by_path(file)
    for shown in NAMES.values():
        assert held[shown, shown[:40]] == 1
    bob.sync()
    for number, name in enumerate(NAMES):
        assert numbers(bob, f"{name}/{name[:40]}") == [number]
    # Renamed there, it is renamed everywhere.
    with connect(bob.account) as client:
        client.mailboxes.rename("R&D-", "Ж & &-")
    bob.sync()
    alice.sync()
    assert numbers(alice, "Ж & &-/R&D-") == [3]
    assert "R&D-" not in alice.names()
    assert alice.is_quiet()
    assert bob.is_quiet()


def test_names_that_differ_by_case_only_stay_apart(servers: tuple[MailServer, MailServer], tmp_path: Path) -> None:
    file = new_file(tmp_path / "mail.pst")
    alice, bob = (stop(server, tmp_path / str(at), file) for at, server in enumerate(servers))
    for number, name in enumerate(("Case", "CASE", "case", "case/Below", "CASE/below")):
        alice.put(name, [letter(number)])
    alice.sync()
    assert alice.is_quiet()
    assert sorted(numbers(alice, "Case") + numbers(alice, "CASE") + numbers(alice, "case")) == [0, 1, 2]
    held = {path: count for path, count in by_path(file).items() if path and path[0].lower().startswith("case")}
    folded = {tuple(name.casefold() for name in path) for path in held}
    assert len(folded) == len(held) == 5, held
    assert set(held.values()) == {1}
    bob.sync()
    assert bob.is_quiet()
    assert sorted(n for name in bob.names() if name.lower().startswith("case") for n in numbers(bob, name)) == [
        *range(5)
    ]
    assert alice.is_quiet()


# A name in a PST, where nearly everything is possible.
WILD = [
    "a/b\\c",
    "quo\"te' 50% *?",
    "tab\tand bell\x07",
    "inbox",
    "~home",
    "#hash",
    "cur",
    "a.b.",
    ".hidden",
    "x" * 255,
    "жд" * 127,
    "end ",
    "&-&",
    "\u202eevil",
]


def test_names_of_a_pst_that_servers_refuse_are_made_to_fit_and_stay(
    mail_server: MailServer, dovecot: DovecotServer, tmp_path: Path
) -> None:
    file = new_file(tmp_path / "mail.pst")
    with pst.open_store(file, writable=True) as store, store.transaction():
        for name in WILD:
            store.ipm_subtree.create_folder(name, "IPF.Note").create_folder("Below/this", "IPF.Note")
    before = set(by_path(file))
    bob = stop(mail_server, tmp_path / "bob", file)
    bob.sync()
    assert bob.is_quiet()
    assert before <= set(by_path(file))
    below = [name for name in bob.names() if "Below" in name.rpartition("/")[2]]
    assert len(below) == len(WILD)
    # What arrives below a folder whose name was made to fit is in the PST's folder of the other name.
    for number, name in enumerate(below):
        bob.put(name, [letter(number)])
    bob.sync()
    held = by_path(file)
    assert [held[name, "Below/this"] for name in WILD] == [1] * len(WILD)
    again = stop(dovecot, tmp_path / "again", new_file(tmp_path / "again.pst"))
    again.sync()
    assert again.is_quiet()


def test_parents_that_hold_no_mail_and_subscriptions(
    dovecot: DovecotServer, cyrus: CyrusServer, tmp_path: Path
) -> None:
    file = new_file(tmp_path / "mail.pst")
    alice, bob = stop(dovecot, tmp_path / "alice", file), stop(cyrus, tmp_path / "bob", file)
    alice.put("Above/Between/Below", [letter(1)])
    alice.put("Not subscribed", [letter(2)])
    with connect(alice.account) as client:
        client.mailboxes.subscribe("Above/Between/Below")
        assert client.mailboxes.subscribed() & {"Above", "Above/Between"} == set()
        mine = client.mailboxes.subscribed()
    alice.sync()
    held = by_path(file)
    assert held["Above", "Between", "Below"] == held["Not subscribed",] == 1
    bob.sync()
    assert numbers(bob, "Above/Between/Below") == [1]
    with connect(bob.account) as client:  # what is made for the user is shown to them
        assert {"Above/Between/Below", "Not subscribed"} <= client.mailboxes.subscribed()
    with connect(alice.account) as client:  # what they chose themselves stays
        assert client.mailboxes.subscribed() - OF_ITEMS == mine - OF_ITEMS
    # Mail that the PST has in a folder which holds none on the server finds one made there.
    bob.put("Above", [letter(3)])
    bob.sync()
    alice.sync()
    assert numbers(alice, "Above") == [3]
    assert numbers(alice, "Above/Between/Below") == [1]
    assert alice.is_quiet()


class ForeignDovecot(DovecotServer):
    """A Dovecot without SPECIAL-USE, and without folders that its administrator made."""

    def _prepare(self) -> Launch:
        launch = super()._prepare()
        config = self.home / "dovecot.conf"
        lines = config.read_text().splitlines()
        kept = [line for line in lines if line.split("=")[0].split("_")[0].strip() not in ("special", "auto")]
        config.write_text("\n".join(kept) + "\n")
        return launch


class ForeignCyrus(CyrusServer):
    """A Cyrus IMAP without SPECIAL-USE, and without folders that its administrator made."""

    def _prepare(self) -> Launch:
        launch = super()._prepare()
        config = self.home / "imapd.conf"
        lines = config.read_text().splitlines()
        kept = [line for line in lines if not line.startswith(("xlist-", "autocreate_inbox", "autocreate_subscribe"))]
        config.write_text("\n".join(kept) + "\nsuppress_capabilities: SPECIAL-USE CREATE-SPECIAL-USE\n")
        return launch


@pytest.fixture(scope="module", params=[ForeignDovecot, ForeignCyrus])
def foreign(request: pytest.FixtureRequest) -> Iterator[MailServer]:
    server: MailServer = request.param()
    try:
        server.check()
    except LabMissingError as error:
        pytest.skip(str(error))
    with server:
        yield server


LOCALIZED = [
    ("Gesendete Objekte", "Entwürfe", "Papierkorb", "Spamverdacht"),
    ("Éléments envoyés", "Brouillons", "Corbeille", "Courrier indésirable"),
    ("Posta inviata", "Bozze", "Cestino", "Posta indesiderata"),
    ("Sent Items", "Drafts", "Deleted Items", "Junk E-mail"),
]
OURS = ("Sent Items", "Drafts", "Deleted Items")


def junk(file: Path) -> str:
    """The name of the folder where Outlook looks for junk ([MS-OXOSFLD] 2.2.4); it is made as the server calls it."""
    with pst.open_store(file) as store:
        ids = store.folder_at("Inbox").properties.get(tags.PidTagAdditionalRenEntryIds)
        assert isinstance(ids, list)
        entry: object = ids[4]
        assert isinstance(entry, bytes)
        return store.folder(int.from_bytes(entry[-4:], "little")).name


@pytest.mark.parametrize("theirs", LOCALIZED, ids=["german", "french", "italian", "outlook"])
def test_folders_with_a_purpose_are_found_by_their_names(
    foreign: MailServer, theirs: tuple[str, ...], tmp_path: Path
) -> None:
    file = new_file(tmp_path / "mail.pst")
    alice = stop(foreign, tmp_path / "alice", file)
    for number, name in enumerate(theirs):
        alice.put(name, [letter(number)])
    with pst.open_store(file, writable=True) as store, store.transaction():
        outbox = store.folder_at("Outbox")
        outbox.add_message(MessageObject({tags.PidTagSubject: "not sent yet", tags.PidTagMessageClass: "IPM.Note"}))
    alice.sync()
    held = by_path(file)
    assert of_mail(alice) == {"INBOX", *theirs}
    assert [held.get((name,)) for name in (*OURS, junk(file))] == [1, 1, 1, 1], held
    assert junk(file) == theirs[3]
    assert held["Outbox",] == 1
    assert "Outbox" not in alice.names()
    assert alice.is_quiet()


def test_folders_with_a_purpose_are_the_servers(mail_server: MailServer, tmp_path: Path) -> None:
    file = new_file(tmp_path / "mail.pst", "ansi")
    alice = stop(mail_server, tmp_path / "alice", file)
    with connect(alice.account) as client:
        before = {one.name: one.special_uses for one in client.mailboxes.list()}
    uses = ("sent", "drafts", "trash", "junk")
    theirs = {
        use: name for name, found in before.items() for use in uses if any(use in str(one).lower() for one in found)
    }
    assert set(theirs) == set(uses)
    for number, use in enumerate(uses):
        alice.put(theirs[use], [letter(number)])
    alice.sync()
    held = by_path(file)
    assert [held.get((name,)) for name in (*OURS, junk(file))] == [1, 1, 1, 1], held
    assert of_mail(alice) == set(before)


def test_a_new_folder_takes_the_name_of_one_that_is_gone(mail_server: MailServer, tmp_path: Path) -> None:
    """Names are ids on a server: that of a mailbox which was deleted there is given to another one."""
    world = real_exchange(tmp_path / "pair", mail_server)
    try:
        for name in ("A", "B"):
            world.local.create_folder("", name)
        world.local.put(folder_named(world.local, "B"), mail(1))
        world.settle()
        there = folder_named(world.remote, "B")
        (got,) = items(world.remote, there)
        world.remote.delete(there, [Removal(got.state.id, got.state.revision)])
        world.remote.delete_folder(there)
        world.local.move_folder(folder_named(world.local, "B"), "", "C")
        world.local.move_folder(folder_named(world.local, "A"), "", "B")
        world.local.create_folder("", "A")
        report = world.settle()
        assert not report.troubles
        for store in (world.local, world.remote):
            assert {state.name for state in store.folders()} >= {"A", "B", "C"}
    finally:
        world.close()
