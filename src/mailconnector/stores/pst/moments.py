"""Moments as the index keeps them: microseconds since 1970, UTC."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment_of(microseconds: int | None) -> datetime | None:
    """Return the moment of a stored date."""
    if microseconds is None:
        return None
    with suppress(OverflowError):
        return _EPOCH + timedelta(microseconds=microseconds)
    return None


def stored_moment(moment: datetime | None) -> int | None:
    """Return a moment as it is stored."""
    return None if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)
