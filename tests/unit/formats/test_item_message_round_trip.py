"""Whatever items hold comes back from their messages; and whatever is done to a message, reading ends with an item."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from mailconnector.formats import ItemForm, MimeFormatError, parse, parse_item, render, render_item
from mailconnector.items import (
    Appointment,
    Attachment,
    FolderKind,
    GenericItem,
    Item,
    Mail,
    Placement,
    mail_of,
    with_mail,
)
from mailconnector.mapi import named, tags
from mailconnector.mapi.named import PS_PUBLIC_STRINGS, NamedTag, PropertyName
from mailconnector.mapi.objects import Properties
from mailconnector.mapi.types import PropertyType
from mailconnector.mapping import from_mapi, to_mapi
from tests.unit.items import forms
from tests.unit.items.appointments import appointments
from tests.unit.items.mails import attachments as attached
from tests.unit.items.mails import bodies, flags, lines, mails

_FIELD = NamedTag(PropertyName(PS_PUBLIC_STRINGS, "Contract number"), PropertyType.STRING)
_DIGEST = re.compile(rb"digest=[0-9a-f]{32}")
_leftovers: st.SearchStrategy[Properties] = st.fixed_dictionaries(
    {_FIELD: lines},
    optional={
        tags.PidTagSearchKey: st.binary(min_size=1, max_size=20),
        tags.PidTagCreatorName: lines,
        named.PidLidInternetAccountName: lines,
        named.PidLidVerbStream: st.binary(max_size=40),
    },
)
_files = st.lists(attached((Placement.ATTACHED, Placement.INLINE), mails(depth=0)), max_size=2).map(tuple)
_custom = st.builds(
    lambda mail, name: GenericItem(replace(mail, message_class=name)),
    mails(),
    st.sampled_from(["IPM.Contract", "IPM.Schedule.Odd", "REPORT.IPM.Contract.NDR", "IPC.Note"]),
)
_items: st.SearchStrategy[Item] = st.one_of(
    appointments(),
    forms.contacts(),
    forms.distribution_lists,
    forms.tasks,
    forms.notes,
    forms.journal_entries,
    forms.posts,
    mails(),
    _custom,
)


def _named(one: Attachment) -> Attachment:
    return one if one.name or one.item is not None else replace(one, name="file.bin")


@st.composite
def foreign_items(draw: st.DrawFn) -> Item:
    """Return an item of any type that no store has seen, with files and properties of its own."""
    item = draw(_items)
    mail = mail_of(item)
    if not isinstance(item, (Mail, GenericItem)):
        mail = replace(mail, attachments=tuple(map(_named, draw(_files))), flags=draw(flags()))
    if mail.date is not None:
        mail = replace(mail, date=mail.date.astimezone(timezone(timedelta(hours=draw(st.integers(-12, 12))))))
    return with_mail(item, replace(mail, leftover=draw(_leftovers)))


def items() -> st.SearchStrategy[Item]:
    """Return items of any type as a store gives them."""
    return foreign_items().map(to_mapi).map(from_mapi)


@given(items(), st.sampled_from(FolderKind))
def test_an_item_comes_back_from_its_message(item: Item, kind: FolderKind) -> None:
    data = render_item(item)
    read = parse_item(data, kind)
    assert read.problem is None
    assert read.item == item
    assert render_item(read.item) == data
    # Whoever knows nothing of it reads a mail, which is written as it came.
    assert render(parse(data)) == data


@given(foreign_items(), st.sampled_from(FolderKind))
def test_what_is_read_is_written_as_it_was(item: Item, kind: FolderKind) -> None:
    data = render_item(item)
    read = parse_item(data, kind)
    assert read.problem is None
    assert render_item(read.item) == data


@given(mails())
def test_plain_mail_is_what_it_always_was(mail: Mail) -> None:
    data = render(mail)
    assert render_item(mail) == data
    assert parse_item(data, flags=mail.flags).item == parse(data, flags=mail.flags)


@given(appointments(), bodies)
def test_a_text_that_somebody_wrote_anew(item: Appointment, text: str) -> None:
    """Beside what was changed all is as it was."""
    item = replace(item, mail=replace(item.mail, text="old", leftover={_FIELD: "4711"}))
    stored = from_mapi(to_mapi(item))
    other = from_mapi(to_mapi(replace(item, mail=replace(item.mail, text=text))))
    data = render_item(stored)
    part = render_item(other)
    mixed = _with_parts_of(part, data)
    read = parse_item(mixed)
    assert read.problem is None
    found = read.item
    assert isinstance(found, Appointment)
    assert (mail_of(found).text or "").split() == text.split()
    assert mail_of(found).leftover[_FIELD] == "4711"
    assert isinstance(stored, Appointment)
    for name in (
        "start",
        "end",
        "zone",
        "recurrence",
        "changed",
        "attendees",
        "uid",
        "label",
        "replied_by",
        "location",
    ):
        assert getattr(found, name) == getattr(stored, name), name


def _with_parts_of(data: bytes, stored: bytes) -> bytes:
    """Return a message with the parts of one, and the stream and the mark of another."""
    mark, other = (_DIGEST.search(one) for one in (stored, data))
    assert mark is not None
    assert other is not None
    data = data.replace(other[0], mark[0])
    head, _, _ = data.rpartition(b"Content-Type: application/ms-tnef")
    _, _, tail = stored.rpartition(b"Content-Type: application/ms-tnef")
    boundary = stored.rstrip().rpartition(b"\r\n--")[2].removesuffix(b"--")
    mine = data.rstrip().rpartition(b"\r\n--")[2].removesuffix(b"--")
    return head + b"Content-Type: application/ms-tnef" + tail.replace(boundary, mine)


@given(items(), st.data())
def test_a_damaged_message_is_still_something(item: Item, data: st.DataObject) -> None:
    whole = bytearray(render_item(item))
    for _ in range(data.draw(st.integers(1, 6))):
        position = data.draw(st.integers(0, len(whole) - 1))
        action = data.draw(st.sampled_from(["cut", "change", "end", "copy"]))
        if action == "cut":
            del whole[position : position + data.draw(st.integers(1, 200))]
        elif action == "change":
            whole[position] = data.draw(st.integers(0, 255))
        elif action == "copy":
            start = data.draw(st.integers(0, len(whole) - 1))
            whole[position:position] = whole[start : start + data.draw(st.integers(1, 200))]
        elif position > 200:
            del whole[position:]
        if not whole.strip():
            return
    kind = data.draw(st.sampled_from(FolderKind))
    try:
        read = parse_item(bytes(whole), kind)
    except MimeFormatError:
        assert not whole.strip()
        return
    for form in ItemForm:
        written = render_item(read.item, form=form)
        again = parse_item(written, kind)
        if form is ItemForm.OWN:
            assert render_item(again.item) == written
