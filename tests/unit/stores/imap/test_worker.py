"""A process that works for this one."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailconnector.stores.imap.worker import Worker, WorkerEndedError

_LARGE = 3 << 20  # more than goes into a pipe


def work(asked: tuple[int, bytes]) -> tuple[int, bytes]:
    number, data = asked
    if number == 666:
        os._exit(3)
    if number == 667:
        raise ValueError("what it raises ends it")
    return number + 1, data * 2


_LOADED: list[bool] = []


def load() -> None:
    _LOADED.append(True)


def is_loaded(_: object) -> bool:
    return bool(_LOADED)


@pytest.fixture
def worker() -> Iterator[Worker[tuple[int, bytes], tuple[int, bytes]]]:
    worker = Worker(work)
    deadline = time.monotonic() + 60
    while not worker.is_ready:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield worker
    worker.close()


def test_it_answers_in_order_and_holds_what_is_not_taken_yet(worker):
    numbers = [worker.ask((number, b"x")) for number in range(20)]
    assert worker.answer(numbers[19]) == (20, b"xx")
    assert worker.waiting == 0
    assert [worker.answer(number) for number in numbers[:19]] == [(number + 1, b"xx") for number in range(19)]


def test_it_may_be_asked_before_it_is_ready():
    worker = Worker(work)
    try:
        assert worker.answer(worker.ask((1, b"a"))) == (2, b"aa")
    finally:
        worker.close()


@pytest.mark.parametrize("what", [None, load])
def test_it_loads_before_it_works(what):
    worker = Worker(is_loaded, what)
    try:
        assert worker.answer(worker.ask(None)) is (what is load)
    finally:
        worker.close()


def test_who_asks_does_not_wait_for_answers_to_be_taken(worker):
    data = bytes(_LARGE)
    numbers = [worker.ask((number, data)) for number in range(4)]
    deadline = time.monotonic() + 60
    while not worker.has(numbers[-1]):
        assert time.monotonic() < deadline
    assert [worker.answer(number) for number in numbers] == [(number + 1, data * 2) for number in range(4)]


def test_answers_that_nobody_wants_are_dropped(worker):
    first, second, third = (worker.ask((number, b"y")) for number in range(3))
    worker.forget(first)
    assert worker.answer(third) == (3, b"yy")
    worker.forget(second)
    assert not worker._kept
    assert not worker._unwanted
    assert worker.answer(worker.ask((8, b""))) == (9, b"")


@pytest.mark.parametrize("number", [666, 667])
def test_one_that_ends_is_told(worker, number, capfd):
    assert worker.answer(worker.ask((1, b"z"))) == (2, b"zz")
    bad = worker.ask((number, b""))
    with pytest.raises(WorkerEndedError):
        worker.answer(bad)
    with pytest.raises(WorkerEndedError):
        while not worker.has(bad):
            pass
    with pytest.raises(WorkerEndedError):
        for _ in range(100):
            worker.ask((1, bytes(_LARGE)))


def test_one_that_is_killed_is_told(worker):
    (process,) = [child for child in multiprocessing.active_children() if child.pid == worker._process.pid]
    process.kill()
    with pytest.raises(WorkerEndedError):
        worker.answer(worker.ask((1, bytes(_LARGE))))


def test_it_ends_though_nobody_takes_its_answers():
    worker = Worker(work)
    for number in range(6):
        worker.ask((number, bytes(_LARGE)))
    pid = worker._process.pid or 0
    begun = time.monotonic()
    worker.close()
    assert time.monotonic() - begun < 30
    assert pid not in [child.pid for child in multiprocessing.active_children()]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes as Linux shows them")
def test_it_ends_with_a_process_that_is_killed():
    program = (
        "import sys, time; from tests.unit.stores.imap.test_worker import Worker, work\n"
        "if __name__ == '__main__':\n"
        "    worker = Worker(work); worker.answer(worker.ask((1, b'')))\n"
        "    print(worker._process.pid, flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        deadline = time.monotonic() + 30
        while _runs(pid):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").split()[2] != "Z"
