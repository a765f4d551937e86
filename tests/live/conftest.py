"""What the tests against real servers share; the servers themselves are fixtures of all tests, see `tests.servers`."""

from __future__ import annotations

import pytest

from mailconnector.lab import MailServer


@pytest.fixture(params=["dovecot", "cyrus", "cyrus_inbox"])
def mail_server(request: pytest.FixtureRequest) -> MailServer:
    """Each of the mail servers in turn."""
    server = request.getfixturevalue(request.param)
    assert isinstance(server, MailServer)
    return server
