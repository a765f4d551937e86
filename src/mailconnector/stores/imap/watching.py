"""Waiting for a server to tell of changes: by push where it pushes, and by a look from time to time.

With NOTIFY a server tells of all the user's own mailboxes at once, with IDLE alone of the Inbox. All but the Inbox are
looked at as well while IDLE waits: one LIST brings the status of all of them, which is compared with the last one. With
NOTIFY, too: Dovecot 2.3 under load does not tell of every change that comes shortly after another one.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping

from mailconnector.imap import ImapClient, ImapCommandError, StatusItems
from mailconnector.stores.imap.folders import INBOX
from mailconnector.stores.imap.line import Line

POLL = 30.0
"""Seconds between two looks at all mailboxes."""
_SHARE = 0.05  # of the time at most goes into looking: servers of many mailboxes are asked less often

_Seen = Mapping[str, StatusItems | None]


class Watch:
    """A connection that waits. It is for one thread, but for `interrupt`.

    Args:
        connect: Makes the connection.
        poll: Seconds between two looks.
    """

    def __init__(self, connect: Callable[[], ImapClient], *, poll: float = POLL) -> None:
        self._line = Line(connect)
        self._poll = poll
        self._client: ImapClient | None = None
        self._seen: _Seen = {}
        self._next_look = 0.0
        self._interrupted = False

    def wait(self, timeout: float) -> bool:
        """Wait for a change, at most so many seconds; tell whether there was one.

        What this user's own sessions change counts as well. Where the connection was lost, nobody knows what came
        meanwhile, and that counts as a change.
        """
        self._interrupted = False
        return self._line.read(lambda client: self._begin(client) or self._wait(client, timeout), INBOX)

    def interrupt(self) -> None:
        """End `wait` from another thread."""
        self._interrupted = True
        if self._client is not None and not self._client.closed:
            self._client.session.connection.interrupt()

    def drop(self) -> None:
        """Give the connection up."""
        self._line.drop()

    def close(self) -> None:
        """Say good-bye."""
        self._line.close()

    def _begin(self, client: ImapClient) -> bool:
        """Prepare a new connection; tell whether there was one before it."""
        if client is self._client:
            return False
        was_lost = self._client is not None
        client.select(INBOX, read_only=True)
        self._look(client)  # first, since to some servers a listing is the moment to make Drafts and the like
        with contextlib.suppress(ImapCommandError):
            client.watcher.notify_all()
        self._client = client
        return was_lost

    def _wait(self, client: ImapClient, timeout: float) -> bool:
        until = time.monotonic() + timeout
        while not self._interrupted:
            now = time.monotonic()
            if now >= self._next_look and self._look(client):
                return True
            if now >= until:
                return False
            if client.watcher.wait(min(until, max(now, self._next_look)) - now):
                return True
        return False

    def _look(self, client: ImapClient) -> bool:
        """Look at all mailboxes but the Inbox; tell whether one is not as it was."""
        begun = time.monotonic()
        now: dict[str, StatusItems | None] = {}
        with contextlib.suppress(ImapCommandError):
            found = client.mailboxes.list(subscriptions=False, status=True)
            now.update((info.name, info.status) for info in found if info.name != INBOX)
        changed, self._seen = now != self._seen, now
        took = time.monotonic() - begun
        self._next_look = begun + max(self._poll, took / _SHARE)
        return changed
