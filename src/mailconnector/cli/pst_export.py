"""`pst export`: the mail of a PST file into files."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from mailconnector import pst
from mailconnector.app.folder_path import split_path
from mailconnector.app.pst.export_mail import ExportSummary, export_folder
from mailconnector.app.pst.mail_targets import MailFormat
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
        MailFormat, typer.Option(help="eml: a file an item; mbox: a file a folder; maildir: a Maildir a folder.")
    ] = MailFormat.EML,
    folder: Annotated[
        str, typer.Option(metavar="PATH", help="Only this folder and those in it, as Inbox/2001.", show_default=False)
    ] = "",
    codepage: Codepage = DEFAULT_CODEPAGE,
    as_json: AsJson = False,
) -> ExitCode:
    """Write the mail of a PST file into files; its folders become directories. Nothing is overwritten.

    Items of other kinds (contacts, appointments ...) are written as mail that can be read, and counted.
    """
    with pst.open_store(file, codepage=codepage) as store:
        top = store.folder_at(split_path(folder))
        try:
            with progress_bar() as progress:
                summary = export_folder(store, top, directory, format, progress)
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
        kinds = ", ".join(f"{count:,} {clean(name) or '(no class)'}" for name, count in sorted(summary.others.items()))
        print_line(f"Not mail, written as mail that can be read: {kinds}.")


def _to_json(file: Path, kind: MailFormat, summary: ExportSummary) -> dict[str, Any]:
    return {
        "file": str(file),
        "directory": summary.directory,
        "format": str(kind),
        "folders": summary.folders,
        "exported": summary.exported,
        "others": summary.others,
        "failed": summary.failed,
        "failures": [
            {"nid": failure.nid, "folder": failure.folder, "reason": failure.reason} for failure in summary.failures
        ],
    }
