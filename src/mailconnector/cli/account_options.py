"""What `account add` and `account edit` have in common: the options, and what they are in the profile."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

SecurityChoice = Literal["tls", "starttls", "none"]
AuthChoice = Literal["password", "oauth2"]

_WHO, _IMAP, _SMTP, _SECRETS = "The user", "IMAP server", "SMTP server", "Password or token"
_SECURITY_HELP = "tls from the start, starttls, or none: plain text that everybody on the way can read."
_AUTH_HELP = "What the secret is: a password, or an OAuth 2 token."
_LOGIN_HELP = "The user name there; else the mail address."

AccountName = Annotated[str, typer.Argument(metavar="ACCOUNT", help="What the account is called.", show_default=False)]
OneAccount = Annotated[
    str | None, typer.Argument(metavar="ACCOUNT", help="The account; not needed for the only one.", show_default=False)
]

Address = Annotated[str | None, typer.Option(help="The mail address.", rich_help_panel=_WHO)]
Name = Annotated[str | None, typer.Option(help="The user's name, for mail that is sent.", rich_help_panel=_WHO)]
ReplyTo = Annotated[str | None, typer.Option(help="Where answers go, if elsewhere.", rich_help_panel=_WHO)]
Organization = Annotated[str | None, typer.Option(help="For mail that is sent.", rich_help_panel=_WHO)]
Pst = Annotated[Path | None, typer.Option(metavar="FILE", help="The PST file.")]
Mapping_ = Annotated[
    bool | None,
    typer.Option("--mapping/--no-mapping", help="Whether PST and server are kept in step.", show_default=False),
]
Outbox = Annotated[
    Literal["send", "leave"] | None,
    typer.Option(help="send: each run sends what lies ready in the Outbox. leave: Outlook does, which is usual."),
]

ImapHost = Annotated[str | None, typer.Option(help="The server's name.", rich_help_panel=_IMAP)]
ImapPort = Annotated[int | None, typer.Option(min=1, max=65535, help="Its port.", rich_help_panel=_IMAP)]
ImapSecurity = Annotated[SecurityChoice | None, typer.Option(help=_SECURITY_HELP, rich_help_panel=_IMAP)]
ImapLogin = Annotated[str | None, typer.Option("--imap-login", "--login", help=_LOGIN_HELP, rich_help_panel=_IMAP)]
ImapAuth = Annotated[AuthChoice | None, typer.Option("--imap-auth", "--auth", help=_AUTH_HELP, rich_help_panel=_IMAP)]
ImapCa = Annotated[
    Path | None,
    typer.Option("--imap-ca-file", metavar="FILE", help="Certificates to trust, PEM.", rich_help_panel=_IMAP),
]
SmtpHost = Annotated[str | None, typer.Option(help="The server's name.", rich_help_panel=_SMTP)]
SmtpPort = Annotated[int | None, typer.Option(min=1, max=65535, help="Its port.", rich_help_panel=_SMTP)]
SmtpSecurity = Annotated[SecurityChoice | None, typer.Option(help=_SECURITY_HELP, rich_help_panel=_SMTP)]
SmtpLogin = Annotated[
    str | None, typer.Option(help="The user name there; else the IMAP server's.", rich_help_panel=_SMTP)
]
SmtpAuth = Annotated[AuthChoice | None, typer.Option(help=_AUTH_HELP, rich_help_panel=_SMTP)]
SmtpCa = Annotated[
    Path | None,
    typer.Option("--smtp-ca-file", metavar="FILE", help="Certificates to trust, PEM.", rich_help_panel=_SMTP),
]
NoSmtp = Annotated[bool, typer.Option("--no-smtp", help="The account has none.", rich_help_panel=_SMTP)]

SecretCommand = Annotated[
    str | None,
    typer.Option(
        "--secret-command",
        "--imap-secret-command",
        metavar="COMMAND",
        help="A command whose first line is the password or token.",
        rich_help_panel=_SECRETS,
    ),
]
SecretVariable = Annotated[
    str | None,
    typer.Option(
        "--secret-variable",
        "--imap-secret-variable",
        metavar="NAME",
        help="An environment variable that holds it.",
        rich_help_panel=_SECRETS,
    ),
]
SmtpSecretCommand = Annotated[
    str | None, typer.Option(metavar="COMMAND", help="The same, for SMTP where it differs.", rich_help_panel=_SECRETS)
]
SmtpSecretVariable = Annotated[
    str | None, typer.Option(metavar="NAME", help="The same, for SMTP where it differs.", rich_help_panel=_SECRETS)
]
PasswordStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin",
        help="Read it from the standard input, one line, and keep it in the keyring.",
        rich_help_panel=_SECRETS,
    ),
]


def server_values(
    *,
    host: str | None,
    port: int | None,
    security: str | None,
    login: str | None,
    auth: str | None,
    ca_file: str | None,
    command: str | None,
    variable: str | None,
) -> dict[str, Any]:
    """Return what options for a server are in the profile; what was not given is left out."""
    values: dict[str, Any] = {
        "host": host,
        "port": port,
        "security": security,
        "login": login,
        "auth": auth,
        "ca_file": ca_file,
        "secret": secret_value(command, variable),
    }
    return {name: value for name, value in values.items() if value is not None}


def secret_value(command: str | None, variable: str | None) -> Mapping[str, Any] | None:
    """Return what options for a secret are in the profile; None where none was given.

    Raises:
        BadParameter: both were.
    """
    if command is not None and variable is not None:
        raise typer.BadParameter("only one of --secret-command and --secret-variable can be had")
    if command is not None:
        return {"command": command}
    return {"variable": variable} if variable is not None else None
