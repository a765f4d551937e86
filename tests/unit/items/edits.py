"""Edits of items of every type, each of a group of fields of its own, for whoever edits two copies of one item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from mailconnector.items import (
    Address,
    Appointment,
    Attachment,
    Contact,
    DistributionList,
    GenericItem,
    Importance,
    Item,
    JournalEntry,
    Mail,
    Note,
    Post,
    Task,
    mail_of,
    with_mail,
)
from mailconnector.items.appointment import Attendee, Busy, Reminder, Response
from mailconnector.items.contact import ContactEmail, PersonName, PhoneRole, PostalAddress
from mailconnector.items.distribution_list import Member
from mailconnector.items.note import NoteColor
from mailconnector.items.recurrence import Frequency, Recurrence
from mailconnector.items.zone_names import zone_of_iana
from mailconnector.mapi import named, tags
from mailconnector.mapi.named import PS_PUBLIC_STRINGS, NamedTag, PropertyName
from mailconnector.mapi.objects import Properties
from mailconnector.mapi.types import PropertyType

Edit = Callable[[Any, int], Any]
"""Returns an item with another value, one for each number, in one group of fields."""

CUSTOM = NamedTag(PropertyName(PS_PUBLIC_STRINGS, "Reviewed by"), PropertyType.STRING)
"""A field that a user has made himself."""

_BERLIN = zone_of_iana("Europe/Berlin", 2020, 2030)
_MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def _mail(message_class: str, key: str, **more: Any) -> Mail:
    # What a store adds to all that lies in it.
    leftover: Properties = {
        tags.PidTagSearchKey: key.encode().rjust(16, b"."),
        named.PidLidSideEffects: 16,
        CUSTOM: "nobody",
    }
    return Mail(message_class, message_id=f"<{key}@example.com>", text="As agreed.\n", leftover=leftover, **more)


def sample(kind: type, key: str = "one") -> Any:
    """Return an item of a type, with something in most groups of its fields."""
    return {
        Appointment: Appointment(
            _mail("IPM.Appointment", key, subject=f"Review {key}"),
            _MONDAY,
            _MONDAY + timedelta(hours=1),
            _BERLIN,
            location="Room",
            reminder=Reminder(15),
            attendees=(
                Attendee(Address("Eva", "eva@example.com"), is_organizer=True),
                Attendee(Address("Jan", "jan@example.com", leftover={tags.PidTagRecipientOrder: 1})),
                Attendee(Address("Ulf", "ulf@example.com")),
            ),
            is_meeting=True,
            uid=f"{key}@calendar.example",
            recurrence=Recurrence(Frequency.WEEKLY, weekdays=(1,), count=20),
        ),
        Contact: Contact(
            _mail("IPM.Contact", key, subject=f"Eva {key}"),
            PersonName(given="Eva", surname=key),
            company="Example Ltd.",
            email1=ContactEmail("eva@example.com", f"Eva {key} (eva@example.com)"),
            phones={PhoneRole.BUSINESS: "+1 2", PhoneRole.MOBILE: "+1 3"},
            work=PostalAddress("Main Street", "Springfield"),
        ),
        DistributionList: DistributionList(
            _mail("IPM.DistList", key, subject=f"Team {key}"),
            f"Team {key}",
            (Member("Eva", "eva@example.com"), Member("Jan", "jan@example.com")),
        ),
        Task: Task(_mail("IPM.Task", key, subject=f"Write {key}"), start=date(2026, 3, 2), due=date(2026, 3, 9)),
        Note: Note(_mail("IPM.StickyNote", key, subject="As agreed."), width=200, height=100),
        JournalEntry: JournalEntry(
            _mail("IPM.Activity", key, subject=f"Call {key}"), "Phone call", start=_MONDAY, end=_MONDAY, duration=5
        ),
        Post: Post(_mail("IPM.Post.Rss", key, subject=f"News {key}"), "Feed", item_link="https://example.com/1"),
        GenericItem: GenericItem(_mail("IPM.Custom", key, subject=f"Custom {key}")),
        Mail: _mail("IPM.Post", key, subject=f"Post {key}"),
    }[kind]


KINDS = (Appointment, Contact, DistributionList, Task, Note, JournalEntry, Post, GenericItem)
"""The types other than mail."""


def _field(name: str, make: Callable[[int], Any]) -> Edit:
    return lambda item, number: replace(item, **{name: make(number)})


def _mail_field(name: str, make: Callable[[int], Any]) -> Edit:
    return lambda item, number: with_mail(item, replace(mail_of(item), **{name: make(number)}))


def _custom(item: Item, number: int) -> Item:
    mail = mail_of(item)
    return with_mail(item, replace(mail, leftover={**mail.leftover, CUSTOM: f"reader {number}"}))


def _file(item: Item, number: int) -> Item:
    mail = mail_of(item)
    file = Attachment(f"file {number}.txt", "text/plain", b"%d" % number)
    others = [one for one in mail.attachments if one.name != file.name]
    return with_mail(item, replace(mail, attachments=(*others, file)))


def _start(item: Appointment, number: int) -> Appointment:
    start = _MONDAY + timedelta(weeks=number)
    return replace(item, start=start, end=start + timedelta(hours=1))


def _answer(email: str) -> Edit:
    def edit(item: Appointment, number: int) -> Appointment:
        said = Response.ACCEPTED if number % 2 else Response.DECLINED
        replied = _MONDAY + timedelta(minutes=number)
        people = [
            replace(one, response=said, replied=replied) if one.address.email == email else one
            for one in item.attendees
        ]
        return replace(item, attendees=tuple(people))

    return edit


def _left_out(item: Appointment, number: int) -> Appointment:
    day = date(2026, 3, 9) + timedelta(weeks=number % 10)
    return replace(item, deleted=tuple(sorted({*item.deleted, day})))


def _phone(role: PhoneRole) -> Edit:
    return lambda item, number: replace(item, phones={**item.phones, role: f"+49 {number}"})


def _name(item: Contact, number: int) -> Contact:
    return replace(item, name=replace(item.name, given=f"Eva {number}")).titled()


def _list_name(item: DistributionList, number: int) -> DistributionList:
    return replace(item, name=f"Team {number}").titled()


def _member(item: DistributionList, number: int) -> DistributionList:
    return replace(item, members=(*item.members, Member(f"M {number}", f"m{number}@example.com")))


def _note_text(item: Note, number: int) -> Note:
    return replace(item, mail=replace(item.mail, text=f"Text {number}\n", subject=f"Text {number}"))


_ANY: dict[str, Edit] = {
    "text": _mail_field("text", "Text {}\n".format),
    "importance": _mail_field("importance", lambda number: Importance.LOW if number % 2 else Importance.HIGH),
    "custom": _custom,
    "file": _file,
}
_LINKS: dict[str, Edit] = {
    "billing": _field("billing", "Account {}".format),
    "companies": _field("companies", lambda number: (f"Firm {number}",)),
}
_SUBJECT: dict[str, Edit] = {"subject": _mail_field("subject", "Subject {}".format)}

EDITS: dict[type, dict[str, Edit]] = {
    Appointment: _ANY | _SUBJECT | {
        "start": _start,
        "location": _field("location", "Room {}".format),
        "busy": _field("busy", lambda number: Busy.FREE if number % 2 else Busy.OUT_OF_OFFICE),
        "reminder": _field("reminder", lambda number: Reminder(20 + number)),
        "eva": _answer("eva@example.com"),
        "jan": _answer("jan@example.com"),
        "label": _field("label", lambda number: 1 + number % 9),
    },
    Contact: _ANY | _LINKS | {
        "name": _name,
        "job title": _field("job_title", "Title {}".format),
        "email": _field("email1", lambda number: ContactEmail(f"eva{number}@example.com")),
        "mobile": _phone(PhoneRole.MOBILE),
        "business": _phone(PhoneRole.BUSINESS),
        "work": _field("work", lambda number: PostalAddress(f"{number} Main Street", "Springfield")),
        "birthday": _field("birthday", lambda number: date(1970, 1, 1) + timedelta(days=number)),
        "children": _field("children", lambda number: (f"Kim {number}",)),
    },
    DistributionList: _ANY | _LINKS | {"name": _list_name, "member": _member},
    Task: _ANY | _LINKS | _SUBJECT | {
        "due": _field("due", lambda number: date(2026, 4, 1) + timedelta(days=number)),
        "progress": _field("percent_complete", lambda number: (1 + number % 99) / 100),
        "owner": _field("owner", "Owner {}".format),
    },
    Note: {
        "custom": _custom,
        "text": _note_text,
        "color": _field("color", lambda number: NoteColor.PINK if number % 2 else NoteColor.BLUE),
        "window": _field("width", lambda number: 300 + number),
    },
    JournalEntry: _ANY | _LINKS | _SUBJECT | {
        "type": _field("entry_type", "Type {}".format),
        "duration": _field("duration", lambda number: 10 + number),
    },
    Post: _ANY | _SUBJECT | {"channel": _field("channel", "Feed {}".format)},
    GenericItem: _ANY | _SUBJECT,
}  # fmt: skip
"""Edits by the type and by a word for the group; two of one item that have other words do not clash."""

LEFT_OUT: Edit = _left_out
"""Leaves a day out of a series: clashes with another start, not with another day."""


def bare(item: Item) -> Any:
    """Return an item as a program writes it that knows nothing of MAPI."""
    item = with_mail(item, replace(mail_of(item), leftover={}))
    if isinstance(item, Appointment):
        people = [replace(one, address=replace(one.address, leftover={}), replied=None) for one in item.attendees]
        return replace(item, attendees=tuple(people), label=0)
    return item
