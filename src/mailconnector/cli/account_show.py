"""`account show`: all that the profile says of an account. Nothing secret."""

from typing import Any

from rich.console import RenderableType
from rich.text import Text

from mailconnector.app.account.managing import leftovers, servers_of, warnings_about
from mailconnector.app.account.model import Account, Server
from mailconnector.app.account.profile import Profile
from mailconnector.app.folder_path import join_path
from mailconnector.cli.account_options import OneAccount
from mailconnector.cli.exits import ends_well
from mailconnector.cli.options import AsJson, ProfileFile
from mailconnector.cli.terminal import clean, facts_table, print_json, print_warning, size_text, stdout
from mailconnector.sync import FolderOptions, Mode


@ends_well
def show_command(account: OneAccount = None, profile: ProfileFile = None, as_json: AsJson = False) -> None:
    """Show an account: the user, the PST, the servers, and how its folders are synchronised."""
    loaded = Profile.load(profile)
    found = loaded.account(account)
    if as_json:
        print_json(account_json(loaded, found))
        return
    print_account(loaded, found)
    for warning in warnings_about(loaded, found):
        print_warning(warning)


def print_account(profile: Profile, account: Account) -> None:
    """Write an account to stdout."""
    left = leftovers(profile, account)
    settings = account.settings()
    facts: list[tuple[str, RenderableType]] = [
        ("Account", Text(account.key)),
        ("Profile", Text(clean(str(profile.path)))),
        ("User", Text(clean(f"{account.name} <{account.address}>" if account.name else account.address))),
    ]
    if account.aliases:
        facts.append(("Own as well", Text(clean(", ".join(account.aliases)))))
    if account.reply_to:
        facts.append(("Answers to", Text(clean(account.reply_to))))
    if account.organization:
        facts.append(("Organisation", Text(clean(account.organization))))
    size = size_text(left.pst_size) if left.pst else "not made yet"
    facts.append(("PST", Text(f"{clean(str(account.pst_path))} ({size})")))
    facts.append(("Mapping", Text("on" if account.mapping else "off: PST and server are not kept in step")))
    facts.append(("Outbox", Text("each run sends it" if account.outbox == "send" else "left to Outlook")))
    for server in servers_of(account):
        facts.append((server.service.upper(), Text(clean(_server_text(server)))))
    facts.append(("Folders", Text(_options_text(settings.default))))
    facts += [(f"  {clean(join_path(path))}", Text(_options_text(one))) for path, one in settings.folders.items()]
    brake = settings.brake
    facts.append(
        ("Brake", Text(f"holds a run that deletes more than {brake.free} and {brake.share:.0%} of a folder's items"))
    )
    stdout().print(facts_table(facts))


def account_json(profile: Profile, account: Account) -> dict[str, Any]:
    """Return an account for machines."""
    settings = account.settings()
    return {
        "account": account.key,
        "name": account.name,
        "address": account.address,
        "aliases": list(account.aliases),
        "reply_to": account.reply_to,
        "organization": account.organization,
        "pst": str(account.pst_path),
        "pst_exists": account.pst_path.exists(),
        "mapping": account.mapping,
        "outbox": account.outbox,
        "servers": {server.service: _server_json(server) for server in servers_of(account)},
        "sync": {
            **_options_json(settings.default),
            "brake_share": settings.brake.share,
            "brake_free": settings.brake.free,
            "log_days": settings.log_days,
        },
        "folders": {join_path(path): _options_json(one) for path, one in settings.folders.items()},
        "warnings": list(warnings_about(profile, account)),
    }


def _server_json(server: Server) -> dict[str, Any]:
    return {
        "host": server.host,
        "port": server.port,
        "security": server.security,
        "login": server.login,
        "auth": server.auth,
        "secret": _secret_kind(server),
        "ca_file": str(server.ca_file) if server.ca_file else None,
    }


def _secret_kind(server: Server) -> str:
    if server.secret.command is not None:
        return "command"
    return "variable" if server.secret.variable is not None else "keyring"


def _server_text(server: Server) -> str:
    what = "token" if server.auth == "oauth2" else "password"
    where = f"variable {server.secret.variable}" if server.secret.variable else _secret_kind(server)
    trust = f", trusts {server.ca_file}" if server.ca_file else ""
    return f"{server}, {server.security}, as {server.login}, {what} from the {where}{trust}"


def _options_json(options: FolderOptions) -> dict[str, Any]:
    return {
        "mode": options.mode.value,
        "minutes": options.minutes,
        "since": options.since.isoformat() if options.since else None,
        "max_size": options.max_size,
    }


def _options_text(options: FolderOptions) -> str:
    text = f"mode {options.mode.value}"
    if options.mode is Mode.INTERVAL:
        text += f", every {options.minutes} minutes"
    if options.since:
        text += f", since {options.since}"
    if options.max_size is not None:
        text += f", headers only above {size_text(options.max_size)}"
    return text
