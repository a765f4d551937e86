"""Appointments, meetings, and the messages about them, as every part of the program sees them.

An `Appointment` is made of a `Mail` and of what a calendar knows beyond it. The mail has what every item has:
message class, subject, bodies, categories (its flags' keywords), importance, sensitivity, attachments, author, and
what is left over. Its recipients are empty: who is invited is in `attendees`, in their order; `as_mail` puts them
into the mail for whoever wants to show it.

Times. `start` and `end` are aware datetimes in UTC, days (an all-day appointment; `end` is the day after the last
one), or local times of no zone (a floating one). `zone` says by which clocks the appointment was meant, and so
where an all-day one begins and by which rules a series goes on in summer and winter.

Series. `recurrence` is the pattern; `deleted` are the days of it that have no instance, `changed` the instances
that are not as the pattern or the series has them. Their times are by the clocks of the series' zone; where the
series is an all-day one they are midnights. A field of a changed instance is None where it is as in the series.
What an instance has of its own beyond these fields (body, attachments, attendees) is in its `item`.

Meetings. Messages about meetings are appointments too: requests, answers and cancellations have their message
class, and say with `uid` and `instance` which appointment they are about.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import IntEnum
from typing import TypeAlias

from mailconnector.items.mail import Address, Mail
from mailconnector.items.recurrence import Recurrence
from mailconnector.items.zones import LocalTime, Zone
from mailconnector.mapi.objects import Properties

When: TypeAlias = datetime | date | LocalTime
"""An aware datetime in UTC, a whole day, or a floating time."""


class Busy(IntEnum):
    """How the time is shown to others; the numbers are those of PidLidBusyStatus."""

    FREE = 0
    TENTATIVE = 1
    BUSY = 2
    OUT_OF_OFFICE = 3
    ELSEWHERE = 4


class Response(IntEnum):
    """What somebody said to an invitation; the numbers are those of PidLidResponseStatus."""

    NONE = 0
    ORGANIZER = 1
    TENTATIVE = 2
    ACCEPTED = 3
    DECLINED = 4
    NOT_RESPONDED = 5


class Role(IntEnum):
    """As what somebody is invited; the numbers are those of PidTagRecipientType."""

    REQUIRED = 1
    OPTIONAL = 2
    RESOURCE = 3


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody who is invited, or a room or a thing.

    Attributes:
        address: Who; its leftover is that of the recipient row.
        role: As what.
        is_organizer: It is whoever invites.
        response: What came back.
        replied: When it did; None when unknown.
    """

    address: Address
    role: Role = Role.REQUIRED
    is_organizer: bool = False
    response: Response = Response.NONE
    replied: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reminder:
    """That the user is reminded.

    Attributes:
        minutes: How long before the start.
        due: When next; None for the minutes before the start.
        overrides: Whether the next two are other than the program's settings.
        plays_sound: A sound is played.
        sound: Path of the sound's file; may be empty.
    """

    minutes: int = 15
    due: datetime | None = None
    overrides: bool = False
    plays_sound: bool = False
    sound: str = ""


@dataclass(frozen=True, slots=True)
class ChangedInstance:
    """An instance that is not as its series; a field is None where it is.

    Attributes:
        original: When it would begin, by the clocks of the series' zone.
        start: When it begins, by the same clocks.
        end: When it ends.
        subject: Its own subject.
        location: Its own location.
        busy: Its own busy status.
        has_reminder: Whether the user is reminded of it.
        reminder_minutes: How long before its start.
        all_day: Whether it is an all-day one.
        label: Its own colour label.
        state: Its own meeting state, bits as in PidLidAppointmentStateFlags.
        has_attachments: Whether it has attachments of its own.
        has_body: It has a body of its own.
        item: The instance as an appointment, with all that is its own; None when there is no need for one.
        leftover: MAPI properties of the attachment in which the instance is kept.
    """

    original: LocalTime
    start: LocalTime
    end: LocalTime
    subject: str | None = None
    location: str | None = None
    busy: Busy | None = None
    has_reminder: bool | None = None
    reminder_minutes: int | None = None
    all_day: bool | None = None
    label: int | None = None
    state: int | None = None
    has_attachments: bool | None = None
    has_body: bool = False
    item: Appointment | None = None
    leftover: Properties = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment, a meeting, or a message about one.

    Attributes:
        mail: What it has as every item has; its recipients are empty.
        start: When it begins; None when unknown, as in some messages about meetings.
        end: When it ends, the day after the last one for whole days.
        zone: By which clocks it was meant; None when unknown.
        end_zone: By which clocks its end was; None for the same.
        location: Where.
        busy: How the time is shown to others.
        intended_busy: How the organizer wanted it shown; None when he said nothing.
        reminder: None when the user is not reminded.
        attendees: Who is invited, the organizer too where he is listed, in order.
        is_meeting: Others are invited.
        is_received: It was received from its organizer.
        is_cancelled: The organizer has cancelled it.
        was_sent: Invitations have been sent.
        response: What the user has said to the invitation.
        replied: When the user did.
        replied_by: Name of who did.
        sequence: How often the organizer has changed it.
        uid: What all copies of it have in common, as iCalendar's UID; empty when there is none.
        instance: The day on which this instance of a series would be; None for a whole series or a single one.
        recurrence: None when it comes once.
        deleted: Days of the pattern without an instance, in order.
        changed: Changed instances, in the order of their original starts.
        pattern_text: The recurrence in words.
        proposed_start: Another time that an attendee proposes.
        proposed_end: Its end.
        is_counter_proposal: The message proposes another time.
        may_propose: Attendees may propose other times.
        label: Number of its colour label; 0 for none.
        private: It is kept from others; Outlook sets the mail's sensitivity as well.
    """

    mail: Mail
    start: When | None = None
    end: When | None = None
    zone: Zone | None = None
    end_zone: Zone | None = None
    location: str = ""
    busy: Busy = Busy.BUSY
    intended_busy: Busy | None = None
    reminder: Reminder | None = None
    attendees: tuple[Attendee, ...] = ()
    is_meeting: bool = False
    is_received: bool = False
    is_cancelled: bool = False
    was_sent: bool = False
    response: Response = Response.NONE
    replied: datetime | None = None
    replied_by: str = ""
    sequence: int = 0
    uid: str = ""
    instance: date | None = None
    recurrence: Recurrence | None = None
    deleted: tuple[date, ...] = ()
    changed: tuple[ChangedInstance, ...] = ()
    pattern_text: str = ""
    proposed_start: datetime | None = None
    proposed_end: datetime | None = None
    is_counter_proposal: bool = False
    may_propose: bool = True
    label: int = 0
    private: bool = False

    @property
    def message_class(self) -> str:
        """The item's MAPI message class."""
        return self.mail.message_class

    @property
    def is_all_day(self) -> bool:
        """It lasts whole days."""
        return isinstance(self.start, date) and not isinstance(self.start, datetime)

    @property
    def organizer(self) -> Address | None:
        """Whoever invites: the attendee who is marked so, else the author of a meeting."""
        for attendee in self.attendees:
            if attendee.is_organizer:
                return attendee.address
        return self.mail.author if self.is_meeting else None

    def as_mail(self) -> Mail:
        """Return the mail with the attendees as its recipients: required, optional, and resources."""
        return replace(
            self.mail,
            to=self._invited(Role.REQUIRED),
            cc=self._invited(Role.OPTIONAL),
            bcc=self._invited(Role.RESOURCE),
        )

    def _invited(self, role: Role) -> tuple[Address, ...]:
        return tuple([attendee.address for attendee in self.attendees if attendee.role is role])
