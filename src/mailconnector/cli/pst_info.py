"""`pst info`: what a PST file is as a whole."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.text import Text

from mailconnector import pst
from mailconnector.app.pst.store_facts import StoreFacts, store_facts
from mailconnector.cli.exits import ends_well
from mailconnector.cli.options import DEFAULT_CODEPAGE, AsJson, Codepage, PstFile
from mailconnector.cli.terminal import clean, facts_table, print_json, size_text, stdout

_FORMATS = {
    "ansi": "ANSI (Outlook 97 to 2002, 2 GB at most)",
    "unicode": "Unicode (Outlook 2003 and later)",
    "unicode4k": "Unicode with 4K pages (Outlook 2013 and later); can be read only",
}
_ENCRYPTIONS = {
    "none": "none",
    "permute": "permute (compressible encryption; hides, does not protect)",
    "cyclic": "cyclic (high encryption; hides, does not protect)",
}
_MAPS = {"valid": "valid", "invalid": "invalid: the last program that wrote was cut off; the next writer mends them"}


@ends_well
def info_command(file: PstFile, codepage: Codepage = DEFAULT_CODEPAGE, as_json: AsJson = False) -> None:
    """Show what a PST file is: format, size, state, and how much it holds."""
    with pst.open_store(file, codepage=codepage) as store:
        facts = store_facts(store)
    if as_json:
        print_json(facts_json(file, facts))
    else:
        stdout().print(facts_table([(name, Text(value)) for name, value in _lines(file, facts, codepage)]))


def facts_json(file: Path, facts: StoreFacts) -> dict[str, Any]:
    """Return the facts as `--json` gives them."""
    return {"file": str(file), **asdict(facts), "record_key": facts.record_key.hex()}


def _lines(file: Path, facts: StoreFacts, codepage: int) -> list[tuple[str, str]]:
    free = f" ({100 * facts.free / facts.size:.0f}%)" if facts.size else ""
    there = file.stat().st_size
    cut = f"; {size_text(there)} are there, the rest is cut off: run a check" if there < facts.size else ""
    return [
        ("File", clean(str(file))),
        ("Name", clean(facts.name)),
        ("Kind", facts.client),
        ("Format", f"{_FORMATS.get(facts.format, facts.format)}, version {facts.version}"),
        ("Encryption", _ENCRYPTIONS[facts.encryption]),
        ("Password", "set (it protects nothing, and is not needed here)" if facts.password else "none"),
        ("Code page", str(facts.codepage) if facts.codepage else f"not stated, {codepage} assumed"),
        ("Size", size_text(facts.size) + cut),
        ("Free in it", size_text(facts.free) + free),
        ("Folders", f"{facts.folders:,}, and {facts.search_folders:,} search folders"),
        ("Messages", f"{facts.messages:,}, and {facts.associated:,} that users do not see"),
        ("Nodes", f"{facts.nodes:,} in {facts.blocks:,} blocks"),
        ("Named properties", f"{facts.named_properties:,}"),
        ("Record key", facts.record_key.hex()),
        ("Allocation maps", _MAPS[facts.maps]),
    ]
