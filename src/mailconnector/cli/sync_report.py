"""What came of a round, as a summary for people and as JSON."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from mailconnector.app.delegate.copying import CopyReport
from mailconnector.app.folder_path import join_path
from mailconnector.app.sync.round import Count, Outcome
from mailconnector.app.sync.verdict import Verdict
from mailconnector.cli.outbox_report import letter_json, print_outbox
from mailconnector.cli.sync_words import CONFLICTS, ON_SIDE, STEPS, VERDICTS, counts_text, moved_text, seconds_text
from mailconnector.cli.terminal import clean, counted, cut_text, list_table, print_line, stdout
from mailconnector.items import label_of
from mailconnector.sync import Step
from mailconnector.sync.plan import FolderAction
from mailconnector.sync.report import Clash, Held, Notice, Report, Trouble

_SHOWN = 20
"""Conflicts, failures and folders that are told one by one."""
_TITLES = 5


def print_outcome(outcome: Outcome) -> None:
    """Write what came of a round."""
    report = outcome.report
    if report is not None:
        _print_counts(outcome)
        _print_folders(report)
        _print_clashes(report.clashes)
        _print_notices(report.notices)
        _print_troubles(report.troubles)
    if outcome.outbox is not None:
        print_outbox(outcome.outbox, outcome.account, alone=outcome.error is None)
    if outcome.copies is not None:
        _print_copies(outcome.copies)
    _print_verdict(outcome)
    if report is not None:
        print_held(report.held, outcome.account)


def _print_verdict(outcome: Outcome) -> None:
    words, style = VERDICTS[outcome.verdict]
    report = outcome.report
    text = Text(f"{clean(outcome.account)}: {words}", style=style)
    if report is not None and report.rehearsed:
        done = counts_text(outcome.counts) or ("folders only" if report.folders else "nothing")
        text = Text(f"{clean(outcome.account)}: ", style="bold").append(f"to be done: {done}. Nothing was changed.")
        print_line(text)
        return
    if outcome.error is not None:
        text.append(f": {clean(str(outcome.error))}", style="not bold default")
    else:
        facts = ["nothing to do"] if not outcome.done and outcome.verdict is Verdict.IN_STEP else []
        facts.append(seconds_text(outcome.seconds))
        if report is not None and (moved := moved_text(report.bytes_moved, outcome.seconds)):
            facts.append(moved)
        text.append(f" ({', '.join(facts)})", style="not bold default")
    print_line(text)
    for line in _totals(outcome):
        print_line(f"  {line}")
    if outcome.error is not None and outcome.error.hint:
        print_line("  " + clean(outcome.error.hint))
    if outcome.verdict is Verdict.STOPPED:
        print_line("  What is done stays done; the next run goes on from here.")
    if outcome.verdict is Verdict.LOST:
        print_line("  Nothing is lost or doubled: the next run goes on from here.")


def _totals(outcome: Outcome) -> list[str]:
    parts = []
    for side, words in (("local", "to the PST"), ("remote", "to the server")):
        text = counts_text(count for count in outcome.counts if count.side == side and count.step != "link")
        if text:
            parts.append(f"{words}: {text}")
    linked = sum(count.times for count in outcome.counts if count.step == "link")
    if linked:
        parts.append(f"recognised as the same: {linked:,}")
    if outcome.report is not None and outcome.report.folders:
        parts.append(f"folders made, renamed, moved, deleted: {len(outcome.report.folders):,}")
    return parts


def _print_counts(outcome: Outcome) -> None:
    by_folder: dict[str, dict[str, list[Count]]] = defaultdict(lambda: defaultdict(list))
    for count in outcome.counts:
        if count.step in STEPS:
            by_folder[count.folder][count.side].append(count)
    if not by_folder:
        return
    table = list_table("Folder", "To the PST", "To the server", folding=("Folder", "To the PST", "To the server"))
    for folder, sides in sorted(by_folder.items()):
        table.add_row(clean(folder), counts_text(sides["local"]), counts_text(sides["remote"]))
    stdout().print(table)
    print_line("")


def _print_folders(report: Report) -> None:
    for action in report.folders[:_SHOWN]:
        print_line(folder_action_text(action))
    _print_more(len(report.folders) - _SHOWN, "more folder change")
    if report.folders:
        print_line("")


def folder_action_text(action: FolderAction) -> str:
    """Return what was done, or would be done, to a folder."""
    path = clean("/".join(action.path))
    where = ON_SIDE[action.side.value]
    if action.step is Step.MOVE:
        return f"Folder {path} is now {clean('/'.join(action.target))} {where}"
    words = {Step.CREATE: "made", Step.DELETE: "deleted", Step.HIDE: "hidden"}.get(action.step, action.step.value)
    return f"Folder {path} {words} {where}"


def _print_clashes(clashes: Sequence[Clash]) -> None:
    if not clashes:
        return
    table = list_table("Conflict in", "Item", "What was done", folding=("Conflict in", "Item", "What was done"))
    for clash in clashes[:_SHOWN]:
        what = CONFLICTS[clash.conflict]
        if clash.fields:
            what += f" ({clean(', '.join(map(label_of, clash.fields)), 200)})"
        table.add_row(clean("/".join(clash.folder)), clean(clash.title, 60), what)
    stdout().print(table)
    _print_more(len(clashes) - _SHOWN, "more conflict")
    print_line("")


def _print_notices(notices: Sequence[Notice]) -> None:
    for notice in notices[:_SHOWN]:
        text = Text("Kept as it came: ", style="bold yellow")
        what = f"{clean('/'.join(notice.folder))}: {clean(notice.title, 60)}: {clean(notice.text)}"
        print_line(text.append(what, style="not bold default"))
    _print_more(len(notices) - _SHOWN, "more item that cannot be read as what its folder is for")


def _print_troubles(troubles: Sequence[Trouble]) -> None:
    shown = [trouble for trouble in troubles if str(trouble.error)]
    for trouble in shown[:_SHOWN]:
        place = clean("/".join(trouble.folder))
        what = f"{place}: {clean(trouble.title, 60)}" if trouble.title else place
        text = Text("Failed: ", style="bold red")
        text.append(f"{what}: " if what else "", style="not bold default")
        text.append(clean(str(trouble.error)), style="not bold default")
        print_line(text)
        if trouble.error.hint:
            print_line("  " + clean(trouble.error.hint))
    _print_more(len(shown) - _SHOWN, "more failure")
    if any(trouble.title or trouble.folder for trouble in shown):
        print_line("  What failed is tried again in later runs; `mailconnector status` shows it.")


def _print_copies(copies: CopyReport) -> None:
    for copy in copies.sent[:_SHOWN]:
        print_line(f"Meeting request sent on to {clean(copy.to)}: {clean(copy.subject, 60) or '(no subject)'}")
    _print_more(len(copies.sent) - _SHOWN, "more meeting request that was sent on", "more that were sent on")
    if copies.waiting:
        print_line(f"{counted(copies.waiting, 'meeting request')} to be sent on in a later run.")
    for trouble in copies.troubles[:_SHOWN]:
        what = f" to {clean(trouble.to)}: {clean(trouble.subject, 60)}" if trouble.to else ""
        text = Text("Not sent on: " if trouble.to else "Meeting requests for delegates: ", style="bold red")
        text.append(f"{what.strip()}: " if what else "", style="not bold default")
        print_line(text.append(clean(str(trouble.error)), style="not bold default"))
        if trouble.error.hint:
            print_line("  " + clean(trouble.error.hint))
    _print_more(len(copies.troubles) - _SHOWN, "more failure")


def print_held(held: Sequence[Held], account: str) -> None:
    """Write which deletions wait for the user's word, and how to give it."""
    if not held:
        return
    print_line("")
    print_line(Text("These deletions wait for your word; nothing of them was done:", style="bold yellow"))
    table = list_table(
        "Number", "Folder", "Would be deleted", "Among them", right=("Number",), folding=("Folder", "Among them")
    )
    for one in held:
        what = f"{one.deletions:,} of {one.items:,} {ON_SIDE[one.side.value]}" if one.items else "the folder"
        titles = ", ".join(clean(title, 30) for title in one.titles[:_TITLES] if title)
        table.add_row(str(one.row), clean("/".join(one.folder)), what, cut_text(titles))
    stdout().print(table)
    name = clean(account)
    print_line(f"  They were meant:      mailconnector sync {name} --delete-held     (or --delete NUMBER)")
    print_line(f"  Bring them back:      mailconnector sync {name} --restore-held    (or --restore NUMBER)")


def _print_more(count: int, noun: str, plural: str = "") -> None:
    if count > 0:
        print_line(f"... and {counted(count, noun, plural)}", "dim")


# -- for programs ------------------------------------------------------------------------------------------------------


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """Return what came of a round as `--json` gives it."""
    report, error = outcome.report, outcome.error
    return {
        "account": outcome.account,
        "at": outcome.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "verdict": outcome.verdict.name.lower(),
        "seconds": round(outcome.seconds, 3),
        "bytes": report.bytes_moved if report else 0,
        "rehearsed": bool(report and report.rehearsed),
        "done": [
            {"folder": count.folder, "side": count.side, "step": count.step, "count": count.times}
            for count in outcome.counts
        ],
        "folders": [
            {
                "step": action.step.value,
                "side": action.side.value,
                "folder": join_path(action.path),
                "target": join_path(action.target),
            }
            for action in (report.folders if report else ())
        ],
        "conflicts": [
            {
                "conflict": clash.conflict.value,
                "folder": join_path(clash.folder),
                "title": clash.title,
                "fields": list(clash.fields),
            }
            for clash in (report.clashes if report else ())
        ],
        "failures": [
            {
                "reach": trouble.radius.value,
                "folder": join_path(trouble.folder),
                "title": trouble.title,
                "reason": str(trouble.error),
                "hint": trouble.error.hint,
            }
            for trouble in (report.troubles if report else ())
        ],
        "kept": [
            {"folder": join_path(notice.folder), "title": notice.title, "reason": notice.text}
            for notice in (report.notices if report else ())
        ],
        "outbox": [letter_json(one) for one in (outcome.outbox.letters if outcome.outbox else ())],
        "copies": [{"to": copy.to, "title": copy.subject} for copy in (outcome.copies.sent if outcome.copies else ())],
        "copies_waiting": outcome.copies.waiting if outcome.copies else 0,
        "copies_failed": [
            {"to": trouble.to, "title": trouble.subject, "reason": str(trouble.error), "hint": trouble.error.hint}
            for trouble in (outcome.copies.troubles if outcome.copies else ())
        ],
        "held": [held_json(held) for held in (report.held if report else ())],
        "error": str(error) if error else "",
        "hint": error.hint if error else "",
    }


def held_json(held: Held) -> dict[str, Any]:
    """Return deletions that wait for the user as `--json` gives them."""
    return {
        "number": held.row,
        "folder": join_path(held.folder),
        "side": held.side.value,
        "deletions": held.deletions,
        "items": held.items,
        "emptied": held.emptied,
        "titles": list(held.titles),
    }
