"""A mail as Outlook itself would store it, and back ([MS-OXCMSG], [MS-OXOMSG], [MS-OXCMAIL])."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from mailconnector.items import Address, Item, Mail
from mailconnector.items.headers import fields as header_fields
from mailconnector.mapi import reading, tags
from mailconnector.mapi.bodies import read_bodies
from mailconnector.mapi.named import PropertyName
from mailconnector.mapi.objects import OF_THE_PLACE, MessageObject, Properties, find, get
from mailconnector.mapping import addresses, attachments, bodies, marks, own, protected, reports, threads
from mailconnector.mapping.addresses import PersonTags
from mailconnector.mapping.attachments import file_time_of
from mailconnector.mapping.leftovers import beyond, combined, identity

_DEFAULT_CLASS = "IPM.Note"


# What old versions of Outlook write before the header that they keep.
_OWN_LINE = b"Microsoft Mail Internet Headers Version"
_SENDER_IDS = frozenset(tag >> 16 for tag in addresses.SENDER.all())
# What the fields of a mail say, and what only describes where a message lies.
_NOT_LEFT_OVER: frozenset[int | PropertyName] = frozenset(
    {
        *threads.OWNED,
        *bodies.OWNED,
        *(identity(key) for key in marks.OWNED | marks.NOT_PLAIN),
        *(tag >> 16 for tag in (*addresses.AUTHOR.all(), *addresses.SENDER.all())),
        own.HEADER_BYTES.name,
        own.MIME_ORIGINAL.name,
        own.MIME_ORIGINAL_CHECK.name,
        own.MIME_LAYOUT.name,
        *(
            tag >> 16
            for tag in (
                tags.PidTagMessageClass,
                tags.PidTagSubject,
                tags.PidTagSubjectPrefix,
                tags.PidTagNormalizedSubject,
                tags.PidTagClientSubmitTime,
                tags.PidTagMessageDeliveryTime,
                tags.PidTagTransportMessageHeaders,
                tags.PidTagReplyRecipientEntries,
                tags.PidTagReplyRecipientNames,
                tags.PidTagRtfCompressed,
                tags.PidTagRtfSyncBodyCrc,
                tags.PidTagRtfSyncBodyCount,
                tags.PidTagRtfSyncBodyTag,
                tags.PidTagRtfSyncPrefixCount,
                tags.PidTagRtfSyncTrailingCount,
                tags.PidTagDisplayTo,
                tags.PidTagDisplayCc,
                tags.PidTagDisplayBcc,
                tags.PidTagMessageSize,
                tags.PidTagMessageRecipients,
                tags.PidTagMessageAttachments,
                tags.PidTagHasAttachments,
                tags.PidTagRead,
                *OF_THE_PLACE,
            )
        ),
    }
)


def to_object(
    mail: Mail, embed: Callable[[Item], MessageObject], own_addresses: frozenset[str] = frozenset()
) -> MessageObject:
    """Return a mail as a MAPI message.

    Args:
        mail: The mail.
        embed: Makes the messages of attached items.
        own_addresses: Lower-case addresses of the mailbox's owner: mail by them is marked as one's own.
    """
    from_me = mail.author is not None and mail.author.email.lower() in own_addresses
    signed = protected.is_signed(mail)
    properties: Properties = {
        tags.PidTagMessageClass: mail.message_class,
        tags.PidTagSubject: mail.subject.replace("\0", ""),
    }
    properties |= _times(mail)
    properties |= _people(mail)
    properties |= _headers(mail.headers)
    properties |= threads.thread_properties(mail)
    properties |= bodies.body_properties(mail)
    properties |= protected.original_properties(mail)
    if mail.layout:
        properties[own.MIME_LAYOUT] = mail.layout
    properties |= marks.mark_properties(mail, has_attachments=signed or bool(mail.attachments), from_me=from_me)
    if mail.leftover:
        properties = _with_header_text(marks.with_leftover(properties, mail), mail)
    message = MessageObject(properties)
    message.recipients = addresses.recipient_objects(
        ((addresses.TO, mail.to), (addresses.CC, mail.cc), (addresses.BCC, mail.bcc))
    )
    if signed:
        message.attachments = [protected.signed_attachment(mail)]
    else:
        message.attachments = [
            attachments.to_object(attachment, number, embed)
            for number, attachment in enumerate(mail.attachments, start=1)
        ]
    return message


def _times(mail: Mail) -> Properties:
    properties: Properties = {}
    for tag, moment in (
        (tags.PidTagClientSubmitTime, mail.date),
        (tags.PidTagMessageDeliveryTime, mail.received or mail.date),
    ):
        if moment is not None and (stored := file_time_of(moment)) is not None:
            properties[tag] = stored
    return properties


def _people(mail: Mail) -> Properties:
    properties: Properties = {}
    if mail.author is not None:
        properties |= addresses.written_person(mail.author, addresses.AUTHOR)
        properties |= _implied_sender(mail.author)
    if mail.sender is not None:
        properties |= addresses.written_person(mail.sender, addresses.SENDER)
    properties |= addresses.reply_properties(mail.reply_to)
    for tag, people in (
        (tags.PidTagDisplayTo, mail.to),
        (tags.PidTagDisplayCc, mail.cc),
        (tags.PidTagDisplayBcc, mail.bcc),
    ):
        if people:
            properties[tag] = addresses.display_list(people)
    return properties


def _moved(leftover: Properties, source: PersonTags, target: PersonTags) -> Properties:
    """Return what is left over of a person in one place as that of a person in another."""
    ids = {old >> 16: new >> 16 for old, new in zip(source.all(), target.all(), strict=True)}
    return {
        (ids.get(key >> 16, key >> 16) << 16 | key & 0xFFFF) if isinstance(key, int) else key: value
        for key, value in leftover.items()
    }


def _headers(block: bytes) -> Properties:
    if not block:
        return {}
    text = _header_text(block)
    properties: Properties = {tags.PidTagTransportMessageHeaders: text}
    if not block.isascii() or b"\0" in block or b"\n\r\n" in block or block.startswith((b"\r\n", _OWN_LINE)):
        properties[own.HEADER_BYTES] = block
    return properties


def _with_header_text(properties: Properties, mail: Mail) -> Properties:
    """Return properties without a left over text of the header that says another header than the mail's."""
    tag = tags.PidTagTransportMessageHeaders
    if tag in mail.leftover and _header_block(reading.text(mail.leftover, tag)) != mail.headers:
        del properties[tag]
        properties |= _headers(mail.headers)
    return properties


def _header_text(block: bytes) -> str:
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError:
        text = block.decode("cp1252", "replace")
    return text.replace("\0", "")


def from_object(message: MessageObject, extract: Callable[[MessageObject], Item]) -> Mail:
    """Return a MAPI message as a mail.

    Args:
        message: The message.
        extract: Reads embedded messages.
    """
    properties = message.properties
    recipients = addresses.read_recipients(message.recipients)
    people = [address for group in recipients.values() for address in group]
    headers = _read_headers(properties)
    read = read_bodies(properties)
    # Of mail that came by the wire nothing is made up that it did not have.
    is_made_here = not headers and own.MIME_LAYOUT not in properties
    date, received = _read_times(properties, is_made_here)
    author, sender, sender_leftover = _read_authors(properties, people)
    message_id = threads.read_message_id(properties, headers, is_made_here)
    parents = threads.read_parents(properties, headers)
    subject = _subject(properties)
    flags = marks.read_flags(properties)
    known = [*people, *([author] if author else []), *([sender] if sender else [])]
    # Mail that came with RTF alone has no text of its own.
    text = None if own.MIME_LAYOUT in properties and find(properties, tags.PidTagBody) is None else read.text
    mail = Mail(
        message_class=reading.text(properties, tags.PidTagMessageClass) or _DEFAULT_CLASS,
        subject=subject,
        author=author,
        sender=sender,
        to=recipients[addresses.TO],
        cc=recipients[addresses.CC],
        bcc=recipients[addresses.BCC],
        reply_to=addresses.read_reply(properties, known),
        date=date,
        received=received,
        message_id=message_id,
        in_reply_to=parents[0],
        references=parents[1],
        conversation_topic=threads.read_topic(properties, subject),
        conversation_index=threads.read_index(properties, message_id, parents, date),
        text=reports.report_text(message) if read.is_empty() else text,
        html=read.html,
        rtf=read.rtf,
        charset=read.charset,
        attachments=tuple(
            attachments.from_object(attachment, number, read.html, extract)
            for number, attachment in enumerate(message.attachments, start=1)
        ),
        importance=marks.read_importance(properties),
        sensitivity=marks.read_sensitivity(properties),
        read_receipt=reading.truth(properties, tags.PidTagReadReceiptRequested),
        delivery_receipt=reading.truth(properties, tags.PidTagOriginatorDeliveryReportRequested),
        flags=flags,
        headers=headers,
        layout=reading.data(properties, own.MIME_LAYOUT),
        leftover=sender_leftover
        | marks.leftover_marks(flags, subject, properties)
        | _read_leftover(properties, headers, rtf_is_read=read.rtf_is_read),
    )
    return protected.with_original(mail, message)


def _read_leftover(properties: Properties, headers: bytes, *, rtf_is_read: bool) -> Properties:
    """Return what no field says: other properties, a text of the header that says more, RTF that cannot be read."""
    leftover = {key: value for key, value in properties.items() if identity(key) not in _NOT_LEFT_OVER}
    header_text = get(properties, tags.PidTagTransportMessageHeaders)
    if header_text is not None and header_text != _headers(headers).get(tags.PidTagTransportMessageHeaders):
        leftover[tags.PidTagTransportMessageHeaders] = header_text
    if not rtf_is_read:
        leftover[tags.PidTagRtfCompressed] = properties[tags.PidTagRtfCompressed]
    return leftover


def _subject(properties: Properties) -> str:
    """Return the subject; a store may give the mark of a prefix's length with it ([MS-PST] 2.5.3.1.1)."""
    subject = reading.text(properties, tags.PidTagSubject)
    return subject[2:] if subject.startswith("\x01") else subject


def _read_times(properties: Properties, is_made_here: bool) -> tuple[datetime | None, datetime | None]:
    """Return (date, received) of a message.

    One that came without a date keeps none; for one that was made in a store, delivery or creation is the date.
    """
    submitted = reading.moment(properties, tags.PidTagClientSubmitTime)
    delivered = reading.moment(properties, tags.PidTagMessageDeliveryTime)
    if submitted is None and is_made_here:
        submitted = delivered or reading.moment(properties, tags.PidTagCreationTime)
    return submitted, None if delivered == submitted else delivered


def _read_authors(properties: Properties, people: list[Address]) -> tuple[Address | None, Address | None, Properties]:
    """Return (author, sender, what is left over of a sender who is the author, and so is None)."""
    author = addresses.read_person(properties, addresses.AUTHOR, people)
    sender = addresses.read_person(properties, addresses.SENDER, people)
    if author is None:
        return (
            sender and replace(sender, leftover=_moved(sender.leftover, addresses.SENDER, addresses.AUTHOR)),
            None,
            {},
        )
    if sender is None or (author.email.casefold(), author.name) != (sender.email.casefold(), sender.name):
        return author, sender, {}
    stored = {key: value for key, value in properties.items() if identity(key) in _SENDER_IDS}
    return author, None, beyond(stored, _implied_sender(author))


def _implied_sender(author: Address) -> Properties:
    """Return a sender's properties where the author is the sender."""
    leftover = _moved(author.leftover, addresses.AUTHOR, addresses.SENDER)
    return combined(addresses.person_properties(author, addresses.SENDER), leftover)


def _read_headers(properties: Properties) -> bytes:
    """Return the header block of a message as `Mail` has it."""
    text = reading.text(properties, tags.PidTagTransportMessageHeaders)
    kept = reading.data(properties, own.HEADER_BYTES)
    return kept if kept and _header_text(kept) == text else _header_block(text)


def _header_block(text: str) -> bytes:
    """Return the message's own header in what stores keep.

    Outlook keeps the headers of inner parts behind it, and old versions a line of their own before it.
    """
    block = text.encode("utf-8", "surrogatepass").replace(b"\r\n", b"\n").lstrip(b"\n")
    if block.startswith(_OWN_LINE):
        block = block.partition(b"\n")[2]
    block = block.partition(b"\n\n")[0].rstrip(b"\n")
    if not header_fields(block):
        return b""
    return block.replace(b"\n", b"\r\n") + b"\r\n"
