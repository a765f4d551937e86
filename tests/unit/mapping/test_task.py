"""The properties that Outlook expects of a task, and tasks as it stored them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from mailconnector.items import Flags, Mail
from mailconnector.items.recurrence import Frequency, Recurrence
from mailconnector.items.task import Task, TaskOwnership, TaskState, TaskStatus
from mailconnector.mapi import named, tags
from mailconnector.mapi.objects import MessageObject, Properties
from mailconnector.mapi.recurrence import RecurrencePattern
from mailconnector.mapi.types import FileTime
from mailconnector.mapping import from_mapi, task, to_mapi
from mailconnector.mapping.recurrence import read_pattern

MAIL = Mail(message_class="IPM.Task", subject="Pay taxes")
TAXES = Task(
    MAIL,
    status=TaskStatus.IN_PROGRESS,
    percent_complete=0.25,
    start=date(2024, 5, 1),
    due=date(2024, 5, 31),
    reminder=datetime(2024, 5, 30, 7, 0, tzinfo=UTC),
    owner="Ada",
    actual_effort=90,
    companies=("State",),
)
WEEKLY = Recurrence(Frequency.WEEKLY, weekdays=(1,))


def written(item: Task) -> Properties:
    return task.to_object(item, to_mapi, frozenset()).properties


def read(properties: Properties) -> Task:
    return task.from_object(MessageObject(dict(properties)), from_mapi)


def moment(text: str) -> FileTime:
    return FileTime.from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC))


def test_the_properties_of_a_task() -> None:
    properties = written(TAXES)
    expected: Properties = {
        named.PidLidTaskStatus: 1,
        named.PidLidPercentComplete: 0.25,
        named.PidLidTaskComplete: False,
        named.PidLidTaskStartDate: moment("2024-05-01"),
        named.PidLidCommonStart: moment("2024-05-01"),
        named.PidLidTaskDueDate: moment("2024-05-31"),
        named.PidLidCommonEnd: moment("2024-05-31"),
        named.PidLidReminderSet: True,
        named.PidLidReminderTime: moment("2024-05-30T07:00"),
        named.PidLidReminderSignalTime: moment("2024-05-30T07:00"),
        named.PidLidTaskOwner: "Ada",
        named.PidLidTaskActualEffort: 90,
        named.PidLidTaskState: 1,
        named.PidLidTaskOwnership: 0,
        named.PidLidTaskAcceptanceState: 0,
        named.PidLidCompanies: ["State"],
        tags.PidTagIconIndex: 0x500,
    }
    assert {key: properties.get(key) for key in expected} == expected
    assert named.PidLidTaskDateCompleted not in properties
    assert named.PidLidTaskRecurrence not in properties


def test_a_task_that_is_done() -> None:
    item = TAXES.done(date(2024, 5, 2))
    properties = written(item)
    assert properties[named.PidLidTaskStatus] == 2
    assert properties[named.PidLidPercentComplete] == 1.0
    assert properties[named.PidLidTaskComplete] is True
    assert properties[named.PidLidTaskDateCompleted] == moment("2024-05-02")
    assert named.PidLidReminderSet not in properties
    assert read(properties) == item


def test_a_day_that_changes_stays_in_the_users_time_zone() -> None:
    stored = written(TAXES) | {
        named.PidLidCommonStart: moment("2024-04-30T22:00"),
        named.PidLidCommonEnd: moment("2024-05-31T05:00"),
    }
    item = read(stored)
    assert (item.start, item.due) == (TAXES.start, TAXES.due)
    assert written(item) == stored
    changed = written(replace(item, start=date(2024, 6, 1), due=None))
    assert changed[named.PidLidTaskStartDate] == moment("2024-06-01")
    assert changed[named.PidLidCommonStart] == moment("2024-05-31T22:00")
    assert named.PidLidTaskDueDate not in changed
    assert named.PidLidCommonEnd not in changed


def test_what_outlook_wrote_stays_until_the_field_changes() -> None:
    stored = written(TAXES) | {
        named.PidLidTaskComplete: True,
        named.PidLidReminderSet: False,
        named.PidLidReminderTime: moment("2024-05-01"),
        named.PidLidTaskDateCompleted: FileTime(FileTime.NONE),
        named.PidLidTeamTask: False,
        named.PidLidTaskVersion: 5,
        tags.PidTagIconIndex: 0x510,
    }
    item = read(stored)
    assert (item.status, item.reminder, item.completed) == (TaskStatus.IN_PROGRESS, None, None)
    assert written(item) == stored
    changed = written(replace(item, status=TaskStatus.WAITING))
    assert (changed[named.PidLidTaskStatus], changed[named.PidLidTaskComplete]) == (3, False)
    assert changed[named.PidLidTaskVersion] == 5
    assert changed[tags.PidTagIconIndex] == 0x510


def test_a_task_that_comes_again() -> None:
    item = replace(TAXES, recurrence=WEEKLY)
    properties = written(item)
    assert properties[named.PidLidTaskFRecurring] is True
    blob = properties[named.PidLidTaskRecurrence]
    assert isinstance(blob, bytes)
    assert read_pattern(RecurrencePattern.parse(blob)) == WEEKLY
    # What a store has beyond that stays for as long as the task comes again as it did.
    longer = replace(
        RecurrencePattern.parse(blob), writer_version=0x3007, start=RecurrencePattern.parse(blob).start + 1440
    )
    properties[named.PidLidTaskRecurrence] = longer.to_bytes()
    assert written(replace(read(properties), owner="Bob"))[named.PidLidTaskRecurrence] == longer.to_bytes()
    properties[named.PidLidTaskRecurrence] = blob
    assert properties[tags.PidTagIconIndex] == 0x501
    again = read(properties)
    assert again == item
    once = written(replace(again, recurrence=None))
    assert named.PidLidTaskRecurrence not in once
    assert once[tags.PidTagIconIndex] == 0x500


def test_a_recurrence_that_cannot_be_read_is_kept() -> None:
    stored: Properties = {named.PidLidTaskRecurrence: b"\x04\x30damaged", named.PidLidTaskFRecurring: True}
    item = read(stored)
    assert item.recurrence is None
    again = written(replace(item, owner="Bob"))
    assert {key: again[key] for key in stored} == stored


@pytest.mark.parametrize(("ownership", "icon"), [(TaskOwnership.ASSIGNEE, 0x502), (TaskOwnership.ASSIGNER, 0x503)])
def test_an_assigned_task_has_its_icon(ownership: TaskOwnership, icon: int) -> None:
    item = read(written(TAXES))
    changed = written(replace(item, ownership=ownership, state=TaskState.ASSIGNEES))
    assert changed[tags.PidTagIconIndex] == icon
    assert changed[named.PidLidTaskState] == 2


def test_a_flag_is_no_part_of_a_task() -> None:
    item = replace(TAXES, mail=replace(MAIL, flags=Flags(flagged=True)))
    properties = written(item)
    assert properties[tags.PidTagFlagStatus] == 2
    assert properties[named.PidLidTaskStatus] == 1
    assert read(properties) == item
    bare = read(properties)
    bare = replace(bare, mail=replace(bare.mail, flags=Flags()))
    assert written(bare)[named.PidLidTaskDueDate] == moment("2024-05-31")
    assert tags.PidTagFlagStatus not in written(bare)


def test_values_that_are_none_are_kept() -> None:
    stored: Properties = {
        named.PidLidTaskStatus: 9,
        named.PidLidPercentComplete: float("inf"),
        named.PidLidTaskComplete: True,
        named.PidLidTaskState: -1,
        named.PidLidTaskHistory: 77,
    }
    item = read(stored)
    assert (item.status, item.percent_complete) == (TaskStatus.NOT_STARTED, 0.0)
    assert item.state is TaskState.NOT_ASSIGNED
    again = written(item)
    assert {key: again[key] for key in stored} == stored


def test_a_complete_task_of_an_old_version() -> None:
    assert read({named.PidLidTaskComplete: True}).status is TaskStatus.COMPLETE
