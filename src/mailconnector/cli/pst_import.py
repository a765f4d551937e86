"""`pst import`: mail files into a folder of a PST file."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from mailconnector import pst
from mailconnector.app.folder_path import join_path, split_path
from mailconnector.app.pst.import_mail import ImportedSource, import_source
from mailconnector.app.pst.mail_sources import MailSource, SourceKind, open_sources
from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.interrupts import held_interrupts
from mailconnector.cli.options import DEFAULT_CODEPAGE, AsJson, Codepage, PstFile
from mailconnector.cli.terminal import clean, counted, print_json, print_line, print_warning, progress_bar

_KINDS = {
    SourceKind.MAIL: "eml",
    SourceKind.MBOX: "mbox",
    SourceKind.MAILDIR: "Maildir",
    SourceKind.DIRECTORY: "directory",
}
_MANY = 5  # sources that are told one by one


@ends_well
def import_command(
    file: PstFile,
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE...", help="Messages (.eml), mbox files, Maildirs, directories of these.", show_default=False
        ),
    ],
    folder: Annotated[
        str,
        typer.Option(
            metavar="PATH", help="The folder to put it in, as Inbox/2001; made if missing.", show_default=False
        ),
    ],
    codepage: Codepage = DEFAULT_CODEPAGE,
    as_json: AsJson = False,
) -> ExitCode:
    """Bring mail into a folder of a PST file.

    What a source is, is told by its content. Directories inside a source become folders. Each source is one
    transaction, and so are single messages that are named one after another: a message that is broken is passed over
    and reported; if anything else goes wrong, or you press Ctrl-C, nothing of the source is kept.
    """
    opened = open_sources(sources)
    names = split_path(folder)
    with pst.open_store(file, writable=True, codepage=codepage) as store:
        done: list[ImportedSource] = []
        _import_all(store, opened, names, done)
    failed = sum(result.failed for result in done)
    if as_json:
        print_json(_to_json(file, names, done))
    else:
        _print_results(file, names, done)
    return ExitCode.FINDINGS if failed else ExitCode.OK


def _import_all(
    store: pst.Store, sources: list[MailSource], names: tuple[str, ...], done: list[ImportedSource]
) -> None:
    with held_interrupts() as check, progress_bar() as bar:

        def tell(stage: str, at: int, total: int) -> None:
            check()
            bar(stage, at, total)

        try:
            for source in sources:
                done.append(import_source(store, source, names, tell))
        except KeyboardInterrupt as interrupt:
            raise KeyboardInterrupt(_stopped(sources, done)) from interrupt
        finally:
            for result in done:
                _warn(result)


def _stopped(sources: list[MailSource], done: list[ImportedSource]) -> str:
    if not done:
        return "Stopped. Nothing was imported: the PST is as it was."
    imported = sum(result.imported for result in done)
    return (
        f"Stopped. {counted(imported, 'message')} of the first {counted(len(done), 'source')} are in the PST; "
        f"nothing of the other {len(sources) - len(done)}."
    )


def _warn(result: ImportedSource) -> None:
    for failure in result.failures:
        print_warning(f"passed over {failure.place}: {failure.reason}")
    more = result.failed - len(result.failures)
    if more:
        print_warning(f"passed over {counted(more, 'more message')} of {result.source}")


def _print_results(file: Path, names: tuple[str, ...], done: list[ImportedSource]) -> None:
    if 1 < len(done) <= _MANY or any(result.skipped for result in done):
        for result in done:
            line = f"{clean(result.source)} ({_KINDS[result.kind]}): {counted(result.imported, 'message')}"
            if result.skipped:
                line += f", {counted(result.skipped, 'file')} that are no mail passed over"
            print_line(line)
    failed = sum(result.failed for result in done)
    imported = sum(result.imported for result in done)
    text = Text(f"Imported {counted(imported, 'message')} into {clean(join_path(names)) or 'the top folder'}.")
    if failed:
        text.append(f" {counted(failed, 'message')} failed.", style="bold yellow")
    print_line(text)


def _to_json(file: Path, names: tuple[str, ...], done: list[ImportedSource]) -> dict[str, Any]:
    return {
        "file": str(file),
        "folder": join_path(names),
        "imported": sum(result.imported for result in done),
        "failed": sum(result.failed for result in done),
        "sources": [
            {
                "files": list(result.files),
                "kind": str(result.kind),
                "imported": result.imported,
                "failed": result.failed,
                "skipped": result.skipped,
                "failures": [{"place": failure.place, "reason": failure.reason} for failure in result.failures],
            }
            for result in done
        ],
    }
