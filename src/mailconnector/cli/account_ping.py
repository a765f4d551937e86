"""`account ping`: how far one comes with an account's servers."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer
from rich.text import Text

from mailconnector.app.account.found import Service
from mailconnector.app.account.managing import servers_of, warnings_about
from mailconnector.app.account.model import Account, Server
from mailconnector.app.account.ping import DEFAULT_SECONDS, ping
from mailconnector.app.account.profile import Profile
from mailconnector.app.account.steps import Outcome, ServerPing, Step, StepName
from mailconnector.cli.exits import ExitCode, ends_well
from mailconnector.cli.options import AnyAccount, AsJson, ProfileFile
from mailconnector.cli.terminal import clean, print_json, print_line, print_warning

_CODES: Mapping[StepName, ExitCode] = {
    StepName.SECRET: ExitCode.NO_SECRET,
    StepName.NAME: ExitCode.NO_NAME,
    StepName.CONNECTION: ExitCode.NO_CONNECTION,
    StepName.TLS: ExitCode.NO_TLS,
    StepName.PROTOCOL: ExitCode.NO_PROTOCOL,
    StepName.LOGIN: ExitCode.NO_LOGIN,
    StepName.CAPABILITIES: ExitCode.NO_CAPABILITY,
}
_STYLES: Mapping[Outcome, str] = {
    Outcome.OK: "green",
    Outcome.WARNING: "yellow",
    Outcome.FAILED: "bold red",
    Outcome.SKIPPED: "dim",
}


@ends_well
def ping_command(
    account: AnyAccount = None,
    profile: ProfileFile = None,
    service: Annotated[
        Literal["imap", "smtp"] | None, typer.Option("--only", help="Only this server.", show_default=False)
    ] = None,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, max=600.0, help="How long to wait for each answer.")
    ] = DEFAULT_SECONDS,
    as_json: AsJson = False,
) -> ExitCode:
    """Try the servers of an account: name, connection, TLS, protocol, password, login, capabilities.

    Each step says how long it took and what came of it, and where the way ends, what to do. Nothing is changed on the
    server. The exit code is that of the first server that failed: 10 no password, 11 no such name, 12 no connection,
    13 no TLS, 14 no such server, 15 no login, 16 a capability is missing.
    """
    loaded = Profile.load(profile)
    accounts = list(loaded.accounts.values()) if account is None else []
    pings = {
        each.key: ping_account(loaded, each, service=service, seconds=timeout, quiet=as_json)
        for each in accounts or [loaded.account(account)]
    }
    if as_json:
        print_json({"accounts": [{"account": key, "servers": pings_json(found)} for key, found in pings.items()]})
    return code_of([one for found in pings.values() for one in found])


def ping_account(
    profile: Profile,
    account: Account,
    *,
    service: Service | None = None,
    seconds: float = DEFAULT_SECONDS,
    quiet: bool = False,
) -> list[ServerPing]:
    """Try the servers of an account and, unless that is to be quiet, show each step as it ends."""
    if not quiet:
        for warning in warnings_about(profile, account):
            print_warning(warning)
    pings = []
    for server in servers_of(account):
        if service is None or server.service == service:
            if not quiet:
                _print_server(account, server)
            pings.append(ping(server, seconds=seconds, listener=None if quiet else _print_step))
    return pings


def code_of(pings: list[ServerPing]) -> ExitCode:
    """Return the exit code of a trial."""
    return next((_CODES[one.failed.name] for one in pings if one.failed is not None), ExitCode.OK)


def pings_json(pings: list[ServerPing]) -> list[dict[str, Any]]:
    """Return trials for machines."""
    return [
        {
            "service": one.service,
            "host": one.host,
            "port": one.port,
            "ok": one.failed is None,
            "failed": one.failed.name.value if one.failed else None,
            "steps": [_step_json(step) for step in one.steps],
        }
        for one in pings
    ]


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "step": step.name.value,
        "outcome": step.outcome.value,
        "seconds": round(step.seconds, 4),
        "text": step.text,
        "hint": step.hint,
        "missing": [asdict(one) for one in step.missing],
    }


def _print_server(account: Account, server: Server) -> None:
    print_line(Text(f"{account.key}: {server.service.upper()} {clean(str(server))}, {server.security}", style="bold"))


def _print_step(step: Step) -> None:
    line = Text("  ")
    line.append(f"{step.outcome.value:<9}", style=_STYLES[step.outcome])
    if step.outcome is Outcome.SKIPPED:
        print_line(line.append(step.name.value))
        return
    line.append(f"{step.name.value:<13}")
    line.append(f"{step.seconds * 1000:>7,.0f} ms  ", style="dim")
    line.append(clean(step.text))
    print_line(line)
    for missing in step.missing:
        print_line(f"{'':36}without {missing.name}: {missing.meaning}")
    if step.hint:
        print_line(Text(f"{'':36}{clean(step.hint)}", style="italic"))
