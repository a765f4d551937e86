"""Kolab's format of version 2: objects in an XML of its own, with the fields that Outlook's forms have."""

from __future__ import annotations

from dataclasses import replace

from mailconnector.formats.item.forms import ServerMessage, source_of, with_source
from mailconnector.formats.item.note_message import title_of
from mailconnector.formats.kolab import calendar
from mailconnector.formats.kolab import v2_calendar as kolab_v2_calendar
from mailconnector.formats.kolab import v2_contact as kolab_v2_contact
from mailconnector.formats.kolab.message import (
    KINDS,
    TYPE,
    TYPES,
    kind_of,
    message_file,
    read_object,
    write_message,
)
from mailconnector.formats.kolab.note import color_of, joined, parted, written_color
from mailconnector.formats.syntax.xml_changes import merged
from mailconnector.formats.syntax.xml_tree import Element, XmlFormatError, parse_xml, render_xml
from mailconnector.items import (
    Appointment,
    Attachment,
    Contact,
    DistributionList,
    Item,
    JournalEntry,
    Note,
    Placement,
    Task,
    mail_of,
    message_id_of,
    with_mail,
)
from mailconnector.items.contact import PHOTO_NAME, is_photo

NAME = "kolab-2"

_VERSION = "2.0"
_PRODUCT = "Mail Connector"
_CONTENT_TYPES = frozenset({TYPE + kind for kind in KINDS})
_INLINE, _LINK = "inline-attachment", "link-attachment"


def matches(message: ServerMessage) -> bool:
    """Tell whether a message is in this form: one of Kolab's that says no other version."""
    return bool(kind_of(message))


def read(message: ServerMessage) -> Item:
    """Return the item of a message.

    Raises:
        FormatError: It has no object, or one that cannot be read.
    """
    found = read_object(message, _CONTENT_TYPES)
    item = item_of(found.root, found.kind)
    photo = kolab_v2_contact.photo_name(found.root) if isinstance(item, Contact) else ""
    files = [replace(one, placement=Placement.ATTACHED) for one in found.files]
    picture = next((one for one in files if photo and one.name == photo), None)
    if picture is not None and isinstance(item, Contact):
        files.remove(picture)
        item = item.with_photo(picture.content(), picture.content_type)
    links = [Attachment(reference=one.text.strip()) for one in found.root.all(_LINK) if one.text.strip()]
    mail = mail_of(item)
    if mail.message_id == "<>":
        mail = replace(mail, message_id=f"<{message.mail.subject.strip()}>")
    item = with_mail(item, replace(mail, attachments=(*mail.attachments, *files, *links)))
    return with_source(item, NAME, render_xml(found.root))


def write(item: Item) -> bytes | None:
    """Return the message of an item; None for one of a type that the form does not have."""
    kind = TYPES.get(type(item))
    if kind is None:
        return None
    files = [message_file(one) for one in mail_of(item).attachments if not one.reference]
    xml = render_xml(document(item, kind, source_of(item)))
    uid = message_id_of(item).strip("<>")
    return write_message(item, kind, _VERSION, TYPE + kind, xml, files, uid)


def document(item: Item, kind: str, source: bytes) -> Element:
    """Return an item as an object.

    Args:
        item: The item.
        kind: One of `KINDS`.
        source: The object from which it was read; empty for none. What it has and the item does not know is kept.
    """
    uid = message_id_of(item).strip("<>")
    now = _document(item, uid)
    if not source:
        return now
    original = parse_xml(source)
    before = item_of(original, kind)
    names = {one.text for one in original.all(_INLINE)}
    links = [Attachment(reference=one.text.strip()) for one in original.all(_LINK) if one.text.strip()]
    files = [Attachment(name) for name in names]
    before = with_mail(before, replace(mail_of(before), attachments=(*mail_of(before).attachments, *files, *links)))
    made = _document(before, original.said("uid"))
    return merged(now, made, original, _key)


def item_of(root: Element, kind: str) -> Item:
    """Return the item of an object, without its files.

    Args:
        root: The document.
        kind: One of `KINDS`.

    Raises:
        FormatError: It is none.
    """
    if kind in calendar.KINDS:
        return kolab_v2_calendar.read(root, kind)
    if kind == "note":
        return _note(root)
    return kolab_v2_contact.read(root, kind)


def _note(root: Element) -> Note:
    if root.name != "note":
        raise XmlFormatError("no note in it")
    mail = kolab_v2_contact.read_mail(root, "IPM.StickyNote")
    title = root.first("summary")
    text = joined("" if title is None else title.text, mail.text or "")
    return Note(replace(mail, subject=title_of(text), text=text), color_of(root.said("background-color")))


def _document(item: Item, uid: str) -> Element:
    if isinstance(item, Note):
        root = Element("note", attributes={"version": "1.0"})
        root.add("uid", uid)
        title, text = parted(item.mail.text or "")
        kolab_v2_contact.put_mail(root, replace(item.mail, text=text))
        root.add_text("summary", title)
        root.add("background-color", written_color(item.color))
    elif isinstance(item, (Contact, DistributionList)):
        photo = item.photo if isinstance(item, Contact) else None
        root = kolab_v2_contact.document(item, uid, PHOTO_NAME if photo is not None else "")
    else:
        assert isinstance(item, (Appointment, Task, JournalEntry))
        root = kolab_v2_calendar.document(item, uid)
    for one in mail_of(item).attachments:
        if one.reference:
            root.add(_LINK, one.reference)
        elif not is_photo(one):
            root.add(_INLINE, message_file(one).name)
    root.add("product-id", _PRODUCT)
    return root


def _key(element: Element) -> str:
    for name in ("type", "smtp-address", "display-name"):
        said = element.said(name)
        if said:
            return said.casefold()
    return element.text.strip()
