"""`pst check`: whether a PST file is whole."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.options import AsJson, PstFile
from mailconnector.cli.terminal import clean, counted, list_table, print_json, print_line, progress_bar, stdout
from mailconnector.pst.care import check_file
from mailconnector.pst.check import Finding, Report, Severity

SHOWN = 10
"""Findings of one kind that are shown unless all are asked for."""

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


@ends_well
def check_command(
    file: PstFile,
    notes: Annotated[
        bool, typer.Option("--notes", help="Show notes too: what is worth knowing, and no fault.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Show every finding of a kind, not the first ten.")
    ] = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Verify everything in a PST file. Nothing is changed.

    Exits with 0 when the file is clean, with 1 when there are errors or warnings, with 2 when it is no PST.
    """
    with progress_bar() as progress:
        report = check_file(file, progress=progress)
    if as_json:
        print_json({"file": str(file), **report_json(report)})
    else:
        _print_report(file, report, notes=notes, limit=0 if everything else SHOWN)
    return ExitCode.OK if report.clean else ExitCode.FINDINGS


def report_json(report: Report) -> dict[str, Any]:
    """Return a report as `--json` gives it."""
    return {
        "clean": report.clean,
        "findings": [finding_json(finding) for finding in report.findings],
        "not_shown": dict(report.suppressed),
        "counts": asdict(report.counts),
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as `--json` gives it."""
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "text": finding.text,
        "nid": finding.nid,
        "bid": finding.bid,
        "offset": finding.offset,
    }


def _print_report(file: Path, report: Report, *, notes: bool, limit: int) -> None:
    shown = [finding for finding in report.findings if notes or finding.severity is not Severity.NOTE]
    print_findings(shown, report.suppressed, limit)
    counts = report.counts
    print_line(
        f"Looked at {counted(counts.folders, 'folder')}, {counted(counts.messages, 'message')}, "
        f"{counted(counts.attachments, 'attachment')}, {counted(counts.nodes, 'node')}, "
        f"{counted(counts.blocks, 'block')}."
    )
    found = {severity: report.count(severity) for severity in Severity}
    line = ", ".join(counted(count, str(severity)) for severity, count in found.items() if count)
    if report.clean:
        text = Text(f"{clean(str(file))} is clean.", style="bold green")
        if found[Severity.NOTE] and not notes:
            text.append(f" ({line}: --notes shows them)", style="not bold dim")
    else:
        text = Text(f"{clean(str(file))}: {line}.", style="bold red" if found[Severity.ERROR] else "bold yellow")
    print_line(text)


def print_findings(findings: Sequence[Finding], suppressed: Mapping[str, int], limit: int) -> None:
    """Print findings as a table.

    Args:
        findings: what was found.
        suppressed: by code, how many more there were.
        limit: findings of one code that are shown; 0 for all.
    """
    if not findings:
        return
    table = list_table("Severity", "Code", "What", "Where", folding=("What", "Where"))
    seen: Counter[str] = Counter()
    for finding in findings:
        seen[finding.code] += 1
        if limit and seen[finding.code] > limit:
            continue
        named = (("nid", finding.nid), ("bid", finding.bid), ("offset", finding.offset))
        place = " ".join(f"{name} {value:#x}" for name, value in named if value is not None)
        severity = Text(str(finding.severity), style=_STYLES[finding.severity])
        table.add_row(severity, finding.code, clean(finding.text), place)
    console = stdout()
    console.print(table)
    for code, count in seen.items():
        hidden = max(count - limit, 0) if limit else 0
        more = suppressed.get(code, 0)
        if hidden + more:
            how = ": --all shows them" if hidden and not more else ""
            console.print(
                Text(f"... and {counted(hidden + more, 'more finding')} of {code}{how}", style="dim"), soft_wrap=True
            )
    console.print()
