"""`mailconnector send`: one message is sent."""

from pathlib import Path
from typing import Annotated

import typer

from mailconnector.app.account.profile import Profile
from mailconnector.app.item.finding import item_in_file
from mailconnector.app.send.delivering import Means
from mailconnector.app.send.fates import OutboxReport
from mailconnector.app.send.sending import Wanted, letter_of, send_item
from mailconnector.app.sync.accounts import job_for
from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.options import DEFAULT_CODEPAGE, AsJson, Codepage, ProfileFile
from mailconnector.cli.outbox_report import code_of_report, letter_json, print_letters
from mailconnector.cli.terminal import clean, facts_table, print_json, print_line, size_text, stdout


@ends_well
def send_command(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A message: .eml, .msg, winmail.dat, or a PST file.", show_default=False),
    ],
    item: Annotated[
        str,
        typer.Argument(metavar="ITEM", help="Which one, where FILE has several; of a PST its NID.", show_default=False),
    ] = "",
    account: Annotated[
        str | None,
        typer.Option("--account", metavar="ACCOUNT", help="Whose; not needed for the only one.", show_default=False),
    ] = None,
    on_behalf_of: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="In whose name: somebody who lets you send on their behalf.", show_default=False
        ),
    ] = "",
    again: Annotated[bool, typer.Option("--again", help="Send it once more, as another message.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Show what would be sent, and send nothing.")
    ] = False,
    profile: ProfileFile = None,
    codepage: Codepage = DEFAULT_CODEPAGE,
    as_json: AsJson = False,
) -> ExitCode:
    """Send a message to the recipients that it names in To, Cc and Bcc.

    Message-ID and Date are put in where they are missing, and Bcc is taken out. From is you, or with --on-behalf-of, or
    where the message says so, somebody who lets you; then Sender is you. What is sent is in Sent Items afterwards. What
    cannot be sent now waits in the Outbox: `mailconnector outbox list`.

    Exit codes: 0 sent, 1 not sent, or not to all, else as `sync`.
    """
    loaded = Profile.load(profile)
    found = loaded.account(account)
    job = job_for(found)
    wanted = Wanted(on_behalf_of, again)
    with item_in_file(file, item, codepage) as message:
        if dry_run:
            letter = letter_of(message, found, job, wanted, Means())
            sender = letter.authorship.sender
            if as_json:
                print_json(
                    {
                        "account": found.key,
                        "title": letter.title,
                        "from": letter.authorship.author.email,
                        "sender": sender.email if sender else None,
                        "recipients": list(letter.recipients),
                        "message_id": letter.message_id,
                        "size": len(letter.data),
                    }
                )
                return ExitCode.OK
            facts = [("Subject", clean(letter.title)), ("From", clean(letter.authorship.author.email))]
            if sender is not None:
                facts.append(("Sender", clean(sender.email)))
            facts += [("To all", clean(", ".join(letter.recipients))), ("Size", size_text(len(letter.data)))]
            stdout().print(facts_table([(name, value) for name, value in facts]))
            print_line("Nothing was sent.")
            return ExitCode.OK
        loaded.make_data_directory()
        told = send_item(message, found, job, wanted)
    if as_json:
        print_json({"account": found.key, **letter_json(told)})
    else:
        print_letters([told], found.key)
    return code_of_report(OutboxReport((told,)))
