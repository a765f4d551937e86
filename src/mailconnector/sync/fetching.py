"""Items on their way between two stores: fetched in one go, handed on in batches that the other store takes."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import chain

from mailconnector.sync.ahead import ahead
from mailconnector.sync.store import Capabilities, Failure, Fetched, SyncStore

_PIECES = 5  # that a batch is fetched in


def fetch_in_batches(
    source: SyncStore, folder: str, ids: Sequence[str], target: Capabilities, *, headers_only: bool, in_thread: bool
) -> Generator[list[Fetched | Failure], None, None]:
    """Fetch items; what comes next is fetched while a batch is being stored.

    They are fetched in one go: between two batches neither the source nor who reads for it stands still. What came
    before an error is handed out first. Close it when it is left early, as `ahead` wants it.

    Args:
        source: Where they are.
        folder: The folder that they are in.
        ids: Which.
        target: What the other store can do.
        headers_only: Of mail, headers alone.
        in_thread: Fetch in another thread.
    """
    found = source.fetch(folder, ids, headers_only=headers_only)
    most, size = target.batch_items, target.batch_bytes
    # In pieces of a batch: what waits between the two sides is less than one.
    pieces = _in_batches(found, max(1, most // _PIECES), size // _PIECES)
    with closing(ahead(pieces, waiting=_PIECES - 2, in_thread=in_thread)) as results:
        yield from _in_batches(chain.from_iterable(results), most, size)


def _in_batches(
    found: Iterator[Fetched | Failure], most: int, most_bytes: int
) -> Generator[list[Fetched | Failure], None, None]:
    """Yield what is fetched in batches of so many items and bytes, and what came before an error too."""
    batch: list[Fetched | Failure] = []
    size = 0
    try:
        for got in found:
            more = got.state.size if isinstance(got, Fetched) else 0
            if batch and (len(batch) >= most or size + more > most_bytes):
                yield batch
                batch, size = [], 0
            batch.append(got)
            size += more
    except Exception:
        if batch:
            yield batch
        raise
    if batch:
        yield batch
