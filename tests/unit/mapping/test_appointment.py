"""Appointments as Outlook stores them, and back; and that what is left over never undoes an edit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.formats import render
from mailconnector.items import Address, Attachment, Mail, readable
from mailconnector.items.appointment import (
    Appointment,
    Attendee,
    Busy,
    ChangedInstance,
    Reminder,
    Response,
    Role,
)
from mailconnector.items.recurrence import Frequency, Recurrence
from mailconnector.items.zone_names import zone_of_iana
from mailconnector.items.zones import LocalTime
from mailconnector.mapi import named, reading, tags
from mailconnector.mapi.objects import MessageObject, Properties, PropertyKey, RecipientObject
from mailconnector.mapi.timezones import TimeZoneDefinition, TimeZoneStruct
from mailconnector.mapi.types import FileTime
from mailconnector.mapi.values import Value
from mailconnector.mapping import appointment as mapping
from mailconnector.mapping import from_mapi, to_mapi
from mailconnector.mapping.leftovers import identity
from tests.unit.items.appointments import appointments

BERLIN = zone_of_iana("Europe/Berlin", 2020, 2030)
NOON = datetime(2024, 7, 1, 10, 0, tzinfo=UTC)
MEETING = Appointment(Mail("IPM.Appointment", subject="Plan"), NOON, NOON + timedelta(hours=1), BERLIN)
SERIES = replace(MEETING, recurrence=Recurrence(Frequency.WEEKLY, weekdays=(1,), count=5))


def stored(item: Appointment) -> MessageObject:
    return mapping.to_object(item, to_mapi)


def read(message: MessageObject) -> Appointment:
    return mapping.from_object(message, from_mapi)


def plain(item: Appointment) -> Appointment:
    """Return an appointment without what is left over, and without what a store makes up for mail."""
    mail = Mail(item.mail.message_class, item.mail.subject)
    people = tuple([replace(one, address=replace(one.address, leftover={})) for one in item.attendees])
    return replace(item, mail=mail, attendees=people)


def file_time(moment: datetime) -> FileTime:
    return FileTime.from_datetime(moment)


@given(appointments())
def test_appointments_come_back(item: Appointment) -> None:
    message = stored(item)
    again = read(message)
    assert plain(again) == plain(item)
    twice = stored(again)
    assert twice.properties == message.properties
    assert twice.recipients == message.recipients


@given(appointments(), appointments())
def test_an_edit_wins_over_what_is_left_over(first: Appointment, second: Appointment) -> None:
    # Leftover of another appointment, whole: whatever it says of the fields must not count.
    kept = stored(first).properties
    owned = {
        key: value for key, value in kept.items() if any(identity(key) in group.identities for group in mapping.GROUPS)
    }
    mixed = replace(second, mail=replace(second.mail, leftover=owned))
    assert plain(read(stored(mixed))) == plain(second)


def test_properties_of_a_meeting() -> None:
    item = replace(
        MEETING,
        location="Room 7",
        busy=Busy.OUT_OF_OFFICE,
        reminder=Reminder(30),
        is_meeting=True,
        attendees=(
            Attendee(Address("Chair", "chair@a.example"), is_organizer=True),
            Attendee(Address("Guest", "guest@a.example"), Role.OPTIONAL, False, Response.ACCEPTED, NOON),
            Attendee(Address("Room", "room@a.example"), Role.RESOURCE),
        ),
        uid="x@a.example",
    )
    message = stored(item)
    properties = message.properties
    begins = file_time(NOON)
    wanted: Properties = {
        tags.PidTagMessageClass: "IPM.Appointment",
        named.PidLidAppointmentStartWhole: begins,
        named.PidLidAppointmentEndWhole: file_time(NOON + timedelta(hours=1)),
        named.PidLidAppointmentDuration: 60,
        named.PidLidAppointmentSubType: False,
        named.PidLidCommonStart: begins,
        named.PidLidClipStart: begins,
        tags.PidTagStartDate: begins,
        named.PidLidLocation: "Room 7",
        named.PidLidBusyStatus: 3,
        named.PidLidReminderSet: True,
        named.PidLidReminderDelta: 30,
        named.PidLidReminderTime: begins,
        named.PidLidReminderSignalTime: file_time(NOON - timedelta(minutes=30)),
        named.PidLidRecurring: False,
        named.PidLidAppointmentStateFlags: 1,
        named.PidLidResponseStatus: 0,
    }
    assert {key: properties[key] for key in wanted} == wanted
    assert (properties[tags.PidTagDisplayTo], properties[tags.PidTagDisplayCc]) == ("Chair", "Guest")
    rows = [row.properties for row in message.recipients]
    assert [row[tags.PidTagRecipientType] for row in rows] == [1, 2, 3]
    assert [row[tags.PidTagRecipientFlags] for row in rows] == [3, 1, 1]
    assert rows[1][tags.PidTagRecipientTrackStatus] == 3
    assert rows[1][tags.PidTagRecipientTrackStatusTime] == begins
    assert read(message).organizer == read(message).attendees[0].address
    zone = TimeZoneDefinition.parse(reading.data(properties, named.PidLidAppointmentTimeZoneDefinitionStartDisplay))
    assert zone.key_name == "W. Europe Standard Time"
    assert [rule.bias for rule in zone.rules] == [-60]


def test_properties_of_a_series() -> None:
    properties = stored(SERIES).properties
    assert properties[named.PidLidRecurring] is True
    assert properties[named.PidLidRecurrenceType] == 2
    struct = TimeZoneStruct.parse(reading.data(properties, named.PidLidTimeZoneStruct))
    assert (struct.bias, struct.daylight_bias, struct.daylight_date.month) == (-60, -60, 3)
    # From the first day to the last, midnight in Berlin.
    assert properties[named.PidLidClipStart] == file_time(datetime(2024, 6, 30, 22, tzinfo=UTC))
    assert properties[named.PidLidClipEnd] == file_time(datetime(2024, 7, 28, 22, tzinfo=UTC))


def test_whole_days_are_those_of_the_zone() -> None:
    item = replace(MEETING, start=date(2024, 7, 1), end=date(2024, 7, 3))
    properties = stored(item).properties
    assert item.is_all_day
    assert properties[named.PidLidAppointmentSubType] is True
    assert properties[named.PidLidAppointmentStartWhole] == file_time(datetime(2024, 6, 30, 22, tzinfo=UTC))
    assert properties[named.PidLidAppointmentDuration] == 2 * 24 * 60


@pytest.mark.parametrize("hours", [-11, -5, 0, 2, 11])
def test_whole_days_without_a_zone(hours: int) -> None:
    start = datetime(2024, 7, 1, tzinfo=UTC) - timedelta(hours=hours)
    message = MessageObject(
        {
            tags.PidTagMessageClass: "IPM.Appointment",
            named.PidLidAppointmentStartWhole: file_time(start),
            named.PidLidAppointmentEndWhole: file_time(start + timedelta(days=1)),
            named.PidLidAppointmentSubType: True,
        }
    )
    item = read(message)
    assert (item.start, item.end) == (date(2024, 7, 1), date(2024, 7, 2))
    again = stored(item).properties
    assert again[named.PidLidAppointmentStartWhole] == file_time(start)
    moved = stored(replace(item, start=date(2024, 8, 1), end=date(2024, 8, 2))).properties
    assert moved[named.PidLidAppointmentStartWhole] == file_time(datetime(2024, 8, 1, tzinfo=UTC))


def test_a_group_that_fields_do_not_say_returns_whole_until_they_change() -> None:
    odd: Properties = {
        tags.PidTagMessageClass: "IPM.Appointment",
        named.PidLidAppointmentStartWhole: FileTime(file_time(NOON) + 7),
        named.PidLidAppointmentEndWhole: file_time(NOON),
        named.PidLidBusyStatus: 77,
        named.PidLidReminderSet: False,
        named.PidLidReminderDelta: 1525252321,
        named.PidLidAppointmentRecur: b"damaged",
        named.PidLidGlobalObjectId: b"damaged too",
    }
    item = read(MessageObject(dict(odd)))
    again = stored(item).properties
    assert {key: again[key] for key in odd} == odd
    assert named.PidLidCommonStart not in again
    edited = stored(replace(item, start=NOON + timedelta(hours=1), busy=Busy.FREE)).properties
    assert edited[named.PidLidAppointmentStartWhole] == file_time(NOON + timedelta(hours=1))
    assert edited[named.PidLidCommonStart] == file_time(NOON + timedelta(hours=1))
    assert edited[named.PidLidBusyStatus] == 0
    assert edited[named.PidLidAppointmentRecur] == b"damaged"
    assert edited[named.PidLidReminderDelta] == 1525252321


def test_a_changed_instance_with_its_own_body_and_attachment() -> None:
    original, start = LocalTime(datetime(2024, 7, 8, 12, 0)), LocalTime(datetime(2024, 7, 9, 14, 0))
    inner = Appointment(
        Mail(
            "IPM.OLE.CLASS.{00061055-0000-0000-C000-000000000046}",
            text="Bring the plan",
            attachments=(Attachment("plan.txt", "text/plain", b"plan"),),
        ),
        datetime(2024, 7, 9, 12, 0, tzinfo=UTC),
        datetime(2024, 7, 9, 13, 0, tzinfo=UTC),
    )
    changed = ChangedInstance(
        original, start, LocalTime(datetime(2024, 7, 9, 15, 0)), location="Attic", has_body=True, item=inner
    )
    own_file = Attachment("agenda.txt", "text/plain", b"agenda")
    item = replace(SERIES, mail=replace(SERIES.mail, attachments=(own_file,)), changed=(changed,))
    message = stored(item)
    assert len(message.attachments) == 2
    row = message.attachments[1].properties
    assert row[tags.PidTagAttachmentHidden] is True
    assert row[tags.PidTagAttachmentFlags] == 2
    assert row[tags.PidTagExceptionStartTime] == file_time(datetime(2024, 7, 9, 14, 0, tzinfo=UTC))
    assert row[tags.PidTagExceptionReplaceTime] == file_time(datetime(2024, 7, 8, 10, 0, tzinfo=UTC))
    embedded = message.attachments[1].embedded
    assert embedded is not None
    # What it does not say is as in the series, and an empty text would be a text of its own.
    assert not {tags.PidTagSubject, named.PidLidLocation, named.PidLidBusyStatus} & embedded.properties.keys()
    again = read(message)
    assert [one.name for one in again.mail.attachments] == ["agenda.txt"]
    (one,) = again.changed
    assert one.item is not None
    assert (one.original, one.start, one.location, one.item.mail.text) == (original, start, "Attic", "Bring the plan")
    assert one.item.mail.attachments[0].content() == b"plan"
    assert stored(again).attachments[1].properties == row
    moved = replace(one, start=LocalTime(datetime(2024, 7, 10, 14, 0)), end=LocalTime(datetime(2024, 7, 10, 15, 0)))
    row = stored(replace(again, changed=(moved,))).attachments[1].properties
    assert row[tags.PidTagExceptionStartTime] == file_time(datetime(2024, 7, 10, 14, 0, tzinfo=UTC))


def test_an_appointment_is_read_and_written_as_any_item() -> None:
    item = replace(SERIES, location="Attic", attendees=(Attendee(Address("Guest", "guest@a.example")),))
    again = from_mapi(to_mapi(item))
    assert isinstance(again, Appointment)
    assert plain(again) == plain(item)
    assert readable(again).to[0].email == "guest@a.example"
    written = render(again)
    assert b"To: Guest <guest@a.example>" in written
    assert b"Location: Attic" in written
    assert b"Recurrence: every week on Monday, 5 times" in written


def test_changed_instances_are_attached_messages_to_who_reads_the_mail() -> None:
    moment = LocalTime(datetime(2024, 7, 8, 12, 0))
    inner = Appointment(Mail("IPM.OLE.CLASS.{00061055-0000-0000-C000-000000000046}", text="Bring the plan"))
    item = replace(SERIES, changed=(ChangedInstance(moment, moment, moment, item=inner),))
    assert b"Bring the plan" in render(item)
    assert item.mail.attachments == ()


def test_an_embedded_message_that_belongs_to_no_instance_stays_an_attachment() -> None:
    changed = ChangedInstance(
        LocalTime(datetime(2024, 7, 8, 12, 0)),
        LocalTime(datetime(2024, 7, 8, 13, 0)),
        LocalTime(datetime(2024, 7, 8, 14, 0)),
        item=Appointment(Mail("IPM.OLE.CLASS.{00061055-0000-0000-C000-000000000046}", text="x")),
    )
    message = stored(replace(SERIES, changed=(changed,)))
    message.attachments[0].properties[tags.PidTagExceptionStartTime] = file_time(NOON)
    item = read(message)
    assert item.changed[0].item is None
    assert len(item.mail.attachments) == 1
    assert len(stored(item).attachments) == 1


def test_the_reminder_follows_the_start() -> None:
    item = read(stored(replace(MEETING, reminder=Reminder(10))))
    assert item.reminder == Reminder(10)
    moved = stored(replace(item, start=NOON + timedelta(days=1), end=NOON + timedelta(days=2))).properties
    assert moved[named.PidLidReminderSignalTime] == file_time(NOON + timedelta(days=1, minutes=-10))


def test_an_answer_changes_its_row_and_nothing_else() -> None:
    item = read(stored(replace(MEETING, attendees=(Attendee(Address("A", "a@a.example")),))))
    row = stored(item).recipients[0].properties
    answered = replace(item.attendees[0], response=Response.DECLINED, replied=NOON, role=Role.OPTIONAL)
    changed = stored(replace(item, attendees=(answered,))).recipients[0].properties
    assert {key: value for key, value in changed.items() if row.get(key) != value} == {
        tags.PidTagRecipientType: 2,
        tags.PidTagRecipientTrackStatus: 4,
        tags.PidTagRecipientTrackStatusTime: file_time(NOON),
    }


def test_texts_that_name_attendees_follow_them() -> None:
    guests = (Attendee(Address("A", "a@a.example")), Attendee(Address("B", "b@a.example"), Role.OPTIONAL))
    message = stored(replace(MEETING, attendees=guests))
    message.properties[named.PidLidAllAttendeesString] = "B; A"
    message.properties[named.PidLidToAttendeesString] = "A"
    item = read(message)
    assert stored(item).properties[named.PidLidAllAttendeesString] == "B; A"
    fewer = stored(replace(item, attendees=item.attendees[:1])).properties
    assert fewer[named.PidLidAllAttendeesString] == "A"
    assert fewer[named.PidLidToAttendeesString] == "A"


def test_floating_times() -> None:
    start = LocalTime(datetime(2024, 7, 1, 12, 0))
    item = read(stored(replace(MEETING, start=start, end=start, zone=None)))
    assert (item.start, item.end) == (start, start)


@pytest.mark.parametrize(
    ("message_class", "wanted"),
    [
        ("IPM.Appointment", True), ("ipm.appointment.custom", True), ("IPM.Schedule.Meeting.Request", True),
        ("IPM.Schedule.Meeting.Resp.Pos", True), ("IPM.Schedule.Meeting.Canceled", True), ("IPM.Appointments", False),
        ("IPM.OLE.CLASS.{00061055-0000-0000-C000-000000000046}", True), ("IPM.Note", False), ("", False),
        ("IPM.Task", False),
    ],
)  # fmt: skip
def test_classes(message_class: str, wanted: bool) -> None:
    read = from_mapi(MessageObject({tags.PidTagMessageClass: message_class}))
    assert isinstance(read, Appointment) is wanted


_KEYS: st.SearchStrategy[PropertyKey] = st.sampled_from(
    sorted((key for group in mapping.GROUPS for key in group.keys), key=str)
)
_VALUES: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 63), 1 << 63),
    st.sampled_from([0, 1, 2, 3, 4, 5, 15, 1525252321]),
    st.text(max_size=10),
    st.binary(max_size=60),
    st.integers(0, (1 << 64) - 1).map(FileTime),
    st.sampled_from([0, 1, 9, (1 << 63), FileTime.NONE]).map(FileTime),
    st.sampled_from(list(stored(SERIES).properties.values())),
    st.lists(st.text(max_size=4), max_size=2),
)
_BLOBS: st.SearchStrategy[Properties] = appointments().map(lambda item: stored(item).properties)
_ROWS = st.dictionaries(
    st.sampled_from(
        [
            tags.PidTagRecipientType,
            tags.PidTagRecipientFlags,
            tags.PidTagRecipientTrackStatus,
            tags.PidTagRecipientTrackStatusTime,
            tags.PidTagDisplayName,
            tags.PidTagEmailAddress,
        ]
    ),
    _VALUES,
)


@given(_BLOBS, st.dictionaries(_KEYS, _VALUES, max_size=6), st.lists(_ROWS, max_size=2))
def test_whatever_a_store_says_is_an_appointment(
    sound: Properties, odd: Properties, rows: list[dict[PropertyKey, Value]]
) -> None:
    message = MessageObject({**sound, **odd}, [RecipientObject(dict(row)) for row in rows])
    item = read(message)
    again = stored(item)
    assert {key: again.properties.get(key) for key in odd} == odd
    assert len(again.recipients) == len(rows)
    assert read(again) == item
