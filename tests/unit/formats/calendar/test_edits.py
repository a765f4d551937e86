"""What other programs change in a calendar of ours counts more than the fields of ours that they left beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailconnector.formats import calendar
from mailconnector.formats.calendar.lines import CalendarFormatError
from mailconnector.items import Appointment, Mail, Task
from mailconnector.items.appointment import Busy
from mailconnector.items.task import TaskStatus


def test_a_task_that_another_program_has_done_is_done() -> None:
    waiting = Task(Mail("IPM.Task", subject="Wait"), status=TaskStatus.WAITING, percent_complete=0.123)
    written = calendar.render(waiting)
    (same,) = calendar.parse(written)
    assert isinstance(same, Task)
    assert (same.status, same.percent_complete) == (TaskStatus.WAITING, 0.123)
    done = written.replace(b"STATUS:IN-PROCESS", b"STATUS:COMPLETED").replace(b"COMPLETE:12\r\n", b"COMPLETE:100\r\n")
    (read,) = calendar.parse(done)
    assert isinstance(read, Task)
    assert (read.status, read.percent_complete) == (TaskStatus.COMPLETE, 1.0)


def test_time_that_another_program_shows_as_free_or_busy_is_shown_so() -> None:
    begin = datetime(2026, 3, 2, 9, tzinfo=UTC)
    away = Appointment(
        Mail("IPM.Appointment", subject="Away"), begin, begin + timedelta(hours=1), busy=Busy.OUT_OF_OFFICE
    )
    free = replace(away, busy=Busy.FREE)
    assert _busy(calendar.render(away)) is Busy.OUT_OF_OFFICE
    assert _busy(calendar.render(away).replace(b"TRANSP:OPAQUE", b"TRANSP:TRANSPARENT")) is Busy.FREE
    assert _busy(calendar.render(free).replace(b"TRANSP:TRANSPARENT", b"TRANSP:OPAQUE")) is Busy.BUSY


def test_an_event_that_begins_at_no_time_is_not_taken_for_one() -> None:
    begin = datetime(2026, 3, 2, 9, tzinfo=UTC)
    written = calendar.render(Appointment(Mail("IPM.Appointment", subject="When?"), begin, begin + timedelta(hours=1)))
    with pytest.raises(CalendarFormatError, match="no time"):
        calendar.parse(written.replace(b"DTSTART:20260302T090000Z", b"DTSTART:soon"))


def _busy(written: bytes) -> Busy:
    (read,) = calendar.parse(written)
    assert isinstance(read, Appointment)
    return read.busy
