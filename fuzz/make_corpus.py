"""Writes the seeds of the fuzzers: small stores of every variant and encryption, mail, TNEF streams, files of items.

Usage: make_corpus.py PST_DIR MAIL_DIR FILES_DIR
"""

import io
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from chance import settle  # noqa: E402

from mailconnector.app.demo import letters  # noqa: E402
from mailconnector.formats import parse, render_item  # noqa: E402
from mailconnector.formats.entry_writing import calendar_of, card_of  # noqa: E402
from mailconnector.items import Appointment, Contact, DistributionList, JournalEntry, Task  # noqa: E402
from mailconnector.mapi import msg, tnef  # noqa: E402
from mailconnector.mapping import to_mapi  # noqa: E402
from mailconnector.pst import Store  # noqa: E402
from tests.exercise import fill  # noqa: E402
from tests.unit.items.examples import ITEMS  # noqa: E402

SAMPLES = Path(os.environ.get("MAILCONNECTOR_SAMPLES") or ROOT.parent / "shared" / "samples")
LARGEST = 300_000  # bytes of a real file that is taken: the fuzzer is quicker with small ones
LARGEST_MAIL = 30_000
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def main(stores: Path, mail: Path, files: Path) -> None:
    """Write the seeds, the same each time."""
    settle(b"seeds")
    for folder in (stores, mail, files):
        folder.mkdir(parents=True, exist_ok=True)
    write_stores(stores)
    write_mail(mail)
    write_files(files)


def write_stores(folder: Path) -> None:
    """Write PST files."""
    for variant in ("unicode", "ansi"):
        for encryption in ("none", "permute", "cyclic"):
            file = io.BytesIO()
            with Store.create(file, format=variant, encryption=encryption) as store:  # type: ignore[arg-type]
                if encryption != "permute":
                    fill(store)
            (folder / f"{variant}-{encryption}.pst").write_bytes(file.getvalue())
    take_real(SAMPLES / "pst", folder, LARGEST, (".pst", ".ost"))


def write_files(folder: Path) -> None:
    """Write items as .msg files, calendars and cards."""
    for name, item in ITEMS.items():
        (folder / f"{name}.msg").write_bytes(msg.build(to_mapi(item)))
        if isinstance(item, (Appointment, Task, JournalEntry)):
            (folder / f"{name}.ics").write_bytes(calendar_of(item))
        elif isinstance(item, (Contact, DistributionList)):
            (folder / f"{name}.vcf").write_bytes(card_of(item))
    for kind in ("msg", "ics", "vcf"):
        take_real(SAMPLES / kind, folder, LARGEST_MAIL)


def write_mail(folder: Path) -> None:
    """Write messages, and what they are as TNEF streams."""
    for number, letter in enumerate([*letters.in_pst(NOON), *letters.on_server(NOON)[:20]]):
        if len(letter.data) <= LARGEST_MAIL:
            (folder / f"{number}.eml").write_bytes(letter.data)
            (folder / f"{number}.tnef").write_bytes(tnef.build(to_mapi(parse(letter.data))))
    for name, item in ITEMS.items():
        (folder / f"{name}.item.eml").write_bytes(render_item(item))
    for name in ("mime", "tnef"):
        take_real(SAMPLES / name, folder, LARGEST_MAIL)


def take_real(source: Path, folder: Path, largest: int, suffixes: tuple[str, ...] = ()) -> None:
    """Copy small real files, if there are any."""
    if source.is_dir():
        for path in source.iterdir():
            if (not suffixes or path.suffix in suffixes) and path.stat().st_size <= largest:
                (folder / path.name).write_bytes(path.read_bytes())


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
