"""Real servers for the tests, one of each kind a session; a test that needs one that cannot be had is skipped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from mailconnector.lab import CyrusServer, DovecotServer, LabMissingError, Server, SmtpServer
from mailconnector.lab.server import Launch

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


@pytest.fixture(scope="session")
def dovecot_sdbox() -> Iterator[DovecotServer]:
    """A Dovecot that stores mail in its own format instead of Maildir."""
    with _started(DovecotServer(mailbox_format="sdbox")) as server:
        yield server


@pytest.fixture(scope="session")
def cyrus() -> Iterator[CyrusServer]:
    """A Cyrus IMAP with users' folders beside the Inbox. Take a `fresh_user` for each mailbox that a test fills."""
    with _started(CyrusServer()) as server:
        yield server


@pytest.fixture(scope="session")
def cyrus_inbox() -> Iterator[CyrusServer]:
    """A Cyrus IMAP with users' folders below the Inbox, as old servers have them."""
    with _started(CyrusServer(altnamespace=False)) as server:
        yield server


@pytest.fixture(scope="session")
def cyrus_dots() -> Iterator[CyrusServer]:
    """A Cyrus IMAP with users' folders below the Inbox and dots between names, as the oldest servers have them."""
    with _started(CyrusServer(altnamespace=False, separator=".")) as server:
        yield server


@pytest.fixture(scope="session")
def smtp(dovecot: DovecotServer) -> Iterator[SmtpServer]:
    """An SMTP server that delivers into the Dovecot of the session."""
    with _started(SmtpServer(dovecot)) as server:
        yield server


class PlainDovecot(DovecotServer):
    """A Dovecot that says it can do less than it can.

    Args:
        capabilities: What it says.
    """

    def __init__(self, capabilities: str) -> None:
        super().__init__()
        self._capabilities = capabilities

    def _prepare(self) -> Launch:
        launch = super()._prepare()
        config = self.home / "dovecot.conf"
        config.write_text(config.read_text() + f"\nimap_capability = {self._capabilities}\n")
        return launch


@pytest.fixture(scope="session")
def dovecot_plain() -> Iterator[DovecotServer]:
    """A Dovecot that calls itself IMAP4rev1 and nothing else."""
    with _started(PlainDovecot("IMAP4rev1")) as server:
        yield server


@pytest.fixture(scope="session")
def dovecot_condstore() -> Iterator[DovecotServer]:
    """A Dovecot that says it has mod-sequences, but not QRESYNC, and few other extensions."""
    with _started(PlainDovecot("IMAP4rev1 ENABLE CONDSTORE UIDPLUS NAMESPACE LITERAL+ LIST-EXTENDED")) as server:
        yield server
