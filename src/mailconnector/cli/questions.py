"""Questions to the user, on stderr: only where there is a terminal, and Ctrl-C ends the command."""

import getpass
import sys
from collections.abc import Callable
from typing import TypeVar

import typer

from mailconnector.app.errors import AppUsageError
from mailconnector.cli.terminal import clean

T = TypeVar("T")


def at_terminal() -> bool:
    """Tell whether somebody is there to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(text: str, default: str | None = None) -> str:
    """Ask for a line; without a default, until there is one."""
    answer: str = _asked(lambda: typer.prompt(clean(text), default=default, show_default=bool(default), err=True))
    return answer.strip()


def ask_secret(text: str) -> str:
    """Ask for a line that is not shown."""
    answer = ""
    while not answer:
        # Unlike Typer's it hides what is typed before it asks.
        answer = _asked(lambda: getpass.getpass(f"{clean(text)}: ", stream=sys.stderr))
    return answer


def confirm(text: str, *, default: bool) -> bool:
    """Ask for yes or no."""
    return _asked(lambda: typer.confirm(clean(text), default=default, err=True))


def secret_from_stdin() -> str:
    """Return the first line of stdin.

    Raises:
        AppUsageError: there is none.
    """
    line = sys.stdin.readline(64 << 10).rstrip("\r\n")
    if not line:
        raise AppUsageError("there is no password on the standard input", hint="Write it there, as one line.")
    return line


def _asked(question: Callable[[], T]) -> T:
    try:
        return question()
    except (typer.Abort, EOFError, KeyboardInterrupt):
        raise KeyboardInterrupt("Stopped; nothing was changed.") from None
