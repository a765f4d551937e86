"""Writes the seeds of the fuzzer: small stores of every variant and encryption, and small real files if there are any.

Usage: make_corpus.py DIR
"""

import io
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mailconnector.pst import Store  # noqa: E402
from tests.exercise import fill  # noqa: E402

SAMPLES = Path(os.environ.get("MAILCONNECTOR_SAMPLES") or ROOT.parent / "shared" / "samples") / "pst"
LARGEST = 300_000  # bytes of a real file that is taken: the fuzzer is quicker with small ones


def main(folder: Path) -> None:
    """Write the seeds."""
    folder.mkdir(parents=True, exist_ok=True)
    for variant in ("unicode", "ansi"):
        for encryption in ("none", "permute", "cyclic"):
            file = io.BytesIO()
            with Store.create(file, format=variant, encryption=encryption) as store:  # type: ignore[arg-type]
                if encryption != "permute":
                    fill(store)
            (folder / f"{variant}-{encryption}.pst").write_bytes(file.getvalue())
    if SAMPLES.is_dir():
        for path in SAMPLES.iterdir():
            if path.suffix in {".pst", ".ost"} and path.stat().st_size <= LARGEST:
                (folder / path.name).write_bytes(path.read_bytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
