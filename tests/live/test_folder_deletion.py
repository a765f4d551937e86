"""Deleting a mailbox loses no message, whenever it comes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailconnector.formats import render
from mailconnector.imap import ImapConnectionError, ImapNoError, Upload
from mailconnector.imap.mailboxes import Mailboxes
from mailconnector.lab import MailServer
from mailconnector.stores import ImapStore
from mailconnector.sync import FolderNotEmptyError
from tests.contract import imap_subject
from tests.contract.imap_subject import Mailbox, connect
from tests.exchange import contents, folder_named, mail, tree
from tests.live.pairs import real_exchange


@pytest.fixture(params=["dovecot", "cyrus"])
def any_server(request: pytest.FixtureRequest) -> MailServer:
    server = request.getfixturevalue(str(request.param))
    assert isinstance(server, MailServer)
    return server


@pytest.fixture
def mailbox(any_server: MailServer) -> Iterator[Mailbox]:
    with imap_subject.mailbox(any_server) as found:
        yield found


@pytest.fixture
def store(mailbox: Mailbox) -> Iterator[ImapStore]:
    with mailbox.open() as store:
        list(store.folders())
        store.create_folder("", "Projects")
        yield store


# A folder, and where it is put before it is deleted: into the trash, or beside it where it is in the trash already.
PLACES = [("Projects", "Trash/Projects"), ("Trash/Projects", "Trash/Projects (being deleted)")]


@pytest.fixture(params=PLACES, ids=["to trash", "in trash"])
def place(request: pytest.FixtureRequest, store: ImapStore) -> tuple[str, str]:
    """The folder that is deleted, and where it is put aside."""
    folder, aside = request.param
    if folder != "Projects":
        store.move_folder("Projects", "Trash", "Projects")
    return str(folder), str(aside)


def deliver(mailbox: Mailbox, name: str) -> None:
    with connect(mailbox.server, mailbox.user) as client:
        client.uploads.append(name, Upload(render(mail(1))))


def names(store: ImapStore) -> dict[str, int | None]:
    return {state.id: state.count for state in store.folders()}


def test_a_mailbox_is_gone_with_nothing_left_of_it(store: ImapStore) -> None:
    before = names(store)
    store.delete_folder("Projects")
    assert names(store) == {name: count for name, count in before.items() if name != "Projects"}
    # The same name once more, and one that is in the trash already.
    store.create_folder("", "Projects")
    store.create_folder("Trash", "Projects")
    store.delete_folder("Projects")
    assert "Trash/Projects" in names(store)
    store.delete_folder("Trash/Projects")
    assert names(store) == {name: count for name, count in before.items() if name != "Projects"}


def test_a_message_that_comes_after_the_look_stays(
    store: ImapStore, mailbox: Mailbox, place: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, aside = place
    rename = Mailboxes.rename

    def late(self: Mailboxes, old: str, new: str) -> None:
        if old == folder:
            deliver(mailbox, folder)
        rename(self, old, new)

    monkeypatch.setattr(Mailboxes, "rename", late)
    with pytest.raises(FolderNotEmptyError):
        store.delete_folder(folder)
    after = names(store)
    assert after[folder] == 1
    assert aside not in after


def test_a_message_that_comes_later_is_refused(
    store: ImapStore, mailbox: Mailbox, place: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = place
    delete, refused = Mailboxes.delete, []

    def late(self: Mailboxes, name: str) -> None:
        try:
            deliver(mailbox, folder)
        except ImapNoError as error:
            refused.append(error)
        delete(self, name)

    monkeypatch.setattr(Mailboxes, "delete", late)
    store.delete_folder(folder)
    assert len(refused) == 1, "who sent it knows"
    assert folder not in names(store)


def test_its_name_may_be_taken_again_meanwhile(
    store: ImapStore, mailbox: Mailbox, place: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, aside = place
    rename = Mailboxes.rename

    def late(self: Mailboxes, old: str, new: str) -> None:
        if old == folder:
            deliver(mailbox, folder)
        rename(self, old, new)
        if old == folder:
            with connect(mailbox.server, mailbox.user) as client:
                client.mailboxes.create(folder)

    monkeypatch.setattr(Mailboxes, "rename", late)
    with pytest.raises(FolderNotEmptyError):
        store.delete_folder(folder)
    after = names(store)
    assert (after[folder], after[aside]) == (0, 1)


@pytest.mark.parametrize("parent", ["", "*trash"])
@pytest.mark.parametrize("at", ["delete", "rename"])
def test_a_deletion_that_was_cut_off_is_finished(
    any_server: MailServer, at: str, parent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = real_exchange(tmp_path, any_server)
    try:
        world.settle()
        world.local.create_folder(folder_named(world.local, parent) if parent else "", "Projects")
        world.settle()
        assert (*filter(None, [parent]), "Projects") in tree(world.remote)
        world.local.delete_folder(folder_named(world.local, "Projects"))
        world.local.barrier()
        done = getattr(Mailboxes, at)

        def cut(self: Mailboxes, *names: str) -> None:
            if at == "rename":
                done(self, *names)
            monkeypatch.undo()
            self._session.connection.close()
            raise ImapConnectionError("cut")

        monkeypatch.setattr(Mailboxes, at, cut)
        assert world.run().troubles
        world.settle()
        for store in (world.local, world.remote):
            assert not [path for path in tree(store) if path[-1].startswith("Projects")]
        assert contents(world.local) == contents(world.remote)
    finally:
        world.close()
