"""A process of one's own: it does one thing with all that it is sent, in order, and sends back what comes of it.

Who asks is not kept waiting for room on the way: two threads of the process take what comes and send what is done while
it works, and both ways are wide. Whoever asked and does not want the answer any more says so; answers that nobody
takes stay here until then.

The standard library's pool of processes has these threads on this side, where they take turns with the one that stores
what comes, and its ways are narrow: a first synchronisation takes a seventh longer with it.
"""

from __future__ import annotations

import gc
import multiprocessing
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Generic, TypeVar

from mailconnector.sync.ahead import GARBAGE

if sys.platform == "linux":
    import fcntl

_WIDE = 1 << 20  # bytes on the way that a system gives to everybody
_PATIENCE = 5.0  # seconds for the process to end

AskedT = TypeVar("AskedT")
AnswerT = TypeVar("AnswerT")


class WorkerEndedError(Exception):
    """The process is gone, or cannot be had."""


class Worker(Generic[AskedT, AnswerT]):
    """A process that works for this one; for one thread at a time.

    It is spawned: a program that has no ``if __name__ == "__main__"`` is run anew by it.

    Args:
        work: What it does; found by its name there. What it raises ends the process.
        load: What it does once before it says that it is ready.

    Raises:
        WorkerEndedError: The system gives us no process.
    """

    def __init__(self, work: Callable[[AskedT], AnswerT], load: Callable[[], object] | None = None) -> None:
        context = multiprocessing.get_context("spawn")
        try:
            its_requests, self._requests = context.Pipe(duplex=False)
            self._answers, its_answers = context.Pipe(duplex=False)
            for end in (self._requests, self._answers):
                _widen(end)
            self._process = context.Process(target=_serve, args=(work, load, its_requests, its_answers), daemon=True)
            self._process.start()
        except OSError as error:
            raise WorkerEndedError("no process can be started") from error
        its_requests.close()
        its_answers.close()
        self._asked = 0
        self._arrived = -1
        self._kept: dict[int, bytes] = {}
        self._unwanted = {0}  # by which it says that it is ready

    @property
    def is_ready(self) -> bool:
        """Whether it has been started and waits for work.

        Raises:
            WorkerEndedError: The process is gone.
        """
        return self.has(0)

    @property
    def waiting(self) -> int:
        """How many answers have not come yet."""
        return self._asked - self._arrived

    def ask(self, asked: AskedT) -> int:
        """Send something, and return the number of the answer.

        Raises:
            WorkerEndedError: The process is gone.
        """
        try:
            self._requests.send_bytes(pickle.dumps(asked, pickle.HIGHEST_PROTOCOL))
        except OSError as error:
            raise WorkerEndedError("the process is gone") from error
        self._asked += 1
        return self._asked

    def has(self, number: int) -> bool:
        """Tell whether an answer has come.

        Raises:
            WorkerEndedError: The process is gone.
        """
        while self._arrived < number and self._has_sent():
            self._take_in()
        return self._arrived >= number

    def answer(self, number: int) -> AnswerT:
        """Wait for an answer, and return it; each can be had once.

        Raises:
            WorkerEndedError: The process is gone.
        """
        while self._arrived < number:
            self._take_in()
        answer: AnswerT = pickle.loads(self._kept.pop(number))
        return answer

    def forget(self, number: int) -> None:
        """Say that an answer is not wanted any more."""
        if self._arrived >= number:
            self._kept.pop(number, None)
        else:
            self._unwanted.add(number)

    def close(self) -> None:
        """End the process."""
        self._requests.close()
        self._answers.close()
        self._process.join(_PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()

    def _has_sent(self) -> bool:
        try:
            return self._answers.poll(0)
        except OSError as error:
            raise WorkerEndedError("the process is gone") from error

    def _take_in(self) -> None:
        """Take in the next answer, for which it waits."""
        try:
            data = self._answers.recv_bytes()
        except (OSError, EOFError) as error:
            raise WorkerEndedError("the process is gone") from error
        self._arrived += 1
        if self._arrived in self._unwanted:
            self._unwanted.discard(self._arrived)
        else:
            self._kept[self._arrived] = data


def _widen(end: Connection) -> None:
    """Let more be on the way than the system's own 64 KiB, where it can be told."""
    if sys.platform == "linux":
        with suppress(OSError):
            fcntl.fcntl(end.fileno(), fcntl.F_SETPIPE_SZ, _WIDE)


# -- in the process ----------------------------------------------------------------------------------------------------


def _serve(
    work: Callable[[AskedT], AnswerT], load: Callable[[], object] | None, requests: Connection, answers: Connection
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends them to every process; the one that asked ends us
    if load is not None:
        load()
    # What is there by now stays.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    asked: SimpleQueue[bytes | None] = SimpleQueue()
    done: SimpleQueue[bytes | None] = SimpleQueue()
    done.put(b"")
    threading.Thread(target=_take_requests, args=(requests, asked), daemon=True).start()
    sender = threading.Thread(target=_send_answers, args=(answers, done, asked), daemon=True)
    sender.start()
    while (data := asked.get()) is not None:
        done.put(pickle.dumps(work(pickle.loads(data)), pickle.HIGHEST_PROTOCOL))
    done.put(None)
    sender.join()


def _take_requests(requests: Connection, asked: SimpleQueue[bytes | None]) -> None:
    with suppress(OSError, EOFError):
        while True:
            asked.put(requests.recv_bytes())
    asked.put(None)


def _send_answers(answers: Connection, done: SimpleQueue[bytes | None], asked: SimpleQueue[bytes | None]) -> None:
    with suppress(OSError):
        while (data := done.get()) is not None:
            answers.send_bytes(data)
        return
    asked.put(None)  # nobody wants them
