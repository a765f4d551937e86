"""What a mail shows of the TNEF stream, usually called winmail.dat, that came with it ([MS-OXCMAIL] 2.2.3.5)."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from mailconnector.items import Mail, readable
from mailconnector.mapi import named, tnef
from mailconnector.mapi.named import NamedTag
from mailconnector.mapi.objects import Properties, PropertyKey
from mailconnector.mapping import from_mapi

LEFTOVER_FIELD = b"x-mailconnector-leftover"
"""Lower-case name of the field that marks the stream of one of our items; it is no part of what a mail says."""

# Of the sender's properties those that are meant for the reader: what a meeting request is about, votes, and so on;
# neither the sender's own marks nor what says where the message lay.
_SETS = frozenset({named.PSETID_APPOINTMENT, named.PSETID_MEETING})
_NAMES = frozenset({named.PidLidVerbStream.name, named.PidLidVerbResponse.name})
_TASK_CLASS = "ipm.taskrequest"
# PidTagStartDate, PidTagEndDate, PidTagOwnerAppointmentId.
_TAGS = frozenset({0x00600040, 0x00610040, 0x00620003})


def opened(content: bytes) -> Mail | None:
    """Return the mail in a TNEF stream, of its leftover what a reader needs; None when it holds none.

    Args:
        content: The stream, whole or damaged.
    """
    try:
        message = tnef.parse(content, lenient=True)
    except tnef.TnefFormatError:
        return None
    if not message.properties and not message.attachments:
        return None
    return _with_leftover(readable(from_mapi(message)), message.properties)


def _with_leftover(mail: Mail, properties: Properties) -> Mail:
    sets = _SETS
    if mail.message_class.lower().startswith(_TASK_CLASS):
        sets |= {named.PSETID_TASK}
    kept: Properties = {key: value for key, value in properties.items() if _is_for_the_reader(key, sets)}
    return replace(mail, leftover=kept)


def _is_for_the_reader(key: PropertyKey, sets: frozenset[UUID]) -> bool:
    if isinstance(key, NamedTag):
        return key.name.guid in sets or key.name in _NAMES
    return key in _TAGS
