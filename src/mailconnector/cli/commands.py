"""The commands of the top, each loaded when it is wanted: what one of them needs shall not slow the others down."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group


@dataclass(frozen=True, slots=True)
class _Late:
    """Where a command stands.

    Attributes:
        module: the module in this room.
        name: what it is there: a function, or the Typer of a group.
    """

    module: str
    name: str


_COMMANDS = {
    "account": _Late("account", "account_app"),
    "sync": _Late("sync", "sync_command"),
    "run": _Late("run", "run_command"),
    "status": _Late("status", "status_command"),
    "log": _Late("log", "log_command"),
    "folder": _Late("folder", "folder_app"),
    "item": _Late("item", "item_app"),
    "share": _Late("share", "share_app"),
    "delegate": _Late("delegate", "delegate_app"),
    "demo": _Late("demo", "demo_command"),
    "pst": _Late("pst", "pst_app"),
    "lab": _Late("lab", "lab_app"),
}


class LateCommands(TyperGroup):
    """A group whose commands are those of the table above, in its order.

    Contexts and commands are of the click that Typer is built on, which is a package of its own or a part of Typer,
    depending on its version; hence `Any`.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands."""
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load a command; None when there is none of that name."""
        late = _COMMANDS.get(cmd_name)
        if late is None:
            return None
        found = getattr(import_module(f"mailconnector.cli.{late.module}"), late.name)
        if isinstance(found, typer.Typer):
            group = get_group(found)
            group.name = cmd_name
            return group
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown")
        alone.command(cmd_name)(found)
        return get_command(alone)
