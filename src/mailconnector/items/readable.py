"""Any item as a mail that people can read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import Enum

from mailconnector.items.appointment import Appointment
from mailconnector.items.appointment_text import appointment_lines, recurrence_text
from mailconnector.items.contact import PostalAddress
from mailconnector.items.distribution_list import Member
from mailconnector.items.item import Item, mail_of
from mailconnector.items.mail import Attachment, GenericItem, Mail
from mailconnector.items.recurrence import Recurrence

_LONGEST_LINE = 400
# What says to the program, not to people, how an item is.
_NOT_SHOWN = frozenset({"mail", "file_as_id", "certificates", "entry_id", "slot", "item_hash", "item_xml"})


def readable(item: Item) -> Mail:
    """Return an item as a mail: without a body of its own it says its fields, a line each."""
    mail = _appointment_mail(item) if isinstance(item, Appointment) else mail_of(item)
    if isinstance(item, (Mail, GenericItem)) or not (mail.text is None and mail.html is None and mail.rtf is None):
        return mail
    return replace(mail, text=summary(item))


def _appointment_mail(item: Appointment) -> Mail:
    """Return the mail of an appointment with its attendees, and its changed instances as attached messages."""
    mail = item.as_mail()
    instances = [Attachment(content_type="message/rfc822", item=one.item) for one in item.changed if one.item]
    return replace(mail, attachments=(*mail.attachments, *instances))


def summary(item: Item) -> str:
    """Return the fields of an item that are set, a line each, in the order in which forms have them."""
    lines = map(_flat, appointment_lines(item)) if isinstance(item, Appointment) else _lines(item)
    return "".join([f"{line[:_LONGEST_LINE]}\n" for line in lines])


def _lines(value: object, within: str = "") -> Iterator[str]:
    for field in fields(value) if is_dataclass(value) and not isinstance(value, type) else ():
        if field.name in _NOT_SHOWN:
            continue
        label = f"{within} {field.name.replace('_', ' ')}".strip()
        part = getattr(value, field.name)
        if part == field.default:
            continue
        if isinstance(part, dict):
            yield from (f"{_capital(f'{key.value} phone')}: {_flat(number)}" for key, number in part.items())
        elif isinstance(part, PostalAddress):
            yield f"{_capital(label)} address: {_flat(part.label())}"
        elif is_dataclass(part) and not isinstance(part, Recurrence):
            yield from _lines(part, label)
        elif shown := _shown(part):
            yield f"{_capital(label)}: {shown}"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "; ".join(filter(None, map(_shown, value)))
    if isinstance(value, Member):
        return _flat(f"{value.name} <{value.address}>" if value.address else value.name)
    if isinstance(value, Recurrence):
        return recurrence_text(value, None)
    if isinstance(value, Enum):
        return value.name.lower().replace("_", " ")
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M %Z}"
    return _flat(str(value)) if value is not None and value != "" else ""


def _flat(text: str) -> str:
    return " ".join(text.replace("\n", ", ").split())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
