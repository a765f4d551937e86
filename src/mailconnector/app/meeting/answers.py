"""What an answer to a meeting request is: an entry of the calendar, and a message ([MS-OXOCAL] 3.1.4.8, RFC 5546).

Nothing here reads or writes anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from mailconnector.app.errors import AppUsageError
from mailconnector.formats import FormatError
from mailconnector.formats.item.parts import CALENDAR_KINDS, one_item
from mailconnector.items import Address, Appointment, Item, Mail, mail_of
from mailconnector.items.appointment import Attendee, Busy, Response
from mailconnector.items.mail import Flags

_REQUEST = "ipm.schedule.meeting.request"
_ENTRY = "IPM.Appointment"
_WORDS = {
    Response.ACCEPTED: ("IPM.Schedule.Meeting.Resp.Pos", "Accepted"),
    Response.TENTATIVE: ("IPM.Schedule.Meeting.Resp.Tent", "Tentative"),
    Response.DECLINED: ("IPM.Schedule.Meeting.Resp.Neg", "Declined"),
}


class NoRequestError(AppUsageError):
    """A message is no meeting request that could be answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a meeting request.

    Attributes:
        entry: the appointment in the calendar of whoever was invited; None where there is to be none.
        message: the message to the organizer.
        uid: what all copies of the meeting have in common.
        sequence: how often the organizer had changed it.
    """

    entry: Appointment | None
    message: Appointment
    uid: str
    sequence: int


def request_in(item: Item) -> Appointment:
    """Return the meeting request that a message is: as Outlook has it, or as mail with a calendar.

    Raises:
        NoRequestError: it is none.
    """
    found = item
    if not isinstance(item, Appointment):
        try:
            found, _ = one_item(mail_of(item), CALENDAR_KINDS)
        except FormatError as error:
            raise NoRequestError(f"this is no meeting request: {error}") from error
    if not isinstance(found, Appointment) or not found.message_class.lower().startswith(_REQUEST):
        raise NoRequestError("this is no meeting request", hint="Answers and cancellations are not answered.")
    if found.organizer is None or not found.organizer.email or not found.uid:
        raise NoRequestError("the meeting request does not say who invites, or to what")
    return found


def answer_to(
    request: Appointment, response: Response, invited: Address, answering: Address | None, now: datetime, text: str = ""
) -> Answer:
    """Return an answer.

    Args:
        request: what is answered.
        response: ACCEPTED, TENTATIVE or DECLINED.
        invited: who was invited, and answers.
        answering: who does it for them; None for themselves.
        now: when.
        text: what is said beside it.
    """
    message_class, word = _WORDS[response]
    organizer = request.organizer or Address()
    message = Appointment(
        Mail(
            message_class=message_class,
            subject=f"{word}: {request.mail.subject}",
            author=invited,
            sender=answering,
            date=now,
            text=text or None,
            flags=Flags(seen=True),
        ),
        start=request.start,
        end=request.end,
        zone=request.zone,
        end_zone=request.end_zone,
        location=request.location,
        attendees=(Attendee(organizer, is_organizer=True),),
        is_meeting=True,
        sequence=request.sequence,
        uid=request.uid,
        instance=request.instance,
    )
    entry = None if response is Response.DECLINED else _entry(request, response, invited, answering, now)
    return Answer(entry, message, request.uid, request.sequence)


def _entry(
    request: Appointment, response: Response, invited: Address, answering: Address | None, now: datetime
) -> Appointment:
    busy = Busy.TENTATIVE if response is Response.TENTATIVE else request.intended_busy
    if busy is None:
        busy = Busy.BUSY if request.busy is Busy.TENTATIVE else request.busy
    people = tuple(
        replace(one, response=response, replied=now)
        if one.address.email.lower() == invited.email.lower() and not one.is_organizer
        else one
        for one in request.attendees
    )
    mail = request.mail
    return replace(
        request,
        mail=replace(
            mail,
            message_class=_ENTRY,
            author=request.organizer,
            sender=None,
            to=(),
            cc=(),
            bcc=(),
            received=None,
            message_id="",
            flags=replace(mail.flags, seen=True, answered=False, draft=False),
            headers=b"",
            layout=b"",
        ),
        attendees=people,
        busy=busy,
        is_meeting=True,
        is_received=True,
        response=response,
        replied=now,
        replied_by=(answering or invited).name or (answering or invited).email,
    )
