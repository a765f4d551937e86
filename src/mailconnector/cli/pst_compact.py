"""`pst compact`: a PST file without the room that lies idle in it."""

from pathlib import Path
from typing import Annotated

import typer

from mailconnector.cli.exits import ends_well
from mailconnector.cli.options import AsJson, PstFile
from mailconnector.cli.terminal import clean, print_json, print_line, progress_bar, size_text
from mailconnector.pst.care import compact_file


@ends_well
def compact_command(
    file: PstFile,
    output: Annotated[
        Path | None, typer.Option(metavar="OUT.pst", help="Write the new file here, and leave the old one as it is.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a PST file anew without the room that lies idle in it.

    Without --output the new file takes the place of the old one when it is whole; until then nothing is changed.
    """
    with progress_bar() as progress:
        report = compact_file(file, output, progress=progress)
    if as_json:
        print_json(
            {
                "file": str(file),
                "output": str(output or file),
                "nodes": report.nodes,
                "blocks": report.blocks,
                "size_before": report.bytes_before,
                "size_after": report.bytes_after,
            }
        )
        return
    won = 100 * (1 - report.bytes_after / report.bytes_before) if report.bytes_before else 0
    print_line(
        f"{clean(str(output or file))}: {size_text(report.bytes_before)} became {size_text(report.bytes_after)} "
        f"({won:.0f}% less)."
    )
