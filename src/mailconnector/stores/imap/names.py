"""Names that mailboxes can have: what no server takes is replaced, and what only some refuse, for those."""

from __future__ import annotations

import re
from collections.abc import Collection

from mailconnector.imap.quirks import Quirk
from mailconnector.utf7 import encode_utf7

_LONGEST = 200  # bytes of a name, however it is spelt; file systems take 255
_INSTEAD = "_"
# Controls (RFC 6855 section 3, RFC 5198) and halves of characters.
_NEVER = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NARROW = re.compile(r"[!\"%;<>\\^`{|}]")
_RESERVED = frozenset({"cur", "new", "tmp", "dbox-mails"})


def fitting(name: str, separator: str, quirks: Collection[Quirk]) -> str:
    """Return the nearest name that a mailbox can have.

    Args:
        name: As it should be.
        separator: What a server puts between names.
        quirks: The server's oddities.
    """
    name = _NEVER.sub(_INSTEAD, name.strip())
    for mark in {separator, "/"} - {""}:  # "/" in a name makes a folder of many a server's file system
        name = name.replace(mark, _INSTEAD)
    if Quirk.NAMES_ARE_NARROW in quirks:
        name = _NARROW.sub(_INSTEAD, name)
    if Quirk.NAMES_ARE_RESERVED in quirks and name.casefold() in _RESERVED:
        name += _INSTEAD
    if name.startswith(("~", "#")):  # "#" begins a namespace (RFC 9051 section 5.1.2), "~" a user's home
        name = _INSTEAD + name[1:]
    return cut(name) if name.strip(". ") else _INSTEAD


def cut(name: str, *, room: int = 0) -> str:
    """Return as much of a name as fits, with so many bytes to spare."""
    while max(len(name.encode("utf-8", "replace")), len(encode_utf7(name))) > _LONGEST - room:
        name = name[:-1].rstrip()
    return name
