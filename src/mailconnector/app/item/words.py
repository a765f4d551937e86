"""What a part of an item says, in words."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from mailconnector.app.pst.readable_values import readable_value
from mailconnector.items import Address, Appointment, Attachment, Item, mail_of
from mailconnector.items.appointment import Attendee, ChangedInstance, Reminder, Response
from mailconnector.items.appointment_text import recurrence_text
from mailconnector.items.contact import ContactEmail, PostalAddress
from mailconnector.items.distribution_list import Member
from mailconnector.items.field_groups import split_path
from mailconnector.items.recurrence import Recurrence
from mailconnector.items.zones import LocalTime, Zone

_BYTES_SHOWN = 16


def part_words(item: Item, path: str, part: Any) -> str:
    """Return what a part says.

    Args:
        item: The item that it is of: its zone says by which clocks its times are shown.
        path: Which part.
        part: What `items.parts.taken_apart` has of it.
    """
    if split_path(path)[0] == "leftover":
        _, value = part
        return readable_value(value)
    if isinstance(item, Appointment):
        if path in ("start", "end", "proposed_start", "proposed_end"):
            return _moment(part, (item.end_zone if path == "end" else None) or item.zone)
        if path == "recurrence" and isinstance(part, Recurrence):
            return recurrence_text(part, item.start)
    return _words(part)


def _words(value: Any) -> str:
    for kinds, say in _SAID:
        if isinstance(value, kinds):
            return say(value)
    if is_dataclass(value) and not isinstance(value, type):
        named = [(one.name.replace("_", " "), getattr(value, one.name)) for one in fields(value)]
        return ", ".join([f"{name}: {_words(part)}" for name, part in named if part])
    return str(value)


def _person(name: str, email: str) -> str:
    return f"{name} <{email}>" if name and email and name != email else name or email


def _moment(when: Any, zone: Zone | None) -> str:
    if isinstance(when, LocalTime):
        return f"{when.moment:%Y-%m-%d %H:%M} (whatever the zone)"
    if not isinstance(when, datetime):
        return str(when)
    if zone is not None:
        try:
            return f"{zone.to_local(when):%Y-%m-%d %H:%M} {zone.name or zone.description}".rstrip()
        except OverflowError:
            pass
    return f"{when.astimezone(UTC) if when.tzinfo else when:%Y-%m-%d %H:%M} UTC"


def _attachment(one: Attachment) -> str:
    if one.item is not None:
        return f"an item: {mail_of(one.item).subject}"
    if one.reference:
        return f"a link to {one.reference}"
    return f"{one.content_type}, {one.size():,} bytes"


def _instance(one: ChangedInstance) -> str:
    parts = [f"{one.start.moment:%Y-%m-%d %H:%M} to {one.end.moment:%Y-%m-%d %H:%M}"]
    for name in ("subject", "location", "busy", "all_day", "reminder_minutes", "label"):
        value = getattr(one, name)
        if value is not None:
            parts.append(f"{name.replace('_', ' ')}: {_words(value)}")
    if one.has_body:
        parts.append("a text of its own")
    return ", ".join(parts)


def _attendee(one: Attendee) -> str:
    said = f", {_words(one.response)}" if one.response not in (Response.NONE, Response.ORGANIZER) else ""
    role = "organizer" if one.is_organizer else _words(one.role)
    return f"{_person(one.address.name, one.address.email)} ({role}{said})"


def _bytes(value: bytes) -> str:
    return f"{len(value):,} bytes" + (f" ({value[:_BYTES_SHOWN].hex(' ')} ...)" if value else "")


# The first kind that a value is of counts: a truth is a number, and so are many enumerations; a moment is a day.
_SAID: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (type(None), lambda value: ""),
    (bool, lambda value: "yes" if value else "no"),
    (Enum, lambda value: str(value.name).lower().replace("_", " ")),
    (str, str),
    (bytes, _bytes),
    ((datetime, LocalTime), lambda value: _moment(value, None)),
    ((date, int), str),
    (float, lambda value: f"{value:g}"),
    (Zone, lambda value: value.name or value.description or "a zone without a name"),
    (Address, lambda value: _person(value.name, value.email)),
    (Attendee, _attendee),
    (Member, lambda value: _person(value.name, value.address)),
    (ContactEmail, lambda value: value.address if value.kind == "SMTP" else f"{value.kind}: {value.address}"),
    (PostalAddress, lambda value: value.label().replace("\n", ", ")),
    (Reminder, lambda value: f"{value.minutes} minutes before"),
    (Attachment, _attachment),
    (ChangedInstance, _instance),
    (Recurrence, lambda value: recurrence_text(value, None)),
    (Mapping, lambda value: f"{len(value):,} properties"),
    ((tuple, list), lambda value: "; ".join(filter(None, map(_words, value)))),
)
