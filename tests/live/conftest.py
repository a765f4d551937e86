"""Real servers for the tests, one of each kind a session; a test that needs one that cannot be had is skipped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from mailconnector.lab import CyrusServer, DovecotServer, LabMissingError, MailServer, Server, SmtpServer

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
def smtp(dovecot: DovecotServer) -> Iterator[SmtpServer]:
    """An SMTP server that delivers into the Dovecot of the session."""
    with _started(SmtpServer(dovecot)) as server:
        yield server


@pytest.fixture(params=["dovecot", "cyrus", "cyrus_inbox"])
def mail_server(request: pytest.FixtureRequest) -> MailServer:
    """Each of the mail servers in turn."""
    server = request.getfixturevalue(request.param)
    assert isinstance(server, MailServer)
    return server
