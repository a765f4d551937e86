"""The IMAP client against real servers; what it sets is looked at with imaplib, which knows nothing of us."""

from __future__ import annotations

import imaplib
import re
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from mailconnector.imap import (
    Endpoint,
    ImapClient,
    ImapConnectionError,
    ImapError,
    ImapLoginError,
    ImapNoError,
    ImapNotFoundError,
    ImapPermissionError,
    ImapTlsError,
    KnownState,
    Password,
    Rights,
    Security,
    UidSet,
    Upload,
    searching,
)
from mailconnector.imap.responses import Exists, MailboxStatus
from mailconnector.imap.selected import FLAGS, HEADER, SUMMARY
from mailconnector.lab import MailServer

WHEN = datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)


@dataclass
class Account:
    """A new user of a server, and a mailbox to work with."""

    server: MailServer
    user: str
    client: ImapClient
    mailbox: str

    def connect(self, user: str = "") -> ImapClient:
        """Log in once more, or somebody else."""
        return connect(self.server, user or self.user)

    def witness(self) -> imaplib.IMAP4:
        """Log in with imaplib."""
        client = imaplib.IMAP4_SSL(
            self.server.host, self.server.imaps_port, ssl_context=ssl.create_default_context(cafile=self.server.ca_file)
        )
        client.login(self.user, self.server.password(self.user))
        return client


def connect(server: MailServer, user: str, security: Security = Security.TLS) -> ImapClient:
    port = server.imaps_port if security is Security.TLS else server.imap_port
    endpoint = Endpoint(server.host, port, security, server.ca_file)
    return ImapClient.connect(endpoint, Password(user, server.password(user)))


@pytest.fixture
def account(mail_server: MailServer) -> Iterator[Account]:
    user = mail_server.fresh_user()
    with connect(mail_server, user) as client:
        prefix = client.mailboxes.namespaces().personal[0].prefix
        mailbox = prefix + "Entwürfe & 台北"
        client.mailboxes.create(mailbox)
        yield Account(mail_server, user, client, mailbox)


def message(number: int, size: int = 200) -> Upload:
    head = f"Message-ID: <{number}@example.org>\r\nSubject: {number}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    body = (f"line {number} ) {{3}}\r\n".encode() + b"\xe9\xff\r\n") * (size // 20)
    return Upload(head.encode() + body, frozenset({"\\Seen", "$Forwarded"} if number % 2 else ()), WHEN)


def fill(account: Account, count: int = 5) -> list[Upload]:
    uploads = [message(number) for number in range(count)]
    assert all(done.error is None for done in account.client.uploads.append_many(account.mailbox, uploads))
    return uploads


@pytest.mark.parametrize("security", list(Security))
def test_every_way_to_connect(mail_server, security):
    with connect(mail_server, "alice", security) as client:
        assert client.session.connection.stream.private is (security is not Security.PLAIN)
        assert "QRESYNC" in client.session.enabled
        client.noop()
    assert client.closed


def test_certificates_are_verified(mail_server):
    endpoint = Endpoint(mail_server.host, mail_server.imaps_port)
    with pytest.raises(ImapTlsError):
        ImapClient.connect(endpoint, Password("alice", mail_server.password("alice")))


def test_a_wrong_password(mail_server):
    endpoint = Endpoint(mail_server.host, mail_server.imaps_port, ca_file=mail_server.ca_file)
    with pytest.raises(ImapLoginError) as caught:
        ImapClient.connect(endpoint, Password("alice", "not-the-password"))
    assert "not-the-password" not in repr(caught.value)


def test_what_goes_up_comes_down(account):
    uploads = [message(number, size=40_000 if number == 7 else 300) for number in range(230)]
    done = {item.index: item for item in account.client.uploads.append_many(account.mailbox, uploads, batch=50)}
    mailbox = account.client.select(account.mailbox)
    assert mailbox.state.exists == 230
    fetched = {item.uid: item for item in mailbox.fetch(mailbox.search())}
    assert len(fetched) == 230
    for index, upload in enumerate(uploads):
        item = fetched[done[index].uid]
        assert done[index].uid_validity == mailbox.state.uid_validity
        assert item.body == upload.data
        assert (item.flags or frozenset()) - {"\\Recent"} == upload.flags
        assert item.internal_date == WHEN
        assert item.size == len(upload.data)
        assert item.modseq


def test_imaplib_sees_what_we_appended(account):
    uploads = fill(account)
    witness = account.witness()
    witness.select('"' + account.client.session.connection.protocol.names.encode(account.mailbox).decode() + '"')
    for number, upload in enumerate(uploads, 1):
        _, data = witness.fetch(str(number), "(FLAGS INTERNALDATE BODY.PEEK[])")
        assert isinstance(data[0], tuple)
        assert data[0][1] == upload.data
        shown = b" ".join(part if isinstance(part, bytes) else part[0] for part in data if part)
        assert (b"$Forwarded" in shown) is ("$Forwarded" in upload.flags)
        assert b"4-Mar-2021 05:06:07 +0000" in shown
    witness.logout()


def test_headers_and_summaries(account):
    uploads = fill(account, 3)
    mailbox = account.client.select(account.mailbox, read_only=True)
    headers = [item.other["BODY[HEADER]"] for item in mailbox.fetch(mailbox.search(), HEADER)]
    assert headers == [upload.data[: upload.data.index(b"\r\n\r\n") + 4] for upload in uploads]
    assert [item.size for item in mailbox.fetch(None, SUMMARY)] == [len(upload.data) for upload in uploads]
    assert mailbox.storable(["\\Seen"]) == frozenset()


def test_searching(account):
    fill(account, 6)
    mailbox = account.client.select(account.mailbox)
    assert mailbox.search(searching.flagged("\\Seen")) == mailbox.search() - mailbox.search(
        ~searching.flagged("\\Seen")
    )
    either = searching.header("Message-ID", "<2@example.org>") | searching.header("Subject", "4")
    assert list(mailbox.search(either)) == [3, 5]
    assert len(mailbox.search(searching.since(WHEN.date() - timedelta(days=1)))) == 6
    assert not mailbox.search(searching.before(WHEN.date() - timedelta(days=1)) | searching.larger(10**6))


def test_flags_and_their_mod_sequences(account):
    fill(account)
    mailbox = account.client.select(account.mailbox)
    before = mailbox.state.highest_modseq or 0
    known = KnownState(mailbox.state.uid_validity, before, mailbox.search())
    assert not mailbox.store(UidSet.of([1, 2]), ["\\Flagged", "Blue"]).modified
    late = mailbox.store(UidSet.of([1, 3]), ["\\Answered"], unchanged_since=before)
    assert late.modified == UidSet.of([1])
    mailbox.store(UidSet.of([2]), ["Blue"], action="remove")
    mailbox.remove(UidSet.of([4]))
    flags = {item.uid: item.flags for item in mailbox.fetch(None, FLAGS)}
    assert {"\\Flagged", "Blue"} <= (flags[1] or frozenset())
    assert "Blue" not in (flags[2] or frozenset()) and "\\Answered" in (flags[3] or frozenset())
    assert 4 not in flags
    for changes in (
        mailbox.changes_since(before, known.uids),
        account.client.select(account.mailbox, known=known).changes,
    ):
        assert changes is not None
        assert changes.vanished == UidSet.of([4])
        assert {item.uid for item in changes.changed} == {1, 2, 3}


def test_nothing_new_is_said_by_select(account):
    fill(account)
    mailbox = account.client.select(account.mailbox)
    known = KnownState(mailbox.state.uid_validity, mailbox.state.highest_modseq or 0)
    changes = account.client.select(account.mailbox, known=known).changes
    assert changes is not None and not changes.vanished and not changes.changed
    wrong = KnownState(mailbox.state.uid_validity + 1, 1)
    assert account.client.select(account.mailbox, known=wrong).changes is None


def test_copying_and_moving(account):
    fill(account, 6)
    target = account.mailbox + " 2"
    mailbox = account.client.select(account.mailbox)
    with pytest.raises(ImapNoError):
        mailbox.copy(UidSet.of([1]), target)
    account.client.mailboxes.create(target)
    copied = mailbox.copy(UidSet.of([1, 3]), target)
    moved = mailbox.move(UidSet.of([2, 4, 99]), target)
    assert list(copied.uids or ()) == [1, 3]
    assert list(moved.uids or ()) == [2, 4]
    assert list(mailbox.search()) == [1, 3, 5, 6]
    other = account.client.select(target)
    assert other.state.uid_validity == copied.uid_validity == moved.uid_validity
    assert set(other.search()) == {*(copied.uids or {}).values(), *(moved.uids or {}).values()}


def without(client: ImapClient, *names: str) -> None:
    """Have the client believe that its server cannot do something."""
    protocol = client.session.connection.protocol
    protocol.capabilities = type(protocol.capabilities)(protocol.capabilities.names - set(names))


def test_the_long_way_round(account):
    client = account.client
    without(client, "MOVE", "UIDPLUS", "MULTIAPPEND", "LITERAL+", "ESEARCH", "UNSELECT", "LIST-EXTENDED", "LIST-STATUS",
            "LIST-MYRIGHTS", "NAMESPACE", "IDLE")  # fmt: skip
    uploads = fill(account, 6)
    target = account.mailbox + " 2"
    client.mailboxes.create(target)
    client.mailboxes.subscribe(target)
    mailbox = client.select(account.mailbox)
    mailbox.store(UidSet.of([5]), ["\\Deleted"])
    moved = mailbox.move(UidSet.of([1, 2]), target)
    assert not moved.left
    assert list(mailbox.search()) == [3, 4, 5, 6]
    assert list(mailbox.search(searching.flagged("\\Deleted"))) == [5]
    mailbox.close()
    listed = {info.name: info for info in client.mailboxes.list(status=True, rights=True)}
    assert listed[target].subscribed and not listed[account.mailbox].subscribed
    status = listed[account.mailbox].status
    assert status is not None and status.messages == 4
    assert "a" in (listed[target].rights or Rights())
    other = client.select(target)
    assert {item.body for item in other.fetch(other.search())} == {upload.data for upload in uploads[:2]}


def test_replacing(account):
    fill(account, 3)
    mailbox = account.client.select(account.mailbox)
    done = account.client.uploads.replace(mailbox, 2, message(9))
    assert list(mailbox.search()) == [1, 3, done.uid]


def test_mailboxes_come_and_go(account):
    boxes = account.client.mailboxes
    separator = boxes.namespaces().personal[0].separator
    child = account.mailbox + separator + "R&D «ß» 😀"
    boxes.create(child)
    boxes.subscribe(child)
    fill(account, 2)
    listed = {info.name: info for info in boxes.list(status=True, rights=True)}
    assert listed[child].subscribed and listed[child].selectable
    assert "\\haschildren" in listed[account.mailbox].attributes
    status = listed[account.mailbox].status
    assert status is not None and status.messages == 2 and status.highest_modseq
    assert status.uid_validity == boxes.status(account.mailbox).uid_validity
    boxes.rename(child, account.mailbox + separator + "New")
    assert not boxes.exists(child) and boxes.exists(account.mailbox + separator + "New")
    boxes.delete(account.mailbox + separator + "New")
    with pytest.raises(ImapNotFoundError):
        account.client.select(account.mailbox + separator + "New")
    with pytest.raises(ImapNoError):
        boxes.create(account.mailbox)


def test_sharing(account):
    other = account.server.fresh_user()
    connect(account.server, other).logout()  # some servers know a user from the first login on
    fill(account, 2)
    access = account.client.access
    assert Rights.parse("lrswipkxtea") <= access.mine(account.mailbox)
    access.grant(account.mailbox, other, Rights.parse("lrs"))
    witness = account.witness()
    wire = '"' + account.client.session.connection.protocol.names.encode(account.mailbox).decode() + '"'
    _, (shown, *_) = witness.getacl(wire)
    assert isinstance(shown, bytes)
    assert re.search(rb"\b%s \"?lrs\"?" % other.encode(), shown)
    assert access.get(account.mailbox)[other] == Rights.parse("lrs")
    with account.connect(other) as guest:
        name = next(info.name for info in guest.mailboxes.list() if info.name.endswith(account.mailbox.split("/")[-1]))
        assert guest.access.mine(name) == Rights.parse("lrs")
        mailbox = guest.select(name)
        assert len(list(mailbox.fetch(mailbox.search()))) == 2
        assert mailbox.storable(["\\Seen", "\\Deleted"]) == {"\\Seen"}
        with pytest.raises(ImapPermissionError):
            mailbox.remove(UidSet.of([1]))
        with pytest.raises(ImapNoError):
            guest.uploads.append(name, message(3))
    access.grant(account.mailbox, other, Rights())
    assert other not in access.get(account.mailbox)
    _, (shown, *_) = witness.getacl(wire)
    assert isinstance(shown, bytes) and other.encode() not in shown
    assert any("r" in group for group in access.grantable(account.mailbox, other).optional)
    witness.logout()


def test_annotations(account):
    entries = {"/shared/vendor/kolab/folder-type": b"event.default", "/private/comment": 'é "q\\\r\n'.encode()}
    notes = account.client.annotations
    notes.set(account.mailbox, entries)
    assert notes.get(account.mailbox, list(entries)) == entries
    many = notes.get_many(["INBOX", account.mailbox], ["/shared/vendor/kolab/folder-type"])
    assert many[account.mailbox] == {"/shared/vendor/kolab/folder-type": b"event.default"}
    listed = {info.name: info.metadata for info in account.client.mailboxes.list(metadata=list(entries))}
    assert listed[account.mailbox] == entries
    assert listed["INBOX"] == {}
    notes.set(account.mailbox, dict.fromkeys(entries))
    assert notes.get(account.mailbox, list(entries)) == {}


def test_quota(account):
    (quota,) = account.client.quotas.of("INBOX")
    assert quota.resources["STORAGE"].limit == 4096 * 1024


def test_being_told_by_idle(account):
    account.client.select(account.mailbox)
    account.client.watcher.wait(0.05)

    def deliver() -> None:
        time.sleep(0.2)
        with account.connect() as client:
            client.uploads.append(account.mailbox, message(1))

    thread = threading.Thread(target=deliver)
    thread.start()
    told = account.client.watcher.wait(20.0)
    thread.join()
    assert Exists(1) in told


def test_being_told_by_notify(dovecot):
    user = dovecot.fresh_user()
    with connect(dovecot, user) as client, connect(dovecot, user) as other:
        client.mailboxes.create("Elsewhere")
        assert client.watcher.notify_all()
        other.uploads.append("Elsewhere", message(1))
        end = time.monotonic() + 20
        told: list[object] = []
        while time.monotonic() < end and not any(
            isinstance(item, MailboxStatus) and item.items.messages for item in told
        ):
            told += client.watcher.wait(5.0)
        assert "Elsewhere" in {item.name for item in told if isinstance(item, MailboxStatus)}
        client.watcher.stop_notifying()


def test_compression(account):
    uploads = fill(account, 20)
    assert account.client.session.compress()
    mailbox = account.client.select(account.mailbox)
    assert [item.body for item in mailbox.fetch(mailbox.search())] == [upload.data for upload in uploads]
    list(account.client.uploads.append_many(account.mailbox, uploads))
    assert len(mailbox.search()) == 40


def test_a_cut_line(account):
    fill(account, 3)
    mailbox = account.client.select(account.mailbox)
    account.client.session.connection.stream._socket.shutdown(2)
    with pytest.raises(ImapConnectionError):
        list(mailbox.fetch(mailbox.search()))
    assert account.client.closed
    with pytest.raises(ImapError):
        mailbox.search()
