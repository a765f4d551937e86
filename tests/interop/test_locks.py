"""Locks between processes: readers together, a writer alone, and the error names who is in the way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mailconnector import pst

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="flock and /proc/locks are those of Linux")

_HOLDER = """
import sys
from mailconnector import pst
with pst.open_store(sys.argv[1], writable=sys.argv[2] == "write"):
    print("open", flush=True)
    sys.stdin.read()
"""
Hold = Callable[[Path, str], "subprocess.Popen[str]"]


@pytest.fixture
def store_file(tmp_path: Path) -> Path:
    path = tmp_path / "store.pst"
    pst.create_store(path).close()
    return path


@pytest.fixture
def hold() -> Iterator[Hold]:
    """A function that has another process open a file, until it is told to close its input."""
    with ExitStack() as stack:

        def start(path: Path, mode: str) -> subprocess.Popen[str]:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", _HOLDER, str(path), mode],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            assert process.stdout is not None and process.stdout.readline() == "open\n"
            return process

        yield start


def test_readers_together(store_file: Path, hold: Hold):
    hold(store_file, "read")
    hold(store_file, "read")
    with pst.open_store(store_file) as store:
        assert store.ipm_subtree.name


@pytest.mark.parametrize(("held", "writable"), [("write", True), ("write", False), ("read", True)])
def test_a_writer_alone(store_file: Path, hold: Hold, held: str, writable: bool):
    process = hold(store_file, held)
    with pytest.raises(pst.PstLockedError) as caught:
        pst.open_store(store_file, writable=writable)
    assert str(process.pid) in caught.value.owner and "in use by" in str(caught.value)
    assert caught.value.hint
    process.communicate()
    pst.open_store(store_file, writable=writable).close()


def test_the_lock_ends_with_the_process(store_file: Path, hold: Hold):
    process = hold(store_file, "write")
    process.kill()
    process.wait()
    pst.open_store(store_file, writable=True).close()


def test_one_process_twice(store_file: Path):
    with pst.open_store(store_file, writable=True), pytest.raises(pst.PstLockedError):
        pst.open_store(store_file)
