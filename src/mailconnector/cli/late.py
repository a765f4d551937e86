"""Groups of commands that are loaded when they are called: what one of them needs shall not slow the others down.

What help and completion say of a command stands beside its name, so that they load none of them.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group


@dataclass(frozen=True, slots=True)
class Late:
    """A command, and where it stands.

    Attributes:
        name: What the user calls it.
        place: The module in this room, a colon, and what it is there: a function, or the Typer of a group.
        help: The first paragraph of its help.
    """

    name: str
    place: str
    help: str

    def load(self) -> Any:
        """Return the command itself.

        It is of the click that Typer is built on, which is a package of its own or a part of Typer, depending on its
        version; hence `Any`.
        """
        module, attribute = self.place.split(":")
        found = getattr(import_module(f"mailconnector.cli.{module}"), attribute)
        if isinstance(found, typer.Typer):
            group = get_group(found)
            group.name = self.name
            return group
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown")
        alone.command(self.name)(found)
        return get_command(alone)


def late_group(*commands: Late) -> type[TyperGroup]:
    """Return a class for a Typer (`cls`) whose commands are these, in this order."""

    class LateGroup(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            for late in commands:
                self.add_command(_Stand(late))

    return LateGroup


class _Stand(TyperCommand):
    """Stands for a command until it is called, which begins with making its context."""

    def __init__(self, late: Late) -> None:
        super().__init__(late.name, help=late.help)
        self.place = late.place
        self.load = late.load

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        return self.load().make_context(info_name, args, parent=parent, **extra)
