"""A task ([MS-OXOTASK])."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import IntEnum

from mailconnector.items.mail import Mail
from mailconnector.items.recurrence import Recurrence


class TaskStatus(IntEnum):
    """How far a task is; the numbers are those of PidLidTaskStatus."""

    NOT_STARTED = 0
    IN_PROGRESS = 1
    COMPLETE = 2
    WAITING = 3
    DEFERRED = 4


class TaskState(IntEnum):
    """Whose copy of an assigned task it is; the numbers are those of PidLidTaskState."""

    LOST = 0
    NOT_ASSIGNED = 1
    ASSIGNEES = 2
    ASSIGNERS = 3
    REJECTED = 4
    UNASSIGNED_COPY = 5


class TaskOwnership(IntEnum):
    """What the user is to a task; the numbers are those of PidLidTaskOwnership."""

    NOT_ASSIGNED = 0
    ASSIGNER = 1
    ASSIGNEE = 2


class TaskAcceptance(IntEnum):
    """What the assignee said; the numbers are those of PidLidTaskAcceptanceState."""

    NOT_ASSIGNED = 0
    UNKNOWN = 1
    ACCEPTED = 2
    REJECTED = 3


class TaskChange(IntEnum):
    """What happened to a task last; the numbers are those of PidLidTaskHistory."""

    NONE = 0
    ACCEPTED = 1
    REJECTED = 2
    OTHER = 3
    DUE_DATE = 4
    ASSIGNED = 5


@dataclass(frozen=True, slots=True)
class Task:
    """A task.

    Attributes:
        mail: Its notes as bodies, its attachments, categories, importance, and what no field expresses.
        status: How far it is.
        percent_complete: The same as a fraction, 0.0 to 1.0.
        start: When work on it begins; a day is the same day in every time zone.
        due: When it has to be done.
        completed: When it was done.
        reminder: When the user is to be reminded, aware; None for no reminder.
        recurrence: How it comes again; None when it does not, or in a way that cannot be read.
        occurrence_is_dead: It is one of a series that has gone on without it.
        estimated_effort: Minutes of work that are planned.
        actual_effort: Minutes of work that were done.
        owner: Name of who has to do it.
        assigner: Name of who gave it to the owner.
        last_user: Name of who changed it last.
        last_delegate: Name of who did so on another's behalf.
        role: What part the owner plays in it.
        state: Whose copy it is.
        ownership: What the user is to it.
        acceptance: What the assignee said.
        last_change: What happened to it last.
        last_update: When that was, aware; None when it is not known.
        wants_updates: The assigner wants to be told of changes.
        wants_report: The assigner wants to be told when it is done.
        team_task: Several people have to do it.
        billing: Billing information.
        mileage: Mileage.
        companies: Linked firms.
        contacts: Names of linked contacts.
    """

    mail: Mail
    status: TaskStatus = TaskStatus.NOT_STARTED
    percent_complete: float = 0.0
    start: date | None = None
    due: date | None = None
    completed: date | None = None
    reminder: datetime | None = None
    recurrence: Recurrence | None = None
    occurrence_is_dead: bool = False
    estimated_effort: int = 0
    actual_effort: int = 0
    owner: str = ""
    assigner: str = ""
    last_user: str = ""
    last_delegate: str = ""
    role: str = ""
    state: TaskState = TaskState.NOT_ASSIGNED
    ownership: TaskOwnership = TaskOwnership.NOT_ASSIGNED
    acceptance: TaskAcceptance = TaskAcceptance.NOT_ASSIGNED
    last_change: TaskChange = TaskChange.NONE
    last_update: datetime | None = None
    wants_updates: bool = False
    wants_report: bool = False
    team_task: bool = False
    billing: str = ""
    mileage: str = ""
    companies: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()

    @property
    def message_class(self) -> str:
        """The item's MAPI message class."""
        return self.mail.message_class

    def done(self, on: date) -> Task:
        """Return it as done on a day, as Outlook marks it."""
        return replace(self, status=TaskStatus.COMPLETE, percent_complete=1.0, completed=on, reminder=None)
