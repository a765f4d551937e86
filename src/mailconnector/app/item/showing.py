"""All that an item has, put in order for people and for programs."""

from dataclasses import dataclass, fields
from typing import Any

from mailconnector.app.item.words import part_words
from mailconnector.items import Item, Mail, label_of, mail_of
from mailconnector.items.field_groups import split_path
from mailconnector.items.parts import taken_apart
from mailconnector.mapi.rtf_body import read_rtf
from mailconnector.sync.identity import title_of

_APART = frozenset({"text", "html", "rtf", "message_class"})
_LISTS = frozenset({"to", "cc", "bcc", "reply_to", "attendees", "members", "attachments", "categories"})
_OF_MAIL = frozenset({one.name for one in fields(Mail)} | {"categories"})
# How a message is written; it says nothing of what it says.
_FORMS = frozenset({"headers", "layout", "original", "charset"})


@dataclass(frozen=True, slots=True)
class Fact:
    """One part of an item.

    Attributes:
        path: Which (`items.parts`).
        label: What people call it.
        words: What it says.
    """

    path: str
    label: str
    words: str


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item, ready to be shown.

    Attributes:
        type: What it is: "appointment", "contact" ...
        message_class: Its MAPI message class.
        title: What a user calls it.
        facts: Its parts but those below, in the order of its fields; without those at their defaults.
        people: Of an appointment, those invited; of a list, its members.
        files: What is attached.
        text: Its text, in its plainest form.
        text_form: The richest form of the text: "text", "html" or "rtf"; empty when there is none.
        leftover: Properties that no field expresses, and how it is written.
    """

    type: str
    message_class: str
    title: str
    facts: tuple[Fact, ...]
    people: tuple[Fact, ...]
    files: tuple[Fact, ...]
    text: str
    text_form: str
    leftover: tuple[Fact, ...]


def view_of(item: Item) -> ItemView:
    """Return all that an item has."""
    mail = mail_of(item)
    facts: list[Fact] = []
    people: list[Fact] = []
    files: list[Fact] = []
    leftover: list[Fact] = []
    for path, part in _ordered(item).items():
        name, aspect, rest = split_path(path)
        fact = Fact(path, label_of(path), part_words(item, path, part))
        if name == "leftover" or aspect == "leftover" or path in _FORMS:
            leftover.append(fact)
        elif path in _APART or (name in _LISTS and not rest):
            continue  # it stands by itself; and the order of a list is the order in which it is shown
        elif name == "attachments":
            files.append(fact)
        elif name in ("attendees", "members"):
            people.append(fact)
        else:
            facts.append(fact)
    forms = [form for form in ("rtf", "html", "text") if getattr(mail, form)]
    text = mail.text or (read_rtf(mail.rtf).content if mail.rtf else "") or mail.html or ""
    return ItemView(
        _words_of(type(item).__name__),
        item.message_class,
        title_of(item),
        tuple(facts),
        tuple(people),
        tuple(files),
        text,
        forms[0] if forms else "",
        tuple(leftover),
    )


def _ordered(item: Item) -> dict[str, Any]:
    """Return the parts: the subject, then what only items of this type have, then what every item has."""
    parts = taken_apart(item)

    def rank(path: str) -> int:
        name = split_path(path)[0]
        return 0 if name == "subject" else 2 if name in _OF_MAIL else 1

    return {path: parts[path] for path in sorted(parts, key=rank)}


def _words_of(name: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
