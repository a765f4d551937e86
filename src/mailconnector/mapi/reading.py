"""Reading property values by their type: a property of another type than its tag's is as good as none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from mailconnector.mapi.objects import PropertyKey, get
from mailconnector.mapi.types import FileTime
from mailconnector.mapi.values import Value

Source = Mapping[PropertyKey, Value]


def text(source: Source, key: PropertyKey) -> str:
    """Return a string property without zero characters; "" when absent."""
    value = get(source, key)
    return value.replace("\0", "") if isinstance(value, str) else ""


def number(source: Source, key: PropertyKey, default: int = 0) -> int:
    """Return an integer property."""
    value = source.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def truth(source: Source, key: PropertyKey) -> bool:
    """Return a boolean property; False when absent."""
    return source.get(key) is True


def data(source: Source, key: PropertyKey) -> bytes:
    """Return a binary property; b"" when absent."""
    value = source.get(key)
    return value if isinstance(value, bytes) else b""


def texts(source: Source, key: PropertyKey) -> tuple[str, ...]:
    """Return a multi-valued string property; () when absent."""
    value = get(source, key)
    return tuple([one for one in value if isinstance(one, str)]) if isinstance(value, list) else ()


def moment(source: Source, key: PropertyKey) -> datetime | None:
    """Return a time property; None when absent, or no date."""
    value = source.get(key)
    return value.to_datetime() if isinstance(value, FileTime) else None
