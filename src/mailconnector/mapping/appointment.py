"""Appointments, meetings and messages about them as Outlook stores them, and back ([MS-OXOCAL]).

Properties come in groups (times, zone, recurrence, reminder ...). A group is read into fields of the item, and made
of them again. Where what is made is not exactly what was read, the group stays among the mail's leftover as a
whole. It goes back as it was for as long as reading it changes none of the item's fields; once the item says
something else, the group is made of the fields alone. So what came out of a store returns unchanged, and an edit is
never undone by something left over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mailconnector.items import Item, Mail
from mailconnector.items.appointment import Appointment, ChangedInstance
from mailconnector.items.zones import LocalTime
from mailconnector.mapi import named, reading, tags
from mailconnector.mapi.objects import AttachmentObject, MessageObject, Properties, find
from mailconnector.mapping import mail as mail_mapping
from mailconnector.mapping.appointment_fields import PLAIN_GROUPS
from mailconnector.mapping.appointment_times import TIME_GROUPS
from mailconnector.mapping.attendees import attendee_row, put_names, read_attendee
from mailconnector.mapping.changed_instances import (
    INSTANCE_CLASS,
    OF_THE_TABLE,
    divided,
    instance_object,
    instance_properties,
    is_instance_class,
)
from mailconnector.mapping.leftovers import beyond, identity
from mailconnector.mapping.recurrence import read_appointment

_HAS_ATTACHMENTS = 0x10

CLASSES = ("ipm.appointment", "ipm.schedule.meeting", INSTANCE_CLASS)
"""Classes that are appointments, with all below them; in lower case."""

GROUPS = (*TIME_GROUPS, *PLAIN_GROUPS)
"""All that an appointment's own fields say."""

_GROUP_OF = {one: number for number, group in enumerate(GROUPS) for one in group.identities}

# What an instance does not say at all is as in its series, so it must not say it by default.
_NOTHING = Appointment(Mail())


def _grouped(properties: Properties) -> list[Properties]:
    """Return the properties of each group, in the order of the groups."""
    found: list[Properties] = [{} for _ in GROUPS]
    for key, value in properties.items():
        number = _GROUP_OF.get(identity(key))
        if number is not None:
            found[number][key] = value
    return found


def to_object(
    item: Appointment, embed: Callable[[Item], MessageObject], own_addresses: frozenset[str] = frozenset()
) -> MessageObject:
    """Return an appointment as a MAPI message.

    Args:
        item: The appointment.
        embed: Makes the messages of attached items.
        own_addresses: Lower-case addresses of the mailbox's owner.
    """
    message = mail_mapping.to_object(item.as_mail(), embed, own_addresses)
    properties = message.properties
    is_instance = is_instance_class(item.message_class)
    if is_instance and not item.mail.subject:
        properties.pop(tags.PidTagSubject, None)
    for group, kept in zip(GROUPS, _grouped(item.mail.leftover), strict=True):
        if kept and group.read(kept, item) == item:
            continue
        for key in kept:
            properties.pop(key, None)
        made = group.make(item)
        if is_instance and made == group.make(_NOTHING):
            continue
        for key, value in made.items():
            twin = find(properties, key)
            if twin is not None:
                del properties[twin]
            properties[key] = value
    put_names(properties, item)
    message.recipients = [attendee_row(attendee) for attendee in item.attendees]
    for one in item.changed:
        if one.item is not None:
            message.attachments.append(instance_object(one, item, to_object(one.item, embed, own_addresses)))
    if message.attachments:
        flags = reading.number(properties, tags.PidTagMessageFlags)
        properties[tags.PidTagMessageFlags] = flags | _HAS_ATTACHMENTS
    return message


def from_object(message: MessageObject, extract: Callable[[MessageObject], Item]) -> Appointment:
    """Return a MAPI message as an appointment.

    Args:
        message: The message.
        extract: Reads embedded messages.
    """
    properties = message.properties
    series = read_appointment(reading.data(properties, named.PidLidAppointmentRecur))
    instances, others = divided(message.attachments, series[2] if series else ())
    source = MessageObject(properties, message.recipients, others, message.associated)
    mail = replace(mail_mapping.from_object(source, extract), to=(), cc=(), bcc=())
    item = Appointment(mail, attendees=tuple(map(read_attendee, message.recipients)))
    grouped = _grouped(properties)
    for group, stored in zip(GROUPS, grouped, strict=True):
        item = group.read(stored, item)
    item = replace(item, changed=tuple([_with_item(one, item, instances, extract) for one in item.changed]))
    leftover = {key: value for key, value in mail.leftover.items() if identity(key) not in _GROUP_OF}
    is_instance = is_instance_class(mail.message_class)
    for group, stored in zip(GROUPS, grouped, strict=True):
        made = group.make(item)
        if stored and (is_instance or len(stored) != len(made) or beyond(stored, made)):
            leftover |= stored
    return replace(item, mail=replace(mail, leftover=leftover))


def _with_item(
    one: ChangedInstance,
    series: Appointment,
    instances: dict[LocalTime, AttachmentObject],
    extract: Callable[[MessageObject], Item],
) -> ChangedInstance:
    attachment = instances.get(one.original)
    if attachment is None or attachment.embedded is None:
        return one
    whole = replace(one, item=from_object(attachment.embedded, extract))
    made = instance_properties(whole, series, attachment.embedded)
    return replace(whole, leftover=beyond(attachment.properties, made, OF_THE_TABLE))
