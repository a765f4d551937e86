"""The properties that Outlook expects of a mail, and mail from whatever Outlook and Exchange left in a store."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailconnector.formats import parse, render
from mailconnector.items import (
    OLE_STORAGE,
    Address,
    Attachment,
    Flags,
    GenericItem,
    Importance,
    Mail,
    Placement,
    Sensitivity,
    StoredContent,
)
from mailconnector.mapi import named, tags
from mailconnector.mapi.conversation import ConversationIndex
from mailconnector.mapi.entryid import AddressBookEntryId, OneOffEntryId
from mailconnector.mapi.objects import AttachmentObject, MessageObject, Properties, RecipientObject
from mailconnector.mapi.types import FileTime
from mailconnector.mapping import from_mapi, to_mapi
from mailconnector.mapping.addresses import entries_of
from tests.unit.items.mails import NOON, mail_of

LATER = NOON + timedelta(hours=1)
AUTHOR = Address("Jürgen Müller", "jm@example.org")
MAIL = Mail(
    subject="Re: Hello",
    author=AUTHOR,
    to=(Address("One", "one@example.org"), Address("", "two@example.org")),
    cc=(Address("Three", "three@example.org"),),
    date=NOON,
    message_id="<2@x>",
    references=("<1@x>",),
    text="Hello\nthere\n",
    html="<p>größer",
    charset="iso-8859-1",
    flags=Flags(seen=True),
)


def read(properties: Properties, *, recipients: list[Properties] | None = None) -> Mail:
    rows = [RecipientObject(row) for row in recipients or []]
    return mail_of(from_mapi(MessageObject(dict(properties), rows)))


def test_the_properties_of_a_mail() -> None:
    message = to_mapi(MAIL)
    entry_id = OneOffEntryId("Jürgen Müller", "SMTP", "jm@example.org").to_bytes()
    properties = dict(message.properties)
    index = properties.pop(tags.PidTagConversationIndex)
    assert isinstance(index, bytes)
    assert properties == {
        tags.PidTagMessageClass: "IPM.Note",
        tags.PidTagSubject: "Re: Hello",
        tags.PidTagConversationTopic: "Hello",
        tags.PidTagClientSubmitTime: FileTime.from_datetime(NOON),
        tags.PidTagMessageDeliveryTime: FileTime.from_datetime(NOON),
        tags.PidTagSentRepresentingName: "Jürgen Müller",
        tags.PidTagSentRepresentingAddressType: "SMTP",
        tags.PidTagSentRepresentingEmailAddress: "jm@example.org",
        tags.PidTagSentRepresentingSmtpAddress: "jm@example.org",
        tags.PidTagSentRepresentingEntryId: entry_id,
        tags.PidTagSentRepresentingSearchKey: b"SMTP:JM@EXAMPLE.ORG\0",
        tags.PidTagSenderName: "Jürgen Müller",
        tags.PidTagSenderAddressType: "SMTP",
        tags.PidTagSenderEmailAddress: "jm@example.org",
        tags.PidTagSenderSmtpAddress: "jm@example.org",
        tags.PidTagSenderEntryId: entry_id,
        tags.PidTagSenderSearchKey: b"SMTP:JM@EXAMPLE.ORG\0",
        tags.PidTagDisplayTo: "One; two@example.org",
        tags.PidTagDisplayCc: "Three",
        tags.PidTagInternetMessageId: "<2@x>",
        tags.PidTagInternetReferences: "<1@x>",
        tags.PidTagBody: "Hello\r\nthere\r\n",
        tags.PidTagHtml: "<p>größer".encode("iso-8859-1"),
        tags.PidTagInternetCodepage: 28591,
        tags.PidTagNativeBody: 3,
        tags.PidTagMessageFlags: 1,
        tags.PidTagImportance: 1,
        tags.PidTagPriority: 0,
        tags.PidTagSensitivity: 0,
    }
    assert [row.properties[tags.PidTagRecipientType] for row in message.recipients] == [1, 1, 2]
    assert message.recipients[1].properties == {
        tags.PidTagRecipientType: 1,
        tags.PidTagDisplayName: "two@example.org",
        tags.PidTagAddressType: "SMTP",
        tags.PidTagEmailAddress: "two@example.org",
        tags.PidTagSmtpAddress: "two@example.org",
        tags.PidTagEntryId: OneOffEntryId("two@example.org", "SMTP", "two@example.org").to_bytes(),
        tags.PidTagSearchKey: b"SMTP:TWO@EXAMPLE.ORG\0",
        tags.PidTagObjectType: 6,
        tags.PidTagDisplayType: 0,
        tags.PidTagResponsibility: True,
    }


def test_who_sends_for_another() -> None:
    mail = replace(MAIL, sender=Address("Secretary", "sec@example.org"))
    properties = to_mapi(mail).properties
    assert properties[tags.PidTagSentRepresentingEmailAddress] == "jm@example.org"
    assert properties[tags.PidTagSenderEmailAddress] == "sec@example.org"


def test_mail_of_the_owner_is_marked() -> None:
    own = frozenset({"jm@example.org"})
    assert to_mapi(MAIL, own_addresses=own).properties[tags.PidTagMessageFlags] == 0x21
    inner = Mail(attachments=(Attachment(item=MAIL),))
    embedded = to_mapi(inner, own_addresses=own).attachments[0].embedded
    assert embedded is not None
    assert embedded.properties[tags.PidTagMessageFlags] == 0x21


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"flags": Flags(draft=True)}, {tags.PidTagMessageFlags: 0x08, tags.PidTagIconIndex: 0x103}),
        ({"flags": Flags(answered=True)}, {tags.PidTagLastVerbExecuted: 102, tags.PidTagIconIndex: 0x105}),
        ({"flags": Flags(forwarded=True)}, {tags.PidTagLastVerbExecuted: 104, tags.PidTagIconIndex: 0x106}),
        ({"flags": Flags(deleted=True)}, {named.PidLidImapDeleted: 1}),
        ({"flags": Flags(keywords=("a", "b"))}, {named.PidNameKeywords: ["a", "b"]}),
        (
            {"flags": Flags(flagged=True)},
            {
                tags.PidTagFlagStatus: 2,
                tags.PidTagFollowupIcon: 6,
                tags.PidTagToDoItemFlags: 1,
                named.PidLidFlagRequest: "Follow up",
                named.PidLidToDoTitle: "Re: Hello",
                named.PidLidTaskStatus: 0,
            },
        ),
        ({"importance": Importance.HIGH}, {tags.PidTagImportance: 2, tags.PidTagPriority: 1}),
        ({"importance": Importance.LOW}, {tags.PidTagImportance: 0, tags.PidTagPriority: -1}),
        ({"sensitivity": Sensitivity.PRIVATE}, {tags.PidTagSensitivity: 2}),
        ({"read_receipt": True}, {tags.PidTagReadReceiptRequested: True}),
        ({"delivery_receipt": True}, {tags.PidTagOriginatorDeliveryReportRequested: True}),
        ({"received": LATER}, {tags.PidTagMessageDeliveryTime: FileTime.from_datetime(LATER)}),
        ({"html": None}, {tags.PidTagNativeBody: 1}),
        ({"html": "ж", "charset": "utf-8"}, {tags.PidTagHtml: "ж".encode(), tags.PidTagInternetCodepage: 65001}),
        ({"attachments": (Attachment("x"),)}, {tags.PidTagMessageFlags: 0x11}),
        ({"conversation_topic": "Other"}, {tags.PidTagConversationTopic: "Other"}),
    ],
)  # fmt: skip
def test_what_else_outlook_keeps(fields: dict[str, object], expected: Properties) -> None:
    mail = replace(MAIL, **fields)  # type: ignore[arg-type]
    properties = to_mapi(mail).properties
    assert {key: properties[key] for key in expected} == expected
    assert from_mapi(to_mapi(mail)) == mail


def test_replies_point_to_where_answers_go() -> None:
    mail = replace(MAIL, reply_to=(Address("A; B", "a@b"), Address("", "c@d"), Address("E", "/o=x/cn=e", "EX")))
    properties = to_mapi(mail).properties
    assert properties[tags.PidTagReplyRecipientNames] == "A; B; c@d; E"
    entries = properties[tags.PidTagReplyRecipientEntries]
    assert isinstance(entries, bytes)
    assert entries[:4] == b"\x03\0\0\0"
    assert int.from_bytes(entries[4:8], "little") == len(entries) - 8
    assert list(entries_of(entries)) == [
        OneOffEntryId("A; B", "SMTP", "a@b").to_bytes(),
        OneOffEntryId("c@d", "SMTP", "c@d").to_bytes(),
        AddressBookEntryId("/o=x/cn=e").to_bytes(),
    ]
    assert list(entries_of(entries[:40])) == []
    assert mail_of(from_mapi(to_mapi(mail))).reply_to == mail.reply_to


def test_a_thread_has_one_beginning() -> None:
    root = Mail(message_id="<1@x>", subject="x", date=NOON)
    reply = Mail(message_id="<2@x>", in_reply_to="<1@x>", date=NOON + timedelta(days=1))
    deeper = Mail(message_id="<3@x>", references=("<1@x>", "<2@x>"), date=NOON + timedelta(days=2))
    indexes = []
    for mail in (root, reply, deeper):
        index = to_mapi(mail).properties[tags.PidTagConversationIndex]
        assert isinstance(index, bytes)
        indexes.append(index)
        assert ConversationIndex.parse(index).to_bytes() == index
    assert {index[:22] for index in indexes} == {indexes[0]}
    assert [len(index) for index in indexes] == [22, 27, 27]
    assert indexes[1] < indexes[2]
    assert tags.PidTagConversationIndex not in to_mapi(Mail(subject="x")).properties
    given = bytes(range(22))
    assert to_mapi(replace(root, conversation_index=given)).properties[tags.PidTagConversationIndex] == given


def test_the_properties_of_attachments() -> None:
    attachments = (
        Attachment("A long file name.docx", "application/msword", b"data"),
        Attachment("a.png", "image/png", b"PNG", placement=Placement.RELATED, content_id="one@x"),
        Attachment("", "image/png", b"PNG", placement=Placement.INLINE),
        Attachment("link.pdf", "application/pdf", reference="https://x.example/y"),
        Attachment("", OLE_STORAGE, b"\xd0\xcf"),
        Attachment(item=MAIL),
    )
    message = to_mapi(Mail(html="<p>", attachments=attachments))
    properties = [one.properties for one in message.attachments]
    assert [one[tags.PidTagAttachMethod] for one in properties] == [1, 1, 1, 7, 6, 5]
    assert {one[tags.PidTagRenderingPosition] for one in properties} == {-1}
    assert properties[0] == {
        tags.PidTagAttachMethod: 1,
        tags.PidTagRenderingPosition: -1,
        tags.PidTagDisplayName: "A long file name.docx",
        tags.PidTagAttachLongFilename: "A long file name.docx",
        tags.PidTagAttachFilename: "ALONGF~1.DOC",
        tags.PidTagAttachExtension: ".docx",
        tags.PidTagAttachMimeTag: "application/msword",
    }
    assert properties[1][tags.PidTagAttachFlags] == 4
    assert properties[1][tags.PidTagAttachmentHidden] is True
    assert properties[1][tags.PidTagAttachContentId] == "one@x"
    assert properties[2][tags.PidTagAttachLongFilename] == "ATT00003.png"
    assert properties[3][tags.PidTagAttachLongPathname] == "https://x.example/y"
    assert properties[5][tags.PidTagDisplayName] == "Re: Hello"
    assert [one.data for one in message.attachments] == [b"data", b"PNG", b"PNG", None, b"\xd0\xcf", None]
    assert message.attachments[5].embedded == to_mapi(MAIL)


def test_stored_content_is_passed_on_unread() -> None:
    class Unread(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise AssertionError("nobody asked for the content")

    stream = Unread(b"content")
    message = to_mapi(Mail(attachments=(Attachment("x", data=StoredContent(stream)),)))
    assert message.attachments[0].data is stream
    again = mail_of(from_mapi(message))
    assert again.attachments[0].data == StoredContent(stream)
    assert again.attachments[0].size() == 7


def test_the_dates_of_a_file_are_told_from_the_stamps_of_a_store() -> None:
    stamp, other = FileTime.from_datetime(LATER), FileTime.from_datetime(NOON)
    message = to_mapi(Mail(attachments=(Attachment("x", modified=NOON), Attachment("y"))))
    for attachment in message.attachments:
        attachment.properties.setdefault(tags.PidTagCreationTime, stamp)
        attachment.properties.setdefault(tags.PidTagLastModificationTime, stamp)
    found = mail_of(from_mapi(message)).attachments
    assert [(one.created, one.modified) for one in found] == [(None, NOON), (None, None)]
    foreign: Properties = {tags.PidTagCreationTime: other, tags.PidTagLastModificationTime: stamp}
    (dated,) = mail_of(from_mapi(MessageObject({}, attachments=[AttachmentObject(foreign)]))).attachments
    assert (dated.created, dated.modified) == (NOON, LATER)


EX = "/o=Org/ou=First/cn=Recipients/cn=someone"
EX_ROW: Properties = {
    tags.PidTagRecipientType: 1,
    tags.PidTagDisplayName: "Some One",
    tags.PidTagAddressType: "EX",
    tags.PidTagEmailAddress: EX,
    tags.PidTagEntryId: AddressBookEntryId(EX).to_bytes(),
    tags.PidTagSmtpAddress: "some.one@example.org",
    tags.PidTagRecipientTrackStatus: 3,
}


def test_exchange_addresses_become_internet_ones_and_go_back_whole() -> None:
    author: Properties = {
        tags.PidTagSentRepresentingName: "Some One",
        tags.PidTagSentRepresentingAddressType: "EX",
        tags.PidTagSentRepresentingEmailAddress: EX.upper(),
    }
    mail = read(author, recipients=[EX_ROW])
    assert (mail.to[0].name, mail.to[0].email, mail.to[0].kind) == ("Some One", "some.one@example.org", "SMTP")
    assert mail.author is not None
    assert (mail.author.email, mail.author.kind) == ("some.one@example.org", "SMTP")
    again = to_mapi(mail)
    row = again.recipients[0].properties
    assert {key: row[key] for key in EX_ROW} == EX_ROW
    assert {key: again.properties[key] for key in author} == author
    assert from_mapi(again) == mail
    beside = read(
        {tags.PidTagSenderAddressType: "EX", tags.PidTagSenderEmailAddress: EX, tags.PidTagSenderSmtpAddress: "x@y"}
    )
    assert beside.author is not None
    assert beside.author.email == "x@y"


def test_exchange_addresses_without_an_internet_one_stay() -> None:
    mail = read(
        {tags.PidTagSenderName: "Some One", tags.PidTagSenderAddressType: "EX", tags.PidTagSenderEmailAddress: EX}
    )
    assert mail.author == Address("Some One", EX, "EX")
    assert from_mapi(to_mapi(mail)) == mail
    again = parse(render(mail))
    assert again.author == mail.author


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({tags.PidTagDisplayName: "a@b.example"}, Address("", "a@b.example")),
        ({tags.PidTagDisplayName: "'a@b'", tags.PidTagEmailAddress: "'a@b'"}, Address("'a@b'", "a@b")),
        ({tags.PidTagEmailAddress: "SMTP:a@b.example"}, Address("", "a@b.example")),
        ({tags.PidTagEntryId: OneOffEntryId("A", "SMTP", "a@b").to_bytes()}, Address("A", "a@b")),
        ({tags.PidTagEntryId: AddressBookEntryId(EX).to_bytes()}, Address("", EX, "EX")),
        ({0x3001001E: "Old", 0x3003001E: "o@d"}, Address("Old", "o@d")),
        ({tags.PidTagDisplayName: "Only a name", tags.PidTagEntryId: b"garbage"}, Address("Only a name", "")),
        (
            {tags.PidTagAddressType: "MAPIPDL", tags.PidTagDisplayName: "List", tags.PidTagEmailAddress: "Unknown"},
            Address("List", "Unknown", "MAPIPDL"),
        ),
        ({tags.PidTagDisplayName: 5, tags.PidTagEmailAddress: "a@b"}, Address("", "a@b")),
        ({}, None),
    ],
)  # fmt: skip
def test_people_in_all_states(row: Properties, expected: Address | None) -> None:
    (found,) = read({}, recipients=[row]).to or (None,)
    assert (found and replace(found, leftover={})) == expected


def test_recipients_of_other_kinds_are_no_recipients() -> None:
    rows: list[Properties] = [
        {tags.PidTagRecipientType: 0, tags.PidTagDisplayName: "originator"},
        {tags.PidTagRecipientType: 0x10000002, tags.PidTagEmailAddress: "c@d"},
        {tags.PidTagRecipientType: 3, tags.PidTagEmailAddress: "e@f"},
        {tags.PidTagEmailAddress: "a@b"},
    ]
    mail = read({}, recipients=rows)
    assert [[one.email for one in people] for people in (mail.to, mail.cc, mail.bcc)] == [["a@b"], ["c@d"], ["e@f"]]


def test_times() -> None:
    noon, later = FileTime.from_datetime(NOON), FileTime.from_datetime(LATER)
    both: Properties = {tags.PidTagClientSubmitTime: noon, tags.PidTagMessageDeliveryTime: later}
    mail = read(both)
    assert (mail.date, mail.received) == (NOON, LATER)
    assert read({tags.PidTagMessageDeliveryTime: noon}).date == NOON
    assert read({tags.PidTagCreationTime: noon}).date == NOON
    assert read({tags.PidTagClientSubmitTime: FileTime(FileTime.NONE)}).date is None
    assert read({tags.PidTagClientSubmitTime: 5}).date is None
    came: Properties = {tags.PidTagMessageDeliveryTime: noon, tags.PidTagTransportMessageHeaders: "Subject: x\r\n"}
    assert (read(came).date, read(came).received) == (None, NOON)
    assert tags.PidTagClientSubmitTime not in to_mapi(Mail(date=datetime(1500, 1, 1, tzinfo=UTC))).properties


def test_the_header_as_stores_keep_it() -> None:
    own = "From: é <a@b>\r\nX: y\r\n\tz\r\n"
    inner = "------=_Part\r\nContent-Type: text/plain\r\n"
    text = f"Microsoft Mail Internet Headers Version 2.0\r\n{own}\r\n{inner}"
    mail = read({tags.PidTagTransportMessageHeaders: text})
    assert mail.headers == own.encode()
    again = to_mapi(mail)
    assert again.properties[tags.PidTagTransportMessageHeaders] == text
    assert from_mapi(again) == mail
    changed = to_mapi(replace(mail, headers=b"X: other\r\n"))
    assert changed.properties[tags.PidTagTransportMessageHeaders] == "X: other\r\n"
    assert read({tags.PidTagTransportMessageHeaders: "no header"}).headers == b""
    odd = Mail(headers=b"Subject: \xe9\r\nX: \0\r\n")
    stored = to_mapi(odd).properties[tags.PidTagTransportMessageHeaders]
    assert stored == "Subject: é\r\nX: \r\n"
    assert from_mapi(to_mapi(odd)) == odd


def test_ids_come_from_the_header_or_the_search_key_where_there_are_none() -> None:
    header = "Message-ID:\r\n <1@x>\r\nIn-Reply-To: Yours <0@x>\r\nReferences: <8@x>\r\n <9@x>\r\n"
    mail = read({tags.PidTagTransportMessageHeaders: header})
    assert (mail.message_id, mail.in_reply_to, mail.references) == ("<1@x>", "<0@x>", ("<8@x>", "<9@x>"))
    made = read({tags.PidTagSearchKey: bytes(range(16))})
    assert made.message_id == f"<{bytes(range(16)).hex()}@mailconnector.invalid>"
    assert from_mapi(to_mapi(made)) == made
    assert read({}).message_id == ""
    came: Properties = {tags.PidTagSearchKey: bytes(16), tags.PidTagTransportMessageHeaders: "Subject: x\r\n"}
    assert read(came).message_id == ""


@pytest.mark.parametrize(
    ("properties", "flags"),
    [
        ({tags.PidTagMessageFlags: 0x409}, Flags(seen=True, draft=True)),
        ({tags.PidTagLastVerbExecuted: 103}, Flags(answered=True)),
        ({tags.PidTagIconIndex: 0x105}, Flags(answered=True)),
        ({tags.PidTagLastVerbExecuted: 104, tags.PidTagIconIndex: 0x105}, Flags(answered=True, forwarded=True)),
        ({tags.PidTagFlagStatus: 2, named.PidLidFlagRequest: "Call"}, Flags(flagged=True)),
        ({tags.PidTagFlagStatus: 1}, Flags()),
        ({tags.PidTagMessageStatus: 8}, Flags(deleted=True)),
        ({named.PidNameKeywords: ["x", "y", "x", 3]}, Flags(keywords=("x", "y"))),
        ({tags.PidTagMessageFlags: "wrong type", named.PidNameKeywords: "wrong type"}, Flags()),
    ],
)
def test_flags_as_outlook_keeps_them(properties: Properties, flags: Flags) -> None:
    mail = read(properties)
    assert mail.flags == flags
    assert from_mapi(to_mapi(mail)) == mail


def test_a_flag_keeps_its_details_until_it_is_taken_off() -> None:
    due = FileTime.from_datetime(NOON)
    mail = read({tags.PidTagFlagStatus: 2, named.PidLidFlagRequest: "Call", named.PidLidTaskDueDate: due})
    kept = to_mapi(mail).properties
    assert (kept[named.PidLidFlagRequest], kept[named.PidLidTaskDueDate], kept[tags.PidTagFlagStatus]) == (
        "Call",
        due,
        2,
    )
    off = to_mapi(replace(mail, flags=Flags())).properties
    assert not {tags.PidTagFlagStatus, named.PidLidFlagRequest, named.PidLidTaskDueDate} & off.keys()
    done = read({tags.PidTagFlagStatus: 1, tags.PidTagFlagCompleteTime: due})
    assert to_mapi(done).properties[tags.PidTagFlagStatus] == 1
    again = to_mapi(replace(done, flags=Flags(flagged=True))).properties
    assert again[tags.PidTagFlagStatus] == 2


def test_the_deeds_of_a_user_win_over_what_was_left() -> None:
    all_replied = read({tags.PidTagLastVerbExecuted: 103, tags.PidTagIconIndex: 0x105, tags.PidTagMessageFlags: 0x411})
    kept = to_mapi(all_replied).properties
    assert (kept[tags.PidTagLastVerbExecuted], kept[tags.PidTagMessageFlags]) == (103, 0x401)
    undone = to_mapi(replace(all_replied, flags=Flags(seen=True))).properties
    assert not {tags.PidTagLastVerbExecuted, tags.PidTagIconIndex} & undone.keys()
    fresh = read({tags.PidTagLastVerbExecuted: 0, tags.PidTagIconIndex: -1})
    answered = to_mapi(replace(fresh, flags=Flags(answered=True))).properties
    assert (answered[tags.PidTagLastVerbExecuted], answered[tags.PidTagIconIndex]) == (102, 0x105)


def test_leftover_properties_travel_and_derived_ones_do_not() -> None:
    kept: Properties = {
        tags.PidTagMessageLocaleId: 1031,
        named.PidLidInternetAccountName: "x",
        tags.PidTagSearchKey: b"key",
    }
    derived: Properties = {
        tags.PidTagMessageSize: 5,
        tags.PidTagEntryId: b"x",
        tags.PidTagHasAttachments: True,
        0x67F20003: 1,
    }
    mail = read(kept | derived)
    assert mail.leftover == kept
    assert {key: to_mapi(mail).properties[key] for key in kept} == kept


def test_attachments_as_outlook_keeps_them() -> None:
    objects = [
        AttachmentObject({tags.PidTagAttachLongFilename: "Report.PDF", tags.PidTagAttachEncoding: b""}, b"PDF"),
        AttachmentObject({tags.PidTagAttachFilename: "REPORT~1.DOC", tags.PidTagAttachMethod: 1}, b"DOC"),
        AttachmentObject({tags.PidTagAttachContentId: "<img@x>", tags.PidTagAttachMimeTag: "image/gif"}, b"GIF"),
        AttachmentObject({tags.PidTagAttachMethod: 4, tags.PidTagAttachLongPathname: "\\\\server\\share\\x.doc"}),
        AttachmentObject({tags.PidTagAttachMethod: 2, tags.PidTagAttachPathname: "C:\\X.DOC"}),
        AttachmentObject({tags.PidTagAttachMethod: 6, tags.PidTagDisplayName: "Picture"}, b"\xd0\xcf"),
        AttachmentObject({tags.PidTagAttachMethod: 5}),
        AttachmentObject({tags.PidTagAttachLongFilename: "mail.eml"}, b"Subject: x\r\n\r\n"),
    ]
    message = MessageObject({tags.PidTagHtml: b'<img src="cid:img@x">'}, attachments=objects)
    found = mail_of(from_mapi(message)).attachments
    assert [(one.name, one.content_type) for one in found] == [
        ("Report.PDF", "application/pdf"),
        ("REPORT~1.DOC", "application/msword"),
        ("", "image/gif"),
        ("", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("Picture", OLE_STORAGE),
        ("", "application/octet-stream"),
        ("mail.eml", "application/octet-stream"),
    ]
    assert found[2].placement is Placement.RELATED
    assert [one.reference for one in found[3:5]] == ["\\\\server\\share\\x.doc", "C:\\X.DOC"]
    again = to_mapi(from_mapi(message))
    for before, after in zip(objects, again.attachments, strict=True):
        assert before.properties.items() <= after.properties.items()
        assert after.data == (before.data if before.data is not None else after.data)


SIGNED = (
    b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b\r\n\r\n'
    b"--b\r\n\r\nx\r\n--b--\r\n"
)


def test_clear_signed_mail_is_one_attachment() -> None:
    mail = parse(b"Subject: x\r\nMIME-Version: 1.0\r\n" + SIGNED)
    message = to_mapi(mail)
    assert message.properties[tags.PidTagMessageClass] == "IPM.Note.SMIME.MultipartSigned"
    (attachment,) = message.attachments
    assert attachment.data == SIGNED
    assert attachment.properties[tags.PidTagAttachMimeTag] == "multipart/signed"
    assert attachment.properties[tags.PidTagAttachLongFilename] == "smime.p7m"
    assert from_mapi(message) == mail
    del message.properties[tags.PidTagTransportMessageHeaders]
    assert parse(render(from_mapi(message))).original == SIGNED
    stream = MessageObject(dict(message.properties), attachments=[AttachmentObject({}, io.BytesIO(SIGNED))])
    assert mail_of(from_mapi(stream)).original == SIGNED


def test_an_encrypted_blob_is_one_attachment() -> None:
    head = b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n"
    head += b"Content-Transfer-Encoding: base64\r\n"
    for body in (b"AAECAwQF\r\n", b"AAEC\r\nAwQF\r\n"):
        data = b"Subject: x\r\nMIME-Version: 1.0\r\n" + head + b"\r\n" + body
        mail = parse(data)
        message = to_mapi(mail)
        assert [one.data for one in message.attachments] == [bytes(range(6))]
        assert from_mapi(message) == mail
        assert parse(render(from_mapi(message))).original == mail.original
    bare = MessageObject(
        {tags.PidTagMessageClass: "IPM.Note.SMIME"}, attachments=[AttachmentObject({}, bytes(range(6)))]
    )
    rendered = render(from_mapi(bare))
    assert b"Content-Type: application/pkcs7-mime; name=smime.p7m\r\n" in rendered
    assert rendered.endswith(b"\r\n\r\nAAECAwQF\r\n")
    assert parse(rendered).message_class == "IPM.Note.SMIME"


def test_an_original_is_kept_until_what_it_says_is_changed() -> None:
    data = (
        b"MIME-Version: 1.0\r\n"
        b'Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=b\r\n\r\n'
        b"--b\r\n\r\ntext\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nSIG\r\n--b--"
    )
    mail = parse(data)
    message = to_mapi(mail)
    assert render(from_mapi(message)) == data
    message.properties[tags.PidTagBody] = "changed"
    assert mail_of(from_mapi(message)).original == b""
    message = to_mapi(mail)
    message.attachments.clear()
    assert mail_of(from_mapi(message)).original == b""


def test_other_classes_read_as_mail_and_go_back_whole() -> None:
    contact: Properties = {
        tags.PidTagMessageClass: "IPM.Custom.Contact",
        tags.PidTagSubject: "Some One",
        tags.PidTagDisplayName: "Some One",
        tags.PidTagCompanyName: "Works & Co",
        tags.PidTagBirthday: FileTime.from_datetime(NOON),
        named.PidLidEmail1EmailAddress: "some@one.example",
    }
    item = from_mapi(MessageObject(contact))
    assert isinstance(item, GenericItem)
    assert item.message_class == "IPM.Custom.Contact"
    text = item.mail.text
    assert text is not None
    assert "Company name: Works & Co\n" in text
    assert "Birthday: 2020-02-29 12:00 UTC\n" in text
    assert "Email1 email address: some@one.example\n" in text
    again = to_mapi(item)
    assert contact.items() <= again.properties.items()
    assert tags.PidTagBody not in again.properties
    assert from_mapi(again) == item
    wire = parse(render(item))
    assert (wire.message_class, wire.subject, wire.text) == ("IPM.Custom.Contact", "Some One", text)
    noted = from_mapi(MessageObject(contact | {tags.PidTagBody: "notes"}))
    assert mail_of(noted).text == "notes"


def test_reports_without_a_body_say_what_their_recipients_rows_do() -> None:
    report: Properties = {tags.PidTagMessageClass: "REPORT.IPM.Note.NDR", tags.PidTagOriginalSubject: "Hello"}
    row: Properties = {
        tags.PidTagDisplayName: "Some One",
        tags.PidTagEmailAddress: "some@one.example",
        tags.PidTagReportText: "No such\r\nmailbox.",
    }
    mail = read(report, recipients=[row, {tags.PidTagDisplayName: "Other"}])
    assert mail.text == "Hello\n\nSome One\nNo such\nmailbox.\n"
    assert from_mapi(to_mapi(mail)) == mail
    assert parse(render(mail)).message_class == "REPORT.IPM.Note.NDR"
    assert read(report | {tags.PidTagBody: "body"}, recipients=[row]).text == "body"
    assert read({tags.PidTagMessageClass: "REPORT.IPM.Note.DR"}).text is None
    assert read({tags.PidTagMessageClass: "IPM.Note"}, recipients=[row]).text is None


@pytest.mark.parametrize(
    ("message_class", "is_mail"),
    [
        ("IPM.Note", True),
        ("ipm.note.custom", True),
        ("REPORT.IPM.Note.NDR", True),
        ("IPM.Post", True),
        ("IPM", True),
        ("", True),
        ("IPM.NoteBook", False),
        ("IPM.Appointment", False),
        ("IPM.Schedule.Meeting.Request", False),
    ],
)
def test_which_classes_are_mail(message_class: str, is_mail: bool) -> None:
    item = from_mapi(MessageObject({tags.PidTagMessageClass: message_class}))
    assert isinstance(item, Mail) is is_mail


def test_a_flag_that_was_done_is_to_do_again() -> None:
    done = to_mapi(Mail(subject="x"))
    done.properties[tags.PidTagFlagStatus] = 1
    done.properties[tags.PidTagFlagCompleteTime] = FileTime.from_datetime(NOON)
    done.properties[named.PidLidTaskDateCompleted] = FileTime.from_datetime(NOON)
    done.properties[named.PidLidPercentComplete] = 1.0
    mail = mail_of(from_mapi(done))
    assert not mail.flags.flagged
    kept = to_mapi(mail)
    assert kept.properties[tags.PidTagFlagStatus] == 1
    assert kept.properties[tags.PidTagFlagCompleteTime] == FileTime.from_datetime(NOON)
    again = to_mapi(replace(mail, flags=Flags(flagged=True)))
    assert again.properties[tags.PidTagFlagStatus] == 2
    assert tags.PidTagFlagCompleteTime not in again.properties
    assert named.PidLidTaskDateCompleted not in again.properties
    assert again.properties[named.PidLidPercentComplete] == 0.0
