"""The commands `mailconnector outbox ...`: what is to be sent, and what did not go."""

from typing import Annotated

import typer

from mailconnector.app.account.model import Account as AccountModel
from mailconnector.app.account.profile import Profile
from mailconnector.app.errors import AppUsageError
from mailconnector.app.lock import held_lock
from mailconnector.app.send.delivering import Choice, deliver
from mailconnector.app.send.fates import Fate, OutboxReport, Told
from mailconnector.app.send.tending import have_sent, outbox_letters, take_back
from mailconnector.app.sync.accounts import job_for
from mailconnector.cli.account_options import OneAccount
from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.options import Account, AsJson, ProfileFile, Yes
from mailconnector.cli.outbox_report import code_of_report, letter_json, print_letters
from mailconnector.cli.questions import at_terminal, confirm
from mailconnector.cli.sync_words import when_text
from mailconnector.cli.terminal import clean, list_table, print_json, print_line, stdout

outbox_app = typer.Typer(
    help="Messages that are to be sent: what lies in the Outbox, and what is to become of it.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    epilog="Exit codes: 0 all went, 1 something did not, else as `sync`.",
)

_WAIT = 60.0  # seconds for a round of the account to end
_STATES = {
    Fate.READY: "lies ready",
    Fate.OPEN: "open, its user has not sent it",
    Fate.DEFERRED: "not due yet",
    Fate.WAITING: "waits for the next try",
    Fate.REFUSED: "refused",
    Fate.UNKNOWN: "nobody knows whether it went",
}

Number = Annotated[str, typer.Argument(metavar="ID", help="The message, as `list` names it.", show_default=False)]


@outbox_app.command("list")
@ends_well
def list_command(account: OneAccount = None, profile: ProfileFile = None, as_json: AsJson = False) -> ExitCode:
    """Show what lies in the Outbox, and why it has not gone. Exits with 1 where something did not go as meant."""
    found = Profile.load(profile).account(account)
    letters = outbox_letters(found)
    if as_json:
        print_json({"account": found.key, "outbox": found.outbox, "letters": [letter_json(one) for one in letters]})
    elif not letters:
        print_line("The Outbox is empty.")
    else:
        table = list_table("Id", "Subject", "State", "When", "Why", folding=("Subject", "State", "Why"))
        for one in letters:
            when = when_text(one.again) if one.again else ""
            table.add_row(f"{one.nid:#x}", clean(one.title), _STATES[one.fate], when, clean(one.reason))
        stdout().print(table)
        if found.outbox == "leave":
            print_line(
                "It is left to Outlook, or to `mailconnector outbox send`; "
                f"`mailconnector account edit {clean(found.key)} --outbox send` has each run send it."
            )
    return code_of_report(OutboxReport(letters))


@outbox_app.command("send")
@ends_well
def send_command(account: OneAccount = None, profile: ProfileFile = None, as_json: AsJson = False) -> ExitCode:
    """Send what lies ready and is due, what was refused as well; not what may have gone already."""
    loaded = Profile.load(profile)
    return _deliver(loaded, loaded.account(account), Choice(insist=True), as_json=as_json)


@outbox_app.command("retry")
@ends_well
def retry_command(
    account: Account, message: Number, profile: ProfileFile = None, yes: Yes = False, as_json: AsJson = False
) -> ExitCode:
    """Send one message again, though it was refused, or may have gone already: then it may arrive twice."""
    loaded = Profile.load(profile)
    found = loaded.account(account)
    nid = _nid(message)
    unknown = any(one.nid == nid and one.fate is Fate.UNKNOWN for one in outbox_letters(found))
    if unknown and not yes:
        if not at_terminal():
            raise AppUsageError("it may have gone already, and would arrive twice", hint="Say --yes to send it again.")
        if not confirm("It may have gone already, and would arrive twice. Send it again?", default=False):
            return ExitCode.FINDINGS
    return _deliver(loaded, found, Choice(frozenset((nid,)), insist=True, again=True), as_json=as_json)


@outbox_app.command("gone")
@ends_well
def gone_command(account: Account, message: Number, profile: ProfileFile = None, as_json: AsJson = False) -> None:
    """Say that a message has gone: it is filed in Sent Items, and not sent again."""
    found = Profile.load(profile).account(account)
    _show(have_sent(found, job_for(found), _nid(message)), found, as_json=as_json)


@outbox_app.command("back")
@ends_well
def back_command(account: Account, message: Number, profile: ProfileFile = None, as_json: AsJson = False) -> None:
    """Take a message back into Drafts: it is not sent."""
    found = Profile.load(profile).account(account)
    _show(take_back(found, job_for(found), _nid(message)), found, as_json=as_json)


def _deliver(profile: Profile, account: AccountModel, choice: Choice, *, as_json: bool) -> ExitCode:
    profile.make_data_directory()
    job = job_for(account)
    with held_lock(job.lock_path, f"the account {account.key}", wait=_WAIT):
        report = deliver(account, job, choice)
    if as_json:
        print_json({"account": account.key, "letters": [letter_json(one) for one in report.letters]})
    else:
        print_letters(report.letters, account.key)
    if report.error is not None:
        raise report.error
    if not report.letters and not as_json:
        if choice.only:
            raise AppUsageError(
                "the Outbox has no such message that its user has sent",
                hint=f"`mailconnector outbox list {account.key}` shows what it has.",
            )
        print_line("Nothing lies ready in the Outbox.")
    return code_of_report(report)


def _show(told: Told, account: AccountModel, *, as_json: bool) -> None:
    if as_json:
        print_json({"account": account.key, **letter_json(told)})
    else:
        print_letters([told], account.key)


def _nid(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise typer.BadParameter(f"{text}: is no id, as 0x200024", param_hint="ID") from None
