"""A server that cannot move: a message is copied and then deleted, and the line may be cut in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailconnector.imap import ImapConnectionError
from mailconnector.imap.selected import SelectedMailbox
from mailconnector.imap.session import Session
from mailconnector.imap.sets import UidSet
from mailconnector.lab import MailServer
from mailconnector.sync import Side
from mailconnector.sync.store import Removal
from tests.exchange import bodies, contents, folder_named
from tests.live.pairs import RealExchange, real_exchange
from tests.scenarios import make_folder, move, put

L, R = Side.LOCAL, Side.REMOTE


@pytest.fixture(params=["dovecot", "cyrus"])
def world(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RealExchange]:
    has = Session.has
    monkeypatch.setattr(Session, "has", lambda self, name: name != "MOVE" and has(self, name))
    server = request.getfixturevalue(request.param)
    assert isinstance(server, MailServer)
    world = real_exchange(tmp_path / "pair", server)
    yield world
    world.close()


@pytest.mark.parametrize("further", ["C", "*inbox", ""])
def test_a_copy_that_its_user_moves_on_comes_once(
    world: RealExchange, further: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for act in (put(R, 1, 2), make_folder(R, "B"), make_folder(R, "C")):
        act(world)
    world.settle()
    before = bodies(world.local)
    move(L, 1, "B")(world)
    remove = SelectedMailbox.remove

    def cut(self: SelectedMailbox, uids: UidSet) -> UidSet:
        monkeypatch.setattr(SelectedMailbox, "remove", remove)
        self.session.connection.close()
        raise ImapConnectionError("cut")

    monkeypatch.setattr(SelectedMailbox, "remove", cut)
    assert world.run().troubles
    if further:
        there = folder_named(world.remote, "B")
        (copy,) = world.remote.changes(there, "").items
        world.remote.move(there, folder_named(world.remote, further), [Removal(copy.id, copy.revision)])
    world.settle()
    assert contents(world.local) == contents(world.remote)
    assert bodies(world.local) == before
