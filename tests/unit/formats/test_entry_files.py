"""Files of many entries: cut into entries that stand alone, and put together again."""

from __future__ import annotations

import io
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import icalendar
import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st

from mailconnector.formats import calendar, card, entry_files
from mailconnector.formats.calendar import lines as calendar_lines
from mailconnector.formats.card import lines as card_lines
from mailconnector.formats.entry_files import CalendarFile, CardFile, EntryFileError, FileEntry
from mailconnector.formats.entry_writing import JoinedCalendar, calendar_of, card_of
from mailconnector.items import Appointment, Contact, Mail, Task
from mailconnector.items.merging import field_digests

ZONE = """\
BEGIN:VTIMEZONE
TZID:{name}
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:{offset}
TZOFFSETTO:{offset}
END:STANDARD
END:VTIMEZONE
"""
EVENT = """\
BEGIN:VEVENT
UID:{uid}
SUMMARY:{summary}
DTSTART;TZID=Here:20240301T100000
DTEND;TZID=Here:20240301T110000
END:VEVENT
"""
CARD = "BEGIN:VCARD\nVERSION:3.0\nUID:{uid}\nFN:{name}\nN:{name};;;;\nEND:VCARD\n"


def wrapped(*parts: str, head: str = "VERSION:2.0\nPRODID:-//Test//EN\n") -> bytes:
    return f"BEGIN:VCALENDAR\n{head}{''.join(parts)}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def event(number: int, **more: str) -> str:
    return EVENT.format(**{"uid": f"u{number}@example.org", "summary": f"event {number}"} | more)


def read(data: bytes) -> list[FileEntry]:
    return list(CalendarFile(io.BytesIO(data)).entries())


def items_of(entries: Iterable[FileEntry]) -> list[Any]:
    return [item for entry in entries for item in entry.items]


def subjects(entries: Iterable[FileEntry]) -> list[str]:
    return [item.mail.subject for item in items_of(entries)]


def test_entries_are_found_with_their_lines_and_zones() -> None:
    data = wrapped(ZONE.format(name="Here", offset="+0100"), *[event(number) for number in range(250)])
    file = CalendarFile(io.BytesIO(data))
    assert len(file) == 250
    entries = list(file.entries())
    assert subjects(entries) == [f"event {number}" for number in range(250)]
    assert [entry.line for entry in entries[:2]] == [12, 18]
    assert [entry.position for entry in entries] == sorted(entry.position for entry in entries)
    for entry in entries[::50]:
        (alone,) = calendar.parse(entry.data)
        (item,) = entry.items
        assert isinstance(item, Appointment)
        assert isinstance(alone, Appointment)
        assert item.start == alone.start
        assert item.zone is not None
        assert item.mail.message_id == f"<{item.uid}>"


def test_what_belongs_to_one_uid_is_one_entry_wherever_it_stands() -> None:
    series = event(1).replace("END:VEVENT", "RRULE:FREQ=DAILY;COUNT=5\nEND:VEVENT")
    other = event(1).replace("SUMMARY:event 1", "SUMMARY:moved\nRECURRENCE-ID;TZID=Here:20240303T100000")
    zone = ZONE.format(name="Here", offset="+0100")
    entries = read(wrapped(zone, series, *[event(number) for number in range(2, 150)], other))
    assert len(entries) == 149
    (item,) = entries[0].items
    assert isinstance(item, Appointment)
    assert len(item.changed) == 1


def test_a_long_uid_that_is_folded_is_one() -> None:
    folded = event(1, uid="a" * 40 + "\n " + "b" * 40)
    assert len(CalendarFile(io.BytesIO(wrapped(folded, folded.replace("event 1", "again"))))) == 1


def test_of_zones_with_one_name_the_last_counts() -> None:
    zones = "".join([ZONE.format(name="Here", offset=f"+0{hour}00") for hour in (1, 2, 3) * 1000])
    nameless = ZONE.replace("TZID:{name}\n", "").format(offset="+0400") * 1000
    whole = wrapped(zones, nameless, event(1), event(2))
    entries = read(whole)
    # Ten o'clock there, three hours before that of UTC.
    assert [item.start for item in items_of(entries)] == [datetime(2024, 3, 1, 7, tzinfo=UTC)] * 2
    assert all(entry.data.count(b"TZID:Here\r\n") == 1 for entry in entries)
    assert all(entry.data.count(b"BEGIN:VTIMEZONE\r\n") <= 2 for entry in entries)


def test_an_entry_has_the_zones_that_it_names_and_no_others() -> None:
    names = ["There", "Here", "(UTC+01:00) Amsterdam, Berlin", "Mean; colon: and all", "Hereabouts"]
    zones = "".join([ZONE.format(name=name.replace(",", "\\,").replace(";", "\\;"), offset="+0100") for name in names])
    quoted = (
        event(1).replace("DTSTART;TZID=Here", f'DTSTART;X-A=B;tzid="{names[3]}"').replace("=Here", f'="{names[2]}"')
    )
    folded = event(2).replace("DTSTART;TZID=Here", "DTSTART;TZ\n ID=Th\n\tere")
    entries = read(wrapped(zones, quoted, folded, event(3, summary="There")))
    parsed = [icalendar.Calendar.from_ical(entry.data).walk("VTIMEZONE") for entry in entries]
    assert [[str(zone["TZID"]) for zone in some] for some in parsed] == [names[2:4], names[:2], names[1:2]]
    assert all(item.zone is not None for item in items_of(entries))


def test_a_file_of_nothing_but_zones_takes_no_longer_for_it() -> None:
    zones = "".join([ZONE.format(name=f"Z{number}", offset="+0100") for number in range(20_000)])
    entries = CalendarFile(io.BytesIO(wrapped(zones, *[event(number, uid="") for number in range(600)]))).entries()
    begun = time.process_time()
    assert sum(len(entry.items) for entry in entries) == 600
    assert time.process_time() - begun < 3


@pytest.mark.parametrize("kind", [CalendarFile, CardFile])
def test_an_entry_that_is_too_large_is_not_read(
    kind: type[CalendarFile | CardFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Watched(io.BytesIO):
        largest = 0

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            self.largest = max(self.largest, len(data))
            return data

    monkeypatch.setattr(calendar_lines, "LARGEST", 100_000)
    monkeypatch.setattr(card_lines, "MAX_FILE", 100_000)
    large = "".join([f"X-A:{'a' * 60}\n" for _ in range(2000)])
    if kind is CalendarFile:
        parts = [event(1), event(2).replace("SUMMARY", f"{large}SUMMARY"), event(3)]
        file = Watched(wrapped(*parts))
    else:
        cards = [CARD.format(uid=number, name=f"N{number}") for number in range(3)]
        file = Watched("".join([cards[0], cards[1].replace("FN:", f"{large}FN:"), cards[2]]).encode())
    first, second, third = kind(file).entries()
    assert (len(first.items), second.items, len(third.items)) == (1, (), 1)
    assert isinstance(second.problem, EntryFileError)
    assert "at most 100,000 are read" in str(second.problem)
    assert (second.data, second.line > first.line) == (b"", True)
    assert first.position < second.position < third.position
    assert file.largest < 100_000


def test_an_entry_without_an_end_does_no_harm_to_the_next() -> None:
    broken = event(2).replace("END:VEVENT\n", "")
    entries = read(wrapped(event(1), broken, event(3)))
    assert [subjects([entry]) for entry in entries] == [["event 1"], [], ["event 3"]]
    assert "ends within it" in str(entries[1].problem)
    assert b"event 2" in entries[1].data
    assert b"event 3" not in entries[1].data


def test_a_file_that_is_cut_has_what_came_before() -> None:
    data = wrapped(*[event(number) for number in range(5)])
    entries = read(data[: data.index(b"event 4") + 3])
    assert [entry.problem is None for entry in entries] == [True] * 4 + [False]


def test_a_file_of_something_else_is_one_broken_entry() -> None:
    (entry,) = read(b"no calendar\r\n")
    assert entry.items == ()
    assert "no VCALENDAR" in str(entry.problem)


def test_calendars_after_one_another_keep_their_own_zones() -> None:
    first = wrapped(ZONE.format(name="Here", offset="+0100"), event(1))
    second = wrapped(ZONE.format(name="Here", offset="+0500"), event(2))
    hours = [item.start.hour for item in items_of(read(first + second))]
    assert hours == [9, 5]


def test_the_name_of_a_calendar() -> None:
    head = "VERSION:2.0\nX-WR-CALNAME:Work\\, and play\n"
    assert CalendarFile(io.BytesIO(wrapped(event(1), head=head))).name == "Work, and play"
    assert CalendarFile(io.BytesIO(wrapped(event(1)))).name == ""


def test_entries_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_files, "MAX_ENTRIES", 3)
    with pytest.raises(EntryFileError, match="more than 3"):
        CalendarFile(io.BytesIO(wrapped(*[event(number) for number in range(4)])))
    with pytest.raises(EntryFileError, match="more than 3"):
        CardFile(io.BytesIO(b"".join(CARD.format(uid=n, name=n).encode() for n in range(4))))


def test_every_calendar_gives_the_same_items_cut_and_whole(samples: Path) -> None:
    for path in (samples / "ics").iterdir():
        data = path.read_bytes()
        try:
            whole = calendar.parse(data)
        except calendar.CalendarFormatError:
            assert [entry.items for entry in read(data)] == [()]
            continue
        cut = items_of(read(data))
        digests = [{k: v for k, v in field_digests(item).items() if k != "message_id"} for item in cut]
        assert digests == [{k: v for k, v in field_digests(item).items() if k != "message_id"} for item in whole]


# -- cards -------------------------------------------------------------------------------------------------------------


def test_a_card_without_an_end_does_no_harm_to_the_next() -> None:
    broken = CARD.format(uid="2", name="Two").replace("END:VCARD\n", "")
    data = "".join([CARD.format(uid="1", name="One"), broken, CARD.format(uid="3", name="Three")]).encode()
    entries = list(CardFile(io.BytesIO(data)).entries())
    assert [bool(entry.items) for entry in entries] == [True, False, True]
    assert [entry.line for entry in entries] == [1, 7, 12]
    assert [item.mail.message_id for item in items_of(entries)] == ["<1>", "<3>"]


def test_an_agents_card_is_within_another() -> None:
    inner = CARD.format(uid="2", name="Agent")
    data = f"BEGIN:VCARD\nVERSION:2.1\nFN:One\nN:One\nAGENT:\n{inner}END:VCARD\n".encode()
    assert len(CardFile(io.BytesIO(data))) == 1


def test_every_file_of_cards_gives_the_same_cut_and_whole(samples: Path) -> None:
    for path in (samples / "vcf").iterdir():
        data = path.read_bytes()
        found = items_of(CardFile(io.BytesIO(data)).entries())
        whole = card.parse(data)
        assert [replace(one, mail=replace(one.mail, message_id="")) for one in found] == whole


# -- writing -----------------------------------------------------------------------------------------------------------


def test_many_items_are_one_calendar_that_strangers_read() -> None:
    first = wrapped(ZONE.format(name="Here", offset="+0100"), event(1), event(2))
    second = wrapped(ZONE.format(name="Here", offset="+0500"), event(3))
    items = items_of(read(first + second))
    joined = JoinedCalendar("Mine")
    entries = b"".join(joined.add(item) for item in [*items, Task(Mail("IPM.Task", subject="to do"))])
    data = joined.head() + entries + JoinedCalendar.TAIL
    parsed = icalendar.Calendar.from_ical(data)
    assert parsed["X-WR-CALNAME"] == "Mine"
    assert [zone["TZID"] for zone in parsed.walk("VTIMEZONE")] == ["Here", "Here (2)"]
    assert [one["UID"] for one in parsed.walk("VEVENT")] == ["u1@example.org", "u2@example.org", "u3@example.org"]
    assert len(parsed.walk("VTODO")) == 1
    again = items_of(read(data))
    assert [one.start for one in again[:3]] == [one.start for one in items]
    assert subjects(read(data)) == ["event 1", "event 2", "event 3", "to do"]


def test_an_item_alone_has_the_uid_that_it_has_elsewhere() -> None:
    item = Contact(Mail("IPM.Contact", subject="Eva", message_id="<eva@example.org>"), full_name="Eva")
    found: Any
    (found,) = vobject.readComponents(card_of(item).decode())
    assert found.uid.value == "eva@example.org"
    task = Task(Mail("IPM.Task", subject="to do", message_id="<t@example.org>"))
    assert icalendar.Calendar.from_ical(calendar_of(task)).walk("VTODO")[0]["UID"] == "t@example.org"


LINES = st.sampled_from(
    ["BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VTODO", "END:VTODO", "BEGIN:VTIMEZONE",
     "END:VTIMEZONE", "TZID:Here", "UID:1", "UID:2", " folded", "BEGIN:VALARM", "END:VALARM", "SUMMARY:s",
     "DTSTART;TZID=Here:20240301T100000", "BEGIN:VCARD", "END:VCARD", "FN:x", "AGENT:", "", "\x00\xff:"]
)  # fmt: skip


@given(st.lists(LINES, max_size=40))
def test_lines_in_any_order_raise_nothing_else(lines: list[str]) -> None:
    data = "\n".join(lines).encode("latin-1")
    for file in (CalendarFile(io.BytesIO(data)), CardFile(io.BytesIO(data))):
        for entry in file.entries():
            assert entry.items or entry.problem is not None or b"VCALENDAR" in entry.data
            assert entry.position <= len(data) + 2
