"""The commands `mailconnector meeting ...`: meeting requests answered."""

from typing import Annotated

import typer

from mailconnector.app.account.profile import Profile
from mailconnector.app.folder_path import join_path
from mailconnector.app.meeting.answering import Reply, answer_request
from mailconnector.app.send.fates import OutboxReport
from mailconnector.app.sync.accounts import job_for
from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.options import Account, AsJson, ProfileFile
from mailconnector.cli.outbox_report import code_of_report, letter_json, print_letters
from mailconnector.cli.terminal import clean, print_json, print_line
from mailconnector.items.appointment import Response

meeting_app = typer.Typer(
    help="Meeting requests: accept and decline them, for yourself or for somebody whose delegate you are.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Folder = Annotated[
    str, typer.Argument(metavar="FOLDER", help="The folder that the request is in, as Inbox.", show_default=False)
]
Request = Annotated[
    str,
    typer.Argument(
        metavar="REQUEST", help="Its title or a part of it, its message id, or its number.", show_default=False
    ),
]
Behalf = Annotated[
    str,
    typer.Option(
        "--on-behalf-of",
        metavar="ADDRESS",
        help="Who was invited, where that is not you, nor the owner of FOLDER.",
        show_default=False,
    ),
]
Words = Annotated[str, typer.Option("--text", help="Something to say beside it.", show_default=False)]
Notify = Annotated[bool, typer.Option("--notify/--no-notify", help="Whether the organizer is told.")]


@meeting_app.command("accept")
@ends_well
def accept_command(
    account: Account,
    folder: Folder,
    request: Request,
    on_behalf_of: Behalf = "",
    text: Words = "",
    notify: Notify = True,
    profile: ProfileFile = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Accept a meeting: it is put into the calendar, and the organizer is told."""
    reply = Reply(Response.ACCEPTED, on_behalf_of, text, notify)
    return _answer(Profile.load(profile), account, folder, request, reply, as_json=as_json)


@meeting_app.command("tentative")
@ends_well
def tentative_command(
    account: Account,
    folder: Folder,
    request: Request,
    on_behalf_of: Behalf = "",
    text: Words = "",
    notify: Notify = True,
    profile: ProfileFile = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Accept a meeting tentatively: it is put into the calendar as such, and the organizer is told."""
    reply = Reply(Response.TENTATIVE, on_behalf_of, text, notify)
    return _answer(Profile.load(profile), account, folder, request, reply, as_json=as_json)


@meeting_app.command("decline")
@ends_well
def decline_command(
    account: Account,
    folder: Folder,
    request: Request,
    on_behalf_of: Behalf = "",
    text: Words = "",
    notify: Notify = True,
    profile: ProfileFile = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Decline a meeting: it goes out of the calendar, and the organizer is told."""
    reply = Reply(Response.DECLINED, on_behalf_of, text, notify)
    return _answer(Profile.load(profile), account, folder, request, reply, as_json=as_json)


def _answer(profile: Profile, account: str, folder: str, request: str, reply: Reply, *, as_json: bool) -> ExitCode:
    found = profile.account(account)
    profile.make_data_directory()
    answered = answer_request(found, job_for(found), folder, request, reply)
    told = answered.told
    if as_json:
        print_json(
            {
                "account": found.key,
                "uid": answered.answer.uid,
                "response": reply.response.name.lower(),
                "calendar": join_path(answered.calendar),
                "letter": letter_json(told) if told else None,
            }
        )
    else:
        where = clean(join_path(answered.calendar))
        print_line(f"Put into {where}." if answered.answer.entry else f"Not in {where} (any more).")
        if told is not None:
            print_letters([told], found.key)
    return code_of_report(OutboxReport((told,) if told else ()))
