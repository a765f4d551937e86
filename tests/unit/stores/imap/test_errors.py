"""How far an error of a server reaches."""

from __future__ import annotations

import pytest

from mailconnector.imap import (
    ImapBadError,
    ImapByeError,
    ImapConnectionError,
    ImapError,
    ImapLimitError,
    ImapLoginError,
    ImapNoError,
    ImapNotFoundError,
    ImapPermissionError,
    ImapProtocolError,
    ImapThrottledError,
    ImapTimeoutError,
    ImapTlsError,
    ImapUidValidityError,
    ImapUnsupportedError,
    ImapUsageError,
)
from mailconnector.stores.imap.errors import translated
from mailconnector.sync.errors import AccountError, FolderError, StoreError


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ImapLoginError("no", command="LOGIN", hint="h"), AccountError),
        (ImapTlsError("no", hint="h"), AccountError),
        (ImapUnsupportedError("LOGIN", hint="h"), AccountError),
        (ImapConnectionError("lost", hint="h"), StoreError),
        (ImapByeError("bye", hint="h"), StoreError),
        (ImapTimeoutError("slow", seconds=1.0, hint="h"), StoreError),
        (ImapProtocolError("what"), StoreError),
        (ImapLimitError("much", limit=1, hint="h"), StoreError),
        (ImapThrottledError("wait", command="X", hint="h"), StoreError),
        (ImapThrottledError("held", command="X", code="INUSE", hint="h"), FolderError),
        (ImapNotFoundError("gone", command="X", hint="h"), FolderError),
        (ImapPermissionError("no", command="X", hint="h"), FolderError),
        (ImapNoError("no", command="X"), FolderError),
        (ImapBadError("what", command="X", hint="h"), FolderError),
        (ImapUidValidityError("F", expected=1, found=2), FolderError),
        (ImapUsageError("a name", hint="h"), FolderError),
    ],
)
def test_the_radius(error: ImapError, kind):
    found = translated(error, "F")
    assert type(found) is kind
    assert str(error) in str(found)
    assert found.hint == error.hint
    if isinstance(found, FolderError):
        assert found.folder == "F"
        assert type(translated(error)) is StoreError
