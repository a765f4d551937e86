"""`share grant`, `change`, `revoke`, `restore`: what would be changed is worked out and shown before anything is."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from mailconnector.app.account.profile import Profile
from mailconnector.app.folder_path import split_path
from mailconnector.app.share.changes import Plan, Verb
from mailconnector.app.share.folders import Folder
from mailconnector.app.share.privacy import Privacy, refuse_mail, with_kinds
from mailconnector.app.share.sharing import Sharing
from mailconnector.app.share.words import parse_rights
from mailconnector.app.sync.accounts import job_for
from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.options import Account, AsJson, DryRun, ProfileFile, Yes
from mailconnector.cli.share_plans import How, carry_out
from mailconnector.cli.share_private import PrivateOption, notice_privacy, set_privacy
from mailconnector.cli.share_words import GROUP_HELP
from mailconnector.cli.terminal import clean, print_line
from mailconnector.imap.rights import Rights

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
    private: PrivateOption = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Grant rights on a folder: they are added to those that WHO has. The folder appears at WHO's by itself."""
    given = parse_rights(rights)
    return _change(
        account, folder, who, Verb.GRANT, given, profile, deny, below, How(dry_run, yes, force, as_json), group, private
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
    private: PrivateOption = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Change somebody's rights on a folder: they become exactly RIGHTS, or lose them with --take."""
    given, verb = parse_rights(rights), Verb.TAKE if take else Verb.SET
    how = How(dry_run, yes, force, as_json)
    return _change(account, folder, who, verb, given, profile, deny, below, how, group, private)


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
    private: PrivateOption = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Remove somebody's entry for a folder. It disappears from WHO's folders, unless another entry still shows it."""
    how = How(dry_run, yes, force, as_json)
    return _change(account, folder, who, Verb.REVOKE, Rights(), profile, deny, below, how, group, private)


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
        return carry_out(sharing, found.key, plan, How(dry_run, yes, False, as_json))


def _change(
    account: str,
    folder: str,
    who: str,
    verb: Verb,
    rights: Rights,
    profile: Path | None,
    deny: bool,
    below: bool,
    how: How,
    groups: Sequence[str] | None,
    private: Privacy | None,
) -> ExitCode:
    found = Profile.load(profile).account(account)
    job = job_for(found)
    with Sharing.open(found, job) as sharing:
        folders = with_kinds(sharing, sharing.chosen(sharing.find(split_path(folder)), below=below))
        if private is Privacy.HIDE:
            refuse_mail(folders)
        plan = sharing.plan(folders, sharing.identifier(who, deny=deny), verb, rights, groups or ())
        gives = verb in (Verb.GRANT, Verb.SET) and "r" in rights and not deny
        if not how.as_json and (gives or private is not None):
            notice_privacy(folders, private)
        privately = partial(set_privacy, sharing, job, folders)
        hide, show = (partial(privately, private if private is one else None) for one in Privacy)
        code = carry_out(sharing, found.key, plan, how, hide, show)
        if verb is Verb.REVOKE and private is None and not how.dry_run:
            _tell_hidden(sharing, folders, how)
        return code


def _tell_hidden(sharing: Sharing, folders: Sequence[Folder], how: How) -> None:
    """Say so where nobody is left from whom private items are hidden."""
    alone = [one for one in folders if one.companion is not None and sharing.is_unshared(one)]
    for one in alone if not how.as_json else ():
        print_line(
            f"{clean(one.shown)} is shared with nobody any more. `share private {clean(one.shown)} show` moves its "
            "private items back into it."
        )
