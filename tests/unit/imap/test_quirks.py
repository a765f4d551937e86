"""Transcripts captured from servers that do things their own way: Dovecot 2.3.19 and Cyrus IMAP 3.6.1."""

from __future__ import annotations

import pytest

from mailconnector.imap import quirks
from mailconnector.imap.capabilities import Capabilities
from mailconnector.imap.errors import ImapNoError, ImapPermissionError
from mailconnector.imap.quirks import Quirk
from mailconnector.imap.rights import ALL_RIGHTS, Rights
from mailconnector.imap.selected import KnownState
from mailconnector.imap.sets import UidSet
from tests.unit.imap.scripted import client_of

CYRUS = "localhost Cyrus IMAP 3.6.1-Debian-3.6.1-4+deb12u5 server ready"
DOVECOT = "Dovecot (Debian) ready."


def test_detection():
    nothing = Capabilities()
    cyrus = {Quirk.STATUS_MAILBOXID_IS_GARBAGE, Quirk.NAMES_ARE_NARROW, Quirk.KEYWORDS_ARE_FEW}
    dovecot = {Quirk.STATUS_HAS_GUID, Quirk.NAMES_ARE_RESERVED, Quirk.KEYWORDS_ARE_SHORT}
    assert quirks.detect(DOVECOT, nothing, {}) == dovecot
    assert quirks.detect(CYRUS, nothing, {}) == cyrus
    assert quirks.detect("ready", nothing, {"name": "Cyrus IMAPD"}) == cyrus
    hidden = Capabilities.of(["X-REPLICATION", "X-CREATEDMODSEQ"])
    assert quirks.detect("ready", hidden, {}) == cyrus
    assert quirks.detect("Gimap ready", nothing, {"name": "GImap"}) == frozenset()


def test_cyrus_and_dovecot_refuse_names():
    steps = (
        b'C: * CREATE "a|b"',
        b"S: TAG NO Invalid mailbox name",
        b'C: * CREATE "new"',
        b"S: TAG NO [CANNOT] Invalid mailbox name: Contains reserved name (0.001 + 0.000 secs).",
    )
    with client_of(b"", *steps) as client:
        for name, text in (("a|b", "Invalid mailbox name"), ("new", "reserved name")):
            with pytest.raises(ImapNoError, match=text):
                client.mailboxes.create(name)


def test_cyrus_status_mailboxid_is_not_asked_for():
    steps = (
        b'C: * STATUS "Q" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)',
        b"S: * STATUS Q (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 1795368737 UNSEEN 1)",
        b"S: TAG OK Completed",
    )
    with client_of(b"OBJECTID", *steps) as client:
        client.session.quirks = quirks.detect(CYRUS, client.capabilities, {})
        assert client.mailboxes.status("Q").messages == 1


def test_cyrus_status_mailboxid_is_garbage_that_can_be_read_when_a_server_says_it_unasked():
    steps = (
        b'C: * STATUS "Q" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN MAILBOXID)',
        b"S: * STATUS Q (MESSAGES 1 MAILBOXID (*gb\x83\xf1U))",
        b"S: TAG OK Completed",
    )
    with client_of(b"OBJECTID", *steps) as client:
        assert client.mailboxes.status("Q").messages == 1


def test_dovecot_guid():
    steps = (
        b'C: * STATUS "Q" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN X-GUID)',
        b"S: * STATUS Q (X-GUID 0030ac182027036bf233000083ecc375)",
        b"S: TAG OK [CLIENTBUG] Status on selected mailbox completed (0.001 + 0.000 secs).",
    )
    with client_of(b"", *steps) as client:
        client.session.quirks = quirks.detect(DOVECOT, client.capabilities, {})
        assert client.mailboxes.status("Q").mailbox_id == "0030ac182027036bf233000083ecc375"


def test_cyrus_special_uses_in_lower_case():
    steps = (
        b'C: * LIST "" "*" RETURN (CHILDREN SUBSCRIBED SPECIAL-USE)',
        b'S: * LIST (\\HasNoChildren) "/" INBOX',
        b'S: * LIST (\\HasNoChildren \\drafts) "/" Drafts',
        b'S: * LIST (\\HasNoChildren \\Sent \\Subscribed) "/" Sent',
        b"S: TAG OK Completed (0.000 secs 7 calls)",
    )
    with client_of(b"LIST-EXTENDED SPECIAL-USE", *steps) as client:
        uses = {info.name: info.special_uses for info in client.mailboxes.list()}
    assert uses == {"INBOX": frozenset(), "Drafts": {"\\drafts"}, "Sent": {"\\sent"}}


def test_dovecot_needs_children_beside_status():
    steps = (
        b'C: * LIST "" "*" RETURN (CHILDREN STATUS (MESSAGES UIDNEXT UIDVALIDITY UNSEEN))',
        b'S: * LIST (\\HasNoChildren) "/" Q',
        b"S: * STATUS Q (MESSAGES 1)",
        b"S: TAG OK List completed (0.001 + 0.000 secs).",
    )
    with client_of(b"LIST-EXTENDED LIST-STATUS", *steps) as client:
        (info,) = client.mailboxes.list(status=True, subscriptions=False)
    assert info.attributes == {"\\hasnochildren"}
    assert info.status is not None and info.status.messages == 1


SELECT_CYRUS = (
    b'C: * SELECT "Q" (CONDSTORE)',
    b"S: * 1 EXISTS",
    b"S: * 1 RECENT",
    b"S: * FLAGS (\\Answered \\Flagged \\Draft \\Deleted \\Seen)",
    b"S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Draft \\Deleted \\Seen \\*)] Ok",
    b"S: * OK [UNSEEN 1] Ok",
    b"S: * OK [UIDVALIDITY 1795368737] Ok",
    b"S: * OK [UIDNEXT 2] Ok",
    b"S: * OK [HIGHESTMODSEQ 566] Ok",
    b"S: * OK [MAILBOXID (s6i7w5wr544y7k35bapq6y70)] Ok",
    b"S: * OK [URLMECH INTERNAL] Ok",
    b"S: * OK [ANNOTATIONS 65536] Ok",
    b"S: TAG OK [READ-WRITE] Completed",
)


def test_cyrus_internal_date_begins_with_a_space():
    steps = (
        *SELECT_CYRUS,
        b"C: * UID FETCH 1 (UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ BODY.PEEK[])",
        b'S: * 1 FETCH (FLAGS (\\Recent) UID 1 INTERNALDATE " 8-Feb-2002 05:52:25 +0000" MODSEQ (566)'
        b" RFC822.SIZE 16 BODY[] {16}",
        b"R: Subject: x\r\n\r\nx\r)\r\n",
        b"S: TAG OK Completed (0.000 sec)",
    )
    with client_of(b"CONDSTORE", *steps) as client:
        mailbox = client.select("Q")
        (message,) = mailbox.fetch(UidSet.of([1]))
    assert mailbox.state.mailbox_id == "s6i7w5wr544y7k35bapq6y70"
    assert message.internal_date is not None
    assert message.internal_date.isoformat() == "2002-02-08T05:52:25+00:00"
    assert (message.body, message.modseq) == (b"Subject: x\r\n\r\nx\r", 566)


@pytest.mark.parametrize(
    "end",
    [b"S: TAG OK [MODIFIED 1] Completed", b"S: TAG NO [MODIFIED 1] Conditional store failed (0.001 + 0.000 secs)."],
)
def test_a_failed_unchangedsince(end):
    steps = (*SELECT_CYRUS, b"C: * UID STORE 1 (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Flagged)", end)
    with client_of(b"CONDSTORE", *steps) as client:
        stored = client.select("Q").store(UidSet.of([1]), ["\\Flagged"], unchanged_since=1)
    assert stored.modified == UidSet.of([1])


def test_qresync_is_sent_alone():
    steps = (
        b"C: * ENABLE QRESYNC",
        b"S: * ENABLED QRESYNC",
        b"S: TAG OK Enabled",
        b'C: * SELECT "Q" (QRESYNC (1795368737 500 1:7))',
        *SELECT_CYRUS[1:-1],
        b"S: * VANISHED (EARLIER) 2:7",
        b"S: * 1 FETCH (FLAGS (\\Seen) UID 1 MODSEQ (560))",
        b"S: TAG OK [READ-WRITE] Completed",
    )
    with client_of(b"ENABLE QRESYNC", *steps) as client:
        client.session.get_ready()
        known = KnownState(1795368737, 500, UidSet.of(range(1, 8)))
        changes = client.select("Q", known=known).changes
    assert changes is not None
    assert changes.vanished == UidSet.of(range(2, 8))
    assert [(message.uid, message.flags) for message in changes.changed] == [(1, frozenset({"\\Seen"}))]


def test_dovecot_says_ok_to_a_store_without_the_right():
    steps = (
        b'C: * SELECT "shared/alice/Q"',
        b"S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)",
        b"S: * OK [PERMANENTFLAGS (\\Seen)] Flags permitted.",
        b"S: * 1 EXISTS",
        b"S: * OK [UIDVALIDITY 1795367860] UIDs valid",
        b"S: TAG OK [READ-WRITE] Select completed (0.002 + 0.000 + 0.001 secs).",
        b"C: * UID EXPUNGE 1",
        b"S: TAG OK Expunge completed (0.001 + 0.000 secs).",
        b"C: * UID SEARCH UID 1",
        b"S: * SEARCH 1",
        b"S: TAG OK Search completed (0.001 + 0.000 secs).",
    )
    with client_of(b"UIDPLUS", *steps) as client:
        mailbox = client.select("shared/alice/Q")
        assert mailbox.storable(["\\Seen", "\\Flagged", "Blue"]) == {"\\Seen"}
        with pytest.raises(ImapPermissionError) as caught:
            mailbox.store(UidSet.of([1]), ["\\Deleted"])
        assert caught.value.code == "NOPERM"
        assert mailbox.expunge(UidSet.of([1])) == UidSet.of([1])


@pytest.mark.parametrize(
    ("shown", "rights"),
    [
        (b"lrwstipekxacd", ALL_RIGHTS),
        (b"lrswipkxtecdan", ALL_RIGHTS | Rights.parse("n")),
        (b"lrs", Rights.parse("lrs")),
    ],
)
def test_rights_as_servers_show_them(shown, rights):
    steps = (b'C: * MYRIGHTS "Q"', b"S: * MYRIGHTS Q " + shown, b"S: TAG OK Myrights completed")
    with client_of(b"ACL RIGHTS=texk", *steps) as client:
        assert client.access.mine("Q") == rights


def test_no_rights_are_an_entry_less():
    steps = (b'C: * DELETEACL "Q" "carol"', b"S: TAG OK Deleteacl complete.")
    with client_of(b"ACL RIGHTS=texk", *steps) as client:
        client.access.grant("Q", "carol", Rights())
