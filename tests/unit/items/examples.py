"""One item of each type, with files, bodies and properties of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from mailconnector.items import (
    Address,
    Appointment,
    Attachment,
    Contact,
    DistributionList,
    Flags,
    GenericItem,
    Item,
    JournalEntry,
    Mail,
    Note,
    Post,
    Sensitivity,
    Task,
)
from mailconnector.items.appointment import Attendee, Response
from mailconnector.items.contact import ContactEmail, PersonName, PhoneRole
from mailconnector.items.distribution_list import Member
from mailconnector.items.note import NoteColor
from mailconnector.items.task import TaskStatus
from mailconnector.items.zone_names import zone_of_iana
from mailconnector.mapi import named, tags
from mailconnector.mapi.named import PS_PUBLIC_STRINGS, NamedTag, PropertyName
from mailconnector.mapi.objects import Properties
from mailconnector.mapi.types import PropertyType

OWN = NamedTag(PropertyName(PS_PUBLIC_STRINGS, "Contract number"), PropertyType.STRING)
LEFT: Properties = {OWN: "4711", tags.PidTagSearchKey: bytes(range(16)), named.PidLidSideEffects: 0x105}
BERLIN = zone_of_iana("Europe/Berlin", 2000, 2030)
PDF = Attachment("plan.pdf", "application/pdf", b"%PDF-1.4 " + bytes(range(256)) * 8)
PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4


def mail(kind: str, subject: str = "Budget") -> Mail:
    return Mail(
        kind,
        subject=subject,
        text="What the user wrote.\nTwo lines.",
        rtf=b"{\\rtf1\\ansi What the user wrote.\\par Two lines.}",
        date=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
        attachments=(PDF,),
        flags=Flags(seen=True, keywords=("Blue",)),
        leftover=LEFT,
    )


APPOINTMENT = Appointment(
    mail("IPM.Appointment"),
    start=datetime(2026, 3, 5, 9, tzinfo=UTC),
    end=datetime(2026, 3, 5, 10, tzinfo=UTC),
    zone=BERLIN,
    location="Room 7",
    uid="040000008200e00074c5b7101a82e008",
)
TASK = Task(mail("IPM.Task"), status=TaskStatus.WAITING, percent_complete=0.25, due=date(2026, 4, 1), owner="Ada")
ENTRY = JournalEntry(
    mail("IPM.Activity"), entry_type="Phone call", start=datetime(2026, 3, 5, 9, tzinfo=UTC), duration=7
)
CONTACT = Contact(
    mail("IPM.Contact", "Ada King"),
    name=PersonName(given="Ada", surname="King"),
    email1=ContactEmail("ada@example.org"),
    phones={PhoneRole.MOBILE: "+44 1", PhoneRole.CAR: "+44 2"},
    customer_id="C-1",
).with_photo(PHOTO)
LIST = DistributionList(mail("IPM.DistList", "Friends"), "Friends", (Member("Ada", "ada@example.org"),))
NOTE = Note(
    replace(mail("IPM.StickyNote", "Milk"), text="Milk\nand bread", rtf=None, attachments=()), NoteColor.PINK, 200, 100
)
POST = Post(replace(mail("IPM.Post.RSS", "News"), html="<p>What the user wrote.</p>"), channel="Planet")
CUSTOM = GenericItem(mail("IPM.Contract.Order"))
REQUEST = Appointment(
    replace(
        mail("IPM.Schedule.Meeting.Request"),
        author=Address("Boss", "boss@example.org"),
        sensitivity=Sensitivity.NORMAL,
    ),
    start=datetime(2026, 3, 5, 9, tzinfo=UTC),
    end=datetime(2026, 3, 5, 10, tzinfo=UTC),
    attendees=(
        Attendee(Address("Boss", "boss@example.org"), is_organizer=True, response=Response.ORGANIZER),
        Attendee(Address("Eve \\ Adam", "eve@example.org"), response=Response.NOT_RESPONDED),
    ),
    is_meeting=True,
    uid="meeting-1@example.org",
)
FORM_MAIL = Mail("IPM.Note.Order", subject="An order", text="Please", leftover={OWN: "4711"})
ITEMS: dict[str, Item] = {
    "appointment": APPOINTMENT,
    "task": TASK,
    "journal": ENTRY,
    "contact": CONTACT,
    "list": LIST,
    "note": NOTE,
    "post": POST,
    "item": CUSTOM,
    "request": REQUEST,
    "mail": FORM_MAIL,
}
