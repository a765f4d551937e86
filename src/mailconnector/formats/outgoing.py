"""Items as they are sent to other people ([RFC 5322]; messages about meetings as [RFC 6047] has them).

What a mailbox of one's own holds, and others must not get, stays out: blind copies, leftover properties, traces of an
earlier way through servers.
"""

from __future__ import annotations

from dataclasses import replace

from mailconnector.formats import calendar
from mailconnector.formats.item.parts import item_text, standard_of
from mailconnector.formats.mail.rendering import render
from mailconnector.items import Appointment, Attachment, Item, Mail, Placement, readable
from mailconnector.items.headers import fields as header_fields
from mailconnector.mapi.rtf_html import to_html

# What servers and programs wrote about the one copy that they had.
_NOT_SENT = frozenset(
    {
        b"bcc",
        b"delivered-to",
        b"resent-bcc",
        b"return-path",
        b"x-envelope-to",
        b"x-mailconnector-item",
        b"x-mozilla-keys",
        b"x-mozilla-status",
        b"x-mozilla-status2",
        b"x-original-to",
        b"x-unsent",
    }
)


def render_outgoing(item: Item) -> bytes:
    """Return the message of an item for the people whom it is sent to.

    A message about a meeting has its calendar as one more form of its text, with METHOD, which every calendar program
    takes. What only Outlook's properties say of an item is not sent.

    Args:
        item: Any item; its recipients are those of `as_sent`.

    Raises:
        FormatError: The item cannot be written.
    """
    mail = as_sent(item)
    dropped = _NOT_SENT if mail.sender is not None else _NOT_SENT | {b"sender"}
    data = render(mail, bcc=False)
    header, separator, body = data.partition(b"\r\n\r\n")
    kept = [whole for whole, name, _ in header_fields(header + b"\r\n") if name.lower() not in dropped]
    return b"".join(kept) + separator[2:] + body


def as_sent(item: Item) -> Mail:
    """Return an item as the mail that is sent of it, with all its recipients."""
    if isinstance(item, Appointment):
        method = calendar.method_of(item)
        return _meeting_message(item, method) if method and not item.mail.layout else _with_html(readable(item))
    return _with_html(readable(item))


def _with_html(mail: Mail) -> Mail:
    """Return a mail with its RTF as HTML: hardly any reader of mail knows RTF."""
    if mail.rtf is None or mail.layout or mail.original:
        return mail
    html = mail.html if mail.html is not None else to_html(mail.rtf) or None
    return mail if html is None and mail.text is None else replace(mail, rtf=None, html=html)


def _meeting_message(item: Appointment, method: str) -> Mail:
    # Who answers sends to the organizer, and keeps his own reminder; who invites does not send to himself.
    is_answer = method in ("REPLY", "COUNTER")
    invited = item if is_answer else _without_organizer(item)
    mail = _with_html(invited.as_mail())
    part = Attachment(
        content_type="text/calendar",
        data=standard_of(replace(item, reminder=None) if is_answer else item),
        placement=Placement.ALTERNATIVE,
        parameters=(("charset", "utf-8"), ("method", method)),
    )
    text = mail.text
    if text is None and mail.html is None:
        text = item_text(item)
    return replace(mail, message_class="IPM.Note", text=text, attachments=(*mail.attachments, part))


def _without_organizer(item: Appointment) -> Appointment:
    return replace(item, attendees=tuple([one for one in item.attendees if not one.is_organizer]))
