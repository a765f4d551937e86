"""Hiding the private items of a folder, and showing them again: what is done once, over a session that there is.

From then on every store of the owner's keeps the folder in order, see `private`.
"""

from __future__ import annotations

from collections.abc import Iterable

from mailconnector.imap import ImapClient, ImapConnectionError, ImapError
from mailconnector.items import FolderKind
from mailconnector.stores.imap import companions
from mailconnector.stores.imap.changes import ChangeReader
from mailconnector.stores.imap.companions import Companion
from mailconnector.stores.imap.errors import translated
from mailconnector.stores.imap.line import Line
from mailconnector.stores.imap.private import PrivateItems
from mailconnector.stores.imap.private_views import Views
from mailconnector.stores.imap.reading import Reader
from mailconnector.stores.imap.writing import Writer


class Hiding:
    """Hides and shows the private items of one owner's folders.

    Args:
        client: The owner's session; nobody else uses it meanwhile.
        login: The owner.
        names: The names of the owner's mailboxes, which tell the language of placeholders.
    """

    def __init__(self, client: ImapClient, login: str, names: Iterable[str]) -> None:
        self._client = client
        self._login = login
        self._subject = companions.subject_in(names)

    def hide(self, folder: str, kind: FolderKind) -> int:
        """Make the companion of a folder that has none, and move the private items that there are into it.

        Cut off, it has made one or it has not; every store of the owner's moves what is left.

        Returns:
            How many items are hidden.

        Raises:
            SyncError: The server refuses, or would let others see the companion.
        """
        try:
            pair = companions.create(self._client, folder, kind, self._login)
        except ImapError as error:
            raise translated(error, folder) from error
        return self._private(pair).hidden(folder)

    def show(self, pair: Companion) -> int:
        """Move the private items of a folder back into it, and delete its companion.

        Cut off, it is to be done again: until then every store of the owner's hides them again.

        Returns:
            How many items were moved.

        Raises:
            SyncError: The server refuses.
        """
        return self._private(pair).dissolve(pair.folder)

    def _private(self, pair: Companion) -> PrivateItems:
        line = Line(self._connected)
        reader, changes, writer = Reader(line), ChangeReader(line), Writer(line)
        private = PrivateItems(line, reader, changes, writer, Views(), self._login)
        private.know({pair.folder: pair}, {pair.folder: pair.kind}, self._subject)
        return private

    def _connected(self) -> ImapClient:
        if self._client.closed:
            raise ImapConnectionError("the connection to the server was lost")
        return self._client
