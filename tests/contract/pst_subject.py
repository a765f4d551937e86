"""PST files for the contract of sync stores: Unicode and ANSI, in a folder of the test's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from mailconnector import pst
from mailconnector.items import Item, Mail, mail_of
from mailconnector.mapi import tags
from mailconnector.mapping import to_mapi
from mailconnector.stores import PstStore

FORMATS: tuple[Literal["unicode", "ansi"], ...] = ("unicode", "ansi")


class PstFile:
    """A PST file and its store; the store can be closed and opened again behind the back of who holds this.

    Args:
        folder: Where the file and its index are made.
        format: The file's variant.
    """

    def __init__(self, folder: Path, format: str) -> None:
        self.path = folder / "mail.pst"
        self._index = folder / "mail.index"
        pst.create_store(self.path, format="ansi" if format == "ansi" else "unicode", usual_folders=True).close()
        self.store = self._open()

    def _open(self) -> PstStore:
        return PstStore.open(self.path, self._index)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def edit(self, _folder: str, id_: str, item: Item) -> str:
        """Change a message as Outlook does: with nothing else open, and no word to the index."""
        mail = mail_of(item)
        self.store.close()
        with pst.open_store(self.path, writable=True) as file:
            message = file.message(int(id_, 16))
            if isinstance(item, Mail):
                message.set_properties({tags.PidTagBody: mail.text, tags.PidTagSubject: mail.subject})
            else:
                with message.edit() as draft:
                    draft.clear()
                    draft.fill(to_mapi(item))
        self.store = self._open()
        return id_

    def crash(self) -> PstStore:
        """Lose what was not made durable, and open the file again."""
        self.store.abandon()
        self.store = self._open()
        return self.store

    def close(self) -> None:
        """Close the file."""
        self.store.close()
