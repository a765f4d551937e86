"""What is written down of an item that is stored: with the intent, before, and as a pair, after.

What an intent tells of the item is all that `resume` has of it when a run was killed in between.
"""

from __future__ import annotations

from dataclasses import replace

from mailconnector.sync import bases, pairs
from mailconnector.sync.flags import to_text
from mailconnector.sync.journal import Intent
from mailconnector.sync.rules import Side
from mailconnector.sync.sightings import timestamp
from mailconnector.sync.state import State
from mailconnector.sync.store import Delivery, Fetched, Identity, Outcome


def identity(got: Fetched) -> Identity:
    """Return by what a fetched item is known."""
    return got.state.identity or Identity("")


def describe(got: Fetched, delivery: Delivery, base: bytes) -> dict[str, object]:
    """Return what resolving an intent needs to know of an item."""
    found = identity(got)
    data = {
        "name": found.name,
        "digest": found.digest,
        "title": found.title,
        "source_flags": to_text(got.state.flags),
        "source_revision": got.state.revision,
        "flags": to_text(delivery.flags),
        "size": got.state.size,
        "date": timestamp(got.state.date),
        "partial": delivery.partial,
    }
    return {**data, "base": bases.to_text(base)} if base else data


def with_flags(intent: Intent, outcome: Outcome) -> Intent:
    """Return an intent with the flags that its item turned out to have."""
    if outcome.flags is None:
        return intent
    return replace(intent, data={**intent.data, "flags": to_text(outcome.flags)})


def new_pair(intent: Intent, id_: str, revision: str) -> pairs.PairRow:
    """Return the pair that an addition made."""
    data = intent.data
    source = (intent.source_id, data["source_flags"], data["source_revision"])
    target = (id_, data["flags"], revision)
    local, remote = (target, source) if intent.side is Side.LOCAL else (source, target)
    return (
        intent.folder,
        *local,
        *remote,
        data["name"],
        data["digest"],
        data["title"],
        data["size"],
        data["date"],
        data["partial"],
    )


def finish_replacement(state: State, intent: Intent, id_: str, revision: str) -> None:
    """Write down that a replacement was done; call it in a transaction.

    An item that is ahead of what it was made of is from then on an edit of that.
    """
    assert intent.pair is not None
    data, side = intent.data, intent.side
    known = "" if data.get("ahead") else revision
    state.db.execute(
        "UPDATE item SET name=?, digest=?, title=?, size=?, date=?, partial=?,"
        f" {side.other.value}_revision=? WHERE row=?",
        (
            data["name"],
            data.get("base_digest", data["digest"]),
            data["title"],
            data["size"],
            data["date"],
            data["partial"],
            data["source_revision"],
            intent.pair,
        ),
    )
    pairs.rebase(state, intent.pair, side, id_, known)
    bases.store(state, intent.pair, bases.from_text(data["base"]) if "base" in data else None)
    pairs.settle(state, intent.pair, side, data["flags"], revision)
    pairs.settle(state, intent.pair, side.other, data["source_flags"], data["source_revision"])
