"""`pst create`: a new, empty PST file."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from mailconnector import pst
from mailconnector.app.pst.store_facts import store_facts
from mailconnector.cli.exits import ends_well
from mailconnector.cli.options import DEFAULT_CODEPAGE, AsJson, Codepage
from mailconnector.cli.pst_info import facts_json
from mailconnector.cli.terminal import clean, counted, print_json, print_line


@ends_well
def create_command(
    file: Annotated[Path, typer.Argument(metavar="OUT.pst", help="Where to make it.", show_default=False)],
    format: Annotated[
        Literal["unicode", "ansi"],
        typer.Option(help="unicode for Outlook 2003 and later; ansi for Outlook 97 to 2002, 2 GB at most."),
    ] = "unicode",
    encryption: Annotated[
        Literal["none", "permute", "cyclic"],
        typer.Option(help="How data is encoded; permute is what Outlook does. None of them protects anything."),
    ] = "permute",
    name: Annotated[str, typer.Option(help="The name that Outlook shows.")] = "Outlook Data File",
    folders: Annotated[
        bool, typer.Option("--folders/--no-folders", help="Make Inbox, Sent Items, Contacts, Calendar and the others.")
    ] = True,
    codepage: Codepage = DEFAULT_CODEPAGE,
    as_json: AsJson = False,
) -> None:
    """Make a new, empty PST file. An existing file is never overwritten."""
    with pst.create_store(
        file, format=format, encryption=encryption, name=name, usual_folders=folders, codepage=codepage
    ) as store:
        facts = store_facts(store)
        count = len(list(store.ipm_subtree.folders()))
    if as_json:
        print_json(facts_json(file, facts))
    else:
        print_line(f"Made {clean(str(file))}: {format}, {encryption} encoding, {counted(count, 'folder')}.")
