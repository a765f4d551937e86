"""The demonstration's mail: sound, the same each time, and with all that mail can hold."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime

from mailconnector import formats
from mailconnector.app.demo import letters, pictures
from mailconnector.items import Mail, Placement

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def every() -> list[letters.Letter]:
    return [*letters.on_server(NOW), *letters.in_pst(NOW), letters.tax_letter(NOW)]


def parsed() -> list[Mail]:
    return [formats.parse(letter.data) for letter in every()]


def test_it_is_the_same_each_time():
    assert every() == every()
    assert letters.delivered(NOW) == letters.delivered(NOW)


def test_one_message_and_no_other_is_on_both_sides():
    ids = [mail.message_id for mail in parsed()]
    assert len(ids) - len(set(ids)) == 1
    here, there = letters.in_pst(NOW), letters.on_server(NOW)
    assert [letter.subject for letter in here if letter in there] == ["Welcome to the team"]


def test_it_holds_what_mail_holds():
    mails = parsed()
    placements = {attachment.placement for mail in mails for attachment in mail.attachments}
    assert {Placement.ATTACHED, Placement.RELATED, Placement.ALTERNATIVE} <= placements
    types = {attachment.content_type for mail in mails for attachment in mail.attachments}
    assert {"application/pdf", "image/png", "text/csv", "text/calendar"} <= types
    subjects = " ".join(mail.subject for mail in mails)
    assert all(letter in subjects for letter in "ßü見ф")
    assert any(mail.references for mail in mails)
    assert all(mail.date is not None and mail.date < NOW for mail in mails if "Bescheinigung" not in mail.subject)


def test_its_pictures_and_papers_are_sound():
    picture = pictures.landscape()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    place = picture.index(b"IDAT")
    size = int.from_bytes(picture[place - 4 : place])
    rows = zlib.decompress(picture[place + 4 : place + 4 + size])
    assert len(rows) == 110 * (1 + 3 * 180)
    paper = pictures.pdf("Größe (neu)", ("one \\ two", "drei"))
    start = int(paper.split(b"startxref\n")[1].split()[0])
    assert paper[start:].startswith(b"xref\n")
    for number, line in enumerate(paper[start:].splitlines()[3:8], 1):
        assert paper[int(line[:10]) :].startswith(b"%d 0 obj" % number)
