"""Journal entries ([MS-OXOJRNL])."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from mailconnector.items import Item
from mailconnector.items.journal_entry import JournalEntry
from mailconnector.mapi import named, reading
from mailconnector.mapi.named import NamedTag
from mailconnector.mapi.objects import MessageObject, Properties
from mailconnector.mapping import form_fields
from mailconnector.mapping import mail as mail_mapping
from mailconnector.mapping.attachments import file_time_of
from mailconnector.mapping.fields import (
    Group,
    groups_of,
    mail_part,
    number,
    put_fields,
    text,
    truth,
    values,
    with_fields,
    without_fields,
)

# PidLidLogFlags of an entry with a document.
_HAS_DOCUMENT = 0x40000000

_FIELDS = (
    text("entry_type", named.PidLidLogType),
    text("description", named.PidLidLogTypeDesc),
    number("duration", named.PidLidLogDuration),
    truth("printed", named.PidLidLogDocumentPrinted),
    truth("saved", named.PidLidLogDocumentSaved),
    truth("routed", named.PidLidLogDocumentRouted),
    truth("posted", named.PidLidLogDocumentPosted),
    *form_fields.LINKS,
)
# The entry's own time, and the one that all kinds of items have.
_TIMES = {
    "start": (named.PidLidLogStart, named.PidLidCommonStart),
    "end": (named.PidLidLogEnd, named.PidLidCommonEnd),
}


def _read_time(source: reading.Source, keys: tuple[NamedTag, NamedTag]) -> datetime | None:
    return reading.moment(source, keys[0]) or reading.moment(source, keys[1])


def _write_time(item: JournalEntry, left: Properties, *, name: str) -> Properties:
    moment: datetime | None = getattr(item, name)
    stored = None if moment is None else file_time_of(moment)
    return {} if stored is None else dict.fromkeys(_TIMES[name], stored)


def _has_document(source: reading.Source) -> bool:
    return bool(reading.number(source, named.PidLidLogFlags) & _HAS_DOCUMENT)


def _write_has_document(item: JournalEntry, left: Properties) -> Properties:
    return {named.PidLidLogFlags: _HAS_DOCUMENT} if item.has_document else {}


_GROUPS: tuple[Group[Any], ...] = (
    *groups_of(_FIELDS),
    *(Group(keys, partial(_read_time, keys=keys), partial(_write_time, name=name)) for name, keys in _TIMES.items()),
    Group((named.PidLidLogFlags,), _has_document, _write_has_document),
    form_fields.PRIVATE,
)


def to_object(
    item: JournalEntry, embed: Callable[[Item], MessageObject], own_addresses: frozenset[str]
) -> MessageObject:
    """Return a journal entry as a MAPI message."""
    message = mail_mapping.to_object(without_fields(item.mail, _GROUPS), embed, own_addresses)
    put_fields(message.properties, item, item.mail.leftover, _GROUPS)
    return message


def from_object(message: MessageObject, extract: Callable[[MessageObject], Item]) -> JournalEntry:
    """Return a MAPI message as a journal entry."""
    source = message.properties
    mail = mail_mapping.from_object(mail_part(message, _GROUPS), extract)
    item = JournalEntry(
        mail,
        start=_read_time(source, _TIMES["start"]),
        end=_read_time(source, _TIMES["end"]),
        has_document=_has_document(source),
        **values(_FIELDS, source),
    )
    return replace(item, mail=with_fields(mail, item, _GROUPS, source))
