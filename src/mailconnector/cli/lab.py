"""The commands `mailconnector lab ...`: private mail servers to try things on."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from mailconnector import lab
from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.options import AsJson
from mailconnector.cli.terminal import clean, facts_table, print_json, print_notice, stdout

lab_app = typer.Typer(
    help="Private mail servers on this machine, to try things on: real ones, with four users.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    epilog="Exit codes: 0 done, 1 nothing runs, 2 not possible.",
)

Folder = Annotated[
    Path | None,
    typer.Option("--folder", metavar="FOLDER", help="Where they live, mail included; else a place below /var/tmp."),
]
ServerKind = Annotated[
    str, typer.Option("--server", metavar="NAME", help="The mail server: dovecot or cyrus.", show_default=True)
]


@lab_app.command("up")
@ends_well
def up_command(folder: Folder = None, server: ServerKind = "dovecot", as_json: AsJson = False) -> None:
    """Start a mail server and an SMTP server that delivers into it. They stay until `lab down`.

    What they are made of and is missing is installed first, where that takes no password.
    """
    if server not in ("dovecot", "cyrus"):
        raise typer.BadParameter("dovecot or cyrus", param_hint="--server")
    _install((server,))
    _show(lab.up(folder, "cyrus" if server == "cyrus" else "dovecot"), as_json)


@lab_app.command("down")
@ends_well
def down_command(folder: Folder = None) -> None:
    """Stop the servers that `lab up` started. Their mail stays."""
    was = lab.down(folder)
    stopped = [server.kind for server in was.servers if server.running]
    print_notice(f"Stopped {' and '.join(stopped)}." if stopped else f"Nothing runs in {clean(str(was.folder))}.")


@lab_app.command("status")
@ends_well
def status_command(folder: Folder = None, as_json: AsJson = False) -> ExitCode:
    """Show what runs, where, and who the users are."""
    found = lab.status(folder)
    _show(found, as_json)
    return ExitCode.OK if found.running else ExitCode.FINDINGS


@lab_app.command("install")
@ends_well
def install_command(
    server: Annotated[
        list[str] | None,
        typer.Option("--server", metavar="NAME", help="Only this one: dovecot or cyrus. Can be given twice."),
    ] = None,
) -> None:
    """Install what the servers are made of; what is there is left alone.

    Dovecot is installed with apt, as root or through sudo, and not started. Cyrus IMAP is unpacked into a cache folder.
    """
    for name in server or ():
        if name not in ("dovecot", "cyrus"):
            raise typer.BadParameter("dovecot or cyrus", param_hint="--server")
    _install(tuple(server or ("dovecot", "cyrus")))


def _install(servers: tuple[str, ...]) -> None:
    for name in lab.install(servers):
        print_notice(f"Installed {name}.")


def _show(found: lab.StandingLab, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "folder": str(found.folder),
                "servers": [
                    {
                        "kind": server.kind,
                        "running": server.running,
                        "host": server.host,
                        "ports": dict(server.ports),
                        "ca_file": str(server.ca_file),
                        "log_file": str(server.log_file),
                    }
                    for server in found.servers
                ],
                "passwords": dict(found.passwords),
            }
        )
        return
    if not found.servers:
        print_notice(f"There is no lab in {clean(str(found.folder))}. `mailconnector lab up` makes one.")
        return
    lines = []
    for server in found.servers:
        ports = ", ".join(f"{name} {port}" for name, port in server.ports.items())
        lines.append((server.kind, f"{server.host}: {ports}" if server.running else "does not run"))
        lines.append(("  log", clean(str(server.log_file))))
    trusted = found.server("dovecot", "cyrus") or found.servers[0]
    lines.append(("Trust", clean(str(trusted.ca_file))))
    lines.append(("Users", ", ".join(f"{user} (password {word})" for user, word in found.passwords.items())))
    stdout().print(facts_table([(name, Text(value)) for name, value in lines]))
