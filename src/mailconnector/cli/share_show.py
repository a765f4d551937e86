"""`share list`, `share explain`, `share show`, `share rights`: who may do what, and why."""

from typing import Annotated, Any

import typer
from rich.text import Text

from mailconnector.app.account.profile import Profile
from mailconnector.app.folder_path import join_path, split_path
from mailconnector.app.share.effective import FolderAcl
from mailconnector.app.share.folders import Folder
from mailconnector.app.share.hidden import hidden_folders, show_folder
from mailconnector.app.share.sharing import Sharing
from mailconnector.app.share.words import RIGHT_WORDS, ROLE_MEANINGS, ROLE_RIGHTS, Role, in_words
from mailconnector.app.sync.accounts import job_for
from mailconnector.cli.exits import ends_well
from mailconnector.cli.options import Account, AsJson, ProfileFile
from mailconnector.cli.share_words import acl_json, folder_json, reason_text, rights_json, rights_text, who_text
from mailconnector.cli.terminal import clean, list_table, print_json, print_line, stdout
from mailconnector.imap import ImapNoError
from mailconnector.imap.rights import Rights


@ends_well
def list_command(
    account: Account,
    folder: Annotated[
        str | None,
        typer.Argument(metavar="FOLDER", help="The folder; without it, all that are shared.", show_default=False),
    ] = None,
    profile: ProfileFile = None,
    every: Annotated[bool, typer.Option("--all", help="Every folder, with what you may do there yourself.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show who may do what in a folder; without one, in all that you share, and what others share with you."""
    loaded = Profile.load(profile)
    found = loaded.account(account)
    with Sharing.open(found, job_for(found)) as sharing:
        if folder is not None:
            _list_one(sharing, sharing.find(split_path(folder)), as_json=as_json)
            return
        shared = [] if every else sharing.shared()
        mine = [one for one in sharing.folders.all if every or not one.own]
        if as_json:
            answer = [{**folder_json(one), "entries": acl_json(acl)} for one, acl in shared]
            print_json({"account": found.key, "shared": answer, "folders": [_mine_json(one) for one in mine]})
            return
        for one, acl in shared:
            _print_acl(one, acl)
        if mine:
            table = list_table("Folder", "Owner", "You may", folding=("Folder", "You may"))
            for one in mine:
                may = rights_text(one.mine) if one.mine is not None else ""
                table.add_row(clean(one.shown), clean(one.owner), may if one.selectable else "")
            stdout().print(table)
        if not shared and not mine:
            print_line("You share no folder, and nobody shares one with you.")


@ends_well
def explain_command(
    account: Account,
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="The folder.", show_default=False)],
    profile: ProfileFile = None,
    user: Annotated[
        str | None,
        typer.Option("--as", metavar="USER", help="Whose rights, by login; yours without it.", show_default=False),
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option("--group", metavar="NAME", help="A group that the user is in.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what somebody may do in a folder when all entries are taken together, and which entries lead to it.

    Your own rights are as the server tells them; others' are worked out from the entries, as this server counts them.
    """
    loaded = Profile.load(profile)
    found = loaded.account(account)
    with Sharing.open(found, job_for(found)) as sharing:
        place = sharing.find(split_path(folder))
        login = user or sharing.login
        is_me = sharing.dialect.same_login(login, sharing.login)
        told = sharing.mine(place) if is_me else None
        try:
            why = sharing.explain(place, login, group or ())
        except ImapNoError:
            if told is None:
                raise
            why = None  # only who may administer a folder sees its list
        rights = told if told is not None else why.rights if why else Rights()
        if as_json:
            reasons = why.reasons if why else ()
            print_json(
                {
                    "account": found.key,
                    **folder_json(place),
                    "user": login,
                    "rights": rights_json(rights),
                    "told": told is not None,
                    "reasons": [
                        {"identifier": one.identifier, "rights": str(one.rights), "effect": one.effect.value}
                        for one in reasons
                    ],
                    "unknown_groups": list(why.groups) if why else [],
                }
            )
            return
        print_line(f"{clean(login)} in {clean(place.shown)}: {rights_text(rights)}", "bold")
        if place.companion is not None and not sharing.dialect.same_login(login, place.owner):
            print_line("  What is marked private is hidden there.")
        for word in RIGHT_WORDS:
            may = word.letter in rights
            print_line(Text(f"  {'yes' if may else 'no':<4}{word.name:<15} {word.meaning}", style="" if may else "dim"))
        if why is None:
            print_line("Why is not to be seen: you may not administer this folder.")
            return
        print_line("Because of:", "bold")
        for reason in why.reasons:
            print_line(f"  {clean(reason_text(sharing.dialect, reason))}")
        if not why.reasons:
            print_line("  no entry at all")
        if why.groups:
            names = ", ".join(map(clean, why.groups))
            print_line(f"No server tells who is in a group. Left out: {names}. --group NAME takes one along.")


@ends_well
def rights_command(as_json: AsJson = False) -> None:
    """Show the rights and roles that there are, and what they mean."""
    if as_json:
        print_json(
            {
                "rights": [{"letter": one.letter, "name": one.name, "meaning": one.meaning} for one in RIGHT_WORDS],
                "roles": [
                    {"role": role.value, "letters": str(rights), "meaning": ROLE_MEANINGS[role]}
                    for role, rights in ROLE_RIGHTS.items()
                ],
            }
        )
        return
    table = list_table("Right", "Letter", "To", folding=("To",))
    for word in RIGHT_WORDS:
        table.add_row(word.name, word.letter, word.meaning)
    stdout().print(table)
    print_line("create is create-folders; delete is delete-folder, delete-items and expunge.\n")
    table = list_table("Role", "To", "Rights", folding=("To", "Rights"))
    for role, rights in ROLE_RIGHTS.items():
        words = "read-free-busy (9), on Cyrus only" if role is Role.FREE_BUSY else in_words(rights)
        table.add_row(role.value, ROLE_MEANINGS[role], words)
    stdout().print(table)


@ends_well
def show_command(
    account: Account,
    folder: Annotated[
        str | None,
        typer.Argument(metavar="FOLDER", help="The folder; without it, those that are hidden.", show_default=False),
    ] = None,
    profile: ProfileFile = None,
    as_json: AsJson = False,
) -> None:
    """Show a folder of somebody else's again that was deleted in the PST. It is back after the next run."""
    job = job_for(Profile.load(profile).account(account))
    shown = show_folder(job, split_path(folder)) if folder is not None else []
    hidden = hidden_folders(job)
    if as_json:
        print_json(
            {
                "account": job.account,
                "shown": [{"folder": join_path(path)} for path in shown],
                "hidden": [{"folder": join_path(path)} for path in hidden],
            }
        )
        return
    for path in shown:
        print_line(f"{clean(join_path(path))} is back after the next run.")
    if folder is None:
        for path in hidden:
            print_line(clean(join_path(path)))
        if not hidden:
            print_line("No folder is hidden.")


def _list_one(sharing: Sharing, folder: Folder, *, as_json: bool) -> None:
    acl = sharing.acl(folder)
    if as_json:
        mine = rights_json(sharing.mine(folder))
        print_json({**folder_json(folder), "mine": mine, "entries": acl_json(acl)})
        return
    _print_acl(folder, acl)


def _print_acl(folder: Folder, acl: FolderAcl) -> None:
    owner = f" (owner: {clean(folder.owner)})" if folder.owner else ""
    hidden = ", private items hidden" if folder.companion is not None else ""
    print_line(Text(clean(folder.shown), style="bold").append(f"{owner}{hidden}", style="not bold"))
    table = list_table("Who", "May", folding=("May",))
    for name, rights in acl.entries.items():
        may = f"not: {in_words(rights)} ({rights})" if name.startswith("-") else rights_text(rights)
        table.add_row(clean(who_text(acl.dialect, name)), may)
    stdout().print(table)


def _mine_json(folder: Folder) -> dict[str, Any]:
    mine = rights_json(folder.mine) if folder.mine is not None else None
    return {**folder_json(folder), "mine": mine, "selectable": folder.selectable}
