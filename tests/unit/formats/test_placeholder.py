"""What stands for a private appointment: its times, and nothing else of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from mailconnector.formats import (
    ItemForm,
    noted_shape,
    parse_item,
    render_item,
    render_placeholder,
    seen_shape,
    shape_of,
    with_times_of,
)
from mailconnector.formats.privacy import SUBJECTS, is_placeholder_name, is_private, placeholder_name
from mailconnector.items import Appointment, Contact, FolderKind, Mail, Sensitivity, field_digests, with_mail
from mailconnector.items.appointment import Busy, ChangedInstance
from mailconnector.items.recurrence import Frequency, Recurrence
from mailconnector.items.zones import LocalTime
from tests.unit.items.edits import sample

HOUR = timedelta(hours=1)
NAME = placeholder_name("<secret@example.org>", "key")


def series() -> Appointment:
    """A series with a day left out and one that is elsewhere, each with words of its own."""
    item = sample(Appointment)
    moved = LocalTime(datetime(2026, 3, 16, 9))
    there = LocalTime(datetime(2026, 3, 17, 15))
    own = Appointment(
        Mail("IPM.Appointment", subject="Secret day", text="Secret words"),
        datetime(2026, 3, 17, 14, tzinfo=UTC),
        datetime(2026, 3, 17, 15, tzinfo=UTC),
        item.zone,
    )
    changed = ChangedInstance(
        moved, there, LocalTime(datetime(2026, 3, 17, 16)), subject="Secret day", location="Secret place", item=own
    )
    mail = replace(item.mail, subject="Secret", sensitivity=Sensitivity.PRIVATE)
    return replace(
        item, mail=mail, location="Secret hall", private=True, deleted=(date(2026, 3, 9),), changed=(changed,)
    )


def whole_days() -> Appointment:
    return Appointment(
        Mail("IPM.Appointment", subject="Secret", sensitivity=Sensitivity.CONFIDENTIAL),
        date(2026, 4, 1),
        date(2026, 4, 3),
        busy=Busy.OUT_OF_OFFICE,
        uid="days@example.org",
    )


def floating() -> Appointment:
    return replace(
        whole_days(), start=LocalTime(datetime(2026, 4, 1, 9)), end=LocalTime(datetime(2026, 4, 1, 10)), busy=Busy.FREE
    )


def read(data: bytes) -> Appointment:
    item = parse_item(data, FolderKind.CALENDAR).item
    assert isinstance(item, Appointment)
    return item


@pytest.mark.parametrize("make", [series, whole_days, floating])
def test_it_has_the_times_and_nothing_else(make: Any) -> None:
    item = make()
    data = render_placeholder(item, NAME, SUBJECTS["fr"])
    assert data == render_placeholder(item, NAME, SUBJECTS["fr"])
    found = read(data)
    assert b"ecret" not in data
    assert b"tnef" not in data.lower()
    assert (found.start, found.end, found.busy, found.deleted) == (item.start, item.end, item.busy, item.deleted)
    assert [(one.original, one.start, one.end) for one in found.changed] == [
        (one.original, one.start, one.end) for one in item.changed
    ]
    assert found.mail.subject == SUBJECTS["fr"]
    assert (found.mail.text, found.location, found.attendees, found.mail.flags.keywords) == (None, "", (), ())
    assert f"<{found.uid}>" == NAME
    assert shape_of(item) == seen_shape(found) == noted_shape(found)
    assert not is_private(found)


def test_the_name_tells_nothing_without_the_key() -> None:
    assert is_placeholder_name(NAME)
    assert not is_placeholder_name("<secret@example.org>")
    assert placeholder_name("<secret@example.org>", "key") == NAME
    assert (
        len({NAME, placeholder_name("<secret@example.org>", ""), placeholder_name("<other@example.org>", "key")}) == 3
    )
    assert "secret" not in NAME
    assert placeholder_name("<\udcff>", "x" * 1000)


def test_what_is_private() -> None:
    assert is_private(series())
    assert is_private(replace(sample(Appointment), private=True))
    contact = sample(Contact)
    assert not is_private(contact)
    for sensitivity, private in ((Sensitivity.PERSONAL, False), (Sensitivity.CONFIDENTIAL, True)):
        assert is_private(with_mail(contact, replace(contact.mail, sensitivity=sensitivity))) is private


@pytest.mark.parametrize("form", list(ItemForm))
def test_a_delegate_moves_it_and_the_item_follows(form: ItemForm) -> None:
    item = series()
    placeholder = read(render_placeholder(item, NAME, SUBJECTS["en"]))
    assert isinstance(placeholder.start, datetime)
    assert isinstance(placeholder.end, datetime)
    moved = replace(placeholder, start=placeholder.start + HOUR, end=placeholder.end + HOUR, changed=())
    moved = replace(moved, mail=replace(moved.mail, subject="what I think of it", text="my words"))
    back = read(render_item(moved, form=form))
    assert noted_shape(back) == shape_of(item) != seen_shape(back)
    now = with_times_of(item, back)
    assert (now.start, now.end) == (moved.start, moved.end)
    assert shape_of(now) == seen_shape(back)
    assert (now.mail.subject, now.mail.text, now.location) == (item.mail.subject, item.mail.text, item.location)
    assert now.private
    assert now.uid == item.uid
    before, after = field_digests(item), field_digests(now)
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} >= {"start", "end"}


def test_one_day_of_a_series_is_moved_and_keeps_its_words() -> None:
    item = series()
    placeholder = read(render_placeholder(item, NAME, SUBJECTS["en"]))
    (day,) = placeholder.changed
    later = LocalTime(day.start.moment + HOUR)
    moved = replace(placeholder, changed=(replace(day, start=later, end=LocalTime(day.end.moment + HOUR)),))
    (now,) = with_times_of(item, moved).changed
    assert (now.start, now.subject, now.location) == (later, "Secret day", "Secret place")
    assert now.item is not None
    assert now.item.mail.text == "Secret words"
    assert now.item.start == datetime(2026, 3, 17, 15, tzinfo=UTC)


def test_edits_of_the_text_alone_change_no_time() -> None:
    item = series()
    placeholder = read(render_placeholder(item, NAME, SUBJECTS["en"]))
    edited = replace(placeholder, mail=replace(placeholder.mail, subject="Nosy", text="What is it?"), location="here")
    back = read(render_item(edited, form=ItemForm.AUTHOR))
    assert seen_shape(back) == noted_shape(back) == shape_of(item)


def test_other_times_are_another_shape() -> None:
    item = whole_days()
    others = [
        replace(item, end=date(2026, 4, 4)),
        replace(item, busy=Busy.TENTATIVE),
        replace(item, recurrence=Recurrence(Frequency.DAILY, count=3)),
        replace(item, start=datetime(2026, 4, 1, 9, tzinfo=UTC), end=datetime(2026, 4, 1, 10, tzinfo=UTC)),
    ]
    assert len({shape_of(one) for one in (item, *others)}) == len(others) + 1
    assert shape_of(replace(item, mail=replace(item.mail, subject="Other", text="else"))) == shape_of(item)
