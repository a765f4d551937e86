"""`share grant`, `change`, `revoke`, `restore`: what would be changed is worked out and shown before anything is."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from mailconnector.app.account.profile import Profile
from mailconnector.app.errors import AppUsageError
from mailconnector.app.folder_path import split_path
from mailconnector.app.share.changes import AclChange, Danger, Plan, Verb
from mailconnector.app.share.sharing import Made, Sharing
from mailconnector.app.share.words import parse_rights
from mailconnector.app.sync.accounts import job_for
from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.options import AsJson, ProfileFile
from mailconnector.cli.questions import at_terminal, confirm
from mailconnector.cli.share_words import (
    GROUP_HELP,
    change_json,
    change_text,
    danger_text,
    folder_json,
    rights_json,
    rights_text,
    who_text,
)
from mailconnector.cli.terminal import clean, print_error, print_json, print_line, print_warning
from mailconnector.imap.rights import Rights

_ASKED = (Danger.OWN_RIGHTS, Danger.TIED, Danger.EVERYBODY)

Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account.", show_default=False)]
FolderName = Annotated[
    str, typer.Argument(metavar="FOLDER", help="The folder, as Calendar or Inbox/2026.", show_default=False)
]
Who = Annotated[str, typer.Argument(metavar="WHO", help=f"Who: {GROUP_HELP}.", show_default=False)]
GivenRights = Annotated[
    str,
    typer.Argument(
        metavar="RIGHTS",
        help="A role (reviewer, contributor, author, editor, owner), names as lookup,read, or letters as lrs; "
        "`share rights` shows all.",
        show_default=False,
    ),
]
Deny = Annotated[
    bool, typer.Option("--deny", help="The entry that takes rights away from WHO, whatever other entries grant.")
]
Below = Annotated[bool, typer.Option("--below", help="The folders in it as well.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be changed, and change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Force = Annotated[bool, typer.Option("--force", help="Even if you, or the owner, would be locked out.")]
Groups = Annotated[
    list[str] | None,
    typer.Option("--group", metavar="NAME", help="A group that you are in yourself.", show_default=False),
]


@ends_well
def grant_command(
    account: Account,
    folder: FolderName,
    who: Who,
    rights: GivenRights,
    profile: ProfileFile = None,
    deny: Deny = False,
    below: Below = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    force: Force = False,
    group: Groups = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Grant rights on a folder: they are added to those that WHO has. The folder appears at WHO's by itself."""
    given = parse_rights(rights)
    return _change(
        account, folder, who, Verb.GRANT, given, profile, deny, below, _How(dry_run, yes, force, as_json), group
    )


@ends_well
def change_command(
    account: Account,
    folder: FolderName,
    who: Who,
    rights: GivenRights,
    profile: ProfileFile = None,
    take: Annotated[bool, typer.Option("--take", help="Take these rights away, and leave the others.")] = False,
    deny: Deny = False,
    below: Below = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    force: Force = False,
    group: Groups = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Change somebody's rights on a folder: they become exactly RIGHTS, or lose them with --take."""
    given, verb = parse_rights(rights), Verb.TAKE if take else Verb.SET
    return _change(account, folder, who, verb, given, profile, deny, below, _How(dry_run, yes, force, as_json), group)


@ends_well
def revoke_command(
    account: Account,
    folder: FolderName,
    who: Who,
    profile: ProfileFile = None,
    deny: Deny = False,
    below: Below = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    force: Force = False,
    group: Groups = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Remove somebody's entry for a folder. It disappears from WHO's folders, unless another entry still shows it."""
    how = _How(dry_run, yes, force, as_json)
    return _change(account, folder, who, Verb.REVOKE, Rights(), profile, deny, below, how, group)


@ends_well
def restore_command(
    account: Account,
    folder: FolderName,
    profile: ProfileFile = None,
    below: Below = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Give a folder's owner all rights again, as somebody who may administer it. What denies them goes."""
    loaded = Profile.load(profile)
    found = loaded.account(account)
    with Sharing.open(found, job_for(found)) as sharing:
        folders = sharing.chosen(sharing.find(split_path(folder)), below=below)
        plans = [sharing.plan_restore(one) for one in folders]
        plan = Plan(tuple(change for one in plans for change in one.changes))
        return _carry_out(sharing, found.key, plan, _How(dry_run, yes, False, as_json))


class _How:
    """How a change is to be made.

    Attributes:
        dry_run: it is only to be shown.
        yes: nothing is to be asked.
        force: locking somebody out is meant.
        as_json: the answer is for programs.
    """

    def __init__(self, dry_run: bool, yes: bool, force: bool, as_json: bool) -> None:
        self.dry_run = dry_run
        self.yes = yes
        self.force = force
        self.as_json = as_json


def _change(
    account: str,
    folder: str,
    who: str,
    verb: Verb,
    rights: Rights,
    profile: Any,
    deny: bool,
    below: bool,
    how: _How,
    groups: Sequence[str] | None,
) -> ExitCode:
    loaded = Profile.load(profile)
    found = loaded.account(account)
    with Sharing.open(found, job_for(found)) as sharing:
        folders = sharing.chosen(sharing.find(split_path(folder)), below=below)
        plan = sharing.plan(folders, sharing.identifier(who, deny=deny), verb, rights, groups or ())
        return _carry_out(sharing, found.key, plan, how)


def _carry_out(sharing: Sharing, account: str, plan: Plan, how: _How) -> ExitCode:
    if not how.as_json:
        _show(sharing, plan)
    if how.dry_run or not plan.needed:
        if how.as_json:
            print_json(_plan_json(account, plan, ()))
        return ExitCode.OK
    _insist(plan, how)
    made = sharing.make(plan.needed)
    if how.as_json:
        print_json(_plan_json(account, plan, made))
    else:
        _report(sharing, made)
    return ExitCode.OK if all(one.error is None for one in made) else ExitCode.FINDINGS


def _show(sharing: Sharing, plan: Plan) -> None:
    for change in plan.changes:
        print_line(clean(change_text(sharing.dialect, change)))
        if change.is_needed:
            for warned in change.dangers:
                print_warning(f"{change.folder.shown}: {danger_text(warned)}")
    for skipped in plan.skipped:
        print_warning(f"{skipped.folder.shown} is left out: {skipped.reason}")
    if not plan.changes:
        print_line("There is nothing to change.")


def _insist(plan: Plan, how: _How) -> None:
    """Ask where that is called for.

    Raises:
        AppUsageError: nobody is there to answer, or the answer was no.
    """
    if plan.locks_out and not how.force:
        if not at_terminal() or how.as_json:
            raise AppUsageError(
                "nothing was changed: you, or the owner of the folder, would be locked out",
                hint="--force insists. Somebody else with the right to administer it can undo that, and nobody else.",
            )
        if not confirm("This locks you or the owner out. Is that what you want?", default=False):
            raise AppUsageError("nothing was changed")
        return
    many = len(plan.needed) > 1 or bool(plan.skipped)
    if not how.yes and not how.force and (many or any(change.has(*_ASKED) for change in plan.needed)):
        if not at_terminal() or how.as_json:
            raise AppUsageError("nothing was changed: this wants a yes", hint="Add --yes, after --dry-run.")
        if not confirm("Do it?", default=True):
            raise AppUsageError("nothing was changed")


def _report(sharing: Sharing, made: Sequence[Made]) -> None:
    for one in made:
        if one.error is not None:
            print_error(f"{one.change.folder.shown}: {one.error}", one.error.hint)
        elif one.differs:
            now = rights_text(one.now or Rights())
            who = who_text(sharing.dialect, one.change.identifier)
            print_warning(f"{one.change.folder.shown}: the server made something else of it: {who}: {now}")
    done = [one for one in made if one.error is None]
    print_line(f"Changed: {len(done)} of {len(made)}." if len(made) > 1 else "Changed." if done else "Not changed.")


def _plan_json(account: str, plan: Plan, made: Sequence[Made]) -> dict[str, Any]:
    outcomes: dict[int, Made] = {id(one.change): one for one in made}

    def one_json(change: AclChange) -> dict[str, Any]:
        outcome = outcomes.get(id(change))
        return {
            **change_json(change),
            "made": outcome is not None and outcome.error is None,
            "now": rights_json(outcome.now) if outcome is not None and outcome.now is not None else None,
            "error": str(outcome.error) if outcome is not None and outcome.error is not None else None,
        }

    return {
        "account": account,
        "changes": [one_json(change) for change in plan.changes],
        "skipped": [{**folder_json(one.folder), "reason": one.reason} for one in plan.skipped],
    }
