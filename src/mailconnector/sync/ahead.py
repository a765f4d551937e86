"""Working ahead: the next piece is made in another thread while the last one is used.

One thread fetches from one store while the caller stores into the other, so each store still has one user at a time.
A few pieces may wait, and one more is being made: memory is bounded by them and the one that is used.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from queue import Empty, Queue
from typing import Generic, TypeVar

T = TypeVar("T")

_TURN = 0.0001
"""Seconds that a thread may keep another one waiting that is ready to go on. Either thread steps aside for a moment
hundreds of times a message (checksums, digests, writes), and with Python's own five milliseconds waits for its turn
longer than it works."""


_GARBAGE = (20_000, 20, 100)
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
                    gc.set_threshold(*_GARBAGE)
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    sys.setswitchinterval(self._turn)
                    gc.set_threshold(*self._garbage)


_PACE = _Pace()


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None = None


@dataclass(slots=True)
class _Worker(Generic[T]):
    pieces: Generator[T, None, None]
    results: Queue[tuple[T] | _End]
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        try:
            with closing(self.pieces):
                for piece in self.pieces:
                    self.results.put((piece,))
                    if self.stop.is_set():
                        break
        except BaseException as error:
            self.results.put(_End(error))
        else:
            self.results.put(_End())


def ahead(pieces: Generator[T, None, None], *, waiting: int = 1, in_thread: bool = True) -> Generator[T, None, None]:
    """Have pieces made one after the other, each while the one before it is used.

    Close the generator when it is left early (`contextlib.closing`): that waits until the piece being made is there and
    `pieces` is closed, so that the thread uses nothing afterwards.

    Args:
        pieces: Makes them; runs in one other thread.
        waiting: How many may wait.
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
    worker = _Worker(pieces, Queue(maxsize=waiting))
    thread = threading.Thread(target=worker.run, name="fetching ahead", daemon=True)
    with _PACE.quick():
        thread.start()
        try:
            while isinstance(got := worker.results.get(), tuple):
                yield got[0]
            if got.error is not None:
                raise got.error
        finally:
            worker.stop.set()
            while thread.is_alive():
                try:
                    worker.results.get(timeout=0.01)  # it may be waiting for room
                except Empty:
                    thread.join(timeout=0.01)
