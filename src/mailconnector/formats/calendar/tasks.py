"""Tasks and the VTODO components of a calendar ([RFC 5545] 3.6.2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from mailconnector.formats.calendar.fields import LINKS, OwnField, put_fields, read_fields
from mailconnector.formats.calendar.lines import Component, Line
from mailconnector.formats.calendar.mail import alarm, made_uid, put_mail, read_alarm, read_mail
from mailconnector.formats.calendar.patterns import put_rule, read_blob
from mailconnector.formats.calendar.rules import pattern_of, rule_of
from mailconnector.formats.calendar.values import duration_of, moment_of, when_line, written_time
from mailconnector.formats.calendar.zones import Zones
from mailconnector.items import Task
from mailconnector.items.recurrence import Recurrence
from mailconnector.items.task import TaskAcceptance, TaskChange, TaskOwnership, TaskState, TaskStatus
from mailconnector.mapping.recurrence import read_pattern

TASK = "IPM.Task"

_STATUS = {
    "NEEDS-ACTION": TaskStatus.NOT_STARTED,
    "NEEDS ACTION": TaskStatus.NOT_STARTED,
    "IN-PROCESS": TaskStatus.IN_PROGRESS,
    "COMPLETED": TaskStatus.COMPLETE,
    "CANCELLED": TaskStatus.DEFERRED,
}
_WRITTEN_STATUS = {
    TaskStatus.NOT_STARTED: "NEEDS-ACTION",
    TaskStatus.IN_PROGRESS: "IN-PROCESS",
    TaskStatus.COMPLETE: "COMPLETED",
    TaskStatus.WAITING: "IN-PROCESS",
    TaskStatus.DEFERRED: "NEEDS-ACTION",
}
_NO_DAY = date(1601, 1, 1)
_OWN_STATUS = OwnField("status", "X-MAILCONNECTOR-STATUS", TaskStatus)
_OWN_PERCENT = OwnField("percent_complete", "X-MAILCONNECTOR-PERCENT", float)
_OWN_FIELDS = (
    OwnField("estimated_effort", "X-MAILCONNECTOR-ESTIMATED-EFFORT", int),
    OwnField("actual_effort", "X-MAILCONNECTOR-ACTUAL-EFFORT", int),
    OwnField("owner", "X-MAILCONNECTOR-OWNER", str),
    OwnField("assigner", "X-MAILCONNECTOR-ASSIGNER", str),
    OwnField("last_user", "X-MAILCONNECTOR-LAST-USER", str),
    OwnField("last_delegate", "X-MAILCONNECTOR-LAST-DELEGATE", str),
    OwnField("role", "X-MAILCONNECTOR-ROLE", str),
    OwnField("state", "X-MAILCONNECTOR-STATE", TaskState),
    OwnField("ownership", "X-MAILCONNECTOR-OWNERSHIP", TaskOwnership),
    OwnField("acceptance", "X-MAILCONNECTOR-ACCEPTANCE", TaskAcceptance),
    OwnField("last_change", "X-MAILCONNECTOR-LAST-CHANGE", TaskChange),
    OwnField("last_update", "X-MAILCONNECTOR-LAST-UPDATE", datetime),
    OwnField("wants_updates", "X-MAILCONNECTOR-WANTS-UPDATES", bool),
    OwnField("wants_report", "X-MAILCONNECTOR-WANTS-REPORT", bool),
    OwnField("team_task", "X-MAILCONNECTOR-TEAM-TASK", bool),
    OwnField("occurrence_is_dead", "X-MAILCONNECTOR-DEAD-OCCURRENCE", bool),
    *LINKS,
)


def read_task(component: Component, zones: Zones) -> Task:
    """Return the task of a VTODO."""
    start, due = _day(component, "DTSTART"), _day(component, "DUE")
    begins = moment_of(component.text("DTSTART"))
    duration = duration_of(component.text("DURATION"))
    if due is None and begins is not None and duration is not None:
        try:
            due = (begins.local + duration).date()
        except OverflowError:
            due = None
    status = _STATUS.get(component.text("STATUS").strip().upper(), TaskStatus.NOT_STARTED)
    completed = _day(component, "COMPLETED")
    if completed is not None and not component.first("STATUS"):
        status = TaskStatus.COMPLETE
    task = Task(
        read_mail(component, TASK),
        status=status,
        percent_complete=_percent(component, status),
        start=start,
        due=due,
        completed=completed,
        reminder=_reminder(component, zones),
        recurrence=_recurrence(component, start or due),
    )
    own = read_fields(component, (_OWN_STATUS, _OWN_PERCENT, *_OWN_FIELDS))
    return replace(task, **{name: value for name, value in own.items() if not _is_stale(name, value, component)})


def _is_stale(name: str, value: Any, component: Component) -> bool:
    """Tell whether another program has changed what a field of ours says more exactly than the calendar's own does."""
    if name == "status":
        return component.text("STATUS").strip().upper() not in ("", _WRITTEN_STATUS[value])
    if name == "percent_complete":
        return component.text("PERCENT-COMPLETE").strip() not in ("", str(round(value * 100)))
    return False


def _day(component: Component, name: str) -> date | None:
    moment = moment_of(component.text(name))
    return None if moment is None else moment.local.date()


def _percent(component: Component, status: TaskStatus) -> float:
    text = component.text("PERCENT-COMPLETE").strip()
    if text.isdecimal() and len(text) < 4:
        return min(int(text), 100) / 100
    return 1.0 if status is TaskStatus.COMPLETE else 0.0


def _moment(component: Component, name: str, zones: Zones) -> datetime | None:
    """Return a time as a moment: a day, or a time of no zone, as that of UTC."""
    line = component.first(name)
    moment = None if line is None else moment_of(line.value)
    if line is None or moment is None:
        return None
    when = replace(moment, zone=zones.zone(line.parameter("TZID"), moment.local.year)).when()
    return when if isinstance(when, datetime) else moment.local.replace(tzinfo=UTC)


def _reminder(component: Component, zones: Zones) -> datetime | None:
    due = _moment(component, "DUE", zones)
    first = _moment(component, "DTSTART", zones) or due
    when = read_alarm(component, first, due)
    if isinstance(when, timedelta):
        try:
            return None if first is None else first - when
        except OverflowError:
            return None
    return when


def _recurrence(component: Component, first: date | None) -> Recurrence | None:
    blob = read_blob(component)
    if blob is not None:
        return read_pattern(blob)
    rules = component.all("RRULE")
    rule = rule_of(rules[0].value) if len(rules) == 1 else None
    if rule is None or first is None:
        return None
    return pattern_of(rule, datetime(first.year, first.month, first.day), None)


def put_task(calendar: Component, task: Task, *, inline: bool, uid: str) -> None:
    """Write a task into a calendar."""
    todo = Component("VTODO")
    for name, day in (("DTSTART", task.start), ("DUE", task.due)):
        if day is not None:
            todo.lines.append(when_line(name, day, None, ""))
    if task.completed is not None:
        todo.add(
            "COMPLETED", f"{written_time(datetime(task.completed.year, task.completed.month, task.completed.day))}Z"
        )
    todo.add("STATUS", _WRITTEN_STATUS[task.status])
    if _STATUS[_WRITTEN_STATUS[task.status]] is not task.status:
        todo.add(_OWN_STATUS.name, _OWN_STATUS.written(task.status))
    percent = round(task.percent_complete * 100)
    todo.add("PERCENT-COMPLETE", str(percent))
    if percent / 100 != task.percent_complete:
        todo.add(_OWN_PERCENT.name, _OWN_PERCENT.written(task.percent_complete))
    put_mail(todo, task.mail, inline=inline)
    _put_recurrence(todo, task)
    put_fields(todo, task, _OWN_FIELDS)
    if task.reminder is not None:
        todo.parts.append(alarm(task.mail.subject, task.reminder))
    todo.lines.insert(0, Line("UID", uid or made_uid(todo)))
    calendar.parts.append(todo)


def _put_recurrence(todo: Component, task: Task) -> None:
    if task.recurrence is None:
        return
    day = task.start or task.due
    first = day or _NO_DAY
    start = datetime(first.year, first.month, first.day)
    put_rule(todo, task.recurrence, start, is_day=True, zone=None, floating=False, is_dated=day is not None)
