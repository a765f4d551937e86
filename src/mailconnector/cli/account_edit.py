"""`account edit`: single values of an account are changed; the rest of the profile stays as it is."""

import tomllib
from typing import Annotated, Any

import typer

from mailconnector.app.account.found import Service
from mailconnector.app.account.managing import edit_account, warnings_about, written_path
from mailconnector.app.account.profile import Account, Profile
from mailconnector.app.account.secrets import has_keyring, kept_secret
from mailconnector.app.errors import AppUsageError
from mailconnector.cli import account_options as options
from mailconnector.cli.account_show import account_json, print_account
from mailconnector.cli.exits import ends_well
from mailconnector.cli.options import AsJson, ProfileFile
from mailconnector.cli.questions import ask_secret, at_terminal, secret_from_stdin
from mailconnector.cli.terminal import print_json, print_notice, print_warning


@ends_well
def edit_command(  # an option for each value
    account: options.AccountName,
    profile: ProfileFile = None,
    address: options.Address = None,
    name: options.Name = None,
    reply_to: options.ReplyTo = None,
    organization: options.Organization = None,
    pst: options.Pst = None,
    mapping: options.Mapping_ = None,
    outbox: options.Outbox = None,
    imap_host: options.ImapHost = None,
    imap_port: options.ImapPort = None,
    imap_security: options.ImapSecurity = None,
    imap_login: options.ImapLogin = None,
    imap_auth: options.ImapAuth = None,
    imap_ca_file: options.ImapCa = None,
    smtp_host: options.SmtpHost = None,
    smtp_port: options.SmtpPort = None,
    smtp_security: options.SmtpSecurity = None,
    smtp_login: options.SmtpLogin = None,
    smtp_auth: options.SmtpAuth = None,
    smtp_ca_file: options.SmtpCa = None,
    no_smtp: options.NoSmtp = False,
    secret_command: options.SecretCommand = None,
    secret_variable: options.SecretVariable = None,
    smtp_secret_command: options.SmtpSecretCommand = None,
    smtp_secret_variable: options.SmtpSecretVariable = None,
    password: Annotated[
        bool, typer.Option("--password", help="Ask for the password or token, and keep it in the keyring.")
    ] = False,
    password_stdin: options.PasswordStdin = False,
    smtp_password: Annotated[
        bool, typer.Option("--smtp-password", help="The same, for SMTP where it differs.")
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any value of the profile, as sync.brake_share=0.3."),
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option("--unset", metavar="KEY", help="Take a value away, as imap.port.")
    ] = None,
    same_server: Annotated[
        bool,
        typer.Option("--same-server", help="Server, login or PST have another name only: what is known still holds."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Change values of an account.

    Where another server, login or PST is named, the next run compares everything by content and deletes nothing, unless
    --same-server says that it is still the same.
    """
    loaded = Profile.load(profile)
    found = loaded.account(account)
    values: dict[str, Any] = {
        "address": address,
        "name": name,
        "reply_to": reply_to,
        "organization": organization,
        "pst": written_path(pst, loaded.path) if pst else None,
        "mapping": mapping,
        "outbox": outbox,
        "imap": options.server_values(
            host=imap_host,
            port=imap_port,
            security=imap_security,
            login=imap_login,
            auth=imap_auth,
            ca_file=written_path(imap_ca_file, loaded.path) if imap_ca_file else None,
            command=secret_command,
            variable=secret_variable,
        ),
        "smtp": options.server_values(
            host=smtp_host,
            port=smtp_port,
            security=smtp_security,
            login=smtp_login,
            auth=smtp_auth,
            ca_file=written_path(smtp_ca_file, loaded.path) if smtp_ca_file else None,
            command=smtp_secret_command,
            variable=smtp_secret_variable,
        ),
    }
    changes = _changes(values)
    changes.update(_setting(setting) for setting in settings or ())
    changes.update({_path(gone): None for gone in unset or ()})
    if no_smtp:
        if any(key[0] == "smtp" for key in changes):
            raise AppUsageError("--no-smtp and settings of an SMTP server contradict each other")
        changes[("smtp",)] = None
    secrets: dict[Service, str] = {}
    if password or password_stdin:
        secrets["imap"] = _asked_for("imap", from_stdin=password_stdin)
        if not (secret_command or secret_variable):
            changes[("imap", "secret")] = {"keyring": True}
    if smtp_password:
        secrets["smtp"] = _asked_for("smtp", from_stdin=False)
        changes[("smtp", "secret")] = {"keyring": True}
    if not changes and not secrets:
        raise AppUsageError("nothing to change was named", hint="See `mailconnector account edit --help`.")
    edited = edit_account(loaded.path, found.key, changes, secrets=secrets, same_server=same_server)
    _report(Profile.load(loaded.path), edited.account, set_aside=bool(edited.set_aside), as_json=as_json)


def _report(profile: Profile, account: Account, *, set_aside: bool, as_json: bool) -> None:
    if set_aside:
        print_notice(
            "This is another account now: the next run compares both sides by content, and deletes nothing. "
            "If it is the same server, login and PST under other names, say --same-server with the change next time."
        )
    for warning in warnings_about(profile, account):
        print_warning(warning)
    server = account.imap_server
    if server.secret.keyring and has_keyring() and kept_secret(server) is None:
        print_warning(
            f"the keyring has no password for {server.login} at {server.host}: "
            f"`mailconnector account edit {account.key} --password` keeps one there"
        )
    if as_json:
        print_json(account_json(profile, account))
    else:
        print_account(profile, account)


def _asked_for(service: Service, *, from_stdin: bool) -> str:
    if from_stdin:
        return secret_from_stdin()
    if not at_terminal():
        raise AppUsageError("nobody is here to ask for the password", hint="Use --password-stdin.")
    return ask_secret(f"Password or token for {service.upper()}")


def _changes(values: dict[str, Any]) -> dict[tuple[str, ...], Any]:
    changes: dict[tuple[str, ...], Any] = {}
    for name, value in values.items():
        if name in ("imap", "smtp"):
            changes.update({(name, inner): found for inner, found in value.items()})
        elif value is not None:
            changes[(name,)] = value
    return changes


def _setting(text: str) -> tuple[tuple[str, ...], Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text}: is to be KEY=VALUE", param_hint="--set")
    try:
        # A number, true, a day or a table as TOML has them; all else is text.
        return _path(key), tomllib.loads(f"value = {value.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        return _path(key), value.strip()


def _path(key: str) -> tuple[str, ...]:
    """Return a key's parts; a part in quotes may hold dots, as folders."Inbox/a.b".mode."""
    try:
        table: Any = tomllib.loads(f"{key.strip()} = 0")
    except tomllib.TOMLDecodeError as error:
        raise typer.BadParameter(f"{key}: is no key, as imap.port", param_hint="--set, --unset") from error
    parts = []
    while isinstance(table, dict):
        ((part, table),) = table.items()
        parts.append(part)
    return tuple(parts)
