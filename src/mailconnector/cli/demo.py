"""`mailconnector demo`: all of it shown on a real server, in one go."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.rule import Rule
from rich.text import Text

from mailconnector.app.demo.comparison import FolderView
from mailconnector.app.demo.show import Begun, Changed, Ended, Step, Synchronised, show
from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.sync_report import print_outcome
from mailconnector.cli.sync_words import ON_SIDE
from mailconnector.cli.terminal import clean, counted, list_table, print_line, stdout

_DEFAULT = Path("build", "demo")


@ends_well
def demo_command(
    directory: Annotated[
        Path, typer.Option("--directory", metavar="DIR", help="Where its files are put; made anew each time.")
    ] = _DEFAULT,
) -> ExitCode:
    """Show two-way synchronisation on a private mail server: fill, synchronise, change both sides, synchronise again.

    It starts a Dovecot and an SMTP server on this machine alone, works with them for some seconds, and stops them. The
    PST, the server's mail and the profile stay for you to go on with.
    """
    ended = show(directory, _tell)
    return ExitCode.OK if ended.good else ExitCode.FINDINGS


def _tell(step: Step) -> None:
    match step:
        case Begun():
            _begun(step)
        case Synchronised():
            _synchronised(step)
        case Changed():
            _changed(step)
        case Ended():
            _ended(step)


def _title(text: str) -> None:
    print_line("")
    console = stdout()
    if console.width > 500:  # a file
        print_line(f"== {text}")
    else:
        console.print(Rule(Text(text, style="bold"), align="left"))


def _begun(step: Begun) -> None:
    _title("1. A server and a PST")
    print_line(f"{step.server}: the mailbox of alice holds {counted(step.on_server, 'message')}.")
    print_line(
        f"{clean(str(step.directory / 'alice.pst'))}, an Outlook data file, holds {counted(step.in_pst, 'message')},"
        f" and {counted(step.in_office, 'item')} in calendar, contacts, notes and tasks."
    )
    print_line("One message is on both sides already.")
    _print_views(step.views)


def _synchronised(step: Synchronised) -> None:
    _title("2. Synchronised" if step.number == 1 else "4. Synchronised again")
    print_outcome(step.outcome)
    print_line("")
    print_line("Everything on both sides, read again and compared:")
    _print_views(step.views)


def _changed(step: Changed) -> None:
    _title("3. Changes on both sides")
    for side in ("remote", "local"):
        print_line(f"{ON_SIDE[side][0].upper() + ON_SIDE[side][1:]}:", "bold")
        for deed in step.deeds:
            if deed.side == side:
                print_line(f"  - {clean(deed.text)}")
    print_line("")
    _print_views(step.views)


def _ended(step: Ended) -> None:
    _title("5. The proof")
    _print_proof(step.same, "both sides hold the same items, with the same marks, in the same folders")
    _print_proof(step.quiet, "one more run found nothing to do")
    counts = step.check.counts
    _print_proof(step.check.clean, f"the PST is sound: {counts.nodes:,} nodes and {counts.blocks:,} blocks checked")
    _title("Go on from here")
    profile = shlex.quote(_short(step.profile))
    folder = shlex.quote(_short(step.lab))
    program = _program()
    for command, words in (
        (f"lab up --folder {folder}", "start the server again"),
        (f"sync --profile {profile}", "synchronise"),
        (f"run --profile {profile}", "stay in step until Ctrl-C"),
        (f"status --profile {profile}", "how things stand"),
        (f"log --profile {profile}", "what was changed when"),
        (f"pst ls {shlex.quote(_short(step.pst))}", "look into the PST"),
        (f"lab down --folder {folder}", "stop the server"),
    ):
        print_line(Text(f"# {words}", style="dim"))
        print_line(f"  {program} {command}")


def _program() -> str:
    """Return how this command is called from here."""
    if shutil.which("mailconnector") is not None:
        return "mailconnector"
    beside = Path(sys.executable).with_name("mailconnector")
    return shlex.quote(_short(beside)) if beside.exists() else f"{shlex.quote(sys.executable)} -m mailconnector"


def _short(path: Path) -> str:
    """Return a path from here where it is below, and with the command's place in mind."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _print_proof(holds: bool, words: str) -> None:
    mark = Text("yes  ", style="bold green") if holds else Text("NO   ", style="bold red")
    print_line(mark.append(words, style="not bold default"))


def _print_views(views: tuple[FolderView, ...]) -> None:
    table = list_table("Folder", "PST", "Server", "The same?", right=("PST", "Server"), folding=("Folder", "The same?"))
    for view in views:
        if view.same and not view.in_pst:
            continue  # empty on both sides
        if view.same:
            verdict = Text("same", style="green")
        else:
            first, *more = view.differences
            verdict = Text(clean(first, 60) + (f" and {len(more)} more" if more else ""), style="yellow")
        table.add_row(clean("/".join(view.path)), _count(view.in_pst), _count(view.on_server), verdict)
    stdout().print(table)


def _count(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"
