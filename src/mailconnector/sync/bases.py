"""What the fields of items other than mail were at the last synchronisation, by their digests.

A pair's base is written down with what was sent, in the same transaction, and goes with the pair. Where it is not known
- two items were found to be one and the same, or a run was killed - it is learned from the local item, as long as that
is what it was.
"""

from __future__ import annotations

import zlib
from base64 import b85decode, b85encode
from collections.abc import Mapping

from mailconnector.items import Item, Mail, field_digests
from mailconnector.sync.sightings import pages
from mailconnector.sync.state import State
from mailconnector.sync.store import Fetched, SyncStore

_SIZE = 8  # of a digest
_MARKS = ("flags.", "categories")
_LEARNED_AT_A_TIME = 200


def fields_of(item: Item) -> dict[str, bytes]:
    """Return the digests of an item's fields, its marks aside: those are merged by themselves (`flags`)."""
    return {path: one for path, one in field_digests(item).items() if not path.startswith(_MARKS)}


def base_of(item: Item) -> bytes:
    """Return the digests of an item's fields as they are stored; empty for a mail, which is never merged."""
    return b"" if isinstance(item, Mail) else pack(fields_of(item))


def pack(digests: Mapping[str, bytes]) -> bytes:
    """Return digests as they are stored: all paths, each ended by a zero, then all digests in their order."""
    paths = sorted(digests)
    names = "\0".join(path.replace("\0", "") for path in paths).encode("utf-8", "surrogatepass")
    return zlib.compress(names, 9) + b"".join(digests[path] for path in paths)


NOTHING = pack({})
"""The base of two items that are one, of which nobody knows what they had in common."""


def unpack(base: bytes) -> dict[str, bytes]:
    """Return the digests that `pack` has packed; what it cannot have packed is none at all."""
    unpacker = zlib.decompressobj()
    try:
        names = unpacker.decompress(base).decode("utf-8", "surrogatepass")
    except (zlib.error, UnicodeDecodeError):
        return {}
    paths, rest = names.split("\0"), unpacker.unused_data
    if not unpacker.eof or len(rest) != len(paths) * _SIZE:
        return {}
    return {path: rest[at * _SIZE : (at + 1) * _SIZE] for at, path in enumerate(paths)}


def to_text(base: bytes) -> str:
    """Return a base as the journal can hold it."""
    return b85encode(base).decode("ascii")


def from_text(text: str) -> bytes:
    """Return a base as `to_text` has made it a text."""
    return b85decode(text)


def load(state: State, pair: int | None) -> Mapping[str, bytes] | None:
    """Return the digests of a pair's fields; None when they are not known, or it is a mail."""
    found = state.db.execute("SELECT digests FROM base WHERE pair=?", (pair,)).fetchone()
    return unpack(found[0]) or None if found and found[0] else None


def store(state: State, pair: int, base: bytes | None) -> None:
    """Write a pair's base down, or (None) that it is not known; call it in a transaction."""
    if base is None:
        state.db.execute("DELETE FROM base WHERE pair=?", (pair,))
    else:
        state.db.execute("INSERT OR REPLACE INTO base VALUES (?, ?)", (pair, base))


def learn(state: State, folder: int, local: SyncStore, store_folder: str) -> int:
    """Find out the bases that are not known from local items that are as they were, and return how many.

    Args:
        state: Where they are.
        folder: The pair of folders; one for items other than mail.
        local: The local store.
        store_folder: The folder's id there.
    """
    unknown = state.db.execute(
        """SELECT i.local_id, i.row, i.local_revision FROM item i WHERE i.folder=? AND NOT i.partial
        AND i.row NOT IN (SELECT pair FROM base) AND i.row NOT IN (SELECT pair FROM intent WHERE pair > 0)
        AND NOT EXISTS (SELECT 1 FROM change c WHERE c.folder=i.folder AND c.side='local' AND c.id=i.local_id
        AND c.kind != 'flags')""",
        (folder,),
    ).fetchall()
    count = 0
    for page in pages(unknown, _LEARNED_AT_A_TIME):
        wanted = {id_: (pair, revision) for id_, pair, revision in page}
        found: list[tuple[int, bytes]] = []
        for got in local.fetch(store_folder, list(wanted)):
            if isinstance(got, Fetched) and got.state.revision == wanted[got.state.id][1]:
                found.append((wanted[got.state.id][0], base_of(got.item)))
        with state.transaction():
            for pair, base in found:
                store(state, pair, base)
        count += len(found)
    return count
