"""The terminal: text that is safe to show, tables, JSON and progress bars.

Results go to stdout, everything else to stderr. What comes from a PST may hold control characters, which could rewrite
the screen, and Rich's markup: consoles here interpret no markup, and text from outside goes through `clean`.
"""

import json
import os
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from mailconnector.app.progress import Progress as Callback

_WIDTH_OF_FILE = 100_000  # a file or a pipe has no width: nothing is folded or cut there
_CONTROL = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def stdout() -> Console:
    """Return the console for results."""
    return _console(stderr=False)


def stderr() -> Console:
    """Return the console for everything else."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    console = _Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _WIDTH_OF_FILE
    return console


def clean(text: str, limit: int = 0) -> str:
    """Return text with every character that a terminal might act upon written out, as "\\x1b", on one line.

    Args:
        text: anything.
        limit: characters to cut it to; 0 for none.
    """
    if not text.isprintable():
        text = "".join(_written_out(char) for char in text)
    return text if not limit or len(text) <= limit else text[: limit - 1] + "…"


def clean_lines(text: str) -> str:
    """Return text cleaned line by line, its line ends kept."""
    return "\n".join(clean(line.expandtabs()) for line in text.splitlines())


def _written_out(char: str) -> str:
    if char in "\t\n\r":
        return " "
    if unicodedata.category(char) not in _CONTROL:
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


# -- results -----------------------------------------------------------------------------------------------------------


def print_json(value: Mapping[str, Any]) -> None:
    """Write an answer for machines: one JSON object, in ASCII."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def facts_table(facts: Sequence[tuple[str, RenderableType]]) -> Table:
    """Return a table of names and values."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name, value)
    return table


def list_table(*columns: str, right: Sequence[str] = (), folding: Sequence[str] = ()) -> Table:
    """Return an empty table with a line below its headings.

    Args:
        columns: their headings.
        right: those whose cells stand at the right.
        folding: those that give way where the terminal is too narrow. Their cells go on in the next line, or are cut
            when they are a `cut_text`.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for column in columns:
        folds = column in folding
        table.add_column(
            column,
            justify="right" if column in right else "left",
            overflow="fold" if folds else "ellipsis",
            no_wrap=not folds,
        )
    return table


def cut_text(text: str = "", style: str = "") -> Text:
    """Return text that stays on one line, and is cut where the terminal is too narrow."""
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def size_text(size: int) -> str:
    """Return a size in bytes as people read it."""
    value = float(size)
    for unit in ("bytes", "KB", "MB", "GB"):
        if value < 1024 or unit == "GB":
            break
        value /= 1024
    return counted(size, "byte") if unit == "bytes" else f"{value:,.1f} {unit}"


def counted(count: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def print_line(text: str | Text, style: str = "") -> None:
    """Write a sentence to stdout. The terminal folds it, not the console: it can be searched for and copied."""
    stdout().print(Text(text, style=style) if isinstance(text, str) else text, soft_wrap=True)


# -- notices -----------------------------------------------------------------------------------------------------------


def print_error(message: str, hint: str = "") -> None:
    """Write what went wrong, and what can be done about it, to stderr."""
    console = stderr()
    console.print(Text("Error: ", style="bold red").append(clean(message), style="not bold red"), soft_wrap=True)
    if hint:
        console.print(Text(clean(hint)), soft_wrap=True)


def print_warning(message: str) -> None:
    """Write what did not work, though the command goes on, to stderr."""
    text = Text("Warning: ", style="bold yellow").append(clean(message), style="not bold default")
    stderr().print(text, soft_wrap=True)


def print_notice(message: str) -> None:
    """Write a line to stderr."""
    stderr().print(Text(clean(message)), soft_wrap=True)


@contextmanager
def progress_bar() -> Iterator[Callback]:
    """Show a bar on stderr while a long command runs; nothing where that is no terminal. Gives what it is told with."""
    console = stderr()
    if not console.is_terminal:
        yield lambda stage, done, total: None
        return
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as bar:
        task: TaskID = bar.add_task("", total=None)

        def tell(stage: str, done: int, total: int) -> None:
            bar.update(task, description=clean(stage, 50), completed=done, total=total or None)

        yield tell
