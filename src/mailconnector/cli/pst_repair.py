"""`pst repair`: what can be saved of a damaged PST file, in a new one."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.options import AsJson, PstFile
from mailconnector.cli.pst_check import SHOWN, finding_json, print_findings, report_json
from mailconnector.cli.terminal import clean, counted, print_json, print_line, progress_bar
from mailconnector.pst.care import repair_file
from mailconnector.pst.check import Severity
from mailconnector.pst.repair import RepairReport


@ends_well
def repair_command(
    file: PstFile,
    output: Annotated[
        Path | None,
        typer.Option(metavar="OUT.pst", help="Write the new file here, and leave the damaged one as it is."),
    ] = None,
    backup: Annotated[
        bool, typer.Option("--backup/--no-backup", help="Without --output: keep the damaged file as FILE.bak.")
    ] = True,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Show every loss of a kind, not the first ten.")
    ] = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Save what can be read of a damaged PST file into a new one, and report every loss.

    Without --output the new file takes the place of the damaged one, which is kept beside it as FILE.bak. Items whose
    folder is lost come into the folder Recovered. Exits with 1 when content was lost.
    """
    with progress_bar() as progress:
        report, kept = repair_file(file, output, backup=backup, progress=progress)
    if as_json:
        print_json(_to_json(file, output, kept, report))
    else:
        _print_report(report, output or file, kept, limit=0 if everything else SHOWN)
    return ExitCode.OK if report.complete and report.after.clean else ExitCode.FINDINGS


def _to_json(file: Path, output: Path | None, kept: Path | None, report: RepairReport) -> dict[str, Any]:
    return {
        "file": str(file),
        "output": str(output or file),
        "backup": None if kept is None else str(kept),
        "complete": report.complete,
        "losses": [finding_json(loss) for loss in report.losses],
        "more_losses": dict(report.unlisted),
        "before": report_json(report.before),
        "after": report_json(report.after),
    }


def _print_report(report: RepairReport, target: Path, kept: Path | None, *, limit: int) -> None:
    print_findings(report.losses, report.unlisted, limit)
    found = report.before.count(Severity.ERROR) + report.before.count(Severity.WARNING)
    print_line(f"The damaged file had {counted(found, 'error or warning', 'errors and warnings')}.")
    counts = report.after.counts
    print_line(
        f"{clean(str(target))} has {counted(counts.folders, 'folder')} and {counted(counts.messages, 'message')} now"
        + ("." if kept is None else f"; the damaged file is kept as {clean(str(kept))}.")
    )
    lost = sum(loss.severity is Severity.ERROR for loss in report.losses)
    if lost:
        print_line(Text(f"Lost or in doubt: {counted(lost, 'piece')} of content, listed above.", style="bold yellow"))
    else:
        print_line(Text("No loss was found.", style="bold green"))
    if not report.after.clean:
        print_line(Text("The new file is not clean yet: `pst check` shows what is left.", style="bold red"))
