"""Calendars ([RFC 5545]) to appointments, tasks and journal entries, and back."""

from typing import TYPE_CHECKING

from mailconnector.deferred import deferred

if TYPE_CHECKING:
    from mailconnector.formats.calendar.documents import COMPONENTS, CalendarFormatError, CalendarItem, parse, render
    from mailconnector.formats.calendar.event_lines import method_of
    from mailconnector.formats.calendar.sources import uid_of
else:
    __getattr__ = deferred(
        __name__,
        COMPONENTS="documents",
        CalendarFormatError="documents",
        CalendarItem="documents",
        method_of="event_lines",
        parse="documents",
        render="documents",
        uid_of="sources",
    )

__all__ = ["COMPONENTS", "CalendarFormatError", "CalendarItem", "method_of", "parse", "render", "uid_of"]
