"""What of an item is lost where a standard has no word for it: found by reading again what was written."""

from collections.abc import Callable, Sequence

from mailconnector.items import Item
from mailconnector.items.field_groups import grouping
from mailconnector.items.merging import field_digests

LEFTOVER = "leftover"
"""The name of all properties that no field of an item has."""

_STATE = "flags"
_SEPARATORS = str.maketrans({":": "."})


def lost_fields(item: Item, written: bytes, parse: Callable[[bytes], Sequence[Item]]) -> frozenset[str]:
    """Return the fields of an item that are not in what was written of it, or are there in another way.

    What programs write for themselves, and whether an item was seen, is not looked at.

    Args:
        item: what was to be written.
        written: what was written.
        parse: reads such files.

    Raises:
        FormatError: what was written cannot be read.
    """
    again = parse(written)
    before, after = field_digests(item), field_digests(again[0]) if again else {}
    lost = {path for path, digest in before.items() if after.get(path) != digest and not grouping(type(item), path)[1]}
    return frozenset(name for path in lost if (name := path.translate(_SEPARATORS).partition(".")[0]) != _STATE)
