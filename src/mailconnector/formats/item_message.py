"""Items as messages on a server, and back (docs/formats/item-messages.md).

A message of ours has a field in its header, `X-MailConnector-Item`, with the type of its item and a digest of what its
parts say. As long as they say that, the item is the one in the TNEF stream, exactly. When somebody has changed a part,
the parts win for what they can express, and the rest stays as it was in the stream.

Only what an owner's program puts into a mailbox is an item: a message that came by mail has fields of the servers that
it passed, and is the mail that it shows, whatever a stranger has written into it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b

from mailconnector.formats import forms
from mailconnector.formats.errors import FormatError
from mailconnector.formats.item.forms import ItemForm, ServerMessage, content_of, form_of, leaves_of, with_source
from mailconnector.formats.item.leftover import (
    LeftoverFormatError,
    contents_of,
    is_leftover,
    leftover_entity,
    pack,
    stream_of,
    unpack,
)
from mailconnector.formats.item.mail_leftover import is_plain
from mailconnector.formats.item.merging import merged
from mailconnector.formats.item.note_message import fields_of, is_single, leftover_field, stream_of_field
from mailconnector.formats.item.parts import TYPES, body_of, entities_of, said_by, type_name
from mailconnector.formats.mail import fields, parameters, words
from mailconnector.formats.mail.entities import multipart
from mailconnector.formats.mail.mime import CLASS_NAME, CUSTOM_CLASS, as_sent, parse
from mailconnector.formats.mail.rendering import render
from mailconnector.formats.mail.structure import Budget, Part, scan
from mailconnector.formats.mail.tnef_parts import LEFTOVER_FIELD
from mailconnector.items import (
    Flags,
    FolderKind,
    GenericItem,
    Item,
    Mail,
    Note,
    mail_of,
    message_id_of,
    readable,
    with_mail,
)
from mailconnector.items.headers import first
from mailconnector.mapi.values import ValueFormatError
from mailconnector.mapping import from_mapi, is_mail, to_mapi

MARK = b"x-mailconnector-item"
"""Lower-case name of the field that marks a message of ours."""

_VERSION = "1"
# What servers write into a message that came by mail, and no program into one that it puts into a mailbox itself.
_TRACES = (b"received", b"return-path", b"delivered-to")


@dataclass(frozen=True, slots=True)
class ReadItem:
    """What was read of a message.

    Attributes:
        item: The item; a mail, byte for byte as it came, where it could not be read as what its folder is made for.
        problem: Why something of the message could not be read; None when all of it was.
    """

    item: Item
    problem: FormatError | None = None


# -- writing -----------------------------------------------------------------------------------------------------------


def render_item(item: Item, *, form: ItemForm = ItemForm.OWN) -> bytes:
    """Return the message of an item; the same item always gives the same bytes.

    Args:
        item: Any item. A mail is what `render` gives, unless it has what no mail can say (`mail_leftover`).
        form: In the form of the program that it came from, or in ours.

    Raises:
        FormatError: A MAPI property has a value that is not of its type.
    """
    if is_plain(item):
        return render(item)
    if form is ItemForm.AUTHOR:
        name = form_of(item)
        for one in forms.FORMS:
            if name == one.NAME and (written := one.write(item)) is not None:
                return written
    return _own(item)


def _own(item: Item) -> bytes:
    """Return the message of an item in our form.

    Its parts say what comes out of its stream again, and so what is read of it is written as it was: an item of another
    program may have a date in a zone of its own or RTF alone, where a store has moments and takes the text out of the
    RTF.
    """
    message = to_mapi(item)
    stored = from_mapi(message)
    if stored != item:
        message = to_mapi(stored)
    if is_plain(stored):
        return render(stored)
    mail = replace(readable(stored), message_id=message_id_of(stored))
    entities = entities_of(stored)
    said = multipart("mixed", entities)
    subject = fields.WRITERS[b"subject"](mail)
    root = scan(subject + said.whole(), Budget())
    try:
        stream = pack(message, contents_of(root) if message.attachments else ())
    except ValueFormatError as error:
        raise FormatError(f"a property of '{mail.subject}' has a value that is not of its type: {error}") from error
    header = [write(mail) for write in fields.WRITERS.values()]
    custom = mail.message_class if isinstance(stored, (Mail, GenericItem)) and mail.message_class != "IPM.Note" else ""
    if CLASS_NAME.fullmatch(custom):
        header.append(words.field("Content-Class", CUSTOM_CLASS + custom))
    if isinstance(stored, Note):
        header += fields_of(stored)
    if isinstance(stored, Note) and is_single(entities, stream):
        entity = entities[0]
        root = scan(subject + entity.whole(), Budget())
        header.append(leftover_field(stream))
    else:
        entity = multipart("mixed", [*entities, leftover_entity(stream)])
    values = [("type", type_name(stored)), ("digest", _digest(root))]
    header.append(parameters.field("X-MailConnector-Item", _VERSION, values))
    return b"".join([*header, b"MIME-Version: 1.0\r\n", entity.header, b"\r\n", entity.body])


def _digest(root: Part) -> str:
    """Return a digest of what the parts of a message say, the TNEF stream aside."""
    digest = blake2b(words.unstructured(root.fields.get(b"subject", b"")).strip().encode("utf-8"), digest_size=16)
    for leaf in leaves_of(root):
        if is_leftover(leaf) and leaf is not root:
            continue
        content = content_of(leaf)
        if leaf.kind.startswith("text/"):
            content = content.replace(b"\r\n", b"\n").rstrip(b"\n")
        name = leaf.parameters.get("name", "")
        digest.update(f"\0{leaf.kind}\0{name}\0{len(content)}\0".encode("utf-8", "replace"))
        digest.update(content)
    return digest.hexdigest()


# -- reading -----------------------------------------------------------------------------------------------------------


def parse_item(
    data: bytes, kind: FolderKind = FolderKind.MAIL, *, flags: Flags | None = None, received: datetime | None = None
) -> ReadItem:
    """Return the item in a message.

    Args:
        data: A whole message as a server or a file holds it.
        kind: What its folder is made for: by that a message of another program is read. One of ours is an item in
            every folder.
        flags: The marks on it; None for those that the message itself holds.
        received: When it reached the mailbox, of mail.

    Raises:
        MimeFormatError: There is nothing but blanks.
    """
    data = as_sent(data)
    mail = parse(data, flags=flags or Flags(), received=received)
    mark = _mark(mail)
    if mark is not None:
        return _ours(data, mail, *mark, flags)
    if kind is FolderKind.MAIL:
        return ReadItem(mail)
    message = ServerMessage(mail, scan(data, Budget()), kind)
    for form in forms.FORMS:
        if form.matches(message):
            try:
                item = form.read(message)
            except FormatError as error:
                return ReadItem(mail, error)
            return ReadItem(_with_marks(_with_form(item, form.NAME), flags, ()))
    return ReadItem(mail)


def _with_form(item: Item, name: str) -> Item:
    """Return an item that remembers in which form it came, if its form has not seen to that itself."""
    return item if form_of(item) or isinstance(item, Mail) else with_source(item, name)


def _mark(mail: Mail) -> tuple[type, str] | None:
    """Return (type of the item, digest of what the parts said) of a message of ours; None for any other."""
    if MARK not in mail.headers.lower():
        return None
    raw = first(mail.headers, MARK)
    if raw is None or any(first(mail.headers, name) is not None for name in _TRACES):
        return None
    version, values = parameters.parse(raw)
    kind = TYPES.get(values.get("type", ""))
    return (kind, values.get("digest", "")) if version == _VERSION and kind is not None else None


def _ours(data: bytes, mail: Mail, kind: type, digest: str, flags: Flags | None) -> ReadItem:
    root = scan(data, Budget())
    problem: FormatError | None = None
    stored: Item | None = None
    try:
        stored = _stored(root)
    except LeftoverFormatError as error:
        problem = error
    if stored is None:
        return _without_leftover(mail, kind, flags, problem)
    if digest == _digest(root):
        return ReadItem(_with_marks(stored, flags, mail_of(stored).flags.keywords))
    if isinstance(stored, GenericItem) and is_mail(mail.message_class):
        # Who drops the field that says the class has not made another item of it.
        mail = replace(mail, message_class=stored.mail.message_class)
    try:
        item = merged(stored, mail, parse(_own(stored), flags=mail.flags))
    except FormatError as error:
        return ReadItem(_with_marks(stored, flags, mail_of(stored).flags.keywords), error)
    return ReadItem(_with_marks(item, flags, mail_of(stored).flags.keywords))


def _stored(root: Part) -> Item | None:
    """Return the item in the TNEF stream of a message; None when there is none."""
    if not root.parts and root.kind == "text/plain" and LEFTOVER_FIELD in root.fields:
        return from_mapi(unpack(stream_of_field(root.fields[LEFTOVER_FIELD]), {}))
    part = next((leaf for leaf in reversed(leaves_of(root)) if is_leftover(leaf)), None)
    if part is None:
        return None
    return from_mapi(unpack(stream_of(part), contents_of(root)))


def _without_leftover(mail: Mail, kind: type, flags: Flags | None, problem: FormatError | None) -> ReadItem:
    """Return what the parts of a message alone say."""
    if kind is Mail:
        # It says so already, and keeps the mark that tells it from a calendar's or a card's item in a folder of those.
        return ReadItem(mail, problem)
    try:
        said = said_by(kind, mail)
    except FormatError as error:
        return ReadItem(mail, problem or error)
    found = mail_of(said.item)
    if isinstance(said.item, GenericItem) and is_mail(found.message_class):
        # Without its class it is what it looks like.
        return ReadItem(mail, problem)
    text = body_of(mail.text) if found.text is None and found.html is None else found.text
    found = replace(found, text=text, attachments=(*found.attachments, *said.attachments))
    return ReadItem(_with_marks(with_mail(said.item, found), flags, ()), problem)


def _with_marks(item: Item, flags: Flags | None, before: Collection[str]) -> Item:
    """Return an item with the marks that its message has.

    Args:
        item: The item.
        flags: The marks; None for those that it has.
        before: Categories that the message held before somebody changed it: what came since is added to the marks,
            what went since is taken off.
    """
    if flags is None:
        return item
    mail = mail_of(item)
    mine = mail.flags.keywords
    kept = [one for one in flags.keywords if one in mine or one not in before]
    added = [one for one in mine if one not in before and one not in kept]
    return with_mail(item, replace(mail, flags=replace(flags, keywords=(*kept, *added))))
