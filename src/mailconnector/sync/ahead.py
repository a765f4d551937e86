"""Working ahead: the next piece is made in another thread while the last one is used.

One thread fetches from one store while the caller stores into the other, so each store still has one user at a time.
Some pieces may wait, as much as there is room for, and one more is being made: memory is bounded by them and the one
that is used.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")

_TURN = 0.0001
"""Seconds that a thread may keep another one waiting that is ready to go on. Either thread steps aside for a moment
hundreds of times a message (checksums, digests, writes), and with Python's own five milliseconds waits for its turn
longer than it works."""


GARBAGE = (20_000, 20, 100)
"""When cycles are looked for that nobody refers to. What goes by leaves none, and at Python's own thresholds looking at
all that is there again and again takes a twentieth of the time."""


class _Pace:
    """Has a process work quickly as long as anybody works ahead: threads take turns often, garbage is sought seldom."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._turn = 0.0
        self._garbage = (0, 0, 0)

    @contextmanager
    def quick(self) -> Generator[None, None, None]:
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._turn, self._garbage = sys.getswitchinterval(), gc.get_threshold()
                sys.setswitchinterval(min(_TURN, self._turn))
                if self._garbage[0]:
                    gc.set_threshold(*GARBAGE)
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    sys.setswitchinterval(self._turn)
                    gc.set_threshold(*self._garbage)


_PACE = _Pace()


class _Room(Generic[T]):
    """The room where pieces wait to be used.

    Args:
        most: How much goes into it. One piece does, whatever it weighs; with one that weighs more, who made it waits.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._changed = threading.Condition()
        self._pieces: deque[tuple[T, int]] = deque()
        self._weight = 0
        self._is_left = False
        self._is_complete = False
        self._error: BaseException | None = None

    def put(self, piece: T, weight: int) -> bool:
        """Put a piece in when there is room; tell whether anybody still wants the next one."""
        with self._changed:
            while self._pieces and self._weight + weight > self._most and not self._is_left:
                self._changed.wait()
            self._pieces.append((piece, weight))
            self._weight += weight
            self._changed.notify_all()
            del piece
            while self._weight > self._most and not self._is_left:
                self._changed.wait()
            return not self._is_left

    def complete(self, error: BaseException | None = None) -> None:
        """Say that no more come, and of what."""
        with self._changed:
            self._is_complete, self._error = True, error
            self._changed.notify_all()

    def take(self) -> Generator[T, None, None]:
        """Yield the pieces as they come, then raise what they ended with."""
        while True:
            with self._changed:
                while not self._pieces and not self._is_complete:
                    self._changed.wait()
                if not self._pieces:
                    break
                piece, weight = self._pieces.popleft()
                self._weight -= weight
                self._changed.notify_all()
            yield piece
            del piece
        if self._error is not None:
            raise self._error

    def leave(self) -> None:
        """Say that no more are wanted."""
        with self._changed:
            self._is_left = True
            self._changed.notify_all()


def _one(piece: object) -> int:
    return 1


def ahead(
    pieces: Generator[T, None, None], *, room: int = 1, weigh: Callable[[T], int] = _one, in_thread: bool = True
) -> Generator[T, None, None]:
    """Have pieces made one after the other, each while the one before it is used.

    Close the generator when it is left early (`contextlib.closing`): that waits until the piece being made is there and
    `pieces` is closed, so that the thread uses nothing afterwards.

    Args:
        pieces: Makes them; runs in one other thread.
        room: How much may wait; one piece may, whatever it weighs, but then the next is not made yet.
        weigh: Returns how much a piece is.
        in_thread: Work ahead; else each piece is made when it is asked for.

    Yields:
        The pieces, in order.

    Raises:
        BaseException: What `pieces` raised, after all pieces before it.
    """
    if not in_thread:
        with closing(pieces):
            yield from pieces
        return
    waiting: _Room[T] = _Room(room)

    def make() -> None:
        try:
            with closing(pieces):
                for piece in pieces:
                    if not waiting.put(piece, weigh(piece)):
                        break
                    del piece
        except BaseException as error:
            waiting.complete(error)
        else:
            waiting.complete()

    thread = threading.Thread(target=make, name="fetching ahead", daemon=True)
    with _PACE.quick():
        thread.start()
        try:
            yield from waiting.take()
        finally:
            waiting.leave()
            thread.join()
