"""`mailconnector log`: what synchronisation changed, and when."""

import json
import re
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from mailconnector.app.account.profile import Account, Profile
from mailconnector.app.folder_path import split_path
from mailconnector.app.sync.accounts import chosen_accounts
from mailconnector.app.sync.paths import resolve
from mailconnector.cli.exits import ends_well
from mailconnector.cli.options import AnyAccount, AsJson, ProfileFile
from mailconnector.cli.sync_words import CONFLICTS, LOG_STEPS, TO_SIDE
from mailconnector.cli.terminal import clean, list_table, print_line, print_notice, stdout
from mailconnector.items import label_of
from mailconnector.sync import Conflict, State, Step, log
from mailconnector.sync.log import LogEntry

_AGO = re.compile(r"(\d{1,5})\s*(m|min|h|d|w)")
_UNITS = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@ends_well
def log_command(
    account: AnyAccount = None,
    profile: ProfileFile = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN", help="Only from then on: 2026-11-20, '2026-11-20 14:30', 2h, 3d.", show_default=False
        ),
    ] = None,
    folder: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Only this folder, as Inbox/2026.", show_default=False)
    ] = None,
    last: Annotated[
        int, typer.Option("--last", metavar="COUNT", min=0, help="At most so many, the latest; 0: all.")
    ] = 200,
    as_json: AsJson = False,
) -> None:
    """Show what was changed, on which side, and when. The log goes back a month, unless the profile says otherwise.

    With --json each change is an object on a line of its own.
    """
    start = _moment(since)
    found = chosen_accounts(Profile.load(profile), account)
    entries: deque[tuple[str, LogEntry]] = deque(maxlen=last or None)
    for each in found:
        for entry in _entries(each, start, folder):
            if as_json and not last:
                _write(each.key, entry)
            else:
                entries.append((each.key, entry))
    if as_json:
        for key, entry in entries:
            _write(key, entry)
        return
    if not entries:
        print_notice("Nothing was changed" + (" since then." if since else " yet."))
        return
    names = ("When", "Account") if len(found) > 1 else ("When",)
    table = list_table(*names, "Where", "What", "Folder", "Item", folding=("Folder", "Item"))
    for key, entry in sorted(entries, key=lambda pair: pair[1].at):
        heads = (entry.at.astimezone().strftime("%m-%d %H:%M:%S"), clean(key))[: len(names)]
        item = clean(entry.title, 80)
        if entry.note:
            item = f"{item} ({_note(entry.note)})" if item else _note(entry.note)
        where, word = TO_SIDE.get(entry.side, entry.side), LOG_STEPS.get(entry.step, entry.step)
        if entry.step == Step.MOVE.value and entry.note and not entry.title:
            word, item = "folder moved", f"now {item}"
        table.add_row(*heads, where, word, clean(entry.folder), item)
    stdout().print(table)
    if last and len(entries) == last:
        print_line(f"The latest {last:,}; --last 0 shows all.", "dim")


def _entries(account: Account, start: datetime | None, folder: str | None) -> Iterator[LogEntry]:
    if not account.state_path.exists():
        return
    with closing(State(str(account.state_path))) as state:
        path = "/".join(resolve(state, split_path(folder))) if folder else None
        yield from log.read(state, since=start, folder=path)


def _note(note: str) -> str:
    word, _, fields = note.partition(": ")
    conflict = next((CONFLICTS[one] for one in Conflict if one.value == word), "")
    if not conflict:
        return clean(note)
    return f"{conflict} ({clean(', '.join(map(label_of, fields.split(', '))))})" if fields else conflict


def _write(account: str, entry: LogEntry) -> None:
    value: dict[str, Any] = {
        "account": account,
        "at": entry.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "step": entry.step,
        "side": entry.side,
        "folder": entry.folder,
        "title": entry.title,
        "note": entry.note,
    }
    sys.stdout.write(json.dumps(value) + "\n")


def _moment(text: str | None) -> datetime | None:
    """Return the moment that a user means, times without a zone being local."""
    if text is None:
        return None
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago:
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter("as 2026-11-20, '2026-11-20 14:30', 2h or 3d", param_hint="--since") from error
