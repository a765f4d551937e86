"""Fields of items that iCalendar has no property for, and the X- properties in which they are written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from enum import IntEnum
from typing import Any

from mailconnector.formats.calendar.lines import Component, escaped
from mailconnector.formats.calendar.values import moment_of, written_utc

_LARGEST = 0x7FFFFFFF


@dataclass(frozen=True, slots=True)
class OwnField:
    """A field and its property.

    Attributes:
        field: The item's.
        name: The property's.
        kind: Type of the field: str, int, float, bool, datetime, tuple for texts, or an enumeration.
    """

    field: str
    name: str
    kind: type

    def read(self, component: Component) -> Any:
        """Return the field's value; None when the component does not say it, or nothing readable."""
        line = component.first(self.name)
        if line is None:
            return None
        if self.kind is tuple:
            return tuple(filter(None, line.texts()))
        text = line.text()
        if self.kind is str:
            return text
        if self.kind is bool:
            return text.strip().upper() == "TRUE"
        if self.kind is datetime:
            moment = moment_of(text)
            when = None if moment is None else moment.when()
            return when if isinstance(when, datetime) else None
        try:
            if self.kind is float:
                number = float(text)
                return number if 0.0 <= number <= 1.0 else None
            whole = int(text[:12])
            return self.kind(whole) if issubclass(self.kind, IntEnum) else min(max(whole, -_LARGEST), _LARGEST)
        except ValueError:
            return None

    def written(self, value: Any) -> str:
        """Return a value as it is written in the property."""
        if self.kind is tuple:
            return ",".join(map(escaped, value))
        if self.kind is bool:
            return "TRUE" if value else "FALSE"
        if self.kind is datetime:
            return written_utc(value)
        return escaped(value) if self.kind is str else repr(value) if self.kind is float else str(int(value))


def read_fields(component: Component, own_fields: Iterable[OwnField]) -> dict[str, Any]:
    """Return the fields that a component says, by their names."""
    found = {one.field: one.read(component) for one in own_fields}
    return {name: value for name, value in found.items() if value is not None}


def put_fields(component: Component, item: Any, own_fields: Iterable[OwnField]) -> None:
    """Write the fields of an item that are not what they are by default."""
    defaults = {one.name: one.default for one in fields(item) if one.default is not MISSING}
    for one in own_fields:
        value = getattr(item, one.field)
        if value != defaults.get(one.field) and value is not None:
            component.add(one.name, one.written(value))


LINKS = (
    OwnField("billing", "X-MAILCONNECTOR-BILLING", str),
    OwnField("mileage", "X-MAILCONNECTOR-MILEAGE", str),
    OwnField("companies", "X-MAILCONNECTOR-COMPANIES", tuple),
    OwnField("contacts", "X-MAILCONNECTOR-CONTACTS", tuple),
)
"""What tasks and journal entries have alike."""
