"""What became of messages that were to be sent, for people and as JSON."""

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from mailconnector.app.send.fates import Fate, OutboxReport, Told
from mailconnector.cli.exits import ExitCode
from mailconnector.cli.sync_words import when_text
from mailconnector.cli.terminal import clean, counted, print_line

_STYLES = {
    Fate.SENT: "green",
    Fate.PARTLY: "bold yellow",
    Fate.WAITING: "yellow",
    Fate.REFUSED: "bold red",
    Fate.UNKNOWN: "bold red",
}
_WORDS = {
    Fate.SENT: "Sent",
    Fate.PARTLY: "Sent in part",
    Fate.WAITING: "Waits",
    Fate.DEFERRED: "Not due yet",
    Fate.READY: "Lies ready",
    Fate.OPEN: "Taken back",
    Fate.REFUSED: "Not sent",
    Fate.UNKNOWN: "Nobody knows whether it went",
}
_SHOWN = 20


def print_letters(letters: Sequence[Told], account: str) -> None:
    """Write what became of messages, a few lines each."""
    for one in letters[:_SHOWN]:
        text = Text(f"{_WORDS[one.fate]}: ", style=_STYLES.get(one.fate, ""))
        text.append(clean(one.title, 60) or "(without a subject)", style="not bold default")
        if one.accepted and one.fate in (Fate.SENT, Fate.PARTLY):
            text.append(f", to {clean(', '.join(one.accepted), 200)}", style="not bold default")
        if one.again is not None:
            text.append(f", until {when_text(one.again)}", style="not bold default")
        print_line(text)
        for refused in one.refused:
            print_line(f"  {clean(refused.recipient)}: {clean(refused.text)}")
        if one.reason:
            print_line(f"  {clean(one.reason)}")
        if one.hint:
            print_line(f"  {clean(one.hint)}")
        if one.fate is Fate.UNKNOWN:
            print_line(f"  mailconnector outbox gone {clean(account)} {one.nid:#x}     it has gone, so file it")
            print_line(f"  mailconnector outbox retry {clean(account)} {one.nid:#x}    it has not, so send it again")
        elif one.fate is Fate.REFUSED:
            print_line(f"  Change it in Outlook, or: mailconnector outbox retry {clean(account)} {one.nid:#x}")
    if len(letters) > _SHOWN:
        print_line(f"... and {counted(len(letters) - _SHOWN, 'more message')}", "dim")


def print_outbox(report: OutboxReport, account: str, *, alone: bool) -> None:
    """Write what came of the Outbox in a run.

    Args:
        report: what came of it.
        account: the account's name.
        alone: nothing else is wrong. A PST that cannot be opened is told once.
    """
    print_letters(report.letters, account)
    if report.error is not None and alone:
        print_line(Text("The Outbox: ", style="bold red").append(clean(str(report.error)), style="not bold default"))
        if report.error.hint:
            print_line(f"  {clean(report.error.hint)}")


def letter_json(one: Told) -> dict[str, Any]:
    """Return what became of a message for machines."""
    return {
        "id": f"{one.nid:#x}",
        "title": one.title,
        "fate": one.fate.name.lower(),
        "message_id": one.message_id,
        "accepted": list(one.accepted),
        "refused": [{"recipient": refused.recipient, "reason": refused.text} for refused in one.refused],
        "reason": one.reason,
        "hint": one.hint,
        "again": one.again.isoformat(timespec="seconds").replace("+00:00", "Z") if one.again else None,
    }


def code_of_report(report: OutboxReport) -> ExitCode:
    """Return the exit code that tells what became of messages."""
    return ExitCode.FINDINGS if report.is_trouble else ExitCode.OK
