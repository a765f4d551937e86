"""The recurrence of an item as properties of a calendar: RRULE, and beside it what a rule cannot say.

A pattern that its own rule does not give back exactly (months of other calendars, tasks that come again when they are
done) is written as MAPI's blob of it, and holds for as long as the rule beside it stays the same.
"""

from __future__ import annotations

import base64
import binascii
from datetime import date, datetime

from mailconnector.formats.calendar.lines import Component, Line
from mailconnector.formats.calendar.rules import pattern_of, rule_of, written_rule
from mailconnector.items.recurrence import Recurrence
from mailconnector.items.zones import Zone
from mailconnector.mapi.recurrence import RecurrenceFormatError, RecurrencePattern
from mailconnector.mapping.recurrence import make_pattern, read_pattern

_PATTERN = "X-MAILCONNECTOR-PATTERN"
_RULE = "X-RULE"
_LONGEST = 20_000


def put_rule(
    component: Component,
    recurrence: Recurrence,
    start: datetime,
    *,
    is_day: bool,
    zone: Zone | None,
    floating: bool,
    is_dated: bool = True,
) -> None:
    """Write a recurrence into a component (`written_rule`).

    Args:
        component: The component.
        recurrence: The recurrence.
        start: Naive start of the first instance.
        is_day: The instances are whole days.
        zone: By whose clocks they are.
        floating: They are of no zone.
        is_dated: The component says the start; without it no rule can be read.
    """
    rule = written_rule(recurrence, start, is_day=is_day, zone=zone, floating=floating)
    if rule:
        component.add("RRULE", rule)
    read = rule_of(rule)
    try:
        pattern = make_pattern(recurrence, start.date())
        if is_dated and read is not None and pattern_of(read, start, zone) == recurrence:
            return
        coded = base64.b64encode(pattern.to_bytes()).decode("ascii")
    except RecurrenceFormatError:
        return
    component.lines.append(Line(_PATTERN, coded, ((_RULE, (rule or "NONE",)),)))


def read_blob(component: Component) -> RecurrencePattern | None:
    """Return the pattern that stands beside the rule; None when there is none, or it is of another rule."""
    line = component.first(_PATTERN)
    if line is None or len(line.value) > _LONGEST:
        return None
    rules = component.all("RRULE")
    rule = rules[0].value.strip() if len(rules) == 1 else "NONE" if not rules else ""
    # Programs write the parts of a rule in the order that they like.
    if sorted(line.parameter(_RULE).split(";")) != sorted(rule.split(";")):
        return None
    try:
        return RecurrencePattern.parse(base64.b64decode(line.value))
    except (binascii.Error, ValueError, RecurrenceFormatError):
        return None


def read_kept(component: Component, first: date) -> Recurrence | None:
    """Return the recurrence that the pattern beside the rule says; None when there is none."""
    pattern = read_blob(component)
    if pattern is None:
        return None
    recurrence = read_pattern(pattern)
    if recurrence is None or (recurrence.is_gregorian and next(iter(recurrence.days(first)), None) is None):
        return None
    return recurrence
