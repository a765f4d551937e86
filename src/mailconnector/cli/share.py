"""The commands `mailconnector share ...`: who may do what in a folder."""

import typer

from mailconnector.cli.share_change import change_command, grant_command, restore_command, revoke_command
from mailconnector.cli.share_private import private_command
from mailconnector.cli.share_show import explain_command, list_command, rights_command, show_command

share_app = typer.Typer(
    help="Who may do what in a folder: granted, changed and explained.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
share_app.command("list")(list_command)
share_app.command("grant")(grant_command)
share_app.command("change")(change_command)
share_app.command("revoke")(revoke_command)
share_app.command("restore")(restore_command)
share_app.command("private")(private_command)
share_app.command("explain")(explain_command)
share_app.command("show")(show_command)
share_app.command("rights")(rights_command)
