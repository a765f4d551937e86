"""Sending on real servers: of oneself, on behalf, out of the Outbox, and a delegate who answers for the owner."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from mailconnector import pst
from mailconnector.formats.calendar.documents import parse as calendar_items
from mailconnector.items import Address, Appointment, Mail
from mailconnector.items.appointment import Attendee, Busy, Response
from mailconnector.lab import MailServer, SmtpServer
from mailconnector.mapi import tags
from mailconnector.mapping import from_mapi, to_mapi
from tests.live.accounts import Answer, account_of, command, process
from tests.live.office import Office, sending_office, stranger
from tests.live.test_delegates import REQUEST, deliver

SUBMITTED = 0x04 | 0x08 | 0x01
LETTER = (
    b"From: %s@localhost\r\nTo: %s@localhost\r\nBcc: %s@localhost\r\nSubject: A letter\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n.\r\n"
)


@pytest.fixture
def office(sending: tuple[MailServer, SmtpServer], tmp_path: Path) -> Office:
    """Four users who can send."""
    return sending_office(*sending, tmp_path)


def run(office: Office, *arguments: object, code: int = 0) -> Answer:
    answer = command(*arguments, "--profile", office.profile)
    assert answer.code == code, answer.out + answer.err
    return answer


def address(user: str) -> Address:
    return Address(user.capitalize(), f"{user}@localhost")


def mailbox(office: Office, user: str, name: str = "INBOX") -> list[EmailMessage]:
    """The messages in a folder on the server, by a stranger."""
    found = []
    with stranger(office.server, user) as one:
        if one.client.select(f'"{name}"', readonly=True)[0] != "OK":
            return []
        _, numbers = one.client.search(None, "ALL")
        for number in numbers[0].split():
            message = message_from_bytes(one.fetched(number, "(BODY.PEEK[])"), policy=policy.default)
            assert isinstance(message, EmailMessage)
            found.append(message)
    return found


def put(office: Office, user: str, item: Any) -> int:
    """Put an item into a user's Outbox as Outlook does, sent."""
    message = to_mapi(item)
    message.properties |= {tags.PidTagMessageFlags: SUBMITTED, tags.PidTagSearchKey: bytes(range(16))}
    with pst.open_store(account_of(office.profile, user).pst_path, writable=True) as store, store.transaction():
        return store.folder_at("Outbox").add_message(message).nid


def in_pst(office: Office, user: str, path: str) -> list[Any]:
    with pst.open_store(account_of(office.profile, user).pst_path) as store:
        return [from_mapi(one.to_object()) for one in store.folder_at(path).messages()]


def on_behalf(office: Office) -> None:
    """Alice makes Bob her delegate."""
    office.quiet(office.alice)
    run(office, "delegate", "add", office.alice, office.bob, "--calendar", "editor", "--inbox", "editor",
        "--on-behalf", "--yes")  # fmt: skip
    office.quiet(office.bob)


def test_a_file_is_sent_and_the_copy_is_in_sent_on_both_sides(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "letter.eml"
    file.write_bytes(LETTER % (office.bob.encode(), office.carol.encode(), office.dave.encode()))
    shown = run(office, "send", file, "--account", office.bob, "--dry-run", "--json").json
    assert shown["recipients"] == [f"{office.carol}@localhost", f"{office.dave}@localhost"]
    assert mailbox(office, office.carol) == []
    told = run(office, "send", file, "--account", office.bob, "--json").json
    assert (told["fate"], told["accepted"]) == ("sent", shown["recipients"])
    for user in (office.carol, office.dave):
        (message,) = mailbox(office, user)
        assert (message["Subject"], message["Bcc"], message["Message-ID"]) == ("A letter", None, told["message_id"])
        assert message.get_content().split() == ["Grüße", "."]
        assert message["Date"]
    office.quiet(office.bob)
    (copy,) = mailbox(office, office.bob, office.mine("Sent")) or mailbox(office, office.bob, office.mine("Sent Items"))
    assert copy["Bcc"] == f"{office.dave}@localhost"
    assert copy["Message-ID"] == told["message_id"]
    assert [mail.message_id for mail in in_pst(office, office.bob, "Sent Items")] == [told["message_id"]]
    assert in_pst(office, office.bob, "Outbox") == []


def test_the_outbox_is_left_to_outlook_unless_the_user_wants_it_sent(office: Office) -> None:
    office.quiet(office.bob)
    mail = Mail(subject="From Outlook", author=address(office.bob), to=(address(office.carol),), text="Hi\n")
    put(office, office.bob, mail)
    assert office.sync(office.bob)["outbox"] == []
    assert mailbox(office, office.carol) == []
    (listed,) = run(office, "outbox", "list", office.bob, "--json").json["letters"]
    assert listed["fate"] == "ready"
    run(office, "account", "edit", office.bob, "--outbox", "send")
    # A dry run and a run of one folder send nothing.
    office.sync(office.bob, "--dry-run")
    office.sync(office.bob, "Inbox")
    assert mailbox(office, office.carol) == []
    (sent,) = office.sync(office.bob)["outbox"]
    assert sent["fate"] == "sent"
    (message,) = mailbox(office, office.carol)
    assert (message["Subject"], message["From"]) == (
        "From Outlook",
        f"{office.bob.capitalize()} <{office.bob}@localhost>",
    )
    assert in_pst(office, office.bob, "Outbox") == []
    # The same round brought the copy to the server.
    copies = mailbox(office, office.bob, office.mine("Sent")) + mailbox(office, office.bob, office.mine("Sent Items"))
    assert [copy["Message-ID"] for copy in copies] == [sent["message_id"]]
    assert office.sync(office.bob)["outbox"] == []
    assert len(mailbox(office, office.carol)) == 1


def test_on_behalf_of_the_owner_and_of_nobody_else(office: Office, tmp_path: Path) -> None:
    on_behalf(office)
    office.quiet(office.dave)
    file = tmp_path / "letter.eml"
    file.write_bytes(LETTER % (office.bob.encode(), office.carol.encode(), office.carol.encode()))
    owner = f"{office.alice}@localhost"
    run(office, "send", file, "--account", office.bob, "--on-behalf-of", owner)
    (message,) = mailbox(office, office.carol)
    assert (message["From"], message["Sender"]) == (owner, f"{office.bob}@localhost")
    assert message["Return-Path"] in (None, f"<{office.bob}@localhost>")
    # Dave is nobody's delegate: nothing goes, neither as Alice nor as himself.
    refused = run(office, "send", file, "--account", office.dave, "--on-behalf-of", owner, code=2)
    assert f"{owner} does not let you send on their behalf" in refused.err
    assert in_pst(office, office.dave, "Outbox") == []
    run(office, "account", "edit", office.dave, "--outbox", "send")
    mail = Mail(
        subject="As Alice", author=address(office.alice), sender=address(office.dave), to=(address(office.carol),)
    )
    put(office, office.dave, mail)
    outcome = office.sync(office.dave, code=1)
    assert [one["fate"] for one in outcome["outbox"]] == ["refused"]
    assert outcome["verdict"] == "partly"
    (listed,) = run(office, "outbox", "list", office.dave, "--json", code=1).json["letters"]
    assert "does not let you" in listed["reason"]
    run(office, "outbox", "retry", office.dave, listed["id"], code=1)
    run(office, "outbox", "back", office.dave, listed["id"])
    assert [one.subject for one in in_pst(office, office.dave, "Drafts")] == ["As Alice"]
    assert len(mailbox(office, office.carol)) == 1
    # And what Alice takes back is taken back.
    run(office, "delegate", "add", office.alice, office.bob, "--not-on-behalf", "--yes")
    run(office, "send", file, "--account", office.bob, "--on-behalf-of", owner, "--again", code=2)


def invitation(office: Office) -> EmailMessage:
    """What Carol's program sends to invite Alice."""
    attendee = f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{office.alice}@localhost\r\n"
    organizer = f"ORGANIZER;CN=Carol:mailto:{office.carol}@localhost\r\n"
    data = REQUEST.replace(b"carol@", office.carol.encode() + b"@").replace(b"alice@", office.alice.encode() + b"@")
    data = data.replace(b"SUMMARY:Meeting\r\n", b"SUMMARY:Meeting\r\n" + (organizer + attendee).encode())
    message = message_from_bytes(data, policy=policy.SMTP)
    assert isinstance(message, EmailMessage)
    return message


def reply_in(message: EmailMessage) -> tuple[str, str]:
    """The METHOD, and the calendar, of a message."""
    part = next(one for one in message.walk() if one.get_content_type() == "text/calendar")
    text = re.sub(r"\r?\n[ \t]", "", part.get_content())
    return str(part.get_param("method")), text


@pytest.mark.parametrize("how", ["by command", "as Outlook does"])
def test_a_delegate_answers_for_the_owner(office: Office, tmp_path: Path, how: str) -> None:
    on_behalf(office)
    run(office, "account", "edit", office.bob, "--outbox", "send")
    # Carol invites Alice.
    file = tmp_path / "request.eml"
    file.write_bytes(invitation(office).as_bytes())
    run(office, "send", file, "--account", office.carol)
    for user in (office.alice, office.bob):
        office.quiet(user)
    inbox, calendar = f"Shared folders/{office.alice}/Inbox", f"Shared folders/{office.alice}/Calendar"
    (seen,) = in_pst(office, office.bob, inbox)
    assert seen.subject == "Meeting"
    # Bob accepts in his PST.
    if how == "by command":
        told = run(office, "meeting", "accept", office.bob, inbox, "Meeting", "--text", "She will come.", "--json").json
        assert (told["calendar"], told["letter"]["fate"]) == (calendar, "sent")
        office.quiet(office.bob)
    else:
        accept_as_outlook(office, seen, calendar)
        (sent,) = office.sync(office.bob)["outbox"]
        assert sent["fate"] == "sent", sent
        office.quiet(office.bob)
    # Carol gets the answer: it is Alice's, and says who gave it.
    (message,) = [one for one in mailbox(office, office.carol) if "Accepted" in one["Subject"]]
    assert message["From"].addresses[0].addr_spec == f"{office.alice}@localhost"
    assert message["Sender"].address.addr_spec == f"{office.bob}@localhost"
    assert message["Subject"] == "Accepted: Meeting"
    method, text = reply_in(message)
    assert method == "REPLY"
    assert "METHOD:REPLY" in text and "UID:1@localhost" in text
    (attendee,) = re.findall(r"^ATTENDEE.*$", text, re.MULTILINE)
    assert "PARTSTAT=ACCEPTED" in attendee
    assert attendee.strip().endswith(f":mailto:{office.alice}@localhost")
    assert re.search(rf"^ORGANIZER.*:mailto:{office.carol}@localhost\s*$", text, re.MULTILINE)
    # Alice has the appointment, accepted, and Carol's program takes the answer for one.
    office.quiet(office.alice)
    (entry,) = in_pst(office, office.alice, "Calendar")
    assert isinstance(entry, Appointment)
    assert (entry.mail.subject, entry.uid, entry.response, entry.busy) == (
        "Meeting",
        "1@localhost",
        Response.ACCEPTED,
        Busy.BUSY,
    )
    assert entry.organizer is not None and entry.organizer.email == f"{office.carol}@localhost"
    # The copy is in the delegate's Sent Items, as Outlook has it.
    (copy,) = in_pst(office, office.bob, "Sent Items")
    assert copy.message_class == "IPM.Schedule.Meeting.Resp.Pos"
    assert (copy.mail.author.email, copy.mail.sender.email) == (f"{office.alice}@localhost", f"{office.bob}@localhost")


def test_a_copy_in_the_delegates_own_inbox_is_answered_for_the_owner(office: Office) -> None:
    on_behalf(office)
    request = invitation(office).as_bytes()
    for user in (office.bob, office.dave):
        deliver(office, user, request)
        office.quiet(user)
    owner = f"{office.alice}@localhost"
    refused = run(office, "meeting", "accept", office.dave, "Inbox", "Meeting", "--on-behalf-of", owner, code=2)
    assert "does not let you" in refused.err
    assert in_pst(office, office.dave, "Calendar") == []
    run(office, "meeting", "decline", office.bob, "Inbox", "Meeting", "--on-behalf-of", owner)
    run(office, "meeting", "accept", office.bob, "Inbox", "Meeting", "--on-behalf-of", owner)
    answers = [reply_in(one)[1] for one in mailbox(office, office.carol)]
    assert ["DECLINED" in one for one in answers] == [True, False]
    assert all(re.search(rf"^ATTENDEE.*:mailto:{owner}\s*$", one, re.MULTILINE) for one in answers)
    office.quiet(office.bob)
    office.quiet(office.alice)
    assert [one.response for one in in_pst(office, office.alice, "Calendar")] == [Response.ACCEPTED]
    assert in_pst(office, office.bob, "Calendar") == []


def accept_as_outlook(office: Office, request: Mail, calendar: str) -> None:
    """Accept on Alice's behalf as Outlook does: the appointment, and an answer in the Outbox of the delegate."""
    part = next(one for one in request.attachments if one.content_type == "text/calendar")
    (meeting,) = calendar_items(part.content())
    assert isinstance(meeting, Appointment)
    alice, bob = address(office.alice), address(office.bob)
    entry = Appointment(
        Mail("IPM.Appointment", subject="Meeting", author=meeting.organizer),
        start=meeting.start,
        end=meeting.end,
        zone=meeting.zone,
        attendees=meeting.attendees,
        is_meeting=True,
        is_received=True,
        response=Response.ACCEPTED,
        uid=meeting.uid,
    )
    with pst.open_store(account_of(office.profile, office.bob).pst_path, writable=True) as store, store.transaction():
        store.folder_at(calendar).add_message(to_mapi(entry))
    assert meeting.organizer is not None
    answer = Appointment(
        Mail("IPM.Schedule.Meeting.Resp.Pos", subject="Accepted: Meeting", author=alice, sender=bob),
        start=meeting.start,
        end=meeting.end,
        zone=meeting.zone,
        attendees=(Attendee(meeting.organizer),),
        is_meeting=True,
        uid=meeting.uid,
    )
    put(office, office.bob, answer)


def test_run_sends_what_is_put_into_the_outbox_while_it_runs(office: Office) -> None:
    office.quiet(office.bob)
    run(office, "account", "edit", office.bob, "--outbox", "send")
    service = process("run", office.bob, "--profile", office.profile, "--json")
    try:
        assert service.stdout is not None
        for line in service.stdout:
            if '"ended"' in line:
                break
        mail = Mail(subject="While it runs", author=address(office.bob), to=(address(office.carol),), text="Hi\n")
        put(office, office.bob, mail)
        for line in service.stdout:
            if '"fate": "sent"' in line:
                break
        assert [one["Subject"] for one in mailbox(office, office.carol)] == ["While it runs"]
    finally:
        service.terminate()
        service.communicate(timeout=20)


def test_parsed_by_us_again(office: Office, tmp_path: Path) -> None:
    """What we send for a meeting is a request to us as well."""
    office.quiet(office.carol)
    meeting = Appointment(
        Mail("IPM.Schedule.Meeting.Request", subject="Lunch", author=address(office.carol), text="Come.\n"),
        start=datetime(2026, 12, 1, 12, tzinfo=UTC),
        end=datetime(2026, 12, 1, 13, tzinfo=UTC),
        attendees=(Attendee(address(office.carol), is_organizer=True), Attendee(address(office.alice))),
        is_meeting=True,
        uid="lunch@localhost",
    )
    put(office, office.carol, meeting)
    run(office, "outbox", "send", office.carol)
    (message,) = mailbox(office, office.alice)
    assert reply_in(message)[0] == "REQUEST"
    assert mailbox(office, office.carol) == []
    office.quiet(office.alice)
    run(office, "meeting", "tentative", office.alice, "Inbox", "Lunch")
    (answer,) = mailbox(office, office.carol)
    assert "PARTSTAT=TENTATIVE" in reply_in(answer)[1]
    assert answer["Sender"] is None
    (entry,) = in_pst(office, office.alice, "Calendar")
    assert (entry.mail.subject, entry.busy) == ("Lunch", Busy.TENTATIVE)
    run(office, "meeting", "decline", office.alice, "Inbox", "Lunch", "--no-notify")
    assert in_pst(office, office.alice, "Calendar") == []
    run(office, "meeting", "accept", office.alice, "Inbox", "nothing", code=2)
