from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailconnector.imap.errors import ImapProtocolError
from mailconnector.imap.framing import Framer
from mailconnector.imap.names import NameCodec
from mailconnector.imap.parsing import Parser
from mailconnector.imap.responses import (
    AclEntries,
    CapabilityList,
    Code,
    Condition,
    Continuation,
    Enabled,
    Exists,
    Expunge,
    Fetched,
    GrantableRights,
    Listed,
    MailboxFlags,
    MailboxStatus,
    Metadata,
    MyRights,
    Namespace,
    Namespaces,
    Quota,
    QuotaRoots,
    QuotaUse,
    Recent,
    Searched,
    ServerId,
    StatusItems,
    Tagged,
    Unknown,
    Vanished,
)
from mailconnector.imap.rights import Rights
from mailconnector.imap.sets import UidSet


def parse(data: bytes):
    parser = Parser(NameCodec())
    responses = [parser.parse(frame) for frame in Framer().feed(data + b"\r\n")]
    assert len(responses) == 1
    return responses[0]


@pytest.mark.parametrize(
    ("data", "response"),
    [
        (b"* OK [UNSEEN 5] First", Condition("OK", Code("UNSEEN", b"5"), "First")),
        (b"* ok", Condition("OK", None, "")),
        (b"* BYE Too long idle \xe9", Condition("BYE", None, "Too long idle \udce9")),
        (b"* NO [oops", Condition("NO", None, "[oops")),
        (b"a1 OK [READ-WRITE] Select", Tagged(b"a1", "OK", Code("READ-WRITE"), "Select")),
        (b"a2 no", Tagged(b"a2", "NO", None, "")),
        (b"a3 BAD [CLIENTBUG]", Tagged(b"a3", "BAD", Code("CLIENTBUG"), "")),
        (b"+", Continuation(b"")),
        (b"+ idling", Continuation(b"idling")),
        (b"* 172 EXISTS", Exists(172)),
        (b"* 1 recent", Recent(1)),
        (b"* 44 EXPUNGE", Expunge(44)),
        (b"* VANISHED 1:3,5", Vanished(UidSet(((1, 3), (5, 5))), earlier=False)),
        (b"* VANISHED (EARLIER) 41,43:116", Vanished(UidSet(((41, 41), (43, 116))), earlier=True)),
        (b"* ENABLED qresync", Enabled(frozenset({"QRESYNC"}))),
        (b"* FLAGS (\\Seen Blue)", MailboxFlags(frozenset({"\\Seen", "Blue"}))),
        (b"* FLAGS ()", MailboxFlags(frozenset())),
        (b"* SEARCH 2 84 882", Searched(UidSet.of([2, 84, 882]))),
        (b"* SEARCH", Searched(UidSet())),
        (b"* SEARCH 2 5 (MODSEQ 917162500)", Searched(UidSet.of([2, 5]), modseq=917162500)),
        (b'* ESEARCH (TAG "a5") UID ALL 2,10:11', Searched(UidSet.of([2, 10, 11]), tag=b"a5")),
        (b'* ESEARCH (TAG "a5") UID', Searched(None, tag=b"a5")),
        (b"* ESEARCH UID COUNT 5 MIN 3 ALL 1:5", Searched(UidSet.of(range(1, 6)), count=5)),
        (b'* LIST (\\Noselect) "/" ~/Mail/foo', Listed("~/Mail/foo", "/", frozenset({"\\noselect"}))),
        (b'* LIST () "\\\\" "a\\"b"', Listed('a"b', "\\", frozenset())),
        (b"* LIST () NIL inbox", Listed("INBOX", "", frozenset())),
        (b'* LIST () "." NIL', Listed("NIL", ".", frozenset())),
        (b'* LIST (\\Sent) "/" "Envoy&AOk-s"', Listed("Envoyés", "/", frozenset({"\\sent"}))),
        (
            b'* LIST () "/" "New" ("OLDNAME" ("Old"))',
            Listed("New", "/", frozenset(), old_name="Old"),
        ),
        (
            b'* LIST (\\HasChildren) "/" "Foo" ("CHILDINFO" ("SUBSCRIBED") "X-ELSE" (a (b)))',
            Listed("Foo", "/", frozenset({"\\haschildren"}), children=frozenset({"SUBSCRIBED"})),
        ),
        (b'* LSUB () "." news', Listed("news", ".", frozenset(), lsub=True)),
        (
            b"* STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292 UIDVALIDITY 1 HIGHESTMODSEQ 7 SIZE 99 X-ELSE (1 2))",
            MailboxStatus("blurdybloop", StatusItems(231, 44292, 1, 7, size=99)),
        ),
        (b"* STATUS x (MAILBOXID (F22) UNSEEN 0)", MailboxStatus("x", StatusItems(unseen=0, mailbox_id="F22"))),
        (b"* STATUS x (X-GUID f57d78)", MailboxStatus("x", StatusItems(mailbox_id="f57d78"))),
        (
            b'* NAMESPACE (("" "/")) (("~" "/" "X-PARAM" ("a"))) NIL',
            Namespaces((Namespace("", "/"),), (Namespace("~", "/"),), ()),
        ),
        (
            b'* NAMESPACE (("INBOX." ".")("#m/" NIL)) NIL NIL',
            Namespaces((Namespace("INBOX.", "."), Namespace("#m/", ""))),
        ),
        (b"* MYRIGHTS INBOX rwiptsldaex", MyRights("INBOX", Rights(frozenset("rwiptslaex")))),
        (
            b"* ACL INBOX/Drafts Fred rwipslda -bob {2}\r\nlr",
            AclEntries("INBOX/Drafts", {"Fred": Rights(frozenset("rwipslaxte")), "-bob": Rights(frozenset("lr"))}),
        ),
        (b"* ACL Empty", AclEntries("Empty", {})),
        (
            b"* LISTRIGHTS ~/Mail smith la r swicdkxte c d",
            GrantableRights(
                "~/Mail", "smith", Rights(frozenset("la")), (Rights(frozenset("r")), Rights(frozenset("swikxte")))
            ),
        ),
        (
            b'* QUOTA "" (STORAGE 10 512 MESSAGE 1 2)',
            Quota("", {"STORAGE": QuotaUse(10, 512), "MESSAGE": QuotaUse(1, 2)}),
        ),
        (b'* QUOTA "User quota" ()', Quota("User quota", {})),
        (b'* QUOTAROOT INBOX "" x', QuotaRoots("INBOX", ("", "x"))),
        (b"* QUOTAROOT comp.mail", QuotaRoots("comp.mail", ())),
        (
            b'* METADATA "INBOX" (/Shared/Comment "x" /private/comment NIL /shared/n {3}\r\na\r\n)',
            Metadata("INBOX", {"/shared/comment": b"x", "/private/comment": None, "/shared/n": b"a\r\n"}),
        ),
        (b'* METADATA "" /shared/comment /x', Metadata("", {}, frozenset({"/shared/comment", "/x"}))),
        (
            b'* ANNOTATION "INBOX" "/vendor/kolab/folder-type" ("value.shared" "event" "size.shared" "5")',
            Metadata("INBOX", {"/shared/vendor/kolab/folder-type": b"event"}),
        ),
        (b'* ID ("name" "Dovecot" "Version" NIL)', ServerId({"name": "Dovecot", "version": ""})),
        (b"* ID NIL", ServerId({})),
        (b"* XSOMETHING a (b", Unknown("XSOMETHING", None, (b"* XSOMETHING a (b",))),
        (b"* 7 XOTHER", Unknown("XOTHER", 7, (b"* 7 XOTHER",))),
        (b"* ???", Unknown("", None, (b"* ???",))),
    ],
)
def test_responses(data, response):
    assert parse(data) == response


def test_capabilities():
    response = parse(b"* CAPABILITY IMAP4rev1 auth=plain LITERAL+ RIGHTS=texk")
    assert isinstance(response, CapabilityList)
    assert response.capabilities.names == {"IMAP4REV1", "AUTH=PLAIN", "LITERAL+", "RIGHTS=TEXK"}


WHEN = datetime(2020, 1, 3, 2, 4, 5, tzinfo=UTC)
MESSAGE = b"Subject: x\r\n\r\n(){5}\r\n"


@pytest.mark.parametrize(
    ("data", "response"),
    [
        (b"* 1 FETCH (UID 7 FLAGS (\\Seen))", Fetched(1, 7, frozenset({"\\Seen"}))),
        (b"* 1 FETCH (FLAGS () UID 7 MODSEQ (12345678901))", Fetched(1, 7, frozenset(), 12345678901)),
        (
            b'* 23 FETCH (UID 4 FLAGS (\\Recent) INTERNALDATE "03-Jan-2020 02:04:05 +0000" RFC822.SIZE 21 MODSEQ (9)'
            b" BODY[] {21}\r\n" + MESSAGE + b")",
            Fetched(23, 4, frozenset({"\\Recent"}), 9, WHEN, 21, MESSAGE),
        ),
        (
            b"* 23 FETCH (BODY[] {21}\r\n" + MESSAGE + b' UID 4 INTERNALDATE " 3-Jan-2020 02:04:05 +0000")',
            Fetched(23, 4, None, None, WHEN, None, MESSAGE),
        ),
        (b"* 1 FETCH (X-GUID 0a1b UID 3)", Fetched(1, 3, message_id="0a1b")),
        (b"* 1 FETCH (EMAILID (M6d99) UID 3)", Fetched(1, 3, message_id="M6d99")),
        (b"* 1 FETCH (UID 3 X-GM-MSGID 1278455344230334865)", Fetched(1, 3, message_id="1278455344230334865")),
        (b"* 1 FETCH (UID 4294967295 BODY[] NIL)", Fetched(1, 4294967295)),
        (b'* 1 FETCH (UID 3 BODY[] "short")', Fetched(1, 3, body=b"short")),
        (b"* 1 FETCH (UID 3 BINARY[] ~{2}\r\n\0a)", Fetched(1, 3, body=b"\0a")),
        (b"* 1 fetch (uid 3 flags (caf\xe9 $Label]))", None),
        (
            b"* 1 FETCH (UID 3 BODY[HEADER.FIELDS (DATE FROM)]<0> {3}\r\na\r\n PREVIEW NIL)",
            Fetched(1, 3, other={"BODY[HEADER.FIELDS (DATE FROM)]<0>": b"a\r\n", "PREVIEW": None}),
        ),
        (
            b'* 1 FETCH (UID 3 ENVELOPE (NIL ((a NIL)) "q\\""))',
            Fetched(1, 3, other={"ENVELOPE": (None, ((b"a", None),), b'q"')}),
        ),
    ],
)
def test_fetch(data, response):
    parser = Parser(NameCodec())
    for _ in range(3):  # the second one meets the shape that the first has left
        frames = Framer().feed(data + b"\r\n")
        try:
            assert [parser.parse(frame) for frame in frames] == [response]
        except ImapProtocolError:
            assert response is None


def test_shapes_change_between_messages():
    parser = Parser(NameCodec())
    lines = [
        b"* 1 FETCH (UID 1 FLAGS (a))",
        b"* 2 FETCH (FLAGS (b) UID 2)",
        b"* 3 FETCH (UID 3 FLAGS (c) BODY[] {1}\r\nx)",
        b"* 4 FETCH (UID 4 FLAGS (d) BODY[] {1}\r\ny FLAGS (e))",
        b"* 5 FETCH (UID 5 FLAGS (f))",
    ]
    read = [parser.parse(frame) for frame in Framer().feed(b"\r\n".join(lines) + b"\r\n")]
    assert [(item.uid, *(item.flags or ()), item.body) for item in read if isinstance(item, Fetched)] == [
        (1, "a", None),
        (2, "b", None),
        (3, "c", b"x"),
        (4, "e", b"y"),
        (5, "f", None),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"lo there, this is no IMAP",
        b"* 1 FETCH (UID 7",
        b"* 1 FETCH (UID 7) (",
        b"* 1 FETCH (UID 7 BODY[] {3}\r\nabcdef)",  # a literal longer than announced
        b"* 1 FETCH (UID x)",
        b"* 1 FETCH (UID 99999999999)",
        b"* 1 FETCH UID 7",
        b"* 5000000000 EXISTS",
        b"* SEARCH 1 two",
        b"* SEARCH 0",
        b"* VANISHED 1:*",
        b"* LIST (\\Noselect",
        b'* LIST () "/" "open',
        b"* STATUS x (MESSAGES many)",
        b"* MYRIGHTS x r\xe9",
        b"* ACL",
        b"* QUOTA x " + b"(" * 2,
        b"* ID (" + b"(" * 200,
        b"* NAMESPACE " + b"(" * 2000,
    ],
)
def test_what_is_no_imap(data):
    with pytest.raises(ImapProtocolError):
        parse(data)


def test_codes():
    assert Code("APPENDUID", b"38505 3955:3957").append_uids() == (38505, [3955, 3956, 3957])
    assert Code("COPYUID", b"38505 304,319:320 3956:3958").copy_uids() == (38505, {304: 3956, 319: 3957, 320: 3958})
    assert Code("MODIFIED", b"7,9").uids == UidSet.of([7, 9])
    assert Code("PERMANENTFLAGS", b"(\\Seen \\*)").words == {"\\Seen", "\\*"}
    assert Code("MAILBOXID", b"(F2212)").text == "F2212"


@pytest.mark.parametrize(
    "code",
    [
        Code("COPYUID", b"1 1:2 5"),
        Code("COPYUID", b"1 2"),
        Code("COPYUID", b"0 1 1"),
        Code("COPYUID", b"1 1:9999999 1:9999999"),
    ],
)
def test_lying_codes(code):
    with pytest.raises(ImapProtocolError):
        code.copy_uids()
