"""The flags of messages in a PST file, and how categories are spelled in the code pages of ANSI files."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import cast

from mailconnector.mapi import named, tags
from mailconnector.mapi.objects import Properties, PropertyKey
from mailconnector.mapi.values import Value
from mailconnector.mapping import read_flags
from mailconnector.sync.flags import ALL_FLAGS, DELETED, FlagDomain, FlagSet, flags_of, kept
from mailconnector.utf7 import decode_utf7, encode_utf7

KEPT_FLAGS = FlagDomain(ALL_FLAGS - {DELETED})
"""The flags that last in a PST file. A message that is marked as deleted is what Outlook has Deleted Items for."""

_READ_KEYS: tuple[PropertyKey, ...] = (
    tags.PidTagMessageFlags,
    tags.PidTagLastVerbExecuted,
    tags.PidTagIconIndex,
    tags.PidTagFlagStatus,
    named.PidNameKeywords,
)
_LONGEST_CATEGORY = 255  # Outlook's limit; longer ones are taken as they are


def flags_told(get: Callable[[PropertyKey], Value], ansi_codec: str = "") -> FlagSet:
    """Return the flags that a message's properties say, those that last here.

    Categories that no flag can be called are left out.

    Args:
        get: Gives a property's value, or None.
        ansi_codec: Of the message in an ANSI file; else empty.
    """
    told = [tuple(value) if isinstance(value, list) else value for value in map(get, _READ_KEYS)]
    return _flags_told(ansi_codec, *told)


@lru_cache(maxsize=1024, typed=True)
def _flags_told(codec: str, *values: object) -> FlagSet:
    """Return the flags that the values of `_READ_KEYS` say; most messages have one of a few sets of them.

    Args:
        codec: Of an ANSI file; else empty.
        values: In the order of the keys, lists as tuples.
    """
    properties: Properties = {}
    for key, value in zip(_READ_KEYS, values, strict=True):
        if value is not None:
            properties[key] = cast("Value", list(value) if isinstance(value, tuple) else value)
    flags = kept(flags_of(read_flags(properties)), KEPT_FLAGS)
    if codec:
        flags = frozenset(read_category(name, codec) for name in flags)
    return frozenset(name for name in flags if name and "\n" not in name)


def fitted_category(name: str, codec: str) -> str:
    """Return a category as an ANSI file can hold it: in modified UTF-7 where it has to be, or could be taken for it."""
    plain = _encodes(name, codec) and read_category(name, codec) == name
    return name if plain else encode_utf7(name).decode("ascii")


def read_category(name: str, codec: str) -> str:
    """Return the category that `fitted_category` made a stored name of."""
    if "&" in name and name.isascii() and len(name) <= _LONGEST_CATEGORY:
        with suppress(ValueError):
            found = decode_utf7(name.encode("ascii"))
            if found != name and encode_utf7(found).decode("ascii") == name and fitted_category(found, codec) == name:
                return found
    return name


def _encodes(name: str, codec: str) -> bool:
    try:
        return name.encode(codec).decode(codec) == name
    except UnicodeError:
        return False
