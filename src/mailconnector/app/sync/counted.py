"""A store that tells of each item while it is fetched: batches are large, and people like to see that things move."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from mailconnector.app.sync.job import OpenStore
from mailconnector.sync.store import Failure, Fetched


class _Counted:
    def __init__(self, store: OpenStore, fetched: Callable[[int], None]) -> None:
        self._store = store
        self._fetched = fetched

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def fetch(self, folder: str, ids: Sequence[str], *, headers_only: bool = False) -> Iterator[Fetched | Failure]:
        for got in self._store.fetch(folder, ids, headers_only=headers_only):
            if isinstance(got, Fetched):
                self._fetched(got.state.size)
            yield got


def counted(store: OpenStore, fetched: Callable[[int], None]) -> OpenStore:
    """Return a store that does all that another does, and calls `fetched` with the bytes of each item that it gives."""
    return cast(OpenStore, _Counted(store, fetched))
