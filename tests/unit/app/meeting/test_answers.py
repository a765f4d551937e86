"""What an answer to a meeting request is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mailconnector.app.meeting.answers import NoRequestError, answer_to, request_in
from mailconnector.formats import parse, render_outgoing
from mailconnector.formats.item.parts import standard_of
from mailconnector.items import Address, Appointment, Mail
from mailconnector.items.appointment import Attendee, Busy, Response

ALICE, BOB, CAROL = (Address(name, f"{name.lower()}@x.example") for name in ("Alice", "Bob", "Carol"))
NOW = datetime(2026, 11, 2, 10, tzinfo=UTC)


def request(**values: Any) -> Appointment:
    made = Appointment(
        Mail("IPM.Schedule.Meeting.Request", subject="Lunch", author=CAROL, text="Come.\n", message_id="<1@x.example>"),
        start=datetime(2026, 12, 1, 12, tzinfo=UTC),
        end=datetime(2026, 12, 1, 13, tzinfo=UTC),
        location="Here",
        attendees=(Attendee(CAROL, is_organizer=True), Attendee(ALICE, response=Response.NOT_RESPONDED), Attendee(BOB)),
        is_meeting=True,
        sequence=2,
        uid="lunch@x.example",
    )
    return replace(made, **values)


@pytest.mark.parametrize("travelled", [False, True])
def test_a_request_is_found_as_outlook_has_it_and_as_mail_has_it(travelled: bool) -> None:
    item = parse(render_outgoing(request())) if travelled else request()
    found = request_in(item)
    assert (found.uid, found.sequence, found.organizer and found.organizer.email) == (
        "lunch@x.example",
        2,
        "carol@x.example",
    )


@pytest.mark.parametrize(
    "item",
    [
        Mail(subject="Lunch?", text="Come.\n"),
        request(mail=Mail("IPM.Schedule.Meeting.Resp.Pos", author=CAROL)),
        request(mail=Mail("IPM.Appointment", author=CAROL)),
        request(uid=""),
        request(attendees=(), is_meeting=False),
    ],
)
def test_what_cannot_be_answered(item: Any) -> None:
    with pytest.raises(NoRequestError):
        request_in(item)


@pytest.mark.parametrize(
    ("response", "ending", "word"),
    [
        (Response.ACCEPTED, "Pos", "Accepted"),
        (Response.TENTATIVE, "Tent", "Tentative"),
        (Response.DECLINED, "Neg", "Declined"),
    ],
)
def test_the_message(response: Response, ending: str, word: str) -> None:
    message = answer_to(request(), response, ALICE, BOB, NOW, "Words.").message
    assert (message.message_class, message.mail.subject) == (f"IPM.Schedule.Meeting.Resp.{ending}", f"{word}: Lunch")
    assert (message.mail.author, message.mail.sender, message.mail.text) == (ALICE, BOB, "Words.")
    assert [one.address for one in message.attendees] == [CAROL]
    assert (message.uid, message.sequence, message.start) == ("lunch@x.example", 2, request().start)


def test_the_entry() -> None:
    made = answer_to(request_in(parse(render_outgoing(request()))), Response.ACCEPTED, ALICE, BOB, NOW).entry
    assert made is not None
    assert (made.message_class, made.response, made.busy, made.replied_by) == (
        "IPM.Appointment",
        Response.ACCEPTED,
        Busy.BUSY,
        "Bob",
    )
    assert (made.mail.author, made.mail.sender, made.is_received) == (CAROL, None, True)
    assert {one.address.email: one.response for one in made.attendees}["alice@x.example"] is Response.ACCEPTED
    # Other programs see it in the calendar: no METHOD, and Alice comes.
    text = standard_of(made).decode().replace("\r\n ", "")
    assert "METHOD" not in text
    assert "PARTSTAT=ACCEPTED" in next(line for line in text.splitlines() if "alice@x.example" in line)


def test_tentatively_and_not_at_all() -> None:
    tentative = answer_to(request(), Response.TENTATIVE, ALICE, None, NOW).entry
    assert tentative is not None and tentative.busy is Busy.TENTATIVE and tentative.replied_by == "Alice"
    out = answer_to(request(busy=Busy.TENTATIVE, intended_busy=Busy.OUT_OF_OFFICE), Response.ACCEPTED, ALICE, None, NOW)
    assert out.entry is not None and out.entry.busy is Busy.OUT_OF_OFFICE
    assert answer_to(request(), Response.DECLINED, ALICE, None, NOW).entry is None
