"""Make docs/images/demo.svg, the README's picture, from a real run of the demonstration.

Usage: demo_picture.py [OUTPUT]
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

COLUMNS = 90
OUTPUT = Path("docs/images/demo.svg")
THEME = TerminalTheme(
    (250, 250, 248),
    (40, 44, 52),
    [
        (40, 44, 52),
        (190, 60, 60),
        (40, 130, 70),
        (160, 110, 0),
        (40, 90, 170),
        (140, 70, 150),
        (0, 120, 130),
        (90, 96, 105),
    ],
)
# What happened on both sides, what synchronisation made of it, and the proof; the tables in between would make the
# picture twice as high.
PARTS = (
    ("3. Changes on both sides", "Folder"),
    ("4. Synchronised again", "Everything on both"),
    ("5. The proof", "Go on from"),
)


def main(output: Path) -> None:
    """Run the demonstration in a terminal of its own and draw what it shows."""
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    done = subprocess.run(
        [sys.executable, "-m", "mailconnector", "demo"], stdout=subprocess.PIPE, text=True, check=True, env=environment
    )
    lines = done.stdout.splitlines()
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text("$ mailconnector demo", style="bold"))
    for begin, end in PARTS:
        first = next(number for number, line in enumerate(lines) if begin in line)
        last = next(number for number, line in enumerate(lines) if number > first and line.count(end))
        console.print(Text("...", style="dim"))
        for line in lines[first:last]:
            console.print(Text.from_ansi(line.rstrip()), soft_wrap=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    picture = console.export_svg(title="mailconnector demo", theme=THEME)
    # Some programs that draw it take away the spaces at the beginning and end of a text, no-break ones too.
    picture = picture.replace("<text class=", '<text xml:space="preserve" class=')
    output.write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT)
