"""The commands `mailconnector delegate ...`: who acts for somebody."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any

import typer

from mailconnector.app.account.model import Account as AccountModel
from mailconnector.app.account.profile import Profile
from mailconnector.app.delegate.delegating import ROLES, USES, Delegating
from mailconnector.app.delegate.filters import DEFAULT_PORT, NoFilterError, connect_filters, send_requests_to
from mailconnector.app.delegate.record import Delegate
from mailconnector.app.errors import AppUsageError
from mailconnector.app.share.sharing import Sharing
from mailconnector.app.sync.accounts import job_for
from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.options import Account, AsJson, DryRun, ProfileFile, Yes
from mailconnector.cli.share_plans import How, insist, plan_json, report_made, show_plan
from mailconnector.cli.terminal import clean, list_table, print_json, print_line, print_notice, print_warning, stdout
from mailconnector.sieve import SieveError
from mailconnector.sync.store import SpecialUse

delegate_app = typer.Typer(
    help="Who acts for you: roles in your main folders, sending on your behalf, copies of meeting requests.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

_ROLES = ", ".join(role.value for role in ROLES)


def _role_option(use: SpecialUse) -> Any:
    name = f"your {use.value}" if use is not SpecialUse.INBOX else "your Inbox"
    return typer.Option(f"--{use.value}", metavar="ROLE", help=f"The role in {name}: {_ROLES}.", show_default=False)


Who = Annotated[str, typer.Argument(metavar="WHO", help="The delegate's login.", show_default=False)]
SieveHost = Annotated[
    str,
    typer.Option(metavar="HOST", help="The server of filters, where it is not the mail server.", show_default=False),
]
SievePort = Annotated[int, typer.Option(metavar="PORT", min=1, max=65535, help="Its port.")]


@delegate_app.command("list")
@ends_well
def list_command(account: Account, profile: ProfileFile = None, as_json: AsJson = False) -> None:
    """Show your delegates, and whose delegate you are."""
    found = Profile.load(profile).account(account)
    with Sharing.open(found, job_for(found)) as sharing:
        delegating = Delegating(sharing, found.address)
        delegates, trusts = delegating.delegates(), delegating.trusts()
        if as_json:
            print_json(
                {
                    "account": found.key,
                    "delegates": [_delegate_json(one) for one in delegates.values()],
                    "delegate_of": [
                        {
                            "owner": one.owner,
                            "address": one.address,
                            "on_behalf": one.on_behalf,
                            "folders": [folder.shown for folder in one.folders],
                        }
                        for one in trusts
                    ],
                }
            )
            return
        if not delegating.keeps_records:
            print_warning("this server keeps no records of delegates (METADATA); `share list` shows who has rights")
        if delegates:
            table = list_table("Delegate", "Roles", "On your behalf", "Meeting requests", folding=("Roles",))
            for one in delegates.values():
                roles = ", ".join(f"{use}: {role}" for use, role in one.roles.items())
                requests = f"copies to {one.address}" if one.requests else ""
                table.add_row(clean(one.login), clean(roles), "yes" if one.on_behalf else "", clean(requests))
            stdout().print(table)
        elif delegating.keeps_records:
            print_line("You have no delegates.")
        for trust in trusts:
            folders = ", ".join(folder.shown for folder in trust.folders)
            more = " You may send on behalf of " + clean(trust.address) + "." if trust.on_behalf else ""
            print_line(f"You are a delegate of {clean(trust.owner)}: {clean(folders)}.{more}")


@delegate_app.command("add")
@ends_well
def add_command(
    account: Account,
    who: Who,
    profile: ProfileFile = None,
    calendar: Annotated[str | None, _role_option(SpecialUse.CALENDAR)] = None,
    tasks: Annotated[str | None, _role_option(SpecialUse.TASKS)] = None,
    inbox: Annotated[str | None, _role_option(SpecialUse.INBOX)] = None,
    contacts: Annotated[str | None, _role_option(SpecialUse.CONTACTS)] = None,
    notes: Annotated[str | None, _role_option(SpecialUse.NOTES)] = None,
    journal: Annotated[str | None, _role_option(SpecialUse.JOURNAL)] = None,
    on_behalf: Annotated[
        bool | None,
        typer.Option("--on-behalf/--not-on-behalf", help="The delegate may send on your behalf.", show_default=False),
    ] = None,
    requests: Annotated[
        bool | None,
        typer.Option(
            "--requests/--no-requests", help="Meeting requests go to the delegate as well.", show_default=False
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="The delegate's mail address; else made of WHO.", show_default=False),
    ] = None,
    sieve_host: SieveHost = "",
    sieve_port: SievePort = DEFAULT_PORT,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Make somebody your delegate, or change what a delegate may do.

    Without any role a new delegate is editor of your calendar and your tasks, as in Outlook. What is not named of a
    delegate that you have already stays as it is.
    """
    found = Profile.load(profile).account(account)
    given = {
        SpecialUse.CALENDAR: calendar,
        SpecialUse.TASKS: tasks,
        SpecialUse.INBOX: inbox,
        SpecialUse.CONTACTS: contacts,
        SpecialUse.NOTES: notes,
        SpecialUse.JOURNAL: journal,
    }
    roles = {use.value: _role(use, text) for use, text in given.items() if text is not None}
    with Sharing.open(found, job_for(found)) as sharing:
        delegating = Delegating(sharing, found.address)
        before = delegating.delegates().get(who)
        wanted = _wanted(who, before, roles, found, on_behalf=on_behalf, requests=requests, address=address)
        if (wanted.on_behalf or wanted.requests) and not delegating.keeps_records:
            raise AppUsageError(
                "this server keeps no records (METADATA), which sending on behalf and copies of meeting requests need",
                hint="Roles alone can be granted.",
            )
        plan = delegating.plan(wanted, before)
        how = How(dry_run, yes, False, as_json)
        if not as_json:
            show_plan(sharing, plan)
            if any(role != "none" for role in wanted.roles.values()):
                print_notice("What is marked private in these folders is seen by the delegate like everything else.")
        if dry_run:
            if as_json:
                print_json({**plan_json(found.key, plan, ()), "delegate": _delegate_json(wanted), "requests": None})
            return ExitCode.OK
        if plan.needed:
            insist(plan, how)
        made = sharing.make(plan.needed)
        if delegating.keeps_records:
            delegating.save(wanted)
        told = None
        sent_before = before is not None and before.requests
        if wanted.requests or sent_before:
            told = _send_requests(found, delegating.delegates().values(), sieve_host, sieve_port)
            if told:  # the filter is as it was, and so is what is noted down of it
                wanted = replace(wanted, requests=sent_before)
                delegating.save(wanted)
        if as_json:
            print_json({**plan_json(found.key, plan, made), "delegate": _delegate_json(wanted), "requests": told})
        else:
            report_made(sharing, made)
            _print_requests(told)
    failed = any(one.error is not None for one in made) or bool(told)
    return ExitCode.FINDINGS if failed else ExitCode.OK


@delegate_app.command("remove")
@ends_well
def remove_command(
    account: Account,
    who: Who,
    profile: ProfileFile = None,
    sieve_host: SieveHost = "",
    sieve_port: SievePort = DEFAULT_PORT,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Take a delegate's roles, copies of meeting requests and the permission to send on your behalf away."""
    found = Profile.load(profile).account(account)
    with Sharing.open(found, job_for(found)) as sharing:
        delegating = Delegating(sharing, found.address)
        before = delegating.delegates().get(who)
        if before is None:
            raise AppUsageError(
                f"{who} is no delegate of yours", hint="`mailconnector delegate list` shows those that you have."
            )
        plan = delegating.plan(Delegate(who), before)
        if not as_json:
            show_plan(sharing, plan)
        if dry_run:
            if as_json:
                print_json({**plan_json(found.key, plan, ()), "requests": None})
            return ExitCode.OK
        if plan.needed:
            insist(plan, How(dry_run, yes, False, as_json))
        made = sharing.make(plan.needed)
        delegating.forget(who)
        told = None
        if before.requests:
            told = _send_requests(found, delegating.delegates().values(), sieve_host, sieve_port)
            if told:  # as long as requests are sent on, there is something to remove
                delegating.save(Delegate(who, before.address, requests=True))
        if as_json:
            print_json({**plan_json(found.key, plan, made), "requests": told})
        else:
            report_made(sharing, made)
            _print_requests(told)
    failed = any(one.error is not None for one in made) or bool(told)
    return ExitCode.FINDINGS if failed else ExitCode.OK


def _role(use: SpecialUse, text: str) -> str:
    if text not in [role.value for role in ROLES]:
        raise typer.BadParameter(f"one of {_ROLES}", param_hint=f"--{use.value}")
    return text


def _wanted(
    who: str,
    before: Delegate | None,
    roles: Mapping[str, str],
    account: AccountModel,
    *,
    on_behalf: bool | None,
    requests: bool | None,
    address: str | None,
) -> Delegate:
    """Return what a delegate is to be, from what was given and what the delegate is already."""
    former = before or Delegate(who)
    merged = {**former.roles, **roles}
    if not merged and before is None:
        merged = {SpecialUse.CALENDAR.value: "editor", SpecialUse.TASKS.value: "editor"}
    made_up = who if "@" in who else f"{who}@{account.address.rpartition('@')[2]}"
    order = [use.value for use in USES]
    kept = {use: role for use, role in merged.items() if role != "none" and use in order}
    return Delegate(
        who,
        address or former.address or made_up,
        dict(sorted(kept.items(), key=lambda entry: order.index(entry[0]))),
        former.on_behalf if on_behalf is None else on_behalf,
        former.requests if requests is None else requests,
    )


def _send_requests(account: AccountModel, delegates: Iterable[Delegate], host: str, port: int) -> str:
    """Have the server's filter send meeting requests to the delegates that get them; say why not where it cannot."""
    try:
        with connect_filters(account, host, port) as client:
            send_requests_to(client, [one.address for one in delegates if one.requests])
    except (SieveError, NoFilterError, AppUsageError) as error:
        return f"{error} {error.hint}".strip()
    return ""


def _print_requests(told: str | None) -> None:
    if told is None:
        return
    if told:
        print_warning(f"copies of meeting requests could not be arranged: {told}")
    else:
        print_line("The server's filter sends meeting requests on as wanted.")


def _delegate_json(delegate: Delegate) -> dict[str, Any]:
    return {
        "login": delegate.login,
        "address": delegate.address,
        "roles": dict(delegate.roles),
        "on_behalf": delegate.on_behalf,
        "requests": delegate.requests,
    }
