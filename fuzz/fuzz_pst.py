"""Fuzzes the PST engine (atheris): reads and changes a malformed store; only the engine's own errors may come out.

Usage: fuzz_pst.py [libFuzzer options] CORPUS... - or files of findings, to run each of them once.
"""

import contextlib
import resource
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

with atheris.instrument_imports(include=["mailconnector"]):
    from tests import exercise
from chance import settle
from mutate import Mutator

MEMORY = 400 << 20  # bytes that a file may cost beyond what the fuzzer takes itself
OBJECTS = 120  # folders, messages and streams that are looked at in one file
LARGEST = 700_000  # bytes of a file


def run(data: bytes) -> None:
    """Use a file in every way."""
    settle(data)
    exercise.run(data, objects=OBJECTS)


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """Change a file behind its checksums where it can be taken apart, anyhow where it cannot."""
    with contextlib.suppress(Exception):
        found = Mutator(data, seed, atheris.Mutate).run()
        if found != data and len(found) <= max_size:
            return found
    return bytes(atheris.Mutate(data, max_size))


def limit_memory() -> None:
    """Have an allocation fail that goes beyond what a file of this size may cost."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    soft = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (soft, resource.getrlimit(resource.RLIMIT_AS)[1]))


def main() -> None:
    """Fuzz."""
    arguments = sys.argv
    if not any(argument.startswith("-max_len") for argument in arguments):
        arguments = [*arguments, f"-max_len={LARGEST}"]
    if not any(argument.startswith("-len_control") for argument in arguments):
        arguments = [*arguments, "-len_control=0"]
    atheris.Setup(arguments, run, custom_mutator=mutate)
    if Path("/proc/self/statm").exists():
        limit_memory()
    atheris.Fuzz()


if __name__ == "__main__":
    main()
