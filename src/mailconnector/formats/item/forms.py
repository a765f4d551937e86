"""The forms in which items lie on servers: our own, and those of other programs.

A form is a module with the functions of `Form`. What the message of another program has and no field of an item
expresses, its form keeps in the item's leftover (`FORM_SOURCE`), so that an edited item can be written for its author
again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

from mailconnector.formats.mail.structure import Part
from mailconnector.formats.syntax.transfer import decode
from mailconnector.items import FolderKind, Item, Mail, mail_of, with_mail
from mailconnector.items.headers import first
from mailconnector.mapi import reading
from mailconnector.mapi.objects import PropertyKey
from mailconnector.mapi.types import PropertyType
from mailconnector.mapi.values import Value
from mailconnector.mapping import own

FORM = own.tag("ItemForm", PropertyType.STRING)
"""`Form.NAME` of the form in which an item came."""

FORM_SOURCE = own.tag("ItemFormSource", PropertyType.BINARY)
"""What a form keeps of the message from which it read an item."""


_LONGEST_SOURCE = 1 << 20


class ItemForm(Enum):
    """In which form an item is written.

    Attributes:
        OWN: As this program has it, nothing lost.
        AUTHOR: As the program has it from which it came, where that can be told and done.
    """

    OWN = "own"
    AUTHOR = "author"


@dataclass(frozen=True, slots=True)
class ServerMessage:
    """A message on a server, as forms look at it.

    Attributes:
        mail: What `formats.parse` makes of it: texts, people, header block, and its parts as attachments with their
            content types, but for a TNEF stream that it opened.
        root: Its parts, down to the messages that are attached, as they came.
        kind: What its folder is made for.
    """

    mail: Mail
    root: Part
    kind: FolderKind

    def header(self, name: str) -> str:
        """Return a field of its header on one line; "" when it is not there."""
        return (first(self.mail.headers, name.lower().encode("ascii")) or b"").decode("utf-8", "replace")

    def leaves(self) -> list[Part]:
        """Return its parts that are no multiparts, in order; `content_of` has what they say."""
        return leaves_of(self.root)


def leaves_of(part: Part) -> list[Part]:
    """Return the parts within a part that are no multiparts, in order."""
    if not part.parts:
        return [part]
    return [leaf for inner in part.parts for leaf in leaves_of(inner)]


def content_of(part: Part) -> bytes:
    """Return the decoded content of a part."""
    body = part.data[part.body : part.end]
    encoding = part.fields.get(b"content-transfer-encoding")
    return decode(body, encoding) if encoding else body


class Form(Protocol):
    """A form of other programs; a module is one when it has these names."""

    @property
    def NAME(self) -> str:
        """By what items remember it; never changed, as it is stored."""

    def matches(self, message: ServerMessage) -> bool:
        """Tell whether a message is in this form; cheap, and right about what is damaged as well."""

    def read(self, message: ServerMessage) -> Item:
        """Return the item of a message; `Mail.message_id` is its UID in angle brackets.

        Raises:
            FormatError: It cannot be read; the message is kept as a mail then, byte for byte.
        """

    def write(self, item: Item) -> bytes | None:
        """Return the message of an item that came in this form; None when the form cannot say such an item."""


def form_of(item: Item) -> str:
    """Return the `Form.NAME` of the form in which an item came; "" when it came in none."""
    return reading.text(mail_of(item).leftover, FORM)


def with_source(item: Item, name: str, source: bytes = b"") -> Item:
    """Return an item that remembers its form.

    Args:
        item: The item.
        name: `Form.NAME`.
        source: What the form keeps of the message, for itself to read; more than 1 MiB is not kept.
    """
    mail = mail_of(item)
    kept: dict[PropertyKey, Value] = {FORM: name}
    if 0 < len(source) <= _LONGEST_SOURCE:
        kept[FORM_SOURCE] = source
    return with_mail(item, replace(mail, leftover={**mail.leftover, **kept}))


def source_of(item: Item) -> bytes:
    """Return what its form kept of an item's message."""
    return reading.data(mail_of(item).leftover, FORM_SOURCE)
