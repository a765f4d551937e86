"""Private items of shared folders at the command line: `share private`, and what other commands say and do of them."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer

from mailconnector.app.account.profile import Profile
from mailconnector.app.folder_path import split_path
from mailconnector.app.share.folders import Folder
from mailconnector.app.share.privacy import (
    Privacy,
    PrivacyChange,
    can_hide,
    change_privacy,
    refuse_mail,
    to_change,
    with_kinds,
)
from mailconnector.app.share.sharing import Sharing
from mailconnector.app.sync.accounts import job_for
from mailconnector.app.sync.job import Job
from mailconnector.cli.exits import ends_well
from mailconnector.cli.options import Account, AsJson, ProfileFile
from mailconnector.cli.terminal import clean, counted, print_json, print_line, print_notice
from mailconnector.items import FolderKind

PrivateOption = Annotated[
    Privacy | None,
    typer.Option(
        "--private",
        help="Hide what is marked private in the folder from others, or show it: they see of a private appointment "
        "that you are busy, and of other private items nothing.",
        show_default=False,
    ),
]


@ends_well
def private_command(
    account: Account,
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="The folder.", show_default=False)],
    what: Annotated[
        Privacy | None,
        typer.Argument(metavar="hide|show", help="What is to be; without it, what is.", show_default=False),
    ] = None,
    profile: ProfileFile = None,
    below: Annotated[bool, typer.Option("--below", help="The folders in it as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """Hide the private items of a folder from everybody else, or show them again.

    They are moved into a mailbox of yours that is not shared. Others see a busy "Private appointment" at the time of a
    private appointment. In your PST the folder stays whole; other programs of yours show that mailbox beside it.
    """
    found = Profile.load(profile).account(account)
    job = job_for(found)
    with Sharing.open(found, job) as sharing:
        folders = with_kinds(sharing, sharing.chosen(sharing.find(split_path(folder)), below=below))
        if what is Privacy.HIDE:
            refuse_mail(folders)
        done = set_privacy(sharing, job, folders, what)
        if as_json:
            now = sharing.folders
            there = [next((one for one in now.all if one.mailbox == each.mailbox), each) for each in folders]
            print_json(
                {
                    "account": found.key,
                    "folders": [{"folder": one.shown, "private": privacy_of(one)} for one in there],
                    "changes": privacy_json(done),
                }
            )
            return
        for one in folders:
            if what is None or one.mailbox not in {change.folder.mailbox for change in done}:
                print_line(f"{clean(one.shown)}: {_state_text(one)}")
        print_privacy(done)


def set_privacy(sharing: Sharing, job: Job, folders: Sequence[Folder], to: Privacy | None) -> list[PrivacyChange]:
    """Have private items be hidden or shown as was asked for, where that is not so yet."""
    return change_privacy(sharing, job, to_change(folders, to), to) if to is not None else []


def privacy_of(folder: Folder) -> str | None:
    """Return what becomes of private items of a folder; None where nothing can be hidden."""
    if folder.companion is not None:
        return Privacy.HIDE.value
    return Privacy.SHOW.value if can_hide(folder) else None


def privacy_json(done: Iterable[PrivacyChange]) -> list[dict[str, Any]]:
    """Return changes for programs."""
    return [{"folder": one.folder.shown, "private": one.to.value, "items": one.items} for one in done]


def print_privacy(done: Iterable[PrivacyChange]) -> None:
    """Tell what was done."""
    for one in done:
        items = counted(one.items, "private item")
        if one.to is Privacy.HIDE:
            print_line(f"{clean(one.folder.shown)}: {items} hidden. {_seen_text(one.folder)}")
        else:
            print_line(f"{clean(one.folder.shown)}: {items} back in the folder, for all who may read it.")


def notice_privacy(folders: Sequence[Folder], to: Privacy | None) -> None:
    """Tell what others will see of private items, before rights are granted."""
    for one in folders:
        if to is Privacy.HIDE and one.companion is None and can_hide(one):
            print_notice(f"{one.shown}: what is marked private is hidden first. {_seen_text(one)}")
        elif to is not Privacy.SHOW and one.companion is not None:
            print_notice(f"{one.shown}: what is marked private is hidden. {_seen_text(one)}")
        elif one.companion is None and can_hide(one):
            print_notice(f"{one.shown}: what is marked private is seen like all else; --private hide hides it.")
        elif to is Privacy.SHOW and one.companion is not None:
            print_notice(f"{one.shown}: what is marked private is shown again, to all who may read the folder.")


def _state_text(folder: Folder) -> str:
    if folder.companion is not None:
        return f"what is marked private is hidden from others, in {clean(folder.companion.mailbox)}"
    if can_hide(folder):
        return "what is marked private is seen by all who may read the folder"
    return "nothing can be hidden here: that is for calendars, contacts, tasks, notes and journals of your own"


def _seen_text(folder: Folder) -> str:
    if folder.kind is FolderKind.CALENDAR:
        return 'Others see that you are busy ("Private appointment"), and nothing else.'
    return "Others do not see it at all."
