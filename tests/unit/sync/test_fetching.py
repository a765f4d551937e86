"""Items fetched in batches, page after page."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, cast

import pytest

from mailconnector.sync import FolderError, SyncStore
from mailconnector.sync.fetching import fetch_in_batches
from mailconnector.sync.store import Capabilities, Failure, Fetched, ItemState
from tests.exchange import mail

BOTH = pytest.mark.parametrize("in_thread", [False, True], ids=["here", "ahead"])


class Source:
    """A store that has every item but those that are gone."""

    def __init__(self, gone: frozenset[str] = frozenset(), bad: str = "") -> None:
        self.gone = gone
        self.bad = bad
        self.asked: list[int] = []
        self.open = 0

    def fetch(self, folder: str, ids: Sequence[str], *, headers_only: bool) -> Iterator[Fetched | Failure]:
        self.asked.append(len(ids))
        self.open += 1
        try:
            for id_ in ids:
                if id_ == self.bad:
                    raise FolderError("the line was lost", folder=folder)
                if id_ not in self.gone:
                    yield Fetched(ItemState(id_, frozenset(), "r", 10, None), mail(int(id_)))
        finally:
            self.open -= 1


def batches(source: Source, pages: Iterator[Sequence[str]], *, in_thread: bool, most: int = 10) -> Any:
    traits = Capabilities(batch_items=most, batch_bytes=1000)
    return fetch_in_batches(cast(SyncStore, source), "folder", pages, traits, headers_only=False, in_thread=in_thread)


def pages(*sizes: int) -> list[list[str]]:
    ends = [sum(sizes[:number]) for number in range(len(sizes) + 1)]
    return [[str(id_) for id_ in range(first, end)] for first, end in itertools.pairwise(ends)]


def ids(batch: list[Fetched | Failure]) -> list[int]:
    return [int(got.state.id) for got in batch if isinstance(got, Fetched)]


def helpers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "fetching ahead"]


@BOTH
@pytest.mark.parametrize(
    "sizes", [(), (0,), (1,), (25,), (10, 10), (25, 25, 3), (3, 3, 3, 3, 3), (0, 7, 0, 0, 21, 0), (40, 1)], ids=str
)
def test_batches_go_on_over_the_ends_of_pages(sizes: tuple[int, ...], in_thread: bool) -> None:
    source = Source()
    found = [ids(batch) for batch in batches(source, iter(pages(*sizes)), in_thread=in_thread)]
    assert [id_ for batch in found for id_ in batch] == list(range(sum(sizes)))
    assert [len(batch) for batch in found[:-1]] == [10] * (len(found) - 1)
    assert source.asked == list(sizes)
    assert not helpers()


@BOTH
def test_pages_of_which_nothing_is_there_any_more(in_thread: bool) -> None:
    gone = frozenset(map(str, range(20, 60)))
    found = batches(Source(gone), iter(pages(20, 20, 20, 20)), in_thread=in_thread)
    assert [ids(batch) for batch in found] == [
        list(range(10)), list(range(10, 20)), list(range(60, 70)), list(range(70, 80))
    ]  # fmt: skip


@BOTH
def test_pages_are_read_in_the_callers_thread_one_ahead_of_what_is_fetched(in_thread: bool) -> None:
    source, here = Source(), threading.get_ident()
    read = 0

    def reading() -> Iterator[list[str]]:
        nonlocal read
        for page in pages(*[20] * 10):
            assert threading.get_ident() == here
            assert read <= len(source.asked) + 1
            read += 1
            yield page

    assert sum(len(batch) for batch in batches(source, reading(), in_thread=in_thread)) == 200
    assert read == 10


def test_the_next_page_is_begun_while_the_last_batch_of_one_is_used() -> None:
    source = Source()
    with closing(batches(source, iter(pages(10, 10, 10)), in_thread=True)) as found:
        assert len(next(found)) == 10
        deadline = time.monotonic() + 10
        while len(source.asked) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.001)


@BOTH
def test_leaving_early_asks_for_nothing_more(in_thread: bool) -> None:
    source = Source()
    found = batches(source, iter(pages(*[20] * 50)), in_thread=in_thread)
    next(found)
    found.close()
    assert not helpers()
    assert source.open == 0
    assert len(source.asked) < 5


@BOTH
def test_what_came_before_an_error_comes_first(in_thread: bool) -> None:
    source = Source(bad="33")
    got: list[int] = []
    with pytest.raises(FolderError, match="the line was lost"):
        for batch in batches(source, iter(pages(20, 20, 20)), in_thread=in_thread):
            got += ids(batch)
    assert got == list(range(33))
    assert source.open == 0
    assert not helpers()


@BOTH
def test_an_error_of_who_reads_the_pages(in_thread: bool) -> None:
    def reading() -> Iterator[list[str]]:
        yield from pages(20, 20)
        raise ValueError("the state is damaged")

    source = Source()
    with pytest.raises(ValueError, match="the state is damaged"):
        list(batches(source, reading(), in_thread=in_thread))
    assert source.open == 0
    assert not helpers()
