"""`mailconnector status`: how accounts and their folders stand."""

from datetime import datetime
from typing import Any

from rich.text import Text

from mailconnector.app.account.profile import Profile
from mailconnector.app.folder_path import join_path
from mailconnector.app.sync.accounts import chosen_accounts, job_for
from mailconnector.app.sync.status import AccountStatus, FailedItem, FolderStatus, account_status
from mailconnector.app.sync.verdict import Verdict
from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.options import AnyAccount, AsJson, ProfileFile
from mailconnector.cli.sync_report import held_json, print_held
from mailconnector.cli.sync_words import ON_SIDE, VERDICTS, moved_text, seconds_text, when_text
from mailconnector.cli.terminal import clean, counted, list_table, print_json, print_line, stdout
from mailconnector.sync import FolderOptions, Mode

_FAILED = 20


@ends_well
def status_command(
    account: AnyAccount = None,
    profile: ProfileFile = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Show how accounts stand: the last run, what is in step, what waits, what failed, what is held.

    It is told from what the last runs left behind; neither server nor PST is asked. Exits with 0 when all accounts were
    left in step, with 5 when deletions wait for your word, else with 1.
    """
    loaded = Profile.load(profile)
    found = [account_status(job_for(each)) for each in chosen_accounts(loaded, account)]
    if as_json:
        print_json({"profile": str(loaded.path), "accounts": [_to_json(status) for status in found]})
    else:
        for number, status in enumerate(found):
            if number:
                print_line("")
            _print_status(status)
    if any(status.held for status in found):
        return ExitCode.HELD
    in_step = all(status.last is not None and status.last.verdict is Verdict.IN_STEP for status in found)
    return ExitCode.OK if in_step and not any(status.failed for status in found) else ExitCode.FINDINGS


def _print_status(status: AccountStatus) -> None:
    name = clean(status.account)
    last = status.last
    if last is None:
        print_line(Text(name, style="bold").append(": never synchronised. ", style="not bold"))
        print_line(f"  mailconnector sync {name}")
        return
    words, style = VERDICTS[last.verdict]
    text = Text(f"{name}: {words}", style=style)
    facts = [f"last run {when_text(last.at)}", f"took {seconds_text(last.seconds)}", counted(last.done, "change")]
    if moved := moved_text(last.bytes_moved, last.seconds):
        facts.append(moved)
    print_line(text.append(f" ({', '.join(facts)})", style="not bold default"))
    if last.problem:
        print_line(f"  {clean(last.problem)}")
        if last.hint:
            print_line(f"  {clean(last.hint)}")
    if last.verdict is not Verdict.IN_STEP and status.in_step_at is not None:
        print_line(f"  Last in step: {when_text(status.in_step_at)}")
    if status.unfinished:
        print_line("  The last run was cut off; the next one finds out what became of its last batch.")
    if status.folders:
        table = list_table(
            "Folder", "Items", "State", "Last opened", "When", right=("Items",), folding=("Folder", "State")
        )
        for folder in status.folders:
            table.add_row(
                clean("/".join(folder.path)),
                f"{folder.items:,}",
                _state_text(folder, status),
                when_text(folder.visited) if folder.visited else "never",
                mode_text(folder.options),
            )
        stdout().print(table)
    _print_failed(status.failed)
    print_held(status.held, status.account)


def _state_text(folder: FolderStatus, account: AccountStatus) -> Text:
    if folder.options.mode is Mode.NEVER:
        return Text("left alone", style="dim")
    if folder.held:
        return Text(f"{folder.held:,} deletion{'s' * (folder.held != 1)} held", style="bold yellow")
    if folder.failed:
        return Text(f"{folder.failed:,} failed", style="bold red")
    if folder.waiting:
        return Text(f"{folder.waiting:,} waiting", style="yellow")
    if folder.one_sided:
        return Text(f"not yet {ON_SIDE[folder.one_sided]}", style="yellow")
    # A folder that never showed a change was never opened.
    return (
        Text("in step", style="green") if folder.visited or account.in_step_at else Text("not looked at", style="dim")
    )


def mode_text(options: FolderOptions) -> str:
    """Return when a folder is synchronised, in short."""
    return f"every {options.minutes} min" if options.mode is Mode.INTERVAL else options.mode.value


def _print_failed(failed: tuple[FailedItem, ...]) -> None:
    if not failed:
        return
    table = list_table("Failed", "Why", "Tried", "Next try", right=("Tried",), folding=("Failed", "Why"))
    for item in failed[:_FAILED]:
        place = clean("/".join(item.folder)) + (f": {clean(item.title, 60)}" if item.title else "")
        table.add_row(place, clean(item.reason), f"{item.attempts} x", when_text(item.next_try))
    stdout().print(table)
    if len(failed) > _FAILED:
        print_line(f"... and {counted(len(failed) - _FAILED, 'more failed item')}", "dim")


def _to_json(status: AccountStatus) -> dict[str, Any]:
    last = status.last
    return {
        "account": status.account,
        "last": None
        if last is None
        else {
            "at": _iso(last.at),
            "verdict": last.verdict.name.lower(),
            "seconds": round(last.seconds, 3),
            "done": last.done,
            "bytes": last.bytes_moved,
            "problem": last.problem,
            "hint": last.hint,
        },
        "in_step_at": _iso(status.in_step_at),
        "unfinished": status.unfinished,
        "folders": [
            {
                "folder": join_path(folder.path),
                "items": folder.items,
                "in_step": folder.in_step,
                "waiting": folder.waiting,
                "failed": folder.failed,
                "held": folder.held,
                "visited": _iso(folder.visited),
                "missing": folder.one_sided,
                "mode": folder.options.mode.value,
            }
            for folder in status.folders
        ],
        "failed": [
            {
                "folder": join_path(item.folder),
                "side": item.side,
                "title": item.title,
                "reason": item.reason,
                "attempts": item.attempts,
                "next_try": _iso(item.next_try),
            }
            for item in status.failed
        ],
        "held": [held_json(held) for held in status.held],
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z") if at else None
