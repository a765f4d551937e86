"""Items of classes that have no type of their own: whatever of them reads as a mail, and the rest left over."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from mailconnector.items import GenericItem, Item, Mail
from mailconnector.mapi.named import name_of_named
from mailconnector.mapi.objects import MessageObject, PropertyKey
from mailconnector.mapi.tags import name_of
from mailconnector.mapi.types import FileTime
from mailconnector.mapi.values import Value
from mailconnector.mapping import mail as mail_mapping

_PREFIX = re.compile(r"^(?:PidTag|PidLid|PidName)")
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LONGEST_LINE = 400


def to_object(
    item: GenericItem, embed: Callable[[Item], MessageObject], own_addresses: frozenset[str]
) -> MessageObject:
    """Return an item as a MAPI message; a text that was made up to have something to read is not stored."""
    mail = item.mail
    if mail.text is not None and mail.text == summary(mail):
        mail = replace(mail, text=None)
    return mail_mapping.to_object(mail, embed, own_addresses)


def from_object(message: MessageObject, extract: Callable[[MessageObject], Item]) -> GenericItem:
    """Return a MAPI message as an item that reads as a mail.

    Without a body its properties are the text, unless it came by the wire without one.
    """
    mail = mail_mapping.from_object(message, extract)
    if mail.text is None and mail.html is None and mail.rtf is None and not mail.layout:
        mail = replace(mail, text=summary(mail) or None)
    return GenericItem(mail)


def summary(mail: Mail) -> str:
    """Return the leftover properties that people can read, a line each, in a fixed order."""
    lines = []
    for key, value in mail.leftover.items():
        name = _name(key)
        shown = _shown(value)
        if name and shown:
            lines.append(f"{name}: {shown[:_LONGEST_LINE]}\n")
    return "".join(sorted(lines))


def _name(key: PropertyKey) -> str:
    name = name_of(key) if isinstance(key, int) else name_of_named(key.name)
    if not name or not _PREFIX.match(name):
        return ""
    return _WORDS.sub(" ", _PREFIX.sub("", name)).capitalize()


def _shown(value: Value) -> str:
    if isinstance(value, FileTime):
        moment = value.to_datetime()
        return moment.strftime("%Y-%m-%d %H:%M UTC") if moment else ""
    if isinstance(value, str):
        return " ".join(value.replace("\0", "").split())
    if isinstance(value, list):
        return "; ".join([" ".join(one.split()) for one in value if isinstance(one, str)])
    return ""
