"""What is plain in an appointment: where, how it is shown, its state as a meeting, its identity ([MS-OXOCAL] 2.2.1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from mailconnector.items.appointment import Appointment, Busy
from mailconnector.mapi import named, reading
from mailconnector.mapi.global_ids import GlobalIdFormatError, GlobalObjectId
from mailconnector.mapi.objects import Properties, PropertyKey
from mailconnector.mapping.appointment_groups import PropertyGroup
from mailconnector.mapping.attachments import file_time_of
from mailconnector.mapping.attendees import response_of

_MINUTE = timedelta(minutes=1)
_MEETING, _RECEIVED, _CANCELLED = 0x1, 0x2, 0x4


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
        response=response_of(reading.number(source, named.PidLidResponseStatus)),
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


PLAIN_GROUPS: tuple[PropertyGroup, ...] = (
    PropertyGroup(frozenset({named.PidLidLocation}), _read_place, _make_place),
    PropertyGroup(frozenset({named.PidLidBusyStatus, named.PidLidIntendedBusyStatus}), _read_busy, _make_busy),
    PropertyGroup(_STATE_KEYS, _read_state, _make_state),
    PropertyGroup(frozenset({named.PidLidGlobalObjectId, named.PidLidCleanGlobalObjectId}), _read_ids, _make_ids),
    PropertyGroup(frozenset({named.PidLidAppointmentColor}), _read_label, _make_label),
    PropertyGroup(frozenset({named.PidLidPrivate}), _read_private, _make_private),
    PropertyGroup(_PROPOSAL_KEYS, _read_proposal, _make_proposal),
)
