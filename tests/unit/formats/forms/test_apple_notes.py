"""Notes as Apple's programs write them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailconnector.formats import ItemForm, parse, parse_item, render_item
from mailconnector.formats.forms.apple_notes import html_of, text_of
from mailconnector.items import FolderKind, Note, Placement
from mailconnector.items.note import NoteColor
from mailconnector.mapping import from_mapi, to_mapi

HEADER = (
    b"Subject: Shopping\r\n"
    b"From: Ann <ann@example.com>\r\n"
    b"X-Universally-Unique-Identifier: 0811AAB1-6B98-4236-A762-AC8CCDEAB7D4\r\n"
    b"X-Uniform-Type-Identifier: com.apple.mail-note\r\n"
    b"X-Apple-Thing: kept\r\n"
    b"Message-Id: <F191E3E8-061F-4BE0-A5F4-B559B54DF973@example.com>\r\n"
    b"Date: Sat, 07 Jan 2012 10:00:00 +0100\r\n"
    b"X-Mail-Created-Date: Fri, 06 Jan 2012 23:19:33 +0100\r\n"
    b"Mime-Version: 1.0 (1.0)\r\n"
)
HTML = HEADER + (
    b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
    b"Shopping<div><b>Milk</b></div><div><br></div><div>Bread &amp; butter</div>\r\n"
)
PLAIN = HEADER + b"Content-Type: text/plain; charset=utf-8\r\n\r\nShopping\r\nMilk\r\n"
PICTURE = HEADER + (
    b'Content-Type: multipart/related; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b'Shopping<div><object type="application/x-apple-msg-attachment" data="cid:pic@example"></object></div>\r\n'
    b"--b\r\nContent-Type: image/png; name=a.png\r\nContent-Id: <pic@example>\r\n"
    b"Content-Disposition: inline; filename=a.png\r\n\r\nPNG\r\n--b--\r\n"
)


def read(data: bytes) -> Note:
    found = parse_item(data, FolderKind.NOTES)
    assert found.problem is None
    assert isinstance(found.item, Note)
    return found.item


def test_html_is_read() -> None:
    note = read(HTML)
    assert note.mail.text == "Shopping\nMilk\n\nBread & butter"
    assert note.mail.subject == "Shopping"
    assert note.mail.message_id == "<0811AAB1-6B98-4236-A762-AC8CCDEAB7D4>"
    assert note.mail.date == datetime(2012, 1, 6, 23, 19, 33, tzinfo=timezone(timedelta(hours=1)))


def test_plain_text_is_read() -> None:
    assert read(PLAIN).mail.text == "Shopping\nMilk\n"


@pytest.mark.parametrize("data", [HTML, PLAIN, PICTURE])
def test_a_note_that_was_not_changed_is_what_it_was(data: bytes) -> None:
    note = read(data)
    written = render_item(replace(note, color=NoteColor.PINK), form=ItemForm.AUTHOR)
    before, after = parse(data), parse(written)
    assert (after.html or "").strip() == (before.html or "").strip()
    assert (after.text, after.author, after.subject) == (before.text, before.author, before.subject)
    assert [(one.content_id, one.placement) for one in after.attachments] == [
        (one.content_id, one.placement) for one in before.attachments
    ]
    for field in (b"X-Apple-Thing: kept", b"X-Mail-Created-Date: Fri, 06 Jan 2012", b"com.apple.mail-note"):
        assert field in written
    assert read(written) == note
    stored = from_mapi(to_mapi(note))
    assert parse(render_item(stored, form=ItemForm.AUTHOR)).html == after.html
    assert parse(render_item(stored, form=ItemForm.AUTHOR)).text == after.text


def test_an_edited_note_is_html_with_its_title() -> None:
    note = read(HTML)
    edited = replace(note, mail=replace(note.mail, text="Other <title>\n\nline"))
    written = parse(render_item(edited, form=ItemForm.AUTHOR))
    assert (written.subject, written.text) == ("Other <title>", None)
    assert (written.html or "").strip() == "Other &lt;title&gt;<div><br></div><div>line</div>"
    again = read(render_item(edited, form=ItemForm.AUTHOR))
    assert (again.mail.text, again.mail.message_id) == ("Other <title>\n\nline", note.mail.message_id)


def test_an_edited_plain_note_stays_plain() -> None:
    note = read(PLAIN)
    written = parse(render_item(replace(note, mail=replace(note.mail, text="New\n")), form=ItemForm.AUTHOR))
    assert (written.text, written.html) == ("New\n", None)


def test_a_picture_stays_where_it_is_shown() -> None:
    note = read(PICTURE)
    (picture,) = note.mail.attachments
    assert (picture.name, picture.content()) == ("a.png", b"PNG")
    written = parse(render_item(replace(note, color=NoteColor.BLUE), form=ItemForm.AUTHOR))
    assert [one.placement for one in written.attachments] == [Placement.RELATED]


def test_in_our_form_it_is_the_same_note() -> None:
    note = read(HTML)
    again = parse_item(render_item(note), FolderKind.NOTES)
    assert again.problem is None
    assert isinstance(again.item, Note)
    assert (again.item.mail.text, again.item.mail.message_id) == (note.mail.text, note.mail.message_id)


@pytest.mark.parametrize("data", [HTML, PLAIN, PICTURE])
def test_in_our_form_it_is_written_as_it_was_from_the_first_time(data: bytes) -> None:
    """The dates of the note are an hour ahead; a store has moments."""
    written = render_item(read(data))
    assert b"Date: Fri, 06 Jan 2012 22:19:33 +0000\r\n" in written
    assert render_item(read(written)) == written


LINES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8)


@settings(max_examples=50)
@given(st.lists(LINES, min_size=1, max_size=5))
def test_a_text_is_read_from_its_html(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert text_of(html_of(text)) == text


def test_dates_of_the_leftover_are_those_of_the_change() -> None:
    note = read(HTML)
    assert note.mail.date is not None
    assert note.mail.date.astimezone(UTC) < datetime(2012, 1, 7, tzinfo=UTC)
    assert b"Date: Fri, 06 Jan 2012 23:19:33 +0100" in render_item(note, form=ItemForm.AUTHOR)
