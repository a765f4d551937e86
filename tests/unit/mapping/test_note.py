"""The properties that Outlook expects of a sticky note."""

from __future__ import annotations

from dataclasses import replace

from mailconnector.items import Mail
from mailconnector.items.note import Note, NoteColor
from mailconnector.mapi import named, tags
from mailconnector.mapi.objects import MessageObject, Properties
from mailconnector.mapping import from_mapi, note, to_mapi

MILK = Note(
    Mail(message_class="IPM.StickyNote", subject="Milk", text="Milk\nBread\n"), NoteColor.PINK, 200, 166, 80, -5
)


def written(item: Note) -> Properties:
    return note.to_object(item, to_mapi, frozenset()).properties


def read(properties: Properties) -> Note:
    return note.from_object(MessageObject(dict(properties)), from_mapi)


def test_the_properties_of_a_note() -> None:
    properties = written(MILK)
    expected: Properties = {
        tags.PidTagMessageClass: "IPM.StickyNote",
        tags.PidTagSubject: "Milk",
        tags.PidTagBody: "Milk\r\nBread\r\n",
        tags.PidTagIconIndex: 0x302,
        named.PidLidNoteColor: 2,
        named.PidLidNoteWidth: 200,
        named.PidLidNoteHeight: 166,
        named.PidLidNoteX: 80,
        named.PidLidNoteY: -5,
    }
    assert {key: properties.get(key) for key in expected} == expected
    assert read(properties) == MILK


def test_another_colour_has_another_icon() -> None:
    stored = written(MILK) | {tags.PidTagIconIndex: 0x303}
    item = read(stored)
    assert item.color is NoteColor.PINK
    assert written(item) == stored
    assert written(replace(item, color=NoteColor.BLUE))[tags.PidTagIconIndex] == 0x300


def test_a_note_without_a_place_is_yellow_and_gets_none() -> None:
    item = read({tags.PidTagSubject: "Milk"})
    assert (item.color, item.width, item.x) == (NoteColor.YELLOW, None, None)
    assert named.PidLidNoteX not in written(item)


def test_a_colour_that_is_none_is_kept() -> None:
    item = read({named.PidLidNoteColor: 11})
    assert item.color is NoteColor.YELLOW
    assert written(item)[named.PidLidNoteColor] == 11
