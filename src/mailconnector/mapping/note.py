"""Sticky notes ([MS-OXONOTE])."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mailconnector.items import Item
from mailconnector.items.note import Note, NoteColor
from mailconnector.mapi import named, reading, tags
from mailconnector.mapi.objects import MessageObject, Properties
from mailconnector.mapping import form_fields
from mailconnector.mapping import mail as mail_mapping
from mailconnector.mapping.fields import (
    Group,
    groups_of,
    mail_part,
    optional_number,
    put_fields,
    texts,
    values,
    with_fields,
    without_fields,
)

_ICON = 0x300

_FIELDS = (
    optional_number("width", named.PidLidNoteWidth),
    optional_number("height", named.PidLidNoteHeight),
    optional_number("x", named.PidLidNoteX),
    optional_number("y", named.PidLidNoteY),
    texts("contacts", named.PidLidContacts),
)


def _read_color(source: reading.Source) -> NoteColor:
    number = reading.number(source, named.PidLidNoteColor, NoteColor.YELLOW)
    return NoteColor(number) if number in tuple(NoteColor) else NoteColor.YELLOW


def _write_color(item: Note, left: Properties) -> Properties:
    # The icon is the note in its colour.
    return {named.PidLidNoteColor: int(item.color), tags.PidTagIconIndex: _ICON + item.color}


_GROUPS: tuple[Group[Any], ...] = (
    Group((named.PidLidNoteColor, tags.PidTagIconIndex), _read_color, _write_color),
    *groups_of(_FIELDS),
    form_fields.PRIVATE,
)


def to_object(item: Note, embed: Callable[[Item], MessageObject], own_addresses: frozenset[str]) -> MessageObject:
    """Return a note as a MAPI message."""
    message = mail_mapping.to_object(without_fields(item.mail, _GROUPS), embed, own_addresses)
    put_fields(message.properties, item, item.mail.leftover, _GROUPS)
    return message


def from_object(message: MessageObject, extract: Callable[[MessageObject], Item]) -> Note:
    """Return a MAPI message as a note."""
    source = message.properties
    mail = mail_mapping.from_object(mail_part(message, _GROUPS), extract)
    item = Note(mail, _read_color(source), **values(_FIELDS, source))
    return replace(item, mail=with_fields(mail, item, _GROUPS, source))
