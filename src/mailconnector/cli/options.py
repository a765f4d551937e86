"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

PstFile = Annotated[Path, typer.Argument(metavar="FILE", help="The PST file.", show_default=False)]
ProfileFile = Annotated[
    Path | None,
    typer.Option("--profile", metavar="FILE", help="The profile; else the user's own.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Codepage = Annotated[
    int,
    typer.Option(
        "--codepage",
        metavar="NUMBER",
        min=1,
        max=65535,
        help="Windows code page of text in ANSI files, where a message does not name one.",
    ),
]
DEFAULT_CODEPAGE = 1252
