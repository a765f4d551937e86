"""Messages of Kolab: a text that says what they are, the object in XML, the files that it names by their content ids.

Versions 2 and 3 have the same envelope. `X-Kolab-Type` says of which kind the object is, the subject is its UID.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from hashlib import blake2b

from mailconnector.formats.errors import FormatError
from mailconnector.formats.item.forms import ServerMessage
from mailconnector.formats.mail import fields, words
from mailconnector.formats.mail.entities import attachment_entity, multipart, text_entity
from mailconnector.formats.mail.rendering import render
from mailconnector.formats.syntax import transfer
from mailconnector.formats.syntax.xml_tree import Element, parse_xml
from mailconnector.items import (
    Appointment,
    Attachment,
    Contact,
    DistributionList,
    Item,
    JournalEntry,
    Mail,
    Note,
    Placement,
    Task,
    mail_of,
    message_id_of,
    with_mail,
)
from mailconnector.items.contact import is_photo
from mailconnector.items.message_ids import MADE_DOMAIN

TYPE = "application/x-vnd.kolab."
"""Before the name of a kind in `X-Kolab-Type`, and in content types of version 2."""

FILE = "kolab.xml"
"""Name of the part with the object."""

TYPES: dict[type, str] = {
    Appointment: "event",
    Task: "task",
    JournalEntry: "journal",
    Contact: "contact",
    DistributionList: "distribution-list",
    Note: "note",
}
"""Kolab's names of the types of items."""

KINDS = frozenset(TYPES.values())
"""Kinds of objects that are items; others are settings of Kolab's programs."""

_TEXT = (
    "This message holds a groupware object ({kind}) in the format of Kolab, version {version}. Programs that know the"
    " format show it in its folder; it is best left alone by others.\n"
)
_CID = re.compile(r"cid:(.*)", re.IGNORECASE | re.DOTALL)


class KolabFormatError(FormatError):
    """A message says that it holds an object of Kolab, and does not."""


@dataclass(frozen=True, slots=True)
class KolabObject:
    """An object as it lies in its message.

    Attributes:
        kind: One of `KINDS`.
        root: The document; files that were written within it are among the others.
        files: The other parts of the message.
    """

    kind: str
    root: Element
    files: tuple[Attachment, ...] = ()

    def with_files(self, item: Item) -> Item:
        """Return an item that was read of the document with the files of the message, those that it names first."""
        left = {one.content_id: one for one in self.files if one.content_id}
        named: set[str] = set()
        mail = _resolved(mail_of(item), left, named)
        others = [one for one in self.files if one.content_id not in named or not one.content_id]
        if isinstance(item, Appointment):
            changed = [
                one
                if one.item is None
                else replace(one, item=replace(one.item, mail=_resolved(one.item.mail, left, named)))
                for one in item.changed
            ]
            others = [one for one in others if one.content_id not in named or not one.content_id]
            item = replace(item, changed=tuple(changed))
        return with_mail(item, replace(mail, attachments=(*mail.attachments, *others)))


def _resolved(mail: Mail, files: dict[str, Attachment], named: set[str]) -> Mail:
    found = []
    for one in mail.attachments:
        match = _CID.fullmatch(one.reference)
        file = files.get(match[1].strip()) if match else None
        if file is not None:
            named.add(file.content_id)
            name, kind = one.name or file.name, one.content_type or file.content_type
            one = replace(file, name=name, content_type=kind, placement=Placement.ATTACHED)
        found.append(one)
    return replace(mail, attachments=tuple(found))


def kind_of(message: ServerMessage) -> str:
    """Return of which kind the object of a message is; "" when it has none that is an item."""
    said = message.header("X-Kolab-Type").strip().lower()
    kind = said.removeprefix(TYPE)
    return kind if said.startswith(TYPE) and kind in KINDS else ""


def read_object(message: ServerMessage, content_types: frozenset[str]) -> KolabObject:
    """Return the object of a message.

    Args:
        message: The message.
        content_types: Which of its parts may be the object.

    Raises:
        KolabFormatError: It has none.
    """
    parts = message.mail.attachments
    found = next((one for one in parts if one.content_type in content_types), None)
    if found is None or found.item is not None:
        raise KolabFormatError("a Kolab message has lost its object", hint="It is kept as it is.")
    root = parse_xml(found.content())
    files = [one for one in parts if one is not found]
    for element in root.within():
        content = element.first("binary") if element.name in ("attach", "attachment") else None
        if content is not None:
            files.append(_taken_out(element, content))
    return KolabObject(kind_of(message), root, tuple(files))


def _taken_out(element: Element, content: Element) -> Attachment:
    """Return a file that is written within an object, which is to name it from now on."""
    given = element.first("parameters") or Element("")
    given.parts = [part for part in given.parts if part.name != "encoding"]
    # Of a calendar the parameters have types, of a note they have not.
    name, kind = (
        next((value.text for part in given.all(wanted) for value in part.within() if value.text), "")
        for wanted in ("x-label", "fmttype")
    )
    data = transfer.decode_base64(content.text.encode("ascii", "ignore"))
    content_id = _made_id(name, data)
    element.parts = [part for part in element.parts if part is not content]
    element.add("uri", f"cid:{content_id}")
    return Attachment(name.strip(), kind.strip().lower() or "application/octet-stream", data, content_id=content_id)


def _made_id(name: str, content: bytes) -> str:
    """Return a content id for a file that has none: the same for the same file."""
    digest = blake2b(content, digest_size=12, key=name.strip().encode("utf-8", "replace")[:64])
    return f"{digest.hexdigest()}@{MADE_DOMAIN}"


def with_references(item: Item) -> tuple[Item, list[Attachment]]:
    """Return an item whose files are references to content ids, and the files with these ids, each of them once."""
    files: dict[str, Attachment] = {}
    mail = _with_references(mail_of(item), files, keeps_photo=isinstance(item, Contact))
    if isinstance(item, Appointment):
        changed = [
            one
            if one.item is None
            else replace(one, item=replace(one.item, mail=_with_references(one.item.mail, files)))
            for one in item.changed
        ]
        item = replace(item, changed=tuple(changed))
    return with_mail(item, mail), list(files.values())


def _with_references(mail: Mail, files: dict[str, Attachment], *, keeps_photo: bool = False) -> Mail:
    found = []
    for one in mail.attachments:
        if one.reference or (keeps_photo and is_photo(one)):
            found.append(one)
            continue
        one = message_file(one)
        content = one.content()
        content_id = one.content_id
        if not content_id or (content_id in files and files[content_id].content() != content):
            content_id = _made_id(one.name, content)
        files[content_id] = replace(one, content_id=content_id, placement=Placement.ATTACHED)
        found.append(Attachment(one.name, one.content_type, reference=f"cid:{content_id}"))
    return replace(mail, attachments=tuple(found))


def message_file(attachment: Attachment) -> Attachment:
    """Return an attachment as a file: an item as a message."""
    if attachment.item is None:
        return attachment
    name = attachment.name or f"{mail_of(attachment.item).subject or 'item'}.eml"
    return replace(attachment, name=name, content_type="message/rfc822", data=render(attachment.item), item=None)


def write_message(
    item: Item, kind: str, version: str, content_type: str, xml: bytes, files: list[Attachment], uid: str
) -> bytes:
    """Return the message of an object.

    Args:
        item: The item; its author and its date stand in the header.
        kind: One of `KINDS`.
        version: "2.0" or "3.0".
        content_type: That of the document.
        xml: The document.
        files: Parts that it names by their content ids.
        uid: The object's.
    """
    mail = mail_of(item)
    head = Mail(subject=uid, author=mail.author, date=mail.date, message_id=message_id_of(item))
    header = [write(head) for write in fields.WRITERS.values()]
    header.append(words.field("X-Kolab-Type", TYPE + kind))
    if version != "2.0":
        header.append(words.field("X-Kolab-Mime-Version", version))
    entities = [text_entity(_TEXT.format(kind=kind, version=version), "plain", "us-ascii")]
    entities += [attachment_entity(one) for one in (Attachment(FILE, content_type, xml), *files)]
    whole = multipart("mixed", entities)
    return b"".join([*header, b"MIME-Version: 1.0\r\n", whole.header, b"\r\n", whole.body])
