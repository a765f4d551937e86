"""Two edits of one item, put together field by field.

`field_digests` takes an item apart: a digest for each field that is not at its default, under a dotted path
("subject", "start", "email1", "phones.mobile", "attendees.eva@example.com", "leftover.PSETID_Common.0x8501" ...). They
say whether a field was changed since, and are the same in each run of the program and each version of Python.

`merge` takes each field from the side that changed it. What it goes by:

1. Fields that make sense only together are a group, and come from one side: the times and the zone of an appointment,
   and of a series its pattern as well; a name with what it is shown and filed under; the forms of a body.
2. Both sides changed a group in different ways: a clash. It is named by its paths, and theirs is taken.
3. Lists of people and of files are merged one by one. So are the days of a series that are changed or left out, unless
   the other side changed the series itself: then nobody knows which days they are now.
4. Fields that programs write for themselves are soft: a change of them never clashes, theirs comes first.
5. Items that came without any of the MAPI properties that the base had left over were written by a program that does
   not know them. It has not taken away what it cannot express: the leftover stays, fields that no standard has stay,
   so do all files where it has none at all, and a richer form of a body with the same words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mailconnector.items.field_groups import (
    BODY,
    DAYS,
    FOLLOWING,
    FORM,
    LEFTOVER,
    OWN,
    SERIES,
    grouping,
    is_standard,
    split_path,
)
from mailconnector.items.item import Item, mail_of
from mailconnector.items.parts import Parts, digest, digests_of, put_together, taken_apart

_ESSENCE = 12
_FILES = "attachments."
_NOT_SEEN = frozenset(
    {"attachments", "leftover", "flags", "categories", "uid", "instance", "text", "html", "rtf", "original"}
)


@dataclass(frozen=True, slots=True)
class Merged:
    """Two edits, put together.

    Attributes:
        item: The item; where the two clash, it has theirs.
        clashes: Paths of the fields that both have changed in different ways; "type" alone when the items are of
            different types, and `item` is theirs as it is.
    """

    item: Item
    clashes: tuple[str, ...] = ()


def field_digests(item: Item) -> dict[str, bytes]:
    """Return eight bytes for each field that is not at its default, by its path."""
    return digests_of(item)


def essence_of(item: Item) -> str:
    """Return a digest of what people see of an item.

    Of its files it takes the names and sizes alone, and of its body the words. Nothing goes in that programs write for
    themselves, that one store has and another has not, or that is a mark on it; nor its UID, by which it is known.
    """
    parts = taken_apart(item)
    files = [(one.name, one.size()) for one in mail_of(item).attachments]
    seen = {path: part for path, part in parts.items() if split_path(path)[0] not in _NOT_SEEN}
    kind = type(item)
    digests = {path: one for path, one in digests_of(item, seen).items() if not grouping(kind, path)[1]}
    return digest((digests, files), size=_ESSENCE).hex()


def merge(
    base: Item | Mapping[str, bytes], ours: Item, theirs: Item, *, their_base: Item | Mapping[str, bytes] | None = None
) -> Merged:
    """Put together what two sides made of an item.

    Args:
        base: What it was, or the `field_digests` of that.
        ours: What we have; it knows all of the item.
        theirs: What it became elsewhere; it may have lost what is left over (see the module's text).
        their_base: What it was on their side, where that looks other than `base`.
    """
    if type(ours) is not type(theirs):
        return Merged(theirs, ("type",))
    mine, other = _Side(ours, _digests(base)), _Side(theirs, _digests(base if their_base is None else their_base))
    other.is_bare = _has_leftover(other.base) and not _has_leftover(other.digests)
    paths = (*mine.parts, *other.parts, *mine.digests, *other.digests, *mine.base, *other.base)
    names = _by_group(type(ours), paths)
    clashes: list[str] = []
    taken: dict[str, _Side] = {}
    for group, members in names.items():
        hard = [path for path, soft in members if not soft]
        soft = [path for path, soft in members if soft]
        taken[group] = mine
        if _same(mine, other, hard):
            taken[group] = other if other.has_changed(soft) else mine
        elif other.has_changed(hard, group):
            taken[group] = other
            if mine.has_changed(hard, group):
                clashes += [path for path in hard if mine.digests.get(path) != other.digests.get(path)]
        elif not mine.has_changed(hard, group):
            # Neither has: what they look like differs from side to side.
            taken[group] = other if other.has_changed(soft) and not other.is_bare else mine
    clashes += _torn_days(names, mine, other, taken)
    parts: Parts = {}
    for group, members in names.items():
        same = _same(mine, other, [path for path, soft in members if not soft])
        for path, _ in members:
            side = taken[group]
            # How an address is shown, or when an answer came, is outdated with the address or the answer.
            kept = same or split_path(path)[1] not in FOLLOWING
            if side is other and path not in other.parts and kept and other.has_lost(path):
                side = mine
            if other.is_bare and path.startswith(FORM) and not mine.has_form:
                side = mine
            if path in side.parts:
                parts[path] = side.parts[path]
    return Merged(put_together(ours, parts), tuple(dict.fromkeys(clashes)))


class _Side:
    """What one side made of the item."""

    def __init__(self, item: Item, base: Mapping[str, bytes]) -> None:
        self.item = item
        self.base = base
        self.parts = taken_apart(item)
        self.digests = digests_of(item, self.parts)
        self.is_bare = False
        self.has_form = any(path.startswith(FORM) for path in self.parts)

    def has_changed(self, paths: Iterable[str], group: str = "") -> bool:
        if self.is_bare and group == BODY:
            return self._has_changed_body()
        return any(
            self.digests.get(path) != self.base.get(path)
            for path in paths
            if path in self.digests or not self.has_lost(path)
        )

    def has_lost(self, path: str) -> bool:
        """Tell whether a path that is not here is so because nobody who wrote this knows of it."""
        if not self.is_bare:
            return False
        if split_path(path)[1] == "leftover" or path.startswith(LEFTOVER):
            return True
        if path.startswith(_FILES):
            # Who writes no file at all may not know of files.
            return not any(one.startswith(_FILES) for one in self.digests)
        return not is_standard(type(self.item), path)

    def _has_changed_body(self) -> bool:
        """Tell whether a body has other words, or a form that is other than it was, or richer."""
        now, before = self.digests, self.base
        if now.get("words") != before.get("words"):
            return True
        if any(now[form] != before[form] for form in ("text", "html", "rtf") if form in now and form in before):
            return True
        return ("rtf" in now and "rtf" not in before) or ("html" in now and not {"html", "rtf"} & before.keys())


def _digests(base: Item | Mapping[str, bytes]) -> Mapping[str, bytes]:
    return base if isinstance(base, Mapping) else field_digests(base)


def _has_leftover(paths: Iterable[str]) -> bool:
    return any(path.startswith(LEFTOVER) and not path.startswith(OWN) for path in paths)


def _same(one: _Side, other: _Side, paths: Iterable[str]) -> bool:
    return all(one.digests.get(path) == other.digests.get(path) for path in paths)


def _by_group(kind: type, paths: Iterable[str]) -> dict[str, list[tuple[str, bool]]]:
    found: dict[str, list[tuple[str, bool]]] = {}
    for path in dict.fromkeys(paths):
        group, soft = grouping(kind, path)
        found.setdefault(group, []).append((path, soft))
    return found


def _torn_days(
    groups: Mapping[str, list[tuple[str, bool]]], mine: _Side, other: _Side, taken: dict[str, _Side]
) -> Iterator[str]:
    """Yield the days that one side changed of a series that the other side changed; they go with the series."""
    series = [path for path, soft in groups.get(SERIES, ()) if not soft]
    if _same(mine, other, series) or not (mine.has_changed(series) or other.has_changed(series)):
        return
    elsewhere = other if taken[SERIES] is mine else mine
    for group, paths in groups.items():
        if group.startswith(DAYS):
            names = [path for path, soft in paths if not soft]
            if elsewhere.has_changed(names) and not _same(mine, other, names):
                yield from names
            taken[group] = taken[SERIES]
