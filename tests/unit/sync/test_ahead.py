"""Working ahead: order, errors, and that nothing goes on behind the back of who left."""

from __future__ import annotations

import sys
import threading
from contextlib import closing

import pytest

from mailconnector.sync.ahead import ahead

PATIENCE = 30.0


@pytest.mark.parametrize("in_thread", [True, False])
def test_results_come_in_order(in_thread: bool) -> None:
    assert list(ahead(range(20), lambda number: number * 2, in_thread=in_thread)) == [(n, 2 * n) for n in range(20)]


def test_the_next_piece_is_done_while_a_result_is_used() -> None:
    begun = [threading.Event() for _ in range(4)]

    def do(number: int) -> int:
        begun[number].set()
        return number

    with closing(ahead(range(3), do)) as results:
        for number, _ in results:
            if number < 2:
                assert begun[number + 1].wait(PATIENCE)


def test_no_more_than_a_few_pieces_are_under_way() -> None:
    done: list[int] = []
    with closing(ahead(range(100), done.append)) as results:
        next(results)
        assert len(done) <= 3
    assert len(done) <= 4


@pytest.mark.parametrize("in_thread", [True, False])
def test_an_error_comes_after_the_results_before_it(in_thread: bool) -> None:
    def do(number: int) -> int:
        if number == 2:
            raise KeyError(number)
        return number

    seen: list[int] = []
    with pytest.raises(KeyError):
        for number, result in ahead(range(5), do, in_thread=in_thread):
            assert number == result
            seen.append(number)
    assert seen == [0, 1]


def test_leaving_early_waits_for_the_piece_being_done() -> None:
    first, second = threading.Event(), threading.Event()
    finished: list[int] = []

    def do(number: int) -> int:
        if number == 1:
            first.set()
            second.wait(PATIENCE)
        finished.append(number)
        return number

    results = ahead(range(10), do)
    next(results)
    assert first.wait(PATIENCE)
    threading.Timer(0.05, second.set).start()
    results.close()
    assert finished == [0, 1]
    assert not [thread for thread in threading.enumerate() if thread.name == "fetching ahead"]


def test_threads_take_turns_quickly_as_long_as_somebody_works_ahead() -> None:
    before = sys.getswitchinterval()
    with closing(ahead(range(3), str)) as one, closing(ahead(range(3), str)) as other:
        next(one)
        next(other)
        assert sys.getswitchinterval() < before
        one.close()
        assert sys.getswitchinterval() < before
    assert sys.getswitchinterval() == before
