"""The commands `mailconnector meeting ...`: meeting requests answered."""

from typing import Annotated

import typer

from mailconnector.app.account.profile import Profile
from mailconnector.app.folder_path import join_path
from mailconnector.app.meeting.answering import Answered, Reply, answer_request
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


def _add_command(name: str, response: Response, summary: str) -> None:
    """Add the command that answers a request in one way."""

    @meeting_app.command(name, help=summary)
    @ends_well
    def command(
        account: Account,
        folder: Folder,
        request: Request,
        on_behalf_of: Behalf = "",
        text: Words = "",
        notify: Notify = True,
        profile: ProfileFile = None,
        as_json: AsJson = False,
    ) -> ExitCode:
        opened = Profile.load(profile)
        found = opened.account(account)
        opened.make_data_directory()
        reply = Reply(response, on_behalf_of, text, notify)
        answered = answer_request(found, job_for(found), folder, request, reply)
        _print_answered(found.key, response, answered, as_json=as_json)
        return code_of_report(OutboxReport((answered.told,) if answered.told else ()))


_add_command("accept", Response.ACCEPTED, "Accept a meeting: it is put into the calendar, and the organizer is told.")
_add_command(
    "tentative",
    Response.TENTATIVE,
    "Accept a meeting tentatively: it is put into the calendar as such, and the organizer is told.",
)
_add_command("decline", Response.DECLINED, "Decline a meeting: it goes out of the calendar, and the organizer is told.")


def _print_answered(account: str, response: Response, answered: Answered, *, as_json: bool) -> None:
    told = answered.told
    if as_json:
        print_json(
            {
                "account": account,
                "uid": answered.answer.uid,
                "response": response.name.lower(),
                "calendar": join_path(answered.calendar),
                "letter": letter_json(told) if told else None,
            }
        )
        return
    where = clean(join_path(answered.calendar))
    print_line(f"Put into {where}." if answered.answer.entry else f"Not in {where} (any more).")
    if told is not None:
        print_letters([told], account)
