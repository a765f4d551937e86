"""What people read of an appointment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given

from mailconnector.items import Address, Mail
from mailconnector.items.appointment import (
    Appointment,
    Attendee,
    Busy,
    ChangedInstance,
    Reminder,
    Response,
    Role,
)
from mailconnector.items.appointment_text import appointment_lines, recurrence_text
from mailconnector.items.recurrence import Frequency, Recurrence
from mailconnector.items.zone_names import zone_of_iana
from mailconnector.items.zones import LocalTime
from tests.unit.items.appointments import appointments

NOON = datetime(2024, 7, 1, 10, 0, tzinfo=UTC)


def local_time(hour: int) -> LocalTime:
    return LocalTime(datetime(2024, 7, 15, hour))


def test_a_meeting_in_words() -> None:
    item = Appointment(
        Mail("IPM.Appointment", subject="Plan", author=Address("Chair", "chair@a.example")),
        NOON,
        NOON + timedelta(hours=1),
        zone_of_iana("Europe/Berlin", 2020, 2030),
        location="Room 7",
        busy=Busy.OUT_OF_OFFICE,
        reminder=Reminder(15),
        is_meeting=True,
        attendees=(
            Attendee(Address("A", "a@a.example"), response=Response.ACCEPTED),
            Attendee(Address("", "b@a.example"), Role.OPTIONAL),
        ),
        recurrence=Recurrence(Frequency.WEEKLY, 2, (1, 3), count=5),
        deleted=(date(2024, 7, 3),),
        changed=(ChangedInstance(local_time(12), local_time(14), local_time(15)),),
        private=True,
    )
    assert list(appointment_lines(item)) == [
        "Start: 2024-07-01 12:00 W. Europe Standard Time",
        "End: 2024-07-01 13:00 W. Europe Standard Time",
        "Location: Room 7",
        "Recurrence: every 2 weeks on Monday, Wednesday, 5 times",
        "Changed: 2024-07-15 12:00 to 2024-07-15 14:00",
        "Not on: 2024-07-03",
        "Organizer: Chair",
        "Required: A (accepted)",
        "Optional: b@a.example",
        "Shown as: out of office",
        "Reminder: 15 minutes before",
        "Private: yes",
    ]
    without_zone = replace(item, zone=None, recurrence=None, changed=(), deleted=())
    assert next(appointment_lines(without_zone)) == "Start: 2024-07-01 10:00 UTC"


def test_whole_days_end_with_their_last_day() -> None:
    item = Appointment(Mail("IPM.Appointment"), date(2024, 7, 1), date(2024, 7, 3))
    assert list(appointment_lines(item)) == ["Start: 2024-07-01", "End: 2024-07-02"]


@pytest.mark.parametrize(
    ("recurrence", "wanted"),
    [
        (Recurrence(Frequency.DAILY), "every day"),
        (Recurrence(Frequency.DAILY, weekdays=(1, 2, 3, 4, 5)), "every day on weekday"),
        (Recurrence(Frequency.MONTHLY, 3, month_day=31), "every 3 months on day 31"),
        (Recurrence(Frequency.MONTHLY, month_day=-1), "every month on the last day"),
        (Recurrence(Frequency.MONTHLY, weekdays=(2,), position=-1), "every month on the last Tuesday"),
        (Recurrence(Frequency.YEARLY, month_day=14), "every year on day 14 of July"),
        (Recurrence(Frequency.YEARLY, weekdays=tuple(range(7)), position=1), "every year on the first day of July"),
        (Recurrence(Frequency.WEEKLY, weekdays=(0,), until=date(2025, 1, 1)), "every week on Sunday, until 2025-01-01"),
        (Recurrence(Frequency.DAILY, 3, regenerating=True), "every 3 days after it is done"),
    ],
)
def test_recurrences_in_words(recurrence: Recurrence, wanted: str) -> None:
    assert recurrence_text(recurrence, NOON) == wanted


@given(appointments())
def test_every_appointment_has_words(item: Appointment) -> None:
    assert all(": " in line for line in appointment_lines(item))
