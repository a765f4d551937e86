"""`pst show`: everything that stands in one node of a PST file."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from mailconnector import pst
from mailconnector.app.pst.node_dump import DumpedTable, DumpedValue, NodeDump, dump_node, find_nids
from mailconnector.app.pst.readable_values import json_value, readable_value
from mailconnector.cli.exits import ends_well
from mailconnector.cli.options import DEFAULT_CODEPAGE, AsJson, Codepage, PstFile
from mailconnector.cli.terminal import (
    clean,
    clean_lines,
    counted,
    cut_text,
    facts_table,
    list_table,
    print_json,
    size_text,
    stdout,
)

_NAME = 40  # characters of a property's name: almost all canonical names are shorter
_WIDE = 100  # columns of a terminal that has room for the types
_BYTES = 32  # of a binary value that is shown in short


@ends_well
def show_command(
    file: PstFile,
    node: Annotated[
        str,
        typer.Argument(
            metavar="[NID|PATH]",
            help="A NID (0x200024), one of a subnode (0x200024/0x8025), a folder's path (Inbox/2001), or store.",
        ),
    ] = "store",
    full: Annotated[bool, typer.Option("--full", help="Show long values and tables to their end.")] = False,
    codepage: Codepage = DEFAULT_CODEPAGE,
    as_json: AsJson = False,
) -> None:
    """Show what stands in a node: a message, a folder, an attachment, a table, the store itself."""
    with pst.open_store(file, codepage=codepage) as store:
        dump = dump_node(store, find_nids(store, node), full=full)
    if as_json:
        print_json({"file": str(file), **_to_json(dump)})
    else:
        _Printer(full=full).print(dump)


class _Printer:
    def __init__(self, *, full: bool) -> None:
        self._console: Console = stdout()
        self._full = full

    def print(self, dump: NodeDump) -> None:
        """Print a node."""
        self._console.print(facts_table([(name, Text(value)) for name, value in _facts(dump)]))
        if dump.error:
            self._console.print(Text(f"Cannot be read: {clean(dump.error)}", style="red"))
        if dump.properties:
            self._heading(f"{counted(len(dump.properties), 'property', 'properties')}")
            self._properties(dump.properties)
        if dump.table is not None:
            self._table("Table", dump.table)
        if dump.recipients is not None:
            self._table("Recipients", dump.recipients)
        if dump.attachments is not None:
            self._table("Attachments", dump.attachments)
        if dump.data:
            self._heading("Data")
            self._console.print(Text(_dump_lines(dump.data)))
            if len(dump.data) < dump.size:
                self._more(f"{dump.size - len(dump.data):,} more bytes")
        if dump.subnodes:
            self._heading(f"{counted(len(dump.subnodes), 'subnode')}")
            table = list_table("NID", "Kind", "Size", right=("Size",))
            for subnode in dump.subnodes:
                table.add_row(f"{subnode.nid:#x}", subnode.kind, size_text(subnode.size))
            self._console.print(table)

    def _heading(self, text: str) -> None:
        self._console.print()
        self._console.print(Text(text, style="bold"))

    def _more(self, what: str) -> None:
        self._console.print(Text(f"... {what}: --full shows them", style="dim"))

    def _properties(self, values: tuple[DumpedValue, ...]) -> None:
        # On a narrow terminal the room goes to the values; the last four digits of a tag are its type.
        typed = self._console.width >= _WIDE
        table = list_table("Tag", "Name", *(("Type",) if typed else ()), "Value", folding=("Value",))
        for value in values:
            kind = (value.type,) if typed else ()
            table.add_row(f"{value.tag:08x}", clean(value.name, _NAME), *kind, self._value(value))
        self._console.print(table)

    def _table(self, name: str, dumped: DumpedTable) -> None:
        self._heading(f"{name}: {counted(dumped.count, 'row')} of {counted(len(dumped.columns), 'column')}")
        for row in dumped.rows:
            self._console.print(Text(f"Row {row.row_id:#x}", style="cyan"))
            self._properties(row.cells)
        if not dumped.rows and dumped.columns:
            table = list_table("Column", "Name")
            for tag, column in dumped.columns:
                table.add_row(f"{tag:08x}", clean(column))
            self._console.print(table)
        if dumped.error:
            self._console.print(Text(f"Cannot be read: {clean(dumped.error)}", style="red"))
        elif dumped.count > len(dumped.rows):
            self._more(f"{dumped.count - len(dumped.rows):,} more rows")

    def _value(self, value: DumpedValue) -> Text:
        """Return a value: on one line, cut at the edge of the terminal, unless all of it is wanted."""
        text = Text() if self._full else cut_text()
        if value.error:
            return text.append(f"cannot be read: {clean(value.error)}", style="red")
        if isinstance(value.value, bytes):
            shown = value.value if self._full else value.value[:_BYTES]
            text.append(f"{value.size:,} bytes  " if value.size else "empty", style="dim").append(shown.hex(" "))
            if len(shown) < value.size:
                text.append(" ...", style="dim")
        elif value.type == "object":
            text.append(f"subnode {value.value:#x}" if isinstance(value.value, int) else "none")
        elif isinstance(value.value, str):
            if value.truncated:
                text.append(f"{value.size:,} bytes  ", style="dim")
            text.append(clean_lines(value.value) if self._full else clean(value.value))
            if value.truncated:
                text.append(" ...", style="dim")
        else:
            text.append(clean(readable_value(value.value)))
        return text


def _facts(dump: NodeDump) -> list[tuple[str, str]]:
    nids = "/".join(f"{nid:#x}" for nid in (*dump.within, dump.nid))
    facts = [("Node", f"{nids}  {dump.kind}" + (f" ({dump.name})" if dump.name else ""))]
    if dump.parent:
        facts.append(("Parent", f"{dump.parent:#x}"))
    facts.append(("Data", f"BID {dump.bid_data:#x}, {size_text(dump.size)}" if dump.bid_data else "none"))
    if dump.bid_sub:
        facts.append(("Subnodes", f"BID {dump.bid_sub:#x}"))
    return facts


def _dump_lines(data: bytes) -> str:
    lines = []
    for at in range(0, len(data), 16):
        part = data[at : at + 16]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{at:08x}  {part.hex(' '):<47}  {letters}")
    return "\n".join(lines)


# -- JSON --------------------------------------------------------------------------------------------------------------


def _to_json(dump: NodeDump) -> dict[str, Any]:
    return {
        "nid": dump.nid,
        "within": list(dump.within),
        "kind": dump.kind,
        "name": dump.name,
        "parent": dump.parent,
        "bid_data": dump.bid_data,
        "bid_sub": dump.bid_sub,
        "size": dump.size,
        "content": dump.content,
        "error": dump.error,
        "properties": [_value_json(value) for value in dump.properties],
        "table": _table_json(dump.table),
        "recipients": _table_json(dump.recipients),
        "attachments": _table_json(dump.attachments),
        "subnodes": [{"nid": found.nid, "kind": found.kind, "size": found.size} for found in dump.subnodes],
        "data": dump.data.hex(),
    }


def _value_json(value: DumpedValue) -> dict[str, Any]:
    return {
        "tag": f"{value.tag:08x}",
        "name": value.name,
        "type": value.type,
        "size": value.size,
        "value": json_value(value.value),
        "truncated": value.truncated,
        "error": value.error,
    }


def _table_json(table: DumpedTable | None) -> dict[str, Any] | None:
    if table is None:
        return None
    return {
        "columns": [{"tag": f"{tag:08x}", "name": name} for tag, name in table.columns],
        "count": table.count,
        "rows": [{"id": row.row_id, "cells": [_value_json(cell) for cell in row.cells]} for row in table.rows],
        "error": table.error,
    }
