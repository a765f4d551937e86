"""`mailconnector sync`: accounts are brought into step once."""

from collections.abc import Callable
from typing import Annotated

import typer

from mailconnector.app.account.profile import Account, Profile
from mailconnector.app.errors import AppUsageError
from mailconnector.app.folder_path import split_path
from mailconnector.app.sync.accounts import chosen_accounts, job_for
from mailconnector.app.sync.round import Onlooker, Outcome, Wish, run_round
from mailconnector.app.sync.verdict import Verdict, worst
from mailconnector.cli.exits import EXIT_OF_VERDICT, ExitCode, ends_well
from mailconnector.cli.interrupts import held_interrupts
from mailconnector.cli.options import AnyAccount, AsJson, ProfileFile
from mailconnector.cli.sync_plan import print_action
from mailconnector.cli.sync_progress import sync_progress
from mailconnector.cli.sync_report import outcome_json, print_outcome
from mailconnector.cli.terminal import print_json, print_line
from mailconnector.sync import Answer, Request, Trigger

_SELECTED_WAIT = 60.0  # seconds that the user who selected a folder waits for `run` to end its round


@ends_well
def sync_command(
    account: AnyAccount = None,
    folder: Annotated[
        str | None,
        typer.Argument(metavar="FOLDER", help="Only this folder, as Inbox/2026.", show_default=False),
    ] = None,
    profile: ProfileFile = None,
    subfolders: Annotated[bool, typer.Option("--subfolders", "-r", help="And the folders in FOLDER.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Show what would be done, and do nothing.")] = False,
    delete_held: Annotated[
        bool, typer.Option("--delete-held", help="Deletions that were held were meant: carry them out.")
    ] = False,
    restore_held: Annotated[
        bool, typer.Option("--restore-held", help="They were not: bring everything back from the other side.")
    ] = False,
    delete: Annotated[
        list[int] | None,
        typer.Option("--delete", metavar="NUMBER", help="Carry out the held deletions of that number."),
    ] = None,
    restore: Annotated[
        list[int] | None,
        typer.Option("--restore", metavar="NUMBER", help="Bring back what the number stands for."),
    ] = None,
    selected: Annotated[
        bool,
        typer.Option("--selected", help="For other programs: the user has just selected FOLDER. Waits for `run`."),
    ] = False,
    wait: Annotated[
        float | None,
        typer.Option("--wait", metavar="SECONDS", min=0.0, help="Wait for another run to end.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Bring PST and server into step.

    What is new, changed, moved or deleted on one side is so on the other afterwards. A run may be ended at any moment:
    the next one goes on there.

    Exit codes: 0 in step, 1 something failed or differs, 2 unusable, 3 in use, 4 disk, 5 deletions held, 6 account
    refused (password, certificate), 7 no connection, 130 stopped.
    """
    loaded = Profile.load(profile)
    accounts = chosen_accounts(loaded, account)
    if (delete or restore) and len(accounts) > 1:
        raise AppUsageError("the numbers of held deletions are an account's own", hint="Name the account.")
    if selected and folder is None:
        raise AppUsageError("--selected is about one folder", hint="Name the account and the folder.")
    if subfolders and folder is None:
        raise AppUsageError("--subfolders is about one folder", hint="Name the account and the folder.")
    if delete_held and restore_held:
        raise AppUsageError("--delete-held and --restore-held contradict each other")
    request = Request(
        trigger=Trigger.SELECTION if selected else Trigger.DEMAND,
        answers={**dict.fromkeys(delete or (), Answer.DELETE), **dict.fromkeys(restore or (), Answer.RESTORE)},
        answer_all=Answer.DELETE if delete_held else Answer.RESTORE if restore_held else None,
        rehearse=dry_run,
    )
    patience = wait if wait is not None else _SELECTED_WAIT if selected else 0.0
    wish = Wish(request, split_path(folder or ""), patience, subfolders)
    loaded.make_data_directory()
    with held_interrupts() as check:
        outcomes = _sync_all(accounts, wish, _asking(check), as_json=as_json)
    if as_json:
        print_json({"profile": str(loaded.path), "accounts": [outcome_json(outcome) for outcome in outcomes]})
    return EXIT_OF_VERDICT[worst(outcome.verdict for outcome in outcomes)]


def _sync_all(accounts: list[Account], wish: Wish, cancelled: Callable[[], bool], *, as_json: bool) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for account in accounts:
        if outcomes and not as_json:
            print_line("")
        if wish.request.rehearse:
            # The plan is written while it is made: a bar would be in its way.
            act = _ignore_action if as_json else print_action
            outcome = run_round(job_for(account), wish, Onlooker(action=act, cancelled=cancelled))
        else:
            with sync_progress(account.key, cancelled) as onlooker:
                outcome = run_round(job_for(account), wish, onlooker)
        outcomes.append(outcome)
        if not as_json:
            print_outcome(outcome)
        if outcome.verdict is Verdict.STOPPED:
            break
    return outcomes


def _ignore_action(path: tuple[str, ...], action: object) -> None:
    pass


def _asking(check: Callable[[], None]) -> Callable[[], bool]:
    def cancelled() -> bool:
        try:
            check()
        except KeyboardInterrupt:
            return True
        return False

    return cancelled
