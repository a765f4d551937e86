"""Leftover properties: what a message has beyond an item's fields, kept beside them and put back with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mailconnector.mapi.named import PropertyName
from mailconnector.mapi.objects import Properties, PropertyKey, find, get
from mailconnector.mapi.values import Value


def identity(key: PropertyKey) -> int | PropertyName:
    """Return what a property is, whatever its type: its id, or its name."""
    return key >> 16 if isinstance(key, int) else key.name


def beyond(
    source: Mapping[PropertyKey, Value], made: Mapping[PropertyKey, Value], ignored: Collection[int | PropertyName] = ()
) -> Properties:
    """Return the properties of a source that are not the same in what is made of the item's fields.

    Args:
        source: What a store has.
        made: What the fields alone give.
        ignored: What is of no use elsewhere.
    """
    return {
        key: value
        for key, value in source.items()
        if (key not in made or made[key] != value)
        and identity(key) not in ignored
        and (find(made, key) is None or get(made, key) != value)
    }


def combined(made: Properties, leftover: Mapping[PropertyKey, Value]) -> Properties:
    """Return properties made of an item's fields with the leftover ones, which win; no property is there twice.

    Strings may be left over in their 8-bit type, and take the place of the Unicode ones.
    """
    if not leftover:
        return made
    merged = dict(made)
    for key, value in leftover.items():
        twin = find(merged, key)
        if twin is not None and twin != key:
            del merged[twin]
        merged[key] = value
    return merged
