"""The two sides of an item, field by field, and who changed what since they were brought into step."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from mailconnector.app.item.words import part_words
from mailconnector.items import Item, Mail, label_of, merge
from mailconnector.items.field_groups import grouping, split_path
from mailconnector.items.parts import taken_apart
from mailconnector.sync.bases import fields_of


class Changed(Enum):
    """Who changed a field since the last synchronisation.

    Attributes:
        HERE: The local side.
        THERE: The server's side.
        BOTH: Both, in different ways.
        ALIKE: Both, in the same way.
        UNKNOWN: They differ, and what was before is not known.
    """

    HERE = "here"
    THERE = "on the server"
    BOTH = "both"
    ALIKE = "both alike"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is not the same on both sides, or not what it was.

    Attributes:
        path: Which (`items.parts`).
        label: What people call it.
        changed: Who changed it.
        here: What it says locally; empty where it says nothing.
        there: What it says on the server.
        minor: A change of it alone is nobody's edit: programs write it for themselves.
    """

    path: str
    label: str
    changed: Changed
    here: str
    there: str
    minor: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of comparing.

    Attributes:
        differences: Field by field, in the order of the local item.
        is_known: What the fields were at the last synchronisation is known.
        clashes: Fields by which the two cannot be merged: the next run would keep both items.
    """

    differences: tuple[Difference, ...]
    is_known: bool
    clashes: tuple[str, ...]


def compare(here: Item, there: Item, base: Mapping[str, bytes] | None) -> Comparison:
    """Compare the two sides of an item.

    Args:
        here: The local side.
        there: The server's side.
        base: Digests of its fields as of the last synchronisation (`sync.bases`); None when they are not known.
    """
    mine, other = fields_of(here), fields_of(there)
    ends = [(item, taken_apart(item)) for item in (here, there)]
    found: list[Difference] = []
    for path in dict.fromkeys([*mine, *other]):
        changed = _changed(path, mine, other, base)
        if changed is None or path == "words":
            continue
        minor = grouping(type(here), path)[1] or split_path(path)[1] == "leftover"
        words = [part_words(item, path, parts[path]) if path in parts else "" for item, parts in ends]
        found.append(Difference(path, label_of(path), changed, words[0], words[1], minor))
    clashes: tuple[str, ...] = ()
    if type(here) is not type(there):
        clashes = ("type",)
    elif base is not None and not isinstance(here, Mail):
        clashes = merge(base, here, there).clashes
    return Comparison(tuple(found), base is not None, clashes)


def _changed(
    path: str, mine: Mapping[str, bytes], other: Mapping[str, bytes], base: Mapping[str, bytes] | None
) -> Changed | None:
    here, there = mine.get(path), other.get(path)
    if base is None:
        return None if here == there else Changed.UNKNOWN
    before = base.get(path)
    if here == there:
        return None if here == before else Changed.ALIKE
    if here == before:
        return Changed.THERE
    return Changed.HERE if there == before else Changed.BOTH
