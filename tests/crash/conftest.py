"""What the tests of interrupted runs share."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def memory_path() -> Iterator[Callable[[], Path]]:
    """A function that makes a new directory, in memory where the system has one: state files are flushed often."""
    root = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="sync-cuts-", dir=root) as directory:
        count = 0

        def make() -> Path:
            nonlocal count
            count += 1
            made = Path(directory) / str(count)
            made.mkdir()
            return made

        yield make
