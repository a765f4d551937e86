"""What a local item becomes when the remote one was edited: field by field, so that nothing of it is lost.

A remote edit is put on the local item, and a local edit on the remote one, with one effect: the local item gets all of
the remote edit that does not clash with its own. From then on it is an edit of what the remote item is now, and goes
the way of every local edit. So a run may end at any point of it, and may be told of a third edit at any point: what the
local item has is always its own edits since a state that the remote item had.

A program that writes no TNEF has taken nothing away by that. What it cannot express stays in the local item; where the
server had it before, it is sent back there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from mailconnector.items import Item, Mail, mail_of, merge
from mailconnector.items.field_groups import FORM, LEFTOVER, OWN, grouping
from mailconnector.sync.bases import fields_of, pack
from mailconnector.sync.flags import FlagSet
from mailconnector.sync.identity import identify
from mailconnector.sync.store import Fetched


@dataclass(frozen=True, slots=True)
class Made:
    """What a local item becomes.

    Attributes:
        got: What it gets, with the state of the remote item that it was made of.
        base: The fields of the remote item, as they are stored; empty for a mail.
        digest: What is known of the remote item's content.
        ahead: It has more than the remote item has, which is to be sent.
        is_there: The local item is that already.
        untouched: The remote item was not edited at all, and only has another id; so the local item is left as it is.
        clashes: Fields that both have changed; then it becomes nothing, and both are kept.
    """

    got: Fetched
    base: bytes = b""
    digest: str = ""
    ahead: bool = False
    is_there: bool = False
    untouched: bool = False
    clashes: tuple[str, ...] = ()


def make(
    ours: Fetched,
    theirs: Fetched,
    base: Mapping[str, bytes] | None,
    *,
    edited: bool,
    sends: bool,
    restores: bool = True,
) -> Made:
    """Return what a local item becomes.

    Args:
        ours: The local item.
        theirs: The remote item, which was edited.
        base: Digests of the fields that both had; empty or None when they are not known. Then what only one of two
            edited items has is taken from it, and what both have must be the same.
        edited: The local item was edited as well.
        sends: Local edits can be sent; if not, those that there are were put aside, and are taken back.
        restores: What another program has dropped is sent again, even if the item came in that program's form.
    """
    mine, other = fields_of(ours.item), fields_of(theirs.item)
    packed = b"" if isinstance(theirs.item, Mail) else pack(other)
    digest = theirs.state.identity.digest if theirs.state.identity else ""
    if edited and not sends:
        return Made(theirs, packed, digest)
    blind = edited and not base
    if type(ours.item) is not type(theirs.item):
        # What could not be read before and can be now is the same item; the other way round, something would be lost.
        was_unread = isinstance(ours.item, Mail) and not blind
        return Made(theirs, packed, digest, clashes=() if was_unread or not sends else ("type",))
    if blind and isinstance(ours.item, Mail):
        return Made(theirs, clashes=tuple(path for path in mine if mine[path] != other.get(path)))
    if base == other:
        return Made(theirs, packed, digest, ahead=sends and edited, is_there=True, untouched=True)
    known = (base or {}) if edited else mine
    found = merge(known, ours.item, theirs.item)
    if found.clashes:
        return Made(theirs, clashes=found.clashes)
    made = fields_of(found.item)
    if made == other:
        return Made(theirs, packed, digest, is_there=made == mine)
    edits = {path for path in made if made[path] != other.get(path) and mine.get(path) != known.get(path)}
    edits |= {path for path in other.keys() - made.keys() if path in known}
    # An item in our form stays in it, whatever somebody else made of its message.
    is_ours = not any(path.startswith(FORM) for path in mine)
    lost = (restores or is_ours) and has_lost(theirs.item, made.keys() & (base or {}).keys())
    ahead = sends and (lost or bool(edited and edits))
    state = replace(theirs.state, identity=identify(found.item))
    return Made(replace(theirs, state=state, content=found.item), packed, digest, ahead, made == mine)


def has_lost(item: Item, paths: Iterable[str]) -> bool:
    """Tell whether an item has no longer what it had before, by the paths of its fields."""
    kind, found = type(item), fields_of(item)
    return any(
        path not in found and (path.startswith(LEFTOVER) or not grouping(kind, path)[1])
        for path in paths
        if not path.startswith(OWN)
    )


def has_other(item: Item, sent: Mapping[str, bytes]) -> bool:
    """Tell whether an item has something other in a field that was sent; what it has no longer is none (`has_lost`)."""
    kind, found = type(item), fields_of(item)
    return any(
        found.get(path, one) != one and not path.startswith(OWN) and not grouping(kind, path)[1]
        for path, one in sent.items()
    )


def comes_after(item: Item, base: Mapping[str, bytes], sent: Mapping[str, bytes]) -> bool:
    """Tell whether an item that somebody edited is what was sent, edited since, and not what was there before.

    It is if it has of what was other in what was sent something as it was sent, and nothing as it was before.

    Args:
        item: The item.
        base: Digests of the fields that it had before.
        sent: Digests of the fields that were sent.
    """
    kind, found = type(item), fields_of(item)
    changed = [
        path
        for path in base.keys() | sent.keys()
        if base.get(path) != sent.get(path) and not path.startswith(OWN) and not grouping(kind, path)[1]
    ]
    return any(found.get(path) == sent.get(path) for path in changed) and not any(
        found.get(path) == base.get(path) for path in changed
    )


def categories_of(got: Fetched) -> FlagSet:
    """Return the categories that an item says itself, as those of calendars and cards do; a mail's are marks on it."""
    return frozenset() if got.is_mail else frozenset(mail_of(got.item).flags.keywords)
