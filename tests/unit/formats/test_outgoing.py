"""Items as they are sent to others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from mailconnector.formats import as_sent, parse, render_outgoing
from mailconnector.formats.item.parts import CALENDAR_KINDS, one_item
from mailconnector.items import Address, Appointment, Item, Mail
from mailconnector.items.appointment import Attendee, Reminder, Role
from mailconnector.mapi import named
from mailconnector.mapi.objects import Properties

ALICE, BOB, CAROL = (Address(name, f"{name.lower()}@x.example") for name in ("Alice", "Bob", "Carol"))
ROOM = Address("Room", "room@x.example")


def sent(item: Item) -> EmailMessage:
    message = message_from_bytes(render_outgoing(item), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def meeting(message_class: str, *attendees: Attendee, **mail: object) -> Appointment:
    usual = Mail(message_class=message_class, subject="Lunch", author=CAROL, message_id="<1@x.example>")
    return Appointment(
        replace(usual, **mail),  # type: ignore[arg-type]
        start=datetime(2026, 12, 1, 12, tzinfo=UTC),
        end=datetime(2026, 12, 1, 13, tzinfo=UTC),
        reminder=Reminder(),
        attendees=attendees,
        is_meeting=True,
        uid="lunch@x.example",
    )


INVITED = (
    Attendee(CAROL, is_organizer=True),
    Attendee(ALICE),
    Attendee(BOB, Role.OPTIONAL),
    Attendee(ROOM, Role.RESOURCE),
)


@pytest.mark.parametrize(
    ("message_class", "method"),
    [("IPM.Schedule.Meeting.Request", "REQUEST"), ("IPM.Schedule.Meeting.Canceled", "CANCEL")],
)
def test_an_invitation_goes_to_who_is_invited_and_not_to_its_author(message_class: str, method: str) -> None:
    item = meeting(message_class, *INVITED, text="Come.\n")
    message = sent(item)
    assert (message["From"], message["To"], message["Cc"], message["Bcc"]) == (
        "Carol <carol@x.example>",
        "Alice <alice@x.example>",
        "Bob <bob@x.example>",
        None,
    )
    assert [one.email for one in as_sent(item).bcc] == ["room@x.example"]
    assert message.get_content_type() == "multipart/alternative"
    text, calendar = message.iter_parts()
    assert text.get_content().strip() == "Come."
    assert (calendar.get_content_type(), calendar["Content-Type"].params["method"]) == ("text/calendar", method)
    assert f"METHOD:{method}" in calendar.get_content()
    # What we make of it is what it was.
    back, _ = one_item(parse(render_outgoing(item)), CALENDAR_KINDS)
    assert isinstance(back, Appointment)
    assert (back.message_class, back.uid, back.start) == (message_class, item.uid, item.start)
    assert {one.address.email for one in back.attendees} == {one.address.email for one in INVITED}


@pytest.mark.parametrize(("ending", "status"), [("Pos", "ACCEPTED"), ("Neg", "DECLINED"), ("Tent", "TENTATIVE")])
def test_an_answer_goes_to_the_organizer_and_says_who_answers(ending: str, status: str) -> None:
    item = meeting(f"IPM.Schedule.Meeting.Resp.{ending}", Attendee(CAROL), author=ALICE, sender=BOB)
    message = sent(item)
    assert (message["From"], message["Sender"], message["To"]) == (
        "Alice <alice@x.example>",
        "Bob <bob@x.example>",
        "Carol <carol@x.example>",
    )
    calendar = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    text = calendar[0].get_content().replace("\r\n ", "")
    assert "METHOD:REPLY" in text and "VALARM" not in text
    assert f"PARTSTAT={status}" in text and "mailto:alice@x.example" in text
    assert text.count("ATTENDEE") == 1


def test_an_appointment_alone_is_words() -> None:
    item = meeting("IPM.Appointment", Attendee(ALICE))
    assert sent(item).get_content_type() == "text/plain"


def test_nothing_of_what_only_a_store_knows_is_sent() -> None:
    leftover: Properties = {named.PidLidBilling: "secret", 0x7C070003: 4711}
    mail = Mail(subject="s", author=BOB, to=(ALICE,), text="t\n", message_id="<1@x>", leftover=leftover)
    data = render_outgoing(mail)
    assert b"tnef" not in data and b"secret" not in data and b"MailConnector" not in data


def test_rtf_goes_as_html() -> None:
    mail = Mail(author=BOB, to=(ALICE,), text="bold\n", rtf=rb"{\rtf1\ansi{\b bold}\par}")
    kinds = [part.get_content_type() for part in sent(mail).walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]


def test_traces_of_an_earlier_way_stay_out_and_the_rest_as_it_was() -> None:
    kept = (
        b"X-Odd:  kept \r\nFrom: Bob <bob@x.example>\r\nTo: alice@x.example\r\nSubject: s\r\n", b"\r\nt\r\n"
    )  # fmt: skip
    raw = b"Delivered-To: bob@x.example\r\n" + kept[0] + b"X-Unsent: 1\r\nSender: eve@x.example\r\n" + kept[1]
    assert render_outgoing(replace(parse(raw), sender=None)) == b"".join(kept)
