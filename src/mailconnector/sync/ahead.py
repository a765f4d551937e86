"""Working ahead: the next piece of work is done in another thread while the last one's result is used.

One thread fetches from one store while the caller stores into the other, so each store still has one user at a time.
At most one result waits, and one more is being made: memory is bounded by three pieces of work.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, Queue
from typing import Generic, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")

_TURN = 0.0001
"""Seconds that a thread may keep another one waiting that is ready to go on. Either thread steps aside for a moment
hundreds of times a message (checksums, digests, writes), and with Python's own five milliseconds waits for its turn
longer than it works."""


class _Turns:
    """Has threads take turns quickly as long as anybody works ahead; the setting is the whole process's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before = 0.0

    @contextmanager
    def quick(self) -> Generator[None, None, None]:
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._before = sys.getswitchinterval()
                sys.setswitchinterval(min(_TURN, self._before))
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    sys.setswitchinterval(self._before)


_TURNS = _Turns()


@dataclass(frozen=True, slots=True)
class _Result(Generic[In, Out]):
    work: In
    out: Out


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None = None


@dataclass(slots=True)
class _Worker(Generic[In, Out]):
    pieces: Iterator[In]
    do: Callable[[In], Out]
    results: Queue[_Result[In, Out] | _End] = field(default_factory=lambda: Queue(maxsize=1))
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        try:
            for piece in self.pieces:
                if self.stop.is_set():
                    break
                self.results.put(_Result(piece, self.do(piece)))
        except BaseException as error:
            self.results.put(_End(error))
        else:
            self.results.put(_End())


def ahead(
    pieces: Iterable[In], do: Callable[[In], Out], *, in_thread: bool = True
) -> Generator[tuple[In, Out], None, None]:
    """Do pieces of work one after the other, each while the result of the one before it is used.

    Close the generator when it is left early (`contextlib.closing`): that waits until the piece being done is done, so
    that the thread uses nothing afterwards.

    Args:
        pieces: The work; used up by the other thread.
        do: Does a piece; runs in one other thread, never twice at a time.
        in_thread: Work ahead; else each piece is done when it is asked for.

    Yields:
        Each piece with its result, in order.

    Raises:
        BaseException: What `do` raised, after the results of all pieces before it.
    """
    if not in_thread:
        for piece in pieces:
            yield piece, do(piece)
        return
    worker = _Worker(iter(pieces), do)
    thread = threading.Thread(target=worker.run, name="fetching ahead", daemon=True)
    with _TURNS.quick():
        thread.start()
        try:
            while isinstance(got := worker.results.get(), _Result):
                yield got.work, got.out
            if got.error is not None:
                raise got.error
        finally:
            worker.stop.set()
            while thread.is_alive():
                try:
                    worker.results.get(timeout=0.01)  # it may be waiting for room
                except Empty:
                    thread.join(timeout=0.01)
