"""Journal entries and the VJOURNAL components of a calendar ([RFC 5545] 3.6.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from mailconnector.formats.calendar.fields import LINKS, OwnField, put_fields, read_fields
from mailconnector.formats.calendar.lines import Component, Line
from mailconnector.formats.calendar.mail import made_uid, put_mail, read_mail
from mailconnector.formats.calendar.values import moment_of, written_utc
from mailconnector.formats.calendar.zones import Zones
from mailconnector.items import JournalEntry

ACTIVITY = "IPM.Activity"

_OWN_FIELDS = (
    OwnField("entry_type", "X-MAILCONNECTOR-ENTRY-TYPE", str),
    OwnField("description", "X-MAILCONNECTOR-ENTRY-DESCRIPTION", str),
    OwnField("end", "X-MAILCONNECTOR-END", datetime),
    OwnField("duration", "X-MAILCONNECTOR-DURATION", int),
    OwnField("printed", "X-MAILCONNECTOR-PRINTED", bool),
    OwnField("saved", "X-MAILCONNECTOR-SAVED", bool),
    OwnField("routed", "X-MAILCONNECTOR-ROUTED", bool),
    OwnField("posted", "X-MAILCONNECTOR-POSTED", bool),
    OwnField("has_document", "X-MAILCONNECTOR-HAS-DOCUMENT", bool),
    *LINKS,
)


def read_entry(component: Component, zones: Zones) -> JournalEntry:
    """Return the journal entry of a VJOURNAL."""
    line = component.first("DTSTART")
    moment = None if line is None else moment_of(line.value)
    start = None
    if line is not None and moment is not None:
        zone = zones.zone(line.parameter("TZID"), moment.local.year)
        when = replace(moment, zone=zone).when()
        # A day, or a time of no zone, is that of UTC: entries have moments alone.
        start = when if isinstance(when, datetime) else moment.local.replace(tzinfo=UTC)
    entry = JournalEntry(read_mail(component, ACTIVITY), start=start)
    return replace(entry, **read_fields(component, _OWN_FIELDS))


def put_entry(calendar: Component, entry: JournalEntry, *, inline: bool, uid: str) -> None:
    """Write a journal entry into a calendar."""
    journal = Component("VJOURNAL")
    if entry.start is not None:
        journal.add("DTSTART", written_utc(entry.start))
    put_mail(journal, entry.mail, inline=inline)
    put_fields(journal, entry, _OWN_FIELDS)
    journal.lines.insert(0, Line("UID", uid or made_uid(journal)))
    calendar.parts.append(journal)
