"""An item on its way out of a PST, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeAlias

from mailconnector import mapping
from mailconnector.items import Item, Mail, mail_of, readable
from mailconnector.mapi.objects import MessageObject

Lost: TypeAlias = frozenset[str]
"""The fields of an item that what was written of it does not have."""

NOTHING_LOST: Lost = frozenset()


@dataclass(frozen=True)
class Outgoing:
    """An item of a folder, as MAPI has it and as an item.

    Attributes:
        message: as it stands in the PST.
    """

    message: MessageObject

    @cached_property
    def item(self) -> Item:
        """The item.

        Raises:
            MapiError: it cannot be read as one.
            PstError: it is damaged.
        """
        return mapping.from_mapi(self.message)

    @cached_property
    def mail(self) -> Mail:
        """What it is as a mail that can be read."""
        return readable(self.item)

    @property
    def subject(self) -> str:
        """What to name a file by."""
        return mail_of(self.item).subject

    @property
    def moment(self) -> datetime | None:
        """When it came or was written."""
        mail = mail_of(self.item)
        return mail.received or mail.date
