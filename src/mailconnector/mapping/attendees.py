"""Attendees and MAPI's recipient rows, and the texts that name them ([MS-OXOCAL] 2.2.1.16 to 2.2.1.18, 2.2.4.10)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mailconnector.items import Address
from mailconnector.items.appointment import Appointment, Attendee, Response, Role
from mailconnector.mapi import named, reading, tags
from mailconnector.mapi.named import NamedTag
from mailconnector.mapi.objects import Properties, PropertyKey, RecipientObject, find
from mailconnector.mapping import addresses
from mailconnector.mapping.attachments import file_time_of
from mailconnector.mapping.leftovers import beyond, combined, identity

_SENDABLE, _ORGANIZER = 0x1, 0x2


def response_of(value: int) -> Response:
    """Return what a number of PidLidResponseStatus or PidTagRecipientTrackStatus says."""
    return Response(value) if value in set(Response) else Response.NONE


def _listed(item: Appointment, roles: Iterable[Role]) -> str:
    wanted = set(roles)
    people = [one.address for one in item.attendees if one.role in wanted and not one.is_organizer]
    return addresses.display_list(people)


def put_names(properties: Properties, item: Appointment) -> None:
    """Bring the texts that name the attendees up to date; one that names the right people stays as it is."""
    everybody = _names(addresses.display_list([one.address for one in item.attendees]))
    for key, roles in _PEOPLE_TEXTS:
        found = find(properties, key)
        if found is None:
            continue
        made = _listed(item, roles)
        said = _names(reading.text(properties, key))
        if not _names(made) <= said <= everybody:
            del properties[found]
            properties[key] = made


_PEOPLE_TEXTS: tuple[tuple[NamedTag, tuple[Role, ...]], ...] = (
    (named.PidLidAllAttendeesString, (Role.REQUIRED, Role.OPTIONAL)),
    (named.PidLidToAttendeesString, (Role.REQUIRED,)),
    (named.PidLidCcAttendeesString, (Role.OPTIONAL,)),
)


def _names(text: str) -> frozenset[str]:
    return frozenset(filter(None, (name.strip(" '") for name in text.split(";"))))


def read_attendee(row: RecipientObject) -> Attendee:
    properties = row.properties
    address = addresses.read_person(properties, addresses.RECIPIENT) or Address()
    kind = reading.number(properties, tags.PidTagRecipientType, Role.REQUIRED)
    role = Role(kind & 0x0F) if kind & 0x0F in set(Role) else Role.REQUIRED
    flags = reading.number(properties, tags.PidTagRecipientFlags)
    attendee = Attendee(
        address,
        role,
        bool(flags & _ORGANIZER),
        response_of(reading.number(properties, tags.PidTagRecipientTrackStatus)),
        reading.moment(properties, tags.PidTagRecipientTrackStatusTime),
    )
    leftover = beyond(properties, addresses.person_properties(address, addresses.RECIPIENT), _ROW_IDS)
    leftover |= beyond({key: properties[key] for key in _STATUS_KEYS & properties.keys()}, _status(attendee))
    return replace(attendee, address=replace(address, leftover=leftover))


_STATUS_KEYS: frozenset[PropertyKey] = frozenset(
    {
        tags.PidTagRecipientType,
        tags.PidTagRecipientFlags,
        tags.PidTagRecipientTrackStatus,
        tags.PidTagRecipientTrackStatusTime,
    }
)
# Ids of those, and of what has no meaning outside a table's row.
_ROW_IDS = frozenset({*(identity(key) for key in _STATUS_KEYS), 0x0FF6, 0x0FF9, 0x3000, 0x67F2, 0x67F3})


def _status(attendee: Attendee) -> Properties:
    properties: Properties = {
        tags.PidTagRecipientType: int(attendee.role),
        tags.PidTagRecipientFlags: _SENDABLE | _ORGANIZER * attendee.is_organizer,
    }
    if attendee.response is not Response.NONE:
        properties[tags.PidTagRecipientTrackStatus] = int(attendee.response)
    if attendee.replied is not None and (replied := file_time_of(attendee.replied)) is not None:
        properties[tags.PidTagRecipientTrackStatusTime] = replied
    return properties


def attendee_row(attendee: Attendee) -> RecipientObject:
    made = addresses.person_properties(attendee.address, addresses.RECIPIENT) | _status(attendee)
    row = RecipientObject(combined(made, attendee.address.leftover))
    again = read_attendee(row)
    if replace(again, address=attendee.address) != attendee:
        # The role or the answer is another one since.
        row.properties |= _status(attendee)
    return row
