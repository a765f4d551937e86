"""Names on a server that only have others below them: what is put there locally finds its mailbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailconnector import pst
from mailconnector.lab import MailServer
from mailconnector.mapi import MessageObject, tags
from mailconnector.stores import ImapStore
from mailconnector.sync.identity import identify
from mailconnector.sync.store import Delivery, Status
from tests.contract.imap_subject import connect
from tests.exchange import mail
from tests.live.journeys import new_file, stop


@pytest.fixture(params=["dovecot", "dovecot_sdbox", "cyrus"])
def any_server(request: pytest.FixtureRequest) -> MailServer:
    server = request.getfixturevalue(str(request.param))
    assert isinstance(server, MailServer)
    return server


def test_a_name_becomes_a_mailbox_where_it_stands(any_server: MailServer) -> None:
    user = any_server.fresh_user()
    with connect(any_server, user) as client:
        client.mailboxes.create("Above/Below")
    with ImapStore(lambda: connect(any_server, user)) as store:
        before = {state.id: state for state in store.folders()}
        made = store.make_selectable("Above")
        assert made.selectable
        assert (made.id, made.parent, made.name) == ("Above", "", "Above")
        assert made.validity
        item = mail(1)
        (outcome,) = store.add("Above", [Delivery(item, frozenset(), None, 100, identify(item))])
        assert outcome.status is Status.DONE
        after = {state.id: state for state in store.folders()}
        assert after.keys() == before.keys()
        assert after["Above"].selectable
        assert after["Above"].count == 1
        # Again, and of one that could always hold mail.
        assert store.make_selectable("Above").count == 1
        assert store.make_selectable("Above/Below").count == 0


def test_mail_that_is_put_into_its_folder_is_sent(any_server: MailServer, tmp_path: Path) -> None:
    file = new_file(tmp_path / "mail.pst")
    user = any_server.fresh_user()
    alice = stop(any_server, tmp_path / "alice", file, user)
    with connect(any_server, user) as client:
        client.mailboxes.create("Above/Below")
    alice.sync()
    with pst.open_store(file, writable=True) as store, store.transaction():
        folder = store.folder_at("Above")
        folder.add_message(MessageObject({tags.PidTagMessageClass: "IPM.Note", tags.PidTagSubject: "One"}))
    alice.sync()
    (there,) = alice.letters("Above")
    assert b"Subject: One\r\n" in there.data
    assert "Above/Below" in alice.names()
    assert alice.is_quiet()
