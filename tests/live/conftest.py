"""What the tests against real servers share; the servers themselves are fixtures of all tests, see `tests.servers`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailconnector.lab import LabMissingError, MailServer, SmtpServer
from tests.live.office import Office, close_office, new_office


@pytest.fixture(params=["dovecot", "cyrus", "cyrus_inbox"])
def mail_server(request: pytest.FixtureRequest) -> MailServer:
    """Each of the mail servers in turn."""
    server = request.getfixturevalue(request.param)
    assert isinstance(server, MailServer)
    return server


@pytest.fixture(params=["dovecot", "cyrus", "cyrus_dots"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """An office on each server in turn: folders beside the Inbox, and below it with dots between their names."""
    made = new_office(request.getfixturevalue(request.param), tmp_path)
    yield made
    close_office(made)


@pytest.fixture(scope="module", params=["dovecot", "cyrus"])
def sending(request: pytest.FixtureRequest) -> Iterator[tuple[MailServer, SmtpServer]]:
    """A mail server, and an SMTP server that delivers into it."""
    server = request.getfixturevalue(request.param)
    try:
        with SmtpServer(server) as smtp:
            yield server, smtp
    except LabMissingError as error:
        pytest.skip(str(error))
