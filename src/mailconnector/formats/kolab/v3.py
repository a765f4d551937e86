"""Kolab's format of version 3: objects in xCal, xCard and an XML of its own, each in a message."""

from __future__ import annotations

from dataclasses import replace

from mailconnector.formats.item.forms import ServerMessage, source_of, with_source
from mailconnector.formats.item.parts import with_uid
from mailconnector.formats.kolab import calendar as kolab_calendar
from mailconnector.formats.kolab import card as kolab_card
from mailconnector.formats.kolab import note as kolab_note
from mailconnector.formats.kolab.message import TYPES, kind_of, read_object, with_references, write_message
from mailconnector.formats.syntax.xml_tree import render_xml
from mailconnector.items import (
    Appointment,
    Contact,
    DistributionList,
    Item,
    JournalEntry,
    Note,
    Task,
    mail_of,
    message_id_of,
    with_mail,
)

NAME = "kolab-3"

_VERSION = "3.0"
_CALENDAR, _CARD, _NOTE = "application/calendar+xml", "application/vcard+xml", "application/vnd.kolab+xml"
_CONTENT_TYPES = frozenset({_CALENDAR, _CARD, _NOTE})


def matches(message: ServerMessage) -> bool:
    """Tell whether a message is in this form."""
    if not kind_of(message):
        return False
    version = message.header("X-Kolab-Mime-Version").strip() or message.header("X-Kolab-Version").strip()
    return version.startswith("3") or any(one.content_type in _CONTENT_TYPES for one in message.mail.attachments)


def read(message: ServerMessage) -> Item:
    """Return the item of a message.

    Raises:
        FormatError: It has no object, or one that cannot be read.
    """
    found = read_object(message, _CONTENT_TYPES)
    source = b""
    subject = f"<{message.mail.subject.strip()}>"
    item: Item
    if found.kind in kolab_card.KINDS:
        source = kolab_card.kept(found.root)
        item = kolab_card.read(found.root, found.kind)
    elif found.kind == "note":
        source = render_xml(found.root)
        item = kolab_note.read(found.root)
    else:
        item = with_uid(kolab_calendar.read(found.root, found.kind), subject)
    mail = mail_of(item)
    item = with_mail(item, replace(mail, message_id=mail.message_id or subject))
    item = with_source(item, NAME, source)
    return found.with_files(item)


def write(item: Item) -> bytes | None:
    """Return the message of an item; None for one of a type that the form does not have."""
    told = mail_of(item)
    bare, files = with_references(with_mail(item, replace(told, message_id=message_id_of(item))))
    uid = message_id_of(item).strip("<>")
    if isinstance(bare, (Contact, DistributionList)):
        xml, content_type = kolab_card.write(bare, source_of(item)), _CARD
    elif isinstance(bare, Note):
        xml, content_type = kolab_note.write(bare, source_of(item)), _NOTE
    elif isinstance(bare, (Appointment, Task, JournalEntry)):
        xml, content_type = kolab_calendar.write(bare), _CALENDAR
    else:
        return None
    return write_message(item, TYPES[type(item)], _VERSION, content_type, xml, files, uid)
