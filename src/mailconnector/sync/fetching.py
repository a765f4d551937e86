"""Items on their way between two stores: fetched in one go, handed on in batches that the other store takes."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, suppress
from itertools import chain
from queue import Empty, SimpleQueue

from mailconnector.sync.ahead import ahead
from mailconnector.sync.store import Capabilities, Failure, Fetched, SyncStore

_PIECES = 5  # that a batch is fetched in


def fetch_in_batches(
    source: SyncStore,
    folder: str,
    pages: Iterator[Sequence[str]],
    target: Capabilities,
    *,
    headers_only: bool,
    in_thread: bool,
) -> Generator[list[Fetched | Failure], None, None]:
    """Fetch items; what comes next is fetched while a batch is being stored.

    They are fetched in one go: between two batches neither the source nor who reads for it stands still, and hardly
    between two pages. What came before an error is handed out first. Close it when it is left early, as `ahead` wants.

    Args:
        source: Where they are.
        folder: The folder that they are in.
        pages: Which; run in the caller's thread, one page further than what is being fetched.
        target: What the other store can do.
        headers_only: Of mail, headers alone.
        in_thread: Fetch in another thread.
    """
    most, size = target.batch_items, target.batch_bytes
    asked: SimpleQueue[Sequence[str] | None] = SimpleQueue()

    def ask() -> None:
        if asked.empty():
            asked.put(next(pages, None))

    def fetched() -> Generator[list[Fetched | Failure], None, None]:
        while (ids := asked.get()) is not None:
            # In pieces of a batch: what waits between the two sides is less than one.
            found = source.fetch(folder, ids, headers_only=headers_only)
            yield from _in_batches(found, max(1, most // _PIECES), size // _PIECES)
            yield []  # nobody waits for a piece before the next page was asked for

    def arriving(pieces: Iterator[list[Fetched | Failure]]) -> Iterator[list[Fetched | Failure]]:
        for piece in pieces:
            ask()
            yield piece
            del piece

    def weigh(piece: list[Fetched | Failure]) -> int:
        return max(len(piece) * size // most, sum(map(_bytes, piece)))

    ask()
    room = size * (_PIECES - 2) // _PIECES
    with closing(ahead(fetched(), room=room, weigh=weigh, in_thread=in_thread)) as pieces:
        try:
            yield from _in_batches(chain.from_iterable(arriving(pieces)), most, size)
        finally:
            with suppress(Empty):
                asked.get_nowait()
            asked.put(None)


def _in_batches(
    found: Iterator[Fetched | Failure], most: int, most_bytes: int
) -> Generator[list[Fetched | Failure], None, None]:
    """Yield what is fetched in batches of so many items and bytes, and what came before an error too."""
    batch: list[Fetched | Failure] = []
    size = 0
    try:
        for got in found:
            more = _bytes(got)
            if batch and size + more > most_bytes:
                yield batch
                batch, size = [], 0
            batch.append(got)
            size += more
            del got  # while it is waited for the next one, it may be used up
            if len(batch) >= most or size >= most_bytes:
                yield batch
                batch, size = [], 0
    except Exception:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _bytes(got: Fetched | Failure) -> int:
    return got.state.size if isinstance(got, Fetched) else 0
