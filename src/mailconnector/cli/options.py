"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

PstFile = Annotated[Path, typer.Argument(metavar="FILE", help="The PST file.", show_default=False)]
ProfileFile = Annotated[
    Path | None,
    typer.Option("--profile", metavar="FILE", help="The profile; else the user's own.", show_default=False),
]
Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account.", show_default=False)]
AnyAccount = Annotated[
    str | None, typer.Argument(metavar="ACCOUNT", help="The account; all without it.", show_default=False)
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be changed, and change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
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
