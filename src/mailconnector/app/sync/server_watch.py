"""Waiting for a server to tell of changes, on a connection of its own, in a thread of its own."""

import threading
import time
from collections.abc import Callable
from contextlib import closing

from mailconnector.app.sync.job import WaitingStore
from mailconnector.app.sync.triggers import Backoff
from mailconnector.errors import MailConnectorError

_SHORT = 0.2  # seconds; a wait that came back sooner with nothing was none


class ServerWatch:
    """Calls back whenever the server told of something, and once it is listened to: nobody told what came before.

    Args:
        name: the account's, for the thread.
        open_remote: opens the store to wait at.
        told: called from the thread of the watch.
        trouble: called from the thread with what went wrong and the seconds until the next try.
        backoff: how long to wait after the connection was lost.
        turn: seconds that one wait takes at most.
    """

    def __init__(
        self,
        name: str,
        open_remote: Callable[[], WaitingStore],
        told: Callable[[], None],
        trouble: Callable[[MailConnectorError, float], None],
        *,
        backoff: Backoff,
        turn: float,
    ) -> None:
        self._open = open_remote
        self._told = told
        self._trouble = trouble
        self._backoff = backoff
        self._turn = turn
        self._ended = threading.Event()
        self._store: WaitingStore | None = None
        # A daemon: a server that does not answer keeps nobody from ending.
        self._thread = threading.Thread(target=self._watch, name=f"watch {name}", daemon=True)

    def start(self) -> None:
        """Begin to wait."""
        self._thread.start()

    def end(self) -> None:
        """Ask the thread to end, and do not wait for it."""
        self._ended.set()
        store = self._store
        if store is not None:
            store.interrupt()

    def join(self, seconds: float) -> bool:
        """Wait for the thread to end after `end`; tell whether it did."""
        until = time.monotonic() + seconds
        while self._thread.is_alive() and time.monotonic() < until:
            self._thread.join(_SHORT)
            self.end()  # what came before the wait began was lost
        return not self._thread.is_alive()

    def _watch(self) -> None:
        while not self._ended.is_set():
            try:
                with closing(self._open()) as store:
                    self._store = store
                    store.wait(0.0)  # from here on changes are told
                    self._told()
                    self._wait_at(store)
            except MailConnectorError as error:
                pause = self._backoff.fail()
                if not self._ended.is_set():
                    self._trouble(error, pause)
                self._ended.wait(pause)
            finally:
                self._store = None

    def _wait_at(self, store: WaitingStore) -> None:
        while not self._ended.is_set():
            begun = time.monotonic()
            if store.wait(self._turn):
                self._told()
            elif time.monotonic() - begun < min(_SHORT, self._turn):
                self._ended.wait(self._turn)  # a store that cannot wait is asked again all the same, not all the time
            self._backoff.succeed()
