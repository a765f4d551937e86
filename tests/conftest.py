"""What tests of every kind share: the real sample files, writable copies, and the profiles of Hypothesis."""

from __future__ import annotations

import lzma
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.servers"]

# Real files that Outlook and mail programs wrote. They are not part of the repository: where they are absent,
# the tests that read them are skipped. MAILCONNECTOR_SAMPLES names another place.
SAMPLES = Path(os.environ.get("MAILCONNECTOR_SAMPLES") or Path(__file__).resolve().parents[2] / "shared" / "samples")
NO_SAMPLES = f"no sample files at {SAMPLES}"

# Deadlines are off everywhere: they measure the machine's load, not the code. "ci" draws the same examples in
# each run, so that it fails only for what the change at hand did; "dev" looks further, elsewhere each time.
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    max_examples=50,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("dev", deadline=None, max_examples=100)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "dev")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `pst_sample_file` once for each PST and OST sample, or skip it once."""
    if "pst_sample_file" in metafunc.fixturenames:
        skipped = pytest.param("", marks=pytest.mark.skip(NO_SAMPLES))
        metafunc.parametrize("pst_sample_file", _pst_sample_names() or [skipped])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the sample files, so that `-m samples` and `-m "not samples"` choose by it."""
    for item in items:
        if "samples" in getattr(item, "fixturenames", ()):
            item.add_marker("samples")


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of the real sample files; its MANIFEST.tsv says what each is."""
    if not SAMPLES.is_dir():
        pytest.skip(NO_SAMPLES)
    return SAMPLES


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """A function from a file to the same file without its `.xz`; each is unpacked once a session."""
    done: dict[Path, Path] = {}

    def unpack(path: Path) -> Path:
        if path.suffix != ".xz":
            return path
        if path not in done:
            target = tmp_path_factory.mktemp("unpacked") / path.stem
            with lzma.open(path) as packed, target.open("wb") as file:
                shutil.copyfileobj(packed, file)
            done[path] = target
        return done[path]

    return unpack


@pytest.fixture(scope="session")
def pst_samples(samples: Path, unpacked: Callable[[Path], Path]) -> list[Path]:
    """Every PST and OST sample, unpacked. Read only: take a `writable_copy` to change one."""
    return [unpacked(samples / "pst" / name) for name in _pst_sample_names()]


@pytest.fixture
def pst_sample(pst_sample_file: str, samples: Path, unpacked: Callable[[Path], Path]) -> Path:
    """One PST or OST sample, unpacked; the test runs once for each of them."""
    return unpacked(samples / "pst" / pst_sample_file)


@pytest.fixture
def writable_copy(tmp_path: Path) -> Callable[[Path], Path]:
    """A function from a file to a copy of it that the test may change."""

    def copy(path: Path) -> Path:
        # The content alone is copied: the sample's own mode may forbid writing.
        return Path(shutil.copyfile(path, tmp_path / path.name))

    return copy


def _pst_sample_names() -> list[str]:
    return sorted(path.name for path in (SAMPLES / "pst").glob("*.[po]st*"))
