"""Appointments, meetings and messages about them as Outlook stores them, and back ([MS-OXOCAL]).

Properties come in groups (times, zone, recurrence, reminder ...). A group is read into fields of the item, and made
of them again. Where what is made is not exactly what was read, the group stays among the mail's leftover as a
whole. It goes back as it was for as long as reading it changes none of the item's fields; once the item says
something else, the group is made of the fields alone. So what came out of a store returns unchanged, and an edit is
never undone by something left over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from mailconnector.items import Address, Item, Mail
from mailconnector.items.appointment import (
    Appointment,
    Attendee,
    Busy,
    ChangedInstance,
    Reminder,
    Response,
    Role,
    When,
)
from mailconnector.items.recurrence import Frequency
from mailconnector.items.zones import UTC_ZONE, LocalTime, Zone
from mailconnector.mapi import named, reading, tags
from mailconnector.mapi.global_ids import GlobalIdFormatError, GlobalObjectId
from mailconnector.mapi.named import NamedTag, PropertyName
from mailconnector.mapi.objects import AttachmentObject, MessageObject, Properties, PropertyKey, RecipientObject, find
from mailconnector.mapi.recurrence import RecurrenceFormatError
from mailconnector.mapi.timezones import TimeZoneFormatError
from mailconnector.mapi.types import FileTime, PropertyType
from mailconnector.mapping import addresses, own
from mailconnector.mapping import mail as mail_mapping
from mailconnector.mapping.attachments import EMBEDDED, file_time_of
from mailconnector.mapping.leftovers import beyond, combined, identity
from mailconnector.mapping.recurrence import appointment_bytes, read_appointment
from mailconnector.mapping.zones import definition_bytes, struct_bytes, zone_of_definition, zone_of_struct

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)

_MEETING, _RECEIVED, _CANCELLED = 0x1, 0x2, 0x4
_SENDABLE, _ORGANIZER = 0x1, 0x2
_EXCEPTION = 0x2
"""PidTagAttachmentFlags of an attachment that is an instance (afException)."""

_EXCEPTION_CLASS = "ipm.ole.class.{00061055-0000-0000-c000-000000000046}"
_HAS_ATTACHMENTS = 0x10
_SERIES_WITHOUT_END = datetime(4500, 8, 31, 23, 59, tzinfo=UTC)

FLOATING = NamedTag(PropertyName(own.PSETID_MAIL_CONNECTOR, "FloatingTime"), PropertyType.BOOLEAN)
"""The times are those of no zone; they are stored as if they were UTC's."""

# Classes that are appointments, with all below them.
_CLASSES = ("ipm.appointment", "ipm.schedule.meeting", _EXCEPTION_CLASS)


def is_appointment(message_class: str) -> bool:
    """Tell whether a message class is an appointment, an instance of one, or a message about a meeting."""
    folded = message_class.lower()
    return any(folded == one or folded.startswith(f"{one}.") for one in _CLASSES)


@dataclass(frozen=True, slots=True)
class _Group:
    """Properties that are read and made together.

    Attributes:
        keys: The properties.
        read: Gives the item with the fields that the properties (of the group alone) say; fields of the groups
            before are set.
        make: Gives the properties of an item's fields.
    """

    keys: frozenset[PropertyKey]
    read: Callable[[Properties, Appointment], Appointment]
    make: Callable[[Appointment], Properties]

    def of(self, properties: Properties) -> Properties:
        """Return those of some properties that belong to the group, of whatever type."""
        ids = _IDENTITIES[self.keys]
        return {key: value for key, value in properties.items() if identity(key) in ids}


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
    is_instance = _is_instance_class(item.message_class)
    if is_instance and not item.mail.subject:
        properties.pop(tags.PidTagSubject, None)
    for group in _GROUPS:
        kept = group.of(item.mail.leftover)
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
    _put_people(properties, item)
    message.recipients = [_row(attendee) for attendee in item.attendees]
    for one in item.changed:
        if one.item is not None:
            message.attachments.append(_instance_object(one, item, to_object(one.item, embed, own_addresses)))
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
    instances, others = _divided(message.attachments, series[2] if series else ())
    source = MessageObject(properties, message.recipients, others, message.associated)
    mail = replace(mail_mapping.from_object(source, extract), to=(), cc=(), bcc=())
    item = Appointment(mail, attendees=tuple(map(_attendee, message.recipients)))
    for group in _GROUPS:
        item = group.read(group.of(properties), item)
    item = replace(item, changed=tuple([_with_item(one, item, instances, extract) for one in item.changed]))
    leftover = {key: value for key, value in mail.leftover.items() if identity(key) not in _OWNED}
    is_instance = _is_instance_class(mail.message_class)
    for group in _GROUPS:
        stored = group.of(properties)
        made = group.make(item)
        if stored and (is_instance or len(stored) != len(made) or beyond(stored, made)):
            leftover |= stored
    return replace(item, mail=replace(mail, leftover=leftover))


# -- Zones -------------------------------------------------------------------------------------------------------------

_ZONE_KEYS: frozenset[PropertyKey] = frozenset(
    {
        named.PidLidTimeZoneStruct,
        named.PidLidTimeZoneDescription,
        named.PidLidAppointmentTimeZoneDefinitionRecur,
        named.PidLidAppointmentTimeZoneDefinitionStartDisplay,
        named.PidLidAppointmentTimeZoneDefinitionEndDisplay,
    }
)


def _read_zone(source: Properties, item: Appointment) -> Appointment:
    description = reading.text(source, named.PidLidTimeZoneDescription)
    series = zone_of_definition(
        reading.data(source, named.PidLidAppointmentTimeZoneDefinitionRecur), description
    ) or zone_of_struct(reading.data(source, named.PidLidTimeZoneStruct), description)
    start = zone_of_definition(reading.data(source, named.PidLidAppointmentTimeZoneDefinitionStartDisplay), description)
    end = zone_of_definition(reading.data(source, named.PidLidAppointmentTimeZoneDefinitionEndDisplay), description)
    zone = series or start
    return replace(item, zone=zone, end_zone=None if end in (start, zone) else end)


def _make_zone(item: Appointment) -> Properties:
    zone = item.zone
    if zone is None:
        return {}
    try:
        properties: Properties = {
            named.PidLidAppointmentTimeZoneDefinitionStartDisplay: definition_bytes(zone, recurring=False),
            named.PidLidAppointmentTimeZoneDefinitionEndDisplay: definition_bytes(
                item.end_zone or zone, recurring=False
            ),
        }
        if item.recurrence is not None:
            properties[named.PidLidAppointmentTimeZoneDefinitionRecur] = definition_bytes(zone, recurring=True)
            properties[named.PidLidTimeZoneStruct] = struct_bytes(zone)
    except TimeZoneFormatError:
        # A zone whose name or offsets no blob has room for; the times are right in UTC all the same.
        return {}
    properties[named.PidLidTimeZoneDescription] = zone.description
    return properties


# -- Recurrence --------------------------------------------------------------------------------------------------------

_RECURRENCE_KEYS: frozenset[PropertyKey] = frozenset(
    {
        named.PidLidAppointmentRecur,
        named.PidLidRecurring,
        named.PidLidRecurrenceType,
        named.PidLidRecurrencePattern,
        named.PidLidIsRecurring,
    }
)
_RECURRENCE_TYPES = {Frequency.DAILY: 1, Frequency.WEEKLY: 2, Frequency.MONTHLY: 3, Frequency.YEARLY: 4}


def _read_recurrence(source: Properties, item: Appointment) -> Appointment:
    text = reading.text(source, named.PidLidRecurrencePattern)
    found = read_appointment(reading.data(source, named.PidLidAppointmentRecur))
    if found is None:
        return replace(item, recurrence=None, deleted=(), changed=(), pattern_text=text)
    recurrence, deleted, changed = found
    items = {one.original: one for one in item.changed}
    changed = tuple(
        [
            replace(one, item=items[one.original].item, leftover=items[one.original].leftover)
            if one.original in items
            else one
            for one in changed
        ]
    )
    return replace(item, recurrence=recurrence, deleted=deleted, changed=changed, pattern_text=text)


def _make_recurrence(item: Appointment) -> Properties:
    properties: Properties = {
        named.PidLidRecurring: item.recurrence is not None,
        named.PidLidIsRecurring: item.recurrence is not None,
        named.PidLidRecurrencePattern: item.pattern_text,
    }
    if item.recurrence is None or item.start is None:
        return properties
    start = _local(item.start, item.zone)
    end = _local(item.start if item.end is None else item.end, item.zone)
    try:
        properties[named.PidLidAppointmentRecur] = appointment_bytes(
            item.recurrence, start, end, item.deleted, item.changed
        )
    except RecurrenceFormatError:
        return {**properties, named.PidLidRecurring: False, named.PidLidIsRecurring: False}
    properties[named.PidLidRecurrenceType] = _RECURRENCE_TYPES[item.recurrence.frequency]
    return properties


# -- Times -------------------------------------------------------------------------------------------------------------

_TIME_KEYS: frozenset[PropertyKey] = frozenset(
    {
        named.PidLidAppointmentStartWhole,
        named.PidLidAppointmentEndWhole,
        named.PidLidAppointmentDuration,
        named.PidLidAppointmentSubType,
        named.PidLidCommonStart,
        named.PidLidCommonEnd,
        named.PidLidClipStart,
        named.PidLidClipEnd,
        tags.PidTagStartDate,
        tags.PidTagEndDate,
        FLOATING,
    }
)


def _read_times(source: Properties, item: Appointment) -> Appointment:
    start = reading.moment(source, named.PidLidAppointmentStartWhole)
    start = start or reading.moment(source, named.PidLidCommonStart) or reading.moment(source, tags.PidTagStartDate)
    end = reading.moment(source, named.PidLidAppointmentEndWhole)
    end = end or reading.moment(source, named.PidLidCommonEnd) or reading.moment(source, tags.PidTagEndDate) or start
    if start is None or end is None:
        return replace(item, start=None, end=None)
    if reading.truth(source, named.PidLidAppointmentSubType):
        days = _days(start, end, item.zone)
        if days is not None:
            return replace(item, start=days[0], end=days[1])
    if reading.truth(source, FLOATING):
        return replace(item, start=LocalTime(start.replace(tzinfo=None)), end=LocalTime(end.replace(tzinfo=None)))
    return replace(item, start=start, end=end)


def _days(start: datetime, end: datetime, zone: Zone | None) -> tuple[date, date] | None:
    """Return the days of an all-day appointment; None when it does not last from midnight to midnight."""
    try:
        if zone is not None:
            first, last = zone.to_local(start), zone.to_local(end)
            if _is_midnight(first) and _is_midnight(last) and first < last:
                return first.date(), last.date()
            return None
        if start < end and (end - start) % _DAY == timedelta():
            # Midnight in a zone that nobody said: whichever midnight is the nearest.
            return (start + _DAY / 2).date(), (end + _DAY / 2).date()
    except OverflowError:
        return None
    return None


def _is_midnight(moment: datetime) -> bool:
    return moment.time().replace(fold=0) == datetime.min.time()


def _local(when: When, zone: Zone | None) -> datetime:
    """Return a naive local time by the clocks of a zone; without a zone UTC's."""
    if isinstance(when, LocalTime):
        return when.moment
    if isinstance(when, datetime):
        try:
            return (zone or UTC_ZONE).to_local(when).replace(fold=0)
        except OverflowError:
            return when.astimezone(UTC).replace(tzinfo=None)
    return datetime(when.year, when.month, when.day)


def _moment(when: When, zone: Zone | None) -> datetime:
    """Return the aware moment of a time."""
    if isinstance(when, datetime):
        return when
    if isinstance(when, LocalTime):
        return when.moment.replace(tzinfo=UTC)
    midnight = datetime(when.year, when.month, when.day)
    try:
        return (zone or UTC_ZONE).to_utc(midnight)
    except OverflowError:
        return midnight.replace(tzinfo=UTC)


def _make_times(item: Appointment) -> Properties:
    if item.start is None:
        return {}
    start = _moment(item.start, item.zone)
    end = start if item.end is None else _moment(item.end, item.zone)
    begins, ends = file_time_of(start), file_time_of(end)
    if begins is None or ends is None:
        return {}
    properties: Properties = {
        named.PidLidAppointmentStartWhole: begins,
        named.PidLidAppointmentEndWhole: ends,
        named.PidLidCommonStart: begins,
        named.PidLidCommonEnd: ends,
        tags.PidTagStartDate: begins,
        tags.PidTagEndDate: ends,
        named.PidLidAppointmentDuration: max(min((end - start) // _MINUTE, 0x7FFFFFFF), 0),
        named.PidLidAppointmentSubType: item.is_all_day,
        named.PidLidClipStart: begins,
        named.PidLidClipEnd: ends,
    }
    if isinstance(item.start, LocalTime):
        properties[FLOATING] = True
    if item.recurrence is not None:
        first = _local(item.start, item.zone).date()
        last = item.recurrence.last_day(first)
        clips = (_moment(first, item.zone), _SERIES_WITHOUT_END if last is None else _moment(last, item.zone))
        for key, moment in zip((named.PidLidClipStart, named.PidLidClipEnd), clips, strict=True):
            stored = file_time_of(moment)
            if stored is not None:
                properties[key] = stored
    return properties


# -- What is plain -----------------------------------------------------------------------------------------------------


def _read_place(source: Properties, item: Appointment) -> Appointment:
    return replace(item, location=reading.text(source, named.PidLidLocation))


def _make_place(item: Appointment) -> Properties:
    return {named.PidLidLocation: item.location.replace("\0", "")}


def _read_busy(source: Properties, item: Appointment) -> Appointment:
    value = reading.number(source, named.PidLidBusyStatus, Busy.BUSY)
    intended = reading.number(source, named.PidLidIntendedBusyStatus, -1)
    return replace(
        item,
        busy=Busy(value) if value in set(Busy) else Busy.BUSY,
        intended_busy=Busy(intended) if intended in set(Busy) else None,
    )


def _make_busy(item: Appointment) -> Properties:
    properties: Properties = {named.PidLidBusyStatus: int(item.busy)}
    if item.intended_busy is not None:
        properties[named.PidLidIntendedBusyStatus] = int(item.intended_busy)
    return properties


_REMINDER_KEYS: frozenset[PropertyKey] = frozenset(
    {
        named.PidLidReminderSet,
        named.PidLidReminderDelta,
        named.PidLidReminderTime,
        named.PidLidReminderSignalTime,
        named.PidLidReminderOverride,
        named.PidLidReminderPlaySound,
        named.PidLidReminderFileParameter,
    }
)


def _read_reminder(source: Properties, item: Appointment) -> Appointment:
    if not reading.truth(source, named.PidLidReminderSet):
        return replace(item, reminder=None)
    minutes = reading.number(source, named.PidLidReminderDelta, 15)
    due = reading.moment(source, named.PidLidReminderSignalTime)
    if due is not None and due == _due(item, minutes):
        due = None
    return replace(
        item,
        reminder=Reminder(
            minutes,
            due,
            reading.truth(source, named.PidLidReminderOverride),
            reading.truth(source, named.PidLidReminderPlaySound),
            reading.text(source, named.PidLidReminderFileParameter),
        ),
    )


def _due(item: Appointment, minutes: int) -> datetime | None:
    if item.start is None:
        return None
    try:
        return _moment(item.start, item.zone) - minutes * _MINUTE
    except OverflowError:
        return None


def _make_reminder(item: Appointment) -> Properties:
    reminder = item.reminder
    if reminder is None:
        return {named.PidLidReminderSet: False}
    properties: Properties = {named.PidLidReminderSet: True, named.PidLidReminderDelta: reminder.minutes}
    start = None if item.start is None else file_time_of(_moment(item.start, item.zone))
    due = reminder.due or _due(item, reminder.minutes)
    signal = None if due is None else file_time_of(due)
    if start is not None:
        properties[named.PidLidReminderTime] = start
    if signal is not None:
        properties[named.PidLidReminderSignalTime] = signal
    if reminder.overrides or reminder.plays_sound or reminder.sound:
        properties[named.PidLidReminderOverride] = reminder.overrides
        properties[named.PidLidReminderPlaySound] = reminder.plays_sound
        properties[named.PidLidReminderFileParameter] = reminder.sound
    return properties


_STATE_KEYS: frozenset[PropertyKey] = frozenset(
    {
        named.PidLidAppointmentStateFlags,
        named.PidLidFInvited,
        named.PidLidResponseStatus,
        named.PidLidAppointmentReplyTime,
        named.PidLidAppointmentReplyName,
        named.PidLidAppointmentSequence,
    }
)


def _read_state(source: Properties, item: Appointment) -> Appointment:
    flags = reading.number(source, named.PidLidAppointmentStateFlags)
    return replace(
        item,
        is_meeting=bool(flags & _MEETING),
        is_received=bool(flags & _RECEIVED),
        is_cancelled=bool(flags & _CANCELLED),
        was_sent=reading.truth(source, named.PidLidFInvited),
        response=_response(reading.number(source, named.PidLidResponseStatus)),
        replied=reading.moment(source, named.PidLidAppointmentReplyTime),
        replied_by=reading.text(source, named.PidLidAppointmentReplyName),
        sequence=reading.number(source, named.PidLidAppointmentSequence),
    )


def _make_state(item: Appointment) -> Properties:
    flags = _MEETING * item.is_meeting | _RECEIVED * item.is_received | _CANCELLED * item.is_cancelled
    properties: Properties = {
        named.PidLidAppointmentStateFlags: flags,
        named.PidLidFInvited: item.was_sent,
        named.PidLidResponseStatus: int(item.response),
    }
    if item.is_meeting or item.sequence:
        properties[named.PidLidAppointmentSequence] = item.sequence
    if item.replied is not None and (replied := file_time_of(item.replied)) is not None:
        properties[named.PidLidAppointmentReplyTime] = replied
    if item.replied_by:
        properties[named.PidLidAppointmentReplyName] = item.replied_by
    return properties


def _response(value: int) -> Response:
    return Response(value) if value in set(Response) else Response.NONE


def _read_ids(source: Properties, item: Appointment) -> Appointment:
    uid, instance = "", None
    for key in (named.PidLidGlobalObjectId, named.PidLidCleanGlobalObjectId):
        try:
            parsed = GlobalObjectId.parse(reading.data(source, key))
        except GlobalIdFormatError:
            continue
        uid = uid or parsed.uid()
        instance = instance or parsed.day()
    return replace(item, uid=uid, instance=instance)


def _make_ids(item: Appointment) -> Properties:
    if not item.uid:
        return {}
    try:
        clean = GlobalObjectId.from_uid(item.uid)
    except GlobalIdFormatError:
        return {}
    whole = clean if item.instance is None else clean.of_day(item.instance)
    return {
        named.PidLidGlobalObjectId: whole.to_bytes(),
        named.PidLidCleanGlobalObjectId: clean.to_bytes(),
    }


def _read_label(source: Properties, item: Appointment) -> Appointment:
    return replace(item, label=reading.number(source, named.PidLidAppointmentColor))


def _make_label(item: Appointment) -> Properties:
    return {named.PidLidAppointmentColor: item.label} if item.label else {}


def _read_private(source: Properties, item: Appointment) -> Appointment:
    return replace(item, private=reading.truth(source, named.PidLidPrivate))


def _make_private(item: Appointment) -> Properties:
    return {named.PidLidPrivate: item.private}


_PROPOSAL_KEYS: frozenset[PropertyKey] = frozenset(
    {
        named.PidLidAppointmentProposedStartWhole,
        named.PidLidAppointmentProposedEndWhole,
        named.PidLidAppointmentProposedDuration,
        named.PidLidAppointmentCounterProposal,
        named.PidLidAppointmentNotAllowPropose,
    }
)


def _read_proposal(source: Properties, item: Appointment) -> Appointment:
    return replace(
        item,
        proposed_start=reading.moment(source, named.PidLidAppointmentProposedStartWhole),
        proposed_end=reading.moment(source, named.PidLidAppointmentProposedEndWhole),
        is_counter_proposal=reading.truth(source, named.PidLidAppointmentCounterProposal),
        may_propose=not reading.truth(source, named.PidLidAppointmentNotAllowPropose),
    )


def _make_proposal(item: Appointment) -> Properties:
    properties: Properties = {}
    for key, moment in (
        (named.PidLidAppointmentProposedStartWhole, item.proposed_start),
        (named.PidLidAppointmentProposedEndWhole, item.proposed_end),
    ):
        if moment is not None and (stored := file_time_of(moment)) is not None:
            properties[key] = stored
    if item.proposed_start is not None and item.proposed_end is not None:
        minutes = (item.proposed_end - item.proposed_start) // _MINUTE
        properties[named.PidLidAppointmentProposedDuration] = max(min(minutes, 0x7FFFFFFF), 0)
    if item.is_counter_proposal:
        properties[named.PidLidAppointmentCounterProposal] = True
    if not item.may_propose:
        properties[named.PidLidAppointmentNotAllowPropose] = True
    return properties


# -- The people whom Outlook shows in texts ----------------------------------------------------------------------------


def _listed(item: Appointment, roles: Iterable[Role]) -> str:
    wanted = set(roles)
    people = [one.address for one in item.attendees if one.role in wanted and not one.is_organizer]
    return addresses.display_list(people)


def _put_people(properties: Properties, item: Appointment) -> None:
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


def _attendee(row: RecipientObject) -> Attendee:
    properties = row.properties
    address = addresses.read_person(properties, addresses.RECIPIENT) or Address()
    kind = reading.number(properties, tags.PidTagRecipientType, Role.REQUIRED)
    role = Role(kind & 0x0F) if kind & 0x0F in set(Role) else Role.REQUIRED
    flags = reading.number(properties, tags.PidTagRecipientFlags)
    attendee = Attendee(
        address,
        role,
        bool(flags & _ORGANIZER),
        _response(reading.number(properties, tags.PidTagRecipientTrackStatus)),
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


def _row(attendee: Attendee) -> RecipientObject:
    made = addresses.person_properties(attendee.address, addresses.RECIPIENT) | _status(attendee)
    row = RecipientObject(combined(made, attendee.address.leftover))
    again = _attendee(row)
    if replace(again, address=attendee.address) != attendee:
        # The role or the answer is another one since.
        row.properties |= _status(attendee)
    return row


# -- Changed instances -------------------------------------------------------------------------------------------------


def _divided(
    attachments: list[AttachmentObject], changed: tuple[ChangedInstance, ...]
) -> tuple[dict[LocalTime, AttachmentObject], list[AttachmentObject]]:
    """Return (attachments that are changed instances, by the original start; the other attachments)."""
    starts = {one.start: one.original for one in changed}
    days = {one.original.moment.date(): one.original for one in changed}
    found: dict[LocalTime, AttachmentObject] = {}
    others = []
    for attachment in attachments:
        original: LocalTime | None = None
        if attachment.embedded is not None and _is_instance(attachment, attachment.embedded):
            # The attachment says the instance's present start by local clocks, the message the original day.
            local = reading.moment(attachment.properties, tags.PidTagExceptionStartTime)
            day = _instance_day(attachment.embedded)
            if local is not None:
                original = starts.get(LocalTime(local.replace(tzinfo=None)))
            if original is None and day is not None:
                original = days.get(day)
        if original is None or original in found:
            others.append(attachment)
        else:
            found[original] = attachment
    return found, others


def _is_instance(attachment: AttachmentObject, embedded: MessageObject) -> bool:
    if reading.number(attachment.properties, tags.PidTagAttachmentFlags) & _EXCEPTION:
        return True
    return _is_instance_class(reading.text(embedded.properties, tags.PidTagMessageClass))


def _is_instance_class(message_class: str) -> bool:
    return message_class.lower() == _EXCEPTION_CLASS


def _instance_day(message: MessageObject) -> date | None:
    try:
        return GlobalObjectId.parse(reading.data(message.properties, named.PidLidGlobalObjectId)).day()
    except GlobalIdFormatError:
        return None


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
    made = _instance_properties(whole, series, attachment.embedded)
    return replace(whole, leftover=beyond(attachment.properties, made, _OF_THE_TABLE))


# Ids of what an attachment table says of its rows, and of the content itself.
_OF_THE_TABLE = frozenset({0x0E20, 0x0E21, 0x0FF6, 0x0FF9, 0x3701, 0x67F2, 0x67F3})


def _instance_object(one: ChangedInstance, series: Appointment, embedded: MessageObject) -> AttachmentObject:
    made = _instance_properties(one, series, embedded)
    properties = combined(made, one.leftover)
    for key in (tags.PidTagExceptionStartTime, tags.PidTagExceptionEndTime):
        # What is left over is finer than a minute, or outdated.
        left = properties.get(key)
        want = made.get(key)
        if isinstance(left, FileTime) and isinstance(want, FileTime) and abs(left - want) >= _TICKS_A_MINUTE:
            properties[key] = want
    return AttachmentObject(properties, embedded=embedded)


_TICKS_A_MINUTE = 600_000_000


def _instance_properties(one: ChangedInstance, series: Appointment, embedded: MessageObject) -> Properties:
    properties: Properties = {
        tags.PidTagAttachMethod: EMBEDDED,
        tags.PidTagAttachmentFlags: _EXCEPTION,
        tags.PidTagAttachmentHidden: True,
        tags.PidTagAttachmentLinkId: 0,
        tags.PidTagAttachFlags: 0,
        tags.PidTagAttachEncoding: b"",
        tags.PidTagRenderingPosition: -1,
        tags.PidTagDisplayName: reading.text(embedded.properties, tags.PidTagSubject) or "Untitled",
    }
    for key, moment in (
        (tags.PidTagExceptionStartTime, one.start.moment.replace(tzinfo=UTC)),
        (tags.PidTagExceptionEndTime, one.end.moment.replace(tzinfo=UTC)),
        (tags.PidTagExceptionReplaceTime, _moment_of_instance(one.original, series)),
    ):
        stored = file_time_of(moment)
        if stored is not None:
            properties[key] = stored
    return properties


def _moment_of_instance(original: LocalTime, series: Appointment) -> datetime:
    if isinstance(series.start, LocalTime) or series.zone is None:
        return original.moment.replace(tzinfo=UTC)
    try:
        return series.zone.to_utc(original.moment)
    except OverflowError:
        return original.moment.replace(tzinfo=UTC)


# What an instance does not say at all is as in its series, so it must not say it by default.
_NOTHING = Appointment(Mail())

# In this order: the times need the zone and the recurrence, the reminder the times.
_GROUPS: tuple[_Group, ...] = (
    _Group(_RECURRENCE_KEYS, _read_recurrence, _make_recurrence),
    _Group(_ZONE_KEYS, _read_zone, _make_zone),
    _Group(_TIME_KEYS, _read_times, _make_times),
    _Group(frozenset({named.PidLidLocation}), _read_place, _make_place),
    _Group(frozenset({named.PidLidBusyStatus, named.PidLidIntendedBusyStatus}), _read_busy, _make_busy),
    _Group(_REMINDER_KEYS, _read_reminder, _make_reminder),
    _Group(_STATE_KEYS, _read_state, _make_state),
    _Group(frozenset({named.PidLidGlobalObjectId, named.PidLidCleanGlobalObjectId}), _read_ids, _make_ids),
    _Group(frozenset({named.PidLidAppointmentColor}), _read_label, _make_label),
    _Group(frozenset({named.PidLidPrivate}), _read_private, _make_private),
    _Group(_PROPOSAL_KEYS, _read_proposal, _make_proposal),
)
_IDENTITIES = {group.keys: frozenset(identity(key) for key in group.keys) for group in _GROUPS}
_OWNED = frozenset(one for ids in _IDENTITIES.values() for one in ids)
