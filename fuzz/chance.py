"""Takes chance and the clock out of what a fuzzer runs, so that an input does the same each time."""

import random
import secrets
from datetime import UTC, datetime

from mailconnector.mapi.types import FileTime

_NOW = FileTime.from_datetime(datetime(2026, 11, 2, 12, tzinfo=UTC))


def settle(seed: bytes) -> None:
    """Have keys drawn by a seed, and moments that are stamped be one.

    Args:
        seed: The input, for one.
    """
    drawn = random.Random(seed)
    secrets.token_bytes = lambda size=32: drawn.randbytes(size or 32)  # type: ignore[assignment]
    FileTime.now = classmethod(lambda cls: _NOW)  # type: ignore[assignment, method-assign]
