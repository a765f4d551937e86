"""The calendar that an item came from, kept with the item so that nothing in it is lost.

The text of the calendar (one UID's components, and their time zones) stays among the item's leftover properties.
When the item is written again, three components are compared, property by property: the one that is made of the item
now, the one that was made of it as it was read, and the one that was read. What the item has not changed stays in the
words of its author: rules that Outlook cannot express, properties that no item has. What it has changed is written
anew.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from mailconnector.formats.calendar.lines import CalendarFormatError, Component, Line, parse, render
from mailconnector.formats.calendar.values import email_of
from mailconnector.formats.calendar.zones import zone_names
from mailconnector.items import Mail
from mailconnector.mapi import reading
from mailconnector.mapi.objects import Properties
from mailconnector.mapi.types import PropertyType
from mailconnector.mapping import own

CALENDAR_TEXT = own.tag("CalendarText", PropertyType.BINARY)
"""The calendar from which an item was made."""

_LARGEST = 1 << 20

_TIMES = frozenset({"DTSTART", "DTEND", "DURATION", "DUE"})
_SERIES = frozenset({"RRULE", "RDATE", "EXDATE", "EXRULE"})
# Made anew by whoever writes.
_OF_THE_WRITING = frozenset({"LAST-MODIFIED"})


def kept(calendar: Component) -> Properties:
    """Return the leftover property that keeps a calendar; none when it is too large.

    Content that is written within it is an attachment of the item, and is left out here.
    """
    text = render(_without_content(calendar))
    return {CALENDAR_TEXT: text} if len(text) <= _LARGEST else {}


def _without_content(component: Component) -> Component:
    lines = [line for line in component.lines if content_of(line) is None]
    return Component(component.name, lines, [_without_content(part) for part in component.parts])


def content_of(line: Line) -> bytes | None:
    """Return the file that is written within a property; None where there is none, or none that can be read."""
    if line.name != "ATTACH" or not (
        line.parameter("VALUE").upper() == "BINARY" or line.parameter("ENCODING").upper() in ("BASE64", "B")
    ):
        return None
    try:
        return base64.b64decode("".join(line.value.split()))
    except (binascii.Error, ValueError):
        return None


def source_of(mail: Mail) -> Component | None:
    """Return the calendar from which an item was made; None when it was made of none."""
    text = reading.data(mail.leftover, CALENDAR_TEXT)
    if not text:
        return None
    try:
        return parse(text)[0]
    except CalendarFormatError:
        return None


def uid_of(mail: Mail) -> str:
    """Return the UID in the calendar from which an item was made; "" when it has none."""
    source = source_of(mail)
    if source is None:
        return ""
    return next((part.text("UID") for part in source.parts if part.name != "VTIMEZONE"), "").strip()


def merged_calendar(now: Component, before: Component, source: Component) -> Component:
    """Return a calendar as it has to be written.

    Args:
        now: Made of the item.
        before: Made of the item as it was read from the source.
        source: As it was read.
    """
    result = _merged(now, before, source)
    earlier, original = _by_instance(before), _by_instance(source)
    parts = []
    follows = _keeps_series(now, before)
    made = _by_instance(now)
    if len(original) == len(earlier) == len(made) == 1 and made.keys() != earlier.keys():
        # An instance without a UID: MAPI has no place for which one it is.
        (one,) = earlier.values()
        made = {key: _as_instance(part, one) for key, part in zip(earlier, made.values(), strict=True)}
    for key, part in made.items():
        if key not in original or key not in earlier:
            # An instance that the author's own rule makes, and that Outlook has to be told of.
            if not (follows and earlier.get(key) == part):
                parts.append(part)
            continue
        merged = _merged(part, earlier[key], original[key])
        merged.parts = _merged_parts(part, earlier[key], original[key])
        parts.append(merged)
    result.parts = parts
    # Zones that the words of the author name are defined as he did.
    used = {one for part in parts for one in zone_names(part)}
    zones = {zone.text("TZID"): zone for calendar in (now, source) for zone in calendar.parts if _is_zone(zone)}
    result.parts = [zone for name, zone in sorted(zones.items()) if name in used] + result.parts
    return result


def _keeps_series(now: Component, before: Component) -> bool:
    """Tell whether the dates of a series are still those that its author's rule makes."""
    mine, earlier = (next(iter(_by_instance(one).values()), Component("")) for one in (now, before))
    return all(mine.all(name) == earlier.all(name) for name in ("DTSTART", "RRULE"))


def _as_instance(part: Component, instance: Component) -> Component:
    lines = [line for line in part.lines if line.name != "RECURRENCE-ID"] + instance.all("RECURRENCE-ID")
    return Component(part.name, lines, part.parts)


def _is_zone(component: Component) -> bool:
    return component.name == "VTIMEZONE"


def _by_instance(calendar: Component) -> dict[tuple[str, str], Component]:
    """Return the events, tasks and journal entries of one UID by which instance they are."""
    return {(part.name, instance_key(part)): part for part in calendar.parts if not _is_zone(part)}


def instance_key(component: Component) -> str:
    """Return which instance a component is, the digits of its day; "" for a series or a single one."""
    line = component.first("RECURRENCE-ID")
    return "" if line is None else line.value.strip()[:8]


def _merged(now: Component, before: Component, source: Component) -> Component:
    names = dict.fromkeys([line.name for line in (*source.lines, *now.lines)])
    changed = {name for name in names if now.all(name) != before.all(name)}
    names |= dict.fromkeys(changed)
    anew = changed - {"ATTENDEE", "EXDATE", "ATTACH"}
    if changed & _TIMES:
        anew |= _TIMES
    if "RRULE" in changed or ("DTSTART" in changed and now.all("RRULE")):
        anew |= _SERIES
    if changed:
        anew |= _OF_THE_WRITING
    result = Component(source.name)
    for name in names:
        if name in anew:
            result.lines += now.all(name)
        elif name in changed:
            key = email_key if name == "ATTENDEE" else _value_key
            result.lines += _merged_values(now.all(name), before.all(name), source.all(name), key)
        else:
            result.lines += source.all(name)
    if "EXDATE" in changed - anew:
        # A day comes again that the rule does not have, or that was not written as one left out.
        known = set(map(_value_key, source.all("EXDATE")))
        gone = {_value_key(line): line for line in before.all("EXDATE")}
        back = gone.keys() - set(map(_value_key, now.all("EXDATE"))) - known
        result.lines += [Line("RDATE", gone[key].value, gone[key].parameters) for key in sorted(back)]
    return result


def email_key(line: Line) -> str:
    """Return by what a person is the same one."""
    return email_of(line.value).casefold()


def _value_key(line: Line) -> str:
    return line.value.strip()


def _merged_values(now: list[Line], before: list[Line], source: list[Line], key: Callable[[Line], str]) -> list[Line]:
    """Return properties of which there are many: those that are not changed as they were written."""
    earlier = {key(line): line for line in before}
    present = {key(line): line for line in now}
    result = []
    for line in source:
        values = line.value.split(",") if line.name == "EXDATE" else [line.value]
        one_key = key(line)
        if len(values) > 1:
            stay = [value for value in values if value.strip() in present or value.strip() not in earlier]
            result += [Line(line.name, ",".join(stay), line.parameters)] if stay else []
            present = {name: one for name, one in present.items() if name not in {value.strip() for value in values}}
        elif one_key in present:
            mine = present.pop(one_key)
            result.append(line if earlier.get(one_key) == mine else mine)
        elif one_key not in earlier:
            result.append(line)
    # Of the rest, what is new; what was there before without being written follows from the rule.
    return result + [line for name, line in present.items() if name not in earlier]


def _merged_parts(now: Component, before: Component, source: Component) -> list[Component]:
    if now.parts == before.parts:
        return source.parts
    if not now.parts:
        return [part for part in source.parts if part.name != "VALARM"]
    shown = next((part for part in source.parts if is_shown(part)), None)
    return now.parts + [part for part in source.parts if part is not shown]


def is_shown(part: Component) -> bool:
    """Tell whether a component is an alarm that shows something."""
    return part.name == "VALARM" and part.text("ACTION").strip().upper() not in ("EMAIL", "PROCEDURE", "NONE")
