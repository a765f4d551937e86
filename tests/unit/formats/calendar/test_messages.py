"""Messages about meetings as calendars with a METHOD, files in calendars, and lines that only look odd."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailconnector.formats import calendar
from mailconnector.formats.calendar.lines import Line
from mailconnector.formats.calendar.lines import parse as parse_lines
from mailconnector.items import Address, Appointment, Attachment, Mail
from mailconnector.items.appointment import Attendee, Response
from mailconnector.mapping import from_mapi, to_mapi

BOSS = Attendee(Address("Boss", "boss@example.org"), is_organizer=True, response=Response.ORGANIZER)
EVE = Attendee(Address('Eve \\ Adam; Ltd, "K"', "eve@example.org"), response=Response.NOT_RESPONDED)
REQUEST, CANCELED, ANSWER = (f"IPM.Schedule.Meeting.{one}" for one in ("Request", "Canceled", "Resp"))


def meeting(message_class: str, **fields: object) -> Appointment:
    item = Appointment(
        Mail(message_class, subject="Budget", author=BOSS.address),
        start=datetime(2026, 3, 5, 9, tzinfo=UTC),
        end=datetime(2026, 3, 5, 10, tzinfo=UTC),
        attendees=(BOSS, EVE),
        is_meeting=True,
        uid="m@example.org",
        sequence=2,
    )
    return replace(item, **fields)  # type: ignore[arg-type]


def written(item: Appointment) -> tuple[str, Appointment]:
    data = calendar.render(item)
    (back,) = calendar.parse(data)
    assert isinstance(back, Appointment)
    assert calendar.render(back) == data
    stored = from_mapi(to_mapi(back))
    assert isinstance(stored, Appointment)
    assert calendar.render(stored) == data
    return parse_lines(data)[0].text("METHOD"), stored


def test_a_request() -> None:
    method, back = written(meeting(REQUEST))
    assert method == "REQUEST"
    assert back.message_class == REQUEST
    assert [one.address.email for one in back.attendees] == ["boss@example.org", "eve@example.org"]
    assert back.attendees[1].address.name == EVE.address.name.replace('"', "'")
    assert back.attendees[1].response is Response.NOT_RESPONDED
    assert (back.uid, back.sequence) == ("m@example.org", 2)


def test_a_cancellation() -> None:
    method, back = written(meeting(CANCELED, is_cancelled=True))
    assert method == "CANCEL"
    assert back.message_class == CANCELED
    assert back.is_cancelled


@pytest.mark.parametrize(("ending", "status"), [("Pos", "ACCEPTED"), ("Neg", "DECLINED"), ("Tent", "TENTATIVE")])
def test_an_answer(ending: str, status: str) -> None:
    item = meeting(f"{ANSWER}.{ending}", attendees=(BOSS,))
    item = replace(item, mail=replace(item.mail, author=EVE.address))
    method, back = written(item)
    assert method == "REPLY"
    assert back.message_class == f"{ANSWER}.{ending}"
    assert back.mail.author is not None
    assert back.mail.author.email == "eve@example.org"
    (event,) = [one for one in parse_lines(calendar.render(item))[0].parts if one.name == "VEVENT"]
    (line,) = event.all("ATTENDEE")
    assert (line.value, line.parameter("PARTSTAT")) == ("mailto:eve@example.org", status)
    assert event.text("ORGANIZER") == "mailto:boss@example.org"


def test_a_proposal() -> None:
    item = meeting(
        f"{ANSWER}.Tent",
        attendees=(BOSS,),
        is_counter_proposal=True,
        proposed_start=datetime(2026, 3, 6, 9, tzinfo=UTC),
        proposed_end=datetime(2026, 3, 6, 10, tzinfo=UTC),
    )
    item = replace(item, mail=replace(item.mail, author=EVE.address))
    method, back = written(item)
    assert method == "COUNTER"
    assert back.is_counter_proposal
    assert back.proposed_start == item.proposed_start


FILES = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:f@example.org
DTSTAMP:20260101T000000Z
DTSTART:20260305T090000Z
SUMMARY:Files
ATTACH;FMTTYPE=text/plain;X-FILENAME=a.txt;ENCODING=BASE64;VALUE=BINARY:{}
ATTACH;ENCODING=BASE64;VALUE=BINARY:AAAAA
ATTACH;FMTTYPE=application/pdf;X-ODD=kept:https://files.example/x.pdf
END:VEVENT
END:VCALENDAR
""".format(base64.b64encode(b"in it").decode()).replace("\n", "\r\n")


def attached(data: bytes) -> list[Line]:
    return [line for part in parse_lines(data)[0].parts for line in part.all("ATTACH")]


def test_files_in_a_calendar_stay_there() -> None:
    """Those that cannot be read, and what an author says of a link, as well."""
    (item,) = calendar.parse(FILES.encode())
    assert isinstance(item, Appointment)
    assert [one.name for one in item.mail.attachments] == ["a.txt", ""]
    stored = from_mapi(to_mapi(replace(item, location="Room 7")))
    assert isinstance(stored, Appointment)
    lines = attached(calendar.render(stored))
    assert sorted(line.value for line in lines) == sorted(line.value for line in attached(FILES.encode()))
    assert [line.parameter("X-ODD") for line in lines if line.value.startswith("https")] == ["kept"]
    beside = attached(calendar.render(stored, inline=False))
    assert [line.value for line in beside] == ["AAAAA", "https://files.example/x.pdf"]
    without = replace(stored, mail=replace(stored.mail, attachments=()))
    assert [line.value for line in attached(calendar.render(without))] == ["AAAAA"]
    more = Attachment("b.txt", "text/plain", b"new")
    added = replace(stored, mail=replace(stored.mail, attachments=(*stored.mail.attachments, more)))
    assert len(attached(calendar.render(added))) == 4


def test_a_zone_whose_rules_no_name_has_is_defined() -> None:
    """Whole days say where they begin by a zone of their own, in whatever year they are."""
    text = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VTIMEZONE
TZID:Office
BEGIN:STANDARD
DTSTART:20200101T000000
TZOFFSETFROM:+0330
TZOFFSETTO:+0330
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:z@example.org
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20260305
X-MAILCONNECTOR-TZID:Office
SUMMARY:Day
END:VEVENT
END:VCALENDAR
"""
    (item,) = calendar.parse(text.replace("\n", "\r\n").encode())
    assert isinstance(item, Appointment)
    assert item.zone is not None
    (again,) = calendar.parse(calendar.render(replace(item, location="Here")))
    assert isinstance(again, Appointment)
    assert again.zone == item.zone
