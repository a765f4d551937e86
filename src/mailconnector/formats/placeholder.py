"""What stands in a shared folder for a private appointment: when it is, and nothing else.

A placeholder is a message with a calendar and nothing of ours but one field of its header. Its UID is made of the
private item's and a key that its owner alone knows (`privacy`). What has such a UID is a placeholder, or what somebody
made of one.

The field says which times the placeholder was made with. As long as its times are these, nobody has moved it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from mailconnector.formats.forms import plain
from mailconnector.formats.item.forms import ItemForm, source_of, with_source
from mailconnector.formats.item_message import parse_item, render_item
from mailconnector.formats.mail import words
from mailconnector.formats.privacy import placeholder_name
from mailconnector.items import Appointment, FolderKind, Item, Mail, essence_of, merge
from mailconnector.items.appointment import ChangedInstance, When
from mailconnector.items.headers import first
from mailconnector.items.zones import LocalTime, Zone

_FIELD = "X-MailConnector-Placeholder"
_SHAPE = placeholder_name("shape", "")


def render_placeholder(item: Appointment, name: str, subject: str) -> bytes:
    """Return the message of a placeholder; the same times always give the same bytes.

    Args:
        item: The private appointment.
        name: The placeholder's message id.
        subject: What it is called.

    Raises:
        FormatError: The appointment has times that no calendar can say.
    """
    return _written(_bare(item), name, subject, shape_of(item))


def shape_of(item: Appointment) -> str:
    """Return a digest of an appointment's times: the same for it, its placeholder, and whatever comes of that.

    Raises:
        FormatError: It has times that no calendar can say.
    """
    return seen_shape(_read(_written(_bare(item), _SHAPE, "", "")))


def seen_shape(placeholder: Appointment) -> str:
    """Return the digest of the times of a placeholder that was read."""
    return essence_of(_bare(placeholder))


def noted_shape(placeholder: Item) -> str:
    """Return the digest of the times that a placeholder was made with; empty where a program has dropped it."""
    headers = source_of(placeholder).partition(b"\r\n")[2]
    return (first(headers, _FIELD.lower().encode("ascii")) or b"").decode("ascii", "replace").strip()


def with_times_of(item: Appointment, placeholder: Appointment) -> Appointment:
    """Return a private appointment with the times that somebody has given its placeholder; all else stays.

    Args:
        item: The appointment, as it was when the placeholder was made.
        placeholder: What the placeholder became.

    Raises:
        FormatError: The appointment has times that no calendar can say.
    """
    before = _bare(_read(_written(_bare(item), _SHAPE, "", "")))
    merged = merge(item, item, _bare(placeholder), their_base=before).item
    assert isinstance(merged, Appointment)
    own = {one.original: one for one in item.changed}
    days = [_with_times(own[day.original], day, item) if day.original in own else day for day in merged.changed]
    return replace(merged, changed=tuple(days))


def _with_times(own: ChangedInstance, day: ChangedInstance, series: Appointment) -> ChangedInstance:
    """Return a changed instance of a series with the times of another one, and what is its own beside them."""
    if (own.start, own.end, own.busy, own.all_day) == (day.start, day.end, day.busy, day.all_day):
        return own
    instance = own.item
    if instance is not None:
        zone = instance.zone or series.zone
        instance = replace(
            instance,
            start=_later(instance.start, day.start.moment - own.start.moment, zone),
            end=_later(instance.end, day.end.moment - own.end.moment, zone),
            busy=instance.busy if day.busy is None else day.busy,
        )
    return replace(own, start=day.start, end=day.end, busy=day.busy, all_day=day.all_day, item=instance)


def _later(when: When | None, by: timedelta, zone: Zone | None) -> When | None:
    """Return a time that is so much later by the clocks of a zone."""
    with suppress(OverflowError):  # beyond the last year there is no time to say
        if isinstance(when, LocalTime):
            return LocalTime(when.moment + by)
        if isinstance(when, datetime) and zone is not None:
            return zone.to_utc(zone.to_local(when) + by)
        return when + by if when is not None else None
    return when


def _bare(item: Appointment) -> Appointment:
    """Return the times of an appointment alone."""
    changed = [
        ChangedInstance(one.original, one.start, one.end, busy=one.busy, all_day=one.all_day) for one in item.changed
    ]
    return Appointment(
        Mail(message_class="IPM.Appointment"),
        item.start,
        item.end,
        item.zone,
        item.end_zone,
        busy=item.busy,
        recurrence=item.recurrence,
        deleted=item.deleted,
        changed=tuple(changed),
    )


def _written(bare: Appointment, name: str, subject: str, shape: str) -> bytes:
    mail = replace(bare.mail, subject=subject, message_id=name)
    header = [words.field("Subject", subject), words.field("Message-ID", name), words.field(_FIELD, shape)]
    item = with_source(
        replace(bare, mail=mail, uid=name.strip("<>")), plain.NAME, b"single titled\r\n" + b"".join(header)
    )
    return render_item(item, form=ItemForm.AUTHOR)


def _read(data: bytes) -> Appointment:
    found = parse_item(data, FolderKind.CALENDAR)
    if not isinstance(found.item, Appointment):
        raise found.problem or AssertionError("what was written is an appointment")
    return found.item
