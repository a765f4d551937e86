"""Calendars ([RFC 5545]) to appointments, tasks and journal entries, and back."""

from mailconnector.formats.calendar.documents import COMPONENTS, CalendarFormatError, CalendarItem, parse, render

__all__ = ["COMPONENTS", "CalendarFormatError", "CalendarItem", "parse", "render"]
