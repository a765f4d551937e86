"""The command `mailconnector`."""

import sys
from typing import Annotated

import typer

from mailconnector import __version__
from mailconnector.cli.account import account_app
from mailconnector.cli.demo import demo_command
from mailconnector.cli.folder import folder_app
from mailconnector.cli.lab import lab_app
from mailconnector.cli.log import log_command
from mailconnector.cli.pst import pst_app
from mailconnector.cli.run import run_command
from mailconnector.cli.status import status_command
from mailconnector.cli.sync import sync_command

SUMMARY = "Keep Outlook's data files (PST) in step with IMAP servers, and read, write, check and mend them."

app = typer.Typer(
    name="mailconnector",
    help=SUMMARY,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.add_typer(account_app, name="account")
app.command("sync")(sync_command)
app.command("run")(run_command)
app.command("status")(status_command)
app.command("log")(log_command)
app.add_typer(folder_app, name="folder")
app.command("demo")(demo_command)
app.add_typer(pst_app, name="pst")
app.add_typer(lab_app, name="lab")


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
