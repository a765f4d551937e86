"""Rights in words: what each letter allows, the nine of the first standard and the finer ones of today, roles.

RFC 2086 had nine rights, of which `create` and `delete` were loosely defined; RFC 4314 divided these two into four. A
user may write either, by letter or by name, or a role, which is a set of rights that belong together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from mailconnector.app.errors import AppUsageError
from mailconnector.imap.rights import ALL_RIGHTS, LETTERS, Rights

ANNOTATE = "n"
FREE_BUSY = "9"
"""Cyrus: see from a calendar, over CalDAV, when somebody is busy."""


@dataclass(frozen=True, slots=True)
class RightWord:
    """One right of RFC 4314.

    Attributes:
        letter: as the protocol has it.
        name: as users write it.
        meaning: what it allows, in a few words that begin with a verb.
    """

    letter: str
    name: str
    meaning: str


RIGHT_WORDS = (
    RightWord("l", "lookup", "see the folder in the list of folders"),
    RightWord("r", "read", "open the folder and read what is in it"),
    RightWord("s", "seen", "keep what one has read marked as read"),
    RightWord("w", "write", "set flags and categories"),
    RightWord("i", "insert", "add items, by copying and moving them as well"),
    RightWord("p", "post", "send mail to the folder's own address"),
    RightWord("k", "create-folders", "create folders in it"),
    RightWord("x", "delete-folder", "delete or rename the folder itself"),
    RightWord("t", "delete-items", "mark items as deleted"),
    RightWord("e", "expunge", "remove for good what is marked as deleted"),
    RightWord("a", "administer", "grant and take away rights"),
)
"""All rights, in the order in which they are shown."""

OLD_WORDS: Mapping[str, str] = {"create": "k", "delete": "xte", "c": "k", "d": "xte"}
"""The two of RFC 2086 that became several."""


class Role(Enum):
    """A set of rights by what somebody is to do. The words are those that Outlook has for the same.

    Attributes:
        NONE: Nothing.
        FREE_BUSY: See when the owner is busy, and nothing else; see `FREE_BUSY`.
        REVIEWER: Read.
        CONTRIBUTOR: Add items, without seeing those that are there.
        AUTHOR: Read, add items and mark them; no server knows whose an item is, so none can be changed or deleted.
        EDITOR: Read, add, change and delete items.
        OWNER: Everything.
        CUSTOM: Anything else.
    """

    NONE = "none"
    FREE_BUSY = "free-busy"
    REVIEWER = "reviewer"
    CONTRIBUTOR = "contributor"
    AUTHOR = "author"
    EDITOR = "editor"
    OWNER = "owner"
    CUSTOM = "custom"


ROLE_RIGHTS: Mapping[Role, Rights] = {
    Role.NONE: Rights(),
    Role.FREE_BUSY: Rights(frozenset(FREE_BUSY)),
    Role.REVIEWER: Rights(frozenset("lrs")),
    Role.CONTRIBUTOR: Rights(frozenset("lip")),
    Role.AUTHOR: Rights(frozenset("lrswip")),
    Role.EDITOR: Rights(frozenset("lrswipte")),
    Role.OWNER: ALL_RIGHTS,
}
ROLE_MEANINGS: Mapping[Role, str] = {
    Role.NONE: "nothing",
    Role.FREE_BUSY: "see when the owner is busy, over CalDAV",
    Role.REVIEWER: "read",
    Role.CONTRIBUTOR: "add items, without seeing those that are there",
    Role.AUTHOR: "read, add and mark items; none can be changed or deleted",
    Role.EDITOR: "read, add, change and delete items",
    Role.OWNER: "everything, granting rights to others included",
    Role.CUSTOM: "a choice of its own",
}

_NAMES = {word.name: word.letter for word in RIGHT_WORDS}
# Ours, Cyrus's, Dovecot's, and the alphabet.
_ORDERS = ("lrswipkxteacdn0123456789", "lrswipkxtecdan0123456789", "lrwstipekxacdn", "0123456789acdeiklnprstwx")
_LETTERS = re.compile(r"[lrswipkxteacdn0-9]+")


def role_of(rights: Rights) -> Role:
    """Return the role that rights are. What only some servers know, annotating and digits, makes no difference."""
    plain = Rights(rights.letters & frozenset(LETTERS))
    if not plain and FREE_BUSY in rights:
        return Role.FREE_BUSY
    return next((role for role, found in ROLE_RIGHTS.items() if found == plain), Role.CUSTOM)


def parse_rights(text: str) -> Rights:
    """Read rights as a user writes them: a role, names divided by commas, or letters.

    Raises:
        AppUsageError: it is none of these.
    """
    wanted = text.strip().lower()
    for role, found in ROLE_RIGHTS.items():
        if wanted == role.value:
            return found
    letters = ""
    for part in filter(None, re.split(r"[,\s]+", wanted)):
        if part in _NAMES:
            letters += _NAMES[part]
        elif part in OLD_WORDS:
            letters += OLD_WORDS[part]
        elif _LETTERS.fullmatch(part) and _in_some_order(part):
            letters += "".join(OLD_WORDS.get(letter, letter) for letter in part)
        else:
            roles = ", ".join(role.value for role in ROLE_RIGHTS)
            names = ", ".join([word.name for word in RIGHT_WORDS] + ["create", "delete"])
            raise AppUsageError(
                f"{text!r} are no rights",
                hint=f"Write a role ({roles}), letters as in lrs, or names divided by commas ({names}).",
            )
    if not letters:
        raise AppUsageError("there are no rights given", hint="To take all of them away, revoke them.")
    return Rights(frozenset(letters))


def _in_some_order(letters: str) -> bool:
    """Tell whether letters stand as some server or program writes them; a word made of them ("reader") does not."""
    if len(letters) < 3:
        return len(set(letters)) == len(letters)
    places = ([order.find(letter) for letter in letters] for order in _ORDERS)
    return any(-1 not in found and all(a < b for a, b in pairwise(found)) for found in places)


def in_words(rights: Rights) -> str:
    """Return the names of rights, divided by commas; those without a name by their letter."""
    names = [word.name for word in RIGHT_WORDS if word.letter in rights]
    if ANNOTATE in rights:
        names.append("annotate")
    return ", ".join(names + sorted(rights.letters - frozenset(LETTERS) - {ANNOTATE})) or "nothing"
