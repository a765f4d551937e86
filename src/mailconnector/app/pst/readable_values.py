"""MAPI values as people read them, and as JSON holds them."""

import uuid
from datetime import datetime

from mailconnector.mapi.types import FileTime, PropertyType
from mailconnector.mapi.values import Value

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

_TYPE_NAMES = {
    int(ptype): ptype.name.lower().replace("multiple_", "").replace("_", " ")
    + (" list" if ptype.name.startswith("MULTIPLE_") else "")
    for ptype in PropertyType
}


def type_name(ptype: int) -> str:
    """Return the name of a property type, such as "integer32" or "string list"."""
    return _TYPE_NAMES.get(ptype, f"type {ptype:#06x}")


def time_text(moment: datetime | None) -> str:
    """Return a moment in ISO 8601, in UTC; empty for none."""
    if moment is None:
        return ""
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds").replace("+00:00", "Z")


def json_value(value: Value) -> Json:
    """Return a value as JSON: times in ISO 8601 (those that are no date as their number), bytes as hexadecimal."""
    if isinstance(value, FileTime):
        return time_text(value.to_datetime()) or int(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, float):
        # JSON has no word for what is no number.
        return value if value == value and abs(value) != float("inf") else str(value)  # noqa: PLR0124
    if isinstance(value, list | tuple):
        return [json_value(part) for part in value]
    return value


def readable_value(value: Value) -> str:
    """Return a value as text on one line or, for text of several lines, on several."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, FileTime):
        return time_text(value.to_datetime()) or ("no date" if value == FileTime.NONE else f"no date ({int(value):#x})")
    if isinstance(value, int):
        return f"{value} ({value & 0xFFFFFFFFFFFFFFFF:#x})" if value > 9 else str(value)
    if isinstance(value, bytes):
        return value.hex(" ")
    if isinstance(value, list | tuple):
        return "; ".join(readable_value(part) for part in value)
    return str(value)
