"""Working ahead: order, errors, and that nothing goes on behind the back of who left."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Generator
from contextlib import closing

import pytest

from mailconnector.sync.ahead import ahead

PATIENCE = 30.0


def numbers(count: int, made: list[int] | None = None, bad: int = -1) -> Generator[int, None, None]:
    for number in range(count):
        if number == bad:
            raise KeyError(number)
        if made is not None:
            made.append(number)
        yield number


@pytest.mark.parametrize("in_thread", [True, False])
def test_pieces_come_in_order(in_thread: bool) -> None:
    assert list(ahead(numbers(20), in_thread=in_thread)) == list(range(20))


def test_the_next_piece_is_made_while_one_is_used() -> None:
    begun = [threading.Event() for _ in range(4)]

    def pieces() -> Generator[int, None, None]:
        for number in range(3):
            begun[number].set()
            yield number

    with closing(ahead(pieces())) as results:
        for number in results:
            if number < 2:
                assert begun[number + 1].wait(PATIENCE)


def test_no_more_than_a_few_pieces_are_under_way() -> None:
    made: list[int] = []
    with closing(ahead(numbers(100, made))) as results:
        next(results)
        assert len(made) <= 3
    assert len(made) <= 4


@pytest.mark.parametrize("in_thread", [True, False])
def test_an_error_comes_after_the_pieces_before_it(in_thread: bool) -> None:
    seen: list[int] = []
    with pytest.raises(KeyError):
        for number in ahead(numbers(5, bad=2), in_thread=in_thread):
            seen.append(number)
    assert seen == [0, 1]


def test_leaving_early_waits_for_the_piece_being_made_and_closes_the_rest() -> None:
    first, second = threading.Event(), threading.Event()
    finished: list[int] = []
    closed: list[str] = []

    def pieces() -> Generator[int, None, None]:
        try:
            for number in range(10):
                if number == 1:
                    first.set()
                    second.wait(PATIENCE)
                finished.append(number)
                yield number
        finally:
            closed.append(threading.current_thread().name)

    results = ahead(pieces())
    next(results)
    assert first.wait(PATIENCE)
    threading.Timer(0.05, second.set).start()
    results.close()
    assert finished == [0, 1]
    assert closed == ["fetching ahead"]
    assert not [thread for thread in threading.enumerate() if thread.name == "fetching ahead"]


def test_leaving_early_closes_what_is_made_without_a_thread() -> None:
    pieces = numbers(10)
    results = ahead(pieces, in_thread=False)
    next(results)
    results.close()
    assert next(pieces, None) is None


def test_threads_take_turns_quickly_and_garbage_is_sought_seldom_as_long_as_somebody_works_ahead() -> None:
    before, garbage = sys.getswitchinterval(), gc.get_threshold()
    with closing(ahead(numbers(3))) as one, closing(ahead(numbers(3))) as other:
        next(one)
        next(other)
        assert sys.getswitchinterval() < before
        assert gc.get_threshold() > garbage
        one.close()
        assert sys.getswitchinterval() < before
        assert gc.get_threshold() > garbage
    assert sys.getswitchinterval() == before
    assert gc.get_threshold() == garbage


def test_nothing_is_made_while_a_piece_waits_that_is_more_than_there_is_room_for() -> None:
    made: list[int] = []
    with closing(ahead(numbers(20, made), room=5, weigh=lambda number: 6 if number % 2 else 1)) as pieces:
        for number, piece in enumerate(pieces):
            assert piece == number
            time.sleep(0.01)
            # One that is heavy waits alone, and one that comes before it goes in beside nothing heavier.
            assert len(made) - number - 1 <= 2
