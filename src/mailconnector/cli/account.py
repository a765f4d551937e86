"""The commands `mailconnector account ...`."""

import typer

from mailconnector.cli.late import Late, late_group

account_app = typer.Typer(
    cls=late_group(
        Late(
            "add",
            "account_add:add_command",
            "Add an account: the address is enough where the servers can be found from it.",
        ),
        Late("list", "account_list:list_command", "List the accounts of the profile."),
        Late(
            "show",
            "account_show:show_command",
            "Show an account: the user, the PST, the servers, and how its folders are synchronised.",
        ),
        Late("edit", "account_edit:edit_command", "Change values of an account."),
        Late("remove", "account_remove:remove_command", "Remove an account from the profile."),
        Late(
            "ping",
            "account_ping:ping_command",
            "Try the servers of an account: name, connection, TLS, protocol, password, login, capabilities.",
        ),
    ),
    help="The accounts that are kept in step: which PST, which server.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    epilog="Exit codes: 0 done, 2 not possible so, 3 in use, 4 disk errors; of `ping` and `add` also 10 no password, "
    "11 no such name, 12 no connection, 13 no TLS, 14 no such server, 15 no login, 16 a capability is missing.",
)
