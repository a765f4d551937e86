"""`folder arrange`: the server's special folders go beside the Inbox, or into it."""

from typing import Annotated, Any

import typer

from mailconnector.app.account.model import Account
from mailconnector.app.account.profile import Profile
from mailconnector.app.errors import AppUsageError
from mailconnector.app.sync.accounts import chosen_accounts
from mailconnector.app.sync.arranging import arranger_of
from mailconnector.cli.exits import ends_well
from mailconnector.cli.options import AnyAccount, AsJson, ProfileFile, Yes
from mailconnector.cli.questions import at_terminal, confirm
from mailconnector.cli.terminal import clean, counted, print_json, print_line, print_notice
from mailconnector.stores.imap.arranging import Arrangement, Arranger, Relocation, Where

_PLACES = {Where.BESIDE: "beside the Inbox", Where.UNDER: "in the Inbox"}


@ends_well
def arrange_command(
    account: AnyAccount = None,
    profile: ProfileFile = None,
    beside: Annotated[bool, typer.Option("--beside", help="They are to stand beside the Inbox.")] = False,
    under: Annotated[bool, typer.Option("--under", help="They are to stand in the Inbox.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Put the server's special folders, as Calendar and Contacts, all beside the Inbox or all in it.

    Without --beside or --under they go where the server has those that it knows itself. Each is asked for, and moves
    with all that is in it. Ended in between, nothing is lost, and the next time goes on. What the server itself
    calls its Sent, Drafts, Trash or Junk stays where it is.
    """
    if beside and under:
        raise typer.BadParameter("one of the two", param_hint="--beside, --under")
    where = Where.BESIDE if beside else Where.UNDER if under else None
    answers = [
        _arranged(each, where, yes=yes, as_json=as_json) for each in chosen_accounts(Profile.load(profile), account)
    ]
    if as_json:
        print_json({"accounts": answers})


def _arranged(account: Account, where: Where | None, *, yes: bool, as_json: bool) -> dict[str, Any]:
    with arranger_of(account) as arranger:
        plan = arranger.plan(where)
        moved = _moved(account, arranger, plan, yes=yes, as_json=as_json)
    return {
        "account": account.key,
        "where": plan.where.value,
        "moved": [{"from": one.source, "to": one.target, "messages": one.messages} for one in moved],
        "left": [{"from": one.source, "to": one.target} for one in plan.moves if one not in moved],
        "kept_by_server": list(plan.fixed),
    }


def _moved(account: Account, arranger: Arranger, plan: Arrangement, *, yes: bool, as_json: bool) -> list[Relocation]:
    moved: list[Relocation] = []
    for name in plan.fixed:
        print_notice(f"{clean(name)} stays: the server itself says what it is for.")
    if not plan.moves and not as_json:
        print_line(f"{clean(account.key)}: all special folders that can be moved stand {_PLACES[plan.where]}.")
    for move in plan.moves:
        what = f"{clean(move.source)} ({counted(move.messages, 'item')}) to {clean(move.target)}"
        joined = ", to what is there already" if move.is_there else ""
        if not yes and not at_terminal():
            raise AppUsageError(
                f"nobody is here to ask whether to move {what}{joined}",
                hint="Say --yes to move all. Nothing was moved.",
            )
        if not yes and not confirm(f"Move {what}{joined}?", default=False):
            continue
        arranger.carry_out(move)
        moved.append(move)
        if not as_json:
            print_line(f"Moved {what}.")
    return moved
