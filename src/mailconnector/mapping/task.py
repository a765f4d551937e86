"""Tasks ([MS-OXOTASK])."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any

from mailconnector.items import Item
from mailconnector.items.recurrence import Recurrence
from mailconnector.items.task import Task, TaskAcceptance, TaskChange, TaskOwnership, TaskState, TaskStatus
from mailconnector.mapi import named, reading, tags
from mailconnector.mapi.objects import MessageObject, Properties
from mailconnector.mapi.recurrence import RecurrenceFormatError, RecurrencePattern
from mailconnector.mapi.recurrence import moment_of as pattern_moment
from mailconnector.mapping import form_fields
from mailconnector.mapping import mail as mail_mapping
from mailconnector.mapping.attachments import file_time_of
from mailconnector.mapping.fields import (
    Group,
    certain_choice,
    choice,
    groups_of,
    mail_part,
    moment,
    number,
    put_fields,
    read_day,
    stored_day,
    text,
    truth,
    values,
    with_fields,
    without_fields,
)
from mailconnector.mapping.recurrence import make_pattern, read_pattern

_ICON, _RECURRING_ICON, _ASSIGNEES_ICON, _ASSIGNERS_ICON = 0x500, 0x501, 0x502, 0x503
_NO_DAY = date(1601, 1, 1)
_OUR_ICONS = frozenset({_ICON, _RECURRING_ICON, _ASSIGNEES_ICON, _ASSIGNERS_ICON})

_FIELDS = (
    truth("occurrence_is_dead", named.PidLidTaskDeadOccurrence),
    number("estimated_effort", named.PidLidTaskEstimatedEffort),
    number("actual_effort", named.PidLidTaskActualEffort),
    text("owner", named.PidLidTaskOwner),
    text("assigner", named.PidLidTaskAssigner),
    text("last_user", named.PidLidTaskLastUser),
    text("last_delegate", named.PidLidTaskLastDelegate),
    text("role", named.PidLidTaskRole),
    certain_choice("state", named.PidLidTaskState, TaskState.NOT_ASSIGNED),
    certain_choice("ownership", named.PidLidTaskOwnership, TaskOwnership.NOT_ASSIGNED),
    certain_choice("acceptance", named.PidLidTaskAcceptanceState, TaskAcceptance.NOT_ASSIGNED),
    choice("last_change", named.PidLidTaskHistory, TaskChange.NONE),
    moment("last_update", named.PidLidTaskLastUpdate),
    truth("wants_updates", named.PidLidTaskUpdates),
    truth("wants_report", named.PidLidTaskStatusOnComplete),
    truth("team_task", named.PidLidTeamTask),
    *form_fields.LINKS,
)

# The local day, and the moment when it begins, which all kinds of items have.
_DAYS = {
    "start": (named.PidLidTaskStartDate, named.PidLidCommonStart),
    "due": (named.PidLidTaskDueDate, named.PidLidCommonEnd),
}


def _read_status(source: reading.Source) -> tuple[TaskStatus, float]:
    default = TaskStatus.COMPLETE if reading.truth(source, named.PidLidTaskComplete) else TaskStatus.NOT_STARTED
    found = reading.number(source, named.PidLidTaskStatus, default)
    percent = source.get(named.PidLidPercentComplete)
    status = TaskStatus(found) if found in tuple(TaskStatus) else TaskStatus.NOT_STARTED
    return status, percent if isinstance(percent, float) and 0.0 <= percent <= 1.0 else 0.0


def _write_status(item: Task, left: Properties) -> Properties:
    return {
        named.PidLidTaskStatus: int(item.status),
        named.PidLidPercentComplete: item.percent_complete,
        named.PidLidTaskComplete: item.status is TaskStatus.COMPLETE,
    }


def _write_day(item: Task, left: Properties, *, name: str) -> Properties:
    day: date | None = getattr(item, name)
    stored = None if day is None else stored_day(day)
    if stored is None:
        return {}
    local, common = _DAYS[name]
    properties: Properties = {local: stored, common: stored}
    # The user's time zone is that of the day before.
    before, moment_before = reading.moment(left, local), reading.moment(left, common)
    stored_moment = stored.to_datetime()
    if before is not None and moment_before is not None and stored_moment is not None:
        try:
            shifted = file_time_of(stored_moment + (moment_before - before))
        except OverflowError:
            shifted = None
        if shifted is not None and abs(moment_before - before).days < 1:
            properties[common] = shifted
    return properties


def _write_completed(item: Task, left: Properties) -> Properties:
    stored = None if item.completed is None else stored_day(item.completed)
    return {} if stored is None else {named.PidLidTaskDateCompleted: stored}


def _read_reminder(source: reading.Source) -> datetime | None:
    if not reading.truth(source, named.PidLidReminderSet):
        return None
    return reading.moment(source, named.PidLidReminderSignalTime) or reading.moment(source, named.PidLidReminderTime)


def _write_reminder(item: Task, left: Properties) -> Properties:
    stored = None if item.reminder is None else file_time_of(item.reminder)
    if stored is None:
        return {}
    return {
        named.PidLidReminderSet: True,
        named.PidLidReminderTime: stored,
        named.PidLidReminderSignalTime: stored,
    }


def _read_recurrence(source: reading.Source) -> Recurrence | None:
    pattern = _pattern(source)
    return None if pattern is None else read_pattern(pattern)


def _pattern(source: reading.Source) -> RecurrencePattern | None:
    blob = reading.data(source, named.PidLidTaskRecurrence)
    if not blob:
        return None
    try:
        return RecurrencePattern.parse(blob)
    except RecurrenceFormatError:
        return None


def _write_recurrence(item: Task, left: Properties) -> Properties:
    if item.recurrence is None:
        return {}
    try:
        pattern = make_pattern(item.recurrence, item.start or item.due or _first_day(left))
    except RecurrenceFormatError:
        return {}
    return {named.PidLidTaskRecurrence: pattern.to_bytes(), named.PidLidTaskFRecurring: True}


def _first_day(left: Properties) -> date:
    """Return from which day on a task without any comes again: what it said before, else the first that there is."""
    pattern = _pattern(left)
    try:
        return _NO_DAY if pattern is None else pattern_moment(pattern.start).date()
    except RecurrenceFormatError:
        return _NO_DAY


def _write_icon(item: Task, left: Properties) -> Properties:
    found = left.get(tags.PidTagIconIndex)
    if found is not None and found not in _OUR_ICONS:
        return left
    icon = _RECURRING_ICON if item.recurrence is not None else _ICON
    if item.ownership is not TaskOwnership.NOT_ASSIGNED:
        icon = _ASSIGNEES_ICON if item.ownership is TaskOwnership.ASSIGNEE else _ASSIGNERS_ICON
    return {tags.PidTagIconIndex: icon}


_GROUPS: tuple[Group[Any], ...] = (
    Group((named.PidLidTaskStatus, named.PidLidPercentComplete, named.PidLidTaskComplete), _read_status, _write_status),
    *(Group(keys, partial(read_day, key=keys[0]), partial(_write_day, name=name)) for name, keys in _DAYS.items()),
    Group((named.PidLidTaskDateCompleted,), partial(read_day, key=named.PidLidTaskDateCompleted), _write_completed),
    Group(
        (named.PidLidReminderSet, named.PidLidReminderTime, named.PidLidReminderSignalTime),
        _read_reminder,
        _write_reminder,
    ),
    Group((named.PidLidTaskRecurrence, named.PidLidTaskFRecurring), _read_recurrence, _write_recurrence),
    Group((tags.PidTagIconIndex,), lambda source: source.get(tags.PidTagIconIndex), _write_icon),
    *groups_of(_FIELDS),
    form_fields.PRIVATE,
)


def to_object(item: Task, embed: Callable[[Item], MessageObject], own_addresses: frozenset[str]) -> MessageObject:
    """Return a task as a MAPI message."""
    message = mail_mapping.to_object(without_fields(item.mail, _GROUPS), embed, own_addresses)
    put_fields(message.properties, item, item.mail.leftover, _GROUPS)
    return message


def from_object(message: MessageObject, extract: Callable[[MessageObject], Item]) -> Task:
    """Return a MAPI message as a task."""
    source = message.properties
    mail = mail_mapping.from_object(mail_part(message, _GROUPS), extract)
    status, percent = _read_status(source)
    item = Task(
        mail,
        status=status,
        percent_complete=percent,
        start=read_day(source, named.PidLidTaskStartDate),
        due=read_day(source, named.PidLidTaskDueDate),
        completed=read_day(source, named.PidLidTaskDateCompleted),
        reminder=_read_reminder(source),
        recurrence=_read_recurrence(source),
        **values(_FIELDS, source),
    )
    return replace(item, mail=with_fields(mail, item, _GROUPS, source))
