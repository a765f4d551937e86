"""Real servers for the tests, one of each kind a session; a test that needs one that cannot be had is skipped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from mailconnector.lab import DovecotServer, LabMissingError, Server

S = TypeVar("S", bound=Server)


@contextmanager
def _started(server: S) -> Iterator[S]:
    try:
        server.start()
    except LabMissingError as error:
        pytest.skip(f"{error} {error.hint}")
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def dovecot() -> Iterator[DovecotServer]:
    """A Dovecot. Take a `fresh_user` for each mailbox that a test fills."""
    with _started(DovecotServer()) as server:
        yield server
