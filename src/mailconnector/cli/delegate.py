"""The commands `mailconnector delegate ...`: who acts for somebody."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from mailconnector.app.account.model import Account as AccountModel
from mailconnector.app.account.profile import Profile
from mailconnector.app.delegate.arranging import Arranged, Arranging, Way
from mailconnector.app.delegate.delegating import ROLES, USES, Delegating
from mailconnector.app.delegate.filters import DEFAULT_PORT
from mailconnector.app.delegate.ledger import Copy, Fate
from mailconnector.app.delegate.record import Delegate
from mailconnector.app.delegate.script import checked_address
from mailconnector.app.errors import AppUsageError
from mailconnector.app.share.privacy import Privacy, can_hide
from mailconnector.app.share.sharing import Made, Sharing
from mailconnector.app.sync.accounts import job_for
from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.options import Account, AsJson, DryRun, ProfileFile, Yes
from mailconnector.cli.share_plans import How, insist, plan_json, report_made, show_plan
from mailconnector.cli.share_private import PrivateOption, notice_privacy, print_privacy, privacy_json, set_privacy
from mailconnector.cli.terminal import (
    clean,
    counted,
    list_table,
    print_json,
    print_line,
    print_warning,
    stdout,
)
from mailconnector.sync.store import SpecialUse

delegate_app = typer.Typer(
    help="Who acts for you: roles in your main folders, sending on your behalf, copies of meeting requests.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

_SHOWN = 10
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
_BY = {"filter": Way.FILTER, "connector": Way.CONNECTOR}


@delegate_app.command("list")
@ends_well
def list_command(account: Account, profile: ProfileFile = None, as_json: AsJson = False) -> None:
    """Show your delegates, and whose delegate you are."""
    found = Profile.load(profile).account(account)
    with Sharing.open(found, job_for(found)) as sharing:
        delegating = Delegating(sharing, found.address)
        arranging = Arranging(found, delegating, sharing.client)
        record, trusts = delegating.record(), delegating.trusts()
        way, copies = arranging.way(record), arranging.copies()
        hidden = [use for use, folder in delegating.folders().items() if folder.companion is not None]
        if as_json:
            print_json(
                {
                    "account": found.key,
                    "delegates": [_delegate_json(one) for one in record.delegates.values()],
                    "requests_by": way.value if way else None,
                    "copies": _copies_json(copies),
                    "private_hidden": hidden,
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
        if record.delegates:
            table = list_table("Delegate", "Roles", "On your behalf", "Meeting requests", folding=("Roles",))
            for one in record.delegates.values():
                roles = ", ".join(
                    f"{use}: {role}{' (private items hidden)' if use in hidden else ''}"
                    for use, role in one.roles.items()
                )
                requests = f"copies to {one.address}" if one.requests else ""
                table.add_row(clean(one.login), clean(roles), "yes" if one.on_behalf else "", clean(requests))
            stdout().print(table)
        elif delegating.keeps_records:
            print_line("You have no delegates.")
        _print_way(way, found, copies)
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
    requests_by: Annotated[
        str | None,
        typer.Option(
            metavar="filter|connector",
            help="Who sends meeting requests on: the server's filter, which needs no program of yours to run, or Mail "
            "Connector; else the filter where it can.",
            show_default=False,
        ),
    ] = None,
    sieve_host: SieveHost = "",
    sieve_port: SievePort = DEFAULT_PORT,
    private: PrivateOption = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Make somebody your delegate, or change what a delegate may do.

    Without any role a new delegate is editor of your calendar and your tasks, as in Outlook. What is not named of a
    delegate that you have already stays as it is.

    What is marked private in the folders that get a role is hidden, unless --private show is there. Other programs of
    yours then show it in a mailbox beside the folder; `share private` undoes that.
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
    by = _way(requests_by, requests)
    job = job_for(found)
    with Sharing.open(found, job) as sharing:
        delegating = Delegating(sharing, found.address)
        record = delegating.record()
        before = record.delegates.get(who)
        wanted = _wanted(who, before, roles, found, on_behalf=on_behalf, requests=requests, address=address)
        if wanted.requests or address is not None:
            checked_address(wanted.address)
        if (wanted.on_behalf or wanted.requests) and not delegating.keeps_records:
            raise AppUsageError(
                "this server keeps no records (METADATA), which sending on behalf and copies of meeting requests need",
                hint="Roles alone can be granted.",
            )
        plan = delegating.plan(wanted, before)
        how = How(dry_run, yes, False, as_json)
        concerned = wanted.roles if before is None or private else wanted.roles.keys() & roles.keys()
        newly = [one for use, one in delegating.folders().items() if use in concerned and can_hide(one)]
        private = private or Privacy.HIDE
        if not as_json:
            if plan.changes:
                show_plan(sharing, plan)
            notice_privacy(newly, private)
        if dry_run:
            if as_json:
                print_json(
                    {
                        **plan_json(found.key, plan, ()),
                        "delegate": _delegate_json(wanted),
                        "private": [],
                        **_arranged_json(None),
                    }
                )
            return ExitCode.OK
        if plan.needed:
            insist(plan, how)
        done = set_privacy(sharing, job, newly, private)
        made = sharing.make(plan.needed)
        wanted = replace(wanted, roles=_roles_now(wanted, before, made))
        arranged = None
        if delegating.keeps_records:
            to_be = record.having(wanted)
            if wanted.requests or (before is not None and before.requests):
                arranged = Arranging(found, delegating, sharing.client, sieve_host, sieve_port).arrange(
                    record, to_be, by
                )
                wanted = arranged.record.delegates[who]
            else:
                delegating.save(to_be)
        if as_json:
            print_json(
                {
                    **plan_json(found.key, plan, made),
                    "delegate": _delegate_json(wanted),
                    "private": privacy_json(done),
                    **_arranged_json(arranged),
                }
            )
        else:
            print_privacy(done)
            if made:
                report_made(sharing, made)
            _print_arranged(arranged)
    return _code(made, arranged)


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
        record = delegating.record()
        before = record.delegates.get(who)
        if before is None and not delegating.keeps_records:
            raise AppUsageError(
                "this server keeps no records of delegates (METADATA)",
                hint=f"`mailconnector share revoke {found.key} FOLDER {who}` takes rights away, folder by folder.",
            )
        if before is None:
            raise AppUsageError(
                f"{who} is no delegate of yours", hint="`mailconnector delegate list` shows those that you have."
            )
        nobody = Delegate(who)
        plan = delegating.plan(nobody, before)
        if not as_json:
            if plan.changes:
                show_plan(sharing, plan)
            if before.requests:
                print_line(f"Meeting requests: no more copies to {clean(before.address)}")
        if dry_run:
            if as_json:
                print_json({**plan_json(found.key, plan, ()), **_arranged_json(None)})
            return ExitCode.OK
        if plan.needed:
            insist(plan, How(dry_run, yes, False, as_json))
        made = sharing.make(plan.needed)
        kept = _roles_now(nobody, before, made)  # what the server did not let us take away
        to_be = record.having(replace(nobody, address=before.address, roles=kept)) if kept else record.without(who)
        arranged = None
        if before.requests:
            arranged = Arranging(found, delegating, sharing.client, sieve_host, sieve_port).reduce(record, to_be)
        else:
            delegating.save(to_be)
        if as_json:
            print_json({**plan_json(found.key, plan, made), **_arranged_json(arranged)})
        else:
            if made:
                report_made(sharing, made)
            _print_arranged(arranged, removed=True)
    return _code(made, arranged)


def _way(text: str | None, requests: bool | None) -> Way | None:
    if text is None:
        return None
    if text not in _BY:
        raise typer.BadParameter("filter or connector", param_hint="--requests-by")
    if requests is False:
        raise typer.BadParameter("there is nothing to send on with --no-requests", param_hint="--requests-by")
    return _BY[text]


def _roles_now(wanted: Delegate, before: Delegate | None, made: Sequence[Made]) -> dict[str, str]:
    """Return the roles of a delegate when some changes could not be made: of these, those of before."""
    failed = {one.change.folder.use.value for one in made if one.error is not None and one.change.folder.use}
    former = before.roles if before is not None else {}
    roles = {**wanted.roles, **{use: former.get(use, "none") for use in failed}}
    return {use.value: roles[use.value] for use in USES if roles.get(use.value, "none") != "none"}


def _code(made: Sequence[Made], arranged: Arranged | None) -> ExitCode:
    failed = any(one.error is not None for one in made) or (arranged is not None and bool(arranged.failure))
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
        former.since if former.requests else None,
    )


def _print_arranged(arranged: Arranged | None, *, removed: bool = False) -> None:
    """Tell what came of the copies of meeting requests, where anything was to be done about them."""
    if arranged is None:
        return
    if arranged.failure:
        print_warning(f"copies of meeting requests could not be arranged: {arranged.failure}")
    elif arranged.way is Way.FILTER:
        print_line("The server's filter sends meeting requests on as wanted.")
    elif arranged.way is Way.CONNECTOR:
        print_line(
            "Mail Connector sends meeting requests on as wanted, whenever it synchronises this account "
            "(`mailconnector run`, `mailconnector sync`)."
        )
    elif removed:
        print_line("Nobody gets copies of meeting requests any more.")
    if arranged.unsure:
        print_warning(f"the filter could not be asked: {arranged.unsure} If its rule works still, copies come twice.")
    if arranged.why:
        print_line(f"The server's filter cannot do it: {clean(arranged.why)}")
    if arranged.moment:
        messages = counted(arranged.moment, "message")
        print_warning(f"{messages} came in at this very moment; copies of meeting requests among them may be missing")


def _print_way(way: Way | None, account: AccountModel, copies: Sequence[Copy]) -> None:
    name = clean(account.key)
    if way is Way.FILTER:
        print_line("The server's filter makes the copies.")
    elif way is Way.CONNECTOR:
        print_line(f"Mail Connector makes the copies, whenever it synchronises {name} (`run` or `sync`).")
    elif way is Way.ELSEWHERE:
        print_line(
            "Mail Connector on another computer, or with another profile, makes the copies. To have it done here: "
            f"`mailconnector delegate add {name} WHO --requests`."
        )
    waiting = sum(copy.fate is Fate.WAITING for copy in copies)
    if waiting:
        print_line(f"{counted(waiting, 'copy', 'copies')} of meeting requests to be sent still.")
    words = {Fate.UNKNOWN: "Nobody knows whether this copy went", Fate.FAILED: "This copy did not go"}
    for copy in [copy for copy in copies if copy.fate in words][-_SHOWN:]:
        when = datetime.fromtimestamp(copy.at).astimezone().strftime("%Y-%m-%d %H:%M")
        subject = clean(copy.subject, 60) or "(no subject)"
        print_warning(f"{words[copy.fate]} to {clean(copy.to)}: {subject} ({when})")


def _copies_json(copies: Sequence[Copy]) -> dict[str, Any]:
    def those(fate: Fate) -> list[Copy]:
        return [copy for copy in copies if copy.fate is fate]

    return {
        "sent": len(those(Fate.SENT)),
        "waiting": len(those(Fate.WAITING)),
        "unknown": [_copy_json(copy) for copy in those(Fate.UNKNOWN)],
        "failed": [_copy_json(copy) for copy in those(Fate.FAILED)],
    }


def _copy_json(copy: Copy) -> dict[str, Any]:
    at = datetime.fromtimestamp(copy.at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"to": copy.to, "subject": copy.subject, "at": at}


def _arranged_json(arranged: Arranged | None) -> dict[str, Any]:
    if arranged is None:
        return {"requests": None, "requests_by": None}
    return {"requests": arranged.failure, "requests_by": arranged.way.value if arranged.way else None}


def _delegate_json(delegate: Delegate) -> dict[str, Any]:
    return {
        "login": delegate.login,
        "address": delegate.address,
        "roles": dict(delegate.roles),
        "on_behalf": delegate.on_behalf,
        "requests": delegate.requests,
    }
