"""`pst import`: files of messages, calendars and cards into folders of a PST file."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from mailconnector import pst
from mailconnector.app.folder_path import join_path, split_path
from mailconnector.app.pst.files_written import NumberedFiles, prepare_directory
from mailconnector.app.pst.importing import ImportedSource, import_source
from mailconnector.app.pst.source_kinds import SourceKind
from mailconnector.app.pst.sources import Source, open_sources
from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.interrupts import held_interrupts
from mailconnector.cli.options import DEFAULT_CODEPAGE, AsJson, Codepage, PstFile
from mailconnector.cli.terminal import clean, counted, print_json, print_line, print_warning, progress_bar

_KINDS = {
    SourceKind.MAIL: "eml",
    SourceKind.MBOX: "mbox",
    SourceKind.MAILDIR: "Maildir",
    SourceKind.CALENDAR: "calendar",
    SourceKind.CARDS: "cards",
    SourceKind.MSG: "msg",
    SourceKind.TNEF: "TNEF",
    SourceKind.DIRECTORY: "directory",
}
_MANY = 5  # sources that are told one by one


@ends_well
def import_command(
    file: PstFile,
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE...",
            help="Messages (.eml, .msg, winmail.dat), mbox files, Maildirs, calendars (.ics), cards (.vcf), "
            "directories of these.",
            show_default=False,
        ),
    ],
    folder: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="The folder to put it in, as Inbox/2001; made if missing. Without it, Outlook's own folder for each "
            "kind of item.",
            show_default=False,
        ),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Bring items that are there already, by their UID, up to date.")
    ] = False,
    rejects: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where to write the entries of calendars and cards that cannot be read, a file each.",
            show_default=False,
        ),
    ] = None,
    codepage: Codepage = DEFAULT_CODEPAGE,
    as_json: AsJson = False,
) -> ExitCode:
    """Bring messages, calendars and cards into folders of a PST file.

    What a source is, is told by its content. Directories inside a source become folders. An item goes into a folder of
    its kind: where the folder is of another kind, into one inside of it. Appointments, contacts, tasks, notes and
    journal entries that are there already are not imported again. Each source is one transaction, and so are single
    files of a kind that are named one after another: what is broken is passed over and reported; if anything else goes
    wrong, or you press Ctrl-C, nothing of the source is kept.
    """
    opened = open_sources(sources)
    names = None if folder is None else split_path(folder)
    if rejects is not None:
        prepare_directory(rejects)
    with pst.open_store(file, writable=True, codepage=codepage) as store:
        done: list[ImportedSource] = []
        _import_all(store, opened, names, done, update=update, rejects=rejects)
    failed = sum(result.failed for result in done)
    if as_json:
        print_json(_to_json(file, names, done))
    else:
        _print_results(names, done)
    return ExitCode.FINDINGS if failed else ExitCode.OK


def _import_all(
    store: pst.Store,
    sources: list[Source],
    names: tuple[str, ...] | None,
    done: list[ImportedSource],
    *,
    update: bool,
    rejects: Path | None,
) -> None:
    files = None if rejects is None else NumberedFiles(rejects)

    def keep(data: bytes, suffix: str) -> None:
        if files is not None:
            files.write("", suffix, data)

    with held_interrupts() as check, progress_bar() as bar:

        def tell(stage: str, at: int, total: int) -> None:
            check()
            bar(stage, at, total)

        try:
            for source in sources:
                done.append(import_source(store, source, names, tell, update=update, keep_broken=keep))
        except KeyboardInterrupt as interrupt:
            raise KeyboardInterrupt(_stopped(sources, done)) from interrupt
        finally:
            for result in done:
                _warn(result)


def _stopped(sources: list[Source], done: list[ImportedSource]) -> str:
    if not done:
        return "Stopped. Nothing was imported: the PST is as it was."
    imported = sum(result.imported for result in done)
    return (
        f"Stopped. {counted(imported, 'item')} of the first {counted(len(done), 'source')} are in the PST; "
        f"nothing of the other {len(sources) - len(done)}."
    )


def _warn(result: ImportedSource) -> None:
    for failure in result.failures:
        print_warning(f"passed over {failure.place}: {failure.reason}")
    for notice in result.notices:
        print_warning(f"{notice.place} is imported as it is: {notice.reason}")
    more = result.failed - len(result.failures)
    if more:
        print_warning(f"passed over {counted(more, 'more item')} of {result.source}")


def _print_results(names: tuple[str, ...] | None, done: list[ImportedSource]) -> None:
    if 1 < len(done) <= _MANY or any(result.skipped for result in done):
        for result in done:
            line = f"{clean(result.source)} ({_KINDS[result.kind]}): {counted(result.imported, 'item')}"
            if result.skipped:
                line += f", {counted(result.skipped, 'file')} of other kinds passed over"
            print_line(line)
    failed = sum(result.failed for result in done)
    imported = sum(result.imported for result in done)
    folders = list(dict.fromkeys(path for result in done for path in result.folders))
    text = Text(f"Imported {counted(imported, 'item')}")
    if len(folders) > 1:
        text.append(f" into {counted(len(folders), 'folder')}")
    elif folders or names is not None:
        text.append(f" into {clean(folders[0] if folders else join_path(names or ())) or 'the top folder'}")
    text.append(".")
    for count, what in (
        (sum(result.updated for result in done), "brought up to date"),
        (sum(result.present for result in done), "there already"),
    ):
        if count:
            text.append(f" {counted(count, 'item')} {what}.")
    if failed:
        text.append(f" {counted(failed, 'item')} failed.", style="bold yellow")
    print_line(text)


def _to_json(file: Path, names: tuple[str, ...] | None, done: list[ImportedSource]) -> dict[str, Any]:
    return {
        "file": str(file),
        "folder": None if names is None else join_path(names),
        "imported": sum(result.imported for result in done),
        "updated": sum(result.updated for result in done),
        "present": sum(result.present for result in done),
        "failed": sum(result.failed for result in done),
        "sources": [
            {
                "files": list(result.files),
                "kind": str(result.kind),
                "imported": result.imported,
                "updated": result.updated,
                "present": result.present,
                "folders": result.folders,
                "failed": result.failed,
                "skipped": result.skipped,
                "failures": [{"place": failure.place, "reason": failure.reason} for failure in result.failures],
                "notices": [{"place": notice.place, "reason": notice.reason} for notice in result.notices],
            }
            for result in done
        ],
    }
