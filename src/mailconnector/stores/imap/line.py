"""The connection of a store: made when it is wanted, made anew when it was lost, with one mailbox selected.

What only reads is repeated once on a new connection. What has an effect never is: whether a command was carried out
whose answer did not come, nobody knows, and the store breaks down for its caller to find out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from mailconnector.imap import (
    ImapClient,
    ImapConnectionError,
    ImapError,
    ImapOvertakenError,
    ImapProtocolError,
    ImapUidValidityError,
    SelectedMailbox,
)
from mailconnector.stores.imap.errors import translated
from mailconnector.sync.errors import FolderError

T = TypeVar("T")

LOST = (ImapConnectionError, ImapProtocolError)
"""Errors after which nothing more comes over the connection, and another one may do better."""

_TRUSTED = 20.0  # seconds for which a connection that nothing came over is believed to stand


class Line:
    """One connection.

    Args:
        connect: Makes it.

    Attributes:
        validities: The UIDVALIDITY of each folder as it was last told to the caller, whose ids mean nothing under
            another one.
    """

    def __init__(self, connect: Callable[[], ImapClient]) -> None:
        self._connect = connect
        self._client: ImapClient | None = None
        self._selected: SelectedMailbox | None = None
        self._used = 0.0
        self.validities: dict[str, int] = {}

    @property
    def client(self) -> ImapClient:
        """The client, connected.

        Raises:
            AccountError: The login, or the certificate, is refused.
            StoreError: Nothing answers.
        """
        if self._client is None or self._client.closed:
            self.drop()
            try:
                self._client = self._connect()
            except ImapError as error:
                raise translated(error) from error
            self._used = time.monotonic()
        return self._client

    def read(self, action: Callable[[ImapClient], T], folder: str = "") -> T:
        """Run what has no effect; a second time, on a new connection, when the first one was lost.

        Args:
            action: What to run.
            folder: The folder that a refusal concerns; empty for none.
        """
        client = self.client
        try:
            try:
                return self._noted(action(client))
            except LOST:
                self.drop()
            return self._noted(action(self.client))
        except ImapError as error:
            raise self._gone_wrong(error, folder) from error

    def effect(self, action: Callable[[ImapClient], T], folder: str = "") -> T:
        """Run what has an effect, once, on a connection that was seen to stand a moment ago.

        Args:
            action: What to run.
            folder: The folder that a refusal concerns; empty for none.
        """
        if time.monotonic() - self._used > _TRUSTED:
            self.read(lambda client: client.noop())
        try:
            return self._noted(action(self.client))
        except ImapError as error:
            raise self._gone_wrong(error, folder) from error

    def open(self, folder: str) -> SelectedMailbox:
        """Return a folder selected, without a word to the server if it is selected already.

        Raises:
            FolderError: It is gone, may not be read, or was made anew, so that the ids are others' now.
        """
        selected = self._selected
        if selected is None or selected.name != folder or self._client is None or self._client.closed:
            selected = self.look(folder)
        expected = self.validities.setdefault(folder, selected.state.uid_validity)
        if expected != selected.state.uid_validity:
            error = ImapUidValidityError(folder, expected=expected, found=selected.state.uid_validity)
            raise translated(error, folder)
        return selected

    def look(self, folder: str) -> SelectedMailbox:
        """Select a folder, whatever was selected, and learn how it is now."""
        self._selected = None
        if not folder:
            raise FolderError("there is no such folder", folder=folder)
        self._selected = self.read(lambda client: client.select(folder), folder)
        return self._selected

    def stream(self, folder: str, begin: Callable[[SelectedMailbox], Iterator[T]]) -> Iterator[T]:
        """Hand out what a folder answers, bit by bit; other commands may be run before its end.

        Args:
            folder: Which folder.
            begin: Asks for it. It is called again when the connection was lost, once, and when another command came
                between; what it answers then may have been handed out before.
        """
        lost = overtaken = False
        while True:
            selected = self.open(folder)
            try:
                if overtaken:
                    yield from list(begin(selected))  # nothing can come between any more
                else:
                    yield from begin(selected)
                self._used = time.monotonic()
                return
            except ImapOvertakenError:
                overtaken = True
            except ImapError as error:
                if lost or not isinstance(error, LOST):
                    raise self._gone_wrong(error, folder) from error
                self.drop()
                lost = True

    def leave(self, folder: str) -> None:
        """Select nothing, if that folder is selected: servers refuse to delete one that is in use."""
        selected, self._selected = self._selected, None
        if selected is not None and selected.name == folder:
            self.read(lambda client: None if client.session.connection.protocol.mailbox is None else selected.close())

    def forget(self, folder: str) -> None:
        """Drop what is known of a folder that is no more."""
        self.validities.pop(folder, None)

    def left_all(self) -> None:
        """Note that no mailbox is selected any more."""
        self._selected = None

    def drop(self) -> None:
        """Give the connection up."""
        client, self._client, self._selected = self._client, None, None
        if client is not None:
            client.close()

    def close(self) -> None:
        """Say good-bye."""
        client, self._client, self._selected = self._client, None, None
        if client is not None:
            client.logout()

    def _noted(self, value: T) -> T:
        self._used = time.monotonic()
        return value

    def _gone_wrong(self, error: ImapError, folder: str) -> Exception:
        if self._client is not None and self._client.closed:
            self.drop()
        return translated(error, folder)
