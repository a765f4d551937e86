"""`account add`: a new account, from options, from what can be found out, and from what the user answers."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mailconnector.app.account.discovery import discover
from mailconnector.app.account.found import SERVICES, Discovery, FoundServer, Service
from mailconnector.app.account.managing import NewPst, add_account, suggested_name, warnings_about, written_path
from mailconnector.app.account.profile import Account, Profile
from mailconnector.app.account.secrets import has_keyring
from mailconnector.app.errors import AppUsageError
from mailconnector.cli import account_options as options
from mailconnector.cli.account_ping import code_of, ping_account, pings_json
from mailconnector.cli.account_show import account_json, print_account
from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.options import AsJson, ProfileFile
from mailconnector.cli.questions import ask, ask_secret, at_terminal, confirm, secret_from_stdin
from mailconnector.cli.terminal import clean, print_json, print_line, print_notice, print_warning

_NO_KEYRING = (
    "This machine has no keyring for passwords. A command that writes the password, as a password manager has, "
    "can take its place."
)


@ends_well
def add_command(  # an option for each value
    account: Annotated[
        str | None,
        typer.Argument(metavar="ACCOUNT", help="What to call it; else it is named after the address."),
    ] = None,
    profile: ProfileFile = None,
    address: options.Address = None,
    name: options.Name = None,
    reply_to: options.ReplyTo = None,
    organization: options.Organization = None,
    pst: options.Pst = None,
    create_pst: Annotated[
        Literal["unicode", "ansi"] | None,
        typer.Option(help="Make the PST: unicode, or ansi for Outlook 97 to 2002.", show_default=False),
    ] = None,
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
    password_stdin: options.PasswordStdin = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Look for servers without TLS, too, and for settings over plain HTTP.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take what was found without asking.")] = False,
    ping: Annotated[bool, typer.Option("--ping/--no-ping", help="Try the servers afterwards.")] = True,
    as_json: AsJson = False,
) -> ExitCode:
    """Add an account: the address is enough where the servers can be found from it.

    What is missing is asked for where there is a terminal. The password is asked for or read from the standard input,
    and kept in the keyring; it is never an argument.
    """
    loaded = Profile.load(profile)
    asking = at_terminal() and not yes
    values: dict[str, Any] = {
        "name": name if name is not None or not asking else ask("Your name", ""),
        "address": address or _needed("Your mail address", "--address", asking),
        "reply_to": reply_to,
        "organization": organization,
    }
    key = account or suggested_name(values["address"], loaded)
    if account is None and asking:
        key = ask("What to call the account", key)
    if key.lower() in (taken.lower() for taken in loaded.accounts):
        raise AppUsageError(f"there is an account {key} already", hint="Choose another name for the new one.")
    given: dict[Service, dict[str, Any]] = {
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
    values |= _servers(values["address"], given, _Wishes(no_smtp=no_smtp, plain=plain, yes=yes, asking=asking))
    place = _pst_place(pst, create_pst, loaded, key, asking=asking)
    values["pst"] = written_path(place.path, loaded.path)
    values["mapping"] = mapping
    values["outbox"] = outbox
    secrets = _secrets(values, from_stdin=password_stdin, asking=asking)
    added = add_account(loaded.path, key, values, secrets=secrets, new_pst=place.new)
    return _report(Profile.load(loaded.path), added, ping=ping, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Wishes:
    """How the servers are to be found."""

    no_smtp: bool
    plain: bool
    yes: bool
    asking: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the PST is, and whether it is to be made."""

    path: Path
    new: NewPst | None


def _report(profile: Profile, account: Account, *, ping: bool, as_json: bool) -> ExitCode:
    if not as_json:
        print_line(f"Added the account {account.key} to {clean(str(profile.path))}.")
        print_account(profile, account)
    pings = ping_account(profile, account, quiet=as_json) if ping else []
    if not ping and not as_json:
        for warning in warnings_about(profile, account):
            print_warning(warning)
    if as_json:
        print_json({**account_json(profile, account), "ping": pings_json(pings)})
    code = code_of(pings)
    if code is not ExitCode.OK:
        print_notice(
            f"The account was added, but its servers cannot be used so. `mailconnector account edit {account.key}` "
            f"changes it, `mailconnector account ping {account.key}` tries again."
        )
    return code


def _needed(question: str, option: str, asking: bool) -> str:
    if not asking:
        raise AppUsageError(f"{option} is missing", hint="Name it, or run the command in a terminal to be asked.")
    return ask(question)


# -- servers -----------------------------------------------------------------------------------------------------------


def _servers(address: str, given: dict[Service, dict[str, Any]], wishes: _Wishes) -> dict[str, Any]:
    """Return the tables of the servers: what the user said, over what was found."""
    wanted: list[Service] = [
        service for service in SERVICES if "host" not in given[service] and not (service == "smtp" and wishes.no_smtp)
    ]
    # Who names the IMAP server and nothing else has an account without SMTP.
    if "smtp" in wanted and "host" in given["imap"] and not given["smtp"] and not wishes.asking:
        wanted.remove("smtp")
    found: Discovery = Discovery({}, ())
    if wanted:
        found = discover(address, plain=wishes.plain, tell=print_notice)
    tables: dict[str, Any] = {}
    for service in SERVICES:
        if service == "smtp" and wishes.no_smtp:
            continue
        table = dict(given[service])
        if service in wanted:
            table = _found_or_asked(service, found, wishes) | table
        if "host" in table:
            tables[service] = table
    if "imap" not in tables:
        for line in found.trail:
            print_notice(f"  {line}")
        raise AppUsageError(
            f"no IMAP server was found for {address}", hint="Name it: --imap-host HOST, and --smtp-host HOST."
        )
    return tables


def _found_or_asked(service: Service, found: Discovery, wishes: _Wishes) -> dict[str, Any]:
    server = found.servers.get(service)
    if server is not None:
        print_notice(f"Found: {service.upper()} {server.host}:{server.port}, {server.security} ({server.source})")
        if server.security == "none":
            print_warning("password and mail would go there in plain text")
        if not server.vouched:
            print_warning(f"{server.host} is not of the address's domain, and nothing but the name service names it")
        if wishes.asking and not confirm("Use it?", default=server.vouched):
            server = None
        elif not server.vouched and not wishes.asking and not wishes.yes:
            raise AppUsageError(
                f"{server.host} was found by the name service alone, which can be deceived",
                hint=f"If it is right, say --yes, or --{service}-host {server.host} --{service}-port {server.port}.",
            )
    if server is None and wishes.asking:
        server = _asked_server(service)
    return _table(server) if server is not None else {}


def _asked_server(service: Service) -> FoundServer | None:
    word = "none to go without" if service == "smtp" else "its name"
    host = ask(f"{service.upper()} server ({word})")
    if service == "smtp" and host.lower() == "none":
        return None
    security = ""
    while security not in ("tls", "starttls", "none"):
        security = ask("Its security: tls, starttls or none", "tls").lower()
    server = FoundServer(service, host, 0, "none", None, "password", "", True)
    if security == "none":
        print_warning("password and mail will go there in plain text: everybody on the way can read them")
        return server
    return replace(server, security="tls" if security == "tls" else "starttls")


def _table(server: FoundServer) -> dict[str, Any]:
    table: dict[str, Any] = {"host": server.host, "security": server.security}
    if server.port:
        table["port"] = server.port
    if server.login:
        table["login"] = server.login
    if server.auth != "password":
        table["auth"] = server.auth
    return table


# -- PST and password --------------------------------------------------------------------------------------------------


def _pst_place(
    pst: Path | None, create: Literal["unicode", "ansi"] | None, profile: Profile, key: str, *, asking: bool
) -> _Place:
    usual = profile.path.parent / f"{key}.pst"
    path = pst or (Path(ask("The PST file", str(usual))) if asking else usual)
    path = path.expanduser().absolute()
    if create is None and asking and not path.exists():
        if not confirm(f"There is no {path}. Make it?", default=True):
            return _Place(path, None)
        answer = ""
        while answer not in ("unicode", "ansi"):
            answer = ask("For Outlook 2003 and later: unicode. For Outlook 97 to 2002: ansi", "unicode").lower()
        create = "ansi" if answer == "ansi" else "unicode"
    return _Place(path, NewPst(create) if create else None)


def _secrets(values: dict[str, Any], *, from_stdin: bool, asking: bool) -> dict[Service, str]:
    """Return what is to be kept in the keyring; where there is none, a command may take its place in the values."""
    table = values["imap"]
    what = "Token" if table.get("auth") == "oauth2" else "Password"
    question = f"{what} for {table.get('login') or values['address']} at {table['host']}"
    if from_stdin:
        return {"imap": secret_from_stdin()}
    if "secret" in table or not asking:
        return {}
    if what == "Token":
        # A token lives for an hour: only a command can give one that holds.
        table["secret"] = {"command": ask("A command that writes an OAuth 2 access token")}
        return {}
    if has_keyring():
        return {"imap": ask_secret(question)}
    print_notice(_NO_KEYRING)
    table["secret"] = {"command": ask("The command")}
    return {}
