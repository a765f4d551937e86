"""`pst ls`: the folders of a PST file, and the messages in them."""

from typing import Annotated, Any

import typer
from rich.text import Text

from mailconnector import pst
from mailconnector.app.folder_path import join_path, split_path
from mailconnector.app.pst.folder_listing import ListedFolder, ListedMessage, list_folders, list_messages
from mailconnector.app.pst.readable_values import time_text
from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.options import DEFAULT_CODEPAGE, AsJson, Codepage, PstFile
from mailconnector.cli.terminal import (
    clean,
    counted,
    cut_text,
    list_table,
    print_json,
    print_line,
    print_warning,
    size_text,
    stdout,
)
from mailconnector.pst import Folder, PstDiskError, PstError, Store, disk


@ends_well
def ls_command(
    file: PstFile,
    folder: Annotated[
        str, typer.Argument(metavar="[FOLDER]", help="Only this folder, as Inbox/2001.", show_default=False)
    ] = "",
    messages: Annotated[bool, typer.Option("--messages", "-m", help="List the messages too.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="With the folders and messages that users do not see.")
    ] = False,
    codepage: Codepage = DEFAULT_CODEPAGE,
    as_json: AsJson = False,
) -> ExitCode:
    """List the folders of a PST file, with how many messages they hold and how many of these are unread."""
    with pst.open_store(file, codepage=codepage) as store:
        listing = _Listing(store, folder, everything=everything)
        if as_json:
            print_json({"file": str(file), "folders": [listing.to_json(found, messages) for found in listing.folders]})
        elif messages:
            listing.print_messages()
        else:
            listing.print_tree()
    return ExitCode.FINDINGS if listing.failed else ExitCode.OK


class _Listing:
    def __init__(self, store: Store, path: str, *, everything: bool) -> None:
        self._everything = everything
        self.failed = 0
        names = split_path(path)
        top = store.root if everything and not names else store.folder_at(names)
        self._above = names
        self.folders = [
            found for found in list_folders(top, self._fail) if everything or not found.search or found.folder == top
        ]

    def _fail(self, folder: Folder, error: PstError) -> None:
        self.failed += 1
        print_warning(f"folder {folder.nid:#x} cannot be read: {error}")

    def _path(self, found: ListedFolder) -> str:
        return join_path((*self._above, *found.path))

    def _messages(self, found: ListedFolder, *, associated: bool) -> list[ListedMessage]:
        try:
            return list(list_messages(found.folder, associated=associated))
        except PstDiskError:
            raise
        except PstError as error:
            if not found.search:  # Outlook keeps what a search found in tables of several kinds; they belong to nobody
                self._fail(found.folder, error)
            return []

    # -- JSON ------------------------------------------------------------------------------------------------------

    def to_json(self, found: ListedFolder, messages: bool) -> dict[str, Any]:
        """Return a folder as `--json` gives it."""
        result: dict[str, Any] = {
            "nid": found.nid,
            "path": self._path(found),
            "name": found.name,
            "class": found.container_class,
            "items": found.items,
            "unread": found.unread,
            "search": found.search,
        }
        if messages:
            result["messages"] = [_message_json(message) for message in self._messages(found, associated=False)]
            if self._everything:
                hidden = self._messages(found, associated=True)
                result["associated"] = [_message_json(message) for message in hidden]
        return result

    # -- text ------------------------------------------------------------------------------------------------------

    def print_tree(self) -> None:
        """Print the folders as a tree with their counts."""
        table = list_table(
            "Folder", "Items", "Unread", "Class", "NID", right=("Items", "Unread"), folding=("Folder", "Class")
        )
        lines = _branches([len(found.path) for found in self.folders])
        for found, line in zip(self.folders, lines, strict=True):
            name = cut_text(line, "dim").append(_name(found), style="not dim bold")
            if found.search:
                name.append("  search folder", style="not bold dim")
            unread = Text(f"{found.unread:,}", style="bold cyan") if found.unread else Text("")
            table.add_row(name, f"{found.items:,}", unread, cut_text(clean(found.container_class)), f"{found.nid:#x}")
        stdout().print(table)
        items = sum(found.items for found in self.folders if not found.search)
        print_line(f"\n{counted(len(self.folders), 'folder')}, {counted(items, 'item')}")

    def print_messages(self) -> None:
        """Print the messages folder by folder."""
        console = stdout()
        for number, found in enumerate(self.folders):
            listed = self._messages(found, associated=False)
            hidden = self._messages(found, associated=True) if self._everything else []
            if not listed and not hidden and len(self.folders) > 1:
                continue
            heading = Text(clean(self._path(found)) or _name(found), style="bold")
            heading.append(f"  {counted(len(listed), 'message')}", style="not bold dim")
            if number:
                console.print()
            console.print(heading)
            if listed or hidden:
                table = list_table(
                    "NID", "", "Date", "From", "Subject", "Size", right=("Size",), folding=("From", "Subject")
                )
                for message in (*listed, *hidden):
                    _add_row(table, message)
                console.print(table)


def _name(found: ListedFolder) -> str:
    return clean(found.name) or ("(root folder)" if found.nid == disk.NID_ROOT_FOLDER else "(no name)")


def _branches(depths: list[int]) -> list[str]:
    """Return the lines that join the rows of a tree, given the depth of each row."""
    lines: list[str] = []
    open_below: list[bool] = []  # by depth: whether a later row hangs there too
    for depth in reversed(depths):
        open_below += [False] * (depth + 1 - len(open_below))
        more = open_below[depth]
        line = "".join("│  " if open_below[above] else "   " for above in range(1, depth))
        lines.append(line + ("" if not depth else "├─ " if more else "└─ "))
        open_below[depth] = True
        del open_below[depth + 1 :]
    return lines[::-1]


def _add_row(table: Any, message: ListedMessage) -> None:
    style = "" if message.read else "bold"
    marks = ("" if message.read else "●") + ("@" if message.attachments else "")
    date = message.date.astimezone().strftime("%Y-%m-%d %H:%M") if message.date else ""
    subject = cut_text(clean(message.subject) or "(no subject)", style)
    if not message.message_class.casefold().startswith("ipm.note"):
        subject.append(f"  {clean(message.message_class)}", style="not bold dim")
    table.add_row(
        f"{message.nid:#x}", marks, date, cut_text(clean(message.author), style), subject, size_text(message.size)
    )


def _message_json(message: ListedMessage) -> dict[str, Any]:
    return {
        "nid": message.nid,
        "date": time_text(message.date) or None,
        "from": message.author,
        "subject": message.subject,
        "size": message.size,
        "read": message.read,
        "attachments": message.attachments,
        "class": message.message_class,
    }
