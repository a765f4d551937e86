"""The command `mailconnector`."""

import sys
from typing import Annotated

import typer

from mailconnector import __version__
from mailconnector.cli.commands import Commands

SUMMARY = "Keep Outlook's data files (PST) in step with IMAP servers, and read, write, check and mend them."

app = typer.Typer(
    name="mailconnector",
    help=SUMMARY,
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"mailconnector {__version__}\n")
        raise typer.Exit


@app.callback()
def start(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Keep Outlook's data files (PST) in step with IMAP servers, and read, write, check and mend them."""


def main() -> None:
    """Run the command with the arguments of the process, and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        # A subject may hold letters that the terminal's encoding lacks: they are written out, not an error.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="mailconnector")
