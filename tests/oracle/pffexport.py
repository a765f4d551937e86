"""What the program `pffexport` (Debian's pff-tools) dumps of a PST file: embedded messages and the names of properties.

With `-d` it writes an `ItemValues.txt` for each item: for each entry of each record set its id, its type, what its name
maps it to, and a hexadecimal dump of its value.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mailconnector.pst import MessageContent, Store, disk
from tests.oracle.libpff import Entry, stored_properties, stored_rows

PROGRAM = "pffexport"
RecordSet = frozenset[tuple[Entry, int]]

_FIELD = re.compile(r"^(Set|Entry|Entry type|Value type|Maps to entry|Maps to entry type):\s*(.*)$")
_DUMP = re.compile(r"^[0-9a-f]{8}: ((?:[0-9a-f]{2}  ?)+)", re.ASCII)


def export(path: Path, target: Path) -> Path:
    """Dump a file's items into a new folder beside `target`, and return that."""
    command = [PROGRAM, "-q", "-d", "-m", "items", "-t", str(target), str(path)]
    subprocess.run(command, check=False, capture_output=True, timeout=300, stdin=subprocess.DEVNULL)
    return target.with_name(target.name + ".export")


def embedded_record_sets(folder: Path) -> Counter[RecordSet]:
    """Return the record sets of all embedded messages of a dump, their recipients and attachment tables included."""
    sets: Counter[RecordSet] = Counter()
    for path in folder.rglob("*ItemValues.txt"):
        parts = path.relative_to(folder).parts
        # An attachment table's own dump stands in a folder "Attachments" directly; that of an embedded message deeper.
        if any(part == "Attachments" for part in parts[:-2]):
            for entries in _parse(path.read_text("utf-8", "replace")):
                sets[_frozen(Counter(entry for entry, _ in entries))] += 1
    return sets


def names(folder: Path) -> set[tuple[int, int | str]]:
    """Return the names of named properties that a dump mentions: property id, and number or string."""
    found = set()
    for path in folder.rglob("*ItemValues.txt"):
        for entries in _parse(path.read_text("utf-8", "replace")):
            found |= {(entry[0], name) for entry, name in entries if name is not None}
    return found


def embedded_in(store: Store) -> Counter[RecordSet]:
    """Return the same of a store that the engine has opened."""
    sets: Counter[RecordSet] = Counter()

    def collect(message: MessageContent, *, embedded: bool) -> None:
        if embedded:
            sets[_frozen(stored_properties(message.properties.pc))] += 1
            for nid in (disk.NID_RECIPIENT_TABLE, disk.NID_ATTACHMENT_TABLE):
                table = message._table(nid)
                sets.update(_frozen(row) for row in (stored_rows(table) if table is not None else ()))
        for attachment in message.attachments():
            below = attachment.embedded
            if below is not None:
                collect(below, embedded=True)

    for folder in store.walk():
        if not folder.is_search_folder:
            for message in folder.messages():
                collect(message, embedded=False)
    return sets


def _frozen(entries: Counter[Entry]) -> RecordSet:
    return frozenset(entries.items())


def _parse(text: str) -> Iterator[list[tuple[Entry, int | str | None]]]:
    """Yield the record sets of a dump: their entries, each with its name."""
    sets: dict[int, list[tuple[Entry, int | str | None]]] = {}
    current = -1
    entry: dict[str, str] = {}
    data = bytearray()

    def finish() -> None:
        if "Entry type" in entry:
            name: int | str | None = entry.get("Maps to entry")
            if "Maps to entry type" in entry:
                name = int(entry["Maps to entry type"], 16)
            ids = int(entry["Entry type"], 16), int(entry["Value type"], 16)
            sets.setdefault(current, []).append(((*ids, bytes(data)), name))
        entry.clear()
        data.clear()

    for line in text.splitlines():
        field = _FIELD.match(line)
        if field is None:
            dump = _DUMP.match(line.removeprefix("0x"))
            if dump is not None:
                data += bytes.fromhex(dump[1])
        elif field[1] == "Set":
            finish()
            current = int(field[2])
        else:
            entry[field[1]] = field[2]
    finish()
    yield from sets.values()
