"""Alice's calendar, contacts and notes in the demonstration: made by Outlook, changed by it and by other programs.

The other programs are what a phone has: they know text/calendar, and nothing of Outlook.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from mailconnector import mapping, pst
from mailconnector.app.account.connecting import connect
from mailconnector.app.account.model import Account
from mailconnector.app.demo import letters
from mailconnector.app.demo.deeds import Deed, DemoError
from mailconnector.imap import ImapClient, SelectedMailbox, UidSet, Upload
from mailconnector.items import Address, Appointment, Attachment, Contact, Flags, Item, Mail, Note, Task
from mailconnector.items.appointment import Attendee, Reminder
from mailconnector.items.contact import ContactEmail, PersonName, PhoneRole
from mailconnector.items.recurrence import Frequency, Recurrence
from mailconnector.items.zone_names import zone_of_iana
from mailconnector.mapi import tags

CALENDAR, CONTACTS, NOTES, TASKS = ("Calendar",), ("Contacts",), ("Notes",), ("Tasks",)

_ZONE = "Europe/Berlin"
_SITE_MEETING = "Baubesprechung Müllerstraße 5"
_DENTIST = "Zahnärztin"
_WEEKS = 10
_SEEN = Flags(seen=True)


def items(now: datetime) -> list[tuple[tuple[str, ...], Item]]:
    """Return what Outlook has besides mail, each with the folder it is in."""
    monday = now.date() + timedelta(days=7 - now.weekday())
    return [
        (CALENDAR, _site_meeting(monday)),
        (CALENDAR, _birthday(monday)),
        (CONTACTS, _lena()),
        (CONTACTS, _hiro()),
        (NOTES, Note(Mail("IPM.StickyNote", "Fahrradschloss", text="Fahrradschloss\n4711", flags=_SEEN))),
        (TASKS, Task(Mail("IPM.Task", "Angebote vergleichen", flags=_SEEN), due=monday)),
    ]


def _site_meeting(monday: date) -> Appointment:
    zone = zone_of_iana(_ZONE, monday.year, monday.year + 1)
    assert zone is not None
    begin = zone.to_utc(datetime(monday.year, monday.month, monday.day, 9, 30))
    me = Address(letters.ME.display_name, letters.ME.addr_spec)
    lena = Address("Lena Weiß", "lena.weiss@muster-architekten.example")
    plan = Attachment("Grundriss.txt", "text/plain", "Küche | Flur | Bad\n".encode())
    return Appointment(
        Mail(
            "IPM.Appointment",
            _SITE_MEETING,
            author=me,
            text="Bitte die Pläne mitbringen.",
            attachments=(plan,),
            flags=Flags(seen=True, keywords=("Haus",)),
        ),
        start=begin,
        end=begin + timedelta(hours=1),
        zone=zone,
        location="Baustelle",
        reminder=Reminder(15),
        attendees=(Attendee(me, is_organizer=True), Attendee(lena)),
        is_meeting=True,
        was_sent=True,
        recurrence=Recurrence(Frequency.WEEKLY, weekdays=(1,), count=_WEEKS, first_weekday=1),
        deleted=(monday + timedelta(days=14),),
    )


def _birthday(monday: date) -> Appointment:
    day = monday + timedelta(days=3)
    yearly = Recurrence(Frequency.YEARLY, month_day=day.day)
    mail = Mail("IPM.Appointment", "Hiros Geburtstag", flags=_SEEN)
    return Appointment(mail, start=day, end=day + timedelta(days=1), recurrence=yearly)


def _lena() -> Contact:
    return Contact(
        Mail("IPM.Contact", "Lena Weiß", text="Sagt Bescheid, wenn der Estrich trocken ist.", flags=_SEEN),
        name=PersonName(given="Lena", surname="Weiß"),
        company="Muster Architekten",
        job_title="Bauleiterin",
        email1=ContactEmail("lena.weiss@muster-architekten.example"),
        phones={PhoneRole.MOBILE: "+49 171 5550100"},
    )


def _hiro() -> Contact:
    return Contact(
        Mail("IPM.Contact", "田中 弘", flags=_SEEN),
        name=PersonName(given="弘", surname="田中"),
        company="東京機械",
        email1=ContactEmail("hiro@tokyo-kikai.example"),
        birthday=date(1979, 2, 11),
    )


def fill_pst(account: Account, now: datetime) -> int:
    """Put them into the PST; return how many it was."""
    found = items(now)
    with pst.open_store(account.pst_path, writable=True) as store, store.transaction():
        for folder, item in found:
            store.folder_at(folder).add_message(mapping.to_mapi(item))
    return len(found)


def change_server(account: Account, now: datetime) -> Iterator[Deed]:
    """Do what a phone does on the server."""
    with connect(account) as client:
        selected = client.select("/".join(CALENDAR))
        uid, data = _calendar_message(selected, _SITE_MEETING)
        moved = data.replace("LOCATION:Baustelle", "LOCATION:Büro der Architekten")
        _append(client, _as_phone(moved, _SITE_MEETING, now))
        selected.remove(UidSet.of([uid]))
        yield Deed("remote", f"{_SITE_MEETING}: the phone moves the series to the architects' office")
        _append(client, _as_phone(_dentist(now), _DENTIST, now))
        yield Deed("remote", f"{_DENTIST}: the phone makes an appointment")


def _calendar_message(mailbox: SelectedMailbox, subject: str) -> tuple[int, str]:
    for message in mailbox.fetch(None):
        if message.body is None or message.uid is None:
            continue
        for part in message_from_bytes(message.body, policy=SMTP).walk():
            if part.get_content_type() == "text/calendar":
                text = str(part.get_content()).replace("\r\n", "\n").replace("\n ", "").replace("\n", "\r\n")
                if f"SUMMARY:{subject}" in text:
                    return message.uid, text
    raise DemoError(f"the server's calendar has no {subject!r}")


def _as_phone(calendar: str, subject: str, now: datetime) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = letters.ME
    message["Subject"] = subject
    message["Date"] = format_datetime(now)
    message.set_content(calendar, subtype="calendar", charset="utf-8")
    return message.as_bytes()


def _dentist(now: datetime) -> str:
    begin = (now + timedelta(days=9)).astimezone(UTC).replace(hour=13, minute=0, second=0)
    return "\r\n".join(
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//A phone//EN",
            "BEGIN:VEVENT",
            f"UID:dentist-{begin:%Y%m%d}@phone.example",
            f"DTSTAMP:{now:%Y%m%dT%H%M%SZ}",
            f"DTSTART:{begin:%Y%m%dT%H%M%SZ}",
            f"DTEND:{begin + timedelta(minutes=30):%Y%m%dT%H%M%SZ}",
            f"SUMMARY:{_DENTIST}",
            "LOCATION:Hauptstraße 3",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
    )


def _append(client: ImapClient, data: bytes) -> None:
    for outcome in client.uploads.append_many("/".join(CALENDAR), [Upload(data, frozenset(), None)]):
        if outcome.error is not None:
            raise outcome.error


def change_pst(account: Account) -> Iterator[Deed]:
    """Do what alice does in Outlook."""
    with pst.open_store(account.pst_path, writable=True) as store:
        for message in store.folder_at(CALENDAR).messages():
            if message.subject == _SITE_MEETING:
                with message.edit() as draft:
                    draft.set(tags.PidTagBody, "Bitte die Pläne und die Helme mitbringen.\r\n")
                yield Deed("local", f"{_SITE_MEETING}: text edited, while the phone changes the place")
        for message in store.folder_at(CONTACTS).messages():
            item = mapping.from_mapi(message.to_object())
            if isinstance(item, Contact) and item.name.surname == "Weiß":
                with message.edit() as draft:
                    draft.set(tags.PidTagMobileTelephoneNumber, "+49 171 5550199")
                yield Deed("local", "Lena Weiß: another telephone number")
