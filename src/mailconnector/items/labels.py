"""What people call the parts of an item (`parts`)."""

from __future__ import annotations

from uuid import UUID

from mailconnector.items.field_groups import split_path
from mailconnector.mapi.named import PROPERTY_SETS, PropertyName, name_of_named
from mailconnector.mapi.tags import name_of

_WORDS = {
    "email1": "e-mail 1",
    "email2": "e-mail 2",
    "email3": "e-mail 3",
    "text": "text",
    "html": "text in HTML",
    "rtf": "text in RTF",
    "words": "words of the text",
    "to": "recipients",
    "cc": "copy recipients",
    "bcc": "blind copy recipients",
    "home": "home address",
    "work": "business address",
    "other": "other address",
    "unplaced": "mailing address",
    "mailing": "which address mail goes to",
    "name": "name",
    "due": "due date",
    "uid": "UID",
    "type": "type of the item",
}
_ORDERED = frozenset({"attendees", "attachments", "members", "to", "cc", "bcc", "reply_to", "categories"})
_ELEMENTS = {
    "attendees": "attendee",
    "attachments": "attachment",
    "members": "member",
    "to": "recipient",
    "cc": "copy recipient",
    "bcc": "blind copy recipient",
    "reply_to": "reply address",
    "categories": "category",
    "deleted": "day left out",
    "changed": "changed instance of",
    "flags": "mark",
    "name": "name:",
}
_ASPECTS = {"leftover": "further properties", "manner": "kind", "display": "shown as", "replied": "time of the answer"}
_TYPE_LENGTH = len(".0003")


def label_of(path: str) -> str:
    """Return what people call the part that a path names, in a few words."""
    name, aspect, rest = split_path(path)
    if name == "leftover":
        return _property(rest)
    if name == "phones":
        words = f"{rest} phone"
    elif rest:
        words = f"{_ELEMENTS.get(name, name)} {rest.replace('_', ' ') if name == 'name' else rest}"
    else:
        words = _WORDS.get(name, name.replace("_", " "))
        words = f"order of {words}" if name in _ORDERED and not aspect else words
    return f"{words} ({_ASPECTS.get(aspect, aspect)})" if aspect else words


def _property(rest: str) -> str:
    key, kind = rest[:-_TYPE_LENGTH], rest[-_TYPE_LENGTH + 1 :]
    try:
        if key.startswith("0x"):
            return name_of(int(key, 16) << 16 | int(kind, 16)) or key
        place, _, name = key.partition(".")
        if place in PROPERTY_SETS or "-" in place:
            guid = PROPERTY_SETS.get(place) or UUID(place)
            known = name_of_named(PropertyName(guid, int(name, 16) if name.startswith("0x") else name))
            return known or f"{place} {name}"
        return f"{place} {name}"
    except ValueError:
        return key
