"""Notes of Apple's programs: mail with HTML or plain text, known by `X-Uniform-Type-Identifier: com.apple.mail-note`.

What an item of one keeps (`FORM_SOURCE`) is the header block, an empty line, and the HTML, so that a note that was
changed elsewhere than in its text looks on the phone as it did.
"""

from __future__ import annotations

import html
import re
from dataclasses import replace

from mailconnector.formats.item.forms import ServerMessage, source_of, with_source
from mailconnector.formats.item.note_message import APPLE_KIND, fields_of, title_of
from mailconnector.formats.mail import dates, fields, words
from mailconnector.formats.mail.entities import multipart
from mailconnector.formats.mail.mime import CONTENT_FIELDS
from mailconnector.formats.mail.rendering import parts_of
from mailconnector.formats.syntax.html_text import text_of_html
from mailconnector.items import Attachment, Item, Mail, Note, Placement, message_id_of
from mailconnector.items.headers import fields as header_fields
from mailconnector.mapi import reading, tags

NAME = "apple-note"

_KIND, _IDENTITY, _CREATED = "X-Uniform-Type-Identifier", "X-Universally-Unique-Identifier", "X-Mail-Created-Date"
_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
_NOT_KEPT = CONTENT_FIELDS | {b"mime-version", b"content-length", b"lines", b"subject", b"date", b"message-id"}
# HTML of which the text is known exactly.
_SIMPLE = re.compile(r"[^<\r\n]*(?:<div>(?:<br>|[^<\r\n]+)</div>)*")
_CID = re.compile(r"cid:([^\"'\s>]{1,300})", re.IGNORECASE)


def matches(message: ServerMessage) -> bool:
    """Tell whether a message is a note of Apple's."""
    return message.header(_KIND).strip().lower() == APPLE_KIND


def read(message: ServerMessage) -> Item:
    """Return the note of a message; it is known by the identity that all its versions have."""
    mail = message.mail
    body = mail.html
    text = text_of(body) if body is not None else (mail.text or "")
    identity = message.header(_IDENTITY).strip()
    kept = [whole for whole, name, _ in header_fields(mail.headers) if name.lower() not in _NOT_KEPT]
    source = b"".join([*kept, b"\r\n", b"" if body is None else body.encode("utf-8", "replace")])
    found = Mail(
        "IPM.StickyNote",
        subject=title_of(text) or mail.subject,
        author=mail.author,
        date=dates.parse(message.header(_CREATED)) or mail.date,
        received=mail.received,
        message_id=f"<{identity}>" if _ID.fullmatch(identity) else mail.message_id,
        text=text,
        attachments=tuple([replace(one, placement=Placement.ATTACHED) for one in mail.attachments]),
        flags=mail.flags,
    )
    return with_source(Note(found), NAME, source)


def write(item: Item) -> bytes | None:
    """Return the message of a note; None for what is none."""
    if not isinstance(item, Note):
        return None
    source = source_of(item)
    header, _, body = source.partition(b"\r\n\r\n") if source else (b"", b"", b"")
    mail = item.mail
    text = mail.text or ""
    came = body.decode("utf-8", "replace")
    if came and text_of(came) == text:
        made = replace(mail, text=None, html=came)
    elif came or not source:
        made = replace(mail, text=None, html=html_of(text))
    else:
        made = replace(mail, html=None)
    named = set(_CID.findall(made.html or ""))
    made = replace(made, rtf=None, attachments=tuple([_placed(one, named) for one in mail.attachments]))
    entities = parts_of(made)
    entity = entities[0] if len(entities) == 1 else multipart("mixed", entities)
    return b"".join([*_header(item, header + b"\r\n"), entity.header, b"\r\n", entity.body])


def html_of(text: str) -> str:
    """Return a text as Apple's programs write one: each line after the first in an element of its own."""
    first, *rest = [html.escape(line, quote=False) for line in text.split("\n")]
    return first + "".join([f"<div>{line or '<br>'}</div>" for line in rest])


def text_of(body: str) -> str:
    """Return the text of a note's HTML; of what `html_of` gives exactly the text that it was given."""
    body = body.strip("\r\n")
    if not _SIMPLE.fullmatch(body):
        return text_of_html(body)
    first, *rest = body.replace("</div>", "").split("<div>")
    return html.unescape("\n".join([first, *("" if line == "<br>" else line for line in rest)]))


def _placed(attachment: Attachment, named: set[str]) -> Attachment:
    is_shown = attachment.content_id in named
    return replace(attachment, placement=Placement.RELATED if is_shown else Placement.ATTACHED)


def _header(note: Note, kept: bytes) -> list[bytes]:
    mail = note.mail
    changed = reading.moment(mail.leftover, tags.PidTagLastModificationTime) or mail.date
    written = Mail(subject=title_of(mail.text) or mail.subject, date=changed, message_id=message_id_of(note))
    made = [fields.WRITERS[name](written) for name in (b"subject", b"date", b"message-id")]
    present = header_fields(kept)
    names = {name.lower() for _, name, _ in present}
    made += [whole for whole, _, _ in present]
    if _KIND.lower().encode() not in names:
        made += list(fields_of(note))
    elif mail.date is not None and _CREATED.lower().encode() not in names:
        made.append(words.field(_CREATED, dates.text_of(mail.date)))
    return [*made, b"MIME-Version: 1.0\r\n"]
