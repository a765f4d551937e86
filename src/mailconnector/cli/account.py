"""The commands `mailconnector account ...`."""

import typer

from mailconnector.cli.account_add import add_command
from mailconnector.cli.account_edit import edit_command
from mailconnector.cli.account_list import list_command
from mailconnector.cli.account_ping import ping_command
from mailconnector.cli.account_remove import remove_command
from mailconnector.cli.account_show import show_command

account_app = typer.Typer(
    help="The accounts that are kept in step: which PST, which server.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    epilog="Exit codes: 0 done, 2 not possible so, 3 in use, 4 disk errors; of `ping` and `add` also 10 no password, "
    "11 no such name, 12 no connection, 13 no TLS, 14 no such server, 15 no login, 16 a capability is missing.",
)
account_app.command("add")(add_command)
account_app.command("list")(list_command)
account_app.command("show")(show_command)
account_app.command("edit")(edit_command)
account_app.command("remove")(remove_command)
account_app.command("ping")(ping_command)
