"""The properties that Outlook expects of a journal entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mailconnector.items import Mail
from mailconnector.items.journal_entry import JournalEntry
from mailconnector.mapi import named
from mailconnector.mapi.objects import MessageObject, Properties
from mailconnector.mapi.types import FileTime
from mailconnector.mapping import from_mapi, journal_entry, to_mapi

BEGUN = datetime(2024, 5, 1, 9, 0, tzinfo=UTC)
CALL = JournalEntry(
    Mail(message_class="IPM.Activity", subject="Call Ada"),
    "Phone call",
    "Phone call",
    BEGUN,
    BEGUN + timedelta(minutes=30),
    30,
    saved=True,
    contacts=("Ada", "Bob"),
    companies=("Analytical Engines",),
)


def written(item: JournalEntry) -> Properties:
    return journal_entry.to_object(item, to_mapi, frozenset()).properties


def read(properties: Properties) -> JournalEntry:
    return journal_entry.from_object(MessageObject(dict(properties)), from_mapi)


def test_the_properties_of_an_entry() -> None:
    properties = written(CALL)
    begun, ended = FileTime.from_datetime(BEGUN), FileTime.from_datetime(BEGUN + timedelta(minutes=30))
    expected: Properties = {
        named.PidLidLogType: "Phone call",
        named.PidLidLogTypeDesc: "Phone call",
        named.PidLidLogStart: begun,
        named.PidLidCommonStart: begun,
        named.PidLidLogEnd: ended,
        named.PidLidCommonEnd: ended,
        named.PidLidLogDuration: 30,
        named.PidLidLogDocumentSaved: True,
        named.PidLidContacts: ["Ada", "Bob"],
        named.PidLidCompanies: ["Analytical Engines"],
    }
    assert {key: properties.get(key) for key in expected} == expected
    assert named.PidLidLogDocumentPrinted not in properties
    assert named.PidLidLogFlags not in properties
    assert read(properties) == CALL


def test_what_outlook_wrote_stays_until_the_field_changes() -> None:
    stored = written(CALL) | {
        named.PidLidLogDocumentPrinted: False,
        named.PidLidLogFlags: 0x40000001,
        named.PidLidCommonEnd: FileTime(FileTime.NONE),
    }
    item = read(stored)
    assert item.has_document
    assert written(item) == stored
    changed = written(replace(item, printed=True, end=BEGUN))
    assert changed[named.PidLidLogDocumentPrinted] is True
    assert changed[named.PidLidCommonEnd] == changed[named.PidLidLogEnd] == FileTime.from_datetime(BEGUN)


def test_the_times_of_an_entry_that_has_common_ones_only() -> None:
    assert read({named.PidLidCommonStart: FileTime.from_datetime(BEGUN)}).start == BEGUN
