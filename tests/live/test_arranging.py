"""Special folders beside the Inbox and in it: moved both ways with their content, interrupted and gone on with."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from mailconnector.imap import ImapClient, ImapConnectionError, ImapNoError, Upload
from mailconnector.imap.mailboxes import Mailboxes
from mailconnector.imap.selected import SelectedMailbox
from mailconnector.items import FolderKind
from mailconnector.lab import MailServer
from mailconnector.stores.imap.arranging import Arranger, Where
from mailconnector.stores.imap.kinds import ENTRIES
from mailconnector.sync import SyncError
from mailconnector.sync.store import ROOT, SpecialUse
from tests.contract import imap_subject
from tests.contract.imap_subject import connect
from tests.live.accounts import command, profile_on
from tests.live.test_item_folders import PLACES, exchanges, items, quiet, special
from tests.unit.items.edits import KINDS, sample


@pytest.fixture(params=["dovecot", "cyrus", "dovecot_plain"])
def any_server(request: pytest.FixtureRequest) -> MailServer:
    server = request.getfixturevalue(str(request.param))
    assert isinstance(server, MailServer)
    return server


def bodies(client: ImapClient, folder: str) -> Counter[bytes]:
    return Counter(message.body or b"" for message in client.select(folder, read_only=True).fetch(None))


def names(client: ImapClient) -> set[str]:
    return {info.name for info in client.mailboxes.list(subscriptions=False)}


def arrange(client: ImapClient, where: Where | None) -> list[str]:
    arranger = Arranger(client)
    moves = arranger.plan(where).moves
    for move in moves:
        arranger.carry_out(move)
    return [move.target for move in moves]


def test_folders_go_under_the_inbox_and_back_while_both_sides_stay_in_step(
    any_server: MailServer, tmp_path: Path
) -> None:
    with exchanges(tmp_path, any_server, "unicode") as (world,):
        for kind in KINDS:
            world.local.put(special(world.local, PLACES[kind]), sample(kind))
        inner = world.local.create_folder(special(world.local, SpecialUse.CALENDAR), "Team", kind=FolderKind.CALENDAR)
        world.local.put(inner.id, sample(KINDS[0], "team"))
        quiet(world)
        before = items(world.local)
        assert world.mailbox is not None
        for where, there in ((Where.UNDER, "INBOX/Calendar"), (Where.BESIDE, "Calendar")):
            with connect(any_server, world.mailbox.user) as client:
                moved = arrange(client, where)
                assert {there, there.replace("Calendar", "Contacts")} <= set(moved)
                assert {there, f"{there}/Team"} <= names(client)
                assert arrange(client, where) == []
                if client.annotations.available:
                    assert set(client.annotations.get(there, ENTRIES).values()) == {b"event.default"}
                    assert set(client.annotations.get(f"{there}/Team", ENTRIES).values()) == {b"event"}
                assert there in client.mailboxes.subscribed()
            report = world.run()
            assert not report.troubles
            assert not report.done  # nothing is sent again
            quiet(world)
            assert items(world.local) == before
            found = {state.special: state for state in world.remote.folders() if state.special}
            assert found[SpecialUse.CALENDAR].id == there
            assert found[SpecialUse.CALENDAR].parent == ("INBOX" if where is Where.UNDER else ROOT)


@pytest.mark.parametrize("end", range(1, 9))
@pytest.mark.parametrize("has_move", [True, False])
def test_a_move_of_messages_may_end_anywhere(
    dovecot: MailServer, monkeypatch: pytest.MonkeyPatch, end: int, has_move: bool
) -> None:
    """Where nothing can be renamed, and the line is lost before one of the commands."""
    with imap_subject.mailbox(dovecot) as mailbox:
        with connect(dovecot, mailbox.user) as client:
            for name in ("Calendar", "Calendar/Team"):
                client.mailboxes.create(name)
                client.annotations.set(name, {ENTRIES[0]: b"event.default" if name == "Calendar" else b"event"})
                letters = [
                    b"Subject: %d\r\nMessage-ID: <%d@example.org>\r\n\r\n%s\r\n" % (number, number, name.encode())
                    for number in (1, 2, 3, 3)
                ]
                list(client.uploads.append_many(name, [Upload(letter) for letter in letters]))
            wanted = bodies(client, "Calendar") + bodies(client, "Calendar/Team")

        def refuse(self: Mailboxes, old: str, new: str) -> None:
            raise ImapNoError("no", command="RENAME")

        count = 0

        def lost() -> None:
            nonlocal count
            count += 1
            if count == end:
                raise ImapConnectionError("gone")

        copy, remove = SelectedMailbox._transfer, SelectedMailbox.remove

        def transfer(self, name, uids, target):
            lost()
            found = copy(self, name, uids, target)
            lost()
            return found

        def removed(self, uids):
            lost()
            found = remove(self, uids)
            lost()
            return found

        monkeypatch.setattr(Mailboxes, "rename", refuse)
        monkeypatch.setattr(SelectedMailbox, "_transfer", transfer)
        monkeypatch.setattr(SelectedMailbox, "remove", removed)
        for _ in range(2):
            with connect(dovecot, mailbox.user) as client:
                if not has_move:
                    has = client.session.has
                    monkeypatch.setattr(client.session, "has", lambda name, has=has: name != "MOVE" and has(name))
                try:
                    arrange(client, Where.UNDER)
                except SyncError:
                    continue
        with connect(dovecot, mailbox.user) as client:
            assert "Calendar" not in names(client)
            assert bodies(client, "INBOX/Calendar") + bodies(client, "INBOX/Calendar/Team") == wanted
            assert client.annotations.get("INBOX/Calendar", ENTRIES) == {ENTRIES[0]: b"event.default"}
            assert client.annotations.get("INBOX/Calendar/Team", ENTRIES) == {ENTRIES[0]: b"event"}


def test_what_the_server_keeps_for_a_purpose_stays(dovecot: MailServer, cyrus: MailServer) -> None:
    for server in (dovecot, cyrus):
        with imap_subject.mailbox(server) as mailbox, connect(server, mailbox.user) as client:
            assert {"Sent", "Drafts", "Trash", "Junk"} <= names(client)
            plan = Arranger(client).plan(Where.UNDER)
            assert not plan.moves
            assert set(plan.fixed) >= {"Sent", "Drafts", "Trash", "Junk"}
            assert Arranger(client).plan().where is Where.BESIDE  # as the server has them


def test_the_command_asks_and_tells(dovecot: MailServer, tmp_path: Path) -> None:
    user = dovecot.fresh_user()
    profile = profile_on(dovecot, tmp_path, user)
    with connect(dovecot, user) as client:
        client.mailboxes.create("INBOX/Notes")
    refused = command("folder", "arrange", "--profile", profile, "--beside")
    assert refused.code == 2
    assert "--yes" in refused.err
    done = command("folder", "arrange", "--profile", profile, "--yes")
    assert done.code == 0, done.err
    assert "Moved INBOX/Notes (0 items) to Notes." in done.out
    again = command("folder", "arrange", "--profile", profile, "--yes", "--json")
    assert again.json["accounts"][0]["moved"] == []
