"""`pst export`: the items of a PST file into files."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from mailconnector import pst
from mailconnector.app.folder_path import split_path
from mailconnector.app.pst.exporting import ExportSummary, export_folder
from mailconnector.app.pst.losses import LEFTOVER
from mailconnector.app.pst.targets import ExportFormat
from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.options import DEFAULT_CODEPAGE, AsJson, Codepage, PstFile
from mailconnector.cli.terminal import clean, counted, print_json, print_line, print_warning, progress_bar


@ends_well
def export_command(
    file: PstFile,
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to write; made if missing, else empty.", show_default=False)
    ],
    format: Annotated[
        ExportFormat,
        typer.Option(
            help="eml, msg, tnef: a file an item; mbox: a file a folder; maildir: a Maildir a folder; ics, vcf: a "
            "calendar, the cards of a folder; native: each item as its kind, calendars, cards and messages."
        ),
    ] = ExportFormat.EML,
    split: Annotated[bool, typer.Option("--split", help="A file for each calendar entry and each card.")] = False,
    folder: Annotated[
        str, typer.Option(metavar="PATH", help="Only this folder and those in it, as Inbox/2001.", show_default=False)
    ] = "",
    codepage: Codepage = DEFAULT_CODEPAGE,
    as_json: AsJson = False,
) -> ExitCode:
    """Write the items of a PST file into files; its folders become directories. Nothing is overwritten.

    Messages (eml, mbox, maildir), msg and tnef keep all of every item. Calendars and cards are for other programs;
    what they cannot express is counted.
    """
    with pst.open_store(file, codepage=codepage) as store:
        top = store.folder_at(split_path(folder))
        try:
            with progress_bar() as progress:
                summary = export_folder(store, top, directory, format, progress, split=split)
        except KeyboardInterrupt as interrupt:
            raise KeyboardInterrupt(f"Stopped. What was written until now is in {directory}.") from interrupt
    for failure in summary.failures:
        place = f" in {failure.folder}" if failure.folder else ""
        print_warning(f"passed over {failure.nid:#x}{place}: {failure.reason}")
    if summary.failed > len(summary.failures):
        print_warning(f"passed over {counted(summary.failed - len(summary.failures), 'more item')}")
    if as_json:
        print_json(_to_json(file, format, summary))
    else:
        _print_summary(summary)
    return ExitCode.FINDINGS if summary.failed else ExitCode.OK


def _print_summary(summary: ExportSummary) -> None:
    text = Text(
        f"Exported {counted(summary.exported, 'item')} from {counted(summary.folders, 'folder')} "
        f"to {clean(summary.directory)}."
    )
    if summary.failed:
        text.append(f" {counted(summary.failed, 'item')} failed.", style="bold yellow")
    print_line(text)
    if summary.others:
        print_line(f"Of these no mail: {_by_class(summary.others)}.")
    if summary.left_out:
        print_line(f"Left out, since the format has no place for them: {_by_class(summary.left_out)}.")
    if summary.lost:
        fields = ", ".join(
            f"{'properties of Outlook alone' if name == LEFTOVER else name} in {counted(count, 'item')}"
            for name, count in sorted(summary.lost.items(), key=lambda one: (one[0] == LEFTOVER, -one[1], one[0]))
        )
        print_line(f"Not in the files, or not as it was: {fields}. `--format msg` and `eml` keep all.")


def _by_class(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {clean(name) or '(no class)'}" for name, count in sorted(counts.items()))


def _to_json(file: Path, kind: ExportFormat, summary: ExportSummary) -> dict[str, Any]:
    return {
        "file": str(file),
        "directory": summary.directory,
        "format": str(kind),
        "folders": summary.folders,
        "exported": summary.exported,
        "others": summary.others,
        "left_out": summary.left_out,
        "lost": summary.lost,
        "failed": summary.failed,
        "failures": [
            {"nid": failure.nid, "folder": failure.folder, "reason": failure.reason} for failure in summary.failures
        ],
    }
