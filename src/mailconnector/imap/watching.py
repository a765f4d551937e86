"""Waiting for the server to tell of changes: IDLE (RFC 2177), NOTIFY (RFC 5465), else asking from time to time."""

from __future__ import annotations

import time
from dataclasses import dataclass

from mailconnector.imap.commands import Command, CommandLine
from mailconnector.imap.responses import Exists, Expunge, Fetched, Listed, MailboxStatus, Response, Vanished
from mailconnector.imap.session import Session

_IDLE = Command("IDLE", (b"IDLE",), continued=True)


@dataclass(frozen=True, slots=True)
class WatchTimes:
    """How to wait, in seconds.

    Attributes:
        renew: after so long IDLE is ended and begun again, which shows whether the server is still there. Servers
            may close an idle session after 29 minutes, routers forget it far earlier.
        poll: how often to ask a server that has no IDLE.
    """

    renew: float = 540.0
    poll: float = 60.0


class Watcher:
    """Waits for changes of the selected mailbox, and of all others where the server has NOTIFY."""

    def __init__(self, session: Session, times: WatchTimes | None = None) -> None:
        self._session = session
        self._times = times or WatchTimes()
        self._notifies = False

    def notify_all(self) -> bool:
        """Ask to be told of changes in all of the user's own mailboxes.

        Returns:
            Whether the server will; `wait` then brings `MailboxStatus` and `Listed` as well.
        """
        if not self._session.has("NOTIFY"):
            return False
        self._session.run(
            CommandLine("NOTIFY").raw(
                b"SET (SELECTED (MessageNew MessageExpunge FlagChange))"
                b" (PERSONAL (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange))"
            ),
        )
        self._notifies = True
        return True

    def stop_notifying(self) -> None:
        """Take back `notify_all`."""
        if self._notifies:
            self._session.run(CommandLine("NOTIFY").raw(b"NONE"))
            self._notifies = False

    def wait(self, seconds: float) -> list[Response]:
        """Wait until the server tells of something, `Connection.interrupt` is called, or the time is over.

        Args:
            seconds: most time to wait.

        Returns:
            What the server told, since the last call or any other command: `Exists`, `Expunge`, `Vanished`,
            `Fetched`, `MailboxStatus`, `Listed`. Nothing when the time is over.

        Raises:
            ImapConnectionError: the connection was lost; ImapTimeoutError when the server stays silent.
        """
        connection = self._session.connection
        deadline = time.monotonic() + seconds
        while True:
            connection.settle()
            if told := self._told():
                return told
            left = deadline - time.monotonic()
            if left <= 0:
                return []
            begun = time.monotonic()
            if self._session.has("IDLE"):
                turn = min(left, self._times.renew)
                connection.idle(_IDLE, turn)
            else:
                turn = min(left, self._times.renew if self._notifies else self._times.poll)
                connection.wait(turn)
                self._session.run(CommandLine("NOOP"))
            if time.monotonic() - begun < turn:
                return self._told()  # told of something, or interrupted

    def _told(self) -> list[Response]:
        kinds = (Exists, Expunge, Vanished, Fetched, MailboxStatus, Listed)
        pushed = self._session.connection.pushed
        told: list[Response] = [response for response in pushed if isinstance(response, kinds)]
        pushed.clear()
        return told
